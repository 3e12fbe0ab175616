"""Read a panel, many series in one frame, in any of the forms that users have it in."""

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
from .time_axis import as_time_index, check_time_axis, is_time
from .words import plain


@dataclass(frozen=True)
class Table:
    """The rows of a long frame, whatever it is made of.

    Attributes
    ----------
    columns : dict of name to column
        All columns that may be channels.
    codes : ndarray of shape (n_rows,)
        Series of each row, numbered in the order in which they appear.
    ids : pandas.Index of length n_series
        Their names.
    times : pandas.Index of length n_rows
        Timestamp of each row.
    repairs : dict
        What mends rows that are "unsorted", "duplicated" or "irregular", and values
        that are "missing", in words.
    """

    columns: dict[Hashable, Any]
    codes: np.ndarray
    ids: pd.Index
    times: pd.Index
    repairs: dict[str, str]


def is_panel(series: Any, id: Hashable | None) -> bool:
    """Whether `series` is to be read as many series."""
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
        If `series` is no frame, its values are not real numbers, or its times are not
        timestamps, periods or numbers.
    ValueError
        If an id or time is missing, times are unsorted, duplicated or have a gap, a
        static covariate changes, or the names are not those of columns.
    """
    frame = _frame(series)
    levels = getattr(getattr(frame, "index", None), "names", ())
    if layout.id == "columns" and layout.id not in (*frame.columns, *levels):
        return _read_wide(frame, layout)
    table = _long_table(frame, layout.id, layout.time)
    roles = roles_of(list(table.columns), layout, rest_is_past=False)
    rows, bounds = _grouped(table)
    index = table.times if rows is None else table.times.take(rows)
    freqs, freq_of = _frequencies(index, bounds, rows, table.ids, table.repairs)
    columns = {
        name: _numbers(table.columns[name], name, rows)
        for name in roles.channels + roles.static
    }
    values, targets = _block(columns, roles, bounds)
    static = None
    if roles.static:
        numbers = np.column_stack([columns[name] for name in roles.static])
        static = constant_values(numbers, bounds, roles.static, table.ids)
    return Panel(
        values,
        index,
        tuple(roles.channels),
        bounds,
        n_targets=len(roles.target),
        n_future=len(roles.future),
        ids=table.ids,
        static=static,
        static_names=tuple(roles.static),
        freqs=freqs,
        freq_of=freq_of,
        targets=targets,
        source=Source(rows, table.repairs),
    )


def _frame(series: Any) -> Any:
    """`series` as a frame of pandas or polars that has rows, or an error."""
    if isinstance(series, pd.Series):
        series = series.to_frame(0 if series.name is None else series.name)
    if not (isinstance(series, pd.DataFrame) or is_polars(series)):
        raise TypeError(
            "Expected a panel as a DataFrame of pandas or polars, found "
            f"{type(series).__name__}. Make a frame with columns for the id and the "
            "time, or leave out id for a single series."
        )
    if len(series) == 0:
        raise ValueError("Expected a panel of at least one row, found none.")
    if len(set(series.columns)) < len(series.columns):
        raise ValueError(
            f"Expected columns with different names, found {list(series.columns)}. "
            "Rename or drop the duplicates."
        )
    return series


def _long_table(frame: Any, id: Any, time: Any) -> Table:
    if is_polars(frame):
        return _polars_table(frame, id, time)
    if isinstance(frame.index, pd.MultiIndex):
        return _levels_table(frame, frame.index, id, time)
    if id not in frame.columns:
        _complain_of_id(frame, id)
    group = f"df.groupby({id!r})"
    if time is None:
        times = as_time_index(frame.index)
        repairs = {
            "unsorted": "df.sort_index(kind='stable')",
            "duplicated": f"df[~df.set_index({id!r}, append=True).index.duplicated()]",
            "irregular": f"{group}.resample(...)",
        }
    else:
        times = time_column(frame, time)
        repairs = {
            "unsorted": f"df.sort_values([{id!r}, {time!r}])",
            "duplicated": f"df.drop_duplicates([{id!r}, {time!r}])",
            "irregular": f"df.set_index({time!r}).groupby({id!r}).resample(...)",
        }
    repairs["missing"] = group + "[{column!r}].ffill()"
    try:
        codes, ids = pd.factorize(frame[id])
    except TypeError:
        found = type(frame[id].iloc[0]).__name__
        raise TypeError(
            "Expected ids that are strings, numbers or others that can be hashed in "
            f"column {id!r}, found a {found}. Convert them, e.g. with .astype(str)."
        ) from None
    columns = {name: frame[name] for name in frame.columns if name not in (id, time)}
    return Table(columns, codes, pd.Index(ids, name=id), times, repairs)


def _levels_table(
    frame: pd.DataFrame, index: pd.MultiIndex, id: Any, time: Any
) -> Table:
    """The rows of a frame with two levels of index, the id and the time."""
    names = list(index.names)
    level = 0 if id is None else names.index(id) if id in names else None
    if len(names) != 2 or level is None or time not in (None, names[1 - level]):
        raise ValueError(
            "Expected an index with two levels, the id and the time, as id and time "
            f"name them, found levels {names} with id={id!r} and time={time!r}. Give "
            "the names of the levels, or make columns of them with reset_index()."
        )
    places = index.codes[level]
    codes, known = pd.factorize(places)
    if len(places) and places.min() < 0:  # to factorize, -1 is a number like others
        codes = np.where(places < 0, -1, codes)
    group = f"df.groupby(level={level})"
    return Table(
        {name: frame[name] for name in frame.columns},
        codes,
        index.levels[level].take(known),
        as_time_index(index.get_level_values(1 - level)),
        {
            "unsorted": f"df.sort_index(level=[{level}, {1 - level}])",
            "duplicated": "df[~df.index.duplicated()]",
            "irregular": f"df.reset_index({level}).groupby({id!r}).resample(...)"
            if id is not None
            else f"{group}.resample(..., level={1 - level})",
            "missing": group + "[{column!r}].ffill()",
        },
    )


def _polars_table(frame: Any, id: Any, time: Any) -> Table:
    if id not in frame.columns:
        _complain_of_id(frame, id)
    if time is None:
        _complain_of_time(frame)
    codes, ids = pd.factorize(frame[id].to_numpy())
    if frame[id].null_count():  # None among strings, or NaN among numbers
        codes = np.where(frame[id].is_null().to_numpy(), -1, codes)
    keys = [id, time]
    return Table(
        {name: frame[name] for name in frame.columns if name not in keys},
        codes,
        pd.Index(ids, name=id),
        time_column(frame, time),
        {
            "unsorted": f"df.sort({keys!r})",
            "duplicated": f"df.unique({keys!r}, maintain_order=True)",
            "irregular": f"df.upsample({time!r}, every=..., group_by={id!r})",
            "missing": "polars.col({column!r}).forward_fill()" + f".over({id!r})",
        },
    )


def _complain_of_id(frame: Any, id: Any) -> NoReturn:
    raise ValueError(
        f"Expected id to be a column of {list(frame.columns)}, found {id!r}. Give the "
        "column that names the series, or id='columns' if every column is a series."
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
            "Expected target as one name with id='columns', which the values of all "
            f"columns get, found a {type(layout.target).__name__}. Leave it out, or "
            "give a name."
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
        _complain_of_time(frame)
    return as_time_index(frame.index)


def _complain_of_time(frame: Any) -> NoReturn:
    raise ValueError(
        "Expected time to name the column of timestamps, since a frame of polars "
        f"has no index; found None. Its columns are {frame.columns}."
    )


def _grouped(table: Table) -> tuple[np.ndarray | None, np.ndarray]:
    """Rows of the frame series by series, None if they are so, and their bounds."""
    codes, n_series = table.codes, len(table.ids)
    if codes.min() < 0:
        raise ValueError(
            "Expected the id of a series in every row, found none in row "
            f"{int(np.argmax(codes < 0))}. Drop that row or fill its id."
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
        "irregular": "timestamps at a regular distance within a series",
    }

    def complain(kind: str, at: int) -> NoReturn:
        name = plain(ids[np.searchsorted(bounds, at, "right") - 1])
        row, before = (at, at - 1) if rows is None else rows[[at, at - 1]]
        found = f"{index[at]!s} in row {row} after {index[at - 1]!s} in row {before}"
        raise ValueError(
            f"Expected {kinds[kind]}, found {found} of series {name!r}. "
            f"Mend it, e.g. with {repairs[kind]}."
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
            f"timestamps of {index.dtype}. Swap them, or the levels of the index by "
            "df.swaplevel().sort_index()."
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
    # One by one: a frame of many columns is not held twice in double precision.
    parts = [
        as_precise(columns[name][:, np.newaxis], bounds) for name in roles.channels
    ]
    return np.hstack(parts), stacked
