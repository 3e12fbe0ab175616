"""Training is that of bare torch; sample weights; the best weights; losses of NaN."""

import warnings
from copy import deepcopy
from functools import partial

import numpy as np
import pytest
import sklearn
import torch
from nets import (
    N_ORIGINS,
    N_VALID,
    UNCHANGING,
    Recorder,
    X,
    Y,
    assert_same_bits,
    forecaster,
    plain_sgd,
    weights,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import (
    GridSearchCV,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from skorch.callbacks import (
    Callback,
)
from torch.testing import assert_close

from sktorch_forecast import SlidingWindow
from sktorch_forecast._training import epochs, order
from sktorch_forecast._training.batches import BatchIterator
from sktorch_forecast.layers import Encoded, WindowNormalization
from sktorch_forecast.layers.heads import Point
from sktorch_forecast.networks.lstm import LSTMNetwork

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
            name.removeprefix("network.")
            .replace("recurrent.layers.0.", "lstm.")
            .replace("recurrent.layers.1.", "lstm.")
            .replace("_l0", "_l1" if "layers.1" in name else "_l0"): value
            for name, value in state.items()
            if not name.startswith(("normalization.", "_extra_state"))
        }


def test_the_lstm_network_is_torch_lstm_and_a_linear_layer(one_thread):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = LSTMNetwork(2, (3, 2, 1), hidden_size=5, num_layers=2)
        x = torch.randn(7, 9, 2)
    bare = BareLSTM(2, 6, hidden_size=5)
    bare.load_state_dict(BareLSTM.names(network.state_dict()))
    assert_close(network(x).flatten(1), bare(x), rtol=1e-6, atol=1e-6)


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


def test_window_normalization_by_its_formula():
    rng = np.random.RandomState(0)
    x = (5 + 3 * rng.randn(4, 10, 3)).astype(np.float32)
    x[1, :, 0] = 2.0  # nothing happens: the deviation 0 is raised to min_scale
    z = rng.randn(4, 6).astype(np.float32)  # 3 steps of 2 targets, step-major
    layer = WindowNormalization(n_channels=3, n_targets=2)
    layer.min_scale[:] = 0.5
    found, units = layer.encode(torch.tensor(x))
    encoded = Encoded(torch.tensor(z).view(4, 3, 2, 1), units)
    y = Point().decode(encoded)[..., 0]

    mean = x.mean(axis=1)
    scale = np.maximum(x.std(axis=1), 0.5)
    seen = (x - mean[:, None]) / scale[:, None]
    # columns of y: targets 0, 1, 0, 1, 0, 1
    target = [0, 1, 0, 1, 0, 1]
    expected = mean[:, target] + scale[:, target] * z
    assert_close(found.numpy(), seen, rtol=1e-5, atol=1e-5)
    assert_close(y.flatten(1).numpy(), expected, rtol=1e-5, atol=1e-5)
    assert_close(units.encode(y).flatten(1).numpy(), z, rtol=1e-4, atol=1e-5)


def test_a_series_at_a_high_level_keeps_its_digits():
    # float32 has steps of 1/16 there; a mean from the plain sum is off by more.
    x = (1e6 + np.random.RandomState(0).randn(64, 336, 2)).astype(np.float32)
    found, _ = WindowNormalization(n_channels=2).encode(torch.tensor(x))
    exact = x.astype(np.float64)
    exact = (exact - exact.mean(axis=1, keepdims=True)) / exact.std(
        axis=1, keepdims=True
    )
    np.testing.assert_allclose(found, exact, atol=1e-5)


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
    layer = WindowNormalization(n_channels=1)
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


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, partial(torch.optim.Adam)])
def test_only_lbfgs_is_warned_of_clipping(optimizer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        forecaster(optimizer=optimizer, clip_grad_norm=1.0).fit(X, Y)


def unaligned(array):
    """The same values in records of five bytes, as a binary file may hold them."""
    records = np.zeros(array.shape, dtype=[("flag", "i1"), ("value", "<f4")])
    records["value"] = array
    return records["value"]


VIEWS = {
    "origins backwards": lambda array: array[::-1].copy()[::-1],
    "outputs backwards": lambda array: array[:, ::-1].copy()[:, ::-1],
    "records of five bytes": unaligned,
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_views_that_torch_cannot_hold_train_and_forecast_as_their_copies_do(view):
    windows, y = np.asarray(X), Y.astype(np.float32)
    net = forecaster().fit(windows, y)
    other = forecaster().fit(view(windows), view(y))
    assert_same_bits(weights(net), weights(other))
    np.testing.assert_array_equal(net.predict(view(windows)), net.predict(windows))


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


class RowLoss(torch.nn.Module):
    """A loss of whole rows, which has none of each target."""

    reduction = "mean"

    def forward(self, y_pred, y_true):
        losses = torch.linalg.vector_norm(y_pred - y_true, dim=1)
        return losses.mean() if self.reduction == "mean" else losses


class OwnCrossEntropy(torch.nn.CrossEntropyLoss):
    """What it says of a row does not change by a number added to all of its outputs."""

    def forward(self, input, target):
        size = (input - target).square().mean()
        return super().forward(input, target.softmax(dim=1)) + size


def test_losses_of_ones_own_give_one_number_for_a_batch():
    for criterion in (RowLoss, RowLoss(), OwnCrossEntropy):
        net = forecaster(criterion=criterion).fit(X, Y)
        assert np.isfinite(net.history[-1, "train_loss"])
    with pytest.raises(
        ValueError, match=r"RowLoss to return with.*\(\d+, \d+\), found"
    ):
        forecaster(criterion=RowLoss).fit(X, Y, sample_weight=np.arange(N_ORIGINS))


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


# -------------------------------------------------------------------------- batches


def test_an_iterator_knows_how_many_batches_it_has():
    net = forecaster().initialize(X, Y)
    dataset = net.get_dataset(X, Y)
    for batch_size, n_batches in [(7, 9), (60, 1), (61, 1), (20, 3)]:  # of 60 origins
        iterator = BatchIterator(dataset, batch_size)
        assert len(iterator) == len(list(iterator)) == n_batches


def test_an_epoch_keeps_no_more_of_a_batch_than_its_loss(monkeypatch):
    """On the CPU, torch's mse_loss returns a number in the memory of all squares."""
    kept, stack = [], torch.stack

    def note(losses):
        kept.extend(loss.untyped_storage().nbytes() for loss in losses)
        return stack(losses)

    monkeypatch.setattr(epochs.torch, "stack", note)
    forecaster(max_epochs=1, early_stopping=False, baseline=None).fit(X, Y)
    assert len(kept) > 1
    assert set(kept) == {4}


class Numbered:
    """As many samples as one likes; each is its number."""

    device = "cpu"

    def __init__(self, n_samples):
        self.n_samples = n_samples

    def __len__(self):
        return self.n_samples

    def __getitem__(self, rows):
        return rows


@pytest.mark.parametrize("n_samples", [1, 7, 8, 9, 40, 43])
@pytest.mark.parametrize("batch_size", [1, 3, 8, 50])
def test_an_order_in_pieces_has_every_sample_once(n_samples, batch_size, monkeypatch):
    for name, number in {"_N_TOGETHER": 8, "_BLOCK": 2, "_PIECE": 6}.items():
        monkeypatch.setattr(order, name, number)
    generator = torch.Generator().manual_seed(0)
    iterator = BatchIterator(Numbered(n_samples), batch_size, True, generator)
    *full, last = iterator
    assert {len(batch) for batch in full} <= {batch_size}
    assert len(last) == (n_samples - 1) % batch_size + 1
    rows = torch.cat([*full, last]).tolist()
    assert sorted(rows) == list(range(n_samples))
    if n_samples > 8:
        assert rows != list(range(n_samples))
        assert rows != torch.cat(list(iterator)).tolist()  # the next epoch
        # The first piece has three blocks of two, one of which may be short.
        assert len({row // 2 for row in rows[:5]}) == 3


def test_the_order_of_two_billion_samples_is_drawn_in_pieces():
    first = next(iter(BatchIterator(Numbered(2**31 + 1), 5000, shuffle=True)))
    assert len(first.unique()) == 5000
    assert 0 <= first.min() < first.max() <= 2**31
    # Of a thousand places all over the data.
    assert len((first // 2**12).unique()) > 900
