"""Training on windows of series of 10^4 to 10^7 timestamps."""

from statistics import median

import torch
from bench_training import linear, series_of
from timing import seconds

from sktorch_forecast import make_windows


def rows(repeats):
    """All rows of this benchmark; all series are timed in turns."""
    torch.set_num_threads(1)
    fits, times = {}, {}
    for n_timestamps in (10**4, 10**5, 10**6, 10**7):
        X, y = make_windows(series_of(n_timestamps), horizon=96, length=336)
        # 100,000 windows all over the series; the short one is visited ten times.
        step = max(1, n_timestamps // 10**5)
        forecaster = linear(
            max_epochs=max(1, 10**5 // n_timestamps),
            early_stopping=False,
            random_state=0,
        )
        fits[n_timestamps] = forecaster, X[::step], y[::step]
        times[n_timestamps] = []
    for _ in range(repeats):
        for n_timestamps, (forecaster, X, y) in fits.items():
            n_windows = len(X) * forecaster.max_epochs
            times[n_timestamps].append(seconds(forecaster.fit, X, y) / n_windows)
    per_window = {n_timestamps: median(found) for n_timestamps, found in times.items()}
    shortest = per_window.pop(10**4)
    for n_timestamps, time in per_window.items():
        growth = time / shortest
        yield {
            "what": f"training on a window of a series of {n_timestamps:,}",
            "against": "of a series of 10,000",
            "value": growth,
            "unit": "times the cost",
            "rate": f"{time * 1e6:.1f} us/window",
            "goal": "0.8 to 1.2",
            "reached": bool(0.8 <= growth <= 1.2),
        }
