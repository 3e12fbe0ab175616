"""A synthetic data set: sums of two sine waves and noise."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from .._utils.compat import Interval, validate_params
from .._utils.typing import RandomState

__all__ = ["make_waves"]


@validate_params(
    {
        "n_series": [Interval(Integral, 1, None, closed="left")],
        "n_timestamps": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_waves(
    n_series: int = 10000,
    n_timestamps: int = 60,
    noise: float = 0.1,
    random_state: RandomState = None,
) -> np.ndarray:
    r"""Make series that are each the sum of two sine waves and noise.

    Every series draws two frequency numbers :math:`f_1, f_2` and two offsets
    :math:`o_1, o_2`, each uniform in [0, 1), and is

    .. math::

        0.5 \sin((t - o_1)(10 f_1 + 10)) + 0.2 \sin((t - o_2)(20 f_2 + 20))
        + \mathrm{noise} \cdot (u_t - 0.5)

    where :math:`t` runs evenly from 0 to 1 and :math:`u_t` is uniform in [0, 1).

    Parameters
    ----------
    n_series : int, default=10000
        Number of series to make, at least 1.
    n_timestamps : int, default=60
        Length of each series in timestamps, at least 1. The time from the first
        timestamp to the last is always 1, so a longer series is sampled more
        densely.
    noise : float, default=0.1
        Width of the uniform noise, in the units of the series; at least 0. The
        standard deviation of the noise is ``noise / sqrt(12)``.
    random_state : int, RandomState instance or None, default=None
        Source of the random numbers. Pass an int to get the same series in each
        call. ``None`` uses NumPy's global generator, as in scikit-learn's own data
        generators.

    Returns
    -------
    waves : ndarray of shape (n_series, n_timestamps), float64
        One series per row, in time order. Without noise the values stay within
        [-0.7, 0.7].

    Raises
    ------
    TypeError, ValueError
        If a parameter has the wrong type or is out of range; the error is of both
        classes.

    Notes
    -----
    With ``random_state=42`` and 51 timestamps, the mean squared error of repeating
    timestamp 50 as the forecast of timestamp 51 is 0.020211 over the series 7000 to
    8999, the validation set of [1]_.

    References
    ----------
    .. [1] Géron, A. (2019). Hands-On Machine Learning with Scikit-Learn, Keras, and
       TensorFlow, 2nd edition, chapter 15. O'Reilly.

    Examples
    --------
    >>> from sktorch_forecast.datasets import make_waves
    >>> waves = make_waves(n_series=100, n_timestamps=51, random_state=0)
    >>> X, y = waves[:, :50], waves[:, 50]
    >>> X.shape, y.shape
    ((100, 50), (100,))
    """
    rng = check_random_state(random_state)
    freq1, freq2, offset1, offset2 = rng.rand(4, n_series, 1)
    time = np.linspace(0, 1, n_timestamps)
    # (n_series, 1) against (n_timestamps,) -> (n_series, n_timestamps)
    waves = 0.5 * np.sin((time - offset1) * (10 * freq1 + 10))
    waves += 0.2 * np.sin((time - offset2) * (20 * freq2 + 20))
    # Drawn last, and also if `noise` is 0: equal seeds give equal waves.
    waves += noise * (rng.rand(n_series, n_timestamps) - 0.5)
    return waves
