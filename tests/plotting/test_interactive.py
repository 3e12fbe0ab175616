"""The picture of plotly: what is drawn, and what the menu shows."""

import sys

import numpy as np
import pandas as pd
import pytest

from sktorch_forecast.plotting import interactive

pytest.importorskip("plotly", reason="the extra interactive brings plotly")

DAYS = pd.date_range("2024-01-01", periods=4)
KEYS = {"keys": ["north", "south"], "names": ["shop", "day"]}
HISTORY = pd.concat([pd.DataFrame({"y": [1.0, 2.0]}, DAYS[:2])] * 2, **KEYS)
NEXT = pd.DataFrame({"y": [3.0, 4.0], "y_lower_90": 2.0, "y_upper_90": 5.0}, DAYS[2:])
FORECAST = pd.concat([NEXT, NEXT + 10], **KEYS)


def test_a_panel_has_a_menu_of_its_series():
    figure = interactive(FORECAST, HISTORY)
    assert len(figure.data) == 2 * 4  # two ends, history and forecast of each
    names = [trace.name for trace in figure.data[4:]]
    assert names == [None, "90 % interval", "history", "forecast"]
    drawn = [list(trace.y) for trace in figure.data[4:]]
    assert drawn == [[12, 12], [15, 15], [1, 2], [13, 14]]
    np.testing.assert_array_equal(figure.data[7].x, DAYS[2:].to_numpy())
    north, south = figure.layout.updatemenus[0].buttons
    assert (north.label, south.label) == ("north", "south")
    assert south.args[0]["visible"] == [False] * 4 + [True] * 4
    assert [trace.visible for trace in figure.data] == [True] * 4 + [False] * 4
    assert figure.layout.xaxis.rangeslider.visible


def test_a_single_series_needs_no_menu():
    figure = interactive(NEXT[["y"]], pd.Series([1.0, 2.0], DAYS[:2], name="load"))
    assert not figure.layout.updatemenus
    assert [list(trace.y) for trace in figure.data] == [[1, 2], [3, 4]]


def test_mistakes(monkeypatch):
    with pytest.raises(TypeError, match="found a Series"):
        interactive(NEXT["y"])
    with pytest.raises(ValueError, match="'z' as a column of the forecast"):
        interactive(NEXT, target="z")
    with pytest.raises(ValueError, match="'y' as a column of the history"):
        interactive(NEXT, NEXT.rename(columns={"y": "z"}))
    many = pd.concat([NEXT] * 201, keys=range(201))
    with pytest.raises(ValueError, match="at most 200 series, found 201"):
        interactive(many)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(ImportError, match=r"sktorch-forecast\[interactive\]"):
        interactive(NEXT)
