"""Calibration scores: their quantiles at any level, and their scale.

Symbols as in ``compose.conformal``: m calibration origins, K outputs, Q levels.
"""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.utils import gen_batches

from .._training.batches import (
    codes_of,
)
from .._training.calibration import (
    evenly_spread,
    evenly_spread_of_each,
    n_calibrating_of_each,
)
from ..layers import WindowNormalization

# How many windows' deviations to compute at once.
_BATCH_SIZE = 1024
# Levels at which to calibrate a forecast distribution, besides those of a coverage.
_KNOTS = np.array([0.025, 0.05, *np.arange(1, 10) / 10, 0.95, 0.975])


def n_needed(levels: np.ndarray) -> int:
    """Smallest number of calibration origins whose ranks reach these levels."""
    share = min(levels[0], 1 - levels[-1])
    return int(np.ceil(np.round(1 / share, 9))) - 1


def told(levels: np.ndarray, n_scores: int) -> np.ndarray:
    """The levels that the ranks of this many scores reach."""
    return levels[np.minimum(levels, 1 - levels) * (n_scores + 1) > 1 - 1e-9]


def warn_of_reach(levels: np.ndarray, n_scores: int) -> None:
    """Warn if levels are beyond the reach of this many scores."""
    if len(told(levels, n_scores)) < len(levels):
        warnings.warn(
            f"Quantiles from {levels[0]:g} to {levels[-1]:g} need at least "
            f"{n_needed(levels)} calibration origins, found {n_scores}: the quantiles "
            "that need more are infinite. Fit with more origins or a larger "
            "calibration_fraction, or ask for less extreme levels.",
            UserWarning,
        )


def at_ranks(scores: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Conservative quantiles of scores: (m, K, 1 or Q) -> (K, Q).

    Among ``m + 1`` exchangeable scores, the probability that one is below the r-th
    smallest of the others is at most ``r / (m + 1)``, and that it is not above it at
    least ``r / (m + 1)``. Levels beyond the reach of m scores have infinite quantiles.
    Missing scores (NaN) do not count.
    """
    n_kinds = scores.shape[2]
    n_scores = np.isfinite(scores).sum(axis=0)  # (K, 1 or Q), without missing ones
    kinds = np.minimum(np.arange(len(levels)), n_kinds - 1)
    # Rounded: (1 - 0.9) / 2 is a little below 0.05, and 20 times that below 1.
    places = np.round((n_scores[:, kinds] + 1) * levels, 9)
    ranks = np.where(levels > 0.5, np.ceil(places), np.floor(places)).astype(int)
    ends = np.full((1, *scores.shape[1:]), np.inf)
    there = np.where(np.isnan(scores), np.inf, scores)
    ranked = np.concatenate([-ends, np.sort(there, axis=0), ends])
    return ranked[ranks, np.arange(len(ranks))[:, np.newaxis], kinds]  # (K, Q)


def dense(X: Any) -> np.ndarray:
    """Windows as an array (n, L, C)."""
    X = np.asarray(X)
    return X if X.ndim == 3 else X[..., np.newaxis]


def least_scale(
    X: Any, n_targets: int, series_ids: pd.Index | None = None
) -> np.ndarray:
    """Lower bounds of the scales of windows, as in networks.

    Parameters
    ----------
    X : Windows or ndarray
        Windows to learn the bounds from.
    n_targets : int
    series_ids : pandas.Index of length n_series, default=None
        Names of the series that have their own bounds.

    Returns
    -------
    min_scale : ndarray of shape (n_targets,), or (n_series + 2, n_targets)
        With names, one row per series, then 0 for windows of other series, and the
        common bound, for constant windows.
    """
    normalization = WindowNormalization(n_targets, n_targets).double()
    normalization.calibrate(_targets_of(X[evenly_spread(len(X))], n_targets))
    common = normalization.min_scale.numpy()
    if series_ids is None:
        return common
    n_series = len(series_ids)
    codes = codes_of(X, series_ids)
    rows = evenly_spread_of_each(codes, n_calibrating_of_each(n_series))
    own = WindowNormalization(n_targets, n_targets, n_series=n_series).double()
    scales = [
        own.scales_of(_targets_of(X[part], n_targets))
        for part in np.array_split(rows, len(rows) // _BATCH_SIZE + 1)
    ]
    own.calibrate_series(torch.cat(scales), torch.from_numpy(codes[rows]))
    return np.concatenate([own.series_scale.numpy() / 10, common[np.newaxis]])


def scales_of(
    X: Any, min_scale: np.ndarray, series_ids: pd.Index | None = None
) -> np.ndarray:
    """Deviation of the targets over each window, raised to its bound if below it.

    In double precision: (n, n_targets).
    """
    n_targets = min_scale.shape[-1]
    normalization = WindowNormalization(n_targets, n_targets).double()
    deviations = [
        normalization.scales_of(_targets_of(X[batch], n_targets)).numpy()
        for batch in gen_batches(len(X), _BATCH_SIZE)
    ]
    scales = np.concatenate(deviations)
    if series_ids is None:
        return np.maximum(scales, min_scale)
    scales = np.maximum(scales, min_scale[codes_of(X, series_ids)])
    return np.where(scales > 0, scales, min_scale[-1])


def _targets_of(X, n_targets):
    """Target channels of windows, (n, length, n_targets)."""
    return torch.from_numpy(dense(X)[..., :n_targets].astype(np.float64))


def knots_of(own: np.ndarray) -> np.ndarray:
    """Levels at which to calibrate quantiles: two of the coverage and some in between.

    None lies outside, where a quantile network may know nothing.
    """
    inside = (_KNOTS > own[0] + 1e-9) & (_KNOTS < own[1] - 1e-9)
    return np.sort(np.concatenate([own, _KNOTS[inside]]))


def nested(quantiles: np.ndarray) -> np.ndarray:
    """Quantiles at knots, moved outward where one lies inside its inner neighbor.

    Parameters
    ----------
    quantiles : ndarray of shape (..., n_knots)
        The median in the middle. None moves inward, so that the guarantee of each end
        still holds.

    Returns
    -------
    quantiles : ndarray of shape (..., n_knots)
    """
    middle = quantiles.shape[-1] // 2
    lower = np.minimum.accumulate(quantiles[..., middle::-1], axis=-1)
    upper = np.maximum.accumulate(quantiles[..., middle:], axis=-1)
    return np.concatenate([lower[..., :0:-1], upper], axis=-1)


def quantiles_between(
    levels: np.ndarray,
    knots: np.ndarray,
    scores: np.ndarray,
    centers: np.ndarray,
    scales: np.ndarray,
) -> np.ndarray:
    """Calibrated quantiles at any levels, increasing across separate calls, too.

    Parameters
    ----------
    levels : ndarray of shape (Q,)
        Requested levels.
    knots : ndarray of shape (n_knots,)
        Levels whose quantiles were forecast.
    scores : ndarray of shape (m, K, n_knots)
        Distances of the truth from these.
    centers : ndarray of shape (n, K, n_knots)
        Quantiles as forecast at new origins.
    scales : ndarray of shape (n, K or 1, 1)
        Units of the scores there.

    Returns
    -------
    quantiles : ndarray of shape (n, K, Q)
    """
    at_knots = nested(centers + scales * at_ranks(scores, knots))
    above = np.searchsorted(knots, levels - 1e-9)  # the first knot that is not below
    below = np.searchsorted(knots, levels + 1e-9, side="right") - 1
    outer = np.where(levels > 0.5, above, below).clip(0, len(knots) - 1)
    quantiles = centers[..., outer] + scales * at_ranks(scores[..., outer], levels)
    ends = np.full((*at_knots.shape[:2], 1), np.inf)
    around = np.concatenate([-ends, at_knots, ends], axis=-1)
    return np.clip(quantiles, around[..., below + 1], around[..., above + 1])


def places_of(
    scores: np.ndarray, knots: np.ndarray, levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where the truth lay among the calibrated quantiles at calibration origins.

    Parameters
    ----------
    scores : ndarray of shape (m, K, n_knots)
        Distances from the forecast quantiles, in scales.
    knots : ndarray of shape (n_knots,)
        Their levels.
    levels : ndarray of shape (Q,)
        The levels among them that the scores reach.

    Returns
    -------
    place : ndarray of shape (m, K)
        Index into `levels`, with a fraction where it lay between two.
    excess : ndarray of shape (m, K)
        How far it lay above the last or, if negative, below the first, in scales.

    Raises
    ------
    ValueError
        If the scores reach fewer than two levels.
    """
    if len(levels) < 2:
        raise ValueError(
            "Expected at least 2 calibration origins to draw paths, found "
            f"{len(scores)}. Fit with more origins or a larger calibration_fraction."
        )
    reached = np.isin(knots, levels)
    # How far above each quantile, which increase: (m, K, Q)
    above = -nested(at_ranks(scores, knots) - scores)[..., reached]
    left = np.clip((above >= 0).sum(axis=-1) - 1, 0, len(levels) - 2)
    pair = left[..., np.newaxis] + [0, 1]
    near, far = np.moveaxis(np.take_along_axis(above, pair, axis=-1), -1, 0)
    # Two coinciding quantiles leave a piece without width.
    share = near / np.where(near > far, near - far, 1)
    excess = np.minimum(above[..., 0], 0) + np.maximum(above[..., -1], 0)
    return left + np.clip(share, 0, 1), excess


def at_places(quantiles: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Values between quantiles, at the places of calibration origins.

    Parameters
    ----------
    quantiles : ndarray of shape (n, K, Q)
    place : ndarray of shape (n_samples, n, K)
        From `places_of`, one origin for each path.

    Returns
    -------
    values : ndarray of shape (n_samples, n, K)
    """
    left = np.minimum(place.astype(int), quantiles.shape[2] - 2)
    origin, output = np.ogrid[: quantiles.shape[0], : quantiles.shape[1]]
    low, high = (quantiles[origin, output, at] for at in (left, left + 1))
    return low + (place - left) * (high - low)


def drawn_rows(
    scores: np.ndarray, shape: tuple[int, int], random_state: np.random.RandomState
) -> np.ndarray:
    """Calibration origins drawn for paths, none with a missing score.

    Parameters
    ----------
    scores : ndarray of shape (m, K)
    shape : (n_samples, n_origins)
    random_state : RandomState

    Returns
    -------
    rows : ndarray of the shape asked for, int64
    """
    whole = np.flatnonzero(~np.isnan(scores).any(axis=1))
    if not len(whole):
        raise ValueError(
            "Expected a calibration origin whose whole horizon was observed, to draw "
            "paths from, found none. Fit with more origins, or ask for intervals."
        )
    return whole[random_state.randint(len(whole), size=shape)]
