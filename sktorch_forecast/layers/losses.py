"""Losses that score forecasts, in the form of the losses of torch.nn."""

import torch
from torch import Tensor, nn

from .heads import Head

# Denominators below this share of the largest one in the batch are raised to it.
_LEAST = 1e-6


class SeriesLoss(nn.Module):
    """Base class of losses in the units of the series, with torch's reductions.

    Parameters
    ----------
    n_targets : int, default=1
        How many of the leading channels are forecast.
    seasonality : int or None, default=None
        Number of timestamps that the naive forecast looks back; None means 1.
    """

    in_window_units = False
    needs_windows = True

    def __init__(self, n_targets: int = 1, seasonality: int | None = None):
        super().__init__()
        self.reduction = "mean"
        self.n_targets = n_targets
        self.seasonality = seasonality or 1

    def losses(self, y_pred: Tensor, y_true: Tensor, windows: Tensor) -> Tensor:
        """(..., outputs) twice, (batch, length, n_channels) -> (..., outputs)"""
        raise NotImplementedError

    def forward(self, y_pred: Tensor, y_true: Tensor, windows: Tensor) -> Tensor:
        """(..., outputs) twice, (batch, length, n_channels) -> () or (..., outputs)"""
        losses = self.losses(y_pred, y_true, windows)
        return losses.mean() if self.reduction == "mean" else losses


class SMAPELoss(SeriesLoss):
    """Symmetric mean absolute percentage error, as a fraction from 0 to 2.

    References
    ----------
    .. [1] S. Makridakis, E. Spiliotis and V. Assimakopoulos (2020), The M4
       Competition: 100,000 time series and 61 forecasting methods. International
       Journal of Forecasting 36, sMAPE of section 2.
    """

    def losses(self, y_pred: Tensor, y_true: Tensor, windows: Tensor) -> Tensor:
        size = y_pred.abs() + y_true.abs()
        return 2 * (y_pred - y_true).abs() / size.clamp_min(_least(size))


class MASELoss(SeriesLoss):
    """Mean absolute error, divided by that of the seasonal naive forecast.

    The naive forecast is computed within the window, for each target.

    References
    ----------
    .. [1] R. J. Hyndman and A. B. Koehler (2006), Another look at measures of forecast
       accuracy. International Journal of Forecasting 22, section 3.
    """

    def losses(self, y_pred: Tensor, y_true: Tensor, windows: Tensor) -> Tensor:
        x = windows[..., : self.n_targets]
        change = (x[:, self.seasonality :] - x[:, : -self.seasonality]).abs()
        seen = change.isfinite()
        # (batch, length - seasonality, n_targets) -> (batch, n_targets)
        scale = torch.where(seen, change, 0).sum(1) / seen.sum(1).clamp_min(1)
        scale = scale.clamp_min(_least(scale))
        scale = scale.repeat(1, y_true.shape[-1] // self.n_targets)
        if y_pred.ndim == 3:  # forecasts from several time steps
            scale = scale.unsqueeze(1)
        return (y_pred - y_true).abs() / scale


class SMAPEAndMASELoss(SeriesLoss):
    """The sum of sMAPE and MASE, the two parts of the M4 competition's OWA."""

    def __init__(self, n_targets: int = 1, seasonality: int | None = None):
        super().__init__(n_targets, seasonality)
        self.parts = SMAPELoss(n_targets), MASELoss(n_targets, seasonality)

    def losses(self, y_pred: Tensor, y_true: Tensor, windows: Tensor) -> Tensor:
        smape, mase = (part.losses(y_pred, y_true, windows) for part in self.parts)
        return smape + mase


class HeadLoss(nn.Module):
    """Loss of a distribution's head, with torch's reductions.

    Parameters
    ----------
    head : Head
        What the last axis of the forecasts means.
    """

    def __init__(self, head: Head):
        super().__init__()
        self.head = head
        self.in_window_units = head.in_window_units
        self.reduction = "mean"

    def forward(self, params: Tensor, y: Tensor) -> Tensor:
        """(..., p), (...) -> () or (...)"""
        loss = self.head.loss(params, y)
        return loss.mean() if self.reduction == "mean" else loss


# torch's losses take no arguments here, ours the number of targets and the season.
LOSSES: dict[str, type[nn.Module]] = {
    "mse": nn.MSELoss,
    "mae": nn.L1Loss,
    "huber": nn.HuberLoss,
    "smape": SMAPELoss,
    "mase": MASELoss,
    "smape+mase": SMAPEAndMASELoss,
}


def make_loss(
    name: str, n_targets: int = 1, seasonality: int | None = None, **kwargs
) -> nn.Module:
    """The loss of this name, with further keyword arguments of its class."""
    cls = LOSSES[name]
    if issubclass(cls, SeriesLoss):
        return cls(n_targets, seasonality, **kwargs)
    return cls(**kwargs)


def _least(sizes):
    """Lower bound of denominators: where a series is zero, no error would be finite."""
    largest = sizes.detach().amax()
    return torch.where(largest > 0, _LEAST * largest, 1.0)
