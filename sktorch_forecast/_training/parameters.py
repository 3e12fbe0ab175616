"""Parameters the scikit-learn way for estimators that are also skorch nets.

skorch keeps parameters in ``__dict__`` and learns at ``initialize`` whether their
names made sense. scikit-learn reads them off the signature. Here the signature is
the truth, skorch's ``prefix__name`` parameters are allowed beside it, and a name that
nothing answers to fails at once.
"""

import difflib
import inspect

from sklearn.base import BaseEstimator


class SkorchParametersMixin:
    """`get_params` and `set_params` that agree with scikit-learn and with skorch.

    A subclass of a forecaster declares only the parameters of its own, as in
    ``def __init__(self, *, its_own=1, **shared)``. Its signature then also shows those
    of its parents, its docstring their description in place of
    ``{shared_parameters}``, and ``parameter_constraints`` their constraints.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        parents = (c for c in cls.__mro__[1:] if "parameter_constraints" in vars(c))
        parent = next(parents, None)
        if parent is None:  # the base itself
            return
        cls.parameter_constraints = {
            **parent.parameter_constraints,
            **vars(cls).get("parameter_constraints", {}),
        }
        if cls.__doc__:
            cls.__doc__ = _fill(cls.__doc__, parent.__doc__ or "")
        if "__init__" not in vars(cls):
            return
        signature = inspect.signature(cls.__init__).parameters
        own = {k: p for k, p in signature.items() if p.kind is not p.VAR_KEYWORD}
        names = [name for name in own if name != "self"]
        cls._own_parameters = (*names, *parent._own_parameters)
        inherited = inspect.signature(parent.__init__).parameters
        # self and the parameters of its own first, then all others, but not **dunder:
        # scikit-learn takes every name in a signature for a parameter.
        for name, parameter in inherited.items():
            if name not in own and parameter.kind is not parameter.VAR_KEYWORD:
                own[name] = parameter
        cls.__init__.__signature__ = inspect.Signature(own.values())

    @classmethod
    def _signature_names(cls):
        parameters = inspect.signature(cls.__init__).parameters.values()
        return [
            p.name for p in parameters if p.name != "self" and p.kind != p.VAR_KEYWORD
        ]

    def _dunder_names(self):
        """Names such as ``optimizer__weight_decay`` that were set on this object."""
        return [k for k in vars(self) if "__" in k.strip("_")]

    def _get_param_names(self):
        return sorted(self._signature_names()) + self._dunder_names()

    @property
    def _params_to_validate(self):
        """Names that skorch validates at `initialize`; it keeps a set of them."""
        return set(self._dunder_names())

    def set_params(self, **params):
        """Set parameters, skorch's ``prefix__name`` ones included.

        On an initialized net, what skorch applies at once (``lr``, ``optimizer__...``,
        ``callbacks__...``, ``module__...``, ``criterion__...``) is applied at once.
        All others take effect at the next fit.

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
        for_skorch = {
            name: value
            for name, value in params.items()
            if name.startswith(("callbacks__", "module__", "criterion__"))
            or self._is_virtual_param(name)
        }
        for name, value in params.items():
            if name not in for_skorch:
                setattr(self, name, value)
        if for_skorch:
            super().set_params(**for_skorch)
            # skorch hands these on to the optimizer and forgets them; the next fit and
            # clones need them too. Those of single groups exist in that one only.
            vars(self).update(
                {
                    name: value
                    for name, value in for_skorch.items()
                    if name.startswith("optimizer__") and name.count("__") == 1
                }
            )
        return self

    def get_params(self, deep=True):
        """Parameters by name, skorch's ``prefix__name`` ones included.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of the callbacks.

        Returns
        -------
        params : dict
        """
        # skorch lists the parameters of the callbacks as they are; those that were
        # set here apply from the next fit on and count.
        own = {name: vars(self)[name] for name in self._dunder_names()}
        return super().get_params(deep=deep) | own

    def _check_names(self, params):
        """Raise a TypeError that names the right one if a parameter does not exist."""
        known = self._signature_names()
        for full_name in params:
            prefix, dunder, name = full_name.partition("__")
            if not dunder:
                if full_name not in known:
                    self._unknown(full_name, known)
            elif prefix not in self.prefixes_:
                self._unknown(full_name, [f"{p}__{name}" for p in self.prefixes_])
            elif prefix == "callbacks":
                self._check_callback_name(name, params.get(prefix, self.callbacks))
            else:
                component = params.get(prefix, getattr(self, prefix, None))
                names = _keywords(component)
                if names is not None and name.split("__")[0] not in names:
                    self._unknown(full_name, [f"{prefix}__{n}" for n in names])

    def _check_callback_name(self, full_name, callbacks):
        """Check ``name`` or ``name__parameter`` of a callback."""
        net = type(self)(callbacks=callbacks)
        found = dict(net._uniquely_named_callbacks())
        name, dunder, parameter = full_name.partition("__")
        if name not in found:
            candidates = [f"callbacks__{n}{dunder}{parameter}" for n in found]
            self._unknown(f"callbacks__{full_name}", candidates)
        callback = found[name]
        kind = callback if isinstance(callback, type) else type(callback)
        names = _keywords(kind)
        if dunder and names is not None and parameter not in names:
            candidates = [f"callbacks__{name}__{n}" for n in names]
            self._unknown(f"callbacks__{full_name}", candidates)

    def _unknown(self, name, candidates):
        nearest = difflib.get_close_matches(name, candidates, n=1, cutoff=0)[0]
        raise TypeError(
            f"Invalid parameter {name!r} for estimator {type(self).__name__}: did you "
            f"mean {nearest!r}? Valid parameters are {self._signature_names()}, and "
            f"{[p + '__...' for p in self.prefixes_]} as in skorch."
        )

    # skorch's lists the torch modules; this one, like scikit-learn, what was changed.
    __repr__ = BaseEstimator.__repr__


def _fill(doc, parent_doc):
    """Replace ``{shared_...}`` in a docstring by what the parent's says there."""
    sections = {"shared_parameters": "Parameters", "shared_attributes": "Attributes"}
    for key, title in sections.items():
        doc = doc.replace(f"    {{{key}}}", _section(parent_doc, title))
    return doc


def _section(doc, title):
    """Body of a numpydoc section, without its heading."""
    lines = doc.splitlines()
    start = lines.index(f"    {title}") + 2
    end = next(
        (i - 1 for i in range(start, len(lines)) if lines[i].startswith("    ---")),
        len(lines),
    )
    return "\n".join(lines[start:end]).rstrip()


def _keywords(component):
    """Names that a class takes as keywords, or None where a signature cannot tell."""
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
