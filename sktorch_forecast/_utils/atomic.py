"""All or nothing: an error leaves an estimator as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_is_one_of_several = ContextVar("is_one_of_several", default=False)


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Restore the attributes of `estimator` if the block raises.

    Ctrl-C and SystemExit count as errors. GeneratorExit does not: it closes a generator
    that is no longer read, and nothing has failed.
    """
    before = vars(estimator).copy()
    try:
        yield
    except GeneratorExit:
        raise
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


@contextmanager
def one_of_several() -> Iterator[None]:
    """Inside, Ctrl-C stops more than one fit, since its estimator is part of another.

    A single fit keeps its best epoch, see ``_training.interrupts``. Signals reach only
    the main thread, so fits in other threads need not know.
    """
    token = _is_one_of_several.set(True)
    try:
        yield
    finally:
        _is_one_of_several.reset(token)


def is_one_of_several() -> bool:
    """Whether a fit is called inside `one_of_several`."""
    return _is_one_of_several.get()
