"""The forecast that every other has to beat."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from ._inputs import check_targets, check_windows, unchanged_on_error


class NaiveForecaster(RegressorMixin, BaseEstimator):
    """Repeat the last value, or the last season.

    Parameters
    ----------
    seasonality : int, default=1
        Timestamps in a season. Step ``h`` repeats the value of the same place in the
        last season of the window; 1 repeats the last value.

    Attributes
    ----------
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

    References
    ----------
    .. [1] R. J. Hyndman and G. Athanasopoulos (2021), Forecasting: Principles and
       Practice, 3rd edition, section 5.2, naive and seasonal naive method.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import NaiveForecaster, make_windows
    >>> X, y = make_windows(np.arange(8.0), horizon=3, length=4)
    >>> NaiveForecaster(seasonality=2).fit(X, y).predict(X[:1])
    array([[2., 3., 2.]], dtype=float32)
    """

    _parameter_constraints = {
        "seasonality": [Interval(Integral, 1, None, closed="left")]
    }

    def __init__(self, seasonality=1):
        self.seasonality = seasonality

    def fit(self, X, y):
        """Remember the shapes; there is nothing to learn.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows, target channels first.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window.

        Returns
        -------
        self : NaiveForecaster

        Raises
        ------
        TypeError, ValueError
            If the data are not valid or the windows are shorter than a season.
        """
        with unchanged_on_error(self):
            self._validate_params()
            X = check_windows(self, X, reset=True)
            check_targets(self, X, y, reset=True)
            if self.seasonality > self.n_features_in_:
                raise ValueError(
                    f"Expected windows of at least seasonality={self.seasonality} "
                    f"timestamps, found {self.n_features_in_}. Make longer windows."
                )
        return self

    def predict(self, X):
        """Repeat the end of each window.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.

        Returns
        -------
        y : ndarray of shape (n_origins,) or (n_origins, horizon * n_targets)
            In the shape that `y` had in `fit`, and in the precision of `X`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            If X is not like the windows of the fit.
        """
        check_is_fitted(self)
        X = check_windows(self, X, reset=False)
        # The last season is a window of its own: lazy ones are never materialized.
        season = (
            X[:, -self.seasonality :]
            if isinstance(X, np.ndarray)
            else np.asarray(X.with_length(self.seasonality))
        )
        if season.ndim == 2:
            season = season[:, :, np.newaxis]
        places = np.arange(self.horizon_) % self.seasonality
        # (n_origins, seasonality, n_channels) -> (n_origins, horizon * n_targets)
        y = season[:, places, : self.n_targets_].reshape(len(season), -1)
        return y.ravel() if self._y_is_1d else y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        # It learns nothing, so it cannot fit any relation.
        tags.regressor_tags.poor_score = True
        return tags
