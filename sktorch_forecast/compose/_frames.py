"""Forecasts of windows as frames, with intervals if they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .._data.frequency import with_freq
from .._data.windows import Windows
from .._utils.validation import (
    check_coverages,
    check_positive_int,
    check_quantiles,
    levels_of,
)
from ..metrics._uncertainty_of import Method, uncertainty_of
from ._backtest_html import BacktestFrame

Coverage: TypeAlias = float | Sequence[float] | None


@dataclass(frozen=True)
class Beside:
    """What is wanted beside the forecast: intervals, quantiles or paths.

    Attributes
    ----------
    coverages : list of float
        Of intervals.
    levels : ndarray of shape (n_quantiles,) or None
        Of quantiles.
    n_samples : int or None
        How many paths.
    """

    coverages: list[float] = field(default_factory=list)
    levels: np.ndarray | None = None
    n_samples: int | None = None

    @classmethod
    def checked(
        cls,
        coverage: Coverage,
        quantiles: ArrayLike | None,
        n_samples: int | None,
        default: Coverage,
    ) -> Self:
        """What arguments of ``SeriesForecaster.forecast`` and ``backtest`` ask for.

        Parameters
        ----------
        coverage, quantiles, n_samples
            The arguments; None was not given.
        default : float, list of float or None
            The coverage if none of them was given.

        Raises
        ------
        TypeError, ValueError
            If two of them are given, or one is not valid.
        """
        asked = {"coverage": coverage, "quantiles": quantiles, "n_samples": n_samples}
        given = [name for name, value in asked.items() if value is not None]
        if len(given) > 1:
            raise ValueError(
                "Expected only one of coverage, quantiles and n_samples, found "
                f"{' and '.join(given)}. Make one call for each."
            )
        if quantiles is not None:
            return cls(levels=check_quantiles(quantiles))
        if n_samples is not None:
            return cls(n_samples=check_positive_int(n_samples, "n_samples"))
        return cls(check_coverages(default if coverage is None else coverage))

    @property
    def method(self) -> Method | None:
        """What an estimator must have to give it; None if nothing is wanted."""
        if self.n_samples is not None:
            return "sample"
        is_wanted = self.levels is not None or self.coverages
        return "predict_quantiles" if is_wanted else None

    @property
    def names(self) -> list[str]:
        """Names of the last axis of forecasts."""
        ends = ("lower", "upper")
        names = [f"{end}_{100 * c:g}" for c in self.coverages for end in ends]
        if self.levels is not None:
            names += [f"q{100 * level:g}" for level in self.levels]
        names += [f"sample_{i}" for i in range(self.n_samples or 0)]
        return ["forecast", *names]

    def values(self, estimator: Any, X: Windows) -> list[np.ndarray]:
        """What stands beside the forecast, in arrays to be joined along the last axis.

        Returns
        -------
        values : list of ndarray of shape (n_origins, horizon * n_targets, n_values)
        """
        if self.method is None:
            return []
        forecaster: Any
        forecaster, windows = uncertainty_of(estimator, X, self.method)
        if self.n_samples is not None:
            paths = forecaster.sample(windows, self.n_samples)
            return [np.moveaxis(paths, 0, -1)]
        if self.levels is not None:
            return [forecaster.predict_quantiles(windows, self.levels)]
        # All at once, so that intervals lie within each other.
        ends = np.concatenate([levels_of(coverage) for coverage in self.coverages])
        levels, places = np.unique(ends, return_inverse=True)
        return [forecaster.predict_quantiles(windows, levels)[..., places]]


def forecasts_of(
    estimator: Any, X: Windows, horizon: int, beside: Beside
) -> np.ndarray:
    """Forecasts and what is wanted beside them.

    Parameters
    ----------
    estimator : estimator
        Fitted, takes windows.
    X : Windows
    horizon : int
        Steps that it must forecast.
    beside : Beside

    Returns
    -------
    forecasts : ndarray of shape (n_origins, horizon, n_targets, n_columns)
        The forecast, then what `beside` names.
    """
    points = np.asarray(estimator.predict(X)).reshape(len(X), -1, 1)
    if points.shape[1] != horizon * X.n_targets:
        raise ValueError(
            f"Expected {horizon * X.n_targets} forecasts for each origin, horizon="
            f"{horizon} for {X.n_targets} targets, found {points.shape[1]}. Set the "
            "horizon in SeriesForecaster only."
        )
    parts = [points, *beside.values(estimator, X)]
    forecasts = np.concatenate(parts, axis=-1)
    # (n, horizon * n_targets, ...) -> (n, horizon, n_targets, ...)
    return forecasts.reshape(len(X), horizon, X.n_targets, -1)


def forecast_frame(
    forecasts: np.ndarray,
    X: Windows,
    beside: Beside,
    freq: pd.offsets.BaseOffset | None,
) -> pd.DataFrame:
    """One row for each step, columns for each target and what stands beside it.

    Parameters
    ----------
    forecasts : ndarray
        As `forecasts_of` gives them.
    X : Windows
    beside : Beside
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
        for end in beside.names
    ]
    flat = forecasts.reshape(n_origins * horizon, n_targets * n_columns)
    return pd.DataFrame(flat, index=index, columns=names)


def backtest_frame(
    forecasts: np.ndarray, y: np.ndarray, X: Windows, beside: Beside
) -> pd.DataFrame:
    """One row for each origin, step and target.

    Parameters
    ----------
    forecasts : ndarray
        As `forecasts_of` gives them.
    y : ndarray of shape (n_origins,) or (n_origins, horizon * n_targets)
        The truth.
    X : Windows
    beside : Beside

    Returns
    -------
    frame : BacktestFrame of n_origins * horizon * n_targets rows
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
    for place, end in enumerate(beside.names):
        columns[end] = flat[:, place]
    return BacktestFrame(columns)
