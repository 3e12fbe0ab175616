"""Forecasts of several members combined: their mean and their mixture.

The combined distribution is the linear pool, a mixture of the members' distributions.
Its mean is the weighted mean of theirs, its paths are paths of members drawn by their
weights, and its quantiles lie between the members' quantiles, which are pooled.

Symbols used below::

    M  members    n  n_origins    K  n_outputs, horizon * n_targets    Q  n_levels
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.utils import gen_batches
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from .._data.inputs import check_windows
from .._uncertainty.interface import UncertaintyMixin
from ._wrapping import forecast_from, in_form_for

# Levels at which the members' quantiles are pooled.
_GRID = np.arange(1, 200) / 200
# How many quantiles of members are pooled at once.
_POOL_SIZE = 2**22


class MixtureMixin(UncertaintyMixin):
    """A forecaster that mixes the forecasts of its members."""

    estimators_: list[Any]

    def _predict(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        points = self._points(check_windows(self, X, reset=False))
        y = np.average(points, axis=0, weights=self._mixed[1])
        y = y.astype(points.dtype, copy=False)
        return y.ravel() if self._y_is_1d else y

    @property
    def _mixed(self) -> tuple[list[Any], np.ndarray | None]:
        """Members that count, and weights that sum to 1; None means equal weights."""
        return self.estimators_, None

    def _points(self, X: Any) -> np.ndarray:
        """Forecasts of the members that count, (M, n, K)."""
        return points_of(self._mixed[0], X)

    def _quantiles(self, X: Any, levels: np.ndarray) -> np.ndarray:
        if levels[0] < _GRID[0] or levels[-1] > _GRID[-1]:
            raise ValueError(
                f"Expected levels between {_GRID[0]} and {_GRID[-1]}, the range in "
                f"which the members are pooled, found {levels[0]:g} to "
                f"{levels[-1]:g}. For more extreme levels, call np.quantile on many "
                "paths of sample."
            )
        of_one = self.horizon_ * self.n_targets_ * len(self._mixed[0]) * len(_GRID)
        batches = gen_batches(len(X), max(1, _POOL_SIZE // of_one))
        return np.concatenate([self._pooled(X[batch], levels) for batch in batches])

    def _pooled(self, X, levels):
        """Quantiles of the mixture: (n, K, Q)."""
        members, weights = self._mixed
        pool = [
            forecast_from(m, X, lambda x, m=m: m.predict_quantiles(x, _GRID))
            for m in members
        ]
        return mixture_quantiles(np.stack(pool, axis=2), weights, levels)

    def _draw(
        self, X: Any, n_samples: int, random_state: np.random.RandomState
    ) -> np.ndarray:
        """Paths, each from a member drawn by its weight."""
        members, weights = self._mixed
        drawn = random_state.choice(len(members), size=n_samples, p=weights)
        samples = np.empty((n_samples, len(X), self.horizon_ * self.n_targets_))
        for number, member in enumerate(members):
            paths = np.flatnonzero(drawn == number)
            if len(paths):
                samples[paths] = _paths(member, X, len(paths), random_state)
        return samples


def fitted_members(
    members: list[Any],
    X: Any,
    y: np.ndarray,
    fit_params: Iterable[dict[str, Any]],
    n_jobs: int | None,
) -> list[Any]:
    """The members, each fitted on `X` in its form, `n_jobs` at the same time."""
    jobs = (
        delayed(_fitted)(member, in_form_for(member, X), y, params)
        for member, params in zip(members, fit_params)
    )
    return list(Parallel(n_jobs=n_jobs)(jobs))


def _fitted(estimator, X, y, fit_params):
    return estimator.fit(X, y, **fit_params)


def points_of(members: list[Any], X: Any) -> np.ndarray:
    """Forecasts of fitted members, (M, n, K)."""
    points = [forecast_from(m, X, m.predict) for m in members]
    return np.stack(points).reshape(len(points), len(X), -1)


def mixture_quantiles(
    pool: np.ndarray, weights: np.ndarray | None, levels: np.ndarray
) -> np.ndarray:
    """Quantiles of a mixture, from those of its components.

    The quantile of a member at a level of the grid represents the share of its
    distribution that is nearer to this level than to any other. At such a point, the
    distribution function of the mixture is the sum of the shares below it and half of
    its own share; between the points it is linear.

    Parameters
    ----------
    pool : ndarray of shape (n, K, M, 199)
        Quantiles of the members at levels 0.005, 0.01, ..., 0.995.
    weights : ndarray of shape (M,) or None
        They sum to 1; None means equal weights.
    levels : ndarray of shape (Q,)
        From 0.005 to 0.995, increasing.

    Returns
    -------
    quantiles : ndarray of shape (n, K, Q)
        For a single component, its own quantiles.
    """
    n_members, step = pool.shape[2], _GRID[0]
    pool = pool.reshape(*pool.shape[:2], -1)  # (n, K, N), where N is M * 199
    if weights is None:
        # With equal shares the points are at step / 2 + (r + 1 / 2) * step / M.
        places = (levels / step - 0.5) * n_members - 0.5
        share_of_way = np.clip(places / (pool.shape[-1] - 1), 0, 1)
        return np.moveaxis(np.quantile(pool, share_of_way, axis=-1), 0, -1)
    order = np.argsort(pool, axis=-1)
    shares = np.repeat(step * weights, len(_GRID))[order]
    # The outermost levels leave half a step beyond them.
    below = step / 2 + np.cumsum(shares, axis=-1) - shares / 2
    left = _last_not_above(below, levels)
    right = np.minimum(left + 1, pool.shape[-1] - 1)
    start, stop = (np.take_along_axis(below, at, axis=-1) for at in (left, right))
    left, right = (np.take_along_axis(order, at, axis=-1) for at in (left, right))
    low, high = (np.take_along_axis(pool, at, axis=-1) for at in (left, right))
    way = np.clip((levels - start) / np.where(stop > start, stop - start, 1), 0, 1)
    with np.errstate(invalid="ignore"):  # from infinite ends
        between = np.clip(low + way * (high - low), low, high)
    return np.where(np.isinf(low) | (way == 0), low, between)


def _last_not_above(below, levels):
    """Index of the last entry of each row that is not above each level.

    (n, K, N), which increases, and (Q,) -> (n, K, Q)
    """
    rows = np.arange(below.shape[0] * below.shape[1])
    # All rows are chained, each above the previous one, so that one search suffices.
    above = below.reshape(len(rows), -1) + rows[:, np.newaxis]
    wanted = levels + 1e-9 + rows[:, np.newaxis]  # not above but for rounding
    found = np.searchsorted(above.ravel(), wanted, side="right") - 1
    found -= below.shape[2] * rows[:, np.newaxis]
    return np.maximum(found, 0).reshape(*below.shape[:2], len(levels))


def _paths(member, X, n_samples, random_state):
    """Paths drawn from a member: (n_samples, n, K)."""

    def draw(x):
        return np.moveaxis(member.sample(x, n_samples, random_state), 0, 1)

    return np.moveaxis(forecast_from(member, X, draw), 1, 0)
