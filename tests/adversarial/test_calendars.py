"""Time axes that are hard: clocks that change at midnight, types of other libraries."""

import numpy as np
import pandas as pd
import pytest

from sktorch_forecast import NaiveForecaster, SeriesForecaster, make_windows

# Days that begin at 01:00, since the clock skips their midnight.
SPRING = {"Africa/Cairo": "2024-04-26", "Asia/Beirut": "2024-03-31"}
# Days whose midnight comes twice, or the hour before it.
AUTUMN = {"Africa/Cairo": "2024-10-31", "Asia/Beirut": "2024-10-26"}


def days_around(zone, day, before, after):
    """Beginnings of days, as the wall clock of a zone shows them."""
    day = pd.Timestamp(day)
    wall = pd.date_range(
        day - pd.Timedelta(days=before), day + pd.Timedelta(days=after)
    )
    first = np.ones(len(wall), dtype=bool)
    return wall.tz_localize(zone, nonexistent="shift_forward", ambiguous=first)


def assert_forecasts_are_for(series, expected):
    model = SeriesForecaster(NaiveForecaster(), len(expected), 2)
    assert list(model.fit(series).forecast().index) == list(expected)


needs_pandas_3 = pytest.mark.skipif(
    int(pd.__version__.partition(".")[0]) < 3,
    reason="pandas 2 raises an error where a zone of pytz has no midnight",
)


# Whether the history ends days before the change, on that day, or after it.
@needs_pandas_3
@pytest.mark.parametrize("after", [-6, -1, 0, 1, 5])
@pytest.mark.parametrize("zone, day", [*SPRING.items(), *AUTUMN.items()])
def test_days_of_a_zone_that_changes_at_midnight(zone, day, after):
    days = days_around(zone, day, 20, 13)
    history, future = days[: 21 + after], days[21 + after : 28 + after]
    series = pd.Series(np.arange(len(history)) * 1.0, index=history)
    assert_forecasts_are_for(series, future)
    if after < 0 or day in AUTUMN.values():  # elsewhere pandas knows no frequency
        series.index.freq = "D"
        assert_forecasts_are_for(series, future)


@pytest.mark.parametrize("zone, day", SPRING.items())
def test_origins_on_the_day_without_a_midnight(zone, day):
    days = days_around(zone, day, 8, 6)
    first, second = days[:9], days[9:]
    model = SeriesForecaster(NaiveForecaster(), 2, 2)
    model.fit(pd.Series(np.arange(9.0), index=first))
    assert list(model.forecast().index) == list(days[9:11])
    model.update(pd.Series(np.arange(6.0), index=second))
    assert model.forecast().index[0] == days[-1] + pd.DateOffset(days=1)


@needs_pandas_3
@pytest.mark.parametrize("zone, day", SPRING.items())
def test_a_series_read_at_one_in_the_morning_stays_there(zone, day):
    days = days_around(zone, day, 8, 6).tz_localize(None).normalize()
    at_one = (days + pd.Timedelta(hours=1)).tz_localize(zone)
    series = pd.Series(np.arange(9.0), index=at_one[:9])
    assert_forecasts_are_for(series, at_one[9:13])


@pytest.mark.parametrize("zone, day", SPRING.items())
def test_a_missing_day_is_still_found(zone, day):
    days = days_around(zone, day, 8, 6)
    series = pd.Series(np.arange(14.0), index=days.delete(11))
    with pytest.raises(ValueError, match="regularly spaced.*in row 11"):
        make_windows(series, horizon=2, length=2)


# --------------------------------------------------------- types of other libraries


def test_timestamps_of_arrow():
    pytest.importorskip("pyarrow")
    days = pd.date_range("2024-02-24", periods=6, unit="ns")
    arrow = pd.Index(days.astype("timestamp[ns][pyarrow]"))
    series = pd.Series(np.arange(6.0), index=arrow)
    assert_forecasts_are_for(series, pd.date_range("2024-03-01", periods=2))
    df = pd.DataFrame({"id": 1, "day": arrow, "y": np.arange(6.0)})
    names = {"id": "id", "time": "day", "target": "y"}
    model = SeriesForecaster(NaiveForecaster(), 1, 2, **names).fit(df)
    assert model.forecast().index[0] == (1, pd.Timestamp("2024-03-01"))


class ArrowLike(pd.api.extensions.ExtensionDtype):
    """Stands for ``pandas.ArrowDtype`` of timestamps where pyarrow is missing."""

    name, type, kind = "timestamp[us][pyarrow]", pd.Timestamp, "M"
    na_value = pd.NaT

    @classmethod
    def construct_array_type(cls):
        return ArrowLikeArray


class ArrowLikeArray(pd.api.extensions.ExtensionArray):
    """Timestamps behind a type that is not pandas' own."""

    dtype = ArrowLike()

    def __init__(self, values):
        self.values = np.asarray(values, "M8[us]")

    @classmethod
    def _from_sequence(cls, scalars, *, dtype=None, copy=False):
        return cls(pd.DatetimeIndex(scalars).to_numpy())

    @classmethod
    def _from_factorized(cls, values, original):
        return cls(values)

    @classmethod
    def _concat_same_type(cls, parts):
        return cls(np.concatenate([part.values for part in parts]))

    def __len__(self):
        return len(self.values)

    def __getitem__(self, key):
        part = self.values[key]
        return pd.Timestamp(part) if np.ndim(part) == 0 else type(self)(part)

    def isna(self):
        return np.isnat(self.values)

    def take(self, indices, *, allow_fill=False, fill_value=None):
        return type(self)(self.values[indices])

    def copy(self):
        return type(self)(self.values.copy())


def test_timestamps_of_a_type_that_is_not_pandas_own():
    days = pd.date_range("2024-02-24", periods=6)
    series = pd.Series(np.arange(6.0), index=pd.Index(ArrowLikeArray(days)))
    assert_forecasts_are_for(series, pd.date_range("2024-03-01", periods=2))
    df = pd.DataFrame({"id": 1, "day": ArrowLikeArray(days), "y": np.arange(6.0)})
    names = {"id": "id", "time": "day", "target": "y"}
    model = SeriesForecaster(NaiveForecaster(), 1, 2, **names).fit(df)
    assert model.forecast().index[0] == (1, pd.Timestamp("2024-03-01"))


class DataArray(np.ndarray):
    """Stands for what xarray has, which is not installed."""

    __module__ = "xarray.core.dataarray"
    dims, coords = ("time",), {}


@pytest.mark.parametrize("params", [{}, {"id": "store"}])
def test_xarray_is_told_to_become_a_frame(params):
    with pytest.raises(TypeError, match=r"xarray DataArray.*to_pandas\(\)"):
        make_windows(np.arange(9.0).view(DataArray), horizon=1, length=2, **params)
