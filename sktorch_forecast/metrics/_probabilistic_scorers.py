"""Scorers for intervals, quantiles and sample paths."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils.compat import Interval, Scorer, validate_params
from .._utils.typing import RandomState
from .._utils.validation import check_quantiles
from ._distributions import energy_score
from ._intervals import COVERAGE, acd, interval_score, msis, scaled_interval_score
from ._quantiles import crps_quantiles, pinball_loss
from ._scale import SEASONALITY
from ._uncertainty_of import Method, uncertainty_of


class _UncertaintyScorer(Scorer):
    """Scorer for a metric that needs more than ``predict``.

    Parameters
    ----------
    name : str
        The function that made the scorer, for ``repr``.
    metric : callable
        The metric that is negated.
    method : {"predict_interval", "predict_quantiles", "sample"}
        Where its second argument comes from.
    asked : dict
        Keyword arguments of that method.
    params : dict
        Keyword arguments of the metric.
    """

    def __init__(
        self,
        name: str,
        metric: Callable[..., float],
        method: Method,
        asked: dict[str, Any],
        params: dict[str, Any],
    ) -> None:
        super().__init__(metric, params)
        self.name = name
        self.method: Method = method
        self.asked = asked

    def __repr__(self) -> str:
        arguments = {**self.asked, **self.params}
        text = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        return f"{self.name}({text})"

    def error(
        self,
        estimator: Any,
        X: Any,
        y_true: ArrayLike,
        forecast: Callable[[], np.ndarray],
        sample_weight: ArrayLike | None,
    ) -> float:
        # `forecast` is not called: what ``predict`` returns is not scored.
        forecaster, windows = uncertainty_of(estimator, X, self.method)
        answer = getattr(forecaster, self.method)(windows, **self.asked)
        return self.error_of(answer, X, y_true, sample_weight)

    def error_of(
        self,
        answer: np.ndarray,
        X: Any,
        y_true: ArrayLike,
        sample_weight: ArrayLike | None,
    ) -> float:
        """The error of what the forecaster's method returned."""
        return self.metric(y_true, answer, sample_weight=sample_weight, **self.params)


class _HistoryUncertaintyScorer(_UncertaintyScorer):
    """The same for MSIS, which takes the history from ``X``."""

    def error_of(
        self,
        answer: np.ndarray,
        X: Any,
        y_true: ArrayLike,
        sample_weight: ArrayLike | None,
    ) -> float:
        return scaled_interval_score(
            y_true,
            answer,
            X,
            coverage=self.params["coverage"],
            seasonality=self.params["seasonality"],
            n_targets=getattr(X, "n_targets", 1),
            sample_weight=sample_weight,
            name="X",
        )


def _levels(quantiles: ArrayLike) -> tuple[float, ...]:
    """Plain numbers, which read well in ``repr``."""
    return tuple(check_quantiles(quantiles).tolist())


def pinball_scorer(quantiles: ArrayLike = (0.1, 0.5, 0.9)) -> Scorer:
    """Make a scorer of the negated pinball loss.

    It calls the forecaster's ``predict_quantiles``. Pass the result as ``scoring`` to
    ``cross_val_score``, ``GridSearchCV`` and the like.

    Parameters
    ----------
    quantiles : array-like of shape (n_quantiles,), default=(0.1, 0.5, 0.9)
        Levels, increasing, between 0 and 1.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y_true, sample_weight=None)``, it returns the
        negated :func:`pinball_loss`, a float: greater is better, and 0 is a perfect
        forecast. `estimator` is a fitted forecaster, or a pipeline or search with one
        at its end. The scorer raises a TypeError if that one has no
        ``predict_quantiles``.

    Raises
    ------
    ValueError
        If the levels are not increasing and between 0 and 1.

    See Also
    --------
    pinball_loss : The metric.
    crps_scorer : The same with weights that approximate an integral over all levels.

    Notes
    -----
    Each scorer computes the forecast anew, so several scorers in ``cross_validate``
    forecast several times.

    Examples
    --------
    >>> from sktorch_forecast.metrics import pinball_scorer
    >>> pinball_scorer([0.05, 0.95])
    pinball_scorer(quantiles=(0.05, 0.95))
    """
    levels = _levels(quantiles)
    return _UncertaintyScorer(
        "pinball_scorer",
        pinball_loss,
        "predict_quantiles",
        asked={"quantiles": levels},
        params={"quantiles": levels},
    )


def crps_scorer(
    quantiles: ArrayLike = tuple(level / 20 for level in range(1, 20)),
) -> Scorer:
    """Make a scorer of the negated continuous ranked probability score (CRPS).

    It calls the forecaster's ``predict_quantiles`` at several levels, since every
    forecaster with uncertainty has this method, and computes :func:`crps_quantiles`.

    Parameters
    ----------
    quantiles : array-like of shape (n_quantiles,), default=(0.05, 0.1, ..., 0.95)
        Levels, increasing, between 0 and 1. More levels approximate the integral
        better.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y_true, sample_weight=None)``, it returns the
        negated CRPS, a float: greater is better, and 0 is a perfect forecast.
        `estimator` is what :func:`pinball_scorer` takes.

    Raises
    ------
    ValueError
        If the levels are not increasing and between 0 and 1.

    See Also
    --------
    crps_quantiles : The metric.
    energy_scorer : A scorer of whole paths.

    Examples
    --------
    >>> from sktorch_forecast.metrics import crps_scorer
    >>> crps_scorer([0.1, 0.3, 0.5, 0.7, 0.9])
    crps_scorer(quantiles=(0.1, 0.3, 0.5, 0.7, 0.9))
    """
    levels = _levels(quantiles)
    return _UncertaintyScorer(
        "crps_scorer",
        crps_quantiles,
        "predict_quantiles",
        asked={"quantiles": levels},
        params={"quantiles": levels},
    )


@validate_params(COVERAGE, prefer_skip_nested_validation=True)
def interval_scorer(coverage: float = 0.9) -> Scorer:
    """Make a scorer of the negated interval score (Winkler score).

    It calls the forecaster's ``predict_interval``.

    Parameters
    ----------
    coverage : float in (0, 1), default=0.9
        The coverage to request from the forecaster.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y_true, sample_weight=None)``, it returns the
        negated :func:`interval_score`, a float: greater is better, and 0 is a perfect
        forecast. `estimator` is a fitted forecaster, or a pipeline or search with one
        at its end. The scorer raises a TypeError if that one has no
        ``predict_interval``.

    Raises
    ------
    TypeError, ValueError
        If `coverage` is not between 0 and 1; the error is of both classes.

    See Also
    --------
    interval_score : The metric.
    msis_scorer : The scale-free version.

    Examples
    --------
    >>> from sktorch_forecast.metrics import interval_scorer
    >>> interval_scorer(0.5)
    interval_scorer(coverage=0.5)
    """
    return _UncertaintyScorer(
        "interval_scorer",
        interval_score,
        "predict_interval",
        asked={"coverage": coverage},
        params={"coverage": coverage},
    )


@validate_params(COVERAGE, prefer_skip_nested_validation=True)
def acd_scorer(coverage: float = 0.9) -> Scorer:
    """Make a scorer of the negated absolute coverage difference (ACD).

    It calls the forecaster's ``predict_interval``. Use it together with a score that
    takes the width into account, such as :func:`interval_scorer`: a forecaster can have
    the right coverage for the wrong reasons.

    Parameters
    ----------
    coverage : float in (0, 1), default=0.9
        The coverage to request from the forecaster.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y_true, sample_weight=None)``, it returns the
        negated :func:`acd`, a float: greater is better, and 0 means that the share of
        values within their interval is exactly `coverage`. `estimator` is what
        :func:`interval_scorer` takes.

    Raises
    ------
    TypeError, ValueError
        If `coverage` is not between 0 and 1; the error is of both classes.

    See Also
    --------
    acd : The metric.
    coverage_score : The share of values within their interval.

    Examples
    --------
    >>> from sktorch_forecast.metrics import acd_scorer
    >>> acd_scorer()
    acd_scorer(coverage=0.9)
    """
    return _UncertaintyScorer(
        "acd_scorer",
        acd,
        "predict_interval",
        asked={"coverage": coverage},
        params={"coverage": coverage},
    )


@validate_params(COVERAGE | SEASONALITY, prefer_skip_nested_validation=True)
def msis_scorer(coverage: float = 0.95, seasonality: int = 1) -> Scorer:
    """Make a scorer of the negated mean scaled interval score.

    It calls the forecaster's ``predict_interval``, and scales each origin by its own
    window, as :func:`mase_scorer` does.

    Parameters
    ----------
    coverage : float in (0, 1), default=0.95
        The coverage to request from the forecaster.
    seasonality : int, default=1
        Lag of the naive forecast, in timestamps. The windows must be longer.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y_true, sample_weight=None)``, it returns the
        negated :func:`msis`, a float: greater is better, and 0 is a perfect forecast.
        `estimator` is what :func:`interval_scorer` takes, `X` what :func:`mase_scorer`
        does.

    Raises
    ------
    TypeError, ValueError
        If `coverage` is not between 0 and 1 or `seasonality` not a positive
        integer; the error is of both classes.

    See Also
    --------
    msis : The metric.
    mase_scorer : The same scaling for point forecasts; its notes apply here too.

    Examples
    --------
    >>> from sktorch_forecast.metrics import msis_scorer
    >>> msis_scorer(seasonality=12)
    msis_scorer(coverage=0.95, seasonality=12)
    """
    return _HistoryUncertaintyScorer(
        "msis_scorer",
        msis,
        "predict_interval",
        asked={"coverage": coverage},
        params={"coverage": coverage, "seasonality": seasonality},
    )


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def energy_scorer(n_samples: int = 100, random_state: RandomState = None) -> Scorer:
    """Make a scorer of the negated energy score.

    It calls the forecaster's ``sample``, and scores paths as a whole.

    Parameters
    ----------
    n_samples : int, default=100
        Number of paths for each origin.
    random_state : int, RandomState instance or None, default=None
        Seeds the draws; None leaves that to the forecaster. With an int, all candidates
        of a search are scored with the same draws.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y_true, sample_weight=None)``, it returns the
        negated :func:`energy_score`, a float: greater is better, and 0 is a perfect
        forecast. `estimator` is a fitted forecaster, or a pipeline or search with one
        at its end. The scorer raises a TypeError if that one has no ``sample``.

    Raises
    ------
    TypeError, ValueError
        If `n_samples` is not a positive integer or `random_state` is not valid; the
        error is of both classes.

    See Also
    --------
    energy_score : The metric.
    crps_scorer : Each step by itself.

    Examples
    --------
    >>> from sktorch_forecast.metrics import energy_scorer
    >>> energy_scorer(n_samples=50, random_state=0)
    energy_scorer(n_samples=50, random_state=0)
    """
    return _UncertaintyScorer(
        "energy_scorer",
        energy_score,
        "sample",
        asked={"n_samples": n_samples, "random_state": random_state},
        params={},
    )
