"""What a network is built from: parameters, and the shapes of the data."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from .._data.phases import Clock
from ..layers import ForecastNetwork, WindowNormalization
from ..layers.decoder import TemporalDecoder
from ..layers.families import FAMILIES, QUANTILES, make_head
from ..layers.heads import Head
from ..layers.linear_baseline import LinearBaseline
from ..layers.normalization import Kind
from .streams import with_own_dropout

# Arguments of a module that are shapes, passed if its signature has them.
SHAPES = (
    "n_channels",
    "length",
    "n_outputs",
    "output_shape",
    "horizon",
    "n_targets",
    "n_params",
    "n_past",
    "n_future",
    "n_static",
)


@dataclass(frozen=True)
class NetworkSpec:
    """Everything that determines the weights of a network, and what they mean.

    Two networks with equal specs can take each other's weights.

    Attributes
    ----------
    module : callable
        Class of the torch module.
    params : dict
        Its own parameters, by name.
    length, n_channels, n_targets, horizon : int
        Shapes of windows and targets.
    n_future, n_static : int
        Numbers of covariates known in the future, and of static ones.
    n_series : int
        Number of series with their own scales.
    normalize : str or None
        Kind of the normalization.
    seasonality : int or None
        Timestamps in a season, for ``normalize="season"``, or in a cycle.
    masked : bool
        Whether values may be missing.
    family : str or None
        Family of the forecast distribution, "quantile" for quantiles; None for point
        forecasts.
    quantiles : tuple of float or None
        Levels, for "quantile".
    n_components : int
        Number of normal distributions in a "mixture".
    baseline : str or None
        "ridge" combines the network with a linear forecast.
    clock : tuple or None
        How time is counted for ``normalize="cycle"``.
    flat_outputs : bool
        Whether the module may also output (batch, n_outputs).
    """

    module: Callable[..., nn.Module]
    params: Mapping[str, Any]
    length: int
    n_channels: int
    n_targets: int
    horizon: int
    n_future: int
    n_static: int
    n_series: int
    normalize: Kind | None
    seasonality: int | None
    masked: bool
    family: str | None
    quantiles: tuple[float, ...] | None
    n_components: int
    baseline: str | None
    clock: Clock | None = None
    flat_outputs: bool = False

    @property
    def n_outputs(self) -> int:
        """Number of values that are forecast from each origin."""
        return self.horizon * self.n_targets

    def make_head(self) -> Head:
        """The head, which interprets the outputs of the network."""
        return make_head(self.family, self.quantiles, self.n_components)

    def make_normalization(self) -> WindowNormalization:
        """The normalization of windows, not yet calibrated."""
        return WindowNormalization(
            self.n_channels,
            self.n_targets,
            kind=self.normalize,
            seasonality=self.seasonality,
            horizon=self.horizon,
            n_future=self.n_future,
            n_static=self.n_static,
            masked=self.masked,
            n_series=self.n_series,
        )

    def make_baseline(self, head: Head) -> LinearBaseline | None:
        """The linear forecast to average the network with, not yet solved."""
        if self.baseline is None or not head.in_window_units:
            return None
        shapes = self.n_channels, self.n_targets, self.length, self.horizon
        return LinearBaseline(*shapes, self.n_future, self.n_static, self.masked)

    def build(self) -> ForecastNetwork:
        """The network with everything around it, untrained."""
        head = self.make_head()
        network = with_own_dropout(self.module(**self._arguments(head)))
        decoder = None
        if self.n_future and not self._reads_covariates:
            sizes = self.n_targets, head.n_params, self.n_future, self.n_static
            decoder = TemporalDecoder(*sizes)
        parts = (
            network,
            self.make_normalization(),
            head,
            decoder,
            self.make_baseline(head),
            self._reads_covariates,
            self._meaning,
            self.flat_outputs,
        )
        return ForecastNetwork(*parts)

    @property
    def _asked_for(self):
        """Names of the arguments of the module."""
        return inspect.signature(self.module).parameters

    @property
    def _reads_covariates(self):
        """Whether the module takes covariates itself, without a decoder after it."""
        return "n_future" in self._asked_for

    @property
    def _meaning(self):
        """Settings that give weights of the same shapes a different meaning."""
        names = ["normalize", "seasonality", "masked", "family", "quantiles"]
        names += ["n_future", "n_static", "horizon", "n_targets", "baseline"]
        names += ["clock"] if self.normalize == "cycle" else []
        return {name: getattr(self, name) for name in names}

    def _arguments(self, head):
        """Keywords of the module: the shapes that it wants, and its parameters."""
        n_inputs = self.n_channels + self.n_static
        if self.masked:
            n_inputs += self.n_channels - self.n_future
        n_params = head.n_params
        if self.n_future and not self._reads_covariates:
            n_params += TemporalDecoder.n_extra
        sizes = (
            n_inputs,
            self.length,
            self.n_outputs * n_params,
            (self.horizon, self.n_targets, n_params),
            self.horizon,
            self.n_targets,
            n_params,
            self.n_channels - self.n_future,
            self.n_future,
            self.n_static,
        )
        asked_for = self._asked_for
        shapes = zip(SHAPES, sizes, strict=True)
        shapes = {name: size for name, size in shapes if name in asked_for}
        return shapes | dict(self.params)


def spec_of(net: Any) -> NetworkSpec:
    """The spec given by a forecaster's parameters and the shapes it has seen.

    Parameters
    ----------
    net : Forecaster
        Before it has seen data, windows of one value and a horizon of 1 are assumed.

    Returns
    -------
    spec : NetworkSpec
    """
    params = {name: getattr(net, name) for name in net.module_parameters}
    family = net.loss if net.loss in (*FAMILIES, "quantile") else None
    quantiles = None
    if family == "quantile":
        default = getattr(net, "default_quantiles", QUANTILES)
        quantiles = tuple(default if net.quantiles is None else net.quantiles)
    return NetworkSpec(
        module=net.module,
        params=params | net.get_params_for("module"),
        length=getattr(net, "n_features_in_", 1),
        n_channels=getattr(net, "n_channels_", 1),
        n_targets=getattr(net, "n_targets_", 1),
        horizon=getattr(net, "horizon_", 1),
        n_future=getattr(net, "n_future_", 0),
        n_static=getattr(net, "n_static_", 0),
        n_series=n_series_of(net),
        normalize=net.normalize,
        seasonality=net.seasonality,
        masked=net.missing == "mask",
        family=family,
        quantiles=quantiles,
        n_components=net.n_components,
        baseline=net.baseline,
        clock=getattr(net, "_clock", None) if net.normalize == "cycle" else None,
        flat_outputs=getattr(net, "flat_outputs", False),
    )


def n_series_of(forecaster: Any) -> int:
    """Number of series with their own scales in a forecaster."""
    ids = getattr(forecaster, "_series_ids", None)
    return 0 if ids is None else len(ids)
