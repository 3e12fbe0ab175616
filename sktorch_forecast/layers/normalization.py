"""Scaling inside the network, where it can neither leak nor be forgotten.

Symbols used below::

    b  batch        L  length        C  n_channels    H  horizon
    K  n_targets    F  n_future      S  n_static
"""

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from .._utils.validation import check_positive_int, complain_of_shape
from .cycle import Cycle
from .statistics import (
    centered_windows,
    deviation,
    deviations,
    mean_size,
    usual_of,
    usual_of_groups,
    without_last,
)
from .units import Units

Kind = Literal["window", "mean", "last", "level", "season", "cycle"]
KINDS: tuple[str, ...] = get_args(Kind)


class WindowNormalization(nn.Module):
    """Normalize windows, and return their units.

    For a window ``x`` with mean ``m`` and deviation ``s`` over its timestamps, per
    channel, a network sees ``(x - m) / s``, and its output is in the units ``(m, s)``
    of the target channels. So a network only sees shapes, and a series that has grown
    since training looks the same as before.

    It also adds the other inputs: a mask of observed values, and static covariates as
    constant channels.

    Parameters
    ----------
    n_channels : int
        Number of channels of the windows, those known in the future last.
    n_targets : int, default=1
        How many of the leading channels are forecast.
    kind : {"window", "mean", "last", "level", "season", "cycle"} or None, \
            default="window"
        How to shift and scale:

        - "window": by the mean and the deviation of the window;
        - "mean", "last": by the mean, or the last value, of the window, and scaled by
          one number for all windows, the usual deviation;
        - "level": scaled by the mean absolute value of the window, not shifted;
        - "season": targets by their values in the last season of the window, and scaled
          by the deviation of the window;
        - "cycle": as "window", then targets by a cycle that is learnt;
        - None: windows are taken as they are.
    seasonality : int or None, default=None
        Number of timestamps in a season, for "season", or in the cycle.
    horizon : int, default=1
        Number of steps to forecast.
    n_future, n_static : int, default=0
        Number of covariates known in the future, which are the last channels, and of
        static ones. Both are standardized by numbers that :meth:`calibrate` sets.
    masked : bool, default=False
        Whether values may be missing (NaN). They are left out of the statistics, and
        the network sees zeros for them and one more channel for each target and past
        covariate, 1 where a value is observed.
    n_series : int, default=0
        Number of series with scales of their own, so that series of different sizes
        look alike; 0 if windows do not say which series they are from.

    Attributes
    ----------
    cycle : Cycle
        Only with the kind "cycle".
    min_scale : Tensor of shape (n_channels,)
        Scales below it are raised to it, so that a constant window neither divides by
        zero nor outweighs all others. Set by :meth:`calibrate`.
    usual_scale : Tensor of shape (n_channels,)
        Usual deviation of the windows. Set by :meth:`calibrate`.
    series_scale : Tensor of shape (n_series + 1, n_channels)
        Usual scale of the windows of each series, a tenth of which is their lower
        bound; 0 for a constant series, and in the last row, for series that were not in
        the training data. Windows of these have no bound, and a constant one gets
        `min_scale`. Set by :meth:`calibrate_series`; only with `n_series`.
    is_calibrated : Tensor of shape (), bool
        Whether :meth:`calibrate` has been called; a buffer, so that loaded weights
        bring it along.

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
    series_scale: Tensor
    is_calibrated: Tensor

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
        n_series: int = 0,
    ):
        super().__init__()
        _check(n_channels, n_targets, n_future, kind)
        self.n_targets = n_targets
        self.kind = kind
        self.seasonality = seasonality or 1
        self.horizon = horizon
        self.n_channels, self.n_future, self.n_static = n_channels, n_future, n_static
        self.n_past = n_channels - n_future  # targets and past covariates
        self.masked = masked
        self.register_buffer("min_scale", torch.full((n_channels,), 1e-6))
        self.register_buffer("usual_scale", torch.ones(n_channels))
        self.n_series = n_series
        if n_series:
            self.register_buffer("series_scale", torch.zeros(n_series + 1, n_channels))
        self.register_buffer("is_calibrated", torch.tensor(False))
        if kind == "cycle":
            self.cycle = Cycle(self.seasonality, n_targets, horizon)
        for name, size in (("future", n_future), ("static", n_static)):
            if size:
                self.register_buffer(f"{name}_mean", torch.zeros(size))
                self.register_buffer(f"{name}_rest", torch.zeros(size))
                self.register_buffer(f"{name}_scale", torch.ones(size))

    def calibrate(
        self,
        windows: Tensor,
        future: Tensor | None = None,
        static: Tensor | None = None,
        weights: Tensor | None = None,
        phase: Tensor | None = None,
    ) -> None:
        """Set the numbers that all windows share, from some training windows.

        `min_scale` becomes a tenth of the usual scale.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, length, n_channels)
        future : Tensor of shape (n_windows, horizon, n_future), default=None
        static : Tensor of shape (n_windows, n_static), default=None
        weights : Tensor of shape (n_windows,), default=None
            Weight of each window; a weight of 2 is the same as two windows.
        phase : Tensor of shape (n_windows,), int64, default=None
            As for `encode`; the cycle is initialized with the means of all phases.

        Raises
        ------
        ValueError
            If a tensor has the wrong shape.
        """
        self._check_windows(windows)
        seen = windows.isfinite()
        weights = windows.new_ones(len(windows)) if weights is None else weights
        weights = weights.double().unsqueeze(1)
        usual = usual_of(deviations(windows, seen), weights)
        self.usual_scale.copy_(usual)
        if self.kind == "level":
            usual = usual_of(mean_size(windows, seen), weights)
        self.min_scale.copy_(usual / 10)
        self.is_calibrated.fill_(True)
        if future is not None:
            known = torch.cat([windows[..., self.n_past :], future], dim=1)
            n_steps = known.shape[1]
            counts = weights.repeat_interleave(n_steps, dim=0)
            self._set_standard("future", known.flatten(0, 1), counts)
        if static is not None:
            self._set_standard("static", static, weights)
        if phase is not None:
            k = self.n_targets
            centered, _, scale = self._statistics(windows, seen, None)
            inputs = (centered / scale)[..., :k]
            self.cycle.calibrate(inputs, seen[..., :k], phase, weights)

    def scales_of(self, windows: Tensor) -> Tensor:
        """The scale that the kind uses, without a bound: (n, L, C) -> (n, C).

        "mean" and "last" scale by the usual value of the deviation.
        """
        self._check_windows(windows)
        seen = windows.isfinite()
        if self.kind == "level":
            return mean_size(windows, seen)[:, 0]
        return deviations(windows, seen)[:, 0]

    def calibrate_series(
        self, scales: Tensor, series: Tensor, weights: Tensor | None = None
    ) -> None:
        """Set the scales of the series, from some training windows of each.

        Parameters
        ----------
        scales : Tensor of shape (n_windows, n_channels)
            As returned by `scales_of`.
        series : Tensor of shape (n_windows,), int64
            Which series each window is from, counted from 0.
        weights : Tensor of shape (n_windows,), default=None
            Weight of each window.
        """
        weights = scales.new_ones(len(scales)) if weights is None else weights
        usual = usual_of_groups(scales, weights, series, self.n_series)
        self.series_scale[:-1] = usual

    def encode(
        self,
        x: Tensor,
        static: Tensor | None = None,
        series: Tensor | None = None,
        phase: Tensor | None = None,
    ) -> tuple[Tensor, Units]:
        """Windows as a network sees them, and the units of its outputs.

        Parameters
        ----------
        x : Tensor of shape (b, L, C)
            In the units of the series.
        static : Tensor of shape (b, S), default=None
        series : Tensor of shape (b,), int64, default=None
            Which series each window is from, `n_series` for an unknown one. None if all
            are unknown.
        phase : Tensor of shape (b,), int64, default=None
            Phase of the last timestamp of each window, for "cycle".

        Returns
        -------
        inputs : Tensor of shape (b, L, n_inputs)
            The channels, then the mask, then the static covariates.
        units : Units

        Raises
        ------
        ValueError
            If a tensor has the wrong shape.
        """
        self._check_windows(x)
        beside = {"series": series, "static covariates": static, "phase": phase}
        for name, tensor in beside.items():
            if tensor is not None and tensor.shape[0] != x.shape[0]:
                complain_of_shape(name, f"({x.shape[0]}, ...)", tensor)
        seen = x.isfinite() if self.masked else None
        centered, shift, scale = self._statistics(x, seen, series)
        units = Units(shift, scale)
        if x.shape[2] > self.n_targets:  # (b, 1, C) -> (b, 1, K)
            k = self.n_targets
            units = Units(shift[..., :k], scale[..., :k])
        if self.kind == "season":
            centered, season = self._without_season(x, centered, shift, seen)
            units = units._replace(shift=season)
        if self.kind is not None:
            centered = centered / scale
        if self.kind == "cycle":
            if phase is None:
                complain_of_shape("phase", f"({x.shape[0]},)", phase)
            centered, units = self.cycle.taken_off(centered, units, phase, seen)
        return self._with_channels(centered, x, seen, static), units

    def standardized(self, covariates: str, values: Tensor) -> Tensor:
        """Covariates, "future" or "static", in units of the training data.

        (..., n) -> (..., n)

        Raises
        ------
        ValueError
            If the number of covariates is not `n`.
        """
        n = self.n_future if covariates == "future" else self.n_static
        if not n or values.shape[-1] != n:
            complain_of_shape(f"{covariates} covariates", f"(..., {n})", values)
        mean, rest, scale = (
            self.get_buffer(f"{covariates}_{name}")
            for name in ("mean", "rest", "scale")
        )
        return ((values - mean) - rest) / scale

    def _check_windows(self, x):
        least = self.seasonality if self.kind == "season" else 1
        if x.ndim != 3 or x.shape[2] != self.n_channels or x.shape[1] < least:
            shape = f"(batch, length, {self.n_channels}) with a length of {least} or"
            complain_of_shape("windows", f"{shape} more", x)

    def _set_standard(self, covariates, values, weights):
        """Set mean and deviation of each column, (n, n_columns), weights (n, 1)."""
        weights = torch.where(values.isfinite(), weights, 0)
        values = values.double().nan_to_num()
        count = weights.sum(dim=0)
        count = torch.where(count > 0, count, 1)
        mean = (weights * values).sum(dim=0) / count
        square = (weights * (values - mean).square()).sum(dim=0) / count
        # At a high level, the rounding error of a float32 mean matters.
        self.get_buffer(f"{covariates}_mean").copy_(mean)
        rest = mean - self.get_buffer(f"{covariates}_mean")
        self.get_buffer(f"{covariates}_rest").copy_(rest)
        scale = torch.where(square > 0, square, 1.0).sqrt()
        self.get_buffer(f"{covariates}_scale").copy_(scale)

    def _statistics(self, x, seen, series):
        """Windows minus their shift, the shift and the scale.

        (b, L, C) -> (b, L, C) and two of (b, 1, C). What is not observed becomes zero.
        """
        if self.kind is None or self.kind == "level":
            x = x if seen is None else torch.where(seen, x, 0)
            shift = torch.zeros_like(x[:, :1])
            if self.kind is None:
                return x, shift, torch.ones_like(shift)
            return x, shift, self._bounded(mean_size(x, seen), series)
        if self.kind == "last":
            centered, shift = without_last(x, seen)
        else:
            centered, shift = centered_windows(x, seen)
        if self.kind not in ("mean", "last"):
            return centered, shift, self._bounded(deviation(centered, seen), series)
        if not self.n_series:
            scale = self.usual_scale.expand_as(shift)
            return centered, shift, scale.clamp_min(self.min_scale)
        usual = self._scale_of(series)
        own = deviation(centered_windows(x, seen)[0], seen)
        return (
            centered,
            shift,
            self._bounded(torch.where(usual > 0, usual, own), series),
        )

    def _bounded(self, scale, series):
        """Scales (b, 1, C), but not below the bound of their series."""
        if not self.n_series:
            return scale.clamp_min(self.min_scale)
        scale = torch.maximum(scale, self._scale_of(series) / 10)
        return torch.where(scale > 0, scale, self.min_scale)

    def _scale_of(self, series):
        """Usual scales of the series of windows, (b, 1, C) or (C,)."""
        if series is None:
            return self.series_scale[-1]
        return self.series_scale.index_select(0, series).unsqueeze(1)

    def _without_season(self, x, centered, mean, seen):
        """Targets minus their last season, and that season for each step, (b, H, K).

        Missing values in the last season are replaced with the mean of the window.
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
        """The inputs of the network besides targets and past covariates, joined."""
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


def _check(n_channels, n_targets, n_future, kind):
    """Raise an error for inconsistent channels and unknown kinds."""
    check_positive_int(n_channels, "n_channels")
    check_positive_int(n_targets, "n_targets")
    if n_targets + n_future > n_channels:
        raise ValueError(
            f"Expected n_targets + n_future to be at most {n_channels}, the number of "
            f"channels, found {n_targets} + {n_future}."
        )
    if kind is not None and kind not in KINDS:
        raise ValueError(f"Expected kind to be one of {KINDS} or None, found {kind!r}.")
