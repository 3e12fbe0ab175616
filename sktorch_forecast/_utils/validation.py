"""Checks that more than one module needs, with errors that say what to do."""

from collections.abc import Iterable, Mapping, Set
from numbers import Integral, Real
from typing import NoReturn

import numpy as np
from sklearn.utils import check_scalar

from .compat import (
    Interval,
    check_sample_weight,
    validate_parameter_constraints,
)

# Numbers of jobs or threads as in joblib: -1 is all, -2 all but one.
JOBS = [
    Interval(Integral, 1, None, closed="left"),
    Interval(Integral, None, -1, closed="right"),
    None,
]


def check_weights(sample_weight, X):
    """Weights of rows as a float64 array, none negative and at least one positive.

    Raises
    ------
    TypeError, ValueError
        If they are not valid. scikit-learn requires a positive one from 1.8 on, and
        divides by zero before.
    """
    weights = check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    if not weights.any():
        raise ValueError(
            "Expected at least one non-zero entry in sample_weight, found only zeros. "
            "Leave sample_weight out to weight all rows alike."
        )
    return weights


def check_positive_int(value, name):
    """Return `value` as an int, or say that `name` must be a positive integer.

    Raises
    ------
    TypeError
        If `value` is not an integer (True and False are not).
    ValueError
        If `value` is below 1.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(
            f"{name} must be a positive integer, found {value!r} of type "
            f"{type(value).__name__}."
        )
    if value < 1:
        raise ValueError(f"{name} must be a positive integer, found {value!r}.")
    return int(value)


def complain_of_shape(name, expected, found) -> NoReturn:
    """Raise a ValueError for a tensor of the wrong shape, or None if one is needed.

    For a valid tensor, a layer pays only for the comparison before this call.

    Parameters
    ----------
    name : str
        What the tensor is.
    expected : str
        Its shape in words, e.g. "(batch, length, 3)".
    found : Tensor or None

    Raises
    ------
    ValueError
        Always.
    """
    shown = "None" if found is None else tuple(found.shape)
    raise ValueError(f"Expected {name} of shape {expected}, found {shown}.")


def check_positive_ints(values, name):
    """Return `values` as a tuple of positive ints, each checked as above."""
    return tuple(check_positive_int(value, f"each of {name}") for value in values)


def check_finite(array, name, describe=None, allow_nan=False):
    """Raise a ValueError that names the first place where `array` is not finite.

    Parameters
    ----------
    array : ndarray
        Numbers of any shape.
    name : str
        What to call the array in the error.
    describe : callable, default=None
        Turns the index tuple of the offending entry into words; the default mentions
        rows and columns.
    allow_nan : bool, default=False
        Whether entries may be missing.

    Raises
    ------
    ValueError
        If an entry is infinite, or NaN where that is not allowed.
    """
    # A sum is finite only if every term is, and it needs no temporary of the
    # size of the array. It may also overflow: then look at the entries.
    with np.errstate(all="ignore"):
        if np.isfinite(np.sum(array, dtype=np.float64)):
            return
    flaws = 0
    first = None
    for start in range(0, len(array), 65536):
        part = array[start : start + 65536]
        bad = np.isinf(part) if allow_nan else ~np.isfinite(part)
        flaws += int(bad.sum())
        if first is None and bad.any():
            row, *rest = (int(i) for i in np.argwhere(bad)[0])
            first = (start + row, *rest)
    if first is None:
        return
    place = (describe or _rows_and_columns)(first)
    value, repair = _FLAWS[bool(np.isnan(array[first]))]
    more = f" and {flaws - 1} more places" if flaws > 1 else ""
    raise ValueError(
        f"Input {name} contains {value} at {place}{more}; expected finite numbers. "
        f"{repair}"
    )


_FLAWS = {
    True: (
        "NaN",
        "Drop or impute missing values first, e.g. with DataFrame.interpolate "
        "before windowing or a sklearn.impute transformer.",
    ),
    False: (
        "infinity",
        "Replace or drop it; if numbers are too large for float32, the precision of "
        "windows, scale the series.",
    ),
}


def _rows_and_columns(place):
    names = (
        ("row", "column", "channel") if len(place) < 3 else ("row", "step", "channel")
    )
    return ", ".join(f"{name} {i}" for name, i in zip(names, place))


def check_observed(y, name, where=""):
    """Raise a ValueError if a column of `y` is all NaN.

    Parameters
    ----------
    y : ndarray of shape (n, n_outputs)
        Observed values; NaN where there are none.
    name : str
        What to call it in the error.
    where : str, default=""
        Which rows these are, in words.
    """
    unseen = np.flatnonzero(np.isnan(y).all(axis=0))
    if not len(unseen):
        return
    more = f" and {len(unseen) - 1} more" if len(unseen) > 1 else ""
    raise ValueError(
        f"Expected values in {name} for every output, found only NaN in output "
        f"{unseen[0]}{more}{where}: there is nothing to compare a forecast with. Leave "
        "such outputs out, or use more rows."
    )


def check_readable(values, name):
    """Check that NumPy can make an array with rows of equal length from `values`.

    Parameters
    ----------
    values : object
        What to convert to an array. Objects that define their own conversion are not
        checked, except for tensors.
    name : str
        What to call it in the error.

    Raises
    ------
    TypeError
        If it is a tensor that NumPy cannot read: one that needs a gradient, is on
        another device or has a type that NumPy does not know.
    ValueError
        If it is a list, or the like, whose rows differ in length.
    """
    if not hasattr(values, "__array__"):
        try:
            np.shape(values)
        except ValueError:
            raise ValueError(
                f"Expected {name} with rows of equal length, found a "
                f"{type(values).__name__} whose rows differ in length. Cut them to one "
                "length, or put series of different lengths into a frame with a column "
                "of ids, and pass its name to make_windows as id=."
            ) from None
    elif type(values).__module__.partition(".")[0] == "torch":
        try:
            np.asarray(values)
        except (TypeError, RuntimeError) as error:
            raise TypeError(
                f"Expected {name} that NumPy can read, found a tensor that it cannot: "
                f"{str(error).rstrip('.')}. Pass tensor.detach().cpu().float().numpy()."
            ) from None


def check_numeric(values, name):
    """Check that `values` are real numbers to NumPy, not disguised times.

    Parameters
    ----------
    values : object
        What to convert to an array.
    name : str
        What to call it in the error.

    Raises
    ------
    TypeError
        If it is not an array or list, or if it holds dates or time steps, which NumPy
        would convert to numbers of ticks; or as for `check_readable`.
    ValueError
        As for `check_readable`.
    """
    has_values = hasattr(values, "__array__") or hasattr(values, "__len__")
    is_other = isinstance(values, (str, bytes, Mapping, Set, type))
    if is_other or not (has_values or np.isscalar(values)):
        raise TypeError(
            f"Expected {name} as an array of numbers, found {_shown(values)}. Give an "
            "array or a list, or the X and y of make_windows."
        )
    check_readable(values, name)
    dtypes = getattr(values, "dtypes", getattr(values, "dtype", None))
    for dtype in dtypes if isinstance(dtypes, Iterable) else [dtypes]:
        is_time = getattr(dtype, "is_temporal", lambda: False)()  # for polars
        if is_time or getattr(dtype, "kind", None) in ("m", "M"):
            raise TypeError(
                f"Expected {name} as numbers, found {dtype} values. Timestamps belong "
                "in the index of a series, or in the column that time= names. To get "
                "numbers, use CalendarFeatures, or divide durations by a unit."
            )


def _shown(value):
    """A value and its type in words, truncated if long."""
    text = repr(value)
    text = text if len(text) <= 40 else f"{text[:37]}..."
    return text if value is None else f"{text} of type {type(value).__name__}"


def check_coverage(coverage):
    """Return `coverage` as a float, or say that it must be between 0 and 1.

    Raises
    ------
    TypeError, ValueError
        If it is not a number, or not between 0 and 1.
    """
    check_scalar(
        coverage, "coverage", Real, min_val=0, max_val=1, include_boundaries="neither"
    )
    if np.isnan(coverage):  # neither below 0 nor above 1
        raise ValueError("coverage == nan, must be between 0 and 1, e.g. 0.9.")
    return float(coverage)


def check_coverages(coverage):
    """A coverage, several or none, as a list of floats.

    Parameters
    ----------
    coverage : float, iterable of float or None

    Returns
    -------
    coverages : list of float
        Empty for None.

    Raises
    ------
    TypeError, ValueError
        If one is not a number between 0 and 1, or appears twice.
    """
    if coverage is None:
        return []
    given = list(coverage) if isinstance(coverage, Iterable) else [coverage]
    coverages = [check_coverage(one) for one in given]
    if len(set(coverages)) < len(coverages):
        raise ValueError(f"Expected distinct coverages, found {coverage!r}.")
    return coverages


def check_quantiles(quantiles):
    """Return `quantiles` as a float64 array, or say what is wrong with it.

    Raises
    ------
    ValueError
        If they are not increasing numbers between 0 and 1, at least one.
    """
    try:
        levels = np.asarray(quantiles, dtype=np.float64)
    except (TypeError, ValueError):
        levels = np.empty(0)
    if (
        levels.ndim != 1
        or not levels.size
        or not ((levels > 0) & (levels < 1)).all()
        or (np.diff(levels) <= 0).any()
    ):
        raise ValueError(
            "Expected quantiles as increasing numbers between 0 and 1, e.g. "
            f"(0.1, 0.5, 0.9), found {quantiles!r}."
        )
    return levels


def levels_of(coverage):
    """Levels of the two ends of a central interval."""
    return np.array([(1 - coverage) / 2, (1 + coverage) / 2])


def check_params(estimator):
    """Check the parameters of an estimator by its `parameter_constraints`.

    Raises
    ------
    sklearn.utils._param_validation.InvalidParameterError
        If one has the wrong type or is out of range. It is both a ``ValueError`` and a
        ``TypeError``.
    """
    validate_parameter_constraints(
        estimator.parameter_constraints,
        estimator.get_params(deep=False),
        caller_name=type(estimator).__name__,
    )
