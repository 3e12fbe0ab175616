"""Dropout with its own random numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Real
from typing import Any

import torch
from torch import Tensor, nn

from .._utils.randomness import random_bits
from .._utils.validation import check_positive_int, complain_of_shape


class Masks:
    """What is dropped in one pass of a network, row by row.

    Every mask is computed from the key of its row, the number of the mask in the pass
    and the position in the row. Nothing is drawn sequentially, so a row gets the same
    masks no matter which other rows are in the batch.

    Parameters
    ----------
    keys : Tensor of shape (n_rows,), int64
        One for each row of the batch. Equal keys give equal masks.
    """

    def __init__(self, keys: Tensor):
        self.keys = keys
        self.n_masks = 0

    def next(self, shape: torch.Size, p: float) -> Tensor:
        """The next mask.

        Parameters
        ----------
        shape : torch.Size
            Rows are usually the first axis, but may be the second, or folded into the
            first together with following axes, like attention heads. If there is no
            axis of rows, the mask follows the key of the first row.
        p : float in (0, 1)
            Probability that an entry is dropped.

        Returns
        -------
        keep : Tensor of `shape`, bool
        """
        self.n_masks += 1
        n_rows, axis = len(self.keys), 0
        if len(shape) > 1 and shape[0] != n_rows == shape[1]:
            axis = 1
            shape = torch.Size([shape[1], shape[0], *shape[2:]])
        keys = self.keys if shape[0] % n_rows == 0 else self.keys[:1]
        n_entries = shape.numel() // len(keys)
        # 32 of the 64 bits are enough for an entry; signed, so that half are negative.
        bits = random_bits(keys, self.n_masks, -(-n_entries // 2)).view(torch.int32)
        keep = bits[:, :n_entries] < min(round((1 - p) * 2**32), 2**32 - 1) - 2**31
        return keep.reshape(shape).transpose(0, axis)


_masks: ContextVar[Masks | None] = ContextVar("masks", default=None)


@contextmanager
def dropping(masks: Masks) -> Iterator[None]:
    """Inside this context, dropout is on and uses these masks, in this thread only.

    The modules are not changed, since other threads may be using them.
    """
    token = _masks.set(masks)
    try:
        yield
    finally:
        _masks.reset(token)


class Dropout(nn.Module):
    """Dropout whose masks come from a private generator.

    ``torch.nn.Dropout`` draws from the global generator, so whatever else runs in the
    process changes the masks, and training changes what others draw.

    Parameters
    ----------
    p : float in [0, 1), default=0.5
        Probability that an entry is dropped.
    n_shared_axes : int, default=0
        Entries along this many of the last axes are dropped together, as
        ``torch.nn.Dropout1d`` drops whole channels.

    Attributes
    ----------
    generator : torch.Generator or None
        Source of the masks in training; None means the global generator.

    Raises
    ------
    TypeError, ValueError
        If `p` or `n_shared_axes` is not valid.

    References
    ----------
    .. [1] N. Srivastava et al. (2014), Dropout: A Simple Way to Prevent Neural
       Networks from Overfitting. JMLR 15, section 4, in the form that scales the
       kept entries by ``1 / (1 - p)`` while training.
    """

    generator: torch.Generator | None

    def __init__(self, p: float = 0.5, n_shared_axes: int = 0):
        super().__init__()
        if not isinstance(p, Real) or isinstance(p, bool) or not 0 <= p < 1:
            raise ValueError(
                f"Expected a probability p of at least 0 and below 1, found {p!r}."
            )
        if n_shared_axes != 0:
            n_shared_axes = check_positive_int(n_shared_axes, "n_shared_axes")
        self.p = p
        self.n_shared_axes = n_shared_axes
        self.generator = None

    @property
    def training(self) -> bool:
        """Whether entries are dropped: in training mode, and within `dropping`."""
        return self._is_training or _masks.get() is not None

    @training.setter
    def training(self, mode: bool) -> None:
        self._is_training = mode

    def forward(self, x: Tensor) -> Tensor:
        """Drop entries of `x`, any shape, in training mode."""
        if self.p == 0:
            return x
        masks = _masks.get()
        if not (self._is_training or masks is not None):
            return x
        like = x
        if self.n_shared_axes:
            if x.ndim < self.n_shared_axes:
                axes = ", ".join(["n"] * self.n_shared_axes)
                complain_of_shape("an input", f"(..., {axes})", x)
            # (..., n, m) -> (..., 1, 1)
            like = x[(..., *[slice(1)] * self.n_shared_axes)]
        if masks is None:
            keep = torch.empty_like(like).bernoulli_(
                1 - self.p, generator=self.generator
            )
        else:
            keep = masks.next(like.shape, self.p).to(x.dtype)
        return x * keep.div_(1 - self.p)

    def extra_repr(self) -> str:
        """What torch shows in the repr: the probability."""
        return f"p={self.p}"

    def __getstate__(self) -> dict[str, Any]:
        # A generator belongs to one training run; it is neither pickled nor shared by
        # copies.
        return {**self.__dict__, "generator": None}
