"""Read a panel, many series in one frame, in any of the forms that users have it in."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .columns import (
    channel_roles,
    check_number_dtype,
    constant_values,
    is_polars,
    plain,
    time_column,
)
from .read import Series
from .time_axis import check_time_axis, panel_frequencies


@dataclass(frozen=True)
class Table:
    """The rows of a long frame, whatever it is made of.

    Attributes
    ----------
    columns : dict of str to column
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

    columns: dict
    codes: np.ndarray
    ids: pd.Index
    times: pd.Index
    repairs: dict


def is_panel(series, id):
    """Whether `series` is to be read as many series."""
    has_levels = isinstance(getattr(series, "index", None), pd.MultiIndex)
    return id is not None or (has_levels and isinstance(series, pd.DataFrame))


def read_panel(series, target, id, time, past, future, static):
    """Check a panel and put its series and channels in order.

    Parameters
    ----------
    series : DataFrame of pandas or polars
        Long, with ids and times as columns or levels of the index, or wide.
    target, id, time, past, future, static
        As for ``make_windows``.

    Returns
    -------
    series : Series

    Raises
    ------
    TypeError
        If `series` is no frame, its values are not real numbers, or its times are not
        timestamps, periods or numbers.
    ValueError
        If an id or time is missing, times are unsorted, duplicated or have a gap, a
        static covariate changes, or the names are not those of columns.
    """
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
    levels = getattr(getattr(series, "index", None), "names", ())
    if id == "columns" and id not in (*series.columns, *levels):
        return _read_wide(series, target, time, past, future, static)
    table = _long_table(series, id, time)
    roles = channel_roles(
        list(table.columns), target, past, future, static, rest_is_past=False
    )
    rows, bounds = _grouped(table)
    index = table.times if rows is None else table.times.take(rows)
    freqs, freq_of = _frequencies(index, bounds, rows, table.ids, table.repairs)
    target, past, future, static = roles
    channels = [*target, *past, *future]
    columns = {
        name: _numbers(table.columns[name], name, rows) for name in channels + static
    }
    block, targets = _block(columns, channels, len(target))
    statics = None
    if static:
        numbers = np.column_stack([columns[name] for name in static])
        statics = constant_values(numbers, bounds, static, table.ids)
    return Series(
        block,
        index,
        tuple(channels),
        len(target),
        len(past),
        bounds,
        statics,
        tuple(static),
        freqs,
        freq_of,
        table.ids,
        rows,
        targets,
        repairs=table.repairs,
    )


def _long_table(frame, id, time):
    if is_polars(frame):
        return _polars_table(frame, id, time)
    if isinstance(frame.index, pd.MultiIndex):
        return _levels_table(frame, id, time)
    if id not in frame.columns:
        _complain_of_id(frame, id)
    group = f"df.groupby({id!r})"
    if time is None:
        times = frame.index
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
    codes, ids = pd.factorize(frame[id])
    columns = {name: frame[name] for name in frame.columns if name not in (id, time)}
    return Table(columns, codes, ids.rename(id), times, repairs)


def _levels_table(frame, id, time):
    """The rows of a frame with two levels of index, the id and the time."""
    names = list(frame.index.names)
    level = 0 if id is None else names.index(id) if id in names else None
    if len(names) != 2 or level is None or time not in (None, names[1 - level]):
        raise ValueError(
            "Expected an index with two levels, the id and the time, as id and time "
            f"name them, found levels {names} with id={id!r} and time={time!r}. Give "
            "the names of the levels, or make columns of them with reset_index()."
        )
    places = frame.index.codes[level]
    codes, known = pd.factorize(places)
    if len(places) and places.min() < 0:  # to factorize, -1 is a number like others
        codes = np.where(places < 0, -1, codes)
    group = f"df.groupby(level={level})"
    return Table(
        {name: frame[name] for name in frame.columns},
        codes,
        frame.index.levels[level].take(known),
        frame.index.get_level_values(1 - level),
        {
            "unsorted": f"df.sort_index(level=[{level}, {1 - level}])",
            "duplicated": "df[~df.index.duplicated()]",
            "irregular": f"df.reset_index({level}).groupby({id!r}).resample(...)"
            if id is not None
            else f"{group}.resample(..., level={1 - level})",
            "missing": group + "[{column!r}].ffill()",
        },
    )


def _polars_table(frame, id, time):
    if id not in frame.columns:
        _complain_of_id(frame, id)
    if time is None:
        raise ValueError(
            "Expected time to name the column of timestamps, since a frame of polars "
            f"has no index; found None. Its columns are {frame.columns}."
        )
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


def _complain_of_id(frame, id):
    raise ValueError(
        f"Expected id to be a column of {list(frame.columns)}, found {id!r}. Give the "
        "column that names the series, or id='columns' if every column is a series."
    )


def _read_wide(frame, target, time, past, future, static):
    """A frame with one series in every column, on one time axis."""
    if any(names is not None for names in (past, future, static)):
        raise ValueError(
            "Expected no past, future or static covariates with id='columns', where "
            "every column is a series. Make a long frame, e.g. with DataFrame.melt."
        )
    if is_polars(frame) and time is None:
        raise ValueError(
            "Expected time to name the column of timestamps, since a frame of polars "
            f"has no index; found None. Its columns are {frame.columns}."
        )
    times = frame.index if time is None else time_column(frame, time)
    check_time_axis(times)
    names = [name for name in frame.columns if name != time]
    if not names:
        raise ValueError("Expected at least one column that is a series, found none.")
    n_series, n_rows = len(names), len(times)
    columns = [_numbers(frame[name], name, None) for name in names]
    targets = np.concatenate(columns)[:, np.newaxis]
    bounds = np.arange(n_series + 1) * n_rows
    freqs, _ = panel_frequencies(times, bounds[:2], None)
    ids = pd.Index(names) if time is not None or is_polars(frame) else frame.columns
    rows = np.tile(np.arange(n_rows), n_series)
    return Series(
        _as_float32(targets),
        times.take(rows),
        (0 if target is None else target,),
        n_targets=1,
        n_past=0,
        bounds=bounds,
        freqs=freqs,
        ids=ids,
        rows=rows,
        targets=targets,
        ends_vary=True,
        repairs={"missing": "df.interpolate(limit_area='inside')"},
    )


def _grouped(table):
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


def _frequencies(index, bounds, rows, ids, repairs):
    """Frequencies of the series after all checks of their timestamps."""
    kinds = {
        "unsorted": "timestamps in increasing order within a series",
        "duplicated": "every timestamp once in a series",
        "irregular": "timestamps at a regular distance within a series",
    }

    def complain(kind, at):
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
    check_time_axis(index[:0])  # its type
    return panel_frequencies(index, bounds, complain)


def _numbers(column, name, rows):
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


def _block(columns, channels, n_targets):
    """The channels as float32, and the targets in their own precision."""
    targets = [columns[name] for name in channels[:n_targets]]
    # One column needs no copy yet.
    stacked = targets[0][:, np.newaxis] if n_targets == 1 else np.column_stack(targets)
    if len(channels) == 1:
        return _as_float32(stacked), stacked
    block = np.empty((len(stacked), len(channels)), dtype=np.float32)
    with np.errstate(over="ignore"):
        for at, name in enumerate(channels):
            block[:, at] = columns[name]
    return block, stacked


def _as_float32(array):
    with np.errstate(over="ignore"):
        return array.astype(np.float32)
