"""Bad panels: every error names the series, the place, and what mends it."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from blocks import windows_of

from sktorch_forecast import Panel, latest_windows, make_windows

KEYS = {"id": "shop", "time": "day"}


def panel():
    """Shops "n", rows 0 to 9, and "s", rows 10 to 17, from 2024-01-01 on."""
    frame = pd.DataFrame({"shop": ["n"] * 10 + ["s"] * 8})
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(
        frame.groupby("shop").cumcount(), unit="D"
    )
    frame["sales"] = np.arange(18.0)
    frame["price"] = np.arange(18.0) / 2
    frame["size"] = frame["shop"].map({"n": 3.0, "s": 4.0})
    return frame


def with_value(row, column, value):
    frame = panel()
    frame[column] = frame[column].astype(object).where(frame.index != row, value)
    return frame.infer_objects()


def swapped(frame, row):
    order = np.arange(len(frame))
    order[[row - 1, row]] = row, row - 1
    return frame.iloc[order]


def levels(frame):
    return frame.set_index(["shop", "day"])


def day_as_index(frame):
    return frame.set_index("day")


def in_polars(frame):
    import polars

    frame = frame.astype(object).where(frame.notna(), None)
    return polars.DataFrame(frame.to_dict(orient="list"))


def wide(frame):
    return frame.pivot(index="day", columns="shop", values="sales")


def case(name, data, error, *found, **arguments):
    """One row of the table: the message must hold all of `found`, in this order."""
    message = "(?s)" + ".*".join(re.escape(words) for words in found)
    arguments = {"target": "sales"} | KEYS | arguments
    return pytest.param(data, arguments, error, message, id=name)


MISSING_DAY = panel().drop(index=[13])
MONTHS = pd.date_range("2024-01-31", periods=10, freq="ME")
TWICE = pd.concat([panel()[:14], panel()[13:]])
UNSORTED = swapped(panel(), 14)
NONE = {"id": None, "time": None}
INDEX = {"time": None}
WIDE = {"id": "columns", "time": None}

TIMES = [
    case(
        "missing day",
        MISSING_DAY,
        ValueError,
        "regularly spaced timestamps within a series",
        "found 2024-01-05 00:00:00 in row 13 after 2024-01-03 00:00:00 in row 12",
        "of series 's'",
        "df.set_index('day').groupby('shop').resample(...)",
    ),
    case(
        "missing day of mixed rows",
        MISSING_DAY.sort_values("day", kind="stable"),
        ValueError,
        # Three rows of "s" and four days of "n" come first, then one more of "n".
        "found 2024-01-05 00:00:00 in row 8 after 2024-01-03 00:00:00 in row 5",
        "of series 's'",
    ),
    case(
        "missing day, levels",
        levels(MISSING_DAY),
        ValueError,
        "in row 13 after",
        "df.groupby(level=0).resample(..., level=1)",
        **NONE,
    ),
    case(
        "missing day, time as index",
        day_as_index(MISSING_DAY),
        ValueError,
        "in row 13 after",
        "df.groupby('shop').resample(...)",
        **INDEX,
    ),
    case(
        "missing day, polars",
        in_polars(MISSING_DAY),
        ValueError,
        "in row 13 after",
        "df.upsample('day', every=..., group_by='shop')",
    ),
    case(
        "missing day, wide",
        wide(panel()).drop(index="2024-01-04"),
        ValueError,
        "regularly spaced",
        "found 2024-01-05 00:00:00 in row 3 after 2024-01-03 00:00:00",
        "asfreq",
        **WIDE,
    ),
    case(
        "missing month",
        panel().assign(day=MONTHS[:10].append(MONTHS[:8])).drop(index=[13]),
        ValueError,
        "found 2024-05-31 00:00:00 in row 13 after 2024-03-31 00:00:00 in row 12",
        "of series 's'",
    ),
    case(
        "missing period",
        MISSING_DAY.assign(day=lambda f: f["day"].dt.to_period("D")),
        ValueError,
        "found 2024-01-05 in row 13 after 2024-01-03 in row 12 of series 's'",
    ),
    case(
        "missing number",
        MISSING_DAY.assign(day=lambda f: f["day"].dt.day / 10),
        ValueError,
        "found 0.5 in row 13 after 0.3 in row 12 of series 's'",
    ),
    case(
        "unsorted",
        UNSORTED,
        ValueError,
        "increasing order within a series",
        "found 2024-01-04 00:00:00 in row 14 after 2024-01-05 00:00:00 in row 13",
        "of series 's'",
        "df.sort_values(['shop', 'day'])",
    ),
    case(
        "unsorted, levels",
        levels(UNSORTED),
        ValueError,
        "of series 's'",
        "df.sort_index(level=[0, 1])",
        **NONE,
    ),
    case(
        "unsorted, time as index",
        day_as_index(UNSORTED),
        ValueError,
        "of series 's'",
        "df.sort_index(kind='stable')",
        **INDEX,
    ),
    case(
        "unsorted, polars",
        in_polars(UNSORTED),
        ValueError,
        "of series 's'",
        "df.sort(['shop', 'day'])",
    ),
    case(
        "duplicated",
        TWICE,
        ValueError,
        "every timestamp once in a series",
        "found 2024-01-04 00:00:00 in row 14 after 2024-01-04 00:00:00 in row 13",
        "of series 's'",
        "df.drop_duplicates(['shop', 'day'])",
    ),
    case(
        "duplicated, levels",
        levels(TWICE),
        ValueError,
        "of series 's'",
        "df[~df.index.duplicated()]",
        **NONE,
    ),
    case(
        "duplicated, time as index",
        day_as_index(TWICE),
        ValueError,
        "of series 's'",
        "df[~df.set_index('shop', append=True).index.duplicated()]",
        **INDEX,
    ),
    case(
        "duplicated, polars",
        in_polars(TWICE),
        ValueError,
        "of series 's'",
        "df.unique(['shop', 'day'], maintain_order=True)",
    ),
    case(
        "NaT",
        with_value(12, "day", pd.NaT),
        ValueError,
        "timestamp in every row",
        "none in row 12",
    ),
    case(
        "text as time",
        panel().astype({"day": str}),
        TypeError,
        "timestamps, periods or numbers",
        "to_datetime",
    ),
    case(
        "no id",
        with_value(12, "shop", None),
        ValueError,
        "id of a series in every row",
        "none in row 12",
    ),
    case(
        "no id, polars",
        in_polars(with_value(12, "shop", None)),
        ValueError,
        "none in row 12",
    ),
    case(
        "no id, levels",
        levels(with_value(12, "shop", None)),
        ValueError,
        "none in row 12",
        **NONE,
    ),
]

VALUES = [
    case(
        "NaN in a target",
        with_value(12, "sales", np.nan),
        ValueError,
        "contains NaN at series 's', timestamp 2024-01-03 00:00:00 (row 12)",
        "channel 'sales'",
        "df.groupby('shop')['sales'].ffill()",
        "missing='mask'",
    ),
    case(
        "NaN in targets of mixed rows",
        with_value(12, "sales", np.nan).sort_values("day", kind="stable"),
        ValueError,
        "series 's', timestamp 2024-01-03 00:00:00 (row 5), channel 'sales'",
    ),
    case(
        "NaN at the end of a target without future covariates",
        with_value(17, "sales", np.nan),
        ValueError,
        "series 's', timestamp 2024-01-08 00:00:00 (row 17), channel 'sales'",
    ),
    case(
        "NaN before the last target",
        with_value(12, "sales", np.nan),
        ValueError,
        "series 's', timestamp 2024-01-03 00:00:00 (row 12), channel 'sales'",
        future="price",
    ),
    case(
        "NaN in a past covariate",
        with_value(3, "price", np.nan),
        ValueError,
        "series 'n', timestamp 2024-01-04 00:00:00 (row 3), channel 'price'",
        "missing='mask'",
        past="price",
    ),
    case(
        "NaN in the first row of a past covariate",
        with_value(10, "price", np.nan),
        ValueError,
        "series 's', timestamp 2024-01-01 00:00:00 (row 10), channel 'price'",
        past="price",
    ),
    case(
        "NaN in the last row of a past covariate",
        with_value(9, "price", np.nan),
        ValueError,
        "series 'n', timestamp 2024-01-10 00:00:00 (row 9), channel 'price'",
        past="price",
    ),
    case(
        "NaN in a future covariate",
        with_value(3, "price", np.nan),
        ValueError,
        "series 'n', timestamp 2024-01-04 00:00:00 (row 3), channel 'price'",
        "df.groupby('shop')['price'].ffill().",
        future="price",
        missing="mask",
    ),
    case(
        "NaN in a wide frame",
        wide(with_value(12, "sales", np.nan)),
        ValueError,
        "series 's', timestamp 2024-01-03 00:00:00 (row 2), channel 'sales'",
        "df.interpolate(limit_area='inside')",
        **WIDE,
    ),
    case(
        "NaN in a polars frame",
        in_polars(with_value(12, "sales", np.nan)),
        ValueError,
        "series 's', timestamp 2024-01-03 00:00:00 (row 12), channel 'sales'",
        "polars.col('sales').forward_fill().over('shop')",
    ),
    case(
        "infinity",
        with_value(12, "sales", np.inf),
        ValueError,
        "contains infinity",
        "series 's', timestamp 2024-01-03 00:00:00 (row 12), channel 'sales'",
        missing="mask",
    ),
    case(
        "too large",
        with_value(12, "sales", 1e39),
        ValueError,
        "too large for float32",
        "series 's', timestamp 2024-01-03 00:00:00 (row 12), channel 'sales'",
    ),
    case(
        "text",
        panel().astype({"sales": str}),
        TypeError,
        "real numbers in channel 'sales'",
        "to_numeric",
    ),
    case(
        "text in a polars frame",
        in_polars(panel().astype({"sales": str})),
        TypeError,
        "real numbers in channel 'sales'",
    ),
    case(
        "static covariate that changes",
        with_value(12, "size", 5.0),
        ValueError,
        "one finite value of the static covariate 'size' of series 's'",
        "found 4.0 and 5.0",
        static="size",
    ),
    case(
        "static covariate that is missing",
        with_value(12, "size", np.nan),
        ValueError,
        "the static covariate 'size' of series 's'",
        "nan",
        static="size",
    ),
    case(
        "static categories",
        panel().assign(size="large"),
        TypeError,
        "real numbers in channel 'size'",
        "OneHotEncoder",
        static="size",
    ),
]

NAMES = [
    case(
        "unknown id",
        panel(),
        ValueError,
        "id to be one of the columns ['shop', 'day', 'sales', 'price', 'size']",
        "found 'store'",
        id="store",
    ),
    case(
        "unknown time",
        panel(),
        ValueError,
        "time to be one of the columns",
        time="date",
    ),
    case(
        "unknown levels",
        levels(panel()),
        ValueError,
        "two levels",
        "found levels ['shop', 'day'] with id='store'",
        id="store",
    ),
    case(
        "time that is another level",
        levels(panel()),
        ValueError,
        "different columns",
        "found 'shop' for both",
        id="shop",
        time="shop",
    ),
    case(
        "three levels",
        panel().set_index(["shop", "size", "day"]),
        ValueError,
        "two levels",
        "['shop', 'size', 'day']",
        "reset_index",
        **NONE,
    ),
    case(
        "no target",
        panel(),
        ValueError,
        "Found 3 channels, ['sales', 'price', 'size']",
        "target='sales'",
        target=None,
    ),
    case(
        "unknown past",
        panel(),
        ValueError,
        "past to name channels of ['sales', 'price', 'size']",
        "found ['promo']",
        past=["promo"],
    ),
    case(
        "future named twice",
        panel(),
        ValueError,
        "future to name channels",
        "each once",
        future=["price", "price"],
    ),
    case(
        "two roles",
        panel(),
        ValueError,
        "found 'price' in both past and future",
        past="price",
        future="price",
    ),
    case(
        "target that is static",
        panel(),
        ValueError,
        "found 'sales' in both target and static",
        static="sales",
    ),
    case(
        "duplicated columns",
        panel().rename(columns={"price": "sales"}),
        ValueError,
        "different names",
    ),
    case(
        "covariates of a wide frame",
        wide(panel()),
        ValueError,
        "id='columns'",
        "DataFrame.melt",
        static="size",
        **WIDE,
    ),
    case("array", np.ones((9, 2)), TypeError, "DataFrame", "found ndarray"),
    case("no rows", panel()[:0], ValueError, "at least one row"),
    case(
        "polars without time",
        in_polars(panel()),
        ValueError,
        "polars frame has no index",
        **INDEX,
    ),
    case(
        "wide, polars without time",
        in_polars(wide(panel()).reset_index()),
        ValueError,
        "polars frame has no index",
        **WIDE,
    ),
    case("wrong missing", panel(), ValueError, "'error' or 'mask'", missing="drop"),
    case("pad alone", panel(), ValueError, "missing='mask' with pad=True", pad=True),
]


@pytest.mark.parametrize("data, arguments, error, message", TIMES + VALUES + NAMES)
def test_make_windows_says_what_is_wrong_in_which_series(
    data, arguments, error, message
):
    with pytest.raises(error, match=message):
        make_windows(data, horizon=2, length=3, **arguments)
    with pytest.raises(error, match=message):
        latest_windows(data, horizon=2, length=3, **arguments)


def test_a_static_covariate_too_large_for_float32_is_an_error_and_no_warning():
    frame = panel().replace({"size": {4.0: 1e300}})
    message = "one finite value of the static covariate 'size' of series 's'"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=message):
            latest_windows(frame, length=2, target="sales", static="size", **KEYS)


def test_series_that_are_all_too_short():
    message = "length \\+ horizon = 11 .*found at most 10 in 2 series.*pad=True"
    with pytest.raises(ValueError, match=message):
        make_windows(panel(), horizon=4, length=7, target="sales", **KEYS)
    with pytest.raises(ValueError, match="length = 11 .*at most 10 in 2 series"):
        latest_windows(panel(), length=11, target="sales", **KEYS)
    message = "at least 11 timestamps in a series, found at most 10 .*shorter horizon"
    with pytest.raises(ValueError, match=message):
        make_windows(
            panel(),
            horizon=10,
            length=2,
            target="sales",
            missing="mask",
            pad=True,
            **KEYS,
        )


def test_latest_windows_need_the_covariates_of_the_whole_horizon():
    frame = panel()
    arguments = dict(length=2, target="sales", future="price", **KEYS)
    with pytest.raises(ValueError, match="horizon .*found None.*horizon=24"):
        latest_windows(frame, **arguments)
    frame.loc[[9, 16, 17], "sales"] = np.nan
    message = "3 rows after the last target of series 'n' and 1 more series, found 1"
    with pytest.raises(ValueError, match=message + ".*'price'"):
        latest_windows(frame, horizon=3, **arguments)
    message = "2 rows after the last target of series 'n', found 1"
    with pytest.raises(ValueError, match=message):
        latest_windows(frame, horizon=2, **arguments)
    frame.loc[17, "price"] = np.nan
    latest_windows(frame, horizon=1, **arguments)  # out of reach
    message = r"series 's', timestamp 2024-01-08 00:00:00 \(row 7\), channel 'price'"
    with pytest.raises(ValueError, match=message):
        latest_windows(frame[10:], horizon=2, **arguments)


def test_a_time_before_the_first_needs_a_known_distance():
    frame = panel().loc[[0, 10]]
    frame["sales"] = np.nan
    with pytest.raises(ValueError, match="Cannot tell which timestamp"):
        latest_windows(
            frame,
            length=2,
            target="sales",
            static="size",
            missing="mask",
            pad=True,
            **KEYS,
        )


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"bounds": [0, 4]}, "bounds that rise from 0 to 9"),
        ({"bounds": [0, 6, 4, 9]}, "bounds that rise from 0 to 9"),
        ({"ids": ["a"]}, "2 different ids, .*found \\['a'\\]"),
        ({"ids": ["a", "a"]}, "2 different ids"),
        ({"positions": [4]}, "in series 1 between row 5 .* and row 7, .*found 4"),
        ({"positions": [2, 8]}, "between row 5 .* and row 7, the last with 1 after"),
        ({"ids": ["a", "b"], "positions": [3]}, "in series 'a' between row 1"),
        ({"positions": [9]}, "found 9"),
        ({"positions": [-1]}, "found -1"),
        ({"static": [[1.0]]}, "static covariates of 2 series.*\\(1, 1\\)"),
        ({"static": [[1.0], [2.0]], "static_names": ["a", "b"]}, "2 names"),
        ({"n_targets": 2}, "at most 2, .* found 2 \\+ 1"),
        ({"horizon": None}, "horizon must be a positive integer, found None"),
        ({"missing": "drop"}, "'error' or 'mask', found 'drop'"),
    ],
)
def test_the_constructor_says_what_is_wrong_with_series(arguments, message):
    valid = {
        "values": np.ones((9, 2)),
        "positions": [1, 7],
        "length": 2,
        "n_future": 1,
        "horizon": 1,
        "bounds": [0, 4, 9],
    }
    assert len(windows_of(**valid)) == 2
    with pytest.raises((ValueError, TypeError), match=message):
        windows_of(**(valid | arguments))


@pytest.mark.parametrize("column, missing", [(1, "error"), (0, "error"), (1, "mask")])
def test_the_constructor_allows_nan_only_where_it_is_masked(column, missing):
    values = np.ones((9, 2))
    values[3, column] = np.nan
    with pytest.raises(ValueError, match="NaN at row 3"):
        Panel.from_array(values, n_future=1, missing=missing)
