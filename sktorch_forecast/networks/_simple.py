"""Simple forecasts of many windows at once, to be weighted by a network.

Symbols used below::

    b  batch     L  length     H  horizon     p  period, one per window
"""

import torch
from torch import Tensor

# How many past cycles are averaged with equal weights; and how many of the latest,
# where each counts less than the one after it.
_N_CYCLES, _N_LATEST, _DECAY = 14, 6, 0.75
N_SIMPLE = 17


def filled(z: Tensor, observed: Tensor, period: Tensor) -> Tensor:
    """Fill gaps from one period before or after, else with the last value: (b, L)"""
    length = z.shape[1]
    t = torch.arange(length, device=z.device)
    seen = torch.where(observed, t, 0).cummax(1).values
    first = observed.to(torch.int8).argmax(1, keepdim=True)
    last_seen = z.gather(1, torch.maximum(seen, first))
    found, values = observed, z
    for step in (-1, 1, -2):
        place = t + step * period.unsqueeze(1)
        inside = (place >= 0) & (place < length)
        place = place.clamp(0, length - 1)
        there = inside & observed.gather(1, place) & ~found
        values = torch.where(there, z.gather(1, place), values)
        found = found | there
    return torch.where(found, values, last_seen)


def copies(f: Tensor, period: Tensor, horizon: int, n_cycles: int = 1) -> Tensor:
    """The values 1 to n periods before the steps of the horizon: (b, n, H)

    Steps beyond a period repeat the last period; values from before the window are
    taken from its first periods.
    """
    length = f.shape[1]
    h = torch.arange(1, horizon + 1, device=f.device)
    k = torch.arange(n_cycles, device=f.device).unsqueeze(1)
    p = period.view(-1, 1, 1)
    back = p * (torch.div(h - 1, p, rounding_mode="floor") + 1 + k)
    place = length - 1 + h - back
    missing = torch.div((-place).clamp_min(0) + p - 1, p, rounding_mode="floor")
    place = (place + p * missing).clamp(0, length - 1)
    return f.gather(1, place.flatten(1)).view(len(f), n_cycles, horizon)


def means_of_cycles(f: Tensor, period: Tensor, n_cycles: int) -> Tensor:
    """Means over the last cycles, latest first, (b, n); the oldest is repeated."""
    length = f.shape[1]
    sums = torch.cat([f.new_zeros(len(f), 1), f.cumsum(1)], dim=1)
    p = period.unsqueeze(1)
    k = torch.arange(n_cycles, device=f.device)
    end = length - torch.minimum(k, _whole_cycles(p, length) - 1) * p
    return (sums.gather(1, end) - sums.gather(1, (end - p).clamp_min(0))) / p


def _whole_cycles(period, length):
    """Number of whole cycles in the window, at least one."""
    whole = torch.div(torch.full_like(period, length), period, rounding_mode="floor")
    return whole.clamp_min(1)


def _weights(f, period, n_cycles, decay):
    """Weights of the last cycles, as far as the window has them, (b, n)."""
    k = torch.arange(n_cycles, device=f.device)
    there = k < _whole_cycles(period.unsqueeze(1), f.shape[1])
    weights = there * torch.pow(f.new_tensor(decay), k)
    return weights / weights.sum(1, keepdim=True)


def simple_forecasts(f: Tensor, periods: Tensor, horizon: int) -> Tensor:
    """Forecasts without weights.

    Parameters
    ----------
    f : Tensor of shape (b, L)
        Windows without gaps.
    periods : Tensor of shape (b, 3), int64
        The main one, another one, and the user's.
    horizon : int

    Returns
    -------
    forecasts : Tensor of shape (b, N_SIMPLE, H)
        The last value, an exponentially weighted mean, the mean of the window and its
        linear trend; copies at the three periods; for the main period, the copy with
        the drift from cycle to cycle, the mean of the latest copies, the same moved to
        the latest level, and with the slope of the levels; copy and mean of copies,
        shifted by how far the last part of a cycle was above the same part of the cycle
        before; for the third period, the mean of the latest copies; for both, means of
        many copies; and for the third the same moved to the latest level.
    """
    main, other, users = periods.unbind(1)
    steps = torch.arange(1, horizon + 1, device=f.device, dtype=f.dtype)
    last = f[:, -1:].expand(-1, horizon)
    smoothed, mean, line = _without_season(f, steps)
    of_main = copies(f, main, horizon, _N_CYCLES)
    of_users = copies(f, users, horizon, _N_CYCLES)
    copy = of_main[:, 0]
    averaged = _averaged(f, of_main[:, :_N_LATEST], main, _DECAY)
    long = _averaged(f, of_main, main, 1.0)
    users_long = _averaged(f, of_users, users, 1.0)
    # Levels of the cycles, and their slope by least squares.
    weights = _weights(f, main, _N_LATEST, _DECAY)
    levels = means_of_cycles(f, main, _N_LATEST)
    latest = levels[:, :1]
    leveled = averaged - (levels * weights).sum(1, keepdim=True) + latest
    k = torch.arange(_N_LATEST, device=f.device, dtype=f.dtype)
    k = k - (weights * k).sum(1, keepdim=True)
    square = (weights * k * k).sum(1, keepdim=True).clamp_min(0.01)
    slope = -(levels * weights * k).sum(1, keepdim=True) / square
    cycles = torch.ceil(steps / main.unsqueeze(1))
    drift = (latest - levels[:, 1:2]) * cycles
    moved = _recent_change(f, main, other)
    users_levels = means_of_cycles(f, users, _N_CYCLES)
    weights = _weights(f, users, _N_CYCLES, 1.0)
    rise = users_levels[:, :1] - (users_levels * weights).sum(1, keepdim=True)
    forecasts = [
        last,
        smoothed,
        mean,
        line,
        copy,
        copies(f, other, horizon)[:, 0],
        of_users[:, 0],
        copy + drift,
        averaged,
        leveled,
        leveled + slope * cycles,
        copy + moved,
        averaged + moved,
        _averaged(f, of_users[:, :_N_LATEST], users, _DECAY),
        long,
        users_long,
        users_long + rise,
    ]
    return torch.stack(forecasts, dim=1)


def _averaged(f, of_cycles, period, decay):
    """(b, n, H) -> (b, H)"""
    weights = _weights(f, period, of_cycles.shape[1], decay)
    return (of_cycles * weights.unsqueeze(2)).sum(1)


def _without_season(f, steps):
    """A mean of the last values, the mean of all, and the linear trend, (b, H) each."""
    length = f.shape[1]
    t = torch.arange(length, device=f.device, dtype=f.dtype) - (length - 1)
    fading = torch.pow(0.7, -t)
    smoothed = (f * fading).sum(1, keepdim=True) / fading.sum()
    mean = f.mean(1, keepdim=True)
    centered = t - t.mean()
    slope = (f * centered).sum(1, keepdim=True) / centered.square().sum().clamp_min(1)
    line = mean + slope * (steps - t.mean())
    return smoothed.expand_as(line), mean.expand_as(line), line


def _recent_change(f, main, other):
    """Mean of the last part of a cycle minus that one cycle earlier, (b, 1).

    The part is the shorter period, or a quarter of the main one.
    """
    length = f.shape[1]
    sums = torch.cat([f.new_zeros(len(f), 1), f.cumsum(1)], dim=1)
    p, q = main.unsqueeze(1), other.unsqueeze(1)
    part = torch.where(q < p, q, torch.div(p + 3, 4, rounding_mode="floor"))
    before = (length - p).clamp_min(0)
    part = torch.minimum(part, before.clamp_min(1))
    last = sums[:, -1:] - sums.gather(1, length - part)
    same = sums.gather(1, torch.maximum(before, part)) - sums.gather(
        1, (before - part).clamp_min(0)
    )
    return (last - same) / part
