"""Scorers of intervals, quantiles and paths, with a forecaster known in closed form."""

import pickle

import numpy as np
import pytest
import sklearn
from scipy.stats import norm
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import (
    GridSearchCV,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.metaestimators import available_if

from sktorch_forecast import SlidingWindow, make_windows
from sktorch_forecast.metrics import (
    acd_scorer,
    crps_quantiles,
    crps_scorer,
    energy_scorer,
    interval_scorer,
    msis_scorer,
    pinball_scorer,
)
from sktorch_forecast.metrics._uncertainty_of import uncertainty_of

HORIZON = 3


class RandomWalk(RegressorMixin, BaseEstimator):
    """Steps of known deviation from the last value of the window."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def fit(self, X, y):
        self.horizon_ = y.shape[1]
        return self

    def predict(self, X):
        # (n, length) or (n, length, 1) -> (n, 1) -> (n, horizon)
        last = np.asarray(X).reshape(len(X), -1)[:, -1:].astype(np.float64)
        return np.tile(last, self.horizon_)

    def predict_quantiles(self, X, quantiles):
        deviation = self.scale * np.sqrt(np.arange(1, self.horizon_ + 1))
        # (horizon, 1) and (n_quantiles,) -> (horizon, n_quantiles)
        spread = deviation[:, np.newaxis] * norm.ppf(quantiles)
        return self.predict(X)[..., np.newaxis] + spread

    def predict_interval(self, X, coverage=0.9):
        return self.predict_quantiles(X, [(1 - coverage) / 2, (1 + coverage) / 2])

    def sample(self, X, n_samples=100, random_state=None):
        rng = np.random.RandomState(random_state)  # noqa: NPY002
        steps = rng.normal(size=(n_samples, len(X), self.horizon_))
        return self.predict(X) + self.scale * steps.cumsum(axis=-1)


@pytest.fixture(scope="module")
def walk():
    """Windows of a random walk with steps of deviation 1."""
    series = np.random.default_rng(0).normal(size=400).cumsum()
    return make_windows(series, horizon=HORIZON, length=8)


SCORERS = {
    "pinball_scorer(quantiles=(0.1, 0.4))": pinball_scorer([0.1, 0.4]),
    "crps_scorer(quantiles=(0.1, 0.4))": crps_scorer(np.array([0.1, 0.4])),
    "interval_scorer(coverage=0.8)": interval_scorer(0.8),
    "acd_scorer(coverage=0.8)": acd_scorer(0.8),
    "msis_scorer(coverage=0.8, seasonality=2)": msis_scorer(0.8, seasonality=2),
    "energy_scorer(n_samples=5, random_state=0)": energy_scorer(5, random_state=0),
}
all_scorers = pytest.mark.parametrize("scorer", SCORERS.values(), ids=SCORERS)


def errors_by_loops(name, model, X, y):
    """What the scorer of that name gives to each row, negated."""
    windows, rows = np.asarray(X, dtype=np.float64).reshape(len(X), -1), []
    quantiles = model.predict_quantiles(X, [0.1, 0.4])
    interval = model.predict_interval(X, 0.8)
    paths = model.sample(X, 5, random_state=0)
    for i in range(len(y)):
        # (horizon, 2)
        miss = y[i][:, np.newaxis] - quantiles[i]
        pinball = np.where(miss > 0, [0.1, 0.4] * miss, [-0.9, -0.6] * miss)
        lower, upper = interval[i].T
        outside = np.where(y[i] < lower, lower - y[i], 0)
        outside = np.where(y[i] > upper, y[i] - upper, outside)
        width = np.mean(upper - lower + 10 * outside)
        apart = np.mean(
            [np.linalg.norm(a - b) for a in paths[:, i] for b in paths[:, i]]
        )
        rows.append(
            {
                "pinball": pinball.mean(),
                # Cells of 0.25 and 0.75.
                "crps": 2 * (pinball * [0.25, 0.75]).sum(axis=1).mean(),
                "interval": width,
                "acd": np.mean((lower <= y[i]) & (y[i] <= upper)),
                "msis": width / np.abs(windows[i, 2:] - windows[i, :-2]).mean(),
                "energy": np.mean([np.linalg.norm(path - y[i]) for path in paths[:, i]])
                - apart / 2,
            }[name]
        )
    return np.array(rows)


def test_the_levels_of_the_crps_by_default(walk):
    X, y = walk
    model = RandomWalk(0.7).fit(X, y)
    levels = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]
    levels += [0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    expected = -crps_quantiles(y, model.predict_quantiles(X, levels), quantiles=levels)
    assert crps_scorer()(model, X, y) == pytest.approx(expected, rel=1e-12)


@all_scorers
@pytest.mark.parametrize("weighted", [False, True])
def test_scorers_by_loops(scorer, weighted, walk):
    X, y = walk
    name = repr(scorer).split("_")[0]
    model = RandomWalk(0.7).fit(X, y)
    weight = np.random.default_rng(1).uniform(size=len(y)) if weighted else None
    expected = np.average(errors_by_loops(name, model, X, y), weights=weight)
    if name == "acd":
        expected = abs(expected - 0.8)
    score = scorer(model, X, y, sample_weight=weight)
    assert type(score) is float
    assert score == pytest.approx(-expected, rel=1e-10)


@all_scorers
def test_scorers_in_cross_val_score_of_a_pipeline(scorer, walk):
    X, y = walk
    cv = TimeSeriesSplit(3, gap=HORIZON - 1)
    model = make_pipeline(SlidingWindow(4), RandomWalk())
    scores = cross_val_score(model, X, y, cv=cv, scoring=scorer, error_score="raise")
    expected = [
        # The forecaster sees the last value only, so short windows change nothing.
        scorer(RandomWalk().fit(X[train], y[train]), X[test], y[test])
        for train, test in cv.split(X)
    ]
    np.testing.assert_allclose(scores, expected, rtol=1e-12)


def test_several_scorers_in_cross_validate(walk):
    X, y = walk
    model = make_pipeline(SlidingWindow(4), RandomWalk())
    scoring = {"a": interval_scorer(), "b": acd_scorer(), "c": "r2"}
    cv = TimeSeriesSplit(2, gap=HORIZON - 1)
    result = cross_validate(model, X, y, cv=cv, scoring=scoring, error_score="raise")
    for name, scorer in (("a", interval_scorer()), ("b", acd_scorer())):
        expected = [
            scorer(RandomWalk().fit(X[train], y[train]), X[test], y[test])
            for train, test in cv.split(X)
        ]
        np.testing.assert_allclose(result[f"test_{name}"], expected, rtol=1e-12)


@all_scorers
def test_a_search_finds_the_true_deviation(scorer, walk):
    X, y = walk
    search = GridSearchCV(
        make_pipeline(SlidingWindow(4), RandomWalk()),
        {"randomwalk__scale": [0.1, 1.0, 10.0]},
        cv=TimeSeriesSplit(2, gap=HORIZON - 1),
        scoring=scorer,
        error_score="raise",
    ).fit(X, y)
    assert search.best_params_ == {"randomwalk__scale": 1.0}
    expected = scorer(RandomWalk(1.0).fit(X, y), X, y)
    assert search.score(X, y) == scorer(search, X, y) == pytest.approx(expected)


def test_weights_come_through_metadata_routing(walk):
    X, y = walk
    weight = np.random.default_rng(1).uniform(size=len(y))
    cv = TimeSeriesSplit(2, gap=HORIZON - 1)
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_val_score(
            RandomWalk(),
            X,
            y,
            cv=cv,
            scoring=interval_scorer(0.8).set_score_request(sample_weight=True),
            params={"sample_weight": weight},
            error_score="raise",
        )
    for score, (train, test) in zip(scores, cv.split(X), strict=True):
        model = RandomWalk().fit(X[train], y[train])
        rows = errors_by_loops("interval", model, X[test], y[test])
        assert score == pytest.approx(-np.average(rows, weights=weight[test]))


@pytest.mark.parametrize("text, scorer", SCORERS.items(), ids=SCORERS)
def test_scorers_can_be_read_pickled_and_cloned(text, scorer, walk):
    X, y = walk
    model = RandomWalk().fit(X, y)
    assert repr(scorer) == text
    for copy in (pickle.loads(pickle.dumps(scorer)), clone(scorer, safe=False)):
        assert repr(copy) == text
        assert copy(model, X, y) == scorer(model, X, y)


def test_one_output_as_a_column_or_flat(walk):
    X, y = walk
    model = RandomWalk().fit(X, y[:, :1])
    for scorer in SCORERS.values():
        assert scorer(model, X, y[:, 0]) == scorer(model, X, y[:, :1])


@pytest.mark.parametrize("n_channels", [1, 2])
def test_msis_scorer_on_a_plain_array_takes_the_first_channel_as_the_target(
    n_channels, walk
):
    X, y = walk
    model = RandomWalk().fit(X, y)
    interval = model.predict_interval(X, 0.95)

    class Known(RandomWalk):
        def predict_interval(self, X, coverage):
            return interval

    stacked = np.concatenate([np.asarray(X), 1e6 * np.asarray(X)], axis=2)
    known = Known().fit(X, y)
    expected = msis_scorer()(model, X, y)
    score = msis_scorer()(known, stacked[:, :, :n_channels], y)
    assert score == pytest.approx(expected, rel=1e-12)


# ---------------------------------------------------------------------- uncertainty_of


def test_uncertainty_of_looks_into_pipelines_and_searches(walk):
    X, y = walk
    halve = FunctionTransformer(lambda windows: np.asarray(windows) / 2)
    inner = GridSearchCV(RandomWalk(), {"scale": [3.0]}, cv=TimeSeriesSplit(2))
    pipeline = make_pipeline(SlidingWindow(4), make_pipeline(halve, inner))
    search = GridSearchCV(pipeline, {"slidingwindow__length": [5]}, cv=2).fit(X, y)
    forecaster, windows = uncertainty_of(search, X)
    assert type(forecaster) is RandomWalk and forecaster.scale == 3
    np.testing.assert_array_equal(windows, np.asarray(X)[:, -5:] / 2)


def test_uncertainty_of_keeps_what_has_the_method(walk):
    X, y = walk
    model = RandomWalk().fit(X, y)
    assert uncertainty_of(model, X, "sample") == (model, X)
    alone = make_pipeline(model)
    assert uncertainty_of(alone, X) == (model, X)

    class Sure(GridSearchCV):
        """A search that has the method of its own."""

        def predict_quantiles(self, X, quantiles):
            raise NotImplementedError

    search = Sure(model, {"scale": [1.0]}, cv=2).fit(X, y)
    assert uncertainty_of(search, X)[0] is search


@pytest.mark.parametrize(
    "scorer, method",
    [
        (pinball_scorer(), "predict_quantiles"),
        (crps_scorer(), "predict_quantiles"),
        (interval_scorer(), "predict_interval"),
        (acd_scorer(), "predict_interval"),
        (msis_scorer(), "predict_interval"),
        (energy_scorer(), "sample"),
    ],
)
def test_scorers_say_what_to_use_instead(scorer, method, walk):
    X, y = walk
    X = np.asarray(X)[:, :, 0]
    message = (
        f"method {method}, found LinearRegression, which has none.*"
        'ConformalForecaster.*loss="normal".*loss="quantile"'
    )
    alone = LinearRegression()
    for model in (alone, make_pipeline(FunctionTransformer(), alone)):
        with pytest.raises(TypeError, match=message):
            scorer(model.fit(X, y), X, y)


class Unsure(RandomWalk):
    """It has the methods only if it was told to be unsure."""

    def __init__(self, scale=1.0, unsure=False):
        super().__init__(scale)
        self.unsure = unsure

    predict_interval = available_if(lambda self: self.unsure)(
        RandomWalk.predict_interval
    )


def test_a_method_that_is_not_available_is_no_method(walk):
    X, y = walk
    without, with_it = Unsure().fit(X, y), Unsure(unsure=True).fit(X, y)
    message = "method predict_interval, found Unsure, which has none"
    for wrap in (lambda model: model, lambda model: make_pipeline(model)):
        with pytest.raises(TypeError, match=message):
            interval_scorer()(wrap(without), X, y)
        expected = interval_scorer()(RandomWalk().fit(X, y), X, y)
        assert interval_scorer()(wrap(with_it), X, y) == expected


def test_what_is_not_fitted_says_so(walk):
    X, y = walk
    for model in (
        LinearRegression(),
        GridSearchCV(RandomWalk(), {"scale": [1.0]}),
        make_pipeline(SlidingWindow(4), RandomWalk()),
    ):
        with pytest.raises(NotFittedError):
            interval_scorer()(model, X, y)


@pytest.mark.parametrize(
    "make_scorer, params, message",
    [
        (pinball_scorer, {"quantiles": [0.9, 0.1]}, "Expected quantiles as increasing"),
        (crps_scorer, {"quantiles": []}, "Expected quantiles as increasing"),
        (crps_scorer, {"quantiles": 0.5}, "Expected quantiles as increasing"),
        (interval_scorer, {"coverage": 1.0}, "'coverage' parameter of interval_scorer"),
        (acd_scorer, {"coverage": 90}, "'coverage' parameter of acd_scorer"),
        (msis_scorer, {"coverage": 0.0}, "'coverage' parameter of msis_scorer"),
        (msis_scorer, {"seasonality": 0}, "'seasonality' parameter of msis_scorer"),
        (energy_scorer, {"n_samples": 0}, "'n_samples' parameter of energy_scorer"),
        (energy_scorer, {"random_state": "a"}, "'random_state' parameter of energy"),
    ],
)
def test_scorers_reject_bad_parameters(make_scorer, params, message):
    with pytest.raises(ValueError, match=message):
        make_scorer(**params)


def test_msis_scorer_rejects_short_windows(walk):
    X, y = walk
    model = RandomWalk().fit(X, y)
    with pytest.raises(ValueError, match="X must reach further back.*at least 9.*8"):
        msis_scorer(seasonality=8)(model, X, y)
