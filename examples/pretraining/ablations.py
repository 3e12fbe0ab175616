"""
Which synthetic series the pretrained network needs
===================================================

Trains the network of :class:`~sktorch_forecast.PretrainedForecaster` again and again,
for an eighth of the steps, each time without some of the kinds of series that
:func:`~sktorch_forecast.datasets.make_series_prior` makes, and compares its errors on
the series that choices are made on (``evaluate.py --choose``); the table of the
documentation stays untouched. What seeds alone make of it is in the first rows.

Run it with ``python examples/pretraining/ablations.py``:

    --steps N       batches of 256 series (default 1,500)
    --folder PATH   where checkpoints and results go; what is there is not run again
"""

import argparse
import json
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import torch
from evaluate import (
    ett_tasks,
    m4_task,
    packaged_tasks,
    pretrained,
    scores_of,
    seasonal_naive,
    table_of,
)
from train import PRECISION, Training, write_weights

from sktorch_forecast.datasets._series_prior import KINDS
from sktorch_forecast.networks import pretrained as module

# What is left out, by the name of the row.
WITHOUT = {
    "Gaussian processes": ["gaussian_process"],
    "trends times seasons, sums of parts": ["trend_season_noise", "sum_of_parts"],
    "exponential smoothing": ["exponential_smoothing"],
    "days within weeks": ["calendar"],
    "random walks, autoregressions": ["random_walk", "autoregression"],
    "regimes, jumping levels": ["regimes", "jumping_level"],
    "counts, censored seasons, spikes": ["counts", "censored", "spikes"],
    "smooth growth": ["smooth_growth"],
}


def variants():
    """(name, seed, parameters of the generator)"""
    for seed in range(3):
        yield f"all, seed {seed}", seed, {}
    for name, left_out in WITHOUT.items():
        yield name, 0, {"kinds": [kind for kind in KINDS if kind not in left_out]}
    yield "mixtures, gaps, outliers, early ends", 0, {"flaws": 0}


def scored(method, tasks):
    """Scores of a method on all series, as rows for ``table_of``."""
    return [(task.group, task.name, scores_of(task, method(task)), 0) for task in tasks]


def errors(network, tasks, naive):
    """MASE by set, and the means of MASE and quantile loss, relative to naive."""
    weights = {name: weight.half().float() for name, weight in network.items()}
    with patch.object(module, "pretrained_weights", lambda: weights):
        ours = scored(pretrained, tasks)
    groups, results = table_of({"seasonal_naive": naive, "pretrained": ours})
    found = results["pretrained"]
    row = {group: found[group][0] for group in groups}
    return row | {name: found[name] for name in ("MASE", "loss")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--folder", type=Path, default=Path("output/ablations"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    tasks = [m4_task(True), *ett_tasks(True), *packaged_tasks(True)]
    naive = scored(seasonal_naive, tasks)
    table = {}
    for name, seed, prior in variants():
        folder = args.folder / name.replace(" ", "_")
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "errors.json"
        if not file.exists():
            print(name, flush=True)
            training = Training(seed, folder, PRECISION, **prior)
            training.run(args.steps)
            write_weights(training.network, folder / "weights.safetensors")
            row = errors(training.network.state_dict(), tasks, naive)
            row["validation"] = training.curve[-1][2]
            row["seconds"] = training.curve[-1][3]
            file.write_text(json.dumps(row))
        table[name] = json.loads(file.read_text())
    print(pd.DataFrame(table).T.round(3).to_string())


if __name__ == "__main__":
    main()
