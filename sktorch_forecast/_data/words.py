"""Names: how error messages and reprs show them, and whether they agree."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def plain(name: Any) -> Any:
    """A name without its NumPy type, for display."""
    return name.item() if isinstance(name, np.generic) else name


def listed(names: Sequence, n_shown: int = 8) -> str:
    """A list of names as text; only the first few if there are many."""
    if len(names) <= n_shown:
        return str(list(names))
    shown = ", ".join(repr(plain(name)) for name in names[:n_shown])
    return f"[{shown}, ... {len(names) - n_shown} more]"


def described(channels: Sequence, n_targets: int, n_future: int) -> list[str]:
    """Channels and their roles in words; only the first eight."""
    n_channels = len(channels)
    kinds = {i: " (target)" for i in range(n_targets)}
    kinds |= {n_channels - i: " (future)" for i in range(1, n_future + 1)}
    words = [
        f"{plain(name)!r}{kinds.get(i, '')}" for i, name in enumerate(channels[:8])
    ]
    return words if n_channels <= 8 else [*words, f"... {n_channels - 8} more"]


def same_names(one: Sequence, other: Sequence) -> bool:
    """Whether two lists of names may mean the same.

    The names of array columns are just numbers and match any others.
    """
    one, other = tuple(one), tuple(other)
    counted = tuple(range(len(one))), tuple(range(len(other)))
    return one == other or one in ((), counted[0]) or other in ((), counted[1])
