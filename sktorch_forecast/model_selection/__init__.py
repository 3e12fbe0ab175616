"""Splitters that keep training targets out of the test part."""

from ._split import RollingOriginSplit

__all__ = ["RollingOriginSplit"]
