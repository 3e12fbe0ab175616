"""Windows of random panels, against plain loops and against NumPy."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from laws import law, seeds
from numpy.testing import assert_array_equal
from random_panels import EVEN, panels, quietly

from sktorch_forecast import Panel, Windows, latest_windows, make_windows

# ------------------------------------------------------------- against plain loops


def stop_of(drawn, values):
    """Row after the last one that counts: of those known only ahead, none does."""
    targets = values[:, : drawn.sizes[0]].tolist()
    seen = [i for i, row in enumerate(targets) if any(v == v for v in row)]
    if drawn.missing == "error" and not drawn.sizes[2]:
        return len(targets)
    return seen[-1] + 1 if seen else 0


def is_refused(drawn, stops, reach=0):
    """Whether a value is infinite, or missing where none may be."""
    for values, stop in zip(drawn.values, stops):
        for row, numbers in enumerate(values.tolist()):
            for channel, number in enumerate(numbers):
                is_known = channel < drawn.n_known
                if row >= stop + (0 if is_known else reach):
                    continue
                may_miss = is_known and drawn.missing == "mask"
                if abs(number) == np.inf or (number != number and not may_miss):
                    return True
    return False


def origins_of(drawn, series, stop):
    """Rows of the origins of a series; -1 is the one before its first timestamp."""
    targets = drawn.values[series][:, : drawn.sizes[0]]
    is_cold = drawn.sizes[2] + drawn.sizes[3] > 0
    for row in range(-1, stop - drawn.horizon):
        has_window = row >= drawn.length - 1
        has_target = bool((targets[: row + 1] == targets[: row + 1]).any())
        if has_window or (drawn.pad and (is_cold or has_target)):
            yield row


def window_of(drawn, series, row, stop):
    """A window, one value at a time; NaN before the series."""
    values = drawn.values[series]
    places = range(row - drawn.length + 1, row + 1)
    nothing = [np.nan] * values.shape[1]
    return [values[place].tolist() if place >= 0 else nothing for place in places]


def as_array(rows, *shape):
    return np.array(rows, dtype=np.float32).reshape(len(rows), *shape)


@law(500, drawn=panels())
def test_windows_and_targets_are_those_of_a_loop(drawn):
    frame, arguments = drawn.frame(), drawn.arguments() | {"horizon": drawn.horizon}
    stops = [stop_of(drawn, values) for values in drawn.values]
    if is_refused(drawn, stops):
        with pytest.raises(ValueError, match="contains (NaN|infinity)"):
            make_windows(frame, **arguments)
        return
    samples = [
        (series, row)
        for series in drawn.appearing()
        for row in origins_of(drawn, series, stops[series])
    ]
    if not samples:
        with pytest.raises(ValueError, match="Expected at least"):
            make_windows(frame, **arguments)
        return
    if any(row < 0 and len(drawn.axes[i]) < 3 for i, row in samples):
        assume(False)  # too few timestamps to tell which is before the first
    X, y = quietly(make_windows, frame, **arguments)
    n_targets, n_past, n_future, n_static = drawn.sizes
    expected = [window_of(drawn, i, row, stops[i]) for i, row in samples]
    assert_array_equal(np.asarray(X), as_array(expected, *X.shape[1:]))
    expected = [
        [
            drawn.values[i][row + 1 + h, k]
            for h in range(drawn.horizon)
            for k in range(n_targets)
        ]
        for i, row in samples
    ]
    assert_array_equal(y, np.squeeze(expected, 1) if y.ndim == 1 else expected)
    assert y.ndim == (1 if drawn.horizon * n_targets == 1 else 2)
    expected = [
        drawn.values[i][row + 1 : row + 1 + drawn.horizon, drawn.n_known :]
        for i, row in samples
    ]
    found = X.future_values()
    assert_array_equal(found, as_array(expected, drawn.horizon, n_future))
    expected = as_array([drawn.static[i] for i, _ in samples], n_static)
    assert_array_equal(X.static_values(), expected)
    assert X.has_missing == bool(np.isnan(np.asarray(X)[..., : drawn.n_known]).any())
    target, past, future, static = drawn.columns
    assert X.channels == (*target, *past, *future) and X.static_names == (*static,)
    known = [(i, row) for i, row in samples if row >= 0]
    stamps = [drawn.axes[i][row] for i, row in known]
    whole = X[[row >= 0 for _, row in samples]]
    assert list(whole.timestamps) == stamps
    if not drawn.is_alone:
        names = [drawn.ids[i] for i, _ in known]
        assert whole.origins.tolist() == list(zip(names, stamps))


@law(200, drawn=panels())
def test_latest_windows_are_those_of_a_loop(drawn):
    """The last row of each series, or the last with a target where others follow."""
    frame, arguments = drawn.frame(), drawn.arguments() | {"horizon": drawn.horizon}
    n_future = drawn.sizes[2]
    reach = drawn.horizon if n_future else 0
    stops = [stop_of(drawn, values) for values in drawn.values]
    least = drawn.length
    if drawn.pad:
        least = 0 if n_future + drawn.sizes[3] else 1
    kept = [i for i in drawn.appearing() if stops[i] >= least]
    refused = "contains (NaN|infinity)"
    if not is_refused(drawn, stops, reach):
        refused = None if kept else "Expected at least"
        if any(stops[i] + reach > len(drawn.values[i]) for i in kept):
            refused = "rows after the last target"
    if refused is not None:
        with pytest.raises(ValueError, match=refused):
            quietly(latest_windows, frame, **arguments)
        return
    if any(stops[i] == 0 and len(drawn.axes[i]) < 3 for i in kept):
        assume(False)  # too few timestamps to tell which is before the first
    X = quietly(latest_windows, frame, **arguments)
    expected = [window_of(drawn, i, stops[i] - 1, stops[i]) for i in kept]
    assert_array_equal(np.asarray(X), as_array(expected, *X.shape[1:]))
    expected = [
        drawn.values[i][stops[i] : stops[i] + drawn.horizon, drawn.n_known :]
        for i in kept
    ]
    found = X.future_values()
    assert found.shape == (len(kept), drawn.horizon, n_future)
    if n_future:
        assert_array_equal(found, as_array(expected, drawn.horizon, n_future))
    expected = [drawn.axes[i][stops[i] - 1] for i in kept if stops[i]]
    assert list(X[[stops[i] > 0 for i in kept]].timestamps) == expected


@law(150, drawn=panels(EVEN, n_rows=(6, 14), may_miss=False), ahead=st.integers(1, 40))
def test_timestamps_that_follow_are_those_of_a_longer_axis(drawn, ahead):
    """Of steps of one size, which three timestamps tell."""
    drawn.length, drawn.horizon = 1, 1
    X, _ = make_windows(drawn.frame(), horizon=1, **drawn.arguments())
    last = X[np.flatnonzero(np.diff(X.series, append=-1))]
    found = last.future_index(ahead).get_level_values(-1).tolist()
    expected = []
    for series in drawn.appearing():
        axis = drawn.axes[series]
        wall = axis.tz_localize(None) if getattr(axis, "tz", None) else axis
        step = wall[1] - wall[0]
        is_hourly = getattr(axis, "tz", None) and step < pd.Timedelta("1D")
        wall = axis if is_hourly else wall  # a day of a zone is one on its clock
        for i in range(ahead):
            stamp = wall[-2] + (i + 1) * step
            if wall is not axis:
                stamp = stamp.tz_localize(axis.tz, nonexistent="shift_forward")
            expected.append(stamp)
    assert found == expected


# ------------------------------------------------------------------- as NumPy does


def keys(n_rows):
    """What NumPy takes for the first axis of an array of so many rows."""
    place = st.integers(-n_rows, n_rows - 1)
    end = st.none() | st.integers(-n_rows - 3, n_rows + 3)
    step = st.sampled_from([None, 1, 2, 3, -1, -2])
    slices = st.builds(slice, end, end, step)
    if n_rows == 0:
        return slices | st.just([])
    places = st.lists(place, max_size=8)
    masks = st.lists(st.booleans(), min_size=n_rows, max_size=n_rows)
    ends = st.integers(0, n_rows)
    return (
        slices
        | places
        | st.builds(np.array, places, dtype=st.sampled_from([np.int64, np.int8]))
        | st.builds(pd.Index, places, dtype=st.just(np.int64))
        | st.builds(np.arange, ends, ends)
        | masks
        | st.builds(np.array, masks)
    )


def for_numpy(key):
    """Lists as arrays: to NumPy an empty one is made of floats."""
    is_empty = isinstance(key, list) and not key
    return (
        np.array(key, dtype=int if is_empty else None) if isinstance(key, list) else key
    )


@law(400, drawn=panels(n_rows=(6, 14), may_miss=False), data=st.data())
def test_windows_are_indexed_as_arrays_are(drawn, data):
    drawn.length = min(drawn.length, 3)
    X, y = make_windows(drawn.frame(), horizon=drawn.horizon, **drawn.arguments())
    array, targets, rows = np.asarray(X), np.array(y), np.arange(len(X))
    first = X
    for _ in range(data.draw(st.integers(1, 3))):
        key = data.draw(keys(len(X)))
        of_numpy = for_numpy(key)
        X, y = (
            (X[key], y[key]) if data.draw(st.booleans()) else (X[key, ...], y[key, ...])
        )
        array, targets, rows = array[of_numpy], targets[of_numpy], rows[of_numpy]
        assert_array_equal(np.asarray(X), array)
        assert X.shape == array.shape and len(X) == len(array)
        assert_array_equal(y, targets)
    assert_array_equal(X.positions, first.positions[rows])
    assert_array_equal(X.series, first.series[rows])
    assert X.origins.equals(first.origins[rows])
    assert_array_equal(X.future_values(), first.future_values()[rows])
    assert_array_equal(X.static_values(), first.static_values()[rows])
    assert_array_equal(np.concatenate([X, first]), np.concatenate([array, first]))
    if len(X):
        place = data.draw(st.integers(-len(X), len(X) - 1))
        for at in (place, np.int64(place)):
            assert_array_equal(X[at], array[at])
            assert_array_equal(y[at], targets[at])
        shorter = data.draw(st.integers(1, X.length))
        assert_array_equal(X.with_length(shorter), array[:, X.length - shorter :])
    for outside in (len(X), -len(X) - 1):
        with pytest.raises(IndexError):
            X[outside]
        with pytest.raises(IndexError):
            X[[outside]]
    check_copies(X, y)


def check_copies(X, y):
    """Copies and pickles look the same, and know what comes next as well."""
    protocol = pickle.HIGHEST_PROTOCOL
    for again in (
        copy.copy,
        copy.deepcopy,
        lambda x: pickle.loads(pickle.dumps(x, protocol)),
    ):
        same, y_same = again((X, y))
        assert_array_equal(np.asarray(same), np.asarray(X))
        assert_array_equal(same.future_values(), X.future_values())
        assert_array_equal(same.static_values(), X.static_values())
        assert same.origins.equals(X.origins) and same.channels == X.channels
        assert_array_equal(same.target_ticks(), X.target_ticks())
        assert_array_equal(y_same, y)
        assert not same.values.flags.writeable


@law(
    200,
    drawn=panels(("rows",), (1, 1), (4, 20), ((1, 3), *[(0, 0)] * 3), False),
    data=st.data(),
)
def test_targets_that_overlap_are_an_array(drawn, data):
    """Whatever NumPy does with it, as with a copy."""
    drawn.is_alone, drawn.length = True, 1
    _, y = make_windows(drawn.frame(), horizon=drawn.horizon, **drawn.arguments())
    plain = np.array(y)
    key = for_numpy(data.draw(keys(len(y))))
    if y.ndim == 2:
        column = data.draw(keys(y.shape[1]).filter(lambda key: isinstance(key, slice)))
        assert_array_equal(y[key, column], plain[key, column])
        assert_array_equal(y[:, column], plain[:, column])
    part, expected = y[key], plain[key]
    assert_array_equal(y[::-1][::-1], plain)
    for function in (
        np.sum,
        np.abs,
        np.ravel,
        np.transpose,
        lambda a: a.reshape(-1, 1),
        lambda a: a - 1,
        lambda a: 2 * a + a,
        lambda a: a.astype(np.float32),
        lambda a: a.copy(),
        lambda a: a.tolist(),
        lambda a: np.concatenate([a, a]),
        lambda a: a.sum(axis=0),
        lambda a: np.asarray(a, dtype=np.float32),
        lambda a: pd.DataFrame(a).to_numpy(),
        lambda a: pickle.loads(pickle.dumps(a)),
        copy.deepcopy,
    ):
        assert_array_equal(function(part), function(expected))


# ------------------------------------------------------------- panels of one's own


@st.composite
def own_panels(draw):
    """Arguments of ``Panel.from_array``; series may be empty."""
    lengths = draw(st.lists(st.integers(0, 9), min_size=1, max_size=5))
    n_targets, n_past, n_future = (draw(st.integers(low, 2)) for low in (1, 0, 0))
    rng = np.random.default_rng(draw(seeds))
    n_rows, n_channels = sum(lengths), n_targets + n_past + n_future
    values = rng.normal(size=(n_rows, n_channels))
    missing = draw(st.sampled_from(["error", "mask"]))
    if missing == "mask":
        known = values[:, : n_targets + n_past]
        known[rng.random(known.shape) < 0.2] = np.nan
    return dict(
        values=values,
        bounds=np.concatenate([[0], np.cumsum(lengths)]),
        n_targets=n_targets,
        n_future=n_future,
        static=rng.normal(size=(len(lengths), 1)) if draw(st.booleans()) else None,
        missing=missing,
    )


@law(
    250,
    parts=own_panels(),
    length=st.integers(1, 4),
    horizon=st.integers(1, 3),
    data=st.data(),
)
def test_windows_of_a_panel_of_ones_own(parts, length, horizon, data):
    values, bounds = parts["values"], parts["bounds"]
    assume(len(values))
    panel = Panel.from_array(**parts)
    ahead = horizon if parts["n_future"] else 0
    possible = [
        row
        for first, stop in zip(bounds[:-1], bounds[1:])
        for row in range(first + length - 1, stop - ahead)
    ]
    before = values.copy()
    values[:] = 0  # the panel has a copy
    # Of a series that is too short for any window, that is what to say.
    message = "Expected (origins|series of at least)"
    for row in set(range(-2, len(values) + 2)) - set(possible):
        with pytest.raises(ValueError, match=message):
            Windows(panel, [*possible[:1], row], length, horizon)
    if not possible:
        return
    rows = data.draw(st.lists(st.sampled_from(possible), max_size=8))
    X = Windows(panel, rows, length, horizon)
    expected = [before[row - length + 1 : row + 1] for row in rows]
    assert_array_equal(np.asarray(X), as_array(expected, length, before.shape[1]))
    n_future = parts["n_future"]
    n_known = before.shape[1] - n_future
    if n_future:
        expected = [before[row + 1 : row + 1 + horizon, n_known:] for row in rows]
        assert_array_equal(X.future_values(), as_array(expected, horizon, n_future))
    series = [
        max(i for i, first in enumerate(bounds[:-1]) if first <= row) for row in rows
    ]
    assert_array_equal(X.series, series)
    if parts["static"] is not None:
        expected = as_array([parts["static"][i] for i in series], 1)
        assert_array_equal(X.static_values(), expected)
    array = np.asarray(X)[..., :n_known]
    assert X.has_missing == bool(np.isnan(array).any())
    again = pickle.loads(pickle.dumps(X))
    assert_array_equal(np.asarray(again), np.asarray(X))
    assert_array_equal(again.future_values(), X.future_values())
    assert_array_equal(again.static_values(), X.static_values())
    assert again.origins.equals(X.origins)
    # A pickle has the rows from the first to the last that a series is looked at.
    seen = {}
    for i, row in zip(series, rows):
        seen.setdefault(i, set()).update(range(row - length + 1, row + ahead + 1))
    n_rows = sum(max(places) - min(places) + 1 for places in seen.values())
    assert len(again.values) == n_rows
