"""All or nothing: an error leaves an estimator as it was."""

from contextlib import contextmanager


@contextmanager
def unchanged_on_error(estimator):
    """Give `estimator` its attributes back if the block raises."""
    before = vars(estimator).copy()
    try:
        yield
    except Exception:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
