"""Mistakes with the data of any forecaster: in `fit`, `partial_fit`, `predict`."""

import numpy as np
import pandas as pd
import polars
import torch
from bad_rows import row, table
from bad_subjects import (
    DAYS,
    EVERY,
    FRAME,
    NETWORKS,
    SERIES,
    SHOPS,
    VALUES,
    X2,
    X_FRAME,
    X_SHOPS,
    Y_FRAME,
    Y_SHOPS,
    X,
    Y,
    at,
)
from scipy import sparse

from sktorch_forecast import Panel, Windows, make_windows

YA = np.array(Y)
X3 = np.stack([X2, X2], axis=-1)
LONGER = make_windows(SERIES, horizon=3, length=7)[0]
OBJECTS = np.array([[object()] * 6] * 42)
ARRAY, READ = "X as an array of numbers", "that NumPy can read"


def fit(mistake, error, *words, X=X, y=Y, on=EVERY, **fit_params):
    call = lambda model: model.fit(X, y, **fit_params)  # noqa: E731
    return row("fit", mistake, call, error, *words, on=on)


def gradient(values):
    return torch.tensor(np.array(values), requires_grad=True)


WINDOWS = table(
    fit("NaN in X", ValueError, "X contains NaN at row 4", X=at(X2, (4, 2), np.nan)),
    fit("infinity in X", ValueError, "X contains infinity", X=at(X2, (4, 2), np.inf)),
    fit(
        "NaN in windows of channels",
        ValueError,
        "X contains NaN at row 4, step 2, channel 1",
        X=at(X3, (4, 2, 1), np.nan),
    ),
    fit("beyond float32", ValueError, "too large for float32", "Scale", X=X2 * 1e39),
    fit("objects", TypeError, "float()", "string", X=OBJECTS),
    fit("strings", ValueError, "could not convert string", X=np.full((42, 6), "a")),
    fit("complex numbers", ValueError, "Complex data not supported", X=X2 + 1j),
    fit("sparse", TypeError, "Sparse data", "toarray()", X=sparse.csr_array(X2)),
    fit("no rows", ValueError, "0 sample", "minimum of 1", X=X2[:0], y=Y[:0]),
    fit("no columns", ValueError, "0 feature", "minimum of 1", X=X2[:, :0]),
    fit("no timestamps", ValueError, "at least one timestamp", X=np.zeros((42, 0, 1))),
    fit("no channels", ValueError, "at least one timestamp", X=np.zeros((42, 6, 0))),
    fit("no origins", ValueError, "0 origins", "minimum of 1", X=X[:0], y=Y[:0]),
    fit("one dimension", ValueError, "Expected 2D array, got 1D array", X=X2[:, 0]),
    fit("four dimensions", ValueError, "n_channels)", "(42, 6, 2, 1)", X=X3[..., None]),
    fit(
        "a Series",
        ValueError,
        "found a Series",
        "make_windows(series",
        X=SERIES,
        y=SERIES,
    ),
    fit("None", TypeError, ARRAY, "found None", X=None),
    fit("dict", TypeError, ARRAY, "of type dict", X={"a": [1.0]}),
    fit("text", TypeError, ARRAY, "'abc'", X="abc"),
    fit("generator", TypeError, ARRAY, "of type generator", X=(x for x in X2)),
    fit("class", TypeError, ARRAY, "of type type", X=pd.DataFrame),
    fit("panel record", TypeError, ARRAY, "make_windows", X=Panel.from_array(X2)),
    fit("number", ValueError, "Expected 2D array, got scalar", X=3.0),
    fit("windows and targets", ValueError, "X with rows of equal length", X=(X, Y)),
    fit("ragged", ValueError, "one length", "id=", X=[[1.0, 2.0], [3.0]], y=Y[:2]),
    fit("list of windows", ValueError, "n_channels)", "(2, 42, 6, 1)", X=[X, X]),
    fit("gradient", TypeError, READ, "detach()", X=gradient(X2)),
    fit("bfloat16", TypeError, READ, "float()", X=torch.tensor(X2).bfloat16()),
    fit("dates", TypeError, "X as numbers", "datetime64", X=X2.astype("M8[s]")),
    fit("time steps", TypeError, "X as numbers", "timedelta64", X=X2.astype("m8[s]")),
    fit(
        "dates in a frame",
        TypeError,
        "X as numbers",
        "datetime64",
        "CalendarFeatures",
        X=pd.DataFrame({"a": DAYS[:42], "b": VALUES[:42]}),
    ),
    fit(
        "dates in polars",
        TypeError,
        "X as numbers",
        "Datetime",
        X=polars.DataFrame({"a": DAYS[:42].to_list(), "b": VALUES[:42]}),
    ),
    fit("text in a frame", ValueError, "float", "'n'", X=SHOPS[["shop", "size"]]),
    fit(
        "missing values of pandas' own",
        ValueError,
        "X contains NaN",
        "impute",
        X=pd.DataFrame(X2).astype("Float64").mask(X2 > 11),
    ),
)

TARGETS = table(
    fit("NaN in y", ValueError, "y contains NaN at row 7", y=at(Y, (7, 1), np.nan)),
    fit("infinity in y", ValueError, "y contains infinity", y=at(Y, (7, 1), -np.inf)),
    fit("NaN in y of one step", ValueError, "NaN at row 7", y=at(Y[:, 0], 7, np.nan)),
    fit("y beyond float32", ValueError, "y contains values too large", y=YA * 1e39),
    fit("y in three dimensions", ValueError, "dim 3", y=X3),
    fit("no y", ValueError, "requires y to be passed", "make_windows", y=None),
    fit("y of fewer rows", ValueError, "inconsistent numbers", "[42, 41]", y=Y[:-1]),
    fit("y of more rows", ValueError, "[42, 84]", y=np.vstack([Y, Y])),
    fit("y transposed", ValueError, "inconsistent numbers", "[42, 3]", y=YA.T),
    fit("y without columns", ValueError, "0 feature(s)", y=YA[:, :0]),
    fit("strings in y", ValueError, "could not convert string", y=np.full(42, "a")),
    fit("complex y", ValueError, "Complex data not supported", y=YA + 1j),
    fit("sparse y", TypeError, "Sparse data was passed for y", y=sparse.csr_array(Y)),
    fit("text as y", TypeError, "y as an array of numbers", "'abc'", y="abc"),
    fit("dict as y", TypeError, "y as an array of numbers", "dict", y={"a": 1.0}),
    fit("generator as y", TypeError, "y as an array of numbers", y=(y for y in YA)),
    fit("number as y", TypeError, "at least 1 dimension", "scalar", y=3.0),
    fit(
        "ragged y",
        ValueError,
        "y with rows of equal length",
        y=[[1.0, 2.0], [3.0]] * 21,
    ),
    fit("windows as y", ValueError, "dim 3", "dim <= 2", y=X),
    fit("dates as y", TypeError, "y as numbers", "datetime64", y=DAYS[:42]),
    fit("time steps as y", TypeError, "y as numbers", y=YA.astype("m8[s]")),
    fit("y with a gradient", TypeError, "y that NumPy can read", y=gradient(Y)),
    fit("masked y", ValueError, "y contains NaN", y=np.ma.masked_greater(Y, 10)),
    fit(
        "y of another number of targets",
        ValueError,
        "multiple of the 2 target channels",
        "found 3",
        X=make_windows(FRAME, horizon=1, length=3, target=["load", "wind"])[0][:42],
    ),
    fit("targets of NaN alone", ValueError, "y contains NaN", y=YA * np.nan),
    row(
        "fit",
        "X alone",
        lambda model: model.fit(X),
        TypeError,
        "'y'",
        "argument",
        on=tuple(name for name in EVERY if name not in NETWORKS),
    ),
    row(  # they take a dataset alone
        "fit",
        "windows alone",
        lambda model: model.fit(X),
        ValueError,
        "requires y to be passed",
        "make_windows returns both X and y",
        on=NETWORKS,
    ),
    row(
        "fit",
        "targets that are nowhere known, where they may miss",
        lambda model: model.fit(X, YA * np.nan),
        ValueError,
        "at least one number in y",
        "nothing to learn",
        on="masked MLP",
    ),
)


def predict(mistake, data, error, *words, on=EVERY):
    return row(
        "predict", mistake, lambda model: model.predict(data), error, *words, on=on
    )


PREDICTED = table(
    predict("NaN", at(X2, (4, 2), np.nan), ValueError, "X contains NaN at row 4"),
    predict("infinity", at(X2, (4, 2), np.inf), ValueError, "X contains infinity"),
    predict(
        "beyond float32", X2 * 1e39, ValueError, "too large for float32", "1.15e+40"
    ),
    predict("shorter windows", X2[:, 1:], ValueError, "5 features", "expecting 6"),
    predict("longer windows", LONGER, ValueError, "7 features", "expecting 6"),
    predict("other channels", X_FRAME, ValueError, "2 channels", "fitted with 1"),
    predict("no rows", X2[:0], ValueError, "0 sample", "minimum of 1"),
    predict("no origins", X[:0], ValueError, "0 origins", "minimum of 1"),
    predict("strings", np.full((9, 6), "a"), ValueError, "could not convert string"),
    predict("None", None, TypeError, ARRAY, "found None"),
    predict("one window", X2[0], ValueError, "Expected 2D array, got 1D"),
    predict("an origin of lazy windows", X[0], ValueError, "1 features", "expecting 6"),
    predict("a Series", SERIES, ValueError, "found a Series", "make_windows"),
    predict("a frame", SERIES.to_frame(), ValueError, "1 features", "expecting 6"),
    predict("four dimensions", X3[..., None], ValueError, "n_channels)", "found"),
    predict("targets", Y, ValueError, "3 features", "expecting 6"),
    predict("dates", X2.astype("M8[s]"), TypeError, "X as numbers", "datetime64"),
    predict("gradient", gradient(X2), TypeError, READ, "detach()"),
    predict("complex numbers", X2 + 1j, ValueError, "Complex data not supported"),
    predict("sparse", sparse.csr_array(X2), TypeError, "Sparse data", "toarray()"),
    predict(
        "windows of other covariates",
        X_SHOPS[:, ...],
        ValueError,
        "3 channels",
        "fitted with 1",
    ),
    predict(
        "channels in another order",
        make_windows(FRAME, target="wind", horizon=3, length=6)[0],
        ValueError,
        "channels ['wind', 'load']",
        "fitted with ['load', 'wind']",
        "same columns",
        on="MLP of a frame",
    ),
    predict(
        "channels of other names",
        make_windows(
            FRAME.rename(columns={"wind": "rain"}), target="load", horizon=3, length=6
        )[0],
        ValueError,
        "channels ['load', 'rain']",
        "fitted with ['load', 'wind']",
        on="MLP of a frame",
    ),
    predict(
        "no covariates",
        X_FRAME,
        ValueError,
        "2 channels",
        "fitted with 3",
        on="MLP of shops",
    ),
    predict(
        "covariates as an array",
        np.asarray(X_SHOPS),
        ValueError,
        "0 future and 0 static",
        "fitted with 1 future and 1 static",
        on="MLP of shops",
    ),
    predict(
        "another horizon of the covariates",
        Windows(X_SHOPS.panel, X_SHOPS.positions[:9], 6, 2),
        ValueError,
        "a horizon of 2",
        "forecasts 3",
        "horizon=3",
        on="MLP of shops",
    ),
    row(
        "fit",
        "y of another horizon than the covariates",
        lambda model: model.fit(X_SHOPS, Y_SHOPS[:, :2]),
        ValueError,
        "the horizon of the covariates in X, 3",
        "found 2",
        on="MLP of shops",
    ),
)


def partial_fit(mistake, X, y, error, *words, on=(*NETWORKS, "conformal"), **params):
    call = lambda model: model.partial_fit(X, y, **params)  # noqa: E731
    return row("partial_fit", mistake, call, error, *words, on=on)


PARTIAL = table(
    partial_fit("NaN", at(X2, (4, 2), np.nan), Y, ValueError, "X contains NaN"),
    partial_fit("longer windows", LONGER, Y[1:], ValueError, "7", "expecting 6"),
    partial_fit("channels", X_FRAME, Y_FRAME, ValueError, "2 channels", "with 1"),
    partial_fit("no rows", X2[:0], Y[:0], ValueError, "0 sample", "minimum of 1"),
    partial_fit("horizon", X, Y[:, :2], ValueError, "horizon of 2", "fitted with 3"),
    partial_fit(
        "infinity in y", X, at(Y, (7, 1), np.inf), ValueError, "y contains inf"
    ),
    partial_fit("no y", X, None, ValueError, "requires y", "make_windows"),
    partial_fit("y of fewer rows", X, Y[:-1], ValueError, "[42, 41]"),
    partial_fit("dates", X2.astype("M8[s]"), Y, TypeError, "X as numbers"),
)

WEIGHTED = (*NETWORKS, "tabular", "recursive", "deep ensemble", "ensemble")


def weights(mistake, sample_weight, error, *words, on=WEIGHTED):
    return fit(f"weights: {mistake}", error, *words, on=on, sample_weight=sample_weight)


WEIGHTS = table(
    weights("negative", -np.ones(42), ValueError, "Negative values", "sample_weight"),
    weights("NaN", np.full(42, np.nan), ValueError, "sample_weight contains NaN"),
    weights("infinite", np.full(42, np.inf), ValueError, "sample_weight contains inf"),
    weights("too few", np.ones(3), ValueError, "(3,)", "expected (42,)"),
    weights("all zero", np.zeros(42), ValueError, "at least one non-zero"),
    weights("text", "balanced", ValueError, "string to float", "'balanced'"),
    weights("one for each step", np.ones((42, 3)), ValueError, "1D array"),
    weights("strings", ["a"] * 42, ValueError, "string to float", "'a'"),
    weights("dict", {"a": 1.0}, TypeError, "float()", "'dict'"),
    weights(
        "of a forecaster that takes none",
        np.ones(42),
        TypeError,
        "unexpected keyword",
        "'sample_weight'",
        on=("naive", "conformal"),
    ),
    fit("a fit parameter that is not there", TypeError, "'weights'", weights=3),
)


def score(mistake, error, *words, X=X, y=Y, on=EVERY, **arguments):
    call = lambda model: model.score(X, y, **arguments)  # noqa: E731
    return row("score", mistake, call, error, *words, on=on)


SCORES = table(
    score("y of fewer rows", ValueError, "inconsistent numbers", y=Y[:-1]),
    score("y of fewer steps", ValueError, "different number of output", y=Y[:, 0]),
    score("no y", TypeError, "y as an array of numbers", "found None", y=None),
    score("strings", ValueError, "to numeric values", y=np.full(Y.shape, "a")),
    score("dates", TypeError, "y as numbers", y=YA.astype("M8[s]")),
    score("infinity", ValueError, "contains infinity", y=at(Y, (1, 1), np.inf)),
    score("X and y swapped", ValueError, "3 features", "expecting 6", X=Y, y=X2),
    *[
        score(f"weights: {mistake}", ValueError, *words, sample_weight=values)
        for mistake, values, *words in (
            ("negative", -np.ones(42), "Negative values"),
            ("NaN", np.full(42, np.nan), "sample_weight contains NaN"),
            ("too few", np.ones(3), "(3,)", "expected (42,)"),
            ("all zero", np.zeros(42), "non-zero"),
            ("text", "balanced", "string to float"),
        )
    ],
)

ROWS = [*WINDOWS, *TARGETS, *PREDICTED, *PARTIAL, *WEIGHTS, *SCORES]
