"""A simple recurrent layer: fast in training, rounding alike for every row."""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from .steps import has_written_steps, is_plain

# Rows of this many numbers take the same path through a CPU's matrix products.
_WIDTH = 8


class RNN(nn.RNN):
    """``torch.nn.RNN``, trained faster on a CPU, and rounding alike for every row.

    In training, the step and its gradient are written out, in two operations each, as
    in `GRU`. In forecasts, sizes are padded with zeros to a multiple of eight: as in
    `Linear`, rows of other sizes begin at odd places in memory, and the last bits of a
    window's forecast would depend on its place in the batch. Zero inputs change no sum,
    and units without weights stay zero. We have not seen such differences in torch's
    layers with other cells and four units or more. Weights, their names and what is
    trained are those of ``torch.nn.RNN``.

    Parameters
    ----------
    *args, **kwargs
        Those of ``torch.nn.RNN``.
    """

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
        """
        in_steps = has_written_steps(self, x)
        if not in_steps and not self._has_odd_rows(x):
            return super().forward(x, state)
        n_directions, size = 2 if self.bidirectional else 1, self.hidden_size
        if state is None:
            state = x.new_zeros(n_directions, x.shape[0], size)
        elif state.shape != (n_directions, x.shape[0], size):
            return super().forward(x, state)  # which says what is right
        if in_steps:
            *weights, bias_i, bias_h = self.parameters()
            is_tanh = self.nonlinearity == "tanh"
            outputs = _RNNSteps.apply(x, state[0], *weights, bias_i + bias_h, is_tanh)
            return outputs, outputs[:, -1].unsqueeze(0)
        compute = torch.rnn_tanh if self.nonlinearity == "tanh" else torch.rnn_relu
        outputs, state = compute(
            _filled_up(x),
            _filled_up(state),
            [_filled_up(weight, every_axis=True) for weight in self.parameters()],
            has_biases=True,
            num_layers=1,
            dropout=0.0,
            train=False,
            bidirectional=self.bidirectional,
            batch_first=True,
        )
        # (batch, length, D * filled up) -> (batch, length, D, H) -> (..., D * H)
        outputs = outputs.unflatten(-1, (n_directions, -1))[..., :size].flatten(-2)
        return outputs, state[..., :size]

    def _has_odd_rows(self, x):
        is_odd = self.input_size % _WIDTH or self.hidden_size % _WIDTH
        return is_odd and not torch.is_grad_enabled() and is_plain(self, x)


class _RNNSteps(torch.autograd.Function):
    """All time steps of one layer, time first. For one of them, with f tanh or ReLU::

        h = f(a), a = W_i x + W_h h' + b        x (B, C); h, h' (B, H)
        da = dh f'(a), dh' = W_h^T da           f'(a) is 1 - h^2, or 1 where h > 0

    The equations are those of torch.nn.RNN, after J. L. Elman (1990), Finding Structure
    in Time, Cognitive Science 14.
    """

    @staticmethod
    def forward(ctx, x, state, w_i, w_h, bias, is_tanh):
        batch, length, _ = x.shape
        x = x.transpose(0, 1).contiguous()  # (length, batch, C)
        a = torch.addmm(bias, x.flatten(0, 1), w_i.T).unflatten(0, (length, batch))
        h = x.new_empty(length + 1, batch, len(w_h))
        h[0] = state
        weights = w_h.T
        for a_t, before, after in zip(a.unbind(), h[:-1].unbind(), h[1:].unbind()):
            a_t.addmm_(before, weights)
            if is_tanh:
                torch.tanh(a_t, out=after)
            else:
                torch.clamp_min(a_t, 0, out=after)
        ctx.save_for_backward(x, h, w_i, w_h)
        ctx.is_tanh = is_tanh
        return h[1:].transpose(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx, doutputs):
        x, h, w_i, w_h = ctx.saved_tensors
        length, batch, _ = x.shape
        slopes = 1 - h[1:].square() if ctx.is_tanh else (h[1:] > 0).to(h)
        # dh before the sum over the steps, then da: (length, batch, H)
        da = doutputs.transpose(0, 1).clone(memory_format=torch.contiguous_format)
        dstate = torch.zeros_like(da[0])
        befores = [dstate, *da[:-1].unbind()]
        for before, da_t, slope in zip(
            reversed(befores), reversed(da.unbind()), reversed(slopes.unbind())
        ):
            before.addmm_(da_t.mul_(slope), w_h)
        da = da.flatten(0, 1)
        dw_i, dw_h = da.T @ x.flatten(0, 1), da.T @ h[:-1].flatten(0, 1)
        dx = None
        if ctx.needs_input_grad[0]:
            dx = (da @ w_i).unflatten(0, (length, batch)).transpose(0, 1)
        return dx, dstate, dw_i, dw_h, da.sum(0), None


def _filled_up(tensor, every_axis=False):
    """Pad the last axis, or every axis, with zeros at the end."""
    sizes = reversed(tensor.shape) if every_axis else tensor.shape[-1:]
    return F.pad(tensor, [n for size in sizes for n in (0, -size % _WIDTH)])
