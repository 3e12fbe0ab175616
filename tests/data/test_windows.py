"""Windows against plain loops over the timestamps, and against ordinary arrays."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from blocks import windows_of
from sklearn.model_selection import TimeSeriesSplit

from sktorch_forecast import Panel, Windows, latest_windows, make_windows

N_TIMESTAMPS = 30
LENGTH, HORIZON = 5, 3
VALUES = np.random.default_rng(0).normal(size=(N_TIMESTAMPS, 3))
VALUES.flags.writeable = False


def loop_over_origins(values, length, horizon, n_targets=1):
    """X and y as their definition has them, one value at a time."""
    X, y = [], []
    for origin in range(len(values)):
        if origin - length + 1 < 0 or origin + horizon >= len(values):
            continue
        X.append([values[origin - back] for back in reversed(range(length))])
        y.append(
            [
                values[origin + step, target]
                for step in range(1, horizon + 1)
                for target in range(n_targets)
            ]
        )
    return np.array(X, dtype=np.float32), np.array(y)


@pytest.fixture
def X():
    return make_windows(VALUES, horizon=HORIZON, length=LENGTH, target=0)[0]


@pytest.fixture
def y():
    return make_windows(VALUES[:, 0], horizon=HORIZON, length=LENGTH)[1]


def frame(values=VALUES, index=None, columns=("a", "b", "c")):
    return pd.DataFrame(values, index=index, columns=list(columns))


# ------------------------------------------------------------ X and y from a series

INDEXES = {
    "plain": None,
    "datetime": pd.date_range("2024-01-01", periods=N_TIMESTAMPS, freq="D"),
    "period": pd.period_range("2020-01", periods=N_TIMESTAMPS, freq="M"),
    "integer": pd.Index(range(100, 100 + 10 * N_TIMESTAMPS, 10)),
}


@pytest.mark.parametrize("length, horizon", [(1, 1), (1, 4), (4, 1), (7, 5), (26, 4)])
@pytest.mark.parametrize(
    "series, target, order, channels, n_targets",
    [
        (VALUES[:, 0], None, [0], (0,), 1),
        (list(VALUES[:, 0]), None, [0], (0,), 1),
        (VALUES[:, :1], None, [0], (0,), 1),
        (VALUES, 0, [0, 1, 2], (0, 1, 2), 1),
        (VALUES, 2, [2, 0, 1], (2, 0, 1), 1),
        (VALUES, [2, 0], [2, 0, 1], (2, 0, 1), 2),
        (VALUES, [0, 1, 2], [0, 1, 2], (0, 1, 2), 3),
        (pd.Series(VALUES[:, 1]), None, [1], (0,), 1),
        (pd.Series(VALUES[:, 1], name="load"), None, [1], ("load",), 1),
        (frame()[["b"]], None, [1], ("b",), 1),
        (frame(), "a", [0, 1, 2], ("a", "b", "c"), 1),
        (frame(), "c", [2, 0, 1], ("c", "a", "b"), 1),
        (frame(), ["b"], [1, 0, 2], ("b", "a", "c"), 1),
        (frame(), ["c", "b"], [2, 1, 0], ("c", "b", "a"), 2),
        (frame(), pd.Index(["b", "c"]), [1, 2, 0], ("b", "c", "a"), 2),
        (frame(columns=[10, 20, 30]), 20, [1, 0, 2], (20, 10, 30), 1),
    ],
)
def test_windows_and_targets_are_those_of_a_plain_loop(
    series, target, order, channels, n_targets, length, horizon
):
    X, y = make_windows(series, horizon=horizon, length=length, target=target)
    X_loop, y_loop = loop_over_origins(VALUES[:, order], length, horizon, n_targets)
    if horizon == n_targets == 1:
        y_loop = y_loop[:, 0]
    # Only origins with a whole window behind and a whole horizon ahead.
    assert len(X) == N_TIMESTAMPS - length - horizon + 1
    assert (X.channels, X.n_targets) == (channels, n_targets)
    assert (np.asarray(X).shape, y.shape) == (X_loop.shape, y_loop.shape)
    np.testing.assert_array_equal(np.asarray(X), X_loop)
    np.testing.assert_array_equal(np.asarray(y), y_loop)


def test_targets_of_several_channels_are_ordered_by_step():
    series = [[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]]
    _, y = make_windows(series, horizon=3, length=1, target=[1, 0])
    assert y.tolist() == [[20.0, 2.0, 30.0, 3.0, 40.0, 4.0]]


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
@pytest.mark.parametrize("kind", ["Series", "DataFrame"])
def test_origins_are_the_last_timestamps_of_the_windows(index, kind):
    series = frame(index=index) if kind == "DataFrame" else frame(index=index)["a"]
    target = "a" if kind == "DataFrame" else None
    X, y = make_windows(series, horizon=HORIZON, length=LENGTH, target=target)
    assert X.origins.equals(series.index[LENGTH - 1 : N_TIMESTAMPS - HORIZON])
    assert X[[3, 0]].origins.equals(series.index[[LENGTH + 2, LENGTH - 1]])
    _, y_loop = loop_over_origins(VALUES, LENGTH, HORIZON)
    np.testing.assert_array_equal(np.asarray(y), y_loop)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.uint8, bool])
def test_targets_keep_the_precision_of_the_series(dtype):
    series = np.array([1, 0, 1, 1, 0, 1], dtype=dtype)
    X, y = make_windows(series, horizon=2, length=2)
    assert X.dtype == np.asarray(X).dtype == np.float32
    assert y.dtype == (np.float32 if dtype == np.float32 else np.float64)
    assert y.tolist() == [[1, 1], [1, 0], [0, 1]]


def test_nullable_and_mixed_columns_are_numbers():
    series = pd.DataFrame(
        {
            "a": pd.array([1, 2, 3, 4], dtype="Int64"),
            "b": pd.array([0.5, 1.5, 2.5, 3.5], dtype="Float32"),
            "c": [True, False, True, False],
        }
    )
    X, y = make_windows(series, horizon=1, length=2, target="b")
    assert np.asarray(X)[0].tolist() == [[0.5, 1, 1], [1.5, 2, 0]]
    assert y.tolist() == [2.5, 3.5]


def test_a_polars_frame_is_a_series():
    polars = pytest.importorskip("polars")
    series = polars.DataFrame({name: VALUES[:, i] for i, name in enumerate("abc")})
    X, y = make_windows(series, horizon=HORIZON, length=LENGTH, target=["c", "a"])
    X_loop, y_loop = loop_over_origins(VALUES[:, [2, 0, 1]], LENGTH, HORIZON, 2)
    assert X.channels == ("c", "a", "b")
    assert X.origins.equals(pd.RangeIndex(LENGTH - 1, N_TIMESTAMPS - HORIZON))
    np.testing.assert_array_equal(np.asarray(X), X_loop)
    np.testing.assert_array_equal(np.asarray(y), y_loop)
    days = pd.date_range("2024-01-01", periods=N_TIMESTAMPS).as_unit("us")
    dated = series.with_columns(polars.Series("day", days.to_numpy()))
    arguments = {"horizon": HORIZON, "length": LENGTH, "target": ["c", "a"]}
    X, _ = make_windows(dated, time="day", **arguments)
    assert X.channels == ("c", "a", "b")
    assert X.origins.tolist() == days[LENGTH - 1 : N_TIMESTAMPS - HORIZON].tolist()


# A time axis that was read from a file has lost its `freq`.
@pytest.mark.parametrize("keeps_freq", [True, False])
@pytest.mark.parametrize(
    "start, freq, tz",
    [
        # 2024-03-31 has 23 hours in Berlin, 2024-10-27 has 25.
        ("2024-03-30", "h", "Europe/Berlin"),
        ("2024-10-26", "h", "Europe/Berlin"),
        ("2024-03-30", "15min", "Europe/Berlin"),
        ("2024-03-20", "D", "Europe/Berlin"),
        ("2024-01-31", "ME", None),
        ("2024-01-01", "MS", None),
        ("2024-01-31", "BME", None),
        ("2024-01-01", "QS", None),
        ("1990-12-31", "YE", None),
        ("2024-01-01", "B", None),  # a Monday
        ("2024-01-03", "B", None),  # a Wednesday
        ("2024-01-03", "W-WED", None),
        ("2024-02-27", "D", None),
        ("2024-01-01", "7s", None),
    ],
)
def test_calendar_frequencies_are_regular(start, freq, tz, keeps_freq):
    index = pd.date_range(start, periods=60, freq=freq, tz=tz)
    if not keeps_freq:
        index = pd.DatetimeIndex(index.tolist())  # tolist loses it
    X, _ = make_windows(pd.Series(range(60), index=index), horizon=2, length=3)
    assert X.origins.equals(index[2:58])


@pytest.mark.parametrize(
    "index",
    [
        pd.timedelta_range("0s", periods=60, freq="90s"),
        pd.to_timedelta(range(0, 180, 3), unit="s"),
        pd.period_range("2024-01-31", periods=60, freq="W-WED"),
        pd.period_range("2024Q1", periods=60, freq="Q"),
        pd.Index(np.arange(60) * 0.1),
        # Seconds since 1970, a hundred of them a second: the steps have rounding
        # errors of 2e-7.
        pd.Index(1.7e9 + np.arange(60) * 0.01),
        pd.Index(np.arange(60, dtype=np.uint8)),
        pd.RangeIndex(-30, 30),
    ],
)
def test_steps_of_one_size_are_regular(index):
    X, _ = make_windows(pd.Series(range(60), index=index), horizon=2, length=3)
    assert X.origins.equals(index[2:58])


@pytest.mark.parametrize("second", ["2024-01-02", "2024-05-17"])
def test_two_timestamps_are_always_regular(second):
    index = pd.DatetimeIndex(["2024-01-01", second])
    X, y = make_windows(pd.Series([1.0, 2.0], index=index), horizon=1, length=1)
    assert np.asarray(X).tolist() == [[[1.0]]]
    assert y.tolist() == [2.0]


@pytest.mark.parametrize("length", [1, 4, N_TIMESTAMPS])
def test_the_latest_window_ends_with_the_series(length):
    series = frame(index=INDEXES["datetime"])
    X = latest_windows(series, length=length, target="b")
    assert X.shape == (1, length, 3)
    assert X.channels == ("b", "a", "c")
    assert X.origins.tolist() == [pd.Timestamp("2024-01-30")]
    expected = VALUES[N_TIMESTAMPS - length :][:, [1, 0, 2]].astype(np.float32)
    np.testing.assert_array_equal(np.asarray(X), expected[np.newaxis])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("as_frame", [False, True])
@pytest.mark.parametrize("horizon", [1, 3])
def test_later_changes_of_the_series_reach_neither_X_nor_y(dtype, as_frame, horizon):
    values = VALUES[:, :1].astype(dtype)
    series = pd.DataFrame(values, copy=False) if as_frame else values
    X, y = make_windows(series, horizon=horizon, length=LENGTH)
    latest = latest_windows(series, length=LENGTH)
    before = [np.array(array) for array in (X, y, latest)]
    values[:] = -1
    if as_frame:
        series.iloc[:] = -1
    for array, expected in zip((X, y, latest), before):
        np.testing.assert_array_equal(np.asarray(array), expected)


# ------------------------------------------------------------------ X is an array

N_ORIGINS = N_TIMESTAMPS - LENGTH - HORIZON + 1
MASK = np.random.default_rng(1).random(N_ORIGINS) < 0.4
KEYS = {
    "slice": slice(2, 9),
    "stride": slice(None, None, 3),
    "reversed": slice(None, None, -1),
    "empty slice": slice(5, 5),
    "all": slice(None),
    "integers": np.array([7, 1, 1, 20]),
    "consecutive integers": np.arange(4, 11),
    "int32": np.array([3, 9], dtype=np.int32),
    "unsigned": np.array([9, 3], dtype=np.uint64),
    "list": [4, 0, 9],
    "empty list": [],
    "negative integers": [-1, -N_ORIGINS, -3],
    "consecutive negative integers": [-3, -2, -1],
    "across zero": [-1, 0, 1],
    "mask": MASK,
    "mask of a run": np.arange(N_ORIGINS) >= 15,
    "mask of none": np.zeros(N_ORIGINS, dtype=bool),
    "mask as a list": MASK.tolist(),
    "pandas Index": pd.Index([5, 2]),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("with_ellipsis", [False, True])
def test_windows_are_indexed_like_an_array_on_the_same_block(X, key, with_ellipsis):
    part = X[key, ...] if with_ellipsis else X[key]
    assert isinstance(part, Windows)
    np.testing.assert_array_equal(np.asarray(part), np.asarray(X)[key])
    assert part.origins.equals(X.origins[key])
    assert np.shares_memory(part.values, X.values)
    assert part.values.shape == X.values.shape
    assert (part.channels, part.n_targets) == (X.channels, X.n_targets)


@pytest.mark.parametrize("key", [0, 5, N_ORIGINS - 1, -1, -N_ORIGINS, np.int64(3)])
def test_a_single_integer_gives_one_window_as_an_ordinary_view(X, key):
    for window in (X[key], X[key, ...], X[key,]):
        assert type(window) is np.ndarray
        assert window.shape == (LENGTH, 3)
        np.testing.assert_array_equal(window, np.asarray(X)[key])
        assert np.shares_memory(window, X.values)


def test_indexing_a_part_indexes_its_own_origins(X):
    part = X[4:20][::2][[3, 1]]  # origins 4, 6, 8, 10, ... of which 10 and 6
    np.testing.assert_array_equal(np.asarray(part), np.asarray(X)[[10, 6]])


def test_iteration_gives_every_window_once(X):
    windows = list(X)
    assert len(windows) == N_ORIGINS
    np.testing.assert_array_equal(np.stack(windows), np.asarray(X))


@pytest.mark.parametrize(
    "key, message",
    [
        (np.ones(5, dtype=bool), f"mask of {N_ORIGINS} .*found shape \\(5,"),
        (np.ones(99, dtype=bool), f"mask of {N_ORIGINS} .*found shape \\(99,"),
        ((slice(None), 0), "origin \\(axis 0\\) only"),
        ((0, slice(2)), "origin \\(axis 0\\) only"),
        ((Ellipsis, 0), "origin \\(axis 0\\) only"),
        ((0, Ellipsis, 1), "origin \\(axis 0\\) only"),
        ([0.0, 1.0], "slice, integers or a mask.*float64"),
        (1.5, "slice, integers or a mask.*float64"),
        ("a", "slice, integers or a mask"),
        (None, "slice, integers or a mask"),
        (np.zeros((2, 2), dtype=int), "slice, integers or a mask.*\\(2, 2\\)"),
        (N_ORIGINS, "out of bounds"),
        (-N_ORIGINS - 1, "out of bounds"),
        ([0, N_ORIGINS], "out of bounds"),
        ([-N_ORIGINS - 1], "out of bounds"),
    ],
)
def test_what_does_not_select_origins_is_an_index_error(X, key, message):
    with pytest.raises(IndexError, match=message):
        X[key]


def test_windows_describe_themselves_like_an_array(X):
    assert X.shape == (N_ORIGINS, LENGTH, 3)
    assert len(X) == N_ORIGINS
    assert X.ndim == 3
    assert X.dtype == np.dtype(np.float32)
    assert X.n_channels == 3
    assert X[:0].shape == (0, LENGTH, 3)


@pytest.mark.parametrize("dtype", [None, np.float32, np.float64, int])
def test_np_asarray_materializes_in_the_dtype_asked_for(X, dtype):
    expected, _ = loop_over_origins(VALUES, LENGTH, HORIZON)
    array = np.asarray(X, dtype=dtype)
    assert type(array) is np.ndarray
    assert array.dtype == (dtype or np.float32)
    np.testing.assert_array_equal(array, expected.astype(dtype or np.float32))
    assert np.asarray(X[:0], dtype=dtype).shape == (0, LENGTH, 3)
    assert np.asarray(X[:0], dtype=dtype).dtype == array.dtype


def test_materialized_windows_are_a_copy_of_their_own(X):
    array = np.asarray(X)
    before = array.copy()
    array[0] = 99
    np.testing.assert_array_equal(np.asarray(X), before)
    with pytest.raises(ValueError, match="copy"):
        np.asarray(X, copy=False)


def test_the_block_cannot_be_written(X):
    for block in (X.values, X[3:5].values, X[3], X.with_length(2).values):
        with pytest.raises(ValueError, match="read-only"):
            block[0, 0] = 0


def test_shorter_windows_have_the_same_origins_and_block(X):
    short = X.with_length(2)
    assert short.shape == (N_ORIGINS, 2, 3)
    assert short.origins.equals(X.origins)
    assert np.shares_memory(short.values, X.values)
    np.testing.assert_array_equal(np.asarray(short), np.asarray(X)[:, -2:])
    assert X.length == LENGTH


@pytest.mark.parametrize(
    "length, error, message",
    [
        (LENGTH + 1, ValueError, f"at most {LENGTH}.*found {LENGTH + 1}"),
        (0, ValueError, "positive integer, found 0"),
        (2.0, TypeError, "positive integer, found 2.0 of type float"),
    ],
)
def test_with_length_says_which_lengths_there_are(X, length, error, message):
    with pytest.raises(error, match=message):
        X.with_length(length)


def test_repr_names_shape_origins_and_channels():
    series = frame(index=INDEXES["datetime"])
    X, _ = make_windows(series, horizon=HORIZON, length=LENGTH, target="b")
    text = repr(X)
    assert "(23, 5, 3)" in text
    assert "23 origins from 2024-01-05" in text
    assert "to 2024-01-27" in text
    assert text.endswith("5 timestamps of 'b' (target), 'a', 'c'>")
    assert "0 origins" in repr(X[:0])
    wide = Windows(np.zeros((2, 11)), positions=[1], length=2)
    assert "7, ... 3 more" in repr(wide)


# ------------------------------------------------------------------------ copies

ROUND_TRIPS = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "oldest pickle": lambda value: pickle.loads(pickle.dumps(value, protocol=0)),
    "newest pickle": lambda value: pickle.loads(
        pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    ),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@pytest.mark.parametrize("round_trip", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
@pytest.mark.parametrize("key", [slice(None), slice(6, 9), [12, 7, 12], slice(0, 0)])
def test_copies_of_windows_are_equal(round_trip, index, key):
    X, _ = make_windows(
        frame(index=index), horizon=HORIZON, length=LENGTH, target=["c", "a"]
    )
    part = X[key]
    again = round_trip(part)
    assert isinstance(again, Windows)
    np.testing.assert_array_equal(np.asarray(again), np.asarray(part))
    assert again.origins.equals(part.origins)
    assert (again.channels, again.n_targets) == (("c", "a", "b"), 2)
    assert again.shape == part.shape
    with pytest.raises(ValueError, match="read-only"):
        again.values[...] = 0


def test_a_deep_copy_of_windows_has_a_block_of_its_own(X):
    assert not np.shares_memory(copy.deepcopy(X).values, X.values)


def test_a_pickle_carries_only_what_the_origins_can_see():
    n_timestamps, length = 20_000, 50
    index = pd.date_range("2024-01-01", periods=n_timestamps, freq="h")
    X, _ = make_windows(
        pd.Series(np.arange(n_timestamps), index=index), horizon=1, length=length
    )
    part = X[10_000:10_010]
    again = pickle.loads(pickle.dumps(part))
    # Ten origins see 10 + length - 1 timestamps: 4 bytes of value and 8 of index
    # each, and 8 for each position. All of the series would be 80 kB and more.
    assert len(pickle.dumps(part)) < 59 * 12 + 80 + 2000
    assert again.values.shape == (59, 1)
    np.testing.assert_array_equal(np.asarray(again), np.asarray(part))
    assert again.origins.equals(index[10_049:10_059])


# -------------------------------------------------------------------- y is a view


def test_targets_overlap_in_memory_and_cannot_be_written(y):
    assert isinstance(y, np.ndarray)
    assert np.shares_memory(y[0], y[1])
    for write in (y, y[2:4], y[0]):
        with pytest.raises(ValueError, match="read-only"):
            write[0] = 0


Y_KEYS = KEYS | {
    "one row": 4,
    "last row": -1,
    "column": (slice(None), 1),
    "columns": (slice(None), [0, 2]),
    "one value": (3, 1),
    "rows and columns": ([1, 2], [0, 2]),
    "everything": Ellipsis,
    "nothing": (),
    "new axis": None,
    "mask of values": np.random.default_rng(2).random((N_ORIGINS, HORIZON)) < 0.5,
    "table of rows": np.array([[0, 1], [2, 3]]),
    "scalar array": np.array(2),
}


@pytest.mark.parametrize("key", Y_KEYS.values(), ids=Y_KEYS)
def test_targets_are_indexed_like_an_ordinary_array(y, key):
    expected = np.array(y)[key]
    np.testing.assert_array_equal(np.asarray(y[key]), expected)
    assert np.shape(y[key]) == np.shape(expected)
    # A single value is a scalar, not an array of no dimensions.
    assert isinstance(y[key], np.ndarray) == isinstance(expected, np.ndarray)


@pytest.mark.parametrize("key", [slice(2, 9), slice(None, None, 3), 4])
def test_slices_of_targets_are_views(y, key):
    assert np.shares_memory(y[key], y)


def test_folds_of_a_time_series_split_share_the_memory_of_X_and_y(X, y):
    for train, test in TimeSeriesSplit(4, gap=HORIZON - 1).split(X):
        for fold in (train, test):
            assert np.shares_memory(X[fold].values, X.values)
            assert np.shares_memory(X[fold].positions, X.positions)
            assert np.shares_memory(y[fold], y)
            assert np.shares_memory(y[fold, ...], y)
            np.testing.assert_array_equal(np.asarray(y[fold]), np.array(y)[fold])


@pytest.mark.parametrize(
    "calculate",
    [
        lambda y: y * 2,
        lambda y: y - y.mean(axis=0),
        lambda y: np.abs(y),
        lambda y: np.add(y, 1, out=np.empty(y.shape)),
        lambda y: y > 0,
        lambda y: y.sum(axis=1),
        lambda y: y.max(),
        lambda y: y[:, 0],
        lambda y: y[[5, 3]],
        lambda y: y[3],
        lambda y: np.concatenate([y, y]),
        lambda y: np.where(y > 0, y, 0),
    ],
)
def test_calculations_with_targets_give_ordinary_results(y, calculate):
    result, expected = calculate(y), calculate(np.array(y))
    assert type(result) is type(expected)
    np.testing.assert_array_equal(result, expected)


def test_targets_can_be_compared_by_the_testing_tools_of_numpy(y):
    np.testing.assert_array_equal(y, np.array(y))
    np.testing.assert_allclose(np.array(y), y, rtol=0)
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(y, np.array(y) + 1)


def test_single_values_of_targets_are_numbers(y):
    assert isinstance(y[0, 0], float)
    assert isinstance(y.ravel()[0], float)
    assert {float(value) for value in y[:, 0]} == set(y[:, 0])


def test_targets_print_like_an_ordinary_array(y):
    assert repr(y) == repr(np.array(y))
    assert str(y) == str(np.array(y))


@pytest.mark.parametrize("round_trip", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
@pytest.mark.parametrize(
    "part",
    [
        lambda y: y,
        lambda y: y[3:9],
        lambda y: y[::2],
        lambda y: y[::HORIZON],
        lambda y: y[::-1],
        lambda y: y[5:6],
        lambda y: y[:0],
        lambda y: y.T,
        lambda y: y.copy(),
        lambda y: y.astype(np.float32),
        lambda y: y[:, 1:],
        lambda y: y[[4, 1]],
    ],
)
def test_copies_of_targets_are_equal(y, round_trip, part):
    again = round_trip(part(y))
    assert again.dtype == part(y).dtype
    np.testing.assert_array_equal(np.asarray(again), np.asarray(part(y)))


def test_a_deep_copy_of_targets_has_memory_of_its_own(y):
    assert not np.shares_memory(copy.deepcopy(y), y)


def test_a_pickle_of_targets_carries_every_value_once():
    n_timestamps, horizon = 2000, 48
    _, y = make_windows(np.arange(n_timestamps * 1.0), horizon=horizon, length=4)
    for part in (y, y[100:900]):
        n_values = len(part) + horizon - 1
        assert len(pickle.dumps(part)) < 8 * n_values + 1000 < part.nbytes / 20
        again = pickle.loads(pickle.dumps(part))
        np.testing.assert_array_equal(np.asarray(again), np.asarray(part))
        assert np.shares_memory(again[0], again[1])
        assert len(pickle.dumps(again)) == len(pickle.dumps(part))


# ---------------------------------------------------------------- the constructor


def test_windows_of_a_block_with_positions_of_ones_own():
    values = [[1, 10], [2, 20], [3, 30], [4, 40]]
    panel = Panel.from_array(
        values, index=pd.Index([5, 6, 7, 8]), channels=["a", "b"], n_targets=2
    )
    X = Windows(panel, positions=[3, 1, 3], length=2)
    last, first = [[3, 30], [4, 40]], [[1, 10], [2, 20]]
    assert np.asarray(X).tolist() == [last, first, last]
    assert X.origins.tolist() == [8, 6, 8]
    assert (X.channels, X.n_targets) == (("a", "b"), 2)


def test_the_constructor_counts_timestamps_and_channels_by_default():
    X = Windows(VALUES, positions=np.array([9, 4], dtype=np.int32), length=5)
    assert X.origins.tolist() == [9, 4]
    assert (X.channels, X.n_targets) == ((0, 1, 2), 1)
    assert X.positions.dtype == np.int64


def test_the_constructor_keeps_its_own_positions():
    positions = np.array([4, 9])
    X = Windows(VALUES, positions=positions, length=5)
    positions[:] = 0
    assert X.origins.tolist() == [4, 9]


def with_value(value, row=7, column=1):
    values = VALUES.copy()
    values[row, column] = value
    return values


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"length": 0}, ValueError, "length must be a positive integer, found 0"),
        ({"length": True}, TypeError, "length must be a positive integer, found True"),
        ({"length": 2.0}, TypeError, "length must be a positive integer, found 2.0"),
        ({"positions": [3]}, ValueError, "between row 4 .* row 29, found 3 to 3"),
        ({"positions": [30]}, ValueError, "between row 4 .* row 29, found 30 to 30"),
        ({"positions": [-1, 5]}, ValueError, "between row 4 .*, found -1 to 5"),
        (
            {"positions": [5.0]},
            TypeError,
            "integers, found shape \\(1,\\) and dtype float64",
        ),
        (
            {"positions": [[5]]},
            TypeError,
            "integers, found shape \\(1, 1\\) and dtype int64",
        ),
        (
            {"positions": [True]},
            TypeError,
            "integers, found shape \\(1,\\) and dtype bool",
        ),
        ({"positions": 5}, TypeError, "integers, found shape \\(\\) and dtype int64"),
        ({"values": with_value(np.nan)}, ValueError, "NaN at row 7, column 1"),
        ({"values": with_value(-np.inf)}, ValueError, "infinity at row 7, column 1"),
        ({"values": VALUES[:, 0]}, ValueError, "Expected 2D array, got 1D array"),
        ({"values": VALUES[:, :, None]}, ValueError, "dim 3"),
        ({"index": range(29)}, ValueError, "30 timestamps and 3 .*, found 29 and 3"),
        ({"channels": [1, 2]}, ValueError, "30 timestamps and 3 .*, found 30 and 2"),
        ({"n_targets": 0}, ValueError, "n_targets must be a positive integer, found 0"),
        ({"n_targets": 4}, ValueError, "at most 3, .* found 4 \\+ 0"),
        (
            {"n_targets": "1"},
            TypeError,
            "n_targets must be a positive integer, found '",
        ),
    ],
)
def test_the_constructor_says_what_is_wrong(arguments, error, message):
    valid = {"values": VALUES, "positions": [4, 29], "length": 5}
    assert len(windows_of(**valid)) == 2
    with pytest.raises(error, match=message):
        windows_of(**(valid | arguments))
