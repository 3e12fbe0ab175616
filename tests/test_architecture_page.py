"""The page on the architecture walks the way that calls really take."""

import re
import sys

import numpy as np
import pandas as pd
import pytest
from floors import ROOT

from sktorch_forecast import MLPForecaster, SeriesForecaster, make_windows

PAGE = (ROOT.parent / "docs" / "architecture.rst").read_text()
SERIES = pd.Series(
    np.sin(np.arange(200) / 5), pd.date_range("2024-01-01", periods=200, freq="D")
)


def section(label):
    """Text from a label to the next one."""
    return PAGE.partition(f".. _{label}:")[2].partition("\n.. _")[0]


def network():
    return MLPForecaster(max_epochs=2, random_state=0)


def through_a_network():
    X, y = make_windows(SERIES, horizon=3, length=20)
    network().fit(X, y).predict(X)


def through_a_frame():
    forecaster = SeriesForecaster(network(), horizon=3, length=20)
    forecaster.fit(SERIES.to_frame("y")).forecast()


def calls(function):
    """Calls of functions of the package, as file::function, in order."""
    found = []

    def note(frame, event, arg):
        if event == "call" and frame.f_code.co_filename.startswith(f"{ROOT}/"):
            file = frame.f_code.co_filename.removeprefix(f"{ROOT}/")
            found.append(f"{file}::{frame.f_code.co_qualname}")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return found


WALKS = [("walk", through_a_network), ("frame-walk", through_a_frame)]


@pytest.mark.parametrize("label, function", WALKS)
def test_the_walk_names_functions_in_their_order(label, function):
    steps = re.findall(r"``([\w/]+\.py::[\w.]+)``", section(label))
    assert len(steps) >= 10
    remaining = iter(calls(function))
    for step in steps:
        assert step in remaining, f"{step} is not called after those before it"


@pytest.mark.parametrize("label, function", WALKS)
def test_the_walk_names_every_file_on_the_way(label, function):
    named = set(re.findall(r"``([\w/]+\.py)", section("walk") + section(label)))
    visited = {call.partition("::")[0] for call in calls(function)}
    assert visited - named == set()


def test_the_page_counts_the_files_on_the_way():
    found = calls(through_a_network)
    created = found.index("networks/mlp.py::MLPForecaster.__init__")
    fit = found.index("forecaster.py::Forecaster.fit")
    predict = found.index("_uncertainty/interface.py::UncertaintyMixin.predict")
    step = slice(
        found.index("_training/net.py::WindowNet.train_step_single"),
        found.index("_training/accelerated.py::AcceleratedNet.with_forecasts"),
    )
    parts = {
        "``make_windows``": found[:created],
        "``fit``": found[fit:predict],
        "``predict``": found[predict:],
        "all three together": found,
        "a single training step": found[step],
    }
    expected = {
        name: len({call.partition("::")[0] for call in part})
        for name, part in parts.items()
    }
    table = re.findall(r"^(\S.*?)  +\d+ +(\d+)$", section("walk"), re.M)
    assert {name: int(n) for name, n in table} == expected
