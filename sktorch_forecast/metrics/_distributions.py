"""How good a whole forecast distribution is, given as samples or as a normal.

Symbols in this file:

- ``n``: rows, that is origins;
- ``n_outputs``: ``horizon * n_targets`` values of a row, all targets of step 1 first;
- ``m``: samples;
- ``y``, ``x``, ``x'``: the observed value, and two independent draws of the forecast.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist, pdist
from scipy.special import ndtr

from .._utils.compat import validate_params
from .._utils.randomness import private_random_state
from .._utils.typing import RandomState
from ._checks import (
    check_outcomes,
    check_outputs,
    check_sample_weight,
    check_samples,
    mean_over_rows,
)

_SAMPLES = {
    "y_true": ["array-like"],
    "samples": ["array-like"],
    "fair": ["boolean"],
    "sample_weight": ["array-like", None],
}


def _check(
    y_true: ArrayLike,
    samples: ArrayLike,
    fair: bool,
    sample_weight: ArrayLike | None,
) -> tuple[np.ndarray, np.ndarray, int, np.ndarray | None]:
    """Return outcomes and samples as arrays, the number of pairs, and the weights."""
    y_true = check_outcomes(y_true)
    samples = check_samples(samples, y_true)
    m = len(samples)
    if fair and m == 1:
        raise ValueError(
            "The fair score needs at least 2 samples, found 1: one sample does not "
            "tell how far apart draws are. Draw more, or set fair=False."
        )
    # Among the m * m pairs of draws, m pair a sample with itself, at distance 0. The
    # fair mean over pairs leaves these out.
    n_pairs = m * (m - 1) if fair else m * m
    return y_true, samples, n_pairs, check_sample_weight(sample_weight, y_true)


@validate_params(_SAMPLES, prefer_skip_nested_validation=True)
def crps_samples(
    y_true: ArrayLike,
    samples: ArrayLike,
    *,
    fair: bool = False,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Continuous ranked probability score (CRPS) of samples.

    ``E|x - y| - E|x - x'| / 2``, averaged over rows and outputs. The first term asks
    for samples near the observed value, the second rewards samples that are spread out.
    Steps are scored one by one: their serial dependence along a path does not count,
    see :func:`energy_score` for that.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, horizon * n_targets)
        Observed values, in the units of the series, all targets of step 1 first; NaN
        where nothing was observed.
    samples : array-like of shape (n_samples, n, horizon * n_targets), or \
            (n_samples, n) for one output
        The forecasts, as ``sample`` gives them, in the units of the series.
    fair : bool, default=False
        Which distribution is scored. False: the samples themselves, as if nothing else
        could happen. True: the distribution that they were drawn from, estimated
        without bias.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally.

    Returns
    -------
    score : float
        In the units of the series. Lower is better. At least 0 unless `fair`.

    Raises
    ------
    ValueError
        If shapes disagree; if a forecast is NaN or a value infinite; if an output has
        no observed value; if there is only one sample and `fair` is True; if the
        weights are negative or all zero.

    See Also
    --------
    crps_quantiles : The CRPS of quantiles.
    crps_normal : The CRPS of normal distributions.
    energy_score : The same for paths as a whole.

    Notes
    -----
    ``E|x - x'|`` is a mean over pairs of samples: over all ``m * m`` pairs, or, if
    `fair`, over the ``m * (m - 1)`` pairs of different ones. With all pairs, the score
    exceeds that of the underlying distribution by ``E|x - x'| / (2 m)`` on average,
    more so for wide distributions. Set `fair` to compare forecasts with few samples, or
    with different numbers of them [2]_. With one sample the score is the mean absolute
    error.

    Sorting turns the sum over all pairs into a sum over the samples, so the cost grows
    like ``m log m``.

    References
    ----------
    .. [1] Gneiting, T. and Raftery, A. E. (2007). Strictly proper scoring rules,
       prediction, and estimation. Journal of the American Statistical Association,
       102(477), 359-378. Equation 21, with the opposite sign.
    .. [2] Ferro, C. A. T. (2014). Fair scores for ensemble forecasts. Quarterly Journal
       of the Royal Meteorological Society, 140(683), 1917-1923.

    Examples
    --------
    Both samples miss by 1; two draws are 2 apart half of the time.

    >>> from sktorch_forecast.metrics import crps_samples
    >>> crps_samples([1], [[0], [2]])
    0.5
    >>> crps_samples([1], [[0], [2]], fair=True)
    0.0
    """
    y_true, samples, n_pairs, sample_weight = _check(
        y_true, samples, fair, sample_weight
    )
    m = len(samples)
    # Differences from y are small numbers, whatever the level of the series.
    error = np.sort(samples - y_true, axis=0)
    # In the sum of x_j - x_i over all i < j, the sample of rank i (from 0) is the
    # greater one of i pairs and the smaller one of m - 1 - i.
    sign = 2 * np.arange(m) - (m - 1)
    # (m,) and (m, n, n_outputs) -> (n, n_outputs)
    spread = np.tensordot(sign, error, axes=1) / n_pairs
    score = np.abs(error).mean(axis=0) - spread
    return mean_over_rows(score, ~np.isnan(y_true), sample_weight)


@validate_params(_SAMPLES, prefer_skip_nested_validation=True)
def energy_score(
    y_true: ArrayLike,
    samples: ArrayLike,
    *,
    fair: bool = False,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Energy score of sample paths.

    ``E||x - y|| - E||x - x'|| / 2`` with the Euclidean norm of a whole row, over all
    steps and targets, averaged over rows. It is the CRPS of joint forecasts: paths
    whose steps are each right by themselves, but which jump where the truth moves
    slowly, score worse than paths that move like the truth.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, horizon * n_targets)
        Observed values, in the units of the series, all targets of step 1 first; NaN
        where nothing was observed.
    samples : array-like of shape (n_samples, n, horizon * n_targets), or \
            (n_samples, n) for one output
        The forecasts, as ``sample`` gives them, in the units of the series.
    fair : bool, default=False
        Whether to leave the pairs of a sample with itself out of ``E||x - x'||``, as
        in :func:`crps_samples`.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally.

    Returns
    -------
    score : float
        In the units of the series. Lower is better. At least 0 unless `fair`.

    Raises
    ------
    ValueError
        If shapes disagree; if a forecast is NaN or a value infinite; if an output has
        no observed value; if there is only one sample and `fair` is True; if the
        weights are negative or all zero.

    See Also
    --------
    crps_samples : Each step by itself.
    energy_scorer : This metric as a scorer for model selection.

    Notes
    -----
    A partly observed row is scored on the observed part: norms are over the observed
    steps and targets, so this is the energy score of their joint forecast.

    For one output this is :func:`crps_samples`. The norm of a row sums over targets, so
    if they have different units, the one with the largest numbers dominates; scale them
    first. The computing time grows with the square of the number of samples.

    References
    ----------
    .. [1] Gneiting, T. and Raftery, A. E. (2007). Strictly proper scoring rules,
       prediction, and estimation. Journal of the American Statistical Association,
       102(477), 359-378. Equation 22 with exponent 1 and the opposite sign.

    Examples
    --------
    One path is right, the other 5 away; two draws are 5 apart half of the time.

    >>> from sktorch_forecast.metrics import energy_score
    >>> energy_score([[0, 0]], [[[0, 0]], [[3, 4]]])
    1.25
    """
    y_true, samples, n_pairs, sample_weight = _check(
        y_true, samples, fair, sample_weight
    )
    observed = ~np.isnan(y_true)
    score = np.zeros(len(y_true))
    for i, (y, seen) in enumerate(zip(y_true, observed)):
        if seen.any():
            paths = samples[:, i, seen]  # (m, n_seen)
            # pdist has each pair once: its sum is already half the sum over all pairs.
            score[i] = cdist(paths, [y[seen]]).mean() - pdist(paths).sum() / n_pairs
    is_scored = observed.sum(axis=1, keepdims=True) > 0
    return mean_over_rows(score, is_scored, sample_weight)


@validate_params(
    {
        "y_true": ["array-like"],
        "loc": ["array-like"],
        "scale": ["array-like"],
        "sample_weight": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def crps_normal(
    y_true: ArrayLike,
    loc: ArrayLike,
    scale: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Continuous ranked probability score (CRPS) of normal distributions.

    The closed form of [1]_, averaged over rows and outputs.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, horizon * n_targets)
        Observed values, in the units of the series, all targets of step 1 first; NaN
        where nothing was observed.
    loc : array-like of the shape of `y_true`
        Means of the forecast distributions, in the units of the series.
    scale : array-like of the shape of `y_true`
        Their standard deviations, above 0, in the units of the series.
    sample_weight : array-like of shape (n,), default=None
        Non-negative weights of the rows. None weights all rows equally.

    Returns
    -------
    score : float
        Above 0, in the units of the series. Lower is better.

    Raises
    ------
    ValueError
        If shapes disagree; if a scale is not above 0; if a forecast is NaN or a value
        infinite; if an output has no observed value; if the weights are negative or all
        zero.

    See Also
    --------
    crps_samples : The CRPS of samples.
    crps_quantiles : The CRPS of quantiles.

    References
    ----------
    .. [1] Gneiting, T. and Raftery, A. E. (2007). Strictly proper scoring rules,
       prediction, and estimation. Journal of the American Statistical Association,
       102(477), 359-378. The formula for normal distributions in section 4.2, with
       the opposite sign.

    Examples
    --------
    >>> from sktorch_forecast.metrics import crps_normal
    >>> round(crps_normal([0], [0], [1]), 6)
    0.233695
    """
    y_true, loc = check_outputs(y_true, loc, "loc")
    _, scale = check_outputs(y_true, scale, "scale")
    sample_weight = check_sample_weight(sample_weight, y_true)
    if (scale <= 0).any():
        raise ValueError(
            f"scale must be above 0, found {scale.min():g}: it is the standard "
            "deviation. The score of a forecast without spread is the absolute error."
        )
    z = (y_true - loc) / scale
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    score = scale * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi))
    return mean_over_rows(score, ~np.isnan(y_true), sample_weight)


@validate_params(
    {
        "y_true": ["array-like"],
        "samples": ["array-like"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def pit_values(
    y_true: ArrayLike, samples: ArrayLike, *, random_state: RandomState = None
) -> np.ndarray:
    """Probability integral transform (PIT): where in its forecast each value fell.

    About 0 for a value below all samples, about 1 for a value above all. If the
    observed value is like one more draw from the forecast, the PIT values are uniform
    on (0, 1). Their histogram is flat for calibrated forecasts, high at both ends for
    forecasts that are too narrow, high in the middle for too wide ones, and slanted for
    biased ones.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, horizon * n_targets)
        Observed values, in the units of the series, all targets of step 1 first; NaN
        where nothing was observed.
    samples : array-like of shape (n_samples, n, horizon * n_targets), or \
            (n_samples, n) for one output
        The forecasts, as ``sample`` gives them, in the units of the series.
    random_state : int, RandomState instance or None, default=None
        Seeds the randomization, see the notes. None gives a different result each time.

    Returns
    -------
    pit : ndarray of shape (n,) or (n, horizon * n_targets)
        Values between 0 and 1, in the shape of `y_true`; NaN where that is NaN.

    Raises
    ------
    ValueError
        If shapes disagree; if a forecast is NaN or a value infinite; if an output has
        no observed value.

    See Also
    --------
    coverage_score : The same question for one interval.

    Notes
    -----
    The ``m`` samples cut the line into ``m + 1`` cells, which are equally likely for
    one more draw. The result is drawn uniformly from the piece of width ``1 / (m + 1)``
    in [0, 1] that belongs to the cell of the value; where samples equal the value, from
    all pieces that touch it. So the result is uniform for a calibrated forecast, even
    with few samples or for counts; this is the randomized PIT of [1]_, with the ranks
    of [2]_.

    References
    ----------
    .. [1] Czado, C., Gneiting, T. and Held, L. (2009). Predictive model assessment for
       count data. Biometrics, 65(4), 1254-1261.
    .. [2] Hamill, T. M. (2001). Interpretation of rank histograms for verifying
       ensemble forecasts. Monthly Weather Review, 129(3), 550-560.

    Examples
    --------
    Three of four samples are below: a value between 3/5 and 4/5.

    >>> from sktorch_forecast.metrics import pit_values
    >>> pit = pit_values([5], [[1], [2], [3], [9]], random_state=0)
    >>> bool(3 / 5 < pit[0] < 4 / 5)
    True
    """
    shape = np.shape(y_true)
    y_true = check_outcomes(y_true)
    samples = check_samples(samples, y_true)
    below = (samples < y_true).sum(axis=0)
    equal = (samples == y_true).sum(axis=0)
    position = private_random_state(random_state).uniform(size=y_true.shape)
    pit = (below + position * (equal + 1)) / (len(samples) + 1)
    return np.where(np.isnan(y_true), np.nan, pit).reshape(shape)
