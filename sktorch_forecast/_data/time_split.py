"""The split by time: which samples may be trained on, and which are for testing.

Early stopping, calibration, backtests and cross-validation all ask the same question,
so the answer is in one place, :func:`known_by`.
"""

from typing import Any

import numpy as np
import pandas as pd

from .indexing import Runs
from .timed_runs import TimedRuns, ticks_in_runs
from .windows import Windows


def known_by(origins: np.ndarray, reach: np.ndarray, first: float) -> np.ndarray:
    """Which samples may be trained on, given the first origin of the test.

    Those whose last target is known at that origin. A forecast from there has seen all
    values up to its own timestamp and none after it. Splitting the samples by their
    origins is not enough: the targets of the last ones before the test would reach into
    it, so that a model would be scored on values that it was trained on.

    What matters is the *time* of the targets, not how many origins lie in between. One
    step of a weekly series is seven timestamps of a daily one.

    Parameters
    ----------
    origins, reach : ndarray of shape (n_origins,)
        Time of each origin and of its last target, in any common unit.
    first : number
        Time of the first origin of the test, in that unit.

    Returns
    -------
    known : ndarray of shape (n_origins,), bool
    """
    if reach.dtype.kind == "f":  # sums of steps have rounding errors
        reach = reach - 1e-6 * (reach - origins)
    return reach <= first


def origins_and_reach(
    X: Windows | np.ndarray, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Time of each origin and of its last target, two arrays of shape (n_origins,).

    The rows of an array are taken for consecutive origins. If series do not share a
    time axis, time is counted from the last origin of each.
    """
    if not isinstance(X, Windows):
        rows = np.arange(len(X))
        return rows, rows + horizon
    origins, reach = X.origin_ticks, X.target_ticks(horizon)
    if share_time_axis(X, horizon):
        return origins, reach
    ends = _last_of_series(X, origins)[X.series]
    return origins - ends, reach - ends


class SampleTimes:
    """Times of samples, and which of them are known at a time.

    Parameters
    ----------
    X : Windows
    horizon : int
        Number of timestamps that the targets reach ahead.
    """

    def __init__(self, X: Windows, horizon: int) -> None:
        self.X, self.horizon = X, horizon
        self._timed = timed = ticks_in_runs(X)
        if timed is None:
            self._listed = origins_and_reach(X, horizon)
        elif not share_time_axis(X, horizon):
            last = timed.first + (timed.rows.sizes - 1) * timed.step
            first = timed.first - last
            self._timed = TimedRuns(timed.rows, timed.begin, first, timed.step)

    def at(self, rows: np.ndarray) -> np.ndarray:
        """Times of the origins in some rows."""
        return self._listed[0][rows] if self._timed is None else self._timed.at(rows)

    def known(self, first: Any) -> Any:
        """Rows whose targets are known at the time `first`: integers, or `Runs`."""
        if self._timed is None:
            return np.flatnonzero(known_by(*self._listed, first))
        step = self.horizon * self._timed.step
        return self._timed.between(-np.inf, first - step + 1)

    def latest_series(self) -> np.ndarray:
        """Series that have an origin at the latest time."""
        if self._timed is None:
            origins = self._listed[0]
            return np.unique(self.X.series[origins == origins.max()])
        runs: Any = self.X.positions
        times = self._timed.at(self._timed.rows.stops - 1)
        return self.X.panel.series_of(runs.starts[times == times.max()])


def share_time_axis(X: Windows, horizon: int) -> bool:
    """Whether the same timestamp of two series means the same time.

    For dates it does. Numbers may be years, or count the rows within each series, as in
    the M4 data, where number 100 of one series has nothing to do with number 100 of
    another. Then a split at one number would leave only the longest series in the test.
    We tell the two cases apart by the ends of series: series that are observed together
    end together, except for a few that ended earlier. So numbers are shared if at least
    half of the series have their last origin less than a horizon before the very last
    one.

    Mistaking a shared axis for counts lets the training see what happened to other
    series during the test; mistaking counts for a shared axis tests only a few series
    and trains on little of the others. Neither can be detected and reported as an
    error.
    """
    index = X.panel.index[:0]
    if X.panel.n_series == 1 or isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex)):
        return True
    if not len(X):
        return True
    timed = ticks_in_runs(X)
    if timed is None:
        origins = X.origin_ticks
        last = _last_of_series(X, origins)[np.unique(X.series)]
        step = np.max(X.target_ticks(1) - origins)  # length of one timestamp
    else:
        n_steps = timed.rows.sizes - 1
        last, step = timed.first + n_steps * timed.step, timed.step.max()
    return bool(2 * np.sum(last > last.max() - horizon * step) >= len(last))


def _last_of_series(X: Windows, origins: np.ndarray) -> np.ndarray:
    """Time of the last origin of each series, or the first of all if it has none."""
    last = np.full(X.panel.n_series, origins.min())
    np.maximum.at(last, X.series, origins)
    return last


def times_of(X: Windows | np.ndarray) -> np.ndarray:
    """Time of each origin as an integer; the rows of an array are consecutive."""
    return X.times if isinstance(X, Windows) else np.arange(len(X))


def split_by_time(
    X: Windows | np.ndarray, fraction: float, horizon: int
) -> tuple[Any, Any]:
    """Rows of the last origins, and of those whose targets end before them.

    Parameters
    ----------
    X : Windows or array of shape (n_origins, ...)
        Lazy windows are split by time, arrays by row: consecutive rows are taken for
        consecutive origins. Series that do not share a time axis are split separately.
    fraction : float in (0, 1)
        Share of the origins in the last part.
    horizon : int
        Number of steps that the targets reach ahead. Origins whose targets reach past
        the first origin of the last part are in neither part; on one time axis these
        are the ``horizon - 1`` before it.

    Returns
    -------
    before, last : ndarray of int, or Runs
        Rows of `X` in their order there; ranges if the origins are ranges.
    """
    timed = ticks_in_runs(X)
    if timed is not None:
        return _split_runs(X, timed, fraction, horizon)
    if isinstance(X, Windows) and not share_time_axis(X, horizon):
        return _split_each(X, fraction, horizon)
    origins, reach = origins_and_reach(X, horizon)
    n_last = max(1, round(fraction * len(origins)))
    first = np.partition(origins, -n_last)[-n_last]
    known = known_by(origins, reach, first)
    return np.flatnonzero(known), np.flatnonzero(origins >= first)


def _split_runs(
    X: Any, timed: TimedRuns, fraction: float, horizon: int
) -> tuple[Runs, Runs]:
    """The split for ranges of origins, each of which is cut into three."""
    sizes, begin = timed.rows.sizes, timed.begin
    if share_time_axis(X, horizon):
        n_last = max(1, round(fraction * len(X)))
        first = timed.kth(len(X) - n_last)
        known = timed.between(-np.inf, first - horizon * timed.step + 1)
        return known, timed.between(first, np.inf)
    n_last = np.rint(fraction * sizes).astype(np.int64)
    n_known = np.where(n_last > 0, sizes - n_last - horizon + 1, sizes)
    end = begin + sizes
    return Runs(begin, begin + n_known), Runs(end - n_last, end)


def _split_each(
    X: Windows, fraction: float, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """The split for every series by itself; those with too few origins only train."""
    origins, reach = origins_and_reach(X, horizon)
    series = X.series
    known, is_last = np.ones((2, len(X)), dtype=bool)
    is_last[:] = False
    order = np.lexsort((origins, series))
    n_origins = np.bincount(series)
    for rows in np.split(order, np.cumsum(n_origins)[:-1]):
        n_last = round(fraction * len(rows))
        if n_last:
            first = origins[rows[-n_last:]].min()
            is_last[rows] = origins[rows] >= first
            known[rows] = known_by(origins[rows], reach[rows], first)
    return np.flatnonzero(known), np.flatnonzero(is_last)
