"""Every network learns: one row each, with the error that it must stay under.

The data are synthetic waves, so the task has a known scale. The bounds leave a margin
above the worst of five seeds and are far below the naive forecast.
"""

import numpy as np
import pytest
from common import NETWORKS
from sklearn.metrics import mean_squared_error

from sktorch_forecast import NaiveForecaster
from sktorch_forecast.datasets import make_waves

SERIES = make_waves(n_series=1500, n_timestamps=34, noise=0.1, random_state=42)
TRAIN, TEST = SERIES[:1000], SERIES[1000:]
LENGTH, HORIZON = 30, 4

# network: (parameters, the mean squared error over four steps to stay under)
TABLE = {
    "ConvRNNForecaster": ({"max_epochs": 15}, 0.013),
    "EncoderDecoderForecaster": ({"max_epochs": 15}, 0.016),
    "GRUForecaster": ({"max_epochs": 15}, 0.014),
    "ITransformerForecaster": ({"max_epochs": 15}, 0.016),
    "LSTMForecaster": ({"max_epochs": 15}, 0.015),
    "MLPForecaster": ({"max_epochs": 15}, 0.015),
    "MinGRUForecaster": ({"max_epochs": 15}, 0.014),
    "NBEATSForecaster": ({"max_epochs": 15}, 0.014),
    "NHITSForecaster": ({"max_epochs": 15}, 0.015),
    "PatchTSTForecaster": ({"max_epochs": 15}, 0.013),
    "PretrainedForecaster": ({"fine_tune_epochs": 10, "lr": 0.001}, 0.018),
    "RNNForecaster": ({"max_epochs": 15}, 0.025),
    "SegRNNForecaster": ({"max_epochs": 15}, 0.015),
    "SparseTSFForecaster": ({"max_epochs": 15}, 0.022),
    "TFTForecaster": ({"max_epochs": 15}, 0.016),
    "TSMixerForecaster": ({"max_epochs": 15}, 0.016),
    "TiDEForecaster": ({"max_epochs": 15}, 0.014),
    "TorchForecaster": ({"max_epochs": 15}, 0.015),
    "WaveNetForecaster": ({"max_epochs": 5}, 0.018),
    "XLSTMForecaster": ({"max_epochs": 10}, 0.015),
}


def errors(forecaster):
    forecaster.fit(TRAIN[:, :LENGTH], TRAIN[:, LENGTH:])
    return mean_squared_error(TEST[:, LENGTH:], forecaster.predict(TEST[:, :LENGTH]))


def test_every_network_has_a_row():
    assert sorted(TABLE) == [cls.__name__ for cls in NETWORKS]


@pytest.mark.parametrize("cls", NETWORKS)
def test_network_stays_under_its_error(cls):
    params, bound = TABLE[cls.__name__]
    naive = errors(NaiveForecaster())
    assert bound < naive / 5
    assert errors(cls(**params, random_state=0)) < bound


@pytest.mark.parametrize("cls", NETWORKS)
def test_forecasts_follow_level_and_scale_of_the_series(cls):
    """The same forecasts in other units: 100 * x + 1000 for x."""
    X, y = TRAIN[:100, :LENGTH], TRAIN[:100, LENGTH:]
    plain = cls(max_epochs=2, random_state=0).fit(X, y).predict(X)
    scaled = cls(max_epochs=2, random_state=0).fit(100 * X + 1000, 100 * y + 1000)
    forecasts = scaled.predict(100 * X + 1000)
    np.testing.assert_allclose((forecasts - 1000) / 100, plain, atol=1e-3)
