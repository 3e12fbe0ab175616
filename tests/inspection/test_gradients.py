"""Integrated gradients: of a linear network they are weights times differences."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch
from common import NETWORKS, make
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sktorch_forecast import (
    MLPForecaster,
    NaiveForecaster,
    SlidingWindow,
    TorchForecaster,
    make_windows,
)
from sktorch_forecast.inspection import integrated_gradients

captum = pytest.importorskip("captum", reason="the extra explain brings captum")

RNG = np.random.default_rng(0)
N = 70
FRAME = pd.DataFrame(
    {
        "y": RNG.normal(5, 1, N),
        "past": RNG.normal(size=N),
        "future": RNG.normal(size=N),
        "size": 3.0,
    },
    index=pd.date_range("2024-01-01", periods=N),
)
FRAME = pd.concat([FRAME, 2 * FRAME], keys=["a", "b"], names=["id", "time"])
ROLES = {"target": "y", "past": "past", "future": "future", "static": "size"}
X, Y = make_windows(FRAME, horizon=2, length=6, **ROLES)


class Line(torch.nn.Module):
    """y = W x + b."""

    def __init__(self, n_channels, length, n_outputs):
        super().__init__()
        self.line = torch.nn.Linear(n_channels * length, n_outputs)

    def forward(self, x):
        return self.line(x.flatten(1))


def sum_of(result):
    parts = [result[name] for name in ("window", "future", "static") if name in result]
    return sum(part.reshape(len(part), -1).sum(axis=1) for part in parts)


@pytest.mark.parametrize("normalize", [None, "window", "last"])
@pytest.mark.parametrize("step", [1, 2])
def test_a_linear_network(normalize, step):
    """In the units of the window, weights times (x - mean), put back by the scale."""
    values = RNG.normal(3, 2, size=(50, 2))
    windows, y = make_windows(values, horizon=2, length=5, target=0)
    how = {"normalize": normalize, "baseline": None, "max_epochs": 1}
    model = TorchForecaster(module=Line, random_state=0, **how).fit(windows, y)
    line = model.module_.network.line
    weight = line.weight.detach().numpy()[step - 1]
    x = np.asarray(windows)
    # The scale of an input drops out for the target channel itself; for others it is
    # that of the target over its own.
    scale = np.ones((len(x), 2))
    if normalize == "window":
        scale = x.std(axis=1)
    if normalize == "last":
        scale = np.broadcast_to(model.module_.normalization.usual_scale.numpy(), (1, 2))
    of_target = scale[:, :1] / scale  # (n, C)
    expected = weight.reshape(5, 2) * (x - x.mean(axis=1, keepdims=True))
    expected = expected * of_target[:, np.newaxis]
    result = integrated_gradients(model, windows, step=step, n_steps=3)
    assert_allclose(result.window, expected, rtol=1e-3, atol=1e-5)
    assert_allclose(result.forecast, model.predict(windows)[:, step - 1], rtol=1e-6)
    assert "future" not in result and "static" not in result


@pytest.mark.parametrize("cls", NETWORKS)
def test_shares_sum_to_the_difference(cls):
    how = {"hidden_size": 4, "n_filters": 4, "dilations": (1, 2), "baseline": None}
    # In the units of the window, some networks normalize embeddings that are nearly 0
    # next to the flat window, and need thousands of steps.
    how |= {"normalize": None, "max_epochs": 1, "random_state": 0}
    model = make(cls, **how).fit(X, Y)
    result = integrated_gradients(model, X[:2], n_steps=100)
    assert result.window.shape == (2, 6, 3)
    assert result.future.shape == (2, 2, 1) and result.static.shape == (2, 1)
    assert_allclose(result.forecast, model.predict(X[:2])[:, 0], rtol=1e-5)
    difference = result.forecast - result.reference
    assert_allclose(sum_of(result), difference, atol=0.02 * np.abs(difference).max())


@pytest.mark.parametrize("loss", ["normal", "quantile"])
def test_a_distribution_is_explained_by_its_point(loss):
    model = MLPForecaster(loss=loss, max_epochs=1, random_state=0).fit(X, Y)
    result = integrated_gradients(model, X[:5], step=2)
    assert_allclose(result.forecast, model.predict(X[:5])[:, 1], rtol=1e-5)
    difference = result.forecast - result.reference
    assert_allclose(sum_of(result), difference, rtol=0.02, atol=0.01)


def test_a_network_in_a_pipeline_stays_as_it_was():
    windows, y = make_windows(RNG.normal(size=40), horizon=1, length=8)
    net = MLPForecaster(max_epochs=1, random_state=0)
    pipeline = make_pipeline(SlidingWindow(4), net).fit(windows, y)
    before = pipeline.predict(windows)
    result = integrated_gradients(pipeline, windows)
    assert result.window.shape == (len(windows), 4, 1)
    assert_array_equal(pipeline.predict(windows), before)


GAP = FRAME.copy()
GAP.iloc[3, 0] = np.nan
X_GAP, Y_GAP = make_windows(GAP, horizon=2, length=6, missing="mask", **ROLES)
NET = MLPForecaster(max_epochs=1, random_state=0).fit(X, Y)
MASKED = MLPForecaster(max_epochs=1, missing="mask", random_state=0).fit(X_GAP, Y_GAP)


@pytest.mark.parametrize(
    "model, windows, how, error, words",
    [
        (NET, X, {"step": 3}, ValueError, "step from 1 to 2, found 3"),
        (NET, X, {"target": 1}, ValueError, "target from 0 to 0, found 1"),
        (MASKED, X_GAP, {}, ValueError, "without missing values"),
        (NaiveForecaster().fit(X, Y), X, {}, TypeError, "found NaiveForecaster"),
        (MLPForecaster(), X, {}, NotFittedError, "not fitted"),
    ],
)
def test_mistakes(model, windows, how, error, words):
    with pytest.raises(error, match=words):
        integrated_gradients(model, windows, **how)


def test_without_captum_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(ImportError, match=r"sktorch-forecast\[explain\]"):
        integrated_gradients(NET, X)
