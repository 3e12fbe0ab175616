"""Layers of random sizes, against NumPy and the modules of torch they stand for."""

import numpy as np
import torch
from hypothesis import strategies as st
from laws import law, seeds
from numpy.testing import assert_allclose
from torch import nn

from sktorch_forecast.layers import (
    GRU,
    Encoded,
    Linear,
    Readout,
    RecurrentLayers,
    RecurrentNetwork,
    WindowNormalization,
)
from sktorch_forecast.layers.heads import Point
from sktorch_forecast.layers.linear_baseline import LinearBaseline
from sktorch_forecast.layers.normalization import KINDS
from sktorch_forecast.layers.rnn import RNN
from sktorch_forecast.networks.wavenet import WaveNetNetwork

sizes = st.integers(1, 9)
kinds = st.sampled_from(KINDS)


def numbers(seed, *shape, dtype=torch.float32):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape)).to(dtype)


def with_random_weights(module, seed):
    """A module whose weights are drawn without the global generator."""
    rng = np.random.default_rng(seed)
    for weight in module.parameters():
        values = rng.normal(size=weight.shape) / max(weight.shape[-1], 1) ** 0.5
        weight.data.copy_(torch.from_numpy(values))
    return module


def other_rows(x, row, seed):
    """A batch that has but one row in common with another one."""
    changed = 100 * numbers(seed, *x.shape)
    changed[row] = x[row]
    return changed


# ------------------------------------------------------------------ normalization


def in_numpy(kind, x, season, horizon):
    """Shift, (b, 1 or H, C), and scale, (b, 1, C), before any bound."""
    mean, scale = x.mean(1, keepdims=True), x.std(1, keepdims=True)
    if kind == "level":
        return 0 * mean, np.abs(x).mean(1, keepdims=True)
    if kind == "season":
        steps = x.shape[1] - season + np.arange(horizon) % season
        return x[:, steps], scale
    if kind == "cycle":
        return mean, scale
    usual = np.median(scale, axis=0) + 0 * mean
    return {
        "window": (mean, scale),
        "mean": (mean, usual),
        "last": (x[:, -1:], usual),
    }[kind]


def phases(kind, b):
    """The k-th window ends in phase k; only the cycle asks."""
    return torch.arange(b) if kind == "cycle" else None


@law(200, kind=kinds, b=sizes, extra=sizes, n=sizes, h=sizes, m=sizes, seed=seeds)
@torch.no_grad()
def test_units_of_a_window_are_those_of_numpy_and_lead_back(
    kind, b, extra, n, h, m, seed
):
    """With as many targets as channels; a tenth of the usual scale is the least."""
    x, y = numbers(seed, b, m + extra, n), numbers(seed + 1, b, h, n)
    norm = WindowNormalization(n, n, kind=kind, seasonality=m, horizon=h)
    norm.calibrate(x, phase=phases(kind, b))
    inputs, units = norm.encode(x, phase=phases(kind, b))
    shift, scale = in_numpy(kind, x.numpy().astype(float), m, h)
    least = np.median(scale, axis=0) / 10
    scale = np.maximum(scale, least)
    if kind == "cycle":
        steps = np.arange(b)[:, None] + np.arange(1 - x.shape[1], h + 1)
        cycle = norm.cycle.values.numpy()[steps % m]
        inputs, shift = inputs + cycle[:, :-h], shift + scale * cycle[:, -h:]
    assert_allclose(units.scale, scale, rtol=1e-4)
    assert_allclose(units.shift, np.broadcast_to(shift, units.shift.shape), atol=1e-5)
    z = (y.numpy() - shift) / scale
    assert_allclose(units.encode(y), z, rtol=1e-3, atol=1e-3)
    back = Point().outputs(Encoded(units.encode(y).unsqueeze(-1), units))
    assert_allclose(back, y, atol=1e-5)
    if kind == "cycle":
        shift = x.mean(1, keepdim=True)
        assert_allclose(shift + units.scale * inputs, x, atol=1e-5)
    elif kind != "season":
        assert_allclose(units.shift + units.scale * inputs, x, atol=1e-5)


@law(
    150,
    kind=kinds,
    masked=st.booleans(),
    power=st.integers(-40, 40),
    size=sizes,
    seed=seeds,
)
def test_powers_of_two_go_through_a_normalization(kind, masked, power, size, seed):
    """What the network sees keeps its bits, and units are multiplied."""
    x, factor = numbers(seed, size + 1, 9, 2), 2.0**power
    if masked:
        x[:, ::3, 0] = torch.nan
    seen = []
    for windows in (x, factor * x):
        norm = WindowNormalization(2, 2, kind=kind, seasonality=3, masked=masked)
        phase = phases(kind, len(windows))
        norm.calibrate(windows, phase=phase)
        seen.append(norm.encode(windows, phase=phase))
    (inputs, units), (inputs_too, units_too) = seen
    assert torch.equal(inputs, inputs_too)
    for one, other in zip(units, units_too):
        assert torch.equal(factor * one, other)


@law(
    100,
    kind=kinds,
    masked=st.booleans(),
    b=st.integers(2, 6),
    seed=seeds,
    data=st.data(),
)
def test_windows_are_normalized_by_themselves(kind, masked, b, seed, data):
    x, row = numbers(seed, b, 6, 3), data.draw(st.integers(0, b - 1))
    norm = WindowNormalization(3, kind=kind, seasonality=2, n_future=1, masked=masked)
    norm.calibrate(numbers(seed + 1, 5, 6, 3), numbers(seed + 2, 5, 1, 1))
    changed = other_rows(x, row, seed + 3)
    (inputs, units), (inputs_too, units_too) = (
        norm.encode(windows, phase=phases(kind, b)) for windows in (x, changed)
    )
    assert torch.equal(inputs[row], inputs_too[row])
    for one, other in zip(units, units_too):
        assert torch.equal(one[row], other[row])


# ------------------------------------------------------------- layers as torch's are


@law(100, n_in=sizes, shape=st.tuples(sizes, sizes, sizes), b=sizes, seed=seeds)
def test_linear_layers_are_those_of_torch(n_in, shape, b, seed):
    x = numbers(seed, b, 3, n_in)
    readout = with_random_weights(Readout(n_in, shape), seed)
    linear, plain = Linear(n_in, np.prod(shape)), nn.Linear(n_in, np.prod(shape))
    for layer in (linear, plain):
        layer.load_state_dict(readout.state_dict())
    expected = plain(x).detach().numpy()
    assert_allclose(linear(x).detach(), expected, rtol=1e-5, atol=1e-5)
    found = readout(x).detach()
    assert_allclose(found, expected.reshape(b, 3, *shape), rtol=1e-5, atol=1e-5)


def check_same_as_torch(own, plain, x, state):
    """Outputs, states, and the gradients where there are some."""
    results = []
    for layer in (own, plain):
        layer.zero_grad()
        x = x.detach().requires_grad_()
        outputs, last = layer(x, state)
        result = [outputs, last]
        if outputs.requires_grad:
            (outputs.square().sum() + last.sum()).backward()
            result += [x.grad, *(weight.grad for weight in layer.parameters())]
        results.append(result)
    for found, expected in zip(*results, strict=True):
        # Sums of many terms round by the largest of them.
        atol = 1e-5 * max(1, float(expected.detach().abs().max()))
        assert_allclose(found.detach(), expected.detach(), rtol=1e-4, atol=atol)


@law(
    150,
    cell=st.sampled_from([(RNN, nn.RNN), (GRU, nn.GRU)]),
    b=sizes,
    length=sizes,
    n_in=sizes,
    n_units=sizes,
    both_ways=st.booleans(),
    begins=st.booleans(),
    trains=st.booleans(),
    seed=seeds,
)
def test_recurrent_cells_are_those_of_torch(
    cell, b, length, n_in, n_units, both_ways, begins, trains, seed
):
    own, plain = (
        cls(n_in, n_units, batch_first=True, bidirectional=both_ways) for cls in cell
    )
    plain.load_state_dict(with_random_weights(own, seed).state_dict())
    state = numbers(seed + 1, 1 + both_ways, b, n_units) if begins else None
    with torch.set_grad_enabled(trains):
        check_same_as_torch(own, plain, numbers(seed, b, length, n_in), state)


@law(
    100,
    cell=st.sampled_from([(RNN, nn.RNN), (GRU, nn.GRU), (nn.LSTM, nn.LSTM)]),
    b=sizes,
    n_in=sizes,
    n_units=sizes,
    n_layers=st.integers(1, 3),
    both_ways=st.booleans(),
    seed=seeds,
)
def test_layers_on_top_of_each_other_are_those_of_torch(
    cell, b, n_in, n_units, n_layers, both_ways, seed
):
    own, plain = cell
    stack = RecurrentLayers(own, n_in, n_units, n_layers, bidirectional=both_ways)
    with_random_weights(stack, seed)
    whole = plain(n_in, n_units, n_layers, batch_first=True, bidirectional=both_ways)
    # Torch names them weight_ih_l0, weight_ih_l0_reverse, weight_ih_l1 and so on.
    weights = {
        name.replace("_l0", f"_l{i}"): weight
        for i, layer in enumerate(stack.layers)
        for name, weight in layer.state_dict().items()
    }
    whole.load_state_dict(weights)
    x = numbers(seed + 1, b, 5, n_in)
    found, expected = stack(x)[0].detach(), whole(x)[0].detach()
    assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


# ------------------------------------------------------ rows, and what lies ahead


def random_network(name, n_in, shape, seed):
    networks = {
        "RNN": lambda: RecurrentNetwork(n_in, shape, 5, cell=RNN),
        "LSTM": lambda: RecurrentNetwork(n_in, shape, 5, 2, cell=nn.LSTM),
        "GRU": lambda: RecurrentNetwork(n_in, shape, 5, cell=GRU),
        "WaveNet": lambda: WaveNetNetwork(n_in, shape, 4, 3, (1, 2)),
    }
    return with_random_weights(networks[name](), seed)


names = st.sampled_from(["RNN", "LSTM", "GRU", "WaveNet"])
shapes = st.tuples(*[st.integers(1, 3)] * 3)


@law(
    100,
    name=names,
    n_in=sizes,
    shape=shapes,
    b=st.integers(2, 9),
    trains=st.booleans(),
    seed=seeds,
    data=st.data(),
)
def test_rows_go_through_a_network_by_themselves(
    name, n_in, shape, b, trains, seed, data
):
    network, x = random_network(name, n_in, shape, seed), numbers(seed + 1, b, 7, n_in)
    row = data.draw(st.integers(0, b - 1))
    changed = other_rows(x, row, seed + 2)
    with torch.set_grad_enabled(trains):
        assert torch.equal(network(x)[row], network(changed)[row])


@law(
    100,
    name=names,
    n_in=sizes,
    shape=shapes,
    b=sizes,
    n_seen=st.integers(1, 6),
    seed=seeds,
)
def test_a_step_knows_nothing_of_the_steps_after_it(name, n_in, shape, b, n_seen, seed):
    network, x = random_network(name, n_in, shape, seed), numbers(seed + 1, b, 7, n_in)
    changed = x.clone()
    changed[:, n_seen:] = 100 * numbers(seed + 2, b, 7 - n_seen, n_in)
    found, expected = (network(one, all_steps=True)[:, :n_seen] for one in (changed, x))
    assert torch.equal(found, expected)
    # The last of these is the forecast of a window that ends there.
    alone = network(x[:, :n_seen]).detach()
    assert_allclose(alone, expected[:, -1].detach(), rtol=1e-4, atol=1e-5)


# ----------------------------------------------------------------- the linear baseline


@law(
    150,
    k=st.integers(1, 3),
    n_future=st.integers(0, 2),
    n_static=st.integers(0, 2),
    length=st.sampled_from([1, 4, 7, 500]),
    h=st.integers(1, 4),
    b=sizes,
    factors=st.tuples(*[st.floats(-3, 3)] * 2),
    seed=seeds,
)
def test_the_baseline_is_linear(k, n_future, n_static, length, h, b, factors, seed):
    baseline = LinearBaseline(k + n_future, k, length, h, n_future, n_static).double()
    n_groups, n_outputs, _ = baseline.weight.shape
    baseline.set_weights(
        numbers(seed, n_groups, n_outputs, baseline.n_inputs, dtype=torch.float64),
        numbers(seed + 1, n_groups, n_outputs, dtype=torch.float64),
    )
    one, other = (
        [
            numbers(seed + place, b, *shape, dtype=torch.float64)
            for shape in ((length, k + n_future), (h, n_future), (n_static,))
        ]
        for place in (2, 3)
    )

    def given(parts):
        x, future, static = parts
        return x, future if n_future else None, static if n_static else None

    def linear(parts):
        return baseline(*given(parts)) - offset

    offset = baseline(*given([0 * part for part in one]))
    mixed = [factors[0] * u + factors[1] * v for u, v in zip(one, other)]
    expected = factors[0] * linear(one) + factors[1] * linear(other)
    assert_allclose(linear(mixed), expected, atol=1e-9)


@law(
    100,
    k=st.integers(1, 3),
    length=st.sampled_from([1, 4, 7, 600]),
    h=sizes,
    b=sizes,
    seed=seeds,
    data=st.data(),
)
def test_a_baseline_that_repeats_is_the_seasonal_naive_forecast(
    k, length, h, b, seed, data
):
    season = data.draw(st.integers(1, min(length, 9)))
    baseline = LinearBaseline(k, k, length, h)
    weight = baseline.last_of(season)
    baseline.set_weights(weight, torch.zeros(weight.shape[:2]))
    x = numbers(seed, b, length, k)
    steps = [length - season + step % season for step in range(h)]
    assert torch.equal(baseline(x), x[:, steps])
