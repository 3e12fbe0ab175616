"""Callbacks for long training runs, in addition to those of skorch."""

import os
from pathlib import Path
from typing import Any

from skorch.callbacks import Callback, EpochTimer, PrintLog
from skorch.callbacks import LRScheduler as SchedulerCallback
from skorch.history import History

from ._files.container import read, write
from ._files.decode import decoded
from ._files.encode import Encoder
from ._training.baseline import WeighNetwork
from ._training.processes import digest, from_all, from_first, n_processes, rank_of
from ._utils.validation import check_positive_int

__all__ = ["Checkpoint"]

# Parameters that may change when training resumes.
_FREE = {
    "accelerator",
    "callbacks",
    "device",
    "max_epochs",
    "n_mc_samples",
    "n_threads",
    "verbose",
}


class Checkpoint(Callback):
    """Save a training run to a file as it goes, and resume it from there.

    After a crash, run the same script again: `fit` finds the file and continues with
    the epoch that was interrupted. The result has the same bits as if nothing had
    happened, since the file holds the weights, the optimizer, the random numbers and
    the state of all callbacks. It is written atomically: no matter when the process is
    killed, the file is either the old one or the new one. It remains after training; a
    fit that finds it then repeats only the last epoch. Remove it to train from scratch.

    skorch's callback of the same name writes several files, which together are not
    atomic, and leaves resuming to the user.

    Parameters
    ----------
    path : path-like
        The file, in an existing folder; for a single training run only, not for the
        members of an ensemble or the candidates of a search.
    every : int, default=1
        Number of epochs between two writes of the file.

    Attributes
    ----------
    resumed_from_ : int or None
        Last epoch of the run that was resumed; None if there was no file.

    Raises
    ------
    ValueError
        In `fit`, if the file belongs to other parameters or other data, or is damaged.
        The number of epochs may differ.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import MLPForecaster, make_windows
    >>> from sktorch_forecast.callbacks import Checkpoint
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> path = getfixture("tmp_path") / "training.safetensors"
    >>> model = MLPForecaster(max_epochs=3, callbacks=[Checkpoint(path)])
    >>> model.fit(X, y).history[:, "epoch"]
    [1, 2, 3]
    """

    resumed_from_: int | None
    stop_: bool

    def __init__(self, path: str | os.PathLike[str], every: int = 1):
        self.path = path
        self.every = every

    def on_train_begin(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Record what identifies this training run.

        Parameters
        ----------
        net : Forecaster
        X, y
            The training data.
        """
        check_positive_int(self.every, "every")
        self.stop_, self.resumed_from_ = False, None
        self.n_before_ = len(net.history)
        self.subject_ = _subject(net, X, y) | {"earlier epochs": self.n_before_}
        self.is_first_ = True

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Resume from the file, or write it.

        It is not written at the end of an epoch, when other callbacks may still have to
        run. skorch has already added the row of this epoch.

        Parameters
        ----------
        net : Forecaster
        """
        if self.is_first_:
            self.is_first_ = False
            if from_first(net, Path(self.path).exists()):
                self._take_up(net)
        elif (len(net.history) - 1 - self.n_before_) % self.every == 0:
            self._write(net)

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Stop after the requested number of epochs, including those in the file.

        Parameters
        ----------
        net : Forecaster
        """
        if self.resumed_from_ is not None:
            self.stop_ = len(net.history) - self.n_before_ >= net.max_epochs

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Forget what was needed only during training.

        Parameters
        ----------
        net : Forecaster
        """
        del self.subject_

    def _write(self, net):
        state = {
            "subject": self.subject_,
            "history": list(net.history[:-1]),
            "weights": dict(net.module_.state_dict()),
            "optimizer": net.optimizer_.state_dict(),
            "random": net._random,
            "draws": from_all(net, _draws(net)),
            "callbacks": {name: _state(c) for name, c in self._others(net)},
        }
        if rank_of(net) == 0:
            encoder = Encoder()
            document = encoder.encode(state, "training")
            write(self.path, document, encoder.arrays)

    def _take_up(self, net):
        document, arrays = read(self.path)
        state = decoded(document, arrays, self.path)
        if state["subject"]["earlier epochs"] < self.n_before_:
            return  # belongs to the fit that this partial_fit continues
        self._check(state)
        net.module_.load_state_dict(state["weights"])
        net.optimizer_.load_state_dict(state["optimizer"])
        net._random.set_state(state["random"].get_state(legacy=False))
        draws = state["draws"][rank_of(net)]
        for generator, numbers in zip(_generators(net), draws["generators"]):
            generator.set_state(numbers)
        if net._stream is not None:
            net._stream.states = draws["stream"]
        for name, callback in self._others(net):
            if name in state["callbacks"]:
                _set_state(callback, state["callbacks"][name])
        row = net.history[-1] | {"epoch": len(state["history"]) + 1}
        net.history_ = History([*state["history"], row])
        self.resumed_from_ = len(state["history"])

    def _check(self, state):
        others = {
            name: (found, self.subject_.get(name))
            for name, found in state["subject"].items()
            if found != self.subject_.get(name)
        }
        if others:
            name, (found, wanted) = next(iter(others.items()))
            raise ValueError(
                f"Expected {os.fspath(self.path)!r} to hold this training, found one "
                f"that differs in {name}: {found}, not {wanted}. Remove the file to "
                "train from the start, or give each training a file of its own."
            )

    def _others(self, net):
        """Callbacks with their own state, by name."""
        kinds = (Checkpoint, EpochTimer, PrintLog, WeighNetwork)
        return [(n, c) for n, c in net.callbacks_ if not isinstance(c, kinds)]


def _subject(net, X, y):
    """What identifies a training run: class, parameters and data, as JSON."""
    encoder = Encoder()
    params = net.get_params(deep=False)
    params = {k: v for k, v in params.items() if k.split("__")[0] not in _FREE}
    if not isinstance(net.random_state, int):
        del params["random_state"]  # its state is in the file
    known = {name: str(encoder.encode(v, name)) for name, v in sorted(params.items())}
    return {
        "class": type(net).__qualname__,
        "number of processes": n_processes(net),
        "number of origins": len(y),
        **known,
        "content of X and y": digest(X, y),
    }


def _generators(net):
    """The generators of the batch order and of the random layers in the network."""
    parts = (vars(part).get("generator") for part in net.module_.modules())
    return [net._order, *dict.fromkeys(part for part in parts if part is not None)]


def _draws(net):
    """The current state of this process's random number generators."""
    return {
        "generators": [g.get_state() for g in _generators(net)],
        "stream": None if net._stream is None else net._stream.states,
    }


def _state(callback):
    attributes = vars(callback)
    if isinstance(callback, SchedulerCallback):
        scheduler: Any = callback.lr_scheduler_
        attributes = attributes | {"lr_scheduler_": scheduler.state_dict()}
    return attributes


def _set_state(callback, attributes):
    if isinstance(callback, SchedulerCallback):
        scheduler: Any = callback.lr_scheduler_
        scheduler.load_state_dict(attributes.pop("lr_scheduler_"))
    vars(callback).update(attributes)
