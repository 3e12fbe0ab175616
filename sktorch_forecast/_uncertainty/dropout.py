"""Monte Carlo dropout: a network that forecasts with dropout on, many times.

Every pass through the network drops other units, which amounts to another network each
time; their spread tells how unsure the network is of its weights [1]_.

References
----------
.. [1] Y. Gal and Z. Ghahramani (2016), Dropout as a Bayesian Approximation:
   Representing Model Uncertainty in Deep Learning. ICML, section 4.
"""

from typing import Any

import numpy as np
import torch

from .._training.batches import parts_of, windows_of
from .._training.device import limited_threads
from .._utils.randomness import draw_seed
from ..layers import Dropout

# Rows of one pass through the network: origins times samples.
_ROWS_OF_A_PASS = 4096


def active_dropouts(module: torch.nn.Module) -> list[Dropout]:
    """The parts of a network that drop something."""
    return [m for m in module.modules() if isinstance(m, Dropout) and m.p > 0]


def passes(
    net: Any, X: Any, n_samples: int, random_state: np.random.RandomState
) -> np.ndarray:
    """Forecasts of a network in passes with dropout.

    Parameters
    ----------
    net : Forecaster
        Fitted.
    X : Windows or ndarray
        Checked windows.
    n_samples : int
        Passes for each origin.
    random_state : RandomState
        Seeds what is dropped.

    Returns
    -------
    samples : ndarray of shape (n_samples, n_origins, n_outputs), or (n_samples, \
            n_origins, n_outputs, n_params) for the parameters of a distribution
    """
    dropouts = active_dropouts(net.module_)
    generator = torch.Generator(net.device_).manual_seed(draw_seed(random_state))
    for dropout in dropouts:
        dropout.generator = generator
    parts = []
    with limited_threads(net.n_threads):
        for batch in net.get_iterator(net.get_dataset(X), training=False):
            parts.append(_passes_of(net, batch, n_samples, dropouts))
    samples = np.concatenate(parts, axis=1)
    return samples.astype(dtype_of(X), copy=False)


def _passes_of(net, batch, n_samples, dropouts):
    """Passes of one batch, (n_samples, batch, ...), as many at once as fit."""
    # Only dropout goes into training mode; all else forecasts as in `predict`.
    net.set_mode(training=False)
    for dropout in dropouts:
        dropout.train()
    try:
        n_rows = len(windows_of(batch))
        step, parts = max(1, _ROWS_OF_A_PASS // n_rows), []
        for start in range(0, n_samples, step):
            n = min(step, n_samples - start)
            # (batch, ...) -> (n * batch, ...)
            repeated = parts_of(
                batch[0], lambda x, n=n: x.repeat(n, *[1] * (x.ndim - 1))
            )
            with torch.no_grad():
                y = net.decoded(net.infer(repeated)).cpu().numpy()
            parts.append(y.reshape(n, n_rows, *y.shape[1:]))
        return np.concatenate(parts)
    finally:
        for dropout in dropouts:
            dropout.eval()


def dtype_of(X: Any) -> Any:
    """Precision of the forecasts for windows."""
    return X.dtype if X.dtype in (np.float32, np.float64) else np.float32
