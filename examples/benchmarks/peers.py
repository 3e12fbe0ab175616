"""The same training in other libraries; run in their environment by bench_peers.

Prints one row of the benchmarks' table a line, as JSON. Every library gets the same
series, batches of 32 windows and Adam, and about the same number of steps; each is as
its documentation has it, with progress bars, logs, checkpoints and validation off.
Their linear network is NLinear, which takes the last value off each window where ours
takes off the mean and divides by the deviation.
"""

import json
import logging
import sys
import warnings
from functools import partial

import pandas as pd
import torch
from bench_training import BATCH_SIZE, LR, linear, series_of
from darts import TimeSeries
from darts.models import BlockRNNModel, NLinearModel
from neuralforecast import NeuralForecast
from neuralforecast.losses.pytorch import MSE
from neuralforecast.models import LSTM, NLinear
from timing import side_by_side

from sktorch_forecast import LSTMForecaster, make_windows

QUIET = {
    "accelerator": "cpu",
    "enable_progress_bar": False,
    "enable_checkpointing": False,
    "enable_model_summary": False,
    "logger": False,
}


def ours(make, series, length, horizon, epochs):
    """A training of ours, and the number of steps that it takes."""
    X, y = make_windows(series, horizon=horizon, length=length)
    # The others do not clip gradients.
    params = {"batch_size": BATCH_SIZE, "lr": LR, "clip_grad_norm": None}
    forecaster = make(max_epochs=epochs, early_stopping=False, random_state=0, **params)
    return lambda: forecaster.fit(X, y), epochs * -(-len(X) // BATCH_SIZE)


def darts(cls, series, length, horizon, epochs, **params):
    """A training of darts."""
    values = TimeSeries.from_values(series)
    options = {
        "input_chunk_length": length,
        "output_chunk_length": horizon,
        "batch_size": BATCH_SIZE,
        "n_epochs": epochs,
        "optimizer_kwargs": {"lr": LR},
        "pl_trainer_kwargs": QUIET,
        "random_state": 0,
    }
    return lambda: cls(**options, **params).fit(values)


def neuralforecast(cls, series, length, horizon, n_steps, **params):
    """A training of neuralforecast, which counts steps rather than epochs."""
    frame = pd.DataFrame({"unique_id": 0, "ds": range(len(series)), "y": series})
    options = {
        "h": horizon,
        "input_size": length,
        "loss": MSE(),
        "max_steps": n_steps,
        "val_check_steps": n_steps,
        "learning_rate": LR,
        "windows_batch_size": BATCH_SIZE,
        "batch_size": 1,
    }

    def train():
        network = cls(**options, **params, **QUIET)
        NeuralForecast(models=[network], freq=1).fit(frame)

    return train


def main():
    repeats = int(sys.argv[1])
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    task = (series_of(8640), 336, 96, 5)
    fit, n_steps = ours(linear, *task)
    linears = (
        fit,
        {
            "darts": (darts(NLinearModel, *task), 5),
            "neuralforecast": (neuralforecast(NLinear, *task[:3], n_steps), 6),
        },
    )
    task = (series_of(3000), 96, 24, 2)
    fit, n_steps = ours(partial(LSTMForecaster, num_layers=2), *task)
    layers = {"encoder_n_layers": 2, "encoder_hidden_size": 32, "decoder_layers": 1}
    lstms = (
        fit,
        {
            "darts": (
                darts(
                    BlockRNNModel, *task, model="LSTM", hidden_dim=32, n_rnn_layers=2
                ),
                1.1,
            ),
            "neuralforecast": (
                neuralforecast(LSTM, *task[:3], n_steps, **layers),
                1.1,
            ),
        },
    )
    rows = {
        "linear, window 336, horizon 96": linears,
        "LSTM 2 x 32, window 96, horizon 24": lstms,
    }
    for name, (fit, others) in rows.items():
        for library, (other, goal) in others.items():
            row = side_by_side(
                f"training, {name}",
                fit,
                other,
                against=library,
                goal=goal,
                repeats=repeats,
            )
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
