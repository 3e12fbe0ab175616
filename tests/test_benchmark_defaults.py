"""The pure parts of examples/defaults.py: scores, naive forecasts, tables by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from benchmarks.contenders import LEVELS, Drift, Task
from benchmarks.series import Series
from defaults import compute_all, named, parameters, summary, tasks_of
from numpy.testing import assert_allclose

WALK = Series("tune", "random_walk_tune", "synthetic", "daily", 1, 1000, "made here")


@pytest.fixture(scope="module")
def task():
    return Task(WALK)


def test_training_and_forecasts_share_no_target(task):
    assert_allclose(np.asarray(task.X_train)[0, :, 0], task.values[:28], rtol=1e-6)
    assert_allclose(task.y_train[-1], task.values[793:800], rtol=1e-6)
    assert_allclose(np.asarray(task.X_test)[0, :, 0], task.values[772:800], rtol=1e-6)
    assert_allclose(task.y_test[0], task.values[800:807], rtol=1e-6)
    assert_allclose(task.y_test[-1], task.values[-7:], rtol=1e-6)


def test_mase_and_weighted_quantile_loss_are_those_of_the_formulas(task):
    error = np.abs(np.diff(task.values[:800])).mean()
    assert_allclose(task.mase(task.y_test + 3), 3 / error, rtol=1e-5)
    # One too low at every level: the pinball loss is the level.
    low = np.repeat(task.y_test[..., np.newaxis] - 1, len(LEVELS), axis=-1)
    expected = 2 * 0.5 / np.abs(task.y_test).mean()
    assert_allclose(task.wql(low), expected, rtol=1e-4)


def test_the_naive_forecast_of_a_random_walk_is_its_last_value(task):
    result = task.result("naive", 0, {}, ["mase"])
    best = task.result("best possible", 0, {}, ["mase"])
    assert_allclose(result["mase"], best["mase"], rtol=1e-4)


def test_drift_goes_on_by_the_mean_change_of_the_window():
    # Changes 1, 2, 3: mean 2, deviation 1. Step k: k (1 + k / 3) times that variance.
    X, y = np.array([[0.0, 1.0, 3.0, 6.0]]), np.zeros((1, 2))
    drift = Drift().fit(X, y)
    assert_allclose(drift.predict(X), [[8, 10]])
    deviation = np.sqrt([4 / 3, 2 * (5 / 3)])
    upper = [8, 10] + 1.2815516 * deviation  # of level 0.9
    assert_allclose(drift.predict_quantiles(X, [0.5, 0.9])[0, :, 1], upper)


def test_summary_is_of_geometric_means_over_series_of_means_over_seeds():
    rows = [
        ("a", "MLP", 0, 1.0),
        ("a", "MLP", 1, 3.0),
        ("b", "MLP", 0, 1.0),
        ("b", "MLP", 1, 1.0),
        ("a", "ridge", 0, 1.0),
        ("b", "ridge", 0, 2.0),
        ("a", "naive", 0, 4.0),
        ("b", "naive", 0, 0.5),
    ]
    results = pd.DataFrame(rows, columns=["series", "model", "seed", "mase"])
    row = summary(results.assign(seconds=2.0)).loc["MLP"]
    assert_allclose(row["of ridge"], np.sqrt(2 / 1 * 1 / 2))
    assert_allclose(row["of naive"], np.sqrt(2 / 4 * 1 / 0.5))
    # The better of both is 1 on a and 0.5 on b: twice as bad on both.
    assert row["worst"] == 2 and row["> 1.05"] == 2
    assert_allclose(row["spread"], np.sqrt(3 / 1 * 1 / 2) - np.sqrt(1 / 1 * 1 / 2))
    assert row["seconds"] == 2


def test_only_networks_take_seeds_and_parameters():
    tasks = [(m, seed) for _, m, seed in tasks_of([WALK], ["MLP", "ridge"], 2)]
    assert tasks == [("MLP", 0), ("ridge", 0), ("MLP", 1)]
    params = parameters(["lr=0.001", "normalize=last", "baseline=None"])
    assert params == {"lr": 0.001, "normalize": "last", "baseline": None}
    assert named("MLP", params) == "MLP lr=0.001 normalize=last baseline=None"
    assert named("ridge", params) == "ridge"


def test_results_that_are_there_are_not_computed_again(tmp_path):
    file = tmp_path / "output" / "results.jsonl"
    tasks = tasks_of([WALK], ["naive", "best possible"], 1)
    first = compute_all(tasks, {}, ["mase"], 1, file)
    lines = file.read_text().splitlines()
    assert len(lines) == 2 and "wql" not in first
    both = compute_all(tasks, {}, ["mase", "wql"], 1, file)
    assert file.read_text().splitlines()[:2] == lines
    added = json.loads(file.read_text().splitlines()[2])  # the only one with quantiles
    assert added["model"] == "naive" and "mase" not in added
    assert_allclose(both["mase"], first["mase"], rtol=0)
    # What is in the file is taken as it is.
    row = {"series": WALK.name, "model": "naive", "seed": 0, "mase": 7.0}
    file.write_text(json.dumps(row) + "\n")
    assert compute_all(tasks[:1], {}, ["mase"], 1, file)["mase"].item() == 7
