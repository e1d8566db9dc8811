"""Backs up the databases of a data folder that is in use, and restores them.

A backup has the form of a data folder: ``raw.duckdb``, ``workspace.duckdb`` and
``build/next.duckdb``, which holds the snapshots of a project. The published file is a copy of the
build, and is published from it when the backup is restored. Everything else in a data folder can be
fetched or computed once more.
"""

import dataclasses
import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from pydantic import TypeAdapter, ValidationError

from mixpanel_data._display import Displayed
from mixpanel_data._internal.clock import now
from mixpanel_data._internal.data_folder.atomic_files import flush_to_disk, write_atomically
from mixpanel_data._internal.data_folder.damage import (
    damage_error,
    database_files,
    require_raw,
)
from mixpanel_data._internal.data_folder.duckdb_defaults import MEMORY_LIMIT
from mixpanel_data._internal.data_folder.errors import translate_errors
from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.data_folder.os_errors import lock_holder, translate_os_errors
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.data_folder.private_files import (
    PRIVATE_FOLDER,
    private_files,
    require_file,
)
from mixpanel_data._internal.data_folder.start_over import start_over
from mixpanel_data._internal.database.memory import ALONE, memory_config
from mixpanel_data._internal.database.read_only import open_read_only
from mixpanel_data._internal.ledger.reader import read_ledger
from mixpanel_data._internal.ledger.row_check import Disagreement
from mixpanel_data._internal.publication.build_file import LONGEST_END_SECONDS, build_file
from mixpanel_data._internal.publication.build_stamp import read_stamp
from mixpanel_data._internal.publication.file_copy import copy_in_subprocess
from mixpanel_data._internal.publication.publish import publish
from mixpanel_data._version import __version__
from mixpanel_data.exceptions import (
    ConfigError,
    DatabaseDamagedError,
    DatabaseMissingError,
    NothingPublishedError,
)
from mixpanel_data.sync.defaults import LOCK_WAIT_SECONDS
from mixpanel_data.sync.verify import check_folder

MANIFEST = "backup.json"
"""The list of a backup's files, written last: a folder without it is no backup."""

_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class BackupFile:
    """A database of a backup: its path in the folder, its bytes and its SHA-256."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, repr=False)
class Backup(Displayed):
    """A backup, as its manifest describes it."""

    path: Path
    """Its folder."""
    created_at: datetime
    """In UTC."""
    project_id: str | None
    """None if no event or profile was ever loaded."""
    region: str | None
    days: int
    """Days of events in the ledger."""
    events: int
    """Their rows."""
    profiles: int
    """User profiles."""
    files: tuple[BackupFile, ...]
    versions: dict[str, str] = field(default_factory=dict)
    """The versions of this package and of DuckDB that wrote it."""
    disagreements: tuple[Disagreement, ...] = ()
    """Days and profiles with another number of rows than in the ledger, when it was made."""

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.bytes for file in self.files)

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON."""
        values = asdict(self) | {"path": str(self.path), "created_at": self.created_at.isoformat()}
        return values | {"disagreements": list(map(str, self.disagreements))}


@dataclass(frozen=True, repr=False)
class Restored(Displayed):
    """The result of a restore."""

    data_dir: Path
    backup: Backup
    published: Path | None
    """The published file; None if the backup had no successful build to publish."""
    kept: tuple[Path, ...] = ()
    """The new paths of the databases that were replaced."""
    disagreements: tuple[Disagreement, ...] = ()
    """Days and profiles with another number of rows than in the ledger."""

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON."""
        return {
            "data_dir": str(self.data_dir),
            "backup": self.backup.to_dict(),
            "published": str(self.published) if self.published else None,
            "kept": list(map(str, self.kept)),
            "disagreements": list(map(str, self.disagreements)),
        }


_MANIFEST = TypeAdapter(Backup)


def back_up(
    folder: DataFolder,
    target: Path | str,
    *,
    workspace: bool = True,
    lock_wait_seconds: float = LOCK_WAIT_SECONDS,
) -> Backup:
    """Copy the databases of ``folder`` to the new folder ``target``: ``mp backup``.

    The lock of the data folder is held while the files are copied, so the copy is one state of it.
    Then every block of the copies is read, and their rows are compared with the ledger. ``target``
    appears when all of this is done.

    Args:
        folder: The data folder.
        target: The folder to create. Its parents are created, too.
        workspace: Include the tables that workspaces fetched.
        lock_wait_seconds: The longest wait for another process that works in the data folder.

    Raises:
        ConfigError: if ``target`` exists and is not an empty folder.
        NothingPublishedError: if the data folder has no database.
        DatabaseLockedError: if another process works in the data folder, or has one of the
            databases open for writing.
        DatabaseMissingError: if there was a raw database, and there is none now.
        DatabaseDamagedError: if a database can't be read completely; no backup is made.
        StorageError: if there is no space or no permission.
    """
    place = Path(target).expanduser().resolve()
    _require_new(place)
    if not database_files(folder.root):
        raise NothingPublishedError(str(folder.root))
    # In the same folder, so that the rename at the end stays on one disk and is atomic.
    new = place.with_name(f".{place.name}.part")
    with translate_errors(place.parent), private_files(), _temporary_folder(new):
        (new / "build").mkdir(mode=PRIVATE_FOLDER)
        with exclusive(folder, wait_seconds=lock_wait_seconds):
            # Inside the lock: another run may have moved the file while this one waited.
            require_raw(folder)
            for source in _databases(folder, workspace=workspace):
                _copy_database(source, new / source.relative_to(folder.root))
        # The copies are checked, not the originals, and without the lock: what is on this disk is
        # what a restore would read.
        copied = DataFolder(new)
        found = check_folder(copied)
        for file in found.damaged:
            original = folder.root / file.path.relative_to(new)
            raise damage_error(dataclasses.replace(file, path=original))
        backup = _describe(copied, place, found.disagreements)
        # Last, and before the rename: a folder with a manifest has all of its files.
        write_atomically(new / MANIFEST, _MANIFEST.dump_json(backup, exclude={"path"}, indent=2))
        flush_to_disk(new / "build")
        flush_to_disk(new)
        if place.exists():
            place.rmdir()
        new.replace(place)
        flush_to_disk(place.parent)
    return backup


def restore(
    source: Path | str,
    folder: DataFolder,
    *,
    replace: bool = False,
    lock_wait_seconds: float = LOCK_WAIT_SECONDS,
) -> Restored:
    """Put the databases of the backup ``source`` into ``folder``, and publish: ``mp restore``.

    The files are copied beside those of the data folder, compared with the backup's manifest and
    read completely before any other file is touched. Then their rows are compared with the ledger.

    Args:
        source: The folder of the backup.
        folder: The data folder. It need not exist.
        replace: Replace the databases of a data folder that has some. They are renamed and kept.
        lock_wait_seconds: The longest wait for another process that works in the data folder.

    Raises:
        ConfigError: if ``source`` is no backup, or the data folder has databases and ``replace`` is
            false.
        DatabaseLockedError: if another process works in the data folder.
        DatabaseDamagedError: if a file of the backup is damaged or was changed. The data folder is
            unchanged.
        StorageError: if there is no space or no permission.
    """
    place = Path(source).expanduser().resolve()
    backup = read_backup(place)
    with exclusive(folder, wait_seconds=lock_wait_seconds):
        if not replace:
            _require_without_databases(folder)
        # On the disk of the data folder, since the files are renamed into their places.
        new = folder.root / ".restore"
        with _temporary_folder(new):
            (new / "build").mkdir(mode=PRIVATE_FOLDER)
            for file in backup.files:
                _copy_verified(place, file, new)
            found = check_folder(DataFolder(new))
            for damaged in found.damaged:
                raise _unlike_the_manifest(place, str(damaged.path.relative_to(new)))
            kept = _move_away(folder)
            # The raw database is last: without it no run begins.
            for file in sorted(backup.files, key=lambda file: file.path == folder.raw.name):
                (new / file.path).replace(folder.root / file.path)
            flush_to_disk(folder.build)
            flush_to_disk(folder.root)
        published = _publish(folder)
        return Restored(folder.root, backup, published, tuple(kept), found.disagreements)


def read_backup(place: Path) -> Backup:
    """Return the backup in a folder, as its manifest describes it.

    Raises:
        ConfigError: if there is none.
    """
    path = place / MANIFEST
    try:
        values = json.loads(path.read_bytes())
        backup = _MANIFEST.validate_python({**values, "path": place})
    except OSError as error:
        raise ConfigError(
            f"{place} is no backup: {MANIFEST} can't be read ({error.strerror}). Name a folder "
            "that `mp backup` made.",
            details={"path": str(place)},
        ) from None
    except (ValueError, TypeError, ValidationError) as error:
        raise ConfigError(
            f"{path} is not the manifest of a backup: {' '.join(str(error).split())[:200]}. Use "
            "another backup.",
            details={"path": str(path)},
        ) from None
    # A manifest is a file that anybody may have edited; it must not name a path outside.
    known = {str(path.relative_to(place)) for path in _paths(DataFolder(place))}
    if wrong := sorted({file.path for file in backup.files} - known):
        raise ConfigError(
            f"{path} lists files that no backup has: {', '.join(wrong)}. Use another backup.",
            details={"path": str(path), "files": wrong},
        )
    return backup


def _paths(folder: DataFolder) -> tuple[Path, ...]:
    return folder.raw, folder.workspace, build_file(folder)


def _databases(folder: DataFolder, *, workspace: bool) -> list[Path]:
    return [
        path
        for path in _paths(folder)
        if path.is_file() and (workspace or path != folder.workspace)
    ]


def _require_new(place: Path) -> None:
    if place.is_dir() and not any(place.iterdir()):
        return
    if place.exists() or place.is_symlink():
        raise ConfigError(
            f"{place} exists. A backup is written to a new folder: name another.",
            details={"path": str(place)},
        )


def _require_without_databases(folder: DataFolder) -> None:
    if found := database_files(folder.root):
        names = ", ".join(str(path.relative_to(folder.root)) for path in found)
        raise ConfigError(
            f"{folder.root} has databases: {names}. Restore into another folder (--data-dir), or "
            "replace them with --replace: they are renamed and kept.",
            details={"data_dir": str(folder.root), "files": list(map(str, found))},
        )


@contextmanager
def _temporary_folder(path: Path) -> Iterator[None]:
    """Create a private folder, in place of one that a killed run left, and remove it after the
    block."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=PRIVATE_FOLDER, parents=True)
    try:
        yield
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database, with its write-ahead log applied.

    While it is copied, this process has it open for reading, so no other can write to it.
    """
    log = source.with_name(f"{source.name}.wal")
    with _kept_from_writers(source), translate_os_errors(target.parent):
        copy_in_subprocess(source, target)
        if log.exists():
            copy_in_subprocess(log, target.with_name(f"{target.name}.wal"))
    if target.with_name(f"{target.name}.wal").exists():
        with duckdb.connect(target, config=memory_config(MEMORY_LIMIT, ALONE)) as db:
            db.execute("SET max_vacuum_tasks = 0")
            db.execute("FORCE CHECKPOINT")


@contextmanager
def _kept_from_writers(path: Path) -> Iterator[None]:
    """Have ``path`` open for reading.

    A dbt process whose parent was killed has the build open for some seconds. Raises duckdb.Error
    if another process still writes to it then.
    """
    deadline = time.monotonic() + LONGEST_END_SECONDS
    while True:
        try:
            with open_read_only(path):
                yield
            return
        except duckdb.IOException as error:
            if lock_holder(str(error)) is None or time.monotonic() > deadline:
                raise
        time.sleep(_POLL_SECONDS)


def _describe(folder: DataFolder, place: Path, disagreements: Sequence[Disagreement]) -> Backup:
    ledger = read_ledger(folder.raw)
    project = ledger.projects[0] if ledger.projects else (None, None)
    return Backup(
        path=place,
        created_at=now(),
        project_id=project[0],
        region=project[1],
        days=len(ledger.days),
        events=sum(day.row_count for day in ledger.days.values()),
        profiles=ledger.profile_counts.get("", 0),
        files=tuple(
            BackupFile(str(path.relative_to(folder.root)), path.stat().st_size, _sha256(path))
            for path in _databases(folder, workspace=True)
        ),
        versions={"mixpanel_data": __version__, "duckdb": duckdb.__version__},
        disagreements=tuple(disagreements),
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy_verified(place: Path, file: BackupFile, new: Path) -> None:
    source, target = place / file.path, new / file.path
    require_file(source)
    if not source.exists():
        raise DatabaseMissingError(
            f"{source} is missing, which {MANIFEST} lists. Use another backup.",
            details={"path": str(source)},
        )
    shutil.copyfile(source, target)
    target.chmod(0o600)
    if _sha256(target) != file.sha256:
        raise _unlike_the_manifest(place, file.path)
    flush_to_disk(target)


def _unlike_the_manifest(place: Path, name: str) -> DatabaseDamagedError:
    return DatabaseDamagedError(
        f"{place / name} is damaged, or was changed after the backup was made. Nothing was "
        "restored: use another backup.",
        details={"path": str(place / name), "readable": [], "unreadable": [], "damage": "changed"},
    )


def _move_away(folder: DataFolder) -> list[Path]:
    """Rename the databases of the folder, and remove what belongs to them. Return the new paths."""
    # With microseconds, so that two restores in one second keep both.
    stamp = f"{now():%Y%m%dT%H%M%S%f}"
    kept = []
    for path in _databases(folder, workspace=True):
        name = "build" if path.parent == folder.build else path.stem
        target = folder.root / f"{name}-before-{stamp}.duckdb"
        log = path.with_name(f"{path.name}.wal")
        if log.exists():
            log.replace(target.with_name(f"{target.name}.wal"))
        path.replace(target)
        kept.append(target)
    shutil.rmtree(folder.landing, ignore_errors=True)
    start_over(folder)
    return kept


def _publish(folder: DataFolder) -> Path | None:
    """Publish the restored build; return None if it is not a successful one."""
    built = build_file(folder)
    stamp = read_stamp(built) if built.exists() else None
    if stamp is None or stamp.built_at is None:
        return None
    return publish(folder).path
