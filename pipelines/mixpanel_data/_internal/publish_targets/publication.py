"""The publication that is copied: its id, its tables, and their columns, keys and comments."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mixpanel_data._internal.data_folder.duckdb_defaults import MEMORY_LIMIT
from mixpanel_data._internal.database.comments import parse_comment
from mixpanel_data._internal.database.connections import Connection
from mixpanel_data._internal.database.table_names import is_same
from mixpanel_data._internal.publication import parquet_tables
from mixpanel_data._internal.publish_targets.configuration import PublishTarget
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.sql_literals import identifier
from mixpanel_data.exceptions import ConfigError, MixpanelDataError

ROW_HASH_DIGITS = 15
"""Hexadecimal digits of a row's MD5 that are summed: 60 bits, which fit into a BIGINT."""


@dataclass(frozen=True)
class Column:
    """A column: its name, its type in DuckDB, and its comment."""

    name: str
    type: str
    comment: str | None

    @property
    def sql(self) -> str:
        """The quoted name."""
        return identifier(self.name)


@dataclass(frozen=True)
class Table:
    """A published table. ``keys`` are the columns in which no two rows agree."""

    name: str
    comment: str | None
    columns: tuple[Column, ...]
    keys: tuple[str, ...]

    @property
    def sql(self) -> str:
        """The qualified name in the open publication."""
        return identifier("published", "main", self.name)

    @property
    def day_column(self) -> str | None:
        """The first column that is a date; None for tables about the tables, and without one."""
        if self.name.startswith("_"):
            return None
        return next((column.name for column in self.columns if column.type == "DATE"), None)


@dataclass(frozen=True)
class Publication:
    """An open publication. ``id`` is equal for copies of the same build; ``built_at`` is naive
    UTC."""

    db: Connection
    id: str
    built_at: datetime
    tables: tuple[Table, ...]
    """The tables to copy to the target."""


@contextmanager
def open_publication(
    settings: Settings, target: PublishTarget, output: Path | None = None
) -> Iterator[Publication]:
    """Open the newest publication for a copy to ``target``. Files can be written to ``output``.

    A sync that publishes in the meantime does not affect it.

    Raises:
        NothingPublishedError: if nothing is published.
        ConfigError: if a table that the settings of the target name does not exist.
        DatabaseLockedError: if a program has the published file open for writing.
        DatabaseDamagedError: if it can't be read.
    """
    limit = settings.memory_limit or MEMORY_LIMIT
    with parquet_tables.open_for_export(
        settings.folder, limit, output or settings.folder.build
    ) as db:
        publication_id, built_at = _stamp(db)
        tables = tuple(_tables(db, _chosen(_table_names(db), target)))
        yield Publication(db, publication_id, built_at, tables)


def newest_publication(settings: Settings) -> str:
    """Return the id of the newest publication.

    Raises:
        NothingPublishedError: if nothing is published.
        DatabaseLockedError: if a program has the published file open for writing.
        DatabaseDamagedError: if it can't be read.
    """
    limit = settings.memory_limit or MEMORY_LIMIT
    with parquet_tables.open_for_export(settings.folder, limit, settings.folder.build) as db:
        return _stamp(db)[0]


def _stamp(db: Connection) -> tuple[str, datetime]:
    row = db.execute("SELECT fingerprint, built_at FROM published.main._build").fetchone()
    if row is None or row[1] is None:
        raise MixpanelDataError("The published file has no record of its build. Run `mp sync`.")
    digest = hashlib.sha256(str(row[0]).encode()).hexdigest()
    return f"{row[1]:%Y%m%dT%H%M%S%f}-{digest[:8]}", row[1]


def _table_names(db: Connection) -> list[str]:
    rows = db.execute(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE database_name = 'published' AND schema_name = 'main' ORDER BY ALL"
    )
    return [str(name) for (name,) in rows.fetchall()]


def _chosen(there: Sequence[str], target: PublishTarget) -> list[str]:
    missing = [
        name
        for name in (*target.tables, *target.exclude)
        if not any(is_same(name, table) for table in there)
    ]
    if missing:
        raise ConfigError(
            f"Publish target {target.name}: there is no published table "
            f"{' or '.join(map(repr, missing))}. There are: {', '.join(there)}.",
            details={"target": target.name, "tables": missing},
        )
    chosen = [
        table
        for table in there
        if (not target.tables or any(is_same(name, table) for name in target.tables))
        and not any(is_same(name, table) for name in target.exclude)
    ]
    if not chosen:
        raise ConfigError(
            f"Publish target {target.name}: `tables` and `exclude` leave no table to copy.",
            details={"target": target.name},
        )
    return chosen


def _tables(db: Connection, names: Sequence[str]) -> Iterator[Table]:
    comments = dict(
        db.execute(
            "SELECT table_name, comment FROM duckdb_tables() "
            "WHERE database_name = 'published' AND schema_name = 'main'"
        ).fetchall()
    )
    for name in names:
        columns = tuple(
            Column(*row)
            for row in db.execute(
                "SELECT column_name, data_type, comment FROM duckdb_columns() "
                "WHERE database_name = 'published' AND schema_name = 'main' AND table_name = $1 "
                "ORDER BY column_index",
                [name],
            ).fetchall()
        )
        keys = tuple(parse_comment(comments[name]).keys)
        known = {column.name for column in columns}
        yield Table(name, comments[name], columns, keys if known.issuperset(keys) else ())
