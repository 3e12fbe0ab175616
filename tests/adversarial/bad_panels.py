"""Mistakes with many series in one frame.

Flaws of single values and timestamps have a table in ``data/test_panel_errors.py``.
"""

import numpy as np
import polars
from bad_rows import row, table
from bad_subjects import FRAME, NAMES, ROLES, SERIES, SHOPS, SIZES

from sktorch_forecast import latest_windows, make_windows

IN_POLARS = polars.DataFrame(SHOPS.to_dict(orient="list"))
BY_LEVELS = SHOPS.set_index(["shop", "day"])[["sales"]]
REVERSED = SHOPS.set_index(["day", "shop"])[["sales"]]


def of(data, mistake, error, *words, **arguments):
    arguments = NAMES | SIZES | arguments
    return row(
        "make_windows of a panel",
        mistake,
        lambda: make_windows(data, **arguments),
        error,
        *words,
    )


def swapped(data, mistake, **arguments):
    words = ("Expected id and time in this order", "ids of datetime64", "Swap them")
    return of(data, mistake, TypeError, *words, **arguments)


LEVELS = {"id": None, "time": None, "target": "sales"}

ROWS = table(
    swapped(SHOPS, "id and time swapped", id="day", time="shop"),
    swapped(REVERSED, "levels in the wrong order", **LEVELS),
    swapped(REVERSED, "named levels in the wrong order", id="day", time="shop"),
    of(
        SHOPS,
        "id that is the time",
        ValueError,
        "id and time to be different",
        "found 'day' for both",
        id="day",
    ),
    of(SHOPS, "id in a list", TypeError, "id as the name", "found a list", id=["shop"]),
    of(
        SHOPS, "values as id", TypeError, "id as the name", "a Series", id=SHOPS["shop"]
    ),
    of(SHOPS, "target that is the id", ValueError, "target to name", id="sales"),
    of(SHOPS, "target that is the time", ValueError, "target to name", target="day"),
    of(
        SHOPS,
        "time that is a covariate",
        ValueError,
        "increasing order within a series",
        "df.sort_values(['shop', 'visits'])",
        time="visits",
    ),
    of(
        BY_LEVELS.rename_axis([None, None]),
        "levels without names",
        ValueError,
        "two levels",
        "[None, None]",
        "reset_index()",
        time=None,
    ),
    of(
        SHOPS.assign(shop=[{}] * 50),
        "ids that are dicts",
        TypeError,
        "strings, numbers or other hashable",
        "found a dict",
    ),
    of(
        SHOPS.assign(shop=np.where(SHOPS["shop"] == "n", 1.0, np.nan)),
        "ids that are NaN",
        ValueError,
        "id of a series in every row",
        "none in row 25",
    ),
    of(
        SHOPS.assign(shop=SHOPS["shop"].astype("category").where(SHOPS["shop"] == "n")),
        "missing category as id",
        ValueError,
        "id of a series in every row",
        "none in row 25",
    ),
    of(
        SHOPS.groupby("shop").head(1),
        "one row of each",
        ValueError,
        "at least length + horizon = 9",
        "at most 1 in 2 series",
        "pad=True",
    ),
    of(
        FRAME.assign(name="a"),
        "text in a wide frame",
        TypeError,
        "real numbers in channel 'name'",
        id="columns",
        time=None,
        target=None,
    ),
    of(
        FRAME,
        "targets of a wide frame",
        TypeError,
        "target to be one name with id='columns'",
        "found a list",
        id="columns",
        time=None,
        target=["load"],
    ),
    of(
        SHOPS[["day"]][:25],
        "wide frame of time alone",
        ValueError,
        "at least one column that is a series",
        "found none",
        id="columns",
        target=None,
    ),
    of(SHOPS, "id as static", ValueError, "static to name", "'shop'", static="shop"),
    of(
        SHOPS.assign(size=SHOPS["shop"].astype("category")),
        "static category",
        TypeError,
        "real numbers in channel 'size'",
        "OneHotEncoder",
        static="size",
    ),
    of(
        SHOPS.assign(size=np.inf),
        "infinite static",
        ValueError,
        "one finite value",
        "'size' of series 'n'",
        static="size",
    ),
    of(
        SHOPS.assign(price="low"),
        "text as future",
        TypeError,
        "real numbers in channel 'price'",
        future="price",
    ),
    of(
        SHOPS.assign(visits=np.inf),
        "infinite past",
        ValueError,
        "contains infinity",
        "channel 'visits'",
        "Scale the series",
        past="visits",
    ),
    of(
        IN_POLARS,
        "panel of polars without its id",
        TypeError,
        "channel 'shop'",
        "many series",
        "id=",
        id=None,
    ),
    of(
        IN_POLARS.lazy(),
        "query of polars",
        TypeError,
        "a polars LazyFrame",
        ".collect()",
    ),
    of(
        IN_POLARS.with_columns(day=polars.col("day").cast(polars.String)),
        "dates of polars as text",
        TypeError,
        "index of timestamps, periods or numbers",
        "to_datetime",
    ),
    of(
        IN_POLARS.with_columns(sales=polars.lit(None)),
        "column of nulls of polars",
        ValueError,
        "contains NaN",
        "forward_fill()",
    ),
    of(
        IN_POLARS.with_columns(sales=polars.lit([1.0, 2.0])),
        "column of lists of polars",
        TypeError,
        "real numbers in channel 'sales'",
        "object",
    ),
    of(
        IN_POLARS.with_columns(
            day=polars.when(polars.col("visits") > 9).then(polars.col("day"))
        ),
        "missing date of polars",
        ValueError,
        "timestamp in every row",
        "Drop that row",
    ),
    of(
        SHOPS.assign(shop=[[1]] * 50),
        "ids that are lists",
        TypeError,
        "strings, numbers or other hashable",
        "found a list",
        ".astype(str)",
    ),
    of(
        BY_LEVELS["sales"],
        "Series of two levels",
        TypeError,
        "(MultiIndex)",
        "series.to_frame()",
        "id=",
        id=None,
        time=None,
        target=None,
    ),
    *[
        of(
            frame[[*names, "sales"]],
            f"no id of {mistake}",
            (TypeError, ValueError),
            "many series",
            "id=",
            id=None,
            time=time,
        )
        for mistake, frame, names, time in (
            ("a long frame", SHOPS, ["shop", "day"], "day"),
            ("a long frame by day", SHOPS.set_index("day"), ["shop"], None),
            (
                "numbered shops",
                SHOPS.assign(shop=SHOPS["size"]),
                ["shop", "day"],
                "day",
            ),
            ("mixed rows", SHOPS.sort_values("day"), ["shop", "day"], "day"),
        )
    ],
    of(SERIES, "Series with the names of a frame", ValueError, "found 'shop'", "id="),
    row(
        "latest_windows of a panel",
        "future without a horizon",
        lambda: latest_windows(SHOPS, length=6, **ROLES),
        ValueError,
        "Expected the horizon",
        "found None",
        "horizon=24",
    ),
    row(
        "latest_windows of a panel",
        "future that ends too early",
        lambda: latest_windows(SHOPS, horizon=3, length=6, **ROLES),
        ValueError,
        "Expected 3 rows after the last target of series 'n'",
        "found 0",
        "X_future",
    ),
)
