"""Parts that synthetic series are made of: noise, smooth curves, trends and seasons.

All series of a call are made at once; arrays are (n_series, length), float32. Numbers
that each series draws for itself are columns, (n_series, 1).
"""

from typing import Any

import numpy as np
from scipy import fft

# Common seasonal periods, of one or two seasons at once, and how often they occur.
_PERIODS = [
    ((24, 168), 14),  # hourly: day and week
    ((24, 0), 9),
    ((168, 24), 2),
    ((48, 336), 3),  # half-hourly
    ((48, 0), 2),
    ((96, 0), 3),  # quarter-hourly
    ((96, 672), 1),
    ((144, 0), 1),  # every ten minutes
    ((288, 0), 1),  # every five minutes
    ((60, 0), 2),  # minutes in an hour, seconds in a minute
    ((7, 0), 9),  # daily: week, year
    ((7, 30), 2),
    ((7, 365), 3),
    ((5, 0), 2),  # working days
    ((30, 0), 1),
    ((365, 0), 1),
    ((52, 0), 4),  # weekly
    ((13, 52), 1),
    ((12, 0), 15),  # monthly
    ((4, 0), 8),  # quarterly
    ((6, 0), 2),
    ((3, 0), 1),
    ((8, 0), 1),
    ((10, 0), 2),
]
_SHARE_OF_ANY_PERIOD = 0.15
_GRID = 96  # points of a seasonal profile


def uniform(rng, low, high, n):
    """A column of numbers, uniform between two."""
    return rng.uniform(low, high, (n, 1)).astype(np.float32)


def log_uniform(rng, low, high, n):
    """A column of positive numbers whose logarithms are uniform between two."""
    return np.exp(uniform(rng, np.log(low), np.log(high), n))


def chosen(rng, share, n):
    """A column that marks a random share of the series."""
    return rng.random((n, 1)) < share


def normal(rng, n, length):
    """Normal white noise."""
    return rng.standard_normal((n, length), dtype=np.float32)


def standardized(x):
    """Rows of mean zero and deviation one, or zeros."""
    x = x - x.mean(axis=1, keepdims=True)
    return x / (np.sqrt(np.square(x).mean(axis=1, keepdims=True)) + 1e-6)


def draw_periods(rng, n, length):
    """Periods of one or two seasons of each series, (n, 2), 0 for none; the main first.

    Periods that do not fit into the series twice are replaced by shorter ones.
    """
    table, weights = zip(*_PERIODS)
    periods = np.array(table)[
        rng.choice(len(table), n, p=np.divide(weights, sum(weights)))
    ]
    longest = max(4, length // 2)
    anything = np.exp(rng.uniform(np.log(3), np.log(min(longest, 400)), n)).astype(int)
    is_any = (rng.random(n) < _SHARE_OF_ANY_PERIOD) | (periods[:, 0] > longest)
    periods[is_any] = np.stack([anything, np.zeros_like(anything)], axis=1)[is_any]
    periods[periods[:, 1] > longest, 1] = 0
    return periods


def smooth(rng, n, length, scale, power):
    """Gaussian processes by the spectrum of their kernels, standardized.

    The spectrum is ``(1 + (scale f)^2)^(-power)``, that of a Matern kernel of
    smoothness ``power - 1/2`` [1]_; a circle a quarter longer than the series is drawn
    with one Fourier transform [2]_.

    .. [1] C. Rasmussen and C. Williams (2006), Gaussian Processes for Machine Learning,
       equation 4.15.
    .. [2] C. Dietrich and G. Newsam (1997), Fast and exact simulation of stationary
       Gaussian processes through circulant embedding. SIAM J. Sci. Comput. 18.
    """
    size: Any = fft.next_fast_len(length + length // 4, real=True)
    f = np.arange(size // 2 + 1, dtype=np.float32) / np.float32(size)
    # amplitude = (1 + (scale f)^2)^(-power / 2)
    amplitude = np.exp(-power / 2 * np.log1p(np.square(scale * f)))
    return standardized(_with_spectrum(rng, n, amplitude, size)[:, :length])


def squared_exponential(rng, n, length, scale):
    """As `smooth`, with a squared exponential kernel of a length scale, in steps."""
    size: Any = fft.next_fast_len(length + length // 4, real=True)
    f = np.arange(size // 2 + 1, dtype=np.float32) / np.float32(size)
    amplitude = np.exp(-np.square(np.float32(np.pi) * scale * f))
    return standardized(_with_spectrum(rng, n, amplitude, size)[:, :length])


def _with_spectrum(rng, n, amplitude, size):
    """Periodic noise of these amplitudes, (n, size // 2 + 1) -> (n, size)"""
    parts = rng.standard_normal((n, size // 2 + 1, 2), dtype=np.float32)
    coefficients = parts.view(np.complex64)[..., 0]
    coefficients *= amplitude
    if not n:  # no transform of nothing
        return np.empty((0, size), np.float32)
    return np.asarray(fft.irfft(coefficients, size, axis=1, overwrite_x=True))


def noise(rng, n, length):
    """Noise that is normal or heavy-tailed, white or autocorrelated, deviation one."""
    e = normal(rng, n, length)
    heavy = slice(0, int(n * rng.uniform(0.1, 0.4)))
    # A normal variable over the root of a mean of squares: Student's t of 3 degrees.
    draws = rng.standard_gamma(1.5, e[heavy].shape, dtype=np.float32) / 1.5
    e[heavy] /= np.sqrt(draws + 0.05)
    colored = slice(0, n // 3)
    e[colored] = filtered(e[colored], uniform(rng, -0.4, 0.95, n // 3))
    return standardized(e[rng.permutation(n)])


def filtered(e, *coefficients):
    """Autoregressions x_t = a_1 x_(t-1) + a_2 x_(t-2) + ... + e_t of columns a_i."""
    x = np.ascontiguousarray(e.T)
    coefficients = [a[:, 0] for a in coefficients]
    for t in range(1, len(x)):
        for lag, a in enumerate(coefficients, start=1):
            if lag <= t:
                x[t] += a * x[t - lag]
    return x.T


def trend(rng, n, length):
    """Lines, bent lines, powers, saturation and exponential growth, of scale one."""
    t = np.linspace(0, 1, length, dtype=np.float32)
    kind = rng.integers(4, size=n)
    x = np.empty((n, length), np.float32)
    for i in range(4):
        rows = np.flatnonzero(kind == i)
        m = len(rows)
        if i == 0:
            x[rows] = t
        elif i == 1:
            x[rows] = t ** log_uniform(rng, 0.4, 2.5, m)
        elif i == 2:  # logistic growth
            rate = log_uniform(rng, 3, 25, m)
            x[rows] = 1 / (1 + np.exp(-rate * (t - uniform(rng, 0, 1.2, m))))
        else:
            x[rows] = bent_line(rng, m, length)
    return x * (1 - 2 * chosen(rng, 0.4, n)).astype(np.float32)


def bent_line(rng, n, length):
    """Lines whose slope changes at a few places, as in Prophet, of scale one.

    S. Taylor and B. Letham (2018), Forecasting at scale. The American Statistician 72.
    """
    changes = np.zeros((n, length), np.float32)
    changes[:, 0] = rng.standard_normal(n)
    rows = np.arange(n)
    for _ in range(4):
        changes[rows, rng.integers(length, size=n)] += 1.5 * rng.standard_normal(n)
    x = changes.cumsum(axis=1).cumsum(axis=1)
    return x / (np.abs(x).max(axis=1, keepdims=True) + 1e-6)


def steps(rng, n, length, rate):
    """Levels that jump now and then: about `rate` jumps per series, a column."""
    jumps = rng.random((n, length), dtype=np.float32) < rate / length
    x = jumps * normal(rng, n, length)
    return x.cumsum(axis=1, dtype=np.float32)


def phases(rng, periods, length):
    """Positions of the steps in their cycles, in [0, 1): (n,) -> (n, length)"""
    period = np.maximum(periods, 1).astype(np.float32)[:, np.newaxis]
    offset = rng.integers(0, np.maximum(periods, 1)).astype(np.float32)[:, np.newaxis]
    place = (np.arange(length, dtype=np.float32) + offset) / period
    return place - np.floor(place + 1e-4).astype(np.float32)


def profiles(rng, n, grid=_GRID):
    """One cycle of each of n seasons, on a grid, deviation one.

    Powers of the frequency from white to smooth; some profiles are rectified, like
    sunshine at night, squared to form peaks, or rounded to a few levels, like shifts
    and opening hours.
    """
    f = np.maximum(np.arange(grid // 2 + 1, dtype=np.float32), 1)
    x = _with_spectrum(rng, n, f ** -uniform(rng, 0.3, 3.0, n), grid)
    x = standardized(x)
    kind = rng.random((n, 1))
    x = np.where(kind < 0.12, np.maximum(x, 0), x)
    x = np.where((kind > 0.12) & (kind < 0.24), np.exp(x), x)
    x = np.where((kind > 0.24) & (kind < 0.32), np.round(x), x)
    return standardized(x)


def at_phases(profiles, phase):
    """Values of profiles on a grid at phases, (n, grid), (n, length) -> (n, length)"""
    n, grid = profiles.shape
    # A phase on a grid point stays there, no matter how it is rounded.
    place = (phase * grid + np.float32(0.01)).astype(np.int32)
    np.minimum(place, grid - 1, out=place)
    place += np.arange(0, n * grid, grid, dtype=np.int32)[:, np.newaxis]
    return profiles.ravel().take(place)


def season(rng, periods, length):
    """One season for each series, with deviation about one; zeros where it has none."""
    x = at_phases(profiles(rng, len(periods)), phases(rng, periods, length))
    return x * (periods > 1)[:, np.newaxis]


def seasons(rng, periods, length):
    """One or two seasons, the second with a different scale, added up."""
    x = season(rng, periods[:, 0], length)
    two = np.flatnonzero(periods[:, 1])
    size = uniform(rng, 0.2, 1.2, len(two))
    x[two] += size * season(rng, periods[two, 1], length)
    return x
