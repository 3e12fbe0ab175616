"""The series that defaults are chosen and judged by.

``series.csv`` says which series one tunes on and which one reports on. That was decided
before anything was run on them, and each has been in its part ever since. The three
that the documentation shows are in the part to tune on. Those of the part "more" were
added later, for the table of the pretrained network alone.

Everything else follows from the frequency, by one rule for all: the horizon is a
season, or what is usual where the season is long or there is none, and a window is four
horizons or two seasons long, whichever is more. The first 80 % of the values train.

Real series are read from packages: ``pip install "sktorch-forecast[series]"``.
M4 and ETT are the files in ``../shared/data`` beside the repository, if they are there;
else they are downloaded, which needs the extra ``fetch``.
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks import synthetic

from sktorch_forecast import datasets

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SPLIT = Path(__file__).with_suffix(".csv")
PARTS = ("tune", "report")
TRAINING_SHARE = 0.8
# of the last values of longer series
MAX_VALUES = 2000
HORIZONS = {
    "yearly": 6,
    "quarterly": 4,
    "monthly": 12,
    "weekly": 13,
    "daily": 7,
    "hourly": 24,
}


@dataclass(frozen=True)
class Series:
    """What is known of a series before it is read."""

    part: str
    name: str
    kind: str
    frequency: str
    season: int  # timestamps, 1 if there is none
    n: int  # values
    source: str

    @property
    def horizon(self):
        return HORIZONS[self.frequency]

    @property
    def length(self):
        """Of a window."""
        return max(4 * self.horizon, 2 * self.season)

    @property
    def n_train(self):
        """Values that are trained on, the first ones."""
        return int(TRAINING_SHARE * self.n)

    def read(self):
        """The values (n,), and the best forecasts (n, horizon) or None if unknown.

        Raises an ImportError that says what to install if a package is missing.
        """
        if self.kind == "synthetic":
            values, best = _make(self)
        else:
            try:
                values, best = LOADERS[self.name](), None
            except ImportError as error:
                raise ImportError(
                    f"Expected {error.name} to be installed, which {self.name} is read "
                    'from. Run pip install "sktorch-forecast[series]".'
                ) from error
        values = np.asarray(values, dtype=float)
        if len(values) != self.n or not np.isfinite(values).all():
            raise ValueError(
                f"Expected {self.n} finite values of {self.name}, found {len(values)}, "
                f"{np.isfinite(values).sum()} of them finite. Another version of its "
                "package may ship another series."
            )
        return values, best


def all_series():
    """The split: all series, those to tune on first."""
    rows = pd.read_csv(SPLIT).to_dict("records")
    return [Series(**row) for row in rows] + [
        Series(part, f"{maker}_{part}", "synthetic", *shape, synthetic.N, "made here")
        for part in PARTS
        for maker, shape in SYNTHETIC.items()
    ]


# --------------------------------------------------------------------- synthetic ones

# name: (frequency, season). Those of the two parts are of other seeds.
SYNTHETIC = {
    "random_walk": ("daily", 1),
    "autoregression": ("daily", 1),
    "trend_and_season": ("monthly", 12),
    "intermittent": ("daily", 1),
    "level_shifts": ("daily", 1),
    "two_seasons": ("hourly", 24),
}


def _make(series):
    maker = series.name.removesuffix(f"_{series.part}")
    seed = [PARTS.index(series.part), list(SYNTHETIC).index(maker)]
    return getattr(synthetic, maker)(np.random.default_rng(seed), series.horizon)


# -------------------------------------------------------------------------- real ones


def _last(values):
    return values[-MAX_VALUES:]


def _pmdarima(name):
    return getattr(import_module("pmdarima.datasets"), f"load_{name}")()


def _msft(column):
    frame = _pmdarima("msft")
    return pd.Series(
        frame[column].to_numpy(float), index=pd.DatetimeIndex(frame["Date"])
    )


def _taylor():
    """Means over the hours of half-hourly values."""
    return _pmdarima("taylor").reshape(-1, 2).mean(axis=1)


def _statsmodels(name, column):
    module = import_module(f"statsmodels.datasets.{name}")
    return module.load_pandas().data[column]


def _elec_equip():
    module = import_module("statsmodels.datasets.elec_equip")
    return module.load_pandas().data.iloc[:, -1]


def _sktime(folder, file, column):
    """A column of a file; for some files sktime has no function that reads them."""
    folder = Path(import_module("sktime.datasets").__file__).parent / "data" / folder
    return pd.read_csv(folder / file)[column]


def _bokeh(name):
    return import_module(f"bokeh_sampledata.{name}")


def _stock(name):
    data = getattr(_bokeh("stocks"), name)
    return pd.Series(data["close"], index=pd.DatetimeIndex(data["date"]))


def _fridays(prices):
    """The last price of each week; the first and the last week may not be whole."""
    return prices.resample("W-FRI").last().ffill()


def _unemployment():
    frame = _bokeh("unemployment1948").data
    return frame.drop(columns=["Year", "Annual"]).to_numpy(float).ravel()


def _lincoln():
    """Highest temperature of the day; one is missing."""
    return _bokeh("lincoln").data["TMAX"].interpolate()


def _commits():
    """Commits on each of the last thousand days that are whole."""
    frame = _bokeh("commits").data
    return frame["day"].resample("D").size()[-1001:-1]


def _sea():
    """Means over the first hours; 24 half hours are missing further on."""
    frame = _bokeh("sea_surface_temperature").sea_surface_temperature
    return frame["temperature"].resample("h").mean()[:MAX_VALUES]


def _marriages():
    return _bokeh("us_marriages_divorces").data["Marriages_per_1000"]


def _seattle():
    data = import_module("vega_datasets").local_data
    return data.seattle_weather()["temp_max"]


@cache
def _ett():
    return datasets.fetch_ett(path=DATA if DATA.exists() else None).frame


@cache
def _m4():
    """The hourly series, those of the test part joined to their ends."""
    data = datasets.fetch_m4(path=DATA if DATA.exists() else None)
    return pd.concat([data.frame, data.test]).groupby("id")["value"]


LOADERS = {
    "sunspots": datasets.load_sunspots,
    "lynx": lambda: _pmdarima("lynx"),
    "woolyrnq": lambda: _pmdarima("woolyrnq"),
    "tbilrate": lambda: _statsmodels("macrodata", "tbilrate"),
    "elnino": datasets.load_elnino,
    "wineind": lambda: _pmdarima("wineind"),
    "prescriptions": lambda: _sktime("PBS_dataset", "PBS_dataset.csv", "Scripts"),
    "co2": lambda: _last(datasets.load_co2()),
    "msft": lambda: _fridays(_msft("Close")),
    "seattle": _seattle,
    "volume": lambda: _last(_msft("Volume")) / 1e6,
    "ett_mull": lambda: _ett()["MULL"][:MAX_VALUES],
    "m4_h104": lambda: _m4().get_group("H104"),
    "m4_h311": lambda: _m4().get_group("H311"),
    "nile": lambda: _statsmodels("nile", "volume"),
    "marriages": _marriages,
    "ausbeer": lambda: _pmdarima("ausbeer")[:211],  # the last one is missing
    "austres": lambda: _pmdarima("austres"),
    "realgdp": lambda: _statsmodels("macrodata", "realgdp"),
    "airpassengers": lambda: _pmdarima("airpassengers"),
    "elec_equip": _elec_equip,
    "seatbelts": lambda: _sktime("seatbelts", "seatbelts.csv", "KSI"),
    "unemployment": _unemployment,
    "ibm": lambda: _fridays(_stock("IBM")),
    "goog": lambda: _fridays(_stock("GOOG")),
    "lincoln": _lincoln,
    "aapl": lambda: _last(_stock("AAPL")),
    "commits": _commits,
    "taylor": _taylor,
    "sea": _sea,
    "ett_ot": lambda: _ett()["OT"][10_000 : 10_000 + MAX_VALUES],
    "ett_hufl": lambda: _ett()["HUFL"][10_000 : 10_000 + MAX_VALUES],
    "consumption": lambda: _sktime("Uschange", "Uschange.csv", "Consumption"),
    "production": lambda: _sktime("Uschange", "Uschange.csv", "Production"),
    "savings": lambda: _sktime("Uschange", "Uschange.csv", "Savings"),
    "realinv": lambda: _statsmodels("macrodata", "realinv"),
    "cpi": lambda: _statsmodels("macrodata", "cpi"),
    "m1": lambda: _statsmodels("macrodata", "m1"),
    "unemp": lambda: _statsmodels("macrodata", "unemp"),
    "inflation": lambda: _statsmodels("interest_inflation", "Dp"),
    "m4_h35": lambda: _m4().get_group("H35"),
    "m4_h173": lambda: _m4().get_group("H173"),
    "m4_h242": lambda: _m4().get_group("H242"),
    "m4_h380": lambda: _m4().get_group("H380"),
}
