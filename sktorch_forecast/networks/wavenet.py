"""WaveNet: dilated causal convolutions."""

from collections.abc import Sequence
from math import prod
from numbers import Integral, Real
from typing import Any, ClassVar, Unpack

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._training.shared import SharedParameters
from .._utils.compat import Interval
from .._utils.validation import check_positive_ints
from ..forecaster import Forecaster
from ..layers import Dropout


class GatedBlock(nn.Module):
    """One dilated causal convolution with a gate, a residual and a skip connection.

    Equation 2 of [1]_: ``tanh(W_f * x) * sigmoid(W_g * x)``, both convolutions in one.
    """

    def __init__(self, n_filters: int, kernel_size: int, dilation: int, dropout: float):
        super().__init__()
        self.padding = (kernel_size - 1) * dilation
        self.conv = nn.Conv1d(n_filters, 2 * n_filters, kernel_size, dilation=dilation)
        self.mix = nn.Conv1d(n_filters, 2 * n_filters, 1)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, n_filters, length) -> the next input and the skip, both like it"""
        # Zeros before the window only: an output never sees what comes after it.
        z = self.conv(F.pad(x, (self.padding, 0)))
        filtered, gate = z.chunk(2, dim=1)
        z = self.dropout(torch.tanh(filtered) * torch.sigmoid(gate))
        residual, skip = self.mix(z).chunk(2, dim=1)
        return x + residual, skip


class WaveNetNetwork(nn.Module):
    """Blocks of dilated causal convolutions whose skips are summed and read out.

    Parameters
    ----------
    n_channels : int
        Number of input channels.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    n_filters : int, default=32
        Channels inside the network.
    kernel_size : int, default=2
        Time steps that a convolution combines.
    dilations : tuple of int, default=(1, 2, 4, 8, 16, 32)
        Distance between these time steps, one block each.
    dropout : float, default=0.0
        Probability that an output of a gate is dropped while training.
    """

    def __init__(
        self,
        n_channels: int,
        output_shape: tuple[int, int, int],
        n_filters: int = 32,
        kernel_size: int = 2,
        dilations: Sequence[int] = (1, 2, 4, 8, 16, 32),
        dropout: float = 0.0,
    ):
        super().__init__()
        if not dilations:
            raise ValueError(
                "Expected at least one dilation, found none: each dilation adds a "
                "block, and a network needs one."
            )
        self.embed = nn.Conv1d(n_channels, n_filters, 1)
        self.blocks = nn.ModuleList(
            GatedBlock(n_filters, kernel_size, dilation, dropout)
            for dilation in check_positive_ints(dilations, "dilations")
        )
        self.readout = nn.Sequential(
            nn.ReLU(),
            nn.Conv1d(n_filters, n_filters, 1),
            nn.ReLU(),
            nn.Conv1d(n_filters, prod(output_shape), 1),
        )
        self.output_shape = tuple(output_shape)

    def forward(self, x: Tensor, all_steps: bool = False) -> Tensor:
        """(batch, length, n_channels) -> (batch, *output_shape)

        With `all_steps`, -> (batch, length, *output_shape), forecasts from every time
        step.
        """
        # (batch, length, n_channels) -> (batch, n_channels, length), as Conv1d wants
        x = self.embed(x.transpose(1, 2))
        skips = x.new_zeros(())
        for block in self.blocks:
            x, skip = block(x)
            skips = skips + skip
        if not all_steps:
            return self.readout(skips[:, :, -1:])[:, :, 0].unflatten(
                -1, self.output_shape
            )
        # (batch, n_outputs, length) -> (batch, length, *output_shape)
        return self.readout(skips).transpose(1, 2).unflatten(-1, self.output_shape)


class WaveNetForecaster(Forecaster):
    """Forecast with dilated causal convolutions.

    By default each block looks twice as far back as the previous one, so a few blocks
    see a long window, and all time steps are computed in parallel.

    Parameters
    ----------
    n_filters : int, default=32
        Channels inside the network.
    kernel_size : int, default=2
        Time steps that a convolution combines.
    dilations : tuple of int, default=(1, 2, 4, 8, 16, 32)
        Distance between these time steps, one block each. The forecast sees
        ``1 + (kernel_size - 1) * sum(dilations)`` timestamps.
    dropout : float in [0, 1), default=0.0
        Probability that an output of a gate is dropped while training.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    References
    ----------
    .. [1] A. van den Oord et al. (2016), WaveNet: A Generative Model for Raw Audio.
       arXiv:1609.03499, sections 2.1 to 2.4.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import WaveNetForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = WaveNetForecaster(n_filters=4, max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = WaveNetNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "n_filters": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 2, None, closed="left")],
        "dilations": [tuple, list],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        n_filters: int = 32,
        kernel_size: int = 2,
        dilations: Sequence[int] = (1, 2, 4, 8, 16, 32),
        dropout: float = 0.0,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.n_filters = n_filters
        self.kernel_size = kernel_size
        self.dilations = dilations
        self.dropout = dropout
