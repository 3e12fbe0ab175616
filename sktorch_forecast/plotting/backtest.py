"""A backtest of one series: the truth, and what was forecast from each origin."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from .._utils.validation import check_positive_int
from ..metrics._backtest_frame import check_backtest, chosen, coverages_of
from ._bands import draw_bands
from ._matplotlib import axes_for, check_matplotlib, label_once, shorten_dates, styled
from ._time_axis import coordinates

if TYPE_CHECKING:  # matplotlib is an extra
    from matplotlib.axes import Axes
    from matplotlib.collections import Collection
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D


class BacktestDisplay:
    """Forecasts from many origins of one series, along with the truth.

    Make one with :meth:`from_backtest`.

    Parameters
    ----------
    frame : DataFrame
        Rows from :meth:`SeriesForecaster.backtest
        <sktorch_forecast.SeriesForecaster.backtest>`, for one series and one target.
    name : str or None, default=None
        Name of the forecaster in the legend; None for "forecast".

    Attributes
    ----------
    truth_line_ : matplotlib.lines.Line2D
        The truth.
    lines_ : list of matplotlib.lines.Line2D
        The forecast of each origin; with ``step=``, one line.
    bands_ : list of matplotlib.collections.Collection
        The intervals of each line, one for each coverage in the frame.
    ax_ : matplotlib.axes.Axes
        Axes with the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the axes.

    See Also
    --------
    ResidualDisplay : Shows patterns in the residuals of a backtest.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import NaiveForecaster, SeriesForecaster
    >>> from sktorch_forecast.plotting import BacktestDisplay
    >>> model = SeriesForecaster(NaiveForecaster(), horizon=2, length=2)
    >>> frame = model.backtest(np.arange(12.0), n_origins=3, stride=2)
    >>> display = BacktestDisplay.from_backtest(frame)
    >>> [line.get_ydata().tolist() for line in display.lines_]
    [[5.0, 5.0], [7.0, 7.0], [9.0, 9.0]]
    """

    truth_line_: "Line2D"
    lines_: "list[Line2D]"
    bands_: "list[Collection]"
    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(self, frame: pd.DataFrame, *, name: str | None = None) -> None:
        self.frame = frame
        self.name = name

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        step: int | None = None,
        name: str | None = None,
        line_kwargs: dict[str, Any] | None = None,
        band_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the backtest.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        step : int or None, default=None
            Draw the forecasts of this step from all origins as one line, 1 for one step
            ahead. None draws the whole horizon of each origin.
        name : str or None, default=None
            Name in the legend; None means the name of the display.
        line_kwargs, band_kwargs : dict or None, default=None
            Styles of the forecasts (``matplotlib.axes.Axes.plot``) and of the intervals
            (``fill_between``, or ``vlines`` for a single point).

        Returns
        -------
        self : BacktestDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, ValueError
            If the frame is not that of a backtest, or lacks this step.
        """
        frame = check_backtest(self.frame)
        parts = [part for _, part in frame.groupby("origin")]
        if step is not None:
            step = check_positive_int(step, "step")
            part = frame.loc[frame["step"] == step].sort_values("timestamp")
            if not len(part):
                raise ValueError(
                    f"Expected step from 1 to {frame['step'].max()}, found {step}."
                )
            parts = [part]
        ax = axes_for(self, ax)
        from matplotlib.lines import Line2D

        truth = frame.drop_duplicates("timestamp").sort_values("timestamp")
        (self.truth_line_,) = ax.plot(
            coordinates(truth["timestamp"]),
            truth["y"],
            color="black",
            label=label_once(ax, "truth"),
        )
        label = name or self.name or "forecast"
        self.lines_, self.bands_ = [], []
        coverages = coverages_of(frame)
        style = styled(Line2D, {"label": label}, line_kwargs)
        for part in parts:
            x = coordinates(part["timestamp"])
            # A line through a single point would be invisible.
            marker: dict[str, Any] = {"marker": "."} if len(part) == 1 else {}
            (line,) = ax.plot(x, part["forecast"], **marker | style)
            # All in the color of the first, with one entry in the legend.
            style |= {"color": line.get_color(), "label": None}
            self.lines_.append(line)
            if coverages:
                # (n_coverages, n_points, 2)
                ends = np.stack([part[list(columns)] for columns in coverages.values()])
                how = list(coverages), line.get_color(), band_kwargs
                self.bands_ += draw_bands(ax, x, ends, *how)
        shorten_dates(ax)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @classmethod
    def from_backtest(
        cls,
        frame: pd.DataFrame,
        *,
        id: Hashable | None = None,
        target: Hashable | None = None,
        step: int | None = None,
        name: str | None = None,
        ax: "Axes | None" = None,
        line_kwargs: dict[str, Any] | None = None,
        band_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Draw one series of a backtest.

        Parameters
        ----------
        frame : DataFrame
            What :meth:`SeriesForecaster.backtest
            <sktorch_forecast.SeriesForecaster.backtest>` gives.
        id : hashable or None, default=None
            Which series; None if there is only one.
        target : hashable or None, default=None
            Which target; None if there is only one.
        step : int or None, default=None
            Draw the forecasts of this step from all origins as one line, 1 for one step
            ahead. None draws the whole horizon of each origin.
        name : str or None, default=None
            Name in the legend; None for "forecast".
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        line_kwargs, band_kwargs : dict or None, default=None
            As for :meth:`plot`.

        Returns
        -------
        display : BacktestDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, ValueError
            If the frame is not that of a backtest, has several series or targets to
            choose from, or lacks the requested ones.
        """
        check_matplotlib(f"{cls.__name__}.from_backtest")
        frame = chosen(check_backtest(frame, "timestamp"), "id", id)
        frame = chosen(frame, "target", target)
        display = cls(frame, name=name)
        return display.plot(
            ax, step=step, line_kwargs=line_kwargs, band_kwargs=band_kwargs
        )
