"""N-BEATS: perceptrons that explain a window part by part."""

from collections.abc import Sequence
from copy import copy, deepcopy
from math import pi
from numbers import Integral, Real
from typing import Any, ClassVar, Unpack

import numpy as np
import torch
from torch import Tensor, nn

from .._training.shared import SharedParameters
from .._utils.compat import Interval
from .._utils.validation import check_positive_int, check_positive_ints
from ..forecaster import Forecaster
from ..layers import Dropout, Linear

KINDS = ("trend", "seasonality", "generic")


class NBEATSNetwork(nn.Module):
    """Stacks of blocks; each block subtracts what it has explained of the window.

    In the paper's notation, for block l::

        h = perceptron(x_l)
        backcast x^ = V_b(W_b h), forecast y^ = V_f(W_f h)
        x_(l + 1) = x_l - x^,     y = sum of all y^

    V are the basis functions of a kind of stack: powers of time, harmonics, or the
    identity.

    Parameters
    ----------
    n_channels, length : int
        Shape of a window.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    stacks, n_blocks, hidden_layer_sizes, degree, n_harmonics, dropout
        As for :class:`NBEATSForecaster`.
    """

    def __init__(
        self,
        n_channels: int,
        length: int,
        output_shape: tuple[int, int, int],
        stacks: Sequence[str] = KINDS,
        n_blocks: int = 1,
        hidden_layer_sizes: Sequence[int] = (64, 64),
        degree: int = 2,
        n_harmonics: int | None = None,
        dropout: float = 0.0,
    ):
        super().__init__()
        horizon, n_targets, n_params = output_shape
        check_positive_int(n_blocks, "n_blocks")
        if not len(stacks) or not set(stacks) <= set(KINDS):
            raise ValueError(
                f"Expected stacks as a tuple of some of {KINDS}, found {stacks!r}."
            )
        if n_harmonics is None:
            n_harmonics = max(1, horizon // 2 - 1)
        self.output_shape, self.muted = output_shape, ""
        self.kinds = [kind for kind in stacks for _ in range(n_blocks)]
        self.blocks = nn.ModuleList(
            _Block(
                (length, n_channels),
                (horizon, n_targets * n_params),
                hidden_layer_sizes,
                _functions(kind, length, horizon, degree, n_harmonics),
                dropout,
            )
            for kind in self.kinds
        )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, n_channels) -> (batch, *output_shape)"""
        parts = []
        for kind, block in zip(self.kinds, self.blocks):
            backcast, forecast = block(x)
            x = x - backcast
            if kind != self.muted:
                parts.append(forecast)
        y = torch.stack(parts).sum(0) if parts else torch.zeros_like(forecast)
        return y.view(-1, *self.output_shape)


class _Block(nn.Module):
    """(batch, length, C) -> backcast of that shape, and forecast (batch, H, K * P)."""

    def __init__(self, window, horizon, sizes, functions, dropout):
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten()]
        size = window[0] * window[1]
        for hidden_size in check_positive_ints(sizes, "hidden_layer_sizes"):
            layers += [Linear(size, hidden_size), nn.ReLU()]
            layers += [Dropout(dropout)] if dropout else []
            size = hidden_size
        self.perceptron = nn.Sequential(*layers)
        self.back = _Expansion(size, window, functions[0])
        self.ahead = _Expansion(size, horizon, functions[1])

    def forward(self, x):
        h = self.perceptron(x)
        return self.back(h), self.ahead(h)


class _Expansion(nn.Module):
    """Expand coefficients of functions, per channel: (batch, n) -> (batch, T, C)

    Without functions, the coefficients are the values themselves.
    """

    def __init__(self, n_inputs, shape, functions):
        super().__init__()
        length, n_channels = shape
        self.n_channels = n_channels
        n_coefficients = length if functions is None else len(functions)
        self.coefficients = Linear(n_inputs, n_channels * n_coefficients)
        self.register_buffer("functions", functions, persistent=False)

    def forward(self, h):
        theta = self.coefficients(h).unflatten(1, (self.n_channels, -1))
        if self.functions is not None:
            theta = theta @ self.functions
        return theta.transpose(1, 2)


def _functions(kind, length, horizon, degree, n_harmonics):
    """Basis functions over the window and over the horizon, each (n, T), or None.

    Time is measured in horizons, and is zero at the first step ahead.
    """
    if kind == "generic":
        return None, None
    times = torch.arange(-length, horizon, dtype=torch.float64) / horizon
    if kind == "trend":
        # In the window, powers of its own length stay below 1.
        scaled = torch.where(times < 0, times * horizon / length, times)
        functions = scaled ** torch.arange(degree + 1).unsqueeze(1)
    else:
        angles = 2 * pi * torch.arange(1, n_harmonics + 1).unsqueeze(1) * times
        functions = torch.cat([angles.cos(), angles.sin()])
    functions = functions.float()
    return functions[:, :length].contiguous(), functions[:, length:].contiguous()


class NBEATSForecaster(Forecaster):
    """Forecast with N-BEATS, as the sum of a trend, a season and a remainder.

    Perceptrons on the flattened window, one after the other. Each outputs the part of
    the window that it explains and the forecast that follows from that part; the next
    one sees the rest [1]_. :meth:`decompose` returns the parts of a forecast.

    Where this departs from the paper: the default is one stack of each kind, and far
    smaller ones (the paper has 3 blocks of 4 layers with 256 or 2,048 units in a stack,
    or 30 generic blocks with 512). The blocks of a stack do not share their weights.
    Several channels, targets and distribution parameters are supported, each with its
    own coefficients. The paper's forecast is the median of 180 networks: for an
    ensemble, use :class:`~sktorch_forecast.DeepEnsembleForecaster`.

    Parameters
    ----------
    stacks : tuple of {"trend", "seasonality", "generic"}, \
            default=("trend", "seasonality", "generic")
        Kinds of the stacks, in order. The first two together are the paper's
        interpretable network, and "generic" alone is its generic one.
    n_blocks : int, default=1
        Number of blocks in each stack.
    hidden_layer_sizes : tuple of int, default=(64, 64)
        Units in each hidden layer of a block.
    degree : int, default=2
        Degree of the polynomial in time that makes up a trend.
    n_harmonics : int or None, default=None
        Number of harmonics of the horizon that make up a season; None means ``horizon
        // 2 - 1``, at least 1, as in the paper.
    dropout : float in [0, 1), default=0.0
        Probability that a hidden unit is dropped while training.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    NHITSForecaster : Has parts of different frequencies.

    References
    ----------
    .. [1] B. Oreshkin et al. (2020), N-BEATS: Neural Basis Expansion Analysis for
       Interpretable Time Series Forecasting. ICLR, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import NBEATSForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = NBEATSForecaster(max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = NBEATSNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "stacks": [tuple, list],
        "n_blocks": [Interval(Integral, 1, None, closed="left")],
        "hidden_layer_sizes": [tuple, list],
        "degree": [Interval(Integral, 0, None, closed="left")],
        "n_harmonics": [Interval(Integral, 1, None, closed="left"), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        stacks: Sequence[str] = KINDS,
        n_blocks: int = 1,
        hidden_layer_sizes: Sequence[int] = (64, 64),
        degree: int = 2,
        n_harmonics: int | None = None,
        dropout: float = 0.0,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.stacks = stacks
        self.n_blocks = n_blocks
        self.hidden_layer_sizes = hidden_layer_sizes
        self.degree = degree
        self.n_harmonics = n_harmonics
        self.dropout = dropout

    def decompose(self, X: Any) -> dict[str, np.ndarray]:
        """The parts that add up to the forecasts.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.

        Returns
        -------
        parts : dict of str to ndarray
            One for each kind of stack, with the shape of ``predict(X)`` and in the
            units of the series; and "level", which is everything that does not come
            from the stacks: the level of the window and the share of the ridge
            regression. Covariates known over the horizon act on the sum of the stacks;
            with these, a part is what would be missing without its stack.
        """
        forecast = self.predict(X)
        parts = {}
        for kind in dict.fromkeys(self.spec_.params["stacks"]):
            twin = copy(self)
            twin.module_ = deepcopy(self.module_)
            twin.module_.network.muted = kind
            parts[kind] = forecast - twin.predict(X)
        return {"level": forecast - sum(parts.values()), **parts}
