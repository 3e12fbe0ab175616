"""Mistakes with parameters of forecasters that are no networks, or have one inside."""

import numpy as np
import torch
from bad_rows import row, table
from bad_subjects import SERIES, SMALL, X, Y, fit_again
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktorch_forecast import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    EnsembleForecaster,
    MLPForecaster,
    NaiveForecaster,
    RecursiveForecaster,
    SeriesForecaster,
    TabularForecaster,
    make_windows,
)

WRAPPERS = ("tabular", "recursive", "deep ensemble", "conformal")
ALL = (*WRAPPERS, "series")


class NoEstimator:
    """It can fit and predict, and has nothing else of an estimator."""

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))


def change(mistake, error, *words, on, **params):
    entry = "set_params, then fit"
    return row(entry, mistake, fit_again, error, *words, on=on, params=params)


def one(on, name, value, *words, error=ValueError, **others):
    """A row of one wrong value of one parameter."""
    words = words or (f"Got {value!r} instead",)
    given = others | {name: value}
    mistake = f"{name}={value!r} of {on}"
    return change(mistake, error, f"'{name}' parameter", *words, on=on, **given)


def with_inner(mistake, estimator, error, *words, on=ALL):
    mistake = f"estimator: {mistake}"
    return change(mistake, error, *words, on=on, estimator=estimator)


def with_members(mistake, estimators, error, *words):
    mistake = f"estimators: {mistake}"
    return change(mistake, error, *words, on="ensemble", estimators=estimators)


RIDGE = ("r", Ridge())
METHODS = "an object implementing"
INNER = table(
    with_inner("text", "ridge", ValueError, METHODS, "'fit'", "Got 'ridge'"),
    with_inner("number", 3, ValueError, METHODS, "'predict'", "Got 3"),
    with_inner("list", [Ridge()], ValueError, METHODS, "Got [Ridge()]"),
    with_inner("transformer", StandardScaler(), ValueError, METHODS, "Got StandardSc"),
    with_inner("module of torch", torch.nn.ReLU(), ValueError, METHODS, "Got ReLU()"),
    with_inner("no estimator", NoEstimator(), ValueError, METHODS, "'get_params'"),
    with_inner("class", Ridge, TypeError, "instance (Ridge())", "class instead"),
    with_inner(
        "clusterer",
        KMeans(2),
        ValueError,
        "Expected a regressor inside of",
        "found KMeans(n_clusters=2)",
        "Ridge()",
    ),
    with_inner(
        "classifier",
        LogisticRegression(),
        ValueError,
        "Expected a regressor inside of",
        "a classifier",
    ),
    with_inner(
        "pipeline of a classifier",
        make_pipeline(StandardScaler(), LogisticRegression()),
        ValueError,
        "Expected a regressor inside of",
        "a classifier",
    ),
    with_inner(
        "forecaster of frames",
        SeriesForecaster(),
        TypeError,
        "that takes windows",
        "found a SeriesForecaster, which takes frames",
        "into the SeriesForecaster",
    ),
    with_inner(
        "regressor of rows",
        Ridge(),
        ValueError,
        "an estimator that takes windows",
        "found Ridge()",
        "in a TabularForecaster",
        on="series",
    ),
    with_inner(
        "network with a wrong parameter",
        MLPForecaster(lr="fast"),
        ValueError,
        "'lr' parameter of MLPForecaster",
        "Got 'fast'",
    ),
    with_inner(
        "pipeline with a wrong parameter",
        make_pipeline(MLPForecaster(max_epochs=0)),
        ValueError,
        "'max_epochs' parameter of MLPForecaster",
        "Got 0",
    ),
)

PARAMETERS = table(
    *[
        one("naive", "seasonality", value, "int in the range [1, inf)")
        for value in (0, -1, 1.5, "a", None, True)
    ],
    change(
        "season of naive longer than the window",
        ValueError,
        "at least seasonality=7",
        "found 6",
        "Make longer windows",
        on="naive",
        seasonality=7,
    ),
    one("tabular", "normalize", "zscore"),
    one("tabular", "normalize", True),
    one("tabular", "seasonality", 0),
    *[
        change(
            f"season {season} of tabular",
            ValueError,
            "at most the length of the windows, 6",
            f"found {season}",
            on="tabular",
            normalize="season",
            seasonality=season,
        )
        for season in (None, 9)
    ],
    *[one("recursive", "horizon", value) for value in (0, -1, 2.0, "3", True)],
    *[one("deep ensemble", "n_estimators", value) for value in (0, 1.5, True, None)],
    one("deep ensemble", "method", "bagging"),
    one("deep ensemble", "method", None),
    one("deep ensemble", "n_jobs", "all"),
    one("deep ensemble", "n_jobs", 1.5),
    one("deep ensemble", "n_jobs", 0, "(-inf, -1]", "Got 0"),
    one("deep ensemble", "random_state", "a"),
    change(
        "fewer epochs than snapshots",
        ValueError,
        "at least n_estimators=2 epochs",
        "found max_epochs=1",
        "decrease n_estimators",
        on="deep ensemble",
        method="snapshot",
    ),
    change(
        "snapshots of a regressor",
        ValueError,
        "a network of this package for method='snapshot'",
        "found Ridge()",
        "method='deep'",
        on="deep ensemble",
        method="snapshot",
        estimator=Ridge(),
    ),
    change(
        "parameter of the network inside of an ensemble",
        ValueError,
        "'max_epochs' parameter of MLPForecaster",
        "Got 0",
        on="deep ensemble",
        estimator__max_epochs=0,
    ),
    *[
        with_members(mistake, members, ValueError, "estimators as a list of pairs", *w)
        for mistake, members, *w in (
            ("none", [], "found []", "such as [('ridge'"),
            ("no names", [Ridge()], "found [Ridge()]"),
            ("names that are numbers", [(1, Ridge())], "found [(1, Ridge())]"),
        )
    ],
    with_members(
        "a single one", Ridge(), ValueError, "'estimators' parameter", "Got Ridge()"
    ),
    with_members("a dict", {"a": Ridge()}, ValueError, "instance of 'list'", "Got {"),
    with_members("the same name", [RIDGE, RIDGE], ValueError, "not unique: ['r', 'r']"),
    with_members(
        "name of a parameter",
        [("weights", Ridge())],
        ValueError,
        "conflict with constructor arguments: ['weights']",
    ),
    with_members(
        "name with two underscores",
        [("a__b", Ridge())],
        ValueError,
        "must not contain __: got ['a__b']",
    ),
    with_members(
        "all dropped",
        [("a", "drop")],
        ValueError,
        "at least one estimator that is not 'drop'",
        "Leave at least one in",
    ),
    with_members(
        "a member in text",
        [RIDGE, ("b", "gru")],
        ValueError,
        "as the estimator named 'b'",
        "found 'gru'",
        "Give a forecaster or a regressor",
    ),
    with_members(
        "a member of torch", [("a", torch.nn.ReLU())], ValueError, "found ReLU()"
    ),
    with_members(
        "a class", [("a", Ridge)], TypeError, "instance (Ridge())", "class instead"
    ),
    with_members(
        "a clusterer",
        [RIDGE, ("b", KMeans(2))],
        ValueError,
        "a regressor inside of EnsembleForecaster",
        "found KMeans(n_clusters=2)",
    ),
    with_members(
        "a forecaster of frames",
        [("a", SeriesForecaster())],
        TypeError,
        "inside of EnsembleForecaster that takes windows",
        "into the SeriesForecaster",
    ),
    change(
        "parameter of a member of an ensemble",
        ValueError,
        "'max_epochs' parameter of MLPForecaster",
        "Got 0",
        on="ensemble",
        mlp__max_epochs=0,
    ),
    one("ensemble", "weights", "best", "a str among", "Got 'best'"),
    one("ensemble", "weights", 0.5, "an array-like", "Got 0.5"),
    *[
        change(
            f"weights={weights!r} of ensemble",
            ValueError,
            "weights as 2 numbers, one for each of estimators",
            f"found {weights!r}",
            "'stacked' to learn them",
            on="ensemble",
            weights=weights,
        )
        for weights in (
            [1],
            [1, 2, 3],
            [1, -1],
            [0, 0],
            [np.nan, 1],
            [1, np.inf],
            ["a", "b"],
            [[1, 2]],
        )
    ],
    change(
        "weights of the dropped only",
        ValueError,
        "at least one positive among those not dropped",
        on="ensemble",
        weights=[0, 1],
        estimators=[RIDGE, ("b", "drop")],
    ),
    *[one("ensemble", "validation_fraction", value) for value in (0, 1, 20, "a", True)],
    one("ensemble", "n_jobs", 0, "(-inf, -1]", "Got 0"),
    one("ensemble", "random_state", -1),
    change(
        "nothing left to train on before the held-back origins",
        ValueError,
        "some validation origins and some before them",
        "validation_fraction=0.99",
        "smaller validation_fraction",
        on="ensemble",
        weights="stacked",
        validation_fraction=0.99,
    ),
    *[
        one("conformal", "coverage", value, "a float in the range (0.0, 1.0)")
        for value in (0, 1, 90, "90%", None, [0.5, 0.9], np.nan, True)
    ],
    one("conformal", "method", "jackknife"),
    *[one("conformal", "calibration_fraction", value) for value in (0, 1, 10, "a")],
    one("conformal", "normalize", "mean"),
    one("conformal", "normalize", True),
    one("conformal", "random_state", -1),
    *[one("adaptive", "learning_rate", value) for value in (0, "a", np.inf)],
    change(
        "nothing left to train on before the calibration",
        ValueError,
        "some calibration origins and some before them",
        "calibration_fraction=0.99",
        "smaller calibration_fraction",
        on="conformal",
        calibration_fraction=0.99,
    ),
    *[
        change(
            f"quantiles of {mistake}",
            ValueError,
            "a predict_quantiles method for method='cqr'",
            "method='split'",
            on="conformal",
            method="cqr",
            estimator=estimator,
        )
        for mistake, estimator in (
            ("a regressor", Ridge()),
            ("a network of points", MLPForecaster(**SMALL)),
            ("a pipeline", make_pipeline(StandardScaler(), Ridge())),
        )
    ],
)

COVERAGE = "coverage"
FRAMES = table(
    *[one("series", "horizon", value) for value in (0, True, 2.5)],
    *[one("series", "length", value) for value in ("a", 0, 2.5)],
    one("series", "missing", "drop"),
    one("series", "pad", "yes"),
    one("series", "verbose", "a"),
    one("series", "verbose", -1),
    *[
        change(f"{name} of series", ValueError, *words, on="series", **params)
        for name, params, *words in (
            ("padding alone", {"pad": True}, "missing='mask' with pad=True", "'error'"),
            ("coverage of zero", {COVERAGE: 0}, "coverage == 0", "must be > 0"),
            ("coverage of NaN", {COVERAGE: np.nan}, "coverage == nan", "between 0"),
            ("coverage beyond one", {COVERAGE: [0.5, 2]}, "== 2", "must be < 1"),
            ("coverages twice", {COVERAGE: [0.5, 0.5]}, "distinct coverages", "[0.5,"),
            ("long windows", {"length": 99}, "length + horizon = 102", "found 50"),
            ("unknown target", {"target": "x"}, "target to name", "found 'x'"),
            ("values as target", {"target": SERIES}, "target to name", "Give one name"),
            ("number as future", {"future": 3}, "future to name", "found 3"),
            ("unknown static", {"static": ["a"]}, "static to name", "found ['a']"),
            (
                "time of a Series",
                {"time": "day"},
                "time to be one of the columns",
                "leave time",
            ),
        )
    ],
    change(
        "coverage in text",
        TypeError,
        "coverage must be an instance of float",
        "not str",
        on="series",
        coverage="a",
    ),
    change(
        "coverage of what gives points",
        TypeError,
        "the method predict_quantiles",
        "found TabularForecaster",
        "in a ConformalForecaster",
        on="points",
        coverage=0.9,
    ),
)


def fitted(mistake, model, error, *words, X=X, y=Y):
    return row("fit of a wrapper", mistake, lambda: model.fit(X, y), error, *words)


X_STATIC, Y_STATIC = make_windows(
    np.column_stack([SERIES, np.ones(50)]), target=0, static=1, horizon=3, length=6
)
X_PAST, Y_PAST = make_windows(
    np.column_stack([SERIES, SERIES]), target=0, horizon=3, length=6
)
FITS = table(
    fitted(
        "past covariates that are fed back",
        RecursiveForecaster(),
        ValueError,
        "all channels are targets",
        "found 2 channels with n_targets=1",
        X=X_PAST,
        y=Y_PAST,
    ),
    fitted(
        "static covariates that are fed back",
        RecursiveForecaster(),
        ValueError,
        "without static covariates",
        "found 1",
        X=X_STATIC,
        y=Y_STATIC,
    ),
    fitted(
        "wrong parameter in a grid",
        GridSearchCV(
            MLPForecaster(**SMALL), {"lr": ["fast"]}, cv=2, error_score="raise"
        ),
        ValueError,
        "'lr' parameter of MLPForecaster",
        "Got 'fast'",
    ),
    fitted(
        "unknown name in a grid",
        GridSearchCV(NaiveForecaster(), {"season": [3]}, cv=2),
        ValueError,
        "Invalid parameter 'season'",
        "Valid parameters",
    ),
    fitted(
        "clusterer in a wrapper in a wrapper",
        DeepEnsembleForecaster(TabularForecaster(KMeans(2)), 2),
        ValueError,
        "a regressor inside of TabularForecaster",
        "found KMeans",
    ),
    *[
        fitted(
            f"{mistake} in place of members",
            EnsembleForecaster(estimators),
            ValueError,
            "estimators as a list of pairs of a name and an estimator",
            f"found {estimators!r}",
            "such as [('ridge'",
        )
        for mistake, estimators in (
            ("names", ["ridge", "gru"]),
            ("triples", [("a", Ridge(), 1)]),
        )
    ],
    fitted(
        "too few origins to calibrate",
        ConformalForecaster(calibration_fraction=0.9),
        ValueError,
        "some before them to train on",
        "Use more origins",
        X=X[:4],
        y=Y[:4],
    ),
    fitted(
        "no y",
        ConformalForecaster(NaiveForecaster()),
        ValueError,
        "requires y",
        y=None,
    ),
)

ROWS = [*INNER, *PARAMETERS, *FRAMES, *FITS]
