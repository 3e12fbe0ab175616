"""Displays: what is drawn is what was given, at the right places, or a clear error."""

import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.dates import num2date
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import binom
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sktorch_forecast import (
    LSTMForecaster,
    NaiveForecaster,
    Panel,
    SlidingWindow,
    Windows,
    latest_windows,
    make_windows,
)
from sktorch_forecast.plotting import CoverageDisplay, ForecastDisplay, PITDisplay

matplotlib.use("Agg")  # no screen is needed

import matplotlib.pyplot as plt  # noqa: E402

DISPLAYS = [CoverageDisplay, ForecastDisplay, PITDisplay]


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


class Stub(RegressorMixin, BaseEstimator):
    """Forecasts the last value v plus the number of the output, 0, 1, ...

    An interval of coverage c is the forecast minus c to the forecast plus 2 c. Path s
    of m lies s - (m - 1) / 2 above the forecast.
    """

    def __init__(self, n_outputs=3, bias=0):
        self.n_outputs = n_outputs
        self.bias = bias

    def fit(self, X, y):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        X = np.asarray(X)
        last = X[:, -1] if X.ndim == 2 else X[:, -1, 0]
        return last[:, None] + self.bias + np.arange(self.n_outputs)

    def predict_interval(self, X, coverage=0.9):
        y = self.predict(X)
        return np.stack([y - coverage, y + 2 * coverage], axis=-1)

    def sample(self, X, n_samples=100, random_state=None):
        above = np.arange(n_samples) - (n_samples - 1) / 2
        return self.predict(X) + above[:, None, None]


def xdata(line):
    """The coordinates as they were given: dates are not yet numbers."""
    return line.get_xdata(orig=True)


def ends_of_band(band):
    """x, lower and upper ends that an area was drawn with."""
    (path,) = band.get_paths()
    vertices = path.vertices
    x = np.unique(vertices[:, 0])
    ends = [vertices[vertices[:, 0] == at, 1] for at in x]
    return x, [min(end) for end in ends], [max(end) for end in ends]


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


# One forecast


def test_forecast_of_an_array_is_drawn_over_steps():
    X = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]])
    y = np.array([[0.0, 0, 0], [9, 8, 7]])
    display = ForecastDisplay.from_estimator(
        Stub(), X, y, origin=1, coverages=(0.9, 0.5), n_paths=2
    )
    assert_array_equal(xdata(display.window_line_), [-3, -2, -1, 0])
    assert_array_equal(display.window_line_.get_ydata(), [5, 6, 7, 8])
    assert_array_equal(xdata(display.truth_line_), [1, 2, 3])
    assert_array_equal(display.truth_line_.get_ydata(), [9, 8, 7])
    assert_array_equal(xdata(display.line_), [1, 2, 3])
    assert_array_equal(display.line_.get_ydata(), [8, 9, 10])
    for band, coverage in zip(display.bands_, (0.9, 0.5)):
        x, lower, upper = ends_of_band(band)
        assert_array_equal(x, [1, 2, 3])
        assert_allclose(lower, np.array([8, 9, 10]) - coverage)
        assert_allclose(upper, np.array([8, 9, 10]) + 2 * coverage)
    assert_array_equal(
        [path.get_ydata() for path in display.path_lines_],
        [[7.5, 8.5, 9.5], [8.5, 9.5, 10.5]],
    )
    assert display.ax_.get_xlabel() == "step"
    assert display.figure_ is display.ax_.figure
    assert legend_of(display) == [
        *("window", "truth", "Stub"),
        *("50 % interval", "90 % interval", "sample paths"),
    ]


def test_bands_nest_and_are_darker_inside():
    display = ForecastDisplay.from_estimator(
        Stub(), np.zeros((1, 4)), coverages=(0.5, 0.99, 0.8)
    )
    narrow, wide, middle = display.bands_
    for inner, outer in ((narrow, middle), (middle, wide)):
        _, inner_lower, inner_upper = ends_of_band(inner)
        _, outer_lower, outer_upper = ends_of_band(outer)
        assert (np.array(outer_lower) < inner_lower).all()
        assert (np.array(inner_upper) < outer_upper).all()
        assert inner.get_alpha() > outer.get_alpha()
        # one color, so where both lie it is darker still
        assert to_hex(inner.get_facecolor()[0]) == to_hex(outer.get_facecolor()[0])
    assert to_hex(narrow.get_facecolor()[0]) == to_hex(display.line_.get_color())


def test_forecast_and_truth_of_one_target_among_several():
    series = np.column_stack([np.arange(8.0), 10 + np.arange(8.0), np.zeros(8)])
    X, y = make_windows(series, horizon=2, length=3, target=[0, 1])
    display = ForecastDisplay.from_estimator(
        Stub(n_outputs=4), X, y, origin=0, target=1, coverages=(0.5,), n_paths=1
    )
    assert_array_equal(display.window_line_.get_ydata(), [10, 11, 12])
    assert_array_equal(display.truth_line_.get_ydata(), [13, 14])
    # outputs 1 and 3 are the second target, the last value of the first one is 2
    assert_array_equal(display.line_.get_ydata(), [3, 5])
    assert_array_equal(display.path_lines_[0].get_ydata(), [3, 5])
    _, lower, upper = ends_of_band(display.bands_[0])
    assert_allclose(lower, [2.5, 4.5])
    assert_allclose(upper, [4, 6])


def dates(*days, unit="ns"):
    return np.array(days, dtype=f"datetime64[{unit}]")


PERIODS = pd.period_range("2020-11", periods=3, freq="M")
NO_FREQ = pd.DatetimeIndex(["2020-01-31", "2020-02-29", "2020-03-31"])
# case: (index of the series, where window and steps are drawn)
TIME_AXES = {
    "months": (
        pd.date_range("2020-11-01", periods=3, freq="MS"),
        dates("2020-11-01", "2020-12-01", "2021-01-01", "2021-02-01", "2021-03-01"),
    ),
    "month ends without a frequency": (
        NO_FREQ,
        dates("2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30", "2020-05-31"),
    ),
    "business days over a weekend": (
        pd.date_range("2021-01-06", periods=3, freq="B"),
        dates("2021-01-06", "2021-01-07", "2021-01-08", "2021-01-11", "2021-01-12"),
    ),
    "periods": (
        PERIODS,
        dates("2020-11-01", "2020-12-01", "2021-01-01", "2021-02-01", "2021-03-01"),
    ),
    "durations in seconds": (
        pd.timedelta_range("0s", periods=3, freq="30s"),
        [0, 30, 60, 90, 120],
    ),
    "numbers": (pd.Index([0.5, 1.0, 1.5]), [0.5, 1.0, 1.5, 2.0, 2.5]),
    "no index": (pd.RangeIndex(3), [0, 1, 2, 3, 4]),
    "names, which do not go on": (pd.Index(["a", "b", "c"]), [-2, -1, 0, 1, 2]),
    "dates at no regular distance": (
        pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-09"]),
        [-2, -1, 0, 1, 2],
    ),
}


@pytest.mark.parametrize("case", TIME_AXES)
def test_steps_follow_the_window_in_time(case):
    index, expected = TIME_AXES[case]
    X = Windows(Panel.from_array(np.ones((3, 1)), index=index), [2], 3)
    display = ForecastDisplay.from_estimator(Stub(n_outputs=2), X, coverages=())
    assert_array_equal(xdata(display.window_line_), expected[:3])
    assert_array_equal(xdata(display.line_), expected[3:])
    # drawn as well: the coordinates are something that matplotlib can place
    display.figure_.canvas.draw()


def test_dates_of_a_time_zone_stay_in_it():
    index = pd.date_range("2020-11-01", periods=10, freq="D", tz="Asia/Tokyo")
    X = Windows(Panel.from_array(np.ones((10, 1)), index=index), [9], 10)
    display = ForecastDisplay.from_estimator(Stub(n_outputs=1), X, coverages=())
    assert list(xdata(display.line_)) == [pd.Timestamp("2020-11-11", tz="Asia/Tokyo")]
    display.figure_.canvas.draw()
    ticks = num2date(display.ax_.get_xticks(), tz="Asia/Tokyo")
    assert {tick.hour for tick in ticks} == {0}  # midnight in Tokyo, not in Greenwich
    labels = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert [tick.day for tick in ticks[1:]] == [int(label) for label in labels[1:]]


def test_truth_is_drawn_where_the_series_has_it():
    series = pd.Series(
        np.arange(20.0), index=pd.date_range("2020-01-01", periods=20, freq="W-WED")
    )
    X, y = make_windows(series, horizon=3, length=4)
    display = ForecastDisplay.from_estimator(Stub(), X, y, origin=5, coverages=())
    for line in (display.window_line_, display.truth_line_):
        at = series.loc[xdata(line)]
        assert_array_equal(at, line.get_ydata())
    assert xdata(display.truth_line_)[0] == X.origins[5] + pd.Timedelta(days=7)


def test_forecast_of_what_nobody_knows_yet():
    series = pd.Series(
        np.arange(8.0), index=pd.date_range("2020-01-01", periods=8, freq="YS")
    )
    X, y = make_windows(series, horizon=2, length=3)
    model = NaiveForecaster().fit(X, y)
    display = ForecastDisplay.from_estimator(
        model, latest_windows(series, length=3), coverages=()
    )
    assert_array_equal(xdata(display.line_), dates("2028-01-01", "2029-01-01"))
    assert_array_equal(display.line_.get_ydata(), [7, 7])


def test_one_step_and_one_timestamp_can_be_seen():
    display = ForecastDisplay.from_estimator(
        Stub(n_outputs=1), np.array([[4.0]]), np.array([5.0]), n_paths=1
    )
    for line in (
        *(display.window_line_, display.truth_line_, display.line_),
        *display.path_lines_,
    ):
        assert line.get_marker() == "."
    for band, coverage in zip(display.bands_, (0.5, 0.9)):
        (segment,) = band.get_segments()
        assert_allclose(segment, [[1, 4 - coverage], [1, 4 + 2 * coverage]])
        assert band.get_linewidth() > 1


def test_forecast_through_pipeline_and_search_has_the_forecasters_window():
    X, y = make_windows(np.arange(30.0), horizon=3, length=6)
    pipeline = make_pipeline(SlidingWindow(4), Stub())
    search = GridSearchCV(pipeline, {"stub__bias": [1]}, cv=TimeSeriesSplit(2))
    for model, bias in ((pipeline, 0), (search, 1)):
        display = ForecastDisplay.from_estimator(model.fit(X, y), X, y, origin=2)
        assert_array_equal(display.window_line_.get_ydata(), [4, 5, 6, 7])
        assert_array_equal(display.line_.get_ydata(), np.array([7, 8, 9]) + bias)
        assert_array_equal(display.truth_line_.get_ydata(), [8, 9, 10])
        assert "Stub" in legend_of(display)


def test_rows_in_time_order_get_the_whole_window_of_their_origin():
    rows = pd.DataFrame(
        {"a": np.arange(9.0)}, index=pd.date_range("2020-01-01", periods=9)
    )
    model = make_pipeline(SlidingWindow(4), Stub()).fit(rows, np.zeros((9, 3)))
    display = ForecastDisplay.from_estimator(model, rows)
    assert_array_equal(display.window_line_.get_ydata(), [5, 6, 7, 8])
    assert xdata(display.line_)[0] == np.datetime64("2020-01-10")


def test_scaled_windows_are_drawn_in_the_units_of_the_series():
    X = np.array([[10.0, 20.0]])
    model = make_pipeline(FunctionTransformer(lambda X: X / 10), Stub())
    model.fit(X, np.zeros((1, 3)))
    display = ForecastDisplay.from_estimator(model, X)
    assert_array_equal(display.window_line_.get_ydata(), [10, 20])
    assert_array_equal(display.line_.get_ydata(), [2, 3, 4])


def test_frames_are_windows_too():
    X = pd.DataFrame([[1.0, 2], [3, 4]], columns=["a", "b"])
    y = pd.DataFrame([[0.0, 0, 0], [5, 6, 7]])
    display = ForecastDisplay.from_estimator(Stub(), X, y)
    assert_array_equal(display.window_line_.get_ydata(), [3, 4])
    assert_array_equal(display.truth_line_.get_ydata(), [5, 6, 7])


def test_two_forecasts_on_one_ax_share_what_they_have_in_common():
    X = np.zeros((1, 4))
    first = ForecastDisplay.from_estimator(Stub(), X, np.ones((1, 3)))
    second = ForecastDisplay.from_estimator(
        Stub(bias=1), X, np.ones((1, 3)), ax=first.ax_, name="other"
    )
    assert second.ax_ is first.ax_
    assert first.line_.get_color() != second.line_.get_color()
    assert legend_of(second) == [
        *("window", "truth", "Stub", "50 % interval", "90 % interval", "other")
    ]


def test_styles_are_handed_on_under_long_and_short_names():
    display = ForecastDisplay.from_predictions(
        [1, 2],
        [3, 4],
        intervals=[[[2, 5], [3, 6]]],
        coverages=[0.9],
        paths=[[3, 3]],
        line_kwargs={"c": "red", "ls": "--"},
        band_kwargs={"alpha": 0.5},
        path_kwargs={"lw": 3},
    )
    assert display.line_.get_color() == "red"
    assert display.line_.get_linestyle() == "--"
    assert to_hex(display.bands_[0].get_facecolor()[0]) == "#ff0000"
    assert display.bands_[0].get_alpha() == 0.5
    assert display.path_lines_[0].get_linewidth() == 3
    assert display.truth_line_ is None
    assert legend_of(display)[1] == "forecast"


def test_networks_intervals_and_paths_are_drawn():
    X, y = make_windows(np.sin(np.arange(60.0)), horizon=3, length=8)
    network = LSTMForecaster(
        hidden_size=4, dropout=0.3, max_epochs=2, random_state=0
    ).fit(X, y)
    display = ForecastDisplay.from_estimator(
        network, X, y, origin=7, n_paths=4, random_state=1
    )
    for band, coverage in zip(display.bands_, (0.5, 0.9)):
        _, lower, upper = ends_of_band(band)
        interval = network.predict_interval(X[[7]], coverage)[0]
        assert_allclose(np.transpose([lower, upper]), interval)
    assert_array_equal(
        [line.get_ydata() for line in display.path_lines_],
        network.sample(X[[7]], 4, random_state=1)[:, 0],
    )
    coverage = CoverageDisplay.from_estimator(network, X, y, coverages=[0.8])
    interval = network.predict_interval(X, 0.8)
    inside = (interval[..., 0] <= y) & (y <= interval[..., 1])
    assert_array_equal(coverage.line_.get_ydata(), [inside.mean()])


# Coverage


def test_coverage_counts_the_values_inside():
    # The forecast is 0, 1, 2. Errors relative to it, one row an origin:
    errors = np.array([[0.0, 0.4, 0.9], [-0.4, -0.6, 1.0], [1.7, 1.9, -1.0]])
    y = np.arange(3) + errors
    # From -c to 2 c: for c = 0.3 only 0 and 0.4; for c = 0.5 also -0.4, 0.9 and, on the
    # very end, 1.0; for 0.9 also -0.6 and 1.7.
    display = CoverageDisplay.from_estimator(
        Stub(), np.zeros((3, 4)), y, coverages=[0.3, 0.5, 0.9]
    )
    assert_allclose(display.observed, [2 / 9, 5 / 9, 7 / 9])
    assert_array_equal(display.line_.get_xdata(), [0.3, 0.5, 0.9])
    assert_array_equal(display.line_.get_ydata(), display.observed)
    assert legend_of(display) == ["perfectly calibrated", "Stub"]
    assert_array_equal(display.ax_.lines[0].get_xydata(), [[0, 0], [1, 1]])


def test_coverage_of_exact_quantiles_is_on_the_diagonal():
    # Of 1, ..., 99 the middle c percent lie between (100 - c) / 2 and (100 + c) / 2.
    y = np.arange(1.0, 100.0)
    coverages = np.array([0.1, 0.5, 0.9])
    ends = 50 + 50 * np.stack([-coverages, coverages], axis=-1)
    # (n_coverages, 2) -> (n_coverages, n_origins, 1, 2); half a step off the values
    intervals = np.tile(ends[:, None, None] + [0.5, -0.5], (1, 99, 1, 1))
    display = CoverageDisplay.from_predictions(y, intervals, coverages=coverages)
    assert_allclose(display.observed, [9 / 99, 49 / 99, 89 / 99])
    assert legend_of(display) == ["perfectly calibrated"]


def test_several_coverages_share_one_diagonal():
    X, y = np.zeros((3, 4)), np.ones((3, 3))
    first = CoverageDisplay.from_estimator(Stub(), X, y)
    second = CoverageDisplay.from_estimator(
        Stub(bias=1), X, y, ax=first.ax_, name="other", c="red"
    )
    assert legend_of(second) == ["perfectly calibrated", "Stub", "other"]
    assert len(first.ax_.lines) == 3
    assert second.line_.get_color() == "red"
    assert_allclose(first.nominal, np.arange(1, 10) / 10)
    alone = CoverageDisplay([0.5], [0.4]).plot(ref_line=False)
    assert len(alone.ax_.lines) == 1
    assert alone.ax_.get_legend() is None


# Probability integral transform


def test_histogram_line_and_band():
    values = [[0.0, 0.1, 0.2], [0.3, 0.6, 1.0]]
    display = PITDisplay.from_predictions(values, bins=4, name="known")
    assert_array_equal([bar.get_x() for bar in display.bars_], [0, 0.25, 0.5, 0.75])
    # 3, 1, 1 and 1 of 6 values, 1.5 in a bin on the average
    assert_allclose(
        [bar.get_height() for bar in display.bars_], np.array([2, *[2 / 3] * 3])
    )
    assert_array_equal(display.line_.get_xydata(), [[0, 1], [1, 1]])
    assert set(legend_of(display)) == {
        *("known", "95 % of bars, if uniform", "uniform")
    }


@pytest.mark.parametrize("n_values, bins", [(50, 5), (1000, 10), (777, 20)])
def test_band_has_the_quantiles_of_the_binomial(n_values, bins):
    values = (np.arange(n_values) + 0.5) / n_values
    display = PITDisplay.from_predictions(values, bins=bins)
    x, (lower, _), (upper, _) = ends_of_band(display.band_)
    assert_array_equal(x, [0, 1])
    # The smallest counts at which the distribution function reaches 2.5 and 97.5 %.
    function = np.cumsum(binom.pmf(np.arange(n_values + 1), n_values, 1 / bins))
    counts = np.searchsorted(function, [0.025, 0.975])
    assert_allclose([lower, upper], counts * bins / n_values)
    # An even spread is inside, all in one bin is not.
    assert all(lower <= bar.get_height() <= upper for bar in display.bars_)
    assert bins > upper


def test_pit_is_the_rank_among_the_samples():
    # Four samples of a forecast of 0, 1 and 2: 1.5 and 0.5 below and above it.
    y = np.arange(3) + np.array([[-2.0, 0, 2], [-1, 1, 1]])
    display = PITDisplay.from_estimator(
        Stub(), np.zeros((2, 4)), y, n_samples=4, random_state=0
    )
    n_below = np.array([0, 2, 4, 1, 3, 3])
    assert (n_below / 5 < display.pit_values).all()
    assert (display.pit_values < (n_below + 1) / 5).all()
    again = PITDisplay.from_estimator(
        Stub(), np.zeros((2, 4)), y, n_samples=4, random_state=0
    )
    assert_array_equal(display.pit_values, again.pit_values)
    assert [bar.get_height() for bar in display.bars_] == [
        bar.get_height() for bar in again.bars_
    ]


def test_pit_of_values_that_equal_samples_is_uniform():
    # All of the 3 samples are equal to the value: it may have any rank.
    class Constant(Stub):
        def sample(self, X, n_samples=100, random_state=None):
            return np.zeros((n_samples, len(X), 1))

    display = PITDisplay.from_estimator(
        Constant(), np.zeros((5000, 4)), np.zeros(5000), n_samples=3, random_state=0
    )
    # Kolmogorov's distance of 5000 uniform values exceeds 0.023 once in a hundred times
    values = np.sort(display.pit_values)
    assert np.abs(values - (np.arange(5000) + 0.5) / 5000).max() < 0.023


def test_pit_through_a_pipeline_with_a_style():
    X, y = make_windows(np.arange(30.0), horizon=3, length=6)
    model = make_pipeline(SlidingWindow(4), Stub(bias=9)).fit(X, y)
    display = PITDisplay.from_estimator(model, X, y, n_samples=3, color="red", ec="k")
    # the truth is one step up, the lowest of three samples nine steps minus one
    assert (display.pit_values < 1 / 4).all()
    assert to_hex(display.bars_[0].get_facecolor()) == "#ff0000"
    assert to_hex(display.bars_[0].get_edgecolor()) == "#000000"


# Errors


X2, Y2 = np.zeros((2, 4)), np.zeros((2, 3))
ESTIMATOR_ERRORS = {
    "no such origin": (
        lambda: ForecastDisplay.from_estimator(Stub(), X2, origin=2),
        *(ValueError, "origin as an integer from -2 to 1, found 2"),
    ),
    "a timestamp as origin": (
        lambda: ForecastDisplay.from_estimator(Stub(), X2, origin="2020"),
        *(ValueError, "origin as an integer .* found '2020'"),
    ),
    "no such target": (
        lambda: ForecastDisplay.from_estimator(Stub(), X2, target=1),
        *(ValueError, "target as an integer from 0 to 0, found 1"),
    ),
    "y of other origins": (
        lambda: ForecastDisplay.from_estimator(Stub(), X2, Y2[:1]),
        *(ValueError, "y for the 2 origins of X, found shape .1, 3"),
    ),
    "y of another horizon": (
        lambda: ForecastDisplay.from_estimator(Stub(), X2, Y2[:, :2]),
        *(ValueError, r"y_true of shape \(3\), found \(2,\)"),
    ),
    "coverage of a forecast": (
        lambda: ForecastDisplay.from_estimator(Stub(), X2, coverages=(50,)),
        *(ValueError, "coverage == 50, must be < 1"),
    ),
    "number of paths": (
        lambda: ForecastDisplay.from_estimator(Stub(), X2, n_paths=-1),
        *(ValueError, "n_paths must be a positive integer, found -1"),
    ),
    "coverage": (
        lambda: CoverageDisplay.from_estimator(Stub(), X2, Y2, coverages=[0, 0.5]),
        *(ValueError, "coverage == 0, must be > 0"),
    ),
    "coverage for other steps": (
        lambda: CoverageDisplay.from_estimator(Stub(), X2, Y2[:, :2], coverages=[0.5]),
        *(ValueError, r"\(1, 2, 2, 2\).* found \(1, 2, 3, 2\)"),
    ),
    "PIT for other steps": (
        lambda: PITDisplay.from_estimator(Stub(), X2, Y2[:, :2]),
        *(ValueError, r"\(n_samples, 2, 2\).* found \(200, 2, 3\)"),
    ),
    "search that is not fitted": (
        lambda: PITDisplay.from_estimator(GridSearchCV(Stub(), {}), X2, Y2),
        *(NotFittedError, "GridSearchCV"),
    ),
}
PREDICTION_ERRORS = {
    "window of several channels": (
        lambda: ForecastDisplay.from_predictions(np.zeros((4, 2)), [0]),
        *(ValueError, r"window of shape \(any\), found \(4, 2\)"),
    ),
    "empty forecast": (
        lambda: ForecastDisplay.from_predictions([0], []),
        *(ValueError, r"y_pred of shape \(any\), found \(0,\)"),
    ),
    "no intervals": (
        lambda: ForecastDisplay.from_predictions([0], [0], coverages=[0.5]),
        *(ValueError, r"intervals of shape \(1, 1, 2\), found \(0,\)"),
    ),
    "no coverages": (
        lambda: ForecastDisplay.from_predictions([0], [0], intervals=[[[0, 1]]]),
        *(ValueError, r"intervals of shape \(0, 1, 2\), found \(1, 1, 2\)"),
    ),
    "paths of other steps": (
        lambda: ForecastDisplay.from_predictions([0], [0, 1], paths=[[0]]),
        *(ValueError, r"paths of shape \(any, 2\), found \(1, 1\)"),
    ),
    "timestamps": (
        lambda: ForecastDisplay.from_predictions([0], [0, 1], timestamps=[1, 2]),
        *(
            ValueError,
            "3 timestamps, 1 of the window and 2 of the horizon, found shape .2,",
        ),
    ),
    "NaN in y_true": (
        lambda: CoverageDisplay.from_predictions(
            [np.nan], [[[[0, 1]]]], coverages=[0.5]
        ),
        *(ValueError, "values in y_true for every output, found only NaN"),
    ),
    "NaN in intervals": (
        lambda: CoverageDisplay.from_predictions(
            [1], [[[[0, np.nan]]]], coverages=[0.5]
        ),
        *(ValueError, "NaN at coverage 0, row 0, column 0, end 1"),
    ),
    "PIT above 1": (
        lambda: PITDisplay.from_predictions([0.5, 50]),
        *(ValueError, "between 0 and 1, found 0.5 to 50"),
    ),
    "NaN in PIT": (
        lambda: PITDisplay.from_predictions([np.nan, np.nan]),
        *(ValueError, "at least one number in pit_values, found only NaN"),
    ),
    "bins": (
        lambda: PITDisplay.from_predictions([0.5], bins=0),
        *(ValueError, "bins must be a positive integer, found 0"),
    ),
}
ERRORS = ESTIMATOR_ERRORS | PREDICTION_ERRORS


@pytest.mark.parametrize(
    "case", ERRORS, ids=[case.replace(" ", "-") for case in ERRORS]
)
def test_errors_say_what_is_wrong(case):
    draw, error, message = ERRORS[case]
    with pytest.raises(error, match=message):
        draw()
    assert not plt.get_fignums()  # nothing was drawn


def test_forecasters_without_uncertainty_are_told_what_to_do():
    X, y = make_windows(np.arange(20.0), horizon=3, length=4)
    X = np.asarray(X)[..., 0]
    model = LinearRegression().fit(X, y)
    advice = "found LinearRegression, which has none. Wrap it in a ConformalForecaster"
    for draw in (
        lambda: ForecastDisplay.from_estimator(model, X),
        lambda: ForecastDisplay.from_estimator(model, X, coverages=(), n_paths=1),
        lambda: CoverageDisplay.from_estimator(model, X, y),
        lambda: PITDisplay.from_estimator(model, X, y),
    ):
        with pytest.raises(TypeError, match=advice):
            draw()
    display = ForecastDisplay.from_estimator(model, X, coverages=())
    assert_allclose(display.line_.get_ydata(), model.predict(X)[-1])
    assert display.bands_ == display.path_lines_ == []


# matplotlib is an extra


@pytest.mark.parametrize("cls", DISPLAYS)
def test_missing_matplotlib_is_named_with_its_extra(cls, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    advice = r'pip install "sktorch-forecast\[plotting\]"'
    with pytest.raises(ImportError, match=f"{cls.__name__}.from_estimator .*{advice}"):
        cls.from_estimator(Stub(), X2, Y2)
    with pytest.raises(ImportError, match=f"{cls.__name__}.plot .*{advice}"):
        (cls([0.5]) if cls is PITDisplay else cls([0.5], [0.5])).plot()


def test_the_package_does_not_import_matplotlib():
    code = (
        "import sys, sktorch_forecast\n"
        "sktorch_forecast.plotting.ForecastDisplay\n"
        "assert 'matplotlib' not in sys.modules"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
