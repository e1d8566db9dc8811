"""Where readers open the published file, and how another one takes its place: links are followed,
rights are kept."""

import os
import shutil
import stat
from pathlib import Path

from mixpanel_data._internal.data_folder.atomic_files import flush
from mixpanel_data._internal.data_folder.private_files import users_mask
from mixpanel_data.exceptions import ConfigError


def place_of(published: Path) -> Path:
    """The regular file that ``published`` is, or that it links to; it may not exist yet.

    Raises:
        ConfigError: it is a link to nothing, or a loop of links, or no file.
    """
    try:
        place = published.resolve(strict=True)
    except FileNotFoundError:
        if published.is_symlink():
            raise _refused(
                published, f"is a link to {published.readlink()}, which does not exist"
            ) from None
        return published
    except (OSError, RuntimeError):  # Python 3.13 raises the first, older ones the second
        raise _refused(published, "is a link that leads back to itself") from None
    if not place.is_file():
        raise _refused(published, "is no file")
    return place


def _refused(published: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{published} {why}. Tables are published there: remove it, or link it to a file.",
        details={"path": str(published)},
    )


def logs_beside(published: Path, place: Path) -> list[Path]:
    """Write-ahead logs that somebody left who opened the published file to write into it."""
    names = {path.with_name(path.name + ".wal") for path in (published, place)}
    return sorted(name for name in names if name.exists())


def candidate(place: Path) -> Path:
    """An empty file beside ``place``, to be filled and put there. Readable as new files are, or by
    us alone."""
    path = _candidate_of(place)
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if not place.exists():
        path.chmod(0o666 & ~users_mask())
    return path


def clear(place: Path) -> None:
    """Remove what a killed run left beside ``place``."""
    path = _candidate_of(place)
    for left in (path, path.with_name(path.name + ".wal")):
        left.unlink(missing_ok=True)


def put(new: Path, published: Path, place: Path) -> list[str]:
    """Put ``new`` in place, with the rights, group and owner of what is there, in one rename.

    Returns what could not be kept, a sentence each. Whoever has the former file open keeps it.
    """
    lost = _take_rights(place, new) if place.exists() else []
    flush(new)
    _remove_logs(published, place)
    new.replace(place)
    _remove_logs(published, place)  # of somebody who still has the former file open
    flush(place.parent)
    return lost


def _remove_logs(published: Path, place: Path) -> None:
    # A log would be read as part of the new file.
    for log in logs_beside(published, place):
        log.unlink(missing_ok=True)


def _take_rights(old: Path, new: Path) -> list[str]:
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


def identity(place: Path) -> list[int]:
    """What changes when anybody writes into the file or puts another in its place: no program can
    set the last one."""
    found = place.stat()
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def _candidate_of(place: Path) -> Path:
    return place.with_name(f".{place.name}.new")
