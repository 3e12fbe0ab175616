"""Signature and docstring that a subclass of a forecaster inherits."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

# Placeholders in a docstring for sections of a parent's.
_PLACEHOLDERS = {
    "{shared_parameters}": "Parameters",
    "{shared_attributes}": "Attributes",
}


def inherited_signature(
    init: Callable[..., Any], inherited: Callable[..., Any]
) -> tuple[inspect.Signature, list[str]]:
    """The signature of a constructor that passes ``**shared`` on to its parent's.

    Parameters
    ----------
    init, inherited : callable
        Constructors of a class and of its parent.

    Returns
    -------
    signature : inspect.Signature
        self and its own parameters first, then all others, but no ``**kwargs``:
        scikit-learn takes every name in a signature for a parameter.
    own : list of str
        Names that the class declares itself.
    """
    signature = inspect.signature(init).parameters
    rest = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
    own = {k: p for k, p in signature.items() if p.kind not in rest}
    names = [name for name in own if name != "self"]
    for name, parameter in inspect.signature(inherited).parameters.items():
        if name not in own and parameter.kind not in rest:
            own[name] = parameter
    in_order = sorted(own.values(), key=lambda parameter: parameter.kind)
    return inspect.Signature(in_order), names


def constructor_of_mixin(
    init: Callable[..., Any], inherited: Callable[..., Any]
) -> Callable[..., None]:
    """A constructor like that of a mixin, whose signature also shows what it passes on.

    Parameters
    ----------
    init, inherited : callable
        Constructors of the mixin, such as skorch's for accelerate, and of the
        forecaster that it is mixed into.

    Returns
    -------
    init : callable
    """

    @functools.wraps(init)
    def constructor(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)

    signature, _ = inherited_signature(init, inherited)
    constructor.__signature__ = signature  # pyright: ignore[reportAttributeAccessIssue]
    return constructor


def described(doc: str, parents: Sequence[str | None]) -> str:
    """A docstring whose placeholders are replaced with the parents' descriptions.

    Parameters
    ----------
    doc : str
        With or without ``{shared_parameters}`` or ``{shared_attributes}`` on separate
        lines.
    parents : sequence of str or None
        Docstrings of the parents, nearest first. Each section comes from the nearest
        parent that has it.

    Returns
    -------
    doc : str
        Without indentation, as Python 3.13 and later keep docstrings.
    """
    doc = inspect.cleandoc(doc)
    for placeholder, title in _PLACEHOLDERS.items():
        if placeholder in doc:
            sections = (_section(inspect.cleandoc(p), title) for p in parents if p)
            doc = doc.replace(placeholder, next((s for s in sections if s), ""))
    return doc


def _section(doc, title):
    """Body of a numpydoc section, without its heading; empty if there is none."""
    lines = doc.splitlines()
    underlined = [i for i in range(1, len(lines)) if _is_rule(lines[i])]
    starts = [i for i in underlined if lines[i - 1] == title]
    if not starts:
        return ""
    end = next((i - 1 for i in underlined if i > starts[0]), len(lines))
    return "\n".join(lines[starts[0] + 1 : end]).rstrip()


def _is_rule(line):
    return len(line) > 2 and set(line) == {"-"}
