"""Whether an ONNX model forecasts like the forecaster, on windows of all kinds."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from .._data.inputs import check_windows
from .._data.panel import Panel
from .._data.windows import Windows

# Batch sizes; the largest is all windows.
SIZES = (1, 7, 1000)
# The largest difference that counts as rounding, relative to the size of values.
TOLERANCE = 1e-5
# Outputs that are not in the units of the series.
_WITHOUT_UNITS = ("df", "sigma", "dispersion", "weights")
# Number of series for the trial windows, and of origins in each.
_N_SERIES, _N_ORIGINS = 20, 50


def windows_to_try(forecaster: Any, X: Any, dtype: np.dtype) -> Any:
    """A thousand windows: those of the user, repeated, or made-up ones.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted.
    X : what its `predict` takes, or None
    dtype : dtype
        Precision of the model.

    Returns
    -------
    X : Windows or ndarray, of `dtype`
    """
    if X is None:
        return _made_up(forecaster, dtype)
    if isinstance(X, Windows):
        # On a separate panel, so this does not count as testing on the training data.
        panel = replace(X.panel, values=X.panel.values.astype(dtype))
        X = Windows(panel, X.positions, X.length, X.horizon)
    X = check_windows(forecaster, X, reset=False)
    rows = np.resize(np.arange(len(X)), SIZES[-1])
    return X[rows] if isinstance(X, Windows) else X[rows].astype(dtype)


def _made_up(forecaster, dtype):
    """Windows of the usual scale, other scales, flat ones and, if allowed, gaps."""
    spec, norm = forecaster.spec_, forecaster.module_.normalization
    random = np.random.RandomState(0)
    n_rows = spec.length + _N_ORIGINS - 1 + spec.horizon
    usual = norm.usual_scale.numpy().astype(np.float64)
    shape = _N_SERIES, n_rows, spec.n_channels
    sizes = random.choice([0.1, 1, 1, 3], (_N_SERIES, 1, 1))
    levels = random.choice([0, 1, 10, 100], (_N_SERIES, 1, 1))
    noise = random.standard_normal(shape)
    noise[::2] = noise[::2].cumsum(axis=1) / np.sqrt(spec.length)
    noise[3] = 0  # a constant series
    values = usual * (levels + sizes * noise)
    if spec.n_future:
        values[..., -spec.n_future :] = _standard(random, norm, "future", shape[:2])
    if spec.masked:
        gaps = random.random_sample(shape) < 0.2
        gaps[4, n_rows // 2 :] = True  # and windows without any value
        gaps[..., spec.n_channels - spec.n_future :] = False
        values[gaps] = np.nan
    static = None
    if spec.n_static:
        static = _standard(random, norm, "static", (_N_SERIES,)).astype(np.float32)
    bounds = np.arange(_N_SERIES + 1) * n_rows
    channels, static_names = getattr(forecaster, "_names", ((), ()))
    panel = Panel(
        values.reshape(-1, spec.n_channels).astype(dtype),
        pd.RangeIndex(_N_SERIES * n_rows),
        channels or tuple(range(spec.n_channels)),
        bounds,
        n_targets=spec.n_targets,
        n_future=spec.n_future,
        ids=_ids(forecaster),
        static=static,
        static_names=static_names,
    )
    origins = np.arange(spec.length - 1, n_rows - spec.horizon)
    positions = (bounds[:-1, np.newaxis] + origins).ravel()
    # Every batch has windows of all series.
    return Windows(panel, random.permutation(positions), spec.length, spec.horizon)


def _ids(forecaster):
    """Names of the series: known ones, if there are any, and others."""
    known = getattr(forecaster, "_series_ids", None)
    known = [] if known is None else list(known[: _N_SERIES - 3])
    others = [("unknown", i) for i in range(_N_SERIES - len(known))]
    ids = np.empty(_N_SERIES, dtype=object)
    ids[:] = known + others
    return pd.Index(ids, tupleize_cols=False)


def _standard(random, norm, covariates, shape):
    """Covariates with the mean and deviation that they had in training."""
    mean, scale = (
        norm.get_buffer(f"{covariates}_{name}").numpy().astype(np.float64)
        for name in ("mean", "scale")
    )
    return mean + scale * random.standard_normal((*shape, len(mean)))


def largest_difference(
    found: dict[str, np.ndarray], expected: dict[str, np.ndarray], windows: np.ndarray
) -> tuple[float, str]:
    """The largest difference, relative to the size of values, and in which output.

    If the output has units, that size is the largest absolute value in the window and
    its expected forecast; otherwise it is the largest absolute value of the output.

    Parameters
    ----------
    found, expected : dict of ndarray
        By names of the outputs.
    windows : ndarray of shape (n, length, n_targets)
    """
    worst, where = 0.0, "forecast"
    level = np.fmax.reduce(np.abs(windows), axis=(1, 2), initial=0)
    for name, values in expected.items():
        if found[name].shape != values.shape:
            return np.inf, name
        rows = np.abs(values).reshape(len(values), -1).max(axis=1)
        size = np.fmax(rows, level)
        if name in _WITHOUT_UNITS:
            size = np.full(len(values), rows.max())
        off = np.abs(found[name] - values).reshape(len(values), -1).max(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(off == 0, 0, off / size)
        share = np.inf if np.isnan(share).any() else share.max()
        if share > worst:
            worst, where = float(share), name
    return worst, where
