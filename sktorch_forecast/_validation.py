"""Checks that more than one module needs, with errors that say what to do."""

from numbers import Integral

import numpy as np


def check_positive_int(value, name):
    """Return `value` as an int, or say that `name` must be a positive integer.

    Raises
    ------
    TypeError
        If `value` is not an integer (True and False are not).
    ValueError
        If `value` is below 1.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(
            f"{name} must be a positive integer, found {value!r} of type "
            f"{type(value).__name__}."
        )
    if value < 1:
        raise ValueError(f"{name} must be a positive integer, found {value!r}.")
    return int(value)


def check_positive_ints(values, name):
    """Return `values` as a tuple of positive ints, each checked as above."""
    return tuple(check_positive_int(value, f"each of {name}") for value in values)


def check_finite(array, name, describe=None, allow_nan=False):
    """Raise a ValueError that names the first place where `array` is not finite.

    Parameters
    ----------
    array : ndarray
        Numbers of any shape.
    name : str
        What to call the array in the error.
    describe : callable, default=None
        Turns the index tuple of the offending entry into words; the default
        speaks of rows and columns.
    allow_nan : bool, default=False
        Whether entries may be missing.

    Raises
    ------
    ValueError
        If an entry is infinite, or NaN where that is not allowed.
    """
    # A sum is finite only if every term is, and it needs no temporary of the
    # size of the array. It may also overflow: then look at the entries.
    with np.errstate(all="ignore"):
        if np.isfinite(np.sum(array, dtype=np.float64)):
            return
    flaws = 0
    first = None
    for start in range(0, len(array), 65536):
        part = array[start : start + 65536]
        bad = np.isinf(part) if allow_nan else ~np.isfinite(part)
        flaws += int(bad.sum())
        if first is None and bad.any():
            row, *rest = (int(i) for i in np.argwhere(bad)[0])
            first = (start + row, *rest)
    if first is None:
        return
    place = (describe or _rows_and_columns)(first)
    value = "NaN" if np.isnan(array[first]) else "infinity"
    more = f" and {flaws - 1} more places" if flaws > 1 else ""
    raise ValueError(
        f"Input {name} contains {value} at {place}{more}; expected finite numbers. "
        "Drop or impute what is missing first, e.g. with DataFrame.interpolate "
        "before windowing or a sklearn.impute transformer."
    )


def _rows_and_columns(place):
    names = (
        ("row", "column", "channel") if len(place) < 3 else ("row", "step", "channel")
    )
    return ", ".join(f"{name} {i}" for name, i in zip(names, place))
