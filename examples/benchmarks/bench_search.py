"""A grid search with two workers and with one."""

from bench_training import series_of
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from timing import side_by_side

from sktorch_forecast import LSTMForecaster, SlidingWindow, make_windows


def rows(repeats):
    """All rows of this benchmark: one, 12 candidates in 3 folds."""
    X, y = make_windows(series_of(3000), horizon=24, length=96)
    forecaster = LSTMForecaster(max_epochs=4, early_stopping=False, random_state=0)
    grid = {
        "slidingwindow__length": [24, 48, 96],
        "lstmforecaster__hidden_size": [16, 32],
        "lstmforecaster__lr": [0.002, 0.005],
    }

    def search(n_jobs):
        cv = TimeSeriesSplit(3, gap=23)
        pipeline = make_pipeline(SlidingWindow(96), forecaster)
        GridSearchCV(pipeline, grid, cv=cv, n_jobs=n_jobs, refit=False).fit(X, y)

    yield side_by_side(
        "GridSearchCV, 12 candidates x 3 folds, n_jobs=2",
        lambda: search(2),
        lambda: search(1),
        against="n_jobs=1",
        goal=1.7,
        repeats=min(repeats, 3),
    )
