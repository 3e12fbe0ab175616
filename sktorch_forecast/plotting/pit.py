"""Whether true values look like draws from the forecast distributions."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom

from .._data.windows import Windows
from .._utils.typing import RandomState
from .._utils.validation import check_positive_int
from ..metrics import pit_values
from ..metrics._checks import check_numbers
from ..metrics._uncertainty_of import uncertainty_of
from ._matplotlib import axes_for, check_matplotlib, label_once, styled

if TYPE_CHECKING:  # matplotlib is an extra
    from matplotlib.axes import Axes
    from matplotlib.collections import Collection
    from matplotlib.container import BarContainer
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D


class PITDisplay:
    """Histogram of the probability integral transform (PIT).

    Make one with :meth:`from_estimator` or :meth:`from_predictions`. The PIT of a true
    value is the probability that the forecast gave to lower values. If the forecast
    distributions are right, the PIT values are uniform over [0, 1] [1]_. A U-shaped
    histogram means that distributions are too narrow, a hump that they are too wide,
    and a slope that they are biased: it rises to the right if forecasts are too low.

    Parameters
    ----------
    pit_values : array-like of shape (n_values,)
        Between 0 and 1; NaN where there is none.
    bins : int, default=10
        Number of bars, of equal width.
    name : str or None, default=None
        Name of the forecaster in the legend; None for no name.

    Attributes
    ----------
    bars_ : matplotlib.container.BarContainer
        The histogram, as a density.
    line_ : matplotlib.lines.Line2D
        The density 1 of the uniform distribution.
    band_ : matplotlib.collections.PolyCollection
        Where 95 % of the bars end if the values are independent and uniform.
    ax_ : matplotlib.axes.Axes
        Axes with the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the axes.

    See Also
    --------
    CoverageDisplay : Compares several forecasters in one plot.

    Notes
    -----
    For ``n`` independent uniform values, the number in one of ``b`` bins is binomial
    with ``n`` trials of probability ``1 / b``. The band reaches from its 2.5 % to its
    97.5 % quantile, so about one of 20 bars is outside even if all is well. Errors of
    the steps of one origin, and of neighboring origins whose horizons overlap, are
    dependent: with many steps, even correct distributions leave the band more often
    than that. For a reliable test, use only the values of step 1, or origins a horizon
    apart.

    References
    ----------
    .. [1] T. Gneiting, F. Balabdaoui and A. E. Raftery (2007), Probabilistic
       forecasts, calibration and sharpness. Journal of the Royal Statistical Society
       B 69 (2), section 3.1.

    Examples
    --------
    >>> from sktorch_forecast.plotting import PITDisplay
    >>> display = PITDisplay.from_predictions([0.1, 0.2, 0.3, 0.9], bins=2)
    >>> [float(bar.get_height()) for bar in display.bars_]
    [1.5, 0.5]
    """

    bars_: "BarContainer"
    line_: "Line2D"
    band_: "Collection"
    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(
        self, pit_values: ArrayLike, *, bins: int = 10, name: str | None = None
    ) -> None:
        self.pit_values = pit_values
        self.bins = bins
        self.name = name

    def plot(
        self, ax: "Axes | None" = None, *, name: str | None = None, **kwargs: Any
    ) -> Self:
        """Draw the histogram, the line and the band.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        name : str or None, default=None
            Name in the legend; None means the name of the display.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.bar`` for the histogram.

        Returns
        -------
        self : PITDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, ValueError
            If a value is not between 0 and 1, or `bins` is not a positive integer.
        """
        values, bins = _checked(self.pit_values), check_positive_int(self.bins, "bins")
        ax = axes_for(self, ax)
        from matplotlib.patches import Rectangle

        name = self.name if name is None else name
        counts, edges = np.histogram(values, bins=bins, range=(0, 1))
        # A count of n / bins is the density 1.
        unit = counts.sum() / bins
        lower, upper = binom.interval(0.95, counts.sum(), 1 / bins)
        style = styled(Rectangle, {"alpha": 0.7, "edgecolor": "white"}, kwargs)
        self.bars_ = ax.bar(
            edges[:-1],
            counts / unit,
            **{"width": 1 / bins, "align": "edge", "label": name} | style,
        )
        self.band_ = ax.fill_between(
            [0, 1],
            lower / unit,
            upper / unit,
            color="black",
            alpha=0.15,
            linewidth=0,
            label=label_once(ax, "95 % of bars, if uniform"),
        )
        (self.line_,) = ax.plot(
            [0, 1], [1, 1], ":", color="black", label=label_once(ax, "uniform")
        )
        ax.set(xlabel="PIT value", ylabel="density", xlim=(0, 1))
        ax.set_ylim(bottom=0)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Windows | ArrayLike,
        y: ArrayLike,
        *,
        n_samples: int = 200,
        bins: int = 10,
        random_state: RandomState = None,
        name: str | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the PIT of true values within the sample paths of a forecaster.

        Parameters
        ----------
        estimator : estimator
            Fitted forecaster with `sample`, or a pipeline or search that ends in one.
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows that the forecaster was not trained on.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window, in the units of the series, all targets of step
            1 first.
        n_samples : int, default=200
            Number of paths for each origin.
        bins : int, default=10
            Number of bars, of equal width.
        random_state : int, RandomState instance or None, default=None
            Seeds the paths and the random positions of true values between two samples.
            None leaves the paths to the forecaster's own `random_state`.
        name : str or None, default=None
            Name in the legend; None means the name of the forecaster's class.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.bar`` for the histogram.

        Returns
        -------
        display : PITDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If the forecaster has no sample paths.
        ValueError
            If the data are not valid.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        forecaster, X = uncertainty_of(estimator, X, "sample")
        samples = forecaster.sample(X, n_samples, random_state)
        return cls.from_predictions(
            pit_values(y, samples, random_state=random_state),
            bins=bins,
            name=type(forecaster).__name__ if name is None else name,
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        pit_values: ArrayLike,
        *,
        bins: int = 10,
        name: str | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Draw given PIT values.

        Parameters
        ----------
        pit_values : array-like of any shape
            Between 0 and 1, one for each true value; NaN where there is none.
        bins : int, default=10
            Number of bars, of equal width.
        name : str or None, default=None
            Name in the legend; None for no name.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.bar`` for the histogram.

        Returns
        -------
        display : PITDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, ValueError
            If a value is not between 0 and 1, or `bins` is not a positive integer.
        """
        check_matplotlib(f"{cls.__name__}.from_predictions")
        bins = check_positive_int(bins, "bins")
        return cls(_checked(pit_values), bins=bins, name=name).plot(ax, **kwargs)


def _checked(pit_values: ArrayLike) -> np.ndarray:
    """The values that are not NaN: at least one, and each a probability."""
    values = check_numbers(
        np.ravel(pit_values), "pit_values", ensure_all_finite="allow-nan"
    )
    values = values[~np.isnan(values)]
    if not len(values):
        raise ValueError(
            "Expected at least one number in pit_values, found only NaN: none of "
            "the true values was observed. Take more origins."
        )
    if values.min() < 0 or values.max() > 1:
        raise ValueError(
            "Expected pit_values between 0 and 1, found "
            f"{values.min():.3g} to {values.max():.3g}: each is the probability that "
            "the forecast gave to values below the true one."
        )
    return values
