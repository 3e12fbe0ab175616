"""Training steps beside what the processor could do at most.

The limit is what a product of two matrices of 1,024 x 1,024 reaches on the same core.
Of a network, only the operations of its matrix products count, forward and backward, so
that a share of 1 would mean that everything else took no time.
"""

import warnings
from statistics import median

import numpy as np
import torch
from timing import seconds
from torch.utils.flop_counter import FlopCounterMode

from sktorch_forecast.discovery import all_estimators

BATCH, LENGTH, HORIZON = 32, 96, 24


def limit(repeats):
    """Operations a second, in products of large matrices."""
    a, b = torch.randn(2, 1024, 1024)
    a @ b
    return 2 * 1024**3 / median(seconds(torch.mm, a, b) for _ in range(4 * repeats))


def share(cls, size, per_second, repeats):
    """One network, forward and backward, of so many units."""
    params = {} if size is None else {"hidden_size": size}
    forecaster = cls(**params, normalize=None, random_state=0)
    shapes = np.zeros((2, LENGTH)), np.zeros((2, HORIZON))
    network = forecaster.initialize(*shapes).module_.network.train()
    x = torch.randn(BATCH, LENGTH, 1)

    def step():
        network.zero_grad()
        network(x).square().mean().backward()

    step()
    # The fused layers of the CPU are one operation that nobody has counted.
    counter = FlopCounterMode(display=False)
    with warnings.catch_warnings(), torch.backends.mkldnn.flags(enabled=False):
        warnings.filterwarnings("ignore", message="TF32 acceleration")
        with counter:
            step()
    time = median(seconds(step) for _ in range(4 * repeats))
    found = counter.get_total_flops() / time / per_second
    units = "" if size is None else f", {size} units"
    return {
        "what": f"a training step of {cls.__name__}{units}, share of the limit",
        "value": found,
        "unit": f"of {per_second / 1e9:.0f} GFLOP/s, {1e3 * time:.2f} ms",
        "goal": "none",
        "reached": True,
    }


def rows(repeats):
    """All rows of this benchmark, one after the other."""
    torch.set_num_threads(1)
    per_second = limit(repeats)
    for _, cls in all_estimators("network"):
        sizes = (32, 128) if "hidden_size" in cls().get_params() else (None,)
        for size in sizes:
            yield share(cls, size, per_second, repeats)
