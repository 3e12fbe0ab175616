"""Fits and forecasts in several threads at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import numpy as np
import pytest
import torch
from nets import X, Y, assert_same_bits, forecaster, weights
from skorch.callbacks import Callback

from sktorch_forecast._training.device import limited_threads


def in_thread(function):
    """What a new thread of Python gets from a function."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("leaves_first", ["main", "other"])
def test_interleaved_limits_leave_all_threads(three_threads, leaves_first):
    inside, leave, found = Event(), Event(), []

    def other():
        with limited_threads(None):
            found.append(torch.get_num_threads())
            inside.set()
            leave.wait(10)
            found.append(torch.get_num_threads())
        found.append(torch.get_num_threads())

    thread = Thread(target=other)
    with limited_threads(None):
        thread.start()
        inside.wait(10)
        if leaves_first == "other":
            leave.set()
            thread.join()
            assert torch.get_num_threads() == 1
            assert in_thread(torch.get_num_threads) == 1
    if leaves_first == "main":
        assert torch.get_num_threads() == 3
        # what the matrix products of the other thread go by
        assert in_thread(torch.get_num_threads) == 1
        leave.set()
        thread.join()
    assert found == [1, 1, 3]
    assert torch.get_num_threads() == 3
    assert in_thread(torch.get_num_threads) == 3


def test_limits_nest(three_threads):
    with limited_threads(2):
        n_outer = torch.get_num_threads()
        with limited_threads(1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == n_outer
    assert torch.get_num_threads() == 3


def test_fits_in_threads_are_fits(three_threads):
    expected = forecaster(dropout=0.2).fit(X, Y)
    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(forecaster(dropout=0.2).fit, X, Y) for _ in range(6)]
    for job in jobs:
        assert_same_bits(weights(job.result()), weights(expected))
        np.testing.assert_array_equal(job.result().predict(X), expected.predict(X))
    assert torch.get_num_threads() == 3
    assert in_thread(torch.get_num_threads) == 3


def test_a_fit_that_fails_leaves_the_threads(three_threads):
    class Failing(Callback):
        def on_epoch_begin(self, net, **kwargs):
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        forecaster(callbacks=[Failing()]).fit(X, Y)
    assert torch.get_num_threads() == 3
