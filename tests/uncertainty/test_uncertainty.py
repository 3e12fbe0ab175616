"""Intervals, quantiles and paths of the forecasters, against known distributions."""

import copy
import pickle

import numpy as np
import pytest
from common import FORECASTERS, NETWORKS, OF_ANY_FAMILY, cheap
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sktorch_forecast import (
    EncoderDecoderForecaster,
    MLPForecaster,
    NaiveForecaster,
    RecursiveForecaster,
    make_windows,
)
from sktorch_forecast.layers.families import FAMILIES

HORIZON, PHI = 5, 0.8
STEPS = np.arange(1, HORIZON + 1)
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
# y_t = PHI y_{t-1} + e_t. From an origin with value x, step h is normal with mean
# PHI^h x and this deviation; steps g < h have correlation PHI^(h - g) DEV_g / DEV_h.
DEVIATION = np.sqrt((1 - PHI ** (2 * STEPS)) / (1 - PHI**2))
EARLY, LATE = np.minimum.outer(STEPS, STEPS), np.maximum.outer(STEPS, STEPS)
CORRELATION = PHI ** (LATE - EARLY) * DEVIATION[EARLY - 1] / DEVIATION[LATE - 1]


def autoregressive(n_timestamps):
    noise = np.random.default_rng(0).normal(size=n_timestamps)
    series = np.zeros(n_timestamps)
    for t in range(1, n_timestamps):
        series[t] = PHI * series[t - 1] + noise[t]
    return series


X, Y = make_windows(autoregressive(5000), horizon=HORIZON, length=2)
TRAIN, TEST = slice(0, 4000), slice(4000, None)
LAST = np.asarray(X[TEST])[:, -1:, 0]
TRUE_QUANTILES = (LAST * PHI**STEPS)[..., np.newaxis] + np.multiply.outer(
    DEVIATION, stats.norm.ppf(LEVELS)
)
SOURCES = {
    "normal": {"loss": "normal"},
    "mixture": {"loss": "mixture", "n_components": 2},
    "quantiles": {"loss": "quantile", "quantiles": (0.1, 0.3, 0.5, 0.7, 0.9)},
}


def linear(**params):
    """A linear network: for this process the true model is one of its kind."""
    defaults = {
        "hidden_layer_sizes": (),
        "normalize": None,
        "batch_size": 512,
        "lr": 0.02,
        "max_epochs": 40,
        "random_state": 0,
    }
    return MLPForecaster(**(defaults | params))


@pytest.fixture(scope="module", params=SOURCES)
def fitted(request):
    return linear(**SOURCES[request.param]).fit(X[TRAIN], Y[TRAIN])


def test_quantiles_are_those_of_the_process(fitted):
    found = fitted.predict_quantiles(X[TEST], LEVELS)
    # In deviations of the step. About 3400 / 5 independent origins: the deviation of
    # an empirical 5 % quantile is sqrt(0.05 * 0.95 / 680) / 0.103 = 0.08.
    error = (found - TRUE_QUANTILES) / DEVIATION[:, np.newaxis]
    assert np.abs(error.mean(axis=0)).max() < 0.16
    assert np.sqrt((error**2).mean()) < 0.16


def test_paths_have_the_correlation_of_the_process(fitted):
    paths = fitted.sample(X[TEST][::10], n_samples=400, random_state=0)
    errors = paths - LAST[::10] * PHI**STEPS
    found = np.corrcoef(errors.reshape(-1, HORIZON), rowvar=False)
    # Learned from 600 origins that overlap, so as from some 120: 2 / sqrt(120)
    assert np.abs(found - CORRELATION).max() < 0.18
    assert found[0, 1] > 0.6  # which is 0 for steps drawn one by one
    # and each step has the distribution that the quantiles say
    expected = fitted.predict_quantiles(X[TEST][::10], [0.1, 0.9])
    ends = np.moveaxis(np.quantile(paths, [0.1, 0.9], axis=0), 0, -1)
    assert np.abs((ends - expected).mean(axis=0)).max() < 0.1


def test_two_steps_are_correlated_as_any_number_is():
    windows, y = make_windows(autoregressive(3000), horizon=2, length=2)
    net = linear(loss="normal").fit(windows, y)
    # 450 origins that overlap: as good as 225, two deviations of (1 - 0.62**2)
    found = net.module_.correlation[0, 1]
    assert_allclose(found, CORRELATION[0, 1], atol=2 * 0.61 / 15)


def test_the_correlation_is_learned_from_a_thousand_origins_at_most():
    n_rows = []

    class Counting(MLPForecaster):
        def evaluation_step(self, batch, training=False):
            n_rows.append(len(batch[1]))
            return super().evaluation_step(batch, training)

    net = Counting(loss="normal", hidden_layer_sizes=(), max_epochs=1, random_state=0)
    net.set_params(validation_fraction=0.5).fit(X[TRAIN], Y[TRAIN])  # 2000 held back
    assert sum(n_rows) == 1000


def test_ranks_of_what_happened_are_uniform(fitted):
    paths = fitted.sample(X[TEST], n_samples=200, random_state=0)
    ranks = (paths < Y[TEST]).mean(axis=0)
    share = np.histogram(ranks, bins=5, range=(0, 1))[0] / ranks.size
    # 1000 origins, 5 steps, correlated: as good as 200, four deviations
    assert_allclose(share, 0.2, atol=4 * np.sqrt(0.2 * 0.8 / 200))


def test_intervals_are_quantiles_and_nest(fitted):
    inner, outer = (fitted.predict_interval(X[TEST], c) for c in (0.5, 0.9))
    assert inner.shape == (len(Y[TEST]), HORIZON, 2)
    assert_allclose(outer, fitted.predict_quantiles(X[TEST], [0.05, 0.95]))
    assert (outer[..., 0] < inner[..., 0]).all()
    assert (inner[..., 1] < outer[..., 1]).all()


@pytest.mark.parametrize(
    "source, cls",
    [("negative_binomial", cls) for cls in OF_ANY_FAMILY]
    + [("quantiles", cls) for cls in NETWORKS],
)
def test_every_network_takes_every_kind_of_head(cls, source):
    counts = np.random.default_rng(0).poisson(5, size=(120, 2)).astype(float)
    X, y = make_windows(counts, horizon=3, length=8, target=[0, 1])
    params = SOURCES.get(source, {"loss": source})
    net = cheap(cls).set_params(**params).fit(X, y)
    q = net.predict_quantiles(X[:7], np.linspace(0.01, 0.99, 9))
    assert q.shape == (7, 6, 9)
    assert (np.diff(q) >= 0).all()
    assert net.predict(X[:7]).shape == (7, 6)
    paths = net.sample(X[:7], 4)
    assert paths.shape == (4, 7, 6)
    if source == "negative_binomial":
        assert_array_equal(paths, np.round(paths))
    twin = clone(net).fit(X, y)
    assert_array_equal(twin.sample(X[:7], 4), paths)
    assert_array_equal(pickle.loads(pickle.dumps(net)).sample(X[:7], 4), paths)


@pytest.mark.parametrize("name", FAMILIES)
def test_distributions_follow_level_and_scale_of_the_series(name):
    """For 100 x + 1000 in the place of x, but for the families tied to zero."""
    if name in ("poisson", "negative_binomial", "lognormal"):
        scale, level = (1, 0) if name != "lognormal" else (100, 0)
    else:
        scale, level = 100, 1000
    rng = np.random.default_rng(0)
    X, y = make_windows(rng.poisson(20, 150) + 1.0, horizon=2, length=8)
    net = MLPForecaster(loss=name, max_epochs=3, random_state=0)
    plain = net.fit(X, y).predict_quantiles(X, LEVELS)
    assert (y < plain[..., -1]).mean() > 0.7
    X, y = make_windows(
        scale * (np.random.default_rng(0).poisson(20, 150) + 1.0) + level,
        horizon=2,
        length=8,
    )
    scaled = clone(net).fit(X, y).predict_quantiles(X, LEVELS)
    assert_allclose((scaled - level) / scale, plain, atol=0.02)


def test_saved_weights_carry_the_correlation(fitted, tmp_path):
    fitted.save_params(f_params=tmp_path / "weights.pt")
    other = clone(fitted).initialize(X[TRAIN], Y[TRAIN])
    other.load_params(f_params=tmp_path / "weights.pt")
    assert_array_equal(other.sample(X[:5], 3), fitted.sample(X[:5], 3))


def test_dropout_adds_to_a_likelihood():
    params = {"loss": "normal", "dropout": 0.4, "baseline": None, "batch_size": 256}
    net = MLPForecaster(**params, max_epochs=3, random_state=0)
    net.fit(X[TRAIN], Y[TRAIN])
    alone = np.ptp(net.predict_interval(X[:50], 0.8), axis=-1)
    both = copy.copy(net).set_params(n_mc_samples=400)
    assert np.ptp(both.predict_interval(X[:50], 0.8), axis=-1).mean() > alone.mean()
    assert both.sample(X[:5], 3).shape == (3, 5, HORIZON)
    assert_allclose(both.predict(X[:50]), net.predict(X[:50]), atol=0.3)


def test_the_objective_is_a_parameter_of_a_search():
    search = GridSearchCV(
        linear(max_epochs=2),
        [
            {"loss": ["normal", "laplace"]},
            {"loss": ["quantile"], "quantiles": [(0.1, 0.9)]},
        ],
        cv=TimeSeriesSplit(2, gap=HORIZON - 1),
    ).fit(X[:400], Y[:400])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_weights_of_zero_leave_out_what_a_likelihood_learns_from():
    rows = np.arange(600)
    weights = (rows % 2).astype(float)
    net = linear(loss="normal", max_epochs=2)
    weighted = clone(net).fit(X[:600], Y[:600], sample_weight=weights)
    picked = clone(net).fit(X[:600][rows % 2 == 1], Y[:600][rows % 2 == 1])
    assert_array_equal(weighted.predict(X[TEST]), picked.predict(X[TEST]))


def test_the_encoder_decoder_feeds_back_the_value():
    """Not the deviation: the network of a likelihood has twice the outputs."""
    net = EncoderDecoderForecaster(
        loss="normal", teacher_forcing=0.0, max_epochs=1, random_state=0
    ).fit(X[:100], Y[:100])
    decoder, seen = net.module_.network.decoder, []
    decoder.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    z = net.module_.network(net.get_dataset(X[:4])[:][0])
    assert z.shape == (4, HORIZON, 1, 2)
    z = z.detach().reshape(4, HORIZON, 2)
    for step in range(1, HORIZON):
        assert_array_equal(seen[step].detach()[:, 0, 0], z[:, step - 1, 0])


# -------------------------------------------------------------- other forecasters


def test_naive_quantiles_are_those_of_a_random_walk():
    # changes 1, -2, 2: mean square 3
    window, levels = np.array([[0.0, 1.0, -1.0, 1.0]]), [0.1, 0.5]
    naive = NaiveForecaster().fit(window, np.zeros((1, 3)))
    expected = 1 + np.sqrt(3 * np.array([[1], [2], [3]])) * stats.norm.ppf(levels)
    assert_allclose(naive.predict_quantiles(window, levels), [expected])
    paths = naive.sample(window, 20_000, random_state=0)[:, 0]
    # a random walk: covariance 3 min(g, h)
    expected = 3 * np.minimum.outer([1, 2, 3], [1, 2, 3])
    assert_allclose(np.cov(paths, rowvar=False), expected, atol=0.2)


def test_seasonal_naive_paths_add_up_season_by_season():
    # seasons of 2: changes 2, 1, -2, 1; mean square 2.5
    window = np.array([[0.0, 1.0, 2.0, 2.0, 0.0, 3.0]])
    naive = NaiveForecaster(seasonality=2).fit(window, np.zeros((1, 4)))
    deviation = np.sqrt(2.5 * np.array([1, 1, 2, 2]))
    expected = np.array([0, 3, 0, 3]) + deviation * stats.norm.ppf(0.9)
    assert_allclose(naive.predict_quantiles(window, [0.9])[0, :, 0], expected)
    covariance = np.cov(naive.sample(window, 20_000, 0)[:, 0], rowvar=False)
    expected = 2.5 * np.array([[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 2, 0], [0, 1, 0, 2]])
    assert_allclose(covariance, expected, atol=0.2)


def test_naive_needs_a_change_to_see():
    naive = NaiveForecaster(seasonality=4).fit(np.ones((3, 4)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="more than seasonality=4 .* found 4"):
        naive.predict_interval(np.ones((3, 4)))


def test_recursive_paths_are_those_of_the_process():
    one_step = linear(loss="normal")
    model = RecursiveForecaster(one_step, horizon=HORIZON).fit(X[TRAIN], Y[TRAIN])
    paths = model.sample(X[TEST][::20], 400, random_state=0)
    errors = (paths - LAST[::20] * PHI**STEPS).reshape(-1, HORIZON)
    # Standard errors of the two weights are sqrt((1 - PHI^2) / 4000) = 0.0095.
    assert_allclose(errors.std(axis=0) / DEVIATION, 1, atol=0.1)
    assert_allclose(np.corrcoef(errors, rowvar=False), CORRELATION, atol=0.06)
    assert_array_equal(
        model.predict_interval(X[:4]), model.predict_interval(X[:4])
    )  # the seed of the estimator


def test_recursive_needs_a_model_that_can_be_sampled():
    model = RecursiveForecaster(horizon=2).fit(X[:50], Y[:50])
    for method in ("sample", "predict_interval", "predict_quantiles"):
        assert not hasattr(model, method)
    with pytest.raises(AttributeError) as error:
        model.sample(X[:2])
    assert "one-step model with a sample method" in str(error.value.__cause__)


@pytest.mark.parametrize("cls", FORECASTERS)
def test_every_forecaster_has_the_interface(cls):
    for method in ("predict_interval", "predict_quantiles", "sample"):
        assert callable(getattr(cls, method))


# ------------------------------------------------------------------------ bad input

QUANTILE = {"loss": "quantile"}


@pytest.mark.parametrize(
    "params, message",
    [
        ({"loss": "gauss"}, "'loss' parameter of MLPForecaster must be"),
        ({"loss": "mixture", "n_components": 0}, "'n_components' parameter"),
        (
            {"loss": "quantile", "quantiles": (0.9, 0.1)},
            "quantiles as increasing numbers",
        ),
        (
            {"loss": "quantile", "quantiles": (0.1, 1.0)},
            "increasing numbers between 0 and 1",
        ),
        (
            {"loss": "quantile", "quantiles": ("low", "high")},
            "quantiles as increasing numbers",
        ),
        (QUANTILE | {"quantiles": (0.9,)}, "at least two quantiles"),
        ({"loss": "normal", "quantiles": (0.1, 0.9)}, "loss='quantile' with quantiles"),
        ({"loss": "normal", "criterion": int}, "either loss or criterion"),
    ],
)
def test_bad_parameters(params, message):
    net = linear().fit(X[:50], Y[:50])
    before = vars(net).copy()
    net.set_params(**params)
    with pytest.raises(ValueError, match=message):
        net.fit(X[:50], Y[:50])
    assert vars(net) == before | params


@pytest.mark.parametrize(
    "likelihood, y, message",
    [
        (
            "poisson",
            -1.0,
            r"counts \(0, 1, 2, ...\) for loss='poisson', found -1",
        ),
        ("negative_binomial", 2.5, "counts .* found 2.5. If y was scaled"),
        ("lognormal", 0.0, "positive values for loss='lognormal', found 0"),
    ],
)
def test_values_that_cannot_come_from_the_family(likelihood, y, message):
    window, targets = np.ones((20, 4)), np.full((20, 2), 3.0)
    targets[7, 1] = y
    net = MLPForecaster(loss=likelihood, max_epochs=1)
    before = vars(net).copy()
    with pytest.raises(ValueError, match=message):
        net.fit(window, targets)
    assert vars(net) == before


@pytest.mark.parametrize(
    "quantiles", [0.5, [], [0.5, 0.5], [0.9, 0.1], [0.0, 0.5], [[0.1, 0.9]], ["a"]]
)
def test_bad_quantiles(quantiles):
    net = NaiveForecaster().fit(X, Y)
    with pytest.raises(ValueError, match="Expected quantiles as increasing numbers"):
        net.predict_quantiles(X, quantiles)
