"""Which origins a backtest forecasts from, and what each of its fits may learn from."""

import warnings
from collections.abc import Hashable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from joblib.parallel import get_active_backend
from pandas.api.types import is_scalar
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed
from tqdm.auto import tqdm

from .._data.indexing import Runs, as_slice
from .._data.time_split import SampleTimes
from .._data.windows import Windows
from .._utils.atomic import one_of_several
from .._utils.inside import inside_of
from .._utils.validation import check_positive_int
from ..metrics._uncertainty_of import complain_of_none, uncertainty_of
from ._encoding import unseen_channels, without_channels
from ._frames import Beside, forecasts_of
from ._wrapping import check_forecasts, takes_windows


@dataclass(frozen=True)
class Plan:
    """Where a backtest begins, how far apart its origins are, how often it fits.

    Attributes
    ----------
    n_origins : int or None
        How many origins of each series, the last ones.
    start : timestamp or None
        The first one, if `n_origins` is None.
    stride : int
        Timestamps from one to the next, counted back from the last origin of a
        series, or on from the first of all.
    every : int
        After how many different origins to fit again; 0 for never.
    """

    n_origins: int | None
    start: Any
    stride: int
    every: int

    @classmethod
    def checked(
        cls, n_origins: int | None, start: Any, stride: int, refit: bool | int
    ) -> Self:
        """A plan of arguments of ``SeriesForecaster.backtest``.

        Raises
        ------
        TypeError, ValueError
            If one of them is not valid, or not one of `n_origins` and `start` is given.
        """
        if (n_origins is None) == (start is None):
            raise ValueError(
                "Expected either n_origins or start, which say where the backtest "
                f"begins, found n_origins={n_origins!r} and start={start!r}."
            )
        if n_origins is not None:
            n_origins = check_positive_int(n_origins, "n_origins")
        stride = check_positive_int(stride, "stride")
        is_bool = isinstance(refit, bool)
        every = int(refit) if is_bool else check_positive_int(refit, "refit")
        return cls(n_origins, start, stride, every)

    def chosen(self, X: Windows) -> np.ndarray:
        """The origins to forecast from.

        Parameters
        ----------
        X : Windows
            All origins with a whole horizon of truth after them.

        Returns
        -------
        rows : ndarray of shape (n_chosen,), int64
            In the order of the windows.

        Raises
        ------
        ValueError
            If no origin lies at `start` or after it.
        """
        if self.n_origins is not None:
            if isinstance(X.positions, Runs):
                return _last_of_runs(X.positions, self.n_origins, self.stride)
            series = X.series
            last = np.zeros(series.max() + 1, dtype=np.int64)
            np.maximum.at(last, series, X.positions)
            places = last[series] - X.positions
            is_last = places < self.n_origins * self.stride
            return np.flatnonzero((places % self.stride == 0) & is_last)
        chosen = _at_or_after(X.timestamps, self.start)
        if not chosen.any():
            raise ValueError(
                f"Expected a start of at most {X.timestamps.max()!s}, the last origin "
                f"whose whole horizon is known, found {self.start!s}."
            )
        times = X.times
        is_on = (times - times[chosen].min()) % self.stride == 0
        return np.flatnonzero(chosen & is_on)


def _last_of_runs(runs: Runs, n_origins: int, stride: int) -> np.ndarray:
    """The last rows of each range, so many at most."""
    # (n_runs, n_origins), the last column is that of the last rows
    back = np.arange(n_origins - 1, -1, -1) * stride
    rows = runs.ends[:, np.newaxis] - 1 - back
    return rows[rows >= runs.before[:, np.newaxis]]


def _at_or_after(timestamps: pd.Index, start: Any) -> np.ndarray:
    """Which timestamps are not before a start, which must be one of their kind."""
    try:
        if is_scalar(start):
            return np.asarray(timestamps >= start)
    except (TypeError, ValueError):
        pass
    raise TypeError(
        f"Expected start as one timestamp of {timestamps.dtype}, such as "
        f"{timestamps[0]!s}, found {start!r}. Convert it, e.g. with pandas.Timestamp."
    )


def rounds(
    X: Windows, chosen: np.ndarray, times: SampleTimes, every: int
) -> tuple[int, Iterator[tuple[Any, np.ndarray]]]:
    """Split a backtest into fits.

    Parameters
    ----------
    X : Windows
        With a whole horizon of truth after each origin.
    chosen : ndarray of shape (n_chosen,)
        Rows of the origins to forecast from.
    times : SampleTimes
        Of the windows.
    every : int
        After how many different timestamps to fit again; 0 for never.

    Returns
    -------
    n_rounds : int
    rounds : iterator of (train, test)
        Rows to train on, and which of `chosen` to forecast from, as a mask of shape
        (n_chosen,). All targets of `train` lie at the first timestamp of `test` or
        before.

    Raises
    ------
    ValueError
        If the first training set is empty.
    """
    origins = times.at(chosen)
    starts = np.unique(origins)
    starts = starts[:: every or len(starts)]
    if not len(times.known(starts[0])):
        raise ValueError(
            "Expected samples to train on before the first origin of the backtest, "
            f"{X[chosen].timestamps.min()!s}, found none whose targets are known by "
            "then. Begin later, take fewer origins, or give longer series."
        )

    def generate():
        number = np.searchsorted(starts, origins, "right") - 1
        for i, first in enumerate(starts):
            yield times.known(first), number == i

    return len(starts), generate()


def warn_of_early_ends(X: Windows, chosen: np.ndarray, times: SampleTimes) -> None:
    """Warn where a series that ended long ago leaves a single fit little to learn from.

    The last origins of each series are forecast from, and the one fit comes before all
    of them. So we compare what it learns from with what it would, if the series that
    go on to the end were alone in the test: less than half is worth a warning. How
    much history the user leaves by asking for many origins is their own choice.

    Parameters
    ----------
    X : Windows
        With a whole horizon of truth after each origin.
    chosen : ndarray of shape (n_chosen,)
        Rows of the origins to forecast from.
    times : SampleTimes
        Of the windows.
    """
    origins, windows = times.at(chosen), X[chosen]
    goes_on = np.isin(windows.series, times.latest_series())
    row = np.argmin(origins)
    n_known = len(times.known(origins.min()))
    n_possible = len(times.known(origins[goes_on].min()))
    if 2 * n_known >= n_possible:
        return
    warnings.warn(
        f"This backtest trains on only {n_known} of {n_possible} samples: training "
        "data must end before the first test origin, and the test origins of series "
        f"{X.panel.name(int(windows.series[row]))} begin early, at "
        f"{windows.timestamps[row]!s}, since that series ends long before others. "
        "Drop such series, pass start= instead of n_origins=, or use refit=True.",
        UserWarning,
        stacklevel=4,
    )


def backtest(
    estimator: Any,
    X: Windows,
    y: np.ndarray,
    plan: Plan,
    horizon: int,
    beside: Beside,
    verbose: bool | int,
    n_jobs: int | None,
    encoded: set[Hashable],
) -> tuple[np.ndarray, Windows, Any]:
    """Forecasts from many origins, each of the fit of its round.

    Parameters
    ----------
    estimator : estimator
        Takes windows; clones of it are fitted.
    X, y
        All samples.
    plan : Plan
        Which origins to forecast from, and how often to fit.
    horizon : int
        Timestamps that the targets reach.
    beside : Beside
        What is wanted beside the forecasts.
    verbose : bool or int
        Whether to show the progress: of the fits, or of the only one.
    n_jobs : int or None
        Fits at the same time.
    encoded : set of column names
        Channels that stand for categories. A fit knows those that it has seen.

    Returns
    -------
    forecasts : ndarray of shape (n_chosen, horizon, n_targets, n_columns)
    X, y
        What was forecast from, and the truth.
    """
    chosen = plan.chosen(X)
    times = SampleTimes(X, horizon)
    if plan.n_origins is not None and not plan.every:
        warn_of_early_ends(X, chosen, times)
    n_rounds, parts = rounds(X, chosen, times, plan.every)
    # The bar of a single fit stands at 0 of 1, so that its own line tells more.
    verbose_fit = verbose if n_rounds == 1 else 0
    places = []

    def jobs():
        for train, test in parts:
            places.append(np.flatnonzero(test))
            known = selected(X, y, train)
            unseen = unseen_channels(known[0], encoded)
            X_test = without_channels(X[as_slice(chosen[test], len(X))], unseen)
            how = horizon, beside, verbose_fit
            yield delayed(_round)(estimator, *known, X_test, *how)

    # One by one, for the bar, where the backend can: that of Ray cannot.
    backend, _ = get_active_backend()
    is_able = getattr(backend, "supports_return_generator", False)
    return_as = "generator" if is_able else "list"
    rounds_done: Any = Parallel(n_jobs=n_jobs, return_as=return_as)(jobs())
    bar = tqdm(rounds_done, "backtest", n_rounds, unit="fit", disable=not verbose)
    made: list[Any] = list(bar)
    forecasts = np.empty((len(chosen), *made[0].shape[1:]), made[0].dtype)
    for place, part in zip(places, made):
        forecasts[place] = part
    return forecasts, *selected(X, y, chosen)


def _round(estimator, X, y, X_test, horizon, beside, verbose):
    """Forecasts of one fit."""
    with one_of_several():
        model = fitted(estimator, X, y, beside, verbose=verbose)
    return forecasts_of(model, X_test, horizon, beside)


def fitted(
    estimator: Any,
    X: Windows,
    y: np.ndarray,
    beside: Beside,
    last: Any = None,
    verbose: bool | int = 0,
) -> Any:
    """A fitted clone of an estimator, which must take windows.

    Parameters
    ----------
    estimator : estimator
    X, y
        What to fit it on.
    beside : Beside
        What it will be asked for beside its forecasts.
    last : estimator or None, default=None
        What an earlier fit has given; with ``warm_start=True`` a copy of it goes on.
    verbose : bool or int, default=0
        For the forecaster at the end or inside of that, if its own is 0.

    Returns
    -------
    new : estimator

    Raises
    ------
    TypeError
        If something is wanted beside that it does not give. Where it can tell before
        it is fitted, it is not fitted in vain.
    ValueError
        If it does not take windows.
    """
    new = _going_on(unfitted(estimator), last)
    final = new
    while isinstance(final, Pipeline):
        final = final[-1]
    if verbose:
        _show(final, int(verbose))
    method = beside.method
    # What the class has and this one lacks, it lacks because of its parameters.
    if method and hasattr(type(final), method) and not hasattr(final, method):
        complain_of_none(final, method)
    new = new.fit(X, y)
    if method:
        uncertainty_of(new, X[:1], method)
    return new


def _show(final: Any, verbose: int) -> None:
    """Let a forecaster show its training, or the only one that it is around."""
    while not hasattr(final, "verbose"):
        final = inside_of(final, "estimator")
        if final is None:
            return
    if final.verbose == 0:
        final.set_params(verbose=verbose)


def _going_on(new: Any, last: Any) -> Any:
    """A copy of the last fit with the parameters of `new`, if that is to go on."""
    if type(last) is not type(new) or not getattr(new, "warm_start", False):
        return new
    before = last.get_params(deep=False)
    params = new.get_params(deep=False).items()
    # skorch builds anew what is set, whether or not it is the same.
    changed = {k: v for k, v in params if repr(v) != repr(before.get(k))}
    return deepcopy(last).set_params(**changed)


def unfitted(estimator: Any) -> Any:
    """A clone of an estimator, which must take windows."""
    check_forecasts(estimator, "SeriesForecaster")
    if not takes_windows(estimator):
        raise ValueError(
            f"Expected an estimator that takes windows, found {estimator!r}. Wrap it "
            "in a TabularForecaster."
        )
    return clone(estimator)


def selected(X: Windows, y: Any, rows: Any) -> tuple[Windows, Any]:
    """Some of the samples, as views where they follow one another."""
    rows = as_slice(rows, len(X))
    return X[rows], y[rows]
