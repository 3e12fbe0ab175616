"""Which timestamps come next, in every calendar that pandas has."""

import pickle

import numpy as np
import pandas as pd
import pytest

from sktorch_forecast import Panel, Windows, latest_windows, make_windows

KEYS = {"id": "id", "time": "time"}

# (first timestamp, frequency, time zone). What pandas can tell from the timestamps.
CALENDARS = [
    ("2024-02-26", "D", None),
    ("2024-02-26", "3D", None),
    ("2024-02-26", "B", None),
    ("2024-02-28 22:00", "h", None),
    ("2024-02-28 22:00", "6h", None),
    ("2024-02-28 09:00", "bh", None),
    ("2024-02-28 23:55", "min", None),
    ("2024-02-28 23:00", "15min", None),
    ("2024-02-28 23:59:55", "s", None),
    ("2024-02-28", "5ms", None),
    ("2024-02-28", "7us", None),
    ("2024-02-28", "3ns", None),
    ("2024-01-01", "W-SUN", None),
    ("2024-01-03 12:00", "W-WED", None),
    ("2024-01-01", "2W-MON", None),
    ("2023-12-31", "ME", None),
    ("2024-01-31", "2ME", None),
    ("2024-01-01", "MS", None),
    ("2024-01-31", "BME", None),
    ("2024-01-01", "BMS", None),
    ("2023-12-31", "QE", None),
    ("2024-01-31", "QE-JAN", None),
    ("2024-01-01", "QS", None),
    ("2024-02-01", "QS-FEB", None),
    ("2023-12-29", "BQE", None),
    ("2024-01-01", "BQS", None),
    ("2019-12-31", "YE", None),
    ("2020-02-29", "YE-FEB", None),
    ("2020-01-01", "YS", None),
    ("2020-07-01", "2YS-JUL", None),
    ("2019-12-31", "BYE", None),
    ("2020-01-01", "BYS", None),
    ("2024-01-19", "WOM-3FRI", None),
    # 2024-03-31 has 23 hours in Berlin, 2024-10-27 has 25.
    ("2024-03-30 12:00", "h", "Europe/Berlin"),
    ("2024-10-26 12:00", "h", "Europe/Berlin"),
    ("2024-10-26 22:00", "15min", "Europe/Berlin"),
    ("2024-03-20", "D", "Europe/Berlin"),
    ("2024-10-20 04:30", "D", "Europe/Berlin"),
    ("2024-10-01", "W-TUE", "Europe/Berlin"),
    ("2024-01-31", "ME", "Europe/Berlin"),
    ("2024-03-18", "B", "America/New_York"),
    ("2024-01-01", "MS", "America/New_York"),
    # Clocks change by half an hour on 2024-04-07.
    ("2024-04-06 12:00", "h", "Australia/Lord_Howe"),
    ("2024-04-01", "D", "Australia/Lord_Howe"),
    ("2024-03-20", "D", "UTC"),
    ("2024-03-20", "h", "Asia/Kathmandu"),
]
AXES = {
    f"{start} {freq} {zone}": pd.date_range(start, periods=24, freq=freq, tz=zone)
    for start, freq, zone in CALENDARS
}
AXES |= {
    f"period {freq}": pd.period_range("2024-01-29", periods=24, freq=freq)
    for freq in ["Y", "Q", "Q-JAN", "M", "2M", "W-WED", "D", "h", "min", "s"]
}
AXES |= {
    f"unit {unit}": pd.date_range("2024-02-28", periods=24, freq="D", unit=unit)
    for unit in ["s", "ms", "us", "ns"]
}
AXES |= {
    "time steps": pd.timedelta_range("0s", periods=24, freq="90s"),
    "integers": pd.Index(range(100, 220, 5)),
    "small integers": pd.Index(np.arange(24, dtype=np.uint8)),
    "numbers": pd.Index(np.arange(24) * 0.25),
}
N_KNOWN = 18  # the six timestamps after them are those of the forecast


@pytest.mark.parametrize("axis", AXES.values(), ids=AXES)
def test_forecasts_go_on_by_the_calendar_of_the_series(axis):
    axis = axis.rename("when")
    index = axis[:N_KNOWN]
    if isinstance(index, pd.DatetimeIndex):
        index = index._with_freq(None)  # as it comes from a file
    X, _ = make_windows(pd.Series(range(N_KNOWN), index), horizon=2, length=3)
    for origin in (0, 7, len(X) - 1):
        first = origin + 3
        steps = X[[origin]].future_index(6)
        assert steps.equals(axis[first : first + 6])
        assert (steps.dtype, steps.name) == (axis.dtype, "when")
    latest = latest_windows(pd.Series(range(N_KNOWN), index), length=1)
    assert latest.future_index(6).equals(axis[N_KNOWN:])
    # All origins at once, each with its own.
    both = X[[4, 0]].future_index(2)
    assert both.equals(axis[[7, 8, 3, 4]])


@pytest.mark.parametrize("axis", AXES.values(), ids=AXES)
def test_covariates_of_the_horizon_are_those_of_its_timestamps(axis):
    """Every covariate is the number of its own timestamp, so it tells where it is."""
    spans = {"whole": (0, 24), "later": (5, 24), "earlier": (0, 20), "short": (3, 18)}
    frame = pd.concat(
        [
            pd.DataFrame(
                {"id": name, "time": axis[start:stop], "number": range(start, stop)}
            )
            for name, (start, stop) in spans.items()
        ],
        ignore_index=True,
    )
    # The last six timestamps are for the forecast.
    is_known = frame["number"] < frame["id"].map(lambda name: spans[name][1] - 6)
    frame["y"] = frame["number"].where(is_known) * 10.0
    arguments = dict(target="y", future="number", horizon=6, length=3, **KEYS)
    X, y = make_windows(frame, **arguments)
    latest = latest_windows(frame, **arguments)
    for windows in (X, latest):
        steps = windows.future_index(6)
        number = windows.future_values().ravel().astype(int)
        assert steps.get_level_values(1).equals(axis[number].rename("time"))
        assert steps.get_level_values(0).tolist() == list(
            np.repeat(windows.ids.take(windows.series), 6)
        )
    assert (y == X.future_values()[:, :, 0] * 10).all()
    ends = [stop - 7 for _, stop in spans.values()]
    assert latest.origins.get_level_values(1).equals(axis[ends].rename("time"))


@pytest.mark.parametrize("axis", AXES.values(), ids=AXES)
def test_the_origin_before_a_series_is_one_step_before_it(axis):
    """Also where the series itself is too short to tell its calendar."""
    if getattr(axis, "freqstr", "") == "bh" and pd.__version__ < "3":
        pytest.skip("to pandas 2 the hour before 10:00 is the end of the day before")
    spans = [(1, 21), (4, 6), (3, 4), (6, 9)]
    frame = pd.concat(
        [
            pd.DataFrame({"id": i, "time": axis[start:stop], "y": 1.0, "s": i})
            for i, (start, stop) in enumerate(spans)
        ],
        ignore_index=True,
    )
    X, _ = make_windows(
        frame,
        target="y",
        static="s",
        horizon=1,
        length=4,
        missing="mask",
        pad=True,
        **KEYS,
    )
    assert len(X) == 20 + 2 + 1 + 3
    for i, (start, stop) in enumerate(spans):
        part = X[X.series == i]
        stamps = part.origins.get_level_values(1)
        assert stamps.equals(axis[start - 1 : stop - 1].rename("time"))
        steps = part[[-1]].future_index(3).get_level_values(1)
        assert steps.equals(axis[stop - 1 : stop + 2].rename("time"))


# Known only from the index itself, which says so.
@pytest.mark.parametrize(
    "freq", ["SME", "SMS", "C", "LWOM-FRI", "RE-N-DEC-MON", "CBME"]
)
def test_forecasts_go_on_by_the_frequency_that_the_index_says(freq):
    if freq == "LWOM-FRI":
        freq = pd.offsets.LastWeekOfMonth(weekday=4)
    axis = pd.date_range("2024-01-01", periods=14, freq=freq)
    X, _ = make_windows(pd.Series(range(10), axis[:10]), horizon=1, length=2)
    assert X[[3, -1]].future_index(4).equals(axis[[5, 6, 7, 8, 9, 10, 11, 12]])


def test_every_series_of_a_panel_has_a_calendar_of_its_own():
    axes = {
        "days": pd.date_range("2024-02-26", periods=12, freq="D"),
        "months": pd.date_range("2024-01-31", periods=9, freq="ME"),
        "first days": pd.date_range("2024-03-01", periods=9, freq="MS"),
        "business days": pd.date_range("2024-02-26", periods=9, freq="B"),
        "a week of days": pd.date_range("2024-02-26", periods=9, freq="D")[:5],
        "hours": pd.date_range("2024-02-28 20:00", periods=9, freq="h"),
        "two weeks": pd.DatetimeIndex(["2024-02-26", "2024-03-04", "2024-03-11"])[:3],
        "years": pd.date_range("2020-02-29", periods=6, freq="YE-FEB"),
    }
    axes["days"] = axes["days"].append(pd.date_range("2024-03-09", periods=2))
    frame = pd.concat(
        [pd.DataFrame({"id": name, "time": axis[:-1]}) for name, axis in axes.items()]
    )
    frame["y"] = 0.0
    latest = latest_windows(frame, length=1, target="y", **KEYS)
    steps = latest.future_index(1).get_level_values(1)
    found = dict(zip(latest.ids, steps.strftime("%Y-%m-%d %H")))
    assert found == {name: f"{axis[-1]:%Y-%m-%d %H}" for name, axis in axes.items()}


def test_a_series_too_short_to_tell_goes_on_like_the_others():
    """Monday to Friday may be days or business days; the longest series tells."""
    axis = pd.bdate_range("2024-02-26", periods=30)
    ends = {"long": 25, "week": 5, "one": 5, "two": 5}
    starts = {"long": 0, "week": 0, "one": 4, "two": 3}
    frame = pd.concat(
        [
            pd.DataFrame(
                {"id": name, "time": axis[starts[name] : ends[name]], "y": 0.0}
            )
            for name in ends
        ]
    )
    latest = latest_windows(frame, length=1, target="y", **KEYS)
    steps = latest.future_index(1).get_level_values(1)
    assert steps.tolist() == [axis[ends[name]] for name in ends]


def test_windows_of_ones_own_go_on_by_their_index_or_by_freq():
    values = np.zeros((8, 1))
    months = pd.date_range("2024-01-31", periods=11, freq="ME")
    known = months[:8]
    for index, freq in [(known, None), (known[:8].tolist(), "ME")]:
        panel = Panel.from_array(values, index=index, freq=freq)
        X = Windows(panel, [7, 2], length=2)
        assert X.future_index(3).equals(months[[8, 9, 10, 3, 4, 5]])
    index = [0, 1, 2, 3, 5, 8, 13, 21]
    X = Windows(Panel.from_array(values, index=index), [7], length=2)
    with pytest.raises(ValueError, match="Cannot tell which timestamp comes next"):
        X.future_index(1)
    X = Windows(Panel.from_array(values, index=index, freq=10), [7], length=2)
    assert X.future_index(2).tolist() == [31, 41]


def test_the_calendar_survives_slices_and_pickles_of_single_windows():
    """One timestamp is left, which alone does not tell how to go on."""
    months = pd.date_range("2024-01-31", periods=20, freq="ME")
    frame = pd.DataFrame({"time": np.tile(months, 2), "id": np.repeat([3, 4], 20)})
    frame["y"] = 1.0
    for series, names in [(frame[:20], {"time": "time"}), (frame, KEYS)]:
        columns = ["time", "y"] if names != KEYS else ["time", "id", "y"]
        X, _ = make_windows(series[columns], horizon=1, length=1, target="y", **names)
        part = pickle.loads(pickle.dumps(X[[7]]))
        assert len(part.values) == 1
        stamps = part.future_index(2)
        if names == KEYS:
            assert stamps.get_level_values(0).tolist() == [3, 3]
            stamps = stamps.get_level_values(1)
        assert stamps.tolist() == [months[8], months[9]]


def test_a_single_timestamp_goes_on_like_the_longest_series_even_if_that_has_two():
    frame = pd.DataFrame({"id": ["a", "a", "b"], "time": [10, 15, 40], "y": 0.0})
    latest = latest_windows(frame, length=1, target="y", **KEYS)
    assert latest.future_index(1).tolist() == [("a", 20), ("b", 45)]


def test_an_hour_that_the_clock_shows_twice_and_the_data_have_once_is_a_gap():
    hours = pd.date_range("2024-10-27", periods=8, freq="h", tz="Europe/Berlin")
    assert hours[2].hour == hours[3].hour == 2
    panel = Panel.from_array(np.zeros((7, 1)), index=hours.delete(3))
    with pytest.raises(ValueError, match="Cannot tell which timestamp comes next"):
        Windows(panel, [6], length=2).future_index(1)


def test_times_count_the_different_timestamps_before():
    months = pd.date_range("2024-01-31", periods=6, freq="ME")
    index = months[:4].append(months[2:])
    panel = Panel.from_array(np.zeros((8, 1)), index=index, bounds=[0, 4, 8])
    X = Windows(panel, np.arange(8), length=1)
    assert X.times.tolist() == [0, 1, 2, 3, 2, 3, 4, 5]
    # Of the first 0, 1, 2, 3, of the second 0, 2, 4, 6: there is no 5.
    frame = pd.DataFrame({"id": np.repeat(["a", "b"], 4), "y": 0.0})
    frame["time"] = [0, 1, 2, 3, 0, 2, 4, 6]
    X, _ = make_windows(frame, horizon=1, length=1, target="y", **KEYS)
    assert X.times.tolist() == [0, 1, 2, 0, 2, 4]
    assert Windows(X.panel, [3, 7], length=1).times.tolist() == [3, 5]
