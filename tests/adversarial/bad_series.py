"""Mistakes with a single series.

Missing values and irregular time axes have a table in ``data/test_series_errors.py``,
which says where in the series the flaw is.
"""

import decimal
import pathlib

import numpy as np
import pandas as pd
import polars
import torch
from bad_rows import row, table
from bad_subjects import DAYS, FRAME, SERIES, VALUES, X, Y

from sktorch_forecast import MLPForecaster, Panel, latest_windows, make_windows


def of(data, mistake, error, *words, **arguments):
    """A row of make_windows."""
    arguments = {"horizon": 3, "length": 6} | arguments
    return row(
        "make_windows", mistake, lambda: make_windows(data, **arguments), error, *words
    )


def latest(data, mistake, error, *words, **arguments):
    """A row of latest_windows."""
    arguments = {"length": 6} | arguments
    return row(
        "latest_windows",
        mistake,
        lambda: latest_windows(data, **arguments),
        error,
        *words,
    )


SHAPE = "Expected a series of shape (n_timestamps,) or (n_timestamps, n_channels)"
RAGGED = "with rows of equal length"
NUMBERS = "Expected real numbers in channel"
INDEX = "Expected an index of timestamps, periods or numbers"


def with_index(index):
    return pd.Series(VALUES[: len(index)], index=index)


WHAT = table(
    of({"a": VALUES}, "dict", ValueError, SHAPE, "of type dict"),
    of({1.0, 2.0}, "set", ValueError, SHAPE, "of type set"),
    of(b"12345678", "bytes", ValueError, SHAPE, "of type bytes"),
    of(len, "function", ValueError, SHAPE, "builtin_function"),
    of(pd.DataFrame, "class", ValueError, SHAPE, "of type type"),
    of(MLPForecaster(), "forecaster", ValueError, SHAPE, "of type MLPForecaster"),
    of(pathlib.Path("a.csv"), "path of a file", ValueError, SHAPE, "Path"),
    of(zip(VALUES, VALUES), "iterator", ValueError, SHAPE, "of type zip"),
    of(X, "windows", ValueError, SHAPE, "(42, 6, 1) of type Windows"),
    of(
        Panel.from_array(FRAME.to_numpy()),
        "panel record",
        ValueError,
        SHAPE,
        "of type Panel",
    ),
    of((X, Y), "windows and targets", ValueError, RAGGED, "found a tuple"),
    of([[1.0, 2.0], [3.0]], "rows of different lengths", ValueError, RAGGED, "id="),
    of([SERIES, SERIES[:20]], "list of series", ValueError, RAGGED, "frame", "id="),
    of(FRAME.groupby("wind"), "groupby", ValueError, RAGGED, "DataFrameGroupBy"),
    of(
        [VALUES, VALUES],
        "series in rows",
        ValueError,
        "Found 50 channels",
        "42 more]",
        "Rows are timestamps",
    ),
    of(
        torch.ones(30, requires_grad=True),
        "tensor with a gradient",
        TypeError,
        "that NumPy can read",
        "found a tensor",
        ".detach()",
    ),
    of(
        torch.ones(30, dtype=torch.bfloat16),
        "tensor of bfloat16",
        TypeError,
        "that NumPy can read",
        "BFloat16",
        ".float()",
    ),
    of(
        polars.LazyFrame({"a": [1.0] * 30}),
        "polars LazyFrame",
        TypeError,
        "found a polars LazyFrame",
        ".collect()",
    ),
)

VALUES_OF = table(
    of(DAYS, "index of timestamps", TypeError, NUMBERS, "datetime64"),
    of(pd.Series(DAYS - DAYS[0]), "time steps", TypeError, NUMBERS, "timedelta64"),
    of(pd.Series(DAYS.to_period("D")), "periods", TypeError, NUMBERS, "period[D]"),
    of(
        pd.Series(pd.interval_range(0, 30)), "intervals", TypeError, NUMBERS, "interval"
    ),
    of(np.array([b"1"] * 30), "bytes in an array", TypeError, NUMBERS, "|S1"),
    of(
        np.zeros(30, dtype=[("a", float), ("b", int)]),
        "structured array",
        TypeError,
        NUMBERS,
        "('a', '<f8')",
    ),
    of(
        pd.Series([decimal.Decimal(1)] * 30),
        "decimals",
        TypeError,
        NUMBERS,
        "object",
        "pandas.to_numeric",
    ),
    of([10**400] * 30, "integers beyond 64 bits", TypeError, NUMBERS, "object"),
    of(
        VALUES.astype(np.longdouble) * 1e300,
        "long doubles beyond float32",
        ValueError,
        "too large for float32",
        "scale the series",
    ),
    of(
        np.ma.masked_all(30),
        "all masked",
        ValueError,
        "contains NaN",
        "29 more places",
        "missing='mask'",
    ),
    of(
        np.full(30, np.nan),
        "all missing where that is allowed",
        ValueError,
        "at least length + horizon = 9 timestamps",
        "found 0",
        missing="mask",
    ),
    of(
        pd.Series([True, None] * 20, dtype="boolean"),
        "missing booleans",
        ValueError,
        "contains NaN",
        "(row 1)",
    ),
    of(
        FRAME.assign(load=FRAME["load"].astype("Float64").where(FRAME["wind"] > 10)),
        "missing values of pandas' own",
        ValueError,
        "contains NaN",
        "channel 'load'",
        target="load",
    ),
)

INDEXES = table(
    of(
        with_index(pd.Index([*DAYS[:9], *DAYS[9:20].tz_localize("UTC")], dtype=object)),
        "with and without a time zone",
        TypeError,
        INDEX,
        "found one of object",
        "utc=True",
    ),
    of(
        with_index(pd.Index([*DAYS[:9], *range(9)], dtype=object)),
        "dates and numbers",
        TypeError,
        INDEX,
        "found one of object",
    ),
    of(
        with_index(pd.Index(DAYS.date)),
        "dates of Python",
        TypeError,
        INDEX,
        "found one of object",
        "pandas.to_datetime",
    ),
    of(
        with_index(pd.CategoricalIndex(DAYS)),
        "categories",
        TypeError,
        INDEX,
        "category",
    ),
    of(with_index(pd.interval_range(0, 50)), "intervals as index", TypeError, INDEX),
    of(
        with_index(pd.Index([False, True])),
        "booleans as index",
        TypeError,
        INDEX,
        "bool",
        horizon=1,
        length=1,
    ),
    of(
        with_index(pd.Index(np.arange(50) + 1j)),
        "complex index",
        TypeError,
        INDEX,
        "complex128",
    ),
    of(
        with_index(pd.Index([0.0, 1.0, np.inf])),
        "infinite timestamp",
        ValueError,
        "regularly spaced",
        "found inf in row 2",
        horizon=1,
        length=1,
    ),
    of(FRAME.T, "time in columns", TypeError, INDEX, "found one of", target="load"),
)


def named(role, mistake, name, *words, error=ValueError, **arguments):
    arguments = {"target": "load"} | arguments | {role: name}
    return of(FRAME, mistake, error, *words, **arguments)


CHANNELS = "['load', 'wind']"
ONE_NAME = "Give one name, or a list of names"

ROLES = table(
    *[
        named("target", mistake, name, "target to name", CHANNELS, ONE_NAME)
        for mistake, name in {
            "target in a tuple": ("load", "wind"),
            "target in a set": {"load"},
            "target in a dict": {"load": 1},
            "target of a generator": (name for name in ["load"]),
            "targets in lists of lists": [["load"], ["wind"]],
            "mask of targets": [True, False],
            "values as target": FRAME["load"],
            "frame as target": FRAME[["load"]],
            "place as target": 0,
            "slice as target": slice(0, 1),
            "NaN as target": np.nan,
        }.items()
    ],
    of(
        FRAME.to_numpy(),
        "boolean as target of an array",
        ValueError,
        "target to name channels of [0, 1]",
        "found True",
        target=True,
    ),
    named("past", "unknown past", "rain", "past to name", "found 'rain'"),
    named("static", "series as static", "wind", "one finite value", "'wind'"),
    named("past", "target as past", "load", "found 'load' in both target and past"),
    named(
        "future", "nothing to forecast", ["load", "wind"], "target", "[]", target=None
    ),
    of(FRAME[[]], "no columns", ValueError, "at least one channel", "found none"),
    of(
        pd.concat({"a": FRAME}, axis=1),
        "half of a name of two levels",
        ValueError,
        "('a', 'load')",
        "found 'a'",
        target="a",
    ),
    named(
        "time",
        "time of a frame without it",
        "day",
        "time to be one of the columns",
        "'day'",
    ),
    of(
        SERIES,
        "time of a Series",
        ValueError,
        "time to be one of the columns",
        "A Series has no columns",
        time="day",
    ),
    of(
        FRAME.to_numpy(),
        "time of an array",
        ValueError,
        "A ndarray has no columns: leave time out",
        time="day",
    ),
    named("time", "time in a list", ["day"], "name of one", "a list", error=TypeError),
    named("time", "values as time", FRAME["load"], "a Series", error=TypeError),
    named(
        "id", "id of a single series", "shop", "id to be one of the columns", "'shop'"
    ),
    of(
        [VALUES, VALUES],
        "id of a list",
        TypeError,
        "a panel as a pandas",
        "found list",
        id="shop",
    ),
)

SIZES = table(
    *[
        of(
            SERIES,
            f"{name} of {kind}",
            TypeError,
            f"{name} must be",
            words,
            **{name: v},
        )
        for name in ("horizon", "length")
        for kind, v, words in (
            ("text", "3", "found '3' of type str"),
            ("a list", [1, 2], "of type list"),
            ("a time step", pd.Timedelta("3D"), "of type Timedelta"),
            ("NaN", np.nan, "found nan"),
            ("a boolean", True, "found True of type bool"),
            ("an array", np.array(3), "of type ndarray"),
        )
    ],
    of(SERIES, "huge horizon", ValueError, "found 50", "horizon", horizon=10**12),
    of(SERIES, "huge length", ValueError, "found 50", "shorter window", length=10**30),
    row(
        "make_windows",
        "sizes by position",
        lambda: make_windows(SERIES, 3, 6),
        TypeError,
        "make_windows()",
        "positional",
    ),
    row(
        "make_windows",
        "no horizon",
        lambda: make_windows(SERIES, length=3),
        TypeError,
        "make_windows()",
        "'horizon'",
    ),
    *[
        of(SERIES, f"missing={v!r}", ValueError, "'error' or 'mask'", missing=v)
        for v in (None, True, ["mask"], np.array(["mask", "error"]))
    ],
    *[
        of(SERIES, f"pad={v!r}", TypeError, "pad to be True or False", "found", pad=v)
        for v in ("yes", 3, None, np.array([True, False]))
    ],
)

LATEST = table(
    latest(None, "None", ValueError, SHAPE, "NoneType"),
    latest([[1], [1, 2]], "rows of different lengths", ValueError, RAGGED, "id="),
    latest(SERIES, "length of zero", ValueError, "length must", "found 0", length=0),
    latest(SERIES, "horizon in text", TypeError, "horizon must", "'3'", horizon="3"),
    latest(SERIES, "negative horizon", ValueError, "found -1", "horizon", horizon=-1),
    latest(
        SERIES,
        "window longer than the series",
        ValueError,
        "at least length = 99",
        "found 50",
        "shorter window",
        length=99,
    ),
    latest(
        SERIES * np.nan,
        "nothing observed",
        ValueError,
        "at least length = 6",
        "found 0",
        missing="mask",
    ),
    row(
        "latest_windows",
        "no length",
        lambda: latest_windows(SERIES),
        TypeError,
        "latest_windows()",
        "'length'",
    ),
)

ROWS = [*WHAT, *VALUES_OF, *INDEXES, *ROLES, *SIZES, *LATEST]
