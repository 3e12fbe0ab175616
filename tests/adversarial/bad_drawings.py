"""Mistakes with displays of what was forecast already."""

import numpy as np
import torch
from bad_rows import row, table
from bad_subjects import DAYS, VALUES, Y

from sktorch_forecast.plotting import CoverageDisplay, ForecastDisplay, PITDisplay

TRUE = np.array(Y)
INTERVAL = np.stack([TRUE - 1, TRUE + 1], axis=-1)
WINDOW, STEPS = VALUES[:6], VALUES[6:9]
ENDS = np.stack([STEPS - 1, STEPS + 1], axis=-1)[np.newaxis]


def given(cls, mistake, arguments, error, *words, **keywords):
    """A row of from_predictions."""
    call = lambda: cls.from_predictions(*arguments, **keywords)  # noqa: E731
    return row(f"{cls.__name__}.from_predictions", mistake, call, error, *words)


FORECASTS = table(
    given(
        ForecastDisplay,
        "windows for a window",
        (TRUE, STEPS),
        ValueError,
        "window of shape (any)",
        "(42, 3)",
    ),
    given(
        ForecastDisplay,
        "no window",
        ([], STEPS),
        ValueError,
        "window of shape (any)",
        "(0,)",
    ),
    given(
        ForecastDisplay,
        "no forecast",
        (WINDOW, []),
        ValueError,
        "y_pred of shape (any)",
        "(0,)",
    ),
    given(
        ForecastDisplay,
        "text as window",
        ("abc", STEPS),
        TypeError,
        "window as an array",
        "'abc'",
    ),
    given(
        ForecastDisplay,
        "None as window",
        (None, STEPS),
        TypeError,
        "window as an array",
        "None",
    ),
    given(
        ForecastDisplay,
        "complex window",
        (WINDOW + 1j, STEPS),
        TypeError,
        "window as real numbers",
    ),
    given(
        ForecastDisplay,
        "dates as window",
        (DAYS[:6], STEPS),
        TypeError,
        "window as numbers",
        "datetime64",
    ),
    given(
        ForecastDisplay,
        "ragged window",
        ([[1.0], [2.0, 3.0]], STEPS),
        ValueError,
        "window with rows of equal",
    ),
    given(
        ForecastDisplay,
        "gradient",
        (torch.ones(6, requires_grad=True), STEPS),
        TypeError,
        "detach()",
    ),
    given(
        ForecastDisplay,
        "truth that is too short",
        (WINDOW, STEPS),
        ValueError,
        "y_true of shape (3)",
        y_true=[1.0],
    ),
    given(
        ForecastDisplay,
        "intervals without coverages",
        (WINDOW, STEPS),
        ValueError,
        "intervals of shape (0, 3, 2)",
        intervals=ENDS,
    ),
    given(
        ForecastDisplay,
        "coverages without intervals",
        (WINDOW, STEPS),
        ValueError,
        "intervals of shape (1, 3, 2)",
        coverages=[0.9],
    ),
    given(
        ForecastDisplay,
        "ends swapped",
        (WINDOW, STEPS),
        ValueError,
        "the lower end first",
        intervals=ENDS[..., ::-1],
        coverages=[0.9],
    ),
    given(
        ForecastDisplay,
        "missing ends",
        (WINDOW, STEPS),
        ValueError,
        "interval contains NaN",
        intervals=ENDS * np.nan,
        coverages=[0.9],
    ),
    given(
        ForecastDisplay,
        "coverage beyond one",
        (WINDOW, STEPS),
        ValueError,
        "must be < 1",
        intervals=ENDS,
        coverages=[2],
    ),
    given(
        ForecastDisplay,
        "one path without its axis",
        (WINDOW, STEPS),
        ValueError,
        "paths of shape (any, 3)",
        "(3,)",
        paths=STEPS,
    ),
    given(
        ForecastDisplay,
        "too few timestamps",
        (WINDOW, STEPS),
        ValueError,
        "9 timestamps",
        "(3,)",
        timestamps=DAYS[:3],
    ),
    given(
        ForecastDisplay,
        "number of timestamps",
        (WINDOW, STEPS),
        ValueError,
        "9 timestamps",
        "shape ()",
        timestamps=9,
    ),
    row(
        "ForecastDisplay",
        "nothing to show",
        lambda: ForecastDisplay(),
        TypeError,
        "'window'",
        "'y_pred'",
    ),
    row(
        "ForecastDisplay.plot",
        "a number as axes",
        lambda: ForecastDisplay(WINDOW, STEPS).plot(ax=3),
        TypeError,
        "ax as matplotlib Axes or None",
        "found a int",
        "subplots()",
    ),
)

SHAPE = "intervals of shape (n_coverages, n_origins, n_outputs, 2)"
NINE = {"coverages": [0.9]}
CALIBRATION = table(
    given(
        CoverageDisplay,
        "intervals without an axis of coverages",
        (TRUE, INTERVAL),
        ValueError,
        SHAPE,
        "(42, 3, 2)",
        **NINE,
    ),
    given(
        CoverageDisplay,
        "None",
        (TRUE, None),
        TypeError,
        "intervals as an array",
        "None",
        **NINE,
    ),
    given(
        CoverageDisplay,
        "text",
        (TRUE, "a"),
        TypeError,
        "intervals as an array",
        "'a'",
        **NINE,
    ),
    given(
        CoverageDisplay,
        "dict by coverage",
        (TRUE, {0.9: INTERVAL}),
        TypeError,
        "intervals as an array",
        "dict",
        **NINE,
    ),
    given(
        CoverageDisplay,
        "NaN",
        (TRUE, INTERVAL[None] * np.nan),
        ValueError,
        "intervals contains NaN at coverage 0",
        **NINE,
    ),
    given(
        CoverageDisplay,
        "ends swapped",
        (TRUE, INTERVAL[None, ..., ::-1]),
        ValueError,
        "the lower end first",
        **NINE,
    ),
    given(
        CoverageDisplay,
        "complex ends",
        (TRUE, INTERVAL[None] + 1j),
        ValueError,
        "Complex data",
        **NINE,
    ),
    given(
        CoverageDisplay,
        "arguments swapped",
        (INTERVAL, TRUE),
        ValueError,
        "dim 3",
        **NINE,
    ),
    given(
        CoverageDisplay,
        "intervals of other rows",
        (TRUE, [INTERVAL, INTERVAL[:3]]),
        ValueError,
        "rows of equal length",
        coverages=[0.5, 0.9],
    ),
    given(
        CoverageDisplay,
        "coverage of zero",
        (TRUE, INTERVAL[None]),
        ValueError,
        "must be > 0",
        coverages=[0],
    ),
    given(
        CoverageDisplay,
        "no coverages",
        (TRUE, INTERVAL[None]),
        TypeError,
        "'coverages'",
    ),
    *[
        given(PITDisplay, mistake, (values,), error, *words)
        for mistake, values, error, *words in (
            (
                "probabilities above 1",
                [1.5],
                ValueError,
                "between 0 and 1",
                "1.5 to 1.5",
            ),
            ("negative probabilities", [-0.1], ValueError, "between 0 and 1", "-0.1"),
            ("targets", TRUE, ValueError, "between 0 and 1", "below the true one"),
            ("NaN", [np.nan], ValueError, "one number in pit_values", "only NaN"),
            ("nothing", [], ValueError, "0 sample(s)"),
            ("complex", [0.5j], ValueError, "Complex data"),
        )
    ],
    *[
        row(
            "PITDisplay.plot",
            mistake,
            PITDisplay(values, bins=bins).plot,
            error,
            *words,
        )
        for mistake, values, bins, error, *words in (
            ("probabilities above 1", [0.5, 1.5], 10, ValueError, "found 0.5 to 1.5"),
            ("negative", [0.5, -0.1], 10, ValueError, "between 0 and 1", "-0.1"),
            ("only NaN", [np.nan], 10, ValueError, "one number in pit_values"),
            ("no bins", [0.5], 0, ValueError, "bins must", "found 0"),
            ("bins by name", [0.5], "auto", TypeError, "bins must", "'auto'"),
        )
    ],
)

ROWS = [*FORECASTS, *CALIBRATION]
