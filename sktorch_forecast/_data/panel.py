"""Panel: the data of one series or many, which windows view.

Symbols used below::

    T  n_timestamps   rows of all series, one series after the other
    C  n_channels     columns: targets, past covariates, future covariates
    S  n_series       series
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .checks import (
    Missing,
    check_freq,
    check_increasing,
    checked_names,
    checked_roles,
    checked_series,
    checked_static,
    checked_values,
)
from .frequency import Frequency, frequency, next_ticks
from .indexing import concatenated_ranges
from .precision import as_precise
from .time_axis import StoredTimes, ticks_of
from .words import plain


@dataclass(frozen=True, eq=False)
class Source:
    """Where a panel was read from; only readers and error messages need it.

    Attributes
    ----------
    rows : ndarray of shape (n_timestamps,) or None
        Rows in the user's frame; None if they are in the same order.
    repairs : dict
        How to fix each flaw of the frame, in words; see ``read_panel.Table``.
    ends_vary : bool
        Whether series may begin after their first row and end before their last.
    """

    rows: np.ndarray | None = None
    repairs: dict[str, str] = field(default_factory=dict)
    ends_vary: bool = False


@dataclass(frozen=True, eq=False)
class Panel:
    """One series or several: values, timestamps, and the roles of channels.

    Make one from an array with :meth:`from_array`, which checks everything. The
    constructor itself checks nothing; it is for data known to be valid.

    Attributes
    ----------
    values : ndarray of shape (n_timestamps, n_channels), float32 or float64
        Targets, past covariates and covariates known over the horizon, in this order.
        With several series, one follows the other. float64 where float32 would round
        away the changes in some series. Read-only.
    index : pandas.Index of length n_timestamps
        Timestamp of each row.
    channels : tuple of length n_channels
        Names of the channels.
    bounds : ndarray of shape (n_series + 1,), int64
        Rows ``bounds[i]`` to ``bounds[i + 1] - 1`` are series ``i``.
    n_targets : int
        How many of the leading channels are forecast.
    n_future : int
        How many of the trailing channels are known over the horizon.
    ids : pandas.Index of length n_series or None
        Names of the series; None for a single one without a name.
    static : ndarray of shape (n_series, n_static), float32, or None
        Covariates with one value per series.
    static_names : tuple of length n_static
        Their names.
    freqs : tuple
        The frequencies of the series, the most common one first: a number of ticks, a
        pandas offset where the calendar makes steps unequal, or None where unknown.
    freq_of : ndarray of shape (n_series,) or None
        Index of each series' frequency in `freqs`; None if there is only one.
    targets : ndarray of shape (n_timestamps, n_targets) or None
        Targets in the user's precision; None if only windows are needed.
    is_complete : bool
        Whether the values are known to be finite wherever a window may look.
    source : Source
        Where the panel was read from.

    See Also
    --------
    Windows : Windows that view a panel.

    Examples
    --------
    Two series of three days each, whose last channel is known in advance:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from sktorch_forecast import Panel, Windows
    >>> days = pd.date_range("2024-03-01", periods=3)
    >>> panel = Panel.from_array(
    ...     np.arange(12.0).reshape(6, 2),
    ...     index=days.append(days),
    ...     channels=["sales", "price"],
    ...     n_future=1,
    ...     bounds=[0, 3, 6],
    ...     ids=["north", "south"],
    ... )
    >>> panel.n_series, panel.n_channels, panel.n_past
    (2, 2, 0)
    >>> Windows(panel, positions=[1, 4], length=2, horizon=1).future_values().ravel()
    array([ 5., 11.], dtype=float32)
    """

    values: np.ndarray
    index: pd.Index
    channels: tuple[Hashable, ...]
    bounds: np.ndarray
    n_targets: int = 1
    n_future: int = 0
    ids: pd.Index | None = None
    static: np.ndarray | None = None
    static_names: tuple[Hashable, ...] = ()
    freqs: tuple[Frequency, ...] = (None,)
    freq_of: np.ndarray | None = None
    targets: np.ndarray | None = None
    is_complete: bool = False
    source: Source = field(default_factory=Source)

    def __post_init__(self) -> None:
        self.values.flags.writeable = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A copied or unpickled array is writable again.
        self.__dict__.update(state)
        self.__post_init__()

    @classmethod
    def from_array(
        cls,
        values: ArrayLike,
        *,
        index: pd.Index | Sequence | None = None,
        channels: Sequence[Hashable] | None = None,
        n_targets: int = 1,
        n_future: int = 0,
        bounds: ArrayLike | None = None,
        ids: pd.Index | Sequence[Hashable] | None = None,
        static: ArrayLike | None = None,
        static_names: Sequence[Hashable] | None = None,
        freq: str | pd.offsets.BaseOffset | float | None = None,
        missing: Missing = "error",
    ) -> Self:
        """A panel of your own values.

        Parameters
        ----------
        values : array of shape (n_timestamps, n_channels)
            The series in time order, one after the other; target channels first, those
            known over the horizon last. Copied as float32, or as float64 where float32
            would round away the changes in some series.
        index : pandas.Index of length n_timestamps, default=None
            Timestamps of the rows; 0, 1, ... by default.
        channels : sequence of length n_channels, default=None
            Names of the channels; 0, 1, ... by default.
        n_targets : int, default=1
            How many of the leading channels are forecast.
        n_future : int, default=0
            How many of the trailing channels are known over the horizon.
        bounds : array of shape (n_series + 1,), default=None
            Rows ``bounds[i]`` to ``bounds[i + 1] - 1`` are series ``i``; all rows are
            one series by default.
        ids : sequence of length n_series, default=None
            Names of the series; None for a single one without a name, else 0, 1, ...
        static : array of shape (n_series, n_static), default=None
            Covariates with one value per series.
        static_names : sequence of length n_static, default=None
            Their names; 0, 1, ... by default.
        freq : str, offset of pandas or number, default=None
            Distance between timestamps; a number for an index of numbers. By default it
            is read or inferred from the index of the first series.
        missing : {"error", "mask"}, default="error"
            Whether targets and past covariates may be missing.

        Returns
        -------
        panel : Panel

        Raises
        ------
        TypeError
            If a number of channels is not an integer, or the values are a frame, whose
            labels would be lost.
        ValueError
            If the values are not finite, or the parts do not match.
        """
        values = checked_values(values)
        n_timestamps, n_channels = values.shape
        index, channels = checked_names(index, channels, n_timestamps, n_channels)
        bounds, ids = checked_series(bounds, ids, n_timestamps)
        values = as_precise(values, bounds)
        n_targets, n_future = checked_roles(values, n_targets, n_future, missing)
        check_increasing(index, bounds)
        check_freq(freq, index)
        static, static_names = checked_static(static, static_names, len(bounds) - 1)
        return cls(
            values,
            index,
            channels,
            bounds,
            n_targets,
            n_future,
            ids,
            static,
            static_names,
            freqs=(frequency(index[: bounds[1]], freq),),
            is_complete=missing == "error",
        )

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.bounds) - 1

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return self.values.shape[1]

    @property
    def n_past(self) -> int:
        """Number of past covariates, between the targets and the future ones."""
        return self.n_channels - self.n_targets - self.n_future

    @property
    def ticks(self) -> np.ndarray:
        """Timestamps as numbers, of shape (n_timestamps,), int64 or float64.

        The integers behind datetimes (in UTC), periods and time steps; numbers stay as
        they are.
        """
        return ticks_of(self.index)

    @property
    def earliest(self) -> Any:
        """The earliest timestamp as a number, as in `ticks`."""
        if isinstance(self.index, StoredTimes) and self.index.first is not None:
            return self.index.first.min()
        return self.ticks.min()

    @property
    def has_frequency(self) -> bool:
        """Whether the frequency of every series is known."""
        return all(freq is not None for freq in self.freqs)

    @property
    def index_freq(self) -> pd.offsets.BaseOffset | None:
        """The frequency of a single series, as its pandas index has it."""
        index = self.index
        if not isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)):
            return None
        return index.freq if self.ids is None else None

    def series_of(self, rows: np.ndarray) -> np.ndarray:
        """Which series rows belong to.

        Parameters
        ----------
        rows : ndarray of shape (n_rows,)

        Returns
        -------
        series : ndarray of shape (n_rows,), int64
        """
        if self.n_series == 1:
            return np.zeros(len(rows), dtype=np.int64)
        return np.searchsorted(self.bounds, rows, "right") - 1

    def ticks_at(self, rows: np.ndarray) -> np.ndarray:
        """Timestamps of some rows as numbers, as in `ticks`, of shape (n_rows,)."""
        return ticks_of(self.index.take(rows))

    def ticks_after(
        self,
        rows: np.ndarray,
        n_steps: int,
        *,
        back: bool = False,
        last_only: bool = False,
    ) -> np.ndarray:
        """Ticks after rows, by the frequency of their series.

        Parameters
        ----------
        rows : ndarray of shape (n_rows,)
            Where to start from.
        n_steps : int
            Number of timestamps to go from each.
        back : bool, default=False
            Whether to go back rather than forward.
        last_only : bool, default=False
            Whether to return only the last step.

        Returns
        -------
        ticks : ndarray of shape (n_rows, n_steps), or (n_rows, 1) if `last_only`

        Raises
        ------
        ValueError
            If an unknown frequency is needed.
        """
        freq_of = None if self.freq_of is None else self.freq_of[self.series_of(rows)]
        return next_ticks(
            self.index[rows], self.freqs, freq_of, n_steps, back, last_only
        )

    def select(self, which: np.ndarray, start: np.ndarray, stop: np.ndarray) -> Self:
        """Some rows of some series, without any checks.

        Parameters
        ----------
        which : ndarray of shape (n_selected,), int64
            Series to take, in increasing order.
        start, stop : ndarray of shape (n_selected,), int64
            Rows ``start[i]`` to ``stop[i] - 1`` are taken of series ``which[i]``.

        Returns
        -------
        panel : Panel
            Shares memory if the rows are contiguous. It was not read from anywhere, so
            its `source` is empty.
        """

        def taken(of_series: Any) -> Any:
            if of_series is None or len(which) == self.n_series:
                return of_series
            return of_series[which]

        rows, index = concatenated_ranges(start, stop), self.index
        if isinstance(index, StoredTimes):  # never all in memory at once
            index = index.select(which, start, stop)
        return replace(
            self,
            values=self.values[rows],
            index=index if index is not self.index else index[rows],
            bounds=np.concatenate([[0], np.cumsum(stop - start)]),
            ids=taken(self.ids),
            static=taken(self.static),
            freq_of=taken(self.freq_of),
            targets=None if self.targets is None else self.targets[rows],
            source=Source(),
        )

    def place(self, at: tuple[int, int]) -> str:
        """Where the entry ``values[at]`` is, in words."""
        row, channel = at
        return f"{self.timestamp(row)}, channel {self.channels[channel]!r}"

    def timestamp(self, row: int) -> str:
        """Which timestamp of which series a row is, in words."""
        shown = row if self.source.rows is None else self.source.rows[row]
        text = f"timestamp {self.index[row]!s} (row {shown})"
        if self.ids is None:
            return text
        return f"series {self.name(self.series_of(np.array([row]))[0])}, {text}"

    def name(self, series: int) -> str:
        """The name of a series, as displayed; "" if it has none."""
        return "" if self.ids is None else repr(plain(self.ids[series]))
