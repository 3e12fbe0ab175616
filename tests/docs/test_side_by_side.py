"""The halves of docs/coming_from.rst: theirs where a library is installed, and ours."""

import re
import warnings

import pytest
from floors import ROOT

from sktorch_forecast.datasets import load_elnino

DOCS = ROOT.parent / "docs"
PAGE = (DOCS / "coming_from.rst").read_text()
# Where both solve the same ridge regressions, which leaves little room.
SAME = {"skforecast": 0.01, "sktime": 1e-4}


def error_of(name):
    names = {"__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec((DOCS / "side_by_side" / f"{name}.py").read_text(), names)
    return names["error"]


@pytest.mark.parametrize("library", ["darts", "neuralforecast", "skforecast", "sktime"])
def test_their_half_does_what_the_page_says(library, tmp_path, monkeypatch):
    pytest.importorskip(library, reason=f"{library} is not installed")
    monkeypatch.chdir(tmp_path)
    load_elnino().rename_axis("date").to_csv("elnino.csv")
    part = PAGE.partition(f"side_by_side/{library}_theirs.py")[2]
    stated = float(re.search(r"theirs: mean absolute error ([\d.]+)", part)[1])
    theirs = error_of(f"{library}_theirs")
    assert theirs == pytest.approx(stated, abs=0.05)
    if library in SAME:
        ours = error_of(f"{library}_ours")
        assert ours == pytest.approx(theirs, abs=SAME[library])
