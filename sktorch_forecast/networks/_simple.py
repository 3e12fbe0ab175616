"""Simple forecasts of many windows at once, which a network weighs.

Symbols used below::

    b  batch     L  length     H  horizon     p  period, one of each window
"""

import torch
from torch import Tensor

# Cycles back that are averaged, and how much less each counts than the one after it.
_N_CYCLES, _DECAY = 6, 0.75
N_SIMPLE = 14


def filled(z: Tensor, observed: Tensor, period: Tensor) -> Tensor:
    """What is missing as one period before or after, else as it was last: (b, L)"""
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


def copies(f: Tensor, period: Tensor, horizon: int, cycle: int = 1) -> Tensor:
    """What was `cycle` periods before each step of the horizon, repeated on: (b, H)

    Beyond the beginning of the window, of as many periods as there are.
    """
    length = f.shape[1]
    h = torch.arange(1, horizon + 1, device=f.device)
    p = period.unsqueeze(1)
    back = p * (torch.div(h - 1, p, rounding_mode="floor") + 1)
    place = length - 1 + h - back  # within the last period
    place = place - p * (cycle - 1)
    missing = torch.div((-place).clamp_min(0) + p - 1, p, rounding_mode="floor")
    return f.gather(1, (place + p * missing).clamp(0, length - 1))


def means_of_cycles(f: Tensor, period: Tensor) -> Tensor:
    """Means over the last cycles, latest first, (b, _N_CYCLES); older ones repeated."""
    length = f.shape[1]
    sums = torch.cat([f.new_zeros(len(f), 1), f.cumsum(1)], dim=1)
    p = period.unsqueeze(1)
    k = torch.arange(_N_CYCLES, device=f.device)
    whole = torch.div(torch.full_like(p, length), p, rounding_mode="floor").clamp_min(1)
    end = length - torch.minimum(k, whole - 1) * p
    return (sums.gather(1, end) - sums.gather(1, (end - p).clamp_min(0))) / p


def simple_forecasts(f: Tensor, periods: Tensor, horizon: int) -> Tensor:
    """Forecasts without weights.

    Parameters
    ----------
    f : Tensor of shape (b, L)
        Windows without gaps.
    periods : Tensor of shape (b, 3), int64
        The main one, another one, and that of the user.
    horizon : int

    Returns
    -------
    forecasts : Tensor of shape (b, N_SIMPLE, H)
        The last value, an exponentially weighted mean, the mean of the window and its
        line; copies at the three periods; copies at the main period with the drift
        from cycle to cycle, the mean of copies at the first and the third period, and,
        of the first, such means on the latest level, without and with its slope; the
        copy and the mean of copies, moved by what the last part of a cycle was above
        the same part of the cycle before.
    """
    batch, length = f.shape
    steps = torch.arange(1, horizon + 1, device=f.device, dtype=f.dtype)
    main, other, users = periods.unbind(1)
    flat = f.new_ones(1, horizon)
    t = torch.arange(length, device=f.device, dtype=f.dtype) - (length - 1)
    fading = torch.pow(0.7, -t)
    smoothed = (f * fading).sum(1, keepdim=True) / fading.sum()
    mean = f.mean(1, keepdim=True)
    slope = (f * (t - t.mean())).sum(1, keepdim=True) / (t - t.mean()).square().sum()
    line = mean + slope * (steps - t.mean())
    weights = f.new_tensor([_DECAY**k for k in range(_N_CYCLES)])
    weights = weights / weights.sum()
    levels = means_of_cycles(f, main)
    of_main = torch.stack(
        [copies(f, main, horizon, 1 + k) for k in range(_N_CYCLES)], 1
    )
    averaged = (of_main * weights.unsqueeze(1)).sum(1)
    users_averaged = sum(
        copies(f, users, horizon, 1 + k) * w for k, w in enumerate(weights)
    )
    latest = levels[:, :1]
    level = (levels * weights).sum(1, keepdim=True)
    leveled = averaged - level + latest
    # The slope of the levels, from cycle to cycle, by least squares.
    k = torch.arange(_N_CYCLES, device=f.device, dtype=f.dtype)
    k = k - (weights * k).sum()
    of_levels = -(levels * weights * k).sum(1, keepdim=True) / (weights * k * k).sum()
    p = main.unsqueeze(1).to(f.dtype)
    cycles = torch.ceil(steps / p)
    moved = _recent_change(f, main, other)
    drift = (latest - levels[:, 1:2]) * cycles
    return torch.stack(
        [
            f[:, -1:] * flat,
            smoothed * flat,
            mean * flat,
            line,
            of_main[:, 0],
            copies(f, other, horizon),
            copies(f, users, horizon),
            of_main[:, 0] + drift,
            averaged,
            users_averaged,
            leveled,
            leveled + of_levels * cycles,
            of_main[:, 0] + moved,
            averaged + moved,
        ],
        dim=1,
    )


def _recent_change(f, main, other):
    """Mean of the last part of a cycle less that of a cycle before, (b, 1).

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
