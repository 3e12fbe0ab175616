"""The weight of a network against the linear baseline: stacking [1]_ of the two.

The forecast is ``s * network + (1 - s) * baseline``. With ``r`` the held-back targets
minus the baseline, and ``g`` the network minus the baseline, in the units of the
windows, the least-squares weight is

.. math:: s = \\sum r g / \\sum g^2

clipped to between 0 and 1. Early stopping picks the best of many epochs on the same
origins, and the best of many looks better than it is. So the more uncertain the weight
is, the more it is shrunk [2]_, by ``1 - (2 / t)^2`` where ``t`` is its ratio to its
standard error: within two standard errors of zero, nothing is left. Origins with
overlapping targets are not independent, so blocks of time as long as the horizon are
counted instead.

References
----------
.. [1] L. Breiman (1996), Stacked Regressions. Machine Learning 24, section 2, with
   weights that are not negative.
.. [2] W. James and C. Stein (1961), Estimation with Quadratic Loss. Proc. Fourth
   Berkeley Symposium 1, section 2, its positive part.
"""

from typing import Any

import numpy as np
import torch

from .batches import parts_of, times_of_rows
from .device import in_double

# How many standard errors the share must be away from zero.
_N_ERRORS = 2.0


@torch.no_grad()
def share_of_network(net: Any, held_back: Any) -> float:
    """The weight of the network in the combined forecast, from held-back origins.

    Parameters
    ----------
    net : Forecaster
        Trained, with a baseline that has seen the same data.
    held_back : dataset
        The data used for early stopping.

    Returns
    -------
    share : float in [0, 1]
    """
    _, timed = times_of_rows(held_back)
    earliest, latest = timed.range()
    n_blocks = int((latest - earliest) // net.horizon_) + 1
    # Sums over the origins of each block of time, and the number of blocks.
    sums, n_origins, begin = np.zeros((2, n_blocks)), np.zeros(n_blocks), 0
    net.set_mode(training=False)
    for x, y in net.get_iterator(held_back, training=False):
        parts = parts_of(x, lambda part: part.to(net.device_))
        linear = in_double(net.module_.linear(**parts))
        encoded = net.infer(x)
        says, y = _points(net, encoded), y.to(net.device_)
        added, missed = (
            in_double(encoded.units.encode(part.view(linear.shape))) - linear
            for part in (says, y)
        )
        known = missed.isfinite()
        products = torch.stack([missed * added, added.square()])
        of_rows = torch.where(known, products, 0.0).flatten(2).sum(dim=2).cpu().numpy()
        rows = slice(begin, begin := begin + of_rows.shape[1])
        blocks = ((timed.times_of(rows) - earliest) // net.horizon_).astype(np.int64)
        sums += [np.bincount(blocks, part, n_blocks) for part in of_rows]
        n_origins += np.bincount(blocks, minlength=n_blocks)
    gain, square = sums[:, n_origins > 0]
    return share_of(gain, square, np.arange(len(gain)))


def _points(net, encoded):
    """Forecasts of the network alone, in the units of the series."""
    outputs, head = net.decoded(encoded), net.objective_.head
    if not head.is_distribution:
        return outputs
    return torch.from_numpy(head.mean(outputs.cpu().numpy())).to(outputs)


def share_of(gain: np.ndarray, square: np.ndarray, blocks: np.ndarray) -> float:
    """The share, from sums over the outputs of each origin.

    Parameters
    ----------
    gain : ndarray of shape (n_origins,)
        Products of the baseline's errors and the differences of the network from it.
    square : ndarray of shape (n_origins,)
        Squares of the differences of the network from the baseline.
    blocks : ndarray of shape (n_origins,), int64
        Which block of time each origin is in, from 0.

    Returns
    -------
    share : float in [0, 1]
    """
    if gain.sum() <= 0:
        return 0.0
    share = gain.sum() / square.sum()
    left = np.bincount(blocks, gain - share * square)
    left = left[np.bincount(blocks) > 0]
    n_blocks = len(left)
    if n_blocks < 2:
        return 0.0  # not enough blocks to tell
    variance = n_blocks / (n_blocks - 1) * (left**2).sum() / square.sum() ** 2
    doubt = _N_ERRORS**2 * variance / share**2
    return float(min(share, 1.0) * max(0.0, 1 - doubt))
