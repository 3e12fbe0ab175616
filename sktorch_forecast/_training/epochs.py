"""Epochs that nobody listens to, batch by batch."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from skorch.callbacks import Callback
from torch import Tensor

from .batches import windows_of


def hears_batches(net: Any, ours: type) -> bool:
    """Whether a callback or a subclass may look at the history in the epoch.

    Parameters
    ----------
    net : Forecaster
    ours : type
        Its base, whose own steps do not; those of a subclass may, for example to count
        the batches in skorch's way to accumulate gradients.

    Returns
    -------
    hears : bool
    """
    hooks = ("on_batch_begin", "on_batch_end")
    steps = ("train_step", "train_step_single", "validation_step")
    listeners = [(net, ours, hook) for hook in (*hooks, *steps)]
    for _, callback in net.callbacks_:
        listeners += [(callback, Callback, hook) for hook in hooks]
    return any(
        getattr(getattr(listener, hook), "__func__", None) is not getattr(cls, hook)
        for listener, cls, hook in listeners
    )


def _alone(loss: Tensor) -> Tensor:
    """A loss on memory of its own.

    On the CPU, that of ``mse_loss`` lies in the memory of all the squares of its batch,
    which it would keep until the end of the epoch.
    """
    is_alone = loss.untyped_storage().nbytes() == loss.nbytes
    return loss if is_alone else loss.clone()


def quiet_epoch(
    history: Any,
    iterator: Iterable[Any],
    prefix: str,
    step_fn: Callable[..., dict[str, Any]],
    fit_params: dict[str, Any],
) -> None:
    """One pass over the batches, with the losses entered into the history together.

    skorch reads each loss as soon as it is there, for which a GPU must stop, and tells
    each callback of each batch. Where none listens, losses stay on the device until
    the end of the epoch; what the history then holds is the same.

    Parameters
    ----------
    history : skorch.history.History
    iterator : iterable of batches
    prefix : {"train", "valid"}
    step_fn : callable
        Called with a batch, returns a dictionary with its "loss".
    fit_params : dict
        Passed on to `step_fn`.
    """
    losses, sizes = [], []
    for batch in iterator:
        losses.append(_alone(step_fn(batch, **fit_params)["loss"].detach()))
        sizes.append(windows_of(batch).shape[0])
    # One reading for all batches.
    losses = torch.stack(losses).tolist()
    history[-1]["batches"] += [
        {f"{prefix}_loss": loss, f"{prefix}_batch_size": size}
        for loss, size in zip(losses, sizes)
    ]
    history.record(f"{prefix}_batch_count", len(losses))
