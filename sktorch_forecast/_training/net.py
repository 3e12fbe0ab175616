"""The skorch side of the forecasters: what skorch calls, and what we call in it.

skorch's NeuralNet documents its hooks; this class overrides those where windows differ
from other samples. Parameters and the scikit-learn side are in ``forecaster``.

A batch goes through a training step like this::

    train_step_single -> infer          windows, encoded, through the network
                      -> get_loss       targets, encoded by the same units
                      -> backward, and the gradients are clipped

and through a forecast like this::

    forward_iter -> evaluation_step -> infer -> decoded, in the units of the series
"""

from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np
import torch
from skorch.callbacks import Callback, EpochTimer, PassthroughScoring
from skorch.utils import is_dataset, to_device
from torch import Tensor

from .._data.phases import phases_of
from .._utils.atomic import unchanged_on_error
from .._utils.randomness import TorchStream, draw_seed, seeded_torch
from ..layers.losses import LOSSES, HeadLoss, make_loss
from ..layers.units import Encoded
from .accelerated import AcceleratedNet
from .batch_size import n_forecast_at_once
from .batches import WindowDataset, parts_of, split_last, windows_of
from .callbacks import KeepBestWeights
from .checks import check_parameters
from .device import computing, limited_threads
from .epochs import hears_batches, quiet_epoch
from .files import FiledNet
from .fitting import check_data, fix
from .foreign import own_dataset, plain, taken_by, with_targets
from .log import TrainingLog
from .objective import Objective, clip_gradients, targets_of_steps
from .processes import SilentLog, n_processes, rank_of
from .spec import NetworkSpec, spec_of
from .streams import seed_network


class WindowNet(FiledNet, AcceleratedNet):
    """A skorch net that trains on windows, with private random numbers.

    The module is built for the shapes of the data, the last origins are for validation,
    batches are gathered by one indexing, the loss is computed in the units of the
    window, and gradients are clipped.

    Attributes
    ----------
    spec_ : NetworkSpec
        What the network was built from.
    """

    # Parameters that are read here; `Forecaster` declares and describes them.
    loss: str
    seasonality: int | None
    train_on: str
    clip_grad_norm: float | None
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    n_threads: int | None
    iterator_train: Callable[..., Any]

    spec_: NetworkSpec
    objective_: Objective
    horizon_: int
    n_targets_: int
    _random: np.random.RandomState
    _precision: Any
    _dataset: tuple[Any, Any]
    _iterator: Callable[..., Any]
    _stream: TorchStream | None = None  # what torch modules draw from in training
    # Whether forecasts are also decoded for callbacks during training.
    _is_heard = True
    _order: torch.Generator  # of the batches, in training
    # Number of values that its largest layer holds per window; None until needed.
    _n_held: int | None = None
    # During training, whether it stops early; None means the parameter.
    _stops_early: bool | None = None

    # ------------------------------------------------------------------- what is built

    def initialize(self, X: Any = None, y: Any = None) -> Self:
        """Build the network, the criterion, the optimizer and the callbacks, untrained.

        Parameters
        ----------
        X, y : arrays as for `fit`, default=None
            Examples that define the shapes, needed before `load_params` in an object
            that was never fitted. Without them, shapes of an earlier fit are used, or
            one channel and a horizon of 1, and the first `partial_fit` rebuilds the
            network if the data require it.

        Returns
        -------
        self : Forecaster
        """
        with unchanged_on_error(self):
            if X is not None:
                check_data(self, *with_targets(X, y), reset=True)
            check_parameters(self)
            super().initialize()
        return self

    def initialize_virtual_params(self) -> None:
        """The first method that skorch calls: fix what all the others depend on."""
        fix(self)
        super().initialize_virtual_params()

    def initialize_module(self) -> Self:
        """Build the torch module from the parameters and the shapes of the data."""
        if not hasattr(self, "_random"):  # called by itself
            fix(self)
        self.spec_ = spec_of(self)
        with seeded_torch(draw_seed(self._random)):
            self.module_ = self.kept_whole(self.spec_.build())
        self.objective_ = Objective(self.module_.head, self.spec_.masked)
        return self

    def initialize_criterion(self) -> Self:
        """Build the loss: that of the head, a named one, or the user's criterion."""
        if self.objective_.head.is_distribution:
            self.criterion_ = HeadLoss(self.objective_.head)
        elif self.criterion is None:
            kwargs = self.get_params_for("criterion")
            shape = self.spec_.n_targets, self.seasonality
            self.criterion_ = make_loss(self.loss, *shape, **kwargs)
        else:
            super().initialize_criterion()
        self.criterion_ = self.kept_whole(self.criterion_)
        return self

    def default_component(self, prefix: str) -> Any:
        """A named loss is used for criterion=None."""
        return LOSSES.get(self.loss) if prefix == "criterion" else None

    def get_default_callbacks(self) -> list[tuple[str, Callback]]:
        """The callbacks that every fit has, by name."""
        patience = self.n_iter_no_change if self._may_stop() else None
        return [
            ("epoch_timer", EpochTimer()),
            ("train_loss", PassthroughScoring(name="train_loss", on_train=True)),
            ("valid_loss", PassthroughScoring(name="valid_loss")),
            ("best_weights", KeepBestWeights(patience)),
            ("print_log", TrainingLog() if rank_of(self) == 0 else SilentLog()),
        ]

    # ----------------------------------------------------------------- data to batches

    def get_dataset(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Windows and targets as a dataset; a dataset is returned as it is."""
        X = plain(X)
        if is_dataset(X):
            return X
        factory, kwargs = self._dataset
        if isinstance(factory, type) and issubclass(factory, WindowDataset):
            ids = getattr(self, "_series_ids", None)
            kwargs = {"device": self.device_, "series_ids": ids} | kwargs
            if self.spec_.normalize == "cycle":
                cycle = self.spec_.clock, self.spec_.seasonality or 1
                kwargs["phases"] = phases_of(X, *cycle)
        if sample_weight is not None:
            kwargs = kwargs | {"sample_weight": sample_weight}
        return factory(X, y, **kwargs)

    def _may_stop(self):
        return self.early_stopping if self._stops_early is None else self._stops_early

    def get_split_datasets(self, X: Any, y: Any = None, **split_params: Any) -> Any:
        """Datasets to train on and to validate on; the latter may be None."""
        if self.train_split != "last":
            split = self.train_split
            split_params = taken_by(split, split_params) if split else {}
            parts = super().get_split_datasets(X, y, **split_params)
            return tuple(part and own_dataset(self, part) for part in parts)
        dataset = self.get_dataset(X, y)
        if not self._may_stop():
            return dataset, None
        train, valid = split_last(dataset, self.validation_fraction, self.horizon_)
        return (dataset, None) if train is None else (train, valid)

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Iterator over mini-batches, shuffled by a private generator for training."""
        if training:
            generator = torch.Generator().manual_seed(draw_seed(self._random))
            defaults: dict[str, Any] = {"batch_size": self.batch_size, "shuffle": True}
            defaults["generator"] = self._order = generator
            iterator, name = self.iterator_train, "iterator_train"
        else:
            defaults, iterator, name = {}, self._iterator, "iterator_valid"
        kwargs = defaults | self.get_params_for(name)
        if "batch_size" not in kwargs:
            kwargs["batch_size"] = n_forecast_at_once(self, dataset)
        if kwargs["batch_size"] == -1:
            kwargs["batch_size"] = len(dataset)
        return iterator(dataset, **kwargs)

    # --------------------------------------------------------------- batch to forecast

    def infer(self, x: Any, **fit_params: Any) -> Encoded:
        """Forecasts of a batch of windows, in the units of the windows.

        Parameters
        ----------
        x : Tensor of shape (batch, length, n_channels), or dict
            The windows, or a dictionary of them ("x") and what comes with them.
        **fit_params : dict
            Passed on to the forward of the module.

        Returns
        -------
        encoded : sktorch_forecast.layers.Encoded
        """
        parts = parts_of(x, lambda part: to_device(part, self.device_))
        x = parts.pop("x")
        stream = self._stream if self.module_.training else None
        # A context takes time even if it does nothing.
        if self._precision == "fp32" and stream is None:
            return self.module_(x, **parts, **fit_params)
        with computing(self.device_, self._precision, stream):
            return self.module_(x, **parts, **fit_params)

    def decoded(self, encoded: Encoded) -> Tensor:
        """The forecasts that leave the net, in the units of the series.

        Parameters
        ----------
        encoded : sktorch_forecast.layers.Encoded
            From `infer`. With several time steps, the last one counts.

        Returns
        -------
        y : Tensor of shape (batch, horizon * n_targets), or (batch, horizon * \
                n_targets, n_params) for the parameters of a distribution
        """
        return self.objective_.head.outputs(encoded.at_origin()).flatten(1, 2)

    def evaluation_step(self, batch: Any, training: bool = False) -> Tensor:
        """Forecasts of a batch that depend on nothing else in the batch.

        Matrix products round differently for different numbers of rows. Padded to a
        multiple of 16 they do not, so that a forecast has the same bits whether it is
        made alone or among many.
        """
        n_rows = windows_of(batch).shape[0]
        missing = -n_rows % 16

        def filled(part):
            rest = part[-1:].expand(missing, *[-1] * (part.ndim - 1))
            return torch.cat([part, rest]) if missing else part

        if not self.initialized_:
            self.check_is_fitted()
        parts = parts_of(batch[0], filled)
        with limited_threads(self.n_threads), torch.set_grad_enabled(training):
            self.set_mode(training)
            return self.decoded(self.infer(parts))[:n_rows]

    def own_evaluation_step(self, batch: Any, training: bool = False) -> Tensor:
        """The same for this process alone: accelerate's mixin joins those of all."""
        if n_processes(self) > 1:
            return WindowNet.evaluation_step(self, batch, training)
        return self.evaluation_step(batch, training=training)

    def forward_iter(
        self, X: Any, training: bool = False, device: str | torch.device = "cpu"
    ) -> Iterator[Tensor]:
        """Yield forecasts batch by batch, in the order of `X`.

        Parameters
        ----------
        X : windows as for `predict`, or a dataset
            What to forecast from.
        training : bool, default=False
            Whether dropout is active.
        device : str, default="cpu"
            Where to put the forecasts.

        Yields
        ------
        y : Tensor of shape (batch, horizon * n_targets), or (batch, horizon * \
                n_targets, n_params) for the parameters of a distribution
        """
        if not self.initialized_:
            self.check_is_fitted()
        dataset = self.get_dataset(X)
        if training:
            self._seed_network()
        # skorch uses the training iterator if training=True, but that one shuffles.
        for batch in self.get_iterator(dataset, training=False):
            y = self.own_evaluation_step(batch, training)
            yield to_device(y.detach(), device=device)

    # -------------------------------------------------------------- batch to gradients

    def get_loss(
        self, y_pred: Encoded, y_true: Tensor, X: Any = None, training: bool = False
    ) -> Tensor:
        """Loss of a batch, weighted if there are weights.

        Parameters
        ----------
        y_pred : sktorch_forecast.layers.Encoded
            Forecasts in the units of the windows, from `infer`.
        y_true : Tensor of shape (batch, horizon * n_targets)
            What followed the window, in the units of the series.
        X : Tensor or dict
            The batch of windows, with their weights if there are any.
        training : bool, default=False
            Ignored.

        Returns
        -------
        loss : Tensor of shape ()
        """
        parts = X if isinstance(X, dict) else {"x": X}
        windows: Any = parts["x"]
        weights: Any = parts.get("sample_weight")
        if weights is not None:
            weights = to_device(weights, self.device_)
        # (batch, horizon * n_targets) -> (batch, horizon, n_targets)
        y: Any = to_device(y_true, self.device_)
        y = y.view(len(y), self.spec_.horizon, self.spec_.n_targets)
        of_steps = y_pred.params.ndim == 5
        if of_steps or getattr(self.criterion_, "needs_windows", False):
            windows = to_device(windows, self.device_)
        if of_steps:
            n_steps = y_pred.params.shape[1]
            y = targets_of_steps(windows, y, n_steps, self.module_.stride)
        loss = self.objective_.loss(self.criterion_, y_pred, y, windows, weights)
        return self.loss_of_share(loss, y)

    @property
    def forward_of_network(self) -> Callable[..., Any]:
        """The forward that gets the `**fit_params` of a fit, if it takes them."""
        return self.module_.network.forward

    def train_step_single(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        """Loss and gradients of a batch, the gradients clipped."""
        fit_params = fit_params | self.forward_params(batch)
        step = super().train_step_single(batch, **fit_params)
        if self.clip_grad_norm is not None:
            clip_gradients(self.trained_parameters(), self.clip_grad_norm)
        return self.with_forecasts(step)

    def validation_step(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        """Loss of a batch, in evaluation mode."""
        return self.with_forecasts(super().validation_step(batch, **fit_params))

    # ------------------------------------------------------------ epochs and their end

    def run_single_epoch(
        self,
        iterator: Any,
        training: bool,
        prefix: str,
        step_fn: Any,
        **fit_params: Any,
    ) -> None:
        """One pass over the batches, like skorch's, but quiet if nothing listens."""
        if iterator is None:
            return
        fit_params = taken_by(self.forward_of_network, fit_params)
        if hears_batches(self, WindowNet):
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
            return
        self._is_heard = False
        try:
            quiet_epoch(self.history, iterator, prefix, step_fn, fit_params)
        finally:
            del self._is_heard

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        """Notify the callbacks; after the last epoch, stop."""
        super().notify(method_name, **cb_kwargs)
        # Only after all callbacks have seen that epoch.
        if method_name == "on_epoch_end" and any(
            getattr(callback, "stop_", False) for _, callback in self.callbacks_
        ):
            raise KeyboardInterrupt  # skorch's way to end training

    def on_train_begin(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Give dropout a private generator, then start the callbacks."""
        super().on_train_begin(net, X=X, y=y, **kwargs)
        self._seed_network(rank_of(self))

    def _seed_network(self, shift=0):
        seed = draw_seed(self._random) + shift
        self._stream = seed_network(self.module_, self.device_, seed)
