"""A transformer whose tokens are the channels."""

from numbers import Integral, Real
from typing import Any, ClassVar, Unpack

from torch import Tensor, nn

from .._training.shared import SharedParameters
from .._utils.compat import Interval
from ..forecaster import Forecaster
from ..layers import Dropout, Linear
from ..layers.attention import EncoderLayer


class ITransformerNetwork(nn.Module):
    """iTransformer: each channel is a token, and attention is between channels.

    In the paper's notation, with N channels::

        window of a channel (T) -> linear -> token (D)
        encoder over the N tokens
        token of a target (D) -> linear -> horizon (S)

    Parameters
    ----------
    n_channels, length : int
        Shape of a window.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``; the targets are the first channels.
    hidden_size, n_heads, num_layers, dropout
        As for :class:`ITransformerForecaster`.
    """

    def __init__(
        self,
        n_channels: int,
        length: int,
        output_shape: tuple[int, int, int],
        hidden_size: int = 64,
        n_heads: int = 4,
        num_layers: int = 2,
        dropout: float = 0.0,
    ):
        super().__init__()
        horizon, self.n_targets, n_params = output_shape
        self.n_params = n_params
        self.embedding = Linear(length, hidden_size)
        self.dropout = Dropout(dropout)
        self.encoder = nn.Sequential(
            *(EncoderLayer(hidden_size, n_heads, dropout) for _ in range(num_layers)),
            nn.LayerNorm(hidden_size),
        )
        self.readout = Linear(hidden_size, horizon * n_params)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, n_channels) -> (batch, horizon, n_targets, n_params)"""
        tokens = self.dropout(self.embedding(x.transpose(1, 2)))
        targets = self.encoder(tokens)[:, : self.n_targets]
        # (batch, K, H * P) -> (batch, K, H, P) -> (batch, H, K, P)
        y = self.readout(targets).unflatten(2, (-1, self.n_params))
        return y.transpose(1, 2)


class ITransformerForecaster(Forecaster):
    """Forecast with a transformer whose tokens are the channels.

    Where other transformers make a token of the values at one timestamp, iTransformer
    [1]_ makes one of the whole window of a channel, so that attention learns which
    channels go together. It is for several targets, or one with covariates; with a
    single channel, it reduces to a perceptron.

    Where this departs from the paper: normalization comes before each layer. Covariates
    are channels like the targets, including static ones and the missing-value
    indicators, and only the targets are read out. The defaults are smaller (the paper
    has 128 to 512 units, 8 heads, 2 to 4 layers and a dropout of 0.1).

    Parameters
    ----------
    hidden_size : int, default=64
        Size of a token, a multiple of `n_heads`.
    n_heads : int, default=4
        Number of attention heads.
    num_layers : int, default=2
        Number of encoder layers.
    dropout : float in [0, 1), default=0.0
        Probability that a number is dropped during training, in each layer and before
        the first.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    PatchTSTForecaster : One token for each patch of time.
    TSMixerForecaster : Mixes channels and times, without attention.

    References
    ----------
    .. [1] Y. Liu et al. (2024), iTransformer: Inverted Transformers Are Effective for
       Time Series Forecasting. ICLR, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import ITransformerForecaster, make_windows
    >>> series = np.sin(np.arange(200)[:, np.newaxis] / [5, 7])
    >>> X, y = make_windows(series, horizon=3, length=20, target=[0, 1])
    >>> model = ITransformerForecaster(max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 6)
    """

    module = ITransformerNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "num_layers": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        hidden_size: int = 64,
        n_heads: int = 4,
        num_layers: int = 2,
        dropout: float = 0.0,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.hidden_size = hidden_size
        self.n_heads = n_heads
        self.num_layers = num_layers
        self.dropout = dropout
