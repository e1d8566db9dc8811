"""The file that dbt builds into. Readers get a copy, so they can't affect the next build."""

import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.duckdb_defaults import MEMORY_LIMIT
from mixpanel_data._internal.data_folder.os_errors import lock_holder
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.database.memory import ALONE, memory_config
from mixpanel_data._internal.database.table_names import RECONCILIATIONS, STAMP
from mixpanel_data._internal.publication import build_stamp
from mixpanel_data._internal.sql_literals import identifier, literal
from mixpanel_data.exceptions import DatabaseLockedError

LONGEST_END_SECONDS = 10.0
"""The time that a dbt process may take to end after its parent was killed."""

_OUR_SCHEMAS = ("working", "staging")
_MODEL = "model.mixpanel_data."
"""The prefix of the package's models in `build_state`."""


@dataclass(frozen=True)
class BuildFileState:
    """``empty`` is True if everything must be built; ``warning`` reports a damaged former file."""

    empty: bool
    warning: str | None = None


def build_file(folder: DataFolder) -> Path:
    """Return the file that the build writes and ``publish`` copies."""
    return folder.build / "next.duckdb"


def damaged_folder(folder: DataFolder) -> Path:
    """Return the folder of damaged files, with the last one of each name."""
    return folder.build / "damaged"


def prepare_build_file(
    folder: DataFolder,
    fingerprint: str,
    storage_version: str,
    *,
    start_empty: bool = False,
    ours: Collection[str] = (),
    in_project: bool = False,
) -> BuildFileState:
    """Prepare a file at ``build_file`` that the build can write.

    It is the one of the last build, unless that was made by other models or settings, is damaged,
    or ``start_empty`` requests an empty one. If ``ours`` has the names of the package's tables, an
    empty file keeps the tables of other names: a user's snapshots can't be rebuilt. ``in_project``
    is true when a user's project is built, which makes such tables.

    Raises:
        DatabaseLockedError: if a user's project is built, and another process has the file open.
    """
    target, warning = build_file(folder), None
    folder.build.mkdir(parents=True, exist_ok=True)
    delete_database(folder.build / "retired.duckdb")  # a file of earlier versions
    if target.exists() and not start_empty:
        try:
            if build_stamp.mark_building(target, fingerprint):
                return BuildFileState(empty=False)
        except duckdb.Error as error:
            if not _is_in_use(error):
                warning = _move_to_damaged(folder, error)
    if ours and target.exists():
        # A copy instead of drops, since DuckDB does not shrink a file when tables are dropped.
        new = target.with_name("emptied.duckdb")
        delete_database(new)
        build_stamp.create_stamped_file(new, fingerprint, storage_version)
        try:
            kept = _copy_tables_of_others(target, new, ours, wait=in_project)
            # The log first: DuckDB would apply a log that is left to the new file.
            _write_ahead_log(target).unlink(missing_ok=True)
            new.replace(target)
            return BuildFileState(empty=True, warning=warning or _left_over(kept, in_project))
        except DatabaseLockedError:
            if in_project:
                raise
        except duckdb.Error as error:
            warning = _move_to_damaged(folder, error)
        finally:
            delete_database(new)
    delete_database(target)
    build_stamp.create_stamped_file(target, fingerprint, storage_version)
    return BuildFileState(empty=True, warning=warning)


def _move_to_damaged(folder: DataFolder, error: Exception) -> str:
    target = build_file(folder)
    kept = move_to_damaged(folder, target)
    return (
        f"{target} is damaged ({error_summary(error)}); it is kept as {kept}, and all tables are "
        f"rebuilt from {folder.raw.name}."
    )


def _left_over(tables: Sequence[str], in_project: bool) -> str | None:
    if in_project or not tables:
        return None
    return (
        "Tables of a project are in this data folder, and no project was found here: "
        f"{', '.join(tables)}. They are unchanged. Run mp in the project, or set MP_PROJECT_DIR."
    )


def _copy_tables_of_others(
    former: Path, new: Path, ours: Collection[str], *, wait: bool
) -> list[str]:
    """Copy the tables that are not the package's, and return their names."""
    with _attach_former(new, former, LONGEST_END_SECONDS if wait else 0) as db:
        tables = _tables_of_others(db, ours)
        for schema, table in tables:
            db.execute(f"create schema if not exists {identifier(schema)}")
            name = identifier(schema, table)
            db.execute(f"create table {name} as from former.{name}")
    return [table if schema == "main" else f"{schema}.{table}" for schema, table in tables]


@contextmanager
def _attach_former(
    new: Path, former: Path, wait_seconds: float
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open ``new`` with ``former`` attached, once no process writes that.

    A dbt process whose parent was killed ends soon.
    """
    with duckdb.connect(new, config=memory_config(MEMORY_LIMIT, ALONE)) as db:
        db.execute("set preserve_insertion_order = false")
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                db.execute(f"attach {literal(former)} as former")
                break
            except duckdb.Error as error:
                if not _is_in_use(error):
                    raise
                if time.monotonic() > deadline:
                    raise DatabaseLockedError(
                        f"{former} is in use by another process. Retry when that has ended.",
                        details={"path": str(former)},
                    ) from None
                time.sleep(0.2)
        yield db


def _tables_of_others(
    db: duckdb.DuckDBPyConnection, ours: Collection[str]
) -> list[tuple[str, str]]:
    tables = db.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = 'former' and not internal"
    ).fetchall()
    built = set(ours) | {STAMP, RECONCILIATIONS}
    if ("working", "build_state") in tables:  # also those that an earlier version made
        built |= {
            name.removeprefix(_MODEL)
            for (name,) in db.execute(
                "select name from former.working.build_state where kind = 'model'"
            ).fetchall()
            if name.startswith(_MODEL)
        }
    return [
        (schema, name)
        for schema, name in tables
        if schema not in _OUR_SCHEMAS and not (schema == "main" and name in built)
    ]


def move_to_damaged(folder: DataFolder, path: Path) -> Path:
    """Move a damaged file away, private, in place of an older one; return its new path."""
    kept = _damaged_path(folder, path)
    _write_ahead_log(path).unlink(missing_ok=True)
    path.replace(kept)
    kept.chmod(0o600)
    return kept


def copy_to_damaged(folder: DataFolder, path: Path) -> Path:
    """Like :func:`move_to_damaged`, for a published file, which is kept until another replaces it."""
    kept = _damaged_path(folder, path)
    kept.unlink(missing_ok=True)
    kept.touch(mode=0o600)
    shutil.copyfile(path, kept)
    return kept


def _damaged_path(folder: DataFolder, path: Path) -> Path:
    where = damaged_folder(folder)
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    return where / path.name


def delete_database(path: Path) -> None:
    """Delete a database and its log; the log first, so that the rest is a valid, older database."""
    _write_ahead_log(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def error_summary(error: Exception) -> str:
    """Return the message of an error, without DuckDB's stack trace."""
    return str(error).strip().split("\n", 1)[0]


def _is_in_use(error: duckdb.Error) -> bool:
    # A killed run may leave its dbt process, which ends by itself and does not use the new file.
    return lock_holder(str(error)) is not None


def _write_ahead_log(path: Path) -> Path:
    return path.with_name(path.name + ".wal")
