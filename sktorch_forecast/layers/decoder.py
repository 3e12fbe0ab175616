"""Covariates that are known over the horizon."""

import torch
from torch import Tensor, nn

from .linear import Linear


class TemporalDecoder(nn.Module):
    """Let the covariates of each step of the horizon adjust the forecast of that step.

    A network that reads windows outputs a forecast of each step along with a few
    numbers that summarize the window for that step. A small network, the same for all
    steps, sees both and the covariates of the step, and adds a correction.

    Parameters
    ----------
    n_targets : int
        Number of values at each step.
    n_params : int
        How many numbers are forecast for each value, 1 for a point forecast.
    n_future, n_static : int
        Number of covariates known over the horizon, and of static ones.
    hidden_size : int, default=32
        Number of units in the hidden layer.

    Attributes
    ----------
    n_extra : int
        How many numbers the network must output in addition to the forecast of each
        value.

    References
    ----------
    .. [1] A. Das et al. (2023), Long-term Forecasting with TiDE: Time-series Dense
       Encoder. TMLR, section 4.2, the temporal decoder.
    """

    n_extra = 4

    def __init__(
        self,
        n_targets: int,
        n_params: int,
        n_future: int,
        n_static: int,
        hidden_size: int = 32,
    ):
        super().__init__()
        self.n_targets = n_targets
        self.n_params = n_params
        n_inputs = n_targets * (n_params + self.n_extra) + n_future + n_static
        self.hidden = Linear(n_inputs, hidden_size)
        self.readout = Linear(hidden_size, n_targets * n_params)

    def forward(
        self, z: Tensor, future: Tensor, static: Tensor | None = None
    ) -> Tensor:
        """Combine the outputs of a network with covariates.

        Parameters
        ----------
        z : Tensor of shape (batch, ..., horizon, n_targets, n_params + n_extra)
        future : Tensor of shape (batch, ..., horizon, n_future)
        static : Tensor of shape (batch, n_static), default=None

        Returns
        -------
        z : Tensor of shape (batch, ..., horizon, n_targets, n_params)
        """
        inputs = [z.flatten(-2), future]
        if static is not None:
            shape = (static.shape[0], *[1] * (future.ndim - 2), -1)
            inputs.append(static.view(shape).expand(*future.shape[:-1], -1))
        added = self.readout(self.hidden(torch.cat(inputs, dim=-1)).relu())
        return z[..., : self.n_params] + added.unflatten(-1, (self.n_targets, -1))
