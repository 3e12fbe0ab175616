"""Phases are those of the time, whatever is cut out of a series."""

from datetime import date

import numpy as np
import pandas as pd
import polars
import pytest
from numpy.testing import assert_array_equal

from sktorch_forecast import Panel, Windows, latest_windows, make_windows
from sktorch_forecast._data.phases import clock_of, phases_of

N, LENGTH = 400, 5
SIZES = {"horizon": 2, "length": LENGTH}
EPOCH = date(1970, 1, 1)


def windows(index, **options):
    values = np.random.default_rng(0).normal(size=len(index))
    return make_windows(pd.Series(values, index), **SIZES, **options)[0]


def hours(stamp):
    return (stamp.tz_localize("UTC") if stamp.tz is None else stamp).timestamp() // 3600


def days(stamp):
    return (stamp.date() - EPOCH).days


def months(stamp):
    return 12 * stamp.year + stamp.month


def workdays(stamp):
    """Since Monday, 5 January 1970."""
    weeks, weekday = divmod(days(stamp) - 4, 7)
    return 5 * weeks + weekday


# index: (timestamps in the cycle, the number of the step that a timestamp is in)
AXES = {
    "hours": (pd.date_range("2024-03-20", periods=N, freq="h"), 24, hours),
    "hours before 1970": (pd.date_range("1969-12-25", periods=N, freq="h"), 24, hours),
    # The clock changes within: an hour is missing, or comes twice.
    "hours, spring": (
        pd.date_range("2024-03-25", periods=N, freq="h", tz="Europe/Berlin"),
        24,
        hours,
    ),
    "hours, autumn": (
        pd.date_range("2024-10-20", periods=N, freq="h", tz="Europe/Berlin"),
        24,
        hours,
    ),
    "days": (pd.date_range("2024-01-05 07:00", periods=N), 7, days),
    "days of a zone": (
        pd.date_range("2024-01-05", periods=N, tz="America/New_York"),
        7,
        days,
    ),
    "weeks": (
        pd.date_range("2018-01-03", periods=N, freq="7D"),
        52,
        lambda stamp: days(stamp) // 7,
    ),
    "business days": (
        pd.date_range("2024-01-05", periods=N, freq="B"),
        5,
        workdays,
    ),
    "month ends": (pd.date_range("1990-01-31", periods=N, freq="ME"), 12, months),
    "quarters": (
        pd.date_range("1990-02-01", periods=N // 4, freq="QS-FEB"),
        4,
        lambda stamp: months(stamp) // 3,
    ),
    "periods": (
        pd.period_range("1990-01", periods=N, freq="M"),
        12,
        lambda period: 12 * (period.year - 1970) + period.month - 1,
    ),
    "time steps": (
        pd.timedelta_range("3h", periods=N, freq="15min"),
        4,
        lambda step: step.total_seconds() // 900,
    ),
    "integers": (pd.Index(np.arange(7, 7 + 3 * N, 3), name="t"), 8, lambda t: t // 3),
}


@pytest.mark.parametrize("name", AXES)
def test_phases_count_the_steps_of_the_time(name):
    index, cycle, number = AXES[name]
    X = windows(index)
    clock = clock_of(X)
    phases = phases_of(X, clock, cycle)
    numbers = np.array([int(number(stamp)) for stamp in X.timestamps])
    # Where the first phase is does not matter; from there on, they count.
    offset = (phases[0] - numbers[0]) % cycle
    assert_array_equal(phases, (numbers + offset) % cycle)
    assert_array_equal(np.diff(phases) % cycle, 1)
    tail = windows(index[57:])
    assert_array_equal(phases_of(tail, clock, cycle), phases[57:])
    assert_array_equal(phases_of(X[[3, 90, 4]], clock, cycle), phases[[3, 90, 4]])
    last = latest_windows(pd.Series(1.0, index[: 60 + LENGTH]), length=LENGTH)
    assert_array_equal(phases_of(last, clock, cycle), phases[[60]])


def test_series_of_a_panel_share_the_time():
    index = pd.date_range("2024-01-01", periods=40)
    frame = pd.DataFrame(
        {
            "id": ["a"] * 40 + ["b"] * 25,
            "day": [*index, *index[15:]],
            "y": np.arange(65.0),
        }
    )
    X, _ = make_windows(frame, id="id", time="day", target="y", **SIZES)
    phases = phases_of(X, clock_of(X), 7)
    assert_array_equal(phases, [days(stamp) % 7 for stamp in X.timestamps])
    of_polars = polars.DataFrame({name: frame[name].to_numpy() for name in frame})
    X, _ = make_windows(of_polars, id="id", time="day", target="y", **SIZES)
    assert_array_equal(phases_of(X, clock_of(X), 7), phases)


def test_rows_before_a_series_have_no_time_of_their_own():
    index = pd.date_range("2024-01-01", periods=12, freq="h")
    X = windows(index, missing="mask", pad=True)
    assert X.positions[0] < LENGTH  # such rows are there
    phases = phases_of(X, clock_of(X), 24)
    assert_array_equal(phases, X.timestamps.hour)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_unit_of_timestamps_does_not_matter(unit):
    index = pd.date_range("2024-01-01", periods=N, freq="h")
    clock = clock_of(windows(index))
    X = windows(index.as_unit(unit))
    assert clock_of(X) == clock
    assert_array_equal(phases_of(X, clock, 24), X.timestamps.hour)


HOURS = pd.date_range("2024-01-01", periods=60, freq="h")
BUSINESS = pd.date_range("2024-01-01", periods=60, freq="B")


@pytest.mark.parametrize(
    "X, found",
    [
        (np.zeros((9, LENGTH)), "an array"),
        (windows(pd.RangeIndex(60)), "unnamed row numbers"),
        (windows(pd.RangeIndex(60))[20:], "unnamed row numbers"),
        (windows(pd.Index(np.arange(60))), "unnamed row numbers"),
        (Windows(np.zeros((60, 1)), np.arange(10, 20), LENGTH), "unnamed row numbers"),
        (windows(pd.Index(np.arange(60) / 4, name="t")), "times of float64"),
    ],
)
def test_windows_must_know_their_times(X, found):
    message = f"with times for normalize='cycle', .* found {found}"
    with pytest.raises(ValueError, match=message):
        clock_of(X)
    with pytest.raises(ValueError, match=message):
        phases_of(X, clock_of(windows(HOURS)), 24)


def test_rows_of_a_wide_frame_are_no_times():
    frame = pd.DataFrame(np.zeros((60, 2)), columns=["a", "b"])
    X, _ = make_windows(frame, id="columns", **SIZES)
    with pytest.raises(ValueError, match="found unnamed row numbers"):
        clock_of(X)


@pytest.mark.parametrize(
    "fitted, index, message",
    [
        (HOURS, HOURS.tz_localize("UTC"), "with timestamps, .* timestamps in UTC"),
        (
            HOURS.tz_localize("Europe/Berlin"),
            HOURS.tz_localize("UTC"),
            "in Europe/Berlin, .* in UTC. Convert them, e.g. with tz_convert",
        ),
        (HOURS, HOURS.to_period("h"), "with timestamps, .* found periods of h"),
        (
            pd.period_range("2024-01-01", periods=9, freq="D"),
            HOURS.to_period("h"),
            "with periods of D, .* found periods of h",
        ),
        (HOURS, HOURS[::2], "steps of 0 days 01:00:00, .* 02:00:00 after .* 00:00:00"),
        (HOURS, pd.date_range("2024-01-01", periods=60, freq="30min"), "00:30:00"),
        (HOURS.as_unit("s"), pd.date_range("2024", periods=60, freq="ms"), "0.001"),
        (
            pd.date_range("2024-01-01", periods=60, freq="500ms"),
            HOURS.as_unit("s"),
            "steps of 0 days 00:00:00.500000",
        ),
        (
            pd.date_range("2024-01-01", periods=60, freq="1500ms"),
            pd.date_range("2024-01-01", periods=60, freq="s").as_unit("s"),
            "steps of 0 days 00:00:01.500000",
        ),
        (BUSINESS, pd.date_range("2024-01-01", periods=60), "1 business days"),
        (
            pd.date_range("2000-01-31", periods=60, freq="ME"),
            pd.date_range("2000-01-31", periods=60),
            "steps of 1 months",
        ),
        (
            pd.RangeIndex(60, name="t"),
            pd.RangeIndex(0, 120, 2, name="t"),
            "steps of 1, .* found 2 after 0",
        ),
    ],
)
def test_times_must_be_those_of_the_fit(fitted, index, message):
    clock = clock_of(Windows(*some(fitted)))
    with pytest.raises(ValueError, match=message):
        phases_of(windows(index), clock, 24)


def some(index):
    """A few windows of a short series."""
    panel = Panel.from_array(np.zeros((len(index), 1)), index=index)
    return panel, [len(index) - 1], 2


def test_rows_with_a_gap_are_not_counted():
    """A panel of one's own may have them."""
    index = HOURS.delete(30)
    panel = Panel.from_array(np.zeros((59, 1)), index=index, freq="h")
    X = Windows(panel, np.arange(LENGTH, 59), LENGTH)
    clock = clock_of(X)
    with pytest.raises(ValueError, match="07:00:00 after 2024-01-02 05:00:00"):
        phases_of(X, clock, 24)
    before = X[X.positions < 30]
    assert_array_equal(phases_of(before, clock, 24), before.timestamps.hour)


def test_a_few_rows_are_counted_as_in_the_fit():
    """Alone, these four business days would be taken for days."""
    clock = clock_of(windows(BUSINESS))
    week = Windows(*some(BUSINESS[[5, 6, 7, 8]]))
    assert clock_of(week) != clock
    expected = phases_of(windows(BUSINESS), clock, 5)[8 - LENGTH + 1]
    assert_array_equal(phases_of(week, clock, 5), [expected])


def test_steps_must_be_countable():
    index = pd.date_range("2024-01-01", periods=60, freq="SME")
    with pytest.raises(ValueError, match="fixed number of days, .* found .* 'SME-15'"):
        clock_of(windows(index))
    with pytest.raises(ValueError, match="regular frequency .* found an unknown one"):
        clock_of(Windows(*some(HOURS[[0, 1, 5]])))
    frame = pd.DataFrame(
        {
            "id": ["a"] * 40 + ["b"] * 40,
            "time": [*HOURS[:40], *pd.date_range("2024-01-01", periods=40)],
            "y": 0.0,
        }
    )
    X, _ = make_windows(frame, id="id", time="time", target="y", **SIZES)
    with pytest.raises(ValueError, match="of one regular frequency .* found 3"):
        clock_of(X)
    assert clock_of(X[X.series == 0]) == clock_of(windows(HOURS))
