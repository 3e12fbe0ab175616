"""How the values in a window contribute to its forecast: integrated gradients."""

from copy import copy, deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .._data.inputs import check_windows
from .._data.windows import Windows
from .._training.batches import parts_of
from .._training.device import limited_threads
from .._utils.validation import check_positive_int
from ..forecaster import Forecaster
from ..layers.units import Units
from ..metrics._uncertainty_of import unwrapped


def integrated_gradients(
    estimator: Any,
    X: Windows | ArrayLike,
    *,
    step: int = 1,
    target: int = 0,
    n_steps: int = 50,
) -> Bunch:
    """Attribute each forecast of a network to the values in its window [1]_.

    The forecast is compared with that of a flat window, in which every channel stays at
    its mean, and the difference is divided among the values of the window and the
    covariates. The shares of an origin sum to that difference.

    The flat window keeps the units of the window: with ``normalize="window"``, the
    level and deviation that convert the forecast back. So the shares show what the
    shape of the window adds to its level.

    It needs captum: ``pip install "sktorch-forecast[explain]"``.

    Parameters
    ----------
    estimator : estimator
        Fitted network, or a pipeline or search that ends in one.
    X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
            shape (n_origins, length, n_channels)
        Windows whose forecasts to explain, without missing values.
    step : int, default=1
        Which step of the horizon to explain.
    target : int, default=0
        Which target channel to explain.
    n_steps : int, default=50
        Number of points between the flat window and the window at which the gradient is
        computed. Use more if the shares do not sum to the difference closely enough.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        With the attributes, all in the units of the series,

        window : ndarray of shape (n_origins, length, n_channels)
            Shares of the values of the window.
        future : ndarray of shape (n_origins, horizon, n_future)
            Shares of the covariates known over the horizon, if there are any.
        static : ndarray of shape (n_origins, n_static)
            Shares of the static covariates, if there are any.
        forecast : ndarray of shape (n_origins,)
            The forecast of this step and target.
        reference : ndarray of shape (n_origins,)
            The forecast of the flat window.

    Raises
    ------
    ImportError
        If captum is not installed.
    sklearn.exceptions.NotFittedError
        If the network is not fitted.
    TypeError
        If it is not a network.
    ValueError
        If `X` is not like the windows of the fit or has missing values, or there is no
        such step or target.

    See Also
    --------
    window_importance : How much the score depends on a channel or a lag.

    Notes
    -----
    With :math:`x'` the flat window, the share of value :math:`i` is

    .. math:: (x_i - x_i') \\int_0^1 \\frac{\\partial f}{\\partial x_i}
        \\bigl(x' + \\alpha (x - x')\\bigr) \\, d\\alpha

    The values are those that the network sees, in the units of the window. If these
    units, too, were computed from the values along the path, then all windows on it
    would look alike to the network, except those next to the flat one, where the
    deviation is 0. In the flat window a covariate of the horizon is at the mean of its
    own window, and static covariates are at their means over the training data.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly and Q. Yan (2017), Axiomatic attribution for deep
       networks. International Conference on Machine Learning, equation 1.
    """
    integrated = _captum()
    net, windows = unwrapped(estimator, X)
    if not isinstance(net, Forecaster):
        raise TypeError(
            f"Expected a network, which has gradients, found {type(net).__name__}. "
            "Use window_importance, which takes any forecaster."
        )
    check_is_fitted(net)
    n_steps = check_positive_int(n_steps, "n_steps")
    output = _output(net, step, target)
    windows = check_windows(net, windows, reset=False)
    explained, batches = _Explained(net, output, n_steps), []
    with limited_threads(net.n_threads), torch.backends.cudnn.flags(enabled=False):
        for batch in net.get_iterator(net.get_dataset(windows), training=False):
            parts = parts_of(batch[0], lambda part: part.to(net.device_))
            batches.append(explained.shares(integrated, parts))
    return Bunch(
        **{
            name: np.concatenate([batch[name] for batch in batches])
            for name in batches[0]
        }
    )


def _captum() -> Any:
    try:
        from captum.attr import (  # pyright: ignore[reportMissingImports]
            IntegratedGradients,
        )
    except ImportError as error:
        raise ImportError(
            "integrated_gradients needs captum, which is not installed. Get it with "
            'pip install "sktorch-forecast[explain]".'
        ) from error
    return IntegratedGradients


def _output(net: Forecaster, step: Any, target: Any) -> int:
    """Index of the output for a step and a target; steps count from 1."""
    step = check_positive_int(step, "step")
    if step > net.horizon_:
        raise ValueError(f"Expected step from 1 to {net.horizon_}, found {step}.")
    if target not in range(net.n_targets_):
        raise ValueError(
            f"Expected target from 0 to {net.n_targets_ - 1}, found {target!r}."
        )
    return (step - 1) * net.n_targets_ + target


class _Explained:
    """A copy of a network whose forecasts are attributed to its inputs.

    Parameters
    ----------
    net : Forecaster
        Fitted.
    output : int
        Which output to explain.
    n_steps : int
        Number of points on the path from the flat window.
    """

    def __init__(self, net: Forecaster, output: int, n_steps: int) -> None:
        self.net, self.output, self.n_steps = copy(net), output, n_steps
        self.net.module_ = deepcopy(net.module_)
        self.net.set_mode(False)
        self.norm = self.net.module_.normalization
        self.encode = self.norm.encode

    def shares(self, integrated: Any, parts: dict[str, Tensor]) -> dict[str, Any]:
        """Shares in a batch and its forecasts, under the names of the result."""
        x, static = parts["x"], parts.get("static")
        if not x.isfinite().all():
            raise ValueError(
                "Expected windows without missing values, found some: there is no path "
                "from a flat window to a missing value. Use other origins."
            )
        with torch.no_grad():
            series, phase = parts.get("series"), parts.get("phase")
            seen, units = self.encode(x, static, series, phase)
        # The network's input moves along the path; the units of the window stay.
        moved = {"inputs": (seen, self._flat(seen, x.shape[2]))}
        if "future" in parts:
            future = parts["future"]
            mean = x[..., -future.shape[2] :].mean(dim=1, keepdim=True)
            moved["future"] = future, mean.expand_as(future)
        if static is not None:
            mean = self.norm.get_buffer("static_mean")
            moved["static"] = static, mean.expand_as(static).to(static)
        kept = {"shift": units.shift, "scale": units.scale}
        kept |= {name: part for name, part in parts.items() if name not in moved}

        def forecast(*tensors: Tensor) -> Tensor:
            return self._forecast(dict(zip([*moved, *kept], tensors)))

        inputs, references = zip(*moved.values())
        others = tuple(kept.values())
        found = integrated(forecast).attribute(
            inputs,
            references,
            target=self.output,
            additional_forward_args=others,
            n_steps=self.n_steps,
            # By default, captum processes all points of all windows at once.
            internal_batch_size=max(len(x), 1024),
        )
        with torch.no_grad():
            ends = [
                forecast(*of, *others)[:, self.output] for of in (inputs, references)
            ]
        shares = dict(zip(moved, found)) | dict(zip(("forecast", "reference"), ends))
        of_inputs = shares.pop("inputs")
        shares["window"] = of_inputs[..., : x.shape[2]]
        if static is not None:  # the network sees it at every timestamp, too
            of_channels = of_inputs[..., -static.shape[1] :].sum(dim=1)
            shares["static"] = shares["static"] + of_channels
        return {name: part.detach().cpu().numpy() for name, part in shares.items()}

    def _flat(self, seen: Tensor, n_channels: int) -> Tensor:
        """Channels at their means, static covariates at those of the training data."""
        flat = seen.mean(dim=1, keepdim=True).expand_as(seen).clone()
        if n_static := self.norm.n_static:
            flat[..., -n_static:] = 0
        return flat

    def _forecast(self, parts: dict[str, Tensor]) -> Tensor:
        """Forecasts in the units of the series, from the network's inputs."""
        encoded = parts.pop("inputs"), Units(parts.pop("shift"), parts.pop("scale"))
        self.norm.encode = lambda *windows: encoded
        params = self.net.decoded(self.net.infer(parts))
        head = self.net.objective_.head
        return head.point(params) if head.is_distribution else params
