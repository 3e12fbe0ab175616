"""Docstrings of what is public, as numpydoc reads them."""

import inspect
from importlib import import_module

import pytest
from numpydoc.validate import ERROR_MSGS, validate

MODULES = (
    "sktorch_forecast",
    *(
        f"sktorch_forecast.{name}"
        for name in (
            "datasets",
            "features",
            "inspection",
            "layers",
            "metrics",
            "model_selection",
            "networks",
            "onnx",
            "plotting",
        )
    ),
)

# What numpydoc can ask for and this package does not do, and why.
NOT_ASKED = {
    "ES01": "a summary that says all needs nothing after it",
    "EX01": "examples are where they help, and in the gallery",
    "GL01": "docstrings begin in the line of the quotes",
    "GL02": "parts that are put together end in a line of their own",
    "PR01": "**dunder, and what a class has in __init__ of its base",
    "PR02": "it reads default=* and arguments of torch's classes wrong",
    "PR03": '*: "X, y, sample_weight" may share one description',
    "PR04": "what is described elsewhere has its type there",
    "PR07": "a shape says what a tensor is",
    "RT01": "properties and methods of skorch whose value is the object",
    "RT02": "scikit-learn names what is returned, too",
    "RT03": "the name and type of what is returned may say all",
    "SA01": "references are in the text, where they belong",
    "SS05": '"as", "is" and "has" are no verbs in the third person to a reader',
}


def public():
    """Import paths of all public functions and classes, and of their own methods."""
    for module in MODULES:
        for name in import_module(module).__all__:
            found = getattr(import_module(module), name)
            is_class = inspect.isclass(found)
            if is_class or inspect.isfunction(found):
                yield f"{module}.{name}"
            if is_class:
                for method, value in vars(found).items():
                    if not method.startswith("_") and inspect.isfunction(value):
                        yield f"{module}.{name}.{method}"


def test_what_is_not_asked_for_exists():
    assert not set(NOT_ASKED) - set(ERROR_MSGS)


@pytest.mark.parametrize("path", sorted(set(public())))
def test_docstring(path):
    errors = validate(path)["errors"]
    assert [error for error in errors if error[0] not in NOT_ASKED] == []
