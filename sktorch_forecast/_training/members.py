"""Which members of a forecaster's class ``help`` and ``dir`` show."""

from abc import ABCMeta

# The members of skorch, and of our classes around it, that users call.
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
    """Leave out of ``dir(cls)``, and so of ``help(cls)``, what users do not call.

    skorch has some eighty methods for its own use. They all exist; instances list them,
    too, and so does a subclass that overrides one. It is an ABCMeta, so that
    forecasters can be combined with abstract classes.
    """

    def __dir__(cls) -> list[str]:
        return [name for name in super().__dir__() if _is_shown(cls, name)]


def _is_shown(cls: type, name: str) -> bool:
    if name.startswith("_") or name in _CALLED:
        return True
    owners = (base.__module__ for base in cls.__mro__ if name in vars(base))
    return not next(owners, "").startswith(_INSIDE)
