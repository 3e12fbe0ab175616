"""Plot a forecast from a frame and observations from a panel."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from .._data.panel import Panel
from .._data.words import listed, plain
from ..plotting import ForecastDisplay
from ..plotting._matplotlib import check_matplotlib

if TYPE_CHECKING:  # matplotlib is an extra
    from matplotlib.axes import Axes


class PlotMixin:
    """`plot` of a SeriesForecaster."""

    def plot(
        self: Any,
        forecast: pd.DataFrame | None = None,
        df: Any = None,
        *,
        series: Hashable | None = None,
        target: Hashable | None = None,
        ax: "Axes | None" = None,
        line_kwargs: dict[str, Any] | None = None,
        band_kwargs: dict[str, Any] | None = None,
        path_kwargs: dict[str, Any] | None = None,
    ) -> ForecastDisplay:
        """Draw a forecast after the observations that came before it.

        Parameters
        ----------
        forecast : DataFrame or None, default=None
            The result of `forecast`, with its intervals or paths. None means
            ``forecast()``.
        df : DataFrame of pandas or polars, Series or array, default=None
            Observations to draw, in the form of the fit: those before the forecast and,
            if already known, those that it predicts. None draws the last window of the
            fit and of updates.
        series : object, default=None
            The id of the series to draw; None means the first in the forecast.
        target : column name, default=None
            Which target to draw; None means the first.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        line_kwargs, band_kwargs, path_kwargs : dict or None, default=None
            Styles of the forecast, the intervals and the paths, as for
            :meth:`plotting.ForecastDisplay.plot`.

        Returns
        -------
        display : sktorch_forecast.plotting.ForecastDisplay
            Its `ax_` and `figure_` are matplotlib objects.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            If the frame is not a forecast of this forecaster, or the series, target or
            observation does not exist.
        """
        check_is_fitted(self)
        drawn = self.forecast() if forecast is None else forecast
        panel = self._panel_of(df)
        styles = {"line_kwargs": line_kwargs, "band_kwargs": band_kwargs}
        styles["path_kwargs"] = path_kwargs
        return draw(drawn, panel, self.length_, series, target, ax, styles)


def draw(
    forecast: pd.DataFrame,
    panel: Panel,
    length: int,
    series: Hashable | None,
    target: Hashable | None,
    ax: "Axes | None",
    styles: dict[str, Any],
) -> ForecastDisplay:
    """The result of ``SeriesForecaster.plot``.

    Parameters
    ----------
    forecast : DataFrame
        As returned by ``SeriesForecaster.forecast``.
    panel : Panel
        The observations.
    length : int
        Number of timestamps to draw before the forecast.
    series, target : object or None
        What to draw; None for the first.
    ax : matplotlib.axes.Axes or None
    styles : dict
        Styles of lines, bands and paths.

    Returns
    -------
    display : ForecastDisplay
    """
    check_matplotlib("SeriesForecaster.plot")
    targets = list(panel.channels[: panel.n_targets])
    target = targets[0] if target is None else target
    if target not in targets or target not in getattr(forecast, "columns", ()):
        raise ValueError(
            f"Expected target to be one of {listed(targets)} and a column of the "
            f"forecast, found target {target!r} and a forecast with the columns "
            f"{listed(list(getattr(forecast, 'columns', ())))}. Pass what forecast() "
            "returned."
        )
    steps, series = _of_series(forecast, series)
    times = steps.index.get_level_values(-1)
    row = _row_of(panel, series)
    rows = slice(panel.bounds[row], panel.bounds[row + 1])
    at = targets.index(target)
    values = (panel.values if panel.targets is None else panel.targets)[rows, at]
    observed = pd.Series(values, panel.index[rows]).astype(np.float64)
    past = observed[observed.index < times[0]].iloc[-length:]
    if not past.notna().any():
        raise ValueError(
            f"Expected observations before {times[0]!s}, where the forecast begins, "
            "found none. Pass them as df."
        )
    truth = observed.reindex(times)
    intervals, coverages = _intervals(steps, target)
    paths = [steps[name] for _, name in _beside(steps, f"{target}_sample_")]
    display = ForecastDisplay.from_predictions(
        past,
        steps[target],
        y_true=truth if truth.notna().any() else None,
        intervals=intervals if coverages else None,
        coverages=coverages,
        paths=paths or None,
        timestamps=past.index.append(times),
        ax=ax,
        **styles,
    )
    display.ax_.set_ylabel(str(target))
    if series is not None:
        display.ax_.set_title(str(plain(series)))
    return display


def _of_series(forecast, series):
    """The steps of one series, and its name."""
    if forecast.index.nlevels == 1:
        return forecast, None
    ids = forecast.index.get_level_values(0)
    series = ids[0] if series is None else series
    steps = forecast[ids == series]
    if not len(steps):
        raise ValueError(
            f"Expected series to be one of {listed(list(ids.unique()))}, the ids in "
            f"the forecast, found {series!r}."
        )
    return steps, series


def _row_of(panel, series):
    """Index of the series with a name in a panel."""
    if series is None or panel.ids is None:
        return 0
    row = panel.ids.get_indexer([series])[0]
    if row < 0:
        raise ValueError(
            f"Expected observations of series {plain(series)!r}, found none among "
            "those of the fit. Pass them as df, as for forecast."
        )
    return row


def _beside(steps, prefix):
    """The numbers that follow a prefix in column names, and these names."""
    for name in steps.columns:
        if isinstance(name, str) and name.startswith(prefix):
            try:
                yield float(name.removeprefix(prefix)), name
            except ValueError:  # of another target whose name begins alike
                continue


def _intervals(steps, target):
    """(n_coverages, horizon, 2) and the coverages, from intervals or quantiles."""
    ends = {}
    for percent, name in _beside(steps, f"{target}_lower_"):
        ends[percent / 100] = [name, f"{target}_upper_{percent:g}"]
    # Quantiles at the same distance from the median.
    levels = dict(_beside(steps, f"{target}_q"))
    for percent, name in levels.items():
        upper = levels.get(round(100 - percent, 9))
        if percent < 50 and upper is not None:
            ends[round(1 - percent / 50, 9)] = [name, upper]
    return [steps[pair].to_numpy() for pair in ends.values()], list(ends)
