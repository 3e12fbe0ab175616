"""Whether intervals contain the truth as often as they should."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .._data.windows import Windows
from .._utils.validation import check_coverages, check_finite
from ..metrics._checks import (
    check_interval,
    check_numbers,
    check_outcomes,
    mean_over_rows,
)
from ..metrics._uncertainty_of import uncertainty_of
from ._matplotlib import axes_for, check_matplotlib, label_once, styled

if TYPE_CHECKING:  # matplotlib is an extra
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D

_TENTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class CoverageDisplay:
    """Nominal against observed coverage of intervals.

    Make one with :meth:`from_estimator` or :meth:`from_predictions`. On the diagonal,
    intervals contain the share of true values that they should. Below it they are too
    narrow, above it too wide.

    Parameters
    ----------
    nominal : array-like of shape (n_coverages,)
        Nominal coverages, between 0 and 1.
    observed : array-like of shape (n_coverages,)
        Shares of the true values inside the intervals, ends included.
    name : str or None, default=None
        Name of the forecaster in the legend; None for no name.

    Attributes
    ----------
    line_ : matplotlib.lines.Line2D
        Observed over nominal coverage.
    ax_ : matplotlib.axes.Axes
        Axes with the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the axes.

    See Also
    --------
    PITDisplay : Also shows how intervals are off: too low, too high, too narrow.

    Notes
    -----
    All steps, targets and origins have the same weight. A forecaster can be on the
    diagonal on average with intervals that are too wide at the first step and too
    narrow at the last: to look at some steps alone, select their columns of the truth
    and of the intervals and use :meth:`from_predictions`.

    References
    ----------
    .. [1] T. Gneiting, F. Balabdaoui and A. E. Raftery (2007), Probabilistic
       forecasts, calibration and sharpness. Journal of the Royal Statistical Society
       B 69 (2), section 3.2, coverage of central prediction intervals.

    Examples
    --------
    >>> from sktorch_forecast.plotting import CoverageDisplay
    >>> intervals = [[[[1, 3]], [[1, 3]]], [[[0, 9]], [[0, 9]]]]
    >>> display = CoverageDisplay.from_predictions(
    ...     [2, 5], intervals, coverages=[0.5, 0.9]
    ... )
    >>> display.observed
    array([0.5, 1. ])
    """

    line_: "Line2D"
    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(
        self, nominal: ArrayLike, observed: ArrayLike, *, name: str | None = None
    ) -> None:
        self.nominal = nominal
        self.observed = observed
        self.name = name

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        name: str | None = None,
        ref_line: bool = True,
        **kwargs: Any,
    ) -> Self:
        """Draw the line.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw, e.g. on the `ax_` of another display, to compare. None makes
            a new figure.
        name : str or None, default=None
            Name in the legend; None means the name of the display.
        ref_line : bool, default=True
            Whether to draw the diagonal.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.plot`` for the line.

        Returns
        -------
        self : CoverageDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = axes_for(self, ax)
        from matplotlib.lines import Line2D

        name = self.name if name is None else name
        if ref_line and (label := label_once(ax, "perfectly calibrated")):
            ax.plot([0, 1], [0, 1], ":", color="black", label=label)
        style = styled(Line2D, {"marker": "o", "label": name}, kwargs)
        (self.line_,) = ax.plot(self.nominal, self.observed, **style)
        ax.set(
            xlabel="nominal coverage",
            ylabel="observed coverage",
            xlim=(-0.01, 1.01),
            ylim=(-0.01, 1.01),
            aspect="equal",
        )
        if ax.get_legend_handles_labels()[1]:
            ax.legend(loc="upper left")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Windows | ArrayLike,
        y: ArrayLike,
        *,
        coverages: Sequence[float] = _TENTHS,
        name: str | None = None,
        ax: "Axes | None" = None,
        ref_line: bool = True,
        **kwargs: Any,
    ) -> Self:
        """Draw the coverage of a forecaster's intervals.

        Parameters
        ----------
        estimator : estimator
            Fitted forecaster with `predict_interval`, or a pipeline or search that
            ends in one.
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows that the forecaster was not trained on.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window, in the units of the series, all targets of step
            1 first.
        coverages : sequence of float, default=(0.1, 0.2, ..., 0.9)
            Nominal coverages, between 0 and 1. Each takes one call of
            `predict_interval`.
        name : str or None, default=None
            Name in the legend; None means the name of the forecaster's class.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        ref_line : bool, default=True
            Whether to draw the diagonal.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.plot`` for the line.

        Returns
        -------
        display : CoverageDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If the forecaster has no intervals.
        ValueError
            If the coverages or the data are not valid.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        coverages = check_coverages(coverages)
        forecaster, X = uncertainty_of(estimator, X, "predict_interval")
        return cls.from_predictions(
            y,
            [forecaster.predict_interval(X, coverage) for coverage in coverages],
            coverages=coverages,
            name=type(forecaster).__name__ if name is None else name,
            ax=ax,
            ref_line=ref_line,
            **kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        intervals: ArrayLike,
        *,
        coverages: Sequence[float],
        name: str | None = None,
        ax: "Axes | None" = None,
        ref_line: bool = True,
        **kwargs: Any,
    ) -> Self:
        """Draw the coverage of given intervals.

        Parameters
        ----------
        y_true : array-like of shape (n_origins,) or (n_origins, n_outputs)
            True values, in the units of the series. NaN where nothing was observed.
        intervals : array-like of shape (n_coverages, n_origins, n_outputs, 2)
            For each coverage what `predict_interval` returns: lower and upper ends,
            in the units of `y_true`.
        coverages : sequence of float, of length n_coverages
            Nominal coverages of the intervals, between 0 and 1.
        name : str or None, default=None
            Name in the legend; None for no name.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        ref_line : bool, default=True
            Whether to draw the diagonal.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.plot`` for the line.

        Returns
        -------
        display : CoverageDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the shapes do not match, an interval is not finite, a lower end is above
            the upper one, an output has no observed value, or a coverage is not between
            0 and 1.
        """
        check_matplotlib(f"{cls.__name__}.from_predictions")
        nominal = np.array(check_coverages(coverages))
        y_true = check_outcomes(y_true)
        intervals = check_numbers(
            intervals, "intervals", allow_nd=True, ensure_all_finite=False
        )
        expected = (len(nominal), *y_true.shape, 2)
        if intervals.shape != expected:
            raise ValueError(
                "Expected intervals of shape (n_coverages, n_origins, n_outputs, 2) = "
                f"{expected}, for these coverages and y_true, found {intervals.shape}. "
                "Stack what predict_interval returns for each coverage."
            )
        check_finite(intervals, "intervals", _place)
        for interval in intervals:
            check_interval(interval)  # the lower end first
        lower, upper = intervals[..., 0], intervals[..., 1]
        inside = (lower <= y_true) & (y_true <= upper)
        # (n_coverages, n_origins, n_outputs) -> (n_coverages,)
        observed = ~np.isnan(y_true)
        shares = np.array([mean_over_rows(held, observed, None) for held in inside])
        display = cls(nominal, shares, name=name)
        return display.plot(ax, ref_line=ref_line, **kwargs)


def _place(at: tuple[int, ...]) -> str:
    coverage, row, column, end = at
    return f"coverage {coverage}, row {row}, column {column}, end {end}"
