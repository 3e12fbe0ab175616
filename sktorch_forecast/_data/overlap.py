"""Whether windows are forecast whose future a forecaster has been fitted on."""

import warnings
import weakref
from typing import Any

import numpy as np

from .panel import Panel
from .windows import Windows

# Panels that the user has been warned of: once is enough for all folds of a search.
_told: weakref.WeakSet = weakref.WeakSet()


class TrainedOrigins:
    """The origins that a forecaster was fitted on, as long as their panel is there.

    Copies and pickles do not carry them: a score in another place is of other windows.

    Parameters
    ----------
    X : Windows
        What it was fitted on.
    """

    def __init__(self, X: Windows | None = None):
        self.panel = None if X is None else weakref.ref(X.panel)
        self.positions = np.empty(0, np.int64) if X is None else X.positions
        self._found: np.ndarray | None = None  # when somebody asks

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(vars(TrainedOrigins()))

    def knows(self, X: Windows, n_steps: int) -> bool:
        """Whether other origins lie less than so many steps behind the last one.

        Parameters
        ----------
        X : Windows
        n_steps : int
            0 finds those before the last origin of their series, the horizon also
            those whose targets overlap with its targets.
        """
        if self.panel is None or self.panel() is not X.panel:
            return False
        is_near = X.positions < self._last(X.panel)[X.series] + n_steps
        if not is_near.any():
            return False
        return not np.isin(X.positions[is_near], self.positions).all()

    def _last(self, panel: Panel) -> np.ndarray:
        """The last of the origins in each series, -1 where there is none."""
        if self._found is None:
            self._found = np.full(panel.n_series, -1)
            np.maximum.at(self._found, panel.series_of(self.positions), self.positions)
        return self._found


def warn_of_overlap(estimator: Any, X: Any, n_steps: int) -> None:
    """Warn, once for a panel, if what is tested is not kept apart from the training.

    Worker processes get copies of the panel, and each warns by itself.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : Windows or array
        What it is asked to forecast.
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
            "Expected origins whose targets come after all that was trained on, found "
            "some that do not: forecasts of them look too good. Split by time, with a "
            f"gap: cv=RollingOriginSplit(horizon={horizon}), or "
            f"TimeSeriesSplit(gap={horizon - 1}) for a single series.",
            UserWarning,
            stacklevel=2,
        )
