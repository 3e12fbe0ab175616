"""The contract of every forecaster, as checks that you can run on your own."""

import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags

from ._data.panel import Panel
from ._data.samples import make_windows
from ._data.windows import Windows

__all__ = ["check_forecaster"]

# Forecasts made alone and among others, or in other units, agree up to this share of
# the spread of the series, to allow for float32 rounding in a network.
_TOLERANCE = 1e-4
_LENGTH, _HORIZON, _N_TIMES = 12, 3, 90


def check_forecaster(estimator: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """Checks of the contract that every forecaster of windows must fulfil.

    They do not replace ``sklearn.utils.estimator_checks``, which know nothing about
    time, but complement them. Each check works on clones.

    Parameters
    ----------
    estimator : estimator
        Forecaster with `fit` and `predict`, unfitted. It should be quick to fit: most
        checks fit it twice. Every random part of it must have an integer
        `random_state`.

    Yields
    ------
    name : str
        What is checked.
    check : callable
        Called without arguments, it raises an AssertionError, or what the forecaster
        raises, if the check fails.

    Raises
    ------
    TypeError
        If `estimator` is not an instance of an estimator, or takes frames.

    Examples
    --------
    With pytest, each check is a separate test:

    >>> import pytest
    >>> from sktorch_forecast import NaiveForecaster
    >>> from sktorch_forecast.testing import check_forecaster
    >>> @pytest.mark.parametrize("name, check", [*check_forecaster(NaiveForecaster())])
    ... def test_contract(name, check):
    ...     check()

    Or run them all in a loop:

    >>> for name, check in check_forecaster(NaiveForecaster()):
    ...     check()
    """
    _check_instance(estimator)
    return _named_checks(estimator)


def _check_instance(estimator: Any) -> None:
    """Raise a TypeError unless it is an estimator that takes windows."""
    is_estimator = isinstance(estimator, BaseEstimator) and hasattr(
        estimator, "predict"
    )
    if not is_estimator:
        raise TypeError(
            "Expected a forecaster, an instance of sklearn.base.BaseEstimator with fit "
            f"and predict, found {estimator!r}. Pass an instance rather than a class."
        )
    if hasattr(estimator, "backtest"):
        raise TypeError(
            "Expected a forecaster that takes windows, found a "
            f"{type(estimator).__name__}, which takes frames. Pass the estimator "
            "inside of it."
        )


def _named_checks(estimator: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    for check in _CHECKS:
        name = check.__name__.removeprefix("_check_")
        yield name, lambda check=check: check(estimator)


def _series(seed: int = 0) -> np.ndarray:
    """A noisy wave with a trend, in which every number is exact in float32."""
    time = np.arange(_N_TIMES)
    noise = np.random.default_rng(seed).normal(scale=0.2, size=_N_TIMES)
    values = 3 + np.sin(time / 3) + 0.01 * time + noise
    return np.round(values * 1024) / 1024


def _samples(values: Any, **options: Any) -> tuple[Windows, np.ndarray]:
    return make_windows(values, horizon=_HORIZON, length=_LENGTH, **options)


def _panel(scales: tuple[float, ...] = (1.0, 1.0, 1.0)) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"id": f"series {i}", "t": range(_N_TIMES), "y": s * _series(i)})
        for i, s in enumerate(scales)
    ]
    return pd.concat(parts, ignore_index=True)


_NAMES = {"id": "id", "time": "t", "target": "y"}


def _fitted(estimator: Any, X: Any, y: Any) -> Any:
    model: Any = clone(estimator)
    return model.fit(X, y)


def _near(found: Any, expected: Any, scale: float = 1.0) -> None:
    assert_allclose(found, expected, rtol=_TOLERANCE, atol=_TOLERANCE * scale)


def _check_shapes(estimator: Any) -> None:
    """One row for each origin, all targets of step 1 first; y 1-D, forecasts 1-D."""
    X, y = _samples(_series())
    model = _fitted(estimator, X, y)
    assert model.predict(X).shape == y.shape
    assert model.predict(X[:1]).shape == (1, _HORIZON)
    flat = _fitted(estimator, X, y[:, 0])
    assert flat.predict(X).shape == (len(X),)


def _check_no_leak(estimator: Any) -> None:
    """A forecast knows nothing of what follows its origin."""
    values = _series()
    X, y = _samples(values)
    model = _fitted(estimator, X, y)
    changed = values.copy()
    changed[60:] = 50.0
    other, _ = _samples(changed)
    before = X.positions < 60
    assert_array_equal(model.predict(other)[before], model.predict(X)[before])


def _check_determinism(estimator: Any) -> None:
    """Two identical fits forecast alike, and global generators stay as they were."""
    X, y = _samples(_series())
    numpy_state, torch_state = _global_numpy_state(), torch.get_rng_state()
    first, second = (_fitted(estimator, X, y).predict(X) for _ in range(2))
    assert_array_equal(first, second)
    assert_array_equal(_global_numpy_state(), numpy_state)
    assert torch.equal(torch.get_rng_state(), torch_state)


def _global_numpy_state() -> np.ndarray:
    # The legacy generator is the one that must not be touched.
    state: Any = np.random.get_state()  # noqa: NPY002
    return state[1].copy()


def _check_units(estimator: Any) -> None:
    """A series in other units, powers of two apart, has the same forecasts in them."""
    X, y = _samples(_panel(), **_NAMES)
    plain = _fitted(estimator, X, y).predict(X)
    for scale in (2.0**-8, 2.0**12):
        scaled_X, scaled_y = _samples(_panel((scale,) * 3), **_NAMES)
        scaled = _fitted(estimator, scaled_X, scaled_y).predict(scaled_X)
        _near(scaled / scale, plain)


def _check_rows(estimator: Any) -> None:
    """The forecast of a window does not depend on the other windows or their order."""
    X, y = _samples(_series())
    model = _fitted(estimator, X, y)
    expected = model.predict(X)
    for row in (0, 7, len(X) - 1):
        _near(model.predict(X[[row]])[0], expected[row])
    order = np.random.default_rng(0).permutation(len(X))
    _near(model.predict(X[order]), expected[order])
    _near(model.predict(X[[5, 5, 5]]), expected[[5, 5, 5]])
    _near(model.predict(np.asarray(X)), expected)


def _check_panels(estimator: Any) -> None:
    """Origins of several series may come in any order, also in the fit."""
    X, y = _samples(_panel(), **_NAMES)
    model = _fitted(estimator, X, y)
    expected = model.predict(X)
    assert np.isfinite(expected).all()
    for number in range(3):
        of_one = X.series == number
        _near(model.predict(X[of_one]), expected[of_one])


def _check_quantiles(estimator: Any) -> None:
    """Quantiles requested together increase, and intervals are two of them."""
    X, y = _samples(_series())
    model = _fitted(estimator, X, y)
    if not hasattr(model, "predict_quantiles"):
        return
    levels = [0.1, 0.3, 0.5, 0.7, 0.9]
    quantiles = model.predict_quantiles(X[-9:], levels)
    assert quantiles.shape == (9, _HORIZON, 5)
    assert (np.diff(quantiles, axis=-1) >= 0).all()
    ends = model.predict_quantiles(X[-9:], [0.1, 0.9])
    # (1 - 0.8) / 2 is not quite 0.1.
    assert_allclose(model.predict_interval(X[-9:], 0.8), ends, rtol=1e-12)


def _check_nesting(estimator: Any) -> None:
    """Intervals contain those of smaller coverage, even if requested separately."""
    X, y = _samples(_series())
    model = _fitted(estimator, X, y)
    if not hasattr(model, "predict_interval"):
        return
    ends = np.stack([model.predict_interval(X, c) for c in (0.3, 0.5, 0.77, 0.8)])
    assert (np.diff(ends[..., 0], axis=0) <= 0).all()
    assert (np.diff(ends[..., 1], axis=0) >= 0).all()


def _check_paths(estimator: Any) -> None:
    """Paths repeat with a seed and differ without one."""
    X, y = _samples(_series())
    model = _fitted(estimator, X, y)
    if not hasattr(model, "sample"):
        return
    paths = model.sample(X[-4:], 5, random_state=0)
    assert paths.shape == (5, 4, _HORIZON)
    assert_array_equal(model.sample(X[-4:], 5, random_state=0), paths)
    assert not np.array_equal(model.sample(X[-4:], 5, random_state=1), paths)


def _check_names(estimator: Any) -> None:
    """Windows with unknown channels are refused, not matched by position."""
    values = np.stack([_series(0), _series(1)], axis=1)
    index = pd.RangeIndex(_N_TIMES)

    def windows(names):
        panel = Panel.from_array(values, index=index, channels=names, n_targets=2)
        return Windows(panel, np.arange(_LENGTH - 1, _N_TIMES - _HORIZON), _LENGTH)

    frame = pd.DataFrame(values, columns=["a", "b"])
    X, y = _samples(frame, target=["a", "b"])
    model = _fitted(estimator, X, y)
    assert_array_equal(model.predict(windows(["a", "b"])), model.predict(X))
    _refuses(lambda: model.predict(windows(["b", "a"])))


def _check_atomic(estimator: Any) -> None:
    """A fit that fails leaves everything as it was."""
    X, y = _samples(_series())
    model = _fitted(estimator, X, y)
    before, forecast = vars(model).copy(), model.predict(X)
    _refuses(lambda: model.fit(X, y[:-5]))
    _refuses(lambda: model.fit(X, np.full(y.shape, np.inf)))
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    assert_array_equal(model.predict(X), forecast)


def _check_copies(estimator: Any) -> None:
    """A pickled copy forecasts alike; a clone is unfitted with the same parameters."""
    X, y = _samples(_series())
    model = _fitted(estimator, X, y)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    copied: Any = clone(model)
    assert not hasattr(copied, "horizon_")
    parameters, expected = (e.get_params(deep=False) for e in (copied, estimator))
    assert parameters.keys() == expected.keys()
    assert all(repr(parameters[name]) == repr(v) for name, v in expected.items())


def _check_inputs_stay(estimator: Any) -> None:
    """Neither the windows nor the targets are modified."""
    X, y = _samples(_series())
    windows, targets = np.asarray(X).copy(), np.array(y)
    _fitted(estimator, windows, targets).predict(windows)
    assert_array_equal(windows, np.asarray(X))
    assert_array_equal(targets, y)


def _check_missing(estimator: Any) -> None:
    """Missing values are handled if the tags say so, and refused otherwise."""
    values = _series()
    values[[20, 21, 40, 63]] = np.nan
    X, y = _samples(values, missing="mask")
    model: Any = clone(estimator)
    if not get_tags(model).input_tags.allow_nan:
        _refuses(lambda: model.fit(X, y))
        return
    assert np.isfinite(model.fit(X, y).predict(X)).all()


def _refuses(call: Callable[[], Any]) -> None:
    """Raise an AssertionError unless a call raises a TypeError or ValueError."""
    try:
        call()
    except (TypeError, ValueError) as error:
        assert str(error), "Expected an error that says what was found."
        return
    raise AssertionError("Expected a TypeError or ValueError, found no error.")


_CHECKS = [
    _check_shapes,
    _check_no_leak,
    _check_determinism,
    _check_units,
    _check_rows,
    _check_panels,
    _check_quantiles,
    _check_nesting,
    _check_paths,
    _check_names,
    _check_atomic,
    _check_copies,
    _check_inputs_stay,
    _check_missing,
]
