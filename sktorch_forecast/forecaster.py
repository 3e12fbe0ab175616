"""The base of all neural forecasters: wholly scikit-learn and wholly skorch.

What happens in a fit, from top to bottom::

    fit -> checks of parameters and data     (_inputs, _parameters)
        -> initialize                        (_net: module, optimizer, callbacks)
        -> skorch's fit_loop                 (calls back into _net)
             get_split_datasets              (the last origins validate)
             get_iterator                    (_batches: one index per batch)
             train_step_single               (loss in window units, clipped gradients)
        -> KeepBestWeights                   (_callbacks)

Any error on the way leaves the forecaster as it was before.
"""

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from skorch.utils import is_dataset

from ._data.inputs import check_targets, check_windows
from ._data.targets import shared_span
from ._training.batches import BatchIterator, WindowDataset, parts_of
from ._training.checks import check_parameters, check_season
from ._training.device import limited_threads
from ._training.net import WindowNet
from ._training.parameters import SkorchParametersMixin
from ._uncertainty.network import NetworkUncertaintyMixin
from ._utils.atomic import unchanged_on_error
from ._utils.compat import (
    Interval,
    Options,
    StrOptions,
    check_sample_weight,
)
from .layers.heads import LIKELIHOODS
from .layers.losses import LOSSES
from .layers.normalization import KINDS


class Forecaster(NetworkUncertaintyMixin, SkorchParametersMixin, WindowNet):
    """Base class of the neural forecasters.

    A subclass names its torch module as the class attribute `module` and, in its
    constructor, the parameters of its own. These reach the module under the same
    names, except those that `_training_parameters` lists; with them come
    ``n_channels``, ``n_outputs`` (``horizon * n_targets``), ``n_targets`` and
    ``length``, as far as the module's signature asks for them.

    Parameters
    ----------
    normalize : {"window", "mean", "last", "level", "season"} or None, default="window"
        How each window is put into units of its own inside the network, and the
        forecast put back, so that raw series go in and come out; the loss is then
        computed in the units of the window. "window" shifts and scales by the mean and
        the deviation of the window. "mean" and "last" shift by the mean or the last
        value and scale all windows alike, so that the loss counts them alike. "level"
        divides by the mean absolute value, for positive series. "season" takes the
        last season off the targets, so that the seasonal naive forecast is where the
        network begins, and divides by the deviation. None leaves all as it is.
    seasonality : int or None, default=None
        Timestamps in a season, for ``normalize="season"`` and ``loss="mase"``.
    missing : {"error", "mask"}, default="error"
        "mask" takes windows and targets with NaN: the network sees zeros there and
        one more channel for each target and past covariate, which says where values
        are; the loss leaves out what is missing.
    train_on : {"last_step", "all_steps"}, default="last_step"
        "all_steps" trains networks that read the window step by step to forecast the
        whole horizon from every time step of it, which gives them more to learn from;
        the targets come from the window and `y` joined. Forecasts are those of the
        last step in any case. With ``normalize="window"`` the early steps then know
        the mean and deviation of the whole window.
    loss : {"mse", "mae", "huber", "smape", "mase", "smape+mase"} or None, default=None
        A loss by its name; None takes `criterion`. The first three are computed in
        the units of the window, the others, which have none, in those of the series.
        "mase" divides by the error of the seasonal naive forecast in the window.
    criterion : torch loss class or instance, default=torch.nn.MSELoss
        Called with the forecasts and the targets, both of shape
        (batch, horizon * n_targets). A likelihood or quantiles bring their own loss.
    likelihood : {"normal", "student_t", "laplace", "lognormal", "poisson", \
            "negative_binomial", "mixture"} or None, default=None
        Family of distributions whose parameters the network puts out for every step,
        trained by maximum likelihood; `predict` gives their means. "poisson" and
        "negative_binomial" are for counts, "lognormal" is for positive values,
        "mixture" is one of normal distributions.
    quantiles : tuple of float or None, default=None
        Levels of the quantiles to train by the pinball loss, at least two, increasing;
        the head cannot let them cross. `predict` gives the median. Other levels are
        interpolated, in the normal score of the level. Not with a `likelihood`.
    n_components : int, default=3
        Normal distributions of ``likelihood="mixture"``.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Takes ``optimizer__...`` parameters, e.g. ``optimizer__weight_decay=1e-4``. If
        torch has a fused variant of its step, that is used.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=100
        Passes over the training origins, at most.
    batch_size : int, default=32
        Windows in a mini-batch of the training; -1 takes all of them. Validation and
        prediction choose a size of their own, unless ``iterator_valid__batch_size`` is
        set; it does not change what they give.
    clip_grad_norm : float or None, default=1.0
        Gradients whose joint norm is greater are scaled down to it, the usual guard
        against the exploding gradients of recurrent networks; None does not clip.
    early_stopping : bool, default=True
        Whether to hold back the last part of the training origins, to stop when
        their loss has not improved for `n_iter_no_change` epochs, and to keep the
        weights of the best epoch. The origins whose targets reach into the held-back
        part are not used at all. With too few origins for that, all are used.
    validation_fraction : float in (0, 1), default=0.15
        Share of the origins that is held back.
    n_iter_no_change : int, default=15
        Epochs without improvement after which to stop.
    train_split : "last", callable or None, default="last"
        "last" holds back the last origins as said above. A callable, such as
        ``skorch.dataset.ValidSplit``, is used as in skorch. None holds nothing back:
        early stopping then watches the training loss.
    callbacks : list of skorch callbacks or None, default=None
        Added to the default ones, which are named epoch_timer, train_loss,
        valid_loss, best_weights and print_log.
    warm_start : bool, default=False
        Whether `fit` goes on from the present weights.
    iterator_train : class, default=BatchIterator
        Yields the mini-batches for training, in an order shuffled by a private
        generator unless ``iterator_train__shuffle=False``. A torch DataLoader works
        too.
    iterator_valid : class, default=BatchIterator
        Yields the mini-batches for validation and prediction.
    dataset : class, default=WindowDataset
        Holds windows and targets.
    n_mc_samples : int or None, default=None
        Passes of Monte Carlo dropout that `predict` averages and quantiles are read
        from, seeded by `random_state`; with a likelihood or quantiles, paths then
        carry both kinds of uncertainty. None forecasts once, with dropout off.
    device : str, default="cpu"
        Where torch computes, e.g. "cuda"; "auto" takes an accelerator if there is
        one. The series is moved there once and mini-batches are gathered there.
    precision : {"fp32", "bf16"}, default="fp32"
        "bf16" computes the network in bfloat16 where that is safe (torch.autocast),
        for large networks on hardware that has it; weights, normalization and loss
        stay in float32.
    compile : bool, default=False
        Whether to use ``torch.compile``.
    use_caching : bool or "auto", default="auto"
        Whether scoring callbacks may reuse forecasts, as in skorch.
    torch_load_kwargs : dict or None, default=None
        Passed to ``torch.load`` by `load_params`.
    n_jobs : int or None, default=None
        Threads of torch. None means 1, which gives the same bits in any process; -1
        means all that the process may use, for large networks.
    random_state : int, RandomState instance or None, default=None
        Seeds the initial weights, the order of the mini-batches and dropout. With an
        int the same data gives the same forecasts, bit for bit. None is different
        each time. Global generators are neither used nor changed.
    verbose : int, default=0
        1 prints a table of the losses, 0 nothing.

    Attributes
    ----------
    n_features_in_ : int
        Length of the windows seen in `fit`.
    feature_names_in_ : ndarray of shape (length,)
        Column names, if the windows were a frame with string columns.
    n_channels_ : int
        Channels of the windows.
    n_targets_ : int
        Target channels.
    horizon_ : int
        Steps that are forecast.
    module_ : torch.nn.Module
        The trained network.
    history : skorch.history.History
        Losses and durations, one row an epoch. With ``normalize="window"`` losses are
        in the units of the window.
    """

    # What networks can use, for the docs: `WindowNormalization` brings it to any.
    covariates = ("past", "future", "static")
    _own_parameters = ()
    parameter_constraints = {
        "normalize": [StrOptions(set(KINDS)), None],
        "seasonality": [Interval(Integral, 1, None, closed="left"), None],
        "missing": [StrOptions({"error", "mask"})],
        "loss": [StrOptions(set(LOSSES)), None],
        "train_on": [StrOptions({"last_step", "all_steps"})],
        "criterion": [callable],
        "likelihood": [StrOptions(set(LIKELIHOODS)), None],
        "quantiles": ["array-like", None],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "optimizer": [callable],
        "callbacks": [list, StrOptions({"disable"}), None],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [
            Interval(Integral, 1, None, closed="left"),
            Options(Integral, {-1}),
        ],
        "clip_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "train_split": [StrOptions({"last"}), callable, None],
        "warm_start": ["boolean"],
        "n_mc_samples": [Interval(Integral, 1, None, closed="left"), None],
        "precision": [StrOptions({"fp32", "bf16"})],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        normalize="window",
        seasonality=None,
        missing="error",
        train_on="last_step",
        loss=None,
        criterion=torch.nn.MSELoss,
        likelihood=None,
        quantiles=None,
        n_components=3,
        optimizer=torch.optim.Adam,
        lr=0.005,
        max_epochs=100,
        batch_size=32,
        clip_grad_norm=1.0,
        early_stopping=True,
        validation_fraction=0.15,
        n_iter_no_change=15,
        train_split="last",
        callbacks=None,
        warm_start=False,
        iterator_train=BatchIterator,
        iterator_valid=BatchIterator,
        dataset=WindowDataset,
        n_mc_samples=None,
        device="cpu",
        precision="fp32",
        compile=False,
        use_caching="auto",
        torch_load_kwargs=None,
        n_jobs=None,
        random_state=None,
        verbose=0,
        **dunder,
    ):
        self.normalize = normalize
        self.seasonality = seasonality
        self.missing = missing
        self.loss = loss
        self.train_on = train_on
        self.criterion = criterion
        self.likelihood = likelihood
        self.quantiles = quantiles
        self.n_components = n_components
        self.optimizer = optimizer
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.clip_grad_norm = clip_grad_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.train_split = train_split
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.iterator_train = iterator_train
        self.iterator_valid = iterator_valid
        self.dataset = dataset
        self.n_mc_samples = n_mc_samples
        self.device = device
        self.precision = precision
        self.compile = compile
        self.use_caching = use_caching
        self.torch_load_kwargs = torch_load_kwargs
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self._check_names(dunder)
        vars(self).update(dunder)

    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows in time order, target channels first.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window, all targets of step 1 first.
        sample_weight : array of shape (n_origins,), default=None
            Weight of each origin in the loss; only their ratios matter.

        Returns
        -------
        self : Forecaster

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data are not valid, or the loss was not finite in
            the first epoch. A fitted forecaster stays as it was.

        Warns
        -----
        ConvergenceWarning
            If the loss turned NaN or infinite in a later epoch; the best weights so
            far are kept.
        """
        go_on = self.warm_start and self.initialized_
        return self._train(X, y, sample_weight, go_on=go_on)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Go on training from the present weights, for `max_epochs` more at most.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the first fit.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window.
        classes : Ignored
            In the place where skorch has it.
        sample_weight : array of shape (n_origins,), default=None
            Weight of each origin in the loss.

        Returns
        -------
        self : Forecaster

        Raises
        ------
        TypeError, ValueError
            As in `fit`, and if `X` or `y` have other channels, another length or
            another horizon than before.
        """
        return self._train(X, y, sample_weight, go_on=self.initialized_)

    def _train(self, X, y, sample_weight, *, go_on):
        with unchanged_on_error(self):
            self.check_training_readiness()
            check_parameters(self)
            reset = not (go_on and hasattr(self, "horizon_"))
            X, y = self._check_data(X, y, reset=reset)
            X, y, weights = self._apply_weights(X, y, sample_weight)
            dataset = self.get_dataset(X, y, sample_weight=weights)
            go_on = go_on and self._architecture() == self._initialized_architecture
            if not go_on:
                self.initialize()
            if self.head_ is not None:
                span = shared_span(y)
                self.head_.check(y if span is None else span)
            if self._is_wrapped and (reset or not go_on):
                sample = np.linspace(0, len(dataset) - 1, min(len(dataset), 1024))
                parts = parts_of(dataset[torch.from_numpy(sample).long()][0])
                self.module_.calibrate(parts.pop("x"), **parts)
            with (
                limited_threads(self.n_jobs),
                self._resolved_device(),
                self._weights_kept_on_error(go_on),
            ):
                # As skorch's partial_fit, but callbacks get X and y, not the dataset.
                self.notify("on_train_begin", X=X, y=y)
                try:
                    self.fit_loop(dataset)
                except KeyboardInterrupt:
                    pass
                self.notify("on_train_end", X=X, y=y)
                self._learn_correlation(dataset)
        return self

    def predict(self, X):
        """Forecast what follows each window.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.

        Returns
        -------
        y : ndarray of shape (n_origins,) or (n_origins, horizon * n_targets)
            In the shape that `y` had in `fit`, and in the precision of `X`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            If X is not numeric and finite or not like the windows of the fit.
        """
        check_is_fitted(self)
        if not is_dataset(X):  # skorch's scoring callbacks hand in datasets
            X = check_windows(self, X, reset=False)
            if self.n_mc_samples is not None:
                passes = self._passes(X, self.n_mc_samples, self._generator())
                y = self._point(passes).mean(axis=0)
                return y.ravel() if self._y_is_1d else y
        # Filled in batch by batch: a million origins need no second copy.
        y, start = None, 0
        for batch in self.forward_iter(X):
            # Scoring callbacks hand in forecasts of the training: hence detach.
            batch = self._point(batch.detach().numpy())
            if y is None:
                shape = (len(X), batch.shape[1])
                y = np.empty(shape, getattr(X, "dtype", np.float32))
            y[start : start + len(batch)] = batch
            start += len(batch)
        return y.ravel() if getattr(self, "_y_is_1d", True) else y

    # skorch offers it to every net; a regressor has no probabilities.
    predict_proba = property()

    def _check_data(self, X, y, *, reset):
        X = check_windows(self, X, reset=reset)
        y = check_targets(self, X, y, reset=reset)
        check_season(self)
        return X, y

    def _apply_weights(self, X, y, sample_weight):
        """Origins that count, and their weights, or None where all count alike."""
        if sample_weight is None:
            return X, y, None
        weights = check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        if not weights.any():
            raise ValueError(
                "Expected at least one positive entry in sample_weight, found only "
                "zeros: nothing is left to train on."
            )
        if not weights.all():
            # A weight of 0 means not to be there: neither for the normalization nor
            # in the part that is held back for validation.
            counts = np.flatnonzero(weights)
            X, y, weights = X[counts], y[counts], weights[counts]
        if np.ptp(weights) == 0:
            return X, y, None
        # Mean 1, so that lr and clip_grad_norm mean the same with and without.
        return X, y, weights / weights.mean()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = self.missing == "mask"
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags
