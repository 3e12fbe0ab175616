"""scikit-learn-style parameters for estimators that are also skorch nets.

skorch keeps parameters in ``__dict__`` and finds out at ``initialize`` whether their
names made sense. scikit-learn reads them from the signature. Here the signature
decides, skorch's ``prefix__name`` parameters are allowed in addition, and an unknown
name fails at once.
"""

import difflib
import inspect
from typing import Any, ClassVar, NoReturn, Self

from sklearn.base import BaseEstimator
from torch.optim import SGD, Adam, AdamW

from .._utils.compat import SkorchNet
from .inherited import constructor_of_mixin, described, inherited_signature

# Names that other libraries use for some parameters, too different to be guessed.
_ALIASES = {
    "alpha": "optimizer__weight_decay",
    "epochs": "max_epochs",
    "learning_rate": "lr",
    "learning_rate_init": "lr",
    "max_iter": "max_epochs",
    "weight_decay": "optimizer__weight_decay",
}


class ParametersMixin(SkorchNet):
    """`get_params` and `set_params` that agree with scikit-learn and with skorch.

    A subclass of a forecaster declares only its own parameters, as in ``def
    __init__(self, *, its_own=1, **shared)``. Its signature then also shows those of its
    parents, its docstring has their descriptions in place of ``{shared_parameters}``,
    and ``parameter_constraints`` includes their constraints. It may also declare a
    shared parameter again, to give it another default.

    Attributes
    ----------
    parameter_constraints : dict of str to list
        Constraints on each parameter, as in scikit-learn's own estimators.
    module_parameters : tuple of str
        Names of the parameters that are passed to the torch module.
    training_parameters : tuple of str
        A class's own parameters that control training and are not passed to the module.
    """

    parameter_constraints: ClassVar[dict[str, Any]] = {}
    module_parameters: ClassVar[tuple[str, ...]] = ()
    training_parameters: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        parents = [c for c in cls.__mro__[1:] if "parameter_constraints" in vars(c)]
        parents.remove(ParametersMixin)
        if not parents:  # the base of all forecasters itself
            return
        parent, base = parents[0], parents[-1]
        own = vars(cls).get("parameter_constraints", {})
        cls.parameter_constraints = parent.parameter_constraints | own
        if cls.__doc__:
            cls.__doc__ = described(cls.__doc__, [c.__doc__ for c in parents])
        if "__init__" not in vars(cls):
            if cls.__init__ is not parent.__init__:
                cls.__init__ = constructor_of_mixin(cls.__init__, parent.__init__)
            return
        signature, own_names = inherited_signature(cls.__init__, parent.__init__)
        cls.__init__.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
        shared = {*_names(base.__init__), *parent.module_parameters}
        shared |= set(cls.training_parameters)
        new = [name for name in own_names if name not in shared]
        cls.module_parameters = (*new, *parent.module_parameters)

    missing: str  # a parameter; `Forecaster` describes it

    @classmethod
    def _signature_names(cls):
        return _names(cls.__init__)

    def default_component(self, prefix: str) -> Any:
        """Class of a component, such as "criterion", whose parameter is None."""

    def dunder_names(self) -> list[str]:
        """Names such as ``optimizer__weight_decay`` that were set on this object."""
        return [k for k in vars(self) if "__" in k.strip("_")]

    def parameter_names(self) -> list[str]:
        """Names of all parameters, skorch's ``prefix__name`` ones included."""
        return sorted(self._signature_names()) + self.dunder_names()

    def set_params(self, **params: Any) -> Self:
        """Set parameters, skorch's ``prefix__name`` ones included.

        On an initialized net, what skorch applies at once (``lr``, ``optimizer__...``,
        ``callbacks__...``, ``module__...``, ``criterion__...``) is applied at once. All
        others take effect at the next fit, except for those that concern only
        forecasting: `n_mc_samples`, `n_threads` and ``iterator_valid__batch_size``.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If a name is not a parameter; the nearest one is suggested.
        """
        try:
            self._check_names(params)
        except TypeError as error:
            raise ValueError(str(error)) from None
        for_skorch = {k: v for k, v in params.items() if self.is_applied_at_once(k)}
        for name, value in params.items():
            if name not in for_skorch:
                setattr(self, name, value)
        if for_skorch:
            super().set_params(**for_skorch)
            # skorch passes these on to the optimizer and forgets them; the next fit and
            # clones need them too. Those of single groups exist only in that optimizer.
            for name, value in for_skorch.items():
                if name.startswith("optimizer__") and name.count("__") == 1:
                    vars(self)[name] = value
        return self

    def get_params(self, deep: bool = True, **kwargs: Any) -> dict[str, Any]:
        """Parameters by name, skorch's ``prefix__name`` ones included.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of the callbacks.

        Returns
        -------
        params : dict
        """
        # skorch lists the current parameters of the callbacks; those that were set here
        # apply from the next fit on and take precedence.
        own = {name: vars(self)[name] for name in self.dunder_names()}
        return super().get_params(deep=deep, **kwargs) | own

    def _check_names(self, params):
        """Raise a TypeError that suggests the right name for an unknown parameter."""
        known = self._signature_names()
        for full_name in params:
            prefix, dunder, name = full_name.partition("__")
            if not dunder:
                if full_name not in known:
                    own = self._of_own_module(full_name)
                    self._complain(full_name, [own] if own else known)
            elif prefix not in {*self.prefixes_, *known}:
                self._complain(full_name, [f"{p}__{name}" for p in self.prefixes_])
            elif prefix == "callbacks":
                self._check_callback_name(name, params.get(prefix, self.callbacks))
            else:
                component = params.get(prefix, getattr(self, prefix, None))
                if component is None:
                    component = self.default_component(prefix)
                names = _keywords(component)
                if names is not None and name.split("__")[0] not in names:
                    self._complain(full_name, [f"{prefix}__{n}" for n in names])

    def _of_own_module(self, name):
        """The parameter whose value is the module itself, or None."""
        names = _keywords(self.module) if "module" in self._signature_names() else None
        return f"module__{name}" if name in (names or ()) else None

    def _check_callback_name(self, full_name, callbacks):
        """Check ``name`` or ``name__parameter`` of a callback."""
        # A copy, since the constructor of a subclass may need arguments.
        twin: Any = object.__new__(type(self))
        vars(twin).update(vars(self), callbacks=callbacks)
        found = twin.named_callbacks()
        name, dunder, parameter = full_name.partition("__")
        if name not in found:
            candidates = [f"callbacks__{n}{dunder}{parameter}" for n in found]
            self._complain(f"callbacks__{full_name}", candidates)
        callback = found[name]
        kind = callback if isinstance(callback, type) else type(callback)
        names = _keywords(kind)
        if dunder and names is not None and parameter not in names:
            candidates = [f"callbacks__{name}__{n}" for n in names]
            self._complain(f"callbacks__{full_name}", candidates)

    def _complain(self, name, candidates) -> NoReturn:
        nearest = _ALIASES.get(name)
        if nearest is None:
            nearest = difflib.get_close_matches(name, candidates, n=1, cutoff=0)[0]
        raise TypeError(
            f"Invalid parameter {name!r} for estimator {type(self).__name__}: did you "
            f"mean {nearest!r}? Valid parameters are: {self._signature_names()}, and "
            f"{[p + '__...' for p in self.prefixes_]} as in skorch."
        )

    def get_params_for_optimizer(
        self, prefix: str, named_parameters: Any
    ) -> tuple[tuple, dict[str, Any]]:
        """As in skorch, but with torch's fused step by default, if it has one.

        It computes the same in one pass over the weights, in half the time for small
        networks.
        """
        args, kwargs = super().get_params_for_optimizer(prefix, named_parameters)
        told = {"fused", "foreach", "differentiable", "capturable"} & set(kwargs)
        if self.optimizer in (Adam, AdamW, SGD) and not told:
            kwargs["fused"] = True
        return args, kwargs

    def initialize_history(self) -> Self:
        """Start a new history; an old one may belong to a copy."""
        self.history_ = None
        super().initialize_history()
        return self

    # skorch gives it to every net; a regressor has no probabilities.
    predict_proba: ClassVar[Any] = property()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = self.missing == "mask"
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags

    # skorch's lists the torch modules; this one, like scikit-learn's, what was changed.
    __repr__ = BaseEstimator.__repr__


def _names(function):
    """Names of the parameters in a signature."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.name != "self" and p.kind != p.VAR_KEYWORD]


def _keywords(component):
    """Names that a class takes as keywords, or None if its signature does not say."""
    if not isinstance(component, type):
        return None
    try:
        parameters = inspect.signature(component).parameters
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    # param_groups is skorch's: different values for different weights
    return [*parameters, "param_groups"]
