"""What is computed from a store has the same bits as from the frame it was made of."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from store.panels import ROLES, STEPS, frame

from sktorch_forecast import (
    MLPForecaster,
    SeriesForecaster,
    latest_windows,
    make_windows,
    store_panel,
)

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
