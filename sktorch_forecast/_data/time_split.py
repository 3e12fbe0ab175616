"""The one split by time, with a gap where targets would overlap."""

import numpy as np

from .windows import Windows


def times_of(X):
    """Time of each origin as an integer; the rows of an array are consecutive."""
    return X.times if isinstance(X, Windows) else np.arange(len(X))


def split_by_time(X, fraction, horizon):
    """Rows of the last origins, and of those before them whose targets end in time.

    Parameters
    ----------
    X : Windows or array of shape (n_origins, ...)
        Lazy windows are split by time, arrays by row: consecutive rows are taken
        for consecutive origins.
    fraction : float in (0, 1)
        Share of the origins that are the last ones.
    horizon : int
        Steps that the targets reach ahead. Origins whose targets overlap those of
        the last ones, the ``horizon - 1`` before them, are in neither part.

    Returns
    -------
    before, last : ndarray of int
        Rows of `X` in their order there.
    """
    time = times_of(X)
    n_last = max(1, round(fraction * len(time)))
    first = np.partition(time, -n_last)[-n_last]
    return np.flatnonzero(time <= first - horizon), np.flatnonzero(time >= first)
