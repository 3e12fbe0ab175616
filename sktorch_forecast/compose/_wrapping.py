"""What forecasters that wrap another estimator share."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, gen_batches, get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)

from .._data.windows import Windows
from .._files.mixin import FileMixin
from .._utils.compat import HasMethods
from .._utils.inside import inside_of
from .._utils.validation import check_weights
from ..forecaster import Forecaster

# What may be wrapped; a class has these methods, too, so tags tell it apart.
ESTIMATOR = HasMethods(["fit", "predict", "get_params", "__sklearn_tags__"])
# How many lazy windows to flatten at once.
_BATCH_SIZE = 1024
# How many horizons, end to end, the targets of a network should fill.
_N_HORIZONS = 10


class WrapperMixin(FileMixin, MetaEstimatorMixin, RegressorMixin):
    """A forecaster with estimators inside: its tags and the routing of fit metadata.

    There is one, `estimator`, unless `_parts` says otherwise.
    """

    # Of any class, maybe another library's.
    estimator: Any
    estimator_: Any

    @staticmethod
    def _default_estimator() -> Any:
        """The estimator used for estimator=None."""
        # Not at the top of the file: it is a third of the package's import time.
        from sklearn.linear_model import LinearRegression

        return LinearRegression()

    def _inner(self) -> Any:
        """The unfitted estimator that is wrapped."""
        return self._default_estimator() if self.estimator is None else self.estimator

    def _parts(self) -> dict[str, Any]:
        """The unfitted estimators that are wrapped, by name."""
        return {"estimator": self._inner()}

    def _routed(self, X: Any, fit_params: dict[str, Any]) -> dict[str, Any]:
        """The metadata of `fit` that goes to the fit of the estimator.

        Raises
        ------
        TypeError, ValueError
            If the estimator does not forecast windows, or weights of the origins are
            not valid.
        """
        return self._routed_to_parts(X, fit_params)["estimator"]

    def _routed_to_parts(
        self, X: Any, fit_params: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """The metadata of `fit` that goes to the fit of each part, as `_routed`."""
        parts = self._parts()
        for part in parts.values():
            check_forecasts(part, type(self).__name__)
        if (weights := fit_params.get("sample_weight")) is not None:
            check_weights(weights, X)
        if not get_config()["enable_metadata_routing"]:
            return dict.fromkeys(parts, fit_params)
        routed = process_routing(self, "fit", **fit_params)
        return {name: routed[name].fit for name in parts}

    def get_metadata_routing(self) -> MetadataRouter:
        """Metadata that `fit` passes on to what is inside, and what `score` takes.

        Returns
        -------
        routing : sklearn.utils.metadata_routing.MetadataRouter
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        fit = MethodMapping().add(caller="fit", callee="fit")
        return router.add(method_mapping=fit, **self._parts())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = [tags_of(part) for part in self._parts().values()]
        tags.non_deterministic = any(t.non_deterministic for t in inner)
        poor = [t.regressor_tags.poor_score for t in inner if t.regressor_tags]
        tags.regressor_tags.poor_score = any(poor)
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = all(t.input_tags.allow_nan for t in inner)
        tags.target_tags.multi_output = True
        return tags


def tags_of(estimator: Any) -> Tags:
    """Tags of an estimator, or default tags for what is not one.

    A wrong parameter is for the next fit to complain about, not for a forecast.
    """
    is_one = hasattr(estimator, "__sklearn_tags__") and not isinstance(estimator, type)
    return get_tags(estimator if is_one else BaseEstimator())


def check_forecasts(estimator: Any, caller: str) -> None:
    """Check that an estimator is one that forecasts numbers from windows.

    Raises
    ------
    TypeError
        If it takes frames.
    ValueError
        If it is a classifier, a clusterer or the like.
    """
    if hasattr(estimator, "backtest"):
        raise TypeError(
            f"Expected an estimator inside of {caller} that takes windows, found a "
            f"{type(estimator).__name__}, which takes frames. Swap them: put the "
            f"{caller} into the SeriesForecaster."
        )
    if isinstance(estimator, type):  # scikit-learn says so from 1.8 on
        name = estimator.__name__
        raise TypeError(
            f"Expected an estimator instance ({name}()) inside of {caller}, got the "
            f"estimator class instead ({name})."
        )
    kind = get_tags(estimator).estimator_type
    if kind not in ("regressor", None):
        raise ValueError(
            f"Expected a regressor inside of {caller}, found {estimator!r}, which is a "
            f"{kind}: what it predicts is not a forecast. Use a regressor, such as "
            "sklearn.linear_model.Ridge()."
        )


def in_form_for(estimator: Any, X: Any) -> Any:
    """Windows (n, L, C) for estimators that take them, else flat ones (n, L * C)."""
    if not takes_windows(estimator):
        return np.asarray(X).reshape(len(X), -1)
    return X if X.ndim == 3 else X[:, :, np.newaxis]


def forecast_from(
    estimator: Any, X: Any, forecast: Callable[[Any], np.ndarray]
) -> np.ndarray:
    """``forecast`` of `X` in the form for `estimator`; flat windows batch by batch.

    Parameters
    ----------
    estimator : estimator
        Determines the form.
    X : Windows, or array of shape (n_origins, length[, n_channels])
        Checked windows.
    forecast : callable
        Maps windows in that form to an array with one row per window.

    Returns
    -------
    y : ndarray of shape (n_origins, ...)
    """
    if isinstance(X, np.ndarray) or takes_windows(estimator):
        return forecast(in_form_for(estimator, X))
    batches = gen_batches(len(X), _BATCH_SIZE)
    return np.concatenate([forecast(in_form_for(estimator, X[b])) for b in batches])


def takes_windows(estimator: Any) -> bool:
    """Whether `estimator`, or what it wraps, expects windows."""
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps if isinstance(step, BaseEstimator)]
        return bool(steps) and takes_windows(steps[0])
    if get_tags(estimator).input_tags.three_d_array:
        return True
    parts = estimator.get_params(deep=True).items()
    return any(
        takes_windows(part)
        for name, part in parts
        if "__" not in name and isinstance(part, BaseEstimator)
    )


def warn_of_few(estimator: Any, X: Windows, horizon: int) -> None:
    """Warn where windows are too few for a network.

    The horizons of neighboring windows overlap, so we count how many fit end to end
    into the targets. With fewer than ten, the 15 % that a network holds back is at most
    one horizon, and this one outcome would decide when to stop and how much the network
    counts against its baseline.

    Parameters
    ----------
    estimator : estimator
        No warning if it trains no network.
    X : Windows
        The windows to train on.
    horizon : int
        Number of timestamps to forecast.
    """
    if len(X) >= _N_HORIZONS * horizon:
        return
    while not isinstance(estimator, Forecaster):
        estimator = inside_of(estimator, "estimator")
        if estimator is None:
            return
    n_targets = len(X) + len(np.unique(X.series)) * (horizon - 1)
    if n_targets >= _N_HORIZONS * horizon:  # of many series
        return
    warnings.warn(
        f"Too few windows to learn from: expected targets of at least {_N_HORIZONS} "
        "horizons, end to end, so that a network can tell patterns from chance, found "
        f"{n_targets / horizon:.1f} in {len(X)} windows. Use a shorter horizon or "
        "length, more history or more series, or start with a NaiveForecaster or a "
        "TabularForecaster.",
        UserWarning,
        stacklevel=3,
    )
