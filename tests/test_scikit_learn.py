"""The forecasters plug into scikit-learn's tools, and do there what a loop would do."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, VotingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    train_test_split,
    validation_curve,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import resample

from sktorch_forecast import (
    LSTMForecaster,
    NaiveForecaster,
    SlidingWindow,
    make_windows,
)
from sktorch_forecast.metrics import mase_scorer

HORIZON, LENGTH = 3, 8
# A season of 4 and a little noise: the seasonal naive forecast of lag 4 is the best.
SERIES = np.tile([0.0, 3.0, 1.0, 5.0], 20) + 0.1 * np.random.RandomState(0).randn(80)
X, Y = make_windows(SERIES, horizon=HORIZON, length=LENGTH)
X1, Y1 = make_windows(SERIES, horizon=1, length=LENGTH)
ARRAY, ARRAY1 = np.asarray(X)[..., 0], np.asarray(X1)[..., 0]
CV = TimeSeriesSplit(2, gap=HORIZON - 1)

LSTM = LSTMForecaster(hidden_size=4, max_epochs=2, random_state=0)
both = pytest.mark.parametrize(
    "forecaster", [LSTM, NaiveForecaster(4)], ids=["lstm", "naive"]
)


def fold_scores(forecaster, cv=CV):
    """What cross-validation is: a fit and a score for every fold."""
    return [
        clone(forecaster).fit(X[train], Y[train]).score(X[test], Y[test])
        for train, test in cv.split(X)
    ]


# ------------------------------------------------------------------ model selection


@both
def test_cross_val_score(forecaster):
    scores = cross_val_score(forecaster, X, Y, cv=CV)
    np.testing.assert_array_equal(scores, fold_scores(forecaster))


@both
def test_cross_validate(forecaster):
    scoring = {"r2": "r2", "mae": "neg_mean_absolute_error"}
    result = cross_validate(
        forecaster, X, Y, cv=CV, scoring=scoring, return_estimator=True
    )
    np.testing.assert_array_equal(result["test_r2"], fold_scores(forecaster))
    mae = [
        np.abs(fitted.predict(X[test]) - Y[test]).mean()
        for fitted, (_, test) in zip(result["estimator"], CV.split(X))
    ]
    np.testing.assert_allclose(result["test_mae"], np.negative(mae), rtol=1e-12)


@both
def test_cross_val_predict(forecaster):
    cv = KFold(3)
    forecasts = cross_val_predict(forecaster, X, Y, cv=cv)
    expected = [
        clone(forecaster).fit(X[train], Y[train]).predict(X[test])
        for train, test in cv.split(X)
    ]
    np.testing.assert_array_equal(forecasts, np.concatenate(expected))


def test_grid_search_in_processes_is_the_search_in_one():
    pipeline = make_pipeline(SlidingWindow(), LSTM)
    grid = {
        "slidingwindow__length": [4, LENGTH],
        "lstmforecaster__hidden_size": [2, 4],
    }
    one, two = (GridSearchCV(pipeline, grid, cv=CV, n_jobs=n).fit(X, Y) for n in (1, 2))
    expected = [
        np.mean(fold_scores(clone(pipeline).set_params(**params)))
        for params in one.cv_results_["params"]
    ]
    np.testing.assert_array_equal(one.cv_results_["mean_test_score"], expected)
    np.testing.assert_array_equal(two.cv_results_["mean_test_score"], expected)
    assert two.best_score_ == one.best_score_ == max(expected)
    assert two.best_params_ == one.best_params_
    np.testing.assert_array_equal(two.predict(X), one.predict(X))


@pytest.mark.parametrize(
    "search",
    [
        lambda *args: GridSearchCV(*args, cv=CV),
        lambda *args: RandomizedSearchCV(*args, cv=CV, n_iter=6, random_state=0),
        lambda *args: HalvingGridSearchCV(
            *args, cv=CV, factor=2, min_resources=20, random_state=0
        ),
    ],
    ids=["grid", "randomized", "halving"],
)
def test_searches_find_the_season(search):
    pipeline = make_pipeline(SlidingWindow(), NaiveForecaster())
    grid = {
        "slidingwindow__length": [6, LENGTH],
        "naiveforecaster__seasonality": [1, 3, 4],
    }
    found = search(pipeline, grid).fit(X, Y)
    assert found.best_params_["naiveforecaster__seasonality"] == 4
    assert found.best_score_ > 0.99


@pytest.mark.parametrize("search", [RandomizedSearchCV, HalvingGridSearchCV])
def test_searches_find_the_network_that_learns(search):
    params = {"lr": [1e-9, 0.05]}
    options = {RandomizedSearchCV: {"n_iter": 2}, HalvingGridSearchCV: {"factor": 2}}
    network = clone(LSTM).set_params(max_epochs=10, baseline=None)
    # Halving draws the origins of its first round, few enough to draw unlucky ones.
    found = search(network, params, cv=CV, random_state=0, **options[search])
    assert found.fit(X, Y).best_params_ == {"lr": 0.05}


def test_mase_scorer_in_a_grid_search():
    search = GridSearchCV(
        NaiveForecaster(), {"seasonality": [1, 4]}, cv=CV, scoring=mase_scorer(4)
    ).fit(X, Y)
    assert search.best_params_ == {"seasonality": 4}
    scores = []
    for _, test in CV.split(X):
        window = ARRAY[test].astype(float)
        error = np.abs(window[:, 4:7] - Y[test]).mean(axis=1)
        scale = np.abs(window[:, 4:] - window[:, :-4]).mean(axis=1)
        scores.append(-(error / scale).mean())
    assert search.best_score_ == pytest.approx(np.mean(scores), rel=1e-6)


@both
def test_learning_curve(forecaster):
    sizes, _, scores = learning_curve(forecaster, X, Y, cv=CV, train_sizes=[15, 20])
    assert sizes.tolist() == [15, 20]
    expected = [
        [
            clone(forecaster)
            .fit(X[train[:size]], Y[train[:size]])
            .score(X[test], Y[test])
            for train, test in CV.split(X)
        ]
        for size in (15, 20)
    ]
    np.testing.assert_array_equal(scores, expected)


@pytest.mark.parametrize(
    "forecaster, name, values",
    [(LSTM, "hidden_size", [2, 4]), (NaiveForecaster(), "seasonality", [1, 4])],
)
def test_validation_curve(forecaster, name, values):
    _, scores = validation_curve(
        forecaster, X, Y, param_name=name, param_range=values, cv=CV
    )
    expected = [
        fold_scores(clone(forecaster).set_params(**{name: value})) for value in values
    ]
    np.testing.assert_array_equal(scores, expected)


@both
def test_train_test_split(forecaster):
    halves = train_test_split(X, Y, shuffle=False, test_size=0.5)
    X_train, X_test, y_train, y_test = halves
    middle = len(X) // 2
    np.testing.assert_array_equal(np.asarray(X_test), np.asarray(X[middle:]))
    score = clone(forecaster).fit(X_train, y_train).score(X_test, y_test)
    expected = clone(forecaster).fit(X[:middle], Y[:middle])
    assert score == expected.score(X[middle:], Y[middle:])


@both
def test_resample(forecaster):
    X_drawn, y_drawn, rows = resample(X, Y, np.arange(len(X)), random_state=0)
    np.testing.assert_array_equal(np.asarray(X_drawn), np.asarray(X)[rows])
    drawn = clone(forecaster).fit(X_drawn, y_drawn).predict(X)
    expected = clone(forecaster).fit(X[rows], Y[rows]).predict(X)
    np.testing.assert_array_equal(drawn, expected)


# -------------------------------------------------------------------- meta-estimators


@both
def test_pipeline(forecaster):
    pipeline = make_pipeline(SlidingWindow(5), forecaster).fit(X, Y)
    alone = clone(forecaster).fit(ARRAY[:, -5:], Y)
    np.testing.assert_array_equal(pipeline.predict(X), alone.predict(ARRAY[:, -5:]))


@both
@pytest.mark.parametrize("x, y", [(X, Y), (X1, Y1)], ids=["horizon 3", "horizon 1"])
def test_transformed_target_regressor(forecaster, x, y):
    # targets are halved for the fit, forecasts doubled
    transformer = FunctionTransformer(lambda y: y / 2, inverse_func=lambda y: 2 * y)
    model = TransformedTargetRegressor(clone(forecaster), transformer=transformer)
    expected = 2 * clone(forecaster).fit(x, y / 2).predict(x)
    assert expected.shape == y.shape
    np.testing.assert_array_equal(model.fit(x, y).predict(x), expected)


@both
def test_multi_output_regressor(forecaster):
    forecasts = MultiOutputRegressor(forecaster).fit(X, Y).predict(X)
    expected = [clone(forecaster).fit(X, y).predict(X) for y in np.asarray(Y).T]
    np.testing.assert_array_equal(forecasts, np.transpose(expected))


@both
@pytest.mark.parametrize("x, y", [(ARRAY, Y), (ARRAY1, Y1)], ids=["2-D y", "1-D y"])
def test_bagging_regressor(forecaster, x, y):
    bagging = BaggingRegressor(forecaster, n_estimators=3, random_state=0).fit(x, y)
    members = []
    for member, rows in zip(bagging.estimators_, bagging.estimators_samples_):
        if member.__class__ is LSTMForecaster:
            # scikit-learn hands in a draw as weights to whom takes them
            counts = np.bincount(rows, minlength=len(x))
            alone = clone(member).fit(x, y, sample_weight=counts)
        else:
            alone = clone(member).fit(x[rows], y[rows])
        members.append(alone.predict(x))
    expected = np.mean(members, axis=0)
    np.testing.assert_allclose(bagging.predict(x), expected, rtol=1e-6, atol=1e-6)


def test_voting_regressor():
    naive = NaiveForecaster(4)
    voting = VotingRegressor([("lstm", LSTM), ("naive", naive)]).fit(X1, Y1)
    members = [clone(f).fit(X1, Y1).predict(X1) for f in (LSTM, naive)]
    np.testing.assert_allclose(voting.predict(X1), np.mean(members, axis=0), rtol=1e-6)


@both
def test_metadata_routing_changes_nothing_where_no_metadata_are_given(forecaster):
    expected = fold_scores(make_pipeline(SlidingWindow(5), forecaster))
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(SlidingWindow(5), forecaster)
        scores = cross_val_score(pipeline, X, Y, cv=CV)
        search = GridSearchCV(pipeline, {"slidingwindow__length": [5]}, cv=CV)
        best = search.fit(X, Y).best_score_
    np.testing.assert_array_equal(scores, expected)
    assert best == np.mean(expected)


# -------------------------------------------------------------------- copies and files


@both
def test_clone_is_unfitted_and_has_the_same_parameters(forecaster):
    fitted = clone(forecaster).fit(X, Y)
    copied = clone(fitted)
    assert copied.get_params(deep=False) == forecaster.get_params(deep=False)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        copied.predict(X)
    np.testing.assert_array_equal(copied.fit(X, Y).predict(X), fitted.predict(X))


def through_joblib(fitted, folder):
    joblib.dump(fitted, folder / "fitted.joblib")
    return joblib.load(folder / "fitted.joblib")


def through_mapped_joblib(fitted, folder):
    joblib.dump(fitted, folder / "fitted.joblib")
    return joblib.load(folder / "fitted.joblib", mmap_mode="r")


COPIES = [
    lambda fitted, folder: copy.deepcopy(fitted),
    lambda fitted, folder: pickle.loads(pickle.dumps(fitted)),
    through_joblib,
    through_mapped_joblib,
]


@both
@pytest.mark.parametrize(
    "copied", COPIES, ids=["deepcopy", "pickle", "joblib", "mapped joblib"]
)
def test_a_copy_forecasts_the_same_and_leads_its_own_life(forecaster, copied, tmp_path):
    original = clone(forecaster).fit(X, Y)
    forecasts = original.predict(X)
    other = copied(original, tmp_path)
    np.testing.assert_array_equal(other.predict(X), forecasts)
    if isinstance(forecaster, LSTMForecaster):
        history = list(original.history)
        other.partial_fit(X, -np.asarray(Y))
        assert original.history == history
    else:
        other.fit(X1, Y1)
    assert not np.array_equal(other.predict(X), forecasts)
    np.testing.assert_array_equal(original.predict(X), forecasts)


def test_a_copy_goes_on_training_as_the_original_would():
    original = clone(LSTM).fit(X, Y)
    other = copy.deepcopy(original)
    expected = original.partial_fit(X, Y).predict(X)
    np.testing.assert_array_equal(other.partial_fit(X, Y).predict(X), expected)


@both
@pytest.mark.parametrize("x", [X, ARRAY], ids=["Windows", "array"])
def test_memory_mapped_data(forecaster, x, tmp_path):
    joblib.dump((x, np.array(Y)), tmp_path / "data.joblib")
    mapped_x, mapped_y = joblib.load(tmp_path / "data.joblib", mmap_mode="r")
    assert isinstance(mapped_y, np.memmap)
    forecasts = clone(forecaster).fit(mapped_x, mapped_y).predict(mapped_x)
    expected = clone(forecaster).fit(x, Y).predict(x)
    np.testing.assert_array_equal(forecasts, expected)


# --------------------------------------------------------- arrays, frames and display


@both
@pytest.mark.parametrize(
    "layout",
    [
        lambda a: a.astype(a.dtype.newbyteorder()),
        np.asfortranarray,
        lambda a: np.repeat(a, 2, axis=1)[:, ::2],
        lambda a: a[::-1].copy()[::-1],
        lambda a: a[:, ::-1].copy()[:, ::-1],
    ],
    ids=["other-endian", "Fortran", "strided", "rows back", "columns back"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_of_any_layout(forecaster, layout, dtype):
    # In the other order of bytes scikit-learn makes float64 of them.
    n_bytes = layout(np.zeros((4, 4), dtype)).dtype
    dtype = np.float64 if n_bytes.byteorder == ">" else dtype
    x, y = (np.array(a, dtype=dtype, order="C") for a in (ARRAY, Y))
    expected = clone(forecaster).fit(x, y).predict(x)
    fitted = clone(forecaster).fit(layout(ARRAY.astype(dtype)), layout(y))
    np.testing.assert_array_equal(fitted.predict(layout(x)), expected)


@pytest.mark.parametrize(
    "forecaster", [clone(LSTM).set_params(baseline=None), NaiveForecaster(4)]
)
def test_float64_is_float32_with_more_digits(forecaster):
    forecasts = [
        clone(forecaster).fit(x, Y).predict(x) for x in (ARRAY, np.float64(ARRAY))
    ]
    assert [forecast.dtype for forecast in forecasts] == [np.float32, np.float64]
    np.testing.assert_allclose(forecasts[1], forecasts[0], rtol=1e-5)


LAGS = [f"lag {LENGTH - i}" for i in range(LENGTH)]


@both
@pytest.mark.parametrize(
    "frame",
    [
        lambda values: pd.DataFrame(values, columns=LAGS),
        lambda values: pl.DataFrame(values, schema=LAGS),
    ],
    ids=["pandas", "polars"],
)
def test_frames_of_windows(forecaster, frame):
    x = ARRAY.astype(np.float64)
    fitted = clone(forecaster).fit(frame(x), Y)
    assert fitted.feature_names_in_.tolist() == LAGS
    expected = clone(forecaster).fit(x, Y).predict(x)
    np.testing.assert_array_equal(fitted.predict(frame(x)), expected)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame(x)[LAGS[::-1]])


@pytest.mark.parametrize(
    "forecaster, expected",
    [
        (LSTMForecaster(), "LSTMForecaster()"),
        (
            LSTMForecaster(random_state=0, hidden_size=4, lr=0.005),
            "LSTMForecaster(hidden_size=4, random_state=0)",
        ),
        (
            LSTMForecaster(optimizer__weight_decay=0.1),
            "LSTMForecaster(optimizer__weight_decay=0.1)",
        ),
        (NaiveForecaster(seasonality=1), "NaiveForecaster()"),
        (NaiveForecaster(seasonality=4), "NaiveForecaster(seasonality=4)"),
    ],
)
def test_repr_shows_what_was_changed(forecaster, expected):
    assert repr(forecaster) == expected
    if isinstance(forecaster, LSTMForecaster):
        forecaster = clone(forecaster).set_params(max_epochs=1)
        expected = expected.replace("()", "(max_epochs=1)")
    before = repr(forecaster)
    assert repr(forecaster.fit(X, Y)) == before


@both
def test_diagrams(forecaster):
    name = type(forecaster).__name__
    with sklearn.config_context(display="diagram"):
        for fitted in (False, True):
            pipeline = make_pipeline(SlidingWindow(5), clone(forecaster))
            estimator = clone(forecaster)
            if fitted:
                pipeline.fit(X, Y)
                estimator.fit(X, Y)
            bundle = pipeline._repr_mimebundle_()
            assert "SlidingWindow" in bundle["text/html"]
            assert name in bundle["text/html"]
            html = estimator._repr_html_()
            assert name in html
            assert (">Fitted<" in html) is fitted
