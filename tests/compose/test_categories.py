"""Covariates that are categories, against channels of 0 and 1 made by hand."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from stores import NAMES, panel, without_end

from sktorch_forecast import (
    MLPForecaster,
    NaiveForecaster,
    SeriesForecaster,
    TabularForecaster,
    load,
)

ROLES = NAMES | {"past": "weather", "future": ["offer"], "static": ["region", "size"]}
BY_HAND = NAMES | {
    "past": ["weather_rain", "weather_sun"],
    "future": ["offer_coupon", "offer_none"],
    "static": ["region_north", "region_south", "size"],
}
MLP = MLPForecaster(
    hidden_layer_sizes=(8,), max_epochs=2, baseline=None, random_state=0
)


def stores(n_days=40):
    """A panel with a category in each role."""
    frame = panel(n_days)
    rng = np.random.default_rng(1)
    frame["weather"] = rng.choice(["sun", "rain"], len(frame))
    offers = rng.choice(["none", "coupon"], len(frame))
    frame["offer"] = pd.Categorical(offers, ["coupon", "none", "never"])
    frame["region"] = np.where(frame["store"] == "store 1", "south", "north")
    return frame.drop(columns=["visits", "price", "holiday"])


def by_hand(frame):
    """The same with a column for each category; any other one is 0 in all."""
    names = [*BY_HAND["past"], *BY_HAND["future"], *BY_HAND["static"][:2]]
    columns = {}
    for name in names:
        column, category = name.split("_")
        columns[name] = (frame[column].astype(object) == category).astype(float)
    return frame.drop(columns=["weather", "offer", "region"]).assign(**columns)


def fitted(frame, roles=ROLES, estimator=MLP):
    return SeriesForecaster(estimator, 3, 5, **roles).fit(frame)


def with_new(frame, is_new=True):
    """Categories that no fit has seen, of new stores in the region, too."""
    frame = frame.assign(offer=frame["offer"].astype(object))
    if is_new:
        frame.loc[frame["store"] == "store 2", "region"] = "west"
    for name in ("weather", "offer"):
        frame.loc[frame.index % 3 == 0, name] = "another"
    return frame


def test_equals_channels_made_by_hand():
    known, new = without_end(stores(), 3)
    model, other = fitted(known), fitted(by_hand(known), BY_HAND)
    assert model.channels_ == ("sales", *BY_HAND["past"], *BY_HAND["future"])
    assert model.estimator_.n_static_ == 3
    future = new[["store", "day", "offer"]]
    expected = other.forecast(X_future=by_hand(new))
    for found in (
        model.forecast(X_future=future),
        model.forecast(known, future),
        model.forecast(
            pl.DataFrame(known.to_dict("list")), pl.DataFrame(future.to_dict("list"))
        ),
        fitted(known.astype({"weather": "string", "region": "category"})).forecast(
            X_future=future
        ),
    ):
        assert_array_equal(found, expected)
    assert model.score(new) == other.score(by_hand(new))


def test_categories_that_the_fit_has_not_seen():
    known, new = without_end(stores(), 6)
    model, other = fitted(known), fitted(by_hand(known), BY_HAND)
    rows, plan = without_end(with_new(stores()), 3)
    expected = other.forecast(by_hand(rows), by_hand(plan))
    assert_frame_equal(model.forecast(rows, plan), expected)
    frame = with_new(new, is_new=False)
    assert model.score(frame) == other.score(by_hand(frame))
    # Rows that follow, and a series that is new, of a region that is.
    later = new.assign(weather="snow")
    first = stores()[:40].assign(store="store 9", region="west")
    later = pd.concat([later, first])
    plan = stores(43).groupby("store").tail(3)
    plan = pd.concat([plan, plan[:3].assign(store="store 9")])
    for go_on in ("update", "partial_fit"):
        getattr(model, go_on)(later)
        getattr(other, go_on)(by_hand(later))
        found = model.forecast(X_future=plan)
        assert_frame_equal(found, other.forecast(X_future=by_hand(plan)))
        assert "store 9" in found.index
        model, other = fitted(known), fitted(by_hand(known), BY_HAND)


def test_a_category_that_no_sample_has_is_not_known():
    frame = stores()
    short = frame[:4].assign(store="short", region="west")
    with pytest.warns(UserWarning, match="Left out 1 of 4 series"):
        model = fitted(pd.concat([frame, short]))
    expected = fitted(frame)
    assert model.channels_ == expected.channels_
    assert model.estimator_.n_static_ == 3
    later = frame[:8].assign(store="west", region="west")
    plan = frame[8:11].assign(store="west", region="west")
    assert_frame_equal(model.forecast(later, plan), expected.forecast(later, plan))


@pytest.mark.parametrize("refit", [False, 2])
def test_each_fit_of_a_backtest_knows_what_it_has_seen(refit):
    frame = stores()
    is_late = frame.groupby("store").cumcount() >= 33
    frame.loc[is_late, "weather"] = "snow"  # after the first fit
    ridge = TabularForecaster()
    model = SeriesForecaster(ridge, 3, 5, **ROLES)
    found = model.backtest(frame, n_origins=4, refit=refit)
    days = np.sort(found["origin"].unique())
    assert len(days) == 6  # since the series end on 3 days
    every = refit or len(days)
    for at in range(0, len(days), every):
        known = frame[frame["day"] <= days[at]]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            single = fitted(known, estimator=ridge)
        for origin in days[at : at + every]:
            rows = found[found["origin"] == origin]
            past = frame[frame["day"] <= origin]
            past = past[past["store"].isin(rows["id"])]
            plan = frame[frame["day"] > origin]
            expected = single.forecast(past, plan)["sales"]
            # A channel that is 0 throughout changes sums in their last bits.
            assert_allclose(rows["forecast"], expected, rtol=1e-5)


def test_a_saved_forecaster_knows_its_categories(tmp_path):
    known, plan = without_end(stores(), 3)
    model = fitted(known)
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    expected = model.forecast(X_future=with_new(plan, is_new=False))
    assert_frame_equal(again.forecast(X_future=with_new(plan, is_new=False)), expected)
    again.update(plan)
    assert_frame_equal(
        clone(again).fit(known).forecast(X_future=plan), model.forecast(X_future=plan)
    )


def test_a_category_that_is_missing_is_missing_in_all_channels():
    frame = stores().assign(offer="none")
    frame.loc[20, "weather"] = None
    with pytest.raises(ValueError, match="'store 0'.*'weather_rain'"):
        fitted(frame)
    roles = ROLES | {"missing": "mask"}
    model = fitted(frame, roles, clone(MLP).set_params(missing="mask"))
    other = by_hand(frame)
    other.loc[20, BY_HAND["past"]] = np.nan
    numbers = BY_HAND | {"missing": "mask", "future": "offer_none"}
    expected = fitted(other.drop(columns="offer_coupon"), numbers, model.estimator)
    X = frame[:27]
    found = model.forecast(X[:24], X[24:])
    assert_frame_equal(found, expected.forecast(other[:24], other[24:27]))


def test_a_single_series_with_categories_of_numbers():
    load = pd.DataFrame({"load": np.arange(30.0) % 7, "day": np.arange(30) % 7})
    load["day"] = load["day"].astype("category")
    model = SeriesForecaster(MLP, 2, 7, target="load", future="day").fit(load)
    assert model.channels_ == ("load", *(f"day_{i}" for i in range(7)))
    plan = pd.DataFrame({"day": [2, 3]}, index=[30, 31])
    assert model.forecast(X_future=plan).shape == (2, 1)


def test_bad_categories():
    frame = stores()
    model = fitted(frame)
    with pytest.raises(ValueError, match=r"X_future .*without \['offer'\]"):
        model.forecast(X_future=frame[["store", "day"]])
    with pytest.raises(ValueError, match=r"without \['region'\]"):
        model.update(frame.drop(columns="region"))
    with pytest.raises(ValueError, match="one finite value.*'region_north'"):
        fitted(frame.assign(region=["north", "south"] * (len(frame) // 2) + ["north"]))
    with pytest.raises(ValueError, match="column 'region', found only missing"):
        fitted(frame.assign(region=None).astype({"region": "category"}))
    # Columns that nobody has named are no categories, nor are targets and dates.
    with pytest.raises(
        TypeError, match="real numbers in channel 'a', found .*SeriesForecaster"
    ):
        SeriesForecaster(NaiveForecaster(), 2, 3, target="y").fit(
            pd.DataFrame({"y": np.arange(9.0), "a": list("abcabcabc")})
        )
    with pytest.raises(TypeError, match="real numbers in channel 'weather'"):
        fitted(frame, ROLES | {"target": "weather", "past": None})
    dates = frame.assign(weather=[pd.Timestamp("2024").date()] * len(frame))
    with pytest.raises(TypeError, match="real numbers in channel 'weather'"):
        fitted(dates)
