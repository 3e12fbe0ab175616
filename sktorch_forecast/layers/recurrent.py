"""Recurrent layers and the network that reads a window with them."""

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from .._utils.validation import check_positive_int, complain_of_shape
from .dropout import Dropout
from .gru import GRU
from .readout import Readout
from .rnn import RNN

CELLS: dict[str, Callable[..., nn.Module]] = {
    "rnn": RNN,
    "lstm": nn.LSTM,
    "gru": GRU,
}


class RecurrentLayers(nn.Module):
    """Stacked recurrent layers, with dropout after each.

    Parameters
    ----------
    cell : {RNN, torch.nn.LSTM, GRU}
        Class of the layers.
    n_inputs : int
        Size of the input at each time step.
    hidden_size : int
        Units in each layer.
    num_layers : int, default=1
        Number of layers.
    dropout : float, default=0.0
        Probability that an output of a layer is dropped while training.
    bidirectional : bool, default=False
        Whether each layer also reads the window backwards.
    **cell_params
        Further parameters of `cell`.

    Notes
    -----
    The dropout of torch's own stacked layers skips the last one, so a single layer has
    none, and it draws from the global generator. Hence one torch layer per layer.
    """

    def __init__(
        self,
        cell: Callable[..., nn.Module],
        n_inputs: int,
        hidden_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        **cell_params: Any,
    ):
        super().__init__()
        if not callable(cell):
            raise TypeError(
                f"Expected cell as a class of recurrent layers, found {cell!r}. Give "
                "e.g. torch.nn.LSTM."
            )
        num_layers = check_positive_int(num_layers, "num_layers")
        self.n_inputs = n_inputs
        self.n_outputs = hidden_size * (2 if bidirectional else 1)
        self.layers = nn.ModuleList(
            cell(
                n_inputs if i == 0 else self.n_outputs,
                hidden_size,
                batch_first=True,
                bidirectional=bidirectional,
                **cell_params,
            )
            for i in range(num_layers)
        )
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, state: list | None = None) -> tuple[Tensor, list]:
        """Continue reading from a state.

        Parameters
        ----------
        x : Tensor of shape (batch, length, n_inputs)
        state : list of the layers' states, or None to begin

        Returns
        -------
        outputs : Tensor of shape (batch, length, n_outputs)
        state : list
            To continue from.

        Raises
        ------
        ValueError
            If `x` has the wrong shape, or there are not as many states as layers.
        """
        if x.ndim != 3 or x.shape[2] != self.n_inputs:
            complain_of_shape("an input", f"(batch, length, {self.n_inputs})", x)
        if state is not None and len(state) != len(self.layers):
            raise ValueError(
                f"Expected the states of {len(self.layers)} layers, found {len(state)}."
            )
        states = []
        for layer, begin in zip(self.layers, state or [None] * len(self.layers)):
            x, end = layer(x, begin)
            x = self.dropout(x)
            states.append(end)
        return x, states


class RecurrentNetwork(nn.Module):
    """Recurrent layers and a linear read-out of their output.

    Subclasses name the class of their layers as `cell`.

    Parameters
    ----------
    n_channels : int
        Number of input channels.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    hidden_size : int, default=32
        Units in each layer.
    num_layers : int, default=1
        Number of layers.
    dropout : float, default=0.0
        Probability that an output of a layer is dropped while training.
    bidirectional : bool, default=False
        Whether each layer also reads the window backwards.
    bptt_steps : int or None, default=None
        Number of time steps, counted back from the last, that gradients flow through.
        Earlier steps are read without a graph, in pieces, so that the memory of a
        training step does not grow with the window.
    readout : bool, default=True
        Whether a linear layer maps the last output to the forecast. Without it the
        output is the forecast, and `hidden_size` must equal the number of outputs.
    nonlinearity : {"tanh", "relu"} or None, default=None
        For simple recurrent layers; the others have no choice.
    cell : {RNN, torch.nn.LSTM, GRU} or None, default=None
        Class of the layers; None means that of the subclass.

    References
    ----------
    .. [1] R. J. Williams and J. Peng (1990), An Efficient Gradient-Based Algorithm for
       On-Line Training of Recurrent Network Trajectories. Neural Computation 2 (4).
    """

    cell: Callable[..., nn.Module] = RNN

    def __init__(
        self,
        n_channels: int,
        output_shape: tuple[int, int, int],
        hidden_size: int = 32,
        num_layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        bptt_steps: int | None = None,
        readout: bool = True,
        nonlinearity: str | None = None,
        cell: Callable[..., nn.Module] | None = None,
    ):
        super().__init__()
        if bptt_steps is not None:
            bptt_steps = check_positive_int(bptt_steps, "bptt_steps")
        if bidirectional and bptt_steps is not None:
            raise ValueError(
                "Expected bptt_steps=None with bidirectional=True, found "
                f"{bptt_steps}: the backward direction begins at the last step, so "
                "there is nothing to truncate. Change one of the two."
            )
        cell_params = {} if nonlinearity is None else {"nonlinearity": nonlinearity}
        self.recurrent = RecurrentLayers(
            cell or self.cell,
            n_channels,
            hidden_size,
            num_layers,
            dropout,
            bidirectional,
            **cell_params,
        )
        n_features = self.recurrent.n_outputs
        if readout:
            self.readout: nn.Module = Readout(n_features, output_shape)
        elif n_features == (n_outputs := prod(output_shape)):
            self.readout = nn.Unflatten(-1, output_shape)
        else:
            raise ValueError(
                "Expected as many units as outputs with readout=False, found "
                f"{n_features} units and {n_outputs} outputs. Set "
                f"hidden_size={n_outputs}, or readout=True."
            )
        self.bidirectional = bidirectional
        self.bptt_steps = bptt_steps

    def forward(self, x: Tensor, all_steps: bool = False) -> Tensor:
        """Forecast: (batch, length, n_channels) -> ``(batch, *output_shape)``.

        With `all_steps`, -> ``(batch, length, *output_shape)``, a forecast from every
        time step, or from the last `bptt_steps` of them while training.
        """
        if all_steps and self.bidirectional:
            raise ValueError(
                "Expected bidirectional=False with train_on='all_steps', found True: "
                "the backward direction tells each step what follows it. Use "
                "train_on='last_step'."
            )
        state = None
        if self.bptt_steps is not None and torch.is_grad_enabled():
            x, state = self._read_without_graph(x, self.bptt_steps)
        outputs, _ = self.recurrent(x, state)
        return self.readout(outputs if all_steps else self._last(outputs))

    def _last(self, outputs):
        """Outputs that have read the whole window: (batch, length, n) -> (batch, n)"""
        if not self.bidirectional:
            return outputs[:, -1]
        # Backwards, the first step is read last.
        forward, backward = outputs.chunk(2, dim=-1)
        return torch.cat([forward[:, -1], backward[:, 0]], dim=-1)

    def _read_without_graph(self, x, n_steps):
        """The steps that gradients flow through, and their initial state."""
        n_before, state = x.shape[1] - n_steps, None
        with torch.no_grad():
            for start in range(0, n_before, n_steps):
                piece = x[:, start : min(start + n_steps, n_before)]
                _, state = self.recurrent(piece, state)
        return x[:, max(n_before, 0) :], state

    def step(self, x: Tensor, state: list | None = None) -> tuple[Tensor, list]:
        """Continue reading from a state and forecast from the last step read.

        Parameters
        ----------
        x : Tensor of shape (batch, length, n_channels)
            The steps that follow those that led to the state.
        state : list or None, default=None
            The initial state; None before the first step.

        Returns
        -------
        forecast : Tensor of shape ``(batch, *output_shape)``
        state : list
            To continue from.
        """
        outputs, end = self.recurrent(x, state)
        return self.readout(outputs[:, -1]), end
