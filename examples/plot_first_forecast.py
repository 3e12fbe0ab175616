"""
A first forecast
================

Forecast the sea surface temperature of the Pacific a year ahead, with a recurrent
network and with the seasonal naive forecast, and score both by cross-validation.
"""

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import TimeSeriesSplit, cross_validate

from sktorch_forecast import LSTMForecaster, NaiveForecaster, make_windows
from sktorch_forecast.datasets import load_elnino
from sktorch_forecast.metrics import mase_scorer

# %%
# From a series to samples
# ------------------------
# The series has one temperature per month. Each sample is an origin, a month from which
# we forecast: ``X`` holds the three years up to it, and ``y`` the year after it.

series = load_elnino()
horizon = 12
X, y = make_windows(series, horizon=horizon, length=36)
print(X)
print("X", X.shape, "y", y.shape)

# %%
# Cross-validation
# ----------------
# ``TimeSeriesSplit`` trains on the past and tests on the future. The gap leaves out the
# origins whose targets would reach into the test fold.
#
# The mean absolute scaled error (MASE) divides the error of a forecast by the error
# that the seasonal naive forecast makes within the window: smaller is better, and
# scikit-learn's scorers are negated so that greater is better.

cv = TimeSeriesSplit(n_splits=3, gap=horizon - 1)
models = {
    "seasonal naive": NaiveForecaster(seasonality=12),
    "LSTM": LSTMForecaster(hidden_size=16, random_state=0),
}
results = {
    name: cross_validate(
        model,
        X,
        y,
        cv=cv,
        scoring=mase_scorer(seasonality=12),
        return_estimator=True,
    )
    for name, model in models.items()
}
scores = pd.DataFrame(
    {name: -result["test_score"] for name, result in results.items()},
    index=[f"fold {i + 1}" for i in range(cv.n_splits)],
)
scores.loc["mean"] = scores.mean()
print(scores.round(3))

# %%
# These are only three folds and one seed. Run more of both before you call a model
# better.
#
# Forecast and truth
# ------------------
# The picture shows forecasts of the models of the last fold, at an origin that they
# were not trained on. The network takes raw temperatures and returns forecasts in
# degrees.

_, test = list(cv.split(X))[-1]
origin = test[len(test) // 2]
start = X.positions[origin]
window = series.iloc[start - 35 : start + 1]
truth = series.iloc[start + 1 : start + 1 + horizon]

fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
ax.plot(window, color="0.6", label="window")
ax.plot(truth, color="black", label="truth")
for name, result in results.items():
    forecast = result["estimator"][-1].predict(X[[origin]])[0]
    ax.plot(truth.index, forecast, "--", label=name)
ax.axvline(X.origins[origin], color="0.8", zorder=0)
ax.set_ylabel("sea surface temperature (°C)")
ax.set_title(f"Forecasts of {X.origins[origin]:%B %Y}, the vertical line")
fig.legend(loc="outside lower center", ncols=4)
plt.show()

# %%
# The error by step
# -----------------
# A single origin says little. Here is the mean absolute error over all origins of the
# last test fold, for each step of the horizon.

fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for name, result in results.items():
    errors = abs(result["estimator"][-1].predict(X[test]) - y[test]).mean(axis=0)
    ax.plot(range(1, horizon + 1), errors, marker="o", label=name)
ax.set_xlabel("step (months after the origin)")
ax.set_ylabel("mean absolute error (°C)")
ax.set_ylim(bottom=0)
ax.legend()
plt.show()
