"""Scores of intervals, quantiles and samples against scipy, plain loops and by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats
from sklearn.metrics import mean_pinball_loss

from sktorch_forecast.metrics import (
    acd,
    coverage_score,
    crps_normal,
    crps_quantiles,
    crps_samples,
    energy_score,
    interval_score,
    mase,
    mean_width,
    msis,
    pinball_loss,
    pit_values,
)

LEVELS = [0.1, 0.25, 0.9]


def random_case(n=7, n_outputs=3, m=6, seed=0):
    """What happened, samples, and row weights."""
    rng = np.random.default_rng(seed)
    y_true = rng.normal(size=(n, n_outputs))
    return y_true, rng.normal(size=(m, n, n_outputs)), rng.uniform(size=n)


# -------------------------------------------------------------------------- quantiles


@pytest.mark.parametrize("weighted", [False, True])
def test_pinball_loss_is_the_mean_of_sklearn_losses(weighted):
    y_true, samples, weight = random_case(m=3)
    weight = weight if weighted else None
    expected = np.mean(
        [
            mean_pinball_loss(y_true, forecast, alpha=level, sample_weight=weight)
            for forecast, level in zip(samples, LEVELS, strict=True)
        ]
    )
    loss = pinball_loss(
        y_true, np.moveaxis(samples, 0, -1), quantiles=LEVELS, sample_weight=weight
    )
    assert type(loss) is float
    assert loss == pytest.approx(expected, rel=1e-12)


def test_pinball_loss_of_one_output():
    # 0.1 * 2 and 0.1 * 4; 0.9 * 1 and 0.9 * 1.
    y_quantiles = np.array([[8, 14], [11, 9]])
    expected = (0.2 + 0.4 + 0.9 + 0.9) / 4
    for y_true in ([10, 10], [[10], [10]], pd.Series([10, 10])):
        for shaped in (y_quantiles, y_quantiles[:, np.newaxis]):
            loss = pinball_loss(y_true, shaped, quantiles=[0.1, 0.9])
            assert loss == pytest.approx(expected, rel=1e-12)


def test_crps_of_unequal_levels_weights_cells():
    y_true, samples, weight = random_case(m=3)
    # Borders halfway between the levels: 0, 0.175, 0.575, 1.
    expected = 2 * sum(
        width * mean_pinball_loss(y_true, forecast, alpha=level, sample_weight=weight)
        for width, forecast, level in zip(
            [0.175, 0.4, 0.425], samples, LEVELS, strict=True
        )
    )
    score = crps_quantiles(
        y_true, np.moveaxis(samples, 0, -1), quantiles=LEVELS, sample_weight=weight
    )
    assert score == pytest.approx(expected, rel=1e-12)


def test_crps_of_the_median_is_the_absolute_error():
    assert crps_quantiles([1, 2], [[4], [1]], quantiles=[0.5]) == pytest.approx(2)


@pytest.mark.parametrize("m", [1, 2, 9])
def test_crps_of_sorted_samples_as_quantiles_is_that_of_the_samples(m):
    y_true, samples, _ = random_case(m=m)
    levels = (np.arange(m) + 0.5) / m
    y_quantiles = np.moveaxis(np.sort(samples, axis=0), 0, -1)
    assert crps_quantiles(y_true, y_quantiles, quantiles=levels) == pytest.approx(
        crps_samples(y_true, samples), rel=1e-12
    )


def test_crps_of_many_quantiles_approaches_the_closed_form():
    levels = (np.arange(10_000) + 0.5) / 10_000
    loc, scale = np.array([[1.0], [1.0]]), np.array([[0.5], [2.0]])
    y_true = [[0.3], [-2.0]]
    # (2, 1) and (10_000,) -> (2, 10_000)
    y_quantiles = loc + scale * stats.norm.ppf(levels)
    assert crps_quantiles(y_true, y_quantiles, quantiles=levels) == pytest.approx(
        crps_normal(y_true, loc, scale), rel=1e-6
    )


@pytest.mark.parametrize("n_cells, excess", [(20, 0.014), (100, 0.001)])
def test_crps_of_few_quantiles_is_as_near_as_its_notes_say(n_cells, excess):
    levels = np.arange(1, n_cells) / n_cells
    y_true = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    y_quantiles = np.tile(stats.norm.ppf(levels), (len(y_true), 1))
    # Right on average, the CRPS of a standard normal is E|x - x'| / 2 = 1 / sqrt(pi).
    ratio = crps_quantiles(y_true, y_quantiles, quantiles=levels) * np.sqrt(np.pi)
    assert ratio == pytest.approx(1 + excess, abs=5e-4)


# ---------------------------------------------------------------------- distributions


def energy_by_loops(y, paths, fair):
    """The energy form of one row, over all pairs of paths (m, d)."""
    m = len(paths)
    miss = sum(np.linalg.norm(path - y) for path in paths) / m
    apart = sum(np.linalg.norm(a - b) for a in paths for b in paths)
    return miss - apart / (m * (m - 1) if fair else m * m) / 2


@pytest.mark.parametrize("fair", [False, True])
@pytest.mark.parametrize("m", [2, 7])
def test_scores_of_samples_by_loops(m, fair):
    y_true, samples, weight = random_case(m=m)
    n, n_outputs = y_true.shape
    rows = [energy_by_loops(y_true[i], samples[:, i], fair) for i in range(n)]
    score = energy_score(y_true, samples, fair=fair, sample_weight=weight)
    assert score == pytest.approx(np.average(rows, weights=weight), rel=1e-12)
    rows = [
        np.mean(
            [
                energy_by_loops(y_true[i, [j]], samples[:, i, [j]], fair)
                for j in range(n_outputs)
            ]
        )
        for i in range(n)
    ]
    score = crps_samples(y_true, samples, fair=fair, sample_weight=weight)
    assert score == pytest.approx(np.average(rows, weights=weight), rel=1e-12)


def test_crps_of_samples_is_the_integral_of_the_squared_difference():
    # The definition: the integral of (F(x) - 1{x >= y})**2, F a step function.
    y, samples = 0.7, np.array([-1.0, 0.5, 0.5, 2.0, 4.0])
    points = np.sort([y, *samples])
    middle = (points[:-1] + points[1:]) / 2
    F = (samples[:, np.newaxis] <= middle).mean(axis=0)
    expected = np.sum((F - (middle >= y)) ** 2 * np.diff(points))
    assert crps_samples([y], samples[:, np.newaxis]) == pytest.approx(expected)


def test_one_sample_is_scored_by_its_absolute_error():
    y_true, samples, _ = random_case(m=1)
    error = samples[0] - y_true
    assert crps_samples(y_true, samples) == pytest.approx(np.abs(error).mean())
    assert energy_score(y_true, samples) == pytest.approx(
        np.sqrt((error**2).sum(axis=1)).mean()
    )


@pytest.mark.parametrize("fair", [False, True])
def test_the_energy_score_of_one_output_is_the_crps(fair):
    y_true, samples, _ = random_case(n_outputs=1)
    expected = crps_samples(y_true, samples, fair=fair)
    assert energy_score(y_true, samples, fair=fair) == pytest.approx(expected)
    # (n,) and (m, n) are the same as columns.
    flat = energy_score(y_true[:, 0], samples[..., 0], fair=fair)
    assert flat == pytest.approx(expected)


def test_the_fair_score_of_samples_is_unbiased():
    # All samples of 2 from {0, 1, 4}, each as likely: the mean of their fair scores is
    # the score of the distribution that has 0, 1 and 4 with probability 1/3 each.
    y, values = 3.0, np.array([0.0, 1.0, 4.0])
    first, second = np.meshgrid(values, values)
    samples = np.stack([first.ravel(), second.ravel()])  # (2, 9)
    y_true = np.full(9, y)
    exact = (3 + 2 + 1) / 3 - (1 + 4 + 3) * 2 / 9 / 2
    assert crps_samples(y_true, samples, fair=True) == pytest.approx(exact)
    # And the other exceeds it by E|x - x'| / (2 m), here 16/9 / 4.
    assert crps_samples(y_true, samples) == pytest.approx(exact + 4 / 9)


def test_crps_of_samples_keeps_its_digits_far_from_zero():
    y_true, samples, _ = random_case()
    shift = 2.0**30
    # Both are rounded by the shift itself, which costs 2**-23 at most.
    y_far, far = y_true + shift, samples + shift
    expected = crps_samples(y_far - shift, far - shift)
    assert crps_samples(y_far, far) == pytest.approx(expected, rel=1e-13)


def test_energy_score_sees_how_steps_hang_together():
    # Paths that rise or fall as a whole, and the same steps shuffled.
    whole = np.array([[[1.0, 1.0]], [[1.0, 1.0]], [[-1.0, -1.0]], [[-1.0, -1.0]]])
    mixed = np.array([[[1.0, 1.0]], [[1.0, -1.0]], [[-1.0, 1.0]], [[-1.0, -1.0]]])
    y_true = [[1.0, 1.0]]
    assert crps_samples(y_true, whole) == crps_samples(y_true, mixed)
    r = 2 * np.sqrt(2)
    # Misses 0, 0, r, r; half of the pairs are r apart.
    assert energy_score(y_true, whole) == pytest.approx(r / 2 - r / 4)
    # Misses 0, 2, 2, r; of 16 pairs 8 are 2 apart and 4 are r apart.
    assert energy_score(y_true, mixed) == pytest.approx((4 + r) / 4 - (16 + 4 * r) / 32)


@pytest.mark.parametrize("y, loc, scale", [(0, 0, 1), (1.7, -0.4, 0.3), (-9, 2, 5)])
def test_crps_of_a_normal_by_integration(y, loc, scale):
    F = stats.norm(loc, scale)
    below, _ = integrate.quad(lambda x: F.cdf(x) ** 2, -np.inf, y, epsabs=1e-12)
    above, _ = integrate.quad(lambda x: F.sf(x) ** 2, y, np.inf, epsabs=1e-12)
    assert crps_normal([y], [loc], [scale]) == pytest.approx(below + above, rel=1e-8)


def test_crps_of_normals_averages_rows():
    y_true = np.array([[0.0, 1.0], [2.0, 3.0]])
    loc, scale = np.array([[0.5, 1.0], [0.0, 3.5]]), np.array([[1.0, 2.0], [3.0, 0.1]])
    single = [
        [crps_normal([y], [a], [s]) for y, a, s in zip(*rows, strict=True)]
        for rows in zip(y_true, loc, scale, strict=True)
    ]
    expected = np.average(np.mean(single, axis=1), weights=[1, 3])
    score = crps_normal(y_true, loc, scale, sample_weight=[1, 3])
    assert score == pytest.approx(expected, rel=1e-12)


# -------------------------------------------------------------------------------- PIT


def test_pit_values_lie_in_the_piece_of_their_rank():
    y_true, samples, _ = random_case(n=40, m=9)
    pit = pit_values(y_true, samples, random_state=0)
    assert pit.shape == y_true.shape
    rank = (samples < y_true).sum(axis=0)
    np.testing.assert_array_equal(np.floor(10 * pit), rank)
    np.testing.assert_array_equal(pit, pit_values(y_true, samples, random_state=0))
    assert (pit != pit_values(y_true, samples, random_state=1)).all()


def test_pit_values_of_ties_spread_over_the_pieces_that_they_touch():
    # Two of five samples are below and two are equal: uniform on (2/6, 5/6).
    samples = np.tile([[1.0], [2.0], [3.0], [3.0], [5.0]], 2000)
    pit = pit_values(np.full(2000, 3.0), samples, random_state=0)
    assert pit.shape == (2000,)
    assert stats.kstest(pit, stats.uniform(2 / 6, 3 / 6).cdf).pvalue > 0.05


@pytest.mark.parametrize("m", [1, 4])
def test_pit_values_of_calibrated_counts_are_uniform(m):
    draws = np.random.default_rng(0).poisson(1.5, size=(m + 1, 3000))
    pit = pit_values(draws[0], draws[1:], random_state=0)
    assert stats.kstest(pit, "uniform").pvalue > 0.05


def test_pit_values_leave_the_global_generator_alone():
    # The third entry is how far the generator has come.
    before = np.random.get_state()[2]  # noqa: NPY002
    pit_values([1.0], [[1.0], [2.0]])
    assert np.random.get_state()[2] == before  # noqa: NPY002


# -------------------------------------------------------------------------- intervals

# Inside; on an end; 2 below; 1 above.
Y_TRUE = np.array([[3.0, 4.0], [0.0, 9.0]])
INTERVAL = np.array([[[2.0, 5.0], [4.0, 6.0]], [[2.0, 6.0], [7.0, 8.0]]])


def test_intervals_by_hand():
    assert coverage_score(Y_TRUE, INTERVAL) == 0.5
    assert mean_width(INTERVAL) == (3 + 2 + 4 + 1) / 4
    assert acd(Y_TRUE, INTERVAL) == pytest.approx(0.45)
    assert acd(Y_TRUE, INTERVAL, coverage=0.2) == pytest.approx(0.3)
    # 2 / alpha = 10
    score = interval_score(Y_TRUE, INTERVAL, coverage=0.8)
    assert type(score) is float
    assert score == pytest.approx((3 + 2 + (4 + 20) + (1 + 10)) / 4)


def test_intervals_weight_rows():
    weight = [
        3,
        1,
    ]  # the rows have shares 1 and 0, widths 2.5 and 2.5, scores 2.5, 17.5
    assert coverage_score(Y_TRUE, INTERVAL, sample_weight=weight) == 0.75
    assert mean_width([[0, 1], [0, 5]], sample_weight=weight) == 2
    assert acd(Y_TRUE, INTERVAL, sample_weight=weight) == pytest.approx(0.2)
    score = interval_score(Y_TRUE, INTERVAL, coverage=0.8, sample_weight=weight)
    assert score == pytest.approx((3 * 2.5 + 17.5) / 4)


@pytest.mark.parametrize("coverage", [0.5, 0.95])
def test_the_interval_score_is_the_sum_of_two_pinball_losses(coverage):
    y_true, samples, _ = random_case(m=2)
    interval = np.moveaxis(np.sort(samples, axis=0), 0, -1)
    ends = [(1 - coverage) / 2, (1 + coverage) / 2]
    # pinball_loss is the mean of both, so the sum is twice that.
    expected = 2 / (1 - coverage) * 2 * pinball_loss(y_true, interval, quantiles=ends)
    score = interval_score(y_true, interval, coverage=coverage)
    assert score == pytest.approx(expected, rel=1e-12)


def test_an_interval_without_width_at_the_median_scores_the_absolute_error():
    # With coverage c both ends at q: 2 / (1 - c) * |y - q|, and MSIS is so many MASE.
    y_train = [1.0, 3.0, 2.0, 5.0, 7.0]
    y_true, y_pred = np.array([[10.0, 10.0]]), np.array([[11.0, 7.0]])
    interval = np.stack([y_pred, y_pred], axis=-1)
    for seasonality in (1, 2):
        kwargs = {"y_train": y_train, "seasonality": seasonality}
        assert msis(y_true, interval, coverage=0.75, **kwargs) == pytest.approx(
            8 * mase(y_true, y_pred, **kwargs)
        )


@pytest.mark.parametrize("seasonality", [1, 3])
def test_msis_of_several_targets_by_loops(seasonality):
    rng = np.random.default_rng(0)
    n, length, horizon, k = 4, 9, 3, 2
    y_train = rng.normal(size=(n, length, k)) * [1.0, 100.0]
    y_true = rng.normal(size=(n, horizon * k))
    interval = np.sort(rng.normal(size=(n, horizon * k, 2)), axis=-1)
    weight = rng.uniform(size=n)
    rows = np.zeros(n)
    for i in range(n):
        for j in range(k):
            naive = [
                abs(y_train[i, t, j] - y_train[i, t - seasonality, j])
                for t in range(seasonality, length)
            ]
            for step in range(horizon):
                y, (lower, upper) = y_true[i, step * k + j], interval[i, step * k + j]
                score = upper - lower
                if y < lower:
                    score += 2 / 0.05 * (lower - y)
                if y > upper:
                    score += 2 / 0.05 * (y - upper)
                rows[i] += score / np.mean(naive) / (horizon * k)
    result = msis(
        y_true, interval, y_train=y_train, seasonality=seasonality, sample_weight=weight
    )
    assert result == pytest.approx(np.average(rows, weights=weight), rel=1e-12)


def test_msis_with_a_history_for_all_rows_or_one_for_each():
    # Interval scores 2 and 2 + 2 / 0.5 * 4 = 18; the history moves by 2 on average.
    history = np.array([1.0, 3.0, 2.0, 5.0])
    y_true, interval = [3, 8], [[2, 4], [2, 4]]
    assert msis(y_true, interval, coverage=0.5, y_train=history) == pytest.approx(5)
    both = np.array([history, 10 * history])
    result = msis(y_true, interval, coverage=0.5, y_train=both)
    assert result == pytest.approx((2 / 2 + 18 / 20) / 2)


# -------------------------------------------------------------------------- bad input

QUANTILES = np.zeros((2, 2, 3))
SAMPLES = np.zeros((4, 2, 2))
GOOD = {
    pinball_loss: {"y_quantiles": QUANTILES, "quantiles": LEVELS},
    crps_quantiles: {"y_quantiles": QUANTILES, "quantiles": LEVELS},
    crps_samples: {"samples": SAMPLES},
    energy_score: {"samples": SAMPLES},
    crps_normal: {"loc": Y_TRUE, "scale": np.ones((2, 2))},
    coverage_score: {"interval": INTERVAL},
    acd: {"interval": INTERVAL},
    interval_score: {"interval": INTERVAL, "coverage": 0.8},
    msis: {"interval": INTERVAL, "y_train": [1.0, 2.0, 4.0]},
    pit_values: {"samples": SAMPLES},
}


def with_ends(value):
    """Intervals of which one has this value at both ends."""
    interval = np.array(INTERVAL, dtype=float)
    interval[1, 0] = value
    return interval


def with_nan(array):
    array = np.array(array, dtype=float)
    array.flat[-1] = np.nan
    return array


def flawed(functions, *changes):
    return [(function, *change) for function in functions for change in changes]


@pytest.mark.parametrize(
    "metric, change, message",
    [
        *flawed(
            GOOD,
            ({"y_true": np.full((2, 2), np.inf)}, "Input y_true contains infinity"),
            ({"y_true": np.full((2, 2), np.nan)}, "only NaN in output 0 and 1 more"),
            ({"y_true": np.zeros((2, 2, 1))}, "Found array with dim 3"),
            ({"y_true": np.zeros((3, 2))}, r"shape|inconsistent numbers of samples"),
            ({"y_true": np.zeros((2, 4))}, r"shape.*\(2, 4\)"),
        ),
        *flawed(
            [metric for metric in GOOD if metric is not pit_values],
            ({"sample_weight": [1, 2, 3]}, r"expected shape \(2,\), found \(3,\)"),
            ({"sample_weight": [0, 0]}, "positive sum, found only zeros"),
            ({"sample_weight": [1, -1]}, "Negative values"),
        ),
        *flawed(
            [pinball_loss, crps_quantiles],
            ({"quantiles": [0.1, 0.9, 0.5]}, "Expected quantiles as increasing"),
            ({"quantiles": [0, 0.5, 0.9]}, "Expected quantiles as increasing"),
            ({"quantiles": [0.1, 0.9]}, r"expected \(2, 2, 2\).*found \(2, 2, 3\)"),
            ({"y_quantiles": with_nan(QUANTILES)}, "Input y_quantiles contains NaN"),
            (
                {"y_quantiles": np.zeros((2, 3))},
                r"expected \(2, 2, 3\) for the shape \(2, 2\) of y_true.*\(2, 3\)",
            ),
        ),
        *flawed(
            [coverage_score, acd, interval_score, msis],
            ({"interval": with_nan(INTERVAL)}, "Input interval contains NaN"),
            ({"interval": with_ends(-np.inf)}, "an interval that contains no number"),
            ({"interval": with_ends(np.inf)}, "an interval that contains no number"),
            ({"interval": INTERVAL[:, 0]}, r"expected \(2, 2, 2\).*found \(2, 2\)"),
            ({"interval": [1, 2]}, r"expected \(2, 2, 2\).*found \(2,\)"),
            (
                {"interval": INTERVAL[..., ::-1]},
                "found 5 above 2 at row 0, output 0. Sort it",
            ),
        ),
        *flawed(
            [acd, interval_score, msis],
            ({"coverage": 0}, r"'coverage' parameter of \w+ must be a float in"),
            ({"coverage": 1.0}, r"'coverage' parameter of \w+ must be a float in"),
            ({"coverage": "90%"}, r"'coverage' parameter of \w+ must be a float in"),
        ),
        *flawed(
            [crps_samples, energy_score, pit_values],
            ({"samples": with_nan(SAMPLES)}, "Input samples contains NaN"),
            ({"samples": SAMPLES[0]}, r"expected \(n_samples, 2, 2\).*found \(2, 2\)"),
            ({"samples": SAMPLES[:0]}, "Found array with 0 sample"),
        ),
        *flawed(
            [crps_samples, energy_score],
            ({"samples": SAMPLES[:1], "fair": True}, "at least 2 samples, found 1"),
            ({"fair": 0.5}, "'fair' parameter of .* must be"),
        ),
        (crps_normal, {"scale": np.zeros((2, 2))}, "scale must be above 0, found 0"),
        (crps_normal, {"scale": with_nan(Y_TRUE)}, "Input scale contains NaN"),
        (crps_normal, {"loc": [1, 2]}, r"loc must have the same shape.*\(2, 1\)"),
        (pit_values, {"random_state": "a"}, "'random_state' parameter"),
        (msis, {"seasonality": 3}, "y_train must reach further.*at least 4.*found 3"),
        (msis, {"seasonality": 0}, "'seasonality' parameter of msis must be an int"),
        (msis, {"y_train": [1.0, np.nan]}, "Expected y_train to hold two values"),
        (msis, {"y_train": np.ones((2, 5, 3))}, "y_train has 3 targets, found 2"),
        (msis, {"y_train": np.ones((3, 5))}, "expected 2 rows, found 3"),
    ],
)
def test_bad_input(metric, change, message):
    good = {"y_true": Y_TRUE, **GOOD[metric]}
    metric(**good)
    with pytest.raises(ValueError, match=message):
        metric(**(good | change))


@pytest.mark.parametrize(
    "interval, message",
    [
        ([1, 2], r"shape \(n, n_outputs, 2\), or \(n, 2\).*found \(2,\)"),
        (np.zeros((2, 3)), r"found \(2, 1, 3\)"),
        ([[2, 1]], "found 2 above 1 at row 0"),
        ([[2, np.nan]], "Input interval contains NaN"),
    ],
)
def test_mean_width_rejects_bad_input(interval, message):
    with pytest.raises(ValueError, match=message):
        mean_width(interval)
