"""Objects made from a panel expose its parts under the same names."""

from collections.abc import Hashable

import numpy as np
import pandas as pd

from .panel import Panel


class PanelParts:
    """The parts of a `panel` as properties, under the same names."""

    panel: Panel

    @property
    def values(self) -> np.ndarray:
        """Values of the panel, of shape (n_timestamps, n_channels), read-only."""
        return self.panel.values

    @property
    def dtype(self) -> np.dtype:
        """Dtype of the values: float32, or float64 where that would lose too much."""
        return self.values.dtype

    @property
    def channels(self) -> tuple[Hashable, ...]:
        """Names of the channels."""
        return self.panel.channels

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return self.panel.n_channels

    @property
    def n_targets(self) -> int:
        """How many of the leading channels are forecast."""
        return self.panel.n_targets

    @property
    def n_future(self) -> int:
        """How many of the trailing channels are known over the horizon."""
        return self.panel.n_future

    @property
    def ids(self) -> pd.Index | None:
        """Names of the series, or None."""
        return self.panel.ids

    @property
    def static(self) -> np.ndarray | None:
        """Static covariates, of shape (n_series, n_static), or None."""
        return self.panel.static

    @property
    def static_names(self) -> tuple[Hashable, ...]:
        """Names of the static covariates."""
        return self.panel.static_names
