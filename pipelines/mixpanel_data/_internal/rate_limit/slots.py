"""Places for requests under way, counted over all processes by locked files.

The system frees a lock when its process dies, however it dies, so no place is ever lost.
"""

from pathlib import Path

from filelock import FileLock, Timeout

from mixpanel_data.exceptions import StorageError


def take_slot(folder: Path, family: str, count: int) -> FileLock | None:
    """One of ``count`` places of an API family, to be released; None when all are taken.

    Raises:
        StorageError: the folder can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            # Released by another thread than took it, if a body is read there.
            lock = FileLock(folder / f"{family}-{number:02}.lock", mode=0o600, thread_local=False)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            return lock
    except OSError as error:
        raise not_kept(folder, error) from error
    return None


def not_kept(path: Path, error: Exception) -> StorageError:
    """The machine would not let us write at ``path``."""
    return StorageError(
        f"The request budget can't be kept in {path}: {error}. Nothing was asked of Mixpanel. Let this user write "
        "there and make room on the disk, or name another folder: MP_DATA_DIR or --data-dir.",
        details={"path": str(path)},
    )
