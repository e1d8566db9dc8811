"""Slots for concurrent requests, counted across all processes by locked files.

The system frees a lock when its process dies, so no slot is ever lost.
"""

from pathlib import Path

from filelock import FileLock, Timeout

from mixpanel_data.exceptions import StorageError


def take_slot(folder: Path, family: str, count: int) -> FileLock | None:
    """Take one of ``count`` slots of an API family, to be released later; None if all are taken.

    Raises:
        StorageError: if the folder can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            # A slot may be released in another thread, if the body is read there.
            lock = FileLock(folder / f"{family}-{number:02}.lock", mode=0o600, thread_local=False)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            return lock
    except OSError as error:
        raise log_not_writable(folder, error) from error
    return None


def log_not_writable(path: Path, error: Exception) -> StorageError:
    """Return the error for a folder that can't be written."""
    return StorageError(
        f"The request budget can't be stored in {path}: {error}. No request was sent to Mixpanel. "
        "Free space on the disk and let this user write there, or name another folder: "
        "MP_DATA_DIR or --data-dir.",
        details={"path": str(path)},
    )
