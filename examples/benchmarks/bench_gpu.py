"""Training and forecasting on an accelerator, against the plain loop there."""

from functools import partial

import torch
from bench_training import against_hand_written, linear, series_of

from sktorch_forecast import LSTMForecaster


def rows(repeats):
    """Rows of this benchmark, or one that says why there are none."""
    if not torch.accelerator.is_available():
        yield {"what": "training on a GPU", "skipped": "torch finds no accelerator"}
        return
    device = torch.accelerator.current_accelerator()
    networks = {
        "linear": (partial(linear, device="auto"), 336, 96),
        "LSTM 2 x 32": (partial(LSTMForecaster, num_layers=2, device="auto"), 96, 24),
    }
    for name, (make, length, horizon) in networks.items():
        yield against_hand_written(
            f"{name}, window {length}, horizon {horizon}, {device.type}",
            make,
            series_of(8640),
            length,
            horizon,
            epochs=5,
            goal=0.95,
            repeats=repeats,
        )
