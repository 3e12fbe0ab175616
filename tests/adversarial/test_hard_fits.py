"""Fits of data that are right, but hard: flat windows, losses beyond float32."""

import warnings

import numpy as np
import pytest
from common import FORECASTERS, NETWORKS, cheap, make
from numpy.testing import assert_array_equal

N, LENGTH, HORIZON = 30, 6, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, LENGTH))
Y = RNG.normal(size=(N, HORIZON))


@pytest.mark.parametrize("cls", FORECASTERS)
@pytest.mark.parametrize("level", [0.0, 3.0, -1e6])
def test_constant_windows_give_finite_forecasts(cls, level):
    constant = np.full((N, LENGTH), level)
    forecaster = cheap(cls).fit(constant, np.full((N, HORIZON), level))
    assert np.isfinite(forecaster.predict(constant)).all()
    # and a flat window among ordinary ones
    mixed = np.vstack([X[:-1], constant[:1]])
    assert np.isfinite(cheap(cls).fit(mixed, Y).predict(mixed)).all()


@pytest.mark.parametrize("cls", NETWORKS)
def test_loss_not_finite_from_the_start_leaves_the_forecaster_as_it_was(cls):
    params = {"loss": "mse", "normalize": None, "max_epochs": 2, "fine_tune_epochs": 2}
    forecaster = make(cls, random_state=0, **params).fit(X, Y)
    state, forecast = vars(forecaster).copy(), forecaster.predict(X)
    with (
        pytest.raises(ValueError, match="from the first epoch on.*smaller lr"),
        warnings.catch_warnings(action="ignore"),
    ):
        forecaster.fit(X, Y * 1e30)  # its square is beyond float32
    assert vars(forecaster) == state
    assert_array_equal(forecaster.predict(X), forecast)
    with pytest.raises(ValueError, match="from the first epoch on"):
        forecaster.partial_fit(X, Y * 1e30)
    assert_array_equal(forecaster.predict(X), forecast)
