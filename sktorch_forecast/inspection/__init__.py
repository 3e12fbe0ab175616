"""Which lags and which covariates a forecast depends on."""

from ._gradients import integrated_gradients
from ._permutation import window_importance

__all__ = ["integrated_gradients", "window_importance"]
