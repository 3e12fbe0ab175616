"""What of a panel the windows of some origins look at."""

from typing import Any

import numpy as np

from .indexing import Runs
from .panel import Panel
from .stored_panel import is_stored


def series_in(X: Any) -> np.ndarray:
    """Numbers of the series that windows are of, in increasing order."""
    if isinstance(X.positions, Runs):
        return np.unique(X.panel.series_of(X.positions.starts[X.positions.sizes > 0]))
    return np.unique(X.series)


def within_reach(X: Any) -> tuple[Panel, Any]:
    """A panel of only the rows that windows look at, and the origins in it.

    Of a panel on disk it is that panel, of which a pickle has but the path.

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
    if not len(kept):  # no origins: the first series, and nothing of it
        kept, first = np.zeros(1, dtype=np.int64), stop
    part = panel.select(kept, first[kept], stop[kept])
    moved = np.zeros(panel.n_series, dtype=np.int64)
    moved[kept] = part.bounds[:-1] - first[kept]
    return part, X.positions + moved[series]
