"""Append rows of some series to those of others."""

from dataclasses import replace

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from .frequency import with_freq
from .observed import observed
from .panel import Panel
from .time_axis import from_ticks, ticks_of
from .words import same_names


def in_form_of(old: Panel, new: Panel) -> Panel:
    """`new` with its timestamps in the unit of `old`.

    Raises
    ------
    TypeError
        If the timestamps are of another kind.
    ValueError
        If the channels differ, or only one of the two is a single series.
    """
    new = with_channels_of(old, new)
    if (new.ids is None) != (old.ids is None):
        kinds = ("a single series", "many series")
        expected, found = kinds if old.ids is None else kinds[::-1]
        raise ValueError(
            f"Expected {expected}, as in fit, found {found}. Give a frame of the same "
            "form."
        )
    index, like = new.index[:], old.index[:0]  # pandas indexes, even from a store
    if isinstance(like, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        if isinstance(index, type(like)):
            index = index.as_unit(like.unit)
    are_numbers = is_numeric_dtype(index.dtype) and is_numeric_dtype(like.dtype)
    if index.dtype != like.dtype and not are_numbers:
        raise TypeError(
            f"Expected timestamps of {like.dtype}, as in fit, found {index.dtype}. "
            "Convert them, e.g. with pandas.to_datetime, tz_convert or asfreq."
        )
    return replace(new, index=index)


def with_channels_of(old: Panel, new: Panel) -> Panel:
    """`new` under the channel names of `old`, which must agree.

    Raises
    ------
    ValueError
        If they differ. An array has no names to compare.
    """
    n_channels = len(old.channels), len(new.channels)
    if n_channels[0] != n_channels[1] or not same_names(old.channels, new.channels):
        raise ValueError(
            f"Expected the channels {list(old.channels)}, as in fit, found "
            f"{list(new.channels)}. Give the same columns."
        )
    return replace(new, channels=old.channels)


def joined(old: Panel, new: Panel, missing: str) -> Panel:
    """Rows of `old` up to its last target, those of `new`, then later ones of `old`.

    Parameters
    ----------
    old, new : Panel
        With targets and the same channels.
    missing : {"error", "mask"}
        As for ``make_windows``.

    Returns
    -------
    panel : Panel
        The series of `old` come first, then those that only `new` has.

    Raises
    ------
    ValueError
        If a static covariate of a series differs.
    """
    ids, places = _joined_ids(old, new)
    n_series = 1 if ids is None else len(ids)
    freqs, freq_of = _joined_frequencies(old, new, places, n_series)
    kept, order, n_rows = _joined_rows(old, new, places, n_series, missing)
    targets = None
    if old.targets is not None and new.targets is not None:
        targets = np.concatenate([old.targets[kept], new.targets])[order]
    index = old.index[kept].append(new.index).take(order).rename(old.index.name)
    return replace(
        old,
        values=np.concatenate([old.values[kept], new.values])[order],
        targets=targets,
        index=index,
        bounds=np.concatenate([[0], np.cumsum(n_rows)]),
        ids=ids,
        static=_joined_static(old, new, places, n_series),
        freqs=freqs,
        freq_of=None if ids is None else freq_of,
    )


def _joined_ids(old: Panel, new: Panel) -> tuple[pd.Index | None, np.ndarray]:
    """Names of all series, and the positions of `new`'s series among them."""
    if old.ids is None or new.ids is None:
        return None, np.zeros(1, dtype=np.int64)
    added = new.ids[~new.ids.isin(old.ids)]
    ids = old.ids.append(added).rename(old.ids.name)
    return ids, ids.get_indexer(new.ids)


def _joined_static(
    old: Panel, new: Panel, places: np.ndarray, n_series: int
) -> np.ndarray | None:
    if old.static is None or new.static is None:
        return old.static
    known = np.flatnonzero(places < old.n_series)
    before, now = old.static[places[known]], new.static[known]
    if (before != now).any():
        series, at = np.argwhere(before != now)[0]
        name = old.name(int(places[known[series]]))
        raise ValueError(
            f"Expected the static covariate {old.static_names[at]!r}"
            f"{name and f' of series {name}'} to stay {before[series, at]:g}, found "
            f"{now[series, at]:g}. A covariate that changes belongs in past or future."
        )
    static = np.empty((n_series, old.static.shape[1]), old.static.dtype)
    static[: old.n_series], static[places] = old.static, new.static
    return static


def _joined_frequencies(
    old: Panel, new: Panel, places: np.ndarray, n_series: int
) -> tuple[tuple, np.ndarray]:
    freqs = tuple(dict.fromkeys(old.freqs + new.freqs))
    freq_of = np.zeros(n_series, dtype=np.int32)
    # A series of one row has no frequency of its own: it gets the most common one.
    of_new = np.array([0 if f is None else freqs.index(f) for f in new.freqs])
    freq_of[places] = of_new[0 if new.freq_of is None else new.freq_of]
    freq_of[: old.n_series] = 0 if old.freq_of is None else old.freq_of
    return freqs, freq_of


def _joined_rows(
    old: Panel, new: Panel, places: np.ndarray, n_series: int, missing: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of `old` to keep, the order of these and all of `new`, rows per series."""
    of_old = np.repeat(np.arange(old.n_series), np.diff(old.bounds))
    of_new = np.repeat(places[: new.n_series], np.diff(new.bounds))
    is_known = np.arange(len(of_old)) < observed(old, missing).stop[of_old]
    last = np.full(n_series, before_all(new.index))
    np.maximum.at(last, of_new, new.ticks)
    kept = np.flatnonzero(is_known | (old.ticks > last[of_old]))
    # Known rows, new rows, later rows of each series, each in order.
    order = 3 * of_old[kept] + np.where(is_known[kept], 0, 2)
    order = np.argsort(np.concatenate([order, 3 * of_new + 1]), kind="stable")
    n_rows = np.bincount(of_old[kept], minlength=n_series)
    n_rows += np.bincount(of_new, minlength=n_series)
    return kept, order, n_rows


def before_all(index: pd.Index) -> float:
    """A tick before all timestamps, including those of padding."""
    return (
        -np.inf if ticks_of(index[:0]).dtype == np.float64 else np.iinfo(np.int64).min
    )


# ------------------------------------------------------------------ without a break


def interrupted(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Rows that do not follow the previous one, and the ticks that would."""
    ticks = panel.ticks
    of_row = np.repeat(np.arange(panel.n_series), np.diff(panel.bounds))
    rows = np.flatnonzero(of_row[1:] == of_row[:-1])
    following = panel.ticks_after(rows, 1)[:, 0]
    off = np.abs(ticks[rows + 1] - following)
    if ticks.dtype == np.float64:  # numbers round
        off = off > (following - ticks[rows]) / 100
    breaks = np.flatnonzero(off)
    return rows[breaks] + 1, following[breaks]


def check_going_on(panel: Panel, old: Panel) -> Panel:
    """Check that the rows of `panel` follow one another, and restore its frequency.

    Parameters
    ----------
    panel : Panel
        Begins with `old`.
    old : Panel

    Returns
    -------
    panel : Panel
        For a single series, with the frequency of `old` in its index.

    Raises
    ------
    ValueError
        If a timestamp is missing, known already or out of order.
    """
    rows, following = interrupted(panel)
    if len(rows):
        _complain_of_break(panel, rows[0], from_ticks(following[:1], panel.index)[0])
    return replace(panel, index=with_freq(panel.index, old.index_freq))


def _complain_of_break(panel: Panel, row: int, expected) -> None:
    found, before = panel.index[row], panel.index[row - 1]
    series = panel.series_of(np.array([row]))[0]
    of = "" if panel.ids is None else f" of series {panel.name(series)}"
    what = (
        "Rows are missing between them: give all of them, e.g. after resample or asfreq"
        if found > expected
        else f"It is known already or out of order: drop the rows up to {before!s}"
    )
    raise ValueError(
        f"Expected timestamp {expected!s}{of} after {before!s}, found {found!s}. "
        f"{what}."
    )
