"""Ctrl-C in a training: what is kept, and when it stops more than the training.

A callback ends a training of skorch by ``raise KeyboardInterrupt``, and a signal raises
the same exception anywhere. The former is the regular end. After the latter, a fit that
somebody has called for itself keeps its best epoch, with a warning. A fit that is one
of several (members, folds, candidates) passes the exception on, as a network that was
trained for less long than the others would be compared or mixed with them unnoticed.
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

# Who fits several estimators, but for ourselves: there is no hook to ask them by, so
# the callers of a fit are looked at, once, when it is interrupted. Most of
# scikit-learn's fit through joblib; the others do where n_jobs is not 1.
_FIT_SEVERAL = (
    "joblib",
    "sklearn.ensemble",
    "sklearn.feature_selection",
    "sklearn.model_selection",
    "sklearn.multioutput",
)


class KeepLastEpoch(Callback):
    """Keeps the weights of the last whole epoch, where `KeepBestWeights` is left out.

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
    """What a training needs beside its callbacks to survive an interrupt."""
    if any(isinstance(callback, KeepBestWeights) for _, callback in callbacks):
        return []
    return [("last_epoch", KeepLastEpoch())]


def is_end_of_training(interrupt: KeyboardInterrupt) -> bool:
    """Whether a callback has raised it, by a statement, rather than a signal."""
    names, trace, is_statement = set(), interrupt.__traceback__, False
    while trace is not None:
        code = trace.tb_frame.f_code
        names.add(code.co_name)
        is_statement = code.co_code[trace.tb_lasti] == _RAISE
        trace = trace.tb_next
    return is_statement and "notify" in names


def keep_best_epoch(net: Any, interrupt: KeyboardInterrupt) -> None:
    """Put the best weights of an interrupted training back, and warn.

    Raises
    ------
    KeyboardInterrupt
        The same again, if no epoch was finished or the fit is one of several.

    Warns
    -----
    ConvergenceWarning
        Which epoch is kept.
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
        f"The training was interrupted after epoch {keeper.last_epoch_}: the weights "
        f"of epoch {keeper.best_epoch_} are kept. Call partial_fit to go on.",
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
