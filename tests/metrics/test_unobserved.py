"""Targets that were not observed (NaN): scores are those of what was observed."""

import numpy as np
import pandas as pd
import pytest
from common import FORECASTERS, cheap
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_score

from sktorch_forecast import (
    NaiveForecaster,
    SeriesForecaster,
    TabularForecaster,
    make_windows,
)
from sktorch_forecast.metrics import (
    acd,
    coverage_score,
    crps_normal,
    crps_quantiles,
    crps_samples,
    energy_score,
    energy_scorer,
    interval_score,
    interval_scorer,
    mase,
    mase_scorer,
    msis,
    msis_scorer,
    pinball_loss,
    pinball_scorer,
    pit_values,
    rmsse,
    rmsse_scorer,
    smape,
    smape_scorer,
)
from sktorch_forecast.model_selection import RollingOriginSplit

RNG = np.random.default_rng(0)
N, HORIZON, K, M, LENGTH = 40, 3, 2, 7, 9
N_OUTPUTS = HORIZON * K
FULL = RNG.normal(size=(N, N_OUTPUTS)) + 5
# Other rows are missing in every output, and some rows altogether.
SEEN = RNG.random(FULL.shape) < 0.7
SEEN[[3, 17]] = False
Y = np.where(SEEN, FULL, np.nan)
WEIGHT = RNG.uniform(size=N)
LEVELS = [0.1, 0.5, 0.7]
QUANTILES = np.sort(RNG.normal(size=(N, N_OUTPUTS, 3)) + 5, axis=-1)
HISTORIES = RNG.normal(size=(N, LENGTH, K)) * [1.0, 10.0]

# Each metric, what it gets, and along which axis of it the rows and outputs are.
CASES = {
    smape: ({}, {"y_pred": FULL + 1}, 0),
    crps_normal: ({}, {"loc": FULL + 1, "scale": np.exp(FULL / 5)}, 0),
    pinball_loss: ({"quantiles": LEVELS}, {"y_quantiles": QUANTILES}, 0),
    crps_quantiles: ({"quantiles": LEVELS}, {"y_quantiles": QUANTILES}, 0),
    coverage_score: ({}, {"interval": QUANTILES[..., [0, 2]]}, 0),
    interval_score: ({"coverage": 0.6}, {"interval": QUANTILES[..., [0, 2]]}, 0),
    crps_samples: ({}, {"samples": RNG.normal(size=(M, N, N_OUTPUTS)) + 5}, 1),
}


def taken(array, axis, rows, output):
    """Some rows of one output of what a metric gets."""
    return array[:, rows][:, :, [output]] if axis else array[rows][:, [output]]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("metric", CASES)
def test_the_mean_over_outputs_of_what_was_observed_of_each(metric, weighted):
    options, arrays, axis = CASES[metric]
    expected = []
    for output in range(N_OUTPUTS):
        rows = np.flatnonzero(SEEN[:, output])
        parts = {n: taken(a, axis, rows, output) for n, a in arrays.items()}
        weight = WEIGHT[rows] if weighted else None
        value = metric(FULL[rows, output], **parts, **options, sample_weight=weight)
        expected.append(value)
    weight = WEIGHT if weighted else None
    found = metric(Y, **arrays, **options, sample_weight=weight)
    assert type(found) is float
    assert found == pytest.approx(np.mean(expected), rel=1e-12)


def test_acd_compares_that_share():
    interval = QUANTILES[..., [0, 2]]
    expected = abs(coverage_score(Y, interval) - 0.8)
    assert acd(Y, interval, coverage=0.8) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seasonality", [1, 3])
def test_mase_and_msis_divide_by_the_history_of_the_row(seasonality, weighted):
    interval = QUANTILES[..., [0, 2]]
    errors, scores = [], []
    for output in range(N_OUTPUTS):
        rows = np.flatnonzero(SEEN[:, output])
        history = HISTORIES[rows, :, output % K]
        scale = np.abs(history[:, seasonality:] - history[:, :-seasonality])
        y, (low, high) = FULL[rows, output], interval[rows, output].T
        weight = WEIGHT[rows] if weighted else None
        error = np.abs(y - (FULL[rows, output] + 1)) / scale.mean(axis=1)
        errors.append(np.average(error, weights=weight))
        miss = np.maximum(low - y, 0) + np.maximum(y - high, 0)
        score = (high - low + 2 / 0.4 * miss) / scale.mean(axis=1)
        scores.append(np.average(score, weights=weight))
    how = {"y_train": HISTORIES, "seasonality": seasonality}
    how["sample_weight"] = WEIGHT if weighted else None
    assert mase(Y, FULL + 1, **how) == pytest.approx(np.mean(errors), rel=1e-12)
    found = msis(Y, interval, coverage=0.6, **how)
    assert found == pytest.approx(np.mean(scores), rel=1e-12)


def test_rmsse_has_a_root_over_the_steps_observed_of_each_row_and_target():
    pred = FULL + np.random.default_rng(1).normal(size=FULL.shape)
    of_target = []
    for k in range(K):
        rows, weights = [], []
        for i in range(N):
            steps = [s * K + k for s in range(HORIZON) if SEEN[i, s * K + k]]
            if not steps:
                continue
            error = FULL[i, steps] - pred[i, steps]
            scale = np.sqrt(np.mean(np.diff(HISTORIES[i, :, k]) ** 2))
            rows.append(np.sqrt(np.mean(error**2)) / scale)
            weights.append(WEIGHT[i])
        of_target.append(np.average(rows, weights=weights))
    found = rmsse(Y, pred, HISTORIES, sample_weight=WEIGHT)
    assert found == pytest.approx(np.mean(of_target), rel=1e-12)


@pytest.mark.parametrize("metric", [mase, rmsse])
def test_one_horizon_of_one_series_leaves_its_missing_steps_out(metric):
    y, pred, history = [1.0, np.nan, 4.0, 2.0], [2.0, 9.0, 1.0, 2.0], [1.0, 3.0, 2.0]
    kept = [0, 2, 3]
    for weight in (None, np.array([1.0, 5.0, 2.0, 3.0])):
        expected = metric(
            np.take(y, kept),
            np.take(pred, kept),
            history,
            sample_weight=None if weight is None else weight[kept],
        )
        assert metric(y, pred, history, sample_weight=weight) == pytest.approx(expected)


@pytest.mark.parametrize("metric, power", [(mase, 1), (rmsse, 2)])
@pytest.mark.parametrize("seasonality", [1, 2])
def test_scales_leave_out_differences_that_are_not_known(metric, power, seasonality):
    gaps = np.random.default_rng(1).random(HISTORIES.shape) < 0.2
    gaps[:, :3] = False
    history = np.where(gaps, np.nan, HISTORIES)
    rows = np.zeros((N, K))
    for i in range(N):
        for k in range(K):
            h = history[i, :, k]
            pairs = [(h[t], h[t - seasonality]) for t in range(seasonality, LENGTH)]
            moves = [abs(a - b) for a, b in pairs if not np.isnan(a - b)]
            rows[i, k] = 1 / np.mean(np.power(moves, power)) ** (1 / power)
    # All errors are 1.
    found = metric(FULL, FULL + 1, history, seasonality=seasonality)
    assert found == pytest.approx(rows.mean(), rel=1e-12)
    # One history for all rows.
    flat = [1.0, np.nan, 4.0, 6.0, 9.0]  # moves of 2 and 3
    expected = 1 / np.mean(np.power([2.0, 3.0], power)) ** (1 / power)
    assert metric([1, 2], [2, 3], flat) == pytest.approx(expected)


@pytest.mark.parametrize("fair", [False, True])
def test_the_energy_score_of_a_row_is_that_of_its_observed_part(fair):
    samples = CASES[crps_samples][1]["samples"]
    rows, weights = [], []
    for i in range(N):
        if not SEEN[i].any():
            continue
        y, paths = FULL[i, SEEN[i]], samples[:, i, SEEN[i]]
        miss = np.mean([np.linalg.norm(path - y) for path in paths])
        apart = sum(np.linalg.norm(a - b) for a in paths for b in paths)
        rows.append(miss - apart / (M * (M - 1) if fair else M * M) / 2)
        weights.append(WEIGHT[i])
    found = energy_score(Y, samples, fair=fair, sample_weight=WEIGHT)
    assert found == pytest.approx(np.average(rows, weights=weights), rel=1e-12)


def test_pit_values_stay_missing():
    samples = CASES[crps_samples][1]["samples"]
    found = pit_values(Y, samples, random_state=0)
    expected = np.where(SEEN, pit_values(FULL, samples, random_state=0), np.nan)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "y",
    [
        np.ma.masked_array([1.0, 7.0, 3.0], mask=[False, True, False]),
        np.ma.masked_array([1, 7, 3], mask=[False, True, False]),
        pd.Series([1, None, 3], dtype="Float64"),
        pd.Series([1, None, 3], dtype="Int64"),
        [1.0, None, 3.0],
    ],
    ids=["masked", "masked integers", "Float64", "Int64", "None"],
)
def test_missing_in_any_form(y):
    assert smape(y, [3.0, 9.0, 3.0]) == pytest.approx((2 * 2 / 4 + 0) / 2)
    assert rmsse(y, [3.0, 9.0, 3.0], np.ma.masked_values([1.0, 2, -9, 6, 7], -9)) == (
        pytest.approx(np.sqrt((4 + 0) / 2) / 1)
    )


# ------------------------------------------------------------------------------ errors

ALL = {
    **{metric: options | arrays for metric, (options, arrays, _) in CASES.items()},
    acd: {"interval": QUANTILES[..., [0, 2]]},
    energy_score: CASES[crps_samples][1],
    mase: {"y_pred": FULL, "y_train": HISTORIES},
    rmsse: {"y_pred": FULL, "y_train": HISTORIES},
    msis: {"interval": QUANTILES[..., [0, 2]], "y_train": HISTORIES},
}


@pytest.mark.parametrize("metric", [*ALL, pit_values])
def test_an_output_of_which_nothing_was_observed(metric):
    arguments = ALL.get(metric, CASES[crps_samples][1])
    y = Y.copy()
    y[:, 4] = np.nan
    with pytest.raises(ValueError, match="every output, found only NaN in output 4"):
        metric(y, **arguments)
    with pytest.raises(ValueError, match="only NaN in output 0 and 5 more"):
        metric(np.full(Y.shape, np.nan), **arguments)


@pytest.mark.parametrize("metric", ALL)
def test_what_was_observed_has_no_weight(metric):
    weight = np.where(SEEN[:, 2], 0.0, 1.0)
    message = "found only NaN in output 2 where sample_weight is positive"
    with pytest.raises(ValueError, match=message):
        metric(Y, **ALL[metric], sample_weight=weight)


def test_forecasts_must_not_be_missing_where_the_truth_is():
    row = int(np.flatnonzero(~SEEN[:, 0])[0])
    for metric, (options, arrays, axis) in CASES.items():
        for name, array in arrays.items():
            flawed = array.copy()
            flawed[(0, row, 0) if axis else (row, 0)] = np.nan
            with pytest.raises(ValueError, match=f"Input {name} contains NaN"):
                metric(Y, **options, **(arrays | {name: flawed}))


@pytest.mark.parametrize("metric", [mase, rmsse])
def test_a_history_without_a_single_difference(metric):
    history = HISTORIES.copy()
    history[5, ::2, 1] = np.nan
    found = r"seasonality=1 timestamps apart.*found none in row 5, target 1"
    with pytest.raises(ValueError, match=found):
        metric(FULL, FULL + 1, history)
    # Values 2 apart are there, and a row of which nothing is scored needs no scale.
    assert np.isfinite(metric(FULL, FULL + 1, history, seasonality=2))
    y = FULL.copy()
    y[5, 1::2] = np.nan
    kept = np.arange(N) != 5
    expected = np.mean(
        [
            metric(FULL[:, ::2], FULL[:, ::2] + 1, history[..., 0]),
            metric(FULL[kept, 1::2], FULL[kept, 1::2] + 1, history[kept, :, 1]),
        ]
    )
    assert metric(y, FULL + 1, history) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="found none in row 0, target 0"):
        metric([1.0], [2.0], [1.0, np.nan, 2.0])


# ----------------------------------------------------------------- scorers, R2, frames

SERIES = np.sin(np.arange(120) / 4) + 0.1 * RNG.normal(size=120) + 3
HOLES = np.where(RNG.random(120) < 0.1, np.nan, SERIES)
HOLES[[0, -1]] = SERIES[[0, -1]]
X_HOLES, Y_HOLES = make_windows(HOLES, horizon=3, length=10, missing="mask")
X, Y_FULL = make_windows(SERIES, horizon=3, length=10)


class Bridge(RegressorMixin, BaseEstimator):
    """Forecast the mean of what is there in the window, and quantiles around it."""

    def fit(self, X, y):
        self.n_outputs_ = y.shape[1]
        return self

    def predict(self, X):
        center = np.nanmean(np.asarray(X)[:, :, :1], axis=1)
        return np.tile(center, (1, self.n_outputs_))

    def predict_quantiles(self, X, quantiles):
        return self.predict(X)[..., np.newaxis] + np.subtract(quantiles, 0.5)

    def predict_interval(self, X, coverage=0.9):
        return self.predict_quantiles(X, [(1 - coverage) / 2, (1 + coverage) / 2])

    def sample(self, X, n_samples=100, random_state=None):
        noise = np.random.default_rng(0).normal(size=(n_samples, 1, 1))
        return self.predict(X) + noise


SCORERS = [
    mase_scorer(),
    rmsse_scorer(2),
    smape_scorer(),
    msis_scorer(0.8),
    interval_scorer(),
    pinball_scorer(),
    energy_scorer(5),
]


@pytest.mark.parametrize("scorer", SCORERS, ids=repr)
def test_scorers_of_windows_with_holes(scorer):
    cv = RollingOriginSplit(2, horizon=3)
    scores = cross_val_score(
        Bridge(), X_HOLES, Y_HOLES, cv=cv, scoring=scorer, error_score="raise"
    )
    assert np.isfinite(scores).all()
    assert (scores < 0).all()
    # What is missing does not count: nothing is lost by forgetting what was left out.
    model = Bridge().fit(X, Y_FULL)
    whole = scorer(model, X_HOLES, Y_HOLES)
    seen = ~np.isnan(Y_HOLES).any(axis=1)
    y = Y_HOLES.copy()
    y[~seen] = np.nan
    assert scorer(model, X_HOLES, y) == pytest.approx(
        scorer(model, X_HOLES[seen], Y_HOLES[seen])
    )
    assert whole != scorer(model, X_HOLES, y)


@pytest.mark.parametrize("cls", FORECASTERS, ids=lambda cls: cls.__name__)
def test_r2_of_what_was_observed(cls):
    y = Y_FULL.copy()
    y[::3, 0] = np.nan
    y[40:50] = np.nan
    model = cheap(cls).fit(X, Y_FULL)
    forecast = np.reshape(model.predict(X), y.shape)
    for weights in (None, np.arange(1.0, len(X) + 1)):
        expected = []
        for true, pred in zip(y.T, forecast.T):
            seen = ~np.isnan(true)
            weight = None if weights is None else weights[seen]
            expected.append(r2_score(true[seen], pred[seen], sample_weight=weight))
        found = model.score(X, y, sample_weight=weights)
        assert found == pytest.approx(np.mean(expected))
        whole = r2_score(Y_FULL, forecast, sample_weight=weights)
        assert model.score(X, Y_FULL, weights) == pytest.approx(whole)
    y[:, 1] = np.nan
    with pytest.raises(ValueError, match="every output, found only NaN in output 1"):
        model.score(X, y)


def test_r2_of_one_output_in_any_form():
    model = TabularForecaster().fit(X, Y_FULL[:, 0])
    y = pd.Series(Y_FULL[:, 0], dtype="Float64")
    y[::2] = None
    expected = r2_score(Y_FULL[1::2, 0], model.predict(X[1::2]))
    assert model.score(X, y) == pytest.approx(expected)
    assert model.score(X, y.to_numpy(np.float64, na_value=np.nan)[:, np.newaxis]) == (
        pytest.approx(expected)
    )
    masked = np.ma.masked_array(Y_FULL[:, 0], mask=np.arange(len(X)) % 2 == 0)
    assert model.score(X, masked) == pytest.approx(expected)
    weights = np.arange(len(X)) % 2 == 0
    with pytest.raises(ValueError, match="output 0 where sample_weight is positive"):
        model.score(X, y, weights)
    with pytest.raises(ValueError, match=r"shape \(108, 1\).*found \(108, 2\)"):
        model.score(X, np.full((len(X), 2), np.nan) + [[1, np.nan]] * len(X))
    with pytest.raises(ValueError, match="infinity"):
        model.score(X, np.where(np.arange(len(X)) == 3, np.inf, Y_FULL[:, 0]))


def test_a_default_search_scores_folds_with_holes():
    scores = cross_val_score(
        TabularForecaster(Ridge()),
        X,
        np.where(np.arange(len(X))[:, np.newaxis] > 80, Y_HOLES[: len(X)], Y_FULL),
        cv=RollingOriginSplit(1, horizon=3, test_size=20),
        error_score="raise",
    )
    assert np.isfinite(scores).all()


def test_metrics_of_a_backtest_with_holes():
    model = SeriesForecaster(Bridge_windows(), 3, 10, missing="mask")
    frame = model.backtest(pd.Series(HOLES), n_origins=20)
    assert frame["y"].isna().any()
    seen = frame.dropna()
    expected = smape(seen["y"], seen["forecast"])
    assert smape(frame["y"], frame["forecast"]) == pytest.approx(expected)


class Bridge_windows(Bridge):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def test_the_score_of_a_series_of_which_nothing_was_observed():
    model = SeriesForecaster(Bridge_windows(), 3, 10, missing="mask")
    model.fit(pd.Series(HOLES[:100]))
    rest = pd.Series(HOLES[100:], index=range(100, 120))
    assert np.isfinite(model.score(rest))
    with pytest.raises(ValueError, match="found 10"):
        model.score(rest * np.nan)


# ---------------------------------------------------------------------------- displays


def test_displays_of_what_was_observed():
    pytest.importorskip("matplotlib")
    from sktorch_forecast.plotting import CoverageDisplay, PITDisplay

    intervals = QUANTILES[np.newaxis, ..., [0, 2]]
    display = CoverageDisplay.from_predictions(Y, intervals, coverages=[0.6])
    assert display.observed == pytest.approx([coverage_score(Y, intervals[0])])
    pit = pit_values(Y, CASES[crps_samples][1]["samples"], random_state=0)
    found = PITDisplay.from_predictions(pit)
    np.testing.assert_array_equal(found.pit_values, pit[SEEN])
    with pytest.raises(ValueError, match="at least one.*found only NaN"):
        PITDisplay.from_predictions([np.nan, np.nan])


def test_a_naive_forecaster_draws_as_before():
    """It shares the scale with the metrics."""
    model = NaiveForecaster(2).fit(X, Y_FULL)
    window = np.asarray(X[:1], dtype=np.float64)[0, :, 0]
    deviation = np.sqrt(np.mean((window[2:] - window[:-2]) ** 2))
    low, high = model.predict_interval(X[:1], 0.6827)[0, 0]
    assert (high - low) / 2 == pytest.approx(deviation, rel=1e-4)
