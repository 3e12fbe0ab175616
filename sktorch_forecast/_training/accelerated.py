"""What a forecaster adds to skorch's mixin for accelerate.

The mixin comes before the forecaster, as in ``class Mine(AccelerateMixin,
GRUForecaster)``, and some of its methods replace ours without calling them:
``initialize`` and ``train_step_single``. For several processes it wraps the network in
a torch module that has none of its attributes, and wraps the batch iterators, too; here
the network stays as it is, and ``processes`` does both.
"""

from typing import Any

import torch
from torch import Tensor, distributed

from .._utils.compat import PREPARED, resolve_device
from .objective import clip_gradients
from .parameters import ParametersMixin
from .processes import (
    Share,
    average_gradients,
    average_losses,
    n_processes,
    rank_of,
    shared,
    weight_of_share,
)


def device_of(net: Any) -> torch.device:
    """Where a net computes: on its accelerator's device, if any, else on `device`."""
    accelerator = getattr(net, "accelerator", None)
    if accelerator is not None and accelerator.device_placement:
        return accelerator.device
    return resolve_device(net.device)


class AcceleratedNet(ParametersMixin):
    """Training steps that stay ours even with an accelerator."""

    accelerator: Any = None  # a parameter of the mixin
    # As in `WindowNet`.
    clip_grad_norm: float | None
    train_on: str
    spec_: Any
    _is_heard: bool
    _share: Share | None = None  # in an epoch of several processes

    def decoded(self, encoded: Any) -> Tensor:
        """Forecasts in the units of the series."""
        raise NotImplementedError

    def forward_params(self, batch: Any) -> dict[str, Any]:
        """What the module's forward gets besides the windows of a training batch."""
        return {"all_steps": True} if self.train_on == "all_steps" else {}

    def with_forecasts(self, step: dict[str, Any]) -> dict[str, Any]:
        """A step that includes the forecasts of `predict`, if any callback listens."""
        if not self._is_heard:
            return step
        with torch.no_grad():
            return step | {"y_pred": self.decoded(step["y_pred"])}

    def kept_whole(self, module: Any) -> Any:
        """A part of the network that the mixin must not wrap for several processes.

        Mixed precision works without the wrapper.
        """
        # A launcher may have started a single process, which would be wrapped, too.
        is_launched = distributed.is_available() and distributed.is_initialized()
        is_module = isinstance(module, torch.nn.Module)
        if self.accelerator is None or not is_launched or not is_module:
            return module
        prepared = self.accelerator.prepare_model(module, evaluation_mode=True)
        setattr(prepared, PREPARED, True)
        return prepared

    def loss_of_share(self, loss: Tensor, y: Tensor) -> Tensor:
        """A loss whose mean over the processes is that of the batch."""
        if self._share is None:
            return loss
        reduction = getattr(self.criterion_, "reduction", "mean")
        how = reduction, self.spec_.masked, self.accelerator
        return loss * weight_of_share(self._share, y, *how)

    def train_step(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        """A step of the optimizer, as in skorch."""
        if self.accelerator is not None:
            fit_params = fit_params | self.forward_params(batch)
        step: Any = super().train_step(batch, **fit_params)
        return step if self.accelerator is None else self.with_forecasts(step)

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        """Notify the callbacks, which see clipped gradients."""
        if method_name == "on_grad_computed" and self.accelerator is not None:
            # Gradients of several batches accumulate until they are complete.
            self._has_stepped = self.accelerator.sync_gradients
            if self._has_stepped and n_processes(self) > 1:
                average_gradients(self.trained_parameters(), self.accelerator)
            if self._has_stepped and self.clip_grad_norm is not None:
                self.accelerator.unscale_gradients()
                clip_gradients(self.trained_parameters(), self.clip_grad_norm)
        super().notify(method_name, **cb_kwargs)

    def run_single_epoch(
        self,
        iterator: Any,
        training: bool,
        prefix: str,
        step_fn: Any,
        **fit_params: Any,
    ) -> None:
        """One pass over the batches, as in skorch, or over the shares of a process."""
        n = n_processes(self)
        if n == 1:
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
            return
        iterator, share = shared(iterator, rank_of(self), n)
        self._share = share
        try:
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
        finally:
            del self._share
        average_losses(self.history, prefix, share, self.accelerator)
        if training:
            # Batch statistics, which a network may have, differ.
            for buffer in self.module_.buffers():
                distributed.broadcast(buffer, src=0)
