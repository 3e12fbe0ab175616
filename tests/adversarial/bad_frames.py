"""Mistakes with a SeriesForecaster, which takes frames."""

import numpy as np
import pandas as pd
import polars
from bad_rows import row, table
from bad_subjects import (
    DAYS,
    FRAME,
    SERIES,
    SHOPS,
    SHOPS_WITH_AN_END,
    X,
    Y,
    shops,
)

NEXT = shops(28).groupby("shop").tail(3)
PRICES = NEXT[["shop", "day", "price"]]
AFTER = pd.date_range(DAYS[-1], periods=4)[1:]
MORE = pd.Series([10.0, 11.0, 12.0], index=AFTER, name="load")
PANEL = "Expected a panel as a pandas or polars DataFrame"
SHAPE = "Expected a series of shape (n_timestamps,) or (n_timestamps, n_channels)"


def asked(method, mistake, arguments, error, *words, on="shops", **keywords):
    def call(model):
        return getattr(model, method)(*arguments, **keywords)

    return row(f"SeriesForecaster.{method}", mistake, call, error, *words, on=on)


def frames(method, on="shops"):
    """What no method takes for a frame of shops."""
    for mistake, frame, error, *words in (
        ("None", None, TypeError, PANEL, "found NoneType"),
        ("text", "shops.csv", TypeError, PANEL, "found str"),
        ("number", 3, TypeError, PANEL, "found int"),
        ("dict", {"sales": [1.0]}, TypeError, PANEL, "found dict"),
        ("array", SHOPS["sales"].to_numpy(), TypeError, PANEL, "found ndarray"),
        ("windows", X, TypeError, PANEL, "found Windows"),
        ("no rows", NEXT[:0], ValueError, "at least one row", "found none"),
        (
            "no id",
            NEXT.drop(columns="shop"),
            ValueError,
            "id to be one of the columns",
            "'shop'",
        ),
        ("no time", NEXT.drop(columns="day"), ValueError, "time to be", "'day'"),
        ("no target", NEXT.drop(columns="sales"), ValueError, "target to", "'sales'"),
        (
            "text as target",
            NEXT.assign(sales="a"),
            TypeError,
            "real numbers in",
            "'sales'",
        ),
        ("infinity", NEXT.assign(sales=np.inf), ValueError, "contains infinity"),
        ("NaN", NEXT.assign(sales=np.nan), ValueError, "contains NaN", "'mask'"),
        ("rows backwards", NEXT[::-1], ValueError, "increasing order", "sort_values"),
        (
            "every row twice",
            pd.concat([NEXT, NEXT]).sort_values(["shop", "day"]),
            ValueError,
            "every timestamp once",
            "drop_duplicates",
        ),
        (
            "dates as text",
            NEXT.assign(day=NEXT["day"].astype(str)),
            TypeError,
            "index of timestamps",
            "to_datetime",
        ),
    ):
        if mistake == "None" and method in ("forecast", "predict"):
            continue  # the series of the fit
        arguments = (frame, 1) if method == "backtest" else (frame,)
        yield from asked(method, mistake, arguments, error, *words, on=on)


FRAMES = table(*(frames(m) for m in ("fit", "update", "forecast", "score", "backtest")))

SINGLE = table(
    *[
        asked(method, mistake, (series, *more), error, *words, on="series")
        for method, more in (
            ("fit", ()),
            ("update", ()),
            ("forecast", ()),
            ("score", ()),
            ("backtest", (1,)),
        )
        for mistake, series, error, *words in (
            ("a number", 11.0, ValueError, SHAPE, "of type float"),
            ("a dict by day", {DAYS[0]: 1.0}, ValueError, SHAPE, "of type dict"),
            ("windows for a series", X, ValueError, SHAPE, "of type Windows"),
            ("three dimensions", np.ones((2, 2, 2)), ValueError, SHAPE, "(2, 2, 2)"),
            ("a frame of two", FRAME, ValueError, "say which to forecast", "'wind'"),
            ("parts of two lengths", [[1.0], [2.0, 3.0]], ValueError, "one length"),
            ("NaN in a list", [np.nan] * 12, ValueError, "contains NaN", "(row 0)"),
        )
    ],
    asked("fit", "windows and targets", (X, Y), ValueError, SHAPE, on="series"),
    asked("fit", "weights", (SHOPS,), TypeError, "'sample_weight'", sample_weight=Y),
    *[
        asked(
            method,
            "another name",
            (SERIES.rename("wind"),),
            ValueError,
            "channels ['load']",
            "found ['wind']",
            on="series",
        )
        for method in ("forecast", "score")
    ],
    asked(
        "update",
        "another name",
        (MORE.rename("wind"),),
        ValueError,
        "channels ['load'], as in fit",
        "found ['wind']",
        on="series",
    ),
    asked(
        "update",
        "rows that are counted",
        (MORE.reset_index(drop=True),),
        TypeError,
        "timestamps of datetime64",
        "found int64",
        on="series",
    ),
    asked(
        "update",
        "periods",
        (MORE.to_period("D"),),
        TypeError,
        "timestamps of datetime64",
        "found period[D]",
        on="series",
    ),
    asked("forecast", "steps by position", (3,), ValueError, "type int", on="series"),
    asked("forecast", "horizon", (), TypeError, "'horizon'", on="series", horizon=3),
    asked("predict", "no frame", (), TypeError, "'df'", "argument"),
)

UPDATES = table(
    asked(
        "update",
        "rows of the fit",
        (SHOPS,),
        ValueError,
        "timestamp 2024-01-26",
        "found 2024-01-01",
        "drop the rows up to 2024-01-25",
    ),
    asked(
        "update",
        "a gap",
        (NEXT[NEXT["day"] > DAYS[25]],),
        ValueError,
        "timestamp 2024-01-26",
        "found 2024-01-27",
        "give all of them",
    ),
    asked(
        "update",
        "hours after days",
        (NEXT.assign(day=DAYS[24] + pd.to_timedelta([1, 2, 3] * 2, "h")),),
        ValueError,
        "timestamp 2024-01-26",
        "found 2024-01-25 01:00",
    ),
    asked(
        "update",
        "numbers after days",
        (NEXT.assign(day=[25, 26, 27] * 2),),
        TypeError,
        "timestamps of datetime64",
        "found int64",
    ),
    asked(
        "update",
        "a time zone",
        (NEXT.assign(day=NEXT["day"].dt.tz_localize("UTC")),),
        TypeError,
        "timestamps of datetime64",
        "UTC",
        "tz_convert",
    ),
    asked(
        "update",
        "a shop of another size",
        (NEXT.assign(size=9.0),),
        ValueError,
        "static covariate 'size' of series 'n' to stay 3",
        "found 9",
        on="shops with prices",
    ),
    asked(
        "update",
        "a query of polars",
        (polars.LazyFrame({"shop": ["n"]}),),
        TypeError,
        "LazyFrame",
        ".collect()",
    ),
)


def ahead(mistake, prices, error, *words, df=None, on="shops with prices"):
    return asked("forecast", mistake, (df,), error, *words, on=on, X_future=prices)


AHEAD = table(
    ahead("no future", None, ValueError, "3 rows after the last target", "X_future"),
    ahead("array as future", np.ones((3, 1)), TypeError, PANEL, "found ndarray"),
    ahead("text as future", "next.csv", TypeError, PANEL, "found str"),
    ahead("dict as future", {"price": [1.0]}, TypeError, PANEL, "found dict"),
    ahead("number as future", 3, TypeError, PANEL, "found int"),
    ahead("Series as future", PRICES["price"], ValueError, "id to be", "'shop'"),
    ahead("future without rows", PRICES[:0], ValueError, "at least one row"),
    ahead("future without time", PRICES[["shop", "price"]], ValueError, "time to be"),
    ahead("future without ids", PRICES[["day", "price"]], ValueError, "id to be"),
    ahead(
        "future of another name",
        PRICES.rename(columns={"price": "cost"}),
        ValueError,
        "X_future with the future covariates ['price']",
        "['shop', 'day', 'cost']",
        "names of the fit",
    ),
    ahead("prices in text", PRICES.assign(price="low"), TypeError, "channel 'price'"),
    ahead("infinite price", PRICES.assign(price=np.inf), ValueError, "infinity"),
    ahead("missing price", PRICES.assign(price=np.nan), ValueError, "NaN", "ffill()"),
    ahead(
        "too few days",
        PRICES.groupby("shop").head(2),
        ValueError,
        "3 rows after the last target of series 'n'",
        "found 2",
    ),
    ahead("another shop", PRICES[:3].assign(shop="z"), ValueError, "'n'", "found 0"),
    ahead("days gone by", SHOPS, ValueError, "3 rows after", "found 0"),
    ahead(
        "future of a time zone",
        PRICES.assign(day=PRICES["day"].dt.tz_localize("UTC")),
        TypeError,
        "timestamps of datetime64",
        "tz_convert",
    ),
    ahead(
        "future with a gap",
        PRICES[PRICES["day"] != DAYS[26]],
        ValueError,
        "timestamp 2024-01-27",
        "found 2024-01-28",
    ),
    ahead(
        "future that no fit asked for", PRICES, ValueError, "future=None", on="shops"
    ),
    ahead(
        "no past covariate",
        None,
        ValueError,
        "past to name",
        "['visits']",
        df=SHOPS_WITH_AN_END.drop(columns="visits"),
    ),
    ahead(
        "static that changes",
        None,
        ValueError,
        "one finite value of the static covariate 'size'",
        "past or future",
        df=SHOPS_WITH_AN_END.assign(size=np.arange(50.0)),
    ),
    ahead(
        "series shorter than a window",
        None,
        ValueError,
        "at least length = 6 timestamps",
        "found at most 3",
        df=SHOPS.groupby("shop").head(3),
        on="shops",
    ),
    asked(
        "score",
        "series shorter than a sample",
        (SHOPS.groupby("shop").head(4),),
        ValueError,
        "length + horizon = 9",
        "found at most 4",
    ),
)

COVERAGES = table(
    *[
        asked(
            method,
            f"coverage={value!r}",
            first,
            error,
            "coverage",
            *words,
            coverage=value,
        )
        for method, first in (("forecast", ()), ("backtest", (SHOPS, 2)))
        for value, error, *words in (
            (0, ValueError, "== 0", "must be > 0"),
            (1, ValueError, "== 1", "must be < 1"),
            (90, ValueError, "== 90", "must be < 1"),
            (-1, ValueError, "== -1", "must be > 0"),
            (np.nan, ValueError, "== nan", "between 0 and 1"),
            ("90%", TypeError, "instance of float", "not str"),
            ([0.5, 2], ValueError, "== 2", "must be < 1"),
            ([0.5, 0.5], ValueError, "distinct coverages", "[0.5, 0.5]"),
            (["a"], TypeError, "instance of float", "not str"),
            (True, ValueError, "== True", "must be < 1"),
        )
    ],
    *[
        asked(
            method,
            "coverage of points",
            first,
            TypeError,
            "the method predict_quantiles",
            "found TabularForecaster",
            "ConformalForecaster",
            on="points",
            coverage=0.9,
        )
        for method, first in (("forecast", ()), ("backtest", (SERIES, 2)))
    ],
)


def back(mistake, error, *words, df=SHOPS, on="shops", **arguments):
    return asked("backtest", mistake, (df,), error, *words, on=on, **arguments)


def start(mistake, start, on="shops", df=SHOPS):
    words = ("start as one timestamp", "such as", "found", "pandas.Timestamp")
    return back(mistake, TypeError, *words, start=start, on=on, df=df)


EITHER = "either n_origins or start"
BACKTESTS = table(
    back("neither n_origins nor start", ValueError, EITHER, "n_origins=None"),
    back("both", ValueError, EITHER, "n_origins=2", n_origins=2, start=DAYS[10]),
    back("no origins", ValueError, "n_origins must", "found 0", n_origins=0),
    back("origins as a float", TypeError, "n_origins must", "2.0", n_origins=2.0),
    back("origins as a boolean", TypeError, "n_origins must", "True", n_origins=True),
    back(
        "all origins",
        ValueError,
        "samples to train on before the first origin",
        "take fewer origins",
        n_origins=17,
    ),
    back("stride of zero", ValueError, "stride must", "0", n_origins=2, stride=0),
    back("stride of 1.5", TypeError, "stride must", "1.5", n_origins=2, stride=1.5),
    back("refit=0", ValueError, "refit must", "found 0", n_origins=2, refit=0),
    back("refit='yes'", TypeError, "refit must", "'yes'", n_origins=2, refit="yes"),
    back("refit=None", TypeError, "refit must", "None", n_origins=2, refit=None),
    back(
        "start after the end",
        ValueError,
        "a start of at most 2024-01-22",
        "found 2024-01-31",
        start=DAYS[30],
    ),
    back(
        "start at the first row",
        ValueError,
        "samples to train on before",
        "Begin later",
        start=DAYS[0],
    ),
    back("missing start", ValueError, "at most 2024-01-22", "NaT", start=pd.NaT),
    start("start in words", "tomorrow"),
    start("start as a number of rows", 10),
    start("start as a share", 0.8),
    start("start in a time zone", DAYS[10].tz_localize("UTC")),
    start("start as a date of Python", DAYS[15].date()),
    start("list of starts", [DAYS[10]]),
    start("date for counted rows", "2024-01-10", on="series", df=SERIES.to_numpy()),
    start("timestamp for periods", DAYS[20], on="series", df=SERIES.to_period("D")),
)

ROWS = [*FRAMES, *SINGLE, *UPDATES, *AHEAD, *COVERAGES, *BACKTESTS]
