"""Forecasts of every forecaster: no leak, rows by themselves, units, intervals."""

import functools
import inspect
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from common import FEW_ORIGINS, FORECASTERS, NETWORKS, make
from hypothesis import strategies as st
from laws import law, seeds
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from sktorch_forecast import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    EnsembleForecaster,
    LSTMForecaster,
    MLPForecaster,
    NaiveForecaster,
    Panel,
    PretrainedForecaster,
    RecursiveForecaster,
    SlidingWindow,
    TabularForecaster,
    Windows,
)
from sktorch_forecast.layers.families import FAMILIES
from sktorch_forecast.layers.normalization import KINDS

LENGTH, HORIZON, N_TIMES, N_SERIES = 8, 3, 36, 3
QUICK = {"max_epochs": 1, "random_state": 0, "hidden_size": 4, "seasonality": 4}


def network(cls=MLPForecaster, **params):
    return make(cls, **QUICK, **params)


def ridge(**params):
    return TabularForecaster(Ridge(), seasonality=4, **params)


# All that are discovered, and what they become by their parameters.
MODELS = {cls.__name__: make(cls, **QUICK, **FEW_ORIGINS) for cls in FORECASTERS}
MODELS |= {f"{cls.__name__} masked": network(cls, missing="mask") for cls in NETWORKS}
MODELS |= {f"MLP {loss}": network(loss=loss) for loss in (*FAMILIES, "quantile")}
MODELS |= {f"MLP {kind}": network(normalize=kind) for kind in (*KINDS, None)}
MODELS |= {
    f"Ridge {kind}": ridge(normalize=kind) for kind in (*KINDS, None) if kind != "cycle"
}
MODELS |= {
    f"conformal {method}": ConformalForecaster(
        network(loss="quantile") if method == "cqr" else ridge(),
        method=method,
        random_state=0,
        **FEW_ORIGINS,
    )
    for method in ("split", "adaptive", "cqr")
}
MODELS |= {
    "MLP dropout": network(dropout=0.3),
    "MLP dropout normal": network(dropout=0.3, n_mc_samples=4, loss="normal"),
    "LSTM all steps": network(LSTMForecaster, train_on="all_steps"),
    "LSTM normal": network(LSTMForecaster, loss="normal"),
    "snapshots": DeepEnsembleForecaster(
        network(loss="normal").set_params(max_epochs=2), 2, "snapshot", random_state=0
    ),
    "ensemble of ridges": DeepEnsembleForecaster(ridge(), 2, random_state=0),
    "ensemble of points": EnsembleForecaster(
        [("ridge", ridge()), ("lstm", network(LSTMForecaster))], weights="stacked"
    ),
    "ensemble of quantiles": EnsembleForecaster(
        [("normal", network(loss="normal")), ("quantiles", network(loss="quantile"))],
        weights=[1, 3],
        random_state=0,
    ),
    "seasonal naive": NaiveForecaster(seasonality=4),
    "recursive LSTM": RecursiveForecaster(network(LSTMForecaster)),
    "recursive normal": RecursiveForecaster(network(loss="normal")),
    "recursive ridge": RecursiveForecaster(ridge()),
    "shorter": make_pipeline(SlidingWindow(5), network()),
}
SIZES = {"plain": (1, 0, 0, 0), "covariates": (2, 1, 1, 1)}


def numbers(data, seed=0):
    """Counts of three series, one after the other, and their static covariates."""
    rng = np.random.default_rng(seed)
    n_channels = sum(SIZES[data][:3])
    waves = np.sin(np.arange(N_TIMES)[:, None] / 2 + np.arange(n_channels))
    level = np.array([8, 20, 5])[:, None, None]
    values = rng.poisson(level * (1.5 + waves)) + 1.0
    return values.reshape(-1, n_channels), np.arange(float(N_SERIES))[:, None]


def windows(values, static, data):
    """All windows of the three series, with whatever values, and what follows them."""
    n_targets, _, n_future, n_static = SIZES[data]
    panel = Panel.from_array(
        values,
        index=pd.Index(np.tile(np.arange(N_TIMES), N_SERIES), name="time"),
        n_targets=n_targets,
        n_future=n_future,
        bounds=np.arange(N_SERIES + 1) * N_TIMES,
        ids=["a", "b", "c"],
        static=static if n_static else None,
        missing="mask",
    )
    origins = np.arange(LENGTH - 1, N_TIMES - HORIZON)
    rows = np.add.outer(np.arange(N_SERIES) * N_TIMES, origins).ravel()
    steps = rows[:, None] + np.arange(1, HORIZON + 1)
    return Windows(panel, rows, LENGTH, HORIZON), values[steps, :n_targets].reshape(
        len(rows), -1
    )


def takes(model, data):
    """Whether a forecaster takes windows with such channels."""
    is_recursive = isinstance(model, RecursiveForecaster)
    return data == "plain" or not is_recursive


@functools.cache
def fitted(name, data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few origins, few epochs
        return clone(MODELS[name]).fit(*windows(*numbers(data), data))


def everything(model, X):
    """Forecasts, and intervals where there are any."""
    found = [model.predict(X)]
    if hasattr(model, "predict_interval"):
        found.append(model.predict_interval(X, 0.5))
    return found


CASES = [
    (name, data)
    for name, model in MODELS.items()
    for data in SIZES
    if takes(model, data)
]
cases = st.sampled_from(CASES)

# ------------------------------------------------------------ what a forecast knows


@pytest.mark.parametrize("name, data", CASES, ids=[" ".join(case) for case in CASES])
@law(12, seed=seeds, size=st.integers(-6, 12))
def test_a_forecast_knows_nothing_of_what_follows_its_window(name, data, seed, size):
    """Nor of other series, nor of the other windows that are forecast with it."""
    model, (values, static) = fitted(name, data), numbers(data)
    n_future = SIZES[data][2]
    X, _ = windows(values, static, data)
    rng = np.random.default_rng(seed)
    row = rng.integers(len(X))
    origin = X.positions[row]
    seen = np.zeros(values.shape, dtype=bool)
    seen[origin - LENGTH + 1 : origin + 1] = True
    seen[origin - LENGTH + 1 : origin + HORIZON + 1, values.shape[1] - n_future :] = (
        True
    )
    changed = np.where(seen, values, 10.0**size * rng.normal(size=values.shape))
    series = X.series[row]
    static = np.where(np.arange(N_SERIES)[:, None] == series, static, rng.normal())
    other, _ = windows(changed, static, data)
    for before, after in zip(everything(model, X), everything(model, other)):
        assert np.isfinite(before).all()
        assert_array_equal(after[row], before[row])


# Paths of which intervals are made are drawn in the order of the rows, where they are
# read step by step, or each is of another pass with dropout.
DRAWN = {"recursive normal", "MLP dropout normal"}
# What reads the time of a window takes no arrays.
TIMED = {"MLP cycle"}
# A regression of scikit-learn on windows as they are, which rounds as the batch has it.
BARE = {"ConformalForecaster", "RecursiveForecaster"}


@law(400, case=cases, seed=seeds, batch_size=st.none() | st.integers(1, 40))
def test_every_row_is_forecast_by_itself(case, seed, batch_size):
    name, data = case
    model, rng = fitted(name, data), np.random.default_rng(seed)
    X, _ = windows(*numbers(data), data)
    before = everything(model, X)[: 1 if name in DRAWN else 2]
    rows = rng.integers(len(X), size=rng.integers(1, 50))
    if batch_size is not None and "iterator_valid__batch_size" in model.get_params():
        model.set_params(iterator_valid__batch_size=batch_size)
    for expected, found in zip(before, everything(model, X[rows])):
        if name in BARE:
            assert_allclose(found, expected[rows], rtol=1e-5, atol=1e-4)
        else:
            assert_array_equal(found, expected[rows])
    # To SlidingWindow, rows are timestamps.
    if data == "plain" and name not in {"shorter", *TIMED}:
        array = np.asarray(X[rows])
        assert_array_equal(model.predict(array), model.predict(array[:, :, 0]))


# ------------------------------------------------------------------ whatever is asked


def wild(rng, shape):
    """Windows of any size and level, some of which stand still or jump once."""
    n = shape[0], 1, shape[2]
    kind = rng.integers(4, size=n)
    values = rng.normal(size=shape) * 10.0 ** rng.integers(-9, 9, size=n)
    values = np.where(kind == 1, 10.0 ** rng.integers(-9, 9, size=n), values)
    jump = np.arange(shape[1])[:, None] == rng.integers(shape[1], size=n)
    values = np.where(kind == 2, jump * 10.0 ** rng.integers(-9, 9, size=n), values)
    return np.where(kind == 3, values + 10.0 ** rng.integers(-9, 5, size=n), values)


@law(
    500,
    case=cases.filter(lambda case: case[1] == "plain" and case[0] not in TIMED),
    seed=seeds,
)
def test_whatever_the_window_forecasts_are_finite_and_quantiles_increase(case, seed):
    model, rng = fitted(*case), np.random.default_rng(seed)
    X = wild(rng, (5, LENGTH, 1))
    assert np.isfinite(model.predict(X)).all()
    if not hasattr(model, "predict_quantiles"):
        return
    # "adaptive" tracks levels in steps of 0.005, as far as its 28 origins reach.
    ends = (0.04, 0.96) if "adaptive" in case[0] else (0.02, 0.98)
    levels = np.unique(rng.uniform(*ends, size=rng.integers(1, 9)))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Quantiles from", UserWarning)
        quantiles = model.predict_quantiles(X, levels)
        assert quantiles.shape == (5, HORIZON, len(levels))
        # Where few origins calibrate, the outer ones are infinite.
        assert (quantiles[..., 1:] >= quantiles[..., :-1]).all()
        assert not np.isnan(quantiles).any()
        inner, outer = np.sort(rng.uniform(0.05, 0.92, size=2))
        inner, outer = (model.predict_interval(X, c) for c in (inner, outer))
        assert (outer[..., 0] <= inner[..., 0]).all()
        assert (inner[..., 1] <= outer[..., 1]).all()
    paths = model.sample(X, 3, random_state=int(rng.integers(1000)))
    assert paths.shape == (3, 5, HORIZON) and np.isfinite(paths).all()


# ---------------------------------------------------------------------------- units

# What is the same in other units, at least by powers of two.
FREE_OF_UNITS = [
    name
    for name in MODELS
    if name not in BARE
    and not any(part in name for part in ("poisson", "binomial", "lognormal", "None"))
]
# What dropout drops depends on all digits of the window. And an ensemble may have
# hardly any density between the quantiles of its members: there its own quantiles move
# a hundred times as far as what is rounded away.
FREE_OF_LEVEL = [
    name
    for name in FREE_OF_UNITS
    if "level" not in name and "dropout" not in name and name != "ensemble of quantiles"
]


@law(
    200,
    name=st.sampled_from(FREE_OF_UNITS),
    k=st.integers(-30, 30),
    which=st.integers(0, 2),
    seed=seeds,
)
def test_series_times_powers_of_two(name, k, which, seed):
    """Each keeps to itself what units it is in, in training as well: bit for bit."""
    values, static = numbers("plain", seed)
    scales = np.ones(N_SERIES)
    scales[which] = 2.0**k
    factor = np.repeat(scales, N_TIMES)[:, None]
    found = []
    for numbers_ in (values, factor * values):
        X, y = windows(numbers_, static, "plain")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            found.append(everything(clone(MODELS[name]).fit(X, y), X))
    for before, after in zip(*found):
        shape = -1, *[1] * (before.ndim - 1)
        expected = before * scales[X.series].reshape(shape).astype(before.dtype)
        assert_array_equal(after, expected)


@law(300, name=st.sampled_from(FREE_OF_LEVEL), shift=st.integers(-(2**12), 2**12))
def test_a_constant_that_is_added_is_added_to_the_forecast(name, shift):
    """But for what rounding to float32 takes away at that level."""
    model, (values, static) = fitted(name, "plain"), numbers("plain")
    X, _ = windows(values, static, "plain")
    higher, _ = windows(values + shift, static, "plain")
    rounding = 4 * np.finfo(np.float32).eps * (abs(shift) + 100)
    for before, after in zip(everything(model, X), everything(model, higher)):
        assert_allclose(after - np.float64(shift), before, rtol=0, atol=rounding)


# ---------------------------------------------------------------------- determinism


# A fit of the other one trains nothing, and it takes few losses.
TRAINED = [cls for cls in NETWORKS if cls is not PretrainedForecaster]


@st.composite
def networks(draw):
    """Networks of any class with any parameters that go together."""
    cls = draw(st.sampled_from(TRAINED))
    params = {
        "normalize": draw(st.sampled_from([*KINDS, None])),
        "missing": draw(st.sampled_from(["error", "mask"])),
        "loss": draw(
            st.sampled_from(["mse", "mae", "mase", "smape", *FAMILIES, "quantile"])
        ),
        "dropout": draw(st.sampled_from([0.0, 0.3])),
        "batch_size": draw(st.sampled_from([-1, 7, 32])),
        "early_stopping": draw(st.booleans()),
        "clip_grad_norm": draw(st.sampled_from([None, 1.0])),
        "random_state": draw(st.integers(0, 1000)),
    }
    net = make(cls, **(QUICK | params))
    reads_steps = "all_steps" in inspect.signature(cls.module.forward).parameters
    if reads_steps and params["normalize"] != "season":
        net.set_params(train_on=draw(st.sampled_from(["last_step", "all_steps"])))
    return net


@law(150, net=networks(), data=st.sampled_from(list(SIZES)), seed=seeds)
def test_a_network_is_what_its_parameters_and_data_say(net, data, seed):
    """The same bits from a second fit, from a clone, and from a pickle."""
    X, y = windows(*numbers(data, seed), data)
    rng = np.random.default_rng(seed)
    if net.missing == "mask":
        y = np.where(rng.random(y.shape) < 0.1, np.nan, y)
    weights = rng.integers(1, 4, size=len(X)) if rng.random() < 0.5 else None
    first, second = (clone(net).fit(X, y, sample_weight=weights) for _ in range(2))
    expected = first.predict(X)
    assert expected.shape == y.shape and np.isfinite(expected).all()
    assert_array_equal(second.predict(X), expected)
    assert_array_equal(second.fit(X, y, sample_weight=weights).predict(X), expected)
    assert_array_equal(pickle.loads(pickle.dumps(first)).predict(X), expected)
    assert np.isfinite(first.history[:, "train_loss"]).all()
