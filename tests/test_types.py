"""What an editor sees: pyright over a user's script. `make lint` checks the package."""

import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sktorch_forecast
import sktorch_forecast.discovery
import sktorch_forecast.testing

PYRIGHT = shutil.which("pyright", path=str(Path(sys.executable).parent))
pytestmark = pytest.mark.skipif(
    PYRIGHT is None, reason='pyright is not installed: pip install -e ".[test]"'
)


def check(*args, cwd):
    """Diagnostics of pyright, as (line, kind, message)."""
    command = [PYRIGHT, "--outputjson", "--pythonpath", sys.executable, *args]
    run = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    found = json.loads(run.stdout)["generalDiagnostics"]
    return [
        (d["range"]["start"]["line"] + 1, d["severity"], d["message"]) for d in found
    ]


# What a user writes; behind #: what must be known, or an error that must be found.
SCRIPT = """
import numpy as np
import torch
from sktorch_forecast import (
    ConformalForecaster, DeepEnsembleForecaster, EncoderDecoderForecaster,
    EnsembleForecaster, GRUForecaster, LSTMForecaster, MLPForecaster,
    NaiveForecaster, RecursiveForecaster,
    SeriesForecaster, SlidingWindow, TabularForecaster, TorchForecaster,
    WaveNetForecaster, Windows, make_windows,
)
from sktorch_forecast.datasets import load_co2
from sktorch_forecast.metrics import mase

X, y = make_windows(np.arange(50.0), horizon=2, length=5)
reveal_type(X)  #: Windows
net = LSTMForecaster(hidden_size=8, lr=0.01, loss="normal")
reveal_type(net)  #: LSTMForecaster
reveal_type(net.fit(X, y))  #: LSTMForecaster
reveal_type(net.partial_fit(X, y))  #: LSTMForecaster
reveal_type(net.set_params(lr=0.1))  #: LSTMForecaster
reveal_type(net.predict(X))  #: ndarray[
reveal_type(net.predict(X, coverage=0.8))  #: tuple[ndarray[
reveal_type(net.predict(X, n_samples=3)[1])  #: ndarray[
reveal_type(net.predict_interval(X, 0.8))  #: ndarray[
reveal_type(net.predict_quantiles(X, [0.1, 0.9]))  #: ndarray[
reveal_type(net.sample(X, n_samples=3))  #: ndarray[
reveal_type(net.horizon_)  #: int
reveal_type(MLPForecaster(hidden_layer_sizes=(3,), batch_size=-1))  #: MLPForecaster
seq2seq = EncoderDecoderForecaster(teacher_forcing=0.1, device="auto")
reveal_type(seq2seq.fit(X, y))  #: EncoderDecoderForecaster
wavenet = WaveNetForecaster(dilations=[1, 2], optimizer__weight_decay=0.1)
reveal_type(wavenet)  #: WaveNetForecaster
own = TorchForecaster(torch.nn.Identity, module__hidden=3, lr=0.1).fit(X, y)
reveal_type(own)  #: TorchForecaster
reveal_type(own.predict(X))  #: ndarray[
TorchForecaster(torch.nn.Identity())  #! cannot be assigned to parameter "module"
conformal = ConformalForecaster(net, method="cqr").fit(X, y)
reveal_type(conformal.predict_interval(X))  #: ndarray[
reveal_type(EnsembleForecaster([("net", net)]).fit(X, y))  #: EnsembleForecaster
reveal_type(DeepEnsembleForecaster(net, 2).fit(X, y))  #: DeepEnsembleForecaster
reveal_type(RecursiveForecaster(horizon=3).fit(X, y).predict(X))  #: ndarray[
reveal_type(TabularForecaster(normalize="last").fit(X, y).predict(X))  #: ndarray[
reveal_type(NaiveForecaster(seasonality=2).fit(X, y).predict(X))  #: ndarray[
reveal_type(SeriesForecaster(net, 2, 5).fit(np.arange(50.0)).forecast())  #: DataFrame
reveal_type(SlidingWindow(3).fit(X))  #: SlidingWindow
reveal_type(X.with_length(3))  #: Windows
reveal_type(X.shape)  #: tuple[int, int, int]
reveal_type(mase([4.0], [5.0], y_train=[1.0, 3.0]))  #: float
mase([4.0], [5.0], y_train=[1.0, 3.0], season=1)  #! No parameter named "season"
reveal_type(load_co2())  #: Series
LSTMForecaster(max_epoch=3)  #! No parameter named "max_epoch"
GRUForecaster(hidden_size="8")  #! cannot be assigned to parameter "hidden_size"
MLPForecaster(loss="mean")  #! cannot be assigned to parameter "loss"
MLPForecaster(likelihood="normal")  #! No parameter named "likelihood"
TabularForecaster(regressor=None)  #! No parameter named "regressor"
ConformalForecaster(method="jackknife")  #! cannot be assigned to parameter "method"
make_windows(np.arange(9.0), horizon=2)  #! Argument missing for parameter "length"
"""


def test_an_editor_knows_networks_and_finds_misspelt_parameters(tmp_path):
    """Where the package is installed as `make install` does it."""
    (tmp_path / "script.py").write_text(SCRIPT)
    found = check("script.py", cwd=tmp_path)
    for number, line in enumerate(SCRIPT.splitlines(), start=1):
        here = [(kind, message) for at, kind, message in found if at == number]
        if "#:" in line:
            expected = line.split("#: ")[1]
            [(kind, message)] = here
            assert kind == "information"
            assert f'is "{expected}' in message, (line, message)
        elif "#!" in line:
            expected = line.split("#! ")[1]
            assert [kind for kind, _ in here] == ["error"], (line, here)
            assert expected in here[0][1], (line, here)
        else:
            assert here == [], (line, here)


def test_the_package_says_that_it_has_types():
    assert (Path(sktorch_forecast.__file__).parent / "py.typed").exists()


# ------------------------------------------------------------------ annotations

MODULES = [sktorch_forecast, sktorch_forecast.discovery, sktorch_forecast.testing]
MODULES += [
    module for module in vars(sktorch_forecast).values() if inspect.ismodule(module)
]


def public_functions():
    """Functions, and methods of classes of ours, that the public modules export."""
    names = ("all_estimators", "trusted_types")
    found = {n: getattr(sktorch_forecast.discovery, n) for n in names}
    for module in MODULES:
        for name in getattr(module, "__all__", ()):
            item = getattr(module, name)
            if inspect.isfunction(item):
                found[name] = item
            elif inspect.isclass(item):
                for cls in item.__mro__:
                    if not cls.__module__.startswith("sktorch_forecast"):
                        continue
                    for method, function in vars(cls).items():
                        is_public = not method.startswith("_") or method == "__init__"
                        function = getattr(function, "__func__", function)
                        function = getattr(function, "fget", function)
                        function = getattr(function, "fn", function)  # available_if
                        if is_public and inspect.isfunction(function):
                            found[f"{cls.__name__}.{method}"] = function
    return found


FUNCTIONS = public_functions()


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_the_public_surface_is_annotated(name):
    function = inspect.unwrap(FUNCTIONS[name])
    code = function.__code__
    n_names = code.co_argcount + code.co_kwonlyargcount
    n_names += bool(code.co_flags & inspect.CO_VARARGS)
    n_names += bool(code.co_flags & inspect.CO_VARKEYWORDS)
    names = set(code.co_varnames[:n_names]) - {"self", "cls"}
    if not name.endswith("__init__"):
        names.add("return")
    assert names - set(function.__annotations__) == set()
