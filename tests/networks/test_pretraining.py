"""The script that trains the weights of the package, on a few small batches."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import sktorch_forecast

FILE = Path(sktorch_forecast.__file__).parents[1] / "examples/pretraining/train.py"


@pytest.fixture
def script(monkeypatch):
    spec = importlib.util.spec_from_file_location("pretraining_script", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LENGTHS", {24: 1, 48: 1})
    monkeypatch.setattr(module, "HORIZONS", {16: 1})
    monkeypatch.setattr(module, "BATCH_SIZE", 8)
    return module


def weights_of(training):
    return list(training.network.state_dict().values())


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not(script, tmp_path):
    whole = script.Training(0, tmp_path / "whole", "fp32")
    for _ in range(3):
        whole.run_call(n_steps=24)
    (tmp_path / "parts").mkdir()
    stopped = script.Training(0, tmp_path / "parts", "fp32")
    stopped.run_call(n_steps=100)  # in the first 70 % the number makes no difference
    stopped.save()
    assert sorted(p.name for p in (tmp_path / "parts").iterdir()) == [
        "checkpoint.pt",
        "curve.csv",
    ]
    going_on = script.Training(0, tmp_path / "parts", "fp32")
    assert going_on.step == 8
    for _ in range(2):
        going_on.run_call(n_steps=24)
    for one, other in zip(weights_of(whole), weights_of(going_on)):
        assert torch.equal(one, other)
    with pytest.raises(ValueError, match="checkpoint of seed 1, found one of 0"):
        script.Training(1, tmp_path / "parts", "fp32")
    with pytest.raises(ValueError, match="precision bf16, found one of fp32"):
        script.Training(0, tmp_path / "parts", "bf16")


def test_the_loss_is_the_quantile_loss_in_units_of_the_error(script):
    """Of one series, by the formula."""
    torch.manual_seed(0)
    network = script.ZeroShotNetwork()
    x, y, season = (part[:1] for part in next(script.batches(5, 0)))
    with torch.no_grad():
        loss = script.objective(network, x, y, season).item()
        out = network(x, y.shape[1], season)
    outcome = ((y - out.shift) / out.scale)[0].numpy()
    seen = ~np.isnan(outcome)
    total = 0.0
    for level, forecast in zip(script.LEVELS, out.quantiles[0].numpy().T):
        miss = (outcome - forecast)[seen]
        total += np.where(miss > 0, level * miss, (level - 1) * miss).mean()
    unit = max(out.error.item(), 0.01)
    assert_allclose(loss, 5 * np.log1p(2 * total / 9 / unit / 5), rtol=1e-4)


def test_the_rate_stays_and_then_goes_down_to_nothing(script):
    shares = np.array([script.share_of_rate(step, 1000) for step in range(1000)])
    assert_allclose(shares[:100], np.arange(1, 101) / 100)
    assert_allclose(shares[100:700], 1)
    assert_allclose(shares[700:], np.arange(300, 0, -1) / 300)
