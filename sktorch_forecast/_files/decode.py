"""Convert a JSON document and arrays back to an estimator, see `encode`."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from .leaves import KINDS, dtype_of_torch
from .names import Names
from .random import random_of

# Position of the name in the content of a tag.
_PLACES = {"mapping": 0, "module": 0, "object": 1, "reduced": 1}


def decoded(
    document: Any,
    arrays: Mapping[str, np.ndarray],
    path: Any,
    trusted: Iterable[Callable[..., Any]] = (),
) -> Any:
    """The object that a document describes, if all its names are allowed.

    Parameters
    ----------
    document : object
        JSON data.
    arrays : mapping of str to ndarray
        Arrays that it leaves out.
    path : path-like
        The file, for error messages.
    trusted : iterable of classes or functions, default=()
        Allowed in addition to those of the package and its dependencies.

    Raises
    ------
    TypeError
        If it names any others.
    ValueError
        If it makes no sense.
    """
    names = Names(trusted)
    try:
        named = list(_names_in(document))
    except (TypeError, ValueError, IndexError) as error:
        raise _senseless(path, error) from error
    names.check(named)
    try:
        return _Decoder(arrays, names).decode(document)
    except Exception as error:
        raise _senseless(path, error) from error


def _senseless(path, error):
    return ValueError(
        f"Expected a file that save has written, found {os.fspath(path)!r} with "
        f"different content: {type(error).__name__}: {error}"
    )


def _names_in(node: Any) -> Iterator[str]:
    """All classes and functions that a document names."""
    if isinstance(node, list):
        for item in node:
            yield from _names_in(item)
    elif isinstance(node, dict):
        ((tag, content),) = node.items()
        if tag == "name":
            yield content
        elif tag in _PLACES:
            yield content[_PLACES[tag]]
        yield from _names_in(content)


class _Decoder:
    """Decodes one document.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Arrays that the document leaves out.
    names : Names
        What its names stand for; all have been checked.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], names: Names):
        self.arrays, self.names = arrays, names
        self._seen: dict[int, Any] = {}
        self._tags: dict[str, Callable[[Any], Any]] = {
            "array": self._array,
            "dict": self._dict,
            "float": float,
            "frozenset": lambda items: frozenset(self.decode(items)),
            "mapping": self._mapping,
            "module": self._module,
            "name": self.names.__getitem__,
            "object": self._object,
            "random": self._random,
            "reduced": self._reduced,
            "same": self._seen.__getitem__,
            "set": lambda items: set(self.decode(items)),
            "tensor": self._tensor,
            "tuple": lambda items: tuple(self.decode(items)),
            "value": self._value,
        }

    def decode(self, node: Any) -> Any:
        """The value that a node of the document describes."""
        if isinstance(node, list):
            return [self.decode(item) for item in node]
        if not isinstance(node, dict):
            return node
        ((tag, content),) = node.items()
        return self._tags[tag](content)

    def _dict(self, pairs):
        return {self.decode(key): self.decode(value) for key, value in pairs}

    def _mapping(self, content):
        name, pairs = content
        mapping = self.names[name]()
        mapping.update(self._dict(pairs))
        return mapping

    def _tensor(self, content):
        dtype, array = content
        return torch.from_numpy(self.decode(array)).view(dtype_of_torch(dtype))

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
