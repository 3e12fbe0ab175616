"""A GRU layer with its own backward pass, since torch has no fast one on a CPU."""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .steps import has_written_steps


class GRU(nn.GRU):
    """``torch.nn.GRU``, trained faster on a CPU.

    On a CPU torch builds a GRU from single operations, about twenty per time step in
    training, most of which take longer to call than to compute. Here the step and its
    gradient are written out, in five and three operations. Weights, their names,
    outputs and gradients are those of ``torch.nn.GRU``, which also handles everything
    else: forecasts, other devices and precisions, several layers or directions.

    Parameters
    ----------
    input_size : int
        Size of the input at each time step.
    hidden_size : int
        Units.
    batch_first : bool, default=False
        Must be True for the faster training.
    **kwargs
        Further parameters of ``torch.nn.GRU``.
    """

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Continue reading from a state.

        Parameters
        ----------
        x : Tensor of shape (batch, length, input_size)
        state : Tensor of shape (1, batch, hidden_size), default=None
            The initial state; None means zeros.

        Returns
        -------
        outputs : Tensor of shape (batch, length, hidden_size)
        state : Tensor of shape (1, batch, hidden_size)
            The last output, to continue from.
        """
        # torch complains about wrong shapes, and says which is right.
        if not has_written_steps(self, x):
            return super().forward(x, state)
        if state is None:
            state = x.new_zeros(1, x.shape[0], self.hidden_size)
        elif state.shape != (1, x.shape[0], self.hidden_size):
            return super().forward(x, state)
        weights = self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0
        outputs = _GRUSteps.apply(x, state[0], *weights)
        return outputs, outputs[:, -1].unsqueeze(0)


class _GRUSteps(torch.autograd.Function):
    """All time steps of one GRU layer.

    Internally, time is the first axis, so that each step is contiguous in memory, and
    so are all steps for the sums over them. Symbols, for one time step::

        x (B, C)          input
        h (B, H)          output; h' is that of the step before
        r, z, n (B, H)    reset gate, update gate, new state
        a (B, .)          what goes into a sigmoid or a tanh
        m (B, H)          the recurrent part of what goes into n

        r, z = sigmoid(W_i x + b_i + W_h h' + b_h)    the first 2 H rows of W and b
        m = W_h h' + b_h                              their last H rows
        n = tanh(W_i x + b_i + r m)
        h = n + z (h' - n)

    and with dh, the gradient with respect to h::

        da_n = dh (1 - z) (1 - n^2)
        da_z = dh (h' - n) z (1 - z)
        da_r = da_n m r (1 - r)
        dm = da_n r
        dh' = dh z + W_h^T (da_r, da_z, dm)

    Every gradient is dh times a factor known beforehand, so the factors of all steps
    are computed at once, and only the sum into dh' is left for each step.

    The equations are those of torch.nn.GRU, after K. Cho et al. (2014), Learning Phrase
    Representations using RNN Encoder-Decoder for Statistical Machine Translation,
    EMNLP, with the reset gate after the matrix product.
    """

    @staticmethod
    def forward(ctx, x, state, w_i, w_h, b_i, b_h):
        batch, length, _ = x.shape
        size = len(w_h) // 3
        x = x.transpose(0, 1).contiguous()  # (length, batch, C)
        # The input's part of all steps at once: (length, batch, 3 H)
        gates = torch.addmm(b_i, x.flatten(0, 1), w_i.T).unflatten(0, (length, batch))
        h = x.new_empty(length + 1, batch, size)
        h[0] = state
        n = gates[..., 2 * size :].contiguous()
        # What goes into the gates without h'; then r and z themselves, and m.
        gates[..., : 2 * size] += b_h[: 2 * size]
        gates[..., 2 * size :] = b_h[2 * size :]
        r, z, m = gates.chunk(3, dim=2)
        weights = w_h.T
        for gates_t, rz, r_t, z_t, m_t, n_t, before, after in zip(
            gates.unbind(),
            gates[..., : 2 * size].unbind(),
            r.unbind(),
            z.unbind(),
            m.unbind(),
            n.unbind(),
            h[:-1].unbind(),
            h[1:].unbind(),
        ):
            gates_t.addmm_(before, weights)
            rz.sigmoid_()
            n_t.addcmul_(r_t, m_t).tanh_()
            torch.lerp(n_t, before, z_t, out=after)
        ctx.save_for_backward(x, h, gates, n, w_i, w_h)
        return h[1:].transpose(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx, doutputs):
        x, h, gates, n, w_i, w_h = ctx.saved_tensors
        r, z, m = gates.chunk(3, dim=2)
        length, batch, size = n.shape
        # dh before the sum over the steps: (length, batch, H)
        dh = doutputs.transpose(0, 1).clone(memory_format=torch.contiguous_format)
        # The gradients of (a_r, a_z, m), first as factors of dh: (length, batch, 3 H)
        dgates = torch.empty_like(gates)
        da_r, da_z, dm = dgates.chunk(3, dim=2)
        da_n = (1 - z) * (1 - n * n)  # a factor, too
        torch.mul(da_n, r, out=dm)
        torch.mul(dm * (1 - r), m, out=da_r)
        torch.mul((h[:-1] - n) * z, 1 - z, out=da_z)
        dstate = torch.zeros_like(dh[0])
        befores = [dstate, *dh[:-1].unbind()]
        for before, dh_t, dgates_t, flat, z_t in zip(
            reversed(befores),
            reversed(dh.unbind()),
            reversed(dgates.unflatten(2, (3, size)).unbind()),
            reversed(dgates.unbind()),
            reversed(z.unbind()),
        ):
            dgates_t *= dh_t.unsqueeze(1)
            before.addcmul_(dh_t, z_t).addmm_(flat, w_h)
        da_n *= dh
        dgates = dgates.flatten(0, 1)  # (length * batch, 3 H), the same memory
        dw_h, db_h = dgates.T @ h[:-1].flatten(0, 1), dgates.sum(0)
        dm.copy_(da_n)
        dw_i, db_i = dgates.T @ x.flatten(0, 1), dgates.sum(0)
        dx = None
        if ctx.needs_input_grad[0]:
            dx = (dgates @ w_i).unflatten(0, (length, batch)).transpose(0, 1)
        return dx, dstate, dw_i, dw_h, db_i, db_h
