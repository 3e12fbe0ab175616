"""How good quantiles are, without assuming anything about what lies between them.

Symbols in this file:

- ``n``: rows, that is origins;
- ``n_outputs``: ``horizon * n_targets`` values of a row, all targets of step 1 first;
- ``t``: the level of a quantile, between 0 and 1.

The pinball loss of a quantile ``q`` of level ``t`` is ``t * (y - q)`` if ``y`` is above
it and ``(1 - t) * (q - y)`` if it is below. Its expectation is smallest for the true
quantile.
"""

import numpy as np
from numpy.typing import ArrayLike

from .._utils.compat import validate_params
from .._utils.validation import check_quantiles
from ._checks import (
    check_outcomes,
    check_quantile_forecasts,
    check_sample_weight,
    mean_over_rows,
)

_PARAMETERS = {
    "y_true": ["array-like"],
    "y_quantiles": ["array-like"],
    "quantiles": ["array-like"],
    "sample_weight": ["array-like", None],
}


def _pinball(
    y_true: ArrayLike,
    y_quantiles: ArrayLike,
    quantiles: ArrayLike,
    sample_weight: ArrayLike | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Check all arguments; return losses (n, n_outputs, n_quantiles) and the rest.

    The rest are the levels, a mask of observed values, (n, n_outputs), and the weights.
    """
    levels = check_quantiles(quantiles)
    y_true = check_outcomes(y_true)
    y_quantiles = check_quantile_forecasts(y_quantiles, levels, y_true)
    sample_weight = check_sample_weight(sample_weight, y_true)
    # (n, n_outputs) -> (n, n_outputs, 1)
    error = y_true[..., np.newaxis] - y_quantiles
    loss = np.maximum(levels * error, (levels - 1) * error)
    return loss, levels, ~np.isnan(y_true), sample_weight


@validate_params(_PARAMETERS, prefer_skip_nested_validation=True)
def pinball_loss(
    y_true: ArrayLike,
    y_quantiles: ArrayLike,
    *,
    quantiles: ArrayLike,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Pinball loss, averaged over rows, outputs and quantiles.

    For the median it is half the absolute error. For other quantiles, errors on one
    side count for more: a quantile of level 0.9 should be exceeded one time in ten, so
    being too low costs nine times as much as being too high.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, horizon * n_targets)
        Observed values, in the units of the series, all targets of step 1 first; NaN
        where nothing was observed.
    y_quantiles : array-like of shape (n, horizon * n_targets, n_quantiles), or \
            (n, n_quantiles) for one output
        The forecasts, as ``predict_quantiles`` gives them, in the units of the series.
    quantiles : array-like of shape (n_quantiles,)
        Levels of the forecasts, increasing, between 0 and 1.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally.

    Returns
    -------
    loss : float
        At least 0, in the units of the series. Lower is better.

    Raises
    ------
    ValueError
        If the levels are not increasing and between 0 and 1; if shapes disagree; if a
        forecast is NaN or a value infinite; if an output has no observed value; if the
        weights are negative or all zero.

    See Also
    --------
    crps_quantiles : The integral over all levels.
    pinball_scorer : This metric as a scorer for model selection.
    sklearn.metrics.mean_pinball_loss : The same for one quantile.

    Notes
    -----
    Each quantile is scored by itself, so crossing quantiles (the higher level below the
    lower one) are scored as they are.

    References
    ----------
    .. [1] Koenker, R. and Bassett, G. (1978). Regression quantiles. Econometrica,
       46(1), 33-50.

    Examples
    --------
    The losses of the three quantiles are 0.1 * 2, 0 and 0.1 * 4.

    >>> from sktorch_forecast.metrics import pinball_loss
    >>> loss = pinball_loss([10], [[8, 10, 14]], quantiles=[0.1, 0.5, 0.9])
    >>> round(loss, 6)
    0.2
    """
    loss, _, observed, sample_weight = _pinball(
        y_true, y_quantiles, quantiles, sample_weight
    )
    return mean_over_rows(loss, observed, sample_weight)


@validate_params(_PARAMETERS, prefer_skip_nested_validation=True)
def crps_quantiles(
    y_true: ArrayLike,
    y_quantiles: ArrayLike,
    *,
    quantiles: ArrayLike,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Continuous ranked probability score (CRPS) of quantiles.

    The CRPS is twice the integral of the pinball loss over all levels from 0 to 1. Here
    the integral is approximated by a weighted sum over the given levels. The mean over
    rows and outputs is returned.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, horizon * n_targets)
        Observed values, in the units of the series, all targets of step 1 first; NaN
        where nothing was observed.
    y_quantiles : array-like of shape (n, horizon * n_targets, n_quantiles), or \
            (n, n_quantiles) for one output
        The forecasts, as ``predict_quantiles`` gives them, in the units of the series.
    quantiles : array-like of shape (n_quantiles,)
        Levels of the forecasts, increasing, between 0 and 1.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally.

    Returns
    -------
    score : float
        At least 0, in the units of the series. Lower is better.

    Raises
    ------
    ValueError
        If the levels are not increasing and between 0 and 1; if shapes disagree; if a
        forecast is NaN or a value infinite; if an output has no observed value; if the
        weights are negative or all zero.

    See Also
    --------
    crps_samples : The CRPS of samples.
    crps_normal : The CRPS of normal distributions.
    crps_scorer : This metric as a scorer for model selection.

    Notes
    -----
    **The quadrature.** The weight of each level is the width of its cell, which extends
    halfway to the level before and halfway to the level after; the first cell begins at
    0 and the last ends at 1. Between the outermost levels, that is the trapezoidal
    rule; beyond them, the loss is taken to be that of the outermost level. The weights
    are positive and sum to 1, so the score is smallest where each forecast is the true
    quantile of its own level, whatever the levels. For correct normal distributions,
    the levels 0.05, 0.1, ..., 0.95 give 1.4 % more than the integral, and 0.01, 0.02,
    ..., 0.99 give 0.1 % more.

    Each quantile is scored by itself, so crossing quantiles raise no error here either:
    the result is the sum of their pinball losses. But it is the CRPS of a distribution
    only where they do not cross; to score the distribution of sorted quantiles, sort
    them first: ``numpy.sort(y_quantiles, axis=-1)``.

    For the levels ``(i - 1/2) / m`` with ``i = 1, ..., m`` all weights are ``1 / m``.
    For ``m`` sorted samples at these levels the result is exactly that of
    :func:`crps_samples` [2]_.

    References
    ----------
    .. [1] Gneiting, T. and Ranjan, R. (2011). Comparing density forecasts using
       threshold- and quantile-weighted scoring rules. Journal of Business & Economic
       Statistics, 29(3), 411-422. The CRPS as an integral over levels.
    .. [2] Broecker, J. (2012). Evaluating raw ensembles with the continuous ranked
       probability score. Quarterly Journal of the Royal Meteorological Society,
       138(667), 1611-1617.

    Examples
    --------
    Cells of 0.3, 0.4 and 0.3 for losses of 0.2, 0 and 0.4:

    >>> from sktorch_forecast.metrics import crps_quantiles
    >>> score = crps_quantiles([10], [[8, 10, 14]], quantiles=[0.1, 0.5, 0.9])
    >>> round(score, 6)
    0.36
    """
    loss, levels, observed, sample_weight = _pinball(
        y_true, y_quantiles, quantiles, sample_weight
    )
    borders = np.concatenate([[0], (levels[:-1] + levels[1:]) / 2, [1]])
    # (n, n_outputs, n_quantiles) -> (n, n_outputs)
    return mean_over_rows(2 * loss @ np.diff(borders), observed, sample_weight)
