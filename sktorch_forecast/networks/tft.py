"""A temporal fusion transformer: selected variables, an LSTM, and attention."""

from copy import copy, deepcopy
from numbers import Integral, Real
from typing import Any, ClassVar, Unpack

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._data.inputs import check_windows
from .._training.foreign import plain
from .._training.shared import SharedParameters
from .._utils.compat import Interval
from .._utils.validation import check_positive_int
from ..forecaster import Forecaster
from ..layers import Dropout, Linear


class TFTNetwork(nn.Module):
    """Temporal fusion transformer, in the notation of the paper.

    With d the units, k the length of the window and tau the horizon::

        static variables -> selected (d) -> contexts c_s, c_c, c_h, c_e (d each)
        past variables (k), future ones (tau) -> selected, by c_s -> xi (k + tau, d)
        LSTM over the window, from (c_h, c_c), and another on over the horizon
          -> phi (k + tau, d), beside xi
        theta = GRN(phi, c_e)
        attention of each step of the horizon over the window and the steps until then
          -> beta, beside theta -> GRN -> beside phi -> linear -> forecast of the step

    "Beside" is a gated residual: ``LayerNorm(xi + GLU(phi))``.

    Parameters
    ----------
    n_channels, length : int
        Shape of a window.
    output_shape : tuple of int
        ``(horizon, n_targets, n_params)``.
    n_future, n_static : int, default=0
        Covariates known over the horizon, and static ones. The latter are the last
        channels of the window, too.
    hidden_size : int, default=32
        Units everywhere, d.
    n_heads : int, default=4
        Heads of the attention.
    dropout : float, default=0.0
        Probability that a number is dropped while training, before each gate.
    """

    place: Tensor

    def __init__(
        self,
        n_channels: int,
        length: int,
        output_shape: tuple[int, int, int],
        n_future: int = 0,
        n_static: int = 0,
        hidden_size: int = 32,
        n_heads: int = 4,
        dropout: float = 0.0,
    ):
        super().__init__()
        horizon, n_targets, n_params = self.output_shape = output_shape
        d = check_positive_int(hidden_size, "hidden_size")
        n_heads = check_positive_int(n_heads, "n_heads")
        if d % n_heads:
            raise ValueError(
                f"Expected hidden_size as a multiple of n_heads={n_heads}, found {d}: "
                "each head reads a part of every state."
            )
        # The position in time is a variable of each step, known ahead: so even without
        # covariates, something tells the steps of the horizon apart.
        place = torch.arange(1 - length, horizon + 1) / max(length, horizon)
        self.register_buffer("place", place.view(1, -1, 1), persistent=False)
        self.n_static = n_static
        self.static: Any = None
        self.contexts: Any = None
        if n_static:
            self.static = _VariableSelection(n_static, d, dropout, has_context=False)
            self.contexts = nn.ModuleList(_GRN(d, d, d, dropout) for _ in range(4))
        has_context = n_static > 0
        n_past = n_channels - n_static + 1
        self.past = _VariableSelection(n_past, d, dropout, has_context)
        self.future = _VariableSelection(n_future + 1, d, dropout, has_context)
        self.encoder = nn.LSTM(d, d, batch_first=True)
        self.decoder = nn.LSTM(d, d, batch_first=True)
        self.beside_selected = _GatedResidual(d, d, dropout)
        self.enrichment = _GRN(d, d, d, dropout, has_context)
        self.attention = _InterpretableAttention(d, n_heads, length, horizon)
        self.beside_enriched = _GatedResidual(d, d, dropout)
        self.perceptron = _GRN(d, d, d, dropout)
        self.beside_recurrent = _GatedResidual(d, d, dropout)
        self.readout = Linear(d, n_targets * n_params)

    def forward(
        self, x: Tensor, future: Tensor | None = None, static: Tensor | None = None
    ) -> Tensor:
        """Forecast all steps.

        Parameters
        ----------
        x : Tensor of shape (batch, length, n_channels)
        future : Tensor of shape (batch, horizon, n_future), default=None
        static : Tensor of shape (batch, n_static), default=None

        Returns
        -------
        z : Tensor of shape (batch, *output_shape)
        """
        batch, k, n_channels = x.shape
        c_s = c_e = begin = None
        if self.contexts is not None:
            of_static, _ = self.static(static)
            # (batch, d) -> (batch, 1, d), one for all times
            c_s, c_c, c_h, c_e = (grn(of_static).unsqueeze(1) for grn in self.contexts)
            begin = c_h.transpose(0, 1).contiguous(), c_c.transpose(0, 1).contiguous()
        place = self.place.to(x.dtype).expand(batch, -1, -1)
        past = torch.cat([x[..., : n_channels - self.n_static], place[:, :k]], dim=2)
        known = [place[:, k:]] if future is None else [future, place[:, k:]]
        xi_past, _ = self.past(past, c_s)
        xi_future, _ = self.future(torch.cat(known, dim=2), c_s)
        encoded, state = self.encoder(xi_past, begin)
        decoded, _ = self.decoder(xi_future, state)
        xi = torch.cat([xi_past, xi_future], dim=1)
        phi = self.beside_selected(torch.cat([encoded, decoded], dim=1), xi)
        theta = self.enrichment(phi, c_e)
        beta, _ = self.attention(theta)
        delta = self.beside_enriched(beta, theta[:, k:])
        psi = self.beside_recurrent(self.perceptron(delta), phi[:, k:])
        return self.readout(psi).view(batch, *self.output_shape)


class _GatedResidual(nn.Module):
    """LayerNorm(a + GLU(x)), with GLU(x) = sigmoid(W4 x + b4) * (W5 x + b5)."""

    def __init__(self, n_inputs, n_outputs, dropout):
        super().__init__()
        self.dropout = Dropout(dropout)
        self.values_gates = Linear(n_inputs, 2 * n_outputs)
        self.norm = nn.LayerNorm(n_outputs)

    def forward(self, x, a):
        return self.norm(a + F.glu(self.values_gates(self.dropout(x)), dim=-1))


class _GRN(nn.Module):
    """The gated residual network of a and a context c, (2) to (5).

    ``LayerNorm(a + GLU(W1 ELU(W2 a + W3 c + b2) + b1))``, with a linear map of a where
    the sizes differ.
    """

    def __init__(self, n_inputs, hidden_size, n_outputs, dropout, has_context=False):
        super().__init__()
        d = hidden_size
        self.skip = nn.Identity()
        if n_inputs != n_outputs:
            self.skip = Linear(n_inputs, n_outputs)
        self.first = Linear(n_inputs, d)
        self.context = nn.Linear(d, d, bias=False) if has_context else None
        self.second = Linear(d, d)
        self.residual = _GatedResidual(d, n_outputs, dropout)

    def forward(self, a, c=None):
        hidden = self.first(a)
        if self.context is not None and c is not None:
            hidden = hidden + self.context(c)
        return self.residual(self.second(F.elu(hidden)), self.skip(a))


class _VariableSelection(nn.Module):
    """Weights of the variables, and their weighted sum, (6) to (8)."""

    def __init__(self, n_variables, hidden_size, dropout, has_context):
        super().__init__()
        d = hidden_size
        # A linear map of each variable.
        self.slope = nn.Parameter(torch.randn(n_variables, d))
        self.offset = nn.Parameter(torch.zeros(n_variables, d))
        self.weigh = _GRN(n_variables * d, d, n_variables, dropout, has_context)
        self.each = nn.ModuleList(_GRN(d, d, d, dropout) for _ in range(n_variables))

    def forward(self, values, context=None):
        """(..., n_variables) -> (..., d), and the weights, (..., n_variables)"""
        # xi: (..., n_variables, d)
        xi = values.unsqueeze(-1) * self.slope + self.offset
        v = self.weigh(xi.flatten(-2), context).softmax(dim=-1)
        parts = [grn(xi[..., j, :]) for j, grn in enumerate(self.each)]
        return (torch.stack(parts, dim=-1) @ v.unsqueeze(-1)).squeeze(-1), v


class _InterpretableAttention(nn.Module):
    """Heads that share values, so that weights can be averaged, (13) to (16)."""

    sees: Tensor

    def __init__(self, hidden_size, n_heads, length, horizon):
        super().__init__()
        d, self.n_heads, self.length = hidden_size, n_heads, length
        self.queries, self.keys = Linear(d, d), Linear(d, d)
        self.values = Linear(d, d // n_heads)
        self.mixed = nn.Linear(d // n_heads, d, bias=False)
        # Step h of the horizon sees the window, and the steps up to itself.
        sees = torch.ones(horizon, length + horizon, dtype=torch.bool).tril(length)
        self.register_buffer("sees", sees, persistent=False)

    def forward(self, theta):
        """(batch, k + tau, d) -> (batch, tau, d), and weights (batch, tau, k + tau)"""
        # (batch, n, d) -> (batch, heads, n, d / heads)
        q, k = (
            z.unflatten(2, (self.n_heads, -1)).transpose(1, 2)
            for z in (self.queries(theta[:, self.length :]), self.keys(theta))
        )
        scores = q @ k.transpose(2, 3) / q.shape[-1] ** 0.5
        scores = scores.masked_fill(~self.sees, float("-inf"))
        weights = scores.softmax(dim=-1).mean(dim=1)
        return self.mixed(weights @ self.values(theta)), weights


class TFTForecaster(Forecaster):
    """Forecast with a temporal fusion transformer, which shows what it looks at.

    Gates select variables at each timestamp, separately for static variables, past ones
    and those known ahead; an LSTM reads them over the window and on over the horizon;
    and each step of the horizon attends to all earlier steps [1]_. :meth:`explain`
    returns the weights of the variables and of the attention.

    Static covariates and those known over the horizon are variables of the network, as
    in the paper. The position of a timestamp relative to the origin is a variable, too.
    For quantiles, as in the paper, use ``loss="quantile"``.

    Where this departs from the paper: all covariates are numbers (encode categories
    with :class:`sklearn.preprocessing.OneHotEncoder` or the like), and the defaults are
    smaller (the paper has up to 320 units and a dropout of 0.1 to 0.9).

    Parameters
    ----------
    hidden_size : int, default=32
        Number of units in every layer, a multiple of `n_heads`.
    n_heads : int, default=4
        Heads of the attention.
    dropout : float in [0, 1), default=0.0
        Probability that a number is dropped while training, before each gate.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    EncoderDecoderForecaster : Recurrent, without attention, step by step.
    TiDEForecaster : Reads covariates with dense layers.

    References
    ----------
    .. [1] B. Lim et al. (2021), Temporal Fusion Transformers for Interpretable
       Multi-horizon Time Series Forecasting. International Journal of Forecasting 37
       (4), section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import TFTForecaster, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = TFTForecaster(max_epochs=5, random_state=0).fit(X[:-10], y[:-10])
    >>> model.predict(X[-10:]).shape
    (10, 3)
    >>> model.explain(X[-10:])["attention"].shape
    (10, 3, 23)
    """

    module = TFTNetwork
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        hidden_size: int = 32,
        n_heads: int = 4,
        dropout: float = 0.0,
        **shared: Unpack[SharedParameters],
    ):
        super().__init__(**shared)
        self.hidden_size = hidden_size
        self.n_heads = n_heads
        self.dropout = dropout

    def explain(self, X: Any) -> dict[str, np.ndarray]:
        """What the network looks at for each forecast, as weights that sum to 1.

        They say how much of the network's forecast goes through a variable or a
        timestamp; ``1 - linear_share_`` is the weight of the network itself against the
        ridge regression.

        Parameters
        ----------
        X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
                shape (n_origins, length, n_channels)
            Windows like those of the fit.

        Returns
        -------
        weights : dict of str to ndarray
            "past", of shape (n_origins, length, n_variables): weights of the variables
            at each timestamp of the window, which are the channels in order, with
            ``missing="mask"`` the indicators of which targets and past covariates were
            observed, and the position in time. "future", of shape (n_origins, horizon,
            n_future + 1): weights of the covariates known over the horizon and of the
            position in time. "static", (n_origins, n_static): weights of the static
            covariates, if there are any. "attention", (n_origins, horizon, length +
            horizon): weights of the timestamps of the window and the horizon for each
            step, averaged over all heads.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            As in `predict`.

        See Also
        --------
        sktorch_forecast.inspection.window_importance : How much the score depends on a
            channel or a lag.
        """
        self.check_is_fitted()
        X = check_windows(self, plain(X), reset=False)
        twin = copy(self)
        twin.module_ = deepcopy(self.module_)
        parts = dict(twin.module_.network.named_children())
        names = [name for name in _EXPLAINED if parts.get(name) is not None]
        last, found = {}, {name: [] for name in names}
        for name in names:
            parts[name].register_forward_hook(
                lambda _, __, outputs, name=name: last.update({name: outputs[1]})
            )
        for y in twin.forward_iter(X):
            for name, batches in found.items():
                # Without the rows that padded the batch.
                batches.append(last[name][: len(y)].float().cpu().numpy())
        return {name: np.concatenate(batches) for name, batches in found.items()}


_EXPLAINED = ("past", "future", "static", "attention")
