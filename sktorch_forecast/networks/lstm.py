"""Long short-term memory."""

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval
from torch import nn

from ..forecaster import Forecaster
from ..layers import Dropout, Linear


class LSTMNetwork(nn.Module):
    """Stacked LSTM layers and a linear read-out of the last output.

    Parameters
    ----------
    n_channels : int
        Number of input channels.
    n_outputs : int
        ``horizon * n_targets``.
    hidden_size : int, default=32
        Units in each layer.
    num_layers : int, default=1
        Layers on top of each other.
    dropout : float, default=0.0
        Probability that an output of a layer is dropped while training.
    """

    def __init__(
        self, n_channels, n_outputs, hidden_size=32, num_layers=1, dropout=0.0
    ):
        super().__init__()
        sizes = [n_channels] + [hidden_size] * (num_layers - 1)
        self.layers = nn.ModuleList(
            nn.LSTM(size, hidden_size, batch_first=True) for size in sizes
        )
        # Not the dropout of nn.LSTM: that one spares the last layer, so a single
        # layer has none, and draws from the global generator.
        self.dropout = Dropout(dropout)
        self.readout = Linear(hidden_size, n_outputs)

    def forward(self, x):
        """(batch, length, n_channels) -> (batch, n_outputs)"""
        for layer in self.layers:
            x, _ = layer(x)  # (batch, length, hidden_size)
            x = self.dropout(x)
        return self.readout(x[:, -1])


class LSTMForecaster(Forecaster):
    """Forecast with a long short-term memory network.

    The network reads the window from its oldest timestamp to the origin; a linear
    layer turns the last output into all steps of the horizon at once.

    Parameters
    ----------
    hidden_size : int, default=32
        Units in each layer.
    num_layers : int, default=1
        Recurrent layers on top of each other.
    dropout : float in [0, 1), default=0.0
        Probability that an output of a layer is dropped while training; applies
        after every layer, the last one included.
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

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import LSTMForecaster, make_windows
    >>> series = np.sin(np.arange(200) / 5)
    >>> X, y = make_windows(series, horizon=3, length=20)
    >>> model = LSTMForecaster(hidden_size=8, max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = LSTMNetwork
    _parameter_constraints = {
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "num_layers": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, *, hidden_size=32, num_layers=1, dropout=0.0, **shared):
        super().__init__(**shared)
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
