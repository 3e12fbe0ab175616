"""What a task is checked against, made by numpy and scikit-learn alone."""

import ast
import inspect
from textwrap import dedent

import numpy as np
from sklearn.linear_model import Ridge

# What the code of a user may take, without its own `def` line and blank lines.
MOST_LINES = 25


def done(task, *args):
    """The result of a user's code, which is short, or this fails."""
    lines = dedent(inspect.getsource(task)).splitlines()
    body = lines[ast.parse("\n".join(lines)).body[0].body[0].lineno - 1 :]
    assert len([line for line in body if line.strip()]) <= MOST_LINES
    return task(*args)


def seasonal_naive(histories, horizon, period):
    """The last period again, (n_series, horizon) from (n_series, n_timestamps)."""
    steps = np.arange(horizon) % period
    return np.asarray(histories)[:, -period:][:, steps]


def ridge(histories, horizon, length, alpha=1.0):
    """What scikit-learn's ridge regression forecasts, fitted on all whole windows.

    Windows are less their last value, so that levels of series do not matter.
    """
    histories = np.asarray(histories, dtype=float)
    rows = np.lib.stride_tricks.sliding_window_view(
        histories, length + horizon, axis=1
    ).reshape(-1, length + horizon)
    rows = rows - rows[:, length - 1 : length]
    model = Ridge(alpha=alpha).fit(rows[:, :length], rows[:, length:])
    last = histories[:, -1:]
    return model.predict(histories[:, -length:] - last) + last


def at_ends(rival, series, ends, *args):
    """What a rival forecasts from the values before each end, (n_ends, horizon)."""
    return np.array([rival(series[np.newaxis, :end], *args)[0] for end in ends])


def mae(truth, forecast):
    """Mean absolute error."""
    return np.abs(np.asarray(truth) - np.asarray(forecast)).mean()
