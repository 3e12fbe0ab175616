"""The targets ``y``, each of which is stored once for any horizon."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import as_strided

from .indexing import as_slice
from .lazy_targets import LazyTargets
from .panel import Panel
from .stored_panel import is_stored


def targets_of(panel: Panel, positions: Any, horizon: int, is_complete: bool) -> Any:
    """What follows the origins, in the user's precision.

    Parameters
    ----------
    panel : Panel
        With `targets`.
    positions : ndarray of shape (n_origins,), int64
        Row of each origin, with a complete horizon after it. For a single series
        without a name they increase by one.
    horizon : int
        Number of timestamps after each origin.
    is_complete : bool
        Whether all of these targets are known to be finite.

    Returns
    -------
    y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
        1-D for one target and a horizon of 1. For a single series without a name, a
        read-only view with overlapping rows. For many series, `LazyTargets`, which are
        gathered on demand; but an array if the horizon is 1, so that nothing is stored
        twice, and the panel is in memory.
    """
    if panel.targets is None:
        raise ValueError("Expected a panel with targets, found none. Read it first.")
    if is_stored(panel):
        return LazyTargets(panel, positions, horizon, is_complete)
    if panel.ids is None:
        return _overlapping_targets(panel.targets, positions, horizon)
    targets, n_targets = panel.targets, panel.n_targets
    if horizon == 1:
        return targets[positions + 1, 0] if n_targets == 1 else targets[positions + 1]
    # A copy, so that a later change to the user's frame does not affect y.
    targets = targets.copy() if targets.base is not None else targets
    return LazyTargets(targets, positions, horizon, is_complete)


def _overlapping_targets(
    targets: np.ndarray, positions: np.ndarray, horizon: int
) -> np.ndarray:
    n_targets = targets.shape[1]
    # A copy, so that a later change to the user's array does not affect y.
    targets = np.array(targets[positions[0] + 1 :], order="C")
    if horizon == 1:
        return targets.ravel() if n_targets == 1 else targets
    shape = (len(positions), horizon * n_targets)
    strides = (n_targets * targets.itemsize, targets.itemsize)
    return overlapping_rows(targets.ravel(), shape, strides)


class OverlappingRows(np.ndarray):
    """Targets `y` whose rows overlap in memory: a read-only ndarray that saves memory.

    An ordinary strided view turns into a full copy when it is indexed with the integer
    arrays of a splitter or pickled. This one stays a view if the integers increase by
    one, and pickles only the span of values that its rows share.
    """

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]
        if isinstance(key, (list, np.ndarray, pd.Index)) and np.ndim(key) == 1:
            key = as_slice(key, len(self))
        rows = super().__getitem__(key)
        if isinstance(key, slice) or not isinstance(rows, np.ndarray):
            return rows
        # Columns and copies need no special care: return them as ordinary arrays.
        return rows.view(np.ndarray)

    def __array_wrap__(
        self, array: np.ndarray, context: Any = None, return_scalar: bool = False
    ) -> Any:
        return array[()] if return_scalar else np.asarray(array)

    def __repr__(self) -> str:
        return repr(np.asarray(self))

    def __reduce__(self) -> Any:
        span = shared_span(self)
        if span is None:
            return np.asarray(self).__reduce__()
        return overlapping_rows, (span, self.shape, self.strides)

    def __deepcopy__(self, memo: dict | None) -> np.ndarray:
        span = shared_span(self)
        if span is None:
            return np.array(self)
        return overlapping_rows(span.copy(), self.shape, self.strides)


def overlapping_rows(
    span: np.ndarray, shape: tuple[int, ...], strides: tuple[int, ...]
) -> OverlappingRows:
    """Rows of `shape` whose values overlap in the 1-D array `span`."""
    rows = as_strided(span, shape, strides, writeable=False)
    return rows.view(OverlappingRows)


def shared_span(rows: np.ndarray) -> np.ndarray | None:
    """The 1-D memory behind rows that overlap, or None if they do not.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)

    Returns
    -------
    span : ndarray of shape (n_values,) or None
        Row ``i`` is ``span[i * step : i * step + n_columns]`` with
        ``step = rows.strides[0] // rows.itemsize``.
    """
    if rows.ndim != 2 or not rows.size or rows.strides[1] != rows.itemsize:
        return None
    if not 0 < rows.strides[0] < rows.shape[1] * rows.itemsize:
        return None
    n_values = (len(rows) - 1) * rows.strides[0] // rows.itemsize + rows.shape[1]
    return as_strided(np.asarray(rows), (n_values,), (rows.itemsize,), writeable=False)


def parts_of_targets(y: Any) -> Iterator[np.ndarray]:
    """All values of `y`, those in overlapping rows once, lazy ones part by part."""
    if isinstance(y, LazyTargets):
        yield from y.parts()
        return
    span = shared_span(y)
    yield y if span is None else span
