"""What pipelines, searches and other estimators are around."""

from typing import Any

from sklearn.pipeline import Pipeline


def inside_of(estimator: Any, *attributes: str) -> Any:
    """The estimator one level inside of another.

    Parameters
    ----------
    estimator : estimator
        A pipeline is around its last step.
    *attributes : str
        Where others may have the one inside, in the order of preference: what a search
        has fitted is "best_estimator_", what a wrapper has fitted "estimator_", what
        either will fit "estimator".

    Returns
    -------
    inside : estimator or None
        None if there is none.
    """
    if isinstance(estimator, Pipeline):
        return estimator[-1]
    for name in attributes:
        if (inside := getattr(estimator, name, None)) is not None:
            return inside
    return None
