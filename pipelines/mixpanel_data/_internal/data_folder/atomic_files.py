"""Several files put in place of older ones, together, once all of them are whole."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from mixpanel_data.exceptions import DatabaseLockedError

_HALF = ".mp-half"


@contextmanager
def replacing(folder: Path, names: Sequence[str]) -> Iterator[list[Path]]:
    """Where to write the files ``names`` of ``folder``. Behind the block they are on the disk and
    take their places.

    If the block raises, what was there is as it was. A program that is killed leaves its half files
    to the next one.

    Raises:
        DatabaseLockedError: another program does the same in this folder.
        OSError: the machine refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        _clear(folder)
        halves = [folder / f".{name}{_HALF}" for name in names]
        try:
            yield halves
            for half in halves:
                flush(half)
            for half, name in zip(halves, names, strict=True):
                half.replace(folder / name)
            flush(folder)
        finally:
            with suppress(OSError):
                _clear(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
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


def _clear(folder: Path) -> None:
    for half in folder.glob(f".*{_HALF}"):
        half.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Returns when the file, or what a folder says of its files, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
