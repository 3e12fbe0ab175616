"""
The pretrained forecaster on real series
========================================

:class:`~sktorch_forecast.PretrainedForecaster`, which has seen no real series, beside
forecasts that are fitted to each series, on three sets:

- M4 Hourly: 414 series, 48 steps after the end of each.
- ETTh1: each of the seven columns alone, 96 steps from origins of the last fifth.
- series that packages ship: those of the parts "report" and "more" of
  ``examples/benchmarks/series.csv``, but for the ones from M4 and ETT, with origins in
  the last fifth of each.

All errors are divided by those of the seasonal naive forecast on the same windows: MASE
(errors in units of the errors of the seasonal naive forecast in the history), and the
quantile loss at 0.1, ..., 0.9 in the same units, for which a forecast of points stands
for all its quantiles. What a set has is the ratio of means over its windows for M4 and
each column of ETT, and the geometric mean of the ratios of the series.

Run it with ``make pretrained-table``, or ``python examples/pretraining/evaluate.py``:

    --choose    the series that choices were made on, instead: M4 Hourly without its
                last 48 hours, the first 8,640 hours of ETTh1 without the oil
                temperature, and the part "tune"
    --methods   some of seasonal_naive, pretrained, pretrained_hint, fine_tuned,
                fracast, ridge, lstm, auto_ets, auto_theta, or names of networks, such
                as NHITSForecaster, which are trained on each series
    --sets      some of M4, ETT, packages
    --shorter N series of packages with fewer than N values only
    --json      write the results to a file, too

Real series are read from packages: ``pip install "sktorch-forecast[series]"``.
"""

import argparse
import json
import sys
from pathlib import Path
from time import process_time

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.series import DATA, all_series
from joblib import Parallel, delayed

from sktorch_forecast import (
    PretrainedForecaster,
    TabularForecaster,
    make_windows,
)
from sktorch_forecast.datasets import fetch_ett, fetch_m4
from sktorch_forecast.discovery import all_estimators

LEVELS = np.arange(1, 10) / 10
# What is read of a history; the networks and regressions are trained on all of it.
LONGEST = 1024
ETT_HORIZON, ETT_STRIDE = 96, 96


class Task:
    """Windows of one series, or of one each of many.

    Attributes
    ----------
    name, group : str
    histories : list of ndarray
        All that is known at each origin.
    outcomes : ndarray of shape (n_origins, horizon)
    season : int
    """

    def __init__(self, group, name, histories, outcomes, season):
        self.group, self.name = group, name
        self.histories, self.outcomes = histories, np.array(outcomes)
        self.season = season

    @property
    def horizon(self):
        return self.outcomes.shape[1]


# ------------------------------------------------------------------------------- series


def m4_task(choose):
    """All hourly series, the last 48 hours of each."""
    data = fetch_m4(path=DATA if DATA.exists() else None)
    histories = [part.to_numpy() for _, part in data.frame.groupby("id")["value"]]
    if choose:
        outcomes = [history[-48:] for history in histories]
        return Task("M4", "m4", [history[:-48] for history in histories], outcomes, 24)
    outcomes = [part.to_numpy() for _, part in data.test.groupby("id")["value"]]
    return Task("M4", "m4", histories, outcomes, 24)


def ett_tasks(choose):
    frame = fetch_ett(path=DATA if DATA.exists() else None).frame
    frame = frame.iloc[:8640] if choose else frame.iloc[:14400]
    first = LONGEST if choose else 11520
    for name in frame.columns:
        if choose and name == "OT":
            continue
        values = frame[name].to_numpy(float)
        origins = range(first, len(values) - ETT_HORIZON + 1, ETT_STRIDE)
        yield _task("ETT", name, values, origins, ETT_HORIZON, 24)


def packaged_tasks(choose, shorter=np.inf):
    parts = {"tune"} if choose else {"report", "more"}
    for series in all_series():
        elsewhere = series.name.startswith(("m4_", "ett_"))
        if series.part not in parts or series.kind == "synthetic" or elsewhere:
            continue
        if series.n >= shorter:
            continue
        try:
            values = np.asarray(series.read()[0], float)
        except ImportError as error:
            print(error)
            continue
        last = len(values) - series.horizon
        origins = range(series.n_train, last + 1, max(1, series.horizon // 2))
        yield _task(
            "packages", series.name, values, origins, series.horizon, series.season
        )


def _task(group, name, values, origins, horizon, season):
    histories = [values[:t] for t in origins]
    outcomes = [values[t : t + horizon] for t in origins]
    return Task(group, name, histories, outcomes, season)


# ------------------------------------------------------------------------------ methods
# Each gives quantiles, (n_origins, horizon, n_levels), or points, (n_origins, horizon).


def seasonal_naive(task):
    places = np.arange(task.horizon) % task.season
    return np.stack([h[len(h) - task.season :][places] for h in task.histories])


def pretrained(task, **params):
    def forecast(X):
        y = np.zeros((1, task.horizon))  # says how many steps
        model = PretrainedForecaster(**params).fit(X[:1], y)
        return model.predict_quantiles(X, LEVELS)

    return _by_length(task, forecast, LONGEST)


def _by_length(task, forecast, longest):
    """Windows of one length at a time."""
    lengths = np.array([min(len(h), longest) for h in task.histories])
    forecasts = np.empty((*task.outcomes.shape, len(LEVELS)))
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        X = np.stack([task.histories[i][-length:] for i in rows])
        forecasts[rows] = forecast(X)
    return forecasts


def fracast(task):
    """The weights of the package fracast, which reads 2,048 values."""
    from fracast import FracastModel

    model = FracastModel.from_pretrained(weights="fp32")
    return _by_length(task, lambda X: model.forecast(X, horizon=task.horizon), 2048)


def pretrained_hint(task):
    return pretrained(task, seasonality=task.season if task.season > 1 else None)


def fine_tuned(task):
    def make():
        return PretrainedForecaster(fine_tune_epochs=4, lr=0.0005, random_state=0)

    return _of_each(task, make, True, 256)


def _trained(task, model, quantiles, longest=None):
    """Trained on the windows before the first origin, forecasts at all of them."""
    history = task.histories[0]
    usual = max(4 * task.horizon, 2 * task.season)
    length = min(usual if longest is None else longest, len(history) // 3)
    X, y = make_windows(history, horizon=task.horizon, length=length)
    model.fit(X, y)
    X = np.stack([h[-length:] for h in task.histories])
    return model.predict_quantiles(X, LEVELS) if quantiles else model.predict(X)


def ridge(task):
    return _of_each(task, lambda: TabularForecaster(), False)


def network(name):
    """A method that trains a network with its defaults on each series."""
    cls = dict(all_estimators("network"))[name]
    return lambda task: _of_each(task, lambda: cls(random_state=0), False)


def lstm(task):
    return network("LSTMForecaster")(task)


def _of_each(task, make, quantiles, longest=None):
    """Of many series, each gets a model of its own."""
    if task.group != "M4":
        return _trained(task, make(), quantiles, longest)
    parts = [
        _trained(Task("", "", [h], [y], task.season), make(), quantiles, longest)
        for h, y in zip(task.histories, task.outcomes)
    ]
    return np.concatenate(parts)


def _statsforecast(name, task):
    import statsforecast.models

    def forecast(history):
        model = getattr(statsforecast.models, name)(season_length=task.season)
        # The quantiles by the ends of central intervals.
        found = model.forecast(
            np.asarray(history[-LONGEST:]), task.horizon, level=[80, 60, 40, 20]
        )
        low = [found[f"lo-{level}"] for level in (80, 60, 40, 20)]
        high = [found[f"hi-{level}"] for level in (20, 40, 60, 80)]
        return np.stack([*low, found["mean"], *high], axis=1)

    jobs = (delayed(forecast)(history) for history in task.histories)
    return np.stack(Parallel(n_jobs=1)(jobs))


def auto_ets(task):
    return _statsforecast("AutoETS", task)


def auto_theta(task):
    return _statsforecast("AutoTheta", task)


METHODS = (
    seasonal_naive,
    pretrained,
    pretrained_hint,
    fine_tuned,
    fracast,
    ridge,
    lstm,
    auto_ets,
    auto_theta,
)


# ------------------------------------------------------------------------------- scores


def scores_of(task, forecasts):
    """MASE, quantile loss in its units, and the share of values within 80 %."""
    m = task.season
    scales = np.array([np.abs(h[m:] - h[:-m]).mean() for h in task.histories])
    points = forecasts
    if forecasts.ndim == 3:
        points = forecasts[..., len(LEVELS) // 2]
    errors = np.abs(task.outcomes - points).mean(axis=1) / scales
    quantiles = forecasts if forecasts.ndim == 3 else forecasts[..., np.newaxis]
    miss = task.outcomes[..., np.newaxis] - quantiles
    loss = 2 * np.maximum(LEVELS * miss, (LEVELS - 1) * miss).mean(axis=2)
    loss = loss.mean(axis=1) / scales
    inside = np.nan
    if forecasts.ndim == 3:
        low, high = forecasts[..., 0], forecasts[..., -1]
        inside = ((low <= task.outcomes) & (task.outcomes <= high)).mean()
    return errors.mean(), loss.mean(), inside


def geometric_mean(values):
    return float(np.exp(np.mean(np.log(values))))


def table_of(rows):
    """Lines of the table, and what they say as numbers."""
    groups = list(dict.fromkeys(group for group, *_ in rows["seasonal_naive"]))
    naive = {name: scores for _, name, scores, _ in rows["seasonal_naive"]}
    results = {}
    for method, tasks in rows.items():
        result = {"seconds": round(sum(seconds for *_, seconds in tasks), 1)}
        parts = []
        for group in groups:
            own = [(n, s) for g, n, s, _ in tasks if g == group]
            mase = geometric_mean([s[0] / naive[n][0] for n, s in own])
            loss = geometric_mean([s[1] / naive[n][1] for n, s in own])
            inside = float(np.mean([s[2] for _, s in own]))
            parts.append((mase, loss, inside))
            result[group] = [round(value, 3) for value in parts[-1]]
        for place, name in enumerate(("MASE", "loss")):
            result[name] = round(geometric_mean([part[place] for part in parts]), 3)
        results[method] = result
    return groups, results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--methods", nargs="+", default=[m.__name__ for m in METHODS])
    parser.add_argument("--sets", nargs="+", default=["M4", "ETT", "packages"])
    parser.add_argument("--shorter", type=int, default=np.inf, metavar="N")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    tasks = [m4_task(args.choose), *ett_tasks(args.choose)]
    tasks += packaged_tasks(args.choose, args.shorter)
    tasks = [task for task in tasks if task.group in args.sets]
    names = ["seasonal_naive", *(n for n in args.methods if n != "seasonal_naive")]
    rows = {}
    methods = {method.__name__: method for method in METHODS}
    for name in names:
        method = methods[name] if name in methods else network(name)
        rows[name] = []
        for task in tasks:
            began = process_time()
            try:
                forecasts = method(task)
            except ImportError as error:
                print(f"{name} is left out: {error}")
                del rows[name]
                break
            seconds = process_time() - began
            scores = scores_of(task, forecasts)
            rows[name].append((task.group, task.name, scores, seconds))
            print(
                f"{name:16} {task.name:14} MASE {scores[0]:.3f}  loss "
                f"{scores[1]:.3f}  inside {scores[2]:.2f}  {seconds:.1f} s",
                flush=True,
            )
    groups, results = table_of(rows)
    print(f"\n{'':16} {'  '.join(f'{group:>20}' for group in groups)}")
    for method, result in results.items():
        parts = ["{:.3f} {:.3f} {:.2f}".format(*result[group]) for group in groups]
        print(
            f"{method:16} {'  '.join(f'{part:>20}' for part in parts)}  "
            f"all {result['MASE']} {result['loss']}  {result['seconds']} s"
        )
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
