"""Where fitted forecasters are kept: skops and MLflow."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from common import FEW_ORIGINS, NETWORKS, make
from sklearn.pipeline import make_pipeline

from sktorch_forecast import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    EnsembleForecaster,
    MLPForecaster,
    NaiveForecaster,
    RecursiveForecaster,
    SeriesForecaster,
    SlidingWindow,
    TabularForecaster,
    make_windows,
)
from sktorch_forecast.discovery import trusted_types
from sktorch_forecast.layers.families import FAMILIES

SERIES = 5 + np.sin(np.arange(60) / 4)
X, Y = make_windows(SERIES, horizon=2, length=8)
COUNTS = np.round(Y)
MLP = MLPForecaster(hidden_layer_sizes=(4,), max_epochs=1, random_state=0)


def mlp(**params):
    return make(MLPForecaster, hidden_layer_sizes=(4,), max_epochs=1, **params)


FITTED = {
    **{cls.__name__: make(cls, max_epochs=1, random_state=0) for cls in NETWORKS},
    **{loss: mlp(loss=loss) for loss in [*FAMILIES, "quantile"]},
    "alone": mlp(baseline=None, dropout=0.1, normalize="season", seasonality=4),
    "naive": NaiveForecaster(),
    "conformal": ConformalForecaster(MLP, **FEW_ORIGINS),
    "recursive": RecursiveForecaster(MLP, horizon=2),
    "ensemble": EnsembleForecaster([("mlp", MLP), ("naive", NaiveForecaster())]),
    "deep": DeepEnsembleForecaster(mlp(baseline=None, random_state=0), 2),
}


@pytest.mark.parametrize("forecaster", FITTED.values(), ids=FITTED)
def test_skops_loads_what_it_has_saved(forecaster):
    sio = pytest.importorskip("skops.io", reason="skops is not installed")
    forecaster.fit(X, COUNTS if forecaster is not FITTED["recursive"] else Y[:, 0])
    data = sio.dumps(forecaster)
    assert set(sio.get_untrusted_types(data=data)) <= set(trusted_types())
    loaded = sio.loads(data, trusted=trusted_types())
    np.testing.assert_array_equal(loaded.predict(X), forecaster.predict(X))


def test_skops_loads_a_pipeline():
    sio = pytest.importorskip("skops.io", reason="skops is not installed")
    rows, y = SERIES[:-1, None], SERIES[1:]
    pipeline = make_pipeline(SlidingWindow(8), MLP).fit(rows, y)
    loaded = sio.loads(sio.dumps(pipeline), trusted=trusted_types())
    np.testing.assert_array_equal(loaded.predict(rows), pipeline.predict(rows))


PANEL = pd.DataFrame(
    {"id": np.repeat(["a", "b"], 60), "time": [*range(60)] * 2, "y": [*SERIES] * 2}
).set_index(["id", "time"])


@pytest.mark.parametrize(
    "fit",
    [
        lambda: TabularForecaster().fit(X, Y),
        lambda: MLPForecaster(max_epochs=1).fit(
            *make_windows(PANEL, horizon=2, length=8)
        ),
        lambda: SeriesForecaster(MLP, horizon=2, length=8).fit(PANEL),
    ],
    ids=["tensors of its own", "names of series", "history"],
)
def test_skops_does_not_save_tensors_and_indexes(fit):
    """As the page says. If it does one day, the page is to change."""
    sio = pytest.importorskip("skops.io", reason="skops is not installed")
    with pytest.raises((RuntimeError, TypeError), match="construct|__reduce__"):
        sio.dumps(fit())


def test_trusted_types_are_types_that_there_are():
    types = trusted_types()
    assert types == sorted(set(types))
    assert f"{MLPForecaster.__module__}.MLPForecaster" in types
    assert f"{SlidingWindow.__module__}.SlidingWindow" in types
    for name in types:
        module, _, kind = name.rpartition(".")
        assert hasattr(import_module(module), kind), name


# MLflow's own database warns of what SQLAlchemy will remove.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(
    "forecaster, how",
    [
        (MLP, {"skops_trusted_types": trusted_types()}),
        (TabularForecaster(), {"serialization_format": "cloudpickle"}),
    ],
    ids=["skops", "cloudpickle"],
)
def test_mlflow_loads_what_it_has_logged(forecaster, how, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    forecaster.fit(X, Y)
    # Without, MLflow looks for what is needed in a process that takes seconds.
    how = {"pip_requirements": ["sktorch-forecast"]} | how
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(forecaster, name="forecaster", **how)
    loaded = mlflow.sklearn.load_model(logged.model_uri)
    np.testing.assert_array_equal(loaded.predict(X), forecaster.predict(X))
    served = mlflow.pyfunc.load_model(logged.model_uri)
    windows = np.asarray(X)[..., 0]
    np.testing.assert_array_equal(served.predict(windows), forecaster.predict(X))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_mlflow_keeps_what_skops_cannot(tmp_path):
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
    model = SeriesForecaster(MLP, horizon=2, length=8).fit(PANEL)
    how = {"serialization_format": "cloudpickle", "pip_requirements": ["torch"]}
    mlflow.sklearn.save_model(model, tmp_path / "model", **how)
    loaded = mlflow.sklearn.load_model(tmp_path / "model")
    pd.testing.assert_frame_equal(loaded.forecast(), model.forecast())


def test_mlflow_asks_whom_to_trust(tmp_path):
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
    with pytest.raises(mlflow.exceptions.MlflowException, match="skops_trusted_types"):
        mlflow.sklearn.save_model(
            MLP.fit(X, Y), tmp_path / "model", pip_requirements=["sktorch-forecast"]
        )
