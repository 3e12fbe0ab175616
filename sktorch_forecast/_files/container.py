"""The file itself: safetensors, with a JSON document and a checksum in it.

Anything that reads safetensors can read the arrays. The document, which says what they
belong to, is one of them (``estimator.json``, as bytes). What can be known without
reading it is in the safetensors metadata, as strings::

    format     "1"; a higher one needs a later version of the package
    versions   JSON: of the package, of Python, and of the other packages in use
    checksum   SHA-256 of the file, with zeros in place of the checksum itself
"""

import hashlib
import json
import os
import platform
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from .atomic import replacing

FORMAT = 1
_DOCUMENT = "estimator.json"
_CHECKSUM = re.compile(rb'"checksum":"([0-9a-f]{64})"')
_PACKAGES = ("sktorch-forecast", "numpy", "pandas", "scikit-learn", "skorch", "torch")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that an estimator depends on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # run from a folder, not installed
            found[name] = "unknown"
    return found


def write(path: Any, document: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a JSON document and arrays to one file, atomically.

    Parameters
    ----------
    path : path-like
    document : object
        JSON data.
    arrays : mapping of str to ndarray
        Contiguous numeric arrays.
    """
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    tensors = {**arrays, _DOCUMENT: np.frombuffer(text.encode(), np.uint8)}
    metadata = {
        "format": str(FORMAT),
        "versions": json.dumps(versions()),
        "checksum": "0" * 64,
    }
    content = bytearray(save_tensors(tensors, metadata))
    place: Any = _place_of_checksum(content)
    content[place] = hashlib.sha256(content).hexdigest().encode()
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def read(path: Any) -> tuple[Any, dict[str, np.ndarray]]:
    """The document and the arrays of a file.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it was not written by `write`, was written by a later version, or is damaged.
    """
    with open(path, "rb") as file:
        content = bytearray(file.read())
    place = _place_of_checksum(content)
    if place is None:
        raise ValueError(
            f"Expected a file that save has written, found {os.fspath(path)!r}, which "
            "is another kind of file or is damaged at its beginning."
        )
    expected = bytes(content[place])
    content[place] = b"0" * 64
    if hashlib.sha256(content).hexdigest().encode() != expected:
        raise ValueError(
            f"Expected {os.fspath(path)!r} as save wrote it, found different content: "
            "its checksum does not match, so the file is damaged. Use another copy, or "
            "save the estimator again."
        )
    try:
        metadata = _metadata(content)
        arrays = load_tensors(bytes(content))
        found = int(metadata["format"])
        if found > FORMAT:
            wrote = json.loads(metadata["versions"])["sktorch-forecast"]
            raise ValueError(
                f"Expected a file of format {FORMAT} or older, found format {found}, "
                f"written by sktorch_forecast {wrote}. Upgrade sktorch_forecast."
            )
        document = json.loads(arrays.pop(_DOCUMENT).tobytes())
    except (SafetensorError, KeyError) as error:
        raise ValueError(
            f"Expected a file that save has written, found {os.fspath(path)!r} with "
            f"a different structure: {error}."
        ) from error
    return document, arrays


def _length_of_header(content):
    return int.from_bytes(content[:8], "little")


def _metadata(content):
    header = content[8 : 8 + _length_of_header(content)]
    return json.loads(bytes(header))["__metadata__"]


def _place_of_checksum(content):
    """Its position in the header, or None."""
    end = min(8 + _length_of_header(content), len(content))
    found = _CHECKSUM.search(content, 8, end)
    return None if found is None else slice(*found.span(1))
