"""A fit from top to bottom."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from numbers import Integral
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from skorch.callbacks import Callback

from .._data.inputs import check_targets, check_windows
from .._data.phases import clock_of
from .._data.targets import parts_of_targets
from .._utils.atomic import unchanged_on_error
from .._utils.randomness import private_random_state
from .._utils.validation import check_weights
from .accelerated import device_of
from .baseline import WeighNetwork
from .batches import dtype_of
from .calibration import calibrate
from .callbacks import KeepBestWeights
from .checks import check_parameters, check_season
from .device import limited_threads
from .foreign import check_fit_params, with_targets
from .interrupts import is_end_of_training, keep_best_epoch, keepers
from .log import line_ends
from .processes import check_same_data, from_first
from .spec import spec_of


def train(
    net: Any,
    X: Any,
    y: ArrayLike | None,
    sample_weight: ArrayLike | None = None,
    *,
    go_on: bool,
    stop_early: bool | None = None,
    callbacks: Sequence[tuple[str, Callback]] = (),
    fit_params: Mapping[str, Any] = MappingProxyType({}),
    method: str = "fit",
) -> Any:
    """Train a forecaster; an error leaves it as it was.

    So does Ctrl-C, unless there is an epoch to keep, see `keep_best_epoch`.

    Parameters
    ----------
    net : Forecaster
    X, y, sample_weight
        As for its `fit`.
    go_on : bool
        Whether to continue from the current weights, if the parameters still specify
        the same network.
    stop_early : bool or None, default=None
        Overrides the parameter `early_stopping`, if not None.
    callbacks : sequence of (str, Callback), default=()
        Added to those of the forecaster for this training run only.
    fit_params : mapping of str to object, default={}
        For `train_split` and the network's forward; and "epochs", which overrides
        `max_epochs`.
    method : {"fit", "partial_fit"}, default="fit"
        The method whose metadata scikit-learn routes.

    Returns
    -------
    net : Forecaster
    """
    with unchanged_on_error(net):
        net.check_training_readiness()
        check_parameters(net)
        net._stops_early = net.early_stopping if stop_early is None else stop_early
        is_first = not (go_on and hasattr(net, "horizon_"))
        X, y = with_targets(X, y)
        X, y = check_data(net, X, y, reset=is_first)
        check_same_data(net, X, y)
        X, y, weights = _weighted(X, y, sample_weight)
        go_on = go_on and spec_of(net) == net.spec_
        if not go_on:
            net.initialize()
        check_fit_params(net, fit_params)
        for part in parts_of_targets(y):
            net.objective_.head.check(part)
        dataset = net.get_dataset(X, y, sample_weight=weights)
        before = net.callbacks_
        net.callbacks_ = [*before, *callbacks, *keepers(before)]
        if net.module_.baseline is not None:
            _insert_weighing(net, dataset)
        kept = _weights_kept_on_error(net, go_on)
        with limited_threads(net.n_threads), kept, line_ends(net):
            if not net.module_.normalization.is_calibrated:
                calibrate(net.module_.normalization, dataset)
            # As skorch's partial_fit, but callbacks get X and y, not the dataset.
            net.notify("on_train_begin", X=X, y=y)
            try:
                net.train_loop(dataset, y, method, fit_params)
            except KeyboardInterrupt as interrupt:
                if not is_end_of_training(interrupt):
                    keep_best_epoch(net, interrupt)
            net.notify("on_train_end", X=X, y=y)
            net.uncertainty_.learn_correlation(net, dataset)
        net.callbacks_ = before
        net._stops_early = None
        vars(net).pop("_order", None)
    return net


def _insert_weighing(net, dataset):
    """Weigh the network after its best weights are restored, before other callbacks."""
    kinds = [isinstance(callback, KeepBestWeights) for _, callback in net.callbacks_]
    place = kinds.index(True) + 1 if True in kinds else 0
    net.callbacks_.insert(place, ("baseline", WeighNetwork(dataset)))


def check_data(net: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, np.ndarray]:
    """Check windows and targets; the net remembers or compares their shapes."""
    X = check_windows(net, X, reset=reset)
    if reset:
        net._dtype = dtype_of(X)  # for an export
    y = check_targets(net, X, y, reset=reset)
    check_season(net)
    if reset or getattr(net, "_clock", None) is None:
        net._clock = clock_of(X) if net.normalize == "cycle" else None
    return X, y


def fix(net: Any) -> None:
    """Store the current values of the parameters that forecasts depend on."""
    net._random = private_random_state(net.random_state)
    if not isinstance(net.random_state, Integral):  # an integer is the same for all
        net._random.set_state(from_first(net, net._random.get_state()))
    net._random_state_of_draws = net.random_state
    net._precision = net.precision
    net._dataset = net.dataset, net.get_params_for("dataset")
    net._iterator = net.iterator_valid
    net.device_ = device_of(net)
    net.spec_, net._n_held = spec_of(net), None


def _weighted(X, y, sample_weight):
    """Origins that count, and their weights, or None if all have equal weight."""
    if sample_weight is None:
        return X, y, None
    weights = check_weights(sample_weight, X)
    if not weights.all():
        # An origin of weight 0 is left out altogether: it is used neither to calibrate
        # the normalization nor for validation.
        counts = np.flatnonzero(weights)
        X, y, weights = X[counts], y[counts], weights[counts]
    if np.ptp(weights) == 0:
        return X, y, None
    # Mean 1, so that lr and clip_grad_norm mean the same with and without weights.
    return X, y, weights / weights.mean()


@contextmanager
def _weights_kept_on_error(net, go_on) -> Iterator[None]:
    """If continued training fails, undo what it has changed in place."""
    parts = [net.module_, net.optimizer_] if go_on else []
    states = [deepcopy(part.state_dict()) for part in parts]
    n_epochs, random = len(net.history), net._random.get_state()
    try:
        yield
    except GeneratorExit:
        raise
    except BaseException:
        for part, state in zip(parts, states):
            part.load_state_dict(state)
        del net.history[n_epochs:]
        net._random.set_state(random)
        raise
