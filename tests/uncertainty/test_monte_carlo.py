"""Monte Carlo dropout: samples that spread, their intervals, and nothing else moves."""

import inspect

import numpy as np
import pytest
import torch
from common import NETWORKS
from nets import X, Y
from numpy.testing import assert_allclose, assert_array_equal

from sktorch_forecast import Forecaster, LSTMForecaster, MLPForecaster
from sktorch_forecast.layers import Dropout, Readout

WITH_DROPOUT = [
    cls for cls in NETWORKS if "dropout" in inspect.signature(cls).parameters
]


def fitted(cls=LSTMForecaster, **params):
    # Beside a baseline that knows better, what is dropped makes no difference.
    defaults = {"max_epochs": 2, "dropout": 0.3, "random_state": 0, "baseline": None}
    return cls(**(defaults | params)).fit(X, Y)


@pytest.mark.parametrize("cls", WITH_DROPOUT)
def test_dropout_of_every_network_spreads(cls):
    net = fitted(cls)
    samples = net.sample(X, n_samples=20)
    assert samples.shape == (20, len(X), 3)
    assert (samples.std(axis=0) > 0).all()


class LastValuePlusDropout(torch.nn.Module):
    """Forecasts dropout(1) in every step: 0 or 1 / (1 - p), known in closed form."""

    def __init__(self, n_channels, output_shape):
        super().__init__()
        self.dropout = Dropout(0.25)
        self.weight = torch.nn.Parameter(torch.zeros(output_shape))

    def forward(self, x):
        return self.dropout(torch.ones(len(x), *self.weight.shape)) + 0 * self.weight


class KnownForecaster(Forecaster):
    module = LastValuePlusDropout


def test_samples_have_the_distribution_of_the_dropout():
    net = KnownForecaster(normalize=None, baseline=None, max_epochs=1, random_state=0)
    net.fit(X, Y)
    samples = net.sample(X, n_samples=500)
    assert set(np.unique(samples)) == {np.float32(0), np.float32(1 / 0.75)}
    # 500 * 60 * 3 draws: kept with probability 0.75, standard error 0.0014
    assert abs((samples > 0).mean() - 0.75) < 0.006
    # passes, origins and steps are independent of each other
    kept = (samples > 0).reshape(500, -1)
    assert abs(np.corrcoef(kept[:, 0], kept[:, 1])[0, 1]) < 0.2
    # the lowest quarter is 0, so a central 20 % interval is a point, a 90 % one is not
    assert_allclose(net.predict_interval(X, 0.2), 1 / 0.75)
    ends = net.predict_interval(X, 0.9)
    assert_allclose(ends[..., 0], 0)
    assert_allclose(ends[..., 1], 1 / 0.75)


def test_interval_is_the_quantiles_of_the_samples():
    net = fitted(n_mc_samples=50)
    samples = net.sample(X, n_samples=50)
    expected = np.stack(np.quantile(samples, [0.1, 0.9], axis=0), axis=-1)
    assert_allclose(net.predict_interval(X, coverage=0.8), expected)
    assert_allclose(net.predict_quantiles(X, [0.1, 0.9]), expected)


def test_predict_averages_the_passes_when_asked():
    net = fitted()
    once = net.predict(X)
    net.set_params(n_mc_samples=30)
    mean = net.sample(X, n_samples=30).mean(axis=0)
    assert_array_equal(net.predict(X), mean)
    assert not np.array_equal(net.predict(X), once)
    # Scoring callbacks hand in datasets, epoch by epoch: these are forecast once.
    assert_array_equal(net.predict(net.get_dataset(X)), once)
    assert_array_equal(net.set_params(n_mc_samples=None).predict(X), once)


def test_samples_repeat_with_the_seed_and_disturb_nothing():
    net = fitted()
    once, state = net.predict(X), torch.get_rng_state()
    first = net.sample(X, 5)
    assert_array_equal(net.sample(X, 5), first)
    assert_array_equal(net.sample(X, 5, random_state=0), first)
    assert not np.array_equal(net.sample(X, 5, random_state=1), first)
    assert_array_equal(net.predict(X), once)
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(module.training for module in net.module_.modules())


def test_only_dropout_is_in_training_mode():
    class WithBatchNorm(torch.nn.Module):
        def __init__(self, n_channels, output_shape, length):
            super().__init__()
            self.norm = torch.nn.BatchNorm1d(length)
            self.dropout = Dropout(0.5)
            self.readout = Readout(length, output_shape)

        def forward(self, x):
            return self.readout(self.dropout(self.norm(x[..., 0])))

    class BatchNormForecaster(Forecaster):
        module = WithBatchNorm

    net = BatchNormForecaster(max_epochs=2, random_state=0).fit(X, Y)
    network, modes = net.module_.network, []
    network.norm.register_forward_hook(lambda *_: modes.append(network.norm.training))
    network.dropout.register_forward_hook(
        lambda *_: modes.append(network.dropout.training)
    )
    mean = network.norm.running_mean.clone()
    net.sample(X[:8], 3)
    assert modes == [False, True]
    assert torch.equal(network.norm.running_mean, mean)


def test_passes_are_batched():
    net = fitted().set_params(iterator_valid__batch_size=32)
    rows = []
    hook = net.module_.register_forward_pre_hook(
        lambda _, args: rows.append(len(args[0]))
    )
    net.sample(X, n_samples=10)
    hook.remove()
    assert rows == [10 * 32, 10 * 28]  # 60 origins in batches of 32


@pytest.mark.parametrize("cls", WITH_DROPOUT)
def test_without_dropout_there_is_nothing_to_sample(cls):
    net = fitted(cls, dropout=0.0)
    for method in ("sample", "predict_interval", "predict_quantiles"):
        assert not hasattr(net, method)
        with pytest.raises(AttributeError) as error:
            getattr(net, method)
        reason = f"{cls.__name__} has no dropout to sample"
        assert str(error.value.__cause__).startswith(reason)
    assert not hasattr(cls(dropout=0.0), "sample")
    assert hasattr(cls(dropout=0.1), "sample")
    assert hasattr(cls(loss="normal"), "sample")


@pytest.mark.parametrize("coverage", [0, 1, 1.5, -0.1])
def test_coverage_is_a_share(coverage):
    with pytest.raises(ValueError, match="coverage == .* must be"):
        fitted().predict_interval(X, coverage)


@pytest.mark.parametrize("n_samples, error", [(0, ValueError), (2.5, TypeError)])
def test_number_of_samples_is_a_positive_integer(n_samples, error):
    with pytest.raises(error, match="n_samples must be a positive integer"):
        fitted(MLPForecaster).sample(X, n_samples)
