"""The forecasters are skorch nets in every respect, and train as bare torch does."""

import warnings
from copy import deepcopy

import numpy as np
import pytest
import sklearn
import skorch
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    LRScheduler,
    ProgressBar,
    TrainEndCheckpoint,
)
from skorch.dataset import ValidSplit
from skorch.exceptions import SkorchTrainingImpossibleError
from skorch.helper import predefined_split
from torch.testing import assert_close
from torch.utils.data import DataLoader

from sktorch_forecast import LSTMForecaster, SlidingWindow, make_windows
from sktorch_forecast._batches import WindowDataset
from sktorch_forecast.layers import WindowNormalization
from sktorch_forecast.networks.lstm import LSTMNetwork

_time = np.arange(70)
SERIES = np.sin(_time / 4) + 0.1 * np.random.RandomState(0).randn(70)
# 70 - 8 - 3 + 1 = 60 origins. By default the last round(0.15 * 60) = 9 validate, and
# the horizon - 1 = 2 before them are not used: 60 - 9 - 2 = 49 train.
X, Y = make_windows(SERIES, horizon=3, length=8)
N_ORIGINS, N_TRAIN, N_VALID = 60, 49, 9
UNCHANGING = 1e-30  # a learning rate that is too small to move a float32 weight


def forecaster(**params):
    defaults = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
    return LSTMForecaster(**(defaults | params))


def plain_sgd(**params):
    """A net that does nothing but gradient descent in the given order."""
    plain = {
        "normalize": None,
        "early_stopping": False,
        "clip_grad_norm": None,
        "optimizer": torch.optim.SGD,
        "lr": 0.1,
        "iterator_train__shuffle": False,
    }
    return forecaster(**(plain | params))


def weights(net):
    return deepcopy(net.module_.state_dict())


@pytest.fixture
def one_thread():
    """Bare torch on one thread, as the forecasters are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def assert_same_bits(a, b):
    assert_close(a, b, rtol=0, atol=0)


def batch_sizes(net, part):
    """Sizes of the batches in the last epoch."""
    key = f"{part}_batch_size"
    return [batch[key] for batch in net.history[-1]["batches"] if key in batch]


def test_a_forecaster_is_a_skorch_regressor():
    net = forecaster()
    assert isinstance(net, skorch.NeuralNetRegressor)
    assert not hasattr(net, "predict_proba")
    assert not hasattr(net.fit(X, Y), "predict_proba")


# ------------------------------------------------------------------------- history


def test_history_has_a_row_an_epoch_and_the_loss_by_hand():
    net = forecaster(
        max_epochs=3,
        normalize=None,
        callbacks__best_weights=None,
        iterator_valid__batch_size=4,  # 9 = 4 + 4 + 1: the mean is over origins
    ).fit(X, Y)
    assert net.history[:, "epoch"] == [1, 2, 3]
    assert batch_sizes(net, "train") == [32, N_TRAIN - 32]
    assert batch_sizes(net, "valid") == [4, 4, 1]
    assert np.isfinite(net.history[:, ("train_loss", "valid_loss", "dur")]).all()
    error = net.predict(X[-N_VALID:]) - Y[-N_VALID:]
    assert net.history[-1, "valid_loss"] == pytest.approx((error**2).mean(), rel=1e-5)


def test_losses_are_in_the_units_of_the_window():
    net = forecaster(callbacks__best_weights=None).fit(X, Y)
    deviation = np.asarray(X[-N_VALID:])[..., 0].std(axis=1, keepdims=True)
    error = (net.predict(X[-N_VALID:]) - Y[-N_VALID:]) / deviation
    assert net.history[-1, "valid_loss"] == pytest.approx((error**2).mean(), rel=1e-5)


@pytest.mark.parametrize("early_stopping", [True, False])
def test_history_begins_anew_with_fit_and_grows_with_partial_fit(early_stopping):
    net = forecaster(early_stopping=early_stopping).fit(X, Y)
    first = net.history
    net.fit(X, Y)
    assert net.history is not first
    assert len(first) == len(net.history) == 2
    net.partial_fit(X, Y)
    assert net.history[:, "epoch"] == [1, 2, 3, 4]
    net.set_params(warm_start=True).fit(X, Y)
    assert net.history[:, "epoch"] == [1, 2, 3, 4, 5, 6]


def test_the_table_of_losses_is_printed_only_if_verbose(capsys):
    forecaster(max_epochs=3).fit(X, Y)
    assert capsys.readouterr().out == ""
    forecaster(max_epochs=3, verbose=1).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["epoch", "train_loss", "valid_loss", "dur"]
    assert [line.split()[0] for line in lines[2:]] == ["1", "2", "3"]


# ----------------------------------------------------------------------- callbacks


class Recorder(Callback):
    """Counts what happens and remembers the weights that a training starts from."""

    def initialize(self):
        self.train_batches_ = self.valid_batches_ = self.epochs_ = 0
        self.norms_ = []
        return self

    def on_train_begin(self, net, **kwargs):
        self.start_ = weights(net)

    def on_batch_end(self, net, training, **kwargs):
        self.train_batches_ += training
        self.valid_batches_ += not training

    def on_grad_computed(self, net, named_parameters, **kwargs):
        gradients = [p.grad.flatten() for _, p in named_parameters]
        self.norms_.append(float(torch.cat(gradients).norm()))

    def on_epoch_end(self, net, **kwargs):
        self.epochs_ += 1


@pytest.mark.parametrize(
    "batch_size, train_batches, valid_batches",
    [(7, 7, 2), (8, 7, 2), (49, 1, 1), (48, 2, 1), (1, 49, 9), (-1, 1, 1)],
)
def test_callbacks_see_every_batch(batch_size, train_batches, valid_batches):
    recorder = Recorder()
    forecaster(batch_size=batch_size, callbacks=[recorder]).fit(X, Y)
    assert recorder.train_batches_ == 2 * train_batches  # in 2 epochs
    assert recorder.valid_batches_ == 2 * valid_batches
    assert len(recorder.norms_) == 2 * train_batches


def test_callbacks_see_the_epoch_in_which_training_stops():
    recorder = Recorder()
    scoring = EpochScoring("r2", lower_is_better=False)
    net = forecaster(
        lr=UNCHANGING, n_iter_no_change=2, max_epochs=9, callbacks=[recorder, scoring]
    ).fit(X, Y)
    # the first epoch is the best, two more bring nothing
    assert len(net.history) == 3
    assert recorder.epochs_ == 3
    assert len(net.history[:, "r2"]) == 3


def test_skorch_early_stopping_stops_after_its_patience():
    stopping = EarlyStopping(patience=3)
    net = forecaster(lr=UNCHANGING, max_epochs=9, callbacks=[stopping]).fit(X, Y)
    assert len(net.history) == 1 + 3


def test_a_checkpoint_holds_the_best_epoch(tmp_path):
    checkpoint = Checkpoint(dirname=tmp_path)
    net = forecaster(lr=0.3, max_epochs=8, callbacks=[checkpoint]).fit(X, Y)
    best = int(np.argmin(net.history[:, "valid_loss"]))
    loaded = forecaster(random_state=1).initialize(X, Y)
    loaded.load_params(checkpoint=checkpoint)
    assert len(loaded.history) == best + 1
    np.testing.assert_array_equal(loaded.predict(X), net.predict(X))


@pytest.mark.parametrize("max_epochs", [8, 30], ids=["to the end", "until it stops"])
def test_a_checkpoint_of_the_end_holds_the_weights_that_are_kept(max_epochs, tmp_path):
    params = {"lr": 0.3, "max_epochs": max_epochs, "n_iter_no_change": 7}
    checkpoint = TrainEndCheckpoint(dirname=tmp_path)
    net = forecaster(callbacks=[checkpoint], **params).fit(X, Y)
    assert np.argmin(net.history[:, "valid_loss"]) < len(net.history) - 1
    assert (len(net.history) < max_epochs) is (max_epochs == 30)
    loaded = forecaster(random_state=1).initialize(X, Y)
    loaded.load_params(f_params=tmp_path / "train_end_params.pt")
    np.testing.assert_array_equal(loaded.predict(X), net.predict(X))


def test_the_learning_rate_follows_the_schedule():
    schedule = LRScheduler("StepLR", step_size=2, gamma=0.1)
    net = forecaster(lr=0.01, max_epochs=5, callbacks=[schedule]).fit(X, Y)
    expected = [0.01 * 0.1 ** (epoch // 2) for epoch in range(5)]
    assert net.history[:, "event_lr"] == pytest.approx(expected, rel=1e-12)
    (group,) = net.optimizer_.param_groups
    assert group["lr"] == pytest.approx(0.01 * 0.1 ** (5 // 2), rel=1e-12)


@pytest.mark.parametrize("y", [Y, Y[:, 0]], ids=["2-D y", "1-D y"])
@pytest.mark.parametrize("use_caching", [True, False])
@pytest.mark.parametrize("on_train", [True, False])
def test_epoch_scoring_is_the_score_of_predict(on_train, use_caching, y):
    scoring = EpochScoring(
        "neg_mean_absolute_error",
        name="score",
        lower_is_better=False,
        on_train=on_train,
        use_caching=use_caching,
    )
    # A cached training score mixes the weights of one epoch, so they must not move.
    net = forecaster(lr=UNCHANGING, callbacks=[scoring]).fit(X, y)
    horizon = y.size // len(y)
    n_train = N_ORIGINS - N_VALID - (horizon - 1)
    part = slice(0, n_train) if on_train else slice(-N_VALID, None)
    expected = -np.abs(net.predict(X[part]) - y[part]).mean()
    assert net.history[:, "score"] == pytest.approx([expected] * 2, rel=1e-6)


def test_the_progress_bar_counts_all_batches():
    net = forecaster(callbacks=[ProgressBar(detect_notebook=False)]).fit(X, Y)
    bar = dict(net.callbacks_)["ProgressBar"].pbar_
    assert bar.total == bar.n == 2 + 1  # 49 and 9 origins by 32


# --------------------------------------------------- going on, saving, initializing


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("how", ["partial_fit", "warm_start"])
def test_going_on_is_the_same_as_not_stopping(how, optimizer):
    recorder = Recorder()
    params = {"optimizer": optimizer, "lr": 0.01}
    net = plain_sgd(max_epochs=2, callbacks=[recorder], **params).fit(X, Y)
    stopped = weights(net)
    if how == "partial_fit":
        net.partial_fit(X, Y)
    else:
        net.set_params(warm_start=True).fit(X, Y)
    assert_same_bits(recorder.start_, stopped)
    whole = plain_sgd(max_epochs=4, **params).fit(X, Y)
    assert_same_bits(weights(net), weights(whole))


def test_partial_fit_of_a_new_net_is_fit():
    expected = weights(forecaster().fit(X, Y))
    assert_same_bits(weights(forecaster().partial_fit(X, Y)), expected)
    # shapes are not known at initialize, so the network is built anew
    assert_same_bits(weights(forecaster().initialize().partial_fit(X, Y)), expected)


def test_a_net_initialized_without_data_forecasts_one_step():
    net = forecaster().initialize()
    assert net.predict(np.asarray(X)).shape == (N_ORIGINS,)


@pytest.mark.parametrize("use_safetensors", [False, True])
def test_saved_params_forecast_the_same_in_another_object(tmp_path, use_safetensors):
    net = forecaster(num_layers=2).fit(X, Y)
    file = tmp_path / "params"
    net.save_params(f_params=file, use_safetensors=use_safetensors)
    other = forecaster(num_layers=2, random_state=1).initialize(X[:5], Y[:5])
    assert not np.array_equal(other.predict(X), net.predict(X))
    other.load_params(f_params=file, use_safetensors=use_safetensors)
    np.testing.assert_array_equal(other.predict(X), net.predict(X))


def test_training_goes_on_from_saved_params_optimizer_and_history(tmp_path):
    files = {f"f_{name}": tmp_path / name for name in ("params", "optimizer")}
    history = str(tmp_path / "history.json")
    params = {"optimizer": torch.optim.Adam, "lr": 0.01}
    net = plain_sgd(**params).fit(X, Y)
    net.save_params(**files, f_history=history)
    other = plain_sgd(random_state=1, **params).initialize(X, Y)
    other.load_params(**files, f_history=history)
    assert other.history == net.history
    assert_same_bits(weights(other.partial_fit(X, Y)), weights(net.partial_fit(X, Y)))


def test_another_hidden_size_builds_the_network_anew_at_partial_fit():
    # from then on it is as if the net had always had that size
    net = forecaster().fit(X, Y)
    before = net.predict(X)
    net.set_params(hidden_size=6)
    np.testing.assert_array_equal(net.predict(X), before)
    net.partial_fit(X, Y)
    assert net.module_.network.readout.in_features == 6
    assert_same_bits(weights(net), weights(forecaster(hidden_size=6).fit(X, Y)))


def test_a_trimmed_net_forecasts_the_same_and_trains_no_more():
    net = forecaster().fit(X, Y)
    expected = net.predict(X)
    net.trim_for_prediction()
    np.testing.assert_array_equal(net.predict(X), expected)
    assert net.optimizer_ is None
    with pytest.raises(SkorchTrainingImpossibleError):
        net.partial_fit(X, Y)


@pytest.mark.parametrize("training", [False, True])
def test_forward_keeps_the_order_of_samples(training):
    net = forecaster(batch_size=7).fit(X, Y)
    y = net.forward(X, training=training)
    assert not y.requires_grad
    assert_close(y.numpy(), net.predict(X), rtol=1e-6, atol=1e-6)
    sizes = [len(batch) for batch in net.forward_iter(X, training=training)]
    assert sizes == [7] * 8 + [4]


def test_dropout_is_active_in_forward_only_where_asked_for():
    net = forecaster(dropout=0.5).fit(X, Y)
    np.testing.assert_array_equal(net.forward(X).numpy(), net.predict(X))
    assert not np.array_equal(net.forward(X, training=True).numpy(), net.predict(X))


# ---------------------------------------------------------------------- parameters


def group(name):
    return lambda net: net.optimizer_.param_groups[0][name]


DUNDER = [
    ("optimizer__weight_decay", 0.1, group("weight_decay"), 0.1),
    ("optimizer__betas", (0.5, 0.9), group("betas"), (0.5, 0.9)),
    ("optimizer__lr", 0.02, group("lr"), 0.02),
    ("criterion__reduction", "sum", lambda net: net.criterion_.reduction, "sum"),
    (
        "iterator_train__batch_size",
        20,
        lambda net: batch_sizes(net, "train"),
        [20, 20, 9],
    ),
    ("iterator_valid__batch_size", 5, lambda net: batch_sizes(net, "valid"), [5, 4]),
    (
        "callbacks__print_log",
        None,
        lambda net: "print_log" in dict(net.callbacks_),
        False,
    ),
    (
        "callbacks__best_weights__patience",
        3,
        lambda net: dict(net.callbacks_)["best_weights"].patience,
        3,
    ),
]
WAYS = {
    "constructor": lambda params: forecaster(**params),
    "set_params": lambda params: forecaster().set_params(**params),
    "set_params after fit": lambda params: forecaster().fit(X, Y).set_params(**params),
    "clone": lambda params: clone(forecaster(**params)),
    "clone after fit and set_params": lambda params: clone(
        forecaster().fit(X, Y).set_params(**params)
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name, value, found, expected", DUNDER)
def test_dunder_parameters_reach_their_component(name, value, found, expected, way):
    assert found(forecaster().fit(X, Y)) != expected
    net = WAYS[way]({name: value})
    assert net.get_params(deep=False)[name] == value
    assert found(net.fit(X, Y)) == expected


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("name, value", [row[:2] for row in DUNDER])
def test_get_params_returns_what_was_set(name, value, fitted):
    net = forecaster(**{name: value})
    if fitted:
        net.fit(X, Y)
    assert net.get_params()[name] == value


def test_get_params_shows_nothing_private():
    net = forecaster().fit(X, Y)
    assert [name for name in net.get_params() if "___" in name] == []


def test_dunder_parameters_in_a_grid():
    grid = {
        "optimizer__weight_decay": [0.0, 10.0],
        "iterator_train__shuffle": [True, False],
        "callbacks__print_log": [None],
        "callbacks__best_weights__patience": [1],
    }
    cv = KFold(2)
    search = GridSearchCV(forecaster(), grid, cv=cv).fit(X, Y)
    results = search.cv_results_
    expected = [
        cross_val_score(forecaster(**params), X, Y, cv=cv).mean()
        for params in results["params"]
    ]
    np.testing.assert_array_equal(results["mean_test_score"], expected)
    assert len(set(expected)) == 4


@pytest.mark.parametrize(
    "name, in_group", [("lr", "lr"), ("optimizer__weight_decay", "weight_decay")]
)
def test_optimizer_parameters_take_effect_at_once(name, in_group):
    net = forecaster().fit(X, Y)
    optimizer = net.optimizer_
    net.set_params(**{name: 0.25})
    assert net.optimizer_ is optimizer
    assert [g[in_group] for g in optimizer.param_groups] == [0.25]


MISSPELT = [
    ("max_epoch", "max_epochs"),
    ("hiden_size", "hidden_size"),
    ("optimizer__weight_dekay", "optimizer__weight_decay"),
    ("optimiser__lr", "optimizer__lr"),
    ("callback__x", "callbacks__x"),
    ("iterator_train__shufle", "iterator_train__shuffle"),
    ("criterion__reduktion", "criterion__reduction"),
    ("module__hiden_size", "module__hidden_size"),
    ("callbacks__print_logg", "callbacks__print_log"),
    ("callbacks__best_wieghts__patience", "callbacks__best_weights__patience"),
    ("callbacks__best_weights__patiense", "callbacks__best_weights__patience"),
]


@pytest.mark.parametrize("wrong, right", MISSPELT)
def test_a_misspelt_parameter_fails_in_the_constructor(wrong, right):
    with pytest.raises(TypeError, match=f"'{wrong}'.*did you mean '{right}'"):
        forecaster(**{wrong: 1})


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("wrong, right", MISSPELT)
def test_a_misspelt_parameter_fails_in_set_params(wrong, right, fitted):
    net = forecaster()
    if fitted:
        net.fit(X, Y)
    before = vars(net).copy()
    with pytest.raises(ValueError, match=f"'{wrong}'.*did you mean '{right}'"):
        net.set_params(lr=0.25, **{wrong: 1})
    assert vars(net) == before


# ------------------------------------------ criterion, optimizer, iterators, splits


def huber(error, delta):
    """Squared within delta, linear outside."""
    size = np.abs(error)
    return np.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta))


@pytest.mark.parametrize(
    "params, loss",
    [
        ({"criterion": torch.nn.L1Loss}, np.abs),
        ({"criterion": torch.nn.L1Loss()}, np.abs),
        (
            {"criterion": torch.nn.HuberLoss, "criterion__delta": 0.3},
            lambda error: huber(error, 0.3),
        ),
        ({"criterion": torch.nn.HuberLoss(delta=0.3)}, lambda e: huber(e, 0.3)),
    ],
)
def test_the_criterion_is_the_loss_that_is_minimized(params, loss):
    net = forecaster(normalize=None, callbacks__best_weights=None, **params).fit(X, Y)
    expected = loss(net.predict(X[-N_VALID:]) - Y[-N_VALID:]).mean()
    assert net.history[-1, "valid_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("sample_weight", [None, np.arange(1.0, N_ORIGINS + 1)])
def test_a_torch_data_loader_yields_the_same_batches(sample_weight):
    own = forecaster(iterator_train__shuffle=False).fit(X, Y, sample_weight)
    loader = forecaster(iterator_train=DataLoader, iterator_train__shuffle=False)
    loader.fit(X, Y, sample_weight)
    assert_same_bits(weights(loader), weights(own))


def test_a_torch_data_loader_shuffles_by_the_random_state():
    nets = [forecaster(iterator_train=DataLoader).fit(X, Y) for _ in range(2)]
    assert_same_bits(weights(nets[0]), weights(nets[1]))
    ordered = forecaster(iterator_train=DataLoader, iterator_train__shuffle=False)
    with pytest.raises(AssertionError):
        assert_same_bits(weights(nets[0]), weights(ordered.fit(X, Y)))


@pytest.mark.parametrize(
    "params, n_train, n_valid",
    [
        ({}, N_TRAIN, N_VALID),
        ({"validation_fraction": 0.5}, 60 - 30 - 2, 30),
        ({"early_stopping": False}, 60, 0),
        ({"train_split": None}, 60, 0),
        ({"train_split": ValidSplit(4)}, 45, 15),  # skorch takes one fold of four
        ({"train_split": ValidSplit(0.2)}, 48, 12),
        ({"train_split": predefined_split(WindowDataset(X[:5], Y[:5]))}, 60, 5),
    ],
)
def test_train_split_decides_who_validates(params, n_train, n_valid):
    net = forecaster(**params).fit(X, Y)
    assert sum(batch_sizes(net, "train")) == n_train
    assert sum(batch_sizes(net, "valid")) == n_valid
    assert ("valid_loss" in net.history[-1]) == (n_valid > 0)


# ---------------------------------------------------------------------- bare torch


class BareLSTM(torch.nn.Module):
    """What the two-layer network must be equal to."""

    def __init__(self, n_channels, n_outputs, hidden_size):
        super().__init__()
        self.lstm = torch.nn.LSTM(
            n_channels, hidden_size, num_layers=2, batch_first=True
        )
        self.readout = torch.nn.Linear(hidden_size, n_outputs)

    def forward(self, x):
        return self.readout(self.lstm(x)[0][:, -1])

    @staticmethod
    def names(state):
        """State of an LSTMNetwork under the names of this module."""
        return {
            name.replace("layers.0.", "lstm.")
            .replace("layers.1.", "lstm.")
            .replace("_l0", "_l1" if "layers.1" in name else "_l0"): value
            for name, value in state.items()
        }


def test_the_lstm_network_is_torch_lstm_and_a_linear_layer(one_thread):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = LSTMNetwork(2, 6, hidden_size=5, num_layers=2)
        x = torch.randn(7, 9, 2)
    bare = BareLSTM(2, 6, hidden_size=5)
    bare.load_state_dict(BareLSTM.names(network.state_dict()))
    assert_close(network(x), bare(x), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_fit_is_a_plain_torch_loop(momentum, one_thread):
    net = plain_sgd(num_layers=2, batch_size=16, optimizer__momentum=momentum)
    bare = BareLSTM(1, 3, hidden_size=4)
    bare.load_state_dict(BareLSTM.names(net.initialize(X, Y).module_.state_dict()))
    start = deepcopy(bare.state_dict())
    optimizer = torch.optim.SGD(bare.parameters(), lr=0.1, momentum=momentum)
    x = torch.tensor(np.asarray(X))
    y = torch.tensor(np.asarray(Y), dtype=torch.float32)
    for _ in range(2):
        for first in range(0, N_ORIGINS, 16):
            batch = slice(first, first + 16)
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(bare(x[batch]), y[batch]).backward()
            optimizer.step()
    trained = BareLSTM.names(weights(net.fit(X, Y)))
    for name, value in bare.state_dict().items():
        assert not torch.equal(value, start[name])
        assert_close(trained[name], value, rtol=1e-6, atol=1e-7)


class Fixed(torch.nn.Module):
    """Gives a known output and remembers the input."""

    def __init__(self, output):
        super().__init__()
        self.output = output

    def forward(self, x):
        self.input = x
        return self.output


def test_window_normalization_by_its_formula():
    rng = np.random.RandomState(0)
    x = (5 + 3 * rng.randn(4, 10, 3)).astype(np.float32)
    x[1, :, 0] = 2.0  # nothing happens: the deviation 0 is raised to min_scale
    z = rng.randn(4, 6).astype(np.float32)  # 3 steps of 2 targets, step-major
    layer = WindowNormalization(Fixed(torch.tensor(z)), n_channels=3, n_targets=2)
    layer.min_scale[:] = 0.5
    y = layer(torch.tensor(x))

    mean = x.mean(axis=1)
    scale = np.maximum(x.std(axis=1), 0.5)
    seen = (x - mean[:, None]) / scale[:, None]
    # columns of y: targets 0, 1, 0, 1, 0, 1
    target = [0, 1, 0, 1, 0, 1]
    expected = mean[:, target] + scale[:, target] * z
    assert_close(layer.network.input.numpy(), seen, rtol=1e-5, atol=1e-5)
    assert_close(y.numpy(), expected, rtol=1e-5, atol=1e-5)
    assert_close(layer.in_window_units(y).numpy(), z, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "deviations, expected",
    [
        ([1.0, 2.0, 3.0], 0.2),  # a tenth of the median
        ([0.0, 0.0, 6.0], 0.2),  # a tenth of the mean where the median is 0
        ([0.0, 0.0, 0.0], 1.0),  # any scale will do
    ],
)
def test_the_least_scale_is_calibrated_on_the_training_windows(deviations, expected):
    # a window of m - d, m + d has the deviation d
    windows = torch.tensor([[[7.0 - d], [7.0 + d]] for d in deviations])
    layer = WindowNormalization(Fixed(None), n_channels=1)
    layer.calibrate(windows)
    assert layer.min_scale.tolist() == pytest.approx([expected], rel=1e-6)


def test_gradients_are_clipped_to_the_joint_norm():
    free, clipped = Recorder(), Recorder()
    plain_sgd(lr=UNCHANGING, callbacks=[free]).fit(X, Y)
    limit = float(np.median(free.norms_))
    assert min(free.norms_) < limit < max(free.norms_)
    plain_sgd(lr=UNCHANGING, callbacks=[clipped], clip_grad_norm=limit).fit(X, Y)
    expected = [min(norm, limit) for norm in free.norms_]
    assert clipped.norms_ == pytest.approx(expected, rel=1e-5)


def test_one_dimensional_y_and_a_column_train_the_same_network():
    flat = forecaster().fit(X, Y[:, 0])
    column = forecaster().fit(X, Y[:, :1])
    assert_same_bits(weights(flat), weights(column))
    assert flat.predict(X).shape == (N_ORIGINS,)
    assert column.predict(X).shape == (N_ORIGINS, 1)
    np.testing.assert_array_equal(flat.predict(X), column.predict(X)[:, 0])


# ------------------------------------------------------------------ sample weights


@pytest.mark.parametrize("normalize", ["window", None])
def test_an_origin_of_weight_zero_has_no_influence(normalize):
    sample_weight = np.ones(N_ORIGINS)
    sample_weight[20] = 0
    wild = np.array(Y)
    wild[20] = 1e6
    params = {"early_stopping": False, "normalize": normalize}
    expected = weights(forecaster(**params).fit(X, Y, sample_weight))
    found = weights(forecaster(**params).fit(X, wild, sample_weight))
    assert_same_bits(found, expected)
    unweighted = weights(forecaster(**params).fit(X, wild))
    with pytest.raises(AssertionError):
        assert_close(unweighted, expected)


@pytest.mark.parametrize("zeros", [slice(-15, None), slice(0, 20), slice(1, None, 2)])
def test_weight_zero_is_the_same_as_not_being_there(zeros):
    sample_weight = np.ones(N_ORIGINS)
    sample_weight[zeros] = 0
    rows = np.flatnonzero(sample_weight)
    weighted = forecaster().fit(X, Y, sample_weight)
    without = forecaster().fit(X[rows], Y[rows])
    np.testing.assert_array_equal(weighted.predict(X), without.predict(X))


@pytest.mark.parametrize("normalize", ["window", None])
def test_weight_two_is_the_same_as_twice_the_row(normalize):
    counts = np.where(np.arange(N_ORIGINS) % 3 == 0, 2, 1)
    params = {"batch_size": -1, "normalize": normalize}
    weighted = plain_sgd(**params).fit(X, Y, sample_weight=counts)
    rows = np.repeat(np.arange(N_ORIGINS), counts)
    repeated = plain_sgd(**params).fit(np.asarray(X)[rows], np.asarray(Y)[rows])
    unweighted = plain_sgd(**params).fit(X, Y)
    assert_close(weights(weighted), weights(repeated), rtol=1e-5, atol=1e-6)
    with pytest.raises(AssertionError):
        assert_close(weights(weighted), weights(unweighted), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("value", [1.0, 0.1, 7])
def test_constant_weights_are_no_weights(value):
    weighted = forecaster().fit(X, Y, sample_weight=np.full(N_ORIGINS, value))
    assert_same_bits(weights(weighted), weights(forecaster().fit(X, Y)))


def test_only_ratios_of_weights_matter():
    sample_weight = np.arange(1.0, N_ORIGINS + 1)
    one, other = (forecaster().fit(X, Y, c * sample_weight) for c in (1, 1024))
    assert_same_bits(weights(one), weights(other))


@pytest.mark.parametrize(
    "sample_weight, message",
    [
        (-np.ones(N_ORIGINS), "Negative"),
        (np.zeros(N_ORIGINS), "non-zero|positive"),
        (np.ones(N_ORIGINS - 1), r"\(59,\).*\(60,\)"),
        (np.full(N_ORIGINS, np.nan), "NaN"),
        (np.ones((N_ORIGINS, 3)), "1D"),
    ],
)
def test_wrong_weights_are_refused(sample_weight, message):
    net = forecaster().fit(X, Y)
    before = vars(net).copy()
    with pytest.raises(ValueError, match=message):
        net.fit(X, Y, sample_weight=sample_weight)
    assert vars(net) == before


def test_weights_ask_for_a_criterion_that_can_be_weighted():
    net = forecaster(criterion__reduction="sum")
    with pytest.raises(TypeError, match="reduction='mean'"):
        net.fit(X, Y, sample_weight=np.arange(N_ORIGINS))


SAMPLE_WEIGHT = np.linspace(0.0, 1.0, N_ORIGINS)


def test_weights_are_routed_through_a_pipeline():
    expected = (
        forecaster()
        .fit(np.asarray(X)[:, -5:], Y, SAMPLE_WEIGHT)
        .predict(np.asarray(X)[:, -5:])
    )
    with sklearn.config_context(enable_metadata_routing=True):
        net = forecaster().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(SlidingWindow(5), net)
        pipeline.fit(X, Y, sample_weight=SAMPLE_WEIGHT)
        np.testing.assert_array_equal(pipeline.predict(X), expected)


def test_weights_are_routed_through_cross_validation_and_search():
    cv = TimeSeriesSplit(2, gap=2)
    expected = [
        forecaster()
        .fit(X[train], Y[train], SAMPLE_WEIGHT[train])
        .score(X[test], Y[test])
        for train, test in cv.split(X)
    ]
    with sklearn.config_context(enable_metadata_routing=True):
        net = (
            forecaster()
            .set_fit_request(sample_weight=True)
            .set_score_request(sample_weight=False)
        )
        scores = cross_validate(
            net, X, Y, cv=cv, params={"sample_weight": SAMPLE_WEIGHT}
        )
        np.testing.assert_array_equal(scores["test_score"], expected)
        search = GridSearchCV(net, {"lr": [net.lr]}, cv=cv)
        search.fit(X, Y, sample_weight=SAMPLE_WEIGHT)
        assert search.best_score_ == np.mean(expected)


# --------------------------------------------------- best weights and losses of NaN


@pytest.mark.parametrize(
    "params, watched",
    [({}, "valid_loss"), ({"train_split": None}, "train_loss")],
)
def test_training_stops_when_the_watched_loss_no_longer_improves(params, watched):
    net = forecaster(lr=0.3, max_epochs=40, n_iter_no_change=3, **params).fit(X, Y)
    losses = net.history[:, watched]
    assert len(losses) == int(np.argmin(losses)) + 1 + 3


def test_the_best_weights_are_kept():
    params = {"lr": 0.3, "normalize": None, "max_epochs": 8}
    net = forecaster(**params).fit(X, Y)
    losses = net.history[:, "valid_loss"]
    best = int(np.argmin(losses))
    assert best < len(losses) - 1  # else the test would tell nothing
    error = net.predict(X[-N_VALID:]) - Y[-N_VALID:]
    assert (error**2).mean() == pytest.approx(losses[best], rel=1e-5)
    # and they are those of a training that ends there
    until = forecaster(**(params | {"max_epochs": best + 1})).fit(X, Y)
    np.testing.assert_array_equal(net.predict(X), until.predict(X))


class TurnsNaN(torch.nn.MSELoss):
    """Mean squared error, but NaN after so many calls."""

    def __init__(self, calls):
        super().__init__()
        self.calls = calls

    def forward(self, y_pred, y_true):
        self.calls -= 1
        loss = super().forward(y_pred, y_true)
        return loss if self.calls >= 0 else loss * torch.nan


@pytest.mark.parametrize("early_stopping", [True, False])
def test_a_loss_that_turns_nan_ends_the_training_with_the_best_weights(early_stopping):
    params = {"batch_size": -1, "early_stopping": early_stopping}
    calls_an_epoch = 2 if early_stopping else 1
    net = forecaster(
        criterion=TurnsNaN, criterion__calls=2 * calls_an_epoch, max_epochs=9, **params
    )
    with pytest.warns(ConvergenceWarning, match="nan in epoch 3.*weights of epoch 2"):
        net.fit(X, Y)
    assert len(net.history) == 3
    expected = forecaster(max_epochs=2, **params).fit(X, Y).predict(X)
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(net.predict(X), expected)


class NaNGradient(torch.nn.MSELoss):
    """Mean squared error, but in one call with gradients of NaN."""

    def __init__(self, call):
        super().__init__()
        self.call = call

    def forward(self, y_pred, y_true):
        self.call -= 1
        loss = super().forward(y_pred, y_true)
        # the root of zero is zero and has no derivative
        return loss + (0 * loss).sqrt() if self.call == 0 else loss


def test_weights_of_nan_are_not_kept_where_the_loss_was_finite():
    params = {"batch_size": -1, "early_stopping": False}
    net = forecaster(criterion=NaNGradient, criterion__call=3, max_epochs=3, **params)
    with pytest.warns(ConvergenceWarning, match="weights of epoch 2"):
        net.fit(X, Y)
    expected = forecaster(max_epochs=2, **params).fit(X, Y).predict(X)
    np.testing.assert_array_equal(net.predict(X), expected)


def test_a_loss_of_nan_from_the_start_leaves_a_new_object_unfitted():
    net = forecaster(criterion=TurnsNaN, criterion__calls=0)
    before = vars(net).copy()
    with pytest.raises(ValueError, match="nan from the first epoch"):
        net.fit(X, Y)
    assert vars(net) == before


class Fails(Callback):
    def on_epoch_end(self, net, **kwargs):
        raise RuntimeError("on purpose")


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    "broken, error",
    [
        ({"criterion": TurnsNaN, "criterion__calls": 0}, ValueError),
        ({"callbacks__train_loss": Fails()}, RuntimeError),
        ({"optimizer__weight_decay": float("nan")}, ValueError),
    ],
    ids=["loss of nan", "failing callback", "weights of nan"],
)
def test_a_fitted_object_survives_an_error_as_it_was(method, broken, error):
    net = forecaster(batch_size=-1).fit(X, Y)
    net.set_params(**broken)
    forecasts, history = net.predict(X), deepcopy(net.history)
    optimizer = deepcopy(net.optimizer_.state_dict()["state"])
    with warnings.catch_warnings(), pytest.raises(error):
        warnings.simplefilter("ignore", ConvergenceWarning)
        getattr(net, method)(X, Y)
    np.testing.assert_array_equal(net.predict(X), forecasts)
    assert net.history == history
    assert_same_bits(net.optimizer_.state_dict()["state"], optimizer)


class FailsIf(Callback):
    failing = False

    def on_epoch_end(self, net, **kwargs):
        if self.failing:
            raise RuntimeError("on purpose")


def test_after_an_error_training_goes_on_as_if_it_had_not_happened():
    callback = FailsIf()
    net = forecaster(dropout=0.5, callbacks=[callback]).fit(X, Y)
    expected = weights(deepcopy(net).partial_fit(X, Y))
    callback.failing = True
    with pytest.raises(RuntimeError):
        net.partial_fit(X, Y)
    callback.failing = False
    assert_same_bits(weights(net.partial_fit(X, Y)), expected)
