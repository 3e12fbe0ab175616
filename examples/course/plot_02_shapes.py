"""
2. From one-to-one to many-to-many
==================================

The recurrence of :doc:`the first lesson <plot_01_recurrence>` can be laid out in
several ways: it may read one value or many, and write one or many. In this lesson you
learn the five layouts, and which estimator or parameter of the package gives you which.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from sktorch_forecast import (
    EncoderDecoderForecaster,
    MLPForecaster,
    RNNForecaster,
)
from sktorch_forecast.datasets import make_waves

N_SERIES, MAX_EPOCHS = 1000, 10

# %%
# Five layouts
# ------------
# Written as a function, the recurrence is
#
# .. math::
#
#    h_t = f(W_x x_t + W_h h_{t-1}), \qquad y_t = W_y h_t,
#
# with the input :math:`x_t`, the hidden state :math:`h_t` and the output :math:`y_t` of
# time step :math:`t`. In a layout, some of the inputs may be missing, and some of the
# outputs may be thrown away:
#
# - **One to one**: one input, one output, no recurrence. That is an ordinary
#   perceptron, :math:`y = W_y f(W_x x)`.
# - **One to many**: the first step has an input, and the network goes on from there.
#   Its output is usually fed back as the next input.
# - **Many to one**: the whole window is read, but only the last output counts.
# - **Many to many, aligned**: an output at every step, such as the forecast of the
#   next value.
# - **Many to many, delayed**: first the whole window is read, then the forecast is
#   written. The first half is called the *encoder*, the second the *decoder*.

STEPS = {  # layout: (steps with an input, steps with an output)
    "one to one": ([0], [0]),
    "one to many": ([0], [0, 1, 2]),
    "many to one": ([0, 1, 2], [2]),
    "many to many,\naligned": ([0, 1, 2], [0, 1, 2]),
    "many to many,\ndelayed": ([0, 1, 2], [3, 4]),
}

fig, axes = plt.subplots(
    1, 5, figsize=(11, 3), width_ratios=[2, 3, 3, 3, 5], layout="constrained"
)
style = {"arrowstyle": "->", "shrinkA": 9, "shrinkB": 9}
for ax, (layout, (inputs, outputs)) in zip(axes, STEPS.items()):
    n_steps = max(inputs + outputs) + 1
    for step in range(n_steps):
        ax.plot(step, 1, "s", color="tab:red", markersize=13)
        if step:
            ax.annotate("", (step, 1), (step - 1, 1), arrowprops=style)
    for step in inputs:
        ax.plot(step, 0, "s", color="tab:blue", markersize=13)
        ax.annotate("", (step, 1), (step, 0), arrowprops=style)
    for step in outputs:
        ax.plot(step, 2, "s", color="tab:green", markersize=13)
        ax.annotate("", (step, 2), (step, 1), arrowprops=style)
    ax.set(xlim=(-0.6, n_steps - 0.4), ylim=(-0.5, 2.5), title=layout)
    ax.axis("off")
for y, text in enumerate(["inputs", "states", "outputs"]):
    axes[0].text(-0.5, y, text, ha="right", va="center")
axes[0].set_xlim(-2, 0.6)
plt.show()

# %%
# The data
# --------
# As before, each series is a wave: 50 values to read, 10 to forecast.

series = make_waves(N_SERIES, 60, random_state=42)
X, y = series[:, :50], series[:, 50:]
train, test = slice(0, N_SERIES * 4 // 5), slice(N_SERIES * 4 // 5, None)
shared = {"normalize": None, "baseline": None, "random_state": 0}
shared |= {"lr": 0.01, "max_epochs": MAX_EPOCHS}

# %%
# One to one, and one to many
# ---------------------------
# Both see only one value, the last of the window. A perceptron turns it into a forecast
# of the next one. An :class:`~sktorch_forecast.EncoderDecoderForecaster` writes a
# forecast step by step, and feeds each of its outputs back as the input of the next
# step. On windows of length 1 this is one to many.

one = X[:, -1:]
one_to_one = MLPForecaster(**shared).fit(one[train], y[train, 0])
one_to_many = EncoderDecoderForecaster(**shared).fit(one[train], y[train])

# %%
# Many to one
# -----------
# This is what a recurrent forecaster does with a horizon of 1.

many_to_one = RNNForecaster(**shared).fit(X[train], y[train, 0])

# %%
# Many to many, aligned
# ---------------------
# With ``train_on="all_steps"`` the network is trained on its outputs at all time steps,
# each compared with the value that follows. ``predict`` returns only the last output,
# since it alone says something new. The others come from the network itself:

aligned = RNNForecaster(train_on="all_steps", **shared).fit(X[train], y[train, 0])

windows = torch.tensor(X[test][:, :, None], dtype=torch.float32)
with torch.no_grad():
    outputs = aligned.module_.network(windows, all_steps=True)
print(tuple(windows.shape), "->", tuple(outputs.shape))

# %%
# The axes of the output are windows, time steps, horizon, targets, and the numbers that
# describe a forecast, here only one. Below are the outputs for one wave, each drawn at
# the time that it forecasts. The first ones are poor, since the network has not read
# much yet.

fig, ax = plt.subplots(figsize=(8, 3), layout="constrained")
ax.plot(np.arange(1, 51), X[test][0], "k.-", label="$x_t$")
ax.plot(np.arange(2, 52), outputs[0].flatten(), "r.-", label="$y_{t-1}$, its forecast")
ax.set(xlabel="time step $t$")
ax.legend()
plt.show()

# %%
# Averaged over all test waves, the errors show how much it helps to read more.

by_step = np.mean((outputs[:, :-1].flatten(1).numpy() - X[test][:, 1:]) ** 2, axis=0)

fig, ax = plt.subplots(figsize=(8, 3), layout="constrained")
ax.semilogy(np.arange(1, 50), by_step)
ax.set(xlabel="values read", ylabel="mean squared error")
plt.show()

# %%
# Many to many, delayed
# ---------------------
# This is the same forecaster on whole windows. It has two networks with separate
# weights: the encoder reads the window, and the decoder goes on from the last state of
# the encoder.

delayed = EncoderDecoderForecaster(**shared).fit(X[train], y[train])

# %%
# Side by side
# ------------
# The first column has the errors of the *first* step, the second those of all ten. The
# naive forecast repeats the last value.


def error(forecast, truth):
    return np.mean((forecast - truth) ** 2)


first, all_ten = y[test, 0], y[test]
last = X[test][:, -1:]
errors = {
    "naive": (error(last[:, 0], first), error(last, all_ten)),
    "one to one": (error(one_to_one.predict(one[test]), first), None),
    "many to one": (error(many_to_one.predict(X[test]), first), None),
    "many to many, aligned": (error(aligned.predict(X[test]), first), None),
}
for name, model, windows in [
    ("one to many", one_to_many, one[test]),
    ("many to many, delayed", delayed, X[test]),
]:
    forecast = model.predict(windows)
    errors[name] = error(forecast[:, 0], first), error(forecast, all_ten)
for name, (one_step, ten_steps) in errors.items():
    ten_steps = "" if ten_steps is None else f"{ten_steps:.4f}"
    print(f"{name:22} {one_step:.4f}  {ten_steps}")

# %%
# From a single value nobody can tell whether a wave is rising or falling, so the two
# networks that see only one value do not beat the naive forecast at the first step.
# Those that read the whole window do, by far. Over ten steps even a single value is
# enough to beat it: the waves swing around zero, and the naive forecast does not know
# that.
#
# Exercises
# ---------
# 1. Which layout do you need to translate a sentence? To name what a picture shows? To
#    mark each word of a text as a noun, a verb and so on?
# 2. A network for one step was trained many to one. Show that it nevertheless has
#    outputs at all steps, and compare their errors with those of the aligned one.
# 3. The encoder-decoder of this lesson was trained for ten steps. How many more weights
#    would it have for a horizon of 20?
#
# Answers are at the end of the page. Next comes :doc:`plot_03_backpropagation`.
#
# Answers
# -------
# **1.** Translation is many to many, delayed: the first word of the translation may
# depend on the last one of the sentence. Naming a picture is one to one, and describing
# it in a sentence is one to many. Marking the words is many to many, aligned.
#
# **2.** The weights are the same at every step, so every state can be read out. The
# outputs before the last one were never trained, but they are still forecasts if the
# state means the same at all steps.

windows = torch.tensor(X[test][:, :, None], dtype=torch.float32)
with torch.no_grad():
    untrained = many_to_one.module_.network(windows, all_steps=True)
for step in (5, 20, 49):
    truth = X[test][:, step]
    of_one = error(untrained[:, step - 1].flatten().numpy(), truth)
    print(f"after {step:2} values: {of_one:.4f}, aligned {by_step[step - 1]:.4f}")

# %%
# **3.** None. The decoder has one output per step, whatever the number of steps. A
# recurrent network that writes the whole horizon at once has one output for each step,
# and its :math:`W_y` grows with the horizon.


def n_weights(model, horizon):
    model = model.set_params(max_epochs=1)
    model.fit(series[:50, :40], series[:50, 40 : 40 + horizon])
    return sum(w.numel() for w in model.module_.parameters())


for model in (EncoderDecoderForecaster(**shared), RNNForecaster(**shared)):
    counts = n_weights(model, horizon=10), n_weights(model, horizon=20)
    print(f"{type(model).__name__:25}", *counts)
