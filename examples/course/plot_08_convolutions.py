"""
8. Convolutions in front, and instead
=====================================

A recurrent network reads one value at a time, so 50 values take 50 steps. In this
lesson you learn what a convolution is, how it shortens the sequence that a recurrent
network has to read, and how convolutions alone can look far back.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from sktorch_forecast import ConvRNNForecaster, GRUForecaster, WaveNetForecaster
from sktorch_forecast.datasets import make_waves

N_SERIES, MAX_EPOCHS = 2000, 15

# %%
# A convolution
# -------------
# A convolution slides a short row of weights along the series and computes a weighted
# sum at each place:
#
# .. math::
#
#    z_t = b + \sum_{k=0}^{K-1} w_k \, x_{t - d k}
#
# - :math:`x_t` is the series, :math:`z_t` the output at time step :math:`t`.
# - :math:`w_0, \dots, w_{K-1}` are the weights, together called a **filter**; :math:`K`
#   is the **kernel size**, :math:`b` a bias. A layer has several filters, and thus
#   several outputs at each step.
# - :math:`d` is the **dilation**, the distance between the values that are combined,
#   usually 1.
#
# The convolution is **causal**: no output depends on later values. With a **stride** of
# :math:`s`, only every :math:`s`-th output is computed.
#
# In front of a recurrent network
# -------------------------------
# With a kernel size of 4 and a stride of 2, the convolution combines four values at a
# time and turns 50 steps into 25. The recurrent network has half as many steps to read,
# and its gradients have half as many to go back.

fig, ax = plt.subplots(figsize=(9, 3), layout="constrained")
style = {"arrowstyle": "->", "shrinkA": 7, "shrinkB": 7, "color": "0.4"}
for t in range(1, 13):
    ax.plot(t, 0, "s", color="tab:blue", markersize=9)
for step, t in enumerate(range(4, 13, 2)):
    ax.plot(t, 1, "D", color="tab:orange", markersize=9)
    ax.plot(t, 2, "o", color="0.4", markersize=11)
    for k in range(4):
        ax.annotate("", (t, 1), (t - k, 0), arrowprops=style)
    ax.annotate("", (t, 2), (t, 1), arrowprops=style)
    if step:
        ax.annotate("", (t, 2), (t - 2, 2), arrowprops=style)
for height, text in enumerate(["series $x_t$", "convolution $z_t$", "state $h_t$"]):
    ax.text(0.3, height, text, ha="right", va="center")
ax.set(xlim=(-1.5, 12.5), ylim=(-0.4, 2.4), title="Kernel size 4, stride 2")
ax.axis("off")
plt.show()

# %%
# Instead of a recurrent network
# ------------------------------
# Convolutions on top of each other look further back. If the dilation doubles from
# layer to layer, the **receptive field**, which is the part of the series that the last
# output sees, doubles as well:
#
# .. math::
#
#    R = 1 + (K - 1) \sum_l d_l
#
# where :math:`d_l` is the dilation of layer :math:`l`. Four layers with :math:`K = 2`
# and dilations 1, 2, 4, 8 see 16 values. This is the network called WaveNet, which also
# has gates like those of an LSTM between its convolutions.

fig, ax = plt.subplots(figsize=(9, 3), layout="constrained")
seen = {16}
for layer, dilation in [(4, 8), (3, 4), (2, 2), (1, 1)]:
    for t in seen:
        for source in (t, t - dilation):
            ax.plot([source, t], [layer - 1, layer], color="tab:red", zorder=0)
    seen |= {t - dilation for t in seen}
for layer in range(5):
    ax.plot(range(1, 17), [layer] * 16, "o", color="0.4", markersize=8)
    name = "series" if layer == 0 else f"dilation {2 ** (layer - 1)}"
    ax.text(0.4, layer, name, ha="right", va="center")
ax.set(xlim=(-1.5, 16.5), ylim=(-0.4, 4.4), title="What the last output sees")
ax.axis("off")
plt.show()

# %%
# Train them
# ----------
# The task is again ten steps ahead, trained at all time steps (with a stride, at every
# second one), as in the lessons before.

series = make_waves(N_SERIES, 60, random_state=42)
X, y = series[:, :50], series[:, 50:]
train, test = slice(0, N_SERIES * 4 // 5), slice(N_SERIES * 4 // 5, None)
shared = {"normalize": None, "baseline": None, "early_stopping": False}
shared |= {"max_epochs": MAX_EPOCHS, "train_on": "all_steps", "random_state": 0}
systems = {
    "GRU": GRUForecaster(hidden_size=20, lr=0.01, **shared),
    "ConvRNN": ConvRNNForecaster(
        cell="gru",
        n_filters=20,
        kernel_size=4,
        stride=2,
        hidden_size=20,
        lr=0.01,
        **shared,
    ),
    "WaveNet": WaveNetForecaster(
        n_filters=16, dilations=(1, 2, 4, 8, 16), lr=0.003, **shared
    ),
}
errors = {"naive": np.mean((X[test][:, -1:] - y[test]) ** 2)}
for name, system in systems.items():
    forecast = system.fit(X[train], y[train]).predict(X[test])
    errors[name] = np.mean((forecast - y[test]) ** 2)
for name, error in errors.items():
    print(f"{name:8}{error:.5f}")

# %%
# The convolution in front makes the GRU better, although it is the same GRU and reads
# only half as many steps. The WaveNet, without any recurrence, lies between the two.
#
# What the forecast sees
# ----------------------
# The gradient of a forecast with respect to a value of the window is zero if the
# network does not see that value. So you can count the receptive field.

windows = torch.tensor(X[test][:, :, None], dtype=torch.float32, requires_grad=True)
receptive_field = {}
for name, system in systems.items():
    windows.grad = None
    system.module_.network(windows).sum().backward()
    influence = windows.grad.abs().mean(dim=0).flatten()
    receptive_field[name] = int(torch.count_nonzero(influence))
    print(f"{name:8}{receptive_field[name]} of 50 values")
print("WaveNet, by the formula:", 1 + (2 - 1) * (1 + 2 + 4 + 8 + 16))

# %%
# What a filter looks for
# -----------------------
# These are filters of the trained ConvRNN, oldest value first. One that rises from
# negative to positive weights measures the slope; one with weights of the same sign
# measures the level.

filters = systems["ConvRNN"].module_.network.conv.weight.detach().numpy()[:, 0]

fig, axes = plt.subplots(2, 5, figsize=(9, 3), sharex=True, sharey=True)
for ax, weights in zip(axes.flat, filters):
    ax.bar(range(4), weights)
    ax.axhline(0, color="black", linewidth=0.8)
fig.suptitle("Ten of the filters")
plt.show()

# %%
# Exercises
# ---------
# 1. Compute one output of the convolution of the ConvRNN by hand.
# 2. Which dilations let a WaveNet with kernel size 2 see all 50 values? And how many
#    layers would it take without dilation?
# 3. A stride of 2 halves the number of steps. What does it cost, besides detail?
#
# Answers are at the end of the page. Next comes :doc:`plot_09_table`.
#
# Answers
# -------
# **1.** Multiply the weights by the values, and add the bias. Torch orders the weights
# from the oldest value to the newest.

conv = systems["ConvRNN"].module_.network.conv
values = X[test][0, :4]
by_hand = filters[0] @ values + conv.bias[0].item()
with torch.no_grad():
    of_torch = conv(torch.tensor(values[None, None], dtype=torch.float32))[0, 0, 0]
print(f"by hand {by_hand:.6f}, by torch {of_torch.item():.6f}")

# %%
# **2.** The dilations 1, 2, 4, 8, 16 and 32, which are the default, see 64 values.
# Without dilation each layer adds one value, so 49 layers would see 50.
#
# **3.** With ``train_on="all_steps"`` there are half as many steps to learn from: a
# forecast is made only at every second time step.
