"""Backends of joblib that compute on clusters, here of two processes."""

import os
import signal
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

from sktorch_forecast import (
    EnsembleForecaster,
    MLPForecaster,
    SeriesForecaster,
    TabularForecaster,
    make_windows,
)

SERIES = np.sin(np.arange(80) / 4)
X, Y = make_windows(SERIES, horizon=2, length=8)
MLP = MLPForecaster(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)
CV = TimeSeriesSplit(2, gap=1)


@pytest.fixture(scope="module")
def dask():
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**how) as cluster, distributed.Client(cluster):
        yield


@pytest.fixture(scope="module")
def ray():
    ray = pytest.importorskip("ray", reason="ray is not installed")
    from ray.util.joblib import register_ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")  # else it writes into the home
        register_ray()
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        yield
        ray.shutdown()


@pytest.fixture(params=["dask", "ray"])
def cluster(request):
    """A backend of two processes, for joblib."""
    request.getfixturevalue(request.param)
    with joblib.parallel_config(backend=request.param):
        yield


# They warn of what they will change themselves.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning"
)


def test_work_is_done_in_other_processes(cluster):
    processes = joblib.Parallel(2)(joblib.delayed(os.getpid)() for _ in range(4))
    assert os.getpid() not in processes


def searched(n_jobs):
    grid = {"lr": [0.1, 0.01]}
    search = GridSearchCV(MLP, grid, cv=CV, n_jobs=n_jobs, error_score="raise")
    results = search.fit(X, Y).cv_results_
    scores = [results[f"split{i}_test_score"] for i in range(2)]
    return *scores, search.predict(X)


def cross_validated(n_jobs):
    return (cross_val_score(MLP, X, Y, cv=CV, n_jobs=n_jobs, error_score="raise"),)


def mixed(n_jobs):
    members = [("mlp", MLP), ("ridge", TabularForecaster(Ridge()))]
    return (EnsembleForecaster(members, n_jobs=n_jobs).fit(X, Y).predict(X),)


def backtested(n_jobs):
    forecaster = SeriesForecaster(MLP, horizon=2, length=8)
    how = {"n_origins": 3, "refit": True, "n_jobs": n_jobs}
    return (forecaster.backtest(SERIES, **how).to_numpy(),)


@pytest.mark.parametrize("work", [searched, cross_validated, mixed, backtested])
def test_a_cluster_gives_the_bits_of_one_process(work, cluster):
    with joblib.parallel_config(backend="sequential"):
        alone = work(1)
    for found, expected in zip(work(2), alone, strict=True):
        np.testing.assert_array_equal(found, expected)


def deadly(folder):
    """An estimator that kills the process of its first fit, and leaves a file to tell.

    Its class is local: it is sent as it is, as workers cannot import this file.
    """

    class Deadly(RegressorMixin, BaseEstimator):
        def fit(self, X, y):
            try:
                Path(folder, "killed").touch(exist_ok=False)
            except FileExistsError:
                return self
            os.kill(os.getpid(), signal.SIGKILL)

        def predict(self, X):
            return np.zeros((len(X), 2))

    return Deadly()


def test_a_killed_worker_is_an_error_of_the_engine_or_the_task_is_repeated(
    cluster, tmp_path
):
    try:
        scores = cross_val_score(deadly(tmp_path), X, Y, cv=CV, n_jobs=2)
    except Exception as error:
        assert type(error).__module__.split(".")[0] in ("distributed", "ray")
    else:
        with joblib.parallel_config(backend="sequential"):
            expected = cross_val_score(deadly(tmp_path), X, Y, cv=CV)
        np.testing.assert_array_equal(scores, expected)
    assert Path(tmp_path, "killed").exists()
