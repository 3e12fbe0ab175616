"""Ctrl-C and SystemExit in the middle of an epoch, in a fit alone and in one of many.

A signal raises KeyboardInterrupt wherever the program happens to be. Here it comes from
the forward of the network (`Signal`), by the same call by which Ctrl-C comes.
"""

import _thread
import signal
import warnings

import numpy as np
import pytest
import torch
from nets import X, Y, assert_same_bits, plain_sgd, weights
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from sktorch_forecast import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    EnsembleForecaster,
    MLPForecaster,
    NaiveForecaster,
    SeriesForecaster,
)

# 60 origins in batches of 20: three batches in an epoch.
PARAMS = {"batch_size": 20, "max_epochs": 5, "early_stopping": False}


class Signal(Callback):
    """Ctrl-C, or another exception, in the n-th training batch from now on."""

    def __init__(self, n, error=None):
        self.n, self.error = n, error

    def initialize(self):
        self.n_seen_ = 0
        return self

    def on_train_begin(self, net, **kwargs):
        self.n_seen_ = 0
        self.handle_ = net.module_.network.register_forward_hook(self.seen)

    def on_train_end(self, net, **kwargs):
        self.handle_.remove()

    def seen(self, network, args, output):
        self.n_seen_ += network.training
        if self.n_seen_ == self.n and network.training:
            self.handle_.remove()
            if self.error is not None:
                raise self.error
            _thread.interrupt_main()
            for _ in range(1000):  # the signal is handled here
                pass

    def __deepcopy__(self, memo):
        return Signal(self.n, self.error)


@pytest.fixture(autouse=True)
def ctrl_c_is_heard():
    """A shell starts jobs in the background with Ctrl-C switched off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def net(n, error=None, **params):
    return plain_sgd(**(PARAMS | {"callbacks": [Signal(n, error)]} | params))


@pytest.mark.parametrize("extra", [{}, {"callbacks__best_weights": None}])
def test_a_fit_keeps_the_last_whole_epoch(extra):
    with pytest.warns(ConvergenceWarning, match="interrupted after epoch 2"):
        interrupted = net(3 + 3 + 2, **extra).fit(X, Y)
    expected = plain_sgd(**(PARAMS | {"max_epochs": 2})).fit(X, Y)
    assert_same_bits(weights(interrupted), weights(expected))
    np.testing.assert_array_equal(interrupted.predict(X), expected.predict(X))
    assert interrupted.history[:, "epoch"] == [1, 2]
    assert interrupted.history[:, "train_loss"] == expected.history[:, "train_loss"]


def test_a_fit_keeps_the_best_epoch():
    params = {"early_stopping": True, "lr": 0.5, "train_split": "last"}
    whole = plain_sgd(**(PARAMS | params | {"max_epochs": 8}))
    whole.fit(X, Y)
    losses = whole.history[:, "valid_loss"]
    with pytest.warns(ConvergenceWarning, match="interrupted after epoch 4"):
        some = net(3 * 4 + 2, **params).fit(X, Y)
    best = int(np.argmin(losses[:4])) + 1
    expected = plain_sgd(**(PARAMS | params | {"max_epochs": best})).fit(X, Y)
    assert_same_bits(weights(some), weights(expected))


@pytest.mark.parametrize("error", [None, SystemExit(3), MemoryError("full")])
def test_without_a_whole_epoch_all_is_as_before(error):
    fitted = plain_sgd(**PARAMS).fit(X, Y)
    before, history, threads = weights(fitted), list(fitted.history), n_threads()
    fitted.set_params(callbacks=[Signal(2, error)])
    kind = KeyboardInterrupt if error is None else type(error)
    # The callback is new to the object from its next initialization on.
    with pytest.raises(kind):
        fitted.fit(X, Y)
    assert_same_bits(weights(fitted), before)
    assert list(fitted.history) == history
    assert n_threads() == threads
    new = net(2, error)
    attributes = set(vars(new))
    with pytest.raises(kind):
        new.fit(X, Y)
    assert set(vars(new)) == attributes


@pytest.mark.parametrize("error", [None, SystemExit(3)])
def test_a_partial_fit_puts_the_weights_back(error):
    fitted = net(3 * 5 + 2, error).fit(X, Y)  # one batch more than it trains on
    before, history = weights(fitted), list(fitted.history)
    dict(fitted.callbacks_)["Signal"].n = 2
    with pytest.raises(KeyboardInterrupt if error is None else SystemExit):
        fitted.partial_fit(X, Y)
    assert_same_bits(weights(fitted), before)
    assert list(fitted.history) == history


def n_threads():
    return torch.get_num_threads()


class StopAfter2(Callback):
    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("several", [False, True])
def test_a_callback_that_stops_is_no_interrupt(several):
    stopped = plain_sgd(**PARAMS, callbacks=[StopAfter2()])
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        if several:
            stopped = DeepEnsembleForecaster(stopped, n_estimators=2).fit(X, Y)
            assert [len(member.history) for member in stopped.estimators_] == [2, 2]
        else:
            assert len(stopped.fit(X, Y).history) == 2


def test_ctrl_c_in_a_callback_is_an_interrupt():
    class Slow(Callback):
        def on_batch_end(self, net, training, **kwargs):
            if len(net.history) == 2 and training:
                _thread.interrupt_main()
                for _ in range(1000):
                    pass

    with pytest.warns(ConvergenceWarning, match="interrupted after epoch 1"):
        fitted = plain_sgd(**PARAMS, callbacks=[Slow()]).fit(X, Y)
    expected = plain_sgd(**(PARAMS | {"max_epochs": 1})).fit(X, Y)
    assert_same_bits(weights(fitted), weights(expected))


def interrupted():
    return net(3 + 2)  # in the second epoch, so that there is something to keep


SEVERAL = {
    "conformal": lambda n: ConformalForecaster(n, coverage=0.5),
    "ensemble": lambda n: DeepEnsembleForecaster(n, n_estimators=2),
    "members": lambda n: EnsembleForecaster([("a", NaiveForecaster()), ("n", n)], None),
    "stacked": lambda n: EnsembleForecaster([("n", n)], "stacked"),
    "snapshots": lambda n: DeepEnsembleForecaster(n, 2, method="snapshot"),
    "search": lambda n: GridSearchCV(n, {"lr": [0.1, 0.2]}, cv=2),
}


@pytest.mark.parametrize("kind", SEVERAL)
def test_one_of_several_stops_the_whole(kind):
    whole = SEVERAL[kind](interrupted())
    attributes = set(vars(whole))
    with pytest.raises(KeyboardInterrupt):
        whole.fit(X, Y)
    if kind == "search":  # scikit-learn's notes some of the data beforehand
        assert not hasattr(whole, "best_estimator_")
    else:
        assert set(vars(whole)) == attributes


def test_a_backtest_stops():
    series = np.sin(np.arange(70) / 4)
    network = MLPForecaster(
        max_epochs=5, batch_size=8, random_state=0, callbacks=[Signal(15)]
    )
    model = SeriesForecaster(network, horizon=3, length=8)
    with pytest.raises(KeyboardInterrupt):
        model.backtest(series, n_origins=4)


def test_a_series_forecaster_fits_one_network():
    series = np.sin(np.arange(70) / 4)
    model = SeriesForecaster(interrupted(), horizon=3, length=8)
    with pytest.warns(ConvergenceWarning, match="interrupted after epoch 1"):
        assert len(model.fit(series).forecast()) == 3
