"""Mistakes with intervals, quantiles and paths, and calls before a fit."""

import numpy as np
from bad_rows import row, table
from bad_subjects import DAYS, NETWORKS, SERIES, X2, X, Y, at
from common import FORECASTERS, cheap
from sklearn.exceptions import NotFittedError

from sktorch_forecast import (
    MLPForecaster,
    NaiveForecaster,
    SeriesForecaster,
    SlidingWindow,
    make_windows,
)

SURE = (
    "naive",
    "normal MLP",
    "dropout MLP",
    "deep ensemble",
    "conformal",
    "cqr",
    "adaptive",
)
POINTS = ("MLP", "tabular", "recursive")
LONGER = make_windows(SERIES, horizon=3, length=7)[0]


def asked(method, mistake, arguments, error, *words, on=SURE):
    call = lambda model: getattr(model, method)(*arguments)  # noqa: E731
    return row(method, mistake, call, error, *words, on=on)


def interval(mistake, coverage, error, *words):
    arguments = (X, coverage)
    return asked("predict_interval", mistake, arguments, error, "coverage", *words)


LEVELS = "quantiles as increasing numbers between 0 and 1, e.g. (0.1, 0.5, 0.9)"


def quantiles(mistake, levels, found):
    arguments = (X, levels)
    words = (LEVELS, f"found {found}")
    return asked("predict_quantiles", mistake, arguments, ValueError, *words)


def sample(mistake, n_samples, error, *words, random_state=None):
    arguments = (X, n_samples, random_state)
    return asked("sample", mistake, arguments, error, *words)


INTERVALS = table(
    interval("coverage of zero", 0, ValueError, "== 0", "must be > 0"),
    interval("coverage of one", 1, ValueError, "== 1", "must be < 1"),
    interval("per cent", 90, ValueError, "== 90", "must be < 1"),
    interval("negative coverage", -0.5, ValueError, "== -0.5", "must be > 0"),
    interval("infinite coverage", np.inf, ValueError, "== inf", "must be < 1"),
    interval("coverage of NaN", np.nan, ValueError, "== nan", "between 0 and 1"),
    interval("coverage in text", "90%", TypeError, "instance of float", "str"),
    interval("list of coverages", [0.5, 0.9], TypeError, "of float", "not list"),
    interval("boolean", True, ValueError, "== True", "must be < 1"),
    asked("predict_interval", "no windows", (), TypeError, "'X'", "argument"),
    asked("predict_interval", "longer windows", (LONGER,), ValueError, "expecting 6"),
)

QUANTILES = table(
    quantiles("level of zero", [0.0], "[0.0]"),
    quantiles("level of one", [1.0], "[1.0]"),
    quantiles("one level alone", 0.5, "0.5"),
    quantiles("falling levels", [0.9, 0.1], "[0.9, 0.1]"),
    quantiles("level twice", [0.5, 0.5], "[0.5, 0.5]"),
    quantiles("NaN", [np.nan], "[nan]"),
    quantiles("text", "median", "'median'"),
    quantiles("list of text", ["a"], "['a']"),
    quantiles("two dimensions", [[0.1, 0.9]], "[[0.1, 0.9]]"),
    quantiles("no level", [], "[]"),
    quantiles("None", None, "None"),
    quantiles("per cent", [10, 90], "[10, 90]"),
    quantiles("set", {0.1}, "{0.1}"),
    quantiles("complex level", [0.5j], "[0.5j]"),
    quantiles("dict", {"a": 0.5}, "{'a': 0.5}"),
    quantiles("None among levels", [None, 0.5], "[None, 0.5]"),
    asked("predict_quantiles", "no levels", (X,), TypeError, "'quantiles'"),
    asked(
        "predict_quantiles",
        "NaN in windows",
        (at(X2, (0, 0), np.nan), [0.5]),
        ValueError,
        "X contains NaN at row 0",
    ),
)

COUNT = "n_samples must be a positive integer"
SEED = "be used to seed a numpy.random.RandomState"
SAMPLES = table(
    sample("no paths", 0, ValueError, COUNT, "found 0"),
    sample("negative number", -1, ValueError, COUNT, "found -1"),
    sample("number as a float", 10.0, TypeError, COUNT, "found 10.0 of type float"),
    sample("number in text", "a", TypeError, COUNT, "found 'a' of type str"),
    sample("None", None, TypeError, COUNT, "found None"),
    sample("boolean", True, TypeError, COUNT, "found True of type bool"),
    sample("text as seed", 3, ValueError, "'a' cannot", SEED, random_state="a"),
    sample("negative seed", 3, ValueError, "between 0 and 2**32", random_state=-1),
    sample("float as seed", 3, ValueError, "1.5 cannot", SEED, random_state=1.5),
    sample(
        "generator as seed",
        3,
        ValueError,
        "Generator(PCG64)",
        SEED,
        random_state=np.random.default_rng(0),
    ),
    asked("sample", "no origins", (X[:0],), ValueError, "0 origins", "minimum of 1"),
)

# An AttributeError, so that hasattr tells; its cause says what to do.
WITHOUT = table(
    *[
        asked(
            method, "nothing that is unsure", arguments, AttributeError, *words, on=on
        )
        for method, arguments in (
            ("predict_interval", (X,)),
            ("predict_quantiles", (X, [0.5])),
            ("sample", (X,)),
        )
        for on, words in (
            ("MLP", ("no attribute", "loss='normal'", "in a ConformalForecaster")),
            (
                "tabular",
                ("no attribute", "found Ridge()", "in a ConformalForecaster"),
            ),
            ("recursive", ("no attribute", "sample method", "ConformalForecaster")),
        )
    ],
    asked(
        "predict_proba",
        "probabilities of a regressor",
        (X,),
        AttributeError,
        "predict_proba",
        on="MLP",
    ),
)


def unfitted(model, method, arguments):
    return row(
        "before a fit",
        f"{type(model).__name__}.{method}",
        lambda: getattr(model, method)(*arguments),
        NotFittedError,
        f"{type(model).__name__} instance is not ",
        "'fit'",
    )


FITTED_FIRST = table(
    *[
        unfitted(cheap(cls), method, arguments)
        for cls in FORECASTERS
        for method, arguments in (("predict", (X,)), ("score", (X, Y)))
    ],
    *[
        unfitted(NaiveForecaster(), method, arguments)
        for method, arguments in (
            ("predict_interval", (X,)),
            ("predict_quantiles", (X, [0.5])),
            ("sample", (X,)),
        )
    ],
    *[
        unfitted(SeriesForecaster(), method, arguments)
        for method, arguments in (
            ("forecast", ()),
            ("predict", (SERIES,)),
            ("update", (SERIES,)),
            ("score", (SERIES,)),
        )
    ],
    row(
        "set_params, then initialize",
        "lr=-1.0",
        lambda model: model.initialize(X, Y),
        ValueError,
        "The 'lr' parameter of",
        "Got -1.0",
        on=NETWORKS,
        params={"lr": -1.0},
    ),
    unfitted(MLPForecaster(), "forward", (X,)),
    row(
        "before a fit",
        "MLPForecaster.save_params",
        lambda: MLPForecaster().save_params("/nowhere/at/all"),
        NotFittedError,
        "Cannot save",
        "by fitting the model",
    ),
    unfitted(SlidingWindow(), "transform", (X,)),
)

LEARNING = table(
    row(
        "partial_fit",
        "timestamps as windows",
        lambda model: model.partial_fit(DAYS, Y),
        TypeError,
        "X as numbers",
        "datetime64",
        on=("conformal", "adaptive", "cqr"),
    ),
)

ROWS = [*INTERVALS, *QUANTILES, *SAMPLES, *WITHOUT, *FITTED_FIRST, *LEARNING]
