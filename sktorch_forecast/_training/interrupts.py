"""Ctrl-C during training: what is kept, and when it stops more than one fit.

A skorch callback ends training with ``raise KeyboardInterrupt``, and a signal raises
the same exception anywhere. The former is the regular end. After the latter, a fit that
was called by itself keeps its best epoch, with a warning. A fit that is one of several
(members, folds, candidates) passes the exception on, since otherwise a network that was
trained for less time would be compared or mixed with the others unnoticed.
"""

import dis
import inspect
import warnings
from copy import deepcopy
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback

from .._utils.atomic import is_one_of_several
from .callbacks import KeepBestWeights
from .processes import n_processes

_RAISE = dis.opmap["RAISE_VARARGS"]

# Code outside this package that fits several estimators: there is no hook to ask it, so
# the callers of a fit are inspected once, when it is interrupted. Most of scikit-learn
# fits through joblib; the rest does if n_jobs is not 1.
_FIT_SEVERAL = (
    "joblib",
    "sklearn.ensemble",
    "sklearn.feature_selection",
    "sklearn.model_selection",
    "sklearn.multioutput",
)


class KeepLastEpoch(Callback):
    """Keep the weights of the last complete epoch if `KeepBestWeights` is left out.

    Attributes
    ----------
    weights_ : dict of Tensor or None
        None before the end of the first epoch.
    best_epoch_, last_epoch_ : int or None
        That epoch.
    """

    weights_: dict[str, Any] | None
    best_epoch_: int | None
    last_epoch_: int | None

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.weights_ = self.best_epoch_ = self.last_epoch_ = None

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        self.weights_ = deepcopy(net.module_.state_dict())
        self.best_epoch_ = self.last_epoch_ = net.history[-1, "epoch"]


def keepers(callbacks: Any) -> list[tuple[str, Callback]]:
    """The callbacks that training needs in addition to survive an interrupt."""
    if any(isinstance(callback, KeepBestWeights) for _, callback in callbacks):
        return []
    return [("last_epoch", KeepLastEpoch())]


def is_end_of_training(interrupt: KeyboardInterrupt) -> bool:
    """Whether it was raised by a statement in a callback rather than by a signal."""
    names, trace, is_statement = set(), interrupt.__traceback__, False
    while trace is not None:
        code = trace.tb_frame.f_code
        names.add(code.co_name)
        is_statement = code.co_code[trace.tb_lasti] == _RAISE
        trace = trace.tb_next
    return is_statement and "notify" in names


def keep_best_epoch(net: Any, interrupt: KeyboardInterrupt) -> None:
    """Restore the best weights of an interrupted training run, and warn.

    Raises
    ------
    KeyboardInterrupt
        Raised again if no epoch was finished or the fit is one of several.

    Warns
    -----
    ConvergenceWarning
        Says which epoch is kept.
    """
    kinds = (KeepBestWeights, KeepLastEpoch)
    keeper: Any = next(c for _, c in net.callbacks_ if isinstance(c, kinds))
    is_shared = n_processes(net) > 1  # others may be an epoch ahead
    is_part = is_shared or is_one_of_several() or _is_called_by_several()
    if keeper.weights_ is None or is_part:
        raise interrupt
    net.module_.load_state_dict(keeper.weights_)
    while net.history and net.history[-1, "epoch"] > keeper.last_epoch_:
        del net.history[-1:]
    warnings.warn(
        f"Training was interrupted after epoch {keeper.last_epoch_}: the weights of "
        f"epoch {keeper.best_epoch_} are kept. Call partial_fit to continue.",
        ConvergenceWarning,
    )


def _is_called_by_several():
    frame = inspect.currentframe()
    while frame is not None:
        name = frame.f_globals.get("__name__", "") + "."
        if any(name.startswith(f"{several}.") for several in _FIT_SEVERAL):
            return True
        frame = frame.f_back
    return False
