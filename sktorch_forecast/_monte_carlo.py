"""Intervals and samples by dropout that stays on while forecasting."""

from numbers import Real

import numpy as np
import torch
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from ._batches import windows_of
from ._hardware import limited_threads
from ._inputs import check_windows
from ._randomness import draw_seed, private_random_state
from ._validation import check_positive_int
from .layers import Dropout

# Rows of one pass through the network: origins times samples.
_ROWS_OF_A_PASS = 4096


class MonteCarloDropoutMixin:
    """Samples of the forecast by Monte Carlo dropout.

    Every pass through the network drops other units, which amounts to another network
    each time; their spread tells how unsure the network is of its weights [1]_. It does
    not include the noise of the series, so intervals are too narrow as a rule.

    References
    ----------
    .. [1] Y. Gal and Z. Ghahramani (2016), Dropout as a Bayesian Approximation:
       Representing Model Uncertainty in Deep Learning. ICML, section 4.
    """

    def sample(self, X, n_samples=100, random_state=None):
        """Draw forecasts by Monte Carlo dropout.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.
        n_samples : int, default=100
            Passes through the network, each with other units dropped.
        random_state : int, RandomState instance or None, default=None
            Seeds the passes; None takes the forecaster's own `random_state`.

        Returns
        -------
        samples : ndarray of shape (n_samples, n_origins, horizon * n_targets)
            In the units of the series and in the precision of `X`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        ValueError
            If the network has no dropout to sample, or the input is not valid.

        References
        ----------
        .. [1] Y. Gal and Z. Ghahramani (2016), Dropout as a Bayesian Approximation:
           Representing Model Uncertainty in Deep Learning. ICML, equation 6.
        """
        check_is_fitted(self)
        n_samples = check_positive_int(n_samples, "n_samples")
        dropouts = self._active_dropouts()
        X = check_windows(self, X, reset=False)
        if random_state is None:
            random_state = self.random_state
        seed = draw_seed(private_random_state(random_state))
        generator = torch.Generator(self._device).manual_seed(seed)
        for dropout in dropouts:
            dropout.generator = generator
        dtype = X.dtype if X.dtype in (np.float32, np.float64) else np.float32
        samples = np.empty((n_samples, len(X), self.horizon_ * self.n_targets_), dtype)
        start = 0
        with limited_threads(self.n_jobs):
            for batch in self.get_iterator(self.get_dataset(X), training=False):
                x = windows_of(batch)
                stop = start + len(x)
                self._fill(samples[:, start:stop], x, dropouts)
                start = stop
        return samples

    def predict_interval(self, X, coverage=0.9, n_samples=100, random_state=None):
        """Central intervals of samples drawn by Monte Carlo dropout.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.
        coverage : float in (0, 1), default=0.9
            Share of the samples inside the interval. The share of true values inside
            is lower as a rule, since the noise of the series is not in the samples.
        n_samples : int, default=100
            Passes through the network.
        random_state : int, RandomState instance or None, default=None
            As for `sample`.

        Returns
        -------
        interval : ndarray of shape (n_origins, horizon * n_targets, 2)
            Lower and upper ends, in the units of the series.

        Raises
        ------
        ValueError
            If `coverage` is not between 0 and 1, or as for `sample`.
        """
        check_scalar(
            coverage,
            "coverage",
            Real,
            min_val=0,
            max_val=1,
            include_boundaries="neither",
        )
        samples = self.sample(X, n_samples, random_state)
        ends = [(1 - coverage) / 2, (1 + coverage) / 2]
        # (2, n_origins, outputs) -> (n_origins, outputs, 2)
        return np.moveaxis(np.quantile(samples, ends, axis=0), 0, -1)

    def _active_dropouts(self):
        dropouts = [
            module
            for module in self.module_.modules()
            if isinstance(module, Dropout) and module.p > 0
        ]
        if not dropouts:
            raise ValueError(
                f"{type(self).__name__} has no dropout to sample: its network was "
                "built without. Fit it with a dropout above 0, e.g. "
                "set_params(dropout=0.1)."
            )
        return dropouts

    def _fill(self, samples, x, dropouts):
        """Fill `samples`, (n_samples, batch, outputs), with forecasts of a batch."""
        # Only dropout goes into training mode; all else forecasts as in `predict`.
        self._set_training(False)
        for dropout in dropouts:
            dropout.train()
        try:
            step = max(1, _ROWS_OF_A_PASS // len(x))
            for start in range(0, len(samples), step):
                part = samples[start : start + step]
                # (batch, length, n_channels) -> (part * batch, length, n_channels)
                repeated = x.repeat(len(part), 1, 1)
                with torch.no_grad():
                    y = self.infer(repeated).cpu().numpy()
                part[:] = y.reshape(part.shape)
        finally:
            for dropout in dropouts:
                dropout.eval()
