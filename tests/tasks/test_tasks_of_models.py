"""Tasks about networks: choose one, write one, keep one, look into one."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from rivals import at_ends, done, mae, ridge, seasonal_naive

from sktorch_forecast.datasets import load_elnino


def logistic_map(n):
    """x_t = 3.8 x_{t-1} (1 - x_{t-1}): chaos, of which a linear model knows little."""
    x = [0.4]
    while len(x) < n:
        x.append(3.8 * x[-1] * (1 - x[-1]))
    return np.array(x)


def swap(series):
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline

    from sktorch_forecast import (
        GRUForecaster,
        MLPForecaster,
        RNNForecaster,
        SlidingWindow,
        make_windows,
    )
    from sktorch_forecast.model_selection import RollingOriginSplit

    X, y = make_windows(series, horizon=1, length=8)
    shared = {"normalize": None, "max_epochs": 10, "random_state": 0}
    nets = [make(**shared) for make in (MLPForecaster, RNNForecaster, GRUForecaster)]
    pipe = Pipeline([("window", SlidingWindow()), ("net", nets[0])])
    grid = {"net": nets, "window__length": [2, 8]}
    cv = RollingOriginSplit(n_splits=2, horizon=1)
    search = GridSearchCV(pipe, grid, cv=cv, scoring="neg_mean_absolute_error")
    search.fit(X[:500], y[:500])
    return search, search.predict(X[500:]), y[500:]


def test_swap_of_classes_in_a_grid():
    x = logistic_map(700)
    search, forecast, truth = done(swap, x)
    assert len(search.cv_results_["params"]) == 6
    rival = at_ends(ridge, x, range(508, len(x)), 1, 8)
    assert mae(truth, forecast) < 0.5 * mae(truth, np.ravel(rival))
    assert mae(truth, forecast) < 0.5 * mae(truth, x[507:-1])


def own(X, y):
    import torch

    from sktorch_forecast import TorchForecaster

    class Nearest(torch.nn.Module):
        """A weighted mean of what followed patterns that it has learned."""

        def __init__(self, length, n_outputs, n_patterns=32):
            super().__init__()
            self.patterns = torch.nn.Parameter(torch.randn(n_patterns, length))
            self.following = torch.nn.Parameter(torch.zeros(n_patterns, n_outputs))

        def forward(self, X):
            distances = torch.cdist(X[..., 0], self.patterns)
            return (-distances).softmax(-1) @ self.following

    sizes = {"module__length": X.shape[1], "module__n_patterns": 64}
    net = TorchForecaster(Nearest, **sizes, normalize=None, lr=0.01, random_state=0)
    return net.fit(X, y)


def test_a_module_of_ones_own():
    from sktorch_forecast import make_windows

    x = logistic_map(1200)
    X, y = make_windows(x, horizon=1, length=2)
    X = np.asarray(X)
    net = done(own, X[:1000], y[:1000])
    truth, error = y[1000:], mae(y[1000:], net.predict(X[1000:]))
    rival = at_ends(ridge, x, range(1002, len(x)), 1, 2)
    assert error < 0.5 * mae(truth, np.ravel(rival))
    assert error < 0.5 * mae(truth, X[1000:, -1, 0])


def save_and_go_on(past, months, folder):
    from sktorch_forecast import MLPForecaster, SeriesForecaster, load

    net = MLPForecaster(max_epochs=20, random_state=0)
    model = SeriesForecaster(net, horizon=6, length=36).fit(past)
    model.save(folder / "elnino.safetensors")

    again = load(folder / "elnino.safetensors")  # the next morning
    forecasts = []
    for month in range(0, len(months), 6):
        forecasts.append(again.forecast())
        again.update(months[month : month + 6])
    return model, again, forecasts


def test_save_and_go_on(tmp_path):
    series = load_elnino()
    past, months = series[:-60], series[-60:]
    model, again, forecasts = done(save_and_go_on, past, months, tmp_path)
    pd.testing.assert_frame_equal(model.forecast(), forecasts[0])
    found = pd.concat(forecasts)
    assert list(found.index) == list(months.index)
    assert again.forecast().index[0] == months.index[-1] + pd.DateOffset(months=1)
    values, ends = series.to_numpy(), range(len(past), len(series), 6)
    rivals = at_ends(ridge, values, ends, 6, 36)
    naive = at_ends(seasonal_naive, values, ends, 6, 12)
    error = mae(months, found.iloc[:, 0])
    assert error < mae(months, np.ravel(naive))
    assert error < 1.1 * mae(months, np.ravel(rivals))


def explain(df):
    import pandas as pd

    from sktorch_forecast import MLPForecaster, make_windows
    from sktorch_forecast.inspection import window_importance

    roles = {"target": "sales", "past": "visitors", "future": "price"}
    X, y = make_windows(df, horizon=3, length=14, **roles)
    model = MLPForecaster(random_state=0).fit(X[:-102], y[:-102])
    result = window_importance(model, X[-100:], y[-100:], random_state=0)
    importance = pd.Series(result.importances_mean, index=result.names)
    return importance, model.predict(X[-100:])


def test_explain():
    rng = np.random.default_rng(0)
    n = 600
    price = rng.choice([8.0, 10.0, 12.0], size=n)
    sales = 200 - 10 * price + rng.normal(0, 1, n)
    columns = {"sales": sales, "visitors": rng.normal(500, 50, n), "price": price}
    df = pd.DataFrame(columns, index=pd.date_range("2025-01-01", periods=n))
    importance, forecast = done(explain, df)
    # Sales are a function of the price of the day, and of nothing before it.
    assert importance.idxmax() == "price"
    assert importance["price"] > 1
    assert abs(importance.drop("price")).max() < 0.1 * importance["price"]
    origins = range(n - 102, n - 2)
    truth = np.array([sales[t : t + 3] for t in origins])
    rival = at_ends(ridge, sales, origins, 3, 14)
    naive = at_ends(seasonal_naive, sales, origins, 3, 1)
    assert mae(truth, forecast) < 0.3 * min(mae(truth, rival), mae(truth, naive))


def curves(X, y):
    from sktorch_forecast import LSTMForecaster
    from sktorch_forecast.model_selection import find_lr
    from sktorch_forecast.plotting import LearningRateDisplay, TrainingCurveDisplay

    net = LSTMForecaster(hidden_size=16, baseline=None, max_epochs=20, random_state=0)
    LearningRateDisplay.from_estimator(net, X, y)
    rate = find_lr(net, X, y).suggestion
    net.set_params(lr=rate).fit(X, y)
    return rate, net, TrainingCurveDisplay.from_estimator(net)


def test_curves_and_a_learning_rate():
    from sktorch_forecast import make_windows

    x = logistic_map(700)
    X, y = make_windows(x, horizon=1, length=8)
    rate, net, display = done(curves, X[:500], y[:500])
    assert 1e-4 < rate < 1  # Adam's usual 0.001 is of this order
    drawn = [line.get_ydata() for line in display.ax_.lines]
    losses = [row["train_loss"] for row in net.history]
    assert any(np.array_equal(line, losses) for line in drawn if len(line) > 1)
    truth, error = y[500:], mae(y[500:], net.predict(X[500:]))
    rival = at_ends(ridge, x, range(508, len(x)), 1, 8)
    assert error < 0.7 * mae(truth, np.ravel(rival))
    assert error < 0.7 * mae(truth, np.asarray(X[500:])[:, -1, 0])
    plt.close("all")
