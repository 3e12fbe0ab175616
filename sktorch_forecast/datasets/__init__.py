"""Real series that ship with the package or are downloaded, and synthetic ones."""

from ._fetch import fetch_ett, fetch_m4
from ._load import load_co2, load_elnino, load_sunspots
from ._series_prior import make_series_prior
from ._waves import make_waves

__all__ = [
    "fetch_ett",
    "fetch_m4",
    "load_co2",
    "load_elnino",
    "load_sunspots",
    "make_series_prior",
    "make_waves",
]
