"""Mistakes with scorers."""

import numpy as np
from bad_rows import row, table
from bad_subjects import X_FRAME, X, Y, subject
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

from sktorch_forecast import MLPForecaster, NaiveForecaster, metrics

TRUE = np.array(Y)
POINT = TRUE + 1
N = len(TRUE)
# Makers of scorers, with what they take.
OF_POINTS = ("mase_scorer", "rmsse_scorer", "smape_scorer")
UNSURE = {
    "pinball_scorer": "predict_quantiles",
    "crps_scorer": "predict_quantiles",
    "interval_scorer": "predict_interval",
    "acd_scorer": "predict_interval",
    "msis_scorer": "predict_interval",
    "energy_scorer": "sample",
}


def score(name, mistake, estimator, error, *words, X=X, y=Y, **arguments):
    def call():
        thing = subject(estimator) if isinstance(estimator, str) else estimator
        return getattr(metrics, name)()(thing, X, y, **arguments)

    return row(name, mistake, call, error, *words)


def made(name, error, *words, **arguments):
    (value,) = arguments.items()
    call = lambda: getattr(metrics, name)(**arguments)  # noqa: E731
    return row(name, f"{value[0]}={value[1]!r}", call, error, *words)


SCORERS = table(
    *[
        score(
            name,
            "an unfitted forecaster",
            NaiveForecaster(),
            NotFittedError,
            "not fitted",
        )
        for name in (*OF_POINTS, *UNSURE)
    ],
    *[
        score(name, "targets of fewer rows", "naive", ValueError, "41", "42", y=Y[:-1])
        for name in (*OF_POINTS, *UNSURE)
    ],
    *[
        score(
            name, "targets of fewer steps", "naive", ValueError, "(42, 2)", y=Y[:, :2]
        )
        for name in OF_POINTS
    ],
    *[
        score(
            name,
            "windows of other channels",
            "naive",
            ValueError,
            "2 channels",
            X=X_FRAME,
        )
        for name in (*OF_POINTS, *UNSURE)
    ],
    *[
        score(
            name,
            "negative weights",
            "naive",
            ValueError,
            "Negative",
            sample_weight=-np.ones(N),
        )
        for name in (*OF_POINTS, *UNSURE)
    ],
    *[
        score(
            name,
            "a forecaster of points",
            "MLP",
            TypeError,
            f"the method {method}",
            "found MLPForecaster",
            "ConformalForecaster",
        )
        for name, method in UNSURE.items()
    ],
    *[
        score(
            name,
            "a regressor",
            "ridge",
            TypeError,
            f"the method {method}",
            "found Ridge",
        )
        for name, method in UNSURE.items()
    ],
    *[
        score(
            name,
            "a forecaster of frames",
            "series",
            TypeError,
            "takes windows",
            "model.estimator_",
        )
        for name in UNSURE
    ],
    *[
        score(
            name,
            "a class",
            MLPForecaster,
            TypeError,
            "the class MLPForecaster",
            "fit it first",
        )
        for name in UNSURE
    ],
    *[
        score(name, "no estimator", None, TypeError, "not an estimator instance")
        for name in UNSURE
    ],
    *[
        score(name, "estimator and windows swapped", X, AttributeError, "predict")
        for name in ("mase_scorer", "rmsse_scorer")
    ],
    *[
        made(
            name,
            ValueError,
            "'seasonality' parameter",
            f"Got {value!r}",
            seasonality=value,
        )
        for name in ("mase_scorer", "rmsse_scorer", "msis_scorer")
        for value in (0, 1.5, "a", None, True)
    ],
    *[
        made(name, ValueError, "'coverage' parameter", f"Got {value!r}", coverage=value)
        for name in ("interval_scorer", "acd_scorer", "msis_scorer")
        for value in (0, 1, 90, "a", None, [0.9], True)
    ],
    *[
        made(
            name,
            ValueError,
            "quantiles as increasing",
            f"found {levels!r}",
            quantiles=levels,
        )
        for name in ("pinball_scorer", "crps_scorer")
        for levels in (0.5, [0.9, 0.1], "a", [0.0], None, [])
    ],
    *[
        made(
            "energy_scorer",
            ValueError,
            "'n_samples' parameter",
            f"Got {n!r}",
            n_samples=n,
        )
        for n in (0, 1.5, "a", None, True)
    ],
    made("energy_scorer", ValueError, "'random_state'", "Got 'a'", random_state="a"),
    row(
        "mase_scorer",
        "a season as long as the window",
        lambda: metrics.mase_scorer(6)(subject("naive"), X, Y),
        ValueError,
        "at least 7 timestamps",
        "found 6",
    ),
    row(
        "mase_scorer",
        "called with outcomes",
        lambda: metrics.mase_scorer()(TRUE, POINT),
        TypeError,
        "'y_true'",
    ),
    row(
        "mase",
        "as scoring",
        lambda: cross_val_score(
            NaiveForecaster(), X, Y, cv=2, scoring=metrics.mase, error_score="raise"
        ),
        (ValueError, TypeError),
        "array-like",
    ),
    row(
        "mase",
        "by name as scoring",
        lambda: cross_val_score(NaiveForecaster(), X, Y, cv=2, scoring="mase"),
        ValueError,
        "'scoring' parameter",
        "Got 'mase'",
    ),
)

ROWS = SCORERS
