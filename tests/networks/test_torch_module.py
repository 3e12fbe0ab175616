"""A torch module of one's own, handed to a forecaster."""

import pickle

import numpy as np
import pytest
import torch
from common import FEW_ORIGINS
from nets import X, Y
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks
from stores import ROLES, panel
from torch import nn

from sktorch_forecast import (
    ConformalForecaster,
    MLPForecaster,
    RecursiveForecaster,
    SeriesForecaster,
    SlidingWindow,
    TorchForecaster,
    load,
    make_windows,
    to_onnx,
)
from sktorch_forecast.testing import check_forecaster

QUICK = {"max_epochs": 2, "random_state": 0}


class Mine(nn.Module):
    """A perceptron as anybody writes it, with the dropout of torch."""

    def __init__(self, n_channels, length, n_outputs, hidden=8, p=0.0):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(length * n_channels, hidden),
            nn.ReLU(),
            nn.Dropout(p),
            nn.Linear(hidden, n_outputs),
        )

    def forward(self, x):
        return self.layers(x)


class Sizes(nn.Module):
    """It knows nothing of windows, and takes numbers of any name."""

    def __init__(self, input_size, output_size):
        super().__init__()
        self.linear = nn.Linear(input_size, output_size)

    def forward(self, x):
        return self.linear(x.flatten(1))


class Shaped(nn.Module):
    """It puts out all axes, and asks for every number by its name."""

    def __init__(self, length, n_channels, horizon, n_targets, n_params):
        super().__init__()
        self.shape = horizon, n_targets, n_params
        self.linear = nn.Linear(length * n_channels, horizon * n_targets * n_params)

    def forward(self, x):
        return self.linear(x.flatten(1)).unflatten(1, self.shape)


def mine(**params):
    return TorchForecaster(Mine, **{**QUICK, **params})


@pytest.mark.parametrize("loss", ["mse", "normal", "quantile"])
def test_it_is_the_network_of_the_package_if_it_computes_the_same(loss):
    """The same weights to begin with, the same masks, the same forecasts."""
    own = mine(module__p=0.2, loss=loss, baseline=None)
    theirs = {"hidden_layer_sizes": (8,), "dropout": 0.2, "baseline": None, **QUICK}
    theirs = MLPForecaster(loss=loss, **theirs)
    own.fit(X, Y), theirs.fit(X, Y)
    assert_allclose(own.predict(X), theirs.predict(X), rtol=1e-4, atol=1e-5)
    assert_allclose(own.history[:, "train_loss"], theirs.history[:, "train_loss"], 1e-5)
    if loss != "mse":
        (_, a), (_, b) = (net.predict(X, coverage=0.8) for net in (own, theirs))
        assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_the_default_is_the_perceptron():
    own, theirs = (
        cls(baseline=None, **QUICK).fit(X, Y)
        for cls in (TorchForecaster, MLPForecaster)
    )
    assert_array_equal(own.predict(X), theirs.predict(X))


def test_forecasts_are_those_of_bare_torch():
    """In raw units, with nothing beside it, predict is the forward of the module."""
    net = mine(normalize=None, baseline=None).fit(X, Y)
    with torch.no_grad():
        expected = net.module_.network(torch.from_numpy(np.asarray(X)))
    assert type(net.module_.network) is Mine
    assert_allclose(net.predict(X), expected, rtol=1e-6, atol=1e-6)


def test_flat_outputs_are_in_the_order_of_the_axes():
    """Step by step, in each all targets, of each all parameters."""
    values = np.random.default_rng(0).normal(size=(80, 2))
    x, y = make_windows(values, horizon=3, length=8, target=[0, 1])
    for loss, n_params in (("mse", 1), ("laplace", 2)):
        params = {"loss": loss, "baseline": None, **QUICK}
        sizes = {"module__input_size": 16, "module__output_size": 6 * n_params}
        flat = TorchForecaster(Sizes, **sizes, **params).fit(x, y)
        shaped = TorchForecaster(Shaped, **params).fit(x, y)
        assert_array_equal(flat.predict(x), shaped.predict(x))


def test_dropout_of_torch_is_private_and_samples():
    net = mine(module__p=0.5, baseline=None).fit(X, Y)
    state = torch.get_rng_state()
    torch.manual_seed(99)
    again = clone(net).fit(X, Y)
    assert_array_equal(net.predict(X), again.predict(X))
    _, paths = net.predict(X, n_samples=3)
    assert np.ptp(paths, axis=0).mean() > 0.01
    torch.set_rng_state(state)
    assert not hasattr(mine().fit(X, Y), "sample")


def test_a_search_over_its_parameters():
    search = GridSearchCV(
        make_pipeline(SlidingWindow(5), mine()),
        {
            "torchforecaster__module__hidden": [2, 3],
            "torchforecaster__lr": [0.01],
            "slidingwindow__length": [4, 5],
        },
        cv=TimeSeriesSplit(2, gap=2),
    ).fit(X, Y)
    hidden = search.best_params_["torchforecaster__module__hidden"]
    best = search.best_estimator_[-1]
    assert best.module_.network.layers[1].out_features == hidden
    assert best.get_params()["module__hidden"] == hidden
    copy = clone(best)
    assert copy.module is Mine and copy.module__hidden == hidden
    swapped = copy.set_params(module=Shaped)
    assert swapped.module is Shaped


def test_covariates_missing_values_and_panels():
    frame = panel(n_days=30, n_stores=2)
    network = mine(missing="mask", baseline=None)
    model = SeriesForecaster(network, horizon=3, length=8, **ROLES)
    model.fit(frame)
    ahead = panel(n_days=33, n_stores=2).groupby("store").tail(3)
    ahead = ahead[["store", "day", "price", "holiday"]]
    forecast = model.forecast(X_future=ahead).select_dtypes("float")
    assert forecast.size == 6 and np.isfinite(forecast).all(axis=None)


@pytest.mark.parametrize(
    "wrapper", [ConformalForecaster, RecursiveForecaster], ids=lambda c: c.__name__
)
def test_inside_of_other_forecasters(wrapper):
    params = FEW_ORIGINS if wrapper is ConformalForecaster else {}
    assert wrapper(mine(), **params).fit(X, Y).predict(X).shape == Y.shape


def test_pickles_and_files(tmp_path):
    net = mine(module__hidden=3, loss="normal", baseline=None).fit(X, Y)
    path = tmp_path / "mine.safetensors"
    net.save(path)
    with pytest.raises(TypeError, match=r"test_torch_module:Mine in the file.*trusted"):
        load(path)
    pickled = pickle.loads(pickle.dumps(net))
    loaded = load(path, trusted=[Mine])
    for copy in (pickled, loaded):
        assert_array_equal(copy.predict(X), net.predict(X))
    before = net.predict(X)
    for copy in (net, pickled, loaded):
        copy.partial_fit(X, Y)
        assert_array_equal(copy.predict(X), net.predict(X))
    assert not np.array_equal(net.predict(X), before)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [mine(lr=0.02)],
    expected_failed_checks=lambda model: {
        "check_sample_weight_equivalence_on_dense_data": "mini-batches differ"
    },
)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name, check", list(check_forecaster(mine(baseline=None))))
def test_contract(name, check):
    check()


def test_it_is_exported(tmp_path):
    """`to_onnx` compares the file with `predict` on batches of several sizes."""
    pytest.importorskip("onnxscript", reason="the extra onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="the extra onnx has it")
    net = mine(loss="normal", baseline=None, module__p=0.1).fit(X, Y)
    to_onnx(net, tmp_path / "mine.onnx")
    session = runtime.InferenceSession(tmp_path / "mine.onnx")
    windows = np.asarray(X)
    found = session.run(["forecast"], {session.get_inputs()[0].name: windows})[0]
    assert_allclose(found.reshape(Y.shape), net.predict(X), atol=1e-5)


# ------------------------------------------------------------------------ bad input


class Puts(nn.Module):
    """It puts out whatever it is told to."""

    def __init__(self, what, length):
        super().__init__()
        self.what, self.linear = what, nn.Linear(length, 3)

    def forward(self, x):
        return self.what(self.linear(x[..., 0]))


@pytest.mark.parametrize(
    "what, found",
    [
        (lambda z: z[:, :2], r"\(1, 2\)"),
        (lambda z: z[..., None], r"\(1, 3, 1\)"),
        (lambda z: z.flatten(), r"\(3,\)"),
        (lambda z: (z, None), "a tuple"),
    ],
)
def test_another_shape_is_an_error_at_the_first_batch(what, found):
    net = TorchForecaster(Puts, module__what=what, **QUICK)
    before = vars(net).copy()
    message = (
        r"Expected Puts to return \(batch, horizon, n_targets, n_params\) = "
        rf"\(1, 3, 1, 1\), or \(batch, n_outputs\) = \(1, 3\), found {found}"
    )
    with pytest.raises(ValueError, match=message):
        net.fit(X, Y)
    assert vars(net) == before


@pytest.mark.parametrize(
    "module, error, message",
    [
        (Mine(1, 8, 3), TypeError, "a subclass of torch.nn.Module, .* found Mine"),
        (lambda length: nn.Linear(length, 3), ValueError, "implementing 'forward'"),
        (None, ValueError, "implementing 'forward'. Got None"),
        (MLPForecaster, TypeError, "a subclass of torch.nn.Module"),
        (Sizes, TypeError, r"found no values for \['input_size', 'output_size'\]. "
                           "Pass them as module__input_size="),
    ],
    ids=["instance", "function", "None", "forecaster", "arguments"],
)  # fmt: skip
def test_what_is_no_module(module, error, message):
    with pytest.raises(error, match=message):
        TorchForecaster(module, **QUICK).fit(X, Y)


@pytest.mark.parametrize(
    "name, right", [("hidden", "module__hidden"), ("module__hiden", "module__hidden")]
)
def test_a_wrong_name_is_an_error_at_once(name, right):
    with pytest.raises(TypeError, match=f"did you mean '{right}'"):
        TorchForecaster(Mine, **{name: 3})
    with pytest.raises(ValueError, match=f"did you mean '{right}'"):
        mine().set_params(**{name: 3})
