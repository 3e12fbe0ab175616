"""Bad input to any forecaster: a clear error, and nothing of the object is changed."""

import warnings

import numpy as np
import pytest
from common import FORECASTERS, NETWORKS, cheap
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sktorch_forecast import NaiveForecaster, Windows, make_windows

N, LENGTH, HORIZON = 30, 6, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, LENGTH))
Y = RNG.normal(size=(N, HORIZON))
X3 = RNG.normal(size=(N, LENGTH, 2))


def with_entry(array, place, value):
    array = array.copy()
    array[place] = value
    return array


# case: (X, y, exception, what the message has to say)
BAD_FIT = {
    "NaN in X": (
        with_entry(X, (4, 2), np.nan),
        Y,
        ValueError,
        "X contains NaN at row 4",
    ),
    "inf in X": (
        with_entry(X, (4, 2), np.inf),
        Y,
        ValueError,
        "X contains infinity at r",
    ),
    "NaN in 3-D X": (
        with_entry(X3, (4, 2, 1), np.nan),
        Y,
        ValueError,
        "X contains NaN at row 4, step 2, channel 1",
    ),
    "NaN in y": (
        X,
        with_entry(Y, (7, 1), np.nan),
        ValueError,
        "y contains NaN at row 7",
    ),
    "inf in y": (X, with_entry(Y, (7, 1), -np.inf), ValueError, "y contains infinity"),
    "NaN in 1-D y": (X, with_entry(Y[:, 0], 7, np.nan), ValueError, "NaN at row 7"),
    "too large for float32": (X * 1e39, Y, ValueError, "too large for float32"),
    "objects": (np.array([[object()] * LENGTH] * N), Y, TypeError, "float"),
    "strings": (np.full((N, LENGTH), "a"), Y, ValueError, "could not convert string"),
    "strings in y": (X, np.full(N, "a"), ValueError, "could not convert string"),
    "complex": (X + 1j, Y, ValueError, "Complex data not supported"),
    "complex y": (X, Y + 1j, ValueError, "Complex data not supported"),
    "sparse": (sparse.csr_array(X), Y, TypeError, "Sparse data was passed"),
    "no rows": (X[:0], Y[:0], ValueError, "0 sample"),
    "no columns": (X[:, :0], Y, ValueError, "0 feature"),
    "no origins": (Windows(X, [5], 3)[:0], Y[:0], ValueError, "0 origins"),
    "1-D X": (X[:, 0], Y, ValueError, "Expected 2D array, got 1D array"),
    "4-D X": (
        X3[..., None],
        Y,
        ValueError,
        r"length, n_channels\), found \(30, 6, 2, 1",
    ),
    "3-D y": (X, X3, ValueError, "dim 3"),
    "no y": (X, None, ValueError, "requires y to be passed"),
    "other lengths": (
        X,
        Y[:-1],
        ValueError,
        r"inconsistent numbers of samples: \[30, 29",
    ),
    "targets do not divide": (
        make_windows(X[:, :2], horizon=1, length=3, target=[0, 1])[0][:20],
        Y[:20],
        ValueError,
        "multiple of the 2 target channels of the windows, found 3",
    ),
}
# case: (X, exception, message) for a forecaster fitted on X (30, 6) and y (30, 3)
BAD_PREDICT = {
    "NaN": (with_entry(X, (4, 2), np.nan), ValueError, "X contains NaN at row"),
    "another length": (X[:, 1:], ValueError, "X has 5 features.* expecting 6"),
    "other channels": (X3, ValueError, "X has 2 channels.* fitted with 1"),
    "no rows": (X[:0], ValueError, "0 sample"),
    "strings": (np.full((N, LENGTH), "a"), ValueError, "could not convert string"),
}
# case: (X, y, exception, message) for partial_fit after the same fit
BAD_PARTIAL_FIT = {
    **{case: (X_, Y, *rest) for case, (X_, *rest) in BAD_PREDICT.items()},
    "no rows": (X[:0], Y[:0], ValueError, "0 sample"),
    "another horizon": (X, Y[:, :2], ValueError, "horizon of 2 .* fitted with 3"),
    "inf in y": (X, with_entry(Y, (7, 1), np.inf), ValueError, "y contains infinity"),
}


def table(cases):
    return pytest.mark.parametrize(
        "case", cases, ids=[c.replace(" ", "-") for c in cases]
    )


@pytest.fixture(scope="module", params=FORECASTERS, ids=lambda cls: cls.__name__)
def fitted(request):
    """A fitted forecaster and a function that tells whether it is unchanged."""
    forecaster = cheap(request.param).fit(X, Y)
    state, forecast = vars(forecaster).copy(), forecaster.predict(X)

    def is_unchanged():
        now = vars(forecaster)
        same = now.keys() == state.keys() and all(now[k] is state[k] for k in state)
        assert_array_equal(forecaster.predict(X), forecast)
        return same

    return forecaster, is_unchanged


@table(BAD_FIT)
def test_bad_fit(fitted, case):
    forecaster, is_unchanged = fitted
    X_, y_, error, message = BAD_FIT[case]
    with pytest.raises(error, match=message):
        forecaster.fit(X_, y_)
    assert is_unchanged()
    fresh = clone(forecaster)
    before = vars(fresh).copy()
    with pytest.raises(error, match=message):
        fresh.fit(X_, y_)
    assert vars(fresh) == before


@table(BAD_PREDICT)
def test_bad_predict(fitted, case):
    forecaster, is_unchanged = fitted
    X_, error, message = BAD_PREDICT[case]
    with pytest.raises(error, match=message):
        forecaster.predict(X_)
    assert is_unchanged()


@table(BAD_PARTIAL_FIT)
def test_bad_partial_fit(fitted, case):
    forecaster, is_unchanged = fitted
    if not hasattr(forecaster, "partial_fit"):
        return  # nothing to call: fit and predict are all that it has
    X_, y_, error, message = BAD_PARTIAL_FIT[case]
    with pytest.raises(error, match=message):
        forecaster.partial_fit(X_, y_)
    assert is_unchanged()


@pytest.mark.parametrize("cls", FORECASTERS)
def test_predict_before_fit(cls):
    with pytest.raises(NotFittedError, match=f"{cls.__name__} instance is not fitted"):
        cheap(cls).predict(X)


@pytest.mark.parametrize("cls", FORECASTERS)
@pytest.mark.parametrize("level", [0.0, 3.0, -1e6])
def test_constant_windows_give_finite_forecasts(cls, level):
    constant = np.full((N, LENGTH), level)
    forecaster = cheap(cls).fit(constant, np.full((N, HORIZON), level))
    assert np.isfinite(forecaster.predict(constant)).all()
    # and a flat window among ordinary ones
    mixed = np.vstack([X[:-1], constant[:1]])
    assert np.isfinite(cheap(cls).fit(mixed, Y).predict(mixed)).all()


BAD_PARAMETERS = {
    "max_epochs": 0,
    "lr": -1.0,
    "batch_size": 0,
    "clip_grad_norm": 0.0,
    "validation_fraction": 1.0,
    "n_iter_no_change": 0,
    "normalize": "windows",
    "train_on": "every_step",
    "criterion": "mse",
    "optimizer": "adam",
    "callbacks": 3,
    "n_mc_samples": 0,
    "train_split": "first",
    "hidden_size": 0,
    "num_layers": 1.5,
    "dropout": 1.0,
    "random_state": "seed",
    "seasonality": 0,
    "estimator": "network",
    "method": "best",
    "coverage": 1.0,
    "calibration_fraction": 0.0,
    "learning_rate": 0.0,
    "n_estimators": 0,
}


@pytest.mark.parametrize(
    "cls, name",
    [(c, n) for c in FORECASTERS for n in BAD_PARAMETERS if n in c().get_params()],
)
def test_bad_parameter(cls, name):
    forecaster = cheap(cls).set_params(**{name: BAD_PARAMETERS[name]})
    with pytest.raises(
        ValueError, match=f"The '{name}' parameter of {cls.__name__} must"
    ):
        forecaster.fit(X, Y)


def test_seasonality_longer_than_the_window():
    with pytest.raises(ValueError, match="at least seasonality=7 .* found 6"):
        NaiveForecaster(seasonality=7).fit(X, Y)


@pytest.mark.parametrize("cls", NETWORKS)
def test_loss_not_finite_from_the_start_leaves_the_forecaster_as_it_was(cls):
    forecaster = cheap(cls).set_params(normalize=None).fit(X, Y)
    state, forecast = vars(forecaster).copy(), forecaster.predict(X)
    with (
        pytest.raises(ValueError, match="from the first epoch on.*smaller lr"),
        warnings.catch_warnings(action="ignore"),
    ):
        forecaster.fit(X, Y * 1e30)  # its square is beyond float32
    assert vars(forecaster) == state
    assert_array_equal(forecaster.predict(X), forecast)
    with pytest.raises(ValueError, match="from the first epoch on"):
        forecaster.partial_fit(X, Y * 1e30)
    assert_array_equal(forecaster.predict(X), forecast)


@pytest.mark.parametrize(
    "name, value, error, message",
    [
        ("device", "gpu", ValueError, "device that torch can use here.* found 'gpu'"),
        (
            "hidden_layer_sizes",
            (8, 0),
            ValueError,
            "each of hidden_layer_sizes must be",
        ),
        ("hidden_layer_sizes", ("a",), TypeError, "each of hidden_layer_sizes must be"),
        (
            "dilations",
            (1, 0),
            ValueError,
            "each of dilations must be a positive integer",
        ),
        ("dilations", (), ValueError, "at least one dilation, found none"),
    ],
)
def test_bad_parameter_that_the_network_checks(name, value, error, message):
    having = [cls for cls in NETWORKS if name in cls().get_params()]
    assert having
    for cls in having:
        with pytest.raises(error, match=message):
            cheap(cls).set_params(**{name: value}).fit(X, Y)


@pytest.mark.parametrize("cls", NETWORKS)
def test_bad_parameter_of_a_network_that_is_only_initialized(cls):
    forecaster = cheap(cls).set_params(lr=-1.0)
    before = vars(forecaster).copy()
    with pytest.raises(ValueError, match="The 'lr' parameter of"):
        forecaster.initialize(X, Y)
    assert vars(forecaster) == before
