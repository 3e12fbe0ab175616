"""Ensembles: members trained by hand, learning rates by formula, mixtures by theory."""

import pickle

import numpy as np
import pytest
import sklearn
import torch
from common import cheap
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import ExtraTreeRegressor
from skorch.callbacks import Callback

from sktorch_forecast import (
    ConformalForecaster,
    LSTMForecaster,
    MLPForecaster,
    SlidingWindow,
    TabularForecaster,
    make_windows,
)
from sktorch_forecast.compose import DeepEnsembleForecaster

SERIES = np.sin(np.arange(80) / 3) + 0.1 * np.random.default_rng(0).normal(size=80)
X, Y = make_windows(SERIES, horizon=3, length=6)  # 72 origins
ARRAY = np.asarray(X)[..., 0]
NETWORK = MLPForecaster(hidden_layer_sizes=(4,), max_epochs=6, baseline=None)
# Probability of a true statement to fail by chance, where chance is in it.
RARE = 1e-6
both = pytest.mark.parametrize("method", ["deep", "snapshot"])


class Uniform(RegressorMixin, BaseEstimator):
    """Uniform between 0 and 1, or from 1 to 2, independent of all but its seed."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        self.shape_ = y.shape[1:]
        self.low_ = 0
        return self

    def predict(self, X):
        return np.full((len(X), *self.shape_), self.low_ + 0.5)

    def predict_quantiles(self, X, quantiles):
        return np.tile(self.low_ + np.asarray(quantiles), (len(X), *self.shape_, 1))

    def sample(self, X, n_samples=100, random_state=None):
        rng = np.random.default_rng(random_state.randint(2**31) if random_state else 0)
        return self.low_ + rng.uniform(size=(n_samples, len(X), *self.shape_))


def two_uniforms():
    """Members between 0 and 1, and between 1 and 2."""
    model = DeepEnsembleForecaster(Uniform(), n_estimators=2, random_state=0).fit(X, Y)
    model.estimators_[1].low_ = 1
    return model


# ------------------------------------------------------------------------------ deep


def test_members_are_networks_with_seeds_of_their_own():
    model = DeepEnsembleForecaster(NETWORK, n_estimators=3, random_state=0).fit(X, Y)
    seeds = [member.random_state for member in model.estimators_]
    assert len(set(seeds)) == 3
    alone = [clone(NETWORK).set_params(random_state=s).fit(X, Y) for s in seeds]
    forecasts = [network.predict(X) for network in alone]
    assert_array_equal(model.predict(X), np.mean(forecasts, axis=0))
    assert not np.array_equal(forecasts[0], forecasts[1])


def test_seeds_reach_what_is_inside():
    pipeline = make_pipeline(SlidingWindow(4), cheap(MLPForecaster))
    model = DeepEnsembleForecaster(pipeline, n_estimators=2, random_state=0).fit(X, Y)
    first, second = (member[-1].random_state for member in model.estimators_)
    assert first != second
    assert pipeline[-1].random_state == 0  # as it was


@both
def test_the_same_random_state_gives_the_same_bits(method):
    def forecast(seed, **params):
        model = DeepEnsembleForecaster(NETWORK, 2, method, random_state=seed, **params)
        return model.fit(X, Y).predict(X)

    first = forecast(0)
    assert_array_equal(first, forecast(0))
    assert_array_equal(first, forecast(np.random.RandomState(0)))
    assert not np.array_equal(first, forecast(1))
    assert not np.array_equal(forecast(None), forecast(None))


def test_processes_do_not_change_the_forecast():
    models = [
        DeepEnsembleForecaster(NETWORK, 2, n_jobs=n_jobs, random_state=0).fit(X, Y)
        for n_jobs in (1, 2)
    ]
    assert_array_equal(models[0].predict(X), models[1].predict(X))


# -------------------------------------------------------------------------- snapshots


class Spy(Callback):
    """Learning rate and weights at the end of each epoch."""

    def on_train_begin(self, net, **kwargs):
        self.rates_, self.weights_ = [], []

    def on_epoch_end(self, net, **kwargs):
        self.rates_.append(net.optimizer_.param_groups[0]["lr"])
        self.weights_.append(net.module_.network[1].weight.detach().numpy().copy())


def spied(n_estimators, max_epochs):
    spy = Spy()
    network = clone(NETWORK).set_params(
        callbacks=[spy], max_epochs=max_epochs, lr=0.02, n_iter_no_change=1
    )
    model = DeepEnsembleForecaster(network, n_estimators, "snapshot", random_state=0)
    model.fit(X, Y)
    # The object is shared, as skorch does it: the last training counts.
    return model, dict(model.estimators_[0].callbacks_)["Spy"]


def test_learning_rate_falls_along_a_cosine_in_each_cycle():
    _, spy = spied(n_estimators=3, max_epochs=12)
    t = np.arange(1, 13)
    # Equation 2 of the paper, with 12 / 3 epochs a cycle.
    expected = 0.02 / 2 * (np.cos(np.pi * np.mod(t - 1, 4) / 4) + 1)
    assert_allclose(spy.rates_, expected, rtol=1e-12)


def test_cycles_that_do_not_divide_the_epochs():
    model, spy = spied(n_estimators=3, max_epochs=7)
    # Cycles end after 7 / 3 and 14 / 3 epochs, rounded.
    assert np.flatnonzero(np.isclose(spy.rates_, 0.02)).tolist() == [0, 2, 5]
    assert len(model.estimators_) == 3


def test_members_have_the_weights_at_the_end_of_each_cycle():
    model, spy = spied(n_estimators=3, max_epochs=12)
    assert len(spy.weights_) == 12  # one training
    # No early stopping: nothing is held back.
    assert "valid_loss" not in model.estimators_[0].history[-1]
    for member, epoch in zip(model.estimators_, (4, 8, 12)):
        found = member.module_.network[1].weight.detach().numpy()
        assert_array_equal(found, spy.weights_[epoch - 1])
    forecasts = [member.predict(X) for member in model.estimators_]
    assert_array_equal(model.predict(X), np.mean(forecasts, axis=0))


def test_members_are_as_the_estimator_and_can_go_on():
    model, _ = spied(n_estimators=2, max_epochs=4)
    first, second = model.estimators_
    assert first.early_stopping
    assert [type(c) for c in first.callbacks] == [Spy]
    other = second.predict(X)
    first.partial_fit(X, Y)
    assert len(first.history) > 4
    assert_array_equal(second.predict(X), other)


def test_snapshots_around_a_recurrent_network_with_weights():
    weights = np.linspace(0.5, 1, len(X))
    network = LSTMForecaster(hidden_size=3, max_epochs=4)
    model = DeepEnsembleForecaster(network, 2, "snapshot", random_state=0)
    with_weights = model.fit(X, Y, sample_weight=weights).predict(X)
    assert with_weights.shape == Y.shape
    assert not np.array_equal(with_weights, model.fit(X, Y).predict(X))


# ------------------------------------------------------------------------ uncertainty


def test_quantiles_are_those_of_the_mixture():
    # A half each between 0 and 1 and between 1 and 2: uniform between 0 and 2. The
    # members are pooled at levels 1 / 200 apart, and so far off at most.
    levels = np.array([0.005, 0.1, 0.25, 0.5, 0.6, 0.9, 0.995])
    quantiles = two_uniforms().predict_quantiles(X[:5], levels)
    assert quantiles.shape == (5, 3, 7)
    expected = np.tile(2 * levels, (5, 3, 1))
    assert_allclose(quantiles, expected, rtol=0, atol=1 / 200 + 1e-12)
    interval = two_uniforms().predict_interval(X[:5], 0.8)
    assert_allclose(interval, expected[..., [1, 5]], rtol=0, atol=1 / 200 + 1e-12)


def test_quantiles_of_members_that_agree_are_theirs():
    model = DeepEnsembleForecaster(Uniform(), n_estimators=4).fit(X, Y)
    levels = np.arange(1, 20) / 20
    expected = np.tile(levels, (2, 3, 1))
    assert_allclose(model.predict_quantiles(X[:2], levels), expected, rtol=1e-12)


def test_many_origins_are_pooled_in_batches():
    wide = np.concatenate([ARRAY] * 8)  # 576 origins
    quantiles = two_uniforms().predict_quantiles(wide, [0.25])
    assert_allclose(quantiles, np.full((576, 3, 1), 0.5), atol=1 / 200)


def test_paths_come_from_members_at_random():
    n_samples = 4000
    samples = two_uniforms().sample(X[:4], n_samples, random_state=0)
    assert samples.shape == (n_samples, 4, 3)
    # A path is from one member at all its steps.
    second = samples > 1
    assert (second == second[:, :1, :1]).all()
    least, most = stats.binom(n_samples, 0.5).ppf([RARE, 1 - RARE])
    assert least <= second[:, 0, 0].sum() <= most
    uniform = stats.kstest(samples[:, 0, 0], stats.uniform(0, 2).cdf)
    assert uniform.pvalue > RARE


@pytest.mark.parametrize("x", [X, ARRAY], ids=["Windows", "array"])
def test_batches_of_flat_windows_have_draws_of_their_own(x, monkeypatch):
    monkeypatch.setattr("sktorch_forecast.compose._wrapping._BATCH_SIZE", 5)
    samples = two_uniforms().sample(x, 3, random_state=0)
    assert samples.shape == (3, 72, 3)
    assert len(np.unique(samples)) == samples.size


@both
def test_networks_with_a_likelihood(method):
    network = MLPForecaster(loss="normal", max_epochs=4)
    model = DeepEnsembleForecaster(network, 2, method, random_state=0).fit(X, Y)
    levels = [0.05, 0.5, 0.95]
    members = [member.predict_quantiles(X, levels) for member in model.estimators_]
    quantiles = model.predict_quantiles(X, levels)
    # A quantile of a mixture lies between those of its parts.
    assert (np.min(members, axis=0) - 1e-6 <= quantiles).all()
    assert (quantiles <= np.max(members, axis=0) + 1e-6).all()
    # More paths than points: they have the noise of the series.
    assert len(np.unique(model.sample(X, 50)[:, 0, 0])) == 50


@both
def test_members_without_uncertainty_are_points(method):
    model = DeepEnsembleForecaster(NETWORK, 3, method, random_state=0).fit(X, Y)
    points = np.stack([member.predict(X) for member in model.estimators_])
    quantiles = model.predict_quantiles(X, [0.001, 0.25, 0.5])
    ordered = np.sort(points, axis=0)
    expected = [0.998 * ordered[0] + 0.002 * ordered[1]]
    expected += [(ordered[0] + ordered[1]) / 2, ordered[1]]
    assert_allclose(quantiles, np.stack(expected, axis=-1), rtol=1e-5, atol=1e-7)
    samples = model.sample(X, 50, random_state=0)
    is_member = (samples[:, np.newaxis] == points).all(axis=(2, 3))
    assert (is_member.sum(axis=1) == 1).all()
    assert is_member.any(axis=0).all()


def test_members_that_all_forecast_the_same_say_so():
    # Members without a part that is random.
    model = DeepEnsembleForecaster(TabularForecaster(), 3).fit(X, Y)
    with pytest.warns(UserWarning, match="the same forecast, so intervals have no"):
        interval = model.predict_interval(X, 0.5)
    assert_array_equal(interval[..., 0], interval[..., 1])


def test_around_and_inside_a_conformal_forecaster():
    tree = ExtraTreeRegressor(min_samples_leaf=5)
    inside = DeepEnsembleForecaster(ConformalForecaster(tree, coverage=0.5), 3)
    with pytest.warns(UserWarning, match="at least 199 calibration origins, found"):
        interval = inside.fit(X, Y).predict_interval(X, 0.5)
    assert np.isfinite(interval).all()  # only the outermost of the pool are not
    around = ConformalForecaster(DeepEnsembleForecaster(tree, 3, random_state=0), 0.8)
    assert around.fit(X, Y).predict_interval(X).shape == (72, 3, 2)
    around.set_params(method="cqr")
    assert around.fit(X, Y).sample(X, 7).shape == (7, 72, 3)


def test_random_state_of_paths():
    model = two_uniforms()
    assert_array_equal(model.sample(X, 5), model.sample(X, 5, random_state=0))
    assert not np.array_equal(model.sample(X, 5), model.sample(X, 5, random_state=1))


# ------------------------------------------------------------------------ scikit-learn


@pytest.mark.parametrize(
    "estimator", [Ridge(), make_pipeline(StandardScaler(), LinearRegression())]
)
def test_members_without_a_seed_are_alike(estimator):
    series = np.stack([SERIES, SERIES[::-1] ** 2], axis=1)
    x, y = make_windows(series, horizon=2, length=5, target=[0, 1])
    model = DeepEnsembleForecaster(estimator, 3).fit(x, y)
    flat = np.asarray(x).reshape(len(x), -1)
    assert_allclose(model.predict(x), clone(estimator).fit(flat, y).predict(flat))


@pytest.mark.parametrize("y", [Y[:, 0], Y[:, :1], Y], ids=["1-D", "column", "2-D"])
def test_shape_is_that_of_y(y):
    model = DeepEnsembleForecaster(NETWORK, 2).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.sample(X, 4).shape == (4, 72, y.size // 72)
    assert model.predict_interval(X).shape == (72, y.size // 72, 2)


@both
def test_clone_and_pickle(method):
    model = DeepEnsembleForecaster(NETWORK, 2, method, random_state=0).fit(X, Y)
    restored = pickle.loads(pickle.dumps(model))
    assert_array_equal(restored.predict(X), model.predict(X))
    assert_array_equal(clone(model).fit(X, Y).predict(X), model.predict(X))


def test_in_a_grid_search():
    model = DeepEnsembleForecaster(NETWORK, 2, random_state=0)
    grid = {"estimator__lr": [0.001, 0.02], "method": ["deep", "snapshot"]}
    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(2, gap=2)).fit(X, Y)
    assert len(set(search.cv_results_["mean_test_score"])) == 4


def test_metadata_routing():
    weights = np.linspace(0, 1, len(X))
    with sklearn.config_context(enable_metadata_routing=True):
        ridge = Ridge().set_fit_request(sample_weight=True)
        model = DeepEnsembleForecaster(ridge, 2).fit(X, Y, sample_weight=weights)
        with pytest.raises(ValueError, match="not explicitly set as requested or not"):
            DeepEnsembleForecaster(Ridge(), 2).fit(X, Y, sample_weight=weights)
    expected = Ridge().fit(ARRAY, Y, sample_weight=weights).predict(ARRAY)
    assert_allclose(model.predict(X), expected)


# ----------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "estimator, message",
    [
        (Ridge(), "a network of this package for method='snapshot', found Ridge"),
        (make_pipeline(NETWORK), "a network of this package .* found Pipeline"),
        (MLPForecaster(max_epochs=4), "n_estimators=5 epochs .* found max_epochs=4"),
    ],
)
def test_snapshots_that_cannot_be(estimator, message):
    model = DeepEnsembleForecaster(estimator, method="snapshot")
    before = vars(model).copy()
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert vars(model) == before


class Explode(Callback):
    """Sets the weights to infinity in one epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, net, **kwargs):
        if net.history[-1, "epoch"] == self.epoch:
            with torch.no_grad():
                next(net.module_.parameters()).fill_(np.inf)


@pytest.mark.parametrize("epoch", [4, 6])
def test_a_training_that_diverges_has_no_snapshots(epoch):
    network = clone(NETWORK).set_params(callbacks=[Explode(epoch)])
    model = DeepEnsembleForecaster(NETWORK, 2, "snapshot", random_state=0).fit(X, Y)
    forecast = model.predict(X)
    before = vars(model.set_params(estimator=network)).copy()
    message = (
        f"6 epochs for 2 snapshots, found that it ended in epoch {epoch}. .* smaller lr"
    )
    with (
        pytest.warns(ConvergenceWarning, match=f"epoch {epoch}: training has stopped"),
        pytest.raises(ValueError, match=message),
    ):
        model.fit(X, Y)
    assert vars(model) == before
    assert_array_equal(model.predict(X), forecast)


class ExplodeAtTheEnd(Callback):
    """Sets one of the weights to infinity after the last epoch, whose loss is finite"""

    def on_epoch_end(self, net, **kwargs):
        if net.history[-1, "epoch"] == net.max_epochs:
            with torch.no_grad():
                next(net.module_.parameters())[0, 0] = np.inf


def test_a_last_snapshot_with_infinite_weights_is_none():
    network = clone(NETWORK).set_params(callbacks=[ExplodeAtTheEnd()])
    model = DeepEnsembleForecaster(network, 2, "snapshot", random_state=0)
    with pytest.raises(ValueError, match="6 epochs for 2 snapshots.* smaller lr"):
        model.fit(X, Y)
    assert not hasattr(model, "estimators_")


def test_a_failing_member_leaves_the_ensemble_as_it_was():
    model = DeepEnsembleForecaster(clone(NETWORK), 2, random_state=0).fit(X, Y)
    before = vars(model.set_params(estimator__max_epochs=0)).copy()
    with pytest.raises(ValueError, match="'max_epochs' parameter of MLPForecaster"):
        model.fit(X[:20], Y[:20, :2])
    assert vars(model) == before


@pytest.mark.parametrize("levels", [[0.004, 0.5], [0.5, 0.996]])
def test_levels_beyond_the_pool(levels):
    with pytest.raises(ValueError, match="levels between 0.005 and 0.995, .* found 0."):
        two_uniforms().predict_quantiles(X, levels)
