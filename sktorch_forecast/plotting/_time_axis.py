"""Timestamps of a window and of the steps that follow it."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .._data.windows import Windows


def time_axis(X: Windows, origin: int, horizon: int) -> pd.Index | None:
    """Timestamps of one window and of the horizon after it.

    Parameters
    ----------
    X : Windows
        Lazy windows.
    origin : int
        Which of them.
    horizon : int
        Steps after the origin.

    Returns
    -------
    timestamps : pandas.Index of length ``length + horizon``, or None
        None if the index does not tell how it continues: strings, or dates without a
        frequency.
    """
    end = X.positions[origin] + 1
    past = X.panel.index[end - X.length : end]
    try:
        future = X[[origin]].future_index(horizon)
    except ValueError:
        return None
    if isinstance(future, pd.MultiIndex):  # (id, timestamp), one id of which is drawn
        future = future.get_level_values(-1)
    return past.append(future)


def coordinates(timestamps: ArrayLike | pd.Index) -> np.ndarray:
    """Timestamps as matplotlib takes them."""
    index = pd.Index(timestamps)
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    elif isinstance(index, pd.TimedeltaIndex):
        index = index.total_seconds()
    return index.to_numpy()
