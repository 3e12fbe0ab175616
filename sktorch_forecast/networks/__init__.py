"""One file a network: the torch module, then its forecaster.

Every public forecaster of a file in this folder is found here, and through here by
the package itself, the tests, the benchmarks and the docs.
"""

import importlib
import pkgutil

from ..forecaster import Forecaster

__all__ = []
for _file in pkgutil.iter_modules(__path__):
    _module = importlib.import_module(f"{__name__}.{_file.name}")
    for _name, _item in list(vars(_module).items()):
        if (
            isinstance(_item, type)
            and issubclass(_item, Forecaster)
            and _item.__module__ == _module.__name__
            and hasattr(_item, "module")  # else it is a base of several
        ):
            globals()[_name] = _item
            __all__.append(_name)
