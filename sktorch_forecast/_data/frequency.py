"""The frequency of a time axis, and which timestamps come next.

A regular axis continues by its *frequency*: a number of ticks, or a pandas offset where
the calendar makes the steps unequal (months, business days, days in a time zone with
daylight saving time).
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeAlias

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from pandas.tseries.frequencies import to_offset

from .time_axis import (
    first_irregular_row,
    first_irregular_step,
    from_ticks,
    inferred_freq,
    is_time,
    ticks_of,
    wall_clock,
)

Frequency: TypeAlias = float | pd.offsets.BaseOffset | None

# Nanoseconds in a tick of a datetime index of each unit.
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
# This many timestamps determine the frequency: business days need a weekend.
_N_TELLING = 1000


def frequency(
    index: pd.Index, freq: str | pd.offsets.BaseOffset | float | None = None
) -> Frequency:
    """The frequency of a regular time axis.

    Parameters
    ----------
    index : pandas.Index
        Timestamps in increasing order. The first 1000 determine the frequency.
    freq : str, offset of pandas or number, default=None
        The frequency, if known.

    Returns
    -------
    freq : int, float, offset of pandas or None
        None if the axis is not regular, or has too few timestamps to decide.
    """
    if isinstance(freq, (int, float, np.number)):
        return freq
    if freq is not None:
        return _ticks_or_offset(index, freq)
    if isinstance(index, pd.RangeIndex):
        return index.step
    if isinstance(index, pd.PeriodIndex) and len(index) < 2:
        return index.freq.n
    head = index[:_N_TELLING]
    if isinstance(head, pd.DatetimeIndex) and (head.freq or len(head) > 2):
        return _ticks_or_offset(head, head.freq or inferred_freq(head))
    if is_time(index) or is_numeric_dtype(index.dtype):
        return _number_of_ticks(ticks_of(head))
    return None


def _number_of_ticks(ticks: np.ndarray) -> float | None:
    """The distance of ticks, None if it is not regular or there are too few."""
    if len(ticks) < 2 or first_irregular_step(np.diff(ticks)) is not None:
        return None
    if ticks.dtype == np.int64:
        return int(ticks[1] - ticks[0])
    return float((ticks[-1] - ticks[0]) / (len(ticks) - 1))  # the least rounding error


def _ticks_or_offset(index: Any, freq: Any) -> Frequency:
    """`freq` as a number of ticks, if all of its steps have the same size."""
    if freq is None:
        return None
    offset = to_offset(freq)
    if isinstance(offset, (pd.offsets.Day, pd.offsets.Week)):
        # A day of a time zone may have 23 hours or 25.
        if not _is_free_of_clock_changes(index):
            return _from_day_to_day(index, offset)
        days = offset.n * (7 if isinstance(offset, pd.offsets.Week) else 1)
        nanoseconds = days * 86_400 * 10**9
    elif isinstance(offset, pd.offsets.Tick):
        nanoseconds = offset.nanos
    else:
        return offset
    return nanoseconds // _NANOSECONDS[index.unit]


def _from_day_to_day(index: pd.DatetimeIndex, offset: Any) -> pd.offsets.BaseOffset:
    """The offset itself only where days begin at midnight.

    Where the clock skips midnight, `steps_after` takes the first hour of the day for
    it, which must not happen to a series that is observed in that hour every day.
    """
    wall = index[:_N_TELLING].tz_localize(None)
    if isinstance(offset, pd.offsets.Week) or (wall == wall.normalize()).any():
        return offset
    return pd.DateOffset(days=offset.n)


def with_freq(index: Any, freq: pd.offsets.BaseOffset | None) -> Any:
    """`index` with its frequency, if pandas agrees.

    It does not if the clock skips a midnight.
    """
    if freq is None:
        return index
    try:
        return type(index)(index, freq=freq)
    except ValueError:
        return index


def _is_free_of_clock_changes(index: pd.DatetimeIndex) -> bool:
    return index.tz is None or str(index.tz) == "UTC"


# ------------------------------------------------------------------- what comes next


def steps_after(
    stamps: Any, freq: Any, n_steps: int, last_only: bool = False
) -> np.ndarray:
    """Ticks of the timestamps that follow.

    Parameters
    ----------
    stamps : pandas.Index of length n
        Timestamps to start from.
    freq : int, float or offset of pandas
        From :func:`frequency`. Its negative goes back.
    n_steps : int
        Number of timestamps to go from each.
    last_only : bool, default=False
        Whether to return only the last step.

    Returns
    -------
    ticks : ndarray of shape (n, n_steps), or (n, 1) if `last_only`
    """
    first = n_steps if last_only else 1
    if not isinstance(freq, pd.offsets.BaseOffset):
        ticks = ticks_of(stamps)[:, np.newaxis]
        with np.errstate(over="ignore"):
            after = ticks + freq * np.arange(first, n_steps + 1)
        if ((after > ticks) != (freq > 0)).any():
            _complain_of_range(stamps)
        return after
    # Series share timestamps, and offsets are slow: compute each only once.
    places, unique = pd.factorize(stamps)
    # Calendars count on the wall clock.
    unique = pd.DatetimeIndex(unique)
    is_of_day = isinstance(freq, (pd.offsets.Day, pd.offsets.Week))
    has_zone = is_of_day and unique.tz is not None
    wall = wall_clock(unique) if has_zone else unique.tz_localize(None)
    after = []
    for step in range(1, n_steps + 1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
            try:
                wall = (wall + freq).as_unit(stamps.unit)
            except (OverflowError, pd.errors.OutOfBoundsDatetime):
                _complain_of_range(stamps)
        if step < first:
            continue
        # If the clock shows a time twice, take the first; if it skips it, the next.
        local = wall.tz_localize(
            stamps.tz,
            ambiguous=np.ones(len(wall), dtype=bool),
            nonexistent="shift_forward",
        )
        after.append(local.asi8)
    # n_steps arrays (n_unique,) -> (n, n_steps)
    return np.stack(after, axis=1)[places]


def _complain_of_range(stamps: Any) -> NoReturn:
    repair = "Subtract the first one from all of them."
    if is_time(stamps):
        repair = "Convert them to a coarser unit, e.g. index.as_unit('s')."
    raise ValueError(
        f"Expected timestamps that {stamps.dtype} can hold, found timestamps from "
        f"{stamps.min()!s} to {stamps.max()!s}, with steps beyond its range. {repair}"
    )


def next_ticks(
    stamps: pd.Index,
    freqs: Sequence[Frequency],
    freq_of: np.ndarray | None,
    n_steps: int,
    back: bool = False,
    last_only: bool = False,
) -> np.ndarray:
    """Ticks of the timestamps that follow, each by its own frequency.

    Parameters
    ----------
    stamps : pandas.Index of length n
        Timestamps to start from.
    freqs : sequence
        Frequencies.
    freq_of : ndarray of shape (n,) or None
        Index of the frequency for each timestamp; None if there is only one.
    n_steps : int
        Number of timestamps to go from each.
    back : bool, default=False
        Whether to go back rather than forward.
    last_only : bool, default=False
        Whether to return only the last step.

    Returns
    -------
    ticks : ndarray of shape (n, n_steps), or (n, 1) if `last_only`

    Raises
    ------
    ValueError
        If an unknown frequency is needed.
    """
    if freq_of is None:
        freq_of = np.zeros(len(stamps), dtype=np.int32)
    n_columns = 1 if last_only else n_steps
    ticks = np.empty((len(stamps), n_columns), dtype=ticks_of(stamps[:0]).dtype)
    for code, freq in enumerate(freqs):
        rows = freq_of == code
        if not rows.any():
            continue
        if freq is None:
            raise ValueError(
                "Cannot tell which timestamp comes next: expected regularly spaced "
                "timestamps, at least two of them in one series. For a Panel of your "
                "own, pass an index with a frequency, or freq=."
            )
        step = -freq if back else freq
        ticks[rows] = steps_after(stamps[rows], step, n_steps, last_only)
    return ticks


# ------------------------------------------------------------------ several series


def panel_frequencies(
    index: pd.Index, bounds: np.ndarray, complain: Callable[[str, int], NoReturn]
) -> tuple[tuple[Frequency, ...], np.ndarray]:
    """The frequency of every series, which must each be regular.

    Parameters
    ----------
    index : pandas.Index of length n_timestamps
        Timestamps of all series, one series after the other.
    bounds : ndarray of shape (n_series + 1,)
        Rows ``bounds[i]`` to ``bounds[i + 1] - 1`` are series ``i``; none is empty.
    complain : callable
        Raises the error for a kind of flaw, "unsorted", "duplicated" or "irregular",
        and the row where it is.

    Returns
    -------
    freqs : tuple
        Frequencies from :func:`frequency`, the most common one first.
    freq_of : ndarray of shape (n_series,), int32
        Index of the frequency of each series.
    """
    ticks = ticks_of(index)
    first, n_rows = bounds[:-1], np.diff(bounds)
    steps = np.diff(ticks)
    inside = np.ones(len(steps), dtype=bool)
    inside[first[1:] - 1] = False  # from one series to the next
    backwards = (steps <= 0) & inside
    if backwards.any():
        step = int(np.argmax(backwards))
        complain("unsorted" if steps[step] else "duplicated", step + 1)

    def series_with(flaws):
        found = np.zeros(len(first), dtype=bool)
        found[np.searchsorted(bounds, np.flatnonzero(flaws & inside), "right") - 1] = 1
        return found

    several = n_rows > 1
    own = np.zeros(len(first), dtype=steps.dtype)
    own[several] = steps[first[several]]
    usual = np.repeat(own, n_rows)[:-1]
    if steps.dtype == np.int64:
        uneven = series_with(steps != usual)
    else:
        uneven = series_with(np.abs(steps - usual) > usual / 100)

    longest = int(np.argmax(n_rows))
    common = frequency(index[first[longest] : bounds[longest + 1]])
    freqs: dict[Frequency, int] = {common: 0}
    freq_of = np.zeros(len(first), dtype=np.int32)
    if isinstance(common, pd.offsets.BaseOffset):
        places, unique = pd.factorize(ticks)
        unique = from_ticks(np.asarray(unique), index)
        following = steps_after(unique, common, 1)[:, 0]
        other = series_with(following[places[:-1]] != ticks[1:])
    elif common is None:
        other = several
    else:
        # Numbers have rounding errors; others are integers.
        other = several & (uneven | (np.abs(own - common) > abs(common) / 100))
    by_number = other & ~uneven & ~_may_be_calendar(index, own)
    steps_found, which = np.unique(own[by_number], return_inverse=True)
    codes = [freqs.setdefault(step, len(freqs)) for step in steps_found.tolist()]
    freq_of[by_number] = np.array(codes, dtype=np.int32)[which]
    known = {}  # timestamps that series share are checked once
    for i in np.flatnonzero(other & ~by_number):
        rows = slice(first[i], bounds[i + 1])
        key = ticks[rows].tobytes()
        if key not in known:
            row = first_irregular_row(index[rows])
            if row is not None:
                complain("irregular", int(first[i]) + row)
            freq = frequency(index[rows])
            known[key] = freqs.setdefault(freq, len(freqs))
        freq_of[i] = known[key]
    return tuple(freqs), freq_of


def _may_be_calendar(index: pd.Index, steps: np.ndarray) -> np.ndarray:
    """Whether steps of equal size may still be months, or days in a time zone."""
    if not isinstance(index, pd.DatetimeIndex):
        return np.zeros(len(steps), dtype=bool)
    day = 86_400 * 10**9 // _NANOSECONDS[index.unit]
    least = 28 * day if _is_free_of_clock_changes(index) else day
    return (steps % day == 0) & (steps >= least)
