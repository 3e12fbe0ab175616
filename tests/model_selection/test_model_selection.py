"""RollingOriginSplit against TimeSeriesSplit, brute force and written-out splits."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

from sktorch_forecast import NaiveForecaster, Panel, Windows, make_windows
from sktorch_forecast.model_selection import RollingOriginSplit


def as_lists(splits):
    return [(train.tolist(), test.tolist()) for train, test in splits]


def panel(spans, freq="h"):
    """A DataFrame of one row for each (id, timestamp); id: (first, last) timestamp."""
    index = [
        (
            name,
            pd.Timestamp("2024-03-30", tz="Europe/Berlin") + i * pd.Timedelta(1, freq),
        )
        for name, (first, last) in spans.items()
        for i in range(first, last + 1)
    ]
    index = pd.MultiIndex.from_tuples(index, names=["id", "timestamp"])
    return pd.DataFrame({"value": np.arange(len(index))}, index=index)


def panel_windows(frame):
    """Windows of length 1 at every row, with the index of a panel."""
    panel = Panel.from_array(frame.to_numpy(), index=frame.index)
    return Windows(panel, np.arange(len(frame)), 1)


# ------------------------------------------------------------------- on one series


@pytest.mark.parametrize("n_origins", [11, 24, 25, 60])
@pytest.mark.parametrize("horizon", [1, 2, 5])
@pytest.mark.parametrize(
    "params",
    [
        {"n_splits": 2},
        {"n_splits": 3, "test_size": 1},
        {"n_splits": 2, "max_train_size": 3},
        {"n_splits": 2, "test_size": 3, "max_train_size": 1},
    ],
)
def test_rows_are_split_as_time_series_split_does(n_origins, horizon, params):
    X = np.zeros((n_origins, 2))
    found = list(RollingOriginSplit(horizon=horizon, **params).split(X))
    expected = list(TimeSeriesSplit(gap=horizon - 1, **params).split(X))
    assert len(found) == params["n_splits"]
    for (train, test), (expected_train, expected_test) in zip(found, expected):
        assert_array_equal(train, expected_train)
        assert_array_equal(test, expected_test)


def test_one_split_is_a_holdout():
    splits = RollingOriginSplit(1, horizon=3, test_size=2).split(np.zeros((8, 1)))
    assert as_lists(splits) == [([0, 1, 2, 3], [6, 7])]


@pytest.mark.parametrize(
    "step, expected",
    [
        (1, [([0], [3, 4, 5]), ([0, 1], [4, 5, 6]), ([0, 1, 2], [5, 6, 7])]),
        (2, [([0], [3, 4, 5]), ([0, 1, 2], [5, 6, 7]), ([1, 2, 3, 4], [7, 8, 9])]),
        (
            4,
            [([0], [3, 4, 5]), ([1, 2, 3, 4], [7, 8, 9]), ([5, 6, 7, 8], [11, 12, 13])],
        ),
    ],
)
def test_test_parts_begin_a_step_apart(step, expected):
    cv = RollingOriginSplit(3, horizon=3, test_size=3, step=step, max_train_size=4)
    X = np.zeros((6 + 2 * step, 1))
    assert as_lists(cv.split(X)) == expected


def test_a_gap_of_ones_own_needs_no_horizon():
    X = np.zeros((9, 1))
    splits = RollingOriginSplit(1, gap=4, test_size=2).split(X)
    assert as_lists(splits) == [([0, 1, 2], [7, 8])]
    splits = RollingOriginSplit(1, gap=0, horizon=5, test_size=2).split(X)
    assert as_lists(splits) == [([0, 1, 2, 3, 4, 5, 6], [7, 8])]


def test_windows_are_split_by_their_origins_and_not_by_their_place():
    X, y = make_windows(np.arange(12.0), horizon=2, length=3)
    order = np.random.default_rng(0).permutation(len(X))
    cv = RollingOriginSplit(2, horizon=2)
    for (train, test), (train_in_order, test_in_order) in zip(
        cv.split(X[order], y[order]), cv.split(X, y)
    ):
        assert_array_equal(np.sort(order[train]), train_in_order)
        assert_array_equal(np.sort(order[test]), test_in_order)


# ----------------------------------------------------------------------- on a panel


def brute_force(times, *, n_splits, horizon, test_size, step, max_train_size):
    """The definition, one origin after the other."""
    distinct = sorted(set(times))
    for split in range(n_splits):
        start = len(distinct) - test_size - step * (n_splits - 1 - split)
        test_times = distinct[start : start + test_size]
        train_times = distinct[: start - (horizon - 1)]
        if max_train_size is not None:
            train_times = train_times[-max_train_size:]
        yield (
            [i for i, time in enumerate(times) if time in train_times],
            [i for i, time in enumerate(times) if time in test_times],
        )


PANEL = panel({"b": (0, 19), "a": (7, 25), "late": (17, 22), "only": (24, 24)})


@pytest.mark.parametrize("kind", ["windows", "frame", "groups", "periods"])
@pytest.mark.parametrize("max_train_size", [None, 4])
@pytest.mark.parametrize("step", [1, 2, 5])
def test_a_panel_is_split_by_time(kind, max_train_size, step):
    times = PANEL.index.get_level_values("timestamp")
    rows = np.zeros((len(PANEL), 2))
    X, groups = {
        "windows": (panel_windows(PANEL), None),
        "frame": (PANEL, None),
        "groups": (rows, times),
        "periods": (rows, times.tz_convert("UTC").tz_localize(None).to_period("h")),
    }[kind]
    params = {"horizon": 4, "test_size": 3, "step": step, "n_splits": 3}
    params["max_train_size"] = max_train_size
    found = as_lists(RollingOriginSplit(**params).split(X, groups=groups))
    assert found == list(brute_force(times.tolist(), **params))


@pytest.mark.parametrize("horizon", [1, 3, 6])
def test_no_target_of_the_training_is_one_of_the_test(horizon):
    times = PANEL.index.get_level_values("timestamp")

    def targets(rows):
        steps = pd.to_timedelta(np.arange(1, horizon + 1), "h")
        return {time + step for time in times[rows] for step in steps}

    splits = list(RollingOriginSplit(3, horizon=horizon).split(panel_windows(PANEL)))
    for train, test in splits:
        assert targets(train).isdisjoint(targets(test))
        # and all that is trained on is known at the first test origin
        assert max(targets(train)) <= min(times[test])
    # One timestamp less in between, and the targets of the last split do overlap.
    if horizon > 1:
        leaky = RollingOriginSplit(3, gap=horizon - 2).split(panel_windows(PANEL))
        train, test = list(leaky)[-1]
        assert not targets(train).isdisjoint(targets(test))


def test_a_test_part_holds_all_series_at_its_timestamps():
    frame = panel({"a": (0, 5), "b": (4, 5)})
    splits = RollingOriginSplit(1, horizon=2, test_size=2).split(panel_windows(frame))
    # a has origins 0 to 5 in rows 0 to 5, b has 4 and 5 in rows 6 and 7.
    assert as_lists(splits) == [([0, 1, 2], [4, 5, 6, 7])]


def test_groups_go_before_the_timestamps_of_the_windows():
    X, y = make_windows(np.arange(8.0), horizon=1, length=2)
    cv = RollingOriginSplit(1, horizon=1, test_size=1)
    assert as_lists(cv.split(X, y, groups=[5, 4, 3, 2, 1, 0])) == [
        ([1, 2, 3, 4, 5], [0])
    ]


# --------------------------------------------------------------- with scikit-learn


def test_cross_val_score_and_grid_search_take_the_splitter():
    X, y = make_windows(np.arange(40.0) % 7, horizon=2, length=7)
    cv = RollingOriginSplit(3, horizon=2)
    # A season of 7 is repeated without error; the last value is not.
    scoring = "neg_mean_absolute_error"
    scores = cross_val_score(NaiveForecaster(7), X, y, cv=cv, scoring=scoring)
    assert scores.tolist() == [0, 0, 0]
    search = GridSearchCV(
        NaiveForecaster(), {"seasonality": [1, 7]}, cv=cv, scoring=scoring
    ).fit(X, y)
    assert search.best_params_ == {"seasonality": 7}
    assert search.n_splits_ == cv.get_n_splits() == 3


@pytest.mark.parametrize("routing", [False, True])
def test_cross_val_score_hands_on_the_timestamps(routing):
    # Rows come latest first. Where time is known, the trend is learned from the past.
    time = np.arange(20)[::-1]
    seen = []

    class Recording(LinearRegression):
        def fit(self, X, y):
            seen.append(X.ravel().tolist())
            return super().fit(X, y)

    cv = RollingOriginSplit(1, horizon=3, test_size=4)
    given = {"params": {"groups": time}} if routing else {"groups": time}
    with config_context(enable_metadata_routing=routing):
        cross_val_score(Recording(), time[:, None], 2 * time, cv=cv, **given)
    assert seen == [list(range(13, -1, -1))]


def test_repr_names_every_parameter():
    cv = RollingOriginSplit(2, horizon=3, test_size=4, gap=5, max_train_size=6, step=7)
    assert repr(cv).split() == [
        "RollingOriginSplit(gap=5,",
        "horizon=3,",
        "max_train_size=6,",
        "n_splits=2,",
        "step=7,",
        "test_size=4)",
    ]


# ------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "params, needed",
    [
        # test parts + gap + one origin to train on
        ({"n_splits": 3, "horizon": 4, "test_size": 5}, 3 * 5 + 3 + 1),
        ({"n_splits": 3, "gap": 0, "test_size": 5}, 3 * 5 + 1),
        ({"n_splits": 3, "gap": 0, "test_size": 5, "step": 1}, 5 + 2 + 1),
        ({"n_splits": 4, "horizon": 1}, 5),
    ],
)
def test_too_few_timestamps_say_how_many_are_needed(params, needed):
    cv = RollingOriginSplit(**params)
    message = f"at {needed} different timestamps or more .*found {needed - 1}"
    with pytest.raises(ValueError, match=message):
        list(cv.split(np.zeros((needed - 1, 1))))
    assert len(list(cv.split(np.zeros((needed, 1))))) == params["n_splits"]
    # Rows of the same timestamp do not count twice.
    groups = np.repeat(np.arange(needed - 1), 3)
    with pytest.raises(ValueError, match=f"found {needed - 1}"):
        list(cv.split(np.zeros((len(groups), 1)), groups=groups))


def test_needed_timestamps_suffice_when_the_test_size_follows_from_them():
    # 2 splits of n // 3 and a gap of 3: for 9, 10, 11, ... origins 9 - 2 * 3 - 3 = 0,
    # 10 - 2 * 3 - 3 = 1. For 8 it was 8 - 2 * 2 - 3 = 1, too, but for 7 it is 0.
    cv = RollingOriginSplit(2, horizon=4)
    with pytest.raises(ValueError, match="at 8 different.*found 7"):
        list(cv.split(np.zeros((7, 1))))
    with pytest.raises(ValueError, match="at 10 different.*found 9"):
        list(cv.split(np.zeros((9, 1))))
    for n_origins in (8, 10):
        (train, _), _ = cv.split(np.zeros((n_origins, 1)))
        assert train.tolist() == [0]


@pytest.mark.parametrize(
    "params",
    [
        {"n_splits": 0},
        {"n_splits": 2.0},
        {"horizon": 0},
        {"horizon": "24"},
        {"gap": -1},
        {"gap": "embargo"},
        {"test_size": 0},
        {"step": 0},
        {"max_train_size": 0},
    ],
)
def test_bad_parameters_fail_at_once(params):
    (name,) = params
    message = f"The '{name}' parameter of RollingOriginSplit must be"
    with pytest.raises(ValueError, match=message):
        RollingOriginSplit(**{"horizon": 2, **params})


def test_a_horizon_or_a_gap_must_be_given():
    with pytest.raises(ValueError, match=r"Expected horizon.*RollingOriginSplit\(gap"):
        RollingOriginSplit(3)


def test_groups_must_be_one_timestamp_a_row():
    cv = RollingOriginSplit(1, horizon=1)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        list(cv.split(np.zeros((5, 1)), groups=[0, 1, 2]))
    groups = pd.DatetimeIndex(["2024-01-01", "2024-01-02", None])
    with pytest.raises(ValueError, match="found none in row 2"):
        list(cv.split(np.zeros((3, 1)), groups=groups))
