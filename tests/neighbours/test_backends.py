"""Backends of joblib that compute on clusters, here of two processes."""

import os

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sktorch_forecast import MLPForecaster, make_windows

X, Y = make_windows(np.sin(np.arange(80) / 4), horizon=2, length=8)
MLP = MLPForecaster(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)


@pytest.fixture
def dask():
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**how) as cluster, distributed.Client(cluster):
        yield


@pytest.fixture
def ray(monkeypatch):
    ray = pytest.importorskip("ray", reason="ray is not installed")
    from ray.util.joblib import register_ray

    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # else it writes into the home
    register_ray()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


# They warn of what they will change themselves.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("backend", ["dask", "ray"])
def test_a_search_on_a_cluster_is_the_search_in_one_process(backend, request):
    request.getfixturevalue(backend)
    grid, cv = {"lr": [0.1, 0.01]}, TimeSeriesSplit(2, gap=1)
    alone = GridSearchCV(MLP, grid, cv=cv).fit(X, Y)
    with joblib.parallel_config(backend=backend):
        processes = joblib.Parallel(2)(joblib.delayed(os.getpid)() for _ in range(4))
        search = GridSearchCV(MLP, grid, cv=cv, n_jobs=2, error_score="raise")
        search.fit(X, Y)
    assert os.getpid() not in processes
    for key in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(search.cv_results_[key], alone.cv_results_[key])
    np.testing.assert_array_equal(search.predict(X), alone.predict(X))
