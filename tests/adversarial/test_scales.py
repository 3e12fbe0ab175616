"""Series of different scale in one panel do not see each other's size."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge

from sktorch_forecast import (
    ConformalForecaster,
    LSTMForecaster,
    MLPForecaster,
    NaiveForecaster,
    TabularForecaster,
    latest_windows,
    make_windows,
)
from sktorch_forecast._training.batches import codes_of
from sktorch_forecast._training.calibration import evenly_spread_of_each
from sktorch_forecast.layers.normalization import KINDS
from sktorch_forecast.layers.statistics import usual_of_groups

RNG = np.random.default_rng(0)
NAMES = {"id": "id", "time": "t", "target": "y"}
N_TIMES, HORIZON, LENGTH = 40, 2, 8


def panel(n_series=4, scales=None):
    """Noisy waves; one stands still for a while, which a bound is for."""
    waves = np.sin(np.arange(N_TIMES) / 3 + np.arange(n_series)[:, None])
    values = waves + 0.3 * np.random.default_rng(0).normal(size=waves.shape)
    values[-1, 10:30] = 0.25
    values = values.astype(np.float32).astype(np.float64)
    if scales is not None:
        values *= np.asarray(scales)[:, None]
    return pd.DataFrame(
        {
            "id": np.repeat([f"series {i}" for i in range(n_series)], N_TIMES),
            "t": np.tile(np.arange(N_TIMES), n_series),
            "y": values.ravel(),
        }
    )


def windows(frame):
    return make_windows(frame, horizon=HORIZON, length=LENGTH, **NAMES)


QUICK = {"max_epochs": 2, "random_state": 0, "seasonality": 4}
MODELS = {
    **{f"MLP {kind}": MLPForecaster(normalize=kind, **QUICK) for kind in KINDS},
    "LSTM": LSTMForecaster(hidden_size=4, **QUICK),
    "LSTM all steps": LSTMForecaster(hidden_size=4, train_on="all_steps", **QUICK),
    "MLP normal": MLPForecaster(loss="normal", **QUICK),
    "MLP quantiles": MLPForecaster(loss="quantile", normalize="last", **QUICK),
    "MLP dropout": MLPForecaster(dropout=0.2, **QUICK),
    **{
        f"ridge {kind}": TabularForecaster(Ridge(), normalize=kind, seasonality=4)
        for kind in KINDS
        if kind != "cycle"
    },
    "conformal": ConformalForecaster(TabularForecaster(), coverage=0.8),
    "adaptive": ConformalForecaster(TabularForecaster(), 0.8, "adaptive"),
    "naive": NaiveForecaster(4),
}


def everything(model, X):
    found = [model.predict(X)]
    if hasattr(model, "predict_interval"):
        found += [model.predict_interval(X, 0.8)]
        found += [np.moveaxis(model.sample(X, 3, random_state=0), 0, -1)]
    return found


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=4, deadline=None, derandomize=True)
@given(k=st.integers(-40, 40), which=st.integers(0, 3))
def test_a_series_times_a_power_of_two_changes_nothing_else(name, k, which):
    """Bit for bit: its forecasts and intervals times that, and all others as before."""
    X, y = windows(panel())
    scales = np.ones(4)
    scales[which] = 2.0**k
    scaled_X, scaled_y = windows(panel(scales=scales))
    plain = everything(clone(MODELS[name]).fit(X, y), X)
    scaled = everything(clone(MODELS[name]).fit(scaled_X, scaled_y), scaled_X)
    factor = scales[X.series]
    for before, after in zip(plain, scaled):
        shape = (-1, *[1] * (before.ndim - 1))
        assert_array_equal(after, before * factor.reshape(shape).astype(before.dtype))


def test_small_series_beside_large_ones_are_forecast_as_well():
    """Ten of size 1 beside eleven of size 1e4."""
    sizes = [1.0] * 10 + [1e4] * 11
    network = MLPForecaster(max_epochs=30, random_state=0)
    errors = []
    for scales in (np.ones(21), sizes):
        X, y = windows(panel(21, scales))
        small = X.series < 10
        error = np.abs(network.fit(X, y).predict(X[small]) - y[small]).mean()
        errors.append(error)
    assert errors[1] == pytest.approx(errors[0], rel=0.05)


def test_conformal_intervals_hold_for_series_of_every_size():
    sizes = np.repeat([1e-3, 1.0, 1e4], 7)
    X, y = windows(panel(21, sizes))
    times = X.origins.get_level_values("t")
    train, test = times < 28, times >= 30
    model = ConformalForecaster(TabularForecaster(), 0.8, calibration_fraction=0.4)
    model.fit(X[train], y[train])
    ends = model.predict_interval(X[test])
    holds = (ends[..., 0] <= y[test]) & (y[test] <= ends[..., 1])
    for size in np.unique(sizes):
        assert abs(holds[sizes[X[test].series] == size].mean() - 0.8) < 0.15
        width = np.ptp(ends[sizes[X[test].series] == size], axis=-1).mean() / size
        assert 0.5 < width < 3


def test_a_series_that_was_not_there_is_scaled_by_its_windows():
    X, y = windows(panel())
    net = MLPForecaster(max_epochs=2, random_state=0).fit(X, y)
    new = panel().query("id == 'series 1'")
    found = net.predict(latest_windows(new.assign(id="new"), length=LENGTH, **NAMES))
    for scale in (2.0**-30, 1.0, 2.0**30):
        frame = new.assign(id="new", y=scale * new["y"])
        latest = latest_windows(frame, length=LENGTH, **NAMES)
        assert_array_equal(net.predict(latest), found * np.float32(scale))
        array = np.asarray(latest)
        assert_array_equal(net.predict(array), found * np.float32(scale))


def test_a_dead_series_is_forecast_near_its_value():
    frame = panel()
    frame.loc[frame["id"] == "series 2", "y"] = 5.0
    X, y = windows(frame)
    net = MLPForecaster(max_epochs=2, random_state=0).fit(X, y)
    assert np.abs(net.predict(X[X.series == 2]) - 5).max() < 1


# --------------------------------------------------------------------- the arithmetic


def test_usual_scales_are_weighted_medians_of_each_group():
    values = RNG.random((60, 2))
    groups = RNG.integers(0, 4, 60)
    counts = RNG.integers(1, 4, 60)
    import torch

    found = usual_of_groups(
        torch.from_numpy(values),
        torch.from_numpy(counts.astype(float)),
        torch.from_numpy(groups),
        6,
    )
    repeated, of = np.repeat(values, counts, axis=0), np.repeat(groups, counts)
    for group in range(4):
        expected = np.median(repeated[of == group], axis=0)
        np.testing.assert_allclose(found[group], expected)
    assert_array_equal(found[4:], 0)  # nothing is known of these


def test_a_series_whose_weight_rounds_away_beside_that_of_others_has_its_own_scale():
    import torch

    values = torch.tensor([[1.0], [5.0], [100.0]])  # one of each series
    weights = torch.tensor([1e9, 1.0, 1e9])  # in float32, 1e9 + 1 is 1e9
    found = usual_of_groups(values, weights, torch.arange(3), 3)
    assert_array_equal(found, values)


def test_windows_of_each_series_are_evenly_spread():
    codes = np.array([1, 0, 1, 1, 0, 1, 1, 1, 3])
    rows = evenly_spread_of_each(codes, 3)
    assert sorted(codes[rows]) == [0, 0, 1, 1, 1, 3]
    assert_array_equal(rows[codes[rows] == 1], [0, 3, 6])
    X, _ = windows(panel())
    known = pd.Index(["series 3", "series 1"])
    places = {"series 0": 2, "series 1": 1, "series 2": 2, "series 3": 0}
    expected = [places[name] for name in X.origins.get_level_values("id")]
    assert_array_equal(codes_of(X, known), expected)
    assert_array_equal(codes_of(np.asarray(X), known), 2)
