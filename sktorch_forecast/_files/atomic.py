"""Files that are there whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary file to write, which takes the place of `path` at the end.

    Whatever happens in between, even if the power goes, `path` is the old file or the
    new one. After an error, the temporary file is removed; after a kill, it stays.

    Parameters
    ----------
    path : path-like
        In a folder that exists.

    Yields
    ------
    temporary : Path
        An empty file beside `path`.

    Raises
    ------
    OSError
        If the file cannot be written, e.g. because there is no such folder.
    """
    path = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, _permissions(path))
        to_disk(name)
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
    # The new name, too. Not every system can open a folder.
    with suppress(OSError):
        to_disk(path.parent)


def _permissions(path):
    """Those of the old file, else those that a new file gets: mkstemp's are private."""
    with suppress(FileNotFoundError):
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def to_disk(path: Path | str) -> None:
    """Have the system write out a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
