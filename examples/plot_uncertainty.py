"""
How sure is a forecast?
=======================

Draw a forecast with its intervals, and check over many origins whether the intervals
contain the true values as often as they promise.
"""

import matplotlib.pyplot as plt

from sktorch_forecast import ConformalForecaster, LSTMForecaster, make_windows
from sktorch_forecast.datasets import load_elnino
from sktorch_forecast.plotting import CoverageDisplay, ForecastDisplay, PITDisplay

# %%
# Three sources of uncertainty
# ----------------------------
# The series is the sea surface temperature of the Pacific, one value a month, to be
# forecast a year ahead. The origins of the last ten years are the test set. Between
# training and test set, ``horizon - 1`` origins are left out, since their targets would
# reach into the test set.
#
# With Monte Carlo dropout, units of the network are also dropped while it forecasts,
# different ones for each path. The paths spread because the network is unsure of its
# weights. With ``loss="normal"``, the network forecasts a normal distribution, whose
# width it learns from the errors in training. A conformal forecaster withholds the last
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
# The bands are the intervals that should contain the true value in 50 and in 90 of 100
# cases. The thin lines are sample paths: each is one possible course of the year. The
# vertical line is the origin.

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
# One origin cannot answer this. Over all origins of the test set, intervals with a
# nominal coverage of 0.9 should contain 90 % of the true values. Points below the
# diagonal mean that intervals are too narrow. The intervals of Monte Carlo dropout are
# far too narrow: they include the doubt about the weights, but not the noise of the
# series. Those of the conformal forecaster nearly keep their promise.

fig, ax = plt.subplots(figsize=(5, 5), layout="constrained")
for name, model in models.items():
    CoverageDisplay.from_estimator(model, X_test, y_test, name=name, ax=ax)
plt.show()

# %%
# Where are they off?
# -------------------
# The probability integral transform (PIT) of a true value is the share of the sample
# paths below it. If the true value were like one more path, all PIT values between 0
# and 1 would be equally likely, and most bars would end within the gray band. High bars
# at both ends mean again that intervals are too narrow: the true value is too often
# beyond nearly all paths. A slope means a bias: bars that fall to the right, like those
# of the normal distribution, show that forecasts are too high. The bars of the
# conformal forecaster show something that its coverage did not: the true value was
# below its intervals more often than above them.
#
# The band assumes independent values. These are not independent, since the errors of
# the steps of one year are correlated and the years overlap, so do not make much of a
# bar that ends just outside.

fig, axes = plt.subplots(1, 3, figsize=(13, 4), sharey=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items()):
    PITDisplay.from_estimator(model, X_test, y_test, random_state=0, name=name, ax=ax)
plt.show()
