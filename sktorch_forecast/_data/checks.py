"""Checks of values of the user's own that are to become a panel, and of origins."""

from collections.abc import Hashable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .._utils.annotated import check_array
from .._utils.validation import check_finite, check_positive_int
from .words import plain

Missing: TypeAlias = Literal["error", "mask"]


def check_missing(missing: str) -> None:
    """Raise a ValueError unless `missing` is "error" or "mask"."""
    if missing not in ("error", "mask"):
        raise ValueError(
            f"Expected missing to be 'error' or 'mask', found {missing!r}."
        )


def unmasked(values: Any) -> Any:
    """What was given, with NaN where a masked array of NumPy has no value."""
    if not np.ma.is_masked(values):
        return values
    keep = values.dtype in (np.float32, np.float64)
    return (values if keep else values.astype(np.float64)).filled(np.nan)


def checked_values(values: ArrayLike) -> np.ndarray:
    """2-D values as floating-point numbers, whether or not they are finite."""
    dtypes = (np.float64, np.float32)
    return check_array(unmasked(values), dtype=dtypes, ensure_all_finite=False)


def checked_roles(
    values: np.ndarray, n_targets: int, n_future: int, missing: str
) -> tuple[int, int]:
    """Numbers of targets and future covariates, which values must be finite for.

    Raises
    ------
    TypeError, ValueError
        If there are not so many channels, or a value is not finite that must be.
    """
    check_missing(missing)
    n_targets = check_positive_int(n_targets, "n_targets")
    n_future = check_positive_int(n_future, "n_future") if n_future else 0
    n_known = values.shape[1] - n_future
    if n_targets > n_known:
        raise ValueError(
            f"Expected at most {n_known} target channels, found {n_targets}."
        )
    check_finite(values[:, :n_known], "values", allow_nan=missing == "mask")
    check_finite(values[:, n_known:], "the future channels of values")
    return n_targets, n_future


def checked_names(
    index: pd.Index | Sequence | None,
    channels: Sequence[Hashable] | None,
    n_timestamps: int,
    n_channels: int,
) -> tuple[pd.Index, tuple[Hashable, ...]]:
    """Timestamps of the rows and names of the channels, counted by default."""
    if index is None:
        index = pd.RangeIndex(n_timestamps)
    elif not isinstance(index, pd.Index):  # a MultiIndex has to stay one
        index = pd.Index(index)
    names = tuple(range(n_channels) if channels is None else channels)
    if len(index) != n_timestamps or len(names) != n_channels:
        raise ValueError(
            f"Expected {n_timestamps} timestamps and {n_channels} channel names, "
            f"found {len(index)} and {len(names)}."
        )
    return index, names


def checked_series(
    bounds: ArrayLike | None,
    ids: pd.Index | Sequence[Hashable] | None,
    n_timestamps: int,
) -> tuple[np.ndarray, pd.Index | None]:
    """Rows where series begin, and names of the series if there are several."""
    if bounds is None:
        bounds = [0, n_timestamps]
    elif ids is None:
        ids = range(np.size(bounds) - 1)
    bounds = np.asarray(bounds)
    if not _rises(bounds, n_timestamps):
        raise ValueError(
            f"Expected bounds that rise from 0 to {n_timestamps}, the number of rows, "
            f"found {bounds}."
        )
    if ids is None:
        return bounds.astype(np.int64), None
    ids = ids if isinstance(ids, pd.Index) else pd.Index(ids)
    if len(ids) != len(bounds) - 1 or not ids.is_unique:
        raise ValueError(
            f"Expected {len(bounds) - 1} different ids, one for each series, "
            f"found {list(ids[:5])}{' ...' if len(ids) > 5 else ''}."
        )
    return bounds.astype(np.int64), ids


def _rises(bounds: np.ndarray, n_timestamps: int) -> bool:
    if bounds.ndim != 1 or len(bounds) < 2:
        return False
    return bool(
        np.issubdtype(bounds.dtype, np.integer)
        and (bounds[0], bounds[-1]) == (0, n_timestamps)
        and (np.diff(bounds) >= 0).all()
    )


def checked_static(
    static: ArrayLike | None, names: Sequence[Hashable] | None, n_series: int
) -> tuple[np.ndarray | None, tuple[Hashable, ...]]:
    """Static covariates of every series and their names, counted by default."""
    if static is None:
        return None, ()
    values = check_array(static, dtype=np.float32, copy=True, input_name="static")
    names = tuple(range(values.shape[1]) if names is None else names)
    if len(values) != n_series or len(names) != values.shape[1]:
        raise ValueError(
            f"Expected static covariates of {n_series} series and a name for each, "
            f"found shape {values.shape} and {len(names)} names."
        )
    return values, names


def checked_positions(positions: ArrayLike) -> np.ndarray:
    """Rows of origins as a copy, 1-D and int64."""
    positions = np.asarray(positions)
    if positions.size == 0:  # an empty list has no integers to tell by
        positions = positions.astype(np.int64)
    if positions.ndim != 1 or not np.issubdtype(positions.dtype, np.integer):
        raise TypeError(
            "Expected positions as a 1-D array of integers, found shape "
            f"{positions.shape} of {positions.dtype}."
        )
    return positions.astype(np.int64)


def check_reach(
    positions: np.ndarray,
    bounds: np.ndarray,
    ids: pd.Index | None,
    length: int,
    ahead: int,
) -> None:
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
