"""Find the estimators of the package, as ``sklearn.utils.discovery`` does.

And the types that a file of one contains.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Literal

from sklearn.base import BaseEstimator

import sktorch_forecast

from ._data.overlap import TrainedOrigins
from ._training.batches import BatchIterator, WindowDataset
from ._training.callbacks import KeepBestWeights
from ._training.log import TrainingLog, printed
from ._training.objective import Objective
from ._training.spec import NetworkSpec
from ._uncertainty.network import NetworkUncertainty
from ._utils.compat import SkorchNet
from .forecaster import Forecaster
from .layers.families import FAMILIES
from .layers.heads import Point, Quantiles

# Types of this package inside fitted forecasters, besides estimators and networks.
_PARTS = (
    BatchIterator,
    KeepBestWeights,
    NetworkSpec,
    NetworkUncertainty,
    Objective,
    Point,
    Quantiles,
    TrainedOrigins,
    TrainingLog,
    WindowDataset,
    printed,
    *FAMILIES.values(),
)
# And types of other packages, by the names that skops has for them.
_OF_OTHERS = (
    "functools.partial",
    "sklearn.utils._bunch.Bunch",
    "skorch.callbacks.logging.EpochTimer",
    "skorch.callbacks.scoring.PassthroughScoring",
    "skorch.history.History",
    "skorch.setter.optimizer_setter",
    "torch.device",
    "torch.optim.adam.Adam",
)


def all_estimators(
    type_filter: Literal["forecaster", "network", "transformer"] | None = None,
) -> list[tuple[str, type[BaseEstimator]]]:
    """All public estimators of the package.

    Parameters
    ----------
    type_filter : {"forecaster", "network", "transformer"} or None, default=None
        "forecaster" for all forecasters, "network" for the neural ones among them,
        "transformer" for those with a `transform`; None for all estimators.

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
    """Whether `cls` is abstract or a base class of networks, without a torch module."""
    is_base = issubclass(cls, SkorchNet) and not hasattr(cls, "module")
    return is_base or inspect.isabstract(cls)


def trusted_types() -> list[str]:
    """Names of the types that skops must trust to load a forecaster's file.

    For ``skops.io.load(file, trusted=trusted_types())``, and for
    ``mlflow.sklearn.log_model(..., skops_trusted_types=trusted_types())``. They cover
    all forecasters with the default optimizer and callbacks; add your own types, which
    ``skops.io.get_untrusted_types`` lists.

    Returns
    -------
    types : list of str
        Sorted.

    Warnings
    --------
    skorch stores the weights of a network as a pickle, even inside skops files. To
    trust these types is to trust the file: only load files from people you trust.

    Examples
    --------
    >>> from sktorch_forecast.discovery import trusted_types
    >>> "sktorch_forecast.networks.gru.GRUForecaster" in trusted_types()
    True
    """
    networks = [cls.module for _, cls in all_estimators("network")]  # pyright: ignore[reportAttributeAccessIssue]
    estimators = [cls for _, cls in all_estimators()]
    types = {
        f"{cls.__module__}.{cls.__qualname__}"
        for cls in [*estimators, *networks, *_PARTS]
    }
    return sorted(types | {*_OF_OTHERS})
