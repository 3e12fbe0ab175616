"""The columns of a frame: where they are, their roles, their values."""

from collections.abc import Hashable, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, NoReturn, Self

import numpy as np
import pandas as pd
from pandas.api.types import is_complex_dtype, is_numeric_dtype

from .checks import Missing, check_missing
from .time_axis import as_time_index
from .words import listed, plain


@dataclass(frozen=True)
class Layout:
    """How to read a frame: the roles of columns, and what may be missing.

    Attributes
    ----------
    target, id, time, past, future, static
        Names of columns or levels, as for ``make_windows``.
    missing : {"error", "mask"}
        Whether targets and past covariates may be missing.
    pad : bool
        Whether windows may begin before their series.
    """

    target: Any = None
    id: Hashable | None = None
    time: Hashable | None = None
    past: Any = None
    future: Any = None
    static: Any = None
    missing: Missing = "error"
    pad: bool = False

    @classmethod
    def of(cls, estimator: Any) -> Self:
        """The layout given by the parameters of an estimator.

        Lists of names are copied, so that later changes by the user have no effect.
        """
        names = [field.name for field in fields(cls)]
        return cls(**{name: deepcopy(getattr(estimator, name)) for name in names})

    def named(self, channels: Sequence[Hashable], n_targets: int) -> Self:
        """The layout that finds the channels of a fit again, wherever they are.

        A single channel needs no name: it may come as an array. In a wide frame the
        columns are series.

        Parameters
        ----------
        channels : sequence of length n_channels
            Names of the targets, past covariates and future covariates.
        n_targets : int
            How many of them are targets.
        """
        if len(channels) == 1:
            return self
        future = self.future
        future = [] if future is None else as_list(future)
        past = list(channels[n_targets : len(channels) - len(future)])
        return replace(self, target=list(channels[:n_targets]), past=past)

    def check(self) -> None:
        """Raise an error unless the parts are valid and consistent.

        Raises
        ------
        TypeError
            If `id` or `time` is not a name, or `pad` is not a boolean.
        ValueError
            If `missing` is not valid or not compatible with `pad`, or `id` and `time`
            are the same column.
        """
        check_missing(self.missing)
        for role in ("id", "time"):
            _check_name(getattr(self, role), role)
        if self.id is not None and self.id == self.time:
            raise ValueError(
                f"Expected id and time to be different columns, found {self.id!r} for "
                "both. Set id to the column that says which series a row belongs to, "
                "and time to the one with its timestamp."
            )
        if not isinstance(self.pad, (bool, np.bool_)):
            raise TypeError(f"Expected pad to be True or False, found {self.pad!r}.")
        if self.pad and self.missing != "mask":
            raise ValueError(
                "Expected missing='mask' with pad=True, since padded windows have "
                f"missing values, found missing={self.missing!r}."
            )


class Roles(NamedTuple):
    """Names of the columns in each role."""

    target: list
    past: list
    future: list
    static: list

    @property
    def channels(self) -> list:
        """Names of all channels, in the order that windows have them."""
        return [*self.target, *self.past, *self.future]


def roles_of(columns: list, layout: Layout, rest_is_past: bool) -> Roles:
    """The role of every column.

    Parameters
    ----------
    columns : list
        Names of all columns that may be channels.
    layout : Layout
        Roles as the user gave them.
    rest_is_past : bool
        Whether columns without a role are past covariates, unless `past` or `future`
        is given.

    Returns
    -------
    roles : Roles

    Raises
    ------
    ValueError
        If a name is not one of `columns`, a column has two roles, or it is not clear
        which column to forecast.
    """
    if not columns:
        named = "" if layout.target is None else f" The target is {layout.target!r}."
        raise ValueError(
            "Expected at least one channel to forecast, found none: []." + named
        )
    past = _named(columns, layout.past, "past")
    future = _named(columns, layout.future, "future")
    static = _named(columns, layout.static, "static")
    covariates = {*past, *future, *static}
    rest = [name for name in columns if name not in covariates]
    target = _named(columns, _target_or(rest, layout.target), "target")
    if not target:
        _complain_of_names(columns, target, "target")
    if rest_is_past and layout.past is None and layout.future is None:
        past = [name for name in rest if name not in target]
    roles = Roles(target, past, future, static)
    _check_one_role_each(roles)
    return roles


def _target_or(rest: list, target: Any) -> Any:
    """The user's `target`, or the only column that is left."""
    if target is not None:
        return target
    if len(rest) > 1:
        raise ValueError(
            f"Found {len(rest)} channels, {listed(rest)}: say which to forecast, e.g. "
            f"target={rest[0]!r}, or target={listed(rest)} for all. Rows are "
            "timestamps, and columns are channels."
        )
    return rest


def _check_one_role_each(roles: Roles) -> None:
    seen = {}
    for role, names in roles._asdict().items():
        for name in names:
            if name in seen:
                raise ValueError(
                    f"Expected every column in one role, found {name!r} in both "
                    f"{seen[name]} and {role}. Name it once."
                )
            seen[name] = role


def _named(columns: list, names: Any, role: str) -> list:
    """The user's names, as a list of some of `columns`."""
    if names is None:
        return []
    given = as_list(names)
    if not all(_is_of(name, columns) for name in given) or len(set(given)) < len(given):
        _complain_of_names(columns, names, role)
    return given


def _is_of(name: Any, columns: list) -> bool:
    """Whether something is the name of a column; True does not match 1."""
    if not isinstance(name, Hashable) or name not in columns:
        return False
    return isinstance(name, (bool, np.bool_)) == isinstance(
        columns[columns.index(name)], (bool, np.bool_)
    )


def _check_name(name: Any, role: str) -> None:
    """Raise a TypeError unless something may be the name of one column."""
    if not isinstance(name, Hashable):
        raise TypeError(
            f"Expected {role} as the name of one column or level, found a "
            f"{type(name).__name__}. Give the name alone, e.g. {role}='{role}'."
        )


def as_list(names: Any) -> list:
    is_list = isinstance(names, (list, np.ndarray, pd.Index))
    return list(names) if is_list else [names]


def _complain_of_names(columns: list, found: Any, role: str) -> NoReturn:
    if isinstance(found, (pd.Series, pd.DataFrame)):
        found = type(found)  # its values do not matter
    raise ValueError(
        f"Expected {role} to name channels of {listed(columns)}, each once; found "
        f"{found!r}. Give one name, or a list of names."
    )


# ------------------------------------------------------------------- what they hold


def check_has_columns(frame: Any, names: Any, what: str) -> None:
    """Raise a ValueError if a frame lacks columns; ignore anything else.

    Parameters
    ----------
    frame : DataFrame of pandas or polars
    names : column name or list of these
        As in a `Layout`.
    what : str
        What the error message says is expected, such as "X_future with the future
        covariates".
    """
    columns = getattr(frame, "columns", None)
    if columns is None:
        return
    lacking = [name for name in as_list(names) if name not in columns]
    if lacking:
        raise ValueError(
            f"Expected {what} {listed(as_list(names))}, found the columns "
            f"{listed(list(columns))}, without {listed(lacking)}. Use the column names "
            "of the fit."
        )


def is_polars(series: Any) -> bool:
    """Whether `series` is a polars frame; polars need not be installed."""
    return type(series).__module__.partition(".")[0] == "polars"


def check_not_xarray(series: Any) -> None:
    """Raise a TypeError for xarray objects, whose time axis would be lost.

    And for a polars query that has not been collected yet.
    """
    if is_polars(series) and type(series).__name__ == "LazyFrame":
        raise TypeError(
            "Expected a pandas or polars DataFrame, found a polars LazyFrame. "
            "Call .collect() on it first."
        )
    if type(series).__module__.partition(".")[0] == "xarray":
        raise TypeError(
            "Expected an array, or a pandas or polars Series or DataFrame, found an "
            f"xarray {type(series).__name__}. Call .to_pandas() on it for one or two "
            "dimensions, time first, or .to_dataframe() for many series."
        )


def check_number_dtype(dtype: Any, column: Hashable) -> None:
    """Raise a TypeError unless values of `dtype` are real numbers."""
    if not is_numeric_dtype(dtype) or is_complex_dtype(dtype):
        raise TypeError(
            f"Expected real numbers in channel {column!r}, found {dtype} values. "
            "Convert them first, e.g. with pandas.to_numeric. Encode categories with "
            "sklearn.preprocessing.OneHotEncoder, or name their column in past, future "
            "or static of SeriesForecaster, which encodes it."
        )


# What to add in an error about a frame read as a single series that may hold many.
OR_MANY_SERIES = "If the rows belong to many series, name the column of ids in id=."


def time_column(frame: Any, name: Hashable) -> pd.Index:
    """A column of timestamps as an index."""
    columns = list(getattr(frame, "columns", ()))
    if name not in columns:
        advice = (
            "Name one of them, or leave time out if the timestamps are in the index."
            if columns
            else f"A {type(frame).__name__} has no columns: leave time out, and put "
            "the timestamps into the index."
        )
        raise ValueError(
            f"Expected time to be one of the columns {columns}, found {name!r}. "
            f"{advice}"
        )
    column = frame[name]
    if not is_polars(frame):
        return as_time_index(pd.Index(column))
    index = pd.Index(column.to_numpy(), name=name)
    zone = getattr(column.dtype, "time_zone", None)
    if zone is None or not isinstance(index, pd.DatetimeIndex):
        return index
    # The values that polars returns are in UTC, without saying so.
    return index.tz_localize("UTC").tz_convert(zone)


def constant_values(
    numbers: np.ndarray, bounds: np.ndarray, names: Sequence, ids: pd.Index | None
) -> np.ndarray:
    """Static covariates: the single value of each column within a series.

    Parameters
    ----------
    numbers : ndarray of shape (n_timestamps, n_static)
    bounds : ndarray of shape (n_series + 1,)
    names : sequence of length n_static
    ids : pandas.Index of length n_series or None

    Returns
    -------
    static : ndarray of shape (n_series, n_static), float32

    Raises
    ------
    ValueError
        If a value changes within a series, or is not finite.
    """
    first = numbers[bounds[:-1]]
    for at, name in enumerate(names):
        column = numbers[:, at]
        # NaN differs from itself, so a missing value is found here, too.
        flaws = column != np.repeat(first[:, at], np.diff(bounds))
        with np.errstate(over="ignore"):
            flaws |= np.isinf(column.astype(np.float32))
        if not flaws.any():
            continue
        row = int(np.argmax(flaws))
        which = np.searchsorted(bounds, row, "right") - 1
        of = "" if ids is None else f" of series {plain(ids[which])!r}"
        raise ValueError(
            f"Expected one finite value of the static covariate {name!r}{of}, found "
            f"{first[which, at]} and {column[row]}. A covariate that changes belongs "
            "in past or future; fill missing values first."
        )
    return first.astype(np.float32)
