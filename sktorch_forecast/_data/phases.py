"""The phase at which a window ends in a cycle, computed from its time.

A phase is a number of steps since a fixed date, modulo the length of the cycle, not a
row number: windows cut from a piece of a series have the same phases as in the whole.
"""

from typing import Any, NoReturn, TypeAlias

import numpy as np
import pandas as pd

from .time_axis import ticks_of
from .windows import Windows

# The kind of times, the unit they are counted in, and how many units make a step.
Clock: TypeAlias = tuple[str, str, int]

# Calendar units that steps of unequal length may be multiples of.
_OF_CALENDARS = ("days", "months", "business days")


def clock_of(X: Any) -> Clock:
    """How the steps of windows are counted.

    Parameters
    ----------
    X : Windows or array
        Windows to train on.

    Returns
    -------
    clock : tuple of (str, str, int)
        For :func:`phases_of`.

    Raises
    ------
    ValueError
        If the windows do not know their times, or their steps cannot be counted.
    """
    kind, freq = _kind(X), _frequency(X)
    if not isinstance(freq, pd.offsets.BaseOffset):
        return kind, "ticks", int(freq) * _nanoseconds(X.panel.index[:0])
    # Enough steps to decide: a weekend, and months of different lengths.
    index = pd.date_range("1970-01-01", periods=8, freq=freq, unit="s")
    for counted in _OF_CALENDARS:
        steps = np.unique(np.diff(_counts(index, counted, 1)))
        if len(steps) == 1 and steps[0] > 0:
            return kind, counted, int(steps[0])
    raise ValueError(
        "Expected steps of a fixed number of days, months or business days with "
        f"normalize='cycle', found the frequency {freq.freqstr!r}. Number the "
        "timestamps in a column, and name it in time=."
    )


def phases_of(X: Any, clock: Clock | None, seasonality: int) -> np.ndarray:
    """Phase of the origin of each window in a cycle.

    Parameters
    ----------
    X : Windows or array
    clock : tuple or None
        The clock of the training data, from :func:`clock_of`; None means that of `X`.
    seasonality : int
        Number of timestamps in the cycle.

    Returns
    -------
    phases : ndarray of shape (n_origins,), int64
        From 0 to ``seasonality - 1``.

    Raises
    ------
    ValueError
        If the windows do not know their times, or these do not match those of the
        training data.
    """
    clock = clock_of(X) if clock is None else clock
    expected, counted, step = clock
    if (found := _kind(X)) != expected:
        raise ValueError(
            f"Expected windows with {expected}, as in fit, since normalize='cycle' "
            f"computes phases from the time, found {found}. Convert them, e.g. with "
            "tz_convert or to_period."
        )
    index, follows = _rows(X)
    counts = _counts(index, counted, step)
    breaks = follows & (np.diff(counts) != 1)
    if breaks.any():
        row = int(np.argmax(breaks))
        raise ValueError(
            f"Expected windows with timestamps in steps of {_in_words(clock)}, as in "
            "fit, since normalize='cycle' counts steps, found "
            f"{index[row + 1]!s} after {index[row]!s}. Bring the series to the "
            "frequency of the fit, e.g. with asfreq or resample."
        )
    return counts[X.positions - _first(X)] % seasonality


def _kind(X: Any) -> str:
    """The kind of times that windows have, in words."""
    if not isinstance(X, Windows):
        _complain("an array, which has none")
    index = X.panel.index[:0]
    if isinstance(index, pd.DatetimeIndex):
        return "timestamps" if index.tz is None else f"timestamps in {index.tz}"
    if isinstance(index, pd.PeriodIndex):
        return f"periods of {index.freqstr}"
    if isinstance(index, pd.TimedeltaIndex):
        return "time steps"
    if index.dtype.kind not in "iu":
        _complain(f"times of {index.dtype}")
    # pandas numbers the rows of any frame, starting anew for each piece that is read.
    if index.name is None:
        _complain("unnamed row numbers")
    return "integers"


def _complain(found: str) -> NoReturn:
    raise ValueError(
        "Expected windows with times for normalize='cycle', which computes phases from "
        f"them, found {found}. Pass make_windows a series or frame with timestamps, "
        "periods or named integers in its index or in the column that time= names."
    )


def _frequency(X: Windows) -> float | pd.offsets.BaseOffset:
    """The one frequency of all series."""
    panel = X.panel
    codes = [0] if panel.freq_of is None else np.unique(panel.freq_of[X.series])
    freqs = [panel.freqs[code] for code in codes]
    if len(freqs) == 1 and freqs[0] is not None:
        return freqs[0]
    found = ", ".join(map(str, freqs)) if len(freqs) > 1 else "an unknown one"
    raise ValueError(
        "Expected windows of one regular frequency with normalize='cycle', found "
        f"{found}. Bring all series to one frequency, or fit a forecaster for each."
    )


def _first(X: Windows) -> int:
    """The first row that a window sees."""
    return int(X.positions.min()) - X.length + 1


def _rows(X: Windows) -> tuple[Any, np.ndarray]:
    """Times of the rows that windows see, and whether each follows the previous one.

    It does not where a series begins, or where padding precedes one.
    """
    rows = np.arange(_first(X), int(X.positions.max()) + 1)
    index, series = X.panel.index[rows[0] : rows[-1] + 1], X.panel.series_of(rows)
    return index, (np.diff(series) == 0) & (np.diff(ticks_of(index)) > 0)


def _nanoseconds(index: Any) -> int:
    """Nanoseconds in a tick of an index; 1 if ticks are something else."""
    if not isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return 1
    return int(np.timedelta64(1, index.unit) / np.timedelta64(1, "ns"))


def _counts(index: Any, counted: str, step: int) -> np.ndarray:
    """Number of the step that contains each time, int64."""
    if counted == "ticks":
        unit = _nanoseconds(index)
        if step % unit:  # finer than the ticks
            index, unit = index.as_unit("ns"), 1
        return ticks_of(index) // (step // unit)
    # Calendars count on the wall clock.
    wall = index.tz_localize(None)
    if counted == "months":
        return wall.to_numpy().astype("M8[M]").astype(np.int64) // step
    days = wall.to_numpy().astype("M8[D]")
    if counted == "business days":
        return np.busday_count(np.datetime64("1970-01-01"), days) // step
    return days.astype(np.int64) // step


def _in_words(clock: Clock) -> str:
    kind, counted, step = clock
    if counted != "ticks":
        return f"{step} {counted}"
    if kind.startswith("time"):  # timestamps and time steps
        return str(pd.Timedelta(step, "ns"))
    return str(step)
