"""scikit-learn functions with type annotations, since it has none of its own.

Without these, type checkers infer the types of arguments from their defaults, and
reject ``dtype=np.float32`` where the default is a string.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils import check_array as _check_array
from sklearn.utils.validation import validate_data as _validate_data

check_array: Callable[..., np.ndarray] = _check_array
validate_data: Callable[..., Any] = _validate_data
