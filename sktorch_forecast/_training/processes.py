"""Training with several processes, each of which takes its share of every batch.

All processes have all the data and draw the batches in the same order. The k-th of n
processes takes the rows k, k + n, k + 2 n, and so on of each batch. Gradients are
averaged before they are clipped, and losses at the end of an epoch, so all processes
take the same steps, stop after the same epoch and keep the same weights. Each process
computes for itself what does not come in batches (calibration, baseline, forecasts).
"""

import hashlib
from copy import copy
from typing import Any

import numpy as np
import torch
from skorch.callbacks import PrintLog
from torch import Tensor, distributed, nn
from torch.utils.data import Subset

# How many rows of windows and targets identify the data.
_N_COMPARED = 1000


class SilentLog(PrintLog):
    """Replaces the log if another process prints."""

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Print nothing."""


def n_processes(net: Any) -> int:
    """Number of processes that train a net together."""
    return getattr(getattr(net, "accelerator", None), "num_processes", 1)


def rank_of(net: Any) -> int:
    """The number of this process, from 0."""
    return net.accelerator.process_index if n_processes(net) > 1 else 0


def from_first(net: Any, value: Any) -> Any:
    """Broadcast the first process's value to all of them."""
    if n_processes(net) == 1:
        return value
    values = [value]
    distributed.broadcast_object_list(values, src=0)
    return values[0]


def from_all(net: Any, value: Any) -> list[Any]:
    """The values of all processes, in order."""
    if n_processes(net) == 1:
        return [value]
    values = [None] * n_processes(net)
    distributed.all_gather_object(values, value)
    return values


def digest(X: Any, y: Any) -> str:
    """A digest that identifies windows and targets."""
    rows = np.linspace(0, len(y) - 1, _N_COMPARED).astype(int)
    content = hashlib.sha256(np.asarray(X[rows]).tobytes())
    content.update(np.asarray(y[rows]).tobytes())
    return content.hexdigest()


def check_same_data(net: Any, X: Any, y: Any) -> None:
    """Check that all processes got the same data.

    Raises
    ------
    ValueError
        In all of them, if they did not.
    """
    if n_processes(net) == 1:
        return
    found = from_all(net, (len(y), digest(X, y)))
    others = [rank for rank, one in enumerate(found) if one != found[0]]
    if others:
        raise ValueError(
            "Expected the same windows and targets in all processes, found "
            f"{found[0][0]} origins in process 0 and {found[others[0]][0]} different "
            f"ones in process {others[0]}. Load all of the data in each process: fit "
            "distributes the rows of each batch itself."
        )


class Share:
    """A dataset from which one process gets its rows of each batch.

    Parameters
    ----------
    dataset : WindowDataset
        Indexed one batch at a time.
    rank, n : int
        Number of this process, and of all.

    Attributes
    ----------
    sizes : list of int
        Numbers of rows in the batches so far, including those of other processes.
    n_mine : int
        Number of this process's rows in the last batch. If it is 0, the process got a
        row of another one, which must not count, since it has to take part in the step.
    """

    def __init__(self, dataset: Any, rank: int, n: int) -> None:
        self.dataset, self.rank, self.n = dataset, rank, n
        self.device = dataset.device
        self.sizes: list[int] = []

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, slice):
            rows = torch.arange(*rows.indices(len(self)), device=self.device)
        self.sizes.append(len(rows))
        mine = rows[self.rank :: self.n]
        self.n_mine = len(mine)
        return self.dataset[mine if len(mine) else rows[:1]]


def shared(iterator: Any, rank: int, n: int) -> tuple[Any, Share]:
    """An iterator over the shares of one process, and where they come from."""
    levels, dataset = [], iterator.dataset
    while isinstance(dataset, Subset):
        levels.append(dataset.indices)
        dataset = dataset.dataset
    part: Any = Share(dataset, rank, n)
    share = part
    for indices in reversed(levels):
        part = Subset(part, indices)
    iterator = copy(iterator)
    iterator.dataset = part
    return iterator, share


def weight_of_share(
    share: Share, y: Tensor, reduction: str, masked: bool, accelerator: Any
) -> Any:
    """The factor for the loss of a share.

    The mean over the processes is then the loss of the batch, and the mean of the
    gradients its gradient.

    Parameters
    ----------
    share : Share
    y : Tensor
        Targets of the share.
    reduction : {"mean", "sum"}
        How the criterion reduces a batch to one number.
    masked : bool
        Whether targets that are not finite are left out.
    accelerator : accelerate.Accelerator

    Returns
    -------
    weight : float or Tensor of shape ()
    """
    if reduction == "sum":
        return float(share.n * (share.n_mine > 0))
    if not masked:
        return share.n * share.n_mine / share.sizes[-1]
    n_seen = y.isfinite().sum() * (share.n_mine > 0)
    return share.n * n_seen / accelerator.reduce(n_seen, "sum").clamp_min(1)


def average_gradients(parameters: list[nn.Parameter], accelerator: Any) -> None:
    """Replace gradients by their means over all processes."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    joined = torch.cat([gradient.flatten() for gradient in gradients])
    means = accelerator.reduce(joined, "mean")
    for gradient, mean in zip(gradients, means.split([g.numel() for g in gradients])):
        gradient.copy_(mean.view_as(gradient))


def average_losses(history: Any, prefix: str, share: Share, accelerator: Any) -> None:
    """Enter losses and sizes of whole batches into the history of an epoch.

    Parameters
    ----------
    history : skorch.history.History
        With the losses of this process.
    prefix : {"train", "valid"}
    share : Share
        Where its batches came from.
    accelerator : accelerate.Accelerator
    """
    key = f"{prefix}_loss"
    rows = [row for row in history[-1]["batches"] if key in row]
    losses = [row[key] for row in rows]
    means = accelerator.reduce(torch.tensor(losses, device=accelerator.device), "mean")
    for row, loss, size in zip(rows, means.tolist(), share.sizes):
        row |= {key: loss, f"{prefix}_batch_size": size}
