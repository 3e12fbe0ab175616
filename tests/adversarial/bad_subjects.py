"""Data that are right, and objects made of them, for the table of bad inputs."""

import functools

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from sktorch_forecast import (
    CalendarFeatures,
    ConformalForecaster,
    ConvRNNForecaster,
    DeepEnsembleForecaster,
    EncoderDecoderForecaster,
    EnsembleForecaster,
    GRUForecaster,
    ITransformerForecaster,
    LSTMForecaster,
    MinGRUForecaster,
    MLPForecaster,
    NaiveForecaster,
    NBEATSForecaster,
    NHITSForecaster,
    Panel,
    PatchTSTForecaster,
    PretrainedForecaster,
    RecursiveForecaster,
    RNNForecaster,
    SegRNNForecaster,
    SeriesForecaster,
    SlidingWindow,
    SparseTSFForecaster,
    TabularForecaster,
    TFTForecaster,
    TiDEForecaster,
    TorchForecaster,
    TSMixerForecaster,
    WaveNetForecaster,
    Windows,
    XLSTMForecaster,
    make_windows,
)

RNG = np.random.default_rng(0)
DAYS = pd.date_range("2024-01-01", periods=50)
VALUES = RNG.normal(10, 1, 50)
SERIES = pd.Series(VALUES, index=DAYS, name="load")
SIZES = {"horizon": 3, "length": 6}
NAMES = {"id": "shop", "time": "day", "target": "sales"}
ROLES = NAMES | {"past": "visits", "future": "price", "static": "size"}

X, Y = make_windows(SERIES, **SIZES)
X2 = np.asarray(X, dtype=np.float64)[..., 0]


def shops(n_days=25):
    """Two shops, day by day: rows 0 to n_days - 1 are "n", the others "s"."""
    rng = np.random.default_rng(1)
    parts = [
        pd.DataFrame(
            {
                "shop": name,
                "day": DAYS[:n_days],
                "sales": rng.normal(50, 5, n_days),
                "visits": rng.normal(9, 1, n_days),
                "price": rng.random(n_days),
                "size": size,
            }
        )
        for name, size in (("n", 3.0), ("s", 4.0))
    ]
    return pd.concat(parts, ignore_index=True)


SHOPS = shops()
# With three days of prices after the last sales.
SHOPS_WITH_AN_END = SHOPS.assign(sales=SHOPS["sales"].where(SHOPS["day"] < DAYS[22]))
X_SHOPS, Y_SHOPS = make_windows(SHOPS, **SIZES, **ROLES)
FRAME = pd.DataFrame({"load": VALUES, "wind": VALUES[::-1]}, index=DAYS)
X_FRAME, Y_FRAME = make_windows(FRAME, target="load", **SIZES)

ONE_EPOCH = {"max_epochs": 1, "random_state": 0, "early_stopping": False}
SMALL = {"hidden_layer_sizes": (4,), **ONE_EPOCH}


def _fit_on_panel(model):
    return model.fit(X_SHOPS, Y_SHOPS)


def _fit(model):
    return model.fit(X, Y)


def at(values, place, value):
    """A copy of some values, with another one in one place."""
    values = np.array(values, dtype=float)
    values[place] = value
    return values


# One fitted forecaster of every class: networks, and others.
NETWORKS = (
    *("MLP", "RNN", "LSTM", "GRU", "ConvRNN", "WaveNet", "encoder-decoder"),
    *("SegRNN", "SparseTSF", "N-BEATS", "N-HiTS", "TiDE", "TSMixer", "PatchTST"),
    *("iTransformer", "minGRU", "TFT", "xLSTM", "torch module"),
    "pretrained",
)
# Those whose fit trains them, by any loss.
TRAINED = tuple(name for name in NETWORKS if name != "pretrained")
EVERY = (
    *NETWORKS,
    "naive",
    "tabular",
    "recursive",
    "deep ensemble",
    "ensemble",
    "conformal",
)

# name: how to make it
_MAKERS = {
    "MLP": lambda: _fit(MLPForecaster(**SMALL)),
    "MLP of counts": lambda: MLPForecaster(loss="poisson", **SMALL).fit(X, np.floor(Y)),
    "normal MLP": lambda: _fit(MLPForecaster(loss="normal", **SMALL)),
    "dropout MLP": lambda: _fit(MLPForecaster(dropout=0.2, **SMALL)),
    "masked MLP": lambda: _fit(MLPForecaster(missing="mask", **SMALL)),
    "MLP of shops": lambda: _fit_on_panel(MLPForecaster(**SMALL)),
    "MLP of a frame": lambda: MLPForecaster(**SMALL).fit(X_FRAME, Y_FRAME),
    "RNN": lambda: _fit(RNNForecaster(hidden_size=2, **ONE_EPOCH)),
    "LSTM": lambda: _fit(LSTMForecaster(hidden_size=2, **ONE_EPOCH)),
    "GRU": lambda: _fit(GRUForecaster(hidden_size=2, **ONE_EPOCH)),
    "ConvRNN": lambda: _fit(ConvRNNForecaster(hidden_size=2, **ONE_EPOCH)),
    "WaveNet": lambda: _fit(
        WaveNetForecaster(n_filters=2, dilations=(1, 2), **ONE_EPOCH)
    ),
    "encoder-decoder": lambda: _fit(
        EncoderDecoderForecaster(hidden_size=2, **ONE_EPOCH)
    ),
    "SegRNN": lambda: _fit(SegRNNForecaster(hidden_size=2, **ONE_EPOCH)),
    "SparseTSF": lambda: _fit(SparseTSFForecaster(period=2, **ONE_EPOCH)),
    "N-BEATS": lambda: _fit(NBEATSForecaster(**SMALL)),
    "N-HiTS": lambda: _fit(NHITSForecaster(**SMALL)),
    "torch module": lambda: _fit(TorchForecaster(**ONE_EPOCH)),
    "TiDE": lambda: _fit(TiDEForecaster(hidden_size=2, **ONE_EPOCH)),
    "TSMixer": lambda: _fit(TSMixerForecaster(hidden_size=2, **ONE_EPOCH)),
    "PatchTST": lambda: _fit(PatchTSTForecaster(hidden_size=4, **ONE_EPOCH)),
    "iTransformer": lambda: _fit(ITransformerForecaster(hidden_size=4, **ONE_EPOCH)),
    "TFT": lambda: _fit(TFTForecaster(hidden_size=4, **ONE_EPOCH)),
    "minGRU": lambda: _fit(MinGRUForecaster(hidden_size=2, **ONE_EPOCH)),
    "pretrained": lambda: _fit(PretrainedForecaster(**ONE_EPOCH)),
    "xLSTM": lambda: _fit(XLSTMForecaster(hidden_size=4, **ONE_EPOCH)),
    "naive": lambda: _fit(NaiveForecaster()),
    "tabular": lambda: _fit(TabularForecaster()),
    "recursive": lambda: _fit(RecursiveForecaster()),
    "deep ensemble": lambda: _fit(
        DeepEnsembleForecaster(MLPForecaster(**SMALL), 2, random_state=0)
    ),
    "ensemble": lambda: _fit(
        EnsembleForecaster(
            [("ridge", TabularForecaster()), ("mlp", MLPForecaster(**SMALL))]
        )
    ),
    "conformal": lambda: _fit(ConformalForecaster(NaiveForecaster(), coverage=0.5)),
    "cqr": lambda: _fit(
        ConformalForecaster(NaiveForecaster(), coverage=0.5, method="cqr")
    ),
    "adaptive": lambda: _fit(
        ConformalForecaster(NaiveForecaster(), coverage=0.5, method="adaptive")
    ),
    "pipeline": lambda: _fit(make_pipeline(SlidingWindow(4), MLPForecaster(**SMALL))),
    "series": lambda: SeriesForecaster(NaiveForecaster(), 3, 6).fit(SERIES),
    "shops": lambda: SeriesForecaster(NaiveForecaster(), 3, 6, **NAMES).fit(SHOPS),
    "shops with prices": lambda: SeriesForecaster(
        MLPForecaster(**SMALL), 3, 6, **ROLES
    ).fit(SHOPS),
    "points": lambda: SeriesForecaster(TabularForecaster(), 3, 6).fit(SERIES),
    "sliding": lambda: SlidingWindow(4).fit(FRAME),
    "calendar": lambda: CalendarFeatures(["hour"]).fit(SERIES),
    "ridge": lambda: Ridge().fit(X2, Y),
    "windows": lambda: make_windows(SERIES, **SIZES)[0],
    "windows of shops": lambda: make_windows(SHOPS, **SIZES, **ROLES)[0],
    "panel": lambda: Panel.from_array(np.arange(12.0).reshape(6, 2)),
}


@functools.cache
def subject(name):
    """The subject of this name, made once in a process."""
    return _MAKERS[name]()


def fit_again(model):
    """A fit on the data that the model knows."""
    return model.fit(*_data_of(model))


def _data_of(model):
    if isinstance(model, SeriesForecaster):
        return (SERIES if model.id is None else SHOPS,)
    if getattr(model, "_names", ((),))[0] == X_SHOPS.channels:
        return X_SHOPS, Y_SHOPS
    if getattr(model, "n_channels_", 1) == 2:
        return X_FRAME, Y_FRAME
    return X, Y


def state_of(thing):
    """All that a mistake must not change: what can be compared, and the attributes."""
    if isinstance(thing, Windows):
        return np.asarray(thing).tobytes(), repr(thing), vars(thing).copy()
    if isinstance(thing, Panel):
        return thing.values.tobytes(), repr(thing), vars(thing).copy()
    # A forecast first: it may set what is computed once.
    return _said_by(thing), repr(thing.get_params(deep=False)), vars(thing).copy()


def _said_by(model):
    """Forecasts bit by bit; a transformer forecasts nothing."""
    if isinstance(model, SeriesForecaster):
        frame = None if model.future is None else SHOPS_WITH_AN_END
        return model.forecast(frame).to_numpy().tobytes()
    if hasattr(model, "predict"):
        return np.asarray(model.predict(_data_of(model)[0])).tobytes()
    return b""
