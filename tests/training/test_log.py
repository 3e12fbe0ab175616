"""What a training shows of itself, against its history."""

import copy
import pickle
from functools import partial

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback
from tqdm.auto import tqdm

from sktorch_forecast import (
    ConformalForecaster,
    MLPForecaster,
    SeriesForecaster,
    SlidingWindow,
    load,
    make_windows,
)

SERIES = np.sin(np.arange(80) / 3) + np.random.default_rng(0).normal(size=80) / 5
X, Y = make_windows(SERIES, horizon=2, length=8)
UNCHANGING = 1e-30  # a learning rate at which no loss improves


def network(**params):
    defaults = {"hidden_layer_sizes": (3,), "max_epochs": 3, "random_state": 0}
    return MLPForecaster(**defaults | params)


def test_nothing_is_said_without_being_asked(capsys):
    net = network().fit(X, Y).partial_fit(X, Y)
    net.set_params(verbose=1).predict(X)
    assert capsys.readouterr() == ("", "")


def test_a_line_while_it_trains_and_a_sentence_at_the_end(capsys):
    net = network(verbose=1).fit(X, Y)
    out, err = capsys.readouterr()
    loss = net.history[-1, "valid_loss"]
    assert out == (
        "MLPForecaster: trained for all 3 epochs; the weights of epoch 3 are kept "
        f"(valid_loss {loss:.4g}).\n"
    )
    # The first state of the line, then maybe others, and nothing that stays.
    assert "MLPForecaster:   0%" in err
    assert "0/3" in err
    assert err.split("\r")[-2].strip() == ""


def test_an_error_ends_the_line_too():
    class Fails(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("no more")

    net = network(verbose=1, callbacks=[Fails()])
    with pytest.raises(RuntimeError, match="no more"):
        net.fit(X, Y)
    with tqdm(total=1) as other:  # would stand below a line that goes on
        assert other.pos == 0


def test_the_line_has_losses_and_the_time_left(capsys, monkeypatch):
    always = partial(tqdm, mininterval=0)  # however short the epochs
    monkeypatch.setattr("sktorch_forecast._training.log.tqdm", always)
    net = network(verbose=1, max_epochs=5).fit(X, Y)
    line = next(s for s in capsys.readouterr().err.split("\r") if "2/5" in s)
    for name in ("train_loss", "valid_loss"):
        assert f"{name}={net.history[1, name]:.4g}" in line
    assert "<" in line  # time so far < time left


class Stop(Callback):
    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


class Break(Callback):
    """Sets a weight to NaN, as a training that diverges does."""

    def on_batch_end(self, net, training=False, **kwargs):
        if training and len(net.history) == 3:
            next(net.module_.parameters()).data.fill_(np.nan)


@pytest.mark.parametrize(
    ("params", "ending"),
    [
        (
            {"lr": UNCHANGING, "max_epochs": 9, "n_iter_no_change": 2},
            "stopped after epoch 3 of 9, as valid_loss had not improved for 2 epochs; "
            "the weights of epoch 1 are kept (valid_loss ",
        ),
        (
            {"early_stopping": False},
            "trained for all 3 epochs; the weights of epoch 3 are kept (train_loss ",
        ),
        (
            {"callbacks": [Stop()]},
            "stopped after epoch 2 of 3 by a callback or the caller; the weights ",
        ),
        (
            {"callbacks__best_weights": None},
            "trained for all 3 epochs; the weights of epoch 3 are kept (valid_loss ",
        ),
    ],
)
def test_why_it_ended_and_which_epoch_is_kept(params, ending, capsys):
    network(verbose=1, **params).fit(X, Y)
    assert ending in capsys.readouterr().out


def test_an_ending_that_is_not_finite(capsys):
    net = network(verbose=1, max_epochs=9, callbacks=[Break()])
    with pytest.warns(UserWarning, match="weights of epoch 2 are kept"):
        net.fit(X, Y)
    found = capsys.readouterr().out
    assert (
        "stopped in epoch 3 of 9, as the loss was nan; the weights of epoch 2" in found
    )
    assert f"(valid_loss {net.history[1, 'valid_loss']:.4g})" in found


def test_epochs_are_counted_on_by_further_training(capsys):
    net = network(verbose=1).fit(X, Y)
    capsys.readouterr()
    net.partial_fit(X, Y, epochs=1)
    assert "stopped after epoch 4 of 6" in capsys.readouterr().out
    net.set_params(max_epochs=2).partial_fit(X, Y)
    out, err = capsys.readouterr()
    assert "trained for all 2 epochs; the weights of epoch" in out
    assert "0/2" in err


def test_a_sink_of_the_user_gets_the_table_and_the_sentence(capsys):
    lines = []
    net = network(verbose=1, callbacks__print_log__sink=lines.append).fit(X, Y)
    assert capsys.readouterr() == ("", "")
    assert [line.split()[0] for line in lines[2:5]] == ["1", "2", "3"]
    assert lines[5].startswith("MLPForecaster: trained for all 3 epochs")
    assert len(lines) == 6
    assert copy.deepcopy(net).predict(X[:1]) is not None


class Copy(Callback):
    """Copies and pickles the net while its line is open."""

    def on_epoch_end(self, net, **kwargs):
        self.log_ = pickle.loads(pickle.dumps(dict(net.callbacks_)["print_log"]))


def test_the_line_is_not_copied_or_saved(tmp_path, capsys):
    copying = Copy()
    net = network(verbose=1, callbacks=[("copy", copying)]).fit(X, Y)
    assert dict(net.callbacks_)["copy"].log_.bar_ is None
    net = network(verbose=1).fit(X, Y)
    net.save(tmp_path / "net")
    capsys.readouterr()
    load(tmp_path / "net").partial_fit(X, Y)
    assert "trained for all 3 epochs" in capsys.readouterr().out


def test_another_print_changes_nothing(capsys, monkeypatch):
    def elsewhere(*args, **kwargs):
        raise AssertionError("not verbose, so nothing is printed")

    net = network().fit(X, Y)
    monkeypatch.setattr("builtins.print", elsewhere)  # as Ray does
    network().fit(X, Y)
    assert capsys.readouterr() == ("", "")
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict(X), net.predict(X))


def test_a_forecaster_of_frames_hands_it_down(capsys):
    around = ConformalForecaster(network(), coverage=0.5)
    for estimator in (network(), around, make_pipeline(SlidingWindow(5), network())):
        model = SeriesForecaster(estimator, 2, 8, verbose=1).fit(SERIES)
        assert "MLPForecaster: trained for all 3" in capsys.readouterr().out
        if estimator is around:  # its partial_fit trains nothing
            continue
        model.partial_fit(SERIES[:30])
        assert "MLPForecaster: trained for all 3" in capsys.readouterr().out
    SeriesForecaster(network(), 2, 8).fit(SERIES)
    assert capsys.readouterr() == ("", "")
    assert estimator[-1].verbose == 0
