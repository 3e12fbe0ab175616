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
