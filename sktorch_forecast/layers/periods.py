"""Seasonal periods of many windows at once, from the errors of seasonal copies."""

import torch
from torch import Tensor

# By how much a period must be better than its neighborhood, as the logarithm of the
# mean squared error: with many cycles, and with few by `_PENALTY * period / length`
# more.
_LEAST, _LEAST_OF_FEW = 0.05, 2.0
_PENALTY = 0.8
# By what share the error of a long period must be smaller than that of a short one that
# is about as clear; errors over few cycles are uncertain.
_GAIN, _GAIN_OF_FEW = 0.12, 0.5
_SHORT = 0.5


def find_periods(z: Tensor, observed: Tensor | None = None) -> Tensor:
    """The two periods after which each window repeats itself best.

    The mean squared error of a copy from p steps before, for all p by Fourier
    transforms (the variogram of the window without its line), is compared with those of
    the lags around p. A season makes a valley there; a random walk does not, however
    large the errors of longer lags. If an hourly series has a weekly season, the error
    at 168 is smaller than at 24; if not, they are alike, and the shorter one is taken.

    Parameters
    ----------
    z : Tensor of shape (batch, length)
        Windows of about unit scale; anything finite where they are not observed.
    observed : Tensor of shape (batch, length), bool, default=None
        Where values are observed; None means everywhere.

    Returns
    -------
    periods : Tensor of shape (batch, 2), int64
        The main period and a second one, or 1 for no season. No longer than half a
        window.
    """
    length = z.shape[1]
    if length < 6:
        return torch.ones(len(z), 2, dtype=torch.int64, device=z.device)
    if observed is None:
        observed = torch.ones_like(z, dtype=torch.bool)
    errors = _errors_of_copies(*_without_line(z, observed.to(z.dtype)))
    depths = _depths(errors)
    lags = torch.arange(1, errors.shape[1] + 1, device=z.device)
    scores = depths - _PENALTY * lags / length
    valley = torch.ones_like(depths, dtype=torch.bool)
    valley[:, 1:] &= errors[:, 1:] <= errors[:, :-1]
    valley[:, :-1] &= errors[:, :-1] <= errors[:, 1:]
    valley[:, 0] = valley[:, -1] = False
    least = _LEAST + _LEAST_OF_FEW / length**0.5
    scores = torch.where(valley & (scores > least), scores, 0.0)
    best, long = scores.max(1)
    # The shortest of those that are about as clear: the first True of each row.
    short = (scores >= _SHORT * best.unsqueeze(1)).to(torch.int8).argmax(1)
    error_long, error_short = (
        errors.gather(1, lag.unsqueeze(1)).squeeze(1) for lag in (long, short)
    )
    is_long = error_long < (1 - _GAIN - _GAIN_OF_FEW * long / length) * error_short
    main = torch.where(is_long, long, short)
    # The second one: a short one next to a long one; otherwise the one with the least
    # error.
    apart = (lags - 1 - main.unsqueeze(1)).abs() > 0.1 * (main.unsqueeze(1) + 1)
    costs = errors * (1 + _GAIN_OF_FEW * lags / length)
    least, other = torch.where(apart & (scores > 0), costs, torch.inf).min(1)
    other = torch.where(least.isfinite(), other, main)
    other = torch.where(is_long & (short != long), short, other)
    periods = torch.stack([main, other], dim=1) + 1
    return torch.where(best.unsqueeze(1) > 0, periods, 1)


def _without_line(z, m):
    """Windows minus their least-squares line, clipped far out, 0 where missing."""
    t = torch.linspace(-1, 1, z.shape[1], dtype=z.dtype, device=z.device)
    n = m.sum(1, keepdim=True).clamp_min(1)
    z = z.clamp(-5, 5)
    t = t - (m * t).sum(1, keepdim=True) / n
    z = (z - (m * z).sum(1, keepdim=True) / n) * m
    slope = (z * t).sum(1, keepdim=True) / (m * t * t).sum(1, keepdim=True).clamp_min(
        1e-6
    )
    return (z - slope * t) * m, m


def _errors_of_copies(z, m):
    """Mean squared differences at lags 1 to length // 2: (b, L) -> (b, L // 2)"""
    length = z.shape[1]
    size = 2 ** (length + length // 2).bit_length()
    of_z, of_m, of_squares = (torch.fft.rfft(part, size) for part in (z, m, z.square()))
    # sum of m_t m_s (z_t - z_s)^2 over all t - s = lag
    cross = of_squares * of_m.conj()
    sums = torch.fft.irfft(cross + cross.conj() - 2 * (of_z * of_z.conj()), size)
    pairs = torch.fft.irfft(of_m * of_m.conj(), size)
    last = length // 2 + 1
    # The rounding error of zero is not an error.
    return (sums[:, 1:last] / pairs[:, 1:last].clamp_min(1)).clamp_min(1e-4)


def _depths(errors):
    """How much smaller each lag's error is than those from 1/2 to 3/2 of the lag.

    As logarithms, (b, P) -> (b, P).
    """
    n = errors.shape[1]
    sums = torch.cat([errors.new_zeros(len(errors), 1), errors.cumsum(1)], dim=1)
    lags = torch.arange(1, n + 1, device=errors.device)
    first = lags // 2 + 1
    last = torch.minimum((3 * lags - 1) // 2, torch.tensor(n, device=errors.device))
    others = (last - first).clamp_min(1)  # without the lag itself
    around = (sums[:, last] - sums[:, first - 1] - errors) / others
    return (around.clamp_min(1e-6) / errors).log()
