"""Read series in the form that users have: one here, many in ``read_panel``."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from .._utils.validation import check_finite, check_readable
from .checks import unmasked
from .columns import (
    OR_MANY_SERIES,
    Layout,
    check_has_columns,
    check_not_xarray,
    check_number_dtype,
    constant_values,
    is_polars,
    roles_of,
    time_column,
)
from .frequency import frequency
from .observed import check_values
from .panel import Panel
from .precision import as_precise, out_of_range
from .read_panel import is_panel, read_panel
from .store import PanelStore
from .time_axis import as_time_index, check_time_axis
from .words import plain


def read(series: Any, layout: Layout) -> Panel:
    """Series of any form, as a panel whose values have their own memory.

    Parameters
    ----------
    series : array of shape (n_timestamps,) or (n_timestamps, n_channels), Series, \
            DataFrame or PanelStore
        One series or many, in a form that ``make_windows`` takes.
    layout : Layout
        How to read it.

    Returns
    -------
    panel : Panel
        With the targets in the user's precision, possibly sharing the user's memory.

    Raises
    ------
    TypeError, ValueError
        As for ``make_windows``, except for missing values in a panel: which of them
        matter is known only with the windows.
    """
    layout.check()
    if isinstance(series, PanelStore):
        series.layout_for(layout)  # checks that it agrees with the store
        return series.panel
    check_not_xarray(series)
    as_panel = read_panel if is_panel(series, layout.id) else read_series
    panel = as_panel(series, layout)
    warn_of_range(panel)
    return panel


def layout_of(series: Any, layout: Layout) -> Layout:
    """The layout to read series with: that of a store, or the one given.

    Raises
    ------
    TypeError, ValueError
        If it is not valid, or does not agree with the store.
    """
    layout.check()
    return series.layout_for(layout) if isinstance(series, PanelStore) else layout


def read_future(covariates: Any, layout: Layout) -> Panel:
    """Read a frame of future covariates alone, as a panel without targets.

    Parameters
    ----------
    covariates : DataFrame of pandas or polars
        Has the future covariates of `layout`, and its ids and times.
    layout : Layout
        How the frame with the targets was read.

    Returns
    -------
    panel : Panel

    Raises
    ------
    TypeError, ValueError
        If `layout` has no future covariates, a value is missing, or as for ``read``.
    """
    if layout.future is None:
        raise ValueError(
            "Expected future to name the covariates in X_future, found future=None. "
            "Set the parameter future, and fit again."
        )
    what = "X_future with the future covariates"
    check_has_columns(covariates, layout.future, what)
    alone = Layout(target=layout.future, id=layout.id, time=layout.time, past=[])
    panel = read(covariates, alone)
    panel = replace(panel, n_targets=0, n_future=panel.n_channels)
    start, stop = panel.bounds[:-1], panel.bounds[1:]
    check_values(panel, start, stop, stop, "error")
    return panel


def read_series(series: Any, layout: Layout) -> Panel:
    """Check a single series and put its channels in order.

    Parameters
    ----------
    series : array of shape (n_timestamps,) or (n_timestamps, n_channels), Series \
            or DataFrame
        Values in time order.
    layout : Layout
        How to read it.

    Returns
    -------
    panel : Panel

    Raises
    ------
    TypeError
        If the values are not real numbers, or the index is not a time axis.
    ValueError
        If a value is infinite or too large for float32, or missing where that is not
        allowed and no channel is known in the future, the timestamps are unsorted,
        duplicated or have a gap, or the names are not those of channels.
    """
    _check_form(series)
    index = None
    if layout.time is not None:
        time = layout.time
        index = time_column(series, time)
        series = series.drop(time) if is_polars(series) else series.drop(columns=time)
    columns, index = _labels(series, index)
    try:
        values = _numbers(series, columns)
        check_time_axis(index)
    except (TypeError, ValueError) as error:
        if not _may_be_long(series, index):
            raise
        raise type(error)(f"{error} {OR_MANY_SERIES}") from None
    roles = roles_of(columns, layout, rest_is_past=True)
    bounds = np.array([0, len(values)])
    static = None
    if roles.static:
        numbers = values[:, [columns.index(name) for name in roles.static]]
        static = constant_values(numbers, bounds, roles.static, None)
    if roles.channels != columns:
        values = values[:, [columns.index(name) for name in roles.channels]]
    panel = Panel(
        as_precise(values, bounds),
        index,
        tuple(roles.channels),
        bounds,
        n_targets=len(roles.target),
        n_future=len(roles.future),
        static=static,
        static_names=tuple(roles.static),
        freqs=(frequency(index),),
        targets=values[:, : len(roles.target)],
        is_complete=layout.missing == "error" and not roles.future,
    )
    if panel.is_complete:
        if np.isnan(values).any():  # its error also says how to allow NaN
            incomplete = replace(panel, is_complete=False)
            check_values(incomplete, bounds[:-1], bounds[1:], bounds[1:], "error")
        check_finite(values, "series", panel.place)
    _check_range(panel, values)
    return panel


def warn_of_range(panel: Panel) -> None:
    """Warn if networks cannot scale the range of a target."""
    targets = panel.values[:, : panel.n_targets]
    for series, target, spread in out_of_range(targets, panel.bounds)[:1]:
        of = panel.name(int(series))
        of = of and f" of series {of}"
        # From here through read and make_windows to the user.
        warnings.warn(
            "Expected series with a range between 1e-35 and 1e+35, which float32, the "
            f"precision of the networks, can hold, found a range of {spread:.3g} in "
            f"channel {plain(panel.channels[int(target)])!r}{of}. Use other units.",
            UserWarning,
            stacklevel=4,
        )


def _may_be_long(series: Any, index: pd.Index) -> bool:
    """Whether a frame may hold many series: timestamps repeat."""
    return hasattr(series, "columns") and not index.is_unique


def _check_form(series: Any) -> None:
    if sparse.issparse(series):
        raise TypeError(
            f"Expected a dense series, found a {type(series).__name__}. "
            "Call .toarray() on it first."
        )
    check_readable(series, "a series")
    if isinstance(series, (str, bytes)) or np.ndim(series) not in (1, 2):
        raise ValueError(
            "Expected a series of shape (n_timestamps,) or (n_timestamps, n_channels), "
            f"found {np.shape(series)} of type {type(series).__name__}."
        )


def _labels(series: Any, index: pd.Index | None) -> tuple[list, pd.Index]:
    """Channel names and time index of the input, whatever its type."""
    n_timestamps, *n_channels = np.shape(series)
    if index is None:
        index = getattr(series, "index", None)
    if not isinstance(index, pd.Index):  # arrays, lists, polars frames
        index = pd.RangeIndex(n_timestamps)
    times: pd.Index = as_time_index(index)
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
    return columns, times


def _numbers(series: Any, columns: list) -> np.ndarray:
    """`series` as a float array (n_timestamps, n_channels)."""
    if isinstance(series, (pd.Series, pd.DataFrame)):
        dtypes = [series.dtype] if isinstance(series, pd.Series) else series.dtypes
        for column, dtype in zip(columns, dtypes):
            check_number_dtype(dtype, column)
        values = series.to_numpy(np.float64, na_value=np.nan)
    else:
        values = np.asarray(unmasked(series))
        check_number_dtype(values.dtype, columns[0] if columns else 0)
        keep = values.dtype in (np.float32, np.float64)
        values = values if keep else values.astype(np.float64)
    # (n_timestamps,) -> (n_timestamps, 1)
    return values[:, np.newaxis] if values.ndim == 1 else values


def _check_range(panel: Panel, values: np.ndarray) -> None:
    """Raise a ValueError if values are too large for float32."""
    with np.errstate(over="ignore"):
        overflows = not np.isfinite(np.sum(panel.values))
    if values.dtype != np.float32 and overflows:
        # Values missing or infinite before have not overflowed.
        values_or_zero = np.where(np.isfinite(values), panel.values, 0)
        name = "series, too large for float32, the windows' precision,"
        check_finite(values_or_zero, name, panel.place)
