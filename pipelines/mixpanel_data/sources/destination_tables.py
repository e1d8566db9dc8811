"""Reads tables of a destination through dlt: by SQL, or from the files of a bucket."""

from collections.abc import Sequence
from typing import Any, Protocol

import dlt
from dlt.common.schema import Schema
from dlt.common.schema.utils import new_table
from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient

from mixpanel_data.sources.arrow import require_pyarrow
from mixpanel_data.sources.schema import EVENTS, GROUP_PROFILES, LEDGER, PROFILES, REJECTED

Row = dict[str, Any]

TABLES = (EVENTS, PROFILES, GROUP_PROFILES, LEDGER, REJECTED)
LOADS = "_dlt_loads"


class DestinationTables(Protocol):
    """The tables that a pipeline has loaded."""

    def has(self, table: str) -> bool:
        """Return True if the table exists."""

    def rows(self, table: str, names: Sequence[str] = (), where: str = "") -> list[Row]:
        """Return the rows of a table; none if it does not exist.

        ``names`` are its columns to read, by default all. ``where`` is a condition in SQL, which
        readers of files ignore.
        """

    def committed_loads(self) -> set[str]:
        """Return the ids of the loads that were completed."""


def tables_of(pipeline: dlt.Pipeline) -> DestinationTables:
    """Return the tables of a pipeline's destination, which need not exist."""
    client = pipeline._get_destination_clients(_schema_with())[0]
    return FileTables(pipeline) if isinstance(client, FilesystemClient) else SqlTables(pipeline)


class SqlTables:
    """Tables of a database."""

    def __init__(self, pipeline: dlt.Pipeline) -> None:
        self._pipeline = pipeline

    def has(self, table: str) -> bool:
        """Return True if the table exists."""
        return self.query(f"SELECT 1 FROM {{{table}}} WHERE 1 = 0") is not None

    def rows(self, table: str, names: Sequence[str] = (), where: str = "") -> list[Row]:
        """Return the rows of a table; none if it does not exist."""
        condition = f" WHERE {where}" if where else ""
        return self.query(f"SELECT {', '.join(names) or '*'} FROM {{{table}}}{condition}") or []

    def committed_loads(self) -> set[str]:
        """Return the ids of the loads that were completed."""
        return {str(row["load_id"]) for row in self.rows(LOADS, ["load_id"], "status = 0")}

    def query(self, sql: str) -> list[Row] | None:
        """Return the rows of a query, in which ``{name}`` is a table; None if one is missing."""
        with self._pipeline.sql_client() as client:
            names = {name: client.make_qualified_table_name(name) for name in (*TABLES, LOADS)}
            try:
                with client.execute_query(sql.format(**names)) as cursor:
                    columns = [column[0].lower() for column in cursor.native_cursor.description]
                    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            except DatabaseUndefinedRelation:
                return None


class FileTables:
    """Tables of a folder or a bucket: parquet files, or Delta or Iceberg tables."""

    def __init__(self, pipeline: dlt.Pipeline) -> None:
        self._pipeline = pipeline

    def has(self, table: str) -> bool:
        """Return True if the table exists."""
        return self.dataset(table) is not None

    def rows(self, table: str, names: Sequence[str] = (), where: str = "") -> list[Row]:  # noqa: ARG002
        """Return the rows of a table; none if it does not exist."""
        dataset = self.dataset(table)
        found: list[Row] = []
        if dataset is not None:
            there = [name for name in names or dataset.schema.names if name in dataset.schema.names]
            found = dataset.to_table(columns=there).to_pylist()
        return found

    def committed_loads(self) -> set[str]:
        """Return the ids of the loads that were completed."""
        with self._client(None) as client:
            # dlt writes one file for each, named after the schema and the load.
            names = (path.rsplit("/", 1)[-1] for path in _files(client, LOADS))
            return {name.rsplit("__", 1)[-1].removesuffix(".jsonl") for name in names}

    def dataset(self, table: str) -> Any:
        """Return a table as a dataset of pyarrow; None if it does not exist."""
        require_pyarrow()
        import pyarrow.dataset as ds

        with self._client(None) as client:
            files = _files(client, table)
            if any("/_delta_log/" in path for path in files):
                return self._open("delta", table).to_pyarrow_dataset()
            filesystem = client.fs_client
            if any("/metadata/" in path and path.endswith(".json") for path in files):
                # dlt appends only, so there are no files of deleted rows.
                tasks = self._open("iceberg", table).scan().plan_files()
                files = [filesystem._strip_protocol(task.file.file_path) for task in tasks]
            paths = [path for path in files if path.endswith(".parquet")]
            return ds.dataset(paths, format="parquet", filesystem=filesystem) if paths else None

    def _open(self, table_format: Any, table: str) -> Any:
        with self._client(table_format) as client:
            return client.load_open_table(table_format, table)

    def _client(self, table_format: Any) -> FilesystemClient:
        client = self._pipeline._get_destination_clients(_schema_with(table_format))[0]
        assert isinstance(client, FilesystemClient)  # noqa: S101  (tables_of looked)
        return client


def _files(client: FilesystemClient, table: str) -> list[str]:
    try:
        return client.list_table_files(table)
    except FileNotFoundError:
        return []
    except Exception as error:
        if type(error).__name__ == "DestinationUndefinedEntity":
            return []
        raise


def _schema_with(table_format: Any = None) -> Schema:
    """Return a schema that has the tables, so that dlt's client finds them without the pipeline's
    working folder."""
    schema = Schema("mixpanel")
    for name in TABLES:
        schema.update_table(new_table(name, table_format=table_format))
    return schema
