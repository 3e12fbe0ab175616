"""The losses of a training run, epoch by epoch, and which epoch was kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .callbacks import KeepBestWeights


@dataclass(frozen=True, eq=False)
class TrainingCurve:
    """The recorded losses of a training run.

    Parameters
    ----------
    epochs : ndarray of shape (n_epochs,), int64
        Numbers of the epochs, starting at 1.
    train, valid : ndarray of shape (n_epochs,), float64
        Losses; NaN where there is none.
    kept : int or None
        The epoch whose weights were kept; None if unknown.
    """

    epochs: np.ndarray
    train: np.ndarray
    valid: np.ndarray
    kept: int | None


def curve_of(net: Any) -> TrainingCurve:
    """The curve of a fitted network."""
    keepers = [c for _, c in net.callbacks_ if isinstance(c, KeepBestWeights)]
    kept = keepers[0].best_epoch_ if keepers else None
    return curve_of_history(net.history, kept)


def curve_of_history(
    history: Sequence[dict[str, Any]], kept: int | None = None
) -> TrainingCurve:
    """The curve of a skorch history, one dictionary for each epoch."""
    train, valid = (
        np.array([epoch.get(key, np.nan) for epoch in history], dtype=np.float64)
        for key in ("train_loss", "valid_loss")
    )
    epochs = np.array([epoch["epoch"] for epoch in history], dtype=np.int64)
    return TrainingCurve(epochs, train, valid, kept)
