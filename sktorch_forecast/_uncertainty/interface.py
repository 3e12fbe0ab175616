"""How sure a forecast is: one interface on every forecaster.

A forecaster that has a source of uncertainty says by `_draw` how paths are drawn, and
by `_quantiles` how quantiles are found where there is a better way than to draw.
"""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._data.inputs import check_windows
from .._utils.randomness import private_random_state
from .._utils.validation import (
    check_coverage,
    check_positive_int,
    check_quantiles,
    levels_of,
)


class UncertaintyMixin:
    """Intervals, quantiles and sample paths for a forecaster of windows."""

    # Paths from which quantiles are read where there is no better way.
    _n_draws = 200

    def predict_interval(self, X, coverage=0.9):
        """Central intervals for every step.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.
        coverage : float in (0, 1), default=0.9
            Probability that the interval is to hold; as much is cut off below as
            above it.

        Returns
        -------
        interval : ndarray of shape (n_origins, horizon * n_targets, 2)
            Lower and upper ends, in the units of the series.

        Raises
        ------
        ValueError
            If `coverage` is not between 0 and 1, or as for `predict_quantiles`.
        """
        return self.predict_quantiles(X, levels_of(check_coverage(coverage)))

    def predict_quantiles(self, X, quantiles):
        """Quantiles of every step.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.
        quantiles : array-like of shape (n_quantiles,)
            Their levels, increasing, between 0 and 1.

        Returns
        -------
        y : ndarray of shape (n_origins, horizon * n_targets, n_quantiles)
            In the units of the series; along the last axis they never decrease.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        ValueError
            If the levels are not increasing and between 0 and 1, if there is no
            source of uncertainty, or if `X` is not valid.
        """
        check_is_fitted(self)
        levels = check_quantiles(quantiles)
        return self._quantiles(check_windows(self, X, reset=False), levels)

    def sample(self, X, n_samples=100, random_state=None):
        """Draw joint paths of all steps.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.
        n_samples : int, default=100
            Paths for each origin.
        random_state : int, RandomState instance or None, default=None
            Seeds the draws; None takes the forecaster's own `random_state`, if it has
            one.

        Returns
        -------
        samples : ndarray of shape (n_samples, n_origins, horizon * n_targets)
            In the units of the series.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            If `n_samples` is not a positive integer, if there is no source of
            uncertainty, or if `X` is not valid.
        """
        check_is_fitted(self)
        n_samples = check_positive_int(n_samples, "n_samples")
        X = check_windows(self, X, reset=False)
        return self._draw(X, n_samples, self._generator(random_state))

    def _generator(self, random_state=None):
        """A RandomState from the argument, or from the forecaster's own parameter."""
        if random_state is None:
            random_state = getattr(self, "random_state", None)
        return private_random_state(random_state)

    def _quantiles(self, X, levels):
        """(n_origins, outputs, n_quantiles) for checked windows."""
        samples = self._draw(X, self._n_draws, self._generator())
        # (n_quantiles, n_origins, outputs) -> (n_origins, outputs, n_quantiles)
        return np.moveaxis(np.quantile(samples, levels, axis=0), 0, -1)

    def _draw(self, X, n_samples, random_state):
        """(n_samples, n_origins, outputs) for checked windows."""
        raise NotImplementedError
