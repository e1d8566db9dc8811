"""DuckDB files: connections, tables of fetched data, errors, and how files stay small."""
