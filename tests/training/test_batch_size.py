"""How many windows are forecast at once, by what layers read and write."""

import numpy as np
import pytest
import torch
from nets import X, Y
from numpy.testing import assert_array_equal

from sktorch_forecast import LSTMForecaster, MLPForecaster
from sktorch_forecast._training.batch_size import n_forecast_at_once

LENGTH, HORIZON = 8, 3


@pytest.mark.parametrize(
    "net, n_held",
    [
        # The window of 8 values and 300 of the hidden layer; 300 and 300 at its ReLU.
        (MLPForecaster(hidden_layer_sizes=(300,)), 600),
        # No layer is as large as the window and what is forecast from it.
        (MLPForecaster(hidden_layer_sizes=()), LENGTH + LENGTH),
        # The second layer reads and writes 50 values of each time step, and puts out
        # its last hidden state and cell state besides.
        (LSTMForecaster(hidden_size=50, num_layers=2), 2 * LENGTH * 50 + 2 * 50),
    ],
    ids=repr,
)
def test_a_batch_holds_what_fits_the_caches(net, n_held):
    net.set_params(max_epochs=1, random_state=0).fit(X, Y)
    size = n_forecast_at_once(net, net.get_dataset(X))
    assert net._n_held == n_held
    assert size % 16 == 0
    assert 64 <= size <= 3072
    if 64 < size < 3072:
        assert size * n_held <= 2_000_000 < (size + 16) * n_held


@pytest.mark.parametrize("length, n_rows", [(8, 3072), (1000, 992), (100_000, 64)])
def test_long_windows_are_forecast_fewer_at_once(length, n_rows):
    # A flat copy of the window is as large as the window.
    many = np.broadcast_to(np.zeros(1, dtype=np.float32), (5000, length))
    net = MLPForecaster(hidden_layer_sizes=(), max_epochs=1, early_stopping=False)
    net.fit(many[:2], np.zeros(2))
    iterator = net.get_iterator(net.get_dataset(many))
    assert len(next(iter(iterator))[0]) == n_rows


def test_looking_at_the_layers_changes_nothing():
    net = LSTMForecaster(dropout=0.5, num_layers=2, max_epochs=2, random_state=0)
    fixed = LSTMForecaster(
        dropout=0.5,
        num_layers=2,
        max_epochs=2,
        random_state=0,
        iterator_valid__batch_size=64,
    )
    net.fit(X, Y)
    assert_array_equal(net.predict(X), fixed.fit(X, Y).predict(X))
    assert fixed._n_held is None  # nobody needed to know
    assert not any(m._forward_hooks for m in net.module_.modules())
    assert torch.is_grad_enabled()
