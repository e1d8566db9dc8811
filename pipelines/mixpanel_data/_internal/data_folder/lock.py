"""The lock that lets one process at a time write to a data folder, from any entry point."""

import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mixpanel_data._internal.data_folder.duckdb_version import require_writable_version
from mixpanel_data._internal.data_folder.errors import translate_errors
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.data_folder.private_files import create_private, private_files
from mixpanel_data.exceptions import DatabaseLockedError

OnLocked = Callable[[str, float], None]
"""Called with the process that has the lock, and the seconds that the caller will still wait."""

REPORT_SECONDS = 30.0
"""The time between two calls of ``on_locked``."""


def ignore_wait(_holder: str, _seconds: float) -> None:
    """Report nothing, as ``on_locked``."""


@contextmanager
def exclusive(
    folder: DataFolder, *, wait_seconds: float = 0, on_locked: OnLocked = ignore_wait
) -> Iterator[None]:
    """Hold the lock of the folder. The operating system frees it when the process dies.

    Args:
        folder: The data folder.
        wait_seconds: The longest wait for another process, in seconds.
        on_locked: Called when the wait begins and each half minute, with the process that has the
            lock and the seconds left.

    Raises:
        DatabaseLockedError: if another process still has it after ``wait_seconds``; the message
            names it, with its start.
        StorageError: if there is no space or no permission, now or later.
        ConfigError: if the installed DuckDB is too old to write, or a file or folder of ours is a
            symbolic link.
    """
    require_writable_version()
    with (
        translate_errors(folder.root),
        private_files(),
        _hold_lock(folder, wait_seconds, on_locked),
    ):
        yield


def find_holder(folder: DataFolder) -> dict[str, Any] | None:
    """Return what is known of the process that has the lock; None if no process has it.

    The keys are ``pid``, ``command`` and ``since``, or there are none.
    """
    if not folder.lock.is_file():
        return None
    lock = FileLock(folder.lock, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return _read_holder(folder)
    lock.release()
    return None


@contextmanager
def _hold_lock(folder: DataFolder, wait_seconds: float, on_locked: OnLocked) -> Iterator[None]:
    folder.create()
    lock = FileLock(folder.lock, mode=0o600)
    _acquire(lock, folder, wait_seconds, on_locked)
    try:
        _write_holder(folder)
        yield
    finally:
        with suppress(OSError):
            folder.lock_holder.unlink()
        lock.release()


def _acquire(lock: FileLock, folder: DataFolder, wait_seconds: float, on_locked: OnLocked) -> None:
    ends_at = time.monotonic() + wait_seconds
    pause = 0.0
    while True:
        try:
            lock.acquire(timeout=pause, poll_interval=0.2)
            return
        except Timeout:
            left = ends_at - time.monotonic()
            if left <= 0:
                raise _lock_error(_read_holder(folder), folder) from None
        on_locked(_holder_text(_read_holder(folder)), left)
        pause = min(REPORT_SECONDS, left)


def _write_holder(folder: DataFolder) -> None:
    holder = {
        "pid": os.getpid(),
        "command": shlex.join([Path(sys.argv[0] or "python").name, *sys.argv[1:]]),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with create_private(folder.lock_holder) as file:
        file.write(json.dumps(holder).encode())


def _read_holder(folder: DataFolder) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        holder = json.loads(folder.lock_holder.read_text(encoding="utf-8"))
        if isinstance(holder, dict):
            return holder
    return {}


def _lock_error(holder: dict[str, Any], folder: DataFolder) -> DatabaseLockedError:
    return DatabaseLockedError(
        f"{folder.root} is in use by {_holder_text(holder)}. Wait for it, or stop it, and rerun the command.",
        details={"data_dir": str(folder.root), **holder},
    )


def _holder_text(holder: dict[str, Any]) -> str:
    if {"pid", "command", "since"} <= holder.keys():
        return f"process {holder['pid']} ({holder['command']}, since {holder['since']})"
    return "another process"
