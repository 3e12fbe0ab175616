"""Heads: how the outputs of a network become a distribution of each value.

A network with a head puts out ``p`` numbers for every step and target where it would
otherwise put out one. The head says what they mean, in three stages::

    z                 what the network puts out, any real numbers
    constrain(z)      parameters in the units of the window
    units             how each goes over to the units of the series
                      "location": shift + scale * z; "scale": scale * z; "shape": z

The loss is the negative log-likelihood of `torch.distributions`; quantiles and
probabilities come from `scipy.stats`, which has them for all families. Arrays of
parameters have them on the last axis: (..., p).
"""

import numpy as np
import torch
from scipy import special, stats
from scipy.optimize.elementwise import bracket_root, find_root
from torch import distributions, nn
from torch.nn import functional as F

# Deviations stay above this share of the deviation of the window: a likelihood without
# a bound rewards certainty without end where a series stands still.
_MIN_SCALE = 1e-3


def _positive(z, least):
    return F.softplus(z) + least


def _log1pexp(x):
    """Softplus of an array."""
    return np.logaddexp(0, x)


class Likelihood:
    """Base class of the parametric heads.

    Attributes
    ----------
    units : tuple of str
        What each parameter is, see above.
    in_window_units : bool
        Whether the loss may be computed in the units of the window: it may where the
        family is closed under shift and scale.
    is_discrete : bool
        Whether values are counts.
    """

    units = ("location", "scale")
    in_window_units = True
    is_discrete = False

    @property
    def n_params(self):
        """Numbers for each value."""
        return len(self.units)

    def constrain(self, z):
        """(..., p) as the network puts it out -> (..., p) in window units"""
        scale = _positive(z[..., 1:2], _MIN_SCALE)
        return torch.cat([z[..., :1], scale, z[..., 2:]], dim=-1)

    def check(self, y):
        """Raise a ValueError if a value of `y` that is there cannot come of it."""

    def loss(self, params, y):
        """Negative log-likelihood: (..., p), (...) -> (...)"""
        return -self.in_torch(params).log_prob(y)

    def mean(self, params):
        """Expected values: ndarray (..., p) -> (...)"""
        return params[..., 0]

    def quantile(self, params, levels):
        """Quantile functions: ndarray (..., p), levels (...) -> (...)"""
        return self.in_scipy(params).ppf(levels)

    def cdf(self, params, y):
        """Distribution functions: ndarray (..., p), (...) -> (...)"""
        return self.in_scipy(params).cdf(y)


class Normal(Likelihood):
    """Normal distribution: mean and deviation."""

    def in_torch(self, params):
        return distributions.Normal(*params.unbind(-1), validate_args=False)

    def in_scipy(self, params):
        return stats.norm(params[..., 0], params[..., 1])


class Laplace(Likelihood):
    """Laplace distribution: median and mean absolute deviation."""

    def in_torch(self, params):
        return distributions.Laplace(*params.unbind(-1), validate_args=False)

    def in_scipy(self, params):
        return stats.laplace(params[..., 0], params[..., 1])


class StudentT(Likelihood):
    """Student's t: location, scale, and degrees of freedom above 2."""

    units = ("location", "scale", "shape")

    def constrain(self, z):
        freedom = 2 + _positive(z[..., 2:], _MIN_SCALE)
        return torch.cat([super().constrain(z[..., :2]), freedom], dim=-1)

    def in_torch(self, params):
        loc, scale, freedom = params.unbind(-1)
        return distributions.StudentT(freedom, loc, scale, validate_args=False)

    def in_scipy(self, params):
        return stats.t(params[..., 2], params[..., 0], params[..., 1])


class LogNormal(Likelihood):
    """Log-normal distribution of positive values.

    The parameters are a location L and a scale S as of a normal distribution; the
    family has the mean ``M = S softplus(L / S)``, which is L where L is well above S
    and positive in any case, and the deviation S. Hence
    ``sigma^2 = log(1 + (S / M)^2)`` and ``mu = log(M) - sigma^2 / 2``.
    """

    in_window_units = False

    def check(self, y):
        """Raise a ValueError if a value is not positive."""
        _check_values(y, y > 0, "positive values", "lognormal")

    def in_torch(self, params):
        loc, scale = params.unbind(-1)
        mean = scale * F.softplus((loc / scale).clamp_min(-20))
        variance = torch.log1p((scale / mean).square())
        return distributions.LogNormal(
            mean.log() - variance / 2, variance.sqrt(), validate_args=False
        )

    def mean(self, params):
        loc, scale = params[..., 0], params[..., 1]
        return scale * _log1pexp(np.maximum(loc / scale, -20))

    def in_scipy(self, params):
        mean = self.mean(params)
        variance = np.log1p((params[..., 1] / mean) ** 2)
        return stats.lognorm(np.sqrt(variance), scale=mean * np.exp(-variance / 2))


class Poisson(Likelihood):
    """Poisson distribution of counts: the rate is the softplus of a location."""

    name = "poisson"
    units = ("location",)
    in_window_units = False
    is_discrete = True

    def constrain(self, z):
        return z

    def check(self, y):
        """Raise a ValueError if a value is not a count."""
        counts = (y >= 0) & (y == np.floor(y))
        _check_values(y, counts, "counts (0, 1, 2, ...)", self.name)

    def in_torch(self, params):
        return distributions.Poisson(
            _positive(params[..., 0], 1e-6), validate_args=False
        )

    def mean(self, params):
        return _log1pexp(params[..., 0]) + 1e-6

    def in_scipy(self, params):
        return stats.poisson(self.mean(params))


class NegativeBinomial(Poisson):
    """Negative binomial distribution of counts, with a variance above the mean.

    Mean m as in `Poisson` and a dispersion a > 0: the variance is ``m + a m^2``.
    """

    name = "negative_binomial"
    units = ("location", "shape")

    def constrain(self, z):
        return torch.cat([z[..., :1], _positive(z[..., 1:], 1e-4)], dim=-1)

    def in_torch(self, params):
        mean, dispersion = _positive(params[..., 0], 1e-6), params[..., 1]
        return distributions.NegativeBinomial(
            1 / dispersion, logits=(mean * dispersion).log(), validate_args=False
        )

    def in_scipy(self, params):
        mean, dispersion = self.mean(params), params[..., 1]
        return stats.nbinom(1 / dispersion, 1 / (1 + mean * dispersion))


class NormalMixture(Likelihood):
    """Mixture of normal distributions: means, deviations, and logits of the weights."""

    def __init__(self, n_components):
        self.n_components = n_components
        kinds = ("location", "scale", "shape")
        self.units = tuple(kind for kind in kinds for _ in range(n_components))

    def _parts(self, params):
        """(..., 3 * n_components) -> three of (..., n_components)"""
        k = self.n_components
        return params[..., :k], params[..., k : 2 * k], params[..., 2 * k :]

    def constrain(self, z):
        means, deviations, logits = self._parts(z)
        return torch.cat([means, _positive(deviations, _MIN_SCALE), logits], dim=-1)

    def in_torch(self, params):
        means, deviations, logits = self._parts(params)
        return distributions.MixtureSameFamily(
            distributions.Categorical(logits=logits, validate_args=False),
            distributions.Normal(means, deviations, validate_args=False),
            validate_args=False,
        )

    def mean(self, params):
        means, _, logits = self._parts(params)
        return (special.softmax(logits, axis=-1) * means).sum(axis=-1)

    def cdf(self, params, y):
        means, deviations, logits = self._parts(params)
        parts = special.ndtr((y[..., np.newaxis] - means) / deviations)
        return (special.softmax(logits, axis=-1) * parts).sum(axis=-1)

    def quantile(self, params, levels):
        """By root finding: a mixture has no quantile function in closed form."""
        means, deviations, _ = (part.astype(float) for part in self._parts(params))
        shape = np.broadcast_shapes(means.shape[:-1], np.shape(levels))
        levels = np.broadcast_to(levels, shape)
        params = np.broadcast_to(params, (*shape, params.shape[-1]))
        # The quantile of a mixture lies between those of its parts.
        ends = means + deviations * special.ndtri(levels)[..., np.newaxis]
        low = np.broadcast_to(ends.min(axis=-1), shape).ravel()
        high = np.broadcast_to(ends.max(axis=-1), shape).ravel()
        rows = params.reshape(-1, params.shape[-1])
        place = np.arange(len(rows))

        def excess(y, level, place):
            return self.cdf(rows[place.astype(int)], y) - level

        # Where all parts agree, the ends are one point: give them some room.
        room = 1e-6 * (high - low) + 1e-9 * (1 + abs(low))
        args = levels.ravel(), place
        bracket = bracket_root(excess, low - room, high + room, args=args).bracket
        return find_root(excess, bracket, args=args).x.reshape(shape)


class Quantiles(Likelihood):
    """Quantiles at given levels, learned by the pinball loss; they cannot cross.

    The network puts out the middle quantile and, before a softplus, the distances from
    it downwards and upwards, each from one quantile to the next. Between and beyond
    the levels, the quantile function is linear in the normal score of the level: a
    normal distribution is reproduced by any two of its quantiles.

    References
    ----------
    .. [1] R. Koenker and G. Bassett (1978), Regression Quantiles. Econometrica 46,
       section 3, the check function.
    """

    def __init__(self, levels):
        self.levels = np.asarray(levels, dtype=np.float64)
        self.scores = special.ndtri(self.levels)
        self.units = ("location",) * len(self.levels)

    def constrain(self, z):
        n_below = len(self.levels) // 2
        middle, distances = z[..., :1], F.softplus(z[..., 1:])
        down = distances[..., :n_below].cumsum(-1).flip(-1)
        up = distances[..., n_below:].cumsum(-1)
        return torch.cat([middle - down, middle, middle + up], dim=-1)

    def loss(self, params, y):
        """Twice the pinball loss, mean over the levels: its integral is the CRPS."""
        levels = torch.as_tensor(self.levels, dtype=params.dtype, device=params.device)
        miss = y.unsqueeze(-1) - params
        return 2 * torch.maximum(levels * miss, (levels - 1) * miss).mean(-1)

    def mean(self, params):
        """The median: quantiles say nothing of the mean."""
        return self.quantile(params, np.array(0.5))

    def quantile(self, params, levels):
        return self._line(params, self.scores, special.ndtri(levels))

    def cdf(self, params, y):
        return special.ndtr(self._line(self.scores, params, y))

    def _line(self, heights, places, x):
        """The line through (places, heights), its last pieces prolonged, at `x`."""
        shape = np.broadcast_shapes(
            np.shape(heights)[:-1], np.shape(places)[:-1], np.shape(x)
        )
        x = np.broadcast_to(x, shape)[..., np.newaxis]
        heights = np.broadcast_to(heights, (*shape, len(self.levels)))
        places = np.broadcast_to(places, (*shape, len(self.levels)))
        piece = (places[..., 1:-1] <= x).sum(axis=-1, keepdims=True)

        def at(array, where):
            return np.take_along_axis(array, where, axis=-1)

        left, right = at(places, piece), at(places, piece + 1)
        low, high = at(heights, piece), at(heights, piece + 1)
        # Quantiles that coincide leave a piece without width.
        width = np.where(right > left, right - left, np.finfo(np.float32).tiny)
        return (low + (high - low) * ((x - left) / width))[..., 0]


LIKELIHOODS = {
    "normal": Normal,
    "student_t": StudentT,
    "laplace": Laplace,
    "lognormal": LogNormal,
    "poisson": Poisson,
    "negative_binomial": NegativeBinomial,
    "mixture": NormalMixture,
}


def make_head(likelihood, quantiles, n_components):
    """The head for these parameters of a forecaster, or None for a plain forecast."""
    if quantiles is not None:
        return Quantiles(quantiles)
    if likelihood is None:
        return None
    cls = LIKELIHOODS[likelihood]
    return cls(n_components) if cls is NormalMixture else cls()


class HeadLoss(nn.Module):
    """Loss of a head, in the form of the losses of torch.nn.

    Parameters
    ----------
    head : Likelihood
        What the last axis of the forecasts means.
    """

    def __init__(self, head):
        super().__init__()
        self.head = head
        self.in_window_units = head.in_window_units
        self.reduction = "mean"

    def forward(self, params, y):
        """(..., outputs * p), (..., outputs) -> () or (..., outputs)"""
        loss = self.head.loss(params.unflatten(-1, (-1, self.head.n_params)), y)
        return loss.mean() if self.reduction == "mean" else loss


def _check_values(y, valid, expected, likelihood):
    valid = valid | np.isnan(y)
    if not valid.all():
        place = np.unravel_index(np.argmin(valid), y.shape)
        raise ValueError(
            f"Expected y to hold {expected} for likelihood={likelihood!r}, found "
            f"{y[place]}. If y was scaled, differenced or log-transformed, leave that "
            "out: scaling is done in the network. Else take a likelihood of real "
            "numbers, such as 'normal'."
        )
