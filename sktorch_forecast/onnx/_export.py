"""``to_onnx``: a fitted network as a file that ONNX Runtime reads."""

import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from .._data.words import plain
from .._files.atomic import replacing
from ..forecaster import Forecaster
from ._recurrent import use_operators
from ._served import Served, expected_of, inputs_of, on_cpu
from ._trial import SIZES, TOLERANCE, largest_difference, windows_to_try

# Version of the names and shapes of inputs, outputs and metadata.
_FORMAT_VERSION = "1"


def to_onnx(
    forecaster: Forecaster,
    path: str | os.PathLike,
    X: Any = None,
    *,
    dtype: Literal["float32", "float64"] | None = None,
) -> None:
    """Write a fitted network to a file, to forecast with ONNX Runtime, without torch.

    The file holds everything that ``predict`` computes: windows go in and forecasts
    come out in the units of the series. It is written only if ONNX Runtime gives the
    same forecasts as ``predict``, in batches of 1, 7 and 1,000 windows, up to rounding:
    1e-5 of the largest value in a window or its forecast.

    Needs the packages of ``pip install "sktorch-forecast[onnx]"``.

    Parameters
    ----------
    forecaster : Forecaster
        A fitted network. For a :class:`~sktorch_forecast.SeriesForecaster`, pass its
        attribute ``estimator_``.
    path : str or path-like
        File to write, usually ``.onnx``. An existing file is replaced atomically, and
        only by a file that has passed the check.
    X : Windows, or array or DataFrame of shape (n_origins, length), or array of \
            shape (n_origins, length, n_channels), default=None
        Windows to check the file with, such as those of the fit; None makes some up.
    dtype : {"float32", "float64"} or None, default=None
        Precision of the windows that the file takes, and of its forecasts. None means
        that of the windows in the fit; those from
        :func:`~sktorch_forecast.make_windows` are float32, unless the level of the
        series is so high that float32 would lose digits. The network itself always
        computes in float32.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the forecaster is not fitted.
    TypeError
        If it is not a network, but e.g. a wrapper or an ensemble of networks.
    ValueError
        If it was fitted with ``precision="bf16"`` or ``normalize="cycle"``, has
        ``n_mc_samples`` set, or `X` or `dtype` is not valid.
    ImportError
        If a package is missing.
    FileNotFoundError
        If the folder does not exist.
    RuntimeError
        If torch cannot export the network, or the file would not forecast the same as
        ``predict``. Nothing is written then.

    See Also
    --------
    Forecaster.save_params : Weights for another forecaster with the same parameters.

    Notes
    -----
    Inputs, all with a first axis of any size; only those exist that the forecaster was
    fitted with:

    - ``windows``: (batch, length, n_channels), targets first, then past covariates,
      then those known in the future. Missing values are NaN, if the forecaster was
      fitted with ``missing="mask"``.
    - ``future``: (batch, horizon, n_future), covariates of the steps to forecast.
    - ``static``: (batch, n_static), float32.
    - ``series``: (batch,), int64, for a forecaster of several series: the position of
      the series in the metadata ``series``, or the number of series there for one that
      was not in the fit.

    Outputs:

    - ``forecast``: as from ``predict``, all targets of step 1 first.
    - ``quantiles``, with ``loss="quantile"``: as from ``predict_quantiles`` at the
      levels in the metadata ``quantiles``.
    - With a distribution, its other parameters for each forecast: ``scale`` ("normal",
      where it is the deviation, "laplace", "student_t"), ``df`` ("student_t"),
      ``sigma`` of the logarithm ("lognormal"), ``dispersion`` ("negative_binomial", see
      :ref:`onnx`), or ``means``, ``deviations`` and ``weights`` of the components
      ("mixture"). "poisson" has no others.

    The metadata of the file are strings, lists of names as JSON: ``horizon``,
    ``length``, ``channels``, ``targets``, ``future``, ``static``, ``series``,
    ``family``, ``quantiles``, ``missing``, ``estimator``, ``sktorch_forecast``,
    ``torch`` and ``format_version``.

    Sample paths, intervals and the dropout of Monte Carlo samples are not exported.

    Examples
    --------
    >>> from sktorch_forecast import LSTMForecaster, make_windows, to_onnx
    >>> from sktorch_forecast.datasets import load_elnino
    >>> X, y = make_windows(load_elnino(), horizon=12, length=36)
    >>> model = LSTMForecaster(hidden_size=8, max_epochs=5, random_state=0).fit(X, y)
    >>> to_onnx(model, "elnino.onnx")  # doctest: +SKIP
    """
    _check(forecaster)
    path = Path(path).absolute()
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"Expected a path in a folder that exists, found no folder {path.parent}. "
            "Make it first."
        )
    onnx, onnxruntime = _packages()
    forecaster = on_cpu(forecaster)
    windows = windows_to_try(forecaster, X, _precision(forecaster, dtype))
    inputs = inputs_of(forecaster, windows)
    served = Served(forecaster)
    model = _converted(served, inputs)
    onnx.helper.set_model_props(model, _metadata(forecaster, served))
    content = model.SerializeToString()
    parts = [{name: part[:n] for name, part in inputs.items()} for n in SIZES]
    try:
        providers = ["CPUExecutionProvider"]
        session = onnxruntime.InferenceSession(content, providers=providers)
        names = [output.name for output in session.get_outputs()]
        results = [session.run(names, _arrays(some)) for some in parts]
    except Exception as error:
        raise RuntimeError(
            "Expected a model that ONNX Runtime can run, found that it cannot: "
            f"{_in_a_line(error)} Nothing was written. {_advice(onnx)}"
        ) from error
    for size, some, found in zip(SIZES, parts, results):
        expected = expected_of(forecaster, served, windows[:size], some)
        targets = some["windows"][..., : forecaster.spec_.n_targets].numpy()
        worst, name = largest_difference(dict(zip(names, found)), expected, targets)
        if worst > TOLERANCE:
            raise RuntimeError(
                f"Expected the {name} of the ONNX model to match that of the "
                f"forecaster within {TOLERANCE:g} of the size of its values, found a "
                f"difference of {worst:.2g} in a batch of {size}. Nothing was written. "
                f"{_advice(onnx)}"
            )
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _check(forecaster):
    """Raise an error for what cannot be exported."""
    name = type(forecaster).__name__
    if not isinstance(forecaster, Forecaster):
        advice = "Export the networks in it one by one, each into a file."
        if isinstance(getattr(forecaster, "estimator_", None), Forecaster):
            advice = "Export the network in it: to_onnx(forecaster.estimator_, path)."
        elif hasattr(forecaster, "steps"):
            advice = "Export its last step, which reads windows: forecaster[-1]."
        raise TypeError(
            "Expected a network, such as LSTMForecaster, found an object of type "
            f"{name}: what it does around a network is not exported. {advice}"
        )
    if not forecaster.initialized_:
        check_is_fitted(forecaster)
    if forecaster.n_mc_samples is not None:
        raise ValueError(
            "Expected n_mc_samples=None, as an ONNX model forecasts without dropout, "
            f"found {forecaster.n_mc_samples}. Use set_params(n_mc_samples=None) first."
        )
    if forecaster._precision != "fp32":
        raise ValueError(
            "Expected a network that computes in float32, as its ONNX model would, "
            f"found {name} fitted with precision={forecaster._precision!r}. Fit it "
            "with precision='fp32'."
        )
    if forecaster.spec_.normalize == "cycle":
        raise ValueError(
            "Expected a network that forecasts from windows alone, found "
            f"{name} fitted with normalize='cycle', which also reads their times. Fit "
            "it with another normalize, e.g. 'season'."
        )


def _packages():
    """The packages of the extra that are used here."""
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401, torch uses it
    except ImportError as error:
        raise ImportError(
            f"to_onnx needs the package {error.name!r}, which is not installed. "
            'Install it with pip install "sktorch-forecast[onnx]".',
            name=error.name,
        ) from error
    if not hasattr(torch.onnx, "ops"):
        raise ImportError(
            f"to_onnx needs torch 2.9 or newer, found {torch.__version__}. Install it "
            'with pip install --upgrade "sktorch-forecast[onnx]".'
        )
    return onnx, onnxruntime


def _advice(onnx):
    """What to do about a wrong model."""
    import onnxruntime
    import onnxscript

    packages = onnx, onnxruntime, onnxscript, torch
    versions = ", ".join(f"{p.__name__} {p.__version__}" for p in packages)
    return (
        f"The packages that convert and run models may be at fault ({versions}): try "
        "newer ones. A network of your own must do in an export what it does in a "
        "forecast."
    )


def _in_a_line(error):
    """The message of an error, or of its cause, without line breaks."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split())[:300]


def _arrays(inputs):
    return {name: part.numpy() for name, part in inputs.items()}


def _precision(forecaster, dtype):
    """The dtype of windows: the requested one, or that of the fit."""
    if dtype is None:
        return np.dtype(getattr(forecaster, "_dtype", np.float32))
    if dtype not in ("float32", "float64"):
        raise ValueError(
            f"Expected dtype as 'float32', 'float64' or None, found {dtype!r}."
        )
    return np.dtype(dtype)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence torch's own messages during the export."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _converted(served, inputs):
    """An ONNX model with named inputs and outputs, for batches of any size."""
    some = {name: part[:3] for name, part in inputs.items()}
    with torch.no_grad():
        outputs = list(served(**some))
    served = deepcopy(served)
    use_operators(served.network)
    batch = torch.export.Dim("batch", min=1, max=2**31 - 1)
    shapes = {name: {0: batch} for name in some}
    try:
        with torch.no_grad(), _quiet():
            program = torch.export.export(
                served, (), some, dynamic_shapes=shapes, strict=False
            )
            converted: Any = torch.onnx.export(
                program,
                (),
                input_names=list(inputs),
                output_names=outputs,
                dynamo=True,
                verbose=False,
            )
    except Exception as error:
        raise RuntimeError(
            "Expected a network that torch can export, found that it cannot convert "
            f"{type(served.network.network).__name__}: {_in_a_line(error)}"
        ) from error
    model = converted.model_proto
    graph = model.graph
    # torch records for each node which line of which file on this machine it is from.
    del graph.value_info[:]
    parts = *graph.node, *graph.input, *graph.output, *graph.initializer
    for part in (graph, *parts):
        part.ClearField("metadata_props")
    # And it calls the axis something like s77.
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    return model


def _metadata(forecaster, served):
    """What a program that serves the model should know of it, as strings."""
    import sktorch_forecast  # imported here for its version: it is a level above

    spec, head = forecaster.spec_, served.network.head
    channels, static = getattr(forecaster, "_names", ((), ()))
    channels = channels or range(spec.n_channels)
    ids = getattr(forecaster, "_series_ids", None)
    names = {
        "channels": channels,
        "targets": channels[: spec.n_targets],
        "future": channels[spec.n_channels - spec.n_future :],
        "static": static,
        "series": [] if ids is None else ids,
        "quantiles": getattr(head, "levels", ()),
    }
    return {
        "format_version": _FORMAT_VERSION,
        "estimator": type(forecaster).__name__,
        "sktorch_forecast": sktorch_forecast.__version__,
        "torch": torch.__version__,
        "horizon": str(spec.horizon),
        "length": str(spec.length),
        "family": spec.family or "point",
        "missing": "mask" if spec.masked else "error",
        **{
            key: json.dumps([plain(name) for name in values], default=str)
            for key, values in names.items()
        },
    }
