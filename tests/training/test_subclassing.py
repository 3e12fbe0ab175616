"""Networks of the user's own: subclassed as people do it."""

import inspect
import pickle

import numpy as np
import pytest
import torch
from common import NETWORKS
from nets import X, Y
from sklearn.base import clone

from sktorch_forecast import Forecaster, LSTMForecaster, MLPForecaster
from sktorch_forecast._training.inherited import described
from sktorch_forecast._training.shared import SharedParameters
from sktorch_forecast.layers import Readout


class AnotherDefault(MLPForecaster):
    """Learns more slowly.

    Parameters
    ----------
    lr : float, default=0.001
        Learning rate.
    {shared_parameters}
    """

    def __init__(self, *, lr=1e-3, **shared):
        super().__init__(lr=lr, **shared)


class AnotherDefaultSetLater(LSTMForecaster):
    def __init__(self, *, max_epochs=2, hidden_size=3, **kw):
        super().__init__(**kw)
        self.max_epochs = max_epochs
        self.hidden_size = hidden_size


class OneLine(MLPForecaster):
    "My net."


class OneLineAgain(OneLine):
    "My other net."


class OfOneLine(OneLine):
    """Has more.

    Parameters
    ----------
    width : int, default=3
        Of nothing.
    {shared_parameters}
    """

    training_parameters = ("width",)

    def __init__(self, *, width=3, **shared):
        super().__init__(**shared)
        self.width = width


def test_a_shared_default_may_be_declared_again():
    net = AnotherDefault(max_epochs=1, random_state=0).fit(X, Y)
    assert net.lr == 0.001
    assert net.optimizer_.param_groups[0]["lr"] == 0.001
    assert inspect.signature(AnotherDefault).parameters["lr"].default == 0.001
    assert clone(AnotherDefault(lr=0.2)).lr == 0.2
    same = MLPForecaster(lr=0.001, max_epochs=1, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(net.predict(X), same.predict(X))


def test_a_default_of_the_module_may_be_declared_again_and_still_reaches_it():
    net = AnotherDefaultSetLater(random_state=0).fit(X, Y)
    assert net.module_.network.readout.in_features == 3
    assert len(net.history) == 2
    assert net.get_params()["hidden_size"] == 3


@pytest.mark.parametrize("cls", [OneLine, OneLineAgain, OfOneLine])
def test_a_subclass_of_a_subclass_works(cls):
    net = clone(cls(max_epochs=1, random_state=0, hidden_layer_sizes=(4,))).fit(X, Y)
    assert pickle.loads(pickle.dumps(net)).predict(X).shape == (60, 3)
    assert "lr" in inspect.signature(cls).parameters


def test_descriptions_come_from_the_nearest_parent_that_has_them():
    """Through a parent with one line, from the one above it."""
    for name in ("width : int", "hidden_layer_sizes : tuple", "lr : float"):
        assert f"\n{name}" in OfOneLine.__doc__
    assert OneLineAgain.__doc__ == "My other net."


def test_docstrings_may_be_dedented_as_python_3_13_does():
    parent = (
        "Parent.\n\nParameters\n----------\na : int\n    Of a.\n\nNotes\n-----\nNo."
    )
    indented = parent.replace("\n", "\n    ").replace("\n    \n", "\n\n")
    doc = "Child.\n\n    Parameters\n    ----------\n    {shared_parameters}\n    "
    expected = "Child.\n\nParameters\n----------\na : int\n    Of a."
    for p in (parent, indented):
        for d in (doc, inspect.cleandoc(doc)):
            assert described(d, ["One line.", None, p]).rstrip() == expected


@pytest.mark.parametrize("cls", [Forecaster, *NETWORKS])
def test_type_checkers_know_the_parameters_that_there_are(cls):
    """Every shared parameter is in the TypedDict, and nothing else but skorch's."""
    names = {n for n in SharedParameters.__annotations__ if "__" not in n}
    if cls is Forecaster:
        signature = inspect.signature(cls).parameters
        assert names == set(signature) - {"dunder"}
        types = {n: SharedParameters.__annotations__[n] for n in names}
        assert types == {n: signature[n].annotation for n in names}
    else:
        assert names < set(inspect.signature(cls).parameters)


# --------------------------------------------------------------- what a module puts out


def forecaster_of(forward, n_features=8):
    """A forecaster whose network reads the window and puts out what `forward` says."""

    class Network(torch.nn.Module):
        def __init__(self, length, output_shape):
            super().__init__()
            self.readout = Readout(length, output_shape)

        def forward(self, x):
            return forward(self.readout(x[..., 0]), x)

    class Mine(Forecaster):
        module = Network

    return Mine


@pytest.mark.parametrize(
    "forward, found",
    [
        (lambda z, x: z.flatten(1), r"\(1, 3\)"),
        (lambda z, x: z[..., 0], r"\(1, 3, 1\)"),
        (lambda z, x: z[:, 0, 0, 0], r"\(1,\)"),
        (lambda z, x: z[:16], r"\(16, 3, 1, 1\)"),
        (lambda z, x: z[:, :2], r"\(1, 2, 1, 1\)"),
    ],
)
def test_a_network_of_another_shape_is_an_error(forward, found):
    net = forecaster_of(forward)(max_epochs=1)
    before = vars(net).copy()
    # It is one window that is looked at first.
    message = r"Network to return .*n_params\) = \(\d+, 3, 1, 1\), found " + found
    with pytest.raises(ValueError, match=message):
        net.fit(X, Y)
    assert vars(net) == before


def test_flat_outputs_cannot_reach_the_scale_of_a_distribution():
    """A network that adds the last value to all it puts out has to say to what."""
    flat = forecaster_of(lambda z, x: z.flatten(1) + x[:, -1])
    with pytest.raises(ValueError, match=r"= \(1, 3, 1, 2\), found \(1, 6\)"):
        flat(loss="normal", max_epochs=1).fit(X, Y)

    def location_only(z, x):
        last = x[:, -1:].unsqueeze(-1)  # (batch, 1, 1, 1)
        return torch.cat([z[..., :1] + last, z[..., 1:]], dim=-1)

    net = forecaster_of(location_only)(
        loss="normal", normalize=None, max_epochs=1, random_state=0
    )
    # In training mode the loss sees z as it is; the scale is softplus(z) + 1e-3.
    net.initialize(X, Y)
    x = net.get_dataset(X)[:][0]
    z = net.module_.network.readout(x[..., 0])
    params = net.infer(x).params
    expected = torch.nn.functional.softplus(z[..., 1]) + 1e-3
    torch.testing.assert_close(params[..., 1], expected)
    torch.testing.assert_close(params[..., 0], z[..., 0] + x[:, -1:])
