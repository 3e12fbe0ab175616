"""Monte Carlo dropout: a network that forecasts with dropout on, many times.

Every pass through the network drops different units, which amounts to a different
network each time; their spread shows how uncertain the weights are [1]_.

References
----------
.. [1] Y. Gal and Z. Ghahramani (2016), Dropout as a Bayesian Approximation:
   Representing Model Uncertainty in Deep Learning. ICML, section 4.
"""

from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn

from .._training.batches import dtype_of, parts_of, windows_of
from .._training.device import limited_threads
from .._utils.randomness import draw_seed, keys_of_passes, keys_of_rows
from ..layers import Dropout, ForecastNetwork
from ..layers.dropout import Masks, dropping

# Rows of one pass through the network: origins times samples.
_ROWS_OF_A_PASS = 4096


def active_dropouts(module: nn.Module) -> list[Dropout]:
    """The modules of a network that drop something."""
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
        Number of passes for each origin.
    random_state : RandomState
        Seeds the masks.

    Returns
    -------
    samples : ndarray of shape (n_samples, n_origins, n_outputs), or (n_samples, \
            n_origins, n_outputs, n_params) for the parameters of a distribution
    """
    seed, parts = draw_seed(random_state), []
    # A compiled network was traced without dropout.
    eager = nullcontext()
    if type(net.module_) is not ForecastNetwork:
        eager = torch.compiler.set_stance("force_eager")
    with limited_threads(net.n_threads), eager:
        for batch in net.get_iterator(net.get_dataset(X), training=False):
            parts.append(_passes_of(net, batch, n_samples, seed))
    samples = np.concatenate(parts, axis=1)
    return samples.astype(dtype_of(X), copy=False)


def _passes_of(net, batch, n_samples, seed):
    """Passes of one batch, (n_samples, batch, ...), as many at once as fit."""
    # Only dropout is on; everything else works as in `predict`.
    net.set_mode(training=False)
    n_rows = len(windows_of(batch))
    # A forecast is a function of the window, the seed and the pass: it depends neither
    # on the other windows nor on their order, and different windows get different
    # masks, so that errors average out over origins as they do over passes.
    parts = parts_of(batch[0], lambda part: part.to(net.device_))
    for name in ("series", "phase"):
        parts.pop(name, None)
    shape = _without_units(parts.pop("x"))
    rows = keys_of_rows([*shape, *parts.values()])
    step, samples = max(1, _ROWS_OF_A_PASS // n_rows), []
    for start in range(0, n_samples, step):
        n = min(step, n_samples - start)
        # (batch, ...) -> (n * batch, ...)
        repeated = parts_of(batch[0], lambda x, n=n: x.repeat(n, *[1] * (x.ndim - 1)))
        masks = Masks(keys_of_passes(rows, seed, range(start, start + n)))
        with torch.set_grad_enabled(_has_shortcuts(net.module_)), dropping(masks):
            y = net.decoded(net.infer(repeated)).detach().cpu().numpy()
        samples.append(y.reshape(n, n_rows, *y.shape[1:]))
    return np.concatenate(samples)


def _without_units(x):
    """Windows up to a power of two in each channel, exactly: two of (n, L, C).

    Digits, and exponents relative to the largest in the window. So the forecasts of a
    series in other units are the same in these units.
    """
    digits, exponents = x.frexp()
    is_number = (digits != 0) & digits.isfinite()  # others have no exponent
    largest = torch.where(is_number, exponents, -(2**20)).amax(dim=1, keepdim=True)
    return digits, torch.where(is_number, exponents - largest, 0)


def _has_shortcuts(module):
    """Whether torch has a shortcut through parts of the network that skips dropout

    It takes it in evaluation mode, unless gradients may be needed.
    """
    return any(isinstance(m, nn.TransformerEncoderLayer) for m in module.modules())
