"""Windows cost the memory of their series, not that of all windows side by side."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from memory import MEGABYTE, peak_memory
from sklearn.model_selection import TimeSeriesSplit

from sktorch_forecast import NaiveForecaster, SlidingWindow, make_windows


@pytest.fixture(scope="module")
def long_series():
    """Side by side its windows would take 100,000 * 336 * 4 bytes, 134 MB."""
    X, y = make_windows(np.zeros(100_000), horizon=96, length=336)
    assert np.prod(X.shape) * X.dtype.itemsize > 130 * MEGABYTE
    assert y.nbytes > 75 * MEGABYTE
    return X, y


def keep_all_folds(X, y):
    folds = [
        (X[rows], y[rows])
        for split in TimeSeriesSplit(5, gap=95).split(X)
        for rows in split
    ]
    assert len(folds) == 10


@pytest.mark.parametrize(
    "use, limit",
    [
        # A series, its block in float32, the targets in float64 and the positions
        # make 28 bytes a timestamp; as much again is needed on the way.
        (lambda X, y: make_windows(np.zeros(100_000), horizon=96, length=336), 6),
        # Nothing but the integers of the splitter, 8 bytes an origin and fold.
        (keep_all_folds, 5),
        (lambda X, y: SlidingWindow(96).fit_transform(X), 1),
        # Four windows of 336 values.
        (lambda X, y: np.asarray(X[5000:5004]), 1),
        # Twenty seasons of 24 values.
        (lambda X, y: NaiveForecaster(24).fit(X, y).predict(X[:20]), 1),
        # What ten origins can see and what follows them.
        (lambda X, y: pickle.dumps((X[5000:5010], y[5000:5010])), 1),
        # The block, the targets and the positions, pickled and unpickled.
        (lambda X, y: pickle.loads(pickle.dumps((X, y))), 8),
    ],
    ids="make split shorten materialize predict pickle-part pickle-all".split(),
)
def test_only_what_is_used_is_allocated(long_series, use, limit):
    X, y = long_series
    assert peak_memory(lambda: use(X, y)) < limit * MEGABYTE


def test_the_folds_of_a_long_series_and_training_on_them_take_little_memory():
    """A process of its own, since torch's memory shows only from outside."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak memory of a process is read from /proc (Linux)")
    run = subprocess.run(
        [sys.executable, "-c", FOLDS_AND_TRAINING],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    n_batches, added = (int(word) for word in run.stdout.split())
    assert n_batches == 20
    # Side by side the windows of the last fold alone would take 170 MB.
    assert added < 100 * MEGABYTE


FOLDS_AND_TRAINING = """
import numpy as np
from sklearn.model_selection import TimeSeriesSplit
from skorch.callbacks import Callback
from sktorch_forecast import LSTMForecaster, make_windows


def memory(name):
    for line in open("/proc/self/status"):
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024


class StopAfter20Batches(Callback):
    n_batches = 0

    def on_batch_end(self, net, **kwargs):
        self.n_batches += 1
        if self.n_batches == 20:
            raise KeyboardInterrupt  # skorch ends the training


def forecaster(**params):
    return LSTMForecaster(
        hidden_size=4, max_epochs=1, early_stopping=False, random_state=0, **params
    )


# What torch loads when it is used for the first time is not the windows' doing.
X, y = make_windows(np.arange(500.0), horizon=96, length=336)
forecaster().fit(X, y)
before = memory("VmRSS")

series = np.arange(150_000) % 1000.0
X, y = make_windows(series, horizon=96, length=336)
folds = [
    (X[train], y[train], X[test], y[test])
    for train, test in TimeSeriesSplit(5, gap=95).split(X)
]
stop = StopAfter20Batches()
forecaster(callbacks=[stop]).fit(*folds[-1][:2])
print(stop.n_batches, memory("VmHWM") - before)
"""
