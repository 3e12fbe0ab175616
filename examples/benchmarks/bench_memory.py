"""Peak memory and time of importing, each in a process of its own."""

import subprocess
import sys
from pathlib import Path
from statistics import median

from timing import at_most

# Memory in MB, read from /proc (Linux). What torch loads when it is first used is not
# the doing of the windows, so a small fit comes first.
PREAMBLE = """
import numpy as np
from skorch.callbacks import Callback
from sktorch_forecast import MLPForecaster, make_windows

def memory(name):
    for line in open("/proc/self/status"):
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024

class StopAfter(Callback):
    def __init__(self, n_batches):
        self.n_batches = n_batches

    def on_batch_end(self, net, **kwargs):
        self.n_batches -= 1
        if not self.n_batches:
            raise KeyboardInterrupt  # ends the training

def linear(**params):
    return MLPForecaster(
        hidden_layer_sizes=(), max_epochs=1, early_stopping=False, random_state=0,
        **params,
    )

X, y = make_windows(np.arange(500.0), horizon=96, length=336)
forecaster = linear().fit(X, y)
before = memory("VmRSS")
"""

TRAINING = (
    PREAMBLE
    + """
series = np.arange(10_000_000) % 1000.0
X, y = make_windows(series, horizon=96, length=336)
linear(callbacks=[StopAfter(200)]).fit(X, y)
print(memory("VmHWM") - before)
"""
)

PREDICTING = (
    PREAMBLE
    + """
series = np.arange(1_000_431, dtype=np.float32) % 1000
X, y = make_windows(series, horizon=96, length=336)
# No training: freed memory of the allocator would hide what predict takes.
start = memory("VmRSS")
forecast = forecaster.predict(X)
assert forecast.shape == (1_000_000, 96)
print(memory("VmHWM") - start - forecast.nbytes / 2**20)
"""
)

# Within one process: two imports of skorch alone, some two seconds each, differ by more
# than what is to be measured.
IMPORTING = """
import skorch
from time import perf_counter
began = perf_counter()
import sktorch_forecast
print(perf_counter() - began)
"""


def printed(script):
    """The number that a script prints, run in a fresh process."""
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return float(run.stdout)


def rows(repeats):
    """All rows of this benchmark, one after the other."""
    if Path("/proc/self/status").exists():
        yield at_most(
            "training, 10 million timestamps, 200 batches: memory over the imports",
            printed(TRAINING),
            350,
            "MB",
        )
        yield at_most(
            "predict at 1 million origins: memory over its output",
            printed(PREDICTING),
            30,
            "MB",
        )
    # The files are in the cache of the system after the first import of each.
    times = [printed(IMPORTING) for _ in range(repeats + 1)]
    yield at_most(
        "import, over importing skorch",
        median(times[1:]),
        0.1,
        "s",
    )
