"""File and pickle support for every estimator of the package."""

import inspect
import os
import warnings
from typing import Any

from sklearn.exceptions import InconsistentVersionWarning

from .._utils.version import __version__
from .saving import save

_VERSION = "_sktorch_forecast_version"


class FileMixin:
    """`save`, and a version in every stored form of an estimator."""

    def save(self: Any, path: str | os.PathLike[str]) -> None:
        """Write this estimator to a file, as :func:`sktorch_forecast.save` does.

        Parameters
        ----------
        path : path-like
            The file, in an existing folder; :func:`sktorch_forecast.load` reads it.

        Raises
        ------
        TypeError
            If a part of it can only be pickled.
        OSError
            If the file cannot be written.
        """
        save(self, path)

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return with_version(state)

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = up_to_date(type(self), state)
        inherited = getattr(super(), "__setstate__", vars(self).update)
        inherited(state)


def with_version(state: dict[str, Any]) -> dict[str, Any]:
    """The state with the version of the package added."""
    return {**state, _VERSION: __version__}


def up_to_date(cls: type, state: dict[str, Any]) -> dict[str, Any]:
    """The state without its version, and with parameters added since then.

    Parameters
    ----------
    cls : type
        Class of the estimator.
    state : dict of str to object
        Its attributes.

    Warns
    -----
    InconsistentVersionWarning
        If the state is from another version, as with scikit-learn's own estimators.
    """
    state = dict(state)
    found = state.pop(_VERSION, "unknown")
    if found != __version__:
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name=cls.__name__,
                current_sklearn_version=__version__,
                original_sklearn_version=found,
            )
        )
    parameters = inspect.signature(cls).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    return defaults | state
