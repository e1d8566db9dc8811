"""The accounts file: private, replaced atomically, locked for writing, and never a symbolic
link."""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from mixpanel_data._internal.auth.accounts_toml import MalformedAccountsError
from mixpanel_data._internal.data_folder.atomic_files import write_atomically
from mixpanel_data.exceptions import ConfigError, ConfigWarning

_LOCK_TIMEOUT = 30.0  # seconds; an edit takes milliseconds
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # absent on Windows


class AccountsFile:
    """A small text file with secrets. Raises ConfigError for any problem with it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = path.with_name(path.name + ".lock")

    @contextmanager
    def reading(self) -> Iterator[str]:
        """Yield the text, empty without a file. A MalformedAccountsError in the block gets the
        path."""
        with self._translate_errors("read"):
            yield self._read()

    def edit(self, change: Callable[[str], str]) -> None:
        """Replace the text by ``change`` of it, atomically. If ``change`` raises, nothing
        changes."""
        with self._translate_errors("written"):
            self._require_no_links()
            self._make_folder()
            with FileLock(self._lock, timeout=_LOCK_TIMEOUT, mode=0o600):
                write_atomically(self._path, change(self._read()).encode())

    def _read(self) -> str:
        self._require_no_links()
        try:
            descriptor = os.open(self._path, os.O_RDONLY | _NO_FOLLOW)
        except FileNotFoundError:
            return ""
        with os.fdopen(descriptor, encoding="utf-8-sig", newline="") as file:
            self._warn_if_shared(os.fstat(descriptor).st_mode)
            return file.read()

    def _make_folder(self) -> None:
        folder = self._path.parent
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif self._is_default_folder(folder):
            folder.chmod(0o700)

    @staticmethod
    def _is_default_folder(folder: Path) -> bool:
        """Return True for ``~/.mp``; any other existing folder may belong to another program."""
        with suppress(RuntimeError):  # no home
            return folder == Path.home() / ".mp"
        return False

    def _require_no_links(self) -> None:
        for path in (self._path.parent, self._path, self._lock):
            if path.is_symlink():
                raise ConfigError(
                    f"{path} is a symbolic link. Accounts are not stored behind links, since "
                    "others may redirect them. Set MP_CONFIG_PATH to the real path.",
                    details={"path": path},
                )

    def _warn_if_shared(self, mode: int) -> None:
        if os.name == "posix" and mode & 0o077:
            warnings.warn(
                f"Others on this machine may open {self._path}: chmod 600 it.",
                ConfigWarning,
                stacklevel=2,
            )

    @contextmanager
    def _translate_errors(self, done: str) -> Iterator[None]:
        try:
            yield
        except MalformedAccountsError as error:
            why = f"{error}. Correct it, or move it away and start with `mp auth add`"
        except Timeout:
            why = "another process has it locked"
        except UnicodeError:  # its message quotes the unreadable bytes
            why = "not UTF-8 text"
        except OSError as error:
            why = error.strerror or type(error).__name__
        else:
            return
        raise ConfigError(f"{self._path} can't be {done}: {why}.", details={"path": self._path})
