"""Which values of a window are treated together.

Symbols used below::

    L  length         timestamps in a window, the last of which is lag 1
    H  n_ahead        steps after it, of channels that are known over the horizon
    C  n_channels
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

By: TypeAlias = Literal["channel", "lag", "both"]


@dataclass(frozen=True, eq=False)
class Group:
    """Some values of each window.

    Parameters
    ----------
    name : str
    rows : ndarray of shape (n_rows,), int64
        Timestamps, from 0 to ``L + H - 1``.
    channels : ndarray of shape (n_chosen,), int64
    static : ndarray of shape (n_static,), int64
        Static covariates, which have no rows.
    """

    name: str
    rows: np.ndarray
    channels: np.ndarray
    static: np.ndarray = field(default_factory=lambda: np.arange(0))


def groups_of(
    by: By,
    lags: int | None,
    length: int,
    n_ahead: int,
    channels: Sequence[Hashable],
    n_future: int,
    static_names: Sequence[Hashable],
) -> list[Group]:
    """All groups that a window is divided into.

    Parameters
    ----------
    by : {"channel", "lag", "both"}
    lags : int or None
        Neighboring lags in a group; None makes at most 12 groups.
    length, n_ahead : int
        L and H.
    channels : sequence of length n_channels
        Names of the channels, the last `n_future` of which are known over the horizon.
    n_future : int
    static_names : sequence of length n_static

    Returns
    -------
    groups : list of Group
        Each value of a window is in one group.
    """
    every = np.arange(len(channels))
    future = every[len(every) - n_future :]
    if by == "channel":
        groups = [
            Group(str(name), np.arange(length + n_ahead * (i in future)), every[[i]])
            for i, name in enumerate(channels)
        ]
    else:
        spans = list(_spans(length, n_ahead, lags))
        parts = [("", every)]
        if by == "both":
            parts = [(f"{name}, ", every[[i]]) for i, name in enumerate(channels)]
        groups = [g for part in parts for g in _of_part(*part, spans, future)]
    statics = np.arange(len(static_names))
    named = [(str(name), statics[[i]]) for i, name in enumerate(static_names)]
    if by == "lag" and named:
        named = [("static", statics)]
    nothing = np.arange(0)
    return groups + [Group(name, nothing, nothing, which) for name, which in named]


def _of_part(
    before: str,
    channels: np.ndarray,
    spans: list[tuple[str, np.ndarray]],
    future: np.ndarray,
) -> Iterator[Group]:
    """Groups of some channels; only those in `future` have a horizon."""
    for name, rows in spans:
        part = np.intersect1d(channels, future) if name == "horizon" else channels
        if len(part):
            yield Group(before + name, rows, part)


def _spans(
    length: int, n_ahead: int, lags: int | None
) -> Iterator[tuple[str, np.ndarray]]:
    """Names and timestamps of the lags from the newest to the oldest; the horizon."""
    size = lags or -(-length // 12)
    for first in range(1, length + 1, size):
        last = min(first + size - 1, length)
        name = f"lag {first}" if first == last else f"lags {first}-{last}"
        yield name, np.arange(length - last, length - first + 1)
    if n_ahead:
        yield "horizon", length + np.arange(n_ahead)
