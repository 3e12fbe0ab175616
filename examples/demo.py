"""
From cross-validation to a forecast
===================================

The main job from start to end: cross-validate, search, forecast, look at it.

Thirty years of weekly carbon dioxide at Mauna Loa, 13 weeks ahead. An LSTM in a
scikit-learn Pipeline is compared with two naive forecasts and with a ridge regression
on the same windows, which is what a network has to beat. Its window and its size are
searched, and the winner forecasts the last quarter of the record, which nothing before
has seen, with a band that is to hold 80 % of the truth.

Run it with ``make demo``, or ``python examples/demo.py``.
"""

import os
import sys
from pathlib import Path
from time import perf_counter

import matplotlib

matplotlib.use("Agg")  # a file is drawn, no screen is needed
import matplotlib.pyplot as plt
import pandas as pd
from joblib import parallel_config
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_validate
from sklearn.pipeline import make_pipeline

from sktorch_forecast import (
    ConformalForecaster,
    LSTMForecaster,
    NaiveForecaster,
    PretrainedForecaster,
    SlidingWindow,
    TabularForecaster,
    latest_windows,
    make_windows,
)
from sktorch_forecast.datasets import load_co2
from sktorch_forecast.metrics import mase_scorer

HORIZON, LENGTH, SEASON = 13, 104, 52
PICTURE = Path(sys.argv[0]).parent / "output" / "demo.png"

started = perf_counter()
series = load_co2()["1972":]
history, truth = series[:-HORIZON], series[-HORIZON:]
X, y = make_windows(history, horizon=HORIZON, length=LENGTH)
print(f"Weekly CO2, {len(series)} weeks. {X}\n", flush=True)

# Targets overlap, so training stops horizon - 1 origins before each test begins.
cv = TimeSeriesSplit(3, gap=HORIZON - 1)
scoring = {"mae": "neg_mean_absolute_error", "mase": mase_scorer(seasonality=SEASON)}
network = make_pipeline(
    SlidingWindow(LENGTH), LSTMForecaster(batch_size=64, max_epochs=40, random_state=0)
)
models = {
    "naive (last value)": NaiveForecaster(),
    "seasonal naive (52 weeks)": NaiveForecaster(seasonality=SEASON),
    "pretrained, no training": PretrainedForecaster(seasonality=SEASON),
    "ridge regression": TabularForecaster(Ridge()),
    "LSTM alone": clone(network).set_params(lstmforecaster__baseline=None),
    "LSTM beside ridge (the default)": network,
}
rows = {}
n_steps = len(models) + 1
for number, (name, model) in enumerate(models.items(), 1):
    print(f"[{number}/{n_steps}] cross-validating: {name}", flush=True)
    began = perf_counter()
    scores = cross_validate(model, X, y, cv=cv, scoring=scoring)
    rows[name] = {
        "MAE": -scores["test_mae"].mean(),
        "MASE": -scores["test_mase"].mean(),
        "time [s]": perf_counter() - began,
    }

grid = {"slidingwindow__length": [52, LENGTH], "lstmforecaster__hidden_size": [16, 32]}
print(
    f"[{n_steps}/{n_steps}] searching the length of the window and the size of the LSTM"
)
began = perf_counter()
search = GridSearchCV(network, grid, cv=cv, scoring=scoring, refit="mase", n_jobs=2)
with parallel_config(verbose=10):  # joblib tells how far it has come
    search.fit(X, y)
best = search.best_index_
rows["LSTM, best of the search"] = {
    "MAE": -search.cv_results_["mean_test_mae"][best],
    "MASE": -search.cv_results_["mean_test_mase"][best],
    "time [s]": perf_counter() - began,
}

table = pd.DataFrame.from_dict(rows, orient="index")
table["share of naive error"] = table["MAE"] / table["MAE"].iloc[0]
print(f"\nErrors over {cv.get_n_splits()} folds, MAE in ppm:")
formats = {"MAE": "{:.3f}", "MASE": "{:.3f}", "time [s]": "{:.1f}"}
formats["share of naive error"] = "{:.0%}"
print(table.to_string(formatters={k: f.format for k, f in formats.items()}))
print(f"Best parameters: {search.best_params_}")

latest = latest_windows(history, length=LENGTH)
forecast = search.predict(latest)[0]
# How far the truth lies from forecasts is learned from the last quarter of the origins,
# in a second fit that does not see them.
band = ConformalForecaster(search.best_estimator_, coverage=0.8).fit(X, y)
low, high = band.predict_interval(latest)[0].T
n_held = ((low <= truth) & (truth <= high)).sum()
error = abs(forecast - truth).mean()
naive_error = abs(history.iloc[-1] - truth).mean()
print(
    f"The last {HORIZON} weeks, seen by nothing above: MAE {error:.3f} ppm, "
    f"naive {naive_error:.3f} ppm; {n_held} of {HORIZON} weeks in the band of 80 %."
)

fig, ax = plt.subplots(figsize=(9, 4), layout="constrained")
history[-LENGTH:].plot(ax=ax, color="0.4", label="history")
truth.plot(ax=ax, color="black", label="truth", style=".-")
pd.Series(forecast, truth.index).plot(ax=ax, color="tab:red", label="LSTM forecast")
ax.fill_between(truth.index, low, high, color="tab:red", alpha=0.2, label="80 % band")
ax.axvline(history.index[-1], color="0.8", zorder=0)
ax.set(title="CO2 at Mauna Loa, forecast from one origin", ylabel="ppm", xlabel="")
ax.legend()
PICTURE.parent.mkdir(exist_ok=True)
fig.savefig(PICTURE, dpi=120)
print(f"Picture: {os.path.relpath(PICTURE)}")
print(f"Done in {perf_counter() - started:.0f} s.")
