"""Gradient accumulation by the recipe of skorch's documentation (FAQ)."""

import pytest
import torch
from nets import X, Y, weights
from torch.testing import assert_close

from sktorch_forecast import LSTMForecaster

PARAMS = {
    "hidden_size": 4,
    "random_state": 0,
    "early_stopping": False,
    "clip_grad_norm": None,
    "optimizer": torch.optim.SGD,
    "lr": 0.1,
    "iterator_train__shuffle": False,
    "max_epochs": 3,
}


class Accumulating(LSTMForecaster):
    """Steps after every second batch."""

    n_steps = 0

    def get_loss(self, *args, **kwargs):
        return super().get_loss(*args, **kwargs) / 2

    def train_step(self, batch, **fit_params):
        n_train_batches = len(self.history[-1, "batches"])
        step = self.train_step_single(batch, **fit_params)
        if n_train_batches % 2 == 0:
            self.optimizer_.step()
            self.optimizer_.zero_grad()
            self.n_steps += 1
        return step


class AccumulatingAlone(LSTMForecaster):
    """The same within the step of a single batch, which is ours to override, too."""

    def train_step_single(self, batch, **fit_params):
        self.n_seen = [*getattr(self, "n_seen", []), len(self.history[-1, "batches"])]
        return super().train_step_single(batch, **fit_params)


def test_two_halves_are_a_batch():
    # 60 origins: 6 batches of 10, or 3 of 20; the mean of two halves is that of both
    net = Accumulating(**PARAMS, batch_size=10).fit(X, Y)
    assert net.n_steps == 3 * 3
    expected = LSTMForecaster(**PARAMS, batch_size=20).fit(X, Y)
    assert_close(weights(net), weights(expected), rtol=1e-4, atol=1e-6)


def test_the_single_step_sees_the_history():
    net = AccumulatingAlone(**PARAMS, batch_size=20).fit(X, Y)
    assert net.n_seen == [1, 2, 3] * 3


@pytest.mark.parametrize("cls", [Accumulating, AccumulatingAlone])
def test_the_history_is_that_of_the_quiet_epoch(cls):
    loud = cls(**PARAMS, batch_size=20).fit(X, Y).history[-1, "batches", :]
    quiet = LSTMForecaster(**PARAMS, batch_size=20).fit(X, Y).history[-1, "batches", :]
    assert [sorted(batch) for batch in loud] == [sorted(batch) for batch in quiet]


def test_our_own_steps_stay_quiet():
    from sktorch_forecast._training.epochs import hears_batches
    from sktorch_forecast._training.net import WindowNet

    assert not hears_batches(LSTMForecaster(**PARAMS).initialize(X, Y), WindowNet)
