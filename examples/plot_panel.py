"""
Many series at once
===================

Forecast the sales of twenty stores with one network that knows the prices and holidays
of the days to come, and see in a backtest what this knowledge is worth.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone

from sktorch_forecast import MLPForecaster, NaiveForecaster, SeriesForecaster

# %%
# A panel
# -------
# Sales have a weekly rhythm and a level that wanders. Stores set their prices in
# advance, for four days at a time. A lower price raises the sales, in small stores more
# than in large ones. On holidays, all stores sell half as much. Each store opened on a
# different day.

rng = np.random.default_rng(0)
days = pd.date_range("2023-01-01", "2024-06-30", name="day")
is_holiday = pd.Series(rng.random(len(days)) < 0.05, index=days)


def store(number):
    """The days of one store, as rows."""
    opened = rng.integers(0, 200)
    open_days = days[opened:]
    size = rng.uniform(1, 5)
    offers = rng.random(len(open_days) // 4 + 1) < 0.2
    price = np.where(np.repeat(offers, 4)[: len(open_days)], 0.8, 1.0)
    holiday = is_holiday[open_days].to_numpy(float)
    week = 1 + 0.3 * np.sin(2 * np.pi * open_days.day_of_week / 7 + rng.uniform(0, 6))
    level = 20 * size * np.exp(np.cumsum(rng.normal(0, 0.02, len(open_days))))
    sales = level * week * (1 - 0.5 * holiday) * price ** (-4 / size)
    sales *= np.exp(rng.normal(0, 0.05, len(open_days)))
    return pd.DataFrame(
        {
            "store": f"store {number}",
            "day": open_days,
            "sales": sales,
            "price": price,
            "holiday": holiday,
            "size": size,
        }
    )


panel = pd.concat([store(number) for number in range(20)], ignore_index=True)
print(panel.groupby("store", sort=False)["day"].agg(["min", "max", "count"]).head(3))

# %%
# One network for all
# -------------------
# ``SeriesForecaster`` takes the frame as it is, once it knows the roles of the columns,
# and makes the windows itself: here it reads four weeks to forecast two. With a
# distribution as its loss, the network also says how sure it is.

horizon = 14
model = SeriesForecaster(
    MLPForecaster(loss="normal", max_epochs=20, random_state=0),
    horizon=horizon,
    length=28,
    id="store",
    time="day",
    target="sales",
    future=["price", "holiday"],
    static="size",
)

# %%
# Two weeks ahead
# ---------------
# Sales are known until the middle of June. The prices and holidays of the two weeks
# after that are passed as ``X_future``. The index of the forecast has the stores and
# the days.

last_day = pd.Timestamp("2024-06-16")
known, ahead = panel[panel["day"] <= last_day], panel[panel["day"] > last_day]
model.fit(known)
plans = ahead[["store", "day", "price", "holiday"]]
forecast = model.forecast(X_future=plans, coverage=0.9)
print(forecast.head(3).round(1))

# %%
# What if no store made an offer?

what_if = model.forecast(X_future=plans.assign(price=1.0))

name = "store 0"
sales = panel.set_index(["store", "day"]).loc[name, "sales"]
ours = forecast.loc[name]
fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
ax.plot(sales["2024-05-20":last_day], color="0.6", label="known")
ax.plot(sales[last_day:], color="black", label="truth")
ax.plot(ours["sales"], label="forecast")
ax.fill_between(
    ours.index, ours["sales_lower_90"], ours["sales_upper_90"], alpha=0.2, label="90 %"
)
ax.plot(what_if.loc[name, "sales"], "--", label="forecast without offers")
ax.axvline(last_day, color="0.8", zorder=0)
ax.tick_params("x", rotation=20)
ax.set_ylabel("sales")
ax.set_title(f"Forecast of {name}")
fig.legend(loc="outside lower center", ncols=5)
plt.show()

# %%
# A backtest
# ----------
# Now forecast from each of the last 28 days that are followed by two weeks of known
# sales. By default there is one fit, on the data known at the first of these days, and
# all forecasts are made together. For comparison, there are the same network without
# plans and sizes, and the forecast that repeats the last week.

blind = clone(model).set_params(future=None, static=None)
weekly = clone(blind).set_params(estimator=NaiveForecaster(seasonality=7))
models = {"network": model, "network without plans": blind, "last week again": weekly}
results = {name: m.backtest(panel, n_origins=28) for name, m in models.items()}
print(results["network"].head(3))

# %%
# The result has a row for each store, origin and step, so you can compute any error
# with pandas: here the mean absolute error, relative to the mean sales.

fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for name, result in results.items():
    errors = (result["forecast"] - result["y"]).abs() / result["y"].mean()
    print(f"{name}: {errors.mean():.1%}")
    ax.plot(errors.groupby(result["step"]).mean(), marker="o", label=name)
ax.set_xlabel("step (days after the origin)")
ax.set_ylabel("mean absolute error / mean sales")
ax.set_ylim(bottom=0)
ax.legend()
plt.show()

# %%
# New sales come in every day: ``model.update(new_rows)`` adds them to the history
# without a new fit, and the next ``model.forecast()`` begins where they end.
