"""Open a panel on disk."""

import json
import os
from collections.abc import Hashable
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .._files.decode import decoded
from .columns import Layout, as_list
from .panel import Source
from .store_files import check_content, opened, refuse
from .stored_panel import StoredPanel
from .time_axis import StoredTimes

# What panel.json describes, and the version of the other files.
FORMAT, VERSION = "panel of sktorch_forecast", 1
ABOUT = "panel.json"


class PanelStore:
    """A panel of many series on disk, opened.

    Use it instead of a frame in :func:`make_windows`, :func:`latest_windows` and
    :class:`SeriesForecaster`. Values are read when a window needs them. A pickle holds
    only the path and the mark that identifies the store.

    Made by :func:`open_panel` and :func:`store_panel`.

    Parameters
    ----------
    path : path-like
        The folder.

    Attributes
    ----------
    path : pathlib.Path
        The absolute path of the folder.
    n_series : int
        Number of series.
    n_timestamps : int
        Number of rows of all series.
    channels : tuple of length n_channels
        Names of the channels: targets, past covariates, future covariates.
    layout : Layout
        Names and roles of columns, as passed to :func:`store_panel`.
    panel : Panel
        The series, for :class:`Windows` at your own origins.

    Raises
    ------
    FileNotFoundError
        If there is no store.
    ValueError
        If it is damaged, incomplete, or from a later version.
    """

    path: Path
    n_series: int
    n_timestamps: int
    channels: tuple[Hashable, ...]
    layout: Layout

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        about = _read_about(self.path)
        self._about = about
        self._maps = {
            name: opened(self.path / name, entry)
            for name, entry in about["files"].items()
        }
        self._parts = _decoded(about["parts"], self.path / ABOUT)
        self.layout = Layout(**self._parts["layout"])
        self.channels = self._parts["channels"]
        self.n_series = len(self._maps["bounds.npy"]) - 1
        self.n_timestamps = len(self._maps["values.npy"])

    @property
    def mark(self) -> str:
        """A mark that no other store has, not even one with the same path."""
        return self._about["mark"]

    @property
    def n_targets(self) -> int:
        """How many of the leading channels are forecast."""
        return self._parts["n_targets"]

    @property
    def n_future(self) -> int:
        """How many of the trailing channels are known over the horizon."""
        return self._parts["n_future"]

    @cached_property
    def panel(self) -> StoredPanel:
        """The series; their names are read on first access."""
        maps, parts = self._maps, self._parts
        values = maps["values.npy"]
        targets = maps.get("targets.npy", values[:, : self.n_targets])
        bounds = np.array(maps["bounds.npy"])
        static = maps.get("static.npy")
        freq_of = np.array(maps["freq_of.npy"])
        return StoredPanel(
            values,
            _times(maps, parts, bounds, freq_of),  # pyright: ignore
            self.channels,
            bounds,
            self.n_targets,
            self.n_future,
            _ids(maps, parts),
            None if static is None else np.array(static),
            parts["static_names"],
            parts["freqs"],
            freq_of,
            targets,
            parts["is_complete"],
            Source(None, parts["repairs"], parts["ends_vary"]),
            self,
        )

    def layout_for(self, asked: Layout) -> Layout:
        """The layout of the store, if it agrees with the requested one.

        Parameters
        ----------
        asked : Layout
            The layout from ``make_windows`` or a forecaster; None entries are not
            requested.

        Raises
        ------
        ValueError
            If a column is requested in another role than it has in the store.
        """
        own = self._parts["roles"]
        for field in fields(Layout):
            name = field.name
            found = getattr(asked, name)
            if name in ("missing", "pad") or found is None:
                continue
            if as_list(found) != as_list(own[name]):
                raise ValueError(
                    f"Expected {name}={own[name]!r}, as in the store "
                    f"{str(self.path)!r}, found {found!r}. Leave it out, or make "
                    "another store with store_panel."
                )
        given = {name: getattr(self.layout, name) for name in own}
        return Layout(**given, missing=asked.missing, pad=asked.pad)

    def verify(self) -> None:
        """Read all files and compare them with their original checksums.

        Raises
        ------
        ValueError
            If a number in a file has changed.
        """
        for name, entry in self._about["files"].items():
            check_content(self.path / name, entry)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (str(self.path), self.mark)

    def __len__(self) -> int:
        return self.n_timestamps

    def __repr__(self) -> str:
        return (
            f"<PanelStore of {self.n_series:,} series, {self.n_timestamps:,} rows of "
            f"{list(self.channels)}, in {str(self.path)!r}>"
        )


def open_panel(path: str | os.PathLike[str], *, verify: bool = False) -> PanelStore:
    """Open a panel written by :func:`store_panel`, in milliseconds.

    Parameters
    ----------
    path : path-like
        Its folder.
    verify : bool, default=False
        Whether to read all files and compare them with their checksums. Their sizes and
        shapes are always compared.

    Returns
    -------
    store : PanelStore
        For :func:`make_windows`, :func:`latest_windows` and
        :class:`SeriesForecaster`, in place of a frame.

    Raises
    ------
    FileNotFoundError
        If there is no store.
    ValueError
        If a file is damaged, missing or not from the store, or the store was written by
        a later version of this package.
    """
    store = PanelStore(path)
    if verify:
        store.verify()
    return store


# Stores that were unpickled in this process, by path and mark.
_opened: dict[tuple[str, str], PanelStore] = {}


def _again(path: str, mark: str) -> PanelStore:
    """The store of a pickle, opened once per process."""
    if (path, mark) not in _opened:
        store = PanelStore(path)
        if store.mark != mark:
            raise ValueError(
                f"Expected the store in {path!r} from which the windows were made, "
                "found one made there later. Make the windows again."
            )
        _opened[path, mark] = store
    return _opened[path, mark]


def _read_about(folder: Path) -> dict[str, Any]:
    """The content of panel.json, if it is ours."""
    path = folder / ABOUT
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a folder that store_panel has written, found no {ABOUT} in "
            f"{str(folder)!r}."
        )
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        kind, version = about["format"], about["version"]
    except (ValueError, KeyError, TypeError) as error:
        refuse(path, "the JSON of a store", f"something else ({error})")
    if kind != FORMAT:
        refuse(path, f"the format {FORMAT!r}", repr(kind))
    if version > VERSION:
        raise ValueError(
            f"Expected a store of version {VERSION} or older in {str(folder)!r}, found "
            f"version {version}, made by {about.get('made_by')}. Install that version."
        )
    if not {"mark", "files", "parts"} <= set(about):
        refuse(path, "mark, files and parts", f"only {sorted(about)}")
    return about


def _decoded(parts: dict[str, Any], path: Path) -> dict[str, Any]:
    """Names, roles and the like: objects beyond plain JSON, as in forecaster files."""
    arrays = {
        name: np.array(numbers, dtype)
        for name, (dtype, numbers) in parts["arrays"].items()
    }
    return decoded(parts["document"], arrays, path)


def _ids(maps: dict[str, np.ndarray], parts: dict[str, Any]) -> pd.Index:
    """Names of the series."""
    like = parts["ids"]
    if "ids.npy" in maps:
        return pd.Index(np.array(maps["ids.npy"]), dtype=like.dtype, name=like.name)
    text, ends = maps["id_text.npy"].tobytes(), maps["id_ends.npy"].tolist()
    names = [text[a:b].decode() for a, b in zip([0, *ends[:-1]], ends)]
    return pd.Index(names, dtype=like.dtype, name=like.name)


def _times(maps, parts, bounds, freq_of) -> StoredTimes:
    """Timestamps of all rows."""
    if "ticks.npy" in maps:
        return StoredTimes(parts["times"], bounds, None, None, maps["ticks.npy"])
    steps = [0 if freq is None else freq for freq in parts["freqs"]]
    step = np.array(steps, np.int64)[freq_of]
    return StoredTimes(parts["times"], bounds, np.array(maps["first.npy"]), step)
