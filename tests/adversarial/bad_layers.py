"""Mistakes with the parts of networks that are public."""

import torch
from bad_rows import row, table
from torch import nn

from sktorch_forecast import layers

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
        "as many units as forecasts",
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
        "at most 2 together",
        "3 and 0",
    ),
    layer(
        "WindowNormalization",
        "all is future",
        (2,),
        ValueError,
        "at most 2 together",
        "1 and 2",
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
        "Flatten to put out (batch, horizon, n_targets, n_params)",
        "found (4, 12)",
        "layers.Readout",
    ),
    layer("GRU", "no units", (1, 0), ValueError, "hidden_size", "greater than zero"),
    layer("GRU", "inputs in text", ("a", 1), TypeError, "input_size", "str"),
)

ROWS = LAYERS
