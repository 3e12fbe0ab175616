"""What a worker gets of a store in a search or backtest: a path, and which origins."""

import pickle

import numpy as np
import pandas as pd
import pytest

from sktorch_forecast import (
    NaiveForecaster,
    SeriesForecaster,
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


def test_a_fold_is_sent_as_the_numbers_of_its_origins(store):
    X, y = make_windows(store, horizon=4, length=16)
    assert len(pickle.dumps((X, y))) < SMALL
    for train, test in RollingOriginSplit(2, horizon=4).split(X, y):
        sent = len(pickle.dumps((X, y, train, test)))
        assert sent < SMALL + 8 * (len(train) + len(test))


def test_a_round_of_a_backtest_is_sent_as_ranges(store, monkeypatch):
    sizes = []

    class Parallel:
        def __init__(self, n_jobs):
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
