"""Which lines of the package each test runs, for tests/mutants.py."""

import hashlib
import json
import os
import signal
import sys
import threading
import traceback
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "sktorch_forecast"
OUTPUT = ROOT / "build" / "mutants"
PLAIN = ["-q", "-p", "no:cacheprovider"]
SURVIVED, KILLED, BROKEN = 0, 1, 3  # how a child ends, beside signals
# They read the source: they find any change, and none that is in what is computed.
OF_SOURCE = ["test_house.py", "test_architecture_page.py", "test_types.py"]


def in_child(copy, log, function):
    """What became of `function` in a process of its own: its value, or a signal < 0."""
    pid = os.fork()
    if not pid:
        status = BROKEN
        try:
            os.setsid()
            file = os.open(OUTPUT / log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, 1)
            os.dup2(file, 2)
            os.chdir(copy)
            sys.path.insert(0, str(copy))
            os.environ["PYTHONPATH"] = str(copy)
            status = function() or SURVIVED
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    try:
        os.killpg(pid, signal.SIGKILL)  # what it may have started
    except ProcessLookupError:
        pass
    status = os.waitstatus_to_exitcode(status)
    if status == BROKEN:
        raise RuntimeError(f"Expected tests to run, found an error: {OUTPUT / log}")
    return status


class Noting:
    """Notes which lines of the package each test runs; a plugin of pytest.

    What runs while a file is collected, or a test is set up, counts for all its tests.
    """

    def __init__(self, package):
        self.package = f"{package}{os.sep}"
        self.left = {}  # lines that have not run yet, by code object
        self.ran = defaultdict(lambda: defaultdict(set))  # file or test: file: lines
        self.seconds = {}

    def enter(self, frame, event, arg):
        code = frame.f_code
        if not code.co_filename.startswith(self.package):
            return None
        if code not in self.left:
            self.left[code] = lines_of(code)
        self.left[code].discard(frame.f_lineno)
        return self.step if self.left[code] else None

    def step(self, frame, event, arg):
        self.left[frame.f_code].discard(frame.f_lineno)
        return self.step

    def note(self, name):
        self.left = {}
        sys.settrace(self.enter)
        threading.settrace(self.enter)
        yield
        sys.settrace(None)
        threading.settrace(None)
        for code, left in self.left.items():
            file = code.co_filename.removeprefix(self.package)
            self.ran[name][file] |= lines_of(code) - left

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector):
        yield from self.note(collector.nodeid.partition("::")[0])

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_setup(self, item):
        yield from self.note(item.nodeid.partition("::")[0])

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item):
        yield from self.note(item.nodeid)

    def pytest_runtest_logreport(self, report):
        if report.when == "call" and report.passed:
            self.seconds[report.nodeid] = report.duration


def lines_of(code):
    return {line for *_, line in code.co_lines() if line}


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def notes(copy):
    """Notes on each file of tests; of those that are new or have changed, new ones."""
    path = OUTPUT / "ran.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    files = [f for f in (ROOT / "tests").rglob("test_*.py") if f.name not in OF_SOURCE]
    files += (ROOT / PACKAGE).rglob("*.py")  # examples in docstrings
    digests = {str(f.relative_to(ROOT)): digest(f.read_text()) for f in files}
    stale = [f for f, d in digests.items() if known.get(f, {}).get("digest") != d]
    if stale:
        print(f"Which lines are run by the tests of {len(stale)} files?", flush=True)
        in_child(copy, "notes.log", lambda: write_notes(copy, stale))
        known |= json.loads((copy / "ran.json").read_text())
    known = {file: known[file] | {"digest": d} for file, d in digests.items()}
    path.write_text(json.dumps(known))
    return known


def write_notes(copy, files):
    plugin = Noting(copy / PACKAGE)
    for _ in plugin.note(""):
        __import__(PACKAGE)
    pytest.main([*sorted(files), *PLAIN], plugins=[plugin])
    sources = {
        str(f.relative_to(copy / PACKAGE)): digest(f.read_text())
        for f in (copy / PACKAGE).rglob("*.py")
    }
    found = {}
    for file in files:
        of_file = [name for name in plugin.ran if name.partition("::")[0] in (file, "")]
        found[file] = {
            "seconds": {t: s for t, s in plugin.seconds.items() if t in of_file},
            "ran": {
                n: {f: sorted(li) for f, li in plugin.ran[n].items()} for n in of_file
            },
            "sources": sources,
        }
    (copy / "ran.json").write_text(json.dumps(found))


def groups_for(file, mutant, known):
    """Tests that run a mutated line, as {file of tests: {test: seconds}}.

    Where a file of the package has changed since the notes, any line of it will do, and
    likewise for what runs when the package is imported.
    """
    at_fault, now = set(mutant.lines), digest(mutant.before)
    groups, on_import = {}, set()
    for tests, note in known.items():
        on_import = at_fault.intersection(note["ran"][""].get(file, []))
        is_same = note["sources"].get(file) == now
        is_precise = is_same and mutant.function and not on_import
        names = set()
        for name, ran in note["ran"].items():
            lines = ran.get(file, []) if name else []
            if at_fault.intersection(lines) if is_precise else lines:
                names.add(name)
        seconds = note["seconds"]
        if tests not in names:  # else it is while they are collected or set up
            seconds = {test: s for test, s in seconds.items() if test in names}
        if seconds:
            groups[tests] = seconds
    if on_import and not groups:  # it may show anywhere
        return {tests: note["seconds"] for tests, note in known.items()}
    return groups
