"""The scikit-learn transformer that sets how far back a forecaster looks."""

import warnings
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ._data.panel import Panel
from ._data.time_axis import check_time_axis, is_time_like
from ._data.windows import Windows
from ._data.words import same_names
from ._files.mixin import FileMixin
from ._utils.annotated import check_array, validate_data
from ._utils.validation import check_finite, check_numeric, check_positive_int


class SlidingWindow(FileMixin, TransformerMixin, BaseEstimator):
    """Look back `length` timestamps from every origin.

    Given windows, it shortens them, so that ``slidingwindow__length`` is an ordinary
    parameter of a grid search and every candidate is scored on the same origins.
    Given time-ordered rows, it makes the window that ends in each row.

    Parameters
    ----------
    length : int, default=24
        Number of timestamps in a window, up to and including the origin.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in `fit`.
    feature_names_in_ : ndarray of shape (n_channels,)
        Names of the channels, if the rows were a frame with string columns.

    See Also
    --------
    make_windows : Makes windows and targets from a series, to be shortened here.

    Notes
    -----
    What a 2-D array means depends on who gets it: here its rows are timestamps; to a
    forecaster they are whole univariate windows. Pass 3-D windows to this transformer
    if they are windows already.

    When rows come in and windows go out, the first ``length - 1`` windows reach back
    before the first row and repeat it instead. In cross-validation that happens at the
    start of every fold, so it is better to pass windows made beforehand with
    :func:`make_windows`, which all have their whole past.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import SlidingWindow
    >>> windows = SlidingWindow(length=2).fit_transform(np.array([[1.0], [2.0], [3.0]]))
    >>> np.asarray(windows)[..., 0]
    array([[1., 1.],
           [1., 2.],
           [2., 3.]], dtype=float32)
    """

    n_features_in_: int
    feature_names_in_: np.ndarray

    def __init__(self, length: int = 24) -> None:
        self.length = length

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and remember the channels.

        Parameters
        ----------
        X : Windows or array of shape (n_origins, n_timestamps, n_channels), or array \
                or DataFrame of shape (n_timestamps, n_channels)
            Windows, or rows in time order.
        y : Ignored
            Present by convention.

        Returns
        -------
        self : SlidingWindow

        Raises
        ------
        TypeError, ValueError
            If `length` is not a positive integer or is longer than the windows, or the
            rows are not finite numbers in time order.

        Warns
        -----
        UserWarning
            If each row of a 2-D array is the previous one moved on by a step: then the
            rows are windows.
        """
        self._check(X, reset=True)
        return self

    def transform(self, X: Any) -> Windows | np.ndarray:
        """The window of `length` timestamps at every origin.

        Parameters
        ----------
        X : Windows or array of shape (n_origins, n_timestamps, n_channels), or array \
                or DataFrame of shape (n_timestamps, n_channels)
            Windows, or rows in time order.

        Returns
        -------
        windows : Windows or ndarray of shape (n_origins, length, n_channels)
            An ndarray if `X` was a 3-D array, else lazy windows. Rows give one
            window each.

        Raises
        ------
        ValueError
            If `X` has other channels than in `fit`, or as for `fit`.
        """
        check_is_fitted(self)
        X = self._check(X, reset=False)
        if isinstance(X, Windows):
            return X.with_length(self.length)
        if X.ndim == 3:
            return X[:, -self.length :]
        return X

    def _check(self, X: Any, reset: bool) -> Windows | np.ndarray:
        """Windows of the rows, or the windows themselves, after all checks."""
        length = check_positive_int(self.length, "length")
        if isinstance(X, Windows):
            return self._checked_windows(X, reset)
        check_numeric(X, "X")
        n_dims = X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim
        if n_dims > 3:
            raise ValueError(
                "Expected rows of shape (n_timestamps, n_channels) or windows of shape "
                f"(n_origins, n_timestamps, n_channels), found {np.shape(X)}."
            )
        formats: dict[str, Any] = {
            "dtype": (np.float64, np.float32),
            "ensure_all_finite": False,
        }
        if n_dims == 3:
            X = check_array(X, allow_nd=True, **formats)
            check_finite(X, "X")
            return self._checked_windows(X, reset)
        index = getattr(X, "index", None)
        rows = validate_data(self, X, reset=reset, **formats)
        check_finite(rows, "X")
        _warn_of_windows(rows)
        index = index if isinstance(index, pd.Index) else pd.RangeIndex(len(rows))
        if isinstance(index, pd.MultiIndex) or is_time_like(index):
            # Folds and filters leave gaps in rows; only the order matters.
            check_time_axis(index, regular=False)
        names = getattr(self, "feature_names_in_", None)
        panel = Panel.from_array(rows, index=index, channels=names)
        # The first windows repeat the first row as often as needed.
        padded = np.maximum(np.arange(1 - length, len(rows)), 0)
        panel = replace(
            panel,
            values=panel.values[padded],
            index=index[padded],
            bounds=np.array([0, len(padded)]),
        )
        return Windows(panel, np.arange(len(rows)) + length - 1, length)

    def _checked_windows(self, X: Any, reset: bool) -> Any:
        """Windows that are long enough, with the channels of the fit."""
        if X.shape[1] < self.length:
            raise ValueError(
                f"Expected windows of at least {self.length} timestamps, the length of "
                f"this SlidingWindow, found {X.shape[1]}. Make longer ones, e.g. "
                f"make_windows(..., length={self.length})."
            )
        # The features of this transformer are the channels, axis 2 here.
        channels = np.empty((0, X.shape[2]))
        validate_data(self, channels, reset=reset, skip_check_array=True)
        found = getattr(X, "channels", ())
        expected = getattr(self, "feature_names_in_", ())
        if not reset and not same_names(found, expected):
            raise ValueError(
                f"X has the channels {list(found)}, but SlidingWindow was fitted with "
                f"{list(expected)}. Give the same columns in the same order."
            )
        return X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        # Windows are float32, unless they would lose too much.
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _warn_of_windows(rows: np.ndarray) -> None:
    """Warn if the first rows are windows of one series, a step apart."""
    begin = rows[:3]
    is_shifted = min(begin.shape) > 2 and np.array_equal(begin[1:, :-1], begin[:-1, 1:])
    if is_shifted and np.ptp(begin):
        warnings.warn(
            "Expected rows in time order, with a channel in each column, found rows "
            f"that look like windows of {rows.shape[1]} timestamps: each repeats the "
            "previous one, shifted by a step. If they are windows, pass them with "
            "three axes: X[:, :, np.newaxis].",
            UserWarning,
        )
