"""What batches need from a panel on disk, computed one batch at a time.

A billion origins are ranges of the rows of their series. Where a window of the batch
begins, which series it is from and what follows it are looked up in the ends of the
ranges, so no array has an entry for each origin.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .._data.indexing import Runs
from .._data.lazy_targets import LazyTargets

# Up to this many rows are taken for a batch, which will be requested again.
_N_REMEMBERED = 2**16
# At most this many steps from an entry in the table of ranges.
_N_STEPS = 3
# How many ranges' evenly spread rows are computed at once.
_AT_ONCE = 2**16


class ComputedRows:
    """A tensor whose rows are computed on demand.

    Parameters
    ----------
    n_rows : int
    rows_of : callable
        Maps row numbers, a tensor of shape (n,), int64, to these rows.
    """

    def __init__(self, n_rows: int, rows_of: Callable[[Tensor], Tensor]) -> None:
        self.n_rows, self.rows_of = n_rows, rows_of

    def __len__(self) -> int:
        return self.n_rows

    def __getitem__(self, rows: Any) -> Tensor:
        if isinstance(rows, slice):
            rows = torch.arange(*rows.indices(self.n_rows))
        return self.rows_of(rows)

    def index_select(self, dim: int, index: Tensor) -> Tensor:
        """Some of the rows, as for a tensor; `dim` is 0."""
        return self.rows_of(index)


class _Lookup:
    """Find the range that contains each of some places.

    A table has the range of places at regular distances, and each place is in that
    range or one of the next. That is by far the fastest if ranges have similar sizes,
    as they usually do; if many lie between two entries, the ends are bisected.

    Parameters
    ----------
    runs : Runs
    device : torch.device or str
        Device of the places.
    """

    def __init__(self, runs: Runs, device: torch.device | str) -> None:
        n_places, n_runs = len(runs), len(runs.ends)
        self._shift = 0
        while (n_places >> self._shift) > 4 * n_runs:
            self._shift += 1
        entries = np.arange((n_places >> self._shift) + 1) << self._shift
        table = np.searchsorted(runs.ends, entries, "right")
        self._n_steps = int(np.diff(table, append=n_runs - 1).max())
        self._table = torch.from_numpy(table.astype(np.int32)).to(device)
        self._ends = torch.from_numpy(runs.ends).to(device)
        self._last: tuple[Any, Any] = None, None

    def __call__(self, rows: Tensor) -> Tensor:
        # Everything in a batch is requested with the same tensor.
        last, which = self._last
        if last is not rows:
            which = self._found(rows)
            if len(rows) < _N_REMEMBERED:
                self._last = rows, which
        return which

    def _found(self, rows):
        if self._n_steps > _N_STEPS:
            return torch.searchsorted(self._ends, rows.long(), right=True)
        which = self._table.index_select(0, rows >> self._shift).long()
        for _ in range(self._n_steps):
            which += rows >= self._ends.index_select(0, which)
        return which


class RowsOfRuns(ComputedRows):
    """Integers in ranges, or one number for each range instead of these.

    Parameters
    ----------
    runs : Runs
    device : torch.device or str, default="cpu"
        Device of the row numbers.
    instead : ndarray of shape (n_runs,), int64, default=None
        What to return for each integer of a range; None means the integer itself.
    shift : int, default=0
        What to add.
    """

    def __init__(
        self,
        runs: Runs,
        device: torch.device | str = "cpu",
        instead: np.ndarray | None = None,
        shift: int = 0,
    ) -> None:
        super().__init__(len(runs), self._of)
        self.runs, self.of_run = runs, instead
        offsets = runs.starts - runs.before if instead is None else instead
        self._offsets = torch.from_numpy(offsets + shift).to(device)
        key = "lookup", str(device)
        if key not in runs.kept:
            runs.kept[key] = _Lookup(runs, device)
        self._which = runs.kept[key]

    def _of(self, rows):
        offsets = self._offsets.index_select(0, self._which(rows))
        return offsets if self.of_run is not None else rows + offsets


def rows_of(integers: Any, device: torch.device | str = "cpu", shift: int = 0) -> Any:
    """Integers as a tensor, or as an object that computes them if they are ranges."""
    if isinstance(integers, Runs):
        return RowsOfRuns(integers, device, shift=shift)
    if isinstance(integers, np.ndarray):  # torch has no negative strides
        integers = np.ascontiguousarray(integers)
    integers = torch.as_tensor(integers)
    return (integers + shift if shift else integers).to(device)


def series_rows(X: Any, device: torch.device | str, codes: np.ndarray | None) -> Any:
    """The series of each window as a tensor, or as an object that computes it.

    Parameters
    ----------
    X : Windows
    device : torch.device or str
    codes : ndarray of shape (n_series,), int64, or None
        What to return for each series of the panel; None means its number there.
    """
    if not isinstance(X.positions, Runs):
        series = X.series if codes is None else codes[X.series]
        return torch.from_numpy(series).to(device)
    of_run = X.panel.series_of(X.positions.starts)
    return RowsOfRuns(X.positions, device, of_run if codes is None else codes[of_run])


def target_rows(y: LazyTargets, targets: Tensor) -> ComputedRows:
    """Targets of each origin, (n_origins, horizon * n_targets).

    Parameters
    ----------
    y : LazyTargets
    targets : Tensor of shape (n_timestamps, n_targets)
        Targets in all rows of the panel.
    """
    # (T, K) -> (T - H + 1, H, K), a view
    every = targets.unfold(0, y.horizon, 1).transpose(1, 2)
    first = rows_of(y.positions, targets.device, shift=1)

    def gathered(rows):
        return every.index_select(0, first.index_select(0, rows)).flatten(1)

    return ComputedRows(len(y), gathered)


def evenly_spread_in(runs: Runs, codes: np.ndarray, n_each: int) -> np.ndarray:
    """Like `calibration.evenly_spread_of_each`, for ranges of different series.

    Parameters
    ----------
    runs : Runs
        The origins, each range in one series.
    codes : ndarray of shape (n_runs,), int64
        Their series.
    n_each : int

    Returns
    -------
    rows : ndarray, int64
    """
    order = np.argsort(codes, kind="stable")
    order = order[runs.sizes[order] > 0]
    parts = [
        _evenly_spread_in(runs, order[first : first + _AT_ONCE], n_each)
        for first in range(0, len(order), _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _evenly_spread_in(runs, some, n_each):
    """The same for some ranges, one after the other."""
    sizes, begin = runs.sizes[some], runs.before[some]
    n_taken = np.minimum(sizes, n_each)
    first = np.cumsum(n_taken) - n_taken
    number = np.arange(n_taken.sum()) - np.repeat(first, n_taken)
    sizes, n_taken, begin = (np.repeat(a, n_taken) for a in (sizes, n_taken, begin))
    # Where the k-th of n_taken even parts of the series begins, rounded up.
    return begin - (-number * sizes // n_taken)
