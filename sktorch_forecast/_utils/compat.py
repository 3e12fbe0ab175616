"""Every private or version-dependent name of scikit-learn, skorch and torch.

Nothing else in the package uses a private name of these; a test looks for them. Each
stands here with the reason why the public ones do not do.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

# The base of what make_scorer returns: weights, metadata routing, and one forecast for
# several scorers. make_scorer itself gives a metric nothing but y_true and y_pred, and
# some of our metrics need X, or more than what predict says.
from sklearn.metrics._scorer import _BaseScorer

# scikit-learn checks the parameters of its own estimators and functions with these, and
# tests for the messages; it offers nothing public that does the same.
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)

# The fit parameters of a part of the rows, as cross-validation takes them.
from sklearn.utils.validation import _check_method_params as check_method_params

# The weights of samples: their shape, their dtype, their sign, in scikit-learn's words.
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

# The number of rows of anything that scikit-learn takes for data.
from sklearn.utils.validation import _num_samples as num_samples

# Rows of anything that scikit-learn takes for data, frames of any kind among them.
from sklearn.utils import _safe_indexing as safe_indexing  # isort: skip

__all__ = [
    "HasMethods",
    "Interval",
    "Options",
    "Scorer",
    "StrOptions",
    "check_method_params",
    "check_sample_weight",
    "num_samples",
    "safe_indexing",
    "validate_parameter_constraints",
    "validate_params",
]


class Scorer(_BaseScorer):
    """Base of scorers of errors that need more than true values and forecasts.

    It behaves as what ``sklearn.metrics.make_scorer`` returns: called as
    ``scorer(estimator, X, y_true, sample_weight=None)``, it returns the negated error,
    so that greater is better. Subclasses override :meth:`error`.

    Parameters
    ----------
    metric : callable
        The metric that is negated. scikit-learn reads from its signature whether it
        takes weights, and what may be routed to it.
    params : dict of str to object
        Keyword arguments for the metric.

    Attributes
    ----------
    metric : callable
        As given.
    params : dict of str to object
        As given.
    """

    def __init__(self, metric: Callable[..., float], params: dict[str, Any]) -> None:
        super().__init__(metric, sign=-1, kwargs=params)

    @property
    def metric(self) -> Callable[..., float]:
        return self._score_func

    @property
    def params(self) -> dict[str, Any]:
        return self._kwargs

    def error(
        self,
        estimator: Any,
        X: Any,
        y_true: Any,
        forecast: Callable[[], np.ndarray],
        sample_weight: Any,
    ) -> float:
        """The error of a fitted estimator; lower is better.

        Parameters
        ----------
        estimator : estimator
            The one that is scored.
        X : Windows, or array or DataFrame of shape (n, length), or array of shape \
                (n, length, n_channels)
            What its ``predict`` takes.
        y_true : array-like of shape (n,) or (n, horizon * n_targets)
            What happened, in the units of the series.
        forecast : callable
            Called without arguments, it returns what ``predict`` gives for `X`, an
            array of the shape of `y_true`. Where scikit-learn evaluates several scorers
            at once it keeps the answer, so that the estimator predicts only once.
        sample_weight : array-like of shape (n,) or None
            Weights of the rows.

        Returns
        -------
        error : float
            In the units of the metric.
        """
        raise NotImplementedError

    def _score(
        self,
        method_caller: Callable[..., np.ndarray],
        estimator: Any,
        X: Any,
        y_true: Any,
        sample_weight: Any = None,
    ) -> float:
        """What scikit-learn calls; `method_caller` keeps the forecast for others."""

        def forecast() -> np.ndarray:
            return method_caller(estimator, self._response_method, X)

        error = self.error(estimator, X, y_true, forecast, sample_weight)
        return self._sign * error
