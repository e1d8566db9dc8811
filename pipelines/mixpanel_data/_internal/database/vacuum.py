"""When a DuckDB file is worth tidying.

A checkpoint merges row groups that lost rows with their neighbours, which writes whole days of
others anew: reading one day of a million events again took 1.1 s with it and 0.4 s without
(measured, DuckDB 2.0). Row groups with no row left are given back in any case. So it is left out
until the dead rows of a table would be worth it.
"""

import duckdb

DEAD_SHARE = 0.5
"""Dead rows for each one that lives, from which on a table is tidied."""

ROW_GROUPS = 2 * 122_880
"""Dead rows that are never worth it: two row groups, in DuckDB's size."""

DEFAULT_TASKS = 100


def tidy_when_worth_it(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the checkpoints of this database, from now on, merge row groups: some table needs it."""
    tables = connection.execute(
        "SELECT schema_name, table_name, estimated_size FROM duckdb_tables() "
        "WHERE database_name = current_database()"
    ).fetchall()
    worth_it = any(_is_worth_it(connection, *table) for table in tables)
    connection.execute(f"SET GLOBAL max_vacuum_tasks = {DEFAULT_TASKS if worth_it else 0}")
    return worth_it


def _is_worth_it(connection: duckdb.DuckDBPyConnection, schema: str, table: str, rows: int) -> bool:
    """``rows`` counts the dead ones too."""
    if rows <= ROW_GROUPS:
        return False
    quoted = ".".join('"' + name.replace('"', '""') + '"' for name in (schema, table))
    found = connection.execute(f"SELECT count(*) FROM {quoted}").fetchone()
    alive = int(found[0]) if found else 0
    return rows - alive > max(DEAD_SHARE * alive, ROW_GROUPS)
