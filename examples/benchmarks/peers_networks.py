"""Networks of papers, ours and those of neuralforecast; run in its environment.

Prints one row of the benchmarks' table a line, as JSON: trainings side by side, and the
memory that each takes in a process of its own, after a first step of bare torch.
Networks of a pair have the same sizes, window, horizon, batches of 32 windows and Adam,
and take the same number of steps; validation, logs and checkpoints are off. Those that
read all channels together get seven of them.
"""

import json
import logging
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import torch
from bench_training import BATCH_SIZE, LR, series_of
from neuralforecast import NeuralForecast, models
from neuralforecast.losses.pytorch import MSE
from peers import QUIET
from timing import at_most, side_by_side

import sktorch_forecast
from sktorch_forecast import make_windows

LENGTH, HORIZON, N_TIMES, N_EPOCHS = 96, 24, 3000, 2
GOAL = 1.3  # times as many windows a second

TOKENS = {"hidden_size": 32, "n_heads": 4, "dropout": 0.0}
# name: (ours, theirs)
PAIRS = {
    "NHITS": (
        {"pool_sizes": (8, 4, 1), "knot_distances": (24, 12, 1)},
        {
            "mlp_units": [[64, 64]] * 3,
            "n_pool_kernel_size": [8, 4, 1],
            "n_freq_downsample": [24, 12, 1],
        },
    ),
    "NBEATS": (
        {"n_harmonics": 2},
        {
            "stack_types": ["trend", "seasonality", "identity"],
            "mlp_units": [[64, 64]] * 3,
            "n_harmonics": 2,
            "n_polynomials": 2,
        },
    ),
    "TiDE": (
        {"hidden_size": 64, "decoder_size": 8},
        {
            "hidden_size": 64,
            "decoder_output_dim": 8,
            "temporal_decoder_dim": 64,
            "num_encoder_layers": 1,
            "num_decoder_layers": 1,
            "dropout": 0.0,
        },
    ),
    "TSMixer": (
        {"n_blocks": 2, "hidden_size": 16, "dropout": 0.0},
        {"n_block": 2, "ff_dim": 16, "dropout": 0.0, "n_series": 7},
    ),
    "PatchTST": (
        {**TOKENS, "num_layers": 2, "patch_length": 8, "stride": 4},
        {
            **TOKENS,
            "encoder_layers": 2,
            "linear_hidden_size": 64,
            "patch_len": 8,
            "stride": 4,
            "fc_dropout": 0.0,
        },
    ),
    "iTransformer": (
        {**TOKENS, "num_layers": 2},
        {**TOKENS, "e_layers": 2, "d_ff": 64, "n_series": 7},
    ),
    "TFT": (
        TOKENS,
        {"hidden_size": 32, "n_head": 4, "dropout": 0.0},
    ),
}


def data(name):
    """A series, or several columns for a network that reads them together."""
    n_series = PAIRS[name][1].get("n_series", 1)
    shifted = [np.roll(series_of(N_TIMES), 3 * i) for i in range(n_series)]
    return np.stack(shifted, axis=1).squeeze()


def ours(name):
    """A training of ours, the number of its steps, and of its windows."""
    values = data(name)
    target = None if values.ndim == 1 else list(range(values.shape[1]))
    values = values if target is None else pd.DataFrame(values)
    X, y = make_windows(values, horizon=HORIZON, length=LENGTH, target=target)
    cls = getattr(sktorch_forecast, f"{name[0].upper()}{name[1:]}Forecaster")
    forecaster = cls(
        batch_size=BATCH_SIZE,
        lr=LR,
        clip_grad_norm=None,
        max_epochs=N_EPOCHS,
        early_stopping=False,
        baseline=None,
        random_state=0,
        **PAIRS[name][0],
    )
    n_steps = N_EPOCHS * -(-len(X) // BATCH_SIZE)
    return lambda: forecaster.fit(X, y), n_steps, N_EPOCHS * len(X)


def theirs(name, n_steps):
    """A training of neuralforecast, of so many steps."""
    values = data(name).reshape(N_TIMES, -1)
    frame = pd.DataFrame(values).reset_index(names="ds")
    frame = frame.melt("ds", var_name="unique_id", value_name="y")
    options = {
        "h": HORIZON,
        "input_size": LENGTH,
        "loss": MSE(),
        "max_steps": n_steps,
        "val_check_steps": n_steps,
        "learning_rate": LR,
        "windows_batch_size": BATCH_SIZE,
        "batch_size": values.shape[1],
    }

    def train():
        network = getattr(models, name)(**options, **PAIRS[name][1], **QUIET)
        NeuralForecast(models=[network], freq=1).fit(frame)

    return train


def added_memory(name, whose):
    """Peak memory of a training in a process of its own, over what it had, in MB."""
    run = subprocess.run(
        [sys.executable, __file__, "memory", name, whose],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(run.stdout.split()[-1])


def step_of_torch():
    """A step of training in bare torch: what it loads for that belongs to neither."""
    layer = torch.nn.Linear(8, 1)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.ones(4, 8)).sum().backward()
    optimizer.step()


def memory(kind):
    """Memory of this process in MB, from /proc (Linux)."""
    with open("/proc/self/status") as lines:
        found = next(line for line in lines if line.startswith(kind + ":"))
    return int(found.split()[1]) / 1024


def main():
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    if sys.argv[1] == "memory":
        step_of_torch()
        before = memory("VmRSS")
        train, n_steps, _ = ours(sys.argv[2])
        if sys.argv[3] == "theirs":
            train = theirs(sys.argv[2], n_steps)
        train()
        print(memory("VmHWM") - before)
        return
    for name in PAIRS:
        train, n_steps, n_windows = ours(name)
        row = side_by_side(
            f"training, {name}, window {LENGTH}, horizon {HORIZON}",
            train,
            theirs(name, n_steps),
            against="neuralforecast",
            goal=GOAL,
            repeats=int(sys.argv[1]),
            unit=(n_windows, "windows"),
        )
        print(json.dumps(row), flush=True)
        limit = added_memory(name, "theirs")
        what = f"memory of a training, {name}; at most neuralforecast's"
        row = at_most(what, added_memory(name, "ours"), round(limit), "MB")
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
