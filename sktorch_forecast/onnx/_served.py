"""What is exported: a network with named inputs and outputs."""

from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .._training.batches import WindowDataset, parts_of
from ..layers import ForecastNetwork


class Served(nn.Module):
    """A network from windows to forecasts, both in the units of the series.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted, on the CPU.
    """

    def __init__(self, forecaster: Any):
        super().__init__()
        self.network = forecaster.module_
        self.is_1d = getattr(forecaster, "_y_is_1d", True)

    def forward(
        self,
        windows: Tensor,
        future: Tensor | None = None,
        static: Tensor | None = None,
        series: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Outputs by name, with the same axes as from `predict` and similar methods."""
        beside = {"future": future, "static": static, "series": series}
        encoded = self.network(windows, **beside).at_origin()
        head = self.network.head
        params = head.decode(encoded)  # (b, H, K, p)
        outputs = {"forecast": head.point(params), **head.parameters(params)}
        # (b, H, K, ...) -> (b, H * K, ...)
        outputs = {name: y.flatten(1, 2) for name, y in outputs.items()}
        if self.is_1d:
            outputs["forecast"] = outputs["forecast"].flatten()
        return outputs


def on_cpu(forecaster: Any) -> Any:
    """A copy of a forecaster and its network on the CPU, in full precision.

    A GPU may round the products in recurrent layers and convolutions to fewer digits.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted.
    """
    # If it was compiled, the network itself is inside.
    modules = forecaster.module_.modules()
    network = next(m for m in modules if type(m) is ForecastNetwork)
    twin = object.__new__(type(forecaster))
    vars(twin).update(
        vars(forecaster),
        module_=deepcopy(network).cpu().eval(),
        device_=torch.device("cpu"),
    )
    return twin


def inputs_of(forecaster: Any, X: Any) -> dict[str, Tensor]:
    """What the network of a forecaster reads from windows, by names of the inputs.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted.
    X : Windows or array
        Checked windows.
    """
    ids = getattr(forecaster, "_series_ids", None)
    dataset = WindowDataset(X, series_ids=ids)
    parts = parts_of(dataset[torch.arange(len(X))][0], Tensor.contiguous)
    return {"windows": parts.pop("x"), **parts}


def expected_of(
    forecaster: Any, served: Served, X: Any, inputs: dict[str, Tensor]
) -> dict[str, np.ndarray]:
    """What a forecaster returns for windows, by the names of the outputs.

    Parameters
    ----------
    forecaster : Forecaster
    served : Served
        Its network, for the parameters of a distribution, which no method returns.
    X : Windows or array
        Checked windows.
    inputs : dict of Tensor
        What the network reads from them.
    """
    with torch.no_grad():
        outputs = {name: y.numpy() for name, y in served(**inputs).items()}
    outputs["forecast"] = forecaster.predict(X)
    if "quantiles" in outputs:
        head: Any = served.network.head
        outputs["quantiles"] = forecaster.predict_quantiles(X, head.levels)
    return outputs
