"""Functions of scikit-learn with types, since it has none of its own.

Without these, type checkers guess the types of its arguments from their defaults, and
find ``dtype=np.float32`` wrong where the default is a string.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils import check_array as _check_array
from sklearn.utils.validation import validate_data as _validate_data

check_array: Callable[..., np.ndarray] = _check_array
validate_data: Callable[..., Any] = _validate_data
