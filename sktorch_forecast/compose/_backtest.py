"""Which origins a backtest forecasts from, and what each of its fits may learn from."""

import numpy as np

from .._data.time_axis import from_ticks, ticks_of


def chosen_origins(X, n_origins, start, stride):
    """The origins to forecast from, a mask of shape (n_origins,).

    Parameters
    ----------
    X : Windows
        All origins with a whole horizon of truth after them.
    n_origins : int or None
        How many of each series, the last ones.
    start : timestamp or None
        The first one, if `n_origins` is None.
    stride : int
        Timestamps from one to the next, counted back from the last origin of a
        series, or on from the first of all.
    """
    if n_origins is not None:
        series = X.series
        last = np.zeros(series.max() + 1, dtype=np.int64)
        np.maximum.at(last, series, X.positions)
        places = last[series] - X.positions
        return (places % stride == 0) & (places < n_origins * stride)
    chosen = np.asarray(timestamps(X) >= start)
    if not chosen.any():
        raise ValueError(
            f"Expected a start of at most {timestamps(X).max()!s}, the last origin "
            f"with a whole horizon of truth, found {start!s}."
        )
    times = X.times
    return chosen & ((times - times[chosen].min()) % stride == 0)


def timestamps(X):
    """Timestamp of each origin, without the name of its series."""
    origins = X.origins
    return origins if X.ids is None else origins.get_level_values(-1)


def rounds(X, chosen, horizon, every):
    """Split a backtest into fits.

    Parameters
    ----------
    X : Windows
        With a whole horizon of truth after each origin.
    chosen : ndarray of shape (n_origins,)
        Mask of the origins to forecast from.
    horizon : int
        Timestamps that the targets reach.
    every : int
        After how many different timestamps to fit again; 0 for never.

    Returns
    -------
    n_rounds : int
    rounds : generator of (train, test)
        Two masks of shape (n_origins,). All targets of `train` lie at the first
        timestamp of `test` or before.

    Raises
    ------
    ValueError
        If the first training set is empty.
    """
    ticks = ticks_of(X._index)
    origins, reach = ticks[X.positions], ticks[X.positions + horizon]
    starts = np.unique(origins[chosen])
    starts = starts[:: every or len(starts)]
    if not (reach <= starts[0]).any():
        raise ValueError(
            "Expected samples to train on before the first origin of the backtest, "
            f"{from_ticks(starts[:1], X._index)[0]!s}, found none whose targets are "
            "known by then. Begin later, take fewer origins, or give longer series."
        )

    def generate():
        number = np.searchsorted(starts, origins, "right") - 1
        for i, first in enumerate(starts):
            yield reach <= first, chosen & (number == i)

    return len(starts), generate()
