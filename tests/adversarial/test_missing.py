"""Missing values where they are masked: in every network, and in what stands around."""

import numpy as np
import pytest
from common import NETWORKS, make
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import r2_score

from sktorch_forecast import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    EncoderDecoderForecaster,
    EnsembleForecaster,
    MLPForecaster,
    NaiveForecaster,
    make_windows,
)

RNG = np.random.default_rng(0)
SERIES = np.sin(np.arange(150) / 4) + 0.1 * RNG.normal(size=150)
HOLES = np.where(RNG.random(150) < 0.15, np.nan, SERIES)
HOLES[[0, -1]] = SERIES[[0, -1]]
X, Y = make_windows(HOLES, horizon=3, length=10, missing="mask")
FULL_X, FULL_Y = make_windows(SERIES, horizon=3, length=10)
QUICK = {"max_epochs": 2, "random_state": 0, "missing": "mask", "hidden_size": 4}
QUICK |= {"fine_tune_epochs": 2}
assert np.isnan(Y).any() and X.has_missing


@pytest.mark.parametrize("cls", NETWORKS)
def test_every_network_trains_on_what_is_there(cls):
    net = make(cls, **QUICK).fit(X, Y)
    losses = net.history[:, ("train_loss", "valid_loss")]
    assert np.isfinite(losses).all()
    assert np.isfinite(net.predict(X)).all()


@pytest.mark.parametrize("teacher_forcing", [0.0, 0.5, 1.0])
def test_teacher_forcing_leaves_out_what_nobody_knows(teacher_forcing):
    """Missing targets have no influence, whatever would stand there."""
    params = QUICK | {"teacher_forcing": teacher_forcing}
    net = make(EncoderDecoderForecaster, **params)
    net.fit(X, Y)
    assert np.isfinite(net.history[:, "train_loss"]).all()
    error = np.abs(net.set_params(max_epochs=60).fit(X, Y).predict(X) - FULL_Y).mean()
    naive = np.abs(NaiveForecaster().fit(FULL_X, FULL_Y).predict(FULL_X) - FULL_Y)
    assert error < naive.mean()


def test_a_batch_without_any_target_changes_nothing():
    """Its loss is 0 and so are its gradients; the weights stay finite."""
    y = np.array(FULL_Y)
    y[:32] = np.nan
    net = MLPForecaster(
        missing="mask",
        batch_size=32,
        iterator_train__shuffle=False,
        early_stopping=False,
        max_epochs=1,
        random_state=0,
    )
    net.fit(FULL_X, y)
    assert net.history[0, "batches", 0, "train_loss"] == 0
    assert np.isfinite(net.predict(FULL_X)).all()


def test_an_ensemble_takes_what_its_members_take():
    model = DeepEnsembleForecaster(MLPForecaster(missing="mask", max_epochs=2), 2)
    model.set_params(random_state=0).fit(X, Y)
    expected = np.mean([member.predict(X) for member in model.estimators_], axis=0)
    assert_array_equal(model.predict(X), expected)
    with pytest.raises(ValueError, match="without missing values for DeepEnsemble"):
        DeepEnsembleForecaster(MLPForecaster(max_epochs=1), 2).fit(X, Y)


@pytest.mark.parametrize("weights", [None, "stacked"])
def test_an_ensemble_takes_what_all_of_its_members_take(weights):
    masks = MLPForecaster(missing="mask", max_epochs=2, random_state=0)
    members = [("one", masks), ("two", clone(masks).set_params(random_state=1))]
    model = EnsembleForecaster(members, weights).fit(X, Y)
    points = [member.predict(X) for member in model.estimators_]
    expected = np.average(points, axis=0, weights=model.weights_)
    assert_allclose(model.predict(X), expected, rtol=1e-6)
    with pytest.raises(ValueError, match="without missing values for EnsembleForeca"):
        EnsembleForecaster([*members, ("naive", NaiveForecaster())]).fit(X, Y)


@pytest.mark.parametrize("method", ["split", "adaptive", "cqr"])
def test_conformal_intervals_around_a_network_that_masks(method):
    loss = "quantile" if method == "cqr" else "mse"
    network = MLPForecaster(loss=loss, missing="mask", max_epochs=20, random_state=0)
    model = ConformalForecaster(network, 0.8, method, calibration_fraction=0.4)
    model.fit(X, Y)
    ends = model.predict_interval(X)
    assert np.isfinite(ends).all()
    seen = np.isfinite(Y)
    holds = (ends[..., 0] <= Y) & (Y <= ends[..., 1])
    assert 0.7 < holds[-56:][seen[-56:]].mean() < 0.95
    assert np.isfinite(model.sample(X[-5:], 20, random_state=0)).all()
    model.partial_fit(X[-10:], Y[-10:])
    assert np.isfinite(model.predict_interval(X)).all()


def test_ranks_of_scores_of_which_some_are_missing():
    """Those of the scores that are there, by themselves."""
    from sktorch_forecast._uncertainty.conformal import at_ranks

    scores = RNG.normal(size=(30, 2, 1))
    scores[::3, 0] = np.nan
    levels = np.array([0.1, 0.5, 0.9])
    found = at_ranks(scores, levels)
    for output in range(2):
        there = scores[np.isfinite(scores[:, output, 0]), output : output + 1]
        assert_array_equal(found[output], at_ranks(there, levels)[0])


def test_score_leaves_out_what_is_missing():
    net = MLPForecaster(missing="mask", max_epochs=2, random_state=0).fit(X, Y)
    forecast = net.predict(X)
    expected = np.mean(
        [
            r2_score(Y[seen, step], forecast[seen, step])
            for step in range(3)
            for seen in [np.isfinite(Y[:, step])]
        ]
    )
    assert_allclose(net.score(X, Y), expected)
    weights = RNG.random(len(Y))
    expected = np.mean(
        [
            r2_score(Y[seen, step], forecast[seen, step], sample_weight=weights[seen])
            for step in range(3)
            for seen in [np.isfinite(Y[:, step])]
        ]
    )
    assert_allclose(net.score(X, Y, sample_weight=weights), expected)
    assert_allclose(net.score(X, FULL_Y), r2_score(FULL_Y, forecast))
