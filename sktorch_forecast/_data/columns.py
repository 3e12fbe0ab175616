"""The columns of a frame: their roles, their numbers, their timestamps."""

import numpy as np
import pandas as pd
from pandas.api.types import is_complex_dtype, is_numeric_dtype


def plain(name):
    """A name without the type that NumPy gives it, to show it."""
    return name.item() if isinstance(name, np.generic) else name


def check_number_dtype(dtype, column):
    """Raise a TypeError unless values of `dtype` are real numbers."""
    if not is_numeric_dtype(dtype) or is_complex_dtype(dtype):
        raise TypeError(
            f"Expected real numbers in channel {column!r}, found {dtype} values. "
            "Convert them first, e.g. with pandas.to_numeric, or encode categories "
            "with sklearn.preprocessing.OneHotEncoder."
        )


def is_polars(series):
    """Whether `series` is a frame of polars, which need not be installed."""
    return type(series).__module__.partition(".")[0] == "polars"


def time_column(frame, name):
    """A column of timestamps as an index."""
    if name not in getattr(frame, "columns", ()):
        found = list(getattr(frame, "columns", ()))
        raise ValueError(f"Expected time to be a column of {found}, found {name!r}.")
    column = frame[name]
    if not is_polars(frame):
        return pd.Index(column)
    index = pd.Index(column.to_numpy(), name=name)
    zone = getattr(column.dtype, "time_zone", None)
    # What polars hands out is in UTC, without saying so.
    return index if zone is None else index.tz_localize("UTC").tz_convert(zone)


def channel_roles(columns, target, past, future, static, rest_is_past):
    """Names of the targets and of the past, future and static covariates, as lists.

    Parameters
    ----------
    columns : list
        Names of all channels.
    target, past, future, static : name, list of names or None
        As the user gave them.
    rest_is_past : bool
        Whether columns without a role are past covariates, unless `past` or `future`
        is given.
    """
    given = {"past": past, "future": future, "static": static}
    roles = {role: _named(columns, names, role) for role, names in given.items()}
    rest = [name for name in columns if not any(name in r for r in roles.values())]
    if target is None:
        if len(rest) > 1:
            raise ValueError(
                f"Found {len(rest)} channels, {rest}: say which to forecast, "
                f"e.g. target={rest[0]!r}, or target={rest!r} for all."
            )
        target = rest
    targets = _named(columns, target, "target")
    roles = {"target": targets} | roles
    if not targets:
        _complain_of_names(columns, target, "target")
    seen = {}
    for role, names in roles.items():
        for name in names:
            if name in seen:
                raise ValueError(
                    f"Expected every column in one role, found {name!r} in both "
                    f"{seen[name]} and {role}. Name it once."
                )
            seen[name] = role
    if rest_is_past and past is None and future is None:
        roles["past"] = [name for name in rest if name not in targets]
    return list(roles.values())


def _named(columns, names, role):
    if names is None:
        return []
    given = names
    is_list = isinstance(names, (list, np.ndarray, pd.Index))
    names = list(names) if is_list else [names]
    if any(name not in columns for name in names) or len(set(names)) < len(names):
        _complain_of_names(columns, given, role)
    return names


def _complain_of_names(columns, found, role):
    raise ValueError(
        f"Expected {role} to name channels of {columns}, each once; found {found!r}."
    )


def constant_values(numbers, bounds, names, ids):
    """Static covariates: the one value that each column has within a series.

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
            "to past or future; fill what is missing first."
        )
    return first.astype(np.float32)
