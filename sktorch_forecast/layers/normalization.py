"""Scaling that lives in the network, so that it cannot leak or be forgotten.

Symbols used below::

    b  batch        L  length        C  n_channels    H  horizon
    K  n_targets    F  n_future      S  n_static      p  numbers for each value
"""

import torch
from torch import nn

KINDS = ("window", "mean", "last", "level", "season")


class WindowNormalization(nn.Module):
    """Run a network on windows shifted and scaled by their own statistics.

    For a window ``x`` with mean ``m`` and deviation ``s`` over its timestamps, per
    channel, the network sees ``(x - m) / s`` and its output ``z`` becomes the
    forecast ``m + s * z`` with the statistics of the target channel. A network
    inside thus has no units: it sees shapes, and a series that has grown since the
    training looks as it did then.

    Around that, it gives the network all else that there is: a mask of what is
    missing, static covariates as channels that do not change, and covariates of the
    horizon through a decoder.

    Parameters
    ----------
    network : torch.nn.Module
        Maps ``(batch, length, n_channels)`` to ``(batch, horizon * n_targets)``, with
        more channels where there are masks or static covariates, and more outputs
        where there is a head or a decoder.
    n_channels : int
        Number of channels of the windows, those known in the future last.
    n_targets : int, default=1
        How many of the leading channels are forecast; outputs are step-major.
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
    head : heads.Likelihood or None, default=None
        What the outputs of the network mean where they are parameters of a
        distribution, p for each step and target; they are put back each in its way.
    decoder : TemporalDecoder or None, default=None
        Combines what the network puts out with covariates of the horizon.
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
    correlation : Tensor of shape (horizon * n_targets, horizon * n_targets)
        Of the normal scores of all outputs, where there is a head; the identity until
        it is learned.

    References
    ----------
    .. [1] T. Kim et al. (2022), Reversible Instance Normalization for Accurate
       Time-Series Forecasting against Distribution Shift. ICLR, equations 1 to 4,
       without the learnt affine map and with a lower bound on the deviation.
    .. [2] A. Zeng et al. (2023), Are Transformers Effective for Time Series
       Forecasting? AAAI, section 3, NLinear, for "last".
    """

    def __init__(
        self,
        network,
        n_channels,
        n_targets=1,
        *,
        kind="window",
        seasonality=None,
        head=None,
        decoder=None,
        horizon=1,
        n_future=0,
        n_static=0,
        masked=False,
    ):
        super().__init__()
        self.network = network
        self.n_targets = n_targets
        self.kind = kind
        self.seasonality = seasonality
        self.head = head
        self.decoder = decoder
        self.horizon = horizon
        self.n_past = n_channels - n_future  # targets and past covariates
        self.masked = masked
        self.register_buffer("min_scale", torch.full((n_channels,), 1e-6))
        self.register_buffer("usual_scale", torch.ones(n_channels))
        for name, size in (("future", n_future), ("static", n_static)):
            if size:
                self.register_buffer(f"{name}_mean", torch.zeros(size))
                self.register_buffer(f"{name}_scale", torch.ones(size))
        if head is not None:
            self.register_buffer("correlation", torch.eye(horizon * n_targets))
        self._last = None

    def calibrate(self, windows, future=None, static=None):
        """Set the numbers that all windows share, from some training windows.

        `min_scale` becomes a tenth of the usual scale.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, length, n_channels)
        future : Tensor of shape (n_windows, horizon, n_future), default=None
        static : Tensor of shape (n_windows, n_static), default=None
        """
        seen = windows.isfinite()
        self.usual_scale.copy_(_usual(_statistics(windows, "window", seen)[2]))
        usual = self.usual_scale
        if self.kind == "level":
            usual = _usual(_statistics(windows, "level", seen)[2])
        self.min_scale.copy_(0.1 * usual)
        if future is not None:
            known = torch.cat([windows[..., self.n_past :], future], dim=1)
            _standardize(known.flatten(0, 1), self.future_mean, self.future_scale)
        if static is not None:
            _standardize(static, self.static_mean, self.static_scale)

    def forward(self, x, targets=None, future=None, static=None, **kwargs):
        """(b, L, C) -> (b, outputs), in the units of `x`.

        With covariates of the horizon, (b, H, F), and static ones, (b, S), if the
        network was made for them. Other keyword arguments reach the network, `targets`
        in the units of the window; its output may have further axes before the last.
        """
        inputs, shift, scale = self._inputs(x, static)
        if targets is not None:
            kwargs["targets"] = self._divided(targets, shift, scale)
        z = self.network(inputs, **kwargs)
        if z.dtype != x.dtype:  # of a network in mixed precision
            z = z.to(x.dtype)
        if self.decoder is not None:
            z = self._decoded(z, x, future, static)
        if self.head is None:
            forecast = torch.addcmul(*self._like(z, shift, scale), z)
        else:
            z = z.unflatten(-1, (-1, self.head.n_params))
            z = self.head.constrain(z).flatten(-2)
            units = self._of_params(shift, scale)
            forecast = torch.addcmul(*self._like(z, *units), z)
        # What `in_window_units` needs; the loss asks it for z while training.
        last = (shift, scale, *((forecast, z) if self.training else (None, None)))
        # A Module's own way to set attributes takes as long as an operation of torch.
        object.__setattr__(self, "_last", last)
        return forecast

    def tabular(self, x, future=None, static=None):
        """A window as a row of numbers, for what is no network.

        Parameters
        ----------
        x, future, static : Tensor
            As for :meth:`forward`.

        Returns
        -------
        row : Tensor of shape (batch, L * C + H * F + S)
            Normalized windows, covariates of the horizon and static ones.
        shift, scale : Tensor of shape (batch, H * K)
            What puts a forecast back.
        """
        inputs, *units = self._inputs(x, None)
        row = [inputs]
        if future is not None:
            row.append(self._standardized("future", future))
        if static is not None:
            row.append(self._standardized("static", static))
        n_outputs = self.horizon * self.n_targets
        units = [part.repeat(1, n_outputs // part.shape[1]) for part in units]
        return torch.cat([part.flatten(1) for part in row], dim=1), *units

    def _inputs(self, x, static):
        """What the network sees, (b, L, ...), and the units of the forecast.

        The units are a shift and a scale, each (b, K), or (b, H * K) where they change
        from step to step.
        """
        seen = x.isfinite() if self.masked else None
        centered, shift, scale = _statistics(x, self.kind, seen)
        if self.kind is not None:
            if scale is None:
                scale = self.usual_scale.expand_as(shift)
            scale = scale.clamp_min(self.min_scale)
        # (b, 1, C) -> (b, K)
        units = [part[:, 0, : self.n_targets] for part in (shift, scale)]
        if self.kind == "season":
            centered, units[0] = self._without_season(x, centered, shift, seen)
        if self.kind is not None:
            centered = centered / scale
        parts = [centered]
        if self.n_past < x.shape[2]:
            known = self._standardized("future", x[..., self.n_past :])
            known = known if seen is None else known.nan_to_num(0.0)
            parts = [centered[..., : self.n_past], known]
        if seen is not None:
            parts.append(seen[..., : self.n_past].to(x.dtype))
        if static is not None:
            static = self._standardized("static", static)
            parts.append(static.unsqueeze(1).expand(-1, x.shape[1], -1))
        inputs = centered if len(parts) == 1 else torch.cat(parts, dim=2)
        return inputs, *units

    def _without_season(self, x, centered, mean, seen):
        """Targets minus their last season, and that season for each step, (b, H * K).

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
        return centered, season[:, length:].flatten(1)

    def _decoded(self, z, x, future, static):
        """What the decoder makes of the outputs of the network."""
        if z.ndim == 3:  # forecasts from several time steps, each with its own future
            known = torch.cat([x[..., self.n_past :], future], dim=1)
            future = following(known, z.shape[1], self.horizon, self._stride)
        future = self._standardized("future", future)
        if static is not None:
            static = self._standardized("static", static)
        return self.decoder(z, future, static)

    def _standardized(self, kind, values):
        """Covariates of a kind, "future" or "static", in units of the training data."""
        mean, scale = getattr(self, f"{kind}_mean"), getattr(self, f"{kind}_scale")
        return (values - mean) / scale

    @property
    def _stride(self):
        """Timestamps between the steps that the network forecasts from."""
        return getattr(self.network, "stride", 1)

    def in_window_units(self, y):
        """Values or parameters (b, ..., outputs) in the units of the last windows.

        The loss is computed in these units: otherwise windows at a high level of
        the series would outweigh the others.
        """
        shift, scale, forecast, z = self._last
        if y is forecast:
            return z
        if self.head is not None and y.shape[-1] != len(self.correlation):
            shift, scale = self._of_params(shift, scale)
        return self._divided(y, shift, scale)

    def _of_params(self, shift, scale):
        """Shift and scale of each parameter: two of (b, n) -> two of (b, n * p)."""
        units = self.head.units
        is_location = shift.new_tensor([kind == "location" for kind in units])
        has_units = shift.new_tensor([kind != "shape" for kind in units])
        shift = shift.unsqueeze(-1) * is_location
        scale = scale.unsqueeze(-1) * has_units + (1 - has_units)
        return shift.flatten(1), scale.flatten(1)

    def _divided(self, y, shift, scale):
        shift, scale = self._like(y, shift, scale)
        return (y - shift) / scale

    def _like(self, y, *units):
        """Shift and scale of each output of `y`, which is step-major."""
        like = []
        for part in units:
            if 1 < part.shape[1] < y.shape[-1]:  # else all steps have the same
                part = part.repeat(1, y.shape[-1] // part.shape[1])
            if y.ndim > 2:
                # (b, outputs) -> (b, 1, ..., outputs)
                part = part.view(len(y), *[1] * (y.ndim - 2), -1)
            like.append(part)
        return like

    def __getstate__(self):
        return {**self.__dict__, "_last": None}


def following(known, n_steps, horizon, stride=1):
    """What follows each of the last time steps of a window.

    Parameters
    ----------
    known : Tensor of shape (batch, length + horizon, n_channels)
        The window and the horizon.
    n_steps : int
        How many of the steps, counted back from the last of the window.
    horizon : int
        Timestamps that follow.
    stride : int, default=1
        Timestamps between these steps.

    Returns
    -------
    following : Tensor of shape (batch, n_steps, horizon, n_channels)
    """
    # (b, L + H, C) -> (b, L, C, H)
    pieces = known[:, 1:].unfold(1, horizon, 1)
    steps = torch.arange(n_steps, device=known.device)
    last = pieces.shape[1] - 1
    return pieces[:, last - stride * (n_steps - 1 - steps)].transpose(2, 3)


def _statistics(x, kind, seen=None):
    """Windows without their shift, the shift, and the scale, if the window has one.

    (b, L, C) -> itself and two of (b, 1, C). What is not seen becomes zero.

    The last value comes off first: in a series at a high level, the digits in which
    the timestamps differ would be lost in their sum. And ``torch.var_mean`` takes
    several times as long along this axis.
    """
    length = x.shape[1]
    count = length
    if seen is None:
        last = x[:, -1:]
    else:
        count = seen.sum(dim=1, keepdim=True).clamp_min(1)
        # Index of the last value that is there; where none is, the shift is zero.
        place = (seen * torch.arange(1, length + 1, device=x.device).view(-1, 1)).amax(
            dim=1, keepdim=True
        )
        x = torch.where(seen, x, 0)
        last = x.gather(1, (place - 1).clamp_min(0))
    if kind is None:
        return x, torch.zeros_like(last), torch.ones_like(last)
    if kind == "level":
        return x, torch.zeros_like(last), x.abs().sum(dim=1, keepdim=True) / count
    centered = x - last if seen is None else torch.where(seen, x - last, 0)
    if kind == "last":
        return centered, last, None
    offset = centered.sum(dim=1, keepdim=True) / count
    centered -= offset
    if seen is not None:
        centered = torch.where(seen, centered, 0)
    if kind == "mean":
        return centered, last + offset, None
    # The root of the mean square, in one pass.
    norm = torch.linalg.vector_norm(centered, dim=1, keepdim=True)
    return centered, last + offset, norm / count**0.5


def _usual(scales):
    """The usual one of some scales, (n_windows, 1, C) -> (C,), never zero."""
    scales = scales.squeeze(1)
    # Most windows of an intermittent series may be flat: the median is zero then, the
    # mean is not. If all are flat, any scale is as good as another: below, a tenth of
    # ten.
    usual = scales.median(dim=0).values
    usual = torch.where(usual > 0, usual, scales.mean(dim=0))
    return torch.where(usual > 0, usual, 10.0)


def _standardize(values, mean, scale):
    """Note mean and deviation of each column of `values`, (n, n_columns)."""
    seen = values.isfinite()
    count = seen.sum(dim=0).clamp_min(1)
    mean.copy_(torch.where(seen, values, 0).sum(dim=0) / count)
    square = torch.where(seen, values - mean, 0).square().sum(dim=0) / count
    scale.copy_(torch.where(square > 0, square, 1.0).sqrt())
