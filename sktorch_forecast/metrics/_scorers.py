"""Scorers of the metrics that need the history of each origin."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import make_scorer

from .._utils.compat import Scorer, validate_params
from ._errors import mase, rmsse, scaled_error, smape
from ._scale import SEASONALITY


class _HistoryScorer(Scorer):
    """Scorer for a metric that needs the history, which it takes from ``X``.

    ``sklearn.metrics.make_scorer`` passes a metric only `y_true` and `y_pred`.

    Parameters
    ----------
    metric : {mase, rmsse}
        The metric that is negated.
    power : {1, 2}
        Its power in ``scaled_error``.
    seasonality : int
        Lag of the naive forecast, in timestamps.
    """

    def __init__(
        self, metric: Callable[..., float], power: int, seasonality: int
    ) -> None:
        super().__init__(metric, {"seasonality": seasonality})
        self.power = power

    def __repr__(self) -> str:
        seasonality = self.params["seasonality"]
        return f"{self.metric.__name__}_scorer(seasonality={seasonality})"

    def error(
        self,
        estimator: Any,
        X: Any,
        y_true: ArrayLike,
        forecast: Callable[[], np.ndarray],
        sample_weight: ArrayLike | None,
    ) -> float:
        return scaled_error(
            y_true,
            forecast(),
            X,
            power=self.power,
            seasonality=self.params["seasonality"],
            n_targets=getattr(X, "n_targets", 1),
            sample_weight=sample_weight,
            name="X",
        )


@validate_params(SEASONALITY, prefer_skip_nested_validation=True)
def mase_scorer(seasonality: int = 1) -> Scorer:
    """Make a scorer of the negated mean absolute scaled error.

    Each origin is scaled by its own window: the history that :func:`mase` needs is the
    `X` passed to the scorer. Pass the result as ``scoring`` to ``cross_val_score``,
    ``GridSearchCV`` and the like.

    Parameters
    ----------
    seasonality : int, default=1
        Lag of the naive forecast, in timestamps. The windows must be longer.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y_true, sample_weight=None)``, it returns the
        negated MASE, a float: greater is better, and 0 is a perfect forecast. `X` is
        an array or DataFrame of shape ``(n_origins, length)``, an array of shape
        ``(n_origins, length, n_channels)`` whose first channel is the target, or a
        ``Windows``. A ``Windows`` is read in batches and is never in memory as a
        whole.

    Raises
    ------
    TypeError, ValueError
        If `seasonality` is not a positive integer; the error is of both classes. The
        scorer itself raises what :func:`mase` raises.

    See Also
    --------
    mase : The metric.

    Notes
    -----
    The scorer sees the `X` that is passed to the outer estimator. Where a
    ``SlidingWindow`` step inside a pipeline shortens the windows, the scale still comes
    from the full window, so all candidates of a grid search are scaled alike.

    ``sklearn.metrics.make_scorer`` would not work here, because it does not pass `X` to
    the metric.

    References
    ----------
    .. [1] Hyndman, R. J. and Koehler, A. B. (2006). Another look at measures of
       forecast accuracy. International Journal of Forecasting, 22(4), 679-688. The
       scaled error of section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.model_selection import TimeSeriesSplit, cross_val_score
    >>> from sktorch_forecast.datasets import load_sunspots
    >>> from sktorch_forecast.metrics import mase_scorer
    >>> windows = np.lib.stride_tricks.sliding_window_view(load_sunspots(), 34)
    >>> X, y = windows[:, :33], windows[:, 33]
    >>> scores = cross_val_score(
    ...     LinearRegression(), X, y, cv=TimeSeriesSplit(3), scoring=mase_scorer()
    ... )
    >>> scores.shape, bool((scores < 0).all())
    ((3,), True)
    >>> mase_scorer(seasonality=11)
    mase_scorer(seasonality=11)
    """
    return _HistoryScorer(mase, power=1, seasonality=seasonality)


@validate_params(SEASONALITY, prefer_skip_nested_validation=True)
def rmsse_scorer(seasonality: int = 1) -> Scorer:
    """Make a scorer of the negated root mean squared scaled error.

    Each origin is scaled by its own window: the history that :func:`rmsse` needs is the
    `X` passed to the scorer. Pass the result as ``scoring`` to ``cross_val_score``,
    ``GridSearchCV`` and the like.

    Parameters
    ----------
    seasonality : int, default=1
        Lag of the naive forecast, in timestamps. The windows must be longer.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y_true, sample_weight=None)``, it returns the
        negated RMSSE, a float: greater is better, and 0 is a perfect forecast. `X` is
        what :func:`mase_scorer` takes. A 1-D `y_true` is ``n`` origins of horizon 1.

    Raises
    ------
    TypeError, ValueError
        If `seasonality` is not a positive integer; the error is of both classes. The
        scorer itself raises what :func:`rmsse` raises.

    See Also
    --------
    rmsse : The metric.
    mase_scorer : The same with absolute errors; its notes hold here too.

    Notes
    -----
    The scale comes from the full window that is passed to the outer estimator, as
    :func:`mase_scorer` explains.

    References
    ----------
    .. [1] Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2022). M5 accuracy
       competition: Results, findings, and conclusions. International Journal of
       Forecasting, 38(4), 1346-1364. The RMSSE of the section on evaluation.

    Examples
    --------
    A forecast that misses every origin by as much as the history moves in a step:

    >>> from sklearn.dummy import DummyRegressor
    >>> from sktorch_forecast.metrics import rmsse_scorer
    >>> X, y = [[1, 2, 3], [3, 5, 7]], [5, 1]
    >>> model = DummyRegressor(strategy="constant", constant=3).fit(X, y)
    >>> rmsse_scorer()(model, X, y)
    -1.5
    """
    return _HistoryScorer(rmsse, power=2, seasonality=seasonality)


def smape_scorer() -> Callable[..., float]:
    """Make a scorer of the negated symmetric mean absolute percentage error.

    This metric needs no history, so this is just ``sklearn.metrics.make_scorer``
    applied to :func:`smape`, named like the other two.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y_true, sample_weight=None)``, it returns the
        negated sMAPE as a fraction, a float from -2 to 0: greater is better, and 0 is a
        perfect forecast. It raises what :func:`smape` raises.

    See Also
    --------
    smape : The metric.

    References
    ----------
    .. [1] Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2020). The M4
       Competition: 100,000 time series and 61 forecasting methods. International
       Journal of Forecasting, 36(1), 54-74. The sMAPE of the section on evaluation.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> from sktorch_forecast.metrics import smape_scorer
    >>> X, y = [[1, 2], [2, 3]], [100, 100]
    >>> model = DummyRegressor(strategy="constant", constant=300).fit(X, y)
    >>> smape_scorer()(model, X, y)
    -1.0
    """
    return make_scorer(smape, greater_is_better=False)
