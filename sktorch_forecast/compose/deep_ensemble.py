"""Several networks instead of one: deep ensembles and snapshot ensembles."""

import warnings
from copy import deepcopy
from numbers import Integral
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from skorch.callbacks import Callback

from .._data.inputs import check_targets, check_windows
from .._training.fitting import train
from .._utils.atomic import one_of_several, unchanged_on_error
from .._utils.compat import Interval, StrOptions
from .._utils.randomness import draw_seed, private_random_state
from .._utils.typing import RandomState
from .._utils.validation import JOBS, check_params
from ..forecaster import Forecaster
from ..networks import MLPForecaster
from ._mixture import MixtureMixin, fitted_members
from ._wrapping import ESTIMATOR, WrapperMixin, in_form_for


class DeepEnsembleForecaster(MixtureMixin, WrapperMixin, BaseEstimator):
    """The mean forecast of several networks that differ in their initial weights.

    Networks that start from different weights end up with different weights. Where the
    data say a lot, they agree; where the data say little, each extrapolates in its own
    way. So their mean is more accurate than any single one of them, and their spread
    shows how uncertain they are [1]_.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Any forecaster of this package, any scikit-learn regressor that forecasts all
        columns of `y`, or a pipeline or search of either. If it, or the first step of a
        pipeline, does not take windows, it gets flattened ones of shape (n_origins,
        length * n_channels), all channels of the oldest timestamp first. None means an
        :class:`~sktorch_forecast.MLPForecaster`.
    n_estimators : int, default=5
        Number of members in the ensemble.
    method : {"deep", "snapshot"}, default="deep"
        Where the members come from:

        - "deep": each is trained on all origins, with its own initial weights and its
          own order of mini-batches [1]_.
        - "snapshot": a single training run of `max_epochs` is divided into
          `n_estimators` cycles. In each cycle the learning rate falls from `lr` to
          nearly 0 along a cosine, and the weights at its end become a member [2]_. This
          takes no longer than training one network, but the members differ less. For
          networks of this package only. Early stopping is off.
    n_jobs : int or None, default=None
        Number of members of "deep" to fit at the same time, each in its own process.
        None means 1. The forecasts do not depend on it.
    random_state : int, RandomState instance or None, default=None
        Seeds the `random_state` of each member, and `sample`. The `random_state` of
        `estimator` is not used.

    Attributes
    ----------
    estimators_ : list of n_estimators estimators
        The fitted members.
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
    ConformalForecaster : Intervals with a guaranteed coverage; can wrap this one.

    Notes
    -----
    **Uncertainty.** The forecast distribution is an equally weighted mixture of the
    members' distributions [1]_. Their `sample` and `predict_quantiles` must describe
    the noise of the series, as networks with a distribution or quantile loss do.
    Members without these methods are treated as point forecasts. Paths and quantiles
    then come from the `n_estimators` point forecasts: they show how far the members
    differ, not how noisy the series is, so intervals are too narrow.

    Quantiles of the mixture are computed by pooling the members' quantiles at 199
    levels, 0.005 apart.

    References
    ----------
    .. [1] B. Lakshminarayanan, A. Pritzel and C. Blundell (2017), Simple and Scalable
       Predictive Uncertainty Estimation using Deep Ensembles. NeurIPS, section 2.4,
       without the adversarial training.
    .. [2] G. Huang, Y. Li, G. Pleiss, Z. Liu, J. E. Hopcroft and K. Q. Weinberger
       (2017), Snapshot Ensembles: Train 1, Get M for Free. ICLR, equation 2, with the
       epochs for its iterations.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import DeepEnsembleForecaster, MLPForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(100) / 5), horizon=3, length=10)
    >>> network = MLPForecaster(hidden_layer_sizes=(8,), max_epochs=6)
    >>> model = DeepEnsembleForecaster(network, n_estimators=3, random_state=0)
    >>> forecasts = [member.predict(X) for member in model.fit(X, y).estimators_]
    >>> np.array_equal(model.predict(X), np.mean(forecasts, axis=0))
    True

    Three members at the cost of one:

    >>> model = DeepEnsembleForecaster(network, 3, method="snapshot", random_state=0)
    >>> [len(member.history) for member in model.fit(X, y).estimators_]
    [6, 6, 6]
    """

    estimators_: list[Any]
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [ESTIMATOR, None],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "method": [StrOptions({"deep", "snapshot"})],
        "n_jobs": JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: BaseEstimator | None = None,
        n_estimators: int = 5,
        method: Literal["deep", "snapshot"] = "deep",
        n_jobs: int | None = None,
        random_state: RandomState = None,
    ):
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.method = method
        self.n_jobs = n_jobs
        self.random_state = random_state

    @staticmethod
    def _default_estimator() -> Any:
        return MLPForecaster()

    def fit(self, X: Any, y: ArrayLike, **fit_params: Any) -> Self:
        """Train the members.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows in time order, target channels first.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window, all targets of step 1 first.
        **fit_params : dict
            Passed on to the fit of each member, e.g. ``sample_weight``. With
            scikit-learn's metadata routing enabled, only what the estimator requests.

        Returns
        -------
        self : DeepEnsembleForecaster

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data are not valid, or if "snapshot" is used with an
            estimator that is not a network, has fewer epochs than `n_estimators` or
            stopped before its last cycle. A fitted forecaster stays as it was.
        """
        with unchanged_on_error(self), one_of_several():
            check_params(self)
            X = check_windows(self, X, reset=True)
            y = check_targets(self, X, y, reset=True)
            fit_params = self._routed(X, fit_params)
            random_state = private_random_state(self.random_state)
            if self.method == "snapshot":
                network = _seeded(self._network(), random_state)
                self.estimators_ = _snapshots(
                    network, self.n_estimators, X, y, fit_params
                )
            else:
                members = [
                    _seeded(clone(self._inner()), random_state)
                    for _ in range(self.n_estimators)
                ]
                params = [fit_params] * len(members)
                self.estimators_ = fitted_members(members, X, y, params, self.n_jobs)
            self._random_state_of_draws = self.random_state
            self._are_points = not _is_probabilistic(self.estimators_[0])
        return self

    def _quantiles(self, X: Any, levels: np.ndarray) -> np.ndarray:
        if not self._are_points:
            return super()._quantiles(X, levels)
        quantiles = np.quantile(self._spread(X), levels, axis=0)
        # (n_quantiles, n, outputs) -> (n, outputs, n_quantiles)
        return np.moveaxis(quantiles, 0, -1)

    def _draw(
        self, X: Any, n_samples: int, random_state: np.random.RandomState
    ) -> np.ndarray:
        if not self._are_points:
            return super()._draw(X, n_samples, random_state)
        drawn = random_state.choice(len(self.estimators_), size=n_samples)
        return self._spread(X)[drawn]

    def _spread(self, X):
        """Point forecasts of the members, (M, n, K), for their spread."""
        points = self._points(X)
        if len(points) > 1 and (points == points[0]).all():
            warnings.warn(
                "All members make the same forecast, so intervals have no width. If "
                "it comes from their baselines alone (linear_share_ is 1), use "
                "loss='normal', members with baseline=None, or wrap the ensemble in "
                "a ConformalForecaster.",
                UserWarning,
            )
        return points

    def _network(self):
        """An unfitted network for snapshots."""
        network = clone(self._inner())
        if not isinstance(network, Forecaster):
            raise ValueError(
                "Expected a network of this package for method='snapshot', found "
                f"{network!r}. Put the DeepEnsembleForecaster inside of pipelines and "
                "searches, or use method='deep'."
            )
        if network.max_epochs < self.n_estimators:
            raise ValueError(
                f"Expected at least n_estimators={self.n_estimators} epochs for as "
                f"many snapshots, found max_epochs={network.max_epochs}. Increase "
                "max_epochs, or decrease n_estimators."
            )
        return network


class _Snapshots(Callback):
    """Anneal the learning rate in cycles and record the weights at the end of each.

    Parameters
    ----------
    n_cycles : int
        Number of cycles, of about the same length, that `max_epochs` is divided into.
    """

    def __init__(self, n_cycles):
        self.n_cycles = n_cycles

    def on_train_begin(self, net, **kwargs):
        self.rates_ = [group["lr"] for group in net.optimizer_.param_groups]
        edges = np.linspace(0, net.max_epochs, self.n_cycles + 1)
        self.edges_ = edges.round().astype(int)
        self.weights_ = []

    def on_epoch_begin(self, net, **kwargs):
        done = net.history[-1, "epoch"] - 1
        cycle = np.searchsorted(self.edges_, done, side="right")
        start, stop = self.edges_[cycle - 1 : cycle + 1]
        share = (np.cos(np.pi * (done - start) / (stop - start)) + 1) / 2
        for group, rate in zip(net.optimizer_.param_groups, self.rates_):
            group["lr"] = float(rate * share)

    def on_epoch_end(self, net, **kwargs):
        if net.history[-1, "epoch"] in self.edges_:
            # No buffers: statistics of the data, not learned by gradient, are shared.
            weights = dict(net.module_.named_parameters())
            self.weights_.append({k: w.detach().clone() for k, w in weights.items()})


def _snapshots(network, n_snapshots, X, y, fit_params):
    """Copies of a network with the weights from the end of each training cycle."""
    snapshots = _Snapshots(n_snapshots)
    callbacks = [("snapshots", snapshots.initialize())]
    how = {"go_on": False, "stop_early": False, "callbacks": callbacks}
    train(network, in_form_for(network, X), y, **fit_params, **how)
    weights = snapshots.weights_
    if len(weights) < n_snapshots or _is_flawed(network.history[-1], weights[-1]):
        raise ValueError(
            f"Expected training to last {network.max_epochs} epochs for {n_snapshots} "
            f"snapshots, found that it ended in epoch {len(network.history)}. If it "
            "warned that the loss was not finite, use a smaller lr."
        )
    members = [deepcopy(network) for _ in weights]
    for member, state in zip(members, weights):
        member.module_.load_state_dict(state, strict=False)
    return members


def _is_flawed(epoch, weights):
    """Whether the last epoch of training has a loss or weights that are not finite."""
    losses = [epoch[key] for key in ("train_loss", "valid_loss") if key in epoch]
    finite = [
        np.isfinite(losses).all(),
        *(w.isfinite().all() for w in weights.values()),
    ]
    return not all(finite)


def _seeded(estimator, random_state):
    """The estimator with seeds for all `random_state` parameters in it."""
    names = sorted(estimator.get_params())
    names = [n for n in names if n == "random_state" or n.endswith("__random_state")]
    return estimator.set_params(**{name: draw_seed(random_state) for name in names})


def _is_probabilistic(member):
    """Whether a fitted member models the noise of the series."""
    return hasattr(member, "sample") and hasattr(member, "predict_quantiles")
