"""A forecast with dropout is a function of the window, the seed and the pass."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from common import NETWORKS, make
from nets import X, Y, forecaster
from numpy.testing import assert_allclose, assert_array_equal

from sktorch_forecast import Forecaster, PretrainedForecaster
from sktorch_forecast._utils.randomness import mixed
from sktorch_forecast.layers import Dropout
from sktorch_forecast.layers.dropout import Masks

# Matrix products round differently for different numbers of rows.
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def fitted(cls, **params):
    defaults = {"dropout": 0.3, "max_epochs": 2, "random_state": 0, "baseline": None}
    params = defaults | params
    return make(cls, **params).fit(X, Y)


@pytest.mark.parametrize("cls", NETWORKS)
def test_rows_do_not_depend_on_their_neighbours(cls):
    net = fitted(cls)
    if not hasattr(net, "sample") or cls is PretrainedForecaster:
        pytest.skip("has no dropout")
    samples = net.sample(X, 4)
    assert_allclose(net.sample(X[5:6], 4), samples[:, 5:6], **CLOSE)
    assert_allclose(net.sample(X[::-1], 4), samples[:, ::-1], **CLOSE)
    assert_allclose(net.sample(X[[5, 5, 5]], 4), samples[:, [5, 5, 5]], **CLOSE)
    assert_allclose(net.sample(X, 2), samples[:2], **CLOSE)
    net.set_params(n_mc_samples=3, iterator_valid__batch_size=7)
    assert_allclose(net.predict(X), samples[:3].mean(axis=0), **CLOSE)
    # and it is no single mask for all
    error = samples - net.set_params(n_mc_samples=None).predict(X)
    assert np.unique(np.sign(error).reshape(4, -1), axis=0).shape == (4, error[0].size)


class TimeMajor(torch.nn.Module):
    """Dropout on (length, batch, features), known to keep or to drop."""

    def __init__(self, n_channels, output_shape):
        super().__init__()
        self.dropout = Dropout(0.5)
        self.weight = torch.nn.Parameter(torch.zeros(output_shape))

    def forward(self, x):
        ones = torch.ones(self.weight.numel(), len(x), 1)
        dropped = self.dropout(ones).squeeze(2).T.contiguous()
        return dropped.view(len(x), *self.weight.shape) + 0 * self.weight


class TimeMajorForecaster(Forecaster):
    module = TimeMajor


def test_the_batch_may_be_the_second_axis():
    net = TimeMajorForecaster(normalize=None, max_epochs=1, random_state=0).fit(X, Y)
    samples = net.sample(X, 50)
    assert_array_equal(net.sample(X[7:9], 50), samples[:, 7:9])
    assert len(np.unique(samples.reshape(50, -1), axis=1)[0]) > 100


def test_predict_beside_sample_in_threads():
    net = forecaster(dropout=0.3).fit(X, Y)
    expected = net.predict(X), net.sample(X, 20)
    with ThreadPoolExecutor(4) as pool:
        points = [pool.submit(net.predict, X) for _ in range(100)]
        samples = [pool.submit(net.sample, X, 20) for _ in range(30)]
        points += [pool.submit(net.predict, X) for _ in range(100)]
    assert all(np.array_equal(job.result(), expected[0]) for job in points)
    assert all(np.array_equal(job.result(), expected[1]) for job in samples)


# Of the reference implementation, https://prng.di.unimi.it/splitmix64.c, with the state
# 1234567: the first outputs, as published with many ports of it.
SPLITMIX = [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_bits_are_those_of_splitmix64():
    golden = 0x9E3779B97F4A7C15
    states = [(1234567 + i * golden) % 2**64 for i in (1, 2, 3)]
    signed = torch.tensor([s - 2**64 if s >= 2**63 else s for s in states])
    assert [int(x) % 2**64 for x in mixed(signed)] == SPLITMIX


@pytest.mark.parametrize("p", [0.001, 0.1, 0.5, 0.9])
def test_masks_drop_as_many_as_they_should(p):
    masks = Masks(torch.arange(1000))
    n = 1000 * 301 * 2
    keep = torch.stack([masks.next(torch.Size([1000, 301]), p) for _ in range(2)])
    error = 4 * (p * (1 - p) / n) ** 0.5
    assert abs(float((~keep).double().mean()) - p) < error
    # neither masks, nor rows, nor neighbours hang together: 4 standard errors
    z = (keep.double() - (1 - p)) / (p * (1 - p)) ** 0.5
    pairs = [z[0] * z[1], z[:, 1:] * z[:, :-1], z[..., 1:] * z[..., :-1]]
    assert all(abs(float(pair.mean())) < 4 / pair.numel() ** 0.5 for pair in pairs)
