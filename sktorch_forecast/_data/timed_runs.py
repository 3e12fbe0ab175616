"""Times of samples, for splits: one per sample, or increasing within ranges.

Origins of a panel on disk are ranges of rows, and their times increase in regular steps
in each. So the origins between two times are a part of each range, and the number
before a time is a sum over the ranges. Nothing here has as many entries as there are
origins.
"""

from typing import Any

import numpy as np

from .indexing import Runs
from .time_axis import StoredTimes
from .windows import Windows

_EARLIEST, _LATEST = -(2**62), 2**62


class TimedRows:
    """Rows of samples, and the time of each.

    Parameters
    ----------
    rows, times : ndarray of shape (n_rows,)
    """

    def __init__(self, rows: np.ndarray, times: np.ndarray) -> None:
        self.rows, self.times = rows, times

    def quantiles(self, places: Any) -> np.ndarray:
        """Times before which these shares of all samples lie, or slightly more."""
        return np.quantile(self.times, places, method="higher")

    def between(self, low: float, high: float) -> Any:
        """Rows from the time `low` to before `high`, in their order."""
        return self.rows[(self.times >= low) & (self.times < high)]

    def times_of(self, places: slice) -> np.ndarray:
        """Times of some of the rows."""
        return self.times[places]

    def range(self) -> tuple[int, int]:
        """The earliest and the latest time."""
        return self.times.min(), self.times.max()


class TimedRuns:
    """Rows of samples in ranges, within which the times increase in regular steps.

    Parameters
    ----------
    rows : Runs
        Rows ``begin[i]`` and later in range ``i``.
    begin : ndarray of shape (n_runs,), int64
        A row of each range, or before it.
    first : ndarray of shape (n_runs,), int64
        Its time.
    step : ndarray of shape (n_runs,), int64
        Time from one row to the next; above 0.
    """

    def __init__(
        self, rows: Runs, begin: np.ndarray, first: np.ndarray, step: np.ndarray
    ) -> None:
        self.rows, self.begin, self.first, self.step = rows, begin, first, step

    def of(self, rows: Runs) -> "TimedRuns":
        """Other rows of the same ranges."""
        return TimedRuns(rows, self.begin, self.first, self.step)

    def between(self, low: Any, high: Any) -> Runs:
        """Rows from the time `low` to before `high`; both may differ between ranges."""
        ends = [self.begin + self._n_before(time) for time in (low, high)]
        starts = np.clip(ends[0], self.rows.starts, self.rows.stops)
        return Runs(starts, np.clip(ends[1], starts, self.rows.stops))

    def _n_before(self, time):
        """Steps from the first time of each range to the first not before `time`."""
        if np.ndim(time) == 0:
            time = int(min(max(time, _EARLIEST), _LATEST))
        return -((self.first - time) // self.step)

    def kth(self, k: int) -> int:
        """The time before which `k` of the rows lie, if they are sorted by time."""
        low, high = self.range()
        while low < high:  # the first time with more than k rows up to it
            middle = (low + high) // 2
            if len(self.between(_EARLIEST, middle + 1)) > k:
                high = middle
            else:
                low = middle + 1
        return low

    def quantiles(self, places: Any) -> np.ndarray:
        """Times before which these shares of all samples lie, or slightly more."""
        ranks = np.ceil((len(self.rows) - 1) * np.asarray(places)).astype(int)
        return np.array([self.kth(rank) for rank in ranks])

    def times_of(self, places: slice) -> np.ndarray:
        """Times of some of the rows."""
        start, stop, _ = places.indices(len(self.rows))
        which = np.searchsorted(self.rows.ends, np.arange(start, stop), "right")
        rows = np.asarray(self.rows[start:stop])
        return self.first[which] + (rows - self.begin[which]) * self.step[which]

    def at(self, rows: np.ndarray) -> np.ndarray:
        """Times of rows, by their numbers among all rows."""
        which = np.searchsorted(self.begin, rows, "right") - 1
        return self.first[which] + (rows - self.begin[which]) * self.step[which]

    def range(self) -> tuple[int, int]:
        """The earliest and the latest time."""
        some = self.rows.sizes > 0
        ends = self.rows.starts, self.rows.stops - 1
        first, last = (self.first + (end - self.begin) * self.step for end in ends)
        return int(first[some].min()), int(last[some].max())


def ticks_in_runs(X: Any) -> TimedRuns | None:
    """All rows of windows by the ticks of their origins, if these are in ranges."""
    if not isinstance(X, Windows) or not isinstance(X.positions, Runs):
        return None
    panel, runs = X.panel, X.positions
    index: Any = panel.index
    if not isinstance(index, StoredTimes) or index.step is None:
        return None
    if not panel.has_frequency:
        return None
    series = panel.series_of(runs.starts)
    rows = Runs(runs.before, runs.ends)
    first = index.ticks_at(runs.starts)
    return TimedRuns(rows, rows.starts, first, np.maximum(index.step[series], 1))


def times_in_runs(X: Any) -> TimedRuns | None:
    """All rows of windows by ``X.times``, if these are in ranges of one frequency."""
    timed = ticks_in_runs(X)
    if timed is None:
        return None
    if X.panel.n_series == 1:
        return TimedRuns(timed.rows, timed.begin, X.positions.starts, timed.step**0)
    if len(X.panel.freqs) > 1:
        return None
    begin = X.panel.index.first.min()
    first = (timed.first - begin) // X.panel.freqs[0]
    return TimedRuns(timed.rows, timed.begin, first, np.ones_like(timed.step))
