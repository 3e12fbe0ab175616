"""Checks of a block of several series, and of the origins in it."""

import numpy as np
import pandas as pd
from sklearn.utils import check_array

from .columns import plain


def check_missing(missing):
    """Raise a ValueError unless `missing` is "error" or "mask"."""
    if missing not in ("error", "mask"):
        raise ValueError(
            f"Expected missing to be 'error' or 'mask', found {missing!r}."
        )


def series_of_rows(bounds, ids, n_timestamps):
    """Checked rows where series begin, and names of the series."""
    if bounds is None:
        bounds = [0, n_timestamps]
    elif ids is None:
        ids = range(len(bounds) - 1)
    bounds = np.asarray(bounds)
    if (
        bounds.ndim != 1
        or len(bounds) < 2
        or not np.issubdtype(bounds.dtype, np.integer)
        or (bounds[0], bounds[-1]) != (0, n_timestamps)
        or (np.diff(bounds) < 0).any()
    ):
        raise ValueError(
            f"Expected bounds that rise from 0 to {n_timestamps}, the number of rows, "
            f"found {bounds}."
        )
    if ids is not None:
        ids = ids if isinstance(ids, pd.Index) else pd.Index(ids)
        if len(ids) != len(bounds) - 1 or not ids.is_unique:
            raise ValueError(
                f"Expected {len(bounds) - 1} different ids, one for each series, "
                f"found {list(ids[:5])}{' ...' if len(ids) > 5 else ''}."
            )
    return bounds.astype(np.int64), ids


def check_positions(positions, bounds, ids, length, ahead):
    """Raise a ValueError unless each origin has a window and, if any, its future."""
    if not len(positions):
        return
    which = np.searchsorted(bounds[1:-1], positions, "right")
    first, last = bounds[which] + length - 1, bounds[which + 1] - ahead - 1
    bad = (positions < first) | (positions > last)
    if not bad.any():
        return
    at = int(np.argmax(bad))
    of = "" if ids is None else f" in series {plain(ids[which[at]])!r}"
    after = f", the last with {ahead} after it" if ahead else ""
    found = positions[at]
    if ids is None:
        found = f"{positions.min()} to {positions.max()}"
    raise ValueError(
        f"Expected origins{of} between row {first[at]} (the first with {length} "
        f"timestamps up to it) and row {last[at]}{after}, found {found}."
    )


def static_of_series(static, names, n_series):
    """Checked static covariates and their names."""
    if static is None:
        return None, ()
    static = check_array(static, dtype=np.float32, input_name="static")
    names = tuple(range(static.shape[1]) if names is None else names)
    if len(static) != n_series or len(names) != static.shape[1]:
        raise ValueError(
            f"Expected static covariates of {n_series} series and a name for each, "
            f"found shape {static.shape} and {len(names)} names."
        )
    return static, names
