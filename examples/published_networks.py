"""
Networks of papers on ETTh1
===========================

Every network whose paper has numbers for ETTh1, beside these numbers, on the windows of
``ett.py``: seven channels as a panel of series, the first 8,640 hours train, the next
2,880 validate, the next 2,880 test, and errors are over every test window.

Most published numbers leave out the end of the test part: the loaders that the papers
share drop the last batch if it is not full, batches being of 32 to 512 origins. With
``--drop-last`` so does this script, so that one can see what that is worth.

Hyperparameters are those of the papers where they fit into some minutes on two cores,
and smaller where not; none was tuned here. Every network is trained alone, and with a
ridge regression beside it (``baseline="ridge"``, the default of the package).

Run it with ``make networks``, or ``python examples/published_networks.py``:

    --models NAME    only these; several names may follow
    --horizons N     forecast horizons (default: 96 336)
    --seeds N        train every network from N seeds (default 3)
    --baselines B    "none", "ridge", or both (the default)
    --drop-last N    leave out origins that fill no batch of N: 32, 128, 256 or 512
    --results FILE   where results are kept (default: in examples/output)

What is in the file of results is not computed again.
"""

import argparse
import json
from pathlib import Path
from time import perf_counter

import ett
import numpy as np
import pandas as pd
from sklearn.metrics import mean_squared_error

from sktorch_forecast import (
    ITransformerForecaster,
    MinGRUForecaster,
    NBEATSForecaster,
    NHITSForecaster,
    PatchTSTForecaster,
    SegRNNForecaster,
    SparseTSFForecaster,
    TiDEForecaster,
    TSMixerForecaster,
    XLSTMForecaster,
    make_windows,
)

RESULTS = Path(__file__).parent / "output" / "published_networks.jsonl"
# What all of them are trained with.
TRAINING = {"lr": 0.001, "batch_size": 256, "max_epochs": 20, "n_iter_no_change": 4}
# Origins in a batch of the loaders of the papers, of which the last one is dropped.
BATCHES = (32, 128, 256, 512)

# Those that read all channels together, as one series with seven targets.
TOGETHER = {"TSMixer", "iTransformer"}
# name: (window, published errors by horizon, forecaster)
MODELS = {
    "SegRNN": (
        720,
        {96: 0.351, 336: 0.423},
        SegRNNForecaster(
            segment_length=48,
            hidden_size=128,
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
        TSMixerForecaster(hidden_size=16, n_blocks=2, dropout=0.7),
    ),
    "iTransformer": (
        96,
        {96: 0.386, 336: 0.449},
        ITransformerForecaster(hidden_size=128, dropout=0.1),
    ),
    "N-HiTS": (
        480,
        {96: 0.378, 336: 0.458},
        NHITSForecaster(pool_sizes=(8, 4, 1), knot_distances=(24, 12, 1), dropout=0.1),
    ),
    "N-BEATS": (336, {}, NBEATSForecaster(n_harmonics=8, dropout=0.1)),
    "minGRU": (96, {}, MinGRUForecaster(num_layers=2, dropout=0.1)),
    "xLSTM": (336, {}, XLSTMForecaster(patch_length=16, dropout=0.3)),
}
BASELINES = {"none": None, "ridge": "ridge"}


def windows(name, frame, horizon, begin, end):
    """As in ``ett.py``, or with all channels in one window."""
    length = MODELS[name][0]
    if name not in TOGETHER:
        return ett.windows(frame, horizon, length, begin, end)
    part = frame[max(begin - length, 0) : end]
    columns = list(frame)
    return make_windows(part, horizon=horizon, length=length, target=columns)


def result(frame, name, horizon, baseline, seed):
    """One line of results: errors over all test windows, and without the last ones."""
    model = MODELS[name][2]
    model = model.set_params(
        baseline=BASELINES[baseline], random_state=seed, **TRAINING
    )
    X, y = windows(name, frame, horizon, 0, ett.TRAIN)
    began = perf_counter()
    model.fit(X, y)
    seconds = perf_counter() - began
    X_test, y_test = windows(name, frame, horizon, ett.VALID, ett.TEST)
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
        "epochs": len(model.history),
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
        row = {"model": name, "horizon": horizon, "window": MODELS[name][0]}
        row["published"] = MODELS[name][1].get(int(horizon), np.nan)
        for baseline, part in group.groupby("baseline"):
            row[baseline] = part[column].mean()
            row[f"spread, {baseline}"] = np.ptp(part[column])
        row["seeds"] = group["seed"].nunique()
        row["s"] = group["seconds"].mean()
        rows.append(row)
    order = {name: place for place, name in enumerate(MODELS)}
    frame = pd.DataFrame(rows).sort_values("model", key=lambda names: names.map(order))
    return frame.sort_values("horizon", kind="stable").set_index(["horizon", "model"])


def main():
    parser = argparse.ArgumentParser(description="Compare networks on ETTh1.")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--horizons", nargs="+", type=int, default=[96, 336])
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument(
        "--baselines", nargs="+", choices=BASELINES, default=list(BASELINES)
    )
    parser.add_argument("--drop-last", type=int, choices=BATCHES)
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FILE")
    args = parser.parse_args()
    frame = ett.standardized()
    args.results.parent.mkdir(parents=True, exist_ok=True)
    results = known(args.results)
    keys = ("model", "horizon", "baseline", "seed")
    done = {tuple(row[key] for key in keys) for row in results}
    for seed in range(args.seeds):
        for horizon in args.horizons:
            for name in args.models:
                for baseline in args.baselines:
                    if (name, horizon, baseline, seed) in done:
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
