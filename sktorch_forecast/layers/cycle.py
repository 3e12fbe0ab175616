"""A learnt cycle that all windows share: residual cycle forecasting.

Symbols used below::

    b  batch    L  length    C  n_channels    H  horizon    K  n_targets
    W  timestamps in the cycle    S  time steps that are forecast from
"""

import torch
from torch import Tensor, nn

from .units import Units


class Cycle(nn.Module):
    """Subtract a cycle from windows, and add it back to forecasts.

    With ``Q`` the values of the cycle and ``p`` the phase of the last timestamp of a
    window, its target ``j`` timestamps before that becomes ``x - Q[(p - j) mod W]``,
    and ``Q[(p + h) mod W]`` is added to the forecast ``h`` steps ahead [1]_. Both are
    in the units of the window, so that series of any level and scale share the cycle.

    Parameters
    ----------
    seasonality : int
        Number of timestamps in the cycle, W.
    n_targets : int
    horizon : int

    Attributes
    ----------
    values : Parameter of shape (W, K)
        The cycle Q, zero until :meth:`calibrate` sets it.

    References
    ----------
    .. [1] S. Lin et al. (2024), CycleNet: Enhancing Time Series Forecasting through
       Modeling Periodic Patterns. NeurIPS, section 3.1. As in the code of the authors,
       the cycle comes off after the mean and deviation of the window; unlike there, it
       begins with the mean of each phase.
    """

    def __init__(self, seasonality: int, n_targets: int, horizon: int):
        super().__init__()
        self.horizon = horizon
        self.values = nn.Parameter(torch.zeros(seasonality, n_targets))

    def forward(self, phase: Tensor, start: int, stop: int) -> Tensor:
        """The cycle at steps counted from the origin: (b,) -> (b, stop - start, K)"""
        return self.values[self._places(phase, start, stop)]

    def _places(self, phase, start, stop):
        steps = torch.arange(start, stop, device=phase.device)
        return (phase.unsqueeze(1) + steps) % len(self.values)

    @torch.no_grad()
    def calibrate(
        self, inputs: Tensor, seen: Tensor, phase: Tensor, weights: Tensor
    ) -> None:
        """Initialize with the mean of each phase, or with 0 where there is no data.

        Parameters
        ----------
        inputs : Tensor of shape (b, L, K)
            Targets in the units of their windows.
        seen : Tensor of shape (b, L, K), bool
            Which of them are observed.
        phase : Tensor of shape (b,), int64
        weights : Tensor of shape (b, 1)
            How much each window counts.
        """
        places = self._places(phase, 1 - inputs.shape[1], 1).flatten()
        counts = (weights.double().unsqueeze(2) * seen).flatten(0, 1)
        values = torch.where(seen, inputs.double(), 0).flatten(0, 1) * counts
        totals = torch.zeros_like(self.values, dtype=torch.float64)
        count = totals.index_add(0, places, counts)
        mean = totals.index_add(0, places, values) / torch.where(count > 0, count, 1)
        self.values.copy_(mean)

    def taken_off(
        self, inputs: Tensor, units: Units, phase: Tensor, seen: Tensor | None = None
    ) -> tuple[Tensor, Units]:
        """Windows without the cycle, and units of forecasts without it.

        Parameters
        ----------
        inputs : Tensor of shape (b, L, C)
            In the units of the windows, targets first.
        units : Units
            With a shift of shape (b, 1, K).
        phase : Tensor of shape (b,), int64
            Phase of the last timestamp of each window.
        seen : Tensor of shape (b, L, C), bool, default=None
            What is observed; the rest stays zero. None means everything.

        Returns
        -------
        inputs : Tensor of shape (b, L, C)
        units : Units
            With a shift of shape (b, H, K).
        """
        length, k = inputs.shape[1], self.values.shape[1]
        cycle = self(phase, 1 - length, self.horizon + 1)  # (b, L + H, K)
        targets = inputs[..., :k] - cycle[:, :length]
        if seen is not None:
            targets = torch.where(seen[..., :k], targets, 0)
        inputs = torch.cat([targets, inputs[..., k:]], dim=2)
        shift = units.shift + units.scale * cycle[:, length:]
        return inputs, Units(shift, units.scale)

    def units_of_steps(
        self, units: Units, phase: Tensor, n_steps: int, stride: int = 1
    ) -> Units:
        """Units of forecasts from several time steps of each window.

        Parameters
        ----------
        units : Units
            Units of the forecast from the last step, with a shift of shape (b, H, K).
        phase : Tensor of shape (b,), int64
            Of the last timestamp of each window.
        n_steps : int
            Number of time steps, S, including the last timestamp.
        stride : int, default=1
            Timestamps from one to the next.

        Returns
        -------
        units : Units
            With a shift of shape (b, S, H, K) and a scale of shape (b, 1, 1, K).
        """
        back = stride * (n_steps - 1)
        cycle = self(phase, 1 - back, self.horizon + 1)
        # (b, back + H, K) -> (b, S, K, H) -> (b, S, H, K)
        pieces = cycle.unfold(1, self.horizon, stride).transpose(2, 3)
        scale = units.scale.unsqueeze(1)
        moved = scale * (pieces - pieces[:, -1:])
        return Units(units.shift.unsqueeze(1) + moved, scale)
