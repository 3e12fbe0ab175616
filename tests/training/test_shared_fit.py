"""Shares of batches, as several processes take them, here one after the other."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from nets import N_ORIGINS, X, Y

from sktorch_forecast._training.batches import BatchIterator, WindowDataset, subset
from sktorch_forecast._training.processes import shared, weight_of_share


def batches_of(n, shuffle, rows=None, batch_size=7):
    """Batches of each of n processes, with what the shares knew of each."""
    for rank in range(n):
        dataset = WindowDataset(X, Y)
        if rows is not None:
            dataset = subset(dataset, rows)
        generator = torch.Generator().manual_seed(0)
        whole = BatchIterator(dataset, batch_size, shuffle, generator)
        iterator, share = shared(whole, rank, n)
        yield [(x, y, share.n_mine, share.sizes[-1]) for x, y in iterator]


@pytest.mark.parametrize("n", [1, 2, 3, 8])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("rows", [None, np.arange(3, 50)[::2]])
def test_shares_make_up_the_batches_of_one_process(n, shuffle, rows):
    ((*alone,),) = batches_of(1, shuffle, rows)
    for (x, y, _, size), *parts in zip(alone, *batches_of(n, shuffle, rows)):
        assert size == len(x)
        rebuilt = torch.empty_like(y)
        for rank, (_, mine, n_mine, n_all) in enumerate(parts):
            assert n_all == size and n_mine == len(range(rank, size, n))
            assert len(mine) == max(n_mine, 1)
            rebuilt[rank::n] = mine[:n_mine]
        assert torch.equal(rebuilt, y)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("n", [2, 3, 8])
def test_weighted_losses_of_shares_have_the_mean_of_the_batch(n, reduction):
    reduced = getattr(torch, reduction)
    ((*alone,),) = batches_of(1, True)
    for (_, y, _, size), *parts in zip(alone, *batches_of(n, True)):
        losses = [
            reduced(mine**2)
            * weight_of_share(
                SimpleNamespace(n=n, n_mine=n_mine, sizes=[size]),
                mine,
                reduction,
                False,
                None,
            )
            for _, mine, n_mine, _ in parts
        ]
        torch.testing.assert_close(torch.stack(losses).mean(), reduced(y**2))
    assert sum(size for _, _, _, size in alone) == N_ORIGINS
