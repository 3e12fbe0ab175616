"""Dependence between the steps of a path: a Gaussian copula.

A head gives the distribution of every single value. With ``F_j`` the forecast
distribution of output j, the normal scores ``z_j = Phi^-1(F_j(y_j))`` of what followed
have a correlation matrix R, and a path is ``y_j = F_j^-1(Phi(z_j))`` with
``z ~ N(0, R)`` [1]_.

References
----------
.. [1] R. B. Nelsen (2006), An Introduction to Copulas, 2nd edition, section 2.3
   (Sklar's theorem), with the copula of a normal distribution.
"""

import numpy as np
from scipy import special


def learned_correlation(ranks: np.ndarray) -> np.ndarray | None:
    """Correlation of the normal scores of the observed values.

    The estimate is shrunk towards independence, the more so the fewer origins there
    are.

    Parameters
    ----------
    ranks : ndarray of shape (n_origins, n_outputs)
        Rank of each value in its distribution, from 0 to 1; NaN where it is missing.

    Returns
    -------
    correlation : ndarray of shape (n_outputs, n_outputs), or None
        None if fewer than two origins have all values.
    """
    # Not at the top of the file: it is a fifth of the package's import time.
    from sklearn.covariance import OAS

    ranks = ranks[np.isfinite(ranks).all(axis=1)]
    if len(ranks) < 2:
        return None
    scores = special.ndtri(ranks.clip(1e-6, 1 - 1e-6))
    covariance = OAS(assume_centered=True).fit(scores).covariance_
    deviation = np.sqrt(np.diag(covariance))
    return covariance / np.outer(deviation, deviation)


def correlated_levels(
    correlation: np.ndarray, shape: tuple[int, int], random_state: np.random.RandomState
) -> np.ndarray:
    """Levels, uniform for each output, whose normal scores are correlated.

    Parameters
    ----------
    correlation : ndarray of shape (n_outputs, n_outputs)
    shape : (n_samples, n_origins)
    random_state : RandomState

    Returns
    -------
    levels : ndarray of shape (n_samples, n_origins, n_outputs)
    """
    root = np.linalg.cholesky(correlation.astype(np.float64))
    scores = random_state.standard_normal((*shape, len(root))) @ root.T
    # Not so far out that the level rounds to 1, where quantiles are infinite.
    return special.ndtr(scores.clip(-8, 8))
