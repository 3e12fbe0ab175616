"""Mistakes with metrics.

What is missing in `y_true` is no mistake of this table: it may be allowed.
"""

import numpy as np
import pandas as pd
import torch
from bad_rows import row, table
from bad_subjects import DAYS, SHOPS, VALUES, X2, Y, at
from scipy import sparse

from sktorch_forecast import metrics

TRUE = np.array(Y)
POINT = TRUE + 1
INTERVAL = np.stack([TRUE - 1, TRUE + 1], axis=-1)
QUANTILES = np.stack([TRUE - 1, TRUE, TRUE + 1], axis=-1)
SAMPLES = np.stack([TRUE, TRUE + 1, TRUE - 1])
N = len(TRUE)
LEVELS = (0.1, 0.5, 0.9)
NEEDED = {
    "mase": {"y_train": VALUES},
    "rmsse": {"y_train": VALUES},
    "acd": {"coverage": 0.9},
    "interval_score": {"coverage": 0.9},
    "msis": {"coverage": 0.9, "y_train": VALUES},
    "pinball_loss": {"quantiles": LEVELS},
    "crps_quantiles": {"quantiles": LEVELS},
}
POINTS = ("smape", "mase", "rmsse")
INTERVALS = ("coverage_score", "acd", "interval_score", "msis")
OF_LEVELS = ("pinball_loss", "crps_quantiles")
OF_SAMPLES = ("crps_samples", "energy_score", "pit_values")
# What each takes for a forecast.
RIGHT = {
    **dict.fromkeys(POINTS, POINT),
    **dict.fromkeys(INTERVALS, INTERVAL),
    **dict.fromkeys(OF_LEVELS, QUANTILES),
    **dict.fromkeys(OF_SAMPLES, SAMPLES),
}
WEIGHTED = [name for name in RIGHT if name != "pit_values"]


def of(name, mistake, forecast, error, *words, y_true=TRUE, **arguments):
    """A row of one metric."""
    metric, arguments = getattr(metrics, name), NEEDED.get(name, {}) | arguments
    call = lambda: metric(y_true, forecast, **arguments)  # noqa: E731
    return row(name, mistake, call, error, *words)


def gradient(values):
    return torch.tensor(values, requires_grad=True)


def shared(name):
    """Mistakes that can be made with any metric."""
    right = RIGHT[name]
    for mistake, forecast, error, *words in (
        ("text", np.full(right.shape, "a"), ValueError, "string to float"),
        ("complex forecasts", right + 1j, ValueError, "Complex data not supported"),
        ("dates", right.astype("M8[s]"), TypeError, "as numbers", "datetime64"),
        ("time steps", right.astype("m8[s]"), TypeError, "as numbers", "timedelta"),
        ("gradient", gradient(right), TypeError, "NumPy can read", "detach()"),
        ("NaN", right * np.nan, ValueError, "Input", "contains NaN"),
        ("None", None, (ValueError, TypeError), "array-like", "Got None"),
        ("one word", "a", (ValueError, TypeError), "array-like", "Got 'a'"),
        ("ragged", [[1.0], [1.0, 2.0]], ValueError, "with rows of equal length"),
        ("dict", {"a": 1.0}, TypeError, "as an array of numbers", "dict"),
    ):
        yield from of(name, mistake, forecast, error, *words)
    for mistake, y_true, error, *words in (
        ("strings that happened", np.full(Y.shape, "a"), ValueError, "to float"),
        ("dates that happened", TRUE.astype("M8[s]"), TypeError, "y_true as num"),
        ("sparse outcomes", sparse.csr_array(TRUE), (ValueError, TypeError), "parse"),
        (
            "infinite outcome",
            at(TRUE, (1, 1), np.inf),
            ValueError,
            "y_true",
            "infinity",
        ),
        ("outcomes of three dimensions", TRUE[..., None], ValueError, "dim 3"),
        ("no outcomes", TRUE[:0], ValueError, "0 sample(s)", "minimum of 1"),
    ):
        yield from of(name, mistake, right, error, *words, y_true=y_true)


SHARED = table(*(shared(name) for name in RIGHT))

WEIGHTS = table(
    *[
        of(name, f"weights: {mistake}", RIGHT[name], error, *words, sample_weight=value)
        for name in WEIGHTED
        for mistake, value, error, *words in (
            ("negative", -np.ones(N), ValueError, "Negative values", "sample_weight"),
            ("NaN", np.full(N, np.nan), ValueError, "sample_weight contains NaN"),
            ("all zero", np.zeros(N), ValueError, "a positive sum", "leave it out"),
            ("too few", [1.0], ValueError, "(42,), found (1,)", "one weight per row"),
            ("by step", np.ones((N, 3)), ValueError, "(42,), found (42, 3)"),
            ("text", "balanced", ValueError, "'sample_weight' parameter", "array-like"),
            ("number", 1.0, ValueError, "'sample_weight' parameter", "Got 1.0"),
        )
    ]
)

SHAPES = table(
    *[
        of(name, mistake, forecast, ValueError, *words)
        for name in POINTS
        for mistake, forecast, *words in (
            ("fewer rows", POINT[:-1], "inconsistent numbers", "[42, 41]"),
            ("fewer steps", POINT[:, :2], "same shape", "(42, 3) and (42, 2)"),
            ("quantiles for points", QUANTILES, "dim 3", "dim <= 2"),
            ("infinite forecast", at(POINT, (1, 1), np.inf), "y_pred contains inf"),
        )
    ],
    *[
        of(name, mistake, forecast, ValueError, *words)
        for name in INTERVALS
        for mistake, forecast, *words in (
            ("ends swapped", INTERVAL[..., ::-1], "the lower end first", "Sort it"),
            ("two arrays", (TRUE - 1, TRUE + 1), "(n, n_outputs, 2)", "(2, 42, 3)"),
            ("points for intervals", POINT, "(n, n_outputs, 2)", "predict_interval"),
            ("three ends", QUANTILES, "(n, n_outputs, 2)", "found (42, 3, 3)"),
            ("no number inside", INTERVAL * 0 + np.inf, "contains no number", "-inf"),
            ("intervals of fewer rows", INTERVAL[:3], "found (3, 3, 2)"),
        )
    ],
    *[
        of(
            name,
            f"coverage={coverage!r}",
            INTERVAL,
            ValueError,
            words,
            found,
            coverage=coverage,
        )
        for name in INTERVALS[1:]
        for words in ("'coverage' parameter",)
        for coverage, found in (
            (0, "Got 0"),
            (1, "Got 1"),
            (90, "Got 90"),
            ("a", "Got 'a'"),
            (None, "Got None"),
            (np.nan, "Got nan"),
            ([0.5], "Got [0.5]"),
            (True, "Got True"),
        )
    ],
    *[
        of(
            name,
            f"quantiles={levels!r}",
            QUANTILES,
            ValueError,
            *words,
            quantiles=levels,
        )
        for name in OF_LEVELS
        for levels, *words in (
            ([0.1, 0.9], "expected (42, 3, 2)", "found (42, 3, 3)"),
            ([0.9, 0.5, 0.1], "increasing numbers", "found [0.9, 0.5, 0.1]"),
            ([0, 0.5, 1], "between 0 and 1", "found [0, 0.5, 1]"),
            ([10, 50, 90], "between 0 and 1", "found [10, 50, 90]"),
            ([0.1, 0.1, 0.2], "increasing numbers", "found"),
            ("abc", "'quantiles' parameter", "Got 'abc'"),
            (None, "'quantiles' parameter", "Got None"),
            (0.5, "'quantiles' parameter", "Got 0.5"),
        )
    ],
    *[
        of(
            name,
            "axes in another order",
            np.moveaxis(QUANTILES, -1, 0),
            ValueError,
            "(n, n_outputs, n_quantiles)",
            "found (3, 42, 3)",
        )
        for name in OF_LEVELS
    ],
    *[
        of(name, mistake, forecast, ValueError, "(n_samples, n, n_outputs)", *words)
        for name in OF_SAMPLES
        for mistake, forecast, *words in (
            ("points for samples", POINT, "found (42, 3)"),
            ("samples last", np.moveaxis(SAMPLES, 0, -1), "found (42, 3, 3)"),
            ("an axis too many", SAMPLES[..., None], "Pass what sample returns"),
        )
    ],
    *[
        of(name, mistake, forecast, ValueError, *words, fair=fair)
        for name in ("crps_samples", "energy_score")
        for mistake, forecast, fair, *words in (
            (
                "one sample for a fair score",
                SAMPLES[:1],
                True,
                "at least 2",
                "fair=False",
            ),
            ("fair='yes'", SAMPLES, "yes", "'fair' parameter", "Got 'yes'"),
        )
    ],
    *[
        of(name, "arguments swapped", TRUE, ValueError, "dim 3", y_true=RIGHT[name])
        for name in (*INTERVALS, *OF_LEVELS, *OF_SAMPLES)
    ],
    of(
        "pit_values",
        "text as seed",
        SAMPLES,
        ValueError,
        "'random_state'",
        random_state="a",
    ),
)

HISTORY = table(
    *[
        of(name, f"history: {mistake}", RIGHT[name], error, *words, y_train=y_train)
        for name in ("mase", "rmsse", "msis")
        for mistake, y_train, error, *words in (
            ("None", None, (ValueError, TypeError), "'y_train' parameter", "Got None"),
            ("one value", [1.0], ValueError, "at least 2 timestamps", "found 1"),
            ("nothing", [], ValueError, "at least 2 timestamps", "found 0"),
            ("infinity", at(VALUES, 3, np.inf), ValueError, "y_train contains inf"),
            ("other rows", X2[:5], ValueError, "expected 42 rows", "found 5"),
            ("four dimensions", np.zeros((2, 2, 2, 2)), ValueError, "1, 2 or 3 dim"),
            ("text", ["a", "b", "c"], ValueError, "could not convert string"),
            ("Series of text", pd.Series(["a"] * 9), ValueError, "string to float"),
            ("dict", {"a": 1.0}, TypeError, "y_train as an array of numbers"),
            ("ragged", [[1.0, 2.0], [1.0]], ValueError, "y_train with rows of equal"),
            ("timestamps", DAYS, TypeError, "y_train as numbers", "datetime64"),
            ("a panel", SHOPS, TypeError, "y_train as numbers", "datetime64"),
            ("other targets", np.zeros((N, 6, 2)), ValueError, "has 2 targets", "3"),
        )
    ],
    *[
        of(
            name,
            f"seasonality={value!r}",
            RIGHT[name],
            ValueError,
            *words,
            seasonality=value,
        )
        for name in ("mase", "rmsse", "msis")
        for value, *words in (
            (0, "'seasonality' parameter", "Got 0"),
            (1.0, "'seasonality' parameter", "Got 1.0"),
            ("day", "'seasonality' parameter", "Got 'day'"),
            (True, "'seasonality' parameter", "Got True"),
            (50, "at least 51 timestamps", "found 50", "smaller seasonality"),
        )
    ],
)


def normal(mistake, scale, error, *words):
    call = lambda: metrics.crps_normal(TRUE, POINT, scale)  # noqa: E731
    return row("crps_normal", mistake, call, error, *words)


def width(mistake, interval, error, *words, **arguments):
    call = lambda: metrics.mean_width(interval, **arguments)  # noqa: E731
    return row("mean_width", mistake, call, error, *words)


OTHERS = table(
    normal("scale of zero", TRUE * 0, ValueError, "scale must be above 0", "found 0"),
    normal("negative scale", TRUE * 0 - 1, ValueError, "above 0", "found -1"),
    normal("scale of other rows", np.ones(3), ValueError, "inconsistent", "[42, 3]"),
    normal("missing scale", TRUE * np.nan, ValueError, "scale contains NaN"),
    normal("number as scale", 1.0, ValueError, "'scale' parameter", "Got 1.0"),
    normal("dates as scale", TRUE.astype("m8[s]"), TypeError, "scale as numbers"),
    width("points", TRUE, ValueError, "(n, n_outputs, 2)", "found (42, 1, 3)"),
    width("None", None, ValueError, "'interval' parameter", "Got None"),
    width("too few weights", INTERVAL, ValueError, "(42,)", sample_weight=[1.0]),
    width("ends swapped", INTERVAL[..., ::-1], ValueError, "the lower end first"),
)

ROWS = [*SHARED, *WEIGHTS, *SHAPES, *HISTORY, *OTHERS]
