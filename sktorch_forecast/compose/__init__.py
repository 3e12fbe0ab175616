"""Forecasters made of other estimators."""

from .conformal import ConformalForecaster
from .ensemble import EnsembleForecaster
from .recursive import RecursiveForecaster

__all__ = ["ConformalForecaster", "EnsembleForecaster", "RecursiveForecaster"]
