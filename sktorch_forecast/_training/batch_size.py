"""How many windows are forecast at once.

It changes how long forecasts take, and nothing else. What a layer reads and writes for
the windows of a batch should stay in the caches of the processor: an LSTM of 32 units
that reads 96 timestamps puts out 3,072 numbers for each window and is fastest with
200 to 400 of them. A linear map reads 96 and is fastest with a thousand, but for what a
batch costs beside the arithmetic.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..layers import ForecastNetwork
from .batches import subset

# Values that a layer reads and writes for the windows of a batch.
_IN_CACHE = 2_000_000
# On a device that computes everything side by side, values of the windows of a batch.
_ON_DEVICE = 2**18


def n_forecast_at_once(net: Any, dataset: Any) -> int:
    """How many windows are forecast in a batch: a multiple of 16.

    Parameters
    ----------
    net : Forecaster
        Initialized.
    dataset : dataset
        What is to be forecast, of which the first window is, to see what layers hold.
    """
    n_values = net.spec_.length * net.spec_.n_channels
    is_plain = type(net.module_) is ForecastNetwork  # nothing that was compiled
    if net.device_.type != "cpu" or not is_plain or not len(dataset):
        return min(max(_ON_DEVICE // n_values, 64), 4096) // 16 * 16
    if net._n_held is None:
        net._n_held = max(n_values, _n_held(net, dataset))
    return min(max(_IN_CACHE // net._n_held, 64), 3072) // 16 * 16


@torch.no_grad()
def _n_held(net, dataset):
    """Values that the largest layer reads and writes for a window."""
    sizes = [0]

    def note(layer, inputs, outputs):
        sizes.append(_n_values(inputs) + _n_values(outputs))

    _, *layers = net.module_.network.modules()  # the network itself comes first
    hooks = [layer.register_forward_hook(note) for layer in layers]
    try:
        net.set_mode(training=False)
        for x, _ in net._iterator(subset(dataset, np.arange(1)), batch_size=1):
            net.infer(x)
    finally:
        for hook in hooks:
            hook.remove()
    return max(sizes)


def _n_values(parts) -> int:
    if isinstance(parts, Tensor):
        return parts.numel()
    return sum(map(_n_values, parts)) if isinstance(parts, (tuple, list)) else 0
