"""Layers with a backward pass of their own, against those of torch and gradcheck."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from sktorch_forecast import GRUForecaster, RNNForecaster
from sktorch_forecast.layers.gru import GRU, _GRUSteps
from sktorch_forecast.layers.rnn import RNN, _RNNSteps

pytestmark = pytest.mark.usefixtures("one_thread")

# Ours, torch's, and what both are told.
KINDS = {
    "GRU": (GRU, torch.nn.GRU, {}),
    "RNN": (RNN, torch.nn.RNN, {}),
    "RNN with ReLU": (RNN, torch.nn.RNN, {"nonlinearity": "relu"}),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def random(*shape, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype)


def pair(kind, n_inputs, hidden_size, **changes):
    """Our layer and torch's with the same weights."""
    ours, torchs, params = KINDS[kind]
    params = {"batch_first": True} | params | changes
    ours, torchs = (cls(n_inputs, hidden_size, **params) for cls in (ours, torchs))
    with torch.no_grad():
        for seed, weight in enumerate(ours.parameters()):
            weight.copy_(random(*weight.shape, seed=seed) / (2 * hidden_size**0.5))
    torchs.load_state_dict(ours.state_dict())
    return ours, torchs


def used_by_hand(layer, *inputs):
    return "Steps" in type(layer(*inputs)[0].grad_fn).__name__


@every_kind
@pytest.mark.parametrize("with_state", [False, True])
@pytest.mark.parametrize(
    "batch, length, n_inputs, hidden_size",
    [(64, 50, 1, 20), (1, 4, 1, 1), (3, 7, 5, 9), (1, 20, 4, 33), (128, 5, 2, 64)],
)
def test_outputs_and_gradients_are_those_of_torch(
    kind, batch, length, n_inputs, hidden_size, with_state
):
    ours, torchs = pair(kind, n_inputs, hidden_size)
    x = random(batch, length, n_inputs, seed=5)
    # Gradients of unequal size at every step and unit, and at the last state.
    at_outputs = random(batch, length, hidden_size, seed=6)
    at_state = random(1, batch, hidden_size, seed=7)
    results = []
    for layer in (ours, torchs):
        inputs = [x.clone().requires_grad_()]
        if with_state:
            inputs.append(random(1, batch, hidden_size, seed=8).requires_grad_())
        outputs, state = layer(*inputs)
        assert outputs.shape == (batch, length, hidden_size)
        assert state.shape == (1, batch, hidden_size)
        ((outputs * at_outputs).sum() + (state * at_state).sum()).backward()
        gradients = [tensor.grad for tensor in (*inputs, *layer.parameters())]
        results.append([outputs, state, *gradients])
    assert used_by_hand(ours, *inputs)
    for by_hand, expected in zip(*results):
        # Sums over up to 3,200 float32 terms of size 1, in another order.
        scale = expected.abs().max().clamp_min(1)
        assert_close(by_hand / scale, expected / scale, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "steps, n_rows, more",
    [(_GRUSteps, 15, [(15,), (15,)]), (_RNNSteps, 5, [(5,)])],
    ids=["GRU", "RNN"],
)
def test_gradients_by_finite_differences(steps, n_rows, more):
    shapes = [(3, 4, 2), (3, 5), (n_rows, 2), (n_rows, 5), *more]
    inputs = [
        random(*shape, seed=seed, dtype=torch.double).requires_grad_()
        for seed, shape in enumerate(shapes)
    ]
    is_tanh = [True] if steps is _RNNSteps else []
    assert torch.autograd.gradcheck(steps.apply, [*inputs, *is_tanh])


@every_kind
@pytest.mark.parametrize(
    "changes, by_hand",
    [
        ({}, True),
        ({"batch_first": False}, False),
        ({"num_layers": 2}, False),
        ({"bidirectional": True}, False),
        ({"bias": False}, False),
    ],
    ids=str,
)
def test_what_is_not_written_out_is_left_to_torch(kind, changes, by_hand):
    ours, torchs = pair(kind, 2, 8, **changes)
    x = random(4, 5, 2)
    assert used_by_hand(ours, x) is by_hand
    assert_close(ours(x)[0], torchs(x)[0], rtol=1e-6, atol=1e-6)
    with torch.no_grad():  # nothing to train
        assert not used_by_hand(ours, x)
        assert_close(ours(x)[0], torchs(x)[0], rtol=1e-6, atol=1e-6)
        if kind == "GRU":
            assert torch.equal(ours(x)[0], torchs(x)[0])
    with torch.autocast("cpu", torch.bfloat16):
        assert not used_by_hand(ours, x)


@every_kind
@pytest.mark.parametrize(
    "batch, length, hidden_size, by_hand",
    [
        (32, 4, 256, True),
        (33, 4, 256, False),
        (32, 4, 257, False),
        (32, 3, 20, False),
    ],
)
def test_sizes_at_which_torch_is_faster_are_left_to_it(
    kind, batch, length, hidden_size, by_hand
):
    layer, _ = pair(kind, 2, hidden_size)
    assert used_by_hand(layer, random(batch, length, 2)) is by_hand


@pytest.mark.parametrize("cls", [GRUForecaster, RNNForecaster])
def test_forecasters_train_with_it(cls):
    X, y = np.zeros((8, 10)), np.zeros((8, 2))
    network = cls(normalize=None).initialize(X, y).module_.network
    assert used_by_hand(network.recurrent.layers[0], random(2, 10, 1))


@every_kind
def test_weights_that_were_changed_after_the_forward_pass_are_noticed(kind):
    layer, _ = pair(kind, 2, 3)
    outputs, _ = layer(random(4, 5, 2))
    with torch.no_grad():
        layer.weight_hh_l0.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        outputs.sum().backward()
