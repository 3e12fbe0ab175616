"""The forecast that every other one has to beat."""

from numbers import Integral
from typing import Any, Self, cast

import numpy as np
from numpy.typing import ArrayLike
from scipy import special
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ._data.inputs import check_targets, check_windows
from ._data.windows import Windows
from ._files.mixin import FileMixin
from ._uncertainty.interface import UncertaintyMixin
from ._utils.atomic import unchanged_on_error
from ._utils.compat import Interval
from ._utils.validation import check_params
from .metrics._scale import naive_scale


class NaiveForecaster(UncertaintyMixin, FileMixin, RegressorMixin, BaseEstimator):
    """Repeat the last value, or the last season.

    Its quantiles and paths are those of the process for which this is the best
    forecast, a (seasonal) random walk: from one season to the next, each value changes
    by a normal increment whose standard deviation is the root mean square of these
    changes within the window. A step k seasons ahead is the sum of k increments.

    Parameters
    ----------
    seasonality : int, default=1
        Number of timestamps in a season. Step ``h`` repeats the value at the same place
        in the last season of the window; 1 repeats the last value.

    Attributes
    ----------
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

    References
    ----------
    .. [1] R. J. Hyndman and G. Athanasopoulos (2021), Forecasting: Principles and
       Practice, 3rd edition, section 5.2, naive and seasonal naive method, and table
       5.2, their deviations.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import NaiveForecaster, make_windows
    >>> X, y = make_windows(np.arange(8.0), horizon=3, length=4)
    >>> NaiveForecaster(seasonality=2).fit(X, y).predict(X[:1])
    array([[2., 3., 2.]], dtype=float32)
    """

    covariates: tuple[str, ...] = ()
    parameter_constraints: dict[str, list[Any]] = {
        "seasonality": [Interval(Integral, 1, None, closed="left")]
    }

    n_features_in_: int
    feature_names_in_: np.ndarray
    n_channels_: int
    n_targets_: int
    horizon_: int
    _y_is_1d: bool

    def __init__(self, seasonality: int = 1) -> None:
        self.seasonality = seasonality

    def fit(self, X: Windows | ArrayLike, y: ArrayLike) -> Self:
        """Remember the shapes; there is nothing to learn.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows in the units of the series, target channels first.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window, in the units of the series, all targets of step
            1 first.

        Returns
        -------
        self : NaiveForecaster

        Raises
        ------
        TypeError, ValueError
            If the data are not valid or the windows are shorter than a season.
        """
        with unchanged_on_error(self):
            check_params(self)
            X = check_windows(self, X, reset=True)
            check_targets(self, X, y, reset=True)
            self._seasonality = self.seasonality  # what forecasts use from now on
            if self.seasonality > self.n_features_in_:
                raise ValueError(
                    f"Expected windows of at least seasonality={self.seasonality} "
                    f"timestamps, found {self.n_features_in_}. Make longer windows."
                )
        return self

    def _predict(self, X: Windows | ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        windows = cast(Windows | np.ndarray, check_windows(self, X, reset=False))
        y = self._forecast(windows)
        return y.ravel() if self._y_is_1d else y

    def _forecast(self, X: Windows | np.ndarray) -> np.ndarray:
        """(n_origins, horizon * n_targets)"""
        # The last season is a window of its own: lazy ones are never materialized.
        season = (
            X[:, -self._seasonality :]
            if isinstance(X, np.ndarray)
            else np.asarray(X.with_length(self._seasonality))
        )
        if season.ndim == 2:
            season = season[:, :, np.newaxis]
        places = np.arange(self.horizon_) % self._seasonality
        # (n_origins, seasonality, n_channels) -> (n_origins, horizon * n_targets)
        return season[:, places, : self.n_targets_].reshape(len(season), -1)

    def _deviation(self, X: Windows | np.ndarray) -> np.ndarray:
        """Deviation of the change between seasons, (n_origins, n_targets)."""
        if self.n_features_in_ <= self._seasonality:
            raise ValueError(
                f"Expected windows of more than seasonality={self._seasonality} "
                f"timestamps to see how seasons change, found {self.n_features_in_}. "
                "Make longer windows."
            )
        return naive_scale(
            X[:, :, np.newaxis] if isinstance(X, np.ndarray) and X.ndim == 2 else X,
            power=2,
            seasonality=self._seasonality,
            n_targets=self.n_targets_,
            name="X",
        )

    def _quantiles(self, X: Windows | np.ndarray, levels: np.ndarray) -> np.ndarray:
        n_seasons = np.arange(self.horizon_) // self._seasonality + 1
        # (n, 1, n_targets) * (horizon, 1) -> (n, horizon, n_targets) -> (n, outputs)
        deviation = self._deviation(X)[:, np.newaxis] * np.sqrt(
            n_seasons[:, np.newaxis]
        )
        deviation = deviation.reshape(len(X), -1, 1)
        return self._forecast(X)[..., np.newaxis] + deviation * special.ndtri(levels)

    def _draw(
        self,
        X: Windows | np.ndarray,
        n_samples: int,
        random_state: np.random.RandomState,
    ) -> np.ndarray:
        forecast, deviation = self._forecast(X), self._deviation(X)
        shape = n_samples, len(forecast), self.horizon_, self.n_targets_
        changes = random_state.standard_normal(shape) * deviation[:, np.newaxis]
        for step in range(self._seasonality, self.horizon_):
            changes[:, :, step] += changes[:, :, step - self._seasonality]
        return forecast + changes.reshape(*shape[:2], -1)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        # It learns nothing, so it cannot fit any relation.
        tags.regressor_tags.poor_score = True
        return tags
