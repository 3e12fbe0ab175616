"""Time axes: whether they are regular, and which timestamps come next.

Every index is looked at as its *ticks*, one number a timestamp: the integers behind
datetimes (in UTC), periods and time steps, and numbers themselves. A regular axis goes
on by its *frequency*: a number of ticks, or an offset of pandas where the calendar
makes the steps unequal (months, business days, days of a zone with summer time).
"""

import warnings
from numbers import Real

import numpy as np
import pandas as pd
from pandas.api.types import is_float_dtype, is_numeric_dtype
from pandas.tseries.frequencies import to_offset

# Nanoseconds in a tick of a datetime index of each unit.
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
# As many timestamps tell the frequency: business days need a weekend.
_N_TELLING = 1000


def check_time_axis(index, regular=True):
    """Check that the timestamps increase and, if `regular`, that none is missing.

    Raises
    ------
    TypeError
        If the index holds something else than timestamps, periods or numbers.
    ValueError
        If timestamps are unsorted, duplicated, missing or NaT.
    """
    is_time = isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex))
    if not is_time and not is_numeric_dtype(index.dtype):
        raise TypeError(
            "Expected an index of timestamps, periods or numbers, found one of "
            f"{index.dtype} ({type(index).__name__}). Convert it first, e.g. with "
            "pandas.to_datetime."
        )
    if index.hasnans:
        raise ValueError(
            f"Expected a timestamp in every row, found none in row "
            f"{int(np.argmax(index.isna()))}. Drop that row or fill its timestamp."
        )
    if not index.is_monotonic_increasing:
        row = int(np.argmax(index[1:] < index[:-1])) + 1
        raise ValueError(
            f"Expected timestamps in increasing order, found {index[row]!s} in row "
            f"{row} after {index[row - 1]!s}. Call sort_index() first."
        )
    if not index.is_unique:
        row = int(np.argmax(index.duplicated()))
        raise ValueError(
            f"Expected every timestamp once, found {index[row]!s} again in row {row}. "
            "Keep one, e.g. series[~series.index.duplicated()], or average them with "
            "series.groupby(level=0).mean()."
        )
    row = first_irregular_row(index) if regular else None
    if row is None:
        return
    raise ValueError(
        "Expected timestamps at a regular distance, found "
        f"{index[row]!s} in row {row} after {index[row - 1]!s}. A timestamp is missing "
        "or misplaced: bring the series to one frequency with series.asfreq(...) or "
        "series.resample(...) and fill the gaps, or drop the index if the distance "
        "of the rows does not matter."
    )


def first_irregular_row(index):
    """Row of the first timestamp that is not at a regular distance, or None."""
    has_freq = getattr(index, "freq", None) is not None
    if (
        len(index) < 3
        or isinstance(index, pd.RangeIndex)
        or (has_freq and not isinstance(index, pd.PeriodIndex))
    ):
        return None  # pandas itself vouches for the regularity
    if isinstance(index, pd.DatetimeIndex):
        return _first_irregular_datetime(index)
    return _first_irregular_step(np.diff(ticks_of(index)))


def _first_irregular_step(steps):
    """Row after the first step of another size than the others, or None."""
    steps = steps.astype(float)
    usual = steps[0] if len(steps) < 3 else np.median(steps)
    # Rounding is far below a hundredth of a step, a missing timestamp far above.
    irregular = np.abs(steps - usual) > usual / 100
    return int(np.argmax(irregular)) + 1 if irregular.any() else None


def _first_irregular_datetime(index):
    """Row of the first timestamp that is not where the frequency puts it, or None."""
    row = _first_difference(index, _infer_freq(index))
    if row == len(index):
        return None
    # The frequency of a stretch without the flaw tells where the flaw is. Of several
    # the one that goes farthest: business days look like days until a weekend.
    stretches = {
        _infer_freq(index[start : start + size])
        for size in (8, 4)
        for start in range(0, min(len(index) - size + 1, 20 * size), size - 1)
    }
    row = max((_first_difference(index, freq) for freq in stretches), default=0)
    if row > 0:
        return row
    steps = np.diff(index.asi8)
    return int(np.argmax(steps != np.median(steps))) + 1


def _infer_freq(index):
    with warnings.catch_warnings():
        # pandas 3.1 announces a result of another type; date_range takes either.
        warnings.simplefilter("ignore", DeprecationWarning)
        return pd.infer_freq(index)


def _first_difference(index, freq):
    """Row where `index` leaves the frequency, its length if it never does."""
    if freq is None:
        return 0
    # pandas infers some frequencies from the set of the steps, whatever their order.
    try:
        differs = pd.date_range(index[0], periods=len(index), freq=freq) != index
    except (ValueError, OverflowError):  # the frequency leads out of the calendar
        return 0
    return int(np.argmax(differs)) if differs.any() else len(index)


# ------------------------------------------------------------------- what comes next


def ticks_of(index):
    """The timestamps as numbers, int64 or float64."""
    if isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)):
        return index.asi8
    return index.to_numpy(np.float64 if is_float_dtype(index.dtype) else np.int64)


def from_ticks(ticks, like):
    """Timestamps of the kind, time zone and name of the index `like`."""
    if isinstance(like, pd.PeriodIndex):
        return pd.PeriodIndex.from_ordinals(ticks, freq=like.freq, name=like.name)
    if isinstance(like, pd.TimedeltaIndex):
        return pd.TimedeltaIndex(ticks.view(f"m8[{like.unit}]"), name=like.name)
    if isinstance(like, pd.DatetimeIndex):
        index = pd.DatetimeIndex(ticks.view(f"M8[{like.unit}]"), name=like.name)
        return (
            index if like.tz is None else index.tz_localize("UTC").tz_convert(like.tz)
        )
    index = pd.Index(ticks, name=like.name)
    same = index.astype(like.dtype)
    # A forecast may lie past the largest integer of the series' own kind.
    return same if (same == index).all() else index


def frequency(index, freq=None):
    """The frequency of a regular time axis.

    Parameters
    ----------
    index : pandas.Index
        Timestamps in increasing order. The first 1000 tell the frequency.
    freq : str, offset of pandas or number, default=None
        What it is, where that is known.

    Returns
    -------
    freq : int, float, offset of pandas or None
        None if it is not regular, or has too few timestamps to tell.
    """
    if freq is not None:
        is_number = isinstance(freq, Real)
        return freq if is_number else _ticks_or_offset(index, freq)
    freq = getattr(index, "freq", None)
    is_time = isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex))
    if not is_time and not is_numeric_dtype(index.dtype):
        return None
    if isinstance(index, pd.PeriodIndex) and len(index) < 2:
        return index.freq.n
    if isinstance(index, pd.RangeIndex):
        return index.step
    head = index[:_N_TELLING]
    if isinstance(index, pd.DatetimeIndex) and (freq is not None or len(index) > 2):
        return _ticks_or_offset(head, freq or _infer_freq(head))
    ticks = ticks_of(head)
    if len(ticks) < 2 or _first_irregular_step(np.diff(ticks)) is not None:
        return None
    if ticks.dtype == np.int64:
        return int(ticks[1] - ticks[0])
    return float((ticks[-1] - ticks[0]) / (len(ticks) - 1))  # rounds the least


def _ticks_or_offset(index, freq):
    """`freq` as a number of ticks, where all of its steps are of one size."""
    if freq is None:
        return None
    offset = to_offset(freq)
    if isinstance(offset, (pd.offsets.Day, pd.offsets.Week)):
        # A day of a time zone may have 23 hours or 25.
        if not _is_free_of_clock_changes(index):
            return offset
        days = offset.n * (7 if isinstance(offset, pd.offsets.Week) else 1)
        nanoseconds = days * 86_400 * 10**9
    elif isinstance(offset, pd.offsets.Tick):
        nanoseconds = offset.nanos
    else:
        return offset
    return nanoseconds // _NANOSECONDS[index.unit]


def steps_after(stamps, freq, n_steps):
    """Ticks of the timestamps that follow.

    Parameters
    ----------
    stamps : pandas.Index of length n
        Timestamps to start from.
    freq : int, float or offset of pandas
        As :func:`frequency` gives it. Its negative leads back.
    n_steps : int
        How many timestamps to go on from each.

    Returns
    -------
    ticks : ndarray of shape (n, n_steps)
    """
    if not isinstance(freq, pd.offsets.BaseOffset):
        return ticks_of(stamps)[:, np.newaxis] + freq * np.arange(1, n_steps + 1)
    # Series share timestamps, and offsets are slow: each of them once.
    places, unique = pd.factorize(stamps)
    # Calendars count on the wall clock.
    wall = unique.tz_localize(None)
    after = []
    for _ in range(n_steps):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
            wall = (wall + freq).as_unit(stamps.unit)
        # A clock that shows a time twice means the first, one that skips it the next.
        local = wall.tz_localize(
            stamps.tz,
            ambiguous=np.ones(len(wall), dtype=bool),
            nonexistent="shift_forward",
        )
        after.append(local.asi8)
    # n_steps arrays (n_unique,) -> (n, n_steps)
    return np.stack(after, axis=1)[places]


def next_ticks(stamps, freqs, freq_of, n_steps, back=False):
    """Ticks of the timestamps that follow, each by a frequency of its own.

    Parameters
    ----------
    stamps : pandas.Index of length n
        Timestamps to start from.
    freqs : tuple
        Frequencies.
    freq_of : ndarray of shape (n,) or None
        Which of them leads on from each timestamp; None if there is but one.
    n_steps : int
        How many timestamps to go on from each.
    back : bool, default=False
        Whether to go back rather than on.

    Returns
    -------
    ticks : ndarray of shape (n, n_steps)

    Raises
    ------
    ValueError
        If a frequency is needed that is not known.
    """
    if freq_of is None:
        freq_of = np.zeros(len(stamps), dtype=np.int32)
    ticks = np.empty((len(stamps), n_steps), dtype=ticks_of(stamps[:0]).dtype)
    for code, freq in enumerate(freqs):
        rows = freq_of == code
        if not rows.any():
            continue
        if freq is None:
            raise ValueError(
                "Cannot tell which timestamp comes next: expected timestamps at a "
                "regular distance and at least two of them in one series. Give Windows "
                "of your own an index with a frequency, or freq=."
            )
        ticks[rows] = steps_after(stamps[rows], -freq if back else freq, n_steps)
    return ticks


# ------------------------------------------------------------------ several series


def panel_frequencies(index, bounds, complain):
    """The frequency of every series, which must each be regular.

    Parameters
    ----------
    index : pandas.Index of length n_timestamps
        Timestamps of all series, one series after the other.
    bounds : ndarray of shape (n_series + 1,)
        Rows ``bounds[i]`` to ``bounds[i + 1]`` are series ``i``; none is empty.
    complain : callable
        Raises the error for a kind of flaw, "unsorted", "duplicated" or "irregular",
        and the row where it is.

    Returns
    -------
    freqs : tuple
        Frequencies as :func:`frequency` gives them, the most usual one first.
    freq_of : ndarray of shape (n_series,), int32
        Which of them is that of each series.
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
    freqs, freq_of = {common: 0}, np.zeros(len(first), dtype=np.int32)
    if isinstance(common, pd.offsets.BaseOffset):
        places, unique = pd.factorize(ticks)
        following = steps_after(from_ticks(unique, index), common, 1)[:, 0]
        other = series_with(following[places[:-1]] != ticks[1:])
    elif common is None:
        other = several
    else:
        # Numbers round; others are whole.
        other = several & (uneven | (np.abs(own - common) > abs(common) / 100))
    by_number = other & ~uneven & ~_may_be_calendar(index, own)
    steps_found, which = np.unique(own[by_number], return_inverse=True)
    codes = [freqs.setdefault(step, len(freqs)) for step in steps_found.tolist()]
    freq_of[by_number] = np.array(codes, dtype=np.int32)[which]
    known = {}  # series that share their timestamps are looked at once
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


def _may_be_calendar(index, steps):
    """Whether steps of one size may still be months, or days of a time zone."""
    if not isinstance(index, pd.DatetimeIndex):
        return np.zeros(len(steps), dtype=bool)
    day = 86_400 * 10**9 // _NANOSECONDS[index.unit]
    least = 28 * day if _is_free_of_clock_changes(index) else day
    return (steps % day == 0) & (steps >= least)


def _is_free_of_clock_changes(index):
    return index.tz is None or str(index.tz) == "UTC"
