"""Convert an estimator to a JSON document and arrays.

Numbers, strings, lists, None, True and False are stored as they are in the document.
Everything else is a JSON object with a single key that says what it is::

    {"tuple": [...]}, {"set": [...]}, {"frozenset": [...]}
    {"float": "nan"}                       or "inf", "-inf"
    {"dict": [[key, value], ...]}
    {"mapping": ["module:Class", [[key, value], ...]]}
    {"array": [number, name]}              and for anything but plain numbers:
    {"array": [number, name, dtype, ...]}  see `Encoder._array`
    {"tensor": [dtype, array]}             a torch tensor
    {"value": [kind, parts]}               a value of a kind in `leaves`
    {"random": [number, state]}            a RandomState or Generator of NumPy
    {"name": "module:Class"}               a class, or a function
    {"module": ["module:Class", parameters, tensors]}   a torch module, to be rebuilt
    {"reduced": [number, "module:Class", arguments, state]}
    {"object": [number, "module:Class", state]}
    {"same": number}                       the array or object with that number

The state of an object is what ``copy`` would use, that of a network what its
``_to_file`` returns.
"""

import inspect
import math
from collections import OrderedDict
from typing import Any, NoReturn

import numpy as np
import torch
from sklearn.utils import Bunch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from .leaves import KINDS, comes_back, fields_of, kind_of
from .names import REDUCED, name_of
from .random import state_of

_CONTAINERS = (list, tuple, set, frozenset, dict, OrderedDict, Bunch)


class Encoder:
    """Encodes one estimator.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Arrays that the document leaves out, by names that say where they belong.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        # The number of each object by its id, and the object itself, to keep its id in
        # use.
        self._seen: dict[int, tuple[int, Any]] = {}

    def encode(self, value: Any, path: str) -> Any:
        """The representation of a value in the document.

        Parameters
        ----------
        value : object
        path : str
            Where it is, for names of arrays and for errors.

        Raises
        ------
        TypeError
            If it, or a part of it, cannot be written without pickle.
        """
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if type(value) in _CONTAINERS:
            return self._container(value, path)
        if isinstance(value, (type, np.ufunc)) or inspect.isroutine(value):
            return {"name": self._name(value, path)}
        if isinstance(value, nn.Module):
            return {"module": self._module(value, path)}
        if isinstance(value, torch.Tensor):
            return {"tensor": self._tensor(value, path)}
        if (kind := kind_of(value)) is not None:
            return {"value": [kind, self._parts(value, kind, path)]}
        return self._with_identity(value, path)

    def _container(self, value, path):
        if type(value) is list:
            return self._items(value, path)
        if type(value) is dict:
            return {"dict": self._pairs(value, path)}
        if isinstance(value, dict):
            return {"mapping": [name_of(type(value)), self._pairs(value, path)]}
        return {type(value).__name__: self._items(value, path)}

    def _with_identity(self, value, path):
        """Values that may be shared between several places."""
        if id(value) in self._seen:
            return {"same": self._seen[id(value)][0]}
        number = len(self._seen)
        self._seen[id(value)] = number, value
        if isinstance(value, np.ndarray):
            return {"array": [number, *self._array(value, path)]}
        if isinstance(value, (np.random.RandomState, np.random.Generator)):
            return {"random": [number, self.encode(state_of(value), path)]}
        name = self._name(type(value), path)
        if name in REDUCED:
            _, arguments, *state = value.__reduce__()
            rest = [self.encode(part, path) for part in (arguments, state)]
            return {"reduced": [number, name, *rest]}
        return {"object": [number, name, self._state(value, path)]}

    def _items(self, values, path):
        return [self.encode(value, f"{path}.{i}") for i, value in enumerate(values)]

    def _pairs(self, mapping, path):
        return [
            [self.encode(key, f"{path} (key)"), self.encode(value, f"{path}.{key}")]
            for key, value in mapping.items()
        ]

    def _name(self, thing, path):
        if inspect.ismethod(thing) or getattr(thing, "__module__", "") is None:
            self._refuse(repr(thing), path, "which is bound to an object")
        name = name_of(thing)
        if "<" in name:  # <lambda>, or <locals> of a function
            self._refuse(name, path, "which cannot be imported by its name")
        return name

    def _parts(self, value, kind, path):
        parts = KINDS[kind].parts(value)
        if not comes_back(value, KINDS[kind], parts):
            self._refuse(repr(value), path)
        return self.encode(parts, path)

    def _tensor(self, tensor, path):
        numbers = tensor.detach().cpu()
        if tensor.dtype == torch.bfloat16:  # which NumPy does not know
            numbers = numbers.view(torch.int16)
        return [str(tensor.dtype), self.encode(numbers.numpy(), path)]

    def _module(self, module, path):
        """A torch module, if its constructor's parameters are its attributes."""
        names = inspect.signature(type(module)).parameters
        params = {n: getattr(module, n) for n in names if hasattr(module, n)}
        parts = params, dict(module.state_dict())
        rest = [self.encode(part, path) for part in parts]
        return [self._name(type(module), path), *rest]

    def _state(self, value, path):
        if hasattr(value, "_to_file"):
            return self._pairs(value._to_file(), path)
        for reduce in ("__reduce__", "__reduce_ex__"):
            if getattr(type(value), reduce) is not getattr(object, reduce):
                self._refuse(repr(value), path, "which only pickle can write")
        if not hasattr(value, "__dict__"):
            self._refuse(repr(value), path, "which only pickle can write")
        state = value.__getstate__()
        if not isinstance(state, (dict, type(None))):  # it has slots, too
            self._refuse(repr(value), path, "which only pickle can write")
        # skorch recreates them at the start of every training, for its optimizer.
        attributes = (state or {}).items()
        kept = {k: v for k, v in attributes if not isinstance(v, LRScheduler)}
        return self._pairs(kept, path)

    def _array(self, array, path):
        """A name and, unless it holds plain numbers, how to read it.

        Numbers keep the order of their axes in memory, on which the last bits of a
        matrix product depend. Times and records are written as the numbers that they
        are in memory, strings and objects into the document.
        """
        if type(array) is not np.ndarray:
            self._refuse(f"an array of type {type(array).__name__}", path)
        kind = array.dtype.kind
        if kind in "OU":
            items = [self.encode(item, path) for item in array.ravel().tolist()]
            return [None, array.dtype.str, list(array.shape), items]
        if not _is_numbers(array.dtype):
            self._refuse(f"an array of {array.dtype}", path)
        how: list[Any] = []
        is_fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        # Not ascontiguousarray, which adds an axis to 0-D arrays.
        array = np.asarray(array.T if is_fortran else array, order="C")
        if kind in "mM":
            how = [array.dtype.str, list(array.shape)]
            array = array.view(np.int64)
        elif kind == "V":
            how = [self.encode(fields_of(array.dtype), path), list(array.shape)]
            array = array.ravel().view(np.uint8)
        elif not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        name = path
        while name in self.arrays:
            name += "'"
        self.arrays[name] = array
        return [name, is_fortran, *how]

    def _refuse(self, found, path, why="which a file cannot hold") -> NoReturn:
        found = found if len(found) < 100 else found[:100] + "..."
        raise TypeError(
            f"Expected an estimator that can be written without pickle, found {found} "
            f"at {path}, {why}. Take it out or replace it, or use joblib.dump, whose "
            "files run code when they are loaded."
        )


def _is_numbers(dtype):
    """Whether arrays hold only numbers whose size is the same on every platform."""
    return dtype.kind in "biufmMV" and not dtype.hasobject and dtype != np.longdouble
