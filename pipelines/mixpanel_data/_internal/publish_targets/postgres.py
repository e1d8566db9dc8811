"""Copies the publication into a schema of PostgreSQL, in one transaction.

The tables are loaded into the schema ``NAME_next``, verified there, and then take the place of the
former ones. Until the commit, readers see the former tables; a killed copy leaves nothing.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mixpanel_data._internal.publish_targets import postgres_types
from mixpanel_data._internal.publish_targets.configuration import (
    LONGEST_IDENTIFIER,
    PostgresTarget,
)
from mixpanel_data._internal.publish_targets.errors import failed
from mixpanel_data._internal.publish_targets.outcome import TargetCopy
from mixpanel_data._internal.publish_targets.postgres_connection import (
    Cursor,
    connect,
    lock_schema,
)
from mixpanel_data._internal.publish_targets.postgres_lines import LineReader
from mixpanel_data._internal.publish_targets.postgres_swap import swap
from mixpanel_data._internal.publish_targets.publication import Publication, Table
from mixpanel_data._internal.sql_literals import identifier
from mixpanel_data.exceptions import ConfigError

LOG = "_publication"
"""The table that names the publication, and the tables that belong to it."""

_LOG_COLUMNS = """
    publication text not null,
    built_at timestamp not null,
    published_at timestamptz not null default now(),
    settings text not null,
    table_name text primary key,
    row_count bigint not null,
    row_hash text not null
"""
_LOG_COMMENT = "One row per table: the publication that was copied here by `mp publish`, and when."
_LONGEST_KEY = 2_000
"""Bytes. PostgreSQL refuses to index values of more than about 2,700."""

OnTable = Callable[[str], None]


@dataclass(frozen=True)
class _Sums:
    rows: int
    hash: str
    replaced: int = 0


def copy_to_postgres(
    target: PostgresTarget, publication: Publication, on_table: OnTable, *, only_if_new: bool
) -> TargetCopy:
    """Copy the publication into the schema of the target, and verify it there.

    Raises:
        ConfigError: if the driver is missing, or a setting or a name does not fit the database.
        DatabaseLockedError: if another copy to this schema runs.
        PublishTargetError: if the server fails, the copy differs, or readers hold the tables for
            too long. The former tables are unchanged.
    """
    _require_names(target, publication.tables)
    settings = _settings_text(target)
    with connect(target) as pg, pg.cursor() as cursor:
        lock_schema(target, cursor)
        _require_role(target, cursor)
        former = _former(cursor, target)
        names = {table.name for table in publication.tables}
        if (
            only_if_new
            and former.stamp == (publication.id, settings)
            and names == set(former.tables)
        ):
            return _outcome(target, publication, former.tables, written=0, is_new=False)
        _create_next(target, cursor)
        sums = {
            table.name: _copy_table(target, publication, table, cursor, on_table)
            for table in publication.tables
        }
        _write_log(target, publication, settings, sums, cursor)
        warnings = swap(target, cursor, [*former.tables, LOG], [*sorted(names), LOG])
        pg.commit()
    if replaced := sum(found.replaced for found in sums.values()):
        warnings.append(
            f"Publish target {target.name}: {replaced:,} values that PostgreSQL can't store were "
            "replaced: NUL characters by U+FFFD, times outside its range by null."
        )
    rows = {name: found.rows for name, found in sums.items()}
    return _outcome(target, publication, rows, written=sum(rows.values()), warnings=warnings)


def _outcome(
    target: PostgresTarget,
    publication: Publication,
    rows: dict[str, int],
    *,
    written: int,
    is_new: bool = True,
    warnings: Sequence[str] = (),
) -> TargetCopy:
    return TargetCopy(
        target=target.name,
        kind=target.kind,
        place=target.place,
        publication=publication.id,
        tables=rows,
        written_rows=written,
        is_new=is_new,
        warnings=list(warnings),
    )


def _settings_text(target: PostgresTarget) -> str:
    """Return the settings that change what the tables are, for a comparison."""
    return repr((target.json_type, target.read_only_role, sorted(target.indexes.items())))


def _require_names(target: PostgresTarget, tables: Sequence[Table]) -> None:
    for table in tables:
        for name in (table.name, *(column.name for column in table.columns)):
            if len(name.encode()) > LONGEST_IDENTIFIER:
                raise ConfigError(
                    f"Publish target {target.name}: the name {name!r} in table {table.name} has "
                    f"{len(name.encode())} bytes, and PostgreSQL allows {LONGEST_IDENTIFIER}. "
                    "Give it a shorter `alias` in the variables, or leave the table out: `exclude`.",
                    details={"target": target.name, "table": table.name},
                )
        if table.name == LOG:
            raise ConfigError(
                f"Publish target {target.name}: a table {LOG} can't be copied; mp writes one of "
                "this name. Leave it out: `exclude`.",
                details={"target": target.name, "table": table.name},
            )
    by_name = {table.name: {column.name for column in table.columns} for table in tables}
    for name, indexes in target.indexes.items():
        for index in indexes:
            if not set(_columns_of(index)) <= by_name.get(name, set()):
                raise ConfigError(
                    f"Publish target {target.name}: `indexes` names {name} ({index}), and the "
                    "publication has no such table or columns.",
                    details={"target": target.name, "table": name},
                )


def _columns_of(index: str) -> list[str]:
    return [name.strip() for name in index.split(",")]


def _require_role(target: PostgresTarget, cursor: Cursor) -> None:
    if target.read_only_role is None:
        return
    cursor.execute("select 1 from pg_roles where rolname = %s", [target.read_only_role])
    if not cursor.fetchone():
        raise ConfigError(
            f"Publish target {target.name}: there is no role {target.read_only_role!r} "
            "(read_only_role). Create it: CREATE ROLE … LOGIN.",
            details={"target": target.name},
        )


@dataclass(frozen=True)
class _Former:
    stamp: tuple[str, str] | None
    tables: dict[str, int]


def _former(cursor: Cursor, target: PostgresTarget) -> _Former:
    log = identifier(target.schema_name, LOG)
    cursor.execute("select to_regclass(%s)", [log])
    row = cursor.fetchone()
    if row is None or row[0] is None:
        return _Former(None, {})
    cursor.execute(f"select publication, settings, table_name, row_count from {log}")
    rows = cursor.fetchall()
    stamp = (str(rows[0][0]), str(rows[0][1])) if rows else None
    return _Former(stamp, {str(name): int(count) for _, _, name, count in rows})


def next_schema(target: PostgresTarget) -> str:
    """Return the name of the schema that is loaded."""
    return f"{target.schema_name}_next"


_MARK = "mixpanel_data: a publication that is being written"


def _create_next(target: PostgresTarget, cursor: Cursor) -> None:
    name = next_schema(target)
    # The default, pglz, takes most of the time of a copy; not every server has lz4.
    cursor.execute(
        "select set_config(name, 'lz4', true) from pg_settings "
        "where name = 'default_toast_compression' and 'lz4' = any(enumvals)"
    )
    cursor.execute(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [name]
    )
    if found := cursor.fetchone():
        if found[0] != _MARK:
            raise ConfigError(
                f"Publish target {target.name}: there is a schema {name}, which is not of mp. "
                "Rename it, or choose another `schema`.",
                details={"target": target.name, "schema": name},
            )
        cursor.execute(f"drop schema {identifier(name)} cascade")
    cursor.execute(f"create schema {identifier(name)}")
    cursor.execute(f"comment on schema {identifier(name)} is '{_MARK}'")


def _copy_table(
    target: PostgresTarget,
    publication: Publication,
    table: Table,
    cursor: Cursor,
    on_table: OnTable,
) -> _Sums:
    on_table(table.name)
    json_type = target.json_type
    relation = identifier(next_schema(target), table.name)
    columns = ", ".join(postgres_types.column_sql(c, json_type) for c in table.columns)
    cursor.execute(f"create table {relation} ({columns})")
    lines = LineReader(publication.db, postgres_types.line_sql(table, json_type))
    # FREEZE: the rows are visible to every snapshot that finds the table, as the table itself is.
    cursor.copy_expert(f"copy {relation} from stdin (freeze)", lines, size=LineReader.SIZE)
    source = _Sums(*_one(publication.db.execute(postgres_types.sum_sql(table, json_type))))
    cursor.execute(postgres_types.stored_sum_sql(table, json_type, relation))
    stored = _Sums(*_one(cursor))
    if (source.rows, source.hash) != (stored.rows, stored.hash):
        what = (
            f"{stored.rows:,} rows and not {source.rows:,}"
            if stored.rows != source.rows
            else "other values"
        )
        raise failed(
            target,
            f"after the copy, table {table.name} has {what}",
            "The former tables there are unchanged.",
        )
    _create_indexes(target, publication, table, cursor, relation, source)
    for statement in postgres_types.comment_sql(relation, table):
        cursor.execute(statement)
    cursor.execute(f"analyze {relation}")
    return source


def _one(result: Any) -> tuple[Any, ...]:
    row: tuple[Any, ...] = result.fetchone()
    return row


def _create_indexes(
    target: PostgresTarget,
    publication: Publication,
    table: Table,
    cursor: Cursor,
    relation: str,
    source: _Sums,
) -> None:
    wanted = [_columns_of(index) for index in target.indexes.get(table.name, ())]
    if table.day_column and table.keys[:1] != (table.day_column,):
        wanted.append([table.day_column])
    if table.keys:
        nulls, longest = _key_facts(publication, table)
        if longest > _LONGEST_KEY:
            pass  # such a key can't be indexed
        elif nulls or source.replaced:
            wanted.append(list(table.keys))
        else:
            cursor.execute(f"alter table {relation} add primary key ({_listed(table.keys)})")
    for columns in wanted:
        cursor.execute(f"create index on {relation} ({_listed(columns)})")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(identifier(name) for name in names)


def _key_facts(publication: Publication, table: Table) -> tuple[int, int]:
    """Return the number of rows with a null in their key, and the bytes of the longest key."""
    names = [identifier(name) for name in table.keys]
    nulls = " OR ".join(f"{name} IS NULL" for name in names)
    length = " + ".join(f"coalesce(strlen({name}::VARCHAR), 0)" for name in names)
    return _one(
        publication.db.execute(
            f"SELECT count(*) FILTER (WHERE {nulls}), coalesce(max({length}), 0) FROM {table.sql}"
        )
    )


def _write_log(
    target: PostgresTarget,
    publication: Publication,
    settings: str,
    sums: dict[str, _Sums],
    cursor: Cursor,
) -> None:
    relation = identifier(next_schema(target), LOG)
    cursor.execute(f"create table {relation} ({_LOG_COLUMNS})")
    cursor.execute(f"comment on table {relation} is '{_LOG_COMMENT}'")
    for name, found in sums.items():
        cursor.execute(
            f"insert into {relation} (publication, built_at, settings, table_name, row_count, "
            "row_hash) values (%s, %s, %s, %s, %s, %s)",
            [publication.id, publication.built_at, settings, name, found.rows, found.hash],
        )


def check_postgres(target: PostgresTarget) -> str:
    """Return a sentence on the server, the rights there, and the publication that it has.

    Raises:
        ConfigError: if the driver is missing, a right or a role is, or a setting does not fit.
        PublishTargetError: if the server can't be reached.
    """
    started = time.monotonic()
    with connect(target) as pg, pg.cursor() as cursor:
        cursor.execute("show server_version")
        version = str(_one(cursor)[0])
        _require_role(target, cursor)
        cursor.execute(
            "select has_database_privilege(current_database(), 'create'), "
            "(select has_schema_privilege(oid, 'create, usage') from pg_namespace "
            "where nspname = %s)",
            [target.schema_name],
        )
        may_create, may_write = _one(cursor)
        if not may_create or may_write is False:
            needs = "CREATE on the database" if not may_create else "CREATE on the schema"
            raise ConfigError(
                f"Publish target {target.name}: this user lacks the right {needs}, which "
                f"`mp publish` needs for schema {target.schema_name}.",
                details={"target": target.name},
            )
        former = _former(cursor, target)
        pg.rollback()
    has = f"it has publication {former.stamp[0]}" if former.stamp else "nothing is published there"
    seconds = time.monotonic() - started
    return f"PostgreSQL {version} answers in {seconds:.1f} s; {target.place}: {has}"
