"""A forecaster in the place of the nets that skorch's own tests train.

Those tests make nets of any module, which is their first parameter, train them on
rows with classes as targets, and look into ``module_``. So the adapter gives up what
belongs to windows: the module is not wrapped, rows have no channels, targets go to the
criterion as they are, and what the module puts out is what leaves the net. Its defaults
are those of skorch. All else is the forecasters' own: parameters and their checks,
initialization, devices, datasets, splits, the training, callbacks, history, pickles and
saved weights.
"""

from types import SimpleNamespace

import numpy as np
import torch
from skorch import NeuralNet as SkorchNeuralNet
from skorch.callbacks import EpochScoring
from skorch.dataset import ValidSplit
from skorch.utils import is_dataset, to_numpy
from torch import nn

from sktorch_forecast._data.inputs import check_windows
from sktorch_forecast._training.batches import WindowDataset
from sktorch_forecast._training.fitting import fix
from sktorch_forecast._training.foreign import plain
from sktorch_forecast._training.objective import Objective
from sktorch_forecast._training.spec import NetworkSpec, spec_of
from sktorch_forecast.forecaster import Forecaster
from sktorch_forecast.layers.heads import Point

SPLIT = ValidSplit(5)
SPLIT_OF_CLASSES = ValidSplit(5, stratified=True)


class Rows(WindowDataset):
    """Rows without channels, and targets as they are."""

    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        return x.squeeze(-1), y


class RowsOfClasses(WindowDataset):
    """Rows without channels, and classes as targets."""

    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        return x.squeeze(-1), y.squeeze(-1).long()


class AnyShape(NetworkSpec):
    """A module that is not built for the shapes of the data has the same in all."""

    def __eq__(self, other):
        return isinstance(other, NetworkSpec)


class NLLOfProbabilities(nn.NLLLoss):
    """What skorch's classifiers minimize: their modules put out probabilities."""

    def forward(self, y_pred, y_true):
        eps = torch.finfo(y_pred.dtype).eps
        return super().forward(torch.log(y_pred + eps), y_true)


class NeuralNet(Forecaster):
    """A forecaster of rows, whose module is a parameter."""

    training_parameters = ("module",)

    def __init__(
        self,
        module,
        criterion=nn.MSELoss,
        *,
        optimizer=torch.optim.SGD,
        lr=0.01,
        max_epochs=10,
        batch_size=128,
        train_split=SPLIT,
        dataset=Rows,
        normalize=None,
        baseline=None,
        clip_grad_norm=None,
        early_stopping=False,
        verbose=1,
        **shared,
    ):
        self.module = module
        self.history_ = shared.pop("history", None)
        super().__init__(
            criterion=criterion,
            optimizer=optimizer,
            lr=lr,
            max_epochs=max_epochs,
            batch_size=batch_size,
            train_split=train_split,
            dataset=dataset,
            normalize=normalize,
            baseline=baseline,
            clip_grad_norm=clip_grad_norm,
            early_stopping=early_stopping,
            verbose=verbose,
            **shared,
        )

    def initialize_module(self):
        if not hasattr(self, "_random"):
            fix(self)
        self.spec_ = AnyShape(**vars(spec_of(self)))
        SkorchNeuralNet.initialize_module(self)
        self.module_.baseline = None
        self.module_.normalization = SimpleNamespace(is_calibrated=True)
        self.objective_ = Objective(Point(), masked=False)
        return self

    def get_default_callbacks(self):
        default = super().get_default_callbacks()
        return [pair for pair in default if pair[0] != "best_weights"]

    def get_params_for(self, prefix):
        own = super().get_params_for(prefix)
        if prefix == "iterator_valid":
            return {"batch_size": self.batch_size} | own
        return {"shuffle": False} | own if prefix == "iterator_train" else own

    @property
    def forward_of_network(self):
        return self.module_.forward

    def get_loss(self, y_pred, y_true, X=None, training=False):
        y_pred = y_pred[0] if isinstance(y_pred, tuple) else y_pred
        return self.criterion_(y_pred, y_true)

    def decoded(self, encoded):
        return encoded

    def predict_proba(self, X):
        self.check_is_fitted()
        X = plain(X)
        if not is_dataset(X):
            X = check_windows(self, X, reset=not hasattr(self, "n_features_in_"))
        return np.concatenate([to_numpy(y) for y in self.forward_iter(X)])

    def predict(self, X):
        return self.predict_proba(X)


class NeuralNetRegressor(NeuralNet):
    """The same; skorch's is one of its own."""


class NeuralNetClassifier(NeuralNet):
    """Classes as targets, and probabilities as what a module puts out."""

    def __init__(
        self,
        module,
        *,
        criterion=NLLOfProbabilities,
        train_split=SPLIT_OF_CLASSES,
        dataset=RowsOfClasses,
        **shared,
    ):
        super().__init__(
            module,
            criterion=criterion,
            train_split=train_split,
            dataset=dataset,
            **shared,
        )

    def get_default_callbacks(self):
        scoring = EpochScoring("accuracy", name="valid_acc", lower_is_better=False)
        *others, print_log = super().get_default_callbacks()
        return [*others, ("valid_acc", scoring), print_log]

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)

    @property
    def classes_(self):
        return np.array([0, 1])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        return tags
