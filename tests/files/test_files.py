"""What was saved comes back: the same forecasts, and the same training from there on.

The expected values are those of the estimator that was saved, bit for bit.
"""

import numpy as np
import pandas as pd
import pytest
import torch
from common import ESTIMATORS, FORECASTERS, cheap
from nets import X, Y, assert_same_bits, forecaster, weights
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import EpochScoring, LRScheduler
from stores import NAMES, ROLES, panel, without_end
from test_fitted import CASES, everything

from sktorch_forecast import (
    CalendarFeatures,
    ConformalForecaster,
    EnsembleForecaster,
    MLPForecaster,
    NaiveForecaster,
    SeriesForecaster,
    SlidingWindow,
    TabularForecaster,
    load,
    save,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def saved(model, path):
    save(model, path)
    return load(path)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_parameters_come_back(cls, path):
    model = cheap(cls)
    back = saved(model, path)
    assert type(back) is cls
    assert repr(back) == repr(model)
    assert vars(back).keys() == vars(model).keys()


@pytest.mark.parametrize("model", CASES, ids=repr)
def test_forecasts_have_the_same_bits(model, path):
    model = clone(model).fit(X, Y)
    model.save(path)
    expected, found = everything(model), everything(load(path))
    assert expected.keys() == found.keys()
    for name in expected:
        assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize("params", [
    {},
    {"optimizer": torch.optim.AdamW, "optimizer__weight_decay": 0.1},
    {"optimizer": torch.optim.SGD, "optimizer__momentum": 0.9},
    {"loss": "normal", "dropout": 0.3},
    {"loss": "mae", "baseline": "ridge"},
    {"criterion": torch.nn.HuberLoss, "criterion__delta": 0.3},
    {"normalize": "season", "seasonality": 4},
    {"random_state": np.random.RandomState(3)},
    {"callbacks": [
        ("rate", LRScheduler("StepLR", step_size=1, gamma=0.5)),
        ("score", EpochScoring("neg_mean_absolute_error")),
    ]},
], ids=lambda params: " ".join(params) or "defaults")  # fmt: skip
def test_training_goes_on_with_the_same_bits(params, path):
    model = forecaster(**params).fit(X, Y)
    back = saved(model, path)
    assert [row["train_loss"] for row in back.history] == model.history[:, "train_loss"]
    for _ in range(2):
        assert_same_bits(
            weights(back.partial_fit(X, Y)), weights(model.partial_fit(X, Y))
        )


def test_a_shared_random_state_stays_shared(path):
    shared = np.random.RandomState(0)
    members = [
        ("one", forecaster(random_state=shared)),
        ("other", forecaster(random_state=shared)),
    ]
    back = dict(saved(EnsembleForecaster(members), path).estimators)
    assert back["one"].random_state is back["other"].random_state
    assert back["one"].random_state.randint(100) == shared.randint(100)


@pytest.mark.parametrize("model", [
    make_pipeline(SlidingWindow(4), cheap(MLPForecaster)),
    TabularForecaster(RandomForestRegressor(3, random_state=0)),
    TabularForecaster(HistGradientBoostingRegressor(max_iter=3)),
    TabularForecaster(make_pipeline(StandardScaler(), Ridge())),
    TransformedTargetRegressor(cheap(MLPForecaster), func=np.arcsinh,
                               inverse_func=np.sinh),
    GridSearchCV(cheap(MLPForecaster), {"lr": [0.1, 0.01]}, cv=2),
], ids=lambda model: type(model).__name__)  # fmt: skip
def test_estimators_of_scikit_learn_around_and_within(model, path):
    model = clone(model).fit(X, Y)
    assert_array_equal(saved(model, path).predict(X), model.predict(X))


FRAMES = {
    "days": {"time": lambda frame: frame["day"]},
    "zone": {"time": lambda frame: frame["day"].dt.tz_localize("Europe/Berlin")},
    "months": {"time": lambda frame: frame["day"].dt.to_period("D")},
    "numbers": {"time": lambda frame: frame.groupby("store").cumcount()},
    "categories": {"id": lambda frame: frame["store"].astype("category")},
    "dates as ids": {
        "id": lambda frame: (
            pd.Timestamp("2020-01-01")
            + pd.to_timedelta(frame["store"].str[-1].astype(int), "D")
        )
    },
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_of_all_kinds(kind, path):
    frame = panel()[list(NAMES.values())]
    for role, column in FRAMES[kind].items():
        frame[NAMES[role]] = column(frame)
    frame, _ = without_end(frame, 0)
    model = SeriesForecaster(NaiveForecaster(7), horizon=3, length=8, **NAMES)
    model.fit(frame)
    assert_frame_equal(saved(model, path).forecast(), model.forecast())


def test_a_series_forecaster_goes_on(path):
    known, new = without_end(panel(), 5)
    network = ConformalForecaster(forecaster(max_epochs=1), coverage=0.6)
    model = SeriesForecaster(network, horizon=2, length=6, **ROLES).fit(known)
    back = saved(model, path)
    for one in (back, model):
        one.update(new[new["day"] < new["day"].max()])
    ahead = new[["store", "day", "price", "holiday"]]
    ahead = ahead.assign(day=ahead["day"] + pd.Timedelta("4D"))
    assert_frame_equal(back.forecast(X_future=ahead), model.forecast(X_future=ahead))


def test_transformers(path):
    days = pd.DataFrame(index=pd.date_range("2024-01-01", periods=40))
    model = CalendarFeatures().fit(days)
    expected = model.transform(days)
    assert_frame_equal(
        pd.DataFrame(saved(model, path).transform(days)), pd.DataFrame(expected)
    )


@pytest.mark.parametrize("cls", FORECASTERS)
def test_a_file_is_written_over(cls, path):
    save(cheap(NaiveForecaster), path)
    path.chmod(0o640)
    model = cheap(cls)
    save(model, path)
    assert repr(load(path)) == repr(model)
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.iterdir()) == [path]
