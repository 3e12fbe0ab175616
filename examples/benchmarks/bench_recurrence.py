"""Linear recurrences, against the fused LSTM of torch."""

import torch
from timing import side_by_side
from torch import nn

from sktorch_forecast.layers import MinGRU, MinLSTM

BATCH_SIZE, LENGTH = 32, 96
# Layer and units: how many times as fast as the LSTM.
GOALS = {(MinGRU, 32): 1, (MinGRU, 128): 1.67, (MinLSTM, 32): 0.5, (MinLSTM, 128): 0.8}
N_CALLS = 100


def forward_and_backward(layer, size):
    """A function that computes outputs and gradients of a layer, many times."""
    x = torch.randn(BATCH_SIZE, LENGTH, size)

    def run():
        for _ in range(N_CALLS):
            outputs, _ = layer(x)
            outputs.sum().backward()

    return run


def rows(repeats):
    """All rows of this benchmark, one after the other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for (cls, size), goal in GOALS.items():
        yield side_by_side(
            f"forward and backward, {cls.__name__}, {size} units",
            forward_and_backward(cls(size, size, batch_first=True), size),
            forward_and_backward(nn.LSTM(size, size, batch_first=True), size),
            against="torch's LSTM",
            goal=goal,
            repeats=repeats,
            unit=(N_CALLS * BATCH_SIZE, "windows"),
        )
    torch.set_num_threads(threads)
