"""Save an estimator to a file, and load it."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from sklearn.base import BaseEstimator

from .container import read, write
from .decode import decoded
from .encode import Encoder


def save(estimator: BaseEstimator, path: str | os.PathLike[str]) -> None:
    """Write an estimator to a file that runs no code when it is loaded.

    Parameters and shapes are written as JSON, arrays as safetensors, with a checksum
    and the versions of all packages involved. There is no pickle in it. A loaded
    forecaster gives the same forecasts, bit for bit, and also continues training bit
    for bit: the file includes the state of the optimizer and of the random numbers.

    The file replaces an older one only when it is completely on disk, so that a crash
    leaves either the old one or the new one.

    Parameters
    ----------
    estimator : estimator
        An estimator of this package, or a Pipeline or another scikit-learn estimator
        around one; fitted or not.
    path : path-like
        The file, in an existing folder. Any name works, e.g. ``"load.safetensors"``.

    Raises
    ------
    TypeError
        If it is not an estimator, or a part of it can only be pickled.
    OSError
        If the file cannot be written.

    See Also
    --------
    load : Reads such a file.

    Examples
    --------
    >>> import numpy as np
    >>> from sktorch_forecast import MLPForecaster, load, make_windows, save
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), horizon=3, length=20)
    >>> model = MLPForecaster(max_epochs=2, random_state=0).fit(X, y)
    >>> path = getfixture("tmp_path") / "model.safetensors"
    >>> save(model, path)
    >>> bool((load(path).predict(X) == model.predict(X)).all())
    True
    """
    if not isinstance(estimator, BaseEstimator):
        raise TypeError(
            "Expected an estimator to save, found an object of type "
            f"{type(estimator).__name__}."
        )
    encoder = Encoder()
    document = encoder.encode(estimator, type(estimator).__name__)
    write(path, document, encoder.arrays)


def load(
    path: str | os.PathLike[str], *, trusted: Iterable[Callable[..., Any]] = ()
) -> Any:
    """Read an estimator written by :func:`save`.

    Nothing in the file is run. Classes of this package, scikit-learn estimators, skorch
    callbacks, and torch optimizers, losses and data loaders are created from it; any
    other class must be named in `trusted`, e.g. your own network. All later versions of
    this package can read the file, too.

    Parameters
    ----------
    path : path-like
        The file.
    trusted : iterable of classes or functions, default=()
        Other classes and functions that the file may use.

    Returns
    -------
    estimator : estimator
        As it was saved. What was on a device that is not available is moved to the CPU.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not such a file, is damaged (its checksum does not match), or was
        written in a later format.
    TypeError
        If it uses classes that are not trusted.

    Warns
    -----
    InconsistentVersionWarning
        If it was written with another version of this package or of scikit-learn.

    See Also
    --------
    save : Writes the file.
    """
    document, arrays = read(path)
    if "object" not in document:
        raise ValueError(
            f"Expected {os.fspath(path)!r} to hold an estimator, found a checkpoint of "
            "callbacks.Checkpoint. Load a file that save has written."
        )
    return decoded(document, arrays, path, trusted)
