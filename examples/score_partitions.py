"""
Forecasts of a partitioned data set
===================================

Train one forecaster, save it, and forecast a folder of Parquet files with it: in one
process, and with Dask in several, a file at a time. A worker holds no more than its
file, whatever the size of the whole.

Run it with ``python examples/score_partitions.py``. The data are made here. If you have
a cluster of Dask, give its address; the folder must then be one that all of its
machines see under the same path:

    --folder PATH    where the files go (default partitions)
    --series N       series in all (default 100000)
    --parts N        files (default 50)
    --workers N      processes of Dask on this machine (default 2)
    --address URL    scheduler of a cluster, in the place of these processes
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from distributed import Client

from sktorch_forecast import MLPForecaster, SeriesForecaster, load

HORIZON, LENGTH, N_DAYS = 14, 56, 112
NAMES = {"id": "item", "time": "day", "target": "sales"}


def make_data(folder, n_series, n_parts):
    """Files of sales with a week in them, each of some of the series."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    days = pd.date_range("2026-01-01", periods=N_DAYS)
    week = np.sin(np.arange(N_DAYS) * 2 * np.pi / 7)
    for part, items in enumerate(np.array_split(np.arange(n_series), n_parts)):
        level = rng.gamma(5, 10, (len(items), 1))
        sales = level * (1 + 0.3 * week + 0.1 * rng.normal(size=(len(items), N_DAYS)))
        frame = pd.DataFrame(
            {
                "item": np.repeat(items, N_DAYS),
                "day": np.tile(days, len(items)),
                "sales": sales.astype(np.float32).ravel(),
            }
        )
        frame.to_parquet(folder / f"{part:05}.parquet")


def score(file, model, folder):
    """Forecast the series of one file into another; how many rows came out."""
    forecast = load(model).forecast(pd.read_parquet(file))
    # Whoever reads the folder meanwhile sees whole files alone.
    begun = folder / f".{file.name}"
    forecast.to_parquet(begun)
    begun.rename(folder / file.name)
    return len(forecast)


def in_one_process(files, *args):
    """Rows of all files."""
    return sum(score(file, *args) for file in files)


def with_dask(client, files, *args):
    """Rows of all files; a worker that is done with one gets the next."""
    return sum(
        client.gather(client.map(score, files, *[[a] * len(files) for a in args]))
    )


def main():
    parser = argparse.ArgumentParser(description="Forecast files, one at a time.")
    parser.add_argument("--folder", type=Path, default="partitions", metavar="PATH")
    parser.add_argument("--series", type=int, default=100_000, metavar="N")
    parser.add_argument("--parts", type=int, default=50, metavar="N")
    parser.add_argument("--workers", type=int, default=2, metavar="N")
    parser.add_argument("--address", metavar="URL")
    args = parser.parse_args()

    data, model = args.folder / "data", args.folder / "model.safetensors"
    make_data(data, args.series, args.parts)
    files = sorted(data.glob("*.parquet"))
    net = MLPForecaster(max_epochs=5, batch_size=256, random_state=0)
    forecaster = SeriesForecaster(net, HORIZON, LENGTH, **NAMES)
    forecaster.fit(pd.read_parquet(files[0])).save(model)

    # Processes of one thread each, if there is no address.
    local = {"n_workers": args.workers, "threads_per_worker": 1}
    local["dashboard_address"] = None
    with Client(args.address) if args.address else Client(**local) as client:
        client.run(load, model)  # imports take seconds
        ways = {
            "one process": in_one_process,
            "dask": lambda *args: with_dask(client, *args),
        }
        for name, way in ways.items():
            folder = args.folder / name.replace(" ", "-")
            folder.mkdir(exist_ok=True)
            began = perf_counter()
            n_rows = way(files, model, folder)
            rate = n_rows / (perf_counter() - began)
            print(f"{name:12} {n_rows:,} rows, {rate:,.0f} rows a second")


if __name__ == "__main__":
    main()
