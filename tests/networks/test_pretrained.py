"""The pretrained network: what it must forecast without being trained is known."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtri
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import sktorch_forecast
from sktorch_forecast import (
    ConformalForecaster,
    EnsembleForecaster,
    NaiveForecaster,
    PretrainedForecaster,
    SeriesForecaster,
    SlidingWindow,
    make_windows,
)
from sktorch_forecast.networks import pretrained
from sktorch_forecast.networks._simple import N_SIMPLE, copies, filled, simple_forecasts
from sktorch_forecast.networks._zero_shot import LEVELS

RNG = np.random.default_rng(0)
WEIGHTS = Path(pretrained.__file__).with_name(pretrained.WEIGHTS)
DAY = np.tile(RNG.normal(size=24), 20)
NOISY = DAY + 0.3 * RNG.normal(size=480)


def forecaster(X, horizon, n_targets=1, **params):
    """Fitted on as many targets as it takes to know the shapes."""
    y = np.zeros((len(X), horizon * n_targets))
    return PretrainedForecaster(random_state=0, **params).fit(X, y)


def forecast(x, horizon, **params):
    x = np.atleast_2d(x)
    return forecaster(x, horizon, **params).predict(x)


# ------------------------------------------------------------------------- the weights


def test_the_weights_are_those_that_the_docs_name():
    found = sha256(WEIGHTS.read_bytes()).hexdigest()
    assert found == pretrained.CHECKSUM
    page = Path(sktorch_forecast.__file__).parents[1] / "docs" / "pretrained.rst"
    assert found in page.read_text()
    assert WEIGHTS.stat().st_size < 4e6
    assert sum(w.numel() for w in pretrained.pretrained_weights().values()) < 3e6


def test_a_damaged_file_is_an_error_that_says_so(monkeypatch):
    monkeypatch.setattr(pretrained, "CHECKSUM", "0" * 64)
    pretrained.pretrained_weights.cache_clear()
    with pytest.raises(ValueError, match="SHA-256 0{64}, found .*install"):
        PretrainedForecaster().fit(NOISY[None, :100], [0.0])


def test_a_fit_trains_nothing_unless_told_to():
    X, y = make_windows(NOISY[:60], horizon=3, length=30)
    net = PretrainedForecaster(random_state=0).fit(X, y)
    assert not net.history
    tuned = PretrainedForecaster(random_state=0, fine_tune_epochs=1).fit(X, y)
    assert len(tuned.history) == 1
    before = pretrained.pretrained_weights()
    for name, weight in net.module_.network.network.state_dict().items():
        assert torch.equal(weight, before[name])
    after = tuned.module_.network.network.state_dict()
    assert not all(torch.equal(after[name], before[name]) for name in before)


def test_fine_tuning_learns_what_no_series_of_the_training_does():
    """Windows of noise whose first value is the next one but for its sign."""
    X = np.random.default_rng(1).normal(size=(1300, 8))
    y = -2 * X[:, 0]
    params = {"fine_tune_epochs": 15, "lr": 0.003, "batch_size": 64, "random_state": 0}
    tuned = PretrainedForecaster(**params).fit(X[:1000], y[:1000])
    error = np.abs(tuned.predict(X[1000:]) - y[1000:]).mean()
    assert error < 0.6 * np.abs(y[1000:]).mean()


# --------------------------------------------------------------- what must be forecast


@pytest.mark.parametrize("period", [7, 12, 24])
def test_what_repeats_itself_goes_on(period):
    x = np.tile(RNG.normal(size=period), 15)
    expected = np.resize(x[:period], 40)
    assert_allclose(forecast(x, 40)[0], expected, atol=0.05)


def test_what_repeats_itself_goes_on_where_a_part_is_missing():
    x = DAY.copy()
    x[RNG.random(len(x)) < 0.2] = np.nan
    x[200:230] = np.nan
    found = forecast(x, 24, missing="mask")[0]
    assert_allclose(found, DAY[:24], atol=0.2)


def test_a_constant_goes_on():
    assert_allclose(forecast(np.full(50, 7.0), 5), 7, atol=1e-3)


def test_forecasts_are_in_the_units_of_the_series():
    plain = forecast(NOISY, 30)
    for scale, level in ((1e-3, 0), (100, 1000), (5, -1e5)):
        found = forecast(scale * NOISY + level, 30)
        assert_allclose((found - level) / scale, plain, atol=0.02)


def test_a_season_that_is_known_is_looked_at():
    """Two cycles of a window that is too short to be sure of anything."""
    x = RNG.normal(size=(50, 9))
    x = np.tile(x, 2) + 0.05 * RNG.normal(size=(50, 18))
    without, known = (forecast(x, 9, seasonality=s) for s in (None, 9))
    assert not np.allclose(without, known)
    expected = (x[:, :9] + x[:, 9:]) / 2
    assert np.abs(known - expected).mean() < 0.9 * np.abs(without - expected).mean()


# ------------------------------------------------------------------------- any shapes


@pytest.mark.parametrize("length", [1, 2, 5, 16, 33, 1500])
@pytest.mark.parametrize("horizon", [1, 17, 400])
def test_any_length_and_any_horizon(length, horizon):
    x = np.resize(NOISY, (2, length)) + np.arange(2)[:, np.newaxis]
    net = forecaster(x, horizon)
    q = net.predict_quantiles(x, [0.05, *LEVELS, 0.95])
    assert q.shape == (2, horizon, 11) if horizon > 1 else (2, 1, 11)
    assert np.isfinite(q).all()
    assert (np.diff(q, axis=-1) >= 0).all()


def test_steps_do_not_depend_on_how_many_follow():
    assert_allclose(forecast(NOISY, 48)[:, :20], forecast(NOISY, 20), atol=1e-5)


def test_steps_beyond_those_at_once_follow_from_the_medians():
    n = pretrained._AT_ONCE
    first = forecast(NOISY, n)
    # The network reads its own medians, in units of the window that they prolong.
    second = forecast(np.concatenate([NOISY, first[0]]), 10)
    assert_allclose(forecast(NOISY, n + 10)[:, n:], second, atol=1e-3)


def test_uncertainty_does_not_shrink_where_forecasts_are_read_on():
    n = pretrained._AT_ONCE
    q = forecaster(NOISY[None], n + 30).predict_quantiles(NOISY[None], [0.1, 0.9])[0]
    widths = np.diff(q)[:, 0]
    assert (widths[n:] >= widths[n - 1] - 1e-6).all()


def test_each_target_is_forecast_by_itself_and_covariates_are_not_read():
    frame = pd.DataFrame(
        {"a": NOISY, "b": NOISY[::-1].cumsum(), "c": RNG.normal(size=480)}
    )
    both, y = make_windows(frame, horizon=5, length=120, target=["a", "b"], future="c")
    found = PretrainedForecaster(random_state=0).fit(both, y).predict(both[-3:])
    for place, name in enumerate("ab"):
        X, y = make_windows(frame[name], horizon=5, length=120)
        alone = PretrainedForecaster(random_state=0).fit(X, y).predict(X[-3:])
        assert_allclose(found[:, place::2], alone, atol=1e-3)


def test_other_levels_lie_on_lines_between_normal_scores():
    quantiles = torch.tensor(np.sort(RNG.normal(size=(4, 9))))
    levels = (0.05, 0.25, 0.5, 0.77)
    found = pretrained.at_levels(quantiles, levels)
    for row, values in zip(quantiles.numpy(), found):
        inner = np.interp(ndtri(levels[1:]), ndtri(LEVELS), row)
        assert_allclose(values[1:], inner, rtol=1e-6)
        slope = (row[1] - row[0]) / (ndtri(0.2) - ndtri(0.1))
        assert_allclose(values[0], row[0] + slope * (ndtri(0.05) - ndtri(0.1)))


def test_forecasts_of_a_quantile_network_with_other_levels():
    x = NOISY[None]
    nine = forecaster(x, 6).predict_quantiles(x, [0.2, 0.5, 0.8])
    three = forecaster(x, 6, quantiles=[0.2, 0.5, 0.8]).predict_quantiles(
        x, [0.2, 0.5, 0.8]
    )
    assert_allclose(three, nine, atol=1e-4)
    assert_allclose(forecast(x, 6, loss="mae"), nine[..., 1], atol=1e-4)


# ---------------------------------------------------------------- within other objects


def test_within_pipelines_searches_and_wrappers():
    X, y = make_windows(NOISY[:300], horizon=4, length=96)
    X, y = X[::2], y[::2]
    net = PretrainedForecaster(random_state=0)
    pipeline = make_pipeline(SlidingWindow(48), net)
    assert np.isfinite(cross_val_score(pipeline, X, y, cv=2)).all()
    search = GridSearchCV(net, {"seasonality": [None, 24]}, cv=2).fit(X, y)
    assert search.best_score_ > 0.8  # of the variance, which is that of the day
    ensemble = EnsembleForecaster([("pretrained", net), ("naive", NaiveForecaster())])
    assert ensemble.fit(X, y).predict(X[:2]).shape == (2, 4)
    conformal = ConformalForecaster(net, coverage=0.8).fit(X[:-40], y[:-40])
    low, high = np.moveaxis(conformal.predict_interval(X[-40:]), -1, 0)
    assert 0.6 < ((low <= y[-40:]) & (y[-40:] <= high)).mean() < 0.97
    series = SeriesForecaster(net, horizon=24, length=120).fit(pd.Series(NOISY))
    assert np.abs(series.forecast().to_numpy().ravel() - DAY[:24]).mean() < 0.3
    assert net.fit(X, y).sample(X[:2], 7).shape == (7, 2, 4)


# ---------------------------------------------------------------- the simple forecasts


def test_copies_are_those_of_a_loop():
    f, periods = RNG.normal(size=(3, 20)), [6, 1, 15]
    found = copies(torch.tensor(f), torch.tensor(periods), 25, n_cycles=2)
    for row, p in enumerate(periods):
        for k in range(2):
            for h in range(25):
                place = 20 - p + h % p - k * p
                place = place + p if place < 0 else place
                assert found[row, k, h] == f[row, max(place, 0)]


def test_gaps_are_filled_by_the_season_or_the_last_value():
    z = torch.tensor([[1.0, 2, 3, 0, 5, 6, 0, 8], [0, 2, 2, 2, 2, 2, 0, 0]])
    seen = z > 0
    found = filled(z, seen, torch.tensor([3, 100]))
    # In the first row three steps before or, the second gap, as well.
    assert_array_equal(found[0], [1, 2, 3, 1, 5, 6, 1, 8][:6] + [found[0, 6], 8])
    assert_array_equal(found[1], [2, 2, 2, 2, 2, 2, 2, 2])


def test_simple_forecasts_know_lines_and_seasons():
    line = torch.arange(60.0).unsqueeze(0)
    ones = torch.ones(1, 3, dtype=torch.int64)
    expected = torch.arange(60.0, 65)
    found = simple_forecasts(line, ones, 5)[0]
    assert found.shape == (N_SIMPLE, 5)
    for place in (3, 7, 10):  # the line, the drift, and levels with their slope
        assert_allclose(found[place], expected, atol=1e-3)
    waves = torch.tensor(DAY[None, :240])
    found = simple_forecasts(waves, 24 * ones, 30)[0]
    for place in range(4, N_SIMPLE):
        assert_allclose(found[place], DAY[:30], atol=1e-9)
