"""
3. Backpropagation through time
===============================

A recurrent network is trained with the gradient of its loss, like any other network.
The gradient goes back through all time steps, and on the way it may vanish or explode.

In this lesson you compute the gradient of a small recurrent network by hand, compare it
with what torch computes, and see why long memories are hard to learn.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from sktorch_forecast import RNNForecaster
from sktorch_forecast.datasets import make_waves

N_STEPS = 40

# %%
# The chain rule, step by step
# ----------------------------
# Take a network with many inputs and one output, and one window:
#
# .. math::
#
#    a_t = W_x x_t + W_h h_{t-1}, \qquad h_t = \tanh(a_t), \qquad y_T = W_y h_T, \qquad
#    L = (y_T - z)^2
#
# - :math:`x_t`, :math:`h_t` and :math:`y_t` are the input, the hidden state and the
#   output of time step :math:`t`, and :math:`T` is the last step; :math:`h_0 = 0`.
# - :math:`a_t` is the state before the nonlinear function.
# - :math:`z` is the true value, :math:`L` the loss.
#
# We want :math:`\partial L / \partial W_h`. All time steps use the same :math:`W_h`, so
# its gradient is a sum over them. Write :math:`\delta_t = \partial L / \partial a_t`.
# The loss depends on the last step directly, and on every other step through the one
# after it:
#
# .. math::
#
#    \delta_T = W_y^\top \, 2 (y_T - z) \odot (1 - h_T^2), \qquad
#    \delta_t = W_h^\top \delta_{t+1} \odot (1 - h_t^2)
#
# since :math:`1 - h^2` is the derivative of the hyperbolic tangent, and :math:`\odot`
# multiplies number by number. Then
#
# .. math::
#
#    \frac{\partial L}{\partial W_h} = \sum_t \delta_t h_{t-1}^\top, \qquad
#    \frac{\partial L}{\partial W_x} = \sum_t \delta_t x_t^\top, \qquad
#    \frac{\partial L}{\partial W_y} = 2 (y_T - z) \, h_T^\top
#
# That is all there is to **backpropagation through time**: run forward and keep the
# states, then run backward from :math:`\delta_T` to :math:`\delta_1`.

fig, ax = plt.subplots(figsize=(9, 3), layout="constrained")
forward = {"arrowstyle": "->", "color": "black", "shrinkA": 15, "shrinkB": 15}
backward = forward | {"color": "tab:red", "connectionstyle": "arc3,rad=0.35"}
for t in range(1, 5):
    for y, name in enumerate([f"$x_{t}$", f"$h_{t}$"]):
        box = {"boxstyle": "circle", "facecolor": "white"}
        ax.text(t, y, name, ha="center", va="center", bbox=box)
    ax.annotate("", (t, 1), (t, 0), arrowprops=forward)
    ax.annotate("", (t + 1, 1), (t, 1), arrowprops=forward)
    ax.annotate("", (t, 1), (t + 1, 1), arrowprops=backward)
    ax.text(t + 0.5, 1.4, rf"$\delta_{t}$", color="tab:red", ha="center")
ax.text(5, 1, "$L$", ha="center", va="center", bbox=box)
ax.set(xlim=(0.5, 5.5), ylim=(-0.4, 1.7), title="Black: forward. Red: the way back.")
ax.axis("off")
plt.show()

# %%
# By hand
# -------

rng = np.random.default_rng(0)
H, C, T = 4, 1, 10
W_x, W_h = rng.normal(0, 0.5, (H, C)), rng.normal(0, 0.5, (H, H))
W_y = rng.normal(0, 0.5, (1, H))
x, z = rng.normal(size=(T, C)), 1.0


def forward_pass(x, W_x, W_h):
    """States of all time steps, of shape (T + 1, H); the first is h_0 = 0."""
    h = [np.zeros(len(W_h))]
    for x_t in x:
        h.append(np.tanh(W_x @ x_t + W_h @ h[-1]))
    return np.array(h)


h = forward_pass(x, W_x, W_h)
dy = 2 * (W_y @ h[T] - z)
dW_y = np.outer(dy, h[T])
dW_x, dW_h = np.zeros_like(W_x), np.zeros_like(W_h)
delta = W_y.T @ dy * (1 - h[T] ** 2)
for t in range(T, 0, -1):
    dW_x += np.outer(delta, x[t - 1])  # row t - 1 of x is x_t
    dW_h += np.outer(delta, h[t - 1])
    delta = W_h.T @ delta * (1 - h[t - 1] ** 2)

# %%
# By torch
# --------
# Torch keeps a record of every operation and walks it backward by itself.

by_hand = {"W_x": dW_x, "W_h": dW_h, "W_y": dW_y}
tensors = {
    name: torch.tensor(array, requires_grad=True)
    for name, array in {"W_x": W_x, "W_h": W_h, "W_y": W_y}.items()
}
state = torch.zeros(H, dtype=torch.float64)
for x_t in torch.tensor(x):
    state = torch.tanh(tensors["W_x"] @ x_t + tensors["W_h"] @ state)
loss = torch.sum((tensors["W_y"] @ state - z) ** 2)
loss.backward()
differences = {
    name: abs(tensors[name].grad.numpy() - by_hand[name]).max() for name in tensors
}
for name, difference in differences.items():
    print(f"{name}: largest difference {difference:.0e}")

# %%
# Why long memories are hard
# --------------------------
# Look at the loop again. From one step to the one before, :math:`\delta` is multiplied
# by :math:`W_h^\top` and by a factor between 0 and 1. After :math:`k` steps it has been
# multiplied by :math:`W_h^\top` :math:`k` times. If :math:`W_h` shortens all vectors by
# a factor :math:`r < 1`, the gradient shrinks at least like :math:`r^k`: it
# **vanishes**, and values from long ago have no influence on the training. If it
# lengthens them, the gradient may **explode**.
#
# An orthogonal matrix keeps the length of every vector, so :math:`r` times an
# orthogonal matrix changes all lengths by exactly :math:`r`. Without the hyperbolic
# tangent the norm of the gradient would be :math:`r^k` exactly (dashed lines). With it,
# there are also the factors :math:`1 - h^2`, and the norm stays below (solid lines).


def gradient_norms(r, linear):
    """Norm of the gradient with respect to h_t, by the number of steps back."""
    rng = np.random.default_rng(0)
    orthogonal, _ = np.linalg.qr(rng.normal(size=(16, 16)))
    W_h, W_x = r * orthogonal, rng.normal(0, 0.1, (16, 1))
    h = forward_pass(rng.normal(size=(N_STEPS, 1)), W_x, W_h)
    gradient = np.ones(16) / 4  # with respect to h_T, of length 1
    norms = [1.0]
    for t in range(N_STEPS, 0, -1):
        slope = 1.0 if linear else 1 - h[t] ** 2
        gradient = W_h.T @ (gradient * slope)
        norms.append(np.linalg.norm(gradient))
    return np.array(norms)


norms = {
    (r, linear): gradient_norms(r, linear)
    for r in (0.8, 1.0, 1.2)
    for linear in (False, True)
}

fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for (r, linear), color in zip(norms, ["C0", "C0", "C1", "C1", "C3", "C3"]):
    label = None if linear else f"$r = {r}$"
    ax.semilogy(norms[r, linear], "--" if linear else "-", color=color, label=label)
ax.set(xlabel="steps back", ylabel="norm of the gradient")
ax.legend()
plt.show()

for (r, linear), values in norms.items():
    kind = "linear" if linear else "tanh"
    print(f"r = {r}, {kind:6}: {values[-1]:9.2e} after {N_STEPS} steps")

# %%
# Three remedies
# --------------
# **Clip it.** An exploding gradient is scaled down to a given norm before the optimizer
# takes its step: ``clip_grad_norm=0.1``. Its direction stays the same.
#
# **Cut it off.** *Truncated* backpropagation goes back only a fixed number of steps.
# The network reads the earlier steps but does not learn from them, which saves time and
# memory with very long windows: ``bptt_steps=10``. Below is the gradient of the
# forecast with respect to each value of the window. With truncation, it is zero before
# the last ten steps.
#
# **Build a better memory.** This is what gates do; see :doc:`plot_07_gates`.

series = make_waves(50, 41, random_state=42)
X, y = series[:, :40], series[:, 40]


def influence(bptt_steps):
    """Mean absolute gradient of the forecast with respect to the value of each step."""
    model = RNNForecaster(
        bptt_steps=bptt_steps,
        normalize=None,
        baseline=None,
        max_epochs=1,
        random_state=0,
    ).fit(X, y)
    windows = torch.tensor(X[:, :, None], dtype=torch.float32, requires_grad=True)
    model.module_.network(windows).sum().backward()
    return windows.grad.abs().mean(dim=0).flatten().numpy()


whole, truncated = influence(None), influence(10)

fig, ax = plt.subplots(figsize=(8, 3), layout="constrained")
ax.semilogy(range(1, 41), whole, ".-", label="bptt_steps=None")
ax.semilogy(
    range(31, 41), truncated[-10:], "o", fillstyle="none", label="bptt_steps=10"
)
ax.set(xlabel="time step", ylabel="influence on the forecast")
ax.legend()
plt.show()

print("nonzero:", np.count_nonzero(whole), "and", np.count_nonzero(truncated))

# %%
# On the logarithmic axis the line is nearly straight: in this network, which is almost
# untrained, the influence of a value shrinks by a similar factor with every step back.
#
# Exercises
# ---------
# 1. Check ``dW_h`` by finite differences: change one weight a little, and see by how
#    much the loss changes.
# 2. How do the time and the memory for one gradient grow with the length of the window?
#    And with ``bptt_steps``?
# 3. With ``nonlinearity="relu"``, :math:`f'(a)` is 1 wherever :math:`a > 0`. Which of
#    the two problems gets better, and which gets worse?
#
# Answers are at the end of the page. Next comes :doc:`plot_04_first_systems`.
#
# Answers
# -------
# **1.** A difference of :math:`10^{-6}` to both sides gives about nine digits.

eps = 1e-6
losses = []
for sign in (1, -1):
    changed = W_h.copy()
    changed[1, 2] += sign * eps
    output = W_y @ forward_pass(x, W_x, changed)[T]
    losses.append(np.sum((output - z) ** 2))
finite_difference = (losses[0] - losses[1]) / (2 * eps)
print(f"finite difference {finite_difference:.9f}, by hand {dW_h[1, 2]:.9f}")

# %%
# **2.** Both grow in proportion to the length: every step is computed once forward and
# once backward, and its state is kept in between. With ``bptt_steps`` the states of
# that many steps are kept, however long the window. The steps before them are still
# read, so the time continues to grow, but only with the forward pass.
#
# **3.** The factors :math:`1 - h^2` of the hyperbolic tangent are at most 1 and close
# to 0 for large states, which makes gradients vanish. ReLU has the factor 1 for every
# active unit, so gradients vanish less. But nothing bounds its states any more: where
# :math:`W_h` lengthens vectors, states and gradients explode.
