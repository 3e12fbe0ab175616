"""What the checks of windows remember from a fit."""

import numpy as np
import pytest
from blocks import windows_of
from sklearn.base import BaseEstimator

from sktorch_forecast._data.inputs import check_windows


class Masking(BaseEstimator):
    def __init__(self, missing="mask"):
        self.missing = missing

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "mask"
        return tags


HOLE = np.array([[1.0], [np.nan], [3.0], [4.0]])
LAZY = windows_of(HOLE, [2, 3], 2, missing="mask")


@pytest.mark.parametrize("X", [LAZY, np.asarray(LAZY)], ids=["Windows", "array"])
def test_whether_values_may_be_missing_was_settled_in_the_fit(X):
    allows, forbids = Masking(), Masking("error")
    check_windows(allows, X, reset=True)
    check_windows(allows.set_params(missing="error"), X, reset=False)
    with pytest.raises(ValueError, match="missing values|NaN at row 0"):
        check_windows(allows, X, reset=True)
    check_windows(forbids, np.nan_to_num(X), reset=True)
    with pytest.raises(ValueError, match="missing values|NaN at row 0"):
        check_windows(forbids.set_params(missing="mask"), X, reset=False)


def test_without_a_fit_the_tags_tell():
    check_windows(Masking(), LAZY, reset=False)
    with pytest.raises(ValueError, match="without missing values for Masking"):
        check_windows(Masking("error"), LAZY, reset=False)
