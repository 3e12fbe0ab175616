"""From series to samples: windows `X` and what followed them, `y`."""

import warnings
from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .._utils.validation import check_finite, check_positive_int
from .columns import plain
from .indexing import concatenated_ranges
from .panel import check_missing
from .read import read_series
from .read_panel import is_panel, read_panel
from .targets import overlapping_rows
from .time_axis import from_ticks, next_ticks, ticks_of
from .windows import Windows


def make_windows(
    series,
    *,
    horizon,
    length,
    target=None,
    id=None,
    time=None,
    past=None,
    future=None,
    static=None,
    missing="error",
    pad=False,
):
    """Turn a series, or many, into samples: windows `X` and what followed them, `y`.

    Only origins with a whole window behind and a whole horizon before them are
    taken. The targets of neighboring origins overlap, so leave a gap between
    training and test, as in ``TimeSeriesSplit(gap=horizon - 1)``.

    Parameters
    ----------
    series : array of shape (n_timestamps,) or (n_timestamps, n_channels), Series \
            or DataFrame
        Values in time order, with an index of timestamps, periods or numbers at a
        regular distance. The windows hold them as float32. Many series of any
        lengths are a long frame of pandas or polars with `id` and `time`, a frame
        with two levels of index, the id and the time, or a wide frame with
        ``id="columns"``.
    horizon : int
        Timestamps after the origin to forecast.
    length : int
        Timestamps in a window, up to and with the origin.
    target : column name or number, or list of these, default=None
        Channels to forecast; may be left out when there is only one. In a wide
        frame, where columns are series, the name that the channel gets.
    id : column or level name, default=None
        What names the series of each row. Rows of different series may be mixed;
        the series are numbered in the order in which they appear. "columns" means
        that every column is a series; it begins with its first value and ends with
        its last. None means a single series, or levels of the index in the order
        id, time.
    time : column or level name, default=None
        Timestamps of the rows; the index by default.
    past : column name or list of these, default=None
        Covariates known up to the origin. By default all other columns of a single
        series, if `future` is not given, and none of many series.
    future : column name or list of these, default=None
        Covariates known over the horizon, too. Rows may follow the last target, with
        the targets and past covariates missing there.
    static : column name or list of these, default=None
        Covariates with one value for a series. They are numbers: encode categories
        first, e.g. with ``sklearn.preprocessing.OneHotEncoder``.
    missing : {"error", "mask"}, default="error"
        Whether targets and past covariates may be missing. With "mask" they are NaN
        in the windows and in `y`, for forecasters that leave them out.
    pad : bool, default=False
        Whether windows may begin before their series, with NaN there, so that every
        origin with an observed target up to it is taken. With future or static
        covariates the origin before the first timestamp is, too. Needs
        ``missing="mask"``.

    Returns
    -------
    X : Windows of shape (n_origins, length, n_channels)
        Target channels first, then past covariates, then future ones. Of a series
        without padding, ``n_timestamps - length - horizon + 1`` origins.
    y : ndarray of shape (n_origins,) or (n_origins, horizon * n_targets)
        1-D for one target and a horizon of 1. Else all targets of step 1 come
        first, then those of step 2, and so on. For a single series it is a
        read-only view of it; many series are held ``horizon`` times.

    Raises
    ------
    TypeError
        If the values are not real numbers, the times are not a time axis, or
        `horizon` or `length` is not an integer.
    ValueError
        If every series is shorter than ``length + horizon``, a value is infinite, or
        missing and that is not allowed, or timestamps are unsorted, duplicated or
        have a gap.

    Warns
    -----
    UserWarning
        If some series are too short for a sample and are left out.

    See Also
    --------
    latest_windows : The last origin, to forecast what nobody knows yet.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import make_windows
    >>> X, y = make_windows(np.arange(7.0), horizon=2, length=3)
    >>> np.asarray(X)[..., 0]
    array([[0., 1., 2.],
           [1., 2., 3.],
           [2., 3., 4.]], dtype=float32)
    >>> y
    array([[3., 4.],
           [4., 5.],
           [5., 6.]])
    """
    horizon = check_positive_int(horizon, "horizon")
    length = check_positive_int(length, "length")
    data = read(series, target, id, time, past, future, static, missing, pad)
    return samples_of(data, horizon, length, missing, pad)


def samples_of(data, horizon, length, missing, pad):
    """What `make_windows` returns, of a Series that was read already."""
    first, start, stop = observed(data, missing)
    check_values(data, start, stop, stop, missing)
    # Origins from `lowest` on, counted from the first row of their series.
    lowest = np.full(len(start), length - 1)
    if pad:
        lowest = np.minimum(lowest, -1 if _starts_cold(data) else first - start)
    n_rows = stop - start
    _check_enough(data, n_rows, lowest + 1, length, horizon, pad)
    n_origins = np.maximum(n_rows - horizon - lowest, 0)
    kept = np.flatnonzero(n_origins)
    before = (length - 1 - lowest)[kept]
    block = _Block(data, kept, start[kept], stop[kept], before, length)
    first_origin = block.bounds[:-1] + length - 1
    positions = concatenated_ranges(first_origin, first_origin + n_origins[kept])
    if isinstance(positions, slice):
        positions = np.arange(positions.start, positions.stop)
    X = block.windows(positions, horizon, missing)
    return X, _targets(block.targets, positions, horizon, data.ids is None)


def latest_windows(
    series,
    *,
    length,
    target=None,
    id=None,
    time=None,
    past=None,
    future=None,
    static=None,
    horizon=None,
    missing="error",
    pad=False,
):
    """The window of the last origin, to forecast what nobody knows yet.

    Parameters
    ----------
    series : array of shape (n_timestamps,) or (n_timestamps, n_channels), Series \
            or DataFrame
        As for :func:`make_windows`.
    length : int
        Timestamps in the window.
    target, id, time, past, future, static : default=None
        As for :func:`make_windows`.
    horizon : int, default=None
        Timestamps after the origin to forecast; needed with `future`, whose values
        must be there for all of them.
    missing : {"error", "mask"}, default="error"
        As for :func:`make_windows`.
    pad : bool, default=False
        As for :func:`make_windows`. Series without any observed target have their
        origin before their first timestamp.

    Returns
    -------
    X : Windows of shape (n_series, length, n_channels)
        The only origin of each series is its last timestamp; with `future`, a wide
        frame or ``missing="mask"`` its last with an observed target.

    Raises
    ------
    ValueError
        If every series is shorter than `length`, future covariates are missing, or as
        for :func:`make_windows`.

    Warns
    -----
    UserWarning
        If some series are too short for a window and are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import latest_windows
    >>> np.asarray(latest_windows(np.arange(7.0), length=3)).ravel()
    array([4., 5., 6.], dtype=float32)
    """
    length = check_positive_int(length, "length")
    if horizon is not None:
        horizon = check_positive_int(horizon, "horizon")
    data = read(series, target, id, time, past, future, static, missing, pad)
    return latest_of(data, length, horizon, missing, pad)


def latest_of(data, length, horizon, missing, pad):
    """What `latest_windows` returns, of a Series that was read already."""
    if data.n_future and horizon is None:
        raise ValueError(
            "Expected the horizon over which the future covariates are known, found "
            "None. Give the horizon of the forecaster, e.g. horizon=24."
        )
    _, start, stop = observed(data, missing)
    needed = stop + (horizon if data.n_future else 0)
    check_values(data, start, stop, needed, missing)
    least = np.full(len(start), length)
    if pad:
        least[:] = 0 if _starts_cold(data) else 1
    _check_enough(data, stop - start, least, length, pad=pad)
    kept = np.flatnonzero(stop - start >= least)
    start, stop, needed = start[kept], stop[kept], needed[kept]
    _check_reach(data, kept, stop, needed)
    before = np.maximum(length - (stop - start), 0)
    block = _Block(data, kept, np.maximum(start, stop - length), needed, before, length)
    positions = block.bounds[:-1] + length - 1
    return block.windows(positions, horizon, missing)


def read(series, target, id, time, past, future, static, missing, pad):
    """Series of any form, with a block and targets of their own memory."""
    check_missing(missing)
    if pad and missing != "mask":
        raise ValueError(
            "Expected missing='mask' with pad=True, since padded windows have missing "
            f"values, found missing={missing!r}."
        )
    if is_panel(series, id):
        return read_panel(series, target, id, time, past, future, static)
    data = read_series(series, target, time, past, future, static, missing)
    with np.errstate(over="ignore"):
        values = np.array(data.values, dtype=np.float32, order="C")
        overflows = not np.isfinite(np.sum(values))
    if data.values.dtype != np.float32 and overflows:
        # What was missing or infinite before is not what overflowed.
        values_or_zero = np.where(np.isfinite(data.values), values, 0)
        name = "series, too large for float32, the windows' precision,"
        check_finite(values_or_zero, name, data.place)
    return replace(data, values=values, targets=data.values[:, : data.n_targets])


def _starts_cold(data):
    """Whether something is known of a series before its first timestamp."""
    return data.n_future > 0 or data.static is not None


def observed(data, missing):
    """Rows of each series: its first observed target, its first row, and its end.

    The end is the row after the last observed target where series may go on without
    targets, which are those that a forecast is asked for.
    """
    begin, end = data.bounds[:-1], data.bounds[1:]
    targets = data.values[:, : data.n_targets]
    if data.is_finite or not _has_flaw(targets):
        return begin, begin, end
    observed = ~np.isnan(targets).all(axis=1)
    row = np.arange(len(targets))
    first = np.minimum.reduceat(np.where(observed, row, len(row)), begin)
    first = np.minimum(first, end)  # none observed
    start = first if data.ends_vary else begin
    if missing == "mask" or data.ends_vary or data.n_future:
        end = np.maximum.reduceat(np.where(observed, row + 1, 0), begin)
    return first, start, np.maximum(end, start)


def _has_flaw(values):
    """Whether some value is not finite, or the sum of all overflows."""
    with np.errstate(all="ignore"):
        return not np.isfinite(np.sum(values, dtype=np.float64))


def check_values(data, start, stop, reach, missing):
    """Raise a ValueError where a value is not finite that must be.

    Targets and past covariates must be from row `start` to row `stop` of their
    series, covariates known in the future to row `reach`.
    """
    if data.is_finite:
        return
    n_known = len(data.channels) - data.n_future
    for at, channel in enumerate(data.channels):
        column = data.values[:, at]
        if not _has_flaw(column):
            continue
        is_known = at < n_known
        may_miss = is_known and missing == "mask"
        rows = np.flatnonzero(np.isinf(column) if may_miss else ~np.isfinite(column))
        which = np.searchsorted(data.bounds, rows, "right") - 1
        end = stop if is_known else reach
        rows = rows[(rows >= start[which]) & (rows < end[which])]
        if not len(rows):
            continue
        is_nan = np.isnan(column[rows[0]])
        found = "NaN" if is_nan else "infinity, or a number too large for float32,"
        more = f" and {len(rows) - 1} more places" if len(rows) > 1 else ""
        repair = data.repairs.get("missing", "df[{column!r}].interpolate()")
        repair = f"Fill it, e.g. with {repair.format(column=channel)}"
        if not is_nan:
            repair = "Scale the series, or put NaN there. " + repair
        mask = ", or allow it with missing='mask'" if is_nan and is_known else ""
        raise ValueError(
            f"Input series contains {found} at {data.place((rows[0], at))}{more}; "
            f"expected finite numbers. {repair}{mask}."
        )


def _check_enough(data, n_rows, least, length, horizon=None, pad=False):
    """Raise where no series is long enough, warn where some are not."""
    needed = least + (horizon or 0)
    fits = n_rows >= needed
    if fits.all():
        return
    words = "length" if horizon is None else "length + horizon"
    count = f"{words} = {length + (horizon or 0)}"
    shorter = "a shorter window" + ("" if horizon is None else " or a shorter horizon")
    if pad:
        count, shorter = f"{needed.min()}", "a shorter horizon"
    if data.ids is None:
        raise ValueError(
            f"Expected at least {count} timestamps, found {n_rows[0]}. "
            f"Use a longer series{' or ' if horizon is None else ', '}{shorter}."
        )
    padding = "" if pad else ", or pad=True with missing='mask'"
    if not fits.any():
        raise ValueError(
            f"Expected at least {count} timestamps in a series, found at most "
            f"{n_rows.max()} in {len(n_rows)} series. Use longer series or "
            f"{shorter}{padding}."
        )
    names = [repr(plain(name)) for name in data.ids[~fits][:3]]
    warnings.warn(
        f"Left out {np.sum(~fits)} of {len(fits)} series, with less than {count} "
        f"timestamps: {', '.join(names)}{', ...' if np.sum(~fits) > 3 else ''}. Use "
        f"{shorter}{padding}, or drop them.",
        UserWarning,
        stacklevel=4,
    )


def _check_reach(data, kept, stop, needed):
    """Raise a ValueError where future covariates end before the horizon does."""
    short = needed > data.bounds[kept + 1]
    if not short.any():
        return
    at = int(np.argmax(short))
    n_steps = needed[at] - stop[at]
    of = "" if data.ids is None else f" of series {plain(data.ids[kept[at]])!r}"
    more = f" and {short.sum() - 1} more series" if short.sum() > 1 else ""
    raise ValueError(
        f"Expected {n_steps} rows after the last target{of}{more}, found "
        f"{data.bounds[kept[at] + 1] - stop[at]}. Append rows with the future "
        f"covariates {list(data.channels[-data.n_future :])} over the horizon and "
        "missing targets, e.g. with pandas.concat, or give them as the X_future of "
        "SeriesForecaster.forecast."
    )


class _Block:
    """The rows that the windows of some series need, with padding before them."""

    def __init__(self, data, kept, start, stop, before, length):
        self.data, self.kept, self.length = data, kept, length
        n_rows = before + stop - start
        self.bounds = np.concatenate([[0], np.cumsum(n_rows)])
        rows = concatenated_ranges(start - before, stop)
        if not before.any():
            self.index = data.index[rows]
            self.values, self.targets = data.values[rows], data.targets[rows]
            return
        rows = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
        padding = concatenated_ranges(self.bounds[:-1], self.bounds[:-1] + before)
        rows[padding] = np.repeat(start, before)
        self.values, self.targets = data.values[rows], data.targets[rows]
        self.values[padding] = np.nan
        self.index = data.index.take(rows)
        self._name_cold_origins(np.flatnonzero(before == length))

    def _name_cold_origins(self, which):
        """Give the origins before the first timestamps of series their own."""
        if not len(which):
            return
        rows = self.bounds[which] + self.length - 1
        freq_of = self.data.freq_of
        freq_of = freq_of if freq_of is None else freq_of[self.kept[which]]
        stamps = self.index[rows]  # padding has the first timestamp as yet
        ticks = np.array(ticks_of(self.index))
        ticks[rows] = next_ticks(stamps, self.data.freqs, freq_of, 1, back=True)[:, 0]
        self.index = from_ticks(ticks, self.index)

    def windows(self, positions, horizon, missing):
        """Windows with their origins at the rows `positions` of the block."""
        data, kept = self.data, self.kept
        some = len(kept) < len(data.bounds) - 1
        ids, static, freq_of = (
            part[kept] if some and part is not None else part
            for part in (data.ids, data.static, data.freq_of)
        )
        return Windows.__new__(Windows)._set(
            values=self.values,
            positions=positions,
            length=self.length,
            index=self.index,
            channels=data.channels,
            n_targets=data.n_targets,
            n_future=data.n_future,
            horizon=horizon,
            bounds=self.bounds,
            ids=ids,
            static=static,
            static_names=data.static_names,
            freqs=data.freqs,
            freq_of=freq_of,
            is_complete=missing == "error",
        )


def _targets(targets, positions, horizon, is_single):
    """What follows the origins, in the precision of the series."""
    n_targets = targets.shape[1]
    if is_single:
        # A copy, so that a later change of the user's array does not reach into y.
        targets = np.array(targets[positions[0] + 1 :], order="C")
        if horizon == 1:
            return targets.ravel() if n_targets == 1 else targets
        shape = (len(positions), horizon * n_targets)
        strides = (n_targets * targets.itemsize, targets.itemsize)
        return overlapping_rows(targets.ravel(), shape, strides)
    if horizon == 1:
        return targets[positions + 1, 0] if n_targets == 1 else targets[positions + 1]
    # (T, K) -> (T * K,) -> (T - H + 1, H * K), still without copying -> (n, H * K)
    flat = np.ascontiguousarray(targets).ravel()
    every = sliding_window_view(flat, horizon * n_targets)
    return every[::n_targets][positions + 1]
