"""One step at a time: a one-step model that is fed its own forecasts.

Symbols used below::

    L  length      timestamps in a window
    H  horizon     steps to forecast
    K  n_targets   channels, all of which are forecast
    n  n_origins   samples
"""

from dataclasses import replace
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted
from torch import nn

from .._data.inputs import check_targets, check_windows
from .._uncertainty.interface import UncertaintyMixin
from .._utils.atomic import unchanged_on_error
from .._utils.compat import Interval
from .._utils.typing import RandomState
from .._utils.validation import check_params
from ..forecaster import Forecaster
from ..layers import ForecastNetwork
from ._wrapping import ESTIMATOR, WrapperMixin, in_form_for, takes_windows

# How many origins' windows to hold in memory while they slide.
_BATCH_SIZE = 1024


class RecursiveForecaster(UncertaintyMixin, WrapperMixin, BaseEstimator):
    """Forecast one step at a time, feeding each forecast back as if it were observed.

    A clone of `estimator` learns to forecast one step ahead. The second step is then
    forecast from a window that ends with the forecast of the first, and so on (the
    recursive or iterated strategy of [1]_). One small model thus serves any horizon,
    even a longer one than `y` had in `fit`.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Any forecaster of this package, any scikit-learn regressor, or a pipeline or
        search of either. If it, or the first step of a pipeline, does not take windows,
        it gets flattened ones of shape (n_origins, length * n_targets), all channels of
        the oldest timestamp first. None means
        :class:`~sklearn.linear_model.LinearRegression` on flattened windows, an
        autoregressive model fitted by least squares.
    horizon : int or None, default=None
        Number of steps to forecast. None means as many as `y` has in `fit`.

    Attributes
    ----------
    estimator_ : estimator
        The fitted one-step model.
    n_features_in_ : int
        Length of the windows seen in `fit`.
    feature_names_in_ : ndarray of shape (length,)
        Column names, if the windows were a frame with string columns.
    n_channels_ : int
        Number of channels in the windows.
    n_targets_ : int
        Number of target channels, equal to `n_channels_`.
    horizon_ : int
        Number of steps that are forecast.

    See Also
    --------
    sklearn.multioutput.MultiOutputRegressor : One model for every step instead.

    Notes
    -----
    **Errors accumulate.** The model was trained on observations only. From the second
    step on it reads its own forecasts, errors and all, as if they were observations, so
    an error in the first step carries over to all later ones: damped if the model is
    stable, otherwise growing, in the worst case exponentially. Moreover, feeding the
    forecast of a mean into a nonlinear model does not give the mean of the next step.
    Where `y` has the whole horizon, a forecaster that predicts all steps at once,
    trained on exactly that task, is often more accurate at later steps; the recursive
    one needs fewer parameters and wins where the one-step model is nearly right [1]_.
    Score both over the whole horizon.

    **How a forecast is fed back.** Networks that read step by step and can continue
    from where they stopped (a module with a ``step`` method that is not bidirectional,
    as in `RNNForecaster`, `LSTMForecaster` and `GRUForecaster`) read the window once
    and then carry their hidden state along, as if the window grew by the forecasts.
    `normalize` keeps using the statistics of the observed window. For all other
    estimators the window slides: the oldest timestamp is dropped and the forecast
    appended, so a network that normalizes windows does so anew at each step. That
    includes networks with a distribution or quantile loss, with ``missing="mask"``, or
    inside a pipeline or search; to carry the state in that last case, wrap the network
    itself and put the pipeline or search around the RecursiveForecaster.

    **Paths.** `sample` draws the first step from the one-step model, reads it as if it
    were observed, and so on, so the steps of a path depend on each other as the model
    says (ancestral sampling). It needs a one-step model with its own `sample`, such as
    a network with ``loss="normal"``. Intervals and quantiles are computed from 200
    paths.

    Lazy windows stay lazy in the package's own forecasters. Flattened windows are
    materialized, all of them for `fit` and one batch at a time for `predict`.

    References
    ----------
    .. [1] S. Ben Taieb, G. Bontempi, A. F. Atiya and A. Sorjamaa (2012), A review and
       comparison of strategies for multi-step ahead time series forecasting based on
       the NN5 forecasting competition. Expert Systems with Applications 39 (8).

    Examples
    --------
    A sine obeys ``x[t] = 2 cos(w) x[t-1] - x[t-2]``, which two timestamps and one
    step are enough to learn.

    >>> import numpy as np
    >>> from sktorch_forecast import make_windows
    >>> from sktorch_forecast.compose import RecursiveForecaster
    >>> series = np.sin(np.arange(60) / 5)
    >>> X, y = make_windows(series, horizon=1, length=2)
    >>> model = RecursiveForecaster(horizon=10).fit(X[:40], y[:40])
    >>> np.abs(model.predict(X[40:41])[0] - series[42:52]).max() < 1e-4
    np.True_

    A network is trained on one step and scored on three.

    >>> from sktorch_forecast import LSTMForecaster
    >>> X, y = make_windows(series, horizon=3, length=20)
    >>> network = LSTMForecaster(hidden_size=8, max_epochs=5, random_state=0)
    >>> RecursiveForecaster(network).fit(X, y).predict(X[-2:]).shape
    (2, 3)
    """

    covariates: ClassVar[tuple[str, ...]] = ()
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [ESTIMATOR, None],
        "horizon": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self, estimator: BaseEstimator | None = None, horizon: int | None = None
    ):
        self.estimator = estimator
        self.horizon = horizon

    def fit(self, X: Any, y: ArrayLike, **fit_params: Any) -> Self:
        """Fit the one-step model on the first step of `y`.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows in time order. All channels must be targets.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window, all targets of step 1 first. Only step 1 is
            learned from; later steps only determine the horizon, unless that is set.
        **fit_params : dict
            Passed on to the fit of the estimator, e.g. ``sample_weight``. With
            scikit-learn's metadata routing enabled, only what it requests.

        Returns
        -------
        self : RecursiveForecaster

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data are not valid, `X` has channels that are not
            targets, or the estimator is a network with ``normalize="cycle"`` that does
            not carry its state. A fitted forecaster stays as it was.
        """
        with unchanged_on_error(self):
            check_params(self)
            X = check_windows(self, X, reset=True)
            y = check_targets(self, X, y, reset=True)
            if self.n_channels_ != self.n_targets_:
                raise ValueError(
                    "Expected windows in which all channels are targets, found "
                    f"{self.n_channels_} channels with n_targets={self.n_targets_}: "
                    "only what is forecast can be fed back, and covariates after the "
                    "origin are not known. Make windows with all channels as target, "
                    "leave the covariates out, or forecast all steps at once with "
                    "the estimator itself."
                )
            if self.n_static_:
                raise ValueError(
                    "Expected windows without static covariates, found "
                    f"{self.n_static_}: windows that move on with the forecasts do "
                    "not carry them. Leave them out, or forecast all steps at once "
                    "with the estimator itself."
                )
            fit_params = self._routed(X, fit_params)
            if self.horizon is not None:
                self.horizon_ = self.horizon
            self._y_is_1d &= self.horizon_ == 1
            if y.ndim == 2:
                # Regressors with a single target want it 1-D.
                y = y[:, 0] if self.n_targets_ == 1 else y[:, : self.n_targets_]
            self.estimator_ = clone(self._inner())
            X = in_form_for(self.estimator_, X)
            self.estimator_.fit(X, y, **fit_params)
            if self.horizon_ > 1 and not _carries_state(self.estimator_):
                _check_timeless(self.estimator_)
        return self

    def _predict(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = check_windows(self, X, reset=False)
        if _carries_state(self.estimator_):
            y = _check_bounded(_unrolled(self.estimator_, self.horizon_).predict(X))
        elif self.horizon_ == 1 and (
            isinstance(X, np.ndarray) or takes_windows(self.estimator_)
        ):
            # Nothing is fed back, so batches would not save memory.
            y = self.estimator_.predict(in_form_for(self.estimator_, X))
            y = y.reshape(len(X), self.n_targets_)
        else:
            batches = gen_batches(len(X), _BATCH_SIZE)
            forecast = self.estimator_.predict
            y = [self._slide(np.asarray(X[b]), forecast) for b in batches]
            y = np.concatenate(y)
        return y.ravel() if self._y_is_1d else y

    def _why_without(self, method: str) -> str | None:
        inner = getattr(self, "estimator_", None) or self._inner()
        if hasattr(inner, "sample"):
            return None
        return (
            "Expected a one-step model with a sample method to draw paths with, "
            f"found {inner!r}. Use a network with loss='normal', or wrap this "
            "RecursiveForecaster in a ConformalForecaster."
        )

    def _draw(
        self, X: Any, n_samples: int, random_state: np.random.RandomState
    ) -> np.ndarray:
        """Paths: each step is drawn from the one-step model and read as if observed."""
        _check_timeless(self.estimator_)

        def draw(window):
            return self.estimator_.sample(window, 1, random_state)[0]

        shape = n_samples, len(X), self.horizon_ * self.n_targets_
        samples = np.empty(shape, np.asarray(X[:1]).dtype)
        step = max(1, _BATCH_SIZE // n_samples)
        for batch in gen_batches(len(X), step):
            windows = np.asarray(X[batch])
            # (n, L, ...) -> (n_samples * n, L, ...)
            paths = self._slide(np.concatenate([windows] * n_samples), draw)
            samples[:, batch] = paths.reshape(n_samples, len(windows), -1)
        return samples

    def _slide(self, windows, forecast):
        """Forecast from windows that slide along with each forecast, all at once.

        (n, L) or (n, L, K) -> (n, H * K)
        """
        n_origins, length, n_targets = len(windows), windows.shape[1], self.n_targets_
        # The observations, then the forecasts: (n, L + H - 1, K)
        shape = n_origins, length + self.horizon_ - 1, n_targets
        joined = np.empty(shape, windows.dtype)
        joined[:, :length] = windows.reshape(n_origins, length, n_targets)
        forecasts = []
        for step in range(self.horizon_):
            if step:
                joined[:, length + step - 1] = _check_bounded(forecasts[-1])
            window = in_form_for(self.estimator_, joined[:, step : step + length])
            y = forecast(window)
            # (n,) or (n, K) -> (n, K)
            forecasts.append(y.reshape(n_origins, n_targets))
        return np.concatenate(forecasts, axis=1)

    def _generator(self, random_state: RandomState = None) -> np.random.RandomState:
        if random_state is None:
            random_state = getattr(self.estimator_, "_random_state_of_draws", None)
        return super()._generator(random_state)


def _carries_state(estimator):
    """Whether `estimator` has a network that can continue from where it stopped."""
    if not isinstance(estimator, Forecaster):
        return False
    # A head outputs parameters, and a network that masks reads more than it forecasts:
    # neither output can be read as if it were observed.
    if estimator.objective_.head.is_distribution or estimator.spec_.masked:
        return False
    if estimator.module_.baseline is not None:  # it reads the window as a whole
        return False
    network = estimator.module_.network
    return hasattr(network, "step") and not getattr(network, "bidirectional", False)


def _check_timeless(estimator):
    """Check that a network does not read the time, which cannot slide along."""
    if isinstance(estimator, Forecaster) and estimator.spec_.normalize == "cycle":
        raise ValueError(
            "Expected a network that reads only the values of windows, which move on "
            f"with the forecasts, found {type(estimator).__name__} with "
            "normalize='cycle', which also reads their times. Use another normalize, "
            "point forecasts of a recurrent network with baseline=None, which carries "
            "its state, or forecast all steps at once with the network itself."
        )


def _unrolled(forecaster, horizon):
    """A shallow copy of `forecaster` that forecasts `horizon` steps with its state."""
    spec = replace(forecaster.spec_, horizon=horizon)
    normalization = spec.make_normalization()
    normalization.load_state_dict(forecaster.module_.normalization.state_dict())
    module = ForecastNetwork(
        _CarriedState(forecaster.module_.network, horizon),
        normalization.to(forecaster.device_),
    )
    # Not copy.copy: that goes through pickling, which writes the weights to bytes.
    unrolled = object.__new__(type(forecaster))
    vars(unrolled).update(vars(forecaster), module_=module, spec_=spec, _y_is_1d=False)
    return unrolled


class _CarriedState(nn.Module):
    """Read a window once, then continue from the network's own forecasts.

    The forecasts are fed back in the units of the window, so its statistics remain
    those of the observations.

    Parameters
    ----------
    network : torch.nn.Module
        Has ``step(x, state) -> (forecast, state)``, with ``x`` of shape
        (batch, length, K) and a forecast of shape (batch, 1, K, 1).
    horizon : int
        Steps to forecast.
    """

    def __init__(self, network: Any, horizon: int):
        super().__init__()
        self.network = network
        self.horizon = horizon

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, L, K) -> (batch, H, K, 1)"""
        forecasts, state = [], None
        for _ in range(self.horizon):
            forecast, state = self.network.step(x, state)
            forecasts.append(forecast)
            x = forecast[..., 0]  # (batch, 1, K, 1) -> (batch, 1, K), all read next
        return torch.cat(forecasts, dim=1)


def _check_bounded(forecasts):
    """Return `forecasts`, or raise a ValueError if they are not finite in float32."""
    with np.errstate(over="ignore"):
        bounded = np.isfinite(forecasts.astype(np.float32, copy=False)).all()
    if not bounded:
        raise ValueError(
            "Expected forecasts within the range of float32, found some beyond it: "
            "the errors of the one-step model grow as they are fed back. Use a shorter "
            "horizon or a more regular estimator, or forecast all steps at once."
        )
    return forecasts
