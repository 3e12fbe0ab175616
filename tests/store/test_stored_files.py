"""The folder of a store: whole or not there, checked, shared by processes."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from joblib import Parallel, delayed
from numpy.testing import assert_array_equal
from store.panels import ROLES, STEPS, frame

from sktorch_forecast import MLPForecaster, make_windows, open_panel, store_panel

FRAME = frame()
TESTS = Path(__file__).parents[1]


@pytest.fixture
def store(tmp_path):
    return store_panel(FRAME, tmp_path / "out", **ROLES)


def files_of(folder):
    return sorted(path for path in folder.iterdir() if path.suffix == ".npy")


# ------------------------------------------------------------------------ what is there


@pytest.mark.parametrize("kind", ["folder", "file", "empty folder"])
def test_what_is_there_is_not_replaced(kind, tmp_path):
    path = tmp_path / "out"
    if kind == "file":
        path.write_text("mine")
    elif kind == "empty folder":
        path.mkdir()
    else:
        store_panel(FRAME, path, **ROLES)
    before = os.stat(path)
    with pytest.raises(
        FileExistsError, match="Expected a path that does not exist yet"
    ):
        store_panel(FRAME, path, **ROLES)
    assert os.stat(path) == before
    assert list(tmp_path.iterdir()) == [path]


def test_no_folder_to_put_it_in(tmp_path):
    with pytest.raises(FileNotFoundError, match="Make the folder first"):
        store_panel(FRAME, tmp_path / "no" / "out", **ROLES)


def test_no_source(tmp_path):
    with pytest.raises(FileNotFoundError, match="found nothing at '.*no.parquet'"):
        store_panel(tmp_path / "no.parquet", tmp_path / "out", **ROLES)


def test_no_store(tmp_path):
    for path in (tmp_path / "no", tmp_path):
        with pytest.raises(FileNotFoundError, match="found no panel.json in"):
            open_panel(path)


# ----------------------------------------------------------------------------- atomic

# Writes as it is told by files in its folder, and tells by them how far it is.
WRITER = """
import sys
import time
from pathlib import Path

sys.path.insert(0, {tests!r})
from sktorch_forecast import store_panel
from sktorch_forecast._data import store_panel as module
from store.panels import ROLES, frame

folder, name = Path(sys.argv[1]), sys.argv[2]
close = module.PanelWriter.close


def slowly(writer):
    {before}
    (folder / (name + " is there")).touch()
    while not (folder / "go").exists():
        time.sleep(0.01)
    {after}


module.PanelWriter.close = slowly
try:
    store_panel(frame(), folder / "out", **ROLES)
except FileExistsError as error:
    print("FileExistsError:", error)
else:
    print("done")
"""


def writing(folder, name, before="", after="close(writer)"):
    script = WRITER.format(tests=str(TESTS), before=before, after=after)
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder), name],
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None
        time.sleep(0.01)


@pytest.mark.parametrize("when", ["before the end", "at the very end"])
def test_a_killed_conversion_leaves_nothing_that_opens(when, tmp_path):
    parts = {"before": "close(writer)", "after": ""} if "very" in when else {}
    process = writing(tmp_path, "one", **parts)
    wait_for(tmp_path / "one is there", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "out").exists()
    with pytest.raises(FileNotFoundError):
        open_panel(tmp_path / "out")
    # What it has left is in nobody's way.
    assert len(store_panel(FRAME, tmp_path / "out", **ROLES)) == len(FRAME)


def test_of_two_at_the_same_path_one_wins(tmp_path):
    processes = [writing(tmp_path, name) for name in ("one", "two")]
    for name, process in zip(("one", "two"), processes):
        wait_for(tmp_path / f"{name} is there", process)
    (tmp_path / "go").touch()
    said = sorted(process.communicate()[0].strip() for process in processes)
    assert said[1] == "done"
    assert "FileExistsError: Expected a path that does not exist yet" in said[0]
    X, _ = make_windows(open_panel(tmp_path / "out", verify=True), **STEPS)
    assert_array_equal(X, make_windows(FRAME, **ROLES, **STEPS)[0])
    hidden = [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert not hidden


def test_an_error_leaves_nothing(monkeypatch, tmp_path):
    def fail(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(KeyboardInterrupt):
        store_panel(FRAME, tmp_path / "out", **ROLES)
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------------------ damage


def test_every_file_is_missed(store):
    for path in files_of(store.path):
        content = path.read_bytes()
        path.unlink()
        with pytest.raises(ValueError, match=f"{path.name}', found none"):
            open_panel(store.path)
        path.write_bytes(content)
    open_panel(store.path, verify=True)


@pytest.mark.parametrize("change", [-1, 1, -100])
def test_every_file_has_its_size(store, change):
    for path in files_of(store.path):
        content = path.read_bytes()
        path.write_bytes(content[:change] if change < 0 else content + b"\0")
        match = f"bytes in .*{path.name}', found .* make it again with store_panel"
        with pytest.raises(ValueError, match=match):
            open_panel(store.path)
        path.write_bytes(content)


def test_files_of_another_kind_with_the_same_size(store):
    for path in files_of(store.path):
        content = path.read_bytes()
        path.write_bytes(bytes(len(content)))
        with pytest.raises(ValueError, match=f"{path.name}', found data that NumPy"):
            open_panel(store.path)
        path.write_bytes(content.replace(b"'<", b"'>").replace(b"|u1", b"|i1"))
        with pytest.raises(ValueError, match=f"{path.name}', found one of shape"):
            open_panel(store.path)
        path.write_bytes(content)


def test_verify_finds_a_changed_number_in_every_file(store):
    for path in files_of(store.path):
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        open_panel(store.path)  # which reads none of them
        with pytest.raises(ValueError, match=f"checksum .*{path.name}"):
            open_panel(store.path, verify=True)
        path.write_bytes(content)


@pytest.mark.parametrize(
    "text, match",
    [
        ("", "panel.json', found something else"),
        ("[1]", "panel.json', found something else"),
        ('{"format": "other", "version": 1}', "found 'other'"),
        ('{"format": "panel of sktorch_forecast", "version": 1}', "mark, files and"),
    ],
)
def test_json_that_is_not_ours(text, match, store):
    (store.path / "panel.json").write_text(text)
    with pytest.raises(ValueError, match=match):
        open_panel(store.path)


def test_every_truncation_of_the_json_is_refused(store):
    path = store.path / "panel.json"
    text = path.read_text()
    for n in range(0, len(text) - 1, 97):
        path.write_text(text[:n])
        with pytest.raises(ValueError, match="panel.json"):
            open_panel(store.path)


def test_a_later_version_says_so(store):
    path = store.path / "panel.json"
    about = json.loads(path.read_text()) | {"version": 2}
    path.write_text(json.dumps(about))
    with pytest.raises(ValueError, match="version 1 or older .*, found version 2"):
        open_panel(store.path)


# ---------------------------------------------------------------------------- processes


def test_pickles_have_the_path_and_ranges(store):
    X, y = make_windows(store, **STEPS)
    assert len(pickle.dumps(store)) < 300
    # Two ends of a range of origins for each of five series, and not 140 origins.
    assert len(pickle.dumps(X)) < 1000
    assert len(pickle.dumps((X, y))) < 1000
    assert len(pickle.dumps(X[::2])) < 1000 + 8 * len(X) / 2


def test_another_store_at_the_same_path_is_not_taken_for_it(store, tmp_path):
    pickled = pickle.dumps(make_windows(store, **STEPS))
    store.path.rename(tmp_path / "elsewhere")
    store_panel(FRAME[:80], store.path, **ROLES)
    with pytest.raises(ValueError, match="found one made there later"):
        pickle.loads(pickled)


def fitted_in_a_worker(X, y):
    net = MLPForecaster(hidden_layer_sizes=(), max_epochs=1, random_state=0)
    return str(X.values.filename), net.fit(X, y).predict(X)


def test_workers_open_the_map(store):
    X, y = make_windows(store, **STEPS)
    here = fitted_in_a_worker(X, y)
    for filename, forecast in Parallel(n_jobs=2)(
        delayed(fitted_in_a_worker)(X, y) for _ in range(2)
    ):
        assert filename == str(store.path / "values.npy")
        assert_array_equal(forecast, here[1], strict=True)


def killed_in_a_worker(X, y):
    X[0].sum()
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_does_no_harm(store):
    X, y = make_windows(store, **STEPS)
    with pytest.raises(BrokenProcessPool):
        Parallel(n_jobs=2)(delayed(killed_in_a_worker)(X, y) for _ in range(2))
    open_panel(store.path, verify=True)
    assert_array_equal(X, make_windows(FRAME, **ROLES, **STEPS)[0])


def test_nothing_can_be_written_into(store):
    X, y = make_windows(store, **STEPS)
    for array in (X.values, X[0], store.panel.targets):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    assert repr(store).startswith("<PanelStore of 5 series, 190")
