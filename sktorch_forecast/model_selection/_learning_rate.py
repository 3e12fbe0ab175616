"""Find a learning rate with a range test."""

import sys
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import Bunch
from skorch.callbacks import Callback

from .._data.windows import Windows
from .._training.fitting import train
from .._training.net import WindowNet
from .._utils.validation import check_positive_int

# The test ends when the mean loss of ten steps exceeds the lowest such mean by three
# times that lowest mean or three times the fall to it from the first mean.
_N_MEAN, _RISE = 10, 3.0


class _TestOver(Exception):
    """Raised to end the training of a range test."""


class _RangeTest(Callback):
    """Raise the learning rate from batch to batch and record the losses."""

    def __init__(self, rates: np.ndarray):
        self.rates = rates

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.losses_: list[float] = []
        groups = net.optimizer_.param_groups
        self.ratios_ = [group["lr"] / net.lr for group in groups]

    def on_batch_begin(self, net: Any, training: bool = False, **kwargs: Any) -> None:
        rate = self.rates[len(self.losses_)]
        for group, ratio in zip(net.optimizer_.param_groups, self.ratios_):
            group["lr"] = float(rate * ratio)

    def on_batch_end(
        self, net: Any, training: bool = False, loss: Any = None, **kwargs: Any
    ) -> None:
        if not np.isfinite(value := loss.item()):
            raise _TestOver
        self.losses_.append(value)
        if len(self.losses_) == len(self.rates) or _has_diverged(self.losses_):
            raise _TestOver


def find_lr(
    forecaster: Any,
    X: Windows | ArrayLike,
    y: ArrayLike,
    *,
    min_lr: float = 1e-6,
    max_lr: float = 1.0,
    n_steps: int = 200,
) -> Bunch:
    """Try all learning rates in one short training run: the range test [1]_.

    The learning rate rises from batch to batch while the network trains. The loss is
    flat at first, then falls, and finally rises, when the steps become too large. A
    good rate is where the loss falls most steeply, well before its lowest point.

    Parameters
    ----------
    forecaster : Forecaster
        A network, fitted or not. It stays as it is; a clone is trained.
    X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
            shape (n_origins, length, n_channels)
        Windows to train on.
    y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
        What followed each window.
    min_lr, max_lr : float, default=1e-6 and 1.0
        The first and last learning rates.
    n_steps : int, default=200
        Number of batches to train on; the rate grows by the same factor from each to
        the next. The test ends early if the loss shoots up.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        With the attributes

        rates : ndarray of shape (n_steps_taken,)
            Learning rate of each step.
        losses : ndarray of shape (n_steps_taken,)
            Training loss of its batch, before the step.
        smoothed : ndarray of shape (n_steps_taken,)
            The losses, each averaged with the ten before and the ten after it, with the
            nearest weighted most.
        suggestion : float
            The rate where the smoothed loss falls most steeply over the logarithm of
            the rate, without the first ten steps, where few losses are averaged.

    Raises
    ------
    TypeError
        If `forecaster` is not a network.
    ValueError
        If the rates are not positive and increasing, the losses of the first twenty
        steps are not finite, or as for `fit`.

    See Also
    --------
    sktorch_forecast.plotting.LearningRateDisplay : Plots the result.

    Notes
    -----
    Smith raises the rate linearly, and looks at the accuracy. Here it rises
    exponentially, so that all orders of magnitude get the same number of steps, and the
    training loss is enough. The suggestion is a place to start a search, not its
    result: it depends on the batch size and on the seed.

    References
    ----------
    .. [1] L. N. Smith (2017), Cyclical learning rates for training neural networks.
       IEEE Winter Conference on Applications of Computer Vision, section 3.3.

    Examples
    --------
    >>> from sktorch_forecast import MLPForecaster, make_windows
    >>> from sktorch_forecast.datasets import load_elnino
    >>> from sktorch_forecast.model_selection import find_lr
    >>> X, y = make_windows(load_elnino(), horizon=3, length=12)
    >>> model = MLPForecaster(random_state=0)
    >>> result = find_lr(model, X, y)
    >>> model = model.set_params(lr=result.suggestion)
    """
    if not isinstance(forecaster, WindowNet):
        raise TypeError(
            "Expected a network, such as LSTMForecaster(), found "
            f"{type(forecaster).__name__}. Pass the network alone, and the windows "
            "that it would be fitted on: what a pipeline makes of X, or "
            "make_windows(df, ...) instead of a frame."
        )
    n_steps = check_positive_int(n_steps, "n_steps")
    if n_steps <= 2 * _N_MEAN:
        raise ValueError(
            f"Expected n_steps of more than {2 * _N_MEAN}, found {n_steps}: fewer do "
            "not show a curve."
        )
    if not 0 < min_lr < max_lr < np.inf:
        raise ValueError(
            "Expected 0 < min_lr < max_lr, both finite, found min_lr="
            f"{min_lr!r} and max_lr={max_lr!r}."
        )
    test = _RangeTest(np.geomspace(min_lr, max_lr, n_steps))
    net: Any = clone(forecaster)
    # Its callbacks might change the rate, too, or write files.
    for name in net.dunder_names():
        if name.startswith("callbacks__"):
            delattr(net, name)
    # Train on all origins until the test ends; the end of a fit is not needed.
    net.set_params(
        baseline=None,
        callbacks="disable",
        early_stopping=False,
        max_epochs=sys.maxsize,
        train_split="last",
        verbose=0,
    )
    try:
        train(net, X, y, go_on=False, callbacks=[("range_test", test)])
    except _TestOver:
        pass
    return _result(test)


def _has_diverged(losses: list[float]) -> bool:
    """Whether the losses have shot up."""
    if len(losses) < 2 * _N_MEAN:
        return False
    means = np.convolve(losses, np.full(_N_MEAN, 1 / _N_MEAN), "valid")
    lowest = means.min()
    return bool(means[-1] - lowest > _RISE * max(means[0] - lowest, abs(lowest)))


def _result(test: _RangeTest) -> Bunch:
    losses = np.array(test.losses_)
    n_taken = len(losses)
    if n_taken <= 2 * _N_MEAN:
        raise ValueError(
            f"Expected finite losses in more than {2 * _N_MEAN} steps, found them in "
            f"{n_taken}, up to a learning rate of "
            f"{test.rates[max(n_taken - 1, 0)]:.3g}. Use a smaller min_lr."
        )
    rates = test.rates[:n_taken]
    weights = np.hanning(2 * _N_MEAN + 3)[1:-1]
    smoothed = np.convolve(losses, weights, "same")
    smoothed /= np.convolve(np.ones(n_taken), weights, "same")
    slopes = np.gradient(smoothed, np.log(rates))[_N_MEAN:]
    return Bunch(
        rates=rates,
        losses=losses,
        smoothed=smoothed,
        suggestion=float(rates[_N_MEAN + slopes.argmin()]),
    )
