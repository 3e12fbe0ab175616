"""A panel whose values are on disk."""

from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np
import pandas as pd

from .indexing import as_integers, concatenated_ranges
from .panel import Panel, Source

# How many rows are gathered at once.
_AT_ONCE = 1 << 20


@dataclass(frozen=True, eq=False)
class StoredPanel(Panel):
    """A panel with a read-only memory map of values and computed timestamps.

    A pickle holds only its location. Selections from it are in memory.

    Attributes
    ----------
    store : PanelStore
        The store that holds it.
    used : ndarray of shape (n_used,), int64, or None
        Series that windows were made from, if some were too short. The rows of those
        stay in the panel, but must not be used.
    """

    store: Any = None
    used: np.ndarray | None = None

    def select(self, which: np.ndarray, start: np.ndarray, stop: np.ndarray) -> Any:
        """As in a ``Panel``, but with its own memory."""
        n_rows = np.concatenate([[0], np.cumsum(stop - start)])
        is_all = len(which) == self.n_series  # then names need no copy
        values = _gathered(self.values, start, stop, n_rows)
        targets = self.targets
        if targets is not None:
            is_part = np.shares_memory(targets, self.values)
            of_values = values[:, : self.n_targets]
            targets = of_values if is_part else _gathered(targets, start, stop, n_rows)
        index: Any = self.index
        return Panel(
            values,
            index.select(which, start, stop),
            self.channels,
            n_rows,
            self.n_targets,
            self.n_future,
            self.ids if is_all or self.ids is None else self.ids[which],
            None if self.static is None else self.static[which],
            self.static_names,
            self.freqs,
            None if self.freq_of is None else self.freq_of[which],
            targets,
            self.is_complete,
            Source(),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        has_targets = self.targets is not None
        return reopened, (self.store, self.is_complete, has_targets, self.used)


def _gathered(array, start, stop, n_rows):
    """Rows ``start[i]`` to ``stop[i] - 1`` for all i, without listing their numbers."""
    part = np.empty((n_rows[-1], *array.shape[1:]), array.dtype)
    cuts = np.searchsorted(n_rows, np.arange(0, n_rows[-1], _AT_ONCE), "left")
    cuts = np.unique([0, *cuts, len(start)])
    for first, last in zip(cuts[:-1], cuts[1:]):
        some = slice(first, last)
        rows = as_integers(concatenated_ranges(start[some], stop[some]))
        part[n_rows[first] : n_rows[last]] = array[rows]
    return part


def reopened(
    store: Any, is_complete: bool, has_targets: bool, used: np.ndarray | None
) -> StoredPanel:
    """The panel of a store, as pickled."""
    panel = store.panel
    targets = panel.targets if has_targets else None
    return replace(panel, targets=targets, is_complete=is_complete, used=used)


def names_in(panel: Panel) -> pd.Index | None:
    """Names of the series that windows were made from."""
    if isinstance(panel, StoredPanel) and panel.used is not None:
        return None if panel.ids is None else panel.ids[panel.used]
    return panel.ids


def is_stored(panel: Panel) -> TypeGuard[StoredPanel]:
    """Whether the values of a panel are on disk."""
    return isinstance(panel, StoredPanel)


def without_copy(part: Panel) -> Panel:
    """A panel with its own memory, copied only if necessary."""
    values = part.values
    if values.base is not None:
        values = values.copy()
    targets = part.targets
    if targets is not None and targets.base is not part.values:
        targets = targets.copy() if targets.base is not None else targets
    return replace(part, values=values, targets=targets)
