"""Heads: how the outputs of a network become a forecast of each value.

A network outputs ``p`` numbers for every step and target: 1 for a point forecast, more
for a distribution. The head says what they mean, in three stages::

    z                 the outputs of the network, any real numbers
    constrain(z)      parameters in the units of the window
    units             how each is converted to the units of the series
                      "location": shift + scale * z; "scale": scale * z; "shape": z

The loss is the negative log-likelihood of `torch.distributions`; quantiles and
probabilities come from `scipy.stats`, which has them for all families. Parameters are
on the last axis: (..., p).
"""

from typing import ClassVar

import numpy as np
import torch
from scipy import special
from torch import Tensor
from torch.nn import functional as F

from .units import Encoded


class Head:
    """What all heads have in common.

    Attributes
    ----------
    units : tuple of str
        What each parameter is, see above.
    in_window_units : bool
        Whether the loss may be computed in the units of the window: only if the family
        is closed under shift and scale.
    is_discrete : bool
        Whether values are counts.
    is_distribution : bool
        Whether the parameters include the uncertainty of the forecast.
    """

    units: tuple[str, ...] = ("location", "scale")
    in_window_units: ClassVar[bool] = True
    is_discrete: ClassVar[bool] = False
    is_distribution: ClassVar[bool] = True

    @property
    def n_params(self) -> int:
        """Number of parameters for each value."""
        return len(self.units)

    def constrain(self, z: Tensor) -> Tensor:
        """(..., p) as the network outputs it -> (..., p) in window units"""
        raise NotImplementedError

    def weighed(self, z: Tensor, location: Tensor, share: float) -> Tensor:
        """The network's outputs, shifted so that their mean is that of two forecasts.

        Parameters
        ----------
        z : Tensor of shape (..., p)
            As the network outputs it, with the location first.
        location : Tensor of shape (...)
            The other forecast, in the units of the window.
        share : float in [0, 1]
            Weight of the network.

        Returns
        -------
        z : Tensor of shape (..., p)
        """
        place = torch.lerp(z[..., :1], location.unsqueeze(-1), 1 - share)
        return torch.cat([place, z[..., 1:]], dim=-1)

    def decode(self, encoded: Encoded) -> Tensor:
        """Parameters in the units of the series.

        Parameters
        ----------
        encoded : Encoded
            With parameters of shape (b, H, K, p) or (b, S, H, K, p).

        Returns
        -------
        params : Tensor of the same shape
        """
        params = encoded.params.to(encoded.units.shift.dtype)
        shift, scale = encoded.units.like(params[..., 0])
        is_location = params.new_tensor([kind == "location" for kind in self.units])
        has_units = params.new_tensor([kind != "shape" for kind in self.units])
        shift = shift.unsqueeze(-1) * is_location
        scale = scale.unsqueeze(-1) * has_units + (1 - has_units)
        return torch.addcmul(shift, scale, params)

    def outputs(self, encoded: Encoded) -> Tensor:
        """The forecast of each value, in the units of the series.

        For a point forecast (b, ..., H, K), otherwise as from `decode`.
        """
        return self.decode(encoded)

    def check(self, y: np.ndarray) -> None:
        """Raise a ValueError if an observed value of `y` is impossible under it."""

    def loss(self, params: Tensor, y: Tensor) -> Tensor:
        """The loss to minimize: (..., p), (...) -> (...)"""
        raise NotImplementedError

    def mean(self, params: np.ndarray) -> np.ndarray:
        """The point forecast: (..., p) -> (...)"""
        return params[..., 0]

    def point(self, params: Tensor) -> Tensor:
        """As `mean`, but in torch alone: (..., p) -> (...)"""
        return params[..., 0]

    def parameters(self, params: Tensor) -> dict[str, Tensor]:
        """What turns the point forecast into a distribution, by name.

        (..., p) in the units of the series -> each (...) or (..., n)
        """
        return {}

    def quantile(self, params: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Quantile functions: (..., p), levels (...) -> (...)"""
        raise NotImplementedError

    def cdf(self, params: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Distribution functions: (..., p), (...) -> (...)"""
        raise NotImplementedError


class Point(Head):
    """A point forecast, whose loss is the criterion of the forecaster."""

    units = ("location",)
    is_distribution = False

    def constrain(self, z: Tensor) -> Tensor:
        return z

    def decode(self, encoded: Encoded) -> Tensor:
        return self.outputs(encoded).unsqueeze(-1)

    def outputs(self, encoded: Encoded) -> Tensor:
        z = encoded.params.squeeze(-1).to(encoded.units.shift.dtype)
        return torch.addcmul(*encoded.units.like(z), z)


class Quantiles(Head):
    """Quantiles at given levels, learned by the pinball loss; they cannot cross.

    The network outputs the middle quantile and, before a softplus, the distances
    downwards and upwards from it, each from one quantile to the next. Between and
    beyond the levels, the quantile function is linear in the normal score of the level,
    so that any two quantiles of a normal distribution reproduce it.

    References
    ----------
    .. [1] R. Koenker and G. Bassett (1978), Regression Quantiles. Econometrica 46,
       section 3, the check function.
    """

    def __init__(self, levels: tuple[float, ...]):
        self.levels = np.asarray(levels, dtype=np.float64)
        self.scores = special.ndtri(self.levels)
        self.units = ("location",) * len(self.levels)

    def constrain(self, z: Tensor) -> Tensor:
        n_below = len(self.levels) // 2
        middle, distances = z[..., :1], F.softplus(z[..., 1:])
        down = distances[..., :n_below].cumsum(-1).flip(-1)
        up = distances[..., n_below:].cumsum(-1)
        return torch.cat([middle - down, middle, middle + up], dim=-1)

    def loss(self, params: Tensor, y: Tensor) -> Tensor:
        """Twice the pinball loss, mean over the levels: its integral is the CRPS."""
        levels = torch.as_tensor(self.levels, dtype=params.dtype, device=params.device)
        miss = y.unsqueeze(-1) - params
        return 2 * torch.maximum(levels * miss, (levels - 1) * miss).mean(-1)

    def mean(self, params: np.ndarray) -> np.ndarray:
        """The median: quantiles say nothing about the mean."""
        return self.quantile(params, np.array(0.5))

    def point(self, params: Tensor) -> Tensor:
        # The normal score of the median is 0.
        piece = int((self.scores[1:-1] <= 0).sum())
        left, right = self.scores[piece], self.scores[piece + 1]
        share = -left / (right - left)
        return torch.lerp(params[..., piece], params[..., piece + 1], share)

    def parameters(self, params: Tensor) -> dict[str, Tensor]:
        return {"quantiles": params}

    def quantile(self, params: np.ndarray, levels: np.ndarray) -> np.ndarray:
        return self._line(params, self.scores, special.ndtri(levels))

    def cdf(self, params: np.ndarray, y: np.ndarray) -> np.ndarray:
        return special.ndtr(self._line(self.scores, params, y))

    def _line(self, heights, places, x):
        """The line through (places, heights), extrapolated at both ends, at `x`."""
        shape = np.broadcast_shapes(
            np.shape(heights)[:-1], np.shape(places)[:-1], np.shape(x)
        )
        x = np.broadcast_to(x, shape)[..., np.newaxis]
        heights = np.broadcast_to(heights, (*shape, len(self.levels)))
        places = np.broadcast_to(places, (*shape, len(self.levels)))
        piece = (places[..., 1:-1] <= x).sum(axis=-1, keepdims=True)

        def at(array, where):
            return np.take_along_axis(array, where, axis=-1)

        left, right = at(places, piece), at(places, piece + 1)
        low, high = at(heights, piece), at(heights, piece + 1)
        # Coinciding quantiles leave a piece without width.
        width = np.where(right > left, right - left, np.finfo(np.float32).tiny)
        return (low + (high - low) * ((x - left) / width))[..., 0]
