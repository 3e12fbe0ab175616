"""scikit-learn's own checks over every public estimator, discovered and not listed."""

import pytest
from common import ESTIMATORS, FEW_ORIGINS, make
from sklearn.utils.estimator_checks import parametrize_with_checks

from sktorch_forecast import (
    CalendarFeatures,
    ConformalForecaster,
    Forecaster,
    MLPForecaster,
    PretrainedForecaster,
    SeriesForecaster,
    SlidingWindow,
)

ROWS_IN_ORDER = (
    "a row of a time series gets the rows before it as its window, so what comes out "
    "for a row depends on which rows come in and in which order"
)
MINI_BATCHES = (
    "a mini-batch optimizer sees other batches when rows are repeated than when they "
    "are weighted; scikit-learn excuses its own SGDRegressor too. Weights are tested "
    "directly in test_training.py"
)
# Smaller networks, fewer layers and longer strides than by default: the checks fit
# hundreds of times. That they learn is tested in test_networks.py.
QUICK = {"lr": 0.02, "max_epochs": 2, "n_filters": 8, "dilations": (1, 2, 4)}
QUICK |= {"num_layers": 1, "n_blocks": 1, **FEW_ORIGINS}


def expected_failures(estimator):
    if isinstance(estimator, SlidingWindow):
        return {
            "check_methods_sample_order_invariance": ROWS_IN_ORDER,
            "check_methods_subset_invariance": ROWS_IN_ORDER,
        }
    if isinstance(estimator, PretrainedForecaster):
        return {}  # it trains nothing
    if isinstance(estimator, Forecaster):
        return {"check_sample_weight_equivalence_on_dense_data": MINI_BATCHES}
    return {}


# They read time indices and series, which the arrays of the checks are not. The checks
# run on the first in test_calendar_features.py, with the numbers taken as dates, and
# those of parameters on the second in test_series_forecaster.py.
NO_ARRAYS = {CalendarFeatures, SeriesForecaster}

# Parameters of the base class that change what a fit accepts or a forecast is; one
# network stands for all.
VARIANTS = [
    {"loss": "normal"},
    {"loss": "quantile", "quantiles": (0.1, 0.5, 0.9)},
    {"missing": "mask"},
    {"normalize": "last"},
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [make(cls, **QUICK) for cls in ESTIMATORS if cls not in NO_ARRAYS]
    + [make(MLPForecaster, **QUICK, **variant) for variant in VARIANTS]
    + [ConformalForecaster()],
    expected_failed_checks=expected_failures,
)
def test_estimator_check(estimator, check):
    check(estimator)
