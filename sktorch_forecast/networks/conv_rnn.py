"""A convolution in front of a recurrent network."""

from numbers import Integral
from typing import Any, ClassVar, Literal, Unpack

from torch import Tensor, nn
from torch.nn import functional as F

from .._utils.compat import Interval, StrOptions
from ..layers import RecurrentNetwork
from ..layers.recurrent import CELLS
from ._recurrent import RecurrentForecaster, RecurrentParameters


class ConvRNNNetwork(nn.Module):
    """A strided causal convolution, then recurrent layers and a linear read-out.

    Parameters
    ----------
    n_channels : int
        Number of input channels.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    cell, n_filters, kernel_size, stride, hidden_size, num_layers, dropout, \
            bidirectional, bptt_steps
        As for :class:`ConvRNNForecaster`.
    """

    def __init__(
        self,
        n_channels: int,
        output_shape: tuple[int, int, int],
        cell: str = "gru",
        n_filters: int = 20,
        kernel_size: int = 4,
        stride: int = 2,
        hidden_size: int = 32,
        num_layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        bptt_steps: int | None = None,
    ):
        super().__init__()
        self.conv = nn.Conv1d(n_channels, n_filters, kernel_size, stride)
        self.rnn = RecurrentNetwork(
            n_filters,
            output_shape,
            hidden_size,
            num_layers,
            dropout,
            bidirectional,
            bptt_steps,
            cell=CELLS[cell],
        )
        self.stride = stride

    def forward(self, x: Tensor, all_steps: bool = False) -> Tensor:
        """(batch, length, n_channels) -> (batch, *output_shape)

        With `all_steps`, -> (batch, n_steps, *output_shape), a forecast from every
        stride-th time step, the last of the window among them.
        """
        kernel_size = self.conv.kernel_size[0]
        # Zeros before the window, so that the last output ends with the window.
        missing = max(
            kernel_size - x.shape[1], (kernel_size - x.shape[1]) % self.stride
        )
        # (batch, length, n_channels) -> (batch, n_channels, length), as Conv1d wants
        features = self.conv(F.pad(x.transpose(1, 2), (missing, 0)))
        return self.rnn(features.transpose(1, 2), all_steps=all_steps)


class ConvRNNForecaster(RecurrentForecaster):
    """Forecast with a convolution in front of a recurrent network.

    The convolution summarizes `kernel_size` timestamps at a time and moves on by
    `stride`, so the recurrent layers have fewer, more informative steps to read. With
    ``train_on="all_steps"`` the targets follow the stride.

    Parameters
    ----------
    cell : {"gru", "lstm", "rnn"}, default="gru"
        Kind of the recurrent layers.
    n_filters : int, default=20
        Number of outputs of the convolution at each step.
    kernel_size : int, default=4
        Number of timestamps that the convolution combines.
    stride : int, default=2
        Timestamps from one step of the convolution to the next.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    WaveNetForecaster : Convolutions only.

    References
    ----------
    .. [1] A. Géron (2022), Hands-On Machine Learning with Scikit-Learn, Keras, and
       TensorFlow, 3rd edition, chapter 15.
    .. [2] R. J. Williams and J. Peng (1990), An Efficient Gradient-Based Algorithm
       for On-Line Training of Recurrent Network Trajectories. Neural Computation 2.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import ConvRNNForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = ConvRNNForecaster(hidden_size=8, max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = ConvRNNNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "cell": [StrOptions(set(CELLS))],
        "n_filters": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "stride": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        cell: Literal["gru", "lstm", "rnn"] = "gru",
        n_filters: int = 20,
        kernel_size: int = 4,
        stride: int = 2,
        **shared: Unpack[RecurrentParameters],
    ):
        super().__init__(**shared)
        self.cell = cell
        self.n_filters = n_filters
        self.kernel_size = kernel_size
        self.stride = stride
