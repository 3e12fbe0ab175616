"""Covariates in the networks: of the horizon, static, and of the past."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from common import NETWORKS, cheap, make
from numpy.testing import assert_allclose, assert_array_equal

from sktorch_forecast import (
    GRUForecaster,
    LSTMForecaster,
    MLPForecaster,
    NaiveForecaster,
    RecursiveForecaster,
    TFTForecaster,
    TiDEForecaster,
    latest_windows,
    make_windows,
)
from sktorch_forecast.layers import ForecastNetwork, WindowNormalization
from sktorch_forecast.layers.decoder import TemporalDecoder

HORIZON, LENGTH, N_TIMES = 3, 6, 40
RNG = np.random.default_rng(0)
PANEL = pd.DataFrame(
    {
        "id": np.repeat(["a", "b", "c", "d"], N_TIMES),
        "t": np.tile(np.arange(N_TIMES), 4),
        "price": RNG.random(4 * N_TIMES),
        "noise": RNG.random(4 * N_TIMES),
        "size": np.repeat([1.0, 2.0, 3.0, 4.0], N_TIMES),
    }
)
# Nothing of the past tells the price to come, and nothing else changes.
PANEL["y"] = 10 - 4 * PANEL["price"]
ROLES = {"id": "id", "time": "t", "target": "y", "past": "noise"}
ROLES |= {"future": "price", "static": "size", "horizon": HORIZON, "length": LENGTH}
X, Y = make_windows(PANEL, **ROLES)


def with_price(change):
    """The windows of other prices after time 30, at the origin there."""
    changed = PANEL.copy()
    changed.loc[changed["t"] > 30, "price"] += change
    windows, _ = make_windows(changed, **ROLES)
    return windows[windows.origins.get_level_values("t") == 30]


# A network that is trained beforehand has not met any.
READERS = [cls for cls in NETWORKS if "future" in cls.covariates]


@pytest.mark.parametrize("cls", READERS)
def test_every_network_learns_from_covariates_of_the_horizon(cls):
    net = make(cls, max_epochs=40, lr=0.02, random_state=0, normalize="mean")
    net.fit(X, Y)
    # Without the prices to come, the best is the mean: deviation 4 / sqrt(12) = 1.15.
    error = np.abs(net.predict(X) - Y).mean()
    assert error < 0.4
    lower = net.predict(with_price(0.5)) - net.predict(with_price(0))
    assert (lower < -0.5).all()


# The others are in test_covariates_inside.py.
WITH_DECODER = [cls for cls in READERS if cls not in (TFTForecaster, TiDEForecaster)]


@pytest.mark.parametrize("cls", WITH_DECODER)
def test_forecast_of_a_step_sees_the_covariates_of_that_step(cls):
    # Beside it, the ridge regression reads the covariates of all steps for each.
    net = cheap(cls).set_params(baseline=None).fit(X, Y)
    parts = dict(net.get_dataset(X[:1])[:][0])
    parts["future"] = parts["future"].clone().requires_grad_()
    net.module_.eval()
    forecast = net.decoded(net.infer(parts))[0]
    for step in range(HORIZON):
        (gradient,) = torch.autograd.grad(
            forecast[step], parts["future"], retain_graph=True
        )
        others = np.arange(HORIZON) != step
        assert (gradient[0, step] != 0).any()
        assert_array_equal(gradient[0, others], 0)


def test_static_covariates_tell_series_apart():
    """Levels that only the size tells, in windows of which nothing else is seen."""
    panel = PANEL.assign(y=5 * PANEL["size"] + 0.01 * PANEL["noise"])
    panel.loc[panel["t"] < 30, "y"] = 0.01 * panel["noise"]  # all alike, then not
    roles = {"id": "id", "time": "t", "target": "y", "static": "size"}
    x, y = make_windows(panel, horizon=1, length=6, **roles)
    before = x.origins.get_level_values("t") == 29
    net = MLPForecaster(
        normalize=None, early_stopping=False, lr=0.02, max_epochs=500, random_state=0
    ).fit(x[before], y[before])
    assert_allclose(net.predict(x[before]), [5, 10, 15, 20], atol=0.5)


def test_windows_of_all_steps_have_their_own_future():
    """Targets and covariates of the inner steps, as a loop over them has them."""
    net = LSTMForecaster(train_on="all_steps", max_epochs=1, random_state=0).fit(X, Y)
    seen = []
    decoder = net.module_.decoder
    decoder.register_forward_pre_hook(lambda _, args: seen.append(args[1]))
    parts = net.get_dataset(X[:2])[:][0]
    net.module_.train()
    net.infer(parts, all_steps=True)
    mean, scale = (
        getattr(net.module_.normalization, f"future_{name}")
        for name in ("mean", "scale")
    )
    for row, origin in enumerate(X.positions[:2]):
        for step in range(LENGTH):
            first = origin - LENGTH + 1 + step + 1
            price = PANEL["price"].to_numpy()[first : first + HORIZON]
            found = seen[-1][row, step, :, 0] * scale + mean
            assert_allclose(found, price, rtol=1e-5)


def test_covariates_with_a_likelihood_and_weights_and_several_targets():
    panel = PANEL.assign(z=2 * PANEL["y"])
    roles = ROLES | {"target": ["y", "z"]}
    x, y = make_windows(panel, **roles)
    net = GRUForecaster(loss="normal", max_epochs=3, random_state=0)
    net.fit(x, y, sample_weight=np.linspace(0, 1, len(x)))
    assert net.predict(x[:5]).shape == (5, 2 * HORIZON)
    paths = net.sample(x[:5], 7)
    assert paths.shape == (7, 5, 2 * HORIZON)
    twin = pickle.loads(pickle.dumps(net))
    assert_array_equal(twin.sample(x[:5], 7), paths)


def test_dropout_passes_carry_the_covariates():
    net = MLPForecaster(dropout=0.3, max_epochs=2, random_state=0).fit(X, Y)
    assert net.sample(X[:5], 9).shape == (9, 5, HORIZON)


def test_forecasts_do_not_depend_on_the_company():
    net = MLPForecaster(max_epochs=2, random_state=0).fit(X, Y)
    alone = np.concatenate([net.predict(X[[i]]) for i in range(20)])
    assert_allclose(net.predict(X)[:20], alone, rtol=1e-6)


def test_latest_windows_forecast_with_what_is_known():
    panel = PANEL.copy()
    panel.loc[panel["t"] >= N_TIMES - HORIZON, ["y", "noise"]] = np.nan
    latest = latest_windows(panel, **ROLES)
    net = MLPForecaster(max_epochs=2, random_state=0).fit(X, Y)
    last = X[X.origins.get_level_values("t") == N_TIMES - HORIZON - 1]
    assert_array_equal(net.predict(latest), net.predict(last))


def test_decoder_adds_to_the_forecast_of_the_network():
    decoder = TemporalDecoder(n_targets=2, n_params=1, n_future=1, n_static=1)
    for parameter in decoder.readout.parameters():
        torch.nn.init.zeros_(parameter)
    z = torch.randn(4, 3, 2, 1 + decoder.n_extra)
    found = decoder(z, torch.randn(4, 3, 1), torch.randn(4, 1))
    assert_array_equal(found.detach(), z[..., :1])


def test_future_channels_are_standardized_by_the_training_data():
    x = torch.randn(50, 4, 2) + 3
    future = torch.randn(50, 2, 1) + 3

    class Spy(torch.nn.Module):
        def forward(self, x):
            self.seen = x
            return torch.zeros(len(x), 2, 1, 5)

    normalization = WindowNormalization(2, horizon=2, n_future=1)
    module = ForecastNetwork(Spy(), normalization, decoder=TemporalDecoder(1, 1, 1, 0))
    normalization.calibrate(x, future)
    module(x, future=future)
    known = torch.cat([x[..., 1:], future], dim=1)
    expected = (x[..., 1] - known.mean()) / known.std(correction=0)
    assert_allclose(module.network.seen[..., 1], expected, rtol=1e-4, atol=1e-5)


# ------------------------------------------------------------------------ bad input


def test_other_covariates_than_in_the_fit():
    net = MLPForecaster(max_epochs=1, random_state=0).fit(X, Y)
    state = copy.copy(vars(net))
    x, y = make_windows(PANEL, **(ROLES | {"static": None}))
    message = "X has 1 future and 0 static .* with 1 future and 1 static"
    for call in (lambda: net.predict(x), lambda: net.partial_fit(x, y)):
        with pytest.raises(ValueError, match=message):
            call()
    longer, _ = make_windows(PANEL, **(ROLES | {"horizon": 5}))
    with pytest.raises(ValueError, match="over a horizon of 5, but .* forecasts 3"):
        net.predict(longer)
    with pytest.raises(ValueError, match="the horizon of the covariates in X, 3"):
        MLPForecaster().fit(X, Y[:, :2])
    assert vars(net) == state


def test_recursive_forecasts_take_no_covariates():
    x, y = make_windows(
        PANEL, horizon=1, length=4, id="id", time="t", target="y", static="size"
    )
    with pytest.raises(ValueError, match="without static covariates, found 1"):
        RecursiveForecaster().fit(x, y)
    with pytest.raises(ValueError, match="all channels are targets"):
        RecursiveForecaster().fit(X, Y)


def test_naive_forecasts_ignore_covariates():
    naive = NaiveForecaster().fit(X, Y)
    last = np.asarray(X)[:, -1:, 0]
    assert_array_equal(naive.predict(X), np.repeat(last, HORIZON, axis=1))
