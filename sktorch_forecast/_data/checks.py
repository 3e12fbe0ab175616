"""Checks of the user's own values for a panel, and of origins."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .._utils.annotated import check_array
from .._utils.validation import (
    check_finite,
    check_numeric,
    check_positive_int,
    check_readable,
)
from .time_axis import is_time, is_time_like, ticks_of
from .words import plain

Missing: TypeAlias = Literal["error", "mask"]


def check_missing(missing: str) -> None:
    """Raise a ValueError unless `missing` is "error" or "mask"."""
    if not isinstance(missing, str) or missing not in ("error", "mask"):
        raise ValueError(
            f"Expected missing to be 'error' or 'mask', found {missing!r}."
        )


def unmasked(values: Any) -> Any:
    """The input, with NaN where a NumPy masked array has no value."""
    if not np.ma.is_masked(values):
        return values
    keep = values.dtype in (np.float32, np.float64)
    return (values if keep else values.astype(np.float64)).filled(np.nan)


def checked_values(values: ArrayLike) -> np.ndarray:
    """2-D values as floating-point numbers, whether or not they are finite.

    Raises
    ------
    TypeError, ValueError
        If they are not an array of numbers, or have an index or names that would be
        lost.
    """
    if isinstance(values, pd.Series) or hasattr(values, "columns"):
        raise TypeError(
            f"Expected values as an array, found a {type(values).__name__}, whose "
            "labels would be lost. Pass it to make_windows, or call "
            "Panel.from_array(df.to_numpy(), index=df.index, channels=df.columns)."
        )
    check_numeric(values, "values")
    dtypes = (np.float64, np.float32)
    return check_array(unmasked(values), dtype=dtypes, ensure_all_finite=False)


def checked_roles(
    values: np.ndarray, n_targets: int, n_future: int, missing: str
) -> tuple[int, int]:
    """Check the numbers of targets and future covariates, and that values are finite.

    Raises
    ------
    TypeError, ValueError
        If there are not that many channels, or a value is not finite where it must be.
    """
    check_missing(missing)
    n_targets = check_positive_int(n_targets, "n_targets")
    n_future = 0 if n_future == 0 else check_positive_int(n_future, "n_future")
    n_known = values.shape[1] - n_future
    if n_targets > n_known:
        raise ValueError(
            f"Expected n_targets + n_future to be at most {values.shape[1]}, the "
            f"number of channels, found {n_targets} + {n_future}."
        )
    check_finite(values[:, :n_known], "values", allow_nan=missing == "mask")
    check_finite(values[:, n_known:], "values (future channels)")
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
    index = _as_index(index, "index")
    names = _as_names(range(n_channels) if channels is None else channels, "channels")
    if len(index) != n_timestamps or len(names) != n_channels:
        raise ValueError(
            f"Expected {n_timestamps} timestamps and {n_channels} channel names, "
            f"found {len(index)} and {len(names)}."
        )
    return index, names


def _as_index(values: Any, name: str) -> pd.Index:
    """`values` as an index with nothing missing; a MultiIndex stays one."""
    if not isinstance(values, pd.Index):
        if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
            raise TypeError(
                f"Expected {name} as a sequence or a pandas Index, found "
                f"{values!r} of type {type(values).__name__}."
            )
        values = pd.Index(values)
    if not isinstance(values, pd.MultiIndex) and values.hasnans:
        raise ValueError(
            f"Expected {name} without missing values, found one at position "
            f"{int(np.argmax(values.isna()))}. Fill it, or drop it with its data."
        )
    return values


def _as_names(names: Any, name: str) -> tuple[Hashable, ...]:
    """Names as a tuple without duplicates."""
    if isinstance(names, (str, bytes)) or not isinstance(names, Iterable):
        raise TypeError(
            f"Expected {name} as a list of names, found {names!r} of type "
            f"{type(names).__name__}."
        )
    names = tuple(names)
    if not all(isinstance(one, Hashable) for one in names):
        raise TypeError(
            f"Expected {name} to be strings or numbers, found {list(names)}."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"Expected {name} without duplicates, found {list(names)}.")
    return names


def check_increasing(index: pd.Index, bounds: np.ndarray) -> None:
    """Raise a ValueError unless the timestamps of each series increase.

    This is only checked for an index of times; anything else, such as strings, is
    assumed to be in order.
    """
    if isinstance(index, (pd.RangeIndex, pd.MultiIndex)) or not is_time_like(index):
        return
    falls = np.diff(ticks_of(index)) <= 0
    inner = bounds[(bounds > 0) & (bounds < len(index))]
    falls[inner - 1] = False  # from one series to the next
    if falls.any():
        row = int(np.argmax(falls)) + 1
        raise ValueError(
            "Expected timestamps in increasing order within a series, found "
            f"{index[row]!s} in row {row} after {index[row - 1]!s}. Sort the rows, "
            "drop duplicates, or use bounds= to say where each series begins."
        )


def check_freq(freq: Any, index: pd.Index) -> None:
    """Raise an error unless the user's frequency matches the kind of index.

    Raises
    ------
    TypeError
        If it is a number for a time index, or not a number for another one.
    ValueError
        If it is not positive.
    """
    if freq is None:
        return
    is_number = isinstance(freq, (int, float, np.number)) and not isinstance(freq, bool)
    if is_number == is_time(index):
        expected = "a string or a pandas offset" if is_time(index) else "a number"
        raise TypeError(
            f"Expected freq as {expected} for an index of {index.dtype}, found "
            f"{freq!r}."
        )
    if is_number and not freq > 0:
        raise ValueError(f"Expected a freq above 0, found {freq!r}.")


def checked_series(
    bounds: ArrayLike | None,
    ids: pd.Index | Sequence[Hashable] | None,
    n_timestamps: int,
) -> tuple[np.ndarray, pd.Index | None]:
    """Rows where series begin, and names of the series if there are several."""
    check_readable(bounds, "bounds")
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
    ids = _as_index(ids, "ids")
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
        if names is not None:
            raise ValueError(
                f"Expected static covariates with static_names={names!r}, found None. "
                "Give their values as static=."
            )
        return None, ()
    check_numeric(static, "static")
    values = check_array(static, dtype=np.float32, copy=True, input_name="static")
    names = range(values.shape[1]) if names is None else names
    names = _as_names(names, "static_names")
    if len(values) != n_series or len(names) != values.shape[1]:
        raise ValueError(
            f"Expected static covariates of {n_series} series, a row for each, and a "
            f"name for each column, found shape {values.shape} and {len(names)} names."
        )
    return values, names


def checked_positions(positions: ArrayLike) -> np.ndarray:
    """Rows of origins as a copy, 1-D and int64."""
    check_readable(positions, "positions")
    positions = np.asarray(positions)
    if positions.size == 0:  # an empty list has no integer type
        positions = positions.astype(np.int64)
    if positions.ndim != 1 or not np.issubdtype(positions.dtype, np.integer):
        raise TypeError(
            "Expected positions as a 1-D array of integers, found shape "
            f"{positions.shape} and dtype {positions.dtype}."
        )
    return positions.astype(np.int64)


def check_reach(
    positions: np.ndarray,
    bounds: np.ndarray,
    ids: pd.Index | None,
    length: int,
    ahead: int,
) -> None:
    """Raise a ValueError unless each origin has a complete window and horizon."""
    if not len(positions):
        return
    which = np.searchsorted(bounds[1:-1], positions, "right")
    first, last = bounds[which] + length - 1, bounds[which + 1] - ahead - 1
    bad = (positions < first) | (positions > last)
    if not bad.any():
        return
    at = int(np.argmax(bad))
    if first[at] > last[at]:
        n_rows = int(bounds[which[at] + 1] - bounds[which[at]])
        raise ValueError(
            f"Expected series of at least {length + ahead} rows for windows of "
            f"length={length}{f' and {ahead} rows after them' if ahead else ''}, found "
            f"{n_rows}. Make the windows shorter, or give longer series."
        )
    of = "" if ids is None else f" in series {plain(ids[which[at]])!r}"
    after = f", the last with {ahead} after it" if ahead else ""
    found = positions[at]
    if ids is None:
        found = f"{positions.min()} to {positions.max()}"
    raise ValueError(
        f"Expected origins{of} between row {first[at]} (the first with {length} "
        f"timestamps up to it) and row {last[at]}{after}, found {found}."
    )
