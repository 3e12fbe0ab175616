"""The rules of the house: what may import what, how large a room may be."""

import ast
import re
from pathlib import Path

import pytest

import sktorch_forecast

ROOT = Path(sktorch_forecast.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
NAMES = [str(file.relative_to(ROOT)) for file in FILES]

# From the top to the ground: a room may import from the floors below it, and from its
# own folder. `docs/architecture.rst` draws them.
FLOORS = [
    {"discovery"},
    {"compose"},
    {"plotting", "naive", "networks"},
    {"forecaster", "metrics"},
    {"_uncertainty"},
    {"_training", "model_selection", "sliding_window"},
    {"_data"},
    {"layers", "features", "datasets"},
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


def test_every_room_is_on_a_floor():
    rooms = {room_of(name) for name in NAMES} - {"__init__"}
    assert set.union(*FLOORS) == rooms


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_imports_go_downward_only(file):
    room = room_of(file.relative_to(ROOT))
    if room == "__init__":
        return  # it shows what is in all rooms
    floor = next(i for i, rooms in enumerate(FLOORS) if room in rooms)
    below = set().union(*FLOORS[floor + 1 :])
    assert set(imported_rooms(file)) - {room} <= below


@pytest.mark.parametrize(
    "file", [f for f in FILES if room_of(f.relative_to(ROOT)) == "_data"], ids=str
)
def test_the_data_know_no_torch(file):
    assert not re.search(r"^\s*(import|from) (torch|skorch)", file.read_text(), re.M)
