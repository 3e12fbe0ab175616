"""A panel of 100,000 series, against one long series of as many values."""

from statistics import median

import numpy as np
import pandas as pd
import torch
from bench_training import linear
from timing import at_most, seconds

from sktorch_forecast import make_windows

N_SERIES, N_TIMESTAMPS = 100_000, 200
LENGTH, HORIZON = 96, 24


def long_frame():
    """20 million rows of hourly values, as float32."""
    noise = np.random.default_rng(0).normal(scale=0.1, size=N_SERIES * N_TIMESTAMPS)
    cycle = np.sin(np.arange(N_TIMESTAMPS) * np.pi / 12)
    hours = pd.date_range("2024-01-01", periods=N_TIMESTAMPS, freq="h").to_numpy()
    return pd.DataFrame(
        {
            "id": np.repeat(np.arange(N_SERIES), N_TIMESTAMPS),
            "time": np.tile(hours, N_SERIES),
            "y": (np.tile(cycle, N_SERIES) + noise).astype(np.float32),
        }
    )


def rows(repeats):
    """All rows of this benchmark; panel and series are trained on in turns."""
    torch.set_num_threads(1)
    frame = long_frame()
    steps = {"horizon": HORIZON, "length": LENGTH}

    def panel_windows():
        return make_windows(frame, target="y", id="id", time="time", **steps)

    def series_windows():
        return make_windows(frame["y"].to_numpy(), **steps)

    panel_windows()  # to warm up
    times = [seconds(panel_windows) for _ in range(repeats)]
    size = f"{N_SERIES:,} series of {N_TIMESTAMPS} values"
    row = at_most(f"windows and targets of {size}", median(times), 5, "s")
    yield row | {"rate": f"{len(frame) / median(times):,.0f} values/s"}
    fits = []
    for X, y in (panel_windows(), series_windows()):
        # 100,000 windows all over the panel, and all over the series.
        step = len(X) // 10**5
        fits.append((X[::step], np.asarray(y[::step])))
    per_window = [[], []]
    for _ in range(repeats + 1):
        for found, (X, y) in zip(per_window, fits):
            forecaster = linear(max_epochs=1, early_stopping=False, random_state=0)
            found.append(seconds(forecaster.fit, X, y) / len(X))
    # The first call of each is to warm up.
    panel, series = (median(found[1:]) for found in per_window)
    yield {
        "what": f"training on a window of {size}",
        "against": "of one series of as many values",
        "value": panel / series,
        "unit": "times the cost",
        "rate": f"{panel * 1e6:.1f} us/window",
        "goal": "0.8 to 1.2",
        "reached": bool(0.8 <= panel / series <= 1.2),
    }
