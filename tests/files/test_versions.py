"""Files and pickles of other versions."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from common import ESTIMATORS, cheap
from nets import X, Y, forecaster
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning
from write_examples import FOLDER, said

from sktorch_forecast import (
    NaiveForecaster,
    SeriesForecaster,
    TabularForecaster,
    load,
    save,
)
from sktorch_forecast._files import mixin

EXAMPLES = sorted(FOLDER.glob("*.safetensors"))


def test_every_estimator_has_an_example():
    names = {path.stem for path in EXAMPLES}
    assert {cls.__name__ for cls in ESTIMATORS} <= names, (
        "Run python tests/files/write_examples.py, and commit what it writes."
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.InconsistentVersionWarning"  # of later versions
)
def test_an_example_forecasts_what_it_did_when_it_was_written(path):
    model = load(path)
    expected = np.loadtxt(path.with_suffix(".txt"))
    # In single precision, on another processor.
    scale = np.abs(expected).max()
    assert_allclose(said(model).reshape(-1), expected, rtol=1e-4, atol=1e-4 * scale)
    takes_windows = not isinstance(model, SeriesForecaster)
    if hasattr(model, "partial_fit") and takes_windows:
        assert np.isfinite(model.partial_fit(X, Y).predict(X)).all()
    clone(model)


CASES = [forecaster(), NaiveForecaster(), TabularForecaster()]


@pytest.mark.parametrize("model", CASES, ids=repr)
@pytest.mark.parametrize("how", ["pickle", "file"])
def test_another_version_warns(model, how, tmp_path, monkeypatch):
    model = clone(model).fit(X, Y)
    with monkeypatch.context() as before:
        before.setattr(mixin, "__version__", "0.0.7")
        content = pickle.dumps(model)
        save(model, tmp_path / "model")
    with pytest.warns(InconsistentVersionWarning, match="from version 0.0.7 when"):
        back = pickle.loads(content) if how == "pickle" else load(tmp_path / "model")
    np.testing.assert_array_equal(back.predict(X), model.predict(X))


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_the_same_version_does_not_warn(cls, tmp_path):
    model = cheap(cls)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(model, tmp_path / "model")
        for back in (
            pickle.loads(pickle.dumps(model)),
            copy.deepcopy(model),
            load(tmp_path / "model"),
        ):
            assert vars(back).keys() == vars(model).keys()


@pytest.mark.parametrize("name", ["clip_grad_norm", "hidden_size", "baseline"])
@pytest.mark.parametrize("how", ["pickle", "file"])
def test_a_parameter_that_is_newer_has_its_default(name, how, tmp_path):
    model = forecaster(clip_grad_norm=7.0)
    del vars(model)[name]
    default = {"clip_grad_norm": 1.0, "hidden_size": 32, "baseline": "ridge"}[name]
    if how == "pickle":
        back = pickle.loads(pickle.dumps(model))
    else:
        save(model, tmp_path / "model")
        back = load(tmp_path / "model")
    assert back.get_params()[name] == default


def test_a_pickle_from_before_versions_warns():
    model = NaiveForecaster(3)
    state = vars(model).copy()
    back = object.__new__(NaiveForecaster)
    with pytest.warns(InconsistentVersionWarning, match="from version unknown"):
        back.__setstate__(state)
    assert back.seasonality == 3
