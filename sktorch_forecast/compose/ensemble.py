"""Many forecasters as one: the mean of different members, and their mixture."""

from numbers import Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import Bunch

from .._data.indexing import as_slice
from .._data.inputs import check_targets, check_windows
from .._data.time_split import split_by_time
from .._uncertainty.conformal import least_scale
from .._utils.atomic import one_of_several, unchanged_on_error
from .._utils.compat import (
    Composition,
    Interval,
    StrOptions,
    check_method_params,
    check_sample_weight,
)
from .._utils.typing import RandomState
from .._utils.validation import JOBS, check_params
from ._mixture import MixtureMixin, fitted_members
from ._scores import Scores, check_split
from ._weights import by_inverse_error, products_of_errors, stacked
from ._wrapping import ESTIMATOR, WrapperMixin


class EnsembleForecaster(MixtureMixin, WrapperMixin, Composition):
    """The mean forecast of different forecasters.

    Forecasters that err in different ways compensate for each other's errors, so the
    mean of several good ones is usually better than the best of them, and you need not
    know which one is best [1]_.

    Parameters
    ----------
    estimators : list of (str, estimator) tuples
        The members by name: any forecaster of this package, any scikit-learn regressor
        that forecasts all columns of `y`, or a pipeline or search of either. Members
        that do not take windows get flattened ones, (n_origins, length * n_channels),
        the oldest timestamp first. "drop" in place of an estimator leaves it out.
    weights : {"stacked", "inverse_error"}, array-like of shape (n_estimators,) or \
            None, default="stacked"
        How much each member counts:

        - "stacked": the non-negative weights whose weighted mean has the smallest
          squared error on the last origins [2]_. Members can get a weight of zero.
        - "inverse_error": inversely proportional to its mean squared error on the last
          origins [3]_.
        - None: equal weights.
        - numbers proportional to the weights, one for each of `estimators`.

        Learned weights take two fits of each member: one without the last origins, to
        learn the weights, and then one on all origins.
    validation_fraction : float in (0, 1), default=0.2
        Share of the origins, taken from the end, from which weights are learned. The
        ``horizon - 1`` origins before them are left out of the first fit, since their
        targets reach into that part.
    n_jobs : int or None, default=None
        Number of members to fit at the same time, each in its own process; None means
        1. The forecasts do not depend on it.
    random_state : int, RandomState instance or None, default=None
        Seeds `sample`. The members have their own `random_state`.

    Attributes
    ----------
    estimators_ : list of estimators
        The fitted members, without dropped ones.
    named_estimators_ : sklearn.utils.Bunch
        The fitted members by name, "drop" for dropped ones.
    weights_ : ndarray of shape (n_members,)
        How much each of `estimators_` counts; they sum to 1.
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

    See Also
    --------
    DeepEnsembleForecaster : Copies of one network with different initial weights.
    ConformalForecaster : Intervals with a guaranteed coverage; can wrap this one.
    sklearn.ensemble.VotingRegressor : The same for regressors on tabular data.

    Notes
    -----
    **Which weights?** Stacked weights come close to the best member where one is much
    better than the others, and to the best mean where several are good. Equal weights
    are hard to beat where all members are about equally good: learned weights have
    errors of their own, which may cost more than the best weights would gain [1]_. Use
    equal weights, which halve the training time, if you know your members, or if there
    are few origins. A member in a :class:`~sklearn.frozen.FrozenEstimator` is not
    fitted again, so its errors on the last origins tell nothing: pass the weights
    yourself.

    **The last origins** are split off by time. Errors there are divided by the standard
    deviation of the target over the window, so that series of any size have a say, and
    weighted by ``sample_weight`` if there is one. Missing targets do not count.

    **Uncertainty.** The forecast distribution is the weighted mixture of the members'
    distributions: to draw a path, a member is drawn and then a path from it. Members
    that are confident but disagree make it wide, as it should be; but if each member is
    well calibrated, the mixture is somewhat too wide [4]_. Quantiles are computed by
    pooling the members' quantiles at 199 levels, 0.005 apart. If a member has no
    `predict_quantiles` or `sample`, neither has the ensemble: put a
    :class:`~sktorch_forecast.ConformalForecaster` around that member, or around the
    ensemble, which also corrects the width.

    References
    ----------
    .. [1] G. Claeskens, J. R. Magnus, A. L. Vasnev and W. Wang (2016), The Forecast
       Combination Puzzle: A Simple Theoretical Explanation. International Journal of
       Forecasting 32.
    .. [2] L. Breiman (1996), Stacked Regressions. Machine Learning 24.
    .. [3] J. M. Bates and C. W. J. Granger (1969), The Combination of Forecasts.
       Operational Research Quarterly 20.
    .. [4] R. Ranjan and T. Gneiting (2010), Combining Probability Forecasts. JRSS B 72.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import (
    ...     EnsembleForecaster, MLPForecaster, NaiveForecaster, TabularForecaster,
    ...     make_windows,
    ... )
    >>> X, y = make_windows(np.sin(np.arange(100) / 5), horizon=3, length=10)
    >>> model = EnsembleForecaster(
    ...     [
    ...         ("ridge", TabularForecaster()),
    ...         ("mlp", MLPForecaster(max_epochs=6, random_state=0)),
    ...         ("naive", NaiveForecaster()),
    ...     ]
    ... )
    >>> model.fit(X, y).predict(X).shape
    (88, 3)

    The last value is a bad forecast of a wave and gets no weight:

    >>> bool(model.weights_[2] < 0.01)
    True

    Parameters of members are set by the member's name, and members can be left out:

    >>> model.set_params(weights=None, mlp__lr=0.01, naive="drop").fit(X, y).weights_
    array([0.5, 0.5])
    """

    estimators: list[tuple[str, Any]]
    estimators_: list[Any]
    named_estimators_: Bunch
    weights_: np.ndarray
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimators": [list],
        "weights": [StrOptions({"stacked", "inverse_error"}), "array-like", None],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_jobs": JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimators: list[tuple[str, Any]],
        weights: Literal["stacked", "inverse_error"] | ArrayLike | None = "stacked",
        validation_fraction: float = 0.2,
        n_jobs: int | None = None,
        random_state: RandomState = None,
    ):
        self.estimators = estimators
        self.weights = weights
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: ArrayLike, **fit_params: Any) -> Self:
        """Fit the members and learn their weights.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows, target channels first; lazy ones are split by time.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window, all targets of step 1 first.
        **fit_params : dict
            Passed on to the fit of each member, e.g. ``sample_weight``. With
            scikit-learn's metadata routing enabled, only what the member requests.

        Returns
        -------
        self : EnsembleForecaster

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data are not valid, nothing is left to train on or to
            learn weights from, or a member gives forecasts that are not finite. A
            fitted forecaster stays as it was.
        """
        with unchanged_on_error(self), one_of_several():
            check_params(self)
            self._check_members()
            weights = self._given_weights()
            X = check_windows(self, X, reset=True)
            y = check_targets(self, X, y, reset=True)
            routed = self._routed_to_parts(X, fit_params)
            if weights is None:
                weights = self._learned_weights(X, y, routed, fit_params)
            self.weights_ = weights
            self.estimators_ = self._fitted(X, y, routed)
            fitted = dict(zip(self._parts(), self.estimators_))
            self.named_estimators_ = Bunch(
                **{name: fitted.get(name, "drop") for name, _ in self.estimators}
            )
            self._random_state_of_draws = self.random_state
        return self

    @property
    def _mixed(self) -> tuple[list[Any], np.ndarray | None]:
        weights = self.weights_
        if (weights == weights[0]).all():
            return self.estimators_, None
        counts = weights > 0
        members = [m for m, has_say in zip(self.estimators_, counts) if has_say]
        return members, weights[counts]

    def _parts(self) -> dict[str, Any]:
        pairs = self.estimators if _are_pairs(self.estimators) else []
        return {name: member for name, member in pairs if not _is_dropped(member)}

    def _fitted(self, X, y, fit_params):
        """Clones of the members, fitted on these origins."""
        members = [clone(member) for member in self._parts().values()]
        return fitted_members(members, X, y, fit_params.values(), self.n_jobs)

    def _check_members(self):
        """Check the names of the members, and that they are estimators."""
        if not (self.estimators and _are_pairs(self.estimators)):
            raise ValueError(
                "Expected estimators as a list of pairs of a name and an estimator, "
                "such as [('ridge', TabularForecaster()), ('gru', GRUForecaster())], "
                f"found {self.estimators!r}."
            )
        self.check_names([name for name, _ in self.estimators])
        parts = self._parts()
        if not parts:
            raise ValueError(
                "Expected at least one estimator that is not 'drop', found "
                f"{self.estimators!r}. Leave at least one in."
            )
        for name, member in parts.items():
            if not ESTIMATOR.is_satisfied_by(member):
                raise ValueError(
                    f"Expected {ESTIMATOR} or 'drop' as the estimator named {name!r}, "
                    f"found {member!r}. Give a forecaster or a regressor."
                )

    def _given_weights(self):
        """Weights that are not learned from the data, (n_members,), or None."""
        is_used = [not _is_dropped(member) for _, member in self.estimators]
        if isinstance(self.weights, str):
            return None
        if self.weights is None:
            return np.full(sum(is_used), 1 / sum(is_used))
        try:
            weights = np.asarray(self.weights, dtype=np.float64)
        except (TypeError, ValueError):
            weights = np.empty(0)
        is_like = weights.shape == (len(is_used),) and np.isfinite(weights).all()
        if not is_like or (weights < 0).any() or not weights[is_used].any():
            raise ValueError(
                f"Expected weights as {len(is_used)} numbers, one for each of "
                "estimators, none negative and at least one positive among those not "
                f"dropped, found {self.weights!r}. Pass such numbers, None for equal "
                "weights, or 'stacked' to learn them."
            )
        return weights[is_used] / weights[is_used].sum()

    def _learned_weights(self, X, y, routed, fit_params):
        """Weights learned from the errors on the last origins: (n_members,)"""
        before, last = split_by_time(X, self.validation_fraction, self.horizon_)
        fraction = "validation_fraction", self.validation_fraction
        check_split(len(before), len(last), *fraction, len(X), self.horizon_)
        weights = check_sample_weight(fit_params.get("sample_weight"), X)[last]
        routed = {
            name: check_method_params(X, params, indices=before)
            for name, params in routed.items()
        }
        # Where possible, slices keep the targets a view of the series.
        before, last = as_slice(before, len(X)), as_slice(last, len(X))
        members = self._fitted(X[before], y[before], routed)
        min_scale = least_scale(X[before], self.n_targets_, self._series_ids)
        scores = Scores(None, None, self.horizon_, min_scale, self._series_ids)
        held_back = X[last], y[last], scores.scales, weights
        products = products_of_errors(members, *held_back)
        self._check_products(products, y[last], weights)
        return (stacked if self.weights == "stacked" else by_inverse_error)(products)

    def _check_products(self, products, y, sample_weight):
        """Check that the errors on held-back origins can teach the weights."""
        if np.isnan(y[sample_weight > 0]).all():
            raise ValueError(
                "Expected observed targets with a positive sample_weight in the last "
                f"{len(y)} origins, from which the weights of the members are learned, "
                "found none. Use a larger validation_fraction, or weights=None."
            )
        is_flawed = ~np.isfinite(np.diag(products))
        if is_flawed.any():
            names = [name for name, flaw in zip(self._parts(), is_flawed) if flaw]
            raise ValueError(
                "Expected finite forecasts from every member, found NaN or infinity "
                f"from {names}. Drop these members, or give them a smaller lr if "
                "training has diverged."
            )

    def _why_without(self, method: str) -> str | None:
        wanted = "sample" if method == "sample" else "predict_quantiles"
        members = getattr(self, "named_estimators_", None) or self._parts()
        members = {k: m for k, m in members.items() if not _is_dropped(m)}
        without = [name for name, m in members.items() if not hasattr(m, wanted)]
        if members and not without:
            return None
        return (
            f"Expected members with a {wanted} method inside of {type(self).__name__}, "
            f"found that {without} only forecast points. Wrap these, or the whole "
            "ensemble, in a ConformalForecaster."
        )


def _are_pairs(estimators):
    """Whether they are a list of pairs of a name and something."""
    return isinstance(estimators, list) and all(
        isinstance(pair, (tuple, list)) and len(pair) == 2 and isinstance(pair[0], str)
        for pair in estimators
    )


def _is_dropped(member):
    return isinstance(member, str) and member == "drop"
