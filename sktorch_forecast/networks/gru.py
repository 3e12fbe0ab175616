"""Gated recurrent unit."""

from ..layers import GRU, RecurrentNetwork
from ._recurrent import RecurrentForecaster


class GRUNetwork(RecurrentNetwork):
    """Stacked GRU layers and a linear read-out, see `RecurrentNetwork`."""

    cell = GRU


class GRUForecaster(RecurrentForecaster):
    """Forecast with a network of gated recurrent units.

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
    LSTMForecaster : Has one more gate and one more state.

    References
    ----------
    .. [1] K. Cho et al. (2014), Learning Phrase Representations using RNN
       Encoder-Decoder for Statistical Machine Translation. EMNLP, section 2.3.
    .. [2] R. J. Williams and J. Peng (1990), An Efficient Gradient-Based Algorithm
       for On-Line Training of Recurrent Network Trajectories. Neural Computation 2.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import GRUForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = GRUForecaster(hidden_size=8, max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = GRUNetwork
