"""How good intervals are: their coverage, their width, and both in one score.

Symbols in this file:

- ``n``: rows, that is origins;
- ``n_outputs``: ``horizon * n_targets`` values of a row, all targets of step 1 first;
- ``alpha``: ``1 - coverage``, the share of values that may fall outside.
"""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils.compat import Interval, validate_params
from ._checks import (
    check_interval,
    check_outcomes,
    check_sample_weight,
    mean_over_rows,
)
from ._scale import SEASONALITY, history_scale

COVERAGE = {"coverage": [Interval(Real, 0, 1, closed="neither")]}
_PARAMETERS = {
    "y_true": ["array-like"],
    "interval": ["array-like"],
    "sample_weight": ["array-like", None],
}


def _check(
    y_true: ArrayLike, interval: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Return `y_true`, both ends and the weights, the arrays as ``(n, n_outputs)``."""
    y_true = check_outcomes(y_true)
    lower, upper = check_interval(interval, y_true)
    return y_true, lower, upper, check_sample_weight(sample_weight, y_true)


@validate_params(_PARAMETERS, prefer_skip_nested_validation=True)
def coverage_score(
    y_true: ArrayLike,
    interval: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Share of values that fell within their interval.

    Compare it with the nominal coverage: intervals with a coverage of 0.9 should
    contain the value nine times in ten, no less and no more. The ends belong to the
    interval.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, horizon * n_targets)
        Observed values, in the units of the series, all targets of step 1 first; NaN
        where nothing was observed.
    interval : array-like of shape (n, horizon * n_targets, 2), or (n, 2) for one output
        Lower and upper ends, as ``predict_interval`` gives them, in the units of the
        series.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally.

    Returns
    -------
    coverage : float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If shapes disagree; if a lower end is above the upper one; if an interval has a
        NaN or `y_true` infinity; if an output has no observed value; if the weights are
        negative or all zero.

    See Also
    --------
    acd : How far this is from the nominal coverage.
    mean_width : The other half of the story.

    Examples
    --------
    >>> from sktorch_forecast.metrics import coverage_score
    >>> coverage_score([3, 8], [[2, 4], [2, 4]])
    0.5
    """
    y_true, lower, upper, sample_weight = _check(y_true, interval, sample_weight)
    inside = (lower <= y_true) & (y_true <= upper)
    return mean_over_rows(inside, ~np.isnan(y_true), sample_weight)


@validate_params(
    {name: _PARAMETERS[name] for name in ("interval", "sample_weight")},
    prefer_skip_nested_validation=True,
)
def mean_width(interval: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Mean width of intervals.

    Among intervals with the same coverage, the narrower ones are better. By itself the
    width says nothing about how good they are.

    Parameters
    ----------
    interval : array-like of shape (n, horizon * n_targets, 2), or (n, 2) for one output
        Lower and upper ends, as ``predict_interval`` gives them, in the units of the
        series.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally.

    Returns
    -------
    width : float
        At least 0, in the units of the series; infinite if an interval has no end.

    Raises
    ------
    ValueError
        If the shape is wrong; if a lower end is above the upper one; if a value is NaN;
        if the weights are negative or all zero.

    See Also
    --------
    interval_score : Width and misses in one number.

    Examples
    --------
    >>> from sktorch_forecast.metrics import mean_width
    >>> mean_width([[2, 4], [2, 8]])
    4.0
    """
    lower, upper = check_interval(interval)
    sample_weight = check_sample_weight(sample_weight, lower)
    is_given = np.ones(lower.shape, dtype=bool)
    return mean_over_rows(upper - lower, is_given, sample_weight)


@validate_params(_PARAMETERS | COVERAGE, prefer_skip_nested_validation=True)
def acd(
    y_true: ArrayLike,
    interval: ArrayLike,
    *,
    coverage: float = 0.95,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Absolute coverage difference.

    How far the share of values within their interval is from `coverage`, over all rows
    and outputs together.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, horizon * n_targets)
        Observed values, in the units of the series, all targets of step 1 first; NaN
        where nothing was observed.
    interval : array-like of shape (n, horizon * n_targets, 2), or (n, 2) for one output
        Lower and upper ends, as ``predict_interval`` gives them, in the units of the
        series.
    coverage : float in (0, 1), default=0.95
        The nominal coverage of the intervals.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally.

    Returns
    -------
    difference : float
        Between 0 and 1. Lower is better.

    Raises
    ------
    ValueError
        If `coverage` is not between 0 and 1; if shapes disagree; if a lower end is
        above the upper one; if a forecast is NaN or a value infinite; if an output has
        no observed value; if the weights are negative or all zero.

    See Also
    --------
    coverage_score : The share itself.
    acd_scorer : This metric as a scorer for model selection.

    Notes
    -----
    Intervals that are too wide and others that are too narrow can cancel out, so do not
    choose a model by this measure alone; :func:`interval_score` is made for that.

    References
    ----------
    .. [1] Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2020). The M4
       Competition: 100,000 time series and 61 forecasting methods. International
       Journal of Forecasting, 36(1), 54-74. The section on prediction intervals.

    Examples
    --------
    >>> from sktorch_forecast.metrics import acd
    >>> acd([3, 8], [[2, 4], [2, 4]], coverage=0.75)
    0.25
    """
    share = coverage_score(y_true, interval, sample_weight=sample_weight)
    return abs(share - coverage)


def _interval_scores(
    y_true: np.ndarray, lower: np.ndarray, upper: np.ndarray, coverage: float
) -> np.ndarray:
    """Interval score of every output, ``(n, n_outputs)``."""
    alpha = 1 - coverage
    miss = np.maximum(lower - y_true, 0) + np.maximum(y_true - upper, 0)
    return upper - lower + 2 / alpha * miss


@validate_params(_PARAMETERS | COVERAGE, prefer_skip_nested_validation=True)
def interval_score(
    y_true: ArrayLike,
    interval: ArrayLike,
    *,
    coverage: float,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Interval score, or Winkler score: the width plus a penalty for values outside.

    ``upper - lower``, plus ``2 / (1 - coverage)`` times the distance to the interval
    for a value outside, averaged over rows and outputs. Its expectation is smallest for
    the interval between the true quantiles at ``(1 - coverage) / 2`` and ``(1 +
    coverage) / 2``.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, horizon * n_targets)
        Observed values, in the units of the series, all targets of step 1 first; NaN
        where nothing was observed.
    interval : array-like of shape (n, horizon * n_targets, 2), or (n, 2) for one output
        Lower and upper ends, as ``predict_interval`` gives them, in the units of the
        series.
    coverage : float in (0, 1)
        The nominal coverage of the intervals.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally.

    Returns
    -------
    score : float
        At least 0, in the units of the series. Lower is better. Infinite if an
        interval has no end.

    Raises
    ------
    ValueError
        If `coverage` is not between 0 and 1; if shapes disagree; if a lower end is
        above the upper one; if a forecast is NaN or a value infinite; if an output has
        no observed value; if the weights are negative or all zero.

    See Also
    --------
    msis : The scale-free version.
    interval_scorer : This metric as a scorer for model selection.
    pinball_loss : The interval score is ``2 / (1 - coverage)`` times the sum of the
        pinball losses of both ends.

    References
    ----------
    .. [1] Gneiting, T. and Raftery, A. E. (2007). Strictly proper scoring rules,
       prediction, and estimation. Journal of the American Statistical Association,
       102(477), 359-378. Equation 43.
    .. [2] Winkler, R. L. (1972). A decision-theoretic approach to interval estimation.
       Journal of the American Statistical Association, 67(337), 187-191.

    Examples
    --------
    A width of 2 for both; the second misses by 4, times 2 / 0.5.

    >>> from sktorch_forecast.metrics import interval_score
    >>> interval_score([3, 8], [[2, 4], [2, 4]], coverage=0.5)
    10.0
    """
    y_true, lower, upper, sample_weight = _check(y_true, interval, sample_weight)
    scores = _interval_scores(y_true, lower, upper, coverage)
    return mean_over_rows(scores, ~np.isnan(y_true), sample_weight)


def scaled_interval_score(
    y_true: ArrayLike,
    interval: ArrayLike,
    history: Any,
    *,
    coverage: float,
    seasonality: int,
    n_targets: int | None = None,
    sample_weight: ArrayLike | None = None,
    name: str = "y_train",
) -> float:
    """Return the MSIS, without a unit; arguments and errors are those of `msis`.

    `history`, `n_targets` and `name` are those of :func:`history_scale`.
    """
    y_true, lower, upper, sample_weight = _check(y_true, interval, sample_weight)
    scale = history_scale(
        y_true,
        history,
        power=1,
        seasonality=seasonality,
        n_targets=n_targets,
        name=name,
    )
    scores = _interval_scores(y_true, lower, upper, coverage)
    # (n, h * k) -> (n, h, k), over (n, 1, k) or (1, 1, k)
    scores = scores.reshape(len(scores), -1, scale.shape[1]) / scale[:, np.newaxis]
    return mean_over_rows(scores, ~np.isnan(y_true), sample_weight)


@validate_params(
    _PARAMETERS | COVERAGE | SEASONALITY | {"y_train": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def msis(
    y_true: ArrayLike,
    interval: ArrayLike,
    *,
    coverage: float = 0.95,
    y_train: ArrayLike,
    seasonality: int = 1,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean scaled interval score.

    The interval score of each row, divided by the mean absolute error of the seasonal
    naive forecast within the history. It has no unit.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, horizon * n_targets)
        Observed values, in the units of the series, all targets of step 1 first; NaN
        where nothing was observed.
    interval : array-like of shape (n, horizon * n_targets, 2), or (n, 2) for one output
        Lower and upper ends, as ``predict_interval`` gives them, in the units of the
        series.
    coverage : float in (0, 1), default=0.95
        The nominal coverage of the intervals.
    y_train : array-like of shape (n_timestamps,), (n, length) or \
            (n, length, n_targets)
        The history used for scaling, in time order and in the units of `y_true`. One
        history for all rows, one per row, or one per row and target, as in
        :func:`mase`.
    seasonality : int, default=1
        Lag of the naive forecast, in timestamps.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally.

    Returns
    -------
    score : float
        At least 0, without a unit. Lower is better.

    Raises
    ------
    ValueError
        If `coverage` is not between 0 and 1 or `seasonality` not a positive integer; if
        shapes disagree; if a lower end is above the upper one; if the history has fewer
        than ``seasonality + 1`` timestamps; if a forecast is NaN or a value infinite;
        if an output has no observed value; if the weights are negative or all zero.

    See Also
    --------
    interval_score : The same in the units of the series.
    mase : The same scaling for point forecasts.
    msis_scorer : This metric as a scorer for model selection.

    Notes
    -----
    A history that repeats itself exactly has the scale zero, and is treated as in
    :func:`mase`.

    References
    ----------
    .. [1] Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2020). The M4
       Competition: 100,000 time series and 61 forecasting methods. International
       Journal of Forecasting, 36(1), 54-74. The section on prediction intervals.

    Examples
    --------
    Interval scores of 2 and 18, and a history that moves by 2 on average:

    >>> from sktorch_forecast.metrics import msis
    >>> msis([3, 8], [[2, 4], [2, 4]], coverage=0.5, y_train=[1, 3, 2, 5])
    5.0
    """
    return scaled_interval_score(
        y_true,
        interval,
        y_train,
        coverage=coverage,
        seasonality=seasonality,
        sample_weight=sample_weight,
    )
