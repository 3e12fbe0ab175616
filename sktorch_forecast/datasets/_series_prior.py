"""Synthetic series of many kinds, to train networks that can forecast any series."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_random_state

from .._utils.compat import Interval, validate_params
from .._utils.typing import RandomState
from . import _series_kinds
from ._series_parts import chosen, log_uniform, normal, standardized, uniform

__all__ = ["make_series_prior"]

KINDS = {kind.__name__: weight for kind, weight in _series_kinds.KINDS.items()}
# How many series to make at once: few enough to stay in a processor's caches.
_AT_ONCE = 512


@validate_params(
    {
        "n_series": [Interval(Integral, 1, None, closed="left")],
        "length": [Interval(Integral, 8, None, closed="left")],
        "kinds": ["array-like", None],
        "flaws": [Interval(Real, 0, 1, closed="both")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_series_prior(
    n_series: int = 1000,
    length: int = 576,
    *,
    kinds: list[str] | None = None,
    flaws: float = 0.3,
    random_state: RandomState = None,
) -> Bunch:
    """Make series of many kinds, to train networks that can forecast any series.

    Each series is of one of thirteen kinds: Gaussian processes, trend times season
    times noise, sums of parts, random walks, autoregressions, exponential smoothing,
    regimes, jumping levels, days within weeks, counts, censored seasons, spikes and
    smooth growth. Periods are hours, days, weeks, months, quarters and years, at all
    usual frequencies, and arbitrary others. Then some series are mixed, rounded or cut
    short, or get outliers and gaps, and all get a level and a scale.

    Parameters
    ----------
    n_series : int, default=1000
        Number of series.
    length : int, default=576
        Number of timestamps in each, at least 8.
    kinds : list of str or None, default=None
        Kinds to draw from, by the names in `kinds` of the result; None means all. The
        proportions of the kinds are fixed.
    flaws : float in [0, 1], default=0.3
        Share of series that are flawed; 0 leaves all intact, without mixtures,
        rounding, early ends, outliers and gaps.
    random_state : int, RandomState instance or None, default=None
        Source of the random numbers. Pass an int to get the same series in each call.

    Returns
    -------
    series : Bunch
        With `data`, the values, of shape (n_series, length), float32, NaN where
        missing; `periods`, the periods of up to two seasons, in timestamps, the main
        one first, 0 for none, of shape (n_series, 2), int; and `kinds`, the kind of
        each series, of shape (n_series,).

    Raises
    ------
    TypeError, ValueError
        If a parameter has the wrong type or is out of range, or a kind is unknown.

    Notes
    -----
    The sources of the kinds are given in ``datasets/_series_kinds.py``. One core of a
    2023 server makes about 20,000 series of 576 values per second.

    Examples
    --------
    >>> from sktorch_forecast.datasets import make_series_prior
    >>> series = make_series_prior(n_series=100, length=200, random_state=0)
    >>> series.data.shape, series.periods.shape
    ((100, 200), (100, 2))
    """
    kinds = _checked(kinds)
    seed = check_random_state(random_state).randint(2**32, size=4, dtype=np.uint32)
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed)))
    values = np.empty((n_series, length), np.float32)
    periods = np.zeros((n_series, 2), int)
    weights = np.array([KINDS[name] for name in kinds], float)
    drawn = rng.choice(len(kinds), n_series, p=weights / weights.sum())
    for i, name in enumerate(kinds):
        rows = np.flatnonzero(drawn == i)
        for part in np.split(rows, range(_AT_ONCE, len(rows), _AT_ONCE)):
            if len(part):
                made = getattr(_series_kinds, name)(rng, len(part), length)
                values[part], periods[part] = made
    for part in np.split(np.arange(n_series), range(_AT_ONCE, n_series, _AT_ONCE)):
        values[part] = _changed(rng, values[part], periods[part], flaws)
    return Bunch(data=values, periods=periods, kinds=np.array(kinds)[drawn])


def _checked(kinds):
    if kinds is None:
        return list(KINDS)
    unknown = [name for name in kinds if name not in KINDS]
    if unknown or not len(kinds):
        raise ValueError(
            f"Expected kinds to be some of {', '.join(KINDS)}, found {kinds!r}."
        )
    return list(kinds)


def _changed(rng, x, periods, flaws):
    n, length = x.shape
    x = standardized(x)
    for change in (_mixed, _rounded, _ended, _with_outliers, _with_gaps):
        rows = np.flatnonzero(rng.random(n) < flaws * _SHARES[change])
        if len(rows):
            x[rows] = change(rng, x[rows])
    size = log_uniform(rng, 0.01, 1e3, n)
    level = np.where(chosen(rng, 0.3, n), 0, log_uniform(rng, 0.1, 30, n))
    return size * (x + level.astype(np.float32))


def _mixed(rng, x):
    """Two series added: TSMixup, A. Ansari et al. (2024), Chronos, section 4.1."""
    share = uniform(rng, 0.6, 0.95, len(x))
    return share * x + (1 - share) * x[rng.permutation(len(x))]


def _rounded(rng, x):
    """Round to a few hundred levels or fewer, as most instruments do."""
    step = log_uniform(rng, 0.005, 0.3, len(x))
    return np.round(x / step) * step


def _ended(rng, x):
    """Constant from some time on: zero, the minimum, or the last value."""
    n, length = x.shape
    end = rng.integers(length // 4, length - 3, n)
    last = x[np.arange(n), end]
    still = np.where(
        rng.random(n) < 0.5, last, np.where(rng.random(n) < 0.5, x.min(1), 0)
    )
    return np.where(np.arange(length) < end[:, np.newaxis], x, still[:, np.newaxis])


def _with_outliers(rng, x):
    """Single values that are far off."""
    n, length = x.shape
    out = (
        rng.random((n, length), dtype=np.float32) < log_uniform(rng, 1, 12, n) / length
    )
    size = log_uniform(rng, 2, 10, n) * normal(rng, n, length)
    return np.where(out, x + size, x)


def _with_gaps(rng, x):
    """Set single values and whole stretches to NaN."""
    n, length = x.shape
    draws = rng.random((n, length), dtype=np.float32)
    missing = draws < log_uniform(rng, 0.003, 0.3, n) * chosen(rng, 0.6, n)
    t = np.arange(length)
    for _ in range(2):
        begin = uniform(rng, 0, length, n)
        missing |= (
            (t >= begin)
            & (t < begin + log_uniform(rng, 1, length / 4, n))
            & chosen(rng, 0.5, n)
        )
    return np.where(missing, np.float32(np.nan), x)


# Shares of the series that are changed in each way when `flaws` is 1.
_SHARES = {
    _mixed: 0.3,
    _rounded: 0.25,
    _ended: 0.1,
    _with_outliers: 0.4,
    _with_gaps: 0.6,
}
