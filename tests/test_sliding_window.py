"""SlidingWindow on windows, on arrays of windows, and on rows in time order."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline

from sktorch_forecast import NaiveForecaster, SlidingWindow, Windows, make_windows

ROWS = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
DAYS = pd.date_range("2024-01-01", periods=12, freq="D")
FRAME = pd.DataFrame(ROWS, index=DAYS, columns=["load", "wind"])


@pytest.fixture
def X():
    return make_windows(FRAME, horizon=1, length=6, target="wind")[0]


# ----------------------------------------------------------------------- windows


@pytest.mark.parametrize("length", [1, 4, 6])
def test_windows_are_shortened_at_the_same_origins_without_copying(X, length):
    short = SlidingWindow(length).fit_transform(X)
    assert isinstance(short, Windows)
    assert short.shape == (len(X), length, 2)
    assert short.origins.equals(X.origins)
    assert (short.channels, short.n_targets) == (("wind", "load"), 1)
    assert np.shares_memory(short.values, X.values)
    np.testing.assert_array_equal(np.asarray(short), np.asarray(X)[:, -length:])


def test_windows_of_any_length_that_suffices_are_transformed(X):
    transformer = SlidingWindow(3).fit(X)
    part = X[2:].with_length(4)
    np.testing.assert_array_equal(
        np.asarray(transformer.transform(part)), np.asarray(X)[2:, -3:]
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64, int])
def test_arrays_of_windows_keep_their_last_timestamps(dtype):
    windows = np.arange(24).reshape(3, 4, 2).astype(dtype)
    short = SlidingWindow(2).fit_transform(windows)
    assert type(short) is np.ndarray
    assert short.dtype == (np.float64 if dtype is int else dtype)
    assert short.tolist() == [
        [[4, 5], [6, 7]],
        [[12, 13], [14, 15]],
        [[20, 21], [22, 23]],
    ]


# -------------------------------------------------------------------------- rows


def padded_windows(rows, length):
    """The definition: before the first row, the first row."""
    return np.array(
        [
            [rows[max(row - back, 0)] for back in reversed(range(length))]
            for row in range(len(rows))
        ]
    )


@pytest.mark.parametrize("length", [1, 3, 12, 15])
@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], ROWS[:, :1], FRAME, ROWS.tolist()])
def test_every_row_gets_the_window_that_ends_in_it(rows, length):
    windows = SlidingWindow(length).fit_transform(rows)
    assert isinstance(windows, Windows)
    expected = padded_windows(np.asarray(rows, dtype=np.float32), length)
    np.testing.assert_array_equal(np.asarray(windows), expected)


def test_the_head_is_filled_with_the_first_row():
    windows = SlidingWindow(3).fit_transform([[1.0, 10.0], [2.0, 20.0]])
    assert np.asarray(windows).tolist() == [
        [[1, 10], [1, 10], [1, 10]],
        [[1, 10], [1, 10], [2, 20]],
    ]


@pytest.mark.parametrize(
    "index",
    [
        DAYS,
        DAYS.to_period("D"),
        pd.RangeIndex(100, 112),
        # What a filter or a fold leaves: in order, but with gaps.
        DAYS[[0, 1, 3]].append(DAYS[[5, 8, 9]] + pd.Timedelta("30D")),
    ],
)
def test_names_and_timestamps_of_a_frame_are_kept(index):
    rows = FRAME.iloc[: len(index)].set_axis(index, axis=0)
    transformer = SlidingWindow(3).fit(rows)
    windows = transformer.transform(rows)
    assert windows.channels == ("load", "wind")
    assert windows.origins.equals(index)
    assert transformer.feature_names_in_.tolist() == ["load", "wind"]
    assert transformer.n_features_in_ == 2


def test_an_array_of_rows_counts_channels_and_timestamps():
    windows = SlidingWindow(3).fit_transform(ROWS)
    assert windows.channels == (0, 1)
    assert windows.origins.tolist() == list(range(12))


def test_windows_of_rows_keep_their_own_values():
    rows = ROWS.copy()
    windows = SlidingWindow(1).fit_transform(rows)
    rows[:] = -1
    np.testing.assert_array_equal(np.asarray(windows)[:, 0], ROWS)


# ------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    "length, error, found",
    [
        (0, ValueError, "found 0"),
        (-1, ValueError, "found -1"),
        (2.0, TypeError, "found 2.0 of type float"),
        (True, TypeError, "found True of type bool"),
        ("3", TypeError, "found '3' of type str"),
        (None, TypeError, "found None of type NoneType"),
    ],
)
@pytest.mark.parametrize("kind", ["windows", "array", "rows"])
def test_length_must_be_a_positive_integer(X, length, error, found, kind):
    data = {"windows": X, "array": np.asarray(X), "rows": ROWS}[kind]
    with pytest.raises(error, match=f"length must be a positive integer, {found}"):
        SlidingWindow(length).fit(data)


@pytest.mark.parametrize("as_array", [False, True])
def test_windows_cannot_be_made_longer(X, as_array):
    data = np.asarray(X) if as_array else X
    message = "at least 7 timestamps.*found 6.*make_windows\\(..., length=7\\)"
    with pytest.raises(ValueError, match=message):
        SlidingWindow(7).fit(data)
    with pytest.raises(ValueError, match="at least 4 timestamps.*found 3"):
        SlidingWindow(4).fit(data).transform(SlidingWindow(3).fit_transform(data))


@pytest.mark.parametrize(
    "fitted_on, data",
    [
        ("windows", make_windows(ROWS[:, 0], horizon=1, length=6)[0]),
        ("windows", np.zeros((3, 6, 1))),
        ("windows", ROWS[:, :1]),
        ("rows", ROWS[:, :1]),
        ("rows", np.zeros((3, 6, 1))),
    ],
)
def test_other_channels_than_in_fit_are_an_error(X, fitted_on, data):
    transformer = SlidingWindow(3).fit({"windows": X, "rows": ROWS}[fitted_on])
    message = "X has 1 features, but SlidingWindow is expecting 2 features"
    with pytest.raises(ValueError, match=message):
        transformer.transform(data)


def test_columns_in_another_order_than_in_fit_are_an_error():
    with pytest.raises(ValueError, match="feature names should match"):
        SlidingWindow(3).fit(FRAME).transform(FRAME[["wind", "load"]])


NOT_IN_ORDER = [0, 1, 2, 4, 3, 5]
TWICE = [0, 1, 2, 3, 3, 5]


@pytest.mark.parametrize("method", ["fit", "transform"])
@pytest.mark.parametrize(
    "rows, message",
    [
        (
            FRAME.iloc[NOT_IN_ORDER],
            "increasing order, found 2024-01-04 00:00:00 in row 4 after 2024-01-05",
        ),
        (
            FRAME.to_period("D").iloc[NOT_IN_ORDER],
            "increasing order, found 2024-01-04 in row 4 after 2024-01-05",
        ),
        (FRAME.iloc[TWICE], "every timestamp once, found 2024-01-04 .* in row 4"),
        (FRAME.where(FRAME != FRAME.iloc[5, 1]), "contains NaN"),
        (FRAME.replace(FRAME.iloc[5, 1], np.inf), "contains infinity"),
        (FRAME["load"], "Expected a 2-dimensional container"),
        (ROWS[:, 0], "Expected 2D array, got 1D array"),
        (np.full((2, 3, 2), np.nan), "contains NaN"),
        (np.zeros((2, 3, 2, 1)), "n_channels.*, found .2, 3, 2, 1"),
    ],
)
def test_rows_that_are_no_series_are_an_error(method, rows, message):
    transformer = SlidingWindow(3)
    if method == "transform":
        transformer.fit(FRAME if hasattr(rows, "columns") else ROWS)
    with pytest.raises(ValueError, match=message):
        getattr(transformer, method)(rows)


def test_an_error_in_fit_leaves_nothing_fitted(X):
    transformer = SlidingWindow(7)
    with pytest.raises(ValueError, match="at least 7"):
        transformer.fit(X)
    assert not hasattr(transformer, "n_features_in_")


def test_transform_needs_a_fit(X):
    with pytest.raises(NotFittedError, match="SlidingWindow instance is not fitted"):
        SlidingWindow(3).transform(X)


# ---------------------------------------------------------------- as an estimator


def test_parameters_survive_get_set_and_clone(X):
    assert SlidingWindow().get_params() == {"length": 24}
    transformer = SlidingWindow().set_params(length=5).fit(X)
    copy = clone(transformer)
    assert copy.get_params() == {"length": 5}
    assert not hasattr(copy, "n_features_in_")
    message = re.escape("Invalid parameter 'width' for estimator SlidingWindow")
    with pytest.raises(ValueError, match=message):
        transformer.set_params(width=3)


def test_a_pipeline_forecasts_from_the_shortened_windows():
    series = np.arange(20.0)
    X, y = make_windows(series, horizon=3, length=8)
    model = make_pipeline(SlidingWindow(4), NaiveForecaster(seasonality=4)).fit(X, y)
    assert model[-1].n_features_in_ == 4
    # The last season before origin 7 is 4, 5, 6, 7; its first three are repeated.
    assert model.predict(X[:2]).tolist() == [[4, 5, 6], [5, 6, 7]]


def test_a_pipeline_forecasts_from_rows():
    rows = [[1.0], [2.0], [3.0]]
    model = make_pipeline(SlidingWindow(2), NaiveForecaster(seasonality=2))
    model.fit(rows, [2.0, 3.0, 4.0])
    # One step after each row: the value of the row before, or the first.
    assert model.predict(rows).tolist() == [1, 1, 2]


def test_a_pipeline_names_the_length_that_is_too_short_for_its_forecaster():
    X, y = make_windows(np.arange(20.0), horizon=3, length=8)
    model = make_pipeline(SlidingWindow(3), NaiveForecaster(seasonality=4))
    with pytest.raises(ValueError, match="at least seasonality=4.*found 3"):
        model.fit(X, y)


def test_every_length_of_a_grid_is_scored_on_the_same_origins():
    series = np.random.default_rng(1).normal(size=60)
    X, y = make_windows(series, horizon=2, length=10)
    cv = TimeSeriesSplit(3, gap=1)
    scoring = "neg_mean_absolute_error"
    search = GridSearchCV(
        make_pipeline(SlidingWindow(), NaiveForecaster(seasonality=3)),
        {"slidingwindow__length": [3, 7, 10]},
        cv=cv,
        scoring=scoring,
    ).fit(X, y)
    # What this forecaster sees does not depend on the length, so nor may its scores.
    expected = cross_val_score(
        NaiveForecaster(seasonality=3), X, y, cv=cv, scoring=scoring
    )
    for fold, score in enumerate(expected):
        assert search.cv_results_[f"split{fold}_test_score"].tolist() == [score] * 3


def test_windows_taken_for_rows_are_noticed():
    x = np.sin(np.arange(20.0))
    windows = np.lib.stride_tricks.sliding_window_view(x, 5)
    with pytest.warns(UserWarning, match=r"look like windows of 5 timestamps.*newaxis"):
        SlidingWindow(3).fit(windows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SlidingWindow(3).fit(windows[:, :, np.newaxis])
        # Channels that are shifted by two, that are constant, and two of them.
        SlidingWindow(3).fit(np.column_stack([x, np.roll(x, 2), np.roll(x, 4)]))
        SlidingWindow(3).fit(np.ones((20, 5)))
        SlidingWindow(3).fit(windows[:, :2])
