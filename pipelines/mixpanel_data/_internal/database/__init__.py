"""DuckDB files: connections, tables of fetched data, errors, and the size of files."""
