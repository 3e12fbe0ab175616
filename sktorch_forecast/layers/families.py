"""Heads that output the parameters of a family of distributions."""

from typing import Any, ClassVar

import numpy as np
import torch
from scipy import special, stats
from scipy.optimize.elementwise import bracket_root, find_root
from torch import Tensor, distributions
from torch.nn import functional as F

from .heads import Head, Point, Quantiles

# Deviations stay above this share of the deviation of the window: an unbounded
# likelihood would reward ever more certainty where a series is constant.
_MIN_SCALE = 1e-3


# Above this mean, scipy's search for a quantile of a Poisson distribution fails.
_LARGE_MEAN = 1e9


def _positive(z, least):
    return F.softplus(z) + least


def _log1pexp(x):
    """Softplus of an array."""
    return np.logaddexp(0, x)


class Likelihood(Head):
    """Base class of the families: the loss is the negative log-likelihood."""

    def constrain(self, z: Tensor) -> Tensor:
        return torch.cat([z[..., :1], _positive(z[..., 1:], _MIN_SCALE)], dim=-1)

    def in_torch(self, params: Tensor) -> distributions.Distribution:
        """The distributions as torch has them."""
        raise NotImplementedError

    def in_scipy(self, params: np.ndarray) -> Any:
        """The distributions as scipy has them."""
        raise NotImplementedError

    def parameters(self, params: Tensor) -> dict[str, Tensor]:
        return {"scale": params[..., 1]}

    def loss(self, params: Tensor, y: Tensor) -> Tensor:
        """Negative log-likelihood: (..., p), (...) -> (...)"""
        return -self.in_torch(params).log_prob(y)

    def quantile(self, params: np.ndarray, levels: np.ndarray) -> np.ndarray:
        return self.in_scipy(params).ppf(levels)

    def cdf(self, params: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.in_scipy(params).cdf(y)


class Normal(Likelihood):
    """Normal distribution: mean and deviation."""

    def in_torch(self, params: Tensor) -> distributions.Distribution:
        return distributions.Normal(*params.unbind(-1), validate_args=False)

    def in_scipy(self, params: np.ndarray) -> Any:
        return stats.norm(params[..., 0], params[..., 1])


class Laplace(Likelihood):
    """Laplace distribution: median and mean absolute deviation."""

    def in_torch(self, params: Tensor) -> distributions.Distribution:
        return distributions.Laplace(*params.unbind(-1), validate_args=False)

    def in_scipy(self, params: np.ndarray) -> Any:
        return stats.laplace(params[..., 0], params[..., 1])


class StudentT(Likelihood):
    """Student's t: location, scale, and degrees of freedom above 2."""

    units = ("location", "scale", "shape")

    def constrain(self, z: Tensor) -> Tensor:
        freedom = 2 + _positive(z[..., 2:], _MIN_SCALE)
        return torch.cat([super().constrain(z[..., :2]), freedom], dim=-1)

    def parameters(self, params: Tensor) -> dict[str, Tensor]:
        return {"scale": params[..., 1], "df": params[..., 2]}

    def loss(self, params: Tensor, y: Tensor) -> Tensor:
        """Minus the logarithm of the density.

        Written out, since torch's distribution creates a second one from the degrees of
        freedom, and always validates these.
        """
        loc, scale, freedom = params.unbind(-1)
        half = (freedom + 1) / 2
        return (
            (freedom / 2).lgamma()
            - half.lgamma()
            + (freedom * np.pi).log() / 2
            + scale.log()
            + half * (((y - loc) / scale).square() / freedom).log1p()
        )

    def in_scipy(self, params: np.ndarray) -> Any:
        return stats.t(params[..., 2], params[..., 0], params[..., 1])


class LogNormal(Likelihood):
    """Log-normal distribution of positive values.

    The parameters are a location L and a scale S as in a normal distribution; the
    family has the mean ``M = S softplus(L / S)``, which is about L where L is well
    above S and always positive, and the deviation S. Hence ``sigma^2 = log(1 + (S /
    M)^2)`` and ``mu = log(M) - sigma^2 / 2``.
    """

    in_window_units = False

    def check(self, y: np.ndarray) -> None:
        """Raise a ValueError if a value is not positive."""
        _check_values(y, y > 0, "positive values", "lognormal")

    def in_torch(self, params: Tensor) -> distributions.Distribution:
        mean = self.point(params)
        variance = torch.log1p((params[..., 1] / mean).square())
        return distributions.LogNormal(
            mean.log() - variance / 2, variance.sqrt(), validate_args=False
        )

    def point(self, params: Tensor) -> Tensor:
        loc, scale = params.unbind(-1)
        return scale * F.softplus((loc / scale).clamp_min(-20))

    def parameters(self, params: Tensor) -> dict[str, Tensor]:
        in_torch: Any = self.in_torch(params)
        return {"sigma": in_torch.scale}

    def mean(self, params: np.ndarray) -> np.ndarray:
        loc, scale = params[..., 0], params[..., 1]
        return scale * _log1pexp(np.maximum(loc / scale, -20))

    def in_scipy(self, params: np.ndarray) -> Any:
        mean = self.mean(params)
        variance = np.log1p((params[..., 1] / mean) ** 2)
        return stats.lognorm(np.sqrt(variance), scale=mean * np.exp(-variance / 2))


class Poisson(Likelihood):
    """Poisson distribution of counts: the rate is the softplus of a location."""

    name: ClassVar[str] = "poisson"
    units = ("location",)
    in_window_units = False
    is_discrete = True

    def constrain(self, z: Tensor) -> Tensor:
        return z

    def check(self, y: np.ndarray) -> None:
        """Raise a ValueError if a value is not a count."""
        counts = (y >= 0) & (y == np.floor(y))
        _check_values(y, counts, "counts (0, 1, 2, ...)", self.name)

    def in_torch(self, params: Tensor) -> distributions.Distribution:
        return distributions.Poisson(self.point(params), validate_args=False)

    def point(self, params: Tensor) -> Tensor:
        return _positive(params[..., 0], 1e-6)

    def parameters(self, params: Tensor) -> dict[str, Tensor]:
        return {}

    def mean(self, params: np.ndarray) -> np.ndarray:
        return _log1pexp(params[..., 0]) + 1e-6

    def in_scipy(self, params: np.ndarray) -> Any:
        return stats.poisson(self.mean(params))

    def quantile(self, params: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """With the Cornish-Fisher expansion where the mean m is large.

        The quantile of level t is ``m + sqrt(m) z + (z^2 - 1) / 6``, with z that of a
        standard normal distribution, up to terms that vanish with ``z^3 / sqrt(m)``.
        Half a count is subtracted, since a count stands for all values from half a
        count below.
        """
        mean = np.asarray(self.mean(params), dtype=np.float64)
        is_large = mean > _LARGE_MEAN
        mean = np.where(is_large, mean, _LARGE_MEAN)
        z = special.ndtri(levels)
        of_large = np.ceil(mean + np.sqrt(mean) * z + (z * z - 1) / 6 - 0.5)
        return np.where(is_large, of_large, super().quantile(params, levels))


class NegativeBinomial(Poisson):
    """Negative binomial distribution of counts, with a variance above the mean.

    Mean m as in `Poisson` and a dispersion a > 0: the variance is ``m + a m^2``.
    """

    name = "negative_binomial"
    units = ("location", "shape")
    quantile = Likelihood.quantile  # scipy finds it for any mean

    def constrain(self, z: Tensor) -> Tensor:
        return torch.cat([z[..., :1], _positive(z[..., 1:], 1e-4)], dim=-1)

    def in_torch(self, params: Tensor) -> distributions.Distribution:
        mean, dispersion = self.point(params), params[..., 1]
        return distributions.NegativeBinomial(
            1 / dispersion, logits=(mean * dispersion).log(), validate_args=False
        )

    def parameters(self, params: Tensor) -> dict[str, Tensor]:
        return {"dispersion": params[..., 1]}

    def in_scipy(self, params: np.ndarray) -> Any:
        mean, dispersion = self.mean(params), params[..., 1]
        return stats.nbinom(1 / dispersion, 1 / (1 + mean * dispersion))


class NormalMixture(Likelihood):
    """Mixture of normal distributions: means, deviations, and logits of the weights."""

    def __init__(self, n_components: int):
        self.n_components = n_components
        kinds = ("location", "scale", "shape")
        self.units = tuple(kind for kind in kinds for _ in range(n_components))

    def _parts(self, params):
        """(..., 3 * n_components) -> three of (..., n_components)"""
        k = self.n_components
        return params[..., :k], params[..., k : 2 * k], params[..., 2 * k :]

    def constrain(self, z: Tensor) -> Tensor:
        means, deviations, logits = self._parts(z)
        return torch.cat([means, _positive(deviations, _MIN_SCALE), logits], dim=-1)

    def weighed(self, z: Tensor, location: Tensor, share: float) -> Tensor:
        means, _, _ = self._parts(z)
        move = ((1 - share) * (location - self.point(z))).unsqueeze(-1)
        return torch.cat([means + move, z[..., self.n_components :]], dim=-1)

    def in_torch(self, params: Tensor) -> distributions.Distribution:
        means, deviations, logits = self._parts(params)
        return distributions.MixtureSameFamily(
            distributions.Categorical(logits=logits, validate_args=False),
            distributions.Normal(means, deviations, validate_args=False),
            validate_args=False,
        )

    def point(self, params: Tensor) -> Tensor:
        means, _, logits = self._parts(params)
        return (logits.softmax(dim=-1) * means).sum(dim=-1)

    def parameters(self, params: Tensor) -> dict[str, Tensor]:
        means, deviations, logits = self._parts(params)
        weights = logits.softmax(dim=-1)
        return {"means": means, "deviations": deviations, "weights": weights}

    def mean(self, params: np.ndarray) -> np.ndarray:
        means, _, logits = self._parts(params)
        return (special.softmax(logits, axis=-1) * means).sum(axis=-1)

    def cdf(self, params: np.ndarray, y: np.ndarray) -> np.ndarray:
        means, deviations, logits = self._parts(params)
        parts = special.ndtr((y[..., np.newaxis] - means) / deviations)
        return (special.softmax(logits, axis=-1) * parts).sum(axis=-1)

    def quantile(self, params: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """By root finding: a mixture has no quantile function in closed form."""
        means, deviations, _ = (part.astype(float) for part in self._parts(params))
        shape = np.broadcast_shapes(means.shape[:-1], np.shape(levels))
        levels = np.broadcast_to(levels, shape)
        params = np.broadcast_to(params, (*shape, params.shape[-1]))
        # The quantile of a mixture lies between those of its parts.
        ends = means + deviations * special.ndtri(levels)[..., np.newaxis]
        low = np.broadcast_to(ends.min(axis=-1), shape).ravel()
        high = np.broadcast_to(ends.max(axis=-1), shape).ravel()
        # In double precision: float32 weights may sum up to less than a level near 1.
        rows = params.reshape(-1, params.shape[-1]).astype(float)
        place = np.arange(len(rows))

        def excess(y, level, place):
            """Excess of the probability up to y; far up, of that above y."""
            means, deviations, logits = self._parts(rows[place.astype(int)])
            weights = special.softmax(logits, axis=-1)
            z = (y[..., np.newaxis] - means) / deviations
            above = (1 - level) - (weights * special.ndtr(-z)).sum(axis=-1)
            below = (weights * special.ndtr(z)).sum(axis=-1) - level
            return np.where(level > 0.5, above, below)

        # Where all components agree, the ends coincide: give them some room.
        room = 1e-6 * (high - low) + 1e-9 * (1 + abs(low))
        args = levels.ravel(), place
        bracket = bracket_root(excess, low - room, high + room, args=args).bracket
        return find_root(excess, bracket, args=args).x.reshape(shape)


FAMILIES: dict[str, type[Likelihood]] = {
    "normal": Normal,
    "student_t": StudentT,
    "laplace": Laplace,
    "lognormal": LogNormal,
    "poisson": Poisson,
    "negative_binomial": NegativeBinomial,
    "mixture": NormalMixture,
}


# The default levels of "quantile".
QUANTILES = (0.1, 0.5, 0.9)


def make_head(
    family: str | None,
    quantiles: tuple[float, ...] | None = None,
    n_components: int = 3,
) -> Head:
    """The head for a family, for "quantile", or for a point forecast if None."""
    if family is None:
        return Point()
    if family == "quantile":
        return Quantiles(quantiles or QUANTILES)
    cls = FAMILIES[family]
    return cls(n_components) if issubclass(cls, NormalMixture) else cls()


def _check_values(y, valid, expected, family):
    valid = valid | np.isnan(y)
    if not valid.all():
        place = np.unravel_index(np.argmin(valid), y.shape)
        raise ValueError(
            f"Expected y to hold {expected} for loss={family!r}, found "
            f"{y[place]}. If y was scaled, differenced or log-transformed, leave that "
            "out: scaling is done in the network. Otherwise use a distribution of real "
            "numbers, such as 'normal'."
        )
