"""What each of two processes does in test_processes; it writes what came out to a file.

Alone, as ``run(None)``, it gives what is expected.
"""

import os
import pickle
import signal
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from skorch.callbacks import Callback
from skorch.hf import AccelerateMixin
from torch import nn
from torch.utils.data import DataLoader

from sktorch_forecast import (
    Forecaster,
    GRUForecaster,
    MLPForecaster,
    make_windows,
)
from sktorch_forecast.callbacks import Checkpoint

SERIES = np.sin(np.arange(140) / 4) + 0.1 * np.random.RandomState(0).randn(140)
X, Y = make_windows(SERIES, horizon=2, length=8)
with_gaps = np.where(np.random.RandomState(1).rand(140) < 0.3, np.nan, SERIES)
GAPS = make_windows(with_gaps, horizon=2, length=8, missing="mask")
WEIGHTS = np.random.RandomState(2).rand(len(X))


class Network(nn.Module):
    """Has statistics of batches, and a parameter that has no part in the forecast."""

    def __init__(self, length, output_shape):
        super().__init__()
        self.norm, self.linear = nn.BatchNorm1d(length), nn.Linear(length, 2)
        self.unused = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return self.linear(self.norm(x[..., 0])).unflatten(1, (2, 1, 1))


class Own(Forecaster):
    module = Network


CLASSES = {
    cls: type(f"Accelerated{cls.__name__}", (AccelerateMixin, cls), {})
    for cls in (GRUForecaster, MLPForecaster, Own)
}
# Of 110 origins that are trained on, and 20 that validate.
SAME_AS_ONE = {
    "gru": (GRUForecaster, {"clip_grad_norm": 0.01, "batch_size": 33}),
    "a batch of one window": (MLPForecaster, {"batch_size": 109}),
    "all steps": (GRUForecaster, {"train_on": "all_steps"}),
    "distribution": (MLPForecaster, {"loss": "normal"}),
    "quantiles": (MLPForecaster, {"loss": "quantile", "optimizer": torch.optim.SGD}),
    "gaps": (MLPForecaster, {"missing": "mask", "data": GAPS}),
    "weights": (MLPForecaster, {"weights": WEIGHTS}),
    "sum": (
        MLPForecaster,
        {"criterion": nn.MSELoss, "criterion__reduction": "sum", "batch_size": 109},
    ),
    "stopped early": (
        MLPForecaster,
        {"lr": 0.05, "n_iter_no_change": 2, "max_epochs": 30},
    ),
}


class Rows(Callback):
    """Keeps the beginnings of the windows that an epoch was trained on."""

    def on_train_begin(self, net, **kwargs):
        self.rows = []

    def on_batch_begin(self, net, batch, training, **kwargs):
        if training:
            self.rows.append(batch[0][:, 0, 0].tolist())


class Killed(Callback):
    """The end of the last process in the third epoch."""

    def on_epoch_end(self, net, **kwargs):
        if net.accelerator.process_index == 1 and len(net.history) == 3:
            os.kill(os.getpid(), signal.SIGKILL)


def net_of(accelerator, cls, **params):
    params = {"random_state": 0, "max_epochs": 3} | params
    if accelerator is None:
        return cls(**params)
    return CLASSES[cls](accelerator=accelerator, **params)


def outcome(net, data=(X, Y)):
    losses = [net.history[:, "train_loss"], net.history[:, "valid_loss"]]
    sizes = net.history[:, "batches", :, "train_batch_size"]
    return {"losses": losses, "sizes": sizes, "forecast": net.predict(data[0])}


def same_as_one(accelerator):
    for name, (cls, params) in SAME_AS_ONE.items():
        params = params | {}
        data, weights = params.pop("data", (X, Y)), params.pop("weights", None)
        net = net_of(accelerator, cls, **params)
        yield name, outcome(net.fit(*data, sample_weight=weights), data)


def gone_on(accelerator):
    net = net_of(accelerator, MLPForecaster).fit(X, Y).partial_fit(X, Y)
    yield "gone on", outcome(net)


def cross_validated(accelerator):
    net = net_of(accelerator, MLPForecaster)
    cv = TimeSeriesSplit(2, gap=1)
    scores = cross_val_score(net, X, Y, cv=cv, error_score="raise")
    yield "cross-validated", {"scores": scores}


def rows(accelerator):
    line = np.arange(140.0)
    data = make_windows(line, horizon=2, length=8)
    params = {"max_epochs": 2, "batch_size": 109, "callbacks": [Rows()]}
    net = net_of(accelerator, MLPForecaster, **params).fit(*data)
    yield "rows", {"rows": dict(net.callbacks_)["Rows"].rows}


def equal_on_all(accelerator):
    for name, cls, params in [
        ("dropout", MLPForecaster, {"dropout": 0.5}),
        ("no seed", MLPForecaster, {"random_state": None}),
        ("statistics", Own, {}),
    ]:
        net = net_of(accelerator, cls, **params).fit(X, Y)
        yield name, outcome(net) | {"generator": state_of_dropout(net)}


def state_of_dropout(net):
    parts = (vars(part).get("generator") for part in net.module_.modules())
    return [part.get_state().tolist() for part in parts if part is not None]


def errors(accelerator):
    shift = accelerator.process_index
    for name, params, n in [
        ("other data", {}, len(X) - shift),
        ("loader", {"iterator_train": DataLoader}, len(X)),
    ]:
        net = net_of(accelerator, MLPForecaster, **params)
        before = vars(net).copy()
        try:
            net.fit(X[:n], Y[:n])
        except ValueError as error:
            assert vars(net) == before
            yield name, {"error": str(error)}


def whole(accelerator):
    """A training with random numbers of all kinds, from beginning to end."""
    net = net_of(accelerator, MLPForecaster, dropout=0.5, max_epochs=6)
    yield "whole", outcome(net.fit(X, Y))
    net.save_params(f_params="weights.pt")


def killed(accelerator):
    params = {"dropout": 0.5, "max_epochs": 6}
    callbacks = [Checkpoint("training.safetensors"), Killed()]
    net_of(accelerator, MLPForecaster, callbacks=callbacks, **params).fit(X, Y)
    yield "killed", None


def resumed(accelerator):
    checkpoint = Checkpoint("training.safetensors")
    params = {"dropout": 0.5, "max_epochs": 6, "callbacks": [checkpoint]}
    net = net_of(accelerator, MLPForecaster, **params).fit(X, Y)
    found = dict(net.callbacks_)["Checkpoint"].resumed_from_
    yield "resumed", outcome(net) | {"resumed from": found}


def accumulated(accelerator):
    """Of one process, batches that are twice as large."""
    params = {"optimizer": torch.optim.SGD, "lr": 0.1, "early_stopping": False}
    params |= {"max_epochs": 2, "iterator_train__shuffle": False, "batch_size": 32}
    if accelerator is not None:
        from accelerate import Accelerator

        accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
        params["batch_size"] = 16
    net = net_of(accelerator, MLPForecaster, **params).fit(X[:128], Y[:128])
    yield "accumulated", {"forecast": net.predict(X)}


ALIKE = [same_as_one, gone_on, cross_validated, rows]
JOBS = {
    "all": [*ALIKE, equal_on_all, errors, whole, accumulated],
    "alone": [gone_on],
    "killed": [killed],
    "resumed": [resumed],
}


def run(accelerator, job):
    return {name: found for step in job for name, found in step(accelerator)}


if __name__ == "__main__":
    from accelerate import Accelerator, InitProcessGroupKwargs

    limit = InitProcessGroupKwargs(timeout=timedelta(seconds=60))
    accelerator = Accelerator(cpu=True, kwargs_handlers=[limit])
    found = run(accelerator, JOBS[sys.argv[1]])
    Path(f"{accelerator.process_index}.pickle").write_bytes(pickle.dumps(found))
    accelerator.end_training()
