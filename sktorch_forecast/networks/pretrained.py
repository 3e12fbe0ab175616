"""A recurrent network that forecasts without having been trained on the series."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from numbers import Integral
from typing import Any, ClassVar, Literal, Self, Unpack

import torch
from numpy.typing import ArrayLike
from safetensors.torch import load
from scipy.special import ndtri
from sklearn.utils import Tags
from torch import Tensor, nn

from .._training.fitting import train
from .._training.shared import Loss, SharedParameters
from .._utils.compat import Interval, StrOptions
from ..forecaster import Forecaster
from ._zero_shot import LEVELS, ZeroShotNetwork

# Of the file that examples/pretraining/train.py wrote.
WEIGHTS = "pretrained.safetensors"
CHECKSUM = "ba1087a38a7b5571cc6eb66f2243737bb5a3a0fd722a45eed35f159decc0e8ee"
# Steps to forecast at once, and timestamps to read: as in training.
_AT_ONCE, _LONGEST = 192, 1024
# Smallest distance between two quantiles, in units of the window.
_LEAST_DISTANCE = 1e-7
LOSSES = {"mse", "mae", "huber", "smape", "mase", "smape+mase", "quantile"}
# Below the median, at it, above it.
_SIDES = [-1.0] * 4 + [0.0] + [1.0] * 4


class PretrainedNetwork(nn.Module):
    """The pretrained network, applied to the windows of a forecaster.

    Parameters
    ----------
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``, with a number for each of the quantiles, or
        one, for the median.
    n_channels : int
        Number of channels of a window, including masks and static covariates.
    n_past : int
        Number of targets and past covariates, which are the first channels.
    n_future, n_static : int
        Numbers of covariates, which are ignored.
    seasonality, quantiles
        As for :class:`PretrainedForecaster`.
    """

    def __init__(
        self,
        output_shape: tuple[int, int, int],
        n_channels: int,
        n_past: int,
        n_future: int,
        n_static: int,
        seasonality: int | None = None,
        quantiles: Sequence[float] | None = None,
    ):
        super().__init__()
        self.output_shape = output_shape
        levels = LEVELS if quantiles is None else quantiles
        self.levels = tuple(levels) if output_shape[2] > 1 else (0.5,)
        self.n_past, self.n_static, self.n_future = n_past, n_static, n_future
        # One more channel for each target and past covariate, if values may be missing.
        self.is_masked = n_channels - n_static > n_past + n_future
        self.seasonality = seasonality
        self.network = ZeroShotNetwork()
        self.network.load_state_dict(pretrained_weights())

    def forward(
        self, x: Tensor, future: Tensor | None = None, static: Tensor | None = None
    ) -> Tensor:
        """(batch, length, n_channels) -> (batch, *output_shape)"""
        batch = x.shape[0]
        horizon, n_targets, _ = self.output_shape
        values = x[:, -_LONGEST:, :n_targets]
        if self.is_masked:
            first = self.n_past + self.n_future
            mask = x[:, -_LONGEST:, first : first + n_targets]
            values = torch.where(mask > 0, values, torch.nan)
        # (batch, L, K) -> (batch * K, L)
        windows = values.transpose(1, 2).flatten(0, 1)
        quantiles = self._rolled(windows, horizon)
        # (batch * K, H, Q) -> (batch, H, K, Q)
        quantiles = quantiles.unflatten(0, (batch, n_targets)).transpose(1, 2)
        return _before_softplus(at_levels(quantiles, self.levels))

    def _rolled(self, windows, horizon):
        """Quantiles for any horizon: medians are fed back as if they were observed."""
        season = None
        if self.seasonality is not None:
            season = torch.full_like(windows[:, 0], self.seasonality, dtype=torch.int64)
        parts: list[Tensor] = []
        for first in range(0, horizon, _AT_ONCE):
            out = self.network(windows, min(_AT_ONCE, horizon - first), season)
            quantiles = out.quantiles * out.scale.unsqueeze(2) + out.shift.unsqueeze(2)
            middle = quantiles[..., len(LEVELS) // 2, None]
            if parts:
                # Earlier and new uncertainty add up in squares, as deviations do.
                before = parts[-1][:, -1:] - parts[-1][:, -1:, len(LEVELS) // 2, None]
                squares = (quantiles - middle).square() + before.square()
                # The square root has no gradient at zero.
                distances = squares.clamp_min(_LEAST_DISTANCE**2).sqrt()
                quantiles = middle + distances * distances.new_tensor(_SIDES)
            parts.append(quantiles)
            windows = torch.cat([windows, middle[..., 0]], dim=1)[:, -_LONGEST:]
        return torch.cat(parts, dim=1)


def at_levels(quantiles: Tensor, levels: tuple[float, ...]) -> Tensor:
    """Quantiles at other levels, interpolated linearly over normal scores.

    (..., len(LEVELS)) -> (..., len(levels))
    """
    if levels == LEVELS:
        return quantiles
    scores, places = (torch.tensor(ndtri(part)) for part in (LEVELS, levels))
    piece = torch.searchsorted(scores[1:-1], places)
    share = (places - scores[piece]) / (scores[piece + 1] - scores[piece])
    low, high = quantiles[..., piece], quantiles[..., piece + 1]
    return low + (high - low) * share.to(quantiles)


def _before_softplus(quantiles):
    """What a head turns into quantiles: the middle one, and distances from it."""
    n = quantiles.shape[-1] // 2
    distances = quantiles.diff(dim=-1)
    distances = torch.cat([distances[..., :n].flip(-1), distances[..., n:]], dim=-1)
    distances = distances.clamp_min(_LEAST_DISTANCE)
    # log(exp(d) - 1)
    z = distances + (-torch.expm1(-distances)).log()
    return torch.cat([quantiles[..., n : n + 1], z], dim=-1)


@cache
def pretrained_weights() -> dict[str, Tensor]:
    """The weights that come with the package, in single precision.

    Raises
    ------
    ValueError
        If the file is not the one that belongs to this version of the package.
    """
    content = files("sktorch_forecast.networks").joinpath(WEIGHTS).read_bytes()
    found = sha256(content).hexdigest()
    if found != CHECKSUM:
        raise ValueError(
            f"Expected {WEIGHTS} with the SHA-256 {CHECKSUM}, found {found}. The file "
            "is damaged or from another version: install the package again."
        )
    return {name: weight.float() for name, weight in load(content).items()}


class PretrainedForecaster(Forecaster):
    """Forecast with a recurrent network that was trained on synthetic series.

    ``fit`` records the shapes and trains nothing, unless `fine_tune_epochs` is
    positive. The weights are part of the package. They were trained only on synthetic
    series from :func:`~sktorch_forecast.datasets.make_series_prior`, with no real
    series among them, and :ref:`anybody can repeat the training <pretrained>`.

    The network detects the season of each window, makes simple forecasts (copies of the
    past, averages of them, levels and slopes), and reads the window in patches of 16
    timestamps with minGRU layers [1]_. These determine how much each simple forecast
    counts, what to add to them, and how far apart the quantiles are.

    Each target is forecast by itself, from at most its last 1,024 values. Covariates
    are accepted but ignored. Long windows are better: a few hundred values, and at
    least two or three seasons.

    Parameters
    ----------
    fine_tune_epochs : int, default=0
        Number of epochs for which `fit` trains on from the weights of the package. 0
        trains nothing. `max_epochs` is for `partial_fit` only.
    seasonality : int or None, default=None
        Number of timestamps in a season, if known. The network uses the periods that it
        detects in each window in any case.
    normalize : {"window", "mean", "last", "level", "season", "cycle"} or None, \
            default="window"
        As for all networks, for the fine-tuning loss. The network itself always
        normalizes every window.
    baseline : {"ridge"} or None, default=None
        None uses the network alone. With "ridge", `fit` solves a ridge regression and
        averages the two, with weights chosen on the held-back origins.
    loss : {"mse", "mae", "huber", "smape", "mase", "smape+mase", "quantile"}, \
            default="quantile"
        The loss that fine-tuning minimizes. All but "quantile" are losses of point
        forecasts: without fine-tuning, the network forecasts the median with any of
        them.
    quantiles : sequence of float or None, default=None
        Levels for ``loss="quantile"``, at least two, increasing; None means (0.1, 0.2,
        ..., 0.9), the levels that the network was trained for. Others are interpolated.
    lr : float, default=0.0003
        Learning rate for fine-tuning.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    MinGRUForecaster : The same layers, trained on the series itself.
    NaiveForecaster : Repeats the last season.

    References
    ----------
    .. [1] L. Feng et al. (2024), Were RNNs All We Needed? arXiv:2410.01201, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import PretrainedForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(300) / 5), horizon=3, length=100)
    >>> model = PretrainedForecaster().fit(X[:-10], y[:-10])
    >>> model.predict(X[-10:]).shape
    (10, 3)
    """

    module = PretrainedNetwork
    default_quantiles = LEVELS
    covariates: ClassVar[tuple[str, ...]] = ()
    training_parameters: ClassVar[tuple[str, ...]] = ("fine_tune_epochs",)
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "fine_tune_epochs": [Interval(Integral, 0, None, closed="left")],
        "loss": [StrOptions(LOSSES)],
    }

    def __init__(
        self,
        *,
        fine_tune_epochs: int = 0,
        baseline: Literal["ridge"] | None = None,
        loss: Loss = "quantile",
        lr: float = 3e-4,
        **shared: Unpack[SharedParameters],  # pyright: ignore[reportGeneralTypeIssues]
    ):
        redeclared: Any = {"baseline": baseline, "loss": loss, "lr": lr}
        super().__init__(**redeclared, **shared)
        self.fine_tune_epochs = fine_tune_epochs

    def get_params_for(self, prefix: str) -> dict[str, Any]:
        """Parameters of a component, as in skorch; the network gets two more."""
        params = super().get_params_for(prefix)
        levels = None if self.quantiles is None else tuple(self.quantiles)
        if prefix == "module":
            params |= {"seasonality": self.seasonality, "quantiles": levels}
        return params

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        # It has not learned anything about rows of numbers without an order.
        tags.regressor_tags.poor_score = self.fine_tune_epochs == 0
        return tags

    def fit(
        self,
        X: Any,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Record the shapes, and fine-tune if `fine_tune_epochs` is positive.

        Parameters
        ----------
        X, y, sample_weight, **fit_params
            As for :meth:`Forecaster.fit`.

        Returns
        -------
        self : PretrainedForecaster
        """
        fit_params = {"epochs": self.fine_tune_epochs} | fit_params
        go_on = self.warm_start and self.initialized_
        return train(self, X, y, sample_weight, go_on=go_on, fit_params=fit_params)
