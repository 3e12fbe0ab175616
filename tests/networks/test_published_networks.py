"""Networks of papers, against the equations of these papers, written out by hand."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from sktorch_forecast import (
    ITransformerForecaster,
    MLPForecaster,
    NBEATSForecaster,
    NHITSForecaster,
    make_windows,
)
from sktorch_forecast.layers import EncoderLayer
from sktorch_forecast.networks.itransformer import ITransformerNetwork
from sktorch_forecast.networks.min_gru import MinGRUNetwork
from sktorch_forecast.networks.nbeats import NBEATSNetwork
from sktorch_forecast.networks.nhits import NHITSNetwork
from sktorch_forecast.networks.patch_tst import PatchTSTNetwork
from sktorch_forecast.networks.seg_rnn import SegRNNNetwork
from sktorch_forecast.networks.sparse_tsf import SparseTSFNetwork
from sktorch_forecast.networks.tide import TiDENetwork
from sktorch_forecast.networks.tsmixer import TSMixerNetwork
from sktorch_forecast.networks.xlstm import XLSTMNetwork

SERIES = np.sin(np.arange(160) / 5) + 0.01 * np.arange(160)
X, Y = make_windows(SERIES, horizon=12, length=24)
QUICK = {"max_epochs": 2, "random_state": 0}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def n_weights(network):
    return sum(weights.numel() for weights in network.parameters())


# ------------------------------------------------------------------------------ SegRNN


@pytest.mark.parametrize("length, horizon", [(24, 12), (22, 10)])
def test_seg_rnn_reads_segments_and_writes_all_at_once(length, horizon):
    w, d = 6, 5
    net = SegRNNNetwork(1, length, (horizon, 1, 1), segment_length=w, hidden_size=d)
    x = torch.randn(3, length, 1)
    cell = nn.GRUCell(d, d)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(cell, name).data = getattr(net.gru, f"{name}_l0").data
    padded = F.pad(x[..., 0], (-length % w, 0))
    h = torch.zeros(3, d)
    for begin in range(0, padded.shape[1], w):
        h = cell(net.embedding(padded[:, begin : begin + w]).relu(), h)
    segments = [net.readout(cell(place.expand(3, d), h)) for place in net.positions]
    assert_close(net(x)[:, :, 0, 0], torch.cat(segments, dim=1)[:, :horizon])


# --------------------------------------------------------------------------- SparseTSF


def test_sparse_tsf_has_as_many_weights_as_in_the_paper():
    net = SparseTSFNetwork(1, 720, (720, 1, 1), period=24)
    assert n_weights(net) == 25 + 30 * 30  # the filter, and 30 periods from 30 periods


@pytest.mark.parametrize("length, horizon", [(12, 8), (10, 6)])
def test_sparse_tsf_forecasts_each_phase_by_the_same_map(length, horizon):
    w = 4
    net = SparseTSFNetwork(1, length, (horizon, 1, 1), period=w)
    x = torch.randn(2, length, 1)
    smooth, across = net.smooth.weight[0, 0], net.across.weight
    reach = w // 2
    around = F.pad(x[..., 0], (reach, reach))
    sums = [around[:, t : t + 2 * reach + 1] @ smooth for t in range(length)]
    values = F.pad(x[..., 0] + torch.stack(sums, dim=1), (-length % w, 0))
    expected = torch.empty(2, horizon)
    for step in range(horizon):
        phase = values[:, step % w :: w]
        expected[:, step] = phase @ across[step // w]
    assert_close(net(x)[:, :, 0, 0], expected)


# ---------------------------------------------------------------------------- N-BEATS


def test_the_parts_of_n_beats_add_up_and_are_what_they_are_called():
    model = NBEATSForecaster(degree=2, n_harmonics=3, baseline=None, **QUICK).fit(X, Y)
    parts = model.decompose(X[:20])
    assert list(parts) == ["level", "trend", "seasonality", "generic"]
    assert_allclose(sum(parts.values()), model.predict(X[:20]), rtol=1e-4)
    steps = np.arange(12)
    size = np.abs(parts["trend"]).max()
    assert size > 0
    polynomials = np.vander(steps, 3)
    angles = 2 * np.pi * np.outer(steps / 12, [1, 2, 3])
    waves = np.hstack([np.cos(angles), np.sin(angles)])
    for functions, part in ((polynomials, "trend"), (waves, "seasonality")):
        weights = np.linalg.lstsq(functions, parts[part].T, rcond=None)[0]
        assert_allclose((functions @ weights).T, parts[part], atol=1e-4)


def test_the_level_of_n_beats_holds_what_the_regression_adds():
    alone = NBEATSForecaster(baseline=None, stacks=("generic",), **QUICK).fit(X, Y)
    level = alone.decompose(X[:5])["level"]
    # Without a regression, that is the mean of the window, at all steps.
    expected = np.asarray(X[:5])[..., 0].mean(axis=1, keepdims=True)
    assert_allclose(level, np.broadcast_to(expected, (5, 12)), rtol=1e-4)


def test_decompose_leaves_the_forecaster_as_it_was():
    model = NBEATSForecaster(**QUICK).fit(X, Y)
    before = model.predict(X)
    model.decompose(X)
    np.testing.assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize("stacks", [("generic",), ("trend", "seasonality")])
def test_each_block_of_n_beats_sees_what_the_others_have_left(stacks):
    net = NBEATSNetwork(2, 8, (4, 1, 3), stacks=stacks, n_blocks=2)
    x = torch.randn(5, 8, 2)
    rest, total = x, 0
    for block in net.blocks:
        h = block.perceptron(rest)
        backcast, forecast = block.back(h), block.ahead(h)
        rest, total = rest - backcast, total + forecast
    assert len(net.blocks) == 2 * len(stacks)
    assert_close(net(x), total.view(5, 4, 1, 3))


# ----------------------------------------------------------------------------- N-HiTS


def test_n_hits_joins_its_knots_by_straight_lines():
    net = NHITSNetwork(
        1, 16, (13, 1, 1), pool_sizes=(2,), knot_distances=(4,), hidden_layer_sizes=(8,)
    )
    x = torch.randn(3, 16, 1)
    pooled = x[..., 0].unflatten(1, (8, 2)).amax(2)  # the larger one of two neighbors
    block = net.blocks[0]
    knots = block.ahead.knots(block.perceptron[1:](pooled)).detach().numpy()
    assert knots.shape == (3, 4)
    places = np.linspace(0, 12, 4)
    expected = [np.interp(np.arange(13), places, values) for values in knots]
    assert_close(net(x)[:, :, 0, 0], torch.tensor(np.array(expected)).float())


@pytest.mark.parametrize("params, words", [
    ({"pool_sizes": (2, 1)}, "as many pool_sizes as knot_distances"),
    ({"pool_sizes": (), "knot_distances": ()}, "as many pool_sizes"),
    ({"pool_sizes": (0, 1, 1)}, "each of pool_sizes must be a positive"),
    ({"knot_distances": (2.5, 1, 1)}, "each of knot_distances must be a positive"),
])  # fmt: skip
def test_mistakes_with_n_hits(params, words):
    with pytest.raises((TypeError, ValueError), match=words):
        NHITSForecaster(**params).fit(X, Y)


@pytest.mark.parametrize("stacks", [(), ("trend", "season"), ("Trend",), (3,)])
def test_mistakes_with_n_beats(stacks):
    with pytest.raises(ValueError, match="Expected stacks as a tuple of some of"):
        NBEATSForecaster(stacks=stacks).fit(X, Y)


# ------------------------------------------------------------------------------- TiDE


def test_tide_is_what_its_figure_shows():
    net = TiDENetwork(2, 6, (4, 1, 2), hidden_size=5, num_layers=2, decoder_size=3)
    x = torch.randn(3, 6, 2)

    def block(part, v):
        first, second = part.perceptron[0], part.perceptron[2]
        y = F.linear(v, first.weight, first.bias).clamp_min(0)
        y = F.linear(y, second.weight, second.bias) + part.skip(v)
        if y.shape[-1] > 2:
            y = (y - y.mean(-1, keepdim=True)) / (
                y.var(-1, keepdim=True, correction=0) + 1e-5
            ).sqrt()
        return y

    flat = g = x.reshape(3, 12)
    blocks = list(net.encoder_decoder)
    assert [part.skip.out_features for part in blocks] == [5, 5, 5, 12]
    for part in blocks:
        g = block(part, g)
    steps = [block(net.temporal_decoder, g[:, 3 * t : 3 * t + 3]) for t in range(4)]
    expected = torch.stack(steps, dim=1).view(3, 4, 1, 2)
    line = F.linear(flat, net.line.weight, net.line.bias).view(3, 4, 1, 2)
    assert_close(net(x), expected + line)


# ---------------------------------------------------------------------------- TSMixer


def test_ts_mixer_mixes_times_then_channels():
    net = TSMixerNetwork(3, 5, (2, 2, 1), hidden_size=4, n_blocks=1)
    x = torch.randn(2, 5, 3)  # two targets and a covariate
    block = net.blocks[0]

    def normalized(v):
        mean = v.mean((1, 2), keepdim=True)
        return (v - mean) / (v.var((1, 2), keepdim=True, correction=0) + 1e-5).sqrt()

    times, (up, _, _, down, _) = block.times[0], block.channels
    v = x + torch.einsum("st,btc->bsc", times.weight, normalized(x)).add(
        times.bias[:, None]
    ).clamp_min(0)
    u = torch.einsum("dc,btc->btd", up.weight, normalized(v)).add(up.bias).clamp_min(0)
    v = v + torch.einsum("cd,btd->btc", down.weight, u) + down.bias
    ahead = torch.einsum("ht,btc->bhc", net.ahead.weight, v) + net.ahead.bias[:, None]
    assert_close(net(x), ahead[..., :2, None])


def test_ts_mixer_has_all_parameters_of_a_step_from_one_map_of_times():
    net = TSMixerNetwork(2, 5, (3, 1, 2), hidden_size=4, n_blocks=1)
    x = torch.randn(4, 5, 2)
    mixed = net.blocks(x)[..., 0]
    expected = mixed @ net.ahead.weight.T + net.ahead.bias
    for step in range(3):
        for param in range(2):
            assert_close(net(x)[:, step, 0, param], expected[:, 2 * step + param])


# ------------------------------------------------------------------------ transformers


@pytest.mark.parametrize("n_heads", [1, 2, 4])
def test_the_encoder_layer_is_that_of_torch(n_heads):
    ours = EncoderLayer(8, n_heads)
    theirs = nn.TransformerEncoderLayer(
        8, n_heads, 16, 0.0, "gelu", batch_first=True, norm_first=True
    )
    theirs.self_attn.in_proj_weight.data = ours.queries_keys_values.weight.data
    theirs.self_attn.in_proj_bias.data = ours.queries_keys_values.bias.data
    theirs.self_attn.out_proj.load_state_dict(ours.mixed.state_dict())
    theirs.linear1.load_state_dict(ours.perceptron[0].state_dict())
    theirs.linear2.load_state_dict(ours.perceptron[3].state_dict())
    theirs.norm1.load_state_dict(ours.norm_1.state_dict())
    theirs.norm2.load_state_dict(ours.norm_2.state_dict())
    x = torch.randn(3, 6, 8)
    assert_close(ours(x), theirs(x))


def test_heads_share_a_token_evenly():
    with pytest.raises(ValueError, match="hidden_size as a multiple of n_heads=3"):
        ITransformerForecaster(hidden_size=8, n_heads=3).fit(X, Y)


@pytest.mark.parametrize("length, patch_length, stride, n_patches", [
    (24, 8, 4, 5),
    (26, 8, 4, 6),  # of which the first has two zeros
    (5, 8, 4, 1),
    (336, 16, 16, 21),
])  # fmt: skip
def test_patches_reach_back_to_the_beginning(length, patch_length, stride, n_patches):
    net = PatchTSTNetwork(1, length, (3, 1, 1), patch_length, stride)
    assert net.places.shape[0] == n_patches
    x = torch.randn(2, length, 1, requires_grad=True)
    net(x).sum().backward()
    assert (x.grad != 0).all()
    net.encoder = nn.Identity()
    tokens = []
    for i in range(n_patches):
        end = length - (n_patches - 1 - i) * stride
        begin = end - patch_length
        patch = F.pad(x[:, max(begin, 0) : end, 0], (max(-begin, 0), 0))
        tokens.append(net.embedding(patch) + net.places[i])
    expected = net.readout(torch.cat(tokens, dim=1))
    assert_close(net(x), expected)


def test_channels_of_i_transformer_have_no_order():
    net = ITransformerNetwork(4, 10, (3, 2, 1))
    x = torch.randn(5, 10, 4)
    y = net(x)
    assert_close(net(x[..., [1, 0, 2, 3]]), y[:, :, [1, 0]])  # targets trade places
    assert_close(net(x[..., [0, 1, 3, 2]]), y)  # and covariates mean the same anywhere
    assert not torch.allclose(net(x[..., [0, 2, 1, 3]]), y)


# ----------------------------------------------------------------------------- minGRU


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_no_step_of_min_gru_sees_what_follows_it(cell):
    net = MinGRUNetwork(2, 20, (3, 1, 1), cell=cell, hidden_size=4)
    x = torch.randn(2, 20, 2)
    other = x.clone()
    other[:, 12:] += 1
    before, after = net(x, all_steps=True), net(other, all_steps=True)
    assert_close(before[:, :12], after[:, :12])
    assert not torch.allclose(before[:, 12:], after[:, 12:])
    assert_close(net(x), before[:, -1])


# ------------------------------------------------------------------------------ xLSTM


def by_heads(norm, h):
    """Each step of each head: (h - mean) / deviation, times a weight, plus a bias."""
    parts = h.unflatten(-1, (norm.num_groups, -1))
    mean = parts.mean(-1, keepdim=True)
    deviation = (parts.var(-1, keepdim=True, unbiased=False) + 1e-5).sqrt()
    return ((parts - mean) / deviation).flatten(-2) * norm.weight + norm.bias


def jittered(module):
    """Where weights begin with 0 or 1, so that one sees them."""
    for leaf in module.parameters():
        leaf.data += 0.1 * torch.randn_like(leaf)
    return module


def test_the_block_of_an_m_lstm():
    block = jittered(XLSTMNetwork(1, 24, (3, 1, 1), hidden_size=6).blocks[0])
    x = torch.randn(2, 5, 6)
    u, g = block.up(block.norm(x)).split(12, 2)
    a = torch.zeros_like(u)
    for t in range(5):
        for back in range(min(4, t + 1)):
            a[:, t] += block.conv.weight[:, 0, 3 - back] * u[:, t - back]
    a = F.silu(a + block.conv.bias)
    h = by_heads(block.norm_heads, block.mlstm(u, a)) + block.skip * a
    assert_close(block(x), x + block.down(h * g * g.sigmoid()))


def test_the_block_of_an_s_lstm():
    block = jittered(XLSTMNetwork(1, 24, (3, 1, 1), hidden_size=6).blocks[1])
    assert block.up.out_features == 2 * 8  # 4 / 3 of 6
    x = torch.randn(2, 5, 6)
    y = x + by_heads(block.norm_heads, block.slstm(block.norm_1(x)))
    u, g = block.up(block.norm_2(y)).split(8, 2)
    assert_close(block(x), y + block.down(u * F.gelu(g)))


@pytest.mark.parametrize("length, patch_length", [(24, 4), (22, 4), (3, 8), (5, 1)])
def test_x_lstm_reads_patches(length, patch_length):
    net = XLSTMNetwork(2, length, (3, 2, 1), patch_length, hidden_size=6)
    net.blocks = nn.Identity()
    x = torch.randn(4, length, 2)
    steps = net(x, all_steps=True)
    assert steps.shape == (4, -(-length // patch_length), 3, 2, 1)
    assert_close(net(x), steps[:, -1])
    for i, step in enumerate(reversed(steps.unbind(1))):
        end = length - i * patch_length
        patch = x[:, max(end - patch_length, 0) : end]
        patch = F.pad(patch, (0, 0, patch_length - patch.shape[1], 0))
        assert_close(step, net.readout(net.embedding(patch.flatten(1))))


def test_number_of_weights_of_x_lstm():
    p, d, n_heads, horizon = 4, 6, 2, 3
    inner, gated, norm = 2 * d, 8, 2 * d  # 8 is 4 / 3 of d
    m_lstm = (3 * inner + 2 * n_heads) * (inner + 1)  # q, k, v; i and f for each head
    s_lstm = 4 * d * (d + 1) + 4 * d * d // n_heads  # z, i, f, o
    # Normalization, up, convolution, mLSTM, normalization and skip, down.
    m_block = norm + 2 * inner * (d + 1) + 5 * inner + m_lstm + 3 * inner
    m_block += d * (inner + 1)
    # Normalizations of input, heads and perceptron; sLSTM, up, down.
    s_block = 3 * norm + s_lstm + 2 * gated * (d + 1) + d * (gated + 1)
    blocks = ("sLSTM", "mLSTM", "sLSTM")
    net = XLSTMNetwork(1, 24, (horizon, 1, 1), p, blocks, d, n_heads)
    expected = d * (p + 1) + m_block + 2 * s_block + norm + horizon * (d + 1)
    assert n_weights(net) == expected
    names = [type(block).__name__ for block in net.blocks]
    assert names == ["_SLSTMBlock", "_MLSTMBlock", "_SLSTMBlock", "LayerNorm"]


def test_linear_networks_of_papers_are_what_is_there_already():
    """DLinear and NLinear are linear in the window, as an MLP without hidden layers."""
    model = MLPForecaster(
        hidden_layer_sizes=(), normalize="last", baseline=None, **QUICK
    )
    model.fit(X, Y)
    windows = np.asarray(X[:8])
    mixed = 0.3 * windows[:4] + 0.7 * windows[4:]
    forecasts = model.predict(windows)
    expected = 0.3 * forecasts[:4] + 0.7 * forecasts[4:]
    assert_allclose(model.predict(mixed), expected, rtol=1e-4)
