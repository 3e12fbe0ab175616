"""Parts of scikit-learn that take tables only: what they say, and the ways out."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import BaggingRegressor, StackingRegressor
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sktorch_forecast import (
    MLPForecaster,
    NaiveForecaster,
    SlidingWindow,
    TabularForecaster,
    make_windows,
)

LENGTH, HORIZON = 4, 2
# What follows is what the driver says, one step ahead. The noise says nothing.
_random = np.random.RandomState(0)
DRIVER, NOISE = _random.randn(2, 80)
FRAME = pd.DataFrame({"y": np.r_[0, DRIVER[:-1]], "driver": DRIVER, "noise": NOISE})
X, Y = make_windows(
    FRAME, horizon=HORIZON, length=LENGTH, target="y", past=["driver", "noise"]
)
X1, Y1 = make_windows(FRAME["y"], horizon=HORIZON, length=LENGTH)
TABLE1 = np.asarray(X1)[..., 0]
MLP = MLPForecaster(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)
LINEAR = TabularForecaster(LinearRegression(), normalize=None)


def windows_of(table):
    """A row for each window -> (n_origins, length, n_channels)."""
    return np.reshape(table, (len(table), LENGTH, 3))


TABLE = np.asarray(X).reshape(len(X), -1)
OF_TABLE = make_pipeline(FunctionTransformer(windows_of), MLP)


@pytest.mark.parametrize("windows", [X, np.asarray(X)], ids=["lazy", "array"])
@pytest.mark.parametrize(
    "use",
    [
        lambda x: BaggingRegressor(MLP).fit(x, Y),
        lambda x: RegressorChain(MLP).fit(x, Y),
        lambda x: permutation_importance(clone(MLP).fit(x, Y), x, Y),
    ],
    ids=["bagging", "chain", "importance"],
)
def test_tables_have_no_third_axis(use, windows):
    with pytest.raises(ValueError, match="dim 3"):
        use(windows)


def test_a_pipeline_makes_windows_of_a_table_again():
    forecasts = clone(OF_TABLE).fit(TABLE, Y).predict(TABLE)
    np.testing.assert_array_equal(forecasts, clone(MLP).fit(X, Y).predict(X))
    # One member that sees all: what is left of the bagging is a seed.
    bagging = BaggingRegressor(OF_TABLE, 1, bootstrap=False, random_state=0)
    bagging.fit(TABLE, Y)
    seed = bagging.estimators_[0].get_params()["mlpforecaster__random_state"]
    alone = clone(MLP).set_params(random_state=seed).fit(X, Y)
    np.testing.assert_array_equal(bagging.predict(TABLE), alone.predict(X))


def test_importance_of_a_step_of_a_channel_is_that_of_a_column_of_the_table():
    pipeline = make_pipeline(FunctionTransformer(windows_of), LINEAR)
    pipeline.fit(TABLE, Y[:, 0])
    found = permutation_importance(pipeline, TABLE, Y[:, 0], random_state=0)
    importances = windows_of(found.importances_mean[None])[0]
    # Shuffled, R2 falls from 1 to around 1 - 2 * var / var.
    assert importances[-1, 1] > 1.5
    importances[-1, 1] = 0
    np.testing.assert_allclose(importances, 0, atol=1e-8)


def test_importance_of_a_channel_is_that_of_a_column_of_the_series():
    """A pipeline that makes the windows itself takes the rows of the series."""
    rows, targets = FRAME[:-1], FRAME["y"].to_numpy()[1:]
    pipeline = make_pipeline(SlidingWindow(LENGTH), LINEAR).fit(rows, targets)
    found = permutation_importance(pipeline, rows, targets, random_state=0)
    # The first windows are short of rows, so that the fit is not perfect.
    y, driver, noise = found.importances_mean
    assert driver > 1
    assert abs(noise) < 0.05
    assert abs(y) < 0.05


def test_a_chain_appends_the_targets_of_the_steps_before_to_the_window():
    chain = RegressorChain(MLP).fit(TABLE1, Y1)
    first = clone(MLP).fit(TABLE1, Y1[:, 0])
    second = clone(MLP).fit(np.column_stack([TABLE1, Y1[:, 0]]), Y1[:, 1])
    one = first.predict(TABLE1)
    # scikit-learn keeps the forecasts that it appends in float64.
    two = second.predict(np.column_stack([TABLE1.astype(float), one]))
    expected = np.column_stack([one, two])
    np.testing.assert_allclose(chain.predict(TABLE1), expected, rtol=1e-5, atol=1e-6)


def test_stacking_has_one_output_and_takes_lazy_windows():
    members = [("mlp", MLP), ("naive", NaiveForecaster())]
    stacking = StackingRegressor(members, RidgeCV(), cv=KFold(3))
    with pytest.raises(ValueError, match="1d array"):
        stacking.fit(X, Y)
    with pytest.warns(UserWarning, match="targets come after"):  # as KFold is
        several = MultiOutputRegressor(stacking).fit(X, Y)
        for step in range(HORIZON):
            y = Y[:, step]
            held_out = [cross_val_predict(m, X, y, cv=KFold(3)) for _, m in members]
            final = RidgeCV().fit(np.column_stack(held_out), y)
            forecasts = [clone(m).fit(X, y).predict(X) for _, m in members]
            expected = final.predict(np.column_stack(forecasts))
            np.testing.assert_array_equal(several.predict(X)[:, step], expected)
