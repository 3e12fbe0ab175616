"""The network that forecasts series it has not been trained on.

Symbols used below::

    b  batch     L  length     H  horizon     w  timestamps in a patch     d  units
    C  simple forecasts        Q  quantiles
"""

from math import ceil
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..layers import Linear, MinGRU
from ..layers.periods import find_periods
from ._simple import N_SIMPLE, filled, simple_forecasts

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
PATCH = 16
_N_PAST = 7  # features of each timestamp of the window
_N_STATIC = 13
# Smallest error used as the unit of residuals, in deviations of the window.
_LEAST_ERROR = 1e-3


class Forecasts(NamedTuple):
    """Quantiles, (b, H, Q), in units of the window, and these units, (b, 1) each.

    `error` is the unit of the residuals, in units of the window.
    """

    quantiles: Tensor
    shift: Tensor
    scale: Tensor
    error: Tensor


class ZeroShotNetwork(nn.Module):
    """Simple forecasts, weighted and corrected by a recurrent network over patches.

    Each window, (L), is scaled to mean 0 and deviation 1. Its periods are detected, and
    simple forecasts, among them copies of the past, are made for the horizon. The steps
    of one recurrent network are first the patches of the window, along with their
    copies, and then those of the horizon, with the simple forecasts. For each step of
    the horizon it outputs weights of the simple forecasts, which add up to 1, a
    residual, and the distances of the quantiles from the median, all in units of the
    smallest of the errors at lag 1 and at the periods.

    Parameters
    ----------
    hidden_size : int, default=96
        Number of units, d.
    num_layers : int, default=3
        Blocks.
    """

    def __init__(self, hidden_size: int = 96, num_layers: int = 3):
        super().__init__()
        d = hidden_size
        self.past = Linear(PATCH * _N_PAST, d)
        self.future = Linear(PATCH * 2 * N_SIMPLE + 4, d)
        self.static = Linear(_N_STATIC, d)
        self.blocks = nn.Sequential(*(_Block(d) for _ in range(num_layers)))
        self.norm = nn.LayerNorm(d)
        self.hidden = Linear(d, 2 * d)
        self.readout = Linear(2 * d, PATCH * (N_SIMPLE + len(LEVELS)))
        with torch.no_grad():
            self.readout.weight.mul_(0.1)

    def forward(
        self, x: Tensor, horizon: int, seasonality: Tensor | None = None
    ) -> Forecasts:
        """Forecast quantiles.

        Parameters
        ----------
        x : Tensor of shape (b, L)
            Windows, with NaN for missing values.
        horizon : int
            H
        seasonality : Tensor of shape (b,), int64, default=None
            Known season, or 0 if unknown: then the second period that is detected takes
            its place.

        Returns
        -------
        forecasts : Forecasts
        """
        z, observed, shift, scale = standardized(x)
        periods = find_periods(z, observed)
        users = periods[:, 1]
        if seasonality is not None:
            known = (seasonality > 0) & (seasonality < z.shape[1])
            users = torch.where(known, seasonality, users)
        periods = torch.cat([periods, users.unsqueeze(1)], dim=1)
        f = filled(z, observed, periods[:, 0])
        past, errors = self._past(z, f, observed, periods)
        s = errors.amin(1, keepdim=True)
        n_patches = ceil(horizon / PATCH)
        simple = simple_forecasts(f, periods, n_patches * PATCH)
        static = self._static(f, observed, periods, errors)
        tokens = torch.cat(
            [self.past(past), self.future(self._future(simple, s, periods))], 1
        )
        tokens = tokens + self.static(static).unsqueeze(1)
        tokens = self.norm(self.blocks(tokens))[:, -n_patches:]
        out = self.readout(F.gelu(self.hidden(tokens))).float()
        # (b, H / w, w (C + Q)) -> (b, H, C + Q)
        out = out.unflatten(2, (PATCH, -1)).flatten(1, 2)[:, :horizon]
        weights = out[..., :N_SIMPLE].softmax(-1)
        place = (weights * simple[..., :horizon].transpose(1, 2)).sum(2)
        size = s.unsqueeze(2)
        middle = place.unsqueeze(2) + size * out[..., N_SIMPLE : N_SIMPLE + 1]
        distances = size * F.softplus(out[..., N_SIMPLE + 1 :])
        n = len(LEVELS) // 2
        down = distances[..., :n].cumsum(-1).flip(-1)
        up = distances[..., n:].cumsum(-1)
        quantiles = torch.cat([middle - down, middle, middle + up], -1)
        return Forecasts(quantiles, shift, scale, s)

    def _past(self, z, f, observed, periods):
        """Features of the patches of the window, and errors of copies, (b, 4).

        (b, L) -> (b, n, w * _N_PAST)
        """
        features = [_squashed(z), observed.to(z.dtype)]
        errors, differences = [], []
        ones = torch.ones_like(periods[:, :1])
        t = torch.arange(z.shape[1], device=z.device)
        for period in torch.cat([ones, periods], dim=1).unbind(1):
            place = t - period.unsqueeze(1)
            there = observed & (place >= 0)
            place = place.clamp_min(0)
            there = there & observed.gather(1, place)
            difference = torch.where(there, z - z.gather(1, place), 0)
            differences.append(difference)
            n = there.sum(1)
            error = difference.abs().sum(1) / n.clamp_min(1)
            errors.append(torch.where(n > 0, error, 1.0))
        errors = torch.stack(errors, 1).clamp_min(_LEAST_ERROR)
        s = errors.amin(1, keepdim=True)
        features += [_squashed(difference / s) for difference in differences]
        t = (t + 1 - z.shape[1]) / z.shape[1]
        features.append(t.expand_as(z))
        features = torch.stack(features, dim=2)
        # Zeros before the window, so that its last patch ends with it.
        features = F.pad(features, (0, 0, -z.shape[1] % PATCH, 0))
        return features.unflatten(1, (-1, PATCH)).flatten(2), errors

    def _future(self, simple, s, periods):
        """Features of the patches of the horizon: (b, C, H) -> (b, n, w * 2 C + 4)"""
        # Around one of them, since only differences matter for the weights.
        around = (simple - simple[:, 9:10]) / s.unsqueeze(2)
        both = _squashed(torch.cat([simple, around], dim=1))
        # (b, 2 C, n w) -> (b, n, 2 C w)
        both = both.unflatten(2, (-1, PATCH)).permute(0, 2, 1, 3).flatten(2)
        h = torch.arange(both.shape[1], device=s.device, dtype=s.dtype) + 1
        h = h.expand(len(s), -1)
        cycles = h.unsqueeze(2) * PATCH / periods.unsqueeze(1).to(s.dtype)
        steps = torch.cat([h.unsqueeze(2) * PATCH, cycles], dim=2).log() / 3
        return torch.cat([both, steps], dim=2)

    def _static(self, f, observed, periods, errors):
        """Features of a whole window, (b, _N_STATIC)."""
        n = f.shape[1]
        low, high = f.amin(1, keepdim=True), f.amax(1, keepdim=True)
        before = f[:, :-1] if n > 1 else f
        same = (f[:, -before.shape[1] :] == before).to(f.dtype).mean(1, keepdim=True)
        parts = [
            errors.log(),
            periods.to(f.dtype).log() / 3,
            f.new_full((len(f), 1), n).log() / 3 - 1.5,
            observed.to(f.dtype).mean(1, keepdim=True),
            (f == low).to(f.dtype).mean(1, keepdim=True),
            same,
            _squashed(low),
            _squashed(high),
        ]
        return torch.cat(parts, dim=1)


class _Block(nn.Module):
    """(b, n, d) -> the same shape."""

    def __init__(self, d):
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.recurrent = MinGRU(d, d, timescale=32)
        self.up, self.down = Linear(d, 2 * d), Linear(2 * d, d)

    def forward(self, x):
        x = x + self.recurrent(self.norm_1(x))[0]
        return x + self.down(F.gelu(self.up(self.norm_2(x))))


def _squashed(x):
    """About x where x is small, logarithmic where it is large."""
    return x.sign() * x.abs().log1p()


def standardized(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Windows of mean 0 and deviation 1, 0 where missing.

    Parameters
    ----------
    x : Tensor of shape (b, L)

    Returns
    -------
    z : Tensor of shape (b, L), float32
    observed : Tensor of shape (b, L), bool
    shift, scale : Tensor of shape (b, 1), of the precision of `x`
    """
    observed = ~x.isnan()
    n = observed.sum(1, keepdim=True).clamp_min(1)
    x = torch.where(observed, x, 0)
    shift = x.sum(1, keepdim=True) / n
    x = torch.where(observed, x - shift, 0)
    scale = (x.square().sum(1, keepdim=True) / n).sqrt()
    # The rounding error of a constant is not a deviation.
    still = scale <= 4 * torch.finfo(x.dtype).eps * shift.abs()
    scale = torch.where(still, 1, scale)
    x = torch.where(still, 0, x)
    return (x / scale).float(), observed, shift, scale
