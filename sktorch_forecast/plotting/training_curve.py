"""How the losses fell during training, and which epoch was kept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from .._training.curve import TrainingCurve, curve_of, curve_of_history
from .._utils.inside import inside_of
from ..forecaster import Forecaster
from ..metrics._checks import check_numbers
from ._matplotlib import axes_for, check_matplotlib, integer_ticks, label_once, styled

if TYPE_CHECKING:  # matplotlib is an extra
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D


class TrainingCurveDisplay:
    """Training and validation loss of each epoch, and the epoch that was kept.

    Make one with :meth:`from_estimator` or :meth:`from_history`. A validation loss that
    rises while the training loss keeps falling is a sign of overfitting; if both losses
    still fall at the end, train for more epochs or with a higher learning rate.

    It has a different name from scikit-learn's ``LearningCurveDisplay`` because that
    shows a score against the number of samples.

    Parameters
    ----------
    train_loss : array-like of shape (n_epochs,)
        Training loss of each epoch.
    valid_loss : array-like of shape (n_epochs,) or None, default=None
        Validation loss of each epoch, NaN where there is none; None for no line.
    epochs : array-like of shape (n_epochs,) or None, default=None
        Numbers of the epochs; None counts from 1.
    kept_epoch : int or None, default=None
        The epoch whose weights were kept; None draws no mark.
    name : str or None, default=None
        Name of the forecaster, put before "training" and "validation" in the legend;
        None for no name.

    Attributes
    ----------
    train_line_ : matplotlib.lines.Line2D
        The training loss.
    valid_line_ : matplotlib.lines.Line2D or None
        The validation loss.
    kept_line_ : matplotlib.lines.Line2D or None
        A vertical line at the epoch that was kept.
    ax_ : matplotlib.axes.Axes
        Axes with the plot.
    figure_ : matplotlib.figure.Figure
        Figure of the axes.

    See Also
    --------
    LearningRateDisplay : Helps to choose a learning rate.

    Notes
    -----
    With ``normalize="window"`` and a loss that has units, losses are in the units of
    the window: see the attribute `history` of a forecaster. The losses are those of the
    network alone, before it is averaged with a `baseline`.

    Examples
    --------
    >>> from sktorch_forecast.plotting import TrainingCurveDisplay
    >>> display = TrainingCurveDisplay([3, 2, 1], [3, 2.5, 2.7], kept_epoch=2).plot()
    >>> display.valid_line_.get_xydata().tolist()
    [[1.0, 3.0], [2.0, 2.5], [3.0, 2.7]]
    """

    train_line_: "Line2D"
    valid_line_: "Line2D | None"
    kept_line_: "Line2D | None"
    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(
        self,
        train_loss: ArrayLike,
        valid_loss: ArrayLike | None = None,
        *,
        epochs: ArrayLike | None = None,
        kept_epoch: int | None = None,
        name: str | None = None,
    ) -> None:
        self.train_loss = train_loss
        self.valid_loss = valid_loss
        self.epochs = epochs
        self.kept_epoch = kept_epoch
        self.name = name

    def plot(
        self, ax: "Axes | None" = None, *, name: str | None = None, **kwargs: Any
    ) -> Self:
        """Draw the losses.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        name : str or None, default=None
            Name in the legend; None means the name of the display.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.plot`` for both losses.

        Returns
        -------
        self : TrainingCurveDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the losses are not numbers, or differ in length.
        """
        train = _losses(self.train_loss, "train_loss")
        n_epochs = len(train)
        x = np.arange(1, n_epochs + 1)
        if self.epochs is not None:
            x = check_numbers(self.epochs, "epochs")
        valid = None
        if self.valid_loss is not None:
            valid = _losses(self.valid_loss, "valid_loss")
        for losses, of in ((x, "epochs"), (valid, "valid_loss")):
            if losses is not None and losses.shape != (n_epochs,):
                raise ValueError(
                    f"Expected {of} of shape ({n_epochs},), that of train_loss, found "
                    f"{losses.shape}."
                )
        ax = axes_for(self, ax)
        from matplotlib.lines import Line2D

        name = self.name if name is None else name
        before = "" if name is None else f"{name}, "
        style = styled(Line2D, {"label": f"{before}training"}, kwargs)
        (self.train_line_,) = ax.plot(x, train, **style)
        self.valid_line_ = self.kept_line_ = None
        if valid is not None:
            style = styled(Line2D, {"label": f"{before}validation"}, kwargs)
            (self.valid_line_,) = ax.plot(x, valid, **style)
        if self.kept_epoch is not None:
            # In the color of the loss that chose it.
            chosen_by = self.valid_line_ or self.train_line_
            self.kept_line_ = ax.axvline(
                self.kept_epoch,
                color=chosen_by.get_color(),
                linestyle=":",
                label=label_once(ax, f"{before}kept epoch"),
            )
        ax.set(xlabel="epoch", ylabel="loss")
        integer_ticks(ax)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        name: str | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the losses that a fitted network has recorded.

        Parameters
        ----------
        estimator : estimator
            Fitted network, or something that contains one: a pipeline, a search, a
            :class:`~sktorch_forecast.SeriesForecaster`.
        name : str or None, default=None
            Name in the legend; None for no name.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.plot`` for both losses.

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        sklearn.exceptions.NotFittedError
            If the network is not fitted.
        TypeError
            If there is no network inside.
        ValueError
            If it has recorded no losses.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        curve = curve_of(_network_of(estimator))
        return cls._of(curve, name).plot(ax, **kwargs)

    @classmethod
    def from_history(
        cls,
        history: Sequence[dict[str, Any]],
        *,
        kept_epoch: int | None = None,
        name: str | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the losses of a history.

        Parameters
        ----------
        history : skorch.history.History, or list of dict
            One dictionary for each epoch, with "epoch", "train_loss" and, if there is
            one, "valid_loss"; for example as read back from a JSON file.
        kept_epoch : int or None, default=None
            The epoch whose weights were kept; None draws no mark.
        name : str or None, default=None
            Name in the legend; None for no name.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.
        **kwargs : dict
            Passed on to ``matplotlib.axes.Axes.plot`` for both losses.

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there are no losses in it.
        """
        check_matplotlib(f"{cls.__name__}.from_history")
        curve = curve_of_history(history, kept_epoch)
        return cls._of(curve, name).plot(ax, **kwargs)

    @classmethod
    def _of(cls, curve: TrainingCurve, name: str | None) -> Self:
        if np.isnan(curve.train).all():
            raise ValueError(
                "Expected a history with a train_loss, found none in its "
                f"{len(curve.train)} epochs: with callbacks='disable' no losses are "
                "recorded. Fit with the default callbacks."
            )
        valid = None if np.isnan(curve.valid).all() else curve.valid
        epochs, kept = curve.epochs, curve.kept
        return cls(curve.train, valid, epochs=epochs, kept_epoch=kept, name=name)


def _losses(losses: ArrayLike, name: str) -> np.ndarray:
    """Losses as float64, some of which may be NaN."""
    return check_numbers(losses, name, ensure_all_finite="allow-nan")


def _network_of(estimator: Any) -> Any:
    """The fitted network inside pipelines, searches and wrapping forecasters."""
    inside = estimator
    while not isinstance(inside, Forecaster):
        check_is_fitted(inside)
        around, inside = inside, inside_of(inside, "best_estimator_", "estimator_")
        if inside is None:
            raise TypeError(
                "Expected a network, which records its losses, or something with one "
                f"inside, found {type(around).__name__}. For an ensemble, pass one of "
                "its members: ensemble.estimators_[0]."
            )
    check_is_fitted(inside)
    return inside
