"""
M4 Hourly: 414 series, one network
==================================

The hourly series of the M4 competition [1]_, from the files to forecasts of the next 48
hours with 95 % intervals, beside what was published.

All 414 series are one panel and train one network. Window, normalization, loss, size
and schedule were chosen on the last 48 hours of the training series (``--validate``
shows that part); the test part is used for nothing but the table.

Run it with ``make m4``, or ``python examples/m4_hourly.py``:

    --seeds N     train everything from N seeds; scores are means, with the spread
    --papers      networks of papers, one by one, instead (part of ``make networks``)
    --validate    forecast the last 48 hours of the training series instead
    --json FILE   write the results for machines, too

The files are those in ``../shared/data`` beside the repository, if they are there; else
they are downloaded, which needs ``pip install "sktorch-forecast[fetch]"``.

References
----------
.. [1] S. Makridakis, E. Spiliotis and V. Assimakopoulos (2020), The M4 Competition:
   100,000 time series and 61 forecasting methods. International Journal of
   Forecasting 36, 54-74.
"""

import argparse
import json
import os
from pathlib import Path
from time import perf_counter, process_time

import matplotlib

matplotlib.use("Agg")  # a file is drawn, no screen is needed
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from skorch.callbacks import LRScheduler
from torch.optim.lr_scheduler import OneCycleLR

from sktorch_forecast import (
    ConvRNNForecaster,
    ITransformerForecaster,
    MinGRUForecaster,
    MLPForecaster,
    NBEATSForecaster,
    NHITSForecaster,
    PatchTSTForecaster,
    PretrainedForecaster,
    SegRNNForecaster,
    SparseTSFForecaster,
    TFTForecaster,
    TiDEForecaster,
    TSMixerForecaster,
    XLSTMForecaster,
    latest_windows,
    make_windows,
)
from sktorch_forecast.datasets import fetch_m4
from sktorch_forecast.metrics import acd, coverage_score, mase, msis, smape

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
PICTURE = Path(__file__).parent / "output" / "m4_hourly.png"
HORIZON, DAY, WEEK = 48, 24, 168
ROLES = {"id": "id", "time": "step", "target": "value"}

# Of the hourly series; OWA is the overall weighted average of sMAPE and MASE, each
# divided by that of Naive2, ACD how many points the coverage is off 95 %.
COLUMNS = ["sMAPE %", "MASE", "OWA", "MSIS", "ACD"]
PUBLISHED = {
    "Naive2": (18.383, 2.395, 1.0, np.nan, np.nan),
    "RNN benchmark of the competition": (14.698, 3.048, 1.036, np.nan, np.nan),
    "winner (Smyl)": (9.328, 0.893, 0.440, 7.928, 4.0),
    "best hourly entry": (8.913, 0.801, 0.410, np.nan, np.nan),
    "best hourly intervals": (np.nan, np.nan, np.nan, 6.139, 0.2),
}

# ------------------------------------------------------------------------- networks

LEVELS = (0.01, 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975, 0.99)
# Of the network's own coverages, the one that held 95 % in the validation part.
NOMINAL = 0.97
LARGE = {"hidden_layer_sizes": (512, 512)}
# The last day, or week, of the window is taken off: the network learns what changes.
DAILY = {"normalize": "season", "seasonality": DAY}
WEEKLY = {"normalize": "season", "seasonality": WEEK}
SCORED = {"loss": "smape+mase", "seasonality": DAY}
QUANTILES = {"loss": "quantile", "quantiles": LEVELS}
CONV = {"n_filters": 64, "kernel_size": 24, "stride": 8, "hidden_size": 64}
BLOCKS = {"hidden_layer_sizes": (256, 256)}
NBEATS = {"stacks": ("generic",), "n_blocks": 4, **BLOCKS}
NHITS = {"pool_sizes": (8, 4, 1), "knot_distances": (24, 12, 1), **BLOCKS}

# name: (network, parameters, length of the window, epochs, every how many-th origin,
# highest learning rate)
MLP = MLPForecaster
NETWORKS = {
    "day": (MLP, LARGE | SCORED | DAILY, 192, 8, 1, 0.001),
    "week": (MLP, LARGE | SCORED | WEEKLY, 240, 8, 2, 0.001),
    "window": (MLP, LARGE | SCORED, 192, 8, 2, 0.001),
    "level": (MLP, LARGE | SCORED | {"normalize": "level"}, 192, 12, 2, 0.001),
    "recurrent": (ConvRNNForecaster, CONV | SCORED | DAILY, 192, 6, 4, 0.003),
    "quantiles": (MLP, LARGE | DAILY | QUANTILES, 192, 8, 2, 0.001),
    "N-BEATS": (NBEATSForecaster, NBEATS | SCORED | DAILY, 192, 8, 2, 0.001),
    "N-HiTS": (NHITSForecaster, NHITS | SCORED | DAILY, 192, 8, 2, 0.001),
    # Trained on synthetic series alone: its fit takes nothing but the shapes.
    "pretrained": (PretrainedForecaster, {}, 640, 1, 1, 0.001),
}
# Of those that the ensembles do not need, sizes are small and nothing was chosen.
LINEAR = {"hidden_layer_sizes": ()}
SLOW = 192, 4, 4, 0.003
PAPERS = {
    "SegRNN": (SegRNNForecaster, {"segment_length": 24, "hidden_size": 128}, *SLOW),
    "SparseTSF": (SparseTSFForecaster, {"period": DAY}, 192, 8, 2, 0.01),
    "PatchTST": (PatchTSTForecaster, {"hidden_size": 32}, *SLOW),
    "TiDE": (TiDEForecaster, {"hidden_size": 128}, 192, 8, 2, 0.001),
    "TSMixer": (TSMixerForecaster, {"hidden_size": 32}, 192, 8, 2, 0.001),
    "iTransformer": (ITransformerForecaster, {"hidden_size": 64}, 192, 8, 2, 0.001),
    "CycleNet": (MLP, LINEAR | {"normalize": "cycle"}, 192, 8, 2, 0.01),
    "minGRU": (MinGRUForecaster, {"num_layers": 2}, *SLOW),
    "xLSTM": (XLSTMForecaster, {"patch_length": 16}, *SLOW),
    "TFT": (TFTForecaster, {"hidden_size": 16}, *SLOW),
}
NETWORKS |= {
    name: (cls, SCORED | DAILY | params, *how)
    for name, (cls, params, *how) in PAPERS.items()
}
SIX = [("day", 0), ("day", 1), ("week", 0), ("week", 1), ("window", 0), ("level", 0)]
EIGHT = "MLP, N-BEATS and N-HiTS, ensemble of 8"
MEAN = "mean of these 8 and pretrained"
# row of the table: networks (name, number of the seed) whose median is the forecast
ROWS = {
    "MLP": [("day", 0)],
    "MLP, ensemble of 6": SIX,
    "ConvRNN": [("recurrent", 0)],
    "N-BEATS": [("N-BEATS", 0)],
    "N-HiTS": [("N-HiTS", 0)],
    EIGHT: [*SIX, ("N-BEATS", 0), ("N-HiTS", 0)],
    "pretrained": [("pretrained", 0)],
    "MLP, quantiles, ensemble of 2": [("quantiles", 0), ("quantiles", 1)],
}
PAPER_ROWS = {name: [(name, 0)] for name in ["N-BEATS", "N-HiTS", *PAPERS]}
# What is asked of a network with quantiles: the ends of the interval, and the median.
ASKED = ((1 - NOMINAL) / 2, 0.5, (1 + NOMINAL) / 2)


def train(name, seed, history):
    """Train a network on all series, on one core.

    Returns its forecasts, or quantiles, of what follows, and its seconds of CPU time.
    """
    began = process_time()
    cls, params, length, n_epochs, every, lr = NETWORKS[name]
    X, y = make_windows(history, horizon=HORIZON, length=length, **ROLES)
    X, y = X[::every], y[::every]
    batch_size = 256
    # The learning rate rises and falls to nothing: there is no need to stop early.
    n_batches = n_epochs * -(-len(X) // batch_size)
    one_cycle = LRScheduler(
        OneCycleLR, max_lr=lr, total_steps=n_batches, step_every="batch"
    )
    network = cls(
        baseline=None,
        batch_size=batch_size,
        max_epochs=n_epochs,
        early_stopping=False,
        callbacks=[("one_cycle", one_cycle)],
        random_state=seed,
        **params,
    ).fit(X, y)
    latest = latest_windows(history, length=length, **ROLES)
    if "quantiles" in params:
        forecast = network.predict_quantiles(latest, ASKED)
    else:
        forecast = network.predict(latest)
    return forecast, process_time() - began


# ---------------------------------------------------------------- data and baselines


def by_series(frame):
    """The values of each series, in a list."""
    return [g.to_numpy() for _, g in frame.groupby("id", sort=False)["value"]]


def last_values(frame, n):
    """The last `n` values of each series, (n_series, n)."""
    return np.stack([values[-n:] for values in by_series(frame)])


def naive2(values):
    """The competition's Naive2: the last value, with the seasons put back.

    A series with a significant autocorrelation at one season (90 %, with the standard
    error of Bartlett) is divided by the seasonal indices of the classical
    multiplicative decomposition before, and multiplied after.
    """
    n = len(values)
    deviations = values - values.mean()
    correlations = [
        (deviations[lag:] @ deviations[: n - lag]) / (deviations @ deviations)
        for lag in range(1, DAY + 1)
    ]
    error = np.sqrt((1 + 2 * np.square(correlations[:-1]).sum()) / n)
    if abs(correlations[-1]) <= 1.645 * error:
        return np.full(HORIZON, values[-1])
    # A moving average over a day, half of the two ends.
    weights = np.r_[0.5, np.ones(DAY - 1), 0.5] / DAY
    trend = np.convolve(values, weights, mode="valid")
    ratios = np.full(n, np.nan)
    ratios[DAY // 2 : -DAY // 2] = values[DAY // 2 : -DAY // 2] / trend
    hour = np.arange(n) % DAY
    indices = np.array([np.nanmean(ratios[hour == h]) for h in range(DAY)])
    indices /= indices.mean()
    ahead = (n + np.arange(HORIZON)) % DAY
    return values[-1] / indices[hour[-1]] * indices[ahead]


# --------------------------------------------------------------------------- scores


class Scores:
    """Scores of forecasts of all series, in the competition's definitions."""

    def __init__(self, history, truth):
        self.truth = truth
        self.series = by_series(history)
        self.naive = self.point(np.stack([naive2(values) for values in self.series]))

    def scaled(self, metric, forecast, **params):
        """The mean over the series, each scaled by its own history."""
        params["seasonality"] = DAY
        scores = [  # one by one, for the histories differ in length
            metric(self.truth[[i]], forecast[[i]], y_train=values[np.newaxis], **params)
            for i, values in enumerate(self.series)
        ]
        return float(np.mean(scores))

    def point(self, forecast):
        """sMAPE in percent, as the competition reports it, and MASE."""
        return 100 * smape(self.truth, forecast), self.scaled(mase, forecast)

    def row(self, forecast):
        """A row of the table, of point forecasts or of quantiles."""
        found = {}
        if forecast.ndim == 3:
            interval, forecast = forecast[..., [0, -1]], forecast[..., 1]
            found["MSIS"] = self.scaled(msis, interval, coverage=0.95)
            found["ACD"] = 100 * acd(self.truth, interval, coverage=0.95)
            found["coverage"] = 100 * coverage_score(self.truth, interval)
        found["sMAPE %"], found["MASE"] = self.point(forecast)
        ratios = np.divide([found["sMAPE %"], found["MASE"]], self.naive)
        return found | {"OWA": float(ratios.mean())}


def evaluate(scores, rows, trained, seed):
    """The rows of the table for one seed; `trained` is what `train` gave each task."""
    forecasts, seconds = {}, {}
    for row, members in rows.items():
        parts, times = zip(*[trained[name, 2 * seed + i] for name, i in members])
        forecasts[row], seconds[row] = np.median(parts, axis=0), sum(times)
    if EIGHT in rows:
        pair = [EIGHT, "pretrained"]
        forecasts[MEAN] = np.mean([forecasts[row] for row in pair], axis=0)
        seconds[MEAN] = sum(seconds[row] for row in pair)
    return {
        row: scores.row(f) | {"CPU s": seconds[row]} for row, f in forecasts.items()
    }


def table(results, naive, published):
    """Published scores and ours, means over the seeds and their spread."""
    lines = {
        row: {column: f"{number:.3f}" for column, number in zip(COLUMNS, numbers)}
        for row, numbers in published.items()
    }
    naive = {"sMAPE %": naive[0], "MASE": naive[1], "OWA": 1.0}
    results = [{"Naive2, here": naive} | result for result in results]
    for row, first in results[0].items():
        lines[row] = {}
        for column in first:
            values = [result[row][column] for result in results]
            lines[row][column] = f"{np.mean(values):.3f}"
            if np.ptp(values) > 0:
                lines[row][column] += f" ({np.ptp(values):.3f})"
    frame = pd.DataFrame.from_dict(lines, orient="index")
    columns = [*COLUMNS, "coverage", "CPU s"]
    frame = frame.reindex(columns=columns).dropna(axis="columns", how="all")
    return frame.replace("nan", "-").fillna("-").to_string()


def draw(history, truth, quantiles):
    """The end of some series, and their forecasts with 95 % intervals."""
    fig, axes = plt.subplots(3, 2, figsize=(12, 8), layout="constrained")
    seen, ahead = np.arange(-WEEK, 0), np.arange(HORIZON)
    ends = last_values(history, WEEK)
    for ax, i in zip(axes.flat, np.linspace(0, len(truth) - 1, axes.size).astype(int)):
        ax.plot(seen, ends[i], color="0.5", label="history")
        ax.plot(ahead, truth[i], "k-", label="truth")
        ax.plot(ahead, quantiles[i, :, 1], "tab:red", label="forecast")
        low, high = quantiles[i, :, 0], quantiles[i, :, -1]
        ax.fill_between(ahead, low, high, color="tab:red", alpha=0.25, label="95 %")
        ax.set(title=f"series {history['id'].unique()[i]}", xlabel="hours")
    axes[0, 0].legend(fontsize="small")
    PICTURE.parent.mkdir(exist_ok=True)
    fig.savefig(PICTURE, dpi=120)
    plt.close(fig)


def main():
    parser = argparse.ArgumentParser(description="Forecast the M4 Hourly series.")
    parser.add_argument("--seeds", type=int, default=1, metavar="N")
    parser.add_argument("--papers", action="store_true")
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    began = perf_counter()
    m4 = fetch_m4(path=DATA if DATA.exists() else None)
    history, truth = m4.frame, last_values(m4.test, HORIZON)
    if args.validate:
        last = history.groupby("id")["step"].transform("max")
        truth = last_values(history, HORIZON)
        history = history[history["step"] <= last - HORIZON]
    scores = Scores(history, truth)
    rows = PAPER_ROWS if args.papers else ROWS
    members = sorted({member for row in rows.values() for member in row})
    tasks = [(name, 2 * seed + i) for seed in range(args.seeds) for name, i in members]
    # Two at a time; each network has a seed of its own.
    found = Parallel(n_jobs=2, verbose=5)(delayed(train)(*t, history) for t in tasks)
    trained = dict(zip(tasks, found))
    results = [evaluate(scores, rows, trained, seed) for seed in range(args.seeds)]
    part = "validation part" if args.validate else "test part"
    print(f"\nM4 Hourly, {len(truth)} series, 48 hours, {part}, {args.seeds} seed(s):")
    print("means over the seeds (and spread); 95 % intervals: coverage in percent, and")
    print("how many points it is off (ACD); CPU time of all networks of a row\n")
    # What was published is of the test part.
    print(table(results, scores.naive, {} if args.validate else PUBLISHED))
    if not args.papers:
        pair = trained["quantiles", 0][0], trained["quantiles", 1][0]
        draw(history, truth, np.mean(pair, axis=0))
        print(f"\nPicture: {os.path.relpath(PICTURE)}")
    if args.json:
        naive = dict(zip(COLUMNS, scores.naive))
        document = {"part": part, "naive2": naive, "runs": results}
        args.json.write_text(json.dumps(document, indent=2) + "\n")
    cpu = sum(seconds for _, seconds in found)
    print(
        f"Done in {perf_counter() - began:.0f} s, {cpu:.0f} s of CPU for the networks."
    )


if __name__ == "__main__":
    main()
