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
    n  n_origins      samples
"""

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.utils import check_array

from ._overlap import as_slice, overlapping_rows
from ._series import read_series
from ._validation import check_finite, check_positive_int


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
        The series in time order, target channels first. Copied, as float32.
    positions : array of shape (n_origins,)
        Row in `values` of each origin, at least ``length - 1``.
    length : int
        Timestamps in a window.
    index : pandas.Index of length n_timestamps, default=None
        Timestamps of the rows; 0, 1, ... by default.
    channels : sequence of length n_channels, default=None
        Names of the channels; 0, 1, ... by default.
    n_targets : int, default=1
        How many of the leading channels are forecast.

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
    n_future, horizon, static, has_missing = 0, None, None, False

    def __init__(
        self, values, positions, length, *, index=None, channels=None, n_targets=1
    ):
        length = check_positive_int(length, "length")
        with np.errstate(over="ignore"):
            values = check_array(
                values, dtype=np.float32, order="C", ensure_all_finite=False, copy=True
            )
        check_finite(values, "values")
        n_timestamps, n_channels = values.shape
        positions = np.asarray(positions)
        if positions.size == 0:  # an empty list has no integers to tell by
            positions = positions.astype(np.int64)
        if positions.ndim != 1 or not np.issubdtype(positions.dtype, np.integer):
            raise TypeError(
                "Expected positions as a 1-D array of integers, found shape "
                f"{positions.shape} of {positions.dtype}."
            )
        if len(positions) and not (
            length - 1 <= positions.min() and positions.max() < n_timestamps
        ):
            raise ValueError(
                f"Expected origins between row {length - 1} (the first with {length} "
                f"timestamps up to it) and row {n_timestamps - 1}, found "
                f"{positions.min()} to {positions.max()}."
            )
        if index is None:
            index = pd.RangeIndex(n_timestamps)
        elif not isinstance(index, pd.Index):  # pd.Index makes tuples of a MultiIndex
            index = pd.Index(index)
        channels = tuple(range(n_channels) if channels is None else channels)
        if len(index) != n_timestamps or len(channels) != n_channels:
            raise ValueError(
                f"Expected {n_timestamps} timestamps and {n_channels} channel names, "
                f"found {len(index)} and {len(channels)}."
            )
        n_targets = check_positive_int(n_targets, "n_targets")
        if n_targets > n_channels:
            raise ValueError(
                f"Expected at most {n_channels} target channels, found {n_targets}."
            )
        self._set(
            values, positions.astype(np.int64), length, index, channels, n_targets
        )

    def _set(self, values, positions, length, index, channels, n_targets):
        """Take what is known to be valid; returns self, to build without checks."""
        self.values = values.view()
        self.values.flags.writeable = False
        self.positions = positions
        self.length = length
        self._index = index
        self.channels = channels
        self.n_targets = n_targets
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
    def times(self):
        """Place of each origin in time, ndarray of shape (n_origins,)."""
        return self.positions

    @property
    def origins(self):
        """Timestamp of each origin, a pandas.Index of length n_origins."""
        return self._index[self.positions]

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

    def _copy_with(self, *, positions=None, length=None):
        return Windows.__new__(Windows)._set(
            self.values,
            self.positions if positions is None else positions,
            self.length if length is None else length,
            self._index,
            self.channels,
            self.n_targets,
        )

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
        if len(self):
            first = int(self.positions.min()) - self.length + 1
            last = int(self.positions.max()) + 1
        else:
            first = last = 0
        state = (
            self.values[first:last],
            self.positions - first,
            self.length,
            self._index[first:last],
            self.channels,
            self.n_targets,
        )
        return _rebuild_windows, state

    def __repr__(self):
        n_origins, length, n_channels = self.shape
        span = f" from {self.origins[0]!s} to {self.origins[-1]!s}" if n_origins else ""
        names = [
            f"{name!r} (target)" if i < self.n_targets else repr(name)
            for i, name in enumerate(self.channels[:8])
        ]
        if n_channels > 8:
            names.append(f"... {n_channels - 8} more")
        return (
            f"<Windows of shape {self.shape}: {n_origins} origins{span}, each with "
            f"{length} timestamps of {', '.join(names)}>"
        )


def _rebuild_windows(*state):
    return Windows.__new__(Windows)._set(*state)


def make_windows(series, *, horizon, length, target=None):
    """Turn a series into samples: windows `X` and what followed them, `y`.

    Only origins with a whole window behind and a whole horizon before them are
    taken. The targets of neighboring origins overlap, so leave a gap between
    training and test, as in ``TimeSeriesSplit(gap=horizon - 1)``.

    Parameters
    ----------
    series : array of shape (n_timestamps,) or (n_timestamps, n_channels), Series \
            or DataFrame
        Finite values in time order, with an index of timestamps, periods or numbers
        at a regular distance. The windows hold them as float32.
    horizon : int
        Timestamps after the origin to forecast.
    length : int
        Timestamps in a window, up to and with the origin.
    target : column name or number, or list of these, default=None
        Channels to forecast; may be left out when there is only one. The others
        are past covariates.

    Returns
    -------
    X : Windows of shape (n_origins, length, n_channels)
        Target channels first. ``n_origins = n_timestamps - length - horizon + 1``.
    y : ndarray of shape (n_origins,) or (n_origins, horizon * n_targets)
        1-D for one target and a horizon of 1. Else all targets of step 1 come
        first, then those of step 2, and so on, as a read-only view of the series.

    Raises
    ------
    TypeError
        If the values are not real numbers, the index is not a time axis, or
        `horizon` or `length` is not an integer.
    ValueError
        If the series is shorter than ``length + horizon``, has a NaN or an infinite
        value, or its timestamps are unsorted, duplicated or have a gap.

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
    data = read_series(series, target)
    n_timestamps = len(data.values)
    if n_timestamps < length + horizon:
        raise ValueError(
            f"Expected at least length + horizon = {length + horizon} timestamps, "
            f"found {n_timestamps}. Use a longer series, a shorter window or a "
            "shorter horizon."
        )
    positions = np.arange(length - 1, n_timestamps - horizon)
    X = _windows(data, positions, length)
    # A copy, so that a later change of the user's array does not reach into y.
    targets = np.array(data.values[length:, : data.n_targets], order="C")
    n_origins, step = len(positions), data.n_targets * targets.itemsize
    if horizon == 1:
        return X, targets.ravel() if data.n_targets == 1 else targets
    shape = (n_origins, horizon * data.n_targets)
    y = overlapping_rows(targets.ravel(), shape, (step, targets.itemsize))
    return X, y


def latest_windows(series, *, length, target=None):
    """The window of the last origin, to forecast what nobody knows yet.

    Parameters
    ----------
    series : array of shape (n_timestamps,) or (n_timestamps, n_channels), Series \
            or DataFrame
        As for :func:`make_windows`.
    length : int
        Timestamps in the window.
    target : column name or number, or list of these, default=None
        As for :func:`make_windows`.

    Returns
    -------
    X : Windows of shape (1, length, n_channels)
        Its only origin is the last timestamp of the series.

    Raises
    ------
    ValueError
        If the series is shorter than `length`, or as for :func:`make_windows`.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import latest_windows
    >>> np.asarray(latest_windows(np.arange(7.0), length=3)).ravel()
    array([4., 5., 6.], dtype=float32)
    """
    length = check_positive_int(length, "length")
    data = read_series(series, target)
    if len(data.values) < length:
        raise ValueError(
            f"Expected at least length = {length} timestamps, found "
            f"{len(data.values)}. Use a longer series or a shorter window."
        )
    return _windows(data, np.array([len(data.values) - 1]), length)


def _windows(data, positions, length):
    """Windows on a checked series; the block is a copy of its own."""
    with np.errstate(over="ignore"):
        values = np.array(data.values, dtype=np.float32, order="C")
    if data.values.dtype != np.float32:
        name = "series, too large for float32, the windows' precision,"
        check_finite(values, name, data.place)
    return Windows.__new__(Windows)._set(
        values, positions, length, data.index, data.channels, data.n_targets
    )
