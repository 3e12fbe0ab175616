"""The order of the samples in an epoch, drawn in pieces if there are very many."""

from collections.abc import Iterator

import torch
from torch import Tensor

# Up to this many samples share one random order, which takes 4 bytes per sample.
_N_TOGETHER = 2**24
# With more, blocks of consecutive samples are put in random order, and this many
# samples from blocks that end up together are shuffled again.
_BLOCK, _PIECE = 2**12, 2**22
# This many numbers are yielded at once.
_PART = 2**18


def pieces(
    n_samples: int, shuffle: bool, generator: torch.Generator | None
) -> Iterator[Tensor]:
    """Numbers of all samples, in order or in random order.

    Every sample appears once. With more than 16 million samples, not every order is
    possible: samples in the same piece come from a thousand places of the data set,
    each contiguous in memory or on disk.

    Parameters
    ----------
    n_samples : int
    shuffle : bool
        Whether the order is random.
    generator : torch.Generator or None
        Source of the random order.

    Yields
    ------
    rows : Tensor of shape (n,), int32 or int64
    """
    if not shuffle:
        for start in range(0, n_samples, _PART):
            yield torch.arange(start, min(start + _PART, n_samples))
        return
    if n_samples <= _N_TOGETHER:
        order = torch.randperm(n_samples, generator=generator, dtype=torch.int32)
        yield from order.split(_PART)
        return
    blocks = torch.randperm(-(-n_samples // _BLOCK), generator=generator)
    for some in blocks.split(_PIECE // _BLOCK):
        rows = (some.unsqueeze(1) * _BLOCK + torch.arange(_BLOCK)).flatten()
        rows = rows[rows < n_samples]  # the last block may be smaller
        order = torch.randperm(len(rows), generator=generator, dtype=torch.int32)
        yield from (rows[part] for part in order.split(_PART))


def batches(parts: Iterator[Tensor], batch_size: int) -> Iterator[Tensor]:
    """Regroup parts of any size into batches of equal size; the last may be smaller."""
    rest = None
    for part in parts:
        if rest is not None and len(rest):
            part = torch.cat([rest, part])
        # Not part.split, which creates a tensor for every batch beforehand.
        n_whole = len(part) // batch_size * batch_size
        for start in range(0, n_whole, batch_size):
            yield part[start : start + batch_size]
        rest = part[n_whole:]
    if rest is not None and len(rest):
        yield rest
