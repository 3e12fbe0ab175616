"""What a worker gets of a store in a search or backtest: a path, and which origins."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import KFold, cross_validate

from sktorch_forecast import (
    NaiveForecaster,
    SeriesForecaster,
    Windows,
    make_windows,
    open_panel,
    store_panel,
)
from sktorch_forecast.compose import _backtest
from sktorch_forecast.model_selection import RollingOriginSplit

N_SERIES, N_DAYS = 50, 8000  # 1.6 MB of values
SMALL = 10_000


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("tasks") / "panel"
    frame = pd.DataFrame(
        {
            "id": np.repeat(np.arange(N_SERIES), N_DAYS),
            "day": np.tile(np.arange(N_DAYS), N_SERIES),
            "sales": np.arange(N_SERIES * N_DAYS, dtype=np.float32),
        }
    )
    store_panel(frame, path, id="id", time="day", target="sales")
    return open_panel(path)


def test_a_fold_is_sent_as_ranges(store):
    X, y = make_windows(store, horizon=4, length=16)
    listed = X.positions[np.arange(len(X))[::-1]][::-1]
    X_listed = Windows(store.panel, listed, length=16)
    cv = RollingOriginSplit(2, horizon=4)
    folds = list(cv.split(X, y)), list(cv.split(X_listed))
    for (train, test), expected in zip(*folds, strict=True):
        assert len(pickle.dumps((X, y, train, test))) < SMALL
        assert_array_equal(train, expected[0])
        assert_array_equal(test, expected[1])


class Watched(NaiveForecaster):
    """Remembers what it was fitted on."""

    def fit(self, X, y):
        self.size_ = len(pickle.dumps((X, y)))
        return super().fit(X, y)


@pytest.mark.parametrize("cv", [RollingOriginSplit(2, horizon=4), KFold(3)], ids=repr)
def test_what_scikit_learn_makes_of_a_fold_is_ranges_again(cv, store):
    X, y = make_windows(store, horizon=4, length=16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of KFold, that it tests on the training
        found = cross_validate(Watched(), X, y, cv=cv, return_estimator=True)
    assert max(one.size_ for one in found["estimator"]) < SMALL + 8 * N_DAYS


def test_a_round_of_a_backtest_is_sent_as_ranges(store, monkeypatch):
    sizes = []

    class Parallel:
        def __init__(self, n_jobs, return_as):
            assert n_jobs == 2

        def __call__(self, jobs):
            jobs = list(jobs)
            sizes.extend(len(pickle.dumps(job)) for job in jobs)
            return [function(*args, **kwargs) for function, args, kwargs in jobs]

    monkeypatch.setattr(_backtest, "Parallel", Parallel)
    monkeypatch.setattr(_backtest, "delayed", lambda f: lambda *args: (f, args, {}))
    forecaster = SeriesForecaster(NaiveForecaster(), horizon=4, length=16)
    forecaster.backtest(store, n_origins=3, refit=True, n_jobs=2)
    assert len(sizes) == 3
    assert max(sizes) < SMALL
