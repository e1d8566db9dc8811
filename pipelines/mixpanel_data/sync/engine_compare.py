"""Compares the tables that Spark built with those that DuckDB builds from the same raw rows."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.duckdb_defaults import MEMORY_LIMIT
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication.build_file import build_file
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.sql_literals import identifier, literal
from mixpanel_data._internal.transform.build import build
from mixpanel_data.destinations.iceberg import ledger
from mixpanel_data.destinations.iceberg.catalog import open_lake
from mixpanel_data.exceptions import NothingPublishedError
from mixpanel_data.sync.engine_move import write_raw, writing

DIGITS = 12
"""Digits to which numbers with a fraction are compared."""


@dataclass(frozen=True)
class TableComparison:
    """A table on both engines. ``only_duckdb`` and ``only_spark`` are rows that the other lacks."""

    table: str
    rows: int
    """Rows that DuckDB built."""
    only_duckdb: int
    only_spark: int
    columns: tuple[str, ...] = ()
    """Columns that only one of them has."""

    @property
    def is_equal(self) -> bool:
        """True if both have the same rows."""
        return not (self.only_duckdb or self.only_spark or self.columns)


def compare_engines(
    settings: Settings, *, on_progress: Callable[[str], None] = lambda _: None
) -> list[TableComparison]:
    """Build all tables with DuckDB from the raw rows of the catalog, and compare each with the one
    that Spark built and `mp sync` published.

    UUIDs and JSON are compared as text, numbers with a fraction to 12 digits, all rows both ways.
    DuckDB works in a temporary folder beside the data, which needs space for all events. The caller
    must hold the folder's lock.

    Args:
        settings: The settings, with the engine spark.
        on_progress: Called with each step.

    Raises:
        NothingPublishedError: if nothing was published yet.
        MixpanelDataError: if DuckDB can't build the tables.
    """
    folder = settings.folder
    if not folder.published.is_file():
        raise NothingPublishedError(str(folder.root))
    lake = open_lake(settings)
    with tempfile.TemporaryDirectory(dir=folder.build) as scratch:
        other = DataFolder.at(scratch).create()
        with writing(other.raw) as target:
            write_raw(lake, target, ledger.read_ledger_rows(lake), on_progress)
        build(
            other,
            project=settings.dbt_project,
            storage_version=settings.storage_version,
            on_progress=on_progress,
            variables=settings.dbt_variables,
        )
        return _compare_files(build_file(other), folder.published)


def _compare_files(of_duckdb: Path, of_spark: Path) -> list[TableComparison]:
    with duckdb.connect(config={"memory_limit": MEMORY_LIMIT}) as connection:
        connection.execute(f"ATTACH {literal(of_duckdb)} AS duck (READ_ONLY)")
        connection.execute(f"ATTACH {literal(of_spark)} AS spark (READ_ONLY)")
        names = sorted(_columns(connection, "duck").keys() - {"_build"})
        return [_compare_table(connection, name) for name in names]


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = $database AND schema_name = 'main'",
        {"database": database},
    ).fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def _compare_table(connection: duckdb.DuckDBPyConnection, name: str) -> TableComparison:
    duck = _columns(connection, "duck").get(name, {})
    spark = _columns(connection, "spark").get(name, {})
    both = [column for column in duck if column in spark]
    mine, theirs = (
        f"SELECT {', '.join(_folded(column, duck[column]) for column in both)} "
        f"FROM {database}.main.{identifier(name)}"
        for database in ("duck", "spark")
    )
    rows = _count(connection, f"FROM duck.main.{identifier(name)}")
    only_duckdb, only_spark = (
        _count(connection, f"FROM (({one}) EXCEPT ALL ({other}))") if both else 0
        for one, other in ((mine, theirs), (theirs, mine))
    )
    others = sorted(duck.keys() ^ spark.keys())
    return TableComparison(name, rows, only_duckdb, only_spark, tuple(others))


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    [(found,)] = connection.execute(f"SELECT count(*) {relation}").fetchall()
    return int(found)


def _folded(name: str, kind: str) -> str:
    column = identifier(name)
    if kind in ("DOUBLE", "FLOAT"):
        return f"printf('%.{DIGITS}g', {column})"
    return f"CAST({column} AS VARCHAR)"
