"""Parts that several networks share; each also works in plain PyTorch."""

from .attention import EncoderLayer
from .dropout import Dropout
from .forecast_network import ForecastNetwork
from .gru import GRU
from .linear import Linear
from .min_gru import MinGRU, MinLSTM
from .normalization import WindowNormalization
from .readout import Readout
from .recurrent import RecurrentLayers, RecurrentNetwork
from .units import Encoded, Units
from .xlstm import MLSTM, SLSTM

__all__ = [
    "GRU",
    "MLSTM",
    "SLSTM",
    "Dropout",
    "Encoded",
    "EncoderLayer",
    "ForecastNetwork",
    "Linear",
    "MinGRU",
    "MinLSTM",
    "Readout",
    "RecurrentLayers",
    "RecurrentNetwork",
    "Units",
    "WindowNormalization",
]
