"""
ETTh1: ridge regressions and networks on the same windows
=========================================================

The hourly oil temperature and six loads of an electricity transformer [1]_, on which
long-horizon networks are compared; here with the numbers of DLinear and NLinear [2]_,
PatchTST [3]_ and SparseTSF [4]_. The seven channels are a panel of series, forecast 96
and 336 hours ahead.

The protocol is the usual one: the first 8,640 hours train, the next 2,880 validate, the
next 2,880 test; channels are standardized by the training part, and the mean squared
and absolute errors are over every test window. The penalty of each ridge regression is
the best one on the validation part, and so are the lengths of the windows, which
``--validate`` shows (a little too good there, for that reason). All models learn from
the training part alone. None of them is picked: the last row is the mean of all
forecasts but the naive one, each counted once, a network by the mean of its seeds.

Run it with ``make ett``, or ``python examples/ett.py``:

    --horizons N...  forecast horizons (default: 96 336)
    --seeds N        train the networks from N seeds; errors are means, with the spread
    --validate       errors on the validation part instead of the test part
    --json FILE      write the results for machines, too

The file is the one in ``../shared/data`` beside the repository, if it is there; else it
is downloaded, which needs ``pip install "sktorch-forecast[fetch]"``.

References
----------
.. [1] H. Zhou et al. (2021), Informer: Beyond Efficient Transformer for Long Sequence
   Time-Series Forecasting. AAAI.
.. [2] A. Zeng et al. (2023), Are Transformers Effective for Time Series Forecasting?
   AAAI.
.. [3] Y. Nie et al. (2023), A Time Series is Worth 64 Words. ICLR.
.. [4] S. Lin et al. (2024), SparseTSF: Modeling Long-term Time Series Forecasting with
   1k Parameters. ICML; numbers as corrected by the authors.
"""

import argparse
import json
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, mean_squared_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sktorch_forecast import (
    ConvRNNForecaster,
    EnsembleForecaster,
    MLPForecaster,
    NaiveForecaster,
    SlidingWindow,
    TabularForecaster,
    make_windows,
)
from sktorch_forecast.datasets import fetch_ett
from sktorch_forecast.model_selection import RollingOriginSplit

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "ETTh1.csv"
TRAIN, VALID, TEST = 8640, 11_520, 14_400  # where the parts end

# Mean squared errors by horizon.
PUBLISHED = {
    "DLinear": {96: 0.375, 336: 0.439},
    "NLinear": {96: 0.374, 336: 0.429},
    "PatchTST": {96: 0.370, 336: 0.422},
    "SparseTSF, corrected": {96: 0.362, 336: 0.434},
}
ALPHAS = [100.0, 1000.0, 10_000.0, 100_000.0]
# name: (length of the window, model)
RIDGES = {
    f"ridge, window {length}, normalize={kind!r}": (
        length,
        TabularForecaster(Ridge(), normalize=kind),
    )
    for length in (336, 512)
    for kind in ("window", "mean", "last")
}
LINEAR = MLPForecaster(
    hidden_layer_sizes=(),
    baseline=None,
    normalize="last",
    lr=0.001,
    batch_size=256,
    max_epochs=15,
    n_iter_no_change=4,
)
CONV_RNN = ConvRNNForecaster(
    baseline=None,
    normalize="mean",
    kernel_size=24,
    stride=24,
    n_filters=64,
    hidden_size=64,
    dropout=0.2,
    lr=0.001,
    batch_size=256,
    max_epochs=20,
    n_iter_no_change=4,
)
# name: (length of the window, model, every how many-th origin trains)
NETWORKS = {
    "linear network, window 336": (336, LINEAR, 1),
    "ConvRNN, window 336": (336, CONV_RNN, 4),
    "ConvRNN, window 512": (512, CONV_RNN, 4),
}


def standardized():
    """All channels in units of their deviation in the training part."""
    frame = fetch_ett(path=DATA if DATA.exists() else None).frame[:TEST]
    train = frame[:TRAIN]
    return (frame - train.mean()) / train.std(ddof=0)


def windows(frame, horizon, length, begin, end):
    """Samples whose targets lie between two rows; windows reach back before them."""
    part = frame[max(begin - length, 0) : end]
    return make_windows(part, horizon=horizon, length=length, id="columns")


def with_best_alpha(model, frame, horizon, length):
    """The ridge with the penalty that is best on the validation part, unfitted."""
    X, y = windows(frame, horizon, length, 0, VALID)
    # One split: the origins of `windows` in the training and in the validation part.
    n_valid = VALID - TRAIN - horizon + 1
    search = GridSearchCV(
        model,
        {"estimator__alpha": ALPHAS},
        cv=RollingOriginSplit(1, horizon=horizon, test_size=n_valid),
        scoring="neg_mean_squared_error",
        refit=False,
    ).fit(X, y)
    return clone(model).set_params(**search.best_params_)


def trained(model, frame, horizon, length, every=1):
    """A model of the training part, for windows of this length or longer ones."""
    X, y = windows(frame, horizon, length, 0, TRAIN)
    model = FrozenEstimator(model.fit(X[::every], y[::every]))
    return make_pipeline(SlidingWindow(length), model)


def rows(frame, horizon, begin, end, seeds):
    """Mean squared and absolute errors of every model, and its seconds."""
    longest = max(length for length, *_ in [*RIDGES.values(), *NETWORKS.values()])
    X_train, y_train = windows(frame, horizon, longest, 0, TRAIN)
    X_test, y_test = windows(frame, horizon, longest, begin, end)

    def row(name, models, seconds):
        # Nothing but the length of the windows is left to fit.
        forecasts = [m.fit(X_train, y_train).predict(X_test) for m in models]
        errors = [
            (mean_squared_error(y_test, f), mean_absolute_error(y_test, f))
            for f in forecasts
        ]
        mse, mae = np.mean(errors, axis=0)
        spread = np.ptp([mse for mse, _ in errors]) if len(errors) > 1 else None
        return {"model": name, "MSE": mse, "MAE": mae, "spread": spread, "s": seconds}

    began = perf_counter()
    naive = trained(NaiveForecaster(seasonality=24), frame, horizon, 24)
    yield row("seasonal naive", [naive], perf_counter() - began)
    members, weights, total_seconds = [], [], 0.0
    for name, (length, model) in RIDGES.items():
        began = perf_counter()
        model = with_best_alpha(model, frame, horizon, length)
        members.append((name, trained(model, frame, horizon, length)))
        weights.append(1)
        seconds = perf_counter() - began
        yield row(f"{name}, alpha={model.estimator.alpha:g}", [members[-1][1]], seconds)
        total_seconds += seconds
    for name, (length, model, every) in NETWORKS.items():
        began = perf_counter()
        models = [
            trained(
                clone(model).set_params(random_state=seed),
                frame,
                horizon,
                length,
                every,
            )
            for seed in range(seeds)
        ]
        members += [(f"{name}, seed {seed}", m) for seed, m in enumerate(models)]
        weights += [1 / seeds] * seeds
        seconds = perf_counter() - began
        yield row(name, models, seconds / seeds)
        total_seconds += seconds
    ensemble = EnsembleForecaster(members, weights)
    yield row(f"mean of these {sum(weights):.0f}", [ensemble], total_seconds)


def main():
    parser = argparse.ArgumentParser(description="Forecast the ETTh1 series.")
    parser.add_argument("--horizons", nargs="+", type=int, default=[96, 336])
    parser.add_argument("--seeds", type=int, default=1, metavar="N")
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    frame = standardized()
    begin, end = (TRAIN, VALID) if args.validate else (VALID, TEST)
    results = {}
    for horizon in args.horizons:
        part = "validation" if args.validate else "test"
        print(f"\nETTh1, horizon {horizon}, {part} part, {args.seeds} seed(s)")
        for name, errors in PUBLISHED.items():
            if horizon in errors and not args.validate:
                print(f"  {name:51} MSE {errors[horizon]:.3f}  (published)")
        results[horizon] = []
        for row in rows(frame, horizon, begin, end, args.seeds):
            results[horizon].append(row)
            spread = "" if row["spread"] is None else f"  spread {row['spread']:.4f}"
            print(
                f"  {row['model']:51} MSE {row['MSE']:.4f}  MAE {row['MAE']:.4f}  "
                f"{row['s']:.0f} s{spread}",
                flush=True,
            )
    if args.json:
        frames = {h: pd.DataFrame(r).to_dict("records") for h, r in results.items()}
        args.json.write_text(json.dumps(frames, indent=2) + "\n")


if __name__ == "__main__":
    main()
