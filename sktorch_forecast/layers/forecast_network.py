"""A network, with the conversion between units of the series and of the window.

Symbols used below::

    b  batch      L  length       C  n_channels    H  horizon    K  n_targets
    F  n_future   S  n_static     p  numbers for each value
"""

import json
import math
from typing import Any

import torch
from torch import Tensor, nn

from .._utils.validation import complain_of_shape
from .decoder import TemporalDecoder
from .heads import Head, Point
from .linear_baseline import LinearBaseline
from .normalization import WindowNormalization
from .units import Encoded, Units


class ForecastNetwork(nn.Module):
    """Encode windows, run a network on them, and interpret its outputs.

    The forecast stays in the units of the window and carries these along: the training
    loss compares it with encoded targets, and forecasts are decoded only when they
    leave a forecaster.

    Parameters
    ----------
    network : torch.nn.Module
        Maps encoded windows, (b, L, n_inputs), to (b, H, K, p), or to (b, n_steps, H,
        K, p) for forecasts from several time steps. With a decoder it outputs
        ``TemporalDecoder.n_extra`` more numbers for each value.
    normalization : WindowNormalization
        Encodes the windows.
    head : Head or None, default=None
        What the p numbers mean; None means a point forecast.
    decoder : TemporalDecoder or None, default=None
        Combines the outputs of the network with covariates of the horizon.
    baseline : LinearBaseline or None, default=None
        A linear forecast to average the network's forecasts with, weighted by its
        `share`. In training mode the network forecasts alone.
    reads_covariates : bool, default=False
        Whether the network takes the covariates of the horizon and the static ones
        itself, standardized, as keywords `future` and `static`.
    meaning : dict or None, default=None
        What the weights mean, by name, apart from their shapes. It is saved with the
        weights, which are loaded only if it is the same.
    flat_outputs : bool, default=False
        Whether the network may output (b, H * K * p) instead of (b, H, K, p).

    Attributes
    ----------
    correlation : Tensor of shape (H * K, H * K)
        Correlation of the normal scores of all outputs, if the head is a distribution;
        the identity until it is learned.
    """

    correlation: Tensor
    baseline: LinearBaseline | None

    def __init__(
        self,
        network: nn.Module,
        normalization: WindowNormalization,
        head: Head | None = None,
        decoder: TemporalDecoder | None = None,
        baseline: LinearBaseline | None = None,
        reads_covariates: bool = False,
        meaning: dict[str, Any] | None = None,
        flat_outputs: bool = False,
    ):
        super().__init__()
        if not isinstance(normalization, WindowNormalization):
            raise TypeError(
                "Expected normalization as a WindowNormalization, found "
                f"{normalization!r}. Its kind=None leaves windows as they are."
            )
        self.meaning = json.loads(json.dumps(meaning or {}))
        self.network = network
        self.normalization = normalization
        self.head = Point() if head is None else head
        self.decoder = decoder
        self.baseline = baseline
        self.reads_covariates = reads_covariates
        self.flat_outputs = flat_outputs
        n_params = self.head.n_params + (0 if decoder is None else decoder.n_extra)
        steps = normalization.horizon, normalization.n_targets
        self.output_shape = (*steps, n_params)
        if self.head.is_distribution:
            self.register_buffer("correlation", torch.eye(steps[0] * steps[1]))

    def forward(
        self,
        x: Tensor,
        future: Tensor | None = None,
        static: Tensor | None = None,
        targets: Tensor | None = None,
        series: Tensor | None = None,
        phase: Tensor | None = None,
        **kwargs: Any,
    ) -> Encoded:
        """Forecast what follows each window, in the units of the window.

        Parameters
        ----------
        x : Tensor of shape (b, L, C)
            Windows in the units of the series.
        future : Tensor of shape (b, H, F), default=None
            Covariates of the horizon, if the network was made for them.
        static : Tensor of shape (b, S), default=None
            Static covariates, if the network was made for them.
        targets : Tensor of shape (b, H * K), default=None
            What followed, in the units of the series, for networks that need it in
            training: they get it encoded, (b, H, K).
        series : Tensor of shape (b,), int64, default=None
            Which series each window is from, if the normalization knows series.
        phase : Tensor of shape (b,), int64, default=None
            Phase at which each window ends, if the normalization has a cycle.
        **kwargs
            Passed on to the network.

        Returns
        -------
        encoded : Encoded
            With parameters of shape (b, H, K, p), or (b, n_steps, H, K, p).

        Raises
        ------
        ValueError
            If an input, or the output of the network, has the wrong shape.
        """
        self._check_beside(x, future, targets)
        # Windows at a high level come as float64, and so do their units. In these, the
        # network needs no more digits than its weights have.
        dtype = self.normalization.min_scale.dtype
        inputs, units = self.normalization.encode(x, static, series, phase)
        inputs = inputs.to(dtype)
        if targets is not None:
            targets = targets.unflatten(1, (-1, units[1].shape[-1]))
            kwargs["targets"] = units.encode(targets).to(dtype)
        if self.reads_covariates:
            beside = self._beside(future, static, dtype)
            kwargs["future"], kwargs["static"] = beside
        z = self.network(inputs, **kwargs)
        z = self._in_shape(z, x.shape[0])
        if z.dtype != dtype:  # of a network in mixed precision
            z = z.to(dtype)
        if self.decoder is not None:
            z = self._with_covariates(z, x, future, static)
        if self.baseline is not None and self.baseline.share < 1 and not self.training:
            linear = self.baseline(inputs, *self._beside(future, static, dtype))
            z = self.head.weighed(z, linear, self.baseline.share)
        return Encoded(self.head.constrain(z), self._units_of(z, units, phase))

    def _units_of(self, z, units, phase):
        """Units of a network's outputs; with a cycle, each time step has its own."""
        if z.ndim < 5 or self.normalization.kind != "cycle":
            return units
        cycle = self.normalization.cycle
        return cycle.units_of_steps(units, phase, z.shape[1], self.stride)

    def _check_beside(self, x, future, targets):
        """Windows and static covariates are checked where they are encoded."""
        b, norm = x.shape[0], self.normalization
        readers = self.decoder is not None, self.baseline is not None
        if (self.reads_covariates or any(readers)) and norm.n_future:
            shape = b, norm.horizon, norm.n_future
            if future is None or future.shape != shape:
                complain_of_shape("future covariates", f"{shape}", future)
        if targets is not None:
            shape = b, norm.horizon * norm.n_targets
            if targets.shape != shape:
                complain_of_shape("targets", f"{shape}", targets)

    def _with_covariates(self, z, x, future, static):
        """The outputs of the network, combined with covariates by the decoder."""
        if z.ndim == 5 and future is not None:  # several time steps, each with its own
            known = torch.cat([x[..., self.normalization.n_past :], future], dim=1)
            horizon = self.normalization.horizon
            future = following(known, z.shape[1], horizon, self.stride)
        decoder: Any = self.decoder  # which is there
        return decoder(z, *self._beside(future, static, z.dtype))

    def _beside(self, future, static, dtype):
        """Covariates of the horizon and static ones, standardized, or None."""
        standardized = self.normalization.standardized
        if future is not None:
            future = standardized("future", future).to(dtype)
        if static is not None:
            static = standardized("static", static).to(dtype)
        return future, static

    def linear(
        self,
        x: Tensor,
        future: Tensor | None = None,
        static: Tensor | None = None,
        series: Tensor | None = None,
        phase: Tensor | None = None,
    ) -> Tensor:
        """The forecast of the baseline, in the units of the window: (b, H, K).

        Parameters
        ----------
        x, future, static, series, phase : Tensor
            As for `forward`.
        """
        dtype = self.normalization.min_scale.dtype
        inputs = self.normalization.encode(x, static, series, phase)[0].to(dtype)
        baseline: Any = self.baseline  # which is there
        return baseline(inputs, *self._beside(future, static, dtype))

    def read_by(
        self,
        baseline: LinearBaseline,
        x: Tensor,
        future: Tensor | None = None,
        static: Tensor | None = None,
        series: Tensor | None = None,
        phase: Tensor | None = None,
    ) -> tuple[Tensor, Units]:
        """The inputs of a baseline for each window, and the units of its forecasts.

        Parameters
        ----------
        baseline : LinearBaseline
        x, future, static, series, phase : Tensor
            As for `forward`.

        Returns
        -------
        rows : Tensor of shape (b, n_groups, n_inputs)
            As returned by its method `rows`.
        units : Units
        """
        inputs, units = self.normalization.encode(x, static, series, phase)
        beside = self._beside(future, static, inputs.dtype)
        return baseline.rows(inputs, *beside), units

    def get_extra_state(self) -> Tensor:
        """The meaning of the weights as JSON; safetensors can only hold tensors."""
        return torch.tensor(list(json.dumps(self.meaning).encode()), dtype=torch.uint8)

    def set_extra_state(self, state: Tensor) -> None:
        """Compare the meaning of loaded weights with that of this network.

        Raises
        ------
        ValueError
            If they differ.
        """
        found = json.loads(bytes(state.tolist()))
        if found == self.meaning:
            return
        names = sorted(self.meaning.keys() | found.keys())
        names = [name for name in names if self.meaning.get(name) != found.get(name)]
        here, there = (
            ", ".join(f"{name}={meaning.get(name)!r}" for name in names)
            for meaning in (self.meaning, found)
        )
        raise ValueError(
            f"Expected weights of a network with {here}, found weights of one with "
            f"{there}. Load them into a forecaster with the parameters that they were "
            "trained with."
        )

    @property
    def stride(self) -> int:
        """Timestamps between the steps that the network forecasts from."""
        return getattr(self.network, "stride", 1)

    def _in_shape(self, z, n_rows):
        """Outputs of the network: (b, H, K, p), or (b, n_steps, H, K, p)."""
        # n_rows is x.shape[0]: len(x) would fix the batch size in an export.
        shape, flat = getattr(z, "shape", ()), (n_rows, math.prod(self.output_shape))
        if self.flat_outputs and shape == flat:
            return z.unflatten(1, self.output_shape)
        if shape[-3:] == self.output_shape and len(shape) > 3 and shape[0] == n_rows:
            return z
        or_flat = f", or (batch, n_outputs) = {flat}" if self.flat_outputs else ""
        found = tuple(shape) if isinstance(z, Tensor) else f"a {type(z).__name__}"
        raise ValueError(
            f"Expected {type(self.network).__name__} to return (batch, horizon, "
            f"n_targets, n_params) = {(n_rows, *self.output_shape)}{or_flat}, found "
            f"{found}. End it with layers.Readout(..., output_shape), or reshape its "
            "last axis to output_shape, which its constructor may take as an argument."
        )


def following(known: Tensor, n_steps: int, horizon: int, stride: int = 1) -> Tensor:
    """What follows each of the last time steps of a window.

    Parameters
    ----------
    known : Tensor of shape (batch, length + horizon, n_channels)
        The window and the horizon.
    n_steps : int
        Number of steps, counted back from the last one in the window.
    horizon : int
        Number of timestamps that follow.
    stride : int, default=1
        Timestamps between these steps.

    Returns
    -------
    following : Tensor of shape (batch, n_steps, horizon, n_channels)
    """
    # (b, L + H, C) -> (b, L, C, H)
    pieces = known[:, 1:].unfold(1, horizon, 1)
    steps = torch.arange(n_steps, device=known.device)
    last = pieces.shape[1] - 1
    return pieces[:, last - stride * (n_steps - 1 - steps)].transpose(2, 3)
