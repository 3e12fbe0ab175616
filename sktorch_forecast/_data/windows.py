"""Windows of a series as scikit-learn samples, without copying the series.

A sample is a forecast origin. `X[i]` is what was known at origin `i`, `y[i]` is what
followed. Both are views: the windows of one series overlap almost completely, so the
series is stored once and every window is a position in it.

Symbols used below::

    T  n_timestamps   rows of the panel that all windows view
    C  n_channels     its columns, target channels first
    L  length         timestamps in a window, the last of which is the origin
    H  horizon        timestamps after the origin that are forecast
    F  n_future       trailing channels that are known over the horizon
    n  n_origins      samples
"""

from types import EllipsisType
from typing import Any, Self, TypeAlias, overload

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, DTypeLike

from .._utils.validation import check_positive_int
from .array_api import NumpyNamespace
from .checks import check_reach, checked_positions
from .indexing import as_slice
from .panel import Panel
from .panel_parts import PanelParts
from .reach import series_in, within_reach
from .time_axis import from_ticks
from .windows_html import html_of_windows
from .words import described

Key: TypeAlias = slice | ArrayLike | pd.Index | EllipsisType


class Windows(NumpyNamespace, PanelParts):
    """A lazy array of windows, shape ``(n_origins, length, n_channels)``.

    Indexing the first axis with a slice, integers or a mask gives another `Windows` on
    the same panel, so a cross-validation split copies nothing. ``np.asarray`` makes an
    ordinary array. A pickle holds only the timestamps that the origins can see. A
    window never reaches past its origin. Make one with :func:`make_windows`,
    :func:`latest_windows` or :class:`SlidingWindow`, or from your own panel.

    Parameters
    ----------
    panel : Panel, or array of shape (n_timestamps, n_channels)
        The data that the windows view. An array stands for ``Panel.from_array(array)``:
        one series in time order, whose first channel is forecast.
    positions : array of shape (n_origins,)
        Row of each origin in the panel, with a complete window in its series.
    length : int
        Number of timestamps in a window, up to and including the origin.
    horizon : int, default=None
        Number of timestamps after each origin that are forecast. Needed if the panel
        has channels that are known over the horizon.

    Attributes
    ----------
    panel : Panel
        The data that the windows view, shared by all slices.
    positions : ndarray of shape (n_origins,), int64
        Row of each origin in the panel. For a panel on disk they are ranges, which
        behave like an array.
    length : int
        Number of timestamps in a window.
    horizon : int or None
        Number of timestamps after each origin that are forecast, if known.
    values : ndarray of shape (n_timestamps, n_channels), float32 or float64
        Values of the panel, read-only.
    dtype : dtype
        The dtype of the values.
    channels : tuple of length n_channels
        Names of the channels, target channels first.
    n_channels : int
        Number of channels.
    n_targets : int
        How many of the leading channels are forecast.
    n_future : int
        How many of the trailing channels are known over the horizon.
    ids : pandas.Index of length n_series or None
        Names of the series; None for a single one without a name.
    static : ndarray of shape (n_series, n_static), float32, or None
        Static covariates.
    static_names : tuple of length n_static
        Their names.

    Raises
    ------
    TypeError
        If `positions`, `length` or `horizon` is not made of integers, or a frame is
        given instead of an array.
    ValueError
        If values of an array are not finite, or an origin does not have a complete
        window or lies past the end.

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

    ndim: int = 3
    positions: np.ndarray
    length: int
    horizon: int | None

    def __init__(
        self,
        panel: Panel | ArrayLike,
        positions: ArrayLike,
        length: int,
        horizon: int | None = None,
    ) -> None:
        if not isinstance(panel, Panel):
            panel = Panel.from_array(panel)
        length = check_positive_int(length, "length")
        if horizon is not None or panel.n_future:
            horizon = check_positive_int(horizon, "horizon")
        positions = checked_positions(positions)
        ahead = horizon if horizon and panel.n_future else 0
        check_reach(positions, panel.bounds, panel.ids, length, ahead)
        self.panel, self.positions = panel, positions
        self.length, self.horizon = length, horizon

    @classmethod
    def _of_valid(
        cls, panel: Panel, positions: np.ndarray, length: int, horizon: int | None
    ) -> Self:
        """Windows of data known to be valid, without any checks."""
        X = cls.__new__(cls)
        X.panel, X.positions, X.length, X.horizon = panel, positions, length, horizon
        return X

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(n_origins, length, n_channels)``."""
        return len(self.positions), self.length, self.n_channels

    @property
    def has_missing(self) -> bool:
        """Whether any window has a missing value."""
        if self.panel.is_complete or not len(self):
            return False
        known = self.values[:, : self.n_channels - self.n_future]
        rows = np.flatnonzero(np.isnan(known).any(axis=1))
        n_before, n_up_to = (
            np.searchsorted(rows, self.positions + after)
            for after in (1 - self.length, 1)
        )
        return bool((n_up_to > n_before).any())

    # ------------------------------------------------------------------ time

    @property
    def series(self) -> np.ndarray:
        """Which series each origin belongs to, of shape (n_origins,), int64."""
        return self.panel.series_of(self.positions)

    @property
    def timestamps(self) -> pd.Index:
        """Timestamp of each origin, a pandas.Index of length n_origins."""
        return self.panel.index[self.positions]

    @property
    def origins(self) -> pd.Index:
        """Timestamp of each origin, a pandas.Index of length n_origins.

        If the series have names, a MultiIndex of the name and the timestamp.
        """
        return self._with_ids(self.timestamps, self.series)

    def _with_ids(self, stamps: pd.Index, series: np.ndarray) -> pd.Index:
        if self.ids is None:
            return stamps
        names = [self.ids.name, stamps.name]
        return pd.MultiIndex.from_arrays([self.ids.take(series), stamps], names=names)

    @property
    def times(self) -> np.ndarray:
        """Time of each origin, counted in timestamps, of shape (n_origins,), int64.

        The same timestamp in different series has the same number.
        """
        if self.panel.n_series == 1:
            return np.asarray(self.positions)
        panel, freqs = self.panel, self.panel.freqs
        origins = panel.ticks_at(self.positions)
        if len(freqs) == 1 and isinstance(freqs[0], int):
            return (origins - panel.earliest) // freqs[0]
        return np.searchsorted(np.unique(panel.ticks), origins)

    @property
    def origin_ticks(self) -> np.ndarray:
        """Time of each origin as a number, of shape (n_origins,).

        In the unit of `panel.ticks`, so that series of different frequencies are
        comparable. If a frequency is unknown, these are `times`.
        """
        if not self.panel.has_frequency:
            return self.times
        return self.panel.ticks_at(self.positions)

    def target_ticks(self, horizon: int | None = None) -> np.ndarray:
        """Time of the last target of each origin as a number.

        Parameters
        ----------
        horizon : int, default=None
            Number of timestamps that the targets reach ahead; None means the horizon
            that the windows were made with.

        Returns
        -------
        ticks : ndarray of shape (n_origins,)
            In the unit of `origin_ticks`. Past the end of a series they are
            extrapolated by its frequency.

        Raises
        ------
        ValueError
            If the horizon is not known.
        """
        horizon = self._checked_horizon(horizon)
        panel = self.panel
        if not panel.has_frequency:
            return self.times + horizon
        rows = self.positions + horizon
        beyond = rows >= panel.bounds[self.series + 1]
        if not beyond.any():
            return panel.ticks_at(rows)
        # Pickled windows lack the rows after their origins.
        ticks = np.array(panel.ticks_at(np.where(beyond, self.positions, rows)))
        after = panel.ticks_after(self.positions[beyond], horizon, last_only=True)
        ticks[beyond] = after[:, 0]
        return ticks

    def future_index(self, horizon: int | None = None) -> pd.Index:
        """Timestamps of the steps that follow each origin.

        They follow the frequency of the series, even past its end.

        Parameters
        ----------
        horizon : int, default=None
            Number of steps; None means the horizon that the windows were made with.

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
        horizon = self._checked_horizon(horizon)
        ticks = self.panel.ticks_after(self.positions, horizon)
        stamps = from_ticks(ticks.ravel(), self.panel.index)
        return self._with_ids(stamps, np.repeat(self.series, horizon))

    def _checked_horizon(self, horizon: int | None) -> int:
        horizon = self.horizon if horizon is None else horizon
        if horizon is None:
            raise ValueError(
                "Expected a horizon, found None. Pass the number of steps, e.g. "
                "horizon=24."
            )
        return check_positive_int(horizon, "horizon")

    # ------------------------------------------------------- besides the windows

    def future_values(self) -> np.ndarray:
        """Covariates known over the horizon.

        Returns
        -------
        future : ndarray of shape (n_origins, horizon, n_future)
            Their values at the timestamps after each origin.
        """
        horizon = self.horizon or 0
        if not self.n_future or not len(self):
            return np.empty((len(self), horizon, self.n_future), self.dtype)
        known = self.values[:, -self.n_future :]
        every = sliding_window_view(known, horizon, 0)  # (..., F, H)
        return np.moveaxis(every[self.positions + 1], -1, 1)

    def static_values(self) -> np.ndarray:
        """Static covariates of the series of each origin.

        Returns
        -------
        static : ndarray of shape (n_origins, n_static), float32
        """
        if self.static is None:
            return np.empty((len(self), 0), np.float32)
        return self.static[self.series]

    # ------------------------------------------------------------ like an array

    def __len__(self) -> int:
        return len(self.positions)

    @overload
    def __getitem__(self, key: int | np.integer) -> np.ndarray: ...
    @overload
    def __getitem__(self, key: Key | tuple[Key, ...]) -> Self: ...
    def __getitem__(self, key):
        if isinstance(key, tuple):
            if any(rest is not Ellipsis for rest in key[1:]):
                raise IndexError(
                    "Windows are indexed by origin (axis 0) only; use "
                    "np.asarray(X)[...] for the other axes, or with_length for a "
                    "shorter look-back."
                )
            key = key[0] if key else Ellipsis
        if key is Ellipsis:
            key = slice(None)
        if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
            origin = self.positions[key]
            return self.values[origin - self.length + 1 : origin + 1]
        positions = self.positions[as_slice(key, len(self))]
        return self._of_valid(self.panel, positions, self.length, self.horizon)

    def with_length(self, length: int) -> Self:
        """The same origins with a shorter look-back window.

        Parameters
        ----------
        length : int
            Number of timestamps in a window, at most the current length.

        Returns
        -------
        X : Windows of shape (n_origins, length, n_channels)
            On the same panel.

        Raises
        ------
        ValueError
            If `length` is longer than the windows.
        """
        length = check_positive_int(length, "length")
        if length > self.length:
            raise ValueError(
                f"Expected a length of at most {self.length}, the length of these "
                f"windows, found {length}. Make longer ones with "
                f"make_windows(..., length={length})."
            )
        return self._of_valid(self.panel, self.positions, length, self.horizon)

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> np.ndarray:
        if copy is False:
            raise ValueError(
                "Expected copy=None or True, found False: an array of overlapping "
                "windows is always a copy."
            )
        if len(self) == 0:
            return np.empty(self.shape, dtype or self.dtype)
        # (T, C) -> (T - L + 1, C, L) -> (T - L + 1, L, C), without copying
        every = np.moveaxis(sliding_window_view(self.values, self.length, 0), -1, 1)
        # Not np.take, which first makes a contiguous copy of all windows.
        array = every[self.positions - self.length + 1]
        return array if dtype is None else array.astype(dtype, copy=False)

    def __reduce__(self) -> tuple[Any, ...]:
        panel, positions = within_reach(self)
        return self._of_valid, (panel, positions, self.length, self.horizon)

    def _repr_html_(self) -> str:
        return html_of_windows(self)

    def __repr__(self) -> str:
        n_origins, span = len(self), ""
        if self.ids is not None and n_origins:
            span = f" of {len(series_in(self)):,} series"
        elif n_origins:
            span = f" from {self.origins[0]!s} to {self.origins[-1]!s}"
        names = described(self.channels, self.n_targets, self.n_future)
        if self.static is not None:
            names.append(f"static {', '.join(map(repr, self.static_names))}")
        return (
            f"<Windows of shape {self.shape}: {n_origins} origins{span}, each with "
            f"{self.length} timestamps of {', '.join(names)}>"
        )
