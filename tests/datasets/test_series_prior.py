"""Synthetic series: they have the statistics of what they are named after."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import lfilter

from sktorch_forecast.datasets import _series_kinds, _series_parts, make_series_prior
from sktorch_forecast.datasets._series_prior import KINDS, _ended


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def autocorrelation(x, lag):
    """Mean over rows of mean 0 and deviation 1."""
    return (x[:, lag:] * x[:, :-lag]).mean()


def test_equal_seeds_give_equal_series_and_others_do_not():
    one, same, other = (
        make_series_prior(60, 50, random_state=seed).data for seed in (3, 3, 4)
    )
    assert_array_equal(one, same)
    assert not np.array_equal(one, other, equal_nan=True)


def test_shapes_types_and_what_is_missing():
    made = make_series_prior(2000, 40, random_state=0)
    assert made.data.shape == (2000, 40) and made.data.dtype == np.float32
    assert made.periods.shape == (2000, 2) and made.kinds.shape == (2000,)
    assert set(made.kinds) == set(KINDS)
    assert not np.isinf(made.data).any()
    gaps = np.isnan(made.data).any(axis=1).mean()
    assert 0.05 < gaps < 0.3
    whole = make_series_prior(500, 40, flaws=0, random_state=0).data
    assert np.isfinite(whole).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [8, 333])
def test_every_kind_makes_series_of_any_length(kind, length):
    made = make_series_prior(50, length, kinds=[kind], flaws=0, random_state=1)
    assert set(made.kinds) == {kind}
    assert np.isfinite(made.data).all()
    assert (np.ptp(made.data, axis=1) > 0).mean() > 0.8
    assert (made.periods[:, 0] <= max(4, length // 2)).all()


@pytest.mark.parametrize("kinds", [["sine"], [], ["counts", "walk"]])
def test_unknown_kinds_are_an_error_that_names_the_known(kinds):
    with pytest.raises(ValueError, match="some of gaussian_process, .*found"):
        make_series_prior(5, 20, kinds=kinds)


def test_a_season_repeats_itself_exactly(rng):
    periods = np.array([7, 12, 24, 50])
    x = _series_parts.season(rng, periods, 150)
    for row, period in zip(x, periods):
        assert_allclose(row[period:], row[:-period], atol=1e-5)
        assert np.ptp(row) > 0
    assert not _series_parts.season(rng, np.array([0]), 150).any()


def test_the_week_is_in_the_spectrum_of_days_in_weeks(rng):
    x, periods = _series_kinds.calendar(rng, 200, 1680)
    hourly = periods[:, 0] == 168
    assert_array_equal(periods[hourly, 1], 24)
    x = x[hourly] - x[hourly].mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(x)) ** 2  # ten weeks
    weekly = power[:, 10::10].sum(axis=1) / power.sum(axis=1)
    assert np.median(weekly) > 0.5  # a tenth of the frequencies


def test_autoregressions_are_those_of_scipy(rng):
    e = rng.normal(size=(3, 40)).astype(np.float32)
    a, b = (rng.uniform(-0.5, 0.5, (3, 1)).astype(np.float32) for _ in range(2))
    expected = [lfilter([1], [1, -i[0], -j[0]], row) for i, j, row in zip(a, b, e)]
    assert_allclose(_series_parts.filtered(e, a, b), expected, atol=1e-5)


def test_smooth_curves_have_the_kernels_of_their_names(rng):
    n, length = 60, 4096
    x = _series_parts.smooth(rng, n, length, np.float32(2 * np.pi * 8), np.float32(1))
    for lag in (2, 8, 16):  # Matern of smoothness 1/2, which is exponential
        assert_allclose(autocorrelation(x, lag), np.exp(-lag / 8), atol=0.05)
    x = _series_parts.squared_exponential(rng, n, length, np.float32(8))
    for lag in (2, 8, 16):
        assert_allclose(
            autocorrelation(x, lag), np.exp(-((lag / 8) ** 2) / 2), atol=0.05
        )


def test_random_walks_wander_and_counts_are_counts(rng):
    x, periods = _series_kinds.random_walk(rng, 300, 400)
    x = _series_parts.standardized(x)
    assert not periods.any()
    assert autocorrelation(x, 1) > 0.95
    counted, _ = _series_kinds.counts(rng, 300, 100)
    assert_array_equal(counted, np.floor(counted))
    assert counted.min() == 0


def test_ended_series_stand_still(rng):
    x = _ended(rng, rng.normal(size=(50, 100)).astype(np.float32))
    assert_array_equal(x[:, -1], x[:, -2])
