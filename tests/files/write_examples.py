"""Write a small file of every estimator, for the test that loads them in all versions.

Run it after a new estimator was added: ``python tests/files/write_examples.py``. It
writes what is missing and never touches what is there: old files must load for ever,
and forecast what they forecast when they were written.
"""

import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "examples"
SMALL = {
    "dilations": (1, 2),
    "dropout": 0.1,
    "hidden_layer_sizes": (3,),
    "hidden_size": 3,
    "kernel_size": 2,
    "loss": "normal",
    "n_filters": 2,
    "n_heads": 1,
    "num_layers": 1,
}


def models():
    """One of each class, fitted, by name, and what it is to forecast."""
    from common import ESTIMATORS, FEW_ORIGINS, make
    from nets import X, Y
    from sklearn.pipeline import make_pipeline
    from stores import ROLES, panel

    from sktorch_forecast import (
        CalendarFeatures,
        PretrainedForecaster,
        SeriesForecaster,
        SlidingWindow,
    )

    frame = panel(n_days=24, n_stores=2)
    for cls in ESTIMATORS:
        params = SMALL
        if cls is PretrainedForecaster:
            params = SMALL | {"loss": "quantile"}
        small = make(cls, max_epochs=1, random_state=0, **FEW_ORIGINS, **params)
        if cls is SeriesForecaster:
            model = SeriesForecaster(_network(), horizon=3, length=8, **ROLES)
            yield cls.__name__, model.fit(frame)
        elif cls is CalendarFeatures:
            yield cls.__name__, small.fit(frame.set_index("day"))
        elif cls is SlidingWindow:
            yield cls.__name__, make_pipeline(SlidingWindow(4), _network()).fit(X, Y)
        else:
            yield cls.__name__, small.fit(X, Y)


def _network():
    from common import make

    from sktorch_forecast import GRUForecaster

    return make(GRUForecaster, max_epochs=1, random_state=0, **SMALL)


def said(model):
    """What an estimator says, as an array."""
    from nets import X
    from stores import panel

    from sktorch_forecast import CalendarFeatures, SeriesForecaster

    frame = panel(n_days=24, n_stores=2)
    if isinstance(model, CalendarFeatures):
        return np.asarray(model.transform(frame.set_index("day")), dtype=float)
    if isinstance(model, SeriesForecaster):
        ahead = panel(n_days=27, n_stores=2)
        ahead = ahead.groupby("store").tail(3)[["store", "day", "price", "holiday"]]
        return model.forecast(X_future=ahead).to_numpy()
    return model.predict(X[-3:])


def main():
    from sktorch_forecast import save

    FOLDER.mkdir(exist_ok=True)
    for name, model in models():
        path = FOLDER / f"{name}.safetensors"
        if not path.exists():
            save(model, path)
            np.savetxt(path.with_suffix(".txt"), said(model).reshape(-1))
            print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
