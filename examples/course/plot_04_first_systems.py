"""
4. Naive, perceptron, recurrent, deep
=====================================

Before you build a large network, find out what simple ones do. In this lesson you
forecast one step with a naive rule, a linear model, a perceptron, and recurrent
networks with a single unit, with 20 units and with two layers, and put their errors
side by side.
"""

import matplotlib.pyplot as plt
import numpy as np
from skorch.callbacks import LRScheduler
from torch.optim.lr_scheduler import OneCycleLR

from sktorch_forecast import MLPForecaster, NaiveForecaster, RNNForecaster
from sktorch_forecast.datasets import make_waves

N_SERIES, MAX_EPOCHS = 4000, 20

# %%
# The task
# --------
# Each series is the sum of two sine waves and noise. The frequencies and the offsets
# differ from series to series, so there is nothing to learn by heart. A forecaster sees
# 50 values and has to forecast the 51st. The test set consists of series that were not
# trained on.

series = make_waves(N_SERIES, 51, random_state=42)
X, y = series[:, :50], series[:, 50]
train, test = slice(0, N_SERIES * 4 // 5), slice(N_SERIES * 4 // 5, None)

fig, axes = plt.subplots(1, 3, figsize=(11, 2.6), sharey=True, layout="constrained")
for ax, window, following in zip(axes, X[test], y[test]):
    ax.plot(window, ".-")
    ax.plot(50, following, "rx")
axes[0].set(xlabel="time step", ylabel="$x_t$")
plt.show()

# %%
# The systems
# -----------
# **Naive.** The forecast is the last value. It costs nothing, and a network that does
# not beat it is not worth having.
#
# **Linear.** A weighted sum of the window, :math:`y = w^\top x + b`: a perceptron
# without hidden layers. It treats the 50 values as 50 features, and does not know that
# they have an order.
#
# **Perceptron.** It has two hidden layers in between, :math:`y = w^\top f(V f(U x))`,
# where :math:`U`, :math:`V` and :math:`w` are weights and :math:`f` is nonlinear.
#
# **Simple RNN.** A recurrent network with a single unit whose last state is the
# forecast (``readout=False``): :math:`h_t = \tanh(w_x x_t + w_h h_{t-1} + b)`. It has
# three weights; torch adds a second bias.
#
# **RNN.** The same with 20 units, and with a linear layer that reads out the last
# state: :math:`y_T = W_y h_T`.
#
# **Deep RNN.** Two recurrent layers. The second one reads the states of the first,
#
# .. math::
#
#    h^{(1)}_t = f(W^{(1)}_x x_t + W^{(1)}_h h^{(1)}_{t-1}), \qquad
#    h^{(2)}_t = f(W^{(2)}_x h^{(1)}_t + W^{(2)}_h h^{(2)}_{t-1}),
#
# and the state of the second is read out. As in :doc:`plot_01_recurrence`, :math:`x_t`
# is the input and :math:`h_t` the state of time step :math:`t`; the number in
# parentheses counts the layers.

fig, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
style = {"arrowstyle": "->", "shrinkA": 17, "shrinkB": 17}
box = {"boxstyle": "circle", "facecolor": "white"}
for t in range(1, 5):
    for y_, name in enumerate(["x_{}", "h^{{(1)}}_{}", "h^{{(2)}}_{}"]):
        text = f"${name.format(t)}$"
        ax.text(t, y_, text, ha="center", va="center", bbox=box)
        if y_:
            ax.annotate("", (t, y_), (t, y_ - 1), arrowprops=style)
        if y_ and t > 1:
            ax.annotate("", (t, y_), (t - 1, y_), arrowprops=style)
ax.text(5, 2, "$y_4$", ha="center", va="center", bbox=box)
ax.annotate("", (5, 2), (4, 2), arrowprops=style)
ax.set(xlim=(0.5, 5.5), ylim=(-0.4, 2.4), title="A deep recurrent network")
ax.axis("off")
plt.show()

# %%
# Train and test
# --------------
# The learning rate rises to a maximum and then falls to almost nothing in the last
# epoch (one cycle), which makes the most of a short training. Its maximum was chosen
# for each network. Everything else is the same, and only the networks are compared:
# windows are not normalized, since all waves have the same level and size, and
# forecasts are not averaged with a linear regression.

BATCH_SIZE = 64
n_batches = MAX_EPOCHS * -(-N_SERIES * 4 // 5 // BATCH_SIZE)


def network(cls, max_lr, **params):
    one_cycle = LRScheduler(
        OneCycleLR, max_lr=max_lr, total_steps=n_batches, step_every="batch"
    )
    return cls(
        normalize=None,
        baseline=None,
        early_stopping=False,
        max_epochs=MAX_EPOCHS,
        batch_size=BATCH_SIZE,
        callbacks=[("one_cycle", one_cycle)],
        random_state=0,
        **params,
    )


systems = {
    "naive": NaiveForecaster(),
    "linear": network(MLPForecaster, 0.02, hidden_layer_sizes=()),
    "perceptron": network(MLPForecaster, 0.01, hidden_layer_sizes=(100, 100)),
    "simple RNN": network(RNNForecaster, 0.02, hidden_size=1, readout=False),
    "RNN": network(RNNForecaster, 0.01, hidden_size=20),
    "deep RNN": network(RNNForecaster, 0.015, hidden_size=20, num_layers=2),
}
errors, n_weights = {}, {}
for name, system in systems.items():
    forecast = system.fit(X[train], y[train]).predict(X[test])
    errors[name] = np.mean((forecast - y[test]) ** 2)
    module = getattr(system, "module_", None)
    n_weights[name] = sum(w.numel() for w in module.parameters()) if module else 0
    print(f"{name:12}{errors[name]:.5f}{n_weights[name]:8} weights")

fig, ax = plt.subplots(figsize=(8, 3), layout="constrained")
ax.barh(list(errors), list(errors.values()))
ax.axvline(0.1**2 / 12, color="black", linestyle=":", label="variance of the noise")
ax.set(xscale="log", xlabel="mean squared error")
ax.invert_yaxis()
ax.legend()
plt.show()

# %%
# The dotted line is the variance of the noise, which nobody can forecast: no forecaster
# can be expected to get below this line.
#
# A linear model is a strong rival here, for a good reason: the next value of a sum of
# sine waves *is* a linear function of the values before it, but a different one for
# each pair of frequencies. The linear model is far ahead of the single recurrent unit,
# whose three weights have no room to store a frequency. The perceptron can act
# differently for different frequencies, and has the smallest error here.
#
# So can the recurrent networks of 20 units, with a tenth of the weights or less. But
# they learn slowly: after this short training they are about as good as the linear
# model. In :doc:`the last lesson <plot_09_table>` they have more series and several
# times as many epochs, and leave the linear model behind.
#
# Look at the training
# --------------------
# ``history`` has the losses of all epochs. If a curve still falls at the end, more
# epochs would help.

fig, ax = plt.subplots(figsize=(8, 3), layout="constrained")
for name, system in systems.items():
    if name != "naive":
        losses = system.history[:, "train_loss"]
        ax.semilogy(range(1, len(losses) + 1), losses, label=name)
ax.set(xlabel="epoch", ylabel="training loss")
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
# Exercises
# ---------
# 1. The linear model needs no training by gradients: it has an exact solution. Compute
#    it, and compare.
# 2. How many weights does the deep RNN have? Count them in the equations.
# 3. The seed determines where training starts. Is a deep RNN better than an RNN, or was
#    it luck? How would you find out?
#
# Answers are at the end of the page. Next comes :doc:`plot_05_several_steps`.
#
# Answers
# -------
# **1.** Use least squares. The exact solution has the smallest training loss that a
# linear model can have; on other series it need not be the best one.

design = np.column_stack([X, np.ones(N_SERIES)])
solution, *_ = np.linalg.lstsq(design[train], y[train])
exact_loss = np.mean((design[train] @ solution - y[train]) ** 2)
exact_error = np.mean((design[test] @ solution - y[test]) ** 2)
trained_loss = np.mean((systems["linear"].predict(X[train]) - y[train]) ** 2)
print(f"on the training series: exact {exact_loss:.5f}, trained {trained_loss:.5f}")
print(f"on the test series: exact {exact_error:.5f}, trained {errors['linear']:.5f}")

# %%
# **2.** The first layer has :math:`20 \cdot 1 + 20 \cdot 20` weights and two biases of
# 20, the second one :math:`20 \cdot 20 + 20 \cdot 20` and two biases of 20. The
# read-out has 20 weights and a bias.

first, second, readout = 20 + 400 + 40, 400 + 400 + 40, 20 + 1
print(first + second + readout, n_weights["deep RNN"])

# %%
# **3.** Train both from several seeds, and compare the difference of the means with the
# spread over the seeds. Two more seeds for each are a start:

for name in ("RNN", "deep RNN"):
    by_seed = []
    for seed in (1, 2):
        system = systems[name].set_params(random_state=seed).fit(X[train], y[train])
        by_seed.append(np.mean((system.predict(X[test]) - y[test]) ** 2))
    print(f"{name:9}", *(f"{error:.5f}" for error in [errors[name], *by_seed]))
