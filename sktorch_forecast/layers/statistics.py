"""Statistics of windows, and their usual values.

Symbols used below::

    b  batch    L  length    C  n_channels
"""

import torch
from torch import Tensor

# At most this many groups are sorted, or values of windows are copied, at a time.
_GROUPS_AT_ONCE, _VALUES_AT_ONCE = 2**17, 2**16


def n_seen(x, seen):
    """Number of observed values in each window, at least 1."""
    if seen is None:
        return x.shape[1]
    return seen.sum(dim=1, keepdim=True).clamp_min(1).to(x.dtype)


def mean_size(x, seen):
    """Mean absolute value of each window, (b, L, C) -> (b, 1, C)"""
    x = x if seen is None else torch.where(seen, x, 0)
    return x.abs().sum(dim=1, keepdim=True) / n_seen(x, seen)


def without_last(x, seen):
    """Windows minus their last value, and that value, (b, 1, C)."""
    if seen is None:
        last = x[:, -1:]
        return x - last, last
    # Index of the last observed value; if there is none, the shift is zero.
    steps = torch.arange(1, x.shape[1] + 1, device=x.device).view(-1, 1)
    place = (seen * steps).amax(dim=1, keepdim=True)
    x = torch.where(seen, x, 0)
    last = x.gather(1, (place - 1).clamp_min(0))
    return torch.where(seen, x - last, 0), last


def centered_windows(x, seen):
    """Windows minus their mean, and that mean, (b, 1, C).

    The last value is subtracted first: in a series at a high level, the digits in which
    the values differ would be lost in their sum. And ``torch.var_mean`` takes several
    times as long along this axis.
    """
    centered, last = without_last(x, seen)
    offset = centered.sum(dim=1, keepdim=True) / n_seen(x, seen)
    centered -= offset
    if seen is not None:
        centered = torch.where(seen, centered, 0)
    return centered, last + offset


def deviation(centered, seen):
    """Deviation of centered windows, (b, 1, C): the root mean square.

    In one pass.
    """
    norm = torch.linalg.vector_norm(centered, dim=1, keepdim=True)
    return norm / n_seen(centered, seen) ** 0.5


def deviations(windows, seen):
    """Deviation of each window, (n, L, C) -> (n, 1, C), with copies of a few only."""
    found = windows.new_empty(len(windows), 1, windows.shape[2])
    n_some = max(1, _VALUES_AT_ONCE // max(1, windows.shape[1] * windows.shape[2]))
    parts = (tensor.split(n_some) for tensor in (windows, seen, found))
    for some, seen_there, place in zip(*parts):
        place.copy_(deviation(centered_windows(some, seen_there)[0], seen_there))
    return found


def usual_of(scales, weights):
    """The usual value of some scales, (n_windows, 1, C) -> (C,), never zero."""
    scales = scales.squeeze(1)
    # Most windows of an intermittent series may be flat: then the median is zero, but
    # the mean is not. If all are flat, any scale is as good as another: below, a tenth
    # of ten.
    usual = median(scales, weights)
    mean = (weights * scales).sum(dim=0) / weights.sum()
    usual = torch.where(usual > 0, usual, mean)
    return torch.where(usual > 0, usual, 10.0).to(scales.dtype)


def median(values, weights):
    """Weighted medians of columns, (n, C) and (n, 1) -> (C,); of two, their mean."""
    order = values.argsort(dim=0)
    values = values.gather(0, order)
    below = weights.expand_as(values).gather(0, order).cumsum(dim=0) / weights.sum()
    ends = [(below < 0.5 + side).sum(dim=0, keepdim=True) for side in (-1e-9, 1e-9)]
    lower, upper = (values.gather(0, end) for end in ends)
    return ((lower + upper) / 2).squeeze(0)


def usual_of_groups(
    values: Tensor, weights: Tensor, groups: Tensor, n_groups: int
) -> Tensor:
    """The usual value in each group: the median, or the mean if that is zero.

    Parameters
    ----------
    values : Tensor of shape (n, C)
        Non-negative.
    weights : Tensor of shape (n,)
    groups : Tensor of shape (n,), int64
        From 0 to ``n_groups - 1``.
    n_groups : int

    Returns
    -------
    usual : Tensor of shape (n_groups, C)
        0 where a group has no values, or only zeros.
    """
    if n_groups <= _GROUPS_AT_ONCE:
        return _usual_of_groups(values, weights, groups, n_groups)
    usual = []
    for first in range(0, n_groups, _GROUPS_AT_ONCE):
        n_some = min(_GROUPS_AT_ONCE, n_groups - first)
        some = (groups >= first) & (groups < first + n_some)
        parts = values[some], weights[some], groups[some] - first
        usual.append(_usual_of_groups(*parts, n_some))
    return torch.cat(usual)


def _usual_of_groups(values, weights, groups, n_groups):
    # In double precision only here, where there are few of them.
    values, weights = values.double(), weights.double()
    sizes = groups.bincount(minlength=n_groups)
    first = sizes.cumsum(0) - sizes
    totals = weights.new_zeros(n_groups).index_add_(0, groups, weights)
    before = totals.cumsum(0) - totals
    columns = []
    for column in values.unbind(1):
        order = column.argsort()
        order = order[groups[order].argsort(stable=True)]
        group, value, weight = groups[order], column[order], weights[order]
        share = (weight.cumsum(0) - before[group]) / totals[group]
        ends = []
        for half in (0.5 - 1e-9, 0.5 + 1e-9):
            below = torch.zeros_like(sizes).index_add_(0, group, (share < half).long())
            place = first + torch.minimum(below, (sizes - 1).clamp_min(0))
            ends.append(value[place.clamp_max(len(value) - 1)])
        median = (ends[0] + ends[1]) / 2
        sums = torch.zeros_like(totals).index_add_(0, group, weight * value)
        mean = sums / torch.where(totals > 0, totals, 1)
        columns.append(torch.where((sizes > 0) & (median > 0), median, mean))
    return torch.stack(columns, dim=1)
