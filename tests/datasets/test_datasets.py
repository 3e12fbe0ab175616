"""The data sets hold what their sources published."""

import numpy as np
import pandas as pd
import pytest

from sktorch_forecast.datasets import (
    load_co2,
    load_elnino,
    load_sunspots,
    make_waves,
)

# loader, n_timestamps, frequency, first date and value, last date and value, name
SERIES = [
    (load_co2, 2284, "W-SAT", ("1958-03-29", 316.1), ("2001-12-29", 371.5), "co2"),
    (load_elnino, 732, "MS", ("1950-01", 23.11), ("2010-12", 22.07), "temperature"),
    (load_sunspots, 309, "YS-JAN", ("1700", 5.0), ("2008", 2.9), "sunspots"),
]


@pytest.mark.parametrize("load, n_timestamps, freq, first, last, name", SERIES)
def test_series_are_regular_and_complete(load, n_timestamps, freq, first, last, name):
    series = load()
    assert isinstance(series, pd.Series)
    assert series.name == name
    assert series.dtype == np.float64
    assert isinstance(series.index, pd.DatetimeIndex)
    assert series.index.freqstr == freq
    assert series.shape == (n_timestamps,)
    assert not series.isna().any()
    assert series.index[0] == pd.Timestamp(first[0])
    assert series.index[-1] == pd.Timestamp(last[0])
    assert series.iloc[0] == first[1]
    assert series.iloc[-1] == last[1]


@pytest.mark.parametrize("load", [row[0] for row in SERIES])
def test_each_call_gives_a_fresh_series(load):
    changed = load()
    changed.iloc[:] = 0.0
    assert load().iloc[0] != 0.0


def test_co2_holes_are_those_that_were_published():
    co2 = load_co2(interpolate=False)
    # The source states 2225 observations in 2284 weeks.
    assert int(co2.notna().sum()) == 2225
    assert int(co2.isna().sum()) == 59
    # The longest hole: 18 weeks between two published values.
    assert co2["1964-01-18":"1964-05-30"].isna().sum() == 18
    assert co2["1964-01-18"] == 319.8


def test_co2_interpolation_is_linear_and_leaves_published_values_alone():
    published, filled = load_co2(interpolate=False), load_co2()
    known = published.notna().to_numpy()
    week = np.arange(len(published))
    expected = np.interp(week, week[known], published.to_numpy()[known])
    np.testing.assert_allclose(filled, expected, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(filled[known], published[known])
    # 316.9 in the week of 1958-05-03, nothing the week after, 317.5 the week after.
    assert published[["1958-05-03", "1958-05-17"]].tolist() == [316.9, 317.5]
    assert filled["1958-05-10"] == pytest.approx(317.2)


# Annual means at Mauna Loa as published by the observatory. They differ a little from
# the mean of the weeks, which are not spread evenly over the year.
@pytest.mark.parametrize("year, mean", [(1959, 315.98), (1980, 338.76), (2000, 369.71)])
def test_co2_has_the_published_annual_means(year, mean):
    assert load_co2()[str(year)].mean() == pytest.approx(mean, abs=0.5)


def test_co2_rejects_a_value_that_is_not_a_bool():
    with pytest.raises(ValueError, match="'interpolate' parameter of load_co2 must be"):
        load_co2(interpolate="linear")


def test_elnino_peaks_in_the_strongest_el_nino():
    temperature = load_elnino()
    assert temperature.idxmax() == pd.Timestamp("1998-03")
    assert temperature.max() == 29.24
    assert temperature.idxmin() == pd.Timestamp("1954-09")
    assert temperature.min() == 18.95
    # The first year, as in the source's row for 1950 (January, February, March).
    assert temperature[:"1950-03"].tolist() == [23.11, 24.20, 25.37]
    # Off Peru, March is the warmest month and September the coldest.
    by_month = temperature.groupby(temperature.index.month).mean()
    assert (by_month.idxmax(), by_month.idxmin()) == (3, 9)


def test_sunspots_match_the_published_record():
    sunspots = load_sunspots()
    assert sunspots.mean() == pytest.approx(49.7521, abs=1e-4)
    # The highest year on record, and the years without a spot at the end of the
    # Maunder minimum and in the Dalton minimum.
    assert sunspots.idxmax() == pd.Timestamp("1957")
    assert sunspots.max() == 190.2
    assert sunspots.index[sunspots == 0].year.tolist() == [1711, 1712, 1810]


def test_make_waves_shape_and_default():
    waves = make_waves(random_state=0)
    assert waves.shape == (10000, 60)
    assert waves.dtype == np.float64


def test_make_waves_follows_the_formula():
    n_series, n_timestamps, noise, seed = 3, 7, 0.25, 5
    waves = make_waves(n_series, n_timestamps, noise, random_state=seed)
    rng = np.random.RandomState(seed)
    freq1, freq2, offset1, offset2 = rng.rand(4, n_series)
    for i in range(n_series):
        for j in range(n_timestamps):
            t = j / (n_timestamps - 1)
            value = 0.5 * np.sin((t - offset1[i]) * (10 * freq1[i] + 10))
            value += 0.2 * np.sin((t - offset2[i]) * (20 * freq2[i] + 20))
            value += noise * (rng.random_sample() - 0.5)
            assert waves[i, j] == pytest.approx(value, abs=1e-12)


def test_make_waves_gives_the_naive_error_of_the_course():
    valid = make_waves(10000, 51, random_state=42)[7000:9000]
    naive_mse = np.mean((valid[:, 50] - valid[:, 49]) ** 2)
    assert naive_mse == pytest.approx(0.020211, abs=5e-7)


def test_make_waves_random_state():
    first = make_waves(4, 5, random_state=1)
    np.testing.assert_array_equal(make_waves(4, 5, random_state=1), first)
    assert not np.array_equal(make_waves(4, 5, random_state=2), first)
    rng = np.random.RandomState(1)
    np.testing.assert_array_equal(make_waves(4, 5, random_state=rng), first)
    # The generator went on, so it does not give the same series again.
    assert not np.array_equal(make_waves(4, 5, random_state=rng), first)


def test_make_waves_noise_is_added_to_the_same_waves():
    clean = make_waves(50, 20, noise=0, random_state=3)
    noisy = make_waves(50, 20, noise=0.4, random_state=3)
    assert np.abs(clean).max() <= 0.7
    noise = noisy - clean
    assert noise.min() >= -0.2 and noise.max() <= 0.2
    # 1000 uniform draws of width 0.4: standard deviation 0.4 / sqrt(12) = 0.11547.
    assert noise.std() == pytest.approx(0.11547, rel=0.1)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"n_series": 0}, "'n_series' parameter of make_waves must be"),
        ({"n_series": 2.5}, "'n_series' parameter of make_waves must be"),
        ({"n_timestamps": 0}, "'n_timestamps' parameter of make_waves must be"),
        ({"noise": -0.1}, "'noise' parameter of make_waves must be"),
        ({"noise": "low"}, "'noise' parameter of make_waves must be"),
        ({"random_state": "42"}, "'random_state' parameter of make_waves must be"),
    ],
)
def test_make_waves_rejects_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        make_waves(**params)
