"""Intervals with a guaranteed coverage, around any forecaster.

In shapes, n is the number of origins to forecast, m that of calibration origins, K of
outputs (horizon * n_targets) and Q of requested levels.
"""

from numbers import Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from .._data.indexing import as_slice
from .._data.inputs import check_targets, check_windows
from .._data.time_split import split_by_time, times_of
from .._uncertainty import tracking
from .._uncertainty.conformal import (
    at_places,
    at_ranks,
    drawn_rows,
    knots_of,
    least_scale,
    places_of,
    quantiles_between,
    told,
    warn_of_reach,
)
from .._uncertainty.interface import UncertaintyMixin
from .._utils.atomic import one_of_several, unchanged_on_error
from .._utils.compat import Interval, StrOptions, check_method_params
from .._utils.typing import RandomState
from .._utils.validation import check_params, levels_of
from ._scores import Scores, check_has_quantiles, check_split
from ._wrapping import ESTIMATOR, WrapperMixin, forecast_from, in_form_for


class ConformalForecaster(UncertaintyMixin, WrapperMixin, BaseEstimator):
    """Intervals with a guaranteed coverage, from the errors on recent origins.

    The last origins are held out from the estimator as a calibration set. Its errors
    there, the scores, tell how far the truth lies from a forecast; their quantiles are
    added to new forecasts. An interval of coverage ``c`` then contains the truth with a
    probability of at least ``c``, however wrong the estimator is, if new errors are
    like those in the calibration set.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Any forecaster of this package, any scikit-learn regressor that forecasts all
        columns of `y`, or a pipeline or search of either. If it does not take windows,
        it gets flattened ones, (n_origins, length * n_channels), the oldest timestamp
        first. None means :class:`~sklearn.linear_model.LinearRegression`.
    coverage : float in (0, 1), default=0.9
        Default coverage of `predict_interval`. Intervals are infinite if there are too
        few calibration origins for it.
    method : {"split", "cqr", "adaptive"}, default="split"
        What the scores are, and how their quantiles move:

        - "split": errors of the forecast [1]_. Intervals are equally wide for every
          origin, up to the scale of the window.
        - "cqr": distances from quantiles that the estimator forecasts, so it must have
          a `predict_quantiles` [2]_. Intervals are as wide as the estimator says, with
          their ends shifted until the coverage holds; see the notes for coverages other
          than the one in the fit.
        - "adaptive": like "split", but each quantile is adjusted with every new
          observation passed to `partial_fit` [3]_, so that the coverage holds in the
          long run for any series, exchangeable or not.
    calibration_fraction : float in (0, 1), default=0.25
        Share of the origins, taken from the end, used for calibration. The ``horizon -
        1`` origins before them are not used, since their targets reach into that part.
    normalize : {"window"} or None, default="window"
        "window" divides the scores by the standard deviation of the target over the
        window and multiplies their quantiles by that of the new window, so that series
        of any size can be calibrated together. Deviations below a tenth of the usual
        one of their series are raised to that tenth. None leaves the scores as they
        are.
    learning_rate : float, default=0.05
        For "adaptive": how far a quantile moves with each new observation, as a share
        of the range of the recent scores.
    random_state : int, RandomState instance or None, default=None
        Seeds `sample`. The estimator has its own `random_state`.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.
    n_features_in_ : int
        Length of the windows seen in `fit`.
    feature_names_in_ : ndarray of shape (length,)
        Column names, if the windows were a frame with string columns.
    n_channels_ : int
        Number of channels in the windows.
    n_targets_ : int
        Number of target channels.
    horizon_ : int
        Number of steps that are forecast.
    n_calibration_ : int
        Number of calibration origins.
    min_scale_ : ndarray of shape (n_targets,), or (n_series + 2, n_targets)
        Lower bound of the deviations; for a panel one row per series, then one for
        unknown series and one for constant windows. Only with ``normalize="window"``.
    scores_ : ndarray of shape (n_calibration, horizon * n_targets), or \
            (n_calibration, horizon * n_targets, n_levels) for "cqr"
        Signed errors on the calibration origins in time order, scaled.
    levels_ : ndarray of shape (n_levels,)
        Levels that "adaptive" tracks, or at which "cqr" lets the estimator forecast
        quantiles.
    tracked_ : ndarray of shape (horizon * n_targets, n_levels)
        Quantiles of the scores at these levels.

    See Also
    --------
    DeepEnsembleForecaster : Uncertainty of the networks, not of the series.

    Notes
    -----
    **Levels.** The quantile at level ``t`` of a new observation is the forecast plus
    the score of rank ``ceil((m + 1) t)`` for ``t > 0.5``, else ``floor((m + 1) t)``, of
    ``m`` calibration origins, times the scale of the window. Each rank errs on the safe
    side, and so do both ends of an interval. It takes at least ``2 / (1 - c) - 1``
    origins to guarantee coverage ``c``; with fewer, the interval is infinite, and a
    warning says so. The coverage holds for each step and target by itself, averaged
    over calibration sets, not for whole paths. An interval lies within every interval
    of larger coverage, whether they are requested together or not.

    **Other levels with "cqr".** The estimator forecasts quantiles at the levels of
    `coverage` and at some between these. Any other level uses the scores of its outer
    neighbor, or of the outermost level, at its own rank, and stays outside the inner
    neighbor: nested sets [4]_, each with its own guarantee. Beyond the `coverage` of
    the fit only the margin grows, so fit with the largest coverage that you need.

    **Time series.** Errors of neighboring origins are serially dependent, the more so
    with a long horizon, and series change over time, so the guarantee holds only
    approximately. Pass new observations to `partial_fit` as they become known: "split"
    and "cqr" then always calibrate on the last ``m`` origins, and "adaptive" corrects
    itself. Its guarantee is that a level ``t`` is exceeded in a share ``1 - t`` of the
    origins, up to a difference that vanishes as one over their number [3]_. It assumes
    a horizon of one step and a `partial_fit` after each origin, and it holds for the
    levels of `coverage`; a grid of levels 0.005 apart is tracked as well and sorted
    around them, and quantiles in between are interpolated. The estimator stays as it
    is.

    References
    ----------
    .. [1] J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani and L. Wasserman (2018),
       Distribution-Free Predictive Inference for Regression. JASA 113, algorithm 2,
       and section 5.2 for scores that are scaled locally.
    .. [2] Y. Romano, E. Patterson and E. J. Candes (2019), Conformalized Quantile
       Regression. NeurIPS, theorem 2 (both ends calibrated each for itself).
    .. [3] A. N. Angelopoulos, E. J. Candes and R. J. Tibshirani (2023), Conformal PID
       Control for Time Series Prediction. NeurIPS, quantile tracking and
       proposition 1.
    .. [4] C. Gupta, A. K. Kuchibhotla and A. Ramdas (2022), Nested Conformal Prediction
       and Quantile Out-of-Bag Ensemble Methods. Pattern Recognition 127, section 3.

    Examples
    --------
    The noise is uniform between -1 and 1, so 90 % of it lies between -0.9 and 0.9.

    >>> import numpy as np
    >>> from sktorch_forecast import ConformalForecaster, make_windows
    >>> series = np.random.default_rng(0).uniform(-1, 1, 4000)
    >>> X, y = make_windows(series, horizon=2, length=3)
    >>> model = ConformalForecaster(normalize=None).fit(X[:3500], y[:3500])
    >>> interval = model.predict_interval(X[3500:])
    >>> interval.mean(axis=(0, 1)).round(1)
    array([-0.9,  0.9])
    """

    parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [ESTIMATOR, None],
        "coverage": [Interval(Real, 0, 1, closed="neither")],
        "method": [StrOptions({"split", "cqr", "adaptive"})],
        "calibration_fraction": [Interval(Real, 0, 1, closed="neither")],
        "normalize": [StrOptions({"window"}), None],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: BaseEstimator | None = None,
        coverage: float = 0.9,
        method: Literal["split", "cqr", "adaptive"] = "split",
        calibration_fraction: float = 0.25,
        normalize: Literal["window"] | None = "window",
        learning_rate: float = 0.05,
        random_state: RandomState = None,
    ):
        self.estimator = estimator
        self.coverage = coverage
        self.method = method
        self.calibration_fraction = calibration_fraction
        self.normalize = normalize
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X: Any, y: ArrayLike, **fit_params: Any) -> Self:
        """Fit the estimator on the first origins and calibrate on the last ones.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows, target channels first; lazy ones are split by time.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window, all targets of step 1 first.
        **fit_params : dict
            Passed on to the fit of the estimator, e.g. ``sample_weight``, without the
            entries of the calibration origins; with metadata routing, only what it
            requests.

        Returns
        -------
        self : ConformalForecaster

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data are not valid, nothing is left to train on, or
            there are no quantiles for "cqr" to calibrate. A fitted forecaster stays as
            it was.
        """
        with unchanged_on_error(self), one_of_several():
            check_params(self)
            X = check_windows(self, X, reset=True)
            y = check_targets(self, X, y, reset=True)
            fit_params = self._routed(X, fit_params)
            before, last = split_by_time(X, self.calibration_fraction, self.horizon_)
            last = last[np.argsort(times_of(X)[last], kind="stable")]
            fraction = "calibration_fraction", self.calibration_fraction
            check_split(len(before), len(last), *fraction, len(X), self.horizon_)
            self.estimator_ = clone(self._inner())
            if self.method == "cqr":
                check_has_quantiles(self.estimator_)
            fit_params = check_method_params(X, fit_params, indices=before)
            # Where possible, slices keep the targets a view of the series.
            before, last = as_slice(before, len(X)), as_slice(last, len(X))
            x = in_form_for(self.estimator_, X[before])
            self.estimator_.fit(x, y[before], **fit_params)
            if self.normalize == "window":
                args = self.n_targets_, self._series_ids
                self.min_scale_ = least_scale(X[before], *args)
            # What forecasts depend on from here on.
            self._method, self._normalize = self.method, self.normalize
            self._coverage = self.coverage
            self._random_state_of_draws = self.random_state
            self._calibrate(X[last], y[last])
        return self

    def partial_fit(self, X: Any, y: ArrayLike) -> Self:
        """Update the calibration with new origins whose targets have become known.

        The estimator stays as it is. The new origins replace as many of the oldest
        ones; "adaptive" also moves its quantiles. If it is not fitted yet, this is a
        fit.

        Parameters
        ----------
        X, y
            As for :meth:`fit`, in time order and later than all earlier origins.

        Returns
        -------
        self : ConformalForecaster

        Raises
        ------
        TypeError, ValueError
            If something is not valid or does not match the fit; nothing changes.
        """
        if not hasattr(self, "estimator_"):
            return self.fit(X, y)
        with unchanged_on_error(self):
            check_params(self)
            X = check_windows(self, X, reset=False)
            y = check_targets(self, X, y, reset=False)
            scores = self._scored(X, y)
            if self._method == "adaptive":
                known, rate = (self.levels_, self.tracked_), self.learning_rate
                self.tracked_ = tracking.track(*known, self.scores_, scores, rate)
            # A copy of what is kept, not a view that keeps all old scores alive.
            kept = np.concatenate([self.scores_, scores])[-self.n_calibration_ :]
            self.scores_ = kept.copy()
        return self

    def _predict(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = check_windows(self, X, reset=False)
        y = forecast_from(self.estimator_, X, self.estimator_.predict)
        return y.ravel() if self._y_is_1d else y.reshape(len(X), -1)

    def predict_interval(self, X: Any, coverage: float | None = None) -> np.ndarray:
        """Central intervals for every step.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.
        coverage : float in (0, 1) or None, default=None
            Probability that the interval contains the truth, with half of the rest on
            each side; None means the `coverage` of the fit.

        Returns
        -------
        interval : ndarray of shape (n_origins, horizon * n_targets, 2)
            Lower and upper ends, in the units of the series.

        Raises
        ------
        ValueError
            If `coverage` is not between 0 and 1.

        Warns
        -----
        UserWarning
            If intervals are infinite because there are too few calibration origins.
        """
        check_is_fitted(self)
        coverage = self._coverage if coverage is None else coverage
        return super().predict_interval(X, coverage)

    def _calibrate(self, X, y):
        """Use these origins, in time order, for the calibration."""
        self.n_calibration_ = len(y)
        own = levels_of(self._coverage)
        if self._method == "cqr":
            self.levels_ = knots_of(own)
        self.scores_ = self._scored(X, y)
        if self._method == "adaptive":
            n_least = np.isfinite(self.scores_).sum(axis=0).min()
            self.levels_ = tracking.tracked_levels(own, n_least)
            self.tracked_ = at_ranks(self.scores_[..., np.newaxis], self.levels_)

    @property
    def _tracked(self):
        """Levels that "adaptive" tracks, and their quantiles in order."""
        own = levels_of(self._coverage)
        return self.levels_, tracking.in_order(self.levels_, self.tracked_, own)

    @property
    def _scores(self):
        """How errors become scores."""
        min_scale = None if self._normalize is None else self.min_scale_
        levels = self.levels_ if self._method == "cqr" else None
        how = levels, self.horizon_, min_scale, self._series_ids
        return Scores(self.estimator_, *how)

    def _scored(self, X, y):
        """Scores of these origins: (n, K), or (n, K, n_levels) for "cqr"."""
        scores = self._scores.of(X, y)
        return scores if self._method == "cqr" else scores[..., 0]

    def _quantiles(self, X: Any, levels: np.ndarray) -> np.ndarray:
        n_scores = self.n_calibration_
        warn_of_reach(levels, n_scores)
        scales = self._scores.scales(X)[..., np.newaxis]
        centers = self._scores.centers(X)
        if self._method == "cqr":
            known = self.levels_, self.scores_
            return quantiles_between(levels, *known, centers, scales)
        offsets = at_ranks(self.scores_[..., np.newaxis], levels)
        if self._method == "adaptive":
            offsets = tracking.between_tracked(levels, *self._tracked, n_scores)
        # (n, K, 1) + (n, K or 1, 1) * (K, Q) -> (n, K, Q)
        return np.sort(centers + scales * offsets, axis=-1)

    def _draw(
        self, X: Any, n_samples: int, random_state: np.random.RandomState
    ) -> np.ndarray:
        """Add to each forecast the errors of one calibration origin at all steps."""
        scales, shape = self._scores.scales(X), (n_samples, len(X))
        if self._method != "cqr":
            scores = self.scores_
            if self._method == "adaptive":
                scores = tracking.moved_scores(scores, *self._tracked)
            rows = drawn_rows(scores, shape, random_state)
            return self._scores.centers(X)[..., 0] + scales * scores[rows]
        levels = told(self.levels_, self.n_calibration_)
        place, excess = places_of(self.scores_, self.levels_, levels)
        rows = drawn_rows(excess, shape, random_state)
        paths = at_places(self._quantiles(X, levels), place[rows])
        return paths + scales * excess[rows]
