"""Dropout with a random generator of its own."""

from typing import Any

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Dropout whose masks come from a private generator.

    ``torch.nn.Dropout`` draws from the global generator, so whatever else runs in the
    process changes the masks, and training changes what others draw.

    Parameters
    ----------
    p : float in [0, 1), default=0.5
        Probability that an entry is dropped.

    Attributes
    ----------
    generator : torch.Generator or None
        Where the masks come from; None is the global generator.

    References
    ----------
    .. [1] N. Srivastava et al. (2014), Dropout: A Simple Way to Prevent Neural
       Networks from Overfitting. JMLR 15, section 4, in the form that scales the
       kept entries by ``1 / (1 - p)`` while training.
    """

    generator: torch.Generator | None

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p
        self.generator = None

    def forward(self, x: Tensor) -> Tensor:
        """Drop entries of `x`, any shape, in training mode."""
        if not self.training or self.p == 0:
            return x
        keep = torch.empty_like(x).bernoulli_(1 - self.p, generator=self.generator)
        return x * keep.div_(1 - self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}"

    def __getstate__(self) -> dict[str, Any]:
        # A generator belongs to one run of the training; it is neither pickled nor
        # shared by copies.
        return {**self.__dict__, "generator": None}
