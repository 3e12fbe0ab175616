"""The metrics against answers worked out by hand, the scorers against plain loops."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
)

from sktorch_forecast import metrics
from sktorch_forecast.metrics import (
    mase,
    mase_scorer,
    rmsse,
    rmsse_scorer,
    smape,
    smape_scorer,
)

EPS = np.finfo(np.float64).eps

# Steps of 2, 1, 3 and 2: mean absolute step 2, mean squared step 4.5. At lag 2 the
# changes are 1, 2 and 5: mean absolute change 8/3, mean squared change 10.
HISTORY = [1.0, 3.0, 2.0, 5.0, 7.0]

Y_TRUE = [[10.0, 10.0], [20.0, 20.0]]
Y_PRED = [[11.0, 7.0], [20.0, 26.0]]  # errors 1 and 3, 0 and 6
# Ten times HISTORY for the second row, so ten times the scale.
HISTORIES = [HISTORY, [10 * value for value in HISTORY]]


@pytest.mark.parametrize(
    "metric, y_true, y_pred, y_train, seasonality, expected",
    [
        # 1-D against 1-D: errors 1 and 3, mean 2, mean square 5.
        (mase, [10, 10], [11, 7], HISTORY, 1, 2 / 2),
        (mase, [10, 10], [11, 7], HISTORY, 2, 2 / (8 / 3)),
        (rmsse, [10, 10], [11, 7], HISTORY, 1, np.sqrt(5 / 4.5)),
        (rmsse, [10, 10], [11, 7], HISTORY, 2, np.sqrt(5 / 10)),
        # A row each, one scale: mean absolute errors 2 and 3, mean squares 5 and 18.
        (mase, Y_TRUE, Y_PRED, HISTORY, 1, (2 / 2 + 3 / 2) / 2),
        (rmsse, Y_TRUE, Y_PRED, HISTORY, 1, (np.sqrt(5 / 4.5) + np.sqrt(18 / 4.5)) / 2),
        # A row each, a scale each: the second scale is ten times the first.
        (mase, Y_TRUE, Y_PRED, HISTORIES, 1, (2 / 2 + 3 / 20) / 2),
        (
            rmsse,
            Y_TRUE,
            Y_PRED,
            HISTORIES,
            1,
            (np.sqrt(5 / 4.5) + np.sqrt(18 / 450)) / 2,
        ),
        # Horizon 1, a scale each: errors 1 and 6. RMSSE has a root for each row.
        (mase, [10, 20], [11, 26], HISTORIES, 1, (1 / 2 + 6 / 20) / 2),
        (
            rmsse,
            [10, 20],
            [11, 26],
            HISTORIES,
            1,
            (1 / np.sqrt(4.5) + 6 / np.sqrt(450)) / 2,
        ),
    ],
)
def test_scaled_errors_by_hand(metric, y_true, y_pred, y_train, seasonality, expected):
    error = metric(y_true, y_pred, y_train=y_train, seasonality=seasonality)
    assert type(error) is float
    assert error == pytest.approx(expected, rel=1e-12)


def test_a_column_and_a_flat_output_differ_only_under_the_root():
    flat, column = np.array([10.0, 20.0]), np.array([[10.0], [20.0]])
    assert mase(flat, flat + [1, 7], y_train=HISTORY) == pytest.approx(2)
    assert mase(column, column + [[1], [7]], y_train=HISTORY) == pytest.approx(2)
    # One horizon: sqrt((1 + 49) / 2) = 5. Two rows of horizon 1: (1 + 7) / 2 = 4.
    scale = np.sqrt(4.5)
    assert rmsse(flat, flat + [1, 7], y_train=HISTORY) == pytest.approx(5 / scale)
    assert rmsse(column, column + [[1], [7]], y_train=HISTORY) == pytest.approx(
        4 / scale
    )


def test_a_column_of_forecasts_fits_a_flat_y_true():
    assert mase([10, 20], [[11], [26]], y_train=HISTORIES) == pytest.approx(
        (1 / 2 + 6 / 20) / 2
    )
    assert smape([100, 100], [[300], [100]]) == pytest.approx(0.5)


@pytest.mark.parametrize("metric, power", [(mase, 1), (rmsse, 2)])
@pytest.mark.parametrize("seasonality", [1, 3])
def test_several_targets_are_step_major(metric, power, seasonality):
    rng = np.random.default_rng(0)
    n, length, horizon, n_targets = 4, 9, 3, 2
    y_train = rng.normal(size=(n, length, n_targets)) * [1.0, 100.0]
    y_true, y_pred = rng.normal(size=(2, n, horizon * n_targets))

    rows = []
    for i in range(n):
        for k in range(n_targets):
            error = [
                abs(y_true[i, s * n_targets + k] - y_pred[i, s * n_targets + k])
                for s in range(horizon)
            ]
            naive = [
                abs(y_train[i, t, k] - y_train[i, t - seasonality, k])
                for t in range(seasonality, length)
            ]
            rows.append(
                np.mean(np.power(error, power)) ** (1 / power)
                / np.mean(np.power(naive, power)) ** (1 / power)
            )
    result = metric(y_true, y_pred, y_train=y_train, seasonality=seasonality)
    assert result == pytest.approx(np.mean(rows), rel=1e-12)


def test_one_target_in_3d_is_the_same_as_2d():
    y_train = np.array(HISTORIES)[:, :, np.newaxis]
    assert mase(Y_TRUE, Y_PRED, y_train=y_train) == mase(
        Y_TRUE, Y_PRED, y_train=HISTORIES
    )


def test_the_seasonal_naive_forecast_of_the_history_itself_has_error_one():
    # Both metrics are made so that the in-sample forecast scores exactly 1.
    series = np.random.default_rng(0).normal(size=50).cumsum()
    for metric in (mase, rmsse):
        error = metric(series[7:], series[:-7], y_train=series, seasonality=7)
        assert error == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("metric", [mase, rmsse])
def test_scaled_errors_have_no_unit(metric):
    y_true, y_pred, y_train = map(np.array, (Y_TRUE, Y_PRED, HISTORIES))
    expected = metric(y_true, y_pred, y_train=y_train)
    # Small enough that a floor on the squared scale would change the result.
    for unit in (1e-9, 1e6):
        error = metric(unit * y_true, unit * y_pred, y_train=unit * y_train)
        assert error == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("metric", [mase, rmsse])
def test_a_flat_history_gives_a_large_but_finite_error(metric):
    assert metric([3, 3], [4, 4], y_train=[5, 5, 5]) == pytest.approx(1 / EPS)
    assert metric([3, 3], [3, 3], y_train=[5, 5, 5]) == 0.0


def test_sample_weight_weights_rows():
    # Row errors are 1 and 3/20 under MASE; 2 * 2 / 4 = 1 and 0 under sMAPE.
    error = mase(Y_TRUE, Y_PRED, y_train=HISTORIES, sample_weight=[1, 3])
    assert error == pytest.approx((1 * 1 + 3 * 3 / 20) / 4)
    assert smape([1, 5], [3, 5], sample_weight=[1, 3]) == pytest.approx(0.25)
    # One series: weights of the steps, whose squared errors are 1 and 9.
    error = rmsse([10, 10], [11, 7], y_train=HISTORY, sample_weight=[3, 1])
    assert error == pytest.approx(np.sqrt((3 * 1 + 1 * 9) / 4 / 4.5))
    # A weight of zero is the same as leaving the row out.
    error = rmsse(Y_TRUE, Y_PRED, y_train=HISTORIES, sample_weight=[0, 2])
    assert error == pytest.approx(np.sqrt(18 / 450))


@pytest.mark.parametrize(
    "y_true, y_pred, expected",
    [
        ([100], [300], 1),  # 2 * 200 / 400
        ([100, 100], [100, 300], 0.5),
        ([0, 0], [0, 0], 0),  # nothing happened, and nothing was forecast
        ([0, 100], [0, 300], 0.5),
        ([0], [1e-300], 2),
        ([-1], [1], 2),
        ([[1, 3], [2, 2]], [[3, 1], [2, 2]], 0.5),
    ],
)
def test_smape_by_hand(y_true, y_pred, expected):
    error = smape(y_true, y_pred)
    assert type(error) is float
    assert error == pytest.approx(expected)


def test_pandas_inputs():
    index = pd.date_range("2000", periods=5, freq="MS")
    y_train = pd.Series(HISTORY, index=index)
    assert mase(pd.Series([10, 10]), [11, 7], y_train=y_train) == pytest.approx(1)
    frame = pd.DataFrame(HISTORIES, columns=index, index=[0.5, 0.25])
    error = mase(pd.DataFrame(Y_TRUE), np.array(Y_PRED), y_train=frame)
    assert error == pytest.approx((1 + 3 / 20) / 2)


@pytest.mark.parametrize("metric", [mase, rmsse])
@pytest.mark.parametrize(
    "change, message",
    [
        ({"y_pred": [[1, 2]]}, "inconsistent numbers of samples"),
        ({"y_pred": [1, 2]}, r"same shape, found \(2, 2\) and \(2, 1\)"),
        ({"y_pred": [[1, 2], [3, np.nan]]}, "Input y_pred contains NaN"),
        ({"y_true": [[1, 2], [3, np.inf]]}, "Input y_true contains infinity"),
        ({"y_true": np.zeros((2, 2, 1))}, "Found array with dim 3"),
        ({"y_train": [HISTORY] * 3}, "one history per row.*expected 2 rows, found 3"),
        ({"y_train": [[HISTORIES]]}, r"1, 2 or 3 dimensions, found shape \(1, 1, 2, 5"),
        ({"y_train": [1.0]}, "expected at least 2 timestamps.*found 1. Pass a longer"),
        ({"y_train": []}, "expected at least 2 timestamps.*found 0. Pass a longer"),
        ({"seasonality": 5}, "expected at least 6 timestamps for seasonality=5.*5"),
        ({"y_train": [1.0, np.inf, 2.0]}, "Input y_train contains infinity"),
        ({"y_train": [1.0, np.nan, 2.0]}, "seasonality=1 timestamps apart.*found none"),
        ({"y_train": np.ones((2, 5, 3))}, "y_train has 3 targets, found 2 outputs"),
        ({"seasonality": 0}, r"'seasonality' parameter of \w+ must be an int"),
        ({"seasonality": 1.0}, r"'seasonality' parameter of \w+ must be an int"),
        ({"sample_weight": [1, 2, 3]}, r"expected shape \(2,\), found \(3,\)"),
        ({"sample_weight": [0, 0]}, "positive sum, found only zeros"),
        ({"sample_weight": [1, -1]}, "Negative values"),
    ],
)
def test_scaled_errors_reject_bad_input(metric, change, message):
    params = {"y_true": Y_TRUE, "y_pred": Y_PRED, "y_train": HISTORIES} | change
    with pytest.raises(ValueError, match=message):
        metric(**params)


@pytest.mark.parametrize(
    "y_true, y_pred, message",
    [
        ([1, 2], [1, 2, 3], "inconsistent numbers of samples"),
        ([[1, 2]], [[1, 2, 3]], r"same shape, found \(1, 2\) and \(1, 3\)"),
        ([1, -np.inf], [1, 2], "Input y_true contains infinity"),
        (
            [np.nan, np.nan],
            [1, 2],
            "every output, found only NaN in output 0: there is nothing",
        ),
        ([], [], "0 sample"),
    ],
)
def test_smape_rejects_bad_input(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        smape(y_true, y_pred)


# --------------------------------------------------------------------------- scorers


def _windows(horizon, length=6, n_timestamps=80):
    """Return windows of a noisy wave and what follows them, as plain arrays."""
    rng = np.random.default_rng(0)
    series = np.sin(np.arange(n_timestamps)) + 0.1 * rng.normal(size=n_timestamps) + 3
    both = np.lib.stride_tricks.sliding_window_view(series, length + horizon)
    y = both[:, length:]
    return both[:, :length].copy(), (y[:, 0] if horizon == 1 else y).copy()


def _row_errors(X, y, forecast, seasonality, power):
    """Return the scaled error of every row, one row at a time."""
    y, forecast = y.reshape(len(y), -1), np.reshape(forecast, (len(y), -1))
    rows = []
    for window, truth, guess in zip(X, y, forecast, strict=True):
        naive = np.abs(window[seasonality:] - window[:-seasonality])
        error = np.abs(truth - guess)
        rows.append(np.mean(error**power) ** (1 / power))
        rows[-1] /= np.mean(naive**power) ** (1 / power)
    return np.array(rows)


SCORERS = [(mase_scorer, 1), (rmsse_scorer, 2)]


@pytest.mark.parametrize("make_scorer, power", SCORERS)
@pytest.mark.parametrize("horizon", [1, 4])
@pytest.mark.parametrize("seasonality", [1, 3])
@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_scorer_in_cross_val_score(make_scorer, power, horizon, seasonality, container):
    X, y = _windows(horizon)
    cv = TimeSeriesSplit(3, gap=horizon - 1)
    expected = []
    for train, test in cv.split(X):
        forecast = LinearRegression().fit(X[train], y[train]).predict(X[test])
        rows = _row_errors(X[test], y[test], forecast, seasonality, power)
        expected.append(-rows.mean())
    scores = cross_val_score(
        LinearRegression(),
        container(X),
        y,
        cv=cv,
        scoring=make_scorer(seasonality=seasonality),
        error_score="raise",
    )
    np.testing.assert_allclose(scores, expected, rtol=1e-10)


class CountingRegressor(DummyRegressor):
    """A constant forecast that counts how often it is asked for."""

    n_calls = 0

    def predict(self, X):
        type(self).n_calls += 1
        return super().predict(X)


def test_several_scorers_in_cross_validate(monkeypatch):
    X, y = _windows(horizon=2)
    monkeypatch.setattr(CountingRegressor, "n_calls", 0)
    result = cross_validate(
        CountingRegressor(),
        X,
        y,
        cv=TimeSeriesSplit(2, gap=1),
        scoring={"a": mase_scorer(), "b": rmsse_scorer(2), "c": smape_scorer()},
        error_score="raise",
    )
    # Two folds, one forecast each: the scorers share it.
    assert CountingRegressor.n_calls == 2
    expected = {"a": [], "b": [], "c": []}
    for train, test in TimeSeriesSplit(2, gap=1).split(X):
        forecast = np.tile(y[train].mean(axis=0), (len(test), 1))
        expected["a"].append(-_row_errors(X[test], y[test], forecast, 1, 1).mean())
        expected["b"].append(-_row_errors(X[test], y[test], forecast, 2, 2).mean())
        ratio = np.abs(y[test] - forecast) / (np.abs(y[test]) + np.abs(forecast))
        expected["c"].append(-2 * ratio.mean())
    for name, scores in expected.items():
        np.testing.assert_allclose(result[f"test_{name}"], scores, rtol=1e-10)


def test_scorer_in_a_parallel_grid_search():
    X, y = _windows(horizon=2)
    search = GridSearchCV(
        Ridge(),
        {"alpha": [1e-3, 1e6]},
        cv=TimeSeriesSplit(2, gap=1),
        scoring=mase_scorer(seasonality=2),
        n_jobs=2,
        error_score="raise",
    ).fit(X, y)
    # A huge penalty forecasts the mean, which is worse than the fitted wave.
    assert search.best_params_ == {"alpha": 1e-3}
    assert search.best_score_ < 0
    assert search.score(X, y) == mase_scorer(seasonality=2)(search, X, y)


@pytest.mark.parametrize("make_scorer, power", SCORERS)
def test_scorer_weights_rows(make_scorer, power):
    X, y = _windows(horizon=2)
    weight = np.random.default_rng(1).uniform(size=len(X))
    model = DummyRegressor().fit(X, y)
    rows = _row_errors(X, y, model.predict(X), 1, power)
    score = make_scorer()(model, X, y, sample_weight=weight)
    assert score == pytest.approx(-np.sum(weight * rows) / weight.sum())


def test_scorer_gets_weights_through_metadata_routing():
    X, y = _windows(horizon=2)
    weight = np.random.default_rng(1).uniform(size=len(X))
    cv = TimeSeriesSplit(2, gap=1)
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_val_score(
            DummyRegressor().set_fit_request(sample_weight=False),
            X,
            y,
            cv=cv,
            scoring=mase_scorer().set_score_request(sample_weight=True),
            params={"sample_weight": weight},
            error_score="raise",
        )
    for score, (train, test) in zip(scores, cv.split(X), strict=True):
        forecast = np.tile(y[train].mean(axis=0), (len(test), 1))
        rows = _row_errors(X[test], y[test], forecast, 1, 1)
        assert score == pytest.approx(-np.average(rows, weights=weight[test]))


@pytest.mark.parametrize(
    "scorer, text",
    [
        (mase_scorer(), "mase_scorer(seasonality=1)"),
        (mase_scorer(seasonality=12), "mase_scorer(seasonality=12)"),
        (rmsse_scorer(7), "rmsse_scorer(seasonality=7)"),
    ],
)
def test_scorers_can_be_read_pickled_and_cloned(scorer, text):
    X, y = _windows(horizon=1, length=20)
    model = DummyRegressor().fit(X, y)
    assert repr(scorer) == text
    for copy in (pickle.loads(pickle.dumps(scorer)), clone(scorer, safe=False)):
        assert repr(copy) == text
        assert copy(model, X, y) == scorer(model, X, y)


def test_smape_scorer_can_be_pickled():
    X, y = _windows(horizon=1)
    model = DummyRegressor().fit(X, y)
    copy = pickle.loads(pickle.dumps(smape_scorer()))
    assert copy(model, X, y) == -smape(y, model.predict(X))


def test_scorers_reject_bad_input():
    for make_scorer in (mase_scorer, rmsse_scorer):
        with pytest.raises(ValueError, match="'seasonality' parameter of"):
            make_scorer(seasonality=0)
    X, y = _windows(horizon=1, length=6)
    model = DummyRegressor().fit(X, y)
    with pytest.raises(ValueError, match="X must reach further back.*at least 7.*6"):
        mase_scorer(seasonality=6)(model, X, y)
    X[3, 2] = np.inf
    with pytest.raises(ValueError, match="Input X contains infinity"):
        mase_scorer()(model, X, y)
    X[3] = np.nan
    with pytest.raises(ValueError, match="Expected X to hold two values.* in row 3"):
        mase_scorer()(model, X, y)


class LazyWindows:
    """Rows that are made an array only on demand, and that record how many at once."""

    def __init__(self, values, n_targets, log):
        self.values, self.n_targets, self.log = values, n_targets, log

    @property
    def shape(self):
        return self.values.shape

    def __len__(self):
        return len(self.values)

    def __getitem__(self, rows):
        return LazyWindows(self.values[rows], self.n_targets, self.log)

    def __array__(self, dtype=None, copy=None):
        self.log.append(len(self))
        return np.array(self.values, dtype=dtype or np.float32)


class RepeatLast(RegressorMixin, BaseEstimator):
    """Repeat the last value of every target; it never makes an array of X."""

    def __init__(self, horizon=1):
        self.horizon = horizon

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        values = getattr(X, "values", X)
        last = values[:, -1, : getattr(X, "n_targets", 1)]
        # (n, k) -> (n, h * k), step-major
        return np.tile(last, (1, self.horizon))


@pytest.mark.parametrize("make_scorer, power", SCORERS)
def test_scorer_on_lazy_windows(make_scorer, power, monkeypatch):
    rng = np.random.default_rng(0)
    n, length, n_channels, n_targets, horizon = 41, 5, 3, 2, 3
    values = rng.normal(size=(n, length, n_channels)).astype(np.float32)
    values[:, :, 2] = np.nan  # a covariate: neither scaled by nor checked
    y = rng.normal(size=(n, horizon * n_targets))
    log = []
    # Room for four windows in a batch.
    monkeypatch.setattr(metrics._scale, "_BATCH_VALUES", 4 * length * n_channels)
    cv = TimeSeriesSplit(2, gap=horizon - 1)
    scores = cross_val_score(
        RepeatLast(horizon),
        LazyWindows(values, n_targets, log),
        y,
        cv=cv,
        scoring=make_scorer(seasonality=2),
        error_score="raise",
    )
    assert max(log) == 4
    assert sum(log) == sum(len(test) for _, test in cv.split(y))
    for score, (_, test) in zip(scores, cv.split(y), strict=True):
        errors = [
            _row_errors(
                values[test, :, k].astype(np.float64),
                y[test, k::n_targets],
                np.tile(values[test, -1:, k], (1, horizon)),
                seasonality=2,
                power=power,
            )
            for k in range(n_targets)
        ]
        assert score == pytest.approx(-np.mean(errors), rel=1e-10)


def test_scorer_on_a_plain_3d_array_takes_the_first_channel_as_the_target():
    X, y = _windows(horizon=1)
    covariate = np.full_like(X, 1e6)
    stacked = np.stack([X, covariate], axis=2)
    model = RepeatLast().fit(X, y)
    expected = -_row_errors(X, y, X[:, -1], 1, 1).mean()
    assert mase_scorer()(model, stacked, y) == pytest.approx(expected)


def test_metric_takes_the_targets_of_lazy_windows():
    values = np.array(HISTORIES)[:, :, np.newaxis] * [1.0, -5.0]
    error = mase(Y_TRUE, Y_PRED, y_train=LazyWindows(values, 1, []))
    assert error == pytest.approx((1 + 3 / 20) / 2)


def test_the_history_of_mase_may_come_third():
    assert mase([3.0], [5.0], [1, 3, 2, 5]) == mase([3.0], [5.0], y_train=[1, 3, 2, 5])
