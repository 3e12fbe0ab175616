"""
5. Several steps ahead
======================

So far a forecast was one value. In this lesson you learn three ways to forecast ten
values with a recurrent network (one step at a time, several values at once, and
training for all steps) and where each of them makes its errors.
"""

import matplotlib.pyplot as plt
import numpy as np

from sktorch_forecast import NaiveForecaster, RecursiveForecaster, RNNForecaster
from sktorch_forecast.datasets import make_waves

N_SERIES, MAX_EPOCHS = 2000, 15

# %%
# Three ways
# ----------
# Let :math:`x_1, \dots, x_T` be the window, :math:`h_t` the hidden state that has read
# it up to time step :math:`t`, and :math:`n` the number of steps to forecast, the
# **horizon**. A hat marks a forecast.
#
# **One step at a time.** The network is trained to forecast the next value,
# :math:`\hat x_{T+1} = W_y h_T`. Then its own forecast is the next input:
#
# .. math::
#
#    h_{T+1} = f(W_x \hat x_{T+1} + W_h h_T), \qquad \hat x_{T+2} = W_y h_{T+1},
#    \qquad \dots
#
# It can go as far as you like, but it also reads its own errors.
#
# **Several values at once.** :math:`W_y` has :math:`n` rows, and
# :math:`(\hat x_{T+1}, \dots, \hat x_{T+n}) = W_y h_T`. Nothing is fed back.
#
# **Training for all steps.** The network is the same, but during training it forecasts
# the next :math:`n` values at *every* time step of the window:
#
# .. math::
#
#    L = \frac{1}{T} \sum_{t=1}^{T} \lVert (x_{t+1}, \dots, x_{t+n}) - W_y h_t \rVert^2
#
# All targets but the last ones are in the window itself. There is more to learn from,
# and gradients enter at every step, so they have a shorter way to go. For the forecast
# only :math:`W_y h_T` counts, as before.

fig, axes = plt.subplots(1, 3, figsize=(11, 3.2), sharey=True, layout="constrained")
style = {"arrowstyle": "->", "shrinkA": 9, "shrinkB": 9}
fed_back = style | {"color": "tab:red", "linestyle": "--"}
titles = ["one step at a time", "several values at once", "training for all steps"]
for ax, title in zip(axes, titles):
    is_recursive = title == titles[0]
    for t in range(1, 7 if is_recursive else 5):
        ax.plot(t, 1, "o", color="0.4", markersize=12)
        if t > 1:
            ax.annotate("", (t, 1), (t - 1, 1), arrowprops=style)
        if t <= 4:
            ax.plot(t, 0, "s", color="tab:blue", markersize=10)
            ax.annotate("", (t, 1), (t, 0), arrowprops=style)
        else:
            ax.annotate("", (t, 1), (t - 1, 2), arrowprops=fed_back)
    for t in [4, 5, 6] if is_recursive else [4] if title == titles[1] else [1, 2, 3, 4]:
        for step in range(1 if is_recursive else 3):
            ax.plot(t, 2 + 0.35 * step, "s", color="tab:green", markersize=8)
        ax.annotate("", (t, 2), (t, 1), arrowprops=style)
    ax.set(xlim=(0.5, 6.5), ylim=(-0.4, 3), title=title)
    ax.axis("off")
plt.show()

# %%
# Blue squares are the window, circles the hidden states, green squares forecasts. The
# red arrows feed forecasts back.
#
# In the package
# --------------

series = make_waves(N_SERIES, 60, random_state=42)
X, y = series[:, :50], series[:, 50:]  # ten steps
train, test = slice(0, N_SERIES * 4 // 5), slice(N_SERIES * 4 // 5, None)


def network(**params):
    return RNNForecaster(
        hidden_size=20,
        num_layers=2,
        normalize=None,
        baseline=None,
        early_stopping=False,
        lr=0.005,
        clip_grad_norm=0.1,
        max_epochs=MAX_EPOCHS,
        random_state=0,
        **params,
    )


systems = {
    "naive": NaiveForecaster(),
    "one step at a time": RecursiveForecaster(network()),
    "several values at once": network(),
    "training for all steps": network(train_on="all_steps"),
}
forecasts, errors = {}, {}
for name, system in systems.items():
    forecasts[name] = system.fit(X[train], y[train]).predict(X[test])
    errors[name] = np.mean((forecasts[name] - y[test]) ** 2)
    print(f"{name:24}{errors[name]:.5f}")

# %%
# Where the errors are
# --------------------
# The first step is the easiest one. From there on, the errors of each system grow in a
# different way.

fig, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
for name, forecast in forecasts.items():
    by_step = np.mean((forecast - y[test]) ** 2, axis=0)
    ax.semilogy(range(1, 11), by_step, ".-", label=name)
    print(f"{name:24}step 1: {by_step[0]:.4f}, step 10: {by_step[-1]:.4f}")
ax.set(xlabel="step of the horizon", ylabel="mean squared error")
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
# A forecast of each
# ------------------

fig, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
ax.plot(range(31, 51), X[test][0, 30:], "0.6")
ax.plot(range(51, 61), y[test][0], "ko", label="what came")
for name, forecast in forecasts.items():
    ax.plot(range(51, 61), forecast[0], label=name)
ax.set(xlabel="time step")
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
# The network that goes one step at a time was trained only for the first step, and
# there it is as good as any. Then it reads its own errors, and by the tenth step it is
# the worst of the three. The network that forecasts several values at once is worse at
# the first step, since it has other things to learn as well, and better later. Training
# for all steps has the best of both: from the same data, the same network gets fifty
# times as many targets in each epoch.
#
# Exercises
# ---------
# 1. Let the recursive forecaster go 30 steps ahead. Series of 80 values contain the
#    true values.
# 2. A fourth way is one model for each step. Which scikit-learn estimator does this,
#    and what does it cost?
# 3. With ``train_on="all_steps"``, how many targets does a window of 50 values have
#    with a horizon of 10?
#
# Answers are at the end of the page. Next comes :doc:`plot_06_mc_dropout`.
#
# Answers
# -------
# **1.** ``horizon`` says how far to go, whatever the horizon of ``y`` was. The series
# of this data set cover the same time whatever their length, so 80 values are sampled
# more densely than 60, and the network has to be trained on such series.

longer = make_waves(N_SERIES // 2, 80, random_state=43)
part = slice(0, N_SERIES * 2 // 5), slice(N_SERIES * 2 // 5, None)
far = RecursiveForecaster(network(), horizon=30)
far.fit(longer[part[0], :50], longer[part[0], 50])
far_forecast = far.predict(longer[part[1], :50])
far_errors = np.mean((far_forecast - longer[part[1], 50:]) ** 2, axis=0)
for step in (1, 10, 20, 30):
    print(f"step {step:2}: {far_errors[step - 1]:.4f}")

# %%
# **2.** :class:`sklearn.multioutput.MultiOutputRegressor`, around any forecaster here.
# It trains ten networks, so it costs ten times as much, and none of them learns from
# the others.
#
# **3.** 500: ten values after each of the 50 time steps. The window and ``y`` joined
# have 60 values, so all of them are known.
