"""Whether float32 can tell the values of a series apart; if not, use float64."""

import numpy as np

# Rounding that moves values by less than this share of their usual step from one
# timestamp to the next does not concern the user.
_SHARE = 0.01
# The largest relative error of rounding to float32.
_HALF_ULP = 2.0**-24
# Ranges whose squares fit into float32, with some margin.
_SMALLEST_SQUARED, _LARGEST_SQUARED = 1e-18, 1e18
# Ranges that fit into float32, which the networks use, with some margin.
_SMALLEST, _LARGEST = 1e-35, 1e35


def as_precise(values: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """A copy of values for windows: float32, or float64 where that loses too much.

    It does if a series is at a level that is high compared with its steps, or if the
    square of its range is outside the range of float32.

    Parameters
    ----------
    values : ndarray of shape (n_timestamps, n_channels), float32 or float64
    bounds : ndarray of shape (n_series + 1,)
        Rows where the series begin and end.

    Returns
    -------
    values : ndarray of shape (n_timestamps, n_channels), float32 or float64
        Numbers that are too large for float32 become infinite in both.
    """
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32, order="C")
    if not values.size or not is_too_coarse(rounded, values, bounds):
        return rounded
    exact = values.astype(np.float64, order="C")
    overflows = np.isinf(rounded)
    exact[overflows] = rounded[overflows]
    return exact


def is_too_coarse(rounded: np.ndarray, values: np.ndarray, bounds: np.ndarray) -> bool:
    """Whether rounding to float32 loses too much of some channel of some series.

    Parameters
    ----------
    rounded : ndarray of shape (n_timestamps, n_channels), float32
    values : ndarray of shape (n_timestamps, n_channels), float32 or float64
        The values before rounding.
    bounds : ndarray of shape (n_series + 1,)
        Rows where the series begin and end.

    Returns
    -------
    is_too_coarse : bool
    """
    begin = bounds[:-1][np.diff(bounds) > 0]
    with np.errstate(all="ignore"):  # infinite values are found elsewhere
        spread, level = _spread_and_level(values, begin)
        is_number = np.isfinite(level.astype(np.float32)) & (spread > 0)
        squares = (_SMALLEST_SQUARED <= spread) & (spread <= _LARGEST_SQUARED)
        if (is_number & ~squares).any():
            return True
        if values.dtype == np.float32:
            return False
        # If nothing is missing, the range of a series is at most the sum of its steps:
        # most series need no closer look.
        n_rows = np.diff(begin, append=len(values))[:, np.newaxis]
        is_calm = level * _HALF_ULP <= _SHARE * spread / n_rows
        if (is_calm | ~is_number).all() and not np.isnan(np.sum(values)):
            return False
        # (n_timestamps, n_channels): how far each value is from the previous one
        steps = np.abs(np.diff(values, axis=0, prepend=np.nan))
        steps[begin] = np.nan
        is_step = np.isfinite(steps)
        n_steps = np.add.reduceat(is_step, begin, axis=0, dtype=np.int64)
        usual = np.add.reduceat(np.where(is_step, steps, 0), begin, axis=0) / n_steps
        suspects = is_number & (level * _HALF_ULP > _SHARE * usual)
        for series, channel in np.argwhere(suspects):
            rows = slice(begin[series], np.append(begin, len(values))[series + 1])
            moved = np.abs(values[rows, channel] - rounded[rows, channel])
            # Integers may be exact.
            if np.nanmax(moved) > _SHARE * usual[series, channel]:
                return True
    return False


def _spread_and_level(values, begin):
    """Range and largest absolute value of each channel of each series.

    (n_series, n_channels) each, without copying the values.
    """
    highest = np.fmax.reduceat(values, begin, axis=0).astype(np.float64)
    lowest = np.fmin.reduceat(values, begin, axis=0).astype(np.float64)
    return highest - lowest, np.maximum(np.abs(highest), np.abs(lowest))


def out_of_range(values: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Where the range of the values is one that networks cannot scale.

    Parameters
    ----------
    values : ndarray of shape (n_timestamps, n_channels)
    bounds : ndarray of shape (n_series + 1,)

    Returns
    -------
    places : ndarray of shape (n_places, 3), float64
        Series, channel and range, which is smaller than 1e-35 or larger than 1e35.
    """
    if not values.size:
        return np.empty((0, 3))
    filled = np.flatnonzero(np.diff(bounds))
    with np.errstate(all="ignore"):
        spread, _ = _spread_and_level(values, bounds[filled])
        is_extreme = (spread > 0) & ((spread < _SMALLEST) | (spread > _LARGEST))
    places = np.argwhere(is_extreme & np.isfinite(spread))
    return np.column_stack(
        [filled[places[:, 0]], places[:, 1], spread[tuple(places.T)]]
    )
