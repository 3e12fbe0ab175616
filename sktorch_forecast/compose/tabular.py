"""Any scikit-learn regressor on the windows that the networks see."""

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.multioutput import MultiOutputRegressor
from sklearn.utils import gen_batches, get_tags
from sklearn.utils.validation import check_is_fitted

from .._data.inputs import check_targets, check_windows
from .._training.batches import WindowDataset, parts_of
from .._training.calibration import calibrate
from .._training.spec import n_series_of
from .._uncertainty.interface import UncertaintyMixin
from .._utils.atomic import unchanged_on_error
from .._utils.compat import Interval, StrOptions
from .._utils.validation import check_params
from ..layers import WindowNormalization
from ..layers.normalization import KINDS, Kind
from ._wrapping import ESTIMATOR, WrapperMixin

# How many window values to normalize at once.
_BATCH_VALUES = 2**22


class TabularForecaster(UncertaintyMixin, WrapperMixin, BaseEstimator):
    """Forecast with a scikit-learn regressor on normalized, flattened windows.

    Each window is normalized, as in the networks, and laid out as a row; the regressor
    learns what followed in the same units, and its forecasts are converted back. A
    ridge regression on such windows is fitted in seconds and beats many networks [1]_:
    it is the baseline that a network has to beat.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Any regressor. One that supports only a single output is fitted once for every
        step and target, by :class:`~sklearn.multioutput.MultiOutputRegressor`. None
        means :class:`~sklearn.linear_model.Ridge`.
    normalize : {"window", "mean", "last", "level", "season"} or None, default="window"
        How each window is shifted and scaled, as for the networks. "cycle" is not
        available here, since it is learnt together with a network.
    seasonality : int or None, default=None
        Number of timestamps in a season, for ``normalize="season"``.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator. It gets rows of ``length * n_channels`` values, all
        channels of the oldest timestamp first, then the covariates known over the
        horizon, step by step, then the static ones.
    normalization_ : sktorch_forecast.layers.WindowNormalization
        The normalization of the windows.
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
    RecursiveForecaster : The same one step at a time, without normalization.
    ConformalForecaster : Adds intervals to it.

    References
    ----------
    .. [1] W. Toner and L. Darlow (2024), An Analysis of Linear Time Series Forecasting
       Models. ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import TabularForecaster, make_windows
    >>> time = np.arange(200)
    >>> X, y = make_windows(np.sin(time / 5) + time / 50, horizon=3, length=20)
    >>> model = TabularForecaster().fit(X[:150], y[:150])
    >>> bool(np.abs(model.predict(X[150:]) - y[150:]).max() < 0.1)
    True
    """

    normalize: Kind | None
    normalization_: WindowNormalization

    covariates: ClassVar[tuple[str, ...]] = ("past", "future", "static")
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [ESTIMATOR, None],
        "normalize": [StrOptions(set(KINDS) - {"cycle"}), None],
        "seasonality": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        estimator: BaseEstimator | None = None,
        normalize: Kind | None = "window",
        seasonality: int | None = None,
    ):
        self.estimator = estimator
        self.normalize = normalize
        self.seasonality = seasonality

    def fit(self, X: Any, y: ArrayLike, **fit_params: Any) -> Self:
        """Fit the estimator on normalized windows and targets.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows, target channels first.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window, all targets of step 1 first.
        **fit_params : dict
            Passed on to the fit of the estimator, e.g. ``sample_weight``. With
            scikit-learn's metadata routing enabled, only what it requests.

        Returns
        -------
        self : TabularForecaster

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data are not valid, or a season is longer than the
            windows. A fitted forecaster stays as it was.
        """
        with unchanged_on_error(self):
            check_params(self)
            X = check_windows(self, X, reset=True)
            y = check_targets(self, X, y, reset=True)
            self._check_season()
            fit_params = self._routed(X, fit_params)
            dataset = self._dataset(X, y)
            self.normalization_ = WindowNormalization(
                self.n_channels_,
                self.n_targets_,
                kind=self.normalize,
                seasonality=self.seasonality,
                horizon=self.horizon_,
                n_future=self.n_future_,
                n_static=self.n_static_,
                n_series=n_series_of(self),
            )
            calibrate(self.normalization_, dataset)
            rows, targets = [], []
            for row, units, target in self._tables(dataset):
                rows.append(row.float())
                target = target.view(-1, self.horizon_, self.n_targets_)
                targets.append(units.encode(target).flatten(1).float())
            rows, targets = torch.cat(rows).numpy(), torch.cat(targets).numpy()
            estimator: Any = clone(self._inner())
            if targets.shape[1] == 1:
                # Regressors with a single output want it 1-D.
                targets = targets.ravel()
            elif not get_tags(estimator).target_tags.multi_output:
                estimator = MultiOutputRegressor(estimator)
            self.estimator_ = estimator.fit(rows, targets, **fit_params)
        return self

    def _predict(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = check_windows(self, X, reset=False)
        y = self._decoded(X, self.estimator_.predict)[..., 0]
        y = y.astype(X.dtype, copy=False)
        return y.ravel() if self._y_is_1d else y

    def _why_without(self, method: str) -> str | None:
        inner = getattr(self, "estimator_", None) or self._inner()
        wanted = "sample" if method == "sample" else "predict_quantiles"
        if hasattr(inner, wanted):
            return None
        return (
            f"Expected an estimator with a {wanted} method inside of "
            f"{type(self).__name__}, found {inner!r}, which only forecasts points. "
            "Wrap the whole in a ConformalForecaster."
        )

    def _quantiles(self, X: Any, levels: np.ndarray) -> np.ndarray:
        def quantiles(rows):
            return self.estimator_.predict_quantiles(rows, levels)

        return self._decoded(X, quantiles)

    def _draw(
        self, X: Any, n_samples: int, random_state: np.random.RandomState
    ) -> np.ndarray:
        def paths(rows):
            drawn = self.estimator_.sample(rows, n_samples, random_state)
            return np.moveaxis(drawn, 0, -1)

        return np.moveaxis(self._decoded(X, paths), -1, 0)

    def _decoded(self, X, forecast):
        """Forecasts of the estimator in the units of the series, float64.

        `forecast` maps rows, (batch, n_columns), to values in the units of the window,
        (batch, outputs) or (batch, outputs, n) -> (n_origins, outputs, n)
        """
        parts = []
        # In double precision, the digits that remain in a window's forecast do not
        # depend on which others are forecast with it.
        for rows, units, _ in self._tables(self._dataset(X), torch.float64):
            z = torch.from_numpy(forecast(rows.numpy()).astype(np.float64, copy=False))
            z = z.reshape(len(rows), self.horizon_, self.n_targets_, -1)
            shift, scale = (part.unsqueeze(-1) for part in units)
            parts.append((shift + scale * z).flatten(1, 2))
        return torch.cat(parts).numpy()

    def _dataset(self, X, y=None):
        return WindowDataset(X, y, series_ids=self._series_ids)

    @torch.no_grad()
    def _tables(self, dataset, dtype=torch.float32):
        """Rows for the estimator, batch by batch, with the units of the forecasts.

        Yields (batch, n_columns), the units, and the targets.
        """
        n_values = self.n_features_in_ * self.n_channels_
        for rows in gen_batches(len(dataset), max(1, _BATCH_VALUES // n_values)):
            batch, targets = dataset[rows]
            parts = parts_of(batch)
            series = parts.pop("series", None)
            parts = {
                k: v.to(torch.promote_types(v.dtype, dtype)) for k, v in parts.items()
            }
            x = parts.pop("x")
            inputs, units = self.normalization_.encode(x, series=series)
            known = [self.normalization_.standardized(k, v) for k, v in parts.items()]
            table = [part.flatten(1) for part in (inputs, *known)]
            yield torch.cat(table, dim=1), units, targets

    def _check_season(self):
        if self.normalize != "season":
            return
        season = self.seasonality
        if season is None or season > self.n_features_in_:
            raise ValueError(
                "Expected a seasonality of at most the length of the windows, "
                f"{self.n_features_in_}, with normalize='season', found {season}. Set "
                "another seasonality, or make longer windows."
            )

    @staticmethod
    def _default_estimator():
        from sklearn.linear_model import Ridge  # as in `WrapperMixin`

        return Ridge()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = False
        return tags
