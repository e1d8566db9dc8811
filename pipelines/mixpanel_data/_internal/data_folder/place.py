"""Replaces the published file: symbolic links are followed, and permissions are kept."""

import os
import shutil
import stat
from pathlib import Path

from mixpanel_data._internal.data_folder.atomic_files import flush_to_disk
from mixpanel_data._internal.data_folder.private_files import user_umask
from mixpanel_data.exceptions import ConfigError


def resolve_published(published: Path) -> Path:
    """Return the regular file that ``published`` is or links to; it need not exist.

    Raises:
        ConfigError: if it is a dangling link, a loop of links, or not a file.
    """
    try:
        place = published.resolve(strict=True)
    except FileNotFoundError:
        if published.is_symlink():
            raise _invalid_path_error(
                published, f"is a link to {published.readlink()}, which does not exist"
            ) from None
        return published
    except (OSError, RuntimeError):  # Python 3.13 raises the first, older ones the second
        raise _invalid_path_error(published, "is a link that leads back to itself") from None
    if not place.is_file():
        raise _invalid_path_error(published, "is not a file")
    return place


def _invalid_path_error(published: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{published} {why}. Tables are published there: remove it, or link it to a file.",
        details={"path": str(published)},
    )


def write_ahead_logs(published: Path, place: Path) -> list[Path]:
    """Return the write-ahead logs left by programs that opened the published file for writing."""
    names = {path.with_name(path.name + ".wal") for path in (published, place)}
    return sorted(name for name in names if name.exists())


def create_candidate(place: Path) -> Path:
    """Create an empty file beside ``place``, to be filled and then moved there.

    Its mode is that of a new file, or private where it will replace a file and take that one's
    mode.
    """
    path = _candidate_path(place)
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if not place.exists():
        path.chmod(0o666 & ~user_umask())
    return path


def remove_candidate(place: Path) -> None:
    """Remove what a killed run left beside ``place``."""
    for left in candidate_files(place):
        left.unlink(missing_ok=True)


def candidate_files(place: Path) -> list[Path]:
    """Return the paths of the files that a run writes beside ``place`` before it replaces that."""
    path = _candidate_path(place)
    return [path, path.with_name(path.name + ".wal")]


def replace_published(new: Path, published: Path, place: Path) -> list[str]:
    """Move ``new`` to ``place`` in one rename, with the mode, group and owner of the former file.

    Return a sentence for each attribute that could not be kept. Programs that have the former file
    open keep reading it.
    """
    lost = _copy_permissions(place, new) if place.exists() else []
    flush_to_disk(new)
    _remove_logs(published, place)
    new.replace(place)
    _remove_logs(published, place)  # of a reader that still has the former file open
    flush_to_disk(place.parent)
    return lost


def _remove_logs(published: Path, place: Path) -> None:
    # DuckDB would read a log as part of the new file.
    for log in write_ahead_logs(published, place):
        log.unlink(missing_ok=True)


def _copy_permissions(old: Path, new: Path) -> list[str]:
    was, lost = old.stat(), []
    for what, uid, gid in (("owner", was.st_uid, -1), ("group", -1, was.st_gid)):
        try:
            os.chown(new, uid, gid)
        except OSError as error:
            lost.append(f"{old} could not keep its {what}: {error.strerror}.")
    now = new.stat()
    shutil.copystat(old, new)  # with access control lists
    os.utime(new)
    mode = stat.S_IMODE(was.st_mode)
    if now.st_gid != was.st_gid:
        mode &= ~stat.S_IRWXG  # those rights were another group's
    new.chmod(mode)
    return lost


def file_identity(place: Path) -> list[int]:
    """Return values that change when a program writes to the file or replaces it.

    No program can set the last one, the time of the inode's change.
    """
    found = place.stat()
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def _candidate_path(place: Path) -> Path:
    return place.with_name(f".{place.name}.new")
