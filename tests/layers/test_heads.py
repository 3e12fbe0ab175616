"""The heads: likelihoods against scipy's, quantiles against their inverses."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import integrate, stats
from sklearn.metrics import mean_pinball_loss

from sktorch_forecast.layers.families import FAMILIES, make_head
from sktorch_forecast.layers.losses import HeadLoss

RNG = np.random.default_rng(0)
LEVELS = (0.05, 0.3, 0.5, 0.7, 0.99)


def softplus(x):
    return np.log1p(np.exp(x))


def lognormal(loc, scale):
    """By its mean and deviation, solved for the parameters that scipy has."""
    mean = scale * softplus(loc / scale)
    variance = np.log(1 + (scale / mean) ** 2)
    return stats.lognorm(s=np.sqrt(variance), scale=np.exp(np.log(mean) - variance / 2))


# family: (parameters of two values, the same two distributions, values)
KNOWN = {
    "normal": (
        [[0.5, 2.0], [-1.0, 0.1]],
        [stats.norm(0.5, 2.0), stats.norm(-1.0, 0.1)],
        [1.5, -1.2],
    ),
    "laplace": (
        [[0.5, 2.0], [-1.0, 0.1]],
        [stats.laplace(0.5, 2.0), stats.laplace(-1.0, 0.1)],
        [1.5, -1.2],
    ),
    "student_t": (
        [[0.5, 2.0, 3.0], [-1.0, 0.1, 10.0]],
        [stats.t(3, 0.5, 2.0), stats.t(10, -1.0, 0.1)],
        [9.5, -1.2],
    ),
    "lognormal": (
        [[5.0, 2.0], [-1.0, 0.5]],
        [lognormal(5.0, 2.0), lognormal(-1.0, 0.5)],
        [4.0, 0.2],
    ),
    "poisson": (
        [[3.0], [-1.0]],
        [stats.poisson(softplus(3.0)), stats.poisson(softplus(-1.0))],
        [2.0, 0.0],
    ),
    # mean m and dispersion a: size 1 / a, probability 1 / (1 + a m)
    "negative_binomial": (
        [[3.0, 0.5], [-1.0, 2.0]],
        [
            stats.nbinom(2, 1 / (1 + 0.5 * softplus(3.0))),
            stats.nbinom(0.5, 1 / (1 + 2 * softplus(-1.0))),
        ],
        [2.0, 1.0],
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_family_is_that_of_scipy(name):
    params, families, y = (KNOWN[name][0], *KNOWN[name][1:])
    head, params, y = make_head(name, None, 3), np.array(params), np.array(y)
    log = "logpmf" if head.is_discrete else "logpdf"
    expected = [getattr(family, log)(value) for family, value in zip(families, y)]
    loss = head.loss(torch.from_numpy(params), torch.from_numpy(y))
    assert_allclose(loss, -np.array(expected), rtol=1e-4)
    # float64 here: the parameters of a count's mean have a floor of 1e-6
    means = [f.mean() for f in families]
    assert_allclose(head.mean(params), means, rtol=1e-5)
    assert_allclose(head.point(torch.from_numpy(params)), means, rtol=1e-5)
    assert_allclose(head.cdf(params, y), [f.cdf(v) for f, v in zip(families, y)], 1e-4)
    for level in (0.05, 0.5, 0.95):
        expected = [family.ppf(level) for family in families]
        assert_allclose(head.quantile(params, level), expected, rtol=1e-5)


def test_lognormal_has_the_mean_and_deviation_that_its_parameters_say():
    head = make_head("lognormal", None, 3)
    family = head.in_scipy(np.array([[100.0, 20.0]]))
    assert_allclose(family.mean(), 20 * softplus(5.0))
    assert_allclose(family.std(), 20)


def test_negative_binomial_has_the_variance_that_its_parameters_say():
    family = make_head("negative_binomial", None, 3).in_scipy(np.array([[10.0, 0.3]]))
    mean = softplus(10.0)
    assert_allclose(family.var(), mean + 0.3 * mean**2, rtol=1e-5)


MIXTURE = np.array([[-2.0, 1.0, 0.5, 1.5, np.log(0.3), np.log(0.7)]])


def density(y):
    return 0.3 * stats.norm(-2, 0.5).pdf(y) + 0.7 * stats.norm(1, 1.5).pdf(y)


def test_mixture_against_its_density():
    head = make_head("mixture", None, 2)
    assert head.n_params == 6
    loss = head.loss(torch.from_numpy(MIXTURE), torch.tensor([0.3]).double())
    assert_allclose(loss, -np.log(density(0.3)))
    assert_allclose(head.mean(MIXTURE), 0.3 * -2 + 0.7 * 1)
    assert_allclose(head.point(torch.from_numpy(MIXTURE)), 0.3 * -2 + 0.7 * 1)
    parts = head.parameters(torch.from_numpy(MIXTURE))
    assert {name: part.tolist() for name, part in parts.items()} == {
        "means": [[-2, 1]],
        "deviations": [[0.5, 1.5]],
        "weights": [pytest.approx([0.3, 0.7])],
    }
    area, _ = integrate.quad(density, -20, 0.3)
    assert_allclose(head.cdf(MIXTURE, np.array([0.3])), area)
    for level in (0.001, 0.3, 0.5, 0.999):
        y = head.quantile(MIXTURE, np.array([level]))
        assert_allclose(integrate.quad(density, -20, y[0])[0], level, atol=1e-7)


def test_mixture_of_equal_parts_has_their_quantiles():
    params = np.array([[1.0, 1.0, 2.0, 2.0, 0.0, 0.0]])
    y = make_head("mixture", None, 2).quantile(params, np.array([0.1, 0.9]))
    assert_allclose(y, stats.norm(1, 2).ppf([0.1, 0.9]))


@pytest.mark.parametrize("name", [*FAMILIES, "quantile"])
def test_parameters_of_nan_have_a_loss_of_nan(name):
    """The training says what to do about it; torch's own checks would be in its way."""
    head = make_head(name, LEVELS, 3)
    loss = head.loss(torch.full((2, head.n_params), torch.nan), torch.ones(2))
    assert loss.isnan().all()


@pytest.mark.parametrize("name", [*FAMILIES, "quantile"])
def test_losses_are_computed_where_the_forecasts_are(name):
    head = make_head(name, LEVELS, 3)
    params = torch.empty(2, head.n_params, device="meta")
    loss = head.loss(head.constrain(params), torch.empty(2, device="meta"))
    assert (loss.device.type, loss.shape) == ("meta", (2,))


@pytest.mark.parametrize("name", [*FAMILIES, "quantiles"])
def test_constrained_outputs_give_finite_losses_and_ordered_quantiles(name):
    """Whatever the network puts out."""
    head = make_head("quantile" if name == "quantiles" else name, LEVELS, 3)
    z = torch.from_numpy(RNG.normal(scale=5, size=(200, head.n_params)))
    z = z.requires_grad_()
    params = head.constrain(z)
    y = torch.from_numpy(RNG.poisson(3, size=200) + (name == "lognormal")).double()
    loss = head.loss(params, y)
    loss.sum().backward()
    assert loss.isfinite().all() and z.grad.isfinite().all()
    levels = np.array([0.01, 0.2, 0.5, 0.77, 0.999])
    q = head.quantile(params.detach().numpy()[:, np.newaxis], levels)
    assert q.shape == (200, 5) and np.isfinite(q).all()
    assert (np.diff(q) >= -1e-9).all()
    if not head.is_discrete:
        u = head.cdf(params.detach().numpy()[:, np.newaxis], q)
        distinct = np.diff(q, prepend=-np.inf) > 1e-3
        assert_allclose(u[distinct], np.broadcast_to(levels, u.shape)[distinct], 1e-5)


def test_constrained_quantiles_are_the_sums_of_their_distances():
    head = make_head("quantile", (0.1, 0.4, 0.5, 0.6))
    z = torch.tensor([[10.0, 0.1, 0.2, 0.3]]).double()
    down, further, up = (softplus(d) for d in (0.1, 0.2, 0.3))
    expected = [10 - down - further, 10 - down, 10, 10 + up]
    assert_allclose(head.constrain(z)[0], expected)


def test_loss_of_quantiles_is_twice_scikit_learns():
    head = make_head("quantile", LEVELS)
    params, y = np.sort(RNG.normal(size=(50, 5))), RNG.normal(size=50)
    expected = [
        2 * mean_pinball_loss(y, params[:, i], alpha=level)
        for i, level in enumerate(LEVELS)
    ]
    loss = head.loss(torch.from_numpy(params), torch.from_numpy(y))
    assert_allclose(loss.mean(), np.mean(expected))


def test_two_quantiles_say_all_of_a_normal_distribution():
    family = stats.norm(3, 2)
    head = make_head("quantile", (0.3, 0.6))
    params = family.ppf([[0.3, 0.6]])
    levels = np.array([1e-4, 0.1, 0.45, 0.999])
    assert_allclose(head.quantile(params, levels), family.ppf(levels))
    assert_allclose(head.cdf(params, family.ppf(levels)), levels)
    assert_allclose(head.mean(params), [3])


@pytest.mark.parametrize("levels", [LEVELS, (0.1, 0.3), (0.6, 0.7, 0.8), (0.2, 0.9)])
def test_the_point_of_quantiles_is_the_median_of_a_normal_distribution(levels):
    head = make_head("quantile", levels)
    params = torch.from_numpy(stats.norm(5, 2).ppf([levels]))
    assert_allclose(head.point(params), 5)


def test_loss_has_the_reductions_of_torch():
    head = make_head("normal", None, 3)
    params = torch.rand(4, 3, 5, 2) + 0.1  # (batch, steps, outputs, p)
    y = torch.rand(4, 3, 5)
    loss = HeadLoss(head)
    mean = loss(params, y)
    loss.reduction = "none"
    assert loss(params, y).shape == (4, 3, 5)
    assert_allclose(mean, loss(params, y).mean(), rtol=1e-6)
