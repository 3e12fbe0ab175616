"""Windows of a series as scikit-learn samples, without copying the series.

A sample is a forecast origin. `X[i]` is what was known at origin `i`, `y[i]` is
what followed. Both are views: the windows of one series overlap almost wholly, so
the series is held once and every window is a place in it.

Symbols used below::

    T  n_timestamps   rows of the block that all windows look at
    C  n_channels     its columns, target channels first
    L  length         timestamps in a window, the last of which is the origin
    H  horizon        timestamps after the origin that are forecast
    K  n_targets      leading channels that are forecast
    F  n_future       trailing channels that are known over the horizon
    n  n_origins      samples
"""

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.utils import check_array

from .._utils.validation import check_finite, check_positive_int
from .columns import plain
from .indexing import as_slice, concatenated_ranges
from .panel import check_missing, check_positions, series_of_rows, static_of_series
from .time_axis import frequency, from_ticks, next_ticks, ticks_of


class Windows:
    """A lazy array of windows, shape ``(n_origins, length, n_channels)``.

    Indexing the first axis by a slice, integers or a mask gives another `Windows`
    on the same block of values, so a cross-validation split copies nothing.
    ``np.asarray`` makes an ordinary array. Pickling carries only the timestamps that
    the origins can see. A window never reaches past its origin.

    Make one with :func:`make_windows`, :func:`latest_windows` or
    :class:`SlidingWindow`; the constructor is for blocks of your own.

    Parameters
    ----------
    values : array of shape (n_timestamps, n_channels)
        The series in time order, several of them one after the other; target channels
        first, those known over the horizon last. Copied, as float32.
    positions : array of shape (n_origins,)
        Row in `values` of each origin, with a window behind it in its series.
    length : int
        Timestamps in a window.
    index : pandas.Index of length n_timestamps, default=None
        Timestamps of the rows; 0, 1, ... by default.
    channels : sequence of length n_channels, default=None
        Names of the channels; 0, 1, ... by default.
    n_targets : int, default=1
        How many of the leading channels are forecast.
    n_future : int, default=0
        How many of the trailing channels are known over the horizon.
    horizon : int, default=None
        Timestamps after each origin over which they are; needed if there are some.
    bounds : array of shape (n_series + 1,), default=None
        Rows ``bounds[i]`` to ``bounds[i + 1]`` are series ``i``; all by default.
    ids : sequence of length n_series, default=None
        Names of the series; None for a single one without a name, else 0, 1, ...
    static : array of shape (n_series, n_static), default=None
        Covariates with one value for a series.
    static_names : sequence of length n_static, default=None
        Their names; 0, 1, ... by default.
    freq : str, offset of pandas or number, default=None
        Distance of the timestamps, by which `future_index` goes on. Numbers are for
        an index of numbers. By default what the index says or seems to have.
    missing : {"error", "mask"}, default="error"
        Whether targets and past covariates may be missing.

    Attributes
    ----------
    values : ndarray of shape (n_timestamps, n_channels), float32
        The block, read-only and shared by all slices.
    positions : ndarray of shape (n_origins,), int64
        Row of each origin in the block.
    length : int
        Timestamps in a window.
    channels : tuple of length n_channels
        Names of the channels, target channels first.
    n_targets : int
        How many of the leading channels are forecast.
    n_future : int
        How many of the trailing channels are known over the horizon.
    horizon : int or None
        Timestamps after each origin that are forecast, if that is known.
    ids : pandas.Index of length n_series or None
        Names of the series; None for a single one without a name.
    static : ndarray of shape (n_series, n_static), float32, or None
        Static covariates.
    static_names : tuple of length n_static
        Their names.

    Raises
    ------
    ValueError
        If the values are not finite, or an origin has less than a window behind it
        or lies past the end.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import Windows
    >>> X = Windows(np.arange(6.0).reshape(-1, 1), positions=[2, 3], length=3)
    >>> X.shape
    (2, 3, 1)
    >>> X[1].ravel()
    array([1., 2., 3.], dtype=float32)
    """

    dtype = np.dtype(np.float32)
    ndim = 3

    def __init__(
        self,
        values,
        positions,
        length,
        *,
        index=None,
        channels=None,
        n_targets=1,
        n_future=0,
        horizon=None,
        bounds=None,
        ids=None,
        static=None,
        static_names=None,
        freq=None,
        missing="error",
    ):
        length = check_positive_int(length, "length")
        with np.errstate(over="ignore"):
            values = check_array(
                values, dtype=np.float32, order="C", ensure_all_finite=False, copy=True
            )
        n_timestamps, n_channels = values.shape
        if n_future:
            n_future = check_positive_int(n_future, "n_future")
            horizon = check_positive_int(horizon, "horizon")
        check_missing(missing)
        n_known = n_channels - n_future
        check_finite(values[:, :n_known], "values", allow_nan=missing == "mask")
        if n_future:
            check_finite(values[:, n_known:], "the future channels of values")
        positions = np.asarray(positions)
        if positions.size == 0:  # an empty list has no integers to tell by
            positions = positions.astype(np.int64)
        if positions.ndim != 1 or not np.issubdtype(positions.dtype, np.integer):
            raise TypeError(
                "Expected positions as a 1-D array of integers, found shape "
                f"{positions.shape} of {positions.dtype}."
            )
        if index is None:
            index = pd.RangeIndex(n_timestamps)
        elif not isinstance(index, pd.Index):  # a MultiIndex has to stay one
            index = pd.Index(index)
        channels = tuple(range(n_channels) if channels is None else channels)
        if len(index) != n_timestamps or len(channels) != n_channels:
            raise ValueError(
                f"Expected {n_timestamps} timestamps and {n_channels} channel names, "
                f"found {len(index)} and {len(channels)}."
            )
        n_targets = check_positive_int(n_targets, "n_targets")
        if n_targets > n_known:
            raise ValueError(
                f"Expected at most {n_known} target channels, found {n_targets}."
            )
        bounds, ids = series_of_rows(bounds, ids, n_timestamps)
        ahead = horizon if n_future else 0
        check_positions(positions, bounds, ids, length, ahead)
        static, static_names = static_of_series(static, static_names, len(bounds) - 1)
        self._set(
            values,
            positions.astype(np.int64),
            length,
            index,
            channels,
            n_targets,
            n_future,
            horizon,
            bounds,
            ids,
            static,
            static_names,
            (frequency(index[: bounds[1]], freq),),
            None,
            missing == "error",
        )

    def _set(
        self,
        values,
        positions,
        length,
        index,
        channels,
        n_targets,
        n_future,
        horizon,
        bounds,
        ids,
        static,
        static_names,
        freqs,
        freq_of,
        is_complete,
    ):
        """Take what is known to be valid; returns self, to build without checks."""
        self.values = values.view()
        self.values.flags.writeable = False
        self.positions = positions
        self.length = length
        self._index = index
        self.channels = channels
        self.n_targets = n_targets
        self.n_future = n_future
        self.horizon = horizon
        self._bounds = bounds  # (n_series + 1,), rows where series begin
        self.ids = ids
        self.static = static
        self.static_names = static_names
        self._freqs = freqs
        self._freq_of = freq_of  # (n_series,), which of these is that of a series
        self._is_complete = is_complete  # nothing is missing within reach
        return self

    @property
    def shape(self):
        """``(n_origins, length, n_channels)``."""
        return len(self.positions), self.length, self.values.shape[1]

    @property
    def n_channels(self):
        """Number of channels."""
        return self.values.shape[1]

    @property
    def origins(self):
        """Timestamp of each origin, a pandas.Index of length n_origins.

        If the series have names, a MultiIndex of the name and the timestamp.
        """
        stamps = self._index[self.positions]
        return self._with_ids(stamps, self.series)

    def _with_ids(self, stamps, series):
        if self.ids is None:
            return stamps
        names = [self.ids.name, stamps.name]
        return pd.MultiIndex.from_arrays([self.ids.take(series), stamps], names=names)

    @property
    def series(self):
        """Which series each origin belongs to, ndarray of shape (n_origins,)."""
        if len(self._bounds) == 2:
            return np.zeros(len(self), dtype=np.int64)
        return np.searchsorted(self._bounds, self.positions, "right") - 1

    @property
    def times(self):
        """Time of each origin in timestamps, ndarray of shape (n_origins,), int64.

        The same timestamp of different series is the same number.
        """
        if len(self._bounds) == 2:
            return self.positions
        ticks = ticks_of(self._index)
        origins = ticks[self.positions]
        if len(self._freqs) == 1 and isinstance(self._freqs[0], int):
            return (origins - ticks.min()) // self._freqs[0]
        return np.searchsorted(np.unique(ticks), origins)

    @property
    def has_missing(self):
        """Whether a value is missing in a window."""
        if self._is_complete or not len(self):
            return False
        known = self.values[:, : self.n_channels - self.n_future]
        rows = np.flatnonzero(np.isnan(known).any(axis=1))
        n_before, n_up_to = (
            np.searchsorted(rows, self.positions + after)
            for after in (1 - self.length, 1)
        )
        return bool((n_up_to > n_before).any())

    def future_values(self):
        """Covariates known over the horizon.

        Returns
        -------
        future : ndarray of shape (n_origins, horizon, n_future), float32
            Those of the timestamps after each origin.
        """
        if not self.n_future or not len(self):
            return np.empty((len(self), self.horizon or 0, self.n_future), self.dtype)
        known = self.values[:, -self.n_future :]
        every = sliding_window_view(known, self.horizon, 0)  # (..., F, H)
        return np.moveaxis(every[self.positions + 1], -1, 1)

    def static_values(self):
        """Static covariates of the series of each origin.

        Returns
        -------
        static : ndarray of shape (n_origins, n_static), float32
        """
        if self.static is None:
            return np.empty((len(self), 0), self.dtype)
        return self.static[self.series]

    def future_index(self, horizon=None):
        """Timestamps of the steps that follow each origin.

        They go on by the frequency of the series, also past its end.

        Parameters
        ----------
        horizon : int, default=None
            How many; None is the horizon that the windows were made with.

        Returns
        -------
        index : pandas.Index of length n_origins * horizon
            All steps of the first origin, then of the second, and so on. If the
            series have names, a MultiIndex of the name and the timestamp.

        Raises
        ------
        ValueError
            If the frequency or the horizon is not known.
        """
        horizon = self.horizon if horizon is None else horizon
        if horizon is None:
            raise ValueError("Expected a horizon, found None. Say how many steps.")
        horizon = check_positive_int(horizon, "horizon")
        freq_of = None if self._freq_of is None else self._freq_of[self.series]
        stamps = self._index[self.positions]
        ticks = next_ticks(stamps, self._freqs, freq_of, horizon)
        stamps = from_ticks(ticks.ravel(), self._index)
        return self._with_ids(stamps, np.repeat(self.series, horizon))

    def __len__(self):
        return len(self.positions)

    def __getitem__(self, key):
        if isinstance(key, tuple):
            rest = [k for k in key[1:] if k is not Ellipsis]
            if rest:
                raise IndexError(
                    "Windows are indexed by origin (axis 0) only; use "
                    "np.asarray(X)[...] for the other axes, or with_length for a "
                    "shorter look-back."
                )
            key = key[0] if key else Ellipsis
        if key is Ellipsis:
            key = slice(None)
        if isinstance(key, (int, np.integer)):
            origin = self.positions[key]
            return self.values[origin - self.length + 1 : origin + 1]
        return self._copy_with(positions=self.positions[as_slice(key, len(self))])

    def with_length(self, length):
        """The same origins with a shorter look-back.

        Parameters
        ----------
        length : int
            Timestamps in a window, at most the present length.

        Returns
        -------
        X : Windows of shape (n_origins, length, n_channels)
            On the same block.

        Raises
        ------
        ValueError
            If `length` is more than the windows hold.
        """
        length = check_positive_int(length, "length")
        if length > self.length:
            raise ValueError(
                f"Expected a length of at most {self.length}, the length of these "
                f"windows, found {length}. Make longer ones with "
                f"make_windows(..., length={length})."
            )
        return self._copy_with(length=length)

    def _copy_with(self, **changed):
        return Windows.__new__(Windows)._set(**(self._state() | changed))

    def _state(self):
        """The arguments of `_set`."""
        return {
            "values": self.values,
            "positions": self.positions,
            "length": self.length,
            "index": self._index,
            "channels": self.channels,
            "n_targets": self.n_targets,
            "n_future": self.n_future,
            "horizon": self.horizon,
            "bounds": self._bounds,
            "ids": self.ids,
            "static": self.static,
            "static_names": self.static_names,
            "freqs": self._freqs,
            "freq_of": self._freq_of,
            "is_complete": self._is_complete,
        }

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("Windows overlap: an ordinary array of them is a copy.")
        if len(self) == 0:
            return np.empty(self.shape, dtype or self.dtype)
        # (T, C) -> (T - L + 1, C, L) -> (T - L + 1, L, C), still without copying
        every = np.moveaxis(sliding_window_view(self.values, self.length, 0), -1, 1)
        # Not np.take: that one first makes a contiguous copy of all windows.
        array = every[self.positions - self.length + 1]
        return array if dtype is None else array.astype(dtype, copy=False)

    def __reduce__(self):
        return _rebuild_windows, (self._within_reach()._state(),)

    def _within_reach(self):
        """The same windows on a block of only the rows that are looked at."""
        series, n_series = self.series, len(self._bounds) - 1
        ahead = self.horizon if self.n_future else 0
        first = np.full(n_series, len(self.values))
        np.minimum.at(first, series, self.positions - self.length + 1)
        stop = np.zeros(n_series, dtype=np.int64)
        np.maximum.at(stop, series, self.positions + ahead + 1)
        kept = np.flatnonzero(stop > first)
        rows = concatenated_ranges(first[kept], stop[kept])
        bounds = np.concatenate([[0], np.cumsum((stop - first)[kept])])
        moved = np.zeros(n_series, dtype=np.int64)
        moved[kept] = bounds[:-1] - first[kept]
        ids, static, freq_of = (
            None if part is None else part[kept]
            for part in (self.ids, self.static, self._freq_of)
        )
        return self._copy_with(
            values=self.values[rows],
            positions=self.positions + moved[series],
            index=self._index[rows],
            bounds=bounds if len(kept) else np.zeros(2, dtype=np.int64),
            ids=ids,
            static=static,
            freq_of=freq_of,
        )

    def __repr__(self):
        n_origins, length, n_channels = self.shape
        span = f" from {self.origins[0]!s} to {self.origins[-1]!s}" if n_origins else ""
        if self.ids is not None and n_origins:
            span = f" of {len(np.unique(self.series)):,} series"
        kinds = {i: " (target)" for i in range(self.n_targets)}
        kinds |= {n_channels - i: " (future)" for i in range(1, self.n_future + 1)}
        names = [
            f"{plain(name)!r}{kinds.get(i, '')}"
            for i, name in enumerate(self.channels[:8])
        ]
        if n_channels > 8:
            names.append(f"... {n_channels - 8} more")
        if self.static is not None:
            names.append(f"static {', '.join(map(repr, self.static_names))}")
        return (
            f"<Windows of shape {self.shape}: {n_origins} origins{span}, each with "
            f"{length} timestamps of {', '.join(names)}>"
        )


def _rebuild_windows(state):
    return Windows.__new__(Windows)._set(**state)
