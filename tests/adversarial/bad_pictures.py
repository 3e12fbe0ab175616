"""Mistakes with displays of what an estimator says."""

import numpy as np
from bad_rows import row, table
from bad_subjects import DAYS, VALUES, X_FRAME, X, Y, subject
from sklearn.exceptions import NotFittedError

from sktorch_forecast import MLPForecaster, NaiveForecaster
from sktorch_forecast.plotting import CoverageDisplay, ForecastDisplay, PITDisplay

TRUE = np.array(Y)
INTERVAL = np.stack([TRUE - 1, TRUE + 1], axis=-1)
WINDOW, STEPS = VALUES[:6], VALUES[6:9]
ENDS = np.stack([STEPS - 1, STEPS + 1], axis=-1)[np.newaxis]
DISPLAYS = {
    ForecastDisplay: "predict_interval",
    CoverageDisplay: "predict_interval",
    PITDisplay: "sample",
}


def asked(cls, mistake, estimator, error, *words, X=X, y=Y, **arguments):
    """A row of from_estimator."""

    def call():
        thing = subject(estimator) if isinstance(estimator, str) else estimator
        return cls.from_estimator(thing, X, y, **arguments)

    return row(f"{cls.__name__}.from_estimator", mistake, call, error, *words)


COVERAGE = table(
    *[
        asked(
            cls,
            f"coverages={value!r}",
            "naive",
            error,
            "coverage",
            *words,
            coverages=value,
        )
        for cls in (ForecastDisplay, CoverageDisplay)
        for value, error, *words in (
            ([90], ValueError, "== 90", "must be < 1"),
            ([0.0], ValueError, "== 0.0", "must be > 0"),
            ([np.nan], ValueError, "== nan", "between 0 and 1"),
            ("90", TypeError, "instance of float", "not str"),
            ([0.5, 0.5], ValueError, "distinct coverages", "[0.5, 0.5]"),
        )
    ]
)

ESTIMATORS = table(
    *[
        asked(cls, mistake, estimator, error, *words)
        for cls, method in DISPLAYS.items()
        for mistake, estimator, error, *words in (
            ("a class", MLPForecaster, TypeError, "the class MLPForecaster", "fit it"),
            ("None", None, TypeError, "None is not an estimator"),
            (
                "an unfitted one",
                NaiveForecaster(),
                NotFittedError,
                "not fitted",
                "'fit'",
            ),
            ("points", "MLP", TypeError, f"the method {method}", "ConformalForecaster"),
            (
                "points at the end of a pipeline",
                "pipeline",
                TypeError,
                f"method {method}",
            ),
            ("frames", "series", TypeError, "takes windows", "model.estimator_"),
        )
    ],
    *[
        asked(
            cls,
            "windows of other channels",
            "naive",
            ValueError,
            "2 channels",
            X=X_FRAME,
        )
        for cls in DISPLAYS
    ],
    *[
        asked(
            cls,
            "axes in words",
            "naive",
            TypeError,
            "ax as matplotlib Axes",
            "found a str",
            ax="left",
        )
        for cls in DISPLAYS
    ],
    *[
        asked(cls, "targets of fewer rows", "naive", ValueError, "42", "3", y=Y[:3])
        for cls in DISPLAYS
    ],
    *[
        asked(
            cls,
            "a style that is not there",
            "naive",
            AttributeError,
            "'colour'",
            **style,
        )
        for cls, style in (
            (ForecastDisplay, {"line_kwargs": {"colour": "red"}}),
            (CoverageDisplay, {"colour": "red"}),
            (PITDisplay, {"colour": "red"}),
        )
    ],
)

INTEGER = "as an integer from"
FORECASTS = table(
    *[
        asked(
            ForecastDisplay,
            f"{name}={value!r}",
            "naive",
            ValueError,
            words,
            f"found {value!r}",
            **{name: value},
        )
        for name, words in (
            ("origin", f"origin {INTEGER} -42 to 41"),
            ("target", f"target {INTEGER} 0 to 0"),
        )
        for value in (99, -99, "last", DAYS[10], 1.0, [1, 2], True)
    ],
    *[
        asked(
            ForecastDisplay,
            f"n_paths={value!r}",
            "naive",
            error,
            "n_paths must",
            found,
            n_paths=value,
        )
        for value, error, found in (
            (-1, ValueError, "found -1"),
            (1.5, TypeError, "found 1.5"),
            ("a", TypeError, "found 'a'"),
            (True, TypeError, "found True"),
            (None, TypeError, "found None"),
        )
    ],
    asked(
        ForecastDisplay,
        "paths of points",
        "MLP",
        TypeError,
        "the method sample",
        coverages=(),
        n_paths=3,
    ),
    asked(
        ForecastDisplay,
        "number as targets",
        "naive",
        ValueError,
        "y for the 42 origins",
        "shape ()",
        y=3.0,
    ),
    asked(
        ForecastDisplay,
        "targets of fewer steps",
        "naive",
        ValueError,
        "y_true of shape (3)",
        y=Y[:, :2],
    ),
    asked(
        ForecastDisplay,
        "no windows",
        "naive",
        ValueError,
        "windows in X",
        "at least one",
        X=X[:0],
    ),
    asked(
        ForecastDisplay,
        "None as windows",
        "naive",
        ValueError,
        "windows in X",
        "shape ()",
        X=None,
    ),
    asked(
        ForecastDisplay, "one window", "naive", ValueError, "1 features", X=X[0], y=None
    ),
    asked(
        ForecastDisplay,
        "style in words",
        "naive",
        TypeError,
        "a style as a dict",
        "'red'",
        line_kwargs="red",
    ),
    asked(
        ForecastDisplay,
        "text as seed",
        "naive",
        ValueError,
        "'a' cannot",
        n_paths=2,
        random_state="a",
    ),
    *[
        asked(
            PITDisplay,
            f"n_samples={value!r}",
            "naive",
            error,
            "n_samples must",
            f"found {value!r}",
            n_samples=value,
        )
        for value, error in ((0, ValueError), ("a", TypeError), (1.5, TypeError))
    ],
    *[
        asked(
            PITDisplay,
            f"bins={value!r}",
            "naive",
            error,
            "bins must",
            f"found {value!r}",
            bins=value,
        )
        for value, error in (
            (0, ValueError),
            ("auto", TypeError),
            ([0, 0.5], TypeError),
        )
    ],
)

ROWS = [*COVERAGE, *ESTIMATORS, *FORECASTS]
