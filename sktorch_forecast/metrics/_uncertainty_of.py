"""From a pipeline or a search to the probabilistic forecaster inside it."""

from typing import Any, Literal, NoReturn, Protocol, cast

import numpy as np
from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._utils.inside import inside_of
from .._utils.typing import RandomState

# The methods by which a forecaster states its uncertainty.
Method = Literal["predict_interval", "predict_quantiles", "sample"]


class ProbabilisticForecaster(Protocol):
    """Methods of a fitted forecaster that states its uncertainty."""

    def predict(self, X: Any) -> np.ndarray: ...

    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray: ...

    def predict_quantiles(self, X: Any, quantiles: ArrayLike) -> np.ndarray: ...

    def sample(
        self, X: Any, n_samples: int = 100, random_state: RandomState = None
    ) -> np.ndarray: ...


def uncertainty_of(
    estimator: Any, X: Any, method: Method = "predict_quantiles"
) -> tuple[ProbabilisticForecaster, Any]:
    """Find the forecaster in `estimator` that states its uncertainty, and its windows.

    A pipeline has none of the methods ``predict_interval``, ``predict_quantiles`` and
    ``sample``, and a search has none either. So `X` is passed through the transformers
    of a pipeline to its last step, and a search is replaced with its best estimator.

    Parameters
    ----------
    estimator : estimator
        A fitted forecaster, or a pipeline or search with one inside.
    X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
            shape (n_origins, length, n_channels)
        What its ``predict`` takes.
    method : {"predict_interval", "predict_quantiles", "sample"}, \
            default="predict_quantiles"
        The method that the forecaster must have.

    Returns
    -------
    forecaster : estimator
        The forecaster that has the method.
    X : Windows or array
        What its method takes.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If `estimator` is not fitted.
    TypeError
        If the forecaster inside does not have the method, or `estimator` does not take
        windows.
    """
    check_takes_windows(estimator)
    while not hasattr(estimator, method):
        inside = _inside(estimator, X)
        if inside is None:
            check_is_fitted(estimator)
            complain_of_none(estimator, method)
        estimator, X = inside
    return cast(ProbabilisticForecaster, estimator), X


def check_takes_windows(estimator: Any) -> None:
    """Raise a TypeError for a class, and for what makes its own windows."""
    if isinstance(estimator, type):
        raise TypeError(
            f"Expected a fitted forecaster, found the class {estimator.__name__}. Make "
            f"one and fit it first: {estimator.__name__}().fit(X, y)."
        )
    if hasattr(estimator, "estimator_") and hasattr(estimator, "backtest"):
        name = type(estimator).__name__
        raise TypeError(
            f"Expected a forecaster that takes windows, found a {name}, which takes "
            "frames. Pass its fitted estimator, model.estimator_, and windows X from "
            "make_windows(df, horizon=..., length=...)."
        )


def complain_of_none(estimator: Any, method: Method) -> NoReturn:
    """Raise the TypeError for a forecaster without uncertainty."""
    raise TypeError(
        f"Expected a forecaster with the method {method}, found "
        f"{type(estimator).__name__}, which has none. Wrap it in a "
        "ConformalForecaster, or use a network that is trained for it: with "
        'loss="normal" or another distribution, or with loss="quantile".'
    )


def unwrapped(estimator: Any, X: Any) -> tuple[Any, Any]:
    """The forecaster at the end of pipelines and searches, and its own `X`.

    Parameters
    ----------
    estimator : estimator
        Fitted forecaster, pipeline or search.
    X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
            shape (n_origins, length, n_channels)
        What its ``predict`` takes.

    Returns
    -------
    forecaster : estimator
        The innermost fitted forecaster.
    X : Windows or array
        `X` as transformed by the steps before it.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If a transformer of a pipeline is not fitted.
    """
    check_takes_windows(estimator)
    while (inside := _inside(estimator, X)) is not None:
        estimator, X = inside
    return estimator, X


def _inside(estimator: Any, X: Any) -> tuple[Any, Any] | None:
    """The estimator inside a pipeline or search, and its input; None for others."""
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        X = estimator[:-1].transform(X)
    inside = inside_of(estimator, "best_estimator_")
    return None if inside is None else (inside, X)
