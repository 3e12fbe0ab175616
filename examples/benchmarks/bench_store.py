"""A panel on disk: conversion, training and memory, at a billion values.

Alone, of any size, on the disk of any folder (it takes 12 bytes a value there):

    python examples/benchmarks/bench_store.py --series 10000 --folder /data

What counts as memory is what the process itself holds. Pages of the map are the
system's: it keeps them as long as nobody else needs the room.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import polars
from bench_training import linear
from skorch.callbacks import Callback
from timing import at_most, seconds

from sktorch_forecast import LSTMForecaster, make_windows, open_panel, store_panel

N_SERIES, N_TIMESTAMPS = 1_000_000, 1000
# As many series in memory to compare with.
N_IN_MEMORY = 5000
LENGTH, HORIZON, BATCH_SIZE = 96, 24, 1024
STEPS = {"horizon": HORIZON, "length": LENGTH}
NAMES = {"id": "id", "time": "time", "target": "y"}

# Run in a process of its own, which has imported and fitted something before.
MEMORY = """
import sys
import threading
import time

import numpy as np

from sktorch_forecast import MLPForecaster, SeriesForecaster, make_windows, open_panel
from sktorch_forecast import store_panel


def held():
    for line in open("/proc/self/status"):
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1000


def watch():
    global peak
    while True:
        peak = max(peak, held())
        time.sleep(0.01)


def linear(**params):
    return MLPForecaster(hidden_layer_sizes=(), max_epochs=1, batch_size=4096,
                         random_state=0, **params)


X, y = make_windows(np.arange(500.0), horizon=24, length=96)
linear().fit(X, y)
peak = before = held()
threading.Thread(target=watch, daemon=True).start()
source, path = sys.argv[1:]
{what}
print(peak - before)
"""
FORECASTER = "forecaster = SeriesForecaster(linear(), horizon=24, length=96)\n"
WHATS = {
    "store_panel": """
store_panel(source, path + ".again", id="id", time="time", target="y")
""",
    "fit of a linear network, an epoch and its baseline": """
X, y = make_windows(open_panel(path), horizon=24, length=96)
linear().fit(X, y)
""",
    "SeriesForecaster, fit and forecast": FORECASTER
    + "forecaster.fit(open_panel(path)).forecast()\n",
    "SeriesForecaster, backtest": FORECASTER
    + "forecaster.backtest(open_panel(path), n_origins=1)\n",
}


class StopAfter(Callback):
    """Ends an epoch after so many batches, and says how many windows a second."""

    def __init__(self, n_batches, n_before=10):
        self.n_batches = n_batches
        self.n_before = n_before

    def on_train_begin(self, net, **kwargs):
        self.n_seen_ = 0

    def on_batch_end(self, net, training=False, **kwargs):
        self.n_seen_ += 1
        if self.n_seen_ == self.n_before:
            self.began_ = perf_counter()
        if self.n_seen_ == self.n_before + self.n_batches:
            self.rate_ = self.n_batches * BATCH_SIZE / (perf_counter() - self.began_)
            raise KeyboardInterrupt  # ends the training


def write_source(folder, n_series):
    """Parquet files of a daily cycle and noise, 1000 series each, as float32."""
    rng = np.random.default_rng(0)
    cycle = np.sin(np.arange(N_TIMESTAMPS) * np.pi / 12)
    hours = np.arange(N_TIMESTAMPS) + np.datetime64("2024-01-01", "h")
    hours = hours.astype("datetime64[us]")
    folder.mkdir()
    for first in range(0, n_series, 1000):
        n = min(1000, n_series - first)
        noise = rng.normal(scale=0.1, size=(n, N_TIMESTAMPS))
        ids = [f"series {i:07}" for i in range(first, first + n)]
        polars.DataFrame(
            {
                "id": np.repeat(ids, N_TIMESTAMPS),
                "time": np.tile(hours, n),
                "y": (cycle + noise).astype(np.float32).ravel(),
            }
        ).write_parquet(folder / f"{first:07}.parquet")


def rate(make, X, y, n_batches):
    """Windows a second in a training that is cut off."""
    callback = StopAfter(n_batches)
    params = {"batch_size": BATCH_SIZE, "max_epochs": 1, "random_state": 0}
    params |= {"early_stopping": False, "baseline": None, "callbacks": [callback]}
    net = make(**params).fit(X, y)
    return dict(net.callbacks_)["StopAfter"].rate_


def copied(path):
    """Copy a file onto the disk."""
    target = path.with_suffix(".copy")
    shutil.copyfile(path, target)
    with open(target, "rb") as file:
        os.fsync(file.fileno())
    target.unlink()


def printed(what, *args):
    """The number that a script prints, run in a fresh process."""
    script = MEMORY.replace("{what}", what)
    command = [sys.executable, "-c", script, *map(str, args)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(run.stdout.split()[-1])


def rows(repeats, n_series=N_SERIES, folder=None):
    """All rows of this benchmark."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        yield from _rows(repeats, n_series, Path(name))


def _rows(repeats, n_series, folder):
    source, path = folder / "source", folder / "store"
    write_source(source, n_series)
    reader = "pyarrow" if find_spec("pyarrow") else "polars"
    size = f"{n_series:,} series of {N_TIMESTAMPS:,} values"
    took = seconds(lambda: store_panel(source, path, **NAMES))
    values = path / "values.npy"
    n_bytes = values.stat().st_size / 1e6
    copying = median(seconds(copied, values) for _ in range(repeats))
    yield {
        "what": f"store_panel of {size}, read by {reader}",
        "against": "copying the values",
        "ours_s": took,
        "other_s": copying,
        "value": n_bytes / took,
        "unit": "MB/s",
        "rate": f"copying {n_bytes / copying:,.0f} MB/s",
        "goal": "none",
        "reached": True,
    }
    opening = median(seconds(open_panel, path) for _ in range(repeats))
    yield at_most(f"open_panel of {size}", opening * 1000, 10, "ms")

    stored = make_windows(open_panel(path), **STEPS)
    files = sorted(source.iterdir())[: -(-min(N_IN_MEMORY, n_series) // 1000)]
    frame = polars.concat([polars.read_parquet(file) for file in files])
    in_memory = make_windows(frame, **NAMES, **STEPS)
    for name, make, n_batches in [
        ("linear", linear, 400),
        ("LSTM, 32 units", LSTMForecaster, 50),
    ]:
        pairs = [
            (rate(make, *stored, n_batches), rate(make, *in_memory, n_batches))
            for _ in range(repeats)
        ]
        ratios = sorted(ours / theirs for ours, theirs in pairs)
        yield {
            "what": f"training from the store, {name}, window {LENGTH}",
            "against": f"{frame['id'].n_unique():,} series in memory",
            "ratio": median(ratios),
            "ratio_min": ratios[0],
            "ratio_max": ratios[-1],
            "rate": f"{median(ours for ours, _ in pairs):,.0f} windows/s",
            "goal": "at least 0.8",
            "reached": median(ratios) >= 0.8,
        }
    del in_memory, frame
    if Path("/proc/self/status").exists():
        for what, script in WHATS.items():
            found = printed(script, source, path)
            yield at_most(f"{what}: memory over the imports", found, 1000, "MB")
            shutil.rmtree(f"{path}.again", ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description="Measure a panel on disk.")
    parser.add_argument("--series", type=int, default=N_SERIES, metavar="N")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--folder", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    from run import line

    for row in rows(args.repeats, args.series, args.folder):
        print(line(row), row.get("rate", ""), flush=True)


if __name__ == "__main__":
    main()
