"""Find the estimators of the package, as ``sklearn.utils.discovery`` does."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Literal

from sklearn.base import BaseEstimator

import sktorch_forecast

from ._utils.compat import SkorchNet
from .forecaster import Forecaster


def all_estimators(
    type_filter: Literal["forecaster", "network", "transformer"] | None = None,
) -> list[tuple[str, type[BaseEstimator]]]:
    """All public estimators of the package.

    Parameters
    ----------
    type_filter : {"forecaster", "network", "transformer"} or None, default=None
        "forecaster" for all that forecast, "network" for the neural ones among them,
        "transformer" for those with a `transform`; None for all.

    Returns
    -------
    estimators : list of (str, type)
        Names and classes, sorted by name.

    Raises
    ------
    ValueError
        If `type_filter` is something else.

    Examples
    --------
    >>> from sktorch_forecast.discovery import all_estimators
    >>> "LSTMForecaster" in dict(all_estimators("network"))
    True
    """
    filters: dict[str | None, Callable[[type], bool]] = {
        None: lambda cls: True,
        "forecaster": lambda cls: hasattr(cls, "predict"),
        "network": lambda cls: issubclass(cls, Forecaster),
        "transformer": lambda cls: hasattr(cls, "transform"),
    }
    if not isinstance(type_filter, (str, type(None))) or type_filter not in filters:
        raise ValueError(
            f"Expected type_filter to be one of {list(filters)}, found {type_filter!r}."
        )
    found: dict[str, type[BaseEstimator]] = {}
    for info in pkgutil.walk_packages(sktorch_forecast.__path__, "sktorch_forecast."):
        module = importlib.import_module(info.name)
        for name, cls in vars(module).items():
            if (
                inspect.isclass(cls)
                and issubclass(cls, BaseEstimator)
                and cls.__module__.startswith("sktorch_forecast")
                and not name.startswith("_")
                and not _is_base(cls)
                and filters[type_filter](cls)
            ):
                found[name] = cls
    return sorted(found.items())


def _is_base(cls: type) -> bool:
    """Whether `cls` is abstract, or a base of networks: without a torch module."""
    is_base = issubclass(cls, SkorchNet) and not hasattr(cls, "module")
    return is_base or inspect.isabstract(cls)
