"""
A twin of the whole M4: from frames to forecasts on disk
========================================================

The M4 competition [1]_ has 100,000 series of six frequencies. Here are as many, made
up, with its numbers of series and its shortest, mean and longest lengths: 24 million
values. Each frequency is put into a store, one network is fitted on all of its series,
and the forecasts are written to a folder of Parquet files. What is measured is how
long that takes and how much memory; forecasts of made-up series have no score.

Run it with ``make large``, or ``python examples/m4_large.py``; Parquet files need
``pip install "sktorch-forecast[parquet]"``:

    --series N       series in all (default 100000)
    --folder PATH    where stores and forecasts go (default a temporary folder)
    --epochs N       epochs of each fit (default 1)

References
----------
.. [1] S. Makridakis, E. Spiliotis and V. Assimakopoulos (2020), The M4 Competition:
   100,000 time series and 61 forecasting methods. International Journal of
   Forecasting 36, 54-74.
"""

import argparse
import tempfile
import threading
from pathlib import Path
from time import perf_counter, sleep
from typing import NamedTuple

import numpy as np
import pandas as pd

from sktorch_forecast import MLPForecaster, SeriesForecaster, store_panel

N_SERIES = 100_000


class Frequency(NamedTuple):
    """Series of one frequency in the M4, how they are forecast, and from how much."""

    name: str
    n_series: int
    shortest: int
    mean: int
    longest: int
    horizon: int
    length: int
    season: int


# No series is too short for a window and a horizon.
FREQUENCIES = [
    Frequency("yearly", 23_000, 13, 31, 835, 6, 7, 1),
    Frequency("quarterly", 24_000, 16, 92, 866, 8, 8, 4),
    Frequency("monthly", 48_000, 42, 216, 2794, 18, 24, 12),
    Frequency("weekly", 359, 80, 1022, 2597, 13, 52, 52),
    Frequency("daily", 4_227, 93, 2357, 9919, 14, 28, 7),
    Frequency("hourly", 414, 700, 854, 960, 48, 168, 24),
]


def make_frame(frequency, n_series):
    """Levels, trends, seasons and noise, in rows of "id", "step" and "value"."""
    rng = np.random.default_rng(frequency.n_series)
    beyond = rng.exponential(frequency.mean - frequency.shortest, n_series)
    lengths = np.minimum(frequency.shortest + beyond, frequency.longest).astype(int)
    of_row = np.repeat(np.arange(n_series), lengths)
    step = np.arange(len(of_row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    level, slope, swing = rng.gamma(3, [[2000], [2], [200]], (3, n_series))
    season = np.sin(2 * np.pi * step / frequency.season)
    value = level[of_row] + slope[of_row] * step + swing[of_row] * season
    value += rng.normal(scale=100, size=len(value))
    return pd.DataFrame({"id": of_row, "step": step, "value": value.astype(np.float32)})


class PeakMemory(threading.Thread):
    """The most memory that the process itself held, in MB; none where no one says."""

    STATUS = Path("/proc/self/status")

    def __init__(self):
        super().__init__(daemon=True)
        self.at_first = self.peak = self.now()

    def now(self):
        """Without the pages of memory maps, which are the system's."""
        if not self.STATUS.exists():
            return np.nan
        lines = self.STATUS.read_text().splitlines()
        return next(int(x.split()[1]) / 1e3 for x in lines if x.startswith("RssAnon"))

    def run(self):
        while True:
            self.peak = max(self.peak, self.now())
            sleep(0.01)


def forecast(frequency, n_series, folder, n_epochs):
    """From a frame to a folder of forecasts; prints how long each step took."""
    frame = make_frame(frequency, n_series)
    n_rows, times = len(frame), [perf_counter()]
    names = {"id": "id", "time": "step", "target": "value"}
    store = store_panel(frame, folder / f"{frequency.name}.store", **names)
    del frame
    times.append(perf_counter())
    net = MLPForecaster(batch_size=1024, max_epochs=n_epochs, random_state=0)
    forecaster = SeriesForecaster(net, frequency.horizon, frequency.length)
    forecaster.fit(store)
    times.append(perf_counter())
    files = forecaster.forecast(to=folder / f"{frequency.name}.forecasts")
    times.append(perf_counter())
    n_out = files["n_rows"].sum()
    store_s, fit_s, forecast_s = np.diff(times)
    print(
        f"{frequency.name:10}{n_series:8,} series {n_rows:11,} rows: stored in "
        f"{store_s:5.1f} s, fitted in {fit_s:6.1f} s; {n_out:8,} forecasts, "
        f"{n_out / forecast_s:9,.0f} a second",
        flush=True,
    )
    return n_rows, n_out


def main(args=None):
    parser = argparse.ArgumentParser(description="Forecast a twin of the whole M4.")
    parser.add_argument("--series", type=int, default=N_SERIES, metavar="N")
    parser.add_argument("--folder", type=Path, metavar="PATH")
    parser.add_argument("--epochs", type=int, default=1, metavar="N")
    args = parser.parse_args(args)

    memory, began = PeakMemory(), perf_counter()
    memory.start()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(exist_ok=True, parents=True)
        done = [
            forecast(
                one, -(-one.n_series * args.series // N_SERIES), folder, args.epochs
            )
            for one in FREQUENCIES
        ]
    n_rows, n_out = np.sum(done, axis=0)
    took = perf_counter() - began
    print(
        f"{n_rows:,} rows in, {n_out:,} forecasts out, in {took:.0f} s: "
        f"{n_rows / took:,.0f} rows a second; peak memory "
        f"{memory.peak - memory.at_first:,.0f} MB over the imports"
    )


if __name__ == "__main__":
    main()
