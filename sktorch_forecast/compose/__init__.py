"""Forecasters made of other estimators."""

from .recursive import RecursiveForecaster

__all__ = ["RecursiveForecaster"]
