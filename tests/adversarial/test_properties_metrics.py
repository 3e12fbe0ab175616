"""Metrics of random outcomes and forecasts, against plain loops and integrals."""

from dataclasses import dataclass

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from laws import law, seeds
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.special import ndtr
from sklearn.metrics import mean_pinball_loss

from sktorch_forecast import metrics


@dataclass
class Case:
    """What happened, forecasts of all kinds, and a history of each row."""

    y: np.ndarray  # (n, h * k)
    pred: np.ndarray  # (n, h * k)
    interval: np.ndarray  # (n, h * k, 2)
    levels: np.ndarray  # (n_levels,)
    quantiles: np.ndarray  # (n, h * k, n_levels)
    samples: np.ndarray  # (m, n, h * k)
    scale: np.ndarray  # (n, h * k)
    history: np.ndarray  # (n, length, k)
    season: int
    coverage: float
    weights: np.ndarray | None  # (n,)

    def taken(self, rows):
        """The same of some of the rows, without weights."""
        of_rows = "y", "pred", "interval", "quantiles", "scale", "history"
        parts = vars(self) | {name: getattr(self, name)[rows] for name in of_rows}
        return Case(**parts | {"samples": self.samples[:, rows], "weights": None})


@st.composite
def cases(draw, weighted=None, n_targets=(1, 3)):
    n, h = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    k, season = draw(st.integers(*n_targets)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(seeds))
    unit = 10.0 ** draw(st.integers(-6, 6))

    # Numbers that are equal now and then, and some that are zero.
    def numbers(*shape):
        return unit * np.round(2 * rng.normal(size=shape), draw(st.integers(0, 3)))

    weighted = (
        draw(st.sampled_from([None, "whole", "any"])) if weighted is None else weighted
    )
    weights = None
    if weighted:
        weights = rng.integers(0, 4, size=n) if weighted == "whole" else rng.random(n)
        weights[rng.integers(n)] += 1
    return Case(
        y=numbers(n, h * k),
        pred=numbers(n, h * k),
        interval=np.sort(numbers(n, h * k, 2), axis=-1),
        levels=np.sort(rng.choice(np.arange(1, 100), draw(st.integers(1, 6)), False))
        / 100,
        quantiles=np.empty(0),
        samples=numbers(draw(st.integers(2, 7)), n, h * k),
        scale=unit * rng.uniform(0.1, 3, size=(n, h * k)),
        history=unit * rng.normal(size=(n, season + draw(st.integers(1, 5)), k)),
        season=season,
        coverage=draw(st.floats(0.05, 0.95)),
        weights=weights,
    )


def with_quantiles(case):
    rng = np.random.default_rng(len(case.levels))
    case.quantiles = case.y[..., None] + rng.normal(
        size=(*case.y.shape, len(case.levels))
    )
    return case


def average(rows, weights):
    """Of one number for each row."""
    weights = np.ones(len(rows)) if weights is None else weights
    total = sum(w * row for w, row in zip(weights, rows) if w)
    return total / sum(weights)


def of_outputs(function, case):
    """The mean over outputs of what `function` says of row i and output j."""
    n, n_outputs = case.y.shape
    rows = [sum(function(i, j) for j in range(n_outputs)) / n_outputs for i in range(n)]
    return average(rows, case.weights)


def naive_error(case, i, target, power):
    """Of the seasonal naive forecast within the history of a row."""
    series, m = case.history[i, :, target], case.season
    misses = [abs(series[t] - series[t - m]) ** power for t in range(m, len(series))]
    return (sum(misses) / len(misses)) ** (1 / power)


def scaled(case, power):
    """MASE or RMSSE: a root for each row and target, then means."""
    n_targets = case.history.shape[2]
    error = abs(case.y - case.pred) ** power
    rows = [
        np.mean(
            [
                np.mean(error[i, target::n_targets]) ** (1 / power)
                / naive_error(case, i, target, power)
                for target in range(n_targets)
            ]
        )
        for i in range(len(case.y))
    ]
    return average(rows, case.weights)


def interval_score(case, i, j):
    """Gneiting and Raftery (2007), equation 43."""
    (low, high), y, alpha = case.interval[i, j], case.y[i, j], 1 - case.coverage
    return high - low + 2 / alpha * ((low - y) * (y < low) + (y - high) * (y > high))


def msis(case):
    n_targets = case.history.shape[2]
    return of_outputs(
        lambda i, j: (
            interval_score(case, i, j) / naive_error(case, i, j % n_targets, 1)
        ),
        case,
    )


def pinball(case, i, j, q):
    level, y, forecast = case.levels[q], case.y[i, j], case.quantiles[i, j, q]
    return mean_pinball_loss([y], [forecast], alpha=level)


def crps_of_quantiles(case, i, j):
    """Twice the pinball loss over all levels, each standing for those nearest to it."""
    levels = case.levels
    ends = [0, *(levels[1:] + levels[:-1]) / 2, 1]
    return 2 * sum(
        (ends[q + 1] - ends[q]) * pinball(case, i, j, q) for q in range(len(levels))
    )


def crps_of_samples(case, i, j, fair=False):
    """Gneiting and Raftery (2007), equation 21."""
    x, y = case.samples[:, i, j], case.y[i, j]
    apart = sum(abs(a - b) for a in x for b in x)
    n_pairs = len(x) * (len(x) - fair)
    return sum(abs(x - y)) / len(x) - apart / n_pairs / 2


def energy(case, fair=False):
    """The same of whole rows, with the length of vectors."""
    rows = []
    for i, y in enumerate(case.y):
        paths = case.samples[:, i]
        miss = sum(np.sqrt(sum((x - y) ** 2)) for x in paths) / len(paths)
        apart = sum(np.sqrt(sum((a - b) ** 2)) for a in paths for b in paths)
        rows.append(miss - apart / (len(paths) * (len(paths) - fair)) / 2)
    return average(rows, case.weights)


def sizes(case, i, j):
    y, pred = case.y[i, j], case.pred[i, j]
    return 2 * abs(y - pred) / (abs(y) + abs(pred)) if y or pred else 0


def is_inside(case, i, j):
    low, high = case.interval[i, j]
    return 1.0 if low <= case.y[i, j] <= high else 0.0


# Each metric, how it is called, what it is by the formula, and the power of the units
# that it is in.
METRICS = {
    "mase": (
        lambda c, **w: metrics.mase(c.y, c.pred, c.history, seasonality=c.season, **w),
        lambda c: scaled(c, 1),
        0,
    ),
    "rmsse": (
        lambda c, **w: metrics.rmsse(c.y, c.pred, c.history, seasonality=c.season, **w),
        lambda c: scaled(c, 2),
        0,
    ),
    "smape": (
        lambda c, **w: metrics.smape(c.y, c.pred, **w),
        lambda c: of_outputs(lambda i, j: sizes(c, i, j), c),
        0,
    ),
    "coverage_score": (
        lambda c, **w: metrics.coverage_score(c.y, c.interval, **w),
        lambda c: of_outputs(lambda i, j: is_inside(c, i, j), c),
        0,
    ),
    "acd": (
        lambda c, **w: metrics.acd(c.y, c.interval, coverage=c.coverage, **w),
        lambda c: abs(of_outputs(lambda i, j: is_inside(c, i, j), c) - c.coverage),
        0,
    ),
    "mean_width": (
        lambda c, **w: metrics.mean_width(c.interval, **w),
        lambda c: of_outputs(lambda i, j: c.interval[i, j, 1] - c.interval[i, j, 0], c),
        1,
    ),
    "interval_score": (
        lambda c, **w: metrics.interval_score(
            c.y, c.interval, coverage=c.coverage, **w
        ),
        lambda c: of_outputs(lambda i, j: interval_score(c, i, j), c),
        1,
    ),
    "msis": (
        lambda c, **w: metrics.msis(
            c.y,
            c.interval,
            coverage=c.coverage,
            y_train=c.history,
            seasonality=c.season,
            **w,
        ),
        msis,
        0,
    ),
    "pinball_loss": (
        lambda c, **w: metrics.pinball_loss(c.y, c.quantiles, quantiles=c.levels, **w),
        lambda c: of_outputs(
            lambda i, j: np.mean([pinball(c, i, j, q) for q in range(len(c.levels))]), c
        ),
        1,
    ),
    "crps_quantiles": (
        lambda c, **w: metrics.crps_quantiles(
            c.y, c.quantiles, quantiles=c.levels, **w
        ),
        lambda c: of_outputs(lambda i, j: crps_of_quantiles(c, i, j), c),
        1,
    ),
    "crps_samples": (
        lambda c, **w: metrics.crps_samples(c.y, c.samples, **w),
        lambda c: of_outputs(lambda i, j: crps_of_samples(c, i, j), c),
        1,
    ),
    "crps_samples, fair": (
        lambda c, **w: metrics.crps_samples(c.y, c.samples, fair=True, **w),
        lambda c: of_outputs(lambda i, j: crps_of_samples(c, i, j, True), c),
        1,
    ),
    "energy_score": (
        lambda c, **w: metrics.energy_score(c.y, c.samples, **w),
        energy,
        1,
    ),
    "energy_score, fair": (
        lambda c, **w: metrics.energy_score(c.y, c.samples, fair=True, **w),
        lambda c: energy(c, True),
        1,
    ),
    "crps_normal": (
        lambda c, **w: metrics.crps_normal(c.y, c.pred, c.scale, **w),
        None,  # an integral, below
        1,
    ),
}
with_formula = st.sampled_from([name for name in METRICS if METRICS[name][1]])
any_case = cases().map(with_quantiles)


def value_of(name, case):
    weights = {} if case.weights is None else {"sample_weight": case.weights}
    return METRICS[name][0](case, **weights)


@law(600, name=with_formula, case=any_case)
def test_a_metric_is_its_formula(name, case):
    expected = METRICS[name][1](case)
    size = np.abs(case.y).max()
    assert_allclose(value_of(name, case), expected, rtol=1e-7, atol=1e-9 * size)


@law(300, name=st.sampled_from(list(METRICS)), case=any_case, k=st.integers(-20, 20))
def test_a_metric_is_in_the_units_of_its_power(name, case, k):
    units = 2.0**k
    kinds = "y", "pred", "interval", "quantiles", "samples", "scale", "history"
    moved = Case(**vars(case) | {kind: units * vars(case)[kind] for kind in kinds})
    expected = value_of(name, case) * units ** METRICS[name][2]
    assert_allclose(value_of(name, moved), expected, rtol=1e-12)


@law(300, name=st.sampled_from(list(METRICS)), case=any_case, seed=seeds)
def test_a_metric_does_not_know_the_order_of_the_rows(name, case, seed):
    order = np.random.default_rng(seed).permutation(len(case.y))
    shuffled = case.taken(order)
    if case.weights is not None:
        shuffled.weights = case.weights[order]
    found = value_of(name, shuffled)
    assert_allclose(found, value_of(name, case), rtol=1e-7, atol=1e-12)


@law(200, case=cases())
def test_the_crps_of_a_normal_distribution_is_its_integral(case):
    def of_one(i, j):
        y, mean, scale = case.y[i, j], case.pred[i, j], case.scale[i, j]
        # In deviations, as the integral of the squared distance between the two
        # distribution functions, below and above what happened.
        z = (y - mean) / scale
        below = quad(lambda x: ndtr(x) ** 2, -40, z, points=[min(0, z)], limit=200)
        above = quad(lambda x: ndtr(-x) ** 2, z, 40, points=[max(0, z)], limit=200)
        return scale * (below[0] + above[0])

    assume(np.abs((case.y - case.pred) / case.scale).max() < 30)
    expected = of_outputs(of_one, case)
    assert_allclose(value_of("crps_normal", case), expected, rtol=1e-6)
