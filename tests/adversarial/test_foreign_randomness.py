"""Networks of the user's own that draw in torch's way."""

import numpy as np
import pytest
import torch
from nets import X, Y, assert_same_bits, weights
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from sktorch_forecast import Forecaster
from sktorch_forecast._training.streams import with_own_dropout
from sktorch_forecast.layers import Dropout, Readout


class Plain(nn.Module):
    def __init__(self, n_channels, length, output_shape):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(length, 8), nn.ReLU(), nn.Dropout(0.3))
        self.readout = Readout(8, output_shape)

    def forward(self, x):
        return self.readout(self.layers(x[..., 0]))


class Functional(Plain):
    def forward(self, x):
        z = nn.functional.dropout(x[..., 0], 0.3, self.training)
        if self.training:
            z = z + 0.1 * torch.randn_like(z)
        return self.readout(self.layers[:2](z))


class Stacked(nn.Module):
    def __init__(self, n_channels, output_shape):
        super().__init__()
        self.rnn = nn.GRU(n_channels, 8, 2, batch_first=True, dropout=0.3)
        self.readout = Readout(8, output_shape)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


class Attention(nn.Module):
    def __init__(self, n_channels, output_shape):
        super().__init__()
        self.embed = nn.Linear(n_channels, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.3, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.readout = Readout(8, output_shape)

    def forward(self, x):
        return self.readout(self.encoder(self.embed(x))[:, -1])


class Channels(nn.Module):
    def __init__(self, n_channels, length, output_shape):
        super().__init__()
        self.conv = nn.Conv1d(n_channels, 8, 3, padding=1)
        self.dropout = nn.Dropout1d(0.3)
        self.readout = Readout(8, output_shape)

    def forward(self, x):
        z = self.dropout(self.conv(x.transpose(1, 2)))
        # (batch, channels, length): a channel is dropped as a whole
        assert ((z == 0).all(dim=2) == (z == 0).any(dim=2)).all()
        return self.readout(z.mean(dim=2))


MODULES = [Plain, Functional, Stacked, Attention, Channels]


def forecaster(kind, **params):
    cls = type(f"{kind.__name__}Forecaster", (Forecaster,), {"module": kind})
    defaults = {"max_epochs": 3, "random_state": 0, "baseline": None}
    return cls(**(defaults | params))


@pytest.mark.parametrize("kind", MODULES)
def test_a_fit_repeats_and_the_global_generator_stays(kind):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = forecaster(kind).fit(X, Y)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert_same_bits(weights(forecaster(kind).fit(X, Y)), weights(first))
    other = forecaster(kind, random_state=1).fit(X, Y)
    assert not np.array_equal(other.predict(X), first.predict(X))


@pytest.mark.parametrize("kind", MODULES)
def test_training_drops_anew_in_each_batch(kind):
    net = forecaster(kind, lr=1e-30, early_stopping=False, batch_size=60).fit(X, Y)
    losses = net.history[:, "train_loss"]
    # the weights do not move, so that without dropout all losses were the same
    assert max(losses) - min(losses) > 1e-4


@pytest.mark.parametrize("kind", [Plain, Attention, Channels])
def test_monte_carlo_dropout_finds_them(kind):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    net = forecaster(kind).fit(X, Y)
    once = net.predict(X)
    samples = net.sample(X, 20)
    assert (samples.std(axis=0) > 0).all()
    assert_array_equal(net.sample(X, 20), samples)
    assert_allclose(net.sample(X[5:7], 20), samples[:, 5:7], rtol=1e-4, atol=1e-5)
    assert_array_equal(net.predict(X), once)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_dropout_in_several_places_is_replaced_in_all():
    layer = nn.Dropout(0.3)
    # ours cannot drop everything
    network = nn.Sequential(layer, nn.Sequential(layer, nn.Dropout(1.0)), layer)
    first, (second, third), fourth = with_own_dropout(network)
    kinds = [type(part) for part in (first, second, third, fourth)]
    assert kinds == [Dropout, Dropout, nn.Dropout, Dropout]
    assert first.p == second.p == 0.3
