"""Small data and nets that the tests of the training share."""

from copy import deepcopy

import numpy as np
import torch
from skorch.callbacks import Callback
from torch.testing import assert_close

from sktorch_forecast import LSTMForecaster, make_windows

_time = np.arange(70)
SERIES = np.sin(_time / 4) + 0.1 * np.random.RandomState(0).randn(70)
# 70 - 8 - 3 + 1 = 60 origins. By default the last round(0.15 * 60) = 9 validate, and
# the horizon - 1 = 2 before them are not used: 60 - 9 - 2 = 49 train.
X, Y = make_windows(SERIES, horizon=3, length=8)
N_ORIGINS, N_TRAIN, N_VALID = 60, 49, 9
UNCHANGING = 1e-30  # a learning rate that is too small to move a float32 weight


def forecaster(**params):
    """A network alone: what is beside it is tested in training/test_baseline.py."""
    defaults = {"hidden_size": 4, "max_epochs": 2, "random_state": 0, "baseline": None}
    return LSTMForecaster(**(defaults | params))


def plain_sgd(**params):
    """A net that does nothing but gradient descent in the given order."""
    plain = {
        "normalize": None,
        "early_stopping": False,
        "clip_grad_norm": None,
        "optimizer": torch.optim.SGD,
        "lr": 0.1,
        "iterator_train__shuffle": False,
    }
    return forecaster(**(plain | params))


def weights(net):
    return deepcopy(net.module_.state_dict())


def assert_same_bits(a, b):
    assert_close(a, b, rtol=0, atol=0)


def batch_sizes(net, part):
    """Sizes of the batches in the last epoch."""
    key = f"{part}_batch_size"
    return [batch[key] for batch in net.history[-1]["batches"] if key in batch]


class Recorder(Callback):
    """Counts what happens and remembers the weights that a training starts from."""

    def initialize(self):
        self.train_batches_ = self.valid_batches_ = self.epochs_ = 0
        self.norms_ = []
        return self

    def on_train_begin(self, net, **kwargs):
        self.start_ = weights(net)

    def on_batch_end(self, net, training, **kwargs):
        self.train_batches_ += training
        self.valid_batches_ += not training

    def on_grad_computed(self, net, named_parameters, **kwargs):
        gradients = [p.grad.flatten() for _, p in named_parameters]
        self.norms_.append(float(torch.cat(gradients).norm()))

    def on_epoch_end(self, net, **kwargs):
        self.epochs_ += 1
