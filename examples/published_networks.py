"""
Networks of papers on ETTh1
===========================

Every network whose paper has numbers for ETTh1, beside these numbers, on the windows of
``ett.py``: seven channels, each forecast by itself, the first 8,640 hours train, the
next 2,880 validate, the next 2,880 test, and errors are over every test window.

Most published numbers leave out the end of the test part: the loaders that the papers
share drop the last batch if it is not full, batches being of 32 to 512 origins. With
``--drop-last`` so does this script, so that one can see what that is worth.

Hyperparameters are those of the papers where they fit into some minutes on two cores,
and smaller where not. Every network is trained twice:

- alone, in the way of the papers: all channels are in the same units, so that the loss
  is the error that the table has, and the validation part says which epoch is kept;
- with a ridge regression beside it (``baseline="ridge"``, the default of the package),
  in the way of the package: the channels are a panel of series, the last part of the
  training part says which epoch is kept and how much the network counts, and sample
  weights make the loss the error that the table has. All have ``normalize="last"``,
  which was better on the validation part than "window" and "mean", for N-HiTS at both
  horizons and for PatchTST at the longer one.

SegRNN has 256 units, which were better on the validation part than 128. An epoch is a
quarter of the windows, others every time. The two networks that read all channels in
one window have a seventh of the windows: their epochs are whole, with batches of 32, as
in their papers. Their learning rates and ``normalize="last"`` were chosen on the
validation part, too.

What the regression does alone, on windows of the same length, stands beside; its
penalty is the best one on the validation part.

Run it with ``make networks``, or ``python examples/published_networks.py``:

    --models NAME    only these; several names may follow
    --horizons N     forecast horizons (default: 96 336)
    --seeds N        train every network from N seeds (default 3)
    --baselines B    "none", "ridge" or "only", the regression alone; several may follow
    --drop-last N    leave out origins that fill no batch of N: 32, 128, 256 or 512
    --results FILE   where results are kept (default: in examples/output)

What is in the file of results is not computed again.
"""

import argparse
import json
from itertools import islice, product
from pathlib import Path
from time import perf_counter

import ett
import numpy as np
import pandas as pd
import sklearn
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.pipeline import make_pipeline
from skorch.dataset import Dataset
from skorch.helper import predefined_split

from sktorch_forecast import (
    EnsembleForecaster,
    ITransformerForecaster,
    MinGRUForecaster,
    MLPForecaster,
    NBEATSForecaster,
    NHITSForecaster,
    PatchTSTForecaster,
    SegRNNForecaster,
    SlidingWindow,
    SparseTSFForecaster,
    TabularForecaster,
    TFTForecaster,
    TiDEForecaster,
    TSMixerForecaster,
    XLSTMForecaster,
    make_windows,
)

RESULTS = Path(__file__).parent / "output" / "published_networks.jsonl"


class Quarter(SegRNNForecaster().iterator_train):
    """A quarter of the batches of each epoch."""

    def __len__(self):
        return -(-super().__len__() // 4)

    def __iter__(self):
        return islice(super().__iter__(), len(self))


# How networks are trained that read a single channel, and those that read all of them.
PATIENCE = {"max_epochs": 30, "n_iter_no_change": 4}
SINGLE = PATIENCE | {"lr": 0.001, "batch_size": 256, "iterator_train": Quarter}
ALL = PATIENCE | {"batch_size": 32, "normalize": "last"}
# Origins in a batch of the loaders of the papers, of which the last one is dropped.
BATCHES = (32, 128, 256, 512)

# Those that read all channels together, as one series with seven targets.
TOGETHER = {"TSMixer", "iTransformer"}
# What tells phases by the time, which arrays do not have.
TIMED = {"CycleNet"}
# name: (window, published errors by horizon, forecaster)
MODELS = {
    "SegRNN": (
        720,
        {96: 0.351, 336: 0.423},
        SegRNNForecaster(
            segment_length=48,
            hidden_size=256,
            dropout=0.5,
            normalize="last",
            loss="mae",
        ),
    ),
    "SparseTSF": (
        720,
        {96: 0.362, 336: 0.435},
        SparseTSFForecaster(period=24, normalize="mean"),
    ),
    "PatchTST": (
        336,
        {96: 0.375, 336: 0.422},
        PatchTSTForecaster(patch_length=16, stride=8, hidden_size=16, dropout=0.3),
    ),
    "TiDE": (
        720,
        {96: 0.375, 336: 0.435},
        TiDEForecaster(hidden_size=128, num_layers=2, decoder_size=8, dropout=0.3),
    ),
    "TSMixer": (
        512,
        {96: 0.361, 336: 0.420},
        TSMixerForecaster(hidden_size=16, n_blocks=2, dropout=0.9, lr=0.0001),
    ),
    "iTransformer": (
        96,
        {96: 0.386, 336: 0.449},
        ITransformerForecaster(hidden_size=128, dropout=0.1, lr=0.0005),
    ),
    # CycleNet/Linear; the numbers are the means of the authors' file of results.
    "CycleNet": (
        96,
        {96: 0.378, 336: 0.464},
        MLPForecaster(hidden_layer_sizes=(), normalize="cycle", seasonality=24),
    ),
    "N-HiTS": (
        480,
        {96: 0.378, 336: 0.458},
        NHITSForecaster(pool_sizes=(8, 4, 1), knot_distances=(24, 12, 1), dropout=0.1),
    ),
    "N-BEATS": (512, {}, NBEATSForecaster(n_harmonics=8, dropout=0.1)),
    "minGRU": (96, {}, MinGRUForecaster(num_layers=2, dropout=0.1)),
    "TFT": (96, {}, TFTForecaster(hidden_size=16, dropout=0.2)),
    "xLSTM": (336, {}, XLSTMForecaster(patch_length=16, dropout=0.3)),
}
# Of those with a regression beside them, these two had the best mean on the validation
# part, better than that of three or four. Each is there twice: with "last", forecasts
# follow the latest level; with "level", they may return to the mean.
MEAN = "mean of four"
NAMES = [*MODELS, MEAN]
MEMBERS = ["SegRNN", "N-HiTS"]
PARTS = (0, ett.TRAIN), (ett.TRAIN, ett.VALID), (ett.VALID, ett.TEST)
BASELINES = {"none": None, "ridge": "ridge"}
ONLY = "only"
KINDS = [*BASELINES, ONLY]


def length_of(name):
    """Of the windows of a model: the longest of all members for the mean."""
    return max(MODELS[member][0] for member in (MEMBERS if name == MEAN else [name]))


def published(name):
    """Errors that the paper has, by horizon."""
    return {} if name == MEAN else MODELS[name][1]


def windows(name, frame, horizon, begin, end):
    """As in ``ett.py``, or with all channels in one window."""
    length = length_of(name)
    if name not in TOGETHER:
        return ett.windows(frame, horizon, length, begin, end)
    part = frame[max(begin - length, 0) : end]
    columns = list(frame)
    return make_windows(part, horizon=horizon, length=length, target=columns)


def weights_of(X, name, frame):
    """What makes losses in the units of each series those of the table, or None."""
    if name in TOGETHER:
        return None
    scale = frame[: ett.TRAIN].rolling(length_of(name)).std().median().to_numpy()
    # Absolute errors are proportional to the scale, squared ones to its square.
    is_absolute = name == "SegRNN"
    return scale[X.series] ** (1 if is_absolute else 2)


def made(name, **params):
    """A model with parameters for the training, or the mean of its members."""
    if name != MEAN:
        training = ALL if name in TOGETHER else SINGLE
        return clone(MODELS[name][2]).set_params(**training | params)
    members = []
    for member, kind in product(MEMBERS, ("last", "level")):
        network = made(member, **params | {"normalize": kind})
        # With "level", the loss is in units of each window already.
        network.set_fit_request(sample_weight=kind == "last")
        pipe = make_pipeline(SlidingWindow(length_of(member)), network)
        members.append((f"{member}, {kind}", pipe))
    return EnsembleForecaster(members, weights=None)


def trained(frame, name, horizon, baseline, seed):
    """A model of the training part, and the other two parts for it."""
    if baseline == ONLY:
        length = length_of(name)
        parts = [ett.windows(frame, horizon, length, *part) for part in PARTS]
        ridge = TabularForecaster(Ridge(), normalize="last")
        ridge = ett.with_best_alpha(ridge, frame, horizon, length)
        return ridge.fit(*parts[0]), *parts[1:]
    train, valid, test = (windows(name, frame, horizon, *part) for part in PARTS)
    params = {"baseline": BASELINES[baseline], "random_state": seed}
    weights = None
    if baseline == "ridge":
        params |= {} if name in TIMED else {"normalize": "last"}
        weights = weights_of(train[0], name, frame)
    model = made(name, **params)
    if baseline == "none":
        if name not in TOGETHER | TIMED:  # arrays know nothing of series and units
            train, valid, test = (
                [np.asarray(part, dtype=np.float32) for part in pair]
                for pair in (train, valid, test)
            )
        model.set_params(train_split=predefined_split(Dataset(*valid)))
    return model.fit(*train, sample_weight=weights), valid, test


def result(frame, name, horizon, baseline, seed):
    """One line of results: errors over all test windows, and without the last ones."""
    began = perf_counter()
    model, valid, test = trained(frame, name, horizon, baseline, seed)
    seconds = perf_counter() - began
    X_test, y_test = test
    forecasts = model.predict(X_test)
    n_origins = ett.TEST - ett.VALID - horizon + 1
    origins = np.arange(len(y_test)) % n_origins
    kept = {size: origins < n_origins // size * size for size in BATCHES}
    return {
        "model": name,
        "horizon": horizon,
        "baseline": baseline,
        "seed": seed,
        "MSE": mean_squared_error(y_test, forecasts),
        **{
            f"MSE, last of {size} dropped": mean_squared_error(y_test[k], forecasts[k])
            for size, k in kept.items()
        },
        "MSE, validation part": mean_squared_error(valid[1], model.predict(valid[0])),
        "epochs": len(getattr(model, "history", [])),
        "seconds": seconds,
    }


def known(file):
    """Results so far."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text().splitlines()]


def table(results, drop_last):
    """Published errors and ours: the mean of all seeds, and the spread."""
    column = f"MSE, last of {drop_last} dropped" if drop_last else "MSE"
    rows = []
    for (name, horizon), group in pd.DataFrame(results).groupby(["model", "horizon"]):
        row = {"model": name, "horizon": horizon, "window": length_of(name)}
        row["published"] = published(name).get(int(horizon), np.nan)
        for baseline, part in group.groupby("baseline"):
            row[baseline] = part[column].mean()
            if baseline != ONLY:
                row[f"spread, {baseline}"] = np.ptp(part[column])
        row["seeds"] = group["seed"].nunique()
        row["s"] = group["seconds"].mean()
        rows.append(row)
    order = {name: place for place, name in enumerate(NAMES)}
    frame = pd.DataFrame(rows).sort_values("model", key=lambda names: names.map(order))
    return frame.sort_values("horizon", kind="stable").set_index(["horizon", "model"])


def main():
    parser = argparse.ArgumentParser(description="Compare networks on ETTh1.")
    parser.add_argument("--models", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--horizons", nargs="+", type=int, default=[96, 336])
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--baselines", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--drop-last", type=int, choices=BATCHES)
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FILE")
    args = parser.parse_args()
    # So that sample weights get to the members of an ensemble, through pipelines.
    sklearn.set_config(enable_metadata_routing=True)
    frame = ett.standardized()
    args.results.parent.mkdir(parents=True, exist_ok=True)
    results = known(args.results)
    keys = ("model", "horizon", "baseline", "seed")
    done = {tuple(row[key] for key in keys) for row in results}
    tasks = product(range(args.seeds), args.horizons, args.models, args.baselines)
    for seed, horizon, name, baseline in tasks:
        is_known = (name, horizon, baseline, seed) in done
        # The mean has its regressions inside, and a regression alone has no seed.
        is_other = baseline != "ridge" if name == MEAN else baseline == ONLY and seed
        if is_known or is_other:
            continue
        row = result(frame, name, horizon, baseline, seed)
        results.append(row)
        with args.results.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(
            f"{name}, {horizon} hours, baseline {baseline}, seed {seed}: "
            f"MSE {row['MSE']:.4f}, {row['seconds']:.0f} s",
            flush=True,
        )
    with pd.option_context("display.width", 120, "display.max_columns", None):
        print(f"\n{table(results, args.drop_last).round(4)}")


if __name__ == "__main__":
    main()
