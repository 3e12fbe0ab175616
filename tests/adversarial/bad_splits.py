"""Mistakes with splitters."""

import numpy as np
import pandas as pd
from bad_rows import row, table
from bad_subjects import DAYS, FRAME, SHOPS, X2, X, Y
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score

from sktorch_forecast.model_selection import RollingOriginSplit


def splitter(name, value):
    params = {"n_splits": 2, "horizon": 3} | {name: value}
    words = (f"'{name}' parameter of RollingOriginSplit", f"Got {value!r}")
    call = lambda: RollingOriginSplit(**params)  # noqa: E731
    return row("RollingOriginSplit", f"{name}={value!r}", call, ValueError, *words)


def split(mistake, data, error, *words, y=None, groups=None, **params):
    params = {"n_splits": 2, "horizon": 3} | params
    call = lambda: list(RollingOriginSplit(**params).split(data, y, groups))  # noqa: E731
    return row("RollingOriginSplit.split", mistake, call, error, *words)


def class_as_cv(entry, call):
    words = ("cv as an instance", "found the class", "RollingOriginSplit(horizon=")
    return row(entry, "cv is the class", call, TypeError, *words)


# A long frame whose dates are text, as pandas.read_csv gives them.
TEXT = SHOPS.assign(day=SHOPS["day"].dt.strftime("%d.%m.%Y"))
DATES = "groups=pandas.to_datetime(df["
GROUPS = "groups to be timestamps or numbers"
FEW = "different timestamps or more"
SPLITS = table(
    *[splitter("n_splits", value) for value in (0, 2.0, True, "5")],
    *[splitter("horizon", value) for value in (0, "a", 1.5)],
    *[splitter("gap", value) for value in (-1, "week", 1.5)],
    *[splitter("test_size", value) for value in (0, 0.2)],
    *[splitter("step", value) for value in (0, -1)],
    splitter("max_train_size", 0),
    row(
        "RollingOriginSplit",
        "neither horizon nor gap",
        lambda: RollingOriginSplit(3),
        ValueError,
        "Expected horizon",
        "found None",
        "gap=",
    ),
    row(
        "RollingOriginSplit",
        "horizon by position",
        lambda: RollingOriginSplit(3, 2),
        TypeError,
        "positional",
    ),
    split("None", None, TypeError, "sequence or array-like", "NoneType"),
    split("number", 5, TypeError, "at least 1 dimension"),
    split("generator", (i for i in range(30)), TypeError, "at least 1 dimension"),
    split(
        "too few origins", X[:4], ValueError, f"at 5 {FEW}", "found 4", "fewer splits"
    ),
    split("large tests", X, ValueError, f"at 63 {FEW}", "found 42", test_size=30),
    split("no origins", X[:0], ValueError, "at least one origin", "found none"),
    split("targets of fewer rows", X, ValueError, "[42, 3]", y=Y[:3]),
    split(
        "targets that reach further",
        X,
        ValueError,
        "at most horizon=1 steps",
        "found 3",
        "RollingOriginSplit(horizon=3)",
        y=Y,
        horizon=1,
    ),
    split("fewer groups", X, ValueError, "[42, 2]", groups=[1, 2]),
    split("groups of text", X, TypeError, GROUPS, "'a'", groups=["a"] * 42),
    split("groups of None", X, TypeError, GROUPS, "None", groups=[None] * 42),
    split("groups of booleans", X, TypeError, GROUPS, "bool", groups=[True] * 42),
    split(
        "complex groups", X, TypeError, GROUPS, "complex128", groups=np.arange(42) + 1j
    ),
    split(
        "dates of Python as groups",
        X,
        TypeError,
        GROUPS,
        "to_datetime",
        groups=list(DAYS[:42].date),
    ),
    split(
        "missing group",
        X,
        ValueError,
        "a timestamp for every origin",
        "row 0",
        groups=[np.nan, *range(41)],
    ),
    split(
        "frame as groups",
        SHOPS,
        ValueError,
        "one timestamp for each row",
        "(50, 1)",
        "df['time']",
        groups=SHOPS[["day"]],
    ),
    split("one group for all", X, ValueError, FEW, "found 1", groups=np.zeros(42)),
    split(
        "a long frame",
        SHOPS,
        ValueError,
        "rows in time order",
        "groups=df['day']",
    ),
    *[
        split(
            f"a long frame with dates as {kind}",
            frame,
            ValueError,
            "rows in time order",
            "dates as text in column 'day'",
            f"{DATES}'day'])",
        )
        for kind, frame in (
            ("text", TEXT),
            ("text of ISO 8601", SHOPS.astype({"day": str})),
            ("objects", TEXT.astype({"day": object})),
            ("categories", TEXT.astype({"day": "category"})),
            ("dates of Python", SHOPS.assign(day=SHOPS["day"].dt.date)),
        )
    ],
    split(
        "dates as text in the index",
        TEXT.set_index("day"),
        ValueError,
        "rows in time order",
        "dates as text in the index",
        "groups=pandas.to_datetime(df.index)",
    ),
    split(
        "dates as text in the last level",
        TEXT.set_index(["shop", "day"]),
        TypeError,
        "the last level of the index to be timestamps or numbers",
        "pandas.to_datetime",
    ),
    class_as_cv(
        "cross_val_score",
        lambda: cross_val_score(
            Ridge(), X2, Y, cv=RollingOriginSplit, error_score="raise"
        ),
    ),
    class_as_cv(
        "GridSearchCV.fit",
        lambda: GridSearchCV(Ridge(), {"alpha": [1]}, cv=RollingOriginSplit).fit(X2, Y),
    ),
    split(
        "missing timestamp",
        FRAME.set_index(pd.DatetimeIndex([*DAYS[:3], None, *DAYS[4:]])),
        ValueError,
        "found none in row 3",
        "Drop that row",
    ),
    split(
        "levels in the wrong order",
        SHOPS.set_index(["day", "shop"]),
        ValueError,
        "the time last",
        "['day', 'shop']",
        "swaplevel()",
    ),
)

ROWS = SPLITS
