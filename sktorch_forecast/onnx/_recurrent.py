"""Recurrent layers as ONNX operators, each of which reads a whole window.

When torch exports its own recurrent layers, it unrolls them time step by time step: for
a window of 336 timestamps that takes minutes. The result then depends on the version of
onnxscript, and before 0.7.1 GRUs had different equations.

Symbols used below::

    b  batch    L  length    H  hidden_size    D  directions    G  gates
"""

from typing import Any

import torch
from torch import Tensor, nn

from ..layers.gru import GRU
from ..layers.rnn import RNN

# By the mode of a torch layer: the operator, the order of its gates among those of
# torch, and its activation. torch has i f g o and r z n, ONNX i o f g and z r n.
_OPERATORS: dict[str, tuple[str, tuple[int, ...], str | None]] = {
    "LSTM": ("LSTM", (0, 3, 1, 2), None),
    "GRU": ("GRU", (1, 0, 2), None),
    "RNN_TANH": ("RNN", (0,), "Tanh"),
    "RNN_RELU": ("RNN", (0,), "Relu"),
}


def use_operators(network: nn.Module) -> None:
    """Make the recurrent layers of a network export as ONNX operators.

    The layers can no longer be used for anything else: a symbolic operator returns
    zeros. Layers of the user's own classes stay as they are.

    Parameters
    ----------
    network : torch.nn.Module
        A copy made only for the export.
    """
    for layer in network.modules():
        is_known = type(layer) in (nn.LSTM, nn.GRU, nn.RNN, GRU, RNN)
        if is_known and not layer.proj_size:  # not in ONNX
            layer.forward = _Operators(layer)


class _Operators:
    """The forward of a recurrent torch module, one operator for each layer in it."""

    def __init__(self, layer: Any):
        self.batch_first, self.size = layer.batch_first, layer.hidden_size
        self.n_directions = 2 if layer.bidirectional else 1
        self.name, order, activation = _OPERATORS[layer.mode]
        self.attributes = {
            "hidden_size": self.size,
            "direction": "bidirectional" if layer.bidirectional else "forward",
        }
        if self.name == "GRU":
            # torch applies the reset gate after the matrix product, not before it.
            self.attributes["linear_before_reset"] = 1
        if activation is not None:  # one for each direction
            self.attributes["activations"] = self.n_directions * [activation]
        cells = [[_in_order(w, order) for w in ws] for ws in layer.all_weights]
        if not layer.bias:
            zeros = torch.zeros(2 * len(order) * self.size)
            cells = [[*weights, zeros] for weights in cells]
        # For each layer (D, G * H, n_inputs), (D, G * H, H) and (D, 2 * G * H)
        self.weights = []
        for start in range(0, len(cells), self.n_directions):
            parts = cells[start : start + self.n_directions]
            parts = [(w_i, w_h, torch.cat(biases)) for w_i, w_h, *biases in parts]
            self.weights.append([torch.stack(weights) for weights in zip(*parts)])

    def __call__(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Outputs and the state to continue from, as the torch layer gives them."""
        x = x.transpose(0, 1) if self.batch_first else x  # (L, b, n_inputs)
        is_lstm, d = self.name == "LSTM", self.n_directions
        if state is None:
            zeros = x.new_zeros(d * len(self.weights), x.shape[1], self.size)
            state = (zeros, zeros) if is_lstm else zeros
        states, ends = state if is_lstm else (state,), []
        for i, weights in enumerate(self.weights):
            begin = [part[d * i : d * (i + 1)] for part in states]
            x, *end = self._layer(x, weights, begin)
            ends.append(end)
        outputs = x.transpose(0, 1) if self.batch_first else x
        joined = tuple(torch.cat(parts) for parts in zip(*ends))
        return outputs, joined if is_lstm else joined[0]

    def _layer(self, x, weights, states):
        """Outputs of a layer, (L, b, D * H), and its states, (D, b, H) each."""
        shape = self.n_directions, x.shape[1], self.size
        y, *ends = torch.onnx.ops.symbolic_multi_out(
            self.name,
            (x, *weights, None, *states),  # None: all windows are of one length
            self.attributes,
            dtypes=[x.dtype] * (1 + len(states)),
            shapes=[(x.shape[0], *shape), *[shape] * len(states)],
        )
        # (L, D, b, H) -> (L, b, D * H)
        return y.transpose(1, 2).flatten(2), *ends


def _in_order(weight, order):
    """The rows of a weight or a bias, gate by gate in the order of ONNX."""
    gates = weight.detach().chunk(len(order))
    return torch.cat([gates[i] for i in order])
