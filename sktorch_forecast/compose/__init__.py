"""Forecasters made of other estimators."""

from .conformal import ConformalForecaster
from .deep_ensemble import DeepEnsembleForecaster
from .ensemble import EnsembleForecaster
from .recursive import RecursiveForecaster
from .series import SeriesForecaster
from .tabular import TabularForecaster

__all__ = [
    "ConformalForecaster",
    "DeepEnsembleForecaster",
    "EnsembleForecaster",
    "RecursiveForecaster",
    "SeriesForecaster",
    "TabularForecaster",
]
