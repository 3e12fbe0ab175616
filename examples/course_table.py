"""
The systems of a course on recurrent networks
=============================================

Every system of a well-known course on recurrent networks, in one table.

The task is that of chapter 15 of [1]_: 10,000 series, each two sine waves and noise, of
which 50 timestamps are seen and the next one, or the next ten, forecast. Each row is
one system of the course: trained on 7,000 series and set beside the error that the
course reports for it and that of a Keras version of the same course.

Run it with ``make course``, or ``python examples/course_table.py``:

    --rows NAME...   only rows of these names, or with one of these in their name
    --seeds N        train each network from N seeds; errors are means, with the spread
    --json FILE      write the results for machines, too

Epochs, batch size and learning rate of each row were chosen on the validation series.
The test series are used for nothing but the errors in the table.

References
----------
.. [1] A. Géron (2019), Hands-On Machine Learning with Scikit-Learn, Keras, and
   TensorFlow, 2nd edition. O'Reilly.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from time import perf_counter, process_time

import matplotlib

matplotlib.use("Agg")  # a file is drawn, no screen is needed
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from skorch.callbacks import LRScheduler
from skorch.helper import predefined_split
from torch.optim.lr_scheduler import OneCycleLR
from tqdm import tqdm

from sktorch_forecast import (
    ConvRNNForecaster,
    EncoderDecoderForecaster,
    GRUForecaster,
    LSTMForecaster,
    MLPForecaster,
    NaiveForecaster,
    RNNForecaster,
    WaveNetForecaster,
)
from sktorch_forecast.compose import RecursiveForecaster
from sktorch_forecast.datasets import make_waves

LENGTH, N_TRAIN = 50, 7000
TRAIN, VALID, TEST = slice(0, N_TRAIN), slice(7000, 9000), slice(9000, 10_000)
PICTURE = Path(__file__).parent / "output" / "course_table.png"

# What the ratios in the table divide by: the mean squared error that an efficient
# estimator of the frequencies and offsets of both waves would reach, were the noise
# Gaussian (Cramer-Rao), averaged over the series. It is the variance of the noise that
# comes, uniform in a width of 0.1 and thus 0.00083, and that of the estimated waves.
REFERENCE_BOUND = {1: 0.00098, 10: 0.00106}

# ------------------------------------------------------------------------- the rows

# Mean squared errors. Naive forecasts must have theirs exactly, all others at most.
# row: (horizon, the course, its Keras version, must reach, goal)
NUMBERS = {
    "Naive, 1 step": (1, 0.02157, 0.0202, 0.02181, None),
    "MLP, linear": (1, 0.00481, 0.0042, 0.0031, None),  # least squares: 0.00301
    "MLP, deep": (1, None, None, 0.0018, None),
    "Simple RNN": (1, 0.02253, 0.0109, 0.0115, None),
    "RNN": (1, 0.00343, None, 0.0034, 0.0025),
    "Deep RNN": (1, None, 0.0026, 0.0021, None),
    "Naive, 10 steps": (10, 0.2627, 0.2570, 0.26043, None),
    "One step at a time": (10, 0.05195, 0.0275, 0.020, None),
    "Several values at once": (10, 0.011771, 0.0085, 0.0026, None),
    "Training for all steps": (10, 0.015259, 0.0058, 0.0045, None),  # Keras: to 0.0096
    "LSTM, all steps": (10, 0.00887, 0.0086, 0.0020, None),
    "GRU, all steps": (10, 0.01165, 0.0103, 0.0028, None),
    "ConvRNN, all steps": (10, 0.009064, 0.0080, 0.0025, None),
    "MC dropout": (10, None, None, None, None),
    "Encoder-decoder": (10, None, None, None, None),
    "WaveNet": (10, None, 0.0072, None, None),
    "Best: ConvRNN 2 x 64": (10, None, None, 0.0013, 0.0012),
}


def network(cls, epochs, batch_size, max_lr, n_series=N_TRAIN, **params):
    """A forecaster with a training schedule of its own.

    All waves have the same level and scale, so windows are not normalized. The learning
    rate rises to `max_lr` and then falls until nothing is left of it in the last epoch,
    whose weights are kept: there is no need to stop early.
    """
    n_batches = epochs * -(-n_series // batch_size)
    one_cycle = LRScheduler(
        OneCycleLR, max_lr=max_lr, total_steps=n_batches, step_every="batch"
    )
    return cls(
        normalize=None,
        baseline=None,
        early_stopping=False,
        max_epochs=epochs,
        batch_size=batch_size,
        callbacks=[("one_cycle", one_cycle)],
        **params,
    )


ONE_UNIT = {"hidden_size": 1, "readout": False}  # its last output is the forecast
DEEP = {"hidden_size": 20, "num_layers": 2}
ALL_STEPS = {**DEEP, "train_on": "all_steps"}
CONV = {"cell": "gru", "n_filters": 20, "kernel_size": 4, "stride": 2}
LARGE = {"cell": "lstm", "n_filters": 32, "hidden_size": 64, "num_layers": 2}

# row: network(class, epochs, batch size, highest learning rate, ...)
MODELS = {
    "Naive, 1 step": NaiveForecaster(),
    "MLP, linear": network(MLPForecaster, 60, 128, 0.02, hidden_layer_sizes=()),
    "MLP, deep": network(MLPForecaster, 60, 64, 0.01, hidden_layer_sizes=(100, 100)),
    "Simple RNN": network(RNNForecaster, 20, 64, 0.02, **ONE_UNIT),
    "RNN": network(RNNForecaster, 100, 64, 0.008, hidden_size=20),
    "Deep RNN": network(RNNForecaster, 60, 128, 0.015, **DEEP),
    "Naive, 10 steps": NaiveForecaster(),
    "One step at a time": RecursiveForecaster(
        network(RNNForecaster, 100, 64, 0.01, clip_grad_norm=0.1, **DEEP)
    ),
    "Several values at once": network(
        RNNForecaster, 100, 64, 0.01, clip_grad_norm=0.1, **DEEP
    ),
    "Training for all steps": network(RNNForecaster, 60, 128, 0.015, **ALL_STEPS),
    "LSTM, all steps": network(LSTMForecaster, 60, 64, 0.03, **ALL_STEPS),
    "GRU, all steps": network(GRUForecaster, 50, 128, 0.03, **ALL_STEPS),
    "ConvRNN, all steps": network(
        ConvRNNForecaster, 80, 128, 0.03, **CONV, **ALL_STEPS
    ),
    "MC dropout": network(LSTMForecaster, 30, 64, 0.02, dropout=0.05, **DEEP),
    "Encoder-decoder": network(
        EncoderDecoderForecaster, 40, 64, 0.02, cell="lstm", hidden_size=32
    ),
    "WaveNet": network(WaveNetForecaster, 15, 64, 0.01),
    "Best: ConvRNN 2 x 64": network(
        ConvRNNForecaster, 20, 64, 0.02, n_series=4 * N_TRAIN, **LARGE
    ),
}
MIRRORED = {"Best: ConvRNN 2 x 64"}  # trained on mirrored copies of the series, too
SAMPLED = {"MC dropout"}  # the forecast is the mean of 100 passes with dropout

# ------------------------------------------------------------------ train and test


def waves(horizon):
    """Windows and what follows: series of 51 timestamps are others than those of 60."""
    series = make_waves(10_000, LENGTH + horizon, noise=0.1, random_state=42)
    following = series[:, LENGTH:]
    return series[:, :LENGTH], following.ravel() if horizon == 1 else following


def mirror(X, y):
    """The series, also back to front and upside down: four times as many.

    A wave turned around is a wave of the same kind, so this is more data for nothing.
    It is a property of these waves, not of series in general.
    """
    series = np.concatenate([X, y], axis=1)
    series = np.concatenate([series, series[:, ::-1]])
    series = np.concatenate([series, -series])
    return series[:, :LENGTH], series[:, LENGTH:]


def with_seed(model, seed, X_valid, y_valid):
    """A copy that starts from the seed and also records its error on other series.

    The training does not depend on these; they are there for the learning curves.
    """
    model = clone(model)
    if isinstance(model, NaiveForecaster):
        return model
    net = model
    if isinstance(model, RecursiveForecaster):
        net, y_valid = model.estimator, y_valid[:, 0]
    valid = net.dataset(X_valid, y_valid)
    net.set_params(random_state=seed, train_split=predefined_split(valid))
    return model


def train(name, seed):
    """Train the network of a row on one core, and test it."""
    X, y = waves(NUMBERS[name][0])
    model = with_seed(MODELS[name], seed, X[VALID], y[VALID])
    began, began_cpu = perf_counter(), process_time()
    series = mirror(X[TRAIN], y[TRAIN]) if name in MIRRORED else (X[TRAIN], y[TRAIN])
    model.fit(*series)
    result = {"row": name, "seed": seed, "seconds": perf_counter() - began}
    result["cpu_seconds"] = process_time() - began_cpu
    for part, rows in {"valid": VALID, "test": TEST}.items():
        if name in SAMPLED:
            forecast = model.sample(X[rows], n_samples=100).mean(axis=0)
        else:
            forecast = model.predict(X[rows])
        result[f"{part}_mse"] = float(np.mean((forecast - y[rows]) ** 2))
    if name in SAMPLED:
        band = model.predict_interval(X[TEST], coverage=0.9)
        inside = (band[..., 0] <= y[TEST]) & (y[TEST] <= band[..., 1])
        result["inside_the_band"] = float(inside.mean())
        result["picture"] = {"forecast": forecast[:3], "band": band[:3]}
    trained = getattr(model, "estimator_", model)
    if hasattr(trained, "history"):
        result["curve"] = [float(loss) for loss in trained.history[:, "valid_loss"]]
    return result


def train_all(names, seeds):
    """Train these rows from these seeds, two at a time; results in order of `names`."""
    # The last rows take longest: begin with them, so that no core waits at the end.
    tasks = [(name, seed) for name in reversed(names) for seed in seeds]
    # Without a random part the seed makes no difference.
    tasks = [t for t in tasks if t[1] == seeds[0] or not t[0].startswith("Naive")]
    parallel = Parallel(n_jobs=2, return_as="generator_unordered")
    results = {name: [] for name in names}
    with tqdm(total=len(tasks), unit="network") as progress:
        for result in parallel(delayed(train)(*task) for task in tasks):
            results[result["row"]].append(result)
            progress.set_postfix_str(f"{result['row']}: {result['test_mse']:.5f}")
            progress.update()
    return results


# ------------------------------------------------------------------ table and picture


def summary(name, results):
    """The numbers of a row of the table."""
    horizon, course, keras, must_reach, goal = NUMBERS[name]
    errors = np.array([result["test_mse"] for result in results])
    # Every seed has to reach it, not only their mean.
    reached = None if must_reach is None else bool(errors.max() <= must_reach)
    if name.startswith("Naive"):
        reached = bool(abs(errors - must_reach).max() < 5e-6)
    return {
        "row": name,
        "horizon": horizon,
        "course": course,
        "keras": keras,
        "must_reach": must_reach,
        "goal": goal,
        "ours": errors.mean(),
        "spread": errors.max() - errors.min(),
        "ratio": errors.mean() / REFERENCE_BOUND[horizon],
        "reached": reached,
        "seconds": float(np.mean([result["seconds"] for result in results])),
        "valid_mse": float(np.mean([result["valid_mse"] for result in results])),
    }


def table(summaries, n_seeds):
    """The summaries as text."""
    frame = pd.DataFrame(summaries).set_index("row")
    frame.index.name = None
    errors = ["course", "keras", "must_reach", "goal", "ours", "spread"]
    text = frame[errors].map(lambda e: "-" if pd.isna(e) else f"{e:.5f}")
    text["ratio"] = frame["ratio"].map("{:.2f}".format)
    text["reached"] = frame["reached"].map({True: "yes", False: "NO", None: "-"})
    text["time"] = frame["seconds"].map("{:.0f} s".format)
    if n_seeds == 1:
        text = text.drop(columns="spread")
    return text.rename(columns={"must_reach": "must reach"}).to_string()


def draw(results):
    """Learning curves, and ten-step forecasts with their bands."""
    fig, axes = plt.subplots(2, 6, figsize=(13, 9), layout="constrained")
    for ax in axes.flat:
        ax.remove()
    grid = axes[0, 0].get_gridspec()
    panels = {1: fig.add_subplot(grid[0, :3]), 10: fig.add_subplot(grid[0, 3:])}
    for name, (first, *_) in results.items():
        if "curve" in first:
            # The recursive forecaster learns one step, whatever it then forecasts.
            one_step = isinstance(MODELS[name], RecursiveForecaster)
            curve = first["curve"]
            epochs = np.arange(1, len(curve) + 1)
            ax = panels[1 if one_step else NUMBERS[name][0]]
            ax.plot(epochs, curve, label=name)
    for horizon, ax in panels.items():
        bound = REFERENCE_BOUND[horizon]
        ax.axhline(bound, color="black", linestyle=":", label="reference bound")
        ax.set(yscale="log", xlabel="epoch", ylabel="MSE on the validation series")
        ax.set(title=f"Learning to forecast {horizon} step{'s' * (horizon > 1)}")
        ax.legend(fontsize="small")
    X, y = waves(10)
    seen, ahead = np.arange(LENGTH), LENGTH + np.arange(10)
    sampled = [results[name][0] for name in results if name in SAMPLED]
    for number in range(3 if sampled else 0):
        ax = fig.add_subplot(grid[1, 2 * number : 2 * number + 2])
        ax.plot(seen, X[TEST][number], color="0.5", label="seen")
        ax.plot(ahead, y[TEST][number], "k.-", label="what followed")
        picture = sampled[0]["picture"]
        ax.plot(ahead, picture["forecast"][number], color="tab:red", label="forecast")
        lower, upper = picture["band"][number].T
        ax.fill_between(ahead, lower, upper, color="tab:red", alpha=0.3, label="90 %")
        ax.set(title=f"MC dropout, test series {number}", xlabel="timestamp")
        ax.set_xlim(20)
        if number == 0:
            ax.legend(fontsize="small")
    PICTURE.parent.mkdir(exist_ok=True)
    fig.savefig(PICTURE, dpi=120)
    plt.close(fig)


def is_wanted(name, parts):
    """Whether a row is asked for: by its name, else by a part of it, in any case."""
    rows = {row.lower() for row in NUMBERS}
    parts = [part.lower() for part in parts]
    return any(
        part == name.lower() if part in rows else part in name.lower() for part in parts
    )


def main():
    parser = argparse.ArgumentParser(
        description="Train and test every system of the course."
    )
    parser.add_argument("--rows", nargs="+", metavar="NAME", help="only these rows")
    parser.add_argument("--seeds", type=int, default=1, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    names = [name for name in NUMBERS if is_wanted(name, args.rows or [""])]
    if not names or args.seeds < 1:
        parser.error(f"Expected at least one seed and one row of {', '.join(NUMBERS)}.")

    began = perf_counter()
    results = train_all(names, seeds=range(args.seeds))
    summaries = [summary(name, results[name]) for name in names]
    print(
        f"\nMean squared errors, ours on {TEST.stop - TEST.start} test series from "
        f"{args.seeds} seed(s) of each network.\n"
        f"ratio: to the reference bound, {REFERENCE_BOUND[1]} for one step and "
        f"{REFERENCE_BOUND[10]} for ten.\n"
        "time: of one training, on one core.\n"
    )
    print(table(summaries, args.seeds))
    for name in SAMPLED.intersection(names):
        inside = np.mean([result["inside_the_band"] for result in results[name]])
        print(
            f"\n{name}: {inside:.0%} of what followed lies in the 90 % band, which "
            "tells how unsure the\nnetwork is of its weights and does not hold the "
            "noise of the series."
        )
    draw(results)
    print(f"\nPicture: {os.path.relpath(PICTURE)}")
    if args.json:
        for runs in results.values():
            for result in runs:
                result.pop("picture", None)
        document = {"table": summaries, "runs": results}
        args.json.write_text(json.dumps(document, indent=2) + "\n")
    print(f"Done in {perf_counter() - began:.0f} s.")
    missed = [row["row"] for row in summaries if row["reached"] is False]
    if missed:
        sys.exit(f"Not reached: {', '.join(missed)}.")


if __name__ == "__main__":
    main()
