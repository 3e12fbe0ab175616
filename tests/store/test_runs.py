"""Ranges of origins are cut and looked up as a list of them would be."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from memory import MEGABYTE, peak_memory
from numpy.testing import assert_array_equal
from store.panels import NAMES, frame
from torch.utils.data import Subset

from sktorch_forecast import Windows, make_windows, store_panel
from sktorch_forecast._data.indexing import Runs
from sktorch_forecast._data.indexing import runs_of as ranges_of
from sktorch_forecast._data.time_split import split_by_time
from sktorch_forecast._data.timed_runs import TimedRows, TimedRuns, times_in_runs
from sktorch_forecast._training.baseline import blocks_of
from sktorch_forecast._training.batches import WindowDataset
from sktorch_forecast._training.calibration import evenly_spread_of_each
from sktorch_forecast._training.stored import (
    RowsOfRuns,
    evenly_spread_in,
    rows_of,
)

SIZES = st.lists(st.integers(0, 9), min_size=1, max_size=6)


def runs_of(sizes, gap=3):
    """Ranges of these sizes, with a gap between each and the next."""
    sizes = np.array(sizes)
    starts = gap + np.cumsum(sizes + gap) - sizes - gap
    return Runs(starts, starts + sizes)


@given(SIZES, st.data())
def test_as_a_list_of_integers(sizes, data):
    runs = runs_of(sizes)
    listed = np.array(
        [i for a, b in zip(runs.starts, runs.stops) for i in range(a, b)], dtype=int
    )
    assert_array_equal(runs, listed, strict=True)
    assert (len(runs), runs.shape) == (len(listed), listed.shape)
    ends = st.integers(-12, 12) | st.none()
    part = slice(data.draw(ends), data.draw(ends), data.draw(st.sampled_from([1, 2])))
    assert_array_equal(runs[part], listed[part])
    assert_array_equal(runs + 1, listed + 1)
    if len(listed):
        assert (runs.min(), runs.max()) == (listed.min(), listed.max())
        assert (runs[0], runs[-1]) == (listed[0], listed[-1])
        places = data.draw(st.lists(st.integers(-len(listed), len(listed) - 1)))
        assert_array_equal(runs[places], listed[places])
        low, high = sorted(data.draw(st.tuples(*2 * [st.integers(0, len(listed))])))
        inner = Runs(np.array([low]), np.array([high]))
        assert_array_equal(runs[inner], listed[low:high])
        mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(listed))))
        mask = mask[: len(listed)]
        assert_array_equal(runs[mask], listed[mask])
        assert_array_equal(runs[ranges_of(np.flatnonzero(mask))], listed[mask])
    again = pickle.loads(pickle.dumps(runs))
    assert_array_equal(again.starts, runs.starts, strict=True)
    assert_array_equal(again.stops, runs.stops, strict=True)
    with pytest.raises(IndexError):
        runs[[len(listed), 0, 0]]


@given(SIZES, st.data())
def test_times_as_a_list_of_them(sizes, data):
    sizes = [size + 1 for size in sizes]
    starts = data.draw(st.lists(st.integers(-20, 20), min_size=6, max_size=6))
    steps = data.draw(st.lists(st.integers(1, 4), min_size=6, max_size=6))
    n_runs = len(sizes)
    first, step = np.array(starts)[:n_runs], np.array(steps)[:n_runs]
    rows = runs_of(sizes, gap=0)
    times = np.concatenate(
        [a + np.arange(n) * b for a, b, n in zip(first, step, sizes)]
    )
    counted = TimedRuns(rows, rows.starts, first, step)
    listed = TimedRows(np.arange(len(times)), times)
    low, high = (data.draw(st.integers(-30, 60)) for _ in range(2))
    for ends in [(low, high), (-np.inf, high), (low, np.inf)]:
        assert_array_equal(counted.between(*ends), listed.between(*ends))
    assert counted.range() == listed.range()
    assert [counted.kth(k) for k in range(len(times))] == sorted(times)
    places = np.arange(3, 8) / 8
    assert_array_equal(counted.quantiles(places), listed.quantiles(places))
    part = slice(len(times) // 3, len(times) // 2)
    assert_array_equal(counted.times_of(part), times[part])
    assert_array_equal(counted.at(np.arange(len(times))), times)
    some = counted.between(low, high)
    if len(some):
        assert_array_equal(counted.of(some).times_of(slice(0, len(some))), times[some])


@given(SIZES, st.integers(1, 5))
def test_evenly_spread(sizes, n_each):
    codes = np.random.default_rng(0).permutation(len(sizes))
    found = evenly_spread_in(runs_of(sizes), codes, n_each)
    expected = evenly_spread_of_each(np.repeat(codes, sizes), n_each)
    assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "sizes",
    [
        [5],
        [7] * 9,
        [1] * 40,
        [5, 0, 0, 6, 7, 0],
        [0, 0, 1000, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 2, 900],
        list(range(60)),
    ],
    ids=str,
)
def test_rows_of_ranges(sizes):
    runs = runs_of(sizes)
    codes = np.arange(len(sizes)) * 10
    places = torch.randperm(len(runs), generator=torch.Generator().manual_seed(0))
    for rows in (places, places.int()):
        assert_array_equal(rows_of(runs)[rows], np.asarray(runs)[rows])
        assert_array_equal(rows_of(runs, shift=3)[rows], np.asarray(runs)[rows] + 3)
        found = RowsOfRuns(runs, instead=codes)[rows]
        assert_array_equal(found, np.repeat(codes, sizes)[rows])
    assert_array_equal(rows_of(runs)[2:4], np.asarray(runs)[2:4])
    listed = np.asarray(runs)[::-1]
    assert_array_equal(rows_of(listed)[rows], listed[rows])


def listed(X):
    """The same windows with a list of their origins."""
    return Windows(X.panel, np.asarray(X.positions), X.length, X.horizon)


def short_frame():
    """Series of different lengths that end together, but for one."""
    df = frame(n_series=6)
    end = pd.Timestamp("2024-04-09")
    ago = df.groupby("shop").cumcount(ascending=False) + 5 * (df["shop"] == "shop 2")
    return df.assign(hour=end - pd.to_timedelta(ago, "h"))


def counted_frame(shared):
    """Numbers as times: of one axis, or of each series by itself."""
    df = short_frame()
    back = df.groupby("shop").cumcount(ascending=False)
    own = df.groupby("shop").cumcount() * (1 + 9 * (df["shop"] == "shop 4"))
    return df.assign(hour=900 - back if shared else own)


FRAMES = {
    "dates": short_frame(),
    "numbers": counted_frame(shared=True),
    "counts": counted_frame(shared=False),
}


@pytest.fixture(params=FRAMES)
def windows(request, tmp_path):
    store = store_panel(FRAMES[request.param], tmp_path / "out", **NAMES)
    return make_windows(store, horizon=3, length=8)[0]


@pytest.mark.parametrize("fraction", [0.01, 0.05, 0.15, 0.5])
@pytest.mark.parametrize("horizon", [1, 3, 11])
def test_the_split(windows, fraction, horizon):
    assert times_in_runs(windows) is not None or len(windows.panel.freqs) > 1
    parts = split_by_time(windows, fraction, horizon)
    expected = split_by_time(listed(windows), fraction, horizon)
    for part, rows in zip(parts, expected):
        assert isinstance(part, Runs)
        assert_array_equal(part, rows)


def test_blocks_of_time(windows):
    part, _ = split_by_time(windows, 0.2, 3)
    flat = [
        [
            None if block is None else np.asarray(block.indices)
            for pair in blocks_of(Subset(dataset, rows), horizon=3)
            for block in (pair if isinstance(pair, tuple) else [pair])
        ]
        for dataset, rows in [
            (WindowDataset(windows), part),
            (WindowDataset(listed(windows)), np.asarray(part)),
        ]
    ]
    assert len(flat[0]) == len(flat[1])
    for found, expected in zip(*flat):
        assert (found is None) == (expected is None)
        if found is not None:
            assert_array_equal(found, expected)


@pytest.mark.parametrize("rows", [slice(2, 70), torch.tensor([70, 3, 3, 40]), 5])
def test_batches(windows, rows):
    names = windows.ids[1:]
    found, expected = (
        WindowDataset(X, series_ids=names)[rows] for X in (windows, listed(windows))
    )
    for key, value in expected[0].items():
        assert_array_equal(found[0][key], value)


def test_a_million_origins_are_not_listed(tmp_path):
    n_series, n_rows = 100, 10_000
    df = pd.DataFrame(
        {
            "shop": np.repeat(np.arange(n_series), n_rows),
            "hour": np.tile(np.arange(n_rows), n_series),
            "sales": np.zeros(n_series * n_rows, dtype=np.float32),
        }
    )
    store = store_panel(df, tmp_path / "out", **NAMES)

    def prepare():
        X, y = make_windows(store, horizon=12, length=24)
        assert len(X) > 950_000
        dataset = WindowDataset(X, y, series_ids=X.ids)
        train, _ = split_by_time(X, 0.2, 12)
        blocks_of(Subset(dataset, train), horizon=12)
        dataset[torch.arange(1000)]

    # A list of the origins alone takes 8 MB.
    assert peak_memory(prepare) < MEGABYTE


def test_one_range_of_each_stays_a_range():
    runs = runs_of([20, 0, 30, 30])
    most = np.r_[0:15, 25:75]  # of which the last go on from one range in the next
    assert_array_equal(runs[most].sizes, [15, 25, 25])
    assert isinstance(runs[most[::-1]], np.ndarray)
    assert isinstance(runs[np.r_[0:15, 16:19]], np.ndarray)  # two of the same


def test_integers_as_ranges():
    ranges = ranges_of([4, 5, 6, 2, 3, 9])
    assert_array_equal(ranges.starts, [4, 2, 9])
    assert_array_equal(ranges.stops, [7, 4, 10])
    assert len(ranges_of([])) == 0


def test_ranges_of_similar_sizes_take_little_room():
    sizes = np.random.default_rng(0).integers(100, 1000, 100_000)
    assert len(pickle.dumps(runs_of(sizes))) < 300_000
    assert len(pickle.dumps(runs_of(np.full(1_000_000, 1000)))) < 100_000
