"""Cross-validation that splits by time, over one series or a panel."""

from collections.abc import Iterator
from itertools import count
from numbers import Integral
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import indexable

from .._data.columns import is_polars, time_column
from .._data.indexing import Runs, runs_of
from .._data.time_axis import as_time_index, dates_in, is_time, is_time_like
from .._data.time_split import known_by, origins_and_reach, share_time_axis
from .._data.windows import Windows
from .._utils.compat import (
    Interval,
    StrOptions,
    num_samples,
    validate_parameter_constraints,
)

_AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")


class RollingOriginSplit(BaseCrossValidator):
    """Train on the past, test on what followed, several times.

    Each split has a time at which its test part begins. All origins with the same
    timestamp are on the same side of it, across all series of a panel. A gap lies
    between training and test, so that no training target is also a test target.

    Parameters
    ----------
    n_splits : int, default=5
        Number of splits, at least 1.
    horizon : int or None, default=None
        Number of timestamps after the origin that are forecast. Must be given unless
        `gap` is an integer.
    test_size : int or None, default=None
        Number of timestamps in a test part. None means ``n_timestamps // (n_splits +
        1)``.
    gap : "horizon" or int, default="horizon"
        Timestamps left out between the last training origin and the first test origin.
        "horizon" means ``horizon - 1``, the least that keeps the targets apart. With
        ``Windows`` it also leaves out every training origin whose last target is later
        than the first test origin, which can happen if the series of a panel have
        different frequencies.
    max_train_size : int or None, default=None
        Maximum number of timestamps in a training part; the latest are kept. None means
        all.
    step : int or None, default=None
        Number of timestamps between the starts of consecutive test parts. None means
        `test_size`, so that test parts follow each other without overlap.

    Raises
    ------
    sklearn.utils._param_validation.InvalidParameterError
        If a parameter has the wrong type or is out of range. It is both a
        ``ValueError`` and a ``TypeError``.
    ValueError
        If neither `horizon` nor an integer `gap` is given.

    See Also
    --------
    sklearn.model_selection.TimeSeriesSplit : The same splits for the rows of one
        series, with the gap set by hand.

    Notes
    -----
    The time of an origin is

    - `groups`, if given: an array with one timestamp for each row;
    - else the timestamp in ``X.origins`` of a ``Windows``, or in the index of a
      DataFrame if that holds timestamps. For a MultiIndex (id, timestamp), as panels
      have, the last level counts;
    - else the number of the row.

    If the timestamps of ``Windows`` are numbers and most series end at different ones,
    the numbers count within each series, as in the M4 data. Then time is counted from
    the last origin of each series, so that every series is in the test part.

    Everything is counted in distinct timestamps that have origins. The series of a
    panel may begin late and end early. In a frame or with `groups` they should share
    one time grid: a gap that is counted in half-hours, because one series is observed
    on the hour and another on the half-hour, is too short for both. ``Windows`` know
    when their targets are, so with ``gap="horizon"`` the gap is never too short. If
    origins are thinned out, say to one in 24, a gap of ``horizon - 1`` is longer than
    necessary; pass a smaller one.

    The last test part ends with the last origin. Each earlier test part begins `step`
    timestamps before the next. This is the rolling-origin evaluation of [1]_, with a
    gap, since here the targets of all training origins are trained on, and those of the
    last ones would not be known yet.

    References
    ----------
    .. [1] L. J. Tashman (2000), Out-of-sample tests of forecasting accuracy: an
       analysis and review. International Journal of Forecasting 16 (4).

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import make_windows
    >>> from sktorch_forecast.model_selection import RollingOriginSplit
    >>> X, y = make_windows(np.arange(12.0), horizon=2, length=3)
    >>> for train, test in RollingOriginSplit(2, horizon=2).split(X):
    ...     print(train, test)
    [0 1 2] [4 5]
    [0 1 2 3 4] [6 7]
    """

    # Time may come as groups, so metadata routing passes them on.
    __metadata_request__split = {"groups": True}

    parameter_constraints = {
        "n_splits": [_AT_LEAST_ONE],
        "horizon": [_AT_LEAST_ONE, None],
        "test_size": [_AT_LEAST_ONE, None],
        "gap": [StrOptions({"horizon"}), Interval(Integral, 0, None, closed="left")],
        "max_train_size": [_AT_LEAST_ONE, None],
        "step": [_AT_LEAST_ONE, None],
    }

    def __init__(
        self,
        n_splits: int = 5,
        *,
        horizon: int | None = None,
        test_size: int | None = None,
        gap: int | Literal["horizon"] = "horizon",
        max_train_size: int | None = None,
        step: int | None = None,
    ) -> None:
        self.n_splits = n_splits
        self.horizon = horizon
        self.test_size = test_size
        self.gap = gap
        self.max_train_size = max_train_size
        self.step = step
        # A splitter has no fit to do the checks, so they are here, as in KFold.
        validate_parameter_constraints(
            self.parameter_constraints,
            {name: vars(self)[name] for name in self.parameter_constraints},
            caller_name=type(self).__name__,
        )
        if gap == "horizon" and horizon is None:
            raise ValueError(
                "Expected horizon, the number of timestamps that are forecast, found "
                "None. Pass that of make_windows, e.g. RollingOriginSplit(horizon=24), "
                "or say how many timestamps to leave out, e.g. "
                "RollingOriginSplit(gap=23)."
            )

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of splits.

        Parameters
        ----------
        X, y, groups : Ignored
            Present by convention.

        Returns
        -------
        n_splits : int
        """
        _check_made(self)
        return self.n_splits

    def split(
        self, X: Any, y: Any = None, groups: ArrayLike | pd.Index | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Indices of the training and test origins of each split.

        Parameters
        ----------
        X : Windows, array or DataFrame of n_origins rows
            What to split, in any order if its timestamps are known.
        y : array of shape (n_origins,) or (n_origins, n_outputs), default=None
            Targets of ``Windows``, whose horizon is checked; ignored otherwise.
        groups : array of shape (n_origins,), default=None
            Timestamp of each origin; those of `X`, or the row numbers, by default.

        Yields
        ------
        train : ndarray of shape (n_train_origins,)
            Rows of the training origins, in the order of `X`. For a panel on disk they
            are ranges, which behave like an array.
        test : ndarray of shape (n_test_origins,)
            Rows of the test origins.

        Raises
        ------
        TypeError
            If `groups`, or the last of several levels of the index of `X`, are neither
            timestamps nor numbers.
        ValueError
            If there are too few timestamps, one is missing, a training part is empty,
            `groups` and `X` differ in length, `y` reaches further ahead than `horizon`,
            or the timestamps or dates in a column of `X` do not increase and are not
            given as `groups`.
        """
        _check_made(self)
        X, y, groups = indexable(X, y, groups)
        if not num_samples(X):
            raise ValueError("Expected at least one origin to split, found none.")
        self._check_horizon(X, y)
        times = _times(X, groups, self.horizon or self._gap() + 1)
        n_times = int(times.max()) + 1
        gap = self._gap()
        clock = self._clock(X, groups)
        for test_start, test_end in self._bounds(n_times):
            test = (times >= test_start) & (times < test_end)
            train = known_by(times, times + gap + 1, test_start)
            if self.max_train_size is not None:
                train &= times >= test_start - gap - self.max_train_size
            if clock is not None:
                origins, reach = clock
                train &= known_by(origins, reach, origins[test].min())
            if not train.any():
                raise ValueError(
                    "Expected training origins whose targets are known at the first "
                    "test origin, found none. Use a longer series, fewer splits, or a "
                    "smaller test_size, step or horizon."
                )
            rows: Any = np.flatnonzero(train), np.flatnonzero(test)
            # Origins in ranges may be too many to send to the processes of a search.
            if isinstance(X, Windows) and isinstance(X.positions, Runs):
                rows = runs_of(rows[0]), runs_of(rows[1])
            yield rows

    def _check_horizon(self, X: Any, y: Any) -> None:
        """Raise a ValueError where targets reach further than the gap allows for."""
        if self.gap != "horizon" or self.horizon is None or not isinstance(X, Windows):
            return
        n_outputs = np.shape(y)[1] if np.ndim(y) == 2 else 1
        if n_outputs > self.horizon * X.n_targets:
            raise ValueError(
                f"Expected y with at most horizon={self.horizon} steps of "
                f"{X.n_targets} targets, found {n_outputs} columns: targets to train "
                "on would reach into the test. Pass the horizon of make_windows, e.g. "
                f"RollingOriginSplit(horizon={n_outputs // X.n_targets})."
            )

    def _clock(
        self, X: Any, groups: ArrayLike | pd.Index | None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Time of each origin and of its last target, if `X` knows both."""
        if self.gap != "horizon" or self.horizon is None or groups is not None:
            return None
        if not isinstance(X, Windows) or not X.panel.has_frequency:
            return None
        return origins_and_reach(X, self.horizon)

    def _bounds(self, n_times: int) -> list[tuple[int, int]]:
        """Start and end of the test part of each split."""
        bounds = self._bounds_or_none(n_times)
        if bounds is None:
            needed = next(
                n for n in count(n_times + 1) if self._bounds_or_none(n) is not None
            )
            raise ValueError(
                f"Expected origins at {needed} different timestamps or more for "
                f"n_splits={self.n_splits}, test_size={self.test_size}, "
                f"step={self.step} and a gap of {self._gap()}, found {n_times}. Use a "
                "longer series, fewer splits, or a smaller test_size, step or gap."
            )
        return bounds

    def _bounds_or_none(self, n_times: int) -> list[tuple[int, int]] | None:
        """The bounds, or None if the first training part would be empty."""
        test_size = self.test_size or n_times // (self.n_splits + 1)
        step = self.step or test_size
        first = n_times - test_size - step * (self.n_splits - 1)
        if test_size == 0 or first - self._gap() < 1:
            return None
        starts = range(first, n_times, step)[: self.n_splits]
        return [(start, start + test_size) for start in starts]

    def _gap(self) -> int:
        if isinstance(self.gap, str):
            return (self.horizon or 1) - 1  # __init__ has checked that one is given
        return self.gap


def _check_made(splitter: Any) -> None:
    """Raise a TypeError if a method is called on the class, with samples as `self`."""
    if not isinstance(splitter, RollingOriginSplit):
        raise TypeError(
            "Expected cv as an instance of RollingOriginSplit, found the class. Make "
            "one, e.g. RollingOriginSplit(horizon=24)."
        )


def _times(X: Any, groups: ArrayLike | pd.Index | None, horizon: int) -> np.ndarray:
    """Number of each origin's timestamp: 0 for the earliest, and so on."""
    if groups is not None:
        index = _index_of(groups)
    elif isinstance(X, Windows):
        shared = share_time_axis(X, horizon)
        index = X.origins if shared else pd.Index(origins_and_reach(X, horizon)[0])
    else:
        index = as_time_index(getattr(X, "index", None))
        _check_levels(index)
        if not isinstance(index, pd.MultiIndex) and not is_time(index):
            _check_row_order(X)
            return np.arange(num_samples(X))
    times, _ = pd.factorize(index.get_level_values(-1), sort=True)
    if (times < 0).any():
        raise ValueError(
            "Expected a timestamp for every origin, found none in row "
            f"{int(np.argmin(times))}. Drop that row or fill its timestamp."
        )
    return times


def _index_of(groups: Any) -> pd.Index:
    """`groups` as an index of timestamps or numbers."""
    if is_polars(groups):
        groups = groups.to_numpy()
    if not isinstance(groups, pd.Index):
        if np.ndim(groups) != 1:
            raise ValueError(
                "Expected groups as one timestamp for each row, found shape "
                f"{np.shape(groups)}. Pass the column of times alone, df['time']."
            )
        groups = pd.Index(groups)
    index = as_time_index(groups)
    _check_levels(index)
    last = index.get_level_values(-1)
    if not is_time_like(last):
        raise TypeError(
            "Expected groups to be timestamps or numbers, the time of each row, found "
            f"{last.dtype} values such as {last[0]!r}. Pass times, not the ids of "
            "series, and convert dates with pandas.to_datetime."
        )
    return index


def _check_levels(index: Any) -> None:
    """Raise a ValueError if a level other than the last holds the time."""
    if not isinstance(index, pd.MultiIndex):
        return
    *others, last = (index.get_level_values(i) for i in range(index.nlevels))
    if not is_time(last) and any(map(is_time, others)):
        raise ValueError(
            "Expected an index with levels (id, time), the time last, found "
            f"{list(index.names)} of {[str(level.dtype) for level in index.levels]}. "
            "Swap them with df.swaplevel()."
        )
    if not is_time_like(last):
        raise TypeError(
            "Expected the last level of the index to be timestamps or numbers, found "
            f"{last.dtype} values such as {last[0]!r}. Convert dates with "
            "pandas.to_datetime, or drop the index if rows have no time."
        )


def _check_row_order(X: Any) -> None:
    """Raise a ValueError if a frame holds timestamps and its rows are out of order.

    It may be in long format, with one series after the other: then the last rows are
    the last series, not the last timestamps.
    """
    stamps = [
        (place, shown, *found)
        for place, shown, index in _labels(X)
        for found in _times_in(index)
    ]
    if not stamps or any(index.is_monotonic_increasing for *_, index in stamps):
        return
    place, shown, kind, _ = stamps[0]
    groups = f"pandas.to_datetime({shown})" if kind == "dates as text" else shown
    raise ValueError(
        f"Expected rows in time order, found {kind} in {place} that go back and forth, "
        "as in a frame of many series. Pass the time of each row as groups: "
        f"split(df, groups={groups}), or search.fit(df, groups={groups})."
    )


def _labels(X: Any) -> Iterator[tuple[str, str, pd.Index]]:
    """The columns and index of a frame: where they are, how to get them, and values."""
    for name in getattr(X, "columns", ()):
        if getattr(X[name], "ndim", 1) == 1:
            yield f"column {name!r}", f"df[{name!r}]", time_column(X, name)
    if isinstance(getattr(X, "index", None), pd.Index):
        yield "the index", "df.index", X.index


def _times_in(index: pd.Index) -> Iterator[tuple[str, pd.Index]]:
    """Timestamps, parsed from text if need be, with a word for the kind."""
    if is_time(index):
        yield "timestamps", index
    else:
        yield from (("dates as text", dates) for dates in dates_in(index))
