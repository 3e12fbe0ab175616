"""One file a network: the torch module, then its forecaster."""

from .conv_rnn import ConvRNNForecaster
from .encoder_decoder import EncoderDecoderForecaster
from .gru import GRUForecaster
from .lstm import LSTMForecaster
from .mlp import MLPForecaster
from .rnn import RNNForecaster
from .wavenet import WaveNetForecaster

__all__ = [
    "ConvRNNForecaster",
    "EncoderDecoderForecaster",
    "GRUForecaster",
    "LSTMForecaster",
    "MLPForecaster",
    "RNNForecaster",
    "WaveNetForecaster",
]
