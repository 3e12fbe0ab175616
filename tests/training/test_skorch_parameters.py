"""skorch's parameters, criterion, optimizer, iterators and splits; misspelt names."""

import numpy as np
import pytest
import torch
from nets import (
    N_ORIGINS,
    N_TRAIN,
    N_VALID,
    X,
    Y,
    assert_same_bits,
    batch_sizes,
    forecaster,
    weights,
)
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_score,
)
from skorch.dataset import ValidSplit
from skorch.helper import predefined_split
from torch.utils.data import DataLoader

from sktorch_forecast._training.batches import WindowDataset

# ---------------------------------------------------------------------- parameters


def group(name):
    return lambda net: net.optimizer_.param_groups[0][name]


DUNDER = [
    ("optimizer__weight_decay", 0.1, group("weight_decay"), 0.1),
    ("optimizer__betas", (0.5, 0.9), group("betas"), (0.5, 0.9)),
    ("optimizer__lr", 0.02, group("lr"), 0.02),
    ("criterion__reduction", "sum", lambda net: net.criterion_.reduction, "sum"),
    (
        "iterator_train__batch_size",
        20,
        lambda net: batch_sizes(net, "train"),
        [20, 20, 9],
    ),
    ("iterator_valid__batch_size", 5, lambda net: batch_sizes(net, "valid"), [5, 4]),
    (
        "callbacks__print_log",
        None,
        lambda net: "print_log" in dict(net.callbacks_),
        False,
    ),
    (
        "callbacks__best_weights__patience",
        3,
        lambda net: dict(net.callbacks_)["best_weights"].patience,
        3,
    ),
]
WAYS = {
    "constructor": lambda params: forecaster(**params),
    "set_params": lambda params: forecaster().set_params(**params),
    "set_params after fit": lambda params: forecaster().fit(X, Y).set_params(**params),
    "clone": lambda params: clone(forecaster(**params)),
    "clone after fit and set_params": lambda params: clone(
        forecaster().fit(X, Y).set_params(**params)
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name, value, found, expected", DUNDER)
def test_dunder_parameters_reach_their_component(name, value, found, expected, way):
    assert found(forecaster().fit(X, Y)) != expected
    net = WAYS[way]({name: value})
    assert net.get_params(deep=False)[name] == value
    assert found(net.fit(X, Y)) == expected


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("name, value", [row[:2] for row in DUNDER])
def test_get_params_returns_what_was_set(name, value, fitted):
    net = forecaster(**{name: value})
    if fitted:
        net.fit(X, Y)
    assert net.get_params()[name] == value


def test_get_params_shows_nothing_private():
    net = forecaster().fit(X, Y)
    assert [name for name in net.get_params() if "___" in name] == []


def test_dunder_parameters_in_a_grid():
    grid = {
        "optimizer__weight_decay": [0.0, 10.0],
        "iterator_train__shuffle": [True, False],
        "callbacks__print_log": [None],
        "callbacks__best_weights__patience": [1],
    }
    cv = KFold(2)
    # Not Adam, whose first steps do not depend on the size of the gradients; and more
    # batches than one, or their order means nothing.
    sgd = {"optimizer": torch.optim.SGD, "lr": 0.01, "batch_size": 8}
    search = GridSearchCV(forecaster(**sgd), grid, cv=cv).fit(X, Y)
    results = search.cv_results_
    expected = [
        cross_val_score(forecaster(**sgd, **params), X, Y, cv=cv).mean()
        for params in results["params"]
    ]
    np.testing.assert_array_equal(results["mean_test_score"], expected)
    assert len(set(expected)) == 4


@pytest.mark.parametrize(
    "name, in_group", [("lr", "lr"), ("optimizer__weight_decay", "weight_decay")]
)
def test_optimizer_parameters_take_effect_at_once(name, in_group):
    net = forecaster().fit(X, Y)
    optimizer = net.optimizer_
    net.set_params(**{name: 0.25})
    assert net.optimizer_ is optimizer
    assert [g[in_group] for g in optimizer.param_groups] == [0.25]


MISSPELT = [
    ("max_epoch", "max_epochs"),
    ("hiden_size", "hidden_size"),
    ("optimizer__weight_dekay", "optimizer__weight_decay"),
    ("optimiser__lr", "optimizer__lr"),
    ("callback__x", "callbacks__x"),
    ("iterator_train__shufle", "iterator_train__shuffle"),
    ("criterion__reduktion", "criterion__reduction"),
    ("module__hiden_size", "module__hidden_size"),
    ("callbacks__print_logg", "callbacks__print_log"),
    ("callbacks__best_wieghts__patience", "callbacks__best_weights__patience"),
    ("callbacks__best_weights__patiense", "callbacks__best_weights__patience"),
]


@pytest.mark.parametrize("wrong, right", MISSPELT)
def test_a_misspelt_parameter_fails_in_the_constructor(wrong, right):
    with pytest.raises(TypeError, match=f"'{wrong}'.*did you mean '{right}'"):
        forecaster(**{wrong: 1})


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("wrong, right", MISSPELT)
def test_a_misspelt_parameter_fails_in_set_params(wrong, right, fitted):
    net = forecaster()
    if fitted:
        net.fit(X, Y)
    before = vars(net).copy()
    with pytest.raises(ValueError, match=f"'{wrong}'.*did you mean '{right}'"):
        net.set_params(lr=0.25, **{wrong: 1})
    assert vars(net) == before


# ------------------------------------------ criterion, optimizer, iterators, splits


def huber(error, delta):
    """Squared within delta, linear outside."""
    size = np.abs(error)
    return np.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta))


@pytest.mark.parametrize(
    "params, loss",
    [
        ({"criterion": torch.nn.L1Loss}, np.abs),
        ({"criterion": torch.nn.L1Loss()}, np.abs),
        (
            {"criterion": torch.nn.HuberLoss, "criterion__delta": 0.3},
            lambda error: huber(error, 0.3),
        ),
        ({"criterion": torch.nn.HuberLoss(delta=0.3)}, lambda e: huber(e, 0.3)),
    ],
)
def test_the_criterion_is_the_loss_that_is_minimized(params, loss):
    net = forecaster(normalize=None, callbacks__best_weights=None, **params).fit(X, Y)
    expected = loss(net.predict(X[-N_VALID:]) - Y[-N_VALID:]).mean()
    assert net.history[-1, "valid_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("sample_weight", [None, np.arange(1.0, N_ORIGINS + 1)])
def test_a_torch_data_loader_yields_the_same_batches(sample_weight):
    own = forecaster(iterator_train__shuffle=False).fit(X, Y, sample_weight)
    loader = forecaster(iterator_train=DataLoader, iterator_train__shuffle=False)
    loader.fit(X, Y, sample_weight)
    assert_same_bits(weights(loader), weights(own))


def test_a_torch_data_loader_shuffles_by_the_random_state():
    nets = [forecaster(iterator_train=DataLoader).fit(X, Y) for _ in range(2)]
    assert_same_bits(weights(nets[0]), weights(nets[1]))
    ordered = forecaster(iterator_train=DataLoader, iterator_train__shuffle=False)
    with pytest.raises(AssertionError):
        assert_same_bits(weights(nets[0]), weights(ordered.fit(X, Y)))


@pytest.mark.parametrize(
    "params, n_train, n_valid",
    [
        ({}, N_TRAIN, N_VALID),
        ({"validation_fraction": 0.5}, 60 - 30 - 2, 30),
        ({"early_stopping": False}, 60, 0),
        ({"train_split": None}, 60, 0),
        ({"train_split": ValidSplit(4)}, 45, 15),  # skorch takes one fold of four
        ({"train_split": ValidSplit(0.2)}, 48, 12),
        ({"train_split": predefined_split(WindowDataset(X[:5], Y[:5]))}, 60, 5),
    ],
)
def test_train_split_decides_who_validates(params, n_train, n_valid):
    net = forecaster(**params).fit(X, Y)
    assert sum(batch_sizes(net, "train")) == n_train
    assert sum(batch_sizes(net, "valid")) == n_valid
    assert ("valid_loss" in net.history[-1]) == (n_valid > 0)
