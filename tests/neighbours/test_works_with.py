"""Tools that search, explain, calibrate and feed forecasters, one small test each."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sktorch_forecast import (
    MLPForecaster,
    RecursiveForecaster,
    SlidingWindow,
    TabularForecaster,
    make_windows,
)

SERIES = np.sin(np.arange(80) / 4) + 0.1 * np.random.RandomState(0).randn(80)
X, Y = make_windows(SERIES, horizon=2, length=8)
X1, Y1 = make_windows(SERIES, horizon=1, length=8)
ARRAY, ARRAY1 = np.asarray(X)[..., 0], np.asarray(X1)[..., 0]
LAST = SERIES[None, -8:]
CV = TimeSeriesSplit(2, gap=1)
# Without a baseline, which does not mind in which order a window comes.
MLP = MLPForecaster(
    hidden_layer_sizes=(4,), max_epochs=3, baseline=None, random_state=0
)


# ------------------------------------------------------------------------- searches


def test_optuna():
    optuna = pytest.importorskip("optuna", reason="optuna is not installed")
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def score(trial):
        lr = trial.suggest_float("lr", 1e-3, 1e-1, log=True)
        return cross_val_score(clone(MLP).set_params(lr=lr), X, Y, cv=CV).mean()

    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(score, n_trials=3)
    scores = [
        cross_val_score(clone(MLP).set_params(**trial.params), X, Y, cv=CV).mean()
        for trial in study.trials
    ]
    assert len({trial.params["lr"] for trial in study.trials}) == 3
    assert [trial.value for trial in study.trials] == scores
    assert study.best_value == max(scores)


def test_bayes_search_cv():
    skopt = pytest.importorskip("skopt", reason="scikit-optimize is not installed")
    lr = skopt.space.Real(1e-3, 1e-1, prior="log-uniform")
    search = skopt.BayesSearchCV(MLP, {"lr": lr}, n_iter=3, cv=CV, random_state=0)
    search.fit(X, Y)
    scores = [
        cross_val_score(clone(MLP).set_params(**params), X, Y, cv=CV).mean()
        for params in search.cv_results_["params"]
    ]
    assert len(set(scores)) == 3
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], scores)
    best = clone(MLP).set_params(**search.best_params_).fit(X, Y)
    np.testing.assert_array_equal(search.predict(X), best.predict(X))


# -------------------------------------------------------------- intervals, explanations


@pytest.mark.parametrize("x", [X1, ARRAY1], ids=["lazy", "array"])
def test_mapie(x):
    mapie = pytest.importorskip("mapie.regression", reason="MAPIE is not installed")
    train, calibrate, test = slice(40), slice(41, 60), slice(61, None)
    net = clone(MLP).fit(x[train], Y1[train])
    conformal = mapie.SplitConformalRegressor(net, confidence_level=0.8, prefit=True)
    conformal.conformalize(x[calibrate], Y1[calibrate])
    forecast, intervals = conformal.predict_interval(x[test])
    np.testing.assert_array_equal(forecast, net.predict(x[test]))
    # 0.8 of 19 + 1 errors: the 16th is the half width.
    errors = np.abs(Y1[calibrate] - net.predict(x[calibrate]))
    half = np.sort(errors)[15]
    expected = np.column_stack([forecast - half, forecast + half])
    np.testing.assert_allclose(intervals[..., 0], expected, rtol=1e-6)


def test_shap():
    shap = pytest.importorskip("shap", reason="shap is not installed")
    linear = TabularForecaster(LinearRegression(), normalize=None).fit(ARRAY1, Y1)
    values = shap.Explainer(linear.predict, ARRAY1)(ARRAY1[:3]).values
    # Of a linear forecast, the effect of a value is its coefficient times its distance
    # from the mean of the background.
    coef = LinearRegression().fit(ARRAY1, Y1).coef_
    expected = coef * (ARRAY1[:3] - ARRAY1.mean(axis=0))
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)

    net = clone(MLP).fit(ARRAY, Y)
    explainer = shap.KernelExplainer(net.predict, ARRAY[:10])
    values = explainer.shap_values(ARRAY[:2], silent=True)  # (rows, length, horizon)
    # Whatever the forecast, they add up to its distance from the mean forecast.
    mean = net.predict(ARRAY[:10]).mean(axis=0)
    expected = net.predict(ARRAY[:2]) - mean
    np.testing.assert_allclose(values.sum(axis=1), expected, rtol=1e-4, atol=1e-5)


# ------------------------------------------------------------- pipelines and features


def test_imbalanced_learn_resamples_lazy_windows():
    imblearn = pytest.importorskip("imblearn", reason="imblearn is not installed")
    recent = imblearn.FunctionSampler(
        func=lambda x, y: (x[20:], y[20:]), validate=False
    )
    pipeline = imblearn.pipeline.make_pipeline(recent, MLP).fit(X, Y)
    expected = clone(MLP).fit(X[20:], Y[20:]).predict(X[-3:])
    np.testing.assert_array_equal(pipeline.predict(X[-3:]), expected)


def test_feature_engine_makes_channels_of_a_frame():
    creation = pytest.importorskip(
        "feature_engine.creation", reason="feature-engine is not installed"
    )
    month = np.arange(80) % 12 + 1
    frame = pd.DataFrame({"y": SERIES, "month": month})
    cyclical = creation.CyclicalFeatures(variables=["month"], drop_original=True)
    pipeline = make_pipeline(cyclical, SlidingWindow(8), MLP)
    pipeline.fit(frame[:-1], SERIES[1:])
    angle = 2 * np.pi * month / 12
    rows = np.column_stack([SERIES, np.sin(angle), np.cos(angle)])
    alone = make_pipeline(SlidingWindow(8), MLP).fit(rows[:-1], SERIES[1:])
    forecast = pipeline.predict(frame)
    np.testing.assert_allclose(forecast, alone.predict(rows), rtol=1e-5, atol=1e-6)


def test_feature_engine_makes_windows_of_lags_from_the_oldest_on():
    forecasting = pytest.importorskip(
        "feature_engine.timeseries.forecasting",
        reason="feature-engine is not installed",
    )
    lags = forecasting.LagFeatures(
        periods=list(range(8, 0, -1)), missing_values="ignore", drop_original=True
    )
    table = lags.fit_transform(pd.DataFrame({"y": SERIES})).dropna()
    np.testing.assert_allclose(table, ARRAY1, rtol=1e-6)


# ---------------------------------------------------------------- other forecasters


# sktime announces a change of its own.
@pytest.mark.filterwarnings("ignore:The default of config:FutureWarning")
def test_sktime_reduces_a_series_to_windows():
    compose = pytest.importorskip(
        "sktime.forecasting.compose", reason="sktime is not installed"
    )
    expected = {
        "multioutput": clone(MLP).fit(ARRAY, Y).predict(LAST)[0],
        "recursive": RecursiveForecaster(MLP, horizon=2).fit(ARRAY1, Y1).predict(LAST),
    }
    for strategy, forecast in expected.items():
        reduced = compose.make_reduction(MLP, strategy=strategy, window_length=8)
        reduced.fit(pd.Series(SERIES), fh=[1, 2])
        found = reduced.predict().to_numpy()
        np.testing.assert_allclose(found, np.ravel(forecast), rtol=1e-5)


def test_skforecast_hands_over_the_newest_value_first():
    """So that a network needs a step before it that turns windows around."""
    recursive = pytest.importorskip(
        "skforecast.recursive", reason="skforecast is not installed"
    )
    series = pd.Series(SERIES, pd.date_range("2020-01-01", periods=80, freq="D"))
    turned = make_pipeline(FunctionTransformer(lambda x: np.asarray(x)[:, ::-1]), MLP)
    own = RecursiveForecaster(MLP, horizon=3).fit(ARRAY1, Y1).predict(LAST)[0]
    forecast = recursive.ForecasterRecursive(estimator=turned, lags=8)
    forecast.fit(series)
    np.testing.assert_allclose(forecast.predict(3), own, rtol=1e-5)

    backward = RecursiveForecaster(MLP, horizon=1).fit(ARRAY1[:, ::-1], Y1)
    forecast = recursive.ForecasterRecursive(estimator=MLP, lags=8)
    forecast.fit(series)
    one = backward.predict(LAST[:, ::-1]).ravel()
    np.testing.assert_allclose(forecast.predict(1), one, rtol=1e-5)
    assert abs(one[0] - own[0]) > 1e-3
