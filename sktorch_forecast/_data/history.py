"""What a fitted SeriesForecaster remembers of each series, and how it grows.

Ids, time zones, frequencies and the precision of the targets stay as in the user's
frame.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from .checks import Missing
from .columns import Layout
from .joining import (
    before_all,
    check_going_on,
    in_form_of,
    interrupted,
    joined,
    with_channels_of,
)
from .observed import check_values, observed
from .panel import Panel
from .read import read
from .stored_panel import without_copy
from .time_axis import from_ticks
from .windows import Windows


class Continued(NamedTuple):
    """Series that follow a history, joined to it where they continue it.

    Attributes
    ----------
    panel : Panel
    first_ticks : ndarray of shape (n_series,)
        First tick that may be an origin: the end of the history if the series has one,
        otherwise the first tick of the series including its padding.
    """

    panel: Panel
    first_ticks: np.ndarray

    def are_new(self, X: Windows) -> np.ndarray:
        """Which origins of windows on the panel lie outside the history."""
        which = X.series
        if self.panel.ids is not None and X.ids is not None:
            which = self.panel.ids.get_indexer(X.ids)[which]
        return X.panel.ticks_at(X.positions) >= self.first_ticks[which]


@dataclass(frozen=True, eq=False)
class History:
    """The last rows of each series, and how they were read.

    Attributes
    ----------
    panel : Panel
        The rows, in their own memory. If covariates are known after the last target,
        rows without a target follow it. No series is empty.
    layout : Layout
        How they were read, and how all later rows will be read.
    length : int
        Number of rows up to the last observed target, as many as a window has.
    """

    panel: Panel
    layout: Layout
    length: int

    @classmethod
    def of(cls, panel: Panel, layout: Layout, length: int) -> Self:
        """The last `length` rows of each series that has any."""
        part = without_copy(tail(panel, length, layout.missing))
        layout = layout.named(panel.channels, panel.n_targets)
        return cls(part, layout, length)

    def read(self, df: Any) -> Panel:
        """Series with the columns of the fit, on their own time axis."""
        return with_channels_of(self.panel, read(df, self.layout))

    def read_next(self, df: Any) -> Panel:
        """Series as in the fit; rows without an index follow its end."""
        new = self.read(df)
        has_times = isinstance(getattr(df, "index", None), pd.Index)
        if has_times or self.layout.time is not None or new.ids is not None:
            return new
        last = observed(self.panel, self.layout.missing).stop - 1
        ticks = self.panel.ticks_after(last, len(new.index))
        return replace(new, index=from_ticks(ticks[0], self.panel.index))

    def followed_by(self, new: Panel) -> Self:
        """The history after the rows of `new` have become known.

        Parameters
        ----------
        new : Panel
            As read: rows after the last target of some series, and new series. They
            replace rows of the history after its last target.

        Returns
        -------
        history : History

        Raises
        ------
        TypeError
            If the timestamps are of another kind.
        ValueError
            If a value is missing, or `new` has other channels or does not begin where
            the history ends.
        """
        missing = self.layout.missing
        _, start, stop = observed(new, missing)
        check_values(new, start, stop, new.bounds[1:], missing)
        new = in_form_of(self.panel, tail(new, len(new.index), missing))
        panel = check_going_on(joined(self.panel, new, missing), self.panel)
        return self.of(panel, self.layout, self.length)

    def before(self, new: Panel) -> Continued:
        """The series of `new`, appended to the history where they continue it.

        Parameters
        ----------
        new : Panel
            As read, with the channels of the history.

        Returns
        -------
        continued : Continued

        Raises
        ------
        TypeError, ValueError
            If a value is missing, the timestamps are of another kind, or the channels
            differ.
        """
        missing = self.layout.missing
        _, start, stop = observed(new, missing)
        check_values(new, start, stop, stop, missing)
        new = in_form_of(self.panel, tail(new, len(new.index), missing))
        old = self._that_goes_on(new)
        if old is None:
            return Continued(new, np.full(new.n_series, before_all(new.index)))
        panel = joined(old, new, missing)
        first_ticks = np.full(panel.n_series, before_all(panel.index))
        _, start, stop = observed(old, missing)
        # The first of the joined series are those of the history.
        some = np.flatnonzero(stop > start)
        first_ticks[some] = old.ticks_at(stop[some] - 1)
        return Continued(panel, first_ticks)

    def with_future(self, future: Panel, panel: Panel | None = None) -> Panel:
        """The history, or another panel, with covariates that are known after its end.

        Parameters
        ----------
        future : Panel
            Its channels are the future covariates of the history. Rows up to the last
            target of a series, and unknown series, are left out.
        panel : Panel, default=None
            What comes before; None means the history.

        Returns
        -------
        panel : Panel
            With rows after the last targets, which have no targets.

        Raises
        ------
        TypeError
            If the timestamps are of another kind.
        ValueError
            If the covariates do not begin where the panel ends.
        """
        panel = self.panel if panel is None else panel
        future = in_form_of(panel, _without_targets(panel, future))
        which = np.arange(future.n_series)
        if panel.ids is not None and future.ids is not None:
            which = panel.ids.get_indexer(future.ids)
        _, start, stop = observed(panel, self.layout.missing)
        last = np.array(panel.ticks_at(np.maximum(stop - 1, 0)))
        last[stop == start] = before_all(future.index)  # nothing known yet
        of_row = np.repeat(which, np.diff(future.bounds))
        is_after = (of_row >= 0) & (future.ticks > last[of_row])
        # Timestamps increase, so these are the last rows of each series.
        n_after = np.add.reduceat(is_after, future.bounds[:-1], dtype=np.int64)
        kept = np.flatnonzero(n_after)
        if not len(kept):
            return panel
        ends = future.bounds[1:][kept]
        future = future.select(kept, ends - n_after[kept], ends)
        return check_going_on(joined(panel, future, self.layout.missing), panel)

    def _that_goes_on(self, new: Panel) -> Panel | None:
        """Series of the history that `new` continues without a break, or None."""
        old = self.panel
        kept = np.arange(old.n_series)
        if old.ids is not None and new.ids is not None:
            kept = np.flatnonzero(old.ids.isin(new.ids))
        if not len(kept):
            return None
        # The first of the joined series are those of `old`.
        both = joined(_some(old, kept), new, self.layout.missing)
        goes_on = np.ones(both.n_series, dtype=bool)
        goes_on[both.series_of(interrupted(both)[0])] = False
        kept = kept[goes_on[: len(kept)]]
        return _some(old, kept) if len(kept) else None


def tail(panel: Panel, length: int, missing: Missing) -> Panel:
    """The last rows of each series that has any: `length` up to its last target."""
    _, start, stop = observed(panel, missing)
    start = np.maximum(start, stop - length)
    stop = panel.bounds[1:] if panel.n_future else stop
    kept = np.flatnonzero(stop > start)
    return replace(panel.select(kept, start[kept], stop[kept]), is_complete=False)


def _some(panel: Panel, which: np.ndarray) -> Panel:
    """All rows of some series."""
    return panel.select(which, panel.bounds[which], panel.bounds[which + 1])


def _without_targets(panel: Panel, future: Panel) -> Panel:
    """Future covariates with the channels of `panel`; all other channels are NaN."""
    n_rows = len(future.index)
    values = np.full((n_rows, panel.n_channels), np.nan, future.values.dtype)
    values[:, panel.n_channels - panel.n_future :] = future.values
    dtype = np.float64 if panel.targets is None else panel.targets.dtype
    return replace(
        future,
        values=values,
        targets=np.full((n_rows, panel.n_targets), np.nan, dtype=dtype),
        channels=panel.channels,
        n_targets=panel.n_targets,
        n_future=panel.n_future,
    )
