"""Scores of a backtest per series, target, step, origin, or any other grouping."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import get_scorer, get_scorer_names

from .._data.columns import Layout, as_list
from .._data.panel import Panel
from .._data.read import read
from .._data.words import listed, plain
from .._utils.validation import check_positive_int
from ._backtest_frame import check_backtest, coverages_of
from ._errors import smape
from ._intervals import coverage_score, interval_score, mean_width
from ._scale import naive_scale

Metric: TypeAlias = str | Callable[..., float]

# Metrics of intervals, called with outcomes, intervals and the coverage.
_OF_INTERVALS: dict[str, Callable[..., float]] = {
    "coverage_score": lambda y, interval, coverage: coverage_score(y, interval),
    "mean_width": lambda y, interval, coverage: mean_width(interval),
    "interval_score": lambda y, interval, coverage: interval_score(
        y, interval, coverage=coverage
    ),
}
_SCALED = {"mase": 1, "rmsse": 2}  # and the power of the error


class _Given(RegressorMixin, BaseEstimator):
    """Known forecasts, in the form that scikit-learn's scorers want."""

    def predict(self, X):
        return X


def evaluate(
    frame: pd.DataFrame,
    *,
    by: Any = None,
    metrics: Metric | Sequence[Metric] | Mapping[str, Metric] = (
        "neg_mean_absolute_error",
        "neg_root_mean_squared_error",
    ),
    train: Any = None,
    seasonality: int = 1,
    id: Hashable | None = None,
    time: Hashable | None = None,
    target: Any = None,
) -> pd.DataFrame:
    """Score a backtest, group by group.

    Parameters
    ----------
    frame : DataFrame
        The result of ``SeriesForecaster.backtest``: a row for each origin, step and
        target, with the columns "origin", "step", "y" (NaN where nothing was observed)
        and "forecast", and possibly "id", "target" and the ends of intervals.
    by : column name, list of these, or what ``DataFrame.groupby`` takes, default=None
        How to group the rows that are scored together, e.g. "id", "target", "step",
        "origin", or ``frame["timestamp"].dt.hour``. None scores all rows together.
    metrics : str, callable, list of these, or dict of name to one of these, \
            default=("neg_mean_absolute_error", "neg_root_mean_squared_error")
        Names of scikit-learn's scorers, where greater is better; "mase", "rmsse",
        "smape", "coverage_score", "mean_width" and "interval_score" of this package,
        the last three for each coverage in the frame; or functions of the outcomes and
        the forecasts, both of shape (n_rows,), that return a number.
    train : DataFrame of pandas or polars, Series or array, default=None
        For "mase" and "rmsse": the series of the backtest, which may continue beyond
        its origins. The scale of each is the error of the seasonal naive forecast up to
        its first origin in `frame`, so that all origins of a series are scaled alike,
        using only data that was known at all of them.
    seasonality : int, default=1
        Lag of that naive forecast, in timestamps.
    id, time, target : default=None
        Names of the columns of `train`, as for
        :func:`~sktorch_forecast.make_windows`.

    Returns
    -------
    scores : DataFrame of shape (n_groups, n_metrics)
        Its index holds the groups, or "all". All observed rows of a group have the same
        weight; the score is NaN where there are none. "rmsse" takes one root per origin
        (and series and target) and averages these.

    Raises
    ------
    TypeError, ValueError
        If the frame is not a backtest, a metric or column is unknown, "mase" or "rmsse"
        is requested without `train`, or `train` does not hold the series up to their
        first origins.

    See Also
    --------
    mase : The metric, for arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import NaiveForecaster, SeriesForecaster
    >>> from sktorch_forecast.metrics import evaluate
    >>> y = np.array([0.0, 1, 3, 6, 10, 15, 21, 28])
    >>> model = SeriesForecaster(NaiveForecaster(), horizon=2, length=2)
    >>> found = model.backtest(y, n_origins=2)
    >>> metrics = ["neg_mean_absolute_error", "mase"]
    >>> evaluate(found, by="step", metrics=metrics, train=y).reset_index()
       step  neg_mean_absolute_error  mase
    0     1                     -5.5   2.2
    1     2                    -12.0   4.8
    """
    seasonality = check_positive_int(seasonality, "seasonality")
    rows: Any = check_backtest(frame).reset_index(drop=True)
    named = _named(metrics)
    functions: dict[str, Callable[[Any], float]] = {}
    for name, metric in named.items():
        if metric in _OF_INTERVALS:
            functions |= _of_intervals(name, _OF_INTERVALS[metric], rows)
        elif metric in _SCALED:
            power = _SCALED[metric]
            layout = Layout(target, id, time, missing="mask")
            rows[f"scale {power}"] = _scales(rows, train, layout, power, seasonality)
            functions[name] = _mase if power == 1 else _rmsse
        else:
            functions[name] = _of_points(metric)
    if by is None:
        groups = [("all", rows)]
        index = pd.Index(["all"])
    else:
        grouped = rows.groupby(_keys(by, rows), observed=True)
        groups = list(grouped)
        index = grouped.size().index
    observed = [group[group["y"].notna()] for _, group in groups]
    scores = {
        name: [function(group) if len(group) else np.nan for group in observed]
        for name, function in functions.items()
    }
    return pd.DataFrame(scores, index=index, dtype=np.float64)


def _keys(by: Any, rows: Any) -> Any:
    """What to group by; the index of `by` need not be that of the frame."""
    keys = [
        key.to_numpy() if isinstance(key, pd.Index) else key
        for key in (by if isinstance(by, list) else [by])
    ]
    for key in keys:
        if isinstance(key, str) and key not in rows.columns:
            raise ValueError(
                f"Expected by to name columns of {listed(list(rows.columns))}, found "
                f"{key!r}."
            )
    keys = [
        key.reset_index(drop=True) if isinstance(key, pd.Series) else key
        for key in keys
    ]
    return keys if isinstance(by, list) else keys[0]


# ------------------------------------------------------------------------- the metrics


def _named(metrics: Any) -> dict[str, Any]:
    """The metrics by name, those of scikit-learn as their scorers."""
    if isinstance(metrics, Mapping):
        named = dict(metrics)
    else:
        some = [metrics] if isinstance(metrics, str) or callable(metrics) else metrics
        named = {_name_of(metric): metric for metric in some}
    if not named:
        raise ValueError("Expected at least one metric, found none.")
    for metric in named.values():
        is_ours = isinstance(metric, str) and metric in _own_names()
        if not is_ours and not callable(metric) and metric not in get_scorer_names():
            _complain_of(metric)
    return named


def _own_names() -> list[str]:
    return [*_SCALED, "smape", *_OF_INTERVALS]


def _name_of(metric: Any) -> str:
    return (
        metric if isinstance(metric, str) else getattr(metric, "__name__", str(metric))
    )


def _complain_of(metric: Any) -> NoReturn:
    raise ValueError(
        f"Expected metrics as names of {_own_names()}, names of scikit-learn's scorers "
        f"(sklearn.metrics.get_scorer_names()), or functions, found {metric!r}."
    )


def _of_points(metric: Any) -> Callable[[Any], float]:
    """A score from outcomes and forecasts."""
    if metric == "smape":
        metric = smape
    if not isinstance(metric, str):
        return lambda rows: float(metric(rows["y"].to_numpy(), _forecasts(rows)))
    scorer: Any = get_scorer(metric)
    return lambda rows: float(scorer(_Given(), _forecasts(rows), rows["y"].to_numpy()))


def _forecasts(rows: Any) -> np.ndarray:
    return rows["forecast"].to_numpy(np.float64)


def _of_intervals(
    name: str, metric: Callable[..., float], rows: pd.DataFrame
) -> dict[str, Callable[[Any], float]]:
    """A score for the intervals of each coverage."""
    found = {}
    for coverage, (lower, upper) in coverages_of(rows).items():
        ends, percent = [lower, upper], lower.removeprefix("lower_")
        found[f"{name}_{percent}"] = lambda rows, ends=ends, coverage=coverage: float(
            metric(rows["y"].to_numpy(), rows[ends].to_numpy(), coverage)
        )
    if not found:
        raise ValueError(
            f"Expected intervals for the metric {name!r}, found none in the frame. "
            "Call backtest with a coverage, e.g. coverage=0.9."
        )
    return found


def _mase(rows: Any) -> float:
    return float(((rows["y"] - rows["forecast"]).abs() / rows["scale 1"]).mean())


def _rmsse(rows: Any) -> float:
    square = (rows["y"] - rows["forecast"]) ** 2
    path = [name for name in ("id", "target", "origin") if name in rows.columns]
    grouped = square.groupby([rows[name] for name in path], observed=True)
    scale = rows["scale 2"].groupby([rows[name] for name in path], observed=True)
    return float((np.sqrt(grouped.mean()) / scale.first()).mean())


# --------------------------------------------------------------------------- the scale


def _scales(
    rows: Any, train: Any, layout: Layout, power: int, seasonality: int
) -> np.ndarray:
    """The scale of each row: that of its series and target before the first origin."""
    if train is None:
        raise ValueError(
            'Expected the series of the backtest as train, for the scale of "mase" and '
            '"rmsse", found None. Pass the frame that backtest was called with, and '
            "the names of its columns."
        )
    panel = _panel(train, layout)
    targets = _places(rows, "target", pd.Index(panel.channels[: panel.n_targets]))
    series = _places(rows, "id", panel.ids)
    origins: Any = rows["origin"]
    scales = {}
    for which in np.unique(series).tolist():
        is_here = series == which
        first = origins[is_here].min()
        known = _known(panel, which, first)
        for at in np.unique(targets[is_here]).tolist():
            scale = naive_scale(
                known[np.newaxis, :, at : at + 1],
                power=power,
                seasonality=seasonality,
                n_targets=1,
                name=f"train{_of(panel, which)}, up to {first!s},",
            )[0, 0]
            if np.isnan(scale):
                raise ValueError(
                    f"Expected train to hold two values{_of(panel, which)} that are "
                    f"seasonality={seasonality} timestamps apart, up to the first "
                    "origin, found none."
                )
            # scikit-learn's convention for a division by zero: large, but finite.
            scales[which, at] = max(scale, np.finfo(np.float64).eps)
    return np.array([scales[key] for key in zip(series, targets)])


def _panel(train: Any, layout: Layout) -> Panel:
    """The targets of the series; other columns are ignored."""
    columns = getattr(train, "columns", ())
    if layout.target is not None and layout.id != "columns" and len(columns):
        names = [layout.id, layout.time, *as_list(layout.target)]
        train = train[[name for name in names if name in columns]]
    return read(train, layout)


def _known(panel: Panel, series: int, origin: Any) -> np.ndarray:
    """(n_timestamps, n_targets) of a series, up to and including an origin."""
    start, stop = panel.bounds[series], panel.bounds[series + 1]
    stop = start + int((panel.index[start:stop] <= origin).sum())
    values = panel.values if panel.targets is None else panel.targets
    return values[start:stop, : panel.n_targets]


def _places(rows: Any, column: str, names: pd.Index | None) -> np.ndarray:
    """Where in `names` the values of a column are; all 0 if there is no such column."""
    if column not in rows.columns:
        if names is not None and len(names) > 1:
            raise ValueError(
                f"Expected a column {column!r} in the frame, since train has "
                f"{listed(list(names))}, found none."
            )
        return np.zeros(len(rows), dtype=np.int64)
    known = pd.Index([]) if names is None else names
    places = known.get_indexer(pd.Index(rows[column]))
    if (places < 0).any():
        lacking = rows[column][places < 0].iloc[0]
        raise ValueError(
            f"Expected all of the backtest in train, found no {column} "
            f"{plain(lacking)!r} there. Set id, time and target as in the forecaster."
        )
    return places


def _of(panel: Panel, series: int) -> str:
    name = panel.name(series)
    return name and f" of series {name}"
