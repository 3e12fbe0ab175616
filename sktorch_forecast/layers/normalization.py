"""Scaling that lives in the network, so that it cannot leak or be forgotten.

Symbols used below::

    b  batch        L  length        C  n_channels    H  horizon
    K  n_targets    F  n_future      S  n_static
"""

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from .units import Units

Kind = Literal["window", "mean", "last", "level", "season"]
KINDS: tuple[str, ...] = get_args(Kind)


class WindowNormalization(nn.Module):
    """Put windows into units of their own, and say in which.

    For a window ``x`` with mean ``m`` and deviation ``s`` over its timestamps, per
    channel, a network sees ``(x - m) / s``, and what it puts out is in the units
    ``(m, s)`` of the target channels. A network thus has no units: it sees shapes, and
    a series that has grown since the training looks as it did then.

    It also adds what else there is to see: a mask of what is missing, and static
    covariates as channels that do not change.

    Parameters
    ----------
    n_channels : int
        Number of channels of the windows, those known in the future last.
    n_targets : int, default=1
        How many of the leading channels are forecast.
    kind : {"window", "mean", "last", "level", "season"} or None, default="window"
        What is shifted and scaled by what:

        - "window": by the mean and the deviation of the window;
        - "mean", "last": by the mean, or the last value, of the window, and scaled by
          one number for all windows, the usual deviation;
        - "level": scaled by the mean absolute value of the window, not shifted;
        - "season": targets by their values in the last season of the window, and
          scaled by the deviation of the window;
        - None: windows are taken as they are.
    seasonality : int or None, default=None
        Timestamps in a season, for "season".
    horizon : int, default=1
        Steps of the forecast.
    n_future, n_static : int, default=0
        Number of covariates known in the future, which are the last channels, and of
        static ones. Both are standardized by numbers that :meth:`calibrate` sets.
    masked : bool, default=False
        Whether values may be missing (NaN). They are left out of the statistics, the
        network sees zeros for them, and one more channel for each target and past
        covariate, 1 where a value is there.

    Attributes
    ----------
    min_scale : Tensor of shape (n_channels,)
        Scales below it are raised to it, so that a window in which nothing happens
        neither divides by zero nor outweighs all others. Set by :meth:`calibrate`.
    usual_scale : Tensor of shape (n_channels,)
        Usual deviation of the windows. Set by :meth:`calibrate`.

    References
    ----------
    .. [1] T. Kim et al. (2022), Reversible Instance Normalization for Accurate
       Time-Series Forecasting against Distribution Shift. ICLR, equations 1 to 4,
       without the learnt affine map and with a lower bound on the deviation.
    .. [2] A. Zeng et al. (2023), Are Transformers Effective for Time Series
       Forecasting? AAAI, section 3, NLinear, for "last".
    """

    min_scale: Tensor
    usual_scale: Tensor

    def __init__(
        self,
        n_channels: int,
        n_targets: int = 1,
        *,
        kind: Kind | None = "window",
        seasonality: int | None = None,
        horizon: int = 1,
        n_future: int = 0,
        n_static: int = 0,
        masked: bool = False,
    ):
        super().__init__()
        self.n_targets = n_targets
        self.kind = kind
        self.seasonality = seasonality or 1
        self.horizon = horizon
        self.n_past = n_channels - n_future  # targets and past covariates
        self.masked = masked
        self.register_buffer("min_scale", torch.full((n_channels,), 1e-6))
        self.register_buffer("usual_scale", torch.ones(n_channels))
        for name, size in (("future", n_future), ("static", n_static)):
            if size:
                self.register_buffer(f"{name}_mean", torch.zeros(size))
                self.register_buffer(f"{name}_scale", torch.ones(size))

    def calibrate(
        self,
        windows: Tensor,
        future: Tensor | None = None,
        static: Tensor | None = None,
        weights: Tensor | None = None,
    ) -> None:
        """Set the numbers that all windows share, from some training windows.

        `min_scale` becomes a tenth of the usual scale.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, length, n_channels)
        future : Tensor of shape (n_windows, horizon, n_future), default=None
        static : Tensor of shape (n_windows, n_static), default=None
        weights : Tensor of shape (n_windows,), default=None
            How much each window counts; a weight of 2 is as good as two windows.
        """
        seen = windows.isfinite()
        weights = windows.new_ones(len(windows)) if weights is None else weights
        weights = weights.double().unsqueeze(1)
        usual = _usual(_deviation(_centered(windows, seen)[0], seen), weights)
        self.usual_scale.copy_(usual)
        if self.kind == "level":
            usual = _usual(_size(windows, seen), weights)
        self.min_scale.copy_(usual / 10)
        if future is not None:
            known = torch.cat([windows[..., self.n_past :], future], dim=1)
            n_steps = known.shape[1]
            counts = weights.repeat_interleave(n_steps, dim=0)
            self._set_standard("future", known.flatten(0, 1), counts)
        if static is not None:
            self._set_standard("static", static, weights)

    def encode(self, x: Tensor, static: Tensor | None = None) -> tuple[Tensor, Units]:
        """Windows as a network sees them, and the units of what it puts out.

        Parameters
        ----------
        x : Tensor of shape (b, L, C)
            In the units of the series.
        static : Tensor of shape (b, S), default=None

        Returns
        -------
        inputs : Tensor of shape (b, L, n_inputs)
            The channels, then the mask, then the static covariates.
        units : Units
        """
        seen = x.isfinite() if self.masked else None
        centered, shift, scale = self._statistics(x, seen)
        # (b, 1, C) -> (b, 1, K)
        units = [part[..., : self.n_targets] for part in (shift, scale)]
        if self.kind == "season":
            centered, units[0] = self._without_season(x, centered, shift, seen)
        if self.kind is not None:
            centered = centered / scale
        return self._with_channels(centered, x, seen, static), Units(*units)

    def standardized(self, covariates: str, values: Tensor) -> Tensor:
        """Covariates, "future" or "static", in units of the training data.

        (..., n) -> (..., n)
        """
        mean, scale = (
            self.get_buffer(f"{covariates}_{name}") for name in ("mean", "scale")
        )
        return (values - mean) / scale

    def _set_standard(self, covariates, values, weights):
        """Note mean and deviation of each column, (n, n_columns), weights (n, 1)."""
        weights = torch.where(values.isfinite(), weights, 0)
        values = values.double().nan_to_num()
        count = weights.sum(dim=0)
        count = torch.where(count > 0, count, 1)
        mean = (weights * values).sum(dim=0) / count
        square = (weights * (values - mean).square()).sum(dim=0) / count
        self.get_buffer(f"{covariates}_mean").copy_(mean)
        scale = torch.where(square > 0, square, 1.0).sqrt()
        self.get_buffer(f"{covariates}_scale").copy_(scale)

    def _statistics(self, x, seen):
        """Windows without their shift, the shift and the scale.

        (b, L, C) -> itself and two of (b, 1, C). What is not seen becomes zero.
        """
        if self.kind is None or self.kind == "level":
            x = x if seen is None else torch.where(seen, x, 0)
            shift = torch.zeros_like(x[:, :1])
            if self.kind is None:
                return x, shift, torch.ones_like(shift)
            return x, shift, _size(x, seen).clamp_min(self.min_scale)
        if self.kind == "last":
            centered, shift = _without_last(x, seen)
        else:
            centered, shift = _centered(x, seen)
        if self.kind in ("mean", "last"):
            scale = self.usual_scale.expand_as(shift)
        else:
            scale = _deviation(centered, seen)
        return centered, shift, scale.clamp_min(self.min_scale)

    def _without_season(self, x, centered, mean, seen):
        """Targets minus their last season, and that season for each step, (b, H, K).

        What is missing in the last season is taken to be the mean of the window.
        """
        m, length, k = self.seasonality, x.shape[1], self.n_targets
        season = x[:, -m:, :k]
        if seen is not None:
            season = torch.where(seen[:, -m:, :k], season, mean[..., :k])
        places = torch.arange(-length, self.horizon, device=x.device) % m
        season = season[:, places]  # (b, m, K) -> (b, L + H, K)
        targets = x[..., :k] - season[:, :length]
        if seen is not None:
            targets = torch.where(seen[..., :k], targets, 0)
        centered = torch.cat([targets, centered[..., k:]], dim=2)
        return centered, season[:, length:]

    def _with_channels(self, centered, x, seen, static):
        """What the network sees beside the targets and past covariates, joined."""
        parts = [centered]
        if self.n_past < x.shape[2]:
            known = self.standardized("future", x[..., self.n_past :])
            known = known if seen is None else known.nan_to_num(0.0)
            parts = [centered[..., : self.n_past], known]
        if seen is not None:
            parts.append(seen[..., : self.n_past].to(x.dtype))
        if static is not None:
            static = self.standardized("static", static)
            parts.append(static.unsqueeze(1).expand(-1, x.shape[1], -1))
        return centered if len(parts) == 1 else torch.cat(parts, dim=2)


def _count(x, seen):
    """Values that are seen in each window, at least 1."""
    if seen is None:
        return x.shape[1]
    return seen.sum(dim=1, keepdim=True).clamp_min(1).to(x.dtype)


def _size(x, seen):
    """Mean absolute value of each window, (b, L, C) -> (b, 1, C)"""
    x = x if seen is None else torch.where(seen, x, 0)
    return x.abs().sum(dim=1, keepdim=True) / _count(x, seen)


def _without_last(x, seen):
    """Windows without their last value, and that, (b, 1, C)."""
    if seen is None:
        last = x[:, -1:]
        return x - last, last
    # Index of the last value that is there; where none is, the shift is zero.
    steps = torch.arange(1, x.shape[1] + 1, device=x.device).view(-1, 1)
    place = (seen * steps).amax(dim=1, keepdim=True)
    x = torch.where(seen, x, 0)
    last = x.gather(1, (place - 1).clamp_min(0))
    return torch.where(seen, x - last, 0), last


def _centered(x, seen):
    """Windows without their mean, and that, (b, 1, C).

    The last value comes off first: in a series at a high level, the digits in which
    the timestamps differ would be lost in their sum. And ``torch.var_mean`` takes
    several times as long along this axis.
    """
    centered, last = _without_last(x, seen)
    offset = centered.sum(dim=1, keepdim=True) / _count(x, seen)
    centered -= offset
    if seen is not None:
        centered = torch.where(seen, centered, 0)
    return centered, last + offset


def _deviation(centered, seen):
    """Deviation of windows without their mean, (b, 1, C): the root of the mean square.

    In one pass.
    """
    norm = torch.linalg.vector_norm(centered, dim=1, keepdim=True)
    return norm / _count(centered, seen) ** 0.5


def _usual(scales, weights):
    """The usual one of some scales, (n_windows, 1, C) -> (C,), never zero."""
    scales = scales.squeeze(1)
    # Most windows of an intermittent series may be flat: the median is zero then, the
    # mean is not. If all are flat, any scale is as good as another: below, a tenth of
    # ten.
    usual = _median(scales, weights)
    mean = (weights * scales).sum(dim=0) / weights.sum()
    usual = torch.where(usual > 0, usual, mean)
    return torch.where(usual > 0, usual, 10.0).to(scales.dtype)


def _median(values, weights):
    """Weighted medians of columns, (n, C) and (n, 1) -> (C,); of two, their mean."""
    order = values.argsort(dim=0)
    values = values.gather(0, order)
    below = weights.expand_as(values).gather(0, order).cumsum(dim=0) / weights.sum()
    ends = [(below < 0.5 + side).sum(dim=0, keepdim=True) for side in (-1e-9, 1e-9)]
    lower, upper = (values.gather(0, end.clamp_max(len(values) - 1)) for end in ends)
    return ((lower + upper) / 2).squeeze(0)
