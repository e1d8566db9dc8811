"""Translates errors of the operating system into errors with a way to recover.

They are: no space, no permission, a file that is open elsewhere.
"""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mixpanel_data.exceptions import (
    NO_RIGHT,
    NO_SPACE,
    DatabaseLockedError,
    MixpanelDataError,
    StorageError,
    os_advice,
)

# DuckDB and dbt repeat the system's message without its number.
_WORDS = {os.strerror(number): number for number in NO_SPACE + NO_RIGHT}
_KEPT = "Loaded data is kept, and files that arrived completely are not refetched."
# OSErrors that are not about this machine; a closed pipe is a reader that ended.
_OF_THE_NETWORK = (ConnectionError, TimeoutError, socket.gaierror)
# One expression for all messages about locks: with a holder, or without.
_HOLDER = re.compile(
    r"(?s)Could not set lock on file(?:.*?held in (?P<command>.+?) \(PID (?P<pid>\d+)\))?"
)


@dataclass(frozen=True)
class LockHolder:
    """The process that has a database open, as far as DuckDB can tell."""

    command: str | None
    pid: int | None


@contextmanager
def translate_os_errors(root: Path) -> Iterator[None]:
    """Replace an OSError inside the block with an error that has a way to recover in ``root``.

    Raises:
        StorageError: if there is no space, no permission, or the disk failed.
    """
    try:
        yield
    except OSError as error:
        if translated := storage_error_from_os_error(error, root):
            raise translated from error
        raise


def storage_error_from_os_error(error: OSError, root: Path) -> MixpanelDataError | None:
    """Return the error to raise in place of ``error``; None if it is not about this machine's
    files."""
    if isinstance(error, _OF_THE_NETWORK):
        return None
    return error_from_message(str(error), root) or storage_error(
        str(error), root, "No loaded data is lost; rerun the command."
    )


def error_from_message(message: str, root: Path) -> MixpanelDataError | None:
    """Return our error for a reported message; None if it is not about the system."""
    number = _number(message)
    if number in NO_SPACE:
        return storage_error(message, root, f"{os_advice(number)} {_KEPT}")
    if number in NO_RIGHT:
        other = f"{os_advice(number)} MP_DATA_DIR or --data-dir names another data folder."
        return storage_error(message, root, other)
    return _lock_error_from_message(message)


def storage_error(message: str, root: Path, what_to_do: str) -> StorageError:
    """Return the error for a failure of the machine, reported as ``message``."""
    return StorageError(
        f"This machine could not do the work in {root}: "
        f"{' '.join(message.split()).rstrip('.')}. {what_to_do}",
        details={"data_dir": str(root), "errno": _number(message)},
    )


def lock_holder(message: str) -> LockHolder | None:
    """Return the process that DuckDB names in its message about a locked file.

    Return None if the message is not about a lock. Without ``lsof`` or ``/proc`` DuckDB names none.
    """
    found = _HOLDER.search(message)
    if not found:
        return None
    return LockHolder(found["command"], int(found["pid"] or 0) or None)


def _lock_error_from_message(message: str) -> DatabaseLockedError | None:
    holder = lock_holder(message)
    if not holder:
        return None
    file = re.search(r'"([^"]+)"', message)
    path = file[1] if file else "A database"
    who = f"process {holder.pid} ({holder.command})" if holder.pid else "another process"
    return DatabaseLockedError(
        f"{path} is open in {who}. Close it there, and rerun the command: mixpanel.duckdb is the "
        "file to read from.",
        details={"path": path, "command": holder.command, "pid": holder.pid},
    )


def _number(message: str) -> int | None:
    return next((number for words, number in _WORDS.items() if words in message), None)
