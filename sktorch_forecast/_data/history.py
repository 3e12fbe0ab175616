"""The last rows of each series, and how other rows are put behind them.

All functions take and give a ``Series``, as it was read from the user's frame, so
that ids, time zones, frequencies and the precision of the targets stay.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from .indexing import as_slice
from .samples import observed
from .time_axis import from_ticks, next_ticks, ticks_of


def tail(data, length, missing):
    """The last rows of each series.

    Parameters
    ----------
    data : Series
    length : int
        Rows up to the last observed target.
    missing : {"error", "mask"}
        As for ``make_windows``.

    Returns
    -------
    data : Series
        With the rows after the last target, if covariates are known there. Series
        without any row are left out. Nothing is shared with the data given.
    """
    _, start, end = observed(data, missing)
    start = np.maximum(start, end - length)
    stop = data.bounds[1:] if data.n_future else end
    row, which = np.arange(len(data.index)), _series_of_rows(data)
    kept = _keep(data, (row >= start[which]) & (row < stop[which]))
    return replace(
        kept,
        values=kept.values.copy(),
        targets=kept.targets.copy(),
        rows=None,
        ends_vary=False,
        is_finite=False,
        repairs={},
    )


def extended(old, new, missing):
    """The series of `old` with the rows of `new` behind them, and those that are new.

    Parameters
    ----------
    old, new : Series
        With the same channels. Rows of `old` after its last target give way to those
        of `new`.
    missing : {"error", "mask"}
        As for ``make_windows``.

    Returns
    -------
    data : Series

    Raises
    ------
    TypeError
        If the timestamps are of another kind.
    ValueError
        If `new` has other channels, or does not begin where `old` ends.
    """
    new = _like(old, tail(new, len(new.index), missing))
    return _check_going_on(_joined(old, new, missing), old)


def preceded(old, new, missing):
    """The series of `new`, behind the rows of `old` where they go on from these.

    Parameters
    ----------
    old, new : Series
        With the same channels.
    missing : {"error", "mask"}
        As for ``make_windows``.

    Returns
    -------
    data : Series
    first_ticks : ndarray of shape (n_series,)
        First tick that may be an origin: the end of `old` where that goes before, else
        the first tick of the series, and of its padding.
    """
    new = _like(old, tail(new, len(new.index), missing))
    kept = np.ones(1, dtype=bool) if old.ids is None else old.ids.isin(new.ids)
    if kept.any():
        joined = _joined(_some(old, kept), new, missing)
        goes_on = np.ones(len(joined.bounds) - 1, dtype=bool)
        goes_on[_series_of_rows(joined)[_breaks(joined)[0]]] = False
        # The first series of what was joined are those of `old`.
        kept[kept] = goes_on[: kept.sum()]
    if not kept.any():
        return new, np.full(len(new.bounds) - 1, _before(new.index))
    old = _some(old, kept)
    joined = _joined(old, new, missing)
    first_ticks = np.full(len(joined.bounds) - 1, _before(joined.index))
    _, start, ends = observed(old, missing)
    some = np.flatnonzero(ends > start)
    first_ticks[some] = ticks_of(old.index)[ends[some] - 1]
    return joined, first_ticks


def with_future(data, future, missing):
    """`data` with covariates that are known after its end.

    Parameters
    ----------
    data : Series
    future : Series
        Its channels are the future covariates of `data`. Rows up to the end of a series
        of `data`, and series that `data` does not have, are left out.
    missing : {"error", "mask"}
        As for ``make_windows``.

    Returns
    -------
    data : Series
        With rows after the end that have no targets.

    Raises
    ------
    TypeError
        If the timestamps are of another kind.
    ValueError
        If the covariates do not begin where `data` ends.
    """
    n_rows, n_known = len(future.index), len(data.channels) - data.n_future
    values = np.full((n_rows, len(data.channels)), np.nan, dtype=np.float32)
    values[:, n_known:] = future.values
    future = replace(
        future,
        values=values,
        targets=np.full((n_rows, data.n_targets), np.nan, dtype=data.targets.dtype),
        channels=data.channels,
        n_targets=data.n_targets,
        n_past=data.n_past,
    )
    future = _like(data, future)
    places = np.zeros(1, dtype=np.int64)
    if data.ids is not None:
        places = data.ids.get_indexer(future.ids)
    which = places[_series_of_rows(future)]
    _, start, ends = observed(data, missing)
    last = ticks_of(data.index)[np.maximum(ends - 1, 0)]
    last[ends == start] = _before(future.index)  # nothing is known of these yet
    after = (which >= 0) & (ticks_of(future.index) > last[which])
    if not after.any():
        return data
    return _check_going_on(_joined(data, _keep(future, after), missing), data)


def _series_of_rows(data):
    return np.repeat(np.arange(len(data.bounds) - 1), np.diff(data.bounds))


def _before(index):
    """A tick before all timestamps, also those of padding."""
    return -np.inf if ticks_of(index).dtype == np.float64 else np.iinfo(np.int64).min


def _keep(data, mask):
    """Some of the rows, and the series that still have one."""
    n_rows = np.bincount(_series_of_rows(data)[mask], minlength=len(data.bounds) - 1)
    some = n_rows > 0
    ids, static, freq_of = (
        None if part is None else part[some]
        for part in (data.ids, data.static, data.freq_of)
    )
    rows = as_slice(mask, len(mask))
    return replace(
        data,
        values=data.values[rows],
        targets=data.targets[rows],
        index=data.index[rows],
        bounds=np.concatenate([[0], np.cumsum(n_rows[some])]),
        ids=ids,
        static=static,
        freq_of=freq_of,
        rows=None,
    )


def _some(data, kept):
    """Some of the series, by a mask."""
    return _keep(data, kept[_series_of_rows(data)])


def _like(old, new):
    """`new` with its timestamps in the unit of `old`, or an error."""
    if new.channels != old.channels:
        raise ValueError(
            f"Expected the channels {list(old.channels)}, as in fit, found "
            f"{list(new.channels)}. Give the same columns."
        )
    if (new.ids is None) != (old.ids is None):
        kinds = ("a single series", "many series")
        expected, found = kinds if old.ids is None else kinds[::-1]
        raise ValueError(
            f"Expected {expected}, as in fit, found {found}. Give a frame of the same "
            "form."
        )
    index, like = new.index, old.index
    has_unit = isinstance(like, (pd.DatetimeIndex, pd.TimedeltaIndex))
    if has_unit and type(index) is type(like):
        index = index.as_unit(like.unit)
    are_numbers = is_numeric_dtype(index.dtype) and is_numeric_dtype(like.dtype)
    if index.dtype != like.dtype and not are_numbers:
        raise TypeError(
            f"Expected timestamps of {like.dtype}, as in fit, found {index.dtype}. "
            "Convert them, e.g. with pandas.to_datetime, tz_convert or asfreq."
        )
    return replace(new, index=index)


def _joined(old, new, missing):
    """Rows of `old` up to its end, those of `new`, then later ones of `old`.

    The series of `old` come first, then those that only `new` has.
    """
    n_old = len(old.bounds) - 1
    ids, places = None, np.zeros(1, dtype=np.int64)
    if old.ids is not None:
        ids = old.ids.append(new.ids[~new.ids.isin(old.ids)]).rename(old.ids.name)
        places = ids.get_indexer(new.ids)
    n_series = 1 if ids is None else len(ids)
    static = old.static
    if static is not None and new.static is not None:
        static = np.empty((n_series, old.static.shape[1]), old.static.dtype)
        static[:n_old], static[places] = old.static, new.static
    freqs = tuple(dict.fromkeys(old.freqs + new.freqs))
    freq_of = np.zeros(n_series, dtype=np.int32)
    # A series of one row has no frequency of its own: it gets the most usual one.
    of_new = np.array([0 if f is None else freqs.index(f) for f in new.freqs])
    freq_of[places] = of_new[0 if new.freq_of is None else new.freq_of]
    freq_of[:n_old] = 0 if old.freq_of is None else old.freq_of

    of_old, of_new = _series_of_rows(old), places[_series_of_rows(new)]
    old_ticks, new_ticks = ticks_of(old.index), ticks_of(new.index)
    is_known = np.arange(len(of_old)) < observed(old, missing)[2][of_old]
    last = np.full(n_series, _before(new.index))
    np.maximum.at(last, of_new, new_ticks)
    kept = np.flatnonzero(is_known | (old_ticks > last[of_old]))
    # Known rows, new rows, later rows of each series, each in their order.
    order = 3 * of_old[kept] + np.where(is_known[kept], 0, 2)
    order = np.argsort(np.concatenate([order, 3 * of_new + 1]), kind="stable")
    sizes = np.bincount(of_old[kept], minlength=n_series)
    sizes += np.bincount(of_new, minlength=n_series)
    index = old.index[kept].append(new.index).take(order).rename(old.index.name)
    return replace(
        old,
        values=np.concatenate([old.values[kept], new.values])[order],
        targets=np.concatenate([old.targets[kept], new.targets])[order],
        index=index,
        bounds=np.concatenate([[0], np.cumsum(sizes)]),
        ids=ids,
        static=static,
        freqs=freqs,
        freq_of=None if ids is None else freq_of,
    )


def _breaks(data):
    """Rows that do not follow the row before, and the ticks that would."""
    which, ticks = _series_of_rows(data), ticks_of(data.index)
    inside = np.flatnonzero(which[1:] == which[:-1])
    freq_of = None if data.freq_of is None else data.freq_of[which[inside]]
    following = next_ticks(data.index[inside], data.freqs, freq_of, 1)[:, 0]
    off = np.abs(ticks[inside + 1] - following)
    if ticks.dtype == np.float64:  # numbers round
        off = off > (following - ticks[inside]) / 100
    off = np.flatnonzero(off)
    return inside[off] + 1, following[off]


def _check_going_on(data, old):
    """`data` with the frequency that a single series `old` has, or an error."""
    rows, following = _breaks(data)
    if len(rows):
        row = rows[0]
        expected = from_ticks(following[:1], data.index)[0]
        of = "" if data.ids is None else f" of series {data.name(row)}"
        what = (
            "Rows are missing between them: give all of them, e.g. after resample or "
            "asfreq"
            if data.index[row] > expected
            else "It is known already or out of order: drop the rows up to "
            f"{data.index[row - 1]!s}"
        )
        raise ValueError(
            f"Expected timestamp {expected!s}{of} after {data.index[row - 1]!s}, found "
            f"{data.index[row]!s}. {what}."
        )
    freq = getattr(old.index, "freq", None)
    if freq is None or old.ids is not None or isinstance(old.index, pd.PeriodIndex):
        return data
    return replace(data, index=type(old.index)(data.index, freq=freq))
