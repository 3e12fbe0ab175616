"""
Missing values, short series and new ones
=========================================

A typical panel: values are missing here and there, some series have just begun, and one
has no history at all. A network with ``missing="mask"`` takes it as it is.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sktorch_forecast import MLPForecaster, latest_windows, make_windows

# %%
# A panel with holes
# ------------------
# The panel has the daily sales of twelve shops, with a weekly rhythm and higher sales
# in large shops. A tenth of the values are missing. Two shops opened in the last month,
# and one opens tomorrow: it has a size, but no sales yet.

rng = np.random.default_rng(0)
days = pd.date_range("2025-01-01", periods=210, freq="D")
frames = []
for shop in range(12):
    size = 1 + shop % 4
    week = np.array([5, 5, 6, 6, 8, 12, 3])[days.day_of_week]
    sales = size * (week + rng.normal(scale=0.5, size=len(days)))
    sales[rng.random(len(days)) < 0.1] = np.nan
    first = {9: 190, 10: 200}.get(shop, 0)
    rows = {"shop": shop, "day": days[first:], "size": size, "sales": sales[first:]}
    frames.append(pd.DataFrame(rows))
panel = pd.concat(frames, ignore_index=True)
new = pd.DataFrame({"shop": [12], "day": days[-1:], "size": [4], "sales": [np.nan]})
print(panel.groupby("shop")["sales"].agg(["size", "count"]).T.to_string())

# %%
# Windows that begin before their series
# --------------------------------------
# ``missing="mask"`` lets missing values through as NaN. ``pad=True`` lets windows begin
# before their series, so that short series have samples, too. With a static covariate,
# even the origin before the very first timestamp is a sample.

roles = {"id": "shop", "time": "day", "target": "sales", "static": "size"}
X, y = make_windows(panel, horizon=7, length=28, missing="mask", pad=True, **roles)
print(X)
print(
    "share missing in X and y:",
    *np.isnan(np.asarray(X)).mean().round(2).ravel(),
    "",
    np.isnan(y).mean().round(2),
)

# %%
# A network that sees what is missing
# -----------------------------------
# The network reads missing values as zeros, along with a channel that says which values
# were observed; the loss leaves out missing targets.

network = MLPForecaster(missing="mask", normalize=None, max_epochs=40, random_state=0)
network.fit(X, y)
panel = pd.concat([panel, new], ignore_index=True)
latest = latest_windows(panel, length=28, missing="mask", pad=True, **roles)
forecast = pd.DataFrame(network.predict(latest), index=latest.ids)
print(forecast.round(0).to_string())

# %%
# A shop with a history, one of three weeks, and one without any
# --------------------------------------------------------------

fig, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained", sharey=True)
ahead = latest.future_index(7).get_level_values("day")[:7]
for ax, shop in zip(axes, (7, 9, 12)):
    sales = panel[panel["shop"] == shop].set_index("day")["sales"][-28:]
    ax.plot(sales, ".-", color="0.5", label="sales")
    if shop == 12:
        ahead = latest.future_index(7)[-7:].get_level_values("day")
    ax.plot(ahead, forecast.loc[shop], "o-", color="tab:red", label="forecast")
    ax.set_title(f"shop {shop}, {sales.count()} values")
    ax.tick_params(axis="x", rotation=45)
axes[0].legend()
plt.show()
