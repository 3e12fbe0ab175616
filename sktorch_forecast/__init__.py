"""Neural forecasters for time series that are scikit-learn estimators.

A sample is a forecast origin: ``X[i]`` is the past as it looked from origin ``i``,
``y[i]`` is what followed. With that, Pipeline, cross_val_score, GridSearchCV and every
other tool of scikit-learn mean the right thing for time series.
"""

from . import datasets, metrics, model_selection, networks, plotting
from ._samples import latest_windows, make_windows
from .compose import (
    ConformalForecaster,
    EnsembleForecaster,
    RecursiveForecaster,
    SeriesForecaster,
    TabularForecaster,
)
from .features import CalendarFeatures
from .forecaster import Forecaster
from .naive import NaiveForecaster
from .networks import *  # noqa: F403  (every network that is there, see its __init__)
from .sliding_window import SlidingWindow
from .windows import Windows

__version__ = "0.1.0"

__all__ = [
    "CalendarFeatures",
    "ConformalForecaster",
    "EnsembleForecaster",
    "Forecaster",
    "NaiveForecaster",
    "RecursiveForecaster",
    "SeriesForecaster",
    "SlidingWindow",
    "TabularForecaster",
    "Windows",
    "datasets",
    "latest_windows",
    "make_windows",
    "metrics",
    "model_selection",
    "plotting",
    *networks.__all__,
]
