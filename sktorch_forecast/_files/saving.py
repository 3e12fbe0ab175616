"""Save an estimator to a file, and load it."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from sklearn.base import BaseEstimator

from .container import read, write
from .decode import decoded
from .encode import Encoder


def save(estimator: BaseEstimator, path: str | os.PathLike[str]) -> None:
    """Write an estimator into a file that runs nothing when it is loaded.

    Parameters and shapes are written as JSON, arrays as safetensors, with a checksum
    and the versions of all packages that take part. There is no pickle in it. A
    forecaster that is loaded forecasts with the same bits, and trains on with the same
    bits, too: the state of the optimizer and of the random numbers is in the file.

    The file takes the place of an older one only when it is complete and on the disk,
    so that a crash leaves the old one or the new one.

    Parameters
    ----------
    estimator : estimator
        Of this package, or a Pipeline or another estimator of scikit-learn around
        them; fitted or not.
    path : path-like
        In a folder that exists. Any name will do, e.g. ``"load.safetensors"``.

    Raises
    ------
    TypeError
        If it is no estimator, or a part of it can only be pickled.
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
    """Read an estimator that :func:`save` has written.

    Nothing in the file is run. Classes of this package, estimators of scikit-learn,
    callbacks of skorch, and optimizers, losses and data loaders of torch are made from
    it; any other class must be named in `trusted`, e.g. a network of your own. All
    later versions of this package read the file, too.

    Parameters
    ----------
    path : path-like
        The file.
    trusted : iterable of classes or functions, default=()
        Classes and functions beside those, which the file may ask for.

    Returns
    -------
    estimator : estimator
        As it was saved. What was on a device that is not there is on the CPU.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not such a file, is damaged (its checksum does not fit), or has been
        written in a later format.
    TypeError
        If it asks for classes that are not trusted.

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
            f"Expected {os.fspath(path)!r} to hold an estimator, found a training that "
            "goes on with callbacks.Checkpoint. Use a file of its own for save."
        )
    return decoded(document, arrays, path, trusted)
