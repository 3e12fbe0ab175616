"""Patterns left in the residuals of a backtest, which a forecaster could use."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .._utils.validation import check_positive_int
from ..metrics._backtest_frame import check_backtest, chosen
from ._matplotlib import axes_for, check_matplotlib, integer_ticks, label_once, styled

if TYPE_CHECKING:  # matplotlib is an extra
    from matplotlib.axes import Axes
    from matplotlib.collections import Collection
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D

Kind: TypeAlias = Literal["autocorrelation", "step", "hour", "weekday", "month"]

# Kinds and the names of the x axis.
_KINDS = {
    "autocorrelation": "lag in origins",
    "step": "step",
    "hour": "hour of the day",
    "weekday": "day of the week, 0 is Monday",
    "month": "month",
}
_PARTS = {"hour": "hour", "weekday": "day_of_week", "month": "month"}  # of timestamps


class ResidualDisplay:
    """Residuals of a backtest: their autocorrelation, or their size by step or time.

    Make one with :meth:`from_backtest`. A residual is the truth minus the forecast, so
    it is positive where the forecast is too low. With a good forecaster, residuals of
    step 1 have no autocorrelation, and a mean near 0 at every hour.

    Parameters
    ----------
    x : array-like of shape (n_points,)
        Lags in origins, or steps, hours, days of the week or months.
    center : array-like of shape (n_points,)
        Autocorrelations, or mean residuals in the units of the series.
    lower, upper : array-like of shape (n_points,)
        Ends of the band: the range of 95 % of the sample autocorrelations of white
        noise, or the 10 % and 90 % quantiles of the residuals.
    kind : {"autocorrelation", "step", "hour", "weekday", "month"}, default="step"
        What is shown.
    name : str or None, default=None
        Name of the forecaster in the legend; None for no name.

    Attributes
    ----------
    line_ : matplotlib.lines.Line2D
        `center` over `x`.
    band_ : matplotlib.collections.PolyCollection
        From `lower` to `upper`.
    ax_ : matplotlib.axes.Axes
        Axes with the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the axes.

    See Also
    --------
    BacktestDisplay : The forecasts themselves.

    Notes
    -----
    Multi-step forecasts from neighboring origins miss the same events, so their errors
    are correlated with any forecaster: those of step ``h`` up to a lag of ``h - 1``
    timestamps [1]_. Only one-step errors should show no autocorrelation, which is why
    step 1 is the default.

    The autocorrelation at lag ``k`` is

    .. math:: r_k = \\frac{\\sum_t e_t e_{t + k}}{\\sum_t e_t^2}

    with ``e`` the residuals of one step minus their mean, in the order of their
    origins. With several series, both sums run over all of them, each centered by its
    own mean. Missing residuals are left out of both. The band is :math:`\\pm 1.96 /
    \\sqrt{n}`, with ``n`` the number of residuals.

    References
    ----------
    .. [1] F. X. Diebold and R. S. Mariano (1995), Comparing predictive accuracy.
       Journal of Business & Economic Statistics 13 (3), section 1.1.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import NaiveForecaster, SeriesForecaster
    >>> from sktorch_forecast.plotting import ResidualDisplay
    >>> model = SeriesForecaster(NaiveForecaster(), horizon=3, length=2)
    >>> frame = model.backtest(np.arange(12.0), n_origins=3)
    >>> ResidualDisplay.from_backtest(frame, kind="step").line_.get_ydata().tolist()
    [1.0, 2.0, 3.0]
    """

    line_: "Line2D"
    band_: "Collection"
    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(
        self,
        x: ArrayLike,
        center: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        *,
        kind: Kind = "step",
        name: str | None = None,
    ) -> None:
        self.x = x
        self.center = center
        self.lower = lower
        self.upper = upper
        self.kind = kind
        self.name = name

    def plot(
        self, ax: "Axes | None" = None, *, name: str | None = None, **kwargs: Any
    ) -> Self:
        """Draw the line and the band.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        name : str or None, default=None
            Name in the legend; None means the name of the display.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.plot`` for the line.

        Returns
        -------
        self : ResidualDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is no such `kind`.
        """
        is_correlation = _checked(self.kind) == "autocorrelation"
        ax = axes_for(self, ax)
        from matplotlib.lines import Line2D

        name = self.name if name is None else name
        what = "autocorrelation" if is_correlation else "mean residual"
        label = what if name is None else name
        style = {"marker": "o", "markersize": 3, "label": label}
        style = styled(Line2D, style, kwargs)
        (self.line_,) = ax.plot(self.x, self.center, **style)
        band = "95 %, if uncorrelated" if is_correlation else "80 % of residuals"
        self.band_ = ax.fill_between(
            np.asarray(self.x),
            np.asarray(self.lower),
            np.asarray(self.upper),
            color="black" if is_correlation else self.line_.get_color(),
            alpha=0.15,
            linewidth=0,
            label=label_once(ax, band),
        )
        ax.axhline(0, color="black", linewidth=0.8, zorder=0)
        ax.set(xlabel=_KINDS[self.kind], ylabel=what)
        integer_ticks(ax)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @classmethod
    def from_backtest(
        cls,
        frame: pd.DataFrame,
        *,
        kind: Kind = "step",
        target: Hashable | None = None,
        step: int = 1,
        n_lags: int = 24,
        name: str | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the residuals of a backtest.

        Parameters
        ----------
        frame : DataFrame
            What :meth:`SeriesForecaster.backtest
            <sktorch_forecast.SeriesForecaster.backtest>` returns. All its series are
            used; pass the rows of one series to look at it alone.
        kind : {"autocorrelation", "step", "hour", "weekday", "month"}, default="step"
            "autocorrelation" shows that of the residuals of one step. The others show
            the mean of the residuals and their central 80 %, for each step, or for each
            hour, day of the week or month of the forecast timestamps.
        target : hashable or None, default=None
            Which target; None if there is only one.
        step : int, default=1
            The step whose residuals to use for the autocorrelation.
        n_lags : int, default=24
            Number of lags of the autocorrelation, in origins; lags with too few origins
            are left out.
        name : str or None, default=None
            Name of the forecaster in the legend; None for no name.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.plot`` for the line.

        Returns
        -------
        display : ResidualDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, ValueError
            If the frame is not that of a backtest, there is no such kind, target or
            step, or hours are requested for timestamps that have none.
        """
        check_matplotlib(f"{cls.__name__}.from_backtest")
        _checked(kind)
        frame = chosen(check_backtest(frame, "timestamp"), "target", target)
        if kind == "autocorrelation":
            step = check_positive_int(step, "step")
            n_lags = check_positive_int(n_lags, "n_lags")
            parts = _autocorrelation(frame, step, n_lags)
        else:
            parts = _by(frame, kind)
        return cls(*parts, kind=kind, name=name).plot(ax, **kwargs)


def _checked(kind: Any) -> str:
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"Expected kind as one of {list(_KINDS)}, found {kind!r}.")
    return kind


def _autocorrelation(frame, step, n_lags):
    """Lags, autocorrelations and the ends of their band."""
    rows = frame[frame["step"] == step].sort_values("origin")
    residuals = rows["y"] - rows["forecast"]
    n_observed = int(residuals.notna().sum())
    if n_observed < 2:
        raise ValueError(
            f"Expected at least 2 residuals of step {step}, found {n_observed} in a "
            f"backtest of {frame['step'].max()} steps. Take more origins."
        )
    of_series = [residuals]
    if "id" in rows:
        of_series = [part for _, part in residuals.groupby(rows["id"])]
    # Missing residuals add nothing to the sums.
    of_series = [(e - e.mean()).fillna(0).to_numpy() for e in of_series]
    n_lags = min(n_lags, max(map(len, of_series)) - 1)
    lags = np.arange(1, n_lags + 1)
    products = [sum(float(e[:-k] @ e[k:]) for e in of_series) for k in lags]
    squares = sum(float(e @ e) for e in of_series)
    band = np.full(n_lags, 1.96 / np.sqrt(n_observed))
    # Constant residuals have no correlation.
    return lags, np.divide(products, squares or np.nan), -band, band


def _by(frame, kind):
    """Groups, mean residuals, and their quantiles at 10 and 90 %."""
    groups = frame["step"]
    if kind != "step":
        stamps = pd.Index(frame["timestamp"])
        if not isinstance(stamps, (pd.DatetimeIndex, pd.PeriodIndex)):
            raise ValueError(
                f"Expected dates in the column timestamp for kind={kind!r}, found "
                f"{stamps.dtype}. Take kind='step' or 'autocorrelation'."
            )
        groups = pd.Series(getattr(stamps, _PARTS[kind]), index=frame.index)
    residuals = (frame["y"] - frame["forecast"]).groupby(groups)
    lower, upper = residuals.quantile(0.1), residuals.quantile(0.9)
    return tuple(
        part.to_numpy() for part in (lower.index, residuals.mean(), lower, upper)
    )
