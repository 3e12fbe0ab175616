"""Write a panel to disk."""

import os
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from .._files.atomic import new_folder
from .checks import Missing
from .columns import Layout, roles_of
from .observed import check_values, observed
from .panel import Panel
from .precision import is_too_coarse
from .read import read, warn_of_range
from .read_panel import Rows, UnsortedError, is_panel, read_rows
from .samples import Names
from .store import PanelStore, open_panel
from .store_sources import Stream, is_streamed
from .store_writer import PanelWriter


def store_panel(
    source: Any,
    path: str | os.PathLike[str],
    *,
    id: Hashable | None = None,
    time: Hashable | None = None,
    target: Names = None,
    past: Names = None,
    future: Names = None,
    static: Names = None,
    missing: Missing = "error",
    verbose: bool | int = 0,
) -> PanelStore:
    """Check a panel of many series and write it to disk, for windows to read from.

    Data too large for memory is read, checked and written in parts. Later,
    :func:`open_panel` opens it in milliseconds.

    Parameters
    ----------
    source : DataFrame of pandas or polars, LazyFrame of polars, or path-like
        A frame in any form that :func:`make_windows` takes for many series; or rows
        with columns for `id` and `time` in a polars query, a Parquet file, or a folder
        of such files, which are read in parts, with pyarrow or polars. Rows of a query
        or of files that are not in the order of series and time are sorted with polars.
    path : path-like
        The folder to create. It must not exist yet, and it appears only once everything
        is written.
    id : column or level name, default=None
        As for :func:`make_windows`; the names of the series must be strings or numbers,
        or categories, which are converted to these.
    time, target, past, future, static : default=None
        As for :func:`make_windows`.
    missing : {"error", "mask"}, default="error"
        As for :func:`make_windows`.
    verbose : int, default=0
        Whether to show how many rows have been written.

    Returns
    -------
    store : PanelStore
        Opened.

    Raises
    ------
    FileExistsError
        If `path` already exists, perhaps from another process that was faster.
    FileNotFoundError
        If `source` or the parent folder of `path` does not exist.
    ImportError
        If files are to be read, but neither pyarrow nor polars is installed.
    TypeError, ValueError
        As for :func:`make_windows`: for values that are not numbers or are missing,
        timestamps that are duplicated or have a gap, and unknown column names.

    Warns
    -----
    UserWarning
        If the values of a series are outside the range of float32, the precision of
        networks.

    See Also
    --------
    make_windows : Takes the store instead of a frame.

    Notes
    -----
    The folder has a JSON file and NumPy memory maps. Values take 4 bytes each, as in
    windows, or 8 where float32 would round away the changes in some series. Targets
    that are not float32 are stored again as float64, for `y`. Times take almost no
    space, or 8 bytes each where steps are months or the like, or not integers.

    Files whose rows are in order are read once, by row group. The series are in the
    order in which they appear, or in the order of their names if rows had to be sorted.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from sktorch_forecast import make_windows, store_panel
    >>> days = pd.date_range("2024-02-24", periods=6)
    >>> df = pd.DataFrame(
    ...     {
    ...         "store": ["north"] * 6 + ["south"] * 6,
    ...         "day": [*days, *days],
    ...         "sales": [3.0, 5.0, 4.0, 6.0, 5.0, 7.0, 20, 30, 25, 35, 30, 40],
    ...     }
    ... )
    >>> folder = tempfile.TemporaryDirectory()
    >>> names = {"id": "store", "time": "day", "target": "sales"}
    >>> store = store_panel(df, folder.name + "/sales", **names)
    >>> X, y = make_windows(store, horizon=2, length=3)
    >>> X.shape
    (4, 3, 1)
    >>> folder.cleanup()
    """
    layout = Layout(target, id, time, past, future, static, missing)
    layout.check()
    is_parts = is_streamed(source)
    if not is_parts and not is_panel(source, id):
        raise ValueError(
            "Expected id to name the column that says which series a row belongs to, "
            "found None: a store holds many series. For a single one, give all rows "
            "the same id."
        )
    with new_folder(path) as folder:
        if is_parts:
            _write_parts(Stream(source), folder, layout, verbose)
        else:
            panel = read(source, layout)
            _check(panel, layout)
            writer = PanelWriter(folder, layout)
            with tqdm(total=len(panel.index), unit="row", disable=not verbose) as bar:
                writer.append(panel)
                bar.update(len(panel.index))
            writer.close()
    return open_panel(path)


def _check(panel: Panel, layout: Layout) -> None:
    """The checks that ``make_windows`` applies to the values that windows see."""
    _, start, stop = observed(panel, layout.missing)
    check_values(panel, start, stop, stop, layout.missing)


class _OutOfOrderError(Exception):
    """Rows of a series are not contiguous, or not in time order."""


def _write_parts(stream: Stream, folder: Path, layout: Layout, verbose: Any) -> None:
    """Write all parts, sorted if they are out of order."""
    id, time = _keys(stream, layout)
    rest = [name for name in stream.columns if name not in (id, time)]
    roles = roles_of(rest, layout, rest_is_past=False)
    columns = [id, time, *roles.channels, *roles.static]
    try:
        _write_in_order(stream, folder, layout, columns, verbose, is_sorted=False)
    except _OutOfOrderError:
        for file in folder.iterdir():
            file.unlink()
        stream = stream.sorted_by(id, time)
        _write_in_order(stream, folder, layout, columns, verbose, is_sorted=True)


def _keys(stream: Stream, layout: Layout) -> tuple[Any, Any]:
    """Names of the columns of ids and times."""
    for role in ("id", "time"):
        name = getattr(layout, role)
        if name not in stream.columns:
            raise ValueError(
                f"Expected {role} to be one of the columns {stream.columns}, found "
                f"{name!r}. Files and queries have no index: name the column."
            )
    return layout.id, layout.time


def _write_in_order(
    stream: Stream,
    folder: Path,
    layout: Layout,
    columns: list,
    verbose: Any,
    is_sorted: bool,
) -> None:
    """Write all parts as they come.

    Raises
    ------
    _OutOfOrderError
        If rows are not in order and `is_sorted` is not set.
    """
    writer = PanelWriter(folder, layout)
    seen: set = set()
    n_rows, is_exact = 0, np.zeros(1, dtype=bool)
    with tqdm(total=stream.n_rows, unit="row", disable=not verbose) as bar:
        for frame in stream.parts(columns):
            try:
                rows = read_rows(frame, layout, n_rows)
            except ValueError as error:
                is_together = _are_together(frame[layout.id], seen)
                if is_sorted or (is_together and not isinstance(error, UnsortedError)):
                    raise
                raise _OutOfOrderError from error
            ids = rows.ids.tolist()
            if not rows.is_together or not seen.isdisjoint(ids):
                raise _OutOfOrderError
            seen.update(ids)
            is_exact = is_exact | _append(rows, writer, layout)
            n_rows += len(frame)
            bar.update(len(frame))
    if not n_rows:
        raise ValueError("Expected a panel of at least one row, found none.")
    if is_exact.any():
        writer.make_exact(is_exact)
    writer.drop_covariates()
    writer.close()


def _are_together(column: Any, seen: set) -> bool:
    """Whether the rows of each series are contiguous, and all series are new."""
    ids = column.to_list()
    changes = [new for old, new in zip([None, *ids], ids) if new != old]
    return len(set(changes)) == len(changes) and seen.isdisjoint(changes)


def _append(rows: Rows, writer: PanelWriter, layout: Layout) -> np.ndarray:
    """Write rows as float32; return which channels need more digits, (n_channels,)."""
    names, n_targets = rows.roles.channels, len(rows.roles.target)
    columns = [rows.columns[name] for name in names]
    targets = np.column_stack(columns[:n_targets])
    with np.errstate(over="ignore"):
        values = np.column_stack([column.astype(np.float32) for column in columns])
    panel = rows.panel(values, targets)
    _check(panel, layout)
    warn_of_range(panel)
    writer.append(panel)
    if any(column.dtype != np.float32 for column in columns[n_targets:]):
        writer.append_covariates(np.column_stack(columns[n_targets:]))
    return np.array(
        [
            is_too_coarse(values[:, [at]], column[:, np.newaxis], rows.bounds)
            for at, column in enumerate(columns)
        ]
    )
