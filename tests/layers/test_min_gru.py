"""minGRU and minLSTM, against a loop over the equations of the paper."""

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from sktorch_forecast.layers import MinGRU, MinLSTM
from sktorch_forecast.layers.min_gru import scanned, scanned_in_blocks

CELLS = [MinGRU, MinLSTM]
LENGTHS = [1, 2, 3, 5, 8, 50]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def loop(layer, x, state):
    """Outputs (batch, length, n_directions * H), one step after the other."""
    outputs = []
    for direction, mapped in enumerate(layer.maps):
        h, steps = state[direction], range(x.shape[1])
        found = {}
        for t in reversed(steps) if direction else steps:
            parts = F.linear(x[:, t], mapped.weight, mapped.bias)
            *gates, candidate = parts.chunk(layer.n_gates + 1, dim=1)
            if isinstance(layer, MinLSTM):
                f, i = (gate.sigmoid() for gate in gates)
                h = f / (f + i) * h + i / (f + i) * candidate
            else:
                z = gates[0].sigmoid()
                h = (1 - z) * h + z * candidate
            found[t] = h
        outputs.append(torch.stack([found[t] for t in steps], dim=1))
    return torch.cat(outputs, dim=2)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_outputs_and_gradients_are_those_of_the_loop(cell, length, bidirectional):
    layer = cell(3, 5, bidirectional).double()
    x = torch.randn(4, length, 3, dtype=torch.float64, requires_grad=True)
    shape = 1 + bidirectional, 4, 5
    state = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    outputs, end = layer(x, state)
    expected = loop(layer, x, state)
    assert_close(outputs, expected)
    assert_close(end[0], expected[:, -1, :5])
    if bidirectional:
        assert_close(end[1], expected[:, 0, 5:])
    leaves = [x, state, *layer.parameters()]
    weights = torch.randn_like(expected)
    assert_close(
        torch.autograd.grad((outputs * weights).sum(), leaves),
        torch.autograd.grad((expected * weights).sum(), leaves),
    )


@pytest.mark.parametrize("length", [*LENGTHS, 1000])
def test_blocks_give_what_steps_give(length):
    mapped = torch.randn(length, 4, 10, dtype=torch.float64)
    state = torch.randn(4, 5, dtype=torch.float64)
    gate, candidate = mapped.chunk(2, dim=2)
    z = gate.sigmoid()
    in_blocks = scanned_in_blocks(1 - z, z * candidate, state)
    assert_close(in_blocks, scanned(mapped, state))


@pytest.mark.parametrize("cell", CELLS)
def test_it_reads_on_from_a_state(cell):
    layer = cell(2, 4)
    x = torch.randn(3, 9, 2)
    whole, end = layer(x)
    first, state = layer(x[:, :4])
    second, state = layer(x[:, 4:], state)
    assert_close(torch.cat([first, second], dim=1), whole)
    assert_close(state, end)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("in_blocks", [False, True])
def test_ten_thousand_steps_are_as_exact_as_double_precision(cell, in_blocks):
    layer = cell(1, 8, timescale=10_000)
    x = torch.randn(2, 10_000, 1)

    def outputs(layer, x):
        mapped = layer.gate_and_candidate(layer.maps[0](x.transpose(0, 1)))
        state = x.new_zeros(2, 8)
        if not in_blocks:
            return scanned(mapped, state)
        gate, candidate = mapped.chunk(2, dim=2)
        return scanned_in_blocks(1 - gate.sigmoid(), gate.sigmoid() * candidate, state)

    found = outputs(layer, x)
    expected = outputs(layer.double(), x.double())
    assert_close(found.double(), expected, rtol=0, atol=1e-5)


def test_its_gradients_are_finite_over_ten_thousand_steps():
    layer = MinGRU(1, 4, timescale=10_000)
    x = torch.randn(1, 10_000, 1, requires_grad=True)
    layer(x)[0][:, -1].sum().backward()
    assert x.grad.isfinite().all()
    # What was long ago is not forgotten, by units that remember so long.
    assert x.grad[0, 0].abs() > 0


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("timescale", [1, 2, 50])
def test_units_remember_for_as_long_as_is_said(cell, timescale):
    layer = cell(1, 2000, timescale=timescale)
    mapped = torch.zeros(1, 1, 2000 * (layer.n_gates + 1))
    gate = layer.gate_and_candidate(mapped + layer.maps[0].bias)[..., :2000]
    steps = 1 / gate.sigmoid() - 1  # z = 1 / (1 + u)
    longest = max(1, timescale - 1)
    assert steps.min() >= 1 - 1e-4
    assert steps.max() <= longest + 1e-3
    assert_close(steps.mean().item(), (1 + longest) / 2, rtol=0.05, atol=0)


@pytest.mark.parametrize("cell", CELLS)
def test_it_can_be_exported_with_any_batch(cell):
    layer = cell(2, 4).eval()
    x = torch.randn(3, 12, 2)
    batch = ({0: torch.export.Dim("batch")},)
    exported = torch.export.export(layer, (x,), dynamic_shapes=batch, strict=False)
    x = torch.randn(7, 12, 2)
    assert_close(exported.module()(x)[0], layer(x)[0])


@pytest.mark.parametrize("cell", CELLS)
def test_mistakes(cell):
    layer = cell(2, 4)
    with pytest.raises(ValueError, match="batch_first=True"):
        cell(2, 4, batch_first=False)
    with pytest.raises(ValueError, match="an input of shape"):
        layer(torch.randn(3, 5, 1))
    with pytest.raises(ValueError, match="an input of shape"):
        layer(torch.randn(3, 0, 2))
    with pytest.raises(ValueError, match="a state of shape"):
        layer(torch.randn(3, 5, 2), torch.randn(3, 4))
    with pytest.raises(ValueError, match="hidden_size must be a positive"):
        cell(2, 0)
    with pytest.raises(TypeError, match="timescale must be a positive"):
        cell(2, 4, timescale=2.5)
