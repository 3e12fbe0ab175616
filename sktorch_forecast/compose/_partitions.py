"""Forecasts and backtests of many series, written to disk as they are made."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from .._data.windows import Windows
from .._files.atomic import new_folder, to_disk
from ._frames import Beside, forecast_frame, forecasts_of

Folder: TypeAlias = str | os.PathLike[str] | None

# How many timestamps of windows, or of forecasts, to hold in memory at once.
_AT_ONCE = 1 << 20


def forecast_to(
    folder: Folder,
    estimator: Any,
    X: Windows,
    horizon: int,
    beside: Beside,
    freq: pd.offsets.BaseOffset | None,
) -> pd.DataFrame:
    """Forecasts as a frame, or in Parquet files with a frame that lists these.

    Parameters
    ----------
    folder : path-like or None
        The folder to create. None returns the forecasts themselves.
    estimator : estimator
        Fitted, takes windows.
    X : Windows
    horizon : int
        Number of steps that it must forecast.
    beside : Beside
    freq : offset of pandas or None
        Frequency of the index of a single series.

    Returns
    -------
    frame : DataFrame
        As from `forecast_frame`; or a row for each file, in order, with the columns
        "file", "n_series" and "n_rows".

    Raises
    ------
    OSError, ImportError, TypeError
        As from `folder_for`.
    """

    def frame_of(rows: slice) -> pd.DataFrame:
        forecasts = forecasts_of(estimator, X[rows], horizon, beside)
        return forecast_frame(forecasts, X[rows], beside, freq)

    with folder_for(folder) as temporary:
        return in_parts(temporary, X, horizon, frame_of, "n_series", index=True)


def folder_for(to: Folder) -> AbstractContextManager[Path | None]:
    """A temporary folder that gets the name `to` at the end, or None without that.

    Raises
    ------
    FileExistsError, FileNotFoundError
        If the path exists already, or its parent folder does not.
    ImportError
        If pyarrow is not installed.
    TypeError
        If `to` is not a path.
    """
    if to is None:
        return nullcontext()
    _check_can_write(to)
    return new_folder(to)


def in_parts(
    folder: Path | None,
    X: Windows,
    horizon: int,
    frame_of: Callable[[slice], pd.DataFrame],
    count: str,
    index: bool = False,
) -> pd.DataFrame:
    """A frame as a whole, or in Parquet files of no more rows than fit into memory.

    Parameters
    ----------
    folder : path or None
        From `folder_for`.
    X : Windows
    horizon : int
        Number of steps of each origin.
    frame_of : callable
        Makes the rows of consecutive origins.
    count : str
        The column with the number of origins.
    index : bool, default=False
        Whether to write the index, too.

    Returns
    -------
    frame : DataFrame
        The frame; or a row for each file, with the columns "file", `count`, "n_rows".
    """
    if folder is None:
        return frame_of(slice(0, len(X)))
    n_each = max(1, _AT_ONCE // max(horizon, X.length))
    files = []
    for first in range(0, len(X), n_each):
        last = min(first + n_each, len(X))
        frame = frame_of(slice(first, last))
        file = folder / f"part-{len(files):05}.parquet"
        frame.to_parquet(file, engine="pyarrow", index=index)
        to_disk(file)
        files.append((file.name, last - first, len(frame)))
    return pd.DataFrame(files, columns=["file", count, "n_rows"])


def _check_can_write(folder: Any) -> None:
    if not isinstance(folder, (str, os.PathLike)):
        raise TypeError(
            "Expected to= to be the path of a new folder, found a "
            f"{type(folder).__name__}. Leave it out to get a frame."
        )
    if find_spec("pyarrow") is None:
        raise ImportError(
            "Expected pyarrow, which writes Parquet files, found none. Install it: "
            'pip install "sktorch-forecast[parquet]".'
        )
