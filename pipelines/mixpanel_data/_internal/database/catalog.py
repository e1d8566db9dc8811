"""Which tables there are, and what of."""

from collections.abc import Sequence
from dataclasses import dataclass

from mixpanel_data._internal.database import fetch_log
from mixpanel_data._internal.database.attached import PUBLISHED
from mixpanel_data._internal.database.connections import Connection
from mixpanel_data._internal.database.errors import asking
from mixpanel_data._internal.database.table_names import OWN_TABLES, is_same, quoted
from mixpanel_data.exceptions import TableNotFoundError
from mixpanel_data.types import ColumnInfo, TableInfo, TableMetadata

_FOUND = """
    SELECT database_name, table_name, false FROM duckdb_tables()
    WHERE schema_name = 'main' AND database_name IN (SELECT unnest($1::VARCHAR[])) AND NOT internal
    UNION ALL
    SELECT database_name, view_name, true FROM duckdb_views()
    WHERE schema_name = 'main' AND database_name IN (SELECT unnest($1::VARCHAR[])) AND NOT internal
    ORDER BY ALL
"""


@dataclass(frozen=True)
class Found:
    """A table or view, and the database it is in."""

    catalog: str
    name: str
    is_view: bool

    @property
    def sql(self) -> str:
        """Its qualified identifier."""
        return quoted(self.catalog, "main", self.name)


def found(cursor: Connection, catalogs: Sequence[str]) -> list[Found]:
    """The tables and views by name, each as a query would find it: in the first of ``catalogs``
    that has the name."""
    rows = cursor.execute(_FOUND, [list(catalogs)]).fetchall()
    hidden = {catalog: _about_tables(cursor, catalog) for catalog in catalogs}
    seen: dict[bytes, Found] = {}
    for row in sorted(rows, key=lambda row: catalogs.index(row[0])):
        item = Found(*row)
        if item.name not in hidden[item.catalog]:
            seen.setdefault(item.name.encode().lower(), item)
    return sorted(seen.values(), key=lambda item: item.name)


def _about_tables(cursor: Connection, catalog: str) -> Sequence[str]:
    """The tables about the tables. In a database that we did not fill, such a name is that of any
    other table."""
    if catalog == PUBLISHED or fetch_log.is_ours(cursor, catalog):
        return OWN_TABLES
    return ()


def find(cursor: Connection, catalogs: Sequence[str], name: str) -> Found:
    """The table or view that a query would take for ``name``.

    Raises:
        TableNotFoundError: there is none; the error names those there are.
    """
    tables = found(cursor, catalogs)
    for item in tables:
        if is_same(item.name, name):
            return item
    raise TableNotFoundError(name, [item.name for item in tables])


def infos(cursor: Connection, catalogs: Sequence[str]) -> list[TableInfo]:
    """Every table and view by name, its rows counted; not what a published file notes of itself."""
    noted = {catalog: fetch_log.read(cursor, catalog) for catalog in catalogs}
    return [
        _info(cursor, item, noted[item.catalog].get(item.name))
        for item in found(cursor, catalogs)
        if not (item.catalog == PUBLISHED and item.name.startswith("_"))
    ]


def _info(cursor: Connection, item: Found, metadata: TableMetadata | None) -> TableInfo:
    return TableInfo(
        name=item.name,
        type=metadata.type if metadata else "table",
        row_count=count(cursor, item),
        fetched_at=metadata.fetched_at if metadata else None,
    )


def count(cursor: Connection, item: Found) -> int:
    """The rows of a table or view. Raises QueryError for a view over what is gone."""
    query = f"SELECT count(*) FROM {item.sql}"
    with asking(query):
        row = cursor.execute(query).fetchone()
    return int(row[0]) if row else 0


def columns(cursor: Connection, item: Found) -> list[ColumnInfo]:
    """The columns, in order."""
    rows = cursor.execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = 'main' AND table_name = ? ORDER BY column_index",
        [item.catalog, item.name],
    ).fetchall()
    return [ColumnInfo(*row) for row in rows]
