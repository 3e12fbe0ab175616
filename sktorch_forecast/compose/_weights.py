"""Weights of the members of an ensemble, from their errors on held-back origins.

With weights ``w`` that sum to 1, the error of the weighted mean is the weighted mean of
the errors. So all we need to know about them is their products, summed over origins and
outputs: with ``G[i, j]`` that sum for members ``i`` and ``j``, the squared error of the
ensemble is ``w' G w``. Errors are divided by the scale of the window, so that series of
any size have a say.

References
----------
.. [1] J. M. Bates and C. W. J. Granger (1969), The Combination of Forecasts.
   Operational Research Quarterly 20, section "some methods", weights of uncorrelated
   errors.
.. [2] L. Breiman (1996), Stacked Regressions. Machine Learning 24, section 3.
.. [3] C. L. Lawson and R. J. Hanson (1974), Solving Least Squares Problems, chapter 23.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import nnls
from sklearn.utils import gen_batches

from ._mixture import points_of

# How many origins' errors to hold in memory at once.
_BATCH_SIZE = 1024


def products_of_errors(
    members: list[Any],
    X: Any,
    y: np.ndarray,
    scales: Callable[[Any], np.ndarray],
    sample_weight: np.ndarray,
) -> np.ndarray:
    """Products of the errors of every two members, summed over origins and outputs.

    Parameters
    ----------
    members : list of estimators
        Fitted.
    X : Windows or array
        The n held-back origins.
    y : ndarray of shape (n,) or (n, K)
        What followed; NaN is ignored.
    scales : callable
        Maps windows to the scales of their errors, (n, 1) or (n, K).
    sample_weight : ndarray of shape (n,)
        How much each origin counts.

    Returns
    -------
    products : ndarray of shape (M, M)
    """
    products = np.zeros((len(members), len(members)))
    for batch in gen_batches(len(X), _BATCH_SIZE):
        truth = np.asarray(y[batch], np.float64).reshape(-1, int(np.prod(y.shape[1:])))
        errors = (points_of(members, X[batch]) - truth) / scales(X[batch])
        errors = np.where(np.isnan(truth), 0, errors)
        errors *= np.sqrt(sample_weight[batch, np.newaxis])
        errors = errors.reshape(len(members), -1)  # (M, n * K)
        with np.errstate(all="ignore"):  # the caller checks for non-finite values
            products += errors @ errors.T
    return products


def by_inverse_error(products: np.ndarray) -> np.ndarray:
    """Weights inversely proportional to the mean squared errors, (M, M) -> (M,) [1]_.

    These would be optimal if the errors of the members were uncorrelated.
    """
    errors = np.diag(products)
    least = errors.min()
    # Members without an error share all of the weight.
    weights = least / errors if least > 0 else (errors == 0).astype(np.float64)
    return weights / weights.sum()


def stacked(products: np.ndarray) -> np.ndarray:
    """Least-squares weights, non-negative and with a sum of 1: (M, M) -> (M,).

    Breiman found that least squares forecasts well only with non-negative weights [2]_.
    Because they sum to 1, unbiased members give an unbiased ensemble, and its error on
    the held-back origins is at most that of the best member.

    With ``R' R = G``, they are in proportion to the solution of the non-negative least
    squares problem ``R w = 0, sum(w) = 1`` [3]_: let ``w`` be ``s v``, where ``v`` sums
    to 1. Over ``s``, the least of ``s^2 |R v|^2 + (s - 1)^2`` is
    ``|R v|^2 / (|R v|^2 + 1)``, which increases with ``|R v|^2``. So the best ``v`` is
    the same.
    """
    usual = np.trace(products) / len(products)
    values, vectors = np.linalg.eigh(products / (usual if usual > 0 else 1))
    root = np.sqrt(np.maximum(values, 0))[:, np.newaxis] * vectors.T
    ones = np.ones(len(products))
    weights, _ = nnls(np.vstack([root, ones]), np.append(np.zeros(len(root)), 1))
    return weights / weights.sum()
