"""The tables that a database has."""

import duckdb


def table_names(connection: duckdb.DuckDBPyConnection, schema: str) -> set[str]:
    """Return the tables of a schema of the current database."""
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = $schema "
        "AND database_name = current_database()",
        {"schema": schema},
    ).fetchall()
    return {name for (name,) in rows}
