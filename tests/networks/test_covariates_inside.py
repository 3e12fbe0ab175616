"""Networks that read covariates themselves, against the equations of their papers."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn import functional as F
from torch.testing import assert_close

from sktorch_forecast import TFTForecaster, TiDEForecaster, load, make_windows
from sktorch_forecast._training.device import has_bf16
from sktorch_forecast.networks.tft import TFTNetwork
from sktorch_forecast.networks.tide import TiDENetwork

L, H, D = 5, 3, 4


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def affine(layer, x):
    y = x @ layer.weight.T
    return y if layer.bias is None else y + layer.bias


def normed(layer, x):
    deviation = (x.var(-1, keepdim=True, correction=0) + 1e-5).sqrt()
    return (x - x.mean(-1, keepdim=True)) / deviation * layer.weight + layer.bias


# --------------------------------------------------------------------------------- TFT


def gated(part, x, a):
    values, gates = affine(part.values_gates, x).chunk(2, dim=-1)
    return normed(part.norm, a + values * gates.sigmoid())


def grn(part, a, c=None):
    hidden = affine(part.first, a)
    if c is not None:
        hidden = hidden + affine(part.context, c)
    hidden = torch.where(hidden > 0, hidden, hidden.exp() - 1)
    skip = affine(part.skip, a) if hasattr(part.skip, "weight") else a
    return gated(part.residual, affine(part.second, hidden), skip)


def selected(part, values, c=None):
    xi = [values[j] * part.slope[j] + part.offset[j] for j in range(len(values))]
    v = torch.softmax(grn(part.weigh, torch.cat(xi), c), dim=0)
    return sum(v[j] * grn(part.each[j], xi[j]) for j in range(len(values))), v


def lstm(part, x, h, c):
    outputs = []
    for x_t in x:
        z = part.weight_ih_l0 @ x_t + part.bias_ih_l0
        i, f, g, o = (z + part.weight_hh_l0 @ h + part.bias_hh_l0).chunk(4)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        outputs.append(h)
    return outputs, h, c


def tft(net, x, future, static):
    """One window, step by step: (L, C), (H, F), (S,) -> (H, K * P), and weights."""
    of_static, of_static_weights = selected(net.static, static)
    c_s, c_c, c_h, c_e = (grn(part, of_static) for part in net.contexts)
    places = torch.arange(1 - L, H + 1) / max(L, H)
    steps, weights = [], []
    for t in range(L + H):
        part = net.past if t < L else net.future
        values = x[t, : -len(static)] if t < L else future[t - L]
        xi, v = selected(part, torch.cat([values, places[t : t + 1]]), c_s)
        steps.append(xi)
        weights.append(v)
    past, h, c = lstm(net.encoder, steps[:L], c_h, c_c)
    ahead, _, _ = lstm(net.decoder, steps[L:], h, c)
    phi = [gated(net.beside_selected, p, xi) for p, xi in zip(past + ahead, steps)]
    theta = [grn(net.enrichment, p, c_e) for p in phi]
    attention, attended = net.attention, []
    size = D // attention.n_heads
    outputs = []
    for step in range(H):
        seen = theta[: L + step + 1]
        mean = 0
        for head in range(attention.n_heads):
            rows = slice(head * size, (head + 1) * size)
            q = affine(attention.queries, theta[L + step])[rows]
            k = torch.stack([affine(attention.keys, s)[rows] for s in seen])
            mean = mean + torch.softmax(k @ q / size**0.5, dim=0) / attention.n_heads
        values = torch.stack([affine(attention.values, s) for s in seen])
        beta = affine(attention.mixed, mean @ values)
        delta = gated(net.beside_enriched, beta, theta[L + step])
        psi = gated(net.beside_recurrent, grn(net.perceptron, delta), phi[L + step])
        outputs.append(affine(net.readout, psi))
        attended.append(F.pad(mean, (0, H - step - 1)))
    return torch.stack(outputs), torch.stack(attended), of_static_weights


def test_tft_is_what_its_equations_say():
    net = TFTNetwork(
        5, L, (H, 1, 2), n_future=2, n_static=2, hidden_size=D, n_heads=2
    ).double()
    for weights in net.parameters():  # no zeros and ones that hide a mistake
        weights.data += 0.3 * torch.randn_like(weights)
    x, future = torch.randn(2, L, 5).double(), torch.randn(2, H, 2).double()
    static = x[:, 0, 3:]
    x[..., 3:] = static.unsqueeze(1)
    found = net(x, future, static)
    assert found.shape == (2, H, 1, 2)
    for row in range(2):
        expected, _, _ = tft(net, x[row], future[row], static[row])
        assert_close(found[row, :, 0], expected)


def with_covariates(n=120, n_series=2):
    """A target that is one of two known covariates, at the same time; and a static."""
    rng = np.random.RandomState(0)
    frames = []
    for series in range(n_series):
        matters, noise = rng.normal(size=(2, n))
        frame = pd.DataFrame({"y": 2 * matters, "noise": noise, "matters": matters})
        frame["t"], frame["shop"], frame["size"] = np.arange(n), series, series
        frames.append(frame)
    roles = {"id": "shop", "time": "t", "target": "y", "static": ["size"]}
    frame = pd.concat(frames)
    return make_windows(
        frame, horizon=H, length=L, future=["noise", "matters"], **roles
    )


QUICK = {"lr": 0.01, "baseline": None, "random_state": 0}


def test_tft_says_which_covariate_it_looks_at():
    X, y = with_covariates()
    model = TFTForecaster(hidden_size=8, max_epochs=30, **QUICK).fit(X, y)
    assert np.mean((model.predict(X) - y) ** 2) < 0.1 * np.var(y)
    weights = model.explain(X)
    # noise, matters, and where in time
    assert weights["future"].shape == (len(X), H, 3)
    noise, matters, place = weights["future"].mean(axis=(0, 1))
    assert matters > 2 * max(noise, place)


def test_tft_explains_every_window_in_its_order():
    X, y = with_covariates()
    model = TFTForecaster(hidden_size=4, max_epochs=1, **QUICK).fit(X, y)
    before = model.predict(X)
    # Neither the filling of batches nor their size shows.
    weights = model.set_params(iterator_valid__batch_size=7).explain(X[:17])
    shapes = {name: w.shape for name, w in weights.items()}
    assert shapes == {
        "past": (17, L, 4),
        "future": (17, H, 3),
        "static": (17, 1),
        "attention": (17, H, L + H),
    }
    for w in weights.values():
        assert_allclose(w.sum(axis=-1), 1, rtol=1e-5)
    ahead = np.triu(np.ones((H, L + H), dtype=bool), k=L + 1)
    assert not weights["attention"][:, ahead].any()
    assert (weights["attention"][:, ~ahead] > 0).all()
    for name, w in model.explain(X[16:17]).items():
        assert_allclose(w[0], weights[name][16], rtol=1e-5)
    assert np.array_equal(before, model.predict(X))


def test_tft_of_a_bare_series_has_time_only(tmp_path):
    X, y = make_windows(np.sin(np.arange(60) / 5), horizon=H, length=L)
    model = TFTForecaster(hidden_size=4, max_epochs=1, random_state=0).fit(X, y)
    weights = model.explain(X)
    assert weights.keys() == {"past", "future", "attention"}
    assert weights["past"].shape[2] == 2
    assert (weights["future"] == 1).all()
    # A file has no batch size of its own, so that one is tried out first.
    model.save(tmp_path / "model.safetensors")
    for name, w in load(tmp_path / "model.safetensors").explain(X).items():
        assert np.array_equal(w, weights[name])


@pytest.mark.skipif(
    not has_bf16(torch.device("cpu")), reason="this CPU has no bfloat16 arithmetic"
)
def test_tft_explains_in_mixed_precision():
    X, y = make_windows(np.sin(np.arange(60) / 5), horizon=H, length=L)
    params = {"hidden_size": 4, "max_epochs": 1, "random_state": 0}
    weights = TFTForecaster(precision="bf16", **params).fit(X, y).explain(X)
    assert_allclose(weights["attention"].sum(axis=-1), 1, rtol=0.02)


# -------------------------------------------------------------------------------- TiDE


def test_tide_reads_covariates_its_own_way():
    net = TiDENetwork(
        6, L, (H, 1, 2), n_past=2, n_future=2, n_static=1, hidden_size=D,
        decoder_size=3, covariate_size=2,
    )  # fmt: skip
    x, future = torch.randn(4, L, 6), torch.randn(4, H, 2)
    static = torch.randn(4, 1)

    def block(part, v):
        first, second = part.perceptron[0], part.perceptron[2]
        y = affine(second, affine(first, v).clamp_min(0)) + affine(part.skip, v)
        return normed(part.norm, y) if y.shape[-1] > 2 else y

    # Targets and past covariates, known ones, masks of the first two, static ones.
    y = torch.cat([x[..., :2], x[..., 4:5]], dim=2).flatten(1)
    known = torch.cat([x[..., 2:4], future], dim=1)
    projected = torch.stack([block(net.projection, known[:, t]) for t in range(L + H)])
    e = torch.cat([y, projected.transpose(0, 1).flatten(1), static], dim=1)
    for part in net.encoder_decoder:
        e = block(part, e)
    expected = [
        block(
            net.temporal_decoder,
            torch.cat([e[:, 3 * h : 3 * h + 3], projected[L + h]], dim=1),
        )
        for h in range(H)
    ]
    expected = torch.stack(expected, dim=1) + affine(net.line, y).view(4, H, 2)
    assert_close(net(x, future, static)[:, :, 0], expected)


def test_tide_learns_from_covariates():
    X, y = with_covariates(500)
    model = TiDEForecaster(hidden_size=16, max_epochs=30, **QUICK).fit(X, y)
    assert np.mean((model.predict(X) - y) ** 2) < 0.1 * np.var(y)


# -------------------------------------------------------------------------------- both


@pytest.mark.parametrize("cls", [TFTForecaster, TiDEForecaster])
def test_no_decoder_is_behind_them(cls):
    X, y = with_covariates()
    model = cls(hidden_size=4, max_epochs=1, random_state=0).fit(X, y)
    assert model.module_.decoder is None
    other = X.future_values()
    assert other.shape == (len(X), H, 2)
    # Through `forward`, a covariate of the last step changes that step alone in TFT.
    x = torch.as_tensor(np.asarray(X[:3]))
    future, static = torch.as_tensor(other[:3]), torch.zeros(3, 1)
    model.module_.eval()
    model.module_.baseline = None
    before = model.module_(x, future, static).params
    future[:, -1] += 1
    after = model.module_(x, future, static).params
    changed = (before != after).flatten(2).any(dim=2).any(dim=0).tolist()
    assert changed == ([False, False, True] if cls is TFTForecaster else [True] * 3)
