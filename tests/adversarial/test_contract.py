"""The public contract of forecasters, over all of ours and one of a third party."""

import numpy as np
import pytest
from common import FEW_ORIGINS, FORECASTERS, NETWORKS, make
from sklearn.base import BaseEstimator, RegressorMixin
from torch import nn

from sktorch_forecast import (
    ConformalForecaster,
    DeepEnsembleForecaster,
    EncoderDecoderForecaster,
    EnsembleForecaster,
    Forecaster,
    LSTMForecaster,
    MLPForecaster,
    RecursiveForecaster,
    TabularForecaster,
    TFTForecaster,
)
from sktorch_forecast._data.inputs import check_targets, check_windows
from sktorch_forecast._utils.atomic import unchanged_on_error
from sktorch_forecast.layers import Readout
from sktorch_forecast.testing import check_forecaster

QUICK = {"max_epochs": 2, "random_state": 0, "hidden_size": 4, **FEW_ORIGINS}
QUICK |= {"n_filters": 4, "dilations": (1, 2)}


class FlatNetwork(nn.Module):
    """Forecasts by one linear layer over the window."""

    def __init__(self, n_channels, length, output_shape):
        super().__init__()
        self.readout = Readout(length * n_channels, output_shape)

    def forward(self, x):
        return self.readout(x.flatten(1))


class FlatForecaster(Forecaster):
    """A network of one's own, whose dropout no parameter could tell of."""

    module = FlatNetwork


class MeanOfWindow(RegressorMixin, BaseEstimator):
    """As a third party would write it: forecasts the mean of each window."""

    def fit(self, X, y):
        with unchanged_on_error(self):
            X = check_windows(self, X, reset=True)
            check_targets(self, X, y, reset=True)
        return self

    def predict(self, X):
        X = check_windows(self, X, reset=False)
        windows = np.asarray(X).reshape(len(X), self.n_features_in_, -1)
        mean = windows[..., : self.n_targets_].mean(axis=1)
        y = np.tile(mean, (1, self.horizon_))
        return y.ravel() if self._y_is_1d else y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        return tags


# These read windows in different ways. They try what is the same around every network:
# the linear baseline beside it, and masks.
SOME = [MLPForecaster, LSTMForecaster, EncoderDecoderForecaster, TFTForecaster]
OTHERS = [cls for cls in FORECASTERS if cls not in NETWORKS]
MODELS = [make(cls, **QUICK) for cls in SOME + OTHERS]
MODELS += [make(cls, **QUICK, missing="mask") for cls in SOME]
MODELS += [
    MLPForecaster(loss="normal", max_epochs=2, random_state=0),
    MLPForecaster(loss="quantile", normalize="last", max_epochs=2, random_state=0),
    MLPForecaster(dropout=0.2, baseline=None, max_epochs=2, random_state=0),
    DeepEnsembleForecaster(
        MLPForecaster(max_epochs=2, baseline=None), 2, "snapshot", random_state=0
    ),
    EnsembleForecaster(
        [
            ("normal", MLPForecaster(loss="normal", max_epochs=2, random_state=0)),
            ("last", MLPForecaster(loss="quantile", max_epochs=2, random_state=0)),
        ],
        weights="stacked",
        random_state=0,
    ),
    ConformalForecaster(TabularForecaster(), random_state=0, **FEW_ORIGINS),
    ConformalForecaster(
        TabularForecaster(), method="adaptive", random_state=0, **FEW_ORIGINS
    ),
    RecursiveForecaster(TabularForecaster()),
    *(make(cls, **QUICK, baseline=None) for cls in NETWORKS),
    FlatForecaster(max_epochs=2, random_state=0),
    MeanOfWindow(),
]
CASES = [
    pytest.param(check, id=f"{' '.join(repr(model).split())}-{name}")
    for model in MODELS
    for name, check in check_forecaster(model)
]


@pytest.mark.parametrize("check", CASES)
def test_contract(check):
    check()


class Broken(MeanOfWindow):
    """Keeps to nothing."""

    def fit(self, X, y):
        self.horizon_ = 3  # whatever y says
        self.n_fits_ = getattr(self, "n_fits_", 0) + 1
        np.random.seed(0)  # noqa: NPY002 (the mistake itself)
        return self

    def predict(self, X):
        windows = np.asarray(X).reshape(len(X), -1)
        y = np.full((len(X), 3), windows.mean() + windows[-1, -1])
        return y + np.random.default_rng().normal(size=y.shape)

    def predict_interval(self, X, coverage=0.9):
        return np.full((len(X), 3, 1), 1 - coverage) * [-1, 1]


@pytest.mark.parametrize(
    "name",
    ["shapes", "no_leak", "determinism", "units", "rows", "nesting", "names", "atomic"],
)
def test_what_breaks_the_contract_is_found(name):
    [check] = [check for n, check in check_forecaster(Broken()) if n == name]
    with pytest.raises((AssertionError, ValueError, TypeError)):
        check()
