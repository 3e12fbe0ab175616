"""``normalize="cycle"`` in forecasters of every kind."""

import functools
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from skorch.dataset import Dataset

from sktorch_forecast import (
    ConformalForecaster,
    ConvRNNForecaster,
    DeepEnsembleForecaster,
    EnsembleForecaster,
    LSTMForecaster,
    MinGRUForecaster,
    MLPForecaster,
    RecursiveForecaster,
    RNNForecaster,
    SeriesForecaster,
    SlidingWindow,
    WaveNetForecaster,
    latest_windows,
    load,
    make_windows,
    to_onnx,
)

RNG = np.random.default_rng(0)
DAY, LENGTH, HORIZON, N = 24, 48, 7, 360
SIZES = {"horizon": HORIZON, "length": LENGTH}
HOURS = pd.date_range("2024-03-20 05:00", periods=N, freq="h")
CYCLE = RNG.normal(size=DAY)  # of the hours of a day
EXACT = pd.Series(50 + 3 * CYCLE[HOURS.hour], HOURS)
NOISY = EXACT + RNG.normal(size=N).cumsum() / 5
X, Y = make_windows(NOISY, **SIZES)
CYCLIC = {"normalize": "cycle", "seasonality": DAY, "random_state": 0}
QUICK = CYCLIC | {"max_epochs": 1}


def linear(**params):
    """CycleNet/Linear."""
    return MLPForecaster(hidden_layer_sizes=(), baseline=None, **QUICK, **params)


def silenced(model):
    """With a network that says 0, so that the cycle is all there is."""
    with torch.no_grad():
        for weight in model.module_.network.parameters():
            weight.zero_()
    return model


# ---------------------------------------------------------- what is known beforehand


def test_a_cycle_is_forecast_exactly():
    """Of series of any level and size, which are the same cycle in their own units."""
    frame = pd.DataFrame({"a": EXACT, "b": 2 + EXACT / 100, "c": 1000 * EXACT})
    X, y = make_windows(frame, id="columns", **SIZES)
    model = silenced(linear(lr=1e-9).fit(X, y))
    size = np.array([1, 0.01, 1000])[X.series][:, np.newaxis]
    assert_allclose(model.predict(X) / size, y / size, atol=1e-4)
    # The mean of a phase in units of the day.
    expected = (CYCLE - CYCLE.mean()) / CYCLE.std()
    values = model.module_.normalization.cycle.values.detach()[:, 0]
    assert_allclose(values, expected, atol=1e-5)  # the epoch begins at midnight


@pytest.mark.parametrize("k", [1, 5, 24, 31])
def test_a_window_at_another_time_has_another_phase(k):
    model = silenced(linear().fit(X, Y))
    later, _ = make_windows(NOISY.shift(k, freq="h"), **SIZES)
    values = model.module_.normalization.cycle.values.detach().numpy()[:, 0]
    windows = np.asarray(X)[..., 0]
    shift, scale = windows.mean(axis=1), windows.std(axis=1)
    for stamps, some in (
        (X.timestamps, X),
        (X.timestamps + pd.Timedelta(k, "h"), later),
    ):
        hours = np.add.outer(stamps.hour, np.arange(1, HORIZON + 1)) % DAY
        expected = shift[:, None] + scale[:, None] * values[hours]
        assert_allclose(model.predict(some), expected, rtol=1e-4)


def test_training_learns_the_cycle():
    """By one step of plain gradient descent, in bare torch."""
    model = linear(
        optimizer=torch.optim.SGD,
        lr=0.1,
        batch_size=-1,
        clip_grad_norm=None,
        early_stopping=False,
        callbacks__best_weights=None,
    )
    model.fit(X, Y)
    fresh = clone(model).set_params(lr=1e-12).fit(X, Y)
    layer = fresh.module_.network
    weights = [
        weight.detach().double().requires_grad_() for weight in layer.parameters()
    ]
    cycle = fresh.module_.normalization.cycle.values
    cycle = cycle.detach().double().requires_grad_()
    windows, y = np.asarray(X, np.float64)[..., 0], torch.from_numpy(np.array(Y))
    mean = torch.from_numpy(windows.mean(axis=1, keepdims=True))
    scale = torch.from_numpy(windows.std(axis=1, keepdims=True))
    hours = np.add.outer(X.timestamps.hour, np.arange(1 - LENGTH, HORIZON + 1)) % DAY
    of_times = cycle[torch.from_numpy(hours), 0]
    inputs = (torch.from_numpy(windows) - mean) / scale - of_times[:, :LENGTH]
    weight, bias = weights
    forecast = inputs @ weight[:, :LENGTH].T + bias + of_times[:, LENGTH:]
    loss = (forecast - (y - mean) / scale).square().mean()
    loss.backward()
    found = model.module_.normalization.cycle.values.detach()
    assert cycle.grad.abs().max() > 1e-3
    assert_allclose(found, (cycle - 0.1 * cycle.grad).detach(), atol=2e-6)


@pytest.mark.parametrize(
    "network",
    [MinGRUForecaster, functools.partial(ConvRNNForecaster, kernel_size=3, stride=3)],
)
def test_every_step_that_is_trained_on_has_its_own_phases(network):
    """So that a network that says 0 has no loss at any of them."""
    model = network(train_on="all_steps", lr=1e-9, baseline=None, **QUICK)
    X, y = make_windows(EXACT, **SIZES)
    silenced(model.fit(X, y))
    x, y = next(iter(model.get_iterator(model.get_dataset(X, y))))
    encoded = model.infer(x, all_steps=True)
    assert encoded.params.shape[1] > 10  # so many steps
    loss = model.get_loss(encoded, y, X=x)
    assert float(loss.detach()) < 1e-9
    assert float(model.get_loss(model.infer(x), y, X=x).detach()) < 1e-9


@pytest.mark.parametrize("begins", ["2024-03-28", "2024-10-25"])
def test_hours_count_on_where_the_clock_changes(begins):
    hours = pd.date_range(begins, periods=200, freq="h", tz="Europe/Berlin")
    in_utc = hours.tz_convert("UTC").hour
    X, y = make_windows(pd.Series(CYCLE[in_utc], hours), **SIZES)
    model = silenced(linear(lr=1e-9).fit(X, y))
    assert_allclose(model.predict(X), y, atol=1e-4)


def test_a_cycle_may_be_longer_than_the_window():
    X, y = make_windows(NOISY, horizon=30, length=10)
    model = linear().fit(X, y)
    values = model.module_.normalization.cycle.values
    assert values.shape == (DAY, 1) and np.isfinite(model.predict(X)).all()


# ------------------------------------------------------- whatever windows are cut out

FRAME = pd.DataFrame(
    {
        "y": np.round(NOISY),
        "z": np.round(2 * NOISY - 20 + RNG.normal(size=N)),
        "past": RNG.normal(size=N),
        "future": RNG.normal(size=N),
    }
)
ROLES = {"target": ["y", "z"], "past": "past", "future": "future"}
MODELS = {
    "linear": linear(),
    "MLP": MLPForecaster(**QUICK),
    "MLP alone": MLPForecaster(baseline=None, **QUICK),
    "MLP masked": MLPForecaster(missing="mask", **QUICK),
    "MLP dropout": MLPForecaster(dropout=0.3, n_mc_samples=4, baseline=None, **QUICK),
    "LSTM all steps": LSTMForecaster(train_on="all_steps", hidden_size=4, **QUICK),
    "WaveNet all steps": WaveNetForecaster(
        train_on="all_steps", loss="normal", **QUICK
    ),
    "RNN bptt": RNNForecaster(train_on="all_steps", bptt_steps=5, **QUICK),
    **{
        f"MLP {loss}": MLPForecaster(loss=loss, **QUICK)
        for loss in ("quantile", "mixture", "poisson", "lognormal", "mase", "smape")
    },
    "conformal": ConformalForecaster(linear(), coverage=0.8, random_state=0),
    "ensemble": EnsembleForecaster(
        [("linear", linear()), ("MLP", MLPForecaster(**QUICK))]
    ),
    "deep ensemble": DeepEnsembleForecaster(linear(), 2, random_state=0),
    "pipeline": make_pipeline(SlidingWindow(30), linear()),
}


@pytest.mark.parametrize("data", ["plain", "roles"])
@pytest.mark.parametrize("name", MODELS)
def test_forecasts_from_a_piece_of_a_series_are_those_from_the_whole(name, data):
    roles = ROLES if data == "roles" else {"target": "y"}
    columns = FRAME if data == "roles" else FRAME[["y"]]
    model = clone(MODELS[name])
    if name == "MLP masked":
        columns = columns.mask(
            RNG.random(columns.shape) < 0.1 * (columns.columns != "future")
        )
        roles = roles | {"missing": "mask"}
    X, y = make_windows(columns, **SIZES, **roles)
    model.fit(X[:250], y[:250])
    tail, _ = make_windows(columns[271:], **SIZES, **roles)
    expected = model.predict(X[271:])
    assert np.isfinite(expected).all()
    assert_array_equal(model.predict(tail), expected)
    assert_array_equal(model.predict(pickle.loads(pickle.dumps(X[271:]))), expected)
    assert_array_equal(model.predict(X[[280, 275]]), expected[[9, 4]])
    if hasattr(model, "predict_interval") and name != "MLP dropout":
        interval = model.predict_interval(X[271:], 0.5)
        assert_array_equal(model.predict_interval(tail, 0.5), interval)
    # And they do depend on the time.
    later = columns[271:].shift(3, freq="h")
    assert not np.array_equal(
        model.predict(make_windows(later, **SIZES, **roles)[0]), expected
    )


def test_frames_of_a_series_forecaster_know_their_times():
    frame = NOISY.rename("y").to_frame()
    model = SeriesForecaster(linear(), horizon=HORIZON, length=LENGTH, target="y")
    model.fit(frame[:300])
    before = model.forecast()
    expected = model.estimator_.predict(latest_windows(NOISY[:300], length=LENGTH))
    assert_allclose(before["y"], expected[0], rtol=1e-6)
    assert_array_equal(model.forecast(frame[200:300]), before)
    model.update(frame[300:310])
    assert_array_equal(model.forecast(), model.forecast(frame[100:310]))
    assert model.backtest(frame, n_origins=3)["forecast"].notna().all()
    assert np.isfinite(model.score(frame[310:]))


def test_windows_can_be_split_searched_and_weighted():
    search = GridSearchCV(
        linear(), {"normalize": ["window", "cycle"]}, cv=TimeSeriesSplit(2, gap=HORIZON)
    ).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    weights = np.ones(200)
    weights[::2] = 2
    rows = np.sort(np.concatenate([np.arange(200), np.arange(0, 200, 2)]))
    params = {"early_stopping": False, "lr": 1e-9}
    weighted = linear(**params).fit(X[:200], Y[:200], sample_weight=weights)
    repeated = linear(**params).fit(X[rows], Y[rows])
    values = (
        m.module_.normalization.cycle.values.detach() for m in (weighted, repeated)
    )
    assert_allclose(*values, atol=1e-6)


# ------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "score"])
@pytest.mark.parametrize("windows", [np.asarray(X), np.asarray(X)[..., 0]])
def test_arrays_are_refused_and_change_nothing(method, windows):
    model = linear().fit(X, Y)
    expected, before = model.predict(X), vars(model).copy()
    args = (windows,) if method == "predict" else (windows, Y)
    with pytest.raises(ValueError, match="with times .* found an array"):
        getattr(model, method)(*args)
    assert vars(model) == before
    assert_array_equal(model.predict(X), expected)


def test_a_new_array_does_not_begin_anew():
    """Positions in an array are no times: they begin at 0 in any piece of it."""
    values = NOISY.to_numpy()
    with pytest.raises(ValueError, match="found unnamed row numbers"):
        linear().fit(*make_windows(values, **SIZES))
    model = linear().fit(X, Y)
    for piece in (values[-100:], NOISY[-100:].reset_index(drop=True)):
        with pytest.raises(
            ValueError, match="with timestamps|found unnamed row numbers"
        ):
            model.predict(make_windows(piece, **SIZES)[0])
    with pytest.raises(ValueError, match="found unnamed row numbers"):
        SeriesForecaster(linear(), horizon=HORIZON, length=LENGTH).fit(values)


def test_times_of_another_kind_than_in_the_fit_are_refused():
    model = linear().fit(X, Y)
    other = NOISY.tz_localize("UTC")
    with pytest.raises(ValueError, match="with timestamps, .* found timestamps in UTC"):
        model.partial_fit(*make_windows(other, **SIZES))
    model.fit(*make_windows(other, **SIZES))  # which begins anew
    with pytest.raises(ValueError, match="with timestamps in UTC, .* found timestamps"):
        model.predict(X)


def test_onnx_has_no_times(tmp_path):
    with pytest.raises(
        ValueError, match="found .* normalize='cycle', which also reads"
    ):
        to_onnx(linear().fit(X, Y), tmp_path / "model.onnx")


@pytest.mark.parametrize(
    "step",
    [
        MLPForecaster(**QUICK),
        RNNForecaster(**QUICK),  # the regression beside it reads the window as a whole
        RNNForecaster(baseline=None, loss="normal", **QUICK),
    ],
)
def test_windows_that_move_on_have_no_times(step):
    model = RecursiveForecaster(step)
    with pytest.raises(
        ValueError, match="reads only the values of windows, .* with baseline=None"
    ):
        model.fit(X, Y)
    assert not hasattr(model, "estimator_")
    model.set_params(horizon=1).fit(X, Y)  # where nothing is fed back
    assert np.isfinite(model.predict(X)).all()
    if hasattr(model, "sample"):
        with pytest.raises(ValueError, match="reads only the values of windows"):
            model.sample(X[:2], 3)


# -------------------------------------------------------------------- and what is not


def test_a_state_that_is_carried_goes_on_in_the_cycle():
    """Each step by hand: what was forecast is read at the phase of its own time."""
    model = RecursiveForecaster(RNNForecaster(baseline=None, **QUICK)).fit(X, Y)
    found = model.predict(X[:40])
    step = model.estimator_
    norm, network = step.module_.normalization, step.module_.network
    windows = torch.from_numpy(np.asarray(X[:40]))
    mean, scale = windows.mean(1), windows.std(1, correction=0)
    hours = np.add.outer(X.timestamps[:40].hour, np.arange(1 - LENGTH, HORIZON + 1))
    with torch.no_grad():
        cycle = norm.cycle.values[torch.from_numpy(hours) % DAY]
        inputs = (windows - mean.unsqueeze(1)) / scale.unsqueeze(1) - cycle[:, :LENGTH]
        for h in range(HORIZON):
            z = network(inputs)[:, 0, :, 0]
            y = mean + scale * (z + cycle[:, LENGTH + h])
            assert_allclose(found[:, h], y[:, 0], rtol=1e-4)
            seen = (y - mean) / scale - cycle[:, LENGTH + h]
            inputs = torch.cat([inputs, seen.unsqueeze(1)], dim=1)


def test_files_pickles_and_weights_keep_the_time(tmp_path):
    model = linear().fit(X, Y)
    expected = model.predict(X)
    model.save(tmp_path / "model")
    for back in (load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        assert_array_equal(back.predict(X), expected)
        with pytest.raises(ValueError, match="found an array"):
            back.predict(np.asarray(X))
        goes_on = clone(model).fit(X, Y).partial_fit(X, Y).predict(X)
        assert_array_equal(back.partial_fit(X, Y).predict(X), goes_on)
    model.save_params(f_params=tmp_path / "weights.pt")
    other = linear().initialize(X, Y)
    other.load_params(f_params=tmp_path / "weights.pt")
    assert_array_equal(other.predict(X), expected)
    days = pd.Series(NOISY.to_numpy(), pd.date_range("2000-01-01", periods=N))
    of_days = linear().initialize(*make_windows(days, **SIZES))
    with pytest.raises(ValueError, match="Expected weights of a network with clock="):
        of_days.load_params(f_params=tmp_path / "weights.pt")


def test_datasets_of_skorch_hand_windows_on():
    expected = linear().fit(X, Y).predict(X)
    model = linear().fit(Dataset(X, Y))
    assert_array_equal(model.predict(X), expected)
    loader = linear(iterator_valid=torch.utils.data.DataLoader).fit(X, Y)
    assert_allclose(loader.predict(X), expected, rtol=1e-6)


def test_another_normalization_becomes_a_cycle_and_back():
    model = linear().set_params(normalize="window").fit(X, Y)
    plain = model.predict(X)
    model.set_params(normalize="cycle").partial_fit(X, Y)
    assert_array_equal(model.predict(X), linear().fit(X, Y).predict(X))
    in_utc, _ = make_windows(NOISY.tz_localize("UTC"), **SIZES)
    with pytest.raises(ValueError, match="with timestamps, .* in UTC"):
        model.predict(in_utc)
    model.set_params(normalize="window").partial_fit(np.asarray(X), Y)
    assert_array_equal(model.predict(np.asarray(X)), plain)
    # A fit of something else leaves nothing behind.
    days = pd.Series(NOISY.to_numpy(), pd.date_range("2000-01-01", periods=N))
    of_days = make_windows(days, **SIZES)
    model.fit(*of_days).set_params(normalize="cycle").partial_fit(*of_days)
    assert_array_equal(
        model.predict(of_days[0]), linear().fit(*of_days).predict(of_days[0])
    )


def test_the_regression_reads_what_the_network_reads():
    """Trained on its own, without noise, it has nothing to add to the cycle."""
    X, y = make_windows(EXACT, **SIZES)
    model = MLPForecaster(lr=1e-9, **QUICK).fit(X, y)
    assert_allclose(model.predict(X), y, atol=1e-3)
    module, parts = model.module_, model.get_dataset(X)[:40][0]
    seen, expected = module.normalization.encode(**parts)
    rows, units = module.read_by(module.baseline, **parts)
    assert torch.equal(rows[:, 0], seen[..., 0])
    assert torch.equal(units.shift, expected.shift)
    # Without noise, all that is left of the windows is zero.
    assert rows.abs().max() < 1e-3
