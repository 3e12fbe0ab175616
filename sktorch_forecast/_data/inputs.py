"""Checks of X and y for every forecaster, network or not."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length, get_tags

from .._utils.annotated import check_array, validate_data
from .._utils.validation import check_finite, check_numeric
from .checks import unmasked
from .lazy_targets import LazyTargets
from .overlap import TrainedOrigins, warn_of_overlap
from .panel import Panel
from .stored_panel import names_in
from .targets import shared_span
from .windows import Windows
from .words import same_names


def check_windows(estimator: Any, X: Any, *, reset: bool) -> Windows | np.ndarray:
    """Validate the `X` passed to a forecaster; lazy windows stay lazy.

    Sets or checks ``n_features_in_`` (the length of the windows, which scikit-learn
    knows under this name) and ``n_channels_``. A fit also remembers whether values may
    be missing, so that changing the parameter afterwards changes no forecast.

    Parameters
    ----------
    estimator : estimator
        The forecaster that gets the windows.
    X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
            shape (n_origins, length, n_channels)
        Windows, one for each origin.
    reset : bool
        Whether to set the attributes rather than compare.

    Returns
    -------
    X : Windows, or ndarray of shape (n_origins, length) or \
            (n_origins, length, n_channels)

    Raises
    ------
    TypeError, ValueError
        If X is not numeric, finite and of the right shape.
    """
    allow_nan = _allows_missing(estimator, reset=reset)
    if isinstance(X, Windows):
        _check_lazy(estimator, X, allow_nan, reset=reset)
    else:
        X = _checked_array(estimator, unmasked(X), allow_nan, reset=reset)
    n_channels = X.shape[2] if X.ndim == 3 else 1
    if reset:
        estimator.n_channels_ = n_channels
        # Series of a panel have their own scales, which are looked up by name.
        ids = names_in(X.panel) if isinstance(X, Windows) else None
        estimator._series_ids = None if ids is None or len(ids) < 2 else ids
        is_lazy = isinstance(X, Windows)
        estimator._trained_origins = TrainedOrigins(X) if is_lazy else None
    elif n_channels != (expected := getattr(estimator, "n_channels_", 1)):
        raise ValueError(
            f"X has {n_channels} channels, but {type(estimator).__name__} was fitted "
            f"with {expected}. Make the windows from the same channels."
        )
    _check_covariates(estimator, X, reset=reset)
    _check_names(estimator, X, reset=reset)
    if not reset:
        warn_of_overlap(estimator, X, n_steps=0)
    return X


def _allows_missing(estimator: Any, *, reset: bool) -> bool:
    """Whether values may be missing, according to the tags at the time of the fit."""
    if reset:
        estimator._allows_missing = bool(get_tags(estimator).input_tags.allow_nan)
    remembered = getattr(estimator, "_allows_missing", None)
    if remembered is None:
        return bool(get_tags(estimator).input_tags.allow_nan)
    return remembered


def _check_lazy(estimator: Any, X: Windows, allow_nan: bool, *, reset: bool) -> None:
    name = type(estimator).__name__
    if not len(X):
        raise ValueError(
            f"Found windows with 0 origins (shape={X.shape}) while a minimum of 1 "
            f"is required by {name}."
        )
    of_frame = hasattr(estimator, "feature_names_in_")
    length = getattr(estimator, "n_features_in_", None)
    if reset or of_frame or X.shape[1] != length:
        # Only then: looking for column names takes as long as running a small network.
        validate_data(estimator, X, reset=reset, skip_check_array=True)
    if X.has_missing and not allow_nan:
        raise ValueError(
            f"Expected windows without missing values for {name}, found some. "
            "Impute them before windowing, or use a network with missing='mask'."
        )


def _checked_array(
    estimator: Any, X: Any, allow_nan: bool, *, reset: bool
) -> np.ndarray:
    if isinstance(X, pd.Series):
        raise ValueError(
            f"Expected windows for {type(estimator).__name__}, a row for each origin, "
            "found a Series. Make windows and targets from it with X, y = "
            "make_windows(series, horizon=..., length=...)."
        )
    check_numeric(X, "X")
    X = validate_data(
        estimator,
        X,
        reset=reset,
        dtype=(np.float64, np.float32),
        allow_nd=True,
        ensure_all_finite=False,
    )
    if X.ndim > 3:
        raise ValueError(
            "Expected X of shape (n_origins, length) or (n_origins, length, "
            f"n_channels), found {X.shape}."
        )
    if 0 in X.shape[1:]:
        raise ValueError(
            "Expected windows of at least one timestamp and one channel, found shape "
            f"{X.shape}. Make them longer, or include a channel."
        )
    check_finite(X, "X", allow_nan=allow_nan)
    _check_range(X, "X")
    return X


def _check_range(values: np.ndarray, name: str) -> None:
    """Raise a ValueError if finite values are beyond float32."""
    if values.dtype != np.float64:
        return
    # Unlike nanmax, fmax does not warn about a window without any value.
    largest = np.fmax.reduce(np.abs(values), axis=None)
    with np.errstate(over="ignore"):
        overflows = np.isinf(np.float32(largest))
    if overflows:
        raise ValueError(
            f"Input {name} contains values too large for float32, the precision of "
            f"the networks: found {largest:.3g}. Scale the series."
        )


def _check_covariates(estimator: Any, X: Any, *, reset: bool) -> None:
    """Set or check the numbers of future and static covariates.

    Raises
    ------
    ValueError
        If they differ from the fit.
    """
    n_future = getattr(X, "n_future", 0)
    n_static = 0 if getattr(X, "static", None) is None else X.static.shape[1]
    if reset:
        estimator.n_future_, estimator.n_static_ = n_future, n_static
        return
    expected = getattr(estimator, "n_future_", 0), getattr(estimator, "n_static_", 0)
    if (n_future, n_static) != expected:
        raise ValueError(
            f"X has {n_future} future and {n_static} static covariates, but "
            f"{type(estimator).__name__} was fitted with {expected[0]} future and "
            f"{expected[1]} static ones. Make the windows with the same future and "
            "static columns."
        )
    horizon = getattr(estimator, "horizon_", None)
    if n_future and horizon is not None and X.horizon != horizon:
        raise ValueError(
            f"X has covariates over a horizon of {X.horizon}, but "
            f"{type(estimator).__name__} forecasts {horizon} steps. Make the windows "
            f"with horizon={horizon}."
        )


def _check_names(estimator: Any, X: Any, *, reset: bool) -> None:
    """Remember or check the names of the channels and static covariates.

    Raises
    ------
    ValueError
        If they differ from the fit, or come in another order: the values would be taken
        for those of other channels.
    """
    names = tuple(getattr(X, "channels", ())), tuple(getattr(X, "static_names", ()))
    if reset:
        estimator._names = names
        return
    kinds = "channels", "static covariates"
    for kind, found, expected in zip(kinds, names, getattr(estimator, "_names", names)):
        if not same_names(found, expected):
            raise ValueError(
                f"X has the {kind} {list(found)}, but {type(estimator).__name__} was "
                f"fitted with {list(expected)}. Make the windows from the same columns "
                "in the same order, e.g. by naming target, past, future and static."
            )


def _checked_targets(estimator: Any, y: Any) -> np.ndarray:
    """`y` as an array of numbers in the range of the networks."""
    check_numeric(y, "y")
    y = check_array(
        unmasked(y),
        dtype=(np.float64, np.float32),
        ensure_2d=False,
        ensure_all_finite=False,
        input_name="y",
    )
    # Rows that overlap in memory share one span: each value is checked once.
    span = shared_span(y)
    if span is None or not np.isfinite(np.sum(span)):
        check_finite(y, "y", allow_nan=_allows_missing(estimator, reset=False))
        if np.isnan(y).all():
            raise ValueError(
                "Expected at least one number in y, found only NaN: there is nothing "
                "to learn from. Use origins whose targets are known."
            )
    _check_range(y if span is None else span, "y")
    return y


def _are_fine(estimator: Any, y: LazyTargets) -> bool:
    """Whether lazy targets can be used as they are, without making an array."""
    if y.is_complete and isinstance(y.panel, Panel):
        return True  # they were checked when they were stored
    allows_missing = _allows_missing(estimator, reset=False)
    is_any_known = False
    for part in y.parts():
        is_number = np.isfinite(part)
        if not (is_number | (allows_missing & np.isnan(part))).all():
            return False
        is_any_known |= bool(is_number.any())
        _check_range(part, "y")
    return is_any_known


def check_targets(estimator: Any, X: Any, y: Any, *, reset: bool) -> np.ndarray:
    """Validate `y` for checked windows `X`.

    Sets or checks ``n_targets_`` and ``horizon_``, and remembers whether y was 1-D, so
    that forecasts can have the same shape.

    Returns
    -------
    y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
        Lazy targets of a panel stay lazy.

    Raises
    ------
    TypeError, ValueError
        If y is missing, not numeric, not finite, or of a shape that does not match X or
        the first fit.
    """
    name = type(estimator).__name__
    if y is None:
        raise ValueError(
            f"{name} requires y to be passed, but the target y is None. make_windows "
            "returns both X and y."
        )
    is_fine = isinstance(y, LazyTargets) and _are_fine(estimator, y)
    y = y if is_fine else _checked_targets(estimator, y)
    check_consistent_length(X, y)
    n_outputs = y.shape[1] if y.ndim == 2 else 1
    n_targets = getattr(X, "n_targets", 1)
    if n_outputs % n_targets:
        raise ValueError(
            f"Expected y with horizon * n_targets columns, a multiple of the "
            f"{n_targets} target channels of the windows, found {n_outputs}."
        )
    horizon = n_outputs // n_targets
    if getattr(X, "n_future", 0) and X.horizon != horizon:
        raise ValueError(
            f"Expected y to have the horizon of the covariates in X, {X.horizon}, "
            f"found {horizon}. Take both from one call to make_windows."
        )
    if reset:
        estimator.n_targets_ = n_targets
        estimator.horizon_ = horizon
        estimator._y_is_1d = y.ndim == 1
    elif (n_targets, horizon) != (estimator.n_targets_, estimator.horizon_):
        raise ValueError(
            f"y has a horizon of {horizon} for {n_targets} target channels, but {name} "
            f"was fitted with {estimator.horizon_} for {estimator.n_targets_}. Fit a "
            "new forecaster for another horizon."
        )
    return y
