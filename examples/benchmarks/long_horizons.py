"""A linear network beside a ridge regression, up to 720 hours ahead.

``MLPForecaster(hidden_layer_sizes=())`` is linear as the regression is, so it has no
excuse to be worse. Both see the same windows of 336 hours and learn from the same
origins, one series at a time: the seven of ETTh1, and three synthetic ones of the same
length, which are split as it is in ``examples/ett.py`` and standardized by their
training part, too. Both learn from the training and the validation part together; the
network holds back the end of it to stop by. Errors are mean squared ones over all
windows of the test part.

Run it with ``python examples/benchmarks/long_horizons.py``:

    --series NAME     "etth1" or names of synthetic ones (default: all)
    --horizons N      several numbers may follow (default 96 336 720)
    --seeds N         train the network from N seeds (default 3); errors are means
    --twins N         draw each synthetic series from N seeds (default 3)
    --normalize KIND  of both (default "window")

The series are read from where ``examples/ett.py`` finds them.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import lfilter
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import ett

from sktorch_forecast import MLPForecaster, TabularForecaster

N, DAY, WEEK, LENGTH = 17_420, 24, 168, 336


def noisy(rng):
    """Seasons whose size drifts, a level that wanders but comes back, and noise."""
    day = _season(rng, DAY, 3) * (1 + 0.3 * _returning(rng, 0.999))
    week = 0.7 * _season(rng, WEEK, 4) * (1 + 0.3 * _returning(rng, 0.999))
    return day + week + 1.2 * _returning(rng, 0.998) + 0.6 * rng.standard_normal(N)


def walking(rng):
    """A daily season on a random walk, which nobody can forecast far ahead."""
    walk = 0.05 * rng.standard_normal(N).cumsum()
    return walk + _season(rng, DAY, 3) + 0.5 * _returning(rng, 0.9)


def smooth(rng):
    """The load of a town: hours and days multiply, the year swings, errors linger."""
    day, week = _season(rng, DAY, 2), _season(rng, WEEK, 2)
    year = np.cos(2 * np.pi * np.arange(N) / 8766 + rng.uniform(0, 2 * np.pi))
    load = 10 + 2 * year + (1.5 + 0.4 * year) * day * (1 + 0.2 * week) + week
    return load + 0.7 * _returning(rng, 0.99)


TWINS = {"noisy": noisy, "walking": walking, "smooth": smooth}


def _season(rng, period, n_waves):
    """Waves of a random phase, the k-th one k times as small, with a variance of 1."""
    angle = 2 * np.pi * np.arange(N)[:, np.newaxis] * np.arange(1, n_waves + 1) / period
    phases = rng.uniform(0, 2 * np.pi, n_waves)
    season = (np.cos(angle + phases) / np.arange(1, n_waves + 1)).sum(axis=1)
    return season / season.std()


def _returning(rng, rho):
    """An AR(1) process with a variance of 1."""
    steps = np.sqrt(1 - rho**2) * rng.standard_normal(N)
    return lfilter([1], [1, -rho], steps, zi=[rho * rng.standard_normal()])[0]


def frame_of(name, n_twins):
    """Standardized series, one a column."""
    if name == "etth1":
        return ett.standardized()
    columns = {
        f"{name} {seed}": TWINS[name](
            np.random.default_rng([list(TWINS).index(name), seed])
        )
        for seed in range(n_twins)
    }
    frame = pd.DataFrame(columns)[: ett.TEST]
    train = frame[: ett.TRAIN]
    return (frame - train.mean()) / train.std(ddof=0)


def errors(series, horizon, normalize, n_seeds):
    """Squared errors of the regression and the network, and its linear shares."""
    train = ett.windows(series, horizon, LENGTH, 0, ett.VALID)
    X_test, y_test = ett.windows(series, horizon, LENGTH, ett.VALID, ett.TEST)

    def error(model):
        return mean_squared_error(y_test, model.fit(*train).predict(X_test))

    ridge = error(TabularForecaster(Ridge(), normalize=normalize))
    networks = [
        MLPForecaster(hidden_layer_sizes=(), normalize=normalize, random_state=seed)
        for seed in range(n_seeds)
    ]
    of_seeds = [error(network) for network in networks]
    share = np.mean([network.linear_share_ for network in networks])
    return {"ridge": ridge, "network": np.mean(of_seeds)} | {
        "spread": np.ptp(of_seeds),
        "baseline's share": share,
    }


def main():
    names = ["etth1", *TWINS]
    parser = argparse.ArgumentParser(description="Judge the linear network far ahead.")
    parser.add_argument("--series", nargs="+", choices=names, default=names)
    parser.add_argument("--horizons", nargs="+", type=int, default=[96, 336, 720])
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--twins", type=int, default=3, metavar="N")
    parser.add_argument("--normalize", default="window", metavar="KIND")
    args = parser.parse_args()
    for name in args.series:
        frame = frame_of(name, args.twins)
        for horizon in args.horizons:
            rows = {
                column: errors(frame[[column]], horizon, args.normalize, args.seeds)
                for column in frame
            }
            table = pd.DataFrame.from_dict(rows, orient="index")
            table.loc["mean"] = table.mean()
            table["ratio"] = table["network"] / table["ridge"]
            print(f"\n{name}, horizon {horizon}\n{table.round(4)}", flush=True)


if __name__ == "__main__":
    main()
