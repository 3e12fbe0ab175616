"""Forecasts at every origin of a series, in one call and in one plain pass."""

from statistics import median

import torch
from bench_training import linear, series_of
from hand_written import forecast
from timing import at_most, seconds, side_by_side

from sktorch_forecast import make_windows, networks

LENGTH, HORIZON = 96, 24
SIZES = (64, 128, 256, 512, 1024, 2048, 4096)


def every_origin(name, forecaster, n_origins, calls, repeats, goal):
    """Forecasts of a forecaster, and of its network taken out of it."""
    series = series_of(n_origins + LENGTH + HORIZON - 1)
    X, y = make_windows(series, horizon=HORIZON, length=LENGTH)
    tensor = torch.from_numpy(series)
    network = forecaster.fit(X[:100], y[:100]).module_.network

    def by_hand(size):
        return forecast(network, tensor, LENGTH, HORIZON, size)

    # The other side has the batch that suits it best, whatever ours is.
    by_hand(SIZES[0])
    times = {size: seconds(by_hand, size) for size in SIZES}
    size = min(times, key=times.get)
    return side_by_side(
        f"forecasts at {n_origins:,} origins, {name}",
        lambda: [forecaster.predict(X) for _ in range(calls)],
        lambda: [by_hand(size) for _ in range(calls)],
        against=f"bare pass, {size:,} at once",
        goal=goal,
        repeats=repeats,
        unit=(len(X) * calls, "forecasts"),
    )


def rows(repeats):
    """All rows of this benchmark, one after the other."""
    torch.set_num_threads(1)
    params = {"max_epochs": 1, "random_state": 0, "baseline": None}
    for name in networks.__all__:
        forecaster = getattr(networks, name)(**params)
        yield every_origin(name, forecaster, 2857, 1, repeats, 0.9)
    lstm = networks.LSTMForecaster(num_layers=2, **params)
    yield every_origin("LSTM 2 x 32", lstm, 8521, 1, repeats, 0.9)
    # Enough calls to be timed. What a call costs beside the arithmetic shows in the
    # first of these, which is over in half a millisecond, and not in the second.
    yield every_origin("linear", linear(**params), 2857, 100, repeats, 0.8)
    yield every_origin("linear", linear(**params), 20_000, 10, repeats, 0.8)
    # What a user waits for who has one window.
    for name, forecaster in (("linear", linear(**params)), ("LSTM", lstm)):
        yield one_window(name, forecaster)


def one_window(name, forecaster):
    """Microseconds from a window to its forecast, beside those of a bare pass."""
    series = series_of(1000)
    X, y = make_windows(series, horizon=HORIZON, length=LENGTH)
    network = forecaster.fit(X[:100], y[:100]).module_.network
    latest, tensor = X[-1:], torch.from_numpy(series[-LENGTH - HORIZON :])

    def ours():
        return forecaster.predict(latest)

    def bare():
        return forecast(network, tensor, LENGTH, HORIZON, 1)

    ours_us, bare_us = (latency(call) for call in (ours, bare))
    what = f"one forecast, {name} (bare pass {bare_us:,.0f})"
    return at_most(what, ours_us, 200, "microseconds")


def latency(call, n_calls=200):
    """Median over 20 rounds of the microseconds that a call takes in a row of them."""

    def calls():
        for _ in range(n_calls):
            call()

    calls()
    return 1e6 * median(seconds(calls) for _ in range(20)) / n_calls
