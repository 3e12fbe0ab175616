"""Forecasts of windows as frames, with intervals if they are asked for."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from .._data.frequency import with_freq
from .._data.windows import Windows
from .._utils.validation import levels_of
from ..metrics._uncertainty_of import uncertainty_of

Coverage: TypeAlias = float | Sequence[float] | None


def forecasts_of(
    estimator: Any, X: Windows, horizon: int, coverages: list[float]
) -> np.ndarray:
    """Forecasts and the ends of intervals.

    Parameters
    ----------
    estimator : estimator
        Fitted, takes windows.
    X : Windows
    horizon : int
        Steps that it must forecast.
    coverages : list of float

    Returns
    -------
    forecasts : ndarray of shape (n_origins, horizon, n_targets, 1 + 2 * n_coverages)
        The forecast, then the lower and the upper end for each coverage.
    """
    points = np.asarray(estimator.predict(X)).reshape(len(X), -1, 1)
    if points.shape[1] != horizon * X.n_targets:
        raise ValueError(
            f"Expected {horizon * X.n_targets} forecasts for each origin, horizon="
            f"{horizon} of {X.n_targets} targets, found {points.shape[1]}. Leave the "
            "horizon to SeriesForecaster."
        )
    parts = [points]
    if coverages:
        ends = np.concatenate([levels_of(coverage) for coverage in coverages])
        levels, places = np.unique(ends, return_inverse=True)
        forecaster: Any
        forecaster, windows = uncertainty_of(estimator, X)
        # All at once, so that intervals lie within each other.
        parts.append(forecaster.predict_quantiles(windows, levels)[..., places])
    forecasts = np.concatenate(parts, axis=-1)
    # (n, horizon * n_targets, ...) -> (n, horizon, n_targets, ...)
    return forecasts.reshape(len(X), horizon, X.n_targets, -1)


def forecast_frame(
    forecasts: np.ndarray,
    X: Windows,
    coverages: list[float],
    freq: pd.offsets.BaseOffset | None,
) -> pd.DataFrame:
    """One row for each step, one column for each target and end of an interval.

    Parameters
    ----------
    forecasts : ndarray
        As `forecasts_of` gives them.
    X : Windows
    coverages : list of float
    freq : offset of pandas or None
        Frequency of the index of a single series.

    Returns
    -------
    frame : DataFrame of n_origins * horizon rows
    """
    n_origins, horizon, n_targets, n_columns = forecasts.shape
    index = with_freq(X.future_index(horizon), freq)
    names = [
        name if end == "forecast" else f"{name}_{end}"
        for name in X.channels[:n_targets]
        for end in _ends(coverages)
    ]
    flat = forecasts.reshape(n_origins * horizon, n_targets * n_columns)
    return pd.DataFrame(flat, index=index, columns=names)


def backtest_frame(
    forecasts: np.ndarray, y: np.ndarray, X: Windows, coverages: list[float]
) -> pd.DataFrame:
    """One row for each origin, step and target.

    Parameters
    ----------
    forecasts : ndarray
        As `forecasts_of` gives them.
    y : ndarray of shape (n_origins,) or (n_origins, horizon * n_targets)
        The truth.
    X : Windows
    coverages : list of float

    Returns
    -------
    frame : DataFrame of n_origins * horizon * n_targets rows
    """
    n_origins, horizon, n_targets, n_columns = forecasts.shape
    n_rows = horizon * n_targets
    steps = X.future_index(horizon)
    columns = {}
    if X.ids is not None:
        steps = steps.get_level_values(-1)
        columns["id"] = X.ids.take(np.repeat(X.series, n_rows))
    columns["origin"] = X.timestamps.repeat(n_rows)
    columns["step"] = np.tile(
        np.repeat(np.arange(1, horizon + 1), n_targets), n_origins
    )
    columns["timestamp"] = steps.repeat(n_targets)
    if n_targets > 1:
        targets = pd.Index(X.channels[:n_targets])
        columns["target"] = targets.take(
            np.tile(np.arange(n_targets), n_origins * horizon)
        )
    columns["y"] = np.asarray(y).ravel()
    flat = forecasts.reshape(-1, n_columns)
    for place, end in enumerate(_ends(coverages)):
        columns[end] = flat[:, place]
    return pd.DataFrame(columns)


def _ends(coverages: list[float]) -> list[str]:
    """Names of the last axis of forecasts."""
    ends = [f"{end}_{100 * c:g}" for c in coverages for end in ("lower", "upper")]
    return ["forecast", *ends]
