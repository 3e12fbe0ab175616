"""Which members of a forecaster's class ``help`` and ``dir`` show."""

from abc import ABCMeta

# Of skorch, and of what carries it out here, what is called by users.
_CALLED = {
    "fit",
    "get_params",
    "history",
    "initialize",
    "load_params",
    "partial_fit",
    "predict",
    "predict_interval",
    "predict_quantiles",
    "sample",
    "save",
    "save_params",
    "score",
    "set_params",
}
_INSIDE = ("skorch.", "sktorch_forecast._")


class ForecasterType(ABCMeta):
    """Leaves out of ``dir(cls)``, and so of ``help(cls)``, what users do not call.

    skorch has some eighty methods that it calls itself. They are all there; objects
    list them, too, and a subclass that overrides one lists it. It is an ABCMeta, so
    that forecasters go together with abstract classes.
    """

    def __dir__(cls) -> list[str]:
        return [name for name in super().__dir__() if _is_shown(cls, name)]


def _is_shown(cls: type, name: str) -> bool:
    if name.startswith("_") or name in _CALLED:
        return True
    owners = (base.__module__ for base in cls.__mro__ if name in vars(base))
    return not next(owners, "").startswith(_INSIDE)
