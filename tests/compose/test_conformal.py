"""Conformal intervals: ranks by hand, coverage by its law, paths by their errors."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import sklearn
from common import cheap
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktorch_forecast import (
    MLPForecaster,
    NaiveForecaster,
    RecursiveForecaster,
    SlidingWindow,
    make_windows,
)
from sktorch_forecast.compose import ConformalForecaster

METHODS = pytest.mark.parametrize("method", ["split", "cqr", "adaptive"])
# Probability of a true statement to fail by chance, where chance is in it.
RARE = 1e-6


@pytest.fixture
def rng():
    return np.random.default_rng(0)


class Zero(RegressorMixin, BaseEstimator):
    """Forecasts zero, says that deviations are `spread` times the last value."""

    def __init__(self, spread=1.0):
        self.spread = spread

    def fit(self, X, y, sample_weight=None):
        self.shape_ = y.shape[1:]
        self.X_, self.y_, self.sample_weight_ = X, y, sample_weight
        return self

    def predict(self, X):
        return np.zeros((len(X), *self.shape_))

    def predict_quantiles(self, X, quantiles):
        q = self.spread * X[:, -1, np.newaxis] * stats.norm.ppf(quantiles)
        return np.repeat(q[:, np.newaxis], *self.shape_ or (1,), axis=1)


def errors(values, n_before=3, **params):
    """A forecaster of zeros that has seen these errors, in this order."""
    y = np.concatenate([np.zeros((n_before, *np.shape(values)[1:])), values])
    X = np.tile([1.0, 3.0], (len(y), 1))  # a deviation of 1
    params = {"estimator": Zero(), "normalize": None} | params
    share = len(values) / len(y)
    return ConformalForecaster(calibration_fraction=share, **params).fit(X, y)


ONE = np.array([[1.0, 3.0]])


# -------------------------------------------------------------------- ranks by hand


@pytest.mark.parametrize("normalize", ["window", None])
def test_ranks_of_nine_errors(normalize):
    model = errors([4, 1, 9, 3, 7, 5, 2, 8, 6], coverage=0.8, normalize=normalize)
    assert_allclose(model.predict_interval(ONE), [[[1, 9]]])
    # 10 * level is 2.5, 5, 7.5: on the safe side that is rank 2, 5 and 8.
    levels = [0.1, 0.25, 0.5, 0.75, 0.9]
    assert_allclose(model.predict_quantiles(ONE, levels), [[[1, 2, 5, 8, 9]]])


def test_nineteen_origins_are_just_enough_for_90_percent():
    model = errors(np.arange(19.0), coverage=0.9)
    assert_array_equal(model.predict_interval(ONE), [[[0, 18]]])
    with pytest.warns(UserWarning, match="0.025 to 0.975 .* at least 39 calibration"):
        ends = model.predict_interval(ONE, 0.95)
    assert_array_equal(ends, [[[-np.inf, np.inf]]])
    model = errors(np.arange(18.0), coverage=0.9)
    with pytest.warns(UserWarning, match="at least 19 calibration origins, found 18"):
        ends = model.predict_interval(ONE)
    assert_array_equal(ends, [[[-np.inf, np.inf]]])


@pytest.mark.parametrize(
    "levels, n_least, ranks",
    [
        ([0.01, 0.5], 99, [1, 50]),  # 100 * 0.01 = 1
        ([0.5, 0.98], 49, [25, 49]),  # 50 * 0.02 = 1
        ([0.035, 0.965], 28, [1, 28]),  # 29 * 0.035 = 1.015, and 28 * 0.035 = 0.98
    ],
)
def test_the_rarer_side_says_how_many_origins_are_needed(levels, n_least, ranks):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = errors(np.arange(1.0, n_least + 1)).predict_quantiles(ONE, levels)
    assert_array_equal(found, [[ranks]])
    few = errors(np.arange(1.0, n_least))
    message = f"at least {n_least} calibration origins, found {n_least - 1}"
    with pytest.warns(UserWarning, match=message):
        found = few.predict_quantiles(ONE, levels)[0, 0]
    assert_array_equal(np.isinf(found), np.minimum(levels, 1 - np.array(levels)) < 0.5)


@pytest.mark.parametrize("method", ["split", "cqr", "adaptive"])
@pytest.mark.parametrize("n_origins", [5, 12, 30])
def test_too_few_calibration_origins_give_infinite_intervals(method, n_origins):
    """Ranks 0 and m + 1 of m scores are infinite, which holds whatever may come."""
    x, y = X_[:n_origins], Y_[:n_origins]
    model = ConformalForecaster(Zero(), method=method).fit(x, y)
    assert_array_equal(model.predict(x), Zero().fit(x, y).predict(x))
    with pytest.warns(UserWarning, match="need at least 19 calibration origins"):
        assert_array_equal(np.isinf(model.predict_interval(x)), True)
    with pytest.warns(UserWarning, match="infinite"):
        ends = model.predict_quantiles(x, [0.01, 0.5, 0.99])
    assert_array_equal(ends[..., 0], -np.inf)
    assert_array_equal(ends[..., 2], np.inf)
    if model.n_calibration_ > 1 or method != "cqr":
        assert np.isfinite(model.sample(x, 5, random_state=0)).all()
    else:
        with pytest.raises(ValueError, match="at least 2 .* to draw paths, found 1"):
            model.sample(x, 5, random_state=0)
    if method != "cqr":
        model.partial_fit(X_[n_origins : n_origins + 3], Y_[n_origins : n_origins + 3])
        with pytest.warns(UserWarning, match="infinite"):
            assert np.isinf(model.predict_interval(x)).all()


def test_each_output_has_scores_of_its_own():
    scores = np.stack([np.arange(9.0), 10 * np.arange(9.0) ** 2], axis=1)
    interval = errors(scores, coverage=0.8).predict_interval(ONE)
    assert_array_equal(interval, [[[0, 8], [0, 640]]])


def test_scores_are_in_units_of_the_window():
    # Deviations 1 and 3; all errors are twice the deviation of their window.
    X = np.array([[0.0, 2.0], [0.0, 6.0]] * 10)
    y = X[:, 1] * np.where(np.arange(20) % 4 < 2, 1, -1)
    model = ConformalForecaster(Zero(), coverage=0.6, calibration_fraction=0.5)
    model.fit(X, y)
    assert_allclose(model.min_scale_, [0.2], rtol=1e-15)  # a tenth of the median
    new = np.array([[10.0, 30.0], [5.0, 5.0]])  # deviations 10, and 0 raised to 0.2
    assert_allclose(model.predict_interval(new), [[[-20, 20]], [[-0.4, 0.4]]])


def test_scale_is_of_the_target_channel_and_each_step_has_that_of_its_own(rng):
    series = np.stack([np.arange(60.0), 100 * np.arange(60.0), rng.normal(size=60)], 1)
    X, y = make_windows(series, horizon=2, length=4, target=[0, 1])
    model = ConformalForecaster(NaiveForecaster(), coverage=0.5).fit(X, y)
    # The naive error is 1, 100, 2, 200; the deviation of 0, 1, 2, 3 is sqrt(5 / 4).
    expected = np.array([1, 1, 2, 2]) / np.sqrt(1.25)
    assert_allclose(model.scores_, np.tile(expected, (model.n_calibration_, 1)))
    level = [series[40, 0], series[40, 1]] * 2
    interval = model.predict_interval(X[37:38])[0]
    assert_allclose(interval[:, 0], np.add(level, [1, 100, 2, 200]), rtol=1e-6)


def test_flat_windows_have_a_scale(rng):
    y = rng.normal(size=40)
    flat = ConformalForecaster(Zero(), coverage=0.5).fit(np.ones((40, 5)), y)
    plain = clone(flat).set_params(normalize=None).fit(np.ones((40, 5)), y)
    assert_array_equal(
        flat.predict_interval(np.ones((1, 5))), plain.predict_interval(np.ones((1, 5)))
    )


# ---------------------------------------------------------------- coverage by its law


def bounds(n_trials, n_scores, rank):
    """Number of new scores not above the one of this rank: a beta-binomial law."""
    law = stats.betabinom(n_trials, rank, n_scores + 1 - rank)
    return law.ppf([RARE, 1 - RARE])


def test_coverage_of_exchangeable_errors(rng):
    X = rng.normal(size=(4000, 3))
    y = X[:, [1, 2]] + rng.standard_t(3, size=(4000, 2))
    model = ConformalForecaster(coverage=0.8, normalize=None).fit(X[:797], y[:797])
    assert model.n_calibration_ == 199
    assert_allclose(model.estimator_.coef_, [[0, 1, 0], [0, 0, 1]], atol=0.3)
    low, high = np.moveaxis(model.predict_interval(X[797:]), -1, 0)
    covered = ((low <= y[797:]) & (y[797:] <= high)).sum(axis=0)
    least, most = bounds(4000 - 797, 199, 180 - 20)
    assert ((least <= covered) & (covered <= most)).all()


@pytest.mark.parametrize("spread", [0.5, 1.0, 3.0])
def test_cqr_holds_whatever_the_estimator_says(spread, rng):
    X = np.abs(rng.normal(size=(4000, 1))) + 0.1
    y = X[:, 0] * rng.normal(size=4000)
    model = ConformalForecaster(Zero(spread), 0.9, "cqr", normalize=None)
    model.fit(X[:796], y[:796])
    low, high = np.moveaxis(model.predict_interval(X[796:])[:, 0], -1, 0)
    least, most = bounds(4000 - 796, 199, 190)
    for held in (low <= y[796:], y[796:] <= high):
        assert least <= held.sum() <= most
    # Wide where the estimator says so: by its own width, plus the same for all, but
    # never narrower than the intervals of smaller coverage.
    width = 2 * spread * X[796:, 0] * stats.norm.ppf(0.95)
    added = (high - low - width)[width.argmax()]
    wide = width > np.median(width)
    assert_allclose((high - low)[wide], (width + added)[wide], atol=1e-9)
    assert (high - low >= np.maximum(width + added, 0) - 1e-9).all()


def test_cqr_by_hand(rng):
    X, y = rng.uniform(1, 2, size=(40, 1)), rng.normal(size=(40, 2))
    model = ConformalForecaster(
        Zero(2.0), 0.6, "cqr", calibration_fraction=0.475, normalize=None
    ).fit(X, y)

    def at(level, rank):
        """The quantile at a level, moved by the score of this rank of 19."""
        q = 2 * X * stats.norm.ppf(level)
        return q + np.sort(y[-19:] - q[-19:], axis=0)[rank - 1]

    def least(knots):
        return np.min([at(level, rank) for level, rank in knots], axis=0)

    def most(knots):
        return np.max([at(level, rank) for level, rank in knots], axis=0)

    # Ranks are 20 times the level, down or up to the safe side.
    inner, upper = [(0.3, 6), (0.4, 8), (0.5, 10)], [(0.5, 10), (0.6, 12), (0.7, 14)]
    expected = {
        0.1: least([(0.2, 2), (0.2, 4), *inner]),
        0.2: least([(0.2, 4), *inner]),
        0.27: least([(0.2, 5), *inner]),
        0.5: at(0.5, 10),
        0.62: np.minimum(most([*upper[:2], (0.7, 13)]), most(upper)),
        0.8: most([*upper, (0.8, 16)]),
        0.93: most([*upper, (0.8, 16), (0.8, 19)]),
    }
    for level, quantile in expected.items():
        assert_allclose(model.predict_quantiles(X, [level])[..., 0], quantile)
    together = model.predict_quantiles(X, list(expected))
    assert_allclose(together, np.stack(list(expected.values()), axis=-1))


@METHODS
@pytest.mark.parametrize("spread", [0.3, 3.0])
def test_intervals_of_larger_coverage_contain_those_of_smaller(method, spread, rng):
    X = np.abs(rng.normal(size=(600, 1))) + 0.1
    y = X[:, 0] * rng.standard_t(3, size=600)
    model = ConformalForecaster(Zero(spread), 0.8, method, normalize=None)
    model.fit(X[:400], y[:400]).partial_fit(X[400:], y[400:])
    coverages = [0.02, 0.1, 0.13, 0.3, 0.5, 0.6, 0.77, 0.8, 0.81, 0.9, 0.97]
    # Each asked for by itself.
    ends = np.stack([model.predict_interval(X, c) for c in coverages])
    assert (np.diff(ends[..., 0], axis=0) <= 0).all()
    assert (np.diff(ends[..., 1], axis=0) >= 0).all()
    # Where the estimator's own quantiles, moved, would have crossed, too.
    assert (ends[..., 0] <= ends[..., 1]).all()


def tracked_by_loop(scores, n_before, levels, rate):
    """Quantiles before each score from `n_before` on, and the last; and the steps."""
    ordered = np.sort(scores[:n_before])
    q = [ordered[round((n_before + 1) * level) - 1] for level in levels]
    path, steps = [list(q)], []
    for i in range(n_before, len(scores)):
        recent = scores[i - n_before : i]
        steps.append(rate * (max(recent) - min(recent)))
        for j, level in enumerate(levels):
            q[j] += steps[-1] * (level if scores[i] > q[j] else level - 1)
        path.append(list(q))
    return np.array(path), np.array(steps)


def test_adaptive_is_the_loop_of_the_paper(rng):
    scores = rng.normal(size=(139, 2))
    model = errors(scores[:39], coverage=0.9, method="adaptive")
    at_once = pickle.loads(pickle.dumps(model)).partial_fit(
        np.tile(ONE, (100, 1)), scores[39:]
    )
    for row in scores[39:]:
        model.partial_fit(ONE, row[np.newaxis])
    for output in range(2):
        path, _ = tracked_by_loop(scores[:, output], 39, [0.05, 0.95], 0.05)
        interval = model.predict_interval(ONE)[0, output]
        assert_allclose(interval, path[-1], rtol=1e-12)
    assert_array_equal(at_once.tracked_, model.tracked_)
    assert_array_equal(at_once.scores_, scores[-39:])


def test_a_copy_that_learns_leaves_the_original_as_it_was(rng):
    model = errors(rng.normal(size=39), method="adaptive")
    interval = model.predict_interval(ONE)
    learning = copy.copy(model).partial_fit(ONE, [9.0])
    assert learning.predict_interval(ONE)[0, 0, 1] > interval[0, 0, 1]
    assert_array_equal(model.predict_interval(ONE), interval)


def test_a_score_at_the_quantile_is_not_above_it():
    model = errors(np.arange(19.0), coverage=0.9, method="adaptive")
    model.partial_fit(ONE, [18.0])  # the range is 18, and a step 0.05 times that
    expected = [[[0 + 0.9 * 0.05, 18 - 0.9 * 0.05]]]
    assert_allclose(model.predict_interval(ONE), expected)


def test_adaptive_holds_in_the_long_run_where_split_does_not(rng):
    n_first, n = 199, 2400
    noise = rng.uniform(-1, 1, size=n_first + n)
    noise[n_first + n // 2 :] *= 2
    X = np.tile(ONE, (n, 1))
    split = errors(noise[:n_first])
    model = errors(noise[:n_first], method="adaptive")
    ends = []
    for y in noise[n_first:]:
        ends.append(model.predict_interval(ONE)[0, 0])
        model.partial_fit(ONE, [y])
    ends, levels = np.array(ends), np.array([0.05, 0.95])
    path, steps = tracked_by_loop(noise, n_first, levels, 0.05)
    assert_allclose(ends, path[:-1], rtol=1e-9)
    # Each level by itself. The sum of (level - not above) is that of q's moves over the
    # steps; summed by parts, for q in [-b, b] up to one step.
    not_above = noise[n_first:, np.newaxis] <= ends
    reach = 2 * (2 + steps.max())
    bound = reach * (1 / steps[0] + np.abs(np.diff(1 / steps)).sum()) / n
    assert bound < 0.05
    assert (np.abs(not_above.mean(axis=0) - levels) <= bound).all()
    covered = not_above[:, 1] & ~not_above[:, 0]
    assert abs(covered[-800:].mean() - 0.9) < 0.02
    low, high = split.predict_interval(X)[-800:, 0].T
    late = noise[-800:]
    # 0.9 of a range that has doubled
    assert ((low <= late) & (late <= high)).mean() < 0.5


def test_adaptive_levels():
    model = errors(np.arange(99.0), coverage=0.5, method="adaptive")
    # Ranks at 0.01, 0.015 and on: floor(1), floor(1.5), ... of 100 * level.
    assert_allclose(model.levels_[[0, 1, 2, -1]], [0.01, 0.015, 0.02, 0.99])
    assert len(model.levels_) == len(set(model.levels_.round(9))) == 197
    levels = [0.01, 0.02, 0.0225, 0.25, 0.75, 0.99]
    expected = [[[0, 1, 1, 24, 74, 98]]]
    assert_allclose(model.predict_quantiles(ONE, levels), expected, atol=1e-9)
    model.tracked_ = model.levels_[np.newaxis] ** 2
    # In the middle between 0.02 and 0.025
    assert_allclose(
        model.predict_quantiles(ONE, [0.0225]), [[[(0.02**2 + 0.025**2) / 2]]]
    )
    with pytest.warns(UserWarning, match="0.005 to 0.995 need at least 199 calib"):
        ends = model.predict_interval(ONE, 0.99)
    assert_array_equal(ends, [[[-np.inf, np.inf]]])
    many = errors(np.arange(999.0), coverage=0.5, method="adaptive")
    with pytest.raises(ValueError, match="between 0.005 and 0.995, .* 0.0025 to 0.997"):
        many.predict_interval(ONE, 0.995)


@pytest.mark.parametrize("method", ["split", "adaptive"])
def test_intervals_are_nested_right_after_fit(method, rng):
    model = errors(rng.normal(size=(99, 3)), method=method)
    previous = model.predict_interval(ONE, 0.02)
    for coverage in np.arange(1, 50) / 50:
        now = model.predict_interval(ONE, coverage)
        assert (now[..., 0] <= previous[..., 0]).all()
        assert (now[..., 1] >= previous[..., 1]).all()
        previous = now


@METHODS
def test_quantiles_never_cross(method, rng):
    model = errors(rng.normal(size=(199, 3)), method=method)
    model.partial_fit(np.tile(ONE, (50, 1)), rng.normal(size=(50, 3)))
    y = model.predict_quantiles(rng.normal(size=(20, 2)), np.arange(1, 100) / 100)
    assert y.shape == (20, 3, 99)
    assert (np.diff(y, axis=-1) >= 0).all()


# ---------------------------------------------------------------------- which origins


SERIES = 5 + np.sin(np.arange(90) / 3) + 0.1 * np.random.default_rng(0).normal(size=90)
X_, Y_ = make_windows(SERIES, horizon=4, length=6)  # 81 origins
ARRAY = np.asarray(X_)[..., 0]


@pytest.mark.parametrize("x", [X_, ARRAY], ids=["Windows", "array"])
def test_the_gap_is_left_out(x):
    model = ConformalForecaster(Zero(), coverage=0.8).fit(x, Y_)
    # 81 / 4 calibrate, and three before them have targets that reach into that part.
    assert model.n_calibration_ == 20
    assert_array_equal(model.estimator_.y_, Y_[:58])
    assert_array_equal(model.estimator_.X_, ARRAY[:58])
    deviation = ARRAY[61:].std(axis=1, keepdims=True)
    assert_allclose(model.scores_, Y_[61:] / deviation, rtol=1e-5)


@METHODS
def test_lazy_windows_are_split_by_time(method, rng):
    order = rng.permutation(70)
    model = ConformalForecaster(Zero(), 0.8, method)
    shuffled = clone(model).fit(X_[order], Y_[order])
    ordered = model.fit(X_[:70], Y_[:70])
    intervals = [fitted.predict_interval(X_) for fitted in (shuffled, ordered)]
    assert_allclose(*intervals, rtol=1e-12)
    # New origins replace the oldest.
    for fitted in (shuffled, ordered):
        fitted.partial_fit(X_[70:], Y_[70:])
    intervals = [fitted.predict_interval(X_) for fitted in (shuffled, ordered)]
    assert_allclose(*intervals, rtol=1e-12)
    assert sorted(map(tuple, shuffled.estimator_.y_)) == sorted(map(tuple, Y_[:49]))


@pytest.mark.parametrize("method", ["split", "cqr"])
@pytest.mark.parametrize("x", [X_, ARRAY], ids=["Windows", "array"])
def test_partial_fit_calibrates_on_the_last_origins(method, x):
    model = ConformalForecaster(Zero(), 0.8, method).fit(x[:60], Y_[:60])
    calibrated = 45  # the first of 15
    for rows in (slice(60, 61), slice(61, 64), slice(64, 65), slice(65, 81)):
        model.partial_fit(x[rows], Y_[rows])
        calibrated = rows.stop - 15
        # As if that much had calibrated in the first place, the same trained on.
        expected = ConformalForecaster(Zero(), 0.8, method, 15 / 60)
        expected.fit(ARRAY[rows.stop - 60 : rows.stop], Y_[rows.stop - 60 : rows.stop])
        expected.min_scale_ = model.min_scale_
        recent = slice(calibrated, rows.stop)
        expected.scores_ = expected._scored(ARRAY[recent], Y_[recent])
        assert_allclose(
            model.predict_interval(x), expected.predict_interval(ARRAY), rtol=1e-6
        )
        assert model.n_calibration_ == 15
    assert_array_equal(model.estimator_.y_, Y_[:42])


def test_partial_fit_without_fit_is_a_fit():
    first = ConformalForecaster(coverage=0.8).partial_fit(X_, Y_)
    fitted = ConformalForecaster(coverage=0.8).fit(X_, Y_)
    assert_array_equal(first.predict_interval(X_), fitted.predict_interval(X_))


# ------------------------------------------------------------------------------ paths


@pytest.mark.parametrize("method", ["split", "adaptive"])
def test_a_path_has_the_errors_of_one_origin(method):
    model = ConformalForecaster(coverage=0.8, method=method).fit(X_, Y_)
    samples = model.sample(X_, n_samples=40, random_state=0)
    assert samples.shape == (40, 81, 4)
    scale = ARRAY.std(axis=1, keepdims=True)
    drawn = ((samples - model.predict(X_)) / scale).reshape(-1, 4)
    distance = np.abs(drawn[:, np.newaxis] - model.scores_).max(axis=-1)
    assert distance.min(axis=1).max() < 1e-5
    # All origins take part, each as often as chance has it.
    counts = np.bincount(distance.argmin(axis=1), minlength=20)
    least, most = stats.binom(40 * 81, 1 / 20).ppf([RARE, 1 - RARE])
    assert counts.min() >= least
    assert counts.max() <= most


def test_a_path_of_cqr_hangs_together(rng):
    X = rng.uniform(1, 2, size=(300, 1))
    u = X[:, 0] * rng.normal(size=300)
    y = np.stack([u, u, -u], axis=1)  # normal is as likely as its negative
    model = ConformalForecaster(Zero(0.7), 0.8, "cqr", normalize=None).fit(X, y)
    samples = model.sample(X[:5], n_samples=2000, random_state=0)
    assert_array_equal(samples[..., 0], samples[..., 1])
    for origin in range(5):
        turned = stats.spearmanr(samples[:, origin, 0], samples[:, origin, 2])
        assert turned.statistic < -0.99


def test_paths_of_cqr_have_the_quantiles_of_cqr(rng):
    X = rng.uniform(1, 2, size=(400, 1))
    y = X[:, 0] * rng.normal(size=400)
    model = ConformalForecaster(Zero(0.7), 0.8, "cqr", normalize=None).fit(X, y)
    levels = np.array([0.05, 0.2, 0.5, 0.8, 0.95])
    # 100 calibrate: as many of them lie at or below a quantile as its rank says.
    ranks = np.array([5, 20, 50, 81, 96])
    quantiles = model.predict_quantiles(X[:3], levels)
    n_samples = 20_000
    samples = model.sample(X[:3], n_samples=n_samples, random_state=0)[..., 0]
    below = (samples[..., np.newaxis] <= quantiles[:, 0] + 1e-9).sum(axis=0)
    least, most = stats.binom(n_samples, ranks / 100).ppf(
        np.array([RARE, 1 - RARE])[:, np.newaxis]
    )
    assert ((least <= below) & (below <= most)).all()
    # Beyond the outermost levels, errors are those of the calibration.
    assert samples.min() < model.predict_quantiles(X[:3], [0.025])[..., 0].min()


@METHODS
def test_random_state_of_paths(method):
    model = ConformalForecaster(Zero(), 0.8, method, random_state=3).fit(X_, Y_)
    first, again = model.sample(X_, 5), model.sample(X_, 5)
    assert_array_equal(first, again)
    assert_array_equal(first, model.sample(X_, 5, random_state=3))
    assert not np.array_equal(first, model.sample(X_, 5, random_state=4))


# ------------------------------------------------------------------------ scikit-learn


@pytest.mark.parametrize(
    "estimator",
    [
        None,
        NaiveForecaster(),
        cheap(MLPForecaster),
        RecursiveForecaster(),
        make_pipeline(SlidingWindow(3), cheap(MLPForecaster)),
        make_pipeline(StandardScaler(), Ridge()),
        GridSearchCV(Ridge(), {"alpha": [0.1, 1]}, cv=TimeSeriesSplit(2)),
    ],
    ids="linear naive mlp recursive windows flat search".split(),
)
def test_around_any_regressor(estimator):
    series = np.stack([SERIES, SERIES[::-1] ** 2], axis=1)
    X, y = make_windows(series, horizon=2, length=5, target=[0, 1])
    model = ConformalForecaster(estimator, coverage=0.8).fit(X, y)
    alone = LinearRegression() if estimator is None else clone(estimator)
    flat = np.asarray(X).reshape(len(X), -1)
    windows = estimator is None or "StandardScaler" in repr(estimator)
    x = flat if windows or isinstance(estimator, GridSearchCV) else X
    # 84 origins: 21 calibrate, one is left out
    expected = alone.fit(x[:62], y[:62]).predict(x)
    assert_allclose(model.predict(X), expected, rtol=1e-5)
    assert model.predict_interval(X[:7]).shape == (7, 4, 2)
    assert model.sample(X[:7], 3).shape == (3, 7, 4)


@pytest.mark.parametrize(
    "params", [{"loss": "normal"}, {"loss": "quantile", "quantiles": (0.2, 0.8)}]
)
def test_cqr_around_a_network(params):
    network = MLPForecaster(max_epochs=2, random_state=0, **params)
    model = ConformalForecaster(network, 0.8, "cqr").fit(X_, Y_)
    known = X_[61:]  # the origins that calibrate
    # The scores of these ranks are at the ends, up to rounding.
    ends = model.predict_interval(known) + 1e-6
    above = (Y_[61:, :, np.newaxis] > ends).sum(axis=0)
    # Ranks 2 and 19 of 20: 18 are above the lower end and one above the upper.
    assert_array_equal(above, [[18, 1]] * 4)
    assert model.partial_fit(X_[:5], Y_[:5]).sample(known, 3).shape == (3, 20, 4)


def test_in_a_grid_search_and_a_pipeline():
    pipeline = make_pipeline(SlidingWindow(4), ConformalForecaster(Ridge(), 0.5))
    grid = {"conformalforecaster__estimator__alpha": [0.1, 10.0]}
    search = GridSearchCV(pipeline, grid, cv=TimeSeriesSplit(2, gap=3)).fit(X_, Y_)
    assert len(set(search.cv_results_["mean_test_score"])) == 2
    last = search.best_estimator_[-1]
    assert last.predict_interval(X_.with_length(4)).shape == (81, 4, 2)


@METHODS
def test_clone_and_pickle(method):
    model = ConformalForecaster(Zero(), 0.8, method).fit(X_, Y_)
    model.partial_fit(X_[:2], Y_[:2])
    restored = pickle.loads(pickle.dumps(model))
    assert_array_equal(restored.predict_interval(X_), model.predict_interval(X_))
    assert not hasattr(clone(model), "estimator_")


def test_weights_are_those_of_the_training_origins():
    weights = np.arange(81.0)
    model = ConformalForecaster(Zero(), coverage=0.5)
    assert_array_equal(
        model.fit(X_, Y_, sample_weight=weights).estimator_.sample_weight_, weights[:58]
    )
    with sklearn.config_context(enable_metadata_routing=True):
        model.set_params(estimator=Ridge().set_fit_request(sample_weight=True))
        model.fit(X_, Y_, sample_weight=weights)
        with pytest.raises(ValueError, match="not explicitly set as requested or not"):
            ConformalForecaster(Ridge()).fit(X_, Y_, sample_weight=weights)
    expected = Ridge().fit(ARRAY[:58], Y_[:58], sample_weight=weights[:58])
    assert_allclose(model.predict(X_), expected.predict(ARRAY))


# ----------------------------------------------------------------------------- errors


@pytest.mark.parametrize("estimator", [None, Ridge(), make_pipeline(Zero())])
def test_cqr_needs_quantiles(estimator):
    model = ConformalForecaster(estimator, method="cqr")
    before = vars(model).copy()
    with pytest.raises(ValueError, match="a predict_quantiles method for method='cqr'"):
        model.fit(X_, Y_)
    assert vars(model) == before


class Silent(Zero):
    """Has a method for quantiles, which does not work."""

    def predict_quantiles(self, X, quantiles):
        raise RuntimeError("no quantiles after all")


def test_quantiles_that_fail_do_so_in_the_fit():
    model = ConformalForecaster(Silent(), method="cqr")
    with pytest.raises(RuntimeError, match="no quantiles after all"):
        model.fit(X_, Y_)
    assert not hasattr(model, "estimator_")


@pytest.mark.parametrize("fraction", [0.0, 1.0, 1.5])
def test_the_share_that_calibrates_is_between_nothing_and_all(fraction):
    with pytest.raises(ValueError, match="'calibration_fraction' parameter of Conf"):
        ConformalForecaster(calibration_fraction=fraction).fit(X_, Y_)


class Failing(DummyRegressor):
    def fit(self, X, y):
        raise RuntimeError("out of order")


@METHODS
def test_unchanged_on_error(method):
    model = ConformalForecaster(Zero(), 0.8, method).fit(X_, Y_)
    model.set_params(estimator=Failing())
    if method == "cqr":
        model.set_params(estimator=make_pipeline(Zero()))
    before, interval = vars(model).copy(), model.predict_interval(X_)
    with pytest.raises((RuntimeError, ValueError), match="out of order|method='cqr'"):
        model.fit(X_[:40], Y_[:40, :2])
    with pytest.raises(ValueError, match="horizon of 2"):
        model.partial_fit(X_[:40], Y_[:40, :2])
    now = vars(model)
    assert now.keys() == before.keys()
    assert all(now[name] is before[name] for name in now)
    assert_array_equal(model.predict_interval(X_), interval)


@pytest.mark.parametrize("coverage", [0, 1, 1.5, -0.1])
def test_bad_coverage(coverage):
    model = ConformalForecaster(coverage=0.5).fit(X_, Y_)
    with pytest.raises(ValueError, match="coverage == "):
        model.predict_interval(X_, coverage)


def test_nothing_left_to_train_on():
    with pytest.raises(ValueError, match="train on, found 14 and 0: .*horizon - 1 = 3"):
        ConformalForecaster(coverage=0.5, calibration_fraction=0.9).fit(
            X_[:16], Y_[:16]
        )
