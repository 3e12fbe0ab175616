"""The series of examples/defaults.py: the split, and the synthetic ones by formula.

Not the real ones that come from packages which only that benchmark needs.
"""

from collections import Counter
from importlib import import_module

import numpy as np
import pytest
from benchmarks.series import LOADERS, PARTS, SYNTHETIC, all_series

SERIES = all_series()
MADE = [series for series in SERIES if series.kind == "synthetic"]


def test_no_series_is_in_both_parts():
    assert len({series.name for series in SERIES}) == len(SERIES)
    sources = [series.source for series in SERIES if series not in MADE]
    assert len(set(sources)) == len(sources)


def test_what_is_shown_in_the_documentation_is_not_reported_on():
    shown = [series for series in SERIES if "sktorch_forecast load" in series.source]
    assert [series.part for series in shown] == ["tune"] * 3


def test_parts_are_balanced():
    real = [series for series in SERIES if series not in MADE]
    assert {series.name for series in real} == set(LOADERS)
    real = [series for series in real if series.part in PARTS]
    assert len(real) >= 20
    of_part = Counter(series.part for series in real)
    assert 0.35 <= of_part["tune"] / len(real) <= 0.45
    every = {series.frequency for series in real}
    for part in PARTS:
        assert {series.frequency for series in real if series.part == part} == every
        assert len([series for series in MADE if series.part == part]) == 6


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.name)
def test_there_are_enough_windows(series):
    n_windows = series.n_train - series.length - series.horizon + 1
    # A split conformal forecaster calibrates deciles on a quarter of them.
    assert int(0.25 * n_windows) + 1 >= 10
    assert series.n - series.n_train - series.horizon + 1 >= 10
    assert series.length >= 2 * max(series.season, series.horizon)


def test_a_package_that_is_missing_is_named_with_what_to_run(monkeypatch):
    series = next(s for s in SERIES if s.name == "nile")
    monkeypatch.setitem(LOADERS, "nile", lambda: import_module("no_such_package.nile"))
    expected = (
        'Expected no_such_package .* nile .* pip install "sktorch-forecast.series'
    )
    with pytest.raises(ImportError, match=expected):
        series.read()


def test_a_series_of_another_length_than_it_had_is_refused(monkeypatch):
    series = next(s for s in SERIES if s.name == "nile")
    monkeypatch.setitem(LOADERS, "nile", lambda: np.zeros(99))
    with pytest.raises(ValueError, match="Expected 100 .* of nile, found 99"):
        series.read()


# Expected absolute errors of the best forecast: sqrt(2 / pi) times the deviation of
# what follows where that is normal. By the step, or one for all steps.
STEPS = np.arange(1, 8)
IMPULSES = [1.0, 1.5]  # of the AR(2): what a shock of one is after so many steps
for _ in STEPS[2:]:
    IMPULSES.append(1.5 * IMPULSES[-1] - 0.8 * IMPULSES[-2])
COUNTS = np.arange(1, 40)
SHARES = 0.6 * np.exp(-2) * np.cumprod(np.r_[1, 2 / COUNTS[:-1]])  # of 1, 2, ...
EXPECTED = {
    "random_walk": np.sqrt(2 / np.pi * STEPS),
    "autoregression": np.sqrt(2 / np.pi * np.square(IMPULSES).cumsum()),
    "trend_and_season": 0.5 * np.sqrt(2 / np.pi),
    "intermittent": 0.4 * 2 + SHARES @ np.abs(COUNTS - 2),
    "two_seasons": 0.5 * np.sqrt(2 / np.pi),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_best_forecasts_err_by_what_cannot_be_known(name):
    errors = []
    for series in [s for s in MADE if s.name.startswith(name)]:
        values, best = series.read()
        future = np.lib.stride_tricks.sliding_window_view(values, series.horizon)[1:]
        errors.append(np.abs(future - best[: len(future)]))
    errors = np.concatenate(errors)
    found = errors.mean() if np.ndim(EXPECTED[name]) == 0 else errors.mean(axis=0)
    # 2,000 values: 10 % is three standard errors at the last steps, which overlap.
    np.testing.assert_allclose(found, EXPECTED[name], rtol=0.1)


def test_level_shifts_are_seen_by_who_knows_the_level():
    series = next(s for s in MADE if s.name.startswith("level_shifts"))
    values, best = series.read()
    noise = values - best[:, 0]
    assert abs(noise.std() - 1) < 0.1
    assert 5 <= np.count_nonzero(np.diff(best[:, 0])) <= 25  # 1000 / 80 are expected
    assert set(SYNTHETIC) == {*EXPECTED, "level_shifts"}
