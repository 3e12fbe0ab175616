"""Columns and channels that come in another order, or under other names."""

import numpy as np
import pandas as pd
import pytest
from common import FORECASTERS, cheap
from sklearn.linear_model import LinearRegression

from sktorch_forecast import (
    NaiveForecaster,
    Panel,
    SeriesForecaster,
    TabularForecaster,
    Windows,
    make_windows,
)

N = 60
RNG = np.random.default_rng(0)
B, C = RNG.normal(size=(2, N))
DF = pd.DataFrame({"y": np.roll(B, 1), "b": B, "c": 100 * C})


def linear():
    forecaster = TabularForecaster(LinearRegression(), normalize=None)
    return SeriesForecaster(forecaster, 1, 3, target="y")


@pytest.mark.parametrize("order", [["y", "c", "b"], ["c", "b", "y"]])
def test_a_frame_is_read_by_the_names_of_the_fit(order):
    model = linear().fit(DF)
    assert model.channels_ == ("y", "b", "c")
    # The target is b of the step before, so the forecast is known beforehand.
    assert model.forecast(DF[order]).iloc[0, 0] == pytest.approx(B[-1], abs=1e-3)
    assert model.score(DF[order]) == model.score(DF)
    first, second = DF[:50], DF[50:]
    model = linear().fit(first)
    in_order = linear().fit(first).update(second)
    pd.testing.assert_frame_equal(
        model.update(second[order]).forecast(), in_order.forecast()
    )


def test_columns_that_the_fit_had_not_are_left_out():
    model = linear().fit(DF)
    more = DF.assign(a=np.nan)[["a", "c", "y", "b"]]
    pd.testing.assert_frame_equal(model.forecast(more), model.forecast(DF))


def test_a_column_that_the_fit_had_must_be_there():
    model = linear().fit(DF)
    with pytest.raises(ValueError, match=r"past to name channels.*found \['b', 'c'\]"):
        model.forecast(DF[["y", "b"]].assign(d=1.0))


def test_a_single_series_needs_no_name_but_not_another_one():
    series = pd.Series(np.arange(9.0), name="y")
    model = SeriesForecaster(NaiveForecaster(), 1, 2).fit(series)
    assert model.forecast(series.to_numpy()).columns.tolist() == ["y"]
    assert model.forecast(series.rename(None)).columns.tolist() == ["y"]
    with pytest.raises(ValueError, match=r"channels \['y'\].*found \['z'\]"):
        model.forecast(series.rename("z"))


# ------------------------------------------------------------------------- windows


def windows(columns, **params):
    """Windows of two targets, so that every forecaster takes them."""
    both = columns[:2]
    return make_windows(DF[columns], target=both, horizon=2, length=5, **params)


METHODS = {"predict": (), "predict_interval": (0.8,), "predict_quantiles": ([0.5],)}


@pytest.mark.parametrize("cls", FORECASTERS, ids=lambda cls: cls.__name__)
def test_windows_of_other_channels_are_refused(cls):
    X, y = windows(["y", "b"])
    forecaster = cheap(cls).fit(X, y)
    swapped, _ = windows(["b", "y"])
    renamed, _ = windows(["y", "c"])
    for other in (swapped, renamed):
        for name, args in METHODS.items():
            if hasattr(forecaster, name):
                message = r"channels \[.*\], but .* fitted with \['y', 'b'\]"
                with pytest.raises(ValueError, match=message):
                    getattr(forecaster, name)(other, *args)
    if hasattr(forecaster, "partial_fit"):
        with pytest.raises(ValueError, match="Make the windows"):
            forecaster.partial_fit(swapped, y)
    # Arrays have no names, so nothing can be said of them.
    unnamed = make_windows(
        DF[["y", "b"]].to_numpy(), target=[0, 1], horizon=2, length=5
    )[0]
    np.testing.assert_array_equal(forecaster.predict(unnamed), forecaster.predict(X))
    np.testing.assert_array_equal(
        forecaster.predict(np.asarray(X)), forecaster.predict(X)
    )


def test_windows_after_an_array_may_have_any_names():
    X, y = windows(["y", "b"])
    forecaster = NaiveForecaster().fit(
        *make_windows(DF[["y", "b"]].to_numpy(), target=[0, 1], horizon=2, length=5)
    )
    assert forecaster.predict(X).shape == y.shape


def with_static(names):
    panel = Panel.from_array(
        np.arange(20.0).reshape(-1, 1), static=[[1.0, 2.0]], static_names=names
    )
    return Windows(panel, np.arange(4, 18), 5)


def test_static_covariates_keep_their_names():
    forecaster = NaiveForecaster().fit(with_static(["area", "age"]), np.arange(14.0))
    with pytest.raises(ValueError, match=r"static covariates \['age', 'area'\]"):
        forecaster.predict(with_static(["age", "area"]))
    forecaster.predict(with_static(None))
