"""From series to samples: windows `X` and what followed them, `y`."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from .._utils.validation import check_positive_int
from .checks import Missing
from .columns import Layout
from .indexing import Runs, as_integers, concatenated_ranges
from .observed import check_enough, check_future, check_values, observed
from .padding import select_padded
from .panel import Panel
from .read import layout_of, read
from .stored_panel import is_stored
from .targets import targets_of
from .windows import Windows

Names: TypeAlias = Hashable | Sequence[Hashable] | None


def make_windows(
    series: Any,
    *,
    horizon: int,
    length: int,
    target: Names = None,
    id: Hashable | None = None,
    time: Hashable | None = None,
    past: Names = None,
    future: Names = None,
    static: Names = None,
    missing: Missing = "error",
    pad: bool = False,
) -> tuple[Windows, np.ndarray]:
    """Turn a series, or many, into samples: windows `X` and what followed them, `y`.

    Only origins with a complete window and a complete horizon are used. The targets of
    neighboring origins overlap, so leave a gap between training and test, as in
    ``TimeSeriesSplit(gap=horizon - 1)``.

    Parameters
    ----------
    series : array of shape (n_timestamps,) or (n_timestamps, n_channels), Series, \
            DataFrame or PanelStore
        Values in time order, with an index of evenly spaced timestamps, periods or
        numbers. The windows hold them as float32, or as float64 where float32 would
        round away the changes in some series. Many series of any lengths come in a long
        frame of pandas or polars with `id` and `time`, a frame with two index levels,
        the id and the time, or a wide frame with ``id="columns"``; or in a store on
        disk (:func:`open_panel`), which knows the roles of its columns itself.
    horizon : int
        Number of timestamps after the origin to forecast.
    length : int
        Number of timestamps in a window, up to and including the origin.
    target : column name or number, or list of these, default=None
        Channels to forecast; may be left out when there is only one. In a wide frame,
        where columns are series, the name to give the channel.
    id : column or level name, default=None
        The column or level that identifies the series of each row. Rows of different
        series may be mixed; the series are numbered in the order in which they appear.
        "columns" means that every column is a series, which begins with its first value
        and ends with its last. None means a single series, or index levels in the order
        id, time.
    time : column or level name, default=None
        Timestamps of the rows; the index by default.
    past : column name or list of these, default=None
        Covariates known up to the origin. By default all other columns for a single
        series, if `future` is not given, and none for many series.
    future : column name or list of these, default=None
        Covariates also known over the horizon. Rows may follow the last target, with
        the targets and past covariates missing there.
    static : column name or list of these, default=None
        Covariates with one value per series. They must be numbers: encode categories
        first, e.g. with ``sklearn.preprocessing.OneHotEncoder``.
    missing : {"error", "mask"}, default="error"
        Whether targets and past covariates may be missing. With "mask" they are NaN in
        the windows and in `y`, for forecasters that can skip them.
    pad : bool, default=False
        Whether windows may begin before their series, with NaN there, so that every
        origin with an observed target up to it is used. With future or static
        covariates, the origin before the first timestamp is used, too. Needs
        ``missing="mask"``.

    Returns
    -------
    X : Windows of shape (n_origins, length, n_channels)
        Target channels first, then past covariates, then future ones. Without padding,
        a series has ``n_timestamps - length - horizon + 1`` origins.
    y : ndarray of shape (n_origins,) or (n_origins, horizon * n_targets)
        1-D for one target and a horizon of 1. Otherwise all targets of step 1 come
        first, then those of step 2, and so on. For a single series it is a read-only
        view of the series. For many series, if the horizon is not 1, it is an
        array-like object that gathers values on demand: ``np.asarray(y)`` makes an
        array of it.

    Raises
    ------
    TypeError
        If the values are not real numbers, the times are not a time axis, or
        `horizon` or `length` is not an integer.
    ValueError
        If every series is shorter than ``length + horizon``, a value is infinite, or
        missing where that is not allowed, or timestamps are unsorted, duplicated or
        have a gap.

    Warns
    -----
    UserWarning
        If some series are too short for a sample and are left out, or if the values of
        one are outside the range of float32, the precision of the networks.

    See Also
    --------
    latest_windows : The last origin, to forecast the unknown future.
    store_panel : Many series on disk, for data that does not fit into memory.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import make_windows
    >>> X, y = make_windows(np.arange(7.0), horizon=2, length=3)
    >>> np.asarray(X)[..., 0]
    array([[0., 1., 2.],
           [1., 2., 3.],
           [2., 3., 4.]], dtype=float32)
    >>> y
    array([[3., 4.],
           [4., 5.],
           [5., 6.]])
    """
    horizon = check_positive_int(horizon, "horizon")
    length = check_positive_int(length, "length")
    layout = Layout(target, id, time, past, future, static, missing, pad)
    layout = layout_of(series, layout)
    return samples_of(read(series, layout), layout, horizon, length)


def samples_of(
    panel: Panel, layout: Layout, horizon: int, length: int
) -> tuple[Windows, np.ndarray]:
    """The result of `make_windows` for a panel that has already been read."""
    missing, pad = layout.missing, layout.pad
    first, start, stop = observed(panel, missing)
    check_values(panel, start, stop, stop, missing)
    # Origins from `lowest` on, counted from the first row of their series.
    lowest = np.full(panel.n_series, length - 1)
    if pad:
        lowest = np.minimum(lowest, -1 if _starts_cold(panel) else first - start)
    n_rows = stop - start
    check_enough(panel, n_rows, lowest + 1, length, horizon, pad)
    n_origins = np.maximum(n_rows - horizon - lowest, 0)
    kept = np.flatnonzero(n_origins)
    before = (length - 1 - lowest)[kept]
    block, begin = _taken(panel, kept, start[kept], stop[kept], before, length)
    first = begin + length - 1
    positions = _ranges(panel, first, first + n_origins[kept])
    X = _windows(block, positions, length, horizon, missing)
    return X, targets_of(block, positions, horizon, X.panel.is_complete)


def _taken(
    panel: Panel,
    which: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
    before: np.ndarray,
    length: int,
) -> tuple[Panel, np.ndarray]:
    """A panel of the rows that windows need, and where each series begins there.

    A panel on disk stays there: its other rows are simply ignored.
    """
    if is_stored(panel) and not before.any():
        is_part = len(which) < panel.n_series
        return (replace(panel, used=which) if is_part else panel), start
    block = select_padded(panel, which, start, stop, before, length)
    return block, block.bounds[:-1]


def _ranges(panel: Panel, starts: np.ndarray, stops: np.ndarray) -> Any:
    """The integers of several ranges; a panel on disk may have too many to list."""
    if is_stored(panel):
        return Runs(starts, stops)
    return as_integers(concatenated_ranges(starts, stops))


def _windows(
    block: Panel,
    positions: np.ndarray,
    length: int,
    horizon: int | None,
    missing: Missing,
) -> Windows:
    """Windows of checked values; the targets in their own precision are `y`'s."""
    panel = replace(block, targets=None, is_complete=missing == "error")
    return Windows._of_valid(panel, positions, length, horizon)


def _starts_cold(panel: Panel) -> bool:
    """Whether anything is known about a series before its first timestamp."""
    return panel.n_future > 0 or panel.static is not None


def latest_windows(
    series: Any,
    *,
    length: int,
    target: Names = None,
    id: Hashable | None = None,
    time: Hashable | None = None,
    past: Names = None,
    future: Names = None,
    static: Names = None,
    horizon: int | None = None,
    missing: Missing = "error",
    pad: bool = False,
) -> Windows:
    """The window of the last origin, to forecast the unknown future.

    Parameters
    ----------
    series : array of shape (n_timestamps,) or (n_timestamps, n_channels), Series, \
            DataFrame or PanelStore
        As for :func:`make_windows`.
    length : int
        Number of timestamps in the window.
    target, id, time, past, future, static : default=None
        As for :func:`make_windows`.
    horizon : int, default=None
        Number of timestamps after the origin to forecast; needed with `future`, whose
        values must be given for all of them.
    missing : {"error", "mask"}, default="error"
        As for :func:`make_windows`.
    pad : bool, default=False
        As for :func:`make_windows`. Series without any observed target have their
        origin before their first timestamp.

    Returns
    -------
    X : Windows of shape (n_series, length, n_channels)
        The only origin of each series is its last timestamp, or, with `future`, a wide
        frame or ``missing="mask"``, its last timestamp with an observed target.

    Raises
    ------
    ValueError
        If every series is shorter than `length`, future covariates are missing, or as
        for :func:`make_windows`.

    Warns
    -----
    UserWarning
        If some series are too short for a window and are left out, or as for
        :func:`make_windows`.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import latest_windows
    >>> np.asarray(latest_windows(np.arange(7.0), length=3)).ravel()
    array([4., 5., 6.], dtype=float32)
    """
    length = check_positive_int(length, "length")
    if horizon is not None:
        horizon = check_positive_int(horizon, "horizon")
    layout = Layout(target, id, time, past, future, static, missing, pad)
    layout = layout_of(series, layout)
    return latest_of(read(series, layout), layout, horizon, length)


def latest_of(
    panel: Panel, layout: Layout, horizon: int | None, length: int
) -> Windows:
    """The result of `latest_windows` for a panel that has already been read."""
    missing, pad = layout.missing, layout.pad
    if panel.n_future and horizon is None:
        raise ValueError(
            "Expected the horizon over which the future covariates are known, found "
            "None. Give the horizon of the forecaster, e.g. horizon=24."
        )
    _, start, stop = observed(panel, missing)
    needed = stop + ((horizon or 0) if panel.n_future else 0)
    check_values(panel, start, stop, needed, missing)
    least = np.full(panel.n_series, length)
    if pad:
        least[:] = 0 if _starts_cold(panel) else 1
    n_rows = stop - start
    check_enough(panel, n_rows, least, length, None, pad)
    kept = np.flatnonzero(n_rows >= least)
    n_rows, stop, needed = n_rows[kept], stop[kept], needed[kept]
    check_future(panel, kept, stop, needed)
    start, before = stop - np.minimum(n_rows, length), np.maximum(length - n_rows, 0)
    block, begin = _taken(panel, kept, start, needed, before, length)
    positions = begin + length - 1
    return _windows(block, positions, length, horizon, missing)
