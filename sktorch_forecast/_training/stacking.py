"""How much of what a network has learned to add to the forecast that it started from.

Early stopping picks the best of many epochs by the origins that are held back, and the
best of many looks better than it is. So what the network says is taken times a share
between 0 and 1. With ``r`` what the start misses of the held-back targets, and ``g``
what the network adds, in the units of the windows, the least squares share is

.. math:: s = \\sum r g / \\sum g^2

and the more doubtful it is, the more it is shrunk [1]_, by ``1 - (2 / t)^2`` where
``t`` is its ratio to its standard error: within two standard errors of zero, nothing is
left. Origins whose targets overlap do not count as so many; blocks of time as long as
the horizon do.

References
----------
.. [1] W. James and C. Stein (1961), Estimation with Quadratic Loss. Proc. Fourth
   Berkeley Symposium 1, section 2, its positive part.
"""

from typing import Any

import numpy as np
import torch

from .batches import subset, times_of_rows
from .calibration import evenly_spread

# Standard errors that the share must be away from zero.
_N_ERRORS = 2.0


def weigh_network(net: Any, held_back: Any) -> None:
    """Set the share of the network in the forecasts, from what was held back.

    Parameters
    ----------
    net : Forecaster
        Trained, with the start that it was trained with.
    held_back : dataset
        What its training has stopped by.
    """
    added, _, missed = _parts(net, held_back)
    known = np.isfinite(missed)
    gain = np.where(known, missed * added, 0).sum(axis=1)
    square = np.where(known, added**2, 0).sum(axis=1)
    share = share_of(gain, square, _blocks(held_back, net.horizon_))
    net.module_.start.share.fill_(share)


def linear_share(net: Any, dataset: Any) -> float:
    """Share of the variance of forecasts that the start explains, in window units.

    Parameters
    ----------
    net : Forecaster
    dataset : dataset
        Up to 1,024 windows of it, evenly spread, are forecast.

    Returns
    -------
    share : float in [0, 1]
    """
    added, start, _ = _parts(net, subset(dataset, evenly_spread(len(dataset))))
    share = float(net.module_.start.share)
    whole, left = start + share * added, share * added
    variance = np.square(whole - whole.mean(axis=0)).sum()
    if not variance:
        return 1.0
    left = np.square(left - left.mean(axis=0)).sum()
    return float(max(0.0, 1 - left / variance))


def share_of(gain: np.ndarray, square: np.ndarray, blocks: np.ndarray) -> float:
    """The share, from sums over the outputs of each origin.

    Parameters
    ----------
    gain : ndarray of shape (n_origins,)
        Products of what the start misses and of what the network adds.
    square : ndarray of shape (n_origins,)
        Squares of what the network adds.
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
        return 0.0  # nobody can tell
    variance = n_blocks / (n_blocks - 1) * (left**2).sum() / square.sum() ** 2
    doubt = _N_ERRORS**2 * variance / share**2
    return float(min(share, 1.0) * max(0.0, 1 - doubt))


@torch.no_grad()
def _parts(net, dataset):
    """What the network adds, what the start says and what it misses, (n, H * K) each.

    In the units of the windows.
    """
    head, share, parts = net.objective_.head, net.module_.start.share, []
    before = share.clone()
    for batch in net.get_iterator(dataset, training=False):
        net.set_mode(training=False)
        points = []
        for value in (1.0, 0.0):
            share.fill_(value)
            encoded = net.infer(batch[0])
            outputs = net.decoded(encoded).double().cpu().numpy()
            points.append(head.mean(outputs) if head.is_distribution else outputs)
        whole, start = (torch.from_numpy(y).to(net.device_) for y in points)
        shape = -1, net.spec_.horizon, net.spec_.n_targets
        y = batch[1].to(net.device_)
        whole, start, y = (
            encoded.units.encode(part.view(shape)) for part in (whole, start, y)
        )
        parts.append([(whole - start), start, y - start])
    share.copy_(before)
    joined = (torch.cat(part).flatten(1).double().cpu().numpy() for part in zip(*parts))
    return tuple(joined)


def _blocks(held_back, horizon):
    """Numbers of blocks of time, each as long as the horizon, for every origin."""
    _, _, times = times_of_rows(held_back)
    return ((times - times.min()) // horizon).astype(np.int64)
