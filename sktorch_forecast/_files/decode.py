"""And back: from a document of JSON and arrays to an estimator, see `encode`."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .leaves import KINDS
from .names import Names
from .random import random_of


def names_in(node: Any) -> Iterator[str]:
    """All classes and functions that a document names."""
    if isinstance(node, list):
        for item in node:
            yield from names_in(item)
    elif isinstance(node, dict):
        ((tag, content),) = node.items()
        places = {"name": None, "mapping": 0, "module": 0, "object": 1, "reduced": 1}
        if tag in places:
            place = places[tag]
            yield content if place is None else content[place]
        yield from names_in(content)


class Decoder:
    """Decodes one document.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        What the document leaves out.
    names : Names
        What its names stand for; all were checked before.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], names: Names):
        self.arrays, self.names = arrays, names
        self._seen: dict[int, Any] = {}

    def decode(self, node: Any) -> Any:
        """The value that stands for a node of the document."""
        if isinstance(node, list):
            return [self.decode(item) for item in node]
        if not isinstance(node, dict):
            return node
        ((tag, content),) = node.items()
        return getattr(self, f"_{tag}")(content)

    def _float(self, text):
        return float(text)

    def _tuple(self, items):
        return tuple(self.decode(items))

    def _set(self, items):
        return set(self.decode(items))

    def _frozenset(self, items):
        return frozenset(self.decode(items))

    def _dict(self, pairs):
        return {self.decode(key): self.decode(value) for key, value in pairs}

    def _mapping(self, content):
        name, pairs = content
        mapping = self.names[name]()
        mapping.update(self._dict(pairs))
        return mapping

    def _name(self, name):
        return self.names[name]

    def _same(self, number):
        return self._seen[number]

    def _value(self, content):
        kind, parts = content
        return KINDS[kind].whole(self.decode(parts))

    def _array(self, content):
        number, name, *how = content
        if name is None:
            dtype, shape, items = how
            flat = np.empty(len(items), dtype)
            flat[:] = [self.decode(item) for item in items]
            array = flat.reshape(shape)
        else:
            is_fortran, *how = how
            array = self.arrays[name]
            if how:
                dtype, shape = self.decode(how)
                array = array.view(np.dtype(dtype)).reshape(shape)
            array = array.T if is_fortran else array
        self._seen[number] = array
        return array

    def _random(self, content):
        number, state = content
        self._seen[number] = random_of(self.decode(state))
        return self._seen[number]

    def _module(self, content):
        name, params, tensors = content
        module = self.names[name](**self.decode(params))
        module.load_state_dict(self.decode(tensors))
        return module.eval()

    def _reduced(self, content):
        number, name, arguments, state = content
        thing = self.names[name](*self.decode(arguments))
        for part in self.decode(state):
            thing.__setstate__(part)
        self._seen[number] = thing
        return thing

    def _object(self, content):
        number, name, pairs = content
        cls = self.names[name]
        thing = object.__new__(cls)
        self._seen[number] = thing
        state = self._dict(pairs)
        if hasattr(cls, "_from_file"):
            thing._from_file(state)
        elif hasattr(cls, "__setstate__"):
            thing.__setstate__(state)
        else:
            vars(thing).update(state)
        return thing
