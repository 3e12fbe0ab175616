"""Every private or version-dependent name of scikit-learn, skorch and torch.

Nothing else in the package uses a private name of these; a test looks for them. Each
stands here with the reason why the public ones do not do.
"""

# scikit-learn checks the parameters of its own estimators and functions with these, and
# tests for the messages; it offers nothing public that does the same.
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)

# The fit parameters of a part of the rows, as cross-validation takes them.
from sklearn.utils.validation import _check_method_params as check_method_params

# The weights of samples: their shape, their dtype, their sign, in scikit-learn's words.
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

# The number of rows of anything that scikit-learn takes for data.
from sklearn.utils.validation import _num_samples as num_samples

# Rows of anything that scikit-learn takes for data, frames of any kind among them.
from sklearn.utils import _safe_indexing as safe_indexing  # isort: skip

__all__ = [
    "HasMethods",
    "Interval",
    "Options",
    "StrOptions",
    "check_method_params",
    "check_sample_weight",
    "num_samples",
    "safe_indexing",
    "validate_parameter_constraints",
    "validate_params",
]
