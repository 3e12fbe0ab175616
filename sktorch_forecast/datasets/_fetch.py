"""Benchmark data sets, downloaded when they are first used.

Only files with a known checksum are offered: an altered or damaged one is an error.
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from .._utils.compat import StrOptions, validate_params

__all__ = ["fetch_ett", "fetch_m4"]

_PathLike: TypeAlias = str | os.PathLike[str]


@dataclass(frozen=True)
class _RemoteFile:
    """Where a file is published, and its checksum."""

    url: str
    sha256: str

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]


_ETT_URL = "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/"
_ETT = {
    "ETTh1": _RemoteFile(
        _ETT_URL + "ETTh1.csv",
        "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
    ),
}
_M4_URL = "https://raw.githubusercontent.com/Mcompetitions/M4-methods/master/Dataset/"
# frequency: (training file, test file, horizon, seasonality)
_M4 = {
    "Hourly": (
        _RemoteFile(
            _M4_URL + "Train/Hourly-train.csv",
            "ea59b7783573c49077a835ab6465c7d66f1474783360f310988a9a737fbca62f",
        ),
        _RemoteFile(
            _M4_URL + "Test/Hourly-test.csv",
            "71a57fccb15e534d973626ada4fb87febf789e9317715b7cc6dd3b5f90db6f42",
        ),
        48,
        24,
    ),
}
_ETT_DESCR = """\
Electricity transformer temperature, {name}

Oil temperature of an electricity transformer in China and six power loads, one value
an hour for two years from July 2016.

OT    oil temperature, usually the target
HUFL  high useful load          HULL  high useless load
MUFL  middle useful load        MULL  middle useless load
LUFL  low useful load           LULL  low useless load

License: CC BY-ND 4.0
Source: {url}
Reference: H. Zhou, S. Zhang, J. Peng, S. Zhang, J. Li, H. Xiong and W. Zhang (2021),
Informer: Beyond efficient transformer for long sequence time-series forecasting. AAAI.
"""
_M4_DESCR = """\
M4 competition, {frequency} series

Series of many domains, without their dates. The competition asked for the {horizon}
steps after the end of each; `test` holds their values.

Source: {url}
Reference: S. Makridakis, E. Spiliotis and V. Assimakopoulos (2020), The M4 Competition:
100,000 time series and 61 forecasting methods. International Journal of Forecasting 36.
"""
_LOCATION = {
    "data_home": [str, os.PathLike, None],
    "path": [str, os.PathLike, None],
    "download_if_missing": ["boolean"],
}


@validate_params(
    _LOCATION | {"name": [StrOptions(set(_ETT))]}, prefer_skip_nested_validation=True
)
def fetch_ett(
    name: Literal["ETTh1"] = "ETTh1",
    *,
    data_home: _PathLike | None = None,
    path: _PathLike | None = None,
    download_if_missing: bool = True,
) -> Bunch:
    """Load the electricity transformer temperature, downloading it if necessary.

    The oil temperature of a transformer and six power loads, hourly for two years, with
    daily and yearly cycles. Papers on long-horizon forecasting report errors on it.

    Parameters
    ----------
    name : {"ETTh1"}, default="ETTh1"
        Which of the files. Only this one can be checked against a known checksum.
    data_home : str or path-like, default=None
        Folder for downloads; the default is :func:`sklearn.datasets.get_data_home`. A
        file that is there is not downloaded again.
    path : str or path-like, default=None
        The file, or a folder that holds it at any depth, if you have it already.
        Nothing is downloaded then, and pooch is not needed.
    download_if_missing : bool, default=True
        Whether to download. If False, a missing file is an error.

    Returns
    -------
    data : Bunch
        With the attributes

        frame : DataFrame of shape (17420, 7), float64
            The channels HUFL, HULL, MUFL, MULL, LUFL, LULL and OT, indexed by hours
            (frequency ``"h"``) from 2016-07-01 00:00 to 2018-06-26 19:00. No value is
            missing.
        target_names : list of str
            ``["OT"]``, the oil temperature.
        filename : str
            The file read.
        DESCR : str
            Description, license and source.

    Raises
    ------
    ImportError
        If the file has to be downloaded and pooch is not installed.
    OSError
        If the file is missing and may not be downloaded.
    ValueError
        If a parameter is not valid, or the file does not have the known checksum.

    See Also
    --------
    fetch_m4 : Many series of different kinds.

    Notes
    -----
    License: CC BY-ND 4.0. Downloading needs pooch:
    ``pip install "sktorch-forecast[fetch]"``.

    The split that most papers use takes 12 months for training, 4 for validation and 4
    for test, of 30 days each: rows 0 to 8639, 8640 to 11519 and 11520 to 14399.

    References
    ----------
    .. [1] H. Zhou, S. Zhang, J. Peng, S. Zhang, J. Li, H. Xiong and W. Zhang (2021),
       Informer: Beyond efficient transformer for long sequence time-series
       forecasting. AAAI 35 (12).

    Examples
    --------
    >>> from sktorch_forecast.datasets import fetch_ett
    >>> data = fetch_ett()  # doctest: +SKIP
    >>> data.frame.shape  # doctest: +SKIP
    (17420, 7)
    """
    remote = _ETT[name]
    file = _local_file(remote, "fetch_ett", data_home, path, download_if_missing)
    frame = pd.read_csv(file, index_col="date", parse_dates=["date"]).astype(np.float64)
    # pandas checks the frequency it is given.
    frame.index = pd.DatetimeIndex(frame.index, freq="h")
    return Bunch(
        frame=frame,
        target_names=["OT"],
        filename=str(file),
        DESCR=_ETT_DESCR.format(name=name, url=remote.url),
    )


@validate_params(
    _LOCATION | {"frequency": [StrOptions(set(_M4))]},
    prefer_skip_nested_validation=True,
)
def fetch_m4(
    frequency: Literal["Hourly"] = "Hourly",
    *,
    data_home: _PathLike | None = None,
    path: _PathLike | None = None,
    download_if_missing: bool = True,
) -> Bunch:
    """Load series of the M4 competition, downloading them if necessary.

    A panel of 414 series of unequal length, 700 or 960 hours, many with daily and
    weekly cycles, and the 48 hours after each, which the competition asked to forecast.

    Parameters
    ----------
    frequency : {"Hourly"}, default="Hourly"
        Which of the series. Only these can be checked against a known checksum.
    data_home : str or path-like, default=None
        Folder for downloads; the default is :func:`sklearn.datasets.get_data_home`.
        Files that are there are not downloaded again.
    path : str or path-like, default=None
        A folder that holds both files at any depth, if you have them already, such as
        a clone of the organizers' repository. Nothing is downloaded then, and pooch is
        not needed.
    download_if_missing : bool, default=True
        Whether to download. If False, a missing file is an error.

    Returns
    -------
    data : Bunch
        With the attributes

        frame : DataFrame of shape (353500, 3)
            The series to learn from, one below the other: ``id`` ("H1" to "H414"),
            ``step`` (0, 1, ... in each series; the dates are not published) and
            ``value`` (float64). No value is missing.
        test : DataFrame of shape (19872, 3)
            What followed, with the same columns; the steps continue those of `frame`.
        horizon : int
            48, the steps to forecast.
        seasonality : int
            24, the lag of the naive forecast by which the competition scaled errors.
        filenames : list of str
            The files read.
        DESCR : str
            Description and source.

    Raises
    ------
    ImportError
        If a file has to be downloaded and pooch is not installed.
    OSError
        If a file is missing and may not be downloaded.
    ValueError
        If a parameter is not valid, or a file does not have the known checksum.

    See Also
    --------
    fetch_ett : One long series of several channels.
    sktorch_forecast.metrics.mase : The error measure of the competition, with sMAPE.

    Notes
    -----
    License: the organizers publish the series with their paper and name no license.
    Downloading needs pooch: ``pip install "sktorch-forecast[fetch]"``.

    References
    ----------
    .. [1] S. Makridakis, E. Spiliotis and V. Assimakopoulos (2020), The M4 Competition:
       100,000 time series and 61 forecasting methods. International Journal of
       Forecasting 36 (1).

    Examples
    --------
    >>> from sktorch_forecast.datasets import fetch_m4
    >>> data = fetch_m4()  # doctest: +SKIP
    >>> panel = data.frame.set_index(["id", "step"])  # doctest: +SKIP
    """
    train, test, horizon, seasonality = _M4[frequency]
    files = [
        _local_file(remote, "fetch_m4", data_home, path, download_if_missing)
        for remote in (train, test)
    ]
    frame = _read_m4(files[0])
    ahead = _read_m4(files[1])
    ahead["step"] += pd.Series(ahead["id"]).map(frame["id"].value_counts())
    return Bunch(
        frame=frame,
        test=ahead,
        horizon=horizon,
        seasonality=seasonality,
        filenames=[str(file) for file in files],
        DESCR=_M4_DESCR.format(frequency=frequency, horizon=horizon, url=train.url),
    )


def _read_m4(file: Path) -> pd.DataFrame:
    """One series per row, empty past its end -> one value per row (id, step, value)."""
    rows = pd.read_csv(file, index_col=0)
    values = rows.to_numpy(np.float64)
    series, step = np.nonzero(~np.isnan(values))
    return pd.DataFrame(
        {"id": rows.index[series], "step": step, "value": values[series, step]}
    )


def _local_file(
    remote: _RemoteFile,
    caller: str,
    data_home: _PathLike | None,
    path: _PathLike | None,
    download_if_missing: bool,
) -> Path:
    """Path of a file with the right checksum, downloaded if requested."""
    if path is not None:
        return _given_file(remote, Path(path))
    # At the top, it would load all of scikit-learn's data sets and slow every import.
    from sklearn.datasets import get_data_home

    file = Path(get_data_home(data_home), "sktorch_forecast", remote.name)
    if not download_if_missing:
        if not file.exists():
            raise OSError(
                f"Expected {file}, found no such file, and download_if_missing is "
                "False. Set it to True, or give the path of your own copy."
            )
        return _check_sum(remote, file)
    if not file.exists() or _sha256(file) != remote.sha256:
        _pooch(remote, caller).retrieve(
            remote.url,
            known_hash=f"sha256:{remote.sha256}",
            fname=remote.name,
            path=file.parent,
        )
    return file


def _given_file(remote: _RemoteFile, path: Path) -> Path:
    """The file at `path`, or the one in that folder with the published name."""
    if not path.is_dir():
        files = [path] if path.exists() else []
    else:
        # Copies often have the name of the data set in front: M4-Hourly-train.csv.
        files = sorted(path.rglob(f"*{remote.name}"))
    if not files:
        raise FileNotFoundError(
            f"Expected {remote.name} at {path}, found no such file. Download it from "
            f"{remote.url}."
        )
    right = (file for file in files if _sha256(file) == remote.sha256)
    return _check_sum(remote, next(right, files[0]))


def _check_sum(remote: _RemoteFile, file: Path) -> Path:
    """Return `file`, or raise a ValueError if its checksum is not the known one."""
    found = _sha256(file)
    if found != remote.sha256:
        raise ValueError(
            f"Expected {file} to have the SHA-256 checksum {remote.sha256}, found "
            f"{found}. It is damaged or another version: delete it and download it "
            f"again from {remote.url}."
        )
    return file


def _sha256(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def _pooch(remote: _RemoteFile, caller: str) -> Any:
    """The module pooch, or an ImportError that says what to do without it."""
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            f"{caller} needs pooch to download {remote.name}, but pooch is not "
            'installed. Run pip install "sktorch-forecast[fetch]", or download '
            f"{remote.url} yourself and pass its path."
        ) from error
    return pooch
