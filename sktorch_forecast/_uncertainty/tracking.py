"""Quantiles of scores, updated with every new observation by online gradient steps.

Symbols as in ``compose.conformal``: m calibration origins, K outputs, Q levels.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .conformal import at_ranks, told

# Levels that are tracked in addition to those of a coverage.
_TRACKED = np.arange(1, 200) / 200


def tracked_levels(own: np.ndarray, n_scores: int) -> np.ndarray:
    """Levels to track: two of the coverage and a grid, as far as the scores reach."""
    near = np.abs(_TRACKED[:, np.newaxis] - own).min(axis=1) < 1e-9
    return told(np.sort(np.concatenate([own, _TRACKED[~near]])), n_scores)


def track(
    known: np.ndarray,
    tracked: np.ndarray,
    before: np.ndarray,
    scores: np.ndarray,
    learning_rate: float,
) -> np.ndarray:
    """Quantiles of the scores, updated by new ones one after the other.

    For a quantile q at level t and a score s, q grows by ``step * t`` if s is above q,
    otherwise it falls by ``step * (1 - t)``: on average it does not move if s is above
    q in a share ``1 - t`` of all cases.

    Parameters
    ----------
    known : ndarray of shape (n_tracked,)
        Levels that are tracked.
    tracked : ndarray of shape (K, n_tracked)
        Their quantiles.
    before : ndarray of shape (m, K)
        The scores that came before.
    scores : ndarray of shape (n, K)
        The new ones.
    learning_rate : float
        Length of a step, as a share of the range of the last m scores.

    Returns
    -------
    tracked : ndarray of shape (K, n_tracked)
    """
    recent = np.concatenate([before, scores[:-1]])
    windows = sliding_window_view(recent, len(before), axis=0)  # (n, K, m), a view
    # If all are missing, there is no range.
    steps = learning_rate * (np.fmax.reduce(windows, -1) - np.fmin.reduce(windows, -1))
    tracked = tracked.copy()
    for score, step in zip(scores[..., np.newaxis], steps[..., np.newaxis]):
        if not np.isnan(score).all():
            moves = np.where(np.isnan(score), 0, known - (score <= tracked))
            tracked += np.nan_to_num(step) * moves
    return tracked


def in_order(known: np.ndarray, tracked: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Tracked quantiles, rearranged to increase with the level.

    Each is tracked by itself, and neighbors may overtake each other by a step. Those at
    the two own levels, for which the coverage is guaranteed, stay; the others are kept
    on their side of these and sorted there.

    Parameters
    ----------
    known : ndarray of shape (n_tracked,)
        Levels that are tracked.
    tracked : ndarray of shape (K, n_tracked)
        Their quantiles.
    own : ndarray of shape (2,)
        The two levels of the coverage, which may be beyond the reach of the scores.

    Returns
    -------
    quantiles : ndarray of shape (K, n_tracked)
    """
    at = np.flatnonzero(np.abs(known[:, np.newaxis] - own).min(axis=1) < 1e-9)
    if len(at) < 2:
        return np.sort(tracked, axis=1)
    first, last = at
    ends = np.sort(tracked[:, at], axis=1)
    low, high = ends[:, :1], ends[:, 1:]
    parts = (
        np.minimum(tracked[:, :first], low),
        np.clip(tracked[:, first : last + 1], low, high),
        np.maximum(tracked[:, last + 1 :], high),
    )
    # The middle part ends at the own levels, and sorting keeps these ends.
    return np.concatenate([np.sort(part, axis=1) for part in parts], axis=1)


def between_tracked(
    levels: np.ndarray, known: np.ndarray, tracked: np.ndarray, n_scores: int
) -> np.ndarray:
    """Quantiles between the tracked ones; infinite beyond the reach of the scores.

    Parameters
    ----------
    levels : ndarray of shape (Q,)
        Requested levels.
    known : ndarray of shape (n_tracked,)
        Levels that are tracked.
    tracked : ndarray of shape (K, n_tracked)
        Their quantiles.
    n_scores : int
        Number of calibration origins.

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
            f"found {levels[0]:g} to {levels[-1]:g}. Fit with a larger coverage."
        )
    quantiles = np.where(above, np.inf, np.full((len(tracked), len(levels)), -np.inf))
    inside = ~(below | above)
    for row, known_quantiles in zip(quantiles, tracked):
        row[inside] = np.interp(levels[inside], known, known_quantiles)
    return quantiles


def moved_scores(
    scores: np.ndarray, known: np.ndarray, tracked: np.ndarray
) -> np.ndarray:
    """Scores, shifted by the difference between tracked and empirical quantiles.

    So paths drawn from them reflect what was learned, and the dependence between the
    outputs of one origin is preserved.

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
