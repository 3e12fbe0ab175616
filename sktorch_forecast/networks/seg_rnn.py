"""A recurrent network that reads and writes segments."""

from math import ceil
from numbers import Integral, Real
from typing import Any, ClassVar, Unpack

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._training.shared import SharedParameters
from .._utils.compat import Interval
from .._utils.validation import check_positive_int
from ..forecaster import Forecaster
from ..layers import GRU, Dropout, Linear


class SegRNNNetwork(nn.Module):
    """SegRNN: segments through a GRU, and all segments of the horizon at once.

    In the paper's notation, with w the length of a segment and d the units::

        window (L)  -> n = L / w segments (w) -> linear, ReLU -> (n, d)
        GRU over the n segments -> its last state h (d)
        for each of the m = H / w segments to come: one step of the same GRU from h,
        whose input says which segment it is (d) -> dropout -> linear -> (w)

    Parameters
    ----------
    n_channels, length : int
        Shape of a window.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    segment_length : int, default=12
        Timestamps in a segment.
    hidden_size : int, default=64
        Units of the GRU.
    dropout : float, default=0.0
        Probability that a unit in front of the last layer is dropped while training.
    """

    def __init__(
        self,
        n_channels: int,
        length: int,
        output_shape: tuple[int, int, int],
        segment_length: int = 12,
        hidden_size: int = 64,
        dropout: float = 0.0,
    ):
        super().__init__()
        w = check_positive_int(segment_length, "segment_length")
        hidden_size = check_positive_int(hidden_size, "hidden_size")
        horizon, n_targets, n_params = output_shape
        self.segment_length, self.output_shape = w, output_shape
        self.embedding = Linear(w * n_channels, hidden_size)
        self.gru = GRU(hidden_size, hidden_size, batch_first=True)
        n_segments = ceil(horizon / w)
        self.positions = nn.Parameter(torch.randn(n_segments, hidden_size))
        self.dropout = Dropout(dropout)
        self.readout = Linear(hidden_size, w * n_targets * n_params)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, n_channels) -> (batch, *output_shape)"""
        batch, length, _ = x.shape
        w, m = self.segment_length, len(self.positions)
        # Zeros before the window, so that its last segment ends with it.
        x = F.pad(x, (0, 0, -length % w, 0))
        # (batch, n * w, C) -> (batch, n, w * C) -> (batch, n, d)
        segments = x.reshape(batch, x.shape[1] // w, -1)
        _, h = self.gru(self.embedding(segments).relu())
        # One step for each segment to come: (m, d) -> (batch * m, 1, d)
        inputs = self.positions.expand(batch, m, -1).flatten(0, 1).unsqueeze(1)
        # (1, batch, d) -> (1, batch * m, d)
        begin = h.repeat_interleave(m, dim=1)
        outputs, _ = self.gru(inputs, begin)
        # (batch * m, 1, w * K * P) -> (batch, m * w, K, P), of which the horizon counts
        y = self.readout(self.dropout(outputs))
        horizon, *rest = self.output_shape
        return y.view(batch, m * w, *rest)[:, :horizon]


class SegRNNForecaster(Forecaster):
    """Forecast with a GRU that reads segments and writes all future ones at once.

    A recurrent network takes 720 steps to read 720 hours, and forgets. SegRNN [1]_
    takes 15 steps of two days each, and forecasts all segments of the horizon in one
    more step, in parallel, with a learnt vector that identifies each segment. In the
    paper this makes a recurrent network as good as transformers on long horizons.

    Where this departs from the paper: all channels of a segment are read together, and
    all targets are written together, where the paper forecasts each channel alone and
    identifies it by a learnt vector. For the paper's network, forecast series as a
    panel, with a single channel, ``normalize="last"``, which subtracts the last value,
    and ``loss="mae"``.

    Parameters
    ----------
    segment_length : int, default=12
        Number of timestamps in a segment; for hourly series 24 or 48. A window whose
        length is not a multiple of it is padded with zeros at the beginning.
    hidden_size : int, default=64
        Number of units in the GRU; 512 in the paper.
    dropout : float in [0, 1), default=0.0
        Probability that a unit in front of the last layer is dropped during training;
        0.5 in the paper, for windows of 720 values.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    GRUForecaster : Reads the window value by value.

    References
    ----------
    .. [1] S. Lin et al. (2023), SegRNN: Segment Recurrent Neural Network for Long-Term
       Time Series Forecasting. arXiv:2308.11200, section 3, with parallel decoding.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import SegRNNForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = SegRNNForecaster(segment_length=5, max_epochs=5, random_state=0)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    module = SegRNNNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "segment_length": [Interval(Integral, 1, None, closed="left")],
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        segment_length: int = 12,
        hidden_size: int = 64,
        dropout: float = 0.0,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.segment_length = segment_length
        self.hidden_size = hidden_size
        self.dropout = dropout
