"""The floors of the package, for the tests and for the picture in the docs."""

import ast
from pathlib import Path

import sktorch_forecast

ROOT = Path(sktorch_forecast.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# From the top to the ground: a room may import from the floors below it, and from its
# own folder.
FLOORS = [
    {"discovery", "testing"},
    {"compose"},
    {"onnx", "plotting", "naive", "networks"},
    {"inspection"},
    {"callbacks", "forecaster", "metrics", "model_selection"},
    {"_uncertainty"},
    {"_training", "sliding_window"},
    {"_data"},
    {"layers", "features", "datasets"},
    {"_files"},
    {"_utils"},
]


def room_of(path):
    """The folder, or the module, right below the package that a file belongs to."""
    return Path(path).parts[0].removesuffix(".py")


def imported_rooms(file):
    """Rooms that a file imports from, wherever in the file it does."""
    package = ["sktorch_forecast", *file.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = package[: len(package) - node.level + 1]
        path = base + (node.module.split(".") if node.module else [])
        if len(path) > 1:
            yield path[1]
        else:
            yield from (alias.name for alias in node.names)
