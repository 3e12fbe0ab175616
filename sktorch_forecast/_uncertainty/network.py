"""The uncertainty of the networks: heads, and dropout that stays on.

A head (``layers.heads``) gives the distribution of every single value. How the steps
of one path hang together is learned afterwards from origins that the training has held
back, as a Gaussian copula: with ``F_j`` the forecast distribution of output j, the
normal scores ``z_j = Phi^-1(F_j(y_j))`` of what followed have a correlation matrix R,
and a path is ``y_j = F_j^-1(Phi(z_j))`` with ``z ~ N(0, R)`` [1]_.

References
----------
.. [1] R. B. Nelsen (2006), An Introduction to Copulas, 2nd edition, section 2.3
   (Sklar's theorem), with the copula of a normal distribution.
"""

import numpy as np
import torch
from scipy import special
from torch.utils.data import Subset

from .._training.batches import parts_of, windows_of
from .._training.device import limited_threads
from .._utils.randomness import draw_seed
from ..layers import Dropout
from .interface import UncertaintyMixin

# Rows of one pass through the network: origins times samples.
_ROWS_OF_A_PASS = 4096
# Origins from which the correlation of the steps is learned.
_N_CORRELATED = 1000


class NetworkUncertaintyMixin(UncertaintyMixin):
    """Quantiles and paths from a head, from Monte Carlo dropout, or from both.

    In Monte Carlo dropout every pass through the network drops other units, which
    amounts to another network each time; their spread tells how unsure the network is
    of its weights [1]_. Without a head it does not include the noise of the series, so
    intervals are too narrow as a rule.

    References
    ----------
    .. [1] Y. Gal and Z. Ghahramani (2016), Dropout as a Bayesian Approximation:
       Representing Model Uncertainty in Deep Learning. ICML, section 4.
    """

    @property
    def _n_draws(self):
        return self.n_mc_samples or UncertaintyMixin._n_draws

    def _quantiles(self, X, levels):
        if self.head_ is None or self.n_mc_samples is not None:
            return super()._quantiles(X, levels)
        y = np.empty((len(X), self._n_outputs, len(levels)), _dtype_of(X))
        for rows, params in self._parameters_of(X):
            # (batch, outputs, 1, p) and (n_quantiles,)
            y[rows] = self.head_.quantile(params[:, :, np.newaxis], levels)
        # Rounding to float32 keeps the order, but root finding may upset a tie.
        return np.maximum.accumulate(y, axis=-1)

    def _draw(self, X, n_samples, random_state):
        if self.head_ is None:
            return self._passes(X, n_samples, random_state)
        shape = n_samples, len(X), self._n_outputs
        samples = np.empty(shape, _dtype_of(X))
        if self.n_mc_samples is not None:
            passes = self._passes(X, n_samples, random_state)
            # One by one: scipy makes several copies of what it computes.
            for path, part in zip(samples, self._as_params(passes)):
                path[:] = self._paths(part, 1, random_state)[0]
            return samples
        for rows, params in self._parameters_of(X):
            samples[:, rows] = self._paths(params, n_samples, random_state)
        return samples

    def _paths(self, params, n_samples, random_state):
        """Joint draws: (batch, outputs, p) -> (n_samples, batch, outputs)"""
        correlation = self.module_.correlation.cpu().numpy().astype(np.float64)
        root = np.linalg.cholesky(correlation)
        normal = random_state.standard_normal((n_samples, *params.shape[:2])) @ root.T
        # Not so far out that the level rounds to 1, where quantiles are infinite.
        return self.head_.quantile(params, special.ndtr(normal.clip(-8, 8)))

    def _parameters_of(self, X):
        """Slices of the rows and their distributions, (batch, outputs, p)."""
        start = 0
        for batch in self.forward_iter(X):
            stop = start + len(batch)
            yield slice(start, stop), self._as_params(batch.numpy())
            start = stop

    def _point(self, y):
        """Point forecasts from what the network puts out: (..., outputs * p)."""
        if self.head_ is None:
            return y
        return self.head_.mean(self._as_params(y))

    def _as_params(self, y):
        """What the network puts out, (..., outputs * p) -> (..., outputs, p)"""
        return y.reshape(*y.shape[:-1], -1, self._n_params)

    def _learn_correlation(self, dataset):
        """Learn the correlation of the steps from what has been held back.

        Where nothing has, from the training origins. The estimate is shrunk towards
        independence by as much as few origins ask for.
        """
        if self.head_ is None or self._n_outputs == 1:
            return
        # Not at the top of the file: it takes a fifth of the time of importing all.
        from sklearn.covariance import OAS

        _, held_back = self.get_split_datasets(dataset)
        part = dataset if held_back is None or len(held_back) < 2 else held_back
        rows = np.linspace(0, len(part) - 1, min(len(part), _N_CORRELATED)).astype(int)
        ranks = []
        for batch in self.get_iterator(Subset(part, np.unique(rows)), training=False):
            params = self._as_params(self.evaluation_step(batch).cpu().numpy())
            ranks.append(self._ranks(params, batch[1].cpu().numpy()))
        u = np.concatenate(ranks)
        u = u[np.isfinite(u).all(axis=1)]  # where nothing is missing in y
        if len(u) < 2:
            return
        scores = special.ndtri(u.clip(1e-6, 1 - 1e-6))
        covariance = OAS(assume_centered=True).fit(scores).covariance_
        deviation = np.sqrt(np.diag(covariance))
        correlation = torch.from_numpy(covariance / np.outer(deviation, deviation))
        self.module_.correlation.copy_(correlation)

    def _ranks(self, params, y):
        """Place of each value in its distribution, from 0 to 1; counts anywhere in it.

        A count has a probability of its own: its rank is drawn from the range that it
        takes up, as otherwise counts would look correlated for being rounded.
        """
        upper = self.head_.cdf(params, y)
        if not self.head_.is_discrete:
            return upper
        lower = self.head_.cdf(params, y - 1)
        return lower + self._random.random_sample(y.shape) * (upper - lower)

    def _passes(self, X, n_samples, random_state):
        """What the network puts out in passes with dropout, (n_samples, n, outputs)."""
        dropouts = self._active_dropouts()
        seed = draw_seed(random_state)
        generator = torch.Generator(self._device).manual_seed(seed)
        for dropout in dropouts:
            dropout.generator = generator
        shape = n_samples, len(X), self._n_outputs * self._n_params
        samples = np.empty(shape, _dtype_of(X))
        start = 0
        with limited_threads(self.n_jobs):
            for batch in self.get_iterator(self.get_dataset(X), training=False):
                stop = start + len(windows_of(batch))
                self._fill(samples[:, start:stop], batch[0], dropouts)
                start = stop
        return samples

    def _active_dropouts(self):
        dropouts = [
            module
            for module in self.module_.modules()
            if isinstance(module, Dropout) and module.p > 0
        ]
        if not dropouts:
            raise ValueError(
                f"{type(self).__name__} has no dropout to sample and no other source "
                "of uncertainty: its network was built without. Fit it with "
                "likelihood='normal', with quantiles=(0.05, 0.5, 0.95) or with a "
                "dropout above 0, or put a ConformalForecaster around it."
            )
        return dropouts

    def _fill(self, samples, batch, dropouts):
        """Fill `samples`, (n_samples, batch, outputs), with forecasts of a batch."""
        # Only dropout goes into training mode; all else forecasts as in `predict`.
        self._set_training(False)
        for dropout in dropouts:
            dropout.train()
        try:
            step = max(1, _ROWS_OF_A_PASS // samples.shape[1])
            for start in range(0, len(samples), step):
                part = samples[start : start + step]
                n = len(part)
                # (batch, ...) -> (n * batch, ...)
                repeated = parts_of(
                    batch, lambda x, n=n: x.repeat(n, *[1] * (x.ndim - 1))
                )
                with torch.no_grad():
                    y = self.infer(repeated).cpu().numpy()
                part[:] = y.reshape(part.shape)
        finally:
            for dropout in dropouts:
                dropout.eval()


def _dtype_of(X):
    return X.dtype if X.dtype in (np.float32, np.float64) else np.float32
