"""Nothing that follows an origin reaches its window, its forecast or its training."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from sktorch_forecast import (
    LSTMForecaster,
    NaiveForecaster,
    SlidingWindow,
    make_windows,
)
from sktorch_forecast._training.batches import WindowDataset, split_last

N_TIMESTAMPS, LENGTH, HORIZON = 60, 6, 3


def lstm(**params):
    return LSTMForecaster(hidden_size=4, max_epochs=2, random_state=0, **params)


MODELS = {
    "LSTM": lstm(),
    "LSTM on raw values": lstm(normalize=None, baseline=None),
    "naive": NaiveForecaster(),
    "seasonal naive": NaiveForecaster(seasonality=3),
    "shorter LSTM": make_pipeline(SlidingWindow(4), lstm()),
}


def random_series(n_channels=2):
    return np.random.default_rng(0).normal(size=(N_TIMESTAMPS, n_channels))


def changed_after(series, timestamp):
    """The series with every later value changed beyond recognition."""
    changed = series.copy()
    later = changed[timestamp + 1 :]
    later[:] = np.random.default_rng(1).normal(1e4, 1e3, later.shape)
    assert (changed[timestamp + 1 :] != series[timestamp + 1 :]).all()
    return changed


def windows(series):
    return make_windows(series, horizon=HORIZON, length=LENGTH, target=0)


@pytest.mark.parametrize("origin", [LENGTH - 1, 20, N_TIMESTAMPS - HORIZON - 1])
def test_a_window_does_not_change_with_what_follows_its_origin(origin):
    series = random_series()
    X, _ = windows(series)
    X_changed, _ = windows(changed_after(series, origin))
    n_same = origin - LENGTH + 2  # origins up to this one
    before, after = np.asarray(X), np.asarray(X_changed)
    assert before[:n_same].tobytes() == after[:n_same].tobytes()
    # The change is real: every later window has seen it.
    assert (before[n_same:, -1] != after[n_same:, -1]).all()


def test_a_window_of_rows_does_not_change_with_later_rows():
    rows = random_series()
    before = np.asarray(SlidingWindow(LENGTH).fit_transform(rows))
    after = np.asarray(SlidingWindow(LENGTH).fit_transform(changed_after(rows, 20)))
    assert before[:21].tobytes() == after[:21].tobytes()
    assert (before[21:, -1] != after[21:, -1]).all()


@pytest.mark.parametrize("origin", [LENGTH - 1, 20, N_TIMESTAMPS - HORIZON - 1])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_forecast_does_not_change_with_what_follows_its_origin(model, origin):
    series = random_series()
    X, y = windows(series)
    X_changed, _ = windows(changed_after(series, origin))
    n_same = origin - LENGTH + 2
    model = clone(model).fit(X, y)
    # All origins at once: nor may other windows of the batch matter.
    before, after = model.predict(X), model.predict(X_changed)
    assert before[:n_same].tobytes() == after[:n_same].tobytes()
    assert (before[n_same:] != after[n_same:]).any(axis=1).all()
    alone = model.predict(X_changed[n_same - 1 : n_same])
    assert alone.tobytes() == before[n_same - 1 : n_same].tobytes()


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_training_does_not_see_what_follows_its_last_target(model):
    series = random_series()
    n_train = 30
    last_target = LENGTH - 1 + n_train - 1 + HORIZON
    forecasts = []
    for version in (series, changed_after(series, last_target)):
        X, y = windows(version)
        fitted = clone(model).fit(X[:n_train], y[:n_train])
        forecasts.append(fitted.predict(X[:n_train]))
    assert forecasts[0].tobytes() == forecasts[1].tobytes()
    # One timestamp earlier it is the last target itself that changes.
    y_changed = windows(changed_after(series, last_target - 1))[1][:n_train]
    assert y_changed[-1, -1] != y[n_train - 1, -1]


# ------------------------------------------- targets of one part within another's

# Here every value is its own timestamp, so targets tell what they look at.
CLOCK = np.arange(float(N_TIMESTAMPS))


def timestamps(y):
    return set(np.asarray(y).ravel().astype(int).tolist())


@pytest.mark.parametrize("horizon", [1, 2, 5])
@pytest.mark.parametrize("n_splits", [2, 5])
def test_a_gap_of_horizon_minus_one_keeps_targets_apart(horizon, n_splits):
    X, y = make_windows(CLOCK, horizon=horizon, length=LENGTH)
    n_folds = 0
    for train, test in TimeSeriesSplit(n_splits, gap=horizon - 1).split(X):
        assert timestamps(y[train]).isdisjoint(timestamps(y[test]))
        assert max(timestamps(y[train])) < min(timestamps(y[test]))
        # No origin more than needed is lost: the next target begins the test.
        assert max(timestamps(y[train])) + 1 == min(timestamps(y[test]))
        n_folds += 1
    assert n_folds == n_splits


@pytest.mark.parametrize("horizon", [2, 5])
def test_without_a_gap_training_targets_reach_into_the_test(horizon):
    X, y = make_windows(CLOCK, horizon=horizon, length=LENGTH)
    for train, test in TimeSeriesSplit(5).split(X):
        shared = timestamps(y[train]) & timestamps(y[test])
        assert len(shared) == horizon - 1


def origins_of_a_run(X, y):
    return X, y


def every_third_origin(X, y):
    return X[::3], y[::3]


def shuffled_origins(X, y):
    order = np.random.default_rng(3).permutation(len(X))
    return X[order], y[order]


def rows_of_an_array(X, y):
    return np.asarray(X), np.asarray(y)


def rows_of_univariate_windows(X, y):
    return np.asarray(X)[:, :, 0], np.asarray(y)


@pytest.mark.parametrize("horizon", [1, 2, 7])
@pytest.mark.parametrize("fraction", [0.01, 0.15, 0.5])
@pytest.mark.parametrize(
    "arrange",
    [
        origins_of_a_run,
        every_third_origin,
        shuffled_origins,
        rows_of_an_array,
        rows_of_univariate_windows,
    ],
)
def test_early_stopping_validates_on_the_last_origins_only(arrange, fraction, horizon):
    X, y = arrange(*make_windows(CLOCK, horizon=horizon, length=LENGTH))
    if horizon == 1:
        y = y.reshape(-1, 1)
    train, valid = split_last(WindowDataset(X, y), fraction, horizon)
    assert len(valid) == max(1, round(fraction * len(X)))
    assert len(train) > 0

    y = np.asarray(y)
    y_train, y_valid = y[train.indices], y[valid.indices]
    # No target of one part is a target of the other, and the last part validates.
    assert timestamps(y_train).isdisjoint(timestamps(y_valid))
    assert timestamps(y_train) and max(timestamps(y_train)) < min(timestamps(y_valid))
    # What is in neither part reaches into the validation part; nothing else is lost.
    purged = np.setdiff1d(np.arange(len(y)), np.r_[train.indices, valid.indices])
    for row in purged:
        assert not timestamps(y[row]).isdisjoint(timestamps(y_valid))
        assert y[row, 0] < min(timestamps(y_valid))
    stride = 3 if arrange is every_third_origin else 1
    assert len(purged) == (horizon - 1) // stride


def test_early_stopping_purges_steps_and_not_targets():
    # Two channels of the same clock: four columns of y, but two steps.
    X, y = make_windows(
        np.column_stack([CLOCK, CLOCK]), horizon=2, length=LENGTH, target=[0, 1]
    )
    train, valid = lstm().fit(X, y).get_split_datasets(X, y)
    y_train, y_valid = y[train.indices], y[valid.indices]
    assert max(timestamps(y_train)) + 1 == min(timestamps(y_valid))
    assert len(train) + 1 + len(valid) == len(X)


@pytest.mark.parametrize(
    "n_origins, horizon, splits",
    # One origin validates and horizon - 1 are purged; two must be left to train.
    [(3, 1, True), (2, 1, False), (6, 4, True), (5, 4, False), (1, 1, False)],
)
def test_too_few_origins_for_a_split_are_not_split(n_origins, horizon, splits):
    X, y = make_windows(CLOCK, horizon=horizon, length=LENGTH)
    train, valid = split_last(WindowDataset(X[:n_origins], y[:n_origins]), 0.1, horizon)
    assert (train is not None) == (valid is not None) == splits
    if splits:
        assert (len(train), len(valid)) == (2, 1)
