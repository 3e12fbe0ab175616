"""Scaling that lives in the network, so that it cannot leak or be forgotten."""

import torch
from torch import nn


class WindowNormalization(nn.Module):
    """Run a network on windows shifted and scaled by their own statistics.

    For a window ``x`` with mean ``m`` and deviation ``s`` over its timestamps, per
    channel, the network sees ``(x - m) / s`` and its output ``z`` becomes the
    forecast ``m + s * z`` with the statistics of the target channel. A network
    inside thus has no units: it sees shapes, and a series that has grown since the
    training looks as it did then.

    Parameters
    ----------
    network : torch.nn.Module
        Maps ``(batch, length, n_channels)`` to ``(batch, horizon * n_targets)``.
    n_channels : int
        Number of input channels.
    n_targets : int, default=1
        How many of the leading channels are forecast; outputs are step-major.
    head : heads.Likelihood or None, default=None
        What the outputs of the network mean where they are parameters of a
        distribution, p for each step and target; they are put back each in its way.
    horizon : int, default=1
        Steps of the forecast; only a head needs to be told.
    kind : {"window"} or None, default="window"
        None takes windows as they are.

    Attributes
    ----------
    min_scale : Tensor of shape (n_channels,)
        Deviations below it are raised to it, so that a window in which nothing
        happens neither divides by zero nor outweighs all others. Set by
        :meth:`calibrate`.
    correlation : Tensor of shape (horizon * n_targets, horizon * n_targets)
        Of the normal scores of all outputs, where there is a head; the identity until
        it is learned.

    References
    ----------
    .. [1] T. Kim et al. (2022), Reversible Instance Normalization for Accurate
       Time-Series Forecasting against Distribution Shift. ICLR, equations 1 to 4,
       without the learnt affine map and with a lower bound on the deviation.
    """

    def __init__(
        self, network, n_channels, n_targets=1, head=None, horizon=1, kind="window"
    ):
        super().__init__()
        self.network = network
        self.n_targets = n_targets
        self.head = head
        self.kind = kind
        self.register_buffer("min_scale", torch.full((n_channels,), 1e-6))
        if head is not None:
            self.register_buffer("correlation", torch.eye(horizon * n_targets))
        self._last = None

    def calibrate(self, windows):
        """Set `min_scale` to a tenth of the usual deviation of training windows.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, length, n_channels)
            A sample of the training windows.
        """
        deviations = _center(windows)[2].squeeze(1)
        # Most windows of an intermittent series may be flat: the median is zero
        # then, the mean is not. If all are flat, any scale is as good as another.
        usual = deviations.median(dim=0).values
        usual = torch.where(usual > 0, usual, deviations.mean(dim=0))
        self.min_scale.copy_(torch.where(usual > 0, 0.1 * usual, 1.0))

    def forward(self, x, targets=None, **kwargs):
        """(batch, length, n_channels) -> (batch, outputs), in the units of `x`.

        Keyword arguments reach the network, `targets` in the units of the window; its
        output may have further axes before the last.
        """
        if self.kind is None:
            centered, mean = x, torch.zeros_like(x[:, :1])
            scale = torch.ones_like(mean)
        else:
            centered, mean, deviation = _center(x)
            scale = deviation.clamp_min(self.min_scale)
            centered = centered / scale
        # (batch, 1, n_channels) -> (batch, n_targets)
        units = mean.squeeze(1), scale.squeeze(1)
        if self.n_targets < x.shape[2]:
            units = tuple(part[:, : self.n_targets] for part in units)
        if targets is not None:
            kwargs["targets"] = self._divided(targets, *units)
        z = self.network(centered, **kwargs)
        if z.dtype != x.dtype:  # of a network in mixed precision
            z = z.to(x.dtype)
        if self.head is None:
            forecast = torch.addcmul(*self._like(z, *units), z)
        else:
            z = z.unflatten(-1, (-1, self.head.n_params))
            z = self.head.constrain(z).flatten(-2)
            forecast = torch.addcmul(*self._like(z, *self._of_params(*units)), z)
        # What `in_window_units` needs; the loss asks it for z while training.
        last = (*units, forecast, z) if self.training else (*units, None, None)
        # A Module's own way to set attributes takes as long as an operation of torch.
        object.__setattr__(self, "_last", last)
        return forecast

    def in_window_units(self, y):
        """Values or parameters (batch, ..., outputs) in the units of the last windows.

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
        """Shift and scale of each parameter of each target.

        two of (batch, n_targets) -> two of (batch, n_targets * p)
        """
        units = self.head.units
        is_location = shift.new_tensor([kind == "location" for kind in units])
        has_units = shift.new_tensor([kind != "shape" for kind in units])
        shift = shift.unsqueeze(-1) * is_location
        scale = scale.unsqueeze(-1) * has_units + (1 - has_units)
        return shift.flatten(1), scale.flatten(1)

    def _divided(self, y, shift, scale):
        shift, scale = self._like(y, shift, scale)
        return (y - shift) / scale

    def _like(self, y, shift, scale):
        """Shift and scale of each output of `y`, which is step-major."""
        if shift.shape[1] > 1:  # else all steps have the same
            horizon = y.shape[-1] // shift.shape[1]
            shift, scale = shift.repeat(1, horizon), scale.repeat(1, horizon)
        if y.ndim > 2:
            # (batch, outputs) -> (batch, 1, ..., outputs)
            shape = (len(y), *[1] * (y.ndim - 2), -1)
            shift, scale = shift.view(shape), scale.view(shape)
        return shift, scale

    def __getstate__(self):
        return {**self.__dict__, "_last": None}


def _center(x):
    """Windows without their mean, the mean, and the deviation from it.

    (batch, length, n_channels) -> itself and two of (batch, 1, n_channels)

    The last value comes off first: in a series at a high level, the digits in which
    the timestamps differ would be lost in their sum. And ``torch.var_mean`` takes
    several times as long along this axis.
    """
    last = x[:, -1:]
    centered = x - last
    offset = centered.mean(dim=1, keepdim=True)
    centered -= offset
    # The root of the mean square, in one pass.
    norm = torch.linalg.vector_norm(centered, dim=1, keepdim=True)
    return centered, last + offset, norm / x.shape[1] ** 0.5
