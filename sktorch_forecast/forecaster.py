"""The base of all neural forecasters: scikit-learn estimators and skorch nets in one.

What happens in a fit, from top to bottom::

    fit -> checks of parameters and data     (_data.inputs, _training.checks)
        -> initialize                        (_training.spec, _training.net)
        -> skorch's fit_loop                 (calls back into _training.net)
             get_split_datasets              (the last origins are for validation)
             get_iterator                    (_training.batches: one indexing per batch)
             train_step_single               (loss in window units, clipped gradients)
        -> KeepBestWeights                   (_training.callbacks)

Any error on the way leaves the forecaster as it was before.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted
from skorch.utils import is_dataset

from ._data.inputs import check_windows
from ._training.batches import BatchIterator, WindowDataset
from ._training.device import Precision
from ._training.fitting import train
from ._training.foreign import plain
from ._training.html import ShownNet
from ._training.members import ForecasterType
from ._training.net import WindowNet
from ._training.shared import CONSTRAINTS, Loss
from ._uncertainty.interface import UncertaintyMixin
from ._uncertainty.network import NetworkUncertainty, why_without
from ._utils.typing import RandomState
from .layers.normalization import Kind


class Forecaster(UncertaintyMixin, ShownNet, WindowNet, metaclass=ForecasterType):
    """Base class of the neural forecasters.

    A subclass names its torch module in the class attribute `module` and takes its own
    parameters in its constructor. These are passed to the module under the same names,
    except those listed in `training_parameters`, along with ``n_channels``, ``length``
    and ``output_shape``, which is (horizon, n_targets, n_params), if the module's
    signature asks for them.

    Parameters
    ----------
    loss : {"mse", "mae", "huber", "smape", "mase", "smape+mase", "quantile", \
            "normal", "student_t", "laplace", "lognormal", "poisson", \
            "negative_binomial", "mixture"}, default="mse"
        The loss to minimize, which also decides what is forecast. The first six are
        losses of point forecasts: "mse", "mae" and "huber" in the units of the window,
        the others, which are scale-free, in those of the series; "mase" divides by the
        error of the seasonal naive forecast in the window. "quantile" learns quantiles,
        which cannot cross, with the pinball loss; `predict` returns the median. The
        others are families of distributions, trained by maximum likelihood; `predict`
        returns their means. "poisson" and "negative_binomial" are for counts,
        "lognormal" for positive values; "mixture" mixes normal distributions.
    normalize : {"window", "mean", "last", "level", "season", "cycle"} or None, \
            default="window"
        How each window is normalized inside the network. The forecast is converted
        back, so raw series go in and come out; the loss is in the units of the
        normalized window. "window" subtracts the mean of the window and divides by its
        standard deviation. "mean" and "last" subtract the mean or the last value and
        scale all windows alike, so that they weigh the same in the loss. "level"
        divides by the mean absolute value, for positive series. "season" subtracts the
        last season from the targets, so that the network starts from the seasonal naive
        forecast, and divides by the standard deviation. "cycle" is like "window", but
        then subtracts a cycle learnt with the network from the targets; windows must
        know their times, see :ref:`CycleNet <cycle>`. None leaves windows as they are.
    seasonality : int or None, default=None
        Timestamps in a season or cycle, for `normalize` and ``loss="mase"``.
    baseline : {"ridge"} or None, default="ridge"
        "ridge" averages the forecasts of the network and of a ridge regression on the
        window. The weights are chosen on the held-back origins: the less these show the
        network to be better, the more the regression counts. It shrinks towards a naive
        forecast (the last value, or the last season if there is a `seasonality`) and is
        solved in closed form after the network's training; see :ref:`baseline`. A
        distribution is shifted as a whole; distributions of counts and of positive
        values stay as they are. None uses the network alone.
    missing : {"error", "mask"}, default="error"
        "mask" accepts windows and targets with NaN: the network sees zeros there and
        gets one more channel for each target and past covariate, which says where
        values are observed; the loss leaves out what is missing.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=100
        Maximum number of passes over the training origins.
    batch_size : int, default=32
        Windows in a training mini-batch; -1 takes all of them. Validation and
        prediction choose their own batch size, unless ``iterator_valid__batch_size`` is
        set; it does not change their results.
    early_stopping : bool, default=True
        Whether to hold back the last part of the training origins, to stop when the
        loss on it has not improved for `n_iter_no_change` epochs, and to keep the
        weights of the best epoch. Origins whose targets reach into the held-back part
        are not used at all. If there are too few origins for that, all are used.
    validation_fraction : float in (0, 1), default=0.15
        Share of the origins to hold back.
    n_iter_no_change : int, default=15
        Number of epochs without improvement after which training stops.
    random_state : int, RandomState instance or None, default=None
        Seeds the initial weights, the order of the mini-batches and dropout. With an
        int the same data gives the same forecasts, bit for bit; with None every fit is
        different. Global generators are neither used nor changed.
    verbose : int, default=0
        0 prints nothing. 1 shows a progress line during training (epochs, losses, time
        left) and prints at the end why the training stopped and which epoch's weights
        are kept. 2 prints skorch's table of the losses instead.
    quantiles : sequence of float or None, default=None
        Levels for ``loss="quantile"``, at least two, increasing; None means (0.1, 0.5,
        0.9). Other levels are interpolated on the scale of normal scores.
    n_components : int, default=3
        Number of normal distributions in ``loss="mixture"``.
    n_mc_samples : int or None, default=None
        Monte Carlo dropout passes, which `predict` averages and quantiles are computed
        from, seeded by `random_state`; with quantiles or a distribution, paths then
        carry both kinds of uncertainty. None forecasts once, with dropout off.
    train_on : {"last_step", "all_steps"}, default="last_step"
        "all_steps" trains networks that read the window step by step to forecast the
        whole horizon from every time step of the window, which gives them more to learn
        from; the targets come from the window and `y` joined. Predictions always come
        from the last step. With ``normalize="window"`` the early steps then know the
        mean and deviation of the whole window.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Takes ``optimizer__...`` parameters, e.g. ``optimizer__weight_decay=1e-4``. Its
        fused implementation is used if torch has one.
    criterion : torch loss class, instance or None, default=None
        Replaces `loss`, which must then be "mse". Called with forecasts and targets in
        the units of the window, both of shape (batch, horizon * n_targets), it returns
        one number. ``criterion__...`` parameters also reach a named loss.
    clip_grad_norm : float or None, default=1.0
        Gradients with a larger joint norm are scaled down to this norm, the usual guard
        against exploding gradients in recurrent networks; None does not clip.
    train_split : "last", callable or None, default="last"
        "last" holds back the last origins as described above. A callable, such as
        ``skorch.dataset.ValidSplit``, is used as in skorch. None holds nothing back:
        early stopping then watches the training loss.
    callbacks : list of skorch callbacks or None, default=None
        Added to the default ones, which are named epoch_timer, train_loss,
        valid_loss, best_weights and print_log.
    warm_start : bool, default=False
        Whether `fit` continues from the current weights.
    device : str, default="cpu"
        Where torch computes, e.g. "cuda"; "auto" takes an accelerator if there is one.
        The series is moved there once and mini-batches are gathered there. A fitted
        network stays on the device it was fitted on.
    n_threads : int or None, default=None
        Number of torch threads. None means 1, which gives the same bits in any process;
        -1 means all that the process may use, for large networks.
    precision : {"fp32", "bf16"}, default="fp32"
        "bf16" computes the network in bfloat16 where that is safe (torch.autocast), for
        large networks on hardware that supports it; weights, normalization and loss
        stay in float32.
    compile : bool, default=False
        Whether to use ``torch.compile``.
    iterator_train : class, default=BatchIterator
        Yields the mini-batches for training, in an order shuffled by a private
        generator unless ``iterator_train__shuffle=False``. A torch DataLoader works
        too.
    iterator_valid : class, default=BatchIterator
        Yields the mini-batches for validation and prediction.
    dataset : class, default=WindowDataset
        Holds windows and targets.
    use_caching : bool or "auto", default="auto"
        Whether scoring callbacks may reuse forecasts, as in skorch.
    torch_load_kwargs : dict or None, default=None
        Passed to ``torch.load`` by `load_params`.

    Attributes
    ----------
    n_features_in_ : int
        Length of the windows seen in `fit`.
    feature_names_in_ : ndarray of shape (length,)
        Column names, if the windows were a frame with string columns.
    n_channels_ : int
        Number of channels in the windows.
    n_targets_ : int
        Number of target channels.
    horizon_ : int
        Number of steps that are forecast.
    module_ : sktorch_forecast.layers.ForecastNetwork
        The trained network (its attribute `network`) together with the normalization of
        its windows.
    device_ : torch.device
        The device of `module_`.
    linear_share_ : float in [0, 1]
        Weight of the ridge regression in the forecasts; the network has the rest. 1
        means that the network adds nothing. Only with a `baseline`.
    history : skorch.history.History
        Losses and durations, one row per epoch. With ``normalize="window"`` losses are
        in the units of the window.

    Notes
    -----
    The parameters that all networks share come in groups, the most important first:
    what is forecast, from `loss` on; how long and how fast the network learns, from
    `lr` on; how uncertain it is, from `quantiles` on; the finer points of training,
    from `train_on` on; the machine, from `device` on; and the parts that skorch works
    with, from `iterator_train` on.

    A forecast uses the parameters as they were at the last fit. Those changed later
    take effect at the next fit, except for the few that concern only forecasting:
    `n_mc_samples`, `n_threads` and ``iterator_valid__batch_size``.
    """

    # For the docs: covariates that a network can use, here through normalization.
    covariates: ClassVar[tuple[str, ...]] = ("past", "future", "static")
    module: Callable[..., torch.nn.Module]
    parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS

    def __init__(
        self,
        *,
        # What is forecast, and from what
        loss: Loss = "mse",
        normalize: Kind | None = "window",
        seasonality: int | None = None,
        baseline: Literal["ridge"] | None = "ridge",
        missing: Literal["error", "mask"] = "error",
        # How long and how fast it learns
        lr: float = 0.005,
        max_epochs: int = 100,
        batch_size: int = 32,
        early_stopping: bool = True,
        validation_fraction: float = 0.15,
        n_iter_no_change: int = 15,
        random_state: RandomState = None,
        verbose: int = 0,
        # How uncertain it is
        quantiles: Sequence[float] | None = None,
        n_components: int = 3,
        n_mc_samples: int | None = None,
        # The finer points of the training
        train_on: Literal["last_step", "all_steps"] = "last_step",
        optimizer: type[torch.optim.Optimizer] = torch.optim.Adam,
        criterion: type[torch.nn.Module] | torch.nn.Module | None = None,
        clip_grad_norm: float | None = 1.0,
        train_split: Literal["last"] | Callable[..., Any] | None = "last",
        callbacks: Sequence[Any] | Literal["disable"] | None = None,
        warm_start: bool = False,
        # The machine
        device: str = "cpu",
        n_threads: int | None = None,
        precision: Precision = "fp32",
        compile: bool = False,
        # What skorch works with
        iterator_train: type = BatchIterator,
        iterator_valid: type = BatchIterator,
        dataset: type = WindowDataset,
        use_caching: bool | Literal["auto"] = "auto",
        torch_load_kwargs: dict[str, Any] | None = None,
        **dunder: Any,
    ):
        self.loss = loss
        self.normalize = normalize
        self.seasonality = seasonality
        self.baseline = baseline
        self.missing = missing
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.verbose = verbose
        self.quantiles = quantiles
        self.n_components = n_components
        self.n_mc_samples = n_mc_samples
        self.train_on = train_on
        self.optimizer = optimizer
        self.criterion = criterion
        self.clip_grad_norm = clip_grad_norm
        self.train_split = train_split
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.device = device
        self.n_threads = n_threads
        self.precision = precision
        self.compile = compile
        self.iterator_train = iterator_train
        self.iterator_valid = iterator_valid
        self.dataset = dataset
        self.use_caching = use_caching
        self.torch_load_kwargs = torch_load_kwargs
        self._check_names(dunder)
        vars(self).update(dunder)

    def fit(
        self,
        X: Any,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows in time order, target channels first; or a dataset of pairs of a
            window and its targets, which is read once.
        y : array of shape (n_origins,) or (n_origins, horizon * n_targets)
            What followed each window, all targets of step 1 first. None if `X` is a
            dataset.
        sample_weight : array of shape (n_origins,), default=None
            Weight of each origin in the loss; only their ratios matter.
        **fit_params : dict
            Passed to a callable `train_split` and to the network's forward, by
            signature.

        Returns
        -------
        self : Forecaster

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data are not valid, or the loss was not finite in the
            first epoch. A fitted forecaster stays as it was.
        KeyboardInterrupt
            After Ctrl-C in the first epoch, or if this fit is one of several (in an
            ensemble, a search or a backtest). A fitted forecaster stays as it was.

        Warns
        -----
        ConvergenceWarning
            If the loss turned NaN or infinite in a later epoch, or after Ctrl-C; the
            best weights so far are kept.
        """
        go_on = self.warm_start and self.initialized_
        return train(self, X, y, sample_weight, go_on=go_on, fit_params=fit_params)

    def partial_fit(
        self,
        X: Any,
        y: ArrayLike | None = None,
        classes: None = None,
        sample_weight: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Continue training from the current weights, for at most `max_epochs` more.

        Parameters
        ----------
        X, y, sample_weight
            As for :meth:`fit`, with windows like those of the first fit.
        classes : Ignored
            Present because skorch has it in this place.
        **fit_params : dict
            As for :meth:`fit`.

        Returns
        -------
        self : Forecaster

        Raises
        ------
        TypeError, ValueError
            As in `fit`, and if `X` or `y` have other channels, another length or
            another horizon than before.
        """
        how = {"go_on": self.initialized_, "method": "partial_fit"}
        return train(self, X, y, sample_weight, fit_params=fit_params, **how)

    def _predict(self, X: Any) -> np.ndarray:
        if not self.initialized_:
            check_is_fitted(self)
        is_mc = False
        X = plain(X)
        if not is_dataset(X):  # skorch's scoring callbacks pass in our datasets
            X = check_windows(self, X, reset=False)
            is_mc = self.n_mc_samples is not None
        y = self.uncertainty_.point(self, X, self.n_mc_samples if is_mc else None)
        return y.ravel() if getattr(self, "_y_is_1d", True) else y

    @property
    def uncertainty_(self) -> NetworkUncertainty:
        """The source of the uncertainty of the network's forecasts."""
        return NetworkUncertainty(self.objective_.head)

    def _why_without(self, method: str) -> str | None:
        return why_without(self)

    def _quantiles(self, X: Any, levels: np.ndarray) -> np.ndarray:
        return self.uncertainty_.quantiles(self, X, levels)

    def _draw(
        self, X: Any, n_samples: int, random_state: np.random.RandomState
    ) -> np.ndarray:
        return self.uncertainty_.draw(self, X, n_samples, random_state)
