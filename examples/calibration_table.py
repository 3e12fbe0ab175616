"""
Do intervals hold what they say?
================================

Every source of uncertainty on four data sets: how often its intervals hold the truth,
how wide they are, and the score of its whole distribution.

The networks are small and alike, so that rows differ by where their uncertainty comes
from. On the synthetic waves every origin is a series of its own, which makes origins
exchangeable: there, and only there, conformal intervals promise their coverage, and the
script fails if one is more than two points off. The real series are cut in time, and
the origins whose targets reach into the test are left out.

Run it with ``make calibration``, or ``python examples/calibration_table.py``:

    --data NAME...   only data sets of these names
    --rows NAME...   only rows with one of these in their name
    --seeds N        from how many seeds; numbers are means, with the largest difference
    --json FILE      write the results for machines, too
"""

import argparse
import json
import sys
from pathlib import Path
from time import process_time
from typing import NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from sktorch_forecast import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    MLPForecaster,
    NaiveForecaster,
    RecursiveForecaster,
    make_windows,
)
from sktorch_forecast.datasets import (
    load_co2,
    load_elnino,
    load_sunspots,
    make_waves,
)
from sktorch_forecast.metrics import coverage_score, crps_quantiles, mean_width

COVERAGES = (0.5, 0.8, 0.9, 0.95)
# The CRPS is an integral over levels, of which crps_scorer takes these, too.
LEVELS = np.arange(1, 20) / 20
# Ends of the interval of 95 % that are not among them.
ALL_LEVELS = np.array([0.025, *LEVELS, 0.975])
TOLERANCE = 0.02

# -------------------------------------------------------------------------- the data


class Data(NamedTuple):
    """Windows with what followed them, and how they are used."""

    X: object
    y: np.ndarray
    n_train: int
    first: int  # of the test; origins between are not used
    delay: int  # origins after which the truth of one is known
    block: int  # origins that are forecast before more truth is read
    batch_size: int  # of the training
    seasonality: int
    normalize: str | None
    calibration_fraction: float


def waves(seed):
    """Series of 50 timestamps and ten more to forecast, each one sample."""
    n_train, n_test, length = 6000, 4000, 50
    series = make_waves(n_train + n_test, length + 10, random_state=seed)
    return Data(
        X=series[:, :length],
        y=series[:, length:],
        n_train=n_train,
        first=n_train,
        delay=1,
        block=50,
        batch_size=128,
        seasonality=1,
        normalize=None,
        calibration_fraction=0.5,
    )


def last_part(series, horizon, length, n_test, seasonality):
    """All origins of a series, of which the last ones are the test."""
    X, y = make_windows(series, horizon=horizon, length=length)
    first = len(X) - n_test
    return Data(
        X=X,
        y=y,
        n_train=first - (horizon - 1),
        first=first,
        delay=horizon,
        block=1,
        batch_size=32,
        seasonality=seasonality,
        normalize="window",
        calibration_fraction=0.25,
    )


# The seed makes other waves; a real series is what it is.
DATA = {
    "waves": waves,
    "elnino": lambda seed: last_part(load_elnino(), 12, 36, 180, 12),
    "co2": lambda seed: last_part(load_co2(), 13, 104, 520, 52),
    "sunspots": lambda seed: last_part(load_sunspots(), 5, 33, 60, 11),
}

# ------------------------------------------------------------------------- the rows


def models(data, seed):
    """All sources of uncertainty, by the name of their row."""

    def network(**params):
        return MLPForecaster(
            hidden_layer_sizes=(32, 32),
            normalize=data.normalize,
            baseline=None,
            max_epochs=40,
            batch_size=data.batch_size,
            random_state=seed,
            **params,
        )

    def ensemble(network, method):
        return DeepEnsembleForecaster(network, method=method, random_state=seed)

    def conformal(network, method):
        return ConformalForecaster(
            network,
            coverage=max(COVERAGES),
            method=method,
            calibration_fraction=data.calibration_fraction,
            normalize=data.normalize,
        )

    normal = network(loss="normal")
    quantiles = network(
        loss="quantile", quantiles=(0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
    )
    return {
        "naive": NaiveForecaster(data.seasonality),
        "normal": normal,
        "student_t": network(loss="student_t"),
        "laplace": network(loss="laplace"),
        "mixture": network(loss="mixture"),
        "lognormal": network(loss="lognormal"),
        "poisson": network(loss="poisson"),
        "negative_binomial": network(loss="negative_binomial"),
        "quantiles": quantiles,
        "MC dropout": network(dropout=0.1, n_mc_samples=100),
        "MC dropout, normal": network(dropout=0.1, n_mc_samples=100, loss="normal"),
        "deep ensemble of points": ensemble(network(), "deep"),
        "deep ensemble, normal": ensemble(normal, "deep"),
        "snapshots, normal": ensemble(normal, "snapshot"),
        "recursive, normal": RecursiveForecaster(normal),
        "conformal split": conformal(network(), "split"),
        "conformal cqr": conformal(quantiles, "cqr"),
        "conformal adaptive": conformal(network(), "adaptive"),
    }


def forecast(model, data):
    """Quantiles of the test origins, (n_test, n_outputs, n_levels), and the truth."""
    test = slice(data.first, None)
    if isinstance(model, RecursiveForecaster):
        # Its 200 paths for each origin take long; 500 origins will do.
        test = slice(data.first, None, -(-(len(data.y) - data.first) // 500))
    if getattr(model, "method", None) != "adaptive":
        return model.predict_quantiles(data.X[test], ALL_LEVELS), data.y[test]
    # Before an origin is forecast, this one reads the truth as far as it is known.
    parts, read = [], data.n_train
    for start in range(data.first, len(data.X), data.block):
        known = start - data.delay + 1
        if known > read:
            model.partial_fit(data.X[read:known], data.y[read:known])
            read = known
        part = data.X[start : start + data.block]
        parts.append(model.predict_quantiles(part, ALL_LEVELS))
    return np.concatenate(parts), data.y[test]


def evaluate(model, data):
    """Fit and test one source; why not, if it is not for these data."""
    began = process_time()
    try:
        model.fit(data.X[: data.n_train], data.y[: data.n_train])
    except ValueError as error:
        return {"reason": str(error).partition(", found")[0]}
    quantiles, y = forecast(model, data)
    result = {"cpu_seconds": process_time() - began, "coverage": [], "width": []}
    for coverage in COVERAGES:
        ends = [(1 - coverage) / 2, (1 + coverage) / 2]
        interval = quantiles[..., np.searchsorted(ALL_LEVELS, np.round(ends, 9))]
        result["coverage"].append(float(coverage_score(y, interval)))
        result["width"].append(float(mean_width(interval)))
    inner = quantiles[..., np.isin(ALL_LEVELS, LEVELS)]
    result["crps"] = float(crps_quantiles(y, inner, quantiles=LEVELS))
    return result


# ----------------------------------------------------------------------- the table


def summary(runs):
    """Mean of each number over the seeds, and the largest difference of coverages."""
    if "reason" in runs[0]:
        return {"reason": runs[0]["reason"]}
    coverage = np.array([run["coverage"] for run in runs])
    crps = np.array([run["crps"] for run in runs])
    return {
        "coverage": coverage.mean(axis=0).tolist(),
        "coverage_spread": float(np.ptp(coverage, axis=0).max()),
        "width": np.mean([run["width"] for run in runs], axis=0).tolist(),
        "crps": float(crps.mean()),
        "crps_spread": float(np.ptp(crps)),
        "cpu_seconds": float(np.mean([run["cpu_seconds"] for run in runs])),
    }


def table(summaries):
    """The summaries of a data set as text, and below it why some rows are empty."""
    rows, reasons = {}, {}
    for name, row in summaries.items():
        if "reason" in row:
            reasons[name] = row["reason"]
            row = dict.fromkeys(("coverage", "width"), (np.nan,) * len(COVERAGES))
        percent = [f"{100 * c:.1f}" for c in row["coverage"]]
        rows[name] = {
            **{f"{c:.0%}": p for c, p in zip(COVERAGES, percent)},
            "spread": f"{100 * row.get('coverage_spread', np.nan):.1f}",
            **{f"w {c:.0%}": f"{w:.3g}" for c, w in zip(COVERAGES, row["width"])},
            "CRPS": f"{row.get('crps', np.nan):.4g}",
            "CRPS spread": f"{row.get('crps_spread', np.nan):.1g}",
            "time": f"{row.get('cpu_seconds', np.nan):.1f} s",
        }
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame = frame.replace(["nan", "nan s"], "-")
    lines = [frame.to_string()]
    return "\n".join(lines + [f"{name}: {reason}" for name, reason in reasons.items()])


def broken_promises(runs):
    """Conformal rows on exchangeable data whose coverage is too far off."""
    for name, results in runs.items():
        for seed, result in enumerate(results if "conformal" in name else ()):
            miss = np.abs(np.subtract(result["coverage"], COVERAGES)).max()
            if miss > TOLERANCE:
                yield f"{name}, seed {seed}: {100 * miss:.1f} points off"


def main():
    parser = argparse.ArgumentParser(
        description="Coverage, width and CRPS of every source of uncertainty."
    )
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--rows", nargs="+", metavar="NAME", default=[""])
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    if args.seeds < 1:
        parser.error(f"Expected at least one seed, found {args.seeds}.")

    began = process_time()
    document, broken = {}, []
    print(
        f"Coverages (%), mean widths (w) and CRPS, means over {args.seeds} seed(s).\n"
        "spread: largest difference between seeds, of the coverages in points.\n"
        "time: CPU time of one fit and forecast.\n"
    )
    for data_name in args.data:
        runs = {}
        for seed in tqdm(range(args.seeds), desc=data_name, unit="seed"):
            data = DATA[data_name](seed)
            for name, model in models(data, seed).items():
                if any(part.lower() in name.lower() for part in args.rows):
                    runs.setdefault(name, []).append(evaluate(model, data))
        summaries = {name: summary(results) for name, results in runs.items()}
        print(
            f"{data_name}: {data.n_train} origins to train and calibrate, "
            f"{len(data.y) - data.first} to test, {data.y.shape[1]} steps\n"
        )
        print(table(summaries), "\n")
        document[data_name] = {"table": summaries, "runs": runs}
        if data_name == "waves":
            broken += broken_promises(runs)
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(document, indent=2) + "\n")
    print(f"Done in {process_time() - began:.0f} s of CPU time.")
    if broken:
        sys.exit("Promised but not held: " + "; ".join(broken))


if __name__ == "__main__":
    main()
