"""Timestamps of a window and of the steps that follow it."""

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from .._series import _infer_freq


def time_axis(X, origin, horizon):
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
        None if the index does not tell how it goes on: strings, or dates without a
        frequency.
    """
    end = X.positions[origin] + 1
    index = X._index
    past = index[end - X.length : end]
    if isinstance(index, pd.MultiIndex):  # (id, timestamp), of which one id is drawn
        index = past = past.get_level_values(-1)
    # The index may end at the origin, and rows after it may belong to another series,
    # so what follows is always worked out.
    future = _continue(index, past, horizon)
    return None if future is None else past.append(future)


def coordinates(timestamps):
    """Timestamps as matplotlib takes them."""
    index = pd.Index(timestamps)
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    elif isinstance(index, pd.TimedeltaIndex):
        index = index.total_seconds()
    return index.to_numpy()


def _continue(index, past, horizon):
    """`horizon` timestamps after those of `past`, a part of `index`, or None."""
    if isinstance(index, pd.PeriodIndex):
        return pd.period_range(past[-1], periods=horizon + 1)[1:]
    if isinstance(index, pd.DatetimeIndex):
        freq = index.freq or _frequency(index) or _frequency(past)
        if freq is None:
            return None
        return pd.date_range(past[-1], periods=horizon + 1, freq=freq)[1:]
    if isinstance(index, pd.TimedeltaIndex) or is_numeric_dtype(index.dtype):
        # Of windows of a single timestamp, only the whole index tells the distance.
        known = (past if len(past) > 1 else index).to_numpy()
        step = known[-1] - known[-2] if len(known) > 1 else None
        return (
            None
            if step is None
            else past[-1] + pd.Index(step * np.arange(1, horizon + 1))
        )
    return None


def _frequency(index):
    """Frequency of the dates, or None."""
    index = index.unique()  # SlidingWindow repeats the first of the rows
    return _infer_freq(index) if len(index) > 2 else None
