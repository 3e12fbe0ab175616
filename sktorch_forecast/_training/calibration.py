"""Usual statistics of windows, computed from an evenly spread sample of them."""

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .._data.precision import is_too_coarse
from ..layers import WindowNormalization
from .batches import WindowDataset, parts_of
from .stored import RowsOfRuns, evenly_spread_in

# Sample sizes: of all windows, and at least of each series.
_N_CALIBRATING = 1024
_N_OF_A_SERIES = 8
# How many windows' scales are computed at once.
_BATCH_SIZE = 4096


def calibrate(normalization: WindowNormalization, dataset: WindowDataset) -> None:
    """Set the values that all windows share, from at most 1024 of them, evenly spread.

    Parameters
    ----------
    normalization : WindowNormalization
        Changed in place.
    dataset : WindowDataset
        Windows to train on.
    """
    batch = dataset[torch.from_numpy(evenly_spread(len(dataset)))][0]
    weights = batch.get("sample_weight") if isinstance(batch, dict) else None
    parts = parts_of(batch)
    parts.pop("series", None)
    windows = parts.pop("x")
    normalization.calibrate(windows, **parts, weights=weights)
    if windows.dtype == torch.float64 and normalization.kind in (None, "level"):
        _warn_of_rounding(normalization, windows)
    if dataset.series_codes is not None:
        _calibrate_series(normalization, dataset)


def _warn_of_rounding(normalization, windows):
    """Warn if float32 loses precision in windows that keep their level."""
    # (n, L, C) -> (n * L, C), each window as a series
    inputs = normalization.encode(windows)[0].flatten(0, 1).cpu().numpy()
    bounds = np.arange(len(windows) + 1) * windows.shape[1]
    with np.errstate(over="ignore"):
        rounded = inputs.astype(np.float32)
    if is_too_coarse(rounded, inputs, bounds):
        warnings.warn(
            "Expected windows in which float32, the precision of the networks, can "
            f"tell values apart, found normalize={normalization.kind!r} and a level so "
            "high that changes of the series are lost. Use normalize='window', which "
            "subtracts the level first, or subtract a constant from the series.",
            UserWarning,
            stacklevel=2,
        )


def _calibrate_series(normalization, dataset):
    """Set the scales of the series from some windows of each, evenly spread."""
    n_each = n_calibrating_of_each(normalization.n_series)
    places = _evenly_spread_of_each(dataset.series_codes, n_each)
    rows = torch.from_numpy(places).to(dataset.device)
    columns: list[Tensor] = []
    for start in range(0, len(rows), _BATCH_SIZE):
        batch = dataset[rows[start : start + _BATCH_SIZE]][0]
        found = [normalization.scales_of(batch["x"]), batch["series"]]
        if "sample_weight" in batch:
            found.append(batch["sample_weight"])
        if not columns:
            # Filled in place: a small tensor kept of each batch would lie between its
            # large ones, and keep the system from getting their memory back.
            shapes = [(len(rows), *part.shape[1:]) for part in found]
            columns = [p.new_empty(s, device="cpu") for p, s in zip(found, shapes)]
        for column, part in zip(columns, found):
            column[start : start + len(part)] = part
    normalization.calibrate_series(*columns)


def _evenly_spread_of_each(codes, n_each):
    if isinstance(codes, RowsOfRuns):
        of_run: Any = codes.of_run
        if len(np.unique(of_run)) == len(of_run):
            return evenly_spread_in(codes.runs, of_run, n_each)
        codes = codes[:]
    return evenly_spread_of_each(codes.cpu().numpy(), n_each)


def n_calibrating_of_each(n_series: int) -> int:
    """How many windows to sample from each of this many series."""
    return max(_N_CALIBRATING // n_series, _N_OF_A_SERIES)


def evenly_spread_of_each(codes: np.ndarray, n_each: int) -> np.ndarray:
    """Rows of at most `n_each` windows of each series, from its first to its last.

    Parameters
    ----------
    codes : ndarray of shape (n_windows,), int64
        Which series each window is from.
    n_each : int

    Returns
    -------
    rows : ndarray, int64
    """
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    place = np.arange(len(codes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    size = np.repeat(sizes, sizes)
    n_taken = np.minimum(size, n_each)
    # Where the k-th of n_taken even parts of the series begins.
    is_taken = (place * n_taken) // size > ((place - 1) * n_taken) // size
    return order[is_taken]


def evenly_spread(n_windows: int) -> np.ndarray:
    """Rows of at most 1024 windows, from the first to the last.

    Returns
    -------
    rows : ndarray of shape (min(n_windows, 1024),), int64
    """
    n_rows = min(n_windows, _N_CALIBRATING)
    return np.linspace(0, n_windows - 1, n_rows).astype(np.int64)
