"""
What does the network add?
==========================

A ridge regression on the window is fitted in an instant and is better than many a
network, but not everywhere. By default a forecast is a weighted average of both, with
weights learned from the origins that the training holds back. This example asks what
the network adds.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sktorch_forecast import (
    GRUForecaster,
    NaiveForecaster,
    TabularForecaster,
    make_windows,
)
from sktorch_forecast.datasets import load_sunspots

# %%
# Two series
# ----------
# The first series is the yearly number of sunspots, and its 200 years are little to
# learn from. The second one cannot be forecast well by any linear map: it drops
# whenever it has risen above a threshold, like the water in a bucket that tips over
# when it is full.

sunspots = load_sunspots()
rng = np.random.default_rng(0)
bucket = np.zeros(2000)
for t in range(1, len(bucket)):
    rise = 0.3 if bucket[t - 1] < 2 else -3
    bucket[t] = bucket[t - 1] + rise + rng.normal(scale=0.1)

# %%
# With and without
# ----------------
# With ``baseline=None`` the network forecasts alone. With ``baseline="ridge"``, the
# default, it counts as far as it improves the forecasts at the held-back origins.

models = {
    "naive": NaiveForecaster(),
    "ridge": TabularForecaster(),
    "GRU alone": GRUForecaster(baseline=None, random_state=0),
    "GRU and ridge": GRUForecaster(random_state=0),
}
errors, shares = {}, {}
for name, series in {"sunspots": sunspots, "bucket": bucket}.items():
    X, y = make_windows(series, horizon=4, length=24)
    n_test = len(X) // 5
    n_train = len(X) - n_test - 3  # the gap keeps targets apart
    errors[name] = {
        key: np.abs(
            model.fit(X[:n_train], y[:n_train]).predict(X[-n_test:]) - y[-n_test:]
        ).mean()
        for key, model in models.items()
    }
    shares[name] = models["GRU and ridge"].linear_share_
errors = pd.DataFrame(errors).T
print((errors.div(errors["ridge"], axis=0)).round(2).to_string())

# %%
# ``linear_share_`` is the weight of the ridge regression. Where it is 1, the network
# has nothing to add and does not count.

print(pd.Series(shares, name="linear share").round(2).to_string())

# %%
# You can look at the regression: the left picture shows the weight of each timestamp of
# the window for each step of the horizon, in the units of the window.

baseline = models["GRU and ridge"].module_.baseline
weight = baseline.weight[0, :, : baseline.n_inputs]
bound = float(weight.abs().max())
fig, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
image = axes[0].imshow(weight, cmap="RdBu", vmin=-bound, vmax=bound, aspect="auto")
axes[0].set(
    title="What the network is weighed against on the bucket",
    xlabel="timestamps before the origin",
    ylabel="step of the horizon",
    xticks=range(23, -1, -4),
    xticklabels=range(0, 24, 4),
    yticks=range(4),
    yticklabels=range(1, 5),
)
fig.colorbar(image, ax=axes[0], label="weight")
errors.div(errors["ridge"], axis=0).plot.bar(ax=axes[1], rot=0, legend=False)
axes[1].axhline(1, color="0.5", linewidth=1, zorder=0)
axes[1].set(title="What it adds", ylabel="mean absolute error / that of ridge")
axes[1].legend(loc="upper right")
plt.show()
