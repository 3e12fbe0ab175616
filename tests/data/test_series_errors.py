"""Bad series: every error names what was found, and where."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sktorch_forecast import latest_windows, make_windows

# Long enough for a window of 3 and a horizon of 2.
DAYS = pd.date_range("2024-01-01", periods=20, freq="D")


def series(index=None, n_timestamps=20):
    n_timestamps = n_timestamps if index is None else len(index)
    return pd.Series(np.arange(n_timestamps, dtype=float), index=index, name="load")


def with_value(value, row=4, channel=1, index=DAYS, dtype=float):
    """Three channels of ones, and one other value."""
    values = np.ones((20, 3), dtype=dtype)
    values[row, channel] = value
    return pd.DataFrame(values, index=index, columns=["a", "b", "c"])


def without(index, *rows):
    """The timestamps without some, as they come out of a file: with no `freq`."""
    return pd.Index(index.delete(list(rows)).tolist())


def swapped(index, row):
    """The timestamps with that of `row` and the one before in the wrong order."""
    order = list(range(len(index)))
    order[row - 1], order[row] = order[row], order[row - 1]
    return index[order]


def repeated(index, row):
    """The timestamps with that of `row` replaced by the one before."""
    order = list(range(len(index)))
    order[row] = row - 1
    return index[order]


def case(name, data, error, *found, **arguments):
    """One row of the table: the message must hold all of `found`, in this order."""
    message = "(?s)" + ".*".join(re.escape(words) for words in found)
    return pytest.param(data, arguments, error, message, id=name)


VALUES = [
    case(
        "NaN in a frame",
        with_value(np.nan),
        ValueError,
        "contains NaN",
        "timestamp 2024-01-05 00:00:00 (row 4), channel 'b'",
        target="a",
    ),
    case(
        "NaN in the target",
        with_value(np.nan),
        ValueError,
        "contains NaN",
        "(row 4), channel 'b'",
        target="b",
    ),
    case(
        "infinity in a frame",
        with_value(-np.inf, row=19, channel=2),
        ValueError,
        "contains infinity",
        "timestamp 2024-01-20 00:00:00 (row 19), channel 'c'",
        target="a",
    ),
    case(
        "NaN in a Series of periods",
        series(pd.period_range("2020-01", periods=9, freq="M")).replace(3.0, np.nan),
        ValueError,
        "contains NaN",
        "timestamp 2020-04 (row 3), channel 'load'",
    ),
    case(
        "NaN in an array",
        np.array([1, 2, np.nan, 4, 5, 6]),
        ValueError,
        "contains NaN",
        "(row 2), channel 0",
    ),
    case(
        "infinity in a float32 array",
        np.array([1, 2, 3, 4, 5, np.inf], dtype=np.float32),
        ValueError,
        "contains infinity",
        "(row 5), channel 0",
    ),
    case(
        "infinities that cancel",
        np.array([1, np.inf, 3, -np.inf, 5, 6]),
        ValueError,
        "contains infinity",
        "(row 1), channel 0 and 1 more places",
    ),
    case(
        "NaN past the first blocks of a long series",
        np.r_[np.zeros(70_000), np.nan, np.zeros(5)],
        ValueError,
        "contains NaN",
        "(row 70000), channel 0",
    ),
    case(
        "missing value in a nullable column",
        pd.Series(pd.array([1, 2, None, 4, 5, 6], dtype="Int64"), name="load"),
        ValueError,
        "contains NaN",
        "(row 2), channel 'load'",
    ),
    case(
        "None in a list",
        [1.0, 2.0, None, 4.0, 5.0],
        TypeError,
        "real numbers in channel 0",
        "object",
    ),
    case(
        "object column",
        with_value(1).astype({"b": object}),
        TypeError,
        "real numbers in channel 'b'",
        "object",
        target="a",
    ),
    case(
        "strings in an array",
        np.array(["1", "2", "3", "4", "5"]),
        TypeError,
        "real numbers in channel 0",
        "<U1",
    ),
    case(
        "strings in a Series",
        pd.Series(list("123456"), name="load"),
        TypeError,
        "real numbers in channel 'load'",
        "str" if pd.Series(["a"]).dtype != object else "object",
    ),
    case(
        "timestamps as values",
        pd.Series(DAYS, name="when"),
        TypeError,
        "real numbers in channel 'when'",
        "datetime64",
    ),
    case(
        "categories as values",
        pd.Series([1, 2, 1, 2, 1, 2], dtype="category", name="kind"),
        TypeError,
        "real numbers in channel 'kind'",
        "category",
    ),
    case(
        "complex array",
        np.ones(9, dtype=complex),
        TypeError,
        "real numbers in channel 0",
        "complex128",
    ),
    case(
        "complex column",
        with_value(1).astype({"c": complex}),
        TypeError,
        "real numbers in channel 'c'",
        "complex128",
        target="a",
    ),
    case(
        "sparse matrix",
        sparse.csr_matrix(np.eye(9)),
        TypeError,
        "dense series",
        "csr_matrix",
        "toarray",
    ),
    case(
        "sparse array",
        sparse.coo_array(np.eye(9)),
        TypeError,
        "dense series",
        "coo_array",
    ),
    case(
        "too large for float32",
        with_value(1e39),
        ValueError,
        "float32",
        "timestamp 2024-01-05 00:00:00 (row 4), channel 'b'",
        target="a",
    ),
    case(
        "too small for float32",
        np.array([1, 2, -4e38, 4, 5, 6]),
        ValueError,
        "float32",
        "(row 2), channel 0",
    ),
]

SHAPES = [
    case("3-D array", np.ones((9, 2, 2)), ValueError, "found (9, 2, 2)", "ndarray"),
    case("a number", 3.0, ValueError, "found ()", "float"),
    case("None", None, ValueError, "found ()", "NoneType"),
    case("a string", "12345678", ValueError, "found ()", "str"),
    case("a generator", (i for i in range(9)), ValueError, "found ()", "generator"),
    case("no channel", np.ones((9, 0)), ValueError, "channel", "[]"),
    case("empty list", [], ValueError, "length + horizon = 5", "found 0"),
    case("empty array", np.ones((0, 1)), ValueError, "length + horizon = 5", "found 0"),
    case(
        "empty Series",
        pd.Series([], dtype=float),
        ValueError,
        "length + horizon = 5",
        "found 0",
    ),
    case(
        "one timestamp too few",
        np.ones(4),
        ValueError,
        "length + horizon = 5",
        "found 4",
    ),
    case(
        "frame that is too short",
        with_value(1).iloc[:2],
        ValueError,
        "length + horizon = 5",
        "found 2",
        target="a",
    ),
]

HOURS = pd.date_range("2024-01-01", periods=60, freq="h")
MONTHS = pd.date_range("2024-01-31", periods=20, freq="ME")

TIMESTAMPS = [
    case(
        "unsorted timestamps",
        series(swapped(DAYS, 7)),
        ValueError,
        "increasing order",
        "found 2024-01-07 00:00:00 in row 7 after 2024-01-08 00:00:00",
        "sort_index",
    ),
    case(
        "reversed timestamps",
        series(DAYS[::-1]),
        ValueError,
        "increasing order",
        "found 2024-01-19 00:00:00 in row 1 after 2024-01-20 00:00:00",
    ),
    case(
        "unsorted periods",
        series(swapped(DAYS.to_period("D"), 7)),
        ValueError,
        "increasing order",
        "found 2024-01-07 in row 7 after 2024-01-08",
    ),
    case(
        "unsorted integers",
        series(pd.Index([0, 1, 3, 2, 4, 5])),
        ValueError,
        "increasing order",
        "found 2 in row 3 after 3",
    ),
    case(
        "duplicated timestamp",
        series(repeated(DAYS, 7)),
        ValueError,
        "every timestamp once",
        "found 2024-01-07 00:00:00 again in row 7",
    ),
    case(
        "duplicated period",
        series(repeated(DAYS.to_period("D"), 7)),
        ValueError,
        "every timestamp once",
        "found 2024-01-07 again in row 7",
    ),
    case(
        "two channels stacked on one index",
        series(pd.Index([0, 1, 2, 2, 3, 4])),
        ValueError,
        "every timestamp once",
        "found 2 again in row 3",
    ),
    case(
        "missing day",
        series(without(DAYS, 7)),
        ValueError,
        "regularly spaced",
        "found 2024-01-09 00:00:00 in row 7 after 2024-01-07 00:00:00",
        "asfreq",
    ),
    case(
        "missing day at the beginning",
        series(without(DAYS, 1)),
        ValueError,
        "found 2024-01-03 00:00:00 in row 1 after 2024-01-01 00:00:00",
    ),
    case(
        "missing day at the end",
        series(without(DAYS, 18)),
        ValueError,
        "found 2024-01-20 00:00:00 in row 18 after 2024-01-18 00:00:00",
    ),
    case(
        "two missing days of a short series",
        series(without(DAYS[:8], 2, 4)),
        ValueError,
        "found 2024-01-04 00:00:00 in row 2 after 2024-01-02 00:00:00",
    ),
    case(
        "two missing days",
        series(without(DAYS, 5, 11)),
        ValueError,
        "found 2024-01-07 00:00:00 in row 5 after 2024-01-05 00:00:00",
    ),
    case(
        "missing hour",
        series(without(HOURS, 30)),
        ValueError,
        "found 2024-01-02 07:00:00 in row 30 after 2024-01-02 05:00:00",
    ),
    # From one evening to the next morning, as in business hours, but only once.
    case(
        "sixteen missing hours",
        series(without(HOURS, *range(17, 33))),
        ValueError,
        "found 2024-01-02 09:00:00 in row 17 after 2024-01-01 16:00:00",
    ),
    case(
        "missing hour of a time zone",
        series(without(HOURS.tz_localize("Europe/Berlin"), 30)),
        ValueError,
        "found 2024-01-02 07:00:00+01:00 in row 30 after 2024-01-02 05:00:00+01:00",
    ),
    # Local time without its zone: on 2024-03-31 clocks went from 1:59 to 3:00.
    case(
        "wall clock time",
        series(
            pd.DatetimeIndex(
                pd.date_range("2024-03-30", periods=40, freq="h", tz="Europe/Berlin")
                .tz_localize(None)
                .tolist()
            )
        ),
        ValueError,
        "found 2024-03-31 03:00:00 in row 26 after 2024-03-31 01:00:00",
    ),
    case(
        "missing end of a month",
        series(without(MONTHS, 5)),
        ValueError,
        "found 2024-07-31 00:00:00 in row 5 after 2024-05-31 00:00:00",
    ),
    case(
        "day that is not the end of the month",
        series(pd.Index([*MONTHS[:5], pd.Timestamp("2024-06-29"), *MONTHS[6:]])),
        ValueError,
        "found 2024-06-29 00:00:00 in row 5 after 2024-05-31 00:00:00",
    ),
    # 2024-01-01 was a Monday: the first five rows could also be days.
    case(
        "missing business day",
        series(without(pd.bdate_range("2024-01-01", periods=40), 17)),
        ValueError,
        "found 2024-01-25 00:00:00 in row 17 after 2024-01-23 00:00:00",
    ),
    # As many days as there are rows would end after the last day of a datetime64[ns].
    case(
        "days, then seconds",
        series(
            DAYS.as_unit("ns")[:8].append(
                pd.date_range(DAYS[8], periods=150_000, freq="s", unit="ns")
            )
        ),
        ValueError,
        "regularly spaced",
        "found 2024-01-02 00:00:00 in row 1 after 2024-01-01 00:00:00",
    ),
    case(
        "missing period",
        series(without(pd.period_range("2020-01", periods=20, freq="M"), 7)),
        ValueError,
        "found 2020-09 in row 7 after 2020-07",
    ),
    case(
        "missing time step",
        series(without(pd.timedelta_range("0s", periods=20, freq="30s"), 7)),
        ValueError,
        "found 0 days 00:04:00 in row 7 after 0 days 00:03:00",
    ),
    case(
        "missing integer",
        series(without(pd.RangeIndex(100, 120), 7)),
        ValueError,
        "found 108 in row 7 after 106",
    ),
    case(
        "missing number",
        series(without(pd.Index(np.arange(20) * 0.5), 7)),
        ValueError,
        "found 4.0 in row 7 after 3.0",
    ),
    case(
        "missing number between small ones",
        series(without(pd.Index(np.arange(20) / 2**40), 7)),
        ValueError,
        f"found {8 / 2**40} in row 7 after {6 / 2**40}",
    ),
    case(
        "NaT",
        series(DAYS.where(DAYS != DAYS[7])),
        ValueError,
        "timestamp in every row",
        "none in row 7",
    ),
    case(
        "missing number in the index",
        series(pd.Index([0, 1, np.nan, 3, 4, 5])),
        ValueError,
        "timestamp in every row",
        "none in row 2",
    ),
    case(
        "timestamps as strings",
        series(pd.Index([str(day) for day in DAYS])),
        TypeError,
        "index of timestamps, periods or numbers",
        "(Index)",
        "to_datetime",
    ),
    case(
        "several series in one index",
        series(pd.MultiIndex.from_product([["north", "south"], range(10)])),
        TypeError,
        "index of timestamps, periods or numbers",
        "(MultiIndex)",
    ),
]

# Of these, two timestamps are missing.
FEW = {
    "numbers": pd.RangeIndex(12),
    "fractions": pd.Index(np.arange(12) * 0.1),
    "periods": pd.period_range("2024-01", periods=12, freq="M"),
    "time steps": pd.timedelta_range("1h", periods=12, freq="h"),
    "hours": HOURS[:12],
    "days": DAYS[:12],
    "days of a zone": pd.date_range("2024-03-25", periods=12, tz="Europe/Rome"),
    "business days": pd.date_range("2024-01-01", periods=12, freq="B"),
    "months": MONTHS[:12],
    "quarters": pd.date_range("2024-01-31", periods=12, freq="QE"),
}
TIMESTAMPS += [
    case(
        f"{kind} with gaps at {gaps}",
        series(axis.delete(gaps)),
        ValueError,
        "regularly spaced",
        f"in row {gaps[0]} after {axis[gaps[0] - 1]}. ",
    )
    for kind, axis in FEW.items()
    for gaps in ([2, 4], [3, 8])
]
TIMESTAMPS += [
    case(
        f"five {kind}",
        series(axis[[0, 1, 3, 4, 6]]),
        ValueError,
        f"found {axis[3]} in row 2 after {axis[1]}. ",
    )
    for kind, axis in FEW.items()
    if kind in ("numbers", "fractions", "periods", "time steps", "hours")
]
TIMESTAMPS += [
    case(
        "eight months without two in a row",
        series(MONTHS[:8].delete([2, 3])),
        ValueError,
        f"found {MONTHS[4]} in row 2 after {MONTHS[1]}. ",
    ),
    case(
        "days without a weekend",  # which are no business days
        series(DAYS.delete([5, 6])),
        ValueError,
        f"found {DAYS[7]} in row 5 after {DAYS[4]}. ",
    ),
]

CHANNELS = [
    case(
        "unknown target",
        with_value(1),
        ValueError,
        "['a', 'b', 'c']",
        "found 'load'",
        target="load",
    ),
    case(
        "one unknown target",
        with_value(1),
        ValueError,
        "['a', 'b', 'c']",
        "found ['a', 'd']",
        target=["a", "d"],
    ),
    case(
        "column number beyond the array",
        np.ones((9, 2)),
        ValueError,
        "[0, 1]",
        "found 2",
        target=2,
    ),
    case(
        "negative column number",
        np.ones((9, 2)),
        ValueError,
        "[0, 1]",
        "found -1",
        target=-1,
    ),
    case(
        "name that the Series does not have",
        series(),
        ValueError,
        "['load']",
        "found 'price'",
        target="price",
    ),
    case(
        "target named twice",
        with_value(1),
        ValueError,
        "each once",
        "found ['a', 'a']",
        target=["a", "a"],
    ),
    case(
        "empty list of targets",
        with_value(1),
        ValueError,
        "['a', 'b', 'c']",
        "found []",
        target=[],
    ),
    case(
        "several channels without target",
        with_value(1),
        ValueError,
        "Found 3 channels, ['a', 'b', 'c']",
        "target='a'",
    ),
    case(
        "several columns without target",
        np.ones((9, 2)),
        ValueError,
        "Found 2 channels, [0, 1]",
        "target=0",
    ),
    case(
        "duplicated column names",
        with_value(1).rename(columns={"b": "a"}),
        ValueError,
        "different names",
        "['a', 'a', 'c']",
        target="a",
    ),
]


@pytest.mark.parametrize(
    "data, arguments, error, message", VALUES + SHAPES + TIMESTAMPS + CHANNELS
)
def test_make_windows_says_what_is_wrong_and_where(data, arguments, error, message):
    with pytest.raises(error, match=message):
        make_windows(data, horizon=2, length=3, **arguments)


@pytest.mark.parametrize(
    "data, arguments, error, message",
    [
        case("one timestamp too few", np.ones(2), ValueError, "length = 3", "found 2"),
        case("empty", [], ValueError, "length = 3", "found 0"),
        case(
            "NaN",
            with_value(np.nan),
            ValueError,
            "contains NaN",
            "2024-01-05 00:00:00 (row 4), channel 'b'",
            target="a",
        ),
        case(
            "missing day",
            series(without(DAYS, 7)),
            ValueError,
            "found 2024-01-09 00:00:00 in row 7 after 2024-01-07 00:00:00",
        ),
        case("no target", np.ones((9, 2)), ValueError, "Found 2 channels, [0, 1]"),
        case("too large", np.full(9, 1e39), ValueError, "float32", "(row 0)"),
    ],
)
def test_latest_windows_says_what_is_wrong_and_where(data, arguments, error, message):
    with pytest.raises(error, match=message):
        latest_windows(data, length=3, **arguments)


@pytest.mark.parametrize(
    "value, error, found",
    [
        (0, ValueError, "found 0"),
        (-1, ValueError, "found -1"),
        (1.5, TypeError, "found 1.5 of type float"),
        (2.0, TypeError, "found 2.0 of type float"),
        (True, TypeError, "found True of type bool"),
        (np.True_, TypeError, "found np.True_ of type bool"),
        ("3", TypeError, "found '3' of type str"),
        (None, TypeError, "found None of type NoneType"),
        ([3], TypeError, "found [3] of type list"),
    ],
)
@pytest.mark.parametrize("name", ["horizon", "length"])
def test_horizon_and_length_must_be_positive_integers(name, value, error, found):
    message = re.escape(f"{name} must be a positive integer, {found}")
    with pytest.raises(error, match=message):
        make_windows(np.ones(9), **({"horizon": 2, "length": 3} | {name: value}))
    if name == "length":
        with pytest.raises(error, match=message):
            latest_windows(np.ones(9), length=value)


@pytest.mark.parametrize("value", [np.int64(2), np.int32(2), np.uint8(2)])
def test_integers_of_numpy_are_integers(value):
    X, y = make_windows(np.arange(9.0), horizon=value, length=value)
    assert (X.shape, y.shape) == ((6, 2, 1), (6, 2))
    assert type(X.length) is int


def test_the_largest_float32_is_not_too_large():
    largest = float(np.finfo(np.float32).max)
    X, _ = make_windows([1.0, -largest, largest, 0.0], horizon=1, length=2)
    assert np.asarray(X)[1, :, 0].tolist() == [-largest, largest]


def test_values_whose_sum_overflows_are_finite():
    # The sum is a hundred times the largest float32.
    values = np.full(100, np.finfo(np.float32).max, dtype=np.float32)
    X, _ = make_windows(values, horizon=1, length=2)
    assert len(X) == 98


def test_only_a_frame_whose_timestamps_come_again_may_hold_many_series():
    text = pd.DataFrame({"a": ["1", "2", "3"]})
    again = pd.Series([1.0, 2.0, 3.0], index=[0, 0, 1])
    hint = "rows belong to many series, name the column of ids in id="
    with pytest.raises(ValueError, match=hint):
        make_windows(again.to_frame(), horizon=1, length=1)
    for data, error in [(text, TypeError), (again, ValueError)]:
        with pytest.raises(error) as caught:
            make_windows(data, horizon=1, length=1)
        assert hint not in str(caught.value)
