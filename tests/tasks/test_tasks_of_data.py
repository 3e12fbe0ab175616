"""Tasks that begin with data: with gaps, counts, several targets, too many rows."""

import numpy as np
import pandas as pd
import pytest
from rivals import done, mae, ridge, seasonal_naive


def hourly(df):
    from sktorch_forecast import MLPForecaster, SeriesForecaster

    df = df.asfreq("h")  # hours that are missing become NaN
    net = MLPForecaster(missing="mask", random_state=0)
    model = SeriesForecaster(net, horizon=24, length=48, missing="mask")
    return model.fit(df).forecast()


def test_hourly_series_with_a_change_of_the_clock_and_gaps():
    hours = pd.date_range("2026-02-20", periods=24 * 60, freq="h", tz="Europe/Berlin")
    assert hours[0].utcoffset() != hours[-1].utcoffset()  # the clock has changed
    rng = np.random.default_rng(0)
    # The noise stays for some hours, so the last values tell about the next ones.
    noise = np.zeros(len(hours))
    for t in range(1, len(hours)):
        noise[t] = 0.9 * noise[t - 1] + rng.normal(0, 0.3)
    load = pd.DataFrame({"load": 10 + 3 * np.sin(np.arange(len(hours)) * np.pi / 12)})
    load = load.set_index(hours) + noise[:, None]
    known, later = load[:-24], load[-24:]
    gaps = np.r_[200:215, 700:703, 1000]

    found = done(hourly, known.drop(known.index[gaps]))

    assert list(found.index) == list(later.index)
    truth = later["load"].to_numpy()
    filled = known["load"].mask(known.index.isin(known.index[gaps])).interpolate()
    rival = ridge([filled], 24, 48)[0]
    assert mae(truth, found["load"]) < mae(truth, seasonal_naive([filled], 24, 24)[0])
    assert mae(truth, found["load"]) < 1.1 * mae(truth, rival)


def counts(df):
    from sktorch_forecast import MLPForecaster, SeriesForecaster

    net = MLPForecaster(loss="negative_binomial", max_epochs=5, random_state=0)
    names = {"id": "store", "time": "day", "target": "sold"}
    model = SeriesForecaster(net, horizon=7, length=28, **names).fit(df)
    return model.forecast(coverage=0.8)


def test_200_stores_with_counts():
    n_stores, n_days = 200, 97
    rng = np.random.default_rng(0)
    week = np.array([0.6, 0.8, 0.8, 1.0, 1.3, 1.8, 0.7])[np.arange(n_days) % 7]
    mean = rng.uniform(2, 20, (n_stores, 1)) * week
    sold = rng.negative_binomial(5, 5 / (5 + mean))
    days = pd.date_range("2026-01-05", periods=n_days)
    long = pd.DataFrame(
        {
            "store": np.repeat([f"store {n:03}" for n in range(n_stores)], n_days),
            "day": np.tile(days, n_stores),
            "sold": sold.ravel(),
        }
    )
    known = long[long["day"] < days[-7]]

    found = done(counts, known)

    truth, past = sold[:, -7:], sold[:, :-7]
    forecast = found["sold"].to_numpy().reshape(n_stores, 7)
    naive, rival = seasonal_naive(past, 7, 7), ridge(past, 7, 28)
    assert forecast.min() >= 0
    assert mae(truth, forecast) < mae(truth, naive)
    assert mae(truth, forecast) < 1.02 * mae(truth, rival)
    lower = found["sold_lower_80"].to_numpy().reshape(n_stores, 7)
    upper = found["sold_upper_80"].to_numpy().reshape(n_stores, 7)
    # Intervals of counts hold a little more than they must: ends are whole numbers.
    assert 0.75 < ((lower <= truth) & (truth <= upper)).mean() < 0.95


def targets(df):
    from sktorch_forecast import MLPForecaster, SeriesForecaster

    # The level of one target says what the others will be: leave it as it is.
    net = MLPForecaster(normalize=None, random_state=0)
    names = ["rain", "river", "lake"]
    model = SeriesForecaster(net, horizon=2, length=8, target=names).fit(df)
    return model.forecast(), model.backtest(df, n_origins=100)


def test_three_targets_that_follow_each_other():
    rng = np.random.default_rng(0)
    n = 800
    rain = rng.gamma(1, 1, n)
    river = np.convolve(rain, [0, 0, 0.7, 0.3])[:n] + rng.normal(0, 0.05, n)
    lake = np.convolve(river, [0, 0, 0, 1])[:n] + rng.normal(0, 0.05, n)
    days = pd.date_range("2024-01-01", periods=n)
    df = pd.DataFrame({"rain": rain, "river": river, "lake": lake}, index=days)

    found, backtest = done(targets, df)

    assert list(found.columns) == ["rain", "river", "lake"]
    assert list(found.index) == list(days[-1] + pd.to_timedelta([1, 2], unit="D"))
    error = (backtest["y"] - backtest["forecast"]).abs().groupby(backtest["target"])
    test = backtest[backtest["step"] == 1].groupby("target")["timestamp"].first()
    begin = days.get_loc(test["lake"])
    for name in ("river", "lake"):
        # Its own past says little about a target, as rain is new each day. Those of the
        # others say all but the noise, whose absolute value is 0.04 on average.
        series = df[name].to_numpy()
        alone = [
            mae(series[t : t + 2], ridge([series[:t]], 2, 8)[0])
            for t in range(begin, n - 1)
        ]
        naive = mae(series[begin:-1], series[begin - 1 : -2])
        assert error.mean()[name] < 0.1 < 0.5 * min(np.mean(alone), naive)


def parquet(folder):
    import pandas as pd

    from sktorch_forecast import (
        MLPForecaster,
        SeriesForecaster,
        open_panel,
        store_panel,
    )

    names = {"id": "meter", "time": "hour", "target": "kwh"}
    store_panel(folder / "meters", folder / "store", **names)
    net = MLPForecaster(hidden_layer_sizes=(), max_epochs=2, random_state=0)
    model = SeriesForecaster(net, horizon=24, length=48)
    model.fit(open_panel(folder / "store")).forecast(to=folder / "forecasts")
    return pd.read_parquet(folder / "forecasts")


def test_many_series_from_parquet(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    n_meters, n_hours = 500, 24 * 8
    rng = np.random.default_rng(0)
    shifts = rng.integers(0, 24, (n_meters, 1))
    days = np.sin((np.arange(n_hours + 24) + shifts) * np.pi / 12)
    kwh = 2 + days + rng.normal(0, 0.3, days.shape)
    hours = pd.date_range("2026-01-01", periods=n_hours, freq="h")
    (tmp_path / "meters").mkdir()
    for part in range(5):
        rows = slice(part * 100, part * 100 + 100)
        pd.DataFrame(
            {
                "meter": np.repeat(np.arange(n_meters)[rows], n_hours),
                "hour": np.tile(hours, 100),
                "kwh": kwh[rows, :n_hours].ravel(),
            }
        ).to_parquet(tmp_path / "meters" / f"{part}.parquet")

    found = done(parquet, tmp_path)

    assert len(found) == n_meters * 24
    assert list(found.index.get_level_values(0)[::24]) == list(range(n_meters))
    truth, past = kwh[:, n_hours:], kwh[:, :n_hours]
    forecast = found["kwh"].to_numpy().reshape(n_meters, 24)
    assert mae(truth, forecast) < 0.8 * mae(truth, seasonal_naive(past, 24, 24))
    assert mae(truth, forecast) < 1.02 * mae(truth, ridge(past, 24, 48))
