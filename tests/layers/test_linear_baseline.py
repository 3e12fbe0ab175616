"""The linear map that networks are weighed against, against NumPy and pandas."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sktorch_forecast import NaiveForecaster
from sktorch_forecast.layers.linear_baseline import LinearBaseline

RNG = np.random.default_rng(0)
B, L, K, P, F, S, H = 5, 6, 2, 1, 2, 3, 4
C = K + P + F


def random_tensor(*shape):
    return torch.from_numpy(RNG.normal(size=shape).astype(np.float32))


def with_random_weights(baseline):
    n_groups, n_outputs, _ = baseline.weight.shape
    baseline.set_weights(
        random_tensor(n_groups, n_outputs, baseline.n_inputs),
        random_tensor(n_groups, n_outputs),
    )
    return baseline


def test_it_reads_all_that_there_is():
    baseline = with_random_weights(LinearBaseline(C, K, L, H, F, S))
    x, future, static = (
        random_tensor(B, L, C),
        random_tensor(B, H, F),
        random_tensor(B, S),
    )
    # Static covariates also come as channels behind those of the window.
    inputs = torch.cat([x, static.unsqueeze(1).expand(-1, L, -1)], dim=2)
    rows = np.concatenate(
        [part.numpy().reshape(B, -1) for part in (x, future, static)], 1
    )
    weight = baseline.weight[0, :, : rows.shape[1]].numpy()
    expected = (rows @ weight.T + baseline.bias[0].numpy()).reshape(B, H, K)
    assert_allclose(baseline(inputs, future, static).numpy(), expected, atol=1e-4)


def test_each_target_reads_its_own_where_there_is_too_much():
    length = 600  # two channels of 600 values are more than 1,024
    baseline = with_random_weights(LinearBaseline(K, K, length, H))
    assert baseline.weight.shape == (K, H, length)
    x = random_tensor(B, length, K)
    expected = np.einsum("blk,khl->bhk", x.numpy(), baseline.weight.numpy())
    expected += baseline.bias.numpy().T
    assert_allclose(baseline(x).numpy(), expected, atol=1e-3)


def test_long_windows_are_read_from_their_end():
    baseline = LinearBaseline(1, 1, 1500, 1)
    baseline.set_weights(torch.ones(1, 1, 1024), torch.zeros(1, 1))
    x = torch.zeros(1, 1500, 1)
    x[:, -1024:] = 1
    assert baseline(x).item() == 1024


@pytest.mark.parametrize("season", [1, 3])
@pytest.mark.parametrize("length", [L, 600])
def test_what_was_seasons_ago_is_the_naive_forecast(season, length):
    x = random_tensor(B, length, K)
    baseline = LinearBaseline(K, K, length, H)
    baseline.set_weights(baseline.last_of(season), torch.zeros_like(baseline.bias))
    naive = NaiveForecaster(season).fit(x.numpy(), np.zeros((B, H)))
    naive.n_targets_, naive.horizon_ = K, H
    assert_array_equal(baseline(x).flatten(1).numpy(), naive.predict(x.numpy()))


def test_what_is_missing_is_as_it_last_was():
    x = RNG.normal(size=(B, L, K))
    x[RNG.random(x.shape) < 0.4] = np.nan
    seen = np.isfinite(x)
    inputs = np.concatenate([np.nan_to_num(x), seen], axis=2).astype(np.float32)
    rows = LinearBaseline(K, K, L, H, masked=True).rows(torch.from_numpy(inputs))
    expected = [pd.DataFrame(window).ffill().fillna(0).to_numpy() for window in x]
    assert_allclose(rows.numpy().reshape(B, L, K), expected, rtol=1e-6)
