"""A training that was interrupted goes on as if it had not been.

What is expected are the bits of the same training without an interruption.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from nets import X, Y, assert_same_bits, forecaster, weights
from skorch.callbacks import Callback, EpochScoring, LRScheduler

from sktorch_forecast import Forecaster, GRUForecaster, MLPForecaster, load
from sktorch_forecast.callbacks import Checkpoint


class Crash(Callback):
    """Raises an error in the middle of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, training, **kwargs):
        if training and len(net.history) == self.epoch:
            raise OSError("the disk is full")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "training.safetensors"


def crash(model, path, epoch=4, every=1):
    """Train until the middle of an epoch, with a file."""
    callbacks = [*(model.callbacks or []), Checkpoint(path, every), Crash(epoch)]
    with pytest.raises(OSError, match="disk is full"):
        model.set_params(callbacks=callbacks).fit(X, Y)
    assert list(path.parent.iterdir()) == [path]


def resumed(model, path):
    """The same again, with the file, and the callback that took it up."""
    checkpoint = Checkpoint(path)
    model.set_params(callbacks=[*(model.callbacks or []), checkpoint])
    return model.fit(X, Y), checkpoint


class DropoutOfTorch(torch.nn.Module):
    """Draws within a function of torch, whose generator is the global one."""

    def __init__(self, n_channels, length, output_shape):
        super().__init__()
        self.linear = torch.nn.Linear(n_channels * length, output_shape[0])
        self.output_shape = output_shape

    def forward(self, x):
        x = torch.nn.functional.dropout(x.flatten(1), 0.3, self.training)
        return self.linear(x).view(-1, *self.output_shape)


class OwnDropout(Forecaster):
    module = DropoutOfTorch


CASES = {
    "plain": lambda: forecaster(max_epochs=6),
    "dropout": lambda: forecaster(max_epochs=6, dropout=0.4, num_layers=2),
    "of torch": lambda: OwnDropout(max_epochs=6, random_state=0),
    "baseline": lambda: MLPForecaster(max_epochs=6, random_state=0),
    "early stopping": lambda: forecaster(
        max_epochs=40, n_iter_no_change=4, lr=0.03, hidden_size=8
    ),
    "scheduler": lambda: forecaster(
        max_epochs=6,
        optimizer=torch.optim.SGD,
        optimizer__momentum=0.9,
        callbacks=[("rate", LRScheduler("StepLR", step_size=2, gamma=0.3))],
    ),
    "plateau and score": lambda: forecaster(
        max_epochs=6,
        callbacks=[
            ("score", EpochScoring("neg_mean_absolute_error")),
            (
                "rate",
                LRScheduler(
                    "ReduceLROnPlateau", patience=1, monitor="neg_mean_absolute_error"
                ),
            ),
        ],
    ),
    "distribution": lambda: GRUForecaster(max_epochs=6, loss="normal", random_state=0),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("every", [1, 2])
def test_it_goes_on_with_the_same_bits(name, every, path):
    expected = CASES[name]().fit(X, Y)
    crash(CASES[name](), path, every=every)
    model, checkpoint = resumed(CASES[name](), path)
    # In epoch 4, the file was written after the third one; or the second, of every two.
    assert checkpoint.resumed_from_ == {1: 3, 2: 2}[every]
    assert_same_bits(weights(model), weights(expected))
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    for column in ("epoch", "train_loss", "valid_loss"):
        assert model.history[:, column] == expected.history[:, column]


def test_a_finished_training_repeats_its_last_epoch(path):
    model, checkpoint = resumed(forecaster(max_epochs=5), path)
    expected = weights(model)
    assert checkpoint.resumed_from_ is None
    model, checkpoint = resumed(forecaster(max_epochs=5), path)
    assert checkpoint.resumed_from_ == 4
    assert_same_bits(weights(model), expected)


def test_it_goes_on_for_longer(path):
    expected = forecaster(max_epochs=9).fit(X, Y)
    resumed(forecaster(max_epochs=5), path)
    model, _ = resumed(forecaster(max_epochs=9), path)
    assert_same_bits(weights(model), weights(expected))


def test_partial_fit_writes_over_the_file_of_the_fit(path):
    model, _ = resumed(forecaster(), path)
    assert_same_bits(
        weights(model.partial_fit(X, Y)),
        weights(forecaster().fit(X, Y).partial_fit(X, Y)),
    )
    with pytest.raises(ValueError, match="differs in earlier epochs: 2, not 0"):
        resumed(forecaster(), path)


@pytest.mark.parametrize("change, what", [
    ({"lr": 0.5}, "differs in lr"),
    ({"hidden_size": 5}, "differs in hidden_size"),
    ({"loss": "mae"}, "differs in loss"),
])  # fmt: skip
def test_other_parameters_are_refused(change, what, path):
    crash(forecaster(max_epochs=6), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"{what}: .*Remove the file"):
        resumed(forecaster(max_epochs=6, **change), path)
    assert path.read_bytes() == before


def test_other_data_are_refused(path):
    crash(forecaster(max_epochs=6), path)
    other = np.array(Y)
    other[17, 1] += 1e-3
    model = forecaster(max_epochs=6, callbacks=[Checkpoint(path)])
    with pytest.raises(ValueError, match="differs in content of X and y"):
        model.fit(X, other)
    with pytest.raises(ValueError, match="differs in number of origins: 60, not 59"):
        model.fit(X[:-1], Y[:-1])


def test_a_checkpoint_is_no_estimator(path):
    crash(forecaster(max_epochs=6), path)
    with pytest.raises(ValueError, match="found a checkpoint.*Checkpoint"):
        load(path)


@pytest.mark.parametrize("every", [0, True, 1.5])
def test_every_is_a_number_of_epochs(every, path):
    with pytest.raises((TypeError, ValueError), match="every must be a positive"):
        forecaster(callbacks=[Checkpoint(path, every)]).fit(X, Y)


SCRIPT = """
import os, signal, sys
from nets import X, Y, forecaster
from skorch.callbacks import Callback
from sktorch_forecast.callbacks import Checkpoint

class Kill(Callback):
    def on_batch_end(self, net, training, **kwargs):
        if training and len(net.history) == 4:
            os.kill(os.getpid(), signal.SIGKILL)

forecaster(max_epochs=6, callbacks=[Checkpoint(sys.argv[1]), Kill()]).fit(X, Y)
"""


def test_it_goes_on_after_a_kill(path):
    folder = Path(__file__).parents[1]
    root = Path(sys.modules["sktorch_forecast"].__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)],
        env={"PYTHONPATH": f"{folder}:{root}", "PATH": ""},
    )
    assert done.returncode == -9
    model, checkpoint = resumed(forecaster(max_epochs=6), path)
    assert checkpoint.resumed_from_ == 3
    assert_same_bits(weights(model), weights(forecaster(max_epochs=6).fit(X, Y)))
