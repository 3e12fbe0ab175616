"""How the errors of a forecaster become conformal scores.

Symbols used below::

    n  n_origins    K  n_outputs, horizon * n_targets    Q  n_levels
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .._uncertainty.conformal import scales_of
from ._wrapping import forecast_from


@dataclass(frozen=True)
class Scores:
    """Distances of the truth from a forecaster's output, in scales of the window.

    Attributes
    ----------
    estimator : estimator
        The fitted forecaster.
    levels : ndarray of shape (Q,) or None
        Levels of the quantiles to measure distances from; None means the point
        forecast.
    horizon : int
        Number of steps that it forecasts.
    min_scale : ndarray or None
        Lower bounds of the scales, from `least_scale`; None leaves distances unscaled.
    series_ids : pandas.Index or None
        Names of the series that have their own bounds.
    """

    estimator: Any
    levels: np.ndarray | None
    horizon: int
    min_scale: np.ndarray | None
    series_ids: pd.Index | None = None

    def scales(self, X: Any) -> np.ndarray:
        """The unit of a score: (n, K), or (n, 1) where that is 1."""
        if self.min_scale is None:
            return np.ones((len(X), 1))
        # step-major: (n, n_targets) -> (n, horizon * n_targets)
        return np.tile(scales_of(X, self.min_scale, self.series_ids), self.horizon)

    def centers(self, X: Any) -> np.ndarray:
        """The origin of the distances: (n, K, 1), or (n, K, Q) for quantiles."""
        if self.levels is None:
            y = forecast_from(self.estimator, X, self.estimator.predict)
            return y.reshape(len(X), -1, 1)
        ask = self.estimator.predict_quantiles
        return forecast_from(self.estimator, X, lambda x: ask(x, self.levels))

    def of(self, X: Any, y: Any) -> np.ndarray:
        """Scores for windows and their targets: (n, K, 1), or (n, K, Q)."""
        errors = np.asarray(y).reshape(len(y), -1, 1) - self.centers(X)
        return errors / self.scales(X)[..., np.newaxis]


def check_split(
    n_before: int, n_last: int, name: str, fraction: float, n_samples: int, horizon: int
) -> None:
    """Raise a ValueError if nothing is left to train on before the last origins.

    Their share is the parameter with this name, such as "calibration_fraction".
    """
    if n_before:
        return
    raise ValueError(
        f"Expected some {name.partition('_')[0]} origins and some before them to train "
        f"on, found {n_last} and 0: {name}={fraction} of n_samples={n_samples}, with a "
        f"gap of horizon - 1 = {horizon - 1}. Use more origins or a smaller {name}."
    )


def check_has_quantiles(estimator: Any) -> None:
    """Raise a ValueError if "cqr" cannot calibrate the quantiles of an estimator."""
    if hasattr(estimator, "predict_quantiles"):
        return
    raise ValueError(
        "Expected an estimator with a predict_quantiles method for method='cqr', found "
        f"{estimator!r}. Use a network with loss='quantile' or a distribution, put the "
        "ConformalForecaster inside of pipelines and searches, or choose "
        "method='split'."
    )
