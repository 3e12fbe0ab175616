"""Data sets that are fetched: what is in them, and how a file is found and checked."""

import hashlib
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sktorch_forecast.datasets import _fetch, fetch_ett, fetch_m4

COPIES = Path(__file__).parents[3] / "shared" / "data"
needs_copies = pytest.mark.skipif(
    not COPIES.is_dir(), reason="no copies of the published files beside the repository"
)

ETT = """\
date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT
2016-07-01 00:00:00,5.5,2.25,1.5,0.5,4.25,1,30
2016-07-01 01:00:00,5,2,1.75,0.25,4,1.5,27
2016-07-01 02:00:00,5.25,2,1,0.5,3.75,1,28
"""
M4_TRAIN = '"V1","V2","V3","V4"\n"H1","605","586","5.5"\n"H2","7","8",\n'
M4_TEST = '"V1","V2","V3"\n"H1","1","2"\n"H2","3","4"\n'


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """A folder with the files above, which the fetchers now expect."""
    folder = tmp_path / "published"
    folder.mkdir()

    def remote(url, text):
        # newline: the same bytes on every system
        (folder / Path(url).name).write_text(text, newline="\n")
        return _fetch._RemoteFile(url, hashlib.sha256(text.encode()).hexdigest())

    base = "http://data.example/"
    train = remote(base + "m4/Hourly-train.csv", M4_TRAIN)
    test = remote(base + "m4/Hourly-test.csv", M4_TEST)
    monkeypatch.setitem(_fetch._ETT, "ETTh1", remote(base + "ett/ETTh1.csv", ETT))
    monkeypatch.setitem(_fetch._M4, "Hourly", (train, test, 2, 24))
    return folder


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def downloads(monkeypatch, folder):
    """A stand-in for pooch that copies from `folder`; the list of what it was asked."""
    asked = []

    def retrieve(url, known_hash, fname, path):
        asked.append((url, known_hash))
        path.mkdir(parents=True, exist_ok=True)
        (path / fname).write_bytes((folder / fname).read_bytes())

    monkeypatch.setitem(sys.modules, "pooch", SimpleNamespace(retrieve=retrieve))
    return asked


# ----------------------------------------------------------------- the true files


@needs_copies
def test_ett_is_what_was_published():
    data = fetch_ett(path=COPIES)
    frame = data.frame
    assert list(frame) == ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]
    assert frame.shape == (17420, 7)
    assert (frame.dtypes == np.float64).all()
    assert not frame.isna().any(axis=None)
    assert frame.index.equals(pd.date_range("2016-07-01", periods=17420, freq="h"))
    assert frame.index.freqstr == "h"
    # First and last line of the file.
    assert frame["HUFL"].iloc[0] == 5.827000141143799
    assert frame["OT"].iloc[[0, -1]].tolist() == [30.5310001373291, 9.56700038909912]
    assert data.target_names == ["OT"]
    assert data.filename == str(COPIES / "ETTh1.csv")
    assert "CC BY-ND 4.0" in data.DESCR


@needs_copies
def test_m4_hourly_is_what_was_published():
    data = fetch_m4(path=COPIES)
    assert (data.horizon, data.seasonality) == (48, 24)
    lengths = data.frame["id"].value_counts()
    assert lengths.value_counts().to_dict() == {960: 245, 700: 169}
    assert data.frame.shape == (245 * 960 + 169 * 700, 3)
    assert data.test.shape == (414 * 48, 3)
    expected = [f"H{i}" for i in range(1, 415)]
    assert data.frame["id"].unique().tolist() == expected
    assert data.test["id"].unique().tolist() == expected
    assert data.frame["value"].notna().all() and data.test["value"].notna().all()
    # The first two values and what followed the 700th, from the file.
    assert data.frame["value"].iloc[:2].tolist() == [605, 586]
    assert data.test.iloc[0].tolist() == ["H1", 700, 619]
    # Of each series the steps go on without a gap from training to test.
    whole = pd.concat([data.frame, data.test]).sort_values(
        ["id", "step"], kind="stable"
    )
    assert (whole.groupby("id")["step"].diff().dropna() == 1).all()
    assert (whole.groupby("id")["step"].min() == 0).all()


# ----------------------------------------------------------------- how it is read


def test_ett_becomes_a_frame_of_hours(folder):
    frame = fetch_ett(path=folder / "ETTh1.csv").frame
    assert frame["OT"].tolist() == [30, 27, 28]
    assert frame["HULL"].tolist() == [2.25, 2, 2]
    assert frame.index.tolist() == list(
        pd.date_range("2016-07-01", periods=3, freq="h")
    )


def test_m4_becomes_one_row_a_value(folder):
    data = fetch_m4(path=folder)
    assert data.frame.values.tolist() == [
        ["H1", 0, 605],
        ["H1", 1, 586],
        ["H1", 2, 5.5],
        ["H2", 0, 7],
        ["H2", 1, 8],
    ]
    assert data.test.values.tolist() == [
        ["H1", 3, 1],
        ["H1", 4, 2],
        ["H2", 2, 3],
        ["H2", 3, 4],
    ]
    assert data.frame.columns.tolist() == data.test.columns.tolist()
    assert data.frame.columns.tolist() == ["id", "step", "value"]


# ---------------------------------------------------------------- how it is found


def test_copies_are_found_at_any_depth_and_told_apart_by_their_checksum(folder):
    (folder / "Train").mkdir()
    right = folder / "Train" / "M4-Hourly-train.csv"
    (folder / "Hourly-train.csv").rename(right)
    (folder / "Hourly-train.csv").write_text("an older version")
    data = fetch_m4(path=str(folder))
    assert data.filenames == [str(right), str(folder / "Hourly-test.csv")]


def test_a_missing_file_is_downloaded_once(downloads, home):
    for _ in range(2):
        data = fetch_ett(data_home=home)
        assert data.frame["OT"].tolist() == [30, 27, 28]
    digest = hashlib.sha256(ETT.encode()).hexdigest()
    assert downloads == [("http://data.example/ett/ETTh1.csv", f"sha256:{digest}")]
    assert Path(data.filename) == home / "sktorch_forecast" / "ETTh1.csv"
    assert fetch_ett(data_home=home, download_if_missing=False).frame.equals(data.frame)


def test_a_damaged_download_is_downloaded_again(downloads, home):
    file = Path(fetch_ett(data_home=home).filename)
    file.write_text("damaged")
    assert fetch_ett(data_home=home).frame["OT"].tolist() == [30, 27, 28]
    assert len(downloads) == 2


def test_both_files_of_m4_are_downloaded(downloads, home):
    assert fetch_m4(data_home=home).test["value"].tolist() == [1, 2, 3, 4]
    assert [url.rpartition("/")[2] for url, _ in downloads] == [
        "Hourly-train.csv",
        "Hourly-test.csv",
    ]


def test_the_folder_of_scikit_learn_is_the_default(downloads, home, monkeypatch):
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(home))
    file = fetch_ett().filename
    assert Path(file) == home / "sktorch_forecast" / "ETTh1.csv"


@pytest.mark.skipif(find_spec("pooch") is None, reason="pooch is not installed")
def test_pooch_itself_downloads_and_checks(monkeypatch, folder, home):
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/ETTh1.csv"
        known = _fetch._ETT["ETTh1"].sha256
        for checksum in ("0" * 64, known):
            remote = _fetch._RemoteFile(url, checksum)
            monkeypatch.setitem(_fetch._ETT, "ETTh1", remote)
            if checksum == known:
                assert fetch_ett(data_home=home).frame["OT"].tolist() == [30, 27, 28]
            else:
                with pytest.raises(ValueError, match=known):
                    fetch_ett(data_home=home)
        server.shutdown()


# ------------------------------------------------------------------------ errors


def test_a_wrong_checksum_names_both(folder):
    file = folder / "ETTh1.csv"
    expected = hashlib.sha256(ETT.encode()).hexdigest()
    file.write_text("something else")
    found = hashlib.sha256(b"something else").hexdigest()
    for path in (file, folder):
        with pytest.raises(ValueError, match=f"{expected}, found {found}"):
            fetch_ett(path=path)


def test_a_damaged_download_is_an_error_where_nothing_is_downloaded(downloads, home):
    Path(fetch_ett(data_home=home).filename).write_text("damaged")
    with pytest.raises(ValueError, match=hashlib.sha256(b"damaged").hexdigest()):
        fetch_ett(data_home=home, download_if_missing=False)


@pytest.mark.parametrize("path", ["", "nowhere", "nowhere.csv"])
def test_a_path_without_the_file_is_an_error(folder, home, path):
    home.mkdir()
    with pytest.raises(FileNotFoundError, match="Expected Hourly-train.csv at .*found"):
        fetch_m4(path=home / path)


def test_download_if_missing_false_downloads_nothing(folder, home):
    with pytest.raises(OSError, match="ETTh1.csv, found no such file.*Set it to True"):
        fetch_ett(data_home=home, download_if_missing=False)


def test_without_pooch_the_error_names_the_extra(monkeypatch, folder, home):
    monkeypatch.setitem(sys.modules, "pooch", None)
    message = (
        r"needs pooch.*sktorch-forecast\[fetch\].*http://data.example/ett/ETTh1.csv"
    )
    with pytest.raises(ImportError, match=message):
        fetch_ett(data_home=home)


@pytest.mark.parametrize(
    "fetch, params",
    [
        (fetch_ett, {"name": "ETTm9"}),
        (fetch_m4, {"frequency": "Secondly"}),
        (fetch_ett, {"path": 3}),
        (fetch_m4, {"download_if_missing": "yes"}),
    ],
)
def test_bad_parameters(fetch, params):
    (name,) = params
    with pytest.raises(ValueError, match=f"The '{name}' parameter of {fetch.__name__}"):
        fetch(**params)
