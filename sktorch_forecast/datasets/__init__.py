"""Small real series that ship with the package, and a generator of synthetic ones."""

from ._load import load_co2, load_elnino, load_sunspots
from ._waves import make_waves

__all__ = ["load_co2", "load_elnino", "load_sunspots", "make_waves"]
