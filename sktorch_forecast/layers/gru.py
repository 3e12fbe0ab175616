"""A GRU layer with a backward pass of its own, since torch has no fast one on a CPU."""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class GRU(nn.GRU):
    """``torch.nn.GRU``, trained faster on a CPU.

    On a CPU torch builds a GRU from single operations, about twenty at each time
    step in a training, most of which take longer to call than to compute. Here the
    step and its gradient are written out, in five and three operations. Weights,
    their names, outputs and gradients are those of ``torch.nn.GRU``, which also does
    everything else: forecasts, other devices and precisions, several layers or
    directions.

    Parameters
    ----------
    input_size : int
        Size of the input at each time step.
    hidden_size : int
        Units.
    batch_first : bool, default=False
        Has to be True for the faster training.
    **kwargs
        Further parameters of ``torch.nn.GRU``.
    """

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Read on from a state.

        Parameters
        ----------
        x : Tensor of shape (batch, length, input_size)
        state : Tensor of shape (1, batch, hidden_size), default=None
            The state to begin with; None is zeros.

        Returns
        -------
        outputs : Tensor of shape (batch, length, hidden_size)
        state : Tensor of shape (1, batch, hidden_size)
            The last output, to go on from.
        """
        # Of wrong shapes torch complains, and says which is right.
        if not self._has_fast_training(x):
            return super().forward(x, state)
        if state is None:
            state = x.new_zeros(1, len(x), self.hidden_size)
        elif state.shape != (1, len(x), self.hidden_size):
            return super().forward(x, state)
        weights = self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0
        outputs = _GRUSteps.apply(x, state[0], *weights)
        return outputs, outputs[:, -1].unsqueeze(0)

    def _has_fast_training(self, x):
        return (
            torch.is_grad_enabled()
            and x.device.type == "cpu"
            and x.shape[2:] == (self.input_size,)
            # Where arithmetic outweighs the calls, torch is as fast or faster; these
            # bounds were measured (docs/speed).
            and x.shape[1] >= 4
            and 0 < x.shape[0] * self.hidden_size <= 2**13
            and self.batch_first
            and self.bias
            and self.num_layers == 1
            and not self.bidirectional
            and x.dtype == self.weight_hh_l0.dtype
            and not torch.is_autocast_enabled("cpu")
            and not torch.compiler.is_compiling()
        )


class _GRUSteps(torch.autograd.Function):
    """All time steps of one GRU layer.

    Inside, the batch is the last axis, so that each gate is one piece of memory.
    Symbols, for one time step::

        x (C, B)          input
        h (H, B)          output; h' is that of the step before
        r, z, n (H, B)    reset gate, update gate, new state
        a (., B)          what goes into a sigmoid or a tanh
        m (H, B)          the recurrent part of what goes into n

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

    Every gradient is dh times a factor known before, so the factors of all steps are
    computed at once, and what is left for each step is the sum into dh'.

    The equations are those of torch.nn.GRU, after K. Cho et al. (2014), Learning
    Phrase Representations using RNN Encoder-Decoder for Statistical Machine
    Translation, EMNLP, with the reset gate behind the matrix product.
    """

    @staticmethod
    def forward(ctx, x, state, w_i, w_h, b_i, b_h):
        batch, length, _ = x.shape
        size = len(w_h) // 3
        x = x.permute(1, 2, 0)  # (batch, length, C) -> (length, C, batch)
        # The input's part of all steps at once: (length, 3 H, batch)
        inputs = torch.matmul(w_i, x).add_(b_i[:, None])
        h = x.new_empty(length + 1, size, batch)
        h[0] = state.T
        # What goes into the gates without h'; then r and z themselves, and m.
        gates = inputs.clone()
        gates[:, : 2 * size] += b_h[: 2 * size, None]
        gates[:, 2 * size :] = b_h[2 * size :, None]
        n = inputs[:, 2 * size :].contiguous()
        for gates_t, rz, r, z, m, n_t, before, after in zip(
            gates,
            gates[:, : 2 * size],
            gates[:, :size],
            gates[:, size : 2 * size],
            gates[:, 2 * size :],
            n,
            h[:-1],
            h[1:],
        ):
            gates_t.addmm_(w_h, before)
            rz.sigmoid_()
            n_t.addcmul_(r, m).tanh_()
            torch.lerp(n_t, before, z, out=after)
        ctx.save_for_backward(x, h, gates, n, w_i, w_h)
        return h[1:].permute(2, 0, 1)  # (length, H, batch) -> (batch, length, H)

    @staticmethod
    @once_differentiable
    def backward(ctx, doutputs):
        x, h, gates, n, w_i, w_h = ctx.saved_tensors
        r, z, m = gates.chunk(3, dim=1)
        length, size, batch = n.shape
        # dh before the sum over the steps: (batch, length, H) -> (length, H, batch)
        dh = doutputs.permute(1, 2, 0).clone(memory_format=torch.contiguous_format)
        # The gradients of (a_r, a_z, m), first as factors of dh: (length, 3, H, batch)
        dgates = x.new_empty(length, 3, size, batch)
        da_n = (1 - z) * (1 - n * n)  # a factor, too
        torch.mul(da_n, r, out=dgates[:, 2])
        torch.mul(dgates[:, 2] * (1 - r), m, out=dgates[:, 0])
        torch.mul((h[:-1] - n) * z, 1 - z, out=dgates[:, 1])
        dstate = torch.empty_like(dh[0])
        befores = [dstate.zero_(), *dh[:-1]]
        for before, dh_t, dgates_t, flat, z_t in zip(
            reversed(befores),
            reversed(dh.unbind()),
            reversed(dgates.unbind()),
            reversed(dgates.flatten(1, 2).unbind()),
            reversed(z.unbind()),
        ):
            dgates_t *= dh_t
            before.addcmul_(dh_t, z_t).addmm_(w_h.T, flat)
        da_n *= dh
        dgates = dgates.flatten(1, 2)  # (length, 3 H, batch)
        dw_h = _sum_of_products(dgates, h[:-1])
        db_h = dgates.sum((0, 2))
        dgates[:, 2 * size :] = da_n
        dw_i = _sum_of_products(dgates, x)
        db_i = dgates.sum((0, 2))
        dx = None
        if ctx.needs_input_grad[0]:
            # (length, C, batch) -> (batch, length, C)
            dx = torch.matmul(w_i.T, dgates).permute(2, 0, 1)
        return dx, dstate.T, dw_i, dw_h, db_i, db_h


def _sum_of_products(a, b):
    """(length, m, batch), (length, n, batch) -> (m, n), summed over steps and batch"""
    # One product of (m, length * batch) and (length * batch, n).
    return torch.mm(a.transpose(0, 1).flatten(1), b.transpose(0, 1).flatten(1).T)
