"""Which part of a panel the windows of some origins see."""

from typing import Any

import numpy as np

from .indexing import Runs
from .panel import Panel
from .stored_panel import is_stored


def series_in(X: Any) -> np.ndarray:
    """Numbers of the series that windows are from, in increasing order."""
    if isinstance(X.positions, Runs):
        return np.unique(X.panel.series_of(X.positions.starts[X.positions.sizes > 0]))
    return np.unique(X.series)


def within_reach(X: Any) -> tuple[Panel, Any]:
    """A panel of only the rows that windows see, and the origins in it.

    A panel on disk is returned as it is, since its pickle holds only the path.

    Parameters
    ----------
    X : Windows

    Returns
    -------
    panel : Panel
    positions : ndarray of shape (n_origins,), int64, or Runs
    """
    panel = X.panel
    if is_stored(panel):
        return panel, X.positions
    series = X.series
    ahead = (X.horizon or 0) if X.n_future else 0
    first = np.full(panel.n_series, len(X.values))
    np.minimum.at(first, series, X.positions - X.length + 1)
    stop = np.zeros(panel.n_series, dtype=np.int64)
    np.maximum.at(stop, series, X.positions + ahead + 1)
    kept = np.flatnonzero(stop > first)
    if not len(kept):  # no origins: the first series, without any rows
        kept, first = np.zeros(1, dtype=np.int64), stop
    part = panel.select(kept, first[kept], stop[kept])
    moved = np.zeros(panel.n_series, dtype=np.int64)
    moved[kept] = part.bounds[:-1] - first[kept]
    return part, X.positions + moved[series]
