"""The uncertainty of the networks: heads, and dropout that stays on."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from .._training.batches import dtype_of, subset
from .._training.spec import spec_of
from ..layers.heads import Head
from .copula import correlated_levels, learned_correlation
from .dropout import active_dropouts, passes
from .interface import N_DRAWS, quantiles_of

# Number of origins from which the correlation of the steps is learned.
_N_CORRELATED = 1000


@dataclass(frozen=True)
class NetworkUncertainty:
    """Quantiles and paths from a head, from Monte Carlo dropout, or from both.

    A head gives the distribution of every single value; the dependence between the
    steps of a path is learned as a copula from origins that were held back in training.
    Without a head, Monte Carlo dropout does not include the noise of the series, so
    intervals are usually too narrow.

    Attributes
    ----------
    head : Head
        What the network forecasts.
    """

    head: Head

    def point(self, net: Any, X: Any, n_samples: int | None) -> np.ndarray:
        """Point forecasts, averaged over passes with dropout if requested.

        Parameters
        ----------
        net : Forecaster
            Fitted.
        X : Windows, ndarray or dataset
            Checked windows.
        n_samples : int or None
            Number of passes; None forecasts once, with dropout off.

        Returns
        -------
        y : ndarray of shape (n_origins, n_outputs)
        """
        if n_samples is not None:
            samples = self._passes(net, X, n_samples, net._generator())
            return self._mean(samples).mean(axis=0)
        # Filled batch by batch, so that a million origins need no second copy.
        y = np.empty(0)
        for rows, batch in _forecasts(net, X):
            batch = self._mean(batch)
            if not rows.start:
                y = np.empty((len(X), batch.shape[1]), dtype_of(X))
            y[rows] = batch
        return y

    def quantiles(self, net: Any, X: Any, levels: np.ndarray) -> np.ndarray:
        """(n_origins, n_outputs, n_quantiles) for checked windows."""
        if not self.head.is_distribution or net.n_mc_samples is not None:
            n_samples = net.n_mc_samples or N_DRAWS
            return quantiles_of(self.draw(net, X, n_samples, net._generator()), levels)
        y = np.empty((len(X), net.spec_.n_outputs, len(levels)), dtype_of(X))
        for rows, params in _forecasts(net, X):
            # (batch, outputs, 1, p) and (n_quantiles,)
            y[rows] = self.head.quantile(params[:, :, np.newaxis], levels)
        # Rounding to float32 keeps the order, but root finding may break ties wrongly.
        return np.maximum.accumulate(y, axis=-1)

    def draw(
        self, net: Any, X: Any, n_samples: int, random_state: np.random.RandomState
    ) -> np.ndarray:
        """(n_samples, n_origins, n_outputs) for checked windows."""
        if not self.head.is_distribution:
            _warn_if_passes_are_alike(net)
            return self._passes(net, X, n_samples, random_state)
        shape = n_samples, len(X), net.spec_.n_outputs
        samples = np.empty(shape, dtype_of(X))
        if net.n_mc_samples is not None:
            drawn = self._passes(net, X, n_samples, random_state)
            # One by one: scipy makes several copies of what it computes.
            for path, params in zip(samples, drawn):
                path[:] = self._paths(net, params, 1, random_state)[0]
            return samples
        for rows, params in _forecasts(net, X):
            samples[:, rows] = self._paths(net, params, n_samples, random_state)
        return samples

    def learn_correlation(self, net: Any, dataset: Any) -> None:
        """Learn the correlation of the steps from the held-back origins.

        If there are none, from the training origins.
        """
        if not self.head.is_distribution or net.spec_.n_outputs == 1:
            return
        _, held_back = net.get_split_datasets(dataset)
        part = dataset if held_back is None or len(held_back) < 2 else held_back
        rows = np.linspace(0, len(part) - 1, min(len(part), _N_CORRELATED)).astype(int)
        ranks = []
        for batch in net.get_iterator(subset(part, np.unique(rows)), training=False):
            params = net.own_evaluation_step(batch).cpu().numpy()
            ranks.append(self._ranks(params, batch[1].cpu().numpy(), net._random))
        correlation = learned_correlation(np.concatenate(ranks))
        if correlation is not None:
            net.module_.correlation.copy_(torch.from_numpy(correlation))

    def _passes(self, net, X, n_samples, random_state):
        if not active_dropouts(net.module_):
            raise ValueError(_no_source(net))
        return passes(net, X, n_samples, random_state)

    def _mean(self, y):
        """Point forecasts from the outputs of the network."""
        return self.head.mean(y) if self.head.is_distribution else y

    def _paths(self, net, params, n_samples, random_state):
        """Joint draws: (batch, outputs, p) -> (n_samples, batch, outputs)"""
        correlation = net.module_.correlation.cpu().numpy()
        shape = n_samples, len(params)
        levels = correlated_levels(correlation, shape, random_state)
        return self.head.quantile(params, levels)

    def _ranks(self, params, y, random_state):
        """Rank of each value in its distribution, from 0 to 1; random within a count.

        A count has a positive probability: its rank is drawn from the range that it
        covers, since otherwise rounding would make counts look correlated.
        """
        upper = self.head.cdf(params, y)
        if not self.head.is_discrete:
            return upper
        lower = self.head.cdf(params, y - 1)
        return lower + random_state.random_sample(y.shape) * (upper - lower)


def why_without(net: Any) -> str | None:
    """Why a network has no uncertainty, in words; None if it has.

    Before a fit, its parameters decide; a user's own module may have dropout that no
    parameter reveals.
    """
    if net.initialized_:
        is_sure = net.uncertainty_.head.is_distribution
        is_sure = is_sure or bool(active_dropouts(net.module_))
    else:
        is_sure = spec_of(net).family is not None or getattr(net, "dropout", 1) != 0
    return None if is_sure else _no_source(net)


def _warn_if_passes_are_alike(net):
    baseline = net.module_.baseline
    if baseline is not None and baseline.share == 0:
        warnings.warn(
            "The forecast comes from the baseline alone (linear_share_ is 1), so all "
            "passes with dropout are alike, and intervals have no width. Fit with a "
            "distribution, e.g. loss='normal', wrap the forecaster in a "
            "ConformalForecaster, or use baseline=None.",
            UserWarning,
        )


def _no_source(net):
    return (
        f"{type(net).__name__} has no dropout to sample and no other source of "
        "uncertainty. Fit it with loss='normal' or another distribution, with "
        "loss='quantile' or with a dropout above 0, or wrap it in a "
        "ConformalForecaster."
    )


def _forecasts(net, X) -> Iterator[tuple[slice, np.ndarray]]:
    """Slices of the rows, and the network's outputs for them."""
    start = 0
    # The device is explicit, since skorch's cache has another default.
    for batch in net.forward_iter(X, device="cpu"):
        # Scoring callbacks pass in forecasts from training: hence detach.
        yield slice(start, stop := start + len(batch)), batch.detach().numpy()
        start = stop
