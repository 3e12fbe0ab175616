"""The losses of a range test against the learning rate."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .._data.windows import Windows
from ..model_selection import find_lr
from ._matplotlib import axes_for, check_matplotlib, label_once, styled

if TYPE_CHECKING:  # matplotlib is an extra
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D


class LearningRateDisplay:
    """Training loss against the learning rate, with the suggested rate.

    Make one with :meth:`from_estimator`, or from the result of
    :func:`~sktorch_forecast.model_selection.find_lr` with
    ``LearningRateDisplay(**result)``.

    Parameters
    ----------
    rates : array-like of shape (n_steps,)
        Learning rates.
    losses : array-like of shape (n_steps,)
        Training losses.
    smoothed : array-like of shape (n_steps,)
        The losses, smoothed.
    suggestion : float
        The rate to mark.

    Attributes
    ----------
    line_ : matplotlib.lines.Line2D
        The smoothed losses.
    loss_line_ : matplotlib.lines.Line2D
        The losses themselves, pale.
    suggestion_line_ : matplotlib.lines.Line2D
        A vertical line at the suggestion.
    ax_ : matplotlib.axes.Axes
        Axes with the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the axes.

    See Also
    --------
    TrainingCurveDisplay : The losses of a whole training run.

    Examples
    --------
    >>> from sktorch_forecast import MLPForecaster, make_windows
    >>> from sktorch_forecast.datasets import load_elnino
    >>> from sktorch_forecast.model_selection import find_lr
    >>> from sktorch_forecast.plotting import LearningRateDisplay
    >>> X, y = make_windows(load_elnino(), horizon=3, length=12)
    >>> result = find_lr(MLPForecaster(random_state=0), X, y, n_steps=50)
    >>> display = LearningRateDisplay(**result).plot()
    >>> display.ax_.get_xscale()
    'log'
    """

    line_: "Line2D"
    loss_line_: "Line2D"
    suggestion_line_: "Line2D"
    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(
        self,
        rates: ArrayLike,
        losses: ArrayLike,
        smoothed: ArrayLike,
        suggestion: float,
    ) -> None:
        self.rates = rates
        self.losses = losses
        self.smoothed = smoothed
        self.suggestion = suggestion

    def plot(
        self, ax: "Axes | None" = None, *, name: str | None = None, **kwargs: Any
    ) -> Self:
        """Draw the losses and the suggestion.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        name : str or None, default=None
            Name in the legend; None for "loss, smoothed".
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.plot`` for the smoothed losses.

        Returns
        -------
        self : LearningRateDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = axes_for(self, ax)
        from matplotlib.lines import Line2D

        style = styled(Line2D, {"label": name or "loss, smoothed"}, kwargs)
        (self.line_,) = ax.plot(self.rates, self.smoothed, **style)
        (self.loss_line_,) = ax.plot(
            self.rates,
            self.losses,
            color=self.line_.get_color(),
            linewidth=0.8,
            alpha=0.3,
            label=label_once(ax, "loss"),
        )
        self.suggestion_line_ = ax.axvline(
            self.suggestion,
            color=self.line_.get_color(),
            linestyle=":",
            label=f"suggestion, {self.suggestion:.2g}",
        )
        # At the end of the test, single large losses would hide all earlier ones.
        low, high = np.min(self.smoothed), np.max(self.smoothed)
        ax.set_ylim(low - 0.1 * (high - low), high + 0.1 * (high - low))
        ax.set(xscale="log", xlabel="learning rate", ylabel="loss")
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
        min_lr: float = 1e-6,
        max_lr: float = 1.0,
        n_steps: int = 200,
        name: str | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Run the range test on a clone of a network, and draw it.

        Parameters
        ----------
        estimator : Forecaster
            A network, fitted or not.
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows to train on.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window.
        min_lr, max_lr : float, default=1e-6 and 1.0
            The first and last learning rates.
        n_steps : int, default=200
            Number of batches to train on.
        name : str or None, default=None
            Name in the legend; None for "loss, smoothed".
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.plot`` for the smoothed losses.

        Returns
        -------
        display : LearningRateDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, ValueError
            As for :func:`~sktorch_forecast.model_selection.find_lr`.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        result = find_lr(estimator, X, y, min_lr=min_lr, max_lr=max_lr, n_steps=n_steps)
        return cls(**result).plot(ax, name=name, **kwargs)
