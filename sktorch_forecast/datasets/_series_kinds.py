"""Kinds of synthetic series, each a function that makes many of them at once.

All are called as ``kind(rng, n, length)`` and return values, (n, length), float32, and
the periods of up to two seasons, (n, 2), the main one first, 0 for none.
"""

import numpy as np

from ._series_parts import (
    at_phases,
    bent_line,
    chosen,
    draw_periods,
    filtered,
    log_uniform,
    noise,
    normal,
    phases,
    profiles,
    season,
    seasons,
    smooth,
    squared_exponential,
    standardized,
    steps,
    trend,
    uniform,
)


def _no_periods(n):
    return np.zeros((n, 2), int)


def gaussian_process(rng, n, length):
    """Gaussian processes with sums and products of kernels.

    As in KernelSynth, A. Ansari et al. (2024), Chronos: Learning the Language of Time
    Series, section 4.2, by spectra instead of matrices.
    """
    periods = draw_periods(rng, n, length)
    periods[rng.random(n) < 0.4] = 0
    scale = log_uniform(rng, 4, 2 * length, n)
    x = smooth(rng, n, length, 2 * np.pi * scale, uniform(rng, 0.5, 2.5, n))
    other = squared_exponential(rng, n, length, log_uniform(rng, 3, length, n))
    x = np.where(chosen(rng, 0.3, n), x * (1 + other), x + chosen(rng, 0.5, n) * other)
    # A periodic kernel times a smooth one: a season that changes slowly.
    swing = 1 + uniform(rng, 0, 0.6, n) * other
    x = standardized(x) + log_uniform(rng, 0.2, 3, n) * swing * seasons(
        rng, periods, length
    )
    return x + log_uniform(rng, 0.003, 0.5, n) * noise(rng, n, length), periods


def trend_season_noise(rng, n, length):
    """Trend times season times noise.

    S. Dooley et al. (2023), ForecastPFN: Synthetically-Trained Zero-Shot Forecasting,
    section 3.1. The noise has mean one; the season scales with the trend.
    """
    periods = draw_periods(rng, n, length)
    level = np.exp(uniform(rng, -1, 1.2, n) * trend(rng, n, length))
    shape = seasons(rng, periods, length) * log_uniform(rng, 0.03, 0.6, n)
    shape = np.where(chosen(rng, 0.4, n), np.exp(shape), 1 + shape)
    errors = 1 + log_uniform(rng, 0.003, 0.3, n) * noise(rng, n, length)
    return level * shape * errors, periods


def sum_of_parts(rng, n, length):
    """Trend plus seasons plus noise, whose size may change with time or in the cycle.

    The additive decomposition: R. Cleveland et al. (1990), STL: A Seasonal-Trend
    Decomposition Procedure Based on Loess. Journal of Official Statistics 6.
    """
    periods = draw_periods(rng, n, length)
    e = noise(rng, n, length)
    a, b = np.arange(n) % 4 == 0, np.arange(n) % 4 == 1
    e[a] *= np.exp(
        0.6 * smooth(rng, a.sum(), length, np.float32(length), np.float32(2))
    )
    e[b] *= np.exp(0.5 * season(rng, periods[b, 0], length))
    walk = normal(rng, n, length).cumsum(axis=1) / np.float32(np.sqrt(length))
    x = log_uniform(rng, 0.05, 4, n) * trend(rng, n, length) * chosen(rng, 0.7, n)
    x += log_uniform(rng, 0.02, 2, n) * chosen(rng, 0.5, n) * walk
    x += seasons(rng, periods, length)
    return x + log_uniform(rng, 0.01, 1.5, n) * e, periods


def random_walk(rng, n, length):
    """Random walks with drift, of possibly heavy-tailed returns; some exponential.

    Like prices: L. Bachelier (1900), and geometric, P. Samuelson (1965).
    """
    returns = noise(rng, n, length)
    returns += uniform(rng, -0.15, 0.2, n) * chosen(rng, 0.5, n)
    x = returns.cumsum(axis=1)
    growth = np.exp(x * log_uniform(rng, 0.3, 1.2, n) / np.float32(np.sqrt(length)))
    return np.where(chosen(rng, 0.4, n), growth, x), _no_periods(n)


def autoregression(rng, n, length):
    """ARIMA: two real or complex roots, a moving average term, integrated or not.

    G. Box and G. Jenkins (1970), Time Series Analysis, chapters 3 and 4. Complex roots
    make cycles without a fixed period, as G. U. Yule (1927) found for sunspots.
    """
    radius, angle = uniform(rng, 0.5, 0.995, n), 2 * np.pi / log_uniform(rng, 4, 80, n)
    other = uniform(rng, -0.5, 0.9, n)
    is_complex = chosen(rng, 0.5, n)
    first = np.where(is_complex, 2 * radius * np.cos(angle), radius + other)
    second = np.where(is_complex, -(radius**2), -radius * other)
    e = noise(rng, n, length + 64)
    e[:, 1:] += uniform(rng, -0.7, 0.7, n) * e[:, :-1].copy()
    x = standardized(filtered(e, first, second)[:, 64:])
    x = np.where(chosen(rng, 0.3, n), standardized(x.cumsum(axis=1)), x)
    return x + uniform(rng, -3, 3, n) * trend(rng, n, length) * chosen(
        rng, 0.3, n
    ), _no_periods(n)


def exponential_smoothing(rng, n, length):
    """Level, damped trend and season that each take a share of every error.

    R. Hyndman et al. (2008), Forecasting with Exponential Smoothing, the model
    ETS(A, Ad, A), table 2.2.
    """
    periods = draw_periods(rng, n, length)
    periods[:, 1] = 0
    period = np.maximum(periods[:, 0], 1)
    e = np.ascontiguousarray(noise(rng, n, length).T)
    e *= log_uniform(rng, 0.02, 1, n)[:, 0]
    alpha = rng.beta(1, 2, n).astype(np.float32)
    beta = alpha * (rng.beta(1, 6, n) * (rng.random(n) < 0.6)).astype(np.float32)
    gamma = (rng.beta(1, 5, n) * (rng.random(n) < 0.6) * (1 - alpha)).astype(np.float32)
    phi = np.where(rng.random(n) < 0.5, 1, rng.uniform(0.8, 0.99, n)).astype(np.float32)
    level = np.zeros(n, np.float32)
    slope = (rng.standard_normal(n) * (rng.random(n) < 0.6) * 0.02).astype(np.float32)
    rows = np.arange(n)
    cycle = np.zeros((n, period.max()), np.float32)
    place = np.arange(period.max()) / period[:, np.newaxis]
    cycle[:] = at_phases(profiles(rng, n), (place % 1).astype(np.float32))
    cycle *= (periods[:, :1] > 1) * log_uniform(rng, 0.1, 3, n)
    x = np.empty((length, n), np.float32)
    flat, first = cycle.ravel(), rows * cycle.shape[1]
    for t in range(length):
        now = first + t % period
        before = level + phi * slope
        s = flat.take(now)
        x[t] = before + s + e[t]
        level = before + alpha * e[t]
        slope = phi * slope + beta * e[t]
        flat[now] = s + gamma * e[t]
    return x.T, periods


def regimes(rng, n, length):
    """Two regimes of different levels, noise and seasons that take turns.

    J. Hamilton (1989), A New Approach to the Economic Analysis of Nonstationary Time
    Series and the Business Cycle. Econometrica 57.
    """
    periods = draw_periods(rng, n, length)
    periods[rng.random(n) < 0.4] = 0
    turns = (
        rng.random((n, length), dtype=np.float32)
        < log_uniform(rng, 0.7, 12, n) / length
    )
    state = (turns.cumsum(axis=1) % 2).astype(np.float32)
    wave = seasons(rng, periods, length)
    x = wave * (1 + uniform(rng, -0.8, 0.5, n) * state)
    x += log_uniform(rng, 0.1, 4, n) * state
    e = noise(rng, n, length) * (1 + uniform(rng, -0.8, 2, n) * state)
    return x + log_uniform(rng, 0.02, 0.7, n) * e, periods


def jumping_level(rng, n, length):
    """A level that jumps now and then, with a season and noise.

    J. Bai and P. Perron (1998), Estimating and Testing Linear Models with Multiple
    Structural Changes. Econometrica 66.
    """
    periods = draw_periods(rng, n, length)
    periods[rng.random(n) < 0.4] = 0
    x = steps(rng, n, length, log_uniform(rng, 0.7, 15, n))
    x += log_uniform(rng, 0.05, 1, n) * seasons(rng, periods, length)
    return x + log_uniform(rng, 0.01, 0.5, n) * noise(rng, n, length), periods


def calendar(rng, n, length):
    """A day whose shape or size depends on the day of the week, on a slow level.

    Like the load of a power grid: S. Taylor (2003), Short-term electricity demand
    forecasting using double seasonal exponential smoothing. J. Oper. Res. Soc. 54.
    """
    day = np.array([24, 24, 24, 24, 48, 12, 96])[rng.integers(7, size=n)]
    day[7 * day * 2 > length] = min(24, max(2, length // 14))
    week = 7 * day
    phase = phases(rng, week, length)
    weekday = np.minimum((phase * 7).astype(np.int32), 6)
    of_day = phase * 7 - weekday
    working = at_phases(profiles(rng, n), of_day)
    days = uniform(rng, 0, 0.5, n) * rng.standard_normal((n, 7), dtype=np.float32)
    days[:, 5:] -= uniform(rng, -0.3, 1.2, n) * chosen(rng, 0.7, n)
    size = at_phases(days, phase)
    x = np.where(
        chosen(rng, 0.5, n), working * np.maximum(1 + size, 0.05), working + size
    )
    own = chosen(rng, 0.5, n)[:, 0]
    weekend = at_phases(profiles(rng, own.sum()), of_day[own])
    share = (weekday[own] > 4) * uniform(rng, 0, 1, own.sum())
    x[own] += share * (weekend - x[own])
    slow = smooth(rng, n, length, log_uniform(rng, 100, 2000, n), uniform(rng, 1, 2, n))
    x *= 1 + uniform(rng, 0, 0.4, n) * chosen(rng, 0.4, n) * slow
    x += log_uniform(rng, 0.03, 1, n) * slow
    periods = np.stack([week, day], axis=1)
    periods[2 * week > length] = 0
    return x + log_uniform(rng, 0.02, 0.5, n) * noise(rng, n, length), periods


def counts(rng, n, length):
    """Counts whose rate has a season and a trend, many of them zero.

    J. Croston (1972), Forecasting and Stock Control for Intermittent Demands, and
    D. Lambert (1992), Zero-inflated Poisson Regression. Technometrics 34.
    """
    periods = draw_periods(rng, n, length)
    periods[rng.random(n) < 0.3] = 0
    rate = uniform(rng, 0, 1, n) * seasons(rng, periods, length)
    rate += uniform(rng, 0, 1, n) * trend(rng, n, length)
    rate = np.exp(np.minimum(rate, 3)) * log_uniform(rng, 0.05, 30, n)
    # Approximate a Poisson variable by a normal one where the rate is large.
    e = normal(rng, n, length)
    spread = np.where(chosen(rng, 0.5, n), 1, log_uniform(rng, 1, 3, n))
    x = np.floor(np.square(np.maximum(np.sqrt(rate + 0.1) + spread * e / 2, 0)) + 0.3)
    sold = rng.random((n, length), dtype=np.float32) < uniform(rng, 0.1, 1, n)
    return np.where(chosen(rng, 0.5, n), x * sold, x).astype(np.float32), periods


def censored(rng, n, length):
    """A season that is cut off at zero or at a capacity, under clouds.

    Like the power of the sun and of machines: J. Tobin (1958), Estimation of
    Relationships for Limited Dependent Variables. Econometrica 26.
    """
    periods = draw_periods(rng, n, length)
    phase = phases(rng, np.maximum(periods[:, 0], 2), length)
    sun = np.sin(np.float32(2 * np.pi) * phase) + uniform(rng, -0.6, 0.6, n)
    clouds = smooth(
        rng, n, length, log_uniform(rng, 10, 500, n), uniform(rng, 0.6, 2, n)
    )
    weather = np.exp(-uniform(rng, 0.02, 0.9, n) * np.abs(clouds))
    x = np.where(chosen(rng, 0.5, n), sun, seasons(rng, periods, length))
    x = np.maximum(x, 0) * weather
    x = np.minimum(x, np.where(chosen(rng, 0.3, n), uniform(rng, 0.3, 1, n), 100))
    # Where it is constant, there is no noise.
    x *= 1 + log_uniform(rng, 0.003, 0.2, n) * noise(rng, n, length)
    return x, periods


def spikes(rng, n, length):
    """Decaying peaks at fixed phases or at random times, on a base with noise.

    Shot noise: S. Rice (1944), Mathematical Analysis of Random Noise.
    """
    periods = draw_periods(rng, n, length)
    periods[:, 1] = 0
    e = noise(rng, n, length)
    regular = chosen(rng, 0.7, n)
    periods[~regular[:, 0]] = 0
    phase = phases(rng, np.maximum(periods[:, 0], 2), length)
    width = np.maximum(uniform(rng, 0.02, 0.2, n), 1.01 / np.maximum(periods[:, :1], 2))
    at_random = (
        rng.random((n, length), dtype=np.float32) < log_uniform(rng, 3, 40, n) / length
    )
    shots = np.where(regular, phase < width, at_random).astype(np.float32)
    shots *= 1 + uniform(rng, 0, 0.8, n) * normal(rng, n, length)
    fading = np.where(chosen(rng, 0.5, n), uniform(rng, 0.2, 0.9, n), 0)
    x = filtered(shots, fading.astype(np.float32))
    return x * log_uniform(rng, 0.5, 8, n) + log_uniform(rng, 0.02, 0.5, n) * e, periods


def smooth_growth(rng, n, length):
    """Yearly figures and the like: a bent line or growth with little noise.

    What exponential smoothing is good at: E. Gardner and E. McKenzie (1985),
    Forecasting Trends in Time Series. Management Science 31.
    """
    x = np.where(chosen(rng, 0.5, n), bent_line(rng, n, length), trend(rng, n, length))
    walk = normal(rng, n, length).cumsum(axis=1)
    twice = standardized(filtered(walk, uniform(rng, 0.5, 0.98, n)))
    x = x + log_uniform(rng, 0.01, 0.5, n) * twice
    x = np.where(chosen(rng, 0.3, n), np.exp(uniform(rng, 0.3, 1.5, n) * x), x)
    return x + log_uniform(rng, 0.001, 0.05, n) * noise(rng, n, length), _no_periods(n)


# How often each kind is drawn.
KINDS = {
    gaussian_process: 12,
    trend_season_noise: 12,
    sum_of_parts: 16,
    random_walk: 7,
    autoregression: 8,
    exponential_smoothing: 12,
    regimes: 3,
    jumping_level: 4,
    calendar: 12,
    counts: 6,
    censored: 4,
    spikes: 3,
    smooth_growth: 5,
}
