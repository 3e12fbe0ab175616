"""Mistakes with the parts of networks that are public."""

import torch
from bad_rows import row, table
from torch import nn

from sktorch_forecast import layers
from sktorch_forecast.layers.decoder import TemporalDecoder

P = "a probability p of at least 0 and below 1"
SHAPE = (3, 1, 1)
x = torch.zeros(4, 6, 2)


def layer(name, mistake, arguments, error, *words, **keywords):
    cls = getattr(layers, name)
    call = lambda: cls(*arguments, **keywords)  # noqa: E731
    return row(f"layers.{name}", mistake, call, error, *words)


LAYERS = table(
    *[
        layer("Dropout", f"p={p!r}", (p,), ValueError, P, f"found {p!r}")
        for p in (1.5, 1.0, -0.1, "a", None, float("nan"), True)
    ],
    layer(
        "Dropout", "negative axes", (0.5, -1), ValueError, "n_shared_axes must", "-1"
    ),
    layer(
        "Dropout", "half an axis", (0.5, 0.5), TypeError, "n_shared_axes must", "0.5"
    ),
    layer(
        "Readout",
        "one number as shape",
        (3, 4),
        TypeError,
        "output_shape as a tuple",
        "found 4",
    ),
    layer(
        "Readout",
        "no outputs",
        (3, (0, 1, 1)),
        ValueError,
        "each of output_shape must",
        "found 0",
    ),
    layer(
        "Readout",
        "half a step",
        (3, (1.5, 1, 1)),
        TypeError,
        "each of output_shape must",
        "1.5",
    ),
    layer(
        "Readout", "no inputs", (0, SHAPE), ValueError, "in_features must", "found 0"
    ),
    layer(
        "RecurrentLayers",
        "cell in words",
        ("gru", 1, 2),
        TypeError,
        "cell as a class",
        "'gru'",
        "torch.nn.LSTM",
    ),
    layer(
        "RecurrentLayers",
        "no layers",
        (nn.RNN, 1, 2, 0),
        ValueError,
        "num_layers must",
        "found 0",
    ),
    layer(
        "RecurrentLayers",
        "dropout of all",
        (nn.RNN, 1, 2, 1, 1.0),
        ValueError,
        P,
        "found 1.0",
    ),
    layer(
        "RecurrentLayers",
        "no units",
        (nn.RNN, 1, 0),
        ValueError,
        "hidden_size",
        "greater than zero",
    ),
    layer(
        "RecurrentNetwork",
        "no steps to train",
        (1, SHAPE),
        ValueError,
        "bptt_steps must",
        "found 0",
        bptt_steps=0,
    ),
    layer(
        "RecurrentNetwork",
        "steps in text",
        (1, SHAPE),
        TypeError,
        "bptt_steps must",
        "'a'",
        bptt_steps="a",
    ),
    layer(
        "RecurrentNetwork",
        "truncated backwards",
        (1, SHAPE),
        ValueError,
        "bptt_steps=None with bidirectional=True",
        bptt_steps=2,
        bidirectional=True,
    ),
    layer(
        "RecurrentNetwork",
        "units without read-out",
        (1, SHAPE),
        ValueError,
        "as many units as outputs",
        "hidden_size=3",
        readout=False,
    ),
    layer(
        "RecurrentNetwork",
        "unknown nonlinearity",
        (1, SHAPE),
        ValueError,
        "gelu",
        "'tanh' or 'relu'",
        nonlinearity="gelu",
    ),
    row(
        "layers.RecurrentNetwork",
        "all steps read backwards",
        lambda: layers.RecurrentNetwork(2, SHAPE, bidirectional=True)(
            x, all_steps=True
        ),
        ValueError,
        "bidirectional=False",
        "found True",
    ),
    *[
        layer(
            "WindowNormalization",
            f"kind={kind!r}",
            (2,),
            ValueError,
            "kind to be one of ('window',",
            f"found {kind!r}",
            kind=kind,
        )
        for kind in ("zscore", True, "Window")
    ],
    layer(
        "WindowNormalization",
        "more targets than channels",
        (2, 3),
        ValueError,
        "to be at most 2, the",
        "found 3 + 0",
    ),
    layer(
        "WindowNormalization",
        "all is future",
        (2,),
        ValueError,
        "to be at most 2, the",
        "found 1 + 2",
        n_future=2,
    ),
    layer(
        "WindowNormalization",
        "no channels",
        (0,),
        ValueError,
        "n_channels must",
        "found 0",
    ),
    layer(
        "WindowNormalization",
        "no targets",
        (2, 0),
        ValueError,
        "n_targets must",
        "found 0",
    ),
    layer(
        "ForecastNetwork",
        "kind as normalization",
        (nn.Flatten(), "window"),
        TypeError,
        "normalization as a WindowNormalization",
        "'window'",
    ),
    layer(
        "ForecastNetwork",
        "nothing",
        (None, None),
        TypeError,
        "normalization as a WindowNormalization",
        "None",
    ),
    row(
        "layers.ForecastNetwork",
        "network of another shape",
        lambda: layers.ForecastNetwork(nn.Flatten(), layers.WindowNormalization(2))(x),
        ValueError,
        "Flatten to return (batch, horizon, n_targets, n_params)",
        "found (4, 12)",
        "layers.Readout",
    ),
    layer("GRU", "no units", (1, 0), ValueError, "hidden_size", "greater than zero"),
    layer("GRU", "inputs in text", ("a", 1), TypeError, "str"),
)


def forward(name, mistake, module, arguments, *words, **keywords):
    """Tensors of a wrong shape for a layer that is made already."""
    call = lambda: module(*arguments, **keywords)  # noqa: E731
    return row(f"{name} called", mistake, call, ValueError, *words)


def normalized(mistake, arguments, *words, call="encode", **keywords):
    """Of two channels, the second known ahead, with one static covariate."""
    norm = layers.WindowNormalization(2, n_future=1, n_static=1, horizon=3)
    method = getattr(norm, call)
    name = f"layers.WindowNormalization.{call}"
    call = lambda: method(*arguments, **keywords)  # noqa: E731
    return row(name, mistake, call, ValueError, *words)


def forecast(mistake, arguments, *words, n_future=1, **keywords):
    """A network of two channels, which forecasts three steps of the first."""
    norm = layers.WindowNormalization(2, n_future=n_future, horizon=3)
    decoder = TemporalDecoder(1, 1, 1, 0) if n_future else None
    n_extra = decoder.n_extra if decoder else 0
    network = layers.RecurrentNetwork(2, (3, 1, 1 + n_extra))
    module = layers.ForecastNetwork(network, norm, decoder=decoder)
    name = "layers.ForecastNetwork"
    return forward(name, mistake, module, arguments, *words, **keywords)


zeros = torch.zeros
UNITS = layers.Units(zeros(4, 1, 2), torch.ones(4, 1, 2))
INPUT = "an input of shape"
WINDOWS = "windows of shape (batch, length, 2)"
STATIC = "static covariates of shape"
FUTURE = "future covariates of shape (4, 3, 1)"
RECURRENT = layers.RecurrentLayers(nn.LSTM, 2, 3, 2)
SHAPES = table(
    *[
        forward(f"layers.{name}", mistake, module, (bad,), f"{INPUT} (..., 2)", found)
        for name, module in (
            ("Linear", layers.Linear(2, 3)),
            ("Readout", layers.Readout(2, SHAPE)),
        )
        for mistake, bad, found in (
            ("three features", zeros(4, 3), "found (4, 3)"),
            ("no features", zeros(4, 0), "found (4, 0)"),
            ("no axis", zeros(()), "found ()"),
        )
    ],
    forward(
        "layers.Dropout",
        "fewer axes than are shared",
        layers.Dropout(0.5, 2),
        (zeros(4),),
        f"{INPUT} (..., n, n)",
        "found (4,)",
    ),
    *[
        forward(
            f"layers.{name}",
            mistake,
            module,
            (bad,),
            f"{INPUT} (batch, length, 2)",
            f"found {tuple(bad.shape)}",
        )
        for name, module in (
            ("RecurrentLayers", RECURRENT),
            ("RecurrentNetwork", layers.RecurrentNetwork(2, SHAPE)),
        )
        for mistake, bad in (
            ("three channels", zeros(4, 6, 3)),
            ("one window", zeros(6, 2)),
            ("four axes", zeros(1, 4, 6, 2)),
        )
    ],
    forward(
        "layers.RecurrentLayers",
        "states of fewer layers",
        RECURRENT,
        (x, RECURRENT(x)[1][:1]),
        "the states of 2 layers",
        "found 1",
    ),
    *[
        row(
            "layers.GRU called",
            mistake,
            lambda arguments=arguments: layers.GRU(2, 3, batch_first=True)(*arguments),
            error,
            *words,
        )
        for mistake, arguments, error, *words in (
            ("three channels", (zeros(4, 6, 3),), RuntimeError, "Expected 2, got 3"),
            ("a state", (x, zeros(1, 3, 3)), RuntimeError, "(1, 4, 3), got [1, 3, 3]"),
        )
    ],
    *[
        normalized(mistake, (bad, zeros(4, 1)), WINDOWS, f"found {tuple(bad.shape)}")
        for mistake, bad in (
            ("three channels", zeros(4, 6, 3)),
            ("one window", zeros(6, 2)),
            ("empty windows", zeros(4, 0, 2)),
        )
    ],
    row(
        "layers.WindowNormalization.encode",
        "windows of less than a season",
        lambda: layers.WindowNormalization(2, kind="season", seasonality=7).encode(x),
        ValueError,
        "with a length of 7 or more",
        "found (4, 6, 2)",
    ),
    normalized("two static", (x, zeros(4, 2)), f"{STATIC} (..., 1)", "found (4, 2)"),
    normalized("static of one", (x, zeros(1, 1)), f"{STATIC} (4, ...)", "(1, 1)"),
    normalized(
        "series of three",
        (x, zeros(4, 1), zeros(3, dtype=torch.int64)),
        "series of shape (4, ...)",
        "found (3,)",
    ),
    row(
        "layers.WindowNormalization.encode",
        "static covariates of none",
        lambda: layers.WindowNormalization(2).encode(x, zeros(4, 1)),
        ValueError,
        f"{STATIC} (..., 0)",
        "found (4, 1)",
    ),
    normalized("three channels", (zeros(4, 6, 3),), WINDOWS, call="calibrate"),
    normalized("one window", (zeros(6, 2),), WINDOWS, call="scales_of"),
    normalized(
        "two of one",
        ("future", zeros(4, 3, 2)),
        "future covariates of shape (..., 1)",
        "found (4, 3, 2)",
        call="standardized",
    ),
    forecast("three channels", (zeros(4, 6, 3), zeros(4, 3, 1)), WINDOWS),
    forecast("no future", (x,), FUTURE, "found None"),
    forecast("future of two steps", (x, zeros(4, 2, 1)), FUTURE, "(4, 2, 1)"),
    forecast("future of one window", (x, zeros(3, 1)), FUTURE, "(3, 1)"),
    forecast(
        "targets of two steps",
        (x,),
        "targets of shape (4, 3)",
        "found (4, 2)",
        n_future=0,
        targets=zeros(4, 2),
    ),
    *[
        row(
            "layers.Units.encode",
            mistake,
            lambda bad=bad: UNITS.encode(bad),
            ValueError,
            "values of shape (4, ..., horizon, 2)",
            f"found {tuple(bad.shape)}",
        )
        for mistake, bad in (
            ("no steps", zeros(4, 2)),
            ("one target", zeros(4, 3, 1)),
            ("other windows", zeros(1, 3, 2)),
        )
    ],
)

ROWS = [*LAYERS, *SHAPES]
