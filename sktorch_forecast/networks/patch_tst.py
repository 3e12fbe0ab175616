"""A transformer that reads patches of a window."""

from math import ceil
from numbers import Integral, Real
from typing import Any, ClassVar, Unpack

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._training.shared import SharedParameters
from .._utils.compat import Interval
from .._utils.validation import check_positive_int
from ..forecaster import Forecaster
from ..layers import Dropout, Linear, Readout
from ..layers.attention import EncoderLayer


class PatchTSTNetwork(nn.Module):
    """PatchTST: overlapping patches are the tokens of a transformer's encoder.

    In the paper's notation, with P the length of a patch and S the stride::

        window (L) -> N patches (P), S apart -> linear, plus a vector for each place
        -> encoder over the N tokens (D) -> flat (N D) -> linear -> horizon

    Parameters
    ----------
    n_channels, length : int
        Shape of a window.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    patch_length, stride, hidden_size, n_heads, num_layers, dropout
        As for :class:`PatchTSTForecaster`.
    """

    def __init__(
        self,
        n_channels: int,
        length: int,
        output_shape: tuple[int, int, int],
        patch_length: int = 8,
        stride: int = 4,
        hidden_size: int = 32,
        n_heads: int = 4,
        num_layers: int = 2,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.patch_length = check_positive_int(patch_length, "patch_length")
        self.stride = check_positive_int(stride, "stride")
        # As many as needed to reach back to the beginning of the window.
        n_patches = max(0, ceil((length - patch_length) / stride)) + 1
        self.n_values = (n_patches - 1) * stride + patch_length
        self.embedding = Linear(patch_length * n_channels, hidden_size)
        self.places = nn.Parameter(0.02 * torch.randn(n_patches, hidden_size))
        self.dropout = Dropout(dropout)
        self.encoder = nn.Sequential(
            *(EncoderLayer(hidden_size, n_heads, dropout) for _ in range(num_layers)),
            nn.LayerNorm(hidden_size),
        )
        self.readout = Readout(n_patches * hidden_size, output_shape)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, n_channels) -> (batch, *output_shape)"""
        # Zeros before the window, so that its last patch ends with it.
        x = F.pad(x, (0, 0, self.n_values - x.shape[1], 0))
        # (batch, n_values, C) -> (batch, N, C, P) -> (batch, N, C * P)
        patches = x.unfold(1, self.patch_length, self.stride).flatten(2)
        tokens = self.dropout(self.embedding(patches) + self.places)
        return self.readout(self.dropout(self.encoder(tokens).flatten(1)))


class PatchTSTForecaster(Forecaster):
    """Forecast with a transformer that reads patches of the window.

    A single value says little, and attention over hundreds of them is slow. PatchTST
    [1]_ makes a token of each patch of values, so that there are few tokens and each is
    meaningful.

    Where this departs from the paper: all channels of a patch are read together, where
    the paper forecasts each channel alone, with the same weights; for the paper's
    network, forecast series as a panel, with a single channel. Layer normalization
    before each layer takes the place of batch normalization, so that a forecast depends
    only on its own window. Windows are padded with zeros at the beginning, not with
    their last value at the end. The defaults are smaller (the paper has patches of 16,
    a stride of 8, 3 layers of 128 units with 16 heads, and a dropout of 0.2).

    Parameters
    ----------
    patch_length : int, default=8
        Number of timestamps in a patch.
    stride : int, default=4
        Number of timestamps from one patch to the next.
    hidden_size : int, default=32
        Size of a token, a multiple of `n_heads`.
    n_heads : int, default=4
        Number of attention heads.
    num_layers : int, default=2
        Number of encoder layers.
    dropout : float in [0, 1), default=0.0
        Probability that a number is dropped during training, in each layer, and before
        and after all of them.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    ITransformerForecaster : One token for each channel.
    SegRNNForecaster : Reads segments with a recurrent network.

    References
    ----------
    .. [1] Y. Nie et al. (2023), A Time Series is Worth 64 Words: Long-term Forecasting
       with Transformers. ICLR, section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import PatchTSTForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = PatchTSTForecaster(max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = PatchTSTNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "patch_length": [Interval(Integral, 1, None, closed="left")],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "num_layers": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        patch_length: int = 8,
        stride: int = 4,
        hidden_size: int = 32,
        n_heads: int = 4,
        num_layers: int = 2,
        dropout: float = 0.0,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.patch_length = patch_length
        self.stride = stride
        self.hidden_size = hidden_size
        self.n_heads = n_heads
        self.num_layers = num_layers
        self.dropout = dropout
