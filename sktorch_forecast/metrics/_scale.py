"""The scale of MASE, RMSSE and MSIS: how far the seasonal naive forecast misses.

The seasonal naive forecast repeats the value of ``m`` timestamps ago.

Symbols in this file:

- ``n``: rows, that is origins (or series, in a competition);
- ``k``: target channels;
- ``m``: the seasonality, in timestamps.
"""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import gen_batches

from .._data.checks import unmasked
from .._utils.compat import Interval
from .._utils.validation import check_numeric
from ._checks import check_numbers

# A batch of histories holds about this many values (8 MiB as float64).
_BATCH_VALUES = 2**20

# What the public functions accept.
SEASONALITY = {"seasonality": [Interval(Integral, 1, None, closed="left")]}


def naive_scale(
    history: Any, *, power: int, seasonality: int, n_targets: int, name: str
) -> np.ndarray:
    """Return the in-sample error of the seasonal naive forecast.

    Parameters
    ----------
    history : array of shape (n, length, n_channels)
        Values before the forecast, targets first. Anything works that has a shape, can
        be sliced by rows and converts to an array. Batches of rows are converted one at
        a time, so a lazy `history` is never in memory as a whole.
    power : {1, 2}
        1 for the mean absolute error, 2 for the root of the mean squared error.
    seasonality : int
        Lag of the naive forecast, in timestamps.
    n_targets : int
        How many leading channels are targets.
    name : str
        What error messages call `history`.

    Returns
    -------
    scale : ndarray of shape (n, n_targets), float64
        In the units of the series for both powers; 0 where the history repeats itself.
        Differences with a missing value (NaN) are left out; NaN where all are missing.

    Raises
    ------
    ValueError
        If the history is no longer than a season, or a target is infinite.
    """
    n, length = history.shape[:2]
    if length <= seasonality:
        raise ValueError(
            f"{name} must reach further back than one season: expected at least "
            f"{seasonality + 1} timestamps for seasonality={seasonality}, found "
            f"{length}. Pass a longer history or a smaller seasonality."
        )
    scale = np.empty((n, n_targets))
    values_per_row = int(np.prod(history.shape[1:]))
    for batch in gen_batches(n, max(1, _BATCH_VALUES // values_per_row)):
        targets = np.asarray(history[batch])[:, :, :n_targets]
        values = check_numbers(
            targets, name, allow_nd=True, ensure_all_finite="allow-nan"
        )
        naive_error = np.abs(values[:, seasonality:] - values[:, :-seasonality])
        # (batch, length - m, k) -> (batch, k)
        scale[batch] = mean_of_known(naive_error**power) ** (1 / power)
    return scale


def mean_of_known(values: np.ndarray) -> np.ndarray:
    """Mean over axis 1 of the values that are not NaN; NaN where all are."""
    n_known = (~np.isnan(values)).sum(axis=1)
    total = np.nansum(values, axis=1)
    return np.where(n_known, total / np.maximum(n_known, 1), np.nan)


def history_scale(
    y_true: np.ndarray,
    history: Any,
    *,
    power: int,
    seasonality: int,
    n_targets: int | None,
    name: str,
) -> np.ndarray:
    """Return the scale of checked `y_true`, from a history that is not checked yet.

    Parameters
    ----------
    y_true : ndarray of shape (n, horizon * n_targets)
        Observed values, which the scale must match in shape.
    history : array-like of shape (n_timestamps,), (n, length) or \
            (n, length, n_channels)
        Values before the forecast, in the units of the series, targets first. A
        ``Windows`` is never in memory as a whole.
    power : {1, 2}
        As for :func:`naive_scale`.
    seasonality : int
        Lag of the naive forecast, in timestamps.
    n_targets : int or None
        How many leading channels of a 3-D `history` are targets. None means the
        ``n_targets`` of `history`, or all channels if it has no such attribute.
    name : str
        What error messages call `history`.

    Returns
    -------
    scale : ndarray of shape (n, n_targets), or (1, n_targets) for a 1-D `history`
        In the units of the series, and above zero; NaN where it is unknown and not
        needed because nothing was observed.

    Raises
    ------
    ValueError
        If the shapes do not match, a scale that is needed is unknown, or as for
        :func:`naive_scale`.
    """
    history = unmasked(history)
    check_numeric(history, name)
    # Only windows are left as they are, since they may be lazy.
    if len(getattr(history, "shape", ())) != 3:
        history = np.asarray(history)
    ndim = len(history.shape)
    if ndim not in (1, 2, 3):
        raise ValueError(
            f"{name} must have 1, 2 or 3 dimensions, found shape {history.shape}: pass "
            "(n_timestamps,), (n, length) or (n, length, n_targets)."
        )
    if ndim > 1 and history.shape[0] != len(y_true):
        raise ValueError(
            f"{name} must hold one history per row of y_true: expected {len(y_true)} "
            f"rows, found {history.shape[0]}. Pass a 1-D history to scale all rows "
            "alike."
        )
    if ndim == 3:
        known = getattr(history, "n_targets", history.shape[2])
        k = known if n_targets is None else n_targets
    else:
        k = 1
        # (n_timestamps,) -> (1, n_timestamps, 1), or (n, length) -> (n, length, 1)
        n_rows = 1 if ndim == 1 else len(y_true)
        history = history.reshape(n_rows, history.shape[-1], 1)
    n_outputs = y_true.shape[1]
    if n_outputs % k:
        raise ValueError(
            f"y_true must have horizon * n_targets outputs per row: {name} has "
            f"{k} targets, found {n_outputs} outputs. Give all targets of step "
            "1 first, then those of step 2."
        )
    scale = naive_scale(
        history, power=power, seasonality=seasonality, n_targets=k, name=name
    )
    # (n, h * k) -> (n, h, k) -> (n, k)
    is_needed = (~np.isnan(y_true)).reshape(len(y_true), -1, k).any(axis=1)
    unknown = np.argwhere(is_needed & np.isnan(scale))
    if len(unknown):
        row, target = unknown[0]
        raise ValueError(
            f"Expected {name} to hold two values that are seasonality={seasonality} "
            "timestamps apart, to compute the scale, for every row and target, found "
            f"none in row {row}, target {target}. Pass a longer history or a smaller "
            "seasonality, or leave that row out."
        )
    # scikit-learn's convention for a division by zero in MAPE: large, but finite.
    return np.maximum(scale, np.finfo(np.float64).eps)
