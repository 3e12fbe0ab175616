"""scikit-learn's array API dispatch: with it, all is as without it."""

import os
import subprocess
import sys

import numpy as np
import pytest

from sktorch_forecast import Windows, make_windows

SERIES = np.sin(np.arange(60) / 4)
X, Y = make_windows(SERIES, horizon=2, length=6)

# scikit-learn asks for an environment variable that must be there before SciPy is.
SCRIPT = """
import numpy as np
import sklearn
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV, KFold, TimeSeriesSplit, cross_val_predict, cross_val_score,
    learning_curve, train_test_split,
)
from sklearn.pipeline import make_pipeline
from test_array_api import SERIES, X, Y
from sktorch_forecast import (
    ConformalForecaster, EnsembleForecaster, MLPForecaster, NaiveForecaster,
    SlidingWindow, TabularForecaster, Windows,
)

cv = TimeSeriesSplit(2, gap=1)
mlp = MLPForecaster(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)
ensemble = EnsembleForecaster([("mlp", mlp), ("naive", NaiveForecaster())])
conformal = ConformalForecaster(
    TabularForecaster(), calibration_fraction=0.4, coverage=0.5
)
rows, targets = SERIES[:-2, None], np.stack([SERIES[1:-1], SERIES[2:]], axis=1)
weights = np.arange(1.0, len(X) + 1)


def all_of_it():
    yield cross_val_score(mlp, X, Y, cv=cv, error_score="raise")
    yield cross_val_score(ensemble, X, Y, cv=cv, scoring="neg_mean_absolute_error")
    search = GridSearchCV(mlp, {"lr": [0.1, 0.01]}, cv=cv, error_score="raise")
    search.fit(X, Y)
    yield search.cv_results_["mean_test_score"]
    yield search.predict(X)
    yield cross_val_predict(mlp, X, Y, cv=KFold(3))
    yield learning_curve(mlp, X, Y, cv=cv, train_sizes=[0.5, 1.0])[2]
    train, test, *_ = train_test_split(X, Y, random_state=0)
    assert type(train) is type(test) is Windows
    assert np.shares_memory(train.values, X.values)
    yield train
    yield test
    yield clone(mlp).fit(X, Y, sample_weight=weights).score(X, Y, weights)
    yield conformal.fit(X, Y).predict_interval(X)
    yield make_pipeline(SlidingWindow(6), mlp).fit(rows, targets).predict(rows)


without = list(all_of_it())
with sklearn.config_context(array_api_dispatch=True):
    dispatched = list(all_of_it())
for expected, found in zip(without, dispatched, strict=True):
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))
print(len(without))
"""


def test_array_api_dispatch_changes_nothing():
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        env=os.environ | {"SCIPY_ARRAY_API": "1"},
        cwd=os.path.dirname(__file__),
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "11\n"


def test_windows_are_arrays_of_numpy_on_the_cpu():
    assert X.__array_namespace__() is X.__array_namespace__(api_version="2024.12") is np
    assert X.device == np.empty(0).device == "cpu"


@pytest.mark.parametrize("indices", [[3, 1, 1], np.arange(5), [-1], [True, False]])
def test_take_along_the_origins_stays_lazy(indices):
    taken = np.take(X, indices, axis=0)
    assert type(taken) is Windows
    assert np.shares_memory(taken.values, X.values)
    # To NumPy, the boolean True is the number 1.
    np.testing.assert_array_equal(
        np.asarray(taken), np.take(np.asarray(X), indices, axis=0)
    )


@pytest.mark.parametrize(
    "indices, keywords",
    [
        ([0, 7], {}),
        ([0, 5], {"axis": 1}),
        ([[0, 1], [2, 3]], {"axis": 0}),
        (3, {"axis": 0}),
        ([0, 1000], {"axis": 0, "mode": "clip"}),
        ([1], {"axis": 0, "out": np.empty((1, 6, 1), np.float32)}),
    ],
)
def test_take_of_anything_else_is_that_of_an_ordinary_array(indices, keywords):
    taken = np.take(X, indices, **keywords)
    assert isinstance(taken, np.ndarray)
    expected = np.take(np.asarray(X), indices, **keywords)
    np.testing.assert_array_equal(taken, expected)


@pytest.mark.parametrize(
    "indices, error", [(np.array([0.5]), TypeError), ([99], IndexError)]
)
def test_take_raises_what_numpy_raises(indices, error):
    for of in (X, np.asarray(X)):
        with pytest.raises(error):
            np.take(of, indices, axis=0)
