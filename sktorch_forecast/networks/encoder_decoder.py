"""Sequence to sequence: one network reads the window, another writes the forecast."""

from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Unpack

import torch
from skorch.utils import to_device
from torch import Tensor, nn

from .._training.shared import SharedParameters
from .._utils.compat import Interval, StrOptions
from ..forecaster import Forecaster
from ..layers import Readout, RecurrentLayers
from ..layers.recurrent import CELLS


class EncoderDecoderNetwork(nn.Module):
    """Recurrent layers that read the window, and others that continue from their state.

    With ``s_0`` the state in which the encoder ends and ``v_0`` the last observed
    value of the targets, the decoder computes for the steps ``h = 1, ..., horizon``::

        o_h, s_h = decoder(v_{h-1}, s_{h-1})
        v_h = W o_h + b

    Teacher forcing replaces some ``v_{h-1}`` with the true value.

    Parameters
    ----------
    n_channels : int
        Number of input channels, the targets first.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``. The first of the parameters output for each
        value is fed back as the value.
    cell, hidden_size, num_layers, dropout
        As for :class:`EncoderDecoderForecaster`.

    Attributes
    ----------
    generator : torch.Generator or None
        Decides which values teacher forcing replaces; None is the global generator.
    """

    def __init__(
        self,
        n_channels: int,
        output_shape: tuple[int, int, int],
        cell: str = "gru",
        hidden_size: int = 32,
        num_layers: int = 1,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.horizon, self.n_targets, n_params = output_shape
        layers = (hidden_size, num_layers, dropout)
        self.encoder = RecurrentLayers(CELLS[cell], n_channels, *layers)
        self.decoder = RecurrentLayers(CELLS[cell], self.n_targets, *layers)
        self.readout = Readout(hidden_size, (self.n_targets, n_params))
        self.generator = None

    def forward(
        self, x: Tensor, targets: Tensor | None = None, teacher_forcing: float = 1.0
    ) -> Tensor:
        """Forecast the values that follow each window.

        Parameters
        ----------
        x : Tensor of shape (batch, length, n_channels)
        targets : Tensor of shape (batch, horizon, n_targets), default=None
            The true values, for teacher forcing. Without them the decoder is on its
            own.
        teacher_forcing : float in [0, 1], default=1.0
            Probability that the decoder gets the true value instead of its own, drawn
            for every window and step.

        Returns
        -------
        forecast : Tensor of shape (batch, horizon, n_targets, n_params)
        """
        _, state = self.encoder(x)
        value = x[:, -1:, : self.n_targets]
        if targets is None or teacher_forcing == 0:
            return self._decode(value, state)
        # The true values before steps 2, 3, ...: (batch, horizon - 1, n_targets)
        truth = targets[:, :-1]
        if teacher_forcing == 1:
            # No step waits for the forecast of the previous one: all in one call.
            # Missing true values are replaced with the mean of the window.
            told = torch.cat([value, truth.nan_to_num(0.0)], dim=1)
            outputs, _ = self.decoder(told, state)
            return self.readout(outputs)
        forced = torch.empty_like(truth[..., :1])
        forced.bernoulli_(teacher_forcing, generator=self.generator)
        return self._decode(value, state, truth, forced.bool())

    def _decode(
        self,
        value: Tensor,
        state: list,
        truth: Tensor | None = None,
        forced: Tensor | None = None,
    ) -> Tensor:
        """Step by step, with the truth instead of the forecast where it is forced."""
        forecasts = []
        for step in range(self.horizon):
            if step and truth is not None and forced is not None:
                before = slice(step - 1, step)
                # Where the truth is unknown, the decoder is on its own.
                told = forced[:, before] & truth[:, before].isfinite()
                value = torch.where(told, truth[:, before], value)
            outputs, state = self.decoder(value, state)
            forecasts.append(self.readout(outputs))
            # (batch, 1, n_targets, n_params) -> (batch, 1, n_targets)
            value = forecasts[-1][..., 0]
        return torch.cat(forecasts, dim=1)

    def __getstate__(self) -> dict[str, Any]:
        # As for Dropout: a generator is neither pickled nor shared by copies.
        return {**self.__dict__, "generator": None}


class EncoderDecoderForecaster(Forecaster):
    """Forecast with an encoder and a decoder (sequence to sequence).

    Recurrent layers, the encoder, read the window from its oldest timestamp to the
    origin. Others, the decoder, continue from their state and write the forecast step
    by step, each from the previous value [1]_, [2]_. A longer horizon thus needs no
    more weights.

    During training, the decoder gets the true previous value at each step, rather than
    its own forecast of it, with a probability that falls from epoch to epoch (teacher
    forcing [3]_, scheduled sampling [4]_). In validation and in forecasts it is always
    on its own.

    Parameters
    ----------
    cell : {"gru", "lstm", "rnn"}, default="gru"
        Kind of the recurrent layers of encoder and decoder.
    hidden_size : int, default=32
        Units in each layer.
    num_layers : int, default=1
        Number of stacked recurrent layers, in the encoder and in the decoder.
    dropout : float in [0, 1), default=0.0
        Probability that an output of a layer is dropped while training.
    teacher_forcing : float in [0, 1], default=0.5
        Probability, in the first epoch, that the decoder gets the true value; drawn for
        every window and step. At 0 it is trained the way it will forecast. At 1 all
        steps of the horizon are computed in one call, which is faster; but a decoder
        that is always told the truth never learns to correct its own errors, which
        matters more the longer the horizon.
    teacher_forcing_decay : float in [0, 1], default=0.9
        Factor by which that probability changes from one epoch to the next: in epoch
        ``e``, counted from 0, it is ``teacher_forcing * teacher_forcing_decay**e``. 1
        keeps it constant. `partial_fit` continues the count of epochs.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    LSTMForecaster : Computes the whole horizon from the last state at once.

    References
    ----------
    .. [1] I. Sutskever, O. Vinyals and Q. V. Le (2014), Sequence to Sequence Learning
       with Neural Networks. NeurIPS, section 2.
    .. [2] K. Cho et al. (2014), Learning Phrase Representations using RNN
       Encoder-Decoder for Statistical Machine Translation. EMNLP, section 2.2.
    .. [3] R. J. Williams and D. Zipser (1989), A Learning Algorithm for Continually
       Running Fully Recurrent Neural Networks. Neural Computation 1 (2).
    .. [4] S. Bengio et al. (2015), Scheduled Sampling for Sequence Prediction with
       Recurrent Neural Networks. NeurIPS, section 2.4, with exponential decay by
       epochs.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import EncoderDecoderForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = EncoderDecoderForecaster(hidden_size=8, max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = EncoderDecoderNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "cell": [StrOptions(set(CELLS))],
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "num_layers": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "teacher_forcing": [Interval(Real, 0, 1, closed="both")],
        "teacher_forcing_decay": [Interval(Real, 0, 1, closed="both")],
    }
    training_parameters = ("teacher_forcing", "teacher_forcing_decay")

    def __init__(
        self,
        *,
        cell: Literal["gru", "lstm", "rnn"] = "gru",
        hidden_size: int = 32,
        num_layers: int = 1,
        dropout: float = 0.0,
        teacher_forcing: float = 0.5,
        teacher_forcing_decay: float = 0.9,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.teacher_forcing = teacher_forcing
        self.teacher_forcing_decay = teacher_forcing_decay

    def forward_params(self, batch: Any) -> dict[str, Any]:
        """What the forward gets besides windows: the true values, and how often."""
        epoch = max(len(self.history) - 1, 0)  # the history has its row already
        return super().forward_params(batch) | {
            "targets": to_device(batch[1], self.device_),
            "teacher_forcing": self.teacher_forcing * self.teacher_forcing_decay**epoch,
        }
