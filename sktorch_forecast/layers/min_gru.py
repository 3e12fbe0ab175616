"""Recurrent layers without a matrix product in the recurrence: minGRU and minLSTM."""

from math import ceil, sqrt

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from .._utils.validation import check_positive_int, complain_of_shape
from .linear import Linear


class MinGRU(nn.Module):
    """A GRU whose gate and candidate see only the input, not the state.

    For one time step, with input x, output h, and h' the output of the step before::

        z = sigmoid(W_z x + b_z)
        c = W_c x + b_c
        h = (1 - z) h' + z c

    This is linear in h', so all matrix products are computed at once, and only weighted
    sums are left: two in-place operations per step when training on a CPU.

    Parameters
    ----------
    input_size : int
        Size of the input at each time step.
    hidden_size : int
        Units.
    bidirectional : bool, default=False
        Whether other units read the input backwards.
    batch_first : bool, default=True
        Must be True; accepted for compatibility with torch's layers.
    timescale : int or None, default=None
        Units initially remember between 1 and this many steps, through the biases of
        their gates [2]_. None leaves the biases about zero: all units forget half at
        each step.

    References
    ----------
    .. [1] L. Feng et al. (2024), Were RNNs All We Needed? arXiv:2410.01201,
       section 3.1. Candidates may be negative, as there, and as they may not in the
       variant in log space (its appendix B), which sums in another way.
    .. [2] C. Tallec and Y. Ollivier (2018), Can Recurrent Neural Networks Warp Time?
       ICLR, section 2, chrono initialization.
    """

    n_gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bidirectional: bool = False,
        batch_first: bool = True,
        timescale: int | None = None,
    ):
        super().__init__()
        if not batch_first:
            raise ValueError(
                "Expected batch_first=True, found False: inputs are of shape (batch, "
                "length, input_size)."
            )
        self.input_size = check_positive_int(input_size, "input_size")
        self.hidden_size = check_positive_int(hidden_size, "hidden_size")
        self.n_directions = 2 if bidirectional else 1
        size = (self.n_gates + 1) * hidden_size
        maps = [Linear(input_size, size) for _ in range(self.n_directions)]
        self.maps = nn.ModuleList(maps)
        if timescale is not None:
            longest = max(1, check_positive_int(timescale, "timescale") - 1)
            with torch.no_grad():
                for mapped in maps:
                    self._remember(mapped.bias, longest)

    def _remember(self, bias, longest):
        """Biases with which a unit takes 1 / (1 + u) of new input, u to `longest`."""
        u = 1 + (longest - 1) * torch.rand(self.hidden_size)
        bias[: self.hidden_size] = -u.log()

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Continue reading from a state.

        Parameters
        ----------
        x : Tensor of shape (batch, length, input_size)
        state : Tensor of shape (n_directions, batch, hidden_size), default=None
            The initial state; None means zeros.

        Returns
        -------
        outputs : Tensor of shape (batch, length, n_directions * hidden_size)
        state : Tensor of shape (n_directions, batch, hidden_size)
            The last outputs, to continue from.

        Raises
        ------
        ValueError
            If a tensor has the wrong shape.
        """
        if x.ndim != 3 or x.shape[2] != self.input_size or not x.shape[1]:
            complain_of_shape("an input", f"(batch, length, {self.input_size})", x)
        shape = self.n_directions, x.shape[0], self.hidden_size
        if state is None:
            state = x.new_zeros(shape)
        elif state.shape != shape:
            complain_of_shape("a state", str(shape), state)
        # (batch, length, C) -> (length, batch, C): a step is contiguous in memory.
        inputs = [x.transpose(0, 1), x.transpose(0, 1).flip(0)][: self.n_directions]
        outputs = [
            scanned(self.gate_and_candidate(mapped(part)), begin)
            for mapped, part, begin in zip(self.maps, inputs, state)
        ]
        state = torch.stack([h[-1] for h in outputs])
        if self.n_directions == 2:
            outputs[1] = outputs[1].flip(0)
        return torch.cat(outputs, dim=2).transpose(0, 1), state

    def gate_and_candidate(self, mapped: Tensor) -> Tensor:
        """The input of the gate's sigmoid, followed by the candidate.

        Parameters
        ----------
        mapped : Tensor of shape (length, batch, (n_gates + 1) * hidden_size)
            Output of the linear map.

        Returns
        -------
        gate_and_candidate : Tensor of shape (length, batch, 2 * hidden_size)
        """
        return mapped


class MinLSTM(MinGRU):
    """An LSTM without an output gate, whose other two gates add up to 1.

    For one time step::

        f = sigmoid(W_f x + b_f), i = sigmoid(W_i x + b_i)
        h = f / (f + i) h' + i / (f + i) c

    which is a `MinGRU` with the gate z = i / (f + i).

    Parameters
    ----------
    input_size, hidden_size, bidirectional, batch_first, timescale
        As for :class:`MinGRU`.

    References
    ----------
    .. [1] L. Feng et al. (2024), Were RNNs All We Needed? arXiv:2410.01201,
       section 3.2.
    """

    n_gates = 2

    def _remember(self, bias, longest):
        """As for a minGRU, with log f - log i in place of its gate."""
        super()._remember(bias, longest)
        forget, take, _ = bias.chunk(3)
        take.copy_(forget)
        forget.neg_()

    def gate_and_candidate(self, mapped: Tensor) -> Tensor:
        """As in :class:`MinGRU`: i / (f + i) is sigmoid(log i - log f).

        Parameters
        ----------
        mapped : Tensor of shape (length, batch, 3 * hidden_size)

        Returns
        -------
        gate_and_candidate : Tensor of shape (length, batch, 2 * hidden_size)
        """
        f, i, candidate = mapped.chunk(3, dim=2)
        return torch.cat([F.logsigmoid(i) - F.logsigmoid(f), candidate], dim=2)


def scanned(mapped: Tensor, state: Tensor) -> Tensor:
    """The outputs of all steps, h = (1 - z) h' + z c with z = sigmoid(gate).

    Parameters
    ----------
    mapped : Tensor of shape (length, batch, 2 * hidden_size)
        Gates and candidates.
    state : Tensor of shape (batch, hidden_size)
        The state before the first step.

    Returns
    -------
    h : Tensor of shape (length, batch, hidden_size)
    """
    if mapped.device.type == "cpu" and not torch.compiler.is_compiling():
        return _Steps.apply(mapped, state)
    gate, candidate = mapped.chunk(2, dim=2)
    z = gate.sigmoid()
    return scanned_in_blocks(1 - z, z * candidate, state)


def scanned_in_blocks(a: Tensor, b: Tensor, state: Tensor) -> Tensor:
    """h = a h' + b for all steps, in about three times sqrt(length) operations.

    Steps are summed one after the other, in all blocks at once, as if each block began
    at zero; then each block adds its part of the final state of the previous one. This
    is for devices on which many steps at once take as long as one, and it can be
    traced. Sums with positive weights that add up to at most 1 lose no precision,
    however long they are.

    Parameters
    ----------
    a, b : Tensor of shape (length, batch, hidden_size)
        With ``0 <= a <= 1``.
    state : Tensor of shape (batch, hidden_size)

    Returns
    -------
    h : Tensor of shape (length, batch, hidden_size)
    """
    k = ceil(sqrt(len(a)))
    n = len(a) // k
    blocks = [part[: n * k].unflatten(0, (n, k)).unbind(1) for part in (a, b)]
    decays, sums = [blocks[0][0]], [blocks[1][0]]
    for a_j, b_j in zip(blocks[0][1:], blocks[1][1:]):
        decays.append(decays[-1] * a_j)
        sums.append(sums[-1] * a_j + b_j)
    begun = [state]
    for decay, total in zip(decays[-1].unbind(), sums[-1].unbind()):
        begun.append(total + decay * begun[-1])
    decay, total = torch.stack(decays, 1), torch.stack(sums, 1)
    h = [(total + decay * torch.stack(begun[:-1]).unsqueeze(1)).flatten(0, 1)]
    state = begun[-1]
    for a_t, b_t in zip(a[n * k :].unbind(), b[n * k :].unbind()):
        state = a_t * state + b_t
        h.append(state.unsqueeze(0))
    return torch.cat(h)


class _Steps(torch.autograd.Function):
    """All steps, one after the other, in place, with z, c, h as above.

    The gradients, with dh that of h and dh' that of h'::

        dh' = (1 - z) dh, added to the gradient that h' already has
        dc = z dh
        dgate = z (1 - z) (c - h') dh
    """

    @staticmethod
    def forward(ctx, mapped, state):
        gate, candidate = mapped.chunk(2, dim=2)
        z = gate.sigmoid()
        rest = 1 - z
        h = z * candidate
        before = state
        for rest_t, h_t in zip(rest.unbind(), h.unbind()):
            before = h_t.addcmul_(rest_t, before)
        ctx.save_for_backward(z, rest, candidate, state, h)
        return h

    @staticmethod
    @once_differentiable
    def backward(ctx, doutputs):
        z, rest, candidate, state, h = ctx.saved_tensors
        dh = doutputs.clone(memory_format=torch.contiguous_format)
        steps = dh.unbind()
        for before, dh_t, rest_t in zip(
            reversed(steps[:-1]), reversed(steps[1:]), reversed(rest.unbind()[1:])
        ):
            before.addcmul_(rest_t, dh_t)
        dmapped = z.new_empty(*z.shape[:2], 2 * z.shape[2])
        dgate, dcandidate = dmapped.chunk(2, dim=2)
        torch.mul(z, dh, out=dcandidate)
        torch.sub(candidate[0], state, out=dgate[0])
        torch.sub(candidate[1:], h[:-1], out=dgate[1:])
        dgate.mul_(rest).mul_(dcandidate)
        return dmapped, rest[0] * dh[0]
