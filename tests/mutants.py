"""Mutation tests: of small faults in the package, how many does a test find?

::

    python tests/mutants.py                 # goes on where it was stopped
    python tests/mutants.py --again         # survivors again, with all their tests
    python tests/mutants.py --report        # the table, without running anything

A mutant is the package with one small fault, in a copy of it. The tests that run the
line at fault are run until one fails: those of its own folder first, fast ones first.
All faults are listed, and a fixed seed draws from the list. What is known of them is in
``build/mutants``: which test runs which lines (``ran.json``), and what became of each
mutant (``results.jsonl``). Mutants that no test can find, since they compute the same,
are in ``tests/mutants_equivalent.txt``, with the reason.
"""

import argparse
import difflib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import mutations
import pytest
from lines_run import (
    KILLED,
    OUTPUT,
    PACKAGE,
    PLAIN,
    ROOT,
    SURVIVED,
    groups_for,
    in_child,
    notes,
)

EQUIVALENT = ROOT / "tests" / "mutants_equivalent.txt"
CORE = ["_data", "_training", "_uncertainty", "layers", "compose", "metrics"]
CORE += ["model_selection", "sliding_window.py", "naive.py", "forecaster.py"]
SEED = 0
SLOW = 4.0  # seconds: longer tests are left out where shorter ones run the line
ENOUGH = 90.0  # seconds of tests, after which a mutant has survived
MOST_MEMORY = 16 * 2**30  # bytes, for faults that fill it without end


# ------------------------------------------------------------------- which mutants


def drawn(n_mutants):
    """(file, mutant) of all files of the core, of each by the number it could have."""
    possible = {}
    package = ROOT / PACKAGE
    paths = [f for part in CORE for f in (package / part).rglob("*.py")]
    paths += [package / part for part in CORE if part.endswith(".py")]
    for path in sorted(f for f in paths if f.stem != "__init__"):
        file = str(path.relative_to(package))
        found = list(mutations.mutants_of(path))
        random.Random(f"{SEED} {file}").shuffle(found)
        # The first of each kind of fault, then the second of each, and so on.
        count = Counter()
        turns = [count.update([mutant.kind]) or count[mutant.kind] for mutant in found]
        possible[file] = [
            found[i] for i in sorted(range(len(found)), key=turns.__getitem__)
        ]
    share = n_mutants / sum(map(len, possible.values()))
    return [
        (file, mutant)
        for file, found in possible.items()
        for mutant in found[: max(round(share * len(found)), 1)]
    ]


def key_of(file, mutant):
    """What a mutant is known by, wherever its lines move to: the lines that differ."""
    before, after = mutant.before.splitlines(), mutant.after.splitlines()
    lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
    diff = [f"{li[0]} {li[1:].strip()}" for li in lines if not li.startswith("@@")]
    return "\n".join([f"{file}::{mutant.function}", *diff])


def equivalents():
    """Reasons why mutants compute the same, by their key."""
    reasons = {}
    for entry in EQUIVALENT.read_text().split("\n\n")[1:]:
        head, *lines = entry.strip().splitlines()
        diff = [line for line in lines if line[:2] in ("- ", "+ ")]
        reasons["\n".join([head, *diff])] = " ".join(lines[len(diff) :])
    return reasons


# --------------------------------------------------------------------- a campaign


def in_turn(file, groups, every):
    """Groups of tests, the likeliest first to find a fault; `every` one, or enough."""
    if not every:
        fast = {f: {t: s for t, s in g.items() if s < SLOW} for f, g in groups.items()}
        groups = {f: g for f, g in fast.items() if g} or groups
    room = Path(file).parts[0].removesuffix(".py").strip("_")

    def rank(tests):
        is_own = tests.startswith(PACKAGE) or room in tests
        return not is_own, sum(groups[tests].values())

    chosen, total = [], 0.0
    for tests in sorted(groups, key=rank):
        if every or total < ENOUGH:
            chosen.append((tests, groups[tests]))
        total += sum(groups[tests].values())
    return chosen


class Chosen:
    """Runs some tests of a file, fast ones first, and tells which fails; a plugin."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.failed = "collection"

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if item.nodeid in self.seconds]
        items.sort(key=lambda item: self.seconds[item.nodeid])

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed = report.nodeid


def run_tests(copy, groups):
    """In a child: run tests until one fails, and write down which one that is."""
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    signal.alarm(60)
    (copy / "failed").write_text("import")
    try:
        package = __import__(PACKAGE)
    except Exception:
        return KILLED
    assert Path(package.__file__).is_relative_to(copy), package.__file__
    for file, seconds in groups:
        (copy / "failed").write_text(f"time in {file}")
        signal.alarm(int(20 + 8 * sum(seconds.values())))  # kills this process
        plugin = Chosen(seconds)
        args = [file, *PLAIN, "-x", "--tb=line"]
        if pytest.main(args, plugins=[plugin]) not in (0, 5):  # 5: no such test
            (copy / "failed").write_text(plugin.failed)
            return KILLED
    return SURVIVED


def verdict(copy, file, mutant, groups):
    """Put the fault into the copy, run tests, and take it out again."""
    start = time.monotonic()
    path = copy / PACKAGE / file
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_text(mutant.after)
    status = in_child(copy, "last.log", lambda: run_tests(copy, groups))
    path.write_text(mutant.before)
    os.utime(path, ns=times)  # what was compiled of it is good again
    result = {SURVIVED: "survived", -signal.SIGALRM: "timeout"}.get(status, "killed")
    return {
        "key": key_of(file, mutant),
        "result": result,
        "by": (copy / "failed").read_text() if status else "",
        "seconds": round(time.monotonic() - start, 1),
    }


def campaign(mutants, again):
    # What tests import beside the package, once for all children.
    import hypothesis  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import polars  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.ensemble  # noqa: F401
    import sklearn.utils.estimator_checks  # noqa: F401
    import skorch  # noqa: F401
    import torch

    torch.set_num_threads(1)
    sys.path[:] = [
        p for p in sys.path if Path(p).resolve() not in (ROOT, ROOT / "tests")
    ]
    done, reasons = results(), equivalents()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        left_out = (".*", "build", "output", "__pycache__", "*.egg-info", "_build")
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*left_out))
        in_child(copy, "collected.log", lambda: pytest.main([*PLAIN, "--collect-only"]))
        known = notes(copy)
        for file, mutant in mutants:
            key = key_of(file, mutant)
            was = done.get(key, {}).get("result")
            if was and not (again and was == "survived" and key not in reasons):
                continue
            groups = in_turn(file, groups_for(file, mutant, known), every=again)
            found = verdict(copy, file, mutant, groups)
            with open(OUTPUT / "results.jsonl", "a") as out:
                out.write(json.dumps(found) + "\n")
            result, by, seconds = found["result"], found["by"], found["seconds"]
            print(f"{result} {by} in {seconds} s\n{key}\n", flush=True)


# ------------------------------------------------------------------------ the table


def results():
    """The last result of each mutant, by its key."""
    path = OUTPUT / "results.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return {result["key"]: result for result in map(json.loads, lines)}


def report(mutants):
    done, reasons = results(), equivalents()
    counts = defaultdict(Counter)
    survivors = []
    for file, mutant in mutants:
        key = key_of(file, mutant)
        result = done.get(key, {}).get("result", "not run")
        if result == "survived" and key in reasons:
            result = "equivalent"
        if result == "survived":
            survivors.append(f"{PACKAGE}/{file}:{mutant.lines.start}\n{key}\n")
        for room in (Path(file).parts[0], "all"):
            counts[room][result] += 1
    print(*survivors, sep="\n")
    kinds = ["killed", "timeout", "survived", "equivalent", "not run"]
    print(f"{'':18}" + "".join(f"{kind:>12}" for kind in [*kinds, "found"]))
    for room, count in counts.items():
        found, missed = count["killed"] + count["timeout"], count["survived"]
        share = f"{found / max(found + missed, 1):.1%}"
        row = "".join(f"{count[kind]:12}" for kind in kinds)
        print(f"{room:18}{row}{share:>12}")
    seconds = sorted(result["seconds"] for result in done.values())
    if seconds:
        print(f"{sum(seconds):.0f} s, median {seconds[len(seconds) // 2]} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=400, help="how many mutants")
    parser.add_argument("--again", action="store_true", help="run survivors again")
    parser.add_argument("--report", action="store_true", help="run nothing")
    args = parser.parse_args()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    mutants = drawn(args.n)
    if not args.report:
        campaign(mutants, args.again)
    report(mutants)


if __name__ == "__main__":
    main()
