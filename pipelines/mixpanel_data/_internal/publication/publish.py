"""Publishes a successful build: copies it, reads the copy back, and renames it into place."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from mixpanel_data._display import Displayed
from mixpanel_data._internal.data_folder import place
from mixpanel_data._internal.data_folder.damage_messages import is_damage
from mixpanel_data._internal.data_folder.duckdb_defaults import MEMORY_LIMIT
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.database import contents
from mixpanel_data._internal.database.compaction import compact_if_larger
from mixpanel_data._internal.database.memory import ALONE, EACH_OF_TWO, memory_config
from mixpanel_data._internal.database.vacuum import set_vacuum_threshold
from mixpanel_data._internal.publication import build_stamp, file_copy, reconciliations, record
from mixpanel_data._internal.publication.build_file import (
    build_file,
    error_summary,
    move_to_damaged,
)
from mixpanel_data._internal.publication.record import PublicationRecord
from mixpanel_data.exceptions import MixpanelDataError, StorageError


@dataclass(frozen=True, repr=False)
class Published(Displayed):
    """The published file: its path, its size in bytes, and its tables with their numbers of
    rows."""

    path: Path
    bytes: int
    tables: dict[str, int]
    warnings: list[str] = field(default_factory=list)
    """The attributes of the former file that could not be kept."""


def publish(folder: DataFolder, *, memory_limit: str | None = None) -> Published:
    """Publish a copy of the last successful build. Readers of the former file keep it open.

    The copy is read back first by a connection of its own: every column of all parts whose bytes
    were not in an earlier publication. The caller must hold the folder's
    lock.

    Raises:
        MixpanelDataError: if there is no successful build; nothing is changed.
        StorageError: if the build can't be read back. The former file is kept, and the next build
            rebuilds all tables.
        ConfigError: if the path of the published file is a dangling link, or not a file.
    """
    where = place.resolve_published(folder.published)
    try:
        built = _finalize(folder, memory_limit or MEMORY_LIMIT)
    except duckdb.Error as error:
        if is_damage(error):
            raise _unreadable_build(folder, error) from error
        raise
    new = place.create_candidate(where)
    try:
        file_copy.copy_file(build_file(folder), new)
        # The rename is last, so that readers never open a file that was not read back.
        read_back = _read_back(folder, new, built, memory_limit or MEMORY_LIMIT)
        if former := record.read_record(folder):
            # If the run dies after the rename, the next one recognizes the file.
            record.write_record(folder, replace(former, next_digest=read_back.record.digest))
        lost = place.replace_published(new, folder.published, where)
    finally:
        place.remove_candidate(where)
    read_back.record.identity = place.file_identity(where)
    record.write_record(folder, read_back.record)
    return Published(folder.published, where.stat().st_size, read_back.tables, lost)


def _finalize(folder: DataFolder, memory_limit: str) -> build_stamp.Stamp:
    """Remove what readers do not need, add the history of comparisons, write the log into the file,
    and return its stamp."""
    path = build_file(folder)
    if not path.exists():
        raise MixpanelDataError("There is no build to publish.", details={"path": str(path)})
    with duckdb.connect(path, config=memory_config(memory_limit, ALONE)) as db:
        stamp = build_stamp.stamp_of(db)
        if stamp is None or stamp.built_at is None:
            raise MixpanelDataError(
                "The last build did not succeed, so it can't be published.",
                details={"path": str(path)},
            )
        # Views of raw data, which readers do not have.
        db.execute("drop schema if exists staging cascade")
        reconciliations.write_table(db, folder.reconciliations)
        set_vacuum_threshold(db)
        db.execute("force checkpoint")
    compact_if_larger(path, memory_limit, path.with_name("sizes.json"))
    return stamp


@dataclass(frozen=True)
class _ReadBack:
    record: PublicationRecord
    tables: dict[str, int]


def _read_back(
    folder: DataFolder, new: Path, built: build_stamp.Stamp, memory_limit: str
) -> _ReadBack:
    """Read the copy back, and compare it with the build. Return its tables and a record of it."""
    former = record.read_record(folder)
    digests = file_copy.file_digests(new)
    made = PublicationRecord(digests.whole, str(built.built_at))
    rows: dict[str, int] = {}
    config = memory_config(memory_limit, EACH_OF_TWO)
    try:
        with (
            duckdb.connect(new, read_only=True, config=config) as copy,
            duckdb.connect(build_file(folder), read_only=True, config=config) as build,
        ):
            for table in contents.list_tables(copy):
                known = former.known(table.sql) if former else frozenset()
                groups = contents.row_groups(copy, table, digests.blocks, known)
                found = contents.count_rows(copy, table)
                if found != contents.count_rows(build, table) or contents.sum_rows(
                    copy, table, groups.unknown
                ) != contents.sum_rows(build, table, groups.unknown):
                    raise duckdb.IOException(f"{table.name} differs from the build")
                made.row_groups[table.sql] = list(groups.digests)
                if table.schema == "main":
                    rows[table.name] = found
    except (duckdb.Error, IndexError) as error:
        raise _unreadable_build(folder, error) from error
    return _ReadBack(made, rows)


def _unreadable_build(folder: DataFolder, error: Exception) -> StorageError:
    kept = move_to_damaged(folder, build_file(folder))
    return StorageError(
        f"The build can't be read back ({error_summary(error)}), so the published tables are "
        f"unchanged. The file is kept as {kept}. Run `mp sync`: it rebuilds all tables.",
        details={"path": str(kept)},
    )
