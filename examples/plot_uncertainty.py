"""
How sure is a forecast?
=======================

Draw a forecast with its intervals, and check over many origins whether the intervals
hold the truth as often as they say.
"""

import matplotlib.pyplot as plt

from sktorch_forecast import ConformalForecaster, LSTMForecaster, make_windows
from sktorch_forecast.datasets import load_elnino
from sktorch_forecast.plotting import CoverageDisplay, ForecastDisplay, PITDisplay

# %%
# Three sources of uncertainty
# ----------------------------
# The series is the sea surface temperature of the Pacific, one value a month, to be
# forecast a year ahead. The last ten years of origins are for the test. Between
# training and test, ``horizon - 1`` origins are left out, whose targets would reach
# into the test.
#
# With Monte Carlo dropout, units of the network are dropped while it forecasts, too,
# other ones for each path. The paths spread because the network is unsure of its
# weights. With ``loss="normal"``, the network forecasts a normal distribution, whose
# width it learns from the errors in training. A conformal forecaster keeps the last
# quarter of the training origins from its network, and adds the errors that the network
# makes there to its forecasts.

horizon = 12
X, y = make_windows(load_elnino(), horizon=horizon, length=36)
n_test = 120
X_train, y_train = X[: -n_test - (horizon - 1)], y[: -n_test - (horizon - 1)]
X_test, y_test = X[-n_test:], y[-n_test:]

models = {
    "Monte Carlo dropout": LSTMForecaster(hidden_size=16, dropout=0.2, random_state=0),
    "normal distribution": LSTMForecaster(
        hidden_size=16, loss="normal", random_state=0
    ),
    "conformal": ConformalForecaster(LSTMForecaster(hidden_size=16, random_state=0)),
}
for model in models.values():
    model.fit(X_train, y_train)

# %%
# The forecast of one origin
# --------------------------
# Bands are the intervals that should hold the truth in 50 and in 90 of 100 cases. Thin
# lines are sample paths: each is one way in which the year could go. The vertical line
# is the origin.

fig, axes = plt.subplots(3, 1, figsize=(8, 9), sharex=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items()):
    ForecastDisplay.from_estimator(
        model, X_test, y_test, origin=60, n_paths=5, random_state=0, name=name, ax=ax
    )
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))  # beside the picture
fig.supylabel("sea surface temperature (°C)")
plt.show()

# %%
# Are the intervals as wide as they should be?
# --------------------------------------------
# One origin does not tell. Over all origins of the test, the interval with a nominal
# coverage of 0.9 should hold 90 % of the true values. Points below the diagonal mean
# that intervals are too narrow. Those of Monte Carlo dropout are by far: it knows of
# the doubt about the weights, but not of the noise of the series. Those of the
# conformal forecaster hold nearly what they say.

fig, ax = plt.subplots(figsize=(5, 5), layout="constrained")
for name, model in models.items():
    CoverageDisplay.from_estimator(model, X_test, y_test, name=name, ax=ax)
plt.show()

# %%
# Where are they off?
# -------------------
# The probability integral transform (PIT) of a true value is the share of the sample
# paths below it. If the truth were like one more path, all values between 0 and 1 would
# be equally likely, and most bars would end within the gray band. High bars at both
# ends say again that intervals are too narrow: the truth is too often beyond nearly
# all paths. A slope tells of a bias: bars that fall to the right, as those of the
# normal distribution do, that forecasts are too high. The bars of the conformal
# forecaster show what its coverage did not: the truth was below its intervals more
# often than above them.
#
# The band is for independent values. These are not, since the errors of the steps of
# one year are correlated and the years overlap, so do not make much of a bar that is
# just outside.

fig, axes = plt.subplots(1, 3, figsize=(13, 4), sharey=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items()):
    PITDisplay.from_estimator(model, X_test, y_test, random_state=0, name=name, ax=ax)
plt.show()
