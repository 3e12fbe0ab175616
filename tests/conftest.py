"""Fixtures that more than one file of tests uses, and the count of random examples."""

import laws
import pytest
import torch
from hypothesis import settings

settings.load_profile("test")  # but --hypothesis-profile comes later, and wins


@pytest.fixture
def one_thread():
    """Bare torch on one thread, as the forecasters are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def emulated_bf16(monkeypatch):
    """Any processor may compute in bfloat16: torch emulates it, but for the LSTM."""
    monkeypatch.setattr(
        "sktorch_forecast._training.checks.has_bf16", lambda device: True
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    before = laws.n_tried
    try:
        return (yield)
    finally:
        if n_tried := laws.n_tried - before:
            # This way it comes from the workers of pytest-xdist, too.
            item.user_properties.append(("random examples", n_tried))


def pytest_terminal_summary(terminalreporter, config):
    if config.getoption("--hypothesis-profile") != "fuzz":
        return
    counts = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                name = report.nodeid.partition("[")[0]
                n_tried = dict(report.user_properties).get("random examples", 0)
                counts[name] = counts.get(name, 0) + n_tried
    terminalreporter.section("random examples")
    for name, n_tried in sorted(counts.items()):
        terminalreporter.write_line(f"{n_tried:6,} {name}")
    terminalreporter.write_line(f"{sum(counts.values()):6,} in all")
