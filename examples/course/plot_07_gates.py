"""
7. Gates: LSTM and GRU
======================

The state of a simple recurrent network is multiplied by the same matrix at every step,
and so is its gradient. In this lesson you learn how gates protect a memory, write an
LSTM by hand, check it against the package, and look at the gates at work.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from sktorch_forecast import GRUForecaster, LSTMForecaster, RNNForecaster
from sktorch_forecast.datasets import make_waves

N_SERIES, MAX_EPOCHS = 2000, 15

# %%
# Long short-term memory
# ----------------------
# A **gate** is a number between 0 and 1 that another number is multiplied by: 0 is
# shut, 1 is open. It is computed from the input and the last state, with the sigmoid
# function :math:`\sigma(a) = 1 / (1 + e^{-a})`. An LSTM has three gates and, besides
# the state :math:`h_t`, a **cell** :math:`c_t`:
#
# .. math::
#
#    i_t &= \sigma(W_i x_t + U_i h_{t-1} + b_i) \\
#    f_t &= \sigma(W_f x_t + U_f h_{t-1} + b_f) \\
#    o_t &= \sigma(W_o x_t + U_o h_{t-1} + b_o) \\
#    g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) \\
#    c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
#    h_t &= o_t \odot \tanh(c_t)
#
# - :math:`x_t` and :math:`h_t` are the input and the hidden state of time step
#   :math:`t`, as before.
# - :math:`W`, :math:`U` and :math:`b` are weights and biases, one set for each line.
# - :math:`f_t` is the **forget gate**: how much of the cell is kept.
# - :math:`i_t` is the **input gate**: how much new content is written.
# - :math:`g_t` is the new content, which would be the state of a simple recurrent
#   network.
# - :math:`o_t` is the **output gate**: how much of the cell is shown.
# - :math:`\odot` multiplies number by number.
#
# The line for :math:`c_t` is the one that counts. The old cell is not multiplied by a
# matrix, but by the forget gate. Along the cell, the gradient of one step is
# :math:`f_t`, and where the gate is open it neither vanishes nor explodes.

fig, ax = plt.subplots(figsize=(9, 4), layout="constrained")
circle = {"boxstyle": "circle", "facecolor": "white"}
square = {"boxstyle": "square,pad=0.4", "facecolor": "moccasin"}
style = {"arrowstyle": "->", "shrinkA": 12, "shrinkB": 12}
nodes = {  # name: (x, y, text, box)
    "c before": (0, 3, "$c_{t-1}$", None),
    "keep": (2, 3, r"$\times$", circle),
    "add": (4.5, 3, "$+$", circle),
    "c": (9, 3, "$c_t$", None),
    "f": (2, 1, "$f_t$", square),
    "i": (3.5, 1, "$i_t$", square),
    "g": (5, 1, "$g_t$", square),
    "o": (6.5, 1, "$o_t$", square),
    "write": (4.5, 2, r"$\times$", circle),
    "tanh": (7.5, 2.2, r"$\tanh$", square),
    "show": (7.5, 1, r"$\times$", circle),
    "h": (9, 1, "$h_t$", None),
    "in": (4, -0.3, "$x_t$ and $h_{t-1}$", None),
}
edges = [
    "c before > keep",
    "keep > add",
    "add > c",
    "f > keep",
    "i > write",
    "g > write",
]
edges += ["write > add", "add > tanh", "tanh > show", "o > show", "show > h"]
edges += ["in > f", "in > i", "in > g", "in > o"]
for x, y, text, box in nodes.values():
    ax.text(x, y, text, ha="center", va="center", bbox=box)
for edge in edges:
    start, end = (nodes[name][:2] for name in edge.split(" > "))
    ax.annotate("", end, start, arrowprops=style)
ax.set(xlim=(-0.5, 9.5), ylim=(-0.7, 3.5), title="One time step of an LSTM")
ax.axis("off")
plt.show()

# %%
# Gated recurrent unit
# --------------------
# A GRU has two gates, and no cell besides its state:
#
# .. math::
#
#    r_t &= \sigma(W_r x_t + U_r h_{t-1} + b_r) \\
#    z_t &= \sigma(W_z x_t + U_z h_{t-1} + b_z) \\
#    n_t &= \tanh(W_n x_t + b_n + r_t \odot (U_n h_{t-1} + d_n)) \\
#    h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}
#
# - :math:`z_t` is the **update gate**. It does the work of two gates of the LSTM: what
#   is kept, :math:`z_t`, and what is written, :math:`1 - z_t`, add up to 1.
# - :math:`r_t` is the **reset gate**: how much of the old state goes into the new
#   content :math:`n_t`; :math:`d_n` is one more bias.
#
# Train one of each
# -----------------
# The task is the same as in :doc:`plot_05_several_steps`: ten steps ahead, trained at
# all time steps.

series = make_waves(N_SERIES, 60, random_state=42)
X, y = series[:, :50], series[:, 50:]
train, test = slice(0, N_SERIES * 4 // 5), slice(N_SERIES * 4 // 5, None)

systems, errors = {}, {}
for cls in (RNNForecaster, LSTMForecaster, GRUForecaster):
    system = cls(
        hidden_size=20,
        train_on="all_steps",
        normalize=None,
        baseline=None,
        early_stopping=False,
        lr=0.01,
        max_epochs=MAX_EPOCHS,
        random_state=0,
    ).fit(X[train], y[train])
    name = cls.__name__.removesuffix("Forecaster")
    systems[name] = system
    errors[name] = np.mean((system.predict(X[test]) - y[test]) ** 2)
    n_weights = sum(w.numel() for w in system.module_.parameters())
    print(f"{name:5}{errors[name]:.5f}{n_weights:6} weights")
naive_error = np.mean((X[test][:, -1:] - y[test]) ** 2)
print(f"naive {naive_error:.5f}")

# %%
# Both gated networks are well ahead of the simple one with the same number of units and
# epochs. They also have more weights: see the exercises.
#
# The LSTM, by hand
# -----------------
# Torch stacks the weights of :math:`i`, :math:`f`, :math:`g` and :math:`o` in this
# order.

network = systems["LSTM"].module_.network
layer = network.recurrent.layers[0]
W, U, b_x, b_h = (w.detach().numpy() for w in layer.parameters())


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def lstm(x, W, U, b):
    """States and forget gates of all time steps; x has the shape (length, C)."""
    h = c = np.zeros(U.shape[1])
    states, forget_gates = [], []
    for x_t in x:
        i, f, g, o = np.split(W @ x_t + U @ h + b, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
        forget_gates.append(sigmoid(f))
    return np.array(states), np.array(forget_gates)


states, forget_gates = lstm(X[test][0][:, None], W, U, b_x + b_h)
W_y, bias = network.readout.weight.detach().numpy(), network.readout.bias
by_hand = W_y @ states[-1] + bias.detach().numpy()
difference = abs(by_hand - systems["LSTM"].predict(X[test][:1])[0]).max()
print(f"largest difference: {difference:.1e}")

# %%
# The forget gates at work
# ------------------------
# The picture has one row for each unit of the LSTM, while it reads the wave above.
# Bright means open: the unit remembers. Some units remember all the time, others change
# with the wave.

fig, axes = plt.subplots(2, 1, figsize=(8, 5), sharex=True, layout="constrained")
axes[0].plot(X[test][0], "k.-")
axes[0].set_ylabel("$x_t$")
picture = axes[1].imshow(forget_gates.T, aspect="auto", vmin=0, vmax=1)
axes[1].set(xlabel="time step", ylabel="unit")
fig.colorbar(picture, ax=axes, label="forget gate $f_t$")
plt.show()

print(f"forget gates: from {forget_gates.min():.2f} to {forget_gates.max():.2f}")

# %%
# How far back do they look?
# --------------------------
# As in :doc:`plot_03_backpropagation`, this is the gradient of the forecasts with
# respect to each value of the window, now for trained networks.

fig, ax = plt.subplots(figsize=(8, 3.2), layout="constrained")
for name, system in systems.items():
    windows = torch.tensor(X[test][:, :, None], dtype=torch.float32, requires_grad=True)
    system.module_.network(windows).sum().backward()
    influence = windows.grad.abs().mean(dim=0).flatten()
    print(f"{name:5}ten oldest values: {influence[:10].mean():.3f}")
    ax.semilogy(range(1, 51), influence, ".-", label=name)
ax.set(xlabel="time step", ylabel="influence on the forecast")
ax.legend()
plt.show()

# %%
# All three look back over the whole window, but less and less the further back. The
# oldest values count the most in the LSTM and the least in the simple network.
#
# Exercises
# ---------
# 1. How many weights does an LSTM with :math:`C` channels and :math:`H` units have,
#    compared with a simple recurrent network? And a GRU?
# 2. Set the bias of the forget gate to 20 and that of the input gate to -20. What does
#    the cell do?
# 3. Write a GRU by hand, and check it.
#
# Answers are at the end of the page. Next comes :doc:`plot_08_convolutions`.
#
# Answers
# -------
# **1.** A simple layer has :math:`HC + H^2 + 2H`, with torch's two biases. An LSTM has
# four sets of these, a GRU three.

for name, system in systems.items():
    layer = system.module_.network.recurrent.layers[0]
    print(f"{name:5}", sum(w.numel() for w in layer.parameters()) // (20 + 400 + 40))

# %%
# **2.** The forget gate is open and the input gate is shut, so :math:`c_t = c_{t-1}`:
# the cell keeps its value for good, whatever the input is. Begin with a cell of 1 and
# read 1,000 steps of noise:

H = 20
i_and_f = np.concatenate([np.full(H, -20.0), np.full(H, 20.0), np.zeros(2 * H)])
h, c = np.zeros(H), np.ones(H)
for x_t in np.random.default_rng(0).normal(size=1000):
    i, f, g, o = np.split(0.1 * (W[:, 0] * x_t + U @ h) + i_and_f, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
print(f"the cell after 1,000 steps: from {c.min():.4f} to {c.max():.4f}")

# %%
# **3.** Torch stacks :math:`r`, :math:`z` and :math:`n`, and keeps the biases of the
# input and the state apart.

network = systems["GRU"].module_.network
W, U, b_x, b_h = (w.detach().numpy() for w in network.recurrent.layers[0].parameters())
h = np.zeros(H)
for x_t in X[test][0][:, None]:
    of_x, of_h = np.split(W @ x_t + b_x, 3), np.split(U @ h + b_h, 3)
    r, z = sigmoid(of_x[0] + of_h[0]), sigmoid(of_x[1] + of_h[1])
    n = np.tanh(of_x[2] + r * of_h[2])
    h = (1 - z) * n + z * h
W_y, bias = network.readout.weight.detach().numpy(), network.readout.bias
gru_by_hand = W_y @ h + bias.detach().numpy()
gru_difference = abs(gru_by_hand - systems["GRU"].predict(X[test][:1])[0]).max()
print(f"largest difference: {gru_difference:.1e}")
