"""Forecasts of many series, written to disk as they are made."""

import os
from importlib.util import find_spec
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
    FileExistsError, FileNotFoundError
        If the path exists already, or its parent folder does not.
    ImportError
        If pyarrow is not installed.
    TypeError
        If `folder` is not a path.
    """

    def frame_of(X: Windows) -> pd.DataFrame:
        forecasts = forecasts_of(estimator, X, horizon, beside)
        return forecast_frame(forecasts, X, beside, freq)

    if folder is None:
        return frame_of(X)
    _check_can_write(folder)
    n_each = max(1, _AT_ONCE // max(horizon, X.length))
    files = []
    with new_folder(folder) as temporary:
        for first in range(0, len(X), n_each):
            part = X[first : first + n_each]
            frame = frame_of(part)
            file = temporary / f"part-{len(files):05}.parquet"
            frame.to_parquet(file, engine="pyarrow", index=True)
            to_disk(file)
            files.append((file.name, len(part), len(frame)))
    return pd.DataFrame(files, columns=["file", "n_series", "n_rows"])


def _check_can_write(folder: Any) -> None:
    if not isinstance(folder, (str, os.PathLike)):
        raise TypeError(
            "Expected to= to be the path of a new folder, found a "
            f"{type(folder).__name__}. Leave it out to get the forecasts as a frame."
        )
    if find_spec("pyarrow") is None:
        raise ImportError(
            "Expected pyarrow, which writes Parquet files, found none. Install it: "
            'pip install "sktorch-forecast[parquet]".'
        )
