"""The table of docs/models.rst: what each network takes, tried out when it is built.

A "yes" stands where a tiny fit and forecast with it went well. Errors and seconds are
those of ``measured_networks.jsonl``.
"""

import functools
import warnings

import numpy as np
import pandas as pd
from measured_networks import measured, part_of

from sktorch_forecast import make_windows
from sktorch_forecast.datasets import load_elnino
from sktorch_forecast.discovery import all_estimators

HORIZON, LENGTH = 4, 24
KINDS = ("past", "future", "static")
HEADS = [
    "network",
    "covariates",
    "distributions",
    "quantiles",
    "missing values",
    "several targets",
    "trains on all steps",
    "MC dropout",
    "weights",
    "MSE alone",
    "MSE with ridge",
    "seconds",
]


@functools.cache
def frame(with_gaps=False):
    """Two short series with a covariate of each kind and two targets."""
    random = np.random.default_rng(0)
    rows = 60
    parts = [
        pd.DataFrame(
            {
                "id": name,
                "time": np.arange(rows),
                "y": np.sin(np.arange(rows) / 4) + random.normal(scale=0.1, size=rows),
                "z": random.normal(size=rows),
                "past": random.normal(size=rows),
                "future": random.normal(size=rows),
                "static": size,
            }
        )
        for name, size in (("a", 1.0), ("b", 2.0))
    ]
    both = pd.concat(parts, ignore_index=True)
    if with_gaps:
        both.loc[::7, "y"] = np.nan
    return both


def takes(cls, columns=("y",), missing="error", **parameters):
    """Whether a network fits and forecasts windows with these columns."""
    roles = {kind: kind for kind in KINDS if kind in columns}
    targets = [name for name in ("y", "z") if name in columns]
    data = frame(missing == "mask")[["id", "time", *columns]]
    X, y = make_windows(
        data,
        horizon=HORIZON,
        length=LENGTH,
        id="id",
        time="time",
        target=targets,
        missing=missing,
        **roles,
    )
    if missing == "mask":
        parameters["missing"] = "mask"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = cls(max_epochs=1, random_state=0, **parameters).fit(X, y)
            return bool(np.isfinite(model.predict(X[-1:])).all())
    except (TypeError, ValueError):
        return False


def n_weights(cls):
    """Numbers that a network of the defaults learns for 12 months from 36."""
    X, y = make_windows(load_elnino(), horizon=12, length=36)
    net = cls(random_state=0).initialize(X, y).module_.network
    return sum(weight.numel() for weight in net.parameters() if weight.requires_grad)


def errors_of(name):
    """Mean errors on ETTh1, 96 hours ahead, and median seconds, as text."""
    known, results = measured()
    wanted = name.removesuffix("Forecaster").lower()
    found = [key for key in known if key.replace("-", "").lower() == wanted]
    if not found:
        return ["n/a"] * 3
    alone = part_of(results, found[0], 96, "none")
    beside = part_of(results, found[0], 96, "ridge")
    seconds = pd.concat([alone["seconds"], beside["seconds"]]).median()
    cells = [
        f"{part['MSE'].mean():.3f}" if len(part) else "n/a" for part in (alone, beside)
    ]
    return [*cells, "n/a" if pd.isna(seconds) else f"{seconds:.0f}"]


def row_of(name, cls):
    """Cells of one network."""
    kinds = [kind for kind in KINDS if takes(cls, ("y", kind))]
    tried = [
        takes(cls, loss="normal"),
        takes(cls, loss="quantile"),
        takes(cls, missing="mask"),
        takes(cls, ("y", "z")),
        takes(cls, train_on="all_steps"),
        "dropout" in cls().get_params(),
    ]
    return [
        f":class:`{name.removesuffix('Forecaster')} <sktorch_forecast.{name}>`",
        "all" if len(kinds) == 3 else ", ".join(kinds) or "none",
        *("yes" if answer else "no" for answer in tried),
        f"{n_weights(cls):,}",
        *errors_of(name),
    ]


def write_model_table(path):
    """Write one row for each network.

    Parameters
    ----------
    path : Path
        A file for ``.. include::``.
    """
    networks = [
        (name, cls)
        for name, cls in all_estimators("network")
        if name != "TorchForecaster"
    ]
    lines = [".. list-table::", "   :header-rows: 1", "   :class: models", ""]
    for cells in [HEADS, *(row_of(name, cls) for name, cls in networks)]:
        marks = ["*", *" " * (len(cells) - 1)]
        lines += [f"   {mark} - {cell}" for mark, cell in zip(marks, cells)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
