"""The networks of the course against bare torch; targets of all steps; truncation.

Conventions: x is (batch, length, n_channels), y is (batch, horizon * n_targets), and a
network that forecasts from all steps gives (batch, n_steps, horizon * n_targets).
"""

import numpy as np
import pytest
import torch
from common import NETWORKS
from torch.testing import assert_close

from sktorch_forecast import (
    ConvRNNForecaster,
    GRUForecaster,
    LSTMForecaster,
    RNNForecaster,
    make_windows,
)
from sktorch_forecast._training.objective import targets_of_steps
from sktorch_forecast.datasets import make_waves

pytestmark = pytest.mark.usefixtures("one_thread")

RNN, LSTM, GRU = torch.nn.RNN, torch.nn.LSTM, torch.nn.GRU
LENGTH = 50
RAW = {"normalize": None, "random_state": 0, "baseline": None}


def random_batch(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def built(forecaster, n_outputs=1, length=LENGTH):
    """The forecaster with its network, untrained, for windows of one channel."""
    X, y = np.zeros((2, length), dtype=np.float32), np.zeros((2, n_outputs))
    return forecaster.initialize(X, y)


def flat(forecasts):
    """(..., horizon, n_targets, 1) -> (..., horizon * n_targets)"""
    return forecasts.flatten(-3)


# --------------------------------------------------------- the course's own networks


class CourseNetwork(torch.nn.Module):
    """torch's stacked layers, maybe a convolution before and a linear layer after."""

    def __init__(self, cell, hidden_size, num_layers, n_outputs, conv, linear):
        super().__init__()
        self.conv = torch.nn.Conv1d(1, 20, kernel_size=4, stride=2) if conv else None
        self.rnn = cell(20 if conv else 1, hidden_size, num_layers, batch_first=True)
        self.linear = torch.nn.Linear(hidden_size, n_outputs) if linear else None

    def forward(self, x):
        """Forecasts from every time step."""
        if self.conv is not None:
            x = self.conv(x.transpose(1, 2)).transpose(1, 2)
        outputs, _ = self.rnn(x)
        return outputs if self.linear is None else self.linear(outputs)

    def take_weights(self, network):
        """Those of a network of the package, under torch's names."""
        if self.conv is not None:
            self.conv.load_state_dict(network.conv.state_dict())
            network = network.rnn
        if self.linear is not None:
            self.linear.load_state_dict(network.readout.state_dict())
        self.rnn.load_state_dict(
            {
                f"{name.removesuffix('0')}{number}": weight
                for number, layer in enumerate(network.recurrent.layers)
                for name, weight in layer.state_dict().items()
            }
        )
        return self


DEEP = {"hidden_size": 20, "num_layers": 2}
ONE_UNIT = {"hidden_size": 1, "readout": False}
# row of the course: (forecaster, cell, units, layers, outputs, convolution, linear)
COURSE = {
    "simple RNN": (RNNForecaster(**ONE_UNIT, **RAW), RNN, 1, 1, 1, False, False),
    "RNN": (RNNForecaster(hidden_size=20, **RAW), RNN, 20, 1, 1, False, True),
    "deep RNN": (RNNForecaster(**DEEP, **RAW), RNN, 20, 2, 1, False, True),
    "several values": (RNNForecaster(**DEEP, **RAW), RNN, 20, 2, 10, False, True),
    "LSTM": (LSTMForecaster(**DEEP, **RAW), LSTM, 20, 2, 10, False, True),
    "GRU": (GRUForecaster(**DEEP, **RAW), GRU, 20, 2, 10, False, True),
    "ConvRNN": (ConvRNNForecaster(**DEEP, **RAW), GRU, 20, 2, 10, True, True),
}


@pytest.mark.parametrize("row", COURSE)
def test_the_networks_are_those_of_the_course(row):
    forecaster, *architecture = COURSE[row]
    net = built(forecaster, n_outputs=architecture[3])
    course = CourseNetwork(*architecture).take_weights(net.module_.network)
    x = random_batch(7, LENGTH, 1)
    with torch.no_grad():
        expected = course(x)
        network = net.module_.network
        assert_close(flat(network(x, all_steps=True)), expected, rtol=0, atol=1e-6)
        assert_close(flat(network(x)), expected[:, -1], rtol=0, atol=1e-6)
    forecasts = torch.from_numpy(net.predict(x.numpy()))
    assert_close(forecasts, expected[:, -1], rtol=0, atol=1e-6)
    n_steps = 24 if row == "ConvRNN" else LENGTH  # (50 - 4) / 2 + 1
    assert expected.shape == (7, n_steps, architecture[3])
    assert expected.std() > 0.01  # not equal because all is zero


@pytest.mark.parametrize("length, n_zeros", [(2, 2), (4, 0), (5, 1), (50, 0), (51, 1)])
def test_the_convolution_ends_with_the_window(length, n_zeros):
    """Where the stride does not fit the window, zeros come before it."""
    net = built(ConvRNNForecaster(**DEEP, **RAW), length=length)
    course = CourseNetwork(GRU, 20, 2, 1, True, True).take_weights(net.module_.network)
    x = random_batch(3, length, 1)
    filled = torch.cat([torch.zeros(3, n_zeros, 1), x], dim=1)
    found = flat(net.module_.network(x, all_steps=True))
    assert_close(found, course(filled), rtol=0, atol=1e-6)


def test_relu_is_torch_relu():
    net = built(RNNForecaster(nonlinearity="relu", hidden_size=5, **RAW))
    bare = RNN(1, 5, nonlinearity="relu", batch_first=True)
    bare.load_state_dict(net.module_.network.recurrent.layers[0].state_dict())
    x = random_batch(3, 9, 1)
    expected = net.module_.network.readout(bare(x)[0][:, -1])
    assert_close(net.module_.network(x), expected, rtol=0, atol=1e-6)


FORECASTERS = [RNNForecaster, LSTMForecaster, GRUForecaster, ConvRNNForecaster]
CAUSAL = [
    cls for cls in NETWORKS if "all_steps" in cls.module.forward.__code__.co_varnames
]


@pytest.mark.parametrize("cls", CAUSAL)
def test_a_step_does_not_know_what_follows_it(cls):
    net = built(cls(**RAW), length=20)
    x = random_batch(3, 20, 1)
    changed = x.clone()
    changed[:, 13:] += 1  # 13 timestamps, 0 to 12, are the same
    before, after = (net.module_.network(z, all_steps=True) for z in (x, changed))
    stride = net.module_.stride
    # The timestamp that each step has read last.
    position = 19 - stride * torch.arange(before.shape[1]).flip(0)
    assert_close(after[:, position < 13], before[:, position < 13], rtol=0, atol=1e-6)
    assert (after != before)[:, position >= 13].any(dim=0).all()


@pytest.mark.parametrize("cls", [RNNForecaster, LSTMForecaster, GRUForecaster])
def test_reading_on_from_a_state_is_reading_it_all(cls):
    network = built(cls(**DEEP, **RAW), n_outputs=3).module_.network
    x = random_batch(4, 11, 1)
    _, state = network.step(x[:, :6])
    forecast, _ = network.step(x[:, 6:], state)
    assert_close(forecast, network(x), rtol=0, atol=1e-6)


# --------------------------------------------------------------------- bidirectional


@pytest.mark.parametrize("cls, cell", [(RNNForecaster, RNN), (LSTMForecaster, LSTM)])
def test_bidirectional_is_two_networks_that_read_from_both_ends(cls, cell):
    network = built(
        cls(hidden_size=5, bidirectional=True, **RAW), n_outputs=3
    ).module_.network
    state = network.recurrent.layers[0].state_dict()
    forwards, backwards = (cell(1, 5, batch_first=True) for _ in range(2))
    ends = {name: v for name, v in state.items() if not name.endswith("_reverse")}
    forwards.load_state_dict(ends)
    backwards.load_state_dict({name: state[f"{name}_reverse"] for name in ends})
    x = random_batch(4, 9, 1)
    # Each has read the whole window when it has reached its end.
    last = torch.cat([forwards(x)[0][:, -1], backwards(x.flip(1))[0][:, -1]], dim=1)
    assert_close(network(x), network.readout(last), rtol=0, atol=1e-6)


def test_bidirectional_layers_are_stacked_as_in_torch():
    net = built(GRUForecaster(**DEEP, bidirectional=True, **RAW), n_outputs=3)
    bare = GRU(1, 20, num_layers=2, bidirectional=True, batch_first=True)
    bare.load_state_dict(
        {
            name.replace("_l0", f"_l{number}"): weight
            for number, layer in enumerate(net.module_.network.recurrent.layers)
            for name, weight in layer.state_dict().items()
        }
    )
    x = random_batch(4, 9, 1)
    outputs, _ = bare(x)
    last = torch.cat([outputs[:, -1, :20], outputs[:, 0, 20:]], dim=1)
    assert_close(
        net.module_.network(x), net.module_.network.readout(last), rtol=0, atol=1e-6
    )


# ------------------------------------------------------------- targets of all steps


def targets_by_hand(x, y, positions, horizon, n_targets):
    """What followed each of the positions in the window, by loops."""
    targets = np.empty((len(x), len(positions), horizon * n_targets), np.float32)
    for row in range(len(x)):
        # One series again: the targets of the window and what came after it.
        past = x[row, :, :n_targets].tolist()
        series = past + y[row].reshape(horizon, n_targets).tolist()
        for number, position in enumerate(positions):
            for step in range(1, horizon + 1):
                for target in range(n_targets):
                    column = (step - 1) * n_targets + target
                    value = series[position + step][target]
                    targets[row, number, column] = value
    return torch.from_numpy(targets)


# case: (forecaster, positions in a window of nine timestamps, 0 to 8)
STEPS = {
    "stride 1": (GRUForecaster(), range(9)),
    "stride 2": (ConvRNNForecaster(), [2, 4, 6, 8]),
    "stride 3": (ConvRNNForecaster(stride=3), [2, 5, 8]),
    "stride 1, truncated": (LSTMForecaster(bptt_steps=4), [5, 6, 7, 8]),
    "stride 2, truncated": (ConvRNNForecaster(bptt_steps=2), [6, 8]),
    "truncated by nothing": (RNNForecaster(bptt_steps=30), range(9)),
}


@pytest.mark.parametrize("normalize", ["window", None])
@pytest.mark.parametrize("n_targets, horizon", [(1, 4), (2, 3), (1, 1)])
@pytest.mark.parametrize("case", STEPS)
def test_targets_of_all_steps(case, n_targets, horizon, normalize):
    forecaster, positions = STEPS[case]
    series = np.random.default_rng(0).normal(3, 2, size=(40, 3)).astype(np.float32)
    X, y = make_windows(
        series, horizon=horizon, length=9, target=list(range(n_targets))
    )
    net = forecaster.set_params(
        train_on="all_steps", normalize=normalize, hidden_size=4, random_state=0
    ).initialize(X, y)
    x = torch.from_numpy(np.array(X))
    y = torch.from_numpy(np.array(y, dtype=np.float32)).reshape(len(x), -1)
    forecasts = net.infer(x, all_steps=True)
    expected = targets_by_hand(x, y, positions, horizon, n_targets)
    n_steps = forecasts.params.shape[1]
    known = y.view(len(x), horizon, n_targets)
    found = targets_of_steps(x, known, n_steps, net.module_.stride)
    assert_close(found.flatten(2), expected, rtol=0, atol=0)

    errors = flat(net.objective_.head.decode(forecasts)) - expected
    if normalize == "window":  # the loss is in the units of each window
        # (batch, length, n_channels) -> (batch, 1, horizon * n_targets), step-major
        scale = x.std(dim=1, correction=0, keepdim=True)[..., :n_targets]
        errors = errors / scale.repeat(1, 1, horizon)
    loss = net.get_loss(forecasts, y, x)
    assert_close(loss, errors.square().mean(), rtol=1e-5, atol=1e-6)
    weight = torch.linspace(0, 2, len(x))
    loss = net.get_loss(forecasts, y, {"x": x, "sample_weight": weight})
    weighted = (weight[:, None, None] * errors.square()).mean()
    assert_close(loss, weighted, rtol=1e-5, atol=1e-6)


def test_the_last_step_is_what_callbacks_and_predict_see():
    waves = make_waves(40, n_timestamps=30, random_state=0)
    X, y = waves[:, :20], waves[:, 20:]
    params = {"train_on": "all_steps", "max_epochs": 1, "batch_size": -1}
    net = GRUForecaster(**params, early_stopping=False, random_state=0)
    net.initialize(X, y)
    before = torch.from_numpy(net.predict(X))
    batch = torch.from_numpy(np.float32(X))[..., None], torch.from_numpy(np.float32(y))
    step = net.train_step(batch)
    assert_close(step["y_pred"], before, check_dtype=False, rtol=0, atol=1e-5)


# ------------------------------------------------- backpropagation through time, cut


def gradients(network, x, all_steps=False):
    """Of the sum of squared forecasts, by name."""
    network.zero_grad()
    network(x, all_steps=all_steps).square().sum().backward()
    return {name: p.grad.clone() for name, p in network.named_parameters()}


def cut(network, bptt_steps):
    """The same network, cut so many steps before the last."""
    getattr(network, "rnn", network).bptt_steps = bptt_steps
    return network


@pytest.mark.parametrize("all_steps", [False, True])
@pytest.mark.parametrize("cls", FORECASTERS)
def test_gradients_are_the_full_ones_when_nothing_is_cut(cls, all_steps):
    network = built(cls(**DEEP, **RAW), n_outputs=3).module_.network
    x = random_batch(4, 12, 1)
    full = gradients(network, x, all_steps)
    for bptt_steps in (12, 13, 1000):
        found = gradients(cut(network, bptt_steps), x, all_steps)
        assert_close(found, full, rtol=0, atol=0)


def detached(state):
    if isinstance(state, tuple):  # of an LSTM
        return tuple(part.detach() for part in state)
    return state.detach()


@pytest.mark.parametrize("all_steps", [False, True])
@pytest.mark.parametrize("bptt_steps", [1, 5, 11])
@pytest.mark.parametrize("cls", FORECASTERS)
def test_gradients_stop_where_the_state_is_detached(cls, bptt_steps, all_steps):
    """What is written by hand in bare torch: read, detach the states, read on."""
    network = built(cls(**DEEP, **RAW), n_outputs=3).module_.network
    # The limit counts steps after the convolution: (26 - 4) / 2 + 1 = 12.
    x = random_batch(4, 26 if cls is ConvRNNForecaster else 12, 1)
    full, whole = gradients(network, x), network(x, all_steps=all_steps).detach()

    network.zero_grad()
    inner, read = network, x
    if cls is ConvRNNForecaster:
        inner = network.rnn
        read = network.conv(x.transpose(1, 2)).transpose(1, 2)
    n_before = read.shape[1] - bptt_steps
    outputs, rest = read[:, :n_before].detach(), read[:, n_before:]
    for layer in inner.recurrent.layers:
        outputs, state = layer(outputs)
        rest, _ = layer(rest, detached(state))
    expected = inner.readout(rest if all_steps else rest[:, -1])
    expected.square().sum().backward()
    by_hand = {name: p.grad.clone() for name, p in network.named_parameters()}

    cut(network, bptt_steps)
    assert_close(gradients(network, x, all_steps), by_hand, rtol=1e-5, atol=1e-7)
    # Forecasts are the same as without the cut, gradients are not.
    n_steps = bptt_steps if all_steps else None
    found = network(x, all_steps=all_steps)
    whole = whole[:, -n_steps:] if all_steps else whole
    assert_close(found, whole, rtol=0, atol=1e-6)
    with pytest.raises(AssertionError):
        assert_close(gradients(network, x), full, rtol=1e-5, atol=1e-7)
    with torch.no_grad():  # to predict, nothing is cut
        assert network(x, all_steps=True).shape[1] == read.shape[1]


def saved_bytes(forecaster, length):
    """What a training step over one window of this length keeps for the gradients."""
    net = built(forecaster, length=length)
    n_bytes = 0

    def pack(tensor):
        nonlocal n_bytes
        n_bytes += tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        net.train_step((random_batch(2, length, 1), random_batch(2, 1)))
    return n_bytes


@pytest.mark.parametrize("cls", [RNNForecaster, LSTMForecaster, GRUForecaster])
def test_memory_of_a_training_step_does_not_grow_with_the_window(cls):
    params = {"hidden_size": 4, "train_on": "all_steps", **RAW}
    full = [saved_bytes(cls(**params), length) for length in (100, 1000)]
    assert full[1] > 8 * full[0]
    short = cls(bptt_steps=50, **params)
    cut_short = [saved_bytes(short, length) for length in (1000, 10_000)]
    assert cut_short[0] == cut_short[1] < 0.6 * full[0]


def test_a_long_window_can_be_fitted():
    series = np.sin(np.arange(10_010) / 5)
    X, y = make_windows(series, horizon=2, length=10_000)
    net = RNNForecaster(hidden_size=3, bptt_steps=50, max_epochs=1, random_state=0)
    assert net.fit(X, y).predict(X[:1]).shape == (1, 2)


# ---------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "forecaster, message",
    [
        (
            RNNForecaster(hidden_size=4, readout=False),
            r"4 units and 3 outputs. Set hidden_size=3",
        ),
        (
            LSTMForecaster(bidirectional=True, train_on="all_steps"),
            "bidirectional=False with train_on='all_steps'",
        ),
        (
            ConvRNNForecaster(bidirectional=True, train_on="all_steps"),
            "bidirectional=False with train_on='all_steps'",
        ),
        (
            GRUForecaster(bidirectional=True, bptt_steps=5),
            "bptt_steps=None with bidirectional=True, found 5",
        ),
        (RNNForecaster(nonlinearity="sigmoid"), "nonlinearity"),
        (LSTMForecaster(bptt_steps=0), "bptt_steps"),
        (ConvRNNForecaster(cell="elman"), "cell"),
    ],
)
def test_what_cannot_be_combined_is_refused(forecaster, message):
    before = vars(forecaster).copy()
    X, y = make_windows(np.sin(np.arange(30)), horizon=3, length=8)
    with pytest.raises(ValueError, match=message):
        forecaster.fit(X, y)
    assert vars(forecaster) == before  # not half fitted


def test_without_a_read_out_forecasts_are_the_units():
    waves = make_waves(20, n_timestamps=12, random_state=0)
    net = RNNForecaster(hidden_size=2, readout=False, max_epochs=1, **RAW)
    net.fit(waves[:, :10], waves[:, 10:])
    names = {name for name, _ in net.module_.named_parameters()}
    assert not any("readout" in name for name in names)
    assert abs(net.predict(100 * waves[:, :10])).max() <= 1  # tanh
