"""Checks of a network's parameters before training."""

import inspect
import warnings
from typing import Any

import torch
from skorch.callbacks import Callback
from torch import nn

from .._utils.compat import resolve_device
from .._utils.validation import check_params, check_quantiles
from .batches import BatchIterator
from .device import has_bf16
from .processes import n_processes

# The losses in torch.nn that compare numbers with numbers.
_OF_NUMBERS = (
    nn.MSELoss,
    nn.L1Loss,
    nn.SmoothL1Loss,
    nn.HuberLoss,
    nn.PoissonNLLLoss,
)


def check_parameters(net: Any) -> None:
    """Check the parameters of a forecaster, each by itself and together.

    Raises
    ------
    TypeError
        If the class of the forecaster has no network, or a component is not what skorch
        needs.
    ValueError
        If one is not valid, not available, or not compatible with another.
    """
    if not hasattr(net, "module"):
        raise TypeError(
            "Expected a class that names its network, as MLPForecaster does, found "
            f"{type(net).__name__}. Use a forecaster of this package, or write a "
            "subclass with a class attribute `module`."
        )
    check_params(net)
    _check_parts(net)
    _check_hardware(net)
    _check_objective(net)
    _warn_of_clipping(net)
    if net.normalize in ("season", "cycle") and net.seasonality is None:
        raise ValueError(
            f"Expected a seasonality of at least 1 with normalize={net.normalize!r}, "
            "found None. Say how many timestamps a season has, e.g. seasonality=12."
        )
    if net.train_on == "all_steps":
        _check_all_steps(net)


def check_season(net: Any) -> None:
    """Check that a season fits into the windows passed to the network.

    Raises
    ------
    ValueError
        If it does not.
    """
    length, season = net.n_features_in_, net.seasonality or 1
    if net.normalize == "season" and length < season:
        raise ValueError(
            f"Expected windows of at least seasonality={season} timestamps with "
            f"normalize='season', found {length}. Make longer windows."
        )
    if net.loss in ("mase", "smape+mase") and length <= season:
        raise ValueError(
            f"Expected windows of more than seasonality={season} timestamps with "
            f"loss={net.loss!r}, found {length}: it divides by the error of the "
            "seasonal naive forecast in the window. Make longer windows."
        )


def _check_parts(net):
    for callback in net.callbacks if isinstance(net.callbacks, list) else ():
        _check_callback(callback)
    if _needs_arguments(net.criterion):
        raise TypeError(
            "Expected criterion as a torch loss, a class or an instance, found the "
            f"function {net.criterion.__name__}. Pass e.g. torch.nn.MSELoss, or wrap "
            "the function in a torch.nn.Module."
        )
    loss = net.criterion if isinstance(net.criterion, type) else type(net.criterion)
    is_of_torch = getattr(nn, loss.__name__, None) is loss
    if is_of_torch and issubclass(loss, nn.Module) and loss not in _OF_NUMBERS:
        names = ", ".join(one.__name__ for one in _OF_NUMBERS)
        raise ValueError(
            f"Expected criterion as a regression loss, in torch.nn one of {names}, "
            f"found {loss.__name__}. Use one of them, or write a torch.nn.Module "
            "whose forward(y_pred, y_true) returns one number for a batch."
        )
    is_class = isinstance(net.optimizer, type)
    if is_class and not issubclass(net.optimizer, torch.optim.Optimizer):
        raise TypeError(
            "Expected optimizer as a class of torch.optim, found "
            f"{net.optimizer.__name__}. Pass e.g. torch.optim.AdamW, and its arguments "
            "as optimizer__weight_decay= and so on."
        )
    if isinstance(net.train_split, type):
        raise TypeError(
            "Expected train_split as an instance or a function, found the class "
            f"{net.train_split.__name__}. Make one, e.g. {net.train_split.__name__}(5)."
        )


def _check_callback(item):
    """Raise a TypeError unless skorch can use an entry of `callbacks`."""
    is_pair = isinstance(item, (tuple, list)) and len(item) == 2
    callback = item[1] if is_pair else item
    is_none = is_pair and callback is None  # switches a callback off
    # As in skorch, one that has all the methods need not be a subclass.
    hooks = [name for name in dir(Callback) if not name.startswith("_")]
    if not is_none and not all(hasattr(callback, name) for name in hooks):
        raise TypeError(
            "Expected callbacks as skorch callbacks, or as pairs of a name and one, "
            f"found {item!r}. Pass e.g. skorch.callbacks.EarlyStopping(patience=5)."
        )


def _needs_arguments(function):
    """Whether something is a function that cannot be called without arguments."""
    if isinstance(function, type) or not inspect.isroutine(function):
        return False
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # for C functions
        return True
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return any(p.default is p.empty and p.kind not in kinds for p in parameters)


def _check_hardware(net):
    _check_processes(net)
    try:
        device = resolve_device(net.device)
        torch.ones(1, device=device).item()  # the "meta" device has no values
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"Expected a device that torch can use here, such as 'cpu', found "
            f"{net.device!r}: {error}"
        ) from None
    if net.precision == "bf16" and not has_bf16(device):
        raise ValueError(
            f"Expected precision='fp32' on this {device.type}, found 'bf16', which it "
            "does not support. Use a device that does (an accelerator, or a processor "
            "with AVX-512 or AMX), or precision='fp32', which is faster here."
        )


def _check_processes(net):
    if n_processes(net) == 1:
        return
    kind = str(net.accelerator.distributed_type.value)
    if not kind.startswith("MULTI_"):
        raise ValueError(
            "Expected an accelerator whose processes each hold the whole network, "
            f"found one of distributed_type {kind}. Configure accelerate without it."
        )
    for name in ("iterator_train", "iterator_valid"):
        iterator = getattr(net, name)
        if not (isinstance(iterator, type) and issubclass(iterator, BatchIterator)):
            raise ValueError(
                f"Expected {name}=BatchIterator, the default, which several processes "
                f"can share, found {iterator!r}. Leave it out, or train in one process."
            )


def _warn_of_clipping(net):
    is_class = isinstance(net.optimizer, type)
    if not is_class or not issubclass(net.optimizer, torch.optim.LBFGS):
        return
    if net.clip_grad_norm is not None:
        warnings.warn(
            "Expected clip_grad_norm=None for LBFGS, which estimates the curvature "
            f"from unscaled gradients, found {net.clip_grad_norm}. Training may "
            "diverge: set clip_grad_norm=None.",
            UserWarning,
        )


def _check_objective(net):
    if net.criterion is not None and net.loss != "mse":
        raise ValueError(
            "Expected either loss or criterion, since each says what is minimized, "
            f"found loss={net.loss!r} and criterion={net.criterion!r}. Set only one."
        )
    if net.quantiles is None:
        return
    if net.loss != "quantile":
        raise ValueError(
            "Expected loss='quantile' with quantiles, the levels to train, found "
            f"quantiles={net.quantiles!r} and loss={net.loss!r}. Set both or neither; "
            "predict_quantiles takes levels of its own."
        )
    if len(check_quantiles(net.quantiles)) < 2:
        raise ValueError(
            "Expected at least two quantiles, to compute others from, found "
            f"{net.quantiles!r}. Add others, e.g. quantiles=(0.1, 0.5, 0.9)."
        )


def _check_all_steps(net):
    if "all_steps" not in inspect.signature(net.module.forward).parameters:
        raise ValueError(
            f"Expected train_on='last_step' for {type(net).__name__}, found "
            "'all_steps': its network reads the window as a whole and has no time "
            "steps to forecast from."
        )
    if net.normalize == "season":
        raise ValueError(
            "Expected train_on='last_step' with normalize='season', found 'all_steps': "
            "the steps before the last season would know what follows them."
        )
