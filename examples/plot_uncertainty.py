"""
How sure is a forecast?
=======================

Draw a forecast with its intervals, and check over many origins whether the intervals
hold the truth as often as they say.
"""

import matplotlib.pyplot as plt

from sktorch_forecast import LSTMForecaster, make_windows
from sktorch_forecast.datasets import load_elnino
from sktorch_forecast.plotting import CoverageDisplay, ForecastDisplay, PITDisplay

# %%
# One network, two sources of uncertainty
# ---------------------------------------
# The series is the sea surface temperature of the Pacific, one value a month, to be
# forecast a year ahead. The last ten years are for the test, and between training and
# test ``horizon - 1`` origins are left out, whose targets would reach into the test.
#
# With Monte Carlo dropout, units of the network are dropped at random while it
# forecasts, too. The forecasts spread because the network is unsure of its weights.

horizon = 12
X, y = make_windows(load_elnino(), horizon=horizon, length=36)
test = slice(len(X) - 120, None)
train = slice(0, len(X) - 120 - (horizon - 1))

models = {
    f"dropout {dropout}": LSTMForecaster(
        hidden_size=16, dropout=dropout, random_state=0
    ).fit(X[train], y[train])
    for dropout in (0.2, 0.5)
}

# %%
# The forecast of one origin
# --------------------------
# Bands are intervals that are to hold the truth in 50 and in 90 of 100 cases. Thin
# lines are sample paths: each is one way in which the year could go. The vertical line
# is the origin.

fig, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items()):
    ForecastDisplay.from_estimator(
        model, X[test], y[test], origin=60, n_paths=5, name=name, ax=ax
    )
axes[0].set_ylabel("sea surface temperature (°C)")
plt.show()

# %%
# Are the intervals as wide as they should be?
# --------------------------------------------
# One origin does not tell. Over all origins of the test, an interval with a nominal
# coverage of 0.9 should hold 90 % of the true values. Points below the diagonal mean
# that intervals are too narrow: Monte Carlo dropout knows of the doubt about the
# weights, but not of the noise of the series. More dropout gives wider intervals, and
# that makes up for a part of it only.

fig, ax = plt.subplots(figsize=(5, 5), layout="constrained")
for name, model in models.items():
    CoverageDisplay.from_estimator(model, X[test], y[test], name=name, ax=ax)
plt.show()

# %%
# Where are they off?
# -------------------
# The probability integral transform (PIT) of a true value is the share of the sample
# paths below it. If the truth were like one of the paths, all values between 0 and 1
# were equally likely, and most bars would end within the gray band. The high bars at
# both ends say the same as the coverage: too often the truth is beyond nearly all of
# the paths. Bars that are higher on one side would tell of a bias.

fig, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items()):
    PITDisplay.from_estimator(model, X[test], y[test], name=name, random_state=0, ax=ax)
plt.show()
