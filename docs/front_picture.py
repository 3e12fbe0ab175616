"""Draws the picture of the front page: a forecast of the package, in two themes."""

import matplotlib
import matplotlib.figure
import numpy as np

from sktorch_forecast import LSTMForecaster, make_windows
from sktorch_forecast.datasets import load_elnino

HORIZON, LENGTH, BACK = 12, 36, 48
COLORS = {
    "light": {"text": "#333", "past": "#3478c6", "band": "#f08a24", "truth": "#111"},
    "dark": {"text": "#ddd", "past": "#7fb2f0", "band": "#f5a44d", "truth": "#fff"},
}


def forecast():
    """Three years of forecasts for months that the network has not seen.

    Returns
    -------
    series : Series
        The temperatures.
    origins : list of int
        Rows of the origins.
    quantiles : ndarray of shape (n_origins, horizon, 5)
        At the levels 0.05, 0.25, 0.5, 0.75 and 0.95.
    """
    series = load_elnino()
    X, y = make_windows(series, horizon=HORIZON, length=LENGTH)
    n_test = 2 * HORIZON + 1
    n_train = len(X) - n_test - (HORIZON - 1)
    model = LSTMForecaster(hidden_size=16, loss="normal", random_state=0)
    model.fit(X[:n_train], y[:n_train])
    chosen = [len(X) - 1 - years * HORIZON for years in (2, 1, 0)]
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    return (
        series,
        [LENGTH - 1 + i for i in chosen],
        model.predict_quantiles(X[chosen], levels),
    )


def draw_front(path, theme):
    """Write the picture.

    Parameters
    ----------
    path : Path
        An .svg file.
    theme : {"light", "dark"}
        What the page behind the picture is.
    """
    series, origins, quantiles = forecast()
    color = COLORS[theme]
    fig = matplotlib.figure.Figure(figsize=(9, 3.6), layout="constrained")
    ax = fig.add_subplot()
    first = origins[0] - BACK
    seen = series.iloc[first : origins[0] + 1]
    ax.plot(seen.index, seen, color=color["past"], label="what the network has read")
    after = series.iloc[origins[0] :]
    ax.plot(after.index, after, ".", color=color["truth"], ms=5, label="what came")
    for number, (origin, values) in enumerate(zip(origins, quantiles)):
        times = series.index[origin : origin + HORIZON + 1]
        start = np.full((1, 5), series.iloc[origin])
        low, lower, middle, upper, high = np.concatenate([start, values]).T
        names = (
            ("forecast", "90 % interval", "50 % interval") if not number else 3 * [""]
        )
        names = [name or "_" for name in names]
        ax.fill_between(
            times, low, high, color=color["band"], alpha=0.2, label=names[1]
        )
        ax.fill_between(
            times, lower, upper, color=color["band"], alpha=0.35, label=names[2]
        )
        ax.plot(times, middle, color=color["band"], lw=2, label=names[0])
        ax.axvline(times[0], color=color["text"], lw=0.8, ls=":")
    ax.set_ylabel("sea surface, °C", color=color["text"])
    ax.tick_params(colors=color["text"])
    ax.spines[:].set_visible(False)
    ax.grid(alpha=0.2)
    ax.margins(x=0.01)
    legend = fig.legend(loc="outside lower center", ncols=5, frameon=False)
    for text in legend.get_texts():
        text.set_color(color["text"])
    with matplotlib.rc_context({"svg.hashsalt": "front"}):
        fig.savefig(path, transparent=True, metadata={"Date": None})
