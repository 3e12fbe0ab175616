"""``precision="bf16"`` on this processor: how fast it trains, and what it costs.

Speed is that of a fit. What is lost is the mean absolute error of forecasts from later
origins, as a ratio to float32, the mean over three seeds.
"""

import numpy as np
import torch
from bench_training import series_of
from timing import side_by_side

from sktorch_forecast import make_windows
from sktorch_forecast.discovery import all_estimators

LENGTH, HORIZON = 48, 12


def trained(cls, units, precision, seed, X, y, epochs):
    """A network of so many units, fitted without a baseline."""
    params = {} if units is None else {"hidden_size": units}
    params |= {"max_epochs": epochs, "baseline": None, "early_stopping": False}
    return cls(**params, precision=precision, random_state=seed).fit(X, y)


def in_bf16(cls, units, repeats):
    """Both precisions in turns, and the errors of both."""
    X, y = make_windows(series_of(1500), horizon=HORIZON, length=LENGTH)
    train, test = slice(0, 1000), slice(1000 + HORIZON, None)

    def fit(precision, seed=0, epochs=1):
        args = X[train], y[train], epochs
        return trained(cls, units, precision, seed, *args)

    def error(precision):
        forecasts = (fit(precision, seed, 5).predict(X[test]) for seed in range(3))
        return np.mean([np.abs(found - y[test]).mean() for found in forecasts])

    size = "" if units is None else f", {units} units"
    loss = error("bf16") / error("fp32")
    return side_by_side(
        f"bf16, a fit of {cls.__name__}{size} (error times {loss:.3f})",
        lambda: fit("bf16"),
        lambda: fit("fp32"),
        against="fp32",
        goal=0,
        repeats=repeats,
    )


def rows(repeats):
    """Rows of this benchmark, or one that says why there are none."""
    torch.set_num_threads(1)
    for _, cls in all_estimators("network"):
        sizes = (32, 128) if "hidden_size" in cls().get_params() else (None,)
        for units in sizes:
            try:
                yield in_bf16(cls, units, repeats)
            except ValueError as error:  # a processor without bfloat16
                yield {"what": "precision='bf16'", "skipped": f"{error}"}
                return
