"""The parameters that all networks share: their types and constraints.

A network's constructor takes them as ``**shared: Unpack[SharedParameters]`` (PEP 692).
Defaults and descriptions are in ``Forecaster``; a test keeps the names in sync.
"""

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, Literal, TypedDict

import torch
from skorch.callbacks import Callback

from .._utils.compat import Interval, Options, StrOptions
from .._utils.typing import RandomState
from .._utils.validation import JOBS
from ..layers.families import FAMILIES
from ..layers.losses import LOSSES
from ..layers.normalization import KINDS, Kind
from .device import Precision

_AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")

Loss = Literal[
    "mse",
    "mae",
    "huber",
    "smape",
    "mase",
    "smape+mase",
    "quantile",
    "normal",
    "student_t",
    "laplace",
    "lognormal",
    "poisson",
    "negative_binomial",
    "mixture",
]


class SkorchParameters(TypedDict, total=False):
    """The most common of skorch's ``prefix__name`` parameters.

    There are more, for every parameter of the optimizer, the criterion, the module, the
    callbacks and the iterators: `set_params` and the constructor take them all, but a
    type checker knows only these.
    """

    optimizer__weight_decay: float
    optimizer__momentum: float
    optimizer__betas: tuple[float, float]
    optimizer__param_groups: list[tuple[str, dict[str, Any]]]
    criterion__reduction: str
    iterator_train__shuffle: bool
    iterator_train__batch_size: int
    iterator_train__num_workers: int
    iterator_valid__batch_size: int
    iterator_valid__num_workers: int
    callbacks__print_log: Callback | None
    callbacks__best_weights: Callback | None


class SharedParameters(SkorchParameters, total=False):
    """Parameters of ``Forecaster``, by name."""

    loss: Loss
    normalize: Kind | None
    seasonality: int | None
    baseline: Literal["ridge"] | None
    missing: Literal["error", "mask"]
    lr: float
    max_epochs: int
    batch_size: int
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    random_state: RandomState
    verbose: int
    quantiles: Sequence[float] | None
    n_components: int
    n_mc_samples: int | None
    train_on: Literal["last_step", "all_steps"]
    optimizer: type[torch.optim.Optimizer]
    criterion: type[torch.nn.Module] | torch.nn.Module | None
    clip_grad_norm: float | None
    train_split: Literal["last"] | Callable[..., Any] | None
    callbacks: Sequence[Any] | Literal["disable"] | None
    warm_start: bool
    device: str
    n_threads: int | None
    precision: Precision
    compile: bool
    iterator_train: type
    iterator_valid: type
    dataset: type
    use_caching: bool | Literal["auto"]
    torch_load_kwargs: dict[str, Any] | None


# Constraints checked in `fit`.
CONSTRAINTS: dict[str, Any] = {
    "normalize": [StrOptions(set(KINDS)), None],
    "seasonality": [_AT_LEAST_ONE, None],
    "baseline": [StrOptions({"ridge"}), None],
    "missing": [StrOptions({"error", "mask"})],
    "train_on": [StrOptions({"last_step", "all_steps"})],
    "loss": [StrOptions({*LOSSES, *FAMILIES, "quantile"})],
    "quantiles": ["array-like", None],
    "n_components": [_AT_LEAST_ONE],
    "criterion": [callable, None],
    "optimizer": [callable],
    "callbacks": [list, StrOptions({"disable"}), None],
    "lr": [_POSITIVE],
    "max_epochs": [_AT_LEAST_ONE],
    "batch_size": [_AT_LEAST_ONE, Options(Integral, {-1})],
    "clip_grad_norm": [_POSITIVE, None],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [_AT_LEAST_ONE],
    "train_split": [StrOptions({"last"}), callable, None],
    "warm_start": ["boolean"],
    "iterator_train": [callable],
    "iterator_valid": [callable],
    "dataset": [callable],
    "n_mc_samples": [_AT_LEAST_ONE, None],
    "device": [str, torch.device, None],
    "precision": [StrOptions({"fp32", "bf16"})],
    "compile": ["boolean"],
    "use_caching": ["boolean", StrOptions({"auto"})],
    "torch_load_kwargs": [dict, None],
    "n_threads": JOBS,
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}
