"""dlt's DuckDB destination, with one job that replaces whole days in one transaction."""
