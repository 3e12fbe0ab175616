"""The targets ``y`` of a panel on disk, gathered when they are asked for."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import DTypeLike

from .array_api import NumpyNamespace
from .indexing import Runs, as_slice
from .panel import Panel

# Origins whose targets are looked at together.
_AT_ONCE = 1 << 18


class StoredTargets(NumpyNamespace, NDArrayOperatorsMixin):
    """Targets of origins of a panel on disk: like an array that holds nothing.

    Indexed by a slice, integers or a mask it stays one. ``np.asarray``, and arithmetic,
    make an ordinary array. A pickle carries where the panel is, and the origins.

    Parameters
    ----------
    panel : Panel
        With `targets`.
    positions : array-like of shape (n_origins,), int64
        Row of each origin, with a whole horizon after it.
    horizon : int
        Timestamps after each origin.

    Attributes
    ----------
    shape : tuple
        (n_origins,) for one target and a horizon of 1, else
        (n_origins, horizon * n_targets).
    """

    def __init__(self, panel: Panel, positions: Any, horizon: int) -> None:
        self.panel, self.positions, self.horizon = panel, positions, horizon

    @property
    def targets(self) -> np.ndarray:
        """Targets of all rows, of shape (n_timestamps, n_targets)."""
        if self.panel.targets is None:
            raise ValueError("Expected a panel with targets, found none.")
        return self.panel.targets

    @property
    def dtype(self) -> np.dtype:
        """That of the targets as the user had them: float32 or float64."""
        return self.targets.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """(n_origins,) or (n_origins, horizon * n_targets)."""
        n_outputs = self.horizon * self.targets.shape[1]
        n_origins = len(self.positions)
        return (n_origins,) if n_outputs == 1 else (n_origins, n_outputs)

    @property
    def ndim(self) -> int:
        """1 or 2."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape))

    def parts(self) -> Iterator[np.ndarray]:
        """The targets of some rows after the other, each row once."""
        positions = self.positions
        if isinstance(positions, Runs):
            rows = Runs(positions.starts + 1, positions.stops + self.horizon)
            for start in range(0, len(rows), _AT_ONCE):
                yield self.targets[np.asarray(rows[start : start + _AT_ONCE])]
            return
        for start in range(0, len(positions), _AT_ONCE):
            yield np.asarray(self[start : start + _AT_ONCE])

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, key: Any) -> Any:
        """Some of the origins, or what an ordinary array gives for other keys."""
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]
        if isinstance(key, tuple):
            return np.asarray(self[key[0]])[(slice(None), *key[1:])]
        if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
            return np.asarray(self[[key]])[0]
        positions = self.positions[as_slice(key, len(self))]
        return StoredTargets(self.panel, positions, self.horizon)

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> np.ndarray:
        if copy is False:
            raise ValueError("Targets overlap: an ordinary array of them is a copy.")
        if len(self) == 0:
            return np.empty(self.shape, dtype or self.dtype)
        # (T, K) -> (T - H + 1, K, H) -> (T - H + 1, H, K), without copying
        every = np.moveaxis(sliding_window_view(self.targets, self.horizon, 0), 1, -1)
        array = every[np.asarray(self.positions) + 1].reshape(self.shape)
        return array if dtype is None else array.astype(dtype, copy=False)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any
    ) -> Any:
        arrays = [np.asarray(x) if isinstance(x, StoredTargets) else x for x in inputs]
        return getattr(ufunc, method)(*arrays, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return StoredTargets, (self.panel, self.positions, self.horizon)

    def __repr__(self) -> str:
        return f"<targets of shape {self.shape}, gathered when they are asked for>"
