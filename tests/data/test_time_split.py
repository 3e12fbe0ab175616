"""The split by time, where every value is its own day: targets tell when they are."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sktorch_forecast import (
    ConformalForecaster,
    MLPForecaster,
    NaiveForecaster,
    Panel,
    SeriesForecaster,
    Windows,
    latest_windows,
    make_windows,
)
from sktorch_forecast._data.time_split import split_by_time
from sktorch_forecast.model_selection import RollingOriginSplit

HORIZON, LENGTH = 2, 3
NAMES = {"id": "name", "time": "day", "target": "clock"}


def series(name, days, unit="D"):
    clock = (days - pd.Timestamp("2024-01-01")) / pd.Timedelta(1, unit)
    return pd.DataFrame({"name": name, "day": days, "clock": clock})


def mixed():
    """A daily and a weekly series, which end on about the same day."""
    daily = series("daily", pd.date_range("2024-01-01", periods=120))
    weekly = series("weekly", pd.date_range("2024-01-01", periods=18, freq="W"))
    return pd.concat([daily, weekly], ignore_index=True)


def mixed_windows(frame=None):
    frame = mixed() if frame is None else frame
    X, y = make_windows(frame, horizon=HORIZON, length=LENGTH, **NAMES)
    origins = np.asarray(X)[:, -1, 0]  # the day that each origin is
    return X, y, origins


def check_split(y, origins, train, test):
    """All that is trained on is known at the first test origin, and nothing is lost."""
    first = origins[test].min()
    assert len(train) and y[train].max() <= first
    left_out = np.setdiff1d(np.arange(len(y)), np.r_[train, test])
    assert (y[left_out, -1] > first).all()


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_weekly_targets_are_two_weeks_ahead_beside_a_daily_series(fraction):
    X, y, origins = mixed_windows()
    before, last = split_by_time(X, fraction, HORIZON)
    check_split(y, origins, before, last)
    assert len(last) == pytest.approx(fraction * len(X), abs=1)
    # What the weekly series is trained on ends two weeks before, not two days.
    weekly = np.intersect1d(before, np.flatnonzero(X.series == 1))
    assert 14 <= origins[last].min() - origins[weekly].max() < 21


def test_the_split_is_the_same_wherever_the_windows_come_from():
    X, y, origins = mixed_windows()
    order = np.random.default_rng(0).permutation(len(X))
    expected = split_by_time(X, 0.25, HORIZON)
    for part in (X[order], pickle.loads(pickle.dumps(X[order]))):
        found = split_by_time(part, 0.25, HORIZON)
        for rows, rows_in_order in zip(found, expected):
            assert_array_equal(np.sort(order[rows]), rows_in_order)


def test_early_stopping_and_calibration_split_by_the_time_of_the_targets():
    X, y, origins = mixed_windows()
    net = MLPForecaster(max_epochs=1, validation_fraction=0.25).fit(X, y)
    train, valid = net.get_split_datasets(X, y)
    check_split(y, origins, train.indices, valid.indices)

    class Spy(NaiveForecaster):
        def fit(self, X, y):
            Spy.seen = y
            return super().fit(X, y)

    fitted = ConformalForecaster(Spy(), coverage=0.5, calibration_fraction=0.25)
    fitted.fit(X, y)
    _, last = split_by_time(X, 0.25, HORIZON)
    assert Spy.seen.max() <= origins[last].min()


def test_a_backtest_splits_by_the_time_of_the_targets():
    class Spy(NaiveForecaster):
        largest = []

        def fit(self, X, y):
            Spy.largest.append(y.max())
            return super().fit(X, y)

    model = SeriesForecaster(Spy(), HORIZON, LENGTH, **NAMES)
    found = model.backtest(mixed(), start=pd.Timestamp("2024-04-01"), refit=True)
    first_days = np.unique((found["origin"] - pd.Timestamp("2024-01-01")).dt.days)
    assert len(first_days) == len(Spy.largest) > 20
    # The daily series has a target on every day, up to the first origin itself.
    assert_array_equal(Spy.largest, first_days)


@pytest.mark.parametrize("max_train_size", [None, 20])
def test_a_splitter_purges_windows_by_the_time_of_their_targets(max_train_size):
    X, y, origins = mixed_windows()
    cv = RollingOriginSplit(
        3, horizon=HORIZON, test_size=20, max_train_size=max_train_size
    )
    splits = list(cv.split(X, y))
    assert len(splits) == 3
    for train, test in splits:
        first = origins[test].min()
        assert y[train].max() == first
        # As counted without a look at the targets, but for the weekly ones too late.
        (counted, _), *_ = RollingOriginSplit(
            1, gap=HORIZON - 1, test_size=20, max_train_size=max_train_size
        ).split(X[origins <= origins[test].max()])
        counted = np.flatnonzero(origins <= origins[test].max())[counted]
        assert_array_equal(train, counted[y[counted, -1] <= first])
        assert len(train) < len(counted)


def test_series_that_are_read_between_each_other_are_purged_whole():
    """Readings on the hour and on the half hour: a gap in half-hours is too short."""
    hours = pd.date_range("2024-01-01", periods=60, freq="h")
    between = hours + pd.Timedelta(minutes=30)
    frame = pd.concat([series("full", hours, "h"), series("half", between, "h")])
    X, y, origins = mixed_windows(frame.reset_index(drop=True))
    for train, test in RollingOriginSplit(3, horizon=HORIZON, test_size=8).split(X):
        check_split(y, origins, train, test)


def test_a_splitter_with_nothing_left_to_train_on_says_so():
    weekly = series("weekly", pd.date_range("2024-01-07", periods=5, freq="W"))
    daily = series("daily", pd.date_range("2024-01-22", periods=7))
    X, _, _ = mixed_windows(pd.concat([weekly, daily], ignore_index=True))
    # Four origins: a weekly one on 01-21, whose targets end on 02-04, and daily ones on
    # 01-24, 01-25 and 01-26, of which the last two test and the first is in the gap.
    assert X.origins.get_level_values(1).day.tolist() == [21, 24, 25, 26]
    cv = RollingOriginSplit(1, horizon=HORIZON, test_size=2)
    with pytest.raises(ValueError, match="targets are known .* found none"):
        list(cv.split(X))


# ------------------------------------------------------------ when the targets are


@pytest.mark.parametrize("freq", ["D", "B", "ME", "W-SUN", "6h"])
@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
@pytest.mark.parametrize("length", [1, 4])
def test_target_ticks_are_those_of_the_calendar(freq, tz, length):
    days = pd.date_range("2024-01-31", periods=30, freq=freq, tz=tz)
    X, _ = make_windows(pd.Series(0.0, days[:24]), horizon=3, length=length)
    latest = latest_windows(pd.Series(0.0, days[:24]), length=length)
    ticks = pd.Series(days.asi8, days)
    for part in (X, X[::-1], pickle.loads(pickle.dumps(X[[3, 7]])), latest):
        places = days.get_indexer(part.timestamps)
        assert_array_equal(part.origin_ticks, ticks.iloc[places])
        for horizon in (1, 3, 6):
            assert_array_equal(part.target_ticks(horizon), ticks.iloc[places + horizon])
    assert_array_equal(X.target_ticks(), X.target_ticks(3))
    with pytest.raises(ValueError, match="Expected a horizon, found None"):
        latest.target_ticks()


def test_target_ticks_without_a_frequency_are_ranks():
    panel = Panel.from_array(np.zeros((4, 1)), index=["a", "b", "c", "d"])
    X = Windows(panel, [3, 1], length=1)
    assert not panel.has_frequency
    assert X.origin_ticks.tolist() == [3, 1]
    assert X.target_ticks(2).tolist() == [5, 3]
    # Irregular dates: the rows are consecutive all the same.
    index = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-09", "2024-01-10"])
    X = Windows(Panel.from_array(np.zeros((4, 1)), index=index), [3, 1], length=1)
    assert X.target_ticks(1).tolist() == [4, 2]


def test_numbers_that_round_are_split_as_whole_ones():
    whole = pd.Series(np.arange(40.0), pd.Index(np.arange(40)))
    tenths = pd.Series(np.arange(40.0), pd.Index(np.arange(40) * 0.1))
    splits = []
    for load in (whole, tenths):
        X, _ = make_windows(load, horizon=3, length=2)
        part = pickle.loads(pickle.dumps(X[:30]))
        splits += [split_by_time(X[:30], 0.3, 3), split_by_time(part, 0.3, 3)]
    for before, last in splits:
        assert (before.tolist(), last.tolist()) == ([*range(19)], [*range(21, 30)])
