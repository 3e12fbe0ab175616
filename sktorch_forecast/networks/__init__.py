"""One file per network: the torch module, then its forecaster."""

from .conv_rnn import ConvRNNForecaster
from .encoder_decoder import EncoderDecoderForecaster
from .gru import GRUForecaster
from .itransformer import ITransformerForecaster
from .lstm import LSTMForecaster
from .min_gru import MinGRUForecaster
from .mlp import MLPForecaster
from .nbeats import NBEATSForecaster
from .nhits import NHITSForecaster
from .patch_tst import PatchTSTForecaster
from .pretrained import PretrainedForecaster
from .rnn import RNNForecaster
from .seg_rnn import SegRNNForecaster
from .sparse_tsf import SparseTSFForecaster
from .tft import TFTForecaster
from .tide import TiDEForecaster
from .torch_module import TorchForecaster
from .tsmixer import TSMixerForecaster
from .wavenet import WaveNetForecaster
from .xlstm import XLSTMForecaster

__all__ = [
    "ConvRNNForecaster",
    "EncoderDecoderForecaster",
    "GRUForecaster",
    "ITransformerForecaster",
    "LSTMForecaster",
    "MLPForecaster",
    "MinGRUForecaster",
    "NBEATSForecaster",
    "NHITSForecaster",
    "PatchTSTForecaster",
    "PretrainedForecaster",
    "RNNForecaster",
    "SegRNNForecaster",
    "SparseTSFForecaster",
    "TSMixerForecaster",
    "TFTForecaster",
    "TiDEForecaster",
    "TorchForecaster",
    "WaveNetForecaster",
    "XLSTMForecaster",
]
