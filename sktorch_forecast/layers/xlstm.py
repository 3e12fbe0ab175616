"""The two recurrent layers of xLSTM, whose gates are exponential: sLSTM and mLSTM.

Symbols used below, those of the paper::

    i, f, o   input, forget and output gate
    c, C      memory: a number for each unit, or a matrix for each head
    n         normalizer: the sum of the weights of what is in the memory
    m         stabilizer: memory and normalizer are kept divided by exp(m), where m is
              the largest exponent so far, so that nothing overflows
    h         output

The output does not depend on m, which cancels out, so m needs no gradient.
"""

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._utils.validation import check_positive_int, complain_of_shape
from .linear import Linear

_SMALLEST_SUM = 1e-6


class SLSTM(nn.Module):
    """An LSTM with exponential input gates, whose units see each other within heads.

    For one time step, with input x, and with h', c', n' of the step before::

        z = tanh(W_z x + R_z h' + b_z)         i = exp(W_i x + R_i h' + b_i)
        f = sigmoid(W_f x + R_f h' + b_f)      o = sigmoid(W_o x + R_o h' + b_o)
        c = f c' + i z,  n = f n' + i,  h = o c / n

    The matrices R are block-diagonal, a block for each head. An input gate can outweigh
    everything remembered so far, where that of an LSTM can only add to it.

    Parameters
    ----------
    input_size : int
        Size of the input at each time step.
    hidden_size : int
        Number of units; a multiple of `n_heads`.
    n_heads : int, default=1
        Number of groups of units that see each other.
    timescale : int, default=1
        Units initially remember between 1 and this many steps, through the biases of
        their forget gates [2]_.

    Raises
    ------
    TypeError, ValueError
        If a number is not a positive integer, or the heads cannot share the units
        evenly.

    References
    ----------
    .. [1] M. Beck et al. (2024), xLSTM: Extended Long Short-Term Memory.
       arXiv:2405.04517, section 2.2.
    .. [2] C. Tallec and Y. Ollivier (2018), Can Recurrent Neural Networks Warp Time?
       ICLR, section 2, chrono initialization.
    """

    def __init__(
        self, input_size: int, hidden_size: int, n_heads: int = 1, timescale: int = 1
    ):
        super().__init__()
        self.input_size = check_positive_int(input_size, "input_size")
        self.hidden_size = check_positive_int(hidden_size, "hidden_size")
        size = _size_of_heads(hidden_size, n_heads)
        # Both in the order z, i, f, o.
        self.inputs = Linear(input_size, 4 * hidden_size)
        blocks = torch.empty(4, n_heads, size, size).uniform_(-1, 1) / sqrt(size)
        self.recurrent = nn.Parameter(blocks)
        with torch.no_grad():
            self.inputs.bias.chunk(4)[2].copy_(_remembering(timescale, hidden_size))

    def forward(self, x: Tensor) -> Tensor:
        """Read a window.

        Parameters
        ----------
        x : Tensor of shape (batch, length, input_size)

        Returns
        -------
        outputs : Tensor of shape (batch, length, hidden_size)

        Raises
        ------
        ValueError
            If the input has the wrong shape.
        """
        _check_input(x, self.input_size)
        # In the precision of the weights, which the accumulated states need.
        inputs = self.inputs(x).to(self.recurrent.dtype)
        # (4, n_heads, size, size) -> (4 * H, H)
        weight = torch.cat([torch.block_diag(*heads) for heads in self.recurrent])
        h = c = n = inputs.new_zeros(x.shape[0], self.hidden_size)
        m = torch.full_like(h, -torch.inf)
        outputs = []
        for inputs_t in inputs.unbind(1):
            gates = inputs_t + F.linear(h, weight)
            z, log_i, forget, o = gates.chunk(4, dim=1)
            log_f = F.logsigmoid(forget) + m
            m = torch.maximum(log_f, log_i).detach()
            i, f = (log_i - m).exp(), (log_f - m).exp()
            c = f * c + i * z.tanh()
            n = f * n + i  # at least 1, since one of the two is
            h = o.sigmoid() * c / n
            outputs.append(h)
        return torch.stack(outputs, dim=1)


class MLSTM(nn.Module):
    """An LSTM whose memory is a matrix for each head, which is linear in its state.

    For one time step and a head of d units, with input x, and C', n' of the step
    before::

        q = W_q x + b_q,  k = (W_k x + b_k) / sqrt(d),  v = W_v x + b_v
        i = exp(w_i x + b_i),  f = sigmoid(w_f x + b_f)
        C = f C' + i v k^T,  n = f n' + i k,  h = C q / max(|n^T q|, 1)

    No gate sees the state, so that all steps are computed at once, like attention whose
    weights are not a softmax, but a product of gates and of q with k. That takes memory
    for length x length numbers, which is little for windows of a few hundred steps. The
    output gate of the paper is left to the caller, as in the block of the paper.

    Parameters
    ----------
    input_size : int
        Size of the input at each time step.
    hidden_size : int
        Size of the output; a multiple of `n_heads`.
    n_heads : int, default=1
        Number of memories, each with a matrix and gates.
    timescale : int, default=1
        Heads initially remember between 1 and this many steps, through the biases of
        their forget gates [2]_.

    Raises
    ------
    TypeError, ValueError
        If a number is not a positive integer, or the heads cannot share the output
        evenly.

    References
    ----------
    .. [1] M. Beck et al. (2024), xLSTM: Extended Long Short-Term Memory.
       arXiv:2405.04517, section 2.3, in the parallel form of the appendix.
    .. [2] C. Tallec and Y. Ollivier (2018), Can Recurrent Neural Networks Warp Time?
       ICLR, section 2, chrono initialization.
    """

    def __init__(
        self, input_size: int, hidden_size: int, n_heads: int = 1, timescale: int = 1
    ):
        super().__init__()
        self.input_size = check_positive_int(input_size, "input_size")
        self.hidden_size = check_positive_int(hidden_size, "hidden_size")
        self.n_heads = n_heads
        self.size = _size_of_heads(hidden_size, n_heads)
        self.queries_keys = Linear(input_size, 2 * hidden_size)
        self.values = Linear(input_size, hidden_size)
        self.gates = Linear(input_size, 2 * n_heads)  # i, then f
        with torch.no_grad():
            self.gates.bias.chunk(2)[1].copy_(_remembering(timescale, n_heads))

    def forward(self, x: Tensor, features: Tensor | None = None) -> Tensor:
        """Read a window.

        Parameters
        ----------
        x : Tensor of shape (batch, length, input_size)
            Input of the values.
        features : Tensor of shape (batch, length, input_size), default=None
            Input of queries, keys and gates, if different.

        Returns
        -------
        outputs : Tensor of shape (batch, length, hidden_size)

        Raises
        ------
        ValueError
            If an input has the wrong shape.
        """
        _check_input(x, self.input_size)
        features = x if features is None else features
        _check_input(features, self.input_size)
        # (batch, length, 2 H) -> (2, batch, n_heads, length, size)
        parts = self.queries_keys(features).unflatten(2, (2, self.n_heads, self.size))
        q, k = parts.permute(2, 0, 3, 1, 4).unbind()
        v = self.values(x).unflatten(2, (self.n_heads, self.size)).transpose(1, 2)
        # In the precision of the weights: their sums go into exp.
        gates = self.gates(features).to(self.gates.weight.dtype).transpose(1, 2)
        log_i, forget = gates.chunk(2, dim=1)  # (batch, n_heads, length) each
        h = _retrieved(q, k / sqrt(self.size), v, log_i, F.logsigmoid(forget))
        return h.transpose(1, 2).flatten(2)


def _retrieved(q, k, v, log_i, log_f):
    """What each step reads: h (..., length, size) of q, k, v alike.

    With s and t two steps, s not after t, the weight that v_s has at t is::

        D_ts = f_(s+1) ... f_t i_s,      S_ts = q_t^T k_s D_ts
        h_t = sum_s S_ts v_s / max(|sum_s S_ts|, 1)

    Gates are of shape (..., length).
    """
    length = q.shape[-2]
    is_past = torch.ones(length, length, dtype=torch.bool, device=q.device).tril()
    # Summed from s + 1 to t for each s separately: no difference of large sums.
    forgotten = log_f.unsqueeze(-1).expand(*log_f.shape, length).tril(-1).cumsum(-2)
    log_d = (forgotten + log_i.unsqueeze(-2)).masked_fill(~is_past, -torch.inf)
    m = log_d.amax(dim=-1, keepdim=True).detach()
    s = q @ k.transpose(-1, -2) * (log_d - m).exp()
    n = torch.maximum(s.sum(dim=-1, keepdim=True).abs(), (-m).exp())
    # If the weights sum to almost nothing, only rounding errors are left.
    return s @ v / n.clamp_min(_SMALLEST_SUM)


def _size_of_heads(hidden_size, n_heads):
    """Number of units in a head, or an error that says why there is none."""
    if hidden_size % check_positive_int(n_heads, "n_heads"):
        raise ValueError(
            f"Expected hidden_size as a multiple of n_heads={n_heads}, found "
            f"{hidden_size}: each head has a part of the units."
        )
    return hidden_size // n_heads


def _remembering(timescale, n_gates):
    """Biases of forget gates, sigmoid(b) = u / (1 + u), u from `timescale` to 1."""
    return torch.linspace(check_positive_int(timescale, "timescale"), 1, n_gates).log()


def _check_input(x, size):
    if x.ndim != 3 or x.shape[2] != size or not x.shape[1]:
        complain_of_shape("an input", f"(batch, length, {size})", x)
