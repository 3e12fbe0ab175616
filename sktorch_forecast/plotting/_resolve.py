"""The forecaster inside a pipeline or search, and what it gets to see."""

from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def unwrapped(estimator, X):
    """The forecaster at the end of pipelines and searches, and its own `X`.

    Parameters
    ----------
    estimator : estimator
        Fitted forecaster, pipeline or search.
    X : array-like
        What `estimator` takes.

    Returns
    -------
    forecaster : estimator
        The innermost fitted forecaster.
    X : array-like
        What the steps before it make of `X`.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If a search is not fitted.
    """
    if isinstance(estimator, BaseSearchCV):
        check_is_fitted(estimator, "best_estimator_")
        return unwrapped(estimator.best_estimator_, X)
    if isinstance(estimator, Pipeline):
        if len(estimator) > 1:
            X = estimator[:-1].transform(X)
        return unwrapped(estimator[-1], X)
    return estimator, X


def uncertainty_of(estimator, X, method):
    """As `unwrapped`, for a forecaster that says how sure it is.

    Parameters
    ----------
    estimator : estimator
        Fitted forecaster, pipeline or search.
    X : array-like
        What `estimator` takes.
    method : {"predict_interval", "sample"}
        What the forecaster must have.

    Returns
    -------
    forecaster : estimator
        The innermost fitted forecaster.
    X : array-like
        What the steps before it make of `X`.

    Raises
    ------
    TypeError
        If the forecaster does not have the method.
    """
    forecaster, X = unwrapped(estimator, X)
    if not hasattr(forecaster, method):
        raise TypeError(
            f"Expected a forecaster with the method {method}, found "
            f"{type(forecaster).__name__}, which has none. Put a ConformalForecaster "
            "around it, or use a network with the parameter likelihood= or quantiles=."
        )
    return forecaster, X
