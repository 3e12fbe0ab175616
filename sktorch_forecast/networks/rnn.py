"""The simple recurrent network."""

from typing import Any, ClassVar, Literal, Unpack

from .._utils.compat import StrOptions
from ..layers import RecurrentNetwork
from ..layers.rnn import RNN
from ._recurrent import RecurrentForecaster, RecurrentParameters


class RNNNetwork(RecurrentNetwork):
    """Stacked simple recurrent layers and a linear read-out, see `RecurrentNetwork`."""

    cell = RNN


class RNNForecaster(RecurrentForecaster):
    """Forecast with a simple recurrent network.

    At every time step a layer computes ``h = f(W x + U h + b)`` from its input ``x``
    and its own last output ``h``. A linear layer turns the last output into all steps
    of the horizon at once.

    Parameters
    ----------
    nonlinearity : {"tanh", "relu"}, default="tanh"
        The function ``f``.
    readout : bool, default=True
        Whether there is a linear layer at the end. Without it the last output is the
        forecast: `hidden_size` must then be ``horizon * n_targets``, and with "tanh"
        forecasts lie between -1 and 1 in the units of the network.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    LSTMForecaster : Has a longer memory.

    References
    ----------
    .. [1] J. L. Elman (1990), Finding Structure in Time. Cognitive Science 14 (2).
    .. [2] R. J. Williams and J. Peng (1990), An Efficient Gradient-Based Algorithm
       for On-Line Training of Recurrent Network Trajectories. Neural Computation 2.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import RNNForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = RNNForecaster(hidden_size=8, max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = RNNNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "nonlinearity": [StrOptions({"tanh", "relu"})],
        "readout": ["boolean"],
    }

    def __init__(
        self,
        *,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        readout: bool = True,
        **shared: Unpack[RecurrentParameters],
    ):
        super().__init__(**shared)
        self.nonlinearity = nonlinearity
        self.readout = readout
