"""The layer that a network ends with."""

from math import prod

from torch import Tensor

from .linear import Linear


class Readout(Linear):
    """A linear layer to all numbers that a network has to put out.

    Parameters
    ----------
    in_features : int
        Size of the last axis of the input.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    """

    def __init__(self, in_features: int, output_shape: tuple[int, ...]):
        super().__init__(in_features, prod(output_shape))
        self.output_shape = tuple(output_shape)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., horizon, n_targets, n_params)"""
        return super().forward(x).view(*x.shape[:-1], *self.output_shape)
