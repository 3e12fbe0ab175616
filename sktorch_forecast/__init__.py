"""Neural forecasters for time series that are scikit-learn estimators.

A sample is a forecast origin: ``X[i]`` is the past as it looked from origin ``i``,
``y[i]`` is what followed. With that, Pipeline, cross_val_score, GridSearchCV and every
other tool of scikit-learn mean the right thing for time series.
"""

from . import (
    compose,
    datasets,
    features,
    inspection,
    layers,
    metrics,
    model_selection,
    networks,
    plotting,
)
from ._data.panel import Panel
from ._data.samples import latest_windows, make_windows
from ._data.store import PanelStore, open_panel
from ._data.store_panel import store_panel
from ._data.windows import Windows
from ._files.saving import load, save
from ._utils.version import __version__ as __version__
from .compose import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    EnsembleForecaster,
    RecursiveForecaster,
    SeriesForecaster,
    TabularForecaster,
)
from .features import CalendarFeatures
from .forecaster import Forecaster
from .naive import NaiveForecaster
from .networks import (
    ConvRNNForecaster,
    EncoderDecoderForecaster,
    GRUForecaster,
    ITransformerForecaster,
    LSTMForecaster,
    MinGRUForecaster,
    MLPForecaster,
    NBEATSForecaster,
    NHITSForecaster,
    PatchTSTForecaster,
    PretrainedForecaster,
    RNNForecaster,
    SegRNNForecaster,
    SparseTSFForecaster,
    TFTForecaster,
    TiDEForecaster,
    TorchForecaster,
    TSMixerForecaster,
    WaveNetForecaster,
    XLSTMForecaster,
)
from .onnx import to_onnx
from .sliding_window import SlidingWindow

__all__ = [
    "CalendarFeatures",
    "ConformalForecaster",
    "ConvRNNForecaster",
    "DeepEnsembleForecaster",
    "EncoderDecoderForecaster",
    "EnsembleForecaster",
    "Forecaster",
    "GRUForecaster",
    "ITransformerForecaster",
    "LSTMForecaster",
    "MLPForecaster",
    "MinGRUForecaster",
    "NBEATSForecaster",
    "NHITSForecaster",
    "NaiveForecaster",
    "Panel",
    "PanelStore",
    "PatchTSTForecaster",
    "PretrainedForecaster",
    "RNNForecaster",
    "RecursiveForecaster",
    "SegRNNForecaster",
    "SeriesForecaster",
    "SlidingWindow",
    "SparseTSFForecaster",
    "TSMixerForecaster",
    "TabularForecaster",
    "TFTForecaster",
    "TiDEForecaster",
    "TorchForecaster",
    "WaveNetForecaster",
    "Windows",
    "XLSTMForecaster",
    "compose",
    "datasets",
    "features",
    "inspection",
    "latest_windows",
    "layers",
    "load",
    "make_windows",
    "metrics",
    "model_selection",
    "networks",
    "open_panel",
    "plotting",
    "save",
    "store_panel",
    "to_onnx",
]
