"""What a forecaster loses if part of its windows is replaced with that of others."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch

from .._data.isolated import Isolated
from .._data.windows import Windows
from .._utils.compat import safe_indexing
from .._utils.randomness import private_random_state
from .._utils.typing import RandomState
from .._utils.validation import check_positive_int
from ..metrics._uncertainty_of import unwrapped
from ._groups import By, Group, groups_of

# How many origins of a series are drawn together, to exchange values.
_N_OF_SERIES = 10


def window_importance(
    estimator: Any,
    X: Windows | ArrayLike,
    y: ArrayLike,
    *,
    by: By = "channel",
    lags: int | None = None,
    scoring: str | Callable[..., float] | None = None,
    n_repeats: int = 5,
    max_samples: int = 1000,
    random_state: RandomState = None,
) -> Bunch:
    """Permutation importance of channels and lags: how much the score drops.

    A group of values, such as a channel or some lags, is replaced with that from
    another origin of the same series, for all origins at once. The importance is how
    much the score drops [1]_. A group that is not used has an importance of exactly 0.

    ``sklearn.inspection.permutation_importance`` does the same with columns, but takes
    only tables: windows of one channel, ``np.asarray(X)[..., 0]``, one lag at a time.
    Here lazy windows stay lazy except for `max_samples` of them, and channels and
    groups of lags are exchanged as a whole, including future and static covariates.

    Parameters
    ----------
    estimator : estimator
        Fitted forecaster, or a pipeline or search that ends in one.
    X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
            shape (n_origins, length, n_channels)
        What its ``predict`` takes; preferably windows that it was not trained on.
    y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
        What followed each window.
    by : {"channel", "lag", "both"}, default="channel"
        "channel" means one group per channel, with all its lags and, if it is known
        over the horizon, the values there. "lag" means one per range of lags, with all
        channels; "both" means one per channel and range of lags. With these two, values
        over the horizon are separate groups, called "horizon". Each static covariate is
        a group; with "lag", all of them together are one.
    lags : int or None, default=None
        Number of neighboring lags in a group, counted from the newest: lag 1 is the
        value at the origin. None makes at most 12 groups.
    scoring : str, callable or None, default=None
        As in scikit-learn, greater is better; None means the forecaster's own `score`,
        R2.
    n_repeats : int, default=5
        How often the values are exchanged, in different ways.
    max_samples : int, default=1000
        Maximum number of origins to use, drawn at random, several of a series together.
    random_state : int, RandomState instance or None, default=None
        Seeds the draws.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        With the attributes

        names : list of str, of length n_groups
            Names of the groups, such as "price", "lags 1-12" or "price, lags 1-12".
        importances : ndarray of shape (n_groups, n_repeats)
            How much the score falls, in units of the score.
        importances_mean : ndarray of shape (n_groups,)
            Their means.
        importances_std : ndarray of shape (n_groups,)
            Their standard deviations.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError, ValueError
        If an argument is not valid, `X` and `y` do not match, or no series has two
        origins that could exchange values.

    See Also
    --------
    sktorch_forecast.plotting.ImportanceDisplay : Plots the result.
    sktorch_forecast.TFTForecaster.explain : The weights that a TFT uses itself.
    sktorch_forecast.NBEATSForecaster.decompose : Trend and season of N-BEATS.

    Notes
    -----
    Values are exchanged within a series, so that values of large series do not end up
    in small ones; only static covariates, which are constant within a series, come from
    any origin. If the level of a series changes over time, values from another time
    have another level, and any lag of the target will look important: part of that is
    due to the break.

    Neighboring lags carry much the same information, and so do channels that move
    together. A forecaster that has both can do without either one, so both look
    unimportant one by one. Larger groups (`lags`) show what they matter together.

    A scorer that reads the windows, such as those for MASE, sees the altered ones.

    References
    ----------
    .. [1] L. Breiman (2001), Random forests. Machine Learning 45 (1), section 10.

    Examples
    --------
    >>> from sktorch_forecast import NaiveForecaster, make_windows
    >>> from sktorch_forecast.datasets import load_elnino
    >>> from sktorch_forecast.inspection import window_importance
    >>> X, y = make_windows(load_elnino(), horizon=12, length=24)
    >>> model = NaiveForecaster(seasonality=12).fit(X, y)
    >>> result = window_importance(model, X, y, by="lag", lags=12, random_state=0)
    >>> result.names
    ['lags 1-12', 'lags 13-24']
    >>> result.importances_mean.round(1).tolist()
    [1.5, 0.0]
    """
    if by not in ("channel", "lag", "both"):
        raise ValueError(f"Expected by to be 'channel', 'lag' or 'both', found {by!r}.")
    lags = None if lags is None else check_positive_int(lags, "lags")
    n_repeats = check_positive_int(n_repeats, "n_repeats")
    max_samples = check_positive_int(max_samples, "max_samples")
    rng = private_random_state(random_state)
    forecaster, windows = unwrapped(estimator, X)
    scorer: Any = check_scoring(forecaster, scoring)
    _check_shapes(windows, y)
    is_lazy = isinstance(windows, Windows)
    series = windows.series if is_lazy else np.zeros(len(windows), dtype=np.int64)
    rows = _drawn(series, max_samples, rng)
    copies = _Copies.of(safe_indexing(windows, rows))
    y, series = safe_indexing(y, rows), series[rows]
    groups = copies.groups(by, lags)
    score = scorer(forecaster, copies.whole(), y)
    importances = np.empty((len(groups), n_repeats))
    for repeat in range(n_repeats):
        # The same for all groups, so that they are comparable.
        donors, of_static = _donors(series, rng), rng.permutation(len(rows))
        for i, group in enumerate(groups):
            altered = copies.altered(group, donors, of_static)
            importances[i, repeat] = score - scorer(forecaster, altered, y)
    return Bunch(
        names=[group.name for group in groups],
        importances=importances,
        importances_mean=importances.mean(axis=1),
        importances_std=importances.std(axis=1),
    )


def _check_shapes(windows: Any, y: Any) -> None:
    """Raise a ValueError unless `windows` are windows and `y` matches them."""
    shape, n_rows = np.shape(windows), len(np.asarray(y))
    if len(shape) not in (2, 3) or shape[0] != n_rows:
        raise ValueError(
            "Expected windows of shape (n_origins, length) or (n_origins, length, "
            f"n_channels), and y for each, found shape {shape} and {n_rows} rows of y."
        )


def _drawn(
    series: np.ndarray, max_samples: int, rng: np.random.RandomState
) -> np.ndarray:
    """Numbers of origins, in increasing order: all of them, or several of a series."""
    names, counts = np.unique(series, return_counts=True)
    if counts.max() < 2:
        raise ValueError(
            "Expected at least two origins of some series, to exchange their values, "
            f"found {len(names)} series of one origin each. Use more origins."
        )
    if len(series) <= max_samples:
        return np.arange(len(series))
    n_each = max(max_samples // len(names), _N_OF_SERIES)
    rows, n_drawn = [], 0
    for name in rng.permutation(names):
        of_series = np.flatnonzero(series == name)
        rows.append(rng.permutation(of_series)[: min(n_each, max_samples - n_drawn)])
        n_drawn += len(rows[-1])
        if n_drawn == max_samples:
            break
    return np.sort(np.concatenate(rows))


def _donors(series: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """For each origin, another of the same series to take values from."""
    donors = np.arange(len(series))
    for name in np.unique(series):
        of_series = np.flatnonzero(series == name)
        donors[of_series] = rng.permutation(of_series)
    return donors


class _Copies:
    """Copies of windows in an array, to be altered and made windows again."""

    # (n_origins, L + H, C) and (n_origins, n_static) or None
    values: np.ndarray
    static: np.ndarray | None
    _isolated: Isolated | None
    _frame: pd.DataFrame | None
    _shape: tuple[int, ...]
    # Numbers of channels known over the horizon and of static covariates.
    _names: tuple[Sequence, int, Sequence]

    @classmethod
    def of(cls, X: Any) -> Self:
        copies = cls()
        copies._isolated = Isolated(X) if isinstance(X, Windows) else None
        copies._frame = X if isinstance(X, pd.DataFrame) else None
        copies._shape = np.shape(X)
        if copies._isolated is not None:
            copies._names = X.channels, X.n_future, X.static_names
            copies.values = copies._isolated.values
            copies.static = copies._isolated.static
        else:
            values = np.asarray(X)
            copies.values = values.reshape(*values.shape[:2], -1)
            copies._names = range(copies.values.shape[2]), 0, ()
            copies.static = None
        return copies

    def groups(self, by: By, lags: int | None) -> list[Group]:
        length = self._shape[1]
        n_ahead = self.values.shape[1] - length
        return groups_of(by, lags, length, n_ahead, *self._names)

    def whole(self) -> Any:
        """The windows as they are."""
        return self._made(self.values, self.static)

    def altered(
        self, group: Group, donors: np.ndarray, donors_of_static: np.ndarray
    ) -> Any:
        """The windows with one group of values taken from other origins."""
        values, static = self.values.copy(), self.static
        block = np.ix_(np.arange(len(values)), group.rows, group.channels)
        values[block] = self.values[donors][block]
        if static is not None and len(group.static):
            static = static.copy()
            static[:, group.static] = static[donors_of_static][:, group.static]
        return self._made(values, static)

    def _made(self, values: np.ndarray, static: np.ndarray | None) -> Any:
        if self._isolated is not None:
            return self._isolated.windows(values, static)
        values = values.reshape(self._shape)
        if self._frame is None:
            return values
        return pd.DataFrame(values, self._frame.index, self._frame.columns)
