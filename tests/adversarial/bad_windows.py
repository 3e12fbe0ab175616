"""Mistakes with windows, the panels that they look at, and SlidingWindow."""

import numpy as np
import pandas as pd
import polars
import torch
from bad_rows import row, table
from bad_subjects import DAYS, FRAME, SERIES, SHOPS, SIZES, X_FRAME, X
from scipy import sparse

from sktorch_forecast import Panel, SlidingWindow, Windows, make_windows

V = np.arange(12.0).reshape(6, 2)
TWO = {"bounds": [0, 3, 6]}
GRADIENT = torch.zeros(6, 1, requires_grad=True)


def windows(mistake, arguments, error, *words):
    return row("Windows", mistake, lambda: Windows(*arguments), error, *words)


def panel(mistake, error, *words, values=V, **parts):
    return row(
        "Panel.from_array",
        mistake,
        lambda: Panel.from_array(values, **parts),
        error,
        *words,
    )


INTEGERS = "positions as a 1-D array of integers"
MADE = table(
    *[
        make(mistake, labelled, TypeError, "as an array", *words)
        for make in (
            lambda mistake, values, *words: windows(mistake, (values, [7], 2), *words),
            lambda mistake, values, *words: panel(mistake, *words, values=values),
        )
        for mistake, labelled, *words in (
            ("Series", SERIES, "a Series", "to_numpy()", "index="),
            ("frame", FRAME, "a DataFrame", "index=", "channels=", "make_windows"),
            ("frame of polars", polars.DataFrame(V), "a DataFrame", "channels="),
        )
    ],
    windows("windows", (X, [7], 2), ValueError, "dim 3", "dim <= 2"),
    windows("None", (None, [7], 2), TypeError, "array of numbers", "found None"),
    windows("Panel as a class", (Panel, [3], 2), TypeError, "array of numbers", "type"),
    windows(
        "text", (np.full((6, 1), "a"), [3], 2), ValueError, "string to float", "'a'"
    ),
    windows("complex numbers", (V + 1j, [3], 2), ValueError, "Complex data not"),
    windows(
        "sparse array",
        (sparse.csr_array(V), [3], 2),
        TypeError,
        "Sparse data",
        "'.toarray()'",
    ),
    windows("gradient", (GRADIENT, [3], 2), TypeError, "a tensor", "detach()"),
    windows(
        "dates",
        (DAYS.to_numpy()[:, np.newaxis], [3], 2),
        TypeError,
        "values as numbers",
        "datetime64",
    ),
    windows(
        "beyond float32",
        (np.full((6, 1), 1e39), [3], 2),
        ValueError,
        "contains infinity at row 0",
        "too large for float32",
        "scale",
    ),
    windows("no rows", (V[:0], [0], 2), ValueError, "0 sample(s)", "minimum of 1"),
    *[
        windows(f"positions that are {mistake}", (V, at, 2), TypeError, INTEGERS, found)
        for mistake, at, found in (
            ("floats", [3.0], "float64"),
            ("a mask", [True, False] * 3, "bool"),
            ("one integer", 3, "shape ()"),
            ("in two dimensions", [[3]], "shape (1, 1)"),
            ("None", None, "object"),
            ("text", ["a"], "<U1"),
            ("timestamps", DAYS[:3], "datetime64"),
        )
    ],
    windows(
        "ragged positions",
        (V, [[1], [2, 3]], 2),
        ValueError,
        "positions with rows of equal length",
        "found a list",
    ),
    windows("origin past the end", (V, [9], 2), ValueError, "row 5", "found 9"),
    windows("origin without a window", (V, [0], 2), ValueError, "row 1", "found 0"),
    windows("length of zero", (V, [3], 0), ValueError, "length must", "found 0"),
    windows("length as a float", (V, [3], 2.0), TypeError, "length must", "2.0"),
    windows("no length", (V, [3], None), TypeError, "length must", "found None"),
    windows(
        "length of more than all rows",
        (V, [3], 9),
        ValueError,
        "at least 9 rows",
        "found 6",
        "shorter",
    ),
    windows("horizon of zero", (V, [3], 2, 0), ValueError, "horizon must", "found 0"),
    windows("horizon in text", (V, [3], 2, "3"), TypeError, "horizon must", "'3'"),
    windows("values alone", (V,), TypeError, "positions", "length"),
)


def indexed(mistake, key, *words, error=IndexError):
    return row("Windows[...]", mistake, lambda X: X[key], error, *words, on="windows")


KEYS = "a slice, integers or a mask over the origins"
INDEXED = table(
    indexed("text", "a", KEYS, "<U1"),
    indexed("float", 1.5, KEYS, "float64"),
    indexed("floats", np.array([1.0, 2.0]), KEYS, "float64"),
    indexed("None", None, KEYS, "object"),
    indexed("timestamp", DAYS[10], KEYS, "X.timestamps"),
    indexed("set", {1, 2}, KEYS, "object"),
    indexed("two dimensions", [[1]], KEYS, "shape (1, 1)"),
    indexed(
        "missing boolean", pd.array([True] * 41 + [None], "boolean"), KEYS, "object"
    ),
    indexed("boolean", True, "mask of 42 entries", "shape ()"),
    indexed("short mask", np.ones(3, bool), "mask of 42 entries", "shape (3,)"),
    indexed("past the end", 99, "index 99", "size 42"),
    indexed("before the beginning", -99, "index -99", "size 42"),
    indexed("list past the end", [1, 99], "index 99", "size 42"),
    indexed("second axis", np.s_[:, 1], "origin (axis 0) only", "np.asarray(X)"),
    indexed("a value", np.s_[0, 0, 0], "origin (axis 0) only", "with_length"),
    indexed(
        "slice of timestamps",
        np.s_[DAYS[1] : DAYS[5]],
        KEYS,
        "found a slice of Timestamp",
        "X.timestamps",
        error=TypeError,
    ),
    indexed(
        "ragged",
        [[1], [2, 3]],
        "origins with rows of equal length",
        "a list",
        error=ValueError,
    ),
)


def asked(mistake, call, error, *words, on="windows"):
    return row("accessors of Windows", mistake, call, error, *words, on=on)


ASKED = table(
    asked("assigning", lambda X: X.values.__setitem__(0, 1), ValueError, "read-only"),
    asked("assigning a window", lambda X: X[0].fill(1), ValueError, "read-only"),
    asked("another shape", lambda X: setattr(X, "shape", 1), AttributeError, "setter"),
    asked("adding", lambda X: X + 1, TypeError, "unsupported operand", "'Windows'"),
    asked("float()", lambda X: float(X), TypeError, "float()", "'Windows'"),
    asked(
        "no copy",
        lambda X: np.array(X, copy=False),
        ValueError,
        "overlapping windows",
        "a copy",
    ),
    asked(
        "longer look-back",
        lambda X: X.with_length(7),
        ValueError,
        "at most 6",
        "found 7",
        "make_windows(..., length=7)",
    ),
    asked("look-back of zero", lambda X: X.with_length(0), ValueError, "found 0"),
    asked("look-back of 2.5", lambda X: X.with_length(2.5), TypeError, "found 2.5"),
    asked("future of 0 steps", lambda X: X.future_index(0), ValueError, "found 0"),
    asked("future of 1.5 steps", lambda X: X.future_index(1.5), TypeError, "found 1.5"),
    asked("targets of text", lambda X: X.target_ticks("3"), TypeError, "found '3'"),
    row(
        "accessors of Windows",
        "future without a horizon",
        lambda: Windows(V, [3], 2).future_index(),
        ValueError,
        "Expected a horizon",
        "found None",
    ),
    asked(
        "setting a field of a panel",
        lambda p: setattr(p, "n_targets", 2),
        AttributeError,
        "cannot assign to field 'n_targets'",
        on="panel",
    ),
    asked(
        "assigning to a panel",
        lambda p: p.values.__setitem__(0, 1.0),
        ValueError,
        "read-only",
        on="panel",
    ),
)

GAP = DAYS[[0, 1, 2, 2, 3, 4]]
PANELS = table(
    panel("one dimension", ValueError, "Expected 2D array", "1D", values=V[:, 0]),
    panel("text", TypeError, "array of numbers", "'abc'", values="abc"),
    panel("dict", TypeError, "array of numbers", "of type dict", values={"a": [1.0]}),
    panel("objects", TypeError, "float()", values=np.array([[object()]] * 6)),
    panel("no channels", ValueError, "0 feature(s)", values=V[:, :0]),
    panel("time steps", TypeError, "timedelta64", values=V.astype("m8[s]")),
    panel("too few timestamps", ValueError, "6 timestamps", "found 2", index=[1, 2]),
    panel("number as index", TypeError, "index as a sequence", "found 3", index=3),
    panel("missing timestamps", ValueError, "index without missing", index=[None] * 6),
    panel("NaT", ValueError, "at position 1", index=[DAYS[0], pd.NaT, *DAYS[2:6]]),
    panel(
        "unsorted timestamps",
        ValueError,
        "increasing order within a series",
        "found 1 in row 2 after 2",
        index=[0, 2, 1, 3, 4, 5],
    ),
    panel(
        "repeated timestamp", ValueError, "in row 3 after", "drop duplicates", index=GAP
    ),
    panel(
        "a second series without bounds",
        ValueError,
        "in row 3 after",
        "bounds=",
        index=[*DAYS[:3], *DAYS[:3]],
    ),
    panel("text as channels", TypeError, "channels as a list", "'ab'", channels="ab"),
    panel("number as channels", TypeError, "channels as a list", "3", channels=3),
    panel(
        "equal channels", ValueError, "channels without duplicates", channels=["a", "a"]
    ),
    panel(
        "lists as channels", TypeError, "strings or numbers", channels=[["a"], ["b"]]
    ),
    panel("too few channels", ValueError, "2 channel names", "and 1", channels=["a"]),
    panel("no targets", ValueError, "n_targets must", "found 0", n_targets=0),
    panel("targets as a float", TypeError, "n_targets must", "1.0", n_targets=1.0),
    panel("targets as a boolean", TypeError, "n_targets must", "True", n_targets=True),
    panel("negative future", ValueError, "n_future must", "-1", n_future=-1),
    panel("future in text", TypeError, "n_future must", "'1'", n_future="1"),
    panel("future as None", TypeError, "n_future must", "None", n_future=None),
    panel(
        "all is future", ValueError, "to be at most 2, the", "found 1 + 2", n_future=2
    ),
    panel("bounds as floats", ValueError, "rise from 0 to 6", bounds=[0.0, 3.0, 6.0]),
    panel("sizes as bounds", ValueError, "rise from 0 to 6", "[3 3]", bounds=[3, 3]),
    panel("text as bounds", ValueError, "rise from 0 to 6", "all", bounds="all"),
    panel("ragged bounds", ValueError, "bounds with rows", bounds=[[0], [3, 6]]),
    panel("text as ids", TypeError, "ids as a sequence", "'ab'", ids="ab", **TWO),
    panel("number as ids", TypeError, "ids as a sequence", "2", ids=2, **TWO),
    panel("missing id", ValueError, "ids without missing", ids=["a", None], **TWO),
    panel("too many ids", ValueError, "2 different ids", ids=[1, 2, 3], **TWO),
    panel(
        "ids of one series", ValueError, "1 different ids", "['a', 'b']", ids=list("ab")
    ),
    panel("static without rows", ValueError, "Expected 2D array", static=[1.0]),
    panel("missing static", ValueError, "static contains NaN", static=[[np.nan]]),
    panel("static text", ValueError, "string to float", static=[["large"]]),
    panel("static dates", TypeError, "static as numbers", static=DAYS[:1].to_frame()),
    panel(
        "text as static names",
        TypeError,
        "static_names as a list",
        static=[[1.0, 2.0]],
        static_names="ab",
    ),
    panel(
        "equal static names",
        ValueError,
        "static_names without duplicates",
        static=[[1.0, 2.0]],
        static_names=["a", "a"],
    ),
    panel(
        "static names alone",
        ValueError,
        "static covariates with static_names=['a']",
        "found None",
        static_names=["a"],
    ),
    panel("unknown frequency", ValueError, "Invalid freq", index=DAYS[:6], freq="x"),
    panel("number for days", TypeError, "a string or a pandas", index=DAYS[:6], freq=2),
    panel("days for numbers", TypeError, "freq as a number", "'D'", freq="D"),
    panel("frequency of zero", ValueError, "freq above 0", "found 0", freq=0),
    panel("missing=None", ValueError, "'error' or 'mask'", "None", missing=None),
)


def sliding(mistake, data, error, *words, length=3):
    call = lambda: SlidingWindow(length).fit(data)  # noqa: E731
    return row("SlidingWindow.fit", mistake, call, error, *words)


def transformed(mistake, data, error, *words, params=None):
    return row(
        "SlidingWindow.transform",
        mistake,
        lambda transformer: transformer.transform(data),
        error,
        *words,
        on="sliding",
        params=params,
    )


WIND, RAIN = "wind", "rain"
OTHER = FRAME.rename(columns={WIND: RAIN})
SLIDING = table(
    sliding("None", None, TypeError, "X as an array of numbers", "found None"),
    sliding("text", "abc", TypeError, "X as an array of numbers", "'abc'"),
    sliding("dict", {"a": [1.0]}, TypeError, "X as an array of numbers", "dict"),
    sliding("rows of different lengths", [[1.0, 2.0], [3.0]], ValueError, "one length"),
    sliding(
        "column of text", FRAME.assign(a="x"), ValueError, "string to float", "'x'"
    ),
    sliding(
        "column of dates", FRAME.assign(a=DAYS), TypeError, "X as numbers", "datetime"
    ),
    sliding("missing", FRAME.where(FRAME > 10), ValueError, "X contains NaN at row 1"),
    sliding(
        "infinity in windows",
        np.full((4, 4, 1), np.inf),
        ValueError,
        "X contains infinity at row 0, step 0, channel 0",
    ),
    sliding("four dimensions", np.zeros((4, 4, 4, 1)), ValueError, "(4, 4, 4, 1)"),
    sliding("sparse", sparse.csr_array(V), TypeError, "Sparse data", "toarray"),
    sliding(
        "complex windows", np.zeros((4, 4, 1), complex), ValueError, "Complex data"
    ),
    sliding("no rows", V[:0], ValueError, "0 sample(s)", "SlidingWindow"),
    sliding("gradient", GRADIENT, TypeError, "a tensor", "detach()"),
    sliding(
        "a panel by levels",
        SHOPS.set_index(["shop", "day"]),
        TypeError,
        "one of 2 levels",
        "id=",
    ),
    sliding(
        "shuffled rows",
        FRAME.reset_index(drop=True).sample(frac=1, random_state=0),
        ValueError,
        "increasing order",
        "sort_index()",
    ),
    sliding(
        "time steps that go back",
        FRAME.set_index(pd.to_timedelta(np.arange(50)[::-1], "s")),
        ValueError,
        "increasing order",
        "in row 1",
    ),
    sliding("length of zero", FRAME, ValueError, "length must", "found 0", length=0),
    transformed("None", None, TypeError, "X as an array of numbers", "found None"),
    transformed("another column", OTHER, ValueError, "names should match", RAIN),
    transformed("other channels", X, ValueError, "1 features", "expecting 2"),
    transformed(
        "windows of another channel",
        make_windows(OTHER, target="load", **SIZES)[0],
        ValueError,
        "['load', 'rain']",
        "was fitted with ['load', 'wind']",
    ),
    transformed(
        "windows in another order",
        make_windows(FRAME, target=WIND, **SIZES)[0],
        ValueError,
        "['wind', 'load']",
        "same order",
    ),
    transformed(
        "windows that are too short",
        X_FRAME.with_length(3),
        ValueError,
        "at least 4 timestamps",
        "found 3",
        "length=4",
    ),
    *[
        transformed(
            f"length set to {found} after the fit",
            np.asarray(X_FRAME),
            error,
            "length must be a positive integer",
            f"found {found}",
            params={"length": length},
        )
        for length, found, error in (
            ("a", "'a'", TypeError),
            (-2, "-2", ValueError),
            (True, "True", TypeError),
        )
    ],
)

ROWS = [*MADE, *INDEXED, *ASKED, *PANELS, *SLIDING]
