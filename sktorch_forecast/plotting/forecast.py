"""One forecast: its window, the truth, and the uncertainty of the forecast."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .._data.windows import Windows
from .._utils.typing import RandomState
from .._utils.validation import check_coverages, check_numeric
from ..metrics._checks import check_interval
from ._bands import draw_bands
from ._matplotlib import axes_for, check_matplotlib, label_once, shorten_dates, styled
from ._origin import forecast_at
from ._time_axis import coordinates

if TYPE_CHECKING:  # matplotlib is an extra
    from matplotlib.axes import Axes
    from matplotlib.collections import Collection
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D

Timestamps: TypeAlias = pd.Index | Sequence[Any] | np.ndarray


class ForecastDisplay:
    """The forecast of one origin, with intervals and sample paths.

    Make one with :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    window : array-like of shape (length,)
        Values up to and including the origin, in the units of the series.
    y_pred : array-like of shape (horizon,)
        Point forecast of each step, in the same units.
    y_true : array-like of shape (horizon,) or None, default=None
        What followed; None if unknown.
    intervals : array-like of shape (n_coverages, horizon, 2) or None, default=None
        Lower and upper ends.
    coverages : sequence of float, of length n_coverages, default=()
        Coverages of the intervals, between 0 and 1.
    paths : array-like of shape (n_paths, horizon) or None, default=None
        Sample paths.
    timestamps : array-like of shape (length + horizon,) or None, default=None
        Timestamps of the window and the steps. None counts steps: the origin is 0.
    name : str or None, default=None
        Name of the forecaster in the legend; None for "forecast".

    Attributes
    ----------
    window_line_ : matplotlib.lines.Line2D
        The window.
    truth_line_ : matplotlib.lines.Line2D or None
        What followed.
    line_ : matplotlib.lines.Line2D
        The point forecast.
    bands_ : list of matplotlib.collections.Collection
        The intervals, in the order of `coverages`.
    path_lines_ : list of matplotlib.lines.Line2D
        The sample paths.
    ax_ : matplotlib.axes.Axes
        Axes with the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the axes.

    See Also
    --------
    CoverageDisplay : Whether the coverage of intervals holds over many origins.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import NaiveForecaster, make_windows
    >>> from sktorch_forecast.plotting import ForecastDisplay
    >>> X, y = make_windows(np.arange(20.0) % 4, horizon=4, length=8)
    >>> model = NaiveForecaster(seasonality=4).fit(X, y)
    >>> display = ForecastDisplay.from_estimator(model, X, y, coverages=())
    >>> display.line_.get_xydata()
    array([[16.,  0.],
           [17.,  1.],
           [18.,  2.],
           [19.,  3.]])
    """

    window_line_: "Line2D"
    truth_line_: "Line2D | None"
    line_: "Line2D"
    bands_: "list[Collection]"
    path_lines_: "list[Line2D]"
    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(
        self,
        window: ArrayLike,
        y_pred: ArrayLike,
        *,
        y_true: ArrayLike | None = None,
        intervals: ArrayLike | None = None,
        coverages: Sequence[float] = (),
        paths: ArrayLike | None = None,
        timestamps: Timestamps | None = None,
        name: str | None = None,
    ) -> None:
        self.window = window
        self.y_pred = y_pred
        self.y_true = y_true
        self.intervals = intervals
        self.coverages = coverages
        self.paths = paths
        self.timestamps = timestamps
        self.name = name

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        name: str | None = None,
        line_kwargs: dict[str, Any] | None = None,
        band_kwargs: dict[str, Any] | None = None,
        path_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the forecast.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw, e.g. on the `ax_` of another forecast of the same origin.
            None makes a new figure.
        name : str or None, default=None
            Name in the legend; None means the name of the display.
        line_kwargs, band_kwargs, path_kwargs : dict or None, default=None
            Styles of the point forecast (``matplotlib.axes.Axes.plot``), of the
            intervals (``fill_between``, or ``vlines`` where the horizon is 1) and of
            the sample paths (``plot``).

        Returns
        -------
        self : ForecastDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = axes_for(self, ax)
        from matplotlib.lines import Line2D

        name = name or self.name or "forecast"
        length, horizon = np.size(self.window), np.size(self.y_pred)
        if self.timestamps is None:
            x = np.arange(1 - length, horizon + 1)
            ax.set_xlabel("step")
        else:
            x = coordinates(self.timestamps)
        past, future = x[:length], x[length:]
        # A line through a single point would be invisible.
        marker: dict[str, Any] = {"marker": "."} if horizon == 1 else {}
        (self.window_line_,) = ax.plot(
            past,
            self.window,
            color="0.6",
            marker="." if length == 1 else None,
            label=label_once(ax, "window"),
        )
        self.truth_line_ = None
        if self.y_true is not None:
            (self.truth_line_,) = ax.plot(
                future,
                self.y_true,
                color="black",
                label=label_once(ax, "truth"),
                **marker,
            )
        style = styled(Line2D, {"label": name, **marker}, line_kwargs)
        (self.line_,) = ax.plot(future, self.y_pred, **style)
        color = self.line_.get_color()
        self.bands_ = []
        if self.intervals is not None:
            intervals = np.asarray(self.intervals)
            self.bands_ = draw_bands(
                ax, future, intervals, self.coverages, color, band_kwargs
            )
        style = {"color": color, "linewidth": 0.8, "alpha": 0.5, **marker}
        style = styled(Line2D, style, path_kwargs)
        paths = () if self.paths is None else np.asarray(self.paths)
        self.path_lines_ = [ax.plot(future, path, **style)[0] for path in paths]
        if self.path_lines_:
            self.path_lines_[0].set_label(label_once(ax, "sample paths"))
        ax.axvline(past[-1], color="0.8", linewidth=0.8, zorder=0)
        shorten_dates(ax)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Windows | ArrayLike,
        y: ArrayLike | None = None,
        *,
        origin: int = -1,
        coverages: Sequence[float] = (0.5, 0.9),
        n_paths: int = 0,
        target: int = 0,
        random_state: RandomState = None,
        name: str | None = None,
        ax: "Axes | None" = None,
        line_kwargs: dict[str, Any] | None = None,
        band_kwargs: dict[str, Any] | None = None,
        path_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the forecast from one origin.

        Parameters
        ----------
        estimator : estimator
            Fitted forecaster, or a pipeline or search that ends in one. It needs
            `predict_interval` for intervals and `sample` for paths.
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows. The timestamps of a ``Windows`` appear on the axis.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets), or None, \
                default=None
            What followed each window.
        origin : int, default=-1
            Row of `X` to forecast from; negative counts from the end.
        coverages : sequence of float, default=(0.5, 0.9)
            Coverages of the intervals, between 0 and 1; () for none. Each takes one
            call of `predict_interval`.
        n_paths : int, default=0
            Number of sample paths to draw.
        target : int, default=0
            Which of the target channels to draw.
        random_state : int, RandomState instance or None, default=None
            Seeds the paths; None leaves that to the forecaster.
        name : str or None, default=None
            Name in the legend; None means the name of the forecaster's class.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        line_kwargs, band_kwargs, path_kwargs : dict or None, default=None
            As for :meth:`plot`.

        Returns
        -------
        display : ForecastDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If intervals or paths are requested from a forecaster that has none.
        ValueError
            If there is no such origin or target, or the data are not valid.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        found = forecast_at(
            estimator,
            X,
            y,
            origin,
            target=target,
            coverages=coverages,
            n_paths=n_paths,
            random_state=random_state,
        )
        return cls.from_predictions(
            found.window,
            found.y_pred,
            y_true=found.y_true,
            intervals=found.intervals,
            coverages=found.coverages,
            paths=found.paths,
            timestamps=found.timestamps,
            name=found.forecaster if name is None else name,
            ax=ax,
            line_kwargs=line_kwargs,
            band_kwargs=band_kwargs,
            path_kwargs=path_kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        window: ArrayLike,
        y_pred: ArrayLike,
        *,
        y_true: ArrayLike | None = None,
        intervals: ArrayLike | None = None,
        coverages: Sequence[float] = (),
        paths: ArrayLike | None = None,
        timestamps: Timestamps | None = None,
        name: str | None = None,
        ax: "Axes | None" = None,
        line_kwargs: dict[str, Any] | None = None,
        band_kwargs: dict[str, Any] | None = None,
        path_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Draw a given forecast.

        Parameters
        ----------
        window : array-like of shape (length,)
            Values up to and including the origin, in the units of the series.
        y_pred : array-like of shape (horizon,)
            Point forecast of each step, in the same units.
        y_true : array-like of shape (horizon,) or None, default=None
            What followed.
        intervals : array-like of shape (n_coverages, horizon, 2) or None, default=None
            Lower and upper ends.
        coverages : sequence of float, of length n_coverages, default=()
            Coverages of the intervals, between 0 and 1.
        paths : array-like of shape (n_paths, horizon) or None, default=None
            Sample paths.
        timestamps : array-like of shape (length + horizon,) or None, default=None
            Timestamps of the window and the steps. None counts steps: the origin is 0.
        name : str or None, default=None
            Name in the legend; None for "forecast".
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        line_kwargs, band_kwargs, path_kwargs : dict or None, default=None
            As for :meth:`plot`.

        Returns
        -------
        display : ForecastDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, ValueError
            If the shapes do not match, a lower end is above the upper one, or a
            coverage is not between 0 and 1.
        """
        check_matplotlib(f"{cls.__name__}.from_predictions")
        coverages = tuple(check_coverages(coverages))
        window = _checked(window, "window", (None,))
        y_pred = _checked(y_pred, "y_pred", (None,))
        horizon = len(y_pred)
        if coverages or intervals is not None:
            found = () if intervals is None else intervals
            intervals = _checked(found, "intervals", (len(coverages), horizon, 2))
            check_interval(intervals)  # the lower end first
        if y_true is not None:
            y_true = _checked(y_true, "y_true", (horizon,))
        if paths is not None:
            paths = _checked(paths, "paths", (None, horizon))
        shape = np.shape(() if timestamps is None else timestamps)
        if timestamps is not None and shape != (len(window) + horizon,):
            raise ValueError(
                f"Expected {len(window) + horizon} timestamps, {len(window)} of the "
                f"window and {horizon} of the horizon, found shape {shape}."
            )
        display = cls(
            window,
            y_pred,
            y_true=y_true,
            intervals=intervals,
            coverages=coverages,
            paths=paths,
            timestamps=timestamps,
            name=name,
        )
        return display.plot(
            ax,
            line_kwargs=line_kwargs,
            band_kwargs=band_kwargs,
            path_kwargs=path_kwargs,
        )


def _checked(values: ArrayLike, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """`values` as floats of `shape`, where None stands for any number above 0."""
    check_numeric(values, name)
    if np.iscomplexobj(values):
        raise TypeError(f"Expected {name} as real numbers, found complex ones.")
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != len(shape) or any(
        found == 0 if size is None else found != size
        for size, found in zip(shape, array.shape)
    ):
        words = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(
            f"Expected {name} of shape ({words}), found {array.shape}. Pass the steps "
            "of one origin and one target."
        )
    return array
