"""Forecasters made of other estimators."""

from .conformal import ConformalForecaster
from .ensemble import EnsembleForecaster
from .recursive import RecursiveForecaster
from .tabular import TabularForecaster

__all__ = [
    "ConformalForecaster",
    "EnsembleForecaster",
    "RecursiveForecaster",
    "TabularForecaster",
]
