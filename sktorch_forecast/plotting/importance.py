"""How much each channel or lag matters, as bars."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .._data.windows import Windows
from .._utils.typing import RandomState
from .._utils.validation import check_positive_int
from ..inspection import window_importance
from ..inspection._groups import By
from ..metrics._checks import check_numbers
from ._matplotlib import axes_for, check_matplotlib, styled

if TYPE_CHECKING:  # matplotlib is an extra
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer
    from matplotlib.figure import Figure, SubFigure


class ImportanceDisplay:
    """Importance of groups of values: a bar for each, with the spread over repetitions.

    Make one with :meth:`from_estimator`, or from the result of
    :func:`~sktorch_forecast.inspection.window_importance` with
    ``ImportanceDisplay(result.names, result.importances)``.

    Parameters
    ----------
    names : sequence of str, of length n_groups
        Names of the groups.
    importances : array-like of shape (n_groups, n_repeats)
        How much the score falls without each group.
    xlabel : str, default="importance"
        Label of the axis.

    Attributes
    ----------
    bars_ : matplotlib.container.BarContainer
        The means, from top to bottom; their error bars are a standard deviation long
        to either side.
    ax_ : matplotlib.axes.Axes
        Axes with the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the axes.

    Examples
    --------
    >>> from sktorch_forecast.plotting import ImportanceDisplay
    >>> display = ImportanceDisplay(["price", "rain"], [[1, 3], [4, 6]]).plot()
    >>> [text.get_text() for text in display.ax_.get_yticklabels()]
    ['rain', 'price']
    """

    bars_: "BarContainer"
    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(
        self, names: Sequence[str], importances: ArrayLike, xlabel: str = "importance"
    ) -> None:
        self.names = names
        self.importances = importances
        self.xlabel = xlabel

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        sort: bool = True,
        max_display: int = 20,
        **kwargs: Any,
    ) -> Self:
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        sort : bool, default=True
            Whether the most important group is at the top. False keeps the order, in
            which lags go from the newest to the oldest.
        max_display : int, default=20
            Maximum number of groups to draw; the most important ones are kept.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.barh``.

        Returns
        -------
        self : ImportanceDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, ValueError
            If there is not one row of importances for each name, or `max_display` is
            not a positive integer.
        """
        max_display = check_positive_int(max_display, "max_display")
        importances = check_numbers(self.importances, "importances")
        if importances.ndim != 2 or len(importances) != len(self.names):
            raise ValueError(
                f"Expected importances of shape ({len(self.names)}, n_repeats), a row "
                f"for each name, found {importances.shape}."
            )
        means, deviations = importances.mean(axis=1), importances.std(axis=1)
        order = np.argsort(-means, kind="stable")[:max_display]
        if not sort:
            order = np.sort(order)
        ax = axes_for(self, ax)
        from matplotlib.patches import Rectangle

        self.bars_ = ax.barh(
            np.arange(len(order)),
            means[order],
            xerr=deviations[order],
            **styled(Rectangle, {"alpha": 0.7}, kwargs),
        )
        names = [str(self.names[i]) for i in order]
        ax.set_yticks(np.arange(len(order)), names)
        ax.invert_yaxis()  # first at the top
        ax.axvline(0, color="black", linewidth=0.8)
        ax.set_xlabel(self.xlabel)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Windows | ArrayLike,
        y: ArrayLike,
        *,
        by: By = "channel",
        lags: int | None = None,
        scoring: str | Callable[..., float] | None = None,
        n_repeats: int = 5,
        max_samples: int = 1000,
        random_state: RandomState = None,
        max_display: int = 20,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Compute the importance of channels or lags, and draw it.

        Parameters
        ----------
        estimator : estimator
            Fitted forecaster, or a pipeline or search that ends in one.
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows that the forecaster was not trained on.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window.
        by, lags, scoring, n_repeats, max_samples, random_state
            As for :func:`~sktorch_forecast.inspection.window_importance`.
        max_display : int, default=20
            Maximum number of groups to draw; the most important ones are kept.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.barh``.

        Returns
        -------
        display : ImportanceDisplay
            With lags in order and channels sorted by importance.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, ValueError
            As for :func:`~sktorch_forecast.inspection.window_importance`.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        result = window_importance(
            estimator,
            X,
            y,
            by=by,
            lags=lags,
            scoring=scoring,
            n_repeats=n_repeats,
            max_samples=max_samples,
            random_state=random_state,
        )
        what = "score" if scoring is None else scoring
        label = f"drop in {what}" if isinstance(what, str) else "importance"
        display = cls(result.names, result.importances, label)
        return display.plot(ax, sort=by != "lag", max_display=max_display, **kwargs)
