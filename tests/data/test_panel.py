"""Panel: rows selected from it, and where a value is in words."""

import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sktorch_forecast import Panel, Windows, make_windows

DAYS = pd.date_range("2024-01-01", periods=5)
VALUES = np.arange(30.0).reshape(10, 3)
NAMES = {"channels": ["y", "p", "f"], "ids": ["a", "b"], "bounds": [0, 5, 10]}


def panel(**parts):
    given = {"index": DAYS.append(DAYS), "n_future": 1, "static": [[1.0], [2.0]]}
    return Panel.from_array(VALUES, **NAMES | given | parts)


def test_numbers_of_what_is_in_it():
    found = panel()
    assert (found.n_series, found.n_channels, found.n_past) == (2, 3, 1)
    assert (found.n_targets, found.n_future) == (1, 1)
    assert found.channels == ("y", "p", "f")
    assert found.ids.tolist() == ["a", "b"]
    assert found.static.tolist() == [[1], [2]]
    assert found.static_names == (0,)
    assert found.series_of(np.array([0, 4, 5, 9])).tolist() == [0, 0, 1, 1]


def test_values_are_a_copy_that_cannot_be_written():
    values = VALUES.astype(np.float32)
    found = Panel.from_array(values)
    values[:] = -1
    assert_array_equal(found.values, VALUES)
    for part in (found, deepcopy(found), pickle.loads(pickle.dumps(found))):
        with pytest.raises(ValueError, match="read-only"):
            part.values[0, 0] = 1
        assert_array_equal(part.values, VALUES)


def test_rows_of_some_series():
    part = panel().select(np.array([1]), np.array([6]), np.array([9]))
    assert_array_equal(part.values, VALUES[6:9])
    assert part.index.equals(DAYS[1:4])
    assert (part.bounds.tolist(), part.ids.tolist()) == ([0, 3], ["b"])
    assert part.static.tolist() == [[2]]
    both = panel().select(np.array([0, 1]), np.array([3, 6]), np.array([5, 7]))
    assert_array_equal(both.values, VALUES[[3, 4, 6]])
    assert both.bounds.tolist() == [0, 2, 3]


def test_rows_that_follow_one_another_share_memory():
    found = panel()
    part = found.select(np.array([0, 1]), np.array([2, 5]), np.array([5, 8]))
    assert np.shares_memory(part.values, found.values)
    assert not part.values.flags.writeable


def test_places_in_words():
    assert panel().place((6, 2)) == (
        "series 'b', timestamp 2024-01-02 00:00:00 (row 6), channel 'f'"
    )
    assert Panel.from_array(VALUES).place((6, 2)) == "timestamp 6 (row 6), channel 2"
    assert panel().name(1) == "'b'"


def test_an_array_is_a_panel_of_one_series():
    X = Windows(VALUES, [4, 9], 2)
    same = Windows(Panel.from_array(VALUES), [4, 9], 2)
    assert_array_equal(X, same)
    assert (X.panel.n_series, X.channels, X.n_targets) == (1, (0, 1, 2), 1)


def test_windows_show_the_parts_of_their_panel():
    frame = pd.DataFrame({"y": np.arange(9.0), "p": 0.0})
    X, y = make_windows(frame, horizon=2, length=3, target="y")
    assert X.panel.targets is None  # y has them
    assert X[2:].panel is X.panel
    for name in ("values", "channels", "n_channels", "n_targets", "ids", "static"):
        assert getattr(X, name) is getattr(X.panel, name)
    assert X.timestamps.tolist() == X.origins.tolist() == [2, 3, 4, 5, 6]
    assert Windows(panel(), [3, 8], 2, horizon=1).timestamps.equals(DAYS[[3, 3]])


def test_the_horizon_must_be_known_where_channels_are_known_over_it():
    with pytest.raises(TypeError, match="horizon must be a positive integer, found N"):
        Windows(panel(), [3], 2)
    with pytest.raises(ValueError, match="horizon must be a positive integer, found 0"):
        Windows(VALUES, [3], 2, horizon=0)
