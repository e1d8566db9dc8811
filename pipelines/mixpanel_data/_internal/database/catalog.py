"""Lists the tables and views of a database, with their columns."""

from collections.abc import Sequence
from dataclasses import dataclass

from mixpanel_data._internal.database import fetch_log
from mixpanel_data._internal.database.attached import PUBLISHED
from mixpanel_data._internal.database.comments import parse_comment
from mixpanel_data._internal.database.connections import Connection
from mixpanel_data._internal.database.errors import translate_sql_errors
from mixpanel_data._internal.database.table_names import OWN_TABLES, is_same
from mixpanel_data._internal.sql_literals import identifier
from mixpanel_data.exceptions import TableNotFoundError
from mixpanel_data.types import ColumnInfo, TableInfo, TableMetadata, TableSchema

_FOUND = """
    SELECT database_name, table_name, false, comment FROM duckdb_tables()
    WHERE schema_name = 'main' AND database_name IN (SELECT unnest($1::VARCHAR[])) AND NOT internal
    UNION ALL
    SELECT database_name, view_name, true, comment FROM duckdb_views()
    WHERE schema_name = 'main' AND database_name IN (SELECT unnest($1::VARCHAR[])) AND NOT internal
    ORDER BY ALL
"""


@dataclass(frozen=True)
class TableRef:
    """A table or view, and the catalog that contains it."""

    catalog: str
    name: str
    is_view: bool
    comment: str | None = None

    @property
    def sql(self) -> str:
        """The qualified identifier."""
        return identifier(self.catalog, "main", self.name)


def list_tables(cursor: Connection, catalogs: Sequence[str]) -> list[TableRef]:
    """Return the tables and views by name, as a query finds them.

    A name that several ``catalogs`` have is taken from the first of these.
    """
    rows = cursor.execute(_FOUND, [list(catalogs)]).fetchall()
    hidden = {catalog: _metadata_tables(cursor, catalog) for catalog in catalogs}
    seen: dict[bytes, TableRef] = {}
    for row in sorted(rows, key=lambda row: catalogs.index(row[0])):
        item = TableRef(*row)
        if item.name not in hidden[item.catalog]:
            seen.setdefault(item.name.encode().lower(), item)
    return sorted(seen.values(), key=lambda item: item.name)


def _published_metadata(cursor: Connection, catalogs: Sequence[str], name: str) -> TableRef | None:
    """Return the metadata table of the published file with this name, such as ``_metadata``."""
    if PUBLISHED not in catalogs:
        return None
    rows = cursor.execute(_FOUND, [[PUBLISHED]]).fetchall()
    return next((TableRef(*row) for row in rows if is_same(row[1], name)), None)


def _metadata_tables(cursor: Connection, catalog: str) -> Sequence[str]:
    """Return our metadata tables. In a database of another program such names are ordinary
    tables."""
    if catalog == PUBLISHED or fetch_log.is_ours(cursor, catalog):
        return OWN_TABLES
    return ()


def find_table(cursor: Connection, catalogs: Sequence[str], name: str) -> TableRef:
    """Return the table or view that a query would use for ``name``.

    Raises:
        TableNotFoundError: if there is none; the error lists the existing ones.
    """
    tables = list_tables(cursor, catalogs)
    for item in tables:
        if is_same(item.name, name):
            return item
    if found := _published_metadata(cursor, catalogs, name):
        return found
    raise TableNotFoundError(name, [item.name for item in tables])


def table_infos(cursor: Connection, catalogs: Sequence[str]) -> list[TableInfo]:
    """Return every table and view with its number of rows, without our metadata tables."""
    metadata = {catalog: fetch_log.read_metadata(cursor, catalog) for catalog in catalogs}
    return [
        _info(cursor, item, metadata[item.catalog].get(item.name))
        for item in list_public_tables(cursor, catalogs)
    ]


def list_public_tables(cursor: Connection, catalogs: Sequence[str]) -> list[TableRef]:
    """Return the tables and views, without our metadata tables."""
    return [
        item
        for item in list_tables(cursor, catalogs)
        if not (item.catalog == PUBLISHED and item.name.startswith("_"))
    ]


def _info(cursor: Connection, item: TableRef, metadata: TableMetadata | None) -> TableInfo:
    comment = parse_comment(item.comment)
    return TableInfo(
        name=item.name,
        type=metadata.type if metadata else "table",
        row_count=count_rows(cursor, item),
        fetched_at=metadata.fetched_at if metadata else None,
        description=comment.summary,
        grain=comment.grain,
    )


def count_rows(cursor: Connection, item: TableRef) -> int:
    """Return the number of rows. Raise QueryError for a view over a table that no longer exists."""
    query = f"SELECT count(*) FROM {item.sql}"
    with translate_sql_errors(query):
        row = cursor.execute(query).fetchone()
    return int(row[0]) if row else 0


def table_schema(cursor: Connection, item: TableRef) -> TableSchema:
    """Return the columns, and what the comments say."""
    comment = parse_comment(item.comment)
    return TableSchema(
        item.name,
        table_columns(cursor, item),
        description=comment.text,
        grain=comment.grain,
        keys=comment.keys,
        joins=comment.joins,
        caveats=comment.caveats,
        questions=comment.questions,
    )


def table_columns(cursor: Connection, item: TableRef) -> list[ColumnInfo]:
    """Return the columns, in order."""
    rows = cursor.execute(
        "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = 'main' AND table_name = ? ORDER BY column_index",
        [item.catalog, item.name],
    ).fetchall()
    return [ColumnInfo(*row) for row in rows]
