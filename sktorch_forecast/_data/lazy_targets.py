"""The targets ``y`` of many series, gathered on demand."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import DTypeLike

from .array_api import NumpyNamespace
from .indexing import Runs, as_slice, runs_of
from .panel import Panel

# How many rows' targets are processed at once.
_AT_ONCE = 1 << 18
# How many origins are iterated over at once.
_N_ITERATED = 1 << 10


class LazyTargets(NumpyNamespace, NDArrayOperatorsMixin):
    """Targets of origins of a panel: like an array, but each is stored only once.

    Neighboring origins share all but one step. For a single series the targets are a
    view of it; here no view can lead from the last origin of one series to the first
    origin of the next.

    Indexed by a slice, integers or a mask it stays lazy. ``np.asarray``, arithmetic and
    array methods make an ordinary array. A pickle holds the rows that the origins need,
    or the location of a panel on disk.

    Parameters
    ----------
    panel : Panel or array of shape (n_timestamps, n_targets)
        A panel on disk with `targets`, or the targets alone.
    positions : array-like of shape (n_origins,), int64
        Row of each origin, with a complete horizon after it.
    horizon : int
        Number of timestamps after each origin.
    is_complete : bool
        Whether all targets are known to be finite.

    Attributes
    ----------
    shape : tuple
        (n_origins,) for one target and a horizon of 1, else
        (n_origins, horizon * n_targets).
    """

    def __init__(
        self,
        panel: Panel | np.ndarray,
        positions: Any,
        horizon: int,
        is_complete: bool,
    ) -> None:
        self.panel, self.positions, self.horizon = panel, positions, horizon
        self.is_complete = is_complete

    @property
    def targets(self) -> np.ndarray:
        """Targets of all rows, of shape (n_timestamps, n_targets)."""
        if not isinstance(self.panel, Panel):
            return self.panel
        if self.panel.targets is None:
            raise ValueError("Expected a panel with targets, found none.")
        return self.panel.targets

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the user's targets: float32 or float64."""
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

    @property
    def nbytes(self) -> int:
        """Number of bytes of an ordinary array of them."""
        return self.size * self.dtype.itemsize

    def parts(self) -> Iterator[np.ndarray]:
        """The targets, some rows at a time, each row once."""
        runs = runs_of(self.positions)
        rows = Runs(runs.starts + 1, runs.stops + self.horizon)
        for start in range(0, len(rows), _AT_ONCE):
            yield self.targets[np.asarray(rows[start : start + _AT_ONCE])]

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, key: Any) -> Any:
        """Some of the origins, or the result of an ordinary array for other keys."""
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]
        if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
            return np.asarray(self[[key]])[0]
        if isinstance(key, tuple):
            if isinstance(key[0], slice):
                return np.asarray(self[key[0]])[:, *key[1:]]
            return np.asarray(self)[key]
        if not isinstance(key, (slice, Runs)) and np.ndim(key) != 1:
            return np.asarray(self)[key]
        rows = self.positions[as_slice(key, len(self))]
        return type(self)(self.panel, rows, self.horizon, self.is_complete)

    def __getattr__(self, name: str) -> Any:
        """Other array attributes, such as ``y.mean``, except for the memory layout."""
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}"
            )
        return getattr(np.asarray(self), name)

    def __setitem__(self, key: Any, values: Any) -> None:
        raise ValueError(
            "y is read-only, as its rows overlap. Change a copy: y = np.array(y)."
        )

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self), _N_ITERATED):
            yield from np.asarray(self[start : start + _N_ITERATED])

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> np.ndarray:
        if copy is False:
            raise ValueError(
                "Expected copy=None or True, found False: an array of overlapping "
                "targets is always a copy."
            )
        if len(self) == 0:
            return np.empty(self.shape, dtype or self.dtype)
        # (T, K) -> (T - H + 1, K, H) -> (T - H + 1, H, K), without copying
        every = np.moveaxis(sliding_window_view(self.targets, self.horizon, 0), 1, -1)
        array = every[np.asarray(self.positions) + 1].reshape(self.shape)
        return array if dtype is None else array.astype(dtype, copy=False)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any
    ) -> Any:
        if "out" in kwargs and any(x is self for x in kwargs["out"]):
            self[:] = None  # raises the error that y is read-only
        arrays = [np.asarray(x) if isinstance(x, LazyTargets) else x for x in inputs]
        return getattr(ufunc, method)(*arrays, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        panel, positions = self.panel, self.positions
        if not isinstance(panel, Panel):
            first = positions.min(initial=len(panel)) + 1
            panel = panel[first : positions.max(initial=-1) + self.horizon + 1]
            positions = positions - first
        return type(self), (panel, positions, self.horizon, self.is_complete)

    def __repr__(self) -> str:
        return f"<targets of shape {self.shape}, gathered on demand>"
