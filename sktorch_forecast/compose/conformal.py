"""Intervals with a promised coverage, around any forecaster.

Symbols used below::

    n  n_origins       windows that are forecast
    m  n_calibration_  origins whose errors are known
    K  n_outputs       horizon * n_targets
    Q  n_levels        quantiles asked for
"""

import warnings
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from .._data.indexing import as_slice
from .._data.inputs import check_targets, check_windows
from .._data.time_split import split_by_time, times_of
from .._uncertainty.conformal import (
    at_ranks,
    dense,
    last_origins,
    least_scale,
    n_needed,
    places_of,
    ranges,
    scales_of,
    told,
    track,
)
from .._uncertainty.interface import UncertaintyMixin
from .._utils.atomic import unchanged_on_error
from .._utils.compat import HasMethods, Interval, StrOptions, check_method_params
from .._utils.validation import check_params, levels_of
from ._wrapping import WrapperMixin, forecast_from, in_form_for

# Levels that "adaptive" tracks beside those of its coverage, if the calibration
# origins can tell them.
_TRACKED = np.arange(1, 200) / 200
# Levels by which "cqr" says where in its forecast distribution an observation lies.
_GRID = np.arange(1, 40) / 40


class ConformalForecaster(UncertaintyMixin, WrapperMixin, BaseEstimator):
    """Intervals that hold what they promise, from the errors on recent origins.

    The last origins are kept from the estimator. Its errors on these, the scores,
    tell how far the truth lies from a forecast, and quantiles of them are added to
    each new forecast. Whatever the estimator, and however wrong it is, an interval of
    coverage ``c`` then holds with a probability of at least ``c``, as long as the
    scores are exchangeable, i.e. new errors are like those on the calibration origins.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Any forecaster of this package, any scikit-learn regressor that forecasts all
        columns of `y`, or a pipeline or search of either. Where it, or the first step
        of a pipeline, does not take windows, it gets flat ones of shape (n_origins,
        length * n_channels), all channels of the oldest timestamp first. None is
        :class:`~sklearn.linear_model.LinearRegression` on flat windows.
    coverage : float in (0, 1), default=0.9
        Coverage that `predict_interval` takes unless told otherwise. A coverage that
        the calibration origins are too few for has infinite intervals.
    method : {"split", "cqr", "adaptive"}, default="split"
        What the scores are, and how their quantiles move:

        - "split": errors of the forecast [1]_. Intervals are as wide, up to the scale
          of the window, for every origin.
        - "cqr": distances from quantiles that the estimator forecasts, which it must
          have a `predict_quantiles` for [2]_. Intervals are as wide as the estimator
          says, shifted until they hold.
        - "adaptive": as "split", but each quantile is moved with every new truth that
          `partial_fit` is given [3]_, so that the coverage holds in the long run for
          any series, exchangeable or not.
    calibration_fraction : float in (0, 1), default=0.25
        Share of the origins, the last ones, that calibrate. The ``horizon - 1``
        origins before them are not used, since their targets reach into that part.
    normalize : {"window"} or None, default="window"
        "window" divides the scores by the deviation of the target over the window and
        multiplies their quantiles by that of the new window, for series whose noise
        grows with their deviation, and several series at different levels. Deviations
        below a tenth of the usual one of the training windows are raised to it. None
        takes the scores as they are.
    learning_rate : float, default=0.05
        Of "adaptive": how far a quantile moves with each new truth, as a share of the
        range of the recent scores.
    random_state : int, RandomState instance or None, default=None
        Seeds `sample`. The estimator has a `random_state` of its own.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.
    n_features_in_ : int
        Length of the windows seen in `fit`.
    feature_names_in_ : ndarray of shape (length,)
        Column names, if the windows were a frame with string columns.
    n_channels_ : int
        Channels of the windows.
    n_targets_ : int
        Target channels.
    horizon_ : int
        Steps that are forecast.
    n_calibration_ : int
        Origins that calibrate.
    min_scale_ : ndarray of shape (n_targets,)
        Lower bound of the deviations. Only with ``normalize="window"``.
    scores_ : ndarray of shape (n_calibration, horizon * n_targets)
        Signed errors on the calibration origins in time order, scaled. Not for "cqr",
        where they depend on the level.
    levels_ : ndarray of shape (n_levels,)
        Levels that are tracked. Only for "adaptive".
    tracked_ : ndarray of shape (horizon * n_targets, n_levels)
        Quantiles of the scores at these levels. Only for "adaptive".

    See Also
    --------
    EnsembleForecaster : Tells how unsure the networks are, rather than the series.

    Notes
    -----
    **Levels.** The quantile at level ``t`` of a new observation is the forecast plus
    the score of rank ``ceil((m + 1) t)`` for ``t > 0.5``, else ``floor((m + 1) t)``,
    of ``m`` calibration origins, times the scale of the window. Each is on the safe
    side, so both ends of an interval are, and it takes ``2 / (1 - c) - 1`` origins at
    least to promise coverage ``c``; with fewer, the interval is infinite, and a warning
    says so. Coverage is that of each step and target by
    itself, averaged over calibrations: not that of whole paths.

    **Time series.** Errors of neighboring origins are alike, the more so with a long
    horizon, and a series changes; so the guarantee holds only nearly. Feed the truth
    to `partial_fit` as it becomes known: "split" and "cqr" then always calibrate on
    the last ``m`` origins, and "adaptive" corrects itself. Its guarantee, that a level
    ``t`` is exceeded in a share ``1 - t`` of the origins but for a difference that
    vanishes as one over their number [3]_, is for a horizon of one step and
    `partial_fit` after each origin; with ``h`` steps the truth comes ``h`` origins
    later. It is for the two levels of `coverage` and those of a fixed grid, 0.005
    apart. Quantiles between tracked levels are interpolated linearly. The estimator is
    never fitted again: that is for `fit`.

    **Crossing.** Quantiles that are asked for together are sorted.

    MAPIE 1 (``SplitConformalRegressor``, ``TimeSeriesRegressor``) and crepes
    (``ConformalRegressor``) are not built upon, since both take one value a sample, a
    1-D `y` or 1-D residuals; one wrapper for each step and target would lose how the
    steps hang together, and lazy windows.

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

    Examples
    --------
    The noise is uniform between -1 and 1, so 90 % of it lies between -0.9 and 0.9.

    >>> import numpy as np
    >>> from sktorch_forecast import ConformalForecaster, make_windows
    >>> series = np.random.default_rng(0).uniform(-1, 1, 4000)
    >>> X, y = make_windows(series, horizon=2, length=3)
    >>> model = ConformalForecaster(normalize=None).fit(X[:3500], y[:3500])
    >>> interval = model.predict_interval(X[3500:])
    >>> interval.shape
    (496, 2, 2)
    >>> interval.mean(axis=(0, 1)).round(1)
    array([-0.9,  0.9])
    >>> model.sample(X[3500:], n_samples=10).shape
    (10, 496, 2)
    """

    parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "coverage": [Interval(Real, 0, 1, closed="neither")],
        "method": [StrOptions({"split", "cqr", "adaptive"})],
        "calibration_fraction": [Interval(Real, 0, 1, closed="neither")],
        "normalize": [StrOptions({"window"}), None],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator=None,
        coverage=0.9,
        method="split",
        calibration_fraction=0.25,
        normalize="window",
        learning_rate=0.05,
        random_state=None,
    ):
        self.estimator = estimator
        self.coverage = coverage
        self.method = method
        self.calibration_fraction = calibration_fraction
        self.normalize = normalize
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X, y, **fit_params):
        """Fit the estimator on the first origins and calibrate on the last ones.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows, target channels first. Lazy ones are split by time, arrays by
            row.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window, all targets of step 1 first.
        **fit_params : dict
            Passed on to the fit of the estimator, e.g. ``sample_weight``; arrays with
            an entry for each origin without those of the calibration. With
            scikit-learn's metadata routing enabled, only what it requests.

        Returns
        -------
        self : ConformalForecaster

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data are not valid, no origins are left to train on,
            or "cqr" is asked of an estimator that forecasts no quantiles. A fitted
            forecaster stays as it was.
        """
        with unchanged_on_error(self):
            check_params(self)
            X = check_windows(self, X, reset=True)
            y = check_targets(self, X, y, reset=True)
            fit_params = self._routed(fit_params)
            before, last = split_by_time(X, self.calibration_fraction, self.horizon_)
            last = last[np.argsort(times_of(X)[last], kind="stable")]
            self._check_split(len(X), len(before), len(last))
            self.estimator_ = clone(self._inner())
            if self.method == "cqr" and not hasattr(
                self.estimator_, "predict_quantiles"
            ):
                raise ValueError(
                    "Expected an estimator with a predict_quantiles method for "
                    f"method='cqr', found {self.estimator_!r}. Use a network with "
                    "loss='quantile' or a distribution, put pipelines and searches "
                    "around the ConformalForecaster, or choose method='split'."
                )
            fit_params = check_method_params(X, fit_params, indices=before)
            # Slices, where they will do, leave the targets a view of the series.
            before, last = as_slice(before, len(X)), as_slice(last, len(X))
            x = in_form_for(self.estimator_, X[before])
            self.estimator_.fit(x, y[before], **fit_params)
            if self.normalize == "window":
                self.min_scale_ = least_scale(X[before], self.n_targets_)
            # What forecasts depend on from here on.
            self._method, self._normalize = self.method, self.normalize
            self._coverage = self.coverage
            self._random_state_of_draws = self.random_state
            self._calibrate(X[last], y[last])
        return self

    def partial_fit(self, X, y):
        """Learn from new origins, whose truth has become known, for the calibration.

        The estimator stays as it is. For "split" and "cqr" the new origins take the
        place of as many of the oldest ones; "adaptive" moves its quantiles, too. The
        first call, if there was no fit, is a fit.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit, later than all before, in time order.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window.

        Returns
        -------
        self : ConformalForecaster

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data are not valid or not like those of the fit. The
            forecaster stays as it was.
        """
        if not hasattr(self, "estimator_"):
            return self.fit(X, y)
        with unchanged_on_error(self):
            check_params(self)
            X = check_windows(self, X, reset=False)
            y = check_targets(self, X, y, reset=False)
            if self._method == "cqr":
                self._origins = last_origins(
                    [*self._origins, self._known(dense(X), y)], self.n_calibration_
                )
            else:
                scores = self._errors(*self._known(X, y), None)[..., 0]
                if self._method == "adaptive":
                    recent = np.concatenate([self.scores_, scores[:-1]])
                    steps = self.learning_rate * ranges(recent, self.n_calibration_)
                    self.tracked_ = track(self.tracked_, self.levels_, scores, steps)
                # A copy of what is kept, not a view of all that ever was.
                kept = np.concatenate([self.scores_, scores])[-self.n_calibration_ :]
                self.scores_ = kept.copy()
        return self

    def predict(self, X):
        """Forecast with the estimator.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.

        Returns
        -------
        y : ndarray of shape (n_origins,) or (n_origins, horizon * n_targets)
            In the shape that `y` had in `fit`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            If X is not numeric and finite or not like the windows of the fit.
        """
        check_is_fitted(self)
        X = check_windows(self, X, reset=False)
        y = forecast_from(self.estimator_, X, self.estimator_.predict)
        return y.ravel() if self._y_is_1d else y.reshape(len(X), -1)

    def predict_interval(self, X, coverage=None):
        """Central intervals for every step.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.
        coverage : float in (0, 1) or None, default=None
            Probability that the interval is to hold; None takes the parameter of the
            forecaster. As much is cut off below as above it.

        Returns
        -------
        interval : ndarray of shape (n_origins, horizon * n_targets, 2)
            Lower and upper ends, in the units of the series.

        Raises
        ------
        ValueError
            If `coverage` is not between 0 and 1, or as for `predict_quantiles`.

        Warns
        -----
        UserWarning
            If the calibration origins are too few for the coverage: the intervals are
            infinite then.
        """
        check_is_fitted(self)
        coverage = self._coverage if coverage is None else coverage
        return super().predict_interval(X, coverage)

    def _check_split(self, n_samples, n_before, n_last):
        if not n_before:
            raise ValueError(
                "Expected some calibration origins and some before them to train on, "
                f"found {n_last} and 0: calibration_fraction="
                f"{self.calibration_fraction} of n_samples={n_samples}, with a gap of "
                f"horizon - 1 = {self.horizon_ - 1}. Use more origins or a smaller "
                "calibration_fraction."
            )

    def _calibrate(self, X, y):
        """Take these origins, in time order, for the calibration."""
        self.n_calibration_ = len(y)
        if self._method == "cqr":
            self._origins = [self._known(X, y)]
            # An estimator that cannot forecast quantiles after all says so here.
            self._centers(X[:1], levels_of(self.coverage))
            return
        self.scores_ = self._errors(*self._known(X, y), None)[..., 0]
        if self._method == "adaptive":
            own = levels_of(self.coverage)
            near = np.abs(_TRACKED[:, np.newaxis] - own).min(axis=1) < 1e-9
            levels = np.sort(np.concatenate([own, _TRACKED[~near]]))
            self.levels_ = told(levels, len(y))
            self.tracked_ = at_ranks(self.scores_[..., np.newaxis], self.levels_)

    def _known(self, X, y):
        """Windows, what followed as (n, K), and the scale of each."""
        return X, np.asarray(y).reshape(len(y), -1), self._scales(X)

    def _scales(self, X):
        """What a score is counted in: (n, K), or (n, 1) without normalization."""
        if self._normalize is None:
            return np.ones((len(X), 1))
        # step-major: (n, n_targets) -> (n, horizon * n_targets)
        return np.tile(scales_of(X, self.min_scale_), self.horizon_)

    def _centers(self, X, levels):
        """What scores are distances from: (n, K, 1), or (n, K, Q) for "cqr"."""
        if self._method != "cqr":
            y = forecast_from(self.estimator_, X, self.estimator_.predict)
            return y.reshape(len(X), -1, 1)
        return forecast_from(
            self.estimator_, X, lambda x: self.estimator_.predict_quantiles(x, levels)
        )

    def _errors(self, X, y, scales, levels):
        """Scores of known origins: (n, K, 1), or (n, K, Q) for "cqr"."""
        errors = y[..., np.newaxis] - self._centers(X, levels)
        return errors / scales[..., np.newaxis]

    def _scores(self, levels):
        """Scores of the calibration origins: (m, K, 1), or (m, K, Q) for "cqr"."""
        if self._method != "cqr":
            return self.scores_[..., np.newaxis]
        parts = [self._errors(*known, levels) for known in self._origins]
        return np.concatenate(parts)

    def _offsets(self, levels):
        """Quantiles of the scores at these levels: (K, Q)."""
        reached = told(levels, self.n_calibration_)
        if len(reached) < len(levels):
            warnings.warn(
                f"Quantiles from {levels[0]:g} to {levels[-1]:g} take at least "
                f"{n_needed(levels)} calibration origins, found {self.n_calibration_}: "
                "those that are not reached are infinite. Fit with more origins or a "
                "larger calibration_fraction, or ask for less extreme levels.",
                UserWarning,
            )
        if self._method != "adaptive":
            return at_ranks(self._scores(levels), levels)
        return np.stack([self._interpolated(levels, q) for q in self.tracked_])

    def _interpolated(self, levels, tracked):
        """Quantiles of "adaptive" between those that are tracked, (Q,)."""
        first, last = self.levels_[[0, -1]] if len(self.levels_) else (0.5, 0.5)
        below, above = levels < first - 1e-9, levels > last + 1e-9
        reached = told(levels[below | above], self.n_calibration_)
        if len(reached):
            raise ValueError(
                f"Expected levels between {first:g} and {last:g}, which are tracked, "
                f"found {levels[0]:g} to {levels[-1]:g}. Fit with the coverage that "
                "you need."
            )
        quantiles = np.full(len(levels), -np.inf)
        quantiles[above] = np.inf
        inside = ~(below | above)
        quantiles[inside] = np.interp(levels[inside], self.levels_, tracked)
        return quantiles

    def _quantiles(self, X, levels):
        offsets = self._offsets(levels)
        scales = self._scales(X)[..., np.newaxis]
        # (n, K, 1 or Q) + (n, K or 1, 1) * (K, Q) -> (n, K, Q)
        return np.sort(self._centers(X, levels) + scales * offsets, axis=-1)

    def _draw(self, X, n_samples, random_state):
        """To each forecast, the errors of one calibration origin at all its steps."""
        rows = random_state.randint(self.n_calibration_, size=(n_samples, len(X)))
        scales = self._scales(X)
        if self._method != "cqr":
            return self._centers(X, None)[..., 0] + scales * self.scores_[rows]
        levels = np.union1d(_GRID, levels_of(self._coverage))
        levels = told(levels, self.n_calibration_)
        if len(levels) < 2:
            raise ValueError(
                "Expected at least 2 calibration origins to draw paths, found "
                f"{self.n_calibration_}. Fit with more origins or a larger "
                "calibration_fraction."
            )
        place, excess = places_of(self._scores(levels), levels)
        quantiles = self._quantiles(X, levels)
        # (m, K) -> (n_samples, n, K)
        place, excess = place[rows], excess[rows]
        left = np.minimum(place.astype(int), len(levels) - 2)
        share = place - left
        origin, output = np.ogrid[: len(X), : quantiles.shape[1]]
        low, high = (quantiles[origin, output, at] for at in (left, left + 1))
        return low + share * (high - low) + scales * excess
