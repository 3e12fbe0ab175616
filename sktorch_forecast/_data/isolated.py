"""Windows that share no values, so that one of them can be altered."""

import numpy as np

from .indexing import concatenated_ranges
from .panel import Panel
from .windows import Windows


class Isolated:
    """A copy of windows in which each is a separate series.

    Parameters
    ----------
    X : Windows
        Some windows; everything that they see is copied for each.

    Attributes
    ----------
    values : ndarray of shape (n_origins, length + n_ahead, n_channels)
        Values of each window and, if channels are known over the horizon, of the steps
        after it.
    static : ndarray of shape (n_origins, n_static) or None
        Static covariates of each window.
    """

    def __init__(self, X: Windows) -> None:
        self._windows = X
        positions = np.asarray(X.positions)
        ahead = (X.horizon or 0) if X.n_future else 0
        starts = positions - X.length + 1
        self._rows = concatenated_ranges(starts, positions + ahead + 1)
        shape = len(X), X.length + ahead, X.n_channels
        self.values = np.array(X.values[self._rows]).reshape(shape)
        self.static = None if X.static is None else X.static_values()

    def windows(self, values: np.ndarray, static: np.ndarray | None) -> Windows:
        """Windows with other values but the same origins and series.

        Parameters
        ----------
        values, static : ndarray
            With the shapes of the attributes.

        Returns
        -------
        X : Windows of shape (n_origins, length, n_channels)
        """
        X, panel = self._windows, self._windows.panel
        n_origins, n_rows, n_channels = values.shape
        series, freq_of = X.series, panel.freq_of
        isolated = Panel(
            values.reshape(-1, n_channels),
            panel.index[self._rows],
            panel.channels,
            np.arange(n_origins + 1) * n_rows,
            panel.n_targets,
            panel.n_future,
            None if panel.ids is None else panel.ids.take(series),
            static,
            panel.static_names,
            panel.freqs,
            None if freq_of is None else freq_of[series],
            is_complete=panel.is_complete,
        )
        positions = np.arange(n_origins) * n_rows + X.length - 1
        return X._of_valid(isolated, positions, X.length, X.horizon)
