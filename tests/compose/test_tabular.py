"""Any regressor on normalized windows, against closed forms."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from sktorch_forecast import (
    ConformalForecaster,
    SlidingWindow,
    TabularForecaster,
    make_windows,
)
from sktorch_forecast.layers.normalization import KINDS

RNG = np.random.default_rng(0)
TIME = np.arange(240)
SERIES = 50 + 10 * np.sin(TIME * np.pi / 6) + 0.2 * TIME + RNG.normal(size=240)
X, Y = make_windows(SERIES, horizon=3, length=24)
WINDOWS = np.asarray(X)[..., 0].astype(float)
SEASON = 12
# kind: (shift, scale) by hand, for windows that are nowhere flat; the usual deviation
# is the median one
USUAL = np.median(WINDOWS.std(axis=1))
UNITS = {
    "window": (WINDOWS.mean(axis=1), WINDOWS.std(axis=1)),
    "mean": (WINDOWS.mean(axis=1), np.full(len(X), USUAL)),
    "last": (WINDOWS[:, -1], np.full(len(X), USUAL)),
    "level": (np.zeros(len(X)), np.abs(WINDOWS).mean(axis=1)),
    None: (np.zeros(len(X)), np.ones(len(X))),
}


@pytest.mark.parametrize("kind", UNITS)
def test_ridge_on_normalized_windows_in_closed_form(kind):
    shift, scale = (part[:, np.newaxis] for part in UNITS[kind])
    x, y = (WINDOWS - shift) / scale, (Y - shift) / scale
    centered = x - x.mean(axis=0)
    gram = centered.T @ centered + 2.0 * np.eye(24)
    weights = np.linalg.solve(gram, centered.T @ (y - y.mean(axis=0)))
    expected = shift + scale * (centered @ weights + y.mean(axis=0))
    found = TabularForecaster(Ridge(alpha=2.0), normalize=kind).fit(X, Y).predict(X)
    assert found.dtype == np.float32
    assert_allclose(found, expected, rtol=2e-4)


def test_season_is_taken_off():
    season = WINDOWS[:, -SEASON:]
    scale = WINDOWS.std(axis=1, keepdims=True)
    x = (WINDOWS - np.hstack([season, season])) / scale
    y = (Y - season[:, :3]) / scale
    expected = season[:, :3] + scale * Ridge().fit(x, y).predict(x)
    model = TabularForecaster(normalize="season", seasonality=SEASON).fit(X, Y)
    assert_allclose(model.predict(X), expected, rtol=2e-4)


@pytest.mark.parametrize("kind", ["window", "level", "season"])
def test_units_do_not_matter(kind):
    model = TabularForecaster(normalize=kind, seasonality=SEASON)
    plain = model.fit(WINDOWS, Y).predict(WINDOWS)
    scaled = clone(model).fit(1000 * WINDOWS, 1000 * Y).predict(1000 * WINDOWS)
    assert_allclose(scaled / 1000, plain, rtol=1e-3)


class Recorder(RegressorMixin, BaseEstimator):
    """Notes what it is given, and knows a single output only."""

    def fit(self, X, y, sample_weight=None):
        assert y.ndim == 1
        self.X_, self.weight_ = X, sample_weight
        self.mean_ = y.mean()
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


def test_a_estimator_of_one_output_is_fitted_for_each():
    model = TabularForecaster(Recorder(), normalize=None)
    weights = np.arange(len(X)) + 1.0
    model.fit(X, Y, sample_weight=weights)
    assert_allclose(model.predict(X), np.tile(Y.mean(axis=0), (len(X), 1)), rtol=1e-6)
    assert_array_equal(model.estimator_.estimators_[2].weight_, weights)
    first = TabularForecaster(Recorder(), normalize=None).fit(X, Y[:, 0])
    assert isinstance(first.estimator_, Recorder)
    assert first.predict(X).shape == (len(X),)


def test_order_of_the_columns():
    """Channels of each timestamp, covariates of each step, static covariates."""
    frame = pd.DataFrame(
        {"id": [1] * 6 + [2] * 6, "t": [*range(6)] * 2, "y": np.arange(12.0)}
    )
    frame["past"], frame["future"] = frame.y + 100, frame.y + 200
    frame["size"] = [5.0] * 6 + [7.0] * 6
    roles = {"target": "y", "past": "past", "future": "future", "static": "size"}
    x, y = make_windows(frame, horizon=2, length=3, id="id", time="t", **roles)
    model = TabularForecaster(Recorder(), normalize=None).fit(x, y)
    columns = model.estimator_.estimators_[0].X_
    assert columns.shape == (4, 3 * 3 + 2 * 1 + 1)
    # targets and past covariates as they are, the others standardized
    assert_array_equal(columns[0, [0, 1, 3, 4, 6, 7]], [0, 100, 1, 101, 2, 102])
    assert_array_equal(columns[2, [0, 1, 3, 4, 6, 7]], [6, 106, 7, 107, 8, 108])
    future = columns[0, [2, 5, 8, 9, 10]]
    assert_allclose(
        np.diff(future), np.diff(future)[0], rtol=1e-6
    )  # one more each time
    assert_allclose(columns[:, 11], [-1, -1, 1, 1])  # 5 and 7, twice each
    assert model.predict(x).shape == (4, 2)


def test_covariates_that_explain_all_are_used():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"id": np.repeat([1, 2], 60), "t": [*range(60)] * 2})
    frame["price"] = rng.random(120)
    frame["y"] = 10 - 4 * frame.price
    x, y = make_windows(
        frame, horizon=2, length=5, id="id", time="t", target="y", future="price"
    )
    model = TabularForecaster(LinearRegression(), normalize=None).fit(x, y)
    assert_allclose(model.predict(x), y, atol=1e-4)


def test_covariates_of_a_single_series_end_with_its_last_origin():
    """Consecutive origins are views; those of the covariates are as many."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"price": rng.random(40)})
    frame["y"] = 10 - 4 * frame.price
    x, y = make_windows(frame, horizon=2, length=5, target="y", future="price")
    model = TabularForecaster(LinearRegression(), normalize=None).fit(x[:20], y[:20])
    assert_allclose(model.predict(x[20:]), y[20:], atol=1e-4)


def test_in_a_pipeline_and_a_search():
    model = make_pipeline(SlidingWindow(24), TabularForecaster(Ridge()))
    search = GridSearchCV(
        model,
        {
            "slidingwindow__length": [6, 24],
            "tabularforecaster__estimator__alpha": [0.1, 10.0],
            "tabularforecaster__normalize": ["window", "last"],
        },
        cv=TimeSeriesSplit(2, gap=2),
    ).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(X[-2:]).shape == (2, 3)


def test_boosting_and_intervals():
    boosting = HistGradientBoostingRegressor(max_iter=10, random_state=0)
    model = ConformalForecaster(TabularForecaster(boosting)).fit(X, Y)
    interval = model.predict_interval(X[-5:])
    assert interval.shape == (5, 3, 2)
    assert (interval[..., 0] < interval[..., 1]).all()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "cycle"])
def test_batches_do_not_matter(kind, monkeypatch):
    model = TabularForecaster(normalize=kind, seasonality=SEASON).fit(X, Y)
    together = model.predict(X)
    monkeypatch.setattr("sktorch_forecast.compose.tabular._BATCH_VALUES", 24 * 7)
    assert_allclose(model.predict(X), together, rtol=1e-6)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"normalize": "season"}, "normalize='season', found None"),
        ({"normalize": "season", "seasonality": 25}, "windows, 24, .* found 25"),
        ({"normalize": "cycle"}, "'normalize' parameter of TabularForecaster must"),
        ({"normalize": "std"}, "'normalize' parameter of TabularForecaster must"),
        ({"estimator": 3}, "'estimator' parameter of TabularForecaster must"),
    ],
)
def test_bad_parameters(params, message):
    model = TabularForecaster().fit(X, Y).set_params(**params)
    before = vars(model).copy()
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert vars(model) == before


def test_it_has_no_uncertainty_of_its_own():
    for model in (TabularForecaster(Ridge()), TabularForecaster().fit(X, Y)):
        for method in ("predict_interval", "predict_quantiles", "sample"):
            assert not hasattr(model, method)
    with pytest.raises(AttributeError) as error:
        TabularForecaster().fit(X, Y).predict_interval(X)
    assert "Wrap the whole in a ConformalForecaster" in str(error.value.__cause__)


def test_it_hands_on_the_uncertainty_that_is_inside():
    """In the units of the series: mean + deviation * z of each window."""
    model = TabularForecaster(ConformalForecaster(coverage=0.5, random_state=0))
    model.fit(X, Y)
    windows = np.asarray(X, dtype=np.float64)
    mean, deviation = windows.mean(axis=1), windows.std(axis=1)
    deviation = np.maximum(deviation, float(model.normalization_.min_scale[0]))
    rows = ((windows - mean[:, np.newaxis]) / deviation[:, np.newaxis])[..., 0]
    z = model.estimator_.predict_quantiles(rows, [0.25, 0.75])
    expected = mean[..., np.newaxis] + deviation[..., np.newaxis] * z
    assert_allclose(model.predict_quantiles(X, [0.25, 0.75]), expected, atol=1e-5)
    assert_allclose(model.predict_interval(X, 0.5), expected, atol=1e-5)
    z = model.estimator_.sample(rows, 7, random_state=3)
    expected = mean + deviation * z
    assert_allclose(model.sample(X, 7, random_state=3), expected, atol=1e-5)
