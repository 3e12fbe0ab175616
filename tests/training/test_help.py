"""What ``help`` shows of a forecaster: what users call, most important first."""

import inspect
import pickle
import pydoc
from abc import ABC, abstractmethod

import pytest
from common import NETWORKS
from nets import X, Y
from skorch import NeuralNetRegressor

from sktorch_forecast import Forecaster, LSTMForecaster, MLPForecaster


def help_of(cls):
    return pydoc.plain(pydoc.render_doc(cls))


@pytest.mark.parametrize("cls", NETWORKS)
def test_help_is_shorter_than_it_was(cls):
    assert len(help_of(cls).splitlines()) < 800  # 1,268 with all of skorch


def test_what_users_call_is_there_and_skorchs_own_hooks_are_not():
    text = help_of(LSTMForecaster)
    for name in ("fit", "predict", "partial_fit", "sample", "save", "set_params"):
        assert f"\n |  {name}(" in text
    for name in ("get_iterator", "infer", "fit_loop", "on_batch_end", "dunder_names"):
        assert f"\n |  {name}(" not in text
        assert callable(getattr(LSTMForecaster, name))


def test_objects_list_everything():
    hidden = set(dir(NeuralNetRegressor)) - set(dir(LSTMForecaster))
    assert {"get_iterator", "fit_loop", "forward"} <= hidden
    assert {"get_iterator", "fit_loop", "forward"} <= set(dir(LSTMForecaster()))


class OwnStep(MLPForecaster):
    """Overrides what skorch calls."""

    def get_loss(self, y_pred, y_true, X=None, training=False):
        return super().get_loss(y_pred, y_true, X, training)


def test_a_subclass_lists_what_it_overrides():
    assert "get_loss" in dir(OwnStep) and "get_loss" not in dir(MLPForecaster)


class Described(ABC):
    @abstractmethod
    def describe(self): ...


class DescribedForecaster(Described, MLPForecaster):
    """A forecaster with an abstract base."""

    def describe(self):
        return "a perceptron"


def test_forecasters_go_with_abstract_classes():
    net = DescribedForecaster(max_epochs=1).fit(X, Y)
    again = pickle.loads(pickle.dumps(net))
    assert again.describe() == "a perceptron" and isinstance(again, Described)
    with pytest.raises(TypeError, match="abstract"):
        type("Incomplete", (Described, MLPForecaster), {})()


@pytest.mark.parametrize("cls", [Forecaster, LSTMForecaster])
def test_parameters_are_described_in_the_order_of_the_signature(cls):
    names = list(inspect.signature(cls).parameters)
    doc = inspect.getdoc(cls)
    places = [doc.index(f"\n{name} : ") for name in names if name != "dunder"]
    assert places == sorted(places)
    assert names.index("loss") < names.index("lr") < names.index("iterator_train")
