"""The targets ``y``, whose rows overlap in memory."""

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import as_strided

from .indexing import as_slice


class OverlappingRows(np.ndarray):
    """Targets `y` whose rows overlap in memory: a read-only ndarray, but frugal.

    An ordinary strided view turns into a full copy when it is indexed by the integer
    arrays of a splitter or when it is pickled. This one stays a view where the
    integers count up by one, and pickles the span of values that its rows share.
    """

    def __getitem__(self, key):
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]
        if isinstance(key, (list, np.ndarray, pd.Index)) and np.ndim(key) == 1:
            key = as_slice(key, len(self))
        rows = super().__getitem__(key)
        if isinstance(key, slice) or not isinstance(rows, np.ndarray):
            return rows
        # Columns and copies need no care: hand them out as ordinary arrays.
        return rows.view(np.ndarray)

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return array[()] if return_scalar else np.asarray(array)

    def __repr__(self):
        return repr(np.asarray(self))

    def __reduce__(self):
        span = shared_span(self)
        if span is None:
            return np.asarray(self).__reduce__()
        return overlapping_rows, (span, self.shape, self.strides)

    def __deepcopy__(self, memo):
        span = shared_span(self)
        if span is None:
            return np.array(self)
        return overlapping_rows(span.copy(), self.shape, self.strides)


def overlapping_rows(span, shape, strides):
    """Rows of `shape` whose values overlap in the 1-D array `span`."""
    rows = as_strided(span, shape, strides, writeable=False)
    return rows.view(OverlappingRows)


def shared_span(rows):
    """The 1-D memory behind rows that overlap, or None if they do not.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)

    Returns
    -------
    span : ndarray of shape (n_values,) or None
        Row ``i`` is ``span[i * step : i * step + n_columns]`` with
        ``step = rows.strides[0] // rows.itemsize``.
    """
    if rows.ndim != 2 or not rows.size or rows.strides[1] != rows.itemsize:
        return None
    if not 0 < rows.strides[0] < rows.shape[1] * rows.itemsize:
        return None
    n_values = (len(rows) - 1) * rows.strides[0] // rows.itemsize + rows.shape[1]
    return as_strided(np.asarray(rows), (n_values,), (rows.itemsize,), writeable=False)
