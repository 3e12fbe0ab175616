"""The parameters that all recurrent forecasters share."""

from numbers import Integral, Real
from typing import Any, ClassVar, Unpack

from .._training.shared import SharedParameters
from .._utils.compat import Interval
from ..forecaster import Forecaster


class RecurrentParameters(SharedParameters, total=False):
    """Parameters of `RecurrentForecaster`, as type checkers see them."""

    hidden_size: int
    num_layers: int
    dropout: float
    bidirectional: bool
    bptt_steps: int | None


class RecurrentForecaster(Forecaster):
    """Base class of the forecasters that read the window step by step.

    Parameters
    ----------
    hidden_size : int, default=32
        Units in each layer.
    num_layers : int, default=1
        Number of stacked recurrent layers.
    dropout : float in [0, 1), default=0.0
        Probability that an output of a layer is dropped while training; applies
        after every layer, the last one included.
    bidirectional : bool, default=False
        Whether each layer also reads the window backwards, from the origin to its
        beginning. Within a window that leaks nothing, but the steps before the origin
        then know what follows them, so it works only with ``train_on="last_step"``.
    bptt_steps : int or None, default=None
        Number of time steps, counted back from the origin, that gradients flow through
        (truncated backpropagation through time [2]_). The memory of a training step
        then does not grow with the length of the window. With ``train_on="all_steps"``
        earlier steps are not trained on. None means the whole window.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}
    """

    parameter_constraints: ClassVar[dict[str, Any]] = {
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "num_layers": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "bidirectional": ["boolean"],
        "bptt_steps": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        *,
        hidden_size: int = 32,
        num_layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        bptt_steps: int | None = None,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.bptt_steps = bptt_steps
