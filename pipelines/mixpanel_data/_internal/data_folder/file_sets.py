"""Replaces several files of a folder together, once all of them are complete."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from mixpanel_data._internal.data_folder.atomic_files import flush_to_disk
from mixpanel_data.exceptions import DatabaseLockedError

_TEMPORARY = ".mp-half"


@contextmanager
def replace_files(folder: Path, names: Sequence[str]) -> Iterator[list[Path]]:
    """Yield temporary paths for the files ``names``; move them into ``folder`` after the block.

    If the block raises, the former files are unchanged. The next call removes the temporary files
    that a killed program leaves.

    Raises:
        DatabaseLockedError: if another program replaces files in this folder.
        OSError: if the files can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _hold_export_lock(folder):
        _remove_temporary_files(folder)
        temporary = [folder / f".{name}{_TEMPORARY}" for name in names]
        try:
            yield temporary
            # All are on the disk before the first one is renamed.
            for path in temporary:
                flush_to_disk(path)
            for path, name in zip(temporary, names, strict=True):
                path.replace(folder / name)
            flush_to_disk(folder)
        finally:
            with suppress(OSError):
                _remove_temporary_files(folder)


@contextmanager
def _hold_export_lock(folder: Path) -> Iterator[None]:
    lock = FileLock(folder / ".mp-export.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DatabaseLockedError(
            f"Another export writes into {folder}. Wait for it, or name another folder.",
            details={"path": str(folder)},
        ) from None
    try:
        yield
    finally:
        lock.release()


def temporary_files(folder: Path) -> list[Path]:
    """Return the temporary files of replacements in ``folder``, running or killed."""
    return sorted(folder.glob(f".*{_TEMPORARY}"))


def _remove_temporary_files(folder: Path) -> None:
    for path in temporary_files(folder):
        path.unlink(missing_ok=True)
