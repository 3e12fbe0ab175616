"""Periods: those that series were made with are found again."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sktorch_forecast.layers.periods import _errors_of_copies, find_periods

RNG = np.random.default_rng(0)


def found(x):
    """In windows of any units; NaN is missing."""
    x = np.atleast_2d(x)
    z = (x - np.nanmean(x, axis=1, keepdims=True)) / np.nanstd(x, axis=1, keepdims=True)
    observed = torch.tensor(~np.isnan(z))
    return find_periods(torch.tensor(np.nan_to_num(z)).float(), observed).numpy()


def test_errors_of_copies_are_those_of_a_loop():
    z, m = RNG.normal(size=(2, 30)), RNG.random((2, 30)) < 0.8
    z *= m
    errors = _errors_of_copies(torch.tensor(z), torch.tensor(m).double())
    for row in range(2):
        for lag in range(1, 16):
            both = m[row, lag:] & m[row, :-lag]
            squares = (z[row, lag:] - z[row, :-lag])[both] ** 2
            assert_allclose(errors[row, lag - 1], squares.mean(), rtol=1e-6)


@pytest.mark.parametrize("period", [4, 7, 12, 24, 52, 96])
def test_period_of_a_pattern_with_noise_on_a_line(period):
    profile = RNG.normal(size=(20, period))
    x = np.tile(profile, (1, 400 // period + 1))[:, :400]
    x = x + 0.3 * RNG.normal(size=x.shape) + np.linspace(0, 3, 400)
    assert (found(x)[:, 0] == period).mean() > 0.85
    x[RNG.random(x.shape) < 0.3] = np.nan
    assert (found(x)[:, 0] == period).mean() > 0.7


def test_the_week_of_an_hourly_series_only_where_there_is_one():
    hours = np.arange(24 * 7 * 4)
    day = np.sin(2 * np.pi * hours / 24)
    weekend = hours // 24 % 7 > 4
    noise = 0.1 * RNG.normal(size=(10, len(hours)))
    assert_array_equal(found(day + noise)[:, 0], 24)
    periods = found(day * np.where(weekend, 0.2, 1) + noise)
    assert_array_equal(periods, np.tile([168, 24], (10, 1)))


def test_walks_and_noise_have_no_season():
    """In most: what is found by chance costs little, as copies are weighed."""
    rng = np.random.default_rng(1)
    walks = rng.normal(size=(300, 300)).cumsum(axis=1)
    assert (found(walks) == 1).mean() > 0.75
    noise = rng.normal(size=(300, 300))
    assert (found(noise)[:, 0] == 1).mean() > 0.5


@pytest.mark.parametrize("length", [1, 2, 5, 6, 9])
def test_windows_too_short_and_constant_ones_have_none(length):
    z = torch.zeros(3, length)
    assert_array_equal(find_periods(z), 1)
    assert find_periods(z, torch.zeros(3, length, dtype=torch.bool)).max() == 1
