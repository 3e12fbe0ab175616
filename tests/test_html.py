"""What notebooks show of windows, of fitted networks and of backtests."""

import copy
import pickle
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
import sklearn
from nets import X, Y, forecaster
from sklearn.pipeline import make_pipeline

from sktorch_forecast import (
    NaiveForecaster,
    Panel,
    SeriesForecaster,
    SlidingWindow,
    Windows,
    latest_windows,
    make_windows,
)
from sktorch_forecast._training.curve import TrainingCurve
from sktorch_forecast._training.html import sparkline

EVIL = "<script>alert('x')</script>"


def cells(html):
    """The rows of the last table in some HTML."""
    [text] = [part for part in html.split("<table>")[-1:]]
    table = ElementTree.fromstring(
        "<table>" + text.partition("</table>")[0] + "</table>"
    )
    return {row[0].text: row[1].text for row in table.iter("tr")}


def panel(**roles):
    days = pd.date_range("2024-01-01", periods=20)
    frame = pd.DataFrame({"y": np.arange(20.0), "u": 1.0, "p": 2.0, EVIL: 3.0}, days)
    frame = pd.concat([frame, frame], keys=["a", EVIL], names=["id", "day"])
    return make_windows(frame, horizon=2, length=5, target="y", **roles)


def test_windows():
    windows, _ = panel(past="u", future="p", static=EVIL)
    html = windows._repr_html_()
    assert "<script>" not in html
    assert cells(html) == {
        "origins": "28 of 2 series",
        "from, to": "2024-01-05 00:00:00, 2024-01-18 00:00:00",
        "length": "5",
        "horizon": "2",
        "frequency": "D",
        "targets": "y",
        "past covariates": "u",
        "future covariates": "p",
        "static covariates": EVIL,
        "missing values": "none",
    }


@pytest.mark.parametrize(
    "index, frequency",
    [
        (pd.RangeIndex(30), "1"),
        (pd.date_range("2024-01-01", periods=30, freq="15min"), "15min"),
        (pd.date_range("2024-01-01", periods=30, freq="MS"), "MS"),
        (pd.period_range("2024-01", periods=30, freq="M"), "M"),
        (pd.timedelta_range("0h", periods=30, freq="2h"), "2h"),
        (pd.date_range("2024-01-01", periods=30, freq="7D"), "7D"),
    ],
)
def test_frequencies(index, frequency):
    windows, _ = make_windows(pd.Series(np.arange(30.0), index), horizon=1, length=3)
    assert cells(windows._repr_html_())["frequency"] == frequency


def test_a_frequency_that_is_not_known():
    days = pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-09"])
    irregular = Panel.from_array(np.arange(4.0)[:, np.newaxis], index=days)
    shown = cells(Windows(irregular, [2, 3], length=2)._repr_html_())
    assert shown["frequency"] == "not known"


def test_windows_without_a_horizon_with_gaps_and_none_at_all():
    values = np.array([[1.0], [np.nan], [3.0], [4.0]])
    windows = latest_windows(values, length=3, missing="mask")
    assert cells(windows._repr_html_())["missing values"] == "some"
    plain = Windows(np.arange(5.0)[:, None], [3, 4], length=2)
    assert cells(plain._repr_html_())["horizon"] == "not known"
    assert cells(plain[:0]._repr_html_())["origins"] == "0"
    many = Windows(np.zeros((5, 25)), [3], length=2)
    shown = cells(many._repr_html_())["past covariates"]
    assert shown.endswith("19, 20, ... 4 more")


def test_a_fitted_network_has_its_fit_below_the_diagram():
    net = forecaster(max_epochs=3).fit(X, Y)
    html = net._repr_html_()
    assert html.startswith(sklearn.utils.estimator_html_repr(net)[:30])
    assert net._repr_mimebundle_()["text/html"].count("Fitted network") == 1
    shown = cells(html)
    assert shown["window"] == "8 timestamps, 1 channel"
    assert shown["horizon"] == "3 steps"
    n_weights = sum(p.numel() for p in net.module_.parameters())
    assert shown["weights"] == str(n_weights)
    kept = int(np.argmin(net.history[:, "valid_loss"])) + 1
    assert shown["epochs"] == f"3, epoch {kept} was kept"
    loss = net.history[kept - 1, "valid_loss"]
    assert shown["validation loss"] == f"{loss:.4g}"


@pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_copies_show_the_same_fit(again):
    net = forecaster().fit(X, Y)
    assert cells(again(net)._repr_html_()) == cells(net._repr_html_())


def test_scikit_learns_diagrams_go_on_working():
    net = forecaster()
    assert "Fitted network" not in net._repr_html_()
    net.initialize()
    assert "Fitted network" not in net._repr_html_()
    pipeline = make_pipeline(SlidingWindow(4), net)
    assert "LSTMForecaster" in pipeline._repr_html_()
    assert "LSTMForecaster" in pipeline.fit(X, Y)._repr_html_()
    with sklearn.config_context(display="text"):
        assert not hasattr(net, "_repr_html_")
        assert "text/html" not in net._repr_mimebundle_()
    without = forecaster(callbacks="disable").fit(X, Y)
    assert "<svg" not in without._repr_html_().split("Fitted network")[1]


def points_of(svg):
    """The points of each polyline, (n_epochs, 2)."""
    lines = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}polyline")
    pairs = {
        line.get("class"): [p.split(",") for p in line.get("points").split()]
        for line in lines
    }
    return {kind: np.array(points, dtype=float) for kind, points in pairs.items()}


def test_a_sparkline_has_a_point_for_each_epoch():
    train, valid = np.array([4.0, 2, 1, 0]), np.array([4.0, 3, 2, 3])
    curve = TrainingCurve(np.arange(1, 5), train, valid, kept=3)
    points = points_of(sparkline(curve))
    assert len(points["train"]) == len(points["valid"]) == 4
    # Evenly spread, and higher losses higher up, where y is smaller.
    assert np.ptp(np.diff(points["train"][:, 0])) < 0.2
    np.testing.assert_allclose(points["train"][:, 1], [4, 24, 34, 44])
    np.testing.assert_allclose(points["valid"][:, 1], [4, 14, 24, 14])
    assert sparkline(curve).count("<circle") == 2


def test_sparklines_of_few_losses():
    nothing = np.full(2, np.nan)
    assert sparkline(TrainingCurve(np.arange(2), nothing, nothing, None)) == ""
    flat = TrainingCurve(np.arange(2), np.array([1.0, np.inf]), nothing, None)
    assert len(points_of(sparkline(flat))["train"]) == 1


def first_cells(html):
    """The rows of the first table in some HTML."""
    return cells(html.partition("</table>")[0] + "</table>")


def naive(**params):
    return SeriesForecaster(NaiveForecaster(), horizon=2, length=2, **params)


def test_a_backtest():
    """Repeating the last value errs by 1 and 2 on a line, at every origin."""
    series = pd.Series(np.arange(40.0), pd.date_range("2024-01-01", periods=40))
    frame = naive().backtest(series, n_origins=3)
    html = frame._repr_html_()
    assert first_cells(html) == {
        "origins": "3",
        "from, to": "2024-02-05 00:00:00, 2024-02-07 00:00:00",
        "horizon": "2 steps",
        "mean absolute error": "1.5",
    }
    assert html.endswith(pd.DataFrame(frame)._repr_html_())


def test_a_backtest_of_several_series_and_targets_with_intervals():
    line = np.arange(20.0)
    frame = pd.DataFrame({"y": line, EVIL: 10 * line})
    frame = pd.concat([frame, frame], keys=["a", "b"], names=["id", "t"])
    made = naive(target=["y", EVIL]).backtest(frame, n_origins=2)
    # Bounds by hand: those of steps of 1 hold the truth, and one of eight is not known.
    made["lower_80"], made["upper_80"] = 0.0, np.where(made["step"] == 1, 1e3, 0.0)
    made.loc[made.index[0], "y"] = np.nan
    html = made._repr_html_()
    assert "<script>" not in html
    assert first_cells(html) == {
        "origins": "4 of 2 series",
        "from, to": "16, 17",
        "horizon": "2 steps",
        # of y, seven are left: three of 1 and four of 2
        "mean absolute error, y": "1.571",
        f"mean absolute error, {EVIL}": "15",
        "inside the 80 % intervals": "46.7 %",  # 7 of 15
    }


def test_what_is_made_from_a_backtest_is_a_plain_frame():
    frame = naive().backtest(np.arange(20.0), n_origins=3)
    for made in (frame.copy(), frame[frame["step"] == 1], pd.concat([frame, frame])):
        assert type(made) is pd.DataFrame
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(frame)), frame)
    with pd.option_context("display.notebook_repr_html", False):
        assert frame._repr_html_() is None


@pytest.mark.parametrize(
    "columns",
    [
        ["origin", "step", "timestamp", "truth", "forecast"],
        ["origin", "step", "y", "y", "forecast"],
    ],
    ids=["one less", "one twice"],
)
def test_a_backtest_that_was_changed_in_place_is_shown_as_its_rows(columns):
    frame = naive().backtest(np.arange(20.0), n_origins=3)
    frame.columns = columns
    assert frame._repr_html_() == pd.DataFrame(frame)._repr_html_()


def test_a_backtest_without_rows_is_shown_as_that():
    frame = type(naive().backtest(np.arange(20.0), n_origins=1))({"origin": []})
    assert frame._repr_html_() == pd.DataFrame({"origin": []})._repr_html_()
