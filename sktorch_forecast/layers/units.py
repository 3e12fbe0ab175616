"""The units of a window, as an object that travels along with the values.

Symbols used below::

    b  batch    S  time steps that are forecast from    H  horizon    K  n_targets
    p  numbers for each value
"""

from typing import NamedTuple

from torch import Tensor

from .._utils.validation import complain_of_shape


class Units(NamedTuple):
    """What was subtracted from a window, and what it was divided by.

    Attributes
    ----------
    shift : Tensor of shape (b, 1, K), (b, H, K) or (b, S, H, K)
        In the units of the series; one for all steps, or one per step.
    scale : Tensor of shape (b, 1, K) or (b, 1, 1, K)
        In the units of the series, positive.
    """

    shift: Tensor
    scale: Tensor

    def like(self, values: Tensor) -> "Units":
        """The units, with an axis for time steps if `values` has one.

        Parameters
        ----------
        values : Tensor of shape (b, H, K) or (b, S, H, K)

        Returns
        -------
        units : Units

        Raises
        ------
        ValueError
            If `values` have another shape.
        """
        b, k = self.shift.shape[0], self.shift.shape[-1]
        right = values.ndim in (3, 4)
        if not right or values.shape[0] != b or values.shape[-1] != k:
            complain_of_shape("values", f"({b}, ..., horizon, {k})", values)
        if values.ndim == self.shift.ndim:
            return self
        return Units(self.shift.unsqueeze(1), self.scale.unsqueeze(1))

    def encode(self, y: Tensor) -> Tensor:
        """From the units of the series to those of the window.

        Parameters
        ----------
        y : Tensor of shape (b, H, K) or (b, S, H, K)

        Returns
        -------
        z : Tensor of the same shape
        """
        shift, scale = self.like(y)
        return (y - shift) / scale


class Encoded(NamedTuple):
    """A forecast in the units of its window, and these units.

    Attributes
    ----------
    params : Tensor of shape (b, H, K, p) or (b, S, H, K, p)
        Parameters of the head for each step and target, in the precision of the
        network.
    units : Units
        Convert them to the units of the series, in the precision of the windows.
    """

    params: Tensor
    units: Units

    def at_origin(self) -> "Encoded":
        """The forecast from the end of the window, the last of several time steps."""
        if self.params.ndim == 4:
            return self
        units = self.units
        if units.shift.ndim == 4:
            units = Units(*(part[:, -1] for part in units))
        return Encoded(self.params[:, -1], units)
