"""A panel on disk: conversion, training and memory, at a billion values.

Alone, of any size, on the disk of any folder (it takes 12 bytes a value there):

    python examples/benchmarks/bench_store.py --series 10000 --folder /data

With ``--batches N``, the fits whose memory is measured end their epoch after N batches
of 4,096 windows; the default is all. At a billion values an epoch has 213,000.

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

# Run in a process of its own, which has imported and fitted something before. Prints
# the peak of each part over what the imports hold.
MEMORY = """
import sys
import threading
import time
from itertools import islice

import numpy as np

from sktorch_forecast import MLPForecaster, SeriesForecaster, make_windows, open_panel
from sktorch_forecast import store_panel

source, path, n_batches = sys.argv[1], sys.argv[2], int(sys.argv[3])


class Some(MLPForecaster().iterator_train):
    def __len__(self):
        return min(n_batches or super().__len__(), super().__len__())

    def __iter__(self):
        return islice(super().__iter__(), len(self))


def held():
    for line in open("/proc/self/status"):
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1000


def watch():
    global peak
    while True:
        peak = max(peak, held())
        time.sleep(0.01)


def tell(name):
    global peak
    print(f"{name}: {peak - before}", flush=True)
    peak = held()


def linear(**params):
    return MLPForecaster(hidden_layer_sizes=(), max_epochs=1, batch_size=4096,
                         iterator_train=Some, random_state=0, **params)


def forecaster(**params):
    return SeriesForecaster(linear(**params), horizon=24, length=96)


X, y = make_windows(np.arange(500.0), horizon=24, length=96)
linear().fit(X, y)
peak = before = held()
threading.Thread(target=watch, daemon=True).start()
store_panel(source, path + ".again", id="id", time="time", target="y")
tell("store_panel")
panel = open_panel(path)
forecaster(baseline=None).backtest(panel, n_origins=1, to=path + ".backtest")
tell("backtest to files, one fit without a baseline")
fitted = forecaster().fit(panel)
tell("fit of a linear network and its baseline")
fitted.forecast(to=path + ".forecasts")
tell("forecast to files")
"""


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


def memory_rows(source, path, n_batches):
    """What a fresh process holds at most, part by part."""
    command = [sys.executable, "-c", MEMORY, source, path, str(n_batches)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            what, found = line.rsplit(": ", 1)
            yield at_most(f"{what}: memory over the imports", float(found), 1000, "MB")
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[0])


def rows(repeats, n_series=N_SERIES, folder=None, n_batches=0):
    """All rows of this benchmark."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        yield from _rows(repeats, n_series, Path(name), n_batches)


def _rows(repeats, n_series, folder, n_batches):
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
        yield from memory_rows(source, path, n_batches)


def main():
    parser = argparse.ArgumentParser(description="Measure a panel on disk.")
    parser.add_argument("--series", type=int, default=N_SERIES, metavar="N")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--folder", type=Path, metavar="FOLDER")
    parser.add_argument("--batches", type=int, default=0, metavar="N")
    args = parser.parse_args()
    from run import line

    for row in rows(args.repeats, args.series, args.folder, args.batches):
        print(line(row), row.get("rate", ""), flush=True)


if __name__ == "__main__":
    main()
