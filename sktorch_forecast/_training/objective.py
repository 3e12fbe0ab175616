"""The objective that training minimizes, batch by batch.

Symbols used below::

    b  batch    S  time steps that are forecast from    H  horizon    K  n_targets
    p  numbers for each value
"""

from copy import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .._utils.compat import foreach_mul_, foreach_norm
from ..layers.forecast_network import following
from ..layers.heads import Head
from ..layers.units import Encoded


@dataclass(frozen=True)
class Objective:
    """The loss of forecasts in the units of their windows.

    Attributes
    ----------
    head : Head
        What the numbers of a forecast mean.
    masked : bool
        Whether targets may be missing (NaN) and are then left out.
    """

    head: Head
    masked: bool

    def loss(
        self,
        criterion: Any,
        encoded: Encoded,
        y: Tensor,
        windows: Tensor,
        weights: Tensor | None = None,
    ) -> Tensor:
        """Loss of a batch.

        Parameters
        ----------
        criterion : torch.nn.Module
            Called with forecasts and targets, (b, ..., H * K) each, or as (b, ..., H,
            K, p) and (b, ..., H, K) for a distribution; and with the windows if it has
            a true attribute `needs_windows`. Both are in the units of the window,
            unless it has a false attribute `in_window_units`.
        encoded : Encoded
            Forecasts, (b, H, K, p) or (b, S, H, K, p).
        y : Tensor of shape (b, H, K) or (b, S, H, K)
            What followed, in the units of the series.
        windows : Tensor of shape (b, length, n_channels)
        weights : Tensor of shape (b,), default=None

        Returns
        -------
        loss : Tensor of shape ()

        Raises
        ------
        TypeError
            If something is to be weighted or left out and the criterion does not take
            the mean; if it does not return a tensor.
        ValueError
            If the criterion does not return one number, or one per target where that is
            needed.
        """
        seen = None
        if self.masked:
            seen = y.isfinite()
            y = torch.where(seen, y, 1.0)  # valid for every family
        if getattr(criterion, "in_window_units", True):
            params = encoded.params
            y = encoded.units.encode(y).to(params.dtype)
        else:
            params = self.head.decode(encoded)
        if not self.head.is_distribution:
            params, y = params.flatten(-3), y.flatten(-2)
        args = [params, y]
        if getattr(criterion, "needs_windows", False):
            args.append(windows)
        if weights is None and seen is None:
            loss = criterion(*args)
            if not isinstance(loss, Tensor) or loss.ndim:
                _complain_of_loss(criterion, loss, "one number for a batch", ())
            return loss
        return _weighted(criterion, args, weights, seen)


def _weighted(criterion, args, weights, seen):
    """Loss of a batch with weights of the windows, or over the observed part of y."""
    reduction = getattr(criterion, "reduction", None)
    if reduction != "mean":
        raise TypeError(
            "Expected a criterion with reduction='mean' to weight origins or to "
            f"leave out missing values, found {criterion!r} with reduction="
            f"{reduction!r}. Use such a loss, e.g. torch.nn.MSELoss(), or fit without "
            "sample_weight and with missing='error'."
        )
    criterion = copy(criterion)  # it may be the user's own
    criterion.reduction = "none"
    losses, share = criterion(*args), 1.0
    if not isinstance(losses, Tensor) or losses.shape != args[1].shape:
        expected = "with reduction='none' one number for each target"
        _complain_of_loss(criterion, losses, expected, tuple(args[1].shape))
    if seen is not None:
        losses = torch.where(seen.view_as(losses), losses, 0)
        share = seen.float().mean().clamp_min(1 / seen.numel())
    # (b, ...) -> (b,)
    losses = losses.flatten(1).mean(1) / share
    if weights is not None:
        losses = losses * weights
    return losses.mean()


def _complain_of_loss(criterion, loss, expected, shape):
    name, is_tensor = type(criterion).__name__, isinstance(loss, Tensor)
    found = f"shape {tuple(loss.shape)}" if is_tensor else f"a {type(loss).__name__}"
    raise (ValueError if is_tensor else TypeError)(
        f"Expected {name} to return {expected}, a tensor of shape {shape}, found "
        f"{found}. Use a loss of torch.nn with reduction='mean', or one whose forward "
        "follows its attribute reduction as theirs do."
    )


def targets_of_steps(
    windows: Tensor, y: Tensor, n_steps: int, stride: int = 1
) -> Tensor:
    """What followed each of the last time steps: the window and `y` joined.

    Parameters
    ----------
    windows : Tensor of shape (b, length, n_channels)
    y : Tensor of shape (b, H, K)
    n_steps : int
        Number of time steps. A network with a stride forecasts from every stride-th of
        them, including the last; with truncated backpropagation only from the last few.
    stride : int, default=1

    Returns
    -------
    targets : Tensor of shape (b, n_steps, H, K)
    """
    joined = torch.cat([windows[..., : y.shape[2]], y], dim=1)
    return following(joined, n_steps, y.shape[1], stride)


def clip_gradients(parameters: list[nn.Parameter], max_norm: float) -> None:
    """Scale gradients down in place to a joint norm of at most `max_norm`.

    Gives the same result as ``torch.nn.utils.clip_grad_norm_``, with the same two
    operations on all gradients at once. The latter also groups them by device and
    precision, which takes longer than everything else for a small network; here all
    have the same.

    Parameters
    ----------
    parameters : list of torch.nn.Parameter
        On one device and of one precision; those without a gradient are left out.
    max_norm : float
        Euclidean norm of all gradients together.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack(foreach_norm(gradients)))
    # No test whether it is too large: a GPU would have to synchronize for the answer.
    foreach_mul_(gradients, (max_norm / (norm + 1e-6)).clamp_(max=1.0))
