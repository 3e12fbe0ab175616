"""Series in, forecasts of series out: windows are made inside."""

from collections.abc import Hashable
from numbers import Integral
from typing import Any, Self

import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.utils.validation import check_is_fitted

from .._data.checks import Missing
from .._data.columns import Layout
from .._data.history import History
from .._data.panel import Panel
from .._data.read import layout_of, read, read_future
from .._data.samples import Names, latest_of, samples_of
from .._files.mixin import FileMixin
from .._utils.atomic import unchanged_on_error
from .._utils.compat import Interval, StrOptions, available_if
from .._utils.validation import check_coverages, check_params
from ..networks import MLPForecaster
from ._backtest import fitted, selected
from ._drawing import PlotMixin
from ._encoding import Encoding
from ._evaluation import EvaluationMixin
from ._frames import Beside, Coverage
from ._going_on import goes_on, trained_on
from ._partitions import Folder, forecast_to
from ._wrapping import ESTIMATOR, tags_of, warn_of_few

_AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")
_ROLES = ("target", "past", "future", "static")


class SeriesForecaster(
    FileMixin, PlotMixin, EvaluationMixin, MetaEstimatorMixin, BaseEstimator
):
    """Forecast a series, or many, as they stand in a frame.

    It makes the windows, fits one forecaster on those of all series (a global model),
    and gives forecasts with the ids and timestamps that they are for.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Any forecaster that takes windows, or a pipeline or search of one. None is
        :class:`~sktorch_forecast.MLPForecaster`.
    horizon : int, default=12
        Timestamps after the origin to forecast.
    length : int, default=24
        Timestamps in a window, up to and with the origin.
    id, time, target, past, future, static : default=None
        Names of columns or levels and what they are, as for
        :func:`~sktorch_forecast.make_windows`. Covariates may be categories, too:
        columns of strings or of pandas' ``category``, see the notes.
    missing : {"error", "mask"}, default="error"
        Whether targets and past covariates may be missing. "mask" needs an estimator
        that leaves them out.
    pad : bool, default=False
        Whether windows may begin before their series, so that short series count, too.
        Needs ``missing="mask"``.
    coverage : float in (0, 1), list of these or None, default=None
        Probabilities that intervals of `forecast` and `backtest` are to hold, if the
        estimator has a source of uncertainty. None for no intervals.
    verbose : int, default=0
        1 shows how far `backtest` is, and in `fit` how far the training is, if the
        estimator (the last step of a pipeline, or what is inside of it) has a `verbose`
        that is 0: a network says at the end why it stopped and which epoch it kept.

    Attributes
    ----------
    estimator_ : estimator
        The estimator, fitted on the windows of all series.
    channels_ : tuple of length n_channels
        Names of the channels: targets, past covariates, future covariates. A column
        "color" of categories is "color_red", "color_blue" and so on.
    horizon_, length_ : int
        Timestamps that the fit was for: those to forecast, those in a window.

    See Also
    --------
    sktorch_forecast.make_windows : The windows, to do the rest by hand.

    Notes
    -----
    **What a fit keeps** are the last `length` rows of each series, so that `forecast`
    and `update` need no more than what is new, and how to read a frame: a parameter
    that is changed after the fit changes nothing in `forecast`, `predict`, `update` and
    `score` before the next fit, but for `coverage`, which is the forecast's own. The
    next fit goes on from the last if `estimator` has ``warm_start=True``.

    **Categories** in columns that `past`, `future` or `static` names become channels
    of 0 and 1, by scikit-learn's ``OneHotEncoder``, one for each that the fit has seen.
    Any other is 0 in all of them, in `forecast`, `update`, `score` and `backtest`.
    Where there is none (None or NaN), all channels are missing, as a number would be.
    Group thousands of categories beforehand.

    **In a search** the rows of a frame are split by time. `score` takes the window of
    its first origins from the rows that the fit has kept, where the test part goes on
    from the training part. So a test part needs no more than `horizon` timestamps, and
    all lengths in a grid are scored on the same origins. No gap is needed, as targets
    trained on are in the training part: take ``RollingOriginSplit(gap=0)``. After a
    gap, a test part must hold ``length + horizon`` timestamps. The splitter reads times
    from an index; give those of a column as ``groups`` to `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from sktorch_forecast import NaiveForecaster, SeriesForecaster
    >>> days = pd.date_range("2024-02-24", periods=6)
    >>> rows = {"store": ["north"] * 6 + ["south"] * 6, "day": [*days, *days]}
    >>> sales = [3.0, 5.0, 4.0, 6.0, 5.0, 7.0, 20, 30, 25, 35, 30, 40]
    >>> df = pd.DataFrame(rows | {"sales": sales})
    >>> names = {"id": "store", "time": "day", "target": "sales"}
    >>> model = SeriesForecaster(NaiveForecaster(), horizon=2, length=2, **names)
    >>> model.fit(df).forecast().reset_index()
       store        day  sales
    0  north 2024-03-01    7.0
    1  north 2024-03-02    7.0
    2  south 2024-03-01   40.0
    3  south 2024-03-02   40.0
    >>> model.backtest(df, n_origins=1).head(2)
          id     origin  step  timestamp    y  forecast
    0  north 2024-02-27     1 2024-02-28  5.0       6.0
    1  north 2024-02-27     2 2024-02-29  7.0       6.0
    """

    parameter_constraints = {
        "estimator": [ESTIMATOR, None],
        **dict.fromkeys(["horizon", "length"], [_AT_LEAST_ONE]),
        **dict.fromkeys(["id", "time", *_ROLES], "no_validation"),  # by read
        "missing": [StrOptions({"error", "mask"})],
        "pad": ["boolean"],
        "coverage": "no_validation",  # by check_coverages
        "verbose": ["verbose"],
    }

    estimator_: Any
    channels_: tuple[Hashable, ...]
    horizon_: int
    length_: int
    _history: History
    _encoding = Encoding()  # files of earlier versions have none

    def __init__(
        self,
        estimator: Any = None,
        horizon: int = 12,
        length: int = 24,
        *,
        id: Hashable | None = None,
        time: Hashable | None = None,
        target: Names = None,
        past: Names = None,
        future: Names = None,
        static: Names = None,
        missing: Missing = "error",
        pad: bool = False,
        coverage: Coverage = None,
        verbose: bool | int = 0,
    ) -> None:
        self.estimator = estimator
        self.horizon = horizon
        self.length = length
        self.id = id
        self.time = time
        self.target = target
        self.past = past
        self.future = future
        self.static = static
        self.missing = missing
        self.pad = pad
        self.coverage = coverage
        self.verbose = verbose

    def fit(self, df: Any, y: None = None) -> Self:
        """Fit the estimator on all windows with a whole horizon after them.

        Parameters
        ----------
        df : DataFrame of pandas or polars, PanelStore, Series or array
            One series or many, in a form that
            :func:`~sktorch_forecast.make_windows` takes.
        y : Ignored
            Present by convention; the targets are columns of `df`.

        Returns
        -------
        self : SeriesForecaster

        Raises
        ------
        TypeError, ValueError
            If a parameter is not valid, the estimator does not take windows or gives no
            intervals for `coverage`, or as for ``make_windows``. A fitted forecaster
            stays as it was.

        Warns
        -----
        UserWarning
            If some series are too short for a sample, which are forecast all the same
            if they have a window; if a network has so few windows that their horizons,
            end to end, are fewer than 10; or as for :func:`make_windows`.
        """
        with unchanged_on_error(self):
            check_params(self)
            beside = Beside(check_coverages(self.coverage))
            layout = layout_of(df, Layout.of(self))
            encoding = Encoding.of(df, layout)
            layout = encoding.numeric
            panel = read(encoding.encoded(df), layout)
            X, targets = samples_of(panel, layout, self.horizon, self.length)
            warn_of_few(self._inner(), X, self.horizon)
            encoding, panel, X = encoding.of_seen(panel, X)
            last = getattr(self, "estimator_", None)
            how = beside, last, self.verbose
            self.estimator_ = fitted(self._inner(), X, targets, *how)
            self.channels_ = X.channels
            self.horizon_, self.length_ = self.horizon, self.length
            self._history = History.of(panel, encoding.numeric, self.length)
            self._encoding = encoding
        return self

    @available_if(goes_on)
    def partial_fit(self, df: Any, y: None = None) -> Self:
        """Go on training with new rows and new series, and take them as known.

        The weights are where the training starts from, and the `max_epochs` of the
        network is how far it goes at most. The first call, of a forecaster that is not
        fitted, is a `fit`.

        Parameters
        ----------
        df : DataFrame of pandas or polars, Series or array
            As for `update`: the rows after the end of each series, or of some, and
            series that are new. All origins from the old end on are trained on that
            have a whole horizon in it.
        y : Ignored
            Present by convention.

        Returns
        -------
        self : SeriesForecaster
            `forecast` goes on from the new ends.

        Raises
        ------
        AttributeError
            If the estimator, or the last step of the pipeline, has no `partial_fit`.
        TypeError, ValueError
            If there are no such origins, or as for `update` and `fit`. The forecaster
            stays as it was.
        """
        if not hasattr(self, "estimator_"):
            return self.fit(df)
        history, layout = self._history, self._history.layout
        new = history.read_next(self._encoding.encoded(df))
        later, both = history.followed_by(new), history.before(new)
        X, targets = samples_of(both.panel, layout, self.horizon_, self.length_)
        if layout.pad:  # padded windows within what was trained on
            X, targets = selected(X, targets, both.are_new(X))
        self.estimator_ = trained_on(self.estimator_, X, targets)
        self._history = later
        return self

    def update(self, df_new: Any) -> Self:
        """Take new observations as known, without a new fit.

        Parameters
        ----------
        df_new : DataFrame of pandas or polars, Series or array
            In the form of the fit: the rows after the end of each series, or of some,
            and series that are new. Rows of an array are those that follow.

        Returns
        -------
        self : SeriesForecaster
            `forecast` goes on from the new ends.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            If the rows do not begin where a series ends, or are not like those of the
            fit. The forecaster stays as it was.
        """
        check_is_fitted(self)
        new = self._history.read_next(self._encoding.encoded(df_new))
        self._history = self._history.followed_by(new)
        return self

    def forecast(
        self,
        df: Any = None,
        X_future: Any = None,
        *,
        coverage: Coverage = None,
        quantiles: ArrayLike | None = None,
        n_samples: int | None = None,
        to: Folder = None,
    ) -> pd.DataFrame:
        """Forecast the next `horizon` steps of every series.

        Parameters
        ----------
        df : DataFrame of pandas or polars, PanelStore, Series or array, default=None
            Series to forecast from their ends, in the form of the fit; new ones, too.
            None means those of the fit and of updates.
        X_future : DataFrame of pandas or polars, default=None
            Future covariates over the horizon, with ids and times as in `df`, if that
            has none after the last target. Earlier rows are not looked at.
        coverage : float in (0, 1), list of these or None, default=None
            For intervals; None takes the parameter of the forecaster.
        quantiles : array-like of shape (n_quantiles,) or None, default=None
            Increasing levels between 0 and 1, to get quantiles in the place of
            intervals.
        n_samples : int or None, default=None
            How many sample paths of each series to get in the place of intervals.
        to : path-like, default=None
            Folder to make, of Parquet files with the forecasts of some series each.
            Paths are drawn anew for each file.

        Returns
        -------
        frame : DataFrame of shape (n_series * horizon, n_columns)
            With `to`, the files, of which ``pd.read_parquet(to)`` gives what follows.
            Its index has the names and types of the caller's: (id, timestamp), or the
            timestamp only for a single series without a name. A column for each
            target. With ``coverage=0.9`` each is followed by its intervals, e.g.
            "sales_lower_90" and "sales_upper_90", with ``quantiles=[0.1, 0.5]`` by
            "sales_q10" and "sales_q50", with ``n_samples=2`` by "sales_sample_0" and
            "sales_sample_1": a column is one path through the whole horizon.

        Raises
        ------
        OSError, ImportError
            If the folder `to` cannot be made, or is there, or there is no pyarrow.
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            If the frames are not like those of the fit, future covariates are missing,
            two of `coverage`, `quantiles` and `n_samples` are given, or one is asked of
            an estimator that has no source of uncertainty.

        Warns
        -----
        UserWarning
            If some series are shorter than a window and are left out.
        """
        check_is_fitted(self)
        beside = Beside.checked(coverage, quantiles, n_samples, self.coverage)
        history, layout = self._history, self._history.layout
        panel = self._panel_of(df)
        if X_future is not None:
            X_future = self._encoding.encoded_future(X_future)
            panel = history.with_future(read_future(X_future, layout), panel)
        X = latest_of(panel, layout, self.horizon_, self.length_)
        how = self.estimator_, X, self.horizon_, beside, panel.index_freq
        return forecast_to(to, *how)

    def predict(self, df: Any) -> pd.DataFrame:
        """Forecast from the ends of the series, as ``forecast(df)`` does.

        Parameters
        ----------
        df : DataFrame of pandas or polars, Series or array
            Series in the form of the fit.

        Returns
        -------
        frame : DataFrame of shape (n_series * horizon, n_columns)
            See :meth:`forecast`.
        """
        return self.forecast(df)

    def _panel_of(self, df: Any) -> Panel:
        """Series in the form of the fit; None are those that the fit has kept."""
        history = self._history
        return history.panel if df is None else history.read(self._encoding.encoded(df))

    def _inner(self) -> Any:
        return MLPForecaster() if self.estimator is None else self.estimator

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.non_deterministic = tags_of(self._inner()).non_deterministic
        tags.input_tags.allow_nan = self.missing == "mask"
        tags.input_tags.two_d_array = False  # rows in time order, not samples
        return tags
