"""SeriesForecaster.backtest against fits on frames that end where an origin is."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal, assert_series_equal
from sklearn.base import clone

from sktorch_forecast import (
    ConformalForecaster,
    MLPForecaster,
    NaiveForecaster,
    SeriesForecaster,
    TabularForecaster,
)

HORIZON, LENGTH = 3, 4
NAMES = {"id": "store", "time": "day", "target": "sales"}
RIDGE = SeriesForecaster(TabularForecaster(), HORIZON, LENGTH, **NAMES)


def panel(n_days=30, n_stores=3, tz=None):
    """Stores that begin on different days, and end on the same one."""
    rng = np.random.default_rng(0)
    parts = []
    for i in range(n_stores):
        days = pd.date_range("2024-02-01", periods=n_days, tz=tz)[2 * i :]
        sales = rng.normal(50, 5, len(days)).cumsum()
        price = rng.random(len(days))
        parts.append(
            pd.DataFrame({"store": i, "day": days, "sales": sales, "price": price})
        )
    return pd.concat(parts, ignore_index=True)


class Spy(NaiveForecaster):
    """Notes the origins and targets of each fit, and how often it forecasts."""

    fits = []
    n_forecasts = 0

    def fit(self, X, y):
        Spy.fits.append((X.origins, np.array(y)))
        return super().fit(X, y)

    def predict(self, X):
        Spy.n_forecasts += 1
        return super().predict(X)


@pytest.fixture
def spy():
    Spy.fits, Spy.n_forecasts = [], 0
    return SeriesForecaster(Spy(), HORIZON, LENGTH, **NAMES)


def loop(model, frame, origins, every=None):
    """Forecasts one origin at a time, of a fit on the rows up to one of them."""
    rows = []
    for i, origin in enumerate(origins):
        known = frame[frame["day"] <= origin]
        if i == 0 or every and i % every == 0:
            fitted = clone(model).fit(known)
        rows.append(fitted.forecast(known).assign(origin=origin).reset_index())
    expected = pd.concat(rows).sort_values(["store", "origin", "day"])
    truth = frame.rename(columns={"sales": "y"})
    return expected.merge(truth, on=["store", "day"], how="left")


@pytest.mark.parametrize("refit, every", [(False, None), (True, 1), (2, 2), (4, 4)])
@pytest.mark.parametrize("future", [None, "price"])
def test_equals_fits_on_what_was_known(refit, every, future):
    frame = panel()
    model = clone(RIDGE).set_params(future=future)
    days = pd.date_range("2024-02-01", periods=30)
    found = model.backtest(frame, n_origins=5, refit=refit)
    if future is not None:
        # Prices are known in advance, so the loop needs those after the origin, too.
        class Ahead(SeriesForecaster):
            def forecast(self, df):
                return super().forecast(df, X_future=frame)

        model = Ahead(**model.get_params(deep=False))
    expected = loop(model, frame, days[22:27], every)
    assert len(found) == 3 * 5 * HORIZON
    assert_array_equal(found["id"], expected["store"])
    for ours, theirs in {"origin": "origin", "timestamp": "day", "y": "y"}.items():
        assert_array_equal(found[ours], expected[theirs])
    assert_allclose(found["forecast"], expected["sales"], rtol=1e-5)
    assert_array_equal(found["step"], [1, 2, 3] * 15)


def test_a_single_series_by_hand():
    load = pd.Series(
        np.arange(8) ** 2.0,
        pd.period_range("2024-01", periods=8, freq="M"),
        name="load",
    )
    model = SeriesForecaster(NaiveForecaster(), 2, 2)
    expected = pd.DataFrame(
        {
            "origin": pd.PeriodIndex(
                ["2024-05", "2024-05", "2024-06", "2024-06"], freq="M"
            ),
            "step": [1, 2, 1, 2],
            "timestamp": pd.PeriodIndex(
                ["2024-06", "2024-07", "2024-07", "2024-08"], freq="M"
            ),
            "y": [25.0, 36.0, 36.0, 49.0],
            "forecast": np.array([16, 16, 25, 25], dtype=np.float32),
        }
    )
    assert_frame_equal(model.backtest(load, n_origins=2), expected)
    assert_frame_equal(model.backtest(load, start="2024-05"), expected)
    load.index = load.index.to_timestamp()
    found = model.backtest(load.to_numpy(), start=4)
    assert found["origin"].tolist() == [4, 4, 5, 5]
    assert found["timestamp"].tolist() == [5, 6, 6, 7]


def test_columns_of_a_panel_with_several_targets_and_intervals():
    frame = panel(tz="Europe/Berlin")
    frame["store"] = frame["store"].astype(np.int16)
    model = SeriesForecaster(
        NaiveForecaster(),
        HORIZON,
        LENGTH,
        coverage=[0.5, 0.9],
        **NAMES | {"target": ["price", "sales"]},
    )
    found = model.backtest(frame, n_origins=2)
    ends = ["lower_50", "upper_50", "lower_90", "upper_90"]
    keys = ["id", "origin", "step", "timestamp", "target"]
    assert found.columns.tolist() == [*keys, "y", "forecast", *ends]
    assert (found["id"].dtype, found["step"].dtype) == (np.int16, np.int64)
    assert found["origin"].dtype == found["timestamp"].dtype == frame["day"].dtype
    assert found["target"].tolist() == ["price", "sales"] * (3 * 2 * HORIZON)
    assert found["step"].tolist() == [1, 1, 2, 2, 3, 3] * 6
    first = found[found["origin"] == found["origin"].min()]
    known = frame[frame["day"] <= found["origin"].min()]
    expected = clone(model).fit(known).forecast()
    for name in ("price", "sales"):
        rows = first[first["target"] == name]
        columns = [name, *(f"{name}_{end}" for end in ends)]
        assert_allclose(rows[["forecast", *ends]], expected[columns], rtol=1e-6)
        truth = frame.set_index(["store", "day"]).loc[expected.index, name]
        assert_array_equal(rows["y"], truth)
    assert "lower_50" not in model.backtest(frame, n_origins=1, coverage=0.9)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"quantiles": [0.1, 0.75]}, ["q10", "q75"]),
        ({"n_samples": 2}, ["sample_0", "sample_1"]),
    ],
)
def test_quantiles_and_paths_are_those_of_a_forecast_then(asked, names):
    frame = panel()
    net = MLPForecaster(loss="normal", max_epochs=2, random_state=0)
    model = SeriesForecaster(net, HORIZON, LENGTH, coverage=0.9, **NAMES)
    found = model.backtest(frame, n_origins=2, refit=True, **asked)
    assert found.columns.tolist()[-len(names) - 2 :] == ["y", "forecast", *names]
    then = found["origin"].max()
    expected = clone(model).fit(frame[frame["day"] <= then]).forecast(**asked)
    rows = found[found["origin"] == then].set_index(["id", "timestamp"])
    assert rows.index.equals(expected.index.rename(["id", "timestamp"]))
    columns = [f"sales_{name}" for name in names]
    assert_allclose(rows[names], expected[columns], rtol=1e-6)


def days_of(found, name):
    rows = found[(found["id"] == name) & (found["step"] == 1)]
    return rows["origin"].dt.strftime("%m-%d").tolist()


def test_which_origins_are_taken():
    frame = panel()  # 02-01 to 03-01; the last origin is 02-27
    ended = frame[(frame["store"] != 1) | (frame["day"] < "2024-02-28")]
    found = RIDGE.backtest(ended, n_origins=3, stride=2)
    assert days_of(found, 0) == ["02-23", "02-25", "02-27"]
    assert days_of(found, 1) == ["02-20", "02-22", "02-24"]
    # Counted from the first origin of all, so that series share their days.
    begun = frame[(frame["store"] != 2) | (frame["day"] > "2024-02-17")]
    found = RIDGE.backtest(begun, start="2024-02-20", stride=3)
    assert days_of(found, 0) == ["02-20", "02-23", "02-26"]
    assert days_of(found, 2) == ["02-23", "02-26"]
    assert days_of(RIDGE.backtest(frame, start=pd.Timestamp("2024-02-27")), 2) == [
        "02-27"
    ]
    # As many as there are, of a series that has less.
    found = RIDGE.backtest(begun, n_origins=7)
    assert (len(days_of(found, 0)), len(days_of(found, 2))) == (7, 7)
    assert len(days_of(RIDGE.backtest(begun, n_origins=9), 2)) == 7


@pytest.mark.parametrize(
    "refit, first_days",
    [(False, [22]), (3, [22, 25]), (2, [22, 24, 26]), (True, [22, 23, 24, 25, 26])],
)
def test_what_each_fit_learns_from(spy, refit, first_days):
    frame = panel()
    days = pd.date_range("2024-02-01", periods=30)
    spy.backtest(frame, n_origins=5, refit=refit)
    assert len(Spy.fits) == Spy.n_forecasts == len(first_days)
    for (origins, y), first in zip(Spy.fits, first_days):
        # All origins of all series whose targets end with the first day at the latest.
        expected = [
            (i, day)
            for i in range(3)
            for day in days[2 * i + LENGTH - 1 : first - HORIZON + 1]
        ]
        assert origins.tolist() == expected
        by_day = frame.set_index(["store", "day"])["sales"]
        step = pd.Timedelta(days=1)
        truth = [[by_day[i, day + h * step] for h in (1, 2, 3)] for i, day in expected]
        assert_array_equal(y, truth)


def test_the_embargo_holds_for_series_that_end_early(spy):
    frame = panel()
    early = frame[(frame["store"] != 1) | (frame["day"] < "2024-02-20")]
    found = spy.backtest(early, n_origins=1)
    assert days_of(found, 1) == ["02-16"]
    ((origins, _),) = Spy.fits
    assert origins.get_level_values("day").max() == pd.Timestamp("2024-02-13")


def test_values_after_an_origin_do_not_change_its_forecasts():
    frame = panel()
    later = frame["day"] > "2024-02-24"
    changed = frame.assign(sales=frame["sales"].where(~later, -1e3))
    for refit in (False, True):
        before = RIDGE.backtest(frame, n_origins=5, refit=refit)
        after = RIDGE.backtest(changed, n_origins=5, refit=refit)
        same = before["origin"] <= "2024-02-24"
        assert same.sum() == 2 * 3 * HORIZON
        assert_series_equal(after["forecast"][same], before["forecast"][same])
        assert (after["forecast"][~same] != before["forecast"][~same]).all()


def test_missing_truth():
    frame = panel()
    frame["sales"] = frame["sales"].mask(frame["day"] == "2024-02-29")
    network = MLPForecaster(max_epochs=1, missing="mask", random_state=0)
    model = clone(RIDGE).set_params(estimator=network, missing="mask")
    found = model.backtest(frame, n_origins=3)
    assert_array_equal(found["y"].isna(), found["timestamp"] == "2024-02-29")
    assert found["forecast"].notna().all()


def test_conformal_intervals_of_each_fit():
    model = clone(RIDGE).set_params(estimator=ConformalForecaster(coverage=0.5))
    found = model.backtest(panel(60), n_origins=4, refit=2, coverage=0.5)
    assert (found["lower_50"] < found["upper_50"]).all()


def test_the_forecaster_stays_as_it_was(spy):
    frame = panel()
    before = vars(spy).copy()
    found = spy.backtest(frame, n_origins=2)
    assert vars(spy) == before
    spy.fit(frame[frame["store"] == 0])
    before = vars(spy).copy()
    assert_frame_equal(spy.backtest(frame, n_origins=2), found)
    assert vars(spy) == before


def test_progress_is_shown_if_asked_for(capsys):
    RIDGE.backtest(panel(), n_origins=4, refit=2)
    assert capsys.readouterr().err == ""
    clone(RIDGE).set_params(verbose=1).backtest(panel(), n_origins=4, refit=2)
    assert "backtest: 100%" in (shown := capsys.readouterr().err)
    assert "2/2" in shown
    net = MLPForecaster(hidden_layer_sizes=(2,), max_epochs=2, random_state=0)
    model = clone(RIDGE).set_params(estimator=net, verbose=1)
    model.backtest(panel(), n_origins=2, refit=1)
    assert capsys.readouterr().out == ""  # of each of several fits
    model.backtest(panel(), n_origins=2)
    assert "MLPForecaster: trained for all 2 epochs" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({}, ValueError, "either n_origins or start.*n_origins=None and start=None"),
        ({"n_origins": 2, "start": "2024-02-20"}, ValueError, "either n_origins or"),
        ({"n_origins": 0}, ValueError, "n_origins must be a positive integer, found 0"),
        ({"n_origins": 2.0}, TypeError, "n_origins must be a positive integer"),
        ({"n_origins": 2, "stride": 0}, ValueError, "stride must be a positive"),
        ({"n_origins": 2, "refit": 0}, ValueError, "refit must be a positive integer"),
        ({"n_origins": 2, "refit": None}, TypeError, "refit must be a positive"),
        ({"n_origins": 2, "refit": 1.5}, TypeError, "refit must be a positive integer"),
        ({"n_origins": 2, "coverage": 2}, ValueError, "coverage == 2, must be < 1"),
        ({"start": "2024-02-28"}, ValueError, "at most 2024-02-27 .*found 2024-02-28"),
        (
            {"start": "2024-02-04"},
            ValueError,
            "first origin of the backtest, 2024-02-04.*found none.*Begin later",
        ),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        RIDGE.backtest(panel(), **arguments)


def test_fits_at_the_same_time_change_nothing():
    net = MLPForecaster(max_epochs=2, random_state=0)
    forecaster = SeriesForecaster(net, HORIZON, LENGTH, **NAMES)
    how = {"n_origins": 4, "refit": True, "coverage": None}
    one, two = (forecaster.backtest(panel(), **how, n_jobs=n) for n in (None, 2))
    assert_frame_equal(one, two, check_exact=True)
