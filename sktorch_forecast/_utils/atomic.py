"""All or nothing: an error leaves an estimator as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_is_one_of_several = ContextVar("is_one_of_several", default=False)


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Give `estimator` its attributes back if the block raises.

    Ctrl-C and SystemExit count as errors. GeneratorExit does not: it closes a generator
    that nobody reads on, and nothing has failed.
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
    """Within, Ctrl-C stops more than a fit: its estimator is a part of something.

    A fit alone keeps its best epoch, see ``_training.interrupts``. Signals reach the
    main thread only, so that fits in other threads need not know.
    """
    token = _is_one_of_several.set(True)
    try:
        yield
    finally:
        _is_one_of_several.reset(token)


def is_one_of_several() -> bool:
    """Whether a fit is called within `one_of_several`."""
    return _is_one_of_several.get()
