"""Perceptrons across time and across channels, in turn."""

from numbers import Integral, Real
from typing import Any, ClassVar, Unpack

from torch import Tensor, nn

from .._training.shared import SharedParameters
from .._utils.compat import Interval
from .._utils.validation import check_positive_int
from ..forecaster import Forecaster
from ..layers import Dropout, Linear


class TSMixerNetwork(nn.Module):
    """TSMixer: blocks that mix times, then channels, and a linear map across time.

    In the paper's notation, for a block on a window (L, C)::

        x = x + dropout(ReLU(W x^T))^T               the same for every channel
        x = x + dropout(V dropout(ReLU(U x)))        the same for every timestamp

    and after all blocks, the times (L) of each target are mapped to the horizon (T),
    with the same weights for all targets.

    Parameters
    ----------
    n_channels, length : int
        Shape of a window.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    hidden_size, n_blocks, dropout
        As for :class:`TSMixerForecaster`.
    """

    def __init__(
        self,
        n_channels: int,
        length: int,
        output_shape: tuple[int, int, int],
        hidden_size: int = 64,
        n_blocks: int = 2,
        dropout: float = 0.0,
    ):
        super().__init__()
        check_positive_int(n_blocks, "n_blocks")
        horizon, self.n_targets, self.n_params = output_shape
        self.blocks = nn.Sequential(
            *(
                _MixerBlock(length, n_channels, hidden_size, dropout)
                for _ in range(n_blocks)
            )
        )
        self.ahead = Linear(length, horizon * self.n_params)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, n_channels) -> (batch, *output_shape)"""
        targets = self.blocks(x)[..., : self.n_targets].transpose(1, 2)
        # (batch, K, L) -> (batch, K, H * P) -> (batch, K, H, P) -> (batch, H, K, P)
        return self.ahead(targets).unflatten(-1, (-1, self.n_params)).transpose(1, 2)


class _MixerBlock(nn.Module):
    """(batch, length, n_channels) -> the same shape"""

    def __init__(self, length, n_channels, hidden_size, dropout):
        super().__init__()
        self.norm_1 = nn.LayerNorm([length, n_channels])
        self.norm_2 = nn.LayerNorm([length, n_channels])
        self.times = nn.Sequential(Linear(length, length), nn.ReLU(), Dropout(dropout))
        self.channels = nn.Sequential(
            Linear(n_channels, hidden_size),
            nn.ReLU(),
            Dropout(dropout),
            Linear(hidden_size, n_channels),
            Dropout(dropout),
        )

    def forward(self, x):
        x = x + self.times(self.norm_1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm_2(x))


class TSMixerForecaster(Forecaster):
    """Forecast with perceptrons that mix times and channels in turn.

    What a transformer does with attention, TSMixer [1]_ does with two small
    perceptrons: one along the window, the same for every channel, and one across the
    channels, the same for every timestamp. It is for several targets, or one with
    covariates.

    Where this departs from the paper: layer normalization takes the place of batch
    normalization, so that a forecast depends only on its own window, and the last map
    has an output for each parameter of a distribution.

    Parameters
    ----------
    hidden_size : int, default=64
        Number of units in the perceptron across the channels.
    n_blocks : int, default=2
        Number of blocks, each with both perceptrons.
    dropout : float in [0, 1), default=0.0
        Probability that a unit is dropped during training.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    ITransformerForecaster : Uses attention between the channels.

    References
    ----------
    .. [1] S. Chen et al. (2023), TSMixer: An All-MLP Architecture for Time Series
       Forecasting. TMLR, section 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import TSMixerForecaster, make_windows
    >>> series = np.sin(np.arange(200)[:, np.newaxis] / [5, 7])
    >>> X, y = make_windows(series, horizon=3, length=20, target=[0, 1])
    >>> model = TSMixerForecaster(max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 6)
    """

    module = TSMixerNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "n_blocks": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        hidden_size: int = 64,
        n_blocks: int = 2,
        dropout: float = 0.0,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.hidden_size = hidden_size
        self.n_blocks = n_blocks
        self.dropout = dropout
