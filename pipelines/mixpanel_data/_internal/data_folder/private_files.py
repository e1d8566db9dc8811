"""Files and folders that other users can't read, and that are never written through a link."""

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mixpanel_data.exceptions import ConfigError

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
_OTHERS = 0o077


def create_private(path: Path) -> BinaryIO:
    """Create a private file at ``path``, in place of any file of this name, and open it for
    writing."""
    path.unlink(missing_ok=True)  # removes a link, not its target
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    return os.fdopen(handle, "wb")


def require_no_link(path: Path) -> None:
    """Raise ConfigError if ``path`` is a symbolic link, which may lead to any other file."""
    if path.is_symlink():
        raise ConfigError(
            f"{path} is a symbolic link. Nothing is written through links, since the target may be "
            "another user's. Remove it, or put the real file or folder in its place.",
            details={"path": str(path)},
        )


def require_file(path: Path) -> None:
    """Raise ConfigError if ``path`` exists and is not a regular file, or is a symbolic link."""
    require_no_link(path)
    require_file_or_link(path)


def require_file_or_link(path: Path) -> None:
    """Raise ConfigError if ``path`` exists and is neither a regular file nor a link to one."""
    if path.exists() and not path.is_file():
        raise _wrong_kind(path, "a file")


def require_folder(path: Path) -> None:
    """Raise ConfigError if ``path`` exists and is not a folder, or is a symbolic link."""
    require_no_link(path)
    if path.exists() and not path.is_dir():
        raise _wrong_kind(path, "a folder")


def _wrong_kind(path: Path, right: str) -> ConfigError:
    found = "a folder" if path.is_dir() else "a file" if path.is_file() else "something else"
    return ConfigError(
        f"{path} must be {right}, and it is {found}. Move it away or remove it, and rerun the "
        "command.",
        details={"path": str(path)},
    )


def make_private(path: Path) -> None:
    """Remove the permissions of other users on ``path``, if it is ours."""
    if is_exposed(path):
        path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~_OTHERS)


def is_exposed(path: Path) -> bool:
    """Return True if other users have permissions on ``path``, and it is ours."""
    try:
        found = path.lstat()
    except OSError:
        return False
    is_ours = os.name == "posix" and found.st_uid == os.geteuid()
    return is_ours and not stat.S_ISLNK(found.st_mode) and bool(found.st_mode & _OTHERS)


class _Mask:
    """The umask of the process while private files are made.

    Blocks of several threads may overlap: the first sets it, the last restores it.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._inside = 0
        self._before = 0

    def enter(self) -> None:
        with self._guard:
            if self._inside == 0:
                self._before = os.umask(_OTHERS)
            self._inside += 1

    def leave(self) -> None:
        with self._guard:
            self._inside -= 1
            if self._inside == 0:
                os.umask(self._before)

    def users(self) -> int:
        with self._guard:
            if self._inside:
                return self._before
            mask = os.umask(_OTHERS)
            os.umask(mask)
            return mask


_mask = _Mask()


@contextmanager
def private_files() -> Iterator[None]:
    """Make every file private that this process, its threads or children create inside the block.

    This includes files made by libraries.
    """
    _mask.enter()
    try:
        yield
    finally:
        _mask.leave()


def user_umask() -> int:
    """Return the umask that the user chose, also inside a :func:`private_files` block."""
    return _mask.users()
