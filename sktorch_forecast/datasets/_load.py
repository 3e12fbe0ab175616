"""Loaders of the real series that ship with the package.

The files, their sources and their licenses are listed in ``data/README.md``.
"""

from importlib.resources import files

import numpy as np
import pandas as pd

from .._utils.compat import validate_params

__all__ = ["load_co2", "load_elnino", "load_sunspots"]


def _read_series(filename: str, *, name: str, freq: str) -> pd.Series:
    """Read one two-column file as a float64 series with a regular index."""
    path = files("sktorch_forecast.datasets").joinpath("data", filename)
    with path.open("r", encoding="utf-8") as file:
        frame = pd.read_csv(
            file, index_col="date", parse_dates=["date"], dtype={"value": np.float64}
        )
    # pandas checks the frequency it is given, so a damaged file fails here.
    frame.index = pd.DatetimeIndex(frame.index, freq=freq)
    return pd.Series(frame["value"], name=name)


@validate_params({"interpolate": ["boolean"]}, prefer_skip_nested_validation=True)
def load_co2(*, interpolate: bool = True) -> pd.Series:
    """Load the weekly CO2 concentration at Mauna Loa, 1958 to 2001.

    The series has a steady upward trend and a yearly cycle (about 52 weeks). It was
    published with gaps: 59 of its 2284 weeks, most of them before 1965, have no value,
    and the longest gap spans 18 weeks in 1964.

    Parameters
    ----------
    interpolate : bool, default=True
        Whether to fill the 59 missing weeks by linear interpolation in time between
        the weeks around them. With ``False`` they are NaN, as published.

    Returns
    -------
    co2 : pandas.Series of shape (2284,), float64
        Atmospheric CO2 in parts per million by volume (ppm). The index is a
        ``DatetimeIndex`` of Saturdays (frequency ``"W-SAT"``), from 1958-03-29 to
        2001-12-29.

    Raises
    ------
    TypeError, ValueError
        If `interpolate` is not a bool; the error is of both classes.

    See Also
    --------
    load_elnino : A monthly series with a yearly cycle and no trend.

    Notes
    -----
    License: public domain.

    Interpolation uses the week after a gap. If even that much knowledge of the future
    matters, fill the gaps yourself, from the past only.

    References
    ----------
    .. [1] Keeling, C. D. and Whorf, T. P. (2004). Atmospheric CO2 concentrations
       derived from flask air samples at sites in the SIO network. In Trends: A
       Compendium of Data on Global Change. Carbon Dioxide Information Analysis
       Center, Oak Ridge National Laboratory, U.S. Department of Energy.

    Examples
    --------
    >>> from sktorch_forecast.datasets import load_co2
    >>> co2 = load_co2()
    >>> co2.shape, co2.index.freqstr
    ((2284,), 'W-SAT')
    >>> int(load_co2(interpolate=False).isna().sum())
    59
    """
    co2 = _read_series("co2.csv", name="co2", freq="W-SAT")
    return co2.interpolate(method="time") if interpolate else co2


def load_elnino() -> pd.Series:
    """Load the monthly sea surface temperature of the Pacific, 1950 to 2010.

    The temperature is the mean over the sea between 0 and 10 degrees south and 80
    and 90 degrees west (the Niño 1+2 region, off Peru and Ecuador). A strong yearly
    cycle is disturbed every few years by the El Niño warming, which is what makes
    the series hard to forecast.

    Returns
    -------
    temperature : pandas.Series of shape (732,), float64
        Sea surface temperature in degrees Celsius. The index is a ``DatetimeIndex``
        of first days of the month (frequency ``"MS"``), from 1950-01-01 to
        2010-12-01. No value is missing.

    See Also
    --------
    load_co2 : A weekly series with a trend.
    load_sunspots : A yearly series with a cycle of changing length.

    Notes
    -----
    License: public domain.

    References
    ----------
    .. [1] National Oceanic and Atmospheric Administration, National Weather Service,
       Climate Prediction Center. Data set ERSST.V3B, Niño 1+2.
       http://www.cpc.ncep.noaa.gov/data/indices/

    Examples
    --------
    >>> from sktorch_forecast.datasets import load_elnino
    >>> temperature = load_elnino()
    >>> temperature.shape, temperature.index.freqstr
    ((732,), 'MS')
    >>> temperature.idxmax().strftime("%B %Y")
    'March 1998'
    """
    return _read_series("elnino.csv", name="temperature", freq="MS")


def load_sunspots() -> pd.Series:
    """Load the yearly mean sunspot number, 1700 to 2008.

    The activity of the sun rises and falls in a cycle of about 11 years, but neither
    the length nor the height of a cycle is constant.

    Returns
    -------
    sunspots : pandas.Series of shape (309,), float64
        Mean number of sunspots in the year. The index is a ``DatetimeIndex`` of
        first days of the year (frequency ``"YS"``), from 1700-01-01 to 2008-01-01.
        No value is missing.

    See Also
    --------
    load_elnino : A monthly series with a cycle of fixed length.

    Notes
    -----
    License: public domain.

    References
    ----------
    .. [1] National Geophysical Data Center, Solar-Terrestrial Physics division.
       Yearly sunspot numbers. http://www.ngdc.noaa.gov/stp/solar/solarda3.html

    Examples
    --------
    >>> from sktorch_forecast.datasets import load_sunspots
    >>> sunspots = load_sunspots()
    >>> sunspots.shape
    (309,)
    >>> int(sunspots.idxmax().year), float(sunspots.max())
    (1957, 190.2)
    """
    return _read_series("sunspots.csv", name="sunspots", freq="YS")
