"""A forecast from one origin, for one target, as shown in a plot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .._data.windows import Windows
from .._utils.compat import safe_indexing
from .._utils.typing import RandomState
from .._utils.validation import check_coverages, check_positive_int
from ..metrics._uncertainty_of import uncertainty_of, unwrapped
from ._time_axis import time_axis


@dataclass(frozen=True, eq=False)
class OriginForecast:
    """One forecast with everything that is drawn, in the units of the series.

    Parameters
    ----------
    window : ndarray of shape (length,)
        Values up to and including the origin.
    y_pred : ndarray of shape (horizon,)
        Point forecast of each step.
    y_true : ndarray of shape (horizon,) or None
        What followed.
    coverages : list of float, of length n_coverages
        Coverages of the intervals, between 0 and 1.
    intervals : ndarray of shape (n_coverages, horizon, 2) or None
        Lower and upper ends; None if none were requested.
    paths : ndarray of shape (n_paths, horizon) or None
        Sample paths; None if none were requested.
    timestamps : pandas.Index of length ``length + horizon``, or None
        Timestamps of the window and the steps, if known.
    forecaster : str
        Name of the forecaster's class.
    """

    window: np.ndarray
    y_pred: np.ndarray
    y_true: np.ndarray | None
    coverages: list[float]
    intervals: np.ndarray | None
    paths: np.ndarray | None
    timestamps: pd.Index | None
    forecaster: str


def forecast_at(
    estimator: Any,
    X: Windows | ArrayLike,
    y: ArrayLike | None,
    origin: int,
    *,
    target: int,
    coverages: Sequence[float],
    n_paths: int,
    random_state: RandomState,
) -> OriginForecast:
    """Forecast from one origin, with the forecaster or the one inside it.

    Parameters
    ----------
    estimator : estimator
        Fitted forecaster, or a pipeline or search that ends in one.
    X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
            shape (n_origins, length, n_channels)
        What its ``predict`` takes.
    y : array of shape (n_origins,) or (n_origins, horizon * n_targets), or None
        What followed each window.
    origin : int
        Row of `X`; negative counts from the end.
    target : int
        Which of the target channels.
    coverages : sequence of float
        Coverages of the intervals, between 0 and 1.
    n_paths : int
        Sample paths; 0 for none.
    random_state : int, RandomState instance or None
        Seeds the paths.

    Returns
    -------
    forecast : OriginForecast

    Raises
    ------
    TypeError
        If intervals or paths are requested from a forecaster that has none.
    ValueError
        If there is no such origin or target, or the data are not valid.
    """
    coverages = check_coverages(coverages)
    n_paths = 0 if n_paths == 0 else check_positive_int(n_paths, "n_paths")
    forecaster, windows = unwrapped(estimator, X)
    if coverages:
        uncertainty_of(forecaster, windows, "predict_interval")
    if n_paths:
        uncertainty_of(forecaster, windows, "sample")
    n_targets = getattr(windows, "n_targets", 1)
    n_origins = _n_origins(windows)
    _check_index(origin, "origin", -n_origins, n_origins)
    _check_index(target, "target", 0, n_targets)
    y_true = None if y is None else _row(y, origin, len(windows))

    def of_target(outputs: np.ndarray) -> np.ndarray:
        # (..., horizon * n_targets) -> (..., horizon)
        return outputs.reshape(*outputs.shape[:-1], -1, n_targets)[..., target]

    x = safe_indexing(windows, [origin])
    y_pred = of_target(np.reshape(forecaster.predict(x), -1))
    # Each (1, outputs, 2) -> (horizon, 2)
    intervals = [
        of_target(forecaster.predict_interval(x, coverage)[0].T).T
        for coverage in coverages
    ]
    paths = None
    if n_paths:
        # (n_paths, 1, outputs) -> (n_paths, horizon)
        paths = of_target(forecaster.sample(x, n_paths, random_state)[:, 0])
    # Use the forecaster's own windows if they are lazy, since lazy ones are always in
    # the units of the series. Others may have been scaled on the way.
    is_lazy = isinstance(windows, Windows)
    seen = np.asarray(x if is_lazy else safe_indexing(X, [origin]))[0]
    return OriginForecast(
        # (length,) or (length, n_channels) -> (length,)
        window=seen.reshape(len(seen), -1)[:, target],
        y_pred=y_pred,
        y_true=None if y_true is None else of_target(y_true),
        coverages=coverages,
        intervals=np.stack(intervals) if intervals else None,
        paths=paths,
        timestamps=time_axis(windows, origin, len(y_pred)) if is_lazy else None,
        forecaster=type(forecaster).__name__,
    )


def _n_origins(windows: Any) -> int:
    """Number of origins, at least one."""
    shape = np.shape(windows)
    if len(shape) < 2 or not shape[0]:
        raise ValueError(
            "Expected windows in X, a row for each origin and at least one, found "
            f"shape {shape}."
        )
    return shape[0]


def _row(y: Any, origin: int, n_origins: int) -> np.ndarray:
    """What followed one origin, (outputs,)."""
    shape = np.shape(y)
    if not shape or shape[0] != n_origins:
        raise ValueError(
            f"Expected y for the {n_origins} origins of X, found shape {shape}."
        )
    return np.ravel(safe_indexing(y, [origin]))


def _check_index(value: Any, name: str, start: int, stop: int) -> None:
    """Raise a ValueError unless `value` is an integer of range(start, stop)."""
    is_int = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not is_int or not start <= value < stop:
        raise ValueError(
            f"Expected {name} as an integer from {start} to {stop - 1}, found "
            f"{value!r}."
        )
