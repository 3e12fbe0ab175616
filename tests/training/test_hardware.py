"""What a fit asks of the hardware: synchronization, devices, precision, compilation."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch
from nets import X, Y, assert_same_bits, forecaster, weights
from sklearn.base import clone
from skorch.callbacks import Callback, EpochScoring
from torch.utils._python_dispatch import TorchDispatchMode

from sktorch_forecast import Forecaster, LSTMForecaster, MLPForecaster
from sktorch_forecast._training.device import has_bf16, in_double

IS_THERE = torch.accelerator.is_available()
ACCELERATOR = torch.accelerator.current_accelerator() if IS_THERE else None


# ------------------------------------------------------------------- synchronization


class CountReadings(TorchDispatchMode):
    """Counts how often a number is read off a tensor, for which a GPU has to stop."""

    def __init__(self):
        super().__init__()
        self.n_readings = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.n_readings += function is torch.ops.aten._local_scalar_dense.default
        return function(*args, **(kwargs or {}))


class BatchListener(Callback):
    def on_batch_end(self, net, **kwargs):
        pass


def n_readings(batch_size, **params):
    # Adam counts its steps in tensors, which stay on the CPU; SGD counts nothing.
    net = forecaster(batch_size=batch_size, optimizer=torch.optim.SGD, **params)
    with CountReadings() as count:
        net.fit(X, Y)
    return count.n_readings


@pytest.mark.parametrize("params", [{}, {"dropout": 0.5}, {"train_on": "all_steps"}])
def test_no_number_is_read_for_each_batch(params):
    few, many = n_readings(32, **params), n_readings(1, **params)
    assert few == many
    # 2 epochs of 2 and of 49 training batches, the validation is one batch in both
    assert n_readings(32, callbacks=[BatchListener()], **params) == few + 2 * 3
    assert n_readings(1, callbacks=[BatchListener()], **params) == few + 2 * 50


def test_the_history_is_the_same_whether_or_not_somebody_listens():
    quiet = forecaster(batch_size=8).fit(X, Y)
    heard = forecaster(batch_size=8, callbacks=[BatchListener()]).fit(X, Y)
    assert quiet.history[:, "batches"] == heard.history[:, "batches"]
    keys = ("epoch", "train_loss", "valid_loss", "train_loss_best", "valid_loss_best")
    assert quiet.history[:, keys] == heard.history[:, keys]
    assert quiet.history[-1, "train_batch_count"] == 7
    assert_same_bits(weights(quiet), weights(heard))


def test_a_subclass_that_listens_to_batches_is_told():
    class Listening(LSTMForecaster):
        n_batches_ = 0

        def on_batch_end(self, net, batch=None, training=False, **kwargs):
            self.n_batches_ += training

    net = Listening(hidden_size=4, max_epochs=2, batch_size=7, random_state=0)
    assert net.fit(X, Y).n_batches_ == 2 * 7


def test_a_listener_that_is_put_on_the_object_is_told():
    calls = []
    callback = Callback()
    callback.on_batch_begin = lambda net, **kwargs: calls.append(kwargs["training"])
    net = forecaster(batch_size=7).initialize(X, Y)
    net.callbacks_.append(("listener", callback))
    net.partial_fit(X, Y)
    assert calls == [*[True] * 7, False] * 2


# ------------------------------------------------------------------ prediction batches


def test_training_does_not_decide_how_many_are_forecast_at_once():
    net = forecaster(batch_size=4).fit(X, Y)
    assert [len(batch) for batch in net.forward_iter(X)] == [len(X)]
    net.set_params(iterator_valid__batch_size=50)
    assert [len(batch) for batch in net.forward_iter(X)] == [50, len(X) - 50]


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_threads_may_share_a_forecaster(device):
    net = forecaster(batch_size=-1, device=device).fit(X, Y)
    expected = net.predict(X)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: net.predict(X), range(200)))
    for forecast in found:
        np.testing.assert_array_equal(forecast, expected)


# ---------------------------------------------------------------------------- devices


def test_double_precision_is_computed_where_there_is_some():
    class OnApple:
        """A tensor on a device whose numbers have four bytes."""

        device = torch.device("mps")

        def double(self):
            raise TypeError("Cannot convert a MPS Tensor to float64")

        def cpu(self):
            return torch.ones(2)

    for tensor in (OnApple(), torch.ones(2)):
        found = in_double(tensor)
        assert found.dtype == torch.float64
        assert found.tolist() == [1, 1]


class Drawing(torch.nn.Module):
    """Draws from torch's global generator, of which a CPU has one."""

    def __init__(self, length, output_shape):
        super().__init__()
        self.linear = torch.nn.Linear(length, 3)

    def forward(self, x):
        x = torch.nn.functional.dropout(x, 0.5, self.training)
        return self.linear(x[..., 0]).unflatten(1, (3, 1, 1))


class DrawingForecaster(Forecaster):
    module = Drawing


def test_a_cpu_may_have_a_number():
    first, second = (
        DrawingForecaster(device=device, max_epochs=2, random_state=0).fit(X, Y)
        for device in ("cpu", "cpu:0")
    )
    assert_same_bits(first.predict(X), second.predict(X))


def test_auto_is_the_accelerator_or_else_the_cpu():
    net = forecaster(device="auto").fit(X, Y)
    expected = "cpu" if ACCELERATOR is None else ACCELERATOR.type
    assert {p.device.type for p in net.module_.parameters()} == {expected}
    assert net.device == "auto"
    assert clone(net).device == "auto"
    explicit = forecaster(device=expected).fit(X, Y)
    np.testing.assert_array_equal(net.predict(X), explicit.predict(X))


def test_auto_suits_the_callbacks_and_what_skorch_saves(tmp_path):
    scoring = EpochScoring("r2", lower_is_better=False, on_train=True, name="r2")
    net = forecaster(device="auto", dropout=0.1, callbacks=[scoring]).fit(X, Y)
    assert len(net.history[:, "r2"]) == 2
    assert net.sample(X, n_samples=3).shape == (3, *Y.shape)
    net.save_params(f_params=tmp_path / "weights.pt")
    other = forecaster(device="auto", dropout=0.1).initialize(X, Y)
    other.load_params(f_params=tmp_path / "weights.pt")
    assert other.device == "auto"
    np.testing.assert_array_equal(other.predict(X), net.predict(X))


@pytest.mark.skipif(ACCELERATOR is None, reason="torch finds no accelerator")
@pytest.mark.parametrize("lazy", [True, False])
def test_the_accelerator_forecasts_what_the_cpu_does(lazy):
    windows = X if lazy else np.asarray(X)
    on_cpu = forecaster().fit(windows, Y).predict(windows)
    net = forecaster(device="auto").fit(windows, Y)
    dataset = net.get_dataset(windows, Y)
    x, y = dataset[torch.arange(3, device=ACCELERATOR)]
    assert x.device.type == y.device.type == ACCELERATOR.type
    np.testing.assert_allclose(net.predict(windows), on_cpu, atol=1e-3)


# -------------------------------------------------------------------------- precision


@pytest.fixture(params=["emulated", "native"])
def net_in_bf16(request, emulated_bf16):
    """Makes a net that computes in bfloat16, if need be by torch's emulation.

    The LSTM has none: it only runs where the hardware can do it.
    """
    make = partial(MLPForecaster, max_epochs=2, random_state=0, baseline=None)
    if request.param == "native":
        if not has_bf16(torch.device("cpu")):
            pytest.skip("this CPU has no bfloat16 arithmetic")
        make = forecaster
    return make


def test_bf16_computes_the_network_in_bfloat16_and_the_rest_in_float32(net_in_bf16):
    net = net_in_bf16(precision="bf16").initialize(X, Y)
    seen = []
    layer = next(m for m in net.module_.modules() if isinstance(m, torch.nn.Linear))
    layer.register_forward_hook(lambda layer, x, out: seen.append(out.dtype))
    before = weights(net)
    net.partial_fit(X, Y)
    assert set(seen) == {torch.bfloat16}
    assert {p.dtype for p in net.module_.parameters()} == {torch.float32}
    assert any(not torch.equal(w, before[name]) for name, w in weights(net).items())
    assert net.forward(X).dtype == torch.float32


@pytest.mark.parametrize("normalize", ["window", None])
def test_bf16_forecasts_nearly_what_float32_does(net_in_bf16, normalize):
    exact, rounded = (
        net_in_bf16(precision=precision, normalize=normalize).fit(X, Y).predict(X)
        for precision in ("fp32", "bf16")
    )
    # bfloat16 has 8 bits: a relative error of 2^-9 in each of a few roundings
    assert 0 < np.abs(rounded - exact).max() < 0.02


def test_bf16_where_there_is_none_says_so(monkeypatch):
    name = "sktorch_forecast._training.device.cpu_has_bf16"
    monkeypatch.setattr(name, lambda: False)
    with pytest.raises(ValueError, match="Expected precision='fp32' on this cpu"):
        forecaster(precision="bf16").fit(X, Y)
    forecaster(precision="fp32").fit(X, Y)


def test_a_gpu_that_only_emulates_bf16_has_none(monkeypatch):
    def is_supported(including_emulation=True):  # as torch says of an old GPU
        return including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_supported)
    assert not has_bf16(torch.device("cuda"))


# ------------------------------------------------------------------------ compilation


@pytest.mark.parametrize("make", [LSTMForecaster, MLPForecaster])
def test_a_compiled_network_forecasts_what_the_plain_one_does(make):
    # torch's own backend for tests: the network is traced, but no compiler is needed.
    params = {"max_epochs": 2, "random_state": 0}
    plain = make(**params).fit(X, Y)
    net = make(**params, compile=True, compile__backend="aot_eager").fit(X, Y)
    assert isinstance(net.module_, torch._dynamo.OptimizedModule)
    np.testing.assert_allclose(net.predict(X), plain.predict(X), atol=1e-5)


def test_passes_with_dropout_compile_nothing_more():
    """They are those of the plain network, and their masks are no part of a graph."""
    n_compiled = []

    def backend(graph, inputs):
        n_compiled.append(1)
        return graph.forward

    torch.compiler.reset()  # it gives up on what it has compiled too often
    params = {"max_epochs": 2, "random_state": 0, "dropout": 0.5}
    plain = MLPForecaster(**params).fit(X, Y)
    net = MLPForecaster(**params, compile=True, compile__backend=backend).fit(X, Y)
    before = len(n_compiled)
    assert before > 0
    np.testing.assert_allclose(net.sample(X, 4), plain.sample(X, 4), atol=1e-5)
    assert len(n_compiled) == before


# torch's own imports, the first time that it compiles
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs g++")
def test_the_compiler_of_torch_is_used():
    params = {"hidden_layer_sizes": (), "max_epochs": 2, "random_state": 0}
    plain = MLPForecaster(**params).fit(X, Y)
    net = MLPForecaster(**params, compile=True).fit(X, Y)
    np.testing.assert_allclose(net.predict(X), plain.predict(X), atol=1e-5)
