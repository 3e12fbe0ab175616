"""
6. How sure? Intervals by Monte Carlo dropout
=============================================

A forecast without an idea of its error is half a forecast. In this lesson you learn how
dropout, which was invented to improve training, also shows how unsure a network is;
what it leaves out; and how to check an interval.
"""

import matplotlib.pyplot as plt
import numpy as np

from sktorch_forecast import ConformalForecaster, LSTMForecaster
from sktorch_forecast.datasets import make_waves
from sktorch_forecast.metrics import coverage_score, mean_width

N_SERIES, MAX_EPOCHS = 2000, 15

# %%
# Dropout
# -------
# While a network is trained, each output :math:`h_i` of a layer is dropped with
# probability :math:`p`:
#
# .. math::
#
#    \tilde h_i = \frac{m_i}{1 - p} h_i, \qquad m_i = 0 \text{ with probability } p,
#    \text{ else } 1
#
# The factor :math:`1 / (1 - p)` keeps the mean the same. Different units are dropped in
# every training step, so no unit can rely on any other one. In effect, many networks
# that share their weights are trained at once.
#
# Usually nothing is dropped when the network forecasts. **Monte Carlo dropout** still
# drops units, and forecasts :math:`S` times:
#
# .. math::
#
#    \hat y = \frac{1}{S} \sum_{s=1}^{S} \hat y^{(s)},
#
# where :math:`\hat y^{(s)}` is the forecast with the :math:`s`-th draw of all
# :math:`m_i`. The mean is the forecast. The spread of the :math:`\hat y^{(s)}` shows
# how much the many networks disagree: **the doubt about the weights**.

rng = np.random.default_rng(1)
fig, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
for ax, title in zip(axes, ["all units", "pass $s = 1$", "pass $s = 2$"]):
    kept = np.ones(6) if title == "all units" else rng.random(6) > 0.3
    for unit in range(6):
        color = "0.3" if kept[unit] else "0.9"
        ax.plot([0, 1], [2.5, unit], color=color, zorder=0)
        ax.plot([1, 2], [unit, 2.5], color=color, zorder=0)
        face = "tab:blue" if kept[unit] else "white"
        ax.plot(1, unit, "o", markersize=14, color="0.3", markerfacecolor=face)
    ax.plot(0, 2.5, "s", markersize=14, color="0.3", markerfacecolor="white")
    ax.plot(2, 2.5, "s", markersize=14, color="0.3", markerfacecolor="tab:green")
    ax.set(title=title, xlim=(-0.3, 2.3), ylim=(-0.7, 5.7))
    ax.axis("off")
plt.show()

# %%
# In the package
# --------------
# ``dropout`` is :math:`p`. ``sample`` makes the forecasts :math:`\hat y^{(s)}`, and
# ``predict_interval`` returns the two quantiles that enclose their central part.

series = make_waves(N_SERIES, 60, random_state=42)
X, y = series[:, :50], series[:, 50:]
train, test = slice(0, N_SERIES * 4 // 5), slice(N_SERIES * 4 // 5, None)


def network(**params):
    return LSTMForecaster(
        hidden_size=20,
        dropout=0.1,
        normalize=None,
        baseline=None,
        lr=0.01,
        max_epochs=MAX_EPOCHS,
        random_state=0,
        **params,
    )


model = network().fit(X[train], y[train])
samples = model.sample(X[test], n_samples=50)  # (n_samples, n_windows, horizon)
interval = model.predict_interval(X[test], coverage=0.9)  # (n_windows, horizon, 2)
print(samples.shape, interval.shape)

fig, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
ax.plot(range(31, 51), X[test][0, 30:], "0.6")
ax.plot(range(51, 61), samples[:20, 0].T, color="tab:blue", alpha=0.3, linewidth=0.8)
ax.fill_between(range(51, 61), *interval[0].T, alpha=0.3, label="90 % interval")
ax.plot(range(51, 61), samples[:, 0].mean(axis=0), label="mean of the passes")
ax.plot(range(51, 61), y[test][0], "ko", label="what came")
ax.set(xlabel="time step")
ax.legend()
plt.show()

# %%
# Does it keep its promise?
# -------------------------
# An interval of coverage 0.9 should contain the true value in 90 of 100 cases. One
# picture cannot show this, but all test series together can. The **coverage** is the
# share of true values inside.

promised = coverage_score(y[test], interval)
print(f"Monte Carlo dropout: {promised:.0%} of the truth inside")

# %%
# Two kinds of doubt
# ------------------
# There are two reasons why a forecast can be wrong:
#
# - The weights may be wrong, since the network has seen only a limited number of
#   series. Dropout shows this doubt, which is also called *epistemic*.
# - The series has noise that no network can forecast (*aleatoric*). Dropout knows
#   nothing about it: it compares forecasts with each other, never with the true values.
#
# With ``loss="normal"`` the network forecasts a mean and a standard deviation, learned
# from its errors, and dropout is added to that, so the intervals include both kinds of
# doubt. A :class:`~sktorch_forecast.ConformalForecaster` takes a different approach. It
# keeps some series out of the training, measures how far the forecasts are off there,
# and makes its intervals as wide as that.

systems = {
    "Monte Carlo dropout": model,
    "with a normal distribution": network(loss="normal"),
    "conformal": ConformalForecaster(network()),
}
scores = {}
for name, system in systems.items():
    if system is not model:
        system.fit(X[train], y[train])
    band = system.predict_interval(X[test], coverage=0.9)
    scores[name] = coverage_score(y[test], band), mean_width(band)
    print(f"{name:28}{scores[name][0]:.0%} inside, width {scores[name][1]:.3f}")

# %%
# The intervals of Monte Carlo dropout alone cover far less than they promise, since
# they do not include the noise. The other two come close to 90 %. The conformal
# intervals are narrower than those of the normal distribution.
#
# Exercises
# ---------
# 1. Plot the coverage of Monte Carlo dropout against the nominal coverage, from 0.1 to
#    0.9.
# 2. How does the error of the mean of :math:`S` passes change with :math:`S`?
# 3. Does more dropout make the intervals right?
#
# Answers are at the end of the page. Next comes :doc:`plot_07_gates`.
#
# Answers
# -------
# **1.** All points should lie on the diagonal. The intervals of Monte Carlo dropout are
# quantiles of the passes, so there is no need to forecast again for each coverage.
# There is also a display for such plots:
# :class:`~sktorch_forecast.plotting.CoverageDisplay`.

nominal = np.arange(1, 10) / 10
fig, ax = plt.subplots(figsize=(4.5, 4), layout="constrained")
ends = np.quantile(samples, [(1 - nominal) / 2, (1 + nominal) / 2], axis=0)
inside = [np.mean((low <= y[test]) & (y[test] <= high)) for low, high in zip(*ends)]
ax.plot(nominal, inside, ".-", label="Monte Carlo dropout")
ax.plot([0, 1], [0, 1], "k:")
ax.set(xlabel="coverage asked for", ylabel="coverage")
ax.legend()
plt.show()

# %%
# **2.** It falls, quickly at first: the mean of :math:`S` passes has a sampling error
# with a variance proportional to :math:`1 / S`, on top of the error of the mean of
# infinitely many passes.

for n_passes in (1, 5, 50):
    mean = samples[:n_passes].mean(axis=0)
    print(f"{n_passes:2} passes: {np.mean((mean - y[test]) ** 2):.5f}")

# %%
# **3.** It makes them wider. But the width then depends on the dropout rate that you
# have chosen, and not on the errors that the network makes. And the forecasts
# themselves get worse. To get intervals that keep their promise, compare forecasts with
# true values, as the conformal forecaster does.
