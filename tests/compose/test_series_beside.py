"""Quantiles, paths, pictures and further training of a SeriesForecaster."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal
from scipy.stats import norm
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from stores import NAMES, panel, without_end

from sktorch_forecast import (
    MLPForecaster,
    NaiveForecaster,
    SeriesForecaster,
    SlidingWindow,
    TabularForecaster,
    make_windows,
)

MLP = MLPForecaster(hidden_layer_sizes=(8,), max_epochs=2, random_state=0)
# Its last window ends with a change of 2: the deviation of one step of a random walk.
WALK = pd.DataFrame({"a": [0.0, 1, 1, 3], "b": [9.0, 5, 5, 7]})


# ------------------------------------------------------------------ quantiles and paths


def test_quantiles_of_several_targets_by_hand():
    model = SeriesForecaster(
        NaiveForecaster(), 2, 2, target=["b", "a"], coverage=0.9
    ).fit(WALK)
    found = model.forecast(quantiles=[0.025, 0.5, 0.9])
    names = ["", "_q2.5", "_q50", "_q90"]
    assert found.columns.tolist() == [t + name for t in "ba" for name in names]
    z = norm.ppf([0.025, 0.5, 0.9])
    for step, row in enumerate(found.to_numpy(), start=1):
        assert_allclose(row[1:4], 7 + 2 * np.sqrt(step) * z, rtol=1e-6)
        assert_allclose(row[5:], 3 + 2 * np.sqrt(step) * z, rtol=1e-6)


def test_paths_are_those_of_the_estimator():
    frame = panel()
    network = clone(MLP).set_params(loss="normal")
    model = SeriesForecaster(network, 3, 5, **NAMES).fit(frame)
    found = model.forecast(n_samples=4)
    names = ["sales", *(f"sales_sample_{i}" for i in range(4))]
    assert found.columns.tolist() == names
    # (4, n_series, horizon): each column goes through a whole horizon.
    X = make_windows(frame, horizon=3, length=5, **NAMES)[0]
    last = np.flatnonzero(np.diff(X.series, append=-1))
    assert_array_equal(found.index.unique("store"), X.ids)
    ends = X.with_length(5).panel  # the windows behind all rows
    windows = type(X)(ends, ends.bounds[1:] - 1, 5)
    assert len(last) == len(windows)
    expected = model.estimator_.sample(windows, 4).reshape(4, -1)
    assert_array_equal(found[names[1:]].to_numpy().T, expected)
    assert_frame_equal(found[["sales"]], model.forecast())


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"quantiles": [0.5], "n_samples": 3}, ValueError, "found quantiles and n_sam"),
        ({"coverage": 0.5, "quantiles": [0.5]}, ValueError, "Make one call for each"),
        ({"quantiles": [0.5, 0.1]}, ValueError, "Expected quantiles as increasing"),
        ({"n_samples": 0}, ValueError, "n_samples"),
        ({"n_samples": 1.5}, TypeError, "n_samples"),
    ],
)
def test_bad_askings(asked, error, message):
    model = SeriesForecaster(NaiveForecaster(), 2, 2, target="a").fit(WALK)
    with pytest.raises(error, match=message):
        model.forecast(**asked)
    with pytest.raises(error, match=message):
        model.backtest(WALK, n_origins=1, **asked)


@pytest.mark.parametrize("asked", [{"quantiles": [0.5]}, {"n_samples": 3}])
def test_what_an_estimator_of_points_does_not_know(asked):
    model = SeriesForecaster(TabularForecaster(), 3, 5, **NAMES).fit(panel())
    with pytest.raises(TypeError, match="Expected a forecaster with the method"):
        model.forecast(**asked)
    with pytest.raises(TypeError, match="Expected a forecaster with the method"):
        model.backtest(panel(), n_origins=1, **asked)


# ------------------------------------------------------------------- further training


def test_further_training_is_that_of_the_network():
    known, new = without_end(panel(), 8)
    model = SeriesForecaster(MLP, 3, 5, **NAMES).fit(known)
    model.partial_fit(new)
    # The first window is the last of what was known.
    recent = pd.concat([without_end(known, 5)[1], new])
    network = clone(MLP).fit(*make_windows(known, horizon=3, length=5, **NAMES))
    X, y = make_windows(recent, horizon=3, length=5, **NAMES)
    network.partial_fit(X, y)
    assert_array_equal(model.estimator_.predict(X), network.predict(X))
    assert len(model.estimator_.history) == 4  # epochs, of 2 trainings
    other = SeriesForecaster(MLP, 3, 5, **NAMES).fit(known).update(new)
    assert_array_equal(model.forecast().index, other.forecast().index)
    assert (model.forecast() != other.forecast()).to_numpy().all()


def test_further_training_on_a_new_series_in_a_pipeline():
    frame = panel()
    is_new = frame["store"] == "store 2"
    pipeline = make_pipeline(SlidingWindow(3), clone(MLP).set_params(baseline=None))
    model = SeriesForecaster(pipeline, 3, 5, **NAMES)
    model.partial_fit(frame[~is_new])  # the first one is a fit
    assert_frame_equal(model.forecast(), clone(model).fit(frame[~is_new]).forecast())
    before = model.forecast()
    model.partial_fit(frame[is_new])
    found = model.forecast()
    assert found.index.unique("store").tolist() == ["store 0", "store 1", "store 2"]
    assert (found.loc[before.index] != before).to_numpy().all()


def test_what_cannot_train_on():
    model = SeriesForecaster(TabularForecaster(), 3, 5, **NAMES)
    assert not hasattr(model, "partial_fit")
    assert not hasattr(model.fit(panel()), "partial_fit")
    with pytest.raises(AttributeError) as raised:
        model.partial_fit  # noqa: B018
    assert "Call update(df)" in str(raised.value.__cause__)
    assert hasattr(SeriesForecaster(), "partial_fit")


def test_a_failing_training_changes_nothing():
    known, new = without_end(panel(), 8)
    model = SeriesForecaster(MLP, 3, 5, **NAMES).fit(known)
    before = model.forecast(), model.estimator_
    too_few = new.groupby("store").head(2)
    with pytest.raises(ValueError, match="length"):
        model.partial_fit(too_few)
    with pytest.raises(ValueError, match="Rows are missing"):
        model.partial_fit(new.groupby("store").tail(7))
    assert model.estimator_ is before[1]
    assert_frame_equal(model.forecast(), before[0])


# --------------------------------------------------------------------------- pictures


@pytest.fixture
def pictures():
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is an extra")
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")


def test_picture_of_one_of_many_series(pictures):
    known, truth = without_end(panel(), 3)
    model = SeriesForecaster(NaiveForecaster(), 3, 5, **NAMES).fit(known)
    forecast = model.forecast(coverage=[0.5, 0.9])
    display = model.plot(forecast, series="store 1")
    rows = known[known["store"] == "store 1"]
    assert_allclose(display.window_line_.get_ydata(), rows["sales"][-5:], rtol=1e-6)
    assert_array_equal(display.line_.get_ydata()[-3:], forecast.loc["store 1", "sales"])
    assert display.truth_line_ is None
    assert [c for c in display.coverages] == [0.5, 0.9]
    ends = forecast.loc["store 1", ["sales_lower_90", "sales_upper_90"]]
    assert_array_equal(display.intervals[1], ends)
    assert display.ax_.get_title() == "store 1"
    # With what is known by now, and of the first series.
    display = model.plot(forecast, panel(), ax=display.ax_)
    assert_allclose(display.truth_line_.get_ydata()[-3:], truth["sales"][:3], rtol=1e-6)
    assert display.ax_.get_title() == "store 0"


def test_picture_of_quantiles_paths_and_a_single_series(pictures):
    load = pd.Series(np.arange(9.0) % 4, pd.period_range("2024", periods=9, freq="M"))
    model = SeriesForecaster(NaiveForecaster(), 3, 4).fit(load)
    display = model.plot(model.forecast(quantiles=[0.1, 0.4, 0.5, 0.9]))
    assert display.coverages == (0.8,)
    assert_allclose(
        np.ravel(display.intervals),
        model.forecast(coverage=0.8).to_numpy()[:, 1:].ravel(),
        rtol=1e-6,
    )
    assert len(model.plot(model.forecast(n_samples=3)).path_lines_) == 3
    assert model.plot().line_.get_ydata()[-1] == 0


def test_bad_pictures(pictures):
    model = SeriesForecaster(NaiveForecaster(), 3, 5, **NAMES).fit(panel())
    forecast = model.forecast()
    with pytest.raises(ValueError, match="found target 'visits'"):
        model.plot(forecast, target="visits")
    with pytest.raises(ValueError, match="Pass what forecast"):
        model.plot(panel()[["day"]])
    with pytest.raises(ValueError, match="the ids in the .*'store 9'"):
        model.plot(forecast, series="store 9")
    other = model.forecast(panel(n_stores=4))
    with pytest.raises(ValueError, match="found none among those of the fit"):
        model.plot(other, series="store 3")
    assert model.plot(other, panel(n_stores=4), series="store 3").ax_ is not None
    with pytest.raises(ValueError, match="Expected observations before"):
        model.plot(forecast, panel(start="2024-06-01"))


# ------------------------------------------------------------------------ few windows


@pytest.mark.parametrize(
    ("n_days", "n_stores", "horizon", "horizons"),
    [
        (24, 1, 2, "9.5"),  # 18 windows, whose targets are 19 days
        (25, 1, 2, None),  # 19 windows, 20 days
        (14, 1, 1, "9.0"),  # 9 windows
        (15, 1, 1, None),  # 10
        (15, 3, 3, "9.0"),  # 8 + 7 + 6 windows, 10 + 9 + 8 days
        (16, 3, 3, None),  # 30 days
    ],
)
def test_a_warning_of_too_few_windows(n_days, n_stores, horizon, horizons):
    frame = panel(n_days, n_stores)
    network = clone(MLP).set_params(max_epochs=1)
    for estimator in (network, make_pipeline(SlidingWindow(3), network)):
        model = SeriesForecaster(estimator, horizon, 5, **NAMES)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(frame)
        found = [str(w.message) for w in caught if w.filename == __file__]
        assert len(found) == (horizons is not None)
        if found:
            assert "Too few windows to learn from" in found[0]
            assert f"found {horizons} in" in found[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SeriesForecaster(NaiveForecaster(), horizon, 5, **NAMES).fit(frame)
        SeriesForecaster(TabularForecaster(), horizon, 5, **NAMES).fit(frame)
