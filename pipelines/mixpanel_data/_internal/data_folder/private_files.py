"""Files and folders of ours that nobody else on the machine may read, and that are never written
through a link."""

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


def creating(path: Path) -> BinaryIO:
    """A new private file at ``path``, open to be written, in place of whatever had this name."""
    path.unlink(missing_ok=True)  # of a link, the link alone
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    return os.fdopen(handle, "wb")


def refuse_link(path: Path) -> None:
    """Nothing, unless ``path`` is a link.

    Raises:
        ConfigError: it is one; whoever made it chose what would be written.
    """
    if path.is_symlink():
        raise ConfigError(
            f"{path} is a symbolic link, and nothing is written through links: what they lead to may be "
            "another's. Remove it, or put the real file or folder in its place.",
            details={"path": str(path)},
        )


def make_private(path: Path) -> None:
    """Take the rights of others on ``path``, if it is ours and they have some."""
    if os.name != "posix":
        return
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if found.st_uid == os.geteuid() and found.st_mode & _OTHERS and not stat.S_ISLNK(found.st_mode):
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)


class _Mask:
    """The process's file mode mask while private files are made. Blocks may overlap, in any
    threads."""

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
    """Every file that this process, its threads or its children make inside the block is private,
    by whatever library."""
    _mask.enter()
    try:
        yield
    finally:
        _mask.leave()


def users_mask() -> int:
    """The file mode mask that the user chose, inside such a block, too."""
    return _mask.users()
