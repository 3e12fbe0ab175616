"""What is said to somebody who got the call wrong: what to do instead."""

import numpy as np
import pandas as pd
import pytest
from common import FORECASTERS, cheap

from sktorch_forecast import NaiveForecaster, SeriesForecaster, make_windows
from sktorch_forecast.metrics import mase
from sktorch_forecast.plotting import ForecastDisplay

DAYS = pd.date_range("2024-01-01", periods=20)
SERIES = pd.Series(np.arange(20.0), index=DAYS, name="sales")
LONG = pd.DataFrame(
    {"store": ["n"] * 10 + ["s"] * 10, "day": [*DAYS[:10]] * 2, "sales": SERIES.values}
)
SIZES = {"horizon": 1, "length": 2}


@pytest.mark.parametrize("cls", FORECASTERS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("shape", [(20, 0, 1), (20, 3, 0)])
def test_windows_of_no_values(cls, shape):
    with pytest.raises(ValueError, match=r"at least one timestamp and channel.*found"):
        cheap(cls).fit(np.zeros(shape), np.zeros(20))


@pytest.mark.parametrize("cls", FORECASTERS, ids=lambda cls: cls.__name__)
def test_a_series_and_its_shift_are_no_windows(cls):
    with pytest.raises(ValueError, match=r"make_windows\(series, horizon="):
        cheap(cls).fit(SERIES, SERIES.shift())


def test_ids_that_are_lists():
    frame = LONG.assign(store=[[1]] * 10 + [[2]] * 10)
    with pytest.raises(TypeError, match="ids that are strings, numbers.*found a list"):
        make_windows(frame, id="store", time="day", target="sales", **SIZES)


def test_a_series_with_two_levels_and_no_id():
    series = LONG.set_index(["store", "day"])["sales"]
    with pytest.raises(TypeError, match=r"MultiIndex.*to_frame\(\).* id="):
        make_windows(series, **SIZES)
    given = make_windows(series.to_frame(), **SIZES)
    for found in (given, make_windows(series, id="store", **SIZES)):
        assert len(found[1]) == 16


@pytest.mark.parametrize(
    "frame, time",
    [
        (LONG, "day"),
        (LONG.set_index("day"), None),
        (LONG.assign(store=[1] * 10 + [2] * 10), "day"),
        (LONG.sort_values("day").assign(store=[1, 2] * 10), "day"),
    ],
)
def test_a_long_frame_without_its_id(frame, time):
    with pytest.raises((TypeError, ValueError), match="many series.* id="):
        make_windows(frame, time=time, target="sales", **SIZES)


def test_the_first_missing_value_names_the_mask():
    for series in (SERIES.where(SERIES != 3), np.where(SERIES == 3, np.nan, SERIES)):
        with pytest.raises(ValueError, match="NaN at .*row 3.*missing='mask'"):
            make_windows(series, **SIZES)


def test_the_history_of_mase_may_come_third():
    assert mase([3.0], [5.0], [1, 3, 2, 5]) == mase([3.0], [5.0], y_train=[1, 3, 2, 5])


def test_a_display_of_a_series_forecaster():
    pytest.importorskip("matplotlib")
    model = SeriesForecaster(NaiveForecaster(), 1, 2).fit(SERIES)
    with pytest.raises(TypeError, match=r"estimator_.*make_windows"):
        ForecastDisplay.from_estimator(model, SERIES)
