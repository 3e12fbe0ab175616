"""A simple recurrent layer that rounds alike for every row when it forecasts."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Rows of so many numbers take one path through the matrix products of a CPU.
_WIDTH = 8


class RNN(nn.RNN):
    """``torch.nn.RNN``, in forecasts filled up with zeros to a multiple of eight.

    As in `Linear`, rows of other sizes begin at odd places in memory, and what a window
    gives would depend, in its last bits, on its place in the batch. Inputs that are
    zero change no sum, and units without weights stay zero. Torch's layers of other
    cells did not differ where we have looked, with four units or more. Weights, their
    names and what is trained are those of ``torch.nn.RNN``.

    Parameters
    ----------
    *args, **kwargs
        Those of ``torch.nn.RNN``.
    """

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Read on from a state.

        Parameters
        ----------
        x : Tensor of shape (batch, length, input_size)
        state : Tensor of shape (n_directions, batch, hidden_size), default=None
            The state to begin with; None is zeros.

        Returns
        -------
        outputs : Tensor of shape (batch, length, n_directions * hidden_size)
        state : Tensor of shape (n_directions, batch, hidden_size)
            The last outputs, to go on from.
        """
        if not self._has_odd_rows(x):
            return super().forward(x, state)
        n_directions, size = 2 if self.bidirectional else 1, self.hidden_size
        if state is None:
            state = x.new_zeros(n_directions, len(x), size)
        elif state.shape != (n_directions, len(x), size):
            return super().forward(x, state)  # which says what is right
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
        return (
            (self.input_size % _WIDTH or self.hidden_size % _WIDTH)
            and not torch.is_grad_enabled()
            and x.device.type == "cpu"
            and x.shape[2:] == (self.input_size,)
            and self.batch_first
            and self.bias
            and self.num_layers == 1
            and x.dtype == self.weight_hh_l0.dtype
            and not torch.is_autocast_enabled("cpu")
            and not torch.compiler.is_compiling()
        )


def _filled_up(tensor, every_axis=False):
    """Zeros after the numbers of the last axis, or of every one."""
    sizes = reversed(tensor.shape) if every_axis else tensor.shape[-1:]
    return F.pad(tensor, [n for size in sizes for n in (0, -size % _WIDTH)])
