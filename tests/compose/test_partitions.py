"""Forecasts in Parquet files, which are those of the frame, or nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from stores import NAMES, ROLES, panel, without_end

from sktorch_forecast import (
    MLPForecaster,
    NaiveForecaster,
    SeriesForecaster,
    store_panel,
)
from sktorch_forecast.compose import _partitions

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

PANEL = panel(n_stores=5)
NORMAL = MLPForecaster(
    hidden_layer_sizes=(4,), max_epochs=1, loss="normal", random_state=0
)


@pytest.fixture(autouse=True)
def two_series_in_a_file(monkeypatch):
    monkeypatch.setattr(_partitions, "_AT_ONCE", 20)


def naive(**params):
    return SeriesForecaster(NaiveForecaster(), horizon=3, length=8, **params)


def test_all_that_a_frame_holds(tmp_path):
    known, ahead = without_end(PANEL, 3)
    model = SeriesForecaster(NORMAL, 3, 8, coverage=[0.5, 0.9], **ROLES).fit(known)
    expected = model.forecast(X_future=ahead.drop(columns="sales"))
    files = model.forecast(X_future=ahead.drop(columns="sales"), to=tmp_path / "out")
    assert_frame_equal(pd.read_parquet(tmp_path / "out"), expected)
    assert files.to_dict("list") == {
        "file": ["part-00000.parquet", "part-00001.parquet", "part-00002.parquet"],
        "n_series": [2, 2, 1],
        "n_rows": [6, 6, 3],
    }
    assert sorted(os.listdir(tmp_path)) == ["out"]
    assert sorted(os.listdir(tmp_path / "out")) == files["file"].to_list()
    last = pd.read_parquet(tmp_path / "out" / "part-00002.parquet")
    assert_frame_equal(last, expected.loc[["store 4"]], check_like=True)


FRAMES = {
    "dates": PANEL,
    "nanoseconds": PANEL.assign(day=PANEL["day"].astype("datetime64[ns]")),
    "time zone": PANEL.assign(day=PANEL["day"].dt.tz_localize("Europe/Berlin")),
    "periods": PANEL.assign(day=PANEL["day"].dt.to_period("D")),
    "numbers": PANEL.assign(
        day=PANEL.groupby("store").cumcount(), store=PANEL["store"].str[-1:].astype(int)
    ),
    "categories": PANEL.astype({"store": "category"}),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_any_kind_of_names_and_times(kind, tmp_path):
    model = naive(**NAMES).fit(FRAMES[kind])
    model.forecast(to=tmp_path / "out")
    assert_frame_equal(pd.read_parquet(tmp_path / "out"), model.forecast())


@pytest.mark.parametrize("series", [np.arange(30.0), PANEL.set_index("day")["sales"]])
def test_a_single_series(series, tmp_path):
    model = naive().fit(series[:30])
    model.forecast(to=tmp_path / "out")
    found = pd.read_parquet(tmp_path / "out")
    assert_frame_equal(found, model.forecast(), check_freq=False)


def test_a_store(tmp_path):
    store = store_panel(PANEL, tmp_path / "store", **NAMES)
    model = naive(**NAMES).fit(PANEL)
    files = model.forecast(store, to=str(tmp_path / "out"))
    assert len(files) == 3
    assert_frame_equal(pd.read_parquet(tmp_path / "out"), model.forecast())


def test_no_more_series_at_once_than_in_a_file(tmp_path, monkeypatch):
    seen = []
    predict = NaiveForecaster.predict

    def watched(self, X, *args, **kwargs):
        seen.append(len(X))
        return predict(self, X, *args, **kwargs)

    monkeypatch.setattr(NaiveForecaster, "predict", watched)
    naive(**NAMES).fit(PANEL).forecast(to=tmp_path / "out")
    assert seen == [2, 2, 1]


# ------------------------------------------------------------------------- backtests


@pytest.mark.parametrize("kind", FRAMES)
def test_a_backtest(kind, tmp_path):
    how = FRAMES[kind], 3
    expected = naive(**NAMES).backtest(*how)
    files = naive(**NAMES).backtest(*how, to=tmp_path / "out")
    # Fifteen origins, two in a file: windows of 8 of at most 20 timestamps.
    assert files["n_origins"].to_list() == 7 * [2] + [1]
    assert files["n_rows"].to_list() == 7 * [6] + [3]
    found = pd.read_parquet(tmp_path / "out")
    assert_frame_equal(found, pd.DataFrame(expected))


def test_a_backtest_with_fits_in_between_and_intervals(tmp_path):
    model = SeriesForecaster(NORMAL, 3, 8, coverage=0.9, **ROLES)
    expected = model.backtest(PANEL, n_origins=3, refit=True)
    model.backtest(PANEL, n_origins=3, refit=True, to=tmp_path / "out")
    assert_frame_equal(pd.read_parquet(tmp_path / "out"), pd.DataFrame(expected))


def test_a_backtest_of_a_store(tmp_path):
    store = store_panel(PANEL, tmp_path / "store", **NAMES)
    naive().backtest(store, n_origins=2, to=tmp_path / "out")
    expected = naive(**NAMES).backtest(PANEL, n_origins=2)
    assert_frame_equal(pd.read_parquet(tmp_path / "out"), pd.DataFrame(expected))


def failing(*args, **kwargs):
    raise RuntimeError("called")


def test_a_backtest_into_what_is_there_fits_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(NaiveForecaster, "fit", failing)
    with pytest.raises(FileExistsError, match="Expected a path that does not exist"):
        naive(**NAMES).backtest(PANEL, n_origins=1, to=tmp_path)
    with pytest.raises(TypeError, match="Expected to= to be the path .* found a int"):
        naive(**NAMES).backtest(PANEL, n_origins=1, to=3)


def test_a_backtest_that_fails_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(NaiveForecaster, "predict", failing)
    with pytest.raises(RuntimeError, match="called"):
        naive(**NAMES).backtest(PANEL, n_origins=1, to=tmp_path / "out")
    assert os.listdir(tmp_path) == []


# -------------------------------------------------------------------------- failures


def test_what_is_there_stays(tmp_path):
    model = naive(**NAMES).fit(PANEL)
    (tmp_path / "out").mkdir()
    with pytest.raises(
        FileExistsError, match="Expected a path that does not exist yet"
    ):
        model.forecast(to=tmp_path / "out")
    with pytest.raises(FileNotFoundError, match="in a folder that exists, found"):
        model.forecast(to=tmp_path / "no" / "out")
    with pytest.raises(TypeError, match="Expected to= to be the path .* found a int"):
        model.forecast(to=3)
    assert os.listdir(tmp_path) == ["out"]
    assert os.listdir(tmp_path / "out") == []


def test_an_error_halfway_leaves_nothing(tmp_path, monkeypatch):
    model = naive(**NAMES).fit(PANEL)
    write = pd.DataFrame.to_parquet

    def failing(frame, path, **kwargs):
        if "00001" in str(path):
            raise OSError("the disk is full")
        write(frame, path, **kwargs)

    monkeypatch.setattr(pd.DataFrame, "to_parquet", failing)
    with pytest.raises(OSError, match="the disk is full"):
        model.forecast(to=tmp_path / "out")
    assert os.listdir(tmp_path) == []


def test_without_pyarrow(tmp_path, monkeypatch):
    model = naive(**NAMES).fit(PANEL)
    monkeypatch.setattr(_partitions, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"found none.* pip install .*\[parquet\]"):
        model.forecast(to=tmp_path / "out")
    assert os.listdir(tmp_path) == []


KILLED = """
import os, signal, sys
import pandas as pd
sys.path.append(sys.argv[2])
from compose.test_partitions import NAMES, PANEL, _partitions, naive

write = pd.DataFrame.to_parquet

def killed(frame, path, **kwargs):
    write(frame, path, **kwargs)
    if "00001" in str(path):
        os.kill(os.getpid(), signal.SIGKILL)

pd.DataFrame.to_parquet = killed
_partitions._AT_ONCE = 20
naive(**NAMES).fit(PANEL).forecast(to=sys.argv[1])
"""


def test_a_killed_call_leaves_nothing_that_looks_whole(tmp_path):
    tests = Path(__file__).parents[1]
    command = [sys.executable, "-c", KILLED, tmp_path / "out", tests]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    (left,) = os.listdir(tmp_path)
    assert left.startswith(".out.")
    # Readers of Parquet pass over it, and it is in nobody's way.
    model = naive(**NAMES).fit(PANEL)
    model.forecast(to=tmp_path / "out")
    assert_frame_equal(pd.read_parquet(tmp_path), model.forecast())
