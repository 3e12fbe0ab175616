"""The callback that decides which weights a training ends with."""

import warnings
from copy import deepcopy

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback


class KeepBestWeights(Callback):
    """Stop when the loss no longer improves or is not finite; keep the best weights.

    skorch's own EarlyStopping goes on training on NaN until its patience is over and
    says nothing; this one also has to decide what is kept without early stopping.

    Parameters
    ----------
    patience : int or None, default=None
        Epochs without improvement after which to stop. None trains to the end and
        keeps the weights of the last epoch whose loss was finite.
    """

    def __init__(self, patience=None):
        self.patience = patience

    def on_train_begin(self, net, **kwargs):
        self.best_loss_ = np.inf
        self.best_epoch_ = None
        self._last_epoch = None
        self._weights = None

    def on_epoch_end(self, net, **kwargs):
        epoch = net.history[-1]
        self._last_epoch = epoch["epoch"]
        losses = [epoch[key] for key in ("train_loss", "valid_loss") if key in epoch]
        for loss in losses:
            if not np.isfinite(loss):
                self._stop_on_nonfinite(loss)
        if self.patience is None or losses[-1] < self.best_loss_:
            self.best_loss_ = losses[-1]
            self.best_epoch_ = self._last_epoch
            self._weights = deepcopy(net.module_.state_dict())
        elif self._last_epoch - self.best_epoch_ >= self.patience:
            raise KeyboardInterrupt  # skorch's way to end a training

    def _stop_on_nonfinite(self, loss):
        if self.best_epoch_ is None:
            raise ValueError(
                f"The loss was {loss} from the first epoch on, so there is "
                "nothing to keep. Expected finite losses: use a smaller lr, a smaller "
                "clip_grad_norm or normalize='window', and look for extreme values in "
                "X and y."
            )
        warnings.warn(
            f"The loss turned {loss} in epoch {self._last_epoch}: training has "
            f"stopped, and the weights of epoch {self.best_epoch_} are kept. Consider "
            "a smaller lr or clip_grad_norm.",
            ConvergenceWarning,
        )
        raise KeyboardInterrupt

    def on_train_end(self, net, **kwargs):
        if self.best_epoch_ not in (None, self._last_epoch):
            net.module_.load_state_dict(self._weights)
        self._weights = None
