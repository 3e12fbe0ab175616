"""The one split by time: which samples may be trained on, and which are the test.

Early stopping, calibration, backtests and cross-validation all ask the same question,
so the answer stands here once, in :func:`known_by`.
"""

import numpy as np

from .windows import Windows


def known_by(origins: np.ndarray, reach: np.ndarray, first: float) -> np.ndarray:
    """Which samples may be trained on, given the first origin of the test.

    Those whose last target is known at that origin. A forecast from there has seen all
    values up to its own timestamp and none of what follows. To part the samples by
    their origins is not enough: the targets of the last ones before would reach into
    the test, so that a model is scored on values that it was trained on.

    It is the *time* of the targets that counts, not how many origins lie in between. A
    week of one series is seven timestamps of another that is read daily.

    Parameters
    ----------
    origins, reach : ndarray of shape (n_origins,)
        Time of each origin and of its last target, in any one unit.
    first : number
        Time of the first origin of the test, in that unit.

    Returns
    -------
    known : ndarray of shape (n_origins,), bool
    """
    if reach.dtype.kind == "f":  # sums of steps round
        reach = reach - 1e-6 * (reach - origins)
    return reach <= first


def origins_and_reach(
    X: Windows | np.ndarray, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Time of each origin and of its last target, two arrays of shape (n_origins,).

    The rows of an array are taken for consecutive origins.
    """
    if isinstance(X, Windows):
        return X.origin_ticks, X.target_ticks(horizon)
    rows = np.arange(len(X))
    return rows, rows + horizon


def times_of(X: Windows | np.ndarray) -> np.ndarray:
    """Time of each origin as an integer; the rows of an array are consecutive."""
    return X.times if isinstance(X, Windows) else np.arange(len(X))


def split_by_time(
    X: Windows | np.ndarray, fraction: float, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the last origins, and of those before them whose targets end in time.

    Parameters
    ----------
    X : Windows or array of shape (n_origins, ...)
        Lazy windows are split by time, arrays by row: consecutive rows are taken
        for consecutive origins.
    fraction : float in (0, 1)
        Share of the origins that are the last ones.
    horizon : int
        Steps that the targets reach ahead. Origins whose targets reach past the first
        of the last ones are in neither part; on one time axis these are the
        ``horizon - 1`` before it.

    Returns
    -------
    before, last : ndarray of int
        Rows of `X` in their order there.
    """
    origins, reach = origins_and_reach(X, horizon)
    n_last = max(1, round(fraction * len(origins)))
    first = np.partition(origins, -n_last)[-n_last]
    known = known_by(origins, reach, first)
    return np.flatnonzero(known), np.flatnonzero(origins >= first)
