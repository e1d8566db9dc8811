"""dlt's DuckDB destination with one job a table, which replaces whole days in one transaction."""
