"""Read a series as users have it: an array, a Series or a DataFrame."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_complex_dtype, is_numeric_dtype
from scipy import sparse

from ._validation import check_finite


@dataclass(frozen=True)
class Series:
    """One series in the package's own order: target channels first.

    Attributes
    ----------
    values : ndarray of shape (n_timestamps, n_channels)
        float32 or float64, finite.
    index : pandas.Index of length n_timestamps
        The timestamps, or 0, 1, ... for an array.
    channels : tuple
        Names of the channels, or their column numbers.
    n_targets : int
        How many of the leading channels are forecast.
    """

    values: np.ndarray
    index: pd.Index
    channels: tuple
    n_targets: int


def read_series(series, target=None):
    """Check `series` and put its target channels first.

    Parameters
    ----------
    series : array of shape (n_timestamps,) or (n_timestamps, n_channels), Series \
            or DataFrame
        Values in time order.
    target : column name or number, or list of these, default=None
        The channels to forecast. May be left out when there is one channel.

    Returns
    -------
    series : Series

    Raises
    ------
    TypeError
        If the values are not real numbers, or the index is not a time axis.
    ValueError
        If a value is NaN or infinite, the timestamps are unsorted, duplicated or
        have a gap, or `target` does not name channels of the series.
    """
    if sparse.issparse(series):
        raise TypeError(
            f"Expected a dense series, found a {type(series).__name__}. "
            "Call .toarray() on it first."
        )
    if isinstance(series, (str, bytes)) or np.ndim(series) not in (1, 2):
        raise ValueError(
            "Expected a series of shape (n_timestamps,) or (n_timestamps, n_channels), "
            f"found {np.shape(series)} of type {type(series).__name__}."
        )
    columns, index = _labels(series)
    values = _numbers(series, columns)
    check_time_axis(index)
    order, n_targets = _targets_first(columns, target)
    channels = tuple(columns[i] for i in order)
    if order != list(range(len(columns))):
        values = values[:, order]
    check_finite(
        values,
        "series",
        lambda at: (
            f"timestamp {index[at[0]]!s} (row {at[0]}), channel {channels[at[1]]!r}"
        ),
    )
    return Series(values, index, channels, n_targets)


def _labels(series):
    """Channel names and time index of whatever came in."""
    n_timestamps, *n_channels = np.shape(series)
    index = getattr(series, "index", None)
    if not isinstance(index, pd.Index):  # arrays, lists, polars frames
        index = pd.RangeIndex(n_timestamps)
    if hasattr(series, "columns"):
        columns = list(series.columns)
    elif n_channels:
        columns = list(range(n_channels[0]))
    else:
        name = getattr(series, "name", None)
        columns = [0 if name is None else name]
    if len(set(columns)) < len(columns):
        raise ValueError(
            f"Expected channels with different names, found {columns}. "
            "Rename or drop the duplicates."
        )
    return columns, index


def _numbers(series, columns):
    """`series` as a float array (n_timestamps, n_channels)."""
    if isinstance(series, (pd.Series, pd.DataFrame)):
        dtypes = series.dtypes if series.ndim == 2 else [series.dtype]
        values = series
    else:
        values = np.asarray(series)
        dtypes = [values.dtype] * len(columns)
    for column, dtype in zip(columns, dtypes):
        if not is_numeric_dtype(dtype) or is_complex_dtype(dtype):
            raise TypeError(
                f"Expected real numbers in channel {column!r}, found {dtype} values. "
                "Convert them first, e.g. with pandas.to_numeric."
            )
    if isinstance(values, np.ndarray):
        keep = values.dtype in (np.float32, np.float64)
        values = values if keep else values.astype(np.float64)
    else:
        values = values.to_numpy(np.float64, na_value=np.nan)
    # (n_timestamps,) -> (n_timestamps, 1)
    return values.reshape(len(values), -1)


def _targets_first(columns, target):
    """Order of the columns with the target channels in front, and their number."""
    if target is None:
        if len(columns) > 1:
            raise ValueError(
                f"Found {len(columns)} channels, {columns}: say which to forecast, "
                f"e.g. target={columns[0]!r}, or target={columns!r} for all."
            )
        target = columns
    names = list(target) if isinstance(target, (list, pd.Index)) else [target]
    unknown = [name for name in names if name not in columns]
    if unknown or not names or len(set(names)) < len(names):
        raise ValueError(
            f"Expected target to name channels of {columns}, each once; "
            f"found {target!r}."
        )
    first = [columns.index(name) for name in names]
    return first + [i for i in range(len(columns)) if i not in first], len(first)


def check_time_axis(index, regular=True):
    """Check that the timestamps increase and, if `regular`, that none is missing.

    Raises
    ------
    TypeError
        If the index holds something else than timestamps, periods or numbers.
    ValueError
        If timestamps are unsorted, duplicated, missing or NaT.
    """
    is_time = isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex))
    if not is_time and not is_numeric_dtype(index.dtype):
        raise TypeError(
            "Expected an index of timestamps, periods or numbers, found one of "
            f"{index.dtype} ({type(index).__name__}). Convert it first, e.g. "
            "series.index = pandas.to_datetime(series.index)."
        )
    if index.hasnans:
        raise ValueError(
            f"Expected a timestamp in every row, found none in row "
            f"{int(np.argmax(index.isna()))}. Drop that row or fill its timestamp."
        )
    if not index.is_monotonic_increasing:
        row = int(np.argmax(index[1:] < index[:-1])) + 1
        raise ValueError(
            f"Expected timestamps in increasing order, found {index[row]!s} in row "
            f"{row} after {index[row - 1]!s}. Call sort_index() first."
        )
    if not index.is_unique:
        row = int(np.argmax(index.duplicated()))
        raise ValueError(
            f"Expected every timestamp once, found {index[row]!s} again in row {row}. "
            "Keep one, e.g. series[~series.index.duplicated()], or average them with "
            "series.groupby(level=0).mean()."
        )
    if regular and len(index) > 2:
        _check_regular(index)


def _check_regular(index):
    if getattr(index, "freq", None) is not None and not isinstance(
        index, pd.PeriodIndex
    ):
        return  # pandas itself vouches for the regularity
    if isinstance(index, pd.DatetimeIndex):
        if pd.infer_freq(index) is not None:
            return
        row = _first_irregular_datetime(index)
    else:
        if isinstance(index, pd.PeriodIndex):
            steps = np.diff(index.asi8)
        else:
            steps = np.diff(index.to_numpy())
        usual = steps[0] if len(steps) < 3 else np.median(steps)
        irregular = ~np.isclose(steps.astype(float), float(usual))
        if not irregular.any():
            return
        row = int(np.argmax(irregular)) + 1
    raise ValueError(
        "Expected timestamps at a regular distance, found "
        f"{index[row]!s} in row {row} after {index[row - 1]!s}. A timestamp is missing "
        "or misplaced: bring the series to one frequency with series.asfreq(...) or "
        "series.resample(...) and fill the gaps, or drop the index if the distance "
        "of the rows does not matter."
    )


def _first_irregular_datetime(index):
    """Row of the first timestamp that is not where the frequency puts it."""
    # The frequency of a stretch without the flaw tells where the flaw is.
    for start in range(0, max(len(index) - 3, 1), 3):
        freq = pd.infer_freq(index[start : start + 4]) if len(index) > 3 else None
        if freq is None:
            continue
        expected = pd.date_range(index[0], periods=len(index), freq=freq)
        if expected[0] == index[0]:
            return int(np.argmax(expected != index))
    steps = np.diff(index.asi8)
    return int(np.argmax(steps != np.median(steps))) + 1
