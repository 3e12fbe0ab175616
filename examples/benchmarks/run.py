"""
How fast, and in how much memory
================================

Every number that the documentation states of speed and memory, measured.

Run it with ``make bench``, or ``python examples/benchmarks/run.py``:

    --only NAME...   only benchmarks with one of these in their name: training,
                     limit, recurrence, length, panel, store, forecasting,
                     precision, memory, search, processes, gpu, peers
    --repeats N      pairs of calls whose median ratio is reported (default 5)
    --json FILE      write the results for machines, too

All but the search and the processes run on one core. What is compared runs in turns, in
one process after one call to warm up. A goal that is not reached makes the exit status
1. That of processes needs accelerate: run it in the environment of the neighbours.
"""

import argparse
import json
import os
import platform
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pandas as pd

NAMES = [
    "training",
    "limit",
    "recurrence",
    "length",
    "panel",
    "store",
    "forecasting",
    "precision",
    "memory",
    "search",
    "processes",
    "gpu",
    "peers",
]


def machine():
    """What the numbers were measured on."""
    packages = ["numpy", "scikit-learn", "sktorch-forecast", "skorch", "torch"]
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [line for line in info.read_text().split("\n") if "model name" in line]
        cpu = models[0].split(":")[1].strip() if models else cpu
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def measure(name, repeats):
    """Rows of one benchmark; on one core, but for those of two processes."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    if cores and name not in ("search", "processes"):
        os.sched_setaffinity(0, {max(cores)})
    try:
        for row in import_module(f"bench_{name}").rows(repeats):
            print(line(row), flush=True)
            yield {"benchmark": name, **row}
    finally:
        if cores:
            os.sched_setaffinity(0, cores)


def line(row):
    """A row as text, printed as soon as it is there."""
    if "skipped" in row:
        return f"{row['what']}: skipped, {row['skipped']}"
    number = value(row)
    return (
        f"{row['what']}: {number}, goal {row['goal']}{'' if row['reached'] else ' !'}"
    )


def value(row):
    """The number of a row with its unit, or the ratio with its range."""
    if "ratio" in row:
        return f"{row['ratio']:.2f} ({row['ratio_min']:.2f} to {row['ratio_max']:.2f})"
    return f"{row['value']:.2f} {row['unit']}"


def table(rows):
    """The rows as text."""
    columns = {
        "against": lambda row: row.get("against", ""),
        "ours": lambda row: f"{row['ours_s']:.3f} s" if "ours_s" in row else "",
        "other": lambda row: f"{row['other_s']:.3f} s" if "other_s" in row else "",
        "ratio or value": value,
        "goal": lambda row: row["goal"],
        "reached": lambda row: "yes" if row["reached"] else "NO",
        "rate": lambda row: row.get("rate", ""),
    }
    frame = pd.DataFrame(
        [{name: column(row) for name, column in columns.items()} for row in rows],
        index=[row["what"] for row in rows],
    )
    return frame.to_string()


def main():
    parser = argparse.ArgumentParser(description="Measure speed and memory.")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--repeats", type=int, default=5, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    rows = [row for name in args.only for row in measure(name, args.repeats)]
    measured = [row for row in rows if "skipped" not in row]
    about = machine()
    print("\nRatios are other / ours, above 1 where ours is faster: median (range).")
    print(", ".join(f"{key} {entry}" for key, entry in about.items()), end="\n\n")
    print(table(measured))
    if args.json:
        document = {"machine": about, "rows": rows}
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(document, indent=2) + "\n")
    missed = [row["what"] for row in measured if not row["reached"]]
    if missed:
        sys.exit("Not reached: " + "; ".join(missed))


if __name__ == "__main__":
    main()
