"""skorch's mixin for accelerate, in front of a forecaster."""

import inspect
import pickle
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from skorch.callbacks import Callback
from skorch.hf import AccelerateMixin

from sktorch_forecast import (
    EncoderDecoderForecaster,
    GRUForecaster,
    MLPForecaster,
    make_windows,
)
from sktorch_forecast._training.accelerated import device_of

SERIES = np.sin(np.arange(80) / 4) + 0.1 * np.random.RandomState(0).randn(80)
X, Y = make_windows(SERIES, horizon=2, length=8)


class GRU(AccelerateMixin, GRUForecaster):
    """As in skorch's documentation."""


class MLP(AccelerateMixin, MLPForecaster):
    pass


class EncoderDecoder(AccelerateMixin, EncoderDecoderForecaster):
    pass


class StandIn:
    """What the mixin asks of an accelerator, which is to do nothing special."""

    device_placement = True
    device = torch.device("cpu")
    num_processes = 1
    sync_gradients = True
    is_main_process = True
    print = print
    autocast = staticmethod(nullcontext)
    accumulate = staticmethod(nullcontext)
    backward = staticmethod(torch.Tensor.backward)

    def prepare(self, part):
        return part

    def unwrap_model(self, module, keep_fp32_wrapper):
        return module

    def gather_for_metrics(self, forecast):
        return forecast

    def unscale_gradients(self):
        pass

    def wait_for_everyone(self):
        pass


def real(**how):
    accelerate = pytest.importorskip("accelerate", reason="accelerate is not installed")
    return accelerate.Accelerator(cpu=True, **how)


@pytest.fixture(params=[StandIn, real])
def accelerator(request):
    return request.param()


def accelerated(cls, accelerator, **params):
    # By default the mixin prints through the accelerator, whatever `verbose` says.
    params = {"max_epochs": 2, "random_state": 0} | params
    return cls(accelerator=accelerator, callbacks__print_log__sink=print, **params)


@pytest.mark.parametrize(
    "cls, params",
    [
        (GRU, {"hidden_size": 4}),
        (GRU, {"hidden_size": 4, "baseline": None, "clip_grad_norm": 0.01}),
        (GRU, {"hidden_size": 4, "baseline": None, "train_on": "all_steps"}),
        (MLP, {"baseline": None, "dropout": 0.5, "loss": "normal"}),
        (EncoderDecoder, {"hidden_size": 4, "baseline": None}),
    ],
    ids=["gru", "clipped", "all steps", "dropout", "teacher forcing"],
)
def test_on_a_cpu_it_is_the_forecaster_alone(cls, params, accelerator):
    mine = accelerated(cls, accelerator, **params)
    alone = cls.__mro__[2](max_epochs=2, random_state=0, **params)
    for _ in range(2):
        mine.partial_fit(X, Y)
        alone.partial_fit(X, Y)
        np.testing.assert_array_equal(mine.predict(X), alone.predict(X))
    assert mine.history[:, "train_loss"] == alone.history[:, "train_loss"]


def test_it_has_the_parameters_of_both(accelerator):
    names = {"accelerator", "unwrap_after_train", "device", "hidden_size", "lr"}
    assert names <= set(inspect.signature(GRU).parameters)
    assert names <= set(accelerated(GRU, accelerator, hidden_size=3).get_params())
    assert GRU.module_parameters == GRUForecaster.module_parameters
    with pytest.raises(TypeError, match="did you mean 'max_epochs'"):
        GRU(accelerator=accelerator, max_epoch=3)


def test_clones_and_pickles_forecast_the_same(accelerator):
    mine = accelerated(GRU, accelerator, hidden_size=4)
    forecast = mine.fit(X, Y).predict(X)
    np.testing.assert_array_equal(clone(mine).fit(X, Y).predict(X), forecast)
    copy = pickle.loads(pickle.dumps(mine))
    np.testing.assert_array_equal(copy.predict(X), forecast)
    np.testing.assert_array_equal(
        copy.partial_fit(X, Y).predict(X), mine.partial_fit(X, Y).predict(X)
    )
    cv = TimeSeriesSplit(2, gap=1)
    scores = cross_val_score(mine, X, Y, cv=cv, error_score="raise")
    alone = GRUForecaster(hidden_size=4, max_epochs=2, random_state=0)
    expected = cross_val_score(alone, X, Y, cv=cv)
    np.testing.assert_array_equal(scores, expected)


def test_weights_go_to_a_forecaster_without_an_accelerator(accelerator, tmp_path):
    mine = accelerated(GRU, accelerator, hidden_size=4).fit(X, Y)
    mine.save_params(f_params=tmp_path / "weights.pt")
    alone = GRUForecaster(hidden_size=4, random_state=1).initialize(X, Y)
    alone.load_params(f_params=tmp_path / "weights.pt")
    np.testing.assert_array_equal(alone.predict(X), mine.predict(X))


def test_gradients_of_two_batches_add_up_to_those_of_one_twice_as_large():
    plain = {
        "baseline": None,
        "early_stopping": False,
        "iterator_train__shuffle": False,
        "optimizer": torch.optim.SGD,
        "lr": 0.1,
        "clip_grad_norm": 0.1,
    }
    x, y = X[:64], Y[:64]
    accelerator = real(gradient_accumulation_steps=2)
    mine = accelerated(MLP, accelerator, batch_size=16, **plain).fit(x, y)
    alone = MLPForecaster(max_epochs=2, random_state=0, batch_size=32, **plain)
    forecast = alone.fit(x, y).predict(X)
    np.testing.assert_allclose(mine.predict(X), forecast, rtol=1e-5, atol=1e-6)
    halves = MLPForecaster(max_epochs=2, random_state=0, batch_size=16, **plain)
    assert np.abs(halves.fit(x, y).predict(X) - forecast).max() > 1e-3


def test_batches_that_are_left_over_count_in_the_next_epoch():
    steps = []

    class Counting(torch.optim.SGD):
        def step(self, *args, **kwargs):
            steps.append(1)
            return super().step(*args, **kwargs)

    plain = {"baseline": None, "early_stopping": False, "optimizer": Counting}
    accelerator = real(gradient_accumulation_steps=2)
    # Two epochs of three batches.
    accelerated(MLP, accelerator, batch_size=16, **plain).fit(X[:48], Y[:48])
    assert len(steps) == 3


def test_callbacks_see_forecasts_in_the_units_of_the_series(accelerator):
    class Listener(Callback):
        def on_batch_end(self, net, batch, training, y_pred=None, **kwargs):
            assert y_pred.shape == batch[1].shape
            assert abs(y_pred.mean() - 1000) < 10

    mine = accelerated(MLP, accelerator, callbacks=[Listener()], max_epochs=1)
    mine.fit(*make_windows(1000 + SERIES, horizon=2, length=8))


def test_the_data_go_where_the_accelerator_is():
    elsewhere = SimpleNamespace(device=torch.device("meta"), device_placement=True)
    assert device_of(SimpleNamespace(accelerator=elsewhere)).type == "meta"
    elsewhere.device_placement = False
    net = SimpleNamespace(accelerator=elsewhere, device="cpu")
    assert device_of(net).type == "cpu"


def test_the_device_is_that_of_the_accelerator_or_an_error(accelerator):
    mine = accelerated(MLP, accelerator, device="cpu")
    with pytest.raises(ValueError, match="set device=None"):
        mine.fit(X, Y)


def test_processes_that_split_the_network_are_refused():
    class Splitting(StandIn):
        num_processes = 2
        distributed_type = SimpleNamespace(value="FSDP")

    mine = accelerated(MLP, Splitting())
    before = vars(mine).copy()
    with pytest.raises(ValueError, match="each hold the whole network, found .* FSDP"):
        mine.fit(X, Y)
    assert vars(mine) == before
