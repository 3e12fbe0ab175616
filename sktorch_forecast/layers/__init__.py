"""Parts that several networks share; each works in bare PyTorch."""

from .dropout import Dropout
from .normalization import WindowNormalization

__all__ = ["Dropout", "WindowNormalization"]
