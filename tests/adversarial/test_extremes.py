"""Numbers at the ends of what they can be: infinite intervals, last dates, masks."""

import numpy as np
import pandas as pd
import pytest

from sktorch_forecast import NaiveForecaster, Panel, SeriesForecaster, make_windows
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
