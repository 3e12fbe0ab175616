"""Draws the floors of the package, with the imports that its files really have.

The floors are those of ``tests/floors.py``, which the tests hold the imports to.
"""

import sys
from collections import Counter, defaultdict
from pathlib import Path

import matplotlib
import matplotlib.figure
import matplotlib.patches

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from floors import FILES, FLOORS, ROOT, imported_rooms, room_of  # noqa: E402

# room: (left, right, what it is for), on the floor that it has in FLOORS
PLACES = {
    "testing": (2.05, 2.95, "what forecasters\nmust keep to"),
    "discovery": (3.05, 3.95, "finds all estimators"),
    "compose": (0.90, 2.45, "forecasters made of other estimators"),
    "plotting": (0.05, 0.85, "displays"),
    "naive": (1.13, 1.92, "the forecast\nto beat"),
    "networks": (2.05, 2.85, "one file for\neach network"),
    "callbacks": (3.05, 3.95, "for long\ntrainings"),
    "onnx": (3.05, 3.95, "networks for\nONNX Runtime"),
    "inspection": (0.05, 0.85, "which lags and\ncovariates matter"),
    "metrics": (0.05, 0.85, "metrics and\ntheir scorers"),
    "forecaster": (2.15, 2.95, "base class of\nthe networks"),
    "_uncertainty": (2.05, 2.95, "intervals,\nquantiles, paths"),
    "model_selection": (1.13, 1.98, "splitters,\nlearning rate"),
    "_training": (2.05, 2.95, "all that\noverrides skorch"),
    "sliding_window": (3.05, 3.95, "sets the\nlook-back window"),
    "_data": (0.05, 0.95, "frame, panel,\nwindows, targets"),
    "datasets": (1.13, 1.98, "example series"),
    "layers": (2.05, 2.95, "torch modules,\nnormalization"),
    "features": (3.05, 3.95, "calendar\ncovariates"),
    "_files": (0.05, 3.95, "files of estimators, without pickle"),
    "_utils": (0.05, 3.95, "checks, randomness, private names of other packages"),
}
HEIGHT = 0.62


def imports():
    """Which rooms each room imports from."""
    found = defaultdict(set)
    for file in FILES:
        room = room_of(file.relative_to(ROOT))
        found[room] |= set(imported_rooms(file)) - {room}
    return {room: found[room] for room in set().union(*FLOORS)}


def without_detours(edges):
    """Edges that no way through other rooms stands for."""

    def reachable(room):
        return {room}.union(*map(reachable, edges[room]))

    return {
        room: {
            below
            for below in to
            if not any(below in reachable(other) for other in to - {below})
        }
        for room, to in edges.items()
    }


def draw_house(path):
    """Write the picture.

    Parameters
    ----------
    path : Path
        An .svg or .png file.
    """
    rooms = set().union(*FLOORS)
    if set(PLACES) != rooms:
        raise ValueError(
            f"Expected a place in docs/house.py for {sorted(rooms)}, found places for "
            f"{sorted(PLACES)}. Add or remove {sorted(rooms ^ set(PLACES))}."
        )
    top_of = {room: -n for n, floor in enumerate(FLOORS) for room in floor}
    n_files = Counter(room_of(file.relative_to(ROOT)) for file in FILES)
    fig = matplotlib.figure.Figure(figsize=(9, 10.4), layout="constrained")
    ax = fig.add_subplot()
    for room, (left, right, purpose) in PLACES.items():
        _draw_room(ax, room, n_files[room], (left, right, top_of[room]), purpose)
    for room, to in without_detours(imports()).items():
        for below in sorted(to):
            _draw_import(ax, room, below, top_of)
    ax.set(xlim=(0, 4), ylim=(-len(FLOORS) + 1 - HEIGHT - 0.05, 0.05))
    ax.set_axis_off()
    # Text stays text, and the same house is the same file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "house"}):
        fig.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _draw_room(ax, room, n_files, place, purpose):
    left, right, top = place
    is_private = room.startswith("_")
    box = matplotlib.patches.FancyBboxPatch(
        (left + 0.03, top - HEIGHT + 0.03),
        right - left - 0.06,
        HEIGHT - 0.06,
        boxstyle="round,pad=0.03",
        facecolor="#eef1f5" if is_private else "#fdf1dc",
        edgecolor="#6b7785" if is_private else "#b9852c",
    )
    ax.add_patch(box)
    middle = (left + right) / 2
    name = f"{room}.py" if n_files == 1 else f"{room}/  ({n_files})"
    ax.text(middle, top - 0.14, name, ha="center", va="center", weight="bold", size=10)
    ax.text(middle, top - 0.39, purpose, ha="center", va="center", size=8.5)


def _draw_import(ax, room, below, top_of):
    """An arrow, straight down where the two rooms lie above each other."""
    (left, right, _), (left_below, right_below, _) = PLACES[room], PLACES[below]
    low, high = max(left, left_below), min(right, right_below)
    if low < high:
        start = end = _free_column(low, high, top_of[room], top_of[below], top_of)
    else:
        is_left = right_below < left
        start = left + 0.1 if is_left else right - 0.1
        end = right_below - 0.05 if is_left else left_below + 0.1
    ax.annotate(
        "",
        (end, top_of[below]),
        (start, top_of[room] - HEIGHT),
        arrowprops={"arrowstyle": "-|>", "color": "#8a94a0", "shrinkA": 0},
        zorder=0,
    )


def _free_column(low, high, top, bottom, top_of):
    """Where a line from one floor to another meets no room; the middle if it can."""
    between = [
        (PLACES[room][0] - 0.03, PLACES[room][1] + 0.03)
        for room, floor in top_of.items()
        if bottom < floor < top
    ]
    middle, n_steps = (low + high) / 2, 200
    columns = [low + (high - low) * (i + 0.5) / n_steps for i in range(n_steps)]
    for x in sorted(columns, key=lambda x: abs(x - middle)):
        if not any(left < x < right for left, right in between):
            return x
    return middle
