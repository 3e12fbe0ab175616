"""The rules of the house: what may import what, how large a room may be."""

import ast
import importlib
import inspect
import re
import statistics

import pytest
from floors import FILES, FLOORS, ROOT, imported_rooms, room_of
from networks.test_networks import TABLE
from radon.complexity import cc_visit
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.metrics._scorer import _BaseScorer
from sklearn.model_selection import BaseCrossValidator
from skorch import NeuralNetRegressor
from skorch.callbacks import Callback
from torch import nn

import sktorch_forecast
from sktorch_forecast import networks

NAMES = [str(file.relative_to(ROOT)) for file in FILES]


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


# ------------------------------------------------------------------- private names

# Bases and parts of other packages that we build on, whose private names may change.
FOREIGN = [
    BaseEstimator,
    RegressorMixin,
    TransformerMixin,
    BaseCrossValidator,
    _BaseScorer,
    NeuralNetRegressor,
    Callback,
    nn.Module(),
    nn.GRU(1, 1),
    nn.Linear(1, 1),
]
PRIVATE = {
    name
    for part in FOREIGN
    for name in dir(part)
    if name.startswith("_") and not name.endswith("__")
}
# What notebooks ask any object for: IPython's, and documented there.
PRIVATE -= {"_repr_html_", "_repr_mimebundle_"}
LIBRARIES = ("sklearn", "skorch", "torch")


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def private_names(file):
    """Private names of other packages that a file uses, with their lines."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            if node.module.split(".")[0] not in LIBRARIES:
                continue
            parts = [*node.module.split("."), *(alias.name for alias in node.names)]
            yield from ((node.lineno, part) for part in parts if is_private(part))
        elif isinstance(node, ast.Attribute):
            root = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            of_library = isinstance(root, ast.Name) and root.id in LIBRARIES
            if node.attr in PRIVATE or (of_library and is_private(node.attr)):
                yield node.lineno, node.attr
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if node.name in PRIVATE:
                yield node.lineno, node.name
        elif isinstance(node, ast.ClassDef):
            for item in node.body:
                targets = getattr(item, "targets", [getattr(item, "target", None)])
                names = (getattr(target, "id", "") for target in targets)
                yield from ((item.lineno, n) for n in names if n in PRIVATE)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_private_names_of_others_stand_in_compat_only(file):
    if file.name == "compat.py":
        return
    assert list(private_names(file)) == []


def test_private_names_would_be_found(tmp_path):
    file = tmp_path / "some.py"
    file.write_text(
        "from sklearn.utils._param_validation import Interval\n"
        "from skorch.utils import _private\n"
        "import torch\n"
        "torch._foreach_norm([])\n"
        "class Net:\n"
        "    _modules = []\n"
        "    def _validate_params(self):\n"
        "        return self._flat_weights\n"
    )
    expected = {
        (1, "_param_validation"),
        (2, "_private"),
        (4, "_foreach_norm"),
        (6, "_modules"),
        (7, "_validate_params"),
        (8, "_flat_weights"),
    }
    assert set(private_names(file)) == expected


# --------------------------------------------------------------------------- sizes


def n_lines(file):
    return len(file.read_text().splitlines())


def test_files_are_small():
    assert {name: n for name, f in zip(NAMES, FILES) if (n := n_lines(f)) > 400} == {}
    assert statistics.median(map(n_lines, FILES)) <= 180


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_classes_have_few_members(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ClassDef):
            functions = (ast.FunctionDef, ast.AsyncFunctionDef)
            members = [item.name for item in node.body if isinstance(item, functions)]
            assert len(set(members)) <= 25, (node.name, members)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_functions_are_simple(file):
    """Cyclomatic complexity after radon."""
    blocks = cc_visit(file.read_text())
    functions = [b for b in blocks if not hasattr(b, "methods")]
    methods = [m for b in blocks for m in getattr(b, "methods", [])]
    complex_ = {b.name: b.complexity for b in functions + methods if b.complexity > 12}
    assert complex_ == {}


# -------------------------------------------------------------------------- networks


def networks_of_files():
    """Forecasters that the files of the networks hold, by file."""
    for file in sorted((ROOT / "networks").glob("[!_]*.py")):
        module = importlib.import_module(f"sktorch_forecast.networks.{file.stem}")
        for name, item in vars(module).items():
            is_own = getattr(item, "__module__", None) == module.__name__
            if is_own and inspect.isclass(item) and hasattr(item, "predict"):
                yield name


@pytest.mark.parametrize(
    "place, names",
    [
        ("exports of sktorch_forecast/networks/__init__.py", networks.__all__),
        ("exports of sktorch_forecast/__init__.py", sktorch_forecast.__all__),
        ("TABLE of tests/networks/test_networks.py", TABLE),
    ],
)
def test_every_network_has_its_line(place, names):
    missing = [name for name in networks_of_files() if name not in names]
    assert not missing, f"Add {missing} to the {place}."
    assert all(hasattr(sktorch_forecast, name) for name in networks_of_files())


# ---------------------------------------------------------------------------- its page


def test_the_page_says_what_each_file_holds():
    page = (ROOT.parent / "docs" / "architecture.rst").read_text()
    page = page.partition(".. _files:")[2].partition("\nDecisions")[0]
    described = re.findall(r"^``([\w/]+\.py)`` ", page, re.M)
    names = {name for name in NAMES if "__init__" not in name}
    assert (names - set(described), set(described) - names) == (set(), set())
    assert len(described) == len(names)


def test_the_picture_has_every_room(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT.parent / "docs")
    picture = tmp_path / "house.svg"
    importlib.import_module("house").draw_house(picture)
    for room in set().union(*FLOORS):
        assert f">{room}" in picture.read_text()
