"""What forecasts the series of examples/defaults.py, and how that is scored.

Every model trains on the first 80 % of a series and forecasts from all later origins,
without being trained again. Networks, ridge and naive forecasts see a window; those of
statsforecast see all that came before and keep the parameters of their fit.

Points are those of the constructors without arguments. Quantiles come from what each
model has for them: networks are trained once more, with ``loss="quantile"``; ridge is
in a ``ConformalForecaster``; naive forecasts and those of statsforecast have formulas.

In shapes, n counts the origins.
"""

from importlib.util import find_spec
from time import process_time

import numpy as np
from scipy.special import ndtri
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from sktorch_forecast import (
    ConformalForecaster,
    NaiveForecaster,
    TabularForecaster,
    make_windows,
    networks,
)
from sktorch_forecast.metrics import mase, pinball_loss

LEVELS = np.arange(1, 10) / 10
NETWORKS = {
    name.removesuffix("Forecaster"): getattr(networks, name)
    for name in networks.__all__
}
PEERS = ("AutoETS", "AutoTheta")
REFERENCES = ("ridge", "naive")
BEST = "best possible"
MODELS = (*NETWORKS, *REFERENCES, *PEERS, BEST)


def scores_of(model):
    """What can be scored of a model."""
    return ("mase",) if model == BEST else ("mase", "wql")


def is_possible(model, series):
    """Whether a model can forecast a series here."""
    if model == BEST:
        return series.kind == "synthetic"
    return model not in PEERS or find_spec("statsforecast") is not None


class Task:
    """A series, cut into what is trained on and the origins that are forecast from."""

    def __init__(self, series):
        self.series = series
        self.values, self.best = series.read()
        shape = {"horizon": series.horizon, "length": series.length}
        self.history = self.values[: series.n_train]
        self.X_train, self.y_train = make_windows(self.history, **shape)
        # The first window to forecast from ends where the training part does.
        recent = self.values[series.n_train - series.length :]
        self.X_test, self.y_test = make_windows(recent, **shape)

    def result(self, model, seed, params, scores=("mase", "wql")):
        """Scores of a model; with MASE, its seconds of CPU time on one core, too."""
        found = {}
        with threadpool_limits(1):
            if "mase" in scores:
                began = process_time()
                points, more = self._points(model, seed, params)
                seconds = process_time() - began
                found |= {"mase": self.mase(points), "seconds": seconds, **more}
            if "wql" in scores:
                found["wql"] = self.wql(self._quantiles(model, seed, params))
        return found

    def mase(self, points):
        """Mean absolute error over that of the seasonal naive forecast in training."""
        season = self.series.season
        return mase(self.y_test, points, y_train=self.history, seasonality=season)

    def wql(self, quantiles):
        """Weighted quantile loss: twice the pinball loss over the mean size."""
        loss = pinball_loss(self.y_test, quantiles, quantiles=LEVELS)
        return float(2 * loss / np.abs(self.y_test).mean())

    def _points(self, model, seed, params):
        """Forecasts (n, horizon), and what else there is to know."""
        if model in NETWORKS:
            network = NETWORKS[model](random_state=seed, **params)
            network.fit(self.X_train, self.y_train)
            best = int(np.argmin(network.history[:, "valid_loss"])) + 1
            more = {"epochs": len(network.history), "best_epoch": best}
            return network.predict(self.X_test), more
        if model in PEERS:
            return self._of_statsforecast(model)["mean"], {}
        if model == BEST:
            first = self.series.n_train - 1
            return self.best[first : first + len(self.y_test)], {}
        forecaster = self._naive() if model == "naive" else TabularForecaster(Ridge())
        forecaster.fit(self.X_train, self.y_train)
        return forecaster.predict(self.X_test), {}

    def _quantiles(self, model, seed, params):
        """(n, horizon, levels)"""
        if model in PEERS:
            return _deciles(self._of_statsforecast(model, level=[20, 40, 60, 80]))
        if model in NETWORKS:
            options = {"loss": "quantile", "quantiles": LEVELS, **params}
            forecaster = NETWORKS[model](random_state=seed, **options)
        elif model == "naive":
            forecaster = self._naive()
        else:
            forecaster = ConformalForecaster(TabularForecaster(Ridge()))
        forecaster.fit(self.X_train, self.y_train)
        return forecaster.predict_quantiles(self.X_test, LEVELS)

    def _naive(self):
        """The naive forecast with the smallest absolute error in the training part."""
        seasons = {1, self.series.season}
        candidates = [NaiveForecaster(season) for season in sorted(seasons)] + [Drift()]

        def error(forecaster):
            forecaster.fit(self.X_train, self.y_train)
            return np.abs(forecaster.predict(self.X_train) - self.y_train).mean()

        return min(candidates, key=error)

    def _of_statsforecast(self, name, **options):
        """What its method `forward` says at each origin, by name, (n, horizon) each."""
        from statsforecast import models

        season = self.series.season
        model = getattr(models, name)(season_length=season).fit(self.history)
        ends = self.series.n_train + np.arange(len(self.y_test))
        options["h"] = self.series.horizon
        rows = [model.forward(y=self.values[:end], **options) for end in ends]
        return {key: np.stack([row[key] for row in rows]) for key in rows[0]}


def _deciles(found):
    """Quantiles from the ends of intervals and the mean between them."""
    lower = [found[f"lo-{coverage}"] for coverage in (80, 60, 40, 20)]
    upper = [found[f"hi-{coverage}"] for coverage in (20, 40, 60, 80)]
    return np.sort(np.stack([*lower, found["mean"], *upper], axis=-1), axis=-1)


class Drift:
    """A random walk with the mean change of the window.

    R. J. Hyndman and G. Athanasopoulos (2021), Forecasting: Principles and Practice,
    3rd edition, section 5.2, and table 5.2 for the deviation.
    """

    def fit(self, X, y):
        self.steps = np.arange(1, y.shape[1] + 1)
        return self

    def predict(self, X):
        """(n, horizon)"""
        windows = np.asarray(X, dtype=float).reshape(len(X), -1)
        drift = (windows[:, -1] - windows[:, 0]) / (windows.shape[1] - 1)
        return windows[:, -1:] + drift[:, np.newaxis] * self.steps

    def predict_quantiles(self, X, levels):
        """(n, horizon, levels)"""
        windows = np.asarray(X, dtype=float).reshape(len(X), -1)
        n_changes = windows.shape[1] - 1
        sigma = np.diff(windows, axis=1).std(axis=1, ddof=1)
        growth = np.sqrt(self.steps * (1 + self.steps / n_changes))
        deviation = sigma[:, np.newaxis] * growth
        return self.predict(X)[..., np.newaxis] + deviation[..., np.newaxis] * ndtri(
            levels
        )
