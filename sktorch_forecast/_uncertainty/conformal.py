"""Scores of a calibration: their quantiles, how these move, and their scale.

Symbols as in ``conformal``: m calibration origins, K outputs, Q levels.
"""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.lib.stride_tricks import sliding_window_view
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

# Windows whose deviations are computed side by side.
_BATCH_SIZE = 1024
# Levels that are tracked beside those of a coverage.
_TRACKED = np.arange(1, 200) / 200
# Levels that tell where in its forecast distribution an observation lies.
_GRID = np.arange(1, 40) / 40


def n_needed(levels: np.ndarray) -> int:
    """Fewest calibration origins whose ranks reach these levels."""
    share = min(levels[0], 1 - levels[-1])
    return int(np.ceil(np.round(1 / share, 9))) - 1


def told(levels: np.ndarray, n_scores: int) -> np.ndarray:
    """Those of the levels that the ranks of so many scores reach."""
    return levels[np.minimum(levels, 1 - levels) * (n_scores + 1) > 1 - 1e-9]


def warn_of_reach(levels: np.ndarray, n_scores: int) -> None:
    """Warn if levels are beyond the reach of so many scores."""
    if len(told(levels, n_scores)) < len(levels):
        warnings.warn(
            f"Quantiles from {levels[0]:g} to {levels[-1]:g} take at least "
            f"{n_needed(levels)} calibration origins, found {n_scores}: those that are "
            "not reached are infinite. Fit with more origins or a larger "
            "calibration_fraction, or ask for less extreme levels.",
            UserWarning,
        )


def at_ranks(scores: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles of scores that are on the safe side: (m, K, 1 or Q) -> (K, Q).

    Among ``m + 1`` exchangeable scores, one is below the r-th smallest of the others
    with a probability of at most, and not above it of at least, ``r / (m + 1)``. Levels
    beyond the reach of m scores have infinite quantiles. Scores that are missing (NaN)
    do not count.
    """
    n_kinds = scores.shape[2]
    n_scores = np.isfinite(scores).sum(axis=0)  # (K, 1 or Q), of those that are there
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


def last_origins(chunks: list[tuple], n_origins: int) -> list[tuple]:
    """The last origins of chunks of windows, targets and scales.

    The first chunk may hold lazy windows, and stays as it is; the others, which are
    arrays, are joined.
    """
    first, *others = chunks
    joined = tuple(np.concatenate(parts) for parts in zip(*others))
    surplus = len(first[1]) + len(joined[1]) - n_origins
    if surplus < len(first[1]):
        return [tuple(part[surplus:] for part in first), joined]
    return [tuple(part[surplus - len(first[1]) :] for part in joined)]


def least_scale(
    X: Any, n_targets: int, series_ids: pd.Index | None = None
) -> np.ndarray:
    """Lower bounds of the scales of windows, as networks have them.

    Parameters
    ----------
    X : Windows or ndarray
        Windows to learn the bounds from.
    n_targets : int
    series_ids : pandas.Index of length n_series, default=None
        Names of the series that have bounds of their own.

    Returns
    -------
    min_scale : ndarray of shape (n_targets,), or (n_series + 2, n_targets)
        With names, those of the series, 0 for the windows of others, and the common
        one, for windows in which nothing happens.
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
    """Deviation of the targets over each window, but not below its bound.

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


def ranges(scores: np.ndarray, n_scores: int) -> np.ndarray:
    """Range of every `n_scores` consecutive ones: (m + n, K) -> (n + 1, K)."""
    # (n + 1, K, n_scores) is a view.
    windows = sliding_window_view(scores, n_scores, axis=0)
    # Where all are missing there is no range.
    return np.fmax.reduce(windows, -1) - np.fmin.reduce(windows, -1)


def tracked_levels(own: np.ndarray, n_scores: int) -> np.ndarray:
    """Levels to track: two of one's own and a grid, as far as the scores reach."""
    near = np.abs(_TRACKED[:, np.newaxis] - own).min(axis=1) < 1e-9
    return told(np.sort(np.concatenate([own, _TRACKED[~near]])), n_scores)


def between_tracked(
    levels: np.ndarray, known: np.ndarray, tracked: np.ndarray, n_scores: int
) -> np.ndarray:
    """Quantiles between those that are tracked; beyond the reach of scores, infinite.

    Parameters
    ----------
    levels : ndarray of shape (Q,)
        Levels that are asked for.
    known : ndarray of shape (n_tracked,)
        Levels that are tracked.
    tracked : ndarray of shape (K, n_tracked)
        Their quantiles.
    n_scores : int
        Calibration origins.

    Returns
    -------
    quantiles : ndarray of shape (K, Q)

    Raises
    ------
    ValueError
        If a level is not tracked though the scores would reach it.
    """
    first, last = known[[0, -1]] if len(known) else (0.5, 0.5)
    below, above = levels < first - 1e-9, levels > last + 1e-9
    if len(told(levels[below | above], n_scores)):
        raise ValueError(
            f"Expected levels between {first:g} and {last:g}, which are tracked, "
            f"found {levels[0]:g} to {levels[-1]:g}. Fit with the coverage that "
            "you need."
        )
    quantiles = np.where(above, np.inf, np.full((len(tracked), len(levels)), -np.inf))
    inside = ~(below | above)
    for row, known_quantiles in zip(quantiles, tracked):
        row[inside] = np.interp(levels[inside], known, known_quantiles)
    return quantiles


def track(
    tracked: np.ndarray, levels: np.ndarray, scores: np.ndarray, steps: np.ndarray
) -> np.ndarray:
    """Quantiles of the scores, (K, Q), after new scores, (n, K), came in one by one.

    For a quantile q at level t and a score s, q grows by ``step * t`` if s is above
    q, else it falls by ``step * (1 - t)``: it stands still on average where s is
    above q in a share ``1 - t`` of all cases.
    """
    tracked = tracked.copy()
    for score, step in zip(scores[..., np.newaxis], steps[..., np.newaxis]):
        if not np.isnan(score).all():
            moves = np.where(np.isnan(score), 0, levels - (score <= tracked))
            tracked += np.nan_to_num(step) * moves
    return tracked


def levels_of_places(own: np.ndarray, n_scores: int) -> np.ndarray:
    """Levels by which to say where the truth lay: one's own and a grid, if reached.

    Raises
    ------
    ValueError
        If the scores reach fewer than two.
    """
    levels = told(np.union1d(_GRID, own), n_scores)
    if len(levels) < 2:
        raise ValueError(
            "Expected at least 2 calibration origins to draw paths, found "
            f"{n_scores}. Fit with more origins or a larger calibration_fraction."
        )
    return levels


def places_of(scores: np.ndarray, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the truth lay among the calibrated quantiles of calibration origins.

    Parameters
    ----------
    scores : ndarray of shape (m, K, Q)
        Distances from the quantiles as they were forecast, in scales.
    levels : ndarray of shape (Q,)
        Their levels, at least two.

    Returns
    -------
    place : ndarray of shape (m, K)
        Index into `levels`, with a fraction where it lay between two.
    excess : ndarray of shape (m, K)
        How far it lay above the last or, negative, below the first, in scales.
    """
    # How far above each quantile, which increase: (m, K, Q)
    above = np.sort(scores - at_ranks(scores, levels), axis=-1)[..., ::-1]
    left = np.clip((above >= 0).sum(axis=-1) - 1, 0, len(levels) - 2)
    pair = left[..., np.newaxis] + [0, 1]
    near, far = np.moveaxis(np.take_along_axis(above, pair, axis=-1), -1, 0)
    # Two quantiles that coincide leave a piece without width.
    share = near / np.where(near > far, near - far, 1)
    excess = np.minimum(above[..., 0], 0) + np.maximum(above[..., -1], 0)
    return left + np.clip(share, 0, 1), excess


def at_places(quantiles: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Values between quantiles, by the places of calibration origins.

    Parameters
    ----------
    quantiles : ndarray of shape (n, K, Q)
    place : ndarray of shape (n_samples, n, K)
        As `places_of` gives it, for each path one origin.

    Returns
    -------
    values : ndarray of shape (n_samples, n, K)
    """
    left = np.minimum(place.astype(int), quantiles.shape[2] - 2)
    origin, output = np.ogrid[: quantiles.shape[0], : quantiles.shape[1]]
    low, high = (quantiles[origin, output, at] for at in (left, left + 1))
    return low + (place - left) * (high - low)


def moved_scores(
    scores: np.ndarray, known: np.ndarray, tracked: np.ndarray
) -> np.ndarray:
    """Scores, moved as far as the quantiles that are tracked are from their own.

    So paths that are drawn of them know what was learned; how the outputs of one origin
    hang together stays.

    Parameters
    ----------
    scores : ndarray of shape (m, K)
    known : ndarray of shape (n_tracked,)
        Levels that are tracked; without any, nothing moves.
    tracked : ndarray of shape (K, n_tracked)
        Their quantiles.

    Returns
    -------
    moved : ndarray of shape (m, K)
    """
    if not len(known):
        return scores
    ranks = scores.argsort(axis=0).argsort(axis=0) + 1
    levels = ranks / (len(scores) + 1)
    learned = tracked - at_ranks(scores[..., np.newaxis], known)
    learned = np.nan_to_num(learned, nan=0.0, posinf=0.0, neginf=0.0)
    moves = [np.interp(level, known, move) for level, move in zip(levels.T, learned)]
    return scores + np.stack(moves, axis=1)


def drawn_rows(
    scores: np.ndarray, shape: tuple[int, int], random_state: np.random.RandomState
) -> np.ndarray:
    """Calibration origins, drawn for paths, of which no score is missing.

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
            "paths with, found none. Fit with more origins, or ask for intervals."
        )
    return whole[random_state.randint(len(whole), size=shape)]
