"""Writes the files of a panel on disk, series by series."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .._files.encode import Encoder
from .._utils.version import __version__
from .columns import Layout
from .panel import Panel
from .store import ABOUT, FORMAT, VERSION
from .store_files import GrowingArray
from .time_axis import from_ticks, ticks_of

# Rows that are written at once where a file is made from others.
_AT_ONCE = 1 << 20


class PanelWriter:
    """Files of a panel, to which whole series are appended.

    Parameters
    ----------
    folder : Path
        An empty one.
    layout : Layout
        How the series were read.
    """

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.folder, self.layout = folder, layout
        self._files: dict[str, GrowingArray] = {}
        self._panel: Panel  # the first part; the others are like it
        self._ids: list[pd.Index] = []
        self._n_rows: list[np.ndarray] = []
        self._static: list[np.ndarray] = []
        self._freqs: dict[Any, int] = {}
        self._freq_of: list[np.ndarray] = []
        self._first: list[np.ndarray] = []
        self._is_complete = True

    def append(self, panel: Panel) -> None:
        """Append series to those already written.

        Parameters
        ----------
        panel : Panel
            With ids and targets. None of its series has been written yet, and all parts
            have the same channels and precision.
        """
        if not self._ids:
            self._panel = panel
        self._write("values", panel.values)
        if panel.targets is not None and panel.targets.dtype != np.float32:
            self._write("targets", panel.targets)
        self._is_complete &= bool(np.isfinite(panel.values).all())
        if panel.static is not None:
            self._static.append(panel.static)
        self._ids.append(_plain_ids(panel.ids))
        codes = [self._freqs.setdefault(f, len(self._freqs)) for f in panel.freqs]
        zeros = np.zeros(panel.n_series, np.int32)
        freq_of = zeros if panel.freq_of is None else panel.freq_of
        freq_of = np.array(codes, np.int32)[freq_of]
        self._append_times(panel, freq_of)
        self._freq_of.append(freq_of)
        self._n_rows.append(np.diff(panel.bounds))

    def append_covariates(self, columns: np.ndarray) -> None:
        """Keep covariates in their own precision, in case it is needed later."""
        self._write("covariates", columns)

    def _write(self, name: str, rows: np.ndarray) -> None:
        """Append to a file, which the first rows create."""
        file = f"{name}.npy"
        if file not in self._files:
            path = self.folder / file
            self._files[file] = GrowingArray(path, rows.dtype, rows.shape[1:])
        self._files[file].append(rows)

    def _append_times(self, panel: Panel, freq_of: np.ndarray) -> None:
        """The first tick of each series; all ticks once that is not enough."""
        ticks = ticks_of(panel.index)
        first = ticks[panel.bounds[:-1]]
        if "ticks.npy" not in self._files:
            steps = self._steps()
            if steps is not None and ticks.dtype == np.int64:
                if _are_counted(ticks, steps[freq_of], panel.bounds):
                    self._first.append(first)
                    return
            for parts in zip(self._first, self._freq_of, self._n_rows):
                before, codes, n_before = parts
                # Earlier series were regular, with integer steps.
                known = np.array([f if _is_whole(f) else 0 for f in self._freqs])
                self._write("ticks", _counted(before, known[codes], n_before))
        self._write("ticks", ticks)

    def _steps(self) -> Any:
        """Ticks from one row to the next, by frequency; None if one has no number."""
        is_whole = all(freq is None or _is_whole(freq) for freq in self._freqs)
        return np.array([freq or 0 for freq in self._freqs]) if is_whole else None

    def make_exact(self, is_exact: np.ndarray) -> None:
        """Make the values float64, some of which were rounded to float32.

        Parameters
        ----------
        is_exact : ndarray of shape (n_channels,), bool
            Which channels to restore exactly, from the targets and a file of
            covariates; the others stay rounded.
        """
        panel = self._panel
        maps = {}
        for file in ("values.npy", "targets.npy", "covariates.npy"):
            if file in self._files:
                self._files[file].close()
                maps[file] = np.load(self.folder / file, mmap_mode="r")
        rounded = maps["values.npy"]
        targets = maps.get("targets.npy", rounded[:, : panel.n_targets])
        covariates = maps.get("covariates.npy", rounded[:, panel.n_targets :])
        exact = GrowingArray(self.folder / "exact.npy", np.float64, (panel.n_channels,))
        for start in range(0, len(rounded), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            known = np.hstack([targets[rows], covariates[rows]])
            values = rounded[rows].astype(np.float64)
            keep = is_exact & np.isfinite(values)
            exact.append(np.where(keep, known, values))
        exact.path = exact.path.rename(self.folder / "values.npy")
        self._files["values.npy"] = exact

    def drop_covariates(self) -> None:
        """Remove the covariates in their own precision, if there are any."""
        if "covariates.npy" in self._files:
            self._files.pop("covariates.npy").close()
            (self.folder / "covariates.npy").unlink()

    def close(self) -> None:
        """Write what is known only at the end, and `panel.json` last."""
        n_rows = np.concatenate(self._n_rows)
        ids = self._ids[0].append(self._ids[1:])
        freqs, freq_of = self._frequencies(n_rows)
        self._write("bounds", np.concatenate([[0], np.cumsum(n_rows)]))
        self._write("freq_of", freq_of)
        if "ticks.npy" not in self._files:
            self._write("first", np.concatenate(self._first))
        if self._static:
            self._write("static", np.concatenate(self._static))
        if ids.dtype.kind in "iufb":
            self._write("ids", ids.to_numpy())
        else:
            texts = [name.encode() for name in ids.tolist()]
            self._write("id_text", np.frombuffer(b"".join(texts), np.uint8))
            self._write("id_ends", np.cumsum([len(text) for text in texts]))
        files = {name: file.close() for name, file in sorted(self._files.items())}
        encoder = Encoder()
        document = encoder.encode(self._parts(ids, freqs), "parts")
        arrays = encoder.arrays.items()
        about = {
            "format": FORMAT,
            "version": VERSION,
            "made_by": f"sktorch_forecast {__version__}",
            "mark": secrets.token_hex(16),
            "files": files,
            "parts": {
                "document": document,
                "arrays": {k: [v.dtype.str, v.tolist()] for k, v in arrays},
            },
        }
        text = json.dumps(about, indent=1)
        with open(self.folder / ABOUT, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    def _frequencies(self, n_rows: np.ndarray) -> tuple[tuple, np.ndarray]:
        """Frequencies, with that of the longest series first, which single rows get."""
        freq_of = np.concatenate(self._freq_of)
        usual = freq_of[np.argmax(n_rows)]
        order = [usual, *(code for code in range(len(self._freqs)) if code != usual)]
        place = np.argsort(order).astype(np.int32)
        freq_of = np.where(n_rows > 1, place[freq_of], np.int32(0))
        used = np.isin(np.arange(len(order)), freq_of)
        freqs = list(self._freqs)
        # Parts of single rows may leave a None that no series has in the end.
        kept = [code for code in range(len(order)) if used[code] or code == 0]
        renumbered = np.zeros(len(order), np.int32)
        renumbered[kept] = np.arange(len(kept))
        return tuple(freqs[order[code]] for code in kept), renumbered[freq_of]

    def _parts(self, ids: pd.Index, freqs: tuple) -> dict[str, Any]:
        """The parts of a panel that are not arrays."""
        panel, layout = self._panel, self.layout
        n_known = panel.n_channels - panel.n_future
        return {
            "layout": dict(vars(layout)),
            "roles": {
                "id": layout.id,
                "time": layout.time,
                "target": list(panel.channels[: panel.n_targets]),
                "past": list(panel.channels[panel.n_targets : n_known]),
                "future": list(panel.channels[n_known:]),
                "static": list(panel.static_names),
            },
            "channels": panel.channels,
            "n_targets": panel.n_targets,
            "n_future": panel.n_future,
            "static_names": panel.static_names,
            "freqs": freqs,
            "ids": ids[:0],
            "times": from_ticks(ticks_of(panel.index[:0]), panel.index),
            "is_complete": self._is_complete,
            "repairs": panel.source.repairs,
            "ends_vary": panel.source.ends_vary,
        }


def _is_whole(freq: Any) -> bool:
    return isinstance(freq, int)


def _are_counted(ticks: np.ndarray, step: np.ndarray, bounds: np.ndarray) -> bool:
    """Whether the ticks of each series have a constant step."""
    is_step = np.diff(ticks) == np.repeat(step, np.diff(bounds))[:-1]
    is_step[bounds[1:-1] - 1] = True  # from one series to the next
    return bool(is_step.all())


def _counted(first: np.ndarray, step: np.ndarray, n_rows: np.ndarray) -> np.ndarray:
    """Ticks of series that each have a constant step."""
    begin = np.cumsum(n_rows) - n_rows
    place = np.arange(n_rows.sum()) - np.repeat(begin, n_rows)
    return np.repeat(first, n_rows) + np.repeat(step, n_rows) * place


def _plain_ids(ids: Any) -> pd.Index:
    """Ids as strings or numbers; categories become their values."""
    names = np.asarray(ids)
    plain = pd.Index(names, name=ids.name)
    is_text = plain.dtype.kind not in "iufb"
    if not is_text or all(isinstance(name, str) for name in names.tolist()):
        return plain
    raise TypeError(
        "Expected ids that are strings or numbers, which a store can hold, found "
        f"{plain.dtype} values such as {plain[0]!r}. Convert them, e.g. with "
        ".astype(str)."
    )
