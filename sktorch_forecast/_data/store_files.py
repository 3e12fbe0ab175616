"""The files of a panel on disk: arrays that grow and are checked when opened.

Each is a NumPy ``.npy`` file. ``panel.json`` says what must be in it.
"""

import os
import zlib
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

# Number of bytes to read at once when a whole file is read.
_AT_ONCE = 1 << 24


class GrowingArray:
    """A ``.npy`` file that rows are appended to.

    Parameters
    ----------
    path : Path
        The file.
    dtype : dtype
    shape : tuple of int
        Shape of a row.
    """

    def __init__(self, path: Path, dtype: Any, shape: tuple[int, ...] = ()) -> None:
        self.path, self.dtype, self.row = path, np.dtype(dtype), shape
        self.n_rows = self.checksum = 0
        self._file = open(path, "wb")
        self._write_header()

    def _write_header(self) -> None:
        """It has the same length for any number of rows: NumPy leaves room."""
        header = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.n_rows, *self.row),
        }
        self._file.seek(0)
        np.lib.format.write_array_header_1_0(self._file, header)

    def append(self, rows: np.ndarray) -> None:
        """Append rows."""
        rows = np.ascontiguousarray(rows, dtype=self.dtype)
        data: Any = rows.reshape(-1).view(np.uint8).data
        self.checksum = zlib.crc32(data, self.checksum)
        self._file.write(data)
        self.n_rows += len(rows)

    def close(self) -> dict[str, Any]:
        """Flush the file to disk; return its entry in `panel.json`."""
        if not self._file.closed:
            self._write_header()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        return {
            "dtype": self.dtype.str,
            "shape": [self.n_rows, *self.row],
            "bytes": self.path.stat().st_size,
            "crc32": self.checksum,
        }


def opened(path: Path, entry: dict[str, Any]) -> np.ndarray:
    """A file as a memory map, if it matches `panel.json`.

    Parameters
    ----------
    path : Path
        The file.
    entry : dict
        As returned by `GrowingArray.close`.

    Raises
    ------
    ValueError
        If the file is missing, has another size, or holds something else.
    """
    if not path.is_file():
        refuse(path, f"a file of {entry['bytes']:,} bytes", "none")
    n_bytes = path.stat().st_size
    if n_bytes != entry["bytes"]:
        refuse(path, f"{entry['bytes']:,} bytes", f"{n_bytes:,}")
    shape, dtype = tuple(entry["shape"]), np.dtype(entry["dtype"])
    expected = f"an array of shape {shape} and {dtype}"
    try:
        if 0 in shape:  # an empty file cannot be mapped
            array = np.load(path, allow_pickle=False)
        else:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        refuse(path, expected, f"data that NumPy cannot read ({error})")
    if array.shape != shape or array.dtype != dtype:
        refuse(path, expected, f"one of shape {array.shape} and {array.dtype}")
    return array


def check_content(path: Path, entry: dict[str, Any]) -> None:
    """Raise a ValueError if the numbers in a file are not those that were written."""
    found, n_header = 0, entry["bytes"] - _n_bytes_of(entry)
    with open(path, "rb") as file:
        file.seek(n_header)
        while part := file.read(_AT_ONCE):
            found = zlib.crc32(part, found)
    if found != entry["crc32"]:
        refuse(path, f"the checksum {entry['crc32']:08x}", f"{found:08x}")


def _n_bytes_of(entry):
    return int(np.prod(entry["shape"])) * np.dtype(entry["dtype"]).itemsize


def refuse(path: Path, expected: str, found: str) -> NoReturn:
    """Raise the ValueError for a file that has changed."""
    raise ValueError(
        f"Expected {expected} in {str(path)!r}, found {found}. The store is damaged or "
        "incomplete: make it again with store_panel."
    )
