"""From windows to mini-batches: one vectorized indexing each, no per-sample Python."""

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

from .._data.indexing import Runs, as_slice
from .._data.lazy_targets import LazyTargets
from .._data.targets import shared_span
from .._data.time_split import split_by_time, times_of
from .._data.timed_runs import TimedRows, times_in_runs
from .._data.windows import Windows
from .order import batches, pieces
from .stored import ComputedRows, rows_of, series_rows, target_rows

# Windows are read-only, and so are the memory maps that joblib's workers get. torch
# warns about that once per process, but nothing here writes into its tensors.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    torch.from_numpy(np.frombuffer(bytes(1), np.uint8))


def dtype_of(X: Any) -> Any:
    """Precision of windows and of their forecasts: float32, unless they are float64."""
    return np.float64 if getattr(X, "dtype", None) == np.float64 else np.float32


def as_tensor(
    array: ArrayLike, device: torch.device | str = "cpu", dtype: DTypeLike = np.float32
) -> Tensor:
    """`array` as a tensor, sharing memory if possible."""
    array = np.asarray(array, dtype=dtype)
    if any(stride < 0 or stride % array.itemsize for stride in array.strides):
        array = array.copy()  # torch has no negative strides
    return torch.from_numpy(array).to(device)


def windows_of(batch: Any) -> Tensor:
    """The windows of a batch, with or without anything that comes with them."""
    x = batch[0]
    return x["x"] if isinstance(x, dict) else x


def parts_of(
    batch: Any, function: Callable[[Any], Any] = lambda part: part
) -> dict[str, Any]:
    """Windows and covariates of a batch, as keywords of the module.

    Parameters
    ----------
    batch : Tensor of windows, or dict of these and what came with them
    function : callable, default=identity
        Applied to each part.

    Returns
    -------
    parts : dict of Tensor
        "x", and "future", "static", "series" and "phase" if there are any.
    """
    if not isinstance(batch, dict):
        return {"x": function(batch)}
    return {k: function(v) for k, v in batch.items() if k != "sample_weight"}


def codes_of(X: Any, series_ids: pd.Index) -> np.ndarray:
    """Position of each window's series among the names, or their number if unknown."""
    return _code_rows(X, series_ids, "cpu")[:].numpy()


def _code_rows(X: Any, series_ids: pd.Index, device: torch.device | str) -> Any:
    """The same as a tensor, or as an object that computes it."""
    ids = X.ids if isinstance(X, Windows) else None
    if ids is None:
        return torch.full((len(X),), len(series_ids), device=device)
    if ids is series_ids:  # avoids a lookup table for a million names
        return series_rows(X, device, np.arange(len(ids)))
    places = series_ids.get_indexer(ids)
    return series_rows(X, device, np.where(places < 0, len(series_ids), places))


class WindowDataset(skorch.dataset.Dataset):
    """Windows and targets as tensors that are indexed one batch at a time.

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
        Where the values are stored and batches are gathered.
    series_ids : pandas.Index of length n_series, default=None
        Names of the series with their own scales; batches then say which of them each
        window is from, `n_series` for others.
    phases : array of shape (n_origins,), int64, default=None
        Phase at which each window ends; batches then include it.
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
        phases: np.ndarray | None = None,
    ):
        # With the length given, skorch does not spend time to find it.
        is_told = y is None or isinstance(y, LazyTargets)
        super().__init__(X, y, length=len(X) if is_told else None)
        self.device = device
        self._starts = self._future = self._static = None
        if isinstance(X, Windows):
            windows = self._windows_of(X)
        else:
            windows = as_tensor(X, device, dtype_of(X))
            windows = windows.unsqueeze(-1) if windows.ndim == 2 else windows
        self.series_codes = None
        if series_ids is not None:
            self.series_codes = _code_rows(X, series_ids, device)
        self._phases = _integers(phases, device)
        self._windows = windows
        self._targets = None
        if y is not None:
            y = y if isinstance(y, LazyTargets) else np.asarray(y)
            self._targets = _target_tensor(y, device, windows.dtype)
        self._weights = (
            None if sample_weight is None else as_tensor(sample_weight, device)
        )

    def _windows_of(self, X: Windows) -> Tensor:
        """Views of all windows of a panel, and of their future covariates."""
        # (n_timestamps, n_channels) -> (n_starts, length, n_channels), a view
        block = as_tensor(X.values, self.device, dtype_of(X))
        windows = block.unfold(0, X.length, 1).transpose(1, 2)
        if X.horizon is not None and X.n_future:
            # The k-th begins after the last timestamp of the k-th window.
            known = block[X.length :, -X.n_future :]
            self._future = known.unfold(0, X.horizon, 1).transpose(1, 2)
        if X.static is not None:
            self._static = as_tensor(X.static, self.device)
            self._series = series_rows(X, self.device, None)
        origins = X.positions
        if not isinstance(origins, Runs):
            origins = as_slice(origins, len(block))
        if isinstance(origins, slice):  # consecutive: no list of them is needed
            first = slice(origins.start - (X.length - 1), None)
            windows = windows[first][: len(X)]
            if self._future is not None:
                self._future = self._future[first][: len(X)]
        else:
            self._starts = rows_of(origins, self.device, shift=1 - X.length)
        return windows

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        """One sample, or a batch if `index` is a slice or a tensor of integers."""
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
        if self._phases is not None:
            beside["phase"] = _rows(self._phases, index)
        if self._weights is not None:
            beside["sample_weight"] = _rows(self._weights, index)
        if beside:
            # skorch's own way to carry weights: X becomes a dictionary.
            x = {"x": x, **beside}
        if self._targets is None:
            return x, torch.zeros(n_rows)  # skorch's placeholder
        return x, _rows(self._targets, index).to(self._windows.dtype)


def _rows(tensor: Tensor | ComputedRows | None, index: Any) -> Any:
    """Rows of a tensor: a view if `index` is a slice; or the index for no tensor."""
    if tensor is None:
        return index
    return tensor[index] if isinstance(index, slice) else tensor.index_select(0, index)


def _integers(array: np.ndarray | None, device: Any) -> Tensor | None:
    return None if array is None else torch.from_numpy(array).to(device)


def _target_tensor(y, device, dtype_of_windows):
    """Targets as a tensor (n_origins, n_outputs); overlaps stay views."""
    # On the CPU they keep their precision and their memory: each batch is converted
    # when it is gathered. A device gets no more than it needs.
    is_cpu = torch.device(device).type == "cpu"
    is_needed = is_cpu or dtype_of_windows == torch.float64
    dtype = np.float64 if is_needed and y.dtype == np.float64 else np.float32
    if isinstance(y, LazyTargets):
        return target_rows(y, as_tensor(y.targets, device, dtype))
    if y.ndim == 1:
        # (n_origins,) -> (n_origins, 1), otherwise the loss would broadcast
        return as_tensor(y, device, dtype).unsqueeze(1)
    span = shared_span(y)
    if span is None:
        return as_tensor(y, device, dtype)
    step = y.strides[0] // y.itemsize
    return torch.as_strided(as_tensor(span, device, dtype), y.shape, (step, 1))


class BatchIterator:
    """Iterate over a `WindowDataset` in mini-batches; replaces a DataLoader.

    Parameters
    ----------
    dataset : WindowDataset, or torch.utils.data.Subset of one
        What to iterate over.
    batch_size : int, default=32
        Number of samples in a batch; the last one may be smaller.
    shuffle : bool, default=False
        Whether to visit the samples in random order.
    generator : torch.Generator, default=None
        Source of the random order.
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
        levels = []
        while isinstance(dataset, Subset):
            levels.append(rows_of(dataset.indices))
            dataset = dataset.dataset
        if not self.shuffle and not levels:
            for start in range(0, n_samples, self.batch_size):
                yield dataset[start : start + self.batch_size]
            return

        def orders():
            for order in pieces(n_samples, self.shuffle, self.generator):
                for indices in levels:
                    order = indices[order]
                yield order.to(dataset.device)

        for rows in batches(orders(), self.batch_size):
            yield dataset[rows]


def split_last(
    dataset: Any, validation_fraction: float, horizon: int
) -> tuple[Subset, Subset] | tuple[None, None]:
    """Split off the last origins for validation, and purge those that reach into it.

    Parameters
    ----------
    dataset : WindowDataset
        What to split, as in `split_by_time`.
    validation_fraction : float in (0, 1)
        Share of the origins used for validation.
    horizon : int
        Number of steps that the targets reach ahead.

    Returns
    -------
    train, valid : torch.utils.data.Subset, or None twice
        None if fewer than two origins would be left to train on.
    """
    train, valid = split_by_time(dataset.X, validation_fraction, horizon)
    if len(train) < 2:
        return None, None
    return subset(dataset, train), subset(dataset, valid)


def times_of_rows(dataset: Any) -> tuple[Any, Any]:
    """A dataset, or what it is a subset of, and its rows there with their times.

    If a dataset does not know its times, the row numbers are used.

    Returns
    -------
    whole : dataset
    timed : TimedRows or TimedRuns
    """
    is_part = isinstance(dataset, Subset)
    whole: Any = dataset.dataset if is_part else dataset
    rows: Any = dataset.indices if is_part else None
    if not isinstance(whole, WindowDataset):
        rows = np.arange(len(dataset)) if rows is None else np.asarray(rows)
        return whole, TimedRows(rows, np.arange(len(rows)))
    timed = times_in_runs(whole.X)
    if timed is not None and (rows is None or isinstance(rows, Runs)):
        return whole, timed if rows is None else timed.of(rows)
    rows = np.arange(len(dataset)) if rows is None else np.asarray(rows)
    return whole, TimedRows(rows, times_of(whole.X)[rows])


def subset(dataset: Any, rows: np.ndarray) -> Subset:
    """Some rows of a dataset; torch's types want a sequence, but it takes an array."""
    return Subset(dataset, rows)  # pyright: ignore[reportArgumentType]
