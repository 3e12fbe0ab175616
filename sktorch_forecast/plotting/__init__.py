"""Pictures of forecasts and of how far their uncertainty can be trusted."""

from .coverage import CoverageDisplay
from .forecast import ForecastDisplay
from .pit import PITDisplay

__all__ = ["CoverageDisplay", "ForecastDisplay", "PITDisplay"]
