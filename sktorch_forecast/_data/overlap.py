"""Whether windows are forecast whose future a forecaster has been fitted on."""

import warnings
import weakref
from typing import Any

import numpy as np

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
        if X is not None:
            self.positions = X.positions
            self.last = np.full(X.panel.n_series, -1)
            np.maximum.at(self.last, X.series, X.positions)

    def __reduce__(self) -> tuple[Any, ...]:
        return TrainedOrigins, ()

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
        last = self.last if X.panel.n_series == 1 else self.last[X.series]
        is_near = X.positions < last + n_steps
        if not is_near.any():
            return False
        return not np.isin(X.positions[is_near], self.positions).all()


def warn_of_overlap(estimator: Any, X: Any, n_steps: int) -> None:
    """Warn, once for a panel, if what is tested is not kept apart from the training.

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
