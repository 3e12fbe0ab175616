"""Index arrays that are slices in disguise, and ranges joined."""

from typing import Any

import numpy as np

from .._utils.validation import check_readable

_BY_TIME = "Origins are numbered from 0; by time, e.g. X[X.timestamps >= start]."


def as_slice(key: Any, n_rows: int) -> slice | np.ndarray:
    """`key` as a slice where it selects consecutive rows, so that a view will do.

    Raises
    ------
    IndexError
        If `key` is no slice, mask of `n_rows` entries or 1-D array of integers.
    TypeError
        If `key` is a slice of something else than integers.
    """
    if isinstance(key, slice):
        _check_ends(key)
        return key
    check_readable(key, "origins")
    key = np.asarray(key)
    if key.dtype == bool:
        if key.shape != (n_rows,):
            raise IndexError(
                f"Expected a mask of {n_rows} entries, one for every origin, found "
                f"shape {key.shape}."
            )
        key = np.flatnonzero(key)
    if key.ndim != 1 or (key.size and not np.issubdtype(key.dtype, np.integer)):
        raise IndexError(
            "Expected a slice, integers or a mask over the origins, found an array "
            f"of shape {key.shape} and {key.dtype}. {_BY_TIME}"
        )
    n_keys = len(key)
    if n_keys == 0:
        return slice(0, 0)
    first, last = int(key[0]), int(key[-1])
    if (
        first >= 0
        and last < n_rows
        and last - first == n_keys - 1
        # Integers that increase from first to last in as many steps are consecutive.
        and bool((key[1:] > key[:-1]).all())
    ):
        return slice(first, last + 1)
    return key


def _check_ends(key: slice) -> None:
    for end in (key.start, key.stop, key.step):
        if end is not None and not hasattr(end, "__index__"):
            raise TypeError(
                "Expected a slice, integers or a mask over the origins, found a slice "
                f"of {type(end).__name__}. {_BY_TIME}"
            )


def concatenated_ranges(starts: np.ndarray, stops: np.ndarray) -> slice | np.ndarray:
    """The integers of several ranges, one range after the other.

    Parameters
    ----------
    starts, stops : ndarray of shape (n_ranges,), int64
        Range ``i`` has the integers from ``starts[i]`` up to ``stops[i] - 1``.

    Returns
    -------
    integers : slice, or ndarray of shape (n,), int64
        A slice where they count up by one.
    """
    if len(starts) == 0:
        return slice(0, 0)
    if (starts[1:] == stops[:-1]).all():
        return slice(int(starts[0]), int(stops[-1]))
    sizes = stops - starts
    before = np.cumsum(sizes) - sizes
    return np.arange(sizes.sum()) + np.repeat(starts - before, sizes)


def as_integers(rows: slice | np.ndarray) -> np.ndarray:
    """What :func:`concatenated_ranges` gives, as integers in any case."""
    return np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
