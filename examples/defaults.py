"""
What a forecast costs and is worth without arguments
====================================================

Every network with its defaults, on series of many kinds: 36 real ones and six kinds of
synthetic ones whose best forecast is known, beside a ridge regression, the best naive
forecast, and AutoETS and AutoTheta of statsforecast.

Series are split into those that defaults are chosen on and those that are reported; see
``benchmarks/series.py``, and ``benchmarks/contenders.py`` for the models. Errors are
over all origins in the last 20 % of each series, as the mean of all seeds.

Run it with ``make defaults``, or ``python examples/defaults.py``:

    --part PART     "tune", or "report" (the default)
    --models NAME   only these; several names may follow
    --series NAME   only these; several names may follow
    --seeds N       train every network from N seeds (default 3)
    --set <P=V>     parameters that all networks get in place of the defaults
    --points        points only, no quantiles: half the time
    --jobs N        processes, each on one core (default 1)
    --results FILE  where results are kept (default examples/output/defaults.jsonl)

What is in the file of results is not computed again. Remove the file after a change of
the package.
"""

import argparse
import json
import warnings
from ast import literal_eval
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.contenders import (
    BEST,
    MODELS,
    NETWORKS,
    PEERS,
    REFERENCES,
    Task,
    is_possible,
    scores_of,
)
from benchmarks.series import PARTS, all_series
from joblib import Parallel, delayed
from tqdm import tqdm

RESULTS = Path(__file__).parent / "output" / "defaults.jsonl"

# ------------------------------------------------------------------------ the results


def tasks_of(series, models, n_seeds):
    """(series, model, seed), all models from the first seed before the second."""
    return [
        (one, model, seed)
        for seed in range(n_seeds)
        for one in series
        for model in models
        if is_possible(model, one) and (seed == 0 or model in NETWORKS)
    ]


def named(model, params):
    """A model and what it has been given: "MLP lr=0.001"."""
    given = params if model in NETWORKS else {}
    return " ".join([model, *(f"{name}={value}" for name, value in given.items())])


def compute(series, model, seed, params, scores):
    """One line of results."""
    warnings.simplefilter("ignore")  # e.g. of series too short to stop early
    key = {"series": series.name, "model": named(model, params), "seed": seed}
    return key | Task(series).result(model, seed, params, scores)


def known(file):
    """Results so far, by series, model and seed; lines add to earlier ones."""
    results = {}
    for line in file.read_text().splitlines() if file.exists() else []:
        row = json.loads(line)
        results.setdefault(key_of(row), {}).update(row)
    return results


def key_of(row):
    return tuple(row[name] for name in ("series", "model", "seed"))


def compute_all(tasks, params, scores, n_jobs, file):
    """Add to the file what is missing in it; returns the results of these tasks."""
    results, missing, keys = known(file), [], []
    for series, model, seed in tasks:
        keys.append((series.name, named(model, params), seed))
        there = results.get(keys[-1], {})
        wanted = [s for s in scores_of(model) if s in scores and s not in there]
        if wanted:
            missing.append((series, model, seed, params, wanted))
    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    rows = parallel(delayed(compute)(*task) for task in missing)
    file.parent.mkdir(exist_ok=True)
    with file.open("a") as lines:
        for row in tqdm(rows, total=len(missing), unit="result", disable=not missing):
            lines.write(json.dumps(row) + "\n")
            lines.flush()
            results.setdefault(key_of(row), {}).update(row)
    return pd.DataFrame([results[key] for key in keys])


# ------------------------------------------------------------------------- the tables


def geometric_mean(ratios):
    return np.exp(np.log(ratios).mean())


def by_series(results, score):
    """Means over the seeds, a row a series and a column a model."""
    frame = results.pivot_table(index="series", columns="model", values=score)
    order = [list(results[name].drop_duplicates()) for name in ("series", "model")]
    return frame.reindex(index=order[0], columns=order[1])


def summary(results):
    """A row a model: how it does beside ridge, naive, and the better of both."""
    mase, better = by_series(results, "mase"), {}
    for score in {"mase", "wql"} & set(results):
        table = by_series(results, score)
        better[score] = table[list(REFERENCES)].min(axis=1)
    rows = {}
    for model in mase.columns.drop(BEST, errors="ignore"):
        own = results[results["model"] == model]
        ratios = (mase[model] / better["mase"]).dropna()
        rows[model] = {
            f"of {reference}": geometric_mean((mase[model] / mase[reference]).dropna())
            for reference in REFERENCES
        }
        seeds = [
            geometric_mean(of_seed.set_index("series")["mase"] / mase["ridge"])
            for _, of_seed in own.groupby("seed")
        ]
        rows[model] |= {
            "spread": max(seeds) - min(seeds),
            "worst": ratios.max(),
            "on": ratios.idxmax(),
            "> 1.05": int((ratios > 1.05).sum()),
            "seconds": own["seconds"].mean(),
        }
        if "wql" in better and model in by_series(results, "wql"):
            wql = by_series(results, "wql")
            for reference in REFERENCES:
                ratio = (wql[model] / wql[reference]).dropna()
                rows[model][f"wql of {reference}"] = geometric_mean(ratio)
    return pd.DataFrame.from_dict(rows, orient="index")


def by_kind(results, series):
    """Geometric means of MASE relative to ridge, for frequencies and synthetic ones."""
    group = {
        one.name: "synthetic" if one.kind == "synthetic" else one.frequency
        for one in series
    }
    mase = by_series(results, "mase").drop(columns=BEST, errors="ignore")
    ratios = mase.div(mase["ridge"], axis=0)
    groups = ratios.groupby(ratios.index.map(group), sort=False)
    return groups.agg(lambda column: geometric_mean(column.dropna())).T


def report(results, series):
    """Print all tables."""

    def show(title, table, digits=3):
        print(f"\n{title}\n{table.round(digits).to_string(na_rep='-')}")

    show(
        "MASE relative to ridge and to the best naive forecast, geometric means over "
        "the series;\nspread of the first over the seeds; worst series, relative to "
        "the better of both; how many\nare above 1.05; CPU seconds of a training and "
        "its forecasts; weighted quantile loss likewise",
        summary(results),
    )
    show("MASE relative to ridge, by frequency", by_kind(results, series))
    mase = by_series(results, "mase")
    show("MASE", mase)
    if BEST in mase:
        made = mase.dropna(subset=BEST)
        show("Relative to the best possible forecast", made.div(made[BEST], axis=0))


# ------------------------------------------------------------------------------- main


def parameters(texts):
    """["lr=0.001", "normalize=last"] as a dict; what is no literal is a string."""
    params = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            params[name] = literal_eval(value)
        except (ValueError, SyntaxError):
            params[name] = value
    return params


def readable(series):
    """Those that can be read here; says which can not."""
    found = []
    for one in series:
        try:
            one.read()
        except (ImportError, OSError) as error:
            print(f"Left out, so the means are not those of all series: {error}")
        else:
            found.append(one)
    return found


def main():
    parser = argparse.ArgumentParser(description="Judge the defaults of all networks.")
    parser.add_argument("--part", choices=PARTS, default="report")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--series", nargs="+", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--set", nargs="+", default=[], metavar="P=VALUE")
    parser.add_argument("--points", action="store_true")
    parser.add_argument("--jobs", type=int, default=1, metavar="N")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FILE")
    args = parser.parse_args()
    series = [
        one
        for one in all_series()
        if one.part == args.part and (not args.series or one.name in args.series)
    ]
    series = readable(series)
    if not series:
        parser.error(f"Expected names of series to {args.part} on.")
    # Everything is relative to these.
    models = [m for m in MODELS if m in args.models or m in REFERENCES]
    missing = [m for m in models if m in PEERS and not is_possible(m, series[0])]
    if missing:
        print(f"statsforecast is not installed: no {' and no '.join(missing)}.")
    results = compute_all(
        tasks_of(series, models, args.seeds),
        parameters(args.set),
        ["mase"] if args.points else ["mase", "wql"],
        args.jobs,
        args.results,
    )
    print(f"\n{len(series)} series to {args.part} on, {args.seeds} seed(s)")
    report(results, series)


if __name__ == "__main__":
    main()
