"""Training: every network, and the GRU layer, against plain PyTorch."""

from functools import partial

import numpy as np
import torch
from hand_written import train
from timing import side_by_side

from sktorch_forecast import (
    EncoderDecoderForecaster,
    GRUForecaster,
    LSTMForecaster,
    MLPForecaster,
    RNNForecaster,
    make_windows,
)
from sktorch_forecast.discovery import all_estimators

BATCH_SIZE, LR, MAX_NORM = 32, 0.005, 1.0


def series_of(n_timestamps):
    """A daily cycle of 24 hours and noise, as float32."""
    noise = np.random.default_rng(0).normal(scale=0.1, size=n_timestamps)
    return (np.sin(np.arange(n_timestamps) * np.pi / 12) + noise).astype(np.float32)


def linear(**params):
    """One linear layer on normalized windows, a network of the kind of NLinear."""
    return MLPForecaster(hidden_layer_sizes=(), **params)


def against_hand_written(name, make, series, length, horizon, epochs, goal, repeats):
    """Train a forecaster, and its network taken out of it by the plain loop."""
    X, y = make_windows(series, horizon=horizon, length=length)
    params = {"batch_size": BATCH_SIZE, "lr": LR, "clip_grad_norm": MAX_NORM}
    params |= {"baseline": None, "early_stopping": False, "random_state": 0}
    forecaster = make(**params, max_epochs=epochs)
    network = forecaster.initialize(X, y).module_.network
    tensor = torch.from_numpy(series)

    def by_hand():
        options = {"epochs": epochs, "batch_size": BATCH_SIZE, "lr": LR}
        train(network, tensor, length, horizon, max_norm=MAX_NORM, **options)

    return side_by_side(
        f"training, {name}",
        lambda: forecaster.fit(X, y),
        by_hand,
        against="hand-written loop",
        goal=goal,
        repeats=repeats,
        unit=(len(X) * epochs, "windows"),
    )


def beside_a_baseline(name, make, series, length, horizon, repeats):
    """A fit with the ridge regression that is the default, and one without."""
    X, y = make_windows(series, horizon=horizon, length=length)
    default, alone = make(random_state=0), make(random_state=0, baseline=None)
    return side_by_side(
        f"a fit with the defaults, {name}",
        lambda: default.fit(X, y),
        lambda: alone.fit(X, y),
        against="without the baseline",
        goal=0.67,
        repeats=repeats,
    )


def recurrent_layers(cell, size, num_layers, goal, repeats):
    """A training step of recurrent layers, at the sizes of the course or larger."""
    x = torch.randn(64, 50, 1, generator=torch.Generator().manual_seed(0))
    cls, torchs = {
        "GRU": (GRUForecaster, torch.nn.GRU),
        "RNN": (RNNForecaster, torch.nn.RNN),
    }[cell]
    ours = cls(hidden_size=size, num_layers=num_layers, normalize=None)
    ours = ours.initialize(x.numpy(), np.zeros(64)).module_.network.recurrent
    torchs = torchs(1, size, num_layers=num_layers, batch_first=True)

    def steps(layers):
        for _ in range(50):
            layers.zero_grad()
            layers(x)[0].square().mean().backward()

    return side_by_side(
        f"{cell} {num_layers} x {size}, forward and backward, batch 64, 50 steps",
        lambda: steps(ours),
        lambda: steps(torchs),
        against=f"torch.nn.{cell}",
        goal=goal,
        repeats=repeats,
    )


def rows(repeats):
    """All rows of this benchmark, one after the other."""
    torch.set_num_threads(1)
    series = series_of(8640)
    yield against_hand_written(
        "linear, window 336, horizon 96", linear, series, 336, 96, 5, 0.9, repeats
    )
    lstm = partial(LSTMForecaster, num_layers=2)
    options = (series[:3000], 96, 24, 1, 0.95, repeats)
    yield against_hand_written("LSTM 2 x 32, window 96, horizon 24", lstm, *options)
    for name, cls in all_estimators("network"):
        # The plain loop hands in no true values.
        alone = cls is EncoderDecoderForecaster
        make = partial(cls, teacher_forcing=0.0) if alone else cls
        goal = 0.9 if cls is MLPForecaster else 0.95
        # Enough batches for what a fit costs beside them, some 4 ms, to be small.
        options = (series[:3000], 48, 12, 10 if cls is MLPForecaster else 3)
        yield against_hand_written(
            f"{name}, window 48, horizon 12", make, *options, goal, repeats
        )
    yield recurrent_layers("GRU", 20, 2, 1.5, repeats)
    yield recurrent_layers("RNN", 20, 2, 1.5, repeats)
    yield recurrent_layers("RNN", 32, 1, 1.5, repeats)
    for name, make, length, horizon in (
        ("linear, window 336, horizon 96", linear, 336, 96),
        ("MLPForecaster, window 48, horizon 12", MLPForecaster, 48, 12),
        ("LSTMForecaster, window 48, horizon 12", LSTMForecaster, 48, 12),
    ):
        yield beside_a_baseline(name, make, series[:3000], length, horizon, repeats)
