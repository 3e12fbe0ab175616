"""Integers in ranges, of which only the ends are held."""

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import DTypeLike

from .indexing import as_integers, as_slice, concatenated_ranges


class Runs(NDArrayOperatorsMixin):
    """The integers of several ranges, one range after the other, like an array of them.

    A billion origins of a million series are a million ranges. What is asked of them is
    computed; arithmetic makes an ordinary array.

    Parameters
    ----------
    starts, stops : ndarray of shape (n_runs,), int64
        Range ``i`` has the integers from ``starts[i]`` up to ``stops[i] - 1``, if any.

    Attributes
    ----------
    ends : ndarray of shape (n_runs,), int64
        How many integers there are up to the end of each range.
    kept : dict
        What others have computed of these ranges, and keep with them.
    """

    ndim: int = 1
    dtype: np.dtype = np.dtype(np.int64)

    def __init__(self, starts: np.ndarray, stops: np.ndarray) -> None:
        self.starts = starts
        self.stops = np.maximum(starts, stops)
        self.ends = np.cumsum(self.sizes)
        self.kept: dict[Any, Any] = {}

    @property
    def sizes(self) -> np.ndarray:
        """Integers in each range, of shape (n_runs,), int64."""
        return self.stops - self.starts

    @property
    def before(self) -> np.ndarray:
        """Integers in the ranges before each, of shape (n_runs,), int64."""
        return self.ends - self.sizes

    @property
    def shape(self) -> tuple[int]:
        """How many integers there are, as the shape of an array."""
        return (len(self),)

    def min(self) -> int:
        """The smallest of the integers."""
        return int(self.starts[self.sizes > 0].min())

    def max(self) -> int:
        """The largest of the integers."""
        return int(self.stops[self.sizes > 0].max()) - 1

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def __getitem__(self, key: Any) -> Any:
        """Integers by their places; consecutive ones are ranges again."""
        if isinstance(key, (int, np.integer)):
            return self[np.array([range(len(self))[key]])][0]
        key = as_slice(key, len(self))
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step == 1:
                return self._part(start, stop)
            key = np.arange(start, stop, step)
        places = np.where(key < 0, key + len(self), key)
        if len(places) and not 0 <= places.min() <= places.max() < len(self):
            raise IndexError(f"Expected places below {len(self)}, found {key}.")
        which = np.searchsorted(self.ends, places, "right")
        return self.starts[which] + places - self.before[which]

    def _part(self, start: int, stop: int) -> "Runs":
        """Those at some places that follow one another."""
        before = self.before
        starts = self.starts + np.clip(start - before, 0, self.sizes)
        stops = self.starts + np.clip(stop - before, 0, self.sizes)
        some = starts < stops
        return Runs(starts[some], stops[some])

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> np.ndarray:
        if copy is False:
            raise ValueError("Ranges are no array: one of their integers is a copy.")
        integers = as_integers(concatenated_ranges(self.starts, self.stops))
        return integers if dtype is None else integers.astype(dtype, copy=False)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any
    ) -> Any:
        arrays = [np.asarray(x) if isinstance(x, Runs) else x for x in inputs]
        return getattr(ufunc, method)(*arrays, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return Runs, (self.starts, self.stops)

    def __repr__(self) -> str:
        return f"<{len(self):,} integers in {len(self.starts):,} ranges>"
