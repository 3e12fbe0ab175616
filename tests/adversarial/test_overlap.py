"""A split that lets the test into the training is told of."""

import copy
import gc
import pickle
import warnings
import weakref

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline

from sktorch_forecast import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    EnsembleForecaster,
    MLPForecaster,
    NaiveForecaster,
    RecursiveForecaster,
    SlidingWindow,
    TabularForecaster,
    make_windows,
)
from sktorch_forecast.model_selection import RollingOriginSplit

SERIES = np.random.default_rng(0).normal(size=90)


def samples():
    """On a panel of their own, since it is told once for each."""
    return make_windows(SERIES, horizon=3, length=8)


MODELS = [
    MLPForecaster(max_epochs=1, random_state=0),
    TabularForecaster(),
    NaiveForecaster(),
    make_pipeline(SlidingWindow(6), TabularForecaster()),
]
OVERLAPS = r"after all training targets, found .*RollingOriginSplit"


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize(
    "cv, scoring",
    [
        (None, None),
        (KFold(3, shuffle=True, random_state=0), None),
        (KFold(3), "neg_mean_absolute_error"),
        (TimeSeriesSplit(3), None),  # without a gap
        (TimeSeriesSplit(3, gap=1), None),  # with one that is too small
    ],
    ids=str,
)
def test_a_split_that_is_not_by_time(model, cv, scoring):
    X, Y = samples()
    with pytest.warns(UserWarning, match=OVERLAPS):
        cross_val_score(model, X, Y, cv=cv, scoring=scoring)


def test_a_search():
    search = GridSearchCV(TabularForecaster(), {"normalize": ["window", "last"]})
    with pytest.warns(UserWarning, match=OVERLAPS):
        search.fit(*samples())


@pytest.mark.parametrize(
    "model",
    [
        *MODELS,
        ConformalForecaster(TabularForecaster(), coverage=0.5),
        DeepEnsembleForecaster(TabularForecaster(), n_estimators=2),
        EnsembleForecaster(
            [("ridge", TabularForecaster()), ("naive", NaiveForecaster())], "stacked"
        ),
        RecursiveForecaster(TabularForecaster()),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "cv", [TimeSeriesSplit(3, gap=2), RollingOriginSplit(3, horizon=3)], ids=str
)
def test_splits_that_are_right(model, cv):
    X, Y = samples()
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*after all training targets")
        cross_val_score(model, X, Y, cv=cv)
        fitted = clone(model).fit(X[:50], Y[:50])
        fitted.predict(X[:50])  # in the sample
        fitted.predict(X[-1:])
        fitted.predict(np.asarray(X)[20:])


def test_it_is_told_once():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        cross_val_score(TabularForecaster(), *samples(), cv=KFold(4))
    assert len([one for one in told if "training targets" in str(one.message)]) == 1


def n_warnings(estimator, X, y):
    """A scorer that counts what a worker is told, on a standard error of its own."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        estimator.score(X, y)
    return len([one for one in told if "training targets" in str(one.message)])


@pytest.mark.parametrize(
    "cv, overlaps",
    [(KFold(3), True), (RollingOriginSplit(3, horizon=3), False)],
    ids=str,
)
def test_workers_are_told(cv, overlaps):
    with parallel_config("loky"):
        told = cross_val_score(
            MODELS[0], *samples(), cv=cv, scoring=n_warnings, n_jobs=2
        )
    assert told.any() == overlaps


def test_one_step_needs_no_gap():
    x, y = make_windows(SERIES, horizon=1, length=8)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*after all training targets")
        cross_val_score(TabularForecaster(), x, y, cv=TimeSeriesSplit(3))


def test_series_count_each_by_itself():
    frame = np.column_stack([SERIES, SERIES[::-1]])
    x, y = make_windows(pd.DataFrame(frame), horizon=3, length=8, id="columns")
    fitted = TabularForecaster().fit(x[x.series == 1], y[x.series == 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.predict(x[x.series == 0])


def test_copies_know_nothing_and_the_panel_is_not_kept():
    x, y = make_windows(SERIES, horizon=3, length=8)
    fitted, panel = TabularForecaster().fit(x[:40], y[:40]), weakref.ref(x.panel)
    for copied in (copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))):
        np.testing.assert_array_equal(copied.predict(x[60:]), fitted.predict(x[60:]))
    del x
    gc.collect()
    assert panel() is None
