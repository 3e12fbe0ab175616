"""Scores of backtests, against the metrics of arrays and by hand."""

from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal
from sklearn.metrics import (
    mean_absolute_error,
    mean_pinball_loss,
    r2_score,
    root_mean_squared_error,
)
from stores import NAMES, panel

from sktorch_forecast import NaiveForecaster, SeriesForecaster
from sktorch_forecast.metrics import (
    coverage_score,
    evaluate,
    interval_score,
    mase,
    mean_width,
    rmsse,
    smape,
)

STORES = panel(20)
MODEL = SeriesForecaster(NaiveForecaster(), 3, 5, coverage=[0.5, 0.9], **NAMES)
FRAME = MODEL.backtest(STORES, n_origins=4)
# The first origins of the stores, 7 days before their ends.
KNOWN = [STORES["sales"][STORES["store"] == f"store {i}"][:-6] for i in range(3)]


def outcomes(rows):
    """(n_origins, horizon) twice, of one store."""
    return [rows[name].to_numpy().reshape(-1, 3) for name in ("y", "forecast")]


def test_all_rows_together():
    found = evaluate(FRAME, metrics=["neg_mean_absolute_error", "r2", r2_score])
    y, forecast = FRAME["y"], FRAME["forecast"]
    r2 = r2_score(y, forecast)
    expected = [[-mean_absolute_error(y, forecast), r2, r2]]
    assert found.index.tolist() == ["all"]
    assert found.columns.tolist() == ["neg_mean_absolute_error", "r2", "r2_score"]
    assert_allclose(found, expected)


@pytest.mark.parametrize(
    "by", ["id", "step", "origin", "timestamp", ["id", "step"], ["step"]], ids=str
)
def test_scores_of_groups(by):
    found = evaluate(FRAME, by=by)
    assert found.index.names == ([by] if isinstance(by, str) else by)
    groups = FRAME.groupby(by)
    assert len(found) == groups.ngroups
    for (key, rows), (name, scores) in zip(groups, found.iterrows()):
        assert name == (key if len(found.index.names) > 1 or by != ["step"] else key[0])
        y, forecast = rows["y"], rows["forecast"]
        assert_allclose(
            scores,
            [-mean_absolute_error(y, forecast), -root_mean_squared_error(y, forecast)],
        )


def test_groups_that_are_computed():
    parity = FRAME["timestamp"].dt.day % 2
    expected = evaluate(FRAME.assign(timestamp=parity), by="timestamp")
    assert_frame_equal(evaluate(FRAME, by=parity), expected)
    rows = FRAME.set_index(np.arange(len(FRAME))[::-1])  # another index is no matter
    found = evaluate(rows, by=rows["timestamp"].dt.day % 2)
    assert_frame_equal(found, expected)


@pytest.mark.parametrize("seasonality", [1, 7])
def test_scaled_errors_are_those_of_the_metrics(seasonality):
    found = evaluate(
        FRAME,
        by="id",
        metrics=["mase", "rmsse", "smape"],
        train=STORES,
        seasonality=seasonality,
        **NAMES,
    )
    for i, (_, rows) in enumerate(FRAME.groupby("id")):
        y, forecast = outcomes(rows)
        how = {"y_train": KNOWN[i], "seasonality": seasonality}
        expected = [
            mase(y, forecast, **how),
            rmsse(y, forecast, **how),
            smape(y, forecast),
        ]
        assert_allclose(found.iloc[i], expected, rtol=1e-6)
    # Origins count alike, whichever series they are of.
    together = evaluate(
        FRAME, metrics="rmsse", train=STORES, seasonality=seasonality, **NAMES
    )
    assert_allclose(together, found[["rmsse"]].mean().to_frame().T)


def test_forms_of_the_series():
    expected = evaluate(FRAME, by="id", metrics="mase", train=STORES, **NAMES)
    narrow = STORES[["store", "day", "sales"]]
    keyed = narrow.set_index(["store", "day"])
    later = STORES["day"] > "2024-02-14"  # than the first origins
    for train, names in (
        (narrow.sort_values("day"), NAMES),
        (keyed, {}),
        (keyed["sales"].unstack("store"), {"id": "columns"}),
        (pl.DataFrame(narrow.to_dict("list")), NAMES),
        (STORES.assign(sales=STORES["sales"].mask(later)), NAMES),
    ):
        found = evaluate(FRAME, by="id", metrics="mase", train=train, **names)
        assert_allclose(found, expected, rtol=1e-6)


def test_intervals_of_each_coverage():
    found = evaluate(
        FRAME, by="step", metrics=["coverage_score", "mean_width", "interval_score"]
    )
    for step, rows in FRAME.groupby("step"):
        for percent in (50, 90):
            ends = rows[[f"lower_{percent}", f"upper_{percent}"]].to_numpy()
            y = rows["y"].to_numpy()
            expected = [
                coverage_score(y, ends),
                mean_width(ends),
                interval_score(y, ends, coverage=percent / 100),
            ]
            names = [f"coverage_score_{percent}", f"mean_width_{percent}"]
            names += [f"interval_score_{percent}"]
            assert_allclose(found.loc[step, names], expected)


def test_names_of_metrics():
    pinball = partial(mean_pinball_loss, alpha=0.9)
    found = evaluate(
        FRAME, metrics={"p90": pinball, "error": "neg_median_absolute_error"}
    )
    y, forecast = FRAME["y"], FRAME["forecast"]
    expected = [[pinball(y, forecast), -np.median(np.abs(y - forecast))]]
    assert found.columns.tolist() == ["p90", "error"]
    assert_allclose(found, expected)


def test_a_single_series_of_two_targets_with_gaps():
    series = pd.DataFrame(
        {
            "a": [0.0, 1, 3, 6, 10, 15, 21],
            "b": np.arange(7.0) * 100,
            "text": list("abcdefg"),
        }
    )
    model = SeriesForecaster(
        NaiveForecaster(), 2, 2, target=["a", "b"], missing="error"
    )
    frame = model.backtest(series[["a", "b"]], n_origins=1)
    # From 10 the forecasts miss by 5 and 11, from 400 by 100 and 200.
    frame.loc[frame["y"] == 21, "y"] = np.nan
    found = evaluate(
        frame,
        by=["target", "step"],
        metrics=["mase", "neg_mean_absolute_error"],
        train=series,
        target=["a", "b"],
    )
    assert_allclose(found.to_numpy(), [[2, -5], [np.nan, np.nan], [1, -100], [2, -200]])
    found = evaluate(
        frame, by="target", metrics="mase", train=series, target=["a", "b"]
    )
    assert_allclose(found["mase"], [2, 1.5])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"frame": STORES}, ValueError, "Expected the rows of a backtest"),
        ({"frame": FRAME[:0]}, ValueError, "found 0 rows"),
        ({"frame": FRAME.to_numpy()}, TypeError, "found a ndarray"),
        ({"by": "store"}, ValueError, "by to name columns of .*found 'store'"),
        ({"metrics": "mae"}, ValueError, "found 'mae'"),
        ({"metrics": []}, ValueError, "at least one metric"),
        ({"metrics": "mase"}, ValueError, "series of the backtest as train"),
        ({"metrics": "mase", "train": STORES[:5]} | NAMES, ValueError, "id 'store 1'"),
        ({"metrics": "mase", "seasonality": 0}, ValueError, "seasonality"),
        (
            {"metrics": "mase", "train": STORES, "seasonality": 14} | NAMES,
            ValueError,
            "train of series 'store 0', up to .* must reach further back",
        ),
        (
            {"frame": FRAME.drop(columns="id"), "metrics": "mase", "train": STORES}
            | NAMES,
            ValueError,
            "column 'id' in the frame",
        ),
        (
            {"frame": FRAME.iloc[:, :6], "metrics": "mean_width"},
            ValueError,
            "Expected intervals for the metric 'mean_width'",
        ),
    ],
)
def test_bad_evaluations(arguments, error, message):
    with pytest.raises(error, match=message):
        evaluate(**{"frame": FRAME} | arguments)
