"""Read a panel, many series in one frame, in any of the usual forms."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from .columns import (
    Layout,
    Roles,
    check_number_dtype,
    constant_values,
    is_polars,
    roles_of,
    time_column,
)
from .frequency import Frequency, frequency, panel_frequencies
from .panel import Panel, Source
from .precision import as_precise
from .tables import Table, complain_of_time, frame_of, long_table
from .time_axis import as_time_index, check_time_axis, is_time
from .words import plain


class UnsortedError(ValueError):
    """Timestamps of a series do not increase."""


@dataclass(frozen=True)
class Rows:
    """The rows of a long frame, series by series, checked and in their own precision.

    Attributes
    ----------
    columns : dict of name to ndarray of shape (n_rows,), float32 or float64
        The channels, and the static covariates.
    roles : Roles
    is_together : bool
        Whether the rows of each series were contiguous.
    bounds, index, ids, static, freqs, freq_of, source
        As in a ``Panel``.
    """

    columns: dict[Hashable, np.ndarray]
    roles: Roles
    is_together: bool
    bounds: np.ndarray
    index: pd.Index
    ids: pd.Index
    static: np.ndarray | None
    freqs: tuple[Frequency, ...]
    freq_of: np.ndarray
    source: Source

    def panel(self, values: np.ndarray, targets: np.ndarray) -> Panel:
        """A panel of these rows.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_channels)
            The channels in the precision of windows.
        targets : ndarray of shape (n_rows, n_targets)
        """
        return Panel(
            values,
            self.index,
            tuple(self.roles.channels),
            self.bounds,
            n_targets=len(self.roles.target),
            n_future=len(self.roles.future),
            ids=self.ids,
            static=self.static,
            static_names=tuple(self.roles.static),
            freqs=self.freqs,
            freq_of=self.freq_of,
            targets=targets,
            source=self.source,
        )


def is_panel(series: Any, id: Hashable | None) -> bool:
    """Whether to read `series` as many series."""
    has_levels = isinstance(getattr(series, "index", None), pd.MultiIndex)
    return id is not None or (has_levels and isinstance(series, pd.DataFrame))


def read_panel(series: Any, layout: Layout) -> Panel:
    """Check a panel and put its series and channels in order.

    Parameters
    ----------
    series : DataFrame of pandas or polars
        Long, with ids and times as columns or levels of the index, or wide.
    layout : Layout
        How to read it.

    Returns
    -------
    panel : Panel

    Raises
    ------
    TypeError
        If `series` is not a frame, its values are not real numbers, or its times are
        not timestamps, periods or numbers.
    ValueError
        If an id or time is missing, times are unsorted, duplicated or have a gap, a
        static covariate changes, or the names are not those of columns.
    """
    frame = frame_of(series)
    levels = getattr(getattr(frame, "index", None), "names", ())
    if layout.id == "columns" and layout.id not in (*frame.columns, *levels):
        return _read_wide(frame, layout)
    rows = read_rows(frame, layout)
    values, targets = _block(rows.columns, rows.roles, rows.bounds)
    return rows.panel(values, targets)


def read_rows(frame: Any, layout: Layout, first_row: int = 0) -> Rows:
    """Check the rows of a long frame and put them in the order of their series.

    Parameters
    ----------
    frame : DataFrame of pandas or polars
    layout : Layout
        How to read it.
    first_row : int, default=0
        Number of its first row, for error messages: it may be part of a larger frame.

    Returns
    -------
    rows : Rows

    Raises
    ------
    TypeError, ValueError
        As for :func:`read_panel`.
    """
    table = long_table(frame, layout.id, layout.time)
    roles = roles_of(list(table.columns), layout, rest_is_past=False)
    order, bounds = _grouped(table, first_row)
    index = table.times if order is None else table.times.take(order)
    shown = order
    if first_row:
        shown = first_row + (np.arange(len(index)) if order is None else order)
    freqs, freq_of = _frequencies(index, bounds, shown, table.ids, table.repairs)
    columns = {
        name: _numbers(table.columns[name], name, order)
        for name in roles.channels + roles.static
    }
    static = None
    if roles.static:
        numbers = np.column_stack([columns[name] for name in roles.static])
        static = constant_values(numbers, bounds, roles.static, table.ids)
    source = Source(shown, table.repairs)
    return Rows(
        columns,
        roles,
        order is None,
        bounds,
        index,
        table.ids,
        static,
        freqs,
        freq_of,
        source,
    )


def _read_wide(frame: Any, layout: Layout) -> Panel:
    """A frame with one series in every column, on one time axis."""
    covariates = (layout.past, layout.future, layout.static)
    if any(names is not None for names in covariates):
        raise ValueError(
            "Expected no past, future or static covariates with id='columns', where "
            "every column is a series. Make a long frame, e.g. with DataFrame.melt."
        )
    if not isinstance(layout.target, Hashable):
        raise TypeError(
            "Expected target to be one name with id='columns', for the values of all "
            f"columns, found a {type(layout.target).__name__}. Leave it out, or pass "
            "one name."
        )
    times = _times_of_wide(frame, layout.time)
    check_time_axis(times)
    names = [name for name in frame.columns if name != layout.time]
    if not names:
        raise ValueError("Expected at least one column that is a series, found none.")
    n_series, n_rows = len(names), len(times)
    columns = [_numbers(frame[name], name, None) for name in names]
    targets = np.concatenate(columns)[:, np.newaxis]
    rows = np.tile(np.arange(n_rows), n_series)
    bounds = np.arange(n_series + 1) * n_rows
    return Panel(
        as_precise(targets, bounds),
        times.take(rows),
        (0 if layout.target is None else layout.target,),
        bounds=bounds,
        ids=frame.columns if layout.time is None else pd.Index(names),
        freqs=(frequency(times),),
        targets=targets,
        source=Source(
            rows, {"missing": "df.interpolate(limit_area='inside')"}, ends_vary=True
        ),
    )


def _times_of_wide(frame: Any, time: Hashable | None) -> pd.Index:
    if time is not None:
        return time_column(frame, time)
    if is_polars(frame):
        complain_of_time(frame)
    return as_time_index(frame.index)


def _grouped(table: Table, first_row: int) -> tuple[np.ndarray | None, np.ndarray]:
    """Rows of the frame by series, None if already in order, and their bounds."""
    codes, n_series = table.codes, len(table.ids)
    if codes.min() < 0:
        raise ValueError(
            "Expected the id of a series in every row, found none in row "
            f"{first_row + int(np.argmax(codes < 0))}. Drop that row or fill its id."
        )
    bounds = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=n_series))])
    if (codes[1:] >= codes[:-1]).all():
        return None, bounds
    # Small integers are sorted digit by digit, in one pass each.
    codes = codes.astype(np.min_scalar_type(n_series))
    return np.argsort(codes, kind="stable"), bounds


def _frequencies(
    index: pd.Index,
    bounds: np.ndarray,
    rows: np.ndarray | None,
    ids: pd.Index,
    repairs: dict[str, str],
) -> tuple[tuple[Frequency, ...], np.ndarray]:
    """Frequencies of the series after all checks of their timestamps."""
    kinds = {
        "unsorted": "timestamps in increasing order within a series",
        "duplicated": "every timestamp once in a series",
        "irregular": "regularly spaced timestamps within a series",
    }

    def complain(kind: str, at: int) -> NoReturn:
        name = plain(ids[np.searchsorted(bounds, at, "right") - 1])
        row, before = (at, at - 1) if rows is None else rows[[at, at - 1]]
        found = f"{index[at]!s} in row {row} after {index[at - 1]!s} in row {before}"
        raise (UnsortedError if kind == "unsorted" else ValueError)(
            f"Expected {kinds[kind]}, found {found} of series {name!r}. "
            f"Fix it, e.g. with {repairs[kind]}."
        )

    if index.hasnans:
        at = int(np.argmax(index.isna()))
        raise ValueError(
            "Expected a timestamp in every row, found none in row "
            f"{at if rows is None else rows[at]}. Drop that row or fill its timestamp."
        )
    if is_time(ids) and not is_time(index):
        raise TypeError(
            f"Expected id and time in this order, found ids of {ids.dtype} and "
            f"timestamps of {index.dtype}. Swap them, or swap the levels of the index "
            "with df.swaplevel().sort_index()."
        )
    check_time_axis(index[:0])  # its type
    return panel_frequencies(index, bounds, complain)


def _numbers(column: Any, name: Hashable, rows: np.ndarray | None) -> np.ndarray:
    """A column as float32 or float64, NaN where it is missing, in the order `rows`."""
    if is_polars(column):
        numbers = column.to_numpy()
        check_number_dtype(numbers.dtype, name)
    else:
        check_number_dtype(column.dtype, name)
        numbers = column
    dtype = np.float32 if numbers.dtype == np.float32 else np.float64
    if isinstance(numbers, pd.Series):
        numbers = numbers.to_numpy(dtype, na_value=np.nan)
    numbers = np.asarray(numbers, dtype)
    return numbers if rows is None else numbers[rows]


def _block(
    columns: dict, roles: Roles, bounds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The channels as windows have them, and the targets in their own precision."""
    targets = [columns[name] for name in roles.target]
    # One column needs no copy yet.
    one = len(targets) == 1
    stacked = targets[0][:, np.newaxis] if one else np.column_stack(targets)
    if len(roles.channels) == 1:
        return as_precise(stacked, bounds), stacked
    # One by one, so that a frame of many columns is not in memory twice as float64.
    parts = [
        as_precise(columns[name][:, np.newaxis], bounds) for name in roles.channels
    ]
    return np.hstack(parts), stacked
