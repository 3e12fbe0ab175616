"""The forecasters are skorch nets: callbacks, history, going on, saving."""

import numpy as np
import pytest
import skorch
import torch
from nets import (
    N_ORIGINS,
    N_TRAIN,
    N_VALID,
    UNCHANGING,
    Recorder,
    X,
    Y,
    assert_same_bits,
    batch_sizes,
    forecaster,
    plain_sgd,
    weights,
)
from skorch.callbacks import (
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    LRScheduler,
    ProgressBar,
    TrainEndCheckpoint,
)
from skorch.exceptions import SkorchTrainingImpossibleError
from torch.testing import assert_close


def test_a_forecaster_is_a_skorch_regressor():
    net = forecaster()
    assert isinstance(net, skorch.NeuralNetRegressor)
    assert not hasattr(net, "predict_proba")
    assert not hasattr(net.fit(X, Y), "predict_proba")


# ------------------------------------------------------------------------- history


def test_history_has_a_row_an_epoch_and_the_loss_by_hand():
    net = forecaster(
        max_epochs=3,
        normalize=None,
        callbacks__best_weights=None,
        iterator_valid__batch_size=4,  # 9 = 4 + 4 + 1: the mean is over origins
    ).fit(X, Y)
    assert net.history[:, "epoch"] == [1, 2, 3]
    assert batch_sizes(net, "train") == [32, N_TRAIN - 32]
    assert batch_sizes(net, "valid") == [4, 4, 1]
    assert np.isfinite(net.history[:, ("train_loss", "valid_loss", "dur")]).all()
    error = net.predict(X[-N_VALID:]) - Y[-N_VALID:]
    assert net.history[-1, "valid_loss"] == pytest.approx((error**2).mean(), rel=1e-5)


def test_losses_are_in_the_units_of_the_window():
    net = forecaster(callbacks__best_weights=None).fit(X, Y)
    deviation = np.asarray(X[-N_VALID:])[..., 0].std(axis=1, keepdims=True)
    error = (net.predict(X[-N_VALID:]) - Y[-N_VALID:]) / deviation
    assert net.history[-1, "valid_loss"] == pytest.approx((error**2).mean(), rel=1e-5)


@pytest.mark.parametrize("early_stopping", [True, False])
def test_history_begins_anew_with_fit_and_grows_with_partial_fit(early_stopping):
    net = forecaster(early_stopping=early_stopping).fit(X, Y)
    first = net.history
    net.fit(X, Y)
    assert net.history is not first
    assert len(first) == len(net.history) == 2
    net.partial_fit(X, Y)
    assert net.history[:, "epoch"] == [1, 2, 3, 4]
    net.set_params(warm_start=True).fit(X, Y)
    assert net.history[:, "epoch"] == [1, 2, 3, 4, 5, 6]


def test_the_table_of_losses_is_printed_only_if_verbose(capsys):
    forecaster(max_epochs=3).fit(X, Y)
    assert capsys.readouterr().out == ""
    forecaster(max_epochs=3, verbose=2).fit(X, Y)
    *lines, ending = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["epoch", "train_loss", "valid_loss", "dur"]
    assert [line.split()[0] for line in lines[2:]] == ["1", "2", "3"]
    assert "trained for all 3 epochs" in ending


# ----------------------------------------------------------------------- callbacks


@pytest.mark.parametrize(
    "batch_size, train_batches, valid_batches",
    [(7, 7, 2), (8, 7, 2), (49, 1, 1), (48, 2, 1), (1, 49, 9), (-1, 1, 1)],
)
def test_callbacks_see_every_batch(batch_size, train_batches, valid_batches):
    recorder = Recorder()
    forecaster(
        batch_size=batch_size,
        iterator_valid__batch_size=batch_size,
        callbacks=[recorder],
    ).fit(X, Y)
    assert recorder.train_batches_ == 2 * train_batches  # in 2 epochs
    assert recorder.valid_batches_ == 2 * valid_batches
    assert len(recorder.norms_) == 2 * train_batches


def test_callbacks_see_the_epoch_in_which_training_stops():
    recorder = Recorder()
    scoring = EpochScoring("r2", lower_is_better=False)
    net = forecaster(
        lr=UNCHANGING, n_iter_no_change=2, max_epochs=9, callbacks=[recorder, scoring]
    ).fit(X, Y)
    # the first epoch is the best, two more bring nothing
    assert len(net.history) == 3
    assert recorder.epochs_ == 3
    assert len(net.history[:, "r2"]) == 3


def test_skorch_early_stopping_stops_after_its_patience():
    stopping = EarlyStopping(patience=3)
    net = forecaster(lr=UNCHANGING, max_epochs=9, callbacks=[stopping]).fit(X, Y)
    assert len(net.history) == 1 + 3


def test_a_checkpoint_holds_the_best_epoch(tmp_path):
    checkpoint = Checkpoint(dirname=tmp_path)
    net = forecaster(lr=0.3, max_epochs=8, callbacks=[checkpoint]).fit(X, Y)
    best = int(np.argmin(net.history[:, "valid_loss"]))
    loaded = forecaster(random_state=1).initialize(X, Y)
    loaded.load_params(checkpoint=checkpoint)
    assert len(loaded.history) == best + 1
    np.testing.assert_array_equal(loaded.predict(X), net.predict(X))


@pytest.mark.parametrize("max_epochs", [8, 30], ids=["to the end", "until it stops"])
def test_a_checkpoint_of_the_end_holds_the_weights_that_are_kept(max_epochs, tmp_path):
    params = {"lr": 0.3, "max_epochs": max_epochs, "n_iter_no_change": 7}
    checkpoint = TrainEndCheckpoint(dirname=tmp_path)
    net = forecaster(callbacks=[checkpoint], **params).fit(X, Y)
    assert np.argmin(net.history[:, "valid_loss"]) < len(net.history) - 1
    assert (len(net.history) < max_epochs) is (max_epochs == 30)
    loaded = forecaster(random_state=1).initialize(X, Y)
    loaded.load_params(f_params=tmp_path / "train_end_params.pt")
    np.testing.assert_array_equal(loaded.predict(X), net.predict(X))


def test_the_learning_rate_follows_the_schedule():
    schedule = LRScheduler("StepLR", step_size=2, gamma=0.1)
    net = forecaster(lr=0.01, max_epochs=5, callbacks=[schedule]).fit(X, Y)
    expected = [0.01 * 0.1 ** (epoch // 2) for epoch in range(5)]
    assert net.history[:, "event_lr"] == pytest.approx(expected, rel=1e-12)
    (group,) = net.optimizer_.param_groups
    assert group["lr"] == pytest.approx(0.01 * 0.1 ** (5 // 2), rel=1e-12)


@pytest.mark.parametrize("y", [Y, Y[:, 0]], ids=["2-D y", "1-D y"])
@pytest.mark.parametrize("use_caching", [True, False])
@pytest.mark.parametrize("on_train", [True, False])
def test_epoch_scoring_is_the_score_of_predict(on_train, use_caching, y):
    scoring = EpochScoring(
        "neg_mean_absolute_error",
        name="score",
        lower_is_better=False,
        on_train=on_train,
        use_caching=use_caching,
    )
    # A cached training score mixes the weights of one epoch, so they must not move.
    net = forecaster(lr=UNCHANGING, callbacks=[scoring]).fit(X, y)
    horizon = y.size // len(y)
    n_train = N_ORIGINS - N_VALID - (horizon - 1)
    part = slice(0, n_train) if on_train else slice(-N_VALID, None)
    expected = -np.abs(net.predict(X[part]) - y[part]).mean()
    assert net.history[:, "score"] == pytest.approx([expected] * 2, rel=1e-6)


def test_the_progress_bar_counts_all_batches():
    net = forecaster(callbacks=[ProgressBar(detect_notebook=False)]).fit(X, Y)
    bar = dict(net.callbacks_)["ProgressBar"].pbar_
    assert bar.total == bar.n == 2 + 1  # 49 and 9 origins by 32


# --------------------------------------------------- going on, saving, initializing


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("how", ["partial_fit", "warm_start"])
def test_going_on_is_the_same_as_not_stopping(how, optimizer):
    recorder = Recorder()
    params = {"optimizer": optimizer, "lr": 0.01}
    net = plain_sgd(max_epochs=2, callbacks=[recorder], **params).fit(X, Y)
    stopped = weights(net)
    if how == "partial_fit":
        net.partial_fit(X, Y)
    else:
        net.set_params(warm_start=True).fit(X, Y)
    assert_same_bits(recorder.start_, stopped)
    whole = plain_sgd(max_epochs=4, **params).fit(X, Y)
    assert_same_bits(weights(net), weights(whole))


def test_partial_fit_of_a_new_net_is_fit():
    expected = weights(forecaster().fit(X, Y))
    assert_same_bits(weights(forecaster().partial_fit(X, Y)), expected)
    # shapes are not known at initialize, so the network is built anew
    assert_same_bits(weights(forecaster().initialize().partial_fit(X, Y)), expected)


def test_a_net_initialized_without_data_forecasts_one_step():
    net = forecaster().initialize()
    assert net.predict(np.asarray(X)).shape == (N_ORIGINS,)


@pytest.mark.parametrize("use_safetensors", [False, True])
def test_saved_params_forecast_the_same_in_another_object(tmp_path, use_safetensors):
    net = forecaster(num_layers=2).fit(X, Y)
    file = tmp_path / "params"
    net.save_params(f_params=file, use_safetensors=use_safetensors)
    other = forecaster(num_layers=2, random_state=1).initialize(X[:5], Y[:5])
    assert not np.array_equal(other.predict(X), net.predict(X))
    other.load_params(f_params=file, use_safetensors=use_safetensors)
    np.testing.assert_array_equal(other.predict(X), net.predict(X))


def test_training_goes_on_from_saved_params_optimizer_and_history(tmp_path):
    files = {f"f_{name}": tmp_path / name for name in ("params", "optimizer")}
    history = str(tmp_path / "history.json")
    params = {"optimizer": torch.optim.Adam, "lr": 0.01}
    net = plain_sgd(**params).fit(X, Y)
    net.save_params(**files, f_history=history)
    other = plain_sgd(random_state=1, **params).initialize(X, Y)
    other.load_params(**files, f_history=history)
    assert other.history == net.history
    assert_same_bits(weights(other.partial_fit(X, Y)), weights(net.partial_fit(X, Y)))


def test_another_hidden_size_builds_the_network_anew_at_partial_fit():
    # from then on it is as if the net had always had that size
    net = forecaster().fit(X, Y)
    before = net.predict(X)
    net.set_params(hidden_size=6)
    np.testing.assert_array_equal(net.predict(X), before)
    net.partial_fit(X, Y)
    assert net.module_.network.readout.in_features == 6
    assert_same_bits(weights(net), weights(forecaster(hidden_size=6).fit(X, Y)))


def test_a_trimmed_net_forecasts_the_same_and_trains_no_more():
    net = forecaster().fit(X, Y)
    expected = net.predict(X)
    net.trim_for_prediction()
    np.testing.assert_array_equal(net.predict(X), expected)
    assert net.optimizer_ is None
    with pytest.raises(SkorchTrainingImpossibleError):
        net.partial_fit(X, Y)


@pytest.mark.parametrize("training", [False, True])
def test_forward_keeps_the_order_of_samples(training):
    net = forecaster(iterator_valid__batch_size=7).fit(X, Y)
    y = net.forward(X, training=training)
    assert not y.requires_grad
    assert_close(y.numpy(), net.predict(X), rtol=1e-6, atol=1e-6)
    sizes = [len(batch) for batch in net.forward_iter(X, training=training)]
    assert sizes == [7] * 8 + [4]


def test_dropout_is_active_in_forward_only_where_asked_for():
    net = forecaster(dropout=0.5).fit(X, Y)
    np.testing.assert_array_equal(net.forward(X).numpy(), net.predict(X))
    assert not np.array_equal(net.forward(X, training=True).numpy(), net.predict(X))
