"""Any torch module as a forecaster."""

import inspect
from typing import Any, ClassVar, Self

from torch import nn

from .._training.spec import SHAPES
from .._utils.compat import HasMethods
from ..forecaster import Forecaster
from .mlp import MLPNetwork


class TorchForecaster(Forecaster):
    """Forecast with your own torch module.

    Everything else is as in the networks of the package: normalized windows,
    covariates, missing values, distributions and quantiles, the ridge baseline, and
    searches over ``module__...`` parameters. Torch's dropout layers draw from a private
    generator and take part in Monte Carlo dropout.

    Parameters
    ----------
    module : type, default=MLPNetwork
        A class of torch modules. Its `forward` maps windows of shape (batch, length,
        n_channels) to forecasts of shape (batch, horizon, n_targets, n_params) or,
        flattened in the same order, (batch, n_outputs). `n_params` is 1, except for
        distributions and quantiles or with covariates known ahead. The constructor gets
        the shapes that it asks for by these names, and `output_shape`, which is
        (horizon, n_targets, n_params). Its other arguments are parameters of the
        forecaster, as in ``module__hidden_size=32``. See :doc:`/adding_a_network`. The
        default is the network of :class:`MLPForecaster`.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    See Also
    --------
    Forecaster : The base class, for a network whose parameters are named without
        ``module__``.

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> from sktorch_forecast import TorchForecaster, make_windows
    >>> class MyNetwork(nn.Sequential):
    ...     def __init__(self, length, n_outputs, hidden=16):
    ...         layers = nn.Linear(length, hidden), nn.ReLU()
    ...         super().__init__(nn.Flatten(), *layers, nn.Linear(hidden, n_outputs))
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = TorchForecaster(MyNetwork, module__hidden=8, max_epochs=5)
    >>> model.fit(X[:-10], y[:-10]).predict(X[-10:]).shape
    (10, 3)
    """

    # The default of the parameter, used when there is no instance yet.
    module = MLPNetwork
    flat_outputs = True
    training_parameters = ("module",)
    parameter_constraints: ClassVar[dict[str, Any]] = {
        "module": [HasMethods(["forward"])]
    }

    def __init__(self, module: type[nn.Module] = MLPNetwork, **shared: Any):
        self.module = module  # first: the names of its parameters are checked next
        super().__init__(**shared)

    def initialize_module(self) -> Self:
        """Build the module from its parameters and the shapes of the data.

        Returns
        -------
        self : TorchForecaster

        Raises
        ------
        TypeError
            If `module` is not a class of torch modules, or an argument of its
            constructor is missing.
        """
        _check_module(self.module, self.get_params_for("module"))
        return super().initialize_module()


def _check_module(module, given):
    """Raise a TypeError unless it is a class that these arguments can build."""
    if not (isinstance(module, type) and issubclass(module, nn.Module)):
        raise TypeError(
            "Expected module as a subclass of torch.nn.Module, since each fit makes a "
            f"new network, found {module!r}. Pass the class itself, and the arguments "
            "of its constructor as module__<name>=."
        )
    missing = [
        name
        for name, parameter in inspect.signature(module).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and name not in {*SHAPES, *given}
    ]
    if missing:
        raise TypeError(
            f"Expected all arguments of {module.__name__}, found no values for "
            f"{missing}. Pass them as module__{missing[0]}= and so on; those named "
            f"{', '.join(SHAPES)} come from the data."
        )
