"""Plots of forecasts, of their errors, of training runs and of importances."""

from .backtest import BacktestDisplay
from .coverage import CoverageDisplay
from .forecast import ForecastDisplay
from .importance import ImportanceDisplay
from .interactive import interactive
from .learning_rate import LearningRateDisplay
from .pit import PITDisplay
from .residuals import ResidualDisplay
from .training_curve import TrainingCurveDisplay

__all__ = [
    "BacktestDisplay",
    "CoverageDisplay",
    "ForecastDisplay",
    "ImportanceDisplay",
    "LearningRateDisplay",
    "PITDisplay",
    "ResidualDisplay",
    "TrainingCurveDisplay",
    "interactive",
]
