"""A row of the table of bad inputs: a mistake, and what is to be said of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any


@dataclass(frozen=True)
class Row:
    """One mistake at one public entry.

    Attributes
    ----------
    entry : str
        What is called, e.g. "make_windows".
    mistake : str
        What is wrong with the call. Entry and mistake together are a kind.
    call : callable
        Makes the mistake. With `on` it is given the subject.
    error : exception type or tuple of these
        What is raised.
    words : tuple of str
        What the message must hold: what was expected, what was found, what to do.
    on : str or None
        Name of a subject in ``bad_subjects``, which must stay as it was.
    params : dict
        Parameters to set on the subject before the call, and back after it.
    """

    entry: str
    mistake: str
    call: Callable[..., Any]
    error: type[Exception] | tuple[type[Exception], ...]
    words: tuple[str, ...]
    on: str | None = None
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self):
        """A name for the list of tests."""
        text = f"{self.entry}: {self.mistake}"
        return text if self.on is None else f"{text} ({self.on})"


def row(entry, mistake, call, error, *words, on=None, params=None):
    """A mistake, as one Row for each subject that it is made with."""
    subjects = on if isinstance(on, tuple) else (on,)
    return [
        Row(entry, mistake, call, error, words, name, params or {}) for name in subjects
    ]


def table(*rows):
    """All the rows, one below the other."""
    return list(chain.from_iterable(rows))
