"""One forecaster trained by two processes, by accelerate."""

import os
import pickle
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import two_processes as steps

from sktorch_forecast import MLPForecaster

# So many seconds are a failure, as nothing may wait for a process that is gone.
LIMIT = 120


def launched(job, folder, n=2):
    """Processes that know of each other, as a launcher starts them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    known = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(n)}
    known |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    return [
        subprocess.Popen(
            [sys.executable, steps.__file__, job],
            env=os.environ | known | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            cwd=folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for rank in range(n)
    ]


def ended(processes):
    """Their exit codes and what they printed."""
    try:
        printed = [process.communicate(timeout=LIMIT) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [process.returncode for process in processes], printed


def results(job, folder, n=2):
    codes, printed = ended(launched(job, folder, n))
    assert codes == [0] * n, printed
    found = [pickle.loads(Path(folder, f"{k}.pickle").read_bytes()) for k in range(n)]
    return found, printed


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("two")


@pytest.fixture(scope="module")
def two(folder):
    pytest.importorskip("accelerate", reason="accelerate is not installed")
    return results("all", folder)


@pytest.fixture(scope="module")
def one():
    return steps.run(None, [*steps.ALIKE, steps.accumulated])


@pytest.mark.parametrize("name", [*steps.SAME_AS_ONE, "gone on"])
def test_the_losses_are_those_of_one_process(name, two, one):
    (first, second), _ = two
    assert first[name]["losses"] == second[name]["losses"]
    assert first[name]["sizes"] == one[name]["sizes"]
    np.testing.assert_allclose(
        first[name]["losses"], one[name]["losses"], rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(first[name]["forecast"], second[name]["forecast"])
    np.testing.assert_allclose(
        first[name]["forecast"], one[name]["forecast"], rtol=1e-4, atol=1e-4
    )


def test_both_stop_after_the_same_epoch_as_one(two, one):
    assert 2 < len(one["stopped early"]["losses"][0]) < 30


def test_a_single_process_may_come_from_a_launcher(one, tmp_path):
    pytest.importorskip("accelerate", reason="accelerate is not installed")
    (found,), _ = results("alone", tmp_path, n=1)
    assert found["gone on"]["losses"] == one["gone on"]["losses"]


def test_a_cross_validation_has_the_scores_of_one_process(two, one):
    for found in two[0]:
        scores = found["cross-validated"]["scores"]
        np.testing.assert_allclose(scores, one["cross-validated"]["scores"], rtol=1e-4)


def test_each_window_is_seen_once_in_an_epoch_by_one_of_them(two, one):
    (first, second), _ = two
    expected = one["rows"]["rows"]
    assert len({window for batch in expected[:2] for window in batch}) == 110
    pairs = zip(first["rows"]["rows"], second["rows"]["rows"], strict=True)
    for mine, yours, batch in zip(*zip(*pairs), expected, strict=True):
        if len(batch) == 1:  # the other takes part with a window that does not count
            assert mine == yours == batch
        else:
            assert sorted(mine + yours) == sorted(batch)
            assert len(mine) - len(yours) in (0, 1)


@pytest.mark.parametrize("name", ["dropout", "no seed", "statistics"])
def test_both_end_with_the_same_network(name, two):
    (first, second), _ = two
    assert first[name]["losses"] == second[name]["losses"]
    np.testing.assert_array_equal(first[name]["forecast"], second[name]["forecast"])


def test_each_drops_values_of_its_own(two):
    (first, second), _ = two
    assert first["dropout"]["generator"] != second["dropout"]["generator"]


def test_gradients_add_up_before_they_are_averaged(two, one):
    for found in two[0]:
        forecast = found["accumulated"]["forecast"]
        np.testing.assert_allclose(
            forecast, one["accumulated"]["forecast"], rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize(
    "name, message",
    [
        ("other data", "the same windows and targets in all processes, found 131"),
        ("loader", "iterator_train=BatchIterator"),
    ],
)
def test_errors_come_in_both(name, message, two):
    for found in two[0]:
        assert message in found[name]["error"]


def test_the_first_process_alone_prints(two):
    _, ((first, _), (second, _)) = two
    assert "train_loss" in first
    assert second == ""


def test_the_weights_go_to_a_forecaster_of_one_process(two, folder):
    net = MLPForecaster(dropout=0.5).initialize(steps.X, steps.Y)
    net.load_params(f_params=folder / "weights.pt")
    expected = two[0][0]["whole"]["forecast"]
    np.testing.assert_array_equal(net.predict(steps.X), expected)


def test_a_killed_process_ends_the_other_and_the_training_resumes(two, tmp_path):
    codes, printed = ended(launched("killed", tmp_path))
    assert codes == [1, -signal.SIGKILL]
    assert "Error" in printed[0][1]
    assert [file.name for file in tmp_path.iterdir()] == ["training.safetensors"]
    found, _ = results("resumed", tmp_path)
    for rank in (0, 1):
        resumed, whole = found[rank]["resumed"], two[0][rank]["whole"]
        assert resumed["resumed from"] == 2
        assert resumed["losses"] == whole["losses"]
        np.testing.assert_array_equal(resumed["forecast"], whole["forecast"])
