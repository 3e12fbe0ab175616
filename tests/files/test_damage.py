"""A file is whole or refused, and a save that is cut off leaves the old one."""

import os
import signal

import numpy as np
import pytest
from nets import X, Y
from safetensors.numpy import save_file

from sktorch_forecast import MLPForecaster, NaiveForecaster, load, save
from sktorch_forecast._files import container

N_FLIPS, N_KILLS = 300, 100


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "model.safetensors"
    model = MLPForecaster(hidden_layer_sizes=(8,), max_epochs=1, random_state=0)
    model.fit(X, Y).save(path)
    return path.read_bytes()


def refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="checksum|another kind of file"):
        load(path)


def test_every_flipped_bit_is_found(content, tmp_path):
    rng = np.random.default_rng(0)
    # A half anywhere, a half in what says what the rest is.
    header = 8 + int.from_bytes(content[:8], "little")
    ends = np.repeat([len(content), header], N_FLIPS // 2)
    places = [*rng.integers(0, 8 * ends), *range(64)]  # and the length of the header
    for place in places:
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        refused(tmp_path / "model", damaged)


@pytest.mark.parametrize("end", [0, 1, 8, 100, 1000, -1])
def test_a_part_of_a_file_is_refused(content, end, tmp_path):
    refused(tmp_path / "model", content[:end])


def test_more_than_a_file_is_refused(content, tmp_path):
    refused(tmp_path / "model", content + b"\0")


def test_other_files_are_refused(tmp_path):
    refused(tmp_path / "model", b"PK\3\4" + bytes(1000))
    save_file({"weight": np.ones(3)}, tmp_path / "other")
    refused(tmp_path / "model", (tmp_path / "other").read_bytes())
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere")


def test_a_later_format_says_what_to_do(tmp_path, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr(container, "FORMAT", 2)
        save(NaiveForecaster(), tmp_path / "model")
    with pytest.raises(ValueError, match="found format 2, written by .*Upgrade"):
        load(tmp_path / "model")


def test_an_error_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model"
    save(NaiveForecaster(3), path)

    def full(*args):
        raise OSError("No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(container.os, "replace", full)
        with pytest.raises(OSError, match="No space"):
            save(NaiveForecaster(4), path)
    with pytest.raises(TypeError, match="that can be written without pickle"):
        save(NaiveForecaster(lambda: None), path)
    assert load(path).seasonality == 3
    assert list(tmp_path.iterdir()) == [path]


def test_there_is_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        save(NaiveForecaster(), tmp_path / "nowhere" / "model")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are made by fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_kill_leaves_a_file_that_loads(tmp_path):
    path = tmp_path / "model"
    save(NaiveForecaster(1), path)
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(N_KILLS):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            try:
                for seasonality in range(1, 1000):
                    os.write(writing, b".")
                    save(NaiveForecaster(seasonality), path)
            finally:
                os._exit(1)
        # It is killed somewhere in the save that it has told of last, or later.
        os.read(reading, 1)
        for _ in range(rng.integers(0, 4)):
            os.read(reading, 1)
        os.kill(child, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        os.close(reading)
        os.close(writing)
        seen.add(load(path).seasonality)
    assert len(seen) > 1
