"""Fixtures that more than one file of tests uses."""

import pytest
import torch


@pytest.fixture
def one_thread():
    """Bare torch on one thread, as the forecasters are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
