"""Epochs in which no callback listens to single batches."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from skorch.callbacks import Callback

from .batches import windows_of

# Losses of so many batches are held together.
_N_LOSSES = 1024


def hears_batches(net: Any, ours: type) -> bool:
    """Whether a callback or a subclass may read the history during the epoch.

    Parameters
    ----------
    net : Forecaster
    ours : type
        Its base class, whose own steps do not; those of a subclass may, for example to
        count batches for skorch's gradient accumulation.

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


def quiet_epoch(
    history: Any,
    iterator: Iterable[Any],
    prefix: str,
    step_fn: Callable[..., dict[str, Any]],
    fit_params: dict[str, Any],
) -> None:
    """One pass over the batches, with all losses entered into the history at the end.

    skorch reads each loss as soon as it is computed, for which a GPU must synchronize,
    and notifies each callback of each batch. If none listens, losses stay on the device
    until the end of the epoch; the history ends up the same.

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
    blocks, sizes = [], []
    for batch in iterator:
        loss = step_fn(batch, **fit_params)["loss"].detach()
        # Copied into one of few tensors: a small one kept from each batch would lie
        # between its large ones, and keep the system from getting their memory back.
        place = len(sizes) % _N_LOSSES
        if not place:
            blocks.append(loss.new_empty(_N_LOSSES))
        blocks[-1][place] = loss
        sizes.append(windows_of(batch).shape[0])
    # One transfer for all batches.
    losses = torch.cat(blocks)[: len(sizes)].tolist()
    history[-1]["batches"] += [
        {f"{prefix}_loss": loss, f"{prefix}_batch_size": size}
        for loss, size in zip(losses, sizes)
    ]
    history.record(f"{prefix}_batch_count", len(losses))
