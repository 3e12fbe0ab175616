"""Networks beside a linear forecast, against scikit-learn's ridge."""

import pickle
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge as SklearnRidge

from sktorch_forecast import (
    EncoderDecoderForecaster,
    GRUForecaster,
    MLPForecaster,
    NaiveForecaster,
    RecursiveForecaster,
    RNNForecaster,
    WaveNetForecaster,
    make_windows,
)
from sktorch_forecast._training.baseline import Moments, Ridge
from sktorch_forecast._training.stacking import share_of
from sktorch_forecast.forecaster import Forecaster
from sktorch_forecast.layers import linear_baseline

RNG = np.random.default_rng(0)
N, L, H = 260, 12, 3
TIME = np.arange(N)
WAVE = 5 + np.sin(TIME / 3) + RNG.normal(0, 0.2, N)
WALK = RNG.normal(size=N).cumsum()
X, Y = make_windows(WAVE, horizon=H, length=L)
# A series whose next value is a parabola of the last, which no linear map knows.
LOGISTIC = np.full(300, 0.3)
for step in range(1, 300):
    LOGISTIC[step] = 3.8 * LOGISTIC[step - 1] * (1 - LOGISTIC[step - 1])
CHAOS = make_windows(LOGISTIC, horizon=H, length=L)
PENALTIES = (*np.logspace(-3, 7, 21), np.inf)


def network(cls=MLPForecaster, **params):
    params = {"baseline": "ridge", "max_epochs": 2, "random_state": 0} | params
    return cls(**params)


def linear(x, y, **params):
    """A network that counts for nothing beside its baseline."""
    model = network(**{"max_epochs": 1} | params).fit(x, y)
    model.module_.baseline.share = 0.0
    return model


# ------------------------------------------------------------------------- the solution


def moments(x, y, weights=1.0):
    rows = torch.from_numpy(np.column_stack([x, np.ones(len(x))]))
    y, weighted = torch.from_numpy(y), rows * torch.as_tensor(weights)
    return Moments(weighted.T @ rows, weighted.T @ y, y.square().sum())


def test_ridge_is_that_of_scikit_learn():
    x, y = RNG.normal(2, 1, (50, 4)) * [1, 2, 3, 0.1], RNG.normal(size=(50, 2))
    prior = RNG.normal(size=(4, 2))
    penalty = 7.0 * x.var(axis=0).mean()
    expected = SklearnRidge(penalty).fit(x, y - x @ prior)
    ridge, towards = Ridge(moments(x, y)), torch.from_numpy(prior)
    found, only = ridge.weights(towards, [7.0, np.inf])
    assert_allclose(found[:-1], prior + expected.coef_.T, rtol=1e-9)
    assert_allclose(found[-1], expected.intercept_, rtol=1e-9)
    assert_array_equal(only, np.vstack([prior, [0, 0]]))


def test_the_error_of_weights_is_that_of_their_forecasts():
    x, y = RNG.normal(size=(50, 4)), RNG.normal(size=(50, 2))
    weights = RNG.normal(size=(3, 5, 2))
    expected = [np.square(y - x @ w[:-1] - w[-1]).sum() for w in weights]
    assert_allclose(moments(x, y).errors(torch.from_numpy(weights)), expected)


def standardized(x, y):
    """Windows and targets in units of the windows, and these units."""
    mean, scale = x.mean(1, keepdims=True), x.std(1, keepdims=True)
    return (x - mean) / scale, (y - mean) / scale, mean, scale


def by_hand(x, y, n_valid, n_known=None, seasons=(None, 1), other=None):
    """Forecasts of rolling-origin ridge, by scikit-learn, in units of the windows.

    With windows of another target as `other`, the regression may learn from both.
    """
    rows, targets, mean, scale = standardized(x, y)
    alone, both = [(rows, targets)], [(rows, targets)]
    if other is not None:
        both.append(standardized(*other)[:2])
    n = len(x) - n_valid
    n_train = n - (H - 1)  # what is known when the first held-back origin comes
    begins = np.unique(
        np.quantile(np.arange(n_train), np.arange(3, 8) / 8, method="higher")
    )
    spans = [(begin + H - 1, end) for begin, end in zip(begins, [*begins[1:], n_train])]
    folds = [(begin, span) for begin, span in zip(begins, spans)]
    folds.append((n_train, (n, len(x))))

    def solved(n_known, parts, season, penalty):
        known = [np.concatenate([p[i][:n_known] for p in parts]) for i in (0, 1)]
        places = None if season is None else [L - season + h % season for h in range(H)]
        prior = (lambda r: 0.0) if season is None else (lambda r: r[:, places])
        if np.isinf(penalty):
            return lambda r: prior(r) + np.zeros((len(r), H))
        alpha = penalty * known[0].var(axis=0).mean()
        left = known[1] - prior(known[0])
        ridge = SklearnRidge(alpha, solver="cholesky").fit(known[0], left)
        return lambda r: prior(r) + ridge.predict(r)

    def error(*choice):
        return sum(
            np.square(solved(n_known, *choice)(rows[a:b]) - targets[a:b]).sum()
            for n_known, (a, b) in folds
            if b > a
        )

    sources = [alone] if other is None else [alone, both]
    choices = list(product(sources, seasons, PENALTIES))
    best = min(choices, key=lambda choice: error(*choice))
    return mean + scale * solved(n_known or len(x), *best)(rows), best


@pytest.mark.parametrize("series", [WAVE, WALK], ids=["wave", "walk"])
def test_the_baseline_by_hand(series):
    x, y = make_windows(series, horizon=H, length=L)
    dense = np.asarray(x, dtype=np.float64)[..., 0]
    expected, _ = by_hand(dense, y, round(0.15 * len(x)))
    assert_allclose(linear(x, y).predict(x), expected, atol=2e-4)


def test_a_random_walk_is_forecast_as_naively_as_it_deserves():
    x, y = make_windows(RNG.normal(size=2000).cumsum(), horizon=1, length=24)
    forecasts = network().fit(x[:1500], y[:1500]).predict(x[1500:])
    naive = np.asarray(x[1500:])[:, -1, 0]
    errors = [np.abs(y[1500:] - guess).mean() for guess in (forecasts, naive)]
    assert errors[0] < 1.02 * errors[1]


def test_a_season_is_repeated_where_nothing_else_is_known():
    pattern = RNG.normal(size=7)
    series = np.tile(pattern, 12) + RNG.normal(0, 0.01, 84)
    x, y = make_windows(series, horizon=7, length=21)
    model = linear(x[:40], y[:40], seasonality=7)
    naive = NaiveForecaster(7).fit(x[:40], y[:40]).predict(x[40:])
    miss = np.abs(model.predict(x[40:]) - y[40:]).mean()
    assert miss < 1.5 * np.abs(naive - y[40:]).mean()


# ------------------------------------------------------- it goes with all features


def test_a_network_that_only_does_harm_adds_nothing():
    model = network(optimizer=torch.optim.SGD, lr=1e-30).fit(X, Y)
    assert model.linear_share_ == 1
    assert_array_equal(model.predict(X), linear(X, Y).predict(X))
    alone = network(optimizer=torch.optim.SGD, lr=1e-30, baseline=None).fit(X, Y)
    assert not np.allclose(model.predict(X), alone.predict(X), atol=0.1)


@pytest.mark.parametrize("loss", ["mse", "normal", "quantile", "mixture"])
def test_forecasts_are_the_average_of_both(loss):
    options = {"loss": loss, "max_epochs": 8, "early_stopping": False}
    model = network(**options).fit(X, Y)
    # The training is that of the network alone, bit for bit.
    alone = network(**options, baseline=None).fit(X, Y)
    for name, weight in alone.module_.network.state_dict().items():
        assert torch.equal(model.module_.network.state_dict()[name], weight)
    # Where no origins are held back, both count half.
    assert model.linear_share_ == 0.5
    expected = (alone.predict(X) + linear(X, Y, **options).predict(X)) / 2
    assert_allclose(model.predict(X), expected, rtol=1e-5)
    if loss != "mse":  # it moves the location, whatever the level
        moved = model.predict(X) - alone.predict(X)
        levels = [0.2, 0.5, 0.9]
        quantiles = (net.predict_quantiles(X, levels) for net in (model, alone))
        quantiles = np.subtract(*quantiles)
        assert_allclose(quantiles, np.repeat(moved[..., None], 3, -1), atol=2e-3)


def test_the_share_is_that_of_the_held_back_origins():
    """By NumPy, from the forecasts of both, in the units of the windows."""
    model = network(max_epochs=30).fit(*CHAOS)
    alone = network(max_epochs=30, baseline=None).fit(*CHAOS)
    x, y = np.asarray(CHAOS[0], dtype=np.float64)[..., 0], CHAOS[1]
    n_valid = round(0.15 * len(x))
    n_known = len(x) - n_valid - (H - 1)
    # The baseline as the network was weighed against it: of what it was trained on.
    baseline = by_hand(x, y, n_valid, n_known=n_known)[0]
    scale = x.std(axis=1, keepdims=True)
    missed, added = (y - baseline) / scale, (alone.predict(x) - baseline) / scale
    gain, square = (missed * added).sum(axis=1), (added**2).sum(axis=1)
    blocks = np.arange(n_valid) // H
    expected = share_of(gain[-n_valid:], square[-n_valid:], blocks)
    assert 0.1 < expected < 1
    assert_allclose(1 - model.linear_share_, expected, atol=1e-3)


def test_dropout_of_a_network_that_adds_nothing_says_so():
    model = linear(X, Y, dropout=0.3)
    with pytest.warns(UserWarning, match="linear_share_ is 1.*intervals have no width"):
        interval = model.predict_interval(X[:3])
    assert_allclose(interval[..., 0], interval[..., 1], atol=1e-6)


@pytest.mark.parametrize("loss", ["poisson", "negative_binomial", "lognormal"])
def test_what_has_no_location_has_no_baseline(loss):
    y = np.abs(Y).round()
    model = network(loss=loss).fit(X, y)
    assert model.module_.baseline is None
    assert not hasattr(model, "linear_share_")
    alone = network(loss=loss, baseline=None).fit(X, y)
    assert_array_equal(model.predict(X), alone.predict(X))


def test_what_is_not_linear_is_learned():
    # The sign of a product is what no linear map knows.
    x = RNG.normal(size=(1500, 4))
    y = x.mean(axis=1) + 2 * np.sign(x[:, 0] * x[:, 1])
    options = {"normalize": None, "max_epochs": 60, "lr": 0.01}
    model = network(**options).fit(x[:1200], y[:1200])
    baseline = linear(x[:1200], y[:1200], normalize=None)
    assert model.score(x[1200:], y[1200:]) > 0.6
    assert baseline.score(x[1200:], y[1200:]) < 0.2
    assert model.linear_share_ < 0.5


@pytest.mark.parametrize(
    "params",
    [
        {"loss": "quantile"},
        {"loss": "normal"},
        {"loss": "student_t"},
        {"loss": "mae"},
        {"loss": "mase", "seasonality": 2},
        {"cls": GRUForecaster, "train_on": "all_steps"},
        {"cls": WaveNetForecaster, "dilations": (1, 2)},
        {"cls": EncoderDecoderForecaster, "teacher_forcing": 0.5},
        {"cls": RNNForecaster, "readout": False, "hidden_size": H},
    ],
    ids=str,
)
def test_every_network_has_the_same(params):
    expected = linear(X, Y).predict(X)
    found = linear(X, Y, **params).predict(X)
    assert_allclose(found, expected, atol=2e-3)


def test_a_network_of_ones_own_without_a_readout():
    class Flat(torch.nn.Module):
        def __init__(self, length, output_shape):
            super().__init__()
            self.shape = output_shape
            self.linear = torch.nn.Linear(length, int(np.prod(output_shape)))

        def forward(self, x):
            return self.linear(x[..., 0]).view(len(x), *self.shape)

    class FlatForecaster(Forecaster):
        module = Flat

    expected = linear(X, Y).predict(X)
    found = linear(X, Y, cls=FlatForecaster)
    assert_allclose(found.predict(X), expected, atol=2e-3)


def test_covariates_of_all_kinds_are_read():
    plan, place = RNG.normal(size=(2, 2 * N))
    frame = pd.DataFrame(
        {
            "id": np.repeat([0, 1], N),
            "time": np.tile(TIME, 2),
            "y": np.r_[WAVE, WAVE + 3] + 2 * plan,
            "plan": plan,
            "size": np.repeat([1.0, 2.0], N),
        }
    )
    options = {"id": "id", "time": "time", "target": "y"}
    options |= {"future": "plan", "static": "size", "horizon": H, "length": L}
    x, y = make_windows(frame, **options)
    # The plan of the horizon is worth a deviation of 2; what is left is the wave.
    assert np.abs(linear(x, y).predict(x) - y).mean() < 0.5


def test_several_targets():
    both = np.column_stack([WAVE, np.roll(WAVE, 1)])
    x, y = make_windows(both, horizon=1, length=L, target=[0, 1])
    # The second is what the first was one step before, which is in the window.
    miss = np.abs(linear(x[5:], y[5:]).predict(x[5:]) - y[5:]).mean(axis=0)
    assert miss[1] < miss[0] / 4


# What is left in each of two series of its value five steps before.
ALIKE, UNLIKE = (0.8, 0.8), (0.8, -0.8)


@pytest.mark.parametrize(("memories", "is_shared"), [(ALIKE, True), (UNLIKE, False)])
def test_targets_that_behave_alike_share_a_regression(memories, is_shared, monkeypatch):
    monkeypatch.setattr(linear_baseline, "_MAX_INPUTS", L)  # each target by itself
    values = np.random.default_rng(0).normal(size=(60, 2))
    for t in range(5, len(values)):
        values[t] += memories * values[t - 5]
    x, y = make_windows(values, horizon=H, length=L, target=[0, 1])
    dense, targets = np.asarray(x, dtype=np.float64), np.reshape(y, (-1, H, 2))
    forecasts = linear(x, y).predict(x).reshape(targets.shape)
    parts = [(dense[..., k], targets[..., k]) for k in (0, 1)]
    for k, part in enumerate(parts):
        options = {"n_valid": round(0.15 * len(x)), "other": parts[1 - k]}
        expected, (learned_from, *_) = by_hand(*part, **options)
        assert (len(learned_from) == 2) is is_shared
        assert_allclose(forecasts[..., k], expected, atol=2e-4)


def test_missing_values():
    series = WAVE.copy()
    series[RNG.choice(N, 12, replace=False)] = np.nan
    x, y = make_windows(series, horizon=H, length=L, missing="mask")
    forecasts = linear(x, y, missing="mask").predict(x)
    whole = linear(X, Y).predict(X)
    assert forecasts.shape == y.shape
    assert np.abs(forecasts - whole[: len(forecasts)]).mean() < 0.1


def test_weights_count_as_repetitions():
    x, y = np.asarray(X, dtype=np.float64)[..., 0], np.array(Y)
    weights = RNG.integers(1, 4, len(x))
    options = {"early_stopping": False, "normalize": "last"}
    weighted = network(**options).fit(x, y, sample_weight=weights)
    weighted.module_.baseline.share = 0.0
    known, repeated = (np.repeat(part, weights, axis=0) for part in (x, y))
    again = linear(known, repeated, **options)
    # Blocks of time begin at other origins, so another penalty may be chosen.
    assert_allclose(weighted.predict(x), again.predict(x), atol=0.1)


def test_going_on():
    x, y = CHAOS
    first = network(max_epochs=30).fit(x, y)
    baseline = first.module_.baseline
    weight, share = baseline.weight.clone(), baseline.share
    # From fewer origins there is less to learn.
    first.partial_fit(x[:60], y[:60] + 1)
    assert_array_equal(baseline.weight, weight)
    assert baseline.share == share > 0
    # From as many, it is solved again, as if for the first time.
    first.partial_fit(x, 2 * y)
    assert_array_equal(baseline.weight, linear(x, 2 * y).module_.baseline.weight)
    assert baseline.share != share
    first.set_params(baseline=None).fit(x, y)
    assert first.module_.baseline is None


def test_a_failed_training_leaves_the_share():
    model = network(max_epochs=30).fit(*CHAOS)
    share, forecasts = model.module_.baseline.share, model.predict(CHAOS[0])
    assert share > 0
    model.set_params(optimizer__weight_decay=float("nan"))
    with pytest.raises(ValueError, match="from the first epoch on"):
        model.partial_fit(*CHAOS)
    assert model.module_.baseline.share == share
    assert_array_equal(model.predict(CHAOS[0]), forecasts)


def test_another_baseline_is_another_meaning_of_the_weights(tmp_path):
    model = network(max_epochs=30).fit(*CHAOS)
    model.save_params(f_params=tmp_path / "weights.pt")
    with pytest.raises((ValueError, RuntimeError)):
        network(baseline=None).initialize(X, Y).load_params(tmp_path / "weights.pt")
    loaded = network().initialize(X, Y)
    loaded.load_params(tmp_path / "weights.pt")
    assert_array_equal(loaded.predict(X), model.predict(X))


def test_one_step_networks_are_fed_back():
    x, y = make_windows(WAVE, horizon=1, length=L)
    model = RecursiveForecaster(network(GRUForecaster), horizon=2).fit(x, y)
    one = model.estimator_
    window = np.asarray(x[:1])
    step = one.predict(window)
    moved = np.concatenate([window[:, 1:], step.reshape(1, 1, 1)], axis=1)
    expected = [*step, *one.predict(moved)]
    assert_allclose(model.predict(x[:1]), [expected], rtol=1e-5)


def test_other_baselines_are_refused():
    with pytest.raises(ValueError, match="'baseline' parameter of .* among {'ridge'}"):
        network(baseline="naive").fit(X, Y)


# ------------------------------------------------------- how much the network adds


def test_the_share_by_hand():
    # r g and g^2 of four blocks of one origin each: s = 8 / 8, and no doubt at all.
    assert share_of(np.full(4, 2.0), np.full(4, 2.0), np.arange(4)) == 1
    # s = 8 / 16; r g - s g^2 is 0 again.
    assert share_of(np.full(4, 2.0), np.full(4, 4.0), np.arange(4)) == 0.5
    # s = 1; left of r g are 1, -1, 1, -1: its variance is 4 / 3 * 4 / 64 = 1 / 12, and
    # two standard errors squared are 4 / 12.
    gain = np.array([3.0, 1, 3, 1])
    assert_allclose(share_of(gain, np.full(4, 2.0), np.arange(4)), 2 / 3)
    # In one block, nobody can tell; and what does harm is left out.
    assert share_of(gain, np.full(4, 2.0), np.zeros(4, dtype=int)) == 0
    assert share_of(-gain, np.full(4, 2.0), np.arange(4)) == 0


def test_overlapping_origins_count_once():
    rng = np.random.default_rng(1)
    gain, square = rng.normal(0.5, 1, 20), np.ones(20)
    once = share_of(gain, square, np.arange(20))
    often = share_of(
        np.repeat(gain, 5), np.repeat(square, 5), np.repeat(np.arange(20), 5)
    )
    assert_allclose(often, once)


def test_clones_and_copies():
    model = network().fit(X, Y)
    assert clone(model).get_params()["baseline"] == "ridge"
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_float32_and_float64_windows_have_the_same_baseline():
    x = np.asarray(X, dtype=np.float64)[..., 0]
    found = [linear(z, Y).predict(z) for z in (x.astype(np.float32), x)]
    assert [forecasts.dtype for forecasts in found] == [np.float32, np.float64]
    assert_allclose(found[1], found[0], atol=1e-5 * WAVE.std())


def test_the_baseline_is_in_full_precision_where_the_network_is_not(emulated_bf16):
    forecast = linear(X, Y, precision="bf16").predict(X)
    assert_array_equal(forecast, linear(X, Y).predict(X))
    # Half of what the network and the baseline say.
    both = network(precision="bf16").fit(X, Y)
    alone = {}
    for share in (0.0, 1.0, 0.5):
        both.module_.baseline.share = share
        alone[share] = both.predict(X)
    assert_allclose(alone[0.5], (alone[0.0] + alone[1.0]) / 2, rtol=1e-5)
