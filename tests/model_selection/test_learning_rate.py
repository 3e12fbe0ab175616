"""The learning-rate finder, against bare gradient descent."""

import copy

import matplotlib
import numpy as np
import pytest
import torch
from nets import X, Y, forecaster, plain_sgd, weights
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

from sktorch_forecast import SlidingWindow, TorchForecaster
from sktorch_forecast.model_selection import find_lr
from sktorch_forecast.plotting import LearningRateDisplay

matplotlib.use("Agg")


class Line(torch.nn.Module):
    """y = w x + b."""

    def __init__(self, n_channels, length, n_outputs):
        super().__init__()
        self.line = torch.nn.Linear(n_channels * length, n_outputs)

    def forward(self, x):
        return self.line(x.flatten(1))


def linear(**params):
    plain = {"normalize": None, "baseline": None, "clip_grad_norm": None}
    plain |= {"optimizer": torch.optim.SGD, "batch_size": -1, "random_state": 0}
    return TorchForecaster(module=Line, **(plain | params))


def test_the_losses_are_those_of_gradient_descent_with_these_rates():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 3)).astype("f"), rng.normal(size=50).astype("f")
    model = linear()
    result = find_lr(model, X, y, min_lr=1e-3, max_lr=1.0, n_steps=30)
    assert_allclose(result.rates[[0, -1]], [1e-3, 1.0][: len(result.rates)])
    model.initialize(X, y)
    line = copy.deepcopy(model.module_.network.line)
    x, truth = torch.tensor(X), torch.tensor(y)[:, None]
    for rate, loss in zip(result.rates, result.losses):
        error = (line(x) - truth).square().mean()
        assert_allclose(loss, error.item(), rtol=1e-4)
        gradients = torch.autograd.grad(error, list(line.parameters()))
        with torch.no_grad():
            for weight, gradient in zip(line.parameters(), gradients):
                weight -= rate * gradient


def test_the_suggestion_is_below_the_rate_at_which_gradient_descent_diverges():
    """That is 2 / L, L the largest eigenvalue of the Hessian 2 X'X / n."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2)) * 3
    y = X @ [1.0, -2.0]
    result = find_lr(linear(), X, y, min_lr=1e-5, max_lr=10, n_steps=150)
    rows = np.column_stack([X, np.ones(len(X))])
    largest = np.linalg.eigvalsh(2 * rows.T @ rows / len(X)).max()
    assert 2 / largest / 100 < result.suggestion < 2 / largest
    assert result.rates[-1] < 10  # it ends when the loss has shot up
    assert result.losses[-1] > result.losses[0]


def test_the_forecaster_stays_as_it_was():
    model = plain_sgd(callbacks__print_log=None).fit(X, Y)
    before, params, history = (
        weights(model),
        model.get_params(deep=False),
        len(model.history),
    )
    find_lr(model, X, Y, n_steps=25)
    after = weights(model)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert model.get_params(deep=False) == params
    assert len(model.history) == history


def test_the_picture_shows_the_result():
    model = forecaster(random_state=0)
    result = find_lr(model, X, Y, n_steps=25)
    display = LearningRateDisplay.from_estimator(model, X, Y, n_steps=25)
    assert_array_equal(display.line_.get_xdata(), result.rates)
    assert_array_equal(display.line_.get_ydata(), result.smoothed)
    assert_array_equal(display.loss_line_.get_ydata(), result.losses)
    assert_array_equal(display.suggestion_line_.get_xdata(), [result.suggestion] * 2)
    assert display.ax_.get_xscale() == "log"


def test_losses_are_smoothed_by_averages_around_each():
    """Of losses on a straight line the average in the middle is the loss itself."""
    model = forecaster(optimizer=torch.optim.SGD)
    result = find_lr(model, X, Y, min_lr=1e-9, max_lr=1e-8, n_steps=60)
    weights = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, 22) / 22)
    middle = result.losses[20:41] @ weights / weights.sum()
    assert_allclose(result.smoothed[30], middle)


@pytest.mark.parametrize(
    "model, how, error, words",
    [
        (
            make_pipeline(SlidingWindow(8), forecaster()),
            {},
            TypeError,
            "found Pipeline",
        ),
        (forecaster(), {"min_lr": 1, "max_lr": 0.1}, ValueError, "0 < min_lr < max_lr"),
        (forecaster(), {"n_steps": 5}, ValueError, "more than 20, found 5"),
        (forecaster(lr=-1), {}, ValueError, "'lr' parameter"),
        (
            plain_sgd(),
            {"min_lr": 1e30, "max_lr": 1e32},
            ValueError,
            "Use a smaller min_lr",
        ),
    ],
)
def test_mistakes(model, how, error, words):
    with pytest.raises(error, match=words):
        find_lr(model, X, Y, **how)
