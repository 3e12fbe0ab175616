"""CalendarFeatures against Python's own calendar and dates worked out by hand."""

import sys
from datetime import date, datetime
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_union
from sklearn.utils import check_array
from sklearn.utils.estimator_checks import parametrize_with_checks

from sktorch_forecast import CalendarFeatures, make_windows

ALL = ("minute", "hour", "dayofweek", "day", "dayofyear", "week", "month")
HOURS = pd.date_range("2023-12-24", periods=24 * 400, freq="h", name="time")


def at(*times, tz=None):
    """A frame without columns at these times."""
    return pd.DataFrame(index=pd.DatetimeIndex(times, tz=tz))


def positions(feature, frame):
    """Position in the cycle, in [0, 1), from the sine and cosine."""
    sine, cosine = CalendarFeatures([feature]).transform(frame).to_numpy().T
    assert_allclose(sine**2 + cosine**2, 1, rtol=1e-12)
    return np.arctan2(sine, cosine) / (2 * np.pi) % 1


# -------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    "feature, time, position",
    [
        ("minute", "2024-05-06 07:45", 45 / 60),
        ("hour", "2024-05-06 23:59", 23 / 24),
        ("dayofweek", "2024-05-06", 0),  # a Monday
        ("dayofweek", "2024-05-12 23:00", 6 / 7),  # a Sunday
        ("day", "2023-02-28", 27 / 28),
        ("day", "2024-02-28", 27 / 29),
        ("day", "2024-02-29", 28 / 29),
        ("day", "2024-04-30", 29 / 30),
        ("day", "2024-12-31", 30 / 31),
        ("dayofyear", "2023-12-31", 364 / 365),
        ("dayofyear", "2024-02-29", 59 / 366),
        ("dayofyear", "2024-12-31", 365 / 366),
        ("dayofyear", "1900-12-31", 364 / 365),  # divisible by 4, but no leap year
        ("week", "2020-12-31", 52 / 53),  # week 53, of 53 in 2020
        ("week", "2021-01-03", 52 / 53),  # still in it
        ("week", "2021-01-04", 0),
        ("week", "2024-12-29", 51 / 52),
        ("week", "2024-12-30", 0),  # in week 1 of 2025
        ("month", "2024-01-31", 0),
        ("month", "2024-12-01", 11 / 12),
    ],
)
def test_position_in_the_cycle(feature, time, position):
    frame = at(time)
    names = [f"{feature}_sin", f"{feature}_cos"]
    found = CalendarFeatures([feature]).fit_transform(frame)
    assert found.columns.tolist() == names
    angle = 2 * np.pi * position
    assert_allclose(found.to_numpy(), [[np.sin(angle), np.cos(angle)]], atol=1e-14)


def test_weeks_are_those_of_pythons_calendar():
    # Three days around each turn of the year, in a whole cycle of 400 years.
    days = [
        date(y, m, d) for y in range(1800, 2200) for m, d in [(1, 1), (1, 4), (12, 28)]
    ]
    iso = [day.isocalendar() for day in days]
    # December 28 is always in the last week.
    n_weeks = [date(year, 12, 28).isocalendar().week for year, _, _ in iso]
    expected = [(week - 1) / n for (_, week, _), n in zip(iso, n_weeks)]
    found = positions("week", at(*days))
    # The difference around the circle: 0 and 1 are the same place.
    assert_allclose((found - expected + 0.5) % 1, 0.5, atol=1e-12)


@pytest.mark.parametrize(
    "feature, first, last",
    [
        ("minute", "2024-01-01 00:00", "2024-01-01 00:59"),
        ("hour", "2024-01-01 00:00", "2024-01-01 23:00"),
        ("dayofweek", "2024-01-01", "2024-01-07"),
        ("day", "2024-01-01", "2024-01-31"),
        ("dayofyear", "2024-01-01", "2024-12-31"),
        ("week", "2024-01-01", "2020-12-31"),
        ("month", "2024-01-01", "2024-12-01"),
    ],
)
def test_ordinal_goes_from_minus_a_half_to_a_half(feature, first, last):
    found = CalendarFeatures([feature], encoding="ordinal").transform(at(first, last))
    assert found.columns.tolist() == [feature]
    assert found[feature].tolist() == [-0.5, 0.5]


def test_ordinal_values_between():
    ordinal = CalendarFeatures(ALL, encoding="ordinal")
    found = ordinal.transform(at("2023-07-13 06:15")).iloc[0]  # a Thursday in week 28
    expected = [15 / 59, 6 / 23, 3 / 6, 12 / 30, 193 / 365, 27 / 52, 6 / 11]
    assert_allclose(found, np.array(expected) - 0.5, atol=1e-15)


@pytest.mark.parametrize(
    "feature, period", [("minute", "1h"), ("hour", "1D"), ("dayofweek", "7D")]
)
@pytest.mark.parametrize("encoding", ["cyclical", "ordinal"])
def test_cycles_of_fixed_length_repeat(feature, period, encoding):
    quarters = pd.date_range("2024-02-25", periods=4 * 24 * 14, freq="15min")
    calendar = CalendarFeatures([feature], encoding=encoding)
    here = calendar.transform(pd.DataFrame(index=quarters)).to_numpy()
    later = calendar.transform(pd.DataFrame(index=quarters + pd.Timedelta(period)))
    assert_array_equal(here, later)


@pytest.mark.parametrize("feature", ["day", "dayofyear"])
@pytest.mark.parametrize("year", [2023, 2024])
def test_each_month_and_year_closes_its_circle(feature, year):
    days = pd.date_range(f"{year}-01-01", f"{year + 1}-01-01")
    steps = np.diff(positions(feature, pd.DataFrame(index=days))) % 1
    if feature == "day":
        expected = 1 / days.days_in_month[:-1].to_numpy()
    else:
        expected = np.full(len(steps), 1 / (len(days) - 1))
    assert_allclose(steps, expected, atol=1e-12)


def test_the_clock_on_the_wall_counts_when_it_is_changed():
    # In Berlin, 2 o'clock is left out on 2024-03-31 and comes twice on 2024-10-27.
    for day, hours in [
        ("2024-03-31", [0, 1, 3, 4]),
        ("2024-10-27", [0, 1, 2, 2, 3]),
    ]:
        times = pd.date_range(day, periods=len(hours), freq="h", tz="Europe/Berlin")
        calendar = CalendarFeatures(["hour"], encoding="ordinal")
        found = calendar.transform(pd.DataFrame(index=times))["hour"]
        assert_allclose(found, np.array(hours) / 23 - 0.5, atol=1e-15)
    # A Sunday in UTC, a Monday in Tokyo.
    sunday = pd.DatetimeIndex(["2024-05-05 20:00"], tz="UTC")
    assert positions("dayofweek", pd.DataFrame(index=sunday)) == pytest.approx(6 / 7)
    in_tokyo = pd.DataFrame(index=sunday.tz_convert("Asia/Tokyo"))
    assert positions("dayofweek", in_tokyo) == pytest.approx(0)


# --------------------------------------------------------------- where time comes from


@pytest.fixture
def expected():
    return CalendarFeatures(ALL).transform(pd.DataFrame(index=HOURS))


def test_a_series_and_columns_of_values_make_no_difference(expected):
    series = pd.Series(np.arange(len(HOURS)), index=HOURS, name="load")
    for X in (series, series.to_frame(), series.to_frame().assign(wind="calm")):
        pd.testing.assert_frame_equal(CalendarFeatures(ALL).fit_transform(X), expected)


def test_periods_count_from_their_beginning(expected):
    found = CalendarFeatures(ALL).transform(pd.DataFrame(index=HOURS.to_period("h")))
    assert_array_equal(found, expected)
    quarter = pd.DataFrame(index=pd.PeriodIndex(["2024Q2"], freq="Q"))
    calendar = CalendarFeatures(["day", "month"], encoding="ordinal")
    assert_allclose(calendar.transform(quarter), [[-0.5, 3 / 11 - 0.5]])


@pytest.mark.parametrize("name", ["time", 1])
@pytest.mark.parametrize("kind", ["timestamps", "periods"])
def test_a_column_of_times(expected, name, kind):
    times = HOURS if kind == "timestamps" else HOURS.to_period("h")
    X = pd.DataFrame({0: 1.5, name: times})
    found = CalendarFeatures(ALL, index_column=name).fit_transform(X)
    assert_array_equal(found, expected)
    assert found.index.equals(X.index)


def test_a_panel_is_read_at_its_last_level(expected):
    index = pd.MultiIndex.from_product([["b", "a"], HOURS[:48]], names=["id", "time"])
    found = CalendarFeatures(ALL).transform(pd.DataFrame(index=index))
    assert found.index.equals(index)
    for series in ("a", "b"):
        assert_array_equal(found.loc[series], expected[:48])


def test_rows_may_come_in_any_order_and_twice(expected):
    rows = np.random.default_rng(0).integers(0, len(HOURS), size=100)
    found = CalendarFeatures(ALL).transform(pd.DataFrame(index=HOURS[rows]))
    pd.testing.assert_frame_equal(found, expected.iloc[rows])


def test_windows_have_the_calendar_as_channels():
    load = pd.Series(np.arange(48.0), index=HOURS[:48], name="load")
    calendar = CalendarFeatures(["hour"]).fit_transform(load)
    X, _ = make_windows(
        load.to_frame().join(calendar), horizon=1, length=24, target="load"
    )
    assert X.channels == ("load", "hour_sin", "hour_cos")
    angle = 2 * np.pi * np.arange(24) / 24
    assert_allclose(np.asarray(X[0])[:, 1], np.sin(angle), atol=1e-7)


# ------------------------------------------------------------------------- holidays


@pytest.fixture
def asked(monkeypatch):
    """A stand-in for the package holidays; the list of what it was asked."""
    asked = []

    def country_holidays(country, subdiv, years):
        asked.append((country, subdiv, years))
        if country == "XX":
            raise NotImplementedError("Country XX not available")
        return {date(year, 10, 3): "A day off" for year in years}

    fake = SimpleNamespace(country_holidays=country_holidays)
    monkeypatch.setitem(sys.modules, "holidays", fake)
    return asked


def test_holidays_are_marked_by_the_local_day(asked):
    # In Berlin, October 3 begins at 22:00 of October 2 in UTC.
    times = pd.date_range("2023-10-02 21:00", periods=4, freq="h", tz="UTC")
    times = times.append(pd.DatetimeIndex(["2024-10-03 12:00"], tz="UTC"))
    frame = pd.DataFrame(index=times.tz_convert("Europe/Berlin"))
    found = CalendarFeatures([], holidays="DE").fit_transform(frame)
    assert found.columns.tolist() == ["holiday"]
    assert found["holiday"].tolist() == [0, 1, 1, 1, 1]
    assert asked[-1] == ("DE", None, [2023, 2024])


def test_part_of_a_country(asked):
    CalendarFeatures(holidays="DE-BY").transform(at("2024-08-15"))
    assert asked == [("DE", "BY", [2024])]


@pytest.mark.parametrize("code", ["DE-", "-"])
def test_a_part_without_a_name_is_not_the_country(code, asked):
    with pytest.raises(ValueError, match=f"ISO 3166.*found '{code}': no part"):
        CalendarFeatures(holidays=code).fit(at("2024-08-15"))
    assert not asked


def test_holidays_come_last(asked):
    calendar = CalendarFeatures(["month"], holidays="DE")
    names = ["month_sin", "month_cos", "holiday"]
    assert calendar.get_feature_names_out().tolist() == names
    assert calendar.transform(at("2024-01-01")).columns.tolist() == names


def test_an_unknown_country_is_an_error_in_fit(asked):
    with pytest.raises(ValueError, match="ISO 3166.*found 'XX': Country XX not avail"):
        CalendarFeatures(holidays="XX").fit(at("2024-01-01"))


@pytest.mark.parametrize("method", ["fit", "transform"])
def test_without_the_package_the_error_names_the_extra(monkeypatch, method):
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ImportError, match=r"sktorch-forecast\[calendar\]"):
        getattr(CalendarFeatures(holidays="DE"), method)(at("2024-01-01"))


@pytest.mark.skipif(find_spec("holidays") is None, reason="holidays is not installed")
def test_true_holidays():
    # Good Friday, Easter Monday, the Assumption, German Unity Day, an ordinary day.
    days = at("2024-03-29", "2024-04-01", "2024-08-15", "2024-10-03", "2024-10-04")
    for code, expected in [("DE", [1, 1, 0, 1, 0]), ("DE-SL", [1, 1, 1, 1, 0])]:
        found = CalendarFeatures([], holidays=code).fit_transform(days)
        assert found["holiday"].tolist() == expected
    for code in ("XX", "DE-XX"):
        with pytest.raises(ValueError, match=f"found '{code}'"):
            CalendarFeatures(holidays=code).fit(days)


# --------------------------------------------------------------------- as an estimator


class NumbersAsWeeks(CalendarFeatures):
    """Takes the first column of an array of numbers as weeks since 1970.

    scikit-learn's checks pass arrays of numbers, and so skip the transformer itself.
    """

    def fit(self, X, y=None):
        return super().fit(self._frame(X))

    def transform(self, X):
        return super().transform(self._frame(X)).to_numpy()

    def _frame(self, X):
        weeks = check_array(X, dtype=np.float64)[:, 0]
        origin = np.datetime64("1970-01-01", "s")
        seconds = (weeks * 7 * 86400).astype("timedelta64[s]")
        return pd.DataFrame(index=pd.DatetimeIndex(origin + seconds))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


@parametrize_with_checks([NumbersAsWeeks(ALL)])
def test_estimator_check_on_numbers_taken_as_weeks(estimator, check):
    check(estimator)


def test_parameters_survive_get_set_and_clone():
    calendar = CalendarFeatures()
    assert calendar.get_params() == {
        "features": ("hour", "dayofweek", "dayofyear"),
        "encoding": "cyclical",
        "holidays": None,
        "index_column": None,
    }
    features = ["month"]
    calendar.set_params(features=features, encoding="ordinal")
    assert calendar.features is features
    assert clone(calendar).get_params() == calendar.get_params()
    fitted = calendar.fit(at("2024-01-01"))
    assert fitted is calendar
    assert set(vars(calendar)) == set(calendar.get_params())


def test_names_are_known_before_any_fit():
    names = CalendarFeatures().get_feature_names_out()
    assert names.dtype == object
    assert names.tolist() == [
        "hour_sin",
        "hour_cos",
        "dayofweek_sin",
        "dayofweek_cos",
        "dayofyear_sin",
        "dayofyear_cos",
    ]


def test_set_output_takes_pandas_and_polars(expected):
    polars = pytest.importorskip("polars")
    X = pd.DataFrame(index=HOURS)
    found = CalendarFeatures(ALL).set_output(transform="pandas").fit_transform(X)
    pd.testing.assert_frame_equal(found, expected)
    found = CalendarFeatures(ALL).set_output(transform="polars").fit_transform(X)
    assert isinstance(found, polars.DataFrame)
    assert found.columns == list(expected)
    assert_array_equal(found.to_numpy(), expected)


def test_a_union_keeps_time_and_names():
    both = make_union(
        CalendarFeatures(["hour"]), CalendarFeatures(["month"], encoding="ordinal")
    ).set_output(transform="pandas")
    found = both.fit_transform(pd.DataFrame(index=HOURS))
    assert found.index.equals(HOURS)
    assert found.columns.tolist() == [
        "calendarfeatures-1__hour_sin",
        "calendarfeatures-1__hour_cos",
        "calendarfeatures-2__month",
    ]


# ------------------------------------------------------------------------- errors


@pytest.mark.parametrize("method", ["fit", "transform"])
@pytest.mark.parametrize(
    "params, X, error, message",
    [
        ({}, HOURS.to_numpy(), TypeError, "DataFrame or Series.*found ndarray"),
        ({}, [datetime(2024, 1, 1)], TypeError, "DataFrame or Series.*found list"),
        ({}, pd.DataFrame({"a": [1]}), TypeError, "in the index, found int64.*index_c"),
        (
            {"index_column": "a"},
            pd.DataFrame({"a": ["2024-01-01"]}),
            TypeError,
            "in column 'a', found (str|object).*to_datetime",
        ),
        (
            {"index_column": "time"},
            pd.DataFrame({"a": [1]}),
            ValueError,
            r"column 'time' of timestamps, found columns \['a'\]",
        ),
        (
            {"index_column": "time"},
            pd.Series(1, index=HOURS),
            ValueError,
            r"column 'time' of timestamps, found columns \[\]",
        ),
        ({}, at("2024-01-01", None), ValueError, "the index, found none in row 1"),
        ({"features": "hour"}, at("2024-01-01"), ValueError, "'features' parameter"),
        (
            {"features": ["hours"]},
            at("2024-01-01"),
            ValueError,
            "features from .*'hours'",
        ),
        (
            {"features": ["hour", "hour"]},
            at("2024-01-01"),
            ValueError,
            r"each at most once, found \['hour', 'hour'\]",
        ),
        ({"features": ()}, at("2024-01-01"), ValueError, "features or holidays"),
        ({"encoding": "onehot"}, at("2024-01-01"), ValueError, "'encoding' parameter"),
        ({"holidays": ["DE"]}, at("2024-01-01"), ValueError, "'holidays' parameter"),
        ({"index_column": 1.5}, at("2024-01-01"), ValueError, "'index_column' param"),
    ],
)
def test_bad_input_is_an_error(method, params, X, error, message):
    with pytest.raises(error, match=message):
        getattr(CalendarFeatures(**params), method)(X)
