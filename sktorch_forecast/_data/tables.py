"""The rows of a long frame, from any library."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from .columns import is_polars, time_column
from .time_axis import as_time_index


@dataclass(frozen=True)
class Table:
    """The rows of a long frame, from any library.

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
        How to fix rows that are "unsorted", "duplicated" or "irregular", and values
        that are "missing", in words.
    """

    columns: dict[Hashable, Any]
    codes: np.ndarray
    ids: pd.Index
    times: pd.Index
    repairs: dict[str, str]


def frame_of(series: Any) -> Any:
    """`series` as a non-empty frame of pandas or polars, or an error."""
    if isinstance(series, pd.Series):
        series = series.to_frame(0 if series.name is None else series.name)
    if not (isinstance(series, pd.DataFrame) or is_polars(series)):
        raise TypeError(
            "Expected a panel as a pandas or polars DataFrame, found "
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


def long_table(frame: Any, id: Any, time: Any) -> Table:
    """The rows of a frame of pandas or polars, with the names of `id` and `time`."""
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
            "Expected strings, numbers or other hashable values as ids in column "
            f"{id!r}, found a {found}. Convert them, e.g. with .astype(str)."
        ) from None
    columns = {name: frame[name] for name in frame.columns if name not in (id, time)}
    return Table(columns, codes, pd.Index(ids, name=id), times, repairs)


def _levels_table(
    frame: pd.DataFrame, index: pd.MultiIndex, id: Any, time: Any
) -> Table:
    """The rows of a frame with two index levels, the id and the time."""
    names = list(index.names)
    level = 0 if id is None else names.index(id) if id in names else None
    if len(names) != 2 or level is None or time not in (None, names[1 - level]):
        raise ValueError(
            "Expected an index with two levels, one named by id and one by time, found "
            f"levels {names} with id={id!r} and time={time!r}. Pass the names of the "
            "levels, or make columns of them with reset_index()."
        )
    places = index.codes[level]
    codes, known = pd.factorize(places)
    if len(places) and places.min() < 0:  # to factorize, -1 is a number like any other
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
        complain_of_time(frame)
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
        f"Expected id to be one of the columns {list(frame.columns)}, found {id!r}. "
        "Pass the column that names the series, or id='columns' if every column is a "
        "series."
    )


def complain_of_time(frame: Any) -> NoReturn:
    """Raise the error for a frame with neither an index nor a time column."""
    raise ValueError(
        "Expected time to name the column of timestamps, since a polars frame has no "
        f"index, found None. Name one of its columns, {frame.columns}."
    )
