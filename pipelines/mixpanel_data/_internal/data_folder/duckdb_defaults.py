"""Defaults for DuckDB that several packages use. Importing them does not import DuckDB."""

STORAGE_VERSION = "v1.2.0"
"""The oldest DuckDB that can open new files: BI tools contain older versions.

dbt/profiles.yml repeats it for builds without `mp`.
"""

MEMORY_LIMIT = "1GB"
"""The limit of the whole process, unless MP_MEMORY_LIMIT is set."""
