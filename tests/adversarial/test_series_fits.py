"""A SeriesForecaster that cannot keep its promise says so when it is fitted."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sktorch_forecast import (
    ConformalForecaster,
    MLPForecaster,
    NaiveForecaster,
    SeriesForecaster,
    SlidingWindow,
    TabularForecaster,
    make_windows,
)

SERIES = np.random.default_rng(0).normal(size=60)


class Costly(MLPForecaster):
    """Whose fit must not begin in vain."""

    def fit(self, X, y, **params):
        raise AssertionError("fitted in vain")


@pytest.mark.parametrize(
    "estimator",
    [
        TabularForecaster(),
        Costly(),
        make_pipeline(SlidingWindow(3), Costly()),
        make_pipeline(SlidingWindow(3), TabularForecaster()),
    ],
    ids=repr,
)
def test_coverage_of_an_estimator_without_uncertainty(estimator):
    model = SeriesForecaster(estimator, 2, 5, coverage=0.9)
    for fit in (model.fit, lambda series: model.backtest(series, n_origins=2)):
        with pytest.raises(TypeError, match="Wrap it in a ConformalForecaster"):
            fit(SERIES)
    assert not hasattr(model, "estimator_")


def test_coverage_of_an_estimator_with_uncertainty():
    for estimator in (
        NaiveForecaster(),
        ConformalForecaster(TabularForecaster(), coverage=0.5),
        make_pipeline(SlidingWindow(3), MLPForecaster(loss="normal", max_epochs=1)),
    ):
        model = SeriesForecaster(estimator, 2, 5, coverage=0.5).fit(SERIES)
        assert model.forecast().shape == (2, 3)


# ------------------------------------------------------- series that ended long ago


def panel(lengths):
    parts = [
        pd.DataFrame(
            {
                "store": f"store {i}",
                "day": pd.date_range("2024-01-01", periods=n),
                "sales": np.arange(n) % 7.0,
            }
        )
        for i, n in enumerate(lengths)
    ]
    return pd.concat(parts, ignore_index=True)


NAMES = {"id": "store", "time": "day", "target": "sales"}
MODEL = SeriesForecaster(NaiveForecaster(), 2, 3, **NAMES)


def test_a_series_that_ended_long_ago_makes_a_backtest_learn_from_little():
    # Known on day 12, the last origin of store 2: the origins on days 3 to 10 of all
    # three. On day 98, the last origin of the others: 94 of both, and 10 of store 2.
    frame = panel([100, 100, 14])
    with pytest.warns(UserWarning, match=r"24 of 198 samples.*'store 2'.*2024-01-12"):
        MODEL.backtest(frame, n_origins=1)


@pytest.mark.parametrize(
    "lengths, params",
    [
        ([100, 100, 90], {"n_origins": 1}),
        ([100, 100, 14], {"start": "2024-03-01"}),
        ([100, 100, 14], {"n_origins": 1, "refit": True}),
        ([100, 100], {"n_origins": 80}),
    ],
)
def test_no_warning_where_the_user_chose_it(lengths, params):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MODEL.backtest(panel(lengths), **params)


# ---------------------------------------------------------------------- warm starts


def test_a_warm_start_goes_on_from_the_last_fit():
    early, late = SERIES[:45], SERIES
    network = MLPForecaster(max_epochs=2, warm_start=True, random_state=0)
    series = SeriesForecaster(network, 3, 12).fit(early)
    first = series.estimator_
    series.fit(late)
    alone = clone(network)
    for part in (early, late):
        alone.fit(*make_windows(part, horizon=3, length=12))
    X = make_windows(late, horizon=3, length=12)[0]
    np.testing.assert_array_equal(series.estimator_.predict(X), alone.predict(X))
    assert len(series.estimator_.history) == 4
    assert len(first.history) == 2  # that of the first fit is as it was


def test_a_warm_start_takes_new_parameters():
    network = MLPForecaster(max_epochs=2, warm_start=True, random_state=0)
    series = SeriesForecaster(network, 3, 12).fit(SERIES)
    series.set_params(estimator__max_epochs=3).fit(SERIES)
    assert len(series.estimator_.history) == 5
    # Another network cannot go on from the weights of this one.
    series.set_params(estimator__hidden_layer_sizes=(3,)).fit(SERIES)
    assert len(series.estimator_.history) == 3


def test_without_a_warm_start_a_fit_starts_over():
    network = MLPForecaster(max_epochs=2, random_state=0)
    series = SeriesForecaster(network, 3, 12).fit(SERIES).fit(SERIES)
    assert len(series.estimator_.history) == 2
