"""Pictures of trainings and backtests: what is drawn is what was recorded."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from nets import X, Y, forecaster
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sktorch_forecast import NaiveForecaster, SeriesForecaster, SlidingWindow
from sktorch_forecast.plotting import (
    BacktestDisplay,
    ResidualDisplay,
    TrainingCurveDisplay,
)

matplotlib.use("Agg")  # no screen is needed

import matplotlib.pyplot as plt  # noqa: E402

HOURS = pd.date_range("2024-01-01", periods=48, freq="h", tz="Europe/Berlin")


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


# ------------------------------------------------------------------------- trainings


@pytest.fixture(scope="module")
def trained():
    return forecaster(max_epochs=4, lr=0.5, n_iter_no_change=4).fit(X, Y)


def test_the_curve_is_the_history(trained):
    display = TrainingCurveDisplay.from_estimator(trained)
    epochs = [1, 2, 3, 4]
    assert_array_equal(display.train_line_.get_xdata(), epochs)
    assert_array_equal(
        display.train_line_.get_ydata(), trained.history[:, "train_loss"]
    )
    valid = trained.history[:, "valid_loss"]
    assert_array_equal(display.valid_line_.get_ydata(), valid)
    # The epoch that is kept is the one with the lowest validation loss.
    assert_array_equal(display.kept_line_.get_xdata(), [np.argmin(valid) + 1] * 2)
    assert display.figure_ is display.ax_.figure


def test_the_curve_of_a_network_inside_others(trained):
    pipeline = make_pipeline(SlidingWindow(8), forecaster()).fit(X, Y)
    series = SeriesForecaster(forecaster(), horizon=3, length=8)
    series.fit(np.arange(40.0))
    for model, net in ((pipeline, pipeline[-1]), (series, series.estimator_)):
        display = TrainingCurveDisplay.from_estimator(model)
        assert_array_equal(
            display.train_line_.get_ydata(), net.history[:, "train_loss"]
        )


def test_without_validation_there_is_one_line():
    net = forecaster(early_stopping=False).fit(X, Y)
    display = TrainingCurveDisplay.from_estimator(net, name="LSTM", color="red")
    assert display.valid_line_ is None
    assert_array_equal(display.kept_line_.get_xdata(), [2, 2])  # the last
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["LSTM, training", "LSTM, kept epoch"]
    assert display.train_line_.get_color() == "red"


def test_a_history_that_was_read_back(trained):
    history = [{"epoch": 3, "train_loss": 2.0}, {"epoch": 4, "train_loss": 1.0}]
    display = TrainingCurveDisplay.from_history(history)
    assert_array_equal(display.train_line_.get_xydata(), [[3, 2], [4, 1]])
    assert display.kept_line_ is None


@pytest.mark.parametrize(
    "estimator, error, words",
    [
        (forecaster(), NotFittedError, "not fitted"),
        (NaiveForecaster().fit(X, Y), TypeError, "found NaiveForecaster"),
        (forecaster(callbacks="disable").fit(X, Y), ValueError, "callbacks='disable'"),
    ],
)
def test_where_there_is_no_curve(estimator, error, words):
    with pytest.raises(error, match=words):
        TrainingCurveDisplay.from_estimator(estimator)


def test_losses_of_different_lengths():
    with pytest.raises(ValueError, match=r"valid_loss of shape \(2,\)"):
        TrainingCurveDisplay([2, 1], [3, 2, 1]).plot()


# ------------------------------------------------------------------------- backtests


def backtest(residuals, *, coverage=None):
    """The frame of a backtest with these residuals, (n_origins, horizon)."""
    n_origins, horizon = np.shape(residuals)
    origin = np.repeat(np.arange(n_origins), horizon)
    step = np.tile(np.arange(1, horizon + 1), n_origins)
    frame = pd.DataFrame(
        {
            "origin": HOURS[origin],
            "step": step,
            "timestamp": HOURS[origin + step],
            "y": 10.0 * (origin + step),
        }
    )
    frame["forecast"] = frame["y"] - np.ravel(residuals)
    if coverage is not None:
        name = f"{100 * coverage:g}"
        frame[f"lower_{name}"] = frame["forecast"] - 1
        frame[f"upper_{name}"] = frame["forecast"] + 2
    return frame


def test_a_backtest_is_the_truth_and_a_line_for_each_origin():
    frame = backtest([[1, 2], [3, 4]], coverage=0.5)
    display = BacktestDisplay.from_backtest(frame, name="naive")
    assert_array_equal(display.truth_line_.get_ydata(), [10, 20, 30])
    drawn = [line.get_ydata() for line in display.lines_]
    assert_array_equal(drawn, [[9, 18], [17, 26]])
    lower, upper = display.bands_[1].get_paths()[0].vertices[:, 1][[0, -2]].tolist()
    assert {lower, upper} <= {16, 25, 19, 28}
    assert len({line.get_color() for line in display.lines_}) == 1
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["truth", "naive", "50 % interval"]


def test_a_step_of_all_origins_is_one_line():
    display = BacktestDisplay.from_backtest(backtest([[1, 2], [3, 4]]), step=2)
    [line] = display.lines_
    assert_array_equal(line.get_ydata(), [18, 26])
    with pytest.raises(ValueError, match="step from 1 to 2, found 3"):
        display.plot(step=3)


def test_a_series_is_chosen_by_its_id():
    parts = [backtest([[1, 1]]).assign(id="a"), backtest([[5, 5]]).assign(id="b")]
    frame = pd.concat(parts)
    display = BacktestDisplay.from_backtest(frame, id="b")
    assert_array_equal(display.lines_[0].get_ydata(), [5, 15])
    for id in (None, "c"):
        with pytest.raises(ValueError, match=rf"id to be one of the 2 .* found {id!r}"):
            BacktestDisplay.from_backtest(frame, id=id)


@pytest.mark.parametrize("draw", [BacktestDisplay, ResidualDisplay])
def test_what_is_not_a_backtest(draw):
    with pytest.raises(TypeError, match="found a ndarray"):
        draw.from_backtest(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="columns ..step'. are missing"):
        draw.from_backtest(backtest([[1, 2]]).drop(columns="step"))
    with pytest.raises(ValueError, match="no rows"):
        draw.from_backtest(backtest([[1, 2]]).iloc[:0])


# ------------------------------------------------------------------------- residuals


def test_residuals_by_step():
    residuals = np.array([[0, 10], [1, 20], [5, 30.0]])
    display = ResidualDisplay.from_backtest(backtest(residuals), kind="step")
    assert_array_equal(display.line_.get_xydata(), [[1, 2], [2, 20]])
    low, high = np.quantile(residuals, [0.1, 0.9], axis=0)
    assert_allclose(display.lower, low)
    assert_allclose(display.upper, high)


def test_residuals_by_hour_of_the_local_time():
    """Those of hour h of two days are h and h + 2, whose mean is h + 1."""
    hours = np.arange(1, 48) % 24
    residuals = hours + 2.0 * (np.arange(1, 48) >= 24)
    frame = backtest(residuals[:, np.newaxis])
    display = ResidualDisplay.from_backtest(frame, kind="hour")
    assert_array_equal(display.line_.get_xdata(), np.arange(24))
    # Of hour 0 only the second day is there.
    assert_allclose(display.line_.get_ydata(), [2, *np.arange(1, 24) + 1])


@pytest.mark.parametrize("kind, x", [("weekday", [0, 1]), ("month", [1])])
def test_residuals_by_weekday_and_month(kind, x):
    """The first of January 2024 was a Monday; HOURS end on Tuesday."""
    display = ResidualDisplay.from_backtest(backtest(np.ones((47, 1))), kind=kind)
    assert_array_equal(display.line_.get_xdata(), x)
    assert_array_equal(display.line_.get_ydata(), np.ones(len(x)))


def test_autocorrelation_is_that_of_one_step():
    rng = np.random.default_rng(0)
    residuals = rng.normal(size=(40, 3))
    display = ResidualDisplay.from_backtest(
        backtest(residuals), kind="autocorrelation", step=2, n_lags=5
    )
    e = residuals[:, 1] - residuals[:, 1].mean()
    expected = [np.sum(e[:-k] * e[k:]) / np.sum(e**2) for k in range(1, 6)]
    assert_array_equal(display.line_.get_xdata(), [1, 2, 3, 4, 5])
    assert_allclose(display.line_.get_ydata(), expected, rtol=1e-10)
    assert_allclose(display.upper, 1.96 / np.sqrt(40))


def test_autocorrelation_of_several_series_does_not_join_them():
    """1, -1, 1, -1 in each, at levels of their own: (-1 - 1 - 1) / 4 at lag 1."""
    swing = np.array([[1.0], [-1], [1], [-1]])
    parts = [backtest(swing).assign(id="a"), backtest(swing + 100).assign(id="b")]
    display = ResidualDisplay.from_backtest(pd.concat(parts), kind="autocorrelation")
    assert_allclose(display.line_.get_ydata(), [-3 / 4, 2 / 4, -1 / 4])


def test_a_naive_forecast_of_a_wave_leaves_its_wave():
    """Differences of a wave of 8 hours are a wave of 8 hours."""
    wave = pd.Series(np.sin(np.arange(200) * np.pi / 4))
    model = SeriesForecaster(NaiveForecaster(), horizon=1, length=2)
    frame = model.backtest(wave, n_origins=160)
    display = ResidualDisplay.from_backtest(frame, kind="autocorrelation", n_lags=16)
    at = dict(zip(display.line_.get_xdata(), display.line_.get_ydata()))
    assert at[4] < -0.9 and at[8] > 0.9 and abs(at[2]) < 0.1


@pytest.mark.parametrize(
    "frame, how, words",
    [
        (backtest([[1, 2]]), {"kind": "histogram"}, "kind as one of"),
        (backtest([[1, 2]]), {"kind": "autocorrelation"}, "at least 2 residuals"),
        (
            backtest([[1, 2]]).assign(timestamp=[1, 2]),
            {"kind": "hour"},
            "Expected dates .* found int64",
        ),
        (backtest([[1, 2]]), {"target": "load"}, "target to be one of the 0"),
    ],
)
def test_residuals_that_cannot_be_drawn(frame, how, words):
    with pytest.raises(ValueError, match=words):
        ResidualDisplay.from_backtest(frame, **how)


def test_residuals_that_are_all_alike_have_no_correlation():
    display = ResidualDisplay.from_backtest(
        backtest([[2.0]] * 4), kind="autocorrelation"
    )
    assert np.isnan(display.line_.get_ydata()).all()
