"""Tasks of a forecaster in use: intervals that move, a lesson, a service."""

import numpy as np
import pandas as pd
import pytest
from rivals import at_ends, done, mae, ridge, seasonal_naive

from sktorch_forecast.datasets import load_elnino, make_waves


def adaptive(x, n_train):
    import numpy as np

    from sktorch_forecast import ConformalForecaster, MLPForecaster, make_windows

    X, y = make_windows(x, horizon=1, length=24)
    net = MLPForecaster(random_state=0)
    model = ConformalForecaster(net, method="adaptive", coverage=0.9)
    model.fit(X[:n_train], y[:n_train])
    forecasts, intervals = [], []
    for t in range(n_train, len(X)):
        forecast, interval = model.predict(X[t : t + 1], coverage=0.9)
        forecasts.append(forecast[0]), intervals.append(interval[0])
        model.partial_fit(X[t : t + 1], y[t : t + 1])
    return np.array(forecasts), np.array(intervals), y[n_train:]


def test_conformal_intervals_after_a_shift():
    n_train, n_test = 500, 400
    rng = np.random.default_rng(0)
    noise = rng.normal(size=24 + n_train + n_test)
    noise[24 + n_train :] *= 3  # three times the noise, from the first forecast on
    x = 10 * np.sin(np.arange(len(noise)) * np.pi / 12) + noise

    forecasts, intervals, truth = done(adaptive, x, n_train)

    inside = (intervals[:, 0, 0] <= truth) & (truth <= intervals[:, 0, 1])
    # Intervals that stayed as they were would hold 42 %: those of 1.645 deviations,
    # where the noise has 3.
    assert 0.86 < inside[100:].mean() < 0.94
    n = 24 + n_train
    rival = at_ends(ridge, x, range(n, len(x)), 1, 24)
    naive = at_ends(seasonal_naive, x, range(n, len(x)), 1, 24)
    assert mae(truth, forecasts) < mae(truth, np.ravel(naive))
    assert mae(truth, forecasts) < 1.1 * mae(truth, np.ravel(rival))


def lesson(series):
    from sktorch_forecast import (
        LSTMForecaster,
        MLPForecaster,
        NaiveForecaster,
        RNNForecaster,
    )

    X, y = series[:, :50], series[:, 50:]
    train, test = slice(0, 800), slice(800, None)
    shared = {"max_epochs": 8, "random_state": 0}
    systems = {
        "naive": NaiveForecaster(),
        "perceptron": MLPForecaster(baseline=None, **shared),
        "recurrent": RNNForecaster(hidden_size=20, baseline=None, **shared),
        "gated": LSTMForecaster(hidden_size=20, baseline=None, **shared),
        "gated, beside a regression": LSTMForecaster(hidden_size=20, **shared),
    }
    forecasts = {
        name: system.fit(X[train], y[train]).predict(X[test])
        for name, system in systems.items()
    }
    return forecasts, y[test]


def test_a_lesson_of_the_course():
    series = make_waves(1000, 51, random_state=42)
    forecasts, truth = done(lesson, series)
    errors = {name: mae(truth.ravel(), f.ravel()) for name, f in forecasts.items()}
    assert errors["naive"] == pytest.approx(mae(series[800:, 50], series[800:, 49]))
    # Whatever has learned is better than what has not.
    assert max(e for name, e in errors.items() if name != "naive") < errors["naive"]
    linear = np.linalg.lstsq(series[:800, :50], series[:800, 50], rcond=None)[0]
    rival = mae(truth.ravel(), series[800:, :50] @ linear)
    assert errors["gated, beside a regression"] < 1.1 * rival


def serve(past, folder):
    import pandas as pd
    from fastapi import FastAPI

    from sktorch_forecast import MLPForecaster, SeriesForecaster, load

    names = {"time": "date", "target": "temperature"}
    net = MLPForecaster(loss="normal", random_state=0)
    model = SeriesForecaster(net, horizon=6, length=36, **names).fit(past)
    model.save(folder / "model.safetensors")

    app, served = FastAPI(), load(folder / "model.safetensors")

    @app.post("/forecast")
    def forecast(rows: list[dict]):
        history = pd.DataFrame(rows).astype({"date": "datetime64[s]"})
        found = served.forecast(history, coverage=0.8).reset_index()
        return found.astype({"date": str}).to_dict("records")

    return app


def test_a_service(tmp_path):
    serving = pytest.importorskip("serving", reason="a service needs fastapi, uvicorn")
    series = load_elnino()
    past, months = series[:-60], series[-60:]
    app = done(serve, past.reset_index(), tmp_path)

    forecasts, inside = [], []
    with serving.address_of(app) as address:
        for known in range(0, 60, 6):
            history = pd.concat([past, months[:known]])[-36:]
            rows = serving.ask(f"{address}/forecast", serving.rows_of(history))
            found = pd.DataFrame(rows).set_index("date")
            truth = months[known : known + 6]
            assert list(pd.to_datetime(found.index)) == list(truth.index)
            forecasts.extend(found["temperature"])
            lower, upper = found["temperature_lower_80"], found["temperature_upper_80"]
            inside.extend((lower.to_numpy() <= truth) & (truth <= upper.to_numpy()))

    values, ends = series.to_numpy(), range(len(past), len(series), 6)
    rivals = at_ends(ridge, values, ends, 6, 36)
    naive = at_ends(seasonal_naive, values, ends, 6, 12)
    assert mae(months, forecasts) < mae(months, np.ravel(naive))
    assert mae(months, forecasts) < 1.1 * mae(months, np.ravel(rivals))
    assert np.mean(inside) > 0.6
