"""Read a series as users have it: an array, a Series or a DataFrame."""

import warnings
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

    def place(self, at):
        """Where the entry ``values[at]`` is, in words."""
        row, channel = at
        return (
            f"timestamp {self.index[row]!s} (row {row}), channel "
            f"{self.channels[channel]!r}"
        )


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
    data = Series(values, index, channels, n_targets)
    check_finite(values, "series", data.place)
    return data


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
    return values[:, np.newaxis] if values.ndim == 1 else values


def _targets_first(columns, target):
    """Order of the columns with the target channels in front, and their number."""
    if target is None:
        if len(columns) > 1:
            raise ValueError(
                f"Found {len(columns)} channels, {columns}: say which to forecast, "
                f"e.g. target={columns[0]!r}, or target={columns!r} for all."
            )
        target = columns
    names = (
        list(target) if isinstance(target, (list, np.ndarray, pd.Index)) else [target]
    )
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
    has_freq = getattr(index, "freq", None) is not None
    if isinstance(index, pd.RangeIndex) or (
        has_freq and not isinstance(index, pd.PeriodIndex)
    ):
        return  # pandas itself vouches for the regularity
    if isinstance(index, pd.DatetimeIndex):
        row = _first_irregular_datetime(index)
    else:
        has_ticks = isinstance(index, (pd.PeriodIndex, pd.TimedeltaIndex))
        steps = np.diff(index.asi8 if has_ticks else index.to_numpy()).astype(float)
        usual = steps[0] if len(steps) < 3 else np.median(steps)
        # Rounding is far below a hundredth of a step, a missing timestamp far above.
        irregular = np.abs(steps - usual) > usual / 100
        row = int(np.argmax(irregular)) + 1 if irregular.any() else None
    if row is None:
        return
    raise ValueError(
        "Expected timestamps at a regular distance, found "
        f"{index[row]!s} in row {row} after {index[row - 1]!s}. A timestamp is missing "
        "or misplaced: bring the series to one frequency with series.asfreq(...) or "
        "series.resample(...) and fill the gaps, or drop the index if the distance "
        "of the rows does not matter."
    )


def _first_irregular_datetime(index):
    """Row of the first timestamp that is not where the frequency puts it, or None."""
    row = _first_difference(index, _infer_freq(index))
    if row == len(index):
        return None
    # The frequency of a stretch without the flaw tells where the flaw is. Of several
    # the one that goes farthest: business days look like days until a weekend.
    stretches = {
        _infer_freq(index[start : start + size])
        for size in (8, 4)
        for start in range(0, min(len(index) - size + 1, 20 * size), size - 1)
    }
    row = max((_first_difference(index, freq) for freq in stretches), default=0)
    if row > 0:
        return row
    steps = np.diff(index.asi8)
    return int(np.argmax(steps != np.median(steps))) + 1


def _infer_freq(index):
    with warnings.catch_warnings():
        # pandas 3.1 announces a result of another type; date_range takes either.
        warnings.simplefilter("ignore", DeprecationWarning)
        return pd.infer_freq(index)


def _first_difference(index, freq):
    """Row where `index` leaves the frequency, its length if it never does."""
    if freq is None:
        return 0
    # pandas infers some frequencies from the set of the steps, whatever their order.
    try:
        differs = pd.date_range(index[0], periods=len(index), freq=freq) != index
    except (ValueError, OverflowError):  # the frequency leads out of the calendar
        return 0
    return int(np.argmax(differs)) if differs.any() else len(index)
