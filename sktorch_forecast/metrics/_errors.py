"""Scale-free forecast errors.

Symbols in this file:

- ``n``: rows, that is origins (or series, in a competition);
- ``h``: steps of the horizon;
- ``k``: target channels. Outputs are step-major: a row of ``y`` holds the ``k``
  targets of step 1, then those of step 2, and so on, ``h * k`` values in all.

MASE and RMSSE are the same computation with power 1 and power 2. Each divides the error
of a forecast by the error of the seasonal naive forecast within the history.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils.compat import validate_params
from ._checks import check_outputs, check_sample_weight, mean_over_rows
from ._scale import SEASONALITY, history_scale, mean_of_known

# What the public functions accept; shapes and values are checked where they are used.
_PARAMETERS = {
    "y_true": ["array-like"],
    "y_pred": ["array-like"],
    "sample_weight": ["array-like", None],
}
_SCALED_PARAMETERS = {**_PARAMETERS, **SEASONALITY, "y_train": ["array-like"]}


def scaled_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    history: Any,
    *,
    power: int,
    seasonality: int,
    n_targets: int | None = None,
    sample_weight: ArrayLike | None = None,
    name: str = "y_train",
) -> float:
    """Return MASE (``power=1``) or RMSSE (``power=2``).

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,) or (n, horizon * n_targets)
        Observed values and forecasts, in the units of the series.
    history, power, seasonality, n_targets, name
        As for :func:`history_scale`.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally.

    Returns
    -------
    error : float
        At least 0, without a unit.

    Raises
    ------
    ValueError
        If shapes disagree, a value is not finite, or the history is too short.
    """
    y_ndim = np.ndim(y_true)
    y_true, y_pred = check_outputs(y_true, y_pred)
    sample_weight = check_sample_weight(sample_weight, y_true)
    scale = history_scale(
        y_true,
        history,
        power=power,
        seasonality=seasonality,
        n_targets=n_targets,
        name=name,
    )

    error = np.abs(y_true - y_pred)
    if power == 2 and y_ndim == 1 and len(scale) == 1:
        # The rows are the steps of one horizon, which RMSSE pools under one root. (A
        # single row with its own history comes here too, with the same result.)
        square = mean_over_rows(error**2, ~np.isnan(error), sample_weight)
        return float(np.sqrt(square) / scale[0, 0])
    # (n, h * k) -> (n, h, k)
    error = error.reshape(len(error), -1, scale.shape[1])
    if power == 2:  # a root for each row and target: (n, 1, k)
        error = np.sqrt(mean_of_known(error**2))[:, np.newaxis]
    # over (n, 1, k), or over (1, 1, 1) if one history serves all rows
    error = (error / scale[:, np.newaxis]).reshape(len(error), -1)
    return mean_over_rows(error, ~np.isnan(error), sample_weight)


@validate_params(_SCALED_PARAMETERS, prefer_skip_nested_validation=True)
def mase(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    y_train: ArrayLike,
    *,
    seasonality: int = 1,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean absolute scaled error.

    The mean absolute error of the forecasts, divided by the mean absolute error of the
    seasonal naive forecast within the history. It has no unit. A value of 1 means that
    the forecasts are as good as repeating the value from `seasonality` timestamps ago
    was within the history; 0 is a perfect forecast.

    Parameters
    ----------
    y_true : array-like of shape (n,), (n, horizon) or (n, horizon * n_targets)
        Observed values, in the units of the series; NaN where nothing was observed.
        Several targets are step-major: all targets of step 1, then all targets of step
        2, and so on.
    y_pred : array-like of the shape of `y_true`
        The forecasts, in the units of the series.
    y_train : array-like of shape (n_timestamps,), (n, length) or \
            (n, length, n_targets)
        The history used for scaling, in time order and in the units of `y_true`.

        - 1-D: one history, and so one scale, for all rows of `y_true`.
        - 2-D: row ``i`` is the history of row ``i`` of `y_true`. Each row is divided
          by its own scale, and the result is the mean over rows.
        - 3-D: as 2-D, with a separate scale for each target. A ``Windows`` also works:
          its target channels are used, and it is never in memory as a whole.

        Where values are missing (NaN), the scale comes from the known differences;
        there must be at least one for each row and target that is scored.
    seasonality : int, default=1
        Lag of the naive forecast, in timestamps: 12 for monthly values with a yearly
        cycle, 1 for no season.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally.

    Returns
    -------
    error : float
        The error, at least 0, without a unit. Lower is better.

    Raises
    ------
    ValueError
        If `seasonality` is not a positive integer; if shapes disagree; if the history
        has fewer than ``seasonality + 1`` timestamps; if a forecast is NaN or a value
        infinite; if an output has no observed value; if the weights are negative or all
        zero.

    See Also
    --------
    rmsse : The same idea with squared errors.
    mase_scorer : This metric as a scorer for model selection.

    Notes
    -----
    A 1-D `y_true` is read as ``n`` rows of horizon 1. Together with a 1-D `y_train` it
    could also be the horizon of one series: MASE is the same number either way.

    A history that repeats itself exactly has the scale zero. The scale is then taken
    to be ``numpy.finfo(numpy.float64).eps``, as in scikit-learn's
    ``mean_absolute_percentage_error``: the result is very large but finite, and 0 if
    the forecast is perfect.

    References
    ----------
    .. [1] Hyndman, R. J. and Koehler, A. B. (2006). Another look at measures of
       forecast accuracy. International Journal of Forecasting, 22(4), 679-688. The
       scaled error of section 3.
    .. [2] Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2020). The M4
       Competition: 100,000 time series and 61 forecasting methods. International
       Journal of Forecasting, 36(1), 54-74. The seasonal lag in the scale.

    Examples
    --------
    Within the history, repeating the last value misses by 2, 1 and 3: 2 on average.
    The forecasts miss by 1 and 3, which is also 2 on average.

    >>> from sktorch_forecast.metrics import mase
    >>> mase([4, 6], [5, 9], y_train=[1, 3, 2, 5])
    1.0

    Two origins, each with its own history:

    >>> mase([[4, 6], [40, 60]], [[5, 9], [50, 90]],
    ...      y_train=[[1, 3, 2, 5], [10, 30, 20, 50]])
    1.0
    """
    return scaled_error(
        y_true,
        y_pred,
        y_train,
        power=1,
        seasonality=seasonality,
        sample_weight=sample_weight,
    )


@validate_params(_SCALED_PARAMETERS, prefer_skip_nested_validation=True)
def rmsse(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    y_train: ArrayLike,
    *,
    seasonality: int = 1,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Root mean squared scaled error.

    For each row (and target), the root mean squared error over the horizon, divided by
    the root mean squared error of the seasonal naive forecast within the history; then
    the mean over rows. It has no unit. Large misses count for more than in MASE.

    Parameters
    ----------
    y_true : array-like of shape (n,), (n, horizon) or (n, horizon * n_targets)
        Observed values, in the units of the series; NaN where nothing was observed.
        Several targets are step-major: all targets of step 1, then all targets of step
        2, and so on. See the notes for what a 1-D `y_true` means.
    y_pred : array-like of the shape of `y_true`
        The forecasts, in the units of the series.
    y_train : array-like of shape (n_timestamps,), (n, length) or \
            (n, length, n_targets)
        The history used for scaling, in time order and in the units of `y_true`. One
        history for all rows, one per row, or one per row and target, as in
        :func:`mase`.
    seasonality : int, default=1
        Lag of the naive forecast, in timestamps. 1 is the definition of [1]_.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally. With a 1-D
        `y_true` and a 1-D `y_train` they are weights of the steps.

    Returns
    -------
    error : float
        The error, at least 0, without a unit. Lower is better.

    Raises
    ------
    ValueError
        If `seasonality` is not a positive integer; if shapes disagree; if the history
        has fewer than ``seasonality + 1`` timestamps; if a forecast is NaN or a value
        infinite; if an output has no observed value; if the weights are negative or all
        zero.

    See Also
    --------
    mase : The same idea with absolute errors.
    rmsse_scorer : This metric as a scorer for model selection.

    Notes
    -----
    Because of the root, it matters which errors are averaged under it:

    - a 1-D `y_true` with a 1-D `y_train` is the horizon of one series: all squared
      errors are averaged before the one root;
    - a 1-D `y_true` with a 2-D or 3-D `y_train` is ``n`` rows of horizon 1, each with
      its own root;
    - a 2-D `y_true` always has one root per row (and target). For ``n`` rows of horizon
      1 that share a 1-D `y_train`, pass columns of shape ``(n, 1)``.

    Where steps of a row were not observed, its root is over the observed ones. The mean
    for each target is then over the rows with observed steps.

    The competition of [1]_ drops the zeros before the first sale of a product from
    the history. This function uses all the history that it is given.

    A history that repeats itself exactly has the scale zero. The scale (after the
    root) is then taken to be ``numpy.finfo(numpy.float64).eps``: the result is very
    large but finite, and 0 if the forecast is perfect.

    References
    ----------
    .. [1] Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2022). M5 accuracy
       competition: Results, findings, and conclusions. International Journal of
       Forecasting, 38(4), 1346-1364. The RMSSE of the section on evaluation.

    Examples
    --------
    Within the history, repeating the last value misses by 2, 1 and 2, a mean square
    of 3. The forecasts miss by 3 and 3 and so have a mean square of 9.

    >>> from sktorch_forecast.metrics import rmsse
    >>> error = rmsse([4, 6], [7, 9], y_train=[1, 3, 2, 4])
    >>> round(error**2, 6)
    3.0
    """
    return scaled_error(
        y_true,
        y_pred,
        y_train,
        power=2,
        seasonality=seasonality,
        sample_weight=sample_weight,
    )


@validate_params(_PARAMETERS, prefer_skip_nested_validation=True)
def smape(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Symmetric mean absolute percentage error.

    The mean of ``2 * |y_true - y_pred| / (|y_true| + |y_pred|)`` over all rows and
    outputs. It is a fraction, not a percentage, as in scikit-learn's
    ``mean_absolute_percentage_error``.

    Parameters
    ----------
    y_true : array-like of shape (n,), (n, horizon) or (n, horizon * n_targets)
        Observed values, in the units of the series; NaN where nothing was observed.
    y_pred : array-like of the shape of `y_true`
        The forecasts, in the units of the series.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally.

    Returns
    -------
    error : float
        The error as a fraction, from 0 (perfect) to 2. Lower is better.

    Raises
    ------
    ValueError
        If shapes disagree; if a forecast is NaN or a value infinite; if an output has
        no observed value; if the weights are negative or all zero.

    See Also
    --------
    mase : A metric that also suits values around zero.
    smape_scorer : This metric as a scorer for model selection.

    Notes
    -----
    Where the value and its forecast are both zero, the forecast is perfect and counts
    as 0. Where just one of them is zero, or where their signs differ, the error is 2 no
    matter how close they are, so this metric is suitable only for positive values.

    Papers and competitions report a percentage, from 0 to 200: multiply by 100 to
    compare. The loss ``"smape"`` of the networks is the same fraction.

    References
    ----------
    .. [1] Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2020). The M4
       Competition: 100,000 time series and 61 forecasting methods. International
       Journal of Forecasting, 36(1), 54-74. The sMAPE of the section on evaluation.

    Examples
    --------
    >>> from sktorch_forecast.metrics import smape
    >>> smape([100, 0], [300, 0])
    0.5
    """
    y_true, y_pred = check_outputs(y_true, y_pred)
    sample_weight = check_sample_weight(sample_weight, y_true)
    size = np.abs(y_true) + np.abs(y_pred)
    # The numerator is 0 wherever the size is 0, so any other divisor gives 0 there.
    ratio = np.abs(y_true - y_pred) / np.where(size == 0, 1, size)
    return mean_over_rows(2 * ratio, ~np.isnan(y_true), sample_weight)
