"""Detect forecasts of windows whose future the forecaster was fitted on."""

import warnings
import weakref
from typing import Any

import numpy as np

from .indexing import Runs
from .panel import Panel
from .windows import Windows

# Panels that the user was warned about: once is enough for all folds of a search.
_told: weakref.WeakSet = weakref.WeakSet()


class TrainedOrigins:
    """The origins that a forecaster was fitted on, as long as their panel exists.

    Copies and pickles do not carry them: a score elsewhere uses other windows.

    Parameters
    ----------
    X : Windows
        The windows it was fitted on.
    """

    def __init__(self, X: Windows | None = None):
        self.panel = None if X is None else weakref.ref(X.panel)
        self.positions = np.empty(0, np.int64) if X is None else X.positions
        self._found: np.ndarray | None = None  # computed on demand

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(vars(TrainedOrigins()))

    def knows(self, X: Windows, n_steps: int) -> bool:
        """Whether other origins lie less than `n_steps` steps after the last one.

        Parameters
        ----------
        X : Windows
        n_steps : int
            0 finds origins before the last one of their series, the horizon also those
            whose targets overlap with its targets.
        """
        if self.panel is None or self.panel() is not X.panel:
            return False
        near = _before(X, self._last(X.panel) + n_steps)
        return bool(len(near)) and not self._among(X.panel, near)

    def _among(self, panel: Panel, positions: Any) -> bool:
        """Whether all these origins were in the fit."""
        if not isinstance(self.positions, Runs):
            return bool(np.isin(positions, self.positions).all())
        # One range per series: what has both ends in it is in it.
        first = np.zeros(panel.n_series, dtype=np.int64)
        stop = np.zeros(panel.n_series, dtype=np.int64)
        which = panel.series_of(self.positions.starts)
        first[which], stop[which] = self.positions.starts, self.positions.stops
        if isinstance(positions, Runs):
            some = positions.sizes > 0
            ends = positions.starts[some], positions.stops[some] - 1
            positions = np.concatenate(ends)
        series = panel.series_of(positions)
        return bool(((positions >= first[series]) & (positions < stop[series])).all())

    def _last(self, panel: Panel) -> np.ndarray:
        """The last of the origins in each series, -1 where there is none."""
        if self._found is None:
            self._found = np.full(panel.n_series, -1)
            last: Any = self.positions
            if isinstance(last, Runs):
                last = last.stops[last.sizes > 0] - 1
            np.maximum.at(self._found, panel.series_of(last), last)
        return self._found


def _before(X: Windows, ends: np.ndarray) -> Any:
    """Origins before a row, one for each series of the panel."""
    if isinstance(X.positions, Runs):
        starts, stops = X.positions.starts, X.positions.stops
        return Runs(starts, np.minimum(stops, ends[X.panel.series_of(starts)]))
    return X.positions[X.positions < ends[X.series]]


def warn_of_overlap(estimator: Any, X: Any, n_steps: int) -> None:
    """Warn, once per panel, if the test data is not separate from the training data.

    Worker processes get copies of the panel, so each of them warns.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : Windows or array
        The windows to forecast.
    n_steps : int
        As for `TrainedOrigins.knows`.
    """
    trained = getattr(estimator, "_trained_origins", None)
    if not isinstance(X, Windows) or trained is None:
        return
    if X.panel not in _told and trained.knows(X, n_steps):
        _told.add(X.panel)
        horizon = estimator.horizon_
        warnings.warn(
            "Expected origins whose targets come after all training targets, found "
            "some that do not: their forecasts look better than they are. Split by "
            f"time with a gap: cv=RollingOriginSplit(horizon={horizon}), or "
            f"TimeSeriesSplit(gap={horizon - 1}) for a single series.",
            UserWarning,
            stacklevel=2,
        )
