"""Files that the dashboard is written to."""

from dataclasses import dataclass
from pathlib import Path

from mixpanel_data._internal.data_folder.atomic_files import write_atomically
from mixpanel_data._internal.data_folder.private_files import user_umask
from mixpanel_data.exceptions import StorageError


@dataclass(frozen=True)
class WrittenDashboard:
    """The path of a dashboard that was written, and its size in bytes."""

    path: Path
    bytes: int


def write_file(target: Path, content: bytes, *, option: str) -> WrittenDashboard:
    """Write the file atomically. Raise StorageError, with the ``option`` that names it, if it can't be."""
    try:
        write_atomically(target, content, mode=0o666 & ~user_umask())
    except OSError as error:
        raise StorageError(
            f"{target} can't be written: {error.strerror or error}. Name another file: mp dashboard {option} FILE.",
            details={"path": str(target), "errno": error.errno},
        ) from None
    return WrittenDashboard(target, len(content))
