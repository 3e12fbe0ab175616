"""The systems of the course on recurrent networks, scaled down, each under its error.

``examples/course_table.py`` has all of them in full. Here 1,000 series, windows of 30
timestamps and 15 epochs must do. The bounds are a quarter to a half above the worst of
three seeds. Those of the networks are below the naive forecast, most of them far.
"""

import numpy as np
import pytest

from sktorch_forecast import (
    ConvRNNForecaster,
    GRUForecaster,
    LSTMForecaster,
    MLPForecaster,
    NaiveForecaster,
    RecursiveForecaster,
    RNNForecaster,
)
from sktorch_forecast.datasets import make_waves

LENGTH, HORIZON = 30, 5
SERIES = make_waves(n_series=1500, n_timestamps=LENGTH + HORIZON, random_state=42)
TRAIN, TEST = SERIES[:1000], SERIES[1000:]


def net(cls, seed, **params):
    defaults = {"normalize": None, "baseline": None, "lr": 0.01, "max_epochs": 15}
    return cls(**(defaults | params), random_state=seed)


ONE_UNIT = {"hidden_size": 1, "readout": False}
DEEP = {"hidden_size": 20, "num_layers": 2}
ALL_STEPS = {**DEEP, "train_on": "all_steps"}
CONV = {"kernel_size": 4, "stride": 2}

# system: (steps, seed -> forecaster, the mean squared error to stay under)
SYSTEMS = {
    "naive, 1 step": (1, lambda seed: NaiveForecaster(), 0.0403),
    "linear": (1, lambda seed: net(MLPForecaster, seed, hidden_layer_sizes=()), 0.010),
    "one unit": (1, lambda seed: net(RNNForecaster, seed, **ONE_UNIT), 0.030),
    "deep RNN": (1, lambda seed: net(RNNForecaster, seed, **DEEP), 0.010),
    "naive": (HORIZON, lambda seed: NaiveForecaster(), 0.2564),
    "one step at a time": (
        HORIZON,
        lambda seed: RecursiveForecaster(net(RNNForecaster, seed, **DEEP)),
        0.055,
    ),
    "several values": (HORIZON, lambda seed: net(RNNForecaster, seed, **DEEP), 0.025),
    "RNN, all steps": (
        HORIZON,
        lambda seed: net(RNNForecaster, seed, **ALL_STEPS),
        0.023,
    ),
    "LSTM, all steps": (
        HORIZON,
        lambda seed: net(LSTMForecaster, seed, **ALL_STEPS),
        0.015,
    ),
    "GRU, all steps": (
        HORIZON,
        lambda seed: net(GRUForecaster, seed, **ALL_STEPS),
        0.016,
    ),
    "ConvRNN, all steps": (
        HORIZON,
        lambda seed: net(ConvRNNForecaster, seed, **CONV, **ALL_STEPS),
        0.013,
    ),
}


def error(system, seed=0):
    steps, make, _ = SYSTEMS[system]
    targets = slice(LENGTH, LENGTH + steps)
    forecaster = make(seed).fit(TRAIN[:, :LENGTH], TRAIN[:, targets])
    forecast = forecaster.predict(TEST[:, :LENGTH])
    return np.mean((forecast.reshape(len(TEST), -1) - TEST[:, targets]) ** 2)


@pytest.mark.parametrize("system", SYSTEMS)
def test_system_stays_under_its_error(system):
    assert error(system) < SYSTEMS[system][-1]
