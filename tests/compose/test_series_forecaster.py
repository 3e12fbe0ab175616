"""SeriesForecaster against frames by hand and against windows made outside."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal, assert_index_equal
from scipy.stats import norm
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks
from stores import NAMES, ROLES, panel, without_end

from sktorch_forecast import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    MLPForecaster,
    NaiveForecaster,
    RecursiveForecaster,
    SeriesForecaster,
    SlidingWindow,
    TabularForecaster,
    latest_windows,
    make_windows,
)
from sktorch_forecast.model_selection import RollingOriginSplit

MLP = MLPForecaster(hidden_layer_sizes=(8,), max_epochs=2, random_state=0)


def as_polars(frame):
    return pl.DataFrame({name: frame[name].to_list() for name in frame})


# --------------------------------------------------------------- frames by hand


def test_forecast_of_a_panel_by_hand():
    days = pd.date_range("2024-03-28", periods=4, tz="Europe/Berlin", name="day")
    frame = pd.DataFrame(
        {
            "store": np.array([7, 3] * 4, dtype=np.int16),
            "day": days.repeat(2),
            "sales": [1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0],
        }
    )
    model = SeriesForecaster(NaiveForecaster(seasonality=2), 3, 2, **NAMES)
    # The clock goes forward on the last day, so days have 23 hours, too.
    steps = pd.DatetimeIndex(["2024-04-01", "2024-04-02", "2024-04-03"])
    steps = steps.as_unit(days.unit).tz_localize("Europe/Berlin")
    ids = pd.Index([7, 3], dtype=np.int16).repeat(3)
    expected = pd.DataFrame(
        {"sales": np.array([3, 4, 3, 30, 40, 30], dtype=np.float32)},
        index=pd.MultiIndex.from_arrays(
            [ids, steps.append(steps)], names=["store", "day"]
        ),
    )
    frame = pd.concat([frame.assign(day=days[0] - pd.Timedelta(days=1))[:2], frame])
    found = model.fit(frame).forecast()
    assert_frame_equal(found, expected)
    assert found.index.levels[0].dtype == np.int16
    assert_frame_equal(model.predict(frame), expected)


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2024-01-31", periods=9, freq="ME", name="month"),
        pd.date_range("2024-03-28", periods=9, freq="D", tz="Europe/Berlin"),
        pd.date_range("2024-03-01", periods=9, freq="B", unit="s"),
        pd.period_range("2023-11", periods=9, freq="M"),
        pd.timedelta_range("1h", periods=9, freq="h"),
        pd.RangeIndex(10, 28, 2),
        pd.Index(np.arange(9) * 0.25),
    ],
    ids=lambda index: f"{type(index).__name__} {getattr(index, 'freqstr', '')}",
)
def test_forecast_of_a_single_series_goes_on_by_its_frequency(index):
    load = pd.Series(np.arange(9.0), index=index, name="load")
    model = SeriesForecaster(NaiveForecaster(), 3, 2).fit(load.iloc[:6])
    found = model.forecast()
    expected = pd.DataFrame({"load": np.full(3, 5, np.float32)}, index=index[6:])
    if isinstance(index, pd.RangeIndex):
        expected.index = pd.Index([22, 24, 26])
    assert_frame_equal(found, expected, check_freq=True)
    # One row tells no frequency, but the fit knows it.
    model.update(load.iloc[6:7]).update(load.iloc[7:8])
    assert_index_equal(model.forecast().index[:1], expected.index[2:])
    assert getattr(model.forecast().index, "freq", None) == getattr(index, "freq", None)


def test_columns_of_several_targets_and_intervals():
    frame = pd.DataFrame({"a": [0.0, 1, 1, 3], "b": [9.0, 5, 5, 7]})
    model = SeriesForecaster(
        NaiveForecaster(), 2, 2, target=["b", "a"], coverage=[0.5, 0.975]
    )
    found = model.fit(frame).forecast()
    assert found.columns.tolist() == [
        *["b", "b_lower_50", "b_upper_50", "b_lower_97.5", "b_upper_97.5"],
        *["a", "a_lower_50", "a_upper_50", "a_lower_97.5", "a_upper_97.5"],
    ]
    assert_array_equal(found[["b", "a"]], [[7, 3], [7, 3]])
    # Both windows end with a change of 2, the deviation of one step of a random walk.
    z = norm.ppf([0.25, 0.75, 0.0125, 0.9875])
    for step, row in enumerate(found.to_numpy(), start=1):
        assert_allclose(row[1:5], 7 + 2 * np.sqrt(step) * z, rtol=1e-6)
        assert_allclose(row[6:], 3 + 2 * np.sqrt(step) * z, rtol=1e-6)
    assert model.forecast(coverage=[]).columns.tolist() == ["b", "a"]
    assert model.forecast(coverage=0.8).shape == (2, 6)
    assert model.forecast(coverage=0.8).columns[1] == "b_lower_80"


def test_all_forms_of_a_frame_give_the_same():
    frame = panel()[["store", "day", "sales"]]
    expected = SeriesForecaster(MLP, 3, 5, **NAMES).fit(frame).forecast()
    keyed = frame.set_index(["store", "day"])
    found = SeriesForecaster(MLP, 3, 5).fit(keyed).forecast()
    assert_frame_equal(found, expected)
    found = SeriesForecaster(MLP, 3, 5, **NAMES).fit(as_polars(frame)).forecast()
    assert_array_equal(found, expected)
    wide = keyed["sales"].unstack("store")
    found = SeriesForecaster(MLP, 3, 5, id="columns", target="sales")
    assert_frame_equal(found.fit(wide).forecast(), expected)


# ------------------------------------------------------- against windows made outside


def test_covariates_of_all_kinds_equal_windows_made_by_hand():
    frame = panel()
    start, end = without_end(frame, 4)
    model = SeriesForecaster(MLP, 4, 6, **ROLES).fit(start)
    network = clone(MLP).fit(*make_windows(start, horizon=4, length=6, **ROLES))
    unknown = end.assign(sales=np.nan, visits=np.nan)
    ahead = pd.concat([start, unknown]).sort_values(["store", "day"])
    X = latest_windows(ahead, horizon=4, length=6, **ROLES)
    expected = network.predict(X).ravel()
    covariates = end[["store", "day", "price", "holiday"]]
    for found in (
        model.forecast(X_future=covariates),
        model.forecast(X_future=covariates[::-1].sort_values("day")),
        model.forecast(start, covariates),
        model.forecast(X_future=frame),  # its past is not looked at
        model.forecast(ahead),
        SeriesForecaster(MLP, 4, 6, **ROLES).fit(ahead).forecast(),
        model.forecast(X_future=as_polars(covariates)),
    ):
        assert_array_equal(found["sales"], expected)
        assert_array_equal(found.reset_index()[["store", "day"]], end[["store", "day"]])
    assert model.channels_ == ("sales", "visits", "price", "holiday")
    other = covariates.assign(price=1 - covariates["price"])
    assert (model.forecast(X_future=other)["sales"] != expected).any()


@pytest.mark.parametrize(
    "estimator",
    [
        MLP,
        TabularForecaster(),
        RecursiveForecaster(),
        ConformalForecaster(NaiveForecaster(), coverage=0.5),
        DeepEnsembleForecaster(MLP, n_estimators=2, random_state=0),
        make_pipeline(SlidingWindow(3), MLPForecaster(max_epochs=1, random_state=0)),
        make_pipeline(SlidingWindow(3), ConformalForecaster(coverage=0.5)),
        GridSearchCV(
            NaiveForecaster(), {"seasonality": [1, 5]}, cv=RollingOriginSplit(2, gap=2)
        ),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_any_estimator_that_takes_windows(estimator):
    frame = panel()
    model = SeriesForecaster(estimator, 3, 5, **NAMES).fit(frame)
    fitted = clone(estimator).fit(*make_windows(frame, horizon=3, length=5, **NAMES))
    expected = fitted.predict(latest_windows(frame, length=5, **NAMES))
    assert_array_equal(model.forecast()["sales"], expected.ravel())
    if "Conformal" in repr(estimator):
        found = model.forecast(coverage=0.5)
        assert (found["sales_lower_50"] < found["sales_upper_50"]).all()


def test_intervals_of_a_conformal_forecaster_are_its_own():
    frame = panel()
    conformal = ConformalForecaster(NaiveForecaster(), coverage=0.8)
    model = SeriesForecaster(conformal, 3, 5, coverage=0.8, **NAMES).fit(frame)
    conformal.fit(*make_windows(frame, horizon=3, length=5, **NAMES))
    X = latest_windows(frame, length=5, **NAMES)
    ends = model.forecast()[["sales_lower_80", "sales_upper_80"]]
    assert_allclose(ends, conformal.predict_interval(X).reshape(-1, 2), rtol=1e-6)


def test_series_that_were_not_in_the_fit():
    frame = panel()
    model = SeriesForecaster(MLP, 3, 5, **NAMES).fit(frame[frame["store"] != "store 1"])
    other = frame[frame["store"] == "store 1"]
    X = latest_windows(other, length=5, **NAMES)
    found = model.forecast(other)
    assert found.index.unique("store").tolist() == ["store 1"]
    assert_array_equal(found["sales"], model.estimator_.predict(X).ravel())


def test_series_without_a_sample_are_forecast_if_they_have_a_window():
    frame = panel()
    short = frame[(frame["store"] != "store 1") | (frame["day"] < "2024-02-07")]
    model = SeriesForecaster(NaiveForecaster(), 3, 5, **NAMES)
    with pytest.warns(UserWarning, match="Left out 1 of 3 .*'store 1'") as warned:
        model.fit(short)
    assert warned[0].filename == __file__
    last = short[short["store"] == "store 1"]["sales"].iloc[-1]
    assert_allclose(model.forecast().loc["store 1", "sales"], last, rtol=1e-6)


def test_short_series_with_padding():
    frame = panel()
    frame = frame[(frame["store"] == "store 0") | (frame["day"] < "2024-02-04")]
    frame = frame.assign(sales=frame["sales"].mask(frame["day"] == "2024-02-02"))
    options = {"missing": "mask", "pad": True, **NAMES}
    network = clone(MLP).set_params(missing="mask")
    model = SeriesForecaster(network, 2, 5, **options).fit(frame)
    network.fit(*make_windows(frame, horizon=2, length=5, **options))
    X = latest_windows(frame, length=5, **options)
    assert len(X) == 3
    assert_array_equal(model.forecast()["sales"], network.predict(X).ravel())
    more = frame[:3].assign(store="new")
    both = pd.concat([frame, more])
    X = latest_windows(both, length=5, **options)
    found = model.update(more).forecast()["sales"]
    assert_array_equal(found, network.predict(X).ravel())


def test_a_padded_score_begins_where_the_history_of_each_series_ends():
    """A series is left out before another one, whose history ends later."""
    frame = panel(n_days=24, n_stores=1)[["store", "day", "sales"]]
    late = frame[20:22].assign(store="late")  # 2024-02-21 and the day after
    early = frame[:18]
    options = {"missing": "mask", "pad": True, **NAMES}
    network = clone(MLP).set_params(missing="mask")
    model = SeriesForecaster(network, 2, 5, **options)
    with pytest.warns(UserWarning, match="Left out 1 of 2 .*'late'"):
        model.fit(pd.concat([late[:1], early[:14]]))
    with pytest.warns(UserWarning, match="Left out 1 of 2 .*'late'"):
        found = model.score(pd.concat([late[1:], early[14:]]))
    # 18 days of which 14 were known: origins 13, 14 and 15, two days ahead.
    X, y = make_windows(early, horizon=2, length=5, **NAMES)
    error = np.abs(model.estimator_.predict(X[-3:]) - y[-3:])
    assert_allclose(found, -error.mean())


def test_a_series_of_which_only_plans_are_known():
    frame = panel()
    plans = frame[frame["store"] == "store 0"].assign(store="new", sales=np.nan)[:4]
    options = {"missing": "mask", "pad": True} | ROLES | {"past": None}
    network = clone(MLP).set_params(missing="mask")
    model = SeriesForecaster(network, 4, 5, **options).fit(frame)
    X = latest_windows(plans, horizon=4, length=5, **options)
    expected = model.estimator_.predict(X).ravel()
    assert_array_equal(model.forecast(plans)["sales"], expected)
    found = model.forecast(plans[:2], X_future=plans)
    assert_array_equal(found["sales"], expected)
    assert_array_equal(found.loc["new"].index, plans["day"])


# ---------------------------------------------------------------------- updates


@pytest.mark.parametrize("freq", ["D", "B", "ME", "MS", "QS", "YE", "h", "2W-SUN"])
@pytest.mark.parametrize("sizes", [[1, 1, 1], [3], [2, 1]])
def test_update_equals_the_frame_joined(freq, sizes):
    frame = panel(20)
    days = pd.date_range("2024-01-31", periods=20, freq=freq, tz="Europe/Berlin")
    frame["day"] = days[frame.groupby("store", observed=True).cumcount()]
    start, end = without_end(frame, 3)
    model = SeriesForecaster(TabularForecaster(), 3, 4, **NAMES).fit(start)
    done = 0
    for size in sizes:
        place = end.groupby("store", observed=True).cumcount()
        model.update(end[(place >= done) & (place < done + size)])
        done += size
    found = model.forecast()
    assert_frame_equal(found, model.forecast(frame))
    assert_array_equal(
        found.index.get_level_values("day"),
        [
            day
            for i in range(3)
            for day in pd.date_range(days[19 - i], periods=4, freq=freq)[1:]
        ],
    )


def test_update_of_some_series_and_of_new_ones():
    frame = panel()
    start, end = without_end(frame, 2)
    new = frame[frame["store"] == "store 0"].assign(store="new")[["store", *frame][1:]]
    some = pd.concat([end[end["store"] == "store 1"], new])
    model = SeriesForecaster(TabularForecaster(), 3, 5, **NAMES).fit(start)
    first = model.forecast()
    found = model.update(some).forecast()
    assert_frame_equal(
        found.loc[["store 0", "store 2"]], first.loc[["store 0", "store 2"]]
    )
    joined = pd.concat([start, some]).sort_values(["store", "day"])
    assert_frame_equal(
        found.loc[["store 1", "new"]], model.forecast(joined).loc[["store 1", "new"]]
    )


def test_update_with_wide_frames_of_which_some_columns_wait():
    wide = panel()[["store", "day", "sales"]].pivot(index="day", columns="store")
    wide = wide["sales"].set_axis(["a", "b", "c"], axis=1).interpolate()
    model = SeriesForecaster(TabularForecaster(), 3, 5, id="columns").fit(wide[:30])
    late = wide[:33].assign(b=wide["b"][:30])
    assert_frame_equal(model.update(late[30:]).forecast(), model.forecast(late))
    # The next rows begin with what was missing.
    rest = wide[30:35].assign(a=wide["a"][33:35], c=wide["c"][33:35])
    assert_frame_equal(model.update(rest).forecast(), model.forecast(wide[:35]))


def test_update_takes_the_place_of_rows_that_were_ahead():
    frame = panel()
    known, ahead = without_end(frame, 6)
    unknown = ahead.assign(sales=np.nan, visits=np.nan)
    fitted_on = pd.concat([known, unknown]).sort_values(["store", "day"])
    model = SeriesForecaster(MLP, 4, 5, **ROLES).fit(fitted_on)
    before = model.forecast()
    first, _ = without_end(ahead, 4)
    found = model.update(first).forecast()
    _, rest = without_end(ahead.assign(sales=np.nan, visits=np.nan), 4)
    joined = pd.concat([known, first, rest]).sort_values(["store", "day"])
    assert_frame_equal(found, model.forecast(joined))
    assert_array_equal(
        found.index.get_level_values("day"),
        before.index.get_level_values("day") + pd.Timedelta(days=2),
    )


def test_update_with_new_series_of_another_frequency_and_size():
    frame = panel(20)
    weekly = frame[frame["store"] == "store 1"].assign(store="weekly", size=99.0)
    weekly["day"] = pd.date_range("2024-02-01", periods=19, freq="W-THU")
    roles = NAMES | {"static": "size"}
    model = SeriesForecaster(MLP, 2, 5, **roles).fit(frame)
    found = model.update(weekly).forecast()
    days = found.loc["weekly"].index
    assert_array_equal(days, pd.to_datetime(["2024-06-13", "2024-06-20"]))
    assert_frame_equal(found, model.forecast(pd.concat([frame, weekly])))


@pytest.mark.parametrize(
    "index",
    [pd.date_range("2024-01-01", periods=12, unit="ns"), pd.Index(np.arange(12) * 0.1)],
    ids=["another unit", "numbers that round"],
)
def test_update_with_timestamps_that_differ_in_form(index):
    load = pd.Series(np.arange(12.0), index, name="load")
    model = SeriesForecaster(NaiveForecaster(), 2, 3).fit(load.iloc[:8])
    rest = load.iloc[8:]
    if isinstance(index, pd.DatetimeIndex):
        rest.index = rest.index.as_unit("s")
    found = model.update(rest.iloc[:1]).update(rest.iloc[1:]).forecast()
    assert_frame_equal(found, model.forecast(load), check_freq=False)


def test_update_with_arrays_and_precision():
    values = np.random.default_rng(0).normal(size=50).cumsum()
    model = SeriesForecaster(TabularForecaster(), 2, 6).fit(values[:40])
    found = model.update(values[40:41]).update(values[41:]).forecast()
    assert found.index.tolist() == [50, 51]
    assert_array_equal(found, model.forecast(values))


def test_a_fit_keeps_no_more_than_the_last_windows():
    def size(n_days):
        model = SeriesForecaster(NaiveForecaster(), 2, 6, **ROLES)
        return len(pickle.dumps(model.fit(panel(n_days))))

    assert abs(size(2000) - size(60)) < 100
    model = SeriesForecaster(NaiveForecaster(), 2, 6).fit(np.arange(50.0))
    assert model._history.panel.values.base is None
    assert model._history.panel.targets.base is None
    copied = pickle.loads(pickle.dumps(model))
    assert_frame_equal(copied.update([1.0]).forecast(), model.update([1.0]).forecast())


def test_categories_of_ids_are_kept():
    frame = panel().astype({"store": "category"})
    model = SeriesForecaster(NaiveForecaster(), 3, 5, **NAMES)
    start, end = without_end(frame, 1)
    found = model.fit(start).update(end).forecast().index.levels[0]
    assert found.dtype == frame["store"].dtype


# ------------------------------------------- what a change after the fit changes


OTHER = {
    "estimator": NaiveForecaster(),
    "horizon": 7,
    "length": 2,
    "id": "shop",
    "time": "date",
    "target": "visits",
    "past": None,
    "future": None,
    "static": "price",
    "missing": "mask",
    "pad": True,
    "verbose": 1,
}


def results(model, known, end):
    """What all methods of a fitted forecaster say, and then of an updated one."""
    plans = end[["store", "day", "price", "holiday"]]
    yield model.forecast(X_future=plans).reset_index()
    yield model.forecast(known, plans).reset_index()
    yield model.predict(pd.concat([known, end.assign(sales=np.nan)])).reset_index()
    yield pd.DataFrame({"score": [model.score(end), model.score(known)]})
    model.update(without_end(end, 4)[0])
    yield model.forecast(X_future=plans).reset_index()
    yield pd.DataFrame(model._history.panel.values)


@pytest.mark.parametrize("name", [*OTHER, "all"])
def test_a_parameter_changed_after_the_fit_changes_nothing(name):
    assert {*OTHER} == {*SeriesForecaster().get_params(deep=False)} - {"coverage"}
    known, end = without_end(panel(), 8)
    future = ["price", "holiday"]
    roles = ROLES | {"future": future}
    model = SeriesForecaster(MLP, 4, 6, coverage=None, **roles).fit(known)
    expected = list(results(pickle.loads(pickle.dumps(model)), known, end))
    model.set_params(**(OTHER if name == "all" else {name: OTHER[name]}))
    future.clear()  # nor does a list that the caller goes on to use
    for found, table in zip(results(model, known, end), expected, strict=True):
        assert_frame_equal(found, table, check_exact=True)
    # The next fit takes it.
    if name == "length":
        assert model.set_params(future="price").fit(known).length_ == 2


def test_padding_and_masks_are_those_of_the_fit():
    known, end = without_end(panel()[["store", "day", "sales"]], 8)
    known = known.assign(sales=known["sales"].mask(known["day"] == "2024-03-01"))
    network = clone(MLP).set_params(missing="mask")
    options = {"missing": "mask", "pad": True}
    model = SeriesForecaster(network, 4, 6, **options, **NAMES).fit(known)
    new = end.assign(store="new")[:3]

    def said(model):
        return model.score(end), model.update(new).forecast().to_numpy().tolist()

    expected = said(pickle.loads(pickle.dumps(model)))
    assert said(model.set_params(missing="error", pad=False)) == expected


# -------------------------------------------------------------- scores and searches


def mean_error(model, series, first):
    """Of the forecasts of a single series from origin `first` on, one at a time."""
    errors = []
    for origin in range(first, len(series) - model.horizon):
        forecast = model.forecast(series[: origin + 1]).to_numpy()
        truth = series[origin + 1 : origin + 1 + model.horizon].to_numpy()
        errors.append(np.abs(forecast.ravel() - truth))
    return np.mean(errors)


def test_score_is_minus_the_mean_absolute_error_of_all_origins():
    days = pd.date_range("2024-01-01", periods=60)
    values = np.random.default_rng(0).normal(size=60).cumsum()
    load = pd.Series(values, index=days, name="load")
    model = SeriesForecaster(TabularForecaster(), 3, 5).fit(load[:40])
    # What goes on from the fit: the first origin is the end of the fit.
    assert_allclose(model.score(load[40:]), -mean_error(model, load, 39), rtol=1e-6)
    assert np.isfinite(model.score(load[40:43]))
    with pytest.raises(ValueError, match=r"NaN at timestamp 2024-02-15.* \(row 5\)"):
        model.score(load[40:].mask(load.index[40:] == "2024-02-15"))
    # Anything else: only windows within it.
    expected = -mean_error(model, load[41:], 4)
    assert_allclose(model.score(load[41:]), expected, rtol=1e-6)
    assert_allclose(model.score(load[:40]), -mean_error(model, load[:40], 4), rtol=1e-6)


@pytest.mark.parametrize("pad, n_origins", [(False, [1, 6, 1]), (True, [5, 6, 5])])
def test_score_of_a_panel_of_which_one_goes_on(pad, n_origins):
    start, end = without_end(panel(), 8)
    # store 0 has a gap, store 2 comes under another name
    start = start[(start["store"] != "store 0") | (start["day"] < "2024-02-20")]
    test = end.assign(store=end["store"].replace("store 2", "new"))
    options = {"missing": "mask", "pad": True} if pad else {}
    network = clone(MLP).set_params(missing="mask")
    model = SeriesForecaster(network, 3, 5, **options, **NAMES).fit(start)
    errors = []
    for name, rows in test.groupby("store", sort=False, observed=True):
        if name == "store 1":
            rows = pd.concat([start[start["store"] == name], rows])
        X, y = make_windows(rows, horizon=3, length=5, **options, **NAMES)
        if name == "store 1":  # from the last day of the fit
            kept = X.origins.get_level_values("day") >= "2024-03-02"
            X, y = X[kept], y[kept]
        errors.append(np.abs(model.estimator_.predict(X) - y))
    assert [len(part) for part in errors] == n_origins
    assert_allclose(model.score(test), -np.mean(np.concatenate(errors)), rtol=1e-6)


@pytest.mark.parametrize("form", ["levels", "column", "polars", "single"])
def test_a_search_over_length_and_parameters_of_the_estimator(form):
    frame = panel(60)[["store", "day", "sales"]]
    names, groups = NAMES, frame["day"]
    cv = RollingOriginSplit(2, gap=0, test_size=6)
    if form == "levels":
        frame, names, groups = frame.set_index(["store", "day"]), {}, None
    elif form == "polars":
        frame = as_polars(frame)
    elif form == "single":
        frame = frame[frame["store"] == "store 0"].set_index("day")["sales"]
        names, groups, cv = {}, None, TimeSeriesSplit(2, test_size=6)
    model = SeriesForecaster(NaiveForecaster(), 4, 7, **names)
    grid = {"length": [5, 20], "estimator__seasonality": [1, 5]}
    search = GridSearchCV(model, grid, cv=cv).fit(frame, groups=groups)
    scores = search.cv_results_["mean_test_score"].reshape(2, 2)
    # The length is of no matter to the naive forecast, with the same test origins.
    assert_array_equal(scores[:, 0], scores[:, 1])  # (seasonality, length)
    assert scores[0, 0] != scores[1, 0]
    train, test = next(cv.split(frame, groups=groups))
    take = frame.__getitem__ if form == "polars" else frame.iloc.__getitem__
    by_hand = clone(model).fit(take(train)).score(take(test))
    assert_allclose(search.cv_results_["split0_test_score"][0], by_hand, rtol=1e-12)
    n_series = 1 if form == "single" else 3
    assert len(search.predict(frame)) == 4 * n_series


# ------------------------------------------------------------------ scikit-learn


class RowsAsTimestamps(SeriesForecaster):
    """So that scikit-learn runs its checks: columns are channels, the first one
    the target."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


OF_A_SERIES = "what a frame of series must be differs from a matrix of samples"
EXPECTED_FAILURES = dict.fromkeys(
    [
        "check_n_features_in_after_fitting",
        "check_n_features_in",
        "check_complex_data",
        "check_dtype_object",
        "check_estimators_empty_data_messages",
        "check_estimator_sparse_tag",
        "check_estimator_sparse_array",
        "check_estimator_sparse_matrix",
        "check_methods_sample_order_invariance",
        "check_methods_subset_invariance",
        "check_fit2d_1sample",
        "check_fit1d",
        "check_fit2d_predict1d",
    ],
    OF_A_SERIES,
)


@parametrize_with_checks(
    [RowsAsTimestamps(NaiveForecaster(), 1, 2, target=0)],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_estimator_check_on_rows_taken_as_timestamps(estimator, check):
    check(estimator)


def test_parameters():
    model = SeriesForecaster(id="store", estimator=NaiveForecaster(seasonality=7))
    assert model.get_params()["estimator__seasonality"] == 7
    model.set_params(length=3, estimator__seasonality=2)
    assert (model.length, model.estimator.seasonality) == (3, 2)
    expected = (
        "SeriesForecaster(estimator=NaiveForecaster(seasonality=2), id='store', "
        "length=3)"
    )
    assert " ".join(repr(model).split()) == expected
    assert clone(model).get_params()["id"] == "store"


def test_the_default_is_a_network():
    model = SeriesForecaster(horizon=2, length=3).fit(np.arange(30.0))
    assert isinstance(model.estimator_, MLPForecaster)
