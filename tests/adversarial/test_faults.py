"""What a machine may do: full disks, torn files, killed processes, forks."""

import contextlib
import ctypes
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skorch.callbacks import Checkpoint

from sktorch_forecast import (
    GRUForecaster,
    MLPForecaster,
    NaiveForecaster,
    SeriesForecaster,
    TabularForecaster,
    make_windows,
)
from sktorch_forecast.datasets import fetch_ett

SERIES = np.sin(np.arange(80) / 3)
X, Y = make_windows(SERIES, horizon=2, length=6)


def network(cls=MLPForecaster, **params):
    return cls(**{"max_epochs": 2, "random_state": 0} | params)


# ------------------------------------------------------------------------- full disks


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 64 kB; mounting one takes rights that not everybody has."""
    libc = ctypes.CDLL(None, use_errno=True)
    mounted = libc.mount(b"none", os.fsencode(tmp_path), b"tmpfs", 0, b"size=64k")
    if mounted:
        pytest.skip(f"cannot mount a tmpfs: {os.strerror(ctypes.get_errno())}")
    yield tmp_path
    assert not libc.umount2(os.fsencode(tmp_path), 2)


def large():
    return network(hidden_layer_sizes=(256, 256)).fit(X, Y)


def test_a_full_disk_is_an_error_that_leaves_the_forecaster_alone(tiny_disk):
    model = large()
    expected = model.predict(X)
    with pytest.raises(OSError, match="No space left"):
        joblib.dump(model, tiny_disk / "model.joblib")
    with pytest.raises((OSError, RuntimeError)):
        model.save_params(f_params=tiny_disk / "weights.pt")
    assert_array_equal(model.predict(X), expected)


def test_a_full_disk_in_a_training_is_told_by_the_checkpoint(tiny_disk):
    # skorch's callback tells its sink, and lets the training go on.
    told = []
    saved = Checkpoint(monitor=None, dirname=tiny_disk, sink=told.append)
    model = large().set_params(callbacks=[saved]).fit(X, Y)
    assert any("Unable to save" in line for line in told)
    assert_array_equal(model.predict(X), large().predict(X))


# -------------------------------------------------------------------------- torn files


@pytest.mark.parametrize(
    "make",
    [
        lambda: network().fit(X, Y),
        lambda: TabularForecaster().fit(X, Y),
        lambda: SeriesForecaster(NaiveForecaster(), 2, 6).fit(SERIES),
    ],
    ids=["network", "tabular", "series"],
)
def test_a_torn_pickle_is_never_half_a_forecaster(make):
    whole = pickle.dumps(make())
    ends = np.linspace(0, len(whole) - 1, 25).astype(int)
    for end in ends:
        with pytest.raises((pickle.UnpicklingError, EOFError)):
            pickle.loads(whole[:end])


def test_torn_weights_leave_the_forecaster_as_it_was(tmp_path):
    file, model = tmp_path / "weights.pt", network().fit(X, Y)
    model.save_params(f_params=file)
    other = network(random_state=1).fit(X, Y)
    expected, whole = other.predict(X), file.read_bytes()
    for end in (0, 10, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:end])
        with pytest.raises((OSError, RuntimeError, EOFError)):
            other.load_params(f_params=file)
        assert_array_equal(other.predict(X), expected)


def test_a_torn_file_of_data_is_named(tmp_path):
    file = tmp_path / "ETTh1.csv"
    file.write_text("date,HUFL\n2016-07-01 00:00:00,5.8")
    with pytest.raises((ValueError, OSError), match="ETTh1.csv"):
        fetch_ett(data_home=tmp_path, download_if_missing=False)


# --------------------------------------------------------------------- killed processes

TRAIN = """
    import numpy as np, sys
    from skorch.callbacks import Callback, Checkpoint
    from sktorch_forecast import MLPForecaster, make_windows

    class Tell(Callback):
        def on_epoch_end(self, net, **kwargs):
            print("epoch", flush=True)
            if len(net.history) == 3:
                sys.stdin.read()  # until somebody kills the process

    X, y = make_windows(np.sin(np.arange(80) / 3), horizon=2, length=6)
    saved = Checkpoint(monitor=None, dirname=sys.argv[1])
    MLPForecaster(max_epochs=9, random_state=0, callbacks=[saved, Tell()]).fit(X, y)
"""


def test_a_checkpoint_of_a_killed_training_is_there_to_go_on_from(tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(TRAIN), str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline() == b"epoch\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    # What the same training holds after three epochs that nobody interrupts.
    whole = network(max_epochs=3, early_stopping=True).fit(X, Y)
    model = network().initialize(X, Y)
    model.load_params(checkpoint=Checkpoint(monitor=None, dirname=tmp_path))
    assert len(model.history) == 3
    assert model.history[:, "train_loss"] == whole.history[:, "train_loss"]
    assert len(model.partial_fit(X, Y).history) == 5


# ----------------------------------------------------------------------- fork and spawn


def forecast(model, queue):
    queue.put(model.predict(X))


def fit_and_forecast(model, queue):
    queue.put(model.fit(X, Y).predict(X))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("work", [forecast, fit_and_forecast])
def test_other_processes_compute_the_same_bits(start, work):
    model = network(GRUForecaster, hidden_size=4).fit(X, Y)
    expected = model.predict(X)
    context = multiprocessing.get_context(start)
    queue = context.Queue()
    process = context.Process(target=work, args=(model, queue))
    process.start()
    try:
        assert_array_equal(queue.get(timeout=60), expected)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.join()
