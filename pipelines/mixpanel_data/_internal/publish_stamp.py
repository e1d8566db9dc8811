"""What a build file says of itself: which models made it, and whether its last build was green."""

from importlib.metadata import version
from pathlib import Path

import duckdb

_TABLE = """
create table {file}._build (fingerprint varchar, built_at timestamp, dbt_version varchar, storage_version varchar);
comment on table {file}._build is 'One row: how this file was made.';
comment on column {file}._build.fingerprint is 'Hash of the models and settings that made it.';
comment on column {file}._build.built_at is 'When its last build ended well, UTC. Null while one is under way.';
comment on column {file}._build.dbt_version is 'The dbt that built it.';
comment on column {file}._build.storage_version is 'The oldest DuckDB that can open it.';
"""


def create(path: Path, fingerprint: str, storage_version: str) -> None:
    """Makes an empty, stamped file at ``path`` that DuckDB clients from ``storage_version`` on can open."""
    with duckdb.connect() as db:
        db.execute(f"attach {_literal(path)} as file (storage_version {_literal(storage_version)})")
        db.execute(_TABLE.format(file="file"))
        db.execute(
            "insert into file._build values (?, null, ?, ?)",
            [fingerprint, version("dbt-core"), storage_version],
        )


def begin(path: Path, fingerprint: str) -> bool:
    """Marks ``path`` as being built; False, with nothing done, when other models made it or it can't be written."""
    try:
        with duckdb.connect(path) as db:
            found = db.execute("select fingerprint from _build").fetchall()
            if found != [(fingerprint,)]:
                return False
            db.execute("update _build set built_at = null")
            return True
    except duckdb.Error:
        return False


def finish(path: Path) -> None:
    """Marks the build of ``path`` as green."""
    with duckdb.connect(path) as db:
        db.execute(
            "update _build set built_at = now() at time zone 'UTC', dbt_version = ?",
            [version("dbt-core")],
        )


def _literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
