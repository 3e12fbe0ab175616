"""Six kinds of series whose best possible forecast is known.

Each function returns the values, (n,), and the best forecasts, (n, horizon): row t
holds the medians of the values at t + 1, ..., t + horizon, given those up to t and all
that the function itself knows. No forecast has a smaller expected absolute error.
"""

import numpy as np

N = 1000


def random_walk(rng, horizon):
    """Normal steps: the best forecast is the last value."""
    values = rng.standard_normal(N).cumsum()
    return values, np.repeat(values[:, np.newaxis], horizon, axis=1)


def autoregression(rng, horizon):
    """AR(2) with a cycle of about eleven steps: the best forecast is iterated."""
    burn_in, coefficients = 200, np.array([1.5, -0.8])
    values = np.zeros(N + burn_in)
    noise = rng.standard_normal(len(values))
    for t in range(2, len(values)):
        values[t] = coefficients @ values[[t - 1, t - 2]] + noise[t]
    values = values[burn_in:]
    known = [np.r_[values[0], values[:-1]], values]
    for _ in range(horizon):
        known.append(coefficients @ [known[-1], known[-2]])
    return values, np.stack(known[2:], axis=1)


def trend_and_season(rng, horizon):
    """A line, a season of 12 steps, and noise: the best forecast is without noise."""
    time = np.arange(N + horizon)
    angle = 2 * np.pi * time / 12
    mean = 0.02 * time + 2 * np.sin(angle) + np.cos(2 * angle)
    return mean[:N] + 0.5 * rng.standard_normal(N), _ahead(mean, horizon)


def intermittent(rng, horizon):
    """Zero with a probability of 0.4, else one and a Poisson number of mean 2.

    Nothing can be learned from the past. The best forecast is the median, 2: at most 1
    has a probability of 0.4 + 0.6 exp(-2) = 0.48, at most 2 one of 0.64.
    """
    values = (rng.random(N) < 0.6) * (1.0 + rng.poisson(2, N))
    return values, np.full((N, horizon), 2.0)


def level_shifts(rng, horizon):
    """A level that jumps once in 80 steps on average, and noise.

    The best forecast is the present level, which a forecaster can only estimate.
    """
    jumps = (rng.random(N) < 1 / 80) * rng.normal(0, 4, N)
    level = jumps.cumsum()
    best = np.repeat(level[:, np.newaxis], horizon, axis=1)
    return level + rng.standard_normal(N), best


def two_seasons(rng, horizon):
    """Seasons of 24 and 96 steps, and noise: the best forecast is without noise."""
    time = np.arange(N + horizon)
    day, days = 2 * np.pi * time / 24, 2 * np.pi * time / 96
    mean = 2 * np.sin(day) + np.cos(2 * day) + 1.5 * np.sin(days)
    return mean[:N] + 0.5 * rng.standard_normal(N), _ahead(mean, horizon)


def _ahead(values, horizon):
    """Row t holds values t + 1, ..., t + horizon; (N + horizon,) -> (N, horizon)"""
    return np.lib.stride_tricks.sliding_window_view(values, horizon)[1:]


KINDS = (
    random_walk,
    autoregression,
    trend_and_season,
    intermittent,
    level_shifts,
    two_seasons,
)
