"""Files that a command writes where the user names them, such as a report."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mixpanel_data._internal.data_folder.atomic_files import write_atomically
from mixpanel_data._internal.data_folder.private_files import user_umask
from mixpanel_data.exceptions import StorageError


def require_writable(path: Path, *, option: str) -> None:
    """Raise StorageError if no file can be written at ``path``, before the work that fills it.

    ``option`` is the command and the option that names the file, for the message.
    """
    with _translate_write_errors(path, option):
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder; name a file in it")
        with suppress(FileNotFoundError):
            path.lstat()  # raises OSError for a name that is too long
        tempfile.TemporaryFile(dir=path.parent).close()


def write_output_file(path: Path, content: bytes, *, option: str) -> None:
    """Write the file atomically. Raise StorageError, with the ``option`` that names it, if it can't
    be."""
    with _translate_write_errors(path, option):
        write_atomically(path, content, mode=0o666 & ~user_umask())


@contextmanager
def _translate_write_errors(path: Path, option: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{path} can't be written: {error.strerror or error}. Name another file: {option} FILE.",
            details={"path": str(path), "errno": error.errno},
        ) from None
