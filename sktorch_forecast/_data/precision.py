"""Whether windows, which are float32, can tell the values of a series apart."""

import warnings

import numpy as np

from .panel import Panel
from .words import plain

# Rounding that costs less than this share of the range of a series is none of the
# user's concern.
_SHARE = 0.005
# The most that rounding to float32 moves a number, as a share of it.
_HALF_ULP = 2.0**-24
# Ranges whose squares float32 still holds, with some room.
_SMALLEST, _LARGEST = 1e-18, 1e18


def warn_of_rounding(panel: Panel) -> None:
    """Warn if float32 loses much of what happens in some series.

    Parameters
    ----------
    panel : Panel
        With targets as they came, of shape (n_timestamps, n_targets), beside the
        values of the windows. Where they came as float32, nothing is rounded.
    """
    exact, begin = panel.targets, panel.bounds[:-1]
    if exact is None or not len(exact):
        return
    # (n_timestamps, n_targets) -> (n_series, n_targets), without copies of the series
    highest = np.fmax.reduceat(exact, begin, axis=0).astype(np.float64)
    lowest = np.fmin.reduceat(exact, begin, axis=0).astype(np.float64)
    with np.errstate(all="ignore"):  # infinity, in float32 as well, is found elsewhere
        spread = highest - lowest
        level = np.maximum(np.abs(highest), np.abs(lowest))
        happens = np.isfinite(level.astype(np.float32)) & (spread > 0)
        suspects = happens & (level * _HALF_ULP > _SHARE * spread)
    for series, target in np.argwhere(suspects):
        rows = slice(panel.bounds[series], panel.bounds[series + 1])
        moved = np.nanmax(np.abs(exact[rows, target] - panel.values[rows, target]))
        if moved > _SHARE * spread[series, target]:  # whole numbers may be exact
            _warn(
                f"Expected values that float32, the precision of windows, can tell "
                f"apart, found a range of {spread[series, target]:.3g} at a level of "
                f"{level[series, target]:.3g}{_of(panel, series, target)}: rounding "
                f"moves values by up to {moved:.3g}. Subtract a constant, such as its "
                "first value, from the series, and add it to the forecasts."
            )
            break  # one is enough to say what to do
    extreme = happens & ((spread < _SMALLEST) | (spread > _LARGEST))
    for series, target in np.argwhere(extreme)[:1]:
        _warn(
            f"Expected series with a range between {_SMALLEST:g} and {_LARGEST:g}, "
            "whose squares are in the range of float32, found a range of "
            f"{spread[series, target]:.3g}{_of(panel, series, target)}. Networks "
            "cannot scale it: use other units."
        )


def _of(panel, series, target):
    name = f" in channel {plain(panel.channels[target])!r}"
    return name if panel.ids is None else f"{name} of series {panel.name(series)}"


def _warn(message):
    # From here by warn_of_rounding, read and make_windows to the user.
    warnings.warn(message, UserWarning, stacklevel=5)
