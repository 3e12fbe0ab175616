"""Splitters that keep training targets out of the test part; learning rate search."""

from ._learning_rate import find_lr
from ._split import RollingOriginSplit

__all__ = ["RollingOriginSplit", "find_lr"]
