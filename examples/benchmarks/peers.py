"""The same in other libraries; run in their environment by bench_peers.

Prints one row of the benchmarks' table a line, as JSON. Every library gets the same
series, batches of 32 windows and Adam, and about the same number of steps; each is as
its documentation has it, with progress bars, logs, checkpoints and validation off.
Their linear network is NLinear, which takes the last value off each window where ours
takes off the mean and divides by the deviation.

Forecasts are made at every origin of a series by a model that is fitted beforehand:
24 steps by an LSTM, and 24 steps, one at a time, by a ridge regression.
"""

import json
import logging
import sys
import warnings
from functools import partial

import numpy as np
import pandas as pd
import torch
from bench_training import BATCH_SIZE, LR, linear, series_of
from darts import TimeSeries
from darts.models import BlockRNNModel, NLinearModel
from neuralforecast import NeuralForecast
from neuralforecast.losses.pytorch import MSE
from neuralforecast.models import LSTM, NLinear
from skforecast.model_selection import TimeSeriesFold, backtesting_forecaster
from skforecast.recursive import ForecasterRecursive
from sklearn.linear_model import Ridge
from timing import side_by_side

from sktorch_forecast import LSTMForecaster, RecursiveForecaster, make_windows

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


N_ORIGINS, LENGTH, HORIZON = 2857, 96, 24


def forecasts_of_an_lstm(series):
    """Forecasts at every origin: ours, and those of darts and neuralforecast."""
    X, y = make_windows(series, horizon=HORIZON, length=LENGTH)
    net = LSTMForecaster(num_layers=2, max_epochs=1, random_state=0)
    net.fit(X[:100], y[:100])
    options = {"input_chunk_length": LENGTH, "output_chunk_length": HORIZON}
    options |= {"n_epochs": 1, "random_state": 0, "batch_size": 1024}
    values = TimeSeries.from_values(series)
    block = BlockRNNModel(
        model="LSTM", hidden_dim=32, n_rnn_layers=2, pl_trainer_kwargs=QUIET, **options
    ).fit(values[: LENGTH + HORIZON + 100])
    frame = pd.DataFrame({"unique_id": 0, "ds": range(len(series)), "y": series})
    lstm = LSTM(
        h=HORIZON,
        input_size=LENGTH,
        max_steps=1,
        inference_windows_batch_size=1024,
        encoder_n_layers=2,
        encoder_hidden_size=32,
        decoder_layers=1,
        **QUIET,
    )
    neural = NeuralForecast(models=[lstm], freq=1)
    neural.fit(frame[: LENGTH + HORIZON + 100])
    others = {
        "darts": lambda: block.historical_forecasts(
            values,
            forecast_horizon=HORIZON,
            stride=1,
            retrain=False,
            last_points_only=False,
        ),
        "neuralforecast": lambda: neural.cross_validation(
            frame, n_windows=N_ORIGINS, step_size=1, use_fitted=True
        ),
    }
    return lambda: net.predict(X), others


def forecasts_of_a_ridge(series):
    """Forecasts at every origin, one step at a time: ours, and those of skforecast."""
    X, y = make_windows(series, horizon=HORIZON, length=LENGTH)
    model = RecursiveForecaster(Ridge()).fit(X[:100], y[:100])
    theirs = ForecasterRecursive(estimator=Ridge(), lags=LENGTH)
    # It has to be fitted once inside, on what comes before the first origin.
    values = pd.Series(np.concatenate([series[:HORIZON], series]).astype(float))
    fold = TimeSeriesFold(
        steps=HORIZON, initial_train_size=LENGTH + HORIZON, fold_stride=1, verbose=False
    )

    def backtest():
        options = {"metric": "mean_absolute_error", "show_progress": False}
        backtesting_forecaster(theirs, values, fold, **options, n_jobs=1)

    return lambda: model.predict(X), {"skforecast": backtest}


def main():
    repeats = int(sys.argv[1])
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    report_forecasts(repeats)
    report_trainings(repeats)


def report_forecasts(repeats):
    series = series_of(N_ORIGINS + LENGTH + HORIZON - 1)
    rows = {
        "LSTM 2 x 32": forecasts_of_an_lstm(series),
        "ridge, one step at a time": forecasts_of_a_ridge(series),
    }
    for name, (predict, others) in rows.items():
        for library, other in others.items():
            row = side_by_side(
                f"forecasts at {N_ORIGINS:,} origins, {name}",
                predict,
                other,
                against=library,
                goal=1,
                repeats=repeats,
            )
            print(json.dumps(row), flush=True)


def report_trainings(repeats):
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
