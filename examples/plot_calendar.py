"""
Calendar features as covariates of the future
=============================================

The hour and the weekday are known for every future timestamp. As future covariates they
tell a network when the morning begins, whatever the window shows.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sktorch_forecast import CalendarFeatures, MLPForecaster, make_windows
from sktorch_forecast.model_selection import RollingOriginSplit

# %%
# The series is an hourly load over ten weeks, with a daily cycle and low weekends.

rng = np.random.default_rng(0)
hours = pd.date_range("2025-03-03", periods=70 * 24, freq="h", name="time")
load = 50 + 20 * np.sin((hours.hour - 8) * np.pi / 12) - 15 * (hours.day_of_week > 4)
frame = pd.DataFrame({"load": load + rng.normal(scale=2, size=len(hours))}, hours)

# %%
# The transformer reads the index. It returns sines and cosines, so that the end of a
# day or a week is close to its beginning.

calendar = CalendarFeatures(("hour", "dayofweek")).set_output(transform="pandas")
features = calendar.fit_transform(frame)
print(features.head(3).round(2).to_string())
frame = frame.join(features)

# %%
# A window of twelve hours does not show that tomorrow is Saturday. With the calendar as
# future covariates, the network knows.

horizon = 24
split = RollingOriginSplit(1, horizon=horizon, test_size=14 * 24)
models = {}
for name, future in {"without": None, "with the calendar": list(features)}.items():
    columns = ["load"] if future is None else ["load", *future]
    X, y = make_windows(
        frame[columns], horizon=horizon, length=12, target="load", future=future
    )
    train, test = next(split.split(X))
    network = MLPForecaster(max_epochs=30, random_state=0).fit(X[train], y[train])
    models[name] = network, X[test], y[test]
    error = np.abs(network.predict(X[test]) - y[test]).mean()
    print(f"{name}: mean absolute error {error:.2f}")

# %%
# Here are the forecasts from a Friday evening on:

fig, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
for name, (network, X_test, _) in models.items():
    origins = X_test.origins
    friday = np.flatnonzero((origins.day_of_week == 4) & (origins.hour == 20))[0]
    ahead = X_test[[friday]].future_index(horizon)
    ax.plot(ahead, network.predict(X_test[[friday]])[0], "--", label=name)
_, _, y_test = models["without"]  # the same for both
ax.plot(ahead, y_test[friday], color="black", label="truth")
ax.set_ylabel("load")
ax.legend()
plt.show()
