"""Mistakes with calendars, data sets and the tools for tests."""

import numpy as np
import pandas as pd
import polars
from bad_rows import row, table
from bad_subjects import DAYS, FRAME, SERIES, SHOPS, VALUES, X

from sktorch_forecast import (
    CalendarFeatures,
    MLPForecaster,
    SeriesForecaster,
    SlidingWindow,
)
from sktorch_forecast.datasets import (
    fetch_ett,
    fetch_m4,
    load_co2,
    load_sunspots,
    make_waves,
)
from sktorch_forecast.discovery import all_estimators
from sktorch_forecast.testing import check_forecaster


def calendar(mistake, data, error, *words, **params):
    call = lambda: CalendarFeatures(**params).fit(data)  # noqa: E731
    return row("CalendarFeatures.fit", mistake, call, error, *words)


TIMES = "timestamps or periods in the index"
CALENDARS = table(
    calendar("None", None, TypeError, "a DataFrame or Series", "found NoneType"),
    calendar("index alone", DAYS, TypeError, "a DataFrame", "pandas.DataFrame(index="),
    calendar("windows", X, TypeError, "a DataFrame or Series", "found Windows"),
    calendar(
        "frame of polars",
        polars.DataFrame({"t": DAYS.to_list()}),
        TypeError,
        "found DataFrame of polars",
        index_column="t",
    ),
    calendar("counted rows", FRAME.reset_index(drop=True), TypeError, TIMES, "int64"),
    calendar(
        "time steps", FRAME.set_index(DAYS - DAYS[0]), TypeError, TIMES, "timedelta"
    ),
    calendar(
        "with and without a time zone",
        pd.DataFrame(
            index=pd.Index([DAYS[0], DAYS[1].tz_localize("UTC")], dtype=object)
        ),
        TypeError,
        TIMES,
        "found object",
        "pandas.to_datetime",
    ),
    calendar(
        "levels in the wrong order",
        SHOPS.set_index(["day", "shop"]),
        TypeError,
        TIMES,
        "index_column=",
    ),
    calendar(
        "two columns of one name",
        pd.concat([SHOPS[["day"]], SHOPS[["day"]]], axis=1),
        ValueError,
        "one column 'day'",
        "found 2",
        index_column="day",
    ),
    calendar(
        "list as column", SHOPS, ValueError, "'index_column'", index_column=["day"]
    ),
    calendar("array by column", SHOPS.to_numpy(), TypeError, "ndarray", index_column=0),
    calendar(
        "dict of features", SERIES, ValueError, "'features'", features={"hour": 1}
    ),
    calendar(
        "lists as features", SERIES, ValueError, "features from", features=[["hour"]]
    ),
    calendar("None as feature", SERIES, ValueError, "features from", features=[None]),
    calendar(
        "a year", SERIES, ValueError, "features from", "['year']", features=["year"]
    ),
    calendar(
        "encoding=None", SERIES, ValueError, "'encoding'", "Got None", encoding=None
    ),
    calendar(
        "holidays=True", SERIES, ValueError, "'holidays'", "Got True", holidays=True
    ),
    calendar("holidays=DE-", SERIES, ValueError, "ISO 3166", "'DE-'", holidays="DE-"),
    calendar("holidays of nowhere", SERIES, ValueError, "ISO 3166", "''", holidays=""),
    row(
        "CalendarFeatures.get_feature_names_out",
        "wrong parameter",
        lambda: CalendarFeatures(3).get_feature_names_out(),
        ValueError,
        "'features' parameter",
        "Got 3",
    ),
    row(
        "CalendarFeatures.transform",
        "array",
        lambda transformer: transformer.transform(VALUES),
        TypeError,
        "a DataFrame or Series",
        "found ndarray",
        on="calendar",
    ),
    row(
        "CalendarFeatures.transform",
        "parameter set after the fit",
        lambda transformer: transformer.transform(SERIES),
        ValueError,
        "'encoding' parameter",
        "Got 'onehot'",
        on="calendar",
        params={"encoding": "onehot"},
    ),
)


def waves(name, value, found, mistake=None):
    words = (f"'{name}' parameter of make_waves", f"Got {found}")
    mistake, call = mistake or f"{name}={value!r}", lambda: make_waves(**{name: value})
    return row("make_waves", mistake, call, ValueError, *words)


SETS = table(
    *[waves("n_series", value, repr(value)) for value in (0, 2.5, "10", True)],
    *[waves("n_timestamps", value, repr(value)) for value in (0, "60", None)],
    *[waves("noise", value, repr(value)) for value in (-1, "a", np.inf, np.nan)],
    *[waves("random_state", value, repr(value)) for value in ("a", -1, 1.5)],
    waves("random_state", np.random.default_rng(0), "Generator", "another generator"),
    *[
        row(
            call.__name__,
            f"{name}={value!r}",
            lambda call=call, name=name, value=value: call(**{name: value}),
            ValueError,
            f"'{name}' parameter of {call.__name__}",
            f"Got {value!r}",
        )
        for call, name, value in (
            (fetch_ett, "name", "ETTh2"),
            (fetch_ett, "name", None),
            (fetch_ett, "path", 3),
            (fetch_ett, "data_home", 3),
            (fetch_ett, "download_if_missing", "no"),
            (fetch_m4, "frequency", "hourly"),
            (load_co2, "interpolate", "linear"),
        )
    ],
    row(
        "fetch_ett",
        "no such file",
        lambda: fetch_ett(path="/nowhere"),
        OSError,
        "Expected ETTh1.csv at /nowhere",
        "Download it from",
    ),
    row(
        "fetch_ett",
        "not there and not to be fetched",
        lambda: fetch_ett(data_home="/tmp/no", download_if_missing=False),
        OSError,
        "no such file",
        "Set it to True",
    ),
    row(
        "fetch_m4",
        "another file",
        lambda: fetch_m4(path="/dev/null"),
        ValueError,
        "SHA-256",
        "download it again",
    ),
    row(
        "load_co2",
        "argument by position",
        lambda: load_co2(True),
        TypeError,
        "positional",
    ),
    row(
        "load_sunspots",
        "an argument",
        lambda: load_sunspots(1),
        TypeError,
        "positional",
    ),
    *[
        row(
            "all_estimators",
            f"{value!r}"[:40],
            lambda value=value: all_estimators(value),
            ValueError,
            "type_filter to be one of",
            "'network'",
            "found",
        )
        for value in ("networks", ["network"], MLPForecaster)
    ],
    *[
        row(
            "check_forecaster",
            mistake,
            lambda value=value: check_forecaster(value),
            TypeError,
            *words,
        )
        for mistake, value, *words in (
            ("class", MLPForecaster, "a forecaster, an instance", "Pass an instance"),
            ("None", None, "a forecaster, an instance", "found None"),
            ("name", "mlp", "a forecaster, an instance", "found 'mlp'"),
            ("transformer", SlidingWindow(), "with fit and predict", "SlidingWindow"),
            ("frames", SeriesForecaster(), "takes windows", "the estimator inside"),
        )
    ],
)


ROWS = [*CALENDARS, *SETS]
