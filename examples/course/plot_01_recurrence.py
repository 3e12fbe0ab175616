"""
1. What a recurrent network is
==============================

A recurrent network reads a series one time step at a time, and carries a memory of what
it has read from each step to the next.

In this lesson you learn what this memory is, how it is computed, and that a whole
recurrent network takes five lines of NumPy. Then you check that an
:class:`~sktorch_forecast.RNNForecaster` computes the very same numbers.
"""

import matplotlib.pyplot as plt
import numpy as np

from sktorch_forecast import RNNForecaster
from sktorch_forecast.datasets import make_waves

N_SERIES, MAX_EPOCHS = 1000, 10

# %%
# Two equations
# -------------
# At every time step :math:`t` the network computes
#
# .. math::
#
#    h_t = f(W_x x_t + W_h h_{t-1} + b), \qquad y_t = W_y h_t + c
#
# - :math:`x_t` is the input of the step: the values of the series at time :math:`t`,
#   one for each of its :math:`C` channels.
# - :math:`h_t` is the **hidden state**: :math:`H` numbers, the memory of the network.
#   Before the first step it is zero, :math:`h_0 = 0`.
# - :math:`y_t` is the output of the step, for example the forecast of
#   :math:`x_{t+1}`.
# - :math:`W_x` (:math:`H` rows, :math:`C` columns), :math:`W_h` (:math:`H` by
#   :math:`H`) and :math:`W_y` (a row for each output) are the weights, and :math:`b`
#   and :math:`c` the biases. Training finds them. Many texts leave the biases out, and
#   so do we from the next lesson on.
# - :math:`f` is a nonlinear function that is applied to each number by itself, usually
#   the hyperbolic tangent.
#
# The first equation is the whole idea. The new state depends on the input *and on the
# old state*, which depended on the input before, and so on back to the first step. And
# the equation is the same, with the same weights, at every step. So a network of a
# given size can read windows of any length.
#
# The loop, and the same loop unrolled
# ------------------------------------
# On the left is the network as in the equations: an arrow leads from the state back to
# itself. On the right is the same network *unrolled*, with one column for each time
# step. Unrolled, it looks like an ordinary deep network, with two differences: every
# layer has an input of its own, and all layers share their weights.

WEIGHTS = {"W_x": "tab:blue", "W_h": "tab:red", "W_y": "tab:green"}


def circle(ax, x, y, text):
    box = {"boxstyle": "circle", "facecolor": "white"}
    ax.text(x, y, text, ha="center", va="center", bbox=box, zorder=2)


def arrow(ax, start, end, weights, bend=0.0, gap=15):
    style = {"arrowstyle": "->", "shrinkA": gap, "shrinkB": gap}
    style |= {"color": WEIGHTS[weights], "connectionstyle": f"arc3,rad={bend}"}
    ax.annotate("", end, start, arrowprops=style)


fig, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
for x, step in [(0, "t"), (3, "1"), (4.5, "2"), (6, "3"), (7.5, "4")]:
    for y, name in enumerate(["x", "h", "y"]):
        circle(ax, x, y, f"${name}_{step}$")
    arrow(ax, (x, 0), (x, 1), "W_x")
    arrow(ax, (x, 1), (x, 2), "W_y")
    if x > 3:
        arrow(ax, (x - 1.5, 1), (x, 1), "W_h")
arrow(ax, (0.1, 1.2), (0.1, 0.8), "W_h", bend=-2, gap=0)  # the loop
for name, color in WEIGHTS.items():
    ax.plot([], [], color=color, label=f"${name}$")
ax.set(xlim=(-1, 8.3), ylim=(-0.5, 2.5), title="A recurrent network, and unrolled")
ax.legend(loc="center", bbox_to_anchor=(0.25, 0.75))
ax.axis("off")
plt.show()

# %%
# In NumPy
# --------
# Here are the two equations for a window of any length.


def recurrent_network(x, W_x, W_h, b, W_y, c):
    """States and outputs of all time steps; x has the shape (length, n_channels)."""
    h, states = np.zeros(len(b)), []
    for x_t in x:
        h = np.tanh(W_x @ x_t + W_h @ h + b)
        states.append(h)
    states = np.array(states)
    return states, states @ W_y.T + c


# %%
# The same network, trained
# -------------------------
# The data of this course are waves: each series is the sum of two sine waves of
# different frequencies, plus some noise. The network sees 50 values and forecasts the
# next one.
#
# Two parameters of the forecaster switch off what this package does beyond the network.
# ``normalize=None`` leaves the windows as they are, and ``baseline=None`` leaves out
# the linear regression that forecasts are otherwise averaged with. So the forecast
# comes from the equations alone.

series = make_waves(N_SERIES, 51, random_state=42)
X, y = series[:, :50], series[:, 50]
train, test = slice(0, N_SERIES * 4 // 5), slice(N_SERIES * 4 // 5, None)

model = RNNForecaster(
    hidden_size=8,
    normalize=None,
    baseline=None,
    lr=0.01,
    max_epochs=MAX_EPOCHS,
    random_state=0,
)
model.fit(X[train], y[train])
forecasts = model.predict(X[test])

# %%
# The weights are in the torch module of the forecaster. Torch keeps two biases for each
# unit, but only their sum matters.

network = model.module_.network
layer = network.recurrent.layers[0]
weights = {name: w.detach().numpy() for name, w in layer.named_parameters()}
W_x, W_h = weights["weight_ih_l0"], weights["weight_hh_l0"]
b = weights["bias_ih_l0"] + weights["bias_hh_l0"]
W_y = network.readout.weight.detach().numpy()
c = network.readout.bias.detach().numpy()
for name, array in {"W_x": W_x, "W_h": W_h, "b": b, "W_y": W_y, "c": c}.items():
    print(f"{name:4}{array.shape}")

# %%
# Now read every test series with our own function, and keep the output of the last
# step. The results agree up to the rounding of 32-bit numbers.

by_hand = np.array(
    [recurrent_network(x[:, None], W_x, W_h, b, W_y, c)[1][-1, 0] for x in X[test]]
)
difference = abs(by_hand - forecasts).max()
print(f"largest difference: {difference:.1e}")

# %%
# What the memory looks like
# --------------------------
# Each line below is one unit of the hidden state while the network reads one wave.
# Nobody told the units what to remember. They swing with the wave, each with its own
# phase, and the output is a weighted sum of them.

states, outputs = recurrent_network(X[test][0][:, None], W_x, W_h, b, W_y, c)

fig, axes = plt.subplots(2, 1, figsize=(8, 5), sharex=True, layout="constrained")
steps = np.arange(1, 51)
axes[0].plot(steps, X[test][0], "k.-", label="$x_t$, the wave")
axes[0].plot(51, y[test][0], "ko", fillstyle="none", label="$x_{51}$, what came next")
axes[0].plot(51, by_hand[0], "rx", label="$y_{50}$, its forecast")
axes[0].legend(loc="upper left", bbox_to_anchor=(1, 1))
axes[1].plot(steps, states)
axes[1].set(xlabel="time step $t$", ylabel="the units of $h_t$")
plt.show()

# %%
# Is it any good?
# ---------------
# It should at least beat the naive forecast, which repeats the last value. Later
# lessons do much better than this small network.

naive_error = np.mean((X[test][:, -1] - y[test]) ** 2)
error = np.mean((forecasts - y[test]) ** 2)
print(f"mean squared error: {error:.4f}, of the naive forecast {naive_error:.4f}")

# %%
# Exercises
# ---------
# 1. How many weights does a simple recurrent network have, with :math:`C` channels,
#    :math:`H` units and one output? What does a longer window change?
# 2. Set :math:`W_h = 0`. What does the forecast depend on then?
# 3. Take one unit without :math:`f` and without biases, with :math:`W_x = \alpha` and
#    :math:`W_h = 1 - \alpha`. Which old friend of forecasting is that?
#
# Answers are at the end of the page. Next comes :doc:`plot_02_shapes`.
#
# Answers
# -------
# **1.** :math:`HC` in :math:`W_x`, :math:`H^2` in :math:`W_h`, :math:`H` in :math:`b`,
# :math:`H` in :math:`W_y` and 1 in :math:`c`. Torch's second bias adds another
# :math:`H`. The length of the window makes no difference.

H, C = 8, 1
n_weights = H * C + H * H + 2 * H + H + 1
n_weights_of_torch = sum(w.numel() for w in network.parameters())
print(n_weights, n_weights_of_torch)

# %%
# **2.** On the last value alone: the previous state is multiplied by zero. So a network
# without :math:`W_h` is a perceptron with one input. Two windows with the same last
# value then have the same forecast.

one, other = X[0][:, None], X[1][:, None].copy()
other[-1] = one[-1]
no_memory = [
    recurrent_network(x, W_x, 0 * W_h, b, W_y, c)[1][-1, 0] for x in (one, other)
]
print(f"without memory {no_memory[0]:.4f} and {no_memory[1]:.4f}")

# %%
# **3.** Exponential smoothing, :math:`h_t = \alpha x_t + (1 - \alpha) h_{t-1}`.
# Unrolled, it weights the value of :math:`k` steps ago by
# :math:`\alpha (1 - \alpha)^k`. So a recurrent network is exponential smoothing with
# many units at once, which are mixed at every step, with a nonlinear function around
# them.

alpha, h = 0.3, 0.0
for x_t in X[0]:
    h = alpha * x_t + (1 - alpha) * h
k = np.arange(50)
smoothed = np.sum(alpha * (1 - alpha) ** k * X[0][::-1])
print(f"step by step {h:.6f}, as a weighted sum {smoothed:.6f}")
