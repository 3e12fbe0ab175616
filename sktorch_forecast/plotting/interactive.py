"""An interactive plot of the forecasts of many series, one at a time."""

import re
from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from ._time_axis import coordinates

if TYPE_CHECKING:  # plotly is an extra
    from plotly.graph_objects import Figure  # pyright: ignore[reportMissingImports]

_MAX_SERIES = 200  # the figure holds all of them, shown or not
_END = re.compile(r"(.*)_(lower|upper)_(\d+(?:\.\d+)?)")


def interactive(
    forecast: pd.DataFrame,
    history: pd.DataFrame | pd.Series | None = None,
    *,
    target: Hashable | None = None,
) -> "Figure":
    """Draw forecasts with plotly: choose a series from a menu, and zoom.

    It needs plotly: ``pip install "sktorch-forecast[interactive]"``.

    Parameters
    ----------
    forecast : DataFrame
        What :meth:`SeriesForecaster.forecast
        <sktorch_forecast.SeriesForecaster.forecast>` returns, with or without
        intervals.
    history : DataFrame, Series or None, default=None
        Earlier observations, with an index like that of the forecast: ids and
        timestamps, or timestamps only. For a long frame, pass ``df.set_index(["id",
        "time"])``.
    target : hashable or None, default=None
        Which target; None means the first column.

    Returns
    -------
    figure : plotly.graph_objects.Figure
        It displays itself in a notebook; ``figure.write_html("forecast.html")`` writes
        it to a file.

    Raises
    ------
    ImportError
        If plotly is not installed.
    TypeError
        If the forecast is not a DataFrame.
    ValueError
        If there is no such target, or there are more than 200 series.

    See Also
    --------
    ForecastDisplay : Plots the forecast of one origin with matplotlib.
    """
    figure, owners = _figure(), []
    if not isinstance(forecast, pd.DataFrame):
        raise TypeError(
            "Expected the frame of SeriesForecaster.forecast, found a "
            f"{type(forecast).__name__}."
        )
    target = forecast.columns[0] if target is None else target
    if isinstance(history, pd.Series):
        history = history.to_frame(target)
    _check_target(forecast, "forecast", target)
    if history is not None:
        _check_target(history, "history", target)
    parts = _by_series(forecast)
    if len(parts) > _MAX_SERIES:
        raise ValueError(
            f"Expected at most {_MAX_SERIES} series, found {len(parts)}. Pass some of "
            "them: forecast.loc[ids]."
        )
    past = {} if history is None else _by_series(history)
    for name, part in parts.items():
        for trace in _traces(part, past.get(name), target):
            figure.add_scatter(**trace, visible=name == next(iter(parts)))
            owners.append(name)
    menu = [
        {
            "label": str(name),
            "method": "update",
            "args": [{"visible": [owner == name for owner in owners]}],
        }
        for name in parts
    ]
    if len(parts) > 1:
        figure.update_layout(updatemenus=[{"buttons": menu, "x": 0, "y": 1.2}])
    figure.update_xaxes(rangeslider_visible=True)
    figure.update_yaxes(title_text=str(target))
    return figure


def _figure() -> "Figure":
    """An empty figure, or an error that says how to get plotly."""
    try:
        from plotly.graph_objects import (  # pyright: ignore[reportMissingImports]
            Figure,
        )
    except ImportError as error:
        raise ImportError(
            "interactive needs plotly, which is not installed. Get it with "
            'pip install "sktorch-forecast[interactive]".'
        ) from error
    return Figure()


def _check_target(frame: pd.DataFrame, name: str, target: Hashable) -> None:
    if target not in frame:
        raise ValueError(
            f"Expected the target {target!r} as a column of the {name}, found "
            f"{list(frame.columns)[:8]}."
        )


def _by_series(frame: pd.DataFrame) -> dict[Any, pd.DataFrame]:
    """Rows of each series, by its name, with timestamps as their index."""
    if not isinstance(frame.index, pd.MultiIndex):
        return {"": frame}
    groups = frame.groupby(level=0, sort=False)
    return {name: part.droplevel(0) for name, part in groups}


def _traces(
    part: pd.DataFrame, past: pd.DataFrame | None, target: Any
) -> Iterator[dict[str, Any]]:
    """What is drawn of one series, intervals first so that lines are above them."""
    x = coordinates(part.index)
    found = (_END.fullmatch(str(column)) for column in part.columns)
    coverages = [m[3] for m in found if m and m[1] == str(target) and m[2] == "lower"]
    for coverage in sorted(coverages, key=float, reverse=True):
        no_line = {"x": x, "line": {"width": 0}, "mode": "lines", "hoverinfo": "skip"}
        lower = part[f"{target}_lower_{coverage}"]
        yield no_line | {"y": lower, "showlegend": False}
        yield no_line | {
            "y": part[f"{target}_upper_{coverage}"],
            "fill": "tonexty",
            "fillcolor": "rgba(31, 119, 180, 0.2)",
            "name": f"{coverage} % interval",
        }
    if past is not None:
        x_past = coordinates(past.index)
        yield {"x": x_past, "y": past[target], "name": "history", "line_color": "gray"}
    yield {"x": x, "y": part[target], "name": "forecast", "line_color": "#1f77b4"}
