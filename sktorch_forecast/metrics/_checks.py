"""How the metrics check outcomes, forecasts and weights.

NaN in `y_true` is a value that was not observed. It is left out of every mean: first
over the observed rows of each output, then over the outputs. Nothing else may be
missing.

Symbols in this file:

- ``n``: rows, that is origins;
- ``n_outputs``: ``horizon * n_targets`` values of a row, step-major.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length

from .._data.checks import unmasked
from .._utils.annotated import check_array
from .._utils.validation import check_numeric, check_observed


def check_numbers(
    values: ArrayLike,
    name: str,
    *,
    allow_nd: bool = False,
    ensure_non_negative: bool = False,
    ensure_all_finite: bool | Literal["allow-nan"] = True,
) -> np.ndarray:
    """Return `values` as finite float64 numbers of one or more dimensions.

    Parameters
    ----------
    values : array-like of any shape
        At least one number.
    name : str
        What to call them in the error.
    allow_nd : bool, default=False
        Whether there may be more than two dimensions.
    ensure_non_negative : bool, default=False
        Whether numbers below 0 are an error.
    ensure_all_finite : bool or "allow-nan", default=True
        Whether NaN and infinite numbers are an error; "allow-nan" for infinite ones.

    Returns
    -------
    values : ndarray of the shape of `values`, float64

    Raises
    ------
    TypeError
        If the values are dates or time steps, or not an array at all.
    ValueError
        If a value is not a number, or is NaN, infinite or below 0 where that is not
        allowed; if there are no values, or too many dimensions.
    """
    check_numeric(values, name)
    return check_array(
        values,
        dtype=np.float64,
        ensure_2d=False,
        allow_nd=allow_nd,
        ensure_non_negative=ensure_non_negative,
        ensure_all_finite=ensure_all_finite,
        input_name=name,
    )


def check_outcomes(y_true: ArrayLike) -> np.ndarray:
    """Return observed values as ``(n, n_outputs)``, with NaN for missing ones.

    Raises
    ------
    ValueError
        If a value is infinite, or an output has nothing but NaN.
    """
    y_true = check_numbers(unmasked(y_true), "y_true", ensure_all_finite="allow-nan")
    # One output per row may come as (n,) or as a column, as in scikit-learn.
    y_true = y_true.reshape(len(y_true), -1)
    check_observed(y_true, "y_true")
    return y_true


def check_outputs(
    y_true: ArrayLike, y_pred: ArrayLike, name: str = "y_pred"
) -> tuple[np.ndarray, np.ndarray]:
    """Return observed values and one number for each, both as ``(n, n_outputs)``.

    Raises
    ------
    ValueError
        If the shapes differ, a forecast is not finite, or as for `check_outcomes`.
    """
    y_true = check_outcomes(y_true)
    y_pred = check_numbers(y_pred, name)
    check_consistent_length(y_true, y_pred)
    y_pred = y_pred.reshape(len(y_pred), -1)
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"y_true and {name} must have the same shape, found "
            f"{y_true.shape} and {y_pred.shape}: both need every step of the horizon "
            "for every target."
        )
    return y_true, y_pred


def check_sample_weight(
    sample_weight: ArrayLike | None, y_true: np.ndarray
) -> np.ndarray | None:
    """Return the weights of the rows of `y_true` as ``(n,)``, or None.

    Raises
    ------
    ValueError
        If they are not `n` finite, non-negative numbers, or no observed row of an
        output has a positive one.
    """
    if sample_weight is None:
        return None
    n = len(y_true)
    sample_weight = check_numbers(
        sample_weight, "sample_weight", ensure_non_negative=True
    )
    if sample_weight.shape != (n,):
        raise ValueError(
            "sample_weight must hold one weight per row: expected "
            f"shape {(n,)}, found {sample_weight.shape}."
        )
    if not sample_weight.any():
        raise ValueError(
            "sample_weight must have a positive sum, found only zeros: leave it "
            "out to weight all rows alike."
        )
    counts = sample_weight > 0
    check_observed(y_true[counts], "y_true", " where sample_weight is positive")
    return sample_weight


def check_quantile_forecasts(
    y_quantiles: ArrayLike, levels: np.ndarray, y_true: np.ndarray
) -> np.ndarray:
    """Return quantiles as ``(n, n_outputs, n_quantiles)``.

    Raises
    ------
    ValueError
        If the shape does not match `levels` and `y_true`, or a value is not finite.
    """
    y_quantiles = check_numbers(y_quantiles, "y_quantiles", allow_nd=True)
    if y_quantiles.ndim == 2 and y_true.shape[1] == 1:
        y_quantiles = y_quantiles[:, np.newaxis]
    if y_quantiles.shape != (*y_true.shape, len(levels)):
        raise ValueError(
            "y_quantiles must have the shape (n, n_outputs, n_quantiles): expected "
            f"{(*y_true.shape, len(levels))} for the shape {y_true.shape} of y_true "
            f"and {len(levels)} quantiles, found {y_quantiles.shape}. Pass what "
            "predict_quantiles returns for the same quantiles."
        )
    return y_quantiles


def check_interval(
    interval: ArrayLike, y_true: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper ends, each ``(n, n_outputs)``.

    Without `y_true`, `interval` itself says how many outputs there are.

    Raises
    ------
    ValueError
        If the shape does not match, a value is NaN, or a lower end is above the upper
        one. Ends may be infinite, as in a ConformalForecaster that was calibrated with
        too few origins.
    """
    interval = check_numbers(
        interval, "interval", allow_nd=True, ensure_all_finite=False
    )
    _check_nan(interval)
    if interval.ndim == 2 and (y_true is None or y_true.shape[1] == 1):
        interval = interval[:, np.newaxis]
    if y_true is None:
        if interval.ndim != 3 or interval.shape[2] != 2:
            raise ValueError(
                "interval must have the shape (n, n_outputs, 2), or (n, 2) for one "
                f"output, found {interval.shape}. Pass what predict_interval returns."
            )
    elif interval.shape != (*y_true.shape, 2):
        raise ValueError(
            f"interval must have the shape (n, n_outputs, 2): expected "
            f"{(*y_true.shape, 2)} for the shape {y_true.shape} of y_true, found "
            f"{interval.shape}. Pass what predict_interval returns."
        )
    # (n, n_outputs, 2) -> (n, n_outputs) twice
    lower, upper = np.moveaxis(interval, -1, 0)
    if (crossed := lower > upper).any():
        row, output = np.argwhere(crossed)[0]
        raise ValueError(
            "interval must hold the lower end first and the upper end last, found "
            f"{lower[row, output]:g} above {upper[row, output]:g} at row {row}, output "
            f"{output}. Sort it along the last axis if the ends are merely swapped."
        )
    return lower, upper


def _check_nan(interval: np.ndarray) -> None:
    """Raise a ValueError where an end is NaN, or infinite on the wrong side."""
    if np.isnan(interval).any():
        raise ValueError(
            "Input interval contains NaN; expected numbers, or infinity where an "
            "interval has no end. Drop the rows that were not forecast."
        )
    lower, upper = interval[..., 0], interval[..., -1]
    if (lower == np.inf).any() or (upper == -np.inf).any():
        raise ValueError(
            "Expected a lower end below infinity and an upper end above minus "
            "infinity, found an interval that contains no number. Use -inf for no "
            "lower end, and inf for no upper end."
        )


def check_samples(samples: ArrayLike, y_true: np.ndarray) -> np.ndarray:
    """Return sample paths as ``(n_samples, n, n_outputs)``.

    Raises
    ------
    ValueError
        If the shape does not match `y_true`, or a value is not finite.
    """
    samples = check_numbers(samples, "samples", allow_nd=True)
    if samples.ndim == 2 and y_true.shape[1] == 1:
        samples = samples[..., np.newaxis]
    if samples.ndim != 3 or samples.shape[1:] != y_true.shape:
        raise ValueError(
            "samples must have the shape (n_samples, n, n_outputs): expected "
            f"(n_samples, {y_true.shape[0]}, {y_true.shape[1]}) for the shape "
            f"{y_true.shape} of y_true, found {samples.shape}. Pass what sample "
            "returns."
        )
    return samples


def mean_over_rows(
    values: np.ndarray, observed: np.ndarray, sample_weight: np.ndarray | None
) -> float:
    """Return the mean over outputs of each output's mean over its observed rows.

    Parameters
    ----------
    values : ndarray of shape (n, n_outputs, ...)
        Errors or the like; where `observed` is False, any value. Further axes are
        averaged over, too.
    observed : ndarray of shape (n, n_outputs), bool
        Each output must have an observed row with a positive weight.
    sample_weight : ndarray of shape (n,) or None
        Weights of the rows, checked.

    Returns
    -------
    mean : float
    """
    n, n_outputs = observed.shape
    # (n, n_outputs, ...) -> (n, n_outputs)
    values = values.reshape(n, n_outputs, -1).mean(axis=-1)
    weights = observed.astype(np.float64)
    if sample_weight is not None:
        weights *= sample_weight[:, np.newaxis]
    values = np.where(weights > 0, values, 0)  # 0 times infinity is NaN
    return float(np.average(values, axis=0, weights=weights).mean())
