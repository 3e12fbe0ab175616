"""Windows of many series: against plain loops over every series and timestamp."""

import copy
import pickle
import sys
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from blocks import windows_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sktorch_forecast import SlidingWindow, latest_windows, make_windows

TARGETS, PAST, FUTURE, STATIC = ["y", "z"], ["p"], ["f", "g"], ["s", "t"]
KEYS = {"id": "id", "time": "time"}
quickly = settings(max_examples=40, deadline=None, derandomize=True, database=None)


# ---------------------------------------------------------- panels and plain loops


@dataclass
class Panel:
    """A random panel: a long frame, with its rows and series in any order."""

    frame: pd.DataFrame
    length: int
    horizon: int
    target: list
    past: list
    future: list
    static: list

    def names(self):
        roles = ("target", "past", "future", "static")
        return {role: getattr(self, role) or None for role in roles}

    def series(self):
        """(id, rows) in the order in which the series appear."""
        for name in self.frame["id"].unique():
            yield name, self.frame[self.frame["id"] == name]


@st.composite
def panels(draw, may_miss=False):
    sizes = draw(st.lists(st.integers(1, 14), min_size=1, max_size=5))
    starts = [draw(st.integers(0, 9)) for _ in sizes]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = rng.permutation([f"series {i}" for i in range(len(sizes))])
    parts = []
    for name, start, size in zip(names, starts, sizes):
        columns = [*TARGETS, *PAST, *FUTURE]
        part = pd.DataFrame(rng.normal(size=(size, 5)), columns=columns)
        if may_miss:
            part[TARGETS + PAST] = part[TARGETS + PAST].mask(
                rng.random((size, 3)) < 0.3
            )
        part[STATIC] = rng.normal(size=2)
        part["time"] = pd.Timestamp("2024-02-27") + pd.to_timedelta(
            np.arange(start, start + size), unit="D"
        )
        part["id"] = name
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    if draw(st.booleans()):  # series mixed, each still in time order
        frame = frame.sort_values("time", kind="stable", ignore_index=True)
    roles = [
        names[: draw(st.integers(least, len(names)))]
        for names, least in ((TARGETS, 1), (PAST, 0), (FUTURE, 0), (STATIC, 0))
    ]
    return Panel(frame, draw(st.integers(1, 5)), draw(st.integers(1, 3)), *roles)


def loop_over_series(panel, pad=False):
    """All that the windows of a panel must give, one value at a time."""
    channels = [*panel.target, *panel.past, *panel.future]
    X, y, future, static, origins = [], [], [], [], []
    for name, rows in panel.series():
        values = rows[channels].to_numpy()
        targets = rows[panel.target].to_numpy()
        times = list(rows["time"])
        seen = [bool(np.isfinite(row).any()) for row in targets]
        last = max((i for i in range(len(seen)) if seen[i]), default=-1)
        for origin in range(-1, last + 1 - panel.horizon):
            if pad and (panel.future or panel.static):
                enough = True
            else:
                enough = origin >= panel.length - 1 or pad and any(seen[: origin + 1])
            if not enough:
                continue
            window = range(origin - panel.length + 1, origin + 1)
            nothing = [np.nan] * len(channels)
            X.append([values[i] if i >= 0 else nothing for i in window])
            steps = range(origin + 1, origin + 1 + panel.horizon)
            y.append([value for step in steps for value in targets[step]])
            future.append(rows[panel.future].to_numpy()[origin + 1 :][: panel.horizon])
            static.append(rows[panel.static].to_numpy()[0])
            day = pd.Timedelta(days=1)
            time = times[origin] if origin >= 0 else times[0] - day
            origins.append((name, time))
    return X, y, future, static, origins


def check_against_loop(panel, **options):
    X_loop, y_loop, future, static, origins = loop_over_series(
        panel, options.get("pad", False)
    )
    arguments = dict(
        horizon=panel.horizon, length=panel.length, **KEYS, **panel.names(), **options
    )
    if not X_loop:
        with pytest.raises(ValueError, match="Expected at least"):
            make_windows(panel.frame, **arguments)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # series that are too short
        X, y = make_windows(panel.frame, **arguments)
    np.testing.assert_array_equal(np.asarray(X), np.array(X_loop, dtype=np.float32))
    y_loop = np.array(y_loop)
    np.testing.assert_array_equal(y, y_loop[:, 0] if y_loop.shape[1] == 1 else y_loop)
    expected = np.array(future, dtype=np.float32)
    np.testing.assert_array_equal(X.future_values(), expected)
    assert X.future_values().shape == (len(X), panel.horizon, len(panel.future))
    np.testing.assert_array_equal(X.static_values(), np.array(static, np.float32))
    assert X.origins.equals(pd.MultiIndex.from_tuples(origins, names=["id", "time"]))
    assert X.channels == (*panel.target, *panel.past, *panel.future)
    assert (X.n_targets, X.n_future) == (len(panel.target), len(panel.future))
    assert X.static_names == tuple(panel.static)
    assert X.ids.take(X.series).equals(X.origins.get_level_values("id"))
    assert X.has_missing == bool(np.isnan(np.asarray(X)).any())
    steps = [
        (name, time + pd.Timedelta(days=step + 1))
        for name, time in origins
        for step in range(panel.horizon)
    ]
    assert X.future_index(panel.horizon).tolist() == steps


@given(panels())
@quickly
def test_windows_of_a_panel_are_those_of_a_plain_loop(panel):
    check_against_loop(panel)


@given(panels(may_miss=True))
@quickly
def test_missing_values_stay_missing(panel):
    check_against_loop(panel, missing="mask")


@given(panels(may_miss=True))
@quickly
def test_padded_windows_begin_before_their_series(panel):
    # A single row tells no frequency, so what came before it has no timestamp.
    assume(panel.frame["id"].duplicated().any())
    check_against_loop(panel, missing="mask", pad=True)


@given(panels(), st.randoms(use_true_random=False))
@quickly
def test_permuting_the_series_permutes_the_windows(panel, random):
    names = list(panel.frame["id"].unique())
    shuffled = random.sample(names, len(names))
    rows = [panel.frame[panel.frame["id"] == name] for name in shuffled]
    arguments = dict(
        horizon=1, length=1, missing="mask", pad=True, **KEYS, **panel.names()
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            X, y = make_windows(panel.frame, **arguments)
        except ValueError:  # all of them have but one row
            assert panel.frame["id"].is_unique
            return
        X_shuffled, y_shuffled = make_windows(pd.concat(rows), **arguments)
    assert list(X_shuffled.ids) == [name for name in shuffled if name in X.ids]
    order = np.concatenate(
        [np.flatnonzero(X.series == X.ids.get_loc(name)) for name in X_shuffled.ids]
    )
    for before, after in [
        (np.asarray(X), np.asarray(X_shuffled)),
        (y, y_shuffled),
        (X.future_values(), X_shuffled.future_values()),
        (X.static_values(), X_shuffled.static_values()),
    ]:
        np.testing.assert_array_equal(after, before[order])
    assert X_shuffled.origins.equals(X.origins[order])


@given(st.lists(st.integers(1, 20), min_size=1, max_size=30), st.integers(1, 6))
@quickly
def test_no_window_and_no_target_crosses_from_one_series_to_the_next(sizes, length):
    number = np.repeat(np.arange(len(sizes)), sizes)
    frame = pd.DataFrame({"id": number, "y": number * 1.0})
    frame["time"] = np.concatenate([np.arange(size) for size in sizes])
    if max(sizes) < length + 2:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        X, y = make_windows(frame, horizon=2, length=length, **KEYS)
    own = np.array(X.ids.take(X.series))
    assert (np.asarray(X) == own[:, None, None]).all()
    assert (y == own[:, None]).all()
    # As many as each series has on its own.
    assert len(X) == sum(max(0, size - length - 1) for size in sizes)


# ---------------------------------------------------------------- forms of a panel


def two_series():
    """Series "b" of 9 days and, four days later, "a" of 7; and a covariate."""
    parts = [
        pd.DataFrame(
            {
                "id": name,
                "time": pd.date_range(start, periods=size, freq="D"),
                "y": np.arange(first, first + size) * 1.0,
            }
        )
        for name, start, size, first in [
            ("b", "2024-02-25", 9, 10),
            ("a", "2024-02-29", 7, 30),
        ]
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame["x"] = np.sqrt(np.arange(len(frame)))
    frame["kind"] = np.where(frame["id"] == "a", 1.5, -2.5)
    return frame


def polars_form(frame):
    import polars

    return polars.DataFrame(frame.to_dict(orient="list"))


ROLES = {"target": "y", "future": "x", "static": "kind"}
FORMS = {
    "long": lambda f: (f, KEYS | ROLES),
    "mixed": lambda f: (f.sort_values("time", kind="stable"), KEYS | ROLES),
    "time is the index": lambda f: (f.set_index("time"), {"id": "id"} | ROLES),
    "levels": lambda f: (f.set_index(["id", "time"]), ROLES),
    "named levels": lambda f: (f.set_index(["id", "time"]), KEYS | ROLES),
    "levels in the other order": lambda f: (
        f.set_index(["time", "id"]),
        {"id": "id"} | ROLES,
    ),
    "polars": lambda f: (polars_form(f), KEYS | ROLES),
    "ids are categories": lambda f: (f.astype({"id": "category"}), KEYS | ROLES),
    "nullable": lambda f: (f.convert_dtypes(), KEYS | ROLES),
}


def assert_equal_windows(X, other, names=True):
    np.testing.assert_array_equal(np.asarray(X), np.asarray(other))
    assert list(X.origins) == list(other.origins)
    assert list(X.future_index(3)) == list(other.future_index(3))
    np.testing.assert_array_equal(X.future_values(), other.future_values())
    np.testing.assert_array_equal(X.static_values(), other.static_values())
    assert list(X.ids) == list(other.ids)
    assert (X.channels, X.static_names) == (other.channels, other.static_names)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_all_forms_of_a_panel_give_equal_windows(form):
    frame = two_series()
    # By hand: "b" has 9 - 3 - 2 + 1 = 5 origins, "a" has 3.
    days = (
        pd.date_range("2024-02-27", periods=5),
        pd.date_range("2024-03-02", periods=3),
    )
    series, arguments = form(frame)
    # mixed rows begin with "b" as well, on 2024-02-25
    X, y = make_windows(series, horizon=2, length=3, **arguments)
    assert list(X.origins) == [("b", d) for d in days[0]] + [("a", d) for d in days[1]]
    first = [10, 11, 12, 13, 14, 30, 31, 32]
    expected = np.array(first)[:, None] + np.arange(3)
    assert np.asarray(X)[:, :, 0].tolist() == expected.tolist()
    assert y.tolist() == [[n + 3, n + 4] for n in first]
    root = np.sqrt(np.array(first) - 10 - np.repeat([0, 11], [5, 3]))
    root = np.sqrt(np.round(root**2)[:, None] + [3, 4]).astype(np.float32)
    assert X.future_values()[:, :, 0].tolist() == root.tolist()
    assert X.static_values().ravel().tolist() == [-2.5] * 5 + [1.5] * 3
    assert X.origins.get_level_values(1).dtype.kind == "M"


@pytest.mark.parametrize("has_column", [True, False])
def test_a_wide_frame_has_a_series_in_every_column(has_column):
    frame = two_series()
    long = make_windows(frame, horizon=2, length=3, target="y", **KEYS)
    wide = frame.pivot(index="time", columns="id", values="y")[["b", "a"]]
    time = None
    if has_column:
        wide, time = wide.reset_index(), "time"
    # Series of unequal length are filled up with NaN, which is no missing value.
    assert wide.isna().sum().sum() == 4 + 2
    X, y = make_windows(wide, horizon=2, length=3, id="columns", time=time, target="y")
    assert_equal_windows(X, long[0])
    np.testing.assert_array_equal(y, long[1])
    latest = latest_windows(wide, length=3, id="columns", time=time, target="y")
    assert_equal_windows(latest, latest_windows(frame, length=3, target="y", **KEYS))


def test_a_wide_frame_of_polars_has_a_series_in_every_column():
    frame = two_series()
    wide = frame.pivot(index="time", columns="id", values="y")[["b", "a"]]
    X, y = make_windows(
        polars_form(wide.reset_index()),
        horizon=2,
        length=3,
        id="columns",
        time="time",
        target="y",
    )
    long = make_windows(frame, horizon=2, length=3, target="y", **KEYS)
    assert_equal_windows(X, long[0])
    np.testing.assert_array_equal(y, long[1])


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", None])
def test_times_of_polars_keep_their_time_zone(zone):
    polars = pytest.importorskip("polars")
    axis = pd.date_range("2024-03-30", periods=12, freq="D", tz=zone, unit="us")
    # Time zones of pandas 2 are pytz's, which polars does not read.
    hours = polars.Series("time", pd.DatetimeIndex(axis).tz_localize(None).to_numpy())
    hours = hours.dt.replace_time_zone(zone)
    frame = polars.DataFrame({"id": ["a"] * 8, "time": hours[:8], "y": [0.0] * 8})
    X = latest_windows(frame, length=2, target="y", **KEYS)
    steps = X.future_index(4).get_level_values(1)
    assert steps.equals(axis[8:].rename("time"))
    assert steps.dtype == axis.dtype


def test_dates_of_polars_are_timestamps():
    polars = pytest.importorskip("polars")
    days = pd.date_range("2024-02-26", periods=6, freq="D")
    frame = polars.DataFrame({"id": [7] * 6, "time": days.date.tolist(), "y": range(6)})
    assert frame["time"].dtype == polars.Date
    X, y = make_windows(frame, horizon=1, length=4, target="y", **KEYS)
    assert list(X.origins) == [(7, days[3]), (7, days[4])]
    assert y.tolist() == [4, 5]


def test_a_wide_frame_with_a_column_named_columns_is_long():
    frame = two_series().rename(columns={"id": "columns"})
    X, _ = make_windows(
        frame, horizon=2, length=3, id="columns", time="time", target="y"
    )
    assert list(X.ids) == ["b", "a"]
    assert X.ids.name == "columns"


def test_several_columns_without_an_id_are_channels_of_one_series():
    wide = two_series().pivot(index="time", columns="id", values="y").dropna()
    X, _ = make_windows(wide, horizon=1, length=2, target="a")
    assert X.ids is None
    assert X.channels == ("a", "b")
    assert X.origins.equals(wide.index[1:-1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_targets_of_a_panel_keep_the_precision_of_the_frame(dtype):
    frame = two_series().astype({"y": dtype, "x": np.float64})
    X, y = make_windows(frame, horizon=2, length=3, target="y", past="x", **KEYS)
    assert y.dtype == dtype
    assert X.dtype == np.asarray(X).dtype == np.float32
    assert not np.shares_memory(y[0], y[1])


def test_only_the_covariates_that_are_named_are_in_a_panel():
    X, _ = make_windows(two_series(), horizon=2, length=3, target="y", **KEYS)
    assert X.channels == ("y",)
    assert (X.n_future, X.static, X.static_names) == (0, None, ())
    assert X.future_values().shape == (8, 2, 0)
    assert X.static_values().shape == (8, 0)


def test_a_single_series_may_have_covariates_of_all_kinds():
    frame = two_series().query("id == 'b'").drop(columns="id")
    frame["w"] = np.arange(9) * 100.0
    for series, time in [(frame, "time"), (frame.set_index("time"), None)]:
        X, y = make_windows(series, horizon=2, length=3, time=time, past="w", **ROLES)
        assert X.ids is None
        assert X.channels == ("y", "w", "x")
        assert X.origins.equals(pd.DatetimeIndex(frame["time"][2:-2]))
        assert X.series.tolist() == [0] * 5
        np.testing.assert_array_equal(X.static_values(), np.full((5, 1), -2.5))
        steps = np.arange(3, 8)[:, None] + [0, 1]
        np.testing.assert_array_equal(
            X.future_values()[..., 0], np.sqrt(steps).astype(np.float32)
        )
        assert np.shares_memory(y[0], y[1])
        # Without past or future, the rest are past covariates, as ever.
        X, _ = make_windows(
            series, horizon=2, length=3, time=time, target="y", static="kind"
        )
        assert X.channels == ("y", "x", "w")


# ------------------------------------------------------------- the latest, and padding


def test_the_latest_window_of_every_series_ends_with_its_last_target():
    frame = two_series()
    # Two days of "b" and three of "a" are to be forecast.
    ahead = frame.groupby("id").cumcount(ascending=False)
    frame["y"] = frame["y"].mask(ahead < frame["id"].map({"b": 2, "a": 3}))
    X = latest_windows(frame, horizon=2, length=3, **KEYS, **ROLES)
    assert list(X.origins) == [
        ("b", pd.Timestamp("2024-03-02")),
        ("a", pd.Timestamp("2024-03-03")),
    ]
    assert np.asarray(X)[:, :, 0].tolist() == [[14, 15, 16], [31, 32, 33]]
    root = np.sqrt([[7, 8], [13, 14]]).astype(np.float32)
    assert X.future_values()[:, :, 0].tolist() == root.tolist()
    assert X.static_values().tolist() == [[-2.5], [1.5]]
    assert not X.has_missing
    # The past of a series is all that training sees, too.
    _, y = make_windows(frame, horizon=1, length=3, **KEYS, **ROLES)
    assert y.tolist() == [13, 14, 15, 16, 33]


def test_past_covariates_may_be_missing_where_the_targets_are():
    frame = two_series()
    frame["p"] = frame["y"] * 2
    ahead = frame.groupby("id").cumcount(ascending=False)
    frame[["y", "p"]] = frame[["y", "p"]].mask(ahead < 2)
    X = latest_windows(frame, horizon=2, length=2, past="p", **KEYS, **ROLES)
    assert np.asarray(X)[:, :, 1].tolist() == [[30, 32], [66, 68]]
    # One day more is not known: then two are not enough.
    assert len(X.future_values()[0]) == 2


def test_a_series_without_any_target_has_its_origin_before_it():
    frame = two_series()
    frame["y"] = frame["y"].where(frame["id"] == "b")
    with pytest.warns(UserWarning, match="Left out 1 of 2 series.*'a'"):
        X = latest_windows(frame, length=3, target="y", missing="mask", **KEYS)
    assert list(X.ids) == ["b"]
    # Two more days of "b", the 10th and 11th, for the forecast.
    ahead = frame[:2].assign(time=frame["time"][:2] + pd.Timedelta(days=9), y=np.nan)
    ahead["x"] = [9.0, 10.0]
    frame = pd.concat([frame, ahead])
    X = latest_windows(
        frame, horizon=2, length=3, missing="mask", pad=True, **KEYS, **ROLES
    )
    assert list(X.origins) == [
        ("b", pd.Timestamp("2024-03-04")),
        ("a", pd.Timestamp("2024-02-28")),  # one day before its first
    ]
    assert np.isnan(np.asarray(X)[1]).all()
    root = np.sqrt([9, 10]).astype(np.float32)
    np.testing.assert_array_equal(X.future_values()[..., 0], [[9, 10], root])
    assert X.has_missing
    assert not X[:1].has_missing


def test_short_series_are_left_out_with_one_warning():
    frame = two_series()
    with pytest.warns(UserWarning) as caught:
        X, y = make_windows(frame, horizon=2, length=6, target="y", **KEYS)
    # It points to the line of the user.
    assert [warning.filename for warning in caught] == [__file__]
    message = str(caught[0].message)
    assert "Left out 1 of 2 series, with fewer than length + horizon = 8" in message
    assert "'a'" in message and "pad=True" in message
    assert list(X.ids) == ["b"]
    assert X.static is None
    assert y.tolist() == [[16, 17], [17, 18]]


def test_padding_without_covariates_begins_with_the_first_target():
    values = [np.nan, 1, 2, 3, 4]
    X, y = make_windows(values, horizon=2, length=3, missing="mask", pad=True)
    nan = np.nan
    expected = [[nan, nan, 1], [nan, 1, 2]]
    np.testing.assert_array_equal(np.asarray(X)[:, :, 0], expected)
    assert y.tolist() == [[2, 3], [3, 4]]
    assert X.origins.tolist() == [1, 2]
    # A shorter look-back has nothing missing in the second window.
    assert X.has_missing and X.with_length(2).has_missing
    assert not X[1:].with_length(2).has_missing


# --------------------------------------------------------------------- slices, copies


@pytest.fixture
def X():
    return make_windows(two_series(), horizon=2, length=3, **KEYS, **ROLES)[0]


@pytest.mark.parametrize(
    "key", [slice(2, 7), [7, 0, 5, 5], np.arange(8) > 4, slice(0, 0), [6]]
)
@pytest.mark.parametrize(
    "copied", [lambda X: X, lambda X: pickle.loads(pickle.dumps(X)), copy.deepcopy]
)
def test_parts_and_copies_of_a_panel_keep_all_of_every_origin(X, key, copied):
    part = copied(X[key])
    np.testing.assert_array_equal(np.asarray(part), np.asarray(X)[key])
    np.testing.assert_array_equal(part.future_values(), X.future_values()[key])
    np.testing.assert_array_equal(part.static_values(), X.static_values()[key])
    assert part.origins.equals(X.origins[key])
    assert part.ids.take(part.series).equals(X.ids.take(X.series[key]))
    assert part.series.dtype == np.int64
    assert part.static_names == ("kind",)
    assert (part.horizon, part.n_future, part.channels) == (2, 1, ("y", "x"))
    if len(part):
        steps = X.future_index(2).to_numpy().reshape(-1, 2)[key].ravel()
        assert part.future_index(2).tolist() == steps.tolist()
    short = SlidingWindow(2).fit_transform(part)
    np.testing.assert_array_equal(np.asarray(short), np.asarray(part)[:, -2:])
    np.testing.assert_array_equal(short.future_values(), part.future_values())
    np.testing.assert_array_equal(short.static_values(), part.static_values())
    with pytest.raises(ValueError, match="read-only"):
        part.values[...] = 0


def test_a_part_of_a_panel_shares_its_block(X):
    assert np.shares_memory(X[[7, 0]].values, X.values)
    assert X[[7, 0]].ids is X.ids


def test_a_pickle_carries_only_the_series_and_rows_that_are_needed():
    n_series, n_rows, length = 300, 200, 10
    frame = pd.DataFrame(
        {
            "id": np.repeat(np.arange(n_series), n_rows),
            "time": np.tile(pd.date_range("2024-01-01", periods=n_rows), n_series),
            "y": np.arange(n_series * n_rows) * 1.0,
        }
    )
    frame["x"], frame["s"] = frame["y"], frame["id"] / 2
    X, _ = make_windows(
        frame, horizon=4, length=length, target="y", future="x", static="s", **KEYS
    )
    at = [5, 6, 299 * (n_rows - 13) + 8]
    part = X[at]
    again = pickle.loads(pickle.dumps(part))
    # Two neighboring origins of the first series and one of the last: rows 5 to
    # 5 + 10 + 4 and 8 to 8 + 9 + 4, both counted in.
    assert again.values.shape == (15 + 14, 2)
    assert list(again.ids) == [0, 299]
    assert again.static.tolist() == [[0.0], [149.5]]
    assert again.series.tolist() == [0, 0, 1]
    assert len(pickle.dumps(part)) < 4000
    np.testing.assert_array_equal(np.asarray(again), np.asarray(part))
    np.testing.assert_array_equal(again.future_values(), part.future_values())


def test_names_of_a_panel_survive():
    frame = two_series().rename(columns={"id": "shop", "time": "day"})
    frame["day"] = frame["day"].dt.tz_localize("Europe/Berlin")
    X, _ = make_windows(frame, horizon=2, length=3, target="y", id="shop", time="day")
    assert X.origins.names == ["shop", "day"]
    assert X.future_index(2).names == ["shop", "day"]
    assert X.origins.dtypes["day"] == frame["day"].dtype
    assert X.origins.dtypes["shop"] == frame["shop"].dtype
    text = repr(X)
    assert "8 origins of 2 series" in text


# -------------------------------------------------------------------- the constructor


def test_a_block_of_ones_own_may_hold_several_series():
    block = np.column_stack([np.arange(9.0), 10 * np.arange(9)])
    block[0, 0] = np.nan
    X = windows_of(
        block,
        positions=[7, 2, 5],
        length=2,
        n_future=1,
        horizon=1,
        bounds=[0, 4, 9],
        static=[[0.5], [1.5]],
        static_names=["size"],
        missing="mask",
    )
    assert np.asarray(X)[:, :, 0].tolist() == [[6, 7], [1, 2], [4, 5]]
    assert X.future_values().ravel().tolist() == [80, 30, 60]
    assert X.series.tolist() == [1, 0, 1]
    assert X.static_values().ravel().tolist() == [1.5, 0.5, 1.5]
    assert X.ids.tolist() == [0, 1]
    assert X.origins.tolist() == [(1, 7), (0, 2), (1, 5)]
    assert not X.has_missing  # within reach, that is


# ---------------------------------------------------------------------------- at scale


def n_python_calls(function):
    """How many Python functions are called on the way."""
    n_calls = 0

    def count(frame, event, arg):
        nonlocal n_calls
        n_calls += event == "call"

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return n_calls


@pytest.mark.parametrize("make", [make_windows, latest_windows])
@pytest.mark.parametrize("apart", [False, True], ids=["together", "one by one"])
@pytest.mark.parametrize(
    "freq, zone", [("h", None), ("B", None), ("ME", None), ("D", "Europe/Rome")]
)
def test_no_python_runs_for_each_series(freq, zone, apart, make):
    """Whether the series begin together, or each one timestamp after the one before."""
    axis = pd.date_range("1990-01-31", periods=512, freq=freq, tz=zone)

    def made_from(n_series):
        series, rows = np.divmod(np.arange(12 * n_series), 12)
        places = rows + apart * (series % 500)
        if make is latest_windows:  # the last rows are known ahead
            y = np.where(rows < 10, 1.0, np.nan)
        else:
            y = 1.0
        frame = pd.DataFrame(
            {"id": series, "time": axis[places], "y": y, "x": 2.0, "s": series * 1.0}
        )

        def call():
            names = dict(target="y", future="x", static="s")
            make(frame, horizon=2, length=3, missing="mask", pad=True, **KEYS, **names)

        call()
        return n_python_calls(call)

    # Some calls depend on the size of an array, but not one on each series.
    assert made_from(1000) < made_from(10) + 100


def test_a_series_of_two_levels_is_a_panel_by_its_id_or_as_a_frame():
    days = pd.date_range("2024-01-01", periods=10)
    index = pd.MultiIndex.from_product([["n", "s"], days], names=["store", "day"])
    series = pd.Series(np.arange(20.0), index=index, name="sales")
    sizes = {"horizon": 1, "length": 2}
    for found in (
        make_windows(series.to_frame(), **sizes),
        make_windows(series, id="store", **sizes),
    ):
        assert len(found[1]) == 16
