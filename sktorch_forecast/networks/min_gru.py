"""A recurrent network whose recurrence is linear: minGRU and minLSTM."""

from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Unpack

from torch import Tensor, nn
from torch.nn import functional as F

from .._training.shared import SharedParameters
from .._utils.compat import Interval, StrOptions
from .._utils.validation import check_positive_int
from ..forecaster import Forecaster
from ..layers import Dropout, Linear, MinGRU, MinLSTM, Readout

CELLS = {"gru": MinGRU, "lstm": MinLSTM}
# How many timestamps the convolution in front of each recurrent layer sees.
_KERNEL_SIZE = 4


class MinGRUNetwork(nn.Module):
    """Blocks of a short convolution, a minGRU and a perceptron, and a linear read-out.

    Parameters
    ----------
    n_channels, length : int
        Shape of a window.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    cell, hidden_size, num_layers, dropout
        As for :class:`MinGRUForecaster`.
    """

    stride = 1  # from one forecast to the next, if all steps forecast

    def __init__(
        self,
        n_channels: int,
        length: int,
        output_shape: tuple[int, int, int],
        cell: str = "gru",
        hidden_size: int = 32,
        num_layers: int = 3,
        dropout: float = 0.0,
    ):
        super().__init__()
        check_positive_int(num_layers, "num_layers")
        self.embedding = Linear(n_channels, hidden_size)
        self.blocks = nn.Sequential(
            *(
                _Block(CELLS[cell], hidden_size, length, dropout)
                for _ in range(num_layers)
            ),
            nn.LayerNorm(hidden_size),
        )
        self.readout = Readout(hidden_size, output_shape)

    def forward(self, x: Tensor, all_steps: bool = False) -> Tensor:
        """(batch, length, n_channels) -> (batch, *output_shape)

        With `all_steps`, -> (batch, length, *output_shape), a forecast from every time
        step.
        """
        x = self.blocks(self.embedding(x))
        return self.readout(x if all_steps else x[:, -1])


class _Block(nn.Module):
    """(batch, length, hidden_size) -> the same shape."""

    def __init__(self, cell, size, length, dropout):
        super().__init__()
        # One filter for each unit.
        self.conv = nn.Conv1d(size, size, _KERNEL_SIZE, groups=size)
        self.norm_1, self.norm_2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.recurrent = cell(size, size, timescale=length)
        self.perceptron = nn.Sequential(
            Linear(size, 2 * size), nn.GELU(), Dropout(dropout), Linear(2 * size, size)
        )
        self.dropout = Dropout(dropout)

    def forward(self, x):
        # Zeros before the window, so that no step sees what follows it.
        features = F.pad(x.transpose(1, 2), (_KERNEL_SIZE - 1, 0))
        x = x + self.conv(features).transpose(1, 2)
        x = x + self.dropout(self.recurrent(self.norm_1(x))[0])
        return x + self.dropout(self.perceptron(self.norm_2(x)))


class MinGRUForecaster(Forecaster):
    """Forecast with a recurrent network whose recurrence is linear.

    The gate and the candidate of a minGRU [1]_ see only the input of a time step, not
    the state, so that the recurrence reduces to a weighted sum::

        z = sigmoid(W_z x + b_z),  c = W_c x + b_c,  h = (1 - z) h' + z c

    Gates that depend on the past come from stacking: the next layer reads states. As in
    the paper, each block has a short convolution, the recurrent layer and a perceptron,
    each with a residual connection.

    Where this departs from the paper: inputs of layers are normalized, including their
    mean; there are as many states as units, where the paper may have more; and units
    initially remember between one step and the whole window [2]_, not one or two steps.

    Parameters
    ----------
    cell : {"gru", "lstm"}, default="gru"
        "lstm" has two gates that add up to 1, see
        :class:`~sktorch_forecast.layers.MinLSTM`.
    hidden_size : int, default=32
        Number of units in each block.
    num_layers : int, default=3
        Number of stacked blocks.
    dropout : float in [0, 1), default=0.0
        Probability that an output of a recurrent layer or a unit of a perceptron is
        dropped during training.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    GRUForecaster : Its gates see the state.

    References
    ----------
    .. [1] L. Feng et al. (2024), Were RNNs All We Needed? arXiv:2410.01201, section 3,
       with the blocks of appendix C.
    .. [2] C. Tallec and Y. Ollivier (2018), Can Recurrent Neural Networks Warp Time?
       ICLR, section 2, chrono initialization.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import MinGRUForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = MinGRUForecaster(hidden_size=8, max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = MinGRUNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "cell": [StrOptions(set(CELLS))],
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "num_layers": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        cell: Literal["gru", "lstm"] = "gru",
        hidden_size: int = 32,
        num_layers: int = 3,
        dropout: float = 0.0,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
