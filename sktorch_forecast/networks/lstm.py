"""Long short-term memory."""

from torch import nn

from ..layers import RecurrentNetwork
from ._recurrent import RecurrentForecaster


class LSTMNetwork(RecurrentNetwork):
    """Stacked LSTM layers and a linear read-out, see `RecurrentNetwork`."""

    cell = nn.LSTM


class LSTMForecaster(RecurrentForecaster):
    """Forecast with a long short-term memory network.

    The network reads the window from its oldest timestamp to the origin; a linear
    layer turns the last output into all steps of the horizon at once.

    Parameters
    ----------
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    NaiveForecaster : The forecast that any network should beat.

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber (1997), Long Short-Term Memory. Neural
       Computation 9 (8), with the forget gate of F. Gers et al. (2000).
    .. [2] R. J. Williams and J. Peng (1990), An Efficient Gradient-Based Algorithm
       for On-Line Training of Recurrent Network Trajectories. Neural Computation 2.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import LSTMForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = LSTMForecaster(hidden_size=8, max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = LSTMNetwork
