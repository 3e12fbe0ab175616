"""Targets of many series are held once, and pass for an array of them."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from memory import MEGABYTE, peak_memory
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import cross_val_predict, train_test_split
from stores import NAMES, panel

from sktorch_forecast import MLPForecaster, make_windows

HORIZON, LENGTH = 3, 5
FRAME = panel(n_days=12)
X, Y = make_windows(FRAME, **NAMES, horizon=HORIZON, length=LENGTH)
# Row by row, from the frame.
SALES = [sales.to_numpy() for _, sales in FRAME.groupby("store")["sales"]]
EXPECTED = np.array(
    [
        sales[origin + 1 : origin + 1 + HORIZON]
        for sales in SALES
        for origin in range(LENGTH - 1, len(sales) - HORIZON)
    ]
)


def test_as_the_rows_of_the_frame():
    assert_array_equal(Y, EXPECTED, strict=True)
    assert (Y.shape, Y.ndim, Y.size) == (EXPECTED.shape, 2, EXPECTED.size)
    assert (Y.dtype, Y.nbytes, len(Y)) == (np.float64, EXPECTED.nbytes, len(EXPECTED))
    targets = ["sales", "visits"]
    _, y = make_windows(
        FRAME, **(NAMES | {"target": targets}), horizon=2, length=LENGTH
    )
    both = FRAME[FRAME["store"] == "store 1"][targets].to_numpy()
    first = 12 - LENGTH - 1  # origins of the series before
    assert_array_equal(y[first], both[LENGTH : LENGTH + 2].ravel())


KEYS = {
    "slice": slice(2, 7),
    "reversed": slice(None, None, -1),
    "integers": [3, 1, -1],
    "mask": np.arange(len(Y)) % 2 == 0,
    "none": [],
    "rows": (slice(2, 7), ...),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_some_origins_stay_lazy(key):
    assert_array_equal(Y[key], EXPECTED[key], strict=True)
    for some in (pickle.loads(pickle.dumps(Y[key])), copy.deepcopy(Y[key])):
        assert_array_equal(some, EXPECTED[key], strict=True)
        assert type(some) is type(Y)


ARRAYS = {
    "row": 4,
    "entry": (4, 1),
    "column": (slice(None), 0),
    "last axis": (..., -1),
    "columns": (slice(2, 9), [2, 0]),
    "pairs": ([1, 2], [0, 2]),
    "mask of entries": EXPECTED > 50,
    "new axis": None,
}


@pytest.mark.parametrize("key", ARRAYS.values(), ids=ARRAYS)
def test_other_keys_make_an_array(key):
    assert_array_equal(Y[key], EXPECTED[key], strict=True)


USES = {
    "mean": lambda y: y.mean(axis=0),
    "method": lambda y: y.reshape(len(y), HORIZON, 1).astype(np.float32),
    "transposed": lambda y: y.T,
    "difference": lambda y: 2 * y - y,
    "compared": lambda y: y > 50,
    "function": lambda y: np.quantile(y, 0.5),
    "joined": lambda y: np.concatenate([y, y[:3]]),
    "iterated": lambda y: np.array([row.sum() for row in y]),
    "frame": lambda y: pd.DataFrame(y).to_numpy(),
    "error": lambda y: np.array(mean_squared_error(y, EXPECTED + 1)),
    "split": lambda y: np.asarray(train_test_split(X, y, random_state=0)[3]),
    "cross-validation": lambda y: cross_val_predict(
        LinearRegression(), np.asarray(X)[..., 0], y, cv=3
    ),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_what_takes_an_array_takes_them(use):
    assert_array_equal(use(Y), use(EXPECTED), strict=True)


def test_they_are_read_only():
    y = Y[:]
    with pytest.raises(ValueError, match=r"read-only.* y = np.array\(y\)"):
        y[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        y += 1
    with pytest.raises(AttributeError, match="no attribute 'no'"):
        y.no  # noqa: B018
    assert_array_equal(y, EXPECTED)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_later_change_of_the_frame_does_not_reach_them(dtype):
    sales = FRAME["sales"].to_numpy(dtype, copy=True)
    names = {"id": "store", "time": "day", "target": "sales"}
    frame = FRAME[["store", "day"]].assign(sales=0)
    frame = frame.astype({"sales": dtype})
    frame["sales"] = pd.Series(sales, copy=False)
    windows, y = make_windows(frame, **names, horizon=HORIZON, length=LENGTH)
    expected = np.array(windows), np.array(y)
    sales[:] = -1
    assert_array_equal(windows, expected[0])
    assert_array_equal(y, expected[1])


def test_a_fit_is_that_on_an_array():
    net = MLPForecaster(hidden_layer_sizes=(), max_epochs=2, random_state=0)
    nets = [clone(net).fit(X, y) for y in (Y, EXPECTED)]
    assert_array_equal(nets[0].predict(X), nets[1].predict(X))
    assert nets[0].history[:, "train_loss"] == nets[1].history[:, "train_loss"]


def test_a_missing_target_is_found_where_none_may_be():
    frame = FRAME.assign(sales=FRAME["sales"].where(FRAME.index % 7 != 0))
    steps = {"horizon": HORIZON, "length": LENGTH, "missing": "mask"}
    windows, y = make_windows(frame, **NAMES, **steps)
    assert np.isnan(y).any()
    full = np.arange(len(y) * LENGTH, dtype=np.float32).reshape(len(y), LENGTH)
    with pytest.raises(ValueError, match="NaN|missing"):
        LinearRegression().fit(full, y)
    net = MLPForecaster(hidden_layer_sizes=(), max_epochs=1, random_state=0)
    known = ~np.isnan(np.asarray(windows)).any(axis=(1, 2))
    messages = []
    for some in (y, np.array(y)):
        with pytest.raises(ValueError, match="Input y contains NaN at row") as error:
            clone(net).fit(windows[known], some[known])
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    net.set_params(missing="mask")
    assert_array_equal(
        net.fit(windows, y).predict(windows),
        net.fit(windows, np.array(y)).predict(windows),
    )


def test_a_long_horizon_takes_no_more_memory():
    """Side by side, targets of 100 series would take 90,000 * 96 * 8 bytes, 69 MB."""
    frame = pd.DataFrame(
        {
            "store": np.repeat(np.arange(100), 1000),
            "day": np.tile(np.arange(1000), 100),
            "sales": np.arange(100_000.0),
        }
    )
    steps = {"horizon": 96, "length": 24}
    assert peak_memory(lambda: make_windows(frame, **NAMES, **steps)) < 12 * MEGABYTE
    windows, y = make_windows(frame, **NAMES, **steps)
    # Values of 4 and 8 bytes, times, and the origins of X and of y, 8 each.
    assert len(pickle.dumps((windows, y))) < 3.5 * MEGABYTE
    assert len(pickle.dumps(y[:10])) < 2000
    assert peak_memory(lambda: (windows[::2], y[::2])) < MEGABYTE
