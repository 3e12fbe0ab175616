"""Distributions at their ends, paths that know what was learned, and odd optimizers."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special, stats

from sktorch_forecast import (
    ConformalForecaster,
    LSTMForecaster,
    MLPForecaster,
    NaiveForecaster,
    RecursiveForecaster,
    make_windows,
)
from sktorch_forecast.layers.families import make_head

X, Y = make_windows(np.sin(np.arange(120.0) / 3), horizon=3, length=8)


@pytest.mark.parametrize("score", [-8, -7, -6, -5.75, 5.75, 6, 7, 7.9])
def test_mixture_quantiles_far_out(score):
    """Of equal parts they are those of the parts, as far out as levels reach."""
    params = np.array([[1.0, 1.0, 2.0, 2.0, 0.0, 0.5]])
    level = np.array([stats.norm.cdf(score)])
    # A level near 1 is known to 1e-16, which is as much as the quantile can be.
    slack = 1e-16 / stats.norm.pdf(score)
    found = make_head("mixture", None, 2).quantile(params, level)
    assert_allclose(found, 1 + 2 * score, rtol=1e-6, atol=4 * slack)
    # The weights of a network are float32: their sum may be a little below 1.
    logits = np.float32([[1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 0.1, 0.2, 0.7]])
    found = make_head("mixture", None, 3).quantile(logits, level)
    assert_allclose(found, 1 + 2 * score, rtol=1e-6, atol=4 * slack)
    rng = np.random.default_rng(0)
    random = rng.normal(size=(200, 9)).astype(np.float32)
    random[:, 3:6] = np.abs(random[:, 3:6]) + 0.1
    found = make_head("mixture", None, 3).quantile(random, level)
    ends = random[:, :3] + random[:, 3:6] * score
    assert (found >= ends.min(axis=1) - 1e-3 - 100 * slack).all()
    assert (found <= ends.max(axis=1) + 1e-3 + 100 * slack).all()
    apart = np.array([[0.0, 100.0, 1.0, 1.0, 0.0, 0.0]])
    found = make_head("mixture", None, 2).quantile(apart, np.array([1 - 1e-12, 1e-12]))
    ends = stats.norm.isf(2e-12)  # half of the weight is in each part
    assert_allclose(found, [100 + ends, -ends], rtol=1e-4)


# Farther out, the incomplete gamma function of scipy is not exact at these sizes.
LEVELS = np.array([1e-5, 0.05, 0.4, 0.5, 0.9, 1 - 1e-5])


@pytest.mark.parametrize("mean", [1e3, 9.99e8, 1.01e9, 1e10, 1e12, 3e13])
def test_poisson_quantiles_are_the_first_counts_that_reach_the_level(mean):
    """By the incomplete gamma function: P(N <= k) = Q(k + 1, mean)."""
    found = make_head("poisson").quantile(np.array([[mean]]), LEVELS)
    assert (special.gammaincc(found + 1, mean) >= LEVELS - 1e-10).all()
    assert (special.gammaincc(found, mean) < LEVELS + 1e-10).all()


@pytest.mark.parametrize("mean", [1e15, 1e20, 1e30])
def test_poisson_quantiles_of_huge_counts_are_normal(mean):
    means = np.array([[mean], [5.0]])
    found = make_head("poisson").quantile(means[:, np.newaxis], LEVELS)
    expected = stats.norm.ppf(LEVELS, mean, np.sqrt(mean))
    assert_allclose(found[0], expected, rtol=1e-15, atol=5)
    assert_array_equal(found[1], stats.poisson.ppf(LEVELS, 5))


@pytest.mark.parametrize("mean", [1e9, 1e12, 1e20, 1e30])
@pytest.mark.parametrize("dispersion", [1e-4, 0.5, 5.0])
def test_negative_binomial_quantiles_of_huge_counts_are_gamma(mean, dispersion):
    """A Poisson rate drawn from a gamma distribution, beside which it is a number."""
    params = np.array([[mean, dispersion]])
    found = make_head("negative_binomial").quantile(params, LEVELS[1:])
    gamma = stats.gamma(1 / dispersion, scale=mean * dispersion)
    assert_allclose(found, gamma.ppf(LEVELS[1:]), rtol=1e-4, atol=1)


def test_adaptive_paths_know_what_partial_fit_has_learned():
    rng = np.random.default_rng(0)
    series = np.concatenate([rng.normal(size=300), 8 * rng.normal(size=400)])
    x, y = make_windows(series, horizon=1, length=4)
    model = ConformalForecaster(
        NaiveForecaster(), 0.8, "adaptive", normalize=None, learning_rate=0.1
    ).fit(x[:280], y[:280])
    for row in range(296, 690):
        model.partial_fit(x[row : row + 1], y[row : row + 1])
    interval = model.predict_interval(x[-1:], 0.8)[0, 0]
    paths = model.sample(x[-1:], 4000, random_state=0)[:, 0, 0]
    ends = np.quantile(paths, [0.1, 0.9])
    width = np.ptp(interval)
    assert width > 10
    assert_allclose(ends, interval, atol=0.1 * width)


def test_recursive_forecasts_with_dropout_passes():
    network = LSTMForecaster(
        hidden_size=4, dropout=0.3, n_mc_samples=20, max_epochs=2, random_state=0
    )
    model = RecursiveForecaster(network).fit(X, Y)
    forecast = model.predict(X[:5])
    assert forecast.shape == (5, 3)
    assert_array_equal(model.predict(X[:5]), forecast)
    once = RecursiveForecaster(network.set_params(n_mc_samples=None)).fit(X, Y)
    assert_allclose(forecast, once.predict(X[:5]), atol=0.5)


def test_lbfgs_under_clipped_gradients_says_so():
    params = {"optimizer": torch.optim.LBFGS, "batch_size": -1, "random_state": 0}
    net = MLPForecaster(hidden_layer_sizes=(), max_epochs=3, lr=0.5, **params)
    with pytest.warns(UserWarning, match="clip_grad_norm=None .* LBFGS"):
        net.fit(X, Y)
    net.set_params(clip_grad_norm=None).fit(X, Y)
    assert net.history[-1, "train_loss"] < net.history[0, "train_loss"]


# ------------------------------------------------------------- weights of another kind

PAIRS = {
    "another normalization": ({}, {"normalize": "last"}, "normalize"),
    "another season": (
        {"normalize": "season", "seasonality": 4},
        {"normalize": "season", "seasonality": 6},
        "seasonality",
    ),
    "another family": ({"loss": "normal"}, {"loss": "laplace"}, "family"),
    "other levels": (
        {"loss": "quantile", "quantiles": (0.1, 0.9)},
        {"loss": "quantile", "quantiles": (0.2, 0.8)},
        "quantiles",
    ),
}


@pytest.mark.parametrize("safetensors", [False, True])
@pytest.mark.parametrize("case", PAIRS)
def test_weights_are_not_loaded_into_another_meaning(case, safetensors, tmp_path):
    saved, other, name = PAIRS[case]
    quick = {"max_epochs": 1, "random_state": 0}
    net = MLPForecaster(**saved, **quick).fit(X, Y)
    path = tmp_path / "weights"
    net.save_params(f_params=path, use_safetensors=safetensors)
    same = MLPForecaster(**saved, **quick).initialize(X, Y)
    same.load_params(f_params=path, use_safetensors=safetensors)
    assert_array_equal(same.predict(X), net.predict(X))
    wrong = MLPForecaster(**other, **quick).initialize(X, Y)
    before = wrong.predict(X)
    with pytest.raises(ValueError, match=f"{name}=.*found weights .* {name}="):
        wrong.load_params(f_params=path, use_safetensors=safetensors)
    assert_array_equal(wrong.predict(X), before)
