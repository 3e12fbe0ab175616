"""Numbers at the ends of what they can be: infinite intervals, last dates, masks."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sktorch_forecast import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    EncoderDecoderForecaster,
    EnsembleForecaster,
    GRUForecaster,
    MLPForecaster,
    NaiveForecaster,
    Panel,
    RecursiveForecaster,
    SeriesForecaster,
    TabularForecaster,
    make_windows,
)
from sktorch_forecast.metrics import coverage_score, interval_score, mean_width, msis

EVERYWHERE, ABOVE, FINITE = [-np.inf, np.inf], [4, np.inf], [2, 4]


def test_an_infinite_interval_holds_and_costs_without_end():
    y, intervals = [3, 8, 3], [EVERYWHERE, ABOVE, ABOVE]
    assert coverage_score(y, intervals) == 2 / 3
    assert mean_width(intervals) == np.inf
    assert interval_score(y, intervals, coverage=0.5) == np.inf
    assert msis(y, intervals, y_train=[1, 3, 2, 5]) == np.inf


def test_an_infinite_interval_of_weight_zero_does_not_count():
    y, intervals, weights = [3, 3], [EVERYWHERE, FINITE], [0, 1]
    assert mean_width(intervals, sample_weight=weights) == 2
    assert interval_score(y, intervals, coverage=0.5, sample_weight=weights) == 2


@pytest.mark.parametrize(
    "ends, message",
    [
        ([np.nan, np.inf], "Input interval contains NaN"),
        ([np.inf, np.inf], "lower end below infinity"),
        ([-np.inf, -np.inf], "upper end above minus infinity"),
    ],
)
def test_ends_that_are_no_interval(ends, message):
    with pytest.raises(ValueError, match=message):
        coverage_score([3], [ends])
    with pytest.raises(ValueError, match=message):
        mean_width([ends])


# ------------------------------------------------------------------- the last dates


@pytest.mark.parametrize(
    "index, message",
    [
        (pd.date_range("2262-03-23", periods=20, unit="ns"), r"as_unit\('s'\)"),
        (pd.RangeIndex(2**63 - 21, 2**63 - 1), "Subtract"),
        (pd.Index(np.arange(20, dtype="uint64") + np.uint64(2**63)), "Subtract"),
    ],
)
def test_timestamps_past_the_last(index, message):
    with pytest.raises(ValueError, match=message):
        series = pd.Series(np.arange(20.0), index=index)
        SeriesForecaster(NaiveForecaster(), 5, 2).fit(series).forecast()


def test_timestamps_up_to_the_last():
    index = pd.Index(np.arange(20) + (2**63 - 22))
    series = pd.Series(np.arange(20.0), index=index)
    frame = SeriesForecaster(NaiveForecaster(), 2, 2).fit(series).forecast()
    assert frame.index[-1] == 2**63 - 1


# ----------------------------------------------------------------------- masked arrays


def masked(values, place):
    values = np.ma.masked_array(values)
    values[place] = np.ma.masked
    return values


@pytest.mark.parametrize("dtype", [float, np.float32, int])
def test_masked_values_are_missing(dtype):
    series = masked(np.arange(20, dtype=dtype), 5)
    with pytest.raises(ValueError, match="series contains NaN.*row 5"):
        make_windows(series, horizon=1, length=2)
    X, y = make_windows(series, horizon=1, length=2, missing="mask")
    assert np.isnan(y[3]) and np.isnan(y).sum() == 1
    assert np.isnan(np.asarray(X)).sum() == 2
    with pytest.raises(ValueError, match="values contains NaN"):
        Panel.from_array(series[:, np.newaxis])


def test_masked_samples_are_missing():
    X, y = np.zeros((5, 2)), np.zeros(5)
    with pytest.raises(ValueError, match="X contains NaN at row 1"):
        NaiveForecaster().fit(masked(X, (1, 0)), y)
    with pytest.raises(ValueError, match="y contains NaN at row 2"):
        NaiveForecaster().fit(X, masked(y, 2))


# ------------------------------------------------------------------- float32 is coarse

WAVE = np.sin(np.arange(40) * np.pi / 2)  # 0, 1, 0, -1, ...


def test_windows_of_a_wave_far_from_zero_keep_its_digits():
    # Between 2**23 and 2**24 float32 holds whole numbers only.
    series = WAVE / 2 + 1e7
    X, _ = make_windows(series, horizon=1, length=2)
    assert X.dtype == np.float64
    assert_array_equal(np.asarray(X)[:, 0, 0], series[:-2])
    assert_array_equal(Panel.from_array(series[:, np.newaxis]).values.ravel(), series)


def test_one_series_of_many_far_from_zero():
    sold = np.concatenate([WAVE, WAVE / 3 + 1e9, WAVE])
    frame = pd.DataFrame(
        {
            "shop": np.repeat(["a", "b", "c"], 40),
            "day": np.tile(np.arange(40), 3),
            "sold": sold,
        }
    )
    options = {"id": "shop", "time": "day", "target": "sold"}
    X, y = make_windows(frame, horizon=1, length=2, **options)
    assert_array_equal(X.values.ravel(), sold)
    series = SeriesForecaster(NaiveForecaster(), 2, 2, **options).fit(frame)
    assert_array_equal(series.forecast()["sold"], sold[[39, 39, 79, 79, 119, 119]])


@pytest.mark.parametrize(
    "series",
    [
        pytest.param(WAVE / 3 + 1e3, id="finely enough"),
        pytest.param(WAVE + 1e7, id="whole numbers, exact"),
        pytest.param(np.float32(WAVE / 2 + 1e7), id="float32 already"),
        pytest.param(np.full(40, 1e9 + 0.1), id="nothing happens"),
    ],
)
def test_what_float32_tells_apart_stays_float32(series):
    X, y = make_windows(series, horizon=1, length=2)
    assert X.dtype == np.float32
    error = np.abs(np.asarray(X)[:, -1].ravel() - series[1:-1])
    assert error.max() <= np.abs(series).max() * 2.0**-24


NOISY = np.sin(np.arange(300) / 5) + np.random.default_rng(0).normal(0, 0.05, 300)


def forecasts_of(model, series, to_array=False):
    X, y = make_windows(series, horizon=3, length=24)
    X = np.asarray(X, dtype=np.float64) if to_array else X
    return model.fit(X[:200], y[:200]).predict(X[205:])


def network(cls=MLPForecaster, **params):
    return cls(max_epochs=3, random_state=0, **params)


@pytest.mark.parametrize("to_array", [False, True], ids=["windows", "array"])
@pytest.mark.parametrize(
    "model",
    [
        *[network(normalize=kind) for kind in ("window", "mean", "last")],
        network(normalize="season", seasonality=4),
        network(loss="student_t"),
        network(loss="quantile"),
        network(loss="mase", seasonality=4),
        network(GRUForecaster, train_on="all_steps"),
        network(EncoderDecoderForecaster),
        network(missing="mask"),
        DeepEnsembleForecaster(network(), n_estimators=2, random_state=0),
        EnsembleForecaster([("mlp", network()), ("ridge", TabularForecaster())]),
        ConformalForecaster(network()),
        RecursiveForecaster(TabularForecaster(), horizon=3),
        TabularForecaster(),
        NaiveForecaster(),
    ],
    ids=str,
)
def test_a_level_is_added_to_the_forecasts(model, to_array):
    # 2**30 + k / 2**20 is exact in float64, as is the wave in these steps.
    series = np.round(NOISY * 2**20) / 2**20
    near = forecasts_of(clone(model), series, to_array)
    far = forecasts_of(clone(model), series + 2.0**30, to_array)
    assert far.dtype == np.float64
    # A training in float32 may round differently in the last digits.
    assert_allclose(far - 2.0**30, near, atol=1e-3)


@pytest.mark.parametrize("scale", [1e-30, 1e-25, 1e20, 1e30])
def test_units_of_any_size(scale):
    expected = forecasts_of(network(), NOISY)
    found = forecasts_of(network(), NOISY * scale)
    assert_allclose(found / scale, expected, atol=1e-3)


def test_covariates_at_a_high_level():
    frame = pd.DataFrame(
        {"y": NOISY, "past": np.roll(NOISY, 3), "plan": np.roll(NOISY, -1)}
    )

    options = {"horizon": 3, "length": 24, "target": "y", "past": "past"}
    options["future"] = "plan"

    def forecast(levels):
        X, y = make_windows(frame + levels, **options)
        return network().fit(X[:200], y[:200]).predict(X[205:])

    far = forecast([0, 2.0**32, 2.0**32])
    assert_allclose(far, forecast([0, 0, 0]), atol=1e-3)


@pytest.mark.parametrize("kind", [None, "level"])
def test_a_level_that_the_network_is_to_see(kind):
    X, y = make_windows(NOISY + 1e8, horizon=3, length=24)
    with pytest.warns(UserWarning, match=f"normalize={kind!r} .*normalize='window'"):
        network(normalize=kind).fit(X, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale, found", [(1e-36, "2e-36"), (1e36, "2e[+]36")])
def test_a_range_that_networks_cannot_hold(scale, found, dtype):
    series = (WAVE * scale).astype(dtype)
    with pytest.warns(UserWarning, match=f"range of {found} in channel 0.*units"):
        make_windows(series, horizon=1, length=2)


@pytest.mark.parametrize("limit", [1e-35, 1e35])
def test_a_range_at_the_limits_that_the_warning_names_is_within_them(limit):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_windows(np.array([0.0, limit, 0.0, limit]), horizon=1, length=2)


@pytest.mark.parametrize("scale", [1e-17, 1e17])
def test_forecasts_are_as_good_at_the_ends_of_the_range(scale):
    def forecasts(values):
        X, y = make_windows(values, horizon=1, length=4)
        return MLPForecaster(max_epochs=2, random_state=0).fit(X, y).predict(X)

    values = WAVE + np.arange(40) / 40
    expected = forecasts(values)
    np.testing.assert_allclose(forecasts(values * scale) / scale, expected, atol=1e-3)
