"""Files and folders that are complete or absent."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary file to write, which replaces `path` at the end.

    Whatever happens in between, even a power failure, `path` is the old file or the new
    one. After an error, the temporary file is removed; after a kill, it remains.

    Parameters
    ----------
    path : path-like
        In a folder that exists.

    Yields
    ------
    temporary : Path
        An empty file next to `path`.

    Raises
    ------
    OSError
        If the file cannot be written, e.g. because the folder does not exist.
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
    # Flush the new name, too. Not every system can open a folder.
    with suppress(OSError):
        to_disk(path.parent)


def _permissions(path):
    """Those of the old file, or those of a new file: mkstemp's are private."""
    with suppress(FileNotFoundError):
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def to_disk(path: Path | str) -> None:
    """Flush a file, or the names in a folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def new_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary folder to fill, which gets the name `path` at the end.

    So `path` is absent or complete, whatever happens in between. After an error the
    temporary folder is removed; after a kill it remains, under a name with a dot.

    Parameters
    ----------
    path : path-like
        In an existing folder; `path` itself must not exist.

    Yields
    ------
    temporary : Path
        An empty folder next to `path`.

    Raises
    ------
    FileExistsError
        If `path` exists at the beginning or at the end.
    FileNotFoundError
        If its parent folder does not exist.
    """
    path = Path(path)
    _check_free(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"Expected a path in a folder that exists, found {str(path)!r}. Make the "
            "folder first, e.g. with pathlib.Path.mkdir."
        )
    folder = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    folder.mkdir()
    try:
        yield folder
        with suppress(OSError):  # not every system can open a folder
            to_disk(folder)
        _check_free(path)  # an empty folder would be replaced
        try:
            os.rename(folder, path)
        except OSError:
            _check_free(path)  # another process was faster
            raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    with suppress(OSError):  # flush the new name, too
        to_disk(path.parent)


def _check_free(path):
    if os.path.lexists(path):
        raise FileExistsError(
            f"Expected a path that does not exist yet, found that {str(path)!r} does. "
            "Use what is there, remove it first, or choose another path."
        )
