"""Whoever builds the network, the first training on it sets its normalization."""

import numpy as np
import pytest
from nets import SERIES, assert_same_bits, forecaster, weights
from skorch.callbacks import Callback

from sktorch_forecast import make_windows

# A level and a scale that a network without calibrated normalization cannot reach.
X, Y = make_windows(5000 + 1000 * SERIES, horizon=3, length=8)


def large(**params):
    return forecaster(**({"normalize": "last"} | params))


@pytest.mark.parametrize("normalize", ["window", "mean", "last", "level"])
def test_initialize_then_partial_fit_is_fit(normalize):
    net = large(normalize=normalize).initialize(X, Y).partial_fit(X, Y)
    expected = large(normalize=normalize).fit(X, Y)
    assert_same_bits(weights(net), weights(expected))


def test_initialize_then_warm_start_is_fit():
    net = large(warm_start=True).initialize(X, Y).fit(X, Y)
    assert_same_bits(weights(net), weights(large().fit(X, Y)))


def test_a_module_that_set_params_builds_is_calibrated():
    net = large().fit(X, Y)
    scale = net.module_.normalization.usual_scale.clone()
    net.set_params(module__hidden_size=5)
    net.partial_fit(X, Y)
    assert_same_bits(net.module_.normalization.usual_scale, scale)
    assert np.abs(net.predict(X) - Y).mean() < 2000


def test_a_calibrated_network_stays_so():
    """Training that goes on, or begins from loaded weights, keeps the old units."""
    net = large().fit(X, Y)
    scale = net.module_.normalization.usual_scale.clone()
    net.partial_fit(make_windows(SERIES, horizon=3, length=8)[0], Y)
    assert_same_bits(net.module_.normalization.usual_scale, scale)


def test_loaded_weights_bring_their_calibration(tmp_path):
    file = str(tmp_path / "weights.pt")
    net = large().fit(X, Y)
    net.save_params(f_params=file)
    loaded = large(max_epochs=1).initialize(X[:5], Y[:5])
    loaded.load_params(f_params=file)
    loaded.partial_fit(X[:20], Y[:20])
    scale = net.module_.normalization.usual_scale
    assert_same_bits(loaded.module_.normalization.usual_scale, scale)


class Failing(Callback):
    def on_epoch_begin(self, net, **kwargs):
        raise RuntimeError("stop")


def test_an_error_takes_the_calibration_back():
    net = large(callbacks=[Failing()]).initialize(X, Y)
    before = weights(net)
    with pytest.raises(RuntimeError, match="stop"):
        net.partial_fit(X, Y)
    assert_same_bits(weights(net), before)
