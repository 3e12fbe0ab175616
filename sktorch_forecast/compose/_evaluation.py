"""How well a SeriesForecaster does: its score, and backtests."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from .._data.columns import Layout
from .._data.read import layout_of, read
from .._data.samples import samples_of
from .._utils.validation import check_params
from ._backtest import Plan, backtest, selected
from ._encoding import Encoding
from ._frames import Beside, Coverage, backtest_frame, forecasts_of
from ._partitions import Folder, folder_for, in_parts


class EvaluationMixin:
    """`score` and `backtest` of a SeriesForecaster."""

    def score(self: Any, df: Any, y: None = None) -> float:
        """Minus the mean absolute error, over all origins with a whole horizon.

        Series that go on from the end of the fit, as in the test part of a search, are
        scored from that end on, with windows that reach back into the fit.

        Parameters
        ----------
        df : DataFrame of pandas or polars, Series or array
            Series in the form of the fit, e.g. the rows that follow those. Rows of an
            array are taken as those that follow.
        y : Ignored
            Present by convention.

        Returns
        -------
        score : float
            In the units of the series, all origins, steps and targets alike. Missing
            values do not count.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            If the series are too short, or not like those of the fit.
        """
        check_is_fitted(self)
        history, layout = self._history, self._history.layout
        test = history.before(history.read_next(self._encoding.encoded(df)))
        X, truth = samples_of(test.panel, layout, self.horizon_, self.length_)
        if layout.pad:  # padded windows within what was trained on
            X, truth = selected(X, truth, test.are_new(X))
        forecasts = forecasts_of(self.estimator_, X, self.horizon_, Beside())
        return -float(np.nanmean(np.abs(forecasts.ravel() - np.ravel(truth))))

    def backtest(
        self: Any,
        df: Any,
        n_origins: int | None = None,
        start: Any = None,
        stride: int = 1,
        refit: bool | int = False,
        coverage: Coverage = None,
        n_jobs: int | None = None,
        *,
        quantiles: ArrayLike | None = None,
        n_samples: int | None = None,
        to: Folder = None,
    ) -> pd.DataFrame:
        """Forecast from many past origins, each from what was known by then.

        Parameters
        ----------
        df : DataFrame of pandas or polars, PanelStore, Series or array
            Series in the form of the fit, with their truth.
        n_origins : int, default=None
            How many origins of each series, the last ones with a whole horizon of
            truth after them. Either this or `start` must be given.
        start : timestamp, str or number, default=None
            The first origin, of the kind of the timestamps.
        stride : int, default=1
            Timestamps from one origin to the next, counted back from the last of a
            series with `n_origins`, and on from the first of all with `start`.
        refit : bool or int, default=False
            False fits once, on what was known at the first origin of all, and
            forecasts from all origins together. An integer fits again after so many
            different origins, True after each.
        coverage : float in (0, 1), list of these or None, default=None
            For intervals; None takes the parameter of the forecaster.
        n_jobs : int or None, default=None
            Fits at the same time, by joblib. None means 1.
        quantiles : array-like of shape (n_quantiles,) or None, default=None
            Increasing levels between 0 and 1, to get quantiles in the place of
            intervals.
        n_samples : int or None, default=None
            How many sample paths of each origin to get in the place of intervals.
        to : path-like, default=None
            Folder to create and fill with Parquet files, each with the rows of some of
            the origins.

        Returns
        -------
        frame : DataFrame of n_origins * horizon * n_targets rows
            With `to`, a frame that lists the files; ``pd.read_parquet(to)`` then gives
            what follows. Columns "id" (if series have names), "origin", "step" (1 is
            the first after the origin), "timestamp", "target" (if there are several),
            "y" (the truth), "forecast" and, with ``coverage=0.9``, "lower_90" and
            "upper_90", with ``quantiles=[0.1, 0.5]`` "q10" and "q50", with
            ``n_samples=2`` "sample_0" and "sample_1". Notebooks show a summary above
            the rows.

        Raises
        ------
        OSError, ImportError
            If the folder `to` cannot be created or already exists, or pyarrow is
            missing.
        TypeError, ValueError
            If an argument or parameter is not valid, nothing is left to train on
            before the first origin, or as for `fit`.

        Notes
        -----
        All fits are of clones: the forecaster need not be fitted and stays as it is. A
        fit takes no sample whose targets reach past its first origin.
        """
        check_params(self)
        beside = Beside.checked(coverage, quantiles, n_samples, self.coverage)
        plan = Plan.checked(n_origins, start, stride, refit)
        layout = layout_of(df, Layout.of(self))
        encoding = Encoding.of(df, layout)
        layout = encoding.numeric
        panel = read(encoding.encoded(df), layout)
        X, y = samples_of(panel, layout, self.horizon, self.length)
        how = self.horizon, beside, self.verbose, n_jobs, encoding.channels
        with folder_for(to) as folder:
            forecasts, X, y = backtest(self._inner(), X, y, plan, *how)

            def frame_of(rows: slice) -> pd.DataFrame:
                return backtest_frame(forecasts[rows], y[rows], X[rows], beside)

            return in_parts(folder, X, self.horizon, frame_of, "n_origins")
