"""The ways to normalize a window, what is missing in it, and the losses by name."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sktorch_forecast import LSTMForecaster, MLPForecaster, RNNForecaster, make_windows
from sktorch_forecast.layers import ForecastNetwork, WindowNormalization
from sktorch_forecast.layers.forecast_network import following
from sktorch_forecast.layers.losses import make_loss
from sktorch_forecast.layers.normalization import KINDS
from sktorch_forecast.metrics import mase, smape

NAN = float("nan")


class Spy(torch.nn.Module):
    """Notes what it sees, and puts out z for every step."""

    def __init__(self, z):
        super().__init__()
        self.z = torch.tensor(z)

    def forward(self, x):
        self.seen = x
        return self.z.view(-1, 1, 1).expand(len(x), -1, 1, 1)


def wrapped(network, n_channels, **options):
    """A network in its normalization."""
    return ForecastNetwork(network, WindowNormalization(n_channels, **options))


def decoded(module, x):
    """Forecasts in the units of the series, (batch, horizon)."""
    return module.head.decode(module(x, **beside(module, x)))[..., 0, 0]


def beside(module, x):
    """The phases of windows, where there is a cycle."""
    has_cycle = module.normalization.kind == "cycle"
    return {"phase": torch.arange(len(x))} if has_cycle else {}


# The window 2, 4, 3, 7: mean 4, deviation sqrt((4 + 0 + 1 + 9) / 4), mean absolute 4.
# The usual deviation is set to 2. Forecasts are shift + scale * (1, 2, 3).
DEVIATION = np.sqrt(3.5)
CASES = {
    "window": ((np.array([2, 4, 3, 7]) - 4) / DEVIATION, 4 + DEVIATION * np.r_[1:4]),
    "mean": ([-1, 0, -0.5, 1.5], [6, 8, 10]),
    "last": ([-2.5, -1.5, -2, 0], [9, 11, 13]),
    "level": ([0.5, 1, 0.75, 1.75], [4, 8, 12]),
    # the last season is 3, 7 and continues 3, 7, 3
    "season": (
        np.array([-1, -3, 0, 0]) / DEVIATION,
        [3, 7, 3] + DEVIATION * np.r_[1:4],
    ),
    None: ([2, 4, 3, 7], [1, 2, 3]),
}


@pytest.mark.parametrize("kind", CASES)
def test_window_and_forecast_by_hand(kind):
    inputs, forecast = CASES[kind]
    network = Spy([1.0, 2.0, 3.0])
    module = wrapped(network, 1, kind=kind, seasonality=2, horizon=3)
    module.normalization.usual_scale.fill_(2.0)
    x = torch.tensor([2.0, 4.0, 3.0, 7.0]).view(1, 4, 1)
    assert_allclose(decoded(module, x)[0], forecast, rtol=1e-6)
    assert_allclose(network.seen[0, :, 0], inputs, rtol=1e-6, atol=1e-7)
    y = torch.tensor(np.array([forecast]), dtype=torch.float32).view(1, 3, 1)
    z = module(x).units.encode(y)
    assert_allclose(z[..., 0], [[1, 2, 3]], rtol=1e-5)


# The same window with holes: 2, ?, 4, 7, ? has mean 13 / 3 and last value 7.
HOLES = np.array([2, NAN, 4, 7, NAN])
SEEN = HOLES[[0, 2, 3]]
MASKED = {
    "window": ((HOLES - SEEN.mean()) / SEEN.std(), SEEN.mean(), SEEN.std()),
    "mean": ((HOLES - SEEN.mean()) / 2, SEEN.mean(), 2),
    "last": ((HOLES - 7) / 2, 7, 2),
    "level": (HOLES / SEEN.mean(), 0, SEEN.mean()),
    # the last season is 7, ?, with the mean in the place of what is missing
    "season": (
        (HOLES - np.array([SEEN.mean(), 7, SEEN.mean(), 7, 0])) / SEEN.std(),
        np.array([7, SEEN.mean(), 7]),
        SEEN.std(),
    ),
    None: (HOLES, 0, 1),
}


@pytest.mark.parametrize("kind", MASKED)
def test_what_is_missing_is_left_out(kind):
    inputs, shift, scale = MASKED[kind]
    network = Spy([1.0, 2.0, 3.0])
    module = wrapped(network, 1, kind=kind, seasonality=2, horizon=3, masked=True)
    module.normalization.usual_scale.fill_(2.0)
    x = torch.tensor(HOLES, dtype=torch.float32).view(1, 5, 1)
    assert_allclose(decoded(module, x)[0], shift + scale * np.r_[1:4], rtol=1e-6)
    assert_allclose(network.seen[0, :, 0], np.nan_to_num(inputs), rtol=1e-5, atol=1e-6)
    assert_array_equal(network.seen[0, :, 1], [1, 0, 1, 1, 0])


@pytest.mark.parametrize("kind", KINDS)
def test_with_nothing_missing_a_mask_changes_no_statistics(kind):
    x = torch.randn(5, 8, 2, generator=torch.Generator().manual_seed(0))
    options = {"kind": kind, "seasonality": 3, "horizon": 3}
    networks = Spy([1.0, 2.0, 3.0]), Spy([1.0, 2.0, 3.0])
    plain = wrapped(networks[0], 2, **options)
    masked = wrapped(networks[1], 2, **options, masked=True)
    for module in (plain, masked):
        module.normalization.calibrate(x, **beside(module, x))
    with torch.no_grad():
        forecasts = decoded(masked, x), decoded(plain, x)
    assert_allclose(*forecasts, rtol=1e-5, atol=1e-6)
    assert_allclose(networks[1].seen[..., :2], networks[0].seen, rtol=1e-5, atol=1e-6)
    bounds = (module.normalization.min_scale for module in (masked, plain))
    assert_allclose(*bounds, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_with_nothing_in_it_gives_finite_forecasts(kind):
    x = torch.full((2, 6, 1), NAN)
    module = wrapped(
        Spy([1.0, 2.0]), 1, kind=kind, seasonality=2, horizon=2, masked=True
    )
    assert decoded(module, x).isfinite().all()


def test_what_follows_the_last_steps():
    known = torch.arange(7.0).view(1, 7, 1)  # a window of 4, a horizon of 3
    expected = [[2, 3, 4], [4, 5, 6]]  # after the timestamps 1 and 3
    assert_array_equal(following(known, 2, 3, stride=2)[0, ..., 0], expected)


# ------------------------------------------------------------------ in a forecaster

TIME = np.arange(300)
SERIES = 50 + 10 * np.sin(TIME * np.pi / 6) + 0.05 * TIME
WINDOWS = np.lib.stride_tricks.sliding_window_view(SERIES, 28)
X, Y = WINDOWS[:, :24], WINDOWS[:, 24:]


@pytest.mark.parametrize("kind", [*KINDS, None])
def test_every_kind_learns(kind):
    scale = 1 if kind is not None else 0.02  # without, the network has to do it
    series = pd.Series(
        scale * SERIES, pd.period_range("2000-01", periods=300, freq="M")
    )
    X, y = make_windows(series, horizon=4, length=24)
    net = MLPForecaster(
        normalize=kind, seasonality=12, hidden_layer_sizes=(), random_state=0
    ).fit(X[:200], y[:200])
    error = np.abs(net.predict(X[-40:]) - y[-40:]).mean() / scale
    assert error < 1.2  # the mean absolute deviation of the sine is 6.4


@pytest.mark.parametrize("kind", ["window", "level", "season"])
def test_kinds_with_a_scale_of_each_window_know_no_units(kind):
    net = LSTMForecaster(
        normalize=kind, seasonality=12, max_epochs=2, hidden_size=4, random_state=0
    )
    plain = clone(net).fit(X, Y).predict(X)
    assert_allclose(
        clone(net).fit(100 * X, 100 * Y).predict(100 * X) / 100, plain, 1e-4
    )


def test_season_begins_with_the_seasonal_naive_forecast():
    net = MLPForecaster(normalize="season", seasonality=12, hidden_layer_sizes=())
    net.initialize(X, Y)
    with torch.no_grad():
        for weight in net.module_.parameters():
            weight.zero_()
    assert_allclose(net.predict(X), X[:, 12:16], rtol=1e-6)


def test_missing_values_are_bridged():
    rng = np.random.default_rng(0)
    holes = rng.random(X.shape) < 0.2
    with_holes = np.where(holes, np.nan, X)
    y = np.where(rng.random(Y.shape) < 0.2, np.nan, Y)
    net = MLPForecaster(missing="mask", random_state=0, max_epochs=60)
    net.fit(with_holes[:200], y[:200])
    assert np.isfinite(net.history[:, ("train_loss", "valid_loss")]).all()
    error = np.abs(net.predict(with_holes[-40:]) - Y[-40:]).mean()
    assert error < 2


@pytest.mark.parametrize("params", [{}, {"loss": "normal"}, {"loss": "mase"}])
def test_missing_targets_are_left_out_of_the_loss(params):
    """As if they were not there: gradients by bare torch on those that are."""
    y = Y[:32].copy()
    y[::2, 1:] = np.nan
    net = MLPForecaster(
        missing="mask", early_stopping=False, random_state=0, max_epochs=1, **params
    ).fit(X[:32], y)
    other = y.copy()
    other[np.isnan(y)] = 1e6  # whatever stands there
    x = torch.from_numpy(X[:32].copy()).float().unsqueeze(-1)
    targets = torch.from_numpy(y).float()
    net.module_.train()
    loss = net.get_loss(net.infer(x), targets, X=x)
    net.criterion_.reduction = "none"
    pred, truth = net.infer(x), torch.from_numpy(other).float().unsqueeze(-1)
    if params.get("loss") == "mase":  # in the units of the series
        args = [net.decoded(pred), truth[..., 0], x]
    else:
        args = [pred.params, pred.units.encode(truth)]
        if not params:
            args = [part.flatten(1) for part in args]
    expected = net.criterion_(*args).flatten(1)[~np.isnan(y)].mean()
    assert_allclose(loss.detach(), expected.detach(), rtol=1e-5)


@pytest.mark.parametrize("family", ["poisson", "negative_binomial", "lognormal"])
def test_what_is_missing_fits_every_family(family):
    y = np.where(np.arange(Y.size).reshape(Y.shape) % 5, np.round(Y), np.nan)
    net = MLPForecaster(loss=family, missing="mask", max_epochs=2, random_state=0).fit(
        X, y
    )
    assert np.isfinite(net.predict(X)).all()


def test_missing_values_are_an_error_unless_masked():
    x = X.copy()
    x[3, 2] = np.nan
    with pytest.raises(ValueError, match="X contains NaN at row 3"):
        MLPForecaster().fit(x, Y)
    x[3, 2] = np.inf
    with pytest.raises(ValueError, match="X contains infinity at row 3"):
        MLPForecaster(missing="mask").fit(x, Y)


@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("season", [2, None])
def test_named_losses_are_the_metrics(n_targets, season):
    rng = np.random.default_rng(0)
    x = rng.random((6, 10, n_targets)) + 1
    y, forecast = rng.random((2, 6, 3 * n_targets)) + 1
    tensors = [torch.from_numpy(array) for array in (forecast, y, x)]
    expected = {
        "smape": smape(y, forecast),
        "mase": mase(y, forecast, y_train=x, seasonality=season or 1),
    }
    expected["smape+mase"] = expected["smape"] + expected["mase"]
    for name, value in expected.items():
        loss = make_loss(name, n_targets, season)
        assert_allclose(loss(*tensors), value)
        loss.reduction = "none"
        assert_allclose(loss(*tensors).mean(), value)


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "smape", "mase", "smape+mase"])
def test_networks_train_with_named_losses(name):
    net = RNNForecaster(
        loss=name, seasonality=12, train_on="all_steps", max_epochs=2, random_state=0
    ).fit(X, Y)
    assert np.isfinite(net.history[-1, ("train_loss", "valid_loss")]).all()
    weighted = clone(net).fit(X, Y, sample_weight=np.linspace(0, 1, len(X)))
    assert not np.array_equal(weighted.predict(X), net.predict(X))


def test_name_of_mse_is_the_default():
    net = MLPForecaster(max_epochs=2, random_state=0)
    named = clone(net).set_params(loss="mse")
    assert_array_equal(named.fit(X, Y).predict(X), net.fit(X, Y).predict(X))


@pytest.mark.parametrize(
    "params, message",
    [
        ({"normalize": "season"}, "seasonality of at least 1 .* normalize='season'"),
        ({"normalize": "season", "seasonality": 25}, "at least seasonality=25"),
        ({"loss": "mase", "seasonality": 24}, "more than seasonality=24"),
        ({"loss": "rmse"}, "'loss' parameter of RNNForecaster must"),
        ({"missing": "skip"}, "'missing' parameter of RNNForecaster must"),
        ({"loss": "mae", "criterion": int}, "either loss or criterion"),
        (
            {"normalize": "season", "seasonality": 12, "train_on": "all_steps"},
            "train_on='last_step' with normalize='season'",
        ),
    ],
)
def test_bad_parameters(params, message):
    net = RNNForecaster(max_epochs=1, **params)
    before = vars(net).copy()
    with pytest.raises(ValueError, match=message):
        net.fit(X, Y)
    assert vars(net) == before


def test_scales_of_many_windows_are_their_deviations():
    x = np.random.default_rng(0).normal(size=(150, 500, 2))
    x[::3, 4, 1] = np.nan
    normalization = WindowNormalization(2, masked=True)
    assert_allclose(normalization.scales_of(torch.from_numpy(x)), np.nanstd(x, axis=1))
