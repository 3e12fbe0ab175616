"""How many windows are forecast at once.

It changes only how long forecasts take. What a layer reads and writes for the windows
of a batch should stay in the processor's caches: an LSTM of 32 units that reads 96
timestamps outputs 3,072 numbers per window and is fastest with 200 to 400 windows. A
linear map reads 96 numbers and is fastest with a thousand, apart from the overhead per
batch.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..layers import ForecastNetwork
from .batches import subset

# How many values a layer should read and write for the windows of a batch.
_IN_CACHE = 2_000_000
# The same for the windows themselves, on a device that computes in parallel.
_ON_DEVICE = 2**18


def n_forecast_at_once(net: Any, dataset: Any) -> int:
    """Number of windows to forecast in a batch: a multiple of 16.

    Parameters
    ----------
    net : Forecaster
        Initialized.
    dataset : dataset
        Windows to forecast; the first one is forecast to measure the layers.
    """
    n_values = net.spec_.length * net.spec_.n_channels
    is_plain = type(net.module_) is ForecastNetwork  # not compiled
    if net.device_.type != "cpu" or not is_plain or not len(dataset):
        return min(max(_ON_DEVICE // n_values, 64), 4096) // 16 * 16
    if net._n_held is None:
        net._n_held = max(n_values, _n_held(net, dataset))
    return min(max(_IN_CACHE // net._n_held, 64), 3072) // 16 * 16


@torch.no_grad()
def _n_held(net, dataset):
    """Number of values that the largest layer reads and writes for a window."""
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
