"""The last layer of a network."""

from math import prod

from torch import Tensor

from .._utils.validation import check_positive_int, check_positive_ints
from .linear import Linear


class Readout(Linear):
    """A linear layer to all the numbers that a network must output.

    Parameters
    ----------
    in_features : int
        Size of the last axis of the input.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.

    Raises
    ------
    TypeError, ValueError
        If these are not positive integers.
    """

    def __init__(self, in_features: int, output_shape: tuple[int, ...]):
        if not isinstance(output_shape, (tuple, list)):
            raise TypeError(
                "Expected output_shape as a tuple (horizon, n_targets, n_params), "
                f"found {output_shape!r}."
            )
        in_features = check_positive_int(in_features, "in_features")
        output_shape = check_positive_ints(output_shape, "output_shape")
        super().__init__(in_features, prod(output_shape))
        self.output_shape = output_shape

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in_features) -> (..., horizon, n_targets, n_params)."""
        return super().forward(x).view(*x.shape[:-1], *self.output_shape)
