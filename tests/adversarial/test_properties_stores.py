"""Stores of random panels, against the frames that they are made of."""

import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from laws import law
from numpy.testing import assert_array_equal
from random_panels import panels, quietly

from sktorch_forecast import (
    Windows,
    latest_windows,
    make_windows,
    open_panel,
    store_panel,
)
from sktorch_forecast._data import store_sources
from sktorch_forecast._data.indexing import Runs
from sktorch_forecast._data.time_split import SampleTimes, split_by_time

STEPS = ("length", "horizon", "pad")
# What polars has a type for.
PLAIN = ("rows", "numbers", "fractions", "dates", "months", "business days")


def result(function, *args, **kwargs):
    """What a call returns, or its error as text."""
    try:
        return quietly(function, *args, **kwargs)
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def check_same(found, expected):
    """That windows, and what comes with them, are those of the frame."""
    (X, y), (X0, y0) = found, expected
    assert_array_equal(X, X0, strict=True)
    assert_array_equal(y, y0, strict=True)
    assert X.origins.identical(X0.origins)
    assert_array_equal(X.future_values(), X0.future_values())
    assert_array_equal(X.static_values(), X0.static_values())
    assert_array_equal(X.origin_ticks, X0.origin_ticks)
    if X0.panel.has_frequency:
        assert X.future_index().identical(X0.future_index())


def arguments_of(drawn):
    """For store_panel, for make_windows of the store, for make_windows of the frame."""
    everything = drawn.arguments() | {"horizon": drawn.horizon}
    steps = {name: everything[name] for name in STEPS}
    names = {k: v for k, v in everything.items() if k not in STEPS}
    return names, steps | {"missing": drawn.missing}, everything


@law(300, drawn=panels(may_be_alone=False))
def test_a_store_is_the_frame(drawn):
    frame = drawn.frame()
    names, steps, everything = arguments_of(drawn)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store"
        store = result(store_panel, frame, path, **names)
        expected = result(make_windows, frame, **everything)
        if isinstance(store, str):  # and what it says, make_windows would
            assert store == expected
            assert not list(Path(folder).iterdir())
            return
        found = result(make_windows, open_panel(path, verify=True), **steps)
        if isinstance(expected, str):
            # Rows of the frame are numbered in another order.
            assert found.partition("(row")[0] == expected.partition("(row")[0]
            return
        check_same(found, expected)
        check_same(pickle.loads(pickle.dumps(found)), expected)
        latest = {k: v for k, v in everything.items() if k not in steps} | steps
        stored = result(latest_windows, store, **steps)
        of_frame = result(latest_windows, frame, **latest)
        if not isinstance(of_frame, str):
            assert_array_equal(stored, of_frame, strict=True)
            assert stored.origins.identical(of_frame.origins)


@law(200, drawn=panels(kinds=PLAIN, may_be_alone=False), size=st.integers(1, 20))
def test_parts_of_any_size_make_the_same_store(drawn, size):
    polars = pytest.importorskip(
        "polars", minversion="1.34", reason="it collects a query in batches"
    )
    frame = drawn.frame()
    names, steps, everything = arguments_of(drawn)
    assume(not isinstance(result(make_windows, frame, **everything), str))
    columns = {name: frame[name].to_numpy() for name in frame}
    before, store_sources._AT_ONCE = store_sources._AT_ONCE, size
    try:
        with tempfile.TemporaryDirectory() as folder:
            query = polars.DataFrame(columns).lazy()
            store = quietly(store_panel, query, Path(folder) / "store", **names)
            found = quietly(make_windows, store, **steps)
            # Series that stood together stay in their order, others are sorted.
            place = frame["id"].map(list(store.panel.ids).index)
            rows = frame.iloc[np.argsort(place.to_numpy(), kind="stable")]
            check_same(found, quietly(make_windows, rows, **everything))
    finally:
        store_sources._AT_ONCE = before


@law(
    200,
    drawn=panels(may_be_alone=False, may_miss=False, n_rows=(3, 14)),
    fraction=st.floats(0.05, 0.9),
    horizon=st.integers(1, 5),
)
def test_ranges_are_split_as_lists_are(drawn, fraction, horizon):
    names, steps, _ = arguments_of(drawn)
    with tempfile.TemporaryDirectory() as folder:
        store = quietly(store_panel, drawn.frame(), Path(folder) / "store", **names)
        windows = result(make_windows, store, **steps)
        assume(not isinstance(windows, str))
        X, _ = windows
        listed = Windows(X.panel, np.asarray(X.positions), X.length, X.horizon)
        for found, expected in zip(
            split_by_time(X, fraction, horizon),
            split_by_time(listed, fraction, horizon),
        ):
            assert_array_equal(found, expected)
        times = [SampleTimes(windows, horizon) for windows in (X, listed)]
        rows = np.arange(len(X))
        at = [time.at(rows) for time in times]
        assert_array_equal(*at)
        for first in np.unique(at[0]):
            known = [time.known(first) for time in times]
            assert_array_equal(*map(np.asarray, known))
            if isinstance(known[0], Runs):
                assert_array_equal(X[known[0]], listed[known[1]])
        assert_array_equal(*(np.unique(time.latest_series()) for time in times))
