"""The table and the picture of docs/networks.rst, from the results that were measured.

``measured_networks.jsonl`` is the file of results of ``make networks``.
"""

import sys
from pathlib import Path

import matplotlib.figure
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

from published_networks import NAMES, length_of, published  # noqa: E402

RESULTS = Path(__file__).with_suffix(".jsonl")
FLAWED = "MSE, last of 256 dropped"
HORIZONS = 96, 336
_NOTHING = "n/a"
# Mean squared errors of ridge regressions on windows of 512 hours (examples/ett.py).
RIDGE = {96: 0.367, 336: 0.430}


def measured():
    """Results by model, horizon and baseline, networks in their order."""
    frame = pd.read_json(RESULTS, lines=True)
    frame["baseline"] = frame["baseline"].fillna("none")
    known = [name for name in NAMES if name in set(frame["model"])]
    return known, frame.set_index(["model", "horizon", "baseline"]).sort_index()


def part_of(frame, *key):
    """Results of a model: one row for each seed, or none."""
    return frame.loc[[key]] if key in frame.index else frame[:0]


def mean_and_spread(values):
    """As text, with the number of seeds that the mean is of."""
    if not len(values):
        return _NOTHING
    text = f"{values.mean():.3f}"
    if len(values) > 1:
        text += f" ({values.max() - values.min():.3f})"
    return text + (f" [{len(values)}]" if len(values) < 3 else "")


def write_table(path, horizon):
    """One row for each network."""
    names, frame = measured()
    heads = ["network", "window", "published", "alone", "its last batch dropped"]
    heads += ["with the regression", "the regression alone", "seconds"]
    lines = [".. list-table::", "   :header-rows: 1", ""]
    rows = [heads]
    for name in names:
        alone = part_of(frame, name, horizon, "none")
        beside = part_of(frame, name, horizon, "ridge")
        only = part_of(frame, name, horizon, "only")["MSE"]
        number = published(name).get(horizon)
        seconds = pd.concat([alone["seconds"], beside["seconds"]]).median()
        rows.append(
            [
                name,
                str(length_of(name)),
                _NOTHING if number is None else f"{number:.3f}",
                mean_and_spread(alone["MSE"]),
                mean_and_spread(alone[FLAWED]),
                mean_and_spread(beside["MSE"]),
                f"{only.mean():.3f}" if len(only) else _NOTHING,
                _NOTHING if pd.isna(seconds) else f"{seconds:.0f}",
            ]
        )
    for row in rows:
        marks = ["*", *" " * (len(row) - 1)]
        lines += [f"   {mark} - {cell}" for mark, cell in zip(marks, row)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def draw(path):
    """Published errors and ours, a row for each network."""
    names, frame = measured()
    fig = matplotlib.figure.Figure(figsize=(9, 0.4 * len(names) + 1.3))
    axes = fig.subplots(1, 2, sharey=True)
    for ax, horizon in zip(axes, HORIZONS):
        for row, name in enumerate(names):
            alone = part_of(frame, name, horizon, "none")
            beside = part_of(frame, name, horizon, "ridge")
            number = published(name).get(horizon)
            marks = [
                (alone["MSE"], "o", "tab:red", "alone, all windows"),
                (alone[FLAWED], "x", "tab:red", "alone, last batch of 256 dropped"),
                (beside["MSE"], "o", "tab:blue", "with a ridge regression"),
            ]
            for values, mark, color, label in marks:
                if len(values):
                    ax.plot(values.mean(), row, mark, color=color, label=label)
                    ax.plot([values.min(), values.max()], [row, row], color=color)
            if number is not None:
                ax.plot(number, row, "D", mfc="none", color="0.3", label="published")
        ax.axvline(RIDGE[horizon], color="0.7", zorder=0, label="ridge regressions")
        ax.set(title=f"{horizon} hours ahead", xlabel="mean squared error")
        ax.grid(axis="y", alpha=0.3)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    found = dict(zip(*axes[0].get_legend_handles_labels()[::-1]))
    fig.legend(found.values(), found.keys(), loc="lower center", ncols=3)
    fig.tight_layout(rect=(0, 0.12, 1, 1))
    fig.savefig(path)
