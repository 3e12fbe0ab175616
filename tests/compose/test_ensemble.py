"""Ensembles of different members: means and weights by hand, mixtures by scipy."""

import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy import optimize, stats
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from sktorch_forecast import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    EnsembleForecaster,
    GRUForecaster,
    MLPForecaster,
    NaiveForecaster,
    RecursiveForecaster,
    SeriesForecaster,
    SlidingWindow,
    TabularForecaster,
    make_windows,
)
from sktorch_forecast.compose._weights import stacked
from sktorch_forecast.model_selection import RollingOriginSplit

RNG = np.random.default_rng(0)
SERIES = np.sin(np.arange(110) / 3) + 0.3 * RNG.normal(size=110)
X, Y = make_windows(SERIES, horizon=3, length=8)  # 100 origins
FLAT = np.asarray(X)[..., 0]
# Networks alone, or they would not differ much from ridge.
SMALL = {"baseline": None, "random_state": 0}
GRU = GRUForecaster(hidden_size=4, max_epochs=2, **SMALL)
MLP = MLPForecaster(hidden_layer_sizes=(4,), max_epochs=4, **SMALL)
MEMBERS = [("ridge", TabularForecaster()), ("gru", GRU), ("naive", NaiveForecaster(5))]
# Probability of a true statement to fail by chance, where chance is in it.
RARE = 1e-6
learned = pytest.mark.parametrize("weights", ["inverse_error", "stacked"])


class Off(RegressorMixin, BaseEstimator):
    """The next values of a straight line, off by a constant."""

    def __init__(self, by=0.0):
        self.by = by

    def fit(self, X, y, sample_weight=None):
        self.n_seen_, self.last_seen_ = len(X), X[-1, -1]
        self.outputs_ = y.shape[1:]
        return self

    def predict(self, X):
        steps = np.arange(1, 1 + int(np.prod(self.outputs_)))
        return (X[:, -1:] + steps + self.by).reshape(-1, *self.outputs_)


class Says(RegressorMixin, BaseEstimator):
    """A distribution of scipy, the same for every step, whatever was fitted."""

    def __init__(self, distribution=None):
        self.distribution = distribution

    def fit(self, X, y):
        self.outputs_ = y.shape[1:]
        return self

    def predict(self, X):
        return np.full((len(X), *self.outputs_), self.distribution.mean())

    def predict_quantiles(self, X, quantiles):
        quantiles = self.distribution.ppf(quantiles)
        return np.tile(quantiles, (len(X), *self.outputs_, 1))

    def sample(self, X, n_samples, random_state):
        shape = n_samples, len(X), *self.outputs_
        return self.distribution.rvs(shape, random_state=random_state)


LOW, HIGH = stats.uniform(0, 1), stats.uniform(1, 1)


def saying(*distributions, weights=None):
    members = [(f"m{i}", Says(d)) for i, d in enumerate(distributions)]
    return EnsembleForecaster(members, weights, random_state=0).fit(FLAT, Y)


# ----------------------------------------------------------------------------- points


def alone():
    """Forecasts of the members, each fitted by itself."""
    return [clone(member).fit(X, Y).predict(X) for _, member in MEMBERS]


@pytest.mark.parametrize(
    "weights, expected",
    [
        (None, [1 / 3, 1 / 3, 1 / 3]),
        ([1, 2, 1], [0.25, 0.5, 0.25]),
        (np.array([0.0, 3.0, 1.0]), [0, 0.75, 0.25]),
        ((1, 0, 0), [1, 0, 0]),
    ],
)
def test_forecasts_are_the_weighted_mean_of_members_fitted_alone(weights, expected):
    model = EnsembleForecaster(MEMBERS, weights).fit(X, Y)
    assert_allclose(model.weights_, expected, rtol=1e-15)
    points = sum(w * p.astype(np.float64) for w, p in zip(expected, alone()))
    assert_allclose(model.predict(X), points, rtol=1e-6, atol=1e-7)


def test_members_that_are_dropped():
    model = EnsembleForecaster(MEMBERS, [1, 7, 3]).set_params(gru="drop").fit(X, Y)
    ridge, _, naive = alone()
    assert_allclose(model.predict(X), (ridge + 3 * naive) / 4, rtol=1e-6, atol=1e-7)
    assert_array_equal(model.weights_, [0.25, 0.75])
    assert len(model.estimators_) == 2
    assert list(model.named_estimators_) == ["ridge", "gru", "naive"]
    assert model.named_estimators_.gru == "drop"
    assert model.named_estimators_["naive"] is model.estimators_[1]


def test_members_in_any_form():
    members = [
        ("flat", Ridge()),
        ("pipeline", make_pipeline(StandardScaler(), LinearRegression())),
        ("shorter", make_pipeline(SlidingWindow(4), TabularForecaster())),
        ("deep", DeepEnsembleForecaster(MLP, 2, random_state=0)),
        ("search", GridSearchCV(Ridge(), {"alpha": [1, 2]}, cv=2)),
        ("frozen", FrozenEstimator(NaiveForecaster().fit(X, Y))),
    ]
    model = EnsembleForecaster(members, None).fit(X, Y)
    forms = [FLAT, FLAT, X, X, FLAT, X]
    points = [
        clone(member).fit(x, Y).predict(x) for (_, member), x in zip(members, forms)
    ]
    assert_allclose(model.predict(X), np.mean(points, axis=0), rtol=1e-6, atol=1e-7)
    assert_allclose(model.predict(FLAT), model.predict(X), rtol=1e-6, atol=1e-6)
    assert model.named_estimators_.frozen.estimator is members[-1][1].estimator


def test_members_without_weight_are_not_asked():
    model = EnsembleForecaster(MEMBERS, [1, 0, 1]).fit(X, Y)
    model.named_estimators_.gru.predict = None
    ridge, _, naive = alone()
    assert_allclose(model.predict(X), (ridge + naive) / 2, rtol=1e-6, atol=1e-7)


# ---------------------------------------------------------------------------- weights


def held_back_errors(members, length=8, horizon=3, fraction=0.2):
    """Errors (members, origins, steps) on the last fifth, in plain loops.

    In deviations of the window, none of which here is below a tenth of the usual one.
    """
    n = len(SERIES) - length - horizon + 1
    first = n - round(fraction * n)
    known = first - horizon + 1  # the targets of the others reach into the last part
    errors = np.empty((len(members), n - first, horizon))
    for i, member in enumerate(members):
        fitted = clone(member).fit(X[:known], Y[:known])
        for j, origin in enumerate(range(first, n)):
            forecast = fitted.predict(X[origin : origin + 1])[0]
            deviation = np.std(SERIES[origin : origin + length])
            for step in range(horizon):
                truth = SERIES[origin + length + step]
                errors[i, j, step] = (forecast[step] - truth) / deviation
    return errors


def test_weights_by_the_inverse_error():
    errors = held_back_errors([member for _, member in MEMBERS])
    inverse = [1 / np.mean(e**2) for e in errors]
    model = EnsembleForecaster(MEMBERS, "inverse_error").fit(X, Y)
    assert_allclose(model.weights_, inverse / np.sum(inverse), rtol=1e-4)


def test_stacked_weights_are_the_best_of_all():
    errors = held_back_errors([member for _, member in MEMBERS])

    def loss(weights):
        return np.mean(np.tensordot(weights, errors, axes=1) ** 2)

    model = EnsembleForecaster(MEMBERS, "stacked").fit(X, Y)
    assert (model.weights_ >= 0).all()
    assert model.weights_.sum() == pytest.approx(1, rel=1e-12)
    found = optimize.minimize(
        loss,
        [1 / 3] * 3,
        method="SLSQP",
        bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda w: np.sum(w) - 1},
        options={"ftol": 1e-14},
    )
    assert_allclose(model.weights_, found.x, atol=1e-4)
    corners = np.eye(3)  # the members themselves, the best of them
    grid = [np.array(w) / 20 for w in itertools.product(range(21), repeat=3)]
    for weights in [*corners, *(w for w in grid if np.isclose(w.sum(), 1))]:
        assert loss(model.weights_) <= loss(weights) * (1 + 1e-6)


@pytest.mark.parametrize("n_members, n_errors", [(2, 9), (5, 3), (9, 40), (1, 1)])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("seed", range(5))
def test_stacked_weights_obey_the_conditions_of_an_optimum(
    n_members, n_errors, scale, seed
):
    """Karush, Kuhn and Tucker: no weight could gain by moving to another member."""
    rng = np.random.default_rng(seed)
    errors = scale * (rng.normal(size=(n_members, n_errors)) + rng.normal())
    products = errors @ errors.T
    weights = stacked(products)
    assert (weights >= 0).all() and weights.sum() == pytest.approx(1)
    slopes, loss = products @ weights, weights @ products @ weights
    usual = np.trace(products) / n_members
    assert (slopes >= loss - 1e-9 * usual).all()
    assert_allclose(slopes[weights > 0], loss, atol=1e-9 * usual)


LINE = np.arange(60.0)
ROWS = np.stack([LINE[i : i + 4] for i in range(50)])
NEXT = np.stack([LINE[i + 4 : i + 6] for i in range(50)])


@pytest.mark.parametrize(
    "offsets, weights, expected",
    [
        ((1, -1), "stacked", [0.5, 0.5]),
        ((1, -3), "stacked", [0.75, 0.25]),  # 3/4 * 1 - 1/4 * 3 = 0
        ((1, 2, 4), "stacked", [1, 0, 0]),  # none on the other side
        ((0, 1, -1), "stacked", None),  # no error, but in more than one way
        ((0, 0), "stacked", None),
        ((1, 2), "inverse_error", [0.8, 0.2]),  # 1 to 1 / 4
        ((1, -2, 2), "inverse_error", [2 / 3, 1 / 6, 1 / 6]),
        ((0, 1, 0), "inverse_error", [0.5, 0, 0.5]),
    ],
)
def test_weights_of_constant_errors(offsets, weights, expected):
    members = [(f"off by {by}, {i}", Off(by)) for i, by in enumerate(offsets)]
    model = EnsembleForecaster(members, weights).fit(ROWS, NEXT)
    if expected is None:
        assert_allclose(model.weights_ @ offsets, 0, atol=1e-12)
        assert_allclose(model.predict(ROWS), NEXT, rtol=1e-12)
    else:
        assert_allclose(model.weights_, expected, atol=1e-12)
    assert model.weights_.sum() == pytest.approx(1)


class Noisy(Off):
    """Off by what chance gives to each step of each window."""

    def predict(self, X):
        steps = super().predict(X)
        seeds = [int(1000 * x + self.by) for x in X[:, -1]]
        noise = [np.random.default_rng(s).normal(size=2) for s in seeds]
        return steps - self.by + self.by * np.array(noise)


def test_stacked_weights_of_independent_errors_are_the_inverse_ones():
    line = np.arange(40_000.0)
    windows = np.lib.stride_tricks.sliding_window_view(line, 4)[:-2]
    targets = np.lib.stride_tricks.sliding_window_view(line[4:], 2)[: len(windows)]
    members = [("one", Noisy(1)), ("two", Noisy(2))]
    model = EnsembleForecaster(members, "stacked").fit(windows, targets)
    # 16,000 errors: the correlation that chance gives them is below 0.04.
    assert_allclose(model.weights_, [0.8, 0.2], atol=0.04)


@learned
def test_members_are_fitted_without_the_last_origins_and_then_on_all(weights):
    seen = []

    class Spy(Off):
        def fit(self, X, y):
            seen.append((len(X), len(y), X[-1, -1]))
            return super().fit(X, y)

    EnsembleForecaster(
        [("a", Spy(1)), ("b", Spy(2))], weights, validation_fraction=0.3
    ).fit(ROWS, NEXT)
    # 50 origins, 15 of them held back, the horizon of 2 needs a gap of 1: 34 are left.
    assert seen == [(34, 34, 36.0)] * 2 + [(50, 50, 52.0)] * 2


@pytest.mark.parametrize("weights", [None, [3]])
def test_equal_and_given_weights_take_one_fit(weights):
    # Of a single origin, nothing could be held back.
    model = EnsembleForecaster([("a", Off())], weights).fit(ROWS[:1], NEXT[:1])
    assert_array_equal(model.weights_, [1])


def test_weights_are_stacked_by_default():
    assert EnsembleForecaster(MEMBERS).weights == "stacked"


def two_kinds(scale):
    """Many small waves, and one series as large as you like that goes up steadily."""
    time = np.arange(60)
    rng = np.random.default_rng(1)
    parts = [
        pd.DataFrame({"id": f"wave {i}", "t": time, "y": np.sin(time * np.pi / 3 + i)})
        for i in range(4)
    ]
    walk = scale * rng.normal(size=60).cumsum()
    return pd.concat([*parts, pd.DataFrame({"id": "walk", "t": time, "y": walk})])


@learned
@pytest.mark.parametrize("scale", [2.0**-8, 2.0**10])
def test_large_series_do_not_decide_alone(weights, scale):
    names = {"id": "id", "time": "t", "target": "y"}
    members = [("last", NaiveForecaster()), ("season", NaiveForecaster(6))]
    found = []
    for factor in (1.0, scale):
        x, y = make_windows(two_kinds(factor), horizon=2, length=12, **names)
        model = EnsembleForecaster(members, weights).fit(x, y)
        found.append(model.weights_)
    assert_allclose(found[1], found[0], rtol=1e-3)
    # Four of five series repeat every 6 steps.
    assert found[0][1] > 0.7


def test_origins_of_a_panel_are_held_back_by_time():
    class Spy(NaiveForecaster):
        ends = []

        def fit(self, X, y):
            self.ends.append(X.origin_ticks.max())
            return super().fit(X, y)

    x, y = make_windows(
        two_kinds(1.0), horizon=2, length=12, id="id", time="t", target="y"
    )
    order = np.random.default_rng(0).permutation(len(x))
    EnsembleForecaster([("a", Spy())], "stacked").fit(x[order], y[order])
    # 5 times 47 origins, up to 57. The last 47 of them reach back to 48, and what is
    # trained on has targets up to there.
    assert Spy.ends == [46, 57]


@learned
def test_sample_weight_counts_in_the_errors(weights):
    # Where the weights are zero, nothing is as it was.
    targets = NEXT.copy()
    targets[-4:] += 1000
    counts = np.ones(len(ROWS))
    counts[-4:] = 0
    members = [("a", Off(1)), ("b", Off(-3))]
    model = EnsembleForecaster(members, weights)
    model.fit(ROWS, targets, sample_weight=counts)
    expected = [0.75, 0.25] if weights == "stacked" else [0.9, 0.1]
    assert_allclose(model.weights_, expected, atol=1e-12)


def test_a_quarter_of_a_weight_counts_a_quarter():
    targets, counts = NEXT.copy(), np.ones(50)
    targets[-4:] += 2
    counts[-4:] = 0.25
    # Errors 1 and -3 on six of the last ten origins, -1 and -5 on the other four.
    model = EnsembleForecaster([("a", Off(1)), ("b", Off(-3))], "inverse_error")
    model.fit(ROWS, targets, sample_weight=counts)
    inverse = np.array([1 / (6 * 1 + 1 * 1), 1 / (6 * 9 + 1 * 25)])
    assert_allclose(model.weights_, inverse / inverse.sum(), rtol=1e-12)


@learned
def test_weights_of_origins_in_any_order(weights):
    x, y = make_windows(
        two_kinds(1.0), horizon=2, length=12, id="id", time="t", target="y"
    )
    rng = np.random.default_rng(0)
    counts, order = rng.uniform(size=len(x)) ** 4, rng.permutation(len(x))
    model = EnsembleForecaster([("a", Off(-1.5)), ("b", Off(-0.5))], weights)
    expected = model.fit(x, y, sample_weight=counts).weights_
    found = model.fit(x[order], y[order], sample_weight=counts[order]).weights_
    assert_allclose(found, expected, rtol=1e-9)


@learned
def test_what_was_not_observed_does_not_count(weights):
    series = SERIES.copy()
    series[[20, 95, 96, 103]] = np.nan
    x, y = make_windows(series, horizon=3, length=8, missing="mask")
    assert np.isnan(y[-20:]).any()
    members = [
        ("small", MLPForecaster(missing="mask", max_epochs=2, **SMALL)),
        ("gru", clone(GRU).set_params(missing="mask")),
    ]
    model = EnsembleForecaster(members, weights).fit(x, y)
    assert np.isfinite(model.weights_).all()
    assert np.isfinite(model.predict(x)).all()
    errors = []
    for _, member in members:
        fitted = clone(member).fit(x[:-22], y[:-22])
        errors.append(fitted.predict(x[-20:]) - y[-20:])
    with np.errstate(invalid="ignore"):
        deviations = np.nanstd(np.asarray(x[-20:])[..., 0], axis=1)
    assert (deviations > 0.1).all()
    errors = np.nan_to_num(np.array(errors) / deviations[:, np.newaxis]).reshape(2, -1)
    if weights == "inverse_error":
        inverse = 1 / (errors**2).sum(axis=1)
        expected = inverse / inverse.sum()
    else:  # of two, by the derivative
        d = errors[1] - errors[0]
        first = np.clip(errors[1] @ d / (d @ d), 0, 1)
        expected = [first, 1 - first]
    assert_allclose(model.weights_, expected, rtol=1e-3)


# ------------------------------------------------------------------------ uncertainty


def check_quantiles(parts, shares, levels, quantiles):
    """The mixture's distribution function gives the levels back.

    But for half a step of the pool: between two of its levels, 0.005 apart, and beyond
    the outermost, it is not known where a member has its mass.
    """
    found = sum(w * part.cdf(quantiles) for w, part in zip(shares, parts))
    assert_allclose(found, np.broadcast_to(levels, found.shape), rtol=0, atol=0.0025)


def test_quantiles_of_a_mixture_of_uniforms():
    levels = np.array([0.01, 0.1, 0.25, 0.3, 0.5, 0.9, 0.99])
    quantiles = saying(LOW, HIGH, weights=[1, 3]).predict_quantiles(FLAT[:5], levels)
    assert quantiles.shape == (5, 3, 7)
    check_quantiles([LOW, HIGH], [0.25, 0.75], levels, quantiles)
    # In numbers: a quarter between 0 and 1, the rest between 1 and 2.
    expected = np.where(levels < 0.25, levels / 0.25, 1 + (levels - 0.25) / 0.75)
    assert_allclose(quantiles[0, 0], expected, rtol=0, atol=0.0025 / 0.25)


@pytest.mark.parametrize("weights", [None, [1, 1, 2], [0.01, 0.01, 0.98], [1, 0, 0]])
def test_quantiles_of_a_mixture_by_its_distribution_function(weights):
    parts = [stats.norm(0, 1), stats.norm(3, 0.5), stats.laplace(-1, 2)]
    shares = np.ones(3) if weights is None else np.array(weights)
    levels = np.array([0.02, 0.1, 0.5, 0.77, 0.98])
    found = saying(*parts, weights=weights).predict_quantiles(FLAT[:1], levels)
    check_quantiles(parts, shares / shares.sum(), levels, found)


@pytest.mark.parametrize("weights", [None, [1, 2, 5]])
def test_quantiles_of_members_that_agree_are_theirs(weights):
    levels = np.array([0.005, 0.1, 0.25, 0.5, 0.985, 0.995])
    model = saying(*[stats.norm()] * 3, weights=weights)
    expected = np.tile(stats.norm.ppf(levels), (2, 3, 1))
    assert_allclose(model.predict_quantiles(FLAT[:2], levels), expected, rtol=1e-9)


def test_many_levels_increase():
    parts = stats.uniform(0, 1), stats.norm(0.5, 1e-9), stats.uniform(0.5, 9)
    model = saying(*parts, weights=[1, 2, 0.001])
    levels = np.linspace(0.005, 0.995, 983)
    assert (np.diff(model.predict_quantiles(FLAT[:2], levels), axis=-1) >= 0).all()


def test_quantiles_of_equal_weights_are_those_of_nearly_equal_ones():
    levels = np.arange(1, 20) / 20
    equal = saying(LOW, HIGH, stats.norm()).predict_quantiles(FLAT[:2], levels)
    nearly = saying(LOW, HIGH, stats.norm(), weights=[1, 1, 1 + 1e-9])
    assert_allclose(nearly.predict_quantiles(FLAT[:2], levels), equal, atol=1e-6)


def test_origins_are_pooled_in_batches(monkeypatch):
    monkeypatch.setattr("sktorch_forecast.compose._mixture._POOL_SIZE", 3 * 398 * 7)
    asked = []

    class Counts(Says):
        def predict_quantiles(self, X, quantiles):
            asked.append(len(X))
            level = super().predict_quantiles(X, quantiles)
            return X[:, -1:, np.newaxis] + level  # others for every origin

    members = [("low", Counts(LOW)), ("high", Counts(HIGH))]
    model = EnsembleForecaster(members, [1, 3]).fit(FLAT, Y)
    found = model.predict_quantiles(FLAT, [0.25, 0.5])
    assert asked == [7, 7] * 14 + [2, 2]
    shifted = found - FLAT[:, -1:, np.newaxis]
    check_quantiles([LOW, HIGH], [0.25, 0.75], [0.25, 0.5], shifted)


def test_infinite_quantiles_stay_at_the_ends():
    class Unsure(Says):
        def predict_quantiles(self, X, quantiles):
            found = super().predict_quantiles(X, quantiles)
            found[..., np.asarray(quantiles) < 0.1] = -np.inf
            found[..., np.asarray(quantiles) > 0.9] = np.inf
            return found

    members = [("a", Unsure(LOW)), ("b", Says(LOW))]
    model = EnsembleForecaster(members, [1, 3]).fit(FLAT, Y)
    quantiles = model.predict_quantiles(FLAT[:1], [0.01, 0.5, 0.99])[0, 0]
    assert_allclose(quantiles, [-np.inf, 0.5, np.inf], atol=1e-9)
    assert np.isfinite(model.predict_quantiles(FLAT, [0.1, 0.9])).all()


def test_paths_come_from_members_by_their_weights():
    n_samples = 4000
    paths = saying(LOW, HIGH, weights=[1, 3]).sample(FLAT[:4], n_samples, 0)
    second = paths > 1
    assert (second == second[:, :1, :1]).all()  # whole paths
    least, most = stats.binom(n_samples, 0.75).ppf([RARE, 1 - RARE])
    assert least <= second[:, 0, 0].sum() <= most

    def below(x):
        return np.where(x < 1, x / 4, 0.25 + 0.75 * (x - 1))

    assert stats.kstest(paths[:, 0, 0], below).pvalue > RARE


def test_random_state_of_paths():
    model = saying(LOW, HIGH)
    assert_array_equal(model.sample(FLAT, 5), model.sample(FLAT, 5, random_state=0))
    assert not np.array_equal(model.sample(FLAT, 5), model.sample(FLAT, 5, 1))


def test_mean_and_median_of_networks_with_a_distribution():
    members = [
        ("normal", clone(MLP).set_params(loss="normal")),
        ("quantiles", clone(GRU).set_params(loss="quantile")),
        ("conformal", ConformalForecaster(TabularForecaster())),
    ]
    with pytest.warns(UserWarning, match="calibration origins"):  # of 0.005
        quantiles = (
            EnsembleForecaster(members, None).fit(X, Y).predict_quantiles(X, [0.3, 0.5])
        )
    own = [
        clone(member).fit(X, Y).predict_quantiles(X, [0.3, 0.5])
        for _, member in members
    ]
    # A quantile of a mixture lies between those of its parts.
    assert (np.min(own, axis=0) - 0.02 <= quantiles).all()
    assert (quantiles <= np.max(own, axis=0) + 0.02).all()


@pytest.mark.parametrize("method", ["predict_interval", "predict_quantiles", "sample"])
def test_without_the_method_in_every_member_there_is_none(method):
    normal = clone(MLP).set_params(loss="normal")
    some = EnsembleForecaster([("normal", normal), ("ridge", TabularForecaster())])
    whole = clone(some).set_params(ridge="drop")
    assert hasattr(whole, method)
    assert hasattr(whole.fit(X, Y), method)
    for model in (some, clone(some).fit(X, Y)):
        assert not hasattr(model, method)
        with pytest.raises(AttributeError) as raised:
            getattr(model, method)
        assert "['ridge'] only forecast points" in str(raised.value.__cause__)
    # What was fitted counts.
    whole.set_params(ridge=TabularForecaster())
    assert hasattr(whole, method)


@pytest.mark.parametrize("weights", [None, "stacked", [1, 2, 3]])
def test_conformal_intervals_around_any_members(weights):
    members = EnsembleForecaster(MEMBERS, weights)
    model = ConformalForecaster(members, coverage=0.8, random_state=0).fit(X, Y)
    assert_array_equal(model.predict(X), model.estimator_.predict(X))
    interval = model.predict_interval(X[-3:])
    assert (interval[..., 0] < model.predict(X[-3:])).all()
    assert model.sample(X[-3:], 7).shape == (7, 3, 3)


def test_conformal_intervals_of_quantiles():
    members = [
        ("normal", clone(MLP).set_params(loss="normal")),
        ("gru", clone(GRU).set_params(loss="quantile", quantiles=(0.05, 0.5, 0.95))),
    ]
    model = ConformalForecaster(EnsembleForecaster(members), 0.8, "cqr")
    interval = model.fit(X, Y).predict_interval(X)
    assert np.isfinite(interval).all() and (interval[..., 0] < interval[..., 1]).all()
    points = ConformalForecaster(EnsembleForecaster(MEMBERS), method="cqr")
    with pytest.raises(ValueError, match="a predict_quantiles method for method='cqr'"):
        points.fit(X, Y)


# ------------------------------------------------------------------------ scikit-learn


def test_parameters_of_members():
    model = EnsembleForecaster(MEMBERS, "stacked")
    params = model.get_params()
    assert params["gru"] is GRU
    assert params["gru__hidden_size"] == 4 and params["ridge__estimator"] is None
    assert set(model.get_params(deep=False)) == {
        "estimators",
        "weights",
        "validation_fraction",
        "n_jobs",
        "random_state",
    }
    copied = clone(model).set_params(gru__lr=0.5, naive=Ridge(), n_jobs=2)
    names, members = zip(*copied.estimators)
    assert names == ("ridge", "gru", "naive")
    assert members[1].lr == 0.5 and isinstance(members[2], Ridge)
    assert GRU.lr != 0.5
    with pytest.raises(ValueError, match="Invalid parameter 'lstm'"):
        model.set_params(lstm__lr=1)


def test_members_that_are_given_stay_unfitted():
    before = [vars(member).copy() for _, member in MEMBERS]
    EnsembleForecaster(MEMBERS, "stacked").fit(X, Y)
    assert [vars(member) for _, member in MEMBERS] == before


@pytest.mark.parametrize("weights", [None, "stacked"])
def test_clone_and_pickle(weights):
    model = EnsembleForecaster(MEMBERS, weights).fit(X, Y)
    expected = model.predict(X)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), expected)
    assert_array_equal(clone(model).fit(X, Y).predict(X), expected)


def test_processes_do_not_change_the_forecast():
    model = EnsembleForecaster(MEMBERS, "stacked", n_jobs=2).fit(X, Y)
    expected = clone(model).set_params(n_jobs=None).fit(X, Y).predict(X)
    assert_array_equal(model.predict(X), expected)


@pytest.mark.parametrize("y", [Y[:, 0], Y[:, :1], Y], ids=["1-D", "column", "2-D"])
def test_shape_is_that_of_y(y):
    members = [("knn", KNeighborsRegressor()), ("mlp", MLP)]
    for weights in (None, "stacked"):
        model = EnsembleForecaster(members, weights).fit(X, y)
        assert model.predict(X).shape == y.shape


def test_several_targets():
    series = np.stack([SERIES, SERIES[::-1] ** 2], axis=1)
    x, y = make_windows(series, horizon=2, length=8, target=[0, 1])
    model = EnsembleForecaster(MEMBERS, "inverse_error").fit(x, y)
    assert model.predict(x).shape == y.shape == (101, 4)


def test_in_a_grid_search():
    grid = {"gru__lr": [0.001, 0.1], "weights": [None, "inverse_error", [1, 1, 0]]}
    cv = RollingOriginSplit(2, horizon=3)
    search = GridSearchCV(EnsembleForecaster(MEMBERS), grid, cv=cv).fit(X, Y)
    assert len(set(search.cv_results_["mean_test_score"])) == 6
    drops = {"naive": ["drop", Off(100.0)]}
    search = GridSearchCV(EnsembleForecaster(MEMBERS), drops, cv=cv).fit(X, Y)
    assert search.best_params_["naive"] == "drop"


def test_in_a_series_forecaster_and_a_backtest():
    ensemble = EnsembleForecaster(MEMBERS, "stacked")
    model = SeriesForecaster(ensemble, horizon=3, length=8).fit(SERIES)
    expected = clone(ensemble).fit(X, Y)
    forecast = model.forecast()
    assert_allclose(forecast.to_numpy().ravel(), expected.predict(SERIES[None, -8:])[0])
    assert len(model.backtest(SERIES, n_origins=4)) == 12


def test_in_and_around_a_recursive_forecaster():
    x, y = make_windows(SERIES, horizon=1, length=8)
    members = [("ridge", TabularForecaster()), ("mlp", MLP)]
    model = RecursiveForecaster(EnsembleForecaster(members, None), horizon=2).fit(x, y)
    one = EnsembleForecaster(members, None).fit(x, y)
    first = one.predict(FLAT)
    second = one.predict(np.column_stack([FLAT[:, 1:], first]))
    assert_allclose(model.predict(FLAT), np.column_stack([first, second]), rtol=1e-5)
    members = [("recursive", RecursiveForecaster()), ("mlp", MLP)]
    inside = EnsembleForecaster(members, None).fit(X, Y)
    points = [clone(member).fit(X, Y).predict(X) for _, member in members]
    assert_allclose(inside.predict(X), np.mean(points, axis=0), rtol=1e-6, atol=1e-7)


@learned
def test_metadata_routing(weights):
    counts = np.linspace(0, 1, len(X))
    with sklearn.config_context(enable_metadata_routing=True):
        asks = Ridge().set_fit_request(sample_weight=True)
        declines = LinearRegression().set_fit_request(sample_weight=False)
        members = [("asks", asks), ("declines", declines)]
        model = EnsembleForecaster(members, weights).fit(X, Y, sample_weight=counts)
        with pytest.raises(ValueError, match="not explicitly set as requested or not"):
            EnsembleForecaster([("r", Ridge())], None).fit(X, Y, sample_weight=counts)
    first = Ridge().fit(FLAT, Y, sample_weight=counts).predict(FLAT)
    second = LinearRegression().fit(FLAT, Y).predict(FLAT)
    found = [member.predict(FLAT) for member in model.estimators_]
    assert_allclose(found, [first, second], rtol=1e-5)


def test_a_notebook_shows_the_members():
    shown = estimator_html_repr(EnsembleForecaster(MEMBERS))
    assert "<label>gru</label>" in shown and "hidden_size" in shown


# ----------------------------------------------------------------------------- errors


def test_forecasts_that_are_not_finite_have_no_weight():
    members = [("fine", Off()), ("off", Off(np.inf))]
    model = EnsembleForecaster(members, "stacked")
    before = vars(model).copy()
    with pytest.raises(
        ValueError, match=r"finite forecasts .* infinity from \['off'\]"
    ):
        model.fit(ROWS, NEXT)
    assert vars(model) == before


def test_nothing_to_learn_weights_from():
    model = EnsembleForecaster([("a", Off()), ("b", Off(1))], "stacked")
    with pytest.raises(ValueError, match="targets .* in the last 10 origins, .* none"):
        model.fit(ROWS, NEXT, sample_weight=np.arange(50) < 40)
    with pytest.raises(ValueError, match="validation origins and some before .* 1 and"):
        model.fit(ROWS[:2], NEXT[:2])
