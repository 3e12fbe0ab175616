"""What scikit-learn needs from an array when its array API dispatch is on."""

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


class NumpyNamespace:
    """Make an object that is indexed by samples an array in NumPy's namespace.

    With ``sklearn.set_config(array_api_dispatch=True)``, scikit-learn splits data with
    the ``take`` of their namespace, on their device. NumPy's calls the object's own
    ``take``, which keeps lazy windows lazy.

    Attributes
    ----------
    device : str
        Where the values are: "cpu", as for NumPy arrays.
    """

    device: str = "cpu"

    def __array_namespace__(self, *, api_version: str | None = None) -> ModuleType:
        return np

    def take(
        self: Any,
        indices: ArrayLike,
        axis: int | None = None,
        out: Any = None,
        mode: str = "raise",
    ) -> Any:
        """Samples by their numbers; called by ``np.take``.

        Parameters
        ----------
        indices : array-like of int
            Numbers of the samples.
        axis : int, default=None
            0 takes samples and stays lazy if `indices` are 1-D. Anything else works on
            the ordinary array.
        out, mode
            As in ``numpy.take``, for the ordinary array.

        Returns
        -------
        samples : Windows of shape (n_indices, length, n_channels), or ndarray
        """
        if axis != 0 or np.ndim(indices) != 1 or out is not None or mode != "raise":
            array: Any = np.asarray(self)
            return array.take(indices, axis, out, mode)
        return self[np.asarray(indices).astype(np.intp, casting="same_kind")]
