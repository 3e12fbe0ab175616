"""The uncertainty of forecasts: one interface for every forecaster.

Every forecaster implements `_predict`. One that has a source of uncertainty also
implements `_draw` for paths, and `_quantiles` if there is a better way to find
quantiles than to draw paths.
"""

from collections.abc import Callable
from typing import Any, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from .._data.checks import unmasked
from .._data.inputs import check_windows
from .._data.overlap import warn_of_overlap
from .._utils.annotated import check_array
from .._utils.compat import available_if, check_sample_weight
from .._utils.randomness import private_random_state
from .._utils.typing import RandomState
from .._utils.validation import (
    check_coverage,
    check_numeric,
    check_observed,
    check_positive_int,
    check_quantiles,
    check_weights,
    levels_of,
)

# Number of paths to compute quantiles from if there is no better way.
N_DRAWS = 200


def quantiles_of(samples: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """(n_samples, n_origins, outputs) -> (n_origins, outputs, n_quantiles)"""
    return np.moveaxis(np.quantile(samples, levels, axis=0), 0, -1)


def _offers(method: str) -> Callable[[Any], bool]:
    """A check for `available_if`: an error says why a method is missing."""

    def check(forecaster):
        if (reason := forecaster._why_without(method)) is not None:
            raise ValueError(reason)
        return True

    return check


def _r2_of_observed(
    y_true: np.ndarray, y_pred: np.ndarray, sample_weight: ArrayLike | None
) -> float:
    """R2 of the values that are not NaN, averaged over outputs as in scikit-learn."""
    y_true, y_pred = (y.reshape(len(y), -1) for y in (y_true, y_pred))
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"Expected y of shape {y_pred.shape}, that of the forecasts, found "
            f"{y_true.shape}. Take X and y from one call to make_windows."
        )
    weights = check_sample_weight(sample_weight, y_true)
    counts = weights > 0
    where = "" if sample_weight is None else " where sample_weight is positive"
    check_observed(y_true[counts], "y", where)
    scores = []
    for true, pred in zip(y_true.T, y_pred.T):
        seen = counts & ~np.isnan(true)
        scores.append(r2_score(true[seen], pred[seen], sample_weight=weights[seen]))
    return float(np.mean(scores))


class UncertaintyMixin:
    """Forecasts, with intervals, quantiles and sample paths, from windows.

    A forecaster that may lack a source of uncertainty says so in `_why_without`: then
    it has none of these methods, and ``hasattr`` is False.
    """

    # Set by the checks of X and y.
    n_features_in_: int
    n_channels_: int
    n_future_: int
    n_static_: int
    n_targets_: int
    horizon_: int
    _y_is_1d: bool
    _series_ids: pd.Index | None

    @overload
    def predict(
        self,
        X: Any,
        *,
        coverage: None = None,
        quantiles: None = None,
        n_samples: None = None,
    ) -> np.ndarray: ...
    @overload
    def predict(self, X: Any, *, coverage: float) -> tuple[np.ndarray, np.ndarray]: ...
    @overload
    def predict(
        self, X: Any, *, quantiles: ArrayLike
    ) -> tuple[np.ndarray, np.ndarray]: ...
    @overload
    def predict(self, X: Any, *, n_samples: int) -> tuple[np.ndarray, np.ndarray]: ...
    def predict(
        self,
        X: Any,
        *,
        coverage: float | None = None,
        quantiles: ArrayLike | None = None,
        n_samples: int | None = None,
    ) -> Any:
        """Forecast what follows each window, with its uncertainty if requested.

        The keywords also reach a forecaster at the end of a pipeline, as in
        ``pipeline.predict(X, coverage=0.9)``. Only one of them can be given at a time.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.
        coverage : float in (0, 1) or None, default=None
            Also returns what `predict_interval` returns.
        quantiles : array-like of shape (n_quantiles,) or None, default=None
            Increasing levels between 0 and 1. Also returns what `predict_quantiles`
            returns.
        n_samples : int or None, default=None
            Also returns what `sample` returns: this many paths for each origin.

        Returns
        -------
        y : ndarray of shape (n_origins,) or (n_origins, horizon * n_targets)
            In the units of the series, all targets of step 1 first; 1-D if that is one
            value and `y` was 1-D in `fit`. In the precision of `X`, or of the forecasts
            of a wrapped estimator.
        beside : ndarray of shape (n_origins, horizon * n_targets, 2), (n_origins, \
                horizon * n_targets, n_quantiles) or (n_samples, n_origins, \
                horizon * n_targets)
            The ends of the intervals, the quantiles or the paths. Without a keyword,
            `y` is returned alone.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        AttributeError
            If `coverage`, `quantiles` or `n_samples` is given, and the forecaster has
            no source of uncertainty.
        TypeError, ValueError
            If X is not numeric and finite or not like the windows of the fit, two of
            the keywords are given, or one is not valid.
        """
        asked = {
            "predict_interval": ("coverage", coverage),
            "predict_quantiles": ("quantiles", quantiles),
            "sample": ("n_samples", n_samples),
        }
        asked = {method: ask for method, ask in asked.items() if ask[1] is not None}
        if not asked:
            return self._predict(X)
        if len(asked) > 1:
            raise ValueError(
                "Expected only one of coverage, quantiles and n_samples, found "
                f"{' and '.join(name for name, _ in asked.values())}. Call predict "
                "once for each."
            )
        check_is_fitted(self)
        [(method, (name, value))] = asked.items()
        if (reason := self._why_without(method)) is not None:
            raise AttributeError(
                f"{type(self).__name__} cannot predict with {name}=. {reason}"
            )
        beside = getattr(self, method)(X, value)  # first, since it checks the value
        return self._predict(X), beside

    @available_if(_offers("predict_interval"))
    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Central intervals for every step.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.
        coverage : float in (0, 1), default=0.9
            Probability that the interval contains the truth; the rest is split evenly
            between the two sides.

        Returns
        -------
        interval : ndarray of shape (n_origins, horizon * n_targets, 2)
            Lower and upper ends, in the units of the series.

        Raises
        ------
        ValueError
            If `coverage` is not between 0 and 1, or as for `predict_quantiles`.
        """
        return self.predict_quantiles(X, levels_of(check_coverage(coverage)))

    @available_if(_offers("predict_quantiles"))
    def predict_quantiles(self, X: Any, quantiles: ArrayLike) -> np.ndarray:
        """Quantiles of every step.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.
        quantiles : array-like of shape (n_quantiles,)
            Their levels, increasing, between 0 and 1.

        Returns
        -------
        y : ndarray of shape (n_origins, horizon * n_targets, n_quantiles)
            In the units of the series; along the last axis they never decrease.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        ValueError
            If the levels are not increasing and between 0 and 1, if there is no
            source of uncertainty, or if `X` is not valid.
        """
        check_is_fitted(self)
        levels = check_quantiles(quantiles)
        return self._quantiles(check_windows(self, X, reset=False), levels)

    @available_if(_offers("sample"))
    def sample(
        self, X: Any, n_samples: int = 100, random_state: RandomState = None
    ) -> np.ndarray:
        """Draw joint paths of all steps.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.
        n_samples : int, default=100
            Number of paths for each origin.
        random_state : int, RandomState instance or None, default=None
            Seeds the draws; None means the forecaster's own `random_state`, if it has
            one.

        Returns
        -------
        samples : ndarray of shape (n_samples, n_origins, horizon * n_targets)
            In the units of the series.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            If `n_samples` is not a positive integer, if there is no source of
            uncertainty, or if `X` is not valid.
        """
        check_is_fitted(self)
        n_samples = check_positive_int(n_samples, "n_samples")
        X = check_windows(self, X, reset=False)
        return self._draw(X, n_samples, self._generator(random_state))

    def score(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Coefficient of determination, R2, of the forecasts.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed, with NaN where nothing was observed. The R2 of each step and
            target is over the origins where it was observed.
        sample_weight : array of shape (n_origins,), default=None
            Weights of the origins.

        Returns
        -------
        score : float
            The mean over steps and targets, at most 1.

        Raises
        ------
        TypeError, ValueError
            If `y` is not numeric or does not match the forecasts, a step and target was
            never observed at an origin with a positive weight, or the weights are
            negative or not finite.
        """
        if sample_weight is not None:  # scikit-learn accepts negative ones
            check_weights(sample_weight, X)
        check_numeric(y, "y")
        y_pred = self.predict(X)
        warn_of_overlap(self, X, self.horizon_)
        y_true = check_array(
            unmasked(y), ensure_2d=False, ensure_all_finite="allow-nan", input_name="y"
        )
        if not np.isnan(y_true).any():
            return float(r2_score(y_true, y_pred, sample_weight=sample_weight))
        return _r2_of_observed(y_true, y_pred, sample_weight)

    def _generator(self, random_state: RandomState = None) -> np.random.RandomState:
        """A RandomState from the argument, or from the parameter used in the fit."""
        if random_state is None:
            random_state = getattr(self, "_random_state_of_draws", None)
        return private_random_state(random_state)

    def _why_without(self, method: str) -> str | None:
        """Why this forecaster does not have a method, in words; None if it has it."""
        return None

    def _predict(self, X: Any) -> np.ndarray:
        """Point forecasts, in the shape that `y` had in `fit`."""
        raise NotImplementedError

    def _quantiles(self, X: Any, levels: np.ndarray) -> np.ndarray:
        """(n_origins, outputs, n_quantiles) for checked windows."""
        return quantiles_of(self._draw(X, N_DRAWS, self._generator()), levels)

    def _draw(
        self, X: Any, n_samples: int, random_state: np.random.RandomState
    ) -> np.ndarray:
        """(n_samples, n_origins, outputs) for checked windows."""
        raise NotImplementedError
