"""Data and parameters in skorch's forms: datasets, slices, `**fit_params`."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.sparse import issparse
from skorch.dataset import Dataset, unpack_data
from skorch.helper import SliceDataset
from skorch.utils import is_dataset
from torch.utils.data import Subset

from .batches import WindowDataset


def plain(X: Any) -> Any:
    """Windows from a dataset or slice that is not ours, read as a whole.

    Parameters
    ----------
    X : what `fit` or `predict` got

    Returns
    -------
    X : what our checks take, or a dataset of ours
    """
    return X if is_dataset(X) and _is_own(X) else with_targets(X)[0]


def with_targets(X: Any, y: Any = None) -> tuple[Any, Any]:
    """Windows and targets of any dataset; anything else stays as it is.

    Training looks at all windows together, to calibrate the normalization and for the
    baseline, so a dataset cannot be read only sample by sample.

    Parameters
    ----------
    X : dataset, slice or dictionary of skorch's, or windows
    y : targets, default=None
        None means those of the dataset.

    Returns
    -------
    X, y : as `fit` takes them

    Raises
    ------
    TypeError
        If a dictionary holds anything besides the windows, "x".
    ValueError
        If samples of the dataset are not pairs.
    """
    if isinstance(y, SliceDataset):
        y = np.asarray(y)
    if isinstance(X, SliceDataset):
        return np.asarray(X), y
    if isinstance(X, Mapping) and not issparse(X):  # one sparse format is a dictionary
        if set(X) != {"x"}:
            raise TypeError(
                "Expected X as an array of numbers, or as {'x': X}, found an object of "
                f"type {type(X).__name__} with the keys {list(X)}. Covariates go into "
                "the windows: name them in make_windows as past=, future= or static=."
            )
        return X["x"], y
    if not is_dataset(X):
        return X, y
    inputs, targets = _arrays_of(X)
    return inputs, targets if y is None else y


def own_dataset(net: Any, dataset: Any) -> Any:
    """Our kind of dataset for one that a user's split returned.

    Parameters
    ----------
    net : Forecaster
    dataset : torch.utils.data.Dataset

    Returns
    -------
    dataset : WindowDataset, or a subset of one
    """
    return dataset if _is_own(dataset) else net.get_dataset(*with_targets(dataset))


def _is_own(dataset: Any):
    while isinstance(dataset, Subset):
        dataset = dataset.dataset
    return isinstance(dataset, WindowDataset)


def _arrays_of(dataset: Any):
    """The arrays that a dataset holds, or its samples one after the other."""
    rows = None
    while isinstance(dataset, Subset):
        indices = np.asarray(dataset.indices)
        rows = indices if rows is None else indices[rows]
        dataset = dataset.dataset
    # Another __getitem__ or a transform may change what is held.
    is_plain = isinstance(dataset, WindowDataset) or type(dataset) is Dataset
    if is_plain and not isinstance(dataset.X, Mapping):
        parts = dataset.X, dataset.y
        return tuple(_rows(part, rows) for part in parts)
    rows = range(len(dataset)) if rows is None else rows
    samples = [unpack_data(_as_tuple(dataset[int(row)])) for row in rows]
    inputs, targets = (np.stack([np.asarray(s) for s in p]) for p in zip(*samples))
    return inputs, targets


def _as_tuple(sample):
    return sample if isinstance(sample, (tuple, list)) else (sample,)


def _rows(part, rows):
    if part is None or rows is None:
        return part
    return part.iloc[rows] if hasattr(part, "iloc") else part[rows]


def taken_by(function: Callable[..., Any], fit_params: Mapping[str, Any]) -> dict:
    """The `fit_params` that a function takes as keywords, by its signature.

    Parameters
    ----------
    function : callable
    fit_params : mapping of str to object

    Returns
    -------
    taken : dict
    """
    if not fit_params:
        return {}
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return dict(fit_params)
    names = {p.name for p in parameters if p.kind is not p.POSITIONAL_ONLY}
    return {name: value for name, value in fit_params.items() if name in names}


def check_fit_params(net: Any, fit_params: Mapping[str, Any]) -> None:
    """Raise a TypeError if nothing takes one of the parameters of a fit.

    Parameters
    ----------
    net : Forecaster
        Initialized.
    fit_params : mapping of str to object
    """
    takers = [net.forward_of_network]
    if callable(net.train_split):
        takers.append(net.train_split)
    taken = {name for taker in takers for name in taken_by(taker, fit_params)}
    taken.add("epochs")  # taken by skorch's loop
    if unknown := sorted(set(fit_params) - taken):
        raise TypeError(
            f"{type(net).__name__}.fit() got an unexpected argument {unknown[0]!r}: "
            "neither train_split nor the network's forward has a parameter of that "
            "name. Expected X, y, sample_weight, or a parameter of one of these."
        )
