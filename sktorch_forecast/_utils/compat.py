"""Every private or version-dependent name of scikit-learn, skorch and torch.

Nothing else in the package uses their private names; a test checks this. Each comes
with the reason why the public names are not enough.
"""

from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar, cast

import numpy as np
import torch

# The base of what make_scorer returns: weights, metadata routing, and one forecast for
# several scorers. make_scorer itself passes a metric only y_true and y_pred, and some
# of our metrics need X, or more than what predict returns.
from sklearn.metrics._scorer import _BaseScorer

# scikit-learn checks the parameters of its own estimators and functions with these, and
# tests the messages; it offers nothing public that does the same.
from sklearn.utils._param_validation import (
    HasMethods,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils._param_validation import Interval as _Interval
from sklearn.utils._param_validation import validate_params as _validate_params

# The fit parameters for some of the rows, as in cross-validation.
from sklearn.utils.validation import _check_method_params as check_method_params

# Checks shape, dtype and sign of sample weights, with scikit-learn's messages.
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

# The number of rows of anything scikit-learn accepts as data, and some of them.
from sklearn.utils.validation import _num_samples as num_samples

from sklearn.utils import _safe_indexing as safe_indexing  # isort: skip

# What a notebook shows for an estimator; without it, lists of parts are not shown.
from sklearn.utils._repr_html.estimator import _VisualBlock
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.metaestimators import available_if as _available_if
from skorch import NeuralNetRegressor
from skorch.callbacks import Callback
from skorch.history import History
from skorch.utils import to_device

_F = TypeVar("_F", bound=Callable[..., Any])


class Interval(_Interval):
    """scikit-learn's, without booleans: to Python they are numbers, to users mistakes.

    There ``max_epochs=True`` means a single epoch, which nobody wants.
    """

    def is_satisfied_by(self, val: Any) -> bool:
        return not isinstance(val, (bool, np.bool_)) and super().is_satisfied_by(val)


def available_if(check: Callable[[Any], bool]) -> Callable[[_F], _F]:
    """scikit-learn's, which by itself hides the method's signature from editors."""
    return cast(Callable[[_F], _F], _available_if(check))


def validate_params(
    constraints: dict[str, Any], *, prefer_skip_nested_validation: bool
) -> Callable[[_F], _F]:
    """scikit-learn's, which by itself hides the function's signature from editors."""
    decorate = _validate_params(
        constraints, prefer_skip_nested_validation=prefer_skip_nested_validation
    )
    return cast(Callable[[_F], _F], decorate)


class Composition(_BaseComposition):
    """An estimator made of named ones: ``gru__lr`` is the `lr` of the one named "gru".

    scikit-learn has nothing public for this, but builds its own on it.
    """

    estimators: list[tuple[str, Any]]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters of this estimator and, if `deep`, of those in it.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the estimators by name, and their parameters.

        Returns
        -------
        params : dict of str to object
        """
        return self._get_params("estimators", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator, estimators in it, or their parameters.

        Parameters
        ----------
        **params : dict
            Named as in `get_params`; "drop" in place of an estimator leaves it out.

        Returns
        -------
        self : estimator
        """
        self._set_params("estimators", **params)
        return self

    def check_names(self, names: list[str]) -> None:
        """Raise a ValueError unless they differ, lack "__" and are not parameters."""
        self._validate_names(names)

    def _sk_visual_block_(self):
        names, estimators = zip(*self.estimators)
        return _VisualBlock("parallel", estimators, names=names)


def foreach_norm(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """Norms of many tensors in one call, as in torch.nn.utils."""
    norms = torch._foreach_norm(tensors)  # pyright: ignore[reportPrivateImportUsage]
    return list(norms)


def foreach_mul_(tensors: list[torch.Tensor], factor: torch.Tensor) -> None:
    """Multiply many tensors in place in one call; as above."""
    multiply = torch._foreach_mul_  # pyright: ignore[reportPrivateImportUsage]
    multiply(tensors, factor)


def cpu_has_bf16() -> bool:
    """What torch itself checks before it uses its bfloat16 kernels on a CPU."""
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


# accelerate's own mark on what it has prepared and will not prepare again.
PREPARED = "_is_accelerate_prepared"


def resolve_device(device: str | torch.device | None) -> torch.device:
    """A torch.device; "auto" means an accelerator if there is one, None the CPU."""
    if device != "auto":
        return torch.device("cpu" if device is None else device)
    # The build may know one that is not there. torch 2.6 has no argument to check that.
    if not torch.accelerator.is_available():
        return torch.device("cpu")
    return torch.accelerator.current_accelerator() or torch.device("cpu")


class SkorchNet(NeuralNetRegressor):
    """skorch's net, with its private hooks under our own names.

    skorch takes any keyword in its constructor, keeps its state on the object from then
    on, and moves modules to the parameter `device`. scikit-learn allows only parameters
    in a constructor, and our device may be "auto". So that state has defaults on the
    class, replaced on the object and never changed in place, and the device found by a
    fit, `device_`, takes the place of the parameter.

    Attributes
    ----------
    device_ : torch.device
        Device of the network, resolved by `initialize`.
    """

    history_: History | None = None
    initialized_: bool = False
    virtual_params_: dict = {}
    prefixes_: list[str] = [
        *NeuralNetRegressor.prefixes_,
        "module",
        "criterion",
        "optimizer",
    ]
    cuda_dependent_attributes_: list[str] = ["module_", "criterion_", "optimizer_"]
    callbacks_: list[tuple[str, Callback]]
    device_: torch.device
    module_: Any
    criterion_: Any
    optimizer_: torch.optim.Optimizer
    predict_nonlinearity = None
    _has_stepped = True  # False while gradients are being accumulated
    _modules = ["module"]
    _criteria = ["criterion"]
    _optimizers = ["optimizer"]

    # ------------------------------------------------ what skorch calls, and names here

    def parameter_names(self) -> list[str]:
        """Names of all parameters; scikit-learn reads them off the signature."""
        raise NotImplementedError

    def dunder_names(self) -> list[str]:
        """Names such as ``optimizer__weight_decay`` that were set on this object."""
        raise NotImplementedError

    def set_mode(self, training: bool) -> None:
        """Set training or evaluation mode, unless it is already set."""
        if self.module_.training != training:  # otherwise each batch walks all modules
            super()._set_training(training)

    def trained_parameters(self) -> list[torch.nn.Parameter]:
        """Parameters of all optimizers."""
        # Not get_all_learnable_params, which walks through all modules.
        optimizers = [getattr(self, name + "_") for name in self._optimizers]
        groups = [group for optimizer in optimizers for group in optimizer.param_groups]
        return [parameter for group in groups for parameter in group["params"]]

    def named_callbacks(self) -> dict[str, Any]:
        """Callbacks by name, including uninitialized ones."""
        return dict(self._uniquely_named_callbacks())

    def train_loop(
        self, dataset: Any, y: Any, method: str, fit_params: Mapping[str, Any]
    ) -> None:
        """skorch's loop over the epochs; scikit-learn routes as for `method`."""
        self.fit_loop(dataset, y, _routing_method=method, **fit_params)

    def is_applied_at_once(self, name: str) -> bool:
        """Whether skorch applies a parameter of an initialized net at once."""
        # A subclass may have more of them.
        parts = ("callbacks", *self._modules, *self._criteria)
        parts = tuple(part + "__" for part in parts)
        return name.startswith(parts) or self._is_virtual_param(name)

    def _check_settable_attr(self, name, attr):
        # skorch treats every module as part of the network.
        if name in self.parameter_names():
            raise TypeError(
                f"Expected a plain value for the parameter {name}, found a torch "
                f"{type(attr).__name__}. Pass a loss as criterion=, and a network as "
                "the class attribute `module` of a subclass."
            )
        super()._check_settable_attr(name, attr)

    def _get_param_names(self):
        return self.parameter_names()

    @property
    def _params_to_validate(self):
        """Names that skorch validates at `initialize`; it keeps a set of them."""
        return set(self.dunder_names())

    def _set_training(self, training=True):
        self.set_mode(training)

    def _zero_grad_optimizer(self, set_to_none=None):
        # Not zero_grad, which is slower because of hooks that few use.
        for parameter in self.trained_parameters() if self._has_stepped else ():
            parameter.grad = None

    # ------------------------------------------------------- the device that was found

    def _initialize_module(self, reason=None):
        return self._initialize_there("module", self.initialize_module, reason)

    def _initialize_criterion(self, reason=None):
        return self._initialize_there("criterion", self.initialize_criterion, reason)

    def _initialize_there(self, kind, initialize, reason):
        """As in skorch, but on the device that was found."""

        def names():  # a subclass may add some while it initializes
            return self._modules if kind == "module" else self._criteria

        with self._current_init_context(kind):
            kwargs = {k: v for n in names() for k, v in self.get_params_for(n).items()}
            if self.initialized_ and self.verbose:
                print(reason or self._format_reinit_msg(kind, kwargs))
            initialize()
            for name in names():
                part = getattr(self, name + "_", None)  # a subclass may name others
                if isinstance(part, torch.nn.Module):
                    part = self.torch_compile(to_device(part, self.device_), name=name)
                    setattr(self, name + "_", part)
        return self

    def load_params(self, *args: Any, **kwargs: Any) -> None:
        """Load what `save_params` has saved, see skorch."""
        # skorch reads the target device from the parameter, and overwrites it. So a
        # copy with the found device loads, and hands over all but its parameter.
        twin = object.__new__(type(self))
        device = vars(self).get("device_", resolve_device(self.device))
        vars(twin).update(vars(self), device=str(device))
        NeuralNetRegressor.load_params(twin, *args, **kwargs)
        vars(self).update(vars(twin), device=self.device)

    def __setstate__(self, state):
        asked, found = state["device"], state.get("device_")
        device = str(resolve_device(asked) if found is None else found)
        super().__setstate__(state | {"device": device})
        if found is not None:  # skorch falls back to the CPU if there is no GPU
            self.device_ = torch.device(self.device)
        self.device = asked


__all__ = [
    "Composition",
    "HasMethods",
    "Interval",
    "Options",
    "SkorchNet",
    "Scorer",
    "StrOptions",
    "available_if",
    "check_method_params",
    "check_sample_weight",
    "cpu_has_bf16",
    "foreach_mul_",
    "foreach_norm",
    "num_samples",
    "resolve_device",
    "safe_indexing",
    "validate_parameter_constraints",
    "validate_params",
]


class Scorer(_BaseScorer):
    """Base class of scorers for errors that need more than true values and forecasts.

    It behaves like the result of ``sklearn.metrics.make_scorer``: called as
    ``scorer(estimator, X, y_true, sample_weight=None)``, it returns the negated error,
    so that greater is better. Subclasses override :meth:`error`.

    Parameters
    ----------
    metric : callable
        The metric that is negated. scikit-learn reads from its signature whether it
        takes weights, and what may be routed to it.
    params : dict of str to object
        Its keyword arguments.

    Attributes
    ----------
    metric, params : as given
    """

    def __init__(self, metric: Callable[..., float], params: dict[str, Any]) -> None:
        super().__init__(metric, sign=-1, kwargs=params)

    @property
    def metric(self) -> Callable[..., float]:
        return self._score_func

    @property
    def params(self) -> dict[str, Any]:
        return self._kwargs

    def error(
        self,
        estimator: Any,
        X: Any,
        y_true: Any,
        forecast: Callable[[], np.ndarray],
        sample_weight: Any,
    ) -> float:
        """The error of a fitted estimator; lower is better.

        Parameters
        ----------
        estimator : estimator
            The estimator to score.
        X : Windows, or array or DataFrame of shape (n, length), or array of shape \
                (n, length, n_channels)
            What its ``predict`` takes.
        y_true : array-like of shape (n,) or (n, horizon * n_targets)
            Observed values, in the units of the series.
        forecast : callable
            Called without arguments, it returns ``predict(X)``, an array of the shape
            of `y_true`. With several scorers, scikit-learn keeps the result, so the
            estimator predicts only once.
        sample_weight : array-like of shape (n,) or None
            Weights of the rows.

        Returns
        -------
        error : float
            In the units of the metric.
        """
        raise NotImplementedError

    def _score(
        self,
        method_caller: Callable[..., np.ndarray],
        estimator: Any,
        X: Any,
        y_true: Any,
        sample_weight: Any = None,
    ) -> float:
        """Called by scikit-learn; `method_caller` shares the forecast among scorers."""

        def forecast() -> np.ndarray:
            return method_caller(estimator, self._response_method, X)

        error = self.error(estimator, X, y_true, forecast, sample_weight)
        return self._sign * error
