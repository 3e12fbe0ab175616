"""Messages of a training run: a live progress line, and how it ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from skorch.callbacks import PrintLog
from tqdm.auto import tqdm

from .callbacks import KeepBestWeights
from .interrupts import KeepLastEpoch


def printed(text: Any) -> None:
    """Print, by whatever ``print`` is at that time: Ray puts its own in its place."""
    print(text)


class TrainingLog(PrintLog):
    """Show the progress of training, and say at the end which weights are kept and why.

    With ``verbose=1`` a tqdm line counts the epochs, with the losses and the time left
    if all epochs are needed; it disappears when training ends. From ``verbose=2`` on,
    and with a `sink` other than ``print``, skorch's table has a row for each epoch
    instead. Both print the sentence at the end, through `sink`.

    Parameters
    ----------
    keys_ignored, tablefmt, floatfmt, stralign
        As for skorch's PrintLog.
    sink : callable, default=printed
        Called with each row of the table, and with the sentence.
    """

    bar_: Any = None

    def __init__(
        self,
        keys_ignored: Any = None,
        sink: Any = printed,
        tablefmt: str = "simple",
        floatfmt: str = ".4f",
        stralign: str = "right",
    ) -> None:
        super().__init__(keys_ignored, sink, tablefmt, floatfmt, stralign)

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Start the line."""
        self.close()
        self.n_before_ = len(net.history)
        if net.verbose == 1 and self.is_usual:
            name = type(net).__name__
            self.bar_ = tqdm(total=net.max_epochs, desc=name, unit="epoch", leave=False)

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Update the line, or print a row of the table."""
        if self.bar_ is None:
            if net.verbose or not self.is_usual:
                super().on_epoch_end(net, **kwargs)
            return
        epoch = net.history[-1]
        losses = [f"{k}={epoch[k]:.4g}" for k in _LOSSES if k in epoch]
        self.bar_.set_postfix_str(", ".join(losses), refresh=False)
        self.bar_.update(len(net.history) - self.n_before_ - self.bar_.n)

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Close the line, and say how training ended."""
        self.close()
        if net.verbose and len(net.history) > self.n_before_:
            self.sink(f"{type(net).__name__}: {_ending(net, self.n_before_)}")

    @property
    def is_usual(self) -> bool:
        """Whether lines go where ``print`` writes."""
        return self.sink in (printed, print)

    def close(self) -> None:
        """Close the line, if there is one."""
        if self.bar_ is not None:
            self.bar_.close()
            del self.bar_

    def __getstate__(self) -> dict[str, Any]:
        # Lines hold locks, which cannot be copied.
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "bar_"}


@contextmanager
def line_ends(net: Any) -> Iterator[None]:
    """Close the line of a training run however it ends, even by an error."""
    try:
        yield
    finally:
        for _, callback in net.callbacks_:
            if isinstance(callback, TrainingLog):
                callback.close()


_LOSSES = ("train_loss", "valid_loss")


def _ending(net: Any, n_before: int) -> str:
    """Why training ended and which epoch is kept, as one sentence."""
    last, most = net.history[-1]["epoch"], n_before + net.max_epochs
    kinds = (KeepBestWeights, KeepLastEpoch)
    keepers = (c for _, c in net.callbacks_ if isinstance(c, kinds))
    keeper: Any = next(keepers, None)
    best = last if keeper is None else keeper.best_epoch_
    watched = "valid_loss" if "valid_loss" in net.history[-1] else "train_loss"
    flaw = getattr(keeper, "flaw_", None)
    if flaw is not None:
        why = f"stopped in epoch {last} of {most}, as the {flaw}"
    elif getattr(keeper, "stop_", False):
        patience = getattr(keeper, "patience", None)
        why = (
            f"stopped after epoch {last} of {most}, as {watched} had not improved for "
            f"{patience} epochs"
        )
    elif last >= most:
        why = f"trained for all {net.max_epochs} epochs"
    else:
        why = f"stopped after epoch {last} of {most} by a callback or the caller"
    loss = net.history[best - 1].get(watched, np.nan)
    return f"{why}; the weights of epoch {best} are kept ({watched} {loss:.4g})."
