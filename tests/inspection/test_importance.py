"""Importances by formulas, and exact zeros where nothing is used."""

import tracemalloc

import matplotlib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from sktorch_forecast import (
    MLPForecaster,
    NaiveForecaster,
    SeriesForecaster,
    SlidingWindow,
    TabularForecaster,
    make_windows,
)
from sktorch_forecast.inspection import window_importance
from sktorch_forecast.plotting import ImportanceDisplay

matplotlib.use("Agg")

RNG = np.random.default_rng(0)
SQUARES = "neg_mean_squared_error"


class Weighted(RegressorMixin, BaseEstimator):
    """Forecasts the sum of what it sees, with given weights, and remembers nothing."""

    def __init__(self, window=None, future=None, static=None):
        self.window = window
        self.future = future
        self.static = static

    def fit(self, X, y):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        y = np.zeros(len(X))
        for name, values in (
            ("window", np.asarray(X)),
            ("future", getattr(X, "future_values", lambda: None)()),
            ("static", getattr(X, "static_values", lambda: None)()),
        ):
            weights = getattr(self, name)
            if weights is not None:
                y += (values.reshape(len(X), -1) * np.ravel(weights)).sum(axis=1)
        return y


def shops(n_series=3, n_days=80):
    """Shops of very different levels, with a future and a static covariate."""
    days = pd.date_range("2024-01-01", periods=n_days)
    parts = [
        pd.DataFrame(
            {
                "shop": f"shop {i}",
                "day": days,
                "sales": 100.0 * i + RNG.normal(size=n_days),
                "visits": RNG.normal(size=n_days),
                "price": RNG.normal(size=n_days),
                "size": float(i),
            }
        )
        for i in range(n_series)
    ]
    roles = {"id": "shop", "time": "day", "target": "sales", "past": "visits"}
    roles |= {"future": "price", "static": "size"}
    return make_windows(pd.concat(parts), horizon=2, length=4, **roles)


def test_a_linear_forecast_by_formula():
    """Exchanging x_j raises the mean square by 2 w_j^2 var(x_j), on average.

    The truth is the forecast itself, so that the error is w_j (x_j - x'_j) alone.
    """
    X = RNG.normal(size=(400, 3)) * [1, 2, 3]
    weights = np.array([3.0, -1.0, 0.0])  # the oldest value first
    model = Weighted(weights).fit(X, None)
    result = window_importance(
        model, X, X @ weights, by="lag", scoring=SQUARES, n_repeats=60, random_state=0
    )
    assert result.names == ["lag 1", "lag 2", "lag 3"]  # the newest first
    expected = (2 * weights**2 * X.var(axis=0))[::-1]
    assert_allclose(result.importances_mean, expected, rtol=0.05)
    assert (result.importances[0] == 0).all()
    assert result.importances.shape == (3, 60)
    assert_allclose(result.importances_std, result.importances.std(axis=1))


def test_as_scikit_learn_on_a_table():
    """Both estimate the same, by other draws."""
    X = RNG.normal(size=(300, 4))
    model = TabularForecaster(LinearRegression()).fit(X, X @ [1.0, 0.5, 2, 0])
    y = model.predict(X)
    how = {"scoring": SQUARES, "n_repeats": 30, "random_state": 0}
    ours = window_importance(model, X, y, by="lag", **how)
    theirs = permutation_importance(model, X, y, **how)
    assert_allclose(
        ours.importances_mean[::-1], theirs.importances_mean, rtol=0.06, atol=1e-3
    )


@pytest.mark.parametrize("form", ["lazy", "array", "table", "frame"])
def test_lags_that_are_not_used_have_exactly_none(form):
    X, y = make_windows(RNG.normal(size=120), horizon=3, length=8)
    model = NaiveForecaster(seasonality=4).fit(X, y)
    if form != "lazy":
        X = np.asarray(X)
    if form in ("table", "frame"):
        X = X[..., 0]
        model.fit(X, y)
    if form == "frame":
        X = pd.DataFrame(X)
    y = model.predict(X)  # so that whatever is exchanged makes it worse
    result = window_importance(model, X, y, by="lag", random_state=0, n_repeats=3)
    # Steps 1 to 3 repeat the values 4, 3 and 2 steps before the first of them.
    used = np.array([False, True, True, True, False, False, False, False])
    assert (result.importances[~used] == 0).all()
    assert (result.importances[used] > 0.1).all()


def test_the_forms_of_windows_agree():
    X, y = make_windows(RNG.normal(size=80), horizon=1, length=6)
    model = MLPForecaster(max_epochs=2, random_state=0).fit(X, y)
    lazy = window_importance(model, X, y, by="lag", lags=2, random_state=0)
    array = window_importance(model, np.asarray(X), y, by="lag", lags=2, random_state=0)
    assert lazy.names == array.names == ["lags 1-2", "lags 3-4", "lags 5-6"]
    assert_array_equal(lazy.importances, array.importances)


def test_channels_covariates_and_static_ones_of_a_panel():
    X, _ = shops()
    n_channels = 3
    window = np.zeros((4, n_channels))
    window[-1, 0] = 2  # sales at the origin
    model = Weighted(window, future=[0, 3], static=[5]).fit(X, None)
    y = model.predict(X)
    how = {"scoring": SQUARES, "n_repeats": 30, "random_state": 0}
    by_channel = window_importance(model, X, y, **how)
    assert by_channel.names == ["sales", "visits", "price", "size"]
    last = np.asarray(X)[:, -1, 0]
    # Sales come from the same shop: its level stays.
    within = np.mean([last[X.series == i].var() for i in range(3)])
    future = X.future_values()[:, 1, 0]
    within_future = np.mean([future[X.series == i].var() for i in range(3)])
    static = X.static_values()[:, 0].astype(float)
    expected = [8 * within, 0, 18 * within_future, 50 * static.var()]
    assert_allclose(by_channel.importances_mean, expected, rtol=0.15, atol=1e-12)
    assert (by_channel.importances[1] == 0).all()

    both = window_importance(model, X, y, by="both", lags=2, **how)
    used = {"sales, lags 1-2", "price, horizon", "size"}
    assert set(both.names) == used | {
        *("sales, lags 3-4", "visits, lags 1-2", "visits, lags 3-4"),
        *("price, lags 1-2", "price, lags 3-4"),
    }
    not_used = [name not in used for name in both.names]
    assert (both.importances[not_used] == 0).all()
    assert (both.importances_mean[np.logical_not(not_used)] > 1).all()
    by_lag = window_importance(model, X, y, by="lag", lags=4, **how)
    assert by_lag.names == ["lags 1-4", "horizon", "static"]


def test_networks_with_all_covariates_take_what_is_exchanged():
    X, y = shops()
    model = MLPForecaster(max_epochs=1, random_state=0).fit(X, y)
    result = window_importance(model, X, y, by="both", random_state=0, n_repeats=1)
    assert np.isfinite(result.importances).all()


def test_a_pipeline_has_the_lags_of_its_windows():
    X, y = make_windows(RNG.normal(size=60), horizon=1, length=12)
    pipeline = make_pipeline(SlidingWindow(5), NaiveForecaster()).fit(X, y)
    result = window_importance(pipeline, X, y, by="lag", random_state=0)
    assert result.names == [f"lag {i}" for i in range(1, 6)]
    assert (result.importances[1:] == 0).all()
    rows, next_row = RNG.normal(size=(50, 1)), RNG.normal(size=50)
    pipeline.fit(rows, next_row)
    result = window_importance(pipeline, rows, next_row, by="lag", random_state=0)
    assert len(result.names) == 5


def test_nothing_is_changed_and_little_is_copied():
    """100,000 origins of 200 values would be 80 MB."""
    X, y = make_windows(np.sin(np.arange(100_200.0)), horizon=1, length=200)
    model = NaiveForecaster().fit(X, y)
    before = X.values.copy()
    tracemalloc.start()
    window_importance(model, X, y, max_samples=100, n_repeats=1, random_state=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6
    assert_array_equal(X.values, before)


def test_of_many_series_several_origins_each_are_drawn():
    """Were they drawn one by one, hardly two would be of one series."""
    X, _ = shops(n_series=30, n_days=40)
    model = Weighted(np.ones((4, 3))).fit(X, None)
    y = model.predict(X)
    result = window_importance(
        model, X, y, max_samples=40, scoring=SQUARES, n_repeats=20, random_state=0
    )
    # Sum of four values of variance 1, exchanged: 2 * 4, less where they stay by chance
    assert 5 < result.importances_mean[1] < 11


def test_draws_repeat_with_a_seed_and_leave_the_global_generator_alone():
    X, y = make_windows(RNG.normal(size=50), horizon=1, length=4)
    model = NaiveForecaster().fit(X, y)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    one, two, other = (
        window_importance(model, X, y, random_state=seed).importances
        for seed in (0, 0, 1)
    )
    assert_array_equal(one, two)
    assert (one != other).any()
    assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


X1, Y1 = make_windows(RNG.normal(size=30), horizon=1, length=4)
NAIVE = NaiveForecaster().fit(X1, Y1)


@pytest.mark.parametrize(
    "model, X, y, how, error, words",
    [
        (NAIVE, X1, Y1, {"by": "time"}, ValueError, "by to be"),
        (NAIVE, X1, Y1, {"lags": 0}, ValueError, "lags must be a positive integer"),
        (NAIVE, X1, Y1[1:], {}, ValueError, "26 rows of y|25 rows of y"),
        (NAIVE, X1[:1], Y1[:1], {}, ValueError, "at least two origins of some series"),
        (NAIVE, Y1, Y1, {}, ValueError, "Expected windows of shape"),
        (NaiveForecaster(), X1, Y1, {}, NotFittedError, "not fitted"),
        (
            SeriesForecaster(),
            X1,
            Y1,
            {},
            TypeError,
            "is not an estimator|takes windows",
        ),
    ],
)
def test_mistakes(model, X, y, how, error, words):
    if isinstance(model, SeriesForecaster):
        model = SeriesForecaster(NaiveForecaster(), 1, 4).fit(np.arange(20.0))
    with pytest.raises(error, match=words):
        window_importance(model, X, y, **how)


def test_scikit_learns_own_takes_tables_only():
    """As the docs say, with the way out."""
    with pytest.raises(ValueError, match="dim 3"):
        permutation_importance(NAIVE, X1, Y1)
    table = np.asarray(X1)[..., 0]
    model = NaiveForecaster().fit(table, Y1)
    found = permutation_importance(model, table, Y1, random_state=0)
    assert (found.importances_mean[:-1] == 0).all()


def test_the_bars_are_the_means():
    how = {"by": "lag", "random_state": 0, "scoring": SQUARES}
    result = window_importance(NAIVE, X1, Y1, **how)
    display = ImportanceDisplay.from_estimator(NAIVE, X1, Y1, **how)
    widths = [bar.get_width() for bar in display.bars_]
    assert_allclose(widths, result.importances_mean)
    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert labels == result.names
    assert display.ax_.yaxis_inverted()
    assert display.ax_.get_xlabel() == f"drop in {SQUARES}"
    first = ImportanceDisplay(["a", "b", "c"], [[1], [3], [2]]).plot(max_display=2)
    assert [text.get_text() for text in first.ax_.get_yticklabels()] == ["b", "c"]
    with pytest.raises(ValueError, match=r"shape \(1, n_repeats\)"):
        ImportanceDisplay(["a"], [1.0, 2.0]).plot()
