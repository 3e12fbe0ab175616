"""
9. The whole table
==================

This lesson shows all systems of the course on the full task, next to the errors that
the course reports: there are 10,000 series, 7,000 of them for training and 1,000 for
the test.

The training runs for this table take much longer than a lesson. They were run once,
with

.. code-block:: bash

   python examples/course_table.py --json measured.json

and this page shows the results, which are in ``examples/course/measured.json`` in the
repository. The notebook of this lesson needs that file next to it.
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sktorch_forecast.datasets import make_waves

measured = json.loads(Path("measured.json").read_text())

# %%
# The table
# ---------
# Mean squared errors on the test series:
#
# - ``course``: the number that the course reports.
# - ``keras``: the number of a Keras version of the same course.
# - ``ours``: this package, with one seed.
# - ``ratio``: ours, divided by the bound that an efficient estimator of both waves
#   would reach if the noise were normal: 1 is as good as it gets.
#
# A dash stands for a number that nobody has reported or measured. Not all published
# numbers are for our test series: the naive error of the Keras version, for example, is
# that of the validation series (exercise 1). So compare magnitudes, not digits.

table = pd.DataFrame(measured["table"]).set_index("row")
table = table[["horizon", "course", "keras", "ours", "ratio"]]
text = table.map(lambda value: "-" if pd.isna(value) else f"{value:.5f}")
text["horizon"] = table["horizon"]
text["ratio"] = table["ratio"].map(lambda r: "-" if pd.isna(r) else f"{r:.2f}")
text.index.name = None
print(text.to_string())

# %%
# The same as a picture
# ---------------------
# There is one mark for each number, with smaller errors to the left. The dotted line is
# the bound.

fig, axes = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
for ax, (horizon, rows) in zip(axes, table.groupby("horizon")):
    for column, marker in {"course": "s", "keras": "^", "ours": "o"}.items():
        ax.plot(rows[column], rows.index, marker, label=column)
    bound = (rows["ours"] / rows["ratio"]).dropna().iloc[0]
    ax.axvline(bound, color="black", linestyle=":", label="bound")
    ax.set(xscale="log", xlabel="mean squared error", title=f"{horizon} steps ahead")
    ax.set_ylim(len(rows) - 0.5, -0.5)
axes[0].set_title("1 step ahead")
axes[1].legend()
plt.show()

# %%
# What the table says
# -------------------
# - **A single unit is not enough.** The simple RNN halves the naive error, and a
#   linear model does far better.
# - **A linear model is a strong rival for one step.** The RNN and the deep RNN beat it,
#   but only after a long training. The deep perceptron is as good as the deep RNN.
# - **Errors that are fed back add up.** Over ten steps, one step at a time has about
#   three times the error of several values at once.
# - **Training for all steps is ahead after a short training** (as in
#   :doc:`plot_05_several_steps`) **and behind after a long one.** A possible reason is
#   that the network must also forecast from the first time steps of a window, from
#   which little can be known. These two rows also differ in their epochs and batch
#   sizes.
# - **Gates help.** Trained for all steps, the GRU has about half the error of the deep
#   RNN, and the LSTM less than half. A convolution in front makes the GRU a little
#   better still.
#
# Most of our errors are below the published ones. The systems are the same, but they
# are trained for longer, and the learning rate follows a schedule.
#
# How they were trained
# ---------------------
# The epochs, batch size and learning rate of each row were chosen on validation series;
# ``examples/course_table.py`` has them, one line for each system. The curves are the
# errors on these series after each epoch. All learning rates rise and then fall to
# almost zero, and most curves make their last progress during that fall.

fig, ax = plt.subplots(figsize=(9, 4.5), layout="constrained")
for name, runs in measured["runs"].items():
    if "curve" in runs[0]:
        curve = runs[0]["curve"]
        ax.semilogy(range(1, len(curve) + 1), curve, label=name)
ax.set(xlabel="epoch", ylabel="mean squared error")
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
# Exercises
# ---------
# 1. Two rows need no training. Compute them from the series, and compare.
# 2. The noise of the series is uniform with a width of 0.1. What is the smallest error
#    that any forecaster can have? Which systems have less than three times that error?
# 3. Train a row yourself: ``python examples/course_table.py --rows "MLP, linear"``.
#    Then try an idea of your own: more units, another learning rate, one more layer.
#
# That was the last lesson. From here, :doc:`/networks` compares the networks of the
# package with the numbers of their papers, and :doc:`/real_series` leaves the waves
# behind.
#
# Answers
# -------
# **1.** Repeat the last of the 50 values. Series of 51 values differ from series of 60.
# The validation series are numbers 7,000 to 8,999.

naive_errors = {}
for row, horizon in {"Naive, 1 step": 1, "Naive, 10 steps": 10}.items():
    series = make_waves(10_000, 50 + horizon, random_state=42)
    squares = np.mean((series[:, 49:50] - series[:, 50:]) ** 2, axis=1)
    naive_errors[row] = squares[9000:].mean()
    print(
        f"{row:16}test {naive_errors[row]:.5f}, in the table {table.ours[row]:.5f}; "
        f"validation {squares[7000:9000].mean():.5f}, Keras {table.keras[row]:.5f}"
    )

# %%
# **2.** It is the variance of the noise, :math:`0.1^2 / 12`: even someone who knew the
# waves exactly could not forecast the noise.

floor = 0.1**2 / 12
near = table.index[table.ours < 3 * floor]
print(f"{floor:.5f}; within three times as much:", *near, sep="\n")

# %%
# **3.** Choose on the validation series, as the script does, and look at the test
# series once, at the end. If you try twenty ideas on the test series and report the
# best, you report luck.
