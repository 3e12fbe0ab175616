"""Read a series as users have it: an array, a Series or a DataFrame."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

from .._utils.validation import check_finite
from .columns import (
    channel_roles,
    check_number_dtype,
    constant_values,
    is_polars,
    plain,
    time_column,
)
from .time_axis import check_time_axis, frequency


@dataclass(frozen=True)
class Series:
    """One series or several, in the package's own order of channels and rows.

    Attributes
    ----------
    values : ndarray of shape (n_timestamps, n_channels)
        Targets, past covariates and covariates known in the future, in this order;
        float32 or float64. Those of several series follow one another.
    index : pandas.Index of length n_timestamps
        The timestamps, or 0, 1, ... for an array.
    channels : tuple of length n_channels
        Names of the channels, or their column numbers.
    n_targets, n_past : int
        How many of the channels are forecast, and how many are past covariates.
    bounds : ndarray of shape (n_series + 1,), int64
        Rows ``bounds[i]`` to ``bounds[i + 1]`` are series ``i``; none is empty.
    static : ndarray of shape (n_series, n_static), float32, or None
        Static covariates.
    static_names : tuple of length n_static
        Their names.
    freqs : tuple
        The frequencies that series have, see ``_calendar.frequency``.
    freq_of : ndarray of shape (n_series,) or None
        Which of them is that of each series; None if there is but one.
    ids : pandas.Index of length n_series or None
        Names of the series; None for a single one without a name.
    rows : ndarray of shape (n_timestamps,) or None
        Rows in the user's frame; None if they are in this order.
    targets : ndarray of shape (n_timestamps, n_targets) or None
        Targets in the precision of the user; None where `values` has it.
    ends_vary : bool
        Whether series may begin after their first row and end before their last.
    is_finite : bool
        Whether all values are known to be finite.
    repairs : dict
        What mends a flaw, in words, see ``_panel``.
    """

    values: np.ndarray
    index: pd.Index
    channels: tuple
    n_targets: int
    n_past: int
    bounds: np.ndarray
    static: np.ndarray | None = None
    static_names: tuple = ()
    freqs: tuple = (None,)
    freq_of: np.ndarray | None = None
    ids: pd.Index | None = None
    rows: np.ndarray | None = None
    targets: np.ndarray | None = None
    ends_vary: bool = False
    is_finite: bool = False
    repairs: dict = field(default_factory=dict)

    @property
    def n_future(self):
        """How many channels are known in the future, the last ones."""
        return len(self.channels) - self.n_targets - self.n_past

    def place(self, at):
        """Where the entry ``values[at]`` is, in words."""
        row, channel = at
        name = f"channel {self.channels[channel]!r}"
        return f"{self.timestamp(row)}, {name}"

    def timestamp(self, row):
        """Which timestamp of which series a row is, in words."""
        shown = row if self.rows is None else self.rows[row]
        text = f"timestamp {self.index[row]!s} (row {shown})"
        return text if self.ids is None else f"series {self.name(row)}, {text}"

    def name(self, row):
        """The name of the series that a row belongs to."""
        which = np.searchsorted(self.bounds, row, "right") - 1
        return repr(plain(self.ids[which]))


def read_series(series, target, time, past, future, static, missing):
    """Check a single series and put its channels in order.

    Parameters
    ----------
    series : array of shape (n_timestamps,) or (n_timestamps, n_channels), Series \
            or DataFrame
        Values in time order.
    target, time, past, future, static, missing
        As for ``make_windows``.

    Returns
    -------
    series : Series

    Raises
    ------
    TypeError
        If the values are not real numbers, or the index is not a time axis.
    ValueError
        If a value is infinite, or missing though `missing` is "error" and no channel
        is known in the future, the timestamps are unsorted, duplicated or have a
        gap, or the names are not those of channels of the series.
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
    index = None
    if time is not None:
        index = time_column(series, time)
        series = series.drop(time) if is_polars(series) else series.drop(columns=time)
    columns, index = _labels(series, index)
    values = _numbers(series, columns)
    check_time_axis(index)
    roles = channel_roles(columns, target, past, future, static, rest_is_past=True)
    target, past, future, static = roles
    channels = [*target, *past, *future]
    statics = None
    if static:
        numbers = values[:, [columns.index(name) for name in static]]
        bounds = np.array([0, len(values)])
        statics = constant_values(numbers, bounds, static, None)
    if channels != columns:
        values = values[:, [columns.index(name) for name in channels]]
    data = Series(
        values,
        index,
        tuple(channels),
        len(target),
        len(past),
        np.array([0, len(values)]),
        statics,
        tuple(static),
        (frequency(index),),
        is_finite=missing == "error" and not future,
    )
    if data.is_finite:
        check_finite(values, "series", data.place)
    return data


def _labels(series, index=None):
    """Channel names and time index of whatever came in."""
    n_timestamps, *n_channels = np.shape(series)
    if index is None:
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
        check_number_dtype(dtype, column)
    if isinstance(values, np.ndarray):
        keep = values.dtype in (np.float32, np.float64)
        values = values if keep else values.astype(np.float64)
    else:
        values = values.to_numpy(np.float64, na_value=np.nan)
    # (n_timestamps,) -> (n_timestamps, 1)
    return values[:, np.newaxis] if values.ndim == 1 else values
