"""The accounts file on disk: private, replaced as a whole, one writer at a time, never through a
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
    """A small text file that holds secrets. Raises ConfigError for all that can be wrong with it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = path.with_name(path.name + ".lock")

    @contextmanager
    def reading(self) -> Iterator[str]:
        """Its text, empty when there is none; a MalformedAccountsError raised about it gets the
        file's name."""
        with self._explained("read"):
            yield self._read()

    def edit(self, change: Callable[[str], str]) -> None:
        """Puts ``change`` of the text in its place: others see it done or not begun. If it raises,
        nothing changed."""
        with self._explained("written"):
            self._refuse_links()
            self._make_folder()
            with FileLock(self._lock, timeout=_LOCK_TIMEOUT, mode=0o600):
                write_atomically(self._path, change(self._read()).encode())

    def _read(self) -> str:
        self._refuse_links()
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
        elif self._is_ours(folder):
            folder.chmod(0o700)

    @staticmethod
    def _is_ours(folder: Path) -> bool:
        """Whether it is ``~/.mp``; any other folder that was there belongs to somebody else."""
        with suppress(RuntimeError):  # no home
            return folder == Path.home() / ".mp"
        return False

    def _refuse_links(self) -> None:
        for path in (self._path.parent, self._path, self._lock):
            if path.is_symlink():
                raise ConfigError(
                    f"{path} is a symbolic link, and accounts are not kept behind links, which others may turn. "
                    "Set MP_CONFIG_PATH to the real place.",
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
    def _explained(self, done: str) -> Iterator[None]:
        try:
            yield
        except MalformedAccountsError as error:
            why = f"{error}. Correct it, or move it away and begin with `mp auth add`"
        except Timeout:
            why = "another process holds its lock"
        except UnicodeError:  # whose text quotes what it could not read
            why = "not UTF-8 text"
        except OSError as error:
            why = error.strerror or type(error).__name__
        else:
            return
        raise ConfigError(f"{self._path} can't be {done}: {why}.", details={"path": self._path})
