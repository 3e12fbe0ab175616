"""How sure a forecast is, asked of `predict` itself, alone and through a pipeline."""

import numpy as np
import pytest
from common import FEW_ORIGINS, OF_ANY_FAMILY, make
from nets import X, Y
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from sktorch_forecast import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    EnsembleForecaster,
    GRUForecaster,
    MLPForecaster,
    NaiveForecaster,
    PretrainedForecaster,
    RecursiveForecaster,
    SlidingWindow,
    TabularForecaster,
)

QUICK = {"max_epochs": 1, "random_state": 0, "baseline": None, "hidden_size": 4}
QUICK |= {"n_filters": 4, "dilations": (1, 2)}
NORMAL = make(MLPForecaster, **QUICK, loss="normal")
QUANTILES = make(GRUForecaster, **QUICK, loss="quantile")
CONFORMAL = ConformalForecaster(Ridge(), random_state=0, **FEW_ORIGINS)
SURE = [make(cls, **QUICK, loss="normal") for cls in OF_ANY_FAMILY]
SURE += [
    QUANTILES,
    PretrainedForecaster(random_state=0),
    make(MLPForecaster, **QUICK, dropout=0.2),
    make(MLPForecaster, **QUICK, dropout=0.2, loss="normal", n_mc_samples=3),
    CONFORMAL,
    ConformalForecaster(NORMAL, method="cqr", random_state=0, **FEW_ORIGINS),
    ConformalForecaster(method="adaptive", random_state=0, **FEW_ORIGINS),
    EnsembleForecaster([("a", NORMAL), ("b", QUANTILES)], random_state=0),
    DeepEnsembleForecaster(NORMAL, 2, random_state=0),
    RecursiveForecaster(NORMAL),
    TabularForecaster(CONFORMAL),
    NaiveForecaster(),
]
LEVELS = [0.2, 0.5, 0.7]
KEYWORDS = {"coverage": 0.4, "quantiles": LEVELS, "n_samples": 3}


def by_method(model, X, name):
    """What the method of its own says; one that draws is seeded by the parameter."""
    method = {"coverage": "predict_interval", "quantiles": "predict_quantiles"}
    return getattr(model, method.get(name, "sample"))(X, KEYWORDS[name])


@pytest.mark.parametrize("model", SURE, ids=repr)
def test_a_pipeline_hands_the_keywords_on(model):
    """The windows are shortened as they are for the points."""
    pipeline = make_pipeline(SlidingWindow(5), clone(model)).fit(X[:50], Y[:50])
    last, shortened = pipeline[-1], X[50:].with_length(5)
    names = set(KEYWORDS)
    if isinstance(model, (NaiveForecaster, TabularForecaster)):
        names.remove("n_samples")  # they have no seed, and draw anew
    for name in sorted(names):
        y, beside = pipeline.predict(X[50:], **{name: KEYWORDS[name]})
        assert_array_equal(y, pipeline.predict(X[50:]))
        assert_array_equal(y, last.predict(shortened))
        assert_array_equal(beside, by_method(last, shortened, name))


@pytest.mark.parametrize("model", [NaiveForecaster(), TabularForecaster(CONFORMAL)])
def test_paths_without_a_seed(model):
    _, paths = clone(model).fit(X, Y).predict(X, n_samples=3)
    # Now and then an origin draws the same one of the few residuals three times.
    assert paths.shape == (3, *Y.shape) and np.median(np.ptp(paths, axis=0)) > 0


def test_points_stay_one_dimensional_and_what_is_beside_does_not():
    y, interval = NaiveForecaster().fit(X, Y[:, 0]).predict(X, coverage=0.5)
    assert y.shape == (60,) and interval.shape == (60, 1, 2)


def test_none_asks_for_nothing():
    model = NaiveForecaster().fit(X, Y)
    y = model.predict(X, coverage=None, quantiles=None, n_samples=None)
    assert_array_equal(y, model.predict(X))


def test_levels_in_an_array():
    model = NaiveForecaster().fit(X, Y)
    _, quantiles = model.predict(X, quantiles=np.array(LEVELS))
    assert_array_equal(quantiles, model.predict_quantiles(X, LEVELS))


def test_routed_metadata_takes_the_keywords_as_it_takes_any():
    with config_context(enable_metadata_routing=True):
        for model in (NORMAL, CONFORMAL):
            asking = clone(model).set_predict_request(coverage=True)
            pipeline = make_pipeline(SlidingWindow(5), asking).fit(X, Y)
            _, interval = pipeline.predict(X, coverage=0.4)
            expected = pipeline[-1].predict_interval(X.with_length(5), 0.4)
            assert_array_equal(interval, expected)


@pytest.mark.parametrize(
    "names", [("coverage", "quantiles"), ("coverage", "n_samples"), tuple(KEYWORDS)]
)
def test_one_keyword_at_a_time(names):
    model = NaiveForecaster().fit(X, Y)
    message = f"one of coverage, quantiles and n_samples, found {' and '.join(names)}"
    with pytest.raises(ValueError, match=message):
        model.predict(X, **{name: KEYWORDS[name] for name in names})


@pytest.mark.parametrize(
    "model, reason",
    [
        (make(MLPForecaster, **QUICK), "MLPForecaster has no dropout to sample"),
        (TabularForecaster(), "which only forecasts points"),
        (RecursiveForecaster(), "one-step model with a sample method"),
        (
            EnsembleForecaster([("ridge", Ridge()), ("mlp", NORMAL)]),
            "that .'ridge'. only forecast points",
        ),
    ],
    ids=repr,
)
@pytest.mark.parametrize("name", KEYWORDS)
def test_a_forecaster_that_does_not_know_says_what_to_do(model, reason, name):
    fitted = make_pipeline(SlidingWindow(5), clone(model)).fit(X, Y)
    found = f"cannot predict with {name}=. .*{reason}"
    with pytest.raises(AttributeError, match=found):
        fitted.predict(X, **{name: KEYWORDS[name]})


@pytest.mark.parametrize(
    "keyword, error",
    [
        ({"coverage": 90}, ValueError),
        ({"coverage": "90%"}, TypeError),
        ({"quantiles": [0.9, 0.1]}, ValueError),
        ({"n_samples": 0}, ValueError),
        ({"n_samples": 2.5}, TypeError),
    ],
)
def test_values_are_checked_before_anything_is_forecast(keyword, error, monkeypatch):
    model = NaiveForecaster().fit(X, Y)
    monkeypatch.delattr(NaiveForecaster, "_predict")
    with pytest.raises(error, match=f"{next(iter(keyword))}"):
        model.predict(X, **keyword)


def test_not_fitted_comes_first():
    with pytest.raises(NotFittedError):
        make(MLPForecaster, **QUICK).predict(X, coverage=0.5)
