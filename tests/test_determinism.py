"""The same random_state gives the same bits, and nothing around a fit is disturbed."""

import pickle

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed

from sktorch_forecast import LSTMForecaster, make_windows

SERIES = np.sin(np.arange(70) / 4) + 0.1 * np.random.RandomState(0).randn(70)
X, Y = make_windows(SERIES, horizon=3, length=8)


def forecasts(random_state=0, **params):
    """Forecasts of a new net that uses all there is of randomness."""
    defaults = {"hidden_size": 4, "num_layers": 2, "dropout": 0.3, "max_epochs": 2}
    defaults["baseline"] = None  # which no seed has a part in
    net = LSTMForecaster(**(defaults | params), random_state=random_state)
    return net.fit(X, Y).predict(X)


def same(a, b):
    np.testing.assert_array_equal(a, b)


@pytest.fixture
def own_generators():
    """Global generators that a test may seed; they are put back after it."""
    numpy_state = np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        yield
    np.random.set_state(numpy_state)  # noqa: NPY002


@pytest.fixture
def threads():
    """Sets the number of torch's threads; it is put back after the test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def generator_states():
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return torch.get_rng_state().tolist(), name, keys.tolist(), rest


def test_global_generators_have_no_influence(own_generators):
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        found.append(forecasts())
    same(found[0], found[1])


@pytest.mark.parametrize("seed", [0, None])
@pytest.mark.parametrize("shuffle", [True, False])
def test_global_generators_stay_as_they_were(seed, shuffle):
    params = {"hidden_size": 4, "dropout": 0.3, "max_epochs": 2}
    net = LSTMForecaster(**params, iterator_train__shuffle=shuffle, random_state=seed)
    before = generator_states()
    net.fit(X, Y)
    assert generator_states() == before
    net.predict(X)
    assert generator_states() == before
    net.partial_fit(X, Y).forward(X, training=True)
    assert generator_states() == before
    net.initialize()
    assert generator_states() == before


@pytest.mark.parametrize("how", ["initialized", "fitted", "fitted and pickled"])
def test_forward_with_dropout_leaves_global_generators_as_they_were(how):
    net = LSTMForecaster(hidden_size=4, dropout=0.5, max_epochs=1, random_state=0)
    net = net.initialize(X, Y) if how == "initialized" else net.fit(X, Y)
    if how == "fitted and pickled":
        net = pickle.loads(pickle.dumps(net))
    before = generator_states()
    dropped = net.forward(X, training=True)
    assert not torch.equal(dropped, net.forward(X))
    assert generator_states() == before


def test_the_same_object_fits_the_same_again():
    net = LSTMForecaster(hidden_size=4, dropout=0.3, max_epochs=2, random_state=0)
    first = net.fit(X, Y).predict(X)
    same(net.fit(X, Y).predict(X), first)
    # nor does what happened in between matter
    net.partial_fit(X, Y).forward(X, training=True)
    same(net.fit(X, Y).predict(X), first)


@pytest.mark.parametrize(
    "params",
    [
        {"dropout": 0.0, "iterator_train__shuffle": False},  # the weights alone
        {"dropout": 0.0},
        {},
    ],
)
def test_another_seed_gives_other_forecasts(params):
    assert not np.array_equal(forecasts(0, **params), forecasts(1, **params))


def test_dropout_and_order_depend_on_the_seed_too():
    # nets that start from the same weights
    found = []
    for dropout, shuffle in [(0.0, False), (0.0, True), (0.5, False), (0.5, True)]:
        found.append(forecasts(dropout=dropout, iterator_train__shuffle=shuffle))
    assert len({f.tobytes() for f in found}) == 4


def test_without_a_seed_every_fit_is_another(own_generators):
    found = []
    for _ in range(2):
        # not even the same global state makes them the same
        torch.manual_seed(0)
        np.random.seed(0)  # noqa: NPY002
        found.append(forecasts(None))
    assert not np.array_equal(found[0], found[1])


def test_a_random_state_instance_is_drawn_from():
    random_state = np.random.RandomState(0)
    first, second = forecasts(random_state), forecasts(random_state)
    assert not np.array_equal(first, second)
    random_state = np.random.RandomState(0)
    same(forecasts(random_state), first)
    same(forecasts(random_state), second)
    same(forecasts(0), first)


def test_the_number_of_threads_has_no_influence(threads):
    found = []
    for n_threads in (1, 2):
        threads(n_threads)
        found.append(forecasts(hidden_size=40))
        assert torch.get_num_threads() == n_threads
    same(found[0], found[1])


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_parallel_fits_are_the_fits_one_after_another(backend):
    seeds = range(6)
    n_threads = torch.get_num_threads()
    expected = [forecasts(seed) for seed in seeds]
    found = Parallel(n_jobs=2, backend=backend)(
        delayed(forecasts)(seed) for seed in seeds
    )
    same(found, expected)
    assert torch.get_num_threads() == n_threads


@pytest.mark.parametrize("normalize", ["window", None])
@pytest.mark.parametrize("hidden_size", [4, 5, 32, 33])
def test_a_forecast_is_the_same_alone_and_among_others(hidden_size, normalize):
    net = LSTMForecaster(
        hidden_size=hidden_size, normalize=normalize, max_epochs=1, random_state=0
    ).fit(X, Y)
    expected = net.predict(X)
    alone = [net.predict(X[i : i + 1])[0] for i in range(len(X))]
    same(alone, expected)
    for batch_size in (1, 7, 16, 33, -1):
        net.set_params(iterator_valid__batch_size=batch_size)
        same(net.predict(X), expected)
    order = np.random.RandomState(0).permutation(len(X))
    same(net.predict(X[order]), expected[order])
    same(net.predict(np.asarray(X)), expected)
