"""Time axes: whether they are regular, and timestamps as numbers.

Every index is represented by its *ticks*, one number per timestamp: the integers behind
datetimes (in UTC), periods and time steps, and numbers themselves.
"""

import warnings
from collections.abc import Iterator
from typing import Any, TypeGuard

import numpy as np
import pandas as pd
from pandas.api.types import (
    infer_dtype,
    is_bool_dtype,
    is_complex_dtype,
    is_float_dtype,
    is_numeric_dtype,
)
from pandas.tseries.api import guess_datetime_format
from pandas.tseries.frequencies import to_offset

TimeIndex = pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex


def is_time(index: Any) -> TypeGuard[TimeIndex]:
    """Whether an index holds timestamps, periods or time steps."""
    return isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex))


def is_time_like(index: pd.Index) -> bool:
    """Whether an index can be a time axis: timestamps, periods, steps or numbers."""
    if is_time(index):
        return True
    dtype = index.dtype
    is_number = is_numeric_dtype(dtype) and not is_complex_dtype(dtype)
    return is_number and not is_bool_dtype(dtype)


def as_time_index(index: Any) -> Any:
    """Timestamps of other libraries, such as Arrow, as pandas timestamps."""
    if not isinstance(index, pd.Index) or isinstance(index, pd.MultiIndex):
        return index
    of_pandas = is_time(index) or isinstance(index.dtype, np.dtype)
    if of_pandas or getattr(index.dtype, "kind", "O") not in "mM":
        return index
    kind = pd.DatetimeIndex if index.dtype.kind == "M" else pd.TimedeltaIndex
    return kind(list(index), name=index.name)


def dates_in(index: pd.Index) -> Iterator[pd.DatetimeIndex]:
    """Timestamps parsed from text or Python dates; nothing if there are none.

    Two answers where 01/02 may be in January or in February. Bare digits are taken as
    numbers, not as years.
    """
    index = index.astype(object) if index.dtype == "category" else index
    known = index.dropna()
    kind = infer_dtype(known)
    if kind in ("date", "datetime"):
        yield pd.to_datetime(index, utc=True)
    if kind != "string" or known[0].isdigit():
        return
    for dayfirst in (False, True):
        form = guess_datetime_format(known[0], dayfirst=dayfirst)
        if form is not None:
            dates = pd.to_datetime(known, format=form, errors="coerce", utc=True)
            yield from () if dates.hasnans else (dates,)


def ticks_of(index: Any) -> np.ndarray:
    """The timestamps as numbers, int64 or float64."""
    if isinstance(index, StoredTimes):
        return index.ticks_at(np.arange(len(index)))
    if is_time(index):
        return index.asi8
    largest: Any = index.max() if index.dtype.kind == "u" and len(index) else 0
    if largest > np.iinfo(np.int64).max:
        raise ValueError(
            f"Expected timestamps below 2 ** 63, found {largest}. Subtract the first "
            "one from all of them."
        )
    return index.to_numpy(np.float64 if is_float_dtype(index.dtype) else np.int64)


def from_ticks(ticks: np.ndarray, like: Any) -> pd.Index:
    """Timestamps of the kind, time zone and name of the index `like`."""
    if isinstance(like, StoredTimes):
        like = like.like
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
    # A forecast may lie past the largest integer of the series' own type.
    return same if (same == index).all() else index


# ----------------------------------------------------------------- is it regular?


def check_time_axis(index: pd.Index, regular: bool = True) -> None:
    """Check that the timestamps increase and, if `regular`, that none is missing.

    Raises
    ------
    TypeError
        If the index holds anything but timestamps, periods or numbers.
    ValueError
        If timestamps are unsorted, duplicated, missing or NaT.
    """
    if isinstance(index, pd.MultiIndex):
        raise TypeError(
            "Expected an index of timestamps, periods or numbers, found one of "
            f"{index.nlevels} levels, {list(index.names)} (MultiIndex). For many "
            "series, pass a frame, e.g. series.to_frame(), or name the level with the "
            "ids in id=."
        )
    if not is_time_like(index):
        raise TypeError(
            "Expected an index of timestamps, periods or numbers, found one of "
            f"{index.dtype} ({type(index).__name__}). Convert it first, e.g. with "
            "pandas.to_datetime, and utc=True where time zones differ."
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
        "Expected regularly spaced timestamps, found "
        f"{index[row]!s} in row {row} after {index[row - 1]!s}. A timestamp is missing "
        "or misplaced: bring the series to one frequency with series.asfreq(...) or "
        "series.resample(...) and fill the gaps, or drop the index if the time between "
        "rows does not matter."
    )


def first_irregular_row(index: pd.Index) -> int | None:
    """Row of the first timestamp that breaks the regular spacing, or None."""
    has_freq = getattr(index, "freq", None) is not None
    if (
        len(index) < 3
        or isinstance(index, pd.RangeIndex)
        or (has_freq and not isinstance(index, pd.PeriodIndex))
    ):
        return None  # pandas itself guarantees the regularity
    if isinstance(index, pd.DatetimeIndex):
        return _first_irregular_datetime(index)
    return first_irregular_step(np.diff(ticks_of(index)))


def first_irregular_step(steps: np.ndarray) -> int | None:
    """Row after the first step that differs in size from the others, or None."""
    steps = steps.astype(float)
    usual = _usual(steps)
    # Rounding is far below a hundredth of a step, a missing timestamp far above.
    irregular = np.abs(steps - usual) > usual / 100
    return int(np.argmax(irregular)) + 1 if irregular.any() else None


def _usual(steps: np.ndarray) -> Any:
    """The lower median of the steps: the mean of two might be no step at all."""
    return np.sort(steps)[(len(steps) - 1) // 2]


def _first_irregular_datetime(index: pd.DatetimeIndex) -> int | None:
    """Row of the first timestamp that deviates from the frequency, or None."""
    freq = inferred_freq(index)
    if freq is not None and not _breaks(index, freq).any():
        return None
    # The frequency of a flawless stretch, the one that most steps agree with, shows
    # where the flaw is. Business days look like days until a weekend.
    stretches = [
        inferred_freq(index[start : start + size])
        for size in (8, 4, 3)
        for start in range(0, min(len(index) - size + 1, 20 * size), size // 2)
    ]
    steps = np.diff(index.asi8)
    breaks = [steps != _usual(steps)]
    known = dict.fromkeys(freq for freq in stretches if freq is not None)
    breaks += [_breaks(index, freq) for freq in known]
    return int(np.argmax(min(breaks, key=np.sum))) + 1


def inferred_freq(index: pd.DatetimeIndex) -> str | pd.offsets.BaseOffset | None:
    """The frequency that pandas infers, even where the clock skips a midnight."""
    with warnings.catch_warnings():
        # pandas 3.1 announces another result type; date_range takes either.
        warnings.simplefilter("ignore", DeprecationWarning)
        freq = pd.infer_freq(index)
        if freq is not None or index.tz is None:
            return freq
        freq = pd.infer_freq(wall_clock(index))
        return freq if freq is not None and is_calendar(freq) else None


def is_calendar(freq: str | pd.offsets.BaseOffset) -> bool:
    """Whether a frequency counts days or more on the wall clock."""
    offset = to_offset(freq)
    return isinstance(offset, pd.offsets.Day) or not isinstance(offset, pd.offsets.Tick)


def wall_clock(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Wall-clock time, with midnight for days that begin later because it is skipped.

    This happens in Africa/Cairo and Asia/Beirut, once a year.
    """
    wall = index.tz_localize(None)
    days = wall.normalize()
    begins = days.tz_localize(
        index.tz,
        ambiguous=np.ones(len(days), dtype=bool),
        nonexistent="shift_forward",
    )
    is_first = begins.asi8 == index.asi8
    return pd.DatetimeIndex(np.where(is_first, days.to_numpy(), wall.to_numpy()))


def _breaks(index: pd.DatetimeIndex, freq: str | pd.offsets.BaseOffset) -> np.ndarray:
    """Whether each step differs from the frequency, (len(index) - 1,), bool."""
    if index.tz is not None and is_calendar(freq):
        index = wall_clock(index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
        try:
            following: Any = index[:-1] + to_offset(freq)
            return np.asarray(following != index[1:])
        except (ValueError, OverflowError):  # the frequency leads out of the calendar
            return np.ones(len(index) - 1, dtype=bool)


# ------------------------------------------------------------------ of a panel on disk


class StoredTimes:
    """The timestamps of a panel on disk, computed on demand.

    It has the parts of the pandas Index interface that are needed here. Series whose
    steps are whole numbers of ticks store only their first tick; for others, every tick
    is stored.

    Parameters
    ----------
    like : pandas.Index of length 0
        Their kind and name.
    bounds : ndarray of shape (n_series + 1,), int64
        Rows ``bounds[i]`` to ``bounds[i + 1] - 1`` are series ``i``.
    first, step : ndarray of shape (n_series,), int64, or None
        Tick of the first row of each series, and ticks from one row to the next.
    ticks : ndarray of shape (n_timestamps,), int64 or float64, or None
        All ticks, if these are not enough.
    """

    def __init__(
        self,
        like: pd.Index,
        bounds: np.ndarray,
        first: np.ndarray | None,
        step: np.ndarray | None,
        ticks: np.ndarray | None = None,
    ) -> None:
        self.like, self.bounds = like, bounds
        self.first, self.step, self.ticks = first, step, ticks

    @property
    def name(self) -> Any:
        """That of the index."""
        return self.like.name

    @property
    def dtype(self) -> Any:
        """That of the index."""
        return self.like.dtype

    def __len__(self) -> int:
        return int(self.bounds[-1])

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, (int, np.integer)):
            return self.take(np.array([range(len(self))[key]]))[0]
        if isinstance(key, slice):
            key = np.arange(*key.indices(len(self)))
        return self.take(key)

    def take(self, rows: Any) -> pd.Index:
        """Timestamps of some rows, as a pandas index."""
        return from_ticks(self.ticks_at(np.asarray(rows)), self.like)

    def ticks_at(self, rows: np.ndarray) -> np.ndarray:
        """Timestamps of some rows as numbers."""
        if self.ticks is not None:
            return np.asarray(self.ticks[rows])
        series = np.searchsorted(self.bounds, rows, "right") - 1
        assert self.first is not None and self.step is not None
        return self.first[series] + self.step[series] * (rows - self.bounds[series])

    def select(self, which: np.ndarray, start: np.ndarray, stop: np.ndarray) -> Any:
        """Timestamps of rows ``start[i]`` to ``stop[i] - 1`` of series ``which[i]``."""
        bounds = np.concatenate([[0], np.cumsum(stop - start)])
        if self.first is None or self.step is None:
            sizes = stop - start
            rows = np.arange(bounds[-1]) + np.repeat(start - bounds[:-1], sizes)
            return self.take(rows)
        step = self.step[which]
        first = self.first[which] + step * (start - self.bounds[which])
        return StoredTimes(self.like, bounds, first, step)
