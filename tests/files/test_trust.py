"""Loading runs nothing, and makes nothing but what is known or trusted."""

import builtins
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from nets import X, Y
from numpy.testing import assert_array_equal
from sklearn.ensemble import RandomForestRegressor
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback

from sktorch_forecast import Forecaster, NaiveForecaster, TabularForecaster, load, save
from sktorch_forecast._files import container
from sktorch_forecast.compose import RecursiveForecaster


class Flat(torch.nn.Module):
    """A network of a user."""

    def __init__(self, n_channels, length, output_shape, scale=1.0):
        super().__init__()
        self.linear = torch.nn.Linear(n_channels * length, output_shape[0])
        self.output_shape, self.scale = output_shape, scale

    def forward(self, x):
        return self.scale * self.linear(x.flatten(1)).view(-1, *self.output_shape)


class FlatForecaster(Forecaster):
    module = Flat

    def __init__(self, *, scale=1.0, **shared):
        super().__init__(**shared)
        self.scale = scale


class Count(Callback):
    def on_train_begin(self, net, **kwargs):
        self.n_ = 0

    def on_batch_end(self, net, **kwargs):
        self.n_ += 1


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model"


@pytest.fixture
def own(path):
    model = FlatForecaster(scale=0.5, callbacks=[("count", Count)], max_epochs=1)
    save(model.fit(X, Y), path)
    return model


def test_classes_of_the_user_are_trusted_by_name(own, path):
    back = load(path, trusted=[FlatForecaster, Flat, Count])
    assert_array_equal(back.predict(X), own.predict(X))
    assert dict(back.callbacks_)["count"].n_ == dict(own.callbacks_)["count"].n_


def test_classes_that_are_not_trusted_are_listed(own, path):
    names = "test_trust:Count, test_trust:Flat, test_trust:FlatForecaster"
    with pytest.raises(TypeError, match=f"found .*{names} in the file.*trusted="):
        load(path)
    with pytest.raises(TypeError, match="found [a-z_.]*test_trust:Flat in the file"):
        load(path, trusted=[FlatForecaster, Count])


def forged(path, node):
    """A file with a right checksum that somebody else has written."""
    name = "sktorch_forecast.naive:NaiveForecaster"
    container.write(path, {"object": [0, name, [["seasonality", node]]]}, {})


@pytest.mark.parametrize("name", [
    "os:system",
    "builtins:eval",
    "builtins:exec",
    "subprocess:Popen",
    "torch:load",
    "torch.hub:load",
    "numpy:load",
    "numpy:fromfile",
    "sklearn.utils.fixes:os",
    "sklearn:sys",
    "sktorch_forecast._files.atomic:os",
    "sktorch_forecast._files.saving:load",
    "sktorch_forecast.datasets._fetch:fetch_m4",
    "torch.nn.modules.module:Any",
    "nowhere:Nothing",
    "sktorch_forecast.nowhere:Nothing",
    "sklearn.linear_model:Nothing",
    "",
    ":",
    "antigravity:",
])  # fmt: skip
@pytest.mark.parametrize("node", [
    lambda name: {"name": name},
    lambda name: {"object": [1, name, []]},
    lambda name: {"reduced": [1, name, {"tuple": ["true"]}, []]},
    lambda name: {"module": [name, {"dict": []}, {"dict": []}]},
    lambda name: {"mapping": [name, []]},
], ids=["name", "object", "reduced", "module", "mapping"])  # fmt: skip
def test_no_other_name_is_looked_up(name, node, path):
    forged(path, [node(name)])
    with pytest.raises(TypeError, match="Expected only classes of sktorch_forecast"):
        load(path)


@pytest.mark.parametrize("node", [
    {"value": ["dtype of torch", "load"]},
    {"value": ["offset", ["to_offset", 1, False, {"dict": []}]]},
    {"random": [1, ["Generator", {"dict": [["bit_generator", "shuffle"]]}]]},
    {"__class__": []},
    {"names": []},
    {"same": 7},
    {"value": ["nothing", []]},
    {"float": "[]"},
])  # fmt: skip
def test_a_document_that_makes_no_sense_is_refused(node, path):
    forged(path, node)
    with pytest.raises(ValueError, match="that save has written"):
        load(path)


def test_nothing_is_unpickled(path, monkeypatch):
    save(TabularForecaster(RandomForestRegressor(2, random_state=0)).fit(X, Y), path)

    def refuse(*args, **kwargs):
        raise AssertionError("something is unpickled or run")

    for module, name in [
        (pickle, "load"),
        (pickle, "loads"),
        (pickle, "Unpickler"),
        (torch, "load"),
        (builtins, "eval"),
        (subprocess, "Popen"),
    ]:
        monkeypatch.setattr(module, name, refuse)
    assert load(path).predict(X).shape == Y.shape


def test_functions_of_the_user(path):
    def double(x):
        return 2 * x

    with pytest.raises(TypeError, match="estimator.func.*cannot be imported"):
        save(RecursiveForecaster(FunctionTransformer(double)), path)
    save(RecursiveForecaster(FunctionTransformer(module_function)), path)
    with pytest.raises(TypeError, match="found [a-z_.]*test_trust:module_function"):
        load(path)
    back = load(path, trusted=[module_function])
    assert back.estimator.func is module_function


def module_function(x):
    return 2 * x


@pytest.mark.parametrize("value, what", [
    (open, "open"),
    (np.random.default_rng, "default_rng"),
])  # fmt: skip
def test_functions_of_others(value, what, path):
    save(NaiveForecaster(value), path)
    with pytest.raises(TypeError, match=f"found .*:.*{what}"):
        load(path)


@pytest.mark.parametrize("value", [
    iter([]),
    sys,
    memoryview(b""),
    [].append,
    NaiveForecaster().fit,
    np.array([object()]),
    np.ones(2, complex),
    np.ones(2, np.longdouble),
    (i for i in ()),
], ids=lambda value: type(value).__name__)  # fmt: skip
def test_what_a_file_cannot_hold_is_refused(value, path):
    with pytest.raises(TypeError, match="NaiveForecaster.seasonality.*joblib.dump"):
        save(NaiveForecaster(value), path)
    assert not path.exists()


@pytest.mark.parametrize(
    "thing", [None, NaiveForecaster, {"a": 1}, np.ones(3)], ids=lambda t: str(type(t))
)
def test_only_estimators_are_saved(thing, path):
    with pytest.raises(TypeError, match="Expected an estimator to save, found"):
        save(thing, path)
