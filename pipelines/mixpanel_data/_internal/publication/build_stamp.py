"""The stamp in a build file: which models made it, and when its last build succeeded."""

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from mixpanel_data._internal.sql_literals import literal
from mixpanel_data.exceptions import ConfigError, MixpanelDataError

_TABLE = """
create table {file}._build (fingerprint varchar, built_at timestamp, dbt_version varchar, storage_version varchar);
comment on table {file}._build is 'One row: how this file was made.';
comment on column {file}._build.fingerprint is 'Hash of the models and settings that made it.';
comment on column {file}._build.built_at is 'When its last build succeeded, UTC. Null during a build.';
comment on column {file}._build.dbt_version is 'The dbt that built it.';
comment on column {file}._build.storage_version is 'The oldest DuckDB that can open it.';
"""


@dataclass(frozen=True)
class Stamp:
    """``built_at`` is naive UTC; None during a build, or after one that failed."""

    fingerprint: str
    built_at: datetime | None


def has_same_base(one: str, other: str) -> bool:
    """Return True if tables of one fingerprint can be carried on by the models of the other: they
    differ at most in what follows a full stop, the models of the user's own project."""
    return one.partition(".")[0] == other.partition(".")[0]


def require_storage_version(version: str) -> None:
    """Raise ConfigError if the installed DuckDB can't write files of this storage version."""
    with duckdb.connect() as db:
        try:
            db.execute(f"attach ':memory:' as file (storage_version {literal(version)})")
        except duckdb.InvalidInputException:
            raise ConfigError(
                f"MP_STORAGE_VERSION is {version}, and DuckDB {duckdb.__version__} knows no such version. "
                "Name the oldest DuckDB that must be able to read the tables, such as v1.2.0.",
                details={"storage_version": version},
            ) from None


def create_stamped_file(path: Path, fingerprint: str, storage_version: str) -> None:
    """Make an empty, stamped file at ``path`` that DuckDB clients from ``storage_version`` on can
    open."""
    with duckdb.connect() as db:
        db.execute(f"attach {literal(path)} as file (storage_version {literal(storage_version)})")
        db.execute(_TABLE.format(file="file"))
        db.execute(
            "insert into file._build values (?, null, ?, ?)",
            [fingerprint, version("dbt-core"), storage_version],
        )


def read_stamp(path: Path) -> Stamp | None:
    """Return the stamp of ``path``; None if there is no such file.

    Raises:
        duckdb.Error: if it can't be opened, or has no stamp.
    """
    if not path.exists():
        return None
    with duckdb.connect(path, read_only=True) as db:
        return stamp_of(db)


def stamp_of(db: duckdb.DuckDBPyConnection) -> Stamp | None:
    """Return the stamp of an open build file; None without a row. Raise ``duckdb.Error`` without
    the table."""
    row = db.execute("select fingerprint, built_at from _build").fetchone()
    return Stamp(*row) if row else None


def mark_building(path: Path, fingerprint: str) -> bool:
    """Mark ``path`` as being built. Return False, with nothing done, if other models made it.

    Raises:
        duckdb.Error: if it can't be opened, is in use, or has no stamp.
    """
    with duckdb.connect(path) as db:
        found = stamp_of(db)
        if found is None or not has_same_base(found.fingerprint, fingerprint):
            return False
        db.execute("update _build set built_at = null, fingerprint = ?", [fingerprint])
        return True


def mark_built(path: Path) -> None:
    """Mark the build of ``path`` as successful.

    Raises:
        MixpanelDataError: if dbt succeeded without building all tables, so that its loads do not
            count as built.
    """
    with duckdb.connect(path) as db:
        # dbt drops it at the end of a build of all tables
        if db.execute(
            "from duckdb_tables() where schema_name = 'working' and table_name = 'seen_loads'"
        ).fetchone():
            raise MixpanelDataError(
                "dbt did not build every table, so the published ones are unchanged. "
                "The next build repeats the same days.",
                details={"path": str(path)},
            )
        db.execute(
            "update _build set built_at = now() at time zone 'UTC', dbt_version = ?",
            [version("dbt-core")],
        )
