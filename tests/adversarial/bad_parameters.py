"""Mistakes with parameters of networks, set on a fitted one before the next fit."""

import numpy as np
import skorch
import torch
from bad_rows import row, table
from bad_subjects import NETWORKS, SIZES, TRAINED, VALUES, X2, X, Y, fit_again
from sklearn.preprocessing import StandardScaler

from sktorch_forecast import (
    Forecaster,
    LSTMForecaster,
    MLPForecaster,
    make_windows,
)

ROWS = make_windows(VALUES, **SIZES)[0]


class GivesFloat(torch.nn.Module):
    def forward(self, y_pred, y_true):
        return float(y_true.abs().mean())


class GivesTuple(torch.nn.Module):
    def forward(self, y_pred, y_true):
        return (y_pred - y_true).abs().mean(), 1


def change(mistake, error, *words, on="MLP", call=fit_again, **params):
    entry = "set_params, then fit"
    return row(entry, mistake, call, error, *words, on=on, params=params)


def shown(value):
    """How the message shows a value; what torch and skorch make of theirs varies."""
    return "Got" if callable(value) else f"Got {value!r}"


def each(name, expected, values, on="MLP", **others):
    """Rows of several wrong values of one parameter; the first on every subject."""
    subjects = on if isinstance(on, tuple) else (on,)
    for number, value in enumerate(values):
        given = others | {name: value}
        yield from change(
            f"{name}={value!r}"[:60],
            ValueError,
            f"The '{name}' parameter of",
            f"must be {expected}",
            shown(value),
            on=subjects if not number else subjects[0],
            **given,
        )


ONE_ON = "an int in the range [1, inf)"
ABOVE_0 = "a float in the range (0.0, inf)"
FLAG = "an instance of 'bool'"
SHARE = "a float in the range [0.0, 1.0]"
ENCODER = "encoder-decoder"
SEED = "an int in the range [0, 4294967295]"

BY_THEMSELVES = table(
    each("lr", ABOVE_0, ["fast", None, 0, np.nan, np.inf, True, [0.1], 1j], NETWORKS),
    each("max_epochs", ONE_ON, [0, -1, 1.5, "10", None, True, np.inf], NETWORKS),
    each("batch_size", ONE_ON, [0, -2, 1.5, "all", None, True], NETWORKS),
    each("clip_grad_norm", ABOVE_0, [0.0, -1, "a", np.nan, True], NETWORKS),
    each("early_stopping", FLAG, [5, "yes", None], NETWORKS),
    each(
        "validation_fraction",
        "a float in the range (0.0, 1.0)",
        [1.0, 0, 20, "a", None, np.nan],
        NETWORKS,
    ),
    each("n_iter_no_change", ONE_ON, [0, None, 2.5], NETWORKS),
    each("train_split", "a str among {'last'}", ["first", 0.2, 5], NETWORKS),
    each("callbacks", "an instance of 'list'", [3, "early", {"a": 1}], NETWORKS),
    each("warm_start", FLAG, [2, "yes", None], NETWORKS),
    each("iterator_train", "a callable", ["a", None, 3], NETWORKS),
    each("iterator_valid", "a callable", ["a", None, 3], NETWORKS),
    each("dataset", "a callable", ["a", None, 3], NETWORKS),
    each("n_mc_samples", ONE_ON, [0, -1, 1.5, "a", True], NETWORKS),
    each("device", "an instance of 'str'", [3, ["cpu"], 1.5, torch.float32], NETWORKS),
    each("precision", "a str among {", ["fp16", None, 32, torch.bfloat16], NETWORKS),
    each("compile", FLAG, ["yes", None, 3], NETWORKS),
    each("use_caching", FLAG, ["no", 3], NETWORKS),
    each("torch_load_kwargs", "an instance of 'dict'", ["cpu", 3], NETWORKS),
    each("n_threads", ONE_ON, [0, 1.5, "all", True], NETWORKS),
    each("random_state", SEED, ["seed", -1, 1.5, 2**40], NETWORKS),
    each("verbose", "an int in the range [0, inf)", ["a", None, -1, [1]], NETWORKS),
    each("normalize", "a str among {", ["windows", True, ["window"]], NETWORKS),
    each("normalize", "a str among {", [StandardScaler()]),
    each("seasonality", ONE_ON, [0, -1, 1.5, "12", True], NETWORKS),
    each("missing", "a str among {", ["drop", None, True, np.nan], NETWORKS),
    each("baseline", "a str among {'ridge'}", ["arima", True, 1], NETWORKS),
    each("train_on", "a str among {", ["every_step", None], NETWORKS),
    each("loss", "a str among {", ["rmse", "MSE", None, 3, ["mse"]], NETWORKS),
    each("quantiles", "an array-like or None", [0.5, "01"], NETWORKS, loss="quantile"),
    each("n_components", ONE_ON, [0, 1.5, "3", True], TRAINED, loss="mixture"),
    each("criterion", "a callable or None", ["mse", 3], NETWORKS),
    each("optimizer", "a callable", ["adam", None, 3], NETWORKS),
    each("hidden_layer_sizes", "an instance of 'tuple'", [8, "8", None]),
    each("activation", "a str among {", ["RELU", "gelu", None, torch.nn.ReLU]),
    each("dropout", "a float in the range [0.0, 1.0)", [1, -0.1, "a", None, True]),
    each("nonlinearity", "a str among {", ["sigmoid", None], "RNN"),
    each("readout", FLAG, ["no"], "RNN"),
    each("hidden_size", ONE_ON, [0, 1.5, "a", None, True, (8,)], "LSTM"),
    each("num_layers", ONE_ON, [0, 2.5], "LSTM"),
    each("bidirectional", FLAG, ["yes"], "LSTM"),
    each("bptt_steps", ONE_ON, [0, "a"], "LSTM"),
    each("cell", "a str among {", ["GRU", None, torch.nn.GRU], "ConvRNN"),
    each("n_filters", ONE_ON, [0, "a"], ("ConvRNN", "WaveNet")),
    each("kernel_size", ONE_ON, [0], "ConvRNN"),
    each("kernel_size", "an int in the range [2, inf)", [1], "WaveNet"),
    each("stride", ONE_ON, [0, 1.5], "ConvRNN"),
    each("dilations", "an instance of 'tuple'", [4], "WaveNet"),
    each("teacher_forcing", SHARE, [1.5, "a"], ENCODER),
    each("teacher_forcing_decay", SHARE, [2, None], ENCODER),
    each("cell", "a str among {", ["transformer"], ENCODER),
)

ENTRIES = "each of hidden_layer_sizes must be a positive integer"
INSIDE = table(
    change("no units", ValueError, ENTRIES, "found 0", hidden_layer_sizes=(8, 0)),
    change("units of text", TypeError, ENTRIES, "'a'", hidden_layer_sizes=("a",)),
    change("half a unit", TypeError, ENTRIES, "1.5", hidden_layer_sizes=(1.5,)),
    change("units in lists", TypeError, ENTRIES, "[8]", hidden_layer_sizes=[[8]]),
    change("boolean units", TypeError, ENTRIES, "True", hidden_layer_sizes=(True,)),
    change(
        "dilation of 0", ValueError, "each of dilations", on="WaveNet", dilations=(0,)
    ),
    change(
        "dilation of text", TypeError, "each of", "'a'", on="WaveNet", dilations=("a",)
    ),
    change(
        "no dilation", ValueError, "at least one", "none", on="WaveNet", dilations=()
    ),
)

LEVELS = "quantiles as increasing numbers between 0 and 1"
NO_CALLBACK = "callbacks as skorch callbacks"
TOGETHER = table(
    *[
        change(
            f"quantiles={levels!r}",
            ValueError,
            words,
            f"found {levels!r}",
            loss="quantile",
            quantiles=levels,
        )
        for levels, words in (
            ((0.5,), "at least two quantiles"),
            ((0.9, 0.1), LEVELS),
            ((0.0, 0.5), LEVELS),
            ((0.1, 1.0), LEVELS),
            ([], LEVELS),
            ((float("nan"), 0.5), LEVELS),
            (((0.1, 0.9),), LEVELS),
            ((0.1, 0.1), LEVELS),
            (("a", "b"), LEVELS),
        )
    ],
    change(
        "quantiles of another loss",
        ValueError,
        "loss='quantile' with quantiles",
        "loss='mse'",
        "Set both or neither",
        quantiles=(0.1, 0.9),
    ),
    *[
        change(
            f"callbacks={value!r}"[:60], TypeError, NO_CALLBACK, "e.g.", callbacks=value
        )
        for value in ([3], ["print"], [None], [("a", 3)], [("a",)], [torch.nn.ReLU])
    ],
    change(
        "class as train_split",
        TypeError,
        "train_split as an instance",
        "ValidSplit(5)",
        train_split=skorch.dataset.ValidSplit,
    ),
    change(
        "function as criterion",
        TypeError,
        "criterion as a torch loss",
        "function mse_loss",
        "torch.nn.MSELoss",
        criterion=torch.nn.functional.mse_loss,
    ),
    *[
        change(
            f"criterion={name}",
            ValueError,
            "criterion as a regression loss",
            "MSELoss, L1Loss",
            f"found {name}",
            "forward(y_pred, y_true)",
            criterion=getattr(torch.nn, name),
        )
        for name in (
            "CrossEntropyLoss",
            "BCEWithLogitsLoss",
            "BCELoss",
            "NLLLoss",
            "KLDivLoss",
            "HingeEmbeddingLoss",
            "CosineEmbeddingLoss",
            "ReLU",
        )
    ],
    change(
        "classification in an instance",
        ValueError,
        "criterion as a regression loss",
        "found CrossEntropyLoss",
        criterion=torch.nn.CrossEntropyLoss(),
    ),
    change(
        "criterion of every output",
        ValueError,
        "MSELoss to return one number for a batch",
        "found shape (",
        criterion=torch.nn.MSELoss(reduction="none"),
    ),
    change(
        "criterion of numbers",
        TypeError,
        "GivesFloat to return one number for a batch, a tensor",
        "found a float",
        criterion=GivesFloat,
    ),
    change(
        "criterion of pairs",
        TypeError,
        "GivesTuple to return one number for a batch",
        "found a tuple",
        criterion=GivesTuple,
    ),
    change(
        "criterion and loss",
        ValueError,
        "either loss or criterion",
        "loss='mae'",
        "Set only one",
        criterion=torch.nn.MSELoss,
        loss="mae",
    ),
    change(
        "loss as optimizer",
        TypeError,
        "optimizer as a class of torch.optim",
        "MSELoss",
        "torch.optim.AdamW",
        optimizer=torch.nn.MSELoss,
    ),
    change(
        "optimizer that is made already",
        ValueError,
        "'optimizer' parameter",
        "must be a callable",
        optimizer=torch.optim.SGD([torch.zeros(1)], lr=1.0),
    ),
    *[
        change(
            f"device={device!r}",
            ValueError,
            "device that torch can use here, such as 'cpu'",
            f"found {device!r}",
            device=device,
        )
        for device in ("gpu", "cuda:99", "", "meta")
    ],
    change(
        "season without its length",
        ValueError,
        "seasonality of at least 1 with normalize='season'",
        "found None",
        "seasonality=12",
        on=NETWORKS,
        normalize="season",
    ),
    change(
        "cycle without its length",
        ValueError,
        "seasonality of at least 1 with normalize='cycle'",
        "found None",
        "seasonality=12",
        on=NETWORKS,
        normalize="cycle",
    ),
    *[
        change(
            f"cycle of {what}",
            ValueError,
            "windows with times for normalize='cycle'",
            f"found {found}",
            "a series or frame with timestamps",
            call=lambda model, X=windows: model.fit(X, Y),
            on=NETWORKS,
            normalize="cycle",
            seasonality=4,
        )
        for what, found, windows in (
            ("an array of windows", "an array", X2),
            ("windows of an array", "unnamed row numbers", ROWS),
        )
    ],
    change(
        "season longer than the window",
        ValueError,
        "at least seasonality=7 timestamps",
        "found 6",
        "Make longer windows",
        on=NETWORKS,
        normalize="season",
        seasonality=7,
    ),
    *[
        change(
            f"{loss} with a season of the window",
            ValueError,
            "more than seasonality=6 timestamps",
            f"loss='{loss}'",
            "found 6",
            loss=loss,
            seasonality=6,
        )
        for loss in ("mase", "smape+mase")
    ],
    change(
        "all steps of a network without any",
        ValueError,
        "train_on='last_step'",
        "found 'all_steps'",
        on=("MLP", "encoder-decoder"),
        train_on="all_steps",
    ),
    change(
        "all steps with a season",
        ValueError,
        "train_on='last_step' with normalize='season'",
        "would know what follows",
        on="LSTM",
        train_on="all_steps",
        normalize="season",
        seasonality=2,
    ),
    change(
        "all steps read backwards",
        ValueError,
        "bidirectional=False with train_on='all_steps'",
        "Use train_on='last_step'",
        on="LSTM",
        train_on="all_steps",
        bidirectional=True,
    ),
    change(
        "truncated backwards",
        ValueError,
        "bptt_steps=None with bidirectional=True",
        "found 2",
        on="LSTM",
        bptt_steps=2,
        bidirectional=True,
    ),
    change(
        "units that are no forecasts",
        ValueError,
        "as many units as outputs",
        "found 2 units and 3",
        "hidden_size=3",
        on="RNN",
        readout=False,
    ),
    *[
        change(
            f"loss={loss!r} of real numbers",
            ValueError,
            "y to hold counts",
            f"loss={loss!r}",
            "such as 'normal'",
            on=TRAINED,
            loss=loss,
        )
        for loss in ("poisson", "negative_binomial")
    ],
    change(
        "loss='lognormal' of negative numbers",
        ValueError,
        "y to hold positive values",
        "loss='lognormal'",
        call=lambda model: model.fit(X, np.asarray(Y) - 10),
        loss="lognormal",
    ),
    change(
        "learning rate beyond reason",
        ValueError,
        "from the first epoch on",
        "smaller lr",
        on=TRAINED,
        lr=1e30,
    ),
)


def unknown(name, nearest, value=1):
    return row(
        "set_params",
        f"{name}=",
        lambda model: model.set_params(**{name: value}),
        ValueError,
        f"Invalid parameter {name!r}",
        f"did you mean {nearest!r}",
        "Valid parameters are",
        on="MLP",
    )


NAMES = table(
    unknown("learning_rate", "lr"),
    unknown("epochs", "max_epochs"),
    unknown("max_iter", "max_epochs"),
    unknown("alpha", "optimizer__weight_decay"),
    unknown("batchsize", "batch_size"),
    unknown("optimizer__weight_deca", "optimizer__weight_decay"),
    unknown("criterion__reductions", "criterion__reduction"),
    unknown("iterator_train__suffle", "iterator_train__shuffle"),
    unknown("callbacks__print_logs", "callbacks__print_log"),
    unknown("callbacks__print_log__sinks", "callbacks__print_log__sink"),
    unknown("modul__hidden_layer_sizes", "module__hidden_layer_sizes"),
    row(
        "set_params",
        "a module of torch as loss",
        lambda model: model.set_params(loss=torch.nn.MSELoss()),
        TypeError,
        "value for the parameter loss",
        "MSELoss",
        "criterion=",
        on="MLP",
    ),
    row(
        "constructors",
        "a module of torch as loss",
        lambda: MLPForecaster(loss=torch.nn.MSELoss()),
        TypeError,
        "value for the parameter loss",
        "criterion=",
    ),
    row(
        "constructors",
        "unknown name",
        lambda: LSTMForecaster(hidden=3),
        TypeError,
        "Invalid parameter 'hidden'",
        "did you mean 'hidden_size'",
    ),
    row(
        "constructors",
        "unknown name of the optimizer",
        lambda: MLPForecaster(optimizer__lrr=3),
        TypeError,
        "Invalid parameter 'optimizer__lrr'",
        "'optimizer__lr'",
    ),
    row(
        "constructors",
        "sizes by position",
        lambda: MLPForecaster((8,)),
        TypeError,
        "positional argument",
    ),
    row(
        "fit",
        "the base of all networks",
        lambda: Forecaster().fit([[1.0, 2.0]] * 9, [1.0] * 9),
        TypeError,
        "a class that names its network",
        "found Forecaster",
        "subclass",
    ),
)

ROWS = [*BY_THEMSELVES, *INSIDE, *TOGETHER, *NAMES]
