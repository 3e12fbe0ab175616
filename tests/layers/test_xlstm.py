"""sLSTM and mLSTM, against loops over the equations of the paper, in NumPy."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.testing import assert_close

from sktorch_forecast.layers import MLSTM, SLSTM

LAYERS = [SLSTM, MLSTM]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def linear(layer, x):
    """Of a layer of torch: (batch, length, n) -> (batch, length, m)"""
    return x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()


def slstm(layer, x):
    """Outputs of an sLSTM, by the equations without a stabilizer."""
    _, n_heads, size, _ = layer.recurrent.shape
    blocks = layer.recurrent.detach().numpy()
    inputs = linear(layer.inputs, x)
    h = c = n = np.zeros((len(x), n_heads * size))
    outputs = []
    for t in range(x.shape[1]):
        parts = h.reshape(-1, n_heads, size)
        recurrent = np.einsum("gkij,bkj->bgki", blocks, parts).reshape(len(x), -1)
        z, i, f, o = np.split(inputs[:, t] + recurrent, 4, axis=1)
        z, i, f, o = np.tanh(z), np.exp(i), sigmoid(f), sigmoid(o)
        c = f * c + i * z
        n = f * n + i
        h = o * c / n
        outputs.append(h)
    return np.stack(outputs, axis=1)


def mlstm(layer, x, features):
    """Outputs of an mLSTM, step by step, with the matrices C and no stabilizer."""
    batch, length, _ = x.shape
    size = layer.hidden_size // layer.n_heads
    shape = batch, length, layer.n_heads, size
    q, k = np.split(linear(layer.queries_keys, features), 2, axis=2)
    q, k = q.reshape(shape), k.reshape(shape) / np.sqrt(size)
    v = linear(layer.values, x).reshape(shape)
    i, f = np.split(linear(layer.gates, features), 2, axis=2)
    i, f = np.exp(i), sigmoid(f)
    outputs = np.zeros(shape)
    for b in range(batch):
        for head in range(layer.n_heads):
            c, n = np.zeros((size, size)), np.zeros(size)
            for t in range(length):
                at = b, t, head
                c = f[at] * c + i[at] * np.outer(v[at], k[at])
                n = f[at] * n + i[at] * k[at]
                outputs[at] = c @ q[at] / max(abs(n @ q[at]), 1)
    return outputs.reshape(batch, length, -1)


@pytest.mark.parametrize("scale", [1, 10])  # of what goes into the gates
@pytest.mark.parametrize("n_heads", [1, 3])
@pytest.mark.parametrize("length", [1, 9])
def test_outputs_are_those_of_the_equations(length, n_heads, scale):
    x, features = scale * torch.randn(2, 4, length, 5, dtype=torch.float64)
    layer = SLSTM(5, 6, n_heads, timescale=7).double()
    assert_allclose(layer(x).detach(), slstm(layer, x.numpy()), rtol=1e-9, atol=1e-12)
    layer = MLSTM(5, 6, n_heads, timescale=7).double()
    expected = mlstm(layer, x.numpy(), features.numpy())
    assert_allclose(layer(x, features).detach(), expected, rtol=1e-9, atol=1e-12)
    assert_close(layer(x), layer(x, x), rtol=0, atol=0)


@pytest.mark.parametrize("cls", LAYERS)
@pytest.mark.parametrize("n_heads", [1, 2])
def test_gradients_are_those_of_the_outputs(cls, n_heads):
    """By differences: though no gradient flows through the stabilizer."""
    layer = cls(2, 4, n_heads, timescale=3).double()
    names, leaves = zip(*layer.named_parameters())
    x = torch.randn(2, 4, 2, dtype=torch.float64, requires_grad=True)

    def outputs(x, *values):
        return torch.func.functional_call(layer, dict(zip(names, values)), (x,))

    assert torch.autograd.gradcheck(outputs, (x, *leaves))


@pytest.mark.parametrize("cls", LAYERS)
@pytest.mark.parametrize("gate", [-1000, 0, 1000])
def test_gates_of_any_size_overflow_nothing(cls, gate):
    """exp(1000) is infinite, and so is what a thousand steps of it add up to."""
    layer = cls(1, 4, 2, timescale=1000)
    bias = layer.inputs.bias if cls is SLSTM else layer.gates.bias
    place = slice(4, 8) if cls is SLSTM else slice(0, 2)
    with torch.no_grad():
        bias[place] += gate
    x = (100 * torch.randn(1, 1000, 1)).requires_grad_()
    y = layer(x)
    y.sum().backward()
    assert y.isfinite().all()
    assert all(leaf.grad.isfinite().all() for leaf in (x, *layer.parameters()))


def test_a_query_of_zeros_finds_nothing():
    """C q / max(|n q|, 1) is 0 for q = 0, and 1 is exp(-1000) beside the stabilizer."""
    layer = MLSTM(1, 4)
    with torch.no_grad():
        layer.queries_keys.weight.zero_()
        layer.queries_keys.bias[:4] = 0
        layer.gates.bias[0] = 1000
    assert (layer(torch.randn(2, 5, 1)) == 0).all()


def test_an_input_gate_can_outweigh_all_that_was_before():
    """The weights of an sLSTM are a softmax of the gates, if nothing is forgotten."""
    layer = SLSTM(2, 1).double()
    with torch.no_grad():
        for leaf in layer.parameters():
            leaf.zero_()
        layer.inputs.weight[0, 0] = layer.inputs.weight[1, 1] = 1  # z and i
        layer.inputs.bias[2] = layer.inputs.bias[3] = 50  # f and o are 1
    x = torch.randn(1, 8, 2, dtype=torch.float64)
    x[0, 5, 1] = 800
    weights = x[0, :, 1].softmax(0)
    assert_close(layer(x)[0, -1, 0], weights @ x[0, :, 0].tanh())
    assert_close(layer(x)[0, -1, 0], x[0, 5, 0].tanh())


@pytest.mark.parametrize("cls", LAYERS)
def test_no_step_sees_what_follows_it(cls):
    layer = cls(2, 6, 2, timescale=5)
    x = torch.randn(3, 9, 2)
    other = x.clone()
    other[:, 5:] += 1
    assert_close(layer(other)[:, :5], layer(x)[:, :5])
    assert (layer(other) != layer(x))[:, 5:].any(dim=(0, 2)).all()


@pytest.mark.parametrize("cls", LAYERS)
@pytest.mark.parametrize("timescale", [1, 50])
def test_gates_remember_for_as_long_as_is_said(cls, timescale):
    layer = cls(3, 20, 5, timescale=timescale)
    forget = layer.inputs.bias[40:60] if cls is SLSTM else layer.gates.bias[5:]
    f = forget.sigmoid()
    steps = f / (1 - f)  # f = u / (1 + u)
    assert_close(steps[0].item(), float(timescale), rtol=1e-5, atol=0)
    assert_close(steps[-1].item(), 1.0)
    assert (steps.diff() <= 0).all()


@pytest.mark.parametrize("n_inputs, n_units, n_heads", [(3, 8, 2), (5, 12, 4)])
def test_number_of_weights(n_inputs, n_units, n_heads):
    def n_weights(layer):
        return sum(weights.numel() for weights in layer.parameters())

    # z, i, f, o: a map of the input with a bias, and a block for each head.
    expected = 4 * n_units * (n_inputs + 1) + 4 * n_units**2 // n_heads
    assert n_weights(SLSTM(n_inputs, n_units, n_heads)) == expected
    # q, k, v, and i and f for each head.
    expected = (3 * n_units + 2 * n_heads) * (n_inputs + 1)
    assert n_weights(MLSTM(n_inputs, n_units, n_heads)) == expected


@pytest.mark.parametrize("cls", LAYERS)
def test_mistakes(cls):
    layer = cls(2, 4)
    for shape in ((3, 5, 1), (3, 0, 2), (3, 2)):
        with pytest.raises(ValueError, match="an input of shape"):
            layer(torch.randn(shape))
    with pytest.raises(ValueError, match="hidden_size as a multiple of n_heads=3"):
        cls(2, 4, 3)
    with pytest.raises(ValueError, match="hidden_size must be a positive"):
        cls(2, 0)
    with pytest.raises(TypeError, match="n_heads must be a positive"):
        cls(2, 4, 1.5)
    with pytest.raises(TypeError, match="timescale must be a positive"):
        cls(2, 4, timescale=2.5)


def test_features_of_another_shape():
    x = torch.randn(3, 5, 2)
    with pytest.raises(ValueError, match="an input of shape"):
        MLSTM(2, 4)(x, x[..., :1])
