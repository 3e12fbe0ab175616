"""A linear map of the window that is averaged with a network.

Symbols used below::

    b  batch      L  length       C  n_channels    H  horizon    K  n_targets
    F  n_future   S  n_static     G  groups of outputs that read the same inputs
    d  inputs of a group          o  outputs of a group
"""

import json

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Maximum number of inputs: the map is solved from a matrix of that size squared.
_MAX_INPUTS = 1024


class LinearBaseline(nn.Module):
    """A linear forecast in the units of the window, solved in closed form.

    It reads everything that the network reads: every channel of the window, covariates
    of the horizon and static ones. If these are more than 1,024 numbers, each target
    reads only its own last 1,024 values. Missing values are filled with the last
    observed one.

    Its weights are buffers and are not trained.

    Parameters
    ----------
    n_channels, n_targets, length, horizon : int
        Shapes of windows and targets.
    n_future, n_static : int, default=0
        Numbers of covariates known in the future, which are the last channels, and of
        static ones.
    masked : bool, default=False
        Whether windows come with channels that say where values are observed.

    Attributes
    ----------
    weight : Tensor of shape (G, o, d)
        Zero until it is set. One group of outputs reads everything, or each target
        is a group of its own.
    bias : Tensor of shape (G, o)
    share : float in [0, 1]
        Weight of the network when the two are averaged; 1 until it is determined, since
        the baseline forecasts nothing before.
    n_origins : int
        Number of origins it was solved from.
    """

    weight: Tensor
    bias: Tensor

    def __init__(
        self,
        n_channels: int,
        n_targets: int,
        length: int,
        horizon: int,
        n_future: int = 0,
        n_static: int = 0,
        masked: bool = False,
    ):
        super().__init__()
        self.n_channels, self.n_targets, self.horizon = n_channels, n_targets, horizon
        self.length, self.n_past, self.masked = length, n_channels - n_future, masked
        n_inputs = length * n_channels + horizon * n_future + n_static
        self.reads_all = n_inputs <= _MAX_INPUTS
        n_groups, n_outputs = 1, horizon * n_targets
        if not self.reads_all:
            n_inputs = min(length, _MAX_INPUTS)
            n_groups, n_outputs = n_targets, horizon
        self.n_inputs = n_inputs
        # Columns are padded as in `Linear`.
        n_columns = n_inputs + (-n_inputs % 4)
        self.register_buffer("weight", torch.zeros(n_groups, n_outputs, n_columns))
        self.register_buffer("bias", torch.zeros(n_groups, n_outputs))
        self.share, self.n_origins = 1.0, 0

    def rows(
        self, inputs: Tensor, future: Tensor | None = None, static: Tensor | None = None
    ) -> Tensor:
        """The inputs of each group of outputs, (b, G, d).

        Parameters
        ----------
        inputs : Tensor of shape (b, L, n_inputs)
            Windows as networks see them, including the inputs after their channels.
        future : Tensor of shape (b, H, F), default=None
        static : Tensor of shape (b, S), default=None
            Both standardized.
        """
        x = inputs[..., : self.n_channels]
        if self.masked:
            x = self._filled(x, inputs[..., self.n_channels :][..., : self.n_past])
        if not self.reads_all:
            return x[:, -self.n_inputs :, : self.n_targets].transpose(1, 2)
        parts = [x, *(part for part in (future, static) if part is not None)]
        return torch.cat([part.flatten(1) for part in parts], dim=1).unsqueeze(1)

    def grouped(self, y: Tensor) -> Tensor:
        """Targets by groups: (b, H, K) -> (b, G, o)"""
        return y.flatten(1).unsqueeze(1) if self.reads_all else y.transpose(1, 2)

    def last_of(self, n_steps_back: int) -> Tensor:
        """Weights that repeat the value this many steps back, (G, o, d).

        With a season of m steps, the seasonal naive forecast is ``last_of(m)``: step h
        repeats the value at the same place in the last season.
        """
        weight = torch.zeros(*self.weight.shape[:2], self.n_inputs)
        k, length = self.n_targets, min(self.length, self.n_inputs)
        for step in range(self.horizon):
            place = length - n_steps_back + step % n_steps_back
            if self.reads_all:
                for target in range(k):
                    weight[0, step * k + target, place * self.n_channels + target] = 1
            else:
                weight[:, step, place] = 1
        return weight

    def set_weights(self, weight: Tensor, bias: Tensor) -> None:
        """Set weights of shape (G, o, d) and biases of shape (G, o)."""
        self.weight[..., : self.n_inputs].copy_(weight)
        self.bias.copy_(bias)

    def forward(
        self, inputs: Tensor, future: Tensor | None = None, static: Tensor | None = None
    ) -> Tensor:
        """The linear forecast of what follows each window, (b, H, K).

        Parameters
        ----------
        inputs, future, static : Tensor
            As for `rows`.
        """
        device = inputs.device.type
        if torch.is_autocast_enabled(device):  # meant for the network
            with torch.autocast(device, enabled=False):
                return self(inputs, future, static)
        rows = self.rows(inputs, future, static)
        rows = F.pad(rows, (0, self.weight.shape[-1] - self.n_inputs))
        z = torch.stack(
            [F.linear(rows[:, g], w, self.bias[g]) for g, w in enumerate(self.weight)],
            dim=1,
        )
        if self.reads_all:
            return z.view(-1, self.horizon, self.n_targets)
        return z.transpose(1, 2)

    def get_extra_state(self) -> Tensor:
        """What it has learned besides its weights, as JSON for files of tensors."""
        learned = json.dumps([self.share, self.n_origins])
        return torch.tensor(list(learned.encode()), dtype=torch.uint8)

    def set_extra_state(self, state: Tensor) -> None:
        """Restore what a baseline has learned besides its weights."""
        self.share, self.n_origins = json.loads(bytes(state.tolist()))

    def _filled(self, x, seen):
        """Windows with gaps filled by the last observed value, or zero before it."""
        steps = torch.arange(1, x.shape[1] + 1, device=x.device).view(-1, 1)
        place = (seen > 0).mul(steps)
        # A running maximum, with the number of steps doubled each time: ONNX has no
        # cummax.
        n_back = 1
        while n_back < x.shape[1]:
            before = F.pad(place[:, :-n_back], (0, 0, n_back, 0))
            place = torch.maximum(place, before)
            n_back *= 2
        before = F.pad(x[..., : self.n_past], (0, 0, 1, 0))
        known = before.gather(1, place)
        return torch.cat([known, x[..., self.n_past :]], dim=2)
