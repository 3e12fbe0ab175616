"""Multilayer perceptron."""

from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar, Literal, Unpack

from torch import nn

from .._training.shared import SharedParameters
from .._utils.compat import Interval, StrOptions
from .._utils.validation import check_positive_ints
from ..forecaster import Forecaster
from ..layers import Dropout, Linear, Readout

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "logistic": nn.Sigmoid}


class MLPNetwork(nn.Sequential):
    """Fully connected layers on the flattened window.

    Parameters
    ----------
    n_channels, length : int
        Shape of a window.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    hidden_layer_sizes : tuple of int, default=(64, 64)
        Units in each hidden layer.
    activation : {"relu", "tanh", "logistic"}, default="relu"
        Nonlinearity after each hidden layer.
    dropout : float, default=0.0
        Probability that a hidden unit is dropped while training.
    """

    def __init__(
        self,
        n_channels: int,
        length: int,
        output_shape: tuple[int, int, int],
        hidden_layer_sizes: Sequence[int] = (64, 64),
        activation: str = "relu",
        dropout: float = 0.0,
    ):
        # (batch, length, n_channels) -> (batch, length * n_channels)
        layers: list[nn.Module] = [nn.Flatten()]
        size = length * n_channels
        for hidden_size in check_positive_ints(
            hidden_layer_sizes, "hidden_layer_sizes"
        ):
            layers += [Linear(size, hidden_size), ACTIVATIONS[activation]()]
            layers += [Dropout(dropout)] if dropout else []
            size = hidden_size
        # -> (batch, horizon, n_targets, n_params)
        super().__init__(*layers, Readout(size, output_shape))


class MLPForecaster(Forecaster):
    """Forecast with a multilayer perceptron on the flattened window.

    Without hidden layers it is a linear model of the window. Its own parameters are
    named as in ``sklearn.neural_network.MLPRegressor``.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(64, 64)
        Units in each hidden layer; ``()`` gives a linear model.
    activation : {"relu", "tanh", "logistic"}, default="relu"
        Nonlinearity after each hidden layer.
    dropout : float in [0, 1), default=0.0
        Probability that a hidden unit is dropped while training.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    RNNForecaster : Reads the window step by step instead.

    References
    ----------
    .. [1] D. E. Rumelhart, G. E. Hinton and R. J. Williams (1986), Learning
       representations by back-propagating errors. Nature 323.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import MLPForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = MLPForecaster(hidden_layer_sizes=(), max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = MLPNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "hidden_layer_sizes": [tuple, list],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        hidden_layer_sizes: Sequence[int] = (64, 64),
        activation: Literal["relu", "tanh", "logistic"] = "relu",
        dropout: float = 0.0,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
