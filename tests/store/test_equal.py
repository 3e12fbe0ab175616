"""What is computed from a store has the same bits as from the frame it was made of."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from store.panels import ROLES, STEPS, frame
from stores import panel

from sktorch_forecast import (
    ConformalForecaster,
    LSTMForecaster,
    MLPForecaster,
    NaiveForecaster,
    SeriesForecaster,
    latest_windows,
    load,
    make_windows,
    open_panel,
    save,
    store_panel,
)
from sktorch_forecast.model_selection import RollingOriginSplit

SMALL = {"max_epochs": 2, "random_state": 0}
LINEAR = MLPForecaster(hidden_layer_sizes=(), **SMALL)
SHORT = "Left out 1 of 6 series"


def months(df):
    """Month begins in place of hours, and the first series by quarters."""
    by = {"shop 0": "QS"}
    return df.assign(
        hour=np.concatenate(
            [
                pd.date_range("2001-01-01", periods=len(rows), freq=by.get(shop, "MS"))
                for shop, rows in df.groupby("shop")
            ]
        )
    )


def with_a_short_one(df):
    return pd.concat([df[df["shop"] == "shop 0"].assign(shop="a")[:9], df])


FRAMES = {
    "hours": frame(),
    "float32": frame(dtype=np.float32),
    "two frequencies": frame().assign(
        hour=lambda df: df["hour"].where(
            df["shop"] != "shop 1", df["hour"][0] + 7 * (df["hour"] - df["hour"][0])
        )
    ),
    "months": months(frame()),
    "numbers": frame(ids=[5, 7, 8, 9, 11]).assign(hour=lambda df: df.index % 100),
    "fractions": frame().assign(
        hour=lambda df: df.groupby("shop").cumcount() * 0.1 + 0.3
    ),
    "time zone": frame().assign(
        hour=lambda df: df["hour"].dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
    ),
    "high level": frame().assign(sales=lambda df: df["sales"] + 1e9),
    "a short series": with_a_short_one(frame()),
}
FRAMES["numbers"]["hour"] = FRAMES["numbers"].groupby("shop").cumcount()


@pytest.fixture(params=FRAMES, scope="module")
def both(request, tmp_path_factory):
    """A frame, and a store of it."""
    df = FRAMES[request.param]
    path = tmp_path_factory.mktemp("stores") / "store"
    return df, store_panel(df, path, **ROLES)


@pytest.fixture(scope="module")
def one_frame(tmp_path_factory):
    """The same for one kind."""
    df = FRAMES["a short series"].assign(sales=lambda df: df["sales"].abs())
    path = tmp_path_factory.mktemp("stores") / "store"
    return df, store_panel(df, path, **ROLES)


def samples(both, **more):
    """Windows and targets, of the frame and of the store."""
    df, store = both
    return make_windows(df, **ROLES, **STEPS, **more), make_windows(store, **STEPS)


pytestmark = pytest.mark.filterwarnings(f"ignore:{SHORT}:UserWarning")


def test_windows(both):
    (X, y), (X_stored, y_stored) = samples(both)
    assert_array_equal(X_stored, X, strict=True)
    assert_array_equal(y_stored, y, strict=True)
    assert X_stored.origins.identical(X.origins)
    for name in ("shape", "dtype", "channels", "n_targets", "static_names"):
        assert getattr(X_stored, name) == getattr(X, name)
    assert_array_equal(X_stored.static_values(), X.static_values())
    assert_array_equal(np.diff(X_stored.origin_ticks), np.diff(X.origin_ticks))
    assert X_stored.future_index().identical(X.future_index())
    assert_array_equal(X_stored.target_ticks(), X.target_ticks())


def test_latest_windows(both):
    df, store = both
    X, stored = latest_windows(df, **ROLES, length=8), latest_windows(store, length=8)
    assert_array_equal(stored, X, strict=True)
    assert stored.origins.identical(X.origins)


@pytest.mark.parametrize("rows", [slice(3, 40), [5, 2, 60, 61], np.arange(9)], ids=str)
def test_some_samples(both, rows):
    (X, y), (X_stored, y_stored) = samples(both)
    assert_array_equal(X_stored[rows], X[rows], strict=True)
    assert_array_equal(y_stored[rows], y[rows], strict=True)
    assert_array_equal(y_stored[rows, 1:], y[rows, 1:])
    again, y_again = pickle.loads(pickle.dumps((X_stored[rows], y_stored[rows])))
    assert_array_equal(again, X[rows], strict=True)
    assert_array_equal(y_again, y[rows], strict=True)


def test_a_fit(both):
    forecasts, histories = [], []
    for X, y in samples(both):
        net = clone(LINEAR).fit(X, y)
        forecasts.append(net.predict(X))
        histories.append(net.history[:, ("train_loss", "valid_loss")])
        shares = net.linear_share_
    assert_array_equal(*forecasts, strict=True)
    assert histories[0] == histories[1]
    assert 0 <= shares <= 1


@pytest.mark.parametrize(
    "net",
    [
        LSTMForecaster(hidden_size=4, **SMALL),
        MLPForecaster(loss="normal", normalize="season", seasonality=2, **SMALL),
        MLPForecaster(normalize="cycle", seasonality=24, **SMALL),
        MLPForecaster(loss="lognormal", early_stopping=False, **SMALL),
        NaiveForecaster(),
        ConformalForecaster(NaiveForecaster()),
        ConformalForecaster(LINEAR),
    ],
    ids=repr,
)
def test_forecasters(net, one_frame):
    forecasts = []
    for X, y in samples(one_frame):
        fitted = clone(net).fit(X, y)
        forecasts.append([fitted.predict(X)])
        if hasattr(fitted, "predict_interval"):
            forecasts[-1].append(fitted.predict_interval(X))
    for of_frame, of_store in zip(*forecasts):
        assert_array_equal(of_store, of_frame, strict=True)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_cross_validation(n_jobs, one_frame):
    cv = RollingOriginSplit(n_splits=2, horizon=STEPS["horizon"])
    of_frame, of_store = (
        cross_val_score(LINEAR, X, y, cv=cv, n_jobs=n_jobs)
        for X, y in samples(one_frame)
    )
    assert_array_equal(of_store, of_frame)


def test_weights(one_frame):
    forecasts = []
    for X, y in samples(one_frame):
        weights = np.arange(len(X)) % 3
        forecasts.append(clone(LINEAR).fit(X, y, sample_weight=weights).predict(X))
    assert_array_equal(*forecasts)


def test_a_test_within_the_training_is_warned_of(one_frame):
    said = []
    for X, y in samples(one_frame):
        rows = np.arange(len(X)) % 2 == 0
        net = NaiveForecaster().fit(X[rows], y[rows])
        net.predict(X[rows])
        with pytest.warns(UserWarning) as record:
            net.predict(X[~rows])
        said.append([str(warning.message) for warning in record])
        whole = NaiveForecaster().fit(X, y)
        whole.predict(X[5:9])  # of what it was trained on
        whole = NaiveForecaster().fit(X[:60], y[:60])
        assert not whole._trained_origins.knows(X[:60], n_steps=0)
        assert whole._trained_origins.knows(X[:60], n_steps=3) is False
        assert whole._trained_origins.knows(X, n_steps=3)
    assert said[0] == said[1]


def test_frames(both):
    df, store = both
    forecaster = SeriesForecaster(LINEAR, **STEPS, coverage=None)
    of_frame = clone(forecaster).set_params(**ROLES).fit(df)
    of_store = clone(forecaster).fit(store)
    assert_frame_equal(of_store.forecast(), of_frame.forecast())
    assert_frame_equal(of_store.forecast(store), of_frame.forecast(df))
    assert of_store.score(store) == of_frame.score(df)
    plan = {"n_origins": 2, "refit": True}
    expected = clone(forecaster).set_params(**ROLES).backtest(df, **plan)
    assert_frame_equal(forecaster.backtest(store, **plan), expected)


@pytest.mark.parametrize("refit", [False, 2])
@pytest.mark.parametrize("where", [{"n_origins": 3}, {"n_origins": 2, "stride": 4}, 3])
def test_backtests(where, refit, both):
    df, store = both
    if where == 3:
        where = {"start": df["hour"].sort_values().iloc[-40], "stride": 3}
    forecaster = SeriesForecaster(NaiveForecaster(), **STEPS, **ROLES)
    plan = where | {"refit": refit}
    try:
        expected = forecaster.backtest(df, **plan)
    except ValueError as error:
        with pytest.raises(ValueError) as caught:
            forecaster.backtest(store, **plan)
        assert str(caught.value) == str(error)
    else:
        assert_frame_equal(forecaster.backtest(store, **plan), expected)


def test_updates(tmp_path):
    """New rows of old series, and a new one, from a frame and from a store."""
    df = panel(n_days=30)
    is_new = (df.groupby("store").cumcount() >= 20) | (df["store"] == "store 2")
    names = {"id": "store", "time": "day", "target": "sales"}
    forecaster = SeriesForecaster(NaiveForecaster(), horizon=2, length=5, **names)
    old, new = df[~is_new], df[is_new]
    expected = clone(forecaster).fit(old).update(new).forecast()
    stored_old = store_panel(old, tmp_path / "old", **names)
    stored_new = store_panel(new, tmp_path / "new", **names)
    for rows in (new, stored_new):
        found = clone(forecaster).fit(stored_old).update(rows).forecast()
        assert_frame_equal(found, expected)
    again = pickle.loads(pickle.dumps(clone(forecaster).fit(stored_old)))
    assert_frame_equal(again.update(new).forecast(), expected)
    save(clone(forecaster).fit(stored_old), tmp_path / "forecaster.safetensors")
    loaded = load(tmp_path / "forecaster.safetensors")
    assert_frame_equal(loaded.update(new).forecast(), expected)


def test_opened_again(both, tmp_path):
    _, store = both
    X, _ = make_windows(store, **STEPS)
    assert_array_equal(make_windows(open_panel(store.path), **STEPS)[0], X)
    assert_array_equal(make_windows(open_panel(str(store.path)), **STEPS)[0], X)
