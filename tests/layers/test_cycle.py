"""The learnt cycle, against loops of NumPy."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sktorch_forecast.layers import ForecastNetwork, WindowNormalization
from sktorch_forecast.layers.cycle import Cycle
from sktorch_forecast.layers.units import Encoded, Units

B, L, H, K, W = 5, 9, 4, 2, 6
RNG = np.random.default_rng(0)
X = 50 + 10 * RNG.normal(size=(B, L, K + 1)).cumsum(axis=1)
Q = RNG.normal(size=(W, K))
PHASE = np.array([0, 5, 2, 3, 3])


def normalization(masked=False, **params):
    made = WindowNormalization(
        K + 1, K, kind="cycle", seasonality=W, horizon=H, masked=masked, **params
    )
    with torch.no_grad():
        made.cycle.values.copy_(torch.from_numpy(Q))
    return made


def encoded(norm, x):
    with torch.no_grad():
        return norm.encode(torch.from_numpy(x), phase=torch.from_numpy(PHASE))


def by_hand(x):
    """What the network sees, and what a forecast of zero means."""
    inputs, forecast = np.empty(x.shape), np.empty((B, H, K))
    for i in range(B):
        for c in range(K + 1):
            mean, scale = np.nanmean(x[i, :, c]), np.nanstd(x[i, :, c])
            for t in range(L):
                inputs[i, t, c] = (x[i, t, c] - mean) / scale
                if c < K:
                    inputs[i, t, c] -= Q[(PHASE[i] - (L - 1 - t)) % W, c]
            for h in range(H) if c < K else ():
                forecast[i, h, c] = mean + scale * Q[(PHASE[i] + h + 1) % W, c]
    return inputs, forecast


def test_cycle_is_taken_off_and_put_back():
    inputs, units = encoded(normalization(), X)
    expected, forecast = by_hand(X)
    assert_allclose(inputs, expected, rtol=1e-5, atol=1e-6)
    assert_allclose(units.shift, forecast, rtol=1e-6)
    assert_allclose(units.scale, X[..., :K].std(axis=1, keepdims=True), rtol=1e-6)


def test_what_is_missing_stays_zero():
    x = np.where(RNG.random(X.shape) < 0.3, np.nan, X)
    inputs, units = encoded(normalization(masked=True), x)
    expected, forecast = by_hand(x)
    assert_allclose(inputs[..., : K + 1], np.nan_to_num(expected), rtol=1e-5, atol=1e-6)
    assert_array_equal(inputs[..., K + 1 :], ~np.isnan(x))
    assert_allclose(units.shift, forecast, rtol=1e-6)


@pytest.mark.parametrize("weights", [None, np.array([1.0, 2, 0.5, 1, 3])])
def test_it_begins_with_the_weighted_means_of_the_phases(weights):
    x = np.where(RNG.random(X.shape) < 0.3, np.nan, X)
    norm = WindowNormalization(
        K + 1, K, kind="cycle", seasonality=W + 9, horizon=H, masked=True
    )
    tensor = torch.from_numpy
    norm.calibrate(tensor(3 * x[::-1].copy()), phase=tensor(PHASE))  # is forgotten
    weighed = None if weights is None else tensor(weights)
    norm.calibrate(tensor(x), weights=weighed, phase=tensor(PHASE))
    sums, counts = np.zeros((2, W + 9, K))
    mean, scale = np.nanmean(x, axis=1), np.nanstd(x, axis=1)
    for i in range(B):
        for t in range(L):
            for c in range(K):
                if np.isnan(x[i, t, c]):
                    continue
                weight = 1 if weights is None else weights[i]
                place = (PHASE[i] - (L - 1 - t)) % (W + 9), c
                sums[place] += weight * (x[i, t, c] - mean[i, c]) / scale[i, c]
                counts[place] += weight
    assert (counts == 0).any()  # phases that no window reaches begin with zero
    expected = sums / np.where(counts > 0, counts, 1)
    assert_allclose(norm.cycle.values.detach(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("stride", [1, 2])
def test_forecasts_from_several_steps_have_the_phases_of_these(stride):
    cycle, n_steps = Cycle(W, K, H), 3
    with torch.no_grad():
        cycle.values.copy_(torch.from_numpy(Q))
    mean, scale = RNG.normal(size=(B, 1, K)), 1 + RNG.random((B, 1, K))
    shifts = np.empty((B, n_steps, H, K))
    for i in range(B):
        for s in range(n_steps):
            origin = PHASE[i] - stride * (n_steps - 1 - s)
            for h in range(H):
                at = Q[(origin + h + 1) % W]
                shifts[i, s, h] = mean[i, 0] + scale[i, 0] * at
    last = Units(torch.from_numpy(shifts[:, -1]), torch.from_numpy(scale))
    with torch.no_grad():
        units = cycle.units_of_steps(last, torch.from_numpy(PHASE), n_steps, stride)
    assert_allclose(units.shift, shifts, rtol=1e-5, atol=1e-6)
    y = RNG.normal(size=shifts.shape)
    expected = (y - shifts) / scale[:, None]
    assert_allclose(units.encode(torch.from_numpy(y)), expected, rtol=1e-5, atol=1e-6)
    ahead = Encoded(torch.from_numpy(y).unsqueeze(-1), units).at_origin()
    for found, wanted in zip(ahead.units, last):
        assert_array_equal(found, wanted)


class Zero(torch.nn.Module):
    def forward(self, x):
        return x.new_zeros(len(x), H, K, 1)


def test_the_loss_reaches_the_cycle():
    """By finite differences of a loss that is written out in NumPy."""
    norm = normalization().double()
    module = ForecastNetwork(Zero(), norm)
    y = RNG.normal(size=(B, H, K))
    encoded = module(torch.from_numpy(X), phase=torch.from_numpy(PHASE))
    z = encoded.units.encode(torch.from_numpy(y))
    z.square().sum().backward()
    mean, scale = X.mean(axis=1)[:, None, :K], X.std(axis=1)[:, None, :K]

    def loss(values):
        places = (PHASE[:, None] + np.arange(1, H + 1)) % W
        return (((y - mean) / scale - values[places]) ** 2).sum()

    expected = np.empty((W, K))
    for place in np.ndindex(W, K):
        step = np.zeros((W, K))
        step[place] = 1e-5
        expected[place] = (loss(Q + step) - loss(Q - step)) / 2e-5
    assert_allclose(norm.cycle.values.grad, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("phase", [None, torch.arange(B + 1)])
def test_phases_are_asked_for(phase):
    with pytest.raises(ValueError, match=r"phase of shape \(5,"):
        normalization().encode(torch.from_numpy(X), phase=phase)
