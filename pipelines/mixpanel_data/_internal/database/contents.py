"""Compares the content of tables, and recognizes the parts that were read before.

Reading a complete file takes time in proportion to its history. So parts that were read once are
recognized by the digests of their bytes: a row group whose segments are in the same bytes
as before decompresses to the same values with the same DuckDB. Only new parts are read.
"""

import hashlib
from collections.abc import Sequence, Set
from dataclasses import dataclass

import duckdb

from mixpanel_data._internal.sql_literals import identifier
from mixpanel_data._internal.text import shorten

Connection = duckdb.DuckDBPyConnection
Ranges = Sequence[tuple[int, int]]
"""First row id, and the first one after."""

_SEGMENTS = """
select
    row_group_id,
    coalesce(sum("count") filter (column_id = 0 and column_path = '[0]'), 0),
    md5(string_agg(
        concat_ws('|', column_path, segment_id, segment_type, "start", "count", compression, stats, block_id,
            block_offset, additional_block_ids),
        chr(10) order by column_id, column_path, segment_id
    )),
    list_sort(list_distinct(flatten(list([block_id] || additional_block_ids)))),
    bool_and(persistent and not has_updates)
from pragma_storage_info($table)
group by row_group_id
order by row_group_id
"""


@dataclass(frozen=True)
class Table:
    """A table: its schema, name and columns."""

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]
    """Names and types."""

    @property
    def sql(self) -> str:
        """The qualified identifier."""
        return identifier(self.schema, self.name)


@dataclass(frozen=True)
class TableSum:
    """The number of rows, and a hash over all of their columns that does not depend on the
    order."""

    rows: int
    hash: int


def list_tables(db: Connection) -> list[Table]:
    """Return the tables of the open database."""
    found = db.execute(
        """
        select schema_name, table_name, list((column_name, data_type) order by column_index)
        from duckdb_tables() join duckdb_columns() using (database_name, schema_name, table_name)
        where database_name = current_database() and not temporary
        group by all order by all
        """
    ).fetchall()
    return [Table(schema, name, tuple(columns)) for schema, name, columns in found]


def sum_rows(db: Connection, table: Table, ranges: Ranges | None = None) -> TableSum:
    """Return the sum of the rows in ``ranges``, or of all rows. Every column is decompressed.

    Raises:
        duckdb.Error: if they can't be read.
    """
    columns = ", ".join(identifier(name) for name, _ in table.columns)
    total = TableSum(0, 0)
    for first, behind in ranges if ranges is not None else [(0, 1 << 62)]:
        rows, found = db.execute(
            f"select count(*), coalesce(sum(hash({columns}))::hugeint, 0) from {table.sql} "
            "where rowid >= $first and rowid < $behind",
            {"first": first, "behind": behind},
        ).fetchall()[0]
        total = TableSum(total.rows + rows, total.hash + found)
    return total


def count_rows(db: Connection, table: Table) -> int:
    """Return the number of rows of a table."""
    return int(db.execute(f"select count(*) from {table.sql}").fetchall()[0][0])


@dataclass(frozen=True)
class RowGroups:
    """The row groups of a table: their digests, and the row ids of the unknown ones."""

    digests: tuple[str, ...]
    unknown: Ranges


def row_groups(db: Connection, table: Table, blocks: Sequence[bytes], known: Set[str]) -> RowGroups:
    """Return the row groups of a table, in a file whose blocks have these digests."""
    found: list[str] = []
    unknown: list[tuple[int, int]] = []
    start = 0
    columns = hashlib.sha256(repr(table.columns).encode()).digest()
    for _, rows, segments, ids, is_written in db.execute(
        _SEGMENTS, {"table": table.sql}
    ).fetchall():
        content = hashlib.sha256(columns + segments.encode())
        for block in ids:
            if block >= 0:  # constant segments have no block
                content.update(blocks[block])
        digest = content.hexdigest()
        if is_written:
            found.append(digest)
        if not is_written or digest not in known:
            if unknown and unknown[-1][1] == start:
                unknown[-1] = (unknown[-1][0], start + rows)
            else:
                unknown.append((start, start + rows))
        start += rows
    return RowGroups(tuple(found), unknown)


def differences(db: Connection, other: Connection) -> list[str]:
    """Describe how the tables of ``db`` differ from those of ``other``, or can't be read; one line
    each."""
    theirs = {(table.schema, table.name): table for table in list_tables(db)}
    ours = {(table.schema, table.name): table for table in list_tables(other)}
    lines = [f"table {table_label(key)} is not ours" for key in sorted(theirs.keys() - ours.keys())]
    lines += [f"table {table_label(key)} is missing" for key in sorted(ours.keys() - theirs.keys())]
    for key in sorted(ours.keys() & theirs.keys()):
        if ours[key].columns != theirs[key].columns:
            lines.append(f"{table_label(key)} has other columns")
            continue
        here, there = sum_rows(db, theirs[key]), sum_rows(other, ours[key])
        if here.rows != there.rows:
            lines.append(f"{table_label(key)} has {here.rows:,} rows, not {there.rows:,}")
        elif here != there:
            lines.append(f"{table_label(key)} has other values")
    return lines


def table_label(key: tuple[str, str]) -> str:
    """Return the name of a table for messages."""
    return shorten(key[1] if key[0] == "main" else ".".join(key))
