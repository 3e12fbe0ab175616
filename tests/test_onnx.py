"""Networks as ONNX models: they forecast what `predict` does, or are not written."""

import functools
import importlib
import json
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from common import NETWORKS
from scipy import stats
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from torch import nn

import sktorch_forecast
from sktorch_forecast import (
    ConformalForecaster,
    ConvRNNForecaster,
    DeepEnsembleForecaster,
    EncoderDecoderForecaster,
    Forecaster,
    GRUForecaster,
    LSTMForecaster,
    MLPForecaster,
    NaiveForecaster,
    SeriesForecaster,
    SlidingWindow,
    make_windows,
    to_onnx,
)
from sktorch_forecast.layers import Readout
from sktorch_forecast.layers.families import FAMILIES
from sktorch_forecast.layers.normalization import KINDS

# With layers that change over to those of torch for large batches. An export to ONNX
# is one of torch.export, too, so that the table below has all the others.
RECURRENT = [ConvRNNForecaster, EncoderDecoderForecaster, GRUForecaster]
SIZES = (1, 7, 1000)
LENGTH, HORIZON = 12, 3
FEW = {"max_epochs": 1, "random_state": 0}
RANDOM = np.random.RandomState(0)
SERIES = 10 + np.sin(np.arange(150) / 5) + 0.2 * RANDOM.standard_normal(150)


@pytest.fixture(scope="module", autouse=True)
def operators_are_read_once():
    """An export reads all operators of ONNX again, which takes a third of its time."""
    name = "torch.onnx._internal.exporter._onnxscript_apis"
    with pytest.MonkeyPatch.context() as patch:
        try:
            module = importlib.import_module(name)
            patch.setattr(
                module, "get_torchlib_ops", functools.cache(module.get_torchlib_ops)
            )
        except (ImportError, AttributeError):
            pass  # another version of torch, where the tests take longer
        yield


@pytest.fixture
def runtime():
    """ONNX Runtime, where everything is there that an export needs."""
    pytest.importorskip("onnxscript", reason="ONNX models need the extra onnx")
    if not hasattr(torch.onnx, "ops"):
        pytest.skip("torch cannot write operators of ONNX before 2.9")
    return pytest.importorskip("onnxruntime", reason="nothing runs ONNX models")


def windows(series=SERIES, **kwargs):
    return make_windows(series, horizon=HORIZON, length=LENGTH, **kwargs)


def with_share(forecaster, share=0.4):
    """A fitted forecaster in which network and baseline both count."""
    if forecaster.module_.baseline is not None:
        forecaster.module_.baseline.share = share
    return forecaster


def repeated(X, size):
    return X[np.resize(np.arange(len(X)), size)]


def assert_close(found, expected):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * abs(expected).max())


def assert_distribution(distribution, quantiles, levels):
    """The quantiles of a forecaster are those of a distribution of scipy."""
    at, before = distribution.cdf(quantiles), distribution.cdf(quantiles - 1)
    if isinstance(distribution.dist, stats.rv_discrete):
        assert (at > levels - 1e-4).all() and (before < levels + 1e-4).all()
    else:
        np.testing.assert_allclose(at, np.broadcast_to(levels, at.shape), atol=2e-4)


# ----------------------------------------------------------------------- torch.export


# torch warns of what its own recurrent layers do.
@pytest.mark.filterwarnings("ignore:The tensor attributes")
@pytest.mark.parametrize("cls", RECURRENT, ids=lambda cls: cls.__name__)
def test_torch_exports_recurrent_networks_for_batches_of_any_size(cls):
    X, y = windows()
    module = cls(baseline=None, **FEW).fit(X, y).module_.eval()
    batch = torch.export.Dim("batch", min=1, max=2**31 - 1)
    program = torch.export.export(
        module,
        (torch.as_tensor(np.asarray(X[:5])),),
        dynamic_shapes=({0: batch},),
        strict=False,
    )
    # 256 rows of 32 units are where our layers change over to those of torch.
    for size in (*SIZES, 2, 256, 257):
        x = torch.as_tensor(np.asarray(repeated(X, size)))
        for found, expected in zip(program.module()(x)[1], module(x)[1]):
            torch.testing.assert_close(found, expected)
        found, expected = program.module()(x)[0], module(x)[0]
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


# ------------------------------------------------------------------------ what is told

# Every network, every normalization, every kind of loss; and missing values.
ALONE = {"baseline": None}  # the linear one is the same beside all
TABLE = [
    ("MLP", "window", "error", "mse", {}),
    ("RNN", "mean", "error", "laplace", {"nonlinearity": "relu"}),
    ("GRU", "last", "error", "quantile", {"quantiles": (0.05, 0.3, 0.6, 0.9)}),
    ("LSTM", "level", "error", "normal", {"bidirectional": True}),
    ("ConvRNN", "season", "error", "student_t", {}),
    ("WaveNet", None, "error", "poisson", {"dilations": (1, 2)}),
    ("EncoderDecoder", "window", "mask", "mixture", {}),
    ("ITransformer", "window", "mask", "normal", {**ALONE, "num_layers": 1}),
    ("MinGRU", "mean", "error", "mse", {**ALONE, "cell": "lstm", "num_layers": 1}),
    ("NBEATS", "season", "mask", "mae", {**ALONE, "stacks": ("trend", "generic")}),
    (
        "NHITS",
        "last",
        "mask",
        "quantile",
        {**ALONE, "pool_sizes": (2, 1), "knot_distances": (2, 1)},
    ),
    ("PatchTST", "window", "error", "lognormal", {**ALONE, "num_layers": 1}),
    ("SegRNN", "last", "mask", "mse", {**ALONE, "segment_length": 5}),
    ("SparseTSF", "mean", "error", "normal", {**ALONE, "period": 5}),
    ("TSMixer", "window", "mask", "mse", {**ALONE, "n_blocks": 1}),
    ("TFT", "window", "mask", "quantile", {**ALONE, "n_heads": 2}),
    ("TiDE", "mean", "mask", "negative_binomial", ALONE),
    ("Torch", "season", "error", "normal", ALONE),
    ("XLSTM", "window", "mask", "laplace", {**ALONE, "patch_length": 8}),
]


# Fourier transforms find the periods, and each window reads at places of its own, which
# torch does not export for batches of any size.
NOT_EXPORTED = {"PretrainedForecaster"}


def test_the_table_is_complete():
    networks, kinds, missing, losses, _ = zip(*TABLE)
    exported = {f"{name}Forecaster" for name in networks}
    assert exported | NOT_EXPORTED == {c.__name__ for c in NETWORKS}
    assert {*KINDS, None} - {"cycle"} == set(kinds)
    assert {*FAMILIES, "quantile", "mse"} <= set(losses)


@pytest.mark.parametrize("name", sorted(NOT_EXPORTED))
def test_what_cannot_be_exported_is_not_written(runtime, tmp_path, name):
    forecaster = getattr(sktorch_forecast, name)(random_state=0).fit(*windows())
    with pytest.raises(RuntimeError, match="Expected a network that torch can export"):
        to_onnx(forecaster, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def of_scipy(family, forecast, outputs):
    """The distribution that the outputs of a model describe, as its docs say."""
    forecast = forecast[..., np.newaxis]
    parts = {name: y[..., np.newaxis] for name, y in outputs.items()}
    if family == "normal":
        return stats.norm(forecast, parts["scale"])
    if family == "laplace":
        return stats.laplace(forecast, parts["scale"])
    if family == "student_t":
        return stats.t(parts["df"], forecast, parts["scale"])
    if family == "lognormal":
        sigma = parts["sigma"]
        return stats.lognorm(sigma, scale=forecast * np.exp(-(sigma**2) / 2))
    if family == "poisson":
        return stats.poisson(forecast)
    dispersion = parts["dispersion"]
    return stats.nbinom(1 / dispersion, 1 / (1 + dispersion * forecast))


@pytest.mark.parametrize(
    "name, kind, missing, loss, params", TABLE, ids=lambda value: str(value)[:20]
)
def test_models_forecast_what_predict_does(
    runtime, tmp_path, name, kind, missing, loss, params
):
    series = np.round(SERIES)
    if missing == "mask":
        series[[20, 21, 60]] = np.nan
    X, y = windows(series, missing=missing)
    cls = getattr(sktorch_forecast, f"{name}Forecaster")
    forecaster = cls(
        normalize=kind, missing=missing, loss=loss, seasonality=4, **FEW, **params
    )
    with_share(forecaster.fit(X, y))
    before, state = forecaster.predict(X), torch.random.get_rng_state()
    to_onnx(forecaster, tmp_path / "model.onnx")
    assert torch.equal(torch.random.get_rng_state(), state)
    np.testing.assert_array_equal(forecaster.predict(X), before)
    content = (tmp_path / "model.onnx").read_bytes()
    assert str(Path(sktorch_forecast.__file__).parent).encode() not in content

    session = runtime.InferenceSession(content)
    outputs = [output.name for output in session.get_outputs()]
    for size in SIZES:
        some = repeated(X, size)
        feed = {"windows": np.asarray(some)}
        found = dict(zip(outputs, session.run(outputs, feed)))
        forecast = found.pop("forecast")
        assert_close(forecast, forecaster.predict(some))
        if loss == "quantile":
            levels = params.get("quantiles", (0.1, 0.5, 0.9))
            quantiles = forecaster.predict_quantiles(some, levels)
            assert_close(found.pop("quantiles"), quantiles)
        elif loss == "mixture":
            median = forecaster.predict_quantiles(some, [0.5])
            parts = stats.norm(found.pop("means"), found.pop("deviations"))
            weights = found.pop("weights")
            cdf = (weights * parts.cdf(median)).sum(axis=-1)
            np.testing.assert_allclose(cdf, 0.5, atol=2e-4)
        elif loss in FAMILIES:
            levels = np.array([0.1, 0.5, 0.9])
            quantiles = forecaster.predict_quantiles(some, levels)
            distribution = of_scipy(loss, forecast.astype(float), found)
            assert_distribution(distribution, quantiles, levels)
            found.clear()
        assert not found


def test_covariates_several_targets_and_series(runtime, tmp_path):
    n = 40
    days = pd.date_range("2024-01-01", periods=n)
    frame = pd.DataFrame(
        {
            "shop": np.repeat(["north", "south", "west"], n),
            "day": np.tile(days, 3),
            "sold": RANDOM.standard_normal(3 * n).cumsum() * np.repeat([1, 10, 9], n),
            "left": 50 + RANDOM.standard_normal(3 * n),
            "rain": RANDOM.standard_normal(3 * n),
            "price": RANDOM.random_sample(3 * n),
            "size": np.repeat([1.0, 2, 5], n),
        }
    )
    roles = {
        "id": "shop",
        "time": "day",
        "target": ["sold", "left"],
        "past": ["rain"],
        "future": ["price"],
        "static": ["size"],
    }
    X, y = windows(frame[frame["shop"] != "west"], **roles)
    forecaster = MLPForecaster(missing="mask", loss="quantile", **FEW)
    with_share(forecaster.fit(X, y))
    path = tmp_path / "shops.onnx"
    to_onnx(forecaster, path, X)
    session = runtime.InferenceSession(path)

    shapes = {i.name: (i.type, i.shape) for i in session.get_inputs()}
    assert shapes == {
        "windows": ("tensor(float)", ["batch", LENGTH, 4]),
        "future": ("tensor(float)", ["batch", HORIZON, 1]),
        "static": ("tensor(float)", ["batch", 1]),
        "series": ("tensor(int64)", ["batch"]),
    }
    shapes = {o.name: o.shape for o in session.get_outputs()}
    assert shapes == {"forecast": ["batch", 6], "quantiles": ["batch", 6, 3]}
    meta = session.get_modelmeta().custom_metadata_map
    lists = ("channels", "targets", "future", "static", "series", "quantiles")
    assert {name: json.loads(meta[name]) for name in lists} == {
        "channels": ["sold", "left", "rain", "price"],
        "targets": ["sold", "left"],
        "future": ["price"],
        "static": ["size"],
        "series": ["north", "south"],
        "quantiles": [0.1, 0.5, 0.9],
    }
    rest = {name: value for name, value in meta.items() if name not in lists}
    assert rest == {
        "format_version": "1",
        "estimator": "MLPForecaster",
        "sktorch_forecast": sktorch_forecast.__version__,
        "torch": torch.__version__,
        "horizon": "3",
        "length": "12",
        "family": "quantile",
        "missing": "mask",
    }

    # All three shops, "west" among them, which the fit has not seen.
    every, _ = windows(frame, **roles)
    codes = np.array([0, 1, 2])[every.series]
    for size in SIZES:
        rows = RANDOM.permutation(np.resize(np.arange(len(every)), size))
        some = every[rows]
        feed = {
            "windows": np.asarray(some),
            "future": some.future_values(),
            "static": some.static_values(),
            "series": codes[rows],
        }
        forecast, quantiles = session.run(["forecast", "quantiles"], feed)
        assert_close(forecast, forecaster.predict(some))
        levels = [0.1, 0.5, 0.9]
        assert_close(quantiles, forecaster.predict_quantiles(some, levels))


def test_windows_are_taken_in_the_precision_of_the_fit(runtime, tmp_path):
    X, y = windows(SERIES + 1e7)
    assert X.dtype == np.float64  # as float32 they would be all alike
    forecaster = LSTMForecaster(baseline=None, **FEW).fit(X, y)
    expected = forecaster.predict(X)
    # Wherever the network is: a GPU may compute with fewer digits.
    forecaster.device_ = torch.device("cuda")
    to_onnx(forecaster, tmp_path / "model.onnx")
    assert forecaster.device_ == torch.device("cuda")
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    found = session.run(["forecast"], {"windows": np.asarray(X)})[0]
    assert found.dtype == np.float64
    np.testing.assert_allclose(found - 1e7, expected - 1e7, rtol=0, atol=1e-5)


def test_another_precision_targets_of_one_axis_and_a_compiled_network(
    runtime, tmp_path
):
    X, y = windows()
    X, y = np.asarray(X, dtype=np.float64)[..., 0], np.asarray(y)[:, 0]
    forecaster = MLPForecaster(**FEW).fit(X, y)
    forecaster.module_ = torch.compile(forecaster.module_, backend="eager")
    with torch.compiler.set_stance("force_eager"):  # compiled or not, it says the same
        to_onnx(forecaster, tmp_path / "model.onnx", dtype="float32")
        expected = forecaster.predict(X.astype(np.float32))
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    feed = {"windows": X.astype(np.float32)[..., np.newaxis]}
    assert_close(session.run(["forecast"], feed)[0], expected)


# -------------------------------------------------------------- networks of the user's


class Mirrored(nn.GRU):
    """Recurrent layers of a user's own: not to be taken for those of torch."""

    def forward(self, x, state=None):
        return super().forward(x.flip(1), state)


class OwnNetwork(nn.Module):
    """Recurrent layers of torch in forms that ours do not use."""

    def __init__(self, n_channels, output_shape):
        super().__init__()
        forms = {"batch_first": False, "bias": False, "num_layers": 2}
        self.lstm = nn.LSTM(n_channels, 5, bidirectional=True, **forms)
        self.gru = nn.GRU(10, 6, bidirectional=True)
        self.rnn = nn.RNN(12, 4, nonlinearity="relu", **forms)
        self.own = Mirrored(4, 3, batch_first=True)
        self.readout = Readout(3, output_shape)

    def forward(self, x):
        x = x.transpose(0, 1)
        outputs, state = self.lstm(x)
        outputs, _ = self.lstm(x + outputs.mean(dim=2, keepdim=True), state)
        outputs, state = self.gru(outputs)
        outputs, _ = self.gru(outputs[..., :10], state)
        outputs, _ = self.rnn(outputs)
        outputs, _ = self.own(outputs.transpose(0, 1)[:, -4:])
        return self.readout(outputs[:, -1])


class Cheat(nn.Module):
    """Does something else when it is exported."""

    def __init__(self, n_channels, output_shape):
        super().__init__()
        self.readout = Readout(n_channels, output_shape)

    def forward(self, x):
        x = x[:, -1]
        return self.readout(x + 1e-3 if torch.compiler.is_compiling() else x)


class Untraceable(Cheat):
    """Cannot be exported, since it looks at the values."""

    def forward(self, x):
        return self.readout(x[:, -1] * float(x.detach().max()))


def fitted(module):
    cls = type("OwnForecaster", (Forecaster,), {"module": module, "__doc__": "Own."})
    X, y = windows()
    return cls(baseline=None, **FEW).fit(X, y)


def test_networks_of_the_users_own(runtime, tmp_path):
    forecaster = fitted(OwnNetwork)
    to_onnx(forecaster, tmp_path / "model.onnx")
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    X, _ = windows()
    for size in SIZES:
        some = repeated(X, size)
        found = session.run(["forecast"], {"windows": np.asarray(some)})[0]
        assert_close(found, forecaster.predict(some))


@pytest.mark.parametrize(
    "module, words",
    [(Cheat, "difference of .* in a batch of 1. Nothing"), (Untraceable, "cannot")],
)
def test_models_that_would_be_wrong_are_not_written(runtime, tmp_path, module, words):
    (tmp_path / "model.onnx").write_bytes(b"an old one")
    with pytest.raises(RuntimeError, match=words):
        to_onnx(fitted(module), tmp_path / "model.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert (tmp_path / "model.onnx").read_bytes() == b"an old one"


def test_models_that_do_not_run_are_not_written(runtime, tmp_path, monkeypatch):
    def broken(*args, **kwargs):
        raise KeyError("no such operator")

    forecaster = fitted(Cheat)
    monkeypatch.setattr(runtime, "InferenceSession", broken)
    with pytest.raises(RuntimeError, match="cannot: 'no such operator' Nothing was"):
        to_onnx(forecaster, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_model_is_compared_on_the_windows_that_are_given(runtime, tmp_path):
    class Picky(Cheat):
        """Is wrong only above a million, where no window is that is made up."""

        def forward(self, x):
            x = x[:, -1]
            wrong = torch.compiler.is_compiling() * (x > 1e6).to(x.dtype)
            return self.readout(x + wrong * x)

    X, y = windows()
    cls = type("OwnForecaster", (Forecaster,), {"module": Picky, "__doc__": "Own."})
    forecaster = cls(baseline=None, normalize=None, **FEW).fit(X, y)
    with pytest.raises(RuntimeError, match="Nothing was written"):
        to_onnx(forecaster, tmp_path / "model.onnx", np.full((2, LENGTH), 1e7))


# --------------------------------------------------------------------- what is refused


def test_the_network_of_a_wrapper_is_named():
    forecaster = SeriesForecaster(MLPForecaster(**FEW), horizon=3, length=12)
    with pytest.raises(TypeError, match=r"to_onnx\(forecaster.estimator_, path\)"):
        to_onnx(forecaster.fit(pd.Series(SERIES)), "never.onnx")


@pytest.mark.parametrize(
    "forecaster, error, words",
    [
        (MLPForecaster(), NotFittedError, "not fitted"),
        (MLPForecaster, TypeError, "Expected a network"),
        (NaiveForecaster(), TypeError, "found an object of type NaiveForecaster"),
        (ConformalForecaster(MLPForecaster()), TypeError, "Expected a network"),
        (DeepEnsembleForecaster(MLPForecaster()), TypeError, "one by one"),
        (make_pipeline(SlidingWindow(3), MLPForecaster()), TypeError, "last step"),
    ],
    ids=str,
)
def test_what_is_no_fitted_network(forecaster, error, words):
    with pytest.raises(error, match=words):
        to_onnx(forecaster, "never.onnx")


def test_what_a_model_cannot_do(tmp_path, emulated_bf16):
    X, y = windows()
    forecaster = MLPForecaster(dropout=0.1, **FEW).fit(X, y)
    with pytest.raises(ValueError, match="n_mc_samples=None"):
        forecaster.set_params(n_mc_samples=10)
        to_onnx(forecaster, tmp_path / "never.onnx")
    forecaster = MLPForecaster(precision="bf16", **FEW).fit(X, y)
    with pytest.raises(ValueError, match="precision='bf16'"):
        to_onnx(forecaster, tmp_path / "never.onnx")
    forecaster = MLPForecaster(**FEW).fit(X, y)
    with pytest.raises(FileNotFoundError, match="folder that exists"):
        to_onnx(forecaster, tmp_path / "nowhere" / "never.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "kwargs, words",
    [
        ({"dtype": "float16"}, "dtype as 'float32', 'float64' or None"),
        ({"X": np.ones((4, LENGTH + 1))}, "features"),
    ],
)
def test_arguments_that_are_not_valid(runtime, tmp_path, kwargs, words):
    X, y = windows()
    forecaster = MLPForecaster(**FEW).fit(X, y)
    with pytest.raises(ValueError, match=words):
        to_onnx(forecaster, tmp_path / "never.onnx", **kwargs)


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "onnxscript"])
def test_the_extra_is_named_where_a_package_is_missing(tmp_path, monkeypatch, package):
    X, y = windows()
    forecaster = MLPForecaster(**FEW).fit(X, y)
    for name in ("onnx", "onnxruntime", "onnxscript"):
        # Those before it are taken for there.
        monkeypatch.setitem(sys.modules, name, None if name == package else sys)
    words = rf'{package}.*pip install "sktorch-forecast\[onnx\]"'
    with pytest.raises(ImportError, match=words):
        to_onnx(forecaster, tmp_path / "never.onnx")


def test_versions_of_torch_that_are_too_old(tmp_path, monkeypatch):
    X, y = windows()
    forecaster = MLPForecaster(**FEW).fit(X, y)
    for name in ("onnx", "onnxruntime", "onnxscript"):
        monkeypatch.setitem(sys.modules, name, sys)
    monkeypatch.delattr(torch.onnx, "ops", raising=False)
    with pytest.raises(ImportError, match="torch 2.9 or newer, found"):
        to_onnx(forecaster, tmp_path / "never.onnx")


# ------------------------------------------------------------------------- the example


def test_the_example_serves_without_torch(runtime, tmp_path):
    import onnx_export

    forecaster = onnx_export.main(tmp_path / "elnino.onnx")
    values = chain.from_iterable(
        [line.split(",")[1]] for line in onnx_export.CSV.read_text().split()[1:]
    )
    window = np.array(list(values), dtype=np.float32)[np.newaxis, -36:]
    code = (
        "import runpy, sys\n"
        "for name in ('torch', 'sktorch_forecast', 'pandas', 'sklearn'):\n"
        "    sys.modules[name] = None\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    script = Path(onnx_export.__file__).with_name("onnx_serve.py")
    command = [sys.executable, "-c", code, script, tmp_path / "elnino.onnx"]
    command += [onnx_export.CSV]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    shown = [line.split() for line in done.stdout.splitlines()]
    expected = forecaster.predict(window)[0]
    assert [step for step, *_ in shown[1:]] == [str(i) for i in range(1, 13)]
    found = np.array([float(value) for _, value, *_ in shown[1:]])
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.006)  # two decimals
