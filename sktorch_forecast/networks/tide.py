"""Dense residual blocks that encode a window and decode a horizon."""

from numbers import Integral, Real
from typing import Any, ClassVar, Unpack

import torch
from torch import Tensor, nn

from .._training.shared import SharedParameters
from .._utils.compat import Interval
from .._utils.validation import check_positive_int
from ..forecaster import Forecaster
from ..layers import Dropout, Linear, Readout


class TiDENetwork(nn.Module):
    """TiDE: a dense encoder, a dense decoder, one for each step, and a linear map.

    In the paper's notation, with y the window, x the covariates of a step that are
    known ahead, and a the static ones::

        x~_t = projection(x_t)                  a residual block, to few numbers
        e = encoder(y, x~ of the window and the horizon, a)     residual blocks (r)
        g = decoder(e)                          residual blocks, p numbers a step (p H)
        forecast = temporal decoder(g_t, x~_t) + linear(y)

    Parameters
    ----------
    n_channels, length : int
        Shape of a window.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    n_past, n_future, n_static : int
        Targets and past covariates, which are the first channels; covariates known over
        the horizon, which are the next ones; and static ones, which are the last ones.
    hidden_size, num_layers, decoder_size, covariate_size, dropout
        As for :class:`TiDEForecaster`.
    """

    def __init__(
        self,
        n_channels: int,
        length: int,
        output_shape: tuple[int, int, int],
        n_past: int | None = None,
        n_future: int = 0,
        n_static: int = 0,
        hidden_size: int = 64,
        num_layers: int = 1,
        decoder_size: int = 8,
        covariate_size: int = 4,
        dropout: float = 0.0,
    ):
        super().__init__()
        horizon, n_targets, n_params = output_shape
        hidden_size = check_positive_int(hidden_size, "hidden_size")
        self.decoder_size = check_positive_int(decoder_size, "decoder_size")
        covariate_size = check_positive_int(covariate_size, "covariate_size")
        n_own = n_channels - n_future - n_static
        n_past = n_own if n_past is None else n_past
        self.sizes = [n_past, n_future, n_own - n_past, n_static]
        n_inputs, n_projected = length * n_own + n_static, 0
        self.projection = None
        if n_future:
            n_projected = covariate_size
            n_inputs += (length + horizon) * n_projected
            self.projection = _ResidualBlock(
                n_future, hidden_size, n_projected, dropout
            )
        sizes = [hidden_size] * check_positive_int(num_layers, "num_layers")
        encoder = zip([n_inputs, *sizes], sizes)
        decoder = zip([hidden_size, *sizes], [*sizes[1:], horizon * decoder_size])
        self.encoder_decoder = nn.Sequential(
            *(
                _ResidualBlock(n_in, hidden_size, n_out, dropout)
                for n_in, n_out in (*encoder, *decoder)
            ),
        )
        self.temporal_decoder = _ResidualBlock(
            decoder_size + n_projected, hidden_size, n_targets * n_params, dropout
        )
        self.line = Readout(length * n_own, output_shape)

    def forward(
        self, x: Tensor, future: Tensor | None = None, static: Tensor | None = None
    ) -> Tensor:
        """Forecast all steps.

        Parameters
        ----------
        x : Tensor of shape (batch, length, n_channels)
        future : Tensor of shape (batch, horizon, n_future), default=None
        static : Tensor of shape (batch, n_static), default=None

        Returns
        -------
        z : Tensor of shape (batch, *output_shape)
        """
        past, known, mask, _ = x.split(self.sizes, dim=2)
        y = torch.cat([past, mask], dim=2).flatten(1)
        inputs, ahead = [y], []
        if self.projection is not None and future is not None:
            # (batch, L + H, F) -> (batch, L + H, covariate_size)
            projected = self.projection(torch.cat([known, future], dim=1))
            inputs.append(projected.flatten(1))
            ahead.append(projected[:, x.shape[1] :])
        if static is not None:
            inputs.append(static)
        e = torch.cat(inputs, dim=1)
        # (batch, H * p) -> (batch, H, p) -> (batch, H, K * P)
        g = self.encoder_decoder(e).unflatten(1, (-1, self.decoder_size))
        line = self.line(y)
        return (
            self.temporal_decoder(torch.cat([g, *ahead], dim=2)).view(line.shape) + line
        )


class _ResidualBlock(nn.Module):
    """norm(dropout(V ReLU(U x)) + W x), as in figure 1 of the paper."""

    def __init__(self, n_inputs, hidden_size, n_outputs, dropout):
        super().__init__()
        self.perceptron = nn.Sequential(
            Linear(n_inputs, hidden_size),
            nn.ReLU(),
            Linear(hidden_size, n_outputs),
            Dropout(dropout),
        )
        self.skip = Linear(n_inputs, n_outputs)
        # Nothing would be left of a single number.
        self.norm = nn.LayerNorm(n_outputs) if n_outputs > 2 else nn.Identity()

    def forward(self, x):
        return self.norm(self.perceptron(x) + self.skip(x))


class TiDEForecaster(Forecaster):
    """Forecast with a dense encoder and decoder plus a linear map.

    The idea of TiDE [1]_ is that long horizons need neither attention nor recurrence:
    perceptrons with residual connections encode the window and decode a few numbers for
    each step of the horizon, which a small decoder, the same for all steps, turns into
    the forecast. A linear map of the window is added.

    Covariates that are known ahead are projected to few numbers at each timestamp of
    the window and of the horizon. The encoder reads them all, and the small decoder
    reads those of its step again, so that a holiday affects its own day.

    Where this departs from the paper: past covariates are read as they are, without a
    projection; all targets are forecast together. Blocks with one or two outputs are
    not normalized, since nothing would be left. The defaults are smaller (the paper has
    256 to 1,024 units, and a dropout of up to 0.5).

    Parameters
    ----------
    hidden_size : int, default=64
        Number of units in each block, and size of the encoding.
    num_layers : int, default=1
        Number of blocks in the encoder, and also in the decoder.
    decoder_size : int, default=8
        How many numbers are decoded for each step of the horizon.
    covariate_size : int, default=4
        How many numbers the known-ahead covariates of a timestamp are projected to.
    dropout : float in [0, 1), default=0.0
        Probability that an output of a block's perceptron is dropped during training.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    MLPForecaster : Has no decoder for each step.

    References
    ----------
    .. [1] A. Das et al. (2023), Long-term Forecasting with TiDE: Time-series Dense
       Encoder. TMLR, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import TiDEForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = TiDEForecaster(max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = TiDENetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "num_layers": [Interval(Integral, 1, None, closed="left")],
        "decoder_size": [Interval(Integral, 1, None, closed="left")],
        "covariate_size": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        hidden_size: int = 64,
        num_layers: int = 1,
        decoder_size: int = 8,
        covariate_size: int = 4,
        dropout: float = 0.0,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.decoder_size = decoder_size
        self.covariate_size = covariate_size
        self.dropout = dropout
