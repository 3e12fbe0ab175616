"""A linear forecast across periods, with fewer than a thousand weights."""

from math import ceil
from numbers import Integral
from typing import Any, ClassVar, Unpack

from torch import Tensor, nn
from torch.nn import functional as F

from .._training.shared import SharedParameters
from .._utils.compat import Interval
from .._utils.validation import check_positive_int
from ..forecaster import Forecaster
from ..layers import Linear


class SparseTSFNetwork(nn.Module):
    """SparseTSF: the same linear map for every phase of a period.

    In the paper's notation, with w the period::

        window (L) + its weighted sums over about w neighbors
          -> w phases, each of n = L / w values, a period apart
          -> linear (n -> m = H / w), the same for all phases
          -> horizon (H = m w)

    Parameters
    ----------
    n_channels, length : int
        Shape of a window.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    period : int, default=12
        Timestamps in a period.
    """

    def __init__(
        self,
        n_channels: int,
        length: int,
        output_shape: tuple[int, int, int],
        period: int = 12,
    ):
        super().__init__()
        self.period = check_positive_int(period, "period")
        self.output_shape = output_shape
        horizon, n_targets, n_params = output_shape
        reach = period // 2
        # One filter for each channel.
        self.smooth = nn.Conv1d(
            n_channels,
            n_channels,
            2 * reach + 1,
            padding=reach,
            groups=n_channels,
            bias=False,
        )
        n, self.m = ceil(length / period), ceil(horizon / period)
        self.across = Linear(n * n_channels, self.m * n_targets * n_params, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, n_channels) -> (batch, *output_shape)"""
        w = self.period
        horizon, *rest = self.output_shape
        x = x.transpose(1, 2)
        x = x + self.smooth(x)
        # Zeros before the window, so that its last period ends with it.
        x = F.pad(x, (-x.shape[2] % w, 0))
        # (batch, C, n * w) -> (batch, C, n, w) -> (batch, w, n * C)
        phases = x.unflatten(2, (-1, w)).permute(0, 3, 2, 1).flatten(2)
        # (batch, w, m * K * P) -> (batch, w, m, K, P) -> (batch, m * w, K, P)
        y = self.across(phases).view(-1, w, self.m, *rest)
        return y.transpose(1, 2).flatten(1, 2)[:, :horizon]


class SparseTSFForecaster(Forecaster):
    """Forecast every phase of a period with the same linear map.

    For hourly series, ``period=24`` forecasts eight o'clock from the values at eight
    o'clock on previous days, and nine o'clock with the same weights. For windows and
    horizons of 720 hours that is 925 weights, where a linear map has 518,400, and on
    long horizons it is nearly as good [1]_.

    Where this departs from the paper: all channels are read together, and all targets
    are written together; for the paper's network, forecast series as a panel, with a
    single channel and ``normalize="mean"``, which subtracts the mean.

    Parameters
    ----------
    period : int, default=12
        Timestamps in a period. A window whose length is not a multiple of it is padded
        with zeros at the beginning.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    MLPForecaster : Without hidden layers, it is linear in all values of the window.

    References
    ----------
    .. [1] S. Lin et al. (2024), SparseTSF: Modeling Long-term Time Series Forecasting
       with 1k Parameters. ICML, section 3, the linear variant.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import SparseTSFForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = SparseTSFForecaster(period=5, max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = SparseTSFNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "period": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        period: int = 12,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.period = period
