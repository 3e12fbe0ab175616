"""N-HiTS: perceptrons that see a window, and forecast, at several resolutions."""

from collections.abc import Sequence
from math import ceil
from numbers import Real
from typing import Any, ClassVar, Unpack

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._training.shared import SharedParameters
from .._utils.compat import Interval
from .._utils.validation import check_positive_ints
from ..forecaster import Forecaster
from ..layers import Dropout, Linear


class NHITSNetwork(nn.Module):
    """Blocks that subtract what they explain, from slow to fast.

    In the paper's notation, for block l::

        x^p = max pooling of x_l over k_l timestamps
        h = perceptron(x^p)
        theta_b, theta_f: W h, a value for every r_l timestamps of window and horizon
        backcast x^ and forecast y^: these, joined by straight lines
        x_(l + 1) = x_l - x^,     y = sum of all y^

    Parameters
    ----------
    n_channels, length : int
        Shape of a window.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    pool_sizes, knot_distances, hidden_layer_sizes, dropout
        As for :class:`NHITSForecaster`.
    """

    def __init__(
        self,
        n_channels: int,
        length: int,
        output_shape: tuple[int, int, int],
        pool_sizes: Sequence[int] = (4, 2, 1),
        knot_distances: Sequence[int] = (4, 2, 1),
        hidden_layer_sizes: Sequence[int] = (64, 64),
        dropout: float = 0.0,
    ):
        super().__init__()
        pool_sizes = check_positive_ints(pool_sizes, "pool_sizes")
        knot_distances = check_positive_ints(knot_distances, "knot_distances")
        if len(pool_sizes) != len(knot_distances) or not pool_sizes:
            raise ValueError(
                "Expected as many pool_sizes as knot_distances, one for each block, "
                f"found {pool_sizes} and {knot_distances}."
            )
        horizon, n_targets, n_params = output_shape
        self.output_shape = output_shape
        self.blocks = nn.ModuleList(
            _Block(
                (length, n_channels),
                (horizon, n_targets * n_params),
                pool_size,
                distance,
                hidden_layer_sizes,
                dropout,
            )
            for pool_size, distance in zip(pool_sizes, knot_distances)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, n_channels) -> (batch, *output_shape)"""
        parts = []
        for block in self.blocks:
            backcast, forecast = block(x)
            x = x - backcast
            parts.append(forecast)
        return torch.stack(parts).sum(0).view(-1, *self.output_shape)


class _Block(nn.Module):
    """(batch, length, C) -> backcast of that shape, and forecast (batch, H, K * P)."""

    def __init__(self, window, horizon, pool_size, distance, sizes, dropout):
        super().__init__()
        self.pool_size = pool_size
        layers: list[nn.Module] = [nn.Flatten()]
        size = ceil(window[0] / pool_size) * window[1]
        for hidden_size in check_positive_ints(sizes, "hidden_layer_sizes"):
            layers += [Linear(size, hidden_size), nn.ReLU()]
            layers += [Dropout(dropout)] if dropout else []
            size = hidden_size
        self.perceptron = nn.Sequential(*layers)
        self.back = _Lines(size, window, distance)
        self.ahead = _Lines(size, horizon, distance)

    def forward(self, x):
        # If a pool is not full, it is the oldest one.
        missing = -x.shape[1] % self.pool_size
        pooled = F.pad(x.transpose(1, 2), (missing, 0), value=-torch.inf)
        pooled = F.max_pool1d(pooled, self.pool_size)
        h = self.perceptron(pooled)
        return self.back(h), self.ahead(h)


class _Lines(nn.Module):
    """Values at knots, joined by straight lines: (batch, n) -> (batch, T, C)"""

    def __init__(self, n_inputs, shape, distance):
        super().__init__()
        length, self.n_channels = shape
        n_knots = ceil(length / distance)
        self.knots = Linear(n_inputs, n_knots * self.n_channels)
        self.register_buffer("lines", _lines(n_knots, length), persistent=False)

    def forward(self, h):
        theta = self.knots(h).unflatten(1, (self.n_channels, -1))
        return (theta @ self.lines).transpose(1, 2)


def _lines(n_knots, length):
    """Weight of each knot at each timestamp, (n_knots, length).

    The first knot is at the first timestamp, and the last one at the last.
    """
    if n_knots == 1:
        return torch.ones(1, length)
    places = torch.linspace(0, n_knots - 1, length, dtype=torch.float64)
    knots = torch.arange(n_knots).unsqueeze(1)
    return (1 - (places - knots).abs()).clamp_min(0).float()


class NHITSForecaster(Forecaster):
    """Forecast with N-HiTS, from the slow parts of a series to the fast ones.

    Like N-BEATS, but each block pools the window to its own resolution and forecasts
    only every few steps, with linear interpolation in between [1]_. Blocks that pool a
    lot and forecast few steps learn the slow parts, the others the rest, and for long
    horizons there is less to learn.

    Where this departs from the paper: there is one block in each stack, perceptrons are
    smaller (the paper has 512 units), and distances between knots are whole numbers,
    where the paper gives their inverse as a ratio. Several channels, targets and
    distribution parameters are supported.

    Parameters
    ----------
    pool_sizes : tuple of int, default=(4, 2, 1)
        Number of timestamps that each block pools before it reads them.
    knot_distances : tuple of int, default=(4, 2, 1)
        Number of timestamps between the values that each block forecasts.
    hidden_layer_sizes : tuple of int, default=(64, 64)
        Units in each hidden layer of a block.
    dropout : float in [0, 1), default=0.0
        Probability that a hidden unit is dropped while training.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    NBEATSForecaster : Has a trend and a season as parts.

    References
    ----------
    .. [1] C. Challu et al. (2023), N-HiTS: Neural Hierarchical Interpolation for Time
       Series Forecasting. AAAI, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import NHITSForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = NHITSForecaster(max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = NHITSNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "pool_sizes": [tuple, list],
        "knot_distances": [tuple, list],
        "hidden_layer_sizes": [tuple, list],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        pool_sizes: Sequence[int] = (4, 2, 1),
        knot_distances: Sequence[int] = (4, 2, 1),
        hidden_layer_sizes: Sequence[int] = (64, 64),
        dropout: float = 0.0,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.pool_sizes = pool_sizes
        self.knot_distances = knot_distances
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
