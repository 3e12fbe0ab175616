"""What the tests that run over every estimator share."""

import inspect

from sktorch_forecast import (
    DeepEnsembleForecaster,
    EnsembleForecaster,
    MLPForecaster,
    PretrainedForecaster,
    SeriesForecaster,
    TabularForecaster,
)
from sktorch_forecast.discovery import all_estimators

ESTIMATORS = [cls for _, cls in all_estimators()]
# Those that take windows: a SeriesForecaster takes frames, and makes them.
FORECASTERS = [
    cls for _, cls in all_estimators("forecaster") if cls is not SeriesForecaster
]
NETWORKS = [cls for _, cls in all_estimators("network")]
# Those that learn any distribution; weights that come along are those of quantiles.
OF_ANY_FAMILY = [cls for cls in NETWORKS if cls is not PretrainedForecaster]

# What calibrates has enough with few origins, down to ten.
FEW_ORIGINS = {"coverage": 0.5, "calibration_fraction": 0.4}


def make(cls, **params):
    """An instance of `cls` with those of the parameters that it has.

    An ensemble has two members, networks with those that they have.
    """
    if cls is EnsembleForecaster:
        members = [
            ("ridge", TabularForecaster()),
            ("network", make(MLPForecaster, **{"random_state": 0, **params})),
        ]
        params = {"estimators": members} | params
    if cls is DeepEnsembleForecaster:
        params = {
            # Beside a baseline, members that learned little would all be alike.
            "estimator": make(MLPForecaster, **{"baseline": None} | params),
            "n_estimators": 2,
        } | params
    known = inspect.signature(cls).parameters
    return cls(**{name: value for name, value in params.items() if name in known})


def cheap(cls):
    """An instance that is quick to fit, for tests where accuracy is not the point."""
    return make(cls, max_epochs=2, random_state=0, **FEW_ORIGINS)
