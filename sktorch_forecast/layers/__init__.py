"""Parts that several networks share; each works in bare PyTorch."""

from .dropout import Dropout
from .gru import GRU
from .linear import Linear
from .normalization import WindowNormalization
from .recurrent import RecurrentLayers, RecurrentNetwork

__all__ = [
    "GRU",
    "Dropout",
    "Linear",
    "RecurrentLayers",
    "RecurrentNetwork",
    "WindowNormalization",
]
