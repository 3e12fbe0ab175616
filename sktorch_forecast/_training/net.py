"""The skorch side of the forecasters: what skorch calls, and what is called of it.

skorch's NeuralNet documents its hooks; this class overrides those in which windows
differ from other samples. Parameters and the scikit-learn side are in ``forecaster``.
"""

import inspect
from contextlib import contextmanager
from copy import deepcopy

import torch
from skorch import NeuralNetRegressor
from skorch.callbacks import Callback, EpochTimer, PassthroughScoring, PrintLog
from skorch.utils import is_dataset, to_device
from torch.optim import SGD, Adam, AdamW

from .._utils.atomic import unchanged_on_error
from .._utils.randomness import draw_seed, private_random_state, seeded_torch
from ..layers import WindowNormalization
from ..layers.decoder import TemporalDecoder
from ..layers.heads import HeadLoss, make_head
from ..layers.losses import make_loss
from ..layers.normalization import following
from .batches import WindowDataset, parts_of, split_last, windows_of
from .callbacks import KeepBestWeights
from .checks import check_parameters
from .device import limited_threads, resolve_device
from .gradients import clip_gradients


class WindowNet(NeuralNetRegressor):
    """A skorch net that trains on windows, with randomness of its own.

    The module is built for the shapes of the data, the last origins validate, batches
    are gathered by one index, the loss is computed in the units of the window, and
    gradients are clipped.
    """

    # skorch's state, at class level since scikit-learn allows nothing but parameters
    # in the constructor. All of it is replaced on the object, never changed in place.
    history_ = None
    initialized_ = False
    virtual_params_ = {}
    prefixes_ = [*NeuralNetRegressor.prefixes_, "module", "criterion", "optimizer"]
    cuda_dependent_attributes_ = ["module_", "criterion_", "optimizer_"]
    _modules = ["module"]
    _criteria = ["criterion"]
    _optimizers = ["optimizer"]
    predict_nonlinearity = None
    head_ = None
    # Parameters of its own that say how to train, and are none of the module's.
    _training_parameters = ()

    @property
    def _default_callbacks(self):
        patience = self.n_iter_no_change if self.early_stopping else None
        return [
            ("epoch_timer", EpochTimer()),
            ("train_loss", PassthroughScoring(name="train_loss", on_train=True)),
            ("valid_loss", PassthroughScoring(name="valid_loss")),
            ("best_weights", KeepBestWeights(patience)),
            ("print_log", PrintLog()),
        ]

    def notify(self, method_name, **cb_kwargs):
        """Tell the callbacks; after an epoch that was the last one, stop."""
        super().notify(method_name, **cb_kwargs)
        # Not before all callbacks have seen that epoch.
        if method_name == "on_epoch_end" and any(
            getattr(callback, "stop_", False) for _, callback in self.callbacks_
        ):
            raise KeyboardInterrupt  # skorch's way to end a training

    def _hears_batches(self):
        """Whether a callback or a subclass listens to what happens in each batch."""
        hooks = ("on_batch_begin", "on_batch_end")
        listeners = [(self, NeuralNetRegressor)]
        listeners += [(callback, Callback) for _, callback in self.callbacks_]
        return any(
            getattr(getattr(listener, hook), "__func__", None) is not getattr(cls, hook)
            for listener, cls in listeners
            for hook in hooks
        )

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """One pass over the batches, as skorch's, at the cost of what is listened to.

        skorch reads each loss as soon as it is there, for which a GPU must stop, and
        tells each callback of each batch. Where no callback listens to batches, the
        losses stay on the device and enter the history together.
        """
        if iterator is None:
            return
        if self._hears_batches():
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
            return
        losses, sizes = [], []
        for batch in iterator:
            losses.append(step_fn(batch, **fit_params)["loss"].detach())
            sizes.append(windows_of(batch).shape[0])
        # One reading for all batches.
        losses = torch.stack(losses).tolist()
        self.history[-1]["batches"] += [
            {f"{prefix}_loss": loss, f"{prefix}_batch_size": size}
            for loss, size in zip(losses, sizes)
        ]
        self.history.record(f"{prefix}_batch_count", len(losses))

    def initialize(self, X=None, y=None):
        """Build the network, the criterion, the optimizer and the callbacks, untrained.

        Parameters
        ----------
        X, y : arrays as for `fit`, default=None
            Examples that tell the shapes, needed before `load_params` in an object
            that was never fitted. Without them, shapes of an earlier fit are used,
            else one channel and a horizon of 1, and the first `partial_fit` builds
            the network anew if the data ask for it.

        Returns
        -------
        self : Forecaster
        """
        with unchanged_on_error(self):
            if X is not None:
                self._check_data(X, y, reset=True)
            check_parameters(self)
            self._random = private_random_state(self.random_state)
            with self._resolved_device():
                super().initialize()
        return self

    @property
    def _device(self):
        """Where torch computes."""
        return resolve_device(self.device)

    @contextmanager
    def _resolved_device(self):
        """Within, `device` is not "auto", a word that skorch does not know."""
        if self.device != "auto":
            yield
            return
        self.device = str(self._device)
        try:
            yield
        finally:
            self.device = "auto"

    def load_params(self, *args, **kwargs):
        """Load what `save_params` has saved, see skorch."""
        with self._resolved_device():
            super().load_params(*args, **kwargs)

    def _architecture(self):
        """What the torch module and its normalization are built from."""
        n_channels = getattr(self, "n_channels_", 1)
        n_targets = getattr(self, "n_targets_", 1)
        shapes = {
            "n_channels": n_channels,
            "n_outputs": getattr(self, "horizon_", 1) * n_targets,
            "n_targets": n_targets,
            "n_params": self._n_params,
            "length": getattr(self, "n_features_in_", 1),
        }
        # What `WindowNormalization` adds to the windows, and needs of the network.
        n_future, n_static = self._n_covariates
        if self.missing == "mask":
            shapes["n_channels"] += n_channels - n_future
        shapes["n_channels"] += n_static
        if n_future:
            shapes["n_params"] += TemporalDecoder.n_extra
        shapes["n_outputs"] *= shapes["n_params"]
        takes = inspect.signature(self.module).parameters
        kwargs = {name: size for name, size in shapes.items() if name in takes}
        kwargs |= {
            name: getattr(self, name)
            for name in self._own_parameters
            if name not in self._training_parameters
        }
        kwargs |= self.get_params_for("module")
        quantiles = None if self.quantiles is None else tuple(self.quantiles)
        around = {
            "n_channels": n_channels,
            "n_targets": n_targets,
            "kind": self.normalize,
            "seasonality": self.seasonality,
            "horizon": getattr(self, "horizon_", 1),
            "n_future": n_future,
            "n_static": n_static,
            "masked": self.missing == "mask",
        }
        head = self.likelihood, quantiles, self.n_components
        return kwargs, around, head

    @property
    def _n_covariates(self):
        """Numbers of covariates known in the future, and of static ones."""
        return getattr(self, "n_future_", 0), getattr(self, "n_static_", 0)

    def initialize_module(self):
        """Build the torch module from the parameters and the shapes of the data."""
        self.head_ = make_head(self.likelihood, self.quantiles, self.n_components)
        kwargs, around, _ = self._architecture()
        with seeded_torch(draw_seed(self._random)):
            module = self.module(**kwargs)
            if self._is_wrapped:
                module = WindowNormalization(
                    module, head=self.head_, decoder=self._new_decoder(), **around
                )
        self.module_ = module
        self._initialized_architecture = self._architecture()
        return self

    def _new_decoder(self):
        """What combines the network with the covariates of the horizon, if any."""
        n_future, n_static = self._n_covariates
        if not n_future:
            return None
        n_targets = getattr(self, "n_targets_", 1)
        return TemporalDecoder(n_targets, self._n_params, n_future, n_static)

    @property
    def _is_wrapped(self):
        """Whether the network stands inside a `WindowNormalization`."""
        return (
            self.normalize is not None
            or self.head_ is not None
            or self.missing == "mask"
            or any(self._n_covariates)
        )

    @property
    def _network(self):
        """The network, without what is around it."""
        return self.module_.network if self._is_wrapped else self.module_

    @property
    def _n_outputs(self):
        """Values that are forecast from each origin."""
        return self.horizon_ * self.n_targets_

    @property
    def _n_params(self):
        """Numbers that a network puts out for each value."""
        return 1 if self.head_ is None else self.head_.n_params

    def initialize_criterion(self):
        """Build the loss: that of the head or of a name, if there is one."""
        if self.head_ is not None:
            self.criterion_ = HeadLoss(self.head_)
        elif self.loss is not None:
            n_targets = getattr(self, "n_targets_", 1)
            self.criterion_ = make_loss(self.loss, n_targets, self.seasonality)
        else:
            super().initialize_criterion()
        return self

    def initialize_optimizer(self, triggered_directly=None):
        """Build the optimizer; torch's fused step, if it has one, unless told else.

        It computes the same in one pass over the weights, which for small networks
        takes half the time.
        """
        options = {"fused", "foreach", "differentiable", "capturable"}
        told = options.intersection(self.get_params_for("optimizer"))
        has_fused = self.optimizer in (Adam, AdamW, SGD) and not told
        with self._defaults(**{"optimizer__fused": True} if has_fused else {}):
            return super().initialize_optimizer(triggered_directly)

    def initialize_history(self):
        """Begin a new history; an old one may belong to a copy."""
        self.history_ = None
        return super().initialize_history()

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Give dropout a private generator, then let the callbacks begin."""
        super().on_train_begin(net, X=X, y=y, **kwargs)
        self._seed_network()

    def _seed_network(self):
        """Give one private generator to all parts of the network that draw."""
        generator = torch.Generator(self._device).manual_seed(draw_seed(self._random))
        for module in self.module_.modules():
            if "generator" in vars(module):
                module.generator = generator

    @contextmanager
    def _weights_kept_on_error(self, go_on):
        """Undo what a training that goes on has changed in place, should it fail."""
        parts = [self.module_, self.optimizer_] if go_on else []
        states = [deepcopy(part.state_dict()) for part in parts]
        n_epochs, random = len(self.history), self._random.get_state()
        try:
            yield
        except Exception:
            for part, state in zip(parts, states):
                part.load_state_dict(state)
            del self.history[n_epochs:]
            self._random.set_state(random)
            raise

    def get_dataset(self, X, y=None, sample_weight=None):
        """Windows and targets as a dataset; a dataset is returned as it is."""
        if is_dataset(X):
            return X
        kwargs = self.get_params_for("dataset")
        if isinstance(self.dataset, type) and issubclass(self.dataset, WindowDataset):
            kwargs.setdefault("device", self._device)
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        return self.dataset(X, y, **kwargs)

    def get_split_datasets(self, X, y=None, **split_params):
        """Datasets to train on and to validate on, the latter maybe None."""
        if self.train_split != "last":
            return super().get_split_datasets(X, y, **split_params)
        dataset = self.get_dataset(X, y)
        if not self.early_stopping:
            return dataset, None
        train, valid = split_last(dataset, self.validation_fraction, self.horizon_)
        return (dataset, None) if train is None else (train, valid)

    def get_iterator(self, dataset, training=False):
        """Iterator over mini-batches, shuffled by a private generator for training."""
        if not training:
            # As many windows as make some 2^18 values: enough to keep the processor
            # busy, few enough to stay in its caches, whatever the training needs.
            values = getattr(self, "n_features_in_", 1) * getattr(
                self, "n_channels_", 1
            )
            batch_size = min(max(2**18 // values, 64), 4096) // 16 * 16
            kwargs = {"batch_size": batch_size} | self.get_params_for("iterator_valid")
            if kwargs["batch_size"] == -1:
                kwargs["batch_size"] = len(dataset)
            return self.iterator_valid(dataset, **kwargs)
        with self._defaults(
            iterator_train__shuffle=True,
            iterator_train__generator=torch.Generator().manual_seed(
                draw_seed(self._random)
            ),
        ):
            return super().get_iterator(dataset, training=True)

    @contextmanager
    def _defaults(self, **params):
        """Within, parameters that are not set have these values."""
        added = {k: v for k, v in params.items() if k not in vars(self)}
        vars(self).update(added)
        try:
            yield
        finally:
            for name in added:
                del vars(self)[name]

    def forward_iter(self, X, training=False, device="cpu"):
        """Yield forecasts batch by batch, in the order of `X`.

        Parameters
        ----------
        X : windows as for `predict`, or a dataset
            What to forecast from.
        training : bool, default=False
            Whether dropout is active.
        device : str, default="cpu"
            Where the forecasts are put.

        Yields
        ------
        y : Tensor of shape (batch, horizon * n_targets)
        """
        dataset = self.get_dataset(X)
        if training:
            self._seed_network()
        # skorch takes the training iterator where training=True: that one shuffles.
        for batch in self.get_iterator(dataset, training=False):
            y = self.evaluation_step(batch, training=training)
            yield to_device(y.detach(), device=device)

    def evaluation_step(self, batch, training=False):
        """Forecasts of a batch that depend on nothing else in the batch.

        Matrix products round differently for different numbers of rows. Filled up to
        a multiple of 16 they do not, so that a forecast has the same bits whether it
        is made alone or among many.
        """
        n_rows = windows_of(batch).shape[0]
        missing = -n_rows % 16

        def filled(part):
            rest = part[-1:].expand(missing, *[-1] * (part.ndim - 1))
            return torch.cat([part, rest]) if missing else part

        parts = parts_of(batch[0], filled)
        with limited_threads(self.n_jobs):
            return super().evaluation_step((parts, None), training)[:n_rows]

    def _set_training(self, training=True):
        """Training or evaluation mode; what is in it already stays as it is."""
        if self.module_.training != training:  # else each batch walks all modules
            super()._set_training(training)

    def infer(self, x, **fit_params):
        """Forecasts of shape (batch, horizon * n_targets) for a batch of windows."""
        parts = parts_of(x, lambda part: to_device(part, self._device))
        x = parts.pop("x")
        if self.precision == "fp32":
            return self.module_(x, **parts, **fit_params)
        with torch.autocast(self._device.type, torch.bfloat16):
            return self.module_(x, **parts, **fit_params).float()

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Loss of a batch, weighted where there are weights.

        Parameters
        ----------
        y_pred : Tensor of shape (batch, horizon * n_targets), or \
                (batch, n_steps, horizon * n_targets) for all time steps
            Forecasts in the units of the series.
        y_true : Tensor of shape (batch, horizon * n_targets)
            What followed the window.
        X : Tensor or dict
            The batch of windows, with their weights if there are any.
        training : bool, default=False
            Ignored.

        Returns
        -------
        loss : Tensor of shape ()
        """
        y_true = to_device(y_true, self._device)
        if y_pred.ndim == 3:
            y_true = self._targets_of_steps(X, y_true, n_steps=y_pred.shape[1])
        criterion, seen = self.criterion_, None
        if self.missing == "mask":
            seen = y_true.isfinite()
            y_true = torch.where(seen, y_true, 1.0)  # in the range of every family
        if self.normalize is not None and getattr(criterion, "in_window_units", True):
            y_pred = self.module_.in_window_units(y_pred)
            y_true = self.module_.in_window_units(y_true)
        args = [y_pred, y_true]
        if getattr(criterion, "needs_windows", False):
            args.append(to_device(X["x"] if isinstance(X, dict) else X, self._device))
        weights = X.get("sample_weight") if isinstance(X, dict) else None
        if weights is None and seen is None:
            return criterion(*args)
        return self._weighted_loss(args, weights, seen)

    def _targets_of_steps(self, X, y, n_steps):
        """What followed each of the last time steps: the window and `y` joined.

        (batch, horizon * n_targets) -> (batch, n_steps, horizon * n_targets)
        """
        x = to_device(X["x"] if isinstance(X, dict) else X, self._device)
        n_targets = self.n_targets_
        joined = torch.cat([x[..., :n_targets], y.unflatten(1, (-1, n_targets))], dim=1)
        # A network with a stride forecasts from every stride-th step, the last among
        # them; with truncated backpropagation from the last few.
        stride = getattr(self._network, "stride", 1)
        return following(joined, n_steps, self.horizon_, stride).flatten(2)

    def _weighted_loss(self, args, weights, seen):
        """Loss of a batch with weights of the windows, or of what is seen of y."""
        reduction = getattr(self.criterion_, "reduction", None)
        if reduction != "mean":
            raise TypeError(
                "Expected a criterion with reduction='mean' to weight origins or to "
                f"leave out missing values, found {self.criterion_!r} with reduction="
                f"{reduction!r}. Use a loss of torch.nn, or fit without sample_weight "
                "and with missing='error'."
            )
        self.criterion_.reduction = "none"
        try:
            losses = self.criterion_(*args)
        finally:
            self.criterion_.reduction = reduction
        share = 1.0
        if seen is not None:
            losses = torch.where(seen, losses, 0)
            share = seen.float().mean().clamp_min(1 / seen.numel())
        # (batch, outputs) -> (batch,)
        losses = losses.flatten(1).mean(1) / share
        if weights is not None:
            losses = losses * to_device(weights, self._device)
        return losses.mean()

    def _training_kwargs(self, batch):
        """What the module's forward gets beside the windows of a training batch."""
        return {"all_steps": True} if self.train_on == "all_steps" else {}

    def _zero_grad_optimizer(self, set_to_none=None):
        """Forget the gradients; zero_grad takes longer, for hooks that few use."""
        for parameter in self._trained_parameters():
            parameter.grad = None

    def _trained_parameters(self):
        # Not get_all_learnable_params, which walks through all modules.
        optimizers = [getattr(self, name + "_") for name in self._optimizers]
        groups = [group for optimizer in optimizers for group in optimizer.param_groups]
        return [parameter for group in groups for parameter in group["params"]]

    def train_step_single(self, batch, **fit_params):
        """Loss and gradients of a batch, the gradients clipped."""
        fit_params |= self._training_kwargs(batch)
        step = super().train_step_single(batch, **fit_params)
        if step["y_pred"].ndim == 3:  # callbacks get what predict would give
            step["y_pred"] = step["y_pred"][:, -1]
        if self.clip_grad_norm is not None:
            clip_gradients(self._trained_parameters(), self.clip_grad_norm)
        return step
