"""Numbers at the ends of what they can be: infinite intervals, last dates, masks."""

import warnings

import numpy as np
import pandas as pd
import pytest

from sktorch_forecast import (
    MLPForecaster,
    NaiveForecaster,
    Panel,
    SeriesForecaster,
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


def test_a_wave_far_from_zero_is_rounded_away():
    # Between 2**23 and 2**24 float32 holds whole numbers only, beyond 2**24 even ones.
    message = (
        "range of 1 at a level of 1e[+]07 in channel 0: rounding moves values by up to "
        "0.5. Subtract a constant"
    )
    with pytest.warns(UserWarning, match=message):
        make_windows(WAVE / 2 + 1e7, horizon=1, length=2)
    with pytest.warns(UserWarning, match="range of 2 .* up to 1[.]"):
        make_windows(WAVE + 2.0**25, horizon=1, length=2)


def test_the_series_that_is_rounded_is_named():
    frame = pd.DataFrame(
        {
            "shop": np.repeat(["a", "b", "c"], 40),
            "day": np.tile(np.arange(40), 3),
            "sold": np.concatenate([WAVE, WAVE / 3 + 1e9, WAVE]),
        }
    )
    options = {"id": "shop", "time": "day", "target": "sold"}
    with pytest.warns(UserWarning, match="in channel 'sold' of series 'b'"):
        make_windows(frame, horizon=1, length=2, **options)
    with pytest.warns(UserWarning, match="in channel 'sold' of series 'b'"):
        SeriesForecaster(NaiveForecaster(), 2, 2, **options).fit(frame)


@pytest.mark.parametrize(
    "series",
    [
        pytest.param(WAVE / 3 + 1e4, id="finely enough"),
        pytest.param(WAVE + 1e7, id="whole numbers, exact"),
        pytest.param(np.float32(WAVE / 2 + 1e7), id="float32 already"),
        pytest.param(np.full(40, 1e9 + 0.1), id="nothing happens"),
        pytest.param((WAVE / 2 + 1e7) - (WAVE[0] / 2 + 1e7), id="as the advice says"),
    ],
)
def test_what_float32_tells_apart_is_no_matter(series):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X, y = make_windows(series, horizon=1, length=2)
    error = np.abs(np.asarray(X)[:, -1].ravel() - series[1:-1])
    assert error.max() <= max(0.005 * np.ptp(series), abs(series[0]) * 2.0**-24)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale, found", [(1e-25, "2e-25"), (1e20, "2e[+]20")])
def test_a_range_whose_square_float32_does_not_hold(scale, found, dtype):
    series = (WAVE * scale).astype(dtype)
    with pytest.warns(UserWarning, match=f"range of {found} in channel 0. .*units"):
        make_windows(series, horizon=1, length=2)


@pytest.mark.parametrize("scale", [1e-17, 1e17])
def test_forecasts_are_as_good_at_the_ends_of_the_range(scale):
    def forecasts(values):
        X, y = make_windows(values, horizon=1, length=4)
        return MLPForecaster(max_epochs=2, random_state=0).fit(X, y).predict(X)

    values = WAVE + np.arange(40) / 40
    expected = forecasts(values)
    np.testing.assert_allclose(forecasts(values * scale) / scale, expected, atol=1e-3)
