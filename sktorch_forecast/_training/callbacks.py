"""The callback that decides which weights training ends with."""

import warnings
from copy import deepcopy

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback


class KeepBestWeights(Callback):
    """Stop when the loss no longer improves or is not finite; keep the best weights.

    skorch's own EarlyStopping keeps training on NaN until its patience is over and says
    nothing; this one must also decide what is kept without early stopping.

    Parameters
    ----------
    patience : int or None, default=None
        Number of epochs without improvement after which to stop. None trains to the end
        and keeps the weights of the last epoch whose loss was finite.

    Attributes
    ----------
    best_epoch_, last_epoch_ : int or None
        The epoch whose weights are kept, and the last one.
    stop_ : bool
        Whether training should stop after the last epoch.
    flaw_ : str or None
        What was not finite, if that ended training.
    """

    def __init__(self, patience=None):
        self.patience = patience

    def on_train_begin(self, net, **kwargs):
        self.stop_ = False
        self.flaw_ = None
        self.best_loss_ = np.inf
        self.best_epoch_ = None
        self.last_epoch_ = None
        self.weights_ = None

    def on_epoch_end(self, net, **kwargs):
        epoch = net.history[-1]
        self.last_epoch_ = epoch["epoch"]
        losses = [epoch[key] for key in ("train_loss", "valid_loss") if key in epoch]
        weights = net.module_.state_dict()
        flaws = [f"loss was {loss}" for loss in losses if not np.isfinite(loss)]
        # A finite loss may have a gradient that is not.
        if not all(weight.isfinite().all() for weight in weights.values()):
            flaws.append("weights were not all finite")
        if flaws:
            self._stop_on_flaw(flaws[0])
        elif self.patience is None or losses[-1] < self.best_loss_:
            # First, since Ctrl-C may come in between.
            self.weights_ = deepcopy(weights)
            self.best_loss_ = losses[-1]
            self.best_epoch_ = self.last_epoch_
        else:
            self.stop_ = self.last_epoch_ - self.best_epoch_ >= self.patience

    def _stop_on_flaw(self, flaw):
        if self.best_epoch_ is None:
            raise ValueError(
                f"The {flaw} from the first epoch on, so there is nothing to keep. "
                "Expected finite losses: use a smaller lr, a smaller clip_grad_norm or "
                "normalize='window', and look for extreme values in X and y."
            )
        warnings.warn(
            f"The {flaw} in epoch {self.last_epoch_}: training has stopped, and the "
            f"weights of epoch {self.best_epoch_} are kept. Consider a smaller lr or "
            "clip_grad_norm.",
            ConvergenceWarning,
        )
        self.stop_, self.flaw_ = True, flaw

    def on_train_end(self, net, **kwargs):
        if self.best_epoch_ not in (None, self.last_epoch_):
            net.module_.load_state_dict(self.weights_)
        self.weights_ = None
