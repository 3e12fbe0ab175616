"""Rows of NaN before series, for windows that begin before them."""

from dataclasses import replace

import numpy as np

from .indexing import as_integers, concatenated_ranges
from .panel import Panel
from .time_axis import from_ticks, ticks_of


def select_padded(
    panel: Panel,
    which: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
    before: np.ndarray,
    length: int,
) -> Panel:
    """As ``panel.select(which, start, stop)``, with rows of NaN before each series.

    Parameters
    ----------
    panel : Panel
        With targets.
    which, start, stop : ndarray of shape (n_selected,), int64
        Which rows to take, possibly none of a series.
    before : ndarray of shape (n_selected,), int64
        Number of rows of NaN to put before each. They repeat the timestamp of the row
        `start`, except for cold origins, see `length`.
    length : int
        Number of timestamps in a window. A series with that many rows before it has an
        origin before its first timestamp, which gets the preceding timestamp.

    Returns
    -------
    panel : Panel

    Raises
    ------
    ValueError
        If there is an origin before a first timestamp and the frequency is unknown.
    """
    part = panel.select(which, start, start if before.any() else stop)
    if not before.any():
        return part
    bounds = np.concatenate([[0], np.cumsum(before + stop - start)])
    padding = concatenated_ranges(bounds[:-1], bounds[:-1] + before)
    rows = as_integers(concatenated_ranges(start - before, stop))
    rows[padding] = np.repeat(start, before)
    values = panel.values[rows]
    values[padding] = np.nan
    index = panel.index.take(rows)
    cold = np.flatnonzero(before == length)
    if len(cold):
        ticks = np.array(ticks_of(index))
        previous = panel.ticks_after(start[cold], 1, back=True)
        ticks[bounds[cold] + length - 1] = previous[:, 0]
        index = from_ticks(ticks, index)
    targets = None if panel.targets is None else panel.targets[rows]
    return replace(part, values=values, index=index, bounds=bounds, targets=targets)
