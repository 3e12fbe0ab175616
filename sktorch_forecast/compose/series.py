"""Series in, forecasts of series out; the windows are made internally."""

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
    """Forecast one series or many, straight from a frame.

    It makes the windows, fits one forecaster on the windows of all series (a global
    model), and returns forecasts with their ids and timestamps.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Any forecaster that takes windows, or a pipeline or search of one. None means
        :class:`~sktorch_forecast.MLPForecaster`.
    horizon : int, default=12
        Number of timestamps after the origin to forecast.
    length : int, default=24
        Number of timestamps in a window, up to and including the origin.
    id, time, target, past, future, static : default=None
        Which columns or levels play which role, as for
        :func:`~sktorch_forecast.make_windows`. Covariates may also be categorical:
        columns of strings or of pandas' ``category``, see the notes.
    missing : {"error", "mask"}, default="error"
        Whether targets and past covariates may have missing values. "mask" needs an
        estimator that can skip them.
    pad : bool, default=False
        Whether windows may begin before their series, so that short series are used,
        too. Needs ``missing="mask"``.
    coverage : float in (0, 1), list of these or None, default=None
        Coverage of the intervals in `forecast` and `backtest`, if the estimator has a
        source of uncertainty. None means no intervals.
    verbose : int, default=0
        1 shows the progress of `backtest` and of the training in `fit`, if the
        estimator (the last step of a pipeline, or what is inside it) has a `verbose`
        that is 0: a network says at the end why it stopped and which epoch it kept.

    Attributes
    ----------
    estimator_ : estimator
        The estimator, fitted on the windows of all series.
    channels_ : tuple of length n_channels
        Names of the channels: targets, past covariates, future covariates. A
        categorical column "color" becomes "color_red", "color_blue" and so on.
    horizon_, length_ : int
        Horizon and window length of the last fit.

    See Also
    --------
    sktorch_forecast.make_windows : Makes the windows, to do the rest by hand.

    Notes
    -----
    **A fit keeps** the last `length` rows of each series, so that `forecast` and
    `update` need only what is new, and how to read a frame. A parameter changed after
    the fit has no effect on `forecast`, `predict`, `update` and `score` before the next
    fit, except for `coverage`, which concerns only the forecast. The next fit goes on
    from the last if `estimator` has ``warm_start=True``.

    **Categories** in columns named in `past`, `future` or `static` become channels of 0
    and 1, by scikit-learn's ``OneHotEncoder``, one for each category seen in the fit.
    Unknown categories are 0 in all of them, in `forecast`, `update`, `score` and
    `backtest`. Where the category is missing (None or NaN), all channels are missing,
    as a number would be. If there are thousands of categories, group them beforehand.

    **In a search** the rows of a frame are split by time. `score` takes the window of
    its first origins from the rows that the fit has kept, if the test part directly
    follows the training part. So a test part needs no more than `horizon` timestamps,
    and all lengths in a grid are scored on the same origins. No gap is needed, as
    training targets lie within the training part: use ``RollingOriginSplit(gap=0)``.
    After a gap, a test part must hold ``length + horizon`` timestamps. The splitter
    reads times from an index; pass those of a column as ``groups`` to `fit`.

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
        """Fit the estimator on all windows that have a complete horizon after them.

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
            If some series are too short for a sample (they are forecast all the same if
            they have a window); if a network has so few windows that fewer than 10
            horizons fit into their targets end to end; or as for :func:`make_windows`.
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
        """Continue training with new rows and new series, which are then known.

        Training starts from the current weights and runs for at most the network's
        `max_epochs`. On a forecaster that is not fitted, the first call is a `fit`.

        Parameters
        ----------
        df : DataFrame of pandas or polars, Series or array
            As for `update`: the rows after the end of each series, or of some, and
            series that are new. Training uses all origins from the old end on that have
            a complete horizon.
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
        if layout.pad:  # padded windows over rows already trained on
            X, targets = selected(X, targets, both.are_new(X))
        self.estimator_ = trained_on(self.estimator_, X, targets)
        self._history = later
        return self

    def update(self, df_new: Any) -> Self:
        """Add new observations to the known data, without a new fit.

        Parameters
        ----------
        df_new : DataFrame of pandas or polars, Series or array
            In the form of the fit: the rows after the end of each series, or of some,
            and series that are new. Rows of an array follow directly on the last ones.

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
            Series to forecast from their ends, in the form of the fit; new series are
            allowed. None means the series of the fit and of updates.
        X_future : DataFrame of pandas or polars, default=None
            Future covariates over the horizon, with ids and times as in `df`, if `df`
            has none after the last target. Earlier rows are ignored.
        coverage : float in (0, 1), list of these or None, default=None
            For intervals; None takes the parameter of the forecaster.
        quantiles : array-like of shape (n_quantiles,) or None, default=None
            Increasing levels between 0 and 1, to get quantiles instead of intervals.
        n_samples : int or None, default=None
            Number of sample paths to draw for each series instead of intervals.
        to : path-like, default=None
            Folder to create and fill with Parquet files, each with the forecasts of
            some of the series. Paths are drawn anew for each file.

        Returns
        -------
        frame : DataFrame of shape (n_series * horizon, n_columns)
            With `to`, a frame that lists the files; ``pd.read_parquet(to)`` then gives
            what follows. The index has the names and types of the input: (id,
            timestamp), or only the timestamp for a single series without a name. There
            is a column for each target. With ``coverage=0.9`` each is followed by its
            intervals, e.g. "sales_lower_90" and "sales_upper_90", with
            ``quantiles=[0.1, 0.5]`` by "sales_q10" and "sales_q50", with
            ``n_samples=2`` by "sales_sample_0" and "sales_sample_1": a column is one
            path through the whole horizon.

        Raises
        ------
        OSError, ImportError
            If the folder `to` cannot be created or already exists, or pyarrow is
            missing.
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            If the frames are not like those of the fit, future covariates are missing,
            two of `coverage`, `quantiles` and `n_samples` are given, or one is given
            for an estimator that has no source of uncertainty.

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
        """Series in the form of the fit; None means those kept by the fit."""
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
