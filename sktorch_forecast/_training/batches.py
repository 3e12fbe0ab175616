"""From windows to mini-batches: one vectorized index each, no per-sample Python."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import skorch.dataset
import torch
from numpy.typing import ArrayLike, DTypeLike
from torch import Tensor
from torch.utils.data import Subset

from .._data.indexing import as_slice
from .._data.precision import is_too_coarse
from .._data.targets import shared_span
from .._data.time_split import split_by_time
from .._data.windows import Windows
from ..layers import WindowNormalization

# Windows that tell what is usual, of all and at least of each series.
_N_CALIBRATING = 1024
_N_OF_A_SERIES = 8
# Windows whose scales are computed side by side.
_BATCH_SIZE = 4096
# Values of the windows that are forecast at once: enough to keep the processor busy,
# few enough to stay in its caches, whatever the training needs.
_BATCH_VALUES = 2**18


def n_forecast_at_once(n_values: int) -> int:
    """How many windows of so many values are forecast in a batch."""
    return min(max(_BATCH_VALUES // n_values, 64), 4096) // 16 * 16


def dtype_of(X: Any) -> Any:
    """Precision of the forecasts for windows, or for a dataset of them."""
    return getattr(X, "dtype", np.float32)


def as_tensor(
    array: ArrayLike, device: torch.device | str = "cpu", dtype: DTypeLike = np.float32
) -> Tensor:
    """`array` as a tensor, on the same memory where that is possible."""
    array = np.asarray(array, dtype=dtype)
    if any(stride < 0 or stride % array.itemsize for stride in array.strides):
        array = array.copy()  # torch has no tensors that run backwards
    with warnings.catch_warnings():
        # Windows are read-only, and so are the memory maps that joblib's workers
        # get. Nothing here writes into the tensors.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writ")
        return torch.from_numpy(array).to(device)


def windows_of(batch: Any) -> Tensor:
    """The windows of a batch, whether or not anything came with them."""
    x = batch[0]
    return x["x"] if isinstance(x, dict) else x


def parts_of(
    batch: Any, function: Callable[[Any], Any] = lambda part: part
) -> dict[str, Any]:
    """Windows, and covariates beside them, of a batch as keywords of the module.

    Parameters
    ----------
    batch : Tensor of windows, or dict of these and what came with them
    function : callable, default=identity
        Applied to each part.

    Returns
    -------
    parts : dict of Tensor
        "x", and "future", "static" and "series" where there are any.
    """
    if not isinstance(batch, dict):
        return {"x": function(batch)}
    return {k: function(v) for k, v in batch.items() if k != "sample_weight"}


def calibrate(normalization: WindowNormalization, dataset: "WindowDataset") -> None:
    """Set what all windows share from at most 1024 of them, evenly spread.

    Parameters
    ----------
    normalization : WindowNormalization
        Is changed.
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
    """Warn if float32 loses much of windows that keep their level."""
    # (n, L, C) -> (n * L, C), each window as a series
    inputs = normalization.encode(windows)[0].flatten(0, 1).cpu().numpy()
    bounds = np.arange(len(windows) + 1) * windows.shape[1]
    with np.errstate(over="ignore"):
        rounded = inputs.astype(np.float32)
    if is_too_coarse(rounded, inputs, bounds):
        warnings.warn(
            "Expected windows in which float32, the precision of networks, can tell "
            f"values apart, found normalize={normalization.kind!r} and a level beside "
            "which the steps of the series are lost. Use normalize='window', which "
            "takes the level off first, or subtract a constant from the series.",
            UserWarning,
            stacklevel=2,
        )


def _calibrate_series(normalization, dataset):
    """Set the scales of the series from some windows of each, evenly spread."""
    codes = dataset.series_codes.cpu().numpy()
    n_each = n_calibrating_of_each(normalization.n_series)
    rows = torch.from_numpy(evenly_spread_of_each(codes, n_each)).to(dataset.device)
    scales, series, weights = [], [], []
    for part in rows.split(_BATCH_SIZE):
        batch = dataset[part][0]
        scales.append(normalization.scales_of(batch["x"]))
        series.append(batch["series"])
        weights.append(batch.get("sample_weight", torch.ones(len(part))))
    parts = (torch.cat(part).cpu() for part in (scales, series, weights))
    normalization.calibrate_series(*parts)


def codes_of(X: Any, series_ids: pd.Index) -> np.ndarray:
    """Place of the series of each window among the names, their number for others."""
    ids = X.ids if isinstance(X, Windows) else None
    if ids is None:
        return np.full(len(X), len(series_ids))
    places = series_ids.get_indexer(ids)
    return np.where(places < 0, len(series_ids), places)[X.series]


def n_calibrating_of_each(n_series: int) -> int:
    """How many windows of each of so many series tell what is usual of it."""
    return max(_N_CALIBRATING // n_series, _N_OF_A_SERIES)


def evenly_spread_of_each(codes: np.ndarray, n_each: int) -> np.ndarray:
    """Rows of at most so many windows of each series, from its first to its last.

    Parameters
    ----------
    codes : ndarray of shape (n_windows,), int64
        Which series each window is of.
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
    """Rows of at most 1024 windows, from the first to the last, to tell what is usual.

    Returns
    -------
    rows : ndarray of shape (min(n_windows, 1024),), int64
    """
    n_rows = min(n_windows, _N_CALIBRATING)
    return np.linspace(0, n_windows - 1, n_rows).astype(np.int64)


class WindowDataset(skorch.dataset.Dataset):
    """Windows and targets as tensors that are indexed a batch at a time.

    Parameters
    ----------
    X : Windows or array of shape (n_origins, length) or \
            (n_origins, length, n_channels)
        Windows. Lazy ones stay lazy.
    y : array of shape (n_origins,) or (n_origins, n_outputs), default=None
        Targets.
    sample_weight : array of shape (n_origins,), default=None
        Weights of the origins.
    device : torch.device or str, default="cpu"
        Where the values are held and batches are gathered.
    series_ids : pandas.Index of length n_series, default=None
        Names of the series that have scales of their own; batches then say which of
        them each window is of, `n_series` for others.
    """

    _windows: Tensor
    _series: Tensor

    def __init__(
        self,
        X: Any,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        device: torch.device | str = "cpu",
        series_ids: pd.Index | None = None,
    ):
        super().__init__(X, y)
        self.device = device
        self._starts = self._future = self._static = None
        if isinstance(X, Windows):
            # (n_timestamps, n_channels) -> (n_starts, length, n_channels), a view
            block = as_tensor(X.values, device, X.dtype)
            windows = block.unfold(0, X.length, 1).transpose(1, 2)
            if X.horizon is not None and X.n_future:
                # The k-th begins after the last timestamp of the k-th window.
                known = block[X.length :, -X.n_future :]
                self._future = known.unfold(0, X.horizon, 1).transpose(1, 2)
            if X.static is not None:
                self._static = as_tensor(X.static, device)
                self._series = torch.from_numpy(X.series).to(device)
            origins = as_slice(X.positions, len(block))
            if isinstance(origins, slice):  # consecutive: no list of them is needed
                first = slice(origins.start - (X.length - 1), None)
                windows = windows[first][: len(X)]
                if self._future is not None:
                    self._future = self._future[first][: len(X)]
            else:
                self._starts = torch.from_numpy(origins - (X.length - 1)).to(device)
        else:
            windows = as_tensor(X, device, _dtype_of_windows(X))
            windows = windows.unsqueeze(-1) if windows.ndim == 2 else windows
        self.series_codes = None
        if series_ids is not None:
            codes = torch.from_numpy(codes_of(X, series_ids))
            self.series_codes = codes.to(device)
        self._windows = windows
        self._targets = None
        if y is not None:
            self._targets = _target_tensor(np.asarray(y), device, windows.dtype)
        self._weights = (
            None if sample_weight is None else as_tensor(sample_weight, device)
        )

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        """One sample, or a batch where `index` is a slice or a tensor of integers."""
        if not isinstance(index, (slice, torch.Tensor)):
            batch = self[torch.as_tensor([index], device=self.device)]
            return tuple(
                {k: v[0] for k, v in part.items()}
                if isinstance(part, dict)
                else part[0]
                for part in batch
            )
        places = _rows(self._starts, index)
        x = _rows(self._windows, places)
        n_rows, beside = x.shape[0], {}
        if self._future is not None:
            beside["future"] = _rows(self._future, places)
        if self._static is not None:
            beside["static"] = _rows(self._static, _rows(self._series, index))
        if self.series_codes is not None:
            beside["series"] = _rows(self.series_codes, index)
        if self._weights is not None:
            beside["sample_weight"] = _rows(self._weights, index)
        if beside:
            # skorch's own way to carry weights: X becomes a dictionary.
            x = {"x": x, **beside}
        if self._targets is None:
            return x, torch.zeros(n_rows)  # skorch's placeholder
        return x, _rows(self._targets, index).to(self._windows.dtype)


def _rows(tensor: Tensor | None, index: Any) -> Any:
    """Rows of a tensor: a view where `index` is a slice; the index if there is none."""
    if tensor is None:
        return index
    return tensor[index] if isinstance(index, slice) else tensor.index_select(0, index)


def _dtype_of_windows(X):
    """Precision that windows come in, float32 unless they are float64."""
    dtype = getattr(X, "dtype", None)
    return np.float64 if dtype == np.float64 else np.float32


def _target_tensor(y, device, dtype_of_windows):
    """Targets as a tensor (n_origins, n_outputs); overlaps stay views."""
    # On the CPU they keep their precision, on their own memory: each batch is
    # converted when it is gathered. A device gets no more than it needs.
    is_cpu = torch.device(device).type == "cpu"
    is_needed = is_cpu or dtype_of_windows == torch.float64
    dtype = np.float64 if is_needed and y.dtype == np.float64 else np.float32
    if y.ndim == 1:
        # (n_origins,) -> (n_origins, 1), else the loss would broadcast
        return as_tensor(y, device, dtype).unsqueeze(1)
    span = shared_span(y)
    if span is None:
        return as_tensor(y, device, dtype)
    step = y.strides[0] // y.itemsize
    return torch.as_strided(as_tensor(span, device, dtype), y.shape, (step, 1))


class BatchIterator:
    """Iterate over a `WindowDataset` in mini-batches; stands in for a DataLoader.

    Parameters
    ----------
    dataset : WindowDataset, or torch.utils.data.Subset of one
        What to iterate over.
    batch_size : int, default=32
        Samples in a batch; the last one may be smaller.
    shuffle : bool, default=False
        Whether to visit the samples in random order.
    generator : torch.Generator, default=None
        Where the random order comes from.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        generator: torch.Generator | None = None,
    ):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.generator = generator

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        dataset: Any = self.dataset
        n_samples = len(dataset)
        order = None
        if self.shuffle:
            # Half the memory, where it is enough.
            integer = torch.int32 if n_samples < 2**31 else torch.int64
            order = torch.randperm(n_samples, generator=self.generator, dtype=integer)
        while isinstance(dataset, Subset):
            indices = torch.as_tensor(dataset.indices)
            order = indices if order is None else indices[order]
            dataset: Any = dataset.dataset
        if order is not None:
            order = order.to(dataset.device)
        # Not order.split: that makes a tensor for every batch beforehand.
        for start in range(0, n_samples, self.batch_size):
            rows = slice(start, start + self.batch_size)
            yield dataset[rows if order is None else order[rows]]


def split_last(
    dataset: Any, validation_fraction: float, horizon: int
) -> tuple[Subset, Subset] | tuple[None, None]:
    """Split off the last origins for validation, and purge those that reach into it.

    Parameters
    ----------
    dataset : WindowDataset
        What to split, as `split_by_time` says.
    validation_fraction : float in (0, 1)
        Share of the origins that validate.
    horizon : int
        Steps that the targets reach ahead.

    Returns
    -------
    train, valid : torch.utils.data.Subset, or None twice
        None if fewer than two origins would be left to train on.
    """
    train, valid = split_by_time(dataset.X, validation_fraction, horizon)
    if len(train) < 2:
        return None, None
    return subset(dataset, train), subset(dataset, valid)


def subset(dataset: Any, rows: np.ndarray) -> Subset:
    """Some rows of a dataset; torch asks for a sequence, and takes an array."""
    return Subset(dataset, rows)  # pyright: ignore[reportArgumentType]
