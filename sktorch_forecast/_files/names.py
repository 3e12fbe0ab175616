"""Which classes a file may name, and how to find them.

A file says "module:Class". Nothing is imported for it, let alone created, unless it is
a class of this package, one of the kinds below from its dependencies, or named by the
caller.
"""

import importlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from sklearn.utils import Bunch
from skorch.callbacks import Callback
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader, Dataset

# Kinds of classes, by where they are defined.
_KINDS: dict[str, tuple[type, ...]] = {
    "numpy": (np.generic,),
    "sklearn": (object,),
    "skorch": (Callback,),
    "torch.nn": (nn.Module,),
    "torch.optim": (Optimizer, LRScheduler),
    "torch.utils.data": (DataLoader, Dataset),
}
_PACKAGE = "sktorch_forecast"
# Functions of these, too: callbacks keep some of them.
_FUNCTIONS = ("skorch.utils", f"{_PACKAGE}._training.log")
# Parts of scikit-learn's trees, which define how to rebuild themselves.
REDUCED = {
    "sklearn.tree._tree:Tree",
    "sklearn._loss._loss:CyHalfSquaredError",
}
_SINGLE = {
    "builtins:print": print,  # where a callback of skorch's may write to
    "collections:OrderedDict": OrderedDict,
    "sklearn.utils._bunch:Bunch": Bunch,
}


def name_of(thing: Any) -> str:
    """ "module:Class", or "numpy:log" for a NumPy array function."""
    if isinstance(thing, np.ufunc):
        return f"numpy:{thing.__name__}"
    # Before 1.8, the losses of scikit-learn's trees do not know their module.
    module = "sklearn._loss._loss" if thing.__module__ == "_loss" else thing.__module__
    return f"{module}:{thing.__qualname__}"


def is_known(thing: Any) -> bool:
    """Whether a file may name this class or function without the caller's consent."""
    if isinstance(thing, np.ufunc):
        return getattr(np, thing.__name__, None) is thing
    if _SINGLE.get(name_of(thing)) is thing:
        return True
    module = name_of(thing).partition(":")[0]
    if not isinstance(thing, type):
        return module in _FUNCTIONS
    kinds = [kinds for root, kinds in _KINDS.items() if _is_in(module, root)]
    return _is_in(module, _PACKAGE) or any(issubclass(thing, k) for k in kinds)


class Names:
    """Names in a file, and what they stand for.

    Parameters
    ----------
    trusted : iterable of type or callable, default=()
        Others that the caller allows.
    """

    def __init__(self, trusted: Iterable[Callable[..., Any]] = ()):
        self.trusted = {name_of(thing): thing for thing in trusted}

    def check(self, names: Iterable[str]) -> None:
        """Raise a TypeError that lists the names that are not allowed."""
        unknown = sorted(name for name in set(names) if self._found(name) is None)
        if unknown:
            raise TypeError(
                f"Expected only classes of {_PACKAGE} and the packages that it needs, "
                f"found {', '.join(unknown)} in the file. If you trust the file, pass "
                "these classes themselves: load(path, trusted=[...])."
            )

    def __getitem__(self, name: str) -> Any:
        return self._found(name)

    def _found(self, name):
        for known in (self.trusted, _SINGLE):
            if name in known:
                return known[name]
        module, _, qualified = name.partition(":")
        if not any(_is_in(module, root) for root in (_PACKAGE, *_KINDS)):
            return None
        try:
            found = importlib.import_module(module)
            for part in qualified.split("."):
                found = vars(found)[part]
            # By its own name, not by one under which it was imported.
            return found if name_of(found) == name and is_known(found) else None
        except (ImportError, KeyError, TypeError, AttributeError):
            return None


def _is_in(module, root):
    return module == root or module.startswith(root + ".")
