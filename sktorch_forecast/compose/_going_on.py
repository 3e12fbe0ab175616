"""Continued training of a fitted estimator, by the forecaster at its end."""

from copy import deepcopy
from typing import Any

from .._data.windows import Windows
from .._utils.inside import inside_of
from ..metrics._uncertainty_of import unwrapped


def goes_on(model: Any) -> bool:
    """Whether the estimator of a SeriesForecaster can continue training.

    Raises
    ------
    AttributeError
        If not, with the reason, for `available_if`.
    """
    estimator = getattr(model, "estimator_", model._inner())
    while (inside := _inside(estimator)) is not None:
        estimator = inside
    if not hasattr(estimator, "partial_fit"):
        raise AttributeError(
            f"Expected an estimator with partial_fit, such as a network, found "
            f"{type(estimator).__name__}. Call update(df) to forecast from new rows "
            "without training, or fit again."
        )
    return True


def _inside(estimator: Any) -> Any:
    """The last step of a pipeline, or what a search has fitted or will fit."""
    is_search = hasattr(estimator, "estimator") and hasattr(estimator, "cv")
    names = ("best_estimator_", "estimator") if is_search else ()
    return inside_of(estimator, *names)


def trained_on(estimator: Any, X: Windows, y: Any) -> Any:
    """A copy of a fitted estimator whose forecaster has also seen these samples.

    Parameters
    ----------
    estimator : estimator
        A forecaster with `partial_fit`, or a pipeline or search with one at its end.
        Transformers stay as they are.
    X, y
        The samples.

    Returns
    -------
    new : estimator
    """
    new = deepcopy(estimator)
    forecaster, X = unwrapped(new, X)
    forecaster.partial_fit(X, y)
    return new
