"""One step at a time: against closed forms, loops written out and the bare module."""

import pickle

import numpy as np
import pytest
import sklearn
import torch
from common import NETWORKS, cheap
from memory import MEGABYTE, peak_memory
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktorch_forecast import (
    GRUForecaster,
    LSTMForecaster,
    MLPForecaster,
    NaiveForecaster,
    Panel,
    RNNForecaster,
    SlidingWindow,
    Windows,
    make_windows,
)
from sktorch_forecast.compose import RecursiveForecaster, recursive

LENGTH, HORIZON = 6, 4
SERIES = 5 + np.sin(np.arange(60) / 3) + 0.1 * np.random.RandomState(0).randn(60)
X, Y = make_windows(SERIES, horizon=HORIZON, length=LENGTH)
ARRAY, FIRST = np.asarray(X)[..., 0], Y[:, 0]
PANEL = np.stack([SERIES, SERIES[::-1] ** 2, np.cos(np.arange(60))], axis=1)
X2, Y2 = make_windows(PANEL[:, :2], horizon=HORIZON, length=LENGTH, target=[0, 1])

RECURRENT = [RNNForecaster, LSTMForecaster, GRUForecaster]
SLIDING = {
    "linear": LinearRegression(),
    "neighbors": KNeighborsRegressor(2),
    "mlp": cheap(MLPForecaster),
    "bidirectional": LSTMForecaster(
        hidden_size=4, bidirectional=True, max_epochs=2, random_state=0
    ),
    "pipeline": make_pipeline(SlidingWindow(4), cheap(LSTMForecaster)),
    "scaled": make_pipeline(StandardScaler(), cheap(MLPForecaster)),
    "search": GridSearchCV(
        make_pipeline(SlidingWindow(4), cheap(MLPForecaster)),
        {"slidingwindow__length": [3, 5]},
        cv=TimeSeriesSplit(2),
    ),
}
TAKE_FLAT_WINDOWS = ("linear", "neighbors", "scaled")
sliding = pytest.mark.parametrize("name", SLIDING)


# ----------------------------------------------------------------- known beforehand


def test_a_sine_goes_on_past_the_trained_horizon():
    # cos(w t) = 2 cos(w) cos(w (t - 1)) - cos(w (t - 2)): two lags are all there is.
    series = np.cos(0.3 * np.arange(100))
    windows = np.stack([series[:-2], series[1:-1]], axis=1)
    model = RecursiveForecaster(horizon=50).fit(windows[:40], series[2:42])
    assert_allclose(model.estimator_.coef_, [-1, 2 * np.cos(0.3)], atol=1e-10)
    forecasts = model.predict(windows[40:48])
    assert forecasts.shape == (8, 50)
    expected = [series[42 + i : 92 + i] for i in range(8)]
    assert_allclose(forecasts, expected, atol=1e-9)


def test_two_targets_that_drive_each_other():
    # A quarter turn at every step: (u, v) -> (-v, u).
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    rows = [np.array([3.0, 1.0])]
    for _ in range(20):
        rows.append(turn @ rows[-1])
    X_, y = make_windows(np.array(rows), horizon=2, length=1, target=[0, 1])
    model = RecursiveForecaster(horizon=5).fit(X_, y)
    assert model.estimator_.coef_.shape == (2, 2)  # of the first step only
    expected = [[-1, 3, -3, -1, 1, -3, 3, 1, -1, 3]]  # step-major
    assert_allclose(model.predict(X_[:1]), expected, atol=1e-5)


@pytest.mark.parametrize("x", [X, ARRAY], ids=["Windows", "array"])
def test_recursive_naive_is_naive(x):
    recursive_ = RecursiveForecaster(NaiveForecaster(3)).fit(x, Y)
    assert_array_equal(recursive_.predict(x), NaiveForecaster(3).fit(x, Y).predict(x))


def counting():
    """h = relu(h + 1): after reading t timestamps, whatever they are, h is t."""
    network = RNNForecaster(
        nonlinearity="relu",
        readout=False,
        hidden_size=1,
        normalize=None,
        baseline=None,
        max_epochs=1,
        random_state=0,
    )
    model = RecursiveForecaster(network, horizon=3).fit(ARRAY, Y)
    weights = model.estimator_.module_.state_dict()
    for name, value in weights.items():
        value.fill_(1.0 if "weight_hh" in name or "bias_hh" in name else 0.0)
    return model


def test_state_is_carried_and_not_begun_anew():
    forecasts = counting().predict(ARRAY)
    assert_array_equal(forecasts, np.tile([6.0, 7.0, 8.0], (len(ARRAY), 1)))
    # while a window that slides is as long at every step
    model = counting()
    forecasts = model._slide(ARRAY, model.estimator_.predict)
    assert_array_equal(forecasts, np.full((len(ARRAY), 3), 6.0))


# --------------------------------------------------------------------- carried state


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("cls", RECURRENT)
@pytest.mark.parametrize("normalize", ["window", None])
@pytest.mark.parametrize("x, y", [(X, Y), (X2, Y2)], ids=["1 target", "2 targets"])
def test_carried_state_is_the_bare_module_on_windows_that_grow(cls, normalize, x, y):
    n_targets = x.n_targets
    network = cls(
        hidden_size=5,
        num_layers=2,
        dropout=0.3,
        normalize=normalize,
        baseline=None,
        max_epochs=3,
        random_state=0,
    )
    model = RecursiveForecaster(network).fit(x, y)
    module = model.estimator_.module_
    observed = np.asarray(x)
    observed[0] = 5.0  # a flat window has no deviation to be scaled by
    grown, shift, scale = torch.from_numpy(observed), 0.0, 1.0
    if normalize == "window":
        # the mean and deviation of what was observed, for all steps
        shift = grown.mean(dim=1, keepdim=True)
        scale = grown.std(dim=1, correction=0, keepdim=True)
        scale = torch.maximum(scale, module.normalization.min_scale)
    grown = (grown - shift) / scale
    module.eval()
    with torch.no_grad():
        for _ in range(HORIZON):
            grown = torch.cat([grown, module.network(grown)[..., 0]], dim=1)
    expected = (shift + scale * grown)[:, LENGTH:].flatten(1)
    assert expected.shape == (len(x), HORIZON * n_targets)
    assert_allclose(model.predict(observed), expected.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["mean", "last", "level", "season"])
def test_carried_state_keeps_the_units_of_the_normalization(kind):
    params = {"seasonality": 3, "max_epochs": 3, "random_state": 0, "baseline": None}
    network = LSTMForecaster(hidden_size=5, normalize=kind, **params)
    model = RecursiveForecaster(network, horizon=5).fit(X, Y)
    module, windows = model.estimator_.module_, torch.from_numpy(np.asarray(X))
    # What is taken off every timestamp, of the window and ahead, and what divides it.
    usual = module.normalization.usual_scale.expand(len(X), 1, 1)
    mean = windows.mean(dim=1, keepdim=True)
    deviation = windows.std(dim=1, correction=0, keepdim=True)
    last, level = windows[:, -1:], windows.abs().mean(dim=1, keepdim=True)
    season = windows[:, -3:].repeat(1, 4, 1)[:, : LENGTH + 5]
    shift, scale = {
        "mean": (mean.expand(-1, LENGTH + 5, -1), usual),
        "last": (last.expand(-1, LENGTH + 5, -1), usual),
        "level": (torch.zeros(len(X), LENGTH + 5, 1), level),
        "season": (season, torch.maximum(deviation, module.normalization.min_scale)),
    }[kind]
    grown = (windows - shift[:, :LENGTH]) / scale
    with torch.no_grad():
        for _ in range(5):
            grown = torch.cat([grown, module.network(grown)[..., 0]], dim=1)
    expected = (shift + scale * grown)[:, LENGTH:].flatten(1)
    assert_allclose(model.predict(X), expected.numpy(), rtol=1e-5, atol=1e-5)


def test_a_network_that_masks_slides():
    """It sees a channel more than it forecasts, which nothing could be fed back for."""
    network = LSTMForecaster(
        hidden_size=5, missing="mask", max_epochs=3, random_state=0
    )
    model = RecursiveForecaster(network).fit(X, Y)
    window, expected = ARRAY[:3], []
    for _ in range(HORIZON):
        expected.append(model.estimator_.predict(window))
        window = np.hstack([window[:, 1:], expected[-1][:, np.newaxis]])
    assert_allclose(model.predict(ARRAY[:3]), np.stack(expected, axis=1), rtol=1e-5)


def test_predicting_leaves_the_one_step_model_as_it_was():
    model = RecursiveForecaster(cheap(LSTMForecaster)).fit(X, Y)
    before, state = model.estimator_.predict(X), vars(model.estimator_).copy()
    model.predict(X)
    assert all(vars(model.estimator_)[name] is state[name] for name in state)
    assert_array_equal(model.estimator_.predict(X), before)


def test_a_forecast_has_the_same_bits_alone_and_among_many():
    model = RecursiveForecaster(cheap(GRUForecaster), horizon=9).fit(X, Y)
    together = model.predict(X)
    for i in (0, 7, len(X) - 1):
        assert_array_equal(model.predict(X[i : i + 1])[0], together[i])
    assert_array_equal(model.predict(ARRAY), together)


# -------------------------------------------------------------------- sliding windows


@sliding
def test_sliding_is_the_loop_written_out(name):
    model = RecursiveForecaster(SLIDING[name]).fit(X, Y)
    alone = clone(SLIDING[name])
    if name in TAKE_FLAT_WINDOWS:
        alone.fit(ARRAY, FIRST)
    else:
        alone.fit(X, FIRST)
    expected = np.empty((len(X), HORIZON))
    for i, window in enumerate(ARRAY):
        for step in range(HORIZON):
            x = window if name in TAKE_FLAT_WINDOWS else window[:, np.newaxis]
            expected[i, step] = alone.predict(x[np.newaxis])[0]
            window = np.append(window[1:], np.float32(expected[i, step]))
    assert_allclose(model.predict(X), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "estimator",
    [LinearRegression(), MultiOutputRegressor(Ridge()), KNeighborsRegressor(2)],
    ids=lambda e: type(e).__name__,
)
def test_sliding_several_targets_in_flat_windows(estimator):
    model = RecursiveForecaster(estimator).fit(X2, Y2)
    flat = np.asarray(X2).reshape(len(X2), -1)
    alone = clone(estimator).fit(flat, Y2[:, :2])
    window, steps = flat, []
    for _ in range(HORIZON):
        steps.append(alone.predict(window))
        # the oldest timestamp, two columns, is dropped
        window = np.hstack([window[:, 2:], steps[-1].astype(np.float32)])
    assert_allclose(model.predict(X2), np.hstack(steps), rtol=1e-5)


def test_sliding_several_targets_in_windows():
    pipeline = make_pipeline(SlidingWindow(4), cheap(MLPForecaster))
    model = RecursiveForecaster(pipeline).fit(X2, Y2)
    alone = clone(pipeline).fit(X2, Y2[:, :2])
    window, steps = np.asarray(X2), []
    for _ in range(HORIZON):
        steps.append(alone.predict(window).astype(np.float32))
        window = np.concatenate([window[:, 1:], steps[-1][:, np.newaxis]], axis=1)
    assert_allclose(model.predict(X2), np.hstack(steps), rtol=1e-5)


@sliding
def test_batches_of_origins_change_nothing(name, monkeypatch):
    model = RecursiveForecaster(SLIDING[name]).fit(X, Y)
    expected = model.predict(X)
    monkeypatch.setattr(recursive, "_BATCH_SIZE", 7)
    assert_allclose(model.predict(X), expected, rtol=1e-6)


def test_flat_windows_are_materialized_a_batch_at_a_time():
    windows, y = make_windows(SERIES.repeat(1000), horizon=1, length=300)
    assert np.prod(windows.shape) * 4 > 70 * MEGABYTE
    model = RecursiveForecaster(horizon=3).fit(windows[:100], y[:100])
    # 1024 windows of 300 values are 1.2 MB, joined with the forecasts and flat.
    assert peak_memory(lambda: model.predict(windows)) < 8 * MEGABYTE


# ----------------------------------------------------------------------- one step


@pytest.mark.parametrize("cls", NETWORKS)
@pytest.mark.parametrize("x", [X, ARRAY], ids=["Windows", "array"])
def test_one_step_is_the_estimator_bit_for_bit(cls, x):
    model = RecursiveForecaster(cheap(cls), horizon=1).fit(x, FIRST)
    assert_array_equal(model.predict(x), cheap(cls).fit(x, FIRST).predict(x))


@sliding
def test_one_step_of_others_is_the_estimator_bit_for_bit(name):
    model = RecursiveForecaster(SLIDING[name], horizon=1).fit(X, FIRST)
    x = ARRAY if name in TAKE_FLAT_WINDOWS else X
    expected = clone(SLIDING[name]).fit(x, FIRST).predict(x)
    assert expected.ndim == 1
    assert_array_equal(model.predict(X), expected)
    assert_array_equal(model.predict(ARRAY), expected)


class CountedRows(LinearRegression):
    def predict(self, X):
        self.n_rows_ = [*getattr(self, "n_rows_", []), len(X)]
        return super().predict(X)


@pytest.mark.parametrize(
    "x, horizon, n_rows",
    [(ARRAY, 1, [51]), (X, 1, [25, 25, 1]), (ARRAY, 2, [25, 25, 25, 25, 1, 1])],
    ids=["array", "Windows", "two steps"],
)
def test_one_step_of_an_array_is_not_cut_into_batches(monkeypatch, x, horizon, n_rows):
    # Products of matrices may round differently for another number of rows.
    monkeypatch.setattr(recursive, "_BATCH_SIZE", 25)
    model = RecursiveForecaster(CountedRows(), horizon=horizon).fit(x, FIRST)
    model.predict(x)
    assert model.estimator_.n_rows_ == n_rows


def test_only_the_first_step_is_learned_from():
    other = np.array(Y)
    other[:, 1:] = 0
    expected = RecursiveForecaster(cheap(LSTMForecaster)).fit(X, Y).predict(X)
    forecasts = RecursiveForecaster(cheap(LSTMForecaster)).fit(X, other).predict(X)
    assert_array_equal(forecasts, expected)


@pytest.mark.parametrize(
    "horizon, x, y, shape",
    [
        (None, X, FIRST, (len(X),)),
        (1, X, FIRST, (len(X),)),
        (5, X, FIRST, (len(X), 5)),
        (None, X, Y, (len(X), HORIZON)),
        (1, X, Y, (len(X), 1)),
        (9, X, Y, (len(X), 9)),
        (None, X, Y[:, :1], (len(X), 1)),
        (None, X2, Y2, (len(X2), HORIZON * 2)),
        (3, X2, Y2[:, :2], (len(X2), 6)),
        (1, X2, Y2, (len(X2), 2)),
    ],
)
@pytest.mark.parametrize("estimator", [None, cheap(LSTMForecaster)])
def test_shapes(estimator, horizon, x, y, shape):
    model = RecursiveForecaster(estimator, horizon=horizon).fit(x, y)
    forecasts = model.predict(x)
    assert forecasts.shape == shape
    assert model.horizon_ * model.n_targets_ == np.prod(shape[1:], dtype=int)
    # A shorter horizon is the beginning of a longer one, to the rounding of a float32
    # sum: where an array lies in memory decides how BLAS adds up its rows.
    longer = clone(model).set_params(horizon=12).fit(x, y).predict(x)
    columns = forecasts.reshape(len(x), -1)
    assert_allclose(longer[:, : columns.shape[1]], columns, rtol=1e-6)


def test_precision_is_that_of_the_estimator():
    y = Y.astype(np.float64)
    for x in (ARRAY, ARRAY.astype(np.float64)):
        model = RecursiveForecaster(cheap(LSTMForecaster)).fit(x, y)
        assert model.predict(x).dtype == x.dtype
        one = LinearRegression().fit(x, y[:, 0]).predict(x)
        assert RecursiveForecaster().fit(x, y).predict(x).dtype == one.dtype


# ---------------------------------------------------------------------- scikit-learn


def test_grid_search_over_the_estimator_inside():
    model = RecursiveForecaster(cheap(LSTMForecaster).set_params(baseline=None))
    grid = {"estimator__hidden_size": [2, 4], "horizon": [None, HORIZON]}
    cv = TimeSeriesSplit(2, gap=HORIZON - 1)
    search = GridSearchCV(model, grid, cv=cv).fit(X, Y)
    expected = []
    for params in search.cv_results_["params"]:
        candidate = clone(model).set_params(**params)
        scores = [
            candidate.fit(X[train], Y[train]).score(X[test], Y[test])
            for train, test in cv.split(X)
        ]
        expected.append(np.mean(scores))
    assert_array_equal(search.cv_results_["mean_test_score"], expected)
    assert len(set(expected)) == 2  # hidden_size counts; the two horizons are one


def test_in_a_pipeline():
    inner = RecursiveForecaster(cheap(LSTMForecaster))
    pipeline = make_pipeline(SlidingWindow(4), inner).fit(X, Y)
    alone = clone(inner).fit(ARRAY[:, -4:], Y)
    assert_array_equal(pipeline.predict(X), alone.predict(ARRAY[:, -4:]))


@pytest.mark.parametrize("estimator", [None, cheap(LSTMForecaster)])
def test_clone_and_pickle(estimator):
    model = RecursiveForecaster(estimator, horizon=7).fit(X, Y)
    expected = model.predict(X)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), expected)
    assert_array_equal(clone(model).fit(X, Y).predict(X), expected)
    assert not hasattr(clone(model), "estimator_")


def test_estimator_with_a_part_that_is_none():
    # A kernel has parameters but is no estimator.
    model = RecursiveForecaster(GaussianProcessRegressor(RBF(2.0), alpha=0.1))
    assert model.fit(X, Y).predict(X).shape == Y.shape


def test_fit_parameters_reach_the_estimator():
    weights = np.zeros(len(X))
    weights[:20] = 1
    model = RecursiveForecaster(Ridge()).fit(X, Y, sample_weight=weights)
    expected = RecursiveForecaster(Ridge()).fit(X[:20], Y[:20])
    assert_allclose(model.predict(X), expected.predict(X), rtol=1e-4)
    with pytest.raises(TypeError, match="unexpected keyword argument 'sample_weight'"):
        RecursiveForecaster(NaiveForecaster()).fit(X, Y, sample_weight=weights)


def test_metadata_routing():
    weights = np.random.RandomState(0).rand(len(X))
    cv = TimeSeriesSplit(2)
    expected = [
        RecursiveForecaster(Ridge())
        .fit(X[train], Y[train], sample_weight=weights[train])
        .score(X[test], Y[test], sample_weight=weights[test])
        for train, test in cv.split(X)
    ]
    with sklearn.config_context(enable_metadata_routing=True):
        ridge = Ridge().set_fit_request(sample_weight=True)
        model = RecursiveForecaster(ridge).set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"horizon": [None]}, cv=cv)
        search.fit(X, Y, sample_weight=weights)
        with pytest.raises(ValueError, match="not explicitly set as requested or not"):
            RecursiveForecaster(Ridge()).fit(X, Y, sample_weight=weights)
    assert search.best_score_ == pytest.approx(np.mean(expected), rel=1e-12)


# ---------------------------------------------------------------------------- errors


class Exploding(RegressorMixin, BaseEstimator):
    """Ten thousand times the last value: unstable."""

    def fit(self, X, y):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        with np.errstate(over="ignore"):
            return X[:, -1] * 1e4


COVARIATES, Y_COVARIATES = make_windows(PANEL, horizon=2, length=4, target=[0, 1])


@pytest.mark.parametrize(
    "x, y, message",
    [
        (COVARIATES, Y_COVARIATES, "found 3 channels with n_targets=2: .*covariates"),
        (np.asarray(X2), Y2, "found 2 channels with n_targets=1: .*all channels as t"),
    ],
    ids=["covariates", "array"],
)
@pytest.mark.parametrize("horizon", [None, 1])
def test_covariates_cannot_be_fed_back(x, y, message, horizon):
    model = RecursiveForecaster(horizon=horizon)
    with pytest.raises(ValueError, match=message):
        model.fit(x, y)
    assert vars(model) == {"estimator": None, "horizon": horizon}


def test_a_failing_estimator_leaves_a_fitted_forecaster_as_it_was():
    model = RecursiveForecaster(cheap(LSTMForecaster)).fit(X, Y)
    before = vars(model).copy()
    model.estimator.set_params(max_epochs=0)
    with pytest.raises(ValueError, match="'max_epochs' parameter of LSTMForecaster"):
        model.fit(X[:20], Y[:20, :2])
    assert vars(model) == before


def test_forecasts_that_grow_without_bound():
    model = RecursiveForecaster(Exploding(), horizon=5).fit(ARRAY, Y)
    assert_allclose(model.predict(np.ones((1, LENGTH)))[0, -1], 1e20)
    with pytest.raises(ValueError, match="beyond it: the errors of the one-step model"):
        model.set_params(horizon=12).fit(ARRAY, Y).predict(ARRAY)


def test_one_forecast_beyond_float32_among_others_is_an_error():
    model = RecursiveForecaster(Exploding(), horizon=12).fit(ARRAY, Y)
    assert_array_equal(model.predict(np.zeros((1, LENGTH))), 0)
    with pytest.raises(ValueError, match="beyond it: the errors of the one-step model"):
        model.predict(np.array([[0.0] * LENGTH, [1.0] * LENGTH]))


def test_paths_are_those_of_the_seed_or_else_of_the_estimators_own():
    estimator = cheap(MLPForecaster).set_params(loss="normal", random_state=7)
    model = RecursiveForecaster(estimator, horizon=3).fit(ARRAY, FIRST)
    own, again, other = (model.sample(ARRAY, 2, seed) for seed in (None, 7, 8))
    assert_array_equal(own, again)
    assert not np.array_equal(own, other)


def test_carried_forecasts_that_grow_without_bound():
    model = counting()
    for name, value in model.estimator_.module_.state_dict().items():
        if "weight_hh" in name:
            value.fill_(1e30)
    with pytest.raises(ValueError, match="beyond it: the errors of the one-step model"):
        model.predict(ARRAY)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"horizon": 0}, "The 'horizon' parameter of RecursiveForecaster must"),
        ({"horizon": 2.0}, "The 'horizon' parameter of RecursiveForecaster must"),
        ({"estimator": "lstm"}, "The 'estimator' parameter of RecursiveForecaster"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        RecursiveForecaster(**params).fit(X, Y)


def test_other_targets_than_in_fit():
    model = RecursiveForecaster().fit(X2, Y2)
    with pytest.raises(ValueError, match="X has 1 channels.* fitted with 2"):
        model.predict(X)
    block = Windows(Panel.from_array(PANEL[:, :2], n_targets=2), [9], LENGTH)
    assert model.predict(block).shape == (1, HORIZON * 2)
