"""Forecasts at every origin of a series, in one call and in one plain pass."""

import torch
from bench_training import linear, series_of
from hand_written import forecast
from timing import side_by_side

from sktorch_forecast import LSTMForecaster, make_windows

LENGTH, HORIZON = 96, 24


def every_origin(name, forecaster, n_origins, calls, repeats):
    """Forecasts of a forecaster, and of its network taken out of it."""
    series = series_of(n_origins + LENGTH + HORIZON - 1)
    X, y = make_windows(series, horizon=HORIZON, length=LENGTH)
    tensor = torch.from_numpy(series)
    network = forecaster.fit(X[:100], y[:100]).module_.network
    return side_by_side(
        f"forecasts at {n_origins:,} origins, {name}",
        lambda: [forecaster.predict(X) for _ in range(calls)],
        lambda: [forecast(network, tensor, LENGTH, HORIZON) for _ in range(calls)],
        against="bare batched pass",
        goal=0.9,
        repeats=repeats,
        unit=(len(X) * calls, "forecasts"),
    )


def rows(repeats):
    """All rows of this benchmark, one after the other."""
    torch.set_num_threads(1)
    params = {"max_epochs": 1, "random_state": 0}
    lstm = LSTMForecaster(num_layers=2, **params)
    yield every_origin("LSTM 2 x 32", lstm, 2857, 3, repeats)
    # Enough calls to be timed. What a call costs beside the arithmetic shows in the
    # first of these, which is over in half a millisecond, and not in the second.
    yield every_origin("linear", linear(**params), 2857, 100, repeats)
    yield every_origin("linear", linear(**params), 20_000, 10, repeats)
