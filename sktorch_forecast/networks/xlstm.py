"""xLSTM: recurrent layers with exponential gates, in residual blocks."""

from collections.abc import Sequence
from math import ceil
from numbers import Integral, Real
from typing import Any, ClassVar, Unpack

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._training.shared import SharedParameters
from .._utils.compat import Interval
from .._utils.validation import check_positive_int
from ..forecaster import Forecaster
from ..layers import MLSTM, SLSTM, Dropout, Linear, Readout

# How many steps the convolution in front of each mLSTM sees.
_KERNEL_SIZE = 4


class XLSTMNetwork(nn.Module):
    """Patches of the window through blocks with an mLSTM or an sLSTM.

    With P the length of a patch and d units::

        window (L) -> n = L / P patches (P) -> linear -> (n, d)
        blocks, each added to what it reads -> normalized -> the last step (d)
        -> linear -> horizon

    Parameters
    ----------
    n_channels, length : int
        Shape of a window.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    patch_length, blocks, hidden_size, n_heads, dropout
        As for :class:`XLSTMForecaster`.
    """

    def __init__(
        self,
        n_channels: int,
        length: int,
        output_shape: tuple[int, int, int],
        patch_length: int = 4,
        blocks: Sequence[str] = ("mLSTM", "sLSTM"),
        hidden_size: int = 32,
        n_heads: int = 2,
        dropout: float = 0.0,
    ):
        super().__init__()
        if not blocks or not set(blocks) <= set(_BLOCKS):
            raise ValueError(
                f"Expected blocks as a tuple of some of {tuple(_BLOCKS)}, in any "
                f"number and order, found {blocks!r}."
            )
        if hidden_size % n_heads or hidden_size == n_heads:
            raise ValueError(
                f"Expected hidden_size as a multiple of n_heads={n_heads}, at least "
                f"twice as large, found {hidden_size}: each head normalizes its share "
                "of the units, which turns a single unit into 0."
            )
        # From one forecast to the next, if all steps forecast.
        self.stride = check_positive_int(patch_length, "patch_length")
        n_steps = ceil(length / patch_length)
        self.embedding = Linear(patch_length * n_channels, hidden_size)
        self.blocks = nn.Sequential(
            *(_BLOCKS[kind](hidden_size, n_heads, n_steps, dropout) for kind in blocks),
            nn.LayerNorm(hidden_size),
        )
        self.readout = Readout(hidden_size, output_shape)

    def forward(self, x: Tensor, all_steps: bool = False) -> Tensor:
        """(batch, length, n_channels) -> (batch, *output_shape)

        With `all_steps`, -> (batch, n, *output_shape), a forecast from the end of every
        patch.
        """
        # Zeros before the window, so that its last patch ends with it.
        x = F.pad(x, (0, 0, -x.shape[1] % self.stride, 0))
        # (batch, n * P, C) -> (batch, n, P * C) -> (batch, n, d)
        patches = x.unflatten(1, (-1, self.stride)).flatten(2)
        x = self.blocks(self.embedding(patches))
        return self.readout(x if all_steps else x[:, -1])


class _MLSTMBlock(nn.Module):
    """An mLSTM between two projections: (batch, n, d) -> the same shape.

    In the paper, the block with pre up-projection::

        u, g = W x, each of size 2 d,  a = swish(conv(u))
        h = GroupNorm(mLSTM: q, k and gates of a, v of u) + skip * a
        x + W (h * swish(g))
    """

    def __init__(self, size, n_heads, n_steps, dropout):
        super().__init__()
        inner = 2 * size
        self.norm = nn.LayerNorm(size)
        self.up = Linear(size, 2 * inner)
        # One filter for each unit.
        self.conv = nn.Conv1d(inner, inner, _KERNEL_SIZE, groups=inner)
        self.mlstm = MLSTM(inner, inner, n_heads, timescale=n_steps)
        self.norm_heads = nn.GroupNorm(n_heads, inner)
        self.skip = nn.Parameter(torch.ones(inner))
        self.down = Linear(inner, size)
        self.dropout = Dropout(dropout)

    def forward(self, x):
        u, g = self.up(self.norm(x)).chunk(2, dim=2)
        # Zeros before the window, so that no step sees what follows it.
        before = F.pad(u.transpose(1, 2), (_KERNEL_SIZE - 1, 0))
        a = F.silu(self.conv(before).transpose(1, 2))
        h = _by_step(self.norm_heads, self.mlstm(u, a)) + self.skip * a
        return x + self.dropout(self.down(h * F.silu(g)))


class _SLSTMBlock(nn.Module):
    """An sLSTM, then a gated perceptron: (batch, n, d) -> the same shape.

    In the paper, the block with post up-projection::

        x = x + GroupNorm(sLSTM(x))
        u, g = W x, each of size 4 d / 3,  x + W (u * GELU(g))
    """

    def __init__(self, size, n_heads, n_steps, dropout):
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.slstm = SLSTM(size, size, n_heads, timescale=n_steps)
        self.norm_heads = nn.GroupNorm(n_heads, size)
        inner = ceil(4 * size / 3)
        self.up, self.down = Linear(size, 2 * inner), Linear(inner, size)
        self.dropout = Dropout(dropout)

    def forward(self, x):
        h = self.slstm(self.norm_1(x))
        x = x + self.dropout(_by_step(self.norm_heads, h))
        u, g = self.up(self.norm_2(x)).chunk(2, dim=2)
        return x + self.dropout(self.down(u * F.gelu(g)))


_BLOCKS = {"mLSTM": _MLSTMBlock, "sLSTM": _SLSTMBlock}


def _by_step(norm, x):
    """Normalize the units of each head at each step: (batch, n, d) -> the same."""
    return norm(x.flatten(0, 1)).view(x.shape)


class XLSTMForecaster(Forecaster):
    """Forecast with an xLSTM: recurrent layers with exponential gates.

    An LSTM has gates between 0 and 1, so a new value can hardly outweigh what was
    stored before, and each unit stores a single number. The xLSTM [1]_ has exponential
    input gates and two kinds of layers: the sLSTM, whose units see each other from step
    to step, and the mLSTM, whose memory is a matrix, and which reads all steps at once
    (:class:`~sktorch_forecast.layers.SLSTM`, :class:`~sktorch_forecast.layers.MLSTM`).

    A step is a patch of the window. That keeps the recurrence short: an sLSTM is a slow
    loop over the steps, which ``compile=True`` and :func:`~sktorch_forecast.to_onnx`
    unroll. A few dozen steps are fine; with hundreds, use only mLSTMs or longer
    patches.

    Where this departs from the paper, which is about language: a step is a patch, not a
    word. There is no convolution in front of an sLSTM, which the paper calls optional.
    Forget gates are sigmoids, one of the two kinds that it allows, and initially
    remember between one step and the whole window [2]_. Queries and keys come from full
    linear maps, where the paper, with many more units, has blocks of four. The gates of
    an mLSTM see the output of the convolution, as queries and keys do.

    Parameters
    ----------
    patch_length : int, default=4
        Number of timestamps in a patch, which is one step; for hourly series 12 or 24.
        A window whose length is not a multiple of it is padded with zeros at the
        beginning. With ``train_on="all_steps"`` there is a forecast from the end of
        every patch.
    blocks : tuple of {"mLSTM", "sLSTM"}, default=("mLSTM", "sLSTM")
        The stacked blocks, from the input to the output.
    hidden_size : int, default=32
        Size of a step between the blocks: a multiple of `n_heads`, and at least twice
        that.
    n_heads : int, default=2
        Groups of units: those of an sLSTM see each other, and those of an mLSTM share
        a memory.
    dropout : float in [0, 1), default=0.0
        Probability that a number added by a block is dropped during training.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    LSTMForecaster : The network that this one extends.
    MinGRUForecaster : Another network with a linear recurrence.
    SegRNNForecaster : Reads patches with a GRU.

    References
    ----------
    .. [1] M. Beck et al. (2024), xLSTM: Extended Long Short-Term Memory.
       arXiv:2405.04517, section 2, with the blocks of the appendix.
    .. [2] C. Tallec and Y. Ollivier (2018), Can Recurrent Neural Networks Warp Time?
       ICLR, section 2, chrono initialization.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import XLSTMForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = XLSTMForecaster(hidden_size=8, max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = XLSTMNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "patch_length": [Interval(Integral, 1, None, closed="left")],
        "blocks": [tuple, list],
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        patch_length: int = 4,
        blocks: Sequence[str] = ("mLSTM", "sLSTM"),
        hidden_size: int = 32,
        n_heads: int = 2,
        dropout: float = 0.0,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.patch_length = patch_length
        self.blocks = blocks
        self.hidden_size = hidden_size
        self.n_heads = n_heads
        self.dropout = dropout
