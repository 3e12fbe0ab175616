"""Splits of series that share no time axis, and of rows whose time is not known."""

import numpy as np
import pandas as pd
import pytest

from sktorch_forecast import (
    NaiveForecaster,
    Panel,
    SeriesForecaster,
    Windows,
    make_windows,
)
from sktorch_forecast._data.time_split import split_by_time
from sktorch_forecast.model_selection import RollingOriginSplit

HORIZON, LENGTH = 2, 3
LENGTHS = np.random.default_rng(0).integers(20, 200, size=50)
NAMES = {"id": "id", "time": "t", "target": "y"}


def long_frame(lengths, times):
    """Series of some lengths, on time axes that `times` makes of a length."""
    parts = [
        pd.DataFrame({"id": f"s{i}", "t": times(n), "y": np.arange(n) * 1.0})
        for i, n in enumerate(lengths)
    ]
    return pd.concat(parts, ignore_index=True)


def counted(n):
    return np.arange(n)


def windows(frame):
    return make_windows(frame, horizon=HORIZON, length=LENGTH, **NAMES)


def by_row_numbers():
    """Series one after the other, whose timestamps are the rows of one long array."""
    bounds = np.concatenate([[0], np.cumsum(LENGTHS)])
    panel = Panel.from_array(
        np.arange(bounds[-1] * 1.0).reshape(-1, 1), bounds=bounds, ids=range(50)
    )
    parts = [np.arange(a + 2, b - 2) for a, b in zip(bounds[:-1], bounds[1:])]
    return Windows(panel, np.concatenate(parts), LENGTH, HORIZON)


@pytest.mark.parametrize("kind", ["counted from 0", "rows of one array"])
def test_series_that_are_counted_one_by_one_all_validate(kind):
    X = by_row_numbers() if kind[0] == "r" else windows(long_frame(LENGTHS, counted))[0]
    before, last = split_by_time(X, 0.2, HORIZON)
    for series, n in enumerate(LENGTHS):
        of_series = np.flatnonzero(X.series == series)
        # The last fifth of the origins validate, and the one before it is purged.
        n_last = round(0.2 * (n - LENGTH - HORIZON + 1))
        expected_last = of_series[-n_last:]
        expected_before = of_series[: -n_last - (HORIZON - 1)]
        np.testing.assert_array_equal(last[np.isin(last, of_series)], expected_last)
        found = before[np.isin(before, of_series)]
        np.testing.assert_array_equal(found, expected_before)


def test_some_series_that_ended_early_share_the_axis_of_the_others():
    X, _ = windows(long_frame([100, 100, 100, 30], counted))
    before, last = split_by_time(X, 0.2, HORIZON)
    assert X.times[before].max() + HORIZON <= X.times[last].min()
    assert set(X.series[last]) == {0, 1, 2}


def test_dates_are_shared_whatever_the_series():
    frame = long_frame(LENGTHS, lambda n: pd.date_range("2024-01-01", periods=n))
    X, _ = windows(frame)
    before, last = split_by_time(X, 0.2, HORIZON)
    assert X.times[before].max() + HORIZON <= X.times[last].min()


def test_cross_validation_tests_every_series_at_its_end():
    X, _ = windows(long_frame(LENGTHS, counted))
    n_origins = LENGTHS - LENGTH - HORIZON + 1
    splits = list(RollingOriginSplit(2, horizon=HORIZON, test_size=4).split(X))
    for number, (train, test) in enumerate(splits):
        n_after = 4 * (1 - number)
        for series, n in enumerate(n_origins):
            of_series = np.flatnonzero(X.series == series)
            stop = n - n_after
            np.testing.assert_array_equal(
                test[np.isin(test, of_series)], of_series[stop - 4 : stop]
            )
            np.testing.assert_array_equal(
                train[np.isin(train, of_series)], of_series[: stop - 4 - 1]
            )


def test_a_backtest_learns_from_what_each_series_knew():
    seen = []

    class Spy(NaiveForecaster):
        def fit(self, X, y):
            seen.append(len(X))
            return super().fit(X, y)

    model = SeriesForecaster(Spy(), HORIZON, LENGTH, **NAMES)
    model.backtest(long_frame(LENGTHS, counted), n_origins=1)
    # All but the last origin, and the one whose targets reach past that.
    assert seen == [(LENGTHS - LENGTH - HORIZON + 1 - HORIZON).sum()]


# ------------------------------------------------------------------ what time is it


@pytest.mark.parametrize("ids", [["a", "b"], [True, False], [{"a"}, {"b"}]])
def test_groups_that_are_no_times(ids):
    with pytest.raises(TypeError, match="groups to be timestamps or numbers"):
        list(RollingOriginSplit(1, gap=0).split(np.zeros(20), groups=ids * 10))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_times_in_a_column_are_not_rows(library):
    frame = long_frame([20, 20], lambda n: pd.date_range("2024-01-01", periods=n))
    given = frame
    if library == "polars":
        given = pytest.importorskip("polars").DataFrame(frame.to_dict("list"))
    cv = RollingOriginSplit(1, gap=0, test_size=5)
    with pytest.raises(ValueError, match=r"column 't'.*groups=df\['t'\]"):
        list(cv.split(given))
    [(train, test)] = cv.split(given, groups=given["t"])
    assert frame["t"][train].max() < frame["t"][test].min()
    # The rows of a single series are in the order of time.
    [(train, test)] = cv.split(given[:20])
    assert (list(train), list(test)) == (list(range(15)), list(range(15, 20)))


@pytest.mark.parametrize(
    "form", ["%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d %H:%M", "%B %d, %Y"]
)
def test_dates_as_text_are_not_rows(form):
    # Until the thirteenth of May, 01/05 may be in January as well.
    frame = long_frame([40, 40], lambda n: pd.date_range("2024-05-01", periods=n))
    given = frame.assign(t=frame["t"].dt.strftime(form))
    cv = RollingOriginSplit(1, gap=0, test_size=5)
    with pytest.raises(ValueError, match=r"groups=pandas.to_datetime\(df\['t'\]\)"):
        list(cv.split(given))
    [(train, test)] = cv.split(given[:40])
    assert (list(train), list(test)) == (list(range(35)), list(range(35, 40)))


@pytest.mark.parametrize("names", [["2024", "2023"], ["b", "a"], ["b 1", "a 2"]])
def test_names_are_no_dates(names):
    given = pd.DataFrame({"name": np.repeat(names, 20), "x": 0.0})
    [(train, test)] = RollingOriginSplit(1, gap=0, test_size=5).split(given)
    assert (list(train), list(test)) == (list(range(35)), list(range(35, 40)))
