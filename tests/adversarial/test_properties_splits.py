"""Splits by time of random panels, against plain loops over timestamps.

Each value of the first target is the number of its row, so targets tell where they are.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from laws import law, seeds
from numpy.testing import assert_array_equal
from random_panels import panels, quietly

from sktorch_forecast import (
    ConformalForecaster,
    NaiveForecaster,
    SeriesForecaster,
    make_windows,
)
from sktorch_forecast._data.time_split import split_by_time
from sktorch_forecast._training.batches import WindowDataset, split_last
from sktorch_forecast.model_selection import RollingOriginSplit

DATED = ("dates", "dates", "dates", "days of a zone", "business days", "months")
COUNTED = ("rows", "numbers", "fractions", "time steps")
PLAIN = {"sizes": ((1, 2), (0, 0), (0, 1), (0, 0)), "may_miss": False}


def clocks(kinds, n_series=(1, 4), n_rows=(3, 25)):
    """Panels in which a value is the number of its row, of series of some length."""
    return panels(kinds, n_series, n_rows, **PLAIN, max_length=3).map(_with_clock)


def _with_clock(drawn):
    first = 0
    for values in drawn.values:
        values[:, 0] = np.arange(first, first + len(values))
        first += len(values)
    return drawn


def samples_of(drawn, seed=None):
    """Windows in some order, and of each the times of its origin and last target.

    Also the number of its series. Times are what the axes of the series say.
    """
    length, horizon = drawn.length, drawn.horizon
    assume(max(len(axis) for axis in drawn.axes) >= length + horizon)
    X, y = quietly(make_windows, drawn.frame(), horizon=horizon, **drawn.arguments())
    if seed is not None:
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(X))[: rng.integers(1, len(X) + 1)]
        X, y = X[rows], y[rows]
    series = np.concatenate(
        [np.full(len(axis), i) for i, axis in enumerate(drawn.axes)]
    )
    stamps = [stamp for axis in drawn.axes for stamp in axis]
    origin_rows = np.asarray(X)[:, -1, 0].astype(int)
    last_rows = origin_rows + horizon
    return SimpleNamespace(
        X=X,
        y=y,
        series=series[origin_rows].tolist(),
        origins=[stamps[row] for row in origin_rows],
        next=[stamps[row + 1] for row in origin_rows],
        last_targets=[stamps[row] for row in last_rows],
    )


def are_shared(samples, drawn, kind):
    """Whether the same timestamp of two series is the same time, see `time_split`."""
    if kind in DATED or len(drawn.axes) == 1:
        return True
    step = max(b - a for a, b in zip(samples.origins, samples.next))
    last = {}
    for series, origin in zip(samples.series, samples.origins):
        last[series] = max(origin, last.get(series, origin))
    latest = max(last.values())
    n_late = sum(origin > latest - drawn.horizon * step for origin in last.values())
    return 2 * n_late >= len(last)


def expected_split(origins, last_targets, n_last):
    """Rows that may be trained on, and those of the last origins."""
    first = sorted(origins)[-n_last]
    before = [i for i, target in enumerate(last_targets) if target <= first]
    return before, [i for i, origin in enumerate(origins) if origin >= first]


@pytest.mark.parametrize("kinds", [DATED, COUNTED], ids=["dated", "counted"])
@law(300, data=st.data(), fraction=st.floats(0.01, 0.99), seed=seeds)
def test_what_may_be_trained_on_is_known_at_the_first_origin_held_back(
    kinds, data, fraction, seed
):
    kind = data.draw(st.sampled_from(kinds))
    drawn = data.draw(clocks([kind]))
    samples = samples_of(drawn, seed)
    X, origins, targets = samples.X, samples.origins, samples.last_targets
    if are_shared(samples, drawn, kind):
        n_last = max(1, round(fraction * len(X)))
        before, last = expected_split(origins, targets, n_last)
    else:
        before, last = [], []
        for number in set(samples.series):
            rows = [i for i, series in enumerate(samples.series) if series == number]
            n_last = round(fraction * len(rows))
            if not n_last:
                before += rows
                continue
            parts = expected_split(
                [origins[i] for i in rows], [targets[i] for i in rows], n_last
            )
            before += [rows[i] for i in parts[0]]
            last += [rows[i] for i in parts[1]]
    found = split_by_time(X, fraction, drawn.horizon)
    assert_array_equal(found[0], sorted(before))
    assert_array_equal(found[1], sorted(last))
    train, valid = split_last(WindowDataset(X, samples.y), fraction, drawn.horizon)
    if len(before) < 2:
        assert train is None and valid is None
        return
    assert_array_equal(train.indices, found[0])
    assert_array_equal(valid.indices, found[1])


# --------------------------------------------------------------- cross-validation


@st.composite
def splitters(draw):
    """Parameters of a splitter, but for the horizon."""
    some = st.none() | st.integers(1, 5)
    return {
        "n_splits": draw(st.integers(1, 4)),
        "test_size": draw(some),
        "gap": draw(st.sampled_from(["horizon", "horizon", 0, 1, 4])),
        "max_train_size": draw(some),
        "step": draw(some),
    }


def expected_folds(times, params, horizon, origins=None, last_targets=None):
    """Training and test rows of each fold; None where there are too few times."""
    gap = horizon - 1 if params["gap"] == "horizon" else params["gap"]
    different = sorted(set(times))
    n_times, n_splits = len(different), params["n_splits"]
    test_size = params["test_size"] or n_times // (n_splits + 1)
    step = params["step"] or test_size
    starts = [n_times - test_size - step * (n_splits - 1 - k) for k in range(n_splits)]
    if test_size == 0 or starts[0] - gap < 1:
        return None
    places = [different.index(time) for time in times]
    folds = []
    for start in starts:
        test = [i for i, at in enumerate(places) if start <= at < start + test_size]
        least = start - gap - (params["max_train_size"] or n_times)
        train = [i for i, at in enumerate(places) if least <= at < start - gap]
        if last_targets is not None and params["gap"] == "horizon":
            first = min(origins[i] for i in test)
            train = [i for i in train if last_targets[i] <= first]
        if not train:
            return None if not folds else [*folds, None]
        folds.append((train, test))
    return folds


def check_folds(splitter, X, expected, groups=None):
    """The folds are the expected ones, up to one without anything to train on."""
    folds = splitter.split(X, groups=groups)
    for fold in expected or [None]:
        if fold is None:
            with pytest.raises(ValueError, match="Expected (training )?origins"):
                next(folds)
            return
        train, test = next(folds)
        assert_array_equal(train, fold[0])
        assert_array_equal(test, fold[1])
    assert list(folds) == []


@pytest.mark.parametrize("kinds", [DATED, COUNTED], ids=["dated", "counted"])
@law(300, data=st.data(), params=splitters(), seed=seeds)
def test_folds_of_windows_are_those_of_a_loop(kinds, data, params, seed):
    kind = data.draw(st.sampled_from(kinds))
    drawn = data.draw(clocks([kind], n_rows=(6, 40)))
    samples = samples_of(drawn, seed)
    origins, targets = samples.origins, samples.last_targets
    if not are_shared(samples, drawn, kind):
        ends = {}
        for number, origin in zip(samples.series, origins):
            ends[number] = max(origin, ends.get(number, origin))
        ends = [ends[number] for number in samples.series]
        origins = [origin - end for origin, end in zip(origins, ends)]
        targets = [target - end for target, end in zip(targets, ends)]
    splitter = RollingOriginSplit(horizon=drawn.horizon, **params)
    expected = expected_folds(origins, params, drawn.horizon, origins, targets)
    check_folds(splitter, samples.X, expected)
    if params["gap"] != "horizon":
        return
    for fold in expected or []:  # the law itself
        if fold is not None:
            first = min(origins[i] for i in fold[1])
            assert max(targets[i] for i in fold[0]) <= first


@law(150, drawn=clocks(DATED, n_rows=(6, 40)), params=splitters(), seed=seeds)
def test_folds_of_rows_are_those_of_a_loop(drawn, params, seed):
    """Of a frame with timestamps in its index, of groups, and of an array."""
    rows = np.random.default_rng(seed).permutation(len(drawn.order))
    frame = drawn.frame().iloc[rows]
    splitter = RollingOriginSplit(horizon=drawn.horizon, **params)
    times = list(frame["time"])
    expected = expected_folds(times, params, drawn.horizon)
    indexed = frame.set_index("time" if drawn.is_alone else ["id", "time"])
    check_folds(splitter, indexed, expected)
    check_folds(splitter, frame.to_numpy(), expected, groups=frame["time"])
    check_folds(splitter, frame, expected, groups=pd.Index(times))
    expected = expected_folds(range(len(frame)), params, drawn.horizon)
    check_folds(splitter, np.zeros((len(frame), 2)), expected)


# ---------------------------------------------------- whoever holds something back


class Spy(NaiveForecaster):
    """Notes the numbers of the rows that it is trained on and forecasts from."""

    calls = []

    def fit(self, X, y, sample_weight=None):
        if sample_weight is not None:
            assert_array_equal(sample_weight, np.asarray(X)[:, -1, 0] + 1)
        self.calls.append(("fit", np.asarray(y).reshape(len(X), -1)[:, :: X.n_targets]))
        return super().fit(X, y)

    def predict(self, X):
        self.calls.append(("predict", np.asarray(X)[:, -1, 0]))
        return super().predict(X)


def times_of(drawn, rows):
    """Timestamps of rows by their numbers."""
    stamps = [stamp for axis in drawn.axes for stamp in axis]
    return [stamps[int(row)] for row in np.ravel(rows)]


@law(
    200, drawn=clocks(DATED, n_rows=(12, 30)), fraction=st.floats(0.1, 0.6), seed=seeds
)
def test_calibration_is_on_what_the_estimator_has_not_seen(drawn, fraction, seed):
    samples = samples_of(drawn, seed)
    n_last = max(1, round(fraction * len(samples.X)))
    before, last = expected_split(samples.origins, samples.last_targets, n_last)
    assume(before)
    Spy.calls.clear()
    model = ConformalForecaster(Spy(), 0.5, calibration_fraction=fraction)
    weights = np.asarray(samples.X)[:, -1, 0] + 1
    model.fit(samples.X, samples.y, sample_weight=weights)
    [(_, trained), (_, calibrated)] = Spy.calls
    assert len(trained) == len(before) and len(calibrated) == len(last)
    times = times_of(drawn, calibrated)
    assert max(times_of(drawn, trained)) <= min(times)
    assert times == sorted(times)


@law(
    200,
    drawn=clocks(("dates", "days of a zone", "months"), n_rows=(12, 30)),
    n_origins=st.none() | st.integers(1, 5),
    stride=st.integers(1, 3),
    refit=st.booleans() | st.integers(1, 3),
    data=st.data(),
)
def test_a_backtest_knows_nothing_of_what_it_forecasts(
    drawn, n_origins, stride, refit, data
):
    samples = samples_of(drawn)
    start = None
    if n_origins is None:
        start = data.draw(st.sampled_from(sorted(set(samples.origins))))
    arguments = drawn.arguments()
    model = SeriesForecaster(Spy(), horizon=drawn.horizon, **arguments)
    Spy.calls.clear()
    plan = n_origins, start, stride, refit
    try:
        found = quietly(model.backtest, drawn.frame(), *plan)
    except ValueError as error:
        assert "samples to train on before the first origin" in str(error)
        assert not Spy.calls
        return
    trained, forecast_from = [], []
    for name, rows in Spy.calls:
        if name == "fit":
            trained = times_of(drawn, rows)
        else:
            times = times_of(drawn, rows)
            assert max(trained) <= min(times)
            forecast_from += times
    name = drawn.columns[0][0]
    of_first = found if "target" not in found else found[found["target"] == name]
    assert sorted(forecast_from) == sorted(
        of_first.loc[of_first["step"] == 1, "origin"]
    )
    # The truth is that of the timestamps: row numbers say where it is.
    assert times_of(drawn, of_first["y"]) == list(of_first["timestamp"])
    steps = (of_first["y"] - of_first["forecast"]).tolist()
    assert steps == of_first["step"].tolist()  # a naive forecast is the origin itself
