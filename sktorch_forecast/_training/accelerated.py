"""What a forecaster adds to skorch's mixin for accelerate.

The mixin stands before the forecaster, as in ``class Mine(AccelerateMixin,
GRUForecaster)``, and some of its methods take the place of ours without calling them:
``initialize`` and ``train_step_single``.
"""

from typing import Any

import torch

from .._utils.compat import resolve_device
from .objective import clip_gradients
from .parameters import ParametersMixin


def device_of(net: Any) -> torch.device:
    """Where a net computes: what its accelerator says, if it has one, else `device`."""
    accelerator = getattr(net, "accelerator", None)
    if accelerator is not None and accelerator.device_placement:
        return accelerator.device
    return resolve_device(net.device)


class AcceleratedNet(ParametersMixin):
    """Steps of the training that are ours with an accelerator, too."""

    accelerator: Any = None  # a parameter of the mixin
    clip_grad_norm: float | None  # as in `WindowNet`

    def forward_params(self, batch: Any) -> dict[str, Any]:
        """What the forward of the module gets beside the windows of a batch."""
        raise NotImplementedError

    def with_forecasts(self, step: dict[str, Any]) -> dict[str, Any]:
        """A step with what callbacks see of its forecasts."""
        raise NotImplementedError

    def train_step(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        """A step of the optimizer, as in skorch."""
        if self.accelerator is not None:
            fit_params = fit_params | self.forward_params(batch)
        step: Any = super().train_step(batch, **fit_params)
        return step if self.accelerator is None else self.with_forecasts(step)

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        """Tell the callbacks, who see gradients that are clipped."""
        if method_name == "on_grad_computed" and self.accelerator is not None:
            # Gradients of several batches add up until they are complete.
            self._has_stepped = self.accelerator.sync_gradients
            if self._has_stepped and self.clip_grad_norm is not None:
                self.accelerator.unscale_gradients()
                clip_gradients(self.trained_parameters(), self.clip_grad_norm)
        super().notify(method_name, **cb_kwargs)
