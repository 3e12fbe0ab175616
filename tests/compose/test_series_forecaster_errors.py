"""Bad input to a SeriesForecaster: a clear error, and nothing of it is changed."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from stores import NAMES, ROLES, panel, without_end

from sktorch_forecast import (
    NaiveForecaster,
    RecursiveForecaster,
    SeriesForecaster,
    TabularForecaster,
)


def test_not_fitted():
    for call in ("forecast", "update", "predict", "score"):
        arguments = () if call == "forecast" else (np.arange(9.0),)
        with pytest.raises(NotFittedError):
            getattr(SeriesForecaster(), call)(*arguments)


@pytest.mark.parametrize(
    "params, error, message",
    [
        ({"horizon": 0}, ValueError, "'horizon' parameter of SeriesForecaster must"),
        ({"length": 2.5}, ValueError, "'length' parameter of SeriesForecaster must"),
        ({"missing": "drop"}, ValueError, "'missing' parameter"),
        ({"pad": True}, ValueError, "missing='mask' with pad=True"),
        ({"estimator": 3}, ValueError, "'estimator' parameter"),
        ({"estimator": LinearRegression()}, ValueError, "windows, .*TabularForecaster"),
        ({"coverage": 1.0}, ValueError, "coverage == 1.0, must be < 1"),
        ({"coverage": [0.5, 0.5]}, ValueError, "distinct coverages"),
        ({"coverage": ["a"]}, TypeError, "coverage must be an instance of"),
        ({"target": "sale"}, ValueError, "target to name channels"),
        ({"length": 50}, ValueError, r"at least length \+ horizon = 53 timestamps"),
        (
            {"estimator": RecursiveForecaster(horizon=5)},
            ValueError,
            "Expected 3 forecasts .* found 5",
        ),
    ],
)
def test_bad_parameters(params, error, message):
    frame = panel()
    model = SeriesForecaster(NaiveForecaster(), 3, 5, **NAMES).fit(frame)
    model.set_params(**params)
    before = vars(model).copy()
    with pytest.raises(error, match=message):
        model.fit(frame).forecast()
    if "horizon" not in repr(params.get("estimator")):
        assert vars(model) == before


def test_bad_parameters_of_a_backtest():
    model = SeriesForecaster(NaiveForecaster(), 3, 5, verbose="a lot", **NAMES)
    with pytest.raises(ValueError, match="'verbose' parameter of SeriesForecaster"):
        model.backtest(panel(), n_origins=1)


def test_intervals_of_an_estimator_that_has_none():
    model = SeriesForecaster(TabularForecaster(), 3, 5).fit(np.arange(30.0))
    with pytest.raises(TypeError, match="Wrap it in a ConformalForecaster"):
        model.forecast(coverage=0.9)


def at(frame, *days):
    return frame[frame["day"].isin(pd.DatetimeIndex(days))]


BAD_UPDATES = {
    "gap": (
        lambda end: at(end, "2024-03-11")[:1],
        ValueError,
        "2024-03-09.* of series 'store 0' after 2024-03-08.*, found 2024-03-11.*miss",
    ),
    "overlap": (
        lambda end: end.assign(day=end["day"] - pd.Timedelta(days=1)),
        ValueError,
        "2024-03-09.*'store 0'.* found 2024-03-08.*drop the rows up to 2024-03-08",
    ),
    "gap within": (
        lambda end: at(end[end["store"] == "store 1"], "2024-03-08", "2024-03-10"),
        ValueError,
        "2024-03-09.*'store 1' after 2024-03-08.*, found 2024-03-10",
    ),
    "time zone": (
        lambda end: end.assign(day=end["day"].dt.tz_localize("UTC")),
        TypeError,
        r"Expected timestamps of datetime64\[.*\], as in fit, found .*UTC",
    ),
    "numbers": (
        lambda end: end.assign(day=np.arange(len(end))),
        TypeError,
        "Expected timestamps of datetime64.* found int64",
    ),
    "missing": (
        lambda end: end.assign(sales=end["sales"].mask(end["day"] == "2024-03-10")),
        ValueError,
        "contains NaN at series 'store 0', timestamp 2024-03-10",
    ),
    "no column": (lambda end: end.drop(columns="sales"), ValueError, "target to name"),
    "array": (lambda end: end["sales"].to_numpy(), TypeError, "panel as a pandas or"),
}


@pytest.mark.parametrize("case", BAD_UPDATES)
def test_bad_updates(case):
    make_bad, error, message = BAD_UPDATES[case]
    start, end = without_end(panel(), 3)
    model = SeriesForecaster(NaiveForecaster(), 3, 5, **NAMES).fit(start)
    before, forecast = vars(model).copy(), model.forecast()
    with pytest.raises(error, match=message):
        model.update(make_bad(end))
    assert vars(model) == before
    assert_frame_equal(model.forecast(), forecast)


def test_update_with_a_frame_of_another_form():
    frame = panel()[["store", "day", "sales"]].set_index(["store", "day"])
    model = SeriesForecaster(NaiveForecaster(), 3, 5).fit(frame)
    with pytest.raises(ValueError, match="many series, as in fit, found a single"):
        model.update(frame.loc["store 0"])
    with pytest.raises(ValueError, match=r"channels \['sales'\].*found \['other'\]"):
        model.update(frame.rename(columns={"sales": "other"}))


BAD_FUTURES = {
    "none": (lambda end: None, r"Expected 4 rows after the last target.* X_future"),
    "too few": (
        lambda end: end[(end["store"] != "store 1") | (end["day"] < "2024-03-10")],
        "Expected 4 rows after the last target of series 'store 1', found 3",
    ),
    "a series": (
        lambda end: end[end["store"] != "store 1"],
        "4 rows after the last target of series 'store 1', found 0",
    ),
    "gap": (
        lambda end: end[end["day"] > "2024-03-06"],
        "Expected timestamp 2024-03-06.* of series 'store 2' .* found 2024-03-07",
    ),
    "missing": (
        lambda end: end.assign(price=end["price"].mask(end["day"] == "2024-03-08")),
        "NaN at series 'store 0', timestamp 2024-03-08 .*'price'.*ffill\\(\\)\\.$",
    ),
    "no column": (
        lambda end: end.drop(columns="price"),
        "X_future with the future covariates",
    ),
}


@pytest.mark.parametrize("case", BAD_FUTURES)
def test_bad_future_covariates(case):
    make_bad, message = BAD_FUTURES[case]
    start, end = without_end(panel(), 4)
    model = SeriesForecaster(NaiveForecaster(), 4, 5, **ROLES).fit(start)
    with pytest.raises(ValueError, match=message):
        model.forecast(X_future=make_bad(end[["store", "day", "price", "holiday"]]))


def test_future_covariates_that_nobody_asked_for():
    model = SeriesForecaster(NaiveForecaster(), 3, 5, **NAMES).fit(panel())
    with pytest.raises(ValueError, match="found future=None"):
        model.forecast(X_future=panel())
