"""Index arrays that are slices in disguise, and ranges stored by their ends."""

import zlib
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import DTypeLike

from .._utils.validation import check_readable

_BY_TIME = (
    "Origins are numbered from 0; select them by time with X[X.timestamps >= start]."
)


def as_slice(key: Any, n_rows: int) -> Any:
    """`key` as a slice if it selects consecutive rows, so that a view is enough.

    Ranges of rows stay `Runs`.

    Raises
    ------
    IndexError
        If `key` is not a slice, a mask of `n_rows` entries or a 1-D array of integers.
    TypeError
        If `key` is a slice of anything but integers.
    """
    if isinstance(key, (slice, Runs)):
        _check_ends(key)
        return key
    check_readable(key, "origins")
    key = np.asarray(key)
    if key.dtype == bool:
        if key.shape != (n_rows,):
            raise IndexError(
                f"Expected a mask of {n_rows} entries, one for every origin, found "
                f"shape {key.shape}."
            )
        key = np.flatnonzero(key)
    if key.ndim != 1 or (key.size and not np.issubdtype(key.dtype, np.integer)):
        raise IndexError(
            "Expected a slice, integers or a mask over the origins, found an array "
            f"of shape {key.shape} and {key.dtype}. {_BY_TIME}"
        )
    n_keys = len(key)
    if n_keys == 0:
        return slice(0, 0)
    first, last = int(key[0]), int(key[-1])
    if (
        first >= 0
        and last < n_rows
        and last - first == n_keys - 1
        # Integers that increase from first to last in that many steps are consecutive.
        and bool((key[1:] > key[:-1]).all())
    ):
        return slice(first, last + 1)
    return key


def _check_ends(key: Any) -> None:
    if isinstance(key, Runs):
        return
    for end in (key.start, key.stop, key.step):
        if end is not None and not hasattr(end, "__index__"):
            raise TypeError(
                "Expected a slice, integers or a mask over the origins, found a slice "
                f"of {type(end).__name__}. {_BY_TIME}"
            )


def concatenated_ranges(starts: np.ndarray, stops: np.ndarray) -> slice | np.ndarray:
    """The integers of several ranges, one range after the other.

    Parameters
    ----------
    starts, stops : ndarray of shape (n_ranges,), int64
        Range ``i`` has the integers from ``starts[i]`` up to ``stops[i] - 1``.

    Returns
    -------
    integers : slice, or ndarray of shape (n,), int64
        A slice if they increase by one.
    """
    if len(starts) == 0:
        return slice(0, 0)
    if (starts[1:] == stops[:-1]).all():
        return slice(int(starts[0]), int(stops[-1]))
    sizes = stops - starts
    before = np.cumsum(sizes) - sizes
    return np.arange(sizes.sum()) + np.repeat(starts - before, sizes)


def as_integers(rows: slice | np.ndarray) -> np.ndarray:
    """The result of :func:`concatenated_ranges`, always as integers."""
    return np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows


class Runs(NDArrayOperatorsMixin):
    """The integers of several ranges, one range after the other, like an array.

    A billion origins of a million series are a million ranges. Entries are computed on
    demand; arithmetic makes an ordinary array.

    Parameters
    ----------
    starts, stops : ndarray of shape (n_runs,), int64
        Range ``i`` has the integers from ``starts[i]`` up to ``stops[i] - 1``, if any.

    Attributes
    ----------
    ends : ndarray of shape (n_runs,), int64
        Number of integers up to the end of each range.
    kept : dict
        What other code has computed from these ranges and caches here.
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
        """Number of integers in each range, of shape (n_runs,), int64."""
        return self.stops - self.starts

    @property
    def before(self) -> np.ndarray:
        """Number of integers before each range, of shape (n_runs,), int64."""
        return self.ends - self.sizes

    @property
    def shape(self) -> tuple[int]:
        """The number of integers, as the shape of an array."""
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
        """Integers at some places; consecutive ones are ranges again."""
        if isinstance(key, (int, np.integer)):
            place = range(len(self))[key]
            run = int(np.searchsorted(self.ends, place, "right"))
            return int(self.stops[run] - self.ends[run] + place)
        key = as_slice(key, len(self))
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step == 1:
                return self._part(start, stop)
            key = np.arange(start, stop, step)
        runs = runs_of(key)
        if isinstance(key, Runs) or 4 * len(runs.starts) < len(key):
            part = self._of_runs(runs)
            if part is not None:
                return part
        key = np.asarray(key)
        places = np.where(key < 0, key + len(self), key)
        if len(places) and not 0 <= places.min() <= places.max() < len(self):
            n = len(self)
            raise IndexError(f"Expected positions from {-n} to {n - 1}, found {key}.")
        which = np.searchsorted(self.ends, places, "right")
        return self.stops[which] - self.ends[which] + places

    def _part(self, start: int, stop: int) -> "Runs":
        """The integers at consecutive places."""
        before = self.before
        starts = self.starts + np.clip(start - before, 0, self.sizes)
        stops = self.starts + np.clip(stop - before, 0, self.sizes)
        some = starts < stops
        return Runs(starts[some], stops[some])

    def _of_runs(self, places: "Runs") -> "Runs | None":
        """Integers at ranges of places; None unless each range gives at most one."""
        some = places.sizes > 0
        first, stop = places.starts[some], places.stops[some]
        if not len(first) or first.min() < 0 or stop.max() > len(self):
            return None
        low = np.searchsorted(self.ends, first, "right")
        high = np.searchsorted(self.ends, stop - 1, "right") + 1
        if (low[1:] < high[:-1]).any():
            return None
        which = as_integers(concatenated_ranges(low, high))
        offsets = (self.starts - self.before)[which]
        # Places that continue in the next range here are cut in two.
        starts = np.maximum(np.repeat(first, high - low), self.before[which])
        stops = np.minimum(np.repeat(stop, high - low), self.ends[which])
        filled = starts < stops
        return Runs((starts + offsets)[filled], (stops + offsets)[filled])

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> np.ndarray:
        if copy is False:
            raise ValueError(
                "Expected copy=None or True, found False: an array of the integers in "
                "these ranges is always a copy."
            )
        integers = as_integers(concatenated_ranges(self.starts, self.stops))
        return integers if dtype is None else integers.astype(dtype, copy=False)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any
    ) -> Any:
        arrays = [np.asarray(x) if isinstance(x, Runs) else x for x in inputs]
        return getattr(ufunc, method)(*arrays, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        # Series have similar sizes, so the differences take little space.
        gaps = np.diff(self.stops, prepend=0) - self.sizes
        packed = zlib.compress(np.concatenate([gaps, self.sizes]).tobytes(), 1)
        return _unpacked, (packed,)

    def __repr__(self) -> str:
        return f"<{len(self):,} integers in {len(self.starts):,} ranges>"


def _unpacked(packed: bytes) -> Runs:
    """Unpickled ranges."""
    gaps, sizes = np.frombuffer(zlib.decompress(packed), np.int64).reshape(2, -1)
    stops = np.cumsum(gaps + sizes)
    return Runs(stops - sizes, stops)


def runs_of(integers: Any) -> Runs:
    """Integers as ranges in which they increase by one."""
    if isinstance(integers, Runs):
        return integers
    integers = np.asarray(integers)
    breaks = np.flatnonzero(np.diff(integers) != 1) + 1
    if not len(integers):
        return Runs(integers, integers)
    starts = integers[np.concatenate([[0], breaks])]
    return Runs(starts, integers[np.append(breaks, len(integers)) - 1] + 1)
