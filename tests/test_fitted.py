"""A forecast depends on what the fit has fixed, and on few parameters of its own."""

import inspect

import numpy as np
import pytest
import torch
from common import FEW_ORIGINS, FORECASTERS, NETWORKS, make
from nets import X, Y
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge
from torch.utils.data import DataLoader

from sktorch_forecast import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    EnsembleForecaster,
    LSTMForecaster,
    MLPForecaster,
    NaiveForecaster,
    RecursiveForecaster,
    SeriesForecaster,
    TabularForecaster,
)

# Parameters that are documented as the forecast's own.
OWN = {"n_mc_samples", "n_threads"}

# Another valid value of every other parameter, by name.
OTHER = {
    "activation": "tanh",
    "baseline": None,
    "batch_size": 7,
    "bidirectional": True,
    "blocks": ("sLSTM",),
    "bptt_steps": 2,
    "callbacks": "disable",
    "cell": "lstm",
    "clip_grad_norm": None,
    "compile": True,
    "coverage": 0.3,
    "covariate_size": 3,
    "calibration_fraction": 0.6,
    "criterion": torch.nn.L1Loss,
    "dataset": dict,
    "decoder_size": 3,
    "degree": 1,
    "device": "meta",
    "dilations": (1,),
    "dropout": 0.9,
    "early_stopping": False,
    "estimator": NaiveForecaster(3),
    "estimators": [("ridge", Ridge()), ("naive", NaiveForecaster(3))],
    "fine_tune_epochs": 2,
    "hidden_layer_sizes": (2,),
    "hidden_size": 2,
    "horizon": 2,
    "iterator_train": DataLoader,
    "iterator_valid": DataLoader,
    "kernel_size": 3,
    "knot_distances": (2, 1, 1),
    "learning_rate": 0.9,
    "loss": "mae",
    "lr": 0.9,
    "max_epochs": 9,
    "method": "adaptive",
    "missing": "mask",
    "module": torch.nn.Identity,
    "n_blocks": 4,
    "n_components": 5,
    "n_estimators": 9,
    "n_filters": 3,
    "n_harmonics": 2,
    "n_heads": 3,
    "n_iter_no_change": 1,
    "n_jobs": 2,
    "nonlinearity": "relu",
    "normalize": None,
    "num_layers": 4,
    "optimizer": torch.optim.SGD,
    "patch_length": 3,
    "period": 5,
    "pool_sizes": (2, 1, 1),
    "precision": "bf16",
    "quantiles": (0.2, 0.3, 0.8),
    "random_state": 99,
    "readout": False,
    "seasonality": 5,
    "segment_length": 5,
    "stacks": ("trend",),
    "stride": 3,
    "teacher_forcing": 1.0,
    "teacher_forcing_decay": 0.1,
    "torch_load_kwargs": {},
    "train_on": "all_steps",
    "train_split": None,
    "use_caching": False,
    "validation_fraction": 0.6,
    "verbose": 3,
    "warm_start": True,
    "weights": [1, 2],
}

QUICK = {"max_epochs": 1, "random_state": 0, "hidden_size": 4, **FEW_ORIGINS}
QUICK |= {"n_filters": 4, "dilations": (1, 2)}
CASES = [make(cls, **QUICK) for cls in FORECASTERS]
CASES += [make(cls, **QUICK, dropout=0.3) for cls in NETWORKS]
CASES += [
    MLPForecaster(loss="mixture", n_components=2, max_epochs=1, random_state=0),
    LSTMForecaster(loss="quantile", max_epochs=1, random_state=0, normalize="season",
                   seasonality=3),
    ConformalForecaster(MLPForecaster(loss="normal", max_epochs=1, random_state=0),
                        method="cqr", random_state=0, **FEW_ORIGINS),
    ConformalForecaster(method="adaptive", random_state=0, **FEW_ORIGINS),
    DeepEnsembleForecaster(MLPForecaster(max_epochs=2), 2, "snapshot", random_state=0),
    EnsembleForecaster(
        [("normal", MLPForecaster(loss="normal", max_epochs=1, random_state=0)),
         ("lstm", LSTMForecaster(loss="quantile", max_epochs=1, random_state=0))],
        weights=[3, 1], random_state=0,
    ),
    RecursiveForecaster(LSTMForecaster(max_epochs=1, random_state=0)),
    RecursiveForecaster(
        MLPForecaster(loss="normal", max_epochs=1, random_state=0), horizon=4
    ),
    TabularForecaster(ConformalForecaster(Ridge(), random_state=0, **FEW_ORIGINS)),
    NaiveForecaster(seasonality=2),
]  # fmt: skip


def everything(model):
    """What all methods say, by name."""
    said = {"predict": model.predict(X)}
    if hasattr(model, "predict_quantiles"):
        said["quantiles"] = model.predict_quantiles(X, [0.3, 0.5, 0.7])
        said["interval"] = model.predict_interval(X, 0.4)
        if isinstance(model, ConformalForecaster):
            said["default interval"] = model.predict_interval(X)
    if hasattr(model, "sample"):
        paths = model.sample(X, 4)
        if np.array_equal(paths, model.sample(X, 4)):  # with the seed of the fit
            said["sample"] = paths
        said["seeded sample"] = model.sample(X, 4, random_state=5)
    if model.horizon_ == 3:
        said["score"] = model.score(X, Y)
    if hasattr(model, "forward"):
        said["forward"] = model.forward(X).numpy()
    return said


@pytest.mark.parametrize("model", CASES, ids=repr)
def test_a_parameter_changed_after_the_fit_changes_no_forecast(model):
    model = clone(model).fit(X, Y)
    expected = everything(model)
    names = set(inspect.signature(type(model)).parameters) - OWN
    for name in sorted(names):
        before, other = getattr(model, name), OTHER[name]
        if name == "baseline" and before is None:
            other = "ridge"
        if name == "method" and before == other:
            other = "split"
        assert repr(before) != repr(other), f"{name} needs another value"
        model.set_params(**{name: other})
    found = everything(model)
    assert found.keys() == expected.keys()
    for method, forecast in expected.items():
        assert_array_equal(found[method], forecast, err_msg=method)


@pytest.mark.parametrize("wrong", ["ridge", 3, Ridge], ids=["text", "number", "class"])
@pytest.mark.parametrize(
    "model", [m for m in CASES if hasattr(m, "estimator")], ids=repr
)
def test_a_wrong_estimator_is_for_the_next_fit_to_complain_of(model, wrong):
    model = clone(model).fit(X, Y)
    expected = everything(model)
    model.set_params(estimator=wrong)
    found = everything(model)
    for method, forecast in expected.items():
        assert_array_equal(found[method], forecast, err_msg=method)
    with pytest.raises((ValueError, TypeError), match="estimator"):
        model.fit(X, Y)


@pytest.mark.parametrize(
    "wrong",
    ["ridge", 3, Ridge, [], [Ridge()], [("a", Ridge)], [("a", "drop")]],
    ids=str,
)
@pytest.mark.parametrize(
    "model", [m for m in CASES if isinstance(m, EnsembleForecaster)], ids=repr
)
def test_wrong_estimators_are_for_the_next_fit_to_complain_of(model, wrong):
    model = clone(model).fit(X, Y)
    expected = everything(model)
    model.set_params(estimators=wrong)
    found = everything(model)
    assert found.keys() == expected.keys()
    for method, forecast in expected.items():
        assert_array_equal(found[method], forecast, err_msg=method)
    with pytest.raises((ValueError, TypeError), match="estimator"):
        model.fit(X, Y)


@pytest.mark.parametrize("wrong", ["ridge", 3, Ridge], ids=["text", "number", "class"])
def test_a_wrong_estimator_of_a_series_forecaster_changes_no_forecast(wrong):
    model = SeriesForecaster(NaiveForecaster(), horizon=2, length=4).fit(
        np.arange(20.0)
    )
    expected = model.forecast()
    assert model.set_params(estimator=wrong).forecast().equals(expected)


@pytest.mark.parametrize("model", CASES, ids=repr)
def test_a_fit_and_forecasts_write_into_no_parameter(model):
    """Not even for the moment of a call."""
    names = set(inspect.signature(type(model)).parameters)
    written = []

    class Watched(type(model)):
        def __setattr__(self, name, value):
            if name in names and self.__dict__.get(name) is not value:
                written.append(name)
            super().__setattr__(name, value)

    Watched.__name__ = type(model).__name__
    watched = object.__new__(Watched)
    before = {name: vars(model)[name] for name in names}
    vars(watched).update(before)
    watched.fit(X, Y)
    everything(watched)
    assert written == []
    assert all(vars(watched)[name] is before[name] for name in names)


@pytest.mark.parametrize(
    "cls",
    [cls for cls in FORECASTERS if "estimator" in inspect.signature(cls).parameters],
)
def test_the_estimator_that_is_given_is_not_fitted_itself(cls):
    inner = MLPForecaster(max_epochs=1) if cls is DeepEnsembleForecaster else Ridge()
    before = vars(inner).copy()
    make(cls, estimator=inner, **FEW_ORIGINS).fit(np.asarray(X)[..., 0], Y)
    assert vars(inner) == before


def test_batches_threads_and_passes_are_the_forecasts_own():
    net = LSTMForecaster(max_epochs=1, dropout=0.3, random_state=0).fit(X, Y)
    expected = net.predict(X)
    net.set_params(iterator_valid__batch_size=16, n_threads=2)
    assert [len(batch) for batch in net.forward_iter(X)] == [16, 16, 16, 12]
    np.testing.assert_allclose(net.predict(X), expected, rtol=1e-5)
    net.set_params(n_mc_samples=5)
    assert_array_equal(net.predict(X), net.sample(X, 5).mean(axis=0))
