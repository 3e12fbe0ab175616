"""The encoder-decoder against cells stepped by hand, and what its training may see."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback
from torch import nn
from torch.testing import assert_close

from sktorch_forecast import EncoderDecoderForecaster, make_windows
from sktorch_forecast._utils.randomness import seeded_torch
from sktorch_forecast.networks.encoder_decoder import EncoderDecoderNetwork

CELLS = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}
RNG = np.random.default_rng(0)
# Two targets on different levels and a covariate: 42 - 8 - 3 + 1 = 32 origins.
SERIES = RNG.normal(size=(42, 3)) + [0, 50, 7]
X, Y = make_windows(SERIES, horizon=3, length=8, target=[0, 1])


def forecaster(**params):
    defaults = {"hidden_size": 4, "max_epochs": 2, "random_state": 0, "baseline": None}
    return EncoderDecoderForecaster(**(defaults | params))


def network(horizon=3, n_targets=2, **params):
    with seeded_torch(0):
        return EncoderDecoderNetwork(
            3, (horizon, n_targets, 1), **({"hidden_size": 5} | params)
        )


def normal(*shape, dtype=torch.float32):
    return torch.from_numpy(np.random.default_rng(1).normal(size=shape)).to(dtype)


class CallsRecorder(Callback):
    """What the network gets: its windows and keywords, and whether to train on it."""

    def on_train_begin(self, net, **kwargs):
        self.calls_ = []
        inner = net.module_.network
        self.handle_ = inner.register_forward_pre_hook(self.record, with_kwargs=True)

    def record(self, module, args, kwargs):
        self.calls_.append((module.training, kwargs))

    def on_train_end(self, net, **kwargs):
        self.handle_.remove()


def recorded(net):
    return next(c for _, c in net.callbacks_ if isinstance(c, CallsRecorder)).calls_


def probabilities(net):
    """Of the true value, one for each training batch of the last fit."""
    return [kwargs["teacher_forcing"] for training, kwargs in recorded(net) if training]


# --- the network ---------------------------------------------------------------------


def by_hand(network, cell, x, truth=None):
    """The same with torch's single cells; returns these and the forecasts.

    `truth`, (batch, horizon, n_targets), is what the decoder gets if it is given.
    """

    def cells_of(part):
        cells = [CELLS[cell](li.input_size, li.hidden_size) for li in part.layers]
        for single, layer in zip(cells, part.layers):
            weights = layer.state_dict()
            single.load_state_dict({k.removesuffix("_l0"): weights[k] for k in weights})
        return nn.ModuleList(cells).to(x.dtype)

    def step(cells, value, states):
        for i, single in enumerate(cells):
            states[i] = single(value, states[i])
            value = states[i][0] if cell == "lstm" else states[i]
        return value

    encoder, decoder = cells_of(network.encoder), cells_of(network.decoder)
    states = [None] * len(encoder)
    for t in range(x.shape[1]):
        step(encoder, x[:, t], states)
    value, forecasts = x[:, -1, : network.n_targets], []
    for h in range(network.horizon):
        if h and truth is not None:
            value = truth[:, h - 1]
        output = step(decoder, value, states)
        value = output @ network.readout.weight.T + network.readout.bias
        forecasts.append(value)
    return encoder, decoder, torch.cat(forecasts, dim=1)


@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_equals_cells_stepped_by_hand(cell, num_layers, forced):
    net = network(cell=cell, num_layers=num_layers).double()
    x, truth = normal(7, 6, 3).double(), normal(7, 3, 2).double()
    encoder, decoder, expected = by_hand(net, cell, x, truth if forced else None)
    found = net(x, targets=truth, teacher_forcing=float(forced)).flatten(1)
    assert_close(found, expected, rtol=0, atol=1e-10)
    if not forced:
        assert_close(net(x).flatten(1), expected, rtol=0, atol=1e-10)
    # so are the gradients, which reach the encoder, through its own forecasts too
    found.square().sum().backward()
    expected.square().sum().backward()
    for part, cells in [(net.encoder, encoder), (net.decoder, decoder)]:
        for layer, single in zip(part.layers, cells):
            assert_close(layer.weight_ih_l0.grad, single.weight_ih.grad)
            assert_close(layer.weight_hh_l0.grad, single.weight_hh.grad)
            assert layer.weight_ih_l0.grad.abs().max() > 0


def decoder_inputs(net, *args, **kwargs):
    """What each call of the decoder gets, and the forecasts."""
    inputs = []
    with net.decoder.register_forward_pre_hook(lambda _, a: inputs.append(a[0])):
        return inputs, net(*args, **kwargs)


def test_outputs_and_targets_are_step_major():
    net = network()
    nn.init.zeros_(net.readout.weight)
    net.readout.bias.data = torch.tensor([1.0, 2.0])
    x, targets = normal(1, 6, 3), torch.tensor([[[10.0, 20], [11, 21], [12, 22]]])
    assert net(x).flatten(1).tolist() == [[1, 2, 1, 2, 1, 2]]
    [value], _ = decoder_inputs(net, x, targets)  # one call for the whole horizon
    assert value.tolist() == [[x[0, -1, :2].tolist(), [10, 20], [11, 21]]]


def test_each_value_is_true_with_the_given_probability():
    net, n_rows, horizon, p = network(horizon=6), 500, 6, 0.3
    x, truth = normal(n_rows, 4, 3), normal(n_rows, horizon, 2)
    net.generator = torch.Generator().manual_seed(0)
    inputs, forecasts = decoder_inputs(net, x, truth, teacher_forcing=p)
    own = forecasts[..., 0]
    assert_close(inputs[0], x[:, -1:, :2])
    is_true = torch.stack(
        [(inputs[h][:, 0] == truth[:, h - 1]).all(1) for h in range(1, horizon)], dim=1
    )
    is_own = torch.stack(
        [(inputs[h][:, 0] == own[:, h - 1]).all(1) for h in range(1, horizon)], dim=1
    )
    assert (is_true ^ is_own).all()
    # Within four deviations of a binomial share, for every step; and the number of
    # true values in a row has the variance of independent draws, 5 * p * (1 - p).
    deviation = np.sqrt(p * (1 - p) / n_rows)
    assert_allclose(is_true.float().mean(0), p, atol=4 * deviation)
    assert_allclose(is_true.sum(1).float().var(), 5 * p * (1 - p), rtol=0.3)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_nothing_is_drawn_where_nothing_is_left_to_chance(p):
    net, x, targets = network(), normal(4, 6, 3), normal(4, 3, 2)
    net.generator = torch.Generator().manual_seed(0)
    net.train()(x, targets, teacher_forcing=p)
    expected = torch.Generator().manual_seed(0).get_state()
    assert_array_equal(net.generator.get_state(), expected)
    if p == 0:
        assert torch.equal(net(x, targets, teacher_forcing=p), net.eval()(x))


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_a_horizon_of_one_has_nothing_to_force(p):
    net, x = network(horizon=1), normal(4, 6, 3)
    assert_close(net(x, normal(4, 1, 2), teacher_forcing=p), net(x))


# --- its training --------------------------------------------------------------------


def test_probability_decays_from_epoch_to_epoch():
    net = forecaster(
        teacher_forcing=0.8,
        teacher_forcing_decay=0.5,
        batch_size=-1,  # one batch, so one probability, an epoch
        max_epochs=3,
        callbacks=[CallsRecorder()],
    )
    assert probabilities(net.fit(X, Y)) == [0.8, 0.4, 0.2]
    assert probabilities(net.partial_fit(X, Y)) == [0.1, 0.05, 0.025]
    assert probabilities(net.fit(X, Y)) == [0.8, 0.4, 0.2]
    net.set_params(teacher_forcing_decay=1.0)
    assert probabilities(net.fit(X, Y)) == [0.8, 0.8, 0.8]
    net.set_params(teacher_forcing_decay=0)
    assert probabilities(net.fit(X, Y)) == [0.8, 0, 0]


def test_another_teacher_forcing_goes_on_from_the_same_weights():
    net = forecaster(teacher_forcing=0.5).fit(X, Y)
    module = net.module_
    net.set_params(teacher_forcing=0.0, teacher_forcing_decay=1.0).partial_fit(X, Y)
    assert net.module_ is module
    assert net.set_params(hidden_size=3).partial_fit(X, Y).module_ is not module


@pytest.mark.parametrize("weighted", [False, True])
def test_only_training_sees_targets_and_in_the_units_of_the_network(weighted):
    params = {"max_epochs": 1, "batch_size": -1, "iterator_train__shuffle": False}
    # Given, so that nobody has to look at a first window to choose it.
    params["iterator_valid__batch_size"] = 64
    net = forecaster(**params, callbacks=[CallsRecorder()])
    weights = np.arange(1, len(X) + 1) if weighted else None
    net.fit(X, Y, sample_weight=weights)
    (trains, kwargs), (validates, nothing) = recorded(net)
    assert trains and not validates and nothing == {}
    # In the units of the window: minus its mean, divided by its deviation.
    targets, windows = kwargs["targets"], np.asarray(X)[: len(kwargs["targets"]), :, :2]
    mean, deviation = windows.mean(axis=1), windows.std(axis=1)
    y = np.asarray(Y)[: len(targets)].reshape(-1, 3, 2)
    expected = (y - mean[:, None]) / deviation[:, None]
    assert_allclose(targets, expected, atol=1e-4)

    net.set_params(normalize=None).fit(X, Y, sample_weight=weights)
    targets = recorded(net)[0][1]["targets"]
    y = np.asarray(Y)[: len(targets)]
    assert_allclose(targets.flatten(1), y, rtol=1e-6)


def test_targets_have_no_influence_but_by_the_weights():
    # a learning rate that is too small to move a float32 weight
    params = {"lr": 1e-30, "teacher_forcing": 1.0}
    found = [forecaster(**params).fit(X, y).predict(X) for y in (Y, 3 * Y + 1)]
    assert_array_equal(found[0], found[1])


def test_teacher_forcing_makes_a_difference_to_the_weights():
    found = [forecaster(teacher_forcing=p).fit(X, Y).predict(X) for p in (0, 0.5, 1)]
    assert len({forecast.tobytes() for forecast in found}) == 3


@pytest.mark.parametrize("cell", CELLS)
def test_one_seed_one_forecast_whatever_the_global_generators(cell):
    params = {"cell": cell, "num_layers": 2, "dropout": 0.3}
    found = []
    with torch.random.fork_rng(devices=[]):
        for seed in (1, 2):
            torch.manual_seed(seed)
            before = torch.get_rng_state()
            net = forecaster(**params).fit(X, Y)
            found.append(net.predict(X))
            assert torch.equal(torch.get_rng_state(), before)
    assert_array_equal(found[0], found[1])
    copy = pickle.loads(pickle.dumps(net))
    assert copy.module_.network.generator is None
    assert_array_equal(copy.predict(X), found[0])
    other = forecaster(**params, random_state=1).fit(X, Y).predict(X)
    assert not np.array_equal(other, found[0])


def test_parts_of_a_network_draw_one_after_another():
    net = forecaster(dropout=0.5).initialize(X, Y)
    net._seed_network()
    inner, ones = net.module_.network.train(), torch.ones(100)
    assert inner.encoder.dropout.generator is inner.generator
    assert not torch.equal(inner.encoder.dropout(ones), inner.decoder.dropout(ones))


@pytest.mark.parametrize(
    "cell, hidden_size",
    [("gru", 5), ("gru", 32), ("lstm", 5), ("lstm", 33), ("rnn", 4)],
)
@pytest.mark.parametrize("n_targets", [1, 2])
def test_a_forecast_is_the_same_alone_and_among_others(cell, hidden_size, n_targets):
    target = list(range(n_targets))
    X, y = make_windows(SERIES, horizon=3, length=8, target=target)
    net = forecaster(cell=cell, hidden_size=hidden_size, max_epochs=1).fit(X, y)
    expected = net.predict(X)
    assert expected.shape == (32, 3 * n_targets)
    alone = [net.predict(X[i : i + 1])[0] for i in range(len(X))]
    assert_array_equal(alone, expected)
    assert_array_equal(net.set_params(batch_size=7).predict(X), expected)


@pytest.mark.parametrize(
    "params",
    [
        {"teacher_forcing": -0.1},
        {"teacher_forcing": 1.1},
        {"teacher_forcing_decay": -0.1},
        {"teacher_forcing_decay": 1.1},
        {"cell": "transformer"},
        {"train_on": "all_steps"},
    ],
)
def test_bad_parameters(params):
    [name] = params
    with pytest.raises(ValueError, match=name):
        forecaster(**params).fit(X, Y)
